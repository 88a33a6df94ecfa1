"""Episodes and events as they are kept, and a history that goes to another machine."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from console.history.check import check
from console.history.database import history_file
from console.history.exchange import export
from console.history.fault import HistoryError
from console.history.importing import import_lines
from console.history.intake import take_in
from console.history.lines import bout_line, line_of
from console.model.history import (
    Bout,
    Observed,
    Origin,
    Recording,
    Sample,
    Sight,
    Stretch,
)
from console.model.latency import counted
from console.model.state import Priority
from console.safety.text import Raw
from tests.history.making import (
    EVERY_MS,
    MIDNIGHT_MS,
    at,
    bout,
    past,
    reader_in,
    seen,
    week,
    writer_in,
)

END_MS = MIDNIGHT_MS + 200 * EVERY_MS
HOUR_S = 3600


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What another machine exported."""
    folder = tmp_path_factory.mktemp("theirs") / "state"
    writer = writer_in(folder, "mei@ops-1", Origin.RECORDER)
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    for number, samples in enumerate(week(150, ("api", "db", "odd \ud800"))):
        writer.write(samples, [bout(number)] if number < 2 else (), [past(number)])
    lines = list(export(folder, MIDNIGHT_MS, END_MS))
    writer.close()
    return lines


def told(folder: Path) -> tuple[object, ...]:
    reader = reader_in(folder)
    try:
        return (
            list(reader.observed(0, 1 << 45)),
            reader.bouts(at(-1000), at(1000)),
            reader.past(at(-1000), at(1000)),
            reader.recordings(0, 1 << 45),
        )
    finally:
        reader.close()


def test_anothers_history_is_kept_apart_under_its_name_and_twice_is_once(
    tmp_path: Path, theirs: list[bytes]
) -> None:
    writer = writer_in(tmp_path)
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    writer.write([Sample("api", MIDNIGHT_MS, Sight.UP, 4.0)])
    done = import_lines(tmp_path, theirs)
    assert (done.recordings, done.known, done.services, done.samples) == (1, 0, 3, 450)
    assert (done.bouts, done.past) == (2, 150)
    once = told(tmp_path)
    assert import_lines(tmp_path, theirs) == done
    assert told(tmp_path) == once
    reader = reader_in(tmp_path)
    names = {(one.origin, one.by) for one in reader.recordings(0, 1 << 45)}
    reader.close()
    assert names == {(Origin.CONSOLE, "kai@laptop-1"), (Origin.IMPORTED, "mei@ops-1")}
    known = seen(tmp_path, MIDNIGHT_MS, END_MS)
    assert set(known) == {"api", "db", "odd \ud800"}
    assert known["api"].stretches[0].sight is Sight.DOWN
    # Who recorded meanwhile goes on.
    writer.write([Sample("api", MIDNIGHT_MS + EVERY_MS, Sight.UP, 4.0)])
    writer.close()
    assert check(tmp_path).wrong == ()


def test_an_export_is_json_lines_that_say_their_version_and_come_back_the_same(
    tmp_path: Path, theirs: list[bytes]
) -> None:
    head = json.loads(theirs[0])
    assert (head["kind"], head["schema_version"]) == ("history", 1)
    assert json.loads(theirs[-1]) == {"kind": "end", "lines": len(theirs) - 1}
    assert all(line.isascii() and line.endswith(b"\n") for line in theirs)
    import_lines(tmp_path, theirs)
    back = [json.loads(line) for line in export(tmp_path, MIDNIGHT_MS, END_MS)]
    for line in (*back, *(sent := [json.loads(line) for line in theirs])):
        line.pop("id", None)
        line.pop("recording", None)
        if line["kind"] == "recording":
            line["origin"] = ""
    # Hours that the sender had not rolled up yet stand in samples; here they are hours.
    assert [line for line in back if line["kind"] not in ("hours", "end")] == [
        line for line in sent if line["kind"] not in ("hours", "end")
    ]


def test_a_history_that_comes_back_home_adds_nothing(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    writer.begin(MIDNIGHT_MS, EVERY_MS)
    for samples in week(5):
        writer.write(samples, [bout(0)], [past(0)])
    writer.close()
    before = told(tmp_path)
    done = import_lines(tmp_path, export(tmp_path, MIDNIGHT_MS, END_MS))
    assert (done.recordings, done.known) == (0, 1)
    assert told(tmp_path) == before


_HEAD = b'{"kind":"history","schema_version":1,"start_ms":0,"end_ms":200000000000000}\n'
_AGES = b'{"kind":"stretches","recording":1,"service":"a","stretches":[[0,200000000000000,"up"]]}\n'
"""A short line that would become two million rows."""


def bout_at(start_us: int) -> bytes:
    """The line of an episode that began then."""
    return line_of(msgspec.structs.replace(bout_line(bout(0)), start_us=start_us))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [*lines[:5], b"{nonsense\n", *lines[5:]], "line 6: "),
        (lambda lines: lines[:-1], "the file ends here"),
        (lambda lines: lines[:40], "line 41: the file ends here"),
        (lambda lines: [*lines[:10], *lines[11:]], "came before it"),
        (lambda lines: lines[1:], "line 1: there was no head"),
        (lambda lines: [*lines, lines[3]], "it comes after the end"),
        (lambda lines: [lines[0], *lines], "line 2: it is a second head"),
        (lambda lines: [lines[0].replace(b": 1", b": 2").replace(b":1,", b":2,", 1)], "schema_v"),
        (lambda lines: [b"[" * 100_000, *lines], "line 1: "),
        (lambda lines: [one.replace(b'"down"', b'"upset"') for one in lines], "line 4: "),
        (lambda lines: [one.replace(b'"at_ms":17', b'"at_ms":16') for one in lines], "moment"),
        (lambda lines: [*lines[:20], b'{"kind":"past","at_us":-1}\n'], "line 21: "),
        (lambda lines: [lines[0], b'{"x":' + b"[" * 100_000], "line 2: a line that is nested"),
        (lambda lines: [lines[0], bout_at(253_402_300_800_000_000)], "line 2: "),
        (lambda lines: [_HEAD, lines[1], _AGES], "stretches of a day at most"),
    ],
)
def test_a_bad_line_is_named_and_nothing_of_its_file_is_taken_in(
    tmp_path: Path, theirs: list[bytes], spoil: object, said: str
) -> None:
    writer_in(tmp_path).close()
    before = history_file(tmp_path).read_bytes()
    with pytest.raises(HistoryError) as caught:
        import_lines(tmp_path, spoil(theirs))  # type: ignore[operator]
    assert said in str(caught.value)
    assert "expected" in str(caught.value)
    assert str(caught.value).isprintable()
    assert history_file(tmp_path).read_bytes() == before


def test_what_is_taken_in_again_replaces_what_was_taken_in_of_that_time(tmp_path: Path) -> None:
    def observed(start_min: int, end_min: int, sight: Sight) -> Observed:
        stretch = Stretch(
            MIDNIGHT_MS + start_min * EVERY_MS, MIDNIGHT_MS + end_min * EVERY_MS, sight
        )
        first = stretch.start_ms // 3_600_000
        hours = tuple(
            (hour * HOUR_S, counted([float(hour % 7 + 1)] * 50))
            for hour in range(first, -(-stretch.end_ms // 3_600_000))
        )
        return Observed("api", (stretch,), hours, samples=end_min - start_min)

    def take(start_min: int, end_min: int, sight: Sight) -> None:
        start_ms, end_ms = (MIDNIGHT_MS + one * EVERY_MS for one in (start_min, end_min))
        take_in(
            tmp_path,
            Recording(Origin.PROMETHEUS, "prom", start_ms, EVERY_MS),
            [observed(start_min, end_min, sight)],
            [bout(start_min, source="prom")],
            [past(start_min)],
            start_ms=start_ms,
            end_ms=end_ms,
        )

    take(-600, 600, Sight.UP)
    take(-600, 600, Sight.UP)
    known = seen(tmp_path, MIDNIGHT_MS - 10**8, END_MS + 10**8)["api"]
    assert known.stretches == observed(-600, 600, Sight.UP).stretches
    assert known.samples == 1200
    assert known.hours == observed(-600, 600, Sight.UP).hours
    take(90, 600, Sight.DOWN)
    known = seen(tmp_path, MIDNIGHT_MS - 10**8, END_MS + 10**8)["api"]
    assert [(one.start_ms, one.end_ms, one.sight) for one in known.stretches] == [
        (MIDNIGHT_MS - 600 * EVERY_MS, MIDNIGHT_MS + 90 * EVERY_MS, Sight.UP),
        (MIDNIGHT_MS + 90 * EVERY_MS, MIDNIGHT_MS + 600 * EVERY_MS, Sight.DOWN),
    ]
    assert {latencies.total for _, latencies in known.hours} == {50}
    take(-600, 600, Sight.SLOW)
    reader = reader_in(tmp_path)
    assert len(reader.recordings(0, 1 << 45)) == 1
    assert len(reader.bouts(at(-1000), at(1000))) == 1
    assert reader.gaps(MIDNIGHT_MS, END_MS) == ()
    reader.close()
    assert check(tmp_path).wrong == ()


def test_samples_that_are_taken_in_again_in_part_are_counted_once(tmp_path: Path) -> None:
    whole = [one for batch in week(240, ("api",)) for one in batch]
    for first, after in ((0, 240), (90, 150), (30, 90)):
        times = (MIDNIGHT_MS + first * EVERY_MS, MIDNIGHT_MS + after * EVERY_MS)
        recording = Recording(Origin.PROMETHEUS, "prom", times[0], EVERY_MS)
        part = whole[first:after]
        take_in(tmp_path, recording, (), start_ms=times[0], end_ms=times[1], samples=part)
        known = seen(tmp_path, MIDNIGHT_MS, MIDNIGHT_MS + 240 * EVERY_MS)["api"]
        assert known.samples == 240
        answered = sum(one.took_ms is not None for one in whole)
        assert sum(latencies.total for _, latencies in known.hours) == answered
    times = (MIDNIGHT_MS + 185 * EVERY_MS, MIDNIGHT_MS + 195 * EVERY_MS)
    take_in(tmp_path, recording, (), start_ms=times[0], end_ms=times[1])
    assert seen(tmp_path, MIDNIGHT_MS, MIDNIGHT_MS + 240 * EVERY_MS)["api"].samples == 230
    assert check(tmp_path).wrong == ()


def test_an_episode_keeps_the_first_ack_and_the_last_sighting(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    writer.write([], [bout(0, seen_at=at(5), acked_at=at(4), acked_by="mei")])
    writer.write([], [bout(0, seen_at=at(3), acked_at=at(2), acked_by="kai", silenced_at=at(9))])
    writer.write([], [bout(0, seen_at=at(7), acked_at=at(6), acked_by="zoe", respond_by=at(15))])
    reader = reader_in(tmp_path)

    def known() -> Bout:
        (one,) = reader.bouts(at(0), at(1))
        return one

    assert (known().acked_at, known().acked_by, known().seen_at) == (at(2), "kai", at(7))
    assert (known().silenced_at, known().respond_by, known().resolved_at) == (at(9), at(15), None)
    assert known().alert == Raw("ServiceDown\x1b[2J\ud800")
    writer.write([], [bout(0, seen_at=at(7), resolved_at=at(8), priority=Priority.P1)])
    writer.write([], [bout(0, seen_at=at(6))])
    assert (known().resolved_at, known().acked_by) == (at(8), "kai")
    assert reader.bouts(at(9), at(10)) == ()
    assert len(reader.bouts(at(7.9), at(10))) == 1
    writer.write([], [bout(0, seen_at=at(11))])
    assert (known().resolved_at, known().seen_at) == (None, at(11))
    writer.close()
    reader.close()


def test_one_episode_that_two_recorders_tell_of_is_one(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    ours = bout(0, seen_at=at(10), acked_at=at(3), acked_by="kai")
    again = bout(30, seen_at=at(40))
    writer.write([], [ours, again])
    writer.close()
    prom = Recording(Origin.PROMETHEUS, "prom", MIDNIGHT_MS - 10**7, EVERY_MS)
    early = bout(-1, seen_at=at(11), resolved_at=at(11), source="prom")
    take_in(tmp_path, prom, (), [early], start_ms=MIDNIGHT_MS - 10**7, end_ms=END_MS)
    reader = reader_in(tmp_path)
    first, second = reader.bouts(at(-100), at(100))
    reader.close()
    assert (first.start, first.acked_by, first.resolved_at) == (at(0), "kai", at(11))
    assert second.start == again.start


def test_events_are_kept_once_and_the_last_of_many_are_read(tmp_path: Path) -> None:
    writer = writer_in(tmp_path)
    for _ in range(2):
        writer.write([], (), [past(number) for number in range(10)])
    writer.close()
    reader = reader_in(tmp_path)
    assert reader.past(at(0), at(9)) == tuple(past(number) for number in range(9))
    assert reader.past(at(0), at(100), most=2) == (past(8), past(9))
    assert reader.past(at(20), at(20) + timedelta(hours=1)) == ()
    reader.close()
