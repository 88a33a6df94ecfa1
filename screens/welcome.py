"""The first run, with no settings: what to look at."""

from __future__ import annotations

import os
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from config.kinds import base_url_fault
from screens.ending import EndsInOrder
from widgets.command_line import CommandLine
from widgets.detail import Blank, Detail, Field, Paragraph, Part, Title
from widgets.driver import OncallDriver
from widgets.theme import Ink, is_ansi, pick_theme, prefers_ascii, themes

PARTS: tuple[Part, ...] = (
    Blank(),
    Title((("oncall", Ink.STRONG), ("  there are no settings yet", Ink.PLAIN))),
    Blank(),
    Paragraph("What is broken, how long is left, what is known about it. Where should it look?"),
    Blank(),
    Field("d", "the demo: an embedded fleet where something has just broken", Ink.STRONG),
    Field("u", "a Prometheus URL: finds its Alertmanagers, needs no settings", Ink.STRONG),
    Field("i", "write a commented settings folder to start from, and leave", Ink.STRONG),
    Field("q", "leave", Ink.STRONG),
    Blank(),
    Paragraph(
        "Settings are looked for at --config, $ONCALL_CONFIG, $XDG_CONFIG_HOME/oncall and"
        " /etc/oncall. Nothing is changed on any server by looking.",
        Ink.MUTED,
    ),
)


class WelcomeApp(EndsInOrder, inherit_bindings=False):
    """Ends with `demo`, `init`, a URL, or nothing."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "answer('demo')", show=False),
        Binding("i", "answer('init')", show=False),
        Binding("u", "ask_url", show=False),
        Binding("q,ctrl+c,ctrl+q", "leave", show=False),
    ]
    CSS = """
    Screen { background: $background; }
    Detail { height: 1fr; padding: 0 2; }
    """

    def __init__(self, theme: str | None, ascii_only: bool | None) -> None:
        wanted = pick_theme(theme or "auto", os.environ)
        super().__init__(driver_class=OncallDriver, ansi_color=True if is_ansi(wanted) else None)
        self.ascii_only = prefers_ascii(ascii_only, os.environ)
        self.animation_level = "none"
        for known in themes():
            self.register_theme(known)
        self.theme = wanted
        self._fault = ""

    def compose(self) -> ComposeResult:
        yield Detail()
        yield CommandLine()

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        fault = (Blank(), Paragraph(self._fault, Ink.WARNING)) if self._fault else ()
        self.query_one(Detail).show((*PARTS, *fault))

    def action_answer(self, answer: str) -> None:
        self.exit(answer)

    def action_leave(self) -> None:
        self.exit(None)

    def action_ask_url(self) -> None:
        self.query_one(CommandLine).begin(":", "http://")

    def on_paste(self, event: events.Paste) -> None:
        event.stop()

    def on_command_line_sent(self, event: CommandLine.Sent) -> None:
        url = event.text.strip()
        self._fault = base_url_fault(url) or ""
        if self._fault:
            self._show()
            self.query_one(Detail).focus()
        else:
            self.exit(url)

    def on_command_line_left(self) -> None:
        self.query_one(Detail).focus()


def ask_where(theme: str | None, ascii_only: bool | None) -> str | int:
    """What a person wants to look at: `demo`, `init` or a Prometheus URL.

    Returns:
        That, or the exit code where nothing was chosen.
    """
    app = WelcomeApp(theme, ascii_only)
    answer = app.run(mouse=False)
    return app.return_code or 0 if answer is None else str(answer)
