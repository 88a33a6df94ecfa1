"""The alert that must always fire: it is missed when it is gone, and listed nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from console.fleet.cluster import ClusterMemory
from console.fleet.memory import PrometheusMemory, mono
from console.fleet.standing import covers
from console.model.alert import Alert
from console.model.labels import Labels, Matcher
from console.model.policy import Policy
from console.model.snapshot import Badge, BadgeKind, Standing
from console.safety.clock import Instant


class Sighting(msgspec.Struct, frozen=True):
    """A watchdog that was told by a source that answers."""

    labels: Labels
    holder: str
    """The Alertmanager cluster or the Prometheus that told of it."""
    owner: str | None
    as_of: Instant
    standing: Standing = Standing.FIRING

    @classmethod
    def of(
        cls, alert: Alert, holder: str, owner: str | None, as_of: Instant, standing: Standing
    ) -> Sighting:
        """What an Alertmanager told."""
        return cls(alert.labels, holder, owner, as_of, standing)


class Watchdogs:
    """Tells watchdogs from alerts that somebody has to work on."""

    def __init__(self, policy: Policy) -> None:
        self.entries = policy.watchdogs
        self.by_rule = policy.watchdogs_by_rule
        self._names = {
            matcher.value.exact
            for _, matchers in policy.watchdogs
            for matcher in matchers
            if matcher.name == "alertname" and matcher.is_equal and not matcher.is_regex
        }
        self._by_name_only = all(
            any(m.name == "alertname" and m.is_equal and not m.is_regex for m in matchers)
            for _, matchers in policy.watchdogs
        )

    def is_one(self, labels: Labels) -> bool:
        """Whether some source's watchdog looks like this."""
        if not self.entries:
            return False
        if self._by_name_only and labels.exact("alertname") not in self._names:
            return False
        return any(covers(matchers, labels) for _, matchers in self.entries)


class WatchdogMemory:
    """Since when each source's watchdog is missing."""

    def __init__(self) -> None:
        self._absent_since: dict[str, Instant] = {}

    def badges(
        self,
        watchdogs: Watchdogs,
        sightings: Iterable[Sighting],
        clusters: Mapping[str, ClusterMemory],
        proms: Mapping[str, PrometheusMemory],
        now: Instant,
    ) -> list[Badge]:
        """One badge for each watchdog that is missing for two intervals, or is silenced.

        It has to have arrived where alerts are sent from. While no Alertmanager answers the
        word of the Prometheus itself is taken, and while nobody answers nothing is said.
        """
        seen = list(sightings)
        badges = []
        for source, matchers in watchdogs.entries:
            prom = proms.get(source)
            if prom is None or (watchdogs.by_rule and not _has_rule(prom, matchers)):
                continue
            mine = [one for one in seen if one.owner in (source, None)]
            mine = [one for one in mine if covers(matchers, one.labels)]
            badge = self._badge(prom, matchers, mine, clusters, now)
            if badge is not None:
                badges.append(badge)
        return badges

    def _badge(
        self,
        prom: PrometheusMemory,
        matchers: tuple[Matcher, ...],
        seen: list[Sighting],
        clusters: Mapping[str, ClusterMemory],
        now: Instant,
    ) -> Badge | None:
        holders = _asked_at(clusters, now) or _asked_at({prom.name: prom}, now)
        told = [one for one in seen if one.holder in holders]
        if told:
            self._absent_since.pop(prom.name, None)
            if any(one.standing is not Standing.FIRING for one in told):
                text = f"watchdog silenced: {prom.name}"
                return Badge(BadgeKind.WATCHDOG, prom.name, text, is_row=True)
            return None
        if holders:
            self._absent_since.setdefault(prom.name, min(holders.values(), key=mono))
        since = self._absent_since.get(prom.name)
        if since is None:
            return None
        absent_s = max((at.mono for at in holders.values()), default=now.mono) - since.mono
        if absent_s <= 2 * prom.watched.interval.total_seconds():
            return None
        return Badge(
            BadgeKind.WATCHDOG, prom.name, _words(prom, matchers, seen), since.wall, is_row=True
        )


def _words(prom: PrometheusMemory, matchers: tuple[Matcher, ...], seen: list[Sighting]) -> str:
    if any(one.holder == prom.name for one in seen):
        return f"watchdog of {prom.name} does not reach Alertmanager"
    has_rules = prom.rules.value is not None and prom.rules.failure is None
    if has_rules and not _has_rule(prom, matchers):
        return f"watchdog missing: {prom.name} has no such rule"
    return f"watchdog missing: {prom.name}"


def _has_rule(prom: PrometheusMemory, matchers: tuple[Matcher, ...]) -> bool:
    """Whether a rule could make this watchdog, as far as its name tells."""
    names = {one.value.exact for one in matchers if one.name == "alertname" and one.is_equal}
    return not names or not names.isdisjoint(prom.rules_by_name)


def _asked_at(
    sources: Mapping[str, ClusterMemory] | Mapping[str, PrometheusMemory], now: Instant
) -> dict[str, Instant]:
    """When those that answer now were asked."""
    asked: dict[str, Instant] = {}
    for name, source in sources.items():
        if isinstance(source, ClusterMemory):
            times = [one.alerts.as_of for one in source.live(now) if one.alerts.as_of]
        else:
            usable = source.alerts.is_usable(now) and source.alerts.as_of is not None
            times = [source.alerts.as_of] if usable and source.alerts.as_of else []
        if times:
            asked[name] = max(times, key=mono)
    return asked
