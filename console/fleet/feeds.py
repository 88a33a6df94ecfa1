"""How well each source feeds the cells just now: worked out once a snapshot, not once a cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from console.fleet.cluster import ClusterMemory
from console.fleet.memory import Part, PrometheusMemory
from console.fleet.state import Feed
from console.model.alert import RuleHealth
from console.model.registry import Service
from console.safety.clock import Instant


class Word(msgspec.Struct, frozen=True):
    """What a source is good for, and why it is not where it is not."""

    feed: Feed
    why: str = ""


class Feeds(msgspec.Struct, frozen=True):
    """All sources of alerts and targets. Equal while nothing of note has changed."""

    alerts: tuple[tuple[str, Word], ...]
    """By Prometheus: its alerts and rules."""
    targets: tuple[tuple[str, Word], ...]
    """By Prometheus: its targets."""
    partial: frozenset[str]
    """Prometheus servers that warned of a partial result."""
    clusters: Word
    """The worst of the Alertmanager clusters; GOOD where there is none."""


def feeds_of(
    clusters: Mapping[str, ClusterMemory], proms: Mapping[str, PrometheusMemory], now: Instant
) -> Feeds:
    """How all sources are at `now`."""
    return Feeds(
        tuple(
            (name, worst([_word(name, prom.alerts, now), _word(name, prom.rules, now)]))
            for name, prom in proms.items()
        ),
        tuple((name, _word(name, prom.targets, now)) for name, prom in proms.items()),
        frozenset(name for name, prom in proms.items() if prom.warnings),
        worst(_cluster_word(name, one, now) for name, one in clusters.items()),
    )


def feed_of_alerts(
    service: Service,
    feeds: Feeds,
    scraped_by: Iterable[str],
    proms: Mapping[str, PrometheusMemory],
) -> Word:
    """Whether somebody would tell, were an alert about `service` to fire.

    `scraped_by` are the Prometheus servers whose targets feed it. An alert that it lists is
    told by whoever has the rule; where no rule is known to be of that name nobody is.
    """
    words = dict(feeds.alerts)
    telling = dict.fromkeys(scraped_by)
    found = [words[name] for name in telling if name in words]
    for alertname in service.alerts:
        having = [
            name
            for name, prom in proms.items()
            if prom.rules.value is None or alertname in prom.rules_by_name
        ]
        well = [name for name in having if words[name].feed is Feed.GOOD]
        found.extend(words[name] for name in well or having)
        for name in well:
            if any(one.health is RuleHealth.ERR for one in proms[name].rules_by_name[alertname]):
                found.append(Word(Feed.UNKNOWN, f"{name} cannot evaluate one of its rules"))
    if not found:
        silent = service.alerts and feeds.clusters.feed is not Feed.GOOD
        return feeds.clusters if silent else Word(Feed.NOT_FED)
    return worst([*found, feeds.clusters])


def worst(words: Iterable[Word]) -> Word:
    """The word that decides; GOOD where there is none."""
    return min(words, key=lambda word: _ORDER[word.feed], default=Word(Feed.GOOD))


_ORDER = {feed: place for place, feed in enumerate(Feed)}


def _word(name: str, part: Part[Any], now: Instant) -> Word:
    if part.tried_at is None:
        return Word(Feed.UNKNOWN, f"{name} has not been asked yet")
    if part.failure is not None:
        return Word(Feed.UNKNOWN, f"{name}: {part.failure.cause}")
    if part.is_old(now):
        return Word(Feed.STALE, f"the last answer of {name} is too old")
    return Word(Feed.GOOD)


def _cluster_word(name: str, cluster: ClusterMemory, now: Instant) -> Word:
    if cluster.live(now):
        return Word(Feed.GOOD)
    words = [_word(name, member.alerts, now) for member in cluster.members.values()]
    return worst(words) if words else Word(Feed.UNKNOWN, f"{name} has not been asked yet")
