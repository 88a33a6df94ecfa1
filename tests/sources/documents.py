"""Answers as the servers write them, and ways to spoil them."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any, Final

ALERT: Final[dict[str, Any]] = {
    "annotations": {"summary": "no PING reply"},
    "endsAt": "2026-11-22T03:18:00.000Z",
    "fingerprint": "9223bfeef5e1662b",
    "receivers": [{"name": "team-data"}],
    "startsAt": "2026-11-22T03:14:00.123Z",
    "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
    "updatedAt": "2026-11-22T03:14:15.000Z",
    "generatorURL": "http://prom:9090/graph?g0.expr=redis_up+%3D%3D+0",
    "labels": {"alertname": "ServiceDown", "instance": "data-1:6379", "severity": "critical"},
}
SILENCE: Final[dict[str, Any]] = {
    "id": "0a1b2c3d-1111-2222-3333-444455556666",
    "status": {"state": "active"},
    "updatedAt": "2026-11-22T03:00:00.000Z",
    "matchers": [{"name": "alertname", "value": "Disk.*", "isRegex": True, "isEqual": False}],
    "startsAt": "2026-11-22T03:00:00.000Z",
    "endsAt": "2026-11-22T04:00:00.000Z",
    "createdBy": "mei",
    "comment": "ACK! on it",
}
GROUP: Final[dict[str, Any]] = {
    "labels": {"alertname": "ServiceDown"},
    "receiver": {"name": "team-data"},
    "alerts": [ALERT],
}
STATUS: Final[dict[str, Any]] = {
    "cluster": {
        "name": "01H",
        "status": "ready",
        "peers": [{"name": "01H", "address": "10.0.0.1:9094"}],
    },
    "versionInfo": {
        "version": "0.25.0",
        "revision": "x",
        "branch": "HEAD",
        "buildUser": "x",
        "buildDate": "x",
        "goVersion": "go1.19",
    },
    "config": {"original": "route:\n  receiver: nobody\n"},
    "uptime": "2026-11-22T01:00:00.000Z",
}
RULE_ALERT: Final[dict[str, Any]] = {
    "labels": {"alertname": "HighLoad", "instance": "web-1:9100"},
    "annotations": {"summary": "load 9"},
    "state": "pending",
    "activeAt": "2026-11-22T03:13:00.842095103Z",
    "value": "9e+00",
}
RULE: Final[dict[str, Any]] = {
    "state": "firing",
    "name": "HighLoad",
    "query": "node_load1 > 8",
    "duration": 300,
    "keepFiringFor": 0,
    "labels": {"severity": "warning"},
    "annotations": {"summary": "load {{ $value }}"},
    "alerts": [RULE_ALERT],
    "health": "err",
    "lastError": "many-to-many matching not allowed",
    "evaluationTime": 0.0006,
    "lastEvaluation": "2026-11-22T03:14:00.1Z",
    "type": "alerting",
}
RULE_GROUP: Final[dict[str, Any]] = {
    "name": "node",
    "file": "/etc/prometheus/rules.yml",
    "rules": [RULE],
    "interval": 15,
    "limit": 0,
    "evaluationTime": 0.001,
    "lastEvaluation": "2026-11-22T03:14:00.1Z",
}
TARGET: Final[dict[str, Any]] = {
    "discoveredLabels": {"__address__": "web-1:9100"},
    "labels": {"instance": "web-1:9100", "job": "node"},
    "scrapePool": "node",
    "scrapeUrl": "http://web-1:9100/metrics",
    "globalUrl": "http://web-1:9100/metrics",
    "lastError": "connection refused",
    "lastScrape": "2026-11-22T03:14:01Z",
    "lastScrapeDuration": 0.0089,
    "health": "down",
    "scrapeInterval": "15s",
    "scrapeTimeout": "10s",
}
VECTOR: Final[dict[str, Any]] = {
    "resultType": "vector",
    "result": [{"metric": {"job": "node"}, "value": [1795353041.25, "NaN"]}],
}
HEALTH: Final[dict[str, Any]] = {
    "status": "UP",
    "version": "2.14.0",
    "components": {"db": {"status": "UP", "details": {"n": 1}}, "redis": {"status": "DOWN"}},
    "checks": {"disk:free": [{"status": "pass"}, {"status": "fail"}]},
    "dependencies": [{"name": "smtp", "healthy": False}],
    "queue": True,
}

_OTHERS: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 10**30, 1e308, "", "x", "\x1b[2J", "\u202e", "x" * 5000),
    *([], {}, [[]], [None], {"": ""}, {"a": {"b": {}}}, [{}]),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"),
    *("2026-11-22T03:14:00", "2026-13-45T99:99:99Z", "NaN", "+Inf", "1e999"),
)


def encoded(content: object) -> bytes:
    """As Go writes JSON: without spaces, and UTF-8 as it is."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def spoiled(content: object, count: int, seed: int) -> Iterator[bytes]:
    """`count` documents that are `content` with something wrong; equal for equal `seed`."""
    chance = random.Random(seed)
    for _ in range(count):
        if chance.random() < 0.5:
            changed = copy.deepcopy(content)
            for _ in range(chance.randint(1, 4)):
                changed = _changed(changed, chance)
            yield encoded(changed)
        else:
            yield _bitten(encoded(content), chance)


def _changed(node: Any, chance: random.Random) -> Any:
    """`node` with one value somewhere in it replaced, removed or added."""
    if isinstance(node, dict) and node and chance.random() < 0.85:
        key = chance.choice(list(node))
        choice = chance.random()
        if choice < 0.15:
            del node[key]
        elif choice < 0.25:
            node[chance.choice(["new", "", key + "x"])] = copy.deepcopy(chance.choice(_OTHERS))
        else:
            node[key] = _changed(node[key], chance)
        return node
    if isinstance(node, list) and node and chance.random() < 0.85:
        place = chance.randrange(len(node))
        node[place] = _changed(node[place], chance)
        return node
    return copy.deepcopy(chance.choice(_OTHERS))


def _bitten(body: bytes, chance: random.Random) -> bytes:
    """`body` with bytes changed, cut out, doubled or put in."""
    changed = bytearray(body)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0:
                changed[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[place : place + chance.randint(1, 40)]
            case 2:
                changed[place:place] = changed[place : place + chance.randint(1, 40)]
            case 3:
                changed[place:place] = chance.choice(
                    (b'"', b"\\", b"{", b"]", b"\\ud800", b"\xff", b"NaN", b"[" * 5000, b"\x00")
                )
            case _:
                del changed[place:]
    return bytes(changed)
