"""Pieces that every detail is made of: sections, states, and failures in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from console.model.failure import Failure
from console.model.snapshot import Standing
from console.model.state import State
from console.safety.text import Raw
from widgets.detail import Blank, Field, Part, Title
from widgets.paint import STATE_INKS
from widgets.theme import Ink


def section(title: str | Raw, fields: Iterable[Field]) -> tuple[Part, ...]:
    """A heading, its lines, and an empty one; nothing where there are no lines."""
    lines = tuple(fields)
    return (Title(((title, Ink.HEADING),)), *lines, Blank()) if lines else ()


def state_words(state: State, standing: Standing) -> str:
    """`FIRING`, or `FIRING, silenced` where it does not simply fire."""
    if standing is Standing.FIRING:
        return state.value
    return f"{state.value}, {standing.value}"


def failure_facts(failure: Failure) -> Iterator[Field]:
    """A failure in full: what came, what should have, what to do, and how to repeat it."""
    yield Field("asked for", failure.part)
    yield Field("came", failure.cause, STATE_INKS[State.UNKNOWN])
    yield Field("expected", failure.expected)
    yield Field("to do", failure.remedy)
    if failure.curl:
        yield Field("repeat", failure.curl)
