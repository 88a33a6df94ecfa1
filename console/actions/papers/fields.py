"""What a document's form asks for, as data: screens draw it, commands set it by name."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Typed = Mapping[str, str]
"""What stands in a form, by the names of its fields; raw."""


class Field(msgspec.Struct, frozen=True):
    """One thing that a form asks for."""

    name: str
    """By which it is set: `oncall incident set INC-… lead mei`."""
    caption: str
    """In front of it on screen: 9 cells at most."""
    help: str
    """What belongs there, in one sentence; shown faintly while nothing does."""
    is_long: bool = False
    """Markdown of several lines."""
    is_list: bool = False
    """One thing a line: services, action items, conditions."""
    choices: tuple[str, ...] = ()
    """All that it may be, where that is a closed list; empty says nothing was chosen."""


class FieldFault(msgspec.Struct, frozen=True):
    """What is wrong with what stands in one field."""

    field: str
    text: str
    """What was expected; safe to show."""
    line: int = 0
    """Of a field of several lines, counted from 0."""
