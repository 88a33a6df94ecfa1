"""What can be asked about one row, and what came back; the asking itself is `inquiry`.

Apart from it, since screens need these words before anything that reaches the network has
been imported.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from console.model.alert import Rule
from console.model.failure import Failure
from console.model.query import InstantAnswer, RangeAnswer
from console.model.snapshot import KnownAlert, Snapshot


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
