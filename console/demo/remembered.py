"""What a recorder would have written down of the fourteen days before the story begins.

All of it is read off the very series that the demo's Prometheus servers have, so that a summary
from the one agrees with a summary from the other. Nothing of the present is in it: what fires
at the start is written down by the console that sees it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec

from console.demo.alerting import Track
from console.demo.inventory import API_ENDPOINTS, BY_NAME, PAGES
from console.demo.judged import BY_ALERT
from console.demo.machines.cronjobs import NAME as NIGHTLY
from console.demo.metrics import NODE_EXPORTERS, Series
from console.demo.week import HOUR_S, MINUTE_S, LocalDays, Turn, share_of
from console.demo.world import World
from console.model.event import EventKind
from console.model.event_words import BEGAN, subject_of
from console.model.history import Bout, Observed, Origin, Past, Recording, Sight, Stretch, together
from console.model.labels import Labels
from console.model.latency import Latencies, added, bucket_of, counted, middle_of
from console.model.policy import Policy
from console.model.registry import host_cell
from console.model.state import Priority
from console.safety.text import Raw
from console.triage.identity import identity_of
from console.triage.priority import Priorities

EVERY_MS: Final = 60_000
BY: Final = "oncall@ops-1"
SLOW_S: Final = 2.0
"""From which on an answer is late: that of the rule about pages."""
_PROBED: Final = ("up", "redis_up", "pg_up", "rabbitmq_up", "probe_success")
_USUAL: Final = (
    # Of so many taken alerts of a priority; after minutes from, and up to so many.
    (Priority.P0, 0.95, 1.0, 5.5),
    (Priority.P1, 0.8, 2.0, 17.0),
    (Priority.P2, 0.5, 6.0, 75.0),
    (Priority.P3, 0.1, 30.0, 300.0),
)


class Remembered(msgspec.Struct, frozen=True):
    """What one recording holds."""

    recording: Recording
    observed: tuple[Observed, ...]
    bouts: tuple[Bout, ...]
    past: tuple[Past, ...]
    start_ms: int
    end_ms: int


def remembered(world: World) -> tuple[Remembered, ...]:
    """The recordings of the fourteen days, the earlier first: between them the recorder slept.

    The same for one start and one seed of `world`.
    """
    days = LocalDays(world.start.wall)
    slept_s, woke_s = days.slept_s
    sights = sights_of(world, days)
    bouts = bouts_of(world, days)
    # What came and went while it slept it never saw; Prometheus did.
    earlier = [_as_seen(one, world.wall(slept_s), world.wall(woke_s)) for one in bouts]
    parts = (
        (days.first_s, slept_s, "the machine slept", [one for one in earlier if one is not None]),
        (woke_s, 0.0, "", [one for one in bouts if one.start >= world.wall(woke_s)]),
    )
    found = []
    for start_s, end_s, why, held in parts:
        start_ms, end_ms = (_unix_ms(world, at_s) for at_s in (start_s, end_s))
        told = (_observed(world, days, one, sights[one], start_s, end_s) for one in sights)
        found.append(
            Remembered(
                Recording(Origin.RECORDER, BY, start_ms, EVERY_MS, end_ms - EVERY_MS, why),
                tuple(one for one in told if one.stretches),
                tuple(held),
                tuple(_told(held)),
                start_ms,
                end_ms,
            )
        )
    return tuple(found)


def _as_seen(bout: Bout, slept: datetime, woke: datetime) -> Bout | None:
    """What is known of it by one who slept; `None`: nothing, or it began after that."""
    if bout.start >= slept or bout.resolved_at is None:
        return None
    if not slept <= bout.resolved_at < woke:
        return bout
    return msgspec.structs.replace(bout, resolved_at=None, seen_at=slept)


def sights_of(world: World, days: LocalDays) -> dict[str, tuple[tuple[float, float, Sight], ...]]:
    """When each service was seen how, in script seconds, up to the start; in the registry's
    order, then the hosts."""
    order = [*BY_NAME, *(page.name for page in (*PAGES, *API_ENDPOINTS)), NIGHTLY]
    found: dict[str, list[tuple[float, float, Sight]]] = {name: [] for name in order}
    seen = {NIGHTLY}  # by kubectl; no server has a series of it
    for series in world.series:
        for name in services_of(series):
            if name not in found and not name.startswith("host:"):
                continue
            seen.add(name)
            spans = found.setdefault(name, [])
            if series.family in _PROBED:
                spans += ((s.start_s, s.end_s, Sight.DOWN) for s in series.shape.spans("==", 0))
            else:
                spans += ((s.start_s, s.end_s, Sight.SLOW) for s in series.shape.spans(">", SLOW_S))
    for trouble in (one for several in world.troubles.values() for one in several):
        failed = trouble.refuse or trouble.status is not None or trouble.ready_status is not None
        if failed and trouble.service in seen:
            found[trouble.service].append((trouble.start_s, trouble.end_s, Sight.DOWN))
    return {
        name: tuple(_clipped(spans, days.since_s(name) or days.first_s, 0.0))
        for name, spans in found.items()
        if name in seen
    }


def services_of(series: Series) -> tuple[str, ...]:
    """The services and hosts of which a series tells how they are seen."""
    about = dict(series.labels)
    if series.family == "up" and about.get("job") == "node":
        host = about["host"]
        own = (name for name in NODE_EXPORTERS if BY_NAME[name].place == host)
        return (host_cell(host), *own)
    if series.family in _PROBED or series.family == "probe_duration_seconds":
        return tuple(filter(None, [about.get("service")]))
    return ()


def bouts_of(world: World, days: LocalDays) -> tuple[Bout, ...]:
    """Every firing that was over at the start, by its start, as `ALERTS` has it too."""
    policy = Policy(by_alert=tuple((name, Priority[one]) for name, one in BY_ALERT.items()))
    priorities = Priorities(policy)
    found: list[Bout] = []
    for track in world.tracks:
        labels = Labels(track.sent_labels)
        over = [span for span in track.spans if days.first_s <= span.start_s and span.end_s <= 0]
        over = [span for span in over if span.end_s - span.start_s > track.rule.for_s]
        if not over or track.series is None:
            continue
        key, priority = identity_of(labels, policy.ignore_labels), priorities.of(labels)
        service, where = _place(track)
        sla = policy.sla[priority]
        for span in over:
            fired_s = span.start_s + track.rule.for_s
            start = world.wall(fired_s)
            turn = _turn_of(world.turns_before, track.series, span.start_s)
            acked = _acked(world, days, track, priority, turn, fired_s, span.end_s)
            is_silenced = turn is not None and turn.is_silenced
            found.append(
                Bout(
                    key, Raw(track.rule.alert), Raw(where), service, priority, start,
                    None if acked is None else acked[0],
                    "" if acked is None else acked[1],
                    start + timedelta(seconds=20) if is_silenced else None,
                    world.wall(span.end_s), world.wall(span.end_s),
                    start + sla.respond, start + sla.resolve, "history", track.fingerprint,
                )
            )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.start, one.key)))


def _acked(
    world: World,
    days: LocalDays,
    track: Track,
    priority: Priority,
    turn: Turn | None,
    fired_s: float,
    end_s: float,
) -> tuple[datetime, str] | None:
    """When somebody took it, and who; `None`: nobody did."""
    if turn is not None and turn.acked_by is not None:
        by, at_s = turn.acked_by, fired_s + turn.acked_s
    else:
        key = f"{world.seed}/ack/{track.labels}/{fired_s}"
        share, least, most = next(one[1:] for one in _USUAL if one[0] is priority)
        by = days.duty_of(fired_s) if share_of(key) < share else ""
        at_s = fired_s + (least + (most - least) * share_of(f"{key}/after") ** 2) * MINUTE_S
    if not by or at_s >= end_s or (turn is not None and turn.is_silenced):
        return None
    return world.wall(math.floor(at_s)), by


def _turn_of(turns: Iterable[Turn], series: Series, start_s: float) -> Turn | None:
    found = (one for one in turns if abs(one.start_s - start_s) < 1 and one.is_of(series))
    return next(found, None)


def _place(track: Track) -> tuple[str, str]:
    """The service that an alert is about, and where that is; of a host's its cell."""
    labels = track.labels
    name = labels.get("service", "")
    if name in BY_NAME:
        return name, f"{name}@{BY_NAME[name].place}"
    if name:
        return name, f"{name}@pages" if "page" in labels else f"{name}@api"
    host = labels.get("host", "")
    return (host_cell(host), host) if host else ("", labels.get("instance", ""))


def _observed(
    world: World,
    days: LocalDays,
    service: str,
    sights: Sequence[tuple[float, float, Sight]],
    start_s: float,
    end_s: float,
) -> Observed:
    """One service between two script seconds."""
    spans = list(_clipped(sights, start_s, end_s, only=True))
    stretches = [Stretch(_unix_ms(world, a), _unix_ms(world, b), sight) for a, b, sight in spans]
    known_s = sum(b - a for a, b, _ in spans)
    return Observed(
        service, together([stretches]), tuple(_hours(world, days, service, spans)),
        round(known_s / MINUTE_S), "history",
    )  # fmt: skip


def _hours(
    world: World, days: LocalDays, service: str, spans: Sequence[tuple[float, float, Sight]]
) -> Iterator[tuple[int, Latencies]]:
    """Latencies by whole UTC hours; while it is down there are none."""
    start_unix_s = world.start.wall.timestamp()
    usual_ms = _usual_ms(world, service)
    answered: dict[int, tuple[float, float]] = {}
    for begin_s, over_s, sight in spans:
        if sight in (Sight.DOWN, Sight.UNKNOWN):
            continue
        at_s = begin_s
        while at_s < over_s:
            hour = math.floor((start_unix_s + at_s) / HOUR_S + 1e-9)
            until_s = min(over_s, (hour + 1) * HOUR_S - start_unix_s)
            quick_s, slow_s = answered.get(hour, (0.0, 0.0))
            if sight is Sight.SLOW:
                slow_s += until_s - at_s
            else:
                quick_s += until_s - at_s
            answered[hour] = quick_s, slow_s
            at_s = until_s
    late_bucket = bucket_of(SLOW_S * 1300)
    for hour, (quick_s, slow_s) in answered.items():
        middle_s = hour * HOUR_S - start_unix_s + HOUR_S / 2
        took_ms = usual_ms * days.rhythm(middle_s)
        found = _spread(bucket_of(took_ms), round(quick_s / MINUTE_S))
        if slow_s:
            found = added((found, _spread(late_bucket, round(slow_s / MINUTE_S))))
        if found.counts:
            yield int(hour * HOUR_S), found


def _usual_ms(world: World, service: str) -> float:
    """How long an answer takes in an ordinary hour."""
    for series in world.probed.get(("page", service), world.probed.get(("endpoint", service), ())):
        if series.family == "probe_duration_seconds":
            return series.shape.at(-1e9) * 1000
    return 3.5 + 42 * share_of(f"{world.seed}/took/{service}") ** 2


_SPREAD: dict[tuple[int, int], Latencies] = {}


def _spread(bucket: int, count: int) -> Latencies:
    """So many answers around the middle of a bucket: most within a fifth, some late."""
    key = (bucket, count)
    if key not in _SPREAD:
        middle_ms = middle_of(bucket)
        shares = ((number + 0.5) / count for number in range(count))
        _SPREAD[key] = counted(middle_ms * (0.8 + 0.4 * s + 0.9 * max(0, s - 0.97) / 0.03)
                               for s in shares)  # fmt: skip
    return _SPREAD[key]


def _clipped(
    spans: Iterable[tuple[float, float, Sight]], start_s: float, end_s: float, only: bool = False
) -> Iterator[tuple[float, float, Sight]]:
    """What lies within two seconds, without overlap: a no before what is slow, and all else up.

    `only`: the spans are that already, and nothing is laid below them.
    """
    held = [(max(a, start_s), min(b, end_s), sight) for a, b, sight in spans]
    held = [one for one in held if one[0] < one[1]]
    if only:
        yield from held
        return
    edges = sorted({start_s, end_s, *(edge for one in held for edge in one[:2])})
    for left_s, right_s in pairwise(edges):
        here = {sight for a, b, sight in held if a <= left_s and right_s <= b}
        worst = next((one for one in (Sight.DOWN, Sight.SLOW) if one in here), Sight.UP)
        yield left_s, right_s, worst


def _told(bouts: Iterable[Bout]) -> Iterator[Past]:
    for one in bouts:
        subject = subject_of(one.alert, one.service)
        yield Past(one.start, EventKind.FIRED, subject, BEGAN, key=one.key)
        if one.acked_at is not None:
            yield Past(one.acked_at, EventKind.ACKED, subject, "acked", one.acked_by, one.key)
        if one.resolved_at is not None:
            lasted = round((one.resolved_at - one.start).total_seconds() / MINUTE_S)
            text = f"resolved: Alertmanager says so, after {lasted} min"
            yield Past(one.resolved_at, EventKind.RESOLVED, subject, text, key=one.key)


def _unix_ms(world: World, at_s: float) -> int:
    return round((world.start.wall.timestamp() + at_s) * 1000)
