"""What each silence is good for: how many alerts it holds, and what would fire without it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from console.model.ack_comment import ack_prefix
from console.model.alert import Ack, Silence, SilenceState
from console.model.snapshot import KnownAlert, Snapshot
from console.model.state import State


class SilenceUse(msgspec.Struct, frozen=True):
    """One silence, and what it holds now."""

    silence: Silence
    is_ack: bool = False
    """Its comment says that somebody took the alerts."""
    holds: int | None = None
    """Alerts that it holds; `None` where that cannot be known: it has yet to begin, has ended,
    or its cluster does not answer."""
    ended: bool = False
    stale: bool = False
    """Its cluster does not answer: this is how it was last known."""

    @property
    def key(self) -> str:
        """Unique among all clusters."""
        return f"{self.silence.cluster}/{self.silence.id}"

    @property
    def is_unused(self) -> bool:
        """It is in force and holds nothing."""
        return self.holds == 0


def silence_uses(
    snapshot: Snapshot, prefixes: tuple[str, ...]
) -> tuple[tuple[SilenceUse, ...], tuple[SilenceUse, ...]]:
    """The silences that are in force or yet to begin, the first to end first; and those that
    ended within the last hour, the latest first.

    Args:
        prefixes: by which the comment of an ack begins.
    """
    counts: dict[str, int] = {}
    for known in snapshot.alerts:
        for silence_id in known.silences:
            counts[silence_id] = counts.get(silence_id, 0) + 1
    dark = {one.name for one in snapshot.whole_sources if one.state is not State.OK}

    def use(silence: Silence, *, ended: bool) -> SilenceUse:
        active = silence.state is SilenceState.ACTIVE and not ended
        stale = silence.cluster in dark
        sure = active and snapshot.complete and not stale
        return SilenceUse(
            silence,
            is_ack=ack_prefix(silence.comment.exact, prefixes) is not None,
            holds=counts.get(silence.id, 0) if sure or (silence.id in counts and active) else None,
            ended=ended,
            stale=stale,
        )

    live = sorted(snapshot.silences, key=lambda one: (one.ends_at, one.id))
    return (
        tuple(use(one, ended=False) for one in live),
        tuple(use(one, ended=True) for one in snapshot.ended),
    )


def freed_by(silences: Sequence[Silence], snapshot: Snapshot) -> tuple[KnownAlert, ...]:
    """The alerts that nothing would hold any more once these silences end."""
    ending = {one.id for one in silences}
    return tuple(
        known for known in snapshot.alerts if known.silences and ending.issuperset(known.silences)
    )


def held_beyond(acks: Collection[Ack], alerts: Collection[KnownAlert], snapshot: Snapshot) -> int:
    """How many alerts beside `alerts` these acks hold, and nothing else does."""
    silences = {ack.silence_id for ack in acks}
    meant = {known.key for known in alerts}
    return sum(
        bool(known.silences) and silences.issuperset(known.silences) and known.key not in meant
        for known in snapshot.alerts
    )


def held_by(silence: Silence, alerts: Collection[KnownAlert]) -> tuple[KnownAlert, ...]:
    """The alerts that `silence` holds."""
    return tuple(known for known in alerts if silence.id in known.silences)


def words_of(use: SilenceUse) -> Mapping[str, str]:
    """What a filter can ask of it beside its matchers: `@state`, `@owner`, `@unused` …"""
    silence = use.silence
    return {
        "@state": "ended" if use.ended else silence.state.value,
        "@owner": silence.created_by.exact,
        "@cluster": silence.cluster,
        "@kind": "ack" if use.is_ack else "silence",
        "@unused": "yes" if use.is_unused else "no",
        "@comment": silence.comment.exact,
        "@id": silence.id,
    }
