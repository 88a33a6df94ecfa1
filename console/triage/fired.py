"""How often alerts began to fire: counted by Prometheus' series, else by this console."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from console.model.snapshot import FiredCount, KnownAlert, Snapshot

_NOT_OF_THE_ALERT: Final = frozenset({"__name__", "alertstate"})

_Values = tuple[str, ...]
_BySource = dict[str, int]
_Shape = tuple[tuple[str, ...], dict[_Values, _BySource]]


class FiredIndex:
    """Finds the count of an alert among thousands, by the labels that its series has.

    A series lacks the external labels that an alert was sent with. All series of one alert
    name have the same few sets of label names, so that each set is one look into a table.
    """

    def __init__(
        self, counts: Iterable[FiredCount] = (), seen: Iterable[tuple[str, int]] = ()
    ) -> None:
        """`seen`: fingerprints, and how often this console saw them begin to fire."""
        self._seen = dict(seen)
        self._shapes: dict[str, list[_Shape]] = {}
        for counted in counts:
            labels = counted.labels.without(_NOT_OF_THE_ALERT)
            names = tuple(sorted(labels))
            values = tuple([labels.exact(name) for name in names])
            told = self._shape(labels.exact("alertname"), names).setdefault(values, {})
            told[counted.source] = max(counted.count, told.get(counted.source, 0))

    def __bool__(self) -> bool:
        return bool(self._seen or self._shapes)

    def of(self, known: KnownAlert) -> int:
        """How often `known` began to fire in the last 24 hours; 0 where nobody counted."""
        alert = known.alert
        found = self._seen.get(alert.fingerprint, 0)
        labels = alert.labels
        for names, table in self._shapes.get(labels.exact("alertname"), ()):
            told = table.get(tuple([labels.exact(name) for name in names]))
            if told is not None:
                # Without an owner any server that has such a series may be the one.
                counts = [told.get(known.owner, 0)] if known.owner else told.values()
                found = max(found, *counts)
        return found

    def _shape(self, alertname: str, names: tuple[str, ...]) -> dict[_Values, _BySource]:
        shapes = self._shapes.setdefault(alertname, [])
        for known_names, table in shapes:
            if known_names == names:
                return table
        shapes.append((names, {}))
        return shapes[-1][1]


NOBODY_COUNTED: Final = FiredIndex()


class FiredBook:
    """The index of the newest counts, made anew only when they differ."""

    def __init__(self) -> None:
        self._counts: tuple[FiredCount, ...] = ()
        self._seen: tuple[tuple[str, int], ...] = ()
        self._index = NOBODY_COUNTED

    def of(self, snapshot: Snapshot) -> FiredIndex:
        """The index for `snapshot`; the same object while nobody counted anything new."""
        counts, seen = snapshot.fired, snapshot.seen_firing
        if counts is not self._counts or seen is not self._seen:
            if counts != self._counts or seen != self._seen:
                self._index = FiredIndex(counts, seen)
            self._counts, self._seen = counts, seen
        return self._index
