"""Incidents and changes of a journal as a report lists them, as they stood at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.model.change import OVER, UNDERWAY, Change, ChangeState
from console.model.incident import Incident, IncidentState
from console.model.names import folded
from console.model.summary import ChangeLine, IncidentLine
from console.reports.days import Span
from console.reports.exclusions import is_for
from console.safety.text import visible

AHEAD: Final = timedelta(hours=48)
"""So long after a day its report looks for changes to come."""
_REFUSED: Final = OVER - {ChangeState.CLOSED}


def started_at(incident: Incident) -> datetime:
    """When it began, as far as that is known: else when it was noticed, or written down."""
    return incident.started or incident.detected or incident.opened


def ended_at(incident: Incident) -> datetime | None:
    """When it was over; `None`: it goes on. Where nobody wrote that down, its last known time."""
    if incident.is_ongoing:
        return None
    known = incident.resolved or incident.closed or incident.mitigated or started_at(incident)
    return max(known, started_at(incident))


def state_at(incident: Incident, at: datetime, now: datetime) -> IncidentState:
    """As which it stood at `at`, from its times; what it has gone back from cannot be told."""
    if at >= now:
        return incident.state
    if is_by(incident.closed, at):
        return IncidentState.CLOSED
    end = ended_at(incident)
    if end is not None and end <= at:
        is_due = incident.state is IncidentState.POST_MORTEM_DUE
        return incident.state if is_due else IncidentState.RESOLVED
    return IncidentState.MITIGATED if is_by(incident.mitigated, at) else IncidentState.OPEN


def incidents_within(
    incidents: Iterable[Incident], environment: str, start: datetime, end: datetime
) -> tuple[Incident, ...]:
    """Those that were going on at some time from `start` on and before `end`, by start."""
    found = (
        one
        for one in incidents
        if is_for(environment, one.environment)
        and _meets(started_at(one), ended_at(one), start, end)
    )
    return tuple(sorted(found, key=lambda one: (started_at(one), one.id)))


def incident_line(incident: Incident, at: datetime, now: datetime) -> IncidentLine:
    """As it stood at `at`."""
    end = ended_at(incident)
    return IncidentLine(
        id=visible(incident.id),
        title=visible(incident.title),
        state=state_at(incident, at, now),
        severity=incident.severity,
        services=_shown(incident.services),
        start=started_at(incident),
        end=end if is_by(end, at) else None,
    )


def carried_out(change: Change, now: datetime) -> Span | None:
    """From when to when it was; `None`: it was not, or nobody wrote down when."""
    if change.started is None or change.state in _REFUSED:
        return None
    end = change.ended or (now if change.state in UNDERWAY else change.started)
    return change.started, max(change.started, end)


def changes_within(
    changes: Iterable[Change], environment: str, start: datetime, end: datetime, now: datetime
) -> tuple[Change, ...]:
    """Those that were being carried out at some time from `start` on and before `end`."""
    found: list[tuple[datetime, str, Change]] = []
    for one in changes:
        span = carried_out(one, now)
        if span is None or not is_for(environment, one.plan.environment):
            continue
        if _meets(*span, start, end):
            found.append((span[0], one.id, one))
    return tuple(one for _, _, one in sorted(found, key=lambda each: each[:2]))


def changes_planned(
    changes: Iterable[Change], environment: str, start: datetime, end: datetime, at: datetime
) -> tuple[Change, ...]:
    """Those that had not begun at `at`, and whose windows begin from `start` on and before
    `end`; drafts are no plans yet."""
    found = [
        (one.plan.window.start, one.id, one)
        for one in changes
        if one.plan.window is not None
        and start <= one.plan.window.start < end
        and is_for(environment, one.plan.environment)
        and one.state not in (ChangeState.DRAFT, *_REFUSED)
        and _is_planned(one, at)
    ]
    return tuple(one for _, _, one in sorted(found, key=lambda each: each[:2]))


def change_line(change: Change, at: datetime) -> ChangeLine:
    """As it stood at `at`: carried out, or planned."""
    is_planned = _is_planned(change, at)
    window = change.plan.window
    state = change.state
    if is_planned:
        start, end = (window.start, window.end) if window is not None else (None, None)
        state = state if change.started is None else ChangeState.SCHEDULED
    else:
        start, end = change.started, change.ended
    return ChangeLine(
        id=visible(change.id),
        title=visible(change.title),
        state=state,
        services=_shown(change.plan.services),
        start=start,
        end=end if is_planned or is_by(end, at) else None,
        author=visible(change.author),
        is_planned=is_planned,
    )


class Touching(msgspec.Struct, frozen=True):
    """Who was about one service, and when; of one window."""

    incidents: tuple[tuple[Span, str], ...] = ()
    changes: tuple[tuple[Span, str], ...] = ()

    def within(self, start: datetime, end: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Ids of the incidents and of the changes from `start` on and before `end`."""
        return (
            tuple(name for span, name in self.incidents if _meets(*span, start, end)),
            tuple(name for span, name in self.changes if _meets(*span, start, end)),
        )


def touching(
    incidents: Sequence[Incident], changes: Sequence[Change], now: datetime
) -> dict[str, Touching]:
    """By service, its name folded."""
    of_incidents: dict[str, list[tuple[Span, str]]] = {}
    for incident in incidents:
        lasted = started_at(incident), ended_at(incident) or now
        for name in set(map(folded, incident.services)):
            of_incidents.setdefault(name, []).append((lasted, visible(incident.id)))
    of_changes: dict[str, list[tuple[Span, str]]] = {}
    for change in changes:
        span = carried_out(change, now)
        for name in set(map(folded, change.plan.services)) if span is not None else ():
            assert span is not None
            of_changes.setdefault(name, []).append((span, visible(change.id)))
    return {
        name: Touching(tuple(of_incidents.get(name, ())), tuple(of_changes.get(name, ())))
        for name in {*of_incidents, *of_changes}
    }


def _is_planned(change: Change, at: datetime) -> bool:
    return change.started is None or change.started >= at


def is_by(moment: datetime | None, at: datetime) -> bool:
    """Whether it had come by `at`."""
    return moment is not None and moment <= at


def _meets(first: datetime, last: datetime | None, start: datetime, end: datetime) -> bool:
    """Whether something that lasted from `first` to `last`, be it for no time, meets a span."""
    return first < end and (last is None or last > start or first >= start)


def _shown(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(visible, names))
