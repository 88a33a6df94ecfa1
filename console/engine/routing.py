"""Alertmanager's routing tree and inhibit rules, matched as Alertmanager matches them.

Sources: dispatch/route.go, inhibit/inhibit.go and pkg/labels of Alertmanager. Only what decides
who is notified and when is kept: of a receiver its name and what kinds of notification it has,
never an option, since some of them are secrets that the server does not hide (a webhook's URL
in 0.25).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

import msgspec

from console.model.alternatives import values_of
from console.model.labels import Labels, Matcher
from console.model.time_interval import Named
from console.safety.pattern import PatternError, compile_pattern
from console.safety.text import Raw

GROUP_WAIT: Final = timedelta(seconds=30)
GROUP_INTERVAL: Final = timedelta(minutes=5)
REPEAT_INTERVAL: Final = timedelta(hours=4)
MOST_SETTLED: Final = 4
"""Expressions that cannot be judged and are tried both ways: 16 walks at most."""
MOST_WAYS: Final = 50
"""Routes that one alert takes at the same time; a tree in which it takes more is not followed."""

# What Python and RE2 read each in their own way, or only one of them reads.
_OTHERWISE: Final = re.compile(r"\[:|\[\[|\[\^\[|\{,|--|&&|~~|\|\||\\[ZzvQEpPCx]|[*+?}]\+")
_UNICODE_CLASSES: Final = re.compile(r"\\[dDwWsSbB]")


class Timer(msgspec.Struct, frozen=True):
    """One of a route's three durations."""

    value: timedelta
    by: str = ""
    """`default`, `inherited`, or empty where the route itself says it."""


class Route(msgspec.Struct, frozen=True):
    """One node of the tree, with what it inherits filled in."""

    matchers: tuple[Matcher, ...]
    """All of them have to match; the root has none."""
    receiver: Raw
    group_by: tuple[str, ...]
    by_all: bool
    """`group_by: ['...']`: every alert is a group of its own."""
    wait: Timer
    interval: Timer
    repeat: Timer
    muted_in: tuple[Raw, ...]
    """`mute_time_intervals`; not inherited."""
    active_in: tuple[Raw, ...]
    """`active_time_intervals`; not inherited."""
    goes_on: bool
    """`continue`: its siblings are tried even where it matches."""
    routes: tuple[Route, ...] = ()

    def group_labels(self, labels: Labels) -> Labels:
        """The labels that name the group of an alert; those that it lacks are left out."""
        if self.by_all:
            return labels
        return Labels({name: labels.exact(name) for name in self.group_by if name in labels})


class Receiver(msgspec.Struct, frozen=True):
    """A receiver without any of its options."""

    name: Raw
    kinds: tuple[tuple[str, int], ...]
    """`slack` and how many of them; only known kinds of notification, safe to show."""


class InhibitRule(msgspec.Struct, frozen=True):
    """While a source fires, targets that agree with it in `equal` are inhibited."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


class Routing(msgspec.Struct, frozen=True):
    """What an Alertmanager's configuration says about who is notified, and when."""

    root: Route
    receivers: tuple[Receiver, ...] = ()
    inhibit_rules: tuple[InhibitRule, ...] = ()
    intervals: tuple[Named, ...] = ()

    def receiver(self, name: Raw) -> Receiver | None:
        """The receiver of that name."""
        return next((one for one in self.receivers if one.name == name), None)


class Way(msgspec.Struct, frozen=True):
    """A path through the tree: the root first, the route that takes the alert last."""

    routes: tuple[Route, ...]

    @property
    def last(self) -> Route:
        """The route that takes the alert."""
        return self.routes[-1]


class Routed(msgspec.Struct, frozen=True):
    """Where the tree sends an alert."""

    ways: tuple[Way, ...]
    """In the order of the tree. Where `unjudged` is not empty these are only possible."""
    unjudged: tuple[Matcher, ...] = ()
    """Regular expressions on which it depends, and which cannot be judged here."""
    settled: tuple[Matcher, ...] = ()
    """Such expressions where only one reading of them leads to whom the server tells."""
    endless: bool = False
    """It takes more ways than are followed."""

    @property
    def receivers(self) -> tuple[Raw, ...]:
        """Their names, one a way, as the server lists them."""
        return tuple(way.last.receiver for way in self.ways)


def routed(root: Route, labels: Labels, told: Iterable[Raw] = ()) -> Routed:
    """The ways that an alert with `labels` takes, as `Route.Match` of Alertmanager finds them.

    Args:
        told: the receivers that the server names. They settle what cannot be judged here,
            where they leave one possibility.
    """
    found = _walked(root, labels, {})
    receivers = frozenset(told)
    if not found.unjudged or not receivers or len(found.unjudged) > MOST_SETTLED:
        return found
    possible: set[tuple[Way, ...]] = set()
    for answers in itertools.product((True, False), repeat=len(found.unjudged)):
        way = _walked(root, labels, dict(zip(found.unjudged, answers, strict=True)))
        if frozenset(way.receivers) == receivers and not way.unjudged and not way.endless:
            possible.add(way.ways)
    if len(possible) == 1:
        return Routed(possible.pop(), settled=found.unjudged)
    return found


def _walked(root: Route, labels: Labels, supposed: Mapping[Matcher, bool]) -> Routed:
    walk = _Walk(labels, supposed)
    ways = walk.ways((root,)) if walk.matches(root) is not False else []
    return Routed(
        tuple(ways[:MOST_WAYS]), tuple(dict.fromkeys(walk.unjudged)), endless=walk.endless
    )


class _Walk:
    def __init__(self, labels: Labels, supposed: Mapping[Matcher, bool]) -> None:
        self._labels = labels
        self._supposed = supposed
        self.unjudged: list[Matcher] = []
        self.endless = False

    def matches(self, route: Route) -> bool | None:
        judged = {one: self._judge(one) for one in route.matchers}
        if False in judged.values():
            return False
        unjudged = [one for one, is_so in judged.items() if is_so is None]
        self.unjudged += unjudged
        return None if unjudged else True

    def _judge(self, matcher: Matcher) -> bool | None:
        supposed = self._supposed.get(matcher)
        return matches(matcher, self._labels) if supposed is None else supposed

    def ways(self, path: tuple[Route, ...]) -> list[Way]:
        """Those below the last route of `path`, which matches; itself where there are none."""
        found: list[Way] = []
        surely = False
        for child in path[-1].routes:
            judged = self.matches(child)
            if judged is False:
                continue
            found += self.ways((*path, child))
            surely = surely or judged is True
            if len(found) > MOST_WAYS:
                self.endless = True
                break
            if judged is True and not child.goes_on:
                break
        return found if surely else [*found, Way(path)]


def matches(matcher: Matcher, labels: Labels) -> bool | None:
    """Whether `matcher` matches an alert with `labels`; `None`: that cannot be judged here.

    A label that is missing is the empty string. Regular expressions match whole values.
    """
    if labels.over_cap:
        return None  # the value that the server sees has been cut, or is not there at all
    value = labels.exact(matcher.name)
    if not matcher.is_regex:
        return (value == matcher.value.exact) is matcher.is_equal
    found = _regex_matches(matcher.value.exact, value)
    return None if found is None else found is matcher.is_equal


def matches_all(matchers: Iterable[Matcher], labels: Labels) -> bool | None:
    """Whether all of `matchers` match; one that surely does not outweighs what is unknown."""
    judged = [matches(one, labels) for one in matchers]
    if False in judged:
        return False
    return None if None in judged else True


def _regex_matches(pattern: str, value: str) -> bool | None:
    """Whether an RE2 pattern matches all of `value`, where Python surely sees it alike."""
    listed = values_of(pattern)
    if listed is not None:
        return value in listed  # of any length, and without a compiler
    if _OTHERWISE.search(pattern) or "\n" in value:
        return None  # a line break: `.` and `$` differ
    if not value.isascii() and _UNICODE_CLASSES.search(pattern):
        return None
    try:
        compiled = compile_pattern(pattern)
    except PatternError:
        return None
    return compiled.matches_whole(value) if compiled.reads_whole(value) else None


def rule_that_inhibits(
    rules: Iterable[InhibitRule], source: Labels, target: Labels
) -> tuple[InhibitRule | None, bool]:
    """The first rule by which `source` inhibits `target`, and whether that is sure.

    An alert that both sides of a rule match is not inhibited by another such one.
    """
    maybe: InhibitRule | None = None
    for rule in rules:
        if any(source.exact(name) != target.exact(name) for name in rule.equal):
            continue
        sides = (matches_all(rule.source, source), matches_all(rule.target, target))
        crossed = (matches_all(rule.source, target), matches_all(rule.target, source))
        if False in sides or crossed == (True, True):
            continue
        if None not in sides and False in crossed:
            return rule, True
        maybe = maybe or rule
    return maybe, False
