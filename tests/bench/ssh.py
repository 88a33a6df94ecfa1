"""One cycle of 100 SSH hosts on kept connections, beside a bare asyncssh gather."""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncssh

from config.schema import HostsSource
from console.model.failure import Failure
from console.model.registry import Host, Registry
from console.safety.clock import SystemClock
from console.safety.ssh import SshOptions
from console.safety.ssh.client import SshClient
from console.sources.hosts.poll import HostPoller
from console.sources.hosts.script import look_at
from console.sources.hosts.settings import Wanted
from console.sources.reach import Reach
from tests.bench.figure import Figure, hand_over

HOSTS = 100
CYCLES = 9

Cycle = Callable[[], Awaitable[object]]


async def compare(ports: list[int], folder: Path) -> list[Figure]:
    """Cycles take turns; the first of each, which connects, is left out."""
    client = SshClient(
        SystemClock(),
        SshOptions(
            config="",
            known_hosts=(str(folder / "known_hosts"),),
            identities=(str(folder / "id"),),
            agent=False,
        ),
    )
    hosts = [Host(f"web-{port}", "127.0.0.1", user="ops", port=port) for port in ports]
    reach = Reach(Registry(tuple(hosts)), client)
    settings = HostsSource()
    pollers = [HostPoller(host, (), reach, settings, SystemClock()) for host in hosts]
    rounds = iter(range(10_000))

    async def our_cycle() -> None:
        number = next(rounds)
        readings = await asyncio.gather(*(poller.poll(number) for poller in pollers))
        failed = [one.facts for one in readings if isinstance(one.facts, Failure)]
        assert not failed, failed[0]

    connections = [
        await asyncssh.connect(
            "127.0.0.1",
            port,
            username="ops",
            client_keys=[str(folder / "id")],
            known_hosts=str(folder / "known_hosts"),
            config=None,
            agent_path=None,
        )
        for port in ports
    ]
    look = look_at(Wanted(), twice=False, timeout_s=15, sudo=False)

    async def bare_one(connection: asyncssh.SSHClientConnection) -> None:
        ended = await connection.run(look.line(15), input=look.sent, encoding=None)
        assert ended.exit_status == 0

    async def bare_cycle() -> None:
        await asyncio.gather(*map(bare_one, connections))

    ours, bare, pause = await _taking_turns(our_cycle, bare_cycle)
    await client.aclose()
    for connection in connections:
        connection.abort()
    return [
        Figure(
            f"one cycle of {HOSTS} SSH hosts / a bare asyncssh gather", ours, "ms", bare, 1.2,
            "kept connections, one compound command a host, its answer read and understood",
        ),
        Figure("longest pause of the loop in such a cycle", pause, "ms", None, 50.0),
    ]  # fmt: skip


async def _taking_turns(ours: Cycle, bare: Cycle) -> tuple[float, float, float]:
    """Medians of both in milliseconds, and the longest pause while ours ran."""
    await ours()
    await bare()
    our_ms, bare_ms, pauses = [], [], []
    for _ in range(CYCLES):
        pause = asyncio.create_task(_longest_pause_ms())
        our_ms.append(await _timed_ms(ours))
        pause.cancel()
        pauses.append(await pause)
        bare_ms.append(await _timed_ms(bare))
    return statistics.median(our_ms), statistics.median(bare_ms), statistics.median(pauses)


async def _timed_ms(cycle: Cycle) -> float:
    began = time.perf_counter()
    await cycle()
    return (time.perf_counter() - began) * 1000


async def _longest_pause_ms() -> float:
    longest = 0.0
    try:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, (time.perf_counter() - began - 0.001) * 1000)
    except asyncio.CancelledError:
        return longest


def main() -> None:
    """Serve from a process of its own, measure, hand over."""
    with tempfile.TemporaryDirectory(prefix="oncall-bench-") as name:
        folder = Path(name)
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.ssh_hosts", str(HOSTS), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        try:
            ports = json.loads(server.stdout.readline())
            hand_over(asyncio.run(compare(ports, folder)))
        finally:
            server.communicate(timeout=20)


if __name__ == "__main__":
    main()
