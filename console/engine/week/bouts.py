"""The episodes of alerts as history keeps them, out of what triage makes of every look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec

from console.fleet.sight import name_of
from console.model.alert import Silence
from console.model.history import HISTORY, Bout
from console.model.policy import Policy
from console.model.registry import Service
from console.model.snapshot import KnownAlert, Snapshot, Standing
from console.model.state import State
from console.model.worklist import Episode, Worklist
from console.safety.text import visible
from console.triage.identity import identity_of
from console.triage.priority import Priorities
from console.triage.sla import NEVER, clocks_of
from console.triage.wording import where_of

_UNSENT: Final = "p:"
"""Before the key of an alert that Alertmanager has not been told of."""
MANY: Final = 500
"""Of more alerts than these it is not written every time when they were last seen: their episodes
tell it to about ten minutes."""


class BoutBook:
    """What was written of each episode, so that only what is new is written again.

    Not for several threads. It reads what is immutable, and so may live in any.
    """

    def __init__(self) -> None:
        self._open: dict[str, Bout] = {}
        """By the episode's key: as last written."""
        self._policy: Policy | None = None
        self._priorities: Priorities | None = None

    def take(self, known: Iterable[Bout]) -> None:
        """Go on with what an earlier recorder wrote of episodes, the newest first."""
        for bout in known:
            self._open.setdefault(bout.key, bout)

    def news(self, snapshot: Snapshot, worklist: Worklist, policy: Policy) -> Iterator[Bout]:
        """The episodes of which something is to be written now, one after the other: of ten
        thousand the rest is never in memory. Say `written` of each some of them.
        """
        if policy is not self._policy or self._priorities is None:
            self._policy, self._priorities = policy, Priorities(policy)
        episodes = {one.key: one for one in worklist.episodes}
        services = {cell.service.name: cell.service for cell in snapshot.cells}
        names = {cell.service.name: name_of(cell) for cell in snapshot.cells}
        silences = {(one.cluster, one.id): one for one in snapshot.silences}
        firing = _firing(worklist, episodes, policy)
        for key, (known, fingerprint) in firing.items():
            bout = self._bout(known, episodes[key], services, names, policy)
            seen_at = episodes[key].seen_at if len(firing) > MANY else known.as_of.wall
            bout = msgspec.structs.replace(
                bout,
                seen_at=_later(bout.seen_at, seen_at),
                silenced_at=bout.silenced_at or _silenced_at(known, silences, snapshot.at.wall),
                fingerprint=fingerprint or bout.fingerprint,
            )
            if bout != self._open.get(key):
                yield bout
        ended: set[str] = set()
        for over in snapshot.resolved:
            key = identity_of(over.alert.labels, policy.ignore_labels)
            episode = episodes.get(key)
            if episode is None or key in firing or key in ended or key in self._open:
                continue
            ended.add(key)
            known = KnownAlert(
                over.alert, State.FIRING, Standing.FIRING, snapshot.at, cell=over.cell
            )
            bout = self._bout(known, episode, services, names, policy)
            yield msgspec.structs.replace(bout, fingerprint=known.key)
        for key, was in tuple(self._open.items()):
            episode = episodes.get(key)
            if key in firing or key in ended or episode is None or was.start < episode.start:
                continue
            bout = _worked(was, episode)
            if bout != was:
                yield bout

    def written(self, bouts: Iterable[Bout]) -> None:
        """These stand in the file now."""
        self._open.update((bout.key, bout) for bout in bouts)

    def let_go(self, worklist: Worklist) -> None:
        """Forget the episodes that triage has let go of."""
        kept = {one.key for one in worklist.episodes}
        if len(self._open) > len(kept):
            self._open = {key: bout for key, bout in self._open.items() if key in kept}

    def _bout(
        self,
        known: KnownAlert,
        episode: Episode,
        services: Mapping[str, Service],
        names: Mapping[str, str],
        policy: Policy,
    ) -> Bout:
        assert self._priorities is not None
        before = self._open.get(episode.key)
        is_same = before is not None and _is_same(before, episode)
        priority = self._priorities.of(known.alert.labels)
        respond_by = resolve_by = None
        if known.standing is Standing.FIRING:
            clocks = clocks_of(episode, priority, policy)
            respond_by, resolve_by = _never_is_none(clocks.respond_by, clocks.resolve_by)
        elif before is not None and is_same:
            respond_by, resolve_by = before.respond_by, before.resolve_by
        bout = Bout(
            episode.key,
            known.alert.name,
            where_of([known], services),
            names.get(known.cell or "", ""),
            priority,
            # Its id in the file: a server that comes back with an earlier start must not double it.
            before.start if before is not None and is_same else episode.start,
            silenced_at=before.silenced_at if before is not None and is_same else None,
            seen_at=before.seen_at if before is not None and is_same else episode.seen_at,
            respond_by=respond_by,
            resolve_by=resolve_by,
            source=HISTORY,
            fingerprint=before.fingerprint if before is not None and is_same else "",
        )
        return _worked(bout, episode)


def _firing(
    worklist: Worklist, episodes: Mapping[str, Episode], policy: Policy
) -> dict[str, tuple[KnownAlert, str]]:
    """By the key of each episode that fires the first of its alerts, and the fingerprint of the
    newest that a server knows by one; empty: of none."""
    found: dict[str, tuple[KnownAlert, str]] = {}
    newest: dict[str, tuple[datetime, str]] = {}
    for known in (one for row in worklist.unfolded for one in row.alerts):
        if known.standing is Standing.PENDING:
            continue
        episode = episodes.get(identity_of(known.alert.labels, policy.ignore_labels))
        if episode is None:
            continue
        first, fingerprint = found.get(episode.key, (known, ""))
        named = (known.alert.starts_at, known.key)
        if not known.key.startswith(_UNSENT) and named >= newest.get(episode.key, named):
            newest[episode.key], fingerprint = named, known.key
        found[episode.key] = first, fingerprint
    return found


def _is_same(before: Bout, episode: Episode) -> bool:
    """Whether `episode` is the one that was written: it goes on, or only its start was moved."""
    return before.start == episode.start or (
        before.resolved_at is None and episode.start < before.start
    )


def _worked(bout: Bout, episode: Episode) -> Bout:
    """`bout` with what somebody did, and whether it is over."""
    return msgspec.structs.replace(
        bout,
        acked_at=episode.responded_at,
        acked_by=visible(episode.responded_by, cells=80),
        resolved_at=episode.resolved_at,
    )


def _silenced_at(
    known: KnownAlert, silences: Mapping[tuple[str, str], Silence], now: datetime
) -> datetime | None:
    if known.standing is not Standing.SILENCED:
        return None
    covers = (silences.get((known.alert.cluster, one)) for one in known.silences)
    acks = {known.ack.silence_id} if known.ack is not None else set()
    begun = [one.starts_at for one in covers if one is not None and one.id not in acks]
    return max(min(begun, default=now), known.alert.starts_at)


def _never_is_none(*deadlines: datetime) -> Iterator[datetime | None]:
    for one in deadlines:
        yield None if one == NEVER else one


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)
