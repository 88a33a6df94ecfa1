"""Everything that is known about one row, and its expression over the last hour."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import msgspec

from console.engine.evidence_known import known_lines
from console.engine.evidence_words import Topic
from console.engine.questions import RuleOf, Trend, ValueNow, rule_of
from console.model.failure import Failure
from console.model.labels import Labels
from console.model.papers import IncidentPaper
from console.model.snapshot import KnownAlert
from console.model.update import Update
from console.model.worklist import Row, Worklist
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.document import DocumentFrame
from screens.evidence import uncut
from screens.evidence_asking import Asking, EvidenceCame
from screens.here import Subject, subject_of_row
from screens.row_facts import parts_of
from screens.sections import section
from widgets.detail import Blank, Field, Figure, Part, SpanLine, Title
from widgets.graph import Chart, Curve, plot
from widgets.paint import Spans
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine

GRAPH_LINES = 12
INCIDENTS = 3
"""Of those that an alert is linked to, the newest, among the links."""


class DetailScreen(DocumentFrame):
    """One row, whole. It follows the row through updates, and keeps it when it is gone."""

    word: ClassVar[str] = "detail"

    def __init__(self, row: Row, *, at: str = "") -> None:
        """
        Args:
            row: what was under the cursor; narrowed to one alert for an alert of a group.
            at: the part to begin with: `trend`, `links`, or nothing.
        """
        super().__init__()
        self._row = row
        self._at = at
        self._gone = False
        self._value: ValueNow | None = None
        self._trend: Trend | None = None
        self._asked = False
        self._asking = Asking(self)

    @property
    def first(self) -> KnownAlert | None:
        """The alert that the rule and the graph are about."""
        return self._row.alerts[0] if self._row.alerts else None

    @property
    def wanted_row(self) -> Row | None:
        return None if self._gone else self._row

    @property
    def subject(self) -> Subject | None:
        update = self.console_app.fresh
        return None if update is None else subject_of_row(self._row, update.snapshot)

    def show_body(self, update: Update) -> None:
        self._follow(update.worklist)
        rule = rule_of(self.first, update.snapshot) if self.first is not None else None
        if rule is not None and self.first is not None and not self._asked:
            self._asked = True
            self.run_worker(self._ask(rule, self.first.alert.labels), exit_on_error=False)
        parts = [*self._evidence(update), *parts_of(self._row, update.snapshot, self._value)]
        graph = self._graph(rule)
        if self._at == "trend":
            parts = [*graph, *parts]
        elif self._at == "links":
            facts = (
                Field(one.incident.id, Raw(f"{one.incident.title} ({one.incident.state})"))
                for one in self._papers_of_it()[:INCIDENTS]
            )
            parts = [*section("incidents", facts), *_from(parts, "links"), *graph]
        else:
            parts = [*parts, *graph]
        if self._gone:
            gone = "it is not in the worklist any more; this is how it was last seen"
            parts = [SpanLine(((gone, Ink.WARNING),)), Blank(), *parts]
        self.detail.show(parts, subject=f"{self._row.key} {self._at}")

    def _evidence(self, update: Update) -> tuple[Part, ...]:
        """All evidence, whole."""
        if self._gone:
            self._asking.leave()
            return ()
        self._asking.look_at(self._row, update.snapshot)
        known = known_lines(self._row, update.worklist, update.snapshot, update.acting, update.runs)
        # What it says of itself stands in the section after this one.
        lines = [line for line in self._asking.beside(known) if line.topic is not Topic.SAYS]
        return section("evidence", uncut(lines, self.console_app.clock.now()))

    def on_evidence_came(self, event: EvidenceCame) -> None:
        if self._asking.take(event) and self.console_app.fresh is not None:
            self.show_body(self.console_app.fresh)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self._asking.tick(now)
        if self.console_app.fresh is not None:
            self.show_body(self.console_app.fresh)

    def on_screen_suspend(self) -> None:
        self._asking.leave()

    def _follow(self, worklist: Worklist) -> None:
        """Take the row's newest form; a narrowed one keeps to its alert."""
        found = next(
            (row for row in (*worklist.rows, *worklist.old) if row.key == self._row.key), None
        )
        if found is None:
            self._gone = True
            return
        if self.first is None or len(self._row.alerts) > 1 or len(found.alerts) == 1:
            self._gone, self._row = False, found
            return
        known = next((known for known in found.alerts if known.key == self.first.key), None)
        self._gone = known is None
        if known is not None:
            self._row = msgspec.structs.replace(
                self._row, alerts=(known,), state=known.state, standing=known.standing
            )

    async def _ask(self, rule: RuleOf, labels: Labels) -> None:
        """Ask for the value now and the last hour, on the engine's loop."""

        async def questions(engine: Engine) -> tuple[ValueNow, Trend]:
            inquiry = engine.inquiry()
            return await asyncio.gather(inquiry.value_now(rule), inquiry.trend(rule, labels))

        future = self.console_app.engine.ask(questions)
        if future is None:
            self._asked = False
            return
        value, trend = await asyncio.wrap_future(future)
        self._value, self._trend = value, trend
        if self.console_app.fresh is not None and self.is_attached:
            self.show_body(self.console_app.fresh)

    # The graph

    def _graph(self, rule: RuleOf | None) -> list[Part]:
        if self.first is None:
            return []
        head = Title((("last hour", Ink.HEADING),))
        if rule is None:
            return [head, SpanLine((("no rule is known, so nothing to draw", Ink.MUTED),)), Blank()]
        trend = self._trend
        if trend is None:
            return [head, SpanLine((("asking…", Ink.MUTED),)), Blank()]
        if isinstance(trend.answer, Failure):
            failure = trend.answer
            return [
                head,
                Field("came", failure.cause, Ink.UNKNOWN),
                Field("to do", failure.remedy),
                Blank(),
            ]
        chart = chart_of(trend)
        glyphs = self.detail.glyphs

        def draw(width: int) -> Sequence[Spans]:
            return plot(chart, width, GRAPH_LINES, glyphs=glyphs)

        parts: list[Part] = [head, Field("drawn", trend.query), Figure(draw)]
        if trend.threshold is not None:
            parts.append(Field("fires at", f"{trend.operator} {trend.threshold:g}"))
        if not trend.mine and trend.answer.series:
            parts.append(Field("note", "none of these series has the alert's labels", Ink.WARNING))
        parts += [Field("partial", warning, Ink.WARNING) for warning in trend.answer.warnings]
        return [*parts, Blank()]

    # Actions

    def do_row_trend(self) -> None:
        self._show_at("" if self._at == "trend" else "trend")

    def do_row_links(self) -> None:
        """Show the links first; once they stand there, have one of them followed."""
        links = self.first.alert.links if self.first is not None else ()
        papers = self._papers_of_it()
        if self._at == "links" and (links or papers):
            from screens.links import choose_link  # late: the first frame needs nothing of it

            choose_link(self.console_app, links, papers[:INCIDENTS])
        else:
            self._show_at("links")

    def _papers_of_it(self) -> Sequence[IncidentPaper]:
        """The incidents that its alerts are linked to, the newest first."""
        fresh = self.console_app.fresh
        keys = {known.key for known in self._row.alerts}
        papers = () if fresh is None else fresh.papers.incidents
        return [one for one in papers if not keys.isdisjoint(one.incident.alerts)]

    def do_row_detail(self) -> None:
        self._show_at("")

    def do_row_open(self) -> None:
        self._show_at("")

    def _show_at(self, at: str) -> None:
        self._at = at
        if self.console_app.fresh is not None:
            self.show_body(self.console_app.fresh)

    def do_row_copy(self) -> None:
        known = self.first
        if self._row.failure is not None and self._row.failure.curl:
            self.copy_text(self._row.failure.curl, "curl command")
        elif known is not None and self._at == "links" and known.alert.links:
            self.copy_text(known.alert.links[0][1], known.alert.links[0][0])
        elif known is not None:
            self.copy_text(known.alert.labels.written, "labels")
        else:
            self.copy_text(Raw(visible(self._row.title)), "title")


def chart_of(trend: Trend) -> Chart:
    """A trend as a chart: the alert's own series, or the first few where none is its own."""
    assert not isinstance(trend.answer, Failure)
    series = trend.answer.series[: trend.mine] if trend.mine else trend.answer.series
    return Chart(
        curves=tuple(Curve(one.labels.written, one.points) for one in series),
        start=trend.start,
        end=trend.end,
        step=trend.step,
        threshold=trend.threshold,
        partial=bool(trend.answer.warnings),
    )


def _from(parts: Sequence[Part], title: str) -> list[Part]:
    """`parts` with the section called `title` first."""
    starts = [i for i, part in enumerate(parts) if isinstance(part, Title)]
    for n, start in enumerate(starts):
        head = parts[start]
        assert isinstance(head, Title)
        if head.spans[0][0] == title:
            end = starts[n + 1] if n + 1 < len(starts) else len(parts)
            return [*parts[start:end], *parts[:start], *parts[end:]]
    return list(parts)
