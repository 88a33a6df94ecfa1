"""What the locale says of the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from console.safety.text import cell_width

_COERCED: Final = ("C.UTF-8", "C.utf8", "UTF-8")
STAND_IN: Final = "?"


def locale_of(environ: Mapping[str, str]) -> str:
    """The locale for characters, as the person has set it; empty where nothing is set.

    Python puts an LC_CTYPE of its own into the environment when it is started in the C locale
    or in one that the machine does not have (PEP 538); its UTF-8 mode, which it enters then
    (PEP 540), gives that away.
    """
    characters = environ.get("LC_CTYPE", "")
    if sys.flags.utf8_mode and characters in _COERCED:
        characters = ""
    return environ.get("LC_ALL") or characters or environ.get("LANG") or ""


def is_utf8(locale: str) -> bool:
    """Whether a locale's encoding is UTF-8."""
    return "utf8" in locale.lower().replace("-", "")


def takes_ascii_alone(environ: Mapping[str, str]) -> bool:
    """Whether the locale says that the terminal cannot show anything else.

    Where nothing is set, nothing is said: many SSH sessions carry no locale to a terminal that
    shows everything.
    """
    locale = locale_of(environ)
    return bool(locale) and not is_utf8(locale)


def in_ascii(text: str) -> str:
    """`text` with a stand-in for every cell that another character would take."""
    if text.isascii():
        return text
    return "".join(char if char.isascii() else STAND_IN * cell_width(char) for char in text)
