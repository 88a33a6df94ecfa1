"""Logs as docker, journalctl and kubectl print them, here and over a real sshd."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.schema import KubernetesSource
from console.model.failure import Failure, FailureKind
from console.model.logs import MAX_LINES, LogAnswer, LogLine, LogRequest
from console.model.registry import Host, Registry, Service, ServiceType, host_cell
from console.safety.clock import ManualClock, SystemClock
from console.safety.ssh.client import SshClient
from console.safety.text import Raw, visible
from console.sources.logs.client import MAX_BYTES, following_words, reading_of
from console.sources.logs.decode import MAX_LINE_CHARS, Lines, in_order, line_of, output_of
from console.sources.logs.place import Keeper, LogPlace, Places
from console.sources.logs.poll import Logs
from console.sources.reach import Reach
from tests.sources.stage import NAME, Stage, reaching
from tests.sshd import Sshd, running_sshd

T0 = datetime(2026, 11, 22, 3, 12, 0, tzinfo=UTC)
WINDOW = LogRequest("redis", T0, T0 + timedelta(minutes=5))
LIVE = LogRequest("redis", T0)
REDIS = Service("redis", ServiceType.DOCKER, NAME, host=NAME)
NGINX = Service("web", ServiceType.SYSTEMD, NAME, host=NAME, service_name="nginx.service")
API = Service("api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop", service_name="api-v2")
DOCKER_LINES = """\
2026-11-22T03:12:41.000000001Z 1:M * Ready to accept connections
2026-11-22T03:12:50.412345678Z 1:M # WARNING Memory overcommit must be enabled!
2026-11-22T03:12:51.100000000Z oom-score-adj 0
"""
JOURNAL_LINES = """\
-- Boot 5d8a6c0f8b6d4f0f9b0a4a3c1d2e3f40 --
2026-11-22T03:12:41.000001+0000 web-1 systemd[1]: Starting nginx.service...
2026-11-22T03:12:42.000001+00:00 web-1 nginx[311]: nginx: [emerg] bind() to 0.0.0.0:80 failed
    (98: Address already in use)
2026-11-22T03:12:43.000001+0000 web-1 systemd[1]: nginx.service: Failed with result 'exit-code'.
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path / "stage")
    for tool in ("tail", "kill", "printf"):
        real = shutil.which(tool)
        if real is not None and not (stage.path / tool).exists():
            (stage.path / tool).symlink_to(real)
    return stage


def logs_of(reach: Reach, *services: Service) -> Logs:
    host = reach.host(NAME)
    assert host is not None
    cluster = KubernetesSource(name="prod", on=NAME, context="prod")
    return Logs(reach, Registry((host,), services), SystemClock(), (cluster,))


async def read(
    sshd: Sshd | None, request: LogRequest, service: Service = REDIS, *, sudo: bool = False
) -> LogAnswer | Failure:
    async with reaching((service,), sshd, sudo=sudo) as reach:
        return await logs_of(reach, service).read(request)


async def lines_of(sshd: Sshd | None, request: LogRequest, service: Service = REDIS) -> LogAnswer:
    told = await read(sshd, request, service)
    assert isinstance(told, LogAnswer), told
    return told


async def failure_of(
    sshd: Sshd | None, service: Service = REDIS, request: LogRequest | None = None
) -> Failure:
    told = await read(sshd, request or LogRequest(service.name, T0), service)
    assert isinstance(told, Failure), told
    return told


def texts(answer: LogAnswer) -> list[str]:
    return [line.text.exact for line in answer.lines]


# Reading


async def test_both_streams_of_a_container_come_in_the_order_of_their_times(
    stage: Stage, sshd: Sshd | None
) -> None:
    out, warned, last = DOCKER_LINES.splitlines()
    stage.program("docker", f"echo '{out}'; echo '{warned}' >&2; echo '{last}'")
    told = await lines_of(sshd, WINDOW)
    assert texts(told) == [
        "1:M * Ready to accept connections",
        "1:M # WARNING Memory overcommit must be enabled!",
        "oom-score-adj 0",
    ]
    assert told.lines[1].at == datetime(2026, 11, 22, 3, 12, 50, 412345, tzinfo=UTC)
    assert not told.truncated
    assert told.source == f"docker redis on {NAME}"


async def test_the_command_that_is_shown_reads_the_same_lines_and_names_the_host(
    stage: Stage, sshd: Sshd | None
) -> None:
    stage.says("docker", DOCKER_LINES)
    told = await lines_of(sshd, WINDOW)
    words = shlex.split(told.command)
    asked = stage.calls("docker")[0]
    assert asked.startswith("logs --timestamps --since=2026-11-22T03:12:00.000000Z")
    if sshd is None:
        assert words == ["docker", *asked.split()]
    else:
        assert words[0] == "ssh" and str(sshd.port) in words
        assert " ".join(words).endswith(f"docker {asked}")


async def test_only_the_end_is_counted_off_where_the_stretch_ends_now(
    stage: Stage, sshd: Sshd | None
) -> None:
    """docker counts from the end of all it has: with an end in the past the wrong lines go."""
    stage.says("docker", DOCKER_LINES)
    await lines_of(sshd, WINDOW)
    await lines_of(sshd, LogRequest("redis", T0, tail=40))
    past, live = stage.calls("docker")
    assert "--until=2026-11-22T03:17:00.000000Z" in past and "--tail" not in past
    assert "--tail=41" in live and "--until" not in live


async def test_of_more_lines_the_newest_stay_and_it_says_so(
    stage: Stage, sshd: Sshd | None
) -> None:
    many = "".join(f"2026-11-22T03:12:{n:02}.0Z line {n}\n" for n in range(60))
    stage.says("docker", many)
    told = await lines_of(sshd, LogRequest("redis", T0, T0 + timedelta(minutes=5), tail=10))
    assert texts(told) == [f"line {n}" for n in range(50, 60)]
    assert told.truncated
    whole = await lines_of(sshd, LogRequest("redis", T0, T0 + timedelta(minutes=5), tail=60))
    assert len(whole.lines) == 60 and not whole.truncated


async def test_megabytes_cost_no_more_than_the_cap_and_the_newest_stay(
    stage: Stage, sshd: Sshd | None
) -> None:
    row = "2026-11-22T03:12:01.0Z " + "x" * 2000
    stage.program("docker", f"i=0; while [ $i -lt 3000 ]; do echo '{row}'; i=$((i+1)); done\n"
                  "echo '2026-11-22T03:12:02.0Z the last'")  # fmt: skip
    told = await lines_of(sshd, LIVE)
    assert told.truncated
    assert texts(told)[-1] == "the last"
    assert 900 < len(told.lines) < MAX_BYTES // 2000
    assert all(line.at is not None for line in told.lines)


async def test_one_line_without_an_end_is_cut_and_counted(stage: Stage, sshd: Sshd | None) -> None:
    stage.program(
        "docker", "printf '2026-11-22T03:12:01.0Z '; head -c 9000000 /dev/zero | tr '\\0' y; echo"
    )
    told = await lines_of(sshd, LIVE)
    assert told.truncated
    (line,) = told.lines
    assert line.text.exact.startswith("yyyy") and line.text.exact.endswith("bytes")
    assert line.at is None  # it stood too far in front


async def test_bytes_that_are_no_text_and_escapes_come_as_they_are_and_harm_nothing(
    stage: Stage, sshd: Sshd | None
) -> None:
    hostile = b"2026-11-22T03:12:01.0Z \xff\xfe\x1b]52;c;aGk=\x07\x1b[2J\x00\xe2\x80\xae end\r\n"
    stage.says("docker", hostile)
    told = await lines_of(sshd, LIVE)
    shown = visible(told.lines[0].text)
    assert "\x1b" not in shown and "\u202e" not in shown and shown.endswith("end")


async def test_a_unit_is_asked_of_the_journal_in_utc(stage: Stage, sshd: Sshd | None) -> None:
    stage.says("journalctl", JOURNAL_LINES)
    told = await lines_of(sshd, LogRequest("web", T0, T0 + timedelta(minutes=5)), NGINX)
    assert texts(told) == [
        "systemd[1]: Starting nginx.service...",
        "nginx[311]: nginx: [emerg] bind() to 0.0.0.0:80 failed",
        "    (98: Address already in use)",
        "systemd[1]: nginx.service: Failed with result 'exit-code'.",
    ]
    assert told.lines[1].at == datetime(2026, 11, 22, 3, 12, 42, 1, tzinfo=UTC)
    assert told.lines[2].at is None
    (asked,) = stage.calls("journalctl")
    for word in ("--unit=nginx.service", "--utc", "--no-pager", "--output=short-iso-precise"):
        assert word in asked
    assert "--since=2026-11-22 03:12:00 UTC --until=2026-11-22 03:17:01 UTC" in asked


async def test_the_journal_of_a_host_is_its_warnings(stage: Stage, sshd: Sshd | None) -> None:
    line = "2026-11-22T03:12:51.1+0000 box kernel: Killed process 1 (redis-server)\n"
    stage.says("journalctl", line)
    told = await lines_of(sshd, LogRequest(host_cell(NAME), T0))
    assert texts(told) == ["kernel: Killed process 1 (redis-server)"]
    assert "--priority=warning" in stage.calls("journalctl")[0]


async def test_a_deployment_is_asked_of_its_cluster_with_what_crashed_before(
    stage: Stage, sshd: Sshd | None
) -> None:
    stage.program(
        "kubectl",
        'case "$*" in *--previous*) echo "2026-11-22T03:12:01.0Z panic: no database";;\n'
        '*) echo "Found 3 pods, using pod/api-v2-7c9-abcde" >&2\n'
        'echo "2026-11-22T03:13:05.5Z side: up"; echo "2026-11-22T03:13:00.5Z starting";;\nesac',
    )
    told = await lines_of(sshd, LogRequest("api", T0), API)
    assert texts(told) == ["panic: no database", "starting", "side: up"]
    first = next(call for call in stage.calls("kubectl") if "--previous" not in call)
    assert first.startswith("--context prod logs deployment/api-v2 --namespace=shop")
    assert "--all-containers=true" in first and "--timestamps=true" in first


async def test_a_container_that_never_started_shows_what_crashed_and_says_so(
    stage: Stage, sshd: Sshd | None
) -> None:
    waiting = (
        'Error from server (BadRequest): container "api" in pod "api-v2-7c9-abcde" is waiting to '
        "start: CrashLoopBackOff"
    )
    stage.program(
        "kubectl",
        'case "$*" in *--previous*) echo "2026-11-22T03:12:01.0Z panic: no database";;\n'
        f"*) echo '{waiting}' >&2; exit 1;;\nesac",
    )
    told = await lines_of(sshd, LogRequest("api", T0), API)
    assert texts(told) == ["panic: no database"]
    assert told.said == "no container of api-v2 has started yet"


async def test_lines_outside_of_the_stretch_are_left_out(stage: Stage, sshd: Sshd | None) -> None:
    stage.says(
        "kubectl",
        "2026-11-22T03:00:00.0Z before\n2026-11-22T03:12:30.0Z inside\n"
        "2026-11-22T03:30:00.0Z behind\n",
    )
    told = await lines_of(sshd, LogRequest("api", T0, T0 + timedelta(minutes=5)), API)
    assert "inside" in texts(told)
    assert not {"before", "behind"} & set(texts(told))


@pytest.mark.real("sshd")
@pytest.mark.parametrize(
    ("forced", "kind", "words"),
    [
        ("echo 'This account is not available.'", FailureKind.SCHEMA,
         "got no line of a log: This account is not available."),
        ("exit 0", FailureKind.SCHEMA, "got no line of a log and nothing else"),
        ("exit 3", FailureKind.STATUS, "docker ended with 3: without a word"),
        ("kill -KILL $$", FailureKind.RESET, "was ended by signal KILL"),
        ("yes", FailureKind.TOO_BIG, "printed more than "),
    ],
    ids=["nologin", "silent", "3", "killed", "endless"],
)  # fmt: skip
async def test_a_host_that_answers_something_else_has_no_log_and_no_status_is_made_up(
    tmp_path: Path, forced: str, kind: FailureKind, words: str
) -> None:
    with running_sshd(tmp_path / "sshd", force_command=forced) as sshd:
        failure = await failure_of(sshd)
    assert failure.kind is kind
    assert words in failure.cause
    assert failure.remedy


def test_a_million_empty_lines_cost_no_more_than_those_that_were_asked_for() -> None:
    told = output_of(b"2026-11-22T03:12:01.0Z x\n" * 100 + b"\n" * 1_000_000, Keeper.DOCKER)
    assert told.lines == () and told.cut
    kept = output_of(b"\n" * 1_000_000 + b"2026-11-22T03:12:01.0Z x\n" * 100, Keeper.DOCKER)
    assert len(kept.lines) == 100 and kept.cut


async def test_an_empty_log_is_an_answer(stage: Stage, sshd: Sshd | None) -> None:
    stage.says("docker", "")
    told = await lines_of(sshd, WINDOW)
    assert told.lines == () and not told.truncated


async def test_sudo_stands_before_the_program_alone(stage: Stage, sshd: Sshd | None) -> None:
    stage.program("sudo", '[ "$1" = -n ] && shift; exec "$@"')
    stage.says("docker", DOCKER_LINES)
    told = await read(sshd, WINDOW, sudo=True)
    assert isinstance(told, LogAnswer) and len(told.lines) == 3
    assert stage.calls("sudo")[0].startswith("-n docker logs")


# Faults


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ("Error response from daemon: No such container: redis", FailureKind.NOT_SERVED,
         f"there is no container redis on {NAME}"),
        ("Error: No such container: redis", FailureKind.NOT_SERVED, "there is no container"),
        ("Error response from daemon: configured logging driver does not support reading",
         FailureKind.NOT_SERVED, "logging driver of redis"),
        ("permission denied while trying to connect to the Docker daemon socket at "
         "unix:///var/run/docker.sock", FailureKind.FORBIDDEN, "does not let this login in"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker "
         "daemon running?", FailureKind.REFUSED, "does not run"),
        ("something new \x1b[2J", FailureKind.STATUS, "docker ended with 1: something new ^["),
    ],
)  # fmt: skip
async def test_what_docker_refuses_is_told_in_plain_words(
    stage: Stage, sshd: Sshd | None, said: str, kind: FailureKind, words: str
) -> None:
    stage.says("docker", "", 1, said + "\n")
    failure = await failure_of(sshd)
    assert failure.kind is kind
    assert words in failure.cause
    assert failure.remedy and "docker logs" in failure.curl


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        ('Error from server (Forbidden): pods "x" is forbidden: User "view" cannot get resource '
         '"pods/log"', FailureKind.FORBIDDEN, "forbids to read logs in shop"),
        ('Error from server (NotFound): deployments.apps "api-v2" not found',
         FailureKind.NOT_SERVED, "there is no deployment api-v2 in shop"),
        ("The connection to the server 10.0.0.1:6443 was refused - did you specify the right "
         "host or port?", FailureKind.UNREACHABLE, "does not reach its cluster"),
        ('error: context "prod" does not exist', FailureKind.SETTINGS, "no such cluster"),
        ("error: You must be logged in to the server (Unauthorized)", FailureKind.AUTH,
         "does not know the account"),
    ],
)  # fmt: skip
async def test_what_kubernetes_refuses_is_told_in_plain_words(
    stage: Stage, sshd: Sshd | None, said: str, kind: FailureKind, words: str
) -> None:
    stage.says("kubectl", "", 1, said + "\n")
    failure = await failure_of(sshd, API)
    assert failure.kind is kind
    assert words in failure.cause


async def test_a_journal_that_may_not_be_read_is_not_an_empty_one(
    stage: Stage, sshd: Sshd | None
) -> None:
    hint = (
        "Hint: You are currently not seeing messages from other users and the system.\n"
        "      Users in groups 'adm', 'systemd-journal' can see all messages.\n"
    )
    stage.says("journalctl", "-- No entries --\n", 0, hint)
    failure = await failure_of(sshd, NGINX)
    assert failure.kind is FailureKind.FORBIDDEN
    assert "systemd-journal" in failure.remedy


async def test_a_unit_that_does_not_exist_is_named(stage: Stage, sshd: Sshd | None) -> None:
    stage.says("journalctl", "-- No entries --\n")
    stage.says("systemctl", "LoadState=not-found\n")
    failure = await failure_of(sshd, NGINX)
    assert f"there is no unit nginx.service on {NAME}" in failure.cause
    stage.says("systemctl", "LoadState=loaded\n")
    assert (await lines_of(sshd, LogRequest("web", T0), NGINX)).lines == ()


async def test_a_program_that_is_missing_is_named(stage: Stage, sshd: Sshd | None) -> None:
    failure = await failure_of(sshd)
    assert failure.cause == f"there is no docker on {NAME}"


async def test_sudo_that_wants_a_password_is_told(stage: Stage, sshd: Sshd | None) -> None:
    stage.says("sudo", "", 1, "sudo: a password is required\n")
    told = await read(sshd, WINDOW, sudo=True)
    assert isinstance(told, Failure) and told.kind is FailureKind.AUTH


async def test_a_host_that_cannot_be_reached_is_a_failure_with_the_command() -> None:
    host = Host(NAME, address="127.0.0.1", port=9)
    client = SshClient(SystemClock())
    registry = Registry((host,), (REDIS,))
    try:
        told = await Logs(Reach(registry, client), registry, SystemClock(), ()).read(WINDOW)
    finally:
        await client.aclose()
    assert isinstance(told, Failure)
    assert told.curl.startswith("ssh -p 9 127.0.0.1 ")


# Following


async def followed(logs: Logs, request: LogRequest, wanted: int) -> list[LogLine | Failure]:
    """What comes until there are `wanted` lines, or it ends."""
    came: list[LogLine | Failure] = []
    async with asyncio.timeout(30), logs.follow(request) as batches:
        async for batch in batches:
            if isinstance(batch, Failure):
                return [*came, batch]
            came += batch
            if len(came) >= wanted:
                break
    return came


async def test_new_lines_come_as_they_are_written_and_none_twice(
    stage: Stage, sshd: Sshd | None, tmp_path: Path
) -> None:
    more = tmp_path / "more"
    stage.program(
        "docker",
        "echo '2026-11-22T03:12:00.0Z known already'\necho '2026-11-22T03:12:01.0Z first'\n"
        f"while [ ! -e {more} ]; do sleep 0.02; done\n"
        "echo '2026-11-22T03:12:02.0Z second' >&2\nexec sleep 600",
    )
    async with reaching((REDIS,), sshd) as reach:
        logs = logs_of(reach, REDIS)
        came: list[str] = []
        async with asyncio.timeout(30), logs.follow(LIVE) as batches:
            async for batch in batches:
                assert not isinstance(batch, Failure), batch
                came += [line.text.exact for line in batch]
                if came == ["first"]:
                    more.touch()
                if len(came) == 2:
                    break
    assert came == ["first", "second"]
    assert "--follow" in stage.calls("docker")[0]


async def test_leaving_ends_the_program_on_the_host(
    stage: Stage, sshd: Sshd | None, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    stage.program("docker", f"echo $$ >{pid}; echo '2026-11-22T03:12:01.0Z x'; exec sleep 600")
    async with reaching((REDIS,), sshd) as reach:
        assert len(await followed(logs_of(reach, REDIS), LIVE, 1)) == 1
        process = Path("/proc") / pid.read_text().strip()
        async with asyncio.timeout(20):
            # A process tells nobody that it ends.
            while process.exists() and "sleep" in (process / "cmdline").read_text():  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def test_a_container_that_ends_ends_the_following_with_its_reason(
    stage: Stage, sshd: Sshd | None
) -> None:
    stage.program("docker", "echo '2026-11-22T03:12:01.0Z bye'")
    async with reaching((REDIS,), sshd) as reach:
        line, failure = await followed(logs_of(reach, REDIS), LIVE, 2)
    assert isinstance(line, LogLine) and line.text == Raw("bye")
    assert isinstance(failure, Failure) and "the container has ended" in failure.cause


async def test_a_container_that_is_missing_cannot_be_followed(
    stage: Stage, sshd: Sshd | None
) -> None:
    stage.says("docker", "", 1, "Error response from daemon: No such container: redis\n")
    async with reaching((REDIS,), sshd) as reach:
        (failure,) = await followed(logs_of(reach, REDIS), LIVE, 1)
    assert isinstance(failure, Failure) and "no container redis" in failure.cause


# Where a log is


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (Service("p", ServiceType.PAGE, "pages"), "a page keeps no log"),
        (Service("t", ServiceType.TARGET, "x"), "only as a scrape target"),
        (Service("h", ServiceType.HTTP, NAME, host=NAME), "does not say what runs it"),
        (Service("d", ServiceType.DOCKER, "dark", host="dark"), "there is no SSH to dark"),
        (Service("d", ServiceType.DOCKER, NAME, host=NAME, service_name="--help"), "no name that"),
        (Service("d", ServiceType.SYSTEMD, NAME, host=NAME, service_name="a*"), "no name that"),
        (Service("k", ServiceType.K8S_DEPLOYMENT, "shop", namespace="-n"), "no name that"),
    ],
)
def test_what_has_no_log_says_why(service: Service, why: str) -> None:
    registry = Registry((Host(NAME, address="local", roles=("k8s",)), Host("dark")), (service,))
    place = Places(registry, ()).place_of(service.name)
    assert isinstance(place, str) and why in place


def test_without_a_cluster_in_the_settings_the_first_host_of_the_role_is_asked() -> None:
    hosts = (Host("a", address="local"), Host("b", address="10.0.0.2", roles=("k8s",), sudo=True))
    place = Places(Registry(hosts, (API,)), ()).place_of("api")
    assert isinstance(place, LogPlace)
    assert (place.host, place.program) == ("b", ("kubectl",))


def test_a_log_is_read_by_the_same_kubectl_that_lists_the_pods() -> None:
    hosts = (Host("b", address="10.0.0.2", sudo=True),)
    k3s = KubernetesSource(name="k3s", on="b", command=("sudo", "-n", "k3s", "kubectl"))
    place = Places(Registry(hosts, (API,)), (k3s,)).place_of("api")
    assert isinstance(place, LogPlace)
    assert (place.host, place.program) == ("b", ("sudo", "-n", "k3s", "kubectl"))


def test_a_name_is_never_a_word_that_a_program_takes_for_an_option() -> None:
    unit = LogPlace(Keeper.JOURNAL, "a", "-.mount", program=("journalctl",))
    for words in (reading_of(unit, WINDOW).argv, following_words(unit, T0)):
        assert "--unit=-.mount" in words and "-.mount" not in words


# Totality


@given(st.binary(max_size=400), st.sampled_from(list(Keeper)))
def test_any_bytes_are_read(data: bytes, keeper: Keeper) -> None:
    output = output_of(data, keeper)
    assert len(output.lines) + len(output.said) <= data.count(b"\n") + 1
    known = [line.at for line in in_order(output.lines) if line.at is not None]
    assert known == sorted(known) and len(in_order(output.lines)) == len(output.lines)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_lines_come_whole_however_they_are_cut(pieces: list[bytes]) -> None:
    cutter = Lines()
    came = [line for piece in pieces for line, _ in cutter.feed(piece)]
    assert [*came, cutter.rest()[0]] == b"".join(pieces).split(b"\n")


def test_a_line_of_100_megabytes_is_held_in_kilobytes() -> None:
    cutter = Lines()
    for _ in range(100):
        assert list(cutter.feed(b"x" * 1_000_000)) == []
    ((line, size),) = cutter.feed(b"\n")
    assert size == 100_000_000
    shown = line_of(line, size, Keeper.DOCKER).text.exact
    assert len(shown) < MAX_LINE_CHARS + 40 and shown.endswith("… 100,000,000 bytes")


@pytest.mark.parametrize("stamp", ["2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "2026"])
def test_a_time_that_cannot_be_is_text(stamp: str) -> None:
    assert line_of(f"{stamp} x".encode(), 1, Keeper.DOCKER).at is None


def test_a_request_for_more_than_is_kept_is_cut_to_that() -> None:
    place = LogPlace(Keeper.DOCKER, "local", "redis", program=("docker",))
    assert reading_of(place, LogRequest("redis", tail=10**9)).tail == MAX_LINES


async def test_why_not_is_asked_without_the_network() -> None:
    registry = Registry((Host(NAME, address="203.0.113.1"),), (REDIS, NGINX))
    client = SshClient(SystemClock())
    logs = Logs(Reach(registry, client), registry, ManualClock(T0), ())
    assert logs.why_not("redis") == ""
    assert "is not in services.yaml" in logs.why_not("nobody")
