"""Patterns that people type may find what they like, and may not stop the console."""

from __future__ import annotations

import pytest

from console.safety.pattern import MAX_TEXT_CHARS, PatternError, compile_pattern


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("redis", "a redis node"),
        (r"db-\d+", "at db-12"),
        (r"^api.*5\d\d$", "api answered 503"),
        (r"\d+\.\d+\.\d+\.\d+", "10.1.2.3 is dark"),
        ("(foo|bar) baz", "a bar baz"),
        ("[]x]", "]"),
        ("a{2,3}", "baab"),
        ("x{", "x{"),
        ("x{}", "x{}"),
        ("漢+", "漢漢"),
        (r"(?:rack|zone)=r\d", "zone=r1"),
        ("", "anything"),
    ],
)
def test_a_usual_pattern_is_found(pattern: str, text: str) -> None:
    assert compile_pattern(pattern).found_in(text)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*",
        "(a|aa)+$",
        "((a?){30}a{30})",
        "(.*)(.*)(.*)(.*)(.*)x",
        ".*.*.*.*.*x",
        "(a|a)" * 40,
        "a?" * 60 + "a" * 60,
        r"(a)\1",
        "(?=a)b",
        "(?i)a",
        "(" * 150 + ")" * 150,
        "a" * 201,
        "a{1,99999}",
        "x" + "{1,40}y{0,40}" * 8,
        "a**",
        "(",
        ")",
        "[a",
        "[z-a]",
        "\\",
        r"\x41",
        "?",
    ],
)
def test_a_pattern_that_is_broken_or_could_run_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="expected"):
        compile_pattern(pattern)


def test_a_fault_points_at_the_character() -> None:
    with pytest.raises(PatternError) as fault:
        compile_pattern("ab(c+)+")
    assert fault.value.position == 6


def test_the_more_a_pattern_tries_again_the_less_text_it_gets() -> None:
    far = "a" * MAX_TEXT_CHARS[1] + " end"
    assert compile_pattern("end").found_in(far)
    assert not compile_pattern("a.*end").found_in(far)
    assert compile_pattern("a.*end").found_in("a" * 500 + " end")


def test_matching_the_whole_text_means_all_of_it() -> None:
    assert compile_pattern("db-.*").matches_whole("db-1")
    assert not compile_pattern("db-.*").matches_whole("my db-1")
    assert compile_pattern("a|b").matches_whole("b")
    assert not compile_pattern("a").matches_whole("a" * 5000)


@pytest.mark.parametrize("pattern", ["a.*a.*a.*b", "a*a*a*b", "(a*)(a*)b", r"\w+\w+\w+x"])
def test_the_worst_pattern_that_is_let_through_ends(pattern: str) -> None:
    # Without the cap on the text this runs for hours; the test's own time limit would end it.
    assert not compile_pattern(pattern).found_in("a" * 4096)
