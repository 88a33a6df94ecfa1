"""Episodes: one continuous firing of one alert, whatever restarts around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.model.alert import Ack
from console.model.policy import Policy
from console.model.worklist import Episode
from console.safety.clock import Instant
from console.safety.text import visible

OLD_NEWS: Final = timedelta(minutes=10)
"""An alert that began longer ago than this is no news when it appears: the console was blind."""
_SEEN_EVERY_S: Final = 600.0
_RATE_MEMORY_S: Final = 3600.0


class Tracked:
    """One episode, with its places on this process' monotonic clock."""

    __slots__ = (
        "counted", "episode", "last_mono", "look", "resolved_mono", "seen_mono", "told_mono",
    )  # fmt: skip

    def __init__(self, episode: Episode, seen_mono: float, last_mono: float) -> None:
        self.episode = episode
        self.seen_mono = seen_mono
        """When a console first saw it: what storms are counted by."""
        self.last_mono = last_mono
        """When a source last said it."""
        self.told_mono = float("-inf")
        """When `episode.seen_at` was last brought up to date."""
        self.resolved_mono: float | None = None
        self.look = -1
        self.counted = False
        """It is among the arrivals."""


class Episodes:
    """All episodes that run, and those that ended so recently that a re-fire continues them.

    A look at a snapshot is `begin`, then `firing`, `keep` and `resolved` for what is in it,
    then `finish`. Keys with a colon (`probe:redis`) are judged by triage itself: they end when
    a complete look does not name them. Alerts end only by proof.

    Whether a re-fire is inside the gap is decided by wall clock or by monotonic clock, whichever
    is kinder to the episode: a clock that is set must not re-arm anything.
    """

    def __init__(self, policy: Policy, saved: Iterable[Episode] = ()) -> None:
        self.policy = policy
        self.arrivals: list[float] = []
        """Monotonic seconds at which alerts that nobody suppressed were first seen."""
        self._tracked: dict[str, Tracked] = {}
        self._saved = {episode.key: episode for episode in saved}
        self._watching = False
        self._look = 0
        self._at: Instant | None = None
        self._lost_s = 0.0
        self._acks: dict[str, Ack] = {}
        self.found: set[str] = set()
        """Keys under which a check of ours found something that has not been found well."""

    def ack_of(self, key: str) -> Ack | None:
        """Who has taken what is no alert."""
        return self._acks.get(key)

    def begin(self, at: Instant, acks: Iterable[Ack] = ()) -> None:
        """Start a look. `acks` are those on what is no alert, by its key."""
        self._at = at
        self._acks = {ack.silence_id: ack for ack in acks}
        self._look += 1
        self._lost_s = self.policy.lost_for.total_seconds()
        for key, episode in self._saved.items():
            self._tracked[key] = _placed(episode, at)
            if episode.found:
                self.found.add(key)
        self._saved = {}
        oldest = at.mono - _RATE_MEMORY_S
        self.arrivals = [mono for mono in self.arrivals if mono > oldest]

    def firing(
        self,
        key: str,
        starts_at: datetime,
        as_of_mono: float,
        *,
        ack: Ack | None = None,
        loud: bool = False,
    ) -> Tracked:
        """The episode of something that is not resolved; a new one where none continues.

        `loud` says that it counts towards a storm, by when it was first seen.
        """
        at = self._now
        tracked = self._tracked.get(key)
        if tracked is None or (
            (tracked.resolved_mono is not None or at.mono - tracked.last_mono > self._lost_s)
            and self._is_over(tracked, starts_at)
        ):
            tracked = self._opened(key, starts_at, as_of_mono)
        tracked.look = self._look
        if loud and not tracked.counted:
            tracked.counted = True
            self.arrivals.append(tracked.seen_mono)
        if tracked.last_mono < as_of_mono:
            tracked.last_mono = min(as_of_mono, at.mono)
        episode = tracked.episode
        if starts_at < episode.start or tracked.resolved_mono is not None:
            tracked.resolved_mono = None
            start = min(starts_at, episode.start)
            episode = msgspec.structs.replace(episode, start=start, resolved_at=None)
        episode = _answered(episode, ack)
        if tracked.last_mono - tracked.told_mono >= _SEEN_EVERY_S:
            ago = timedelta(seconds=at.mono - tracked.last_mono)
            episode = msgspec.structs.replace(episode, seen_at=at.wall - ago)
            tracked.told_mono = tracked.last_mono
        tracked.episode = episode
        return tracked

    def keep(self, key: str, ack: Ack | None = None) -> Tracked | None:
        """Nothing new is known of it: an episode that runs goes on, and none begins.

        `None`: none runs.
        """
        tracked = self._tracked.get(key)
        if tracked is None or tracked.resolved_mono is not None:
            return None
        tracked.look = self._look
        tracked.episode = _answered(tracked.episode, ack)
        return tracked

    def note(self, key: str, found: str, at: str) -> None:
        """Our own checks found this at a place; empty: nothing, or it is well again."""
        tracked = self._tracked.get(key)
        if tracked is None:
            return
        at = at if found else ""
        if (found, at) != (tracked.episode.found, tracked.episode.found_at):
            tracked.episode = msgspec.structs.replace(tracked.episode, found=found, found_at=at)
        if found:
            self.found.add(key)
        else:
            self.found.discard(key)

    def found_at(self, key: str, place: str) -> str:
        """What was found at `place` under `key` in the episode that runs; empty for nothing.

        What nobody could ask about for as long as a lost alert is kept is forgotten.
        """
        if key not in self.found:
            return ""
        tracked = self._tracked[key]
        is_old = self._now.mono - tracked.last_mono > self._lost_s
        return "" if is_old or tracked.episode.found_at != place else tracked.episode.found

    def resolved(self, key: str, when: datetime) -> None:
        """Its resolution was proven at `when`; without effect on what fires in this look."""
        tracked = self._tracked.get(key)
        if tracked is None or tracked.look == self._look or tracked.resolved_mono is not None:
            return
        # The list of what resolved may still hold an earlier end of the same alert.
        at = self._now
        last_seen = at.wall - timedelta(seconds=at.mono - tracked.last_mono)
        self._resolve(tracked, max(when, last_seen))

    def finish(self, *, complete: bool, proven: bool) -> None:
        """End the look.

        Args:
            complete: every source has been asked, so that from now on what appears is new.
            proven: all that could report an alert has been well for long enough that an alert
                which is not there is over.
        """
        at = self._now
        gap_s = self.policy.episode_gap.total_seconds()
        keep_s = gap_s + self.policy.resolved_for.total_seconds()
        gone: list[str] = []
        for key, tracked in self._tracked.items():
            if tracked.look == self._look:
                continue
            if tracked.resolved_mono is not None:
                if at.mono - tracked.resolved_mono > keep_s:
                    gone.append(key)
            elif proven or (complete and ":" in key):
                self._resolve(tracked, at.wall)
            elif at.mono - tracked.last_mono > self._lost_s:
                gone.append(key)
        for key in gone:
            del self._tracked[key]
            self.found.discard(key)
        self._watching = self._watching or complete

    def rename(self, keys: Mapping[str, str]) -> None:
        """Give episodes other keys, old to new: settings now ignore other labels."""
        for old, new in keys.items():
            if old == new or old not in self._tracked:
                continue
            moved = self._tracked.pop(old)
            other = self._tracked.get(new)
            if other is None or moved.episode.start < other.episode.start:
                moved.episode = msgspec.structs.replace(moved.episode, key=new)
                self._tracked[new] = moved

    def all(self) -> tuple[Episode, ...]:
        """What is to be saved."""
        if self._saved:
            return tuple(self._saved.values())
        return tuple([tracked.episode for tracked in self._tracked.values()])

    @property
    def _now(self) -> Instant:
        if self._at is None:
            raise RuntimeError("begin() comes first")
        return self._at

    def _is_over(self, tracked: Tracked, starts_at: datetime) -> bool:
        at = self._now
        episode = tracked.episode
        if episode.resolved_at is None or tracked.resolved_mono is None:
            # Nobody has seen it for as long as a lost alert is kept, and it says that it began
            # after that: an episode of last week does not swallow the one of today.
            seen_at = episode.seen_at
            return seen_at is not None and starts_at > seen_at
        gap = self.policy.episode_gap
        ended_for_s = at.mono - tracked.resolved_mono
        return ended_for_s > gap.total_seconds() and starts_at - episode.resolved_at > gap

    def _opened(self, key: str, starts_at: datetime, as_of_mono: float) -> Tracked:
        at = self._now
        age = at.wall - starts_at
        is_news = self._watching and age <= OLD_NEWS
        first_seen = at.wall if is_news or age < timedelta(0) else starts_at
        seen_mono = at.mono - (at.wall - first_seen).total_seconds()
        last_mono = min(as_of_mono, at.mono)
        seen_at = at.wall - timedelta(seconds=at.mono - last_mono)
        # A server whose clock is ahead must not put the deadlines off, nor one that lies.
        episode = Episode(key, min(starts_at, at.wall), first_seen, seen_at=seen_at)
        tracked = Tracked(episode, seen_mono, last_mono)
        tracked.told_mono = last_mono
        self._tracked[key] = tracked
        return tracked

    def _resolve(self, tracked: Tracked, when: datetime) -> None:
        tracked.resolved_mono = self._now.mono
        tracked.episode = msgspec.structs.replace(tracked.episode, resolved_at=when)
        self.note(tracked.episode.key, "", "")


def _answered(episode: Episode, ack: Ack | None) -> Episode:
    """An ack may be older than the alert: it covers what joins its group later."""
    if ack is None or episode.responded_at is not None:
        return episode
    return msgspec.structs.replace(
        episode,
        responded_at=max(ack.since, episode.start),
        responded_by=visible(ack.owner, cells=80),
    )


def _placed(episode: Episode, at: Instant) -> Tracked:
    """A saved episode on this process' monotonic clock, which tells nothing of earlier ones."""

    def mono_of(when: datetime) -> float:
        return at.mono - max(0.0, (at.wall - when).total_seconds())

    last = at.mono if episode.seen_at is None else mono_of(episode.seen_at)
    tracked = Tracked(episode, mono_of(episode.first_seen), last)
    if episode.resolved_at is not None:
        tracked.resolved_mono = mono_of(episode.resolved_at)
    return tracked
