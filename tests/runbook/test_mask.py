"""No secret is in what is kept or shown, however a program writes it and however it comes."""

from __future__ import annotations

import base64
import html
import json
import random
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.runbook.running.job import Finished
from console.runbook.running.mask import (
    EXCERPT_LINES,
    Masker,
    excerpt_of,
    is_maskable,
    masked,
)
from console.safety.secret import Secret
from tests.soak import trials

TOKEN = 'pä/ss+w"ör\\d&<1>'


def told(secrets: list[str], *parts: bytes) -> bytes:
    masker = Masker([Secret(one) for one in secrets])
    return b"".join(masker.feed(1, part) for part in parts) + masker.finish(1)


@pytest.mark.parametrize(
    "written",
    [
        TOKEN,
        quote(TOKEN),
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").replace("%C3%A4", "%c3%a4").replace("%2F", "%2f"),
        quote_plus(TOKEN),
        json.dumps(TOKEN)[1:-1],
        json.dumps(TOKEN, ensure_ascii=False)[1:-1],
        html.escape(TOKEN),
    ],
)
def test_a_secret_is_found_as_programs_write_it(written: str) -> None:
    if "%c3" in written:
        written = re.sub("%..", lambda found: found[0].lower(), written)
    assert told([TOKEN], f"a {written} b".encode()) == b"a *** b"


@pytest.mark.parametrize("before", ["", "a", "ab", "kai:", "kai12:"])
def test_a_secret_in_base64_is_found_wherever_it_stands(before: str) -> None:
    secret = "s3cr3t-t0ken-of-length"
    for text in (before + secret, f"{before}{secret}xyz"):
        for encoded in (base64.b64encode, base64.urlsafe_b64encode):
            shown = told([secret], encoded(text.encode()))
            left = shown.replace(b"***", b"")
            # What is left is the neighbours', and a character at either seam.
            assert len(left) <= (len(text) - len(secret)) * 4 // 3 + 6


@given(
    st.lists(st.text("ab", min_size=4, max_size=7), min_size=1, max_size=3),
    st.lists(st.text("abc", max_size=9), max_size=9),
)
def test_however_it_is_cut_into_parts_it_comes_out_as_in_one_piece(
    secrets: list[str], parts: list[str]
) -> None:
    pieces = [part.encode() for part in parts]
    shown = told(secrets, *pieces)
    assert not any(one.encode() in shown for one in secrets)
    assert shown.replace(b"***", b"") == shown.replace(b"*", b"")


def test_secrets_that_overlap_leave_nothing_of_either() -> None:
    assert told(["abcdef", "defghi"], b"-abcdefghi-") == b"-***-"
    assert told(["abcdef", "defghi"], b"-abcde", b"fghi-") == b"-***-"
    assert told(["abcd", "abcdefgh"], b"-abcdef", b"gh-") == b"-***-"


def test_each_line_of_a_secret_is_one() -> None:
    key = "-----BEGIN-----\nMIIEow\nabcdef\n-----END-----"
    assert told([key], b"x MIIEow y\nabcdef\n") == b"x *** y\n***\n"


def test_streams_are_apart_and_nothing_else_is_held_back() -> None:
    masker = Masker([Secret("hunter22")])
    assert masker.feed(1, b"plain\n") == b"plain\n"
    assert masker.feed(1, b"see hun") == b"see "
    assert masker.feed(2, b"ter22\n") == b"ter22\n"
    assert masker.feed(1, b"ter22\n") == b"***\n"
    assert masker.feed(1, b"a hunt") == b"a "
    assert masker.finish(1) == b"hunt"


def test_a_secret_that_is_too_short_to_hide_is_told_apart() -> None:
    assert [is_maskable(Secret(one)) for one in ("", "abc", "  a  ", "abcd")] == [
        *(False, False, False, True)
    ]
    assert told(["abc"], b"abcabc") == b"abcabc"


def test_much_output_and_long_secrets_take_time_that_grows_as_the_output() -> None:
    size = trials(4, 100) * 1_000_000
    worst = b"a" * 65_536
    masker = Masker([Secret("a" * 60_000 + "b"), Secret("aaaaaaab"), Secret("x" * 5_000)])
    shown = sum(len(masker.feed(1, worst)) for _ in range(size // len(worst)))
    assert 0 < shown <= size
    whole = random.Random(5).randbytes(1_000_000).replace(b"\n", b" ")
    assert Masker([Secret("hunter22")]).whole(whole) == whole


def test_text_is_masked_too_and_without_secrets_nothing_is_touched() -> None:
    assert masked("curl -u kai:hunter22 \udcff", [Secret("hunter22")]) == "curl -u kai:*** \udcff"
    assert told([], b"\xff\x00") == b"\xff\x00"


def finished(stdout: bytes, stderr: bytes = b"") -> Finished:
    return Finished(0, stdout, stderr, len(stdout), len(stderr))


def test_an_excerpt_is_the_end_of_both_streams_safe_to_show() -> None:
    out = "".join(f"line {number}\n" for number in range(200)).encode()
    shown = excerpt_of(finished(out, b"\x1b[2Jwarn hunter22\r\n"), [Secret("hunter22")])
    lines = shown.split("\n")
    assert len(lines) <= EXCERPT_LINES
    assert lines[0] == "[...]" and lines[-2:] == ["line 199", "^[[2Jwarn ***"]


@pytest.mark.parametrize(
    ("content", "times"),
    [
        (b"", 1),
        (b"\n", 2),
        (b"a", 1_000_000),
        (b"\xff", 9_000),
        (b"\x7f\n", 9_000),
        (b"a\n", 9_000),
    ],
)
def test_an_excerpt_is_never_long(content: bytes, times: int) -> None:
    content *= times
    shown = excerpt_of(finished(content, content))
    assert len(shown.split("\n")) <= EXCERPT_LINES + 1
    assert len(shown) <= 4_200
    assert all(line.isprintable() for line in shown.split("\n"))
