"""Looks after acks while the console is open: nothing that somebody took lapses unseen.

What this does on its own it does to this person's acks only, and never without its record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from console.actions.acks.earlier import told_earlier
from console.actions.acks.held import (
    Holding,
    before_end,
    doubles,
    due,
    held_acks,
    holding_of,
    is_mine,
    left_of,
)
from console.actions.acks.kthxbye import KthxbyeWatch
from console.actions.acks.local_acks import LASTS, LocalAcks, alert_key
from console.actions.acks.take import take
from console.actions.changing import in_place, running
from console.actions.doing import Doing
from console.actions.saying import Done, Missed, Result, told, until_text
from console.actions.sending import cluster_named, each_of
from console.model.acting import Ended, HeldAck
from console.model.alert import Ack, Silence
from console.model.event import Event, EventKind
from console.model.snapshot import KnownAlert
from console.model.state import State
from console.model.wish import AckWish
from console.model.words import age_text, many
from console.safety.files import FileError
from console.safety.text import visible
from console.sources.alertmanager.cluster import EffectFailed

AGAIN_S: Final = 60.0
"""After a failure a cluster is left alone for so long."""
RENEWED: Final = LASTS - LASTS / 24
"""An ack that the folder keeps is renewed when less than this is left of it."""
NAME_CELLS: Final = 40

Record = Callable[[str, str], Awaitable[str]]
"""Puts on record which action is about to be done and what it is, and gives the id of that."""
End = Callable[[str, Ended, str], Awaitable[None]]
"""Puts on record how what has that id ended."""


class Kept(msgspec.Struct, frozen=True):
    """What looking after the acks came to."""

    held: tuple[HeldAck, ...] = ()
    """Every ack there is."""
    events: tuple[Event, ...] = ()
    touched: tuple[str, ...] = ()
    """Clusters that should be read again."""
    waiting: int = 0
    """Acks in the folder that are yet to be sent."""


class AckKeeper:
    """Told of every new snapshot, every fifteen seconds or so."""

    def __init__(self) -> None:
        self.kthxbye: frozenset[str] = frozenset()
        """Clusters in which kthxbye is seen to extend acks."""
        self._watch = KthxbyeWatch()
        self._reminded: set[tuple[str, str]] = set()
        self._warned: set[tuple[str, str]] = set()
        self._left_alone: dict[str, float] = {}
        self._refused: set[str] = set()
        self._gone_since: dict[str, float] = {}
        self._faults: set[str] = set()

    async def look_after(
        self,
        doing: Doing,
        record: Record,
        *,
        acts: bool,
        living: frozenset[str] | None = None,
        end: End | None = None,
    ) -> Kept:
        """One look. Raises nothing of a server or of a file.

        Args:
            record: awaited before anything is changed at a server.
            acts: `False` looks and tells only: read-only, or nobody at the keyboard.
            living: keys of the parts that the worklist has now; `None`: not known.
            end: awaited when what was recorded is over.
        """
        snapshot, prefixes = doing.snapshot, doing.policy.ack_prefixes
        self.kthxbye = self._watch.look(snapshot.silences, prefixes, doing.acks, doing.clock.now())
        doing = msgspec.structs.replace(doing, kthxbye=self.kthxbye)
        holding = holding_of(snapshot, await _local_of(doing), prefixes)
        look = _Look(doing, holding, record, end)
        if acts and not snapshot.restored and snapshot.complete:
            await self._give_way(look)
            await self._extend(look)
            await self._send(look)
            await self._tend(look, living)
            holding = holding_of(snapshot, await _local_of(doing), prefixes)
        self._remind(look)
        self._tell_faults(look)
        held = held_acks(holding, doing.who, self.kthxbye, doing.acks, doing.now)
        return Kept(
            held,
            tuple(look.events),
            tuple(sorted(look.touched)),
            sum(bool(one.ack.unsent) for one in held),
        )

    # -- at the servers ------------------------------------------------------------------------

    async def _give_way(self, look: _Look) -> None:
        """Withdraw what somebody turned out to have taken before."""
        doing = look.doing
        pairs = doubles(look.holding, doing.who, doing.now)
        pairs = tuple(one for one in pairs if not self._is_left_alone(look, one[0].cluster))
        if not pairs:
            return
        what = f"withdraw {many(len(pairs), 'ack')}: somebody was earlier"
        intent = await look.record("row.unack", what)

        async def withdraw(pair: tuple[Ack, Silence]) -> bool:
            await cluster_named(doing, pair[0].cluster).expire(pair[0].silence_id)
            return True

        results = await each_of(pairs, lambda pair: pair[0].cluster, withdraw)
        await look.ended(intent, [isinstance(one, EffectFailed) for one in results], "withdrawn")
        for (ack, theirs), result in zip(pairs, results, strict=True):
            if isinstance(result, EffectFailed):
                self._leave_alone(look, ack.cluster)
                continue
            ours = look.holding.silences[ack.cluster, ack.silence_id]
            look.tell(EventKind.UNACKED, ack, told_earlier(ours, theirs))
            look.touched.add(ack.cluster)
            look.over.add(ack.silence_id)

    async def _extend(self, look: _Look) -> None:
        """Give my acks that still hold something more time, before it is over."""
        doing, holding = look.doing, look.holding
        now = doing.now
        ahead = {name: one.skew for name, one in doing.clusters.items() if one.skew is not None}
        acks = [
            ack
            for ack in due(holding, doing.who, self.kthxbye, doing.acks, now, ahead)
            if ack.silence_id not in look.over and not self._is_left_alone(look, ack.cluster)
        ]
        if not acks:
            return
        until = now + doing.acks.lasts
        what = f"extend {many(len(acks), 'ack')} until {until_text(until, now)}"
        intent = await look.record("silences.extend", what)

        async def extend(ack: Ack) -> Result:
            current = await running(doing, ack.cluster, ack.silence_id)
            if current is None or current.created_by != ack.owner:
                return Missed("given up or handed over meanwhile", fine=True)
            left = left_of(current.ends_at, now, ahead.get(ack.cluster))
            if left >= before_end(holding, ack, self.kthxbye, doing.acks):
                return Missed("extended by somebody else meanwhile", fine=True)
            return await in_place(doing, current, ends_at=until)

        results = await each_of(acks, lambda ack: ack.cluster, extend)
        await look.ended(intent, [not isinstance(one, Done) for one in results], "extended")
        for ack, result in zip(acks, results, strict=True):
            place = ack.cluster, ack.silence_id
            if isinstance(result, Done):
                look.touched.add(ack.cluster)
                self._warned.discard(place)
            elif isinstance(result, EffectFailed):
                self._leave_alone(look, ack.cluster)
                if place not in self._warned:
                    self._warned.add(place)
                    ends = until_text(ack.until, now)
                    why = told(result.failure)
                    look.tell(EventKind.REMINDER, ack, f"your ack ends at {ends}: {why}")
            elif not result.fine:
                look.tell(EventKind.REMINDER, ack, result.why)

    async def _send(self, look: _Look) -> None:
        """Send what was kept while its server was away, and is firing still."""
        doing = look.doing
        waiting: dict[str, list[tuple[Ack, KnownAlert]]] = {}
        settled = []
        for ack in look.holding.acks:
            known = look.holding.subject(ack)
            if not ack.unsent or not is_mine(ack, doing.who) or known is None:
                continue
            if known.ack is not None and not known.ack.is_local:
                settled.append(ack.silence_id)
            elif self._can_send(look, ack, known):
                waiting.setdefault(ack.note.exact, []).append((ack, known))
        for note, pairs in waiting.items():
            settled += await self._sent(look, note, pairs)
        if settled:
            await look.locally(lambda local: local.remove(settled))

    def _can_send(self, look: _Look, ack: Ack, known: KnownAlert) -> bool:
        return (
            known.state is State.FIRING
            and known.alert.cluster in look.doing.clusters
            and ack.silence_id not in self._refused
            and not self._is_left_alone(look, known.alert.cluster)
        )

    async def _sent(
        self, look: _Look, note: str, pairs: Sequence[tuple[Ack, KnownAlert]]
    ) -> list[str]:
        """Send acks of one note; the keys that need not be kept any more."""
        what = f"send {many(len(pairs), 'ack')} kept while a server was away"
        intent = await look.record("row.ack", what)
        # The snapshot may not have heard of them yet; by its ack one is known to wait.
        waiting = {known.key: msgspec.structs.replace(known, ack=ack) for ack, known in pairs}
        alerts = tuple(waiting.values())
        doing = msgspec.structs.replace(look.doing, intent=intent)
        taken = await take(AckWish(alerts, note=note), doing)
        for known in alerts:
            if known.key not in taken.covered | taken.found:
                self._leave_alone(look, known.alert.cluster)
        look.touched |= {one.planned.cluster for one in taken.standing}
        kept = {one.silence_id for one in taken.unsent}
        refused = {alert_key(key) for one in taken.unposted for key in one.planned.covers} - kept
        await look.ended(
            intent, [known.key not in taken.covered | taken.found for _, known in pairs], "sent"
        )
        gone = []
        for ack, known in pairs:
            if known.key in taken.covered | taken.found:
                gone.append(ack.silence_id)
                since = until_text(ack.since, look.doing.now)
                look.tell(
                    EventKind.ACKED, ack, f"acked at {since}, sent to {known.alert.cluster} now"
                )
            elif alert_key(known.key) in refused:
                self._refused.add(ack.silence_id)
                why = next(told(one.failed.failure) for one in taken.unposted)
                look.tell(EventKind.REMINDER, ack, f"your ack stays here only: {why}")
        for line in taken.lost:
            look.tell(EventKind.UNACKED, pairs[0][0], line)
        return gone

    # -- in the folder -------------------------------------------------------------------------

    async def _tend(self, look: _Look, living: frozenset[str] | None) -> None:
        """Keep up my acks on what is still there, and let go of those on what is over."""
        doing, gap = look.doing, look.doing.policy.episode_gap.total_seconds()
        now, renewed, over = doing.clock.now(), [], []
        gone: dict[str, float] = {}
        for ack in look.holding.acks:
            if not ack.is_local or not is_mine(ack, doing.who):
                continue
            key = ack.silence_id
            is_alert = key.startswith(alert_key(""))
            if not is_alert and living is None:
                continue
            there = look.holding.subject(ack) is not None if is_alert else key in (living or ())
            if not there:
                # A later firing is another one, which nobody has taken yet.
                gone[key] = self._gone_since.get(key, now.mono)
                if now.mono - gone[key] >= gap:
                    over.append(key)
            elif ack.until - now.wall < RENEWED:
                renewed.append(msgspec.structs.replace(ack, until=now.wall + LASTS))
        self._gone_since = gone
        if over:
            await look.locally(lambda local: local.remove(over))
        if renewed:
            await look.locally(lambda local: local.put(renewed))

    # -- told ----------------------------------------------------------------------------------

    def _remind(self, look: _Look) -> None:
        """Tell of each of my acks once, when it has become old."""
        doing = look.doing
        for ack in look.holding.acks:
            age = doing.now - ack.since
            place = ack.cluster, ack.silence_id
            if ack.owner.exact != doing.who or age <= doing.acks.remind_after:
                continue
            if place not in self._reminded and look.holding.covers(ack):
                self._reminded.add(place)
                look.tell(EventKind.REMINDER, ack, f"you took it {age_text(age)} ago")

    def _tell_faults(self, look: _Look) -> None:
        """Tell what the folder is ill with, once for as long as it is."""
        faults = list(look.faults)
        if look.doing.local is not None:
            faults += look.doing.local.take_notices()
        for text in faults:
            if text not in self._faults:
                at = look.doing.now
                look.events.append(Event(at, EventKind.CONSOLE, "acks kept here", text))
        self._faults = set(faults)

    def _is_left_alone(self, look: _Look, cluster: str) -> bool:
        return look.doing.clock.now().mono < self._left_alone.get(cluster, 0.0)

    def _leave_alone(self, look: _Look, cluster: str) -> None:
        self._left_alone[cluster] = look.doing.clock.now().mono + AGAIN_S


class _Look:
    """One look: what it goes by, and what came of it."""

    def __init__(
        self, doing: Doing, holding: Holding, record: Record, end: End | None = None
    ) -> None:
        self.doing = doing
        self.holding = holding
        self.record = record
        self._end = end
        self.events: list[Event] = []
        self.faults: list[str] = []
        self.touched: set[str] = set()
        self.over: set[str] = set()
        """Ids of what was withdrawn in it."""

    async def ended(self, intent: str, missed: Sequence[bool], verb: str) -> None:
        """Record how a batch ended: `missed` says of each whether it was not done."""
        if self._end is None:
            return
        done = len(missed) - sum(missed)
        how = Ended.DONE if done == len(missed) else Ended.PARTLY if done else Ended.FAILED
        await self._end(intent, how, f"{done} of {len(missed)} {verb}")

    def tell(self, kind: EventKind, ack: Ack, text: str) -> None:
        known = self.holding.subject(ack)
        key = known.key if known is not None else ack.silence_id
        name = known.alert.name if known is not None else ack.silence_id
        others = self.holding.covers(ack) - 1
        subject = visible(name, cells=NAME_CELLS) + (f" and {others:,} more" if others > 0 else "")
        self.events.append(Event(self.doing.now, kind, subject, text, self.doing.who, key))

    async def locally(self, change: Callable[[LocalAcks], object]) -> None:
        """Change the folder's acks; what cannot be written is told, and tried at the next look."""
        if self.doing.local is None:
            return
        try:
            await asyncio.to_thread(change, self.doing.local)
        except FileError as fault:
            self.faults.append(f"they cannot be changed: {visible(str(fault))}")


async def _local_of(doing: Doing) -> tuple[Ack, ...]:
    """The folder's acks as they are now: the snapshot's may be one look old."""
    if doing.local is None:
        return doing.snapshot.local_acks
    return await asyncio.to_thread(doing.local.load)
