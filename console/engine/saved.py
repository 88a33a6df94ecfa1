"""What outlives a console: clocks, the last known state, the event log.

Per user and environment, in `$XDG_STATE_HOME/oncall/<environment>/`. Every file is written
whole and atomically; one that cannot be read is set aside by name and said, never fatal.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from console.model.event import Event
from console.model.worklist import Episode
from console.safety.files import FileError, FileLock, private_dir, read_capped, write_atomic
from console.triage.saved import EpisodesDamaged, episodes_from, episodes_to, merged

EPISODES = "episodes.json"
SNAPSHOT = "snapshot.json"
EVENTS = "events.json"
MAX_BYTES = 64 * 1024 * 1024


class Saved(msgspec.Struct, frozen=True):
    """What an earlier console left behind."""

    episodes: tuple[Episode, ...] = ()
    snapshot: bytes | None = None
    """For `Fleet.restore`."""
    events: tuple[Event, ...] = ()
    notices: tuple[str, ...] = ()
    """What could not be read, in words for the person."""


class StateFolder:
    """The folder that holds the state of one environment for one user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> Saved:
        """Everything that is there and can be read. Never raises."""
        notices: list[str] = []
        episodes: tuple[Episode, ...] = ()
        events: tuple[Event, ...] = ()
        content = self._read(EPISODES, notices)
        if content is not None:
            try:
                episodes = episodes_from(content)
            except EpisodesDamaged as damaged:
                self._set_aside(EPISODES, str(damaged), notices)
        content = self._read(EVENTS, notices)
        if content is not None:
            try:
                events = msgspec.json.decode(content, type=tuple[Event, ...])
            except (msgspec.DecodeError, UnicodeDecodeError) as damaged:
                self._set_aside(EVENTS, str(damaged), notices)
        return Saved(episodes, self._read(SNAPSHOT, notices), events, tuple(notices))

    def save(self, episodes: Iterable[Episode], snapshot: bytes, events: Iterable[Event]) -> None:
        """Write all three. Another console's episodes are kept: the earlier start wins.

        Raises:
            FileError: the folder or a file cannot be written.
        """
        private_dir(self.folder)
        with FileLock(self.folder / "lock", wait_s=2.0):
            other: tuple[Episode, ...] = ()
            content = self._read(EPISODES, [])
            if content is not None:
                try:
                    other = episodes_from(content)
                except EpisodesDamaged:
                    other = ()
            write_atomic(self.folder / EPISODES, episodes_to(merged(episodes, other)))
            write_atomic(self.folder / SNAPSHOT, snapshot)
            write_atomic(self.folder / EVENTS, msgspec.json.encode(tuple(events)))

    def set_snapshot_aside(self, why: str) -> str:
        """Move a snapshot that could not be restored out of the way; the notice to show."""
        notices: list[str] = []
        self._set_aside(SNAPSHOT, why, notices)
        return notices[0]

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
