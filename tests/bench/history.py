"""The seven days' file: how big it is, how fast it is written and read.

What is measured is the file alone; the reports that are made of it have a script of their own.
"""

from __future__ import annotations

import gc
import itertools
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from console.history.database import history_file
from console.history.intake import take_in
from console.history.reader import Reader, open_reader
from console.history.writer import Writer, open_writer
from console.model.history import Observed, Origin, Recording, Sample, Sight, Stretch
from console.model.latency import counted
from tests.bench.figure import Figure, hand_over, median

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
START_MS: Final = 1_795_046_400_000
SERVICES: Final = 62
MANY: Final = 1000

READ: Final = """
import sys, time
from pathlib import Path
began = time.perf_counter()
from console.history.reader import open_reader
reader = open_reader(Path(sys.argv[1]))
count = sum(1 for one in reader.observed(int(sys.argv[2]), int(sys.argv[3])))
took_ms = (time.perf_counter() - began) * 1000
# Not ru_maxrss, which begins with what the process had before it became this program.
peak = next(one for one in open("/proc/self/status") if one.startswith("VmHWM"))
print(count, took_ms, int(peak.split()[1]) / 1024)
"""


def samples(days: int) -> Iterator[Sample]:
    """Of each service one a minute, with outages."""
    dice = random.Random(7)
    down = [0] * SERVICES
    for minute in range(days * 1440):
        at_ms = START_MS + minute * MINUTE_MS
        for service in range(SERVICES):
            if dice.random() < 0.0005:
                down[service] = dice.randrange(1, 15)
            sight = Sight.DOWN if down[service] else Sight.UP
            down[service] = max(0, down[service] - 1)
            took_ms = None if sight is Sight.DOWN else dice.lognormvariate(3, 0.4)
            yield Sample(f"service-{service}", at_ms, sight, took_ms)


def observed(days: int) -> Iterator[Observed]:
    """Of many services what is kept when the samples are gone."""
    dice = random.Random(7)
    hours = [counted(dice.lognormvariate(3, 0.4) for _ in range(60)) for _ in range(50)]
    end_ms = START_MS + days * DAY_MS
    for service in range(MANY):
        edges = sorted({START_MS, end_ms, *(dice.randrange(START_MS, end_ms) for _ in range(40))})
        stretches = tuple(
            Stretch(start, end, Sight.DOWN if number % 2 else Sight.UP)
            for number, (start, end) in enumerate(itertools.pairwise(edges))
        )
        counts = tuple(
            (START_MS // 1000 + hour * 3600, dice.choice(hours)) for hour in range(days * 24)
        )
        yield Observed(f"service-{service}", stretches, counts, days * 1440)


def in_a_process(folder: Path, days: int) -> tuple[int, float, float]:
    """Services read, milliseconds with the import of what reads, and MiB at most."""
    words = (str(folder), str(START_MS), str(START_MS + days * DAY_MS))
    ended = subprocess.run(
        [sys.executable, "-c", READ, *words], capture_output=True, text=True, check=True
    )
    count, took_ms, mib = ended.stdout.split()
    return int(count), float(took_ms), float(mib)


def read_warm_ms(folder: Path) -> float:
    """All services over the week, from a process that has read them before."""
    reader = open_reader(folder)
    assert isinstance(reader, Reader)
    gc.collect()
    gc.freeze()  # as the console does when it has started
    took = []
    for _ in range(5):
        began = time.perf_counter()
        found = list(reader.observed(START_MS, START_MS + 7 * DAY_MS))
        took.append((time.perf_counter() - began) * 1000)
        assert len(found) == SERVICES
    reader.close()
    return median(took)


def written_ms(folder: Path) -> float:
    """A minute's samples, on disk."""
    writer = open_writer(folder, Origin.CONSOLE, "bench")
    assert isinstance(writer, Writer)
    start_ms = START_MS + 8 * DAY_MS
    writer.begin(start_ms, MINUTE_MS)
    took = []
    for minute in range(150):
        batch = [
            Sample(f"service-{service}", start_ms + minute * MINUTE_MS, Sight.UP, 20.0 + service)
            for service in range(SERVICES)
        ]
        began = time.perf_counter()
        writer.write(batch)
        took.append((time.perf_counter() - began) * 1000)
    writer.close()
    return sorted(took)[-3]


def main() -> None:
    """Measure and print."""
    with TemporaryDirectory() as scratch:
        week, many = Path(scratch) / "week", Path(scratch) / "many"
        recording = Recording(Origin.RECORDER, "bench", START_MS, MINUTE_MS)
        told = list(samples(7))
        began = time.perf_counter()
        end_ms = START_MS + 7 * DAY_MS
        take_in(week, recording, (), start_ms=START_MS, end_ms=end_ms, samples=told)
        filled_s = time.perf_counter() - began
        count = len(told)
        del told
        size = history_file(week).stat().st_size / 1e6
        take_in(many, recording, observed(14), start_ms=START_MS, end_ms=START_MS + 14 * DAY_MS)
        _, cold_ms, _ = in_a_process(week, 7)
        found, many_ms, mib = in_a_process(many, 14)
        assert found == MANY
        hand_over((
            Figure(f"7 days of {SERVICES} services: file", size, "MB", None, 25.0,
                   f"{count:,} samples taken in within {filled_s:.1f} s"),
            Figure("the same read, warm", read_warm_ms(week), "ms", None, 80.0),
            Figure("the same read by a new process, imports too", cold_ms, "ms", None, 500.0),
            Figure("a minute's samples written, 147th of 150", written_ms(week), "ms", None, 50.0),
            Figure(f"14 days of {MANY:,} services read, a service at a time", many_ms / 1000, "s",
                   None, 5.0),
            Figure("the same: memory", mib, "MiB", None, 200.0),
        ))  # fmt: skip


if __name__ == "__main__":
    main()
