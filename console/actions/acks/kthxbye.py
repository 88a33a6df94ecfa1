"""Whether kthxbye extends the acks of a cluster: told from what becomes of silences. Pure.

kthxbye (0.16, `cmd/kthxbye/ack.go`) looks every 45 s at the acks that hold an alert that is not
inhibited; one with less than 5 minutes left gets an end 15 minutes from then, and keeps
everything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from config.schema import Acks
from console.fleet.standing import ack_of
from console.model.alert import Ack, Silence, SilenceState
from console.safety.clock import Instant

EXTENDS_BY: Final = timedelta(minutes=15)
EXTENDS_AT: Final = timedelta(minutes=5)
WITHIN: Final = timedelta(seconds=2)
LONGER_THAN: Final = timedelta(minutes=16)
"""An ack that was made for 15 minutes and never extended is no longer than this."""
FORGOTTEN_S: Final = 20 * 60
"""Longer than an ack lasts that it extended last."""

Place = tuple[str, str]


class KthxbyeWatch:
    """Remembers in which clusters acks were seen to be extended by no console."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._ends: dict[Place, tuple[datetime, datetime]] = {}

    def look(
        self, silences: Iterable[Silence], prefixes: tuple[str, ...], acks: Acks, at: Instant
    ) -> frozenset[str]:
        """The clusters in which it is at work, going by all silences as they are at `at`."""
        ends: dict[Place, tuple[datetime, datetime]] = {}
        for silence in silences:
            ack = ack_of(silence, prefixes) if silence.state is SilenceState.ACTIVE else None
            if ack is None:
                continue
            place = silence.cluster, silence.id
            ends[place] = silence.starts_at, silence.ends_at
            before = self._ends.get(place)
            if before is not None and not _was_due(before, silence, at):
                continue
            if _was_extended(silence, ack, acks) or _moved(before, silence, ack):
                self._seen[silence.cluster] = at.mono
        self._ends = ends
        self._seen = {
            name: seen for name, seen in self._seen.items() if at.mono - seen < FORGOTTEN_S
        }
        return frozenset(self._seen)


def _was_extended(silence: Silence, ack: Ack, acks: Acks) -> bool:
    """Whether its last change gave it an end 15 minutes from then."""
    if silence.updated_at is None or silence.ends_at - silence.starts_at <= LONGER_THAN:
        return False
    if ack.intent and abs(acks.lasts - EXTENDS_BY) <= WITHIN:
        return False  # the consoles of this team extend by as much
    return abs(silence.ends_at - silence.updated_at - EXTENDS_BY) <= WITHIN


def _was_due(before: tuple[datetime, datetime], silence: Silence, at: Instant) -> bool:
    """Whether its end moved when so little was left that kthxbye may have moved it.

    A person who gives an ack another quarter of an hour does so at any time.
    """
    _, ends_at = before
    changed_at = silence.updated_at or at.wall
    return silence.ends_at != ends_at and ends_at - changed_at <= EXTENDS_AT + WITHIN


def _moved(before: tuple[datetime, datetime] | None, silence: Silence, ack: Ack) -> bool:
    """Whether the end of what no console made is another one than at the last look."""
    if before is None or ack.intent:
        return False
    starts_at, ends_at = before
    return silence.starts_at == starts_at and silence.ends_at > ends_at
