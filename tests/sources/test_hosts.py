"""One look at one host: by a real `sh`, here and through a real sshd."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.schema import HostsSource
from console.model.failure import Failure, FailureKind
from console.model.host import HostFacts, Means
from console.model.reading import HostReading
from console.model.registry import Host, Registry, Service, ServiceType
from console.model.snapshot import SourceKind
from console.safety.clock import ManualClock, SystemClock
from console.safety.ssh import SshFault, SshOptions
from console.safety.ssh.client import SshClient
from console.sources.hosts.poll import HostPoller
from console.sources.hosts.script import INSPECT_FORMAT
from console.sources.hosts.settings import watched_hosts
from console.sources.reach import Reach
from tests.servers import free_port
from tests.sources.host_outputs import DEAD_REDIS, FAILED, LIVE_API, UNITS
from tests.sources.stage import NAME, Stage, broken_reach, broken_words, reaching
from tests.sshd import Sshd

REDIS = Service("redis", ServiceType.DOCKER, NAME, host=NAME)
NGINX = Service("nginx", ServiceType.SYSTEMD, NAME, host=NAME, service_name="nginx.service")
CACHE = Service("cache", ServiceType.SYSTEMD, NAME, host=NAME, service_name="redis")
ELSEWHERE = Service("other", ServiceType.SYSTEMD, "other", host="other")

DOCKER = """\
case "$1" in
  ps) [ "$2 $3 $4" = "-a -q --no-trunc" ] && printf '4c1f9d\\n77aa\\n' ;;
  inspect) cat "$0.out" ;;
esac"""
SYSTEMCTL = """\
case "$1" in
  list-units) cat "$0.failed" ;;
  show) cat "$0.units" ;;
esac"""


def settings(timeout_s: float = 20) -> HostsSource:
    return HostsSource(timeout=timedelta(seconds=timeout_s))


@contextlib.asynccontextmanager
async def polling(
    sshd: Sshd | None,
    *services: Service,
    sudo: bool = False,
    timeout_s: float = 20,
) -> AsyncIterator[HostPoller]:
    async with reaching(services, sshd, sudo=sudo) as reach:
        host = reach.host(NAME)
        assert host is not None
        yield HostPoller(host, services, reach, settings(timeout_s), SystemClock())


async def look(
    sshd: Sshd | None,
    *services: Service,
    sudo: bool = False,
    timeout_s: float = 20,
) -> HostReading:
    async with polling(sshd, *services, sudo=sudo, timeout_s=timeout_s) as poller:
        return await poller.poll(0)


def facts_of(reading: HostReading) -> HostFacts:
    assert isinstance(reading.facts, HostFacts), reading.facts
    return reading.facts


def failure_of(part: object) -> Failure:
    assert isinstance(part, Failure)
    assert part.at.tzinfo is not None
    assert all((part.source, part.part, part.cause, part.expected, part.remedy, part.curl))
    assert "\n" not in part.cause
    return part


async def test_a_look_tells_of_this_machine(stage: Stage, sshd: Sshd | None) -> None:
    reading = await look(sshd)
    assert (reading.key, reading.failed, reading.failures) == ("hosts/box", False, ())
    facts = facts_of(reading)
    assert facts.missing == ()
    assert facts.means is (Means.LOCAL if sshd is None else Means.SSH)
    assert facts.uptime is not None and facts.uptime > timedelta(0)
    assert facts.cpus and facts.load and facts.memory_percent and facts.mounts
    assert facts.cpu_percent is not None and 0 <= facts.cpu_percent <= 100
    assert facts.kernel == facts_of(await look(sshd)).kernel
    # Both clocks are the same one, so that the error has to cover the offset.
    assert facts.clock_offset is not None and facts.clock_error is not None
    assert abs(facts.clock_offset) <= facts.clock_error + timedelta(milliseconds=50)
    assert (facts.containers, facts.units) == (None, None)


async def test_the_second_look_measures_against_the_first(stage: Stage, sshd: Sshd | None) -> None:
    async with polling(sshd) as poller:
        first = facts_of(await poller.poll(0))
        stage.program("sleep", "exit 0")
        second = facts_of(await poller.poll(1))
    assert stage.calls("sleep") == []
    assert all(one.received_per_s is None for one in first.interfaces or ())
    assert all(one.received_per_s is not None for one in second.interfaces or ())


async def test_containers_and_units_come_with_the_look(stage: Stage, sshd: Sshd | None) -> None:
    stage.program("docker", DOCKER)
    (stage.path / "docker.out").write_bytes(DEAD_REDIS + LIVE_API)
    stage.program("systemctl", SYSTEMCTL)
    (stage.path / "systemctl.units").write_bytes(UNITS)
    (stage.path / "systemctl.failed").write_bytes(FAILED)
    facts = facts_of(await look(sshd, REDIS, NGINX, CACHE, ELSEWHERE))
    assert isinstance(facts.containers, tuple)
    assert [one.name.exact for one in facts.containers] == ["redis", "api"]
    assert facts.containers[0].exit_code == 137
    assert isinstance(facts.units, tuple)
    assert [one.name.exact for one in facts.units] == ["nginx.service", "redis", "cron.service"]
    ps, inspect = stage.calls("docker")
    assert ps == "ps -a -q --no-trunc"
    assert inspect == f"inspect --type container --format {INSPECT_FORMAT} -- 4c1f9d 77aa"
    assert stage.calls("systemctl")[1].endswith(
        "-- nginx.service redis redis-server.service cron.service"
    )


async def test_what_a_unit_is_called_is_a_word_and_never_a_command(
    stage: Stage, sshd: Sshd | None, tmp_path: Path
) -> None:
    stage.program("systemctl", 'printf "%s\\n" "$@" >>"$0.words"')
    proof = tmp_path / "proof"
    evil = (f"$(touch {proof})", f"`touch {proof}`; touch {proof} #", "--help", "a b *", "'\"")
    services = [
        Service(f"s{number}", ServiceType.SYSTEMD, NAME, host=NAME, service_name=name)
        for number, name in enumerate(evil)
    ]
    reading = await look(sshd, *services)
    words = (stage.path / "systemctl.words").read_text().splitlines()
    assert words[words.index("--") + 1 :] == list(evil)
    assert not proof.exists()
    # systemd told of none of them: that is no "all is well".
    assert facts_of(reading).units == ()


async def test_a_container_cannot_forge_a_part_of_the_look(stage: Stage, sshd: Sshd | None) -> None:
    stage.program("docker", DOCKER)
    forged = b"\noncall-0 +memory\nMemTotal: 1 kB\nMemAvailable: 1 kB\n\noncall-0 -memory 0\n"
    (stage.path / "docker.out").write_bytes(forged + b"\xff\x00\x1b[2J")
    facts = facts_of(await look(sshd, REDIS))
    assert facts.memory_total_bytes is not None and facts.memory_total_bytes > 10**6
    assert failure_of(facts.containers).kind is FailureKind.SCHEMA


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("permission denied while trying to connect to the Docker daemon socket at "
         "unix:///var/run/docker.sock", FailureKind.FORBIDDEN, "docker does not let this login in"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker "
         "daemon running?", FailureKind.REFUSED, "the docker daemon does not run"),
        (None, FailureKind.NOT_SERVED, "there is no program docker on it"),
    ],
    ids=["no rights", "no daemon", "no docker"],
)  # fmt: skip
async def test_docker_that_does_not_tell_costs_the_containers_only(
    stage: Stage, sshd: Sshd | None, error: str | None, kind: FailureKind, words: str
) -> None:
    if error is not None:
        stage.says("docker", "", status=1, error=error)
    reading = await look(sshd, REDIS)
    facts = facts_of(reading)
    failure = failure_of(facts.containers)
    assert failure.kind is kind
    assert failure.cause.startswith(words)
    assert failure.part == "box containers"
    assert failure.curl.endswith("docker ps -a")
    assert failure.curl.startswith("docker" if sshd is None else "ssh -p ")
    assert reading.failures == (failure,)
    assert facts.mounts and facts.missing == ()


async def test_a_df_that_hangs_costs_the_disks_only(stage: Stage, sshd: Sshd | None) -> None:
    real = (stage.path / "df").resolve()
    stage.program("df", f'case "$*" in *-l) exec {real} "$@" ;; *) exec sleep 600 ;; esac')
    facts = facts_of(await look(sshd, timeout_s=10))
    assert facts.missing == ("disks: df gave no answer within 2 s, as on a dead network mount",)
    assert facts.mounts
    assert facts.memory_percent is not None


async def test_a_docker_that_hangs_costs_the_containers_only(
    stage: Stage, sshd: Sshd | None
) -> None:
    stage.program("docker", "exec sleep 600")
    facts = facts_of(await look(sshd, REDIS, timeout_s=10))
    assert failure_of(facts.containers).kind is FailureKind.TIMEOUT
    assert facts.mounts


async def test_sudo_runs_the_whole_look(stage: Stage, sshd: Sshd | None) -> None:
    stage.program("sudo", '[ "$1" = -n ] && shift && exec "$@"')
    stage.program("docker", DOCKER)
    (stage.path / "docker.out").write_bytes(LIVE_API)
    facts = facts_of(await look(sshd, REDIS, sudo=True))
    assert isinstance(facts.containers, tuple)
    assert stage.calls("sudo")[0].startswith("-n sh -s -- 1 4 1")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("sudo: a password is required", "sudo wants a password on box"),
        ("sudo: a terminal is required to read the password", "sudo wants a password on box"),
        ("Sorry, user kai is not allowed to execute '/bin/sh' as root on box.",
         "sudo does not allow it on box"),
        (None, "there is no sudo on box"),
    ],
)  # fmt: skip
async def test_sudo_that_does_not_let_us_is_a_failure_that_says_so(
    stage: Stage, sshd: Sshd | None, error: str | None, words: str
) -> None:
    if error is not None:
        stage.says("sudo", "", status=1, error=error)
    failure = failure_of((await look(sshd, sudo=True)).facts)
    assert failure.kind is FailureKind.AUTH
    assert failure.cause == words
    assert "sudo: true" in failure.remedy
    assert failure.curl.endswith("sudo -n uptime")


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ("echo This account is currently not available.; exit 1", FailureKind.STATUS,
         "the look ended with status 1: This account is currently not available."),
        ("exit 0", FailureKind.SCHEMA, "got nothing that tells of the host"),
        ("printf 'hello \\033[2J\\377\\n'; exit 0", FailureKind.SCHEMA,
         "got nothing that tells of the host; the last line is: hello ^[[2J"),
        ("exit 127", FailureKind.NOT_SERVED, "a program is missing there"),
        ("exit 126", FailureKind.NOT_SERVED, "a program may not be run there"),
        ("printf '[sudo] password: ' >&2; exec sleep 600", FailureKind.TIMEOUT,
         "gave no complete answer within 1 s: [sudo] password:"),
        ("exec head -c 9000000 /dev/zero", FailureKind.TOO_BIG, "printed more than "),
        ("exec sleep 600", FailureKind.TIMEOUT, "gave no complete answer within 1 s"),
    ],
    ids=["nologin", "silent", "another", "127", "126", "sudo", "endless", "hanging"],
)  # fmt: skip
async def test_a_host_that_does_not_run_the_look_is_a_failure(
    stage: Stage, sshd: Sshd | None, body: str, kind: FailureKind, words: str
) -> None:
    stage.program("sh", body)
    failure = failure_of((await look(sshd, timeout_s=1 if "sleep" in body else 20)).facts)
    assert failure.kind is kind
    assert failure.cause.startswith(words)
    assert failure.cause.isprintable()


async def test_a_shell_that_is_killed_is_a_failure(stage: Stage, sshd: Sshd | None) -> None:
    stage.program("sh", "kill -KILL $$")
    failure = failure_of((await look(sshd)).facts)
    # Through SSH it is `timeout` that tells, and it tells a status.
    expected = "was ended by signal 9" if sshd is None else "ended with status 137"
    assert expected in failure.cause


async def test_a_cut_look_is_no_look(stage: Stage, sshd: Sshd | None) -> None:
    stage.program("uname", 'kill -KILL "$PPID"')
    failure = failure_of((await look(sshd)).facts)
    assert failure.kind in (FailureKind.RESET, FailureKind.STATUS)


@pytest.mark.real("sshd")
async def test_a_host_that_is_not_there_is_a_failure_with_a_way_to_look(tmp_path: Path) -> None:
    port = free_port()
    host = Host(NAME, address="127.0.0.1", port=port, user="kai")
    ssh = SshClient(SystemClock(), SshOptions(config="", agent=False))
    reach = Reach(Registry((host,)), ssh)
    try:
        reading = await HostPoller(host, (), reach, settings(), SystemClock()).poll(0)
    finally:
        await ssh.aclose()
    failure = failure_of(reading.facts)
    assert reading.failed
    assert failure.kind is FailureKind.REFUSED
    assert failure.curl == f"ssh -p {port} kai@127.0.0.1 uptime"


@pytest.mark.parametrize("fault", SshFault)
async def test_every_fault_of_the_way_is_a_failure_in_words(fault: SshFault) -> None:
    reach = broken_reach(fault)
    host = reach.host(NAME)
    assert host is not None
    reading = await HostPoller(host, (), reach, settings(), SystemClock()).poll(0)
    failure = failure_of(reading.facts)
    assert failure.cause == broken_words(fault)
    assert failure.curl == "ssh box.test uptime"
    assert reading.failures == (failure,)


async def test_the_processors_are_measured_anew_after_a_long_silence(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(stage.path))
    stage.program("sleep", "exit 0")
    clock = ManualClock(datetime.now(UTC))
    async with reaching((), None) as reach:
        host = reach.host(NAME)
        assert host is not None
        poller = HostPoller(host, (), reach, settings(), clock)
        measured = []
        for pause_s in (0, 60, 601, 60):
            clock.advance(pause_s)
            facts_of(await poller.poll(0))
            measured.append(len(stage.calls("sleep")))
    assert measured == [1, 1, 2, 2]


async def test_a_host_comes_back_after_a_failure(stage: Stage, sshd: Sshd | None) -> None:
    async with polling(sshd) as poller:
        stage.says("uname", "", status=0)
        (stage.path / "sh").unlink()
        assert (await poller.poll(0)).failed
        (stage.path / "sh").symlink_to("/bin/sh")
        assert not (await poller.poll(1)).failed


def test_the_way_is_written_as_a_person_types_it() -> None:
    hosts = (
        Host("gate", address="gate.test", user="ops", port=2222),
        Host("hop", address="10.0.0.1", jump="gate"),
        Host("db", address="10.0.0.5", user="kai", jump="hop"),
        Host("lost"),
    )
    reach = Reach(Registry(hosts), SshClient(SystemClock()))
    typed: Callable[[str], str] = lambda host: reach.typed(host, ("docker", "ps"))  # noqa: E731
    assert typed("db") == "ssh -J ops@gate.test:2222,10.0.0.1 kai@10.0.0.5 docker ps"
    assert typed("local") == "docker ps"
    assert typed("lost") == "ssh lost docker ps"
    assert reach.typed("gate", ("test", "-f", "/a b")) == (
        "ssh -p 2222 ops@gate.test 'test -f '\"'\"'/a b'\"'\"''"
    )


def test_all_hosts_are_one_source() -> None:
    watched = watched_hosts(settings(), ["a", "b"])
    assert (watched.name, watched.kind, watched.members) == ("hosts", SourceKind.HOSTS, ("a", "b"))
    assert watched_hosts(HostsSource(enabled=False), ["a"]).members == ()


async def test_many_looks_at_once_do_not_disturb_each_other(
    stage: Stage, sshd: Sshd | None
) -> None:
    async with polling(sshd) as poller:
        readings = await asyncio.gather(*(poller.poll(number) for number in range(6)))
    assert [facts_of(reading).missing for reading in readings] == [()] * 6
