"""Asks everybody who may know something about one row, all at once, and hands on each answer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from console.engine.evidence_asked import (
    Asker,
    at,
    book_lines,
    fired_before,
    value_now,
)
from console.engine.evidence_changes import NoPast, Past, is_overtaken, what_changed
from console.engine.evidence_incidents import incidents_before
from console.engine.evidence_log import TRAIL, LogReader, log_lines
from console.engine.evidence_runs import NOTHING_RUNS, ran_lines
from console.engine.evidence_words import EvidenceLine, Learned, Tone, Topic, asked_topics, plain
from console.engine.pause import within
from console.model.event import Event
from console.model.run import Runs, Shelved
from console.model.snapshot import Snapshot
from console.model.worklist import Row
from console.runbook.library import Book, shipped
from console.runbook.matching import candidates
from console.safety.clock import Clock
from console.safety.whereabouts import whereabouts

DEADLINE_S: Final = 5.0
"""For each topic by itself; what is late is said to be late."""
KEPT_FOR_S: Final = {
    Topic.NOW: 10.0,
    Topic.LOG: 20.0,
    Topic.CHANGE: 300.0,
    Topic.BEFORE: 300.0,
    Topic.BOOK: 30.0,
}
FAILED_KEPT_FOR_S: Final = 10.0
HEALTH_S: Final = 2.0
"""How runbooks have done stands in the journal: the names of those that help do not wait longer."""
HEALTH_KEPT_S: Final = 60.0
MOST_KEPT: Final = 256
"""Answers: those of the last fifty rows or so."""

Take = Callable[[Learned], None]
"""Receives an answer, on the engine's loop; must not wait."""
Key = tuple[str, str, str, Topic]


async def _unknown() -> tuple[Shelved, ...]:
    """Nobody keeps how runbooks have done."""
    return ()


async def _shipped() -> tuple[Book, ...]:
    return await asyncio.to_thread(shipped)


class EvidenceDesk:
    """Gathers for one row at a time: whoever asks for another gives up the one before."""

    def __init__(
        self,
        clock: Clock,
        *,
        asker: Callable[[], Asker],
        logs: Callable[[], LogReader | None],
        events: Callable[[], Sequence[Event]],
        past: Callable[[], Past] = NoPast,
        shelf: Callable[[], Awaitable[tuple[Book, ...]]] = _shipped,
        shelved: Callable[[], Awaitable[Sequence[Shelved]]] = _unknown,
        runs: Callable[[], Runs] = lambda: NOTHING_RUNS,
    ) -> None:
        """
        Args:
            asker: the servers as they are now; a reload swaps them.
            logs: `None` where no logs are read.
            past: what was written down.
            shelf: every runbook.
            shelved: tells how they have done.
            runs: those that are open here.
        """
        self._clock = clock
        self._asker = asker
        self._logs = logs
        self._events = events
        self._past = past
        self._shelf = shelf
        self._shelved = shelved
        self._runs = runs
        self._told: tuple[Sequence[Shelved], float] | None = None
        """How runbooks have done, and until when (monotonic) nobody is asked again."""
        self._kept: OrderedDict[Key, tuple[Learned, float]] = OrderedDict()
        """Answers, and until when (monotonic) they are handed out again."""
        self._under_way: asyncio.Task[None] | None = None

    async def gather(self, row: Row, snapshot: Snapshot, take: Take) -> None:
        """Hand the answer on every topic to `take` as it comes; ends when all have come.

        Raises nothing but its own cancellation. A gathering that another one takes the place
        of ends early, without a word.
        """
        if self._under_way is not None:
            self._under_way.cancel()
        mine = asyncio.create_task(self._gather(row, snapshot, take), name="evidence")
        self._under_way = mine
        try:
            await asyncio.wait((mine,))
        finally:
            mine.cancel()
            if self._under_way is mine:
                self._under_way = None
        if not mine.cancelled():
            mine.result()

    def forget(self) -> None:
        """Drop every answer that is kept: the settings are others now."""
        self._kept.clear()
        self._told = None

    async def _gather(self, row: Row, snapshot: Snapshot, take: Take) -> None:
        async with asyncio.TaskGroup() as group:
            for topic in asked_topics(row, snapshot):
                group.create_task(self._answer(topic, row, snapshot, take), name=topic.value)

    async def _answer(self, topic: Topic, row: Row, snapshot: Snapshot, take: Take) -> None:
        if topic is not Topic.BEFORE:
            take(await self._learned(topic, row, snapshot))
            return
        # What is written down needs no server, and is another as soon as somebody writes more.
        learned, written = await asyncio.gather(
            self._learned(topic, row, snapshot), self._written(row, snapshot)
        )
        take(msgspec.structs.replace(learned, lines=(*learned.lines, *written)))

    async def _written(self, row: Row, snapshot: Snapshot) -> tuple[EvidenceLine, ...]:
        past = self._past()
        lines, _ = await self._asked(Topic.BEFORE, incidents_before(row, snapshot, past))
        ran, _ = await self._asked(Topic.WORK, self._ran(row, snapshot, past))
        return (*lines, *ran)

    async def _ran(self, row: Row, snapshot: Snapshot, past: Past) -> tuple[EvidenceLine, ...]:
        happened = await past.happened(row.since, snapshot.at.wall)
        return tuple(ran_lines(row, happened, self._runs()))

    async def _learned(self, topic: Topic, row: Row, snapshot: Snapshot) -> Learned:
        """The answer of a server, or the last one where that is good enough still."""
        key = (row.key, row.alerts[0].key if row.alerts else "", row.since.isoformat(), topic)
        kept = self._kept.get(key)
        # Whoever has just run a step looks at once whether it stands there.
        if (
            kept is not None
            and self._clock.now().mono < kept[1]
            and not (topic is Topic.CHANGE and is_overtaken(kept[0].at.wall, self._events()))
        ):
            return kept[0]
        lines, ok = await self._asked(topic, self._question(topic, row, snapshot))
        now = self._clock.now()
        learned = Learned(topic, at(lines, now), now)
        keep_s = KEPT_FOR_S[topic] if ok else FAILED_KEPT_FOR_S
        if ok and topic is Topic.LOG and now.wall > row.since + TRAIL + timedelta(minutes=1):
            keep_s = KEPT_FOR_S[Topic.BEFORE]  # nothing is added to that stretch any more
        self._kept[key] = (learned, now.mono + keep_s)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return learned

    async def _asked(
        self, topic: Topic, question: Awaitable[tuple[EvidenceLine, ...]]
    ) -> tuple[tuple[EvidenceLine, ...], bool]:
        """The lines on a topic, and whether they are an answer."""
        try:
            lines = await within(question, self._clock, DEADLINE_S)
        except TimeoutError:
            late = f"not known: no answer within {DEADLINE_S:g} s"
            return (plain(topic, late, Tone.UNKNOWN),), False
        except Exception as error:  # costs this topic its answer, and the others nothing
            said = f"not known: a fault inside the console: {whereabouts(error)}"
            return (plain(topic, said, Tone.UNKNOWN),), False
        failed = any(piece.tone is Tone.UNKNOWN for line in lines for piece in line.pieces)
        return lines, not failed

    def _question(
        self, topic: Topic, row: Row, snapshot: Snapshot
    ) -> Awaitable[tuple[EvidenceLine, ...]]:
        if topic is Topic.NOW:
            return value_now(row, snapshot, self._asker())
        if topic is Topic.LOG:
            return log_lines(row, snapshot, self._logs())
        if topic is Topic.BEFORE:
            return fired_before(row, snapshot, self._asker(), self._events())
        if topic is Topic.CHANGE:
            return what_changed(row, snapshot, self._asker(), self._past())
        return self._book(row)

    async def _book(self, row: Row) -> tuple[EvidenceLine, ...]:
        found = candidates(row.alerts[0], row.cell, await self._shelf())
        health = await self._health() if found else ()
        return book_lines(found, health, self._clock.now().wall)

    async def _health(self) -> Sequence[Shelved]:
        """How runbooks have done, as last told: every one of them is read for it."""
        known = self._told
        if known is not None and self._clock.now().mono < known[1]:
            return known[0]
        try:
            told = await within(self._shelved(), self._clock, HEALTH_S)
        except TimeoutError:
            return () if known is None else known[0]
        self._told = told, self._clock.now().mono + HEALTH_KEPT_S
        return told
