"""What a value of each type of parameter may look like.

Values reach commands as variables, never as text; what is judged here is what a program would
make of them: an option, a second word, an address elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from config.durations import EXPECTED as A_DURATION
from config.durations import duration_of
from console.model.runbook import ParamType
from console.safety.text import visible

MAX_NAME: Final = 253
MAX_TEXT: Final = 1_000
MAX_URL: Final = 2_000
_MAX_DURATION: Final = 40

# A path that goes up leads anywhere.
NAME_VALUE: Final = re.compile(
    rf"(?!.*/\.\.(?:/|$))[A-Za-z0-9][A-Za-z0-9._:@/-]{{0,{MAX_NAME - 1}}}", re.ASCII
)
_UNREADABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WHOLE: Final = re.compile(r"(?:0|[1-9][0-9]{0,17})", re.ASCII)
_URL: Final = re.compile(
    r"https?://"
    r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9.])?)"
    r"(?::([0-9]{1,5}))?"
    # No quotes, no backslash; none of []{}, by which curl asks for many addresses at once.
    r"(?:[/?#][A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?",
    re.ASCII,
)


def expected_of(kind: ParamType, text: str, choices: Collection[str] = ()) -> str:
    """What `text` would have to be, to be of that type; empty: it is. Safe to show.

    That a host or a service is one of the registry is not looked at, nor what a secret is.
    """
    if kind is ParamType.SECRET:
        return ""
    if _UNREADABLE.search(text):
        return "one line of readable characters"
    if kind is not ParamType.TEXT and text.startswith("-"):
        return "a value that does not begin with -, which programs take for an option"
    match kind:
        case ParamType.INT:
            return "" if _WHOLE.fullmatch(text) else "a whole number"
        case ParamType.DURATION:
            is_short = len(text) <= _MAX_DURATION
            return "" if is_short and duration_of(text) is not None else A_DURATION
        case ParamType.URL:
            return "" if _is_url(text) else "a plain URL that begins with http:// or https://"
        case ParamType.CHOICE:
            return "" if text in choices else f"one of {_listed(choices)}"
        case ParamType.NAME:
            said = f"one word of at most {MAX_NAME} letters, digits and . _ - : @ /"
            return "" if NAME_VALUE.fullmatch(text) else said
        case ParamType.TEXT:
            if len(text) > MAX_TEXT:
                return f"at most {MAX_TEXT:,} characters"
            return "" if visible(text) == text else "one line of readable characters"
        case _:
            return "" if 0 < len(text) <= MAX_NAME else f"a name of at most {MAX_NAME} characters"


def _is_url(text: str) -> bool:
    found = _URL.fullmatch(text) if len(text) <= MAX_URL else None
    return found is not None and (found[1] is None or 0 < int(found[1]) < 65_536)


def _listed(choices: Collection[str]) -> str:
    return ", ".join(visible(one, cells=30) for one in choices) or "its choices"
