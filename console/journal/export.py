"""Documents for outside: Markdown as it stands in the file, and JSON with all its fields."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from posixpath import dirname, relpath
from typing import Final, get_args

import msgspec

from console.journal.attachments import Attached, attachments_of
from console.journal.bench import Bench
from console.journal.document import read_document
from console.journal.errors import JournalFault
from console.journal.front_matter import written_in
from console.journal.ids import ID
from console.journal.language import word
from console.journal.reading import Paper, name_of
from console.journal.timeline import link_of
from console.model.change import approvers_of, is_self_approved, plan_hash
from console.model.incident import clocks_of, disorder
from console.model.papers import ChangePaper, IncidentPaper, Sheet
from console.safety.jsontext import json_text
from console.safety.text import visible

SCHEMA_VERSION: Final = 1


class Export(msgspec.Struct, frozen=True):
    """A document with all that belongs to it. Both texts are safe to print."""

    markdown: str
    json: str


async def exported(bench: Bench, paper: Paper) -> Export | JournalFault:
    """The document of `paper` as it stands on disk, its last commit and its attachments."""
    sheet = await bench.library.sheet(paper.path)
    if isinstance(sheet, JournalFault):
        return sheet
    logged = await bench.journal.log(paper.path, 1)
    if isinstance(logged, JournalFault):
        return logged
    commit = logged[0].hash if logged else ""
    document_id = paper.incident.id if isinstance(paper, IncidentPaper) else paper.change.id
    is_id = ID.fullmatch(document_id) is not None
    attached = await attachments_of(bench, document_id) if is_id else ()
    if isinstance(paper, IncidentPaper):
        told = incident_json(paper, sheet, commit, attached)
    else:
        told = change_json(paper, sheet, commit, attached)
    return Export(markdown(sheet, attached), told)


def markdown(sheet: Sheet, attached: Sequence[Attached] = ()) -> str:
    """The file's own text, made safe to print; a list of `attached` below it, if any."""
    text = sheet.content.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    shown = visible(text, lines=True)
    if not attached:
        return shown
    language = written_in(read_document(sheet.content, name_of(sheet.path)))
    lines = [f"## {word('attachments', language)}", ""]
    for each in attached:
        name = each.path.rpartition("/")[2]
        link = link_of(relpath(each.path, dirname(sheet.path)), name)
        lines.append(f"- {link} ({each.size_bytes:,} B)")
    gap = "\n" if shown.endswith("\n") else "\n\n"
    return f"{shown}{gap}" + "\n".join(lines) + "\n"


def incident_json(
    paper: IncidentPaper, sheet: Sheet, commit: str = "", attached: Iterable[Attached] = ()
) -> str:
    """An incident with its clocks, which are worked out from its times.

    Args:
        commit: the last that changed the file; empty where it stands in none.
    """
    incident = paper.incident
    clocks = clocks_of(incident)
    return _told(
        "incident",
        paper,
        sheet,
        commit,
        attached,
        incident=_plain(incident),
        clocks=_plain(clocks),
        disorder=disorder(incident),
    )


def change_json(
    paper: ChangePaper, sheet: Sheet, commit: str = "", attached: Iterable[Attached] = ()
) -> str:
    """A change with what follows from its plan: its hash, its risk, and who approved it."""
    change = paper.change
    return _told(
        "change",
        paper,
        sheet,
        commit,
        attached,
        change=_plain(change),
        plan_hash=plan_hash(change.plan),
        risk_level=change.plan.risk.level,
        approved_by=approvers_of(change),
        is_self_approved=is_self_approved(change),
    )


def _told(
    kind: str, paper: Paper, sheet: Sheet, commit: str, attached: Iterable[Attached], **more: object
) -> str:
    return json_text(
        {
            "schema_version": SCHEMA_VERSION,
            "kind": kind,
            "path": paper.path,
            "blob": sheet.blob or None,
            "commit": commit or None,
            "faults": paper.faults,
            "attachments": [_plain(each) for each in attached],
        }
        | more
    )


def _plain(value: object) -> object:
    """`value` for JSON: durations as seconds, with that in their names."""
    if isinstance(value, msgspec.Struct):
        return dict(_fields(value))
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, enum.IntEnum):
        return str(value)
    return value


def _fields(struct: msgspec.Struct) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if _is_span(field.type):
            yield f"{field.name}_seconds", None if value is None else value.total_seconds()
        else:
            yield field.name, _plain(value)


def _is_span(kind: object) -> bool:
    return kind is timedelta or any(map(_is_span, get_args(kind)))
