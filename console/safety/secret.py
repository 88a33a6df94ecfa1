"""A value that must never be shown.

A `Secret` prints as `***` wherever it ends up: in a log line, an f-string, a traceback, a
settings dump. The true value leaves it only through `reveal()`, which a lint test allows in
`console/safety` alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NoReturn
from weakref import WeakValueDictionary

import msgspec

MASK = "***"
MAX_SECRET_BYTES: Final = 1 << 16


class Secret:
    """A token, password or webhook address, held so that printing it prints `***`."""

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        _known[id(self)] = self

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


_known: Final[WeakValueDictionary[int, Secret]] = WeakValueDictionary()


def known_secrets() -> tuple[Secret, ...]:
    """Every secret that this process holds now, to be taken out of what is written down."""
    # One step of the interpreter, while other threads make secrets and let them go.
    held = (one() for one in _known.valuerefs())
    return tuple(dict.fromkeys(one for one in held if one is not None))


class SecretError(Exception):
    """A secret could not be had; the text names where it was to come from, never its value."""


class SecretSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a secret comes from: exactly one of an environment variable, a file, a command."""

    env: str | None = None
    """The name of an environment variable."""
    file: str | None = None
    """A file whose content, less the line break at its end, is the secret. `~` is the home."""
    command: tuple[str, ...] | None = None
    """A program and its arguments; what it prints, less the line break, is the secret."""

    def __post_init__(self) -> None:
        given = [each for each in (self.env, self.file, self.command) if each is not None]
        if len(given) != 1:
            raise ValueError("a secret comes from exactly one of env, file or command")
        if not given[0]:
            raise ValueError("the name of a secret's source is empty")

    def __str__(self) -> str:
        if self.env is not None:
            return f"environment variable {self.env!r}"
        if self.file is not None:
            return f"file {self.file!r}"
        # Its arguments may say more than they should.
        return f"command {self.command[0]!r}" if self.command else "command"


async def resolve(source: SecretSource, *, timeout_s: float = 5.0) -> Secret:
    """The secret that `source` names.

    Raises:
        SecretError: the variable is not set, the file is missing or open to others, the
            command fails, prints nothing or takes longer than `timeout_s`.
    """
    if source.env is not None:
        value = os.environ.get(source.env)
        if value is None:
            raise SecretError(f"{source} is not set")
    elif source.file is not None:
        value = _text(_file_content(source, source.file), source)
    else:
        value = _text(await _command_output(source, source.command or (), timeout_s), source)
    if not value:
        raise SecretError(f"{source} gave an empty secret")
    if not value.isprintable():
        raise SecretError(f"{source} gave more than one line, or control characters")
    return Secret(value)


def _text(content: bytes, source: SecretSource) -> str:
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # Without its cause, whose text would quote the secret's bytes.
        raise SecretError(f"{source} gave bytes that are no UTF-8 text") from None


def _file_content(source: SecretSource, name: str) -> bytes:
    from console.safety.files import FileError, read_capped

    try:
        path = Path(name).expanduser()
        return read_capped(path, MAX_SECRET_BYTES, trusted=True)
    except FileError as error:
        raise SecretError(f"{source} {error.problem} (expected {error.expected})") from error
    except RuntimeError as error:
        raise SecretError(f"{source}: no such home folder") from error


async def _command_output(source: SecretSource, argv: tuple[str, ...], timeout_s: float) -> bytes:
    from console.safety.process import ProcessError, run

    try:
        result = await run(argv, timeout_s=timeout_s, max_bytes=MAX_SECRET_BYTES)
    except ProcessError as error:
        raise SecretError(str(error)) from error
    if result.timed_out:
        raise SecretError(f"{source} gave no answer within {timeout_s:g} s")
    if result.truncated:
        raise SecretError(f"{source} printed more than {MAX_SECRET_BYTES:,} bytes")
    if result.exit_status != 0:
        # Not what it printed: a failing command may print half of the secret.
        raise SecretError(f"{source} ended with status {result.exit_status}")
    return result.stdout
