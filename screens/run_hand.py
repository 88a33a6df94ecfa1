"""What a person says of a run: done by hand, left out, all right, over. And what becomes of it."""

from __future__ import annotations

from typing import Final

from console.model.run import Run, StepRun, StepState
from console.model.runbook import Step
from console.model.words import many
from console.safety.text import visible
from screens.run_following import Following
from widgets.detail import Paragraph, Part
from widgets.dialog import Choice, Dialog
from widgets.theme import Ink

SKIP: Final = "skip"


class Handling(Following, inherit_bindings=False):
    """A screen to derive from, on which one run lies open."""

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self._skipping = ""
        """The step for which the reason is typed."""

    @property
    def wanted_step(self) -> Step | None:
        """The step under the cursor, as it was painted."""
        raise NotImplementedError

    @property
    def document_id(self) -> str:
        """Id of the incident or change that the run belongs to: notes go there."""
        run = self.shown
        if run is None:
            return ""
        known = None
        if not (run.incident or run.change) and run.alert:
            known = self._papers_read.about((run.alert,))
        return run.incident or run.change or ("" if known is None else known.incident.id)

    def done_of(self, step: Step) -> StepRun:
        """What became of a step so far."""
        return (self.shown and self.shown.step(step.name)) or StepRun(step.name)

    @property
    def is_free(self) -> bool:
        """Whether a question may come in front: this screen is on top, and nobody types."""
        return self.is_attached and self.console_app.is_looked_at and self.is_current

    # By hand

    def do_run_tick(self) -> None:
        """Tick the step off, or take that back."""
        step = self.wanted_step
        if step is not None:
            self.begin(self._tick(step))

    async def _tick(self, step: Step) -> None:
        before = self.done_of(step).state
        why = await self.ask_desk(lambda desk: desk.tick(self.run_id, step.name))
        if why:
            self.say(why, warning=True)
        elif why is not None:
            back = before in (StepState.MANUAL, StepState.SKIPPED)
            self.say(f"{step.name} is open again" if back else f"{step.name}: done by hand")

    def do_run_skip(self) -> None:
        """Ask why, and leave the step out."""
        step = self.wanted_step
        if step is not None:
            self._skipping = step.name
            sign = ((f"skip {step.name}", Ink.KEY), ("  because: ", Ink.MUTED))
            self.ask_line(SKIP, sign)

    def deed_sent(self, prompt: str, text: str) -> bool:
        if prompt != SKIP:
            return super().deed_sent(prompt, text)
        step, self._skipping = self._skipping, ""
        if step:
            self.begin(self._skip(step, text))
        return True

    async def _skip(self, step: str, reason: str) -> None:
        why = await self.ask_desk(lambda desk: desk.skip(self.run_id, step, reason))
        if why is not None:
            self.say(why or f"{step} is left out; space takes that back", warning=bool(why))

    # The run

    def do_run_differences(self) -> None:
        """What changed in the runbook since it was run here."""
        self.begin(self._differences())

    async def ask_about(self, changed: tuple[str, str], *, asks: bool) -> bool:
        """Show what changed in the runbook; whether that is all right, and noted."""
        from screens.run_changes import ChangesScreen  # late: a runbook seldom changes

        screen = ChangesScreen(*changed, clock=self.console_app.clock, asks=asks)
        if not await self.app.push_screen_wait(screen):
            return False
        why = await self.ask_desk(lambda desk: desk.accept(self.run_id))
        if why:
            self.say(why, warning=True)
        return not why

    async def _differences(self) -> None:
        changed = await self.ask_desk(lambda desk: desk.differences(self.run_id))
        if changed is None:
            self.say("it is as it was when it was last run here, or never was")
        elif self.is_free and await self.ask_about(changed, asks=False):
            self.say("noted: the changes are all right")

    def do_run_keep(self) -> None:
        """Write the transcript as it stands."""
        self.begin(self._keep())

    async def _keep(self) -> None:
        outcome = await self.ask_desk(lambda desk: desk.keep(self.run_id))
        if outcome is not None:
            self.say(_whole(outcome.text, outcome.details), warning=not outcome.well)

    def do_run_finish(self) -> None:
        """Close the run; where its transcript is, is said."""
        self.begin(self._finish())

    async def _finish(self) -> None:
        left = [] if self.shown is None else open_steps(self.shown)
        if left and not await self._is_sure(left):
            return
        outcome = await self.ask_desk(lambda desk: desk.finish(self.run_id))
        if outcome is None:
            return
        if outcome.well and self.is_attached and self.is_current:
            self.dismiss_run()
        self.say(_whole(outcome.text, outcome.details), warning=not outcome.well)

    async def _is_sure(self, left: list[StepRun]) -> bool:
        """Steps that acted and failed, with nothing done after it: closing is asked about."""
        names = ", ".join(one.name for one in left)
        parts: list[Part] = [
            Paragraph(f"{many(len(left), 'step')} failed and stands as it is: {names}."),
            Paragraph("The transcript says so too. Nothing opens a run again.", Ink.MUTED),
        ]
        choice = Choice("finish", "Close it as it is")
        title = (("close this run?", Ink.WARNING),)
        question = Dialog(title, parts, (choice,), clock=self.console_app.clock)
        return await self.app.push_screen_wait(question) == choice.id

    def dismiss_run(self) -> None:
        """Leave the screen."""
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()


def open_steps(run: Run) -> list[StepRun]:
    """Steps that failed: what looks for the fault does so as long as there is one, and counts
    only where nothing was changed or verified."""
    if run.passed:
        return []
    return [one for one in run.steps if one.state is StepState.FAILED]


def _whole(text: str, details: tuple[str, ...]) -> str:
    return visible("; ".join((text, *details)), cells=400)
