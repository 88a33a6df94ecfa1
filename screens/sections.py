"""Pieces that every detail is made of: sections, moments, states, and failures in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

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


def clock_time(at: datetime, now: datetime) -> str:
    """A moment as a person reads it: the time of day, with the date when it is not today."""
    local, today = at.astimezone(), now.astimezone()
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%Y-%m-%d %H:%M}"


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
