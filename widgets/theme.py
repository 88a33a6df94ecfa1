"""The four looks, and which one a terminal can show.

Every colour of the console is a theme variable. What a widget paints with is an `Ink`; an ink
has a colour and a text style in every theme, so that with all colour taken away (NO_COLOR, one
colour for foreground and background) bold, underline and reverse still tell the inks apart.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

from widgets.locale import is_utf8, locale_of

DARK: Final = "oncall-dark"
LIGHT: Final = "oncall-light"
ANSI_DARK: Final = "ansi-dark"
ANSI_LIGHT: Final = "ansi-light"


class Ink(enum.StrEnum):
    """What a piece of text is, which decides how it is drawn."""

    PLAIN = "plain"
    STRONG = "strong"
    MUTED = "muted"
    P0 = "p0"
    P1 = "p1"
    P2 = "p2"
    P3 = "p3"
    OK = "ok"
    FIRING = "firing"
    UNKNOWN = "unknown"
    STALE = "stale"
    LOST = "lost"
    WARNING = "warning"
    BREACHED = "breached"
    """A deadline that has passed."""
    PRODUCTION = "production"
    """The environment's name where a mistake hurts."""
    ENVIRONMENT = "environment"
    """The name of any other environment."""
    HEADING = "heading"
    """Lines between rows, titles of parts."""
    COLUMN = "column"
    """Titles of columns."""
    KEY = "key"
    """A key that can be pressed."""
    NAME = "name"
    """The name in a line of name and value."""
    GRAPH = "graph"
    CURSOR = "cursor"
    """The line under the cursor: its colour is that of the background."""


# Text styles that carry what the colour says where there is none.
_STYLES: Final[Mapping[Ink, str]] = {
    Ink.STRONG: "bold",
    Ink.P0: "bold",
    Ink.P1: "bold",
    Ink.FIRING: "bold",
    Ink.LOST: "bold",
    Ink.UNKNOWN: "bold",
    Ink.WARNING: "bold",
    Ink.BREACHED: "bold reverse",
    Ink.PRODUCTION: "bold reverse",
    Ink.ENVIRONMENT: "bold",
    Ink.HEADING: "bold",
    Ink.COLUMN: "underline",
    Ink.KEY: "bold",
}

_DARK_INKS: Final[Mapping[Ink, str]] = {
    Ink.PLAIN: "#d6d9de",
    Ink.STRONG: "#ffffff",
    Ink.MUTED: "#8b929c",
    Ink.P0: "#ff7b72",
    Ink.P1: "#ffa657",
    Ink.P2: "#e3c65b",
    Ink.P3: "#9fb4cc",
    Ink.OK: "#6fce84",
    Ink.FIRING: "#ff7b72",
    Ink.UNKNOWN: "#d8a6ff",
    Ink.STALE: "#b3a58a",
    Ink.LOST: "#ff9ad5",
    Ink.WARNING: "#e3c65b",
    Ink.BREACHED: "#ff7b72",
    Ink.PRODUCTION: "#ff5f56",
    Ink.ENVIRONMENT: "#79c0ff",
    Ink.HEADING: "#79c0ff",
    Ink.COLUMN: "#8b929c",
    Ink.KEY: "#79c0ff",
    Ink.NAME: "#8fb5d9",
    Ink.GRAPH: "#79c0ff",
    Ink.CURSOR: "#2c3644",
}

_LIGHT_INKS: Final[Mapping[Ink, str]] = {
    Ink.PLAIN: "#24292f",
    Ink.STRONG: "#000000",
    Ink.MUTED: "#57606a",
    Ink.P0: "#b3151d",
    Ink.P1: "#a04000",
    Ink.P2: "#7a5b00",
    Ink.P3: "#3f5873",
    Ink.OK: "#116329",
    Ink.FIRING: "#b3151d",
    Ink.UNKNOWN: "#6f2dbd",
    Ink.STALE: "#6b5f45",
    Ink.LOST: "#99286e",
    Ink.WARNING: "#7a5b00",
    Ink.BREACHED: "#b3151d",
    Ink.PRODUCTION: "#b3151d",
    Ink.ENVIRONMENT: "#0550ae",
    Ink.HEADING: "#0550ae",
    Ink.COLUMN: "#57606a",
    Ink.KEY: "#0550ae",
    Ink.NAME: "#2f5f8f",
    Ink.GRAPH: "#0550ae",
    Ink.CURSOR: "#d3e3f5",
}

_ANSI_INKS: Final[Mapping[Ink, str]] = {
    Ink.PLAIN: "ansi_default",
    Ink.STRONG: "ansi_default",
    Ink.MUTED: "ansi_default",
    Ink.P0: "ansi_red",
    Ink.P1: "ansi_magenta",
    Ink.P2: "ansi_yellow",
    Ink.P3: "ansi_default",
    Ink.OK: "ansi_green",
    Ink.FIRING: "ansi_red",
    Ink.UNKNOWN: "ansi_magenta",
    Ink.STALE: "ansi_cyan",
    Ink.LOST: "ansi_magenta",
    Ink.WARNING: "ansi_yellow",
    Ink.BREACHED: "ansi_red",
    Ink.PRODUCTION: "ansi_red",
    Ink.ENVIRONMENT: "ansi_cyan",
    Ink.HEADING: "ansi_cyan",
    Ink.COLUMN: "ansi_default",
    Ink.KEY: "ansi_cyan",
    Ink.NAME: "ansi_cyan",
    Ink.GRAPH: "ansi_cyan",
    Ink.CURSOR: "ansi_default",
}

# Bright yellow and cyan cannot be read on white.
_ANSI_LIGHT_INKS: Final[Mapping[Ink, str]] = {
    **_ANSI_INKS,
    Ink.P2: "ansi_blue",
    Ink.WARNING: "ansi_blue",
    Ink.STALE: "ansi_blue",
    Ink.ENVIRONMENT: "ansi_blue",
    Ink.HEADING: "ansi_blue",
    Ink.KEY: "ansi_blue",
    Ink.NAME: "ansi_blue",
    Ink.GRAPH: "ansi_blue",
}

_ANSI_STYLES: Final[Mapping[Ink, str]] = {
    **_STYLES,
    Ink.MUTED: "dim",
    Ink.STALE: "dim",
    Ink.P2: "bold",
    Ink.CURSOR: "reverse",
}


def _variables(inks: Mapping[Ink, str], styles: Mapping[Ink, str]) -> dict[str, str]:
    colours = {colour_variable(ink): inks[ink] for ink in Ink}
    return colours | {style_variable(ink): styles.get(ink, "none") for ink in Ink}


def colour_variable(ink: Ink) -> str:
    """The theme variable that holds the colour of `ink`: `ink-p0`, in CSS `$ink-p0`."""
    return f"ink-{ink}"


def style_variable(ink: Ink) -> str:
    """The theme variable that holds the text style of `ink`: `ink-p0-style`."""
    return f"ink-{ink}-style"


def ink_defaults() -> dict[str, str]:
    """Variables for a theme that is not one of ours; for `App.get_theme_variable_defaults`."""
    return _variables(_DARK_INKS, _STYLES)


def themes() -> tuple[Theme, ...]:
    """The four themes to register with the app, Textual's own two ANSI ones with our inks."""
    ansi_dark, ansi_light = BUILTIN_THEMES[ANSI_DARK], BUILTIN_THEMES[ANSI_LIGHT]
    return (
        Theme(
            name=DARK,
            primary="#79c0ff",
            secondary="#9fb4cc",
            warning="#e3c65b",
            error="#ff7b72",
            success="#6fce84",
            accent="#d8a6ff",
            foreground="#d6d9de",
            background="#14171b",
            surface="#1b1f25",
            panel="#222831",
            dark=True,
            variables=_variables(_DARK_INKS, _STYLES),
        ),
        Theme(
            name=LIGHT,
            primary="#0550ae",
            secondary="#3f5873",
            warning="#7a5b00",
            error="#b3151d",
            success="#116329",
            accent="#6f2dbd",
            foreground="#24292f",
            background="#fbfbfa",
            surface="#f1f2f3",
            panel="#e6e9ec",
            dark=False,
            variables=_variables(_LIGHT_INKS, _STYLES),
        ),
        replace(
            ansi_dark,
            variables=ansi_dark.variables | _variables(_ANSI_INKS, _ANSI_STYLES),
        ),
        replace(
            ansi_light,
            variables=ansi_light.variables | _variables(_ANSI_LIGHT_INKS, _ANSI_STYLES),
        ),
    )


_SETTINGS: Final[Mapping[str, str]] = {
    "dark": DARK,
    "light": LIGHT,
    "ansi-dark": ANSI_DARK,
    "ansi-light": ANSI_LIGHT,
}
_FEW_COLOURS: Final = (
    "linux",
    "vt100",
    "vt102",
    "vt220",
    "xterm",
    "screen",
    "tmux",
    "ansi",
    "rxvt",
)


def pick_theme(setting: str, environ: Mapping[str, str]) -> str:
    """The theme for a terminal: `setting` is `auto`, `dark`, `light`, `ansi-dark`, `ansi-light`.

    NO_COLOR (set at all, even empty) and a terminal of 16 colours or fewer get an ANSI theme
    whatever the setting says: Textual turns the other themes into shades of grey there, which
    it then writes in colour. Where COLORFGBG tells of a light background, `auto` is light.
    """
    light = setting in ("light", "ansi-light") or (setting == "auto" and _is_light(environ))
    if "NO_COLOR" in environ or has_few_colours(environ):
        return ANSI_LIGHT if light else ANSI_DARK
    return _SETTINGS.get(setting, LIGHT if light else DARK)


def is_ansi(theme: str) -> bool:
    """Whether a theme has the terminal's own colours.

    Hand it to `App.__init__` as `ansi_color=True`: Textual decides in its constructor, before
    a theme can be set, whether NO_COLOR takes colours away (as it should) or turns them grey.
    """
    return theme in (ANSI_DARK, ANSI_LIGHT)


def has_few_colours(environ: Mapping[str, str]) -> bool:
    """Whether the terminal has 16 colours or fewer, as far as TERM and COLORTERM tell."""
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return False
    term = environ.get("TERM", "").lower()
    return term in _FEW_COLOURS or term.endswith(("-16color", "-m", "-mono"))


def prefers_ascii(setting: bool | None, environ: Mapping[str, str]) -> bool:
    """Whether shapes are drawn in ASCII: as set, else where the locale or terminal cannot.

    Locales of China, Japan and Korea make box drawing and ellipses two cells wide in many
    terminals; the Linux console has 512 glyphs.
    """
    if setting is not None:
        return setting
    locale = locale_of(environ)
    if not is_utf8(locale) or environ.get("TERM", "").lower() in ("linux", "vt100", "vt220"):
        return True
    return locale.lower().startswith(("zh", "ja", "ko"))


def _is_light(environ: Mapping[str, str]) -> bool:
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return background in ("7", "15")
