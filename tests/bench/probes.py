"""One cycle of 500 HTTP probes: beside a bare throttled gather, and beside blackbox_exporter."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import httpx

from config.schema import HealthSource
from console.model.probe import Probe, ProbeKind, Verdict
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.probes.poll import Prober
from tests.bench.figure import Figure, hand_over
from tests.safety.bench_http import PORTS, measure
from tests.servers import start_blackbox, where_is

PROBES = 500
CYCLES = 8
AT_ONCE = 20

Cycle = Callable[[], Awaitable[object]]


async def answer_in(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer, whole or in chunks."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.split(b":")[1]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


async def blackbox_cycle(port: int, urls: list[str]) -> None:
    """Every URL through one blackbox_exporter, by the cheapest client there is."""
    waiting = iter(urls)

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for url in waiting:
            path = f"/probe?module=http_2xx&target={url}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: blackbox\r\n\r\n".encode())
            body = await answer_in(reader)
            assert b"probe_success 1" in body
        writer.close()

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def compare(urls: list[str], blackbox: int | None) -> list[Figure]:
    """Cycles take turns; the first of each is left out."""
    http = HttpClient(SystemClock())
    prober = Prober(http, SystemClock(), HealthSource())
    thirty, five = timedelta(seconds=30), timedelta(seconds=5)
    probes = [
        Probe(f"svc-{number}", ProbeKind.HTTP, url, thirty, five) for number, url in enumerate(urls)
    ]
    semaphore = asyncio.Semaphore(AT_ONCE)
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    bare = httpx.AsyncClient(limits=limits)

    async def our_cycle() -> None:
        readings = await asyncio.gather(*(prober.ask(probe) for probe in probes))
        assert {each.result.verdict for each in readings} == {Verdict.HEALTHY}

    async def bare_one(url: str) -> bytes:
        async with semaphore:
            return (await bare.get(url)).content

    async def bare_cycle() -> None:
        await asyncio.gather(*(bare_one(url) for url in urls))

    cycles: dict[str, Cycle] = {"bare": bare_cycle, "ours": our_cycle}
    if blackbox is not None:
        cycles["blackbox"] = lambda: blackbox_cycle(blackbox, urls)
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in cycles}
    for _ in range(CYCLES):
        for name, cycle in cycles.items():
            runs[name].append(await measure(cycle))
    await http.aclose()
    await bare.aclose()
    wall, cpu, pause = zip(*runs["ours"][1:], strict=True)
    bare_cpu = statistics.median(run[1] for run in runs["bare"][1:])
    figures = [
        Figure(
            "500 probes, CPU / bare throttled httpx", statistics.median(cpu), "ms", bare_cpu, 1.3
        ),
        Figure("  longest pause of the loop", max(pause), "ms", None, 50.0),
    ]
    what = "  wall, unspread / blackbox_exporter"
    if blackbox is None:
        note = "prometheus-blackbox-exporter is not installed"
        return [*figures, Figure(what, None, "ms", None, 2.0, note)]
    peer = statistics.median(run[0] for run in runs["blackbox"][1:])
    return [*figures, Figure(what, statistics.median(wall), "ms", peer, 2.0)]


def main() -> None:
    """Measure and hand over."""
    serve = [sys.executable, "-m", "tests.safety.bench_http", "serve"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        ports = server.stdout.readline().split()
        urls = [f"http://127.0.0.1:{ports[i % PORTS]}/health/{i}" for i in range(PROBES)]
        there = where_is("prometheus-blackbox-exporter") is not None
        blackbox = start_blackbox(Path(folder)) if there else None
        try:
            hand_over(asyncio.run(compare(urls, blackbox.port if blackbox else None)))
        finally:
            if blackbox is not None:
                blackbox.end()
            server.terminate()


if __name__ == "__main__":
    main()
