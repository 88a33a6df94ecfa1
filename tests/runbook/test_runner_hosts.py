"""Hosts that are not as one would wish: full disks, odd shells, what cannot be ended, restarts."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.model.registry import Registry
from console.runbook.running import marker as markers
from console.runbook.running.answer import Ended, answer_in, finished_of
from console.runbook.running.job import HERE, KEPT_BYTES
from console.runbook.running.runner import Runner
from console.safety.clock import SystemClock
from console.safety.files import make_scratch_dir, remove_scratch_dir
from console.safety.ssh.client import SshClient
from console.sources.reach import Reach
from tests.runbook.places_to_run import (
    BOX,
    LONG,
    Heard,
    Seen,
    ended_with,
    fresh_id,
    job,
    runner_on,
    sshd_host,
)
from tests.sshd import running_sshd

WAYS = ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "shared", "TMPDIR")


class Places:
    """Where this machine may keep markers, each to be made impossible and possible again.

    A file stands where the folder would be: no user can make a folder there, root neither.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        (folder / "file").touch()
        self.open(*WAYS)

    def open(self, *names: str) -> None:
        """These alone are there."""
        for name in WAYS:
            path = self.folder / name if name in names else self.folder / "file" / "below"
            if name in names:
                path.mkdir(exist_ok=True)
            if name == "shared":
                self._monkeypatch.setattr(markers, "SHARED", str(path))
            else:
                self._monkeypatch.setenv(name, str(path))

    def root(self, name: str) -> Path:
        """The folder of all markers in that place."""
        below = "oncall/runs" if name == "XDG_STATE_HOME" else f"oncall-runs-{os.getuid()}"
        return self.folder / name / below


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("ONCALL_LOCKS", str(tmp_path))
    return Places(tmp_path, monkeypatch)


@pytest.fixture
def runner() -> Runner:
    """This machine alone."""
    reach = Reach(Registry(()), SshClient(SystemClock()))
    return Runner(lambda: reach, SystemClock())


@pytest.mark.parametrize("name", WAYS[1:])
async def test_a_home_that_cannot_be_written_is_no_reason_not_to_run(
    runner: Runner, places: Places, name: str
) -> None:
    places.open(name)
    heard, go = Heard(), places.folder / fresh_id()
    one = job(f"echo up; until [ -e {go} ]; do sleep 0.05; done; exit 5")
    running = asyncio.ensure_future(runner.run(one, heard))
    await heard.until(b"up\n")
    kept = places.root(name) / one.id
    assert kept.stat().st_mode & 0o777 == 0o700 == places.root(name).stat().st_mode & 0o777
    places.open(name, "XDG_STATE_HOME")  # it has room again: nothing is lost by that
    go.touch()
    finished = await running
    assert ended_with(finished, 5) and finished.stdout == b"up\n"
    assert str(kept) in finished.notes[0] and "this machine" in finished.notes[0]
    again = await runner.rejoin(one.id, HERE)
    assert again is not None and ended_with(again, 5) and again.stdout == b"up\n"
    assert "before" in (await runner.run(one)).fault
    await runner.forget(one.id, HERE)
    assert not kept.exists() and await runner.rejoin(one.id, HERE) is None


async def test_what_runs_there_can_be_stopped(runner: Runner, places: Places) -> None:
    places.open("shared")
    heard, one = Heard(), job(f"echo up; {LONG}91231")
    running = asyncio.ensure_future(runner.run(one, heard))
    await heard.until(b"up")
    places.open(*WAYS)
    assert (await runner.stop(one.id, HERE)).is_gone
    assert (await running).stopped
    assert f"{LONG}91231".encode() not in Seen().arguments
    read = await runner.run(job("echo read", keeps_marker=False))
    assert ended_with(read, 0) and not read.notes


async def test_a_marker_that_the_host_forgot_is_not_taken_for_what_never_began(
    runner: Runner, places: Places
) -> None:
    """Memory goes with the last session of its user; what never began might be begun anew."""
    places.open("TMPDIR", "shared")
    one = job("true")
    assert ended_with(await runner.run(one), 0)
    shutil.rmtree(places.root("TMPDIR"))
    for _ in range(2):
        again = await runner.rejoin(one.id, HERE)
        assert again is not None and "is gone" in again.fault and again.exit_status is None
        assert not again.is_unknown
        assert (await runner.stop(one.id, HERE)).is_gone
    await runner.forget(one.id, HERE)
    assert not list(places.root("shared").iterdir())


@pytest.mark.parametrize("trap", ["open to all", "a link", "a link to nowhere", "a file"])
async def test_a_folder_that_somebody_else_made_is_neither_believed_nor_used(
    runner: Runner, places: Places, trap: str
) -> None:
    one = job("exit 9")
    places.open("TMPDIR", "shared")
    await runner.run(one)
    theirs = places.root("TMPDIR")
    if trap == "open to all":
        theirs.chmod(0o777)
    else:
        hidden = theirs.rename(places.folder / "hidden")
        if trap == "a file":
            theirs.touch()
        else:
            theirs.symlink_to(hidden if trap == "a link" else places.folder / "nowhere")
    another = job("exit 3")
    finished = await runner.run(another)
    assert ended_with(finished, 3) and str(places.root("shared")) in finished.notes[0]
    again = await runner.rejoin(one.id, HERE)
    assert again is None or (again.exit_status is None and not again.is_unknown)
    assert not (places.folder / "nowhere").exists()
    places.open("TMPDIR")
    refused = await runner.run(job("echo ran"))
    assert refused.exit_status is None and not refused.stdout and refused.remedy
    assert "somebody else's" in refused.fault


async def test_where_no_place_is_left_nothing_is_started(runner: Runner, places: Places) -> None:
    places.open()
    finished = await runner.run(job("echo ran"))
    assert "cannot keep a marker" in finished.fault and "Not a directory" in finished.fault
    assert "XDG_STATE_HOME" in finished.remedy and not finished.stdout and not finished.is_unknown
    assert await runner.rejoin(fresh_id(), HERE) is None
    assert (await runner.stop(fresh_id(), HERE)).is_gone


@pytest.mark.parametrize("keeps_marker", [True, False])
async def test_a_disk_that_fills_meanwhile_does_not_hide_how_it_ended(
    runner: Runner, places: Places, keeps_marker: bool
) -> None:
    """What is written to /dev/full fails as on a full disk; not even what is there can be kept."""
    one = job("", keeps_marker=keeps_marker)
    here = places.root("XDG_STATE_HOME") / one.id
    script = f"cd {here} && ln -sf /dev/full rc.new && echo out; exit 5"
    one = job(script, named=one.id, keeps_marker=keeps_marker)
    finished = await runner.run(one)
    assert ended_with(finished, 5) and finished.stdout == b"out\n"
    again = await runner.rejoin(one.id, HERE)
    if keeps_marker:
        assert again is not None and ended_with(again, 5) and again.stdout == b"out\n"
        assert (await runner.stop(one.id, HERE)).is_gone
        await runner.forget(one.id, HERE)
        assert await runner.rejoin(one.id, HERE) is None
    else:
        assert again is None
    assert not list(places.folder.rglob(f"{one.id}.*"))


async def test_where_nothing_can_be_kept_the_end_waits_for_room(
    runner: Runner, places: Places
) -> None:
    one = job("")
    places.open("XDG_STATE_HOME")
    new = places.root("XDG_STATE_HOME") / one.id / "rc.new"
    heard = Heard()
    script = f"ln -sf /dev/full {new} && echo out; exit 5"
    running = asyncio.ensure_future(runner.run(job(script, named=one.id), heard))
    await heard.until(b"out")
    assert not running.done()
    new.unlink()
    assert ended_with(await running, 5)


@pytest.mark.real("sshd")
async def test_output_that_does_not_fit_changes_no_status_and_is_said(tmp_path: Path) -> None:
    """No file may grow past 20 kB there, as where a disk is almost full."""
    with sshd_host(tmp_path) as sshd:
        resource.prlimit(sshd.program.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
        async with runner_on(sshd) as runner:
            one = job("seq 1 300000; echo done >&2; exit 6", host=BOX)
            finished = await runner.run(one)
            again = await runner.rejoin(one.id, BOX)
    assert ended_with(finished, 6) and finished.stderr == b"done\n"
    whole = b"".join(b"%d\n" % number for number in range(1, 300001))
    assert finished.stdout_bytes == len(whole) > 2 * KEPT_BYTES > len(finished.stdout)
    assert finished.is_cut and whole.startswith(finished.stdout[:20_000])
    assert "box could not keep stdout" in finished.notes[0] and "disk is full" in finished.notes[0]
    assert again is not None and again.stdout == finished.stdout


def test_output_that_nobody_counted_is_not_taken_for_the_whole() -> None:
    ended = Ended(0, (-1, 0), 1.0, timed_out=False, stopped=False)
    finished = finished_of(ended, (b"out", b""), (b"", b""), "box", (), None)
    assert finished.is_cut and finished.stdout_bytes > 3 and finished.stderr_bytes == 0
    assert "could not count stdout" in finished.notes[0]


@pytest.fixture
def short_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # A socket's path has few characters, and a test's folder many.
    short = make_scratch_dir("oncall-")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    yield
    remove_scratch_dir(short)


@pytest.mark.real("sshd")
@pytest.mark.usefixtures("short_folder")
async def test_by_the_systems_own_ssh_it_is_all_the_same(tmp_path: Path) -> None:
    with sshd_host(tmp_path) as sshd:
        async with runner_on(sshd, transport="openssh") as runner:
            value, secret = "x '\" $(touch PWNED) `id` ! \\", "s3cret '$x"
            script = 'echo "$A|$S"; echo no >&2; exit 255'
            one = job(script, host=BOX, values={"A": value}, secret={"S": secret}, lock="l")
            finished = await runner.run(one)
            assert ended_with(finished, 255) and finished.stderr == b"no\n"
            assert finished.stdout.decode() == f"{value}|{secret}\n"
            heard, slow = Heard(), job(f"echo up; {LONG}91241 | cat", host=BOX, lock="l")
            running = asyncio.ensure_future(runner.run(slow, heard))
            await heard.until(b"up")
            assert await runner.holders("l", BOX) == ("kai, cache-down",)
            running.cancel()
            sshd.drop()
            later = asyncio.ensure_future(runner.rejoin(slow.id, BOX))
            assert (await runner.stop(slow.id, BOX)).is_gone
            ended = await later
            assert ended is not None and ended.stopped and ended.stdout == b"up\n"
    assert not (tmp_path / "PWNED").exists()
    assert f"{LONG}91241".encode() not in Seen().arguments


PLAIN = """#!/bin/sh
# Only words that every shell there is reads alike, and no two shells but alike.
case $SSH_ORIGINAL_COMMAND in
  *[!A-Za-z0-9_./=\\ -]*|'') echo "$SSH_ORIGINAL_COMMAND" >>"$HOME/odd"; exit 99 ;;
esac
echo "$SSH_ORIGINAL_COMMAND" >>"$HOME/lines"
exec $SSH_ORIGINAL_COMMAND
"""


@pytest.mark.real("sshd")
async def test_a_login_shell_has_nothing_to_misunderstand(tmp_path: Path) -> None:
    """csh, fish and whatever else somebody logs in with are given a few plain words, always."""
    shell = tmp_path / "shell"
    shell.write_text(PLAIN)
    shell.chmod(0o755)
    locks = [f"SetEnv HOME={tmp_path} ONCALL_LOCKS={tmp_path}"]
    with running_sshd(tmp_path, force_command=str(shell), lines=locks) as sshd:
        async with runner_on(sshd) as runner:
            heard = Heard()
            values, secret = {"A": "$(id) !x 'y' `z`"}, {"S": "!!'"}
            one = job(
                f'echo "$A" up; {LONG}91251', host=BOX, values=values, secret=secret, lock="a b!"
            )
            running = asyncio.ensure_future(runner.run(one, heard))
            await heard.until(b"up")
            assert await runner.holders("a b!", BOX) == ("kai, cache-down",)
            assert (await runner.stop(one.id, BOX)).is_gone
            assert (await running).stdout == f"{values['A']} up\n".encode()
            await runner.rejoin(one.id, BOX)
            await runner.forget(one.id, BOX)
    assert not (tmp_path / "odd").exists()
    lines = (tmp_path / "lines").read_text().splitlines()
    assert {line.rpartition(" timeout ")[0] for line in lines} == {"env LC_ALL=C"}
    assert len(lines) >= 5 and all(line.endswith(" sh -s --") for line in lines)


def _on_path(monkeypatch: pytest.MonkeyPatch, folder: Path, **programs: str) -> None:
    """Programs of ours, found before the others."""
    folder.mkdir()
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


QUICK = 'case $1 in ?|*.*) exec /bin/sleep 0.02 ;; esac; exec /bin/sleep "$1"'
NOT_OURS = """
if [ "$1" = -s ]; then # a host that lets us signal nothing
  { echo 'kill() { return 1; }'; cat; } | /bin/sh -s
else
  exec /bin/sh "$@"
fi
"""


@pytest.mark.usefixtures("places")
async def test_what_is_not_ours_to_end_is_named_and_sudo_ends_it(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _on_path(monkeypatch, tmp_path / "bin", sh=NOT_OURS, sudo="exit 1", sleep=QUICK)
    heard, one = Heard(), job(f"echo up; {LONG}91261")
    running = asyncio.ensure_future(runner.run(one, heard))
    await heard.until(b"up")
    stopped = await runner.stop(one.id, HERE)
    assert not stopped.is_gone and "still running on this machine" in stopped.said
    assert "(sleep)" in stopped.said
    assert f"{LONG}91261".encode() in Seen().arguments
    assert not running.done()
    (tmp_path / "bin" / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] && shift && exec /bin/"$@"\n')
    assert (await runner.stop(one.id, HERE)).is_gone
    assert (await running).stopped
    assert f"{LONG}91261".encode() not in Seen().arguments


@pytest.mark.usefixtures("places")
async def test_what_sudo_started_elsewhere_and_ignores_term_is_ended_after_its_parent(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another session, another environment; its parent, by which it is known, goes first."""
    sudo = 'env -i setsid sh -c \'trap "" TERM; echo up; "$@"; :\' sh "$@" & wait'
    _on_path(monkeypatch, tmp_path / "bin", sudo=sudo, sleep=QUICK)
    heard, one = Heard(), job(f"sudo /bin/{LONG}91271")
    running = asyncio.ensure_future(runner.run(one, heard))
    await heard.until(b"up")
    assert (await runner.stop(one.id, HERE)).is_gone
    assert f"{LONG}91271".encode() not in Seen().arguments
    assert (await running).stopped


async def test_a_host_that_was_restarted_meanwhile_says_so(runner: Runner, places: Places) -> None:
    heard, one = Heard(), job(f"echo up; {LONG}91281")
    running = asyncio.ensure_future(runner.run(one, heard))
    await heard.until(b"up")
    running.cancel()
    kept = places.root("XDG_STATE_HOME") / one.id
    watcher, born, _ = (kept / "pid").read_text().split()
    os.kill(int(watcher), signal.SIGKILL)
    assert (await runner.stop(one.id, HERE)).is_gone
    # The same number, born as late after the start, of another start of the machine.
    (kept / "pid").write_text(f"{os.getpid()} {born} 0f1e2d3c-0000-4000-8000-000000000000\n")
    again = await runner.rejoin(one.id, HERE)
    assert again is not None and again.exit_status is None and not again.is_unknown
    assert "was restarted while it ran" in again.fault and "cut off" in again.fault
    assert again.stdout == b"up\n" and again.remedy


@pytest.mark.usefixtures("places")
async def test_a_sleep_that_knows_whole_seconds_only_will_do(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = f'case $1 in *[!0-9]*) echo "bad number" >&2; exit 1 ;; esac; {QUICK}'
    _on_path(monkeypatch, tmp_path / "bin", sleep=sleep)
    assert ended_with(await runner.run(job("exit 3")), 3)
    heard, one = Heard(), job(f"echo up; trap '' TERM; /bin/{LONG}91291")
    running = asyncio.ensure_future(runner.run(one, heard))
    await heard.until(b"up")
    assert (await runner.stop(one.id, HERE)).is_gone
    assert (await running).stopped


@pytest.mark.usefixtures("places")
async def test_a_command_makes_files_as_its_account_does(runner: Runner, tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        finished = await runner.run(job(f"umask; > {tmp_path}/made"))
    finally:
        os.umask(old)
    assert finished.stdout == b"0027\n" and (tmp_path / "made").stat().st_mode & 0o777 == 0o640


def test_a_clock_that_is_set_back_makes_no_time_negative() -> None:
    answer = answer_in(b"\nn ended 0 0 0 0 0 0 0 0 1800000000 1700000000 0 0\n", "n")
    assert answer is not None and answer.ended is not None and answer.ended.took_s == 0
