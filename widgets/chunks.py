"""One line made of pieces of which some may be left out when it gets narrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from console.safety.text import Marks
from widgets.paint import Span, Spans, width_of
from widgets.theme import Ink

GAP: Final = 2
"""Cells between two pieces."""


class Chunk(NamedTuple):
    """A piece of a line that is shown whole or not at all."""

    spans: Spans
    priority: int
    """In a narrow line the lowest go first."""


def arrange(
    left: Sequence[Chunk], right: Sequence[Chunk], width: int, *, marks: Marks, gap: int = GAP
) -> list[Span]:
    """`left` from the left edge and `right` up to the right one, in `width` cells.

    Where not all fit, the pieces of the lowest priority are left out, and of two that are
    equal the one further right; one that is too long makes room for those after it. The first
    by priority always stays and may be too long; `strip_of()` cuts it.
    """
    pieces = [(chunk, width_of(chunk.spans, marks), False) for chunk in left if chunk.spans]
    pieces += [(chunk, width_of(chunk.spans, marks), True) for chunk in right if chunk.spans]
    kept: list[int] = []
    for number in sorted(range(len(pieces)), key=lambda one: (-pieces[one][0].priority, one)):
        if not kept or _total([*kept, number], pieces, gap) <= width:
            kept.append(number)
    kept.sort()
    start = [pieces[number][0] for number in kept if not pieces[number][2]]
    end = [pieces[number][0] for number in kept if pieces[number][2]]
    spans = _joined(start, gap)
    if end:
        tail = _joined(end, gap)
        free = width - width_of(spans, marks) - width_of(tail, marks)
        spans.append((" " * max(gap if start else 0, free), Ink.PLAIN))
        spans += tail
    return spans


def _total(kept: Sequence[int], pieces: Sequence[tuple[Chunk, int, bool]], gap: int) -> int:
    return sum(pieces[number][1] for number in kept) + gap * (len(kept) - 1)


def _joined(chunks: Sequence[Chunk], gap: int) -> list[Span]:
    spans: list[Span] = []
    for chunk in chunks:
        if spans:
            spans.append((" " * gap, Ink.PLAIN))
        spans += chunk.spans
    return spans
