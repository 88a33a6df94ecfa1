"""What a document still asks of people, as the lists of the command line have it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from console.cli.papers import Reading
from console.cli.table import Cell
from console.model.nag import Nag
from console.model.words import breach_text


class OwedItem(msgspec.Struct, frozen=True):
    """One thing that a document still asks for."""

    kind: str
    text: str
    due: datetime
    overdue: bool
    owner: str


def owed_items(document_id: str, reading: Reading) -> tuple[OwedItem, ...]:
    """All of it, what is due first in front."""
    return tuple(
        OwedItem(one.kind, one.text, one.due, one.is_overdue(reading.now), one.owner)
        for one in _owed(document_id, reading)
    )


def owed_cell(document_id: str, reading: Reading) -> Cell:
    """What is due first, and how long is left."""
    first = next(_owed(document_id, reading), None)
    if first is None:
        return Cell("")
    text = f"{first.text}, {breach_text(first.left(reading.now))}"
    return Cell(text, "yellow" if first.is_overdue(reading.now) else "")


def _owed(document_id: str, reading: Reading) -> Iterator[Nag]:
    return (one for one in reading.papers.nags if one.incident == document_id)
