"""What the team has agreed about what a step touches: incidents, changes, freezes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from console.model.change import UNDERWAY, Change, ChangeState, Plan, touches
from console.model.change_rules import around_of as surroundings_of
from console.model.change_rules import paper_verdict
from console.model.freeze import Freeze
from console.model.incident import Incident
from console.model.names import folded
from console.model.papers import ChangePaper, Papers
from console.model.run import Around, Run, Tone
from console.runbook.around_line import NAME_CELLS, line_of, named
from console.safety.text import visible

APPROVAL: Final = "approval"
FREEZE: Final = "freeze"


class Agreed:
    """What the papers say about a step of a run."""

    def __init__(
        self,
        run: Run,
        papers: Papers,
        now: datetime,
        *,
        services: tuple[str, ...],
        hosts: tuple[str, ...],
        environment: str,
    ) -> None:
        """
        Args:
            services, hosts: what the step touches, by the registry's names; a host only where
                the step works on the host itself.
        """
        self._run = run
        self._papers = papers
        self._now = now
        self._services = services
        self._hosts = hosts
        self._environment = environment

    def papers(self) -> Iterator[Around]:
        """The open incident and the open change that it belongs to."""
        papers = self._papers
        if papers.unread:
            said = f"nobody knows whether there is an open change: {papers.unread}"
            yield line_of("change", said, Tone.WARNING)
            return
        incident, change = self._incident(), self._change()
        if incident is not None:
            lead = f", led by {visible(incident.lead, cells=20)}" if incident.lead else ""
            yield line_of("incident", f"{incident.id} is {incident.state}{lead}")
        if change is not None:
            tone = Tone.GOOD if change.id == self._run.change else Tone.WARNING
            by = visible(change.plan.executor or change.author, cells=20)
            yield line_of("change", f"{change.id} is {change.state}, by {by}", tone)
        elif self._run.change:
            return  # `approval` tells of that one
        elif incident is None:
            yield line_of("change", "no open change and no open incident for it", Tone.WARNING)
        else:
            yield line_of("change", "no open change for it")

    def approval(self) -> Iterator[Around]:
        """That the change which the run carries out is not under way, and why it may not be."""
        papers, wanted = self._papers, self._run.change
        if not wanted or papers.unread:
            return
        shown = visible(wanted, cells=NAME_CELLS)
        paper = papers.change(wanted)
        if paper is None:
            yield line_of(APPROVAL, f"{shown} is not in the journal", Tone.WARNING)
        elif paper.change.state not in UNDERWAY:
            yield line_of(APPROVAL, f"{shown} {self._unstarted(paper)}", Tone.WARNING)

    def _unstarted(self, paper: ChangePaper) -> str:
        state, around = paper.change.state, surroundings_of(self._papers)
        if state in (ChangeState.DRAFT, ChangeState.SUBMITTED):
            return f"is {state}: it has to be approved and started first"
        if state not in (ChangeState.APPROVED, ChangeState.SCHEDULED):
            return f"is {state}: what is carried out is an approved change"
        if self._incident() is not None:
            calendar = msgspec.structs.replace(around.calendar, freezes=())
            around = msgspec.structs.replace(around, calendar=calendar)
        verdict = paper_verdict(paper, self._now, around)
        if verdict.may_start:
            return "may start now; say so first: m on its screen"
        return f"may not start: {verdict.reasons[0]}"

    def freezes(self) -> Iterator[Around]:
        """Freezes in force, and windows that are shut. They hold up no mending of an incident."""
        calendar = surroundings_of(self._papers).calendar
        now = self._now
        services, environment = self._services, self._environment
        incident = self._incident()
        for freeze in calendar.in_force(now, services, environment):
            yield self._frozen(freeze, incident)
        every = frozenset(one.name for one in calendar.freezes)
        if incident is None and not calendar.is_open(now, services, environment, every):
            said = "no window of the team is open for what it touches"
            yield line_of(FREEZE, said, Tone.WARNING)

    def _frozen(self, freeze: Freeze, incident: Incident | None) -> Around:
        until = freeze.schedule.until(self._now)
        said = f"{freeze.level} freeze {named(freeze.name)}"
        if incident is not None:
            return line_of(FREEZE, f"{said} does not hold up {incident.id}")
        change = self._change()
        if change is not None and change.id == self._run.change:
            return line_of(FREEZE, f"{said} let {change.id} through")
        said += " in force" if until is None else f" until {until:%Y-%m-%d %H:%M} UTC"
        whom = f"; ask {visible(freeze.owner, cells=20)}" if freeze.owner else ""
        return line_of(FREEZE, said + whom, Tone.WARNING)

    def _incident(self) -> Incident | None:
        """The newest ongoing incident about it."""
        run = self._run
        mine = set(map(folded, self._services))
        for paper in self._papers.incidents:
            one = paper.incident
            if one.is_ongoing and (
                one.id == run.incident
                or (run.alert and run.alert in one.alerts)
                or not mine.isdisjoint(map(folded, one.services))
            ):
                return one
        return None

    def _change(self) -> Change | None:
        """The change that is being carried out on it: the run's own, else the newest."""
        mine = Plan(services=self._services, hosts=self._hosts, environment=self._environment)
        found = [
            paper.change
            for paper in self._papers.changes
            if paper.change.state in UNDERWAY
            and (paper.change.id == self._run.change or touches(mine, paper.change.plan))
        ]
        own = [one for one in found if one.id == self._run.change]
        return next(iter(own or found), None)
