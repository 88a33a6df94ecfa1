"""All alerts of all sources as one list: the union over members, clusters and replicas.

Nothing leaves the list because a poll failed. What is no longer told stays, as LOST, until
`vanished` has a proof that it is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from console.fleet.assign import Index
from console.fleet.joined import JoinIndex
from console.fleet.memory import ClusterMemory, Missing, PrometheusMemory
from console.fleet.owners import Owners, base_of
from console.fleet.standing import FREE, Hold, Silencing, standing_of
from console.fleet.told import TellingProms, Told
from console.fleet.union import cluster_limit_s, merge, mono, present_in, silent_in, with_mutes
from console.fleet.vanished import (
    cluster_doubt,
    is_only_waiting,
    owner_doubt,
    was_resolved_early,
)
from console.fleet.watchdogs import Sighting, Watchdogs
from console.model.alert import Alert, AlertState
from console.model.labels import Labels
from console.model.policy import Policy
from console.model.snapshot import KnownAlert, ResolvedAlert, Standing
from console.model.state import State
from console.safety.clock import Instant


class Union(msgspec.Struct, frozen=True):
    """What the union came to at one moment."""

    alerts: tuple[KnownAlert, ...] = ()
    resolved: tuple[ResolvedAlert, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    """Of watchdogs, which are not among the alerts."""
    by_cell: Mapping[str, tuple[KnownAlert, ...]] = msgspec.field(default_factory=dict)


class _Fixed:
    """What follows from an alert's labels and sender alone, so that it is worked out once."""

    __slots__ = ("base", "cell", "declared", "generator", "identity", "labelled", "watchdog")

    def __init__(self, book: AlertBook, alert: Alert) -> None:
        ignored = book.policy.ignore_labels
        self.generator = alert.generator_url.exact
        self.base = base_of(self.generator)
        self.declared = book.owners.by_settings(alert)
        self.labelled = book.owners.by_labels(alert)
        self.cell = book.index.cell_of(alert.labels)
        self.watchdog = book.watchdogs.is_one(alert.labels)
        bare = alert.labels.without(ignored)
        self.identity = None if bare is alert.labels else bare


class AlertBook:
    """Holds the alerts' memory between snapshots and makes the list of them."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.owners = Owners()
        self.index = Index()
        self.watchdogs = Watchdogs(policy)
        self.resolved: dict[str, tuple[ResolvedAlert, Instant]] = {}
        self._fixed: dict[str, _Fixed] = {}
        self._fixed_for: object = None

    def build(
        self,
        clusters: Mapping[str, ClusterMemory],
        proms: Mapping[str, PrometheusMemory],
        index: Index,
        now: Instant,
    ) -> Union:
        """The list as of `now`. What is proven to be over leaves the sources' memories."""
        if self.owners.configure(proms.values(), self.policy.ignore_labels) or (
            self._fixed_for is not index
        ):
            self._fixed.clear()
            self._fixed_for = self.index = index
        run = _Run(self, clusters, proms, now)
        return run.union()

    def fixed(self, alert: Alert) -> _Fixed:
        """The cached facts of `alert`."""
        fixed = self._fixed.get(alert.fingerprint)
        if fixed is None or fixed.generator != alert.generator_url.exact:
            fixed = self._fixed[alert.fingerprint] = _Fixed(self, alert)
        return fixed

    def owner_of(self, alert: Alert, fixed: _Fixed) -> str | None:
        """The Prometheus that sent it: settings, then its own word, then external labels."""
        return (
            fixed.declared or self.owners.by_word(alert.fingerprint, fixed.base) or fixed.labelled
        )

    def trim(self, known: Mapping[str, object]) -> None:
        """Forget the cached facts of alerts that are gone."""
        if len(self._fixed) > 2 * len(known) + 1000:
            self._fixed = {one: kept for one, kept in self._fixed.items() if one in known}
            self.owners.keep(known.keys())


class _Run:
    """One making of the list."""

    def __init__(
        self,
        book: AlertBook,
        clusters: Mapping[str, ClusterMemory],
        proms: Mapping[str, PrometheusMemory],
        now: Instant,
    ) -> None:
        self.book = book
        self.clusters = clusters
        self.proms = proms
        self.now = now
        self.known: dict[str, KnownAlert] = {}
        self.sightings: list[Sighting] = []
        self.folds = False
        self.present: dict[str, dict[str, Alert]] = {}
        self.silencing = {
            name: Silencing(cluster.silences(), book.policy.ack_prefixes)
            for name, cluster in clusters.items()
        }
        self.told = Told()

    def union(self) -> Union:
        for name, cluster in self.clusters.items():
            self.present[name] = present_in(cluster, self.now)
        everything = JoinIndex(self._all_alerts(), self.book.policy.ignore_labels)
        telling = TellingProms(self.book.policy, self.book.watchdogs, self.proms, self.now)
        self.told = telling.listen(everything, self.book.owners)
        for name, cluster in self.clusters.items():
            self._add_present(name, cluster)
        for cluster in self.clusters.values():
            self._add_silent(cluster)
            self._add_missing(cluster)
        for told in telling.alone(self.told, self.clusters):
            self._add_told(told)
        for prom in self.proms.values():
            self._add_gone_from(prom)
        self.sightings.extend(self.told.sightings)
        self.book.trim(self.known)
        known = _folded(self.known, self.book) if self.folds else self.known
        return Union(
            tuple(known.values()), self._resolved(known), tuple(self.sightings), _by_cell(known)
        )

    # -- what Alertmanagers tell ------------------------------------------------------

    def _all_alerts(self) -> Iterator[Alert]:
        for name, cluster in self.clusters.items():
            yield from self.present[name].values()
            for fingerprint, (alert, _, _) in silent_in(cluster, self.now).items():
                if fingerprint not in self.present[name]:
                    yield alert
            for missing in cluster.missing.values():
                yield missing.alert

    def _add_present(self, name: str, cluster: ClusterMemory) -> None:
        live = cluster.live(self.now)
        if not live:
            return
        as_of = max((one.alerts.as_of for one in live if one.alerts.as_of), key=mono)
        silencing = self.silencing[name]
        book, known, missing = self.book, self.known, cluster.missing
        joined_owner = book.owners.by_word
        cached = book._fixed
        answering = len(live)
        whole = (answering, answering)
        for fingerprint, alert in self.present[name].items():
            if fingerprint in missing:
                del missing[fingerprint]
            fixed = cached.get(fingerprint)
            if fixed is None or fixed.generator != alert.generator_url.exact:
                fixed = book.fixed(alert)
            owner = fixed.declared or joined_owner(fingerprint, fixed.base) or fixed.labelled
            if alert.state is AlertState.ACTIVE and not alert.silenced_by:
                hold, standing = FREE, Standing.FIRING
            else:
                alert = with_mutes(alert, cluster)
                hold = silencing.hold_of(alert.silenced_by)
                standing = standing_of(alert, hold)
            if fixed.watchdog:
                self.sightings.append(Sighting.of(alert, name, owner, as_of, standing))
                continue
            if fixed.identity is not None:
                self.folds = True
            one = KnownAlert(
                alert, State.FIRING, standing, as_of, fixed.cell, owner, hold.ack, hold.ids,
                (), whole if answering == 1 else (len(alert.members), answering),
            )  # fmt: skip
            if fingerprint in known:
                one = merge(known[fingerprint], one)
            known[fingerprint] = one

    def _add_silent(self, cluster: ClusterMemory) -> None:
        """Alerts that are known from members that do not answer now, and from nobody else."""
        present = self.present[cluster.watched.name]
        has_live = bool(cluster.live(self.now))
        for fingerprint, (alert, seen, who) in silent_in(cluster, self.now).items():
            if fingerprint in present or fingerprint in cluster.missing:
                continue
            if self._is_watchdog(alert):
                continue
            word = self._owner_word(alert)
            said = self.told.firing.get(fingerprint)
            if said is not None and said.mono > seen.mono:
                why = f"{who} does not answer, {word} tells of it"
                self._keep(alert, State.FIRING, said, why)
                cluster.unlisted_since.pop(fingerprint, None)
                continue
            proof = self._silent_proof(cluster, alert, seen, has_live)
            if proof:
                self._resolve(alert, proof)
                cluster.forget(fingerprint)
                continue
            old = self.now.mono - seen.mono > cluster_limit_s(cluster)
            self._keep(
                alert, State.STALE if old else State.FIRING, seen,
                f"{who} does not answer" if old or not has_live else "",
            )  # fmt: skip

    def _silent_proof(
        self, cluster: ClusterMemory, alert: Alert, seen: Instant, has_live: bool
    ) -> str:
        """That an alert is over whose own member does not answer; empty without proof."""
        owner = self._owner(alert)
        if owner is None or alert.fingerprint in self.told.listed:
            cluster.unlisted_since.pop(alert.fingerprint, None)
            return ""
        if owner_doubt(owner, alert, seen, self.now):
            cluster.unlisted_since.pop(alert.fingerprint, None)
            return ""
        if has_live:
            if cluster_doubt(cluster, seen, self.now):
                return ""
            return f"{cluster.watched.name} is healthy without it, {owner.name} does not tell it"
        as_of = owner.alerts.as_of or self.now
        since = cluster.unlisted_since.setdefault(alert.fingerprint, as_of)
        if as_of.mono - since.mono < 2 * owner.watched.interval.total_seconds():
            return ""
        return f"{owner.name} is healthy and has not told it for two intervals"

    def _add_missing(self, cluster: ClusterMemory) -> None:
        name = cluster.watched.name
        for fingerprint, missing in list(cluster.missing.items()):
            alert = missing.alert
            if self._is_watchdog(alert):
                cluster.forget(fingerprint)
                continue
            owner = self._owner(alert)
            said = self.told.firing.get(fingerprint)
            if said is not None and said.mono > missing.last_seen.mono:
                self._keep(alert, State.FIRING, said, f"Alertmanager {name} does not have it")
                missing.absent_at = max(missing.absent_at, said, key=mono)
                continue
            doubt = self._doubt(cluster, owner, missing)
            if not doubt:
                self._resolve(alert, self._proof(name, owner))
                cluster.forget(fingerprint)
            elif owner is None and missing.restored:
                cluster.forget(fingerprint)  # nobody looked: no claim is made of it
            elif self._gave_up(missing):
                cluster.forget(fingerprint)
            elif owner is not None and is_only_waiting(owner, missing.last_seen, self.now):
                self._keep(alert, State.FIRING, missing.last_seen, doubt)
            else:
                self._keep(alert, State.LOST, missing.last_seen, doubt)

    def _doubt(
        self, cluster: ClusterMemory, owner: PrometheusMemory | None, missing: Missing
    ) -> str:
        """Why a missing alert is not known to be over; empty when it is."""
        alert = missing.alert
        if owner is None:
            if cluster_doubt(cluster, missing.last_seen, self.now):
                return cluster_doubt(cluster, missing.last_seen, self.now)
            if was_resolved_early(cluster, missing):
                return ""
            return "its sender is not among the sources, and it was not resolved before its end"
        doubt = owner_doubt(owner, alert, missing.last_seen, self.now)
        if doubt:
            return doubt
        if alert.fingerprint in self.told.listed:
            return f"{owner.name} still lists it"
        if cluster.is_dead(self.now):
            return self._dead_cluster_doubt(cluster, owner, alert)
        return cluster_doubt(cluster, missing.last_seen, self.now)

    def _dead_cluster_doubt(
        self, cluster: ClusterMemory, owner: PrometheusMemory, alert: Alert
    ) -> str:
        as_of = owner.alerts.as_of or self.now
        since = cluster.unlisted_since.setdefault(alert.fingerprint, as_of)
        if as_of.mono - since.mono < 2 * owner.watched.interval.total_seconds():
            return f"{cluster.watched.name} does not answer"
        return ""

    # -- what a Prometheus tells alone --------------------------------------------------

    def _add_told(self, told: KnownAlert) -> None:
        fixed = self.book.fixed(told.alert)
        if fixed.identity is not None:
            self.folds = True
        hold = self._hold_on(told.alert)
        one = msgspec.structs.replace(
            told, cell=fixed.cell, ack=hold.ack, silences=hold.ids,
            standing=told.standing if told.standing is Standing.PENDING
            else standing_of(told.alert, hold),
        )  # fmt: skip
        before = self.known.get(told.alert.fingerprint)
        self.known[told.alert.fingerprint] = one if before is None else merge(before, one)

    def _add_gone_from(self, prom: PrometheusMemory) -> None:
        """Alerts that stood on the list on the word of `prom` alone, and that it has dropped."""
        for fingerprint, missing in list(prom.missing.items()):
            if fingerprint in self.known or fingerprint in self.told.taken_over:
                del prom.missing[fingerprint]
                continue
            doubt = owner_doubt(prom, missing.alert, missing.last_seen, self.now)
            if not doubt:
                self._resolve(missing.alert, f"{prom.name} evaluates it and it is not firing")
                del prom.missing[fingerprint]
            elif self._gave_up(missing):
                del prom.missing[fingerprint]
            elif prom.is_dead(self.now):
                self._keep(missing.alert, State.STALE, missing.last_seen, doubt)
            else:
                self._keep(missing.alert, State.LOST, missing.last_seen, doubt)

    # -- small steps ---------------------------------------------------------------------

    def _keep(self, alert: Alert, state: State, as_of: Instant, why: str) -> None:
        fixed = self.book.fixed(alert)
        if fixed.identity is not None:
            self.folds = True
        hold = self._hold_on(alert)
        owner = self.book.owner_of(alert, fixed)
        if alert.fingerprint.startswith("p:"):
            owner = alert.cluster
        one = KnownAlert(
            alert, state, standing_of(alert, hold), as_of, fixed.cell, owner, hold.ack,
            hold.ids, why=why,
        )  # fmt: skip
        before = self.known.get(alert.fingerprint)
        self.known[alert.fingerprint] = one if before is None else merge(before, one)

    def _hold_on(self, alert: Alert) -> Hold:
        for silencing in self.silencing.values():
            hold = silencing.hold_on(alert, self.now)
            if hold.ids:
                return hold
        return FREE

    def _owner(self, alert: Alert) -> PrometheusMemory | None:
        name = self.book.owner_of(alert, self.book.fixed(alert))
        return None if name is None else self.proms.get(name)

    def _owner_word(self, alert: Alert) -> str:
        owner = self._owner(alert)
        return "a Prometheus" if owner is None else owner.name

    def _is_watchdog(self, alert: Alert) -> bool:
        return self.book.fixed(alert).watchdog

    def _gave_up(self, missing: Missing) -> bool:
        age_s = self.now.mono - missing.absent_at.mono
        return age_s > self.book.policy.lost_for.total_seconds()

    def _proof(self, cluster: str, owner: PrometheusMemory | None) -> str:
        if owner is None:
            return f"{cluster} let it go before its end time, as an explicit resolve does"
        return f"{cluster} is healthy without it, {owner.name} evaluates it and it is not firing"

    def _resolve(self, alert: Alert, proof: str) -> None:
        fixed = self.book.fixed(alert)
        self.book.resolved[alert.fingerprint] = (
            ResolvedAlert(alert, self.now.wall, fixed.cell, proof),
            self.now,
        )

    def _resolved(self, known: Mapping[str, KnownAlert]) -> tuple[ResolvedAlert, ...]:
        """The resolved of the last hour, the newest first, less what fires again."""
        resolved_for_s = self.book.policy.resolved_for.total_seconds()
        kept = self.book.resolved
        if not kept:
            return ()
        firing: set[object] = set(known)
        for one in known.values():
            firing.update(one.duplicates)
            if self.folds:
                firing.add(self._bare(one.alert))
        for fingerprint, (resolved, at) in list(kept.items()):
            fires_again = fingerprint in firing or (
                self.folds and self._bare(resolved.alert) in firing
            )
            if fires_again or self.now.mono - at.mono > resolved_for_s:
                del kept[fingerprint]
        newest_first = sorted(kept.values(), key=lambda one: one[0].at, reverse=True)
        return tuple(one for one, _ in newest_first)

    def _bare(self, alert: Alert) -> Labels:
        return self.book.fixed(alert).identity or alert.labels


def _folded(known: dict[str, KnownAlert], book: AlertBook) -> dict[str, KnownAlert]:
    """One alert for all that differ in ignored labels only: the replicas of an HA pair."""
    folded: dict[object, KnownAlert] = {}
    for one in known.values():
        bare = book.fixed(one.alert).identity or one.alert.labels
        before = folded.get(bare)
        folded[bare] = one if before is None else merge(before, one)
    return {one.key: one for one in folded.values()}


def _by_cell(known: Mapping[str, KnownAlert]) -> dict[str, tuple[KnownAlert, ...]]:
    cells: dict[str, list[KnownAlert]] = {}
    for one in known.values():
        if one.cell is not None:
            cells.setdefault(one.cell, []).append(one)
    return {cell: tuple(alerts) for cell, alerts in cells.items()}
