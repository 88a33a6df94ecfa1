"""Runs that are open, in the state folder: whole whatever kills the console, and taken up again.

A run that a console has open is locked by it; the kernel lets the lock go when it dies. The
next console that looks takes up what nobody has open: `<run>.json` is how the run stood at its
last change, `<run>.md` its runbook as it was when the run began. Beside them, in `books`, lies
every runbook as it was when it was last run here.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from console.model.run import RUN_ID, Run, StepState
from console.runbook.kept_form import Unfit, content_of, run_of
from console.runbook.places import MAX_BYTES as MAX_BOOK_BYTES
from console.safety.files import (
    FileError,
    FileLock,
    LockHeldError,
    SharedFolder,
    private_dir,
    read_capped,
    remove_plain,
    write_atomic,
)
from console.safety.text import visible

MAX_BYTES: Final = 8 * 1024 * 1024
"""Of one run, without its runbook."""
MOST: Final = 200
"""Runs that are taken up; the newest by their files' times."""
_ID: Final = re.compile(RUN_ID)
_BOOK: Final = ".md"
_NOTICES: Final = 20


class KeptRun(msgspec.Struct, frozen=True):
    """A run that was taken up."""

    run: Run
    content: bytes
    """Its runbook's file, as it was when the run began."""
    was_running: tuple[str, ...] = ()
    """The steps that were being carried out when it was left."""


class KeptRuns:
    """The open runs of one person on this machine; any number of consoles share the folder.

    Its methods block, and belong in a thread; any thread will do.
    """

    def __init__(self, folder: Path | None) -> None:
        """`folder` is the person's state folder, in which nothing is made before the first
        `save`; `None`: there is none, and nothing outlives this console."""
        self._runs = None if folder is None else _shared(folder)
        self._books = None if folder is None else folder / "books"
        self._mine = threading.RLock()
        self._locks: dict[str, FileLock] = {}
        self._notices: list[str] = []

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person has to know about the folder, the latest last; safe to show."""
        with self._mine:
            return tuple(self._notices)

    @property
    def mine(self) -> tuple[str, ...]:
        """Ids of the runs that are open here."""
        with self._mine:
            return tuple(self._locks)

    def save(self, run: Run, content: bytes) -> None:
        """Keep `run` as it stands; on disk when this returns. It is open here from now on.

        Args:
            content: its runbook's file, the same each time.

        Raises:
            FileError: it cannot be written, has more than `MAX_BYTES`, or another console has
                it open. What was kept before stays.
        """
        if self._runs is None:
            return
        with self._mine:
            path = self._runs.path(run.id)
            kept = content_of(run, MAX_BYTES)
            if len(kept) > MAX_BYTES or len(content) > MAX_BOOK_BYTES:
                expected = f"a run of at most {MAX_BYTES:,}, a runbook of {MAX_BOOK_BYTES:,}"
                size = max(len(kept), len(content))
                raise FileError(path, f"would have {size:,} bytes", expected=expected)
            if run.id not in self._locks:
                self._claim(self._runs, run.id)
                # Before the run itself: without its runbook nobody could take it up.
                write_atomic(self._runs.path(run.id, _BOOK), content)
            write_atomic(path, kept)

    def take_all(self, now: datetime) -> tuple[KeptRun, ...]:
        """Every run that no console has open, open here from now on; the newest first.

        A step that was being carried out is UNKNOWN where its host keeps a marker of it, else
        it FAILED. A run that cannot be read is none any more: it is set aside by another name,
        which `notices` tells.
        """
        with self._mine:
            found = [self.take(run_id, now) for run_id in self._listed()]
            runs = [one for one in found if one is not None]
            return tuple(sorted(runs, key=lambda one: one.run.began, reverse=True))

    def take(self, run_id: str, now: datetime) -> KeptRun | None:
        """The run of that id, open here from now on; `None`: it is gone, broken, or open."""
        with self._mine:
            if self._runs is None or run_id in self._locks or not self._runs.is_name(run_id):
                return None
            if not os.path.lexists(self._runs.path(run_id)):
                return None
            try:
                with self._runs.turn():
                    lock = self._runs.claimed(run_id)
                    kept = None if lock is None else self._read(self._runs, run_id, now)
                    if lock is not None and kept is None:
                        lock.release()
                    elif lock is not None:
                        self._locks[run_id] = lock
                    return kept
            except FileError as error:
                self._tell(f"the run {run_id} cannot be taken up: {error}")
                return None

    def standing(self) -> tuple[Run, ...]:
        """Every run that is kept and not open here, the newest first, for who only looks: none
        is taken up, and none is set aside.

        What its own console is carrying out now is RUNNING; what a console left behind is as
        the next one has it.
        """
        with self._mine:
            found = [self._seen(self._runs, one) for one in self._listed() if self._runs]
            runs = [one for one in found if one is not None]
            return tuple(sorted(runs, key=lambda one: one.began, reverse=True))

    def _seen(self, runs: SharedFolder, run_id: str) -> Run | None:
        try:
            run, was_running = run_of(*_contents(runs, run_id), run_id)
            with runs.turn():
                is_open = runs.is_open(run_id)
        except (FileError, Unfit):
            return None  # whoever takes it up says what is wrong with it
        if not is_open:
            return run
        running = StepState.RUNNING
        steps = tuple(
            msgspec.structs.replace(one, state=running) if one.name in was_running else one
            for one in run.steps
        )
        return msgspec.structs.replace(run, steps=steps)

    def leave(self, run_id: str) -> None:
        """It is open here no more, and stays for the next console."""
        with self._mine:
            lock = self._locks.pop(run_id, None)
            if lock is not None:
                lock.release()

    def drop(self, run_id: str) -> None:
        """It is over, and its transcript is in the journal; gone for good."""
        with self._mine:
            if self._runs is None or run_id not in self._locks:
                return
            try:
                with self._runs.turn():
                    for ending in (".json", _BOOK, ".lock"):
                        remove_plain(self._runs.path(run_id, ending))
            except FileError as error:
                self._tell(f"the run {run_id} is over and cannot be removed: {error}")
            finally:
                self.leave(run_id)

    def leave_all(self) -> None:
        """None is open here any more; all stay for the next console."""
        with self._mine:
            for run_id in tuple(self._locks):
                self.leave(run_id)

    def last_text(self, name: str) -> bytes | None:
        """The runbook of that name as it was when it was last run here; `None`: it never was,
        or that cannot be read any more."""
        if self._books is None:
            return None
        path = self._books / _name_of(name)
        if not os.path.lexists(path):
            return None
        try:
            return read_capped(path, MAX_BOOK_BYTES, follow=False)
        except FileError as error:
            self._tell(f"how a runbook was last time is not known: {error}")
            return None

    def remember(self, name: str, content: bytes) -> None:
        """The runbook of that name is run here as it stands in `content`.

        Raises:
            FileError: it cannot be written.
        """
        if self._books is None or self.last_text(name) == content:
            return
        path = private_dir(self._books) / _name_of(name)
        if len(content) > MAX_BOOK_BYTES:
            raise FileError(path, f"would have {len(content):,} bytes", expected="a runbook")
        write_atomic(path, content)

    def _claim(self, runs: SharedFolder, run_id: str) -> None:
        runs.make()
        with runs.turn():
            lock = runs.claimed(run_id)
        if lock is None:
            path = runs.path(run_id, ".lock")
            raise LockHeldError(path, "another console has it open", expected="one console")
        self._locks[run_id] = lock

    def _listed(self) -> list[str]:
        """Ids of the runs that are not open here, the latest changed first."""
        runs = self._runs
        if runs is None or not os.path.lexists(runs.folder):
            return []
        try:
            found = runs.newest(without=self._locks)
        except FileError as error:
            self._tell(f"open runs cannot be read: {error}")
            return []
        if len(found) > MOST:
            self._tell(f"there are {len(found):,} open runs; the newest {MOST:,} are taken up")
        return found[:MOST]

    def _read(self, runs: SharedFolder, run_id: str, now: datetime) -> KeptRun | None:
        try:
            kept, content = _contents(runs, run_id)
        except FileError as error:
            if isinstance(error.__cause__, OSError) and not isinstance(
                error.__cause__, FileNotFoundError
            ):
                self._tell(f"an open run cannot be read: {error}")
                return None
            self._set_aside(runs, run_id, f"{error.path.name}: {error.problem}", now)
            return None
        try:
            run, was_running = run_of(kept, content, run_id)
        except Unfit as error:
            self._set_aside(runs, run_id, str(error), now)
            return None
        return KeptRun(run, content, was_running)

    def _set_aside(self, runs: SharedFolder, run_id: str, why: str, now: datetime) -> None:
        shown = runs.path(run_id).name
        try:
            other = runs.set_aside(run_id, now)
        except FileError as error:
            self._tell(f"an open run is broken ({why}) and cannot be set aside: {error}")
        else:
            self._tell(f"the open run {shown} is broken ({why}); it is now {other}")

    def _tell(self, notice: str) -> None:
        shown = visible(notice, cells=400)
        with self._mine:
            if shown not in self._notices:
                self._notices = [*self._notices, shown][-_NOTICES:]


def _shared(folder: Path) -> SharedFolder:
    return SharedFolder(folder / "runs", _ID, what="a run", like="RUN-20261123-7f3")


def _contents(runs: SharedFolder, run_id: str) -> tuple[bytes, bytes]:
    """How the run stood, and its runbook."""
    kept = read_capped(runs.path(run_id), MAX_BYTES, follow=False)
    return kept, read_capped(runs.path(run_id, _BOOK), MAX_BOOK_BYTES, follow=False)


def _name_of(name: str) -> str:
    """A runbook's name may be anything that a file's can: its digest is a name everywhere."""
    whole = name.encode("utf-8", "surrogatepass")
    return f"{hashlib.sha256(whole).hexdigest()[:32]}{_BOOK}"
