"""The files of the journal on disk: never through a symlink, never in another repository."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from console.journal.places import FOLDERS, any_path_fault, path_fault
from console.safety.files import (
    FileError,
    private_dir,
    read_capped,
    remove_plain,
    write_atomic,
)

MAX_BYTES: Final = 32 * 1024 * 1024
"""Of one document or attachment."""
ABSENT: Final = ""
"""In the place of a blob's hash: there is no such file."""
_PRIVATE: Final = 0o600
_DEEPEST: Final = 8


class Disk(msgspec.Struct, frozen=True):
    """The working tree of a journal. Its methods block, and belong in a thread."""

    root: Path
    algorithm: str
    """How git names what it keeps: `sha1` or `sha256`."""
    anywhere: bool = False
    """Files beside those of the console too: a README, for what comes from a remote."""

    def place(self, path: str, *, make: bool = False) -> Path:
        """Where `path` stands; with `make` the folders above it are made (0700).

        Raises:
            FileError: it cannot be a path of the journal, or something on the way to it is a
                symlink, no folder, or a repository of its own.
        """
        fault = any_path_fault(path) if self.anywhere else path_fault(path)
        if fault:
            raise FileError(Path(_printable(path)), fault, expected="a path in the journal")
        folder = self.root
        for part in path.split("/")[:-1]:
            folder = folder / part
            if not os.path.lexists(folder):
                if not make:
                    break
                private_dir(folder)
            self._require_inside(folder)
        found = self.root / path
        if os.path.lexists(found) and not stat.S_ISREG(found.lstat().st_mode):
            raise FileError(found, "is no plain file", expected="a plain file or nothing")
        return found

    def read(self, path: str) -> bytes | None:
        """What stands at `path`; `None`: nothing does.

        Raises:
            FileError: as `place`, or it cannot be read.
        """
        place = self.place(path)
        if not os.path.lexists(place):
            return None
        return read_capped(place, MAX_BYTES, follow=False)

    def write(
        self, path: str, content: bytes, *, new: bool = False, executable: bool = False
    ) -> None:
        """Put `content` at `path`, on disk when this returns; `new`: nothing may stand there.

        Raises:
            FileError: as `place`, or it cannot be written.
        """
        place = self.place(path, make=True)
        mode = _PRIVATE | (stat.S_IXUSR if executable else 0)
        if not new and os.path.lexists(place):
            mode |= stat.S_IMODE(place.lstat().st_mode) & 0o066
        write_atomic(place, content, mode=mode, replace=not new)

    def remove(self, path: str) -> None:
        """Take away what stands at `path`, if anything does.

        Raises:
            FileError: as `place`, or it cannot be removed.
        """
        place = self.place(path)
        if os.path.lexists(place):
            remove_plain(place)

    def blob(self, content: bytes | None) -> str:
        """The name that git has for `content`; `ABSENT` for none."""
        if content is None:
            return ABSENT
        named = hashlib.new(self.algorithm, usedforsecurity=False)
        named.update(b"blob %d\0" % len(content))
        named.update(content)
        return named.hexdigest()

    def listed(self, under: str = "") -> tuple[str, ...]:
        """The paths of the plain files below `under`, or below all of `FOLDERS`, in order."""
        return tuple(sorted(path for path, why in self.survey(under) if not why))

    def survey(self, under: str = "") -> Iterator[tuple[str, str]]:
        """As `listed`, in no order, and beside them what is left alone, each with why: links,
        repositories, folders that cannot be read, names that cannot be."""
        for top in (under,) if under else FOLDERS:
            if (self.root / top).is_symlink():
                yield top, "is a symbolic link"
            elif (self.root / top).is_dir():
                yield from self._below(top, _DEEPEST)

    def _below(self, folder: str, deep: int) -> Iterator[tuple[str, str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                inside = list(entries)
        except OSError as error:
            yield folder, error.strerror or "cannot be read"
            return
        if any(entry.name == ".git" for entry in inside):
            yield folder, "is a repository of its own"
            return
        for entry in inside:
            path = f"{folder}/{entry.name}"
            fault = path_fault(path)
            if entry.is_symlink():
                yield path, "is a symbolic link"
            elif fault or entry.is_file(follow_symlinks=False):
                yield path, fault
            elif not entry.is_dir(follow_symlinks=False):
                yield path, "is no plain file"
            elif deep:
                yield from self._below(path, deep - 1)
            else:
                yield path, f"lies more than {_DEEPEST} folders deep"

    def _require_inside(self, folder: Path) -> None:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "no folder"
            raise FileError(folder, f"is {kind}", expected="a folder of the journal itself")
        if os.path.lexists(folder / ".git"):
            raise FileError(
                folder, "is a repository of its own", expected="a folder of the journal itself"
            )


def _printable(path: str) -> str:
    return path[:200].encode("ascii", "replace").decode().replace("\0", "?")
