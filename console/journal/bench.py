"""All that it takes to read and write the documents of one journal."""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.journal.language import Language
from console.journal.library import Library
from console.journal.recorder import Recorder
from console.journal.repository import Journal


class Bench(msgspec.Struct, frozen=True):
    """One journal, opened. One a console."""

    journal: Journal
    library: Library
    """Reads documents, and remembers what it has read."""
    recorder: Recorder
    """Keeps events in this console's files of the journal, and reads everybody's."""
    language: Language
    """In which new documents are written."""
    templates: Path | None
    """The team's own, in place of those that ship."""
    environment: str
