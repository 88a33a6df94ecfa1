"""Change requests as documents: read, made from a template, and brought up to date."""

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
from console.journal.timeline import Entry, moment, timeline_lines
from console.model.change import Change, ChangeProse, approvers_of
from console.model.markdown import code, escaped, fenced
from console.safety.text import visible

SECTIONS: Final = tuple(
    (name, "change" if name == "what" else name) for name in ChangeProse.__struct_fields__
)
"""Each field of the prose, and the mark of its heading."""


class ReadChange(msgspec.Struct, frozen=True):
    """What became of one file."""

    change: Change | None
    """Whole but for what has a fault; `None` where a key that it needs is missing."""
    faults: tuple[Fault, ...] = ()
    """Where there is any, the file is not written to before a person has mended it, and
    nothing in it counts as approved."""


def read_change(document: Document) -> ReadChange:
    """The change in `document`, and everything that is wrong with it, by line and column."""
    change, faults = read_front(document, Change)
    if change is None:
        return ReadChange(None, faults)
    if faults:
        # A key that cannot be read could be what the approval was about.
        change = msgspec.structs.replace(change, approvals=(), exceptions=())
    try:
        texts = {field: section_of(document, mark) for field, mark in SECTIONS}
    except DocumentFaults as error:
        return ReadChange(change, (*faults, *error.faults))
    return ReadChange(msgspec.structs.replace(change, prose=ChangeProse(**texts)), faults)


def new_change(
    change: Change,
    language: Language,
    entries: Iterable[Entry] = (),
    template: Document | None = None,
) -> Document:
    """A new document of `change`.

    Args:
        template: the team's own; by default the one that ships.

    Raises:
        DocumentFaults: the template cannot be filled in.
    """
    blank = template or template_of("change", language)
    document = with_front(in_language(blank, language), change)
    return _written(document, change, language, tuple(entries))


def update_change(
    document: Document, change: Change, entries: Iterable[Entry] | None = None
) -> Document:
    """`document` with what differs in `change`; every other byte stays.

    Args:
        entries: the whole timeline; `None` leaves the one that stands there.

    Raises:
        DocumentFaults: the document is broken, or of another change.
    """
    require_id(document, change.id)
    known = None if entries is None else tuple(entries)
    language = written_in(document)
    return _written(with_front(document, change), change, language, known)


def _written(
    document: Document, change: Change, language: Language, entries: Sequence[Entry] | None
) -> Document:
    document = with_title(document, f"{escaped(change.id)} {escaped(change.title)}".rstrip())
    for field, mark in SECTIONS:
        text = getattr(change.prose, field)
        document = with_section(document, mark, text, word(mark, language))
    if has_heading(document, "plan"):
        lines = _plan(change, language)
        document = with_generated(document, "plan", lines, word("plan", language))
    if entries is None:
        return document
    lines = timeline_lines(entries, language)
    return with_generated(document, "timeline", lines, word("timeline", language))


def _plan(change: Change, language: Language) -> Iterator[str]:
    plan, nobody = change.plan, word("nobody", language)

    def fact(key: str, value: str) -> str:
        return f"- **{word(key, language)}**: {value}"

    yield fact("state", escaped(change.state))
    yield fact("kind", escaped(plan.kind) + (f" {code(plan.template)}" if plan.template else ""))
    for name in ("services", "hosts"):
        if getattr(plan, name):
            yield fact(name, ", ".join(map(code, getattr(plan, name))))
    if plan.environment:
        yield fact("environment", code(plan.environment))
    if plan.version:
        share = f", {plan.traffic_percent:g} %" if plan.traffic_percent is not None else ""
        yield fact("version", code(plan.version) + share)
    yield fact("risk", escaped(plan.risk.level or word("unknown", language)))
    if plan.window is not None:
        yield fact("window", f"{moment(plan.window.start)} — {moment(plan.window.end)}")
    if plan.expected_downtime is not None:
        yield fact("downtime", duration_text(plan.expected_downtime))
    if plan.expected_alerts:
        yield fact("expected-alerts", ", ".join(map(code, plan.expected_alerts)))
    for name, person in (
        ("author", change.author),
        ("executor", plan.executor),
        ("reviewer", plan.reviewer),
    ):
        yield fact(name, escaped(person) or nobody)
    yield fact("approved-by", ", ".join(map(escaped, approvers_of(change))) or nobody)
    accepts = escaped(plan.acceptance.by) or nobody
    if plan.acceptance.after is not None:
        accepts += f", {duration_text(plan.acceptance.after)}"
    yield fact("acceptance", accepts)
    if plan.rollback.trigger:
        yield fact("rollback-trigger", escaped(plan.rollback.trigger))
    if change.incidents:
        yield fact("incidents", ", ".join(map(code, change.incidents)))
    if plan.runbook:
        yield fact("runbook", code(plan.runbook))
    verification = "\n".join(plan.verification)
    for name, text in (
        ("steps", plan.steps),
        ("rollback", plan.rollback.steps),
        ("verification", verification),
    ):
        if text.strip():
            yield ""
            yield f"**{word(name, language)}**"
            yield ""
            yield from fenced(visible(text, lines=True).split("\n"))
