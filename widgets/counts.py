"""The second line: how much there is of what. In a storm it is the storm's line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import ClassVar

from textual.strip import Strip

from console.model.state import Priority, State
from console.model.words import count_text
from console.model.worklist import Counts, PriorityCount, Storm
from widgets.chunks import Chunk, arrange
from widgets.line_view import LineView
from widgets.paint import PRIORITY_INKS, STATE_INKS, Spans
from widgets.theme import Ink


class CountsLine(LineView):
    """`P0 1 new   P1 1 acked   P2 2   P3 38 old     silenced 4    62 svc: 1 firing`."""

    DEFAULT_CSS: ClassVar[str] = """
    CountsLine {
        height: 1;
    }
    """

    _counts = Counts()
    _storm: Storm | None = None
    _states: Counter[State] | None = None
    _held = False
    _zone: tzinfo | None = None

    def show(
        self,
        counts: Counts,
        states: Iterable[State] = (),
        *,
        storm: Storm | None = None,
        held: bool = False,
        zone: tzinfo | None = None,
    ) -> None:
        """
        Args:
            counts: of alerts, failing checks and sick sources.
            states: one for every service.
            storm: the present storm, whose line then takes the place of the counts.
            held: in a storm, whether the order is held and `O` would re-sort.
            zone: of the storm's start; `None` for the machine's own.
        """
        self._counts, self._storm, self._held, self._zone = counts, storm, held, zone
        self._states = Counter(states)
        self.repaint_changed()

    def line(self, y: int, width: int) -> Strip:
        if self._storm is not None:
            left, right = self._storm_chunks(self._storm), self._priorities(short=True)
        else:
            left, right = self._priorities(short=False) + self._asides(), self._services()
        spans = arrange(left, right, width, marks=self.glyphs.marks, gap=2 if width < 100 else 3)
        return self.strip(spans, width)

    def _priorities(self, *, short: bool) -> list[Chunk]:
        chunks = []
        for priority, count in zip(Priority, self._counts.by_priority, strict=True):
            if short and not count.total:
                continue
            spans = _bare(priority, count) if short else _full(priority, count)
            if not (count.total or self._counts.known):
                spans = ((f"{priority} ", Ink.MUTED), ("?", Ink.UNKNOWN))
            chunks.append(Chunk(spans, 60 if short else 100 - priority))
        return chunks

    def _asides(self) -> list[Chunk]:
        counts = self._counts
        named = (
            ("lost", counts.lost, Ink.LOST, 95),
            ("stale", counts.stale, Ink.STALE, 94),
            ("pending", counts.pending, Ink.PLAIN, 60),
            ("silenced", counts.silenced, Ink.PLAIN, 70),
            ("inhibited", counts.inhibited, Ink.PLAIN, 50),
            ("muted", counts.muted, Ink.PLAIN, 50),
        )
        return [
            Chunk(((f"{word} ", Ink.MUTED), (count_text(count), ink)), priority)
            for word, count, ink, priority in named
            if count
        ]

    def _services(self) -> list[Chunk]:
        states = self._states
        if states is None or not (total := states.total()):
            return []
        spans: list[tuple[str, Ink]] = [(f"{count_text(total)} svc:", Ink.MUTED)]
        worst_first = sorted(State, key=lambda state: -state.badness)
        bad = [state for state in worst_first if state is not State.OK and states[state]]
        spans += [
            (f" {count_text(states[state])} {state.lower()}", STATE_INKS[state]) for state in bad
        ]
        if not bad:
            spans.append((" all ok", Ink.OK))
        return [Chunk(spans, 90)]

    def _storm_chunks(self, storm: Storm) -> list[Chunk]:
        since = storm.since.astimezone(self._zone)
        rate = f"+{count_text(storm.new_per_minute)}/min"
        chunks = [
            Chunk((("STORM", Ink.BREACHED), (f" {since:%H:%M:%S}", Ink.STRONG)), 100),
            Chunk(
                (
                    (
                        f"{count_text(storm.alerts)} alerts = {count_text(storm.rows)} "
                        + ("row" if storm.rows == 1 else "rows"),
                        Ink.PLAIN,
                    ),
                ),
                99,
            ),
            Chunk(((f"{rate}, {'falling' if storm.falling else 'going on'}", Ink.PLAIN),), 98),
        ]
        if self._held:
            chunks.append(
                Chunk(
                    (("order held, ", Ink.WARNING), ("O", Ink.KEY), (" re-sorts", Ink.WARNING)), 97
                )
            )
        return chunks


def _bare(priority: Priority, count: PriorityCount) -> Spans:
    return ((f"{priority} ", PRIORITY_INKS[priority]), (count_text(count.total), Ink.STRONG))


def _full(priority: Priority, count: PriorityCount) -> Spans:
    if not count.total:
        return ((f"{priority} 0", Ink.MUTED),)
    named = [("new", count.new), ("acked", count.acked), ("old", count.old)]
    some: Sequence[tuple[str, int]] = [(word, number) for word, number in named if number]
    bare = _bare(priority, count)
    if len(some) == 1 and some[0][1] == count.total:
        return (*bare, (f" {some[0][0]}", Ink.PLAIN))
    if not some:
        return bare
    inside = " ".join(f"{count_text(number)} {word}" for word, number in some)
    return (*bare, (f" ({inside})", Ink.PLAIN))
