"""The system's `ssh` as a transport, against the real server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from console.safety.clock import SystemClock
from console.safety.files import make_scratch_dir, remove_scratch_dir
from console.safety.process import run
from console.safety.ssh import Command, SshFailure, SshFault, SshOptions, SshRoute, command
from console.safety.ssh.openssh import OpenSsh
from tests.safety.loopback import answer, saying, serving
from tests.sshd import Sshd, make_key, options_for, running_sshd
from tests.waiting import until

pytestmark = pytest.mark.real("sshd")

Opener = Callable[[SshOptions], OpenSsh]


@pytest.fixture
async def opened(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Opener]:
    # A socket's path has few characters, and a test's folder many.
    short = make_scratch_dir("oncall-")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    clients: list[OpenSsh] = []

    def opener(options: SshOptions) -> OpenSsh:
        clients.append(OpenSsh(SystemClock(), options))
        return clients[-1]

    yield opener
    for client in clients:
        await client.aclose()
    remove_scratch_dir(short)


def way(sshd: Sshd, name: str = "box", *, jump: SshRoute | None = None) -> SshRoute:
    return msgspec.structs.replace(sshd.route(name, jump=jump), transport="openssh")


async def failure_of(client: OpenSsh, route: SshRoute, *, timeout_s: float = 20) -> SshFailure:
    with pytest.raises(SshFailure) as caught:
        await client.run(route, command("true"), timeout_s=timeout_s)
    return caught.value


async def test_a_command_gives_its_status_and_both_streams(tmp_path: Path, opened: Opener) -> None:
    with running_sshd(tmp_path, banner="Connection refused\n") as sshd:
        client = opened(sshd.options())
        script = Command(("a b", "$HOME"), script=b'echo "$1|$2"; echo err >&2; exit 3\n')
        result = await client.run(way(sshd), script, timeout_s=20)
        assert (result.exit_status, result.stdout) == (3, b"a b|$HOME\n")
        assert result.stderr == b"err\n"
        read = await client.run(way(sshd), command("cat", stdin=b"\xff\x00\x1b"), timeout_s=20)
        assert (read.stdout, read.succeeded) == (b"\xff\x00\x1b", True)
        assert sshd.connections() == 1


async def test_a_status_of_255_is_an_answer_and_no_failure(tmp_path: Path, opened: Opener) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        words = b"echo 'Connection closed by UNKNOWN port 65535' >&2; exit 255\n"
        result = await client.run(way(sshd), Command((), script=words), timeout_s=20)
    assert result.exit_status == 255
    assert result.stderr == b"Connection closed by UNKNOWN port 65535\n"


async def test_past_the_deadline_nothing_is_known_of_the_outcome(
    tmp_path: Path, opened: Opener
) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        await client.run(way(sshd), command("true"), timeout_s=20)
        script = Command((), script=b"echo begun; sleep 100\n")
        result = await client.run(way(sshd), script, timeout_s=1)
    assert result.timed_out
    assert result.exit_status is None
    assert result.stdout == b"begun\n"


async def test_endless_output_is_cut(tmp_path: Path, opened: Opener) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        for script in (b"yes\n", b"yes >&2\n"):
            result = await client.run(
                way(sshd), Command((), script=script), timeout_s=20, max_bytes=10_000
            )
            assert result.truncated
            assert result.exit_status is None
            assert max(len(result.stdout), len(result.stderr)) == 10_000


async def test_a_lost_connection_is_no_status_and_the_next_command_finds_a_new_one(
    tmp_path: Path, opened: Opener
) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        async with client.follow(
            way(sshd), Command((), script=b"echo begun; sleep 100\n"), start_timeout_s=20
        ) as output:
            assert await anext(output) == b"begun\n"
            sshd.drop()
            with pytest.raises(SshFailure) as caught:
                await anext(output)
        assert (caught.value.kind, caught.value.sent) == (SshFault.LOST, True)
        assert (await client.run(way(sshd), command("true"), timeout_s=20)).succeeded
        assert sshd.connections() == 2


async def test_a_command_whose_connection_goes_is_sent_and_not_known(
    tmp_path: Path, opened: Opener
) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        # It ends the process that serves its own connection.
        script = (
            b"p=$$; while [ \"$(cat /proc/$p/comm)\" != sshd ]; do p=$(awk '{print $4}' "
            b"/proc/$p/stat); done; kill -9 $p; sleep 100\n"
        )
        with pytest.raises(SshFailure) as caught:
            await client.run(way(sshd), Command((), script=script), timeout_s=20)
    assert (caught.value.kind, caught.value.sent) == (SshFault.LOST, True)


async def test_what_is_followed_comes_as_it_is_printed_and_ends_on_the_host(
    tmp_path: Path, opened: Opener
) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        fifo = tmp_path / "fifo"
        os.mkfifo(fifo)
        script = b'echo one; echo two >&2; read x < "$1"; echo "$x"; trap "" HUP; sleep 1000\n'
        async with client.follow(
            way(sshd), Command((str(fifo),), script=script), start_timeout_s=20
        ) as output:
            got = b""
            while got.count(b"\n") < 2:
                got += await anext(output)
            assert sorted(got.splitlines()) == [b"one", b"two"]
            await asyncio.to_thread(fifo.write_text, "three\n")
            assert await anext(output) == b"three\n"
            await until(lambda: running(sshd), lambda names: "sleep" in names)
        await until(lambda: running(sshd), lambda names: "sleep" not in names)


async def running(sshd: Sshd) -> list[str]:
    return await asyncio.to_thread(_running, sshd)


def _running(sshd: Sshd) -> list[str]:
    names = []
    for pid in sshd.sessions():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            names.append(Path(f"/proc/{pid}/comm").read_text().strip())
    return names


async def test_what_ends_by_itself_ends_the_following(tmp_path: Path, opened: Opener) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        async with client.follow(way(sshd), command("seq", "3"), start_timeout_s=20) as output:
            assert b"".join([part async for part in output]) == b"1\n2\n3\n"


async def test_host_keys_are_always_checked_and_the_fingerprint_is_shown(
    tmp_path: Path, opened: Opener
) -> None:
    with running_sshd(tmp_path) as sshd:
        other = make_key(tmp_path / "other")
        cases = (
            ("", SshFault.HOST_KEY_UNKNOWN),
            (sshd.known_line(key=other), SshFault.HOST_KEY_CHANGED),
            (sshd.known_line(marker="@revoked"), SshFault.HOST_KEY_REVOKED),
        )
        config = tmp_path / "config"
        config.write_text(
            "Host *\n StrictHostKeyChecking no\n NoHostAuthenticationForLocalhost yes\n"
        )
        for index, (line, kind) in enumerate(cases):
            known = tmp_path / f"known {index}%h"
            known.write_text(f"{line}\n")
            options = msgspec.structs.replace(
                sshd.options(), known_hosts=(str(known),), config=str(config)
            )
            failure = await failure_of(opened(options), way(sshd))
            assert failure.kind is kind, failure.message
            if kind is not SshFault.HOST_KEY_REVOKED:
                assert sshd.fingerprint in failure.message
            if kind is SshFault.HOST_KEY_CHANGED:
                assert f"{known} line 1" in failure.message
                typed = failure.remedy.partition("if it is right: ")[2].partition(", then add")[0]
                assert (await run(shlex.split(typed), timeout_s=5)).succeeded
                assert not known.read_text()
        assert sshd.connections() == 0


async def test_who_is_not_let_in_is_told_why(
    tmp_path: Path, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_sshd(tmp_path / "s") as sshd:
        stranger = make_key(tmp_path / "stranger")
        good = sshd.options()
        bad = msgspec.structs.replace(good, identities=(str(stranger),))
        assert (await failure_of(opened(bad), way(sshd))).kind is SshFault.AUTH
        none = msgspec.structs.replace(good, identities=(str(tmp_path / "none"),))
        failure = await failure_of(opened(none), way(sshd))
        assert failure.kind is SshFault.KEY_FILE
        assert "none" in failure.message
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
        agent = msgspec.structs.replace(bad, agent=True)
        assert (await failure_of(opened(agent), way(sshd))).kind is SshFault.AGENT
    refused = await failure_of(opened(good), way(sshd))
    assert refused.kind is SshFault.REFUSED
    assert refused.host == "box"
    unknown = msgspec.structs.replace(way(sshd), address="no-such-host.invalid")
    assert (await failure_of(opened(good), unknown)).kind is SshFault.DNS


async def test_a_server_without_a_word_and_one_without_an_algorithm_are_told_apart(
    tmp_path: Path, opened: Opener
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"no"))
        await reader.read()
        writer.close()

    with running_sshd(tmp_path, lines=["KexAlgorithms diffie-hellman-group14-sha1"]) as sshd:
        options = msgspec.structs.replace(sshd.options(), connect_timeout_s=1.0)
        assert (await failure_of(opened(options), way(sshd))).kind is SshFault.PROTOCOL
        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            route = msgspec.structs.replace(way(sshd), port=port)
            assert (await failure_of(opened(options), route)).kind is SshFault.NO_BANNER
        async with await asyncio.start_server(web, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            route = msgspec.structs.replace(way(sshd), port=port)
            failure = await failure_of(opened(options), route)
            assert failure.kind in (SshFault.PROTOCOL, SshFault.NO_BANNER)


async def test_a_shell_that_runs_nothing_is_no_answer(tmp_path: Path, opened: Opener) -> None:
    with running_sshd(tmp_path, force_command="echo this account is closed") as sshd:
        failure = await failure_of(opened(sshd.options()), way(sshd))
    assert failure.kind is SshFault.PROTOCOL
    assert failure.sent


async def test_a_server_that_opens_no_session_is_named(tmp_path: Path, opened: Opener) -> None:
    with running_sshd(tmp_path, max_sessions=1) as sshd:
        client = opened(sshd.options())
        async with client.follow(
            way(sshd), Command((), script=b"echo begun; sleep 100\n"), start_timeout_s=20
        ) as output:
            assert await anext(output) == b"begun\n"
            failure = await failure_of(client, way(sshd))
            assert (failure.kind, failure.sent) == (SshFault.CHANNELS, False)


async def test_words_that_ssh_would_take_for_options_are_refused(opened: Opener) -> None:
    client = opened(SshOptions(config=""))
    for route in (
        SshRoute("x", "-oProxyCommand=touch /tmp/x"),
        SshRoute("x", "a b"),
        SshRoute("x", "a;id"),
        SshRoute("x", "a", user="-l"),
        SshRoute("x", "a", jump=SshRoute("y", "`id`")),
    ):
        assert (await failure_of(client, route)).kind is SshFault.SETTINGS


async def test_a_host_behind_another_is_reached_and_each_hop_is_checked(
    tmp_path: Path, opened: Opener
) -> None:
    with (
        running_sshd(tmp_path / "a") as bastion,
        running_sshd(tmp_path / "b", identity=bastion.identity) as box,
    ):
        both = options_for(bastion, box)
        by = way(bastion, "bastion")
        client = opened(both)
        result = await client.run(way(box, jump=by), command("echo", "there"), timeout_s=20)
        assert result.stdout == b"there\n"
        assert (bastion.connections(), box.connections()) == (1, 1)
        assert (await client.run(by, command("true"), timeout_s=20)).succeeded
        assert bastion.connections() == 1

        unknown = msgspec.structs.replace(both, known_hosts=(str(box.known_hosts),))
        failure = await failure_of(opened(unknown), way(box, jump=by))
        assert (failure.kind, failure.host) == (SshFault.HOST_KEY_UNKNOWN, "bastion")
        unknown = msgspec.structs.replace(both, known_hosts=(str(bastion.known_hosts),))
        failure = await failure_of(opened(unknown), way(box, jump=by))
        assert (failure.kind, failure.host) == (SshFault.HOST_KEY_UNKNOWN, "box")
        assert box.fingerprint in failure.message

        box.end()
        failure = await failure_of(opened(both), way(box, jump=by))
        assert (failure.kind, failure.host) == (SshFault.REFUSED, "box")
        assert "bastion" in failure.message
        bastion.end()
        failure = await failure_of(opened(both), way(box, jump=by))
        assert (failure.kind, failure.host) == (SshFault.REFUSED, "bastion")


async def test_a_bastion_that_forwards_nothing_is_named(tmp_path: Path, opened: Opener) -> None:
    with (
        running_sshd(tmp_path / "a", tcp_forwarding=False) as bastion,
        running_sshd(tmp_path / "b", identity=bastion.identity) as box,
    ):
        client = opened(options_for(bastion, box))
        failure = await failure_of(client, way(box, jump=way(bastion, "bastion")))
        assert (failure.kind, failure.host) == (SshFault.JUMP, "bastion")
        assert "prohibited" in failure.message
        with pytest.raises(SshFailure) as caught:
            await client.tunnel(way(bastion), "127.0.0.1", box.port, timeout_s=20)
        assert caught.value.kind is SshFault.FORWARD


async def test_the_way_of_the_client_configuration_is_gone_with_our_own_checks(
    tmp_path: Path, opened: Opener
) -> None:
    with (
        running_sshd(tmp_path / "a") as bastion,
        running_sshd(tmp_path / "b", identity=bastion.identity) as box,
    ):
        config = tmp_path / "config"
        config.write_text(
            f"Host inside\n HostName 127.0.0.1\n Port {box.port}\n ProxyJump hop\n"
            f"Host hop\n HostName 127.0.0.1\n Port {bastion.port}\n"
            "Host *\n StrictHostKeyChecking no\n"
        )
        both = msgspec.structs.replace(options_for(bastion, box), config=str(config))
        route = SshRoute("inside", "inside", transport="openssh")
        assert (await opened(both).run(route, command("true"), timeout_s=20)).succeeded
        assert bastion.connections() == 1
        known = msgspec.structs.replace(both, known_hosts=(str(box.known_hosts),))
        failure = await failure_of(opened(known), route)
        assert (failure.kind, failure.host) == (SshFault.HOST_KEY_UNKNOWN, "hop")


async def test_a_second_factor_is_asked_of_a_person_once_and_their_connection_is_used(
    tmp_path: Path, opened: Opener
) -> None:
    asks = [
        "AuthenticationMethods publickey,keyboard-interactive",
        "KbdInteractiveAuthentication yes",
    ]
    with running_sshd(tmp_path, lines=asks) as sshd:
        client = opened(sshd.options())
        failure = await failure_of(client, way(sshd))
        assert failure.kind is SshFault.AUTH
        typed = failure.remedy.partition(": ")[2]
        assert typed.startswith("ssh -M ")
    # Nobody can answer here; the person's own server lets them in by the key alone.
    with running_sshd(
        tmp_path / "again", port=sshd.port, identity=sshd.identity, host_key=sshd.host_key
    ) as easy:
        assert (await run(["sh", "-c", typed], timeout_s=20, leaves_server=True)).succeeded
        assert (await client.run(way(sshd), command("true"), timeout_s=20)).succeeded
        assert easy.connections() == 1
        await client.aclose()
        again = opened(sshd.options())
        assert (await again.run(way(sshd), command("true"), timeout_s=20)).succeeded
        assert easy.connections() == 1
        easy.drop()


async def test_our_own_connections_end_with_us(tmp_path: Path, opened: Opener) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        await client.run(way(sshd), command("true"), timeout_s=20)
        assert sshd.sessions()
        await client.aclose()
        await until(lambda: running(sshd), lambda names: not names)


async def test_a_tunnel_leads_to_what_only_the_host_reaches(tmp_path: Path, opened: Opener) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        async with serving(saying(answer(b"x" * 500_000), close=True)) as server:
            mine = await client.tunnel(way(sshd), "127.0.0.1", server.port, timeout_s=20)
            reader, writer = await asyncio.open_connection(sock=mine)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert (await reader.read(-1)).endswith(b"x" * 500_000)
            writer.close()
            port = server.port
        with pytest.raises(SshFailure) as caught:
            await client.tunnel(way(sshd), "127.0.0.1", port, timeout_s=20)
        assert caught.value.kind is SshFault.FORWARD_REFUSED
        with pytest.raises(SshFailure) as caught:
            await client.tunnel(way(sshd), "no-such-host.invalid", 80, timeout_s=20)
        assert caught.value.kind is SshFault.FORWARD
        assert sshd.connections() == 1


async def test_many_at_once_share_one_connection(tmp_path: Path, opened: Opener) -> None:
    with running_sshd(tmp_path) as sshd:
        client = opened(sshd.options())
        results = await asyncio.gather(
            *(client.run(way(sshd), command("echo", str(n)), timeout_s=60) for n in range(20))
        )
        assert [each.stdout for each in results] == [b"%d\n" % n for n in range(20)]
        assert sshd.connections() == 1
