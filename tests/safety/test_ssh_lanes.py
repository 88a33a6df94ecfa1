"""Who waits for whom: nobody that lives waits for a host that does not answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
from msgspec.structs import replace

from console.safety.clock import SystemClock
from console.safety.ssh import SshFailure, SshFault, SshRoute, command
from console.safety.ssh.client import SshClient
from console.safety.ssh.connections import DIALS, DIALS_TO_ONE, DOUBTFUL_DIALS
from tests.sshd import running_sshd

pytestmark = pytest.mark.real("sshd")


async def test_living_hosts_are_done_before_any_dark_one_is_given_up(tmp_path: Path) -> None:
    with running_sshd(tmp_path) as sshd, contextlib.ExitStack() as stack:
        # Nobody accepts: the connection stands, and no banner ever comes.
        silent = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2 * DIALS)
        ]
        dark = [
            SshRoute(f"dark-{n}", "127.0.0.1", port=each.getsockname()[1], user="nobody")
            for n, each in enumerate(silent)
        ]
        alive = [sshd.route(f"alive-{n}") for n in range(DIALS_TO_ONE)]
        client = SshClient(SystemClock(), replace(sshd.options(), connect_timeout_s=6.0))
        done: list[str] = []

        async def ask(route: SshRoute) -> None:
            try:
                await client.run(route, command("true"), timeout_s=30)
            except SshFailure as failure:
                assert failure.kind is SshFault.NO_BANNER
                done.append("dark")
            else:
                done.append("alive")

        await asyncio.gather(*map(ask, [*dark, *alive]))
        assert done[: len(alive)] == ["alive"] * len(alive)

        # Now the dark ones are known for what they are; they are asked first, and many.
        sshd.drop()
        done.clear()
        await asyncio.gather(*map(ask, [*dark[: 3 * DOUBTFUL_DIALS], *alive]))
        assert done[: len(alive)] == ["alive"] * len(alive)
        await client.aclose()


async def test_one_sshd_is_dialled_five_times_at_once_at_most(tmp_path: Path) -> None:
    with running_sshd(tmp_path, lines=["MaxStartups 10:100:10"]) as sshd:
        client = SshClient(SystemClock(), sshd.options())
        routes = [sshd.route(f"name-{n}") for n in range(30)]
        results = await asyncio.gather(
            *(client.run(route, command("true"), timeout_s=60) for route in routes)
        )
        await client.aclose()
        assert all(each.succeeded for each in results)
        assert not [line for line in sshd.log if "MaxStartups" in line]
