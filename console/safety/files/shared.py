"""A folder of files that several consoles of one person share: who has which of them open."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Container, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from console.safety.files.fault import FileError, LockHeldError, as_fault
from console.safety.files.folders import private_dir
from console.safety.files.lock import FileLock
from console.safety.files.write import rename_beside, sweep_unfinished

_ENDING: Final = ".json"
_TURN_S: Final = 2.0


class SharedFolder:
    """Files `<name>.json`. Whoever has one open holds the lock `<name>.lock`, which the kernel
    lets go when its holder dies.

    Its methods block, and are called by one thread at a time.
    """

    def __init__(self, folder: Path, names: re.Pattern[str], *, what: str, like: str) -> None:
        """
        Args:
            folder: nothing is made there before `make`.
            names: what a file's name may be, whole, without its ending; no `/` in it.
            what: is kept in a file, after "cannot name": "a draft".
            like: what such a name looks like.
        """
        self.folder = folder
        self._names = names
        self._what = what
        self._like = like
        self._swept = False

    def is_name(self, name: str) -> bool:
        """Whether a file here can have that name."""
        return self._names.fullmatch(name) is not None

    def path(self, name: str, ending: str = _ENDING) -> Path:
        """Where that file, or one with another ending beside it, stands.

        Raises:
            FileError: no file here can have that name.
        """
        if not self.is_name(name):
            shown = Path(ascii(name)[:80].replace("/", "?"))
            raise FileError(shown, f"cannot name {self._what}", expected=self._like)
        return self.folder / f"{name}{ending}"

    def make(self) -> None:
        """Have the folder there (0700)."""
        private_dir(self.folder)
        self._sweep()

    def newest(self, without: Container[str]) -> list[str]:
        """Names of the files but for those in `without`, the latest changed first.

        Raises:
            FileError: the folder cannot be read.
        """
        found = []
        self._sweep()
        with as_fault(self.folder, "a folder that can be read"), os.scandir(self.folder) as entries:
            for entry in entries:
                name = entry.name.removesuffix(_ENDING)
                if name != entry.name and name not in without and self.is_name(name):
                    with contextlib.suppress(FileNotFoundError):  # another console removed it
                        found.append((entry.stat(follow_symlinks=False).st_mtime_ns, name))
        return [name for _, name in sorted(found, reverse=True)]

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """One console at a time takes, drops or looks who has what: with the locks' files
        removed in between, two could otherwise hold the same one.

        Raises:
            LockHeldError: another one's turn takes longer than 2 seconds.
        """
        with FileLock(self.folder / ".turn", wait_s=_TURN_S):
            yield

    def claimed(self, name: str) -> FileLock | None:
        """The lock of that file, held; `None`: another has it. It is this one's turn."""
        lock = FileLock(self.path(name, ".lock"))
        try:
            lock.acquire()
        except LockHeldError:
            return None
        return lock

    def is_open(self, name: str) -> bool:
        """Whether any console, this one too, has that file open. It is this one's turn."""
        if not os.path.lexists(self.path(name, ".lock")):
            return False
        lock = self.claimed(name)
        if lock is not None:
            lock.release()
        return lock is None

    def set_aside(self, name: str, now: datetime) -> str:
        """Give that file, which is broken, another name, and return that.

        Raises:
            FileError: it cannot be renamed.
        """
        path = self.path(name)
        other = f"{path.name}.broken-{now.astimezone(UTC):%Y%m%dT%H%M%S}-{os.urandom(2).hex()}"
        rename_beside(path, other)
        return other

    def _sweep(self) -> None:
        if not self._swept:
            sweep_unfinished(self.folder)
            self._swept = True
