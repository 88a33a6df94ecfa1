"""The last summary that was made, kept for the first look of the next console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from console.model.latency import Latencies
from console.model.summary import Week
from console.safety.files import FileError, private_dir, read_capped, write_atomic
from console.safety.text import Raw, visible

FILE: Final = "summary.json"
MOST_BYTES: Final = 16 * 1024 * 1024
LARGEST: Final = 1e15
"""As a number: in milliseconds 30,000 years."""


def keep_last(folder: Path, week: Week) -> None:
    """Have it for next time; that it cannot be kept costs a first look, and is not told."""
    try:
        content = msgspec.json.encode(week, enc_hook=_plain)
        private_dir(folder)
        write_atomic(folder / FILE, content)
    except (FileError, UnicodeEncodeError):
        return


def last_kept(folder: Path) -> Week | None:
    """What was kept; `None`: nothing, or nothing that can be believed."""
    try:
        content = read_capped(folder / FILE, MOST_BYTES)
        week = msgspec.json.decode(content, type=Week, dec_hook=_typed)
    except (FileError, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    # Whoever can write the file must not reach the terminal through it, nor can a damaged one
    # hold a number that no screen can round.
    return week if all(map(_is_harmless, set(_shown(week)))) else None


def _is_harmless(shown: str | float) -> bool:
    return visible(shown) == shown if isinstance(shown, str) else abs(shown) <= LARGEST


def _shown(value: object) -> Iterator[str | float]:
    """All of it that is shown as it is; what is `Raw` is made harmless wherever it is shown."""
    if isinstance(value, str | int | float):
        yield value
    elif isinstance(value, Latencies):
        return  # numbers alone, and nine tenths of all there is
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _shown(getattr(value, name))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _shown(key)
            yield from _shown(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _shown(each)


def _plain(value: object) -> object:
    if isinstance(value, Raw):
        return value.exact
    raise NotImplementedError(type(value).__name__)


def _typed(kind: type, value: Any) -> object:
    if kind is Raw:
        return Raw(msgspec.convert(value, str))
    raise NotImplementedError(kind.__name__)
