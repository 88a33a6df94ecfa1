"""The availability of a week: out of our file, out of a Prometheus, and by the console from it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.schema import PrometheusSource
from console.engine.week.prometheus.past import PrometheusPast
from console.history.reader import Reader, open_reader
from console.history.writer import Writer, open_writer
from console.model.history import Origin, Sample, Sight, Stretch
from console.model.policy import Policy
from console.model.registry import PAGES, Registry, Service, ServiceType
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.prometheus.poll import Prometheus
from tests.bench.figure import Figure, hand_over, median
from tests.servers import ended, start_prometheus
from tests.tsdb import NOTHING, Written, write_past

SERVICES: Final = 62
EVERY_S: Final = 60
WEEK_S: Final = 7 * 86_400
ROUNDS: Final = 3
MOST_OFF: Final = 1e-4


def value(service: int, at: int) -> int:
    """Down for ten minutes now and then, each service at its own times."""
    return 0 if (at // 600 + service) % 97 == 0 else 1


def series_of(start_s: int) -> Iterator[Written]:
    for service in range(SERVICES):
        labels = {"job": "blackbox", "instance": f"https://s{service}.test/"}
        moments = range(start_s, start_s + WEEK_S, EVERY_S)
        yield Written("probe_success", labels, [(at, value(service, at)) for at in moments])
        took = [(at, 0.1 + at * 7919 % 1000 / 5000) for at in moments]
        yield Written("probe_duration_seconds", labels, took)


def record(folder: Path, start_s: int) -> None:
    """The same samples in a file of ours, an hour at a time."""
    writer = open_writer(folder, Origin.RECORDER, "bench")
    assert isinstance(writer, Writer)
    writer.begin(start_s * 1000, EVERY_S * 1000)
    for hour in range(start_s, start_s + WEEK_S, 3600):
        writer.write(
            [
                Sample(
                    f"s{service}",
                    at * 1000,
                    Sight.UP if value(service, at) else Sight.DOWN,
                    100 + at * 7919 % 1000 / 5,
                )
                for at in range(hour, hour + 3600, EVERY_S)
                for service in range(SERVICES)
            ]
        )
    writer.close()


def available(stretches: tuple[Stretch, ...]) -> float:
    known = sum(one.end_ms - one.start_ms for one in stretches)
    down = sum(one.end_ms - one.start_ms for one in stretches if one.sight is Sight.DOWN)
    return 1 - down / known


def from_file(folder: Path, start_s: int) -> dict[str, float]:
    reader = open_reader(folder)
    assert isinstance(reader, Reader)
    told = reader.observed(start_s * 1000, (start_s + WEEK_S) * 1000)
    found = {one.service: available(one.stretches) for one in told}
    reader.close()
    return found


def from_query(url: str, end_s: int) -> dict[str, float]:
    """What one would type: the share of probes that went well."""
    query = {"query": f"avg_over_time(probe_success[{WEEK_S}s])", "time": str(end_s)}
    with urllib.request.urlopen(
        f"{url}/api/v1/query?{urllib.parse.urlencode(query)}", timeout=60
    ) as answer:
        result = json.loads(answer.read())["data"]["result"]
    return {
        one["metric"]["instance"].split("//")[1].split(".")[0]: float(one["value"][1])
        for one in result
    }


async def from_past(url: str, start_s: int) -> tuple[dict[str, float], float]:
    """By the console from the raw samples, latencies too; and how long that took, in seconds."""
    clock = SystemClock()
    http = HttpClient(clock)
    server = Prometheus(PrometheusSource(name="prom", url=url), http, clock)
    services = tuple(
        Service(f"s{n}", ServiceType.PAGE, PAGES, instances=(f"https://s{n}.test/",))
        for n in range(SERVICES)
    )
    past = PrometheusPast(lambda: (server,), clock, Registry((), services), Policy())
    start, end = (datetime.fromtimestamp(at, UTC) for at in (start_s, start_s + WEEK_S))
    began = time.perf_counter()
    told = await past.observed(start, end)
    took_s = time.perf_counter() - began
    await http.aclose()
    return {one.service: available(one.stretches) for one in told.observed}, took_s


def child(url: str, start_s: int) -> None:
    """In a process of its own, so that its memory is its own."""
    found, took_s = asyncio.run(from_past(url, start_s))
    # Not `ru_maxrss`, which a process inherits from the one that started it.
    peak_mib = (
        int(re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[0]) / 1024
    )
    sys.stdout.write(json.dumps([found, took_s, peak_mib]) + "\n")


def timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def main() -> None:
    end_s = int(time.time()) // 3600 * 3600 - 3 * 3600
    start_s = end_s - WEEK_S
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        record(base / "ours", start_s)
        write_past(base / "theirs", series_of(start_s))
        server = start_prometheus(
            base / "theirs",
            rules=NOTHING,
            interval="1h",
            flags=("--storage.tsdb.retention.time=10y",),
        )
        with ended(server):
            ours_s = median(
                [timed(lambda: from_file(base / "ours", start_s)) for _ in range(ROUNDS)]
            )
            theirs_s = median([timed(lambda: from_query(server.url, end_s)) for _ in range(ROUNDS)])
            told = subprocess.run(
                [sys.executable, "-m", "tests.bench.history_prometheus", server.url, str(start_s)],
                capture_output=True,
                text=True,
                check=True,
            )
            past, past_s, peak_mib = json.loads(told.stdout)
            ours, theirs = from_file(base / "ours", start_s), from_query(server.url, end_s)
        # A query over samples counts probes and not time: it is off by the edges of an outage.
        off = max(abs(ours[name] - past[name]) for name in ours)
        assert off <= MOST_OFF, f"our file and Prometheus are {off:.6f} apart"
        assert ours.keys() == theirs.keys()
    samples = SERVICES * WEEK_S // EVERY_S
    hand_over(
        [
            Figure(
                f"availability of a week, {samples:,} samples, from our file",
                ours_s * 1000,
                "ms",
                theirs_s * 1000,
                4.0,
                f"beside avg_over_time over as long in Prometheus; at most {off:.5%} apart",
            ),
            Figure(
                "the same week and its latencies, from Prometheus alone",
                past_s * 1000,
                "ms",
                None,
                10_000.0,
                f"{2 * samples:,} raw samples",
            ),
            Figure("  memory of that, the whole process", peak_mib, "MiB", None, 200.0),
        ]
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        child(sys.argv[1], int(sys.argv[2]))
    else:
        main()
