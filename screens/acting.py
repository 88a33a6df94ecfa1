"""From keys to wishes: what is asked first, what is shown meanwhile, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from config.people import Person
from console.actions.registry import action_by_id
from console.model.acting import Ended, HeldAck, Outcome
from console.model.alert import Ack
from console.model.snapshot import Snapshot
from console.model.wish import AckWish, HandOverWish, UnackWish, Wish
from console.model.words import age_text, count_text, many
from console.model.worklist import Row, RowKind
from console.safety.clock import Clock
from console.safety.text import Raw, visible
from widgets.command_line import Completion
from widgets.detail import Field, Paragraph, Part
from widgets.dialog import Choice, Dialog, Overlay
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine
    from screens.app import OncallApp

LISTED = 10
"""Acks that are named one by one."""
NOT_UP = "the engine is not up yet"


class Wishes:
    """The wishes that are under way, and the one door through which screens make them."""

    def __init__(self, app: OncallApp) -> None:
        self._app = app
        self._under_way: dict[int, frozenset[str]] = {}
        self._made = 0
        self.sending: frozenset[str] = frozenset()
        """Keys of rows, alerts and silences of which something is being sent now."""

    async def submit(self, wish: Wish, keys: Iterable[str] = ()) -> Outcome:
        """Have the engine carry `wish` out, say what came of it, and return that.

        Args:
            keys: what is drawn as "sending" until then.
        """
        return await self.asked(lambda engine: engine.acting.submit(wish), keys)

    async def asked(
        self, what: Callable[[Engine], Awaitable[Outcome]], keys: Iterable[str] = ()
    ) -> Outcome:
        """The same for what a desk of the engine carries out."""
        app = self._app
        with self.under_way(keys):
            outcome = await self._ask(what)
        self._tell(outcome)
        if app.frame is not None:
            app.frame.show_hints()
        return outcome

    @property
    def is_busy(self) -> bool:
        """Whether something was asked for of which it is not known what came of it."""
        return bool(self._under_way)

    @contextmanager
    def under_way(self, keys: Iterable[str] = ()) -> Iterator[None]:
        """Meanwhile nobody leaves without being asked; `keys` as `submit` has them."""
        number = self._made = self._made + 1
        self._under_way[number] = frozenset(keys)
        self._mark()
        try:
            yield
        finally:
            self._under_way.pop(number, None)
            self._mark()

    async def undo(self) -> Outcome:
        """Take back the latest, where there still is something to take back."""
        future = self._app.engine.ask(lambda engine: engine.acting.undo())
        outcome = (
            Outcome(Ended.DENIED, NOT_UP) if future is None else await asyncio.wrap_future(future)
        )
        self._tell(outcome)
        return outcome

    async def _ask(self, what: Callable[[Engine], Awaitable[Outcome]]) -> Outcome:
        future = self._app.engine.ask(what)
        if future is None:
            return Outcome(Ended.DENIED, NOT_UP)
        return await asyncio.wrap_future(future)

    def _mark(self) -> None:
        self.sending = frozenset().union(*self._under_way.values())
        frame = self._app.frame
        if frame is not None:
            frame.repaint_rows()

    def _tell(self, outcome: Outcome) -> None:
        app = self._app
        text = outcome.text
        keys = app.keys.of(action_by_id("app.undo"))
        if outcome.undo is not None and keys:
            text = f"{text}; {keys[0]} takes it back for 30 s"
        app.say(text, warning=not outcome.well)
        for detail in outcome.details:
            app.keep_notice(detail)
        if outcome.details and not outcome.well and app.is_looked_at:
            lines = (Paragraph(outcome.text, Ink.WARNING), *map(Paragraph, outcome.details))
            app.push_screen(Overlay((("what came of it", Ink.WARNING),), lines))


class Takeable(msgspec.Struct, frozen=True):
    """What of some rows can be acked, and what somebody has already."""

    wish: AckWish
    rows: tuple[Row, ...]
    held: tuple[Ack, ...]
    """Acks that are on them already."""

    @property
    def count(self) -> int:
        """Alerts, checks and sources that the wish is for."""
        return len(self.wish.alerts) + len(self.wish.parts)

    @property
    def text(self) -> str:
        """What it is, in words: `3 alerts in 2 rows`."""
        if len(self.rows) == 1 and self.count == 1:
            return visible(self.rows[0].title, cells=40)
        rows = f" in {count_text(len(self.rows))} rows" if len(self.rows) > 1 else ""
        return f"{many(self.count, 'alert')}{rows}"


def takeable(rows: Sequence[Row]) -> Takeable:
    """What an ack of `rows` would be for: all on them that nobody has."""
    alerts = tuple(
        known
        for row in rows
        if row.kind is not RowKind.OLD
        for known in row.alerts
        if not known.ack
    )
    held = tuple(ack for row in rows for ack in row.acks)
    taken = {ack.silence_id for ack in held if ack.is_local}
    parts = tuple(part for row in rows for part in row.parts if part.key not in taken)
    acted = tuple(row for row in rows if row.kind not in (RowKind.OLD, RowKind.OWED))
    return Takeable(AckWish(alerts, parts), acted, held)


def why_not_ack(rows: Sequence[Row], me: str, snapshot: Snapshot | None) -> str:
    """Why there is nothing to take on `rows`; empty where there is."""
    if not rows:
        return "there is no row"
    if all(row.kind is RowKind.OLD for row in rows):
        return "open the folded row first: what is old is acked one by one"
    if all(row.kind is RowKind.OWED for row in rows):
        return "there is no alert on it: what is owed is done, not acked; enter opens it"
    found = takeable(rows)
    if found.count:
        return ""
    if not found.held:
        return "there is nothing on it that can be acked"
    ack = found.held[0]
    now = snapshot.at.wall if snapshot is not None else ack.since
    age = age_text(now - ack.since, coarse=True)
    if ack.owner == Raw(me):
        return f"it is yours since {age}"
    return f"{visible(ack.owner, cells=30)} acked it {age} ago; H takes it over"


def held_by(rows: Sequence[Row]) -> tuple[Ack, ...]:
    """Every ack on `rows`, each once."""
    return tuple({(ack.cluster, ack.silence_id): ack for row in rows for ack in row.acks}.values())


def keys_of(rows: Sequence[Row]) -> frozenset[str]:
    """By which what is on `rows` is drawn as being sent."""
    return frozenset(key for row in rows for key in (row.key, *(known.key for known in row.alerts)))


def ack_wish(found: Takeable, note: str) -> AckWish:
    """The wish with its note."""
    return msgspec.structs.replace(found.wish, note=note.strip())


def unack_wish(rows: Sequence[Row]) -> UnackWish:
    """Give up every ack on `rows`."""
    return UnackWish(held_by(rows))


def hand_over_wish(acks: Sequence[Ack], to: str) -> HandOverWish:
    """Every ack of `acks` that is not `to`'s already becomes theirs."""
    return HandOverWish(tuple(ack for ack in acks if ack.owner != Raw(to)), to)


def person_called(typed: str, people: dict[str, Person]) -> str | None:
    """The name of the person that `typed` means: their key, name or login; `None` for nobody."""
    wanted = typed.strip().casefold()
    for key, person in people.items():
        names = (key, person.name, *person.logins)
        if wanted in (name.casefold() for name in names):
            return person.name
    begun = [one.name for one in people.values() if one.name.casefold().startswith(wanted)]
    return begun[0] if wanted and len(begun) == 1 else None


def people_completions(
    typed: str, people: dict[str, Person], me: str, first: Sequence[str]
) -> list[Completion]:
    """The people to whom something can be handed over: who is next, then me, then the others."""
    order = {name: number for number, name in enumerate((*first, me))}
    known = {me, *(one.name for one in people.values())}
    names = sorted(known, key=lambda name: (order.get(name, len(order)), name))
    wanted = typed.casefold()
    helps = dict(zip(first, ("on call", "next on call"), strict=False))
    return [
        Completion(name, "you: take it over" if name == me else helps.get(name, ""))
        for name in names
        if wanted in name.casefold()
    ]


def leaving(
    lost: Sequence[tuple[HeldAck, timedelta]],
    is_busy: bool,
    clock: Clock,
    steps: Sequence[str] = (),
) -> Dialog:
    """The question before the console closes: which acks of mine lapse, and when.

    Args:
        is_busy: something that was asked for is being sent or written.
        steps: a sentence for each step of a runbook that is being carried out.
    """
    parts: list[Part] = [Paragraph(f"{one}.", Ink.WARNING) for one in steps[:LISTED]]
    if len(steps) > LISTED:
        parts.append(Paragraph(f"and {many(len(steps) - LISTED, 'step')} more", Ink.WARNING))
    if is_busy:
        said = "Something that you asked for is being sent or written right now."
        parts.append(Paragraph(said, Ink.WARNING))
    if lost:
        parts.append(Paragraph("Nobody extends these acks of yours once this console is closed:"))
    for held, left in lost[:LISTED]:
        note = visible(held.ack.note, cells=60) or "no note"
        when = f"{held.ack.until:%H:%M} UTC, in {age_text(left)}"
        parts.append(Field(when, f"{many(held.covers, 'alert')}: {note}"))
    if len(lost) > LISTED:
        parts.append(Paragraph(f"and {len(lost) - LISTED} more"))
    if lost:
        parts.append(Paragraph("Then they fire again, unless somebody takes them over (H)."))
    return Dialog((("leave?", Ink.WARNING),), parts, (Choice("leave", "Leave"),), clock=clock)
