"""All alerts of all sources as one list: the union over members, clusters and replicas.

Nothing leaves the list because a poll failed. What is no longer told stays, as LOST, until
`vanished` has a proof that it is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from console.fleet.absent import Absent, Kept
from console.fleet.assign import Index
from console.fleet.book import AlertBook
from console.fleet.cluster import ClusterMemory
from console.fleet.joined import JoinIndex
from console.fleet.memory import PrometheusMemory, mono
from console.fleet.standing import FREE, Ended, Hold, Silencing, standing_of
from console.fleet.told import TellingProms, Told
from console.fleet.union import merge, present_in, silent_in, with_mutes
from console.fleet.watchdogs import Sighting
from console.model.alert import Alert, AlertState
from console.model.labels import Labels
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


def unite(
    book: AlertBook,
    clusters: Mapping[str, ClusterMemory],
    proms: Mapping[str, PrometheusMemory],
    index: Index,
    now: Instant,
) -> Union:
    """The list as of `now`. What is proven to be over leaves the sources' memories."""
    book.configure(proms.values(), index)
    return _Run(book, clusters, proms, now).union()


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
        absent = Absent(self.book, self.proms, self.told, self.now)
        for name, cluster in self.clusters.items():
            self._add_kept(absent.silent(cluster, self.present[name]))
            self._add_kept(absent.missing(cluster))
        for told in telling.alone(self.told, self.clusters):
            self._add_told(told)
        for prom in self.proms.values():
            self._add_kept(absent.gone_from(prom, self.known))
        self.sightings.extend(self.told.sightings)
        self.book.trim(self.known)
        known = _folded(self.known, self.book) if self.folds else self.known
        if self.book.local_acks:
            known = {key: self._locally_acked(one) for key, one in known.items()}
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
        ended = Ended(cluster.ended(self.now), book.policy.ack_prefixes)
        joined_owner = book.owners.by_word
        cached = book.facts
        answering = len(live)
        whole = (answering, answering)
        for fingerprint, alert in self.present[name].items():
            if fingerprint in missing:
                del missing[fingerprint]
            fixed = cached.get(fingerprint)
            if fixed is None or fixed.generator != alert.generator_url.exact:
                fixed = book.fixed(alert)
            owner = fixed.declared or joined_owner(fingerprint, fixed.base) or fixed.labelled
            over = None
            if alert.state is AlertState.ACTIVE and not alert.silenced_by:
                hold, standing = FREE, Standing.FIRING
                if ended:
                    over = ended.over(alert.labels)
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
                over, (), whole if answering == 1 else (len(alert.members), answering),
            )  # fmt: skip
            if fingerprint in known:
                one = merge(known[fingerprint], one)
            known[fingerprint] = one

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
        self._add(one)

    def _locally_acked(self, one: KnownAlert) -> KnownAlert:
        """An ack of the shared folder holds what no Alertmanager has an ack on."""
        if one.ack is not None:
            return one
        local = self.book.local_acks
        for fingerprint in (one.key, *one.duplicates):
            ack = local.get(f"alert:{fingerprint}")
            if ack is not None:
                return msgspec.structs.replace(one, ack=ack)
        return one

    # -- small steps ---------------------------------------------------------------------

    def _add_kept(self, kept: Iterator[Kept]) -> None:
        for one in kept:
            fixed = self.book.fixed(one.alert)
            if fixed.identity is not None:
                self.folds = True
            hold = self._hold_on(one.alert)
            told_alone = one.alert.cluster in self.proms
            owner = one.alert.cluster if told_alone else self.book.owner_of(one.alert, fixed)
            self._add(
                KnownAlert(
                    one.alert, one.state, standing_of(one.alert, hold), one.as_of, fixed.cell,
                    owner, hold.ack, hold.ids, why=one.why,
                )
            )  # fmt: skip

    def _add(self, one: KnownAlert) -> None:
        before = self.known.get(one.key)
        self.known[one.key] = one if before is None else merge(before, one)

    def _hold_on(self, alert: Alert) -> Hold:
        for silencing in self.silencing.values():
            hold = silencing.hold_on(alert, self.now)
            if hold.ids:
                return hold
        return FREE

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
                firing.add(self.book.bare(one.alert))
        for fingerprint, (resolved, at) in list(kept.items()):
            fires_again = fingerprint in firing or (
                self.folds and self.book.bare(resolved.alert) in firing
            )
            if fires_again or self.now.mono - at.mono > resolved_for_s:
                del kept[fingerprint]
        newest_first = sorted(kept.values(), key=lambda one: one[0].at, reverse=True)
        return tuple(one for one, _ in newest_first)


def _folded(known: dict[str, KnownAlert], book: AlertBook) -> dict[str, KnownAlert]:
    """One alert for all that differ in ignored labels only: the replicas of an HA pair."""
    folded: dict[Labels, KnownAlert] = {}
    for one in known.values():
        bare = book.bare(one.alert)
        before = folded.get(bare)
        folded[bare] = one if before is None else merge(before, one)
    return {one.key: one for one in folded.values()}


def _by_cell(known: Mapping[str, KnownAlert]) -> dict[str, tuple[KnownAlert, ...]]:
    cells: dict[str, list[KnownAlert]] = {}
    for one in known.values():
        if one.cell is not None:
            cells.setdefault(one.cell, []).append(one)
    return {cell: tuple(alerts) for cell, alerts in cells.items()}
