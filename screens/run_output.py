"""The output of a step as lines: both streams, marked, capped, with every cut said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from console.model.run import Attempt, StepOutput
from console.model.words import count_text
from console.safety.text import Raw
from widgets.output_view import OutputLine
from widgets.paint import Spans
from widgets.theme import Ink

MAX_LINES: Final = 10_000
"""Of each stream; more than that is in the middle left out of what is shown."""
MAX_CHARS: Final = 4_096
"""Of one line."""
ERR: Final = "err"


def output_lines(output: StepOutput) -> tuple[OutputLine, ...]:
    """What it printed, then what it complained of: the two come on ways of their own, so that
    nobody knows any more which line came first."""
    return (*_lines(output.stdout, "", Ink.PLAIN), *_lines(output.stderr, ERR, Ink.WARNING))


def excerpt_lines(attempt: Attempt | None) -> tuple[OutputLine, ...]:
    """What a run remembers of an output that this console has not seen itself."""
    return () if attempt is None else tuple(_lines(Raw(attempt.excerpt), "", Ink.PLAIN))


def _lines(text: Raw, mark: str, ink: Ink) -> Iterator[OutputLine]:
    lines = text.exact.removesuffix("\n").split("\n") if text else []
    hidden = len(lines) - MAX_LINES
    for number, line in enumerate(lines):
        if hidden > 0 and MAX_LINES // 2 <= number < MAX_LINES // 2 + hidden:
            if number == MAX_LINES // 2:
                said = f"... {count_text(hidden)} lines are not shown here"
                yield OutputLine(None, Raw(said), "", Ink.MUTED)
            continue
        yield OutputLine(None, _capped(line.removesuffix("\r")), mark, ink)


def _capped(line: str) -> Raw:
    if len(line) <= MAX_CHARS:
        return Raw(line)
    return Raw(f"{line[:MAX_CHARS]}... {count_text(len(line) - MAX_CHARS)} characters more")


def output_title(output: StepOutput, lines: int, *, runs: bool, found: Spans = ()) -> Spans:
    """How much there is, whether all of it is here, and whether it goes on."""
    spans = [("output", Ink.HEADING), (f"  {_size(output, lines)}", Ink.PLAIN)]
    if output.stderr_bytes:
        spans.append((f"  {_bytes(output.stderr_bytes)} of it stderr", Ink.WARNING))
    if output.is_cut:
        spans.append(("  its beginning and its end", Ink.WARNING))
    if runs:
        spans.append(("  goes on", Ink.OK))
    return (*spans, *found)


def _size(output: StepOutput, lines: int) -> str:
    size = output.stdout_bytes + output.stderr_bytes
    if not size and not lines:
        return "nothing printed"
    word = "line" if lines == 1 else "lines"
    said = f"{count_text(lines)} {word}"
    return f"{said}, {_bytes(size)}" if size else said


def _bytes(size: int) -> str:
    if size < 1_000:
        return f"{size} B"
    return f"{size / 1_000:.1f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
