"""What is asked of the journal, and what it answers."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.journal.disk import ABSENT


class Write(msgspec.Struct, frozen=True):
    """A file is to hold exactly `content`."""

    path: str
    content: bytes
    expected: str = ABSENT
    """The blob that it was read as; `ABSENT`: it is not there yet."""
    alone: bool = False
    """That another console wrote the very same meanwhile is a conflict too: what two did in one
    second, one of them did."""


class Remove(msgspec.Struct, frozen=True):
    """A file is to be gone."""

    path: str
    expected: str
    """The blob that it was read as."""


class Keep(msgspec.Struct, frozen=True):
    """A file is committed as it stands on disk: event files, attachments, what an editor wrote."""

    path: str


Change = Write | Remove | Keep


class Commit(msgspec.Struct, frozen=True):
    """It is on the branch."""

    hash: str
    subject: str
    changed: bool
    """False: everything was so already, and `hash` is the commit that was there."""
    notice: str = ""
    """What a person has to know beside that, safe to show; mostly empty."""


class Conflict(msgspec.Struct, frozen=True):
    """A file changed on disk since it was read. Nothing was written; here are both versions."""

    path: str
    expected: str
    mine: bytes
    theirs: bytes
    theirs_blob: str
    """To be expected of a write that is to stand after all; `ABSENT`: it was removed."""


class Document(msgspec.Struct, frozen=True):
    """A file as it stands on disk."""

    path: str
    content: bytes
    blob: str
    """What a write that is based on it expects."""


class Logged(msgspec.Struct, frozen=True):
    """A commit of the history. Its texts are safe to show."""

    hash: str
    author: str
    email: str
    at: datetime
    subject: str
