"""The panes of a run: its steps, and beside or behind them what is known of one and its output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual import events
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from console.model.run import Attempt, StepOutput, StepRun, StepState
from console.model.runbook import Step
from console.safety.clock import Instant
from screens.run_output import excerpt_lines, output_title
from screens.run_parts import brief_parts, row_parts
from screens.run_rows import STEP, RunRow, run_columns
from screens.run_steps import Carrying
from widgets.detail import Detail
from widgets.dialog import FittedDetail
from widgets.grown import GrownDetail
from widgets.live_list import LiveList
from widgets.output_view import OutputLine, OutputView

BOTH_FROM: Final = 110
"""From so many cells on, steps and output stand beside each other."""


class Panes(Carrying, inherit_bindings=False):
    """A screen to derive from, on which one step of the run is under the cursor."""

    def __init__(self, run_id: str) -> None:
        super().__init__(run_id)
        self._is_reading = False
        """In one pane: the step is shown, and not the list."""

    def body(self) -> Iterable[Widget]:
        self.head = FittedDetail(())
        self.head.id = "head"
        self.steps = LiveList[RunRow](
            run_columns(),
            key=lambda row: row.key,
            clock=self.console_app.clock,
            id="steps",
        )
        self.about = GrownDetail(id="about")
        self.output = OutputView(id="output")
        self.brief = Detail(id="brief")
        self.brief.can_focus = False
        yield self.head
        yield Horizontal(self.steps, Vertical(self.about, self.output, id="step"), id="panes")
        yield self.brief

    def on_resize(self, event: events.Resize) -> None:
        both = event.size.width >= BOTH_FROM
        self.set_class(both, "-both")
        self._arrange()

    # What is known of the step under the cursor

    def draw_step(self) -> None:
        """Draw anew what is known of the step under the cursor."""
        run, row = self.shown, self.steps.cursor_row
        if run is None or row is None:
            self.about.show(())
            self.brief.show(())
            self.set_class(False, "-prints")
            return
        now = self.console_app.clock.now().wall
        ascii_only = self.console_app.ascii_only
        self.about.show(row_parts(run, row, now, ascii_only=ascii_only), subject=row.key)
        self._draw_output(row)

    def _draw_output(self, row: RunRow) -> None:
        attempt = None if row.done is None else row.done.last
        lines = self._lines_for(row, attempt)
        runs = row.state is StepState.RUNNING
        self.set_class(bool(lines) or runs, "-prints")
        self.about.refresh(layout=True)
        self.brief.show(brief_parts(row, lines, self.console_app.clock.now().wall))
        number = 0 if attempt is None else attempt.number
        self.output.show_lines(lines, subject=f"{row.key} {number}")
        output = self.output_seen if self._is_output_of(row) else StepOutput()
        self.output.set_words(title=output_title(output, len(lines), runs=runs))

    def _lines_for(self, row: RunRow, attempt: Attempt | None) -> tuple[OutputLine, ...]:
        if attempt is None:
            return ()
        return (self.output_read if self._is_output_of(row) else ()) or excerpt_lines(attempt)

    def _is_output_of(self, row: RunRow) -> bool:
        return row.step is not None and row.step.name == self.output_of

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.steps.tick(now)
        row = self.steps.cursor_row
        if row is not None and row.state in (StepState.RUNNING, StepState.UNKNOWN):
            self.draw_step()

    def key_pressed(self) -> None:
        self.steps.hold()

    # The output of the step under the cursor

    @property
    def followed(self) -> StepRun | None:
        row = self.steps.cursor_row
        return None if row is None else row.done

    def output_came(self) -> None:
        row = self.steps.cursor_row
        if row is not None:
            self._draw_output(row)

    # Moving, and which pane has the keys

    def on_live_list_highlighted(self) -> None:
        self.draw_step()
        self.ask_output()
        self.show_hints()

    def _arrange(self) -> None:
        """One pane or both; the keys stay with what is shown."""
        both = self.has_class("-both")
        self.set_class(self._is_reading and not both, "-reading")
        if not both:
            self._give_keys(self.about if self._is_reading else self.steps)

    def _give_keys(self, view: Widget) -> None:
        line = self.command_line
        if not (line is not None and line.is_open):
            self.set_focus(view)

    def do_run_pane(self) -> None:
        """From the steps to what is known of the one, to its output, and back."""
        prints = self.has_class("-prints")
        if self.focused is self.steps:
            self._is_reading = True
            self._arrange()
            self._give_keys(self.about)
        elif self.focused is self.about and prints:
            self._give_keys(self.output)
        else:
            self.to_steps()

    def to_steps(self) -> None:
        """Back to the list of steps."""
        self._is_reading = False
        self._arrange()
        self._give_keys(self.steps)

    @property
    def wanted_step(self) -> Step | None:
        row = self.steps.cursor_row
        return None if row is None else row.step

    def go_to_step(self, name: str) -> bool:
        self.steps.hold()
        return self.steps.move_to(f"{STEP}{name}")
