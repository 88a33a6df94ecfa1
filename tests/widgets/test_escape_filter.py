"""The last filter before the terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile import ATTACKS, hostile_count, hostile_strings
from widgets.escape_filter import filtered

OURS = (
    "\x1b[1;38;2;255;123;114;48;2;20;23;27mP0\x1b[0m",
    "\x1b[38;5;12;48;5;0mP0\x1b[0m",
    "\x1b[12;40H",
    "\x1b[H",
    "\x1b[?1049h\x1b[?1049l",
    "\x1b[?25l\x1b[?25h",
    "\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h\x1b[?1016h",
    "\x1b[?2004h\x1b[?2026h\x1b[?2048h\x1b[?1004h\x1b[?7l",
    "\x1b[?2026$p\x1b[?2048$p",
    "\x1b[>25u\x1b[<u",
    "磁碟 ✓ ─│ …\n",
)
ALLOWED = re.compile(
    r"\x1b\[(?:[0-9;]*[mH]|\?(?:7|25|100[0346]|101[56]|1049|2004|2026|2048)[hl]|\?20(?:26|48)\$p|>\d+u|<u)"
)


@pytest.mark.parametrize("sequence", OURS)
def test_what_the_screen_is_drawn_with_passes_unchanged(sequence: str) -> None:
    assert filtered(sequence) == sequence


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_known_trick_passes(attack: str) -> None:
    assert_harmless(filtered(f"before {attack} after"))


def test_no_generated_text_passes() -> None:
    for text in hostile_strings(hostile_count(), seed=11):
        assert_harmless(filtered(text))
        assert_harmless(filtered(f"\x1b[1m{text}\x1b[0m"))


@given(st.text(st.sampled_from("\x1b[]?;0123456789mHhlJ\x07\\$pu<>\x9b\x9d a"), max_size=60))
def test_no_mixture_of_its_own_parts_passes(text: str) -> None:
    assert_harmless(filtered(text))


def test_a_clipboard_and_a_title_are_left_out_whole() -> None:
    assert filtered("a\x1b]52;c;cHduZWQ=\x07b\x1b]0;OWNED\x1b\\c\x1b]22;pointer\x07d") == "abcd"


def test_a_text_is_not_lost_with_the_sequence_in_it() -> None:
    assert filtered("disk\x1b[2Jfull") == "disk?[2Jfull"


def assert_harmless(text: str) -> None:
    left = ALLOWED.sub("", text)
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", left), repr(text)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2028\u2029]", left)
