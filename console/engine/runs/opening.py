"""A runbook opened for what it is about, its parameters filled in, and given other values."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping

import msgspec

from config.load import Loaded
from console.engine.runs.library import Opened, Shelf
from console.engine.runs.open_runs import NOT_OPEN, OpenRuns
from console.engine.runs.work import CHANGED, Work
from console.engine.runs.world import World
from console.journal.ids import Kind, new_id
from console.model.registry import Service
from console.model.run import Run
from console.model.runbook import ParamType
from console.model.snapshot import KnownAlert
from console.runbook.filling import Subject, filled
from console.runbook.kept import KeptRuns
from console.runbook.progress import fresh
from console.safety.clock import Clock
from console.safety.masking import is_maskable
from console.safety.secret import Secret
from console.safety.text import visible


class Wanted(msgspec.Struct, frozen=True):
    """What somebody wants to work through, and for what."""

    name: str
    known: KnownAlert | None = None
    service: str = ""
    given: Mapping[str, str] = {}
    change: str = ""
    incident: str = ""


class Opener:
    """Opens runs. One loop uses it."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        loaded: Callable[[], Loaded],
        shelf: Shelf,
        kept: KeptRuns,
        open_runs: OpenRuns,
    ) -> None:
        self._world = world
        self._clock = clock
        self._loaded = loaded
        self._shelf = shelf
        self._kept = kept
        self._open = open_runs
        self._beginning = asyncio.Lock()

    async def begin(self, wanted: Wanted) -> Run | str:
        """Open it, or find it open; a text says why not."""
        async with self._beginning:  # the key pressed twice opens one
            return await self._begin(wanted)

    async def _begin(self, wanted: Wanted) -> Run | str:
        opened = await self._shelf.opened(wanted.name)
        if isinstance(opened, str):
            return opened
        known, change = wanted.known, wanted.change
        alert = "" if known is None else known.alert.fingerprint
        service = wanted.service or ("" if known is None else known.cell or "")
        for work in self._open.works:
            run = work.run
            same = run.runbook.digest == opened.read.runbook.digest and not wanted.given
            if same and (run.alert, run.service, run.change) == (alert, service, change):
                return run
        cell = self._service(service)
        if service and cell is None and known is None:
            return f"no service is called {visible(service, cells=80)} in the registry"
        work = await self._begun(opened, Subject(known, cell), dict(wanted.given))
        work.run = msgspec.structs.replace(
            work.run, alert=alert, service=service, change=change, incident=wanted.incident
        )
        self._open.add(work)
        await self._open.save(work)
        return work.run

    def _service(self, name: str) -> Service | None:
        services = self._loaded().registry.services
        found = next((one for one in services if one.name == name), None)
        if found is None and self._world.snapshot is not None:
            # A host's own cell stands in no registry, nor does what was only found running.
            cells = self._world.snapshot.cells
            found = next((one.service for one in cells if one.service.name == name), None)
        return found

    async def _begun(self, opened: Opened, subject: Subject, given: dict[str, str]) -> Work:
        runbook, now = opened.read.runbook, self._clock.now().wall
        last = await asyncio.to_thread(self._kept.last_text, runbook.name)
        # What ships changes with the console, which somebody chose to install.
        is_other = opened.book.path is not None and last not in (None, opened.content)
        run = Run(
            new_id(Kind.RUN, now, {one.run.id for one in self._open.works}),
            runbook,
            visible(opened.book.source, cells=200),
            now,
            self._world.acting.who,
            visible(socket.gethostname(), cells=60),
            subject=_words(subject),
            steps=fresh(runbook),
            notes=(CHANGED,) if is_other else (),
        )
        work = Work(run, opened.content, subject, last if is_other else None)
        work.given = given
        self._fill(work)
        return work

    def _fill(self, work: Work) -> None:
        params = filled(
            work.run.runbook,
            work.subject,
            self._loaded().registry,
            work.given,
            frozenset(work.secrets),
        )
        work.run = msgspec.structs.replace(work.run, params=params)

    async def set_value(self, run_id: str, name: str, text: str | Secret) -> str:
        """Give a parameter another value; why it cannot be used, empty: it can."""
        work = self._open.work(run_id)
        param = None if work is None else work.run.runbook.param(name)
        if work is None or param is None:
            return NOT_OPEN if work is None else f"there is no parameter {visible(name, cells=60)}"
        if work.is_busy or work.claimed:
            return work.why_busy
        if (unheard := work.unheard) and name not in work.not_given:
            return (
                f"what became of {unheard} is not known yet, and what verifies it looks at this"
                " value: s leaves it out"
            )
        work.looked_at = self._clock.now().wall
        if isinstance(text, Secret) or param.type is ParamType.SECRET:
            secret = text if isinstance(text, Secret) else Secret(text)
            if not is_maskable(secret):
                return "a secret of fewer than 4 characters cannot be kept out of what is shown"
            work.secrets[name] = secret
        else:
            work.given[name] = text
        self._fill(work)
        await self._open.save(work)
        return next((one.fault for one in work.run.params if one.name == name), "")

    async def accept(self, run_id: str) -> str:
        """Its runbook is another one than was run here before, and somebody agrees to that."""
        work = self._open.work(run_id)
        if work is None:
            return NOT_OPEN
        work.last_text = None
        work.run = msgspec.structs.replace(work.run, notes=())
        await self._open.save(work)
        return ""


def _words(subject: Subject) -> str:
    """`ServiceDown redis@data-1`, safe to show."""
    known, service = subject.alert, subject.service
    place = "" if service is None else visible(f"{service.name}@{service.place}", cells=60)
    name = "" if known is None else visible(known.alert.name, cells=60)
    return " ".join(one for one in (name, place) if one)
