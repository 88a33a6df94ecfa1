"""Keeps what must outlive the console: every half minute, and on the way out."""

from __future__ import annotations

import asyncio
import threading

from console.engine.saved import LOCK_WAIT_S, StateFolder
from console.engine.trouble import Trouble
from console.fleet.fleet import Fleet
from console.model.snapshot import SentTo
from console.model.update import Update
from console.safety.clock import Clock
from console.safety.files import FileError
from console.safety.whereabouts import whereabouts

EVERY_S = 30.0
PLACE = "saved state"


class Keeper:
    """Writes the state folder, in a thread, since a disk may take its time to sync."""

    def __init__(
        self, state: StateFolder | None, fleet: Fleet, clock: Clock, trouble: Trouble
    ) -> None:
        """`state`: `None` keeps nothing."""
        self._state = state
        self._fleet = fleet
        self._clock = clock
        self._trouble = trouble
        self._kept_at: float | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._asked = 0
        self._kept = 0
        """The number of the newest save that was written; `_writing` guards it."""
        self._writing = threading.Lock()

    def keep(self, update: Update, sent_to: tuple[SentTo, ...]) -> None:
        """Save `update` when that is due, and return at once.

        For the first time as soon as every source has been heard, so that a console that is
        killed early leaves its clocks behind.
        """
        if self._kept_at is None:
            is_due = update.snapshot.complete
        else:
            is_due = self._clock.now().mono - self._kept_at >= EVERY_S
        is_busy = self._keeping is not None and not self._keeping.done()
        if is_due and not is_busy:
            self._kept_at = self._clock.now().mono
            self._keeping = asyncio.create_task(
                self._keep(self._next(), update, sent_to), name="keep"
            )

    def keep_now(self, update: Update, sent_to: tuple[SentTo, ...]) -> str:
        """Save `update` before this returns; why that did not work, empty when it did."""
        fault = self._written(self._next(), update, sent_to)
        self._told(fault)
        return fault

    async def _keep(self, number: int, update: Update, sent_to: tuple[SentTo, ...]) -> None:
        self._told(await asyncio.to_thread(self._written, number, update, sent_to))

    def _next(self) -> int:
        self._asked += 1
        return self._asked

    def _written(self, number: int, update: Update, sent_to: tuple[SentTo, ...]) -> str:
        """Write, unless a newer state is written; why that did not work, empty when it did.
        Raises nothing."""
        if self._state is None or update.snapshot.restored:
            return ""
        if not self._writing.acquire(timeout=LOCK_WAIT_S):
            return "state not saved: the save before is still under way"
        try:
            # A thread may come to it only once the console has saved on its way out.
            if number < self._kept:
                return ""
            fault = self._saved(self._state, update, sent_to)
            if not fault:
                self._kept = number
            return fault
        finally:
            self._writing.release()

    def _saved(self, state: StateFolder, update: Update, sent_to: tuple[SentTo, ...]) -> str:
        # What was saved stays until there is something better than a first half.
        snapshot = self._fleet.saved() if update.snapshot.complete else None
        try:
            state.save(update.worklist.episodes, snapshot, update.events, sent_to)
        except FileError as fault:
            return f"state not saved: {fault}"
        except Exception as error:
            return f"state not saved: {whereabouts(error)}"
        return ""

    def _told(self, fault: str) -> None:
        if fault:
            self._trouble.begin(PLACE, fault, is_row=False)
        else:
            self._trouble.end(PLACE)
