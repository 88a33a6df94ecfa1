"""The runs: runbooks that are worked through, their steps carried out, and what is kept of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from config.load import Loaded
from console.actions.audit.audit import Intent
from console.engine.hands import Hands
from console.engine.run_left import CHANGED, cut_off, is_forgotten, to_its_end, work_of
from console.engine.run_library import Opened, Shelf
from console.engine.run_output import OutputShelf
from console.engine.run_plan import Planner
from console.engine.run_steps import ACTION, STOPPED, Carrier
from console.engine.run_work import Work
from console.journal.errors import JournalFault
from console.journal.ids import Kind, new_id
from console.journal.past_runs import past_runs
from console.model.acting import Ended, Outcome
from console.model.action import Effect
from console.model.event import Event, EventKind
from console.model.paper_wish import KeepRun
from console.model.run import PastRun, Run, Runs, Shelved, Started, StepOutput, StepPlan, StepState
from console.model.runbook import ParamType, Step, StepKind
from console.model.snapshot import KnownAlert, Snapshot
from console.runbook.filling import Subject, filled
from console.runbook.kept import KeptRuns
from console.runbook.library import Library
from console.runbook.lint import Finding
from console.runbook.matching import Candidate
from console.runbook.progress import fresh, reopened, skipped, ticked
from console.runbook.running.runner import Runner
from console.safety.clock import Clock
from console.safety.files import FileError
from console.safety.masking import is_maskable
from console.safety.secret import Secret
from console.safety.text import visible
from console.safety.whereabouts import whereabouts

if TYPE_CHECKING:
    from console.engine.acting import ActingDesk
    from console.engine.papers import PapersDesk
    from console.sources.reach import Reach

Carry = Callable[[], Awaitable[None]]

LEARN_S: Final = 15.0
"""Between two questions to a host about a step whose outcome is not known."""
STOP_S: Final = 15.0
"""After its command has been stopped, until the step has to be over."""
CLOSE_S: Final = 2.0
"""For what only reads to be ended on its host; the engine waits little longer for all of it."""
NOT_KEPT: Final = "this run is kept in this console alone"
_UNKNOWN: Final = StepState.UNKNOWN
NOT_OPEN: Final = "that run is not open here"
IS_ENDING: Final = "it is being finished"
OTHER_PLAN: Final = "what it would do is not what was shown any more: look at it again"


class World(Protocol):
    """What the desk needs of the engine around it."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The world as last shown; `None` before there is one."""

    @property
    def reach(self) -> Reach | None:
        """The hosts as places where commands run; `None` before the watch has begun."""

    @property
    def acting(self) -> ActingDesk:
        """Decides, and keeps the record."""

    @property
    def papers(self) -> PapersDesk:
        """The journal."""

    def note(self, event: Event) -> None:
        """Put something into the event log."""

    def runs_changed(self) -> None:
        """The runs are others than were shown."""


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
        self._hands = hands
        self._loaded = loaded
        self._shelf = Shelf(clock, loaded, self.past)
        self._kept = KeptRuns(folder)
        self._outputs = OutputShelf(folder)
        self._runner = Runner(lambda: world.reach, clock)
        self._planner = Planner(world, clock, lambda: self._hands, loaded, self._runner)
        self._carrier = Carrier(
            world,
            clock,
            self._runner,
            self._outputs,
            self._save,
            self._planner.plan,
            lambda: loaded().settings.sources.health.ca,
        )
        self._open: dict[str, Work] = {}
        self._found: set[str] = set()
        self._beginning = asyncio.Lock()
        self._told = 0
        """Notices of the folder of open runs that stand in the event log."""

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

    async def standing(self) -> tuple[Run, ...]:
        """Every open run of this person on this machine, whichever console has it; the newest
        first."""
        others = await asyncio.to_thread(self._kept.standing)
        mine = self.runs
        every = [*mine.open, *(one for one in others if mine.run(one.id) is None)]
        return tuple(sorted(every, key=lambda one: one.began, reverse=True))

    # A run.

    @property
    def runs(self) -> Runs:
        """Part of every update."""
        works = sorted(self._open.values(), key=lambda one: one.run.began, reverse=True)
        return Runs(tuple(one.run for one in works), tuple(sorted(self._found)))

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
        async with self._beginning:  # the key pressed twice opens one
            return await self._begin(name, known, service, given or {}, change, incident)

    async def _begin(
        self,
        name: str,
        known: KnownAlert | None,
        service: str,
        given: Mapping[str, str],
        change: str,
        incident: str,
    ) -> Run | str:
        opened = await self._shelf.opened(name)
        if isinstance(opened, str):
            return opened
        alert = "" if known is None else known.alert.fingerprint
        service = service or ("" if known is None else known.cell or "")
        for work in self._open.values():
            run = work.run
            same = run.runbook.digest == opened.read.runbook.digest and not given
            if same and (run.alert, run.service, run.change) == (alert, service, change):
                return run
        registry = self._loaded().registry
        cell = next((one for one in registry.services if one.name == service), None)
        if cell is None and self._world.snapshot is not None:
            # A host's own cell stands in no registry, nor does what was only found running.
            cells = self._world.snapshot.cells
            cell = next((one.service for one in cells if one.service.name == service), None)
        if service and cell is None and known is None:
            return f"no service is called {visible(service, cells=80)} in the registry"
        work = await self._begun(opened, Subject(known, cell), dict(given))
        work.run = msgspec.structs.replace(
            work.run, alert=alert, service=service, change=change, incident=incident
        )
        self._open[work.run.id] = work
        await self._save(work)
        return self._open[work.run.id].run

    async def _begun(self, opened: Opened, subject: Subject, given: dict[str, str]) -> Work:
        runbook, now = opened.read.runbook, self._clock.now().wall
        last = await asyncio.to_thread(self._kept.last_text, runbook.name)
        # What ships changes with the console, which somebody chose to install.
        is_other = opened.book.path is not None and last not in (None, opened.content)
        run = Run(
            new_id(Kind.RUN, now, self._open),
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

    async def set_value(self, run_id: str, name: str, text: str | Secret) -> str:
        """Give a parameter another value; why it cannot be used, empty: it can.

        A value with a fault is kept, so that nothing typed is lost; no step is given it. While
        a step is under way, or nobody knows what became of it, all stay as they are: what
        verifies it has to look at what it was given.
        """
        work = self._open.get(run_id)
        param = None if work is None else work.run.runbook.param(name)
        if work is None or param is None:
            return NOT_OPEN if work is None else f"there is no parameter {visible(name, cells=60)}"
        if work.is_busy or work.claimed:
            return _busy(work)
        if (unknown := _unknown(work)) and name not in _not_given(work):
            return (
                f"what became of {unknown} is not known yet, and what verifies it looks at this"
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
        await self._save(work)
        return next((one.fault for one in work.run.params if one.name == name), "")

    async def prepare(self, run_id: str, step: str) -> StepPlan | str:
        """What the step would do now, exactly; opens no channel that changes anything."""
        found = self._find(run_id, step)
        if isinstance(found, str):
            return found
        work, declared = found
        plan = await self._planner.plan(work, declared)
        work.shown[step] = plan
        return plan

    async def start(
        self, run_id: str, step: str, digest: str = "", *, broke_glass: bool = False
    ) -> Started:
        """Carry a step out, in the background.

        What only reads needs no `digest`. Else it is that of the plan that was shown: where
        anything of it is otherwise by now, or it is too old, nothing is started.
        """
        found = self._find(run_id, step)
        if isinstance(found, str):
            return Started(found)
        work, declared = found
        if await self._is_taken(work, step):
            return Started(_busy(work))
        work.claimed, work.stopping = True, False
        try:
            return await self._start(work, declared, digest, broke_glass)
        finally:
            work.claimed = False

    async def _start(self, work: Work, step: Step, digest: str, broke_glass: bool) -> Started:
        plan = await self._planner.plan(work, step)
        if plan.refusals:
            return Started(plan.refusals[0])
        reads = step.effect is Effect.READ
        if not reads and not self._is_shown(work, step, plan, digest):
            return Started(OTHER_PLAN, is_other=True)
        told = await self._world.acting.intend(
            ACTION,
            plan.typed,
            [one for one in (plan.where, work.run.subject) if one],
            f"{work.run.id} {visible(work.run.runbook.title, cells=80)}: {step.name}",
            effect=step.effect,
            missing=plan.missing,
            broke_glass=broke_glass,
        )
        if not isinstance(told, Intent):
            return Started("; ".join(told.reasons), needs_glass=told.break_glass)
        if not reads:
            await self._remember(work)
        if work.stopping:
            await self._world.acting.ended(told, Ended.DENIED, STOPPED)
            return Started(STOPPED)
        self._go(work, lambda: self._carrier.carry(work, step, plan, told))
        return Started()

    async def _remember(self, work: Work) -> None:
        """This is how the runbook was when it was last run here."""
        with contextlib.suppress(FileError):  # then the next run asks once more
            await asyncio.to_thread(self._kept.remember, work.run.runbook.name, work.content)

    def _is_shown(self, work: Work, step: Step, plan: StepPlan, digest: str) -> bool:
        """Whether `plan` is what a person said yes to, not long ago."""
        shown = work.shown.pop(step.name, None)
        return (
            shown is not None
            and digest == shown.digest == plan.digest
            and self._clock.now().mono <= shown.until_mono
        )

    async def start_reads(self, run_id: str) -> str:
        """Carry out every step that only reads, one after the other; why not, empty: it began."""
        work = self._open.get(run_id)
        if work is None:
            return NOT_OPEN
        if await self._is_taken(work):
            return _busy(work)
        steps = [
            step
            for step in work.run.runbook.steps
            if step.effect is Effect.READ and step.kind is StepKind.COMMAND and step.is_runnable
        ]
        if not steps:
            return "it has no step that only reads"
        self._go(work, lambda: self._carrier.carry_reads(work, steps))
        return ""

    async def ended(self, run_id: str) -> Run | None:
        """Wait until nothing of the run is being carried out; the run then."""
        work = self._open.get(run_id)
        if work is None:
            return None
        if work.task is not None:
            await asyncio.wait((work.task,))
        return work.run

    async def stop(self, run_id: str) -> str:
        """Stop what runs, on its host too, and look that it is gone; what came of it."""
        work = self._open.get(run_id)
        if work is None:
            return NOT_OPEN
        if not work.is_busy:
            return await self._stop_unwatched(work)
        work.stopping = True
        await asyncio.sleep(0)  # what was never begun could not tell that it was stopped
        said = []
        for step, (job, host) in list(work.jobs.items()):
            stopped = await self._runner.stop(job, host)
            said.append(f"{step}: {stopped.said}")
        task = work.task
        if task is not None and not task.done():
            if not said:
                # Between two tries, or before the first.
                task.cancel()
            await asyncio.wait((task,), timeout=STOP_S)
            task.cancel()
        await self._learn(work)
        return "; ".join(said) or "stopped, between two commands"

    async def _stop_unwatched(self, work: Work) -> str:
        """Stop what is about to begin, or runs on a host that was not heard of since."""
        if work.claimed:
            work.stopping = True
            return STOPPED
        said = []
        for one in work.run.steps:
            if one.state is StepState.UNKNOWN and one.last is not None and one.last.job:
                stopped = await self._runner.stop(one.last.job, one.last.host)
                said.append(f"{one.name}: {stopped.said}")
        if said:
            await self._learn(work)
        return "; ".join(said) or "nothing of it runs"

    async def skip(self, run_id: str, step: str, reason: str) -> str:
        """Leave a step out; why not, empty: it is."""
        found = self._find(run_id, step)
        if isinstance(found, str):
            return found
        if not reason.strip():
            return "say why: it stands in the transcript"
        return await self._settle(found[0], step, skipped, reason)

    async def tick(self, run_id: str, step: str, note: str = "") -> str:
        """A person did it by hand; once more takes that back. Why not, empty: it is."""
        found = self._find(run_id, step)
        if isinstance(found, str):
            return found
        work, _ = found
        one = work.run.step(step)
        if (
            one is not None
            and one.state in (StepState.MANUAL, StepState.SKIPPED)
            and not work.is_ending
        ):
            work.run = reopened(work.run, step)
            await self._save(work)
            return ""
        return await self._settle(work, step, ticked, note)

    async def _settle(self, work: Work, step: str, change: Callable[..., Run], words: str) -> str:
        if work.is_ending:
            return IS_ENDING
        one = work.run.step(step)
        if one is not None and one.state is StepState.UNKNOWN:
            await self._leave_off(work)
            one = work.run.step(step)
            if one is not None and one.state is not StepState.UNKNOWN:
                return f"it has just been learnt: {step} {one.state}"
        if one is not None and one.state is StepState.RUNNING:
            return f"{step} runs: stop it first"
        if not self._world.acting.acts:
            return "read-only: nothing is changed from here"
        said, who = visible(words.strip(), cells=400), self._world.acting.who
        work.run = change(work.run, step, said, who, self._clock.now().wall)
        await self._save(work)
        self._carrier.tell(work, step)
        return ""

    async def output(self, run_id: str, step: str, number: int = 0) -> StepOutput:
        """What an attempt has printed so far; the latest by default."""
        work = self._open.get(run_id)
        if work is None:
            return StepOutput()
        one = work.run.step(step)
        last = 0 if one is None or one.last is None else one.last.number
        live = work.live.get(step)
        if live is not None and (number or last) == live.output.number:
            return live.output
        found = await asyncio.to_thread(self._outputs.find, run_id, step, number or last)
        return found or StepOutput(number=number or last)

    async def differences(self, run_id: str) -> tuple[str, str] | None:
        """The runbook as it was run here the last time, and as it is now; `None`: the same."""
        work = self._open.get(run_id)
        if work is None or work.last_text is None:
            return None
        return work.last_text.decode("utf-8", "replace"), work.content.decode("utf-8", "replace")

    async def accept(self, run_id: str) -> str:
        """The differences were shown and are all right; why not, empty: it is noted."""
        work = self._open.get(run_id)
        if work is None:
            return NOT_OPEN
        work.last_text = None
        work.run = msgspec.structs.replace(work.run, notes=())
        await self._save(work)
        return ""

    async def keep(self, run_id: str) -> Outcome:
        """Keep its transcript as it stands, and leave it open."""
        work = self._open.get(run_id)
        if work is None:
            return Outcome(Ended.DENIED, NOT_OPEN)
        return await self._world.acting.submit(KeepRun(work.run))

    async def finish(self, run_id: str, *, keeps: bool = True) -> Outcome:
        """Close the run and keep its transcript in the journal; of what only read, if it `keeps`.

        It stays open where the transcript cannot be kept, unless nothing may be written at all.
        """
        work = self._open.get(run_id)
        if work is None:
            return Outcome(Ended.DENIED, NOT_OPEN)
        for one in work.run.steps:
            if one.state is StepState.RUNNING:
                return Outcome(Ended.DENIED, f"{one.name} runs: wait for it, or stop it")
            if one.state is StepState.UNKNOWN:
                said = f"what became of {one.name} is not known yet: it is asked for, or skip it"
                return Outcome(Ended.DENIED, said)
        if await self._is_taken(work):
            return Outcome(Ended.DENIED, _busy(work))
        work.claimed = work.is_ending = True
        try:
            return await self._finish(work, keeps)
        finally:
            work.claimed = work.is_ending = False

    async def _finish(self, work: Work, keeps: bool) -> Outcome:
        run = msgspec.structs.replace(work.run, ended=self._clock.now().wall)
        outcome = Outcome(Ended.DONE, "nothing was done in it, so that nothing is kept")
        if not keeps and run.is_touched and not _has_acted(run):
            outcome = Outcome(Ended.DONE, "no transcript is kept")
        elif run.is_touched:
            outcome = await self._world.acting.submit(KeepRun(run))
        if outcome.ended not in (Ended.DONE, Ended.KEPT) and self._world.acting.acts:
            return outcome
        await to_its_end(self._drop(run.id))
        return outcome

    async def _drop(self, run_id: str) -> None:
        """It is open no more."""
        work = self._open.pop(run_id)
        work.is_over = True
        self._found.discard(run_id)
        async with work.saving:
            await asyncio.to_thread(self._kept.drop, run_id)
        self._world.runs_changed()

    # What the engine asks for.

    async def watch(self, looked: Callable[[], None] = lambda: None) -> None:
        """Look after runs that other consoles left behind, until cancelled.

        Args:
            looked: called after each look that went well.
        """
        await asyncio.to_thread(self._outputs.sweep, self._clock.now().wall)
        while True:
            await self._take_up()
            for work in list(self._open.values()):
                if is_forgotten(work, self._clock.now().wall):
                    await self._drop(work.run.id)
                else:
                    await self._learn(work)
            looked()
            await self._clock.sleep(LEARN_S)

    async def _take_up(self) -> None:
        """Open what no console has open any more."""
        now = self._clock.now().wall
        for kept in await asyncio.to_thread(self._kept.take_all, now):
            run = kept.run
            last = await asyncio.to_thread(self._kept.last_text, run.runbook.name)
            work = work_of(kept, self._loaded().registry, last, now)
            self._open[run.id] = work
            self._found.add(run.id)
            self._world.runs_changed()
            if kept.was_running:
                await self._save(work)  # or the next console would end them once more
            for step, attempt in cut_off(kept):
                await self._carrier.end_cut_off(work, step, attempt)
        notices = self._kept.notices
        for notice in notices[self._told :]:
            self._world.note(Event(now, EventKind.CONSOLE, "open runs", notice))
        self._told = len(notices)

    async def _learn(self, work: Work) -> None:
        if work.is_busy or work.claimed:
            return
        unknown = [one.name for one in work.run.steps if one.state is StepState.UNKNOWN]
        steps = [step for step in work.run.runbook.steps if step.name in unknown]
        if steps and self._world.reach is not None:
            self._go(work, lambda: self._learn_all(work, steps))

    async def _learn_all(self, work: Work, steps: Sequence[Step]) -> None:
        work.learning = True
        try:
            for step in steps:
                await self._carrier.learn(work, step)
        finally:
            work.learning = False

    async def _is_taken(self, work: Work, step: str = "") -> bool:
        """Whether something of it is under way that nothing else, or not `step`, may begin in."""
        one = work.run.step(step)
        if work.learning and not work.claimed and (one is None or one.state is not _UNKNOWN):
            await self._leave_off(work)
        return work.is_busy or work.claimed

    async def _leave_off(self, work: Work) -> None:
        """Ask no more, for now, what became of a step; what shows that it worked goes on."""
        task = work.task
        if work.learning and task is not None and not work.run.running:
            task.cancel()
            await asyncio.wait((task,))

    async def close(self) -> None:
        """Keep what is open; what runs on hosts goes on there."""
        await asyncio.sleep(0)  # what was never begun could not tell that it was ended
        tasks = [one.task for one in self._open.values() if one.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_S)
        for work in self._open.values():
            if not work.is_saved:
                await self._save(work)
        await asyncio.to_thread(self._kept.leave_all)

    def reload(self) -> None:
        """Settings are other ones: the library is read again."""
        self._shelf.forget()

    # Inside.

    def _go(self, work: Work, carry: Carry) -> None:
        work.stopping = False
        work.task = asyncio.create_task(self._guarded(work, carry), name=work.run.id)

    async def _guarded(self, work: Work, carry: Carry) -> None:
        try:
            await carry()
        except Exception as error:
            # A bug of ours: what it had started is asked for by its marker.
            await self._carrier.failed(work, whereabouts(error))
        finally:
            self._world.runs_changed()

    def _find(self, run_id: str, step: str) -> tuple[Work, Step] | str:
        work = self._open.get(run_id)
        if work is None:
            return NOT_OPEN
        declared = work.run.runbook.step(step)
        if declared is None:
            return f"it has no step called {visible(step, cells=80)}"
        work.looked_at = self._clock.now().wall
        return work, declared

    def _fill(self, work: Work) -> None:
        params = filled(
            work.run.runbook,
            work.subject,
            self._loaded().registry,
            work.given,
            frozenset(work.secrets),
        )
        work.run = msgspec.structs.replace(work.run, params=params)

    async def _save(self, work: Work) -> None:
        """Keep a run as it is, and show it; the incident that it belongs to may be new."""
        if not work.run.incident and work.run.alert:
            about = self._world.papers.papers.about((work.run.alert,))
            if about is not None:
                work.run = msgspec.structs.replace(work.run, incident=about.incident.id)
        await to_its_end(self._keep(work))
        self._world.runs_changed()

    async def _keep(self, work: Work) -> None:
        async with work.saving:
            run = work.run
            if work.is_over:
                return
            work.is_saved = False
            try:
                await asyncio.to_thread(self._kept.save, run, work.content)
                work.is_saved = run is work.run
                return
            except FileError as error:
                why = visible(str(error), cells=200)
            except Exception as error:
                why = whereabouts(error)
        # It goes on: only a console that comes after this one will not know of it.
        others = [one for one in work.run.notes if not one.startswith(NOT_KEPT)]
        notes = (*others, f"{NOT_KEPT}: {why}")
        work.run = msgspec.structs.replace(work.run, notes=notes)


def _has_acted(run: Run) -> bool:
    """Whether more was done in it than to look."""
    reads = {step.name for step in run.runbook.steps if step.effect is Effect.READ}
    settled = (StepState.MANUAL, StepState.SKIPPED)
    return any(
        one.state in settled or (one.attempts and one.name not in reads) for one in run.steps
    )


def _busy(work: Work) -> str:
    if work.is_ending:
        return IS_ENDING
    running = ", ".join(one.name for one in work.run.running)
    if work.learning and not running:
        return f"{_unknown(work)} may be running still, and its host is being asked"
    return f"{running or 'a step'} runs: wait for it, or stop it"


def _unknown(work: Work) -> str:
    """The steps of which a host may know more than is known here, by name."""
    steps = (one for one in work.run.steps if one.state is _UNKNOWN)
    return ", ".join(one.name for one in steps if one.last is not None and one.last.job)


def _not_given(work: Work) -> frozenset[str]:
    """The secrets that this console does not have: no value of the run is one of them."""
    secrets = (one.name for one in work.run.params if one.type is ParamType.SECRET)
    return frozenset(secrets) - frozenset(work.secrets)


def _words(subject: Subject) -> str:
    """`ServiceDown redis@data-1`, safe to show."""
    known, service = subject.alert, subject.service
    place = "" if service is None else visible(f"{service.name}@{service.place}", cells=60)
    name = "" if known is None else visible(known.alert.name, cells=60)
    return " ".join(one for one in (name, place) if one)
