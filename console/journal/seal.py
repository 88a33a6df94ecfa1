"""What the console wrote in a file, sealed, so that what people wrote below it is told apart.

The last line of the console's own holds a digest of everything above it. What stands below that
line is people's; where the digest does not fit, somebody changed what stands above it.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

REPORT: Final = "report"
_STAYS: Final = "what is written below this line stays"


def sealed(told: bytes, sort: str, below: bytes = b"") -> bytes:
    """`told`, its seal, and what people wrote `below` the one before."""
    told = told if told.endswith(b"\n") else told + b"\n"
    seal = f"<!-- oncall:end {sort} {_digest(told)}, {_STAYS} -->\n"
    return told + seal.encode() + below


def below_seal(content: bytes, sort: str) -> bytes | None:
    """What people wrote below the seal in `content`; `None`: it is broken, or there is none."""
    wanted = rf"^<!-- oncall:end {sort} ([0-9a-f]{{64}}), {_STAYS} -->\r?$"
    found: bytes | None = None
    # A text may hold such a line as well: the true one seals what stands above it.
    for seal in re.finditer(wanted.encode(), content, re.MULTILINE):
        if _digest(content[: seal.start()]).encode() == seal[1]:
            found = content[seal.end() :].removeprefix(b"\n")
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
