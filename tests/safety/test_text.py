from __future__ import annotations

import ast
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from console.safety.text import (
    ASCII_MARKS,
    MAX_VALUE_CHARS,
    Raw,
    cap,
    cell_width,
    fit,
    fit_ends,
    quoted,
    strip_credentials,
    visible,
    with_port,
)
from tests.hostile import hostile_count, hostile_strings

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def forbidden_in(shown: str) -> list[str]:
    return [f"{ord(c):04X}" for c in shown if unicodedata.category(c) in FORBIDDEN]


def test_hostile_strings_come_out_harmless_and_as_wide_as_they_say() -> None:
    for text in hostile_strings(hostile_count()):
        shown = visible(Raw(text))
        assert not forbidden_in(shown), (text, shown)
        assert cell_width(shown) == cell_len(shown), (text, shown)
        for cells in (0, 1, 2, 7, 40):
            cut = visible(text, cells=cells)
            assert cell_len(cut) <= cells
            assert not forbidden_in(cut)
            assert cell_len(fit(text, cells)) == cells
        ends = fit_ends(text, 13)
        assert cell_len(ends) == 13, (text, ends)
        assert not forbidden_in(ends)
        assert forbidden_in(visible(text, lines=True).replace("\n", "")) == []


def test_every_code_point_is_either_shown_as_wide_as_rich_draws_it_or_spelt_out() -> None:
    for first in range(0, 0x110000, 128):
        text = "a".join(map(chr, range(first, first + 128)))
        shown = visible(text, lines=True).replace("\n", "")
        assert not forbidden_in(shown), hex(first)
        assert cell_width(shown) == cell_len(shown), hex(first)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60), st.integers(0, 30))
def test_any_text_fits_exactly(text: str, cells: int) -> None:
    assert cell_len(fit(text, cells)) == cells
    assert cell_len(fit(text, cells, align="right")) == cells


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ascii", "plain ascii"),
        ("\x1b]0;x\x07", "^[]0;x^G"),
        ("a\x00b\x7f", "a^@b^?"),
        ("\x9b2J", "<U+009B>2J"),
        ("a\u202eb", "a<U+202E>b"),
        ("a\u200bb", "a<U+200B>b"),
        ("\u2028", "<U+2028>"),
        ("\U000e0041", "<U+E0041>"),
        ("\udc80", "<U+DC80>"),
        ("\ue000\uffff", "<U+E000><U+FFFF>"),
        ("a\tb", "a       b"),
        ("中\tb", "中      b"),
        ("one\ntwo\r\nthree\n\n", "one⏎two⏎three"),
        ("over\rwritten", "over^Mwritten"),
        ("e\u0301", "e\u0301"),
        ("e" + "\u0301" * 9 + "x", "e" + "\u0301" * 3 + "<+6 marks>x"),
        ("\u0301x", "<U+0301>x"),
        ("\u26a0\ufe0f!", "\u26a0!"),
        ("a\ufe0f", "a<U+FE0F>"),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("繁體中文", "繁體中文"),
    ],
)
def test_what_cannot_be_seen_is_spelt_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(Raw(text)) == shown


def test_lines_stay_where_they_are_asked_for() -> None:
    assert visible("a\tb\r\nc\n", lines=True) == "a       b\nc\n"


def test_a_cut_value_ends_in_a_mark_and_no_wide_character_is_halved() -> None:
    assert visible("abcdef", cells=4) == "abc…"
    assert visible("中文字", cells=4) == "中…"
    assert visible("中文", cells=4) == "中文"
    assert visible("abcdef", cells=0) == ""
    assert visible("abcdef", cells=4, marks=ASCII_MARKS) == "abc~"
    assert visible("a\nb", marks=ASCII_MARKS) == "a^Jb"


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("redis", 8, "redis   "),
        ("alertmanager-b", 13, "alertma…ger-b"),
        ("services@data-1:5432", 13, "service…:5432"),
        ("services@data-1:50051", 9, "se…:50051"),
        ("alertmanager-b", 7, "alertm…"),
        ("帳務資料庫伺服器二", 13, "帳務資料…器二"),
        ("帳務資料庫伺e\u0301e\u0301e\u0301", 10, "帳務資…e\u0301e\u0301e\u0301"),
    ],
)
def test_of_a_name_that_is_cut_both_ends_stay(text: str, cells: int, shown: str) -> None:
    assert fit_ends(text, cells) == shown


def test_an_address_keeps_its_port_and_other_text_its_start() -> None:
    assert with_port("10.120.30.41:9100", 11) == "10.12…:9100"
    assert with_port(Raw("web-2:80"), 11) == "web-2:80"
    assert with_port("checkout-page@pages", 11) == "checkout-p…"


def test_a_number_column_lines_up_on_the_right() -> None:
    assert fit("7", 3, align="right") == "  7"
    assert fit("中", 4, align="right") == "  中"


def test_a_heap_of_marks_in_a_huge_value_does_not_hide_that_it_was_cut() -> None:
    shown = visible("a" + "\u0301" * 200_000 + "b", cells=10)
    assert shown.endswith("…")
    assert cell_len(shown) == 10


def test_a_quoted_value_is_safe_to_show_and_exact_to_paste() -> None:
    assert quoted('a"b\\c中') == '"a\\"b\\\\c中"'
    assert quoted(Raw("\x1b[2J\n\u202e\U000e0041")) == r'"\u001b[2J\n\u202e\U000e0041"'
    for text in hostile_strings(1_000):
        shown = quoted(text)
        assert not forbidden_in(shown)
        if len(text) < 4_096:
            assert ast.literal_eval(shown) == text


def test_values_past_the_cap_are_cut_and_flagged() -> None:
    assert cap("x" * MAX_VALUE_CHARS) == ("x" * MAX_VALUE_CHARS, False)
    assert cap("x" * (MAX_VALUE_CHARS + 1)) == ("x" * MAX_VALUE_CHARS, True)


def test_raw_text_can_not_be_formatted_by_accident() -> None:
    raw = Raw("\x1b[2J")
    with pytest.raises(TypeError, match="visible"):
        str(raw)
    with pytest.raises(TypeError, match="visible"):
        f"{raw}"
    assert "2J" not in repr(raw)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://prom:9090/graph?g0.expr=up", "http://prom:9090/graph?g0.expr=up"),
        ("https://kai:hunter2@prom/x", "https://prom/x"),
        ("https://kai:hun@ter2@prom/x", "https://prom/x"),
        ("https://tok@prom", "https://prom"),
        ("http://kai:hun/ter2@prom/x", "http://kai:***prom/x"),
        ("//kai:hunter2@prom/x", "//prom/x"),
        ("http:////kai:hunter2@prom/x", "http:////prom/x"),
        ("http:\\\\kai:hunter2@prom\\x", "http:\\\\prom\\x"),
        ("kai:hunter2@prom/x", "kai:prom/x"),
        ("http://p/?access_token=hunter2&q=up", "http://p/?access_token=***&q=up"),
        ("http://p/?q=up;API-KEY=hunter2", "http://p/?q=up;API-KEY=***"),
        ("http://p/?%74oken=hunter2", "http://p/?%74oken=***"),
        ("http://p/?X-Amz-Signature=hunter2", "http://p/?X-Amz-Signature=***"),
        ("http://p/#id_token=hunter2", "http://p/#id_token=***"),
        ("http://p/?keyword=disk", "http://p/?keyword=disk"),
        ("http://[::1]:9090/x", "http://[::1]:9090/x"),
        ("http://p/\x1b[2J", "http://p/^[[2J"),
        ("not an address", "not an address"),
    ],
)
def test_an_address_is_shown_without_its_credentials(url: str, shown: str) -> None:
    assert strip_credentials(url) == shown
    assert "hunter2" not in shown
