"""Files that are no document, written together with the event that tells of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.papers.amending import body_of, record
from console.journal.bench import Bench
from console.journal.change import Commit, Conflict, Remove, Write
from console.journal.errors import JournalFault
from console.model.acting import Ended
from console.model.event import Event


class Recorded:
    """One effect, tried until nobody else was quicker: its event is on disk once, before the
    first try, so that nothing is done without its record."""

    def __init__(self, bench: Bench, doing: Doing) -> None:
        self._bench = bench
        self._doing = doing
        self._event: Event | None = None

    async def landed(
        self, event: Event, subject: str, changes: Sequence[Write | Remove]
    ) -> Commit | Conflict | JournalFault:
        """Commit `changes` and `event`, all or nothing."""
        bench = self._bench
        if self._event is None:
            self._event = event
            await record(bench, event)
        keeps = bench.recorder.uncommitted()
        told = await bench.journal.commit((*changes, *keeps), subject, body_of(self._doing))
        if isinstance(told, Commit):
            bench.recorder.committed(keeps)
        return told

    async def end(self, refused: Effected) -> None:
        """Say in the record too that what it tells of was not written."""
        if self._event is None or refused.outcome.ended is Ended.KEPT:
            return
        text = f"not written after all: {self._event.text}"
        again = msgspec.structs.replace(self._event, at=self._doing.now, text=text, link="")
        await record(self._bench, again)
