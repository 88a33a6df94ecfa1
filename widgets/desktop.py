"""Asking a terminal for a desktop notification, through whatever stands before it.

No terminal says whether it understands: the sequence goes only to those that are known to.
Sources: iTerm2's and wezterm's manuals (OSC 9), kitty's (OSC 9, the older of its two ways),
ghostty's (both), rxvt-unicode's and foot's (OSC 777), VTE's (OSC 777 where the distribution
has it, else ignored). ConEmu and Windows Terminal use OSC 9 for other things.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from console.safety.text import visible

TITLE_CELLS: Final = 60
TEXT_CELLS: Final = 120

_OSC9_PROGRAMS: Final = ("iTerm.app", "WezTerm", "ghostty")
_OSC9_TERMS: Final = ("xterm-kitty", "xterm-ghostty", "wezterm", "iterm2")
_OSC777_TERMS: Final = ("foot", "rxvt-unicode")


class Way(enum.StrEnum):
    """By which sequence."""

    NONE = "off"
    OSC9 = "osc9"
    OSC777 = "osc777"

    @property
    def words(self) -> str:
        """As a person reads it: `OSC 9`."""
        return {"osc9": "OSC 9", "osc777": "OSC 777"}.get(self.value, "none")


class Through(enum.StrEnum):
    """What passes our output on to the terminal."""

    NOTHING = ""
    TMUX = "tmux"
    SCREEN = "screen"


def way_of(wanted: str, environ: Mapping[str, str]) -> Way:
    """The way that the setting `notice.desktop` means here.

    `auto` goes by what the environment tells of the terminal. `TERM` and `LC_TERMINAL` come
    through ssh, the others do not. Inside a multiplexer they may tell of another terminal
    than the one that looks at it now: `way_of_client` is for that.
    """
    if wanted != "auto":
        return Way(wanted)
    if through_of(environ) is not Through.NOTHING:
        return Way.OSC9 if environ.get("LC_TERMINAL") == "iTerm2" else Way.NONE
    if environ.get("TERM_PROGRAM") in _OSC9_PROGRAMS or environ.get("LC_TERMINAL") == "iTerm2":
        return Way.OSC9
    way = _way_of_term(environ.get("TERM", ""))
    if way is Way.NONE and environ.get("VTE_VERSION"):
        return Way.OSC777
    return way


def way_of_client(term: str, kind: str) -> Way:
    """The same for the terminal that tmux has: its `TERM`, and what it calls itself."""
    named = kind.casefold()
    if named.startswith(("iterm2", "wezterm", "ghostty", "kitty")):
        return Way.OSC9
    return Way.OSC777 if named.startswith(("foot", "rxvt")) else _way_of_term(term)


def _way_of_term(term: str) -> Way:
    if term.startswith(_OSC9_TERMS):
        return Way.OSC9
    return Way.OSC777 if term.startswith(_OSC777_TERMS) else Way.NONE


def through_of(environ: Mapping[str, str]) -> Through:
    """What stands between us and the terminal, beyond ssh too as far as `TERM` tells."""
    term = environ.get("TERM", "")
    if environ.get("TMUX") or term.startswith("tmux"):
        return Through.TMUX
    if environ.get("STY") or term.startswith("screen"):
        return Through.SCREEN
    return Through.NOTHING


def notification(title: str, text: str, way: Way, through: Through) -> str:
    """The sequence that asks for a notification; empty where there is no way.

    Whatever `title` and `text` hold, nothing in them ends the sequence, adds a field to it or
    is a command of its own. tmux passes it on only with `allow-passthrough on`.
    """
    title, text = _inert(title, TITLE_CELLS), _inert(text, TEXT_CELLS)
    match way:
        case Way.NONE:
            return ""
        case Way.OSC777:
            asked = f"\x1b]777;notify;{title};{text}\x07"
        case Way.OSC9:
            # A number and a semicolon at its start would be one of ConEmu's commands.
            asked = f"\x1b]9;{title}: {text}\x07"
    match through:
        case Through.TMUX:
            doubled = asked.replace("\x1b", "\x1b\x1b")
            return f"\x1bPtmux;{doubled}\x1b\\"
        case Through.SCREEN:
            return f"\x1bP{asked}\x1b\\"
        case Through.NOTHING:
            return asked


def _inert(text: str, cells: int) -> str:
    return visible(text.replace(";", ","), cells=cells)
