"""Commands are carried out here and on a host alike, and what came of them is true."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from console.runbook.running import wrapper
from console.runbook.running.answer import answer_in
from console.runbook.running.job import HERE, KEPT_BYTES
from console.runbook.running.lock import key_of
from console.runbook.running.runner import Runner
from tests.runbook.places_to_run import (
    BOX,
    LONG,
    Heard,
    Seen,
    ended_with,
    fresh_id,
    job,
    marker,
    runner_on,
    sshd_host,
)
from tests.soak import trials
from tests.sshd import Sshd
from tests.waiting import until

pytestmark = pytest.mark.real("sshd")

EVERYWHERE = pytest.mark.parametrize("host", [HERE, BOX])
TOOLS = (
    *(
        "sh",
        "env",
        "cat",
        "sleep",
        "ls",
        "mkdir",
        "mkfifo",
        "tee",
        "tail",
        "head",
        "wc",
        "sed",
        "awk",
    ),
    *("grep", "find", "id", "mv", "rm", "setsid"),
)
SIGNS = (
    *("'", '"', "`", "$", "\\", "(", ")", ";", "|", "&", "<", ">", "*", "?", "[", "]", "{", "}"),
    *("~", "!", "#", "=", "%", "^", " ", "\t", "-", ",", "a", "Z", "0", "é", "\u0441", "\u20ac"),
    *("\U0001f525", "\u202e", "\u200b", "\x81", "\xa0", "\udc80"),
)
TRICKS = (
    *("$(touch PWNED)", "`touch PWNED`", "'; touch PWNED; '", '"; touch PWNED; "', "| touch PWNED"),
    *("-rf", "--", "-n", "", " ", "\t", "$HOME", "${HOME}", "\\", "\\\\", "'", "''", "a'b", "!!"),
    *("*", "~", "\\n", "%s%n", "&& touch PWNED #", ") touch PWNED", "}", "EOF", "${IFS}x", "\\'"),
)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd_host(tmp_path_factory.mktemp("box")) as server:
        yield server


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("ONCALL_LOCKS", str(tmp_path))


@pytest.fixture
async def runner(sshd: Sshd) -> AsyncIterator[Runner]:
    async with runner_on(sshd) as runner:
        yield runner


@EVERYWHERE
async def test_both_streams_and_the_status_come_back_as_they_were(
    runner: Runner, host: str
) -> None:
    heard = Heard()
    script = r"printf '\033]0;owned\007\377\376'; echo no >&2; exit 3"
    finished = await runner.run(job(script, host=host), heard)
    assert ended_with(finished, 3)
    assert finished.stdout == b"\x1b]0;owned\x07\xff\xfe" == heard.streams[1]
    assert finished.stderr == b"no\n" == heard.streams[2]
    assert (finished.stdout_bytes, finished.stderr_bytes, finished.is_cut) == (12, 3, False)
    assert finished.took_s is not None


@EVERYWHERE
async def test_a_command_has_no_input_no_terminal_and_begins_at_home(
    runner: Runner, host: str
) -> None:
    script = 'cat; tty; [ "$PWD" = "$(cd "$HOME" && pwd -P)" ] || [ "$PWD" = "$HOME" ]'
    finished = await runner.run(job(script, host=host))
    assert ended_with(finished, 0)
    assert finished.stdout == b"not a tty\n"


async def test_a_command_that_runs_shows_what_it_prints_meanwhile(runner: Runner) -> None:
    heard, go = Heard(), fresh_id()
    one = job(f"echo begun; until [ -e $HOME/{go} ]; do sleep 0.05; done; echo over", host=BOX)
    running = asyncio.ensure_future(runner.run(one, heard))
    await heard.until(b"begun\n")
    assert not running.done()
    assert ended_with(await runner.run(job(f"> $HOME/{go}", host=BOX)), 0)
    assert (await running).stdout == b"begun\nover\n" == heard.streams[1]


@pytest.mark.parametrize("status", [1, 124, 126, 127, 137, 255])
async def test_a_status_is_its_own_whatever_it_is_used_for_elsewhere(
    runner: Runner, status: int
) -> None:
    finished = await runner.run(job(f"exit {status}"))
    assert ended_with(finished, status)
    assert not finished.timed_out and not finished.stopped


async def test_what_does_not_end_in_its_time_is_ended_and_has_no_status(runner: Runner) -> None:
    finished = await runner.run(job(f"echo begun; {LONG}61234 | cat", host=BOX, timeout_s=1))
    assert finished.timed_out and finished.exit_status is None and not finished.is_unknown
    assert "within 1 s" in finished.fault and finished.remedy
    assert finished.stdout == b"begun\n"
    assert f"{LONG}61234".encode() not in Seen().arguments


async def test_a_signal_is_told(runner: Runner) -> None:
    finished = await runner.run(job("kill -KILL $$"))
    assert finished.exit_status == 137
    assert "signal 9" in finished.notes[0]


@pytest.mark.parametrize(
    "size", [0, KEPT_BYTES - 1, KEPT_BYTES, KEPT_BYTES + 1, 2 * KEPT_BYTES, 2 * KEPT_BYTES + 1]
)
async def test_of_long_output_the_beginning_and_the_end_are_kept(runner: Runner, size: int) -> None:
    heard = Heard()
    finished = await runner.run(job(f"seq 1 400000 | head -c {size} >&2"), heard)
    whole = b"".join(b"%d\n" % number for number in range(1, 400001))[:size]
    kept = whole if size <= 2 * KEPT_BYTES else whole[:KEPT_BYTES] + whole[-KEPT_BYTES:]
    assert finished.stderr == kept == heard.streams[2]
    assert finished.stderr_bytes == size
    assert finished.is_cut == (size > 2 * KEPT_BYTES)


async def test_100_megabytes_neither_end_a_command_nor_fill_the_disk(
    runner: Runner, sshd: Sshd
) -> None:
    one = job("head -c 100000000 /dev/zero && echo end; exit 7", host=BOX)
    finished = await runner.run(one)
    assert ended_with(finished, 7)
    assert finished.stdout_bytes == 100_000_004 and finished.is_cut
    assert len(finished.stdout) == 2 * KEPT_BYTES and finished.stdout.endswith(b"\0end\n")
    kept = sum(path.stat().st_size for path in marker(sshd, one.id).iterdir())
    assert kept < 3 * KEPT_BYTES


async def test_what_it_leaves_running_with_its_output_does_not_hold_it_up(runner: Runner) -> None:
    finished = await runner.run(job(f"echo begun; {LONG}51234 & exit 4"))
    assert ended_with(finished, 4)
    assert finished.stdout == b"begun\n"
    assert "still running on this machine" in finished.notes[0]
    left = int(finished.notes[0].partition(": ")[2].partition(" ")[0])
    os.kill(left, signal.SIGKILL)
    read = await runner.run(job(f"{LONG}51235 & exit 4", keeps_marker=False))
    assert ended_with(read, 4) and not read.notes
    assert f"{LONG}51235".encode() not in Seen().arguments


def _nasty(chooser: random.Random) -> str:
    kind = chooser.random()
    if kind < 0.4:
        text = chooser.choice(TRICKS)
    elif kind < 0.99:
        text = "".join(chooser.choices(SIGNS, k=chooser.randrange(1, 24)))
    else:
        text = "".join(chooser.choices(SIGNS, k=4000))
    return "".join(sign for sign in text if sign != "\udc80" and not "\x7f" <= sign <= "\x9f")


async def test_values_arrive_as_they_are_and_are_never_read_as_commands(
    runner: Runner, sshd: Sshd
) -> None:
    """A set has three values; a job dumps the arguments of fifty sets, each after the other."""
    sets, together = trials(usual=1000, soak=50_000), 50
    chooser = random.Random(20261123)
    before = {path.name for path in sshd.folder.iterdir()}
    for _ in range(sets // together):
        values = {f"V_{number}": _nasty(chooser) for number in range(3 * together)}
        words = " ".join(f'"${name}"' for name in values)
        one = job(f"env printf '%s\\0' {words}", host=BOX, values=values, keeps_marker=False)
        finished = await runner.run(one)
        assert ended_with(finished, 0), finished
        assert finished.stdout.decode().split("\0")[:-1] == list(values.values())
        assert not marker(sshd, one.id).exists()
    made = {path.name for path in sshd.folder.iterdir()} - before
    assert made <= {".local"}
    assert not list(sshd.folder.rglob("PWNED"))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"A": "one\ntwo"}, "one line"),
        ({"A": "x\0y"}, "one line"),
        ({"A": "x\rb"}, "one line"),
        ({"A": "\udcff"}, "UTF-8"),
        ({"PATH": "/tmp"}, "PATH"),
        ({"LD_PRELOAD": "x"}, "LD_PRELOAD"),
        ({"XDG_STATE_HOME": "x"}, "XDG_STATE_HOME"),
        ({"a;b": "x"}, "a;b"),
        ({"A": "x" * 70_000}, "64"),
    ],
)
async def test_a_value_that_cannot_be_handed_over_starts_nothing(
    runner: Runner, sshd: Sshd, values: dict[str, str], why: str
) -> None:
    one = job("true", host=BOX, values=values)
    finished = await runner.run(one)
    assert finished.exit_status is None and why.replace("64", "65,536") in finished.fault
    assert not finished.is_unknown
    assert not marker(sshd, one.id).exists()


@EVERYWHERE
async def test_a_secret_is_in_the_shell_alone(
    runner: Runner, sshd: Sshd, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, plain, heard = "canary-'\"$(id) 7731", "plain-canary-7732", Heard()
    monkeypatch.setenv("S", "of the environment")
    script = (
        'echo ready; [ "${#S}" = 19 ] || exit 9; sh -c \'echo "child: ${S-none}"\';'
        ' until [ -e "$HOME/$GO" ]; do sleep 0.05; done; printf %s "$S"; rm "$HOME/$GO"'
    )
    values = {"PLAIN": plain, "GO": fresh_id()}
    one = job(script, host=host, values=values, secret={"S": secret})
    if host == HERE:
        monkeypatch.setenv("HOME", str(sshd.folder))
    running = asyncio.ensure_future(runner.run(one, heard))
    await heard.until(b"child: ")
    seen = Seen()
    assert plain.encode() in seen.environs and plain.encode() not in seen.arguments
    for part in (seen.environs, seen.arguments):
        assert b"canary-'" not in part
    folder = marker(sshd, one.id, host)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files and folder.stat().st_mode & 0o777 == 0o700
    assert not any(b"canary" in path.read_bytes() for path in files)
    (sshd.folder / values["GO"]).touch()
    finished = await running
    assert ended_with(finished, 0)
    assert finished.stdout == b"ready\nchild: none\n" + secret.encode()


@EVERYWHERE
async def test_a_reading_command_leaves_nothing_behind_and_another_leaves_its_marker(
    runner: Runner, sshd: Sshd, host: str
) -> None:
    read = job("echo read", host=host, keeps_marker=False)
    assert (await runner.run(read)).stdout == b"read\n"
    assert not marker(sshd, read.id, host).exists()
    changes = job("echo changed; exit 5", host=host)
    await runner.run(changes)
    again = await runner.rejoin(changes.id, host)
    assert again is not None and again.exit_status == 5 and again.stdout == b"changed\n"
    await runner.forget(changes.id, host)
    assert not marker(sshd, changes.id, host).exists()
    assert await runner.rejoin(changes.id, host) is None


async def test_one_name_runs_once(runner: Runner, sshd: Sshd) -> None:
    one = job('echo ran >>"$HOME/ran-once"; sleep 0.3', host=BOX)
    ends = await asyncio.gather(*(runner.run(one) for _ in range(4)))
    assert (sshd.folder / "ran-once").read_text() == "ran\n"
    assert [each.exit_status for each in ends].count(0) == 1
    assert [bool(each.fault) for each in ends].count(True) == 3


STUBBORN = {
    f"{LONG}71231": "a command",
    f"trap '' TERM; {LONG}71232": "one that ignores TERM",
    f"{LONG}71233 | cat | cat": "a pipeline",
    f"{LONG}71234 & {LONG}71235": "a child in the background",
    f"setsid {LONG}71236 & {LONG}71237": "a child that left the session",
    f"sh -c 'trap \"\" TERM HUP; {LONG}71238 & wait' & exec {LONG}71239": "all of it",
}


async def test_what_is_stopped_is_gone_from_the_host(runner: Runner) -> None:
    async def one_of(script: str) -> None:
        heard = Heard()
        one = job(f"echo begun; {script}", host=BOX)
        running = asyncio.ensure_future(runner.run(one, heard))
        await heard.until(b"begun")
        stopped = await runner.stop(one.id, BOX)
        assert stopped.is_gone, stopped
        finished = await running
        assert finished.stopped and finished.exit_status is None and not finished.is_unknown
        assert finished.stdout == b"begun\n"

    assert f"{LONG}7123".encode() not in Seen().arguments
    await asyncio.gather(*map(one_of, STUBBORN))
    assert f"{LONG}7123".encode() not in Seen().arguments


async def test_stopping_spares_what_is_not_of_the_command(runner: Runner) -> None:
    bystander = await asyncio.create_subprocess_exec(*f"{LONG}71240".split())
    heard, other = Heard(), Heard()
    beside = asyncio.ensure_future(runner.run(job("echo up; sleep 1; exit 6"), other))
    one = job(f"echo up; {LONG}71241")
    running = asyncio.ensure_future(runner.run(one, heard))
    await asyncio.gather(heard.until(b"up"), other.until(b"up"))
    assert (await runner.stop(one.id, HERE)).is_gone
    assert (await running).stopped
    assert ended_with(await beside, 6)
    assert bystander.returncode is None
    bystander.kill()
    await bystander.wait()
    over = await runner.stop(one.id, HERE)
    assert over.is_gone and "ended" in over.said
    unknown = await runner.stop(fresh_id(), HERE)
    assert unknown.is_gone and "does not run" in unknown.said


async def test_a_command_that_was_stopped_before_it_came_never_begins(runner: Runner) -> None:
    one = job("echo ran")
    await runner.stop(one.id, HERE)
    finished = await runner.run(one)
    assert finished.exit_status is None and finished.fault and not finished.stdout


async def test_a_command_that_was_looked_for_in_vain_never_begins_later(runner: Runner) -> None:
    one = job("echo ran")
    assert await runner.rejoin(one.id, HERE) is None
    finished = await runner.run(one)
    assert finished.exit_status is None and finished.fault and not finished.stdout
    assert await runner.rejoin(one.id, HERE) is None


async def test_cancelling_ends_what_reads_and_leaves_the_rest(runner: Runner, sshd: Sshd) -> None:
    reads = job(f"echo begun; {LONG}71250", host=BOX, keeps_marker=False)
    changes = job("echo begun; sleep 1; echo done", host=BOX)
    for one in (reads, changes):
        heard = Heard()
        running = asyncio.ensure_future(runner.run(one, heard))
        await heard.until(b"begun")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert f"{LONG}71250".encode() not in Seen().arguments
    assert not marker(sshd, reads.id).exists()
    finished = await runner.rejoin(changes.id, BOX)
    assert finished is not None and finished.stdout == b"begun\ndone\n"


@EVERYWHERE
async def test_a_colleague_who_holds_the_lock_is_named(
    runner: Runner, sshd: Sshd, host: str
) -> None:
    heard = Heard()
    first = job(f"echo begun; {LONG}71260", host=host, lock="redis", who="mei, cache-down")
    running = asyncio.ensure_future(runner.run(first, heard))
    await heard.until(b"begun")
    async with runner_on(sshd) as other:
        second = job("echo ran", host=host, lock="redis", who="kai")
        busy = await other.run(second)
        assert busy.busy == "mei, cache-down" and busy.exit_status is None and not busy.stdout
        assert await other.holders("redis", host) == ("mei, cache-down",)
        assert await other.holders("postgres", host) == ()
        assert ended_with(await other.run(job("true", host=host, lock="postgres")), 0)
        await runner.stop(first.id, host)
        await running
        assert await other.holders("redis", host) == ()
        assert ended_with(await other.run(msgspec.structs.replace(second, id=fresh_id())), 0)


async def test_the_lock_of_another_user_counts_and_what_they_write_is_harmless(
    runner: Runner, tmp_path: Path
) -> None:
    theirs = tmp_path / f"oncall-{key_of('redis')}-4242"
    theirs.write_bytes(b"\x1b[2J[red]mei" + b"x" * 5000)
    assert await runner.holders("redis", HERE) == ()
    with theirs.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held_by = await runner.holders("redis", HERE)
        assert isinstance(held_by, tuple)
        (said,) = held_by
        assert "\x1b" not in said and "mei" in said and len(said) < 200
        assert (await runner.run(job("true", lock="redis"))).busy == said
        (tmp_path / f"oncall-{key_of('redis')}-4243").symlink_to(theirs)
        assert len(await runner.holders("redis", HERE)) == 1
    assert ended_with(await runner.run(job("true", lock="redis")), 0)


async def test_a_lock_file_follows_no_link(runner: Runner, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / f"oncall-{key_of('redis')}-{os.getuid()}").symlink_to(victim)
    finished = await runner.run(job("true", lock="redis"))
    assert ended_with(finished, 0) and "somebody else's" in finished.notes[0]
    assert victim.read_text() == "mine"


def _only(folder: Path, *programs: str, **others: str) -> str:
    """A PATH with these programs alone."""
    folder.mkdir()
    for name in programs:
        others.setdefault(name, name)
    for name, real in others.items():
        found = shutil.which(real)
        assert found is not None
        (folder / name).symlink_to(found if real == name else os.path.realpath(found))
    return str(folder)


async def test_any_posix_host_will_do(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = [tool for tool in TOOLS if tool != "setsid"]
    for number, path in enumerate(
        [
            _only(tmp_path / "plain", *TOOLS),
            _only(tmp_path / "perl", *less, "perl"),
            _only(tmp_path / "bash", *TOOLS, sh="bash"),
        ]
    ):
        with monkeypatch.context() as patched:
            patched.setenv("PATH", path)
            one = job('echo "$A-$S"; exit 8', values={"A": "x  '"}, secret={"S": "$y"}, lock="l")
            finished = await runner.run(one)
            assert finished.exit_status == 8 and finished.stdout == b"x  '-$y\n", (number, finished)
            assert finished.notes == (
                "no flock on this machine: nobody can tell who else runs one there",
            )
            assert isinstance(await runner.holders("l", HERE), str)
            heard, slow = Heard(), job(f"echo up; {LONG}7127{number}")
            running = asyncio.ensure_future(runner.run(slow, heard))
            await heard.until(b"up")
            assert (await runner.stop(slow.id, HERE)).is_gone
            assert (await running).stopped
            assert f"{LONG}7127{number}".encode() not in Seen().arguments


async def test_what_a_host_lacks_is_said_and_nothing_is_started(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    less = [tool for tool in TOOLS if tool not in ("setsid", "mkfifo")]
    for folder, programs, shell, said in (
        ("a", TOOLS, "bash", "there is no bash on this machine"),
        ("b", [*less, "setsid"], "sh", "there is no mkfifo on this machine"),
        ("c", [*less, "mkfifo"], "sh", "apart from its session"),
    ):
        with monkeypatch.context() as patched:
            patched.setenv("PATH", _only(tmp_path / folder, *programs))
            finished = await runner.run(job("true", shell=shell))
        assert said in finished.fault and finished.remedy and not finished.is_unknown


async def test_only_hosts_of_the_registry_are_reached(runner: Runner) -> None:
    for host, said in (("nowhere", "no host of services.yaml"), ("paper", "address")):
        finished = await runner.run(job("true", host=host))
        assert said in finished.fault and not finished.is_unknown
        assert not (await runner.stop(fresh_id(), host)).is_gone
        assert isinstance(await runner.holders("redis", host), str)


async def test_a_watcher_that_was_killed_is_told_and_is_no_pass(runner: Runner, sshd: Sshd) -> None:
    heard, one = Heard(), job(f"echo begun; {LONG}71280", host=BOX)
    running = asyncio.ensure_future(runner.run(one, heard))
    await heard.until(b"begun")
    watcher = int((marker(sshd, one.id) / "pid").read_text().split()[0])
    os.kill(watcher, signal.SIGKILL)
    finished = await running
    assert "it was cut off" in finished.fault and finished.exit_status is None
    assert not finished.is_unknown and finished.stdout == b"begun\n"
    assert "still running on box" in finished.notes[0] and "(sleep)" in finished.notes[0]
    assert (await runner.stop(one.id, BOX)).is_gone
    assert f"{LONG}71280".encode() not in Seen().arguments


def test_half_of_a_script_does_nothing(tmp_path: Path) -> None:
    script = wrapper.start(job("touch ran", secret={"S": "x"}), "nonce", "mark")
    chooser = random.Random(7)
    for at in [len(script) - 2, *(chooser.randrange(len(script) - 2) for _ in range(15))]:
        subprocess.run(
            ["sh", "-s"],
            input=script[:at],
            env={**os.environ, "HOME": str(tmp_path)},
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    assert not (tmp_path / "state").exists()


def test_what_else_a_host_prints_is_no_answer() -> None:
    whole = b"\nn ended 2 0 1 0 0 3 2 1 1.00 3.50 0 0\nhi!more"
    answer = answer_in(b"Welcome!\nother ended 0 0 0 0 0 0 0 0 0 0 0 0" + whole, "n")
    assert answer is not None
    assert answer.heads == (b"hi", b"!") and answer.ended is not None
    assert answer.ended.status == 3 and answer.ended.took_s == 2.5
    assert answer_in(b"\nother running 0 0 0 0 0\n", "n") is None
    for at in range(len(whole) - len(b"more")):
        assert answer_in(whole[:at], "n") is None
    for hostile in (b"-1 0 0 0 0 3 2 1 1 3 0 0", b"x", b"", b"1 1 1 1 1", b"9999999999 0 0 0 0"):
        assert answer_in(b"\nn ended " + hostile + b"\nabc", "n") is None


async def test_old_markers_are_cleared_away_but_the_newest_and_what_lives(
    runner: Runner, sshd: Sshd
) -> None:
    """So a clock of the host that is set right, years on, takes no outcome away."""
    heard, alive = Heard(), job("echo up; sleep 1; exit 3")
    running = asyncio.ensure_future(runner.run(alive, heard))
    await heard.until(b"up")
    runs = [marker(sshd, f"old.{number}", HERE) for number in range(22)]
    for number, folder in enumerate(runs):
        folder.mkdir()
        os.utime(folder, (1_000_000_000, 1_000_000_000 + number))
    os.utime(marker(sshd, alive.id, HERE), (900_000_000, 900_000_000))
    one = job("true")
    await runner.run(one)

    async def is_there() -> bool:
        return runs[0].exists()

    await until(is_there, lambda found: not found)
    assert marker(sshd, one.id, HERE).exists() and runs[-1].exists()
    assert ended_with(await running, 3)
