"""Which escape sequences may reach the terminal: those that the screen is drawn with.

The last line of defence. What is drawn has already passed `console.safety.text.visible()`; a
hole in that, or in a library, must still not let a label set the window's title, fill the
clipboard or ask the terminal a question.
"""

from __future__ import annotations

import re
from typing import Final

# Colours and styles; cursor to a place; the modes that Textual sets and takes back (cursor,
# wrap, mouse, focus, alternate screen, bracketed paste, synchronised output, resize reports);
# its two questions about modes; the kitty keyboard protocol on and off.
_ALLOWED: Final = (
    r"\x1b\[(?:"
    r"[0-9;]*m"
    r"|[0-9;]*H"
    r"|\?(?:7|25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]"
    r"|\?(?:2026|2048)\$p"
    r"|>[0-9]{1,2}u|<u"
    r")"
)
_CONTROL: Final = r"\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f"
_INVISIBLE: Final = "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"

_ALLOWED_HERE: Final = re.compile(_ALLOWED)
_FORBIDDEN: Final = re.compile(f"[{_CONTROL}{_INVISIBLE}]")
# Strings that a terminal would swallow whole: title, clipboard, hyperlinks, pointer shapes.
_STRING: Final = re.compile(r"\x1b[\]PX^_][^\x1b\x07\x9c]*(?:\x1b\\|\x07|\x9c)?")
STAND_IN: Final = "?"


def filtered(data: str) -> str:
    """`data` with nothing in it that a terminal obeys but what is allowed.

    A string sequence (OSC, DCS, APC, PM, SOS) is left out whole; any other control or
    invisible character is drawn as `?`, one cell, and what followed it becomes plain text.
    """
    if _is_clean(data):
        return data
    data = _STRING.sub("", data)
    pieces = data.split("\x1b")
    out = [_FORBIDDEN.sub(STAND_IN, pieces[0])]
    for piece in pieces[1:]:
        match = _ALLOWED_HERE.match("\x1b" + piece)
        text = _FORBIDDEN.sub(STAND_IN, piece)
        out.append("\x1b" + text if match else STAND_IN + text)
    return "".join(out)


# One pass that consumes what is allowed; possessive, since a hostile text must not make it
# back up: 11 kB (a repaint at 120x40) take some 45 us.
_CLEAN: Final = re.compile(f"(?:[^\x1b{_CONTROL}{_INVISIBLE}]++|{_ALLOWED})*+")


def _is_clean(data: str) -> bool:
    return _CLEAN.fullmatch(data) is not None
