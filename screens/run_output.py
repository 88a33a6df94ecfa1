"""The output of a step as lines: both streams, marked, capped, with every cut said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from console.model.run import Attempt, StepOutput
from console.model.words import count_text
from console.runbook.printed import printed_lines
from console.safety.text import Raw
from widgets.output_view import OutputLine
from widgets.paint import Spans
from widgets.theme import Ink

ERR: Final = "err"


def output_lines(output: StepOutput) -> tuple[OutputLine, ...]:
    """What it printed, then what it complained of: the two come on ways of their own, so that
    nobody knows any more which line came first."""
    return (*_lines(output.stdout, "", Ink.PLAIN), *_lines(output.stderr, ERR, Ink.WARNING))


def excerpt_lines(attempt: Attempt | None) -> tuple[OutputLine, ...]:
    """What a run remembers of an output that this console has not seen itself."""
    return () if attempt is None else tuple(_lines(Raw(attempt.excerpt), "", Ink.PLAIN))


def _lines(text: Raw, mark: str, ink: Ink) -> Iterator[OutputLine]:
    for line, is_printed in printed_lines(text):
        yield OutputLine(None, line, mark=mark, ink=ink if is_printed else Ink.MUTED)


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
