"""Much that is taken in at once: in little memory, and whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from console.history.check import check
from console.history.database import made
from console.history.intake import take_in
from console.model.history import Origin, Recording, Sample, Sight
from tests.history.making import EVERY_MS, MIDNIGHT_MS, by_seconds, second_by_second, seen
from tests.spawn import PROJECT

HOURLY_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOURLY_MS
BEGUN: Final = 3000

TAKING: Final = """
import sys, time
from pathlib import Path
from console.history import intake
from console.model.history import Sight
from tests.history.test_intake import BEGUN, minutely, recording, END_MS, START_MS
intake._CACHE_KIB = 64  # so that much of it is in the file before the commit
def endless():
    for number, sample in enumerate(minutely(Sight.DOWN)):
        if number == BEGUN:
            print("begun", flush=True)
            time.sleep(600)
        yield sample
intake.take_in(
    Path(sys.argv[1]), recording(), (), start_ms=START_MS, end_ms=END_MS, samples=endless()
)
"""
START_MS: Final = MIDNIGHT_MS
END_MS: Final = START_MS + 1000 * EVERY_MS


def recording() -> Recording:
    return Recording(Origin.PROMETHEUS, "prom", START_MS, EVERY_MS)


def minutely(sight: Sight) -> Iterator[Sample]:
    for at_ms in range(START_MS, END_MS, EVERY_MS):
        for number in range(5):
            yield Sample(f"service-{number}", at_ms, sight, 20.0)


def test_who_is_killed_while_taking_in_has_taken_in_nothing_and_may_do_it_again(
    tmp_path: Path,
) -> None:
    def take(sight: Sight) -> None:
        samples = minutely(sight)
        take_in(tmp_path, recording(), (), start_ms=START_MS, end_ms=END_MS, samples=samples)

    take(Sight.UP)
    known = seen(tmp_path, START_MS, END_MS)
    process = subprocess.Popen(
        [sys.executable, "-c", TAKING, str(tmp_path)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert any(one.name.endswith("-journal") for one in tmp_path.iterdir())
    assert seen(tmp_path, START_MS, END_MS) == known
    take(Sight.DOWN)
    again = seen(tmp_path, START_MS, END_MS)
    assert {one.samples for one in again.values()} == {1000}
    assert {each.sight for one in again.values() for each in one.stretches} == {Sight.DOWN}
    assert check(tmp_path).wrong == ()


def test_samples_that_come_between_those_of_one_recording_end_what_held_over_them(
    tmp_path: Path,
) -> None:
    told = ((0, Sight.DOWN), (400, Sight.DOWN), (350, Sight.DOWN), (430, Sight.UP))
    for seconds, sight in told:
        at_ms = START_MS + seconds * 1000
        sample = Sample("api", at_ms, sight)
        span = (at_ms - 5000, at_ms + 5000)
        take_in(tmp_path, recording(), (), start_ms=span[0], end_ms=span[1], samples=[sample])
    until_ms = START_MS + 600_000
    samples = sorted((START_MS + seconds * 1000, sight) for seconds, sight in told)
    wanted = second_by_second([(EVERY_MS, samples)], START_MS, until_ms)
    assert by_seconds(seen(tmp_path, START_MS, until_ms)["api"], START_MS, until_ms) == wanted
    assert check(tmp_path).wrong == ()


def test_the_memory_that_taking_in_needs_does_not_grow_with_the_days(tmp_path: Path) -> None:
    def peak(days: int) -> int:
        samples = (
            Sample(
                f"service-{number}", at_ms, Sight.UP, 1.0 + (at_ms // EVERY_MS * 7 + number) % 90
            )
            for at_ms in range(START_MS, START_MS + days * DAY_MS, HOURLY_MS // 4)
            for number in range(15)
        )
        end_ms = START_MS + days * DAY_MS
        every = Recording(Origin.PROMETHEUS, "prom", START_MS, HOURLY_MS // 4)
        folder = tmp_path / str(days)
        made(folder)  # an empty file is made in more memory than that
        tracemalloc.start()
        take_in(folder, every, (), start_ms=START_MS, end_ms=end_ms, samples=samples)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    a_day = peak(1)
    assert peak(8) < 3 * a_day
