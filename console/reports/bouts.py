"""The episodes of alerts that several sources tell of, each once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from console.model.history import HISTORY, Bout

NEAR: Final = timedelta(minutes=2)
"""Two bouts of one alert whose starts are no further apart are one: each source dates it by its
own scrape."""
_AND: Final = ", "
_NEVER_OVER: Final = datetime.max.replace(tzinfo=UTC)
"""Of an end that nobody saw come: until then it may have fired all the time."""


def merged(bouts: Iterable[Bout]) -> tuple[Bout, ...]:
    """Each episode once, by start.

    Bouts of one alert, so of one `key`, are one where they overlap, or where they start within
    `NEAR`: an alert cannot fire twice at once. Of them the one that history tells of comes
    first, since that alone knows who did what; the start is the earliest, the end the first
    proof after which nobody saw it fire: a console that was away proves it late. Where a source
    saw it going on long after another's proof, it has not ended.
    """
    by_key: dict[str, list[Bout]] = {}
    for one in sorted(bouts, key=lambda bout: bout.start):
        by_key.setdefault(one.key, []).append(one)
    found = [bout for several in by_key.values() for bout in _of_one(several)]
    return tuple(sorted(found, key=lambda bout: (bout.start, bout.key)))


def end_of(bout: Bout) -> datetime:
    """When it was over, or when it was last seen to go on."""
    return max(bout.start, bout.resolved_at or bout.seen_at or bout.start)


def lasted_s(bout: Bout, start: datetime, end: datetime) -> float:
    """For how many seconds it fired between `start` and `end`, as far as somebody saw it."""
    within = min(end, end_of(bout)) - max(start, bout.start)
    return max(0.0, within.total_seconds())


def is_known_to_history(bout: Bout) -> bool:
    """Whether it is known what people did about it: Prometheus alone does not tell that."""
    return HISTORY in sources_of(bout)


def sources_of(bout: Bout) -> list[str]:
    """By what it is known, each by its name."""
    return (bout.source or HISTORY).split(_AND)


def is_silenced_first(bout: Bout) -> bool:
    """Whether a silence covered it before anybody took it."""
    return bout.silenced_at is not None and (
        bout.acked_at is None or bout.silenced_at < bout.acked_at
    )


def _of_one(bouts: list[Bout]) -> list[Bout]:
    groups: list[list[Bout]] = []
    until = bouts[0].start
    for one in bouts:
        if groups and (one.start < until or one.start - groups[-1][-1].start <= NEAR):
            groups[-1].append(one)
            until = max(until, end_of(one))
        else:
            groups.append([one])
            until = end_of(one)
    return [_as_one(group) for group in groups]


def _as_one(several: list[Bout]) -> Bout:
    if len(several) == 1:
        return several[0]
    # Sorting is stable: of those that history tells of the earliest comes first.
    ranked = sorted(several, key=lambda bout: not is_known_to_history(bout))
    first = ranked[0]
    acked = min((one for one in ranked if one.acked_at is not None), key=_acked_at, default=None)
    return msgspec.structs.replace(
        first,
        service=next((one.service for one in ranked if one.service), ""),
        priority=min(one.priority for one in several),
        start=several[0].start,
        acked_at=acked.acked_at if acked is not None else None,
        acked_by=acked.acked_by if acked is not None else "",
        silenced_at=_earliest(one.silenced_at for one in several),
        resolved_at=_proven_end(several),
        seen_at=max((one.seen_at for one in several if one.seen_at is not None), default=None),
        respond_by=next((one.respond_by for one in ranked if one.respond_by is not None), None),
        resolve_by=next((one.resolve_by for one in ranked if one.resolve_by is not None), None),
        fingerprint=next((one.fingerprint for one in ranked if one.fingerprint), ""),
        source=_AND.join(dict.fromkeys(one.source for one in ranked if one.source)),
    )


def _acked_at(bout: Bout) -> datetime:
    assert bout.acked_at is not None
    return bout.acked_at


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((one for one in moments if one is not None), default=None)


def _proven_end(several: list[Bout]) -> datetime | None:
    proof = max((one.resolved_at for one in several if one.resolved_at is not None), default=None)
    seen = max(
        (one.seen_at for one in several if one.resolved_at is None and one.seen_at is not None),
        default=None,
    )
    if proof is None or (seen is not None and seen - proof > NEAR):
        return None
    return min(_not_refuted(several), default=proof)


def _not_refuted(several: list[Bout]) -> Iterator[datetime]:
    """The ends after which no other that ended later saw it fire."""
    ends = sorted(
        ((one.resolved_at, one.seen_at) for one in several if one.resolved_at is not None),
        key=lambda one: one[0],
        reverse=True,
    )
    seen: datetime | None = None
    """When one of those that ended later than the moment last saw it."""
    for end, together in itertools.groupby(ends, key=lambda one: one[0]):
        if seen is None or seen - end <= NEAR:
            yield end
        of_these = [_NEVER_OVER if seen_at is None else seen_at for _, seen_at in together]
        seen = max(of_these) if seen is None else max(seen, *of_these)
