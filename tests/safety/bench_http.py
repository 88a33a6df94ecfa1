"""One cycle of HTTP probes by `HttpClient` against a bare throttled httpx gather.

    python -m tests.safety.bench_http [probes] [cycles]

The server runs in a process of its own, so that the CPU seconds are the client's alone. The
two clients take turns in one process; medians are printed with their ratio.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import httpx

from console.safety.clock import SystemClock
from console.safety.http import HttpClient, HttpOptions

PORTS = 10
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + (
    b'{"status":"ok"}'
)


class Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert isinstance(self.transport, asyncio.WriteTransport)
        self.transport.write(RESPONSE * data.count(b"\r\n\r\n"))
        if b"connection: close" in data.lower():
            self.transport.close()


async def serve() -> None:
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Answering, "127.0.0.1", 0) for _ in range(PORTS)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)  # noqa: T201
    await asyncio.Event().wait()


async def longest_pause(work: Awaitable[object]) -> float:
    """The longest time for which the loop answered to nothing while `work` ran, in ms."""
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - began - 0.001)

    ticker = asyncio.create_task(tick())
    await work
    ticker.cancel()
    return worst * 1000


async def measure(cycle: Callable[[], Awaitable[object]]) -> tuple[float, float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    pause = await longest_pause(cycle())
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000, pause


async def compare(urls: list[str], cycles: int) -> None:
    ours = HttpClient(SystemClock())
    semaphore = asyncio.Semaphore(20)
    bare = httpx.AsyncClient(limits=httpx.Limits(max_connections=20, max_keepalive_connections=20))

    async def bare_one(url: str) -> bytes:
        async with semaphore:
            return (await bare.get(url)).content

    async def bare_cycle() -> None:
        await asyncio.gather(*(bare_one(url) for url in urls))

    def our_cycle(options: HttpOptions) -> Callable[[], Awaitable[object]]:
        return lambda: asyncio.gather(*(ours.get(url, options) for url in urls))

    runs: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(cycles):
        for name, cycle in (
            ("bare httpx, Semaphore(20)", bare_cycle),
            ("HttpClient", our_cycle(HttpOptions())),
            ("HttpClient, keep_alive=False", our_cycle(HttpOptions(keep_alive=False))),
        ):
            runs.setdefault(name, []).append(await measure(cycle))
    base = statistics.median(cpu for _, cpu, _ in runs["bare httpx, Semaphore(20)"][1:])
    for name, all_runs in runs.items():
        wall, cpu, pause = zip(*all_runs[1:], strict=True)
        print(  # noqa: T201
            f"{len(urls):4} probes  {name:30} wall {statistics.median(wall):6.0f} ms  "
            f"CPU {statistics.median(cpu):6.0f} ms  ratio {statistics.median(cpu) / base:4.2f}  "
            f"longest pause {max(pause):5.1f} ms"
        )
    await ours.aclose()
    await bare.aclose()


def main() -> None:
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
        return
    probes, cycles = (int(each) for each in (*sys.argv[1:], *("500", "8")[len(sys.argv) - 1 :]))
    command = [sys.executable, "-m", "tests.safety.bench_http", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ports = server.stdout.readline().split()
        urls = [f"http://127.0.0.1:{ports[i % PORTS]}/health/{i}" for i in range(probes)]
        try:
            asyncio.run(compare(urls, cycles))
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
