"""What can be asked about one row, and what came back; the asking itself is `inquiry`.

Apart from it, since screens need these words before anything that reaches the network has
been imported.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.model.alert import Rule
from console.model.failure import Failure
from console.model.query import InstantAnswer, RangeAnswer
from console.model.snapshot import KnownAlert, Snapshot
from console.model.worklist import Row
from console.safety.text import Raw


class RuleOf(msgspec.Struct, frozen=True):
    """The rule behind an alert, and the Prometheus that evaluates it."""

    source: str
    rule: Rule


class Trend(msgspec.Struct, frozen=True):
    """What a rule's expression was over the last hour."""

    source: str
    query: str
    """What was asked: the rule's expression, without the comparison where it ends in one."""
    start: datetime
    end: datetime
    step: timedelta
    answer: RangeAnswer | Failure
    """The alert's own series first, where labels tell which that is."""
    mine: int = 0
    """How many of the series are the alert's own."""
    operator: str = ""
    threshold: float | None = None


class ValueNow(msgspec.Struct, frozen=True):
    """What a rule's expression is now."""

    source: str
    query: str
    answer: InstantAnswer | Failure


def rule_of(known: KnownAlert, snapshot: Snapshot) -> RuleOf | None:
    """The rule that made `known`: by its owner where known, by name and labels in any case."""
    best: tuple[int, RuleOf] | None = None
    for held in snapshot.rules:
        for rule in held.rules:
            if rule.name != known.alert.name:
                continue
            fits = (held.source == known.owner) * 2 + known.alert.labels.covers(rule.labels)
            if best is None or fits > best[0]:
                best = (fits, RuleOf(held.source, rule))
    return best[1] if best else None


LONGEST_FOR: Final = timedelta(minutes=15)
"""Of a rule's `for`: more than this is no clue to when it broke."""


def held_before(row: Row, snapshot: Snapshot) -> timedelta:
    """For how long the rule of `row` was true before it fired: what broke did so before that."""
    rule = rule_of(row.alerts[0], snapshot) if row.alerts else None
    return timedelta() if rule is None else min(rule.rule.duration, LONGEST_FOR)


class RuleValue(msgspec.Struct, frozen=True):
    """What stands left of a rule's comparison now, for one alert."""

    source: str
    left: str
    """What the value is of: the expression without its comparison, where it has one."""
    condition: str
    """`== 0`; empty where the expression is no comparison with a number."""
    duration: timedelta
    """The rule's `for`."""
    value: float | None = None
    """`None`: the alert's own series is not there now."""
    holds: bool | None = None
    """Whether the expression is true for the alert now; `None`: not known."""
    partial: bool = False
    failure: Failure | None = None


class Firing(msgspec.Struct, frozen=True):
    """One earlier episode of an alert, as far as a series of points tells."""

    start: datetime
    end: datetime


class Today(msgspec.Struct, frozen=True):
    """How often an alert fired in the last 24 hours, told finely."""

    count: int
    """What fires now is one of them."""
    over: tuple[Firing, ...] = ()
    """Those that have ended, the newest first."""


class PastFirings(msgspec.Struct, frozen=True):
    """When an alert fired before, the newest first; what fires now is not among them."""

    source: str
    window: timedelta
    """How far back was asked; a server may keep less."""
    firings: tuple[Firing, ...] = ()
    today: Today | None = None
    """Also of the episode that goes on, of which a flapping alert has many; `None` where the
    server did not tell."""
    partial: bool = False
    failure: Failure | None = None


class NewVersion(msgspec.Struct, frozen=True):
    """A version that came up within the window."""

    service: str
    what: Raw
    """The metric that told, without `_build_info`."""
    version: Raw
    before: Raw | None
    """The version that was there until then; `None`: none was."""
    at: datetime
    """When it was first seen, to the step of the query."""


class Releases(msgspec.Struct, frozen=True):
    """What `*_build_info` series tell of the versions of some services."""

    window: timedelta
    asked: tuple[str, ...] = ()
    """The services that have such series: of the others nothing is known."""
    versions: tuple[NewVersion, ...] = ()
    """The newest first."""
    partial: bool = False
    failures: tuple[Failure, ...] = ()
