"""Episodes as bytes, so that clocks outlive the console."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.model.policy import Policy
from console.model.worklist import Episode
from console.safety.text import visible

VERSION: Final = 1
DEFAULT_GAP: Final = Policy().episode_gap
_ENDED_FOR: Final = timedelta(hours=2)
"""Longer than triage remembers an episode that ended."""


class EpisodesDamaged(Exception):  # noqa: N818
    """The saved episodes cannot be read. The message says what was expected and what came."""


class _Version(msgspec.Struct):
    version: int


class _File(msgspec.Struct):
    version: int
    episodes: tuple[Episode, ...]


_encoder: Final = msgspec.json.Encoder()
_version: Final = msgspec.json.Decoder(_Version)
_file: Final = msgspec.json.Decoder(_File)


def episodes_to(episodes: Iterable[Episode]) -> bytes:
    """The episodes as JSON: `{"version": 1, "episodes": [...]}`, times in RFC 3339."""
    return _encoder.encode(_File(VERSION, tuple(episodes)))


def episodes_from(content: bytes) -> tuple[Episode, ...]:
    """The episodes in `content`, one a key.

    Raises:
        EpisodesDamaged: it is no such JSON, or of a version that this console does not know.
    """
    try:
        version = _version.decode(content).version
        if version != VERSION:
            raise EpisodesDamaged(f"expected version {VERSION}, it has version {version}")
        episodes = _file.decode(content).episodes
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise EpisodesDamaged(f"expected JSON with episodes: {visible(str(fault))}") from fault
    for episode in episodes:
        if not all(when is None or when.tzinfo is not None for when in _times(episode)):
            raise EpisodesDamaged("expected times with a time zone, one has none")
    # Whoever can write the file must not reach the terminal through it.
    safe = (
        msgspec.structs.replace(
            episode,
            responded_by=visible(episode.responded_by, cells=80),
            found=visible(episode.found, cells=80),
        )
        if episode.responded_by or episode.found
        else episode
        for episode in episodes
    )
    return merged(safe, ())


def merged(
    mine: Iterable[Episode],
    others: Iterable[Episode],
    gap: timedelta = DEFAULT_GAP,
) -> tuple[Episode, ...]:
    """Two consoles' episodes as one set: no clock of either starts later for it.

    Of two episodes of one alert the earlier start counts, and the first response; but one
    that ended more than `gap` before the other began is the past of it. What only `others`
    has is kept, unless it ended long ago.
    """
    found: dict[str, Episode] = {}
    for episode in mine:
        before = found.get(episode.key)
        found[episode.key] = episode if before is None else _joined(before, episode, gap)
    rest = tuple(others)
    times = [when for each in (*found.values(), *rest) for when in _times(each) if when]
    horizon = max(times, default=None)
    for episode in rest:
        before = found.get(episode.key)
        if before is not None:
            found[episode.key] = _joined(before, episode, gap)
        elif horizon is None or not _ended_before(episode, horizon):
            found[episode.key] = episode
    return tuple(found.values())


def _joined(one: Episode, other: Episode, gap: timedelta) -> Episode:
    if one.resolved_at is not None and other.start - one.resolved_at > gap:
        return other
    if other.resolved_at is not None and one.start - other.resolved_at > gap:
        return one
    answered = min(
        (each for each in (one, other) if each.responded_at is not None),
        key=lambda each: each.responded_at or each.start,
        default=one,
    )
    seen = [each.seen_at for each in (one, other) if each.seen_at is not None]
    return msgspec.structs.replace(
        one,
        start=min(one.start, other.start),
        first_seen=min(one.first_seen, other.first_seen),
        responded_at=answered.responded_at,
        responded_by=answered.responded_by,
        seen_at=max(seen, default=None),
    )


def _ended_before(episode: Episode, horizon: datetime) -> bool:
    return episode.resolved_at is not None and horizon - episode.resolved_at > _ENDED_FOR


def _times(episode: Episode) -> tuple[datetime | None, ...]:
    return (
        episode.start,
        episode.first_seen,
        episode.responded_at,
        episode.resolved_at,
        episode.seen_at,
    )
