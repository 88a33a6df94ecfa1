"""The first line: where one is, and how far what is below can be believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, tzinfo
from typing import ClassVar, Final

import msgspec
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.strip import Strip

from console.model.papers import JournalState, JournalStatus
from console.model.snapshot import Badge, BadgeKind, Score, SourceHealth
from console.model.state import State
from console.model.words import age_text, state_shape
from console.safety.clock import Instant
from console.safety.text import Raw
from widgets.chunks import GAP, Chunk, arrange
from widgets.line_view import LineView
from widgets.paint import STATE_INKS, Spans, width_of
from widgets.theme import Ink

_BOUND_S: Final = 5
_NAMED: Final = 98
"""Of what names a sick source: after the environment and the count, before all else."""
_IN_SHORT: Final = {
    BadgeKind.WATCHDOG: "no watchdog", BadgeKind.SKEW: "clock skew", BadgeKind.SETTLING: "settling",
    BadgeKind.CUT_OFF: "cut off", BadgeKind.RULES: "rules fail", BadgeKind.ABANDONED: "silent",
    BadgeKind.PARTIAL: "partial", BadgeKind.CONSOLE: "console fault",
}  # fmt: skip
"""What stands in a narrow header for the words of a badge: it must not vanish."""


class HeaderFacts(msgspec.Struct, frozen=True):
    """What the header says."""

    environment: Raw | str = ""
    production: bool = False
    sources: tuple[SourceHealth, ...] = ()
    """Members of a cluster may be among them; only the cluster is shown."""
    badges: tuple[Badge, ...] = ()
    watchdog_ok: bool | None = None
    """`None` where none is configured. A missing one is a badge."""
    score: Score = Score(None)
    user: Raw | str = ""
    """With a level or `unverified` behind it: `kai L1`."""
    journal: JournalStatus = JournalStatus()
    notes: tuple[str, ...] = ()
    """Short facts about the console itself, the most important first: `read-only`."""
    zone: tzinfo | None = None
    """Of the clock; `None` for the machine's own."""


class Header(Horizontal):
    """One line: product and environment, sources, badges, score, user, clock.

    The clock is a widget of its own, so that a second costs its eight cells and not the line.
    """

    DEFAULT_CSS: ClassVar[str] = """
    Header {
        height: 1;
    }
    Header HeaderLine {
        width: 1fr;
        height: 1;
        background: $panel;
    }
    Header HeaderClock {
        width: 9;
        height: 1;
        background: $panel;
    }
    """

    def compose(self) -> ComposeResult:
        yield HeaderLine()
        yield HeaderClock()

    def show(self, facts: HeaderFacts, now: Instant) -> None:
        """Show `facts` as of `now`."""
        self.query_one(HeaderLine).show(facts, now)
        self.query_one(HeaderClock).show(facts.zone, now)

    def tick(self, now: Instant) -> None:
        """Let the clock and the ages go on; call it once a second."""
        self.query_one(HeaderLine).tick(now)
        self.query_one(HeaderClock).tick(now)


class HeaderClock(LineView):
    """The time of day at the right end of the header."""

    _zone: tzinfo | None = None
    _now: Instant | None = None

    def show(self, zone: tzinfo | None, now: Instant) -> None:
        """Show `now` in `zone`."""
        self._zone, self._now = zone, now
        self.repaint_changed()

    def tick(self, now: Instant) -> None:
        """Show `now`."""
        self._now = now
        self.repaint_changed()

    def line(self, y: int, width: int) -> Strip:
        text = "" if self._now is None else f"{self._now.wall.astimezone(self._zone):%H:%M:%S}"
        return self.strip(((text, Ink.PLAIN),), width, align="right")


class HeaderLine(LineView):
    """The header without its clock."""

    _facts = HeaderFacts()
    _now: Instant | None = None

    def show(self, facts: HeaderFacts, now: Instant) -> None:
        """Show `facts` as of `now`."""
        self._facts, self._now = facts, now
        self.repaint_changed()

    def tick(self, now: Instant) -> None:
        """Let the ages go on."""
        self._now = now
        self.repaint_changed()

    def line(self, y: int, width: int) -> Strip:
        facts = self._facts
        left = [Chunk(self._title(), 100)]
        right = [Chunk(((facts.user, Ink.PLAIN),), 60)] if facts.user else []
        journal = self._journal()
        rest = [
            *self._watchdog(),
            *self._score(),
            *(Chunk(((note, Ink.WARNING),), 70 - at) for at, note in enumerate(facts.notes)),
        ]
        marks = self.glyphs.marks

        def fit(*chunks: Chunk) -> bool:
            return sum(width_of(chunk.spans, marks) + GAP for chunk in chunks) - GAP <= width

        sources, badges = self._in_full(), self._badges()
        if not fit(*left, *sources, *badges, *rest, *right):
            shorter = ((said, these) for said in self._by_count() for these in self._both(badges))
            for sources, badges in shorter:
                if fit(*left, *(one for one in sources if one.priority >= _NAMED), *badges):
                    break
        # Counted in no `fit`: that all is written down is worth less than a source's age.
        pieces = (*left, *sources, *badges, *rest, *journal)
        return self.strip(arrange(pieces, right, width, marks=marks), width)

    def _badges(self) -> list[Chunk]:
        return [_badge(badge, badge.text) for badge in self._facts.badges]

    def _both(self, badges: list[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
        kinds = {badge.kind: badge for badge in self._facts.badges}
        return badges, [_badge(one, _IN_SHORT[kind]) for kind, one in kinds.items()]

    def _title(self) -> Spans:
        facts = self._facts
        if not facts.environment:
            return (("oncall", Ink.STRONG),)
        ink = Ink.PRODUCTION if facts.production else Ink.ENVIRONMENT
        return (("oncall", Ink.STRONG), (" ", Ink.PLAIN), (facts.environment, ink))

    def _watchdog(self) -> list[Chunk]:
        missing = any(badge.kind is BadgeKind.WATCHDOG for badge in self._facts.badges)
        if missing or not self._facts.watchdog_ok:
            return []
        return [Chunk((("watchdog ", Ink.MUTED), ("ok", Ink.OK)), 40)]

    def _journal(self) -> list[Chunk]:
        status = self._facts.journal
        what, _, how = status.words.partition(" ")
        if not what:
            return []
        if status.is_well:
            return [Chunk(((f"{what} ", Ink.MUTED), (how, Ink.PLAIN)), 39)]
        # What is about to be sent is no fault, and yet on no other machine.
        ahead = status.state is JournalState.AHEAD
        return [Chunk(((status.words, Ink.PLAIN if ahead else Ink.WARNING),), 72 if ahead else 93)]

    def _score(self) -> list[Chunk]:
        value = self._facts.score.value
        if value is None:
            return []
        # Rounded down: 100 is a claim that every cell is OK.
        text = f"{int(value * 10) / 10:.1f}" if value < 100 else "100"
        return [Chunk((("score ", Ink.MUTED), (text, Ink.PLAIN)), 50)]

    def _in_full(self) -> list[Chunk]:
        """Every source with its age."""
        _, sick, well = self._shown()
        if not sick and not well:
            return [Chunk((("no sources", Ink.WARNING),), 90)]
        return [Chunk(self._sick(source), _NAMED) for source in sick] + [
            Chunk(self._well(source), 90) for source in well
        ]

    def _by_count(self) -> Iterator[list[Chunk]]:
        """How many are well and which are not, ever shorter; at last with some of the names."""
        shown, sick, well = self._shown()
        if not shown:
            yield self._in_full()
            return
        spans: list[tuple[str, Ink]] = [
            (f"{len(well)}/{len(shown)}", Ink.WARNING if sick else Ink.OK),
            (" sources", Ink.MUTED),
        ]
        ages = [age for source in well if (age := self._age(source)) is not None]
        if ages:
            spans.append((f" {_bound_text(max(ages))}", Ink.PLAIN))
        degraded = [
            Chunk(((source.name, Ink.WARNING), (" degraded", Ink.WARNING)), 85)
            for source in well
            if source.degraded
        ]
        count = Chunk(spans, 99)
        yield [count, *(Chunk(self._sick(source), _NAMED) for source in sick), *degraded]
        for most in range(len(sick), 0, -1):
            for worded in (True, False):
                yield [count, *self._named(sick, most, worded=worded), *degraded]

    def _named(self, sick: list[SourceHealth], most: int, *, worded: bool) -> list[Chunk]:
        names: dict[State, list[str]] = {}
        for source in sick[:most]:
            names.setdefault(source.state, []).append(source.name)
        chunks = []
        for state, these in names.items():
            text = f"{state_shape(state, self.glyphs.ascii_only)} {', '.join(these)}"
            text += f" {state}" if worded else ""
            chunks.append(Chunk(((text, STATE_INKS[state]),), _NAMED))
        if more := len(sick) - most:
            last = chunks.pop()
            chunks.append(Chunk((*last.spans, (f" +{more}", Ink.WARNING)), _NAMED))
        return chunks

    def _shown(self) -> tuple[list[SourceHealth], list[SourceHealth], list[SourceHealth]]:
        """All, those that are sick, and those that are well."""
        shown = [source for source in self._facts.sources if not source.member_of]
        return (
            shown,
            [source for source in shown if source.state is not State.OK],
            [source for source in shown if source.state is State.OK],
        )

    def _sick(self, source: SourceHealth) -> Spans:
        ink = STATE_INKS[source.state]
        shape = state_shape(source.state, self.glyphs.ascii_only)
        age = self._age(source)
        known = f" {age_text(age)}" if age is not None else " never answered"
        return ((f"{shape} {source.name} {source.state}", ink), (known, Ink.PLAIN))

    def _well(self, source: SourceHealth) -> Spans:
        age = self._age(source)
        spans = [(f"{source.name} ", Ink.MUTED)]
        if age is not None:
            spans.append((_bound_text(age), Ink.PLAIN))
        if source.degraded:
            spans.append((f" {source.degraded}", Ink.WARNING))
        return spans

    def _age(self, source: SourceHealth) -> timedelta | None:
        if source.last_ok is None or self._now is None:
            return None
        return self._now.since(source.last_ok)


def _badge(badge: Badge, text: str) -> Chunk:
    # Of a host that is cut off no source answers: that says more than their names.
    if badge.kind is BadgeKind.CUT_OFF:
        return Chunk(((text, Ink.BREACHED),), 99)
    return Chunk(((text, Ink.WARNING),), 95)


def _bound_text(age: timedelta) -> str:
    """A bound in steps of five seconds: it holds for a while, so that the line rests."""
    seconds = age.total_seconds()
    if seconds >= 60:
        return age_text(age, coarse=True)
    return f"<{(int(max(0.0, seconds)) // _BOUND_S + 1) * _BOUND_S}s"
