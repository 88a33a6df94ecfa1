"""How the rows of the worklist are drawn: what stands in each column, and between lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from console.model.snapshot import Standing
from console.model.state import Priority, State
from console.model.words import age_text, count_text, countdown_text, state_shape
from console.model.worklist import Lane, Row, RowKind, Step, Worklist
from console.safety.clock import Instant
from console.safety.text import Raw, cell_width, visible
from widgets.columns import Column
from widgets.ordered_rows import Heading
from widgets.paint import PRIORITY_INKS, STATE_INKS, Span, Spans
from widgets.theme import Ink

SHORT_NAME = 6
"""Cells of a name that stand whole beside its age; of a longer one the first word does."""
SOON = timedelta(minutes=2)
"""A clock with less than this left is drawn as a warning."""
OWED_SHAPE: Final = "#"
"""In place of a state: what is owed has none, and no alert is about it."""
SENDING: Final[Spans] = (("sending", Ink.WARNING),)
"""In place of an owner, while something is being sent."""
LABEL: Final = "label:"
"""Before the name of a label that is shown, or sorted by, as a column."""
_COUNTDOWN: Final = 6
"""Cells of how much is left."""
_AGE: Final = 5
_HAS_FIX: Final = (Step.ACK, Step.FIX)
_COMPARED: Final = 200
"""Alerts of one row whose values of a label are looked at."""


def _nothing_sent() -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class Drawing:
    """What the columns have to know beside the rows."""

    ascii_only: bool = False
    remind_after: timedelta = timedelta(hours=4)
    """An ack that is older is drawn as a warning."""
    sending: Callable[[], frozenset[str]] = _nothing_sent
    """Keys of rows and alerts about which something is being sent now."""

    def is_sending(self, row: Row) -> bool:
        """Whether something is being sent about `row`, or about an alert in it."""
        keys = self.sending()
        return bool(keys) and (row.key in keys or any(one.key in keys for one in row.alerts))


def is_dimmed(row: Row) -> bool:
    """Rows that nobody has to act on now, and those whose source no longer vouches for them."""
    return row.standing is not Standing.FIRING or row.state in (State.STALE, State.LOST)


def columns(
    drawing: Drawing, *, grouped: bool = False, wanted: Sequence[str] = ()
) -> tuple[Column[Row], ...]:
    """The worklist's columns. Those that change with time alone stand leftmost.

    Args:
        grouped: whether some row is more than one alert, so that they have to be counted.
        wanted: names as in `names_of_columns`, for other columns than the usual ones; where
            not all fit, the last go first. The state's sign stands before them in any case.
    """
    known = _known(drawing)
    if not wanted:
        left_out = {"NOTE", "FIRED"} if grouped else {"NOTE", "FIRED", "N"}
        return tuple(column for title, column in known.items() if title not in left_out)
    found = [_label_column(name[len(LABEL) :]) if name.startswith(LABEL) else known[name]
             for name in wanted]  # fmt: skip
    ranked = (replace(column, priority=900 - place) for place, column in enumerate(found))
    return (replace(known[""], priority=1000), *ranked)


def names_of_columns() -> tuple[str, ...]:
    """The columns that there are, by their headings; beside them there is any `label:NAME`."""
    return tuple(title for title in _known(Drawing()) if title)


def _known(drawing: Drawing) -> dict[str, Column[Row]]:
    """Every column by its heading, in the usual order."""

    def state(row: Row, _: Instant) -> Spans:
        if row.kind is RowKind.OWED:
            return ((OWED_SHAPE, Ink.MUTED),)
        return ((state_shape(row.state, drawing.ascii_only), STATE_INKS[row.state]),)

    def owner(row: Row, now: Instant) -> Spans:
        return _owner(row, now, drawing)

    def summary(row: Row, _: Instant) -> Spans:
        return _summary(row, ascii_only=drawing.ascii_only)

    found = (
        Column("", state, width=1, priority=95),
        Column("P", _priority, width=2, priority=100),
        Column("NEXT STEP", _next_step, width=10, priority=99, volatile=True),
        Column("FIX IN", _fix_in, width=6, priority=20, volatile=True, align="right"),
        Column("FOR", _for, width=_AGE, priority=70, volatile=True, align="right"),
        Column("ALERT", _title, width=15, flex=2, most=30, priority=98),
        Column("N", _count, width=5, priority=60, align="right"),
        Column("FIRED", _fired, width=5, priority=55, align="right"),
        Column("ON", _where, width=11, flex=2, most=28, priority=90, keeps_port=True),
        # Wide enough for a short name and an age.
        Column("OWNER", owner, width=7, flex=1, most=16, priority=65, volatile=True),
        Column("NOTE", _note, width=12, flex=4, priority=52),
        # Wide enough to tell something: where it is not, it is left to the lines below.
        Column("SUMMARY", summary, width=15, flex=9, priority=50),
    )
    return {column.title: column for column in found}


def _label_column(label: str) -> Column[Row]:
    def value(row: Row, _: Instant) -> Spans:
        return _label_of(row, label)

    return Column(label.upper(), value, width=8, flex=2, most=24)


def storm_columns(drawing: Drawing) -> tuple[Column[Row], ...]:
    """In a storm a row is many alerts: how many of each priority takes the summary's place."""
    named = _known(drawing)
    counts = tuple(_priority_column(priority) for priority in Priority)
    kept = ("P", "NEXT STEP", "FIX IN", "FOR", "ALERT")
    every = Column("N", _every, width=5, priority=94, align="right")

    def next_step(row: Row, now: Instant) -> Spans:
        # There is no room for the owner, whose place says it else.
        return SENDING if drawing.is_sending(row) else _next_step(row, now)

    named["NEXT STEP"] = replace(named["NEXT STEP"], spans=next_step)
    first = (named[""], *(named[title] for title in kept))
    return (*first, every, *counts, named["ON"], named["SUMMARY"])


def _priority_column(priority: Priority) -> Column[Row]:
    def number(row: Row, _: Instant) -> Spans:
        return _number(row.by_priority[priority], PRIORITY_INKS[priority])

    return Column(str(priority), number, width=5, priority=80 - int(priority), align="right")


def _number(count: int, ink: Ink) -> Spans:
    return ((count_text(count), ink),) if count else (("-", Ink.MUTED),)


def _priority(row: Row, _: Instant) -> Spans:
    return ((str(row.priority), PRIORITY_INKS[row.priority]),)


def _next_step(row: Row, now: Instant) -> Spans:
    if row.standing is not Standing.FIRING:
        return ((row.standing.value, Ink.MUTED),)
    if row.clocks is None or row.step is Step.NONE:
        return (("--", Ink.MUTED),)
    left = row.clocks.due - now.wall
    return ((f"{row.step.value:<4}", Ink.MUTED), _countdown(left))


def _fix_in(row: Row, now: Instant) -> Spans:
    """The clock that the next step is not about, where there is room for both."""
    if row.clocks is None or row.standing is not Standing.FIRING or row.step not in _HAS_FIX:
        return ()
    return (_countdown(row.clocks.resolve_by - now.wall),)


def _countdown(left: timedelta) -> Span:
    text = f"{_short(countdown_text(left), _COUNTDOWN):>{_COUNTDOWN}}"
    if left < timedelta(0):
        return (text, Ink.BREACHED)
    return (text, Ink.WARNING if left < SOON else Ink.PLAIN)


def _for(row: Row, now: Instant) -> Spans:
    return ((_short(age_text(now.wall - row.since, coarse=True), _AGE), Ink.PLAIN),)


def _short(duration: str, cells: int) -> str:
    """`18h52m` as `18h` where it does not fit: so late the minutes do not matter."""
    hours, colon, _ = duration.partition("h")
    return f"{hours}{colon}" if len(duration) > cells else duration


def _title(row: Row, _: Instant) -> Spans:
    return ((row.title, Ink.STRONG),)


def _count(row: Row, _: Instant) -> Spans:
    return ((count_text(row.count), Ink.PLAIN),) if row.count > 1 else ()


def _every(row: Row, _: Instant) -> Spans:
    return _number(row.count, Ink.STRONG)


def _where(row: Row, _: Instant) -> Spans:
    return ((row.where, Ink.PLAIN),) if row.where else (("-", Ink.MUTED),)


def _owner(row: Row, now: Instant, drawing: Drawing) -> Spans:
    if drawing.is_sending(row):
        return SENDING
    if row.acked_by is not None and row.acked_at is not None:
        return owner_spans(row.acked_by, row.acked_at, now, drawing)
    if row.acked_by is not None:
        return ((first_name(row.acked_by), Ink.PLAIN),)
    if row.acked_count:
        return ((f"{row.acked_count}/{max(row.count, len(row.parts))}", Ink.MUTED),)
    return (("-", Ink.MUTED),)


def owner_spans(owner: Raw, since: datetime, now: Instant, drawing: Drawing) -> Spans:
    """`mei 12m`: who has it, and for how long; an old ack is a warning."""
    age = now.wall - since
    ink = Ink.WARNING if age > drawing.remind_after else Ink.MUTED
    return ((first_name(owner), Ink.PLAIN), (f" {short_age(age)}", ink))


def first_name(owner: Raw) -> str:
    """What a narrow column shows of a name, so that there is room for its age."""
    shown = visible(owner)
    return shown if cell_width(shown) <= SHORT_NAME else shown.split(" ")[0] or shown


def short_age(age: timedelta) -> str:
    """How long somebody has had something, in as few cells as tell it: `12m`, `5h`, `3d`."""
    minutes = max(0, round(age.total_seconds()) // 60)
    if minutes < 60:
        return f"{minutes}m" if minutes else "<1m"
    hours = minutes // 60
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"


def _note(row: Row, _: Instant) -> Spans:
    return ((row.acks[0].note, Ink.PLAIN),) if row.acks else ()


def _fired(row: Row, _: Instant) -> Spans:
    ink = Ink.WARNING if row.flaps else Ink.PLAIN
    return ((f"{count_text(row.fired)}x", ink),) if row.fired else ()


def _summary(row: Row, *, ascii_only: bool) -> Spans:
    """What it says, and before that what a person has to know of it first."""
    between = " - " if ascii_only else " · "
    spans: list[Span] = []
    if row.flaps:
        times = f"{count_text(row.fired)}x"
        # In ASCII a `~` stands where a text is cut.
        spans.append((f"{times}/d " if ascii_only else f"~{times} ", Ink.WARNING))
    if row.ended is not None:
        what = "ack of " if row.ended.is_ack else "silence of "
        spans += [(what, Ink.WARNING), (row.ended.created_by, Ink.WARNING)]
        spans += [(" ended", Ink.WARNING), (between, Ink.MUTED)]
    if row.acked_by is not None and row.acks and row.acks[0].note:
        spans += [('"', Ink.MUTED), (row.acks[0].note, Ink.STRONG), ('"', Ink.MUTED)]
        spans.append((between, Ink.MUTED))
    return (*spans, (row.summary, Ink.PLAIN))


def _label_of(row: Row, label: str) -> Spans:
    value, more = label_value(row, label)
    if not value and not more:
        return (("-", Ink.MUTED),)
    return ((value, Ink.PLAIN), (f" +{more}", Ink.MUTED)) if more else ((value, Ink.PLAIN),)


def label_value(row: Row, label: str) -> tuple[Raw, int]:
    """The first of the values that the alerts of `row` have of `label`, and how many others."""
    values = {one.alert.labels.value_of(label): None for one in row.alerts[:_COMPARED]}
    values.pop(Raw(""), None)
    return next(iter(values), Raw("")), max(0, len(values) - 1)


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
