"""The seven days at speed: a report from a cold file, the summary's first frame, many services.

The file holds one sample a minute of every service, answers of some milliseconds, and a short
outage now and then: 62 services are 625,000 samples. The report is the whole command, from exec
to its last byte.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from console.history.database import history_file
from console.history.intake import take_in
from console.model.history import Origin, Recording, Sample, Sight
from tests.bench.figure import Figure, hand_over, median
from tests.bench.terminal import Terminal

ROUNDS = 7
MINUTE_MS = 60_000
DAY_MS = 1440 * MINUTE_MS
ONCALL = (sys.executable, "-m", "console")
MIB = 1024 * 1024
PEAK = "peak-mib"


def settings_in(folder: Path, services: int) -> Path:
    """Settings of services that nobody can ask: nothing is looked at over a network."""
    folder.mkdir(parents=True)
    (folder / "oncall.yaml").write_text("environment: week\nsummary: {availability: 99.9}\n")
    lines = ["services:"]
    lines += [
        f"  - {{name: svc-{n:04}, type: external, owner: team-{n % 7}}}" for n in range(services)
    ]
    (folder / "services.yaml").write_text("\n".join(lines) + "\n")
    return folder


def samples_of(name: str, start_ms: int, end_ms: int, seed: int) -> Iterator[Sample]:
    """One a minute; down for some minutes about every other day."""
    draw = random.Random(seed)
    down_until = 0
    for at_ms in range(start_ms, end_ms, MINUTE_MS):
        if at_ms >= down_until and draw.random() < 1 / 2880:
            down_until = at_ms + draw.randrange(1, 9) * MINUTE_MS
        if at_ms < down_until:
            yield Sample(name, at_ms, Sight.DOWN)
        else:
            yield Sample(name, at_ms, Sight.UP, draw.lognormvariate(3.2, 0.5))


def filled(state: Path, services: int, days: int) -> Path:
    """The state folder with a history up to now, as one recorder would have written it."""
    folder = state / "oncall" / "week"
    folder.mkdir(parents=True, mode=0o700)
    end_ms = round(datetime.now(UTC).timestamp() * 1000)
    start_ms = end_ms - days * DAY_MS

    def samples() -> Iterator[Sample]:
        for number in range(services):
            yield from samples_of(f"svc-{number:04}", start_ms, end_ms, number)

    take_in(
        folder,
        Recording(Origin.RECORDER, "bench", start_ms, MINUTE_MS),
        (),
        start_ms=start_ms,
        end_ms=end_ms,
        samples=samples(),
    )
    return folder


def filled_and_told(state: Path, services: int, days: int) -> None:
    """As `filled`; leaves beside it how much memory that took at most, in MiB."""
    filled(state, services, days)
    lines = Path("/proc/self/status").read_text().splitlines()
    peak = next(one for one in lines if one.startswith("VmHWM"))
    (state / PEAK).write_text(str(int(peak.split()[1]) / 1024))


def filled_apart(state: Path, services: int, days: int) -> Path:
    """As `filled`, in a process of its own: the most memory that a program had is counted from
    before its exec, when it was still a copy of this one."""
    filling = multiprocessing.get_context("spawn").Process(
        target=filled_and_told, args=(state, services, days)
    )
    filling.start()
    filling.join()
    if filling.exitcode:
        raise RuntimeError(f"the history was not made: exit {filling.exitcode}")
    return state / "oncall" / "week"


def cold(path: Path) -> None:
    """Have the system forget what it has read of the file."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)


def report_of(settings: Path, state: Path) -> tuple[float, float]:
    """Seconds of `oncall report week`, from exec to its end, and the most memory it had, in MiB."""
    command = [*ONCALL, "--config", str(settings), "report", "week", "--format", "json"]
    began = time.monotonic()
    with subprocess.Popen(
        command, env={**os.environ, "XDG_STATE_HOME": str(state)}, stdout=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        told = running.stdout.read()
        _, status, used = os.wait4(running.pid, 0)
        took_s = time.monotonic() - began
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode or b'"svc-0001"' not in told:
        raise RuntimeError(f"no report came: {told[-200:]!r}")
    return took_s, used.ru_maxrss / 1024


def week_of_62(top: Path) -> list[Figure]:
    """The reference fleet."""
    settings, state = settings_in(top / "settings", 62), top / "state"
    folder = filled_apart(state, 62, 8)
    file = history_file(folder)
    size = file.stat().st_size / MIB
    times = []
    for _ in range(ROUNDS):
        cold(file)
        times.append(report_of(settings, state)[0])
    what = f"week's report, {62 * 8 * 1440:,} samples, from a cold file, whole command"
    return [
        Figure(what, median(times) * 1000, "ms", None, 1000),
        Figure("its file, of eight days", size, "MiB", None, 25 * 8 / 7),
        first_frame(settings, state, 1.0, "a second after the first frame"),
        first_frame(settings, state, 0.0, "at the first frame, beyond that"),
    ]


def first_frame(settings: Path, state: Path, after_s: float, when: str) -> Figure:
    """From the key, pressed `after_s` after the first frame of triage, to the summary that a
    console before had made."""
    command = (*ONCALL, "--config", str(settings), "--no-mouse")
    env = {"XDG_STATE_HOME": str(state)}
    times = []
    for _ in range(ROUNDS):
        with Terminal(command, env) as terminal:
            terminal.wait_for("NEXT STEP")
            time.sleep(after_s)
            began = time.monotonic()
            terminal.send("5")
            terminal.wait_for("svc-00")
            times.append(time.monotonic() - began)
    del times[0]  # nothing was made before it
    return Figure(f"key 5 {when}, to the summary, warm file", median(times) * 1000, "ms", None, 150)


def week_of_1000(top: Path) -> list[Figure]:
    """Streamed, service by service."""
    settings, state = settings_in(top / "many", 1000), top / "many-state"
    filled_apart(state, 1000, 8)
    filled_mib = float((state / PEAK).read_text())
    took_s, peak_mib = report_of(settings, state)
    return [
        Figure("week's report of 1,000 services, whole command", took_s, "s", None, 10),
        Figure("its memory", peak_mib, "MiB", None, 200),
        Figure("memory of taking in its 11.5 million samples", filled_mib, "MiB", None, 200),
    ]


def main() -> None:
    """Measure and hand over."""
    with tempfile.TemporaryDirectory(prefix="oncall-bench-") as name:
        top = Path(name)
        hand_over(week_of_62(top))
        hand_over(week_of_1000(top))


if __name__ == "__main__":
    main()
