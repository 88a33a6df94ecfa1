"""What the next shift takes over, and who that is; the receiver accepts with one key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import ClassVar

from console.engine.handover import Handover, handover_of, owners_text
from console.engine.handover_lines import Line, Section, joined
from console.engine.handover_markdown import markdown_of
from console.engine.handover_runs import NO_RUNS, told_runs
from console.engine.handover_words import sections_of
from console.model.action import Action
from console.model.alert import Ack
from console.model.update import Update
from console.model.wish import HandOverWish
from console.model.words import count_text, many
from console.safety.clock import Instant
from console.safety.text import visible
from screens.document import DocumentFrame
from widgets.detail import Blank, Field, Paragraph, Part, SpanLine, Title
from widgets.dialog import Choice, Dialog
from widgets.theme import Ink

ACCEPT = Choice("accept", "Take over")
LISTED = 8
"""Acks that the question spells out."""
LINES = 60
"""Of a section: a storm has thousands of rows, and all of it is laid out at every update."""


class HandoverScreen(DocumentFrame):
    """A document of sections; it stays where it is scrolled to while the world moves on."""

    word: ClassVar[str] = "handover"

    def __init__(self) -> None:
        super().__init__()
        self._handover: Handover | None = None
        self._minute = -1
        self._told = NO_RUNS
        self._asked_for: tuple[int, tuple[str, ...]] | None = None
        """In which minute, and with which runs open, runs were asked for."""

    def show_body(self, update: Update) -> None:
        app = self.console_app
        now = app.clock.now()
        self._minute = now.wall.minute
        self._ask_for_runs(update)
        who = app.opened.who.name
        self._handover = handover_of(update, app.opened.loaded, now.wall, who, self._told)
        self.detail.show(tuple(_parts(sections_of(self._handover, LINES))), subject="handover")

    def _ask_for_runs(self, update: Update) -> None:
        """Each minute, and when other runs are open than before."""
        wanted = (self._minute, tuple(run.id for run in update.runs.open))
        if wanted != self._asked_for:
            self._asked_for = wanted
            self.run_worker(self._learn_runs(), exit_on_error=False, group="runs", exclusive=True)

    async def _learn_runs(self) -> None:
        future = self.console_app.engine.ask(told_runs)
        if future is None:
            self._asked_for = None
            return
        told = await asyncio.wrap_future(future)
        if told != self._told and self.console_app.fresh is not None:
            self._told = told
            self.show_body(self.console_app.fresh)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        # Nothing in it is told by the second.
        if self.console_app.fresh is not None and now.wall.minute != self._minute:
            self.show_body(self.console_app.fresh)

    def why_not(self, action: Action) -> str:
        if action.id == "handover.accept":
            return why_not_accept(self._handover)
        if action.id == "row.copy" and self._handover is None:
            return "nothing is known yet"
        return ""

    def do_row_copy(self) -> None:
        if self._handover is not None:
            text = markdown_of(self._handover)
            self.console_app.copy(text, "handover as Markdown", lines=True)

    def do_handover_accept(self) -> None:
        """Ask, and then take over every ack that is listed and not mine."""
        assert self._handover is not None
        acks, me = self._handover.acceptable, self.console_app.opened.who.name
        app = self.console_app

        def answered(answer: str | None) -> None:
            if answer == ACCEPT.id:
                wish = HandOverWish(acks, me)
                self.run_worker(app.wishes.submit(wish), exit_on_error=False)

        asked = (Paragraph(question_of(acks)), Blank(), *_listed(acks))
        question = Dialog((("hand over", Ink.HEADING),), asked, (ACCEPT,), clock=app.clock)
        app.push_screen(question, answered)


def why_not_accept(handover: Handover | None) -> str:
    """Why there is nothing to take over; empty where there is."""
    if handover is None:
        return "nothing is known yet"
    if not handover.acks:
        return "nobody has acked anything, so there is nothing to take over"
    if not handover.acceptable:
        return "all acks are yours already"
    return ""


def question_of(acks: Sequence[Ack]) -> str:
    """`take over 5 acks from mei (4) and kai (1)`."""
    return f"take over {many(len(acks), 'ack')} from {owners_text(tuple(acks))}"


def _listed(acks: Sequence[Ack]) -> Iterator[Part]:
    for ack in acks[:LISTED]:
        note = f": {visible(ack.note)}" if ack.note else ""
        yield Field(visible(ack.owner, cells=20), f"until {ack.until:%H:%M} UTC{note}")
    if len(acks) > LISTED:
        yield Field("", f"and {count_text(len(acks) - LISTED)} more", Ink.MUTED)


def _parts(sections: Sequence[Section]) -> Iterator[Part]:
    for section in sections:
        yield Title(((section.title, Ink.HEADING),))
        for line in section.lines:
            yield from _line(line)
        if not section.lines:
            yield SpanLine(((section.none, Ink.MUTED),))
        if section.more:
            more = f"and {count_text(section.more)} more; `oncall handover` prints them all"
            yield SpanLine(((more, Ink.MUTED),))
        yield Blank()


def _line(line: Line) -> Iterator[Part]:
    yield Field(line.head, joined(line.words), Ink.WARNING if line.is_late else Ink.PLAIN)
    for words in line.under:
        yield Field("", joined(words), Ink.MUTED)
