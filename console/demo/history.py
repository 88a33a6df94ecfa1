"""What went wrong before the story begins: short episodes of the last four weeks.

They are dips in the very series that the rules read, so that `ALERTS`, a graph of that day and
what a container says of its last end agree. What is drawn ends a day before; what is told of the
last two weeks (`week.py`) ends two hours before.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from console.demo.inventory import DAY_S
from console.demo.metrics import Series
from console.demo.rules import RULES, Rule
from console.demo.script import Trouble
from console.demo.week import Turn

OLDEST_S = -27 * DAY_S
NEWEST_S = -1 * DAY_S
SHARES = (0.55, 0.85)
"""Below the first: nothing happened; below the second: once; else twice."""

NEAR_S = 1200.0
SIGHT = ("up", "probe_success")
"""Families that tell whether a service is there: most of the drawn ones are short enough to
leave it three nines."""

STEADY = frozenset({
    "image_age_days", "=cert_days", "=versions", "=oom", "=backup_age", "=replicas_missing",
    "=restarts", "redis_up", "=redis_memory",
})  # fmt: skip
"""Families whose past is told elsewhere, or moves too slowly for an episode of minutes."""


class Dip(msgspec.Struct, frozen=True):
    """A series that was somewhere else for a while."""

    start_s: float
    end_s: float
    value: float


Dips = Mapping[int, Sequence[Dip]]
"""By the place of the series among those of a quiet day; in the order of time."""

REDIS_ENDS = ((-23 * DAY_S - 2711, 12 * 60.0), (-9 * DAY_S + 8437, 7 * 60.0))
"""When redis was killed for lack of memory before, and how long it was gone."""


def ended_before() -> tuple[Trouble, ...]:
    """The earlier ends of processes that left a trace where they ran."""
    return tuple(
        Trouble(f"redis {number}", "redis", start_s, start_s + gone_s, refuse=True, exit_code=137,
                oom_killed=True)
        for number, (start_s, gone_s) in enumerate(REDIS_ENDS, 1)
    )  # fmt: skip


def past_of(base: Sequence[Series], seed: int, turns: Sequence[Turn] = ()) -> Dips:
    """The dips of every series of a quiet day; the same ones for one seed.

    Args:
        turns: what is told of these weeks; nothing that is drawn comes near to it.
    """
    by_family: dict[str, list[Turn]] = {}
    for turn in turns:
        by_family.setdefault(turn.family, []).append(turn)
    found: dict[int, list[Dip]] = {}
    for place, series in enumerate(base):
        told = [
            Dip(turn.start_s, turn.end_s, turn.value)
            for turn in by_family.get(series.family, ())
            if turn.is_of(series)
        ]
        told += _of_redis(series)
        drawn = (one for one in _drawn(series, seed) if not any(_is_near(one, t) for t in told))
        dips = [*told, *drawn]
        if dips:
            found[place] = sorted(dips, key=lambda dip: dip.start_s)
    return found


def _is_near(one: Dip, other: Dip) -> bool:
    return one.start_s < other.end_s + NEAR_S and other.start_s < one.end_s + NEAR_S


def _of_redis(series: Series) -> Iterator[Dip]:
    """What else was seen while redis was gone."""
    about = dict(series.labels)
    name = about.get("service") or about.get("deployment")
    for start_s, gone_s in REDIS_ENDS:
        end_s = start_s + gone_s
        if series.family == "redis_up":
            yield Dip(start_s, end_s, 0)
        elif series.family == "=redis_memory":
            yield Dip(start_s - 2400, start_s, 0.95)
        elif series.family == "=oom" and name == "redis":
            yield Dip(start_s + 9, start_s + 609, 1)
        elif series.family == "rabbitmq_queue_messages_ready" and name == "worker":
            yield Dip(start_s + 100, end_s + 240, 2600)
        elif (series.family, name) == ("=error_ratio", "api"):
            yield Dip(start_s + 30, end_s + 40, 0.09)
        elif (series.family, name) == ("=replicas_missing", "session"):
            yield Dip(start_s + 80, end_s + 20, 1)
        elif (series.family, name) == ("kube_deployment_status_replicas_available", "session"):
            yield Dip(start_s + 80, end_s + 20, series.shape.at(start_s) - 1)


def _drawn(series: Series, seed: int) -> Iterator[Dip]:
    """Up to two episodes of the alert that reads the series, of a quarter of an hour or so."""
    rule = next((rule for rule in RULES if rule.reads(series)), None)
    if rule is None or series.family in STEADY or rule.alert == "InstanceDown":
        return
    since_s = max(OLDEST_S, series.since_s)
    key = f"{seed}/past/{rule.alert}/{series.labels}"
    count = sum(_share(key) >= share for share in SHARES)
    span_s = (NEWEST_S - since_s) / max(1, count)
    if span_s < 2 * DAY_S:
        return
    for number in range(count):
        # Each in a stretch of its own, so that two never touch.
        most_s = 260 if series.family in SIGHT else 1500
        lasting_s = rule.for_s + 120 + round(_share(f"{key}/{number}/for") * most_s)
        within_s = _share(f"{key}/{number}/at") * (span_s - lasting_s - 3600)
        start_s = since_s + number * span_s + round(within_s)
        yield Dip(start_s, start_s + lasting_s, _beyond(rule))


def _beyond(rule: Rule) -> float:
    """A value that makes the rule's expression true."""
    if rule.op == "==":
        return rule.threshold
    # A little, so that a percentage stays one.
    return rule.threshold * 1.05 if rule.op == ">" else rule.threshold - 1


def _share(key: str) -> float:
    return zlib.crc32(key.encode()) / 0xFFFFFFFF
