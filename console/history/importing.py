"""Another machine's history, taken in whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from console.history.episodes import keep_bouts, keep_past, plain, teller_of
from console.history.fault import HistoryError
from console.history.holding import DAY_MS
from console.history.intake import Intake, taking_in
from console.history.keeping import Names
from console.history.lines import (
    SCHEMA_VERSION,
    WORDS,
    BoutLine,
    End,
    Head,
    HoursLine,
    Line,
    PastLine,
    RecordingLine,
    SamplesLine,
    StretchesLine,
    bout_in,
    past_in,
    read_line,
)
from console.history.replacing import Edges, cleared, drop_empty
from console.model.history import Bout, Origin, Past, Recording, Sample, Sight
from console.safety.text import visible

LINE_BYTES: Final = 64 << 20
"""The longest line that is read: a service with 400 days of hours has a few megabytes."""
LONGEST_STRETCH_MS: Final = 2 * DAY_MS
"""An export cuts them at every midnight; the last one reaches an interval over it."""


class Imported(msgspec.Struct, frozen=True):
    """What came of an import."""

    recordings: int = 0
    known: int = 0
    """Recordings that were made here, and are left as they are."""
    services: int = 0
    samples: int = 0
    bouts: int = 0
    past: int = 0


def import_lines(folder: Path, lines: Iterable[bytes]) -> Imported:
    """Take in what `export` gave, of this machine or another one; doing it again changes nothing.

    Its recordings stay apart from those that are made here, under the names of who made them.

    Raises:
        HistoryError: a line is none, or the end is missing; nothing was taken in.
    """
    with taking_in(folder) as connection:
        return _Import(connection).all_of(_numbered(lines))


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, Line]]:
    for number, text in enumerate(lines, 1):
        if len(text) > LINE_BYTES:
            raise _bad(number, f"it has {len(text):,} bytes", f"{LINE_BYTES:,} bytes at most")
        if not text.strip():
            continue
        try:
            yield number, read_line(text)
        except ValueError as error:
            raise _bad(number, str(error), "a line as `oncall history export` writes it") from error


def _bad(number: int, problem: str, expected: str) -> HistoryError:
    return HistoryError(
        f"line {number}: {visible(problem, cells=300)}",
        expected=expected,
        remedy="nothing was taken in; export it again",
    )


class _Import:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._names = Names()
        self._head: Head | None = None
        self._intakes: dict[int, Intake | None] = {}
        """By their number in the file; `None`: made here."""
        self._edges: dict[str, Edges] = {}
        """Of each recorder, whose recordings of that time are taken out once."""
        self._services: set[str] = set()
        self._samples = 0
        self._bouts: list[Bout] = []
        self._past: list[Past] = []

    def all_of(self, lines: Iterable[tuple[int, Line]]) -> Imported:
        """Everything that the lines say."""
        number, is_whole = 0, False
        for count, (number, line) in enumerate(lines):
            if is_whole:
                raise _bad(number, "it comes after the end", "nothing more")
            if isinstance(line, End):
                is_whole = True
                if line.lines != count:
                    raise _bad(number, f"{count} lines came before it", f"{line.lines}")
            else:
                self._line(number, line)
        if not is_whole:
            raise _bad(number + 1, "the file ends here", "a line of the kind `end`")
        for intake in self._intakes.values():
            if intake is not None:
                intake.finish()
        self._keep()
        taken = sum(intake is not None for intake in self._intakes.values())
        return Imported(
            recordings=taken,
            known=len(self._intakes) - taken,
            services=len(self._services),
            samples=self._samples,
            bouts=len(self._bouts),
            past=len(self._past),
        )

    def _keep(self) -> None:
        told_by = teller_of(Origin.IMPORTED, ", ".join(sorted(self._edges)))
        keep_bouts(self._connection, self._bouts, told_by)
        keep_past(self._connection, self._past)
        drop_empty(self._connection)

    def _line(self, number: int, line: Line) -> None:
        if isinstance(line, Head):
            if self._head is not None:
                raise _bad(number, "it is a second head", "one")
            if line.schema_version != SCHEMA_VERSION:
                raise _bad(
                    number, f"it has schema_version {line.schema_version}", f"{SCHEMA_VERSION}"
                )
            if line.start_ms >= line.end_ms:
                raise _bad(number, "its end is not after its start", "a time that has a length")
            self._head = line
            return
        if self._head is None:
            raise _bad(number, "there was no head", "a line of the kind `history` first")
        if isinstance(line, RecordingLine):
            self._begin(number, line, self._head)
        elif isinstance(line, BoutLine):
            self._bouts.append(bout_in(line))
        elif isinstance(line, PastLine):
            self._past.append(past_in(line))
        elif isinstance(line, StretchesLine | HoursLine | SamplesLine):
            self._part(number, line, self._head)

    def _begin(self, number: int, line: RecordingLine, head: Head) -> None:
        if line.id in self._intakes:
            raise _bad(number, f"recording {line.id} was begun before", "each once")
        is_ours = self._connection.execute(
            "SELECT 1 FROM recording WHERE origin = ? AND by = ? AND began_ms = ?",
            (str(line.origin), plain(line.by), line.began_ms),
        ).fetchone()
        if is_ours and line.origin != Origin.IMPORTED:
            self._intakes[line.id] = None
            return
        by = visible(line.by)
        if by not in self._edges:
            self._edges[by] = cleared(
                self._connection, Origin.IMPORTED, by, head.start_ms, head.end_ms
            )
        recording = Recording(
            Origin.IMPORTED,
            by,
            line.began_ms,
            line.every_ms,
            line.ended_ms,
            visible(line.why_ended),
        )
        self._intakes[line.id] = Intake(
            self._connection,
            recording,
            head.start_ms,
            head.end_ms,
            self._names,
            self._edges[by],
        )

    def _part(self, number: int, line: StretchesLine | HoursLine | SamplesLine, head: Head) -> None:
        if line.recording not in self._intakes:
            raise _bad(number, f"there was no recording {line.recording}", "one that was begun")
        intake = self._intakes[line.recording]
        if isinstance(line, SamplesLine):
            if not head.start_ms <= line.at_ms < head.end_ms:
                raise _bad(number, f"it is of {line.at_ms} ms", "a moment within the head's time")
            samples = [
                Sample(service, line.at_ms, Sight(WORDS.index(sight)), took_ms)
                for service, sight, took_ms in line.samples
            ]
            if intake is not None:
                self._samples += len(samples)
                intake.samples(samples)
            return
        if isinstance(line, StretchesLine):
            at_ms = head.start_ms
            for start, end, _ in sorted(line.stretches):
                if not at_ms <= start < end <= head.end_ms or end - start > LONGEST_STRETCH_MS:
                    raise _bad(
                        number,
                        f"there is a stretch from {start} to {end} ms",
                        "stretches of a day at most, within the head's time, that do not overlap",
                    )
                at_ms = end
            pieces = [(start, end, WORDS.index(sight)) for start, end, sight in line.stretches]
            if intake is not None and line.service:
                self._services.add(line.service)
                intake.stretches(line.service, pieces)
            elif intake is not None:
                intake.alive(pieces)
        elif intake is not None:
            self._services.add(line.service)
            hours = [(hour, samples, dict(counts)) for hour, samples, counts in line.hours]
            intake.hours(line.service, hours)
