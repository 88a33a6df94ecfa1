"""Alerts that nobody tells of any more: kept, lost, or proven to be over."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import NamedTuple

from console.fleet.book import AlertBook
from console.fleet.cluster import ClusterMemory
from console.fleet.memory import Missing, PrometheusMemory, mono
from console.fleet.told import Told
from console.fleet.union import silent_in
from console.fleet.vanished import (
    cluster_doubt,
    is_only_waiting,
    owner_doubt,
    rules_of,
    was_resolved_early,
)
from console.model.alert import Alert
from console.model.state import State
from console.safety.clock import Instant


class Kept(NamedTuple):
    """An alert that stays on the list, and why."""

    alert: Alert
    state: State
    as_of: Instant
    why: str


class Absent:
    """Judges at one moment. What is proven to be over moves to the book's resolved ones."""

    def __init__(
        self, book: AlertBook, proms: Mapping[str, PrometheusMemory], told: Told, now: Instant
    ) -> None:
        self._book = book
        self._proms = proms
        self._told = told
        self._now = now

    def silent(self, cluster: ClusterMemory, present: Container[str]) -> Iterator[Kept]:
        """What is known from members that do not answer now, and from nobody else there."""
        has_live = bool(cluster.live(self._now))
        for fingerprint, (alert, seen, who) in silent_in(cluster, self._now).items():
            if fingerprint in present or fingerprint in cluster.missing:
                continue
            if self._book.fixed(alert).watchdog:
                continue
            owner = self._owner(alert)
            said = self._told.firing.get(fingerprint)
            if said is not None and said.mono > seen.mono:
                cluster.unlisted_since.pop(fingerprint, None)
                witness = "a Prometheus" if owner is None else owner.name
                why = f"{who} does not answer, {witness} tells of it"
                yield Kept(alert, State.FIRING, said, why)
                continue
            proof = self._silent_proof(cluster, owner, alert, seen, has_live)
            if proof:
                self._book.resolve(alert, proof, self._now)
                cluster.forget(fingerprint)
                continue
            old = self._now.mono - seen.mono > cluster.limit_s
            why = f"{who} does not answer" if old or not has_live else ""
            yield Kept(alert, State.STALE if old else State.FIRING, seen, why)

    def missing(self, cluster: ClusterMemory) -> Iterator[Kept]:
        """What a member that answers has dropped, and no other has."""
        name = cluster.watched.name
        for fingerprint, missing in list(cluster.missing.items()):
            alert = missing.alert
            if self._book.fixed(alert).watchdog:
                cluster.forget(fingerprint)
                continue
            owner = self._owner(alert)
            said = self._told.firing.get(fingerprint)
            if said is not None and said.mono > missing.last_seen.mono:
                missing.absent_at = max(missing.absent_at, said, key=mono)
                why = f"Alertmanager {name} does not have it"
                yield Kept(alert, State.FIRING, said, why)
                continue
            doubt = self._doubt(cluster, owner, missing)
            if not doubt:
                foreign = owner is None or self._is_foreign(cluster, owner, missing)
                proof = _proof(name, None if foreign else owner)
                self._book.resolve(alert, proof, self._now)
                cluster.forget(fingerprint)
            elif self._gave_up(missing) or (owner is None and missing.restored):
                # Of what an unknown sender told an earlier console no claim is made.
                cluster.forget(fingerprint)
            elif owner is not None and is_only_waiting(owner, alert, missing.last_seen, self._now):
                yield Kept(alert, State.FIRING, missing.last_seen, doubt)
            else:
                yield Kept(alert, State.LOST, missing.last_seen, doubt)

    def gone_from(self, prom: PrometheusMemory, known: Container[str]) -> Iterator[Kept]:
        """What stood on the list on the word of `prom` alone, and is not listed by it now."""
        for fingerprint, missing in list(prom.missing.items()):
            if fingerprint in known or fingerprint in self._told.taken_over:
                del prom.missing[fingerprint]
                continue
            doubt = owner_doubt(prom, missing.alert, missing.last_seen, self._now)
            if not doubt:
                proof = f"{prom.name} evaluates it and it is not firing"
                self._book.resolve(missing.alert, proof, self._now)
                del prom.missing[fingerprint]
            elif self._gave_up(missing):
                del prom.missing[fingerprint]
            else:
                answers = prom.alerts.is_usable(self._now)
                state = State.LOST if answers else State.STALE
                yield Kept(missing.alert, state, missing.last_seen, doubt)

    def _silent_proof(
        self,
        cluster: ClusterMemory,
        owner: PrometheusMemory | None,
        alert: Alert,
        seen: Instant,
        has_live: bool,
    ) -> str:
        """That an alert is over whose own member does not answer; empty without proof."""
        if (
            owner is None
            or alert.fingerprint in self._told.listed
            or owner_doubt(owner, alert, seen, self._now)
        ):
            cluster.unlisted_since.pop(alert.fingerprint, None)
            return ""
        if has_live:
            return (
                ""
                if cluster_doubt(cluster, seen, self._now)
                else _proof(cluster.watched.name, owner)
            )
        if self._is_unlisted_for_long(cluster, owner, alert):
            return f"{owner.name} is healthy and has not told it for two intervals"
        return ""

    def _doubt(
        self, cluster: ClusterMemory, owner: PrometheusMemory | None, missing: Missing
    ) -> str:
        """Why a missing alert is not known to be over; empty when it is."""
        alert, last_seen = missing.alert, missing.last_seen
        if owner is None or self._is_foreign(cluster, owner, missing):
            if was_resolved_early(cluster, missing):
                return cluster_doubt(cluster, last_seen, self._now)
            return (
                cluster_doubt(cluster, last_seen, self._now)
                or "its sender is not among the sources, and it was not resolved before its end"
            )
        doubt = owner_doubt(owner, alert, last_seen, self._now)
        if doubt:
            return doubt
        if alert.fingerprint in self._told.listed:
            return f"{owner.name} still lists it"
        if not cluster.is_dead(self._now):
            return cluster_doubt(cluster, last_seen, self._now)
        if self._is_unlisted_for_long(cluster, owner, alert):
            return ""
        return f"{cluster.watched.name} does not answer"

    def _is_foreign(
        self, cluster: ClusterMemory, owner: PrometheusMemory, missing: Missing
    ) -> bool:
        """Whether it only looks like the owner's (same external labels, another ruler) and
        whoever sent it has said that it is over."""
        return (
            self._book.is_guessed(missing.alert)
            and owner.rules.is_usable(self._now)
            and not rules_of(owner, missing.alert)
            and was_resolved_early(cluster, missing)
        )

    def _is_unlisted_for_long(
        self, cluster: ClusterMemory, owner: PrometheusMemory, alert: Alert
    ) -> bool:
        """Whether the owner has not listed it for two intervals, which is enough without the
        word of the Alertmanager."""
        as_of = owner.alerts.as_of or self._now
        since = cluster.unlisted_since.setdefault(alert.fingerprint, as_of)
        return as_of.mono - since.mono >= 2 * owner.watched.interval.total_seconds()

    def _owner(self, alert: Alert) -> PrometheusMemory | None:
        name = self._book.owner_of(alert, self._book.fixed(alert))
        return None if name is None else self._proms.get(name)

    def _gave_up(self, missing: Missing) -> bool:
        age_s = self._now.mono - missing.absent_at.mono
        return age_s > self._book.policy.lost_for.total_seconds()


def _proof(cluster: str, owner: PrometheusMemory | None) -> str:
    if owner is None:
        return f"{cluster} let it go before its end time, as an explicit resolve does"
    return f"{cluster} is healthy without it, {owner.name} evaluates it and it is not firing"
