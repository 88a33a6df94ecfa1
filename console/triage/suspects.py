"""Which labels explain a storm: what its alerts share and the rest of the world does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from console.model.alert import Target, TargetHealth
from console.model.labels import Labels
from console.model.worklist import Suspect
from console.safety.text import Raw

Pair = tuple[str, str]

EXPLAINED: Final = 0.9
"""Rows are made until they hold this share of the storm."""
SMALLEST: Final = 0.05
"""What fewer than this share of the storm's alerts carry explains nothing."""
_AT_LEAST: Final = 3
_MOST_ROWS: Final = 5
_LISTED: Final = 5
_LEAST_LIFT: Final = 0.3

# By name alone: what says what an alert is, not what broke; and what is usually one for a whole
# installation, which shows only when there is something outside the storm to compare with.
_WEIGHTS: Final = {
    "severity": 0.0, "priority": 0.0, "alertname": 0.3,
    "team": 0.5, "owner": 0.5, "env": 0.5, "environment": 0.5, "stage": 0.5, "tier": 0.5,
    "monitor": 0.5, "prometheus": 0.5, "tenant_id": 0.5, "region": 0.7, "cluster": 0.7,
}  # fmt: skip
_UNSCRAPED: Final = 0.5

# Between labels that explain equally much, the one that names the thing to walk to.
_PLACES: Final = (
    "rack", "switch", "hypervisor", "host", "node", "nodename", "instance", "service", "app",
    "deployment", "namespace", "zone", "availability_zone", "datacenter", "dc", "job",
)  # fmt: skip
_PLACE: Final = {name: number for number, name in enumerate(_PLACES)}


class Background(msgspec.Struct, frozen=True):
    """The hosts that are well, and what their scrape targets carry: what a storm spared.

    Counted by host, since a rack with a thousand targets is one rack all the same, and a host
    of which one target is down is no witness.
    """

    scraped: Counter[Pair]
    """How many of the hosts have a target that carries a pair."""
    names: frozenset[str]
    """Names of the labels that targets have."""
    hosts: int

    @classmethod
    def of(cls, targets: Iterable[Target]) -> Background:
        """The background that these targets make."""
        well: dict[str, set[Pair]] = {}
        names: set[str] = set()
        sick: set[str] = set()
        for target in targets:
            labels = target.labels
            names.update(labels)
            host = _host_of(labels)
            if target.health is TargetHealth.UP:
                well.setdefault(host, set()).update(labels.exact_items())
            else:
                sick.add(host)
        scraped: Counter[Pair] = Counter()
        for host, pairs in well.items():
            if host not in sick:
                scraped.update(pairs)
        return cls(scraped, frozenset(names), len(well.keys() - sick))


class Ranking:
    """The label pairs of one storm, weighed."""

    def __init__(
        self,
        storm: Sequence[Labels],
        outside: Sequence[Labels],
        background: Background,
        ignored: frozenset[str],
    ) -> None:
        self._storm = storm
        self._inside = _counted(storm)
        self._outside = _counted(outside)
        self._outside_total = len(outside)
        self._background = background
        least = max(_AT_LEAST, SMALLEST * len(storm))
        self._weights: dict[Pair, float] = {}
        for pair, count in self._inside.items():
            if count >= least and pair[0] not in ignored and pair[1]:
                weight = self._weight(pair, count)
                if weight > 0:
                    self._weights[pair] = weight

    def score(self, pair: Pair) -> float:
        """How well a pair explains the storm, 0 to 1."""
        if not self._storm:
            return 0.0
        return self._weights.get(pair, 0.0) * self._inside[pair] / len(self._storm)

    def rows(self) -> tuple[Pair, ...]:
        """The pairs over which rows are made, the best first, until enough is explained."""
        left = self._storm
        counts = self._inside
        chosen: list[Pair] = []
        enough = (1 - EXPLAINED) * len(self._storm)
        least = max(_AT_LEAST, SMALLEST * len(self._storm))
        while self._weights and len(left) > enough and len(chosen) < _MOST_ROWS:
            name, value = best = self._best(counts)
            if counts[best] < least:
                break
            chosen.append(best)
            left = [labels for labels in left if labels.exact(name) != value]
            counts = _counted(left)
        return tuple(chosen)

    def explained(self, pairs: Sequence[Pair]) -> float:
        """The share of the storm that carries one of `pairs`."""
        if not self._storm:
            return 1.0
        held = sum(
            any(labels.exact(name) == value for name, value in pairs) for labels in self._storm
        )
        return held / len(self._storm)

    def suspects(self, chosen: Sequence[Pair]) -> tuple[Suspect, ...]:
        """Those that rows are made over, then the best of the others."""
        others = sorted(
            (pair for pair in self._weights if pair not in chosen),
            key=lambda pair: self._rank(pair, self._inside[pair]),
            reverse=True,
        )
        listed = [*chosen, *others[: max(0, _LISTED - len(chosen))]]
        return tuple([
            Suspect(name, Raw(value), self._inside[name, value], len(self._storm),
                    self._outside[name, value])
            for name, value in listed
        ])  # fmt: skip

    def _best(self, counts: Counter[Pair]) -> Pair:
        return max(self._weights, key=lambda pair: self._rank(pair, counts[pair]))

    def _weight(self, pair: Pair, count: int) -> float:
        """Of what the pair explains, the part that counts: little if it is common elsewhere."""
        name = pair[0]
        lift = 1.0 - self._share_outside(pair) * len(self._storm) / count
        if lift < _LEAST_LIFT:
            return 0.0
        weight = _WEIGHTS.get(name, 1.0)
        if self._background.names and name not in self._background.names:
            # Written by a rule or added on the way out: true of many things that are well too.
            weight = min(weight, _UNSCRAPED)
        return weight * lift

    def _share_outside(self, pair: Pair) -> float:
        total = self._outside_total
        carry = self._outside[pair]
        if pair[0] in self._background.names:
            total += self._background.hosts
            carry += self._background.scraped[pair]
        return carry / total if total else 0.0

    def _rank(self, pair: Pair, count: int) -> tuple[float, int, str, str]:
        score = round(self._weights[pair] * count, 3)
        return score, -_PLACE.get(pair[0], 8), pair[0], pair[1]


def _counted(sets: Iterable[Labels]) -> Counter[Pair]:
    counts: Counter[Pair] = Counter()
    for labels in sets:
        counts.update(labels.exact_items())
    return counts


def _host_of(labels: Labels) -> str:
    for name in ("host", "node", "nodename"):
        if labels.exact(name):
            return labels.exact(name)
    instance = labels.exact("instance")
    return instance.rpartition(":")[0] or instance
