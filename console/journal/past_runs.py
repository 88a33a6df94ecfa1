"""The runs that the journal has transcripts of, read and remembered."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from console.journal.disk import Disk
from console.journal.reading import name_of
from console.journal.transcript import is_transcript, read_transcript
from console.model.papers import BrokenPaper, Sheet
from console.model.run import PastRun
from console.safety.files import FileError
from console.safety.text import visible

if TYPE_CHECKING:  # it has a library, which has these
    from console.journal.bench import Bench

MOST: Final = 5_000
"""Transcripts that are read; the newest by their names."""
_HOME: Final = "runs"

_Stamp = tuple[int, int, int, int]


class RunShelf(msgspec.Struct, frozen=True):
    """All transcripts, the newest run first."""

    runs: tuple[PastRun, ...] = ()
    broken: tuple[BrokenPaper, ...] = ()
    """Those of which nothing can be told, with why."""
    left_out: int = 0
    """Older ones that were not read."""


class _Kept(msgspec.Struct, frozen=True):
    stamp: _Stamp | None
    """`None`: it is looked at again each time."""
    run: PastRun | BrokenPaper | None


class PastRuns:
    """Reads a transcript again only when it is another file than before. Its method blocks, and
    belongs in a thread; any thread will do."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._kept: dict[str, _Kept] = {}
        self._shelf = RunShelf()
        self._reading = threading.Lock()

    def read(self) -> RunShelf:
        """Everything as it stands on disk; the same object as before where nothing changed."""
        with self._reading:
            found = {path: why for path, why in self._disk.survey(_HOME) if _is_one(path, why)}
            paths = sorted(found, key=_name, reverse=True)
            kept = {path: self._looked_at(path, found[path]) for path in paths[:MOST]}
            if kept.keys() != self._kept.keys() or any(
                each is not self._kept[path] for path, each in kept.items()
            ):
                self._kept = kept
                self._shelf = _shelf(kept, len(paths) - len(kept))
            return self._shelf

    def _looked_at(self, path: str, why: str) -> _Kept:
        before = self._kept.get(path)
        stamp = None if why else self._stamp(path)
        if before is not None and before.stamp is not None and before.stamp == stamp:
            return before
        fresh = self._read_one(path, why, stamp)
        return before if before is not None and before == fresh else fresh

    def _stamp(self, path: str) -> _Stamp | None:
        try:
            found = os.lstat(self._disk.root / path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns

    def _read_one(self, path: str, why: str, stamp: _Stamp | None) -> _Kept:
        if why:
            return _Kept(None, BrokenPaper(path, "", (f"{name_of(path)}: {why}",)))
        try:
            content = self._disk.read(path)
        except FileError as error:
            said = visible(f"{name_of(path)}: {error.problem} (expected {error.expected})")
            return _Kept(None, BrokenPaper(path, "", (said,)))
        if content is None:
            return _Kept(None, None)
        return _Kept(stamp, read_transcript(Sheet(path, content, self._disk.blob(content))))


async def past_runs(bench: Bench) -> tuple[PastRun, ...]:
    """The runs that the journal of `bench` has transcripts of, the newest first."""
    return (await bench.library.runs()).runs


def _is_one(path: str, why: str) -> bool:
    """A transcript by its name, or something that may hide some."""
    return is_transcript(path) or (bool(why) and "." not in _name(path))


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _shelf(kept: dict[str, _Kept], left_out: int) -> RunShelf:
    runs: dict[str, PastRun] = {}
    broken = []
    for path in sorted(kept):
        one = kept[path].run
        if isinstance(one, BrokenPaper):
            broken.append(one)
        elif one is not None and one.id in runs:
            said = f"{name_of(path)}: {one.id} stands in {visible(runs[one.id].path)} too"
            broken.append(BrokenPaper(path, "", (said,)))
        elif one is not None:
            runs[one.id] = one
    newest = sorted(runs.values(), key=lambda one: (one.began, one.id), reverse=True)
    return RunShelf(tuple(newest), tuple(broken), left_out)
