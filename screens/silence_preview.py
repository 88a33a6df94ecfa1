"""What a silence would do, asked from the servers while its form is open."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from textual.message import Message

from console.actions.silences.form import covering
from console.engine.blast import PastWeek, Radius, radius_of
from console.model.alert import Alert, Silence
from console.model.labels import Matcher
from console.model.policy import Policy
from console.model.snapshot import Snapshot
from console.model.state import Priority
from console.model.words import age_text, clock_time, count_text
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.acting import NOT_UP
from widgets.detail import Field, Paragraph, Part, SpanLine, Title
from widgets.paint import PRIORITY_INKS, Span
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.acting import Matched
    from console.engine.engine import Engine
    from screens.app import OncallApp
    from screens.frame import Frame

SETTLE_S: Final = 0.3
"""After a key, before the servers are asked: whoever types on does not want that answer."""
AGAIN_S: Final = 15.0
"""After this long the answer is asked for anew."""
SHOWN: Final = 20
SHOWN_COVERING: Final = 4


class PreviewCame(Message):
    """An answer came, or asking failed."""


class Question(msgspec.Struct, frozen=True):
    """What the servers are asked."""

    matchers: tuple[Matcher, ...]
    clusters: tuple[str, ...]


class Preview:
    """Asks what matchers match now and matched in the last week; one question at a time."""

    def __init__(self, screen: Frame, marked: Collection[str], policy: Policy) -> None:
        """
        Args:
            screen: whose workers ask; what is superseded is cancelled.
            marked: fingerprints that the silence is meant for.
        """
        self._screen = screen
        self._marked = frozenset(marked)
        self._policy = policy
        self._wanted: Question | None = None
        self._answered: Question | None = None
        self._asked_at: Instant | None = None
        self._asking = False
        self._trouble = ""
        self.radius = Radius()
        self._week: PastWeek | None = None
        self._week_of: tuple[Matcher, ...] = ()

    def want(self, matchers: tuple[Matcher, ...], clusters: tuple[str, ...]) -> None:
        """Ask for these once the hand rests; without matchers nothing is asked."""
        wanted = Question(matchers, clusters) if matchers and clusters else None
        if wanted == self._wanted:
            return
        self._wanted = wanted
        if wanted is None:
            self._screen.workers.cancel_group(self._screen, "now")
            self._screen.workers.cancel_group(self._screen, "week")
            self._asking = False
            return
        self._begin(wanted, SETTLE_S)
        if matchers != self._week_of:
            self._week, self._week_of = None, matchers
            self._screen.run_worker(
                self._ask_week(matchers), group="week", exclusive=True, exit_on_error=False
            )

    def tick(self, now: Instant) -> None:
        """Ask anew what is no longer fresh."""
        if self._wanted is None or self._asking or self._asked_at is None:
            return
        if now.mono - self._asked_at.mono >= AGAIN_S:
            self._begin(self._wanted, 0.0)

    async def known(self) -> Radius | None:
        """What is wanted now matches, waited for; `None` where nothing could be asked."""
        wanted = self._wanted
        if wanted is None:
            return None
        if self._answered != wanted:
            await self._ask(wanted)
        return self.radius if self._answered == wanted else None

    # Asking

    @property
    def _app(self) -> OncallApp:
        return self._screen.console_app

    def _begin(self, wanted: Question, after_s: float) -> None:
        self._asking = True
        self._screen.run_worker(
            self._ask_after(wanted, after_s), group="now", exclusive=True, exit_on_error=False
        )

    async def _ask_after(self, wanted: Question, after_s: float) -> None:
        await self._app.clock.sleep(after_s)
        await self._ask(wanted)
        self._screen.post_message(PreviewCame())

    async def _ask(self, wanted: Question) -> None:
        async def question(engine: Engine) -> Matched:
            return await engine.acting.matching(wanted.matchers, wanted.clusters)

        future = self._app.engine.ask(question)
        told: Matched | None = None
        if future is not None:
            told = await asyncio.wrap_future(future)
        if wanted != self._wanted:
            return
        self._asking = False
        self._asked_at = self._app.clock.now()
        self._trouble = NOT_UP if told is None else ""
        if told is not None:
            self._answered = wanted
            self.radius = radius_of(told.alerts, told.failures, self._marked, self._policy)

    async def _ask_week(self, matchers: tuple[Matcher, ...]) -> None:
        await self._app.clock.sleep(SETTLE_S)

        async def question(engine: Engine) -> PastWeek:
            return await engine.inquiry().past_week(matchers, self._policy)

        future = self._app.engine.ask(question)
        told = PastWeek(unknown=NOT_UP)
        if future is not None:
            told = await asyncio.wrap_future(future)
        if matchers == self._week_of:
            self._week = told
            self._screen.post_message(PreviewCame())

    # Drawing

    def parts(self, snapshot: Snapshot | None, now: Instant, but: str) -> tuple[Part, ...]:
        """The pane: what matches now, what did in the last week, what covers it already.

        Args:
            but: id of the silence that is being changed.
        """
        wanted = self._wanted
        if wanted is None:
            nothing = "nothing is asked until the matchers can be read"
            return (Title((("matches now", Ink.HEADING),)), SpanLine(((nothing, Ink.MUTED),)))
        parts: list[Part] = [Title((("matches now", Ink.HEADING), *self._age(now)))]
        if self._answered == wanted:
            parts += _counts(self.radius)
        elif self._trouble and not self._asking:
            parts.append(SpanLine(((f"not known: {self._trouble}", Ink.UNKNOWN),)))
        parts += self._week_parts(self._answered == wanted)
        if snapshot is not None:
            held = self.radius.held if self._answered == wanted else {}
            known = covering(wanted.matchers, wanted.clusters, snapshot.silences, held, but=but)
            parts += _covering_parts(known, now)
        if self._answered == wanted:
            parts += _listed(self.radius)
        return tuple(parts)

    def _age(self, now: Instant) -> Sequence[Span]:
        if self._asking:
            return (("  asking…", Ink.MUTED),)
        if self._asked_at is None:
            return ()
        return ((f"  asked {age_text(now.since(self._asked_at), coarse=True)} ago", Ink.MUTED),)

    def _week_parts(self, answered: bool) -> Iterator[Part]:
        week = self._week
        if week is None:
            yield Field("last 7 d", "asking…", Ink.MUTED)
        elif week.total is None:
            yield Field("last 7 d", f"not known: {week.unknown}", Ink.UNKNOWN)
        elif week.failures and not week.total:
            failure = week.failures[0]
            yield Field("last 7 d", f"not known: {failure.source}: {failure.cause}", Ink.UNKNOWN)
        elif answered and not week.total and self.radius.alerts:
            said = "not known: Prometheus has none with these labels, though some match now"
            yield Field("last 7 d", said, Ink.UNKNOWN)
        else:
            each = [
                f"{level} {count_text(week.by_priority[level])}"
                for level in Priority
                if week.by_priority[level]
            ]
            many = "alert fired" if week.total == 1 else "different alerts fired"
            note = "an answer lacks a part" if week.partial else ""
            if week.failures:
                note = f"without {', '.join(one.source for one in week.failures)}"
            text = "  ".join((f"{count_text(week.total)} {many}", *each))
            yield Field("last 7 d", text, note=note)


def _counts(radius: Radius) -> Iterator[Part]:
    count = count_text(len(radius.alerts))
    many = "alert   " if len(radius.alerts) == 1 else "alerts   "
    if radius.failures and not radius.alerts:
        yield SpanLine((("how many is not known", Ink.UNKNOWN),))
    else:
        at_least = (("at least ", Ink.UNKNOWN),) if radius.failures else ()
        spans: list[Span] = [*at_least, (f"{count} ", Ink.STRONG), (many, Ink.PLAIN)]
        for level, number in radius.by_priority.items():
            ink = PRIORITY_INKS[level] if number else Ink.MUTED
            spans.append((f"{level} {count_text(number) if number else '-'}   ", ink))
        yield SpanLine(spans)
    for failure in radius.failures:
        said = f"{failure.source} not counted: {failure.cause}; {failure.remedy}"
        yield Paragraph(said, Ink.UNKNOWN)
    if radius.beyond:
        more = f"{count_text(len(radius.beyond))} more than you marked, with + in front"
        yield SpanLine(((f"matches {more}", Ink.WARNING),))


def _listed(radius: Radius) -> Iterator[Part]:
    beyond = {alert.fingerprint for alert in radius.beyond}
    # What nobody marked first: it is what has to be seen.
    pairs = list(zip(radius.alerts, radius.priorities, strict=True))
    pairs.sort(key=lambda pair: pair[0].fingerprint not in beyond)
    for alert, level in pairs[:SHOWN]:
        yield _alert_line(alert, level, alert.fingerprint in beyond)
    if len(pairs) > SHOWN:
        yield SpanLine(((f"  and {count_text(len(pairs) - SHOWN)} more", Ink.MUTED),))


def _alert_line(alert: Alert, level: Priority, beyond: bool) -> SpanLine:
    sign: Span = ("+ ", Ink.WARNING) if beyond else ("  ", Ink.PLAIN)
    quiet = "  silenced" if alert.silenced_by else ""
    return SpanLine(
        (
            sign,
            (f"{level} ", PRIORITY_INKS[level]),
            (alert.name, Ink.STRONG),
            (" ", Ink.PLAIN),
            (where_of(alert), Ink.PLAIN),
            (quiet, Ink.MUTED),
        )
    )


def where_of(alert: Alert) -> Raw:
    """Where an alert is: its instance, else what else tells."""
    for name in ("instance", "host", "pod", "service", "namespace", "job"):
        value = alert.labels.value_of(name)
        if value:
            return value
    return Raw("")


def _covering_parts(known: Sequence[tuple[Silence, str]], now: Instant) -> Iterator[Part]:
    for number, (silence, how) in enumerate(known[:SHOWN_COVERING]):
        until = clock_time(silence.ends_at, now.wall)
        who = visible(silence.created_by, cells=20) or "nobody"
        said = f"{how}: {who} until {until}, {visible(silence.comment, cells=60)}"
        yield Field("" if number else "already", said, Ink.WARNING)
    if len(known) > SHOWN_COVERING:
        yield Field("", f"and {count_text(len(known) - SHOWN_COVERING)} more silences", Ink.MUTED)
