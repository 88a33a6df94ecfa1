"""What each source said last, since when it is well, and since when it is not.

A failed poll changes nothing of what was known: it only adds the failure beside it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from console.model.alert import Alert, Rule, RuleAlert, Target, TargetHealth
from console.model.failure import Failure
from console.model.labels import Labels
from console.model.reading import PrometheusReading
from console.model.snapshot import Watched
from console.safety.clock import Instant
from console.safety.text import Raw

STALE_FLOOR_S = 60.0
HELD_TARGETS_S = 300.0
"""How long targets are kept that a Prometheus which answers has none of any more."""

Answer = TypeVar("Answer")


def stale_after_s(interval: timedelta) -> float:
    """How old an answer may be before it is stale: two intervals, and 60 s at least."""
    return max(2 * interval.total_seconds(), STALE_FLOOR_S)


def mono(at: Instant) -> float:
    """The key by which moments of this process are put in order."""
    return at.mono


class Part(Generic[Answer]):
    """One kind of answer of one server: the last usable one, and the failure since then."""

    def __init__(self, interval: timedelta) -> None:
        self.limit_s = stale_after_s(interval)
        self.value: Answer | None = None
        self.as_of: Instant | None = None
        self.failure: Failure | None = None
        self.failing_since: datetime | None = None
        self.healthy_since: Instant | None = None
        self.tried_at: Instant | None = None

    def take(self, answer: Answer | Failure, at: Instant) -> bool:
        """Remember `answer`; False for one that is older than what is known."""
        if self.tried_at is not None and at.mono < self.tried_at.mono:
            return False
        if isinstance(answer, Failure):
            self.failing_since = self.failing_since or answer.at
            self.failure = answer
            self.healthy_since = None
        else:
            # After a long silence (a suspended laptop) health has to be shown anew.
            gap_s = 0.0 if self.as_of is None else at.mono - self.as_of.mono
            if self.healthy_since is None or gap_s > self.limit_s:
                self.healthy_since = at
            self.value, self.as_of = answer, at
            self.failure = self.failing_since = None
        self.tried_at = at
        return True

    def is_old(self, now: Instant) -> bool:
        """Whether there is an answer that is too old to be believed."""
        return self.as_of is not None and now.mono - self.as_of.mono > self.limit_s

    def is_usable(self, now: Instant) -> bool:
        """Whether the last try gave an answer and it is recent."""
        return self.as_of is not None and self.failure is None and not self.is_old(now)

    def healthy_for_s(self) -> float:
        """How long every answer had been usable when the last one came."""
        if self.as_of is None or self.healthy_since is None:
            return 0.0
        return self.as_of.mono - self.healthy_since.mono


class Missing:
    """An alert that was known and is no longer told."""

    __slots__ = ("absent_at", "alert", "last_seen", "member", "restored")

    def __init__(
        self,
        alert: Alert,
        last_seen: Instant,
        absent_at: Instant,
        *,
        member: str = "",
        restored: bool = False,
    ) -> None:
        self.alert = alert
        self.last_seen = last_seen
        self.absent_at = absent_at
        """When a usable answer without it came first."""
        self.member = member
        """The Alertmanager that dropped it; empty where none did, or none is known to."""
        self.restored = restored
        """It vanished while no console was looking."""


class PrometheusMemory:
    """One Prometheus."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        interval = watched.interval
        self.alerts: Part[tuple[RuleAlert, ...]] = Part(interval)
        self.rules: Part[tuple[Rule, ...]] = Part(interval)
        self.targets: Part[tuple[Target, ...]] = Part(interval)
        self.alertmanagers: Part[tuple[Raw, ...]] = Part(interval)
        self.external = watched.external_labels
        self.warnings: tuple[Raw, ...] = ()
        self.skew: timedelta | None = None
        self.took: timedelta | None = None
        self.version: Raw | None = None
        self.rules_by_name: dict[str, list[Rule]] = {}
        self.missing: dict[str, Missing] = {}
        """Alerts that only it told of and that it no longer lists."""
        self.shown: dict[str, tuple[Alert, Instant]] = {}
        """The firing alerts that are on the list on its word alone."""
        self.unsent: dict[str, Instant] = {}
        """Since when it tells of a firing alert that no Alertmanager has."""
        self.was_pending: set[str] = set()
        self._emptied_at: Instant | None = None
        self.identities: dict[Labels, tuple[str, Labels]] = {}

    @property
    def name(self) -> str:
        return self.watched.name

    def watch(self, watched: Watched) -> None:
        """Take over new settings; what is known is kept."""
        self._label(watched.external_labels)
        self.watched = watched
        for part in (self.alerts, self.rules, self.targets, self.alertmanagers):
            part.limit_s = stale_after_s(watched.interval)

    def take(self, reading: PrometheusReading) -> None:
        """Remember one reading."""
        if not self.alerts.take(reading.alerts, reading.at):
            return
        if self.rules.take(reading.rules, reading.at) and not isinstance(reading.rules, Failure):
            self.rules_by_name = {}
            for rule in reading.rules:
                self.rules_by_name.setdefault(rule.name.exact, []).append(rule)
        self.targets.take(self._held_targets(reading), reading.at)
        if reading.alertmanagers is not None:
            self.alertmanagers.take(reading.alertmanagers, reading.at)
        if self.failures() == () or reading.warnings:
            self.warnings = reading.warnings
        self._label(reading.external_labels)
        self.took = reading.took
        self.version = reading.version or self.version
        if reading.skew is not None:
            self.skew = reading.skew

    def _held_targets(self, reading: PrometheusReading) -> tuple[Target, ...] | Failure:
        """Its targets; while it has none yet after a restart, the known ones as not scraped.

        Service discovery takes a restarted Prometheus about five seconds, in which an empty
        list would take the whole matrix away.
        """
        if isinstance(reading.targets, Failure):
            return reading.targets
        if reading.targets or not self.targets.value:
            self._emptied_at = None
            return reading.targets
        self._emptied_at = self._emptied_at or reading.at
        if reading.at.mono - self._emptied_at.mono > HELD_TARGETS_S:
            return ()
        return tuple(
            msgspec.structs.replace(one, health=TargetHealth.UNKNOWN) for one in self.targets.value
        )

    def _label(self, external: tuple[tuple[str, str], ...]) -> None:
        """Other external labels make other fingerprints: what was shown begins anew."""
        if external and external != self.external:
            self.external = external
            self.identities.clear()
            self.shown.clear()

    def failures(self) -> tuple[Failure, ...]:
        """The present ones, one a part."""
        return present_failures(self.alerts, self.rules, self.targets, self.alertmanagers)

    def is_dead(self, now: Instant) -> bool:
        """It was asked, and its word on alerts is not usable."""
        return self.alerts.tried_at is not None and not self.alerts.is_usable(now)


def present_failures(*parts: Part[Any]) -> tuple[Failure, ...]:
    """The failures of those parts that fail now."""
    return tuple(part.failure for part in parts if part.failure is not None)
