"""The items of the daily inspection as rows, and what is said of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Final

import msgspec

from console.model.daily import Inspection, InspectionItem
from console.model.summary import Figure, Unit
from console.model.words import breach_text, count_text, many
from console.reports.telling import figure_number
from console.safety.clock import Instant
from console.safety.text import visible
from screens.summary_words import NONE, VERDICT_INKS, took_cell, unit_hint
from widgets.columns import Column
from widgets.detail import Paragraph, Part, Title
from widgets.paint import Span, Spans
from widgets.theme import Ink

_NOTHING: Final[Spans] = ((NONE, Ink.MUTED),)
_NUMBER: Final = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?) ?(?:%|s|/s)?(?: +|$)")


@dataclass(frozen=True)
class ItemRow:
    """One thing that is looked at."""

    item: InspectionItem
    sending: bool
    zone: tzinfo
    day: date

    @property
    def key(self) -> str:
        """By which it is kept."""
        return self.item.name


def item_columns(*, measured: bool, ticked: bool) -> tuple[Column[ItemRow], ...]:
    """The columns of the inspection; those that would be empty are left out.

    Args:
        measured: whether the console knows any of its figures already.
        ticked: whether anybody has looked at any of it.
    """
    known = (Column("KNOWN", _measured, width=8, priority=85, align="right"),) if measured else ()
    item = Column[ItemRow](
        "ITEM", lambda row, _: ((row.item.text or row.item.name, Ink.STRONG),), width=30,
        flex=3, most=70, priority=98,
    )  # fmt: skip
    if not ticked:
        return (Column("", _box, width=4, priority=99), item, *known)
    return (
        Column("", _box, width=4, priority=99),
        item,
        Column("VALUE", _value, width=7, priority=92, align="right"),
        *known,
        Column("WHO", _who, width=14, flex=1, most=24, priority=90),
        Column("NOTE", _note, width=8, flex=2, most=60, priority=80),
    )  # fmt: skip


def _box(row: ItemRow, _: Instant) -> Spans:
    if row.sending:
        return (("[~]", Ink.MUTED),)
    tick = row.item.tick
    if tick is None:
        return (("[ ]", Ink.PLAIN),)
    return (("[x]", Ink.OK),) if tick.ok else (("[!]", Ink.FIRING),)


def _value(row: ItemRow, _: Instant) -> Spans:
    tick = row.item.tick
    if tick is None or tick.value is None:
        return _NOTHING
    return ((shown_value(tick.value, row.item), Ink.PLAIN if tick.ok else Ink.FIRING),)


def shown_value(value: float, item: InspectionItem) -> str:
    """As it was read off, in the item's unit."""
    hint = "" if item.measured is None else unit_hint(item.measured.unit)
    return f"{value:g} {hint}".strip()


def _measured(row: ItemRow, _: Instant) -> Spans:
    figure = row.item.measured
    if figure is None or figure.value is None:
        return _NOTHING
    return ((figure_text(figure), VERDICT_INKS[figure.verdict]),)


def is_measured(row: ItemRow) -> bool:
    """Whether the console knows a figure of it."""
    figure = row.item.measured
    return figure is not None and figure.value is not None


def figure_text(figure: Figure) -> str:
    """What the console knows, with its unit."""
    if figure.value is None or not math.isfinite(figure.value):
        return NONE
    if figure.unit is Unit.SECONDS:
        return took_cell(figure.value * 1000)
    number = figure_number(figure.value, figure)
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number} {unit_hint(figure.unit)}".strip()


def bound_text(figure: Figure) -> str:
    """`< 0.5 %`; empty where it is only told."""
    sign, value = (">=", figure.above) if figure.above is not None else ("<", figure.below)
    return "" if value is None else f"{sign} {value:g} {unit_hint(figure.unit)}".strip()


def _who(row: ItemRow, now: Instant) -> Spans:
    tick = row.item.tick
    if tick is None:
        return _NOTHING
    return ((f"{visible(tick.by, cells=16)} {time_text(tick.at, row)}", Ink.MUTED),)


def time_text(at: datetime, row: ItemRow) -> str:
    """`09:12`; with its day where that is another one."""
    local = at.astimezone(row.zone)
    if local.date() == row.day:
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}"


def _note(row: ItemRow, _: Instant) -> Spans:
    tick = row.item.tick
    return ((tick.note, Ink.PLAIN),) if tick is not None and tick.note else _NOTHING


def rows_of(
    inspection: Inspection,
    sending: frozenset[str],
    zone: tzinfo,
    figures: Mapping[str, Figure],
) -> tuple[ItemRow, ...]:
    """The items in the order of the settings.

    Args:
        figures: what the console knows already, by objective.
    """
    day = inspection.day
    items = (
        msgspec.structs.replace(one, measured=one.measured or figures.get(one.objective))
        for one in inspection.items
    )
    return tuple(ItemRow(one, sending_key(day, one.name) in sending, zone, day) for one in items)


def sending_key(day: date, item: str) -> str:
    """By which an item is drawn as being written."""
    return f"tick {day.isoformat()} {item}"


def head_spans(inspection: Inspection, now: datetime, zone: tzinfo) -> tuple[Spans, Spans]:
    """Which day, by when, and how much is left."""
    due = inspection.due.astimezone(zone)
    looked = inspection.day.toordinal() - 1
    title: list[Span] = [
        (f"inspection of {inspection.day.isoformat()}", Ink.HEADING),
        (f", which looks at {date.fromordinal(looked).isoformat()}", Ink.MUTED),
    ]
    when = f"due {due:%H:%M}"
    done = inspection.done_at
    if not inspection.items:
        return tuple(title), ((when, Ink.MUTED),)
    if done is not None:
        late = done > inspection.due
        said = f"done {done.astimezone(zone):%H:%M}{', late' if late else ''}; {when}"
        return tuple(title), ((said, Ink.WARNING if late else Ink.OK),)
    if inspection.day < now.astimezone(zone).date():
        missed = f"{count_text(inspection.left)} of {many(len(inspection.items), 'item')}"
        return tuple(title), ((f"was {when}", Ink.MUTED), (f"; {missed} not ticked", Ink.WARNING))
    over = now > inspection.due
    left = f"{count_text(inspection.left)} of {many(len(inspection.items), 'item')} left"
    ink = Ink.BREACHED if over else Ink.PLAIN
    return tuple(title), (
        (f"{when}, {breach_text(inspection.due - now)}", ink),
        (f"; {left}", Ink.WARNING if over else Ink.PLAIN),
    )


def about(row: ItemRow) -> Sequence[Part]:
    """The item under the cursor."""
    item, tick = row.item, row.item.tick
    objective = f"  objective {item.objective}" if item.objective else ""
    parts: list[Part] = [
        Title(((item.name, Ink.HEADING), (objective, Ink.MUTED))),
        Paragraph(item.text or item.name, Ink.STRONG),
    ]
    figure = item.measured
    if figure is not None:
        bound = bound_text(figure)
        known = figure_text(figure)
        against = f" against {bound}" if bound else ""
        source = f", from {figure.source}" if figure.source else ""
        why = f": {figure.why_not}" if figure.why_not else ""
        said = f"the console knows {known}{against}, {figure.verdict}{source}{why}"
        parts.append(Paragraph(said if figure.value is not None else f"not measured{why}"))
    if tick is None:
        parts.append(Paragraph("nobody has looked at it yet", Ink.MUTED))
        return parts
    state = "as it ought to be" if tick.ok else "NOT as it ought to be"
    value = "" if tick.value is None else f", {shown_value(tick.value, item)}"
    note = f": {tick.note}" if tick.note else ""
    said = f"{visible(tick.by)} at {time_text(tick.at, row)}{value}, {state}{note}"
    parts.append(Paragraph(said, Ink.PLAIN if tick.ok else Ink.FIRING))
    return parts


def read_typed(typed: str, *, wants_value: bool) -> tuple[float | None, str]:
    """A value in front, where one is asked for, and the note behind it."""
    text = " ".join(typed.split())
    if not wants_value:
        return None, text
    number = _NUMBER.match(text)
    if number is None:
        return None, text
    return float(number[1]), text[number.end() :].strip()
