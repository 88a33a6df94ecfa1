"""The audit: every effect is on disk as an intent before it starts, and how it ended after."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from console.actions.audit.record import (
    AUDIT,
    BEGINNING,
    LOCK,
    MOST_DETAILS,
    MOST_SILENCES,
    MOST_SUBJECT_CHARS,
    MOST_SUBJECTS,
    OLDER,
    SCHEMA_VERSION,
    Actor,
    Phase,
    Record,
    hash_of,
    kept,
    line_of,
    lines_in,
    link_in,
)
from console.model.acting import Ended
from console.model.action import Action
from console.safety.clock import Clock
from console.safety.files import FileError, FileLock, append_line, read_end, rename_beside
from console.safety.text import visible

ROTATE_BYTES: Final = 16 * 1024 * 1024
LOCK_WAIT_S: Final = 2.0
"""For another console that writes a record, which takes milliseconds."""
NO_FOLDER: Final = "there is no state folder to keep it in"
_LOOK_BYTES: Final = 64 * 1024
_SYSLOG_CHARS: Final = 900
"""RFC 5424 has every receiver take 480 bytes, and asks for 2,048; the head says who and what."""


class Intent(msgspec.Struct, frozen=True):
    """An effect that is about to start."""

    id: str
    """Random, 16 hexadecimal digits; the end has the same."""
    action: Action
    recorded: bool
    """It is on disk. Else it is in memory and in syslog, and `Audit.fault` says why."""


class _Last(msgspec.Struct, frozen=True):
    """Where the chain goes on."""

    hash: str = BEGINNING
    seq: int = 0


class Audit:
    """The audit of one user and environment, shared with that user's other consoles.

    Its methods block (a lock, an fsync) and belong in a thread; several may run at once. None
    raises. Whether a record can be written shows only when one is: of what must not be done
    without a record, `intend` first, and ask `decide()` with `fault` after.
    """

    def __init__(
        self,
        folder: Path | None,
        actor: Actor,
        clock: Clock,
        *,
        syslog: Callable[[str], None] | None = None,
    ) -> None:
        """
        Args:
            folder: the state folder; `None` keeps records in memory and syslog only.
            syslog: where a record goes that cannot be written; by default to syslog.
        """
        self._folder = folder
        self._actor = actor
        self._clock = clock
        self._syslog = syslog or to_syslog
        self._lock = threading.Lock()
        self._held: list[Record] = []
        self._fault = "" if folder is not None else NO_FOLDER
        self._head = ""

    @property
    def fault(self) -> str:
        """Why the last record could not be written; empty where it was. Safe to show."""
        return self._fault

    @property
    def head(self) -> str:
        """Hash of the last line that this console wrote; empty before the first."""
        return self._head

    @property
    def held(self) -> int:
        """How many records are in memory only."""
        return len(self._held)

    def intend(
        self, action: Action, what: str, subjects: Sequence[str] = (), why: str = ""
    ) -> Intent:
        """Record that `action` is about to be carried out; on disk when this returns.

        Args:
            what: exactly what is done, in words: matchers, command line, address.
            subjects: what it is about; the first 50 are kept, and how many there are.
            why: the person's note.
        """
        intent_id = secrets.token_hex(8)
        record = msgspec.structs.replace(
            self._record(intent_id, Phase.INTENT, action),
            what=kept(what),
            subjects=tuple(kept(one, MOST_SUBJECT_CHARS) for one in subjects[:MOST_SUBJECTS]),
            subjects_total=len(subjects),
            why=kept(why),
        )
        return Intent(intent_id, action, self._write(record))

    def end(
        self,
        intent: Intent,
        ended: Ended,
        text: str,
        details: Sequence[str] = (),
        silences: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Record how what was intended ended; `silences` are clusters and ids."""
        record = msgspec.structs.replace(
            self._record(intent.id, Phase.END, intent.action),
            ended=ended,
            text=kept(text),
            details=tuple(kept(one, MOST_SUBJECT_CHARS) for one in details[:MOST_DETAILS]),
            silences=tuple(
                (kept(cluster, MOST_SUBJECT_CHARS), kept(silence, MOST_SUBJECT_CHARS))
                for cluster, silence in silences[:MOST_SILENCES]
            ),
        )
        self._write(record)

    def retry(self) -> bool:
        """Write what is in memory only, each record marked late; whether none is left."""
        with self._lock:
            return self._write_held() if self._held else not self._fault

    def _record(self, intent_id: str, phase: Phase, action: Action) -> Record:
        return Record(
            schema_version=SCHEMA_VERSION,
            prev="",
            seq=0,
            at=self._clock.now().wall,
            id=intent_id,
            phase=phase,
            action=action.id,
            effect=action.effect,
            actor=self._actor,
        )

    def _write(self, record: Record) -> bool:
        """Whether `record` is on disk; else it is held, behind those that are held already."""
        with self._lock:
            self._held.append(record)
            if self._write_held():
                return True
            self._held[-1] = msgspec.structs.replace(self._held[-1], late=True)
            with contextlib.suppress(Exception):  # the last resort has none behind it
                self._syslog(_syslog_line(record))
            return False

    def _write_held(self) -> bool:
        """Write in the order in which it happened, and keep what cannot be written."""
        if self._folder is None:
            return False
        try:
            with FileLock(self._folder / LOCK, wait_s=LOCK_WAIT_S):
                last = _last_in(self._folder)
                while self._held:
                    last = _append(self._folder, self._held[0], last, self._clock)
                    del self._held[0]
                    self._head = last.hash
        except (FileError, OSError) as error:
            self._fault = visible(str(error), cells=400)
            return False
        self._fault = ""
        return True


def _append(folder: Path, record: Record, last: _Last, clock: Clock) -> _Last:
    path = folder / AUDIT
    if _size(path) >= ROTATE_BYTES:
        rename_beside(path, _older_name(folder, f"{clock.now().wall:%Y%m%dT%H%M%SZ}"))
    seq = last.seq + 1
    line = line_of(msgspec.structs.replace(record, prev=last.hash, seq=seq))
    append_line(path, line)
    return _Last(hash_of(line), seq)


def _older_name(folder: Path, moment: str) -> str:
    names = [f"audit-{moment}.jsonl", *(f"audit-{moment}-{n}.jsonl" for n in range(2, 1000))]
    return next(name for name in names if not (folder / name).exists())


def _last_in(folder: Path) -> _Last:
    """Where the chain goes on: behind the last line of the newest file, torn or not.

    Raises:
        FileError: a file of the audit cannot be read, or is no plain file.
    """
    path = folder / AUDIT
    if _size(path):
        return _last_of(path)
    # A console was killed between the rotation and its first record.
    older = [_last_of(one) for one in sorted(folder.glob(OLDER))]
    return max(older, key=lambda last: last.seq, default=_Last())


def _last_of(path: Path) -> _Last:
    look = _LOOK_BYTES
    while True:
        found, size = read_end(path, look)
        whole = size <= look
        lines = lines_in(found)
        if not whole:
            del lines[0]
        for back, line in enumerate(reversed(lines)):
            link = link_in(line)
            if link is not None:
                return _Last(hash_of(lines[-1]), link.seq + back)
        if whole:
            return _Last(hash_of(lines[-1]), len(lines)) if size else _Last()
        look *= 4


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def to_syslog(line: str) -> None:
    """Send one line to the machine's own log, among what is for its administrators only."""
    import syslog

    syslog.openlog("oncall", syslog.LOG_PID, syslog.LOG_AUTHPRIV)
    syslog.syslog(syslog.LOG_NOTICE, line)


def _syslog_line(record: Record) -> str:
    said = record.what if record.phase is Phase.INTENT else f"{record.ended}: {record.text}"
    words: Iterable[str] = (
        f"audit {record.phase} {record.id} {record.action} ({record.effect})",
        f"by {record.actor.who} uid {record.actor.uid}: {said}",
    )
    line = " ".join(words)
    return line[:_SYSLOG_CHARS].encode("ascii", "backslashreplace").decode()
