"""The storm that is on, and those that are over and still fire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import nsmallest
from operator import is_
from typing import Final

import msgspec

from console.model.policy import Policy
from console.model.snapshot import Snapshot, Standing
from console.model.worklist import Lane, Row, Storm
from console.safety.clock import Instant
from console.triage.judge import Facts, Judged
from console.triage.storm import MINUTE_S, Party, StormRows, StormWatch, arrived
from console.triage.suspects import Background, Pair, Ranking

_FIRST: Final = 50
"""As many of the first alerts are named: the trigger is among them."""
_LOOK_AROUND_S: Final = 10.0
_KEPT_PAST: Final = 3


class _Compared(msgspec.Struct, frozen=True):
    """What a ranking was made of, to see whether it still holds."""

    storm: tuple[Facts, ...]
    outside: tuple[Facts, ...]
    background: Background
    ranking: Ranking


class Storming:
    """Keeps the storm's state over the looks, and says where its alerts stand."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._watch = StormWatch(policy.storm)
        self._present: StormRows | None = None
        self._past: list[StormRows] = []
        self._compared: _Compared | None = None
        self._background: tuple[float, Background] | None = None
        self._afresh = False
        self._caught_up = False

    @property
    def is_on(self) -> bool:
        """Whether there is a storm."""
        return self._present is not None

    @property
    def fewest_together(self) -> int:
        """Of a storm that is over, as many alerts as this stay one row."""
        return self._policy.storm.new_per_minute

    def reload(self, policy: Policy) -> None:
        """Go by another policy from now on."""
        self._policy = policy
        self._watch.policy = policy.storm
        self._compared = None

    def choose_afresh(self) -> None:
        """At the next look, forget which rows were chosen so far."""
        self._afresh = True

    def look(self, snapshot: Snapshot, alerts: Sequence[Judged], arrivals: Sequence[float]) -> bool:
        """Take note of what is there now; whether the rows are other ones from now on."""
        at = snapshot.at
        self._catch_up(snapshot, alerts, arrivals)
        turned = self._watch.look(at, arrivals)
        if self._present is None and self._watch.onset is not None:
            turned = True
        if turned:
            self._turn(at)
        if self._present is None:
            return turned
        storm: list[Judged] = []
        outside: list[Facts] = []
        for each in alerts:
            if self._present.holds(each.seen_mono):
                if each.fires:
                    storm.append(each)
            elif each.known.standing is not Standing.PENDING:
                outside.append(each.facts)
        ranking = self._ranking(snapshot, tuple([each.facts for each in storm]), tuple(outside))
        regrouped = self._present.choose(storm, ranking, afresh=self._afresh)
        self._afresh = False
        return turned or regrouped

    def place_of(self, each: Judged) -> tuple[Party | None, Lane]:
        """The row and the lane of one alert; no row of its own: it stands as on any day."""
        present = self._present
        if present is not None and each.fires and present.holds(each.seen_mono):
            party = present.party_of(each)
            is_storm = party is not None or present.is_vague
            return party, Lane.STORM if is_storm else Lane.APART
        if present is not None and not each.fires:
            return present.related(each), Lane.MAIN
        party = None
        for past in self._past:
            if past.holds(each.seen_mono):
                party = past.party_of(each) if each.fires else past.related(each)
                break
        return party, Lane.MAIN if present is None else Lane.APART

    def explains(self, marks: Iterable[Pair]) -> bool:
        """Whether something that carries these label pairs is part of the storm."""
        return self._present is not None and not set(self._present.pairs).isdisjoint(marks)

    def storm(self, at: Instant, rows: Iterable[Row], arrivals: Sequence[float]) -> Storm | None:
        """The storm in figures: how many alerts stand in how many rows of its lane."""
        present, compared = self._present, self._compared
        if present is None or compared is None:
            return None
        inside = [row for row in rows if row.lane is Lane.STORM]
        rate = arrived(arrivals, at.mono)
        first = nsmallest(
            _FIRST,
            ((known.alert.starts_at, known.key) for row in inside for known in row.alerts),
        )
        return Storm(
            since=present.since,
            alerts=sum(row.count for row in inside),
            rows=len(inside),
            new_per_minute=rate,
            falling=rate == 0 or rate < arrived(arrivals, at.mono - MINUTE_S),
            suspects=compared.ranking.suspects(present.pairs),
            first=tuple([key for _, key in first]),
        )

    def _catch_up(
        self, snapshot: Snapshot, alerts: Sequence[Judged], arrivals: Sequence[float]
    ) -> None:
        """Once, when all sources have been heard: the storms that came before this console."""
        if self._caught_up or not snapshot.complete or snapshot.restored:
            return
        self._caught_up = True
        if self._watch.onset is not None:
            return
        for onset, until in self._watch.replay(snapshot.at, arrivals)[-_KEPT_PAST:]:
            past = StormRows(onset, snapshot.at)
            past.until = until
            came = [each for each in alerts if each.fires and past.holds(each.seen_mono)]
            inside = tuple([each.facts for each in came])
            past.choose(came, self._ranking(snapshot, inside, ()), afresh=True)
            self._past = [past, *self._past]
        self._compared = None

    def _turn(self, at: Instant) -> None:
        """A storm begins or is over."""
        if self._present is not None:
            self._present.until = at.mono
            self._past = [self._present, *self._past][:_KEPT_PAST]
            self._present = self._compared = None
        if self._watch.onset is not None:
            self._present = StormRows(self._watch.onset, at)
            self._background = None

    def _ranking(
        self, snapshot: Snapshot, storm: tuple[Facts, ...], outside: tuple[Facts, ...]
    ) -> Ranking:
        background = self._background_of(snapshot)
        before = self._compared
        if (
            before is not None
            and before.background is background
            and _same(before.storm, storm)
            and _same(before.outside, outside)
        ):
            return before.ranking
        ranking = Ranking(
            [facts.labels for facts in storm],
            [facts.labels for facts in outside],
            background,
            self._policy.ignore_labels,
        )
        self._compared = _Compared(storm, outside, background, ranking)
        return ranking

    def _background_of(self, snapshot: Snapshot) -> Background:
        now = snapshot.at.mono
        if self._background is None or now - self._background[0] >= _LOOK_AROUND_S:
            self._background = (
                now,
                Background.of(target for cell in snapshot.cells for target in cell.targets),
            )
        return self._background[1]


def _same(before: tuple[Facts, ...], now: tuple[Facts, ...]) -> bool:
    return len(before) == len(now) and all(map(is_, before, now))
