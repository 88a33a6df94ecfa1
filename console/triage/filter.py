"""What a person types after `/`, and with `--filter`: which rows, cells and sources stay.

Terms stand side by side and all of them must hold:

    redis                 text, anywhere, in any case and width
    "out of memory"       text with spaces
    /5\\d\\d|timeout/       a regular expression, anywhere
    severity="critical"   a label; also != =~ !~, the regular expressions over the whole value
    @priority="P0"        what the console knows beside labels: @state @standing @kind @cell …
    !silenced             not this
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from console.model.event import Event
from console.model.labels import Labels
from console.model.snapshot import Cell, KnownAlert, SourceHealth
from console.model.worklist import Row
from console.safety.pattern import Pattern, PatternError, compile_pattern

MAX_FILTER_CHARS: Final = 500

_MATCHER: Final = re.compile(r"(@?[A-Za-z_][\w.-]*)(=~|!~|!=|=)")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SPACES: Final = re.compile(r"\s*")
_WORD: Final = re.compile(r"\S+")
_ESCAPE: Final = re.compile(r"\\(.)")


class FilterFault(Exception):  # noqa: N818 - a person's typing fault, shown as it is
    """A filter that cannot be read; the text says where and what was expected."""

    def __init__(self, position: int, expected: str) -> None:
        super().__init__(f"column {position + 1}: {expected}")
        self.position = position
        """Of the first character that does not fit; 0 is the first."""
        self.expected = expected


class _Facts(msgspec.Struct, frozen=True):
    """What one thing is searched in."""

    folded: tuple[str, ...]
    """Texts as `_fold` makes them, for substrings."""
    texts: tuple[str, ...]
    """The same texts in their own case, for regular expressions."""
    values: Mapping[str, str]
    """Fields and `@names`; a missing one reads as the empty string."""
    labels: Labels | None = None

    def value_of(self, name: str) -> str:
        return self.values.get(name, "")


class _AlertFacts:
    """The same for one alert in its row. Made for every alert at every key, so it is lazy."""

    __slots__ = ("_known", "_row", "labels")

    def __init__(self, row: _Facts, known: KnownAlert) -> None:
        self._row = row
        self._known = known
        self.labels: Labels | None = known.alert.labels

    @property
    def folded(self) -> tuple[str, ...]:
        return (*self._row.folded, *(_fold(text) for text in self._own_texts()))

    @property
    def texts(self) -> tuple[str, ...]:
        return (*self._row.texts, *(_normal(text) for text in self._own_texts()))

    def value_of(self, name: str) -> str:
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


class _Text(msgspec.Struct, frozen=True):
    folded: str

    def holds(self, facts: _Facts | _AlertFacts) -> bool:
        if facts.labels is not None and self.folded in _folded_labels(facts.labels):
            return True
        return any(self.folded in text for text in facts.folded)


class _Search(msgspec.Struct, frozen=True):
    pattern: Pattern

    def holds(self, facts: _Facts | _AlertFacts) -> bool:
        if any(self.pattern.found_in(text) for text in facts.texts):
            return True
        if facts.labels is None:
            return False
        return any(
            self.pattern.found_in(_normal(name)) or self.pattern.found_in(_normal(value))
            for name, value in facts.labels.exact_items()
        )


class _Matches(msgspec.Struct, frozen=True):
    name: str
    value: str
    pattern: Pattern | None
    """`None` for `=` and `!=`."""
    equal: bool

    def holds(self, facts: _Facts | _AlertFacts) -> bool:
        value = facts.value_of(self.name)
        if self.pattern is None:
            return (value == self.value) is self.equal
        return self.pattern.matches_whole(value) is self.equal


class _Term(msgspec.Struct, frozen=True):
    wanted: _Text | _Search | _Matches
    negated: bool

    def holds(self, facts: _Facts | _AlertFacts) -> bool:
        return self.wanted.holds(facts) is not self.negated


class Filter(msgspec.Struct, frozen=True):
    """Terms that all must hold; without any, everything stays."""

    text: str = ""
    """As it was typed."""
    terms: tuple[_Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def matches_row(self, row: Row) -> bool:
        """Whether the row has an alert for which all terms hold, or they hold for itself.

        Each alert is looked at together with what the row says: its title, place, summary
        and who acked it.
        """
        if not self.terms:
            return True
        own = _facts_of_row(row)
        if not row.alerts:
            return self._holds(own)
        return any(self._holds(_AlertFacts(own, known)) for known in row.alerts)

    def matches_alert(self, known: KnownAlert) -> bool:
        """Whether all terms hold for one alert, looked at without its row."""
        return not self.terms or self._holds(_AlertFacts(_NO_FACTS, known))

    def matches_cell(self, cell: Cell) -> bool:
        """Whether all terms hold for a service; its registry fields read as labels too."""
        return not self.terms or self._holds(_facts_of_cell(cell))

    def matches_source(self, source: SourceHealth) -> bool:
        """Whether all terms hold for a source."""
        return not self.terms or self._holds(_facts_of_source(source))

    def matches_event(self, event: Event) -> bool:
        """Whether all terms hold for a line of the event log."""
        return not self.terms or self._holds(_facts_of_event(event))

    def _holds(self, facts: _Facts | _AlertFacts) -> bool:
        return all(term.holds(facts) for term in self.terms)


def parse(text: str) -> Filter:
    """The filter that `text` says.

    Raises:
        FilterFault: with the position, and what was expected there.
    """
    if len(text) > MAX_FILTER_CHARS:
        raise FilterFault(MAX_FILTER_CHARS, f"expected {MAX_FILTER_CHARS} characters at most")
    terms = []
    at = _after_spaces(text, 0)
    while at < len(text):
        negated = text[at] == "!"
        if negated:
            at = _after_spaces(text, at + 1)
            if at >= len(text):
                raise FilterFault(len(text), "expected what must not match after !")
        wanted, at = _term_at(text, at)
        terms.append(_Term(wanted, negated))
        at = _after_spaces(text, at)
    return Filter(text, tuple(terms))


def _term_at(text: str, at: int) -> tuple[_Text | _Search | _Matches, int]:
    matcher = _MATCHER.match(text, at)
    if matcher is not None:
        return _matcher_at(text, matcher)
    if text[at] == "/":
        return _search_at(text, at)
    if text[at] == '"':
        value, end = _quoted_at(text, at)
        return _Text(_fold(value)), end
    word = _WORD.match(text, at)
    assert word is not None
    return _Text(_fold(word.group())), word.end()


def _matcher_at(text: str, matcher: re.Match[str]) -> tuple[_Matches, int]:
    name, operator = matcher.groups()
    at = matcher.end()
    word = _WORD.match(text, at)
    if word is None:
        raise FilterFault(at, f'expected a value, as in {name}{operator}"…"; "" where it is empty')
    value, end = _quoted_at(text, at) if text[at] == '"' else (word.group(), word.end())
    inside = at + (text[at] == '"')
    pattern = _pattern(value, inside, ignore_case=False) if "~" in operator else None
    return _Matches(name, value, pattern, operator.startswith("=")), end


def _search_at(text: str, at: int) -> tuple[_Search, int]:
    end = at + 1
    while end < len(text) and text[end] != "/":
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        raise FilterFault(len(text), 'expected a / at the end; quote text that has one: "/api"')
    if end == at + 1:
        raise FilterFault(end, "expected a regular expression between the two /")
    _require_end(text, end + 1, 'quote text that begins with a /: "/api/v1"')
    pattern = text[at + 1 : end].replace("\\/", "/")
    return _Search(_pattern(pattern, at + 1, ignore_case=True)), end + 1


def _quoted_at(text: str, at: int) -> tuple[str, int]:
    quoted = _QUOTED.match(text, at)
    if quoted is None:
        raise FilterFault(len(text), 'expected a " at the end')
    _require_end(text, quoted.end(), 'write \\" for a quote inside')
    # A backslash is kept before anything but a quote and itself, so that `\\d` needs no doubling.
    return _ESCAPE.sub(_unescaped, quoted.group(1)), quoted.end()


def _unescaped(match: re.Match[str]) -> str:
    return match.group(1) if match.group(1) in '"\\' else match.group()


def _require_end(text: str, at: int, otherwise: str) -> None:
    if at < len(text) and not text[at].isspace():
        raise FilterFault(at, f"expected a space or the end; {otherwise}")


def _pattern(pattern: str, at: int, *, ignore_case: bool) -> Pattern:
    try:
        return compile_pattern(pattern, ignore_case=ignore_case)
    except PatternError as error:
        raise FilterFault(at + error.position, error.expected) from error


def _after_spaces(text: str, at: int) -> int:
    spaces = _SPACES.match(text, at)
    assert spaces is not None
    return spaces.end()


# Facts.

_NO_FACTS: Final = _Facts((), (), {})


def _facts_of_row(row: Row) -> _Facts:
    texts = [row.title.exact, row.where.exact, row.summary.exact]
    texts += [str(row.priority), row.state.value, row.standing.value]
    owner = row.acked_by.exact if row.acked_by is not None else ""
    if row.failure is not None:
        texts += [row.failure.source, row.failure.cause]
    values = {
        "@priority": str(row.priority),
        "@state": row.state.value,
        "@standing": row.standing.value,
        "@kind": row.kind.value,
        "@cell": row.cell or "",
        "@owner": owner,
        "@step": row.step.value,
    }
    return _facts([*texts, owner], values)


def _facts_of_cell(cell: Cell) -> _Facts:
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
    return _facts([*fields.values(), *labels, cell.state.value, cell.because], values)


def _facts_of_source(source: SourceHealth) -> _Facts:
    values = {
        "name": source.name,
        "kind": source.kind.value,
        "url": source.url,
        "@state": source.state.value,
        "@kind": source.kind.value,
    }
    texts = [source.name, source.kind.value, source.url, source.state.value, source.degraded]
    return _facts([*texts, *(failure.cause for failure in source.failures)], values)


def _facts_of_event(event: Event) -> _Facts:
    values = {"@kind": event.kind.value, "@who": event.who, "key": event.key}
    return _facts([event.kind.value, event.subject, event.text, event.who], values)


def _facts(texts: Iterable[str], values: Mapping[str, str]) -> _Facts:
    normal = tuple(_normal(text) for text in texts if text)
    return _Facts(tuple(_fold(text) for text in normal), normal, values)


@lru_cache(maxsize=16384)
def _folded_labels(labels: Labels) -> str:
    """Names and values in one text; a line break keeps a term from spanning two labels."""
    return "\n".join(_lines(labels))


def _lines(labels: Labels) -> Iterator[str]:
    for name, value in labels.exact_items():
        yield _fold(f"{name}={value}")


def _normal(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _fold(text: str) -> str:
    """Letter case and full-width forms do not matter when a person searches."""
    return text.lower() if text.isascii() else _normal(_normal(text).casefold())
