"""An app to try widgets in, and rows to put into them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

from console.model.words import age_text, countdown_text
from console.safety.clock import Instant, ManualClock
from console.safety.text import Raw
from widgets.columns import Column
from widgets.paint import Spans
from widgets.theme import DARK, Ink, themes

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Thing(msgspec.Struct, frozen=True):
    """A row for the list."""

    key: str
    title: Raw | str = "ServiceDown"
    due: datetime = NOON + timedelta(seconds=90)
    since: datetime = NOON
    old: bool = False


def _left(row: Thing, now: Instant) -> Spans:
    return ((countdown_text(row.due - now.wall), Ink.PLAIN),)


def _age(row: Thing, now: Instant) -> Spans:
    return ((age_text(now.wall - row.since, coarse=True), Ink.PLAIN),)


COLUMNS = (
    Column[Thing]("NEXT", _left, 6, priority=100, volatile=True),
    Column[Thing]("KEY", lambda row, now: ((row.key, Ink.STRONG),), 8, priority=99),
    Column[Thing]("ALERT", lambda row, now: ((row.title, Ink.PLAIN),), 10, flex=1, priority=98),
    Column[Thing]("FOR", _age, 5, priority=10, volatile=True),
)


def things(names: Iterable[str]) -> list[Thing]:
    return [Thing(name) for name in names]


class Stage(App[Any]):
    """Shows the widgets that it is given, with a clock that stands still."""

    ENABLE_COMMAND_PALETTE = False
    ascii_only = False

    def __init__(self, *widgets: Widget, theme: str = DARK, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._widgets_on_stage = widgets
        self._theme_on_stage = theme
        self.clock = ManualClock(NOON)
        self.heard: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self._widgets_on_stage

    def on_mount(self) -> None:
        for theme in themes():
            self.register_theme(theme)
        self.theme = self._theme_on_stage

    def hear(self, message: Message) -> None:
        self.heard.append(message)
