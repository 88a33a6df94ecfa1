"""What a person types after `/` in a log: which lines are marked."""

from __future__ import annotations

from collections.abc import Callable

from console.safety.pattern import compile_pattern
from console.safety.text import Raw


def matcher_of(text: str) -> Callable[[Raw], bool] | None:
    """What finds `text` in any case, or `/re/`; `None` for nothing.

    Raises:
        PatternError: it is no regular expression, or one that could run for ever.
    """
    if not text:
        return None
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        pattern = compile_pattern(text[1:-1], ignore_case=True)
        return lambda line: pattern.found_in(line.exact)
    wanted = text.casefold()
    return lambda line: wanted in line.exact.casefold()
