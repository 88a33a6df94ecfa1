"""Keys and countdowns of the list, measured on a pseudo-terminal by `bench_list`."""

from __future__ import annotations

from tests.bench.bench_list import Running, keys_to_paint, p95
from tests.bench.figure import Figure, hand_over

IDLE_S = 20.0


def key_to_paint() -> Figure:
    """The 95th percentile with 10,000 rows beside that with 100."""
    measured: dict[int, list[float]] = {100: [], 10_000: []}
    for _ in range(3):
        for rows, values in measured.items():
            values.extend(keys_to_paint(rows)[0])
    many, few = (p95(measured[rows]) * 1000 for rows in (10_000, 100))
    return Figure("key to painted frame, p95: 10,000 rows / 100 rows", many, "ms", few, 1.2)


def idle() -> list[Figure]:
    """What 30 countdowns at 120x40 cost while nobody touches a key."""
    running = Running(["--show", "38", "--countdowns", "30"])
    try:
        running.read_for(3)
        before = running.cpu_s()
        count = running.read_for(IDLE_S)
        used = running.cpu_s() - before
    finally:
        running.close()
    return [
        Figure("idle with 30 countdowns at 120x40: CPU", used / IDLE_S * 100, "%", None, 1.5),
        Figure("  bytes a second to the tty", count / IDLE_S / 1000, "kB/s", None, 4.0),
    ]


if __name__ == "__main__":
    hand_over([key_to_paint(), *idle()])
