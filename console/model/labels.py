"""Label and annotation sets, and matchers over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from console.safety.text import Raw, quoted

EMPTY = Raw("")


class Labels(Mapping[str, Raw]):
    """An immutable set of labels or annotations: name to value, both from outside.

    A missing label reads as the empty string, as Alertmanager and Prometheus have it: use
    `value_of`. Names are plain strings, since they are looked up by name; showing one goes
    through `visible()` all the same.
    """

    __slots__ = ("_hash", "_values", "over_cap")

    def __init__(self, values: Mapping[str, str], *, over_cap: bool = False) -> None:
        self._values: dict[str, str] = dict(values)
        self._hash: int | None = None
        self.over_cap = over_cap
        """Some value, or their number, was past the caps at ingest and has been cut."""

    def __getitem__(self, name: str) -> Raw:
        return Raw(self._values[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels) and other._values == self._values

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._values.items()))
        return self._hash

    def value_of(self, name: str) -> Raw:
        """The label's value; empty where the label is missing."""
        value = self._values.get(name)
        return EMPTY if value is None else Raw(value)

    def exact(self, name: str) -> str:
        """The true value for joins and matchers; empty where the label is missing."""
        return self._values.get(name, "")

    def exact_items(self) -> Iterator[tuple[str, str]]:
        """Every name with its true value, for joins and matchers."""
        return iter(self._values.items())

    def without(self, names: frozenset[str]) -> Labels:
        """The same labels less those named."""
        if names.isdisjoint(self._values):
            return self
        kept = {name: value for name, value in self._values.items() if name not in names}
        return Labels(kept, over_cap=self.over_cap)

    def covers(self, subset: Labels) -> bool:
        """Whether every label of `subset` stands here with the same value.

        Prometheus' own API leaves external labels out, Alertmanager's has them: a rule's
        alert and the one it sent are joined on the subset.
        """
        mine = self._values
        return all(mine.get(name) == value for name, value in subset._values.items())

    @property
    def written(self) -> Raw:
        """As PromQL and `amtool` write it, quoted and sorted: `{instance="a", job="b"}`."""
        pairs = (f"{name}={quoted(value)}" for name, value in sorted(self._values.items()))
        return Raw("{" + ", ".join(pairs) + "}")

    def __repr__(self) -> str:
        return f"Labels({len(self._values)} labels)"


class Matcher(msgspec.Struct, frozen=True):
    """One matcher of a silence or a filter: `name = value`, `!=`, `=~` or `!~`."""

    name: str
    value: Raw
    is_regex: bool = False
    is_equal: bool = True

    @property
    def operator(self) -> str:
        """`=`, `!=`, `=~` or `!~`."""
        if self.is_regex:
            return "=~" if self.is_equal else "!~"
        return "=" if self.is_equal else "!="

    @property
    def written(self) -> Raw:
        """As Alertmanager writes it, quoted: `job=~"api|worker"`."""
        return Raw(f"{self.name}{self.operator}{quoted(self.value)}")
