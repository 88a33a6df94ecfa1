"""Records in a process of its own: `python -m tests.history.recording FOLDER BEGAN_MS [PAUSE_S]`.

Prints the number of a write once it has returned, and rests for `PAUSE_S` before the next.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

from console.history.writer import Writer, open_writer
from console.model.history import Origin, Sample, Sight
from tests.history.making import EVERY_MS, bout, past

SERVICES = tuple(f"service-{number}" for number in range(20))


def batch(began_ms: int, number: int) -> list[Sample]:
    """What is written as that number."""
    sight = Sight.DOWN if number % 5 == 0 else Sight.UP
    at_ms = began_ms + number * EVERY_MS
    return [Sample(name, at_ms, sight, float(number)) for name in SERVICES]


def main() -> None:
    folder, began_ms = Path(sys.argv[1]), int(sys.argv[2])
    pause_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    writer = open_writer(folder, Origin.RECORDER, "mei@ops-1")
    assert isinstance(writer, Writer), writer
    sys.stdout.write(f"open {len(writer.notices)}\n")
    sys.stdout.flush()
    writer.begin(began_ms, EVERY_MS)
    for number in itertools.count():
        writer.write(batch(began_ms, number), [bout(number)], [past(number)])
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        time.sleep(pause_s)
        if number % 7 == 6:
            writer.tidy(began_ms + number * EVERY_MS, 1 << 44, 1 << 44)


if __name__ == "__main__":
    main()
