"""Two versions of a document, line by line: what stands in one only, marked and in its ink."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from console.model.words import count_text, many
from console.safety.text import MARKS, cell_width, visible
from widgets.paint import Spans
from widgets.theme import Ink
from widgets.wrap import wrapped

SIDE_BY_SIDE: Final = 120
"""From so many cells on, both versions stand beside each other."""
AROUND: Final = 2
"""Equal lines that are shown around what differs."""
MOST: Final = 800
"""Of so many lines that differ, which belongs to which is still searched for: that takes their
product of steps, and the keys wait for it."""
SHOWN: Final = 4_000
"""Lines of a version that are shown at most."""


class Piece(NamedTuple):
    """A stretch of both versions."""

    same: bool
    theirs: Sequence[str]
    mine: Sequence[str]


def pieces(theirs: bytes, mine: bytes) -> tuple[Piece, ...]:
    """Both versions as stretches that are the same or not, in order; every line is in one."""
    left, right = _lines(theirs), _lines(mine)
    head = _common(left, right)
    tail = _common(left[head:][::-1], right[head:][::-1])
    left_middle = left[head : len(left) - tail]
    right_middle = right[head : len(right) - tail]
    found = [Piece(True, left[:head], right[:head])]
    if max(len(left_middle), len(right_middle)) > MOST:
        found.append(Piece(False, left_middle, right_middle))
    else:
        matcher = difflib.SequenceMatcher(None, left_middle, right_middle)
        found += [
            Piece(tag == "equal", left_middle[low:high], right_middle[start:end])
            for tag, low, high, start, end in matcher.get_opcodes()
        ]
    found.append(Piece(True, left[len(left) - tail :], right[len(right) - tail :]))
    return tuple(one for one in found if one.theirs or one.mine)


def differences(theirs: bytes, mine: bytes, width: int) -> Iterator[Spans]:
    """One below the other: `-` stands in theirs only, `+` in mine only."""
    for piece in _shown(theirs, mine):
        if isinstance(piece, str):
            yield ((piece, Ink.MUTED),)
        elif piece.same:
            yield from _marked(" ", piece.mine, Ink.MUTED, width)
        else:
            yield from _marked("-", piece.theirs, Ink.FIRING, width)
            yield from _marked("+", piece.mine, Ink.OK, width)


def side_by_side(theirs: bytes, mine: bytes, width: int) -> Iterator[Spans]:
    """Theirs on the left, mine on the right, what belongs together on one line."""
    half = (width - 1) // 2
    for piece in _shown(theirs, mine):
        if isinstance(piece, str):
            yield ((piece, Ink.MUTED),)
            continue
        signs = (" ", " ") if piece.same else ("-", "+")
        inks = (Ink.MUTED, Ink.MUTED) if piece.same else (Ink.FIRING, Ink.OK)
        for one, other in zip_longest(piece.theirs, piece.mine):
            left = [] if one is None else list(_marked(signs[0], (one,), inks[0], half))
            right = [] if other is None else list(_marked(signs[1], (other,), inks[1], half))
            for here, there in zip_longest(left, right, fillvalue=()):
                yield (*here, (" " * (half + 1 - _width(here)), Ink.PLAIN), *there)


def _width(spans: Spans) -> int:
    return sum(cell_width(visible(text)) for text, _ in spans)


def _marked(sign: str, lines: Sequence[str], ink: Ink, width: int) -> Iterator[Spans]:
    for line in lines:
        for number, part in enumerate(wrapped(line, width - 2, marks=MARKS)):
            yield ((f"{sign if number == 0 else ' '} {part}", ink),)


def _shown(theirs: bytes, mine: bytes) -> Iterator[Piece | str]:
    """The pieces without what is equal far from any difference, and not without end."""
    found = pieces(theirs, mine)
    left = SHOWN
    if all(one.same for one in found):
        yield "both are the same"
        return
    for number, piece in enumerate(found):
        if piece.same:
            yield from _trimmed(piece, first=number == 0, last=number == len(found) - 1)
            continue
        size = max(len(piece.theirs), len(piece.mine))
        yield Piece(False, piece.theirs[:left], piece.mine[:left])
        if size > left:
            yield f"... and {many(size - left, 'line')} more; the editor shows all of them"
            return
        left -= size


def _trimmed(piece: Piece, *, first: bool, last: bool) -> Iterator[Piece | str]:
    before = 0 if first else AROUND
    after = 0 if last else AROUND
    lines = piece.mine
    hidden = len(lines) - before - after
    if hidden <= 1:
        yield piece
        return
    if before:
        yield Piece(True, lines[:before], lines[:before])
    yield f"  ... {count_text(hidden)} equal lines"
    if after:
        yield Piece(True, lines[-after:], lines[-after:])


def _lines(content: bytes) -> list[str]:
    lines = content.decode("utf-8", "replace").split("\n")
    return lines if lines[-1] else lines[:-1]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
