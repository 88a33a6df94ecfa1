"""One document that two wrote in two clones, made one again, where nothing of either is lost.

Fields go by `console.model.merging`. Of the rest of the file one side's bytes are taken, and only
where the other side's are those that both began with: what both wrote outside of what the
console owns is a person's to merge. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Generic

import msgspec

from console.journal.body import told_below, with_account, with_generated
from console.journal.document import Document, DocumentFaults, read_document
from console.journal.front_matter import written_in
from console.journal.happenings import entries_of
from console.journal.language import Language, word
from console.journal.places import id_of
from console.journal.reading import CHANGE_SHAPE, INCIDENT_SHAPE, P, Shape, T, name_of, paper_in
from console.model.event import Event
from console.model.merging import brought_together
from console.model.papers import BrokenPaper, IncidentPaper, Sheet
from console.safety.text import visible

_NAMED: Final = 5
_TIMELINE: Final = "timeline"
_TOLD: Final = (_TIMELINE, "how")
"""Where a line stands for an event; what else the console generates says fields once more."""
_DATED: Final = re.compile(r"- ([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) UTC ")


class Side(msgspec.Struct, frozen=True):
    """One version of the file."""

    content: bytes
    events: tuple[Event, ...] = ()
    """Everybody's, as that side's event files have them, since the document was begun."""


class Unreconciled(msgspec.Struct, frozen=True):
    """They stay two."""

    why: str = ""
    """What is in the way, safe to show; empty: one of them is no document without a fault."""


def reconciled(path: str, base: bytes, here: Side, there: Side) -> bytes | Unreconciled:
    """What the file at `path` is to be.

    Args:
        path: of a document, as `is_document` has it.
        base: what both began with.
    """
    try:
        if path.startswith("incidents/"):
            return _Two(INCIDENT_SHAPE, path, base, here, there).joined()
        return _Two(CHANGE_SHAPE, path, base, here, there).joined()
    except DocumentFaults:
        return Unreconciled()


def is_document(path: str) -> bool:
    """Whether an incident or a change stands at `path`."""
    return (
        path.startswith(("incidents/", "changes/")) and path.endswith(".md") and bool(id_of(path))
    )


class _Version(msgspec.Struct, Generic[T], frozen=True):
    document: Document
    value: T
    events: tuple[Event, ...]


class _Two(Generic[T, P]):
    """Two versions of one document and what they come from."""

    def __init__(self, shape: Shape[T, P], path: str, base: bytes, here: Side, there: Side) -> None:
        """
        Raises:
            DocumentFaults: one of them cannot be read without a fault.
        """
        self._shape: Shape[T, P] = shape
        self._path = path
        self._base: _Version[T] = self._read(Side(base))
        self._here: _Version[T] = self._read(here)
        self._there: _Version[T] = self._read(there)

    def joined(self) -> bytes | Unreconciled:
        """As `reconciled`.

        Raises:
            DocumentFaults: it cannot be written.
        """
        base: _Version[T] = self._base
        here: _Version[T] = self._here
        there: _Version[T] = self._there
        merging = brought_together(base.value, here.value, there.value)
        if merging.conflicts:
            fields = [one.field for one in merging.conflicts]
            more = f" and {len(fields) - _NAMED} more" if len(fields) > _NAMED else ""
            return Unreconciled(visible(", ".join(fields[:_NAMED])) + more)
        events = tuple(dict.fromkeys((*here.events, *there.events)))
        now = [
            self._says(msgspec.structs.replace(one, value=merging.document, events=events))
            for one in (base, here, there)
        ]
        document = _ground(*now)
        if document is None:
            return Unreconciled("its text outside of what the console writes")
        for mark in _TOLD:
            lost = [line for one in (here, there) for line in self._unaccounted(one, mark)]
            if any(_DATED.match(line) is None for line in lost):
                return Unreconciled("a line in its timeline that no event tells")
            document = _with_lines(document, mark, lost)
        if self._read(Side(document.content)).value != merging.document:
            return Unreconciled()
        return document.content

    def _says(self, version: _Version[T]) -> Document:
        """The file of `version`, brought up to its own value and events.

        Raises:
            DocumentFaults: it cannot be written so.
        """
        entries = entries_of(version.value, version.events)
        return self._shape.text.update(version.document, version.value, entries)

    def _unaccounted(self, version: _Version[T], mark: str) -> Iterator[str]:
        """Lines that stand there and come from none of that side's event files: their event
        could not be written, or a person has put them there."""
        anew = set(told_below(self._says(version), mark))
        language = written_in(version.document)
        for line in told_below(version.document, mark):
            if line not in anew and not _is_summary(line, language):
                yield line

    def _read(self, side: Side) -> _Version[T]:
        paper = paper_in(self._shape, Sheet(self._path, side.content))
        if isinstance(paper, BrokenPaper) or paper.faults:
            raise DocumentFaults(())
        value = paper.incident if isinstance(paper, IncidentPaper) else paper.change
        assert isinstance(value, self._shape.text.type)
        return _Version(read_document(side.content, name_of(self._path)), value, side.events)


def _ground(base: Document, here: Document, there: Document) -> Document | None:
    """All three say the same by now: where two are alike byte for byte, the third has all that
    anybody wrote beside. `None`: there is more of it than one has."""
    if here.text in (base.text, there.text):
        return there
    return here if there.text == base.text else None


def _is_summary(line: str, language: Language) -> bool:
    """Whether `line` counts, or says fields: what it tells is told anew."""
    if line == word("none", language):
        return True
    if any(f"**{word(one, language)}**" in line for one in ("by-alert", "by-user", "by-other")):
        return True
    counts = "|".join(re.escape(word(one, language)) for one in ("more", "rest"))
    return re.fullmatch(rf"- [0-9,]+ (?:{counts})", line) is not None


def _with_lines(document: Document, mark: str, lines: Sequence[str]) -> Document:
    """`document` with `lines` where they belong by their times, each once."""
    language = written_in(document)
    told = [one for one in told_below(document, mark) if one != word("none", language)]
    added = [line for line in dict.fromkeys(lines) if line not in told]
    if not added:
        return document
    for line in added:
        before = [n for n, one in enumerate(told) if "" < _at(one) <= _at(line)]
        told.insert(before[-1] + 1 if before else 0, line)
    if mark == _TIMELINE:
        return with_generated(document, mark, told, word(mark, language))
    return with_account(document, mark, told)


def _at(line: str) -> str:
    dated = _DATED.match(line)
    return dated[1] if dated is not None else ""
