"""A world whose every text is an attack on the terminal, served as real servers would."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.demo.server import HttpListener
from console.demo.wire import JSON, Answer, Request
from console.safety.clock import SystemClock
from tests.hostile import hostile_strings
from tests.sources.documents import encoded

SERVICES = 12
LONGEST = 3_000


class HostileWorld:
    """One port that is Prometheus, Alertmanager and every service at once."""

    def __init__(self, strings: int) -> None:
        """
        Args:
            strings: how many attacks there are; each stands somewhere.
        """
        # A lone surrogate is no UTF-8: a server that sent one would be refused as a whole.
        self._attacks = [
            text[:LONGEST].encode("utf-8", "replace").decode()
            for text in hostile_strings(strings, seed=17)
        ]
        self.alerts = max(1, strings // 6)
        now = datetime.now(UTC)
        self._now = now
        clock = SystemClock()
        self._listener = HttpListener(self._answer, clock, lambda: clock.now().wall)
        self.url = f"http://127.0.0.1:{self._listener.port}"
        alerts = [self._alert(number) for number in range(self.alerts)]
        self._answers = {
            "/api/v2/alerts": alerts,
            "/api/v2/alerts/groups": [],
            "/api/v2/silences": [self._silence(number) for number in range(20)],
            "/api/v2/status": self._status(),
            "/api/v1/alerts": _good({"alerts": [self._pending(n) for n in range(10)]}),
            "/api/v1/rules": _good({"groups": [self._rules()]}),
            "/api/v1/targets": _good({"activeTargets": [self._target(n) for n in range(20)]}),
            "/api/v1/alertmanagers": _good(
                {"activeAlertmanagers": [{"url": f"{self.url}/api/v2/alerts"}]}
            ),
            "/api/v1/query": _good(self._vector()),
            "/api/v1/query_range": _good(self._matrix()),
            **{f"/health/{n}": self._health(n) for n in range(SERVICES)},
        }

    def _evil(self, number: int) -> str:
        return self._attacks[number % len(self._attacks)]

    def _times(self, number: int) -> dict[str, str]:
        return {
            "startsAt": (self._now - timedelta(minutes=5 + number % 60)).isoformat(),
            "updatedAt": self._now.isoformat(),
            "endsAt": (self._now + timedelta(hours=1)).isoformat(),
        }

    def _alert(self, number: int) -> Mapping[str, object]:
        evil = [self._evil(6 * number + n) for n in range(6)]
        return {
            "labels": {
                "alertname": f"A{number}{evil[0]}",
                "instance": f"i{number}{evil[1]}",
                "severity": "critical" if number % 2 else evil[2],
                "job": evil[3],
            },
            "annotations": {
                "summary": evil[4],
                "description": evil[5],
                "runbook_url": f"http://books.test/{evil[4]}",
                "dashboard": f"http://{evil[1]}",
            },
            **self._times(number),
            "generatorURL": f"{self.url}/graph?g0.expr={evil[2]}",
            "fingerprint": f"{number:016x}",
            "receivers": [{"name": evil[3]}],
            "status": {
                "state": "suppressed" if number % 5 == 0 else "active",
                "silencedBy": [f"silence-{number % 20}"] if number % 5 == 0 else [],
                "inhibitedBy": [],
            },
        }

    def _silence(self, number: int) -> Mapping[str, object]:
        return {
            "id": f"silence-{number}",
            "status": {"state": "active"},
            **self._times(number),
            "matchers": [
                {"name": "job", "value": self._evil(number), "isRegex": False, "isEqual": True}
            ],
            "createdBy": self._evil(number + 40),
            "comment": ("ACK! " if number % 10 == 0 else "") + self._evil(number + 80),
        }

    def _status(self) -> Mapping[str, object]:
        return {
            "cluster": {"name": self._evil(1), "status": "disabled", "peers": []},
            "versionInfo": {"version": self._evil(0)},
            "config": {"original": ""},
            "uptime": (self._now - timedelta(hours=3)).isoformat(),
        }

    def _pending(self, number: int) -> Mapping[str, object]:
        return {
            "labels": {"alertname": f"P{self._evil(number)}", "severity": "warning"},
            "annotations": {"summary": self._evil(number + 9)},
            "state": "pending",
            "activeAt": self._now.isoformat(),
            "value": "1e+00",
        }

    def _rules(self) -> Mapping[str, object]:
        return {
            "name": self._evil(2),
            "file": self._evil(3),
            "interval": 15,
            "rules": [
                {
                    "name": f"A{number}{self._evil(6 * number)}",
                    "type": "alerting",
                    "query": f"up > {self._evil(number)}",
                    "duration": 60,
                    "labels": {},
                    "annotations": {},
                    "health": "err",
                    "lastError": self._evil(number + 3),
                    "lastEvaluation": self._now.isoformat(),
                    "evaluationTime": 0.1,
                    "state": "firing",
                    "alerts": [],
                }
                for number in range(self.alerts)
            ],
        }

    def _target(self, number: int) -> Mapping[str, object]:
        return {
            "discoveredLabels": {},
            "labels": {"job": f"j{self._evil(number)}", "instance": f"h{number}:9100"},
            "scrapePool": self._evil(number),
            "scrapeUrl": f"http://h{number}:9100/{self._evil(number)}",
            "globalUrl": f"http://h{number}:9100/",
            "lastError": self._evil(number + 20),
            "lastScrape": self._now.isoformat(),
            "lastScrapeDuration": 0.01,
            "health": "down" if number % 2 else "up",
            "scrapeInterval": "15s",
            "scrapeTimeout": "10s",
        }

    def _vector(self) -> Mapping[str, object]:
        metric = {"job": self._evil(0), "instance": self._evil(5)}
        return {
            "resultType": "vector",
            "result": [{"metric": metric, "value": [self._now.timestamp(), "3"]}],
        }

    def _matrix(self) -> Mapping[str, object]:
        begun = self._now.timestamp() - 3600
        points = [[begun + 60 * n, str(n % 7)] for n in range(60)]
        curves = [{"metric": {"job": self._evil(n)}, "values": points} for n in range(4)]
        return {"resultType": "matrix", "result": curves}

    def _health(self, number: int) -> Mapping[str, object]:
        return {
            "status": "UP" if number % 2 else self._evil(number),
            "version": self._evil(number + 7),
            "git_sha": self._evil(number + 8),
            "dependencies": [{"name": self._evil(number + 9), "healthy": False}],
        }

    def _answer(self, request: Request) -> Answer:
        if request.path not in self._answers:
            return Answer(404, encoded(self._evil(0)), JSON)
        warnings = (("X-Warning", "none"),)
        return Answer(200, encoded(self._answers[request.path]), JSON, warnings)

    async def open(self) -> None:
        """Take connections."""
        await self._listener.open()

    async def release(self) -> None:
        """Shut, and give the port back."""
        await self._listener.release()

    def write_settings(self, folder: Path) -> None:
        """A settings folder on this world."""
        folder.mkdir()
        (folder / "oncall.yaml").write_text(
            f"""environment: hostile
sources:
  prometheus:
    - name: prom
      url: {self.url}
  alertmanager:
    - name: am
      members: [{self.url}]
"""
        )
        services = "".join(
            f"""  - name: service-{n}
    type: systemd
    host: host-{n % 3}
    port: {self.url.rpartition(":")[2]}
    health_endpoint: /health/{n}
"""
            for n in range(SERVICES)
        )
        hosts = "".join(f"  - name: host-{n}\n    address: 127.0.0.1\n" for n in range(3))
        (folder / "services.yaml").write_text(f"hosts:\n{hosts}services:\n{services}")


def _good(content: object) -> Mapping[str, object]:
    return {"status": "success", "data": content, "warnings": ["\x1b]0;WARNED\x07partial"]}
