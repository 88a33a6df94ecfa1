"""What `oncall history` and `oncall history check` tell, as text and for `--json`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from config.load import Loaded
from console.history.check import Checked
from console.history.database import history_file
from console.history.fault import HistoryError, HistoryFault
from console.history.holder import holder_of, written_ns
from console.history.reader import open_reader
from console.model.remembering import Holder, said_of_silent, silent_after
from console.model.unix import milliseconds, moment
from console.model.words import age_text, count_text, many
from console.safety.text import visible

WEEK: Final = timedelta(days=7)
MOST_GAPS: Final = 20
"""That are listed; of more it is said how many there are."""
SCHEMA_VERSION: Final = 1


class GapFacts(msgspec.Struct, frozen=True):
    """Some time in which nobody recorded anything."""

    start: datetime
    end: datetime
    seconds: float
    why: str


class HistoryDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `oncall history --json` prints."""

    schema_version: int = SCHEMA_VERSION
    environment: str
    at: datetime
    path: str
    is_there: bool
    size_bytes: int
    first: datetime | None
    last: datetime | None
    """From when to when anything is known."""
    writer: str
    """Who records now; empty: nobody."""
    writer_process: int | None
    writer_since: datetime | None
    writer_is_silent: bool
    """It holds the file, and has written nothing for three intervals."""
    records: bool
    """An open console would."""
    gaps: tuple[GapFacts, ...]
    """Of the last seven days, from the first sample on."""


class CheckedDocument(Checked, frozen=True, kw_only=True):
    """What `oncall history check --json` prints."""

    schema_version: int = SCHEMA_VERSION
    ok: bool


class DoneDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `compact` and `import` print with `--json`."""

    schema_version: int = SCHEMA_VERSION
    path: str
    before_bytes: int | None = None
    after_bytes: int | None = None
    recordings: int | None = None
    known: int | None = None
    """Recordings that were made here, and were left as they are."""
    services: int | None = None
    samples: int | None = None
    bouts: int | None = None
    past: int | None = None


def size_text(size_bytes: int) -> str:
    """`812 kB`, `24.1 MB`."""
    if size_bytes < 1_000_000:
        return f"{-(-size_bytes // 1000)} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def standing_of(loaded: Loaded, folder: Path, now: datetime) -> HistoryDocument:
    """What the history in `folder` is like at `now`.

    Raises:
        HistoryError: it cannot be read.
    """
    path = history_file(folder)
    reader = open_reader(folder)
    if isinstance(reader, HistoryFault):
        raise HistoryError(reader.problem, expected=reader.expected, remedy=reader.remedy)
    span: tuple[int, int] | None = None
    gaps: tuple[GapFacts, ...] = ()
    size = 0
    if reader is not None:
        try:
            span, size = reader.span_ms, reader.size_bytes
            since = (
                max(milliseconds(now - WEEK), span[0]) if span is not None else milliseconds(now)
            )
            gaps = tuple(
                GapFacts(one.start, one.end, (one.end - one.start).total_seconds(), one.why)
                for one in reader.gaps(since, milliseconds(now))
            )
        finally:
            reader.close()
    holder = holder_of(folder)
    return HistoryDocument(
        environment=loaded.settings.environment,
        at=now,
        path=visible(str(path)),
        is_there=reader is not None,
        size_bytes=size,
        first=moment(span[0]) if span is not None else None,
        last=moment(span[1]) if span is not None else None,
        writer=holder.by if holder else "",
        writer_process=holder.process if holder else None,
        writer_since=holder.since if holder else None,
        writer_is_silent=holder is not None and _is_silent(holder, folder, loaded, now),
        records=loaded.settings.history.record,
        gaps=gaps,
    )


def _is_silent(holder: Holder, folder: Path, loaded: Loaded, now: datetime) -> bool:
    written = written_ns(folder)
    heard = [moment(written // 1_000_000)] if written is not None else []
    if holder.since is not None:
        heard.append(holder.since)
    return bool(heard) and now - max(heard) > silent_after(loaded.settings.history.every)


def standing_lines(document: HistoryDocument) -> Iterator[str]:
    """The same as text."""
    if not document.is_there:
        yield f"{document.path}: nothing was ever recorded"
    else:
        yield f"{document.path}: {size_text(document.size_bytes)}"
        if document.first is not None and document.last is not None:
            span = age_text(document.last - document.first)
            yield f"known     {_said(document.first)} to {_said(document.last)} ({span})"
        else:
            yield "known     nothing yet"
    holder = Holder(document.writer, document.writer_process, document.writer_since)
    yield f"records   {_holder_text(holder) if holder.by else 'nobody now'}"
    if document.writer_is_silent:
        yield f"          {said_of_silent(holder)}"
    if not document.records:
        yield "          open consoles do not: `history: record:` is off"
    if not document.is_there:
        return
    if not document.gaps:
        yield "gaps      none in the last 7 days"
        return
    total = timedelta(seconds=sum(gap.seconds for gap in document.gaps))
    yield f"gaps      {count_text(len(document.gaps))} in the last 7 days, {age_text(total)}"
    for gap in document.gaps[-MOST_GAPS:]:
        why = f"  {gap.why}" if gap.why else ""
        length = age_text(timedelta(seconds=gap.seconds))
        yield f"          {_said(gap.start)} to {_said(gap.end)}  {length:>6}{why}"
    if len(document.gaps) > MOST_GAPS:
        yield f"          the latest {MOST_GAPS} of {count_text(len(document.gaps))}"


def _holder_text(holder: Holder) -> str:
    process = "" if holder.process is None else f", process {holder.process}"
    since = "" if holder.since is None else f", since {_said(holder.since)}"
    return f"{holder.by}{process}{since}"


def checked_lines(found: Checked) -> Iterator[str]:
    """What was found, as text."""
    if not found.is_there:
        yield f"{found.path}: nothing was ever recorded"
        return
    yield f"{found.path}: {'damaged' if found.wrong else 'whole'}, {size_text(found.size_bytes)}"
    yield from (f"    {one}" for one in found.wrong)
    if found.wrong:
        return
    yield (
        f"    {many(found.services, 'service')} on {many(found.days, 'UTC day')} in"
        f" {many(found.recordings, 'recording')}, {many(found.bouts, 'episode')},"
        f" {many(found.past, 'event')}; {many(found.samples, 'sample')} of the latest days"
    )
    if found.first is not None and found.last is not None:
        yield f"    {_said(found.first)} to {_said(found.last)}, {many(found.gaps, 'gap')}"


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
