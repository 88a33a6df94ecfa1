from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path

import pytest

from console.safety.process import ProcessError, run


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


async def gone(pid: int) -> None:
    """Return once no living process has `pid`."""
    given_up = threading.Event()

    def wait() -> None:
        while lives(pid) and not given_up.is_set():
            os.sched_yield()

    try:
        async with asyncio.timeout(30):
            await asyncio.to_thread(wait)
    finally:
        given_up.set()


async def test_a_program_gives_its_status_and_both_streams() -> None:
    result = await run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout_s=10)
    assert (result.exit_status, result.stdout, result.stderr) == (3, b"out\n", b"err\n")
    assert not result.succeeded
    assert (await run(["true"], timeout_s=10)).succeeded


async def test_secrets_go_in_by_standard_input() -> None:
    result = await run(["cat"], stdin=b"hunter2" * 50_000, timeout_s=10)
    assert result.stdout == b"hunter2" * 50_000
    assert (await run(["cat"], timeout_s=10)).stdout == b""


async def test_a_program_that_ignores_its_input_is_no_error() -> None:
    assert (await run(["true"], stdin=b"x" * 1_000_000, timeout_s=10)).exit_status == 0


async def test_bytes_that_are_no_text_come_through() -> None:
    result = await run(["printf", r"\377\000\033"], timeout_s=10)
    assert result.stdout == b"\xff\x00\x1b"


async def test_death_by_a_signal_is_told_from_an_end_by_us() -> None:
    assert (await run(["sh", "-c", "kill -9 $$"], timeout_s=10)).exit_status == -9


async def test_past_its_deadline_a_program_ends_with_all_its_children() -> None:
    script = "trap '' TERM; sleep 1000 & echo $! $$; wait; sleep 1000"
    result = await run(["sh", "-c", script], timeout_s=0.3)
    assert result.timed_out
    assert result.exit_status is None
    for pid in result.stdout.split():
        await gone(int(pid))


async def test_a_child_left_in_the_background_neither_holds_us_up_nor_lives_on() -> None:
    result = await run(["sh", "-c", "sleep 1000 & echo $!"], timeout_s=60)
    assert result.exit_status == 0
    assert not result.timed_out
    await gone(int(result.stdout))


async def test_a_grandchild_that_left_the_group_does_not_hold_us_up() -> None:
    left = "import os,time; os.fork() or (os.setsid(), time.sleep(5)); print('done')"
    result = await run([sys.executable, "-c", left], timeout_s=60)
    assert result.exit_status == 0


async def test_endless_output_is_cut_and_the_program_ends() -> None:
    result = await run(["yes"], timeout_s=60, max_bytes=10_000)
    assert result.truncated
    assert result.stdout == b"y\n" * 5_000
    assert result.exit_status is None
    assert not result.timed_out


async def test_a_cancelled_run_ends_the_whole_group(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    script = f'sleep 1000 & echo $! $$ > "{fifo}"; wait'
    task = asyncio.create_task(run(["sh", "-c", script], timeout_s=60))
    pids = (await asyncio.to_thread(fifo.read_text)).split()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in pids:
        await gone(int(pid))


async def test_what_can_not_start_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="there is no program 'no-such-program'"):
        await run(["no-such-program", "hunter2"], timeout_s=10)
    with pytest.raises(ProcessError, match="there is no folder"):
        await run(["true"], timeout_s=10, cwd=tmp_path / "missing")
    (tmp_path / "plain").write_text("x")
    with pytest.raises(ProcessError, match="Permission denied"):
        await run([str(tmp_path / "plain")], timeout_s=10)
    with pytest.raises(ProcessError, match="null byte"):
        await run(["true", "a\0b"], timeout_s=10)


async def test_one_string_is_never_a_command() -> None:
    for argv in ("rm -rf /", b"ls", [], ["ls", 3]):
        with pytest.raises(TypeError, match="never by one string"):
            await run(argv, timeout_s=10)  # type: ignore[arg-type]
