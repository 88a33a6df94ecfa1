"""How the memory of the seven days stands."""

from __future__ import annotations

import msgspec


class Remembering(msgspec.Struct, frozen=True):
    """Who records, and where. Texts are safe to show."""

    path: str = ""
    """Of the file; empty: nothing is remembered."""
    writer: str = ""
    """Who records now: `this console`, `mei@ops-1 (recorder)`; empty: nobody."""
    fault: str = ""
    """Why nothing is recorded, or read; empty: nothing is wrong."""
    size_bytes: int = 0
