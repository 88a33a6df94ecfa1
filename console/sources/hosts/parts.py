"""A look's output taken apart, as bytes: what each part printed and how it ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from console.sources.ended import last_line

_LIMITED: Final = (124, 137, 143)
"""As the `timeout` of coreutils and that of busybox say that they ended a program."""


class Part(msgspec.Struct, frozen=True):
    """One part that was begun and came to its end."""

    status: int
    out: bytes
    err: bytes = b""

    @property
    def timed_out(self) -> bool:
        """Its own limit ended it."""
        return self.status in _LIMITED

    @property
    def missing(self) -> bool:
        """There is no such program."""
        return self.status == 127

    @property
    def said(self) -> str:
        """The last line of its complaint, safe to show; empty where it had none."""
        return last_line(self.err)


# Any token: a pattern for each look would cost more than all the rest of reading it.
_MARK: Final = re.compile(rb"\n(\S{1,64}) ([+-])([a-z]{1,16})(?: (\d{1,3}))?(?=\n)")


class Parts:
    """All parts of one look, by name."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    def get(self, name: str) -> Part | None:
        """The part of that name; `None` where it was not asked for or has no end."""
        return self._parts.get(name)

    def __bool__(self) -> bool:
        return bool(self._parts)


def parts_in(stdout: bytes, stderr: bytes, token: str) -> Parts:
    """The parts between the marks of `token`; what stands outside of them is passed over."""
    said = {name: content for name, _, content in _between(stderr, token)}
    return Parts(
        {
            name: Part(status, content, said.get(name, b""))
            for name, status, content in _between(stdout, token)
        }
    )


def _between(output: bytes, token: str) -> list[tuple[str, int, bytes]]:
    ours = token.encode()
    found: list[tuple[str, int, bytes]] = []
    begun = ""
    start = 0
    for match in _MARK.finditer(b"\n" + output):
        if match.group(1) != ours:
            continue
        sign, name, status = match.group(2), match.group(3).decode(), match.group(4)
        if sign == b"+":
            begun, start = name, match.end()
        elif name == begun and status is not None:
            # One line break ends the mark before it, and one begins this mark.
            found.append((name, int(status), output[start : match.start() - 1]))
            begun = ""
    return found
