"""A runbook that is worked through: its steps on the left, what is known of one on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from console.actions.decide import READ_ONLY
from console.model.action import Action
from console.model.run import Run, StepPlan, StepState
from console.model.runbook import Step
from console.model.snapshot import Snapshot
from console.model.update import Update
from console.model.worklist import Row
from console.safety.text import visible
from screens.run_following import NOT_HERE
from screens.run_panes import Panes
from screens.run_parts import alert_span, head_parts
from screens.run_rows import STEP, rows_of
from screens.run_steps import TO_LEAVE
from screens.run_words import (
    ended_texts,
    first_wanted,
    has_mended,
    only_reads,
    was_only_read,
)
from screens.step import StepScreen
from widgets.paint import Span
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.runs.desk import RunsDesk
    from screens.app import OncallApp

FOOTER: Final = {"row.open": 70, "row.copy": 56, "row.incident": 20, "row.change": 0, "app.quit": 0}
DONE_FOOTER: Final = 75
"""Of the key that closes the run, once something was changed and shown to be well."""
ON_STEP: Final = ("run.step", "run.skip", "run.tick", "row.copy")


class RunScreen(Panes):
    """It follows its run through updates; leaving it leaves the run as it is."""

    word: ClassVar[str] = "run"

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self._made_of: tuple[Run, bool] | None = None
        """What the rows were made of."""
        self._was_placed = False
        self._alert: Span | None = None
        """How its alert stands, as last shown."""

    def on_mount(self) -> None:
        self.steps.set_empty((((f"  asking for the run {self.run_id}", Ink.MUTED),),))
        self.steps.focus()
        self.begin(self._look_first())

    # What is shown

    def show_body(self, update: Update) -> None:
        run = update.runs.run(self.run_id)
        if run is not None or self.shown is not None:
            if run is not None:
                self._look_at_alert(run, update.snapshot)
            self._show(run)

    def _look_at_alert(self, run: Run, snapshot: Snapshot) -> None:
        """That it resolved is said once, to those who work on it."""
        was = self._alert
        self._alert = alert_span(run, snapshot)
        if self._alert == was:
            return
        self._made_of = None
        if was is not None and self._alert is not None and self._alert[1] is Ink.OK:
            closes = "; f closes the run" if run.is_touched and not run.running else ""
            self.say(f"{run.subject} is {self._alert[0]}{closes}")

    async def _look_first(self) -> None:
        """The run may be younger than the newest update."""

        async def look(desk: RunsDesk) -> Run | None:
            return desk.runs.run(self.run_id)

        run = await self.ask_desk(look)
        if self.shown is None and self.is_attached:
            self._show(run)

    def _show(self, run: Run | None) -> None:
        was, self.shown = self.shown, run
        if run is None:
            self._show_closed(was)
            return
        ascii_only = self.console_app.ascii_only
        if self._made_of != (run, ascii_only):
            self._made_of = (run, ascii_only)
            rows, headings = rows_of(run, ascii_only=ascii_only)
            self.steps.set_empty((((NO_STEPS, Ink.WARNING),),))
            self.steps.set_rows(rows, headings)
            if not self._was_placed:
                self._was_placed = True
                self._go_to_first(run)
            head = head_parts(run, self.head.glyphs, alert=self._alert)
            self.head.show(head, subject=run.id)
            self.head.refresh(layout=True)
            if was is not None:
                for said, well in ended_texts(was, run, self.in_turn):
                    self.say(said, warning=not well)
        self.draw_step()
        self.ask_output()

    def _go_to_first(self, run: Run) -> None:
        """The cursor begins at the step that a person comes for, and is never moved but by a
        key."""
        name = first_wanted(run)
        if name:
            self.steps.move_to(f"{STEP}{name}")

    def _show_closed(self, was: Run | None) -> None:
        self._made_of = None
        title = self.run_id if was is None else visible(was.runbook.title, cells=80)
        said = NOT_HERE if was is not None else "it is not open in this console"
        self.steps.set_empty((((f"  {title}: {said}", Ink.WARNING),),))
        self.steps.set_rows(())
        self.draw_step()

    def wanted_rows(self) -> tuple[Row, ...]:
        return ()

    # Keys

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    def footer_of(self, action: Action) -> int:
        run = self.shown
        if action.id == "run.finish" and run is not None and has_mended(run) and not run.running:
            return DONE_FOOTER
        return FOOTER.get(action.id, action.footer)

    def _refusal(self, action: Action, *, named: bool = False) -> str:
        step = self.wanted_step
        if action.id == "run.step" and step is not None and only_reads(step):
            return self.why_not(action)  # what reads is run in read-only mode too
        why = super()._refusal(action, named=named)
        # Read-only is said where nothing else is in the way of it.
        return self.why_not(action) or why if why == READ_ONLY else why

    def why_not(self, action: Action) -> str:
        run, step = self.shown, self.wanted_step
        if run is None:
            is_of_run = action.id.startswith("run.") or action.id in ("row.open", "row.copy")
            return "the run is closed" if is_of_run and action.id != "run.pane" else ""
        if action.id == "run.step":
            return self.why_no_step(step)
        if action.id in ON_STEP and step is None:
            return "this is read, not done"
        if action.id == "run.stop" and not self.running_steps:
            return TO_LEAVE
        if action.id == "run.reads" and self.running_steps:
            return "a step runs"
        if action.id == "run.rollback" and self.rollback_of(step) is None:
            return "no step takes it back"
        if action.id == "run.params" and not run.params:
            return "it has no parameters"
        if step is not None and action.id in ("run.skip", "run.tick"):
            state = self.done_of(step).state
            if state is StepState.RUNNING:
                return "it runs: ctrl+c stops it"
            if action.id == "run.tick" and state is StepState.PASSED:
                return "it passed"
        return ""

    def do_row_open(self) -> None:
        """The step, or the section, whole; nothing is run."""
        row = self.steps.cursor_row
        if row is not None:
            self.app.push_screen(StepScreen(self.run_id, row.key))

    def do_row_copy(self) -> None:
        step = self.wanted_step
        if step is not None and step.command:
            self.run_worker(self._copy(step), exit_on_error=False)
        elif step is not None:
            self.say("it has no command to copy", warning=True)

    async def _copy(self, step: Step) -> None:
        """As a person would type it with the values of this run; else as the runbook has it."""
        text, what = visible(step.command, lines=True), "command, as the runbook has it"
        if step.is_runnable:
            plan = await self.ask_desk(lambda desk: desk.prepare(self.run_id, step.name))
            if isinstance(plan, StepPlan) and plan.typed and not plan.refusals:
                text, what = plan.typed, "command"
        # Its line breaks are the runbook's own, and belong to the command.
        self.console_app.copy(text, f"{what} of {step.name}", lines=True)

    def do_row_runbook(self, name: str = "") -> None:
        """Another runbook for the same: this one may have been the wrong one."""
        from screens.book_choice import open_another, open_named  # late, as everywhere
        from screens.book_for import of_run

        run, update = self.shown, self.console_app.fresh
        wanted = None if run is None or update is None else of_run(run, update)
        if wanted is None or wanted.is_anything:
            super().do_row_runbook(name)
        elif name.strip():
            self.begin(open_named(self, name.strip(), wanted))
        else:
            self.begin(open_another(self, wanted))

    def do_row_incident(self, document_id: str = "") -> None:
        """The run's incident, where it has one."""
        super().do_row_incident(document_id or self.document_id)

    def do_run_part_next(self) -> None:
        self._go_to_part(1)

    def do_run_part_previous(self) -> None:
        self._go_to_part(-1)

    def _go_to_part(self, by: int) -> None:
        """To the first row under a heading, behind or before the cursor's."""
        run, row = self.shown, self.steps.cursor_row
        if run is None or row is None:
            return
        rows, headings = rows_of(run)
        here = [one.key for one in rows].index(row.key)
        found = [one.before for one in headings if (one.before - here) * by > 0]
        if found:
            self.steps.hold()
            self.steps.move_to(rows[min(found) if by > 0 else max(found)].key)
        else:
            self.say("this is the last part" if by > 0 else "this is the first part")

    def do_run_params(self) -> None:
        from screens.run_params import ValuesScreen  # late: most runs are filled in already

        if self.shown is not None:
            registry = self.console_app.opened.loaded.registry
            self.app.push_screen(ValuesScreen(self.shown, registry))

    def do_app_refresh(self) -> None:
        self.ask_output()
        self.console_app.do_app_refresh()

    def do_app_back(self) -> None:
        if self.has_class("-reading"):
            self.to_steps()
        else:
            self._leave()

    def do_app_quit(self) -> None:
        """Leave the screen, not the console."""
        self._leave()

    def _leave(self) -> None:
        names = ", ".join(one.name for one in self.running_steps)
        run = self.shown
        touched = run is not None and run.is_touched
        if run is not None and was_only_read(run) and not (self._preparing or self.in_turn):
            # Left open it would be taken for the one that is worked through, by `r` too.
            self.console_app.engine.ask(lambda engine: engine.runs.finish(run.id))
        self.dismiss_run()
        # On the screen that is below: this one has gone.
        if names:
            self.say(f"{names} goes on; its run stays open, in the runbooks (3)")
        elif touched:
            self.say(f"{self.run_id} stays open, in the runbooks (3); f in it closes it")


NO_STEPS: Final = "  this runbook says nothing: it has no step and no text"


def open_run(app: OncallApp, run_id: str) -> None:
    """Show the run of that id; where its screen lies open already, that one."""
    for screen in app.screen_stack:
        if isinstance(screen, RunScreen) and screen.run_id == run_id:
            while app.screen is not screen:
                app.pop_screen()
            return
    app.push_screen(RunScreen(run_id))
