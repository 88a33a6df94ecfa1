"""The handover as today's report tells it: a line a part, each with its rows in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from console.engine.handover import Breach, Handover, Taken
from console.engine.handover_papers import FreezeTurn, HandedChange, HandedIncident
from console.engine.handover_runs import result_of
from console.model.nag import Nag
from console.model.run import PastRun, Run
from console.model.saying import Moment, Saying, listed, saying, verbatim
from console.model.snapshot import SourceHealth
from console.model.worklist import Row
from console.safety.text import Raw, visible
from console.triage.silence_use import SilenceUse

MOST_ROWS: Final = 10
"""Of one part."""
_CELLS: Final = 80


def handed(handover: Handover) -> Iterator[Saying]:
    """Every part, the most urgent first; what there is none of is told too."""
    yield _duty(handover)
    doubts = (*handover.doubts, *handover.papers.doubts, *map(_sick, handover.sick))
    if doubts:
        yield saying("not known: {rows}", rows=_rows(doubts))
    yield saying("P0 and P1 that are not taken: {rows}", rows=_rows(map(_row, handover.untaken)))
    yield saying("acked and still firing: {rows}", rows=_rows(map(_taken, handover.taken)))
    yield saying("clocks breached: {rows}", rows=_rows(map(_breach, handover.breached)))
    runs = (*map(_open, handover.runs.open), *map(_past, handover.runs.past))
    if runs:
        yield saying("runs of runbooks: {rows}", rows=_rows(runs))
    papers, until = handover.papers, Moment(handover.until)
    yield saying("open incidents: {rows}", rows=_rows(map(_incident, papers.incidents)))
    yield saying("owed by {at}: {rows}", at=until, rows=_rows(map(_owed, papers.owed)))
    changes = _rows(map(_change, papers.changes))
    yield saying("changes under way, or to start by {at}: {rows}", at=until, rows=changes)
    turns = _rows(map(_turn, papers.turns))
    yield saying("freezes that begin or end by {at}: {rows}", at=until, rows=turns)
    ending = _rows(map(_ending, handover.ending))
    yield saying("silences that end by {at}: {rows}", at=until, rows=ending)
    yield _happened(handover)


def _rows(of: Iterable[Saying]) -> Saying:
    found = tuple(of)
    if not found:
        return saying("none")
    told: Sequence[Saying] = found[:MOST_ROWS]
    if len(found) > MOST_ROWS:
        told = (*told, saying("{n} more", n=len(found) - MOST_ROWS))
    return listed(told, apart=True) or saying("none")


def _shown(text: Raw | str, cells: int = _CELLS) -> str:
    return visible(text, cells=cells)


def _duty(handover: Handover) -> Saying:
    duty = handover.duty
    if duty is None:
        return saying("on call: not known, the settings have no rota")
    if duty.now is None:
        now = saying("on call: nobody")
    elif duty.until is None:
        now = saying("on call: {who}", who=_shown(duty.now.name))
    else:
        until = Moment(duty.until)
        now = saying("on call: {who} until {at}", who=_shown(duty.now.name), at=until)
    if duty.next is None:
        return now
    who, start = _shown(duty.next.name), Moment(duty.next.start)
    return saying(
        "{first}; {rest}", first=now, rest=saying("then {who} from {at}", who=who, at=start)
    )


def _row(row: Row) -> Saying:
    title = f"{row.priority} {_shown(row.document)} {_shown(row.title)}".replace("  ", " ")
    if not row.where:
        return verbatim(title)
    return saying("{what} on {where}", what=title, where=_shown(row.where))


def _taken(taken: Taken) -> Saying:
    owners = dict.fromkeys(_shown(one.ack.owner, 24) for one in taken.acks)
    who = listed(map(verbatim, owners)) or saying("nobody")
    return saying("{row}, taken by {who}", row=_row(taken.row), who=who)


def _breach(breach: Breach) -> Saying:
    owner = breach.row.acked_by
    if owner is None:
        return saying("{row}, nobody has it", row=_row(breach.row))
    return saying("{row}, taken by {who}", row=_row(breach.row), who=_shown(owner, 24))


def _open(run: Run) -> Saying:
    name, who = f"{_shown(run.id)} {_shown(run.runbook.name)}", _shown(run.who, 24)
    return saying("{run}, open since {at}, by {who}", run=name, at=Moment(run.began), who=who)


_RESULTS: Final = {
    "passed": saying("passed"),
    "failed": saying("failed"),
    "unknown": saying("not known how"),
    "open": saying("not ended"),
    "ended": saying("ended"),
}


def _past(run: PastRun) -> Saying:
    name, who = f"{_shown(run.id)} {_shown(run.runbook)}", _shown(run.who, 24)
    return saying("{run}, by {who}: {result}", run=name, who=who, result=_RESULTS[result_of(run)])


def _incident(one: HandedIncident) -> Saying:
    incident = one.incident
    severity = "P?" if incident.severity is None else str(incident.severity)
    name = f"{severity} {_shown(incident.id)} {_shown(incident.title)}"
    if not incident.lead:
        return saying("{row}, nobody leads it", row=name)
    return saying("{row}, led by {who}", row=name, who=_shown(incident.lead, 24))


def _owed(nag: Nag) -> Saying:
    who = verbatim(nag.owner) if nag.owner else saying("nobody has it")
    return saying(
        "{document}: {what} ({who}), due {at}",
        document=_shown(nag.incident) or nag.title,
        what=nag.what,
        who=who,
        at=Moment(nag.due),
    )


def _change(one: HandedChange) -> Saying:
    name = f"{_shown(one.change.id)} {_shown(one.change.title)}"
    if one.missed:
        return saying("{change}, never started, and its window is over", change=name)
    if one.starts is not None:
        return saying("{change}, from {at}", change=name, at=Moment(one.starts))
    return verbatim(name)


def _turn(one: FreezeTurn) -> Saying:
    name, at = _shown(one.freeze.name), Moment(one.at)
    if one.begins:
        return saying("{freeze} begins {at}", freeze=name, at=at)
    return saying("{freeze} ends {at}", freeze=name, at=at)


def _ending(use: SilenceUse) -> Saying:
    matchers = ", ".join(_shown(one.written, 60) for one in use.silence.matchers)
    ends = Moment(use.silence.ends_at)
    return saying("{silence} by {who}, ends {at}", silence=matchers,
                  who=_shown(use.silence.created_by, 24), at=ends)  # fmt: skip


def _sick(source: SourceHealth) -> Saying:
    state = source.state.value
    if not source.failures:
        return saying("{source} is {state}", source=source.name, state=state)
    cause = source.failures[0].cause
    return saying("{source} is {state}: {cause}", source=source.name, state=state, cause=cause)


def _happened(handover: Handover) -> Saying:
    found = handover.happened
    if found is None:
        return saying("this shift: not known, no console has seen anything happen")
    counts = saying(
        "{fired} began to fire, {resolved} resolved, {acked} acked since {at}",
        fired=found.fired,
        resolved=found.resolved,
        acked=found.acked,
        at=Moment(found.since),
    )
    if found.more:
        counts = saying("at least {counts}", counts=counts)
    return saying("this shift: {counts}", counts=counts)
