"""Commands, followed outputs and tunnels on a real sshd."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from console.safety.clock import SystemClock
from console.safety.ssh import Command, SshFailure, SshFault, SshRoute, command
from console.safety.ssh.client import SshClient
from tests.sshd import Sshd, client_for, options_for, running_sshd
from tests.waiting import until

pytestmark = pytest.mark.real("sshd")

LIMIT_S = 20.0


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


async def failure_of(client: SshClient, route: SshRoute) -> SshFailure:
    with pytest.raises(SshFailure) as caught:
        await client.run(route, command("true"), timeout_s=LIMIT_S)
    return caught.value


async def test_output_and_status_come_back_as_they_are(sshd: Sshd) -> None:
    script = Command(("a b", "$HOME;'"), script=b'printf "%s|" "$@"; printf "\\377" >&2; exit 3')
    async with client_for(sshd.options()) as client:
        result = await client.run(sshd.route(), script, timeout_s=LIMIT_S)
    assert (result.exit_status, result.stdout, result.stderr) == (3, b"a b|$HOME;'|", b"\xff")
    assert not result.succeeded


async def test_what_is_sent_is_read_to_its_end(sshd: Sshd) -> None:
    sent = bytes(range(256)) * 3000
    async with client_for(sshd.options()) as client:
        result = await client.run(sshd.route(), command("cat", stdin=sent), timeout_s=LIMIT_S)
    assert result.stdout == sent
    assert result.succeeded


async def test_output_that_ends_early_does_not_hide_the_status(sshd: Sshd) -> None:
    late = Command((), script=b"exec >&- 2>&-; sleep 0.3; exit 7")
    async with client_for(sshd.options()) as client:
        assert (await client.run(sshd.route(), late, timeout_s=LIMIT_S)).exit_status == 7


async def test_one_connection_serves_all_and_survives_a_cut_command(tmp_path: Path) -> None:
    with running_sshd(tmp_path) as sshd:
        async with client_for(sshd.options()) as client:
            many = [
                client.run(sshd.route(), command("echo", str(n)), timeout_s=60) for n in range(12)
            ]
            assert [r.stdout for r in await asyncio.gather(*many)] == [
                b"%d\n" % n for n in range(12)
            ]
            cut = await client.run(sshd.route(), command("yes"), timeout_s=LIMIT_S, max_bytes=1000)
            assert (cut.truncated, len(cut.stdout), cut.exit_status) == (True, 1000, None)
            after = await client.run(sshd.route(), command("echo", "fine"), timeout_s=LIMIT_S)
            assert after.stdout == b"fine\n"
        assert sshd.connections() == 1


async def test_a_command_past_its_deadline_is_ended_there_too(sshd: Sshd) -> None:
    async with client_for(sshd.options()) as client:
        result = await client.run(
            sshd.route(), Command((), script=b"echo begun; exec sleep 71.25"), timeout_s=1.0
        )
        assert (result.timed_out, result.exit_status) == (True, None)
        assert result.stdout == b"begun\n"
        await eventually(lambda: not runs("sleep 71.25"))


async def test_a_connection_that_died_is_made_again(tmp_path: Path) -> None:
    with running_sshd(tmp_path) as sshd:
        async with client_for(sshd.options()) as client:
            await client.run(sshd.route(), command("true"), timeout_s=LIMIT_S)
            sshd.drop()
            result = await client.run(sshd.route(), command("echo", "again"), timeout_s=LIMIT_S)
            assert result.stdout == b"again\n"
        assert sshd.connections() == 2


async def test_a_lost_connection_says_that_the_command_was_sent(tmp_path: Path) -> None:
    with running_sshd(tmp_path) as sshd:
        async with client_for(sshd.options()) as client:
            await client.run(sshd.route(), command("true"), timeout_s=LIMIT_S)
            running = asyncio.create_task(
                client.run(sshd.route(), command("sleep", "72.5"), timeout_s=60)
            )
            await eventually(lambda: runs("sleep 72.5"))
            sshd.drop()
            with pytest.raises(SshFailure) as caught:
                await running
    assert caught.value.kind is SshFault.LOST
    assert caught.value.sent


async def test_a_frozen_host_is_told_and_dialled_anew(tmp_path: Path) -> None:
    with running_sshd(tmp_path) as sshd:
        async with client_for(sshd.options()) as client:
            await client.run(sshd.route(), command("true"), timeout_s=LIMIT_S)
            sshd.freeze()
            with pytest.raises(SshFailure) as caught:
                await client.run(sshd.route(), command("true"), timeout_s=1.0)
            assert caught.value.kind is SshFault.TIMEOUT
            assert not caught.value.sent
            after = await client.run(sshd.route(), command("echo", "new"), timeout_s=LIMIT_S)
            sshd.thaw()
            assert after.stdout == b"new\n"


async def test_a_cancelled_command_frees_its_place(sshd: Sshd) -> None:
    async with client_for(sshd.options()) as client:
        running = [
            asyncio.create_task(client.run(sshd.route(), command("sleep", "73.75"), timeout_s=10))
            for _ in range(4)
        ]
        await eventually(lambda: runs("sleep 73.75"))
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        result = await client.run(sshd.route(), command("echo", "in"), timeout_s=LIMIT_S)
        assert result.stdout == b"in\n"


async def test_one_session_at_a_time_is_enough(tmp_path: Path) -> None:
    with running_sshd(tmp_path, max_sessions=1) as sshd:
        async with client_for(sshd.options()) as client:
            for n in range(6):
                result = await client.run(sshd.route(), command("echo", str(n)), timeout_s=LIMIT_S)
                assert result.succeeded


async def test_what_is_followed_comes_as_it_comes_and_ends_with_us(sshd: Sshd) -> None:
    talks = command("sh", "-c", "echo one; echo two >&2; sleep 74.5; echo never")
    async with client_for(sshd.options()) as client:
        async with client.follow(sshd.route(), talks, start_timeout_s=LIMIT_S) as parts:
            came = b""
            async for part in parts:
                came += part
                if b"one" in came and b"two" in came:
                    break
            await eventually(lambda: runs("sleep 74.5"))
        await eventually(lambda: not runs("sleep 74.5"))


async def test_what_is_followed_ends_by_itself(sshd: Sshd) -> None:
    script = Command(("x'y",), script=b'echo "it\'s $1"; exit 1')
    async with (
        client_for(sshd.options()) as client,
        client.follow(sshd.route(), script, start_timeout_s=LIMIT_S) as parts,
    ):
        assert b"".join([part async for part in parts]) == b"it's x'y\n"


async def test_nobody_reads_and_the_host_waits(sshd: Sshd) -> None:
    async with (
        client_for(sshd.options()) as client,
        client.follow(sshd.route(), command("yes"), start_timeout_s=LIMIT_S) as parts,
    ):
        first = await anext(parts)
        # The connection is not blocked by it, and what waits here is bounded.
        assert (await client.run(sshd.route(), command("true"), timeout_s=LIMIT_S)).succeeded
        assert first.startswith(b"y\n")


async def test_a_followed_output_that_is_cut_off_is_a_failure(tmp_path: Path) -> None:
    with running_sshd(tmp_path) as sshd:
        async with client_for(sshd.options()) as client:
            talks = command("sh", "-c", "echo one; sleep 75.5")
            async with client.follow(sshd.route(), talks, start_timeout_s=LIMIT_S) as parts:
                assert await anext(parts) == b"one\n"
                sshd.drop()
                with pytest.raises(SshFailure) as caught:
                    await anext(parts)
            assert caught.value.kind is SshFault.LOST


async def test_a_tunnel_carries_both_ways_and_closes(sshd: Sshd) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write(b"end")
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sent = os.urandom(3_000_000)
    async with server, client_for(sshd.options()) as client:
        sock = await client.tunnel(sshd.route(), "127.0.0.1", port, timeout_s=LIMIT_S)
        assert not sock.getblocking()
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(sent)
        writer.write_eof()
        assert await reader.read() == sent + b"end"
        writer.close()


async def test_a_tunnel_that_does_not_get_through_says_why(tmp_path: Path) -> None:
    with running_sshd(tmp_path, tcp_forwarding=False) as sshd:
        async with client_for(sshd.options()) as client:
            with pytest.raises(SshFailure) as caught:
                await client.tunnel(sshd.route(), "127.0.0.1", 9, timeout_s=LIMIT_S)
    assert caught.value.kind is SshFault.FORWARD
    assert "127.0.0.1 port 9" in caught.value.message


async def test_a_jump_host_is_shared_by_all_behind_it(tmp_path: Path) -> None:
    with (
        running_sshd(tmp_path / "bastion") as bastion,
        running_sshd(tmp_path / "a", identity=bastion.identity) as first,
        running_sshd(tmp_path / "b", identity=bastion.identity) as second,
    ):
        way = bastion.route("bastion")
        async with client_for(options_for(bastion, first, second)) as client:
            results = await asyncio.gather(
                client.run(first.route("a", jump=way), command("echo", "a"), timeout_s=60),
                client.run(second.route("b", jump=way), command("echo", "b"), timeout_s=60),
            )
            assert [each.stdout for each in results] == [b"a\n", b"b\n"]
            assert bastion.connections() == 1
            bastion.drop()
            again = await client.run(
                first.route("a", jump=way), command("echo", "c"), timeout_s=LIMIT_S
            )
            assert again.stdout == b"c\n"


async def test_a_failure_on_the_way_names_the_jump_host(tmp_path: Path) -> None:
    with running_sshd(tmp_path) as sshd:
        way = SshRoute("bastion", "127.0.0.1", port=1, user="nobody")
        async with client_for(sshd.options()) as client:
            failure = await failure_of(client, sshd.route("db", jump=way))
    assert (failure.kind, failure.host) == (SshFault.JUMP, "bastion")
    assert "the way to db leads through bastion: " in failure.message
    assert "refused" in failure.message


async def test_a_jump_host_that_may_not_forward_is_told(tmp_path: Path) -> None:
    with running_sshd(tmp_path, tcp_forwarding=False) as sshd:
        async with client_for(sshd.options()) as client:
            failure = await failure_of(client, sshd.route("db", jump=sshd.route("bastion")))
    assert failure.kind is SshFault.JUMP
    assert "forward" in failure.message


async def test_a_jump_in_a_circle_is_told(sshd: Sshd) -> None:
    config = sshd.folder / "circle"
    config.write_text("Host a\nProxyJump b\nHost b\nProxyJump a\n")
    options = msgspec.structs.replace(sshd.options(), config=str(config))
    async with client_for(options) as client:
        failure = await failure_of(client, SshRoute("a", "a"))
    assert failure.kind is SshFault.SETTINGS
    assert "circle" in failure.message


async def test_a_closed_client_leaves_nothing_behind(
    sshd: Sshd, caplog: pytest.LogCaptureFixture
) -> None:
    client = SshClient(SystemClock(), sshd.options())
    with caplog.at_level(logging.DEBUG):
        await client.run(sshd.route(), command("true"), timeout_s=LIMIT_S)
        running = asyncio.create_task(
            client.run(sshd.route(), command("sleep", "76.5"), timeout_s=60)
        )
        await eventually(lambda: runs("sleep 76.5"))
        await client.aclose()
        with pytest.raises(SshFailure):
            await running
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not [each for each in caplog.records if each.name.startswith("asyncssh")]
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
    failure = await failure_of(client, sshd.route())
    assert failure.kind is SshFault.LOCAL


def test_importing_the_client_imports_no_asyncssh() -> None:
    code = "import sys, console.safety.ssh.client; sys.exit('asyncssh' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


async def eventually(is_so: Callable[[], bool]) -> None:
    async def ask() -> bool:
        return is_so()

    await until(ask, bool)


def runs(argv: str) -> bool:
    """Whether a process with exactly these words runs."""
    wanted = argv.replace(" ", "\0").encode() + b"\0"
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cmdline").read_bytes() == wanted:
                return True
    return False
