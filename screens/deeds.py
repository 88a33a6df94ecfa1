"""The keys that act on rows: ack, un-ack, hand over, undo. What they ask before they act."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Final, cast

from textual.screen import Screen

from console.model.acting import Plan
from console.model.action import Action
from console.model.alert import Ack
from console.model.plan_words import plan_lines
from console.model.words import many
from console.model.worklist import Row
from console.safety.text import Raw, visible
from console.triage.silence_use import held_beyond
from screens.acting import (
    Takeable,
    ack_wish,
    hand_over_wish,
    held_by,
    keys_of,
    people_completions,
    person_called,
    takeable,
    unack_wish,
    why_not_ack,
)
from widgets.detail import Paragraph
from widgets.dialog import Choice, Dialog
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.app import OncallApp
    from screens.frame import Frame

STILL_SENDING: Final = "it is being sent still: once it is done it can be taken back"
ACK: Final = "ack"
GIVE: Final = "give"
LISTED: Final = 12
"""Lines of a question before the rest is only counted."""
SURE_FROM: Final = 50
"""An ack of this many alerts is asked about once more: the note's line alone is soon sent."""


class Deeds(Screen[None], inherit_bindings=False):
    """A screen to derive from, with rows that can be acted on."""

    def __init__(self) -> None:
        super().__init__()
        self._for: tuple[Row, ...] = ()
        """The rows that the line which is open is about, as they were painted."""
        self._unsaid: tuple[frozenset[str], str] = (frozenset(), "")
        """The note of an ack that came to nothing, and the keys of its rows: it is typed once."""

    @property
    def _oncall(self) -> OncallApp:
        return cast("OncallApp", self.app)

    @property
    def _frame(self) -> Frame:
        return cast("Frame", self)

    @property
    def _me(self) -> str:
        return self._oncall.opened.who.name

    def why_not_act(self, action: Action) -> str:
        """Why one of these keys does nothing now; empty where it does, or is not one of them."""
        if action.id == "app.undo":
            update = self._oncall.fresh
            undo = None if update is None else update.acting.undo
            if undo is not None:
                return ""
            sending = self._oncall.wishes.sending
            return STILL_SENDING if sending else "there is nothing to take back"
        if action.group != "effects":
            return ""
        rows = self._frame.wanted_rows()
        if action.id == "row.ack":
            update = self._oncall.fresh
            return why_not_ack(rows, self._me, None if update is None else update.snapshot)
        if action.id in ("row.unack", "row.hand-over"):
            return "" if held_by(rows) else "nobody has acked it"
        return ""

    # Ack

    def do_row_ack(self, note: str = "") -> None:
        """Ask for a note and take the rows; `:ack NOTE` takes them at once."""
        rows = self._frame.wanted_rows()
        found = takeable(rows)
        if not found.count:
            self._frame.say(why_not_ack(rows, self._me, None), warning=True)
        elif note:
            self._ack(found, note)
        else:
            self._for = rows
            sign = ((f"ack {found.text}", Ink.KEY), ("  note: ", Ink.MUTED))
            before, note = self._unsaid
            self._frame.ask_line(ACK, sign, note if before == keys_of(rows) else "")

    def _ack(self, found: Takeable, note: str) -> None:
        if found.count < SURE_FROM:
            self._run(self._send_ack(found, note))
        else:
            self._run(self._ack_if_sure(found, note))

    async def _ack_if_sure(self, found: Takeable, note: str) -> None:
        self._frame.say(f"asking the servers what an ack of {found.text} takes")
        future = self._oncall.engine.ask(lambda engine: engine.acting.plan(found.wish))
        plan = Plan() if future is None else await asyncio.wrap_future(future)
        question = Dialog(
            ((f"ack {found.text}", Ink.HEADING),),
            _listed(plan_lines(plan, short=True)),
            (Choice("ack", f"Ack {found.text}"),),
            clock=self._oncall.clock,
        )
        if not self._oncall.is_looked_at:
            # It took its time, and a question in front of what somebody types into eats that.
            self._unsaid = keys_of(found.rows), note
            self._frame.say(f"{found.text} not acked: you went on; a asks again", warning=True)
        elif await self.app.push_screen_wait(question) == "ack":
            await self._send_ack(found, note)

    async def _send_ack(self, found: Takeable, note: str) -> None:
        keys = keys_of(found.rows)
        outcome = await self._oncall.wishes.submit(ack_wish(found, note), keys)
        self._unsaid = (frozenset(), "") if outcome.well else (keys, note)

    # Un-ack

    def do_row_unack(self) -> None:
        """Give up what is mine at once; ask where it is somebody else's, or holds more rows."""
        rows = self._frame.wanted_rows()
        acks = held_by(rows)
        others = tuple(ack for ack in acks if ack.owner != Raw(self._me))
        alerts = tuple(known for row in rows for known in row.alerts)
        update = self._oncall.fresh
        beyond = 0 if update is None else held_beyond(acks, alerts, update.snapshot)
        if not acks:
            self._frame.say("nobody has acked it", warning=True)
        elif not others and not beyond:
            self._run(self._oncall.wishes.submit(unack_wish(rows), keys_of(rows)))
        else:
            self._run(self._unack_if_sure(rows, others, beyond))

    async def _unack_if_sure(self, rows: Sequence[Row], others: Sequence[Ack], beyond: int) -> None:
        from console.engine.handover import owners_text

        notes = [
            f"{visible(ack.owner, cells=30)}: {visible(ack.note, cells=120)}" for ack in others
        ]
        whose = f"what {owners_text(others)} acked" if others else "this"
        said = [Paragraph("H takes it over instead, and keeps it quiet.")] if others else []
        if beyond:
            more = f"It holds {many(beyond, 'alert')} of other rows too, which then fire again."
            said.append(Paragraph(more, Ink.WARNING))
        question = Dialog(
            ((f"un-ack {whose}?", Ink.WARNING),),
            [*_listed(notes), *said],
            (Choice("unack", "Un-ack", danger=True),),
            clock=self._oncall.clock,
        )
        if await self.app.push_screen_wait(question) == "unack":
            await self._oncall.wishes.submit(unack_wish(rows), keys_of(rows))

    # Hand over

    def do_row_hand_over(self, person: str = "") -> None:
        """Ask whose the acks are to be; `:give PERSON` hands them over at once."""
        # Late: the first frame needs nothing of it.
        from console.engine.handover import owners_text

        rows = self._frame.wanted_rows()
        acks = held_by(rows)
        if not acks:
            self._frame.say("nobody has acked it", warning=True)
        elif person:
            self._give(rows, person)
        else:
            self._for = rows
            sign = (
                (f"{many(len(acks), 'ack')} of {owners_text(acks)}", Ink.KEY),
                ("  to: ", Ink.MUTED),
            )
            people = self._oncall.opened.loaded.settings.people
            first = self._oncall.on_call_names()
            # One that is not mine is most often to be mine; what is mine, the next one's.
            guess = self._me if any(ack.owner != Raw(self._me) for ack in acks) else ""
            self._frame.ask_line(
                GIVE,
                sign,
                guess or next((name for name in first if name != self._me), ""),
                lambda typed: people_completions(typed, people, self._me, first),
            )

    def _give(self, rows: Sequence[Row], typed: str) -> None:
        settings = self._oncall.opened.loaded.settings
        named = self._me if typed.strip() == self._me else person_called(typed, settings.people)
        if named is None:
            known = ", ".join(settings.people) or "nobody: write `people:` in oncall.yaml"
            said = f"{visible(typed.strip(), cells=30)} is nobody of `people`; known: {known}"
            self._frame.say(said, warning=True)
            return
        wish = hand_over_wish(held_by(rows), named)
        if not wish.acks:
            self._frame.say(f"it is {visible(named, cells=30)}'s already", warning=True)
        else:
            self._run(self._oncall.wishes.submit(wish, keys_of(rows)))

    # Undo

    def do_app_undo(self) -> None:
        """Take the latest effect back."""
        self._run(self._oncall.wishes.undo())

    # The line that was asked for

    def deed_sent(self, prompt: str, text: str) -> bool:
        """Act on what was typed into a line of ours; whether it was one."""
        rows, self._for = self._for, ()
        if prompt == ACK:
            self._ack(takeable(rows), text)
        elif prompt == GIVE:
            self._give(rows, text)
        else:
            return False
        return True

    def _run(self, work: Coroutine[object, object, object]) -> None:
        self.run_worker(work, exit_on_error=False)


def _listed(lines: Sequence[str]) -> list[Paragraph]:
    """The first of `lines`, and how many more there are."""
    shown = [Paragraph(line) for line in lines[:LISTED]]
    if len(lines) > LISTED:
        shown.append(Paragraph(f"and {len(lines) - LISTED} more"))
    return shown
