"""What is wrong with the settings, as a value that knows its place."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from console.safety.text import visible

_SHOWN_CELLS = 40


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong in one file. All its texts are safe to show."""

    file: str
    """The file's name, without its folder."""
    line: int
    """From 1; 0 where the fault is the file's as a whole."""
    column: int
    """From 1, in characters; 0 where the fault is the file's as a whole."""
    path: str
    """Where in the file's structure: `services[3].port`; empty at its root."""
    message: str
    """What was expected, and what stands there."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)


class SettingsFaults(Exception):  # noqa: N818 - it is named for what it carries
    """The settings cannot be used; `faults` has everything that is wrong with them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def quoted(text: str) -> str:
    """`text` as a message shows it: safe, cut to a glance, between double quotes."""
    return f'"{visible(text, cells=_SHOWN_CELLS)}"'


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean "port"?` when one of `known` is near `word`, else nothing."""
    import difflib  # late: only mistakes need it

    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower()[:64], lower, n=1, cutoff=0.6)
    return f"; did you mean {quoted(lower[near[0]])}?" if near else ""
