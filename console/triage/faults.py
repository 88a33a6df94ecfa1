"""What is wrong although no alert speaks of it, with an episode and clocks like any row."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.model.alert import Ack
from console.model.failure import Failure
from console.model.policy import Policy
from console.model.snapshot import Standing
from console.model.state import Priority, State
from console.model.worklist import Clocks, Lane, Part, Row, RowKind
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from console.triage.episodes import Episodes
from console.triage.sla import clocks_of
from console.triage.storm import MINUTE_S
from console.triage.suspects import Pair


class Running(msgspec.Struct, frozen=True):
    """How a fault stands in time."""

    since: datetime
    clocks: Clocks
    is_new: bool
    ack: Ack | None = None


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong: a service's own checks, a source, the watch itself."""

    key: str
    """Of its row and of its episode: `probe:redis`, `source:am`."""
    kind: RowKind
    title: str
    where: Raw
    summary: str
    priority: Priority
    state: State
    running: Running
    cell: str | None = None
    place: str = ""
    failure: Failure | None = None
    marks: frozenset[Pair] = frozenset()
    """Label pairs of what it is about, by which it is part of a storm."""
    unwell: int = 0
    """Of a host that does not answer: the services on it that are not OK."""

    @property
    def part(self) -> Part:
        """By which it is acked."""
        where = visible(self.where, cells=60)
        return Part(self.key, f"{self.title} {where}".strip())

    def row(self, lane: Lane) -> Row:
        """The fault as a row of its own."""
        ack = self.running.ack
        return Row(
            key=self.key,
            kind=self.kind,
            priority=self.priority,
            state=self.state,
            standing=Standing.FIRING,
            title=Raw(self.title),
            where=self.where,
            summary=Raw(self.summary),
            since=self.running.since,
            step=self.running.clocks.step,
            clocks=self.running.clocks,
            cell=self.cell,
            is_new=self.running.is_new,
            lane=lane,
            failure=self.failure,
            parts=(self.part,),
            acked_by=None if ack is None else ack.owner,
            acked_at=None if ack is None else ack.since,
            acked_count=0 if ack is None else 1,
            acks=() if ack is None else (ack,),
        )


def running(
    episodes: Episodes, key: str, since: datetime, priority: Priority, policy: Policy, at: Instant
) -> Running:
    """The fault `key` is there at this look: its episode goes on, or one begins."""
    ack = episodes.ack_of(key)
    tracked = episodes.firing(key, since, at.mono, ack=ack)
    return Running(
        tracked.episode.start,
        clocks_of(tracked.episode, priority, policy),
        at.mono - tracked.seen_mono <= MINUTE_S,
        ack,
    )


def going_on(episodes: Episodes, key: str, priority: Priority, policy: Policy) -> Running | None:
    """The fault `key`, of which nothing new is known at this look; `None` where none runs."""
    ack = episodes.ack_of(key)
    tracked = episodes.keep(key, ack)
    if tracked is None:
        return None
    clocks = clocks_of(tracked.episode, priority, policy)
    return Running(tracked.episode.start, clocks, is_new=False, ack=ack)
