"""What a filter looks at: the texts and values of a row, an alert, a service, a source."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from console.model.event import Event
from console.model.labels import Labels
from console.model.run import PastRun, Run, Shelved
from console.model.snapshot import Cell, KnownAlert, SourceHealth
from console.model.worklist import Row
from console.triage.silence_use import SilenceUse, words_of


class Facts(msgspec.Struct, frozen=True):
    """What one thing is searched in."""

    folded: tuple[str, ...]
    """Texts as `fold` makes them, for substrings."""
    texts: tuple[str, ...]
    """The same texts in their own case, for regular expressions."""
    values: Mapping[str, str]
    """Fields and `@names`; a missing one reads as the empty string."""
    labels: Labels | None = None

    def value_of(self, name: str) -> str:
        """The value of a label, a field or an `@name`; empty where it is missing."""
        return self.values.get(name, "")


class AlertFacts:
    """The same for one alert in its row. Made for every alert at every key, so it is lazy."""

    __slots__ = ("_known", "_row", "labels")

    def __init__(self, row: Facts, known: KnownAlert) -> None:
        self._row = row
        self._known = known
        self.labels: Labels | None = known.alert.labels

    @property
    def folded(self) -> tuple[str, ...]:
        """Its texts and its row's, for substrings."""
        return (*self._row.folded, *(fold(text) for text in self._own_texts()))

    @property
    def texts(self) -> tuple[str, ...]:
        """The same in their own case, for regular expressions."""
        return (*self._row.texts, *(normalised(text) for text in self._own_texts()))

    def value_of(self, name: str) -> str:
        """The value of a label or an `@name`; empty where it is missing."""
        known = self._known
        if not name.startswith("@"):
            return known.alert.labels.exact(name)
        if name == "@owner" and known.ack is not None:
            return known.ack.owner.exact
        own = {
            "@state": known.state.value,
            "@standing": known.standing.value,
            "@cell": known.cell or "",
            "@cluster": known.alert.cluster,
        }
        return own[name] if name in own else self._row.value_of(name)

    def _own_texts(self) -> Iterator[str]:
        if self._known.cell:
            yield self._known.cell
        if self._known.ack is not None:
            yield self._known.ack.owner.exact


NO_FACTS: Final = Facts((), (), {})
"""Of the row of an alert that is looked at without one."""


def facts_of_row(row: Row) -> Facts:
    """A row: what it says, without its alerts."""
    texts = [row.title.exact, row.where.exact, row.summary.exact]
    texts += [str(row.priority)]
    # What is owed is no alert: who looks for what fires does not mean it.
    owed = row.kind.value if row.owed else ""
    state, standing = owed or row.state.value, owed or row.standing.value
    texts += [row.document, *(nag.text for nag in row.owed), state, standing]
    owner = row.acked_by.exact if row.acked_by is not None else ""
    if row.failure is not None:
        texts += [row.failure.source, row.failure.cause]
    values = {
        "@priority": str(row.priority),
        "@state": state,
        "@standing": standing,
        "@kind": row.kind.value,
        "@cell": row.cell or "",
        "@owner": owner,
        "@step": row.step.value,
    }
    return facts_made_of([*texts, owner], values)


def facts_of_cell(cell: Cell) -> Facts:
    """A service; the fields of its registry entry read as labels."""
    service = cell.service
    fields = {
        "name": service.name,
        "type": service.type.value,
        "place": service.place,
        "host": service.host or "",
        "namespace": service.namespace or "",
        "owner": service.owner or "",
    }
    values = {
        **fields,
        **dict(service.labels),
        "@state": cell.state.value,
        "@cell": service.name,
        "@critical": "yes" if service.critical else "no",
    }
    labels = [f"{name}={value}" for name, value in service.labels]
    return facts_made_of([*fields.values(), *labels, cell.state.value, cell.because], values)


def facts_of_source(source: SourceHealth) -> Facts:
    """A source."""
    values = {
        "name": source.name,
        "kind": source.kind.value,
        "url": source.url,
        "@state": source.state.value,
        "@kind": source.kind.value,
    }
    texts = [source.name, source.kind.value, source.url, source.state.value, source.degraded]
    return facts_made_of([*texts, *(failure.cause for failure in source.failures)], values)


def facts_of_event(event: Event) -> Facts:
    """A line of the event log."""
    values = {"@kind": event.kind.value, "@who": event.who, "key": event.key}
    return facts_made_of([event.kind.value, event.subject, event.text, event.who], values)


def facts_of_silence(use: SilenceUse) -> Facts:
    """A silence; what its equal matchers ask for reads as labels."""
    silence = use.silence
    named = {
        one.name: one.value.exact for one in silence.matchers if one.is_equal and not one.is_regex
    }
    texts = [one.written.exact for one in silence.matchers]
    texts += [f"{one.name}={one.value.exact}" for one in silence.matchers]
    values = words_of(use)
    told = [values[name] for name in ("@state", "@owner", "@cluster", "@kind", "@comment", "@id")]
    unused = ["unused"] if use.is_unused else []
    return facts_made_of([*texts, *told, *unused], {**named, **values})


def facts_of_book(book: Shelved) -> Facts:
    """A runbook: what it is called, what it is for, and what is wrong with it."""
    texts = [book.name.exact, book.title.exact, book.source.exact, *book.alerts, *book.services]
    stale = "stale" if book.is_stale else ""
    lint = "lint" if book.findings else ""
    values = {"@name": book.name.exact, "@source": book.source.exact, "@lint": str(book.findings)}
    return facts_made_of([*texts, stale, lint], {**values, "@stale": stale})


def facts_of_run(run: Run) -> Facts:
    """A run that is open: whose it is, of what, about what, and how its steps stand."""
    book = run.runbook
    states = dict.fromkeys(step.state.value for step in run.steps)
    texts = [run.id, book.name, book.title.exact, run.subject, run.who, run.service]
    values = {"@name": book.name, "@who": run.who, "@service": run.service, "@id": run.id}
    return facts_made_of([*texts, run.incident, run.change, *states], values)


def facts_of_past_run(run: PastRun) -> Facts:
    """A run that has ended, as its transcript tells it."""
    ended = "passed" if run.passed else "failed" if dict(run.counts).get("failed") else ""
    texts = [run.id, run.runbook, run.title.exact, run.subject.exact, run.who.exact, run.service]
    values = {"@name": run.runbook, "@who": run.who.exact, "@service": run.service, "@id": run.id}
    return facts_made_of([*texts, run.incident, ended], {**values, "@state": ended})


def facts_made_of(texts: Iterable[str], values: Mapping[str, str]) -> Facts:
    """Of texts to search in, and of fields and `@names`."""
    own_case = tuple(normalised(text) for text in texts if text)
    return Facts(tuple(fold(text) for text in own_case), own_case, values)


@lru_cache(maxsize=16384)
def folded_labels(labels: Labels) -> str:
    """Names and values in one text; a line break keeps a term from spanning two labels."""
    return "\n".join(_lines(labels))


def _lines(labels: Labels) -> Iterator[str]:
    for name, value in labels.exact_items():
        yield fold(f"{name}={value}")


def normalised(text: str) -> str:
    """Full-width forms as their usual ones, letter case as it is."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def fold(text: str) -> str:
    """Letter case and full-width forms do not matter when a person searches."""
    return text.lower() if text.isascii() else normalised(normalised(text).casefold())
