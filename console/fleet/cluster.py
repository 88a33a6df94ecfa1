"""What an Alertmanager cluster said last, member by member, and what its members dropped."""

from __future__ import annotations

from datetime import datetime, timedelta

from console.fleet.memory import Missing, Part, present_failures, stale_after_s
from console.model.alert import Alert, AlertGroup, ClusterStatus, Silence
from console.model.failure import Failure
from console.model.reading import AlertmanagerReading
from console.model.snapshot import Watched
from console.safety.clock import Instant
from console.safety.text import Raw

ENDED_FOR = timedelta(hours=1)
"""How long a silence that ended is still named on what it let through."""
MATURE_AFTER = timedelta(minutes=5)
"""A restarted Alertmanager starts with an empty list; senders repeat themselves within this."""


class MemberMemory:
    """One Alertmanager."""

    def __init__(self, name: str, interval: timedelta) -> None:
        self.name = name
        self.alerts: Part[tuple[Alert, ...]] = Part(interval)
        self.silences: Part[tuple[Silence, ...]] = Part(interval)
        self.ended: tuple[Silence, ...] = ()
        """Those that it last listed as ended within the hour."""
        self.status: Part[ClusterStatus] = Part(interval)
        self.groups: Part[tuple[AlertGroup, ...]] = Part(interval)
        self.current: dict[str, Alert] = {}
        """By fingerprint: its last usable list."""
        self.muted: dict[str, tuple[Raw, ...]] = {}
        self.skew: timedelta | None = None
        self.took: timedelta | None = None

    def failures(self) -> tuple[Failure, ...]:
        """The present ones, one a part."""
        return present_failures(self.alerts, self.silences, self.status, self.groups)

    def server_time(self) -> datetime | None:
        """What its clock showed when it last told its alerts."""
        if self.alerts.as_of is None:
            return None
        return self.alerts.as_of.wall + (self.skew or timedelta())

    @property
    def started_at(self) -> datetime | None:
        """When it says that it was started; `None` where it does not tell."""
        return None if self.status.value is None else self.status.value.started_at

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
        self.restored_silences: dict[str, Silence] = {}
        """What an earlier console saved: believed until a member tells its own."""
        self._silences: dict[str, Silence] | None = None

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
        if member.silences.take(reading.silences, reading.at):
            member.ended = reading.ended
        self._silences = None
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

    @property
    def limit_s(self) -> float:
        """How old its word may be before it is stale."""
        return stale_after_s(self.watched.interval)

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
        if all(member.silences.value is None for member in self.members.values()):
            return self.restored_silences
        if self._silences is None:
            self._silences = {}
            for member in sorted(self.members.values(), key=_silences_at):
                self._silences.update((one.id, one) for one in member.silences.value or ())
        return self._silences

    def ended(self, now: Instant) -> tuple[Silence, ...]:
        """Silences that ended within the last hour, over all members, the latest first."""
        found = {one.id: one for member in self.members.values() for one in member.ended}
        running = self.silences()
        kept = [
            one
            for one in found.values()
            if one.id not in running and now.wall - one.ends_at <= ENDED_FOR
        ]
        return tuple(sorted(kept, key=lambda one: one.ends_at, reverse=True))


def _silences_at(member: MemberMemory) -> float:
    return float("-inf") if member.silences.as_of is None else member.silences.as_of.mono


def _remember_muted(member: MemberMemory, groups: tuple[AlertGroup, ...] | Failure) -> None:
    if not isinstance(groups, Failure):
        member.muted = {
            fingerprint: names for group in groups for fingerprint, names in group.muted
        }
