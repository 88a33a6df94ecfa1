"""Asking the engine what else is known about the row under the cursor, once the cursor rests."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Final

from textual.message import Message
from textual.timer import Timer

from console.engine.evidence_words import EvidenceLine, Learned, Tone, Topic, asked_topics, plain
from console.model.snapshot import Snapshot
from console.model.worklist import Row
from console.safety.clock import Instant

if TYPE_CHECKING:
    from console.engine.engine import Engine
    from screens.frame import Frame

REST_S: Final = 0.15
"""A cursor that runs over rows asks for none of them."""
AGAIN_S: Final = 10.0
"""While it rests, what may have changed is asked for anew."""

_REPLACED: Final = frozenset([Topic.BOOK])
"""Topics on which the answer says again what the snapshot told, and more."""

Identity = tuple[str, str]


class EvidenceCame(Message):
    """An answer about one row, posted by the engine's thread."""

    bubble = False

    def __init__(self, about: Identity, learned: Learned) -> None:
        super().__init__()
        self.about = about
        self.learned = learned


class Asking:
    """What one screen wants to know about one row, and what has come of it so far."""

    def __init__(self, screen: Frame) -> None:
        self._screen = screen
        self._row: Row | None = None
        self._snapshot: Snapshot | None = None
        self._about: Identity | None = None
        self._rest: Timer | None = None
        self._under_way: Future[None] | None = None
        self._asked_at: Instant | None = None
        self._asked: frozenset[Topic] = frozenset()
        """On what somebody has been asked."""
        self._answers: dict[Topic, Learned] = {}
        self._broken = False
        """The last asking ended in a fault of ours: what has not come does not come."""

    def look_at(self, row: Row | None, snapshot: Snapshot) -> None:
        """The cursor is on `row`, in its newest form; another than before is asked about soon."""
        self._row, self._snapshot = row, snapshot
        about = identity_of(row) if row is not None else None
        if about != self._about:
            self.leave()
            self._about = about
        if row is not None and self._rest is None and self._has_unasked(row, snapshot):
            self._wait_for_rest()

    def leave(self) -> None:
        """Nobody looks any more: what is under way is given up."""
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        if self._under_way is not None:
            self._under_way.cancel()
            self._under_way = None
        self._about = None
        self._asked_at = None
        self._asked = frozenset()
        self._answers = {}
        self._broken = False

    def tick(self, now: Instant) -> None:
        """Ask again where the last answers have grown old."""
        asked_at, under_way = self._asked_at, self._under_way
        if under_way is not None and under_way.done() and not under_way.cancelled():
            self._broken = under_way.exception() is not None
        if asked_at is None or now.since(asked_at).total_seconds() < AGAIN_S:
            return
        if under_way is None or under_way.done():
            self._ask()

    def take(self, came: EvidenceCame) -> bool:
        """Keep an answer; whether it is about what is looked at."""
        if came.about != self._about:
            return False
        self._answers[came.learned.topic] = came.learned
        return True

    def beside(self, known: Iterable[EvidenceLine]) -> tuple[EvidenceLine, ...]:
        """`known` and what has come, with a word for each answer that is still awaited."""
        lines = [line for line in known if line.topic not in _REPLACED & self._answers.keys()]
        if self._row is None or self._snapshot is None:
            return tuple(lines)
        for topic in asked_topics(self._row, self._snapshot):
            learned = self._answers.get(topic)
            if learned is not None:
                lines += learned.lines
            elif self._broken:
                lines.append(plain(topic, "not known: a fault inside the console", Tone.UNKNOWN))
            elif topic not in _REPLACED:
                lines.append(plain(topic, "asking", Tone.MUTED))
        return tuple(lines)

    def _has_unasked(self, row: Row, snapshot: Snapshot) -> bool:
        """At the start the rules come after the alerts: then the value now is not asked for yet."""
        return self._asked_at is None or not self._asked.issuperset(asked_topics(row, snapshot))

    def _wait_for_rest(self) -> None:
        if self._row is None or self._snapshot is None:
            return
        if asked_topics(self._row, self._snapshot):
            self._rest = self._screen.set_timer(REST_S, self._ask)

    def _ask(self) -> None:
        row, snapshot, about = self._row, self._snapshot, self._about
        if self._rest is not None:
            self._rest.stop()
            self._rest = None
        if row is None or snapshot is None or about is None:
            return
        screen = self._screen

        def take(learned: Learned) -> None:
            if screen.is_attached:
                screen.post_message(EvidenceCame(about, learned))

        async def gather(engine: Engine) -> None:
            await engine.desk.gather(row, snapshot, take)

        self._under_way = screen.console_app.engine.ask(gather)
        if self._under_way is not None:
            self._asked_at = screen.console_app.clock.now()
            self._asked = frozenset(asked_topics(row, snapshot))


def identity_of(row: Row) -> Identity:
    """What an answer is about: the row, and the alert that speaks for it."""
    return row.key, row.alerts[0].key if row.alerts else ""
