"""Acks that no Alertmanager holds: on sick sources and failing checks, and those yet to be sent.

One file in the state folder, or in a folder that the consoles of the team share. There every
console writes it, one at a time under a lock; what one of them cannot read is set aside and
said, and never overwritten.
"""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from console.model.alert import Ack
from console.safety.clock import Clock
from console.safety.files import (
    FileError,
    FileLock,
    read_capped,
    rename_beside,
    write_atomic,
)
from console.safety.text import Raw, cap, visible

ACKS: Final = "acks.json"
LOCK: Final = "acks.lock"
MAX_BYTES: Final = 16 * 1024 * 1024
LASTS: Final = timedelta(hours=24)
"""How long one lasts unless the console of its owner keeps it up."""
_LOCK_WAIT_S: Final = 2.0
_PRIVATE: Final = 0o600
_GROUP: Final = 0o060


class _Saved(msgspec.Struct, frozen=True, omit_defaults=True):
    """One ack as the file has it."""

    key: str
    owner: str
    since: datetime
    until: datetime
    note: str = ""
    intent: str = ""
    unsent: str = ""


class Swap(msgspec.Struct, frozen=True):
    """A change of the ack in one place, for as long as it is the one that was seen there."""

    key: str
    owner: Raw | None
    """Whose stands there; `None`: nobody's."""
    wanted: Ack | None
    """`None` leaves the place empty."""


_DECODER: Final = msgspec.json.Decoder(tuple[_Saved, ...])

ByKey = dict[str, Ack]
"""Acks by the key of what they are on."""


def alert_key(fingerprint: str) -> str:
    """The key under which an ack on an alert is kept; that of anything else is its `Part.key`."""
    return f"alert:{fingerprint}"


class LocalAcks:
    """The acks in one folder. Its methods read and write files, and may be called by threads.

    Acks have no cluster, and their `silence_id` is the key of what they are on. In a folder
    that its group can write (`chmod g+rwxs`) the files are the group's as well; in any other
    they are this user's alone.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        """`folder` has to be there already, at the latest when an ack is put into it."""
        self.path = folder / ACKS
        self._clock = clock
        self._seen: tuple[int, int, int] | None = None
        self._known: ByKey = {}
        self._notices: list[str] = []
        self._fault = ""
        self._using = threading.Lock()

    def load(self) -> tuple[Ack, ...]:
        """Every ack that has not ended, the earliest first. Raises nothing.

        The file is read only where it is another one than last time. Where it cannot be read
        what was known stays, and `take_notices` says why.
        """
        with self._using:
            try:
                self._look()
                self._fault = ""
            except FileError as fault:
                self._tell_once(f"acks kept here cannot be read: {visible(str(fault))}")
            return _in_order(self._alive(self._known))

    def put(self, acks: Iterable[Ack]) -> tuple[Ack, ...]:
        """Add acks, and tell what now stands in their places.

        Of two people's acks of one key the earlier stays. One by the same owner keeps the
        earlier time and takes everything else from the new one.

        Raises:
            FileError: nothing was written.
        """
        wanted = list(acks)

        def add(kept: ByKey) -> None:
            for ack in wanted:
                before = kept.get(ack.silence_id)
                if before is None or _is_before(ack, before):
                    kept[ack.silence_id] = ack
                elif before.owner == ack.owner:
                    kept[ack.silence_id] = msgspec.structs.replace(ack, since=before.since)

        kept = self._change(add)
        return tuple(kept[ack.silence_id] for ack in wanted if ack.silence_id in kept)

    def swap(self, swaps: Iterable[Swap]) -> tuple[Swap, ...]:
        """Change those places in which there is what was seen there; returns what was done.

        Raises:
            FileError: nothing was written.
        """
        wanted = list(swaps)
        done: list[Swap] = []

        def change(kept: ByKey) -> None:
            for one in wanted:
                now = kept.get(one.key)
                if (None if now is None else now.owner) != one.owner:
                    continue
                if one.wanted is None:
                    kept.pop(one.key, None)
                else:
                    kept[one.key] = one.wanted
                done.append(one)

        self._change(change)
        return tuple(done)

    def remove(self, keys: Iterable[str]) -> tuple[Ack, ...]:
        """Take acks away by their keys, and return those that were there.

        Raises:
            FileError: nothing was written.
        """
        removed: list[Ack] = []
        unwanted = frozenset(keys)

        def drop(kept: ByKey) -> None:
            removed.extend(kept.pop(key) for key in sorted(unwanted & kept.keys()))

        self._change(drop)
        return tuple(removed)

    def take_notices(self) -> tuple[str, ...]:
        """What went wrong since this was asked last; safe to show."""
        with self._using:
            notices = tuple(self._notices)
            self._notices.clear()
            return notices

    # -- the file ------------------------------------------------------------------------------

    def _change(self, change: Callable[[ByKey], None]) -> ByKey:
        with self._using, self._lock():
            self._look(locked=True)
            kept = self._alive(self._known)
            before = dict(kept)
            change(kept)
            if kept != before:
                write_atomic(self.path, _encoded(kept.values()), mode=self._mode())
                self._known, self._seen = kept, None
            return kept

    def _look(self, *, locked: bool = False) -> None:
        seen = self._signature()
        if seen is None:
            self._known, self._seen = {}, None
            return
        if seen == self._seen:
            return
        content = read_capped(self.path, MAX_BYTES, follow=False)
        try:
            self._known = _decoded(content)
        except (msgspec.MsgspecError, ValueError, RecursionError) as damaged:
            self._set_aside(visible(str(damaged), cells=120), locked=locked)
            return
        self._seen = seen

    def _set_aside(self, why: str, *, locked: bool) -> None:
        """Move a damaged file out of the way; what was known of it is kept until then."""
        if not locked:
            with self._lock():
                # Another console may have done it meanwhile, or written a whole one.
                self._look(locked=True)
            return
        aside = f"{ACKS}.{self._clock.now().wall:%Y%m%dT%H%M%S}.damaged"
        rename_beside(self.path, aside)
        self._known, self._seen = {}, None
        self._notices.append(
            f"{ACKS} cannot be read ({why}): the acks in it are kept as {aside}, and this begins "
            "afresh; what was acked here has to be acked again"
        )

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            if self.path.parent.is_dir():
                return None
            raise FileError(
                self.path.parent, "is missing", expected="a folder to keep acks in"
            ) from None
        except OSError as error:
            raise FileError(
                self.path, error.strerror or "cannot be looked at", expected="a plain file"
            ) from error
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _lock(self) -> FileLock:
        return FileLock(self.path.with_name(LOCK), wait_s=_LOCK_WAIT_S, mode=self._mode())

    def _mode(self) -> int:
        try:
            folder = self.path.parent.stat()
        except OSError as error:
            raise FileError(
                self.path.parent, error.strerror or "is missing", expected="a folder to write to"
            ) from error
        return _PRIVATE | (_GROUP if folder.st_mode & stat.S_IWGRP else 0)

    def _alive(self, kept: ByKey) -> ByKey:
        now = self._clock.now().wall
        return {key: ack for key, ack in kept.items() if ack.until > now}

    def _tell_once(self, notice: str) -> None:
        if notice != self._fault:
            self._fault = notice
            self._notices.append(notice)


def _is_before(ack: Ack, other: Ack) -> bool:
    """Whether `ack` came first; at one and the same time the one with the smaller record has it,
    on every console alike."""
    return (ack.since, ack.intent) < (other.since, other.intent) and ack.owner != other.owner


def _in_order(kept: ByKey) -> tuple[Ack, ...]:
    return tuple(sorted(kept.values(), key=lambda ack: (ack.since, ack.silence_id)))


def _encoded(acks: Iterable[Ack]) -> bytes:
    saved = tuple(
        _Saved(
            key=ack.silence_id,
            owner=ack.owner.exact,
            since=ack.since,
            until=ack.until,
            note=ack.note.exact,
            intent=ack.intent,
            unsent=ack.unsent,
        )
        for ack in acks
    )
    return msgspec.json.format(msgspec.json.encode(saved), indent=1) + b"\n"


def _decoded(content: bytes) -> ByKey:
    """
    Raises:
        MsgspecError, ValueError: it is no list of acks.
    """
    return {one.key: _ack(one) for one in _DECODER.decode(content)}


def _ack(saved: _Saved) -> Ack:
    if saved.since.tzinfo is None or saved.until.tzinfo is None:
        raise ValueError("a time in it has no zone")
    # Whoever can write to the folder wrote this: it is text from outside like any other.
    return Ack(
        owner=Raw(cap(saved.owner)[0]),
        since=saved.since,
        until=saved.until,
        note=Raw(cap(saved.note)[0]),
        silence_id=saved.key,
        cluster="",
        intent=saved.intent,
        unsent=visible(saved.unsent, cells=200),
    )
