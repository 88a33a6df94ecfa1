"""What is typed into the form of a change: begun, read and judged. Pure.

What a change still lacks for its submission is no fault here: it may be kept half done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from config.changes import StandardChange
from config.durations import duration_of
from console.actions.papers.change_fields import (
    FIELDS,
    PLANNED,
    PROSE,
    remarks_on,
    typed_of,
)
from console.actions.papers.fields import FieldFault, Typed
from console.actions.papers.window import END, START, ZONE, WindowFault, window_of
from console.actions.silences.matchers import MatcherFault, matcher_of, set_fault
from console.model.change import (
    Acceptance,
    Change,
    ChangeKind,
    ChangeProse,
    Likelihood,
    Plan,
    Risk,
    Rollback,
)
from console.model.change_rules import edited
from console.model.condition import number_of
from console.model.condition_parse import parse_block
from console.model.freeze import Period
from console.safety.text import visible

__all__ = ["FIELDS", "Judged", "begun", "judged", "remarks_on", "typed_of"]

MAX_TITLE_CHARS: Final = 200
_T = TypeVar("_T")
_WINDOW: Final = (START, END, ZONE)
_HUNDRED: Final = 100


class Judged(msgspec.Struct, frozen=True):
    """What was typed, as far as it can be read."""

    change: Change
    """A field with a fault is as it was. Where an approved plan was touched, it is submitted
    again: what was agreed to is no longer what stands there."""
    faults: tuple[FieldFault, ...] = ()
    """From the first field to the last. Where there is any, nothing is saved."""


def begun(
    author: str,
    now: datetime,
    *,
    environment: str = "",
    zone: str = "",
    services: Sequence[str] = (),
    hosts: Sequence[str] = (),
    incidents: Sequence[str] = (),
    standard: StandardChange | None = None,
) -> Change:
    """A new change as its form opens; its id comes when it is saved.

    Args:
        zone: IANA name of the zone in which its window is thought of.
        standard: the approved template that it follows.
    """
    plan = Plan(
        services=tuple(services),
        hosts=tuple(hosts),
        environment=environment,
        timezone=zone,
        executor=author,
    )
    title = ""
    if standard is not None:
        title = standard.summary or standard.name
        plan = msgspec.structs.replace(
            plan,
            kind=ChangeKind.STANDARD,
            template=standard.name,
            services=standard.services or plan.services,
            steps=standard.steps,
            rollback=Rollback(standard.rollback),
        )
    at = now.replace(microsecond=0)
    return Change("", title, author, at, plan=plan, incidents=tuple(incidents))


def judged(typed: Typed, change: Change) -> Judged:
    """What `typed` makes of `change`, and everything in it that cannot be read.

    A field that stands as `typed_of` wrote it, or is not in `typed`, keeps what is in `change`
    to the last character, whatever somebody wrote there by hand.
    """
    reading = _Reading(typed, typed_of(change))
    title = reading.field("title", change.title, _title, always=not change.title)
    plan = _plan(reading, change.plan)
    prose = {name: reading.field(name, getattr(change.prose, name), _whole) for name in PROSE}
    incidents = reading.field("incidents", change.incidents, _ids)
    related = reading.field("related", change.related, _ids)
    try:
        # Whose edit it is, is written down where it is saved.
        found = edited(change, plan, change.author) if plan != change.plan else change
    except ValueError as error:
        # What was carried out is what was agreed to: it is no longer written over.
        found = change
        reading.faults += [FieldFault(name, str(error)) for name in reading.touched & PLANNED]
    found = msgspec.structs.replace(
        found, title=title, prose=ChangeProse(**prose), incidents=incidents, related=related
    )
    order = {one.name: number for number, one in enumerate(FIELDS)}
    faults = sorted(reading.faults, key=lambda one: (order.get(one.field, len(order)), one.line))
    return Judged(found, tuple(faults))


class _Fault(Exception):  # noqa: N818 - a person's typing fault, shown as it is
    """Faults of one field: line and text."""

    def __init__(self, *faults: tuple[int, str]) -> None:
        super().__init__()
        self.faults = faults


class _Reading:
    """Fields read one by one, and what was wrong with them."""

    def __init__(self, typed: Typed, before: Typed) -> None:
        self.typed = {**before, **typed}
        self.touched = frozenset(one for one in before if self.typed[one] != before[one])
        known = ", ".join(one.name for one in FIELDS)
        self.faults = [
            FieldFault(name, f"no field is called {visible(name, cells=40)}; known: {known}")
            for name in typed
            if name not in before
        ]

    def field(self, name: str, was: _T, read: Callable[[str], _T], *, always: bool = False) -> _T:
        """What stands in it; `was` where nobody touched it, or where it cannot be read.

        Args:
            always: read it also where nobody touched it.
        """
        if name not in self.touched and not always:
            return was
        try:
            return read(self.typed[name])
        except _Fault as fault:
            self.faults += [FieldFault(name, text, line) for line, text in fault.faults]
            return was

    def window(self, was: Period | None) -> Period | None:
        """What stands in the three fields of the window."""
        if self.touched.isdisjoint(_WINDOW):
            return was
        try:
            return window_of(*(self.typed[name] for name in _WINDOW))
        except WindowFault as fault:
            self.faults.append(FieldFault(fault.field, str(fault)))
            return was


def _plan(reading: _Reading, was: Plan) -> Plan:
    field = reading.field
    return Plan(
        kind=field("kind", was.kind, _kind),
        template=field("template", was.template, _line),
        services=field("services", was.services, _lines),
        hosts=field("hosts", was.hosts, _lines),
        environment=field("environment", was.environment, _line),
        steps=field("steps", was.steps, _whole),
        runbook=field("runbook", was.runbook, _line),
        version=field("version", was.version, _line),
        traffic_percent=field("traffic_percent", was.traffic_percent, _share),
        risk=Risk(
            field("risk_likelihood", was.risk.likelihood, _level),
            field("risk_impact", was.risk.impact, _level),
            field("risk_override", was.risk.override, _level),
            field("risk_reason", was.risk.reason, _line),
        ),
        expected_alerts=field("expected_alerts", was.expected_alerts, _lines),
        expected_downtime=field("expected_downtime", was.expected_downtime, _lasting),
        expected_degraded=field("expected_degraded", was.expected_degraded, _lasting),
        silence=field("silence", was.silence, _matchers),
        window=reading.window(was.window),
        timezone=field(ZONE, was.timezone, _line),
        rollback=Rollback(
            field("rollback", was.rollback.steps, _whole),
            field("rollback_takes", was.rollback.takes, _lasting),
            field("rollback_trigger", was.rollback.trigger, _line),
        ),
        verification=field("verification", was.verification, _conditions),
        acceptance=Acceptance(
            field("accepts", was.acceptance.by, _line),
            field("observed", was.acceptance.after, _lasting),
        ),
        executor=field("executor", was.executor, _line),
        reviewer=field("reviewer", was.reviewer, _line),
    )


# One field


def _line(text: str) -> str:
    return " ".join(text.split())


def _title(text: str) -> str:
    title = _line(text)
    if not title:
        raise _Fault((0, "expected what is changed, in a few words"))
    if len(title) > MAX_TITLE_CHARS:
        raise _Fault((0, f"expected {MAX_TITLE_CHARS} characters at most; the rest goes below"))
    return title


def _whole(text: str) -> str:
    """Text of several lines, without blank ones around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines)


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    """The lines that say something, as they are typed, each with its number."""
    for number, line in enumerate(text.replace("\r", "\n").split("\n")):
        if line.strip():
            yield number, line


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for _, line in _numbered(text)))


def _ids(text: str) -> tuple[str, ...]:
    """Ids have neither spaces nor commas: several may stand on a line."""
    return tuple(dict.fromkeys(one for one in re.split(r"[\s,]+", text) if one))


def _kind(text: str) -> ChangeKind:
    wanted = text.strip().casefold() or ChangeKind.NORMAL
    if wanted not in tuple(ChangeKind):
        raise _Fault((0, f"expected one of {', '.join(ChangeKind)}"))
    return ChangeKind(wanted)


def _level(text: str) -> Likelihood | None:
    wanted = text.strip().casefold()
    if wanted and wanted not in tuple(Likelihood):
        raise _Fault((0, f"expected one of {', '.join(Likelihood)}"))
    return Likelihood(wanted) if wanted else None


def _share(text: str) -> float | None:
    wanted = text.strip().removesuffix("%").rstrip()
    if not wanted:
        return None
    number = number_of(wanted)
    if number is None or not 0 <= number <= _HUNDRED:
        raise _Fault((0, "expected a number from 0 to 100"))
    return float(number)


def _lasting(text: str) -> timedelta | None:
    wanted = "".join(text.split())
    if not wanted:
        return None
    found = duration_of(wanted)
    if found is None:
        raise _Fault((0, "expected a duration such as 30s, 10m, 1h30m or 7d"))
    return found


def _matchers(text: str) -> tuple[str, ...]:
    """As the form for a silence reads them; kept as they are written."""
    faults, read, written, last = [], [], [], 0
    for number, line in _numbered(text):
        last = number
        try:
            read.append(matcher_of(line))
        except MatcherFault as fault:
            faults.append((number, visible(str(fault))))
        written.append(line.strip())
    if not faults and read:
        said = set_fault(read)
        faults += [(last, visible(said))] if said else []
    if faults:
        raise _Fault(*faults)
    return tuple(written)


def _conditions(text: str) -> tuple[str, ...]:
    found = list(_numbered(text))
    if found:
        # What is wrong with all of them together (line -1) is lacking, not wrong: one more line
        # may mend it.
        block = parse_block(line for _, line in found)
        faults = tuple(one for one in block.faults if one.line >= 0)
        if faults:
            said = ((found[one.line][0], f"column {one.column}: {one.expected}") for one in faults)
            raise _Fault(*said)
    return tuple(line.strip() for _, line in found)
