"""What each Prometheus itself says about alerts: pending ones, and those it tells alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import timedelta

from console.fleet.cluster import ClusterMemory
from console.fleet.joined import JoinIndex
from console.fleet.memory import Missing, PrometheusMemory
from console.fleet.owners import Owners
from console.fleet.vanished import rules_of
from console.fleet.watchdogs import Sighting, Watchdogs
from console.model.alert import Alert, AlertState, RuleAlert
from console.model.labels import Labels
from console.model.policy import Policy
from console.model.snapshot import KnownAlert, Standing
from console.model.state import State
from console.safety.clock import Instant


class Told:
    """The word of all Prometheus servers, joined to what Alertmanagers told."""

    def __init__(self) -> None:
        self.firing: dict[str, Instant] = {}
        """Fingerprints in Alertmanager that a Prometheus which answers lists as firing."""
        self.listed: set[str] = set()
        """The same and those that are pending."""
        self.taken_over: set[str] = set()
        """Our fingerprints of series that an Alertmanager tells of."""
        self.alone: list[tuple[PrometheusMemory, RuleAlert]] = []
        """What no Alertmanager has told of."""
        self.sightings: list[Sighting] = []


class TellingProms:
    """Joins the lists of all Prometheus servers at one moment."""

    def __init__(
        self,
        policy: Policy,
        watchdogs: Watchdogs,
        proms: Mapping[str, PrometheusMemory],
        now: Instant,
    ) -> None:
        self._policy = policy
        self._watchdogs = watchdogs
        self._proms = proms
        self._now = now

    def listen(self, index: JoinIndex, owners: Owners) -> Told:
        """Join every series to the alerts in `index`; `owners` learns who sends them."""
        told = Told()
        senders: dict[str, PrometheusMemory] = {}
        contested: set[str] = set()
        alerts: dict[str, Alert] = {}
        for prom in self._proms.values():
            as_of = prom.alerts.as_of
            if as_of is None:
                continue
            usable = prom.alerts.is_usable(self._now)
            for series in prom.alerts.value or ():
                fires = series.state is AlertState.ACTIVE
                if self._watchdogs.is_one(series.labels):
                    if usable and fires:
                        told.sightings.append(Sighting(series.labels, prom.name, prom.name, as_of))
                    continue
                found = index.find(series.labels, prom.external)
                if not found:
                    told.alone.append((prom, series))
                    continue
                if prom.shown or prom.missing:
                    told.taken_over.add(identify(prom, series)[0])
                for alert in found if usable else ():
                    fingerprint = alert.fingerprint
                    told.listed.add(fingerprint)
                    if fires:
                        told.firing[fingerprint] = as_of
                        if senders.setdefault(fingerprint, prom) is not prom:
                            contested.add(fingerprint)
                        alerts[fingerprint] = alert
        for fingerprint, prom in senders.items():
            if fingerprint not in contested:
                owners.learn(alerts[fingerprint], prom.name)
        return told

    def alone(self, told: Told, clusters: Mapping[str, ClusterMemory]) -> Iterator[KnownAlert]:
        """The alerts that stand on the list on a Prometheus' word alone.

        Pending ones, and firing ones that no Alertmanager has told of for two intervals, at
        once where no Alertmanager answers. What was pending stays so until then.
        """
        shown: dict[str, dict[str, tuple[Alert, Instant]]] = {one: {} for one in self._proms}
        waiting: dict[str, dict[str, Instant]] = {one: {} for one in self._proms}
        pending: dict[str, set[str]] = {one: set() for one in self._proms}
        for prom, series in told.alone:
            as_of = prom.alerts.as_of or self._now
            fingerprint, labels = identify(prom, series)
            fires = series.state is AlertState.ACTIVE
            since = prom.unsent.get(fingerprint, as_of)
            if fires:
                waiting[prom.name][fingerprint] = since
                due = fingerprint in prom.shown or self._is_due(prom, since, clusters)
                if not due and fingerprint not in prom.was_pending:
                    continue
            else:
                due = False
            if not due:
                pending[prom.name].add(fingerprint)
            alert = self._alert(prom, series, fingerprint, labels, due)
            if due:
                shown[prom.name][fingerprint] = (alert, as_of)
            yield self._known(prom, alert, as_of, due, clusters)
        for prom in self._proms.values():
            self._remember(prom, shown[prom.name], waiting[prom.name], pending[prom.name])

    def _remember(
        self,
        prom: PrometheusMemory,
        shown: dict[str, tuple[Alert, Instant]],
        waiting: dict[str, Instant],
        pending: set[str],
    ) -> None:
        at = prom.alerts.as_of or self._now
        for fingerprint in prom.shown.keys() - shown.keys():
            alert, seen = prom.shown[fingerprint]
            prom.missing[fingerprint] = Missing(alert, seen, at)
        prom.shown, prom.unsent, prom.was_pending = shown, waiting, pending

    def _is_due(
        self, prom: PrometheusMemory, since: Instant, clusters: Mapping[str, ClusterMemory]
    ) -> bool:
        as_of = prom.alerts.as_of or self._now
        intervals = [prom.watched.interval, *(one.watched.interval for one in clusters.values())]
        if as_of.mono - since.mono > 2 * max(intervals).total_seconds():
            return True
        if not clusters:
            return not prom.alertmanagers.value
        return all(one.is_dead(self._now) for one in clusters.values())

    def _alert(
        self, prom: PrometheusMemory, series: RuleAlert, fingerprint: str, labels: Labels, due: bool
    ) -> Alert:
        alert = Alert(
            fingerprint=fingerprint,
            labels=labels,
            annotations=series.annotations,
            starts_at=series.active_at,
            state=AlertState.ACTIVE if due else AlertState.PENDING,
            cluster=prom.name,
        )
        if not due:
            return alert
        rules = rules_of(prom, alert)
        held = rules[0].duration if rules else timedelta()
        return Alert(
            fingerprint=fingerprint,
            labels=labels,
            annotations=series.annotations,
            starts_at=series.active_at + held,
            state=AlertState.ACTIVE,
            cluster=prom.name,
        )

    def _known(
        self,
        prom: PrometheusMemory,
        alert: Alert,
        as_of: Instant,
        due: bool,
        clusters: Mapping[str, ClusterMemory],
    ) -> KnownAlert:
        usable = prom.alerts.is_usable(self._now)
        old = prom.alerts.is_old(self._now)
        why = "" if usable else f"{prom.name} does not answer"
        if due and usable and clusters:
            live = [name for name, one in clusters.items() if one.live(self._now)]
            why = f"Alertmanager {', '.join(live or clusters)} "
            why += "does not have it" if live else "does not answer"
        return KnownAlert(
            alert,
            State.STALE if old else State.FIRING,
            Standing.FIRING if due else Standing.PENDING,
            as_of,
            owner=prom.name,
            why=why,
        )


def identify(prom: PrometheusMemory, series: RuleAlert) -> tuple[str, Labels]:
    """Our fingerprint of a series, and its labels with those that the server adds on sending.

    Stable over restarts; `p:` tells it from Alertmanager's.
    """
    known = prom.identities.get(series.labels)
    if known is None:
        values = {**dict(prom.external), **dict(series.labels.exact_items())}
        labels = Labels(values, over_cap=series.labels.over_cap)
        digest = hashlib.blake2b(digest_size=8)
        for name, value in sorted(values.items()):
            digest.update(f"{len(name)}:{name}{len(value)}:{value}".encode("utf-8", "replace"))
        if len(prom.identities) > 4 * len(prom.alerts.value or ()) + 1000:
            prom.identities.clear()
        known = prom.identities[series.labels] = (f"p:{digest.hexdigest()}", labels)
    return known
