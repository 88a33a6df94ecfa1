"""The runs: runbooks that are worked through, their steps carried out, and what is kept of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from config.load import Loaded
from console.engine.hands import Hands
from console.engine.runs.attempts import Attempts
from console.engine.runs.carrying import Carrier
from console.engine.runs.left import LeftRuns
from console.engine.runs.library import Shelf
from console.engine.runs.open_runs import OpenRuns
from console.engine.runs.opening import Opener, Wanted
from console.engine.runs.output import OutputShelf
from console.engine.runs.plan import Planner
from console.engine.runs.record import Record
from console.engine.runs.settling import Settler
from console.engine.runs.starting import Starter
from console.engine.runs.underway import Underway
from console.engine.runs.world import World
from console.journal.errors import JournalFault
from console.journal.past_runs import past_runs
from console.model.acting import Outcome
from console.model.run import PastRun, Run, Runs, Shelved, Started, StepOutput, StepPlan
from console.model.snapshot import KnownAlert
from console.runbook.kept import KeptRuns
from console.runbook.library import Library
from console.runbook.lint import Finding
from console.runbook.matching import Candidate
from console.runbook.running.runner import Runner
from console.safety.clock import Clock
from console.safety.secret import Secret


class RunsDesk:
    """The library, and the runs of this console. Everything in it runs on the engine's loop."""

    def __init__(
        self,
        world: World,
        *,
        clock: Clock,
        hands: Hands | None,
        folder: Path | None,
        loaded: Callable[[], Loaded],
    ) -> None:
        """
        Args:
            hands: `None`: nobody acts from here, and no step is carried out.
            folder: of the state, in which open runs are kept.
        """
        self._world = world
        self._clock = clock
        self._shelf = Shelf(clock, loaded, self.past)
        self._outputs = OutputShelf(folder)
        kept = KeptRuns(folder)
        runner = Runner(lambda: world.reach, clock)
        planner = Planner(world, clock, hands, loaded, runner)
        self._open = OpenRuns(world, clock, kept)
        self._opener = Opener(world, clock, loaded, self._shelf, kept, self._open)
        record = Record(world, clock, self._open, self._outputs)
        attempts = Attempts(
            world, clock, runner, record, lambda: loaded().settings.sources.health.ca
        )
        carrier = Carrier(world, clock, runner, attempts, record, planner.plan)
        self._underway = Underway(world, runner, self._open, carrier, record)
        self._starter = Starter(
            world, clock, kept, planner, self._open, self._underway, carrier, record
        )
        self._settler = Settler(world, clock, self._open, self._underway, record)
        self._left = LeftRuns(world, clock, loaded, kept, self._open, self._underway, record)

    # The library.

    async def library(self) -> Library:
        """Every runbook, and what could not be read."""
        return await self._shelf.library()

    async def shelf(self) -> tuple[Shelved, ...]:
        """Every runbook as the list shows it, by name."""
        return await self._shelf.faces()

    async def candidates(self, known: KnownAlert) -> tuple[Candidate, ...]:
        """The runbooks for an alert, the likeliest first."""
        return await self._shelf.candidates(known)

    async def findings(self, name: str) -> tuple[Finding, ...] | str:
        """What lint has to say about the runbook of that name; a text says why nothing can be."""
        return await self._shelf.findings(name)

    async def scaffold(self, known: KnownAlert | None, folder: Path) -> Path | str:
        """Write the beginning of a runbook for an alert into `folder`; a text says why not."""
        return await self._shelf.scaffold(known, folder)

    async def past(self) -> tuple[PastRun, ...]:
        """The runs that the journal has transcripts of, the newest first."""
        if not self._world.papers.is_there:
            return ()
        bench = await self._world.papers.bench()
        return () if isinstance(bench, JournalFault) else await past_runs(bench)

    # Runs.

    @property
    def runs(self) -> Runs:
        """Part of every update."""
        return self._open.runs

    async def standing(self) -> tuple[Run, ...]:
        """Every open run of this person on this machine, whichever console has it; the newest
        first."""
        return await self._open.standing()

    async def begin(
        self,
        name: str,
        known: KnownAlert | None = None,
        service: str = "",
        given: Mapping[str, str] | None = None,
        change: str = "",
        incident: str = "",
    ) -> Run | str:
        """Open the runbook of that name, filled in; a text, safe to show, says why not.

        The run that is open already for this alert and runbook is returned again.
        """
        wanted = Wanted(name, known, service, given or {}, change, incident)
        return await self._opener.begin(wanted)

    async def set_value(self, run_id: str, name: str, text: str | Secret) -> str:
        """Give a parameter another value; why it cannot be used, empty: it can.

        A value with a fault is kept, so that nothing typed is lost; no step is given it. While
        a step is under way, or nobody knows what became of it, all stay as they are: what
        verifies it has to look at what it was given.
        """
        return await self._opener.set_value(run_id, name, text)

    async def differences(self, run_id: str) -> tuple[str, str] | None:
        """The runbook as it was run here the last time, and as it is now; `None`: the same."""
        work = self._open.work(run_id)
        if work is None or work.last_text is None:
            return None
        return work.last_text.decode("utf-8", "replace"), work.content.decode("utf-8", "replace")

    async def accept(self, run_id: str) -> str:
        """The differences were shown and are all right; why not, empty: it is noted."""
        return await self._opener.accept(run_id)

    async def keep(self, run_id: str) -> Outcome:
        """Keep its transcript as it stands, and leave it open."""
        return await self._settler.keep(run_id)

    async def finish(self, run_id: str, *, keeps: bool = True) -> Outcome:
        """Close the run and keep its transcript in the journal; of what only read, if it `keeps`.

        It stays open where the transcript cannot be kept, unless nothing may be written at all.
        """
        return await self._settler.finish(run_id, keeps=keeps)

    # Steps.

    async def prepare(self, run_id: str, step: str) -> StepPlan | str:
        """What the step would do now, exactly; opens no channel that changes anything."""
        return await self._starter.prepare(run_id, step)

    async def start(
        self, run_id: str, step: str, digest: str = "", *, broke_glass: bool = False
    ) -> Started:
        """Carry a step out, in the background.

        What only reads needs no `digest`. Else it is that of the plan that was shown: where
        anything of it is otherwise by now, or it is too old, nothing is started.
        """
        return await self._starter.start(run_id, step, digest, broke_glass)

    async def start_reads(self, run_id: str) -> str:
        """Carry out every step that only reads, one after the other; why not, empty: it began."""
        return await self._starter.start_reads(run_id)

    async def ended(self, run_id: str) -> Run | None:
        """Wait until nothing of the run is being carried out; the run then."""
        return await self._underway.ended(run_id)

    async def stop(self, run_id: str) -> str:
        """Stop what runs, on its host too, and look that it is gone; what came of it."""
        return await self._underway.stop(run_id)

    async def skip(self, run_id: str, step: str, reason: str) -> str:
        """Leave a step out; why not, empty: it is."""
        return await self._settler.skip(run_id, step, reason)

    async def tick(self, run_id: str, step: str, note: str = "") -> str:
        """A person did it by hand; once more takes that back. Why not, empty: it is."""
        return await self._settler.tick(run_id, step, note)

    async def output(self, run_id: str, step: str, number: int = 0) -> StepOutput:
        """What an attempt has printed so far; the latest by default."""
        work = self._open.work(run_id)
        if work is None:
            return StepOutput()
        one = work.run.step(step)
        last = 0 if one is None or one.last is None else one.last.number
        live = work.live.get(step)
        if live is not None and (number or last) == live.output.number:
            return live.output
        found = await asyncio.to_thread(self._outputs.find, run_id, step, number or last)
        return found or StepOutput(number=number or last)

    # What the engine asks for.

    async def watch(self, looked: Callable[[], None] = lambda: None) -> None:
        """Look after runs that other consoles left behind, until cancelled.

        Args:
            looked: called after each look that went well.
        """
        await asyncio.to_thread(self._outputs.sweep, self._clock.now().wall)
        await self._left.watch(looked)

    async def close(self) -> None:
        """Keep what is open; what runs on hosts goes on there."""
        await self._underway.close()
        await self._open.close()

    def reload(self) -> None:
        """Settings are other ones: the library is read again."""
        self._shelf.forget()
