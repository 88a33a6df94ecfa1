"""The log of every service, computed for the stretch that is asked for.

Every second of a service either has its line or has not, always the same: the log that is
read twice, or followed, agrees with itself. What a line says follows from the world: a
service that lacks another says so, and one whose process has ended says nothing.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator

import msgspec

from console.demo.inventory import BY_NAME, ServiceSpec, age_s
from console.demo.script import Trouble
from console.demo.world import World

OLDEST_S = 6 * 3600.0
"""How far back a log reaches."""
EVERY_S = 7
"""About so many seconds lie between two lines of a service that is well."""

INFO, WARNING, ERROR, CRITICAL = 6, 4, 3, 2
"""Syslog's numbers."""


class Line(msgspec.Struct, frozen=True):
    """One line."""

    at_s: float
    priority: int
    text: str


_USUAL = {
    "postgres": ("LOG:  checkpoint starting: time",
                 "LOG:  checkpoint complete: wrote {n} buffers (1.2%); sync=0.00{d} s",
                 "LOG:  automatic vacuum of table \"shop.public.orders\": index scans: 1"),
    "redis": ("1:M * Background saving started by pid {n}", "{n}:C * DB saved on disk",
              "1:M * Background saving terminated with success",
              "1:M # Memory: {d} keys evicted, maxmemory policy allkeys-lru"),
    "ledger": ("INFO 支付回调已入账 order={n} 渠道=银联 took={d}ms", "INFO posted {n} entries"),
    "sms": ("INFO 簡訊已送出 id={n} 區域=tw-north",),
    "notify": ("INFO mail sent id={n} template=order-shipped", "INFO 簡訊已送出 id={n}"),
    "waf": ("INFO passed GET /p/{n} in {d}ms", "INFO blocked POST /login rule=942{d} score=15",
            "WARN blocked GET /.env agent=\"\x1b]2;owned\x07\x1b[2J\x1b[31mcurl\" rule=913{d}"),
    "worker": ("INFO job {n} done queue=orders took={d}ms", "INFO job {n} done queue=mail"),
    "clickhouse": ("<Information> executeQuery: read {n} rows in 0.0{d} s",),
    "kafka": ("INFO [Log partition=events-{d}] rolled new segment at offset {n}",),
}  # fmt: skip
_WEB = (
    "INFO GET /api/v1/items/{n} 200 {d}ms",
    "INFO POST /api/v1/events 202 {d}ms",
    "INFO GET {health} 200 1ms",
    "INFO cache refreshed keys={n}",
)
_PLAIN = (
    'level=info msg="scrape done" took={d}ms samples={n}',
    'level=info msg="compaction done" blocks={d}',
    'level=info msg="config unchanged" hash={n}',
)


def lines_of(world: World, service: str, since_s: float, until_s: float) -> list[Line]:
    """The lines in `[since_s, until_s)`, oldest first; none are older than `OLDEST_S`."""
    until_s = min(until_s, world.now_s() + 1.0)
    since_s = max(since_s, world.now_s() - OLDEST_S, -age_s(service))
    spec, troubles = BY_NAME[service], world.troubles.get(service, [])
    found: list[Line] = []
    for slot in range(math.floor(since_s), math.ceil(until_s)):
        draw = zlib.crc32(f"{world.seed}/log/{service}/{slot}".encode())
        at_s = slot + (draw % 997) / 1000
        if since_s <= at_s < until_s:
            line = _line(world, spec, troubles, at_s, draw)
            if line is not None:
                found.append(line)
    found.extend(
        line for trouble in troubles for line in _last_words(spec, trouble)
        if since_s <= line.at_s < until_s
    )  # fmt: skip
    return sorted(found, key=lambda line: line.at_s)


def newest_of(world: World, service: str, until_s: float, count: int) -> list[Line]:
    """The newest so many lines before `until_s`, oldest first."""
    reach_s = max(60.0, count * EVERY_S * 2.0)
    while True:
        found = lines_of(world, service, until_s - reach_s, until_s)
        if len(found) >= count or reach_s >= OLDEST_S:
            return found[-count:] if count else []
        reach_s *= 3


def _line(
    world: World, spec: ServiceSpec, troubles: list[Trouble], at_s: float, draw: int
) -> Line | None:
    now = [trouble for trouble in troubles if trouble.at(at_s)]
    if any(trouble.refuse for trouble in now):
        return None
    words = {"n": str(draw % 89999 + 10000), "d": str(draw // 7 % 90 + 10),
             "health": spec.health or "/"}  # fmt: skip
    faults = list(_faults(world, spec, now, at_s))
    if faults and draw % 3:
        priority, text = faults[draw // 3 % len(faults)]
        return Line(at_s, priority, text.format_map(words))
    if draw // 11 % EVERY_S:
        return None
    texts = next((texts for key, texts in _USUAL.items() if spec.name.startswith(key)), None)
    if texts is None:
        texts = _WEB if spec.namespace else _PLAIN
    text = texts[draw // 13 % len(texts)]
    priority = WARNING if text.startswith("WARN") else INFO
    return Line(at_s, priority, text.format_map(words))


def _faults(
    world: World, spec: ServiceSpec, troubles: list[Trouble], at_s: float
) -> Iterator[tuple[int, str]]:
    """What it has to complain about at that moment."""
    for other in spec.depends_on:
        of_it = world.troubles.get(other, ())
        if any(trouble.refuse and trouble.at(at_s) for trouble in of_it):
            port = BY_NAME[other].port
            yield ERROR, f"ERROR {other}: connection refused ({BY_NAME[other].host}:{port})"
            yield ERROR, f"ERROR request {{n}} failed after 3 tries: {other} is not reachable"
        elif any(trouble.status and trouble.at(at_s) for trouble in of_it):
            yield ERROR, f"ERROR {other} answered 5xx to request {{n}}"
    for trouble in troubles:
        if trouble.latency is not None:
            yield WARNING, f"WARN slow request {{n}}: {trouble.latency.at(at_s):.1f} s"
        if trouble.status is not None:
            yield ERROR, f"ERROR request {{n}} ended with {trouble.status}: unhandled exception"
        for name, words in trouble.fields:
            yield ERROR, f"ERROR {name}: {words}"
    for release in world.scenario.releases:
        if release.service == spec.name and world.version_of(spec.name) == release.version:
            yield ERROR, "ERROR KeyError: 'price_minor' in orders/serialize.py:{d}"


def _last_words(spec: ServiceSpec, trouble: Trouble) -> Iterator[Line]:
    """What it said before its end, and after it came back."""
    if not trouble.refuse:
        return
    if trouble.oom_killed:
        for back_s, text in (
            (41.0, "1:M # Can't save in background: fork: Cannot allocate memory"),
            (19.0, "1:M * 10000 changes in 60 seconds. Saving..."),
            (18.6, "1:M # Can't save in background: fork: Cannot allocate memory"),
            (2.1, "1:M # Error trying to accept: out of memory, 4811 clients connected"),
        ):
            yield Line(trouble.start_s - back_s, WARNING, text)
    elif trouble.exit_code == 0:
        yield Line(trouble.start_s - 0.4, INFO, "received SIGTERM, shutting down")
    else:
        yield Line(trouble.start_s - 0.3, CRITICAL, f"FATAL {spec.name} ends: exit "
                   f"{trouble.exit_code}")  # fmt: skip
    if trouble.end_s != math.inf:
        yield Line(trouble.end_s + 0.2, INFO, f"{spec.name} {spec.version} starts")
        yield Line(trouble.end_s + 0.9, INFO, f"ready to accept connections on {spec.port}")
