"""A strip is read without colour, in ASCII, and at every width."""

from __future__ import annotations

import pytest

from console.model.band import Band
from console.safety.text import cell_width
from widgets.heat_strip import Cell, in_line, legend, shape_of, strip_spans, titles
from widgets.paint import ASCII_GLYPHS, GLYPHS, Spans


def text_of(spans: Spans) -> str:
    return "".join(str(text) for text, _ in spans)


@pytest.mark.parametrize("ascii_only", [False, True])
def test_every_band_has_a_shape_of_its_own_that_is_one_cell_wide(ascii_only: bool) -> None:
    shapes = [shape_of(band, ascii_only=ascii_only) for band in Band]
    assert len(set(shapes)) == len(Band)
    assert all(cell_width(one) == 1 for one in shapes)
    if ascii_only:
        assert "".join(shapes).isascii()


@pytest.mark.parametrize(
    ("width", "shown"),
    [(1, "#X?!"), (2, "#iX&?c! "), (3, "##iXX&?Xc!! "), (5, "####iXXXX&???Xc!!!! ")],
)
def test_marks_lie_over_the_days_as_soon_as_there_is_room(width: int, shown: str) -> None:
    cells = [
        Cell(Band.UP, incident=True),
        Cell(Band.FAR, incident=True, change=True),
        Cell(Band.UNKNOWN, change=True, was_down=True),
        Cell(Band.MISSED),
    ]
    assert text_of(strip_spans(cells, width, ascii_only=True)) == shown.replace("X", "x")


def test_labels_stand_over_their_cells() -> None:
    assert titles(["16", "17"], 3) == "16 17 "
    assert titles(["Mon 16", "Tue 17"], 7) == "Mon 16 Tue 17 "
    assert titles(["M", "T"], 2) == "M T "
    assert titles(["16", "17"], 1) == "11"


def test_a_legend_that_does_not_fit_leaves_out_whole_pieces_from_its_end() -> None:
    wide = text_of(in_line(legend(ascii_only=False), 200, GLYPHS))
    narrow = text_of(in_line(legend(ascii_only=True), 40, ASCII_GLYPHS))
    assert "too little data" in wide and wide.endswith("c change")
    assert len(narrow) <= 40 and narrow.startswith("# up  + down") and narrow.isascii()
