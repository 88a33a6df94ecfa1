"""The lines below the worklist: what is known of the row under the cursor, proof by proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from console.engine.evidence_words import EvidenceLine, Piece, Tone, Topic
from console.model.state import State
from console.model.words import age_text, clock_time, count_text
from console.model.worklist import Row, RowKind
from console.safety.clock import Instant
from console.safety.text import Marks, cell_width, fit, visible
from widgets.detail import Field
from widgets.paint import PRIORITY_INKS, Glyphs, Span, Spans, width_of
from widgets.theme import Ink

LABEL_CELLS: Final = 8
TITLE_CELLS: Final = 34
AGES_END: Final = 120
"""The column at which ages end where lines are shorter than that."""
EXTRA: Final = 30
"""From this on a line is more than the first of its topic: the first to go."""

INKS: Final = {
    Tone.PLAIN: Ink.PLAIN,
    Tone.STRONG: Ink.STRONG,
    Tone.MUTED: Ink.MUTED,
    Tone.OK: Ink.OK,
    Tone.BAD: Ink.FIRING,
    Tone.WARNING: Ink.WARNING,
    Tone.UNKNOWN: Ink.UNKNOWN,
    Tone.STALE: Ink.STALE,
    Tone.LOST: Ink.LOST,
}

# As they stand below each other.
_ORDER: Final = (
    *(Topic.OWED, Topic.SAYS, Topic.CAME, Topic.TO_DO, Topic.REPEAT, Topic.WHY, Topic.WORK),
    Topic.STATE,
    *(Topic.NOW, Topic.PROBE, Topic.RUNNER, Topic.HOST, Topic.LOG, Topic.FIRST, Topic.SHARED),
    *(Topic.SUSPECT, Topic.NEEDS, Topic.HITS, Topic.CHANGE, Topic.BEFORE, Topic.BOOK),
)
# As they are given up where there is no room, the last first.
_WORTH: Final = (
    *(Topic.OWED, Topic.CAME, Topic.TO_DO, Topic.WHY, Topic.NOW, Topic.RUNNER, Topic.PROBE),
    Topic.STATE,
    *(Topic.HOST, Topic.WORK, Topic.FIRST, Topic.LOG, Topic.SUSPECT, Topic.NEEDS, Topic.HITS),
    *(Topic.CHANGE, Topic.BOOK, Topic.BEFORE, Topic.SHARED, Topic.REPEAT, Topic.SAYS),
)
_JOINED: Final = frozenset(
    [(Topic.NOW, Topic.PROBE), (Topic.PROBE, Topic.PROBE), (Topic.CHANGE, Topic.CHANGE)]
)
_AGELESS: Final = frozenset([Topic.BOOK, Topic.LOG])
"""A log line carries its own time, and a runbook has none."""


class Placed(NamedTuple):
    """One line on screen: one line of evidence, or two that fit beside each other."""

    lines: tuple[EvidenceLine, ...]
    worth: int


def pane(
    row: Row,
    lines: Sequence[EvidenceLine],
    now: Instant,
    size: tuple[int, int],
    glyphs: Glyphs,
    more_key: str = "",
) -> list[Spans]:
    """A heading, and below it as many lines as there is room for, the most telling ones.

    Args:
        size: columns and lines.
        more_key: shows all of them; named on the last line where some are left out.
    """
    width, height = size
    placed = _fitting(sorted(lines, key=_place), now, width, max(0, height - 1), glyphs)
    shown = sum(len(one.lines) for one in placed)
    hidden = len(lines) - shown
    found: list[Spans] = [_heading(row, lines, now.wall, width, glyphs)]
    before = ""
    for number, one in enumerate(placed, 1):
        label = one.lines[0].label or one.lines[0].topic.value
        name = "" if label == before else label
        if number == len(placed) and hidden:
            more: list[Span] = [(f"  {count_text(hidden)} more: ", Ink.MUTED), (more_key, Ink.KEY)]
            room = width - width_of(more, glyphs.marks)
            cells = _drawn(one, name, now, room, glyphs.marks, whole=True)
            found.append([*cells, *more] if room > 2 * LABEL_CELLS else cells)
        else:
            found.append(_drawn(one, name, now, width, glyphs.marks))
        before = label
    return found


def uncut(lines: Iterable[EvidenceLine], now: Instant) -> Iterator[Field]:
    """Every line whole, for where there is room to scroll."""
    before = ""
    for line in sorted(lines, key=_place):
        label = line.label or line.topic.value
        text = "".join(visible(piece.text) for piece in line.pieces)
        inks = [INKS[piece.tone] for piece in line.pieces if piece.tone not in _FAINT]
        name = "" if label == before else label
        yield Field(name, text, inks[0] if inks else Ink.MUTED, note=age_of(line, now))
        before = label


_FAINT: Final = (Tone.MUTED, Tone.PLAIN)


def age_of(line: EvidenceLine, now: Instant) -> str:
    """`SSH 20s ago`, `STALE 4m ago`; empty for what has no age."""
    age: timedelta | None = None
    if line.topic in _AGELESS:
        return line.by
    if line.at is not None:
        age = now.since(line.at)
    elif line.since is not None:
        age = now.wall - line.since
    if age is None:
        return line.by
    stale = State.STALE.value if is_stale(line, now) else ""
    return " ".join(filter(None, (stale, line.by, f"{age_text(age, coarse=True)} ago")))


def is_stale(line: EvidenceLine, now: Instant) -> bool:
    """Whether its source has missed its turns."""
    if line.at is None or line.old_after is None:
        return False
    return now.since(line.at) > line.old_after


def proofs_of(row: Row, lines: Iterable[EvidenceLine]) -> str:
    """Who says that something is wrong: `1 alert, probe, container`; of what is owed, the id."""
    found = [row.document] if row.document else []
    if row.alerts:
        found.append("1 alert" if row.count == 1 else f"{count_text(row.count)} alerts")
    for line in lines:
        if line.proof and line.proof not in found:
            found.append(line.proof)
    return ", ".join(found)


def _place(line: EvidenceLine) -> int:
    return _ORDER.index(line.topic)


def _worth(line: EvidenceLine) -> int:
    return _WORTH.index(line.topic) + EXTRA * line.rank


def _fitting(
    lines: Sequence[EvidenceLine], now: Instant, width: int, height: int, glyphs: Glyphs
) -> list[Placed]:
    """At most `height` lines: first what is an extra goes, then lines share a line, then the
    least telling go."""
    placed = [Placed((line,), _worth(line)) for line in lines]
    while len(placed) > height:
        least = max(range(len(placed)), key=lambda n: placed[n].worth)
        if placed[least].worth < EXTRA and _join(placed, now, width, glyphs.marks):
            continue
        del placed[least]
    return placed


def _join(placed: list[Placed], now: Instant, width: int, marks: Marks) -> bool:
    """Put two lines that belong together beside each other where both fit; whether any did."""
    for n in range(len(placed) - 1):
        first, second = placed[n], placed[n + 1]
        pair = (first.lines[-1].topic, second.lines[0].topic)
        # What is still awaited keeps its line, so that nothing jumps when it comes.
        if pair not in _JOINED or first.lines[-1].at is None:
            continue
        both = Placed((*first.lines, *second.lines), min(first.worth, second.worth))
        spans, age = _content(both, now)
        needs = LABEL_CELLS + width_of(spans, marks) + (cell_width(age) + 2 if age else 0)
        if needs <= width:
            placed[n : n + 2] = [both]
            return True
    return False


def _content(one: Placed, now: Instant) -> tuple[list[Span], str]:
    """The text of a line, and the age that stands at its right end."""
    if len(one.lines) == 1:
        line = one.lines[0]
        return [_span(piece) for piece in line.pieces], age_of(line, now)
    spans: list[Span] = []
    for line in one.lines:
        if spans:
            spans.append(("   ", Ink.PLAIN))
        spans += [_span(piece) for piece in line.pieces]
        age = age_of(line, now)
        if age:
            spans.append((f" {age}", Ink.MUTED))
    return spans, ""


def _span(piece: Piece) -> Span:
    return piece.text, INKS[piece.tone]


def _drawn(
    one: Placed, label: str, now: Instant, width: int, marks: Marks, *, whole: bool = False
) -> list[Span]:
    """A line; `whole`: filled up to `width` cells, since something stands behind it."""
    spans, age = _content(one, now)
    room = width - LABEL_CELLS - (cell_width(age) + 2 if age else 0)
    if room < 20:
        room, age = width - LABEL_CELLS, ""
    text = cut(spans, room, marks)
    found: list[Span] = [(fit(label, LABEL_CELLS, marks=marks), Ink.NAME), *text]
    if age:
        # On a wide screen the age stays within sight of what it is the age of.
        used = width_of(text, marks)
        until = max(used, min(room, AGES_END - LABEL_CELLS - cell_width(age) - 2))
        found.append((" " * (until - used + 2), Ink.PLAIN))
        stale = any(is_stale(line, now) for line in one.lines)
        found.append((age, Ink.STALE if stale else Ink.MUTED))
    if whole:
        found.append((" " * max(0, width - width_of(found, marks)), Ink.PLAIN))
    return found


def cut(spans: Iterable[Span], cells: int, marks: Marks) -> list[Span]:
    """`spans` in at most `cells` cells, with the mark where something is missing."""
    found: list[Span] = []
    room = cells
    for text, ink in spans:
        shown = visible(text, cells=room + 1, marks=marks)
        size = cell_width(shown)
        if size <= room:
            found.append((shown, ink))
            room -= size
            continue
        if room > 0:
            found.append((visible(shown + marks.cut, cells=room, marks=marks), ink))
        elif found:
            last, of = found[-1]
            last_text = visible(last, marks=marks)
            keep = cell_width(last_text)
            found[-1] = (visible(last_text + marks.cut, cells=keep, marks=marks), of)
        break
    return found


def _heading(
    row: Row,
    lines: Sequence[EvidenceLine],
    now: datetime,
    width: int,
    glyphs: Glyphs,
) -> Spans:
    """`── P0 ServiceDown redis@data-1 ── 1 alert, probe ── since 03:14:00 ── ack by 03:19:00`."""
    marks, rule = glyphs.marks, glyphs.rule * 2
    title: list[Span] = []
    if row.kind is not RowKind.OLD:
        title.append((f"{row.priority} ", PRIORITY_INKS[row.priority]))
    title.append((visible(row.title, cells=TITLE_CELLS, marks=marks), Ink.HEADING))
    if row.where:
        title.append((f" {visible(row.where, cells=TITLE_CELLS, marks=marks)}", Ink.HEADING))
    parts: list[tuple[int, list[Span]]] = [(0, title)]
    proofs = proofs_of(row, lines)
    if proofs:
        parts.append((1, [(proofs, Ink.HEADING)]))
    parts.append((2, [(f"since {clock_time(row.since, now)}", Ink.HEADING)]))
    if row.clocks is not None:
        due = clock_time(row.clocks.due, now)
        ink = Ink.BREACHED if row.clocks.breached(now) else Ink.HEADING
        parts.append((3, [(f"{row.step.value} by {due}", ink)]))
    kept = _kept(parts, width, marks)
    found: list[Span] = [(rule + " ", Ink.HEADING)]
    for number, (_, spans) in enumerate(kept):
        if number:
            found.append((f" {rule} ", Ink.HEADING))
        found += spans
    found = cut(found, width, marks)
    left = width - width_of(found, marks)
    if left > 1:
        found.append((" " + glyphs.rule * (left - 1), Ink.HEADING))
    return found


def _kept(
    parts: list[tuple[int, list[Span]]], width: int, marks: Marks
) -> list[tuple[int, list[Span]]]:
    """The parts of a heading that fit, without those that matter least."""
    kept = list(parts)
    while len(kept) > 1:
        total = 3 + sum(width_of(spans, marks) for _, spans in kept) + 4 * (len(kept) - 1)
        if total <= width:
            break
        kept.remove(max(kept, key=lambda part: part[0]))
    return kept
