"""Bytes that docker, journalctl and kubectl printed, as log lines. Total: any bytes at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import msgspec

from console.model.logs import MAX_LINES, LogLine
from console.model.workload import WorkloadKind
from console.safety.text import Raw
from console.sources.logs.client import MAX_BYTES, TRAILER
from console.sources.logs.place import Keeper, LogPlace

MAX_LINE_CHARS: Final = 8_192
"""Kept of one line; what was cut is counted at its end."""
MAX_LINE_BYTES: Final = 4 * MAX_LINE_CHARS
MOST_LINES: Final = 2 * MAX_LINES
"""Looked at of one answer: a host that was asked for fewer and prints a million empty ones
costs no second of everybody else's time."""

_INDENTED: Final = (Keeper.JOURNAL, Keeper.HOST)
_STAMP: Final = re.compile(
    r"(?:\[pod/([^\]\s]{1,600})\] )?"
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)(?: |$)"
)


class Output(msgspec.Struct, frozen=True):
    """What a reading printed, taken apart."""

    lines: tuple[LogLine, ...]
    said: tuple[Raw, ...]
    """Lines without a time that stand where no line of the log could: what the program said
    of itself."""
    status: int | None
    """The program's own exit status; `None`: not known."""
    cut: bool
    """The cap on bytes, or that on lines, was reached."""


def output_of(stdout: bytes, keeper: Keeper) -> Output:
    """What the scripts of the client printed."""
    body, mark, status = stdout.rpartition(TRAILER)
    if not mark:
        body, status = stdout, b""
    cut = len(stdout) >= MAX_BYTES
    if cut and mark:
        # Somewhere in a line; the whole ones begin behind it, where there are any.
        begun, _, whole = body.partition(b"\n")
        if not whole.strip():
            line = line_of(begun, len(begun), keeper)
            return Output((LogLine(None, line.text),), (), None, cut)
        body = whole
    elif cut:
        body = body.rpartition(b"\n")[0] or body
    if body.count(b"\n") > MOST_LINES:
        body, cut = b"\n".join(body.rsplit(b"\n", MOST_LINES)[1:]), True
    found = (line_of(raw, len(raw), keeper) for raw in body.split(b"\n")) if body else ()
    lines, said = taken_apart(found, keeper)
    number = status.strip()
    known = int(number) if number.isdigit() and len(number) < 4 else None
    return Output(tuple(lines), tuple(said), known, cut)


def taken_apart(found: Iterable[LogLine], keeper: Keeper) -> tuple[list[LogLine], list[Raw]]:
    """Lines of the log, and those that the program said of itself.

    journalctl indents what goes on from a line before; docker and kubectl put a time in front
    of every line, so that one without is their own.
    """
    lines: list[LogLine] = []
    said: list[Raw] = []
    for line in found:
        goes_on = keeper in _INDENTED and lines and line.text.exact.startswith((" ", "\t"))
        if line.at is not None or goes_on:
            lines.append(line)
        elif line.text and not _is_heading(line.text.exact):
            said.append(line.text)
    return lines, said


def line_of(raw: bytes, size: int, keeper: Keeper) -> LogLine:
    """One line without its end, of which `raw` is the beginning and `size` the whole length."""
    text = raw[:MAX_LINE_BYTES].decode("utf-8", "replace").removesuffix("\r")
    found = _STAMP.match(text)
    at = None if found is None else _time_of(found)
    by = ""
    if found is not None and at is not None:
        text, by = text[found.end() :], found[1] or ""
        if keeper in _INDENTED:
            text = text.partition(" ")[2]  # the host's own name
    if size > MAX_LINE_BYTES or len(text) > MAX_LINE_CHARS:
        text = f"{text[:MAX_LINE_CHARS]} … {size:,} bytes"
    return LogLine(at, Raw(text), by)


def _time_of(found: re.Match[str]) -> datetime | None:
    year, month, day, hour, minute, second = (int(found[n]) for n in range(2, 8))
    micro = int((found[8] or "0").ljust(6, "0")[:6])
    zone = found[9]
    ahead = timedelta(0)
    if zone != "Z":
        ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        ahead = -ahead if zone[0] == "-" else ahead
    try:
        at = datetime(year, month, day, hour, minute, min(second, 59), micro, timezone(ahead))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_heading(line: str) -> bool:
    """`-- No entries --`, `-- Boot … --`, `-- Journal begins at … --`."""
    return line.startswith("-- ") and line.rstrip().endswith(("--", "."))


class Lines:
    """Bytes as they come, cut into lines; what is longer than a line may be is left out."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._left_out = 0

    def feed(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """The lines that `data` completes: what is kept of each, and how long it was."""
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._take(piece)
            yield self._end()
        self._take(rest)

    def rest(self) -> tuple[bytes, int]:
        """What was begun and has no end."""
        return self._end()

    def _take(self, piece: bytes) -> None:
        room = MAX_LINE_BYTES - len(self._begun)
        self._begun += piece[:room]
        self._left_out += max(0, len(piece) - room)

    def _end(self) -> tuple[bytes, int]:
        line, size = bytes(self._begun), len(self._begun) + self._left_out
        self._begun.clear()
        self._left_out = 0
        return line, size


def within(
    lines: Sequence[LogLine], since: datetime | None, until: datetime | None
) -> Iterator[LogLine]:
    """Those of a stretch of time; what has no time goes with the line before it."""
    inside = since is None or all(line.at is None for line in lines)
    for line in lines:
        if line.at is not None:
            inside = (since is None or line.at >= since) and (until is None or line.at <= until)
        if inside:
            yield line


def in_order(lines: Iterable[LogLine]) -> list[LogLine]:
    """By time, since kubectl prints one container after the other; stable."""
    keyed = []
    last = datetime.min.replace(tzinfo=UTC)
    for line in lines:
        last = line.at or last
        keyed.append((last, line))
    return [line for _, line in sorted(keyed, key=lambda pair: pair[0])]


def tagged(lines: Iterable[LogLine], place: LogPlace) -> list[LogLine]:
    """The lines, each with the pod and the container that wrote it in front of its text."""
    tags: dict[str, str] = {}
    found = []
    for line in lines:
        if line.by and line.by not in tags:
            tags[line.by] = _tag(line.by, place)
        tag = tags.get(line.by, "")
        text = Raw(f"[{tag}] {line.text.exact}") if tag else line.text
        found.append(LogLine(line.at, text, line.by))
    return found


def _tag(by: str, place: LogPlace) -> str:
    """`api-7c9d-x2k4q/main` without what all pods of the workload have: `x2k4q/main`."""
    pod, _, container = by.partition("/")
    end = pod.rpartition("-")[2]
    # The pods of a stateful set are numbered, and go by their whole name.
    short = pod if place.kind is WorkloadKind.STATEFULSET or not end else end
    return f"{short}/{container}" if container not in ("", place.name) else short
