"""The comment of a silence that is an ack: written here and read here.

karma and kthxbye know an ack by its prefix (`ACK!`) alone; what follows is ours:
`ACK! kai: looking at redis [oncall 7f3a2c]`. The last part is the id of the intent in the
audit, so that whoever finds the silence finds its record.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from console.safety.text import Raw

NO_NOTE: Final = "acknowledged"
_MARK: Final = re.compile(r"\s*\[oncall ([0-9a-f]{6,32})\]\s*$")


class AckComment(msgspec.Struct, frozen=True):
    """What the comment of an ack says."""

    note: Raw
    """Empty where nobody wrote one."""
    intent: str = ""
    """Id of its record in the audit; empty for an ack that another program made."""

    @property
    def is_ours(self) -> bool:
        """Whether some console made it."""
        return bool(self.intent)


def write_ack_comment(prefix: str, owner: str, note: str, intent: str) -> str:
    """The comment of an ack by `owner`.

    Args:
        prefix: by which others know it for an ack: `ACK!`.
        note: may be empty.
        intent: hexadecimal id of the record in the audit.
    """
    return f"{prefix} {owner}: {note.strip() or NO_NOTE} [oncall {intent}]"


def with_record(comment: str, intent: str) -> str:
    """`comment`, of any silence, with the id of its record at its end: once, whatever was there."""
    return f"{without_record(comment)} [oncall {intent}]".lstrip()


def without_record(comment: str) -> str:
    """`comment` without the id of its record, as its author typed it."""
    return _MARK.sub("", comment).rstrip()


def ack_prefix(comment: str, prefixes: tuple[str, ...]) -> str | None:
    """The prefix that makes `comment` an ack's; `None` where none does."""
    return next((one for one in prefixes if comment.startswith(one)), None)


def read_ack_comment(comment: str, prefixes: tuple[str, ...], owner: str) -> AckComment | None:
    """What `comment` says, or `None` where it is no ack's."""
    prefix = ack_prefix(comment, prefixes)
    if prefix is None:
        return None
    rest = comment[len(prefix) :].strip()
    mark = _MARK.search(rest)
    said = rest if mark is None else rest[: mark.start()]
    note = said.removeprefix(f"{owner}:").strip()
    return AckComment(Raw("" if note == NO_NOTE else note), "" if mark is None else mark[1])
