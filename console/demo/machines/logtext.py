"""The stretch of a log that a program is asked for, as text, once or followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from console.demo.machines.loglines import OLDEST_S, Line, lines_of, newest_of
from console.demo.machines.moments import script_s
from console.demo.machines.said import Follow, RefusedError, Said
from console.demo.world import World


class Asked(msgspec.Struct, frozen=True):
    """The options that every log program has."""

    since: str = ""
    until: str = ""
    tail: str = ""
    follow: bool = False


Write = Callable[[Line, str], str]
"""One line and the service that said it, as text."""


def answered(
    world: World,
    services: Sequence[str],
    asked: Asked,
    write: Write,
    more: Callable[[float, float], Sequence[Line]] | None = None,
    keep: Callable[[Line], bool] = lambda line: True,
) -> Said:
    """The lines of `services`, and of `more`, oldest first.

    Raises:
        RefusedError: a time or a number that cannot be read.
    """
    now_s = world.script_s(world.now().timestamp())
    # What is said now is told now; what is still to come in this second is not.
    until_s = min(now_s, script_s(world, asked.until) if asked.until else now_s)
    if asked.tail in ("", "all", "-1"):
        count = None
    elif asked.tail.isdigit():
        count = int(asked.tail)
    else:
        raise RefusedError(f"invalid number of lines: {asked.tail}")

    def text(since_s: float, until_s: float) -> str:
        lines = [(line, name) for name in services
                 for line in lines_of(world, name, since_s, until_s)]  # fmt: skip
        if more is not None:
            lines += [(line, "") for line in more(since_s, until_s)]
        lines = sorted((pair for pair in lines if keep(pair[0])), key=lambda pair: pair[0].at_s)
        return "".join(write(line, name) for line, name in lines)

    if asked.since:
        since_s = script_s(world, asked.since)
    elif count is not None and len(services) == 1 and more is None:
        newest = newest_of(world, services[0], until_s, count)
        since_s = newest[0].at_s if newest else until_s
    else:
        since_s = now_s - OLDEST_S
    out = text(since_s, until_s)
    if count is not None:
        out = "".join(out.splitlines(keepends=True)[-count:] if count else [])
    return Said(out, then=Follow(until_s, text) if asked.follow else None)
