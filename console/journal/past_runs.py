"""The runs that the journal has transcripts of, read and remembered."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from console.journal.disk import Disk
from console.journal.reading import name_of
from console.journal.reread import Reread
from console.journal.transcript import is_transcript, read_transcript
from console.model.papers import BrokenPaper
from console.model.run import PastRun
from console.safety.text import visible

if TYPE_CHECKING:  # it has a library, which has these
    from console.journal.bench import Bench

MOST: Final = 5_000
"""Transcripts that are read; the newest by their names."""
_HOME: Final = "runs"


class RunShelf(msgspec.Struct, frozen=True):
    """All transcripts, the newest run first."""

    runs: tuple[PastRun, ...] = ()
    broken: tuple[BrokenPaper, ...] = ()
    """Those of which nothing can be told, with why."""
    left_out: int = 0
    """Older ones that were not read."""


class PastRuns:
    """Reads a transcript again only when it is another file than before. Its method blocks, and
    belongs in a thread; any thread will do."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._transcripts = Reread(disk, read_transcript)
        self._shelf = RunShelf()
        self._reading = threading.Lock()

    def read(self) -> RunShelf:
        """Everything as it stands on disk; the same object as before where nothing changed."""
        with self._reading:
            found = {path: why for path, why in self._disk.survey(_HOME) if _is_one(path, why)}
            paths = sorted(found, key=_name, reverse=True)
            read = paths[:MOST]
            if self._transcripts.look((path, found[path]) for path in read):
                self._shelf = _shelf(self._transcripts.values, len(paths) - len(read))
            return self._shelf


async def past_runs(bench: Bench) -> tuple[PastRun, ...]:
    """The runs that the journal of `bench` has transcripts of, the newest first."""
    return (await bench.library.runs()).runs


def _is_one(path: str, why: str) -> bool:
    """A transcript by its name, or something that may hide some."""
    return is_transcript(path) or (bool(why) and "." not in _name(path))


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _shelf(transcripts: Iterable[PastRun | BrokenPaper], left_out: int) -> RunShelf:
    runs: dict[str, PastRun] = {}
    broken = []
    for one in transcripts:
        if isinstance(one, BrokenPaper):
            broken.append(one)
        elif one.id in runs:
            said = f"{name_of(one.path)}: {one.id} stands in {visible(runs[one.id].path)} too"
            broken.append(BrokenPaper(one.path, "", (said,)))
        else:
            runs[one.id] = one
    newest = sorted(runs.values(), key=lambda one: (one.began, one.id), reverse=True)
    return RunShelf(tuple(newest), tuple(broken), left_out)
