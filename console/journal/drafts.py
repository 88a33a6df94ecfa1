"""What somebody typed and has not saved: one file a draft, whole whatever kills the console.

A draft that a console has open is locked by it; the kernel lets the lock go when it dies. No
console writes over a draft that it has not taken: where two of them, or one after a crash,
type at the same document, the second draft lies beside the first under `<key>.2`.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import Final

import msgspec

from console.model.papers import Draft
from console.safety.clock import Clock
from console.safety.files import (
    FileError,
    FileLock,
    LockHeldError,
    private_dir,
    read_capped,
    remove_plain,
    rename_beside,
    sweep_unfinished,
    write_atomic,
)
from console.safety.text import visible

MAX_BYTES: Final = 8 * 1024 * 1024
"""Of one draft, with the file that it is based on."""
MOST: Final = 1_000
"""Drafts that are read: the newest by their files' times."""
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ENDING: Final = ".json"
_TURN: Final = ".turn"
_TURN_S: Final = 2.0
_MOST_BESIDE: Final = 99
_NOTICES: Final = 20

_Stamp = tuple[int, int, int]


class Drafts:
    """The drafts of one person on this machine; any number of consoles share the folder.

    Its methods block, and belong in a thread; any thread will do.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        """`folder` is the person's state folder; nothing is made there before the first `save`."""
        self._folder = folder / "drafts"
        self._clock = clock
        self._mine = threading.RLock()
        self._names: dict[str, str] = {}
        """Keys that are open here, and the names that their files have."""
        self._locks: dict[str, FileLock] = {}
        self._read: dict[str, tuple[_Stamp, Draft]] = {}
        self._notices: list[str] = []
        self._swept = False

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
            path = self._path(name)
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
            if not os.path.lexists(self._folder):
                return ()
            try:
                self._sweep()
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
            if not _KEY.fullmatch(key) or not os.path.lexists(self._path(key)):
                return None
            try:
                with self._turn():
                    lock = self._locked(key)
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
                if not _KEY.fullmatch(name) or not os.path.lexists(self._folder):
                    return
                with self._turn():
                    if key in self._names or not self._is_locked(name):
                        remove_plain(self._path(name))
                        remove_plain(self._lock_path(name))
            except FileError as error:
                self._tell(f"the draft cannot be removed: {error}")
            finally:
                self.leave(key)

    def _claimed(self, key: str) -> str:
        """A name for a draft of that key that nobody else has and that no draft lies under."""
        if not _KEY.fullmatch(key):
            shown = Path(visible(key, cells=80).replace("/", "?"))
            raise FileError(shown, "cannot name a draft", expected="A-Z a-z 0-9 . _ -")
        private_dir(self._folder)
        self._sweep()
        with self._turn():
            for number in range(1, _MOST_BESIDE + 1):
                name = key if number == 1 else f"{key}.{number}"
                if os.path.lexists(self._path(name)):
                    continue
                lock = self._locked(name)
                if lock is not None:
                    self._names[key], self._locks[key] = name, lock
                    return name
        expected = "fewer: open or drop those that are there"
        raise FileError(self._path(key), f"has {_MOST_BESIDE} drafts beside it", expected=expected)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One console at a time takes, drops or looks who has what: with the locks' files
        removed in between, two could otherwise hold the same one."""
        with FileLock(self._folder / _TURN, wait_s=_TURN_S):
            yield

    def _locked(self, name: str) -> FileLock | None:
        lock = FileLock(self._lock_path(name))
        try:
            lock.acquire()
        except LockHeldError:
            return None
        return lock

    def _is_locked(self, name: str) -> bool:
        if not os.path.lexists(self._lock_path(name)):
            return False
        lock = self._locked(name)
        if lock is not None:
            lock.release()
        return lock is None

    def _listed(self) -> list[str]:
        """Names of the drafts that are not open here."""
        mine = set(self._names.values())
        found = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    name = entry.name.removesuffix(_ENDING)
                    if name != entry.name and name not in mine and _KEY.fullmatch(name):
                        with contextlib.suppress(FileNotFoundError):  # another console dropped it
                            found.append((entry.stat(follow_symlinks=False).st_mtime_ns, name))
        except OSError as error:
            cause = error.strerror or str(error)
            raise FileError(self._folder, cause, expected="a folder that can be read") from error
        if len(found) > MOST:
            self._tell(f"there are {len(found):,} drafts; the newest {MOST:,} are shown")
        return [name for _, name in sorted(found, reverse=True)[:MOST]]

    def _draft(self, name: str) -> Draft | str | None:
        """The draft of that name; in words why it is none; `None`: it cannot be read now."""
        path = self._path(name)
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
            with self._turn():
                held = frozenset(name for name in found if self._is_locked(name))
                for name, why in found.items():
                    if isinstance(why, str) and name not in held:
                        self._set_aside(name, why)
                return held
        except FileError as error:
            self._tell(f"who has which draft open is not known: {error}")
            return frozenset(name for name in found if os.path.lexists(self._lock_path(name)))

    def _set_aside(self, name: str, why: str) -> None:
        path = self._path(name)
        now = self._clock.now().wall.astimezone(UTC)
        other = f"{path.name}.broken-{now:%Y%m%dT%H%M%S}-{os.urandom(2).hex()}"
        try:
            rename_beside(path, other)
        except FileError as error:
            self._tell(f"a draft is broken ({why}) and cannot be set aside: {error}")
        else:
            self._tell(f"the draft {path.name} is broken ({why}); it is now {other}")

    def _sweep(self) -> None:
        if not self._swept:
            sweep_unfinished(self._folder)
            self._swept = True

    def _tell(self, notice: str) -> None:
        shown = visible(notice, cells=400)
        if shown not in self._notices:
            self._notices = [*self._notices, shown][-_NOTICES:]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_ENDING}"

    def _lock_path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"


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
