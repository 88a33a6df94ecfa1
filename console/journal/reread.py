"""Files of a journal that are read again only when they are others than before."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

from console.journal.disk import Disk
from console.journal.reading import name_of
from console.model.papers import BrokenPaper, Sheet
from console.safety.files import FileError
from console.safety.text import visible

Value = TypeVar("Value")
_Stamp = tuple[int, int, int, int]
"""Modification time, size, inode and change time: another one, another file."""


class _Kept(NamedTuple, Generic[Value]):
    stamp: _Stamp | None
    """`None`: it is looked at again each time."""
    value: Value | BrokenPaper | None


class Reread(Generic[Value]):
    """What was read, by path. Its methods block; whoever calls them takes care that one thread
    at a time does."""

    def __init__(self, disk: Disk, read: Callable[[Sheet], Value | BrokenPaper | None]) -> None:
        """`read` makes of a file's content what is kept; `None`: it is none of those wanted."""
        self._disk = disk
        self._root = str(disk.root)
        self._read = read
        self._kept: dict[str, _Kept[Value]] = {}

    def look(self, found: Iterable[tuple[str, str]]) -> bool:
        """Read what is new or another than before, and forget what is gone.

        Args:
            found: every path that counts, and why it is left alone, as `Disk.survey` has them.

        Returns:
            Whether anything of `values` changed.
        """
        before = self._kept
        self._kept = {path: self._looked_at(path, why) for path, why in found}
        return self._kept.keys() != before.keys() or any(
            each is not before[path] for path, each in self._kept.items()
        )

    @property
    def values(self) -> Iterator[Value | BrokenPaper]:
        """What was read, in the order of the paths, and files of which nothing can be told."""
        for path in sorted(self._kept):
            value = self._kept[path].value
            if value is not None:
                yield value

    def _looked_at(self, path: str, why: str) -> _Kept[Value]:
        before = self._kept.get(path)
        stamp = None if why else self._stamp(path)
        if before is not None and before.stamp is not None and before.stamp == stamp:
            return before
        fresh = self._fresh(path, why, stamp)
        return before if before is not None and before == fresh else fresh

    def _stamp(self, path: str) -> _Stamp | None:
        try:
            found = os.lstat(f"{self._root}/{path}")
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns

    def _fresh(self, path: str, why: str, stamp: _Stamp | None) -> _Kept[Value]:
        if why:
            return _Kept(None, BrokenPaper(path, "", (f"{name_of(path)}: {why}",)))
        try:
            content = self._disk.read(path)
        except FileError as error:
            said = visible(f"{name_of(path)}: {error.problem} (expected {error.expected})")
            # What the machine could not do it may do the next time, with the same file.
            is_settled = not isinstance(error.__cause__, OSError)
            return _Kept(stamp if is_settled else None, BrokenPaper(path, "", (said,)))
        if content is None:
            return _Kept(None, None)
        return _Kept(stamp, self._read(Sheet(path, content, self._disk.blob(content))))
