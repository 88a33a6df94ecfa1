"""What today's report tells of the present alone: nobody knows it any more of a day that is over.

Every line is safe to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from console.engine.handover import Handover
from console.engine.handover_lines import joined
from console.engine.handover_words import sections_of
from console.fleet.versions import has_drift, versions_of
from console.model.run import Shelved
from console.model.snapshot import Cell, Snapshot
from console.safety.text import visible
from console.triage.silence_use import SilenceUse, silence_uses

ENDING: Final = timedelta(hours=24)
"""Silences that end within it are told."""
FORGOTTEN: Final = timedelta(days=7)
"""Silences that are older are told, and what holds nothing."""
CERTIFICATES: Final = timedelta(days=30)
MOST_LINES: Final = 50

Present = tuple[tuple[str, tuple[str, ...]], ...]


def present_of(
    snapshot: Snapshot,
    handover: Handover | None,
    books: Sequence[Shelved] | None,
    prefixes: tuple[str, ...],
) -> Present:
    """What `Daily.now` holds, by its headings' keys.

    Args:
        books: the library; `None`: it could not be read, and is left out.
        prefixes: by which the comment of an ack begins.
    """
    now = snapshot.at.wall
    uses, _ = silence_uses(snapshot, prefixes)
    found = [
        ("silences", tuple(_silences(uses, now))),
        ("certificates", tuple(_certificates(snapshot.cells, now))),
        ("disks", tuple(_disks(snapshot))),
        ("drift", tuple(_drift(snapshot.cells))),
    ]
    if books is not None:
        found.append(("runbooks", tuple(_books(books))))
    if handover is not None:
        found.append(("handover", tuple(_handed(handover))))
    return tuple((key, _capped(lines)) for key, lines in found)


def _capped(lines: tuple[str, ...]) -> tuple[str, ...]:
    if len(lines) <= MOST_LINES:
        return lines
    return (*lines[:MOST_LINES], f"{len(lines) - MOST_LINES} more")


def _silences(uses: Iterable[SilenceUse], now: datetime) -> Iterator[str]:
    for use in uses:
        silence = use.silence
        if use.is_ack:
            continue
        told = []
        if silence.ends_at - now <= ENDING:
            told.append(f"ends {silence.ends_at:%Y-%m-%d %H:%M} UTC")
        if now - silence.starts_at >= FORGOTTEN:
            told.append(f"since {silence.starts_at:%Y-%m-%d}")
        if use.is_unused:
            told.append("holds nothing")
        if told:
            matchers = ", ".join(visible(one.written, cells=60) for one in silence.matchers)
            who = visible(silence.created_by, cells=40)
            comment = visible(silence.comment, cells=80)
            yield f"{matchers} ({who}: {comment}): {', '.join(told)}"


def _certificates(cells: Iterable[Cell], now: datetime) -> Iterator[str]:
    ends: dict[datetime, set[str]] = {}
    for cell in cells:
        for result in cell.probes:
            if result.tls_expires is not None and result.tls_expires - now <= CERTIFICATES:
                ends.setdefault(result.tls_expires, set()).add(cell.service.name)
    for end in sorted(ends):
        days = (end - now).total_seconds() / 86400
        told = "expired" if days < 0 else f"{days:.1f} days left"
        yield f"{', '.join(sorted(ends[end]))}: {end:%Y-%m-%d}, {told}"


def _disks(snapshot: Snapshot) -> Iterator[str]:
    for state in snapshot.host_states:
        mounts = None if state.facts is None else state.facts.mounts
        for mount in mounts or ():
            if mount.used_percent >= state.host.thresholds.disk_percent:
                path = visible(mount.path, cells=60)
                yield f"{state.host.name} {path}: {mount.used_percent:.0f} % used"


def _drift(cells: Iterable[Cell]) -> Iterator[str]:
    for cell in cells:
        if has_drift(cell):
            told = ", ".join(
                f"{one.told_by} {visible(one.value, cells=40)}" for one in versions_of(cell)
            )
            wanted = visible(cell.service.expected_version or "", cells=40)
            yield f"{cell.service.name}: {told}, expected {wanted}"


def _books(books: Iterable[Shelved]) -> Iterator[str]:
    for book in books:
        if book.is_stale:
            yield f"{visible(book.name, cells=60)}: its review is overdue"
        elif book.is_stale is None:
            yield f"{visible(book.name, cells=60)}: it does not say when it was reviewed"


def _handed(handover: Handover) -> Iterator[str]:
    for section in sections_of(handover, most=10):
        told = [f"{one.head} {joined(one.words)}".strip() for one in section.lines]
        if section.more:
            told.append(f"{section.more} more")
        yield f"{section.title}: {'; '.join(told) if told else section.none or 'none'}"
