"""`oncall record`: remembers what the monitoring sees, without a screen, until it is ended."""

from __future__ import annotations

import asyncio
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from config.load import Loaded
from console.cli.chosen import (
    EXIT_FAILED,
    EXIT_USAGE,
    Chosen,
    narrate,
    settings_or_exit,
    source_options,
)
from console.cli.once import state_of
from console.cli.table import put
from console.engine.saved import StateFolder
from console.model.event import EventKind
from console.model.history import Origin
from console.model.remembering import THIS_CONSOLE, Remembering
from console.model.update import Update
from console.safety.clock import SystemClock
from console.safety.files import FileError, FileLock, LockHeldError, private_dir
from console.safety.text import visible

if TYPE_CHECKING:
    from console.engine.engine import Engine

EXIT_HELD: Final = 3
"""Another `oncall record` records there already."""
TOLD: Final = frozenset({EventKind.CONSOLE, EventKind.SOURCE, EventKind.SETTINGS})
"""Events that are said; what alerts and services do stands in the file."""


@click.command()
@click.option("--wait", is_flag=True, help="Where another one records already: wait for its end.")
@click.option("--unit", is_flag=True, help="Print a systemd unit that runs it, and end.")
@source_options
def record(wait: bool, unit: bool, chosen: Chosen) -> None:
    """Remember the seven days, with no screen: for a machine that does not sleep.

    It asks every source as an open console does, and writes the history file; consoles leave
    that to it while it runs. SIGTERM or ctrl+c end it, SIGHUP reads the settings again. Exit 3:
    another one records there already.
    """
    loaded = settings_or_exit(chosen)
    if unit:
        from console.cli.record_unit import unit_text

        try:
            put(unit_text(loaded, chosen))
        except ValueError as error:
            narrate(str(error))
            sys.exit(EXIT_USAGE)
        return
    state, notice = state_of(loaded)
    folder = history_folder(loaded, state)
    if folder is None:
        narrate(f"nothing can be recorded: {notice.partition(': ')[2]}")
        sys.exit(EXIT_FAILED)
    sys.exit(_record(loaded, state, folder, wait=wait))


def history_folder(loaded: Loaded, state: StateFolder | None) -> Path | None:
    """Where the history file of these settings is; `None`: nowhere."""
    named = loaded.settings.history.folder
    if named is not None:
        return Path(named)
    return None if state is None else state.folder


def _record(loaded: Loaded, state: StateFolder | None, folder: Path, *, wait: bool) -> int:
    from console.engine.week.precedence import claim_of

    try:
        private_dir(folder)
        claim = claim_of(folder)
        if not _claimed(claim, folder, wait=wait):
            narrate("end that one first, or give --wait to take over when it ends")
            return EXIT_HELD
    except FileError as error:
        narrate(f"nothing can be recorded: {visible(str(error))}")
        return EXIT_FAILED
    try:
        return asyncio.run(_watch(loaded, state))
    finally:
        claim.release()


def _claimed(claim: FileLock, folder: Path, *, wait: bool) -> bool:
    """Whether this is the one recorder of `folder` now; with `wait` it tries until it is."""
    is_said = False
    while True:
        try:
            claim.acquire()
        except LockHeldError:
            if not is_said:
                narrate(f"another `oncall record` records into {visible(str(folder))} already")
                is_said = True
            if not wait:
                return False
        else:
            return True


async def _watch(loaded: Loaded, state: StateFolder | None) -> int:
    """Record until a signal comes; the exit code."""
    # Late: it brings the HTTP client, which takes longer to import than bad settings to find.
    from console.engine.engine import Engine

    told = Told()
    engine = Engine(
        loaded,
        clock=SystemClock(),
        publish=lambda update: told.take(update, engine.remembering),
        state=state,
        origin=Origin.RECORDER,
    )
    told.say(f"watching {visible(loaded.settings.environment)}; ctrl+c ends it")
    life = asyncio.create_task(engine.run(), name="engine")
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, life.cancel)
    if not sys.stderr.isatty():  # else it tells that the terminal was closed
        loop.add_signal_handler(signal.SIGHUP, lambda: _reload_soon(engine, told))
    try:
        await life
    except asyncio.CancelledError:
        told.take_standing(engine.remembering)
        told.say("ended: what was seen is written")
        return 0
    finally:
        told.close()
    return EXIT_FAILED


_reloading: set[asyncio.Task[None]] = set()


def _reload_soon(engine: Engine, told: Told) -> None:
    async def reload() -> None:
        answer = await engine.reload_settings()
        if isinstance(answer, tuple):
            told.say("the settings stay as they were:", *(f"    {fault}" for fault in answer))

    task = asyncio.create_task(reload(), name="reload")
    _reloading.add(task)
    task.add_done_callback(_reloading.discard)


class Told:
    """Says what changes, on stderr. A terminal that is stopped holds up nothing but the words."""

    MOST: Final = 1_000
    """Lines that wait for a terminal; more are not said."""

    def __init__(self) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(self.MOST)
        self._thread = threading.Thread(target=self._run, name="oncall-told", daemon=True)
        self._thread.start()
        self._standing = Remembering()
        self._newest: object = None
        self._clock = SystemClock()

    def say(self, *lines: str) -> None:
        """Say `lines`, each with the time; returns at once."""
        at = self._clock.now().wall
        for line in lines:
            if not self._lines.full():
                self._lines.put_nowait(f"{at:%Y-%m-%d %H:%M:%SZ} {line}")

    def take(self, update: Update, standing: Remembering) -> None:
        """Say what is new in `update`."""
        new = []
        for event in update.events:
            if event is self._newest:
                break
            new.append(event)
        if self._newest is not None or update.number == 0:
            for event in reversed(new):
                if event.kind in TOLD and update.snapshot.complete:
                    self.say(f"{event.subject}: {event.text}")
        self._newest = update.events[0] if update.events else None
        self.take_standing(standing)

    def take_standing(self, standing: Remembering) -> None:
        """Say who records, and where, when that changed."""
        before, self._standing = self._standing, standing
        if (before.path, before.writer) == (standing.path, standing.writer):
            return
        if standing.writer:
            who = "" if standing.writer == THIS_CONSOLE else f", by {standing.writer}"
            self.say(f"recording into {visible(standing.path)}{who}")
        elif before.writer:
            self.say("not recording")

    def close(self, deadline_s: float = 2.0) -> None:
        """Say what is left."""
        if not self._lines.full():
            self._lines.put_nowait(None)
            self._thread.join(deadline_s)

    def _run(self) -> None:
        while True:
            line = self._lines.get()
            if line is None:
                return
            try:
                narrate(line)
            except (OSError, ValueError):  # nobody listens; it records all the same
                continue
