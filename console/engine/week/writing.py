"""The thread that writes the history file. Nobody waits for it: a disk may take its time."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from console.engine.week.bouts import BoutBook
from console.engine.week.handed import End, Entry, Handed, Plan, Standing
from console.engine.week.precedence import has_recorder
from console.engine.week.silence import Silence
from console.model.history import HISTORY, Bout, Origin, Past, Sample
from console.model.remembering import Holder
from console.model.snapshot import Snapshot
from console.model.unix import milliseconds
from console.model.worklist import Worklist
from console.safety.clock import Clock
from console.safety.text import visible
from console.safety.whereabouts import whereabouts

if TYPE_CHECKING:
    from console.history.writer import Writer

MOST_SAMPLES: Final = 100_000
"""That are kept for a file which cannot be written: 62 services for a day."""
MOST_PAST: Final = 2_000
BOUTS_AT_ONCE: Final = 500
"""In one transaction: the file is locked, and this thread at work, for that long."""
TRY_AGAIN_S: Final = 15.0
"""Between two tries at a file that cannot be written, or that somebody else writes."""
LOOK_S: Final = 5.0
"""Between two looks whether an `oncall record` has come."""
TIDY_S: Final = 3600.0
KNOWN_FOR: Final = timedelta(days=8)
"""How far back the episodes are looked for that an earlier recorder left open."""
BRIDGED: Final = 2
"""Intervals of which the samples are kept while somebody else writes."""


class WritingThread:
    """Writes what it is handed, in order. One transaction a cycle.

    What cannot be written is kept, up to a limit, and tried again; what had to be let go is said.
    While somebody else writes, as much is kept as bridges the time until that is noticed.
    """

    def __init__(
        self, clock: Clock, origin: Origin, by: str, told: Callable[[Standing], None]
    ) -> None:
        """`told`: receives how it stands whenever that changes; called on this thread."""
        self._clock = clock
        self._origin = origin
        self._by = by
        self._told = told
        self._standing = Standing()
        self._inbox: deque[Handed] = deque()
        self._waiting: list[Future[None]] = []
        self._closing = False
        self._busy = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        # From here on of the thread alone.
        self._writer: Writer | None = None
        self._is_begun = False
        self._plan: Plan | None = None
        self._entries: deque[Entry] = deque()
        self._past: deque[Past] = deque()
        self._picture: tuple[Snapshot, Worklist] | None = None
        self._bouts = BoutBook()
        self._lost = 0
        self._noticed = 0
        """How many of the writer's notices were said."""
        self._try_at = float("-inf")
        self._look_at = float("-inf")
        self._tidy_at: float | None = None
        self._is_doubted = False
        """The clock, by what was handed over last."""
        self._silence = Silence()
        """Of whoever else ought to write."""

    # For whoever hands over; returns at once.

    def hand(self, handed: Handed) -> None:
        """Have `handed` written."""
        with self._changed:
            # Of several that wait only the last picture counts, and each keeps its samples.
            self._inbox.append(handed)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="oncall-history", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def settled(self) -> Future[None]:
        """Done as soon as all that was handed over until now has been dealt with."""
        done: Future[None] = Future()
        with self._changed:
            if self._thread is None or not self._thread.is_alive():
                done.set_result(None)
            else:
                self._waiting.append(done)
                self._changed.notify()
        return done

    def close(self) -> Future[None]:
        """Write what is left, end the recording, and let the file go."""
        with self._changed:
            self._closing = True
        return self.settled()

    # In the thread.

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._inbox or self._waiting or self._closing):
                    self._changed.wait()
                inbox, waiting = list(self._inbox), self._waiting
                self._inbox.clear()
                self._waiting = []
                closing = self._closing
            try:
                self._take(inbox)
                self._cycle(closing=closing)
                if closing:
                    self._leave("")
            except Exception as error:  # a bug of ours costs the recording, and says so
                self._say(fault=f"a fault inside the console: {whereabouts(error)}", writes=False)
                self._drop()
            inbox.clear()  # or a whole picture of the world would stay until the next one
            for done in waiting:
                done.set_result(None)
            if closing:
                return

    def _take(self, inbox: list[Handed]) -> None:
        for handed in inbox:
            if self._plan is not None and _is_other(self._plan, handed.plan):
                self._cycle(closing=False)
                self._leave("the settings changed")
                self._entries.clear()
                self._try_at = self._look_at = float("-inf")
            self._plan = handed.plan
            self._entries.extend(handed.entries)
            self._past.extend(handed.past)
            self._picture = handed.picture or self._picture
            self._is_doubted = handed.is_doubted
        while len(self._entries) > MOST_SAMPLES:
            self._lost += isinstance(self._entries.popleft(), Sample)
        while len(self._past) > MOST_PAST:
            self._past.popleft()

    def _cycle(self, *, closing: bool) -> None:
        plan = self._plan
        if plan is None:
            return
        now_s = self._clock.now().mono
        if not self._may_write(plan, now_s):
            return
        if self._writer is None and (now_s >= self._try_at or closing):
            self._try_at = now_s + TRY_AGAIN_S
            self._open(plan, now_s)
        if self._writer is not None:
            self._write(self._writer, plan, now_s)

    def _may_write(self, plan: Plan, now_s: float) -> bool:
        """Whether it is ours to write; where it is not the file is let go."""
        from console.history.holder import holder_of

        if plan.records and (self._origin is Origin.RECORDER or now_s < self._look_at):
            return True
        self._look_at = now_s + LOOK_S
        if plan.records and not has_recorder(plan.folder):
            return True
        if self._writer is not None:
            self._leave("`oncall record` took over" if plan.records else "the settings changed")
        self._yield(plan, holder_of(plan.folder), now_s)
        self._look_at = now_s  # nothing is written meanwhile, so that it is asked every time
        return False

    def _yield(self, plan: Plan, holder: Holder | None, now_s: float) -> None:
        """It is somebody else's turn: of `holder`, or of an `oncall record` that begins."""
        from console.history.holder import written_ns

        self._bridge(plan)
        fault = self._silence.fault(holder, written_ns(plan.folder), plan.every_ms, now_s)
        if not any(isinstance(one, Sample) for one in self._entries):
            fault = ""  # who has nothing to write either accuses nobody
        self._say(writes=False, holder=holder, fault=fault)

    def _open(self, plan: Plan, now_s: float) -> None:
        from console.history.fault import HistoryFault
        from console.history.holder import holder_of
        from console.history.writer import open_writer

        found = open_writer(plan.folder, self._origin, self._by, clock=self._clock)
        if isinstance(found, HistoryFault):
            if found.is_held:
                self._yield(plan, holder_of(plan.folder), now_s)
            else:
                self._say(writes=False, holder=None, fault=str(found))
            return
        self._silence.forget()
        self._writer = found
        self._is_begun = False
        self._noticed = 0
        self._bouts = BoutBook()
        self._bouts.take(self._left_open(plan))

    def _left_open(self, plan: Plan) -> tuple[Bout, ...]:
        """The episodes whose end was not seen by whoever recorded before."""
        from console.history.fault import HistoryError
        from console.history.reader import Reader, open_reader

        reader = open_reader(plan.folder)
        if not isinstance(reader, Reader):
            return ()  # it is said where it is written
        now = self._clock.now().wall
        try:
            found = reader.bouts(now - KNOWN_FOR, now)
        except HistoryError:
            return ()
        finally:
            reader.close()
        mine = (one for one in found if one.source == HISTORY and one.resolved_at is None)
        return tuple(sorted(mine, key=lambda one: one.start, reverse=True))

    def _write(self, writer: Writer, plan: Plan, now_s: float) -> None:
        from console.history.fault import HistoryError

        try:
            self._write_entries(writer, plan)
            is_due = self._tidy_at is None or now_s >= self._tidy_at
            if is_due and not self._is_doubted:
                self._tidy_at = now_s + TIDY_S
                now_ms = milliseconds(self._clock.now().wall)
                writer.tidy(now_ms, plan.keep_samples_ms, plan.keep_ms)
        except HistoryError as error:
            self._say(writes=False, fault=str(error))
            if not error.fault.is_busy:
                self._drop()
            return
        notices = list(writer.notices[self._noticed :])
        self._noticed = len(writer.notices)
        if self._lost:
            notices.append(f"{self._lost} samples could not be kept while it was not written")
        self._lost = 0
        self._say(writes=True, holder=None, fault="", notice="; ".join(notices))

    def _write_entries(self, writer: Writer, plan: Plan) -> None:
        """All that waits; what was written is let go at once, so that it is written once.

        Raises:
            HistoryError: the rest waits on.
        """
        while True:
            samples: list[Sample] = []
            for entry in self._entries:
                if not isinstance(entry, Sample):
                    break
                samples.append(entry)
            is_last = len(samples) == len(self._entries)
            if samples and not self._is_begun:
                writer.begin(samples[0].at_ms, plan.every_ms)
                self._is_begun = True
            past = tuple(self._past) if is_last else ()
            if samples or past:
                writer.write(samples, (), past)
                for _ in samples:
                    self._entries.popleft()
            if is_last:
                self._past.clear()
                self._write_bouts(writer, plan)
                return
            entry = self._entries[0]
            if isinstance(entry, End) and self._is_begun:
                writer.end(entry.why)
                self._is_begun = False
            self._entries.popleft()

    def _write_bouts(self, writer: Writer, plan: Plan) -> None:
        """The episodes of the last picture, some at a time.

        Raises:
            HistoryError: the picture waits on.
        """
        if self._picture is None:
            return
        news = self._bouts.news(*self._picture, plan.policy)
        while some := tuple(itertools.islice(news, BOUTS_AT_ONCE)):
            writer.write((), some, ())
            self._bouts.written(some)
        self._bouts.let_go(self._picture[1])
        self._picture = None

    def _leave(self, why: str) -> None:
        """End the recording and let the file go, where it is ours."""
        from console.history.fault import HistoryError

        writer = self._writer
        if writer is None:
            return
        try:
            if self._is_begun:
                writer.end(why)
        except HistoryError as error:
            self._say(fault=visible(str(error), cells=400))
        self._drop()

    def _drop(self) -> None:
        """Let the file go as it is; the next try opens it anew."""
        writer, self._writer = self._writer, None
        self._is_begun = False
        if writer is not None:
            with contextlib.suppress(Exception):
                writer.close()

    def _bridge(self, plan: Plan) -> None:
        """Somebody else records: keep only what covers the time until their end is noticed."""
        most_ms = BRIDGED * plan.every_ms
        newest = next((one.at_ms for one in reversed(self._entries) if isinstance(one, Sample)), 0)
        while self._entries:
            first = self._entries[0]
            if isinstance(first, Sample) and first.at_ms > newest - most_ms:
                break
            self._entries.popleft()
        while self._past and milliseconds(self._past[0].at) < newest - most_ms:
            self._past.popleft()

    def _say(self, **changed: str | bool | Holder | None) -> None:
        """Tell how it stands, where that is other than was told."""
        from console.history.database import history_file

        path = history_file(self._plan.folder) if self._plan is not None else Path()
        size_bytes = 0
        with contextlib.suppress(OSError):
            size_bytes = path.stat().st_size
        now = {"notice": "", **changed, "path": str(path), "size_bytes": size_bytes}
        standing = msgspec.structs.replace(self._standing, **now)
        if standing != self._standing:
            self._standing = standing
            self._told(standing)


def _is_other(before: Plan, after: Plan) -> bool:
    """Whether what is recorded by `after` belongs to another recording, or another file."""
    return (before.folder, before.every_ms) != (after.folder, after.every_ms)
