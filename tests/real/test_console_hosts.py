"""The console and real hosts: sshd in the middle, programs that speak docker's format."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.load import Loaded
from config.policy import policy_of
from config.registry import probes_of
from config.schema import AlertmanagerSource, HealthSource, HostsSource, Settings, Sources, Ssh
from console.model.host import HostFacts
from console.model.logs import LogRequest
from console.model.probe import ProbeKind
from console.model.registry import Host, Registry, Service, ServiceType, host_cell
from console.model.report import Runner
from console.model.state import State
from console.model.update import Update
from tests.servers import post_json, start_alertmanager
from tests.sources.host_outputs import DEAD_REDIS, LIVE_REDIS
from tests.sources.stage import NAME, Stage, sshd_of
from tests.sshd import Sshd, make_key, options_for, running_sshd
from tests.watching import cell_called, running, source_called

pytestmark = [pytest.mark.real("sshd"), pytest.mark.timeout(120)]

INTERVAL = timedelta(seconds=1)
REDIS = Service(
    "redis", ServiceType.DOCKER, NAME, host=NAME, health="redis-cli ping",
    health_kind=ProbeKind.COMMAND, alerts=("ServiceDown",),
)  # fmt: skip
DOCKER = """\
case "$1" in
  ps) printf '4c1f9d\\n' ;;
  inspect) cat "$0.out" ;;
  exec) if grep -q running "$0.out"; then echo PONG; else
    echo "Error response from daemon: container 4c1f9d is not running" >&2; exit 1; fi ;;
esac"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path / "host")
    grep = "/usr/bin/grep" if Path("/usr/bin/grep").exists() else "/bin/grep"
    (stage.path / "grep").symlink_to(grep)
    stage.program("docker", DOCKER)
    (stage.path / "docker.out").write_bytes(LIVE_REDIS)
    return stage


@pytest.fixture
def sshd(stage: Stage, tmp_path: Path) -> Iterator[Sshd]:
    with sshd_of(stage, tmp_path / "sshd") as running:
        yield running


def loaded(
    *sshds: Sshd,
    hosts: tuple[Host, ...],
    services: tuple[Service, ...] = (),
    alertmanager: str = "",
    connect_s: float = 5,
) -> Loaded:
    """Settings under which everything is looked at every second."""
    keys = options_for(*sshds)
    settings = Settings(
        sources=Sources(
            health=HealthSource(interval=INTERVAL),
            hosts=HostsSource(interval=INTERVAL, timeout=timedelta(seconds=20)),
            alertmanager=(AlertmanagerSource(
                name="am", members=(alertmanager,), interval=INTERVAL
            ),) if alertmanager else (),
        ),
        ssh=Ssh(
            config="",
            known_hosts=keys.known_hosts,
            identities=keys.identities,
            agent=False,
            connect_timeout=timedelta(seconds=connect_s),
        ),
    )  # fmt: skip
    return Loaded(settings, Registry(hosts, services), policy_of(settings), None)


def host_of(sshd: Sshd, name: str = NAME, jump: str | None = None) -> Host:
    return Host(name, "127.0.0.1", user=sshd.user, port=sshd.port, jump=jump)


def state_of(update: Update, cell: str) -> State | None:
    found = cell_called(update, cell)
    return None if found is None else found.state


@pytest.mark.real("prometheus-alertmanager")
async def test_an_alert_its_failed_probe_and_its_dead_container_are_one_row_with_three_proofs(
    stage: Stage, sshd: Sshd, tmp_path: Path
) -> None:
    with running_alertmanager(tmp_path / "am") as url:
        settings = loaded(sshd, hosts=(host_of(sshd),), services=(REDIS,), alertmanager=url)
        assert [each.key for each in probes_of(settings.registry, HealthSource())] == [
            "redis/command"
        ]
        async with running(settings) as (_, seen):
            await seen.until(lambda update: state_of(update, "redis") is State.OK)
            (stage.path / "docker.out").write_bytes(DEAD_REDIS)
            began = datetime.now(UTC).isoformat()
            fired = {"labels": {"alertname": "ServiceDown", "service": "redis"}, "startsAt": began}
            post_json(f"{url}/api/v2/alerts", [fired])

            def three(update: Update) -> bool:
                cell = cell_called(update, "redis")
                return (
                    cell is not None
                    and bool(cell.alerts)
                    and any("not running" in one.said for one in cell.probes)
                    and any("Exited(137)" in one.said for one in cell.reports)
                )

            update = await seen.until(three)
            (row,) = [row for row in update.worklist.rows if row.cell == "redis"]
            assert row.title.exact == "ServiceDown"
            cell = cell_called(update, "redis")
            assert cell is not None
            assert [one.runner for one in cell.reports] == [Runner.CONTAINER]
            assert "OOMKilled" in cell.reports[0].said


@contextlib.contextmanager
def running_alertmanager(folder: Path) -> Iterator[str]:
    program = start_alertmanager(folder)
    try:
        yield f"http://127.0.0.1:{program.port}"
    finally:
        program.end()


@contextlib.asynccontextmanager
async def silent_ports(count: int) -> AsyncIterator[list[int]]:
    """Ports that take a connection and never say a word."""
    open_writers: list[asyncio.StreamWriter] = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.append(writer)
        await reader.read()

    servers = [await asyncio.start_server(hold, "127.0.0.1", 0) for _ in range(count)]
    try:
        yield [server.sockets[0].getsockname()[1] for server in servers]
    finally:
        for writer in open_writers:
            writer.transport.abort()
        for server in servers:
            server.close()


async def test_the_log_of_a_replica_is_read_under_the_name_that_compose_gave_it(
    stage: Stage, sshd: Sshd
) -> None:
    (stage.path / "docker.out").write_bytes(LIVE_REDIS.replace(b'"/redis"', b'"/shop-redis-1"'))
    settings = loaded(sshd, hosts=(host_of(sshd),), services=(REDIS,))
    async with running(settings) as (engine, seen):
        await seen.until(lambda update: state_of(update, "redis") is State.OK)
        assert engine.logs is not None
        await engine.logs.read(LogRequest("redis"))
        asked = [call for call in stage.calls("docker") if call.startswith("logs")]
        assert asked
        assert all(call.split()[-1] == "shop-redis-1" for call in asked)


async def test_forty_dark_hosts_delay_a_living_one_by_no_more_than_an_interval(
    sshd: Sshd,
) -> None:
    async with silent_ports(40) as ports:
        dark = tuple(Host(f"dark-{port}", "127.0.0.1", port=port, user="x") for port in ports)
        settings = loaded(sshd, hosts=(*dark, host_of(sshd)), connect_s=2)
        async with running(settings) as (_, seen):
            await seen.until(
                lambda update: (
                    sum(one.failure is not None for one in update.snapshot.host_states) == 40
                )
            )
            first = len(seen.updates)
            await seen.more(10)
            ages = []
            for update in seen.updates[first:]:
                living = next(one for one in update.snapshot.host_states if one.host.name == NAME)
                assert living.failure is None
                assert living.as_of is not None
                ages.append(update.snapshot.at.since(living.as_of))
            # Its own interval, and one more.
            assert sorted(ages)[len(ages) // 2] <= 2 * INTERVAL
            # Known, well or not: the machine of the test is the host, and may be busy.
            assert state_of(seen.last, host_cell(NAME)) in (State.OK, State.FIRING)
            rows = [row for row in seen.last.worklist.rows if row.title.exact == "HostUnreachable"]
            assert len(rows) == 1
            assert rows[0].where.exact == "40 hosts"


async def test_a_host_behind_a_bastion_is_looked_at_through_it(
    stage: Stage, sshd: Sshd, tmp_path: Path
) -> None:
    with running_sshd(tmp_path / "bastion", identity=sshd.identity) as bastion:
        behind = host_of(sshd, jump="bastion")
        settings = loaded(sshd, bastion, hosts=(behind, host_of(bastion, "bastion")))
        async with running(settings) as (_, seen):
            update = await seen.until(lambda update: state_of(update, host_cell(NAME)) is State.OK)
            bastion.end()
            update = await seen.until(
                lambda update: state_of(update, host_cell(NAME)) is State.UNKNOWN
            )
            behind_state = next(one for one in update.snapshot.host_states if one.host.name == NAME)
            assert behind_state.failure is not None
            assert "bastion" in behind_state.failure.cause
            assert isinstance(behind_state.facts, HostFacts)


async def test_a_changed_host_key_turns_everything_on_the_host_unknown_and_says_so(
    stage: Stage, sshd: Sshd, tmp_path: Path
) -> None:
    settings = loaded(sshd, hosts=(host_of(sshd),), services=(REDIS,))
    async with running(settings) as (_, seen):
        await seen.until(lambda update: state_of(update, "redis") is State.OK)
        other = make_key(tmp_path / "other")
        sshd.known_hosts.write_text(f"{sshd.known_line(key=other)}\n")
        sshd.drop()
        # The probe and the look at the host find it out each at their own time.
        update = await seen.until(
            lambda update: (
                state_of(update, "redis") is State.UNKNOWN
                and source_called(update, f"hosts/{NAME}") is not None
            )
        )
        source = source_called(update, f"hosts/{NAME}")
        assert source is not None
        assert "changed" in source.failures[0].cause
        assert sshd.fingerprint in source.failures[0].cause


async def test_a_reload_of_the_settings_keeps_the_connection(sshd: Sshd) -> None:
    settings = loaded(sshd, hosts=(host_of(sshd),))
    async with running(settings) as (engine, seen):
        await seen.until(lambda update: state_of(update, host_cell(NAME)) is State.OK)
        engine.reload(settings)
        before = len(seen.updates)

        def looked_again(update: Update) -> bool:
            (host,) = update.snapshot.host_states
            first = seen.updates[before].snapshot.at
            return host.as_of is not None and host.as_of.mono > first.mono

        await seen.more(1)
        await seen.until(looked_again)
        assert sshd.connections() == 1
