"""Incidents as documents: read from Markdown, made from a template, and brought up to date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from config.durations import duration_text
from config.fault import Fault
from console.journal.body import has_heading, section_of, with_generated, with_section, with_title
from console.journal.document import Document, DocumentFaults
from console.journal.front_matter import in_language, read_front, require_id, with_front, written_in
from console.journal.language import Language, word
from console.journal.template import template_of
from console.journal.timeline import Entry, link_of, moment, timeline_lines
from console.model.incident import Incident, IncidentProse, clocks_of
from console.model.markdown import code, escaped

SECTIONS: Final = tuple((name, name.replace("_", "-")) for name in IncidentProse.__struct_fields__)
"""Each field of the prose, and the mark of its heading, in the order of the form."""


class ReadIncident(msgspec.Struct, frozen=True):
    """What became of one file."""

    incident: Incident | None
    """Whole but for what has a fault; `None` where not even its id, title and state are there."""
    faults: tuple[Fault, ...] = ()
    """Where there is any, the file is not written to before a person has mended it."""


def read_incident(document: Document) -> ReadIncident:
    """The incident in `document`, and everything that is wrong with it, by line and column."""
    incident, faults = read_front(document, Incident)
    if incident is None:
        return ReadIncident(None, faults)
    try:
        texts = {field: section_of(document, mark) for field, mark in SECTIONS}
    except DocumentFaults as error:
        return ReadIncident(incident, (*faults, *error.faults))
    return ReadIncident(msgspec.structs.replace(incident, prose=IncidentProse(**texts)), faults)


def new_incident(
    incident: Incident,
    language: Language,
    entries: Iterable[Entry] = (),
    template: Document | None = None,
) -> Document:
    """A new document of `incident`.

    Args:
        template: the team's own; by default the one that ships.

    Raises:
        DocumentFaults: the template cannot be filled in.
    """
    blank = template or template_of("incident", language)
    document = with_front(in_language(blank, language), incident)
    return _written(document, incident, language, tuple(entries))


def update_incident(
    document: Document, incident: Incident, entries: Iterable[Entry] | None = None
) -> Document:
    """`document` with what differs in `incident`; every other byte stays.

    Args:
        entries: the whole timeline; `None` leaves the one that stands there.

    Raises:
        DocumentFaults: the document is broken, or of another incident.
    """
    require_id(document, incident.id)
    known = None if entries is None else tuple(entries)
    language = written_in(document)
    return _written(with_front(document, incident), incident, language, known)


def _written(
    document: Document, incident: Incident, language: Language, entries: Sequence[Entry] | None
) -> Document:
    document = with_title(document, f"{escaped(incident.id)} {escaped(incident.title)}".rstrip())
    if has_heading(document, "facts"):
        heading = word("facts", language)
        document = with_generated(document, "facts", _facts(incident, language), heading)
    for field, mark in SECTIONS:
        text = getattr(incident.prose, field)
        document = with_section(document, mark, text, word(mark, language))
    if has_heading(document, "actions"):
        heading = word("actions", language)
        document = with_generated(document, "actions", _actions(incident, language), heading)
    if entries is None:
        return document
    lines = timeline_lines(entries, language)
    return with_generated(document, "timeline", lines, word("timeline", language))


def _facts(incident: Incident, language: Language) -> Iterator[str]:
    unknown = word("unknown", language)
    severity = str(incident.severity) if incident.severity is not None else unknown
    yield _fact("state", escaped(incident.state), language)
    yield _fact("severity", severity, language)
    for name in ("services", "hosts", "changes"):
        words = getattr(incident, name)
        if words:
            yield _fact(name, ", ".join(map(code, words)), language)
    if incident.environment:
        yield _fact("environment", code(incident.environment), language)
    yield _fact("lead", escaped(incident.lead) or word("nobody", language), language)
    for name in ("started", "detected", "acknowledged", "mitigated", "resolved", "closed"):
        at = getattr(incident, name)
        if at is not None:
            yield _fact(name, moment(at), language)
    clocks = clocks_of(incident)
    for name, taken in (
        ("ttd", clocks.to_detect),
        ("tta", clocks.to_acknowledge),
        ("ttm", clocks.to_mitigate),
        ("ttr", clocks.to_resolve),
    ):
        if taken is not None:
            yield _fact(name, duration_text(taken), language)
    if incident.post_mortem.held is not None:
        yield _fact("post-mortem", moment(incident.post_mortem.held), language)


def _fact(key: str, value: str, language: Language) -> str:
    return f"- **{word(key, language)}**: {value}"


def _actions(incident: Incident, language: Language) -> Iterator[str]:
    for item in incident.actions:
        parts = [f"- [{'x' if item.done else ' '}] {escaped(item.text)}"]
        if item.kind is not None:
            parts.append(f"({item.kind})")
        parts.append(f"— {escaped(item.owner) or word('nobody', language)}")
        if item.due is not None:
            parts.append(f"{word('due', language)} {item.due.isoformat()}")
        if item.done is not None:
            parts.append(f"{word('done', language)} {moment(item.done)}")
        if item.link:
            parts.append(link_of(item.link, word("evidence-link", language)))
        yield " ".join(parts)
    if not incident.actions:
        yield word("none", language)
