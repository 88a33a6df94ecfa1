"""Whether a matcher holds for the value of a label, as far as that can be told here."""

from __future__ import annotations

from console.model.labels import Matcher
from console.safety.pattern import PatternError, compile_pattern


def holds(matcher: Matcher, value: str) -> bool | None:
    """Whether `matcher` holds for `value`.

    `None`: nobody can tell, since its pattern cannot be tried here, or `value` is too long to be
    searched in full. Patterns are RE2 at the server and Python's here; what is tried means the
    same in both.
    """
    wanted = matcher.value.exact
    if not matcher.is_regex:
        return (value == wanted) is matcher.is_equal
    try:
        pattern = compile_pattern(wanted)
    except PatternError:
        return None
    if not pattern.reads_whole(value):
        return None
    return pattern.matches_whole(value) is matcher.is_equal
