"""A step's command as a person would type it: what is shown before it runs, and copied."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Final

from console.model.runbook import PARAM_NAME
from console.safety.ssh import SshRoute
from console.safety.ssh.options import written
from console.safety.text import visible
from console.sources.reach import typed_on

_BLANK: Final = re.compile(r"(?:[ \t]|\\\n)+")
_PIECE: Final = re.compile(
    r"(?P<plain>[A-Za-z0-9_./:=,@%+^-]+)|'(?P<single>[^']*)'|\"(?P<double>[^\"`\\]*)\""
)
_ASSIGNS: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_VARIABLE: Final = re.compile(rf"\$(?:({PARAM_NAME})(?![A-Za-z0-9_])|\{{({PARAM_NAME})\}})")


def words_of(script: str, values: Mapping[str, str]) -> tuple[str, ...] | None:
    """The words that a simple command comes to with `values`; `None`: it takes a shell to tell."""
    words: list[str] = []
    rest = script.strip()
    at = 0
    while at < len(rest):
        blank = _BLANK.match(rest, at)
        if blank is not None:
            at = blank.end()
            continue
        word, at = _word(rest, at, values)
        if word is None:
            return None
        words.append(word)
    if not words or _ASSIGNS.match(words[0]):
        return None
    return tuple(words)


def typed_of(script: str, values: Mapping[str, str], route: SshRoute | None) -> str:
    """`script` as a person types it to the same end. Safe to show, and to paste.

    Args:
        values: all the variables that it uses; of a secret what stands for it.
        route: the way to where it runs; `None`: where the console runs.
    """
    words = words_of(script, values)
    if route is not None:
        if words is not None:
            return typed_on(route, words)
        return f"{typed_on(route)} {visible(shlex.quote(script), lines=True)}"
    if words is not None:
        return visible(written(words))
    exports = (f"export {name}={shlex.quote(value)}" for name, value in values.items())
    return visible("\n".join((*exports, script)), lines=True)


def _word(text: str, at: int, values: Mapping[str, str]) -> tuple[str | None, int]:
    """The word at `at`, and where it ends; `None`: a shell would make something else of it."""
    out: list[str] = []
    while at < len(text) and _BLANK.match(text, at) is None:
        found = _PIECE.match(text, at)
        if found is None:
            return None, at
        double = found["double"]
        piece = found["plain"] or found["single"] or ""
        if double is not None:
            inner = _with_values(double, values)
            if inner is None:
                return None, at
            piece = inner
        out.append(piece)
        at = found.end()
    return "".join(out), at


def _with_values(text: str, values: Mapping[str, str]) -> str | None:
    if any((one[1] or one[2]) not in values for one in _VARIABLE.finditer(text)):
        return None
    if "$" in _VARIABLE.sub("", text):
        return None
    return _VARIABLE.sub(lambda one: values[one[1] or one[2]], text)
