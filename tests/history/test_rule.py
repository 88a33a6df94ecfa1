"""What the file tells is what the samples told, second by second, however they came."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.history.check import check
from console.history.exchange import export
from console.history.importing import import_lines
from console.history.intake import take_in
from console.model.history import Origin, Recording, Sample, Sight
from tests.history.making import (
    EVERY_MS,
    MIDNIGHT_MS,
    Told,
    by_seconds,
    second_by_second,
    seen,
    writer_in,
)
from tests.soak import trials

START_MS = MIDNIGHT_MS - 900_000
END_MS = MIDNIGHT_MS + 1_200_000
SERVICES = ("api", "db")

STEPS = st.lists(
    st.tuples(
        st.sampled_from([5, 60, 60, 61, 149, 150, 151, 170, 400]),
        st.sampled_from([*Sight, Sight.UP, Sight.UP]),
        st.sampled_from([("api", "db"), ("api",), ("db",)]),
    ),
    max_size=16,
)
"""Seconds after the last ones, how it was seen, and of which services."""
RUNS = st.lists(st.tuples(st.integers(-900, 800), STEPS), min_size=1, max_size=3)
"""Where a recording begins; they may overlap, as where a clock is set back."""

Run = tuple[int, list[tuple[int, Sight, tuple[str, ...]]]]


def batches_of(run: Run) -> list[list[Sample]]:
    at_ms = MIDNIGHT_MS + run[0] * 1000
    found = []
    for seconds, sight, services in run[1]:
        at_ms += seconds * 1000
        found.append([Sample(service, at_ms, sight, float(seconds)) for service in services])
    return found


def told_of(service: str, runs: list[list[list[Sample]]]) -> list[Told]:
    return [
        (EVERY_MS, [(s.at_ms, s.sight) for batch in run for s in batch if s.service == service])
        for run in runs
    ]


def same_by_seconds(folder: Path, runs: list[list[list[Sample]]]) -> None:
    for start_ms, end_ms in ((START_MS, END_MS), (MIDNIGHT_MS - 50_000, MIDNIGHT_MS + 170_000)):
        found = seen(folder, start_ms, end_ms)
        for service in SERVICES:
            wanted = second_by_second(told_of(service, runs), start_ms, end_ms)
            assert by_seconds(found.get(service), start_ms, end_ms) == wanted


@given(runs=RUNS, others=STEPS, again=st.booleans())
@settings(
    max_examples=trials(usual=15, soak=3000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_what_is_read_is_what_the_samples_told_second_by_second(
    runs: list[Run], others: list[tuple[int, Sight, tuple[str, ...]]], again: bool
) -> None:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "state"
        recordings = [batches_of(run) for run in runs]
        writer = writer_in(folder)
        for number, (run, batches) in enumerate(zip(runs, recordings, strict=True)):
            writer.begin(MIDNIGHT_MS + run[0] * 1000, EVERY_MS)
            for batch in batches:
                writer.write(batch)
            same_by_seconds(folder, recordings[: number + 1])
        writer.close()
        theirs = batches_of((-500, others))
        prom = Recording(Origin.PROMETHEUS, "prom", START_MS, EVERY_MS)
        for _ in range(1 + again):
            take_in(
                folder, prom, (), start_ms=START_MS - EVERY_MS, end_ms=END_MS + 10**7,
                samples=[one for batch in reversed(theirs) for one in batch],
            )  # fmt: skip
        whole = [*recordings, theirs]
        same_by_seconds(folder, whole)
        assert check(folder).wrong == ()
        copy = Path(scratch) / "copy"
        lines = list(export(folder, START_MS - 10**7, END_MS + 10**7))
        for _ in range(1 + again):
            import_lines(copy, lines)
        same_by_seconds(copy, whole)
        assert check(copy).wrong == ()


def test_a_sample_that_goes_back_in_time_is_refused_and_nothing_of_it_kept(tmp_path: Path) -> None:
    writer = writer_in(tmp_path / "state")
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    writer.write([Sample("api", MIDNIGHT_MS + 10, Sight.UP)])
    before = seen(tmp_path / "state", MIDNIGHT_MS, END_MS)
    for late in (
        [Sample("api", MIDNIGHT_MS + 10, Sight.DOWN)],
        [Sample("db", MIDNIGHT_MS + 20, Sight.UP), Sample("db", MIDNIGHT_MS + 20, Sight.DOWN)],
        [Sample("new", MIDNIGHT_MS + 9, Sight.DOWN)],
        [Sample("", MIDNIGHT_MS + 30, Sight.UP)],
    ):
        try:
            writer.write(late)
        except Exception as error:
            assert type(error).__name__ == "HistoryError"
            assert "expected" in str(error)
        else:
            raise AssertionError("it was taken")
    assert seen(tmp_path / "state", MIDNIGHT_MS, END_MS) == before
    writer.write([Sample("db", MIDNIGHT_MS + 10, Sight.UP)])
    writer.begin(MIDNIGHT_MS + 5, EVERY_MS)
    writer.write([Sample("api", MIDNIGHT_MS + 5, Sight.DOWN)])
    writer.close()
    assert seen(tmp_path / "state", MIDNIGHT_MS, END_MS)["api"].stretches[0].sight is Sight.DOWN


def test_a_time_that_is_none_is_no_latency(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    odd = (float("nan"), float("inf"), float("-inf"), -1.0, None, 1e300, 0.0)
    for place, took_ms in enumerate(odd):
        writer.write([Sample("api", MIDNIGHT_MS + place * 1000, Sight.UP, took_ms)])
    writer.close()
    found = seen(tmp_path, MIDNIGHT_MS, END_MS)["api"]
    assert found.samples == len(odd)
    assert [latencies.total for _, latencies in found.hours] == [2]
