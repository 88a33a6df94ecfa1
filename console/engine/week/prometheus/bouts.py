"""The episodes of alerts, out of the `ALERTS` series that every evaluation of a rule writes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.engine.week.prometheus.fold import Fold
from console.engine.week.prometheus.plan import STEPS, Naming
from console.fleet.watchdogs import Watchdogs
from console.model.alert import Alert, AlertState
from console.model.failure import Failure
from console.model.fingerprint import fingerprint_of
from console.model.history import Bout, Sight, Stretch
from console.model.labels import Labels
from console.model.policy import Policy
from console.model.saying import Saying, saying
from console.model.snapshot import KnownAlert, Standing
from console.model.state import State
from console.model.unix import lasting_ms, milliseconds, moment
from console.safety.clock import Instant
from console.safety.text import Raw, quoted
from console.sources.prometheus.past import (
    PastServer,
    counted,
    days_of,
    drawn,
    harmless,
    said_of,
    warned_of,
)
from console.triage.identity import identity_of
from console.triage.priority import Priorities
from console.triage.wording import where_of

FIRING: Final = 'ALERTS{alertstate="firing"}'
AWAKE: Final = "count(up)"
"""Has a value for as long as the server scrapes anything, and five minutes on."""
AWAKE_STEP: Final = timedelta(minutes=1)
LOOKBACK_MS: Final = 300_000
LOOK_BACK: Final = timedelta(days=7)
"""So far before the time the beginning is looked for of what fired as it began."""
MOST_NAMES: Final = 100
_NOT_ITS_OWN: Final = frozenset({"__name__", "alertstate"})


class Runs(msgspec.Struct):
    """When one alert fired, as one server's series say."""

    labels: Labels
    """As its server sends them: with its external labels."""
    server: str
    pieces: list[Stretch]
    """From the first evaluation that found it firing to the first that did not."""
    every_ms: int


class Fired(msgspec.Struct):
    """What one server tells of some time."""

    server: str
    runs: list[Runs] = []
    blind: list[tuple[int, int]] = []
    """When it evaluated nothing: nothing ended or began then, as far as anybody knows."""
    notices: list[Saying] = []
    is_whole: bool = True


async def fired(
    server: PastServer, policy: Policy, start: datetime, end: datetime, most: int
) -> Fired:
    """Ask one server. Raises nothing.

    Args:
        most: samples that are asked for; of more only some.
    """
    await server.look_at_itself()
    told = Fired(server.name, [], [], [])
    counts = await counted(server, FIRING, start, end)
    told.notices += map(said_of, counts.failures[:1])
    told.is_whole = not counts.failures
    total = sum(counts.series.values())
    if not total:
        return told
    step = None
    if total > most:
        wanted = (one for one in STEPS if len(counts.series) * ((end - start) / one) <= most)
        step = next(wanted, STEPS[-1])
        told.notices.append(
            saying(
                "{server}: {n} samples of alerts are too many: they are looked at every {minutes} "
                "minutes",
                server=server.name,
                n=round(total),
                minutes=step.total_seconds() / 60,
            )
        )
    watchdogs = Watchdogs(policy)
    asked = _Asked(server, watchdogs, told, step)
    await asked.draw(FIRING, start, end, total)
    await _look_back(asked, start)
    told.blind = await _blind(server, told, start, end)
    return told


class _Asked:
    """One server, while it is asked."""

    def __init__(
        self, server: PastServer, watchdogs: Watchdogs, told: Fired, step: timedelta | None
    ) -> None:
        self._server = server
        self._watchdogs = watchdogs
        self.told = told
        self._step = step

    async def draw(
        self, selector: str, start: datetime, end: datetime, expected: float
    ) -> list[Runs]:
        """What fired from `start` to `end`, added to what is told."""
        every_ms = None if self._step is None else lasting_ms(self._step)
        folds: dict[Labels, Fold] = {}
        pieces = drawn(self._server, selector, start, end, expected, self._step)
        async for piece in pieces:
            if isinstance(piece.answer, Failure):
                self.told.notices.append(said_of(piece.answer))
                self.told.is_whole = False
                break
            self.told.notices += warned_of(self._server.name, piece.answer.warnings)
            for series in piece.answer.series:
                labels = series.labels.without(_NOT_ITS_OWN)
                if self._watchdogs.is_one(labels):
                    continue
                # VictoriaMetrics hands out the marker with which a series ends: NaN.
                pairs = zip(series.at_ms, series.values, strict=True)
                at_ms = [at for at, value in pairs if value == 1]
                fold = folds.setdefault(labels, Fold(every_ms))
                fold.take(at_ms, [Sight.UP] * len(at_ms))
        start_ms, end_ms = milliseconds(start), milliseconds(end) + 10 * LOOKBACK_MS
        found = [
            Runs(
                _sent(labels, self._server), self._server.name,
                fold.stretches(start_ms, end_ms), fold.every_ms,
            )
            for labels, fold in folds.items()
        ]  # fmt: skip
        self.told.runs += found
        return found


async def _look_back(asked: _Asked, start: datetime) -> None:
    """Look for the beginning of what was firing at `start`, a day at a time."""
    runs = asked.told.runs
    for days in range(LOOK_BACK.days):
        last = start - timedelta(days=days)
        edge_ms = milliseconds(last)
        names = sorted(
            {
                one.labels.exact("alertname")
                for one in runs
                for piece in one.pieces
                if piece.start_ms - edge_ms <= 2 * one.every_ms
            }
        )
        if not names or len(names) > MOST_NAMES:
            return
        listed = quoted("|".join(map(harmless, names)))
        selector = f"{FIRING[:-1]},alertname=~{listed}}}"
        runs = await asked.draw(selector, last - timedelta(days=1), last, 0)


async def _blind(
    server: PastServer, told: Fired, start: datetime, end: datetime
) -> list[tuple[int, int]]:
    moments: list[int] = []
    step = f"{AWAKE_STEP.total_seconds():g}s"
    for first, last in days_of(start, end):
        length = f"{math.ceil((last - first).total_seconds())}s"
        answer = await server.raw(f"{AWAKE}[{length}:{step}]", last)
        if isinstance(answer, Failure):
            told.notices.append(said_of(answer))
            return []
        moments += (at for series in answer.series for at in series.at_ms)
    if not moments:
        return []
    step_ms = lasting_ms(AWAKE_STEP)
    edges = [milliseconds(start), *sorted(set(moments)), milliseconds(end)]
    return [
        (before - LOOKBACK_MS, after)
        for before, after in itertools.pairwise(edges)
        if after - before > 2 * step_ms
    ]


def bouts_of(
    told: Iterable[Fired],
    naming: Naming,
    policy: Policy,
    start: datetime,
    end: datetime,
    now: Instant,
) -> tuple[Bout, ...]:
    """The episodes that were going on at some time from `start` to `end`, by start.

    Replicas of a server tell one episode together. It goes on over a pause of up to
    `policy.episode_gap`, and over any time in which no server that had told it evaluated
    anything.
    """
    priorities = Priorities(policy)
    blind = {one.server: one.blind for one in told}
    by_key: dict[str, list[Runs]] = {}
    for one in told:
        for runs in one.runs:
            key = identity_of(runs.labels, policy.ignore_labels)
            by_key.setdefault(key, []).append(runs)
    found = []
    for key, several in by_key.items():
        dark = [blind[name] for name in {one.server for one in several}]
        pieces = _episodes([piece for one in several for piece in one.pieces], dark, policy)
        every_ms = max(one.every_ms for one in several)
        for piece in pieces:
            if piece.end_ms <= milliseconds(start) or piece.start_ms >= milliseconds(end):
                continue
            about = _About(several[0], naming, policy, priorities, now)
            found.append(about.bout(key, piece, every_ms, milliseconds(end), dark))
    return tuple(sorted(found, key=lambda one: (one.start, one.key)))


class _About:
    """One alert, as its labels tell it."""

    def __init__(
        self, runs: Runs, naming: Naming, policy: Policy, priorities: Priorities, now: Instant
    ) -> None:
        labels = runs.labels
        cell = naming.index.cell_of(labels)
        alert = Alert("", labels, Labels({}), now.wall, AlertState.ACTIVE, runs.server)
        known = KnownAlert(alert, State.FIRING, Standing.FIRING, now, cell=cell)
        self._name: Raw = alert.name
        self._where = where_of([known], naming.cells)
        self._service = naming.of_cell(cell)
        self._priority = priorities.of(labels)
        self._resolve = policy.sla[self._priority].resolve
        self._source = runs.server
        self._fingerprint = "" if labels.over_cap else fingerprint_of(dict(labels.exact_items()))

    def bout(
        self,
        key: str,
        piece: Stretch,
        every_ms: int,
        end_ms: int,
        dark: Sequence[Sequence[tuple[int, int]]],
    ) -> Bout:
        """Its episode. Who acked it, and in time, no Prometheus knows: no `respond_by`."""
        begun = moment(piece.start_ms)
        seen_ms = max(piece.start_ms, piece.end_ms - every_ms)
        over_ms = next((last for first, last in _dark_for(dark) if first <= piece.end_ms < last),
                       piece.end_ms)  # fmt: skip
        return Bout(
            key, self._name, self._where, self._service, self._priority, begun,
            resolved_at=None if over_ms + every_ms >= end_ms else moment(over_ms),
            seen_at=moment(min(seen_ms, end_ms)),
            resolve_by=begun + self._resolve, source=self._source,
            fingerprint=self._fingerprint,
        )  # fmt: skip


def _episodes(
    pieces: list[Stretch], dark: Sequence[Sequence[tuple[int, int]]], policy: Policy
) -> list[Stretch]:
    gap_ms = lasting_ms(policy.episode_gap)
    spans = _dark_for(dark)
    found: list[Stretch] = []
    for piece in sorted(pieces, key=lambda one: (one.start_ms, one.end_ms)):
        last = found[-1] if found else None
        if last is not None and (
            piece.start_ms - last.end_ms - _within(spans, last.end_ms, piece.start_ms) <= gap_ms
        ):
            end_ms = max(last.end_ms, piece.end_ms)
            found[-1] = Stretch(last.start_ms, end_ms, last.sight)
        else:
            found.append(piece)
    return found


def _within(spans: Iterable[tuple[int, int]], start_ms: int, end_ms: int) -> int:
    return sum(max(0, min(last, end_ms) - max(first, start_ms)) for first, last in spans)


def _dark_for(dark: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int]]:
    """When all of several servers evaluated nothing."""
    spans = list(dark[0]) if dark else []
    for other in dark[1:]:
        spans = [
            (max(first, one), min(last, two))
            for first, last in spans
            for one, two in other
            if max(first, one) < min(last, two)
        ]
    return spans


def _sent(labels: Labels, server: PastServer) -> Labels:
    values = {**dict(server.external_labels), **dict(labels.exact_items())}
    return Labels(values, over_cap=labels.over_cap)
