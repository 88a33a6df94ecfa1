"""A sentence of the console's own that a report tells in every language.

What is written in the code is English: it is what screens and JSON show, and by it the other
languages are found (`console.reports.words.sayings`). Names, PromQL and whatever a person or a
server wrote stand in its values and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import msgspec

ANY: Final = "{text}"
"""The template of what is said in the same way in every language."""
_PLACE: Final = re.compile(r"\{(\w+)\}")


class Moment(msgspec.Struct, frozen=True, tag="moment"):
    """A time in a sentence, told in the zone of whoever reads it."""

    at: datetime


class Saying(msgspec.Struct, frozen=True, tag="saying"):
    """Some words with their values; safe to show, as each of these is."""

    template: str
    """In English, with a name in braces for every value."""
    values: tuple[tuple[str, str | int | float | Moment | Saying], ...] = ()

    @property
    def text(self) -> str:
        """In English, times in UTC."""
        return self.filled(self.template, _english)

    def filled(self, template: str, told: Callable[[Value], str]) -> str:
        """`template`, which is this one's in some language, with the values as `told` has them.

        A name that no value has stays as it is: a saying may come out of a file.
        """
        values = dict(self.values)

        def put(place: re.Match[str]) -> str:
            return told(values[place[1]]) if place[1] in values else place[0]

        return _PLACE.sub(put, template)


Value = str | int | float | Moment | Saying


def saying(template: str, **values: Value) -> Saying:
    """`template` is always written out where this is called: a test looks for it in every
    language. A number in `values` is told with its thousands set apart."""
    return Saying(template, tuple(values.items()))


def verbatim(text: str) -> Saying:
    """What nobody translates: a name, or what somebody wrote; safe to show already."""
    return Saying(ANY, (("text", text),))


def listed(several: Iterable[Saying], *, apart: bool = False) -> Saying | None:
    """One after the other; `None`: there are none.

    Args:
        apart: with semicolons, else with commas.
    """
    whole: Saying | None = None
    for one in several:
        if whole is None:
            whole = one
        elif apart:
            whole = saying("{first}; {rest}", first=whole, rest=one)
        else:
            whole = saying("{first}, {rest}", first=whole, rest=one)
    return whole


def texts_of(several: Iterable[Saying]) -> tuple[str, ...]:
    """In English."""
    return tuple(one.text for one in several)


def text_of(one: Saying | None) -> str:
    """In English; empty: nothing is said."""
    return "" if one is None else one.text


class Sourced:
    """A report that says what it was made from, and what its reader has to know."""

    __slots__ = ()
    made_from: tuple[Saying, ...]
    to_know: tuple[Saying, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """`made_from` in English."""
        return texts_of(self.made_from)

    @property
    def notices(self) -> tuple[str, ...]:
        """`to_know` in English."""
        return texts_of(self.to_know)


def number_text(value: float) -> str:
    """`1,903`, `94.5`."""
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _english(value: Value) -> str:
    if isinstance(value, Saying):
        return value.text
    if isinstance(value, Moment):
        return f"{value.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return value if isinstance(value, str) else number_text(value)
