"""The log of one service around its episode, read on its host, and followed from there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from textual.timer import Timer
from textual.widget import Widget

from console.model.action import Action
from console.model.failure import Failure
from console.model.logs import LogAnswer, LogLine, LogRequest
from console.model.update import Update
from console.model.words import clock_time, count_text
from console.safety.text import visible
from screens.here import Subject
from screens.log_arrivals import Arrivals
from screens.searching import Searching
from screens.sections import failure_facts, section
from widgets.detail import Detail
from widgets.log_view import LogView
from widgets.paint import Span
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine

LEAD: Final = timedelta(minutes=2)
"""Before the episode began."""
TRAIL: Final = timedelta(minutes=5)
"""After it did, where that is long ago."""
LONG_AGO: Final = timedelta(minutes=30)
QUIET: Final = timedelta(minutes=15)
"""Up to now, where nothing is wrong."""
LEAST_STEP: Final = timedelta(minutes=5)
DRAWN_EVERY_S: Final = 0.1
NOWHERE: Final = "the engine is not up yet, or no host is reached by the settings"


class LogsScreen(Searching):
    """Lines of a stretch of time; `f` goes on from its end."""

    word: ClassVar[str] = "logs"

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        assert subject.service is not None
        self._subject = subject
        self._service = subject.service
        self._since: datetime | None = None
        self._until: datetime | None = None
        self._answer: LogAnswer | None = None
        self._failure: Failure | None = None
        self._asked = 0
        """Number of the newest question: an answer to an older one is passed over."""
        self._is_asking = False
        self._following: Future[None] | None = None
        self._arrivals = Arrivals()
        self._timer: Timer | None = None
        self._passed = 0
        self._once_placed = False

    def body(self) -> Iterable[Widget]:
        self.log_view = LogView(id="log")
        self.trouble = Detail(id="trouble")
        self.trouble.display = False
        yield self.log_view
        yield self.trouble

    @property
    def subject(self) -> Subject | None:
        return self._subject

    def on_mount(self) -> None:
        self.log_view.focus()
        now = self.console_app.clock.now().wall
        self._since, self._until = stretch_of(self._subject, now)
        self._ask()

    def on_unmount(self) -> None:
        self._stop()

    def show_body(self, update: Update) -> None:
        self._draw()

    # Reading

    def _ask(self) -> None:
        self._asked += 1
        self._is_asking = True
        request = LogRequest(self._service, self._since, self._until)
        self.run_worker(self._read(request, self._asked), exit_on_error=False)
        self._draw()

    async def _read(self, request: LogRequest, number: int) -> None:
        async def read(engine: Engine) -> LogAnswer | Failure | None:
            return None if engine.logs is None else await engine.logs.read(request)

        future = self.console_app.engine.ask(read)
        told = None if future is None else await asyncio.wrap_future(future)
        if number != self._asked or not self.is_attached:
            return
        self._is_asking = False
        self._failure = told if isinstance(told, Failure) else None
        if isinstance(told, LogAnswer):
            self._answer = told
            self._show_lines(told.lines)
        elif told is None:
            self.say(NOWHERE, warning=True)
        self._draw()

    def _show_lines(self, lines: tuple[LogLine, ...]) -> None:
        self._passed = 0
        self.log_view.set_lines(lines)
        since = self._subject.since
        what = f"{self._subject.what} began" if self._subject.what else "it began"
        self.log_view.set_rule(since, "" if since is None else f"{self._local(since)}  {what}")
        if not self._once_placed and lines:
            self._once_placed = True
            self.log_view.go_to_rule()

    # Drawing

    def _draw(self) -> None:
        failed = self._failure is not None and not self.log_view.lines
        self.trouble.display, self.log_view.display = failed, not failed
        if self._failure is not None and failed:
            self.trouble.show(
                section(self._kept_by, failure_facts(self._failure)), subject=self._service
            )
            self._give_keys(self.trouble)
        else:
            self._give_keys(self.log_view)
            self.log_view.set_words(title=self._head(), foot=self._foot(), empty=self._empty())
        self.show_hints()

    def _give_keys(self, view: Widget) -> None:
        line = self.command_line
        if self.focused is not view and not (line is not None and line.is_open):
            view.focus()

    @property
    def _kept_by(self) -> str:
        return self._answer.source if self._answer is not None else visible(self._service)

    def _head(self) -> tuple[Span, ...]:
        spans: list[Span] = [(self._kept_by, Ink.HEADING), (f"  {self._stretch()}", Ink.PLAIN)]
        if self._is_asking:
            spans.append(("  asking…", Ink.MUTED))
        if self._is_following:
            below = self.log_view.lines_below
            held = f"  follows, {count_text(below)} below, G goes there" if below else "  follows"
            spans.append((held, Ink.OK))
        lines, answer = len(self.log_view.lines), self._answer
        if answer is not None:
            number = f"  {count_text(lines)} {'line' if lines == 1 else 'lines'}"
            if answer.truncated or self._passed:
                number += " of more"
            spans.append((number, Ink.WARNING if answer.truncated else Ink.PLAIN))
            if answer.said:
                spans.append((f"  {answer.said}", Ink.WARNING))
        if self._failure is not None and lines:
            spans.append((f"  {self._failure.cause}", Ink.WARNING))
        spans += self.found_spans
        return tuple(spans)

    def _stretch(self) -> str:
        since = "…" if self._since is None else self._local(self._since)
        until = "now" if self._until is None else self._local(self._until)
        return f"{since} to {until}"

    def _foot(self) -> tuple[Span, ...]:
        command = self._answer.command if self._answer is not None else ""
        return (("$ ", Ink.MUTED), (command, Ink.MUTED)) if command else ()

    def _local(self, at: datetime) -> str:
        return clock_time(at, self.console_app.clock.now().wall)

    def _empty(self) -> tuple[tuple[Span, ...], ...]:
        if self._is_asking or self._answer is None:
            return (((f"  asking for the log of {self._kept_by}", Ink.UNKNOWN),),)
        if self._is_following:
            return ((("  no line yet; new ones come as they are written", Ink.MUTED),),)
        until = "now" if self._until is None else self._local(self._until)
        since = "its beginning" if self._since is None else self._local(self._since)
        return (
            ((f"  no lines between {since} and {until}", Ink.STRONG),),
            (("  [ begins earlier, ] ends later, f waits for new ones", Ink.MUTED),),
        )

    # Following

    @property
    def _is_following(self) -> bool:
        return self._following is not None

    def do_logs_follow(self) -> None:
        """Begin, or stop."""
        if self._is_following:
            self._stop()
            self.say("no longer followed")
            self._draw()
            return
        last = next((line.at for line in reversed(self.log_view.lines) if line.at), None)
        if self._until is not None:
            # What lies between would be missing without a word.
            self._until, self._since, last = None, self.console_app.clock.now().wall, None
            self.log_view.set_lines(())
        request = LogRequest(self._service, last or self._since)
        arrivals = self._arrivals = Arrivals()

        async def follow(engine: Engine) -> None:
            if engine.logs is None:
                return
            async with engine.logs.follow(request) as batches:
                async for batch in batches:
                    arrivals.put(batch)

        self._following = self.console_app.engine.ask(follow)
        if self._following is None:
            self.say(NOWHERE, warning=True)
            return
        self._timer = self.set_interval(DRAWN_EVERY_S, self._take_arrivals)
        self.log_view.action_last()
        self._draw()

    def _take_arrivals(self) -> None:
        ended = self._following is None or self._following.done()
        lines, passed, failure = self._arrivals.take()
        self._passed += passed
        if lines:
            self.log_view.append(lines)
        if failure is not None:
            self._failure = failure
            self.say(f"not followed any more: {failure.cause}", warning=True)
        if ended or failure is not None:
            self._stop()
        if lines or ended or failure is not None:
            self._draw()

    def _stop(self) -> None:
        """Have the program on the host ended; it is the engine's loop that waits for that."""
        if self._following is not None:
            self._following.cancel()
            self._following = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    # Searching

    @property
    def searched(self) -> LogView:
        return self.log_view

    def search_changed(self) -> None:
        self._draw()

    # Time

    def do_logs_episode(self) -> None:
        """To the rule; back to the stretch around it where that has been left."""
        if self.log_view.go_to_rule():
            return
        self._once_placed = False
        self._since, self._until = stretch_of(self._subject, self.console_app.clock.now().wall)
        self._ask()

    def do_logs_earlier(self) -> None:
        now = self.console_app.clock.now().wall
        since = self._since or now
        self._since = since - max(LEAST_STEP, ((self._until or now) - since) / 2)
        self._ask()

    def do_logs_later(self) -> None:
        now = self.console_app.clock.now().wall
        if self._until is not None:
            until = self._until + max(LEAST_STEP, (self._until - (self._since or now)) / 2)
            self._until = None if until >= now else until
        self._ask()

    def do_app_refresh(self) -> None:
        """These lines too."""
        self._ask()
        self.console_app.do_app_refresh()

    # Other actions

    def why_not(self, action: Action) -> str:
        if action.id == "logs.episode" and self._subject.since is None:
            return "nothing is wrong with it, so there is no beginning of that"
        if action.id == "logs.later" and self._until is None:
            return "it ends now; f goes on"
        if action.id in ("logs.earlier", "logs.later", "logs.episode") and self._is_following:
            return "it is followed; f stops that"
        return super().why_not(action)

    def do_row_copy(self) -> None:
        line = self.log_view.cursor_line
        if line is None:
            self.do_logs_copy_command()
        else:
            self.copy_text(line.text, "line")

    def do_logs_copy_command(self) -> None:
        command = self._failure.curl if self._failure is not None else ""
        if self._answer is not None:
            command = command or self._answer.command
        if command:
            self.copy_text(command, "command")
        else:
            self.say("no command is known yet", warning=True)


def stretch_of(subject: Subject, now: datetime) -> tuple[datetime, datetime | None]:
    """From when to when lines are wanted; `None` is up to now."""
    if subject.since is None:
        return now - QUIET, None
    since = subject.since - LEAD - subject.lead
    return since, None if now - subject.since <= LONG_AGO else subject.since + TRAIL
