"""The keys that carry steps out: what is shown and asked before one, and what came of it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Final

from console.model.run import Started, StepPlan, StepRun, StepState
from console.model.runbook import Step, StepKind
from screens.run_hand import Handling
from screens.run_words import not_given, only_reads, reads_text
from widgets.detail import Field, Paragraph, Part
from widgets.dialog import Choice, Dialog
from widgets.theme import Ink

TO_LEAVE: Final = "nothing of it runs; to leave, press q"


class Carrying(Handling, inherit_bindings=False):
    """A screen to derive from, on which steps of one run are carried out.

    Every key binds to the step that was under the cursor when it was pressed.
    """

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self._preparing = ""
        """The step whose plan is being made, or is shown."""
        self._stopping = False
        self.in_turn: set[str] = set()
        """Steps that are run in turn: what came of them is told at the end, in one line."""

    def go_to_step(self, name: str) -> bool:
        """Put the cursor on a step."""
        raise NotImplementedError

    @property
    def running_steps(self) -> tuple[StepRun, ...]:
        """The steps that run now, as last shown."""
        return () if self.shown is None else self.shown.running

    # One step

    def why_no_step(self, step: Step | None) -> str:
        """Why `x` does nothing on it; empty where it does."""
        if self.shown is None:
            return "the run is closed"
        if step is None:
            return "this is read, not done; enter opens it"
        if step.refusal:
            return f"{step.name} is not run from here: {step.refusal}"
        if not step.is_runnable:
            copied = "y copies it, " if step.command else ""
            return f"{step.name} is done by hand: {copied}space ticks it off"
        if self._preparing:
            return f"{self._preparing} is being asked about"
        if self.running_steps:
            names = ", ".join(one.name for one in self.running_steps)
            return f"{names} runs: wait for it, or ctrl+c stops it"
        return ""

    def do_run_step(self) -> None:
        """Carry out the step under the cursor: at once what reads, else its plan is shown."""
        step = self.wanted_step
        if step is not None:
            self._carry(step)

    def _carry(self, step: Step) -> None:
        why = self.why_no_step(step)
        if why:
            self.say(why, warning=True)
            return
        self._preparing = step.name
        self.in_turn.discard(step.name)
        self.show_hints()
        work = self._start_read(step) if only_reads(step) else self._start_acting(step)
        self.begin(self._guarded(work))

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        finally:
            self._preparing = ""
            if self.is_attached and self.is_current:
                self.show_hints()

    async def _start_read(self, step: Step) -> None:
        started = await self.ask_desk(lambda desk: desk.start(self.run_id, step.name))
        self._tell_started(step, started)

    def _tell_started(self, step: Step, started: Started | None) -> None:
        if started is None:
            return
        if started.why_not:
            self.say(f"{step.name} was not started: {started.why_not}", warning=True)
        else:
            self.say(f"{step.name} runs")

    async def _start_acting(self, step: Step) -> None:
        if not await self._changes_are_known(step):
            return
        shown: StepPlan | None = None
        self.say(f"looking at what {step.name} would do")
        while True:
            plan = await self.ask_desk(lambda desk: desk.prepare(self.run_id, step.name))
            if plan is None:
                return
            if isinstance(plan, str):
                self.say(f"{step.name} cannot be run: {plan}", warning=True)
                return
            if not self.is_free:
                self.say(f"{step.name} was not run: you went on; x asks again", warning=True)
                return
            if not await self._confirmed(plan, shown):
                return
            started = await self._started(step, plan)
            if started is None or not started.is_other:
                self._tell_started(step, started)
                return
            shown = plan

    async def _changes_are_known(self, step: Step) -> bool:
        """Whether the runbook is the one that was run before, or somebody says it is all right."""
        changed = await self.ask_desk(lambda desk: desk.differences(self.run_id))
        if changed is None:
            return True
        if not self.is_free:
            self.say(f"{step.name} was not run: you went on; x asks again", warning=True)
            return False
        return await self.ask_about(changed, asks=True)

    async def _confirmed(self, plan: StepPlan, shown: StepPlan | None) -> bool:
        from screens.run_plan import PlanConfirm, PlanDialog, Refused, differs

        changed = () if shown is None else differs(shown, plan)
        clock = self.console_app.clock
        if plan.refusals:
            refused = Refused(plan)
            await self.app.push_screen_wait(refused)
            if refused.wants_values:
                self.act("run.params")
            return False
        if plan.word:
            sure = await self.app.push_screen_wait(PlanConfirm(plan, changed, clock=clock))
        else:
            answer = await self.app.push_screen_wait(PlanDialog(plan, changed, clock=clock))
            sure = answer == "run"
        if not sure:
            self.say(f"{plan.step} was not run")
        return sure

    async def _started(self, step: Step, plan: StepPlan) -> Started | None:
        """Start what was said yes to; without a record only after its own word."""
        told = await self.ask_desk(lambda desk: desk.start(self.run_id, step.name, plan.digest))
        if told is None or not told.needs_glass:
            return told
        from screens.run_plan import glass_confirm

        asked = glass_confirm(plan, told.why_not, clock=self.console_app.clock)
        if not await self.app.push_screen_wait(asked):
            return Started("it was not confirmed")
        # What was shown is used up by the first try: the same has to be planned once more.
        again = await self.ask_desk(lambda desk: desk.prepare(self.run_id, step.name))
        if not isinstance(again, StepPlan) or again.digest != plan.digest:
            return Started("it would be something else now", is_other=True)
        return await self.ask_desk(
            lambda desk: desk.start(self.run_id, step.name, again.digest, broke_glass=True)
        )

    # All that reads

    def do_run_reads(self) -> None:
        """Carry out every step that only reads, in turn."""
        self.begin(self._start_reads())

    async def _start_reads(self) -> None:
        run = self.shown
        if run is None:
            return
        reads = [one for one in run.runbook.steps if one.kind is StepKind.COMMAND]
        missing = not_given(run)
        names = {one.name for one in reads if only_reads(one)} - set(missing)
        left_out = "".join(
            f"; {step} is left out: {name} has no value, p gives it one"
            for step, name in missing.items()
        )
        if missing and not names:
            self.say(f"nothing was run{left_out}", warning=True)
            return
        self.in_turn |= names
        why = await self.ask_desk(lambda desk: desk.start_reads(self.run_id))
        if why is None:
            return
        self.say(why or "every step that only reads, one after the other", warning=bool(why))
        ended = None if why else await self.ask_desk(lambda desk: desk.ended(self.run_id))
        if ended is not None and self.is_attached:
            self.say(f"{reads_text(ended, names)}{left_out}", warning=bool(left_out))

    # Back again

    def rollback_of(self, step: Step | None) -> Step | None:
        """The step that takes `step` back; else the one of what failed last in this run."""
        run = self.shown
        if run is None:
            return None
        if step is not None and step.rollback:
            return run.runbook.step(step.rollback)
        failed = [one for one in run.steps if one.state is StepState.FAILED and one.last]
        failed.sort(key=lambda one: one.last.began if one.last else run.began)
        for one in reversed(failed):
            named = run.runbook.step(one.name)
            if named is not None and named.rollback:
                return run.runbook.step(named.rollback)
        return None

    def do_run_rollback(self) -> None:
        """Go to the step that takes this one back, and show what it would do."""
        back = self.rollback_of(self.wanted_step)
        if back is None:
            self.say("no step takes it back", warning=True)
        elif self.go_to_step(back.name):
            self._carry(back)

    # Stopping

    def do_run_stop(self) -> None:
        """Ask, then stop what runs, on its host too."""
        if self.running_steps and not self._stopping:
            self.begin(self._stop_if_sure(self.running_steps))

    async def _stop_if_sure(self, running: tuple[StepRun, ...]) -> None:
        names = ", ".join(one.name for one in running)
        hosts = [one.last.host for one in running if one.last is not None and one.last.host]
        where = f" on {', '.join(dict.fromkeys(hosts))}" if hosts else ""
        there = "there too" if hosts else "with all that it began"
        said = f"Its command is ended {there}; then it is checked that it is gone."
        parts: list[Part] = [Paragraph(said)]
        parts += [Field(one.name, one.last.typed) for one in running if one.last is not None]
        choice = Choice("stop", "Stop it", danger=True)
        title = ((f"stop {names}{where}?", Ink.WARNING),)
        question = Dialog(title, parts, (choice,), clock=self.console_app.clock)
        if await self.app.push_screen_wait(question) != choice.id:
            return
        self._stopping = True
        try:
            self.say(f"stopping {names}{where}")
            told = await self.ask_desk(lambda desk: desk.stop(self.run_id))
        finally:
            self._stopping = False
        if told is not None:
            self.say(told)
