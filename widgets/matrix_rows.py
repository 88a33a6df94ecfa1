"""What a matrix shows, and how the pieces of one of its lines look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from rich.style import Style

from console.model.state import State
from console.model.words import age_text, count_text, state_shape
from console.safety.clock import Instant
from console.safety.text import Raw, fit, fit_ends, visible
from widgets.matrix_layout import Layout, Size
from widgets.paint import STATE_INKS, Glyphs, Palette, Span, Spans
from widgets.theme import Ink

HEAD: Final = -1
"""The index at which the cursor is on the place itself."""
AGE: Final = ("AGE", 5)
"""The last column of facts: how old they are."""
_NO_STATE: Final = "-"


class Service(msgspec.Struct, frozen=True):
    """One cell."""

    key: str
    """Stable and unique."""
    name: Raw | str
    state: State
    critical: bool = False


class Place(msgspec.Struct, frozen=True):
    """One row: a host, a namespace, or where pages and endpoints stand."""

    name: Raw | str
    services: tuple[Service, ...]
    note: str = ""
    """What is said where its facts would stand, or its services where it has none: `no SSH`."""
    note_ink: Ink = Ink.MUTED
    key: str = ""
    """Unique among the rows; empty: its name."""
    score: float | None = None
    """Of a hundred; `None` where it has nothing that could be well."""
    facts: tuple[Span, ...] = ()
    """One a column; empty where it has none at all."""
    as_of: Instant | None = None
    """When the facts were learned."""
    old_after_s: float = 60.0
    """How old the facts may be; older ones are drawn as such."""
    above: Spans = ()
    """A heading over it; the cursor does not stop there."""
    worst: State | None = None
    """Of its services; made from them."""
    bad: int = 0
    """How many of its services are not OK; made from them."""

    def __post_init__(self) -> None:
        states = [service.state for service in self.services if service.state is not State.OK]
        worst = max(states, key=lambda state: state.badness, default=State.OK)
        msgspec.structs.force_setattr(self, "bad", len(states))
        msgspec.structs.force_setattr(self, "worst", worst if self.services else None)

    @property
    def ident(self) -> str:
        """By which the cursor finds it again."""
        return self.key or visible(self.name)

    @property
    def size(self) -> Size:
        """What the layout has to know of it."""
        return Size(len(self.services), bool(self.bad), bool(self.above))

    def same_shape(self, other: Place) -> bool:
        """Whether it takes the same lines, with the same services in them."""
        return self is other or (
            self.size == other.size
            and self.ident == other.ident
            and all(a.key == b.key for a, b in zip(self.services, other.services, strict=True))
        )


def title_spans(layout: Layout, columns: Iterable[tuple[str, int]]) -> Spans:
    """The line over all places."""
    head = fit("  PLACE", layout.label - 12) + fit("STATE", 8) + fit("OK%", 4, align="right")
    shown = [*columns][: layout.columns]
    facts = "".join(" " + fit(name, cells, align="right") for name, cells in shown)
    return ((head + facts + ("  " if facts else " ") + "SERVICES", Ink.COLUMN),)


def line_parts(
    place: Place,
    sub: int,
    layout: Layout,
    at: int | None,
    age: tuple[str, bool],
    columns: Sequence[tuple[str, int]],
    glyphs: Glyphs,
    palette: Palette,
) -> list[tuple[Raw | str, Style]]:
    """One of the lines of a place.

    Args:
        sub: which of its lines; 0 is the first.
        at: the index of the cursor, where it stands in this line.
        age: of its facts, and whether that is too old.
        columns: titles and terminal cells of the facts.
    """
    parts: list[tuple[Raw | str, Style]] = [
        (text, palette.style(ink, cursor=at == HEAD))
        for text, ink in _label(place, sub, layout, glyphs)
    ]
    facts: Spans = ((" " * layout.facts, Ink.PLAIN),)
    if sub == 0:
        facts = fact_spans(place, layout, columns, age[0], glyphs)
    parts += [(text, palette.style(ink, dimmed=age[1])) for text, ink in facts]
    if not place.services and sub == 0:
        return [*parts, (place.note, palette.style(place.note_ink))]
    first = sub * layout.across
    gap = " " if layout.pitch > 1 else ""
    for index, service in enumerate(place.services[first : first + layout.across], first):
        parts += [
            (text, palette.style(ink, cursor=at == index))
            for text, ink in service_spans(service, layout, glyphs)
        ]
        parts.append((gap, palette.base))
    return parts


def _label(place: Place, sub: int, layout: Layout, glyphs: Glyphs) -> Spans:
    blank = ((" " * (layout.label + 1), Ink.PLAIN),)
    if layout.below:
        if sub == 0:
            return upper_label(place, layout, glyphs)
        return lower_label(place, layout) if sub == 1 else blank
    if sub:
        return blank
    if layout.told:
        return told_label(place, layout, glyphs)
    return plain_label(place, layout.label, glyphs)


def plain_label(place: Place, cells: int, glyphs: Glyphs) -> list[Span]:
    """Its name and how much is not well, in `cells` and a blank."""
    marks = glyphs.marks
    if not place.bad or place.worst is None:
        return [(fit_ends(place.name, cells, marks=marks), Ink.NAME), (" ", Ink.PLAIN)]
    count = count_text(place.bad)
    room = max(1, cells - len(count) - 1)
    return [
        (fit_ends(place.name, room, marks=marks), Ink.STRONG),
        (f" {count} ", STATE_INKS[place.worst]),
    ]


def told_label(place: Place, layout: Layout, glyphs: Glyphs) -> list[Span]:
    """Shape, name, state and score side by side."""
    name = layout.label - 12 - 2
    return [
        _shape(place, glyphs),
        (fit_ends(place.name, name - 1, marks=glyphs.marks) + " ", _name_ink(place)),
        (fit(_word(place), 8), _state_ink(place)),
        (fit(_score(place), 4, align="right") + " ", _state_ink(place, plain=True)),
    ]


def upper_label(place: Place, layout: Layout, glyphs: Glyphs) -> list[Span]:
    """Shape and name; the state stands below."""
    name = fit_ends(place.name, layout.label - 2, marks=glyphs.marks)
    return [_shape(place, glyphs), (name + " ", _name_ink(place))]


def lower_label(place: Place, layout: Layout) -> list[Span]:
    """State and score, below the name."""
    score = _score(place)
    told = f"{score}%" if score else ""
    word = fit(f"  {_word(place)}", layout.label - len(told))
    return [(word, _state_ink(place)), (told + " ", _state_ink(place, plain=True))]


def fact_spans(
    place: Place, layout: Layout, columns: Iterable[tuple[str, int]], age: str, glyphs: Glyphs
) -> list[Span]:
    """The facts of a place in their columns, or its note; with the blank behind them."""
    if not layout.facts:
        return []
    if not place.facts:
        note = place.note if place.services else ""
        return [(f" {fit(note, layout.facts - 2, marks=glyphs.marks)} ", place.note_ink)]
    shown = [*columns][: layout.columns]
    cells: list[Span] = [*place.facts, (age, Ink.MUTED)]
    spans: list[Span] = []
    for (_, width), (text, ink) in zip(shown, cells, strict=False):
        spans += [(" ", Ink.PLAIN), (fit(text, width, align="right", marks=glyphs.marks), ink)]
    return [*spans, (" ", Ink.PLAIN)]


def service_spans(service: Service, layout: Layout, glyphs: Glyphs) -> list[Span]:
    """One cell in one terminal cell less than the pitch, where that is more than one."""
    shape = state_shape(service.state, glyphs.ascii_only)
    ink = STATE_INKS[service.state]
    if not layout.named:
        return [(shape, ink)]
    name = fit_ends(service.name, layout.pitch - 3, marks=glyphs.marks)
    return [(f"{shape} ", ink), (name, Ink.PLAIN if service.state is State.OK else ink)]


def age_of(place: Place, now: Instant | None) -> tuple[str, bool]:
    """How old the facts of a place are, in words, and whether that is too old."""
    if now is None or place.as_of is None:
        return "?", False
    age = now.since(place.as_of)
    return age_text(age, coarse=True), age.total_seconds() > place.old_after_s


def _shape(place: Place, glyphs: Glyphs) -> Span:
    if place.worst is None:
        return (f"{_NO_STATE} ", Ink.MUTED)
    return (f"{state_shape(place.worst, glyphs.ascii_only)} ", STATE_INKS[place.worst])


def _word(place: Place) -> str:
    return "" if place.worst is None else place.worst.value


def _score(place: Place) -> str:
    """Rounded down: a hundred is said only where it is one."""
    return "" if place.score is None else str(int(place.score))


def _name_ink(place: Place) -> Ink:
    return Ink.STRONG if place.bad else Ink.NAME


def _state_ink(place: Place, *, plain: bool = False) -> Ink:
    if place.worst is None:
        return Ink.MUTED
    if place.worst is State.OK:
        return Ink.MUTED if plain else Ink.OK
    return Ink.PLAIN if plain else STATE_INKS[place.worst]
