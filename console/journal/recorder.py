"""Events in the files of the journal: one a day, person and console, lines added at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import islice
from operator import attrgetter
from typing import Final

from console.journal.change import Keep
from console.journal.errors import JournalFault
from console.journal.happenings import event_of, is_kept, line_of
from console.journal.places import events_path
from console.journal.repository import Journal
from console.model.event import Event
from console.safety.files import FileError, read_end
from console.safety.text import visible

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Of one file; of a longer one the end is read."""
MOST_READ: Final = 100_000
"""Events of one reading; the latest."""
MOST_WAITING: Final = 5_000
"""Events that wait until they can be written."""
MOST_KNOWN: Final = 20_000
"""Events that are remembered so that none is written twice."""
_MOST_FILES: Final = 2_000
_CACHED_EVENTS: Final = 50_000
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FOLDER: Final = "events"

_Files = dict[str, tuple[tuple[int, int, int], tuple[Event, ...]]]


class Recorder:
    """Keeps this console's events, and reads everybody's. One loop uses it."""

    def __init__(self, journal: Journal, who: str, console: str) -> None:
        """`who` and `console` name its files: `events/2026-11-22/kai-laptop-4f2a.jsonl`."""
        self._journal = journal
        self._who = who
        self._console = console
        self._known: dict[Event, None] = {}
        self._waiting: deque[Event] = deque()
        self._lost = 0
        self._writing = asyncio.Lock()
        self._written: dict[str, int] = {}
        """Files with lines in no commit, and how often something was added to each."""
        self._cache: _Files = {}
        self._notices: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        """Events that could not be written and were too many to be kept for later."""
        return self._lost

    @property
    def notices(self) -> tuple[str, ...]:
        """What the last `between` left out, safe to show; mostly nothing."""
        return self._notices

    def add(self, events: Iterable[Event]) -> None:
        """Have `events` written at the next `flush`; those that it has had already, once.

        Kinds that are worth no line in the journal are left out.
        """
        for event in events:
            if event in self._known or not is_kept(event):
                continue
            self._known[event] = None
            if len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._waiting.append(event)
        while len(self._waiting) > MOST_WAITING:
            self._give_up_one()

    def _give_up_one(self) -> None:
        # What the world did can be found in its servers; what a person wrote stands nowhere else.
        index = next((at for at, event in enumerate(self._waiting) if not event.who), 0)
        del self._waiting[index]
        self._lost += 1

    async def flush(self) -> JournalFault | None:
        """Write what was added; on disk when this returns, and kept for later where it fails."""
        async with self._writing:
            for path, events in _by_file(self._waiting, self._who, self._console).items():
                lines = [line_of(event).rstrip(b"\n") for event in events]
                told = await self._journal.append_events(
                    lines, events[0].at, self._who, self._console
                )
                if isinstance(told, JournalFault):
                    return self._with_loss(told)
                self._written[path] = self._written.get(path, 0) + 1
                done = set(events)
                self._waiting = deque(one for one in self._waiting if one not in done)
        return None

    def _with_loss(self, fault: JournalFault) -> JournalFault:
        if not self._lost:
            return fault
        lost = f"{self._lost:,} events that came meanwhile are lost"
        return JournalFault(
            fault.problem, f"{fault.cause}; {lost}", fault.expected, fault.remedy, fault.kept
        )

    async def between(self, since: datetime, until: datetime) -> tuple[Event, ...]:
        """Everybody's events from `since` until `until`, the earliest first, each once.

        Only the files of those days are read; `notices` tells what had to be left out.
        """
        return await asyncio.to_thread(self._between, since, until)

    def _between(self, since: datetime, until: datetime) -> tuple[Event, ...]:
        notices: list[str] = []
        found: dict[Event, None] = {}
        fresh: _Files = {}
        paths = iter(self._paths(since.astimezone(UTC).date(), until.astimezone(UTC).date()))
        for path in islice(paths, _MOST_FILES):
            try:
                events = self._events(path, fresh, notices)
            except (FileError, OSError) as error:
                notices.append(visible(f"events cannot be read: {error}", cells=300))
                continue
            found.update((event, None) for event in events if since <= event.at <= until)
            if len(found) > MOST_READ:
                break
        told = sorted(found, key=attrgetter("at"))[-MOST_READ:]
        if len(told) < len(found) or next(paths, None) is not None:
            notices.append(f"the earliest events are left out: {len(told):,} are read")
        self._cache = _newest(fresh, self._cache)
        self._notices = tuple(notices)
        return tuple(told)

    def _paths(self, first: date, last: date) -> Iterator[str]:
        """The event files of those days, the latest day first."""
        top = self._journal.folder / _FOLDER
        names: list[str] = []
        with contextlib.suppress(OSError), os.scandir(top) as entries:
            names = [entry.name for entry in entries if _DAY.fullmatch(entry.name)]
        for day in sorted(names, reverse=True):
            if first.isoformat() <= day <= last.isoformat():
                inside = self._journal.disk.listed(f"{_FOLDER}/{day}")
                yield from (path for path in inside if path.endswith(".jsonl"))

    def _events(self, path: str, fresh: _Files, notices: list[str]) -> tuple[Event, ...]:
        place = self._journal.disk.place(path)
        status = place.lstat()
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._cache.get(path)
        if known is None or known[0] != stamp:
            content, size = read_end(place, MAX_FILE_BYTES)
            if size > len(content):
                notices.append(
                    visible(f"{path} has {size:,} bytes; the last {len(content):,} are read")
                )
            lines = dict.fromkeys(content.split(b"\n"))
            known = stamp, tuple(filter(None, map(event_of, lines)))
        fresh[path] = known
        return known[1]

    def adopt(self, paths: Iterable[str]) -> None:
        """Those of `paths`, files that differ from the last commit, that are of this console.

        An earlier run may have been killed before it committed them.
        """
        mine = events_path(datetime.min.replace(tzinfo=UTC), self._who, self._console)
        name = mine.rpartition("/")[2]
        for path in paths:
            folder, _, last = path.rpartition("/")
            top, _, day = folder.partition("/")
            if top == _FOLDER and _DAY.fullmatch(day) and last == name:
                self._written.setdefault(path, 0)

    def uncommitted(self) -> tuple[Keep, ...]:
        """This console's files with lines in no commit yet, to be taken along by the next."""
        return tuple(_Added(path, times) for path, times in sorted(self._written.items()))

    def committed(self, keeps: Iterable[Keep]) -> None:
        """These, as `uncommitted` gave them, were taken along; what came since stays to be."""
        for keep in keeps:
            times = keep.times if isinstance(keep, _Added) else self._written.get(keep.path)
            if self._written.get(keep.path) == times:
                self._written.pop(keep.path, None)


class _Added(Keep, frozen=True):
    """An event file as it stood after so many additions."""

    times: int = 0


def _by_file(events: Iterable[Event], who: str, console: str) -> Mapping[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(events_path(event.at, who, console), []).append(event)
    return found


def _newest(fresh: _Files, cached: _Files) -> _Files:
    """What to remember: `fresh` in front, and of both together not too many events."""
    kept: _Files = {}
    room = _CACHED_EVENTS
    older = {path: entry for path, entry in cached.items() if path not in fresh}
    for path, entry in (fresh | older).items():
        room -= len(entry[1]) + 1
        if room < 0:
            break
        kept[path] = entry
    return kept
