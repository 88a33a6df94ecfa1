"""Hosts by node_exporter: the real one through a real Prometheus, and piece by piece."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.schema import PrometheusSource
from console.model.failure import Failure, FailureKind
from console.model.host import HostFacts, Means, Mount
from console.model.labels import Labels
from console.model.query import InstantAnswer, Sample
from console.model.reading import HostReading
from console.model.registry import Host, Service, ServiceType
from console.safety.clock import Clock, ManualClock, SystemClock
from console.safety.http import HttpClient
from console.safety.text import Raw
from console.sources.prometheus.nodes import ABSENT_EVERY, NodeMetrics
from console.sources.prometheus.nodes_decode import (
    AGE,
    BUSY,
    OFFSET,
    PROCESSORS,
    RECEIVED,
    SENT,
    SERIES,
    Derived,
    facts_of,
    nodes_in,
)
from console.sources.prometheus.nodes_hosts import HostFinder, host_part
from console.sources.prometheus.poll import Prometheus
from tests.build import T0
from tests.servers import Program, ended, start_prometheus, started
from tests.soak import trials
from tests.sources.exposition import exposed
from tests.waiting import until

INTERVAL = timedelta(seconds=60)
real = pytest.mark.real("prometheus", "prometheus-node-exporter")

SCRAPE = """  - job_name: node
    static_configs:
      - targets: ['127.0.0.1:{port}']
        labels: {{host: web-1}}
"""


def start_node_exporter() -> Program:
    return started(
        lambda port: [
            "prometheus-node-exporter",
            f"--web.listen-address=127.0.0.1:{port}",
            "--collector.disable-defaults",
            *(f"--collector.{name}" for name in ("cpu", "filesystem", "loadavg", "meminfo")),
            *(f"--collector.{name}" for name in ("netdev", "stat", "time", "uname")),
        ],
        r"(Listening on|msg=Listening)",
    )


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Program]]:
    """A real node_exporter and the real Prometheus that scrapes it every second."""
    exporter = start_node_exporter()
    with ended(exporter):
        folder = tmp_path_factory.mktemp("prometheus")
        program = start_prometheus(folder, scrapes=SCRAPE.format(port=exporter.port))
        with ended(program):
            yield program, exporter


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.aclose()


def metrics_of(url: str, http: HttpClient, *hosts: Host, clock: Clock | None = None) -> NodeMetrics:
    source = PrometheusSource(name="prom", url=url)
    prometheus = Prometheus(source, http, SystemClock(), discover=False)
    return NodeMetrics(prometheus, hosts, clock or SystemClock(), INTERVAL)


async def until_scraped(program: Program, http: HttpClient, query: str) -> None:
    source = PrometheusSource(name="prom", url=program.url)
    prometheus = Prometheus(source, http, SystemClock(), discover=False)
    await until(
        lambda: prometheus.instant(query),
        lambda answer: isinstance(answer, InstantAnswer) and answer.total > 0,
    )


def facts(readings: Sequence[HostReading], host: str) -> HostFacts:
    told = next(each.facts for each in readings if each.host == host)
    assert isinstance(told, HostFacts), told
    return told


@real
async def test_a_real_node_exporter_tells_of_its_host(
    scraped: tuple[Program, Program], http: HttpClient
) -> None:
    await until_scraped(scraped[0], http, BUSY)
    metrics = metrics_of(scraped[0].url, http, Host("web-1"), Host("web-2"))
    readings = await metrics.poll(0)
    assert [(each.source, each.host, each.key) for each in readings] == [
        ("prom", "web-1", "prom/web-1")
    ]
    told = facts(readings, "web-1")
    assert told.means is Means.NODE_EXPORTER and told.missing == ()
    assert told.uptime is not None and told.uptime > timedelta(0)
    assert told.cpus == os.cpu_count()
    assert told.cpu_percent is not None and 0 <= told.cpu_percent <= 100
    assert told.load is not None and all(load >= 0 for load in told.load)
    assert told.memory_percent is not None and 0 < told.memory_percent < 100
    assert told.kernel == Raw(os.uname().release)
    assert told.mounts
    for mount in told.mounts:
        assert mount.size_bytes >= mount.free_bytes >= 0 and 0 <= mount.used_percent <= 100


@real
async def test_its_disks_are_as_full_as_df_says(
    scraped: tuple[Program, Program], http: HttpClient
) -> None:
    await until_scraped(scraped[0], http, SERIES)
    told = facts(await metrics_of(scraped[0].url, http, Host("web-1")).poll(0), "web-1")
    assert told.mounts is not None
    for mount in told.mounts:
        seen = os.statvfs(mount.path.exact)
        used = seen.f_blocks - seen.f_bfree
        # The machine goes on writing between the two looks.
        assert mount.used_percent == pytest.approx(100 * used / (used + seen.f_bavail), abs=5)
        assert mount.size_bytes == seen.f_blocks * seen.f_frsize


@real
async def test_its_clock_is_ours_within_the_error_that_is_told(
    scraped: tuple[Program, Program], http: HttpClient
) -> None:
    await until_scraped(scraped[0], http, SERIES)
    told = facts(await metrics_of(scraped[0].url, http, Host("web-1")).poll(0), "web-1")
    assert told.clock_offset is not None and told.clock_error is not None
    assert abs(told.clock_offset) <= told.clock_error


@real
async def test_a_host_whose_exporter_is_gone_has_no_reading(
    tmp_path_factory: pytest.TempPathFactory, http: HttpClient
) -> None:
    exporter = start_node_exporter()
    with ended(exporter):
        folder = tmp_path_factory.mktemp("prometheus")
        program = start_prometheus(folder, scrapes=SCRAPE.format(port=exporter.port))
        with ended(program):
            await until_scraped(program, http, SERIES)
            metrics = metrics_of(program.url, http, Host("web-1"))
            assert await metrics.poll(0)
            exporter.kill()
            assert await until(lambda: metrics.poll(1), lambda readings: not readings) == ()


@real
async def test_nothing_is_told_of_any_host_while_prometheus_does_not_answer(
    tmp_path_factory: pytest.TempPathFactory, http: HttpClient
) -> None:
    text = 'node_load1{host="web-1"} 1\nnode_load1{host="web-2"} 1\n'
    with exposed(text) as exposition:
        scrape = (
            "  - job_name: node\n    honor_labels: true\n    static_configs:\n"
            f"      - targets: ['{exposition.address}']\n"
        )
        program = start_prometheus(tmp_path_factory.mktemp("prometheus"), scrapes=scrape)
        with ended(program):
            await until_scraped(program, http, SERIES)
            metrics = metrics_of(program.url, http, Host("web-1"), Host("web-2"), Host("db-1"))
            first = await metrics.poll(0)
            assert [each.host for each in first] == ["web-1", "web-2"]
            # What has a threshold and no series is missing, and so proves nothing green.
            assert [each.split(":")[0] for each in facts(first, "web-1").missing] == [
                *("cpu", "memory", "disks")
            ]
        assert await metrics.poll(1) == ()


@pytest.mark.real("prometheus")
async def test_a_prometheus_without_node_exporter_is_left_alone_for_a_while(
    tmp_path_factory: pytest.TempPathFactory, http: HttpClient
) -> None:
    clock = ManualClock(T0)
    with exposed("up_already 1\n") as exposition:
        scrape = (
            "  - job_name: node\n    static_configs:\n"
            f"      - targets: ['{exposition.address}']\n        labels: {{host: web-1}}\n"
        )
        program = start_prometheus(tmp_path_factory.mktemp("prometheus"), scrapes=scrape)
        with ended(program):
            metrics = metrics_of(program.url, http, Host("web-1"), clock=clock)
            assert await metrics.poll(0) == ()
            exposition.text = "node_load1 1\n"
            await until_scraped(program, http, "node_load1")
            clock.advance(ABSENT_EVERY.total_seconds() - 1)
            assert await metrics.poll(1) == ()
            clock.advance(1)
            assert [each.host for each in await metrics.poll(2)] == ["web-1"]


class Answers(Prometheus):
    """A Prometheus whose answers are written down, by query."""

    def __init__(self, answers: Mapping[str, InstantAnswer | Failure]) -> None:
        self.name = "prom"
        self._answers = answers

    async def instant(
        self, query: str, at: datetime | None = None, limit: int = 0
    ) -> InstantAnswer | Failure:
        return self._answers.get(query, InstantAnswer(()))


def sample(
    name: str, value: float, labels: Mapping[str, str], at: datetime = T0, **more: str
) -> Sample:
    named = {"__name__": name} if name else {}
    return Sample(Labels({**named, **labels, **more}), at, value)


def told_by(*samples: Sample, warnings: tuple[Raw, ...] = (), total: int = 0) -> InstantAnswer:
    return InstantAnswer(samples, warnings, total or len(samples))


WEB = {"instance": "web-1:9100", "job": "node"}
WHOLE = (
    sample("node_memory_MemTotal_bytes", 1000, WEB),
    sample("node_memory_MemAvailable_bytes", 250, WEB),
    sample("node_filesystem_size_bytes", 100, WEB, device="/dev/sda1", mountpoint="/"),
    sample("node_filesystem_avail_bytes", 30, WEB, device="/dev/sda1", mountpoint="/"),
)
BUSY_HALF = told_by(sample("", 50, WEB))


async def read(*hosts: Host, **answers: InstantAnswer | Failure) -> tuple[HostReading, ...]:
    queries = {
        "series": SERIES, "busy": BUSY, "processors": PROCESSORS, "received": RECEIVED,
        "sent": SENT, "age": AGE, "offset": OFFSET,
    }  # fmt: skip
    asked = {queries[name]: answer for name, answer in answers.items()}
    metrics = NodeMetrics(Answers(asked), hosts, ManualClock(T0), INTERVAL)
    return await metrics.poll(0)


async def test_what_prometheus_works_out_is_joined_to_what_it_scraped() -> None:
    network = (
        sample("node_network_receive_bytes_total", 10, WEB, device="eth0"),
        sample("node_network_transmit_bytes_total", 20, WEB, device="eth0"),
    )
    readings = await read(
        Host("web-1"),
        series=told_by(*WHOLE, *network),
        busy=BUSY_HALF,
        processors=told_by(sample("", 4, WEB)),
        received=told_by(sample("", 1.5, WEB, device="eth0")),
        sent=told_by(sample("", 2.5, WEB, device="eth0")),
    )
    told = facts(readings, "web-1")
    assert (told.cpu_percent, told.cpus, told.memory_percent) == (50, 4, 75)
    assert told.interfaces is not None
    eth0 = told.interfaces[0]
    assert (eth0.name, eth0.received_bytes, eth0.sent_bytes) == (Raw("eth0"), 10, 20)
    assert (eth0.received_per_s, eth0.sent_per_s) == (1.5, 2.5)
    assert told.missing == ()


async def test_a_clock_is_compared_with_ours_through_that_of_prometheus() -> None:
    # The host is 90 s ahead of Prometheus, and that is 30 s behind us.
    answered = sample("", 90, WEB, T0 - timedelta(seconds=30))
    readings = await read(Host("web-1"), series=told_by(*WHOLE), offset=told_by(answered))
    told = facts(readings, "web-1")
    assert told.clock_offset == timedelta(seconds=60)
    assert told.clock_error == timedelta(seconds=1)


@pytest.mark.parametrize(("age_s", "counted_s"), [(5, 0), (59, 0), (200, 140)])
async def test_facts_that_were_scraped_long_ago_are_old(age_s: float, counted_s: float) -> None:
    readings = await read(
        Host("web-1"), series=told_by(*WHOLE), age=told_by(sample("", age_s, WEB))
    )
    assert readings[0].at.wall == T0 - timedelta(seconds=counted_s)


async def test_a_partial_answer_proves_nothing_of_a_host() -> None:
    for series in (told_by(*WHOLE, warnings=(Raw("a store is away"),)), told_by(*WHOLE, total=900)):
        told = facts(await read(Host("web-1"), series=series, busy=BUSY_HALF), "web-1")
        assert len(told.missing) == 1
    assert facts(
        await read(Host("web-1"), series=told_by(*WHOLE), busy=BUSY_HALF), "web-1"
    ).missing == ()  # fmt: skip


async def test_a_fact_that_prometheus_cannot_work_out_is_missing_with_its_cause() -> None:
    slow = Failure("prom", "query", FailureKind.TIMEOUT, "too slow", "an answer", "wait", T0)
    told = facts(await read(Host("web-1"), series=told_by(*WHOLE), busy=slow), "web-1")
    assert told.cpu_percent is None and "cpu: too slow" in told.missing
    assert told.memory_percent == 75


async def test_a_host_that_vanished_is_not_told_of_while_others_are() -> None:
    other = {"instance": "web-2:9100", "job": "node"}
    answers: dict[str, InstantAnswer | Failure] = {
        SERIES: told_by(*WHOLE, sample("node_load1", 1, other))
    }
    hosts = (Host("web-1"), Host("web-2"))
    metrics = NodeMetrics(Answers(answers), hosts, ManualClock(T0), INTERVAL)
    assert [each.host for each in await metrics.poll(0)] == ["web-1", "web-2"]
    answers[SERIES] = told_by(*WHOLE)
    assert [each.host for each in await metrics.poll(1)] == ["web-1"]


def mounts_of(*samples: Sample) -> tuple[Mount, ...]:
    (node,) = nodes_in(samples, Derived())
    return facts_of(node).mounts or ()


def disk(path: str, device: str = "/dev/sda1", size: float = 100, **values: float) -> list[Sample]:
    labels = {**WEB, "device": device, "mountpoint": path, "fstype": "ext4"}
    return [
        sample(f"node_filesystem_{name}", value, labels)
        for name, value in {"size_bytes": size, **values}.items()
    ]


def test_a_disk_is_counted_as_df_counts_it() -> None:
    (mount,) = mounts_of(
        *disk("/", avail_bytes=20, free_bytes=25, files=10, files_free=1, readonly=1)
    )
    # 5 % are kept for root: of the 95 that others can have, 75 are used.
    assert mount.used_percent == pytest.approx(100 * 75 / 95)
    assert mount.inodes_percent == pytest.approx(90)
    assert mount.read_only is True and mount.free_bytes == 20


def test_a_disk_that_is_mounted_twice_is_told_once() -> None:
    mounts = mounts_of(
        *disk("/var/lib/docker", avail_bytes=50),
        *disk("/", avail_bytes=50),
        *disk("/data", device="/dev/sdb1", avail_bytes=10),
    )
    assert [mount.path.exact for mount in mounts] == ["/", "/data"]


def test_a_disk_of_which_a_number_is_missing_is_not_told() -> None:
    assert mounts_of(*disk("/")) == ()
    assert mounts_of(*disk("/", size=0, avail_bytes=0)) == ()


def placed(
    hosts: Sequence[Host], *targets: Mapping[str, str], services: Sequence[Service] = (),
    here: str = "laptop",
) -> dict[str, str]:  # fmt: skip
    """Each host that was found, with the instance that was taken for it."""
    samples = [sample("node_uname_info", 1, {"nodename": "vm", **each}) for each in targets]
    found = HostFinder(hosts, services, here).placed(nodes_in(samples, Derived()))
    return {host: node.labels.exact("instance") for host, node in found.items()}


def test_hosts_are_found_by_all_that_names_them() -> None:
    hosts = (Host("web-1", address="10.0.0.1"), Host("web-2", address="10.0.0.2"))
    for target in (
        {"instance": "x:1", "host": "web-1"},
        {"instance": "x:1", "node": "web-1"},
        {"instance": "web-1:9100"},
        {"instance": "web-1"},
        {"instance": "http://web-1:9100/metrics"},
        {"instance": "10.0.0.1:9100"},
        {"instance": "x:1", "nodename": "web-1"},
        {"instance": "x:1", "nodename": "web-1.prod.test"},
        {"instance": "web-1.prod.test:9100"},
    ):
        assert placed(hosts, target) == {"web-1": target["instance"]}, target


def test_hosts_that_share_an_address_are_never_confused() -> None:
    hosts = (Host("web-1", address="127.0.0.1"), Host("db-1", address="127.0.0.1"))
    assert placed(hosts, {"instance": "127.0.0.1:9100"}) == {}
    shared = (Host("web-1", address="10.0.0.1"), Host("db-1", address="10.0.0.1"))
    assert placed(shared, {"instance": "10.0.0.1:9100"}) == {}
    exporter = Service(
        "db-node", ServiceType.SYSTEMD, "db-1", host="db-1", instances=("127.0.0.1:9101",)
    )
    assert placed(
        hosts,
        {"instance": "127.0.0.1:9100", "host": "web-1"},
        {"instance": "127.0.0.1:9101"},
        services=[exporter],
    ) == {"web-1": "127.0.0.1:9100", "db-1": "127.0.0.1:9101"}


def test_an_address_of_prometheus_own_machine_names_no_host() -> None:
    for address in ("127.0.0.1", "localhost", "local"):
        hosts = (Host("box", address=address),)
        for instance in ("127.0.0.1:9100", "localhost:9100", "[::1]:9100"):
            assert placed(hosts, {"instance": instance}) == {}
    assert placed((Host("localhost"),), {"instance": "localhost:9100"}) == {}


def test_this_machine_is_found_by_what_it_calls_itself() -> None:
    hosts = (Host("box", address="local"),)
    target = {"instance": "localhost:9100", "nodename": "laptop"}
    assert placed(hosts, target, here="laptop") == {"box": "localhost:9100"}
    assert placed(hosts, target, here="other") == {}


def test_two_machines_of_one_name_are_both_left_out() -> None:
    hosts = (Host("web-1"),)
    prod, test = {"instance": "web-1.prod:9100"}, {"instance": "web-1.test:9100"}
    assert placed(hosts, prod, test) == {}
    assert placed(hosts, prod, test, {"instance": "web-1:9100"}) == {"web-1": "web-1:9100"}


@pytest.mark.parametrize(
    ("instance", "host"),
    [("[::1]:9100", "::1"), ("fe80::1", "fe80::1"), ("a:9100", "a"), ("a", "a"), ("", ""),
     ("https://a/metrics", "a")],
)  # fmt: skip
def test_the_host_in_an_instance(instance: str, host: str) -> None:
    assert host_part(instance) == host


NAMES = [
    *("node_load1", "node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes"),
    *("node_filesystem_size_bytes", "node_filesystem_avail_bytes", "node_filesystem_files"),
    *("node_filesystem_files_free", "node_network_receive_bytes_total", "node_time_seconds"),
    *("node_network_transmit_bytes_total", "node_boot_time_seconds", "node_uname_info", ""),
]
SAMPLES = st.lists(
    st.builds(
        lambda name, labels, value: sample(name, value, labels),
        st.sampled_from(NAMES),
        st.dictionaries(
            st.sampled_from(["instance", "host", "nodename", "device", "mountpoint", "release"]),
            st.text(max_size=6) | st.sampled_from(["web-1", "web-1:9100", "/"]),
        ),
        st.floats() | st.floats(min_value=0, max_value=100),
    ),
    max_size=10,
)


@given(SAMPLES, SAMPLES)
@settings(deadline=None, max_examples=trials(usual=150, soak=10_000))
def test_any_series_become_sound_facts(series: list[Sample], derived: list[Sample]) -> None:
    nodes = nodes_in(series, Derived(*[derived] * 6))
    HostFinder((Host("web-1", address="10.0.0.1"),), (), "here").placed(nodes)
    for node in nodes:
        told = facts_of(node, clock_skew=timedelta(seconds=1), clock_error=timedelta(seconds=1))
        for mount in told.mounts or ():
            assert mount.size_bytes >= 0 and 0 <= mount.used_percent <= 100
        assert told.cpu_percent is None or 0 <= told.cpu_percent <= 100


def test_a_host_that_nobody_wrote_down_is_called_as_what_is_scraped_on_it() -> None:
    assert placed((), {"instance": "web-7:9100"}) == {"web-7": "web-7:9100"}
    assert placed((), {"instance": "127.0.0.1:9100"}) == {}
