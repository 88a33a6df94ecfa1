"""Which Prometheus sent an alert: by settings, by its own word, or by its external labels."""

from __future__ import annotations

from collections.abc import Collection

from console.fleet.memory import PrometheusMemory
from console.model.alert import Alert


class Owners:
    """What is known of who sends what. Learns from every alert that a Prometheus lists too."""

    def __init__(self) -> None:
        self._declared: tuple[tuple[str, str], ...] = ()
        self._external: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
        self._learned: dict[str, str] = {}
        self._joined: dict[str, str] = {}

    def configure(self, proms: Collection[PrometheusMemory], ignored: frozenset[str]) -> bool:
        """Take over the sources' URLs and external labels; True when something changed."""
        declared = tuple(
            sorted(
                (url.rstrip("/") + "/", prom.name)
                for prom in proms
                for url in (prom.watched.url, *prom.watched.generator_urls)
                if url
            )
        )
        external = tuple(
            (prom.name, kept)
            for prom in proms
            if (kept := tuple(one for one in prom.external if one[0] not in ignored))
        )
        changed = (declared, external) != (self._declared, self._external)
        self._declared, self._external = declared, external
        names = {prom.name for prom in proms}
        self._learned = {base: name for base, name in self._learned.items() if name in names}
        self._joined = {one: name for one, name in self._joined.items() if name in names}
        return changed

    def learn(self, alert: Alert, prom: str) -> None:
        """`prom`, and no other, lists the alert as its own."""
        if self._joined.get(alert.fingerprint) == prom:
            return
        self._joined[alert.fingerprint] = prom
        base = base_of(alert.generator_url.exact)
        if base:
            self._learned.setdefault(base, prom)

    def recall(self, fingerprint: str, prom: str) -> None:
        """An earlier console knew the owner."""
        self._joined.setdefault(fingerprint, prom)

    def keep(self, fingerprints: Collection[str]) -> None:
        """Forget alerts that nobody knows any more."""
        self._joined = {one: name for one, name in self._joined.items() if one in fingerprints}

    def by_settings(self, alert: Alert) -> str | None:
        """The Prometheus whose URL stands in `generatorURL`."""
        url = alert.generator_url.exact
        matching = [one for one in self._declared if url.startswith(one[0])]
        return max(matching, key=lambda one: len(one[0]))[1] if matching else None

    def by_labels(self, alert: Alert) -> str | None:
        """The one Prometheus whose external labels all stand on the alert."""
        value_of = alert.labels.exact
        matching = {
            name
            for name, labels in self._external
            if all(value_of(label) == value for label, value in labels)
        }
        return matching.pop() if len(matching) == 1 else None

    def by_word(self, fingerprint: str, base: str) -> str | None:
        """The Prometheus that listed this alert, or others from the same server."""
        return self._joined.get(fingerprint) or self._learned.get(base)


def base_of(generator_url: str) -> str:
    """What stands before the query in a `generatorURL`: the server that made it."""
    for mark in ("/graph?", "/query?", "?"):
        base, found, _ = generator_url.partition(mark)
        if found:
            return base
    return ""
