"""The SSH faults x {hosts, command probes, kubectl, logs, `via:`}: never well, and well after it.

Each source looks at a real sshd, then at one with the fault, then at the first one again, and
what it says is taken into a fleet: what counts is the cell that a person would see. Together
with the 24 x 3 of `tests/sources/test_faults.py` these are the cells of the fault matrix.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from config.schema import HealthSource, HostsSource, KubernetesSource
from console.fleet.fleet import Fleet
from console.model.failure import Failure, FailureKind
from console.model.logs import LogAnswer, LogRequest
from console.model.policy import Policy
from console.model.probe import Probe, ProbeKind, Verdict
from console.model.reading import Reading
from console.model.registry import Host, Registry, Service, ServiceType, Thresholds, host_cell
from console.model.snapshot import Snapshot, SourceKind, Watched
from console.model.state import State
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.ssh import MAX_OUTPUT_BYTES, Command, SshFault, SshResult, SshRoute
from console.safety.ssh.client import SshClient
from console.safety.text import visible
from console.sources.hosts.poll import HostPoller
from console.sources.kubernetes.poll import KubectlPoller
from console.sources.logs import poll as logs_poll
from console.sources.logs.poll import Logs
from console.sources.probes.poll import Prober
from console.sources.reach import Reach
from tests.fleet.world import the_cell
from tests.safety.loopback import answer, saying, serving
from tests.sources.host_outputs import LIVE_REDIS
from tests.sources.kubernetes import objects
from tests.sources.stage import NAME, Stage, sshd_of
from tests.ssh_faults import FAULTS, Broken, Fault
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = pytest.mark.real("sshd")

CONNECT_S: Final = 10.0
SHORT_CONNECT_S: Final = 0.5
ONLY_A_DEADLINE_ENDS: Final = ("blackhole", "no banner", "banner dribble", "server SIGSTOP")
TIMEOUT: Final = timedelta(seconds=1)
HANGS_S: Final = 30.0
INTERVAL: Final = timedelta(seconds=60)

NEVER: Final = 101.0
BOX: Final = Thresholds(cpu_percent=NEVER, memory_percent=NEVER, disk_percent=NEVER)
"""The machine of the tests may be as busy and as full as it likes."""
REDIS: Final = Service("redis", ServiceType.DOCKER, NAME, host=NAME)
NGINX: Final = Service("nginx", ServiceType.SYSTEMD, NAME, host=NAME)
QUEUE: Final = Service(
    "queue", ServiceType.EXTERNAL, NAME, host=NAME, health="check-queue",
    health_kind=ProbeKind.COMMAND,
)  # fmt: skip
WEB: Final = Service("web", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop")
SERVICES: Final = (REDIS, NGINX, QUEUE, WEB)
CELLS: Final = {
    "hosts": (host_cell(NAME), REDIS.name, NGINX.name),
    "command": (QUEUE.name,),
    "kubectl": (WEB.name,),
}
"""By source, the cells that stand on its word alone."""
CLUSTER: Final = KubernetesSource(name="k8s", on=NAME, timeout=TIMEOUT, max_bytes=1 << 20)
WATCHED: Final = {
    "hosts": Watched("hosts", SourceKind.HOSTS, INTERVAL, (NAME,)),
    "command": Watched("health", SourceKind.HEALTH, INTERVAL),
    "kubectl": Watched("k8s", SourceKind.KUBERNETES, INTERVAL),
}
PROBE: Final = Probe(
    "queue", ProbeKind.COMMAND, "check-queue", INTERVAL, TIMEOUT, host=NAME
)  # fmt: skip

ENDED_BY_ITSELF: Final = {
    "invalid UTF-8": State.OK,
    "escape bytes": State.OK,
    "exit 255": State.FIRING,
    "remote disk full": State.FIRING,
}
"""A check of the team's own says yes by its status 0, whatever it prints, and no by another
one: there the answer is usable, and has to be the right one."""

IN_WORDS: Final = {
    "no banner": ("did not say within", "up and reachable"),
    "1 MB banner": ("Too many banner lines", "whether that port is sshd's"),
    "unknown key": ("shows the ed25519 key SHA256:", "ask who runs box for its fingerprint"),
    "changed key": ("the host key of box has changed", "somebody may be in between"),
    "revoked key": ("marked @revoked", "do not log in"),
    "auth refused": ("did not let ", "authorized_keys on box"),
    "agent gone": ("is gone (No such file or directory)", "start an agent and `ssh-add`"),
    "kex mismatch": ("no algorithm in common", "`transport: openssh`"),
    "invalid UTF-8": ("got nothing that tells of the host", "a restricted shell"),
    "killed by signal": ("ended by signal KILL", "look at the memory"),
    "disconnect mid-command": ("the connection to box went", "the network between"),
    "exit 127": ("a program is missing there", "install coreutils"),
    "sudo waits for a password": ("[sudo] password:", "look at the load"),
    "remote disk full": ("No space left on device", "log in there"),
}
"""What a person reads of a host, and is told to do, for the faults that have a name."""

DOCKER: Final = """\
case "$1" in
  ps) printf '4c1f9d\\n' ;;
  inspect) cat "$0.out" ;;
  logs) echo '2026-11-22T03:12:41.000000001Z Ready to accept connections' ;;
esac"""
SYSTEMCTL: Final = """\
[ "$1" = show ] && printf 'Id=nginx.service\\nNames=nginx.service\\nLoadState=loaded\\n\
ActiveState=active\\nSubState=running\\nResult=success\\nExecMainStatus=0\\nNRestarts=0\\n\
StateChangeTimestamp=Mon 2026-10-12 08:00:00 UTC\\n'
exit 0"""


class Way(SshClient):
    """Leads to the host that is well, until it is told to lead to one that is not."""

    def __init__(self, well: SshClient) -> None:
        super().__init__(SystemClock())
        self._well = well
        self._broken: tuple[SshClient, SshRoute] | None = None

    async def run(
        self,
        route: SshRoute,
        command: Command,
        *,
        timeout_s: float,
        max_bytes: int = MAX_OUTPUT_BYTES,
    ) -> SshResult:
        client, to = self._broken or (self._well, route)
        return await client.run(to, command, timeout_s=timeout_s, max_bytes=max_bytes)

    async def tunnel(
        self, route: SshRoute, to: str, port: int, *, timeout_s: float
    ) -> socket.socket:
        client, by = self._broken or (self._well, route)
        return await client.tunnel(by, to, port, timeout_s=timeout_s)

    @contextlib.asynccontextmanager
    async def broken_by(self, broken: Broken) -> AsyncIterator[None]:
        """Lead there, to a host on which the fault has come to pass."""
        client = SshClient(SystemClock(), broken.options)
        try:
            if broken.break_it is not None:
                lives = await client.run(broken.route, Command(("true",)), timeout_s=20)
                assert lives.succeeded
                broken.break_it()
            self._broken = client, broken.route
            yield
        finally:
            self._broken = None
            await client.aclose()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    stage = Stage(tmp_path_factory.mktemp("stage") / "host")
    for tool in ("tail", "printf"):
        (stage.path / tool).unlink(missing_ok=True)
        (stage.path / tool).symlink_to(f"/usr/bin/{tool}")
    stage.program("docker", DOCKER)
    (stage.path / "docker.out").write_bytes(LIVE_REDIS)
    stage.program("systemctl", SYSTEMCTL)
    stage.says("check-queue", "12 waiting\n")
    stage.says("kubectl", objects.printed(objects.shop(objects.VERSIONS[-1])))
    return stage


@pytest.fixture(scope="module")
def sshd(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd_of(stage, tmp_path_factory.mktemp("sshd") / "well") as running:
        yield running


@pytest.fixture(scope="module", params=FAULTS, ids=lambda fault: fault.name)
def fault(request: pytest.FixtureRequest) -> Fault:
    assert isinstance(request.param, Fault)
    return request.param


@pytest.fixture(scope="module")
def broken(fault: Fault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    """The host with the fault; all sources look at the same one."""
    connect_s = SHORT_CONNECT_S if fault.name in ONLY_A_DEADLINE_ENDS else CONNECT_S
    with fault.start(tmp_path_factory.mktemp("broken") / "sshd", connect_s) as broken:
        yield broken


@pytest.fixture
async def way(sshd: Sshd) -> AsyncIterator[Way]:
    client = SshClient(SystemClock(), sshd.options())
    yield Way(client)
    await client.aclose()


@pytest.fixture
def registry(sshd: Sshd) -> Registry:
    host = Host(NAME, "127.0.0.1", port=sshd.port, user=sshd.user, thresholds=BOX)
    return Registry((host,), SERVICES)


@pytest.fixture
async def http_client() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.aclose()


def poll_of(
    kind: str, registry: Registry, way: Way, http: HttpClient
) -> Callable[[], Awaitable[Reading]]:
    """One look by the source of that kind."""
    clock = SystemClock()
    reach = Reach(registry, way)
    if kind == "hosts":
        source = HostsSource(timeout=2 * TIMEOUT)
        host = HostPoller(registry.hosts[0], registry.services, reach, source, clock)
        return lambda: host.poll(0)
    if kind == "command":
        prober = Prober(http, clock, HealthSource(), reach)
        return lambda: prober.ask(PROBE)
    cluster = KubectlPoller(CLUSTER, reach, clock)
    return lambda: cluster.poll(1)


def safe(text: str) -> bool:
    """Whether it is there, and harms no terminal."""
    return bool(text) and text.isprintable() and "\x1b" not in text


def assert_in_words(failure: Failure) -> None:
    """A person learns from it what came, what should have, and what to do."""
    for text in (failure.cause, failure.expected, failure.remedy, failure.curl):
        assert safe(text), failure
    assert failure.curl.startswith("ssh ")
    assert failure.kind is not FailureKind.INTERNAL, failure.cause


def states_of(snapshot: Snapshot, kind: str) -> set[State]:
    return {the_cell(snapshot, name).state for name in CELLS[kind]}


@pytest.mark.parametrize("kind", CELLS)
async def test_no_cell_is_ever_well_while_a_fault_lasts_and_all_are_after_it(
    fault: Fault,
    kind: str,
    broken: Broken,
    registry: Registry,
    way: Way,
    http_client: HttpClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in broken.env:
        monkeypatch.setenv(name, value)
    fleet = Fleet(registry, (WATCHED[kind],), Policy(), "test")
    poll = poll_of(kind, registry, way, http_client)

    async def seen() -> Snapshot:
        async with asyncio.timeout(HANGS_S):
            reading = await poll()
        for failure in reading.failures:
            assert_in_words(failure)
        fleet.take(reading)
        return fleet.snapshot(SystemClock().now())

    await until(seen, lambda snapshot: states_of(snapshot, kind) == {State.OK})
    async with way.broken_by(broken):
        snapshot = await seen()
    answered = ENDED_BY_ITSELF.get(fault.name) if kind == "command" else None
    assert states_of(snapshot, kind) == {answered or State.UNKNOWN}
    for name in CELLS[kind]:
        cell = the_cell(snapshot, name)
        assert safe(cell.because)
        assert all(map(safe, (*(one.said for one in cell.probes),
                              *(one.said for one in cell.reports))))  # fmt: skip
    failures = [failure for source in snapshot.sources for failure in source.failures]
    assert answered is not None or kind == "command" or failures
    if kind == "hosts":
        (host,) = snapshot.host_states
        assert host.failure is not None
        assert host.facts is not None  # what was last known stays
        cause, remedy = IN_WORDS.get(fault.name, ("", ""))
        assert cause in host.failure.cause
        assert remedy in host.failure.remedy
    if answered is not State.OK:
        assert snapshot.score.ok == 0
    await until(seen, lambda snapshot: states_of(snapshot, kind) == {State.OK})


async def test_no_log_is_made_of_what_a_faulty_host_prints(
    fault: Fault,
    broken: Broken,
    registry: Registry,
    way: Way,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in broken.env:
        monkeypatch.setenv(name, value)
    logs = Logs(Reach(registry, way), registry, SystemClock(), ())
    request = LogRequest("redis", datetime(2026, 11, 22, 3, tzinfo=UTC))
    told = await logs.read(request)
    assert isinstance(told, LogAnswer), told
    assert not told.truncated and not told.said
    monkeypatch.setattr(logs_poll, "READ_S", 1.0)
    async with way.broken_by(broken), asyncio.timeout(HANGS_S):
        told = await logs.read(request)
    assert isinstance(told, Failure)
    assert_in_words(told)
    monkeypatch.undo()
    assert isinstance(await logs.read(request), LogAnswer)


async def test_nothing_is_well_that_is_asked_by_way_of_a_faulty_host(
    fault: Fault,
    broken: Broken,
    registry: Registry,
    way: Way,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A tunnel runs no command: where only those fail, the answer that comes is the true one.
    of_commands = not fault.kinds or fault.kinds[0] in (SshFault.CHANNELS, SshFault.LOST)
    for name, value in broken.env:
        monkeypatch.setenv(name, value)
    reach = Reach(registry, way)
    http = HttpClient(SystemClock(), tunnel=reach.tunnel, login=reach.login)
    prober = Prober(http, SystemClock(), HealthSource(), reach)
    async with serving(saying(answer(b"ok"))) as server, asyncio.timeout(HANGS_S):
        probe = Probe("api", ProbeKind.HTTP, server.url("/"), INTERVAL, TIMEOUT, via=NAME)

        async def well() -> None:
            await until(
                lambda: prober.ask(probe), lambda told: told.result.verdict is Verdict.HEALTHY
            )

        await well()
        async with way.broken_by(broken):
            if of_commands:
                await well()
            else:
                told = (await prober.ask(probe)).result
                assert told.verdict is Verdict.NO_ANSWER
                assert told.failure is not None and NAME in told.failure.cause
                assert_in_words(told.failure)
        await well()
    await http.aclose()


ESCAPES: Final = "\x1b]52;c;aGk=\x07\x1b[2J\u202e"
"""To the clipboard, the screen cleared, and what turns the direction of the text."""


async def test_one_hostile_name_among_many_is_shown_harmlessly_and_costs_no_answer(
    stage: Stage, registry: Registry, way: Way, http_client: HttpClient
) -> None:
    evil = LIVE_REDIS.replace(b"/redis", json.dumps(f"/evil{ESCAPES}")[1:-1].encode())
    (stage.path / "docker.out").write_bytes(evil + LIVE_REDIS)
    stage.says("check-queue", b"12 waiting \xff\xfe" + ESCAPES.encode() + b"\n")
    try:
        fleet = Fleet(registry, (WATCHED["hosts"], WATCHED["command"]), Policy(), "test")
        for kind in ("hosts", "command"):
            reading = await poll_of(kind, registry, way, http_client)()
            assert not reading.failures
            fleet.take(reading)
    finally:
        (stage.path / "docker.out").write_bytes(LIVE_REDIS)
        stage.says("check-queue", "12 waiting\n")
    snapshot = fleet.snapshot(SystemClock().now())
    for name in (*CELLS["hosts"], QUEUE.name):
        cell = the_cell(snapshot, name)
        assert cell.state is State.OK, cell.because
        assert safe(cell.because)
    (probed,) = the_cell(snapshot, QUEUE.name).probes
    assert probed.said.startswith("12 waiting ") and safe(probed.said)
    (host,) = snapshot.host_states
    assert host.facts is not None and isinstance(host.facts.containers, tuple)
    assert {visible(each.name)[:5] for each in host.facts.containers} == {"redis", "evil^"}
    assert all(safe(visible(each.name)) for each in host.facts.containers)


def test_the_matrix_has_every_fault() -> None:
    # Those of the list, of which three exit statuses are one, and a banner that dribbles.
    assert len(FAULTS) == 24 + 2 + 1
