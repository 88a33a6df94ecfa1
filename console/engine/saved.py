"""What outlives a console: clocks, the last known state, the event log.

Per user and environment, in `$XDG_STATE_HOME/oncall/<environment>/`. Every file is written
whole and atomically; one that cannot be read is set aside by name and said, never fatal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from console.engine.events import KEPT
from console.model.event import Event
from console.model.snapshot import SentTo
from console.model.worklist import Episode
from console.safety.files import FileError, FileLock, private_dir, read_capped, write_atomic
from console.safety.text import visible
from console.triage.saved import EpisodesDamaged, episodes_from, episodes_to, merged

EPISODES = "episodes.json"
SNAPSHOT = "snapshot.json"
EVENTS = "events.json"
ALERTMANAGERS = "alertmanagers.json"
MAX_BYTES = 64 * 1024 * 1024
LOCK_WAIT_S = 1.0
"""For another console that saves; the way out of the console has no more time than that."""
SAME_WITHIN = timedelta(seconds=90)
"""Two consoles see one thing happen at their own polls: within this it is the same thing."""

_SENT_TO = msgspec.json.Decoder(tuple[SentTo, ...])


class Saved(msgspec.Struct, frozen=True):
    """What an earlier console left behind."""

    episodes: tuple[Episode, ...] = ()
    snapshot: bytes | None = None
    """For `Fleet.restore`."""
    events: tuple[Event, ...] = ()
    sent_to: tuple[SentTo, ...] = ()
    """Where the Prometheus servers sent their alerts: asked from the start of the next console,
    which may well be opened because a Prometheus is dead."""
    notices: tuple[str, ...] = ()
    """What could not be read, in words for the person."""


class StateFolder:
    """The folder that holds the state of one environment for one user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> Saved:
        """Everything that is there and can be read. Never raises."""
        notices: list[str] = []
        episodes = self._episodes(notices)
        if isinstance(episodes, str):
            self._set_aside(EPISODES, episodes, notices)
            episodes = ()
        events = self._events(notices)
        if isinstance(events, str):
            self._set_aside(EVENTS, events, notices)
            events = ()
        sent_to = self._sent_to(notices)
        if isinstance(sent_to, str):
            self._set_aside(ALERTMANAGERS, sent_to, notices)
            sent_to = ()
        snapshot = self._read(SNAPSHOT, notices)
        return Saved(episodes, snapshot, events, sent_to, tuple(notices))

    def save(
        self,
        episodes: Iterable[Episode],
        snapshot: bytes | None,
        events: Iterable[Event],
        sent_to: Iterable[SentTo] = (),
    ) -> None:
        """Write all of it. What another console saved of episodes and events is kept.

        Of two episodes of one alert the earlier start wins.

        Args:
            snapshot: `None` leaves what is there.
            events: the newest first.

        Raises:
            FileError: the folder or a file cannot be written.
        """
        private_dir(self.folder)
        with FileLock(self.folder / "lock", wait_s=LOCK_WAIT_S):
            others = self._episodes([])
            if not isinstance(others, str):
                episodes = merged(episodes, others)
            write_atomic(self.folder / EPISODES, episodes_to(episodes))
            if snapshot is not None:
                write_atomic(self.folder / SNAPSHOT, snapshot)
            happened = self._events([])
            if not isinstance(happened, str):
                events = together(events, happened)
            write_atomic(self.folder / EVENTS, msgspec.json.encode(tuple(events)))
            if found := tuple(sent_to):
                write_atomic(self.folder / ALERTMANAGERS, msgspec.json.encode(found))

    def set_snapshot_aside(self, why: str) -> str:
        """Move a snapshot that could not be restored out of the way; the notice to show."""
        notices: list[str] = []
        self._set_aside(SNAPSHOT, why, notices)
        return notices[0]

    def _episodes(self, notices: list[str]) -> tuple[Episode, ...] | str:
        """What is saved, or why it cannot be read."""
        content = self._read(EPISODES, notices)
        try:
            return () if content is None else episodes_from(content)
        except EpisodesDamaged as damaged:
            return str(damaged)

    def _events(self, notices: list[str]) -> tuple[Event, ...] | str:
        """What is saved, or why it cannot be read."""
        content = self._read(EVENTS, notices)
        try:
            return () if content is None else _events_from(content)
        except (msgspec.MsgspecError, ValueError, RecursionError) as damaged:
            return visible(str(damaged), cells=120)

    def _sent_to(self, notices: list[str]) -> tuple[SentTo, ...] | str:
        """What is saved, or why it cannot be read."""
        content = self._read(ALERTMANAGERS, notices)
        try:
            return () if content is None else _SENT_TO.decode(content)
        except (msgspec.MsgspecError, ValueError, RecursionError) as damaged:
            return visible(str(damaged), cells=120)

    def _read(self, name: str, notices: list[str]) -> bytes | None:
        path = self.folder / name
        if not path.exists():
            return None
        try:
            return read_capped(path, MAX_BYTES)
        except FileError as fault:
            notices.append(str(fault))
            return None

    def _set_aside(self, name: str, why: str, notices: list[str]) -> None:
        aside = f"{name}.damaged"
        notices.append(f"{name} cannot be read ({why}); it is kept as {aside}, starting afresh")
        content = self._read(name, [])
        if content is not None:
            try:
                write_atomic(self.folder / aside, content)
            except FileError as fault:
                notices.append(str(fault))


def together(mine: Iterable[Event], others: Iterable[Event]) -> tuple[Event, ...]:
    """Two logs as one, the newest first; what both consoles saw happen stands in it once."""
    found = list(mine)
    known: dict[tuple[str, str, str], list[datetime]] = {}
    for event in found:
        known.setdefault((event.kind, event.subject, event.text), []).append(event.at)
    for event in others:
        times = known.get((event.kind, event.subject, event.text), ())
        if all(abs(event.at - at) > SAME_WITHIN for at in times):
            found.append(event)
    return tuple(sorted(found, key=lambda event: event.at, reverse=True)[:KEPT])


def _events_from(content: bytes) -> tuple[Event, ...]:
    """
    Raises:
        msgspec.DecodeError, ValueError: it is no list of events, or not one of ours: whoever
            can write the file must not reach the terminal through it.
    """
    events = msgspec.json.decode(content, type=tuple[Event, ...])
    for event in events:
        if event.at.tzinfo is None:
            raise ValueError("a time in it has no zone")
        if any(visible(text) != text for text in _texts(event)):
            raise ValueError("a text in it is not safe to show")
    return events


def _texts(event: Event) -> tuple[str, ...]:
    told = event.carried
    of_step = () if told is None else (told.run, told.step, told.service, told.host)
    return (event.subject, event.text, event.who, *of_step)
