"""What follows from an alert itself: its owner, its cell, its identity. Kept between polls."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from console.fleet.assign import Index
from console.fleet.memory import PrometheusMemory
from console.fleet.owners import Owners, base_of
from console.fleet.watchdogs import Watchdogs
from console.model.alert import Ack, Alert
from console.model.labels import Labels
from console.model.policy import Policy
from console.model.snapshot import ResolvedAlert
from console.safety.clock import Instant


class Fixed:
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
    """What is remembered of alerts between two makings of the list."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.owners = Owners()
        self.index = Index()
        self.watchdogs = Watchdogs(policy)
        self.resolved: dict[str, tuple[ResolvedAlert, Instant]] = {}
        self.facts: dict[str, Fixed] = {}
        self.local_acks: dict[str, Ack] = {}
        """By what they are on: `alert:<fingerprint>`, `probe:redis`."""

    def configure(self, proms: Collection[PrometheusMemory], index: Index) -> None:
        """Forget the cached facts where the sources or the services are other ones."""
        changed = self.owners.configure(proms, self.policy.ignore_labels)
        if changed or self.index is not index:
            self.facts.clear()
            self.index = index

    def fixed(self, alert: Alert) -> Fixed:
        """The cached facts of `alert`."""
        fixed = self.facts.get(alert.fingerprint)
        if fixed is None or fixed.generator != alert.generator_url.exact:
            fixed = self.facts[alert.fingerprint] = Fixed(self, alert)
        return fixed

    def owner_of(self, alert: Alert, fixed: Fixed) -> str | None:
        """The Prometheus that sent it: settings, then its own word, then external labels."""
        return (
            fixed.declared or self.owners.by_word(alert.fingerprint, fixed.base) or fixed.labelled
        )

    def is_guessed(self, alert: Alert) -> bool:
        """Whether nothing but external labels tells its owner."""
        fixed = self.fixed(alert)
        return not (fixed.declared or self.owners.by_word(alert.fingerprint, fixed.base))

    def bare(self, alert: Alert) -> Labels:
        """Its labels less those in which the replicas of an HA pair differ."""
        return self.fixed(alert).identity or alert.labels

    def resolve(self, alert: Alert, proof: str, now: Instant) -> None:
        """List it as resolved; `proof` in words."""
        resolved = ResolvedAlert(alert, now.wall, self.fixed(alert).cell, proof)
        self.resolved[alert.fingerprint] = (resolved, now)

    def trim(self, known: Mapping[str, object]) -> None:
        """Forget the cached facts of alerts that are gone."""
        if len(self.facts) > 2 * len(known) + 1000:
            self.facts = {one: kept for one, kept in self.facts.items() if one in known}
            self.owners.keep(known.keys())
