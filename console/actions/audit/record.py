"""The lines of the audit: who wanted what, written before it is done, and how it ended.

JSON, one record a line, each with the SHA-256 of the line before it, so that a line that was
changed, taken out or put in between breaks the chain.
"""

from __future__ import annotations

import enum
import hashlib
import os
import secrets
import socket
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final

import msgspec

from config.identity import Identity
from console.model.acting import Ended
from console.model.action import Effect
from console.safety.jsontext import json_line
from console.safety.text import visible

SCHEMA_VERSION: Final = 1
AUDIT: Final = "audit.jsonl"
OLDER: Final = "audit-*.jsonl"
LOCK: Final = "audit.lock"
BEGINNING: Final = "0" * 64
"""`prev` of the very first record."""
MOST_SUBJECTS: Final = 50
MOST_DETAILS: Final = 50
MOST_SILENCES: Final = 1_000
MOST_CHARS: Final = 64 * 1024
MOST_SUBJECT_CHARS: Final = 300
CUT: Final = "…"


class Actor(msgspec.Struct, frozen=True):
    """Whose hands were on the keyboard, as far as this machine can tell. Safe to show."""

    who: str
    verified: bool
    """False on a login that several people share."""
    login: str
    uid: int
    tty: str = ""
    """Empty where there is no terminal."""
    ssh_connection: str = ""
    """Client's address and port, and ours; empty where nobody came by SSH."""
    host: str = ""
    pid: int = 0
    console: str = ""
    """Random: two consoles are two, whatever their process ids."""


class Phase(enum.StrEnum):
    """The two records of one effect."""

    INTENT = "intent"
    """Written before anything is sent."""
    END = "end"
    """One, but that an end that was not known may be followed by the one that was learnt."""


class Record(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One line of the audit. All its texts are safe to show.

    The first three stand first, so that even a torn line shows to which line it was chained.
    """

    schema_version: int
    prev: str
    """SHA-256 of the line before, without its line break; hexadecimal."""
    seq: int
    """From 1, over all files; a torn line has counted."""
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    id: str
    """The same in an intent and in its end."""
    phase: Phase
    action: str
    """The id in the registry."""
    effect: Effect
    actor: Actor
    what: str = ""
    """Of an intent: exactly what is done: matchers, command, address."""
    subjects: tuple[str, ...] = ()
    """Of an intent: what it is about, the first 50."""
    subjects_total: int = 0
    why: str = ""
    """The person's own note."""
    ended: Ended | None = None
    """Of an end."""
    text: str = ""
    details: tuple[str, ...] = ()
    silences: tuple[tuple[str, str], ...] = ()
    """Cluster and id of what was made or changed."""
    late: bool = False
    """It could not be written at its time (`at`), and was as soon as it could."""


class Link(msgspec.Struct, frozen=True):
    """As much of a record as the chain needs, whatever its version."""

    prev: str
    seq: int


_LINK: Final = msgspec.json.Decoder(Link)
_RECORD: Final = msgspec.json.Decoder(Record)


def actor_of(identity: Identity, login: str, environ: Mapping[str, str]) -> Actor:
    """Who acts in this process. Looks at the process, its terminal and `environ`."""
    return Actor(
        who=visible(identity.name, cells=200),
        verified=identity.verified,
        login=visible(login, cells=200),
        uid=os.getuid(),
        tty=_terminal(),
        ssh_connection=visible(environ.get("SSH_CONNECTION", ""), cells=200),
        host=visible(socket.gethostname(), cells=200),
        pid=os.getpid(),
        console=secrets.token_hex(6),
    )


def line_of(record: Record) -> bytes:
    """The record as it stands in the file, without the line break; ASCII."""
    return json_line(record).encode("ascii")


def hash_of(line: bytes) -> str:
    """What the next record has as its `prev`."""
    return hashlib.sha256(line).hexdigest()


def lines_in(content: bytes) -> list[bytes]:
    """The lines of a file, or of its end; the last one may lack its line break."""
    return content.removesuffix(b"\n").split(b"\n")


def link_in(line: bytes) -> Link | None:
    """Where a line stands in the chain; `None` where it is torn, or none of ours."""
    try:
        return _LINK.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def record_in(line: bytes) -> Record | None:
    """The record of a line; `None` where it is torn, or written by a later version."""
    try:
        return _RECORD.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def may_be_torn(line: bytes, prev: str) -> bool:
    """Whether `line` is what a kill or a power cut leaves of a record that follows `prev`.

    Zeros at its end are blocks that the file system had given, and not yet filled.
    """
    begun = f'{{"schema_version":{SCHEMA_VERSION},"prev":"{prev}"'.encode()
    written = line.rstrip(b"\0")
    short = min(len(begun), len(written))
    return written[:short] == begun[:short]


def kept(text: str, most: int = MOST_CHARS) -> str:
    """`text` as a record keeps it: safe to show, on one line, and not endless."""
    shown = visible(text)
    return shown if len(shown) <= most else shown[: most - 1] + CUT


def _terminal() -> str:
    for descriptor in (0, 1, 2):
        try:
            return visible(os.ttyname(descriptor), cells=200)
        except OSError:
            continue
    return ""
