"""What today's report tells of the present alone: nobody knows it any more of a day that is over.

Every sentence is safe to show.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from console.engine.handover import Handover
from console.engine.week.present_handover import handed
from console.fleet.versions import has_drift, versions_of
from console.model.daily import Now
from console.model.run import Shelved
from console.model.saying import Moment, Saying, listed, saying
from console.model.snapshot import Cell, Snapshot
from console.safety.text import visible
from console.triage.silence_use import SilenceUse, silence_uses

ENDING: Final = timedelta(hours=24)
"""Silences that end within it are told."""
FORGOTTEN: Final = timedelta(days=7)
"""Silences that are older are told, and what holds nothing."""
CERTIFICATES: Final = timedelta(days=30)
MOST_LINES: Final = 50

Present = tuple[Now, ...]


def present_of(
    snapshot: Snapshot,
    handover: Handover | None,
    books: Sequence[Shelved] | None,
    prefixes: tuple[str, ...],
) -> Present:
    """What `Daily.now` holds.

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
        found.append(("handover", tuple(handed(handover))))
    return tuple(
        Now(key, lines[:MOST_LINES], max(0, len(lines) - MOST_LINES)) for key, lines in found
    )


def _silences(uses: Iterable[SilenceUse], now: datetime) -> Iterator[Saying]:
    for use in uses:
        silence = use.silence
        if use.is_ack:
            continue
        told = []
        if silence.ends_at - now <= ENDING:
            told.append(saying("ends {at}", at=Moment(silence.ends_at)))
        if now - silence.starts_at >= FORGOTTEN:
            told.append(saying("since {at}", at=Moment(silence.starts_at)))
        if use.is_unused:
            told.append(saying("holds nothing"))
        what = listed(told)
        if what is not None:
            matchers = ", ".join(visible(one.written, cells=60) for one in silence.matchers)
            who = visible(silence.created_by, cells=40)
            comment = visible(silence.comment, cells=80)
            yield saying("{silence} ({who}: {comment}): {what}", silence=matchers, who=who,
                         comment=comment, what=what)  # fmt: skip


def _certificates(cells: Iterable[Cell], now: datetime) -> Iterator[Saying]:
    ends: dict[datetime, set[str]] = {}
    for cell in cells:
        for result in cell.probes:
            if result.tls_expires is not None and result.tls_expires - now <= CERTIFICATES:
                ends.setdefault(result.tls_expires, set()).add(cell.service.name)
    for end in sorted(ends):
        days = (end - now).total_seconds() / 86400
        left = saying("expired")
        if days >= 0:
            left = saying("{n} days left", n=math.floor(days * 10) / 10)
        names = ", ".join(sorted(ends[end]))
        yield saying("{services}: {at}, {left}", services=names, at=Moment(end), left=left)


def _disks(snapshot: Snapshot) -> Iterator[Saying]:
    for state in snapshot.host_states:
        mounts = None if state.facts is None else state.facts.mounts
        for mount in mounts or ():
            if mount.used_percent >= state.host.thresholds.disk_percent:
                path = visible(mount.path, cells=60)
                percent = f"{mount.used_percent:.0f}"
                yield saying("{disk}: {percent} % used", disk=f"{state.host.name} {path}",
                             percent=percent)  # fmt: skip


def _drift(cells: Iterable[Cell]) -> Iterator[Saying]:
    for cell in cells:
        if has_drift(cell):
            told = ", ".join(
                f"{one.told_by} {visible(one.value, cells=40)}" for one in versions_of(cell)
            )
            wanted = visible(cell.service.expected_version or "", cells=40)
            yield saying("{service}: {told}, expected {wanted}", service=cell.service.name,
                         told=told, wanted=wanted)  # fmt: skip


def _books(books: Iterable[Shelved]) -> Iterator[Saying]:
    for book in books:
        if book.is_stale:
            yield saying("{book}: its review is overdue", book=visible(book.name, cells=60))
        elif book.is_stale is None:
            name = visible(book.name, cells=60)
            yield saying("{book}: it does not say when it was reviewed", book=name)
