"""Storms: when many new alerts become one, what they have in common, when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from console.model.policy import StormPolicy
from console.safety.clock import Instant
from console.triage.identity import row_key
from console.triage.judge import Judged
from console.triage.suspects import EXPLAINED, Pair, Ranking

MINUTE_S: Final = 60.0
_BURST: Final = 5
"""As many storm alerts of one name that no suspect explains are a row of the storm too."""
_BETTER: Final = 1.25
"""How much better a new explanation must be before the rows change under the cursor."""
_BACK_AT_MOST: Final = 60
_NEXT_TO_S: Final = 15.0


class StormWatch:
    """Whether there is a storm, by the monotonic times at which alerts were first seen.

    More than `new_per_minute` within a minute begin one. It is over once no minute has had
    more than `calm_per_minute` for as long as `calm_for`: the two limits keep it from coming
    and going with every poll.
    """

    def __init__(self, policy: StormPolicy) -> None:
        self.policy = policy
        self.onset: float | None = None
        """Monotonic seconds at which the present storm began; `None` where there is none."""
        self._calm_since: float | None = None

    def look(self, at: Instant, arrivals: Sequence[float]) -> bool:
        """Take note of the arrivals up to now; whether the storm just began or ended."""
        rate = arrived(arrivals, at.mono)
        if self.onset is None:
            if rate <= self.policy.new_per_minute:
                return False
            self.onset = self._onset_of(at.mono, arrivals)
            self._calm_since = None
            return True
        if rate > self.policy.calm_per_minute:
            self._calm_since = None
            return False
        if self._calm_since is None:
            self._calm_since = at.mono
        if at.mono - self._calm_since < self.policy.calm_for.total_seconds():
            return False
        self.onset = None
        return True

    def replay(self, at: Instant, arrivals: Sequence[float]) -> list[tuple[float, float]]:
        """Catch up on what came before the first look: a page is read minutes after the burst.

        Returns the storms that are over as onset and end, monotonic seconds, the first one
        first. One that a console would still have on is the present one afterwards.
        """
        policy, calm_for_s = self.policy, self.policy.calm_for.total_seconds()
        limit = min(policy.calm_per_minute, policy.new_per_minute)
        over: list[tuple[float, float]] = []
        begun: float | None = None
        calm_at = 0.0
        times = sorted(arrivals)
        first = 0
        for index, mono in enumerate(times):
            if begun is not None and mono - calm_at >= calm_for_s:
                over.append((begun, calm_at + calm_for_s))
                begun = None
            while times[first] <= mono - MINUTE_S:
                first += 1
            rate = index - first + 1
            if begun is None and rate > policy.new_per_minute:
                begun = self._onset_of(mono, times[: index + 1])
            if begun is not None and rate > limit:
                calm_at = times[index - limit] + MINUTE_S
        if begun is not None and at.mono - calm_at >= calm_for_s:
            over.append((begun, calm_at + calm_for_s))
        elif begun is not None:
            self.onset = begun
            self._calm_since = calm_at if calm_at <= at.mono else None
        return over

    def _onset_of(self, now: float, arrivals: Sequence[float]) -> float:
        """Back to the first minute of the burst: a console may be opened in its midst."""
        calm = min(self.policy.calm_per_minute, self.policy.new_per_minute)
        first = now
        for _ in range(_BACK_AT_MOST):
            within = [mono for mono in arrivals if first - MINUTE_S < mono <= first]
            if len(within) <= calm:
                break
            first = min(within) - 0.001
        # Its first alerts may stand in a minute that was calm on the whole.
        for mono in sorted((mono for mono in arrivals if mono <= first), reverse=True):
            if first - mono > _NEXT_TO_S:
                break
            first = mono
        return first


def arrived(arrivals: Iterable[float], until: float, within_s: float = MINUTE_S) -> int:
    """How many arrived in the `within_s` seconds before `until`."""
    return sum(until - within_s < mono <= until for mono in arrivals)


class Party(msgspec.Struct, frozen=True):
    """The alerts of a storm that one row holds."""

    key: str
    pair: Pair | None
    """Label and value that they share; `None`: they share their name."""


class StormRows:
    """Which row of a storm an alert belongs to. The choice of rows is held while it serves."""

    def __init__(self, onset: float, at: Instant) -> None:
        self.onset = onset
        self.since = at.wall - timedelta(seconds=at.mono - onset)
        """Wall clock."""
        self.until = float("inf")
        """Monotonic seconds at which the storm was over."""
        self.pairs: tuple[Pair, ...] = ()
        self._ranking: Ranking | None = None
        self._bursts: frozenset[str] = frozenset()
        self._parties: dict[tuple[str, ...], Party] = {}

    @property
    def is_vague(self) -> bool:
        """Its alerts share nothing: none of them can be told to be apart from it."""
        return not self.pairs and not self._bursts

    def holds(self, seen_mono: float) -> bool:
        """Whether an alert that was first seen then came with the storm."""
        return self.onset <= seen_mono <= self.until

    def choose(self, storm: Sequence[Judged], ranking: Ranking, *, afresh: bool) -> bool:
        """Choose the suspects over which rows are made; whether they are other ones now."""
        if ranking is self._ranking and not afresh:
            return False
        before = self.pairs
        self._ranking = ranking
        fresh = ranking.rows()
        serves = ranking.explained(self.pairs) >= min(EXPLAINED, ranking.explained(fresh))
        better = bool(fresh) and bool(self.pairs) and (
            ranking.score(fresh[0]) > _BETTER * ranking.score(self.pairs[0])
        )  # fmt: skip
        if afresh or not serves or better:
            self.pairs = fresh
        names: dict[str, int] = {}
        for each in storm:
            if self._pair_of(each) is None:
                name = each.known.alert.name.exact
                names[name] = names.get(name, 0) + 1
        kept = frozenset() if afresh else self._bursts
        self._bursts = kept | {name for name, count in names.items() if count >= _BURST}
        return self.pairs != before

    def party_of(self, each: Judged) -> Party | None:
        """The row for an alert that came with the storm; `None`: it stands apart."""
        pair = self._pair_of(each)
        if pair is not None:
            return self._party(pair, *pair)
        name = each.known.alert.name.exact
        return self._party(None, "alertname", name) if name in self._bursts else None

    def related(self, each: Judged) -> Party | None:
        """The row for a pending or suppressed alert that shares a suspect with the storm."""
        pair = self._pair_of(each)
        if pair is None:
            return None
        return self._party(pair, each.known.standing.value, *pair)

    def _pair_of(self, each: Judged) -> Pair | None:
        labels = each.facts.labels
        for pair in self.pairs:
            if labels.exact(pair[0]) == pair[1]:
                return pair
        return None

    def _party(self, pair: Pair | None, *parts: str) -> Party:
        party = self._parties.get(parts)
        if party is None:
            key = row_key("storm", (self.since.isoformat(), *parts))
            by_name = pair is not None and pair[0] == "alertname"
            party = self._parties[parts] = Party(key, None if by_name else pair)
        return party
