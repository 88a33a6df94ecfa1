"""The matchers of a silence that is an ack, in karma's form, and what they reach.

karma (`AlertAck`, `SilenceFormStore.ts`): one matcher for each label that all alerts have; one
value is an equal matcher, several are `(a|b)`, sorted, with regex characters escaped. Nothing
else is made here, so that whether an alert is matched can be told without RE2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote_plus

import msgspec

from console.model.alternatives import escaped, one_of
from console.model.labels import Labels, Matcher
from console.safety.text import Raw

MANY_VALUES: Final = 50
"""More than these are not listed in one matcher."""
MAX_CHARS: Final = 48_000
"""Of one matcher as a query has it; httpx sends no address of more than 65,536."""

_LONGER: Final = 12
"""What a character may become at most: a backslash, escaped twice and encoded."""


class Reach(msgspec.Struct, frozen=True):
    """The values that each of some labels may have; an absent label has the empty one."""

    allowed: tuple[tuple[str, frozenset[str]], ...]
    """By label name, sorted."""

    def matches(self, labels: Labels) -> bool:
        """Whether a silence of these matchers mutes an alert with `labels`."""
        exact = labels.exact
        # A loop, since `all()` over a generator takes twice as long, for every alert there is.
        for name, values in self.allowed:  # noqa: SIM110
            if exact(name) not in values:
                return False
        return True

    def values_of(self, name: str) -> frozenset[str] | None:
        """The values that the label may have; `None` where it may have any."""
        return next((values for each, values in self.allowed if each == name), None)

    @property
    def names(self) -> frozenset[str]:
        """The labels that it asks for."""
        return frozenset(name for name, _ in self.allowed)

    @property
    def is_a_silence(self) -> bool:
        """Whether Alertmanager takes it: one that matches an alert without labels it refuses."""
        return any("" not in values for _, values in self.allowed)

    @property
    def too_long(self) -> tuple[str, ...]:
        """Labels with more values than one matcher should list."""
        return tuple(name for name, values in self.allowed if not fits(values))

    def without(self, names: Iterable[str]) -> Reach:
        """The same with any value for `names`."""
        left_out = frozenset(names)
        return Reach(tuple(each for each in self.allowed if each[0] not in left_out))

    def blank(self, names: Iterable[str]) -> Reach:
        """The same, only for alerts that lack the labels `names`."""
        more = ((name, frozenset([""])) for name in names)
        return Reach(tuple(sorted((*self.allowed, *more), key=lambda each: each[0])))

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        """As they are posted."""
        return tuple(_matcher(name, values) for name, values in self.allowed)


def reach_of(alerts: Sequence[Labels], leave_out: frozenset[str] = frozenset()) -> Reach:
    """All values of the labels that every one of `alerts` has, less those of `leave_out`."""
    names = set(alerts[0])
    for labels in alerts:
        names.intersection_update(labels)
    names -= leave_out
    return Reach(
        tuple(
            (name, frozenset([labels.exact(name) for labels in alerts])) for name in sorted(names)
        )
    )


def fits(values: Iterable[str]) -> bool:
    """Whether one matcher can list `values`."""
    listed = list(values)
    if len(listed) <= 1:
        return True
    if len(listed) > MANY_VALUES:
        return False
    if sum(map(len, listed)) * _LONGER < MAX_CHARS:
        return True
    return sum(map(_cost, listed)) <= MAX_CHARS


def runs(values: Sequence[str]) -> list[list[str]]:
    """`values` cut into as few runs as one matcher each can list."""
    found: list[list[str]] = []
    cost = 0
    for value in values:
        more = _cost(value)
        if not found or len(found[-1]) >= MANY_VALUES or cost + more > MAX_CHARS:
            found.append([])
            cost = 0
        found[-1].append(value)
        cost += more
    return found


def _cost(value: str) -> int:
    in_query = escaped(value).replace("\\", "\\\\").replace('"', '\\"')
    return len(quote_plus(in_query, errors="replace")) + len("%7C")


def _matcher(name: str, values: frozenset[str]) -> Matcher:
    if len(values) == 1:
        (value,) = values
        return Matcher(name, Raw(value))
    return Matcher(name, Raw(one_of(sorted(values))), is_regex=True)
