"""What somebody typed and has not saved: one file a draft, whole whatever kills the console.

A draft that a console has open is locked by it; the kernel lets the lock go when it dies. No
console writes over a draft that it has not taken: where two of them, or one after a crash,
type at the same document, the second draft lies beside the first under `<key>.2`.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Final

import msgspec

from console.model.papers import Draft
from console.safety.clock import Clock
from console.safety.files import (
    FileError,
    FileLock,
    SharedFolder,
    read_capped,
    remove_plain,
    write_atomic,
)
from console.safety.text import visible

MAX_BYTES: Final = 8 * 1024 * 1024
"""Of one draft, with the file that it is based on."""
MOST: Final = 1_000
"""Drafts that are read: the newest by their files' times."""
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MOST_BESIDE: Final = 99
_NOTICES: Final = 20

_Stamp = tuple[int, int, int]


class Drafts:
    """The drafts of one person on this machine; any number of consoles share the folder.

    Its methods block, and belong in a thread; any thread will do.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        """`folder` is the person's state folder; nothing is made there before the first `save`."""
        self._files = SharedFolder(
            folder / "drafts", _KEY, what="a draft", like="A-Z a-z 0-9 . _ -"
        )
        self._clock = clock
        self._mine = threading.RLock()
        self._names: dict[str, str] = {}
        """Keys that are open here, and the names that their files have."""
        self._locks: dict[str, FileLock] = {}
        self._read: dict[str, tuple[_Stamp, Draft]] = {}
        self._notices: list[str] = []

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person has to know about the folder, the latest last; safe to show."""
        with self._mine:
            return tuple(self._notices)

    def save(self, draft: Draft) -> None:
        """Keep `draft`; on disk when this returns. It is open here from now on.

        Raises:
            FileError: it cannot be written, or has more than `MAX_BYTES`. What was saved
                before stays.
        """
        with self._mine:
            name = self._names.get(draft.key) or self._claimed(draft.key)
            path = self._files.path(name)
            content = _encoded(msgspec.structs.replace(draft, key=name, is_open=False))
            if len(content) > MAX_BYTES:
                expected = f"a draft of at most {MAX_BYTES:,}: attach what is long as a file"
                raise FileError(path, f"would have {len(content):,} bytes", expected=expected)
            write_atomic(path, content)

    def all(self) -> tuple[Draft, ...]:
        """The drafts that are not open in this console, the one saved last in front.

        One that cannot be read is no draft any more: it is set aside by another name, which
        `notices` tells. Those that another console has open say so.
        """
        with self._mine:
            if not os.path.lexists(self._files.folder):
                return ()
            try:
                names = self._listed()
            except FileError as error:
                self._tell(f"drafts cannot be read: {error}")
                return ()
            self._read = {name: self._read[name] for name in names if name in self._read}
            found = {name: self._draft(name) for name in names}
            # While another draft of that key is open here, the key means that one.
            held = self._looked_at(found) | self._names.keys()
            drafts = (
                msgspec.structs.replace(draft, is_open=name in held)
                for name, draft in found.items()
                if isinstance(draft, Draft)
            )
            return tuple(sorted(drafts, key=lambda one: one.saved_at, reverse=True))

    def take(self, key: str) -> Draft | None:
        """The draft of that key, open here from now on; `None`: it is gone, broken, or open."""
        with self._mine:
            if key in self._names:
                draft = self._draft(key) if self._names[key] == key else None
                return draft if isinstance(draft, Draft) else None
            if not self._files.is_name(key) or not os.path.lexists(self._files.path(key)):
                return None
            try:
                with self._files.turn():
                    lock = self._files.claimed(key)
                    if lock is None:
                        return None
                    draft = self._draft(key)
                    if not isinstance(draft, Draft):
                        lock.release()
                        return None
                    self._names[key], self._locks[key] = key, lock
                    return draft
            except FileError as error:
                self._tell(f"the draft cannot be opened: {error}")
                return None

    def leave(self, key: str) -> None:
        """It is open here no more, and stays."""
        with self._mine:
            self._names.pop(key, None)
            lock = self._locks.pop(key, None)
            if lock is not None:
                lock.release()

    def drop(self, key: str) -> None:
        """It became a document, or nobody wants it; gone for good, unless another has it open."""
        with self._mine:
            name = self._names.get(key, key)
            try:
                if not self._files.is_name(name) or not os.path.lexists(self._files.folder):
                    return
                with self._files.turn():
                    if key in self._names or not self._files.is_open(name):
                        remove_plain(self._files.path(name))
                        remove_plain(self._files.path(name, ".lock"))
            except FileError as error:
                self._tell(f"the draft cannot be removed: {error}")
            finally:
                self.leave(key)

    def _claimed(self, key: str) -> str:
        """A name for a draft of that key that nobody else has and that no draft lies under."""
        path = self._files.path(key)
        self._files.make()
        with self._files.turn():
            for number in range(1, _MOST_BESIDE + 1):
                name = key if number == 1 else f"{key}.{number}"
                if os.path.lexists(self._files.path(name)):
                    continue
                lock = self._files.claimed(name)
                if lock is not None:
                    self._names[key], self._locks[key] = name, lock
                    return name
        expected = "fewer: open or drop those that are there"
        raise FileError(path, f"has {_MOST_BESIDE} drafts beside it", expected=expected)

    def _listed(self) -> list[str]:
        """Names of the drafts that are not open here."""
        found = self._files.newest(without=frozenset(self._names.values()))
        if len(found) > MOST:
            self._tell(f"there are {len(found):,} drafts; the newest {MOST:,} are shown")
        return found[:MOST]

    def _draft(self, name: str) -> Draft | str | None:
        """The draft of that name; in words why it is none; `None`: it cannot be read now."""
        path = self._files.path(name)
        try:
            stamp = _stamp(path)
            known = self._read.get(name)
            if known is not None and known[0] == stamp:
                return known[1]
            content = read_capped(path, MAX_BYTES, follow=False)
        except FileNotFoundError:
            return None
        except (FileError, OSError) as error:
            self._tell(f"a draft cannot be read: {error}")
            return None
        try:
            draft = _decoded(content, name)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
            return visible(str(error), cells=120)
        self._read[name] = (stamp, draft)
        return draft

    def _looked_at(self, found: Mapping[str, Draft | str | None]) -> frozenset[str]:
        """Which of `found` another console has open; those that are broken are set aside."""
        try:
            with self._files.turn():
                held = frozenset(name for name in found if self._files.is_open(name))
                for name, why in found.items():
                    if isinstance(why, str) and name not in held:
                        self._set_aside(name, why)
                return held
        except FileError as error:
            self._tell(f"who has which draft open is not known: {error}")
            return frozenset(
                name for name in found if os.path.lexists(self._files.path(name, ".lock"))
            )

    def _set_aside(self, name: str, why: str) -> None:
        shown = self._files.path(name).name
        try:
            other = self._files.set_aside(name, self._clock.now().wall)
        except FileError as error:
            self._tell(f"a draft is broken ({why}) and cannot be set aside: {error}")
        else:
            self._tell(f"the draft {shown} is broken ({why}); it is now {other}")

    def _tell(self, notice: str) -> None:
        shown = visible(notice, cells=400)
        if shown not in self._notices:
            self._notices = [*self._notices, shown][-_NOTICES:]


def _stamp(path: Path) -> _Stamp:
    found = path.lstat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _encoded(draft: Draft) -> bytes:
    whole = {_whole(name): _whole(text) for name, text in draft.fields.items()}
    return msgspec.json.encode(
        msgspec.structs.replace(draft, fields=whole, title=_whole(draft.title))
    )


def _whole(text: str) -> str:
    # Half of a surrogate pair, from a terminal that was cut off, has no place in a file.
    return text.encode("utf-8", "replace").decode()


def _decoded(content: bytes, name: str) -> Draft:
    draft = msgspec.json.decode(content, type=Draft)
    if draft.saved_at.tzinfo is None:
        raise ValueError("saved_at has no time zone")
    return msgspec.structs.replace(
        draft,
        key=name,
        saved_at=draft.saved_at.astimezone(UTC),
        title=visible(draft.title),
        is_open=False,
    )
