"""Whether a matcher holds, and when nobody can tell."""

from __future__ import annotations

import pytest

from console.model.labels import Matcher
from console.model.matcher_check import holds
from console.safety.text import Raw


@pytest.mark.parametrize(
    ("pattern", "is_regex", "value", "equal"),
    [
        ("a", False, "a", True),
        ("a.", False, "ab", False),
        ("a.", True, "ab", True),
        ("a", True, "ab", False),
        ("", False, "", True),
        ("(", True, "a", None),
        ("(a+)+", True, "a", None),
        (".*a.*b.*", True, "x" * 5_000, None),
    ],
)
def test_a_matcher_holds_or_not_or_nobody_can_tell(
    pattern: str, is_regex: bool, value: str, equal: bool | None
) -> None:
    assert holds(Matcher("x", Raw(pattern), is_regex), value) is equal
    unlike = None if equal is None else not equal
    assert holds(Matcher("x", Raw(pattern), is_regex, is_equal=False), value) is unlike
