from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path

import pytest

from console.safety.process import ProcessError, following, linked, run


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


async def test_output_is_read_while_the_program_runs(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    script = 'read line; echo first; read more < "$0"; echo "got $line $more"'
    async with following(["sh", "-c", script, str(fifo)], stdin=b"it\n") as output:
        assert await anext(output) == b"first\n"
        await asyncio.to_thread(fifo.write_text, "and more\n")
        assert await anext(output) == b"got it and more\n"
        assert [part async for part in output] == []
        assert output.exit_status == 0


async def test_how_a_followed_program_ended_is_told_with_its_complaints() -> None:
    async with following(["sh", "-c", "echo no >&2; exit 3"]) as output:
        assert b"".join([part async for part in output]) == b""
        assert (output.exit_status, bytes(output.stderr)) == (3, b"no\n")


async def test_who_stops_following_ends_the_program_and_its_children() -> None:
    script = "trap '' TERM; sleep 1000 & echo $! $$; wait; sleep 1000"
    async with following(["sh", "-c", script]) as output:
        pids = (await anext(output)).split()
    for pid in pids:
        await gone(int(pid))


async def test_a_program_waits_for_a_reader_that_is_slow(tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    script = (
        "import os, sys, time\n"
        "os.set_blocking(1, False)\n"
        "total = 0\n"
        "while total < 50_000_000:\n"
        "    try: total += os.write(1, b'x' * 65536)\n"
        "    except BlockingIOError: break\n"
        "    time.sleep(0.001)\n"
        "open(sys.argv[1], 'w').write(str(total))\n"
    )
    async with following([sys.executable, "-c", script, str(counted)]) as output:
        async with asyncio.timeout(60):
            await output.exited.wait()
        total = int(counted.read_text())
        assert 0 < total < 2_000_000
        assert sum([len(part) async for part in output]) == total


async def test_a_followed_program_s_complaints_are_capped_and_do_not_hold_it_up() -> None:
    script = "head -c 3000000 /dev/zero >&2; echo done"
    async with following(["sh", "-c", script]) as output:
        assert await anext(output) == b"done\n"
        assert len(output.stderr) == 64 * 1024


async def test_a_program_can_be_had_as_a_socket() -> None:
    mine, link = await linked(["cat"])
    reader, writer = await asyncio.open_connection(sock=mine)
    sent = bytes(range(256)) * 20_000
    writer.write(sent)
    writer.write_eof()
    assert await reader.read(-1) == sent
    writer.close()
    async with asyncio.timeout(30):
        await link.exited.wait()


async def test_a_program_behind_a_socket_ends_with_it_even_where_it_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("console.safety.process.link.LINGER_S", 0.1)
    mine, link = await linked(["sh", "-c", "sleep 1000 & echo $! $$; wait"])
    reader, writer = await asyncio.open_connection(sock=mine)
    pids = (await reader.readline()).split()
    writer.close()
    for pid in pids:
        await gone(int(pid))
    async with asyncio.timeout(30):
        await link.exited.wait()


async def test_the_socket_s_peer_sees_the_end_of_the_program_and_why() -> None:
    mine, link = await linked(["sh", "-c", "echo bye; echo why >&2; exit 1"])
    reader, writer = await asyncio.open_connection(sock=mine)
    assert await reader.read(-1) == b"bye\n"
    async with asyncio.timeout(30):
        await link.exited.wait()
    assert bytes(link.stderr) == b"why\n"
    writer.close()


async def test_a_program_that_prints_more_than_is_read_has_to_wait() -> None:
    mine, link = await linked(["yes"])
    reader, writer = await asyncio.open_connection(sock=mine, limit=1000)
    assert await reader.readexactly(4_000_000) == b"y\n" * 2_000_000
    writer.transport.abort()
    async with asyncio.timeout(30):
        await link.exited.wait()
