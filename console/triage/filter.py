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
from typing import Final

import msgspec

from console.model.event import Event
from console.model.run import PastRun, Run, Shelved
from console.model.snapshot import Cell, KnownAlert, SourceHealth
from console.model.worklist import Row
from console.safety.pattern import Pattern, PatternError, compile_pattern
from console.triage.filter_facts import (
    NO_FACTS,
    AlertFacts,
    Facts,
    facts_of_book,
    facts_of_cell,
    facts_of_event,
    facts_of_past_run,
    facts_of_row,
    facts_of_run,
    facts_of_silence,
    facts_of_source,
    fold,
    folded_labels,
    normalised,
)
from console.triage.silence_use import SilenceUse

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


class _Text(msgspec.Struct, frozen=True):
    folded: str

    def holds(self, facts: Facts | AlertFacts) -> bool:
        if facts.labels is not None and self.folded in folded_labels(facts.labels):
            return True
        return any(self.folded in text for text in facts.folded)


class _Search(msgspec.Struct, frozen=True):
    pattern: Pattern

    def holds(self, facts: Facts | AlertFacts) -> bool:
        if any(self.pattern.found_in(text) for text in facts.texts):
            return True
        if facts.labels is None:
            return False
        return any(
            self.pattern.found_in(normalised(name)) or self.pattern.found_in(normalised(value))
            for name, value in facts.labels.exact_items()
        )


class _Matches(msgspec.Struct, frozen=True):
    name: str
    value: str
    pattern: Pattern | None
    """`None` for `=` and `!=`."""
    equal: bool

    def holds(self, facts: Facts | AlertFacts) -> bool:
        value = facts.value_of(self.name)
        if self.pattern is None:
            return (value == self.value) is self.equal
        return self.pattern.matches_whole(value) is self.equal


class _Term(msgspec.Struct, frozen=True):
    wanted: _Text | _Search | _Matches
    negated: bool

    def holds(self, facts: Facts | AlertFacts) -> bool:
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
        own = facts_of_row(row)
        if not row.alerts:
            return self._holds(own)
        return any(self._holds(AlertFacts(own, known)) for known in row.alerts)

    def alerts_of(self, row: Row) -> tuple[KnownAlert, ...]:
        """The alerts of a row for which all terms hold, each looked at as in `matches_row`."""
        own = facts_of_row(row)
        return tuple(known for known in row.alerts if self._holds(AlertFacts(own, known)))

    def matches_alert(self, known: KnownAlert) -> bool:
        """Whether all terms hold for one alert, looked at without its row."""
        return not self.terms or self._holds(AlertFacts(NO_FACTS, known))

    def matches_cell(self, cell: Cell) -> bool:
        """Whether all terms hold for a service; its registry fields read as labels too."""
        return not self.terms or self._holds(facts_of_cell(cell))

    def matches_source(self, source: SourceHealth) -> bool:
        """Whether all terms hold for a source."""
        return not self.terms or self._holds(facts_of_source(source))

    def matches_event(self, event: Event) -> bool:
        """Whether all terms hold for a line of the event log."""
        return not self.terms or self._holds(facts_of_event(event))

    def matches_silence(self, use: SilenceUse) -> bool:
        """Whether all terms hold for a silence; its equal matchers read as labels."""
        return not self.terms or self._holds(facts_of_silence(use))

    def matches_book(self, book: Shelved) -> bool:
        """Whether all terms hold for a runbook of the library."""
        return not self.terms or self._holds(facts_of_book(book))

    def matches_run(self, run: Run) -> bool:
        """Whether all terms hold for a run that is open."""
        return not self.terms or self._holds(facts_of_run(run))

    def matches_past_run(self, run: PastRun) -> bool:
        """Whether all terms hold for a run of which there is a transcript."""
        return not self.terms or self._holds(facts_of_past_run(run))

    def matches_facts(self, facts: Facts) -> bool:
        """Whether all terms hold for something else, of which `facts` are what is searched in."""
        return not self.terms or self._holds(facts)

    def _holds(self, facts: Facts | AlertFacts) -> bool:
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


def fault_in(text: str) -> str:
    """What is wrong with a filter; empty for nothing."""
    try:
        parse(text)
    except FilterFault as fault:
        return str(fault)
    return ""


def _term_at(text: str, at: int) -> tuple[_Text | _Search | _Matches, int]:
    matcher = _MATCHER.match(text, at)
    if matcher is not None:
        return _matcher_at(text, matcher)
    if text[at] == "/":
        return _search_at(text, at)
    if text[at] == '"':
        value, end = _quoted_at(text, at)
        return _Text(fold(value)), end
    word = _WORD.match(text, at)
    assert word is not None
    return _Text(fold(word.group())), word.end()


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
