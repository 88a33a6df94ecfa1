"""What stands above the lists of the seven days: the whole, and what has to be known of it."""

from __future__ import annotations

from collections.abc import Sequence

from console.model.remembering import Remembering
from console.model.summary import (
    Week,
)
from console.model.words import count_text, many
from console.reports.telling import percent_number
from console.safety.text import visible
from screens.summary_words import (
    SMALLEST_POINT,
    days_text,
    lasting_s,
    local_text,
    local_zone,
    objectives_chunks,
    observation_text,
    percent_cell,
    points_text,
    seconds_cell,
    trend_points,
)
from widgets.chunks import GAP, Chunk, arrange
from widgets.detail import Figure
from widgets.paint import Glyphs, Span, Spans, width_of
from widgets.theme import Ink

NO_HISTORY = "nothing was recorded on these days; `oncall history import` takes in a week"


def head(week: Week, age: str, glyphs: Glyphs) -> Figure:
    """The two lines above the lists.

    Args:
        age: how old it is, or what is being asked; safe to show.
    """

    def draw(width: int) -> list[Spans]:
        marks = glyphs.marks
        first = arrange(_first(week, glyphs), (), width, marks=marks)
        source = f"from {', '.join(week.sources)}" if week.sources else ""
        second = arrange(
            [
                *objectives_chunks(week),
                Chunk(((source, Ink.MUTED),) if source else (), 40),
            ],
            (Chunk(((age, Ink.MUTED),) if age else (), 95),),
            width,
            marks=marks,
        )
        return [first, second]

    return Figure(draw)


def _first(week: Week, glyphs: Glyphs) -> list[Chunk]:
    chunks = [Chunk(((days_text(week), Ink.HEADING), (f" {visible(week.zone)}", Ink.MUTED)), 95)]
    observation = observation_text(week)
    if observation:
        chunks.append(Chunk(((observation, Ink.STRONG),), 85))
    chunks.append(Chunk(total_spans(week), 99))
    chunks.append(Chunk(against_spans(week, glyphs), 80))
    return chunks


def total_spans(week: Week) -> Spans:
    """`99.931 % up, 98.2 % of the time observed`."""
    total = week.total
    if total.ratio is None or total.coverage is None:
        return (("nothing observed", Ink.UNKNOWN),)
    low = total.coverage < week.least_coverage
    share = percent_number(total.coverage, 1)
    return (
        (f"{percent_cell(total.ratio)} % up", Ink.UNKNOWN if low else Ink.STRONG),
        (f", {share} % seen", Ink.UNKNOWN if low else Ink.MUTED),
    )


def against_spans(week: Week, glyphs: Glyphs) -> Spans:
    """`↓ worse by 0.04`, against the days before."""
    points = trend_points(week.total, week.before, week.least_coverage)
    if points is None:
        coverage = week.total.coverage
        low = coverage is None or coverage < week.least_coverage
        why = "too little seen to compare" if low else "the week before is not known"
        return ((why, Ink.MUTED),)
    if abs(points) < SMALLEST_POINT:
        return (("= as before", Ink.MUTED),)
    word, sign, ink = (
        ("better", glyphs.up, Ink.OK) if points > 0 else ("worse", glyphs.down, Ink.WARNING)
    )
    return ((f"{sign} {word} by {points_text(points)} points", ink),)


def faults_of(week: Week | None, standing: Remembering, refused: str) -> list[Span]:
    """What a reader has to know before believing any of it, what matters most first."""
    found: list[Span] = []
    if refused:
        found.append((refused, Ink.WARNING))
    if standing.fault:
        found.append((f"history: {standing.fault}", Ink.WARNING))
    if week is None:
        return found
    if is_unseen(week):
        found.append((NO_HISTORY, Ink.WARNING))
    elif week.gaps:
        longest = max(week.gaps, key=lasting_s)
        whole = sum(lasting_s(one) for one in week.gaps)
        began = local_text(longest.start, local_zone(week.zone))
        said = f"nobody recorded {began} for {seconds_cell(lasting_s(longest))}"
        if len(week.gaps) > 1:
            gaps = many(len(week.gaps), "gap")
            said = f"nobody recorded for {seconds_cell(whole)} in {gaps}, the longest {began}"
        found.append((said, Ink.UNKNOWN))
    found += [(one, Ink.WARNING) for one in week.notices]
    return found


def is_unseen(week: Week) -> bool:
    """Whether none of its services was observed at any time."""
    return bool(week.services) and week.total.raw_known_s <= 0


def fault_line(faults: Sequence[Span], key: str, glyphs: Glyphs) -> Figure:
    """The first of them in one line, how many more there are, and the key that tells them all."""

    def draw(width: int) -> list[Spans]:
        first, rest = faults[0], len(faults) - 1
        whole = width_of((first,), glyphs.marks) <= width
        more = f"and {count_text(rest)} more: " if rest else "all of it: "
        tail: Spans = () if whole and not rest else ((more, Ink.MUTED), (key, Ink.KEY))
        room = width - (width_of(tail, glyphs.marks) + GAP if tail else 0)
        text = visible(first[0], cells=max(1, room), marks=glyphs.marks)
        shown = [Chunk(((text, first[1]),), 2)]
        return [arrange(shown, [Chunk(tail, 1)], width, marks=glyphs.marks)]

    return Figure(draw)
