"""The picture of the world: what the fleet knows, judged, and what happened in between.

A bug in the judging must not stop the asking. The last picture then stays, says of itself that
it is the last one, and is not believed for longer than any other old answer.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from console.engine.events import EventLog, events_between
from console.engine.noise import Noise
from console.engine.trouble import Trouble
from console.fleet.fleet import Fleet
from console.fleet.memory import STALE_FLOOR_S
from console.fleet.saved import dimmed
from console.fleet.score import score_of
from console.model.nag import Nag
from console.model.policy import Policy
from console.model.snapshot import BadgeKind, KnownAlert, Snapshot
from console.model.state import State
from console.model.worklist import Worklist
from console.safety.clock import Instant
from console.safety.whereabouts import whereabouts
from console.triage.triage import Triage

FLEET = "the picture of the fleet"
TRIAGE = "the worklist"
EVENTS = "the event log"


class Picture:
    """Makes snapshot and worklist, over and over, of one fleet and one triage."""

    def __init__(
        self,
        fleet: Fleet,
        triage: Triage,
        log: EventLog,
        trouble: Trouble,
        noise: Noise | None = None,
        nags: Callable[[], tuple[Nag, ...]] = tuple,
    ) -> None:
        """
        Args:
            noise: tells how often alerts came; `None`: nobody counts.
            nags: what incidents still ask of people.
        """
        self._nags = nags
        self.fleet = fleet
        self._noise = noise
        self._triage = triage
        self._log = log
        self._trouble = trouble
        self._made: Snapshot | None = None
        self._judged: Worklist | None = None
        self._shown: tuple[Snapshot, Worklist] | None = None

    def reload(self, policy: Policy) -> None:
        """Judge by another policy from now on."""
        self._triage.reload(policy)

    def regroup(self, group_by: tuple[str, ...]) -> None:
        """Make rows by other labels from now on."""
        self._triage.regroup(group_by)

    def resort(self) -> None:
        """In a storm, give up the held order once."""
        self._triage.resort()

    def make(self, now: Instant, policy: Policy) -> tuple[Snapshot, Worklist]:
        """The world as of `now`; what happened since the last time goes into the event log."""
        snapshot = self._snapshot(now)
        worklist = self._worklist(snapshot, policy)
        before, judged_before = self._shown or (None, None)
        try:
            self._log.add(events_between(before, snapshot, judged_before, worklist))
        except Exception as error:
            self._begin(EVENTS, error)
        else:
            self._trouble.end(EVENTS)
        self._shown = self._with_badges(snapshot), worklist
        return self._shown

    def _snapshot(self, now: Instant) -> Snapshot:
        try:
            self._made = self._counted(self.fleet.snapshot(now), now)
        except Exception as error:
            self._begin(FLEET, error, self._made.at if self._made else None)
            last = self._made or Snapshot(at=now, environment=self.fleet.environment)
            return self._with_badges(aged(last, now))
        self._trouble.end(FLEET)
        return self._with_badges(self._made)

    def _counted(self, snapshot: Snapshot, now: Instant) -> Snapshot:
        if nags := self._nags():
            snapshot = msgspec.structs.replace(snapshot, nags=nags)
        if self._noise is None:
            return snapshot
        seen = self._noise.seen(self._log.latest, now.wall)
        return msgspec.structs.replace(snapshot, fired=self._noise.counts, seen_firing=seen)

    def _worklist(self, snapshot: Snapshot, policy: Policy) -> Worklist:
        try:
            self._judged = self._triage.worklist(snapshot)
        except Exception as error:
            last = self._judged or Worklist(at=snapshot.at)
            self._begin(TRIAGE, error, last.at if self._judged else None)
            # Half-way through it may have left its memory in pieces; episodes are whole.
            self._triage = Triage(policy, last.episodes)
            counts = msgspec.structs.replace(last.counts, known=False)
            return msgspec.structs.replace(last, counts=counts)
        self._trouble.end(TRIAGE)
        return self._judged

    def _begin(self, place: str, error: Exception, last: Instant | None = None) -> None:
        of = f", shown is that of {last.wall:%H:%M:%S} UTC" if last is not None else ""
        self._trouble.begin(place, f"{place} cannot be made{of}: {whereabouts(error)}")

    def _with_badges(self, snapshot: Snapshot) -> Snapshot:
        others = (badge for badge in snapshot.badges if badge.kind is not BadgeKind.CONSOLE)
        badges = (*self._trouble.badges, *others)
        if badges == snapshot.badges:
            return snapshot
        return msgspec.structs.replace(snapshot, badges=badges)


def aged(snapshot: Snapshot, now: Instant) -> Snapshot:
    """`snapshot` at the later moment `now`, at which no newer one could be made.

    Younger than a minute it is believed as it is; from then on nothing in it claims to be
    true now, as with every answer that has grown old.
    """
    if now.mono - snapshot.at.mono <= STALE_FLOOR_S:
        return msgspec.structs.replace(snapshot, at=now)
    cells = tuple(dimmed(cell, now) for cell in snapshot.cells)
    return msgspec.structs.replace(
        snapshot,
        at=now,
        alerts=tuple(_aged_alert(known, snapshot.at) for known in snapshot.alerts),
        cells=cells,
        score=score_of(cells),
        sources=tuple(
            msgspec.structs.replace(source, state=State.STALE)
            if source.state is State.OK
            else source
            for source in snapshot.sources
        ),
    )


def _aged_alert(known: KnownAlert, judged: Instant) -> KnownAlert:
    if known.state is not State.FIRING:
        return known
    why = f"not judged since {judged.wall:%H:%M:%S} UTC"
    return msgspec.structs.replace(known, state=State.STALE, why=why)
