"""Text for standard output: aligned, cut with a mark, harmless, coloured only where wanted."""

from __future__ import annotations

import unicodedata

import pytest

from console.cli.table import Cell, Column, Paper, paper_for
from console.model.state import State
from console.safety.text import Raw, cell_width
from tests.hostile import ATTACKS, hostile_count, hostile_strings

OBEYED = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Categories of characters that a terminal obeys, or that change what stands beside them."""
COLUMNS = (Column("A"), Column("NAME", least=4), Column("N", "right"), Column("REST", least=5))
ROWS = [
    [Cell("x"), Cell("short"), Cell("7"), Cell("the rest of it")],
    [Cell("yy"), Cell(Raw("支付回调延迟")), Cell("1,903"), Cell("还有更多的文字在这里")],
]


def column_starts(lines: list[str], words: list[str]) -> list[int]:
    return [cell_width(line[: line.index(word)]) for line, word in zip(lines, words, strict=True)]


def test_columns_line_up_under_wide_characters() -> None:
    lines = Paper().table(COLUMNS, ROWS)
    assert len(set(column_starts(lines, ["REST", "the", "还"]))) == 1


@pytest.mark.parametrize("cells", [20, 33, 40, 80, 200])
def test_a_table_is_never_wider_than_the_paper(cells: int) -> None:
    lines = Paper(cells=cells).table(COLUMNS, ROWS)
    assert max(map(cell_width, lines)) <= max(cells, 2 + 4 + 5 + 5 + 3 * 2)


def test_what_is_cut_ends_in_a_mark_and_a_pipe_cuts_nothing() -> None:
    assert "…" in "".join(Paper(cells=25).table(COLUMNS, ROWS))
    assert "~" in "".join(Paper(cells=25, ascii_only=True).table(COLUMNS, ROWS))
    long = [[Cell("x" * 300), Cell("end")]]
    assert "x" * 300 in Paper().table((Column("A", least=3), Column("B")), long)[1]


def test_a_state_is_a_word_and_a_shape_and_a_colour_only_where_wanted() -> None:
    plain = Paper().line(Paper().state(State.LOST))
    coloured = Paper(colour=True)
    assert plain.endswith(" LOST")
    assert not plain.isascii()
    assert Paper(ascii_only=True).line(Paper(ascii_only=True).state(State.LOST)).isascii()
    assert coloured.line(coloured.state(State.LOST)) == f"\x1b[35m{plain}\x1b[0m"


def test_nothing_from_outside_reaches_the_terminal_as_a_command() -> None:
    paper = Paper(cells=60)
    for text in (*ATTACKS, *hostile_strings(hostile_count(usual=2_000))):
        lines = paper.table(COLUMNS, [[Cell(Raw(text))] * 4], heading=False)
        lines.append(paper.line("x", Cell(Raw(text))))
        kinds = {unicodedata.category(character) for line in lines for character in line}
        assert kinds.isdisjoint(OBEYED), repr(text)


def test_a_pipe_gets_full_width_without_colour() -> None:
    # Under pytest standard output is no terminal.
    paper = paper_for(None)
    assert (paper.cells, paper.colour) == (None, False)
