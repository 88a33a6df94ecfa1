"""What the journal leaves to the next shift, in words."""

from __future__ import annotations

from collections.abc import Iterator

from console.engine.handover_lines import Line, Section, ShiftClock, Words, counted, left_out
from console.engine.handover_papers import FreezeTurn, HandedChange, HandedIncident, HandedPapers
from console.model.change import UNDERWAY, ChangeState
from console.model.freeze import Freeze
from console.model.nag import Nag
from console.model.words import age_text
from console.safety.text import Raw


def journal_sections(
    papers: HandedPapers, clock: ShiftClock, by: str, most: int | None
) -> Iterator[Section]:
    """Incidents, what is owed, changes and freezes.

    Args:
        by: when the next shift is over, in words.
        most: as for all sections.
    """
    incidents, owed, changes = papers.incidents, papers.owed, papers.changes
    yield Section(
        counted("open incidents", len(incidents)),
        tuple(_incident(one, clock) for one in incidents[:most]),
        "none",
        left_out(len(incidents), most),
    )
    yield Section(
        counted(f"owed by {by}", len(owed)),
        tuple(_owed(one, clock) for one in owed[:most]),
        "nothing",
        left_out(len(owed), most),
    )
    yield Section(
        counted(f"changes under way, or to start by {by}", len(changes)),
        tuple(_change(one, clock) for one in changes[:most]),
        "none",
        left_out(len(changes), most),
    )
    turning = {turn.freeze.name for turn in papers.turns}
    lasting = [one for one in papers.in_force if one.name not in turning]
    yield Section(
        counted(f"freezes that begin or end by {by}", len(papers.turns)),
        (*(_lasting(one) for one in lasting), *(_turn(one, clock) for one in papers.turns[:most])),
        "none",
        left_out(len(papers.turns), most),
    )


def _incident(handed: HandedIncident, clock: ShiftClock) -> Line:
    incident, owed = handed.incident, handed.owed
    lead: Words = (", led by ", Raw(incident.lead)) if incident.lead else (", nobody leads it",)
    words: Words = (
        f"{incident.id} {incident.state}, ",
        Raw(incident.title),
        *_on(incident.services or incident.hosts),
        f", for {clock.ago(incident.started or incident.opened)}",
        *lead,
    )
    under: tuple[Words, ...] = (("next: nothing is owed",),)
    if owed is not None:
        under = (("next: ", Raw(owed.text), *_due(owed, clock)),)
    severity = "P?" if incident.severity is None else str(incident.severity)
    return Line(severity, words, under, owed is not None and owed.is_overdue(clock.now))


def _owed(nag: Nag, clock: ShiftClock) -> Line:
    words: Words = (f"{nag.incident} ", Raw(nag.title), ": ", Raw(nag.text), *_due(nag, clock))
    head = "late" if nag.is_overdue(clock.now) else "due"
    return Line(head, words, (), nag.is_overdue(clock.now))


def _due(nag: Nag, clock: ShiftClock) -> Words:
    owner: Words = (", ", Raw(nag.owner)) if nag.owner else (", nobody has it",)
    if nag.is_overdue(clock.now):
        return (*owner, f", late by {age_text(clock.now - nag.due)}")
    return (*owner, f", due {clock.both(nag.due)}")


def _change(handed: HandedChange, clock: ShiftClock) -> Line:
    change = handed.change
    who = change.plan.executor or change.author
    words: Words = (
        f"{change.id} {change.state}, ",
        Raw(change.title),
        *_on(change.plan.services or change.plan.hosts),
        *((", by ", Raw(who)) if who else ()),
        _when(handed, clock),
    )
    under: tuple[Words, ...] = tuple(
        ("could not start: ", Raw(reason)) for reason in handed.reasons
    )
    head = "now" if change.state in UNDERWAY else str(change.plan.kind)
    failed = change.state is ChangeState.FAILED
    return Line(head, words, under, failed or handed.missed or bool(handed.reasons))


def _when(handed: HandedChange, clock: ShiftClock) -> str:
    change, window = handed.change, handed.change.plan.window
    if handed.missed and window is not None:
        return f", never started, and its window was over {clock.ago(window.end)} ago"
    if change.state is ChangeState.FAILED:
        return ", to be rolled back or closed"
    end = "" if window is None else f", window until {clock.both(window.end)}"
    if change.state in UNDERWAY:
        begun = "" if change.started is None else f", for {clock.ago(change.started)}"
        late = window is not None and window.end <= clock.now
        return f"{begun}{', its window is over' if late else end}"
    if handed.starts is None:
        return ", at any time: it has no window"
    begins = "from now on" if handed.starts <= clock.now else f"from {clock.both(handed.starts)}"
    return f", {begins}{end}"


def _turn(turn: FreezeTurn, clock: ShiftClock) -> Line:
    does = "begins" if turn.begins else "ends"
    head = f"{turn.at.astimezone(clock.zone):%H:%M}"
    words: Words = (*_freeze(turn.freeze), f" {does} {clock.both(turn.at)}")
    return Line(head, words, _asked(turn.freeze))


def _lasting(freeze: Freeze) -> Line:
    return Line("now", (*_freeze(freeze), " is in force, and does not end by then"), _asked(freeze))


def _freeze(freeze: Freeze) -> Words:
    return (f"{freeze.level} freeze ", Raw(freeze.name), *_on(freeze.scope.services))


def _asked(freeze: Freeze) -> tuple[Words, ...]:
    why: Words = (Raw(freeze.reason),) if freeze.reason else ()
    ask: Words = ("ask ", Raw(freeze.owner)) if freeze.owner else ()
    words = (*why, *((": ",) if why and ask else ()), *ask)
    return (words,) if words else ()


def _on(names: tuple[str, ...]) -> Words:
    return (" on ", Raw(", ".join(names))) if names else ()
