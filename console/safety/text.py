"""Text from outside, and the one door through which it may be shown.

Labels, annotations, silence comments, HTTP bodies, TLS names and error messages are all
written by somebody else. They stay as they came, in `Raw`, because matchers and joins need
the true value; `Raw` refuses to be formatted, so that it cannot reach a screen by accident.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple, NoReturn
from unicodedata import category, east_asian_width

MAX_VALUE_CHARS: Final = 4096
"""The longest label or annotation value that is kept; Alertmanager takes 200 kB ones."""
MAX_LABELS: Final = 64
MAX_MARKS: Final = 3
"""Combining marks on one base character; what comes after them is counted, not drawn."""
TAB_CELLS: Final = 8


class Raw:
    """A string from outside, exact to the character, that cannot be formatted or printed.

    Compare it, hash it, sort it; `exact` is for sending it back to where it came from
    (matchers, PromQL, joins) and `visible()` for showing it.
    """

    __slots__ = ("exact",)

    def __init__(self, exact: str) -> None:
        self.exact = exact

    @property
    def lines(self) -> tuple[Raw, ...]:
        """Line by line, without the line breaks."""
        return tuple(map(Raw, self.exact.splitlines()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Raw) and other.exact == self.exact

    def __lt__(self, other: Raw) -> bool:
        return self.exact < other.exact

    def __hash__(self) -> int:
        return hash(self.exact)

    def __bool__(self) -> bool:
        return bool(self.exact)

    def __len__(self) -> int:
        return len(self.exact)

    def __repr__(self) -> str:
        return f"Raw({len(self.exact)} characters)"

    def __str__(self) -> NoReturn:
        raise TypeError("text from outside is shown through console.safety.text.visible()")

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("text from outside is shown through console.safety.text.visible()")


class Marks(NamedTuple):
    """The two signs that `visible()` adds of its own."""

    cut: str
    """One cell: here a value was cut."""
    newline: str
    """Stands for a line break where only one line may be drawn."""


MARKS: Final = Marks("…", "⏎")
ASCII_MARKS: Final = Marks("~", "^J")


def cap(value: str) -> tuple[str, bool]:
    """`value` cut to `MAX_VALUE_CHARS` characters, and whether anything was cut."""
    if len(value) <= MAX_VALUE_CHARS:
        return value, False
    return value[:MAX_VALUE_CHARS], True


def visible(
    text: Raw | str, *, cells: int | None = None, lines: bool = False, marks: Marks = MARKS
) -> str:
    """`text` as plain characters that no terminal obeys and no markup parser is needed for.

    Control characters become `^[`, everything else that is invisible, reorders or is not
    assigned becomes `<U+202E>`. Tabs become spaces. Line breaks stay with `lines`, else each
    is drawn as a mark, and those at the end are left out. Past `cells` terminal cells (of the
    whole text, so not together with `lines`) it is cut and ends in `marks.cut`.

    What comes out has one meaning for `cell_width()`, rich and Textual: no joiner and no
    selector is left in it that would make the width of one character depend on the next.
    """
    exact = text.exact if isinstance(text, Raw) else text
    if exact.isascii() and exact.isprintable():
        shown = exact
    elif len(exact) <= _CACHED_CHARS:
        shown = _shown_cached(exact, lines, marks.newline)
    else:
        # A base needs a cell, so that what lies past this many characters can only be drawn
        # where marks are heaped up; it is then cut early, which the mark says.
        limit = len(exact) if cells is None else min(len(exact), 64 + 16 * cells)
        shown = _shown(exact[:limit], lines, marks.newline)
        if limit < len(exact):
            shown += marks.cut
    return shown if cells is None else _cut(shown, cells, marks.cut)


def fit(
    text: Raw | str,
    cells: int,
    *,
    align: Literal["left", "right"] = "left",
    marks: Marks = MARKS,
) -> str:
    """`visible(text)` cut or padded with spaces to exactly `cells` terminal cells."""
    shown = visible(text, cells=cells, marks=marks)
    padding = " " * (cells - cell_width(shown))
    return shown + padding if align == "left" else padding + shown


def fit_ends(text: Raw | str, cells: int, *, marks: Marks = MARKS) -> str:
    """`fit()`, but cut in the middle: `alertmanager-a` and `-b`, or two ports of one host, are
    told apart by how they end. The end has a third of the room, and a port all that it needs.
    """
    if cells < _ENDS_FROM or len(text) > _CACHED_CHARS:
        return fit(text, cells, marks=marks)
    whole = visible(text, marks=marks)
    if cell_width(whole) <= cells:
        return fit(text, cells, marks=marks)
    port = _PORT.search(whole)
    room = max(cells // 3 + 1, len(port.group()) if port else 0)
    start = len(whole)
    while start and (room := room - _width(whole[start - 1])) >= 0:
        start -= 1
    # A mark above a character does not stand without it.
    while start < len(whole) and not _width(whole[start]):
        start += 1
    end = whole[start:]
    return fit(_cut(whole[:start], cells - cell_width(end), marks.cut) + end, cells, marks=marks)


def with_port(text: Raw | str, cells: int, *, marks: Marks = MARKS) -> str:
    """`visible(text)` in at most `cells`, of an address so that its port stays."""
    exact = text.exact if isinstance(text, Raw) else text
    ends = len(exact) > cells and _PORT.search(exact[-6:])
    return (fit_ends if ends else visible)(text, cells=cells, marks=marks)


def quoted(text: Raw | str) -> str:
    """`text` in double quotes as PromQL, Alertmanager's matchers and Go read it: exact and safe.

    What `visible()` would spell out stands as an escape (`\\n`, `\\u202e`), so that what is
    copied from the screen matches what came. Not cut.
    """
    exact = text.exact if isinstance(text, Raw) else text
    return '"' + "".join(map(_escape, exact)) + '"'


@lru_cache(maxsize=8192)
def _escape(character: str) -> str:
    if character in '\\"':
        return "\\" + character
    kind = _kind(character)
    if kind.base or kind.mark:
        return character
    code = ord(character)
    short = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}.get(code)
    return short or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def cell_width(shown: str) -> int:
    """How many terminal cells `shown`, a result of `visible()`, takes.

    Agrees with `rich.cells.cell_len` (rich 15, Unicode 17) on every string that `visible()`
    returns; a line break counts nothing.
    """
    if shown.isascii():
        return len(shown) - shown.count("\n")
    return sum(map(_width, shown))


_CACHED_CHARS: Final = 512

# Default_Ignorable_Code_Point (Unicode 15, DerivedCoreProperties.txt) that are letters or
# marks by category, so that the category alone does not give them away.
_IGNORABLE: Final = frozenset(
    [
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
    ]
)
_HIDDEN: Final = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
_COMBINING: Final = frozenset(["Mn", "Mc", "Me"])
_SKIN_TONES: Final = range(0x1F3FB, 0x1F400)
_SELECTORS: Final = frozenset("\ufe0e\ufe0f")
_TAKES_SELECTOR: Final = frozenset("#*0123456789\u203c\u2049\u3030\u303d")

# Medial vowels and final consonants of conjoining Hangul: letters that take no cell.
_JAMO: Final = (range(0x1161, 0x1200), range(0xD7B0, 0xD7FC))
# Double width since Unicode 16; the `unicodedata` of older Pythons has them narrow.
_NEWLY_WIDE: Final = (
    range(0x2630, 0x2638),
    range(0x268A, 0x2690),
    range(0x4DC0, 0x4E00),
    range(0x1D300, 0x1D357),
    range(0x1D360, 0x1D377),
)


class _Kind(NamedTuple):
    """How one character is drawn."""

    drawn: str
    """The character itself, or what stands for it."""
    mark: bool
    """It sits on the character before it and takes no cell."""
    base: bool
    """A mark may sit on it."""


@lru_cache(maxsize=8192)
def _width(character: str) -> int:
    code = ord(character)
    if 0x20 <= code < 0x7F:
        return 1
    if character == "\n" or category(character) in _COMBINING or _in(code, _JAMO):
        return 0
    if east_asian_width(character) in "WF" or _in(code, _NEWLY_WIDE):
        return 2
    return 1


def _in(code: int, ranges: tuple[range, ...]) -> bool:
    return any(code in each for each in ranges)


@lru_cache(maxsize=8192)
def _kind(character: str) -> _Kind:
    code = ord(character)
    if code < 0x20:
        return _Kind("^" + chr(code + 0x40), mark=False, base=False)
    if code == 0x7F:
        return _Kind("^?", mark=False, base=False)
    kind = category(character)
    # Skin tones: rich counts no cell, most terminals two.
    if kind in _HIDDEN or code in _IGNORABLE or code in _SKIN_TONES:
        return _Kind(f"<U+{code:04X}>", mark=False, base=False)
    if kind in _COMBINING or _in(code, _JAMO):
        return _Kind(character, mark=True, base=False)
    return _Kind(character, mark=False, base=True)


def _shown(exact: str, lines: bool, newline: str) -> str:
    if not lines:
        exact = exact.rstrip("\r\n")
    out: list[str] = []
    column = 0
    marks_on_base = -1  # -1: no base to sit on
    surplus = 0
    last = ""
    for character in exact.replace("\r\n", "\n"):
        kind = _kind(character)
        if kind.mark and marks_on_base >= 0:
            marks_on_base += 1
            if marks_on_base > MAX_MARKS:
                surplus += 1
            else:
                out.append(character)
            continue
        if surplus:
            out.append(f"<+{surplus} marks>")
            column += len(out[-1])
            surplus, marks_on_base = 0, -1
        if kind.base:
            out.append(character)
            column += _width(character)
            marks_on_base = 0
        elif character == "\n" and lines:
            out.append("\n")
            column, marks_on_base = 0, -1
        elif character in _SELECTORS and _takes_selector(last):
            continue  # text or emoji style of a sign: not drawn, and no cell of its own
        else:
            out.append(_stand_in(character, kind, column, newline))
            column += cell_width(out[-1])
            marks_on_base = -1
        last = character
    if surplus:
        out.append(f"<+{surplus} marks>")
    return "".join(out)


_shown_cached = lru_cache(maxsize=16384)(_shown)


def _stand_in(character: str, kind: _Kind, column: int, newline: str) -> str:
    if character == "\t":
        return " " * (TAB_CELLS - column % TAB_CELLS)
    if character == "\n":
        return newline
    if kind.mark:
        return f"<U+{ord(character):04X}>"
    return kind.drawn


def _takes_selector(base: str) -> bool:
    return bool(base) and (base in _TAKES_SELECTOR or category(base) == "So")


def _cut(shown: str, cells: int, mark: str) -> str:
    if cells <= 0:
        return ""
    if shown.isascii():
        return shown if len(shown) <= cells else shown[: cells - 1] + mark
    if len(shown) * 2 <= cells or cell_width(shown) <= cells:
        return shown
    room = cells - 1
    for index, character in enumerate(shown):
        room -= _width(character)
        if room < 0:
            return shown[:index] + mark
    return shown


_PORT: Final = re.compile(r":[0-9]{1,5}$")
_ENDS_FROM: Final = 8
"""Terminal cells in which two ends of a name tell more than its start."""
_ADDRESS: Final = re.compile(r"^(\s*[a-zA-Z][a-zA-Z0-9+.-]*:)?([/\\]*)([^/\\?#]*)(.*)$", re.DOTALL)
_PAIR: Final = re.compile(r"([?&;#])([^=&;#]*)=([^&;#]*)")
_SECRET_NAME: Final = re.compile(
    r"token|secret|passw|pwd|api[-_.]?key|auth|signature|credential|session|jwt|bearer"
    r"|^(?:key|sig|sas|code|pw|pass|hmac|sid)$",
    re.IGNORECASE,
)


def strip_credentials(url: Raw | str) -> str:
    """`url` for showing: no user and password, `***` for values that look like tokens.

    Broken addresses are cut rather than trusted: what stands before an `@`, and what stands
    where only a port may, is never shown.
    """
    from urllib.parse import unquote

    exact = url.exact if isinstance(url, Raw) else url
    match = _ADDRESS.match(exact)
    if match is None:
        return visible(exact)
    scheme, slashes, authority, rest = match.groups(default="")
    if not slashes and "@" not in authority:
        authority, rest = "", authority + rest
    authority = authority.rpartition("@")[2]
    host, colon, port = authority.rpartition(":")
    if colon and not port.isdigit() and not authority.endswith("]"):
        authority = f"{host}:***"
        rest = rest.rpartition("@")[2]

    def masked(pair: re.Match[str]) -> str:
        lead, name, _ = pair.groups()
        if _SECRET_NAME.search(unquote(name)):
            return f"{lead}{name}=***"
        return pair.group()

    return visible(f"{scheme}{slashes}{authority}{_PAIR.sub(masked, rest)}")
