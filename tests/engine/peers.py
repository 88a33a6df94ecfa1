"""A Prometheus, an Alertmanager and a service, as small as the engine's promises need them."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from console.demo.server import HttpListener, Listener
from console.demo.wire import JSON, Answer, Request
from console.safety.clock import SystemClock


class Peer:
    """An HTTP server that answers a path with a JSON value, and counts what it is asked."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        self.answers = dict(answers)
        self.asked: Counter[str] = Counter()
        self.status = 200
        clock = SystemClock()
        self._listener = HttpListener(self._answer, clock, lambda: clock.now().wall)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.port}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.port}"

    async def open(self) -> None:
        await self._listener.open()

    async def shut(self) -> None:
        """Refuse connections from now on."""
        await self._listener.shut()

    async def release(self) -> None:
        await self._listener.release()

    def _answer(self, request: Request) -> Answer:
        self.asked[request.path] += 1
        if request.path not in self.answers:
            return Answer(404, b"no such path", None)
        return Answer(self.status, msgspec.json.encode(self.answers[request.path]), JSON)


def prometheus(*alertmanagers: str, firing: tuple[str, ...] = ()) -> Peer:
    """A Prometheus that sends to the Alertmanagers at these URLs."""
    return Peer(
        {
            "/api/v1/alerts": _good({"alerts": [_rule_alert(name) for name in firing]}),
            "/api/v1/rules": _good({"groups": [_group(name) for name in firing]}),
            "/api/v1/targets": _good({"activeTargets": [_target()]}),
            "/api/v1/alertmanagers": _good(
                {"activeAlertmanagers": [{"url": f"{url}/api/v2/alerts"} for url in alertmanagers]}
            ),
        }
    )


def alertmanager(*firing: str, sender: str = "http://prom.test:9090") -> Peer:
    """An Alertmanager that has been up for an hour and lists alerts of these names."""
    up_since = datetime.now(UTC) - timedelta(hours=1)
    return Peer(
        {
            "/api/v2/alerts": [listed(name, sender) for name in firing],
            "/api/v2/silences": [],
            "/api/v2/alerts/groups": [],
            "/api/v2/status": {
                "cluster": {"name": "", "status": "disabled", "peers": []},
                "versionInfo": {"version": "0.25.0"},
                "config": {"original": ""},
                "uptime": up_since.isoformat(),
            },
        }
    )


def listed(name: str, sender: str = "http://prom.test:9090") -> dict[str, object]:
    """One alert as Alertmanager lists it: it has been firing for ten minutes."""
    now = datetime.now(UTC)
    return {
        "labels": {"alertname": name, "severity": "critical"},
        "annotations": {},
        "startsAt": (now - timedelta(minutes=10)).isoformat(),
        "updatedAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=4)).isoformat(),
        "generatorURL": f"{sender}/graph?g0.expr=up",
        "fingerprint": f"{sum(map(ord, name)):016x}",
        "receivers": [{"name": "nobody"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
    }


@contextlib.asynccontextmanager
async def up(*peers: Peer) -> AsyncIterator[None]:
    """All of `peers` answer until the block ends."""
    for peer in peers:
        await peer.open()
    try:
        yield
    finally:
        for peer in peers:
            await peer.release()


@contextlib.asynccontextmanager
async def hanging() -> AsyncIterator[str]:
    """The URL of a server that takes connections and never answers."""
    listener = Listener()
    await listener.open()
    try:
        yield f"http://127.0.0.1:{listener.port}"
    finally:
        await listener.release()


def _good(content: object) -> object:
    return {"status": "success", "data": content}


def _rule_alert(name: str) -> object:
    return {
        "labels": {"alertname": name, "severity": "critical"},
        "annotations": {},
        "state": "firing",
        "activeAt": (datetime.now(UTC) - timedelta(minutes=10)).isoformat(),
        "value": "1e+00",
    }


def _group(name: str) -> object:
    return {
        "name": "test",
        "file": "rules.yml",
        "interval": 1,
        "rules": [
            {
                "name": name,
                "type": "alerting",
                "query": "up == 0",
                "duration": 0,
                "labels": {"severity": "critical"},
                "annotations": {},
                "health": "ok",
                "lastEvaluation": datetime.now(UTC).isoformat(),
                "evaluationTime": 0.001,
                "state": "firing",
                "alerts": [],
            }
        ],
    }


def _target() -> object:
    return {
        "discoveredLabels": {},
        "labels": {"job": "web", "instance": "web-1:9100"},
        "scrapePool": "web",
        "scrapeUrl": "http://web-1:9100/metrics",
        "globalUrl": "http://web-1:9100/metrics",
        "lastError": "",
        "lastScrape": datetime.now(UTC).isoformat(),
        "lastScrapeDuration": 0.01,
        "health": "up",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }
