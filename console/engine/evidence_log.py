"""What a service wrote around the time at which its trouble began."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from console.engine.evidence_host import host_name_of
from console.engine.evidence_words import EvidenceLine, Piece, Tone, Topic, failed, plain
from console.engine.questions import held_before
from console.model.failure import Failure
from console.model.logs import LogAnswer, LogLine, LogRequest
from console.model.registry import host_cell
from console.model.snapshot import Snapshot
from console.model.words import clock_time
from console.model.worklist import Row
from console.safety.text import Raw

LEAD: Final = timedelta(minutes=2)
TRAIL: Final = timedelta(minutes=1)
"""Log lines from this long before the start of the row, until this long after it."""
READ_LINES: Final = 400
SHOWN_LINES: Final = 5
KERNEL_S: Final = 3.0
"""For the journal of the host, which must not hold up the service's own lines."""

_KERNEL: Final = re.compile(r"out of memory|oom-kill|killed process|segfault|i/o error", re.I)
_FAULT: Final = re.compile(
    r"\b(?:fatal|panic|error|err|exception|traceback|fail(?:ed|ure)?|refused|denied|timed? ?out|"
    r"critical|crit|emerg|alert|killed|abort(?:ed)?|corrupt|no space|cannot|can't)\b",
    re.I,
)


class LogReader(Protocol):
    """Reads log lines; `console.sources.logs` does."""

    def why_not(self, service: str) -> str: ...

    async def read(self, request: LogRequest) -> LogAnswer | Failure: ...


def log_window(row: Row, snapshot: Snapshot, service: str) -> LogRequest:
    """The lines around the start of `row`: what broke did so before the rule's `for` began."""
    since = row.since - held_before(row, snapshot) - LEAD
    return LogRequest(service, since, row.since + TRAIL, READ_LINES)


async def log_lines(
    row: Row, snapshot: Snapshot, logs: LogReader | None
) -> tuple[EvidenceLine, ...]:
    """What the service wrote around the start, lines that look like faults first; what the
    kernel of its host wrote about killing it counts as well."""
    if row.cell is None:
        return ()
    why = logs.why_not(row.cell) if logs is not None else "no logs are read here"
    host = host_name_of(row, snapshot.cell(row.cell), snapshot)
    own, of_kernel = await asyncio.gather(
        _read(logs, log_window(row, snapshot, row.cell)), _kernel_lines(logs, row, snapshot, host)
    )
    lines = own.lines if isinstance(own, LogAnswer) else ()
    shown = _log_shown((*lines, *of_kernel), row.since, snapshot.at.wall)
    if isinstance(own, Failure):
        return (*shown, failed(Topic.LOG, own))
    if why:
        return shown or (plain(Topic.LOG, f"none: {why}", Tone.MUTED),)
    if not shown:
        begun = clock_time(row.since, snapshot.at.wall)
        shown = (plain(Topic.LOG, f"it wrote nothing around {begun}", Tone.MUTED),)
    if isinstance(own, LogAnswer) and own.said:
        shown = (*shown, msgspec.structs.replace(plain(Topic.LOG, own.said, Tone.MUTED), rank=9))
    return shown


async def _read(logs: LogReader | None, request: LogRequest) -> LogAnswer | Failure | None:
    """`None` where there is nothing to read."""
    if logs is None or logs.why_not(request.service):
        return None
    return await logs.read(request)


async def _kernel_lines(
    logs: LogReader | None, row: Row, snapshot: Snapshot, host: str | None
) -> tuple[LogLine, ...]:
    """A help and no more: where it is late or fails, the service's own log stands alone."""
    if host is None or host_cell(host) == row.cell:
        return ()
    try:
        async with asyncio.timeout(KERNEL_S):
            told = await _read(logs, log_window(row, snapshot, host_cell(host)))
    except TimeoutError:
        return ()
    lines = told.lines if isinstance(told, LogAnswer) else ()
    return tuple(line for line in lines if _KERNEL.search(line.text.exact[:2000]))


def _log_shown(
    lines: Iterable[LogLine], start: datetime, now: datetime
) -> tuple[EvidenceLine, ...]:
    """The few that tell most, in the order of time, each with its rank."""

    def worth(pair: tuple[int, LogLine]) -> tuple[int, float, int]:
        number, line = pair
        text = line.text.exact[:2000]
        kind = 0 if _KERNEL.search(text) else 1 if _FAULT.search(text) else 2
        far_s = abs((line.at - start).total_seconds()) if line.at is not None else 0.0
        return kind, far_s, -number

    held = [line for line in lines if line.text.exact.strip()]
    best = sorted(enumerate(held), key=worth)[:SHOWN_LINES]
    ranks = {number: rank for rank, (number, _) in enumerate(best)}
    chosen = sorted(ranks, key=lambda number: (_seconds(held[number], start), number))
    found: list[EvidenceLine] = []
    for number in chosen:
        line = held[number]
        when = f"{clock_time(line.at, now)} " if line.at is not None else ""
        bad = worth((number, line))[0] < 2
        text = Piece(Raw(line.text.exact[:2000]), Tone.WARNING if bad else Tone.PLAIN)
        found.append(EvidenceLine(Topic.LOG, (Piece(when, Tone.MUTED), text), rank=ranks[number]))
    return tuple(found)


def _seconds(line: LogLine, start: datetime) -> float:
    return (line.at - start).total_seconds() if line.at is not None else 0.0
