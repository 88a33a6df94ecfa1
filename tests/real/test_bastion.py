"""A site behind a bastion, both real sshd: everything that the console looks at goes through it.

Behind the bastion stands a host with a container, a cluster, a health endpoint with and one
without TLS, and a Prometheus. Beside it are a host and an endpoint that need no bastion.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import trustme
from msgspec.structs import replace

from config.load import Loaded
from config.policy import policy_of
from config.schema import (
    HealthSource,
    HostsSource,
    KubernetesSource,
    PrometheusSource,
    Settings,
    Sources,
    Ssh,
)
from console.engine.engine import Engine
from console.model.failure import Failure
from console.model.logs import LogAnswer, LogRequest
from console.model.probe import ProbeKind
from console.model.registry import Host, Registry, Service, ServiceType, Thresholds, host_cell
from console.model.report import Runner
from console.model.state import State
from console.model.update import Update
from console.safety.files import make_scratch_dir, remove_scratch_dir
from console.sources.logs.poll import Logs
from tests.safety.loopback import answer, saying, serving
from tests.servers import start_prometheus
from tests.sources.host_outputs import LIVE_REDIS
from tests.sources.kubernetes import objects
from tests.sources.stage import Stage, sshd_of
from tests.sshd import Sshd, options_for, running_sshd
from tests.waiting import until
from tests.watching import Seen, cell_called, running, source_called

pytestmark = [pytest.mark.real("sshd", "prometheus"), pytest.mark.timeout(120)]

INTERVAL: Final = timedelta(seconds=1)
LONG: Final = timedelta(seconds=20)
CERTIFIED_UNTIL: Final = datetime(2049, 1, 1, tzinfo=UTC)
ANY: Final = Thresholds(cpu_percent=101, memory_percent=101, disk_percent=101)
"""The machine of the tests may be as busy and as full as it likes."""
BEHIND: Final = (host_cell("inner"), "redis", "api", "pay", "web")
BESIDE: Final = (host_cell("elsewhere"), "status")
LINE: Final = "2026-11-22T03:12:41.000000001Z Ready to accept connections"
DOCKER: Final = f"""\
case "$*" in
  ps*) printf '4c1f9d\\n' ;;
  inspect*) cat "$0.out" ;;
  exec*) echo PONG ;;
  logs*--follow*) echo $$ >"$0.pid"; echo '{LINE}'; exec sleep 600 ;;
  logs*) echo '{LINE}' ;;
esac"""


class Site(NamedTuple):
    """What stands where, and the settings that know of it."""

    bastion: Sshd
    inner: Sshd
    stage: Stage
    loaded: Loaded


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path / "host")
    for tool in ("tail", "printf"):
        real = shutil.which(tool)
        assert real is not None
        (stage.path / tool).unlink(missing_ok=True)
        (stage.path / tool).symlink_to(real)
    stage.program("docker", DOCKER)
    (stage.path / "docker.out").write_bytes(LIVE_REDIS)
    stage.says("kubectl", objects.printed(objects.shop(objects.VERSIONS[-1])))
    return stage


@pytest.fixture
def sshds(stage: Stage, tmp_path: Path) -> Iterator[tuple[Sshd, Sshd, Sshd]]:
    """The bastion, the host behind it, and one beside both."""
    with (
        sshd_of(stage, tmp_path / "inner") as inner,
        running_sshd(tmp_path / "bastion", identity=inner.identity) as bastion,
        running_sshd(tmp_path / "elsewhere", identity=inner.identity) as elsewhere,
    ):
        yield bastion, inner, elsewhere


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[str]:
    program = start_prometheus(tmp_path / "prometheus")
    yield program.url
    program.end()


@pytest.fixture(params=["asyncssh"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Which of the two ways of speaking SSH the hosts are set to."""
    short = make_scratch_dir("oncall-")  # a socket's path has few characters
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    yield str(request.param)
    remove_scratch_dir(short)


@pytest.fixture
async def site(
    transport: str,
    sshds: tuple[Sshd, Sshd, Sshd],
    stage: Stage,
    prometheus: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Site]:
    bastion, inner, elsewhere = sshds
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", not_after=CERTIFIED_UNTIL).configure_cert(tls)
    well = saying(answer(b'{"status": "ok"}'))
    async with serving(well) as plain, serving(well, tls) as secure, serving(well) as near:
        services = (
            Service(
                "redis", ServiceType.DOCKER, "inner", host="inner", health="redis-cli ping",
                health_kind=ProbeKind.COMMAND,
            ),
            endpoint("api", plain.url("/health"), via="inner"),
            endpoint("pay", secure.url("/health", host="localhost", scheme="https"), via="inner"),
            Service("web", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop"),
            endpoint("status", near.url("/health")),
        )  # fmt: skip
        hosts = (
            host_of("bastion", bastion, transport),
            host_of("inner", inner, transport, jump="bastion"),
            host_of("elsewhere", elsewhere, transport),
        )
        sources = Sources(
            health=HealthSource(interval=INTERVAL, timeout=LONG),
            hosts=HostsSource(interval=INTERVAL, timeout=LONG),
            kubernetes=(KubernetesSource(name="k8s", on="inner", interval=INTERVAL, timeout=LONG),),
            prometheus=(
                PrometheusSource(
                    name="prom", url=prometheus, via="inner", interval=INTERVAL, timeout=LONG,
                    watchdog=None,
                ),
            ),
        )  # fmt: skip
        keys = options_for(bastion, inner, elsewhere)
        ssh = Ssh(config="", known_hosts=keys.known_hosts, identities=keys.identities, agent=False)
        settings = Settings(sources=sources, ssh=ssh)
        loaded = Loaded(settings, Registry(hosts, services), policy_of(settings), None)
        yield Site(bastion, inner, stage, loaded)


def host_of(name: str, sshd: Sshd, transport: str, jump: str | None = None) -> Host:
    return Host(
        name, "127.0.0.1", user=sshd.user, port=sshd.port, jump=jump, transport=transport,
        thresholds=ANY,
    )  # fmt: skip


def endpoint(name: str, url: str, via: str | None = None) -> Service:
    return Service(
        name, ServiceType.HTTP, "external", health=url, health_kind=ProbeKind.HTTP, via=via
    )


def states_of(update: Update, cells: tuple[str, ...]) -> set[State | None]:
    found = [cell_called(update, name) for name in cells]
    return {None if cell is None else cell.state for cell in found}


def is_well(update: Update) -> bool:
    """Whether everything is: behind the bastion, beside it, and the bastion itself."""
    cells = (*BEHIND, *BESIDE, host_cell("bastion"))
    source = source_called(update, "prom")
    return (
        states_of(update, cells) == {State.OK} and source is not None and source.state is State.OK
    )


def is_dark(update: Update) -> bool:
    """Whether nothing behind the bastion can be seen."""
    dark = states_of(update, (*BEHIND, host_cell("bastion"))) == {State.UNKNOWN}
    sources = [source_called(update, name) for name in ("prom", "k8s")]
    return dark and all(each is not None and each.state is State.UNKNOWN for each in sources)


@pytest.mark.parametrize("transport", ["asyncssh", "openssh"], indirect=True)
async def test_everything_behind_a_bastion_is_looked_at_and_a_dead_one_is_named_until_it_is_back(
    site: Site, tmp_path: Path
) -> None:
    bastion, inner, _, loaded = site
    async with running(loaded) as (_, seen):
        update = await seen.until(is_well)
        assert (bastion.connections(), inner.connections()) == (1, 1)
        redis, pay = cell_called(update, "redis"), cell_called(update, "pay")
        assert redis is not None and pay is not None
        assert [one.runner for one in redis.reports] == [Runner.CONTAINER]
        assert [one.said.startswith("PONG") for one in redis.probes] == [True]
        assert [one.tls_expires for one in pay.probes if one.probe.kind is ProbeKind.TLS] == [
            CERTIFIED_UNTIL
        ]
        bastion.end()
        update = await seen.until(is_dark)
        assert_the_bastion_is_named(update, site)
        assert_beside_it_all_is_well(seen)
        with running_sshd(
            tmp_path / "again",
            port=bastion.port,
            identity=bastion.identity,
            host_key=bastion.host_key,
        ):
            await seen.until(is_well)


async def test_a_bastion_that_hangs_darkens_what_is_behind_it_until_it_goes_on(
    site: Site,
) -> None:
    async with running(impatient(site.loaded)) as (_, seen):
        await seen.until(is_well)
        os.kill(site.bastion.program.pid, signal.SIGSTOP)
        site.bastion.freeze()
        try:
            await seen.until(is_dark)
        finally:
            site.bastion.thaw()
            os.kill(site.bastion.program.pid, signal.SIGCONT)
        assert_beside_it_all_is_well(seen)
        await seen.until(is_well)


async def test_a_connection_that_hangs_is_given_up_for_a_new_one(site: Site) -> None:
    async with running(impatient(site.loaded)) as (_, seen):
        await seen.until(is_well)
        site.bastion.freeze()
        try:
            await seen.until(lambda update: State.UNKNOWN in states_of(update, BEHIND))
            await seen.until(is_well)
        finally:
            site.bastion.thaw()
        assert site.bastion.connections() == 2


def impatient(loaded: Loaded) -> Loaded:
    """`loaded` with every deadline at two seconds."""
    sources, soon = loaded.settings.sources, timedelta(seconds=2)
    (cluster,), (prometheus,) = sources.kubernetes, sources.prometheus
    sources = replace(
        sources,
        health=replace(sources.health, timeout=soon),
        hosts=replace(sources.hosts, timeout=soon),
        kubernetes=(replace(cluster, timeout=soon),),
        prometheus=(replace(prometheus, timeout=soon),),
    )
    ssh = replace(loaded.settings.ssh, connect_timeout=soon)
    return replace(loaded, settings=replace(loaded.settings, sources=sources, ssh=ssh))


def assert_the_bastion_is_named(update: Update, site: Site) -> None:
    bastion, inner = site.bastion, site.inner
    way = f"ssh -J {bastion.user}@127.0.0.1:{bastion.port} -p {inner.port} {inner.user}@127.0.0.1 "
    for name in BEHIND:
        cell = cell_called(update, name)
        assert cell is not None
        assert "bastion" in cell.because, (name, cell.because)
    for name in ("prom", "k8s"):
        source = source_called(update, name)
        assert source is not None
        for failure in source.failures:
            assert "bastion" in failure.cause
            assert failure.remedy
            assert failure.curl.startswith(way)


def assert_beside_it_all_is_well(seen: Seen) -> None:
    """At every moment since it first was."""
    since = next(n for n, update in enumerate(seen.updates) if is_well(update))
    for update in seen.updates[since:]:
        assert states_of(update, BESIDE) == {State.OK}


async def test_logs_come_through_it_and_what_follows_them_is_gone_afterwards(site: Site) -> None:
    request = LogRequest("redis", datetime(2026, 11, 22, 3, tzinfo=UTC))
    async with running(site.loaded) as (engine, seen):
        await seen.until(is_well)
        logs = logs_of(engine)
        told = await logs.read(request)
        assert isinstance(told, LogAnswer), told
        assert [line.text.exact for line in told.lines] == ["Ready to accept connections"]
        assert f"-J {site.bastion.user}@127.0.0.1:{site.bastion.port}" in told.command
        assert told.command.startswith("ssh ")
        async with logs.follow(request) as batches:
            batch = await anext(batches)
            assert not isinstance(batch, Failure)
            assert [line.text.exact for line in batch] == ["Ready to accept connections"]
            process = Path("/proc") / (site.stage.path / "docker.pid").read_text().strip()
            assert process.exists()
        await until(lambda: asyncio.to_thread(process.exists), lambda exists: not exists)


async def test_a_bastion_that_dies_ends_what_is_followed_with_a_word_and_no_log_is_read(
    site: Site,
) -> None:
    request = LogRequest("redis", datetime(2026, 11, 22, 3, tzinfo=UTC))
    async with running(site.loaded) as (engine, seen):
        await seen.until(is_well)
        logs = logs_of(engine)
        async with logs.follow(request) as batches:
            assert not isinstance(await anext(batches), Failure)
            site.bastion.end()
            last = await anext(batches)
            assert isinstance(last, Failure)
            assert "inner" in last.cause and last.cause.isprintable() and last.remedy
            with contextlib.suppress(StopAsyncIteration):
                raise AssertionError(f"something came behind the end: {await anext(batches)}")
        told = await logs.read(request)
        assert isinstance(told, Failure)
        assert "bastion" in told.cause and told.remedy


def logs_of(engine: Engine) -> Logs:
    assert engine.logs is not None
    return engine.logs
