"""Why an alert is seen: who is told of it and when, what keeps it quiet, what made it fire."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, ClassVar, Final

from textual.message import Message

from console.actions.registry import action_by_id
from console.engine.evidence_words import Tone
from console.engine.why_known import (
    ends_lines,
    label_lines,
    quiet_lines,
    rule_lines,
    target_lines,
    what_lines,
)
from console.engine.why_place import place_lines
from console.engine.why_words import (
    TOPIC_OF,
    Identity,
    Question,
    WhyLearned,
    WhyLine,
    WhyTopic,
    identity_of,
    questions_on,
)
from console.model.alert import AlertState
from console.model.snapshot import Snapshot
from console.model.update import Update
from console.model.words import age_text
from console.model.worklist import Row, Worklist
from console.safety.clock import Instant
from console.safety.text import visible
from screens.document import DocumentFrame
from screens.evidence import INKS
from screens.here import Subject, subject_of_row
from screens.sections import section
from widgets.detail import Blank, Field, Part, SpanLine
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine

AGAIN_S: Final = 10.0
"""While it is looked at, what may have changed is asked for anew."""


class WhyCame(Message):
    """An answer about one alert, posted by the engine's thread."""

    bubble = False

    def __init__(self, about: Identity, learned: WhyLearned) -> None:
        super().__init__()
        self.about = about
        self.learned = learned


class WhyScreen(DocumentFrame):
    """One alert of a row, explained; the answers fill in as they come."""

    word: ClassVar[str] = "why"

    def __init__(self, row: Row) -> None:
        """
        Args:
            row: what was under the cursor, with one alert at least; its most urgent alert
                is explained first.
        """
        super().__init__()
        self._row = row
        self._known = row.alerts[0]
        self._gone = False
        self._about: Identity | None = None
        self._under_way: Future[None] | None = None
        self._asked_at: Instant | None = None
        self._answers: dict[Question, WhyLearned] = {}
        self._answers_on: Identity = ()
        """Cluster and key of the alert that the answers are about."""
        self._broken = False
        """The last asking ended in a fault of ours: what has not come does not come."""
        self._lines: tuple[WhyLine, ...] = ()

    @property
    def row_in_view(self) -> Row | None:
        return self._row

    @property
    def subject(self) -> Subject | None:
        update = self.console_app.fresh
        return None if update is None else subject_of_row(self._row, update.snapshot)

    def show_body(self, update: Update) -> None:
        self._follow(update.worklist)
        self._ask_where_needed(update.snapshot)
        self._lines = tuple(self._told(update))
        now = self.console_app.clock.now()
        parts = [*self._heading()]
        for topic in WhyTopic:
            fields = _fields((one for one in self._lines if one.topic is topic), now)
            parts += section(topic.value, fields)
        self.detail.show(parts, subject=self._known.key)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        under_way = self._under_way
        if under_way is not None and under_way.done() and not under_way.cancelled():
            self._broken = under_way.exception() is not None
            if self._asked_at is None or now.since(self._asked_at).total_seconds() >= AGAIN_S:
                self._about = None
        if self.console_app.fresh is not None:
            self.show_body(self.console_app.fresh)

    def on_screen_suspend(self) -> None:
        self._leave()

    def on_unmount(self) -> None:
        self._leave()

    # The alert

    def _follow(self, worklist: Worklist) -> None:
        """Take the newest form of the row and of the alert; both are kept when they are gone."""
        rows = (*worklist.rows, *worklist.old)
        # Its own row first; rows are made anew when the grouping changes or a storm begins.
        for row in sorted(rows, key=lambda row: row.key != self._row.key):
            known = next((one for one in row.alerts if one.key == self._known.key), None)
            if known is not None:
                self._gone, self._row, self._known = False, row, known
                return
        self._gone = True

    def _heading(self) -> Iterator[Part]:
        if self._gone:
            said = "it is not in the worklist any more; this is how it was last seen"
            yield SpanLine(((said, Ink.WARNING),))
            yield Blank()
        count = self._row.count
        if count > 1:
            place = self._row.alerts.index(self._known) + 1
            keys = self.console_app.keys
            before, after = (keys.of(action_by_id(f"move.{way}")) for way in ("left", "right"))
            said = f"alert {place:,} of the {count:,} of this row, the most urgent first"
            if before and after:
                said += f"; {before[0]} and {after[0]} step"
            yield SpanLine(((said, Ink.MUTED),))
            yield Blank()

    def _step(self, by: int) -> None:
        alerts, update = self._row.alerts, self.console_app.fresh
        at = alerts.index(self._known) + by
        if not 0 <= at < len(alerts):
            self.say("that was the last alert of the row" if by > 0 else "that is the first one")
            return
        self._known = alerts[at]
        if update is not None:
            self.show_body(update)

    # Asking

    def _ask_where_needed(self, snapshot: Snapshot) -> None:
        about = identity_of(self._known)
        if about == self._about or self._gone:
            return
        if self._answers_on != about[:2]:
            # Of the same alert the last answers stay until the new ones come.
            self._answers, self._answers_on = {}, about[:2]
        self._give_up()
        if not questions_on(self._known, snapshot):
            return
        known = self._known

        def take(learned: WhyLearned) -> None:
            if self.is_attached:
                self.post_message(WhyCame(about, learned))

        async def gather(engine: Engine) -> None:
            await engine.why.gather(known, snapshot, take)

        self._under_way = self.console_app.engine.ask(gather)
        if self._under_way is not None:
            self._about = about
            self._asked_at = self.console_app.clock.now()

    def _give_up(self) -> None:
        if self._under_way is not None:
            self._under_way.cancel()
            self._under_way = None
        self._broken = False

    def _leave(self) -> None:
        self._give_up()
        self._about = None

    def on_why_came(self, event: WhyCame) -> None:
        if event.about != self._about:
            return
        self._answers[event.learned.question] = event.learned
        if self.console_app.fresh is not None:
            self.show_body(self.console_app.fresh)

    # Words

    def _told(self, update: Update) -> Iterator[WhyLine]:
        """Every line: what the snapshot tells, what has come, what is awaited."""
        known, snapshot = self._known, update.snapshot
        yield from what_lines(known, snapshot)
        yield from quiet_lines(known, snapshot)
        yield from ends_lines(known, snapshot)
        yield from rule_lines(known, snapshot)
        yield from target_lines(known, snapshot)
        policy = self.console_app.opened.loaded.policy
        yield from place_lines(known, self._row, update.worklist, snapshot, policy)
        yield from label_lines(known)
        if snapshot.restored:
            said = "not asked: this is the last known state"
            yield WhyLine(WhyTopic.ROUTE, "route", said, Tone.UNKNOWN)
        elif known.alert.state is AlertState.PENDING:
            said = "nobody yet: it is pending, and Alertmanager has not been told of it"
            yield WhyLine(WhyTopic.ROUTE, "route", said)
        for question in questions_on(known, snapshot):
            learned = self._answers.get(question)
            if learned is not None:
                yield from learned.lines
            elif self._broken:
                said = "not known: a fault inside the console"
                yield WhyLine(TOPIC_OF[question], "", said, Tone.UNKNOWN)
            else:
                yield WhyLine(TOPIC_OF[question], "", f"asking for {question.value}", Tone.MUTED)

    # Actions

    def do_move_left(self) -> None:
        """Explain the alert before this one."""
        self._step(-1)

    def do_move_right(self) -> None:
        """Explain the next alert of the row."""
        self._step(1)

    def do_row_copy(self) -> None:
        words = (f"{one.label} {visible(one.text)}".strip() for one in self._lines)
        self.console_app.copy("\n".join(words), "why it is seen", lines=True)


def _fields(lines: Iterator[WhyLine], now: Instant) -> Iterator[Field]:
    before = ""
    for line in lines:
        name = "" if line.label == before else line.label
        yield Field(name, line.text, INKS[line.tone], note=_age(line, now))
        before = line.label


def _age(line: WhyLine, now: Instant) -> str:
    """`am <10s ago`: by whom, and how long ago; empty for what has no age."""
    age = None
    if line.since is not None:
        age = now.wall - line.since
    elif line.at is not None:
        age = now.since(line.at)
    if age is None:
        return line.by
    return f"{line.by} {age_text(age, coarse=True)} ago".strip()
