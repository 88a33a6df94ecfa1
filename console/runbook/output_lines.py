"""What a step prints, line by line as it comes. Pure."""

from __future__ import annotations

from console.safety.text import Raw


def lines_since(text: Raw, at: int, *, is_over: bool) -> tuple[tuple[Raw, ...], int]:
    """The whole lines of `text` behind its first `at` characters, and where the next one begins.

    Args:
        is_over: nothing more comes, so that a line without an end is whole as well.
    """
    came = text.exact[at:]
    if not is_over:
        came = came[: came.rfind("\n") + 1]
    return _lines(came), at + len(came)


def last_lines(text: Raw, most: int) -> tuple[Raw, ...]:
    """The last `most` lines of `text`."""
    return _lines(text.exact)[-most:]


def _lines(text: str) -> tuple[Raw, ...]:
    # Only what ends a line on every terminal does: the rest is shown as what it is.
    return tuple(map(Raw, text.removesuffix("\n").split("\n"))) if text else ()
