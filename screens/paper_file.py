"""What a document's screen tells of its file: the timeline in it, and the commit that wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from console.model.papers import ChangePaper, IncidentPaper, Sheet
from console.safety.text import Raw, visible
from widgets.detail import Field
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.journal.change import Logged
    from console.journal.errors import JournalFault


class Kept(msgspec.Struct, frozen=True):
    """What is read of the file itself, beside the document."""

    blob: str = ""
    """Of the version that it was read from."""
    timeline: str = ""
    """As it stands in the document."""
    commit: str = ""
    """The newest: `3f2a91c mei 2026-11-22 03:16  CHG-… approved`; safe to show."""
    fault: str = ""
    """Why it cannot be read; safe to show."""


def kept_of(sheet: Sheet | JournalFault, log: tuple[Logged, ...] | JournalFault) -> Kept:
    """What the screen shows of the file itself."""
    from console.journal.body import section_of  # late: the file is read after the first frame
    from console.journal.document import DocumentFaults, read_document

    if not isinstance(sheet, Sheet):
        return Kept(fault=f"it cannot be read: {visible(str(sheet), cells=200)}")
    commit = "none yet"
    if isinstance(log, tuple):
        if log:
            one = log[0]
            commit = f"{one.hash[:8]} {one.author} {one.at:%Y-%m-%d %H:%M} UTC  {one.subject}"
    else:
        commit = f"not known: {visible(str(log), cells=200)}"
    try:
        document = read_document(sheet.content, sheet.path.rpartition("/")[2])
        lines = section_of(document, "timeline").splitlines()
    except DocumentFaults:
        lines = []
    timeline = "\n".join(line for line in lines if not line.startswith("<!--")).strip("\n")
    return Kept(sheet.blob, timeline, commit)


def file_fields(paper: IncidentPaper | ChangePaper, kept: Kept) -> Iterator[Field]:
    """Where it lies, and in which commit."""
    yield Field("path", Raw(paper.path))
    if kept.fault:
        yield Field("", kept.fault, Ink.WARNING)
    yield Field("commit", kept.commit or "not read yet")
