"""A journal with all that it takes to write documents into it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from console.journal.bench import Bench
from console.journal.language import Language
from console.journal.library import Library
from console.journal.recorder import Recorder
from console.journal.timeline import Entry
from console.model.event import Event, EventKind
from console.model.incident import Incident
from tests.journal.folder import opened

AT: Final = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
REDIS: Final = Incident("INC-20261122-7f3", "redis down", AT)
FIRED: Final = Entry(Event(AT, EventKind.FIRED, "redis@data", "no PING reply"))


async def bench_in(
    folder: Path, language: Language = Language.ENGLISH, templates: Path | None = None
) -> Bench:
    """The journal in `folder`, as a console has it."""
    journal = await opened(folder)
    recorder = Recorder(journal, "kai", "laptop")
    return Bench(journal, Library(journal), recorder, language, templates, "prod")
