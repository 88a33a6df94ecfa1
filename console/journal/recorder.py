"""Events in the files of the journal: one a day, person and console, lines added at the end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from console.journal.change import Keep
from console.journal.errors import JournalFault
from console.journal.repository import Journal
from console.model.event import Event


class Recorder:
    """Keeps this console's events, and reads everybody's."""

    def __init__(self, journal: Journal, who: str, console: str) -> None:
        """`who` and `console` name its files: `events/2026-11-22/kai-laptop-4f2a.jsonl`."""
        self._journal = journal
        self._who = who
        self._console = console

    def add(self, events: Iterable[Event]) -> None:
        """Have `events` written at the next `flush`; those that it has had already, once."""
        raise NotImplementedError

    async def flush(self) -> JournalFault | None:
        """Write what was added; on disk when this returns, and kept for later where it fails."""
        raise NotImplementedError

    async def between(self, since: datetime, until: datetime) -> tuple[Event, ...]:
        """Everybody's events of that time, the earliest first, each once."""
        raise NotImplementedError

    def uncommitted(self) -> tuple[Keep, ...]:
        """This console's files with lines in no commit yet, to be taken along by the next."""
        raise NotImplementedError

    def committed(self, keeps: Iterable[Keep]) -> None:
        """These files were taken along."""
        raise NotImplementedError
