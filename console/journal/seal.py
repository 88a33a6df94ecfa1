"""What the console wrote in a file, sealed, so that what people wrote below it is told apart.

The last line of the console's own holds a digest of everything above it. What stands below that
line is people's; where the digest does not fit, somebody changed what stands above it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec


class Seal(msgspec.Struct, frozen=True):
    """How the last line of the console's own reads in one sort of file."""

    sort: str
    note: str = ""
    """What it tells a reader, behind the digest."""

    def line(self, digest: str) -> str:
        return f"<!-- oncall:end {self.sort} {digest}{self.note} -->"


TRANSCRIPT: Final = Seal("transcript")
REPORT: Final = Seal("report", ", what is written below this line stays")


def sealed(told: bytes, seal: Seal, below: bytes = b"") -> bytes:
    """`told`, its seal, and what people wrote `below` the one before."""
    told = told if told.endswith(b"\n") else told + b"\n"
    digest = hashlib.sha256(_as_written(told)).hexdigest()
    return told + f"{seal.line(digest)}\n".encode() + below


def below_seal(content: bytes, seal: Seal) -> bytes | None:
    """What people wrote below the seal in `content`; `None`: it is broken, or there is none."""
    wanted = re.compile(rf"^{seal.line('([0-9a-f]{64})')}\r?$".encode(), re.MULTILINE)
    seen, at = hashlib.sha256(), 0
    found: bytes | None = None
    # A text may hold such a line as well: the true one seals what stands above it. A program can
    # print any number of them, so that nothing is gone through twice.
    for line in wanted.finditer(content):
        seen.update(_as_written(content[at : line.start()]))
        at = line.start()
        if seen.hexdigest().encode() == line[1]:
            found = content[line.end() :].removeprefix(b"\n")
    return found


def _as_written(content: bytes) -> bytes:
    """A host or an editor may have changed how its lines end."""
    return content.replace(b"\r\n", b"\n")
