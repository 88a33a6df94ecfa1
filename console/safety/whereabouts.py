"""Where a bug of ours is, told so that it can be found and nothing else is given away."""

from __future__ import annotations

from typing import Final

OURS: Final = ("console.", "config.")
"""Packages whose lines are worth naming in a report."""


def whereabouts(error: BaseException) -> str:
    """The kind of `error` and the line of ours that it came from: `KeyError at console.x:12`.

    Never its text, which may hold what came from outside, or a secret.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    place = ""
    trace = error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.startswith(OURS):
            place = f" at {module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__}{place}"
