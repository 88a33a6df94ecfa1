"""How the rows of the worklist are drawn: columns, lanes, and the line for a storm."""

from __future__ import annotations

from datetime import timedelta

from console.model.snapshot import Standing
from console.model.state import Priority, State
from console.model.words import age_text, count_text, countdown_text, state_shape
from console.model.worklist import Lane, Row, Step, Worklist
from console.safety.clock import Instant
from widgets.columns import Column
from widgets.ordered_rows import Heading
from widgets.paint import PRIORITY_INKS, STATE_INKS, Span, Spans
from widgets.theme import Ink

SOON = timedelta(minutes=2)
"""A clock with less than this left is drawn as a warning."""


def is_dimmed(row: Row) -> bool:
    """Rows that nobody has to act on now, and those whose source no longer vouches for them."""
    return row.standing is not Standing.FIRING or row.state in (State.STALE, State.LOST)


def columns(*, ascii_only: bool, grouped: bool = False) -> tuple[Column[Row], ...]:
    """The worklist's columns. Those that change with time alone stand leftmost.

    Args:
        grouped: whether some row is more than one alert, so that they have to be counted.
    """

    def state(row: Row, _: Instant) -> Spans:
        return ((state_shape(row.state, ascii_only), STATE_INKS[row.state]),)

    def priority(row: Row, _: Instant) -> Spans:
        return ((str(row.priority), PRIORITY_INKS[row.priority]),)

    count = (Column("N", _count, width=5, priority=60, align="right"),) if grouped else ()
    return (
        Column("", state, width=1, priority=95),
        Column("P", priority, width=2, priority=100),
        Column("NEXT STEP", _next_step, width=10, priority=99, volatile=True),
        Column("FIX IN", _fix_in, width=6, priority=20, volatile=True, align="right"),
        Column("FOR", _for, width=5, priority=70, volatile=True, align="right"),
        Column("ALERT", _title, width=15, flex=2, most=30, priority=98),
        *count,
        Column("ON", _where, width=12, flex=2, most=28, priority=90),
        Column("OWNER", _owner, width=5, flex=1, most=12, priority=65),
        # Wide enough to tell something: where it is not, it is left to the lines below.
        Column("SUMMARY", _summary, width=16, flex=9, priority=50),
    )


def storm_columns(*, ascii_only: bool) -> tuple[Column[Row], ...]:
    """In a storm a row is many alerts: how many of each priority takes the summary's place."""
    named = {column.title: column for column in columns(ascii_only=ascii_only, grouped=True)}
    counts = tuple(_priority_column(priority) for priority in Priority)
    kept = ("", "P", "NEXT STEP", "FIX IN", "FOR", "ALERT")
    every = Column("N", _every, width=5, priority=94, align="right")
    return (*(named[title] for title in kept), every, *counts, named["ON"], named["SUMMARY"])


def _priority_column(priority: Priority) -> Column[Row]:
    def number(row: Row, _: Instant) -> Spans:
        return _number(row.by_priority[priority], PRIORITY_INKS[priority])

    return Column(str(priority), number, width=5, priority=80 - int(priority), align="right")


def _number(count: int, ink: Ink) -> Spans:
    return ((count_text(count), ink),) if count else (("-", Ink.MUTED),)


def _next_step(row: Row, now: Instant) -> Spans:
    if row.standing is not Standing.FIRING:
        return ((row.standing.value, Ink.MUTED),)
    if row.clocks is None or row.step is Step.NONE:
        return (("--", Ink.MUTED),)
    left = row.clocks.due - now.wall
    return ((f"{row.step.value:<4}", Ink.MUTED), _countdown(left))


def _fix_in(row: Row, now: Instant) -> Spans:
    """The clock that the next step is not about, where there is room for both."""
    if row.clocks is None or row.standing is not Standing.FIRING or row.step is Step.NONE:
        return ()
    return (_countdown(row.clocks.resolve_by - now.wall),)


def _countdown(left: timedelta) -> Span:
    text = f"{countdown_text(left):>6}"
    if left < timedelta(0):
        return (text, Ink.BREACHED)
    return (text, Ink.WARNING if left < SOON else Ink.PLAIN)


def _for(row: Row, now: Instant) -> Spans:
    return ((age_text(now.wall - row.since, coarse=True), Ink.PLAIN),)


def _title(row: Row, _: Instant) -> Spans:
    return ((row.title, Ink.STRONG),)


def _count(row: Row, _: Instant) -> Spans:
    return ((count_text(row.count), Ink.PLAIN),) if row.count > 1 else ()


def _every(row: Row, _: Instant) -> Spans:
    return _number(row.count, Ink.STRONG)


def _where(row: Row, _: Instant) -> Spans:
    return ((row.where, Ink.PLAIN),) if row.where else (("-", Ink.MUTED),)


def _owner(row: Row, _: Instant) -> Spans:
    if row.acked_by is not None:
        return ((row.acked_by, Ink.PLAIN),)
    if row.acked_count:
        return ((f"{row.acked_count}/{row.count}", Ink.MUTED),)
    return (("-", Ink.MUTED),)


def _summary(row: Row, _: Instant) -> Spans:
    return ((row.summary, Ink.PLAIN),)


def headings(worklist: Worklist, rows: tuple[Row, ...]) -> tuple[Heading, ...]:
    """The lines between the lanes of a storm; none outside of one."""
    if worklist.storm is None:
        return ()
    found: list[Heading] = []
    for lane in (Lane.APART, Lane.STORM):
        first = next((i for i, row in enumerate(rows) if row.lane is lane), None)
        if first is None:
            continue
        inside = [row for row in rows if row.lane is lane]
        found.append(Heading(first, _lane_spans(lane, len(inside), sum(r.count for r in inside))))
    return tuple(found)


def _lane_spans(lane: Lane, rows: int, alerts: int) -> Spans:
    many = "row" if rows == 1 else "rows"
    if lane is Lane.APART:
        return ((f"NOT part of the storm: {count_text(rows)} {many}. Look here too.", Ink.STRONG),)
    return (
        (
            f"Storm: {count_text(alerts)} alerts in {count_text(rows)} {many}."
            " P0s are counted, never hidden.",
            Ink.STRONG,
        ),
    )
