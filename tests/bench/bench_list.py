"""How quick the list is: run as a program, it prints one line a figure.

    python tests/bench/bench_list.py [--seconds 20]

Key to painted frame is measured on a pseudo-terminal from the byte of the key to the last byte
of what it changes; idle figures are the process's own CPU time and the bytes that it writes.
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import select
import signal
import statistics
import struct
import sys
import termios
import time
from collections.abc import Sequence
from datetime import timedelta
from fcntl import ioctl
from pathlib import Path
from typing import Any, Final, NamedTuple

SIZE: Final = (120, 40)
_QUIET_S: Final = 0.03


class Line(NamedTuple):
    """One row of the benchmark's list."""

    key: str
    number: int


def show(rows: int, countdowns: int) -> None:
    """The program that is measured: a list that fills the screen, ticking once a second."""
    from textual.app import App, ComposeResult

    from console.model.words import age_text, countdown_text
    from console.safety.clock import Instant, SystemClock
    from widgets.columns import Column
    from widgets.driver import OncallDriver
    from widgets.key_turns import KeyTurns
    from widgets.live_list import LiveList
    from widgets.paint import Spans
    from widgets.theme import DARK, Ink, ink_defaults, themes

    clock = SystemClock()
    start = clock.now()

    def left(row: Line, now: Instant) -> Spans:
        seconds = (100 if row.number < countdowns else 40_000) + row.number * 0.1
        due = start.wall + timedelta(seconds=seconds)
        return (("ack ", Ink.PLAIN), (countdown_text(due - now.wall), Ink.PLAIN))

    def age(row: Line, now: Instant) -> Spans:
        since = start.wall - timedelta(seconds=row.number % 900)
        return ((age_text(now.wall - since, coarse=True), Ink.PLAIN),)

    columns = [
        Column[Line]("P", lambda row, now: ((f"P{row.number % 4}", Ink.P0),), 2, priority=100),
        Column[Line]("NEXT STEP", left, 10, priority=99, volatile=True),
        Column[Line]("ALERT", lambda row, now: (("ServiceDown", Ink.STRONG),), 12, flex=1),
        Column[Line]("ON", lambda row, now: ((f"redis-{row.number}@data-1", Ink.PLAIN),), 16),
        Column[Line]("FOR", age, 6, volatile=True),
        Column[Line]("OWNER", lambda row, now: (("mei", Ink.PLAIN),), 6),
        Column[Line]("SUMMARY", lambda row, now: (("no PING reply", Ink.MUTED),), 15, flex=3),
    ]

    class Bench(KeyTurns):
        BINDINGS = [("j", "down"), ("k", "up"), ("q", "quit")]  # noqa: RUF012
        ENABLE_COMMAND_PALETTE = False

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return ink_defaults()

        def compose(self) -> ComposeResult:
            yield LiveList[Line](columns, key=lambda row: row.key, clock=clock)

        def on_mount(self) -> None:
            for theme in themes():
                self.register_theme(theme)
            self.theme = DARK
            view = self.query_one(LiveList)
            view.set_rows([Line(f"row-{number}", number) for number in range(rows)])
            view.focus()
            self.set_interval(1, lambda: view.tick(clock.now()))

        def action_down(self) -> None:
            self.query_one(LiveList).action_down()

        def action_up(self) -> None:
            self.query_one(LiveList).action_up()

    app: App[Any] = Bench(driver_class=OncallDriver)
    app.animation_level = "none"
    app.run(mouse=False)


class Running:
    """The program above on a pseudo-terminal of its own."""

    PROGRAM: tuple[str, ...] = (__file__,)
    """What Python runs; it is handed the arguments."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execv(sys.executable, [sys.executable, *self.PROGRAM, *arguments])
        columns, lines = SIZE
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.read_for(1.5)

    def read_for(self, seconds: float) -> int:
        """Read all that comes; how many bytes it was."""
        end, count = time.monotonic() + seconds, 0
        while (left := end - time.monotonic()) > 0:
            if select.select([self.fd], [], [], left)[0]:
                count += len(os.read(self.fd, 65536))
        return count

    def press(self, key: str) -> tuple[float, int]:
        """Seconds from a key to the last byte of what it changes, and those bytes."""
        start = last = time.monotonic()
        os.write(self.fd, key.encode())
        count = 0
        while True:
            if select.select([self.fd], [], [], 0.5 if not count else _QUIET_S)[0]:
                count += len(os.read(self.fd, 65536))
                last = time.monotonic()
            else:
                return last - start, count

    def cpu_s(self) -> float:
        """CPU seconds that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it, and wait until it has ended."""
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def keys_to_paint(rows: int, presses: int = 120) -> tuple[list[float], int]:
    """Seconds for each press, and bytes for one."""
    running = Running(["--show", str(rows)])
    try:
        for _ in range(5):
            running.press("j")
        results = [running.press("j" if number % 40 < 30 else "k") for number in range(presses)]
    finally:
        running.close()
    return [seconds for seconds, _ in results], round(statistics.mean(size for _, size in results))


def p95(values: Sequence[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, help="be the program that is measured")
    parser.add_argument("--countdowns", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    if arguments.show is not None:
        show(arguments.show, arguments.countdowns)
        return
    out = sys.stdout
    measured: dict[int, list[float]] = {100: [], 10_000: []}
    size = 0
    for _ in range(3):
        for rows, values in measured.items():
            seconds, size = keys_to_paint(rows)
            values.extend(seconds)
    for rows, values in measured.items():
        median = statistics.median(values) * 1000
        out.write(f"key to paint, {rows:,} rows: median {median:.1f} ms, ")
        out.write(f"p95 {p95(values) * 1000:.1f} ms, {size} bytes\n")
    out.write(f"ratio of p95: {p95(measured[10_000]) / p95(measured[100]):.2f} (reach 1.2)\n")
    for countdowns in (0, 30):
        running = Running(["--show", "38", "--countdowns", str(countdowns)])
        try:
            running.read_for(3)
            before = running.cpu_s()
            count = running.read_for(arguments.seconds)
            used = running.cpu_s() - before
        finally:
            running.close()
        out.write(f"idle, {countdowns} countdowns: {used / arguments.seconds:.2%} of a core, ")
        out.write(f"{count / arguments.seconds:,.0f} bytes/s (reach 1.5 %, 4,000)\n")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    out.write(f"largest resident set: {peak / 1024:.0f} MiB\n")


if __name__ == "__main__":
    main()
