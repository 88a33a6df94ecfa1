"""A value that must never be shown.

A `Secret` prints as `***` wherever it ends up: in a log line, an f-string, a traceback, a
settings dump. The true value leaves it only through `reveal()`, which a lint test allows in
`console/safety` alone.
"""

from __future__ import annotations

from typing import NoReturn

MASK = "***"


class Secret:
    """A token, password or webhook address, held so that printing it prints `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The true value, to be put on the wire and nowhere else."""
        return self._value

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written to a file")
