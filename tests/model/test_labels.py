"""Label sets and matchers as they are written for others to read."""

from __future__ import annotations

from console.model.labels import Labels, Matcher
from console.safety.text import Raw, visible

HOSTILE = 'a"b\\c\n\u202e\x1b]0;x\x07'
WRITTEN = r'"a\"b\\c\n\u202e\u001b]0;x\u0007"'


def test_a_label_set_is_written_as_promql_has_it_and_sorted() -> None:
    assert Labels({"job": "api", "instance": "a:1"}).written == Raw('{instance="a:1", job="api"}')


def test_what_is_copied_of_hostile_text_is_safe_to_show_and_still_exact() -> None:
    for written, expected in (
        (Labels({"x": HOSTILE}).written, f"{{x={WRITTEN}}}"),
        (Matcher("x", Raw(HOSTILE), is_regex=True, is_equal=False).written, f"x!~{WRITTEN}"),
    ):
        assert written.exact == expected
        assert visible(written) == expected
