"""What each source said last, since when it is well, and since when it is not.

A failed poll changes nothing of what was known: it only adds the failure beside it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from console.model.alert import Alert, AlertGroup, ClusterStatus, Rule, RuleAlert, Silence, Target
from console.model.failure import Failure
from console.model.labels import Labels
from console.model.reading import AlertmanagerReading, PrometheusReading
from console.model.snapshot import Watched
from console.safety.clock import Instant
from console.safety.text import Raw

STALE_FLOOR_S = 60.0
MATURE_AFTER = timedelta(minutes=5)
"""A restarted Alertmanager starts with an empty list; senders repeat themselves within this."""

Answer = TypeVar("Answer")


def stale_after_s(interval: timedelta) -> float:
    """How old an answer may be before it is stale: two intervals, and 60 s at least."""
    return max(2 * interval.total_seconds(), STALE_FLOOR_S)


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

    __slots__ = ("absent_at", "alert", "last_seen", "member", "owner", "restored")

    def __init__(
        self,
        alert: Alert,
        last_seen: Instant,
        absent_at: Instant,
        *,
        member: str = "",
        owner: str | None = None,
        restored: bool = False,
    ) -> None:
        self.alert = alert
        self.last_seen = last_seen
        self.absent_at = absent_at
        """When a usable answer without it came first."""
        self.member = member
        self.owner = owner
        self.restored = restored
        """It vanished while no console was looking."""


class MemberMemory:
    """One Alertmanager."""

    def __init__(self, name: str, interval: timedelta) -> None:
        self.name = name
        self.alerts: Part[tuple[Alert, ...]] = Part(interval)
        self.silences: Part[tuple[Silence, ...]] = Part(interval)
        self.status: Part[ClusterStatus] = Part(interval)
        self.groups: Part[tuple[AlertGroup, ...]] = Part(interval)
        self.current: dict[str, Alert] = {}
        """By fingerprint: its last usable list."""
        self.muted: dict[str, tuple[Raw, ...]] = {}
        self.skew: timedelta | None = None
        self.took: timedelta | None = None

    def failures(self) -> tuple[Failure, ...]:
        """The present ones, one a part."""
        return _failures(self.alerts, self.silences, self.status, self.groups)

    def server_time(self) -> datetime | None:
        """What its clock showed when it last told its alerts."""
        if self.alerts.as_of is None:
            return None
        return self.alerts.as_of.wall + (self.skew or timedelta())

    def why_immature(self) -> str:
        """Why what it does not list proves nothing; empty when it does prove something."""
        status = self.status.value
        if status is None or self.status.failure is not None or status.started_at is None:
            return "does not tell since when it is up"
        if status.gossip == "settling":
            return "is settling"
        seen_at = self.server_time()
        if seen_at is None or seen_at - status.started_at <= MATURE_AFTER:
            return "restarted less than 5 min before"
        return ""


class ClusterMemory:
    """One Alertmanager cluster: its members, and the alerts that its members dropped."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.members = {name: MemberMemory(name, watched.interval) for name in watched.members}
        self.missing: dict[str, Missing] = {}
        self.restored: dict[str, tuple[Alert, Instant]] = {}
        """What an earlier console saved: believed until a member answers."""
        self.unlisted_since: dict[str, Instant] = {}
        """While no member answers: since when the owner no longer lists an alert."""

    def watch(self, watched: Watched) -> None:
        """Take over new settings; what is known of members that stay is kept."""
        self.watched = watched
        if watched.members:
            kept = {name: self.members.get(name) for name in watched.members}
            self.members = {
                name: known or MemberMemory(name, watched.interval) for name, known in kept.items()
            }
        for member in self.members.values():
            for part in (member.alerts, member.silences, member.status, member.groups):
                part.limit_s = stale_after_s(watched.interval)

    def take(self, reading: AlertmanagerReading) -> None:
        """Remember one member's reading, and which alerts it no longer has."""
        member = self.members.get(reading.member)
        if member is None:
            member = MemberMemory(reading.member, self.watched.interval)
            self.members[reading.member] = member
        member.status.take(reading.status, reading.at)
        member.silences.take(reading.silences, reading.at)
        if reading.groups is not None and member.groups.take(reading.groups, reading.at):
            _remember_muted(member, reading.groups)
        member.took = reading.took
        if reading.skew is not None:
            member.skew = reading.skew
        last_seen = member.alerts.as_of
        if member.alerts.take(reading.alerts, reading.at) and not isinstance(
            reading.alerts, Failure
        ):
            self._replace(member, reading.alerts, last_seen, reading.at)

    def _replace(
        self, member: MemberMemory, alerts: tuple[Alert, ...], seen: Instant | None, at: Instant
    ) -> None:
        before, member.current = member.current, {one.fingerprint: one for one in alerts}
        self.unlisted_since.clear()
        if seen is not None:
            for fingerprint in before.keys() - member.current.keys():
                known = self.missing.get(fingerprint)
                if known is None or known.last_seen.mono < seen.mono:
                    self.missing[fingerprint] = Missing(
                        before[fingerprint], seen, at, member=member.name
                    )
        for fingerprint, (alert, saved_at) in self.restored.items():
            if fingerprint not in member.current and fingerprint not in self.missing:
                self.missing[fingerprint] = Missing(
                    alert, saved_at, at, member=member.name, restored=True
                )
        self.restored.clear()

    def live(self, now: Instant) -> list[MemberMemory]:
        """The members whose last word on alerts is usable."""
        return [one for one in self.members.values() if one.alerts.is_usable(now)]

    def was_asked(self) -> bool:
        """Every member has answered or failed once."""
        return bool(self.members) and all(
            one.alerts.tried_at is not None for one in self.members.values()
        )

    def is_dead(self, now: Instant) -> bool:
        """It was asked, and nobody there gives a usable answer."""
        tried = any(one.alerts.tried_at is not None for one in self.members.values())
        return tried and not self.live(now)

    def forget(self, fingerprint: str) -> None:
        """Drop an alert whose end is proven, also from members that do not answer."""
        self.missing.pop(fingerprint, None)
        self.restored.pop(fingerprint, None)
        self.unlisted_since.pop(fingerprint, None)
        for member in self.members.values():
            member.current.pop(fingerprint, None)

    def silences(self) -> dict[str, Silence]:
        """By id, over all members; the newest word on each."""
        known: dict[str, Silence] = {}
        for member in sorted(self.members.values(), key=_silences_at):
            known.update((silence.id, silence) for silence in member.silences.value or ())
        return known


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
        self.rules_by_name: dict[str, list[Rule]] = {}
        self.missing: dict[str, Missing] = {}
        """Alerts that only it told of and that it no longer lists."""
        self.shown: dict[str, tuple[Alert, Instant]] = {}
        """The firing alerts that are on the list on its word alone."""
        self.unsent: dict[str, Instant] = {}
        """Since when it tells of a firing alert that no Alertmanager has."""
        self.was_pending: set[str] = set()
        self.identities: dict[Labels, tuple[str, Labels]] = {}

    @property
    def name(self) -> str:
        return self.watched.name

    def watch(self, watched: Watched) -> None:
        """Take over new settings; what is known is kept."""
        if watched.external_labels and watched.external_labels != self.external:
            self.external = watched.external_labels
            self.identities.clear()
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
        self.targets.take(reading.targets, reading.at)
        if reading.alertmanagers is not None:
            self.alertmanagers.take(reading.alertmanagers, reading.at)
        if self.failures() == () or reading.warnings:
            self.warnings = reading.warnings
        if reading.external_labels and reading.external_labels != self.external:
            self.external = reading.external_labels
            self.identities.clear()
        self.took = reading.took
        if reading.skew is not None:
            self.skew = reading.skew

    def failures(self) -> tuple[Failure, ...]:
        """The present ones, one a part."""
        return _failures(self.alerts, self.rules, self.targets, self.alertmanagers)

    def is_dead(self, now: Instant) -> bool:
        """It was asked, and its word on alerts is not usable."""
        return self.alerts.tried_at is not None and not self.alerts.is_usable(now)


def _failures(*parts: Part[Any]) -> tuple[Failure, ...]:
    return tuple(part.failure for part in parts if part.failure is not None)


def _silences_at(member: MemberMemory) -> float:
    return float("-inf") if member.silences.as_of is None else member.silences.as_of.mono


def _remember_muted(member: MemberMemory, groups: tuple[AlertGroup, ...] | Failure) -> None:
    if not isinstance(groups, Failure):
        member.muted = {
            fingerprint: names for group in groups for fingerprint, names in group.muted
        }
