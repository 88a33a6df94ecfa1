"""One step of a run, whole: its text, its command, what came of it, and all of its output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.widget import Widget

from console.model.action import Action
from console.model.run import Run, StepRun, StepState
from console.model.update import Update
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.run_following import NOT_HERE, Following
from screens.run_output import excerpt_lines, output_title
from screens.run_parts import row_parts
from screens.run_rows import RunRow, rows_of, title_of
from screens.searching import Searching
from widgets.detail import Blank, Field, Paragraph, Part, SpanLine, Title
from widgets.output_view import OutputLine, OutputView
from widgets.paint import Spans, width_of
from widgets.theme import Ink


class StepScreen(Searching, Following):
    """Nothing on it runs anything; `ctrl+c` asks to stop what runs."""

    word: ClassVar[str] = "step"

    def __init__(self, run_id: str, key: str) -> None:
        """
        Args:
            key: of the row of the run's screen.
        """
        super().__init__(run_id)
        self._key = key
        self._row: RunRow | None = None
        self._was_placed = False

    def body(self) -> Iterable[Widget]:
        self.lines_view = OutputView(id="lines")
        self.lines_view.set_wraps(True)
        yield self.lines_view

    def on_mount(self) -> None:
        self.lines_view.focus()

    def show_body(self, update: Update) -> None:
        run = update.runs.run(self.run_id)
        if run is not None:
            self.shown = run
            rows, _ = rows_of(run, ascii_only=self.console_app.ascii_only)
            self._row = next((row for row in rows if row.key == self._key), self._row)
        self._draw()
        self.ask_output()

    def tick(self, now: Instant) -> None:
        super().tick(now)
        if self._runs:
            self._draw()

    @property
    def _runs(self) -> bool:
        return self._row is not None and self._row.state is StepState.RUNNING

    # The output

    @property
    def followed(self) -> StepRun | None:
        return None if self._row is None else self._row.done

    def output_came(self) -> None:
        self._draw()

    # Drawing

    def _draw(self) -> None:
        run, row = self.shown, self._row
        if run is None or row is None:
            self.lines_view.set_words(empty=(((f"  {NOT_HERE}", Ink.WARNING),),))
            return
        now = self.console_app.clock.now().wall
        ascii_only = self.console_app.ascii_only
        width = max(20, self.lines_view.size.width - 6)
        lines = lines_of(row_parts(run, row, now, ascii_only=ascii_only), width)
        if row.step is not None and row.done is not None and row.done.last is not None:
            shown = self.output_read or excerpt_lines(row.done.last)
            lines += [_line(""), *lines_of(self._head(len(shown)), width), *shown]
        self.lines_view.show_lines(lines)
        self.lines_view.set_words(title=self._title(run, row), foot=self._foot())
        if not self._was_placed:
            self._was_placed = True
            self.lines_view.action_first()
        self.show_hints()

    def _head(self, lines: int) -> list[Part]:
        return [Title(output_title(self.output_seen, lines, runs=self._runs))]

    def _title(self, run: Run, row: RunRow) -> Spans:
        what = title_of(row.step) if row.step is not None else row.section.title
        of = (("  of ", Ink.MUTED), (run.runbook.title, Ink.MUTED))
        return ((what, Ink.STRONG), *of, *self.found_spans)

    def _foot(self) -> Spans:
        if self._runs:
            at_end = "follows" if self.lines_view.at_end else "G goes to its end, and follows"
            return ((f"it runs, {at_end}", Ink.OK),)
        return ()

    # Searching

    @property
    def searched(self) -> OutputView:
        return self.lines_view

    def search_changed(self) -> None:
        self._draw()

    # Other keys

    def footer_of(self, action: Action) -> int:
        return {"app.quit": 0, "row.incident": 0, "row.runbook": 0}.get(action.id, action.footer)

    def why_not(self, action: Action) -> str:
        if action.id == "run.stop" and not self._runs:
            return "it does not run; to leave, press q"
        return super().why_not(action)

    def do_run_stop(self) -> None:
        """The run's own screen asks, which lies below."""
        from screens.run_steps import Carrying

        below = next((one for one in self.app.screen_stack if isinstance(one, Carrying)), None)
        if below is not None:
            below.shown = self.shown
            below.do_run_stop()

    def do_row_copy(self) -> None:
        line = self.lines_view.cursor_line
        if line is not None:
            self.copy_text(line.text, "line")

    def do_logs_copy_command(self) -> None:
        row = self._row
        if row is None or row.step is None or not row.step.command:
            self.say("there is no command to copy", warning=True)
        else:
            text = visible(row.step.command, lines=True)
            self.console_app.copy(text, "command", lines=True)

    def do_app_quit(self) -> None:
        """Back to the steps; what runs goes on."""
        self.sought = ""
        self.do_app_back()


def lines_of(parts: Iterable[Part], width: int) -> list[OutputLine]:
    """A document as lines that are read through and searched like its output."""
    found: list[OutputLine] = []
    for part in parts:
        match part:
            case Title():
                text = _joined(part.spans)
                rule = "-" * max(0, width - width_of(((text, Ink.PLAIN),)) - 4)
                found.append(_line(f"-- {text} {rule}".rstrip(), Ink.HEADING))
            case Field():
                note = f"  {part.note}" if part.note else ""
                text = f"{visible(part.name):<10} {visible(part.value)}{note}"
                found.append(_line(text, part.ink))
            case Paragraph():
                shown = visible(part.text, lines=True).split("\n")
                found += [_line(one, part.ink) for one in shown]
            case SpanLine():
                ink = max(part.spans, key=lambda one: width_of((one,)), default=("", Ink.PLAIN))[1]
                found.append(_line(_joined(part.spans), ink))
            case Blank():
                found.append(_line(""))
            case _:
                pass
    return found


def _joined(spans: Spans) -> str:
    return "".join(visible(text) for text, _ in spans)


def _line(text: str, ink: Ink = Ink.PLAIN) -> OutputLine:
    return OutputLine(None, Raw(text), ink=ink)
