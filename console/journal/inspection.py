"""The inspection of one day as a file of the journal: a list of tasks to read, ticks to count.

Its front matter holds every tick, and is what counts: who changes a note there has changed the
note. The list below the heading that is marked `items` is made anew from it each time; what
somebody wrote into that list is moved below it, and every other line is theirs.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from config.fault import Fault, quoted
from console.journal.body import section_of, told_below, with_generated, with_section
from console.journal.document import document_of, read_document
from console.journal.front_matter import read_front, with_front
from console.journal.language import Language, language_of, word
from console.journal.reading import name_of
from console.journal.timeline import moment
from console.model.daily import Tick
from console.model.markdown import code, escaped
from console.model.papers import BrokenPaper, Sheet
from console.safety.text import visible

SCHEMA: Final = 1
HOME: Final = "reports/inspection"
MOST_TICKS: Final = 500
"""Of one day."""
NOTE_CELLS: Final = 400
NAME_CELLS: Final = 80
LARGEST: Final = 1e12
"""The figure that a tick may have at most, on either side of 0."""
_ITEMS: Final = "items"
_NOTES: Final = "notes"
_PATH: Final = re.compile(rf"{HOME}/([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})\.md")


class AskedItem(msgspec.Struct, frozen=True):
    """An item as the settings ask for it."""

    name: str
    text: str = ""


class Inspected(msgspec.Struct, frozen=True):
    """The file of one day."""

    path: str
    blob: str
    day: date
    ticks: tuple[Tick, ...] = ()
    """All of them, in the order in which they were made. Their texts are safe to show."""


class _Ticked(msgspec.Struct, frozen=True):
    item: str
    at: datetime
    by: str = ""
    ok: bool = True
    value: float | None = None
    note: str = ""


class _Front(msgspec.Struct, frozen=True):
    schema: int
    day: date
    language: str = ""
    list: str = ""
    """Digest of the lines that the console wrote: other ones are a person's."""
    ticks: tuple[_Ticked, ...] = ()


def inspection_path(day: date) -> str:
    """`reports/inspection/2026-11-22.md`."""
    return f"{HOME}/{day.isoformat()}.md"


def settled(tick: Tick) -> Tick:
    """`tick` as it comes back from the file: one line of a note, seconds, six decimals."""
    value = tick.value
    if value is not None:
        value = round(value, 6) if math.isfinite(value) else None
    return Tick(
        visible(tick.item, cells=NAME_CELLS),
        tick.at.astimezone(UTC).replace(microsecond=0),
        visible(tick.by, cells=NAME_CELLS),
        tick.ok,
        value,
        visible(" ".join(tick.note.split()), cells=NOTE_CELLS),
    )


def read_inspection(sheet: Sheet) -> Inspected | BrokenPaper:
    """The ticks in `sheet`, or everything that is wrong with it, `file:line:column: …`."""
    name = name_of(sheet.path)
    front, found = read_front(read_document(sheet.content, name), _Front)
    faults = list(map(str, found))
    if front is not None:
        if front.schema != SCHEMA:
            message = f"expected {SCHEMA}, got {quoted(str(front.schema))}"
            faults.append(str(Fault(name, 0, 0, "schema", message)))
        if inspection_path(front.day) != sheet.path:
            message = f"expected the day of its name, got {front.day.isoformat()}"
            faults.append(str(Fault(name, 0, 0, "day", message)))
        if len(front.ticks) > MOST_TICKS:
            message = f"expected at most {MOST_TICKS}, got {len(front.ticks):,}"
            faults.append(str(Fault(name, 0, 0, "ticks", message)))
    if front is None or faults:
        return BrokenPaper(sheet.path, sheet.blob, tuple(faults))
    return Inspected(sheet.path, sheet.blob, front.day, tuple(map(_tick, front.ticks)))


def written_inspection(
    sheet: Sheet,
    day: date,
    ticks: Sequence[Tick],
    items: Sequence[AskedItem],
    language: Language,
) -> bytes:
    """The file of `day` with these `ticks`, on top of what stands in `sheet`.

    Args:
        items: as the settings have them, in their order.
        language: of a new file.

    Raises:
        DocumentFaults: it cannot be written so that it could be read again.
    """
    if sheet.blob:
        document = read_document(sheet.content, name_of(sheet.path))
        before, _ = read_front(document, _Front)
        language = (language_of(before.language) if before is not None else None) or language
    else:
        title = f"{word('inspection', language)} {day.isoformat()}"
        document = document_of(f"---\n---\n\n# {title}\n\n", name_of(sheet.path))
        before = None
    known = tuple(map(settled, ticks))
    theirs = told_below(document, _ITEMS)
    lines = tuple(_lines(known, items, language))
    if before is not None and _digest(theirs) != before.list:
        moved = [line for line in theirs if line not in lines]
    else:
        moved = []
    front = _Front(SCHEMA, day, str(language), _digest(lines), tuple(map(_ticked, known)))
    document = with_generated(
        with_front(document, front), _ITEMS, lines, word("inspected", language)
    )
    if moved:
        notes = "\n".join(filter(None, (section_of(document, _NOTES), *moved)))
        document = with_section(document, _NOTES, notes, word("notes", language))
    return document.content


def _tick(one: _Ticked) -> Tick:
    return settled(Tick(one.item, one.at, one.by, one.ok, one.value, one.note))


def _ticked(tick: Tick) -> _Ticked:
    return _Ticked(tick.item, tick.at, tick.by, tick.ok, tick.value, tick.note)


def _lines(ticks: Sequence[Tick], items: Sequence[AskedItem], language: Language) -> Iterator[str]:
    latest = {one.item: one for one in sorted(ticks, key=lambda one: one.at)}
    for item in items:
        yield _line(item, latest.pop(visible(item.name, cells=NAME_CELLS), None), language)
    for name, tick in latest.items():  # of other settings
        yield _line(AskedItem(name), tick, language)
    if not items and not ticks:
        yield word("none", language)


def _line(item: AskedItem, tick: Tick | None, language: Language) -> str:
    text = escaped(visible(item.text or item.name, cells=NOTE_CELLS))
    if tick is None:
        return f"- [ ] {text}"
    said = [word("as-it-should" if tick.ok else "not-as-it-should", language)]
    if tick.value is not None:
        said.append(f"{tick.value:g}")
    who = f"{moment(tick.at)} {code(tick.by)}" if tick.by else moment(tick.at)
    note = f": {code(tick.note)}" if tick.note else ""
    return f"- [x] {text}: **{', '.join(said)}** ({who}){note}"


def _digest(lines: Sequence[str]) -> str:
    seen = "\n".join(line.rstrip() for line in lines if line.strip())
    return hashlib.sha256(seen.encode("utf-8", "surrogateescape")).hexdigest()[:16]
