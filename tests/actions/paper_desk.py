"""Consoles of several people on one journal: real git, a clock that stands still."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from config.history import Summary
from config.schema import Acks, Silences
from console.actions.carry_out import Doing, Effected, carry_out
from console.journal.author import Author
from console.journal.bench import Bench
from console.journal.errors import JournalFault
from console.journal.language import Language
from console.journal.library import Library
from console.journal.recorder import Recorder
from console.journal.repository import Journal, open_journal
from console.model.acting import Ended, Outcome
from console.model.change import (
    Acceptance,
    Change,
    ChangeKind,
    ChangeState,
    Likelihood,
    Plan,
    Risk,
    Rollback,
)
from console.model.freeze import Calendar, Period
from console.model.incident import Incident, IncidentProse
from console.model.paper_wish import ApproveChange, MoveChange, OpenIncident, PaperWish, WriteChange
from console.model.papers import ChangePaper, IncidentPaper, Sheet
from console.model.policy import Policy
from console.model.snapshot import Snapshot
from console.safety.clock import Clock, ManualClock
from console.sources.alertmanager.cluster import AlertmanagerCluster

NIGHT = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
WINDOW = Period(NIGHT, NIGHT + timedelta(hours=2))


class PaperDesk:
    """One person's console, as far as the journal goes."""

    def __init__(self, bench: Bench, clock: Clock, who: str) -> None:
        self.bench = bench
        self.clock = clock
        self.who = who
        self.calendar = Calendar()
        self.snapshot = Snapshot(clock.now(), "test")
        self.clusters: Mapping[str, AlertmanagerCluster] = {}
        self.verified = True
        self.fault: JournalFault | None = None
        self.summary = Summary()

    def doing(self) -> Doing:
        async def bench() -> Bench | JournalFault:
            return self.fault or self.bench

        return Doing(
            clusters=self.clusters,
            clock=self.clock,
            who=self.who,
            acks=Acks(),
            silences=Silences(),
            policy=Policy(),
            local=None,
            kthxbye=frozenset(),
            snapshot=self.snapshot,
            intent="7f3a2c00",
            bench=bench,
            calendar=self.calendar,
            verified=self.verified,
            audit_head="ab" * 32,
            summary=self.summary,
        )

    async def act(self, wish: PaperWish) -> Effected:
        return await carry_out(wish, self.doing())

    async def did(self, wish: PaperWish) -> Effected:
        """As `act`, where all of it has to be done."""
        effected = await self.act(wish)
        assert effected.outcome.ended is Ended.DONE, effected.outcome
        return effected

    async def told(self, wish: PaperWish) -> Outcome:
        return (await self.act(wish)).outcome

    async def refused(self, wish: PaperWish) -> str:
        """Everything that is said of a wish that is denied."""
        outcome = await self.told(wish)
        assert outcome.ended is Ended.DENIED, outcome
        return "\n".join((outcome.text, *outcome.details))

    async def incident(self, document_id: str) -> IncidentPaper:
        found = await self.bench.library.incident(document_id)
        assert found is not None
        return found

    async def change(self, document_id: str) -> ChangePaper:
        found = await self.bench.library.change(document_id)
        assert found is not None
        return found

    async def sheet(self, path: str) -> Sheet:
        found = await self.bench.library.sheet(path)
        assert isinstance(found, Sheet)
        return found

    async def opened(
        self, title: str = "redis down", alerts: tuple[str, ...] = ()
    ) -> IncidentPaper:
        """A new incident."""
        asked = Incident("", title, self.clock.now().wall, alerts=alerts)
        prose = IncidentProse(what=f"{title}, no PING reply", where="redis@data-1")
        wish = OpenIncident(msgspec.structs.replace(asked, prose=prose))
        return await self.incident((await self.did(wish)).outcome.document)

    async def planned(self, plan: Plan, title: str = "redis 7.4") -> ChangePaper:
        """A new change, a draft."""
        change = Change("", title, "", self.clock.now().wall, plan=plan)
        return await self.change((await self.did(WriteChange(change))).outcome.document)

    async def moved(self, paper: ChangePaper, to: ChangeState) -> ChangePaper:
        await self.did(MoveChange(paper, to))
        return await self.change(paper.change.id)


def plan(**fields: object) -> Plan:
    """One that lacks nothing."""
    whole = Plan(
        kind=ChangeKind.NORMAL,
        services=("redis",),
        steps="docker restart redis",
        risk=Risk(Likelihood.LOW, Likelihood.MEDIUM),
        window=WINDOW,
        rollback=Rollback("docker run redis:7.2", timedelta(minutes=5), "no PING in 1 min"),
        verification=("[STATUS] == 200",),
        acceptance=Acceptance("mei"),
        executor="kai",
    )
    return msgspec.structs.replace(whole, **fields)


async def desks(folder: Path, *people: str, clock: Clock | None = None) -> list[PaperDesk]:
    """Consoles of `people` on the journal in `folder`."""
    shared = clock or ManualClock(NIGHT)
    found = []
    for who in people:
        author = Author(who, f"{who}@example.org")
        journal = await open_journal(folder, shared, author, os.environ)
        assert isinstance(journal, Journal), journal
        recorder = Recorder(journal, who, "laptop")
        bench = Bench(journal, Library(journal), recorder, Language.ENGLISH, None, "prod")
        found.append(PaperDesk(bench, shared, who))
    return found


async def approved(kai: PaperDesk, mei: PaperDesk, plan_of_it: Plan) -> ChangePaper:
    """A change of kai's that mei has approved."""
    paper = await kai.moved(await kai.planned(plan_of_it), ChangeState.SUBMITTED)
    await mei.did(ApproveChange(paper, "go"))
    return await kai.change(paper.change.id)
