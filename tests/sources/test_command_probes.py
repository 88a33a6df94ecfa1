"""Checks that run on a host: a no is told apart from no answer, here and through a real sshd."""

from __future__ import annotations

import shlex
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.schema import HealthSource
from console.model.failure import Failure, FailureKind
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.model.registry import Host, Registry
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.ssh import SshFault, SshOptions, SshResult
from console.safety.ssh.client import SshClient
from console.safety.text import visible
from console.sources.answer import Unusable
from console.sources.probes.command import judged, shell_syntax_in, words_of
from console.sources.probes.poll import Prober
from console.sources.reach import Reach
from tests.hostile import ATTACKS
from tests.servers import free_port
from tests.soak import trials
from tests.sources.stage import NAME, Stage, broken_reach, broken_words, reaching, sshd_of
from tests.sshd import Sshd

EXEC = '[ "$1" = exec ] && shift 2 && exec "$@"'
"""A docker whose containers are the host itself."""
NO_REDIS = "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n"
NO_RIGHTS = (
    "permission denied while trying to connect to the Docker daemon socket at "
    "unix:///var/run/docker.sock\n"
)
NO_DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is it running?\n"
NOT_IN_IT = (
    "OCI runtime exec failed: exec failed: unable to start container process: exec: "
    '"redis-cli": executable file not found in $PATH: unknown\n'
)


def probe_of(
    target: str,
    *,
    container: str = "",
    kind: ProbeKind = ProbeKind.COMMAND,
    timeout_s: float = 20,
    slow: timedelta | None = None,
) -> Probe:
    return Probe(
        service="redis",
        kind=kind,
        target=target,
        interval=timedelta(seconds=30),
        timeout=timedelta(seconds=timeout_s),
        host=NAME,
        container=container,
        slow=slow,
    )


async def asked(
    http: HttpClient, sshd: Sshd | None, probe: Probe, *, sudo: bool = False
) -> ProbeResult:
    async with reaching((), sshd, sudo=sudo) as reach:
        prober = Prober(http, SystemClock(), HealthSource(), reach)
        result = (await prober.ask(probe)).result
    assert result.probe == probe
    assert result.said.isprintable()
    assert (result.failure is None) is (result.verdict is not Verdict.NO_ANSWER)
    return result


def failure_of(result: ProbeResult) -> Failure:
    failure = result.failure
    assert failure is not None
    assert failure.cause == result.said
    assert (failure.source, failure.part) == ("health", result.probe.key)
    assert all((failure.cause, failure.expected, failure.remedy))
    return failure


async def test_a_command_that_ends_well_is_healthy_with_its_last_line(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    stage.says("redis-cli", "PONG\n")
    result = await asked(http_client, sshd, probe_of("redis-cli -p 6380 ping"))
    assert result.verdict is Verdict.HEALTHY
    assert result.said.startswith("PONG in ") and result.said.endswith(" ms")
    assert result.latency is not None and result.latency > timedelta(0)
    assert stage.calls("redis-cli") == ["-p 6380 ping"]
    silent = await asked(http_client, sshd, probe_of("true"))
    assert silent.said.startswith("exit 0 in ")


async def test_a_command_that_ends_otherwise_is_a_no_with_its_reason(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    stage.says("redis-cli", "", status=1, error=NO_REDIS)
    result = await asked(http_client, sshd, probe_of("redis-cli ping"))
    assert result.verdict is Verdict.UNHEALTHY
    assert result.said.startswith("exit 1 in ")
    assert result.said.endswith(f"ms: {NO_REDIS.strip()}")


@pytest.mark.parametrize(
    "answer",
    [
        "LOADING Redis is loading the dataset in memory",
        "NOAUTH Authentication required.",
        "MASTERDOWN Link with MASTER is down",
        "",
    ],
)
async def test_redis_has_to_say_pong(http_client: HttpClient, stage: Stage, answer: str) -> None:
    stage.says("redis-cli", f"{answer}\n")
    path = stage.path / "redis-cli"
    result = await asked(http_client, None, probe_of(f"{path} ping"))
    assert result.verdict is Verdict.UNHEALTHY
    assert result.said == f"answered {answer or 'nothing'}, expected PONG"


@pytest.mark.parametrize(
    ("status", "verdict", "words"),
    [
        (0, Verdict.HEALTHY, "/run:5432 - told in "),
        (1, Verdict.UNHEALTHY, "exit 1 in "),
        (2, Verdict.UNHEALTHY, "exit 2 in "),
        (3, Verdict.NO_ANSWER, "pg_isready did not try: /run:5432 - told"),
    ],
)
async def test_pg_isready_is_read_by_its_statuses(
    http_client: HttpClient, stage: Stage, status: int, verdict: Verdict, words: str
) -> None:
    stage.says("pg_isready", "/run:5432 - told\n", status=status)
    result = await asked(http_client, None, probe_of(str(stage.path / "pg_isready")))
    assert result.verdict is verdict
    assert result.said.startswith(words)


async def test_a_command_that_is_missing_is_no_answer(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    result = await asked(http_client, sshd, probe_of("pg_isready -q"))
    failure = failure_of(result)
    assert failure.kind is FailureKind.NOT_SERVED
    assert failure.cause == "there is no program pg_isready on box"
    assert failure.expected == "that `pg_isready -q` ends with status 0"
    typed = "pg_isready -q"
    if sshd is None:
        assert failure.curl == typed
    else:
        assert failure.curl == f"ssh -p {sshd.port} {sshd.user}@127.0.0.1 {typed}"


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ("sh -c 'no-such-cli ping'", "sh on box ended with status 127: sh: "),
        ("env no-such-cli", "env on box ended with status 127: env: "),
    ],
)
async def test_a_check_that_misses_a_program_of_its_own_says_which(
    http_client: HttpClient, check: str, words: str
) -> None:
    result = await asked(http_client, None, probe_of(check))
    cause = failure_of(result).cause
    assert cause.startswith(words)
    assert "no-such-cli" in cause


@pytest.mark.real("sshd")
@pytest.mark.parametrize(
    ("timeout", "words"),
    [
        ("echo \"timeout: unrecognized option: k\nBusyBox v1.31.1 multi-call binary.\n\n"
         "Default SIG: TERM.\" >&2; exit 1", "the timeout of that host knows no -k"),
        ("echo \"timeout: invalid option -- 'k'\nTry 'timeout --help'\" >&2; exit 125",
         "the timeout of that host knows no -k"),
        (None, "there is no program timeout on that host"),
    ],
    ids=["busybox", "coreutils", "missing"],
)  # fmt: skip
async def test_a_host_that_cannot_begin_the_check_is_no_word_of_the_service(
    http_client: HttpClient, stage: Stage, tmp_path: Path, timeout: str | None, words: str
) -> None:
    stage.remove("timeout")
    if timeout is not None:
        stage.program("timeout", timeout)
    with sshd_of(stage, tmp_path / "sshd") as sshd:
        failure = failure_of(await asked(http_client, sshd, probe_of("redis-cli ping")))
    assert failure.kind is FailureKind.NOT_SERVED
    assert failure.cause == f"{words}, so that nothing was run"


async def test_a_command_that_cannot_be_run_is_no_answer(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    plain = stage.folder / "plain"
    plain.write_text("no program\n")
    failure = failure_of(await asked(http_client, sshd, probe_of(str(plain))))
    assert failure.cause.startswith(f"the program plain cannot be run on {NAME}")


async def test_a_command_that_hangs_is_no_answer(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    failure = failure_of(await asked(http_client, sshd, probe_of("sleep 600", timeout_s=1)))
    assert failure.kind is FailureKind.TIMEOUT
    assert failure.cause == "gave no complete answer within 1 s"


async def test_a_command_that_floods_is_no_answer(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    result = await asked(http_client, sshd, probe_of("head -c 99000000 /dev/zero"))
    assert failure_of(result).kind is FailureKind.TOO_BIG


async def test_what_a_command_prints_cannot_drive_the_terminal(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    stage.says("check", b"\x1b]0;owned\x07\xff\x00\xe2\x80\xae" + b"x" * 900 + b"\n\n", status=2)
    result = await asked(http_client, sshd, probe_of("check"))
    assert result.verdict is Verdict.UNHEALTHY
    assert "^[]0;owned" in result.said and "\x1b" not in result.said
    assert len(result.said) < 160


async def test_an_answer_that_is_too_slow_is_unhealthy(
    http_client: HttpClient, stage: Stage
) -> None:
    slow = timedelta(microseconds=1)
    result = await asked(http_client, None, probe_of("true", slow=slow))
    assert result.verdict is Verdict.UNHEALTHY
    assert "slower than" in result.said


async def test_a_check_runs_in_its_container(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    stage.program("docker", EXEC)
    stage.says("redis-cli", "PONG\n")
    result = await asked(http_client, sshd, probe_of("redis-cli ping", container="redis"))
    assert result.verdict is Verdict.HEALTHY
    assert result.said.startswith("PONG in ")
    assert stage.calls("docker") == ["exec redis redis-cli ping"]


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (1, "Error response from daemon: No such container: redis", "there is no container redis"),
        (1, "Error: No such container: redis", "there is no container redis"),
        (1, "Error response from daemon: container 4c1f9d is not running",
         "the container redis is not running"),
        (1, "Error response from daemon: Container redis is paused, unpause the container before "
         "exec", "the container redis is paused"),
        (1, "Error response from daemon: Container 4c1f is restarting, wait until the container "
         "is running", "the container redis is restarting"),
    ],
)  # fmt: skip
async def test_a_container_that_is_not_there_is_a_no(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None, status: int, error: str, words: str
) -> None:
    said = shlex.quote(f"{error}\n")
    stage.program("docker", f'[ "$1" = ps ] && exit 0; printf %s {said} >&2; exit {status}')
    for kind, target in ((ProbeKind.COMMAND, "redis-cli ping"), (ProbeKind.FILE, "/tmp/alive")):
        result = await asked(http_client, sshd, probe_of(target, container="redis", kind=kind))
        assert result.verdict is Verdict.UNHEALTHY
        assert result.said == words


REPLICAS = """\
case "$1 $2" in
  ps*) printf 'shop-redis-2\\nshop-redis-1\\nredis-exporter\\n-redis-3\\nshop-redis-x\\n' ;;
  "exec shop-redis-1") shift 2; exec "$@" ;;
  "exec shop-redis-2") [ -e "$0.down" ] && { echo "container $2 is not running" >&2; exit 1; }
    shift 2; exec "$@" ;;
  exec*) echo "Error response from daemon: No such container: $2" >&2; exit 1 ;;
esac"""


async def test_every_replica_of_a_service_is_asked(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    stage.program("docker", REPLICAS)
    stage.says("redis-cli", "PONG\n")
    probe = probe_of("redis-cli ping", container="redis")
    async with reaching((), sshd) as reach:
        prober = Prober(http_client, SystemClock(), HealthSource(), reach)
        well = (await prober.ask(probe)).result
        (stage.path / "docker.down").touch()
        sick = (await prober.ask(probe)).result
    assert well.verdict is Verdict.HEALTHY
    assert well.said.startswith("all 2: PONG in ")
    assert sick.verdict is Verdict.UNHEALTHY
    assert sick.said == "shop-redis-2: the container shop-redis-2 is not running"
    assert well.probe == sick.probe == probe
    # What they are called is looked up once.
    assert [call.split()[0] for call in stage.calls("docker")] == ["exec", "ps", *["exec"] * 4]


async def test_replicas_that_are_gone_are_a_no(http_client: HttpClient, stage: Stage) -> None:
    stage.program("docker", REPLICAS)
    stage.says("redis-cli", "PONG\n")
    probe = probe_of("redis-cli ping", container="redis")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(stage.path))
        async with reaching((), None) as reach:
            prober = Prober(http_client, SystemClock(), HealthSource(), reach)
            assert (await prober.ask(probe)).result.verdict is Verdict.HEALTHY
            gone = 'echo "Error: No such container: x" >&2; exit 1'
            stage.program("docker", f'[ "$1" = ps ] && exit 0; {gone}')
            result = (await prober.ask(probe)).result
            assert (result.verdict, result.said) == (
                Verdict.UNHEALTHY,
                "there is no container redis",
            )
            stage.program("docker", gone)
            assert (await prober.ask(probe)).result.verdict is Verdict.NO_ANSWER


@pytest.mark.parametrize(
    ("status", "error", "kind", "words"),
    [
        (1, "Error response from daemon: i/o timeout\n", FailureKind.STATUS,
         "docker on box did not run it: Error response from daemon: i/o timeout"),
        (1, NO_RIGHTS, FailureKind.FORBIDDEN, "docker on box does not let this login in"),
        (1, NO_DAEMON, FailureKind.REFUSED, "the docker daemon on box does not run"),
        (126, NOT_IN_IT, FailureKind.NOT_SERVED,
         "there is no program redis-cli in the container redis"),
        (127, NOT_IN_IT, FailureKind.NOT_SERVED,
         "there is no program redis-cli in the container redis"),
        (None, "", FailureKind.NOT_SERVED, "there is no program docker on box, or not in its PATH"),
    ],
)  # fmt: skip
async def test_docker_that_does_not_run_the_check_is_no_answer(
    http_client: HttpClient,
    stage: Stage,
    sshd: Sshd | None,
    status: int | None,
    error: str,
    kind: FailureKind,
    words: str,
) -> None:
    if status is not None:
        stage.says("docker", "", status=status, error=error)
    result = await asked(http_client, sshd, probe_of("redis-cli ping", container="redis"))
    failure = failure_of(result)
    assert (failure.kind, failure.cause) == (kind, words)
    assert failure.curl.endswith("docker exec redis redis-cli ping")


async def test_docker_is_run_by_sudo_where_the_host_has_it_and_the_command_is_not(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    broken = (
        "sudo: /etc/sudoers is world writable\nsudo: no valid sudoers sources found, quitting\n"
    )
    stage.says("sudo", "", status=1, error=broken)
    unread = await asked(http_client, sshd, probe_of("true", container="redis"), sudo=True)
    said = "sudo fails on box: no valid sudoers sources found, quitting"
    assert failure_of(unread).cause == said
    stage.says("sudo", "", status=1, error="sudo: a password is required\n")
    in_it = await asked(http_client, sshd, probe_of("true", container="redis"), sudo=True)
    assert failure_of(in_it).cause == "sudo wants a password on box"
    assert failure_of(in_it).curl.endswith("sudo -n docker exec redis true")
    plain = await asked(http_client, sshd, probe_of("true"), sudo=True)
    assert plain.verdict is Verdict.HEALTHY


async def test_a_file_has_to_be_there_and_be_a_file(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    alive = stage.folder / "it's alive; $(true)"
    probe = probe_of(str(alive), kind=ProbeKind.FILE)
    missing = await asked(http_client, sshd, probe)
    assert missing.verdict is Verdict.UNHEALTHY
    assert missing.said.startswith("/") and missing.said.endswith(" not found on box")
    alive.mkdir()
    assert (await asked(http_client, sshd, probe)).verdict is Verdict.UNHEALTHY
    alive.rmdir()
    alive.touch()
    there = await asked(http_client, sshd, probe)
    assert there.verdict is Verdict.HEALTHY
    assert " found in " in there.said
    stage.program("docker", EXEC)
    in_it = probe_of(str(alive), kind=ProbeKind.FILE, container="worker")
    assert (await asked(http_client, sshd, in_it)).verdict is Verdict.HEALTHY
    assert stage.calls("docker") == [f"exec worker test -f {alive}"]


async def test_a_container_without_test_tells_nothing_of_its_files(
    http_client: HttpClient, stage: Stage
) -> None:
    stage.says("docker", "", status=127, error=NOT_IN_IT.replace("redis-cli", "test"))
    stage.path.joinpath("docker").rename(stage.path / "docker.real")
    stage.program("docker", f"exec {stage.path / 'docker.real'}")
    async with reaching((), None) as reach:
        prober = Prober(http_client, SystemClock(), HealthSource(), reach)
        probe = probe_of("/tmp/alive", kind=ProbeKind.FILE, container="worker")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", str(stage.path))
            result = (await prober.ask(probe)).result
    assert failure_of(result).cause == ("there is no program test in the container worker")


async def test_a_host_that_is_not_there_is_no_answer(http_client: HttpClient) -> None:
    port = free_port()
    host = Host(NAME, address="127.0.0.1", port=port)
    ssh = SshClient(SystemClock(), SshOptions(config="", agent=False))
    prober = Prober(http_client, SystemClock(), HealthSource(), Reach(Registry((host,)), ssh))
    try:
        result = (await prober.ask(probe_of("redis-cli ping"))).result
    finally:
        await ssh.aclose()
    assert result.verdict is Verdict.NO_ANSWER
    failure = failure_of(result)
    assert failure.kind is FailureKind.REFUSED
    assert failure.curl == f"ssh -p {port} 127.0.0.1 redis-cli ping"


@pytest.mark.parametrize("fault", SshFault)
async def test_no_fault_of_the_way_is_ever_a_word_of_the_service(
    http_client: HttpClient, fault: SshFault
) -> None:
    reach = broken_reach(fault)
    prober = Prober(http_client, SystemClock(), HealthSource(), reach)
    for kind in (ProbeKind.COMMAND, ProbeKind.FILE):
        result = (await prober.ask(probe_of("/tmp/alive", kind=kind))).result
        assert result.verdict is Verdict.NO_ANSWER
        assert failure_of(result).cause == broken_words(fault)


async def test_without_a_way_onto_the_host_nothing_is_learned(http_client: HttpClient) -> None:
    nowhere = Reach(Registry((Host(NAME),)), SshClient(SystemClock()))
    for reach in (None, nowhere):
        prober = Prober(http_client, SystemClock(), HealthSource(), reach)
        result = (await prober.ask(probe_of("true"))).result
        assert result.verdict is Verdict.NO_ANSWER
        assert failure_of(result).kind is FailureKind.SETTINGS


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        ("redis-cli ping | grep PONG", "|"),
        ("a && b", "&&"),
        ("a || b", "||"),
        ("a; b", ";"),
        ("a > /tmp/x", ">"),
        ("a $(b)", "$("),
        ('a "`b`"', "`"),
        ('redis-cli -a "$PASSWORD" ping', "$P"),
        ("a ${B}", "${"),
        ("a\nb", "\n"),
        ("a 'b | c' \"d;e\"", ""),
        ("grep 'x$' /f", ""),
        ("a \\| \\$b", ""),
        ("awk '{print $1}'", ""),
        ("sh -c 'a | b && $C'", ""),
        ("a price=5$", ""),
    ],
)
def test_shell_syntax_is_seen_outside_of_quotes(text: str, syntax: str) -> None:
    assert shell_syntax_in(text) == syntax
    if syntax:
        with pytest.raises(Unusable, match="shell syntax"):
            words_of(text)


async def test_a_check_that_needs_a_shell_says_how_to_write_it(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    stage.says("redis-cli", "PONG\n")
    stage.program("grep", 'while read -r line; do [ "$line" = "$1" ] && exit 0; done; exit 1')
    bare = await asked(http_client, sshd, probe_of("redis-cli ping | grep PONG"))
    assert failure_of(bare).kind is FailureKind.SETTINGS
    assert bare.said == "the check uses shell syntax (`|`), and no shell runs it"
    assert "sh -c" in failure_of(bare).remedy
    by_shell = await asked(http_client, sshd, probe_of("sh -c 'redis-cli ping | grep PONG'"))
    assert by_shell.verdict is Verdict.HEALTHY


@pytest.mark.parametrize("text", ["", "  ", "a 'b", "''", 'a "', "a \\"])
def test_a_check_that_cannot_be_taken_apart_is_refused_in_words(text: str) -> None:
    with pytest.raises(Unusable) as caught:
        words_of(text)
    assert caught.value.kind is FailureKind.SETTINGS


@given(st.text(max_size=40))
def test_any_text_is_words_or_refused(text: str) -> None:
    try:
        words = words_of(text)
    except Unusable as error:
        assert error.cause.isprintable()
    else:
        assert words and words[0]


ENDS = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [NO_REDIS, NO_RIGHTS, NO_DAEMON, NOT_IN_IT, "PONG\n", "sh: 1: x: not found\n"]
    ).map(str.encode),
    st.sampled_from(ATTACKS).map(lambda attack: attack.encode("utf-8", "surrogatepass")),
)


@settings(max_examples=trials(usual=60, soak=5_000), deadline=None)
@given(
    st.lists(ENDS, max_size=3).map(b"\n".join),
    st.lists(ENDS, max_size=3).map(b"\n".join),
    st.sampled_from([*range(4), 124, 125, 126, 127, 128, 137, 255]),
    st.sampled_from(["redis-cli ping", "pg_isready -q", "sh -c 'a | b'", "/tmp/alive"]),
    st.sampled_from(["", "redis"]),
)
def test_whatever_a_check_prints_only_a_good_end_is_healthy(
    out: bytes, err: bytes, status: int, target: str, container: str
) -> None:
    kind = ProbeKind.FILE if target.startswith("/") else ProbeKind.COMMAND
    probe = probe_of(target, kind=kind, container=container)
    try:
        result = judged(probe, SshResult(status, out, err))
    except Unusable as error:
        assert status != 0
        assert error.cause and visible(error.cause) == error.cause
    else:
        # `None`: docker has no such container, and its replicas are looked for.
        assert result is not None or container
        if result is not None:
            assert result.said and visible(result.said) == result.said
            assert result.verdict is not Verdict.HEALTHY or status == 0
            if target == "redis-cli ping" and result.verdict is Verdict.HEALTHY:
                assert out.strip().endswith(b"PONG")


async def test_words_reach_the_program_as_they_are_written(
    http_client: HttpClient, stage: Stage, sshd: Sshd | None
) -> None:
    stage.program("check", 'for word; do printf "<%s>" "$word"; done; echo')
    text = "check 'a b' \"c'd\" '$(touch x)' -n '*' '' '--' '\\' 'é'"
    result = await asked(http_client, sshd, probe_of(text))
    assert result.said.startswith("<a b><c'd><$(touch x)><-n><*><><--><\\><é> in ")
