"""What one call of a program on a machine of the demo is asked and answers."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from console.demo.world import World


class Call(msgspec.Struct, frozen=True):
    """One call."""

    host: str
    program: str
    args: tuple[str, ...]
    inside: str = ""
    """The container or pod whose shell called; empty on the host itself."""


class Follow(msgspec.Struct, frozen=True):
    """Output that goes on: what is new since a script second, asked again and again."""

    since_s: float
    text: Callable[[float, float], str]
    """Of what came after the first moment, up to the second."""


class Hand(msgspec.Struct, frozen=True):
    """The caller becomes another program: a real one of this machine."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()


class Said(msgspec.Struct, frozen=True):
    """What the program prints and how it ends, or what comes after it."""

    out: str = ""
    err: str = ""
    status: int = 0
    then: Follow | Hand | None = None


Program = Callable[[World, Call], Said]


class RefusedError(Exception):
    """The program's own complaint; it ends with `status`."""

    def __init__(self, said: str, status: int = 1) -> None:
        super().__init__(said)
        self.said = said
        self.status = status


def not_in_this_world(what: str) -> RefusedError:
    """A real option or verb that the stand-in does not know."""
    return RefusedError(f"demo: {what} is not part of this demo's world", 2)
