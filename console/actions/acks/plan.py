"""Which silences an ack needs: one a group, karma's form, counted on the server first.

Worked out from the alerts that are known here, then put to the servers, whose word counts:
an alert may have come this second, or be in a cluster that the console has not heard it from.
What a silence would mute and nobody marked is cut out of it and asked for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from config.schema import Acks
from console.actions.acks.group_marks import MarkedGroup, grouped
from console.actions.acks.split import Marked, Piece, Splitter
from console.model.acting import Plan, PlannedSilence
from console.model.alert import Alert
from console.model.failure import Failure
from console.model.labels import Labels
from console.model.policy import Policy
from console.model.snapshot import ClusterGroups, KnownAlert, Standing
from console.safety.text import MAX_LABELS, MAX_VALUE_CHARS, visible
from console.sources.alertmanager.cluster import AlertmanagerCluster, EffectFailed

ROUNDS: Final = 3
"""How often what the server has more is cut out, before every alert gets its own silence."""

_CUT: Final = (
    f"it has a label of more than {MAX_VALUE_CHARS:,} characters or more than {MAX_LABELS} "
    "labels: no exact matcher can be made; silence it by hand"
)
_NO_LABELS: Final = "it has no label that an ack could name"
_NO_CLUSTER: Final = "the settings have no Alertmanager that knows it"
_GONE: Final = "no Alertmanager that answers has it now: it is over, or not sent yet"


async def plan_acks(
    alerts: Sequence[KnownAlert],
    *,
    known: Sequence[KnownAlert],
    groups: Sequence[ClusterGroups],
    clusters: Mapping[str, AlertmanagerCluster],
    policy: Policy,
    acks: Acks,
) -> Plan:
    """What acking `alerts` takes. Changes nothing; raises nothing of a server that fails.

    Args:
        known: every alert that the console knows of.
        groups: Alertmanager's own, as last told.
    """
    marks = _Marks(alerts, policy)
    if not marks.wanted:
        return Plan(kept_here=tuple(marks.kept_here), left_out=tuple(marks.left_out))
    listed = {one.cluster: one for one in groups}
    plans = [
        _ClusterPlan(cluster, listed.get(name), marks, known, policy, acks)
        for name, cluster in clusters.items()
    ]
    await asyncio.gather(*(one.plan() for one in plans))
    if len(plans) > 1:
        drafts = [draft for one in plans for draft in one.drafts]
        await asyncio.gather(*(one.look_for(drafts) for one in plans))
    return _joined(plans, marks)


def _joined(plans: Sequence[_ClusterPlan], marks: _Marks) -> Plan:
    silences = tuple(draft.planned(one.name) for one in plans for draft in one.drafts)
    covered = {key for silence in silences for key in silence.covers}
    left_out = list(marks.left_out)
    homes = {one.name for one in plans}
    for key, alert in marks.wanted.items():
        if key not in covered:
            left_out.append((key, _GONE if alert.alert.cluster in homes else _NO_CLUSTER))
    failures = {
        (failure.source, failure.part, failure.cause): failure
        for one in plans
        for failure in one.failures
    }
    return Plan(silences, tuple(marks.kept_here), tuple(left_out), tuple(failures.values()))


class _Marks:
    """What was marked: what is to be muted, what may be, and what cannot be acked."""

    def __init__(self, alerts: Sequence[KnownAlert], policy: Policy) -> None:
        self.wanted: dict[str, KnownAlert] = {}
        """By fingerprint."""
        self.kept_here: list[str] = []
        self.left_out: list[tuple[str, str]] = []
        self._ignored = policy.ignore_labels
        self._fingerprints: dict[str, str] = {}
        self._labels: dict[Labels, str] = {}
        for one in alerts:
            self._sort(one)

    def labels_of(self, labels: Labels) -> Labels:
        """What the halves of an HA pair have in common."""
        return labels.without(self._ignored)

    def key_of(self, alert: Alert) -> str | None:
        """The marked alert that `alert` is, as it was sent by any replica."""
        found = self._fingerprints.get(alert.fingerprint)
        return self._labels.get(self.labels_of(alert.labels)) if found is None else found

    def is_marked(self, known: KnownAlert) -> bool:
        """Whether it is one of those that were marked."""
        return self.key_of(known.alert) is not None

    def _sort(self, one: KnownAlert) -> None:
        alert, key = one.alert, one.key
        labels = self.labels_of(alert.labels)
        for fingerprint in (key, *one.duplicates):
            self._fingerprints.setdefault(fingerprint, key)
        if not alert.over_cap:
            self._labels.setdefault(labels, key)
        # One that is kept here because a server was silent is there to be sent.
        if one.ack is not None and not (one.ack.is_local and one.ack.unsent):
            self.left_out.append((key, f"{visible(one.ack.owner, cells=40)} acked it"))
        elif key.startswith("p:") or one.standing is Standing.PENDING:
            self.kept_here.append(f"alert:{key}")
        elif alert.over_cap:
            self.left_out.append((key, _CUT))
        elif not labels:
            self.left_out.append((key, _NO_LABELS))
        else:
            self.wanted[key] = one

    def marked(self, keys: Iterable[str]) -> list[Marked]:
        """The wanted alerts of `keys` as they are to be muted."""
        return [Marked(key, self.labels_of(self.wanted[key].alert.labels)) for key in keys]


class _Draft(msgspec.Struct, frozen=True):
    """A piece, and what the server says to it."""

    piece: Piece
    told: tuple[Alert, ...] | None
    """`None`: it did not answer."""
    strangers: tuple[Alert, ...]
    covers: tuple[str, ...]

    def planned(self, cluster: str) -> PlannedSilence:
        return PlannedSilence(
            cluster,
            self.piece.reach.matchers,
            self.covers,
            self.strangers,
            counted=self.told is not None,
            joins=self.piece.joins,
        )


class _ClusterPlan:
    """The silences of one cluster."""

    def __init__(
        self,
        cluster: AlertmanagerCluster,
        listed: ClusterGroups | None,
        marks: _Marks,
        known: Sequence[KnownAlert],
        policy: Policy,
        acks: Acks,
    ) -> None:
        self.name = cluster.name
        self.drafts: list[_Draft] = []
        self.failures: list[Failure] = []
        self._cluster = cluster
        self._marks = marks
        there = {each for group in listed.groups for each in group.fingerprints} if listed else ()
        strangers = [
            marks.labels_of(one.alert.labels)
            for one in known
            if (one.alert.cluster == cluster.name or one.standing is Standing.PENDING
                or one.key in there)
            and not marks.is_marked(one)
        ]  # fmt: skip
        self._splitter = Splitter(
            strangers,
            frozenset(acks.ignore_labels),
            frozenset((policy.severity_label, policy.priority_label)),
        )
        self._groups = grouped(marks.wanted, cluster.name, listed)

    async def plan(self) -> None:
        """Plan for the alerts that this cluster is known to have."""
        pieces = [piece for group in self._groups for piece in self._pieces(group)]
        await self._settle(pieces)

    async def look_for(self, drafts: Sequence[_Draft]) -> None:
        """Ask for the alerts of other clusters' `drafts`: this one may have them too."""
        mine = {key for group in self._groups for key in group.keys}
        asked = [one for one in drafts if not mine.issuperset(one.covers)]
        told = await asyncio.gather(*(self._count(one.piece) for one in asked))
        pieces: list[Piece] = []
        for draft, alerts in zip(asked, told, strict=True):
            keys = {key for alert in alerts or () if (key := self._marks.key_of(alert))}
            keys = (keys - mine) & self._marks.wanted.keys()
            mine |= keys
            if keys:
                group = MarkedGroup(draft.piece.names, tuple(sorted(keys)))
                pieces.extend(self._pieces(group))
        await self._settle(pieces)

    def _pieces(self, group: MarkedGroup) -> list[Piece]:
        return self._splitter.pieces(self._marks.marked(group.keys), group.names)

    async def _settle(self, pieces: list[Piece]) -> None:
        """Have the server count `pieces`, and cut them until it finds no stranger in them."""
        for number in range(ROUNDS + 1):
            drafts = await asyncio.gather(*map(self._draft, pieces))
            self._splitter.add(
                self._marks.labels_of(alert.labels) for one in drafts for alert in one.strangers
            )
            pieces = []
            for draft in drafts:
                parts = [draft.piece] if number == ROUNDS else self._parts(draft, number)
                if [part.reach for part in parts] != [draft.piece.reach]:
                    pieces.extend(parts)
                elif draft.told is None or draft.covers:
                    self.drafts.append(draft)
            if not pieces:
                return

    def _parts(self, draft: _Draft, number: int) -> list[Piece]:
        piece = draft.piece
        if not draft.strangers:
            return [piece]
        if number == ROUNDS - 1:
            return self._splitter.exact(piece.marked, piece.names)
        return self._splitter.pieces(piece.marked, piece.names)

    async def _draft(self, piece: Piece) -> _Draft:
        told = await self._count(piece)
        if told is None:
            return _Draft(piece, None, (), tuple(one.key for one in piece.marked))
        keys = {key for alert in told if (key := self._marks.key_of(alert)) is not None}
        covers = tuple(sorted(keys & self._marks.wanted.keys()))
        strangers = tuple(alert for alert in told if self._marks.key_of(alert) is None)
        return _Draft(piece, told, strangers, covers)

    async def _count(self, piece: Piece) -> tuple[Alert, ...] | None:
        try:
            return await self._cluster.matching(piece.reach.matchers)
        except EffectFailed as failed:
            self.failures.append(failed.failure)
            return None
