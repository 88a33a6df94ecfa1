"""Which alert of an Alertmanager a Prometheus means by an active series of a rule.

The API of Prometheus leaves external labels out and Alertmanager has them, so that the two are
joined where every label of the one stands on the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from console.model.alert import Alert
from console.model.labels import Labels


class JoinIndex:
    """Alerts, to be found by a subset of their labels in constant time."""

    def __init__(self, alerts: Iterable[Alert], ignored: frozenset[str]) -> None:
        self._ignored = ignored
        self._by_name: dict[str, list[Alert]] = {}
        for alert in alerts:
            self._by_name.setdefault(alert.labels.exact("alertname"), []).append(alert)
        self._indexed: dict[tuple[str, ...], dict[tuple[str, ...], list[Alert]]] = {}

    def find(self, labels: Labels, external: Sequence[tuple[str, str]]) -> list[Alert]:
        """The alerts that have all of `labels` and contradict none of `external`.

        An external label may be missing: relabelling on the way out drops replica labels.
        """
        alertname = labels.exact("alertname")
        named = self._by_name.get(alertname)
        if named is None:
            return []
        own = labels.without(self._ignored)
        names = tuple(own)
        # Series of one rule have the same label names: one index serves them all.
        index = self._indexed.get((alertname, *names))
        if index is None:
            index = {}
            for alert in named:
                value_of = alert.labels.exact
                index.setdefault(tuple(map(value_of, names)), []).append(alert)
            self._indexed[(alertname, *names)] = index
        found = index.get(tuple(map(own.exact, names)), [])
        if not found or not external:
            return found
        return [alert for alert in found if not self._contradicts(alert, external, labels)]

    def _contradicts(
        self, alert: Alert, external: Sequence[tuple[str, str]], labels: Labels
    ) -> bool:
        return any(
            name not in self._ignored
            and name not in labels
            and alert.labels.exact(name) not in ("", value)
            for name, value in external
        )
