"""Documents of one kind: read from Markdown, made from a template, and brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from config.fault import Fault
from console.journal.body import (
    has_heading,
    section_of,
    with_account,
    with_generated,
    with_section,
    with_title,
)
from console.journal.document import Document, DocumentFaults
from console.journal.front_matter import in_language, read_front, require_id, with_front, written_in
from console.journal.language import Language, word
from console.journal.template import DocumentKind, template_of
from console.journal.timeline import Entry, timeline_lines
from console.model.change import Change
from console.model.incident import Incident
from console.model.markdown import escaped

T = TypeVar("T", Incident, Change)
Lines = Callable[[T, Language], Iterator[str]]
Account = Callable[[T, tuple[Entry, ...], Language], Iterable[str]]


class ReadPaper(msgspec.Struct, Generic[T], frozen=True):
    """What became of one file."""

    value: T | None
    """Whole but for what has a fault; `None` where a key that it needs is missing."""
    faults: tuple[Fault, ...] = ()
    """Where there is any, the file is not written to before a person has mended it."""


class PaperText(msgspec.Struct, Generic[T], frozen=True):
    """How what is known of one kind stands in its documents."""

    kind: DocumentKind
    type: type[T]
    sections: tuple[tuple[str, str], ...]
    """Each field of the prose, and the mark of its heading, in the order of the form."""
    generated: tuple[tuple[str, Lines[T]], ...]
    """What the console writes below a heading with that mark, where the document has one."""
    accounts: tuple[tuple[str, Account[T]], ...] = ()
    """What the events tell in a section that is a person's otherwise, by its heading's mark."""
    doubted: Callable[[T], T] = lambda value: value
    """What still counts of a document that has faults."""

    def read(self, document: Document) -> ReadPaper[T]:
        """What `document` says, and everything that is wrong with it, by line and column."""
        value, faults = read_front(document, self.type)
        if value is None:
            return ReadPaper(None, faults)
        try:
            texts = {field: section_of(document, mark) for field, mark in self.sections}
        except DocumentFaults as error:
            return ReadPaper(self.doubted(value), faults + error.faults)
        prose = msgspec.structs.replace(value.prose, **texts)
        value = msgspec.structs.replace(value, prose=prose)
        return ReadPaper(self.doubted(value) if faults else value, faults)

    def new(
        self,
        value: T,
        language: Language,
        entries: Iterable[Entry] = (),
        template: Document | None = None,
    ) -> Document:
        """A new document of `value`.

        Args:
            template: the team's own; by default the one that ships.

        Raises:
            DocumentFaults: the template cannot be filled in.
        """
        blank = template or template_of(self.kind, language)
        document = with_front(in_language(blank, language), value)
        return self._written(document, value, language, entries)

    def update(
        self, document: Document, value: T, entries: Iterable[Entry] | None = None
    ) -> Document:
        """`document` with what differs in `value`; every other byte stays.

        Args:
            entries: the whole timeline; `None` leaves the one that stands there, and what else
                comes of it.

        Raises:
            DocumentFaults: the document is broken, or of another id.
        """
        require_id(document, value.id)
        return self._written(with_front(document, value), value, written_in(document), entries)

    def _written(
        self, document: Document, value: T, language: Language, entries: Iterable[Entry] | None
    ) -> Document:
        title = f"{escaped(value.id)} {escaped(value.title)}".rstrip()
        document = with_title(document, title)
        for field, mark in self.sections:
            text = getattr(value.prose, field)
            document = with_section(document, mark, text, word(mark, language))
        for mark, lines in self.generated:
            if has_heading(document, mark):
                heading = word(mark, language)
                document = with_generated(document, mark, lines(value, language), heading)
        if entries is None:
            return document
        entries = tuple(entries)
        for mark, account in self.accounts:
            document = with_account(document, mark, account(value, entries, language))
        timeline = timeline_lines(entries, language)
        return with_generated(document, "timeline", timeline, word("timeline", language))
