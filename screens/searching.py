"""Searching through lines: `/` finds and hides nothing, `n` and `N` go on from there."""

from __future__ import annotations

from console.model.action import Action
from console.model.words import count_text
from console.safety.pattern import PatternError
from console.triage.find import matcher_of
from screens.frame import Frame
from widgets.command_line import CommandLine
from widgets.log_view import LogView
from widgets.paint import Spans
from widgets.theme import Ink


class Searching(Frame, inherit_bindings=False):
    """A screen to derive from whose body is lines that are read through."""

    sought: str = ""
    """What is searched for; empty: nothing is."""

    @property
    def searched(self) -> LogView:
        """The lines."""
        raise NotImplementedError

    def search_changed(self) -> None:
        """Draw anew what tells how many lines were found, and which one is looked at."""
        raise NotImplementedError

    @property
    def found_spans(self) -> Spans:
        """What is searched for and how many lines have it, for the title of the lines."""
        if not self.sought:
            return ()
        found = count_text(self.searched.count_found())
        return ((f"  /{self.sought} {found} found", Ink.WARNING),)

    def find(self, text: str, *, go: bool = True) -> str:
        """Mark the lines with `text` in them; returns why it cannot be read, or nothing."""
        try:
            matcher = matcher_of(text)
        except PatternError as error:
            return str(error)
        self.sought = text
        self.searched.find(matcher)
        if go and text:
            self.do_logs_next()
        self.search_changed()
        return ""

    def take_filter(self, text: str) -> str:
        """What is typed after `/` finds here."""
        return self.find(text, go=False)

    def on_command_line_sent(self, event: CommandLine.Sent) -> None:
        super().on_command_line_sent(event)
        if event.prompt == "/" and self.sought:
            self.do_logs_next()

    def why_not(self, action: Action) -> str:
        if action.id == "logs.previous" and not self.sought:
            return "nothing is looked for; / does"
        return super().why_not(action)

    def do_logs_find(self, text: str = "") -> None:
        """Find `text`, or ask for it."""
        if text:
            self._refuse(self.find(text))
        else:
            self._type("/", self.sought)

    def do_logs_next(self) -> None:
        """To the next match; where nothing is searched for, `n` is a note as everywhere."""
        if self.sought:
            self._go_to_found(1)
        else:
            self.act("app.note-line")

    def do_logs_previous(self) -> None:
        self._go_to_found(-1)

    def do_logs_wrap(self) -> None:
        self.searched.set_wraps(not self.searched.wraps)

    def do_app_back(self) -> None:
        """Search no more; else leave."""
        if self.sought:
            self.find("")
        else:
            super().do_app_back()

    def _go_to_found(self, step: int) -> None:
        if not self.searched.go_to_found(step):
            self.say(f"no line has {self.sought}", warning=True)
        self.search_changed()
