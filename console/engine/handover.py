"""What one shift leaves to the next: who is on call, what fires, what ends, what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from config.load import Loaded
from config.rota import OnCall, on_call
from console.engine.events import KEPT
from console.engine.handover_papers import HandedPapers, handed_papers
from console.engine.handover_runs import NO_RUNS, HandedRuns, ToldRuns, handed_runs
from console.fleet.standing import ack_of
from console.model.acting import HeldAck
from console.model.alert import Ack
from console.model.event import Event, EventKind
from console.model.saying import Saying, saying
from console.model.snapshot import Snapshot, SourceHealth, Standing
from console.model.state import Priority, State
from console.model.update import Update
from console.model.worklist import Row, RowKind, Step, Worklist
from console.safety.text import Raw, visible
from console.triage.silence_use import SilenceUse, silence_uses

USUAL_SHIFT: Final = timedelta(hours=12)
"""So far it is looked, ahead and back, where no rota says when a shift ends or began."""
NAMED: Final = 4
"""Owners of acks that are named; the others are counted."""


class TakenAck(msgspec.Struct, frozen=True):
    """One ack, and who looks after it."""

    ack: Ack
    mine: bool
    held: HeldAck | None = None
    """`None`: the engine has not said who looks after it."""


class Taken(msgspec.Struct, frozen=True):
    """A row that somebody has taken, and that still fires."""

    row: Row
    acks: tuple[TakenAck, ...]


class Breach(msgspec.Struct, frozen=True):
    """A row of which a deadline has passed."""

    row: Row
    late: tuple[tuple[Step, timedelta], ...]
    """Each deadline that has passed, and by how much."""


class Happened(msgspec.Struct, frozen=True):
    """What the event log has of the shift."""

    since: datetime
    """When the shift began, or the log where that is later."""
    whole: bool
    """The log reaches back to the start of the shift."""
    fired: int = 0
    resolved: int = 0
    acked: int = 0
    more: bool = False
    """There was more than the log spells out: the counts are the least that it was."""


class Handover(msgspec.Struct, frozen=True):
    """All that is handed over at one moment."""

    at: datetime
    environment: str
    zone: str
    """IANA name of the rota's time zone."""
    duty: OnCall | None
    """`None`: the settings have no rota."""
    until: datetime
    """The end of the next shift, as far as it is looked ahead."""
    untaken: tuple[Row, ...] = ()
    """P0 and P1 that nobody, or not everything of which somebody, has taken."""
    taken: tuple[Taken, ...] = ()
    idle_acks: tuple[TakenAck, ...] = ()
    """Acks on nothing that fires now."""
    breached: tuple[Breach, ...] = ()
    breached_old: int = 0
    """Rows that fire for so long that triage folds them, and of which a deadline has passed."""
    ending: tuple[SilenceUse, ...] = ()
    """Silences that will have ended when the next shift is over, the soonest first; no acks."""
    sick: tuple[SourceHealth, ...] = ()
    happened: Happened | None = None
    """`None`: the event log has nothing at all."""
    doubts: tuple[Saying, ...] = ()
    """What cannot be known now and why."""
    papers: HandedPapers = HandedPapers()
    """What stands in the journal."""
    runs: HandedRuns = HandedRuns()
    """Runbooks that are worked through, and those of the shift."""

    @property
    def acks(self) -> tuple[TakenAck, ...]:
        """Every ack that is listed, each once."""
        listed = [each for taken in self.taken for each in taken.acks]
        return tuple({_id_of(each.ack): each for each in (*listed, *self.idle_acks)}.values())

    @property
    def acceptable(self) -> tuple[Ack, ...]:
        """The acks that whoever accepts takes over: all but their own."""
        return tuple(each.ack for each in self.acks if not each.mine)


def handover_of(
    update: Update, loaded: Loaded, now: datetime, me: str, told: ToldRuns = NO_RUNS
) -> Handover:
    """What there is to hand over at `now`, for `me`, the name that goes on acks.

    Args:
        now: aware UTC.
        told: the runs of runbooks that are no part of an update.
    """
    settings, snapshot, worklist = loaded.settings, update.snapshot, update.worklist
    has_rota = bool(settings.rota.rotations or settings.rota.overrides)
    duty = on_call(settings.rota, settings.people, now) if has_rota else None
    until = duty.next.end if duty is not None and duty.next is not None else now + USUAL_SHIFT
    prefixes = loaded.policy.ack_prefixes
    acks = _acks(update, me, prefixes)
    taken = tuple(_taken(worklist, acks))
    on_rows = {_id_of(each.ack) for one in taken for each in one.acks}
    return Handover(
        at=now,
        environment=snapshot.environment,
        zone=settings.rota.zone,
        duty=duty,
        until=until,
        untaken=tuple(_untaken(worklist)),
        taken=taken,
        idle_acks=tuple(each for key, each in acks.items() if key not in on_rows),
        breached=tuple(_breached(worklist.rows, now)),
        breached_old=sum(1 for _ in _breached(worklist.old, now)),
        ending=tuple(
            use
            for use in silence_uses(snapshot, prefixes)[0]
            if use.silence.ends_at <= until and not use.is_ack
        ),
        sick=tuple(one for one in snapshot.whole_sources if one.state is not State.OK),
        happened=_happened(update.events, _began(duty)),
        doubts=tuple(_doubts(snapshot)),
        papers=handed_papers(update.papers, now, until, snapshot.environment),
        runs=handed_runs(told, update.runs.open, _began(duty) or now - USUAL_SHIFT),
    )


def owners_text(acks: Sequence[Ack]) -> str:
    """Whose `acks` are, who has most first: `mei (4) and kai (1)`. Safe to show."""
    counts: dict[Raw, int] = {}
    for ack in acks:
        counts[ack.owner] = counts.get(ack.owner, 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    names = [visible(owner, cells=24) or "nobody" for owner, _ in ordered]
    if len(names) == 1:
        return names[0]
    named = [f"{name} ({count})" for name, (_, count) in zip(names, ordered, strict=True)]
    if len(named) > NAMED:
        rest = sum(count for _, count in ordered[NAMED:])
        named = [*named[:NAMED], f"{len(ordered) - NAMED} others ({rest})"]
    return f"{', '.join(named[:-1])} and {named[-1]}"


def _id_of(ack: Ack) -> tuple[str, str]:
    return ack.cluster, ack.silence_id


def _acks(update: Update, me: str, prefixes: tuple[str, ...]) -> dict[tuple[str, str], TakenAck]:
    """Every ack there is, by cluster and silence."""
    found = {_id_of(held.ack): TakenAck(held.ack, held.mine, held) for held in update.acting.held}
    on_rows = (ack for row in (*update.worklist.rows, *update.worklist.old) for ack in row.acks)
    in_silences = (ack_of(silence, prefixes) for silence in update.snapshot.silences)
    for ack in (*on_rows, *update.snapshot.local_acks, *in_silences):
        if ack is not None:
            found.setdefault(_id_of(ack), TakenAck(ack, ack.owner.exact == me))
    return found


def _taken(worklist: Worklist, acks: dict[tuple[str, str], TakenAck]) -> Iterator[Taken]:
    for row in (*worklist.rows, *worklist.old):
        if row.kind is not RowKind.OLD and row.acks:
            yield Taken(row, tuple(acks[_id_of(ack)] for ack in row.acks))


def _untaken(worklist: Worklist) -> Iterator[Row]:
    for row in (*worklist.rows, *worklist.old):
        urgent = row.priority <= Priority.P1 and row.kind not in (RowKind.OLD, RowKind.OWED)
        if urgent and row.standing is Standing.FIRING and row.acked_by is None:
            yield row


def _breached(rows: Iterable[Row], now: datetime) -> Iterator[Breach]:
    for row in rows:
        clocks = row.clocks
        if clocks is None:
            continue
        if row.kind is RowKind.OWED:
            if clocks.breached(now):
                yield Breach(row, ((Step.DUE, now - clocks.due),))
            continue
        late = []
        if clocks.responded_at is None and now > clocks.respond_by:
            late.append((Step.ACK, now - clocks.respond_by))
        if now > clocks.resolve_by:
            late.append((Step.FIX, now - clocks.resolve_by))
        if late:
            yield Breach(row, tuple(late))


def _began(duty: OnCall | None) -> datetime | None:
    return duty.now.start if duty is not None and duty.now is not None else None


def _happened(events: tuple[Event, ...], began: datetime | None) -> Happened | None:
    """The counts of a log, newest first, since `began` or as far as it reaches."""
    if not events:
        return None
    oldest = min(event.at for event in events)
    since = oldest if began is None else max(began, oldest)
    shift = [event for event in events if event.at >= since]
    fired = [event for event in shift if event.kind is EventKind.FIRED]
    return Happened(
        since=since,
        whole=began is not None and oldest <= began,
        fired=len(fired),
        resolved=sum(event.kind is EventKind.RESOLVED for event in shift),
        # An ack that ended is an event of this kind too, but nobody's.
        acked=sum(event.kind is EventKind.ACKED and bool(event.who) for event in shift),
        # What came all at once is one event without a key.
        more=any(not event.key for event in fired) or (len(events) >= KEPT and since == oldest),
    )


def _doubts(snapshot: Snapshot) -> Iterator[Saying]:
    if snapshot.restored:
        yield saying(
            "no source has been asked yet: this is what a console saved at {at} UTC",
            at=f"{snapshot.at.wall:%H:%M}",
        )
    elif not snapshot.complete:
        yield saying("not every source has answered yet: there may be more than is listed")
    lost = sum(known.state in (State.LOST, State.STALE) for known in snapshot.alerts)
    if lost:
        yield saying(
            "1 alert is STALE or LOST: what still fires is not known"
            if lost == 1
            else "{n} alerts are STALE or LOST: what still fires is not known",
            n=lost,
        )
