"""Which acks hold what, who keeps them up, and which are due. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from config.schema import Acks
from console.actions.acks.earlier import earlier_ack
from console.actions.acks.local_acks import alert_key
from console.actions.silences.matchers import MatcherFault, narrows
from console.fleet.standing import ack_of
from console.model.acting import Extender, HeldAck
from console.model.alert import Ack, Silence, SilenceState
from console.model.snapshot import KnownAlert, Snapshot

KTHXBYE_LATE: Final = timedelta(minutes=3)
"""It extends at five minutes left and looks every 45 s: with less than this it has not."""
YOUNG: Final = timedelta(minutes=3)
"""An ack as young as this may turn out to be the second of two: clusters are slow to agree."""

Place = tuple[str, str]


class Holding(msgspec.Struct, frozen=True):
    """Every ack there is, and the alerts that it holds."""

    acks: tuple[Ack, ...]
    """Those of the servers first."""
    silences: dict[Place, Silence]
    """By cluster and id: those that are acks."""
    alerts: dict[str, list[KnownAlert]]
    """By the id of the ack: alerts that are inhibited as well hold it just so."""

    def covers(self, ack: Ack) -> int:
        """How many alerts it holds now. One on what is no alert holds that."""
        held = len(self.alerts.get(ack.silence_id, ()))
        return held or int(ack.is_local and not ack.silence_id.startswith(alert_key("")))

    def awake(self, ack: Ack) -> bool:
        """Whether it holds one that is not inhibited: kthxbye counts no others."""
        return any(not one.alert.inhibited_by for one in self.alerts.get(ack.silence_id, ()))

    def subject(self, ack: Ack) -> KnownAlert | None:
        """One of the alerts that it holds."""
        return next(iter(self.alerts.get(ack.silence_id, ())), None)


def holding_of(snapshot: Snapshot, local: Iterable[Ack], prefixes: tuple[str, ...]) -> Holding:
    """What the acks of `snapshot`, and those of the folder, hold."""
    silences: dict[Place, Silence] = {}
    acks: list[Ack] = []
    for silence in snapshot.silences:
        ack = ack_of(silence, prefixes) if silence.state is SilenceState.ACTIVE else None
        if ack is not None and silence.ends_at > snapshot.at.wall:
            silences[silence.cluster, silence.id] = silence
            acks.append(ack)
    acks += local
    alerts: dict[str, list[KnownAlert]] = {ack.silence_id: [] for ack in acks}
    for known in snapshot.alerts:
        # An id stands once even where two clusters tell of the alert.
        for silence_id in known.silences:
            if silence_id in alerts:
                alerts[silence_id].append(known)
        for key in (known.key, *known.duplicates):
            if (kept := alert_key(key)) in alerts:
                alerts[kept].append(known)
    return Holding(tuple(acks), silences, alerts)


def held_acks(
    holding: Holding, who: str, kthxbye: Collection[str], acks: Acks, now: datetime
) -> tuple[HeldAck, ...]:
    """Every ack, and who keeps it up."""
    return tuple(
        HeldAck(
            ack=ack,
            extended_by=_extender(holding, ack, who, kthxbye),
            mine=ack.owner.exact == who,
            covers=holding.covers(ack),
            is_old=now - ack.since > acks.remind_after,
        )
        for ack in holding.acks
    )


def _extender(holding: Holding, ack: Ack, who: str, kthxbye: Collection[str]) -> Extender:
    if not holding.covers(ack):
        return Extender.NOBODY  # what holds nothing is left to end
    if ack.cluster in kthxbye and holding.awake(ack):
        return Extender.KTHXBYE
    if not ack.intent:
        return Extender.NOBODY
    return Extender.CONSOLE if ack.owner.exact == who else Extender.OTHER


def is_mine(ack: Ack, who: str) -> bool:
    """Whether a console made it, in the name of `who`."""
    return bool(ack.intent) and ack.owner.exact == who


def due(
    holding: Holding,
    who: str,
    kthxbye: Collection[str],
    acks: Acks,
    now: datetime,
    ahead: Mapping[str, timedelta] | None = None,
) -> tuple[Ack, ...]:
    """My acks that would lapse before the next looks although they hold something.

    In a cluster with kthxbye only what it has left past its time: it may have died, and it
    does not count what is inhibited.

    Args:
        ahead: by how much the clocks of some clusters are ahead of ours: an ack ends by theirs.
    """
    ahead = ahead or {}
    return tuple(
        ack
        for ack in holding.acks
        if not ack.is_local
        and is_mine(ack, who)
        and holding.covers(ack)
        and _is_of_something(holding.silences.get((ack.cluster, ack.silence_id)))
        and timedelta(0) < ack.until - now
        and left_of(ack.until, now, ahead.get(ack.cluster))
        < before_end(holding, ack, kthxbye, acks)
    )


def _is_of_something(silence: Silence | None) -> bool:
    """Whether it is less than everything: no console makes such an ack, and whoever wrote one
    in somebody's name must not have it kept up."""
    if silence is None:
        return False
    try:
        return any(map(narrows, silence.matchers))
    except MatcherFault:
        return False


def left_of(until: datetime, now: datetime, ahead: timedelta | None) -> timedelta:
    """What is left until then, by the clock that shows the later time."""
    return until - now - max(ahead or timedelta(0), timedelta(0))


def before_end(holding: Holding, ack: Ack, kthxbye: Collection[str], acks: Acks) -> timedelta:
    """How long before its end an ack is extended: at half its length at the earliest."""
    before = min(acks.extend_before, acks.lasts / 2)
    kept_up = ack.cluster in kthxbye and holding.awake(ack)
    return min(before, KTHXBYE_LATE) if kept_up else before


def doubles(holding: Holding, who: str, now: datetime) -> tuple[tuple[Ack, Silence], ...]:
    """My youngest acks all of whose alerts somebody took before, with that ack."""
    others = [one for one in holding.silences.values() if one.created_by.exact != who]
    found = []
    for ack in holding.acks:
        ours = holding.silences.get((ack.cluster, ack.silence_id))
        if ours is None or not is_mine(ack, who) or now - ack.since > YOUNG:
            continue
        held_by = [known.silences for known in holding.alerts[ack.silence_id]]
        near = (one for one in others if one.cluster == ack.cluster)
        theirs = earlier_ack(ours, near, held_by)
        if theirs is not None:
            found.append((ack, theirs))
    return tuple(found)
