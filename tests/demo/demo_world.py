"""A demo world at a fixed moment, asked in this process, with no socket in between."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from console.demo.alertmanager import AlertmanagerApi, ClusterMember
from console.demo.health import ServiceApi
from console.demo.inventory import BY_NAME
from console.demo.metrics import CORE, EDGE
from console.demo.prometheus import PrometheusApi
from console.demo.script import Scenario
from console.demo.wire import Answer, request_of
from console.demo.world import World
from console.safety.clock import ManualClock

START = datetime(2026, 11, 22, 3, 16, 42, tzinfo=UTC)
URLS = {CORE: "http://core.example", EDGE: "http://edge.example"}


class Demo:
    """One world and the APIs over it."""

    def __init__(
        self, scenario: str | Scenario, start: datetime = START, speed: float = 1.0
    ) -> None:
        self.clock = ManualClock(start)
        self.world = World(scenario, self.clock, speed)
        members = tuple(
            ClusterMember(f"alertmanager-{one}", f"am-{one}", f"{one}:9094") for one in "ab"
        )
        self._members = {
            member.service: AlertmanagerApi(self.world, member, members, URLS) for member in members
        }
        self._servers = {
            server: PrometheusApi(self.world, server, ("http://a.example",)) for server in URLS
        }

    def at(self, at_s: float) -> Demo:
        """Go on to a second after the start."""
        gone_s = (self.clock.now().wall - self.world.start.wall).total_seconds()
        self.clock.advance(at_s - gone_s)
        return self

    def alertmanager(
        self, path: str, *params: tuple[str, str], member: str = "alertmanager-a"
    ) -> Answer:
        """GET below `/api/v2`."""
        return self._members[member](
            request_of("GET", f"/api/v2{path}?{urlencode(params)}", "", b"")
        )

    def send(
        self, method: str, path: str, body: bytes = b"", kind: str = "application/json"
    ) -> Answer:
        """Any other method below `/api/v2`, on the first member."""
        api = self._members["alertmanager-a"]
        return api(request_of(method, f"/api/v2{path}", kind, body))

    def alerts(
        self, *params: tuple[str, str], member: str = "alertmanager-a"
    ) -> list[dict[str, Any]]:
        """What a member lists."""
        found: list[dict[str, Any]] = read(self.alertmanager("/alerts", *params, member=member))
        return found

    def prometheus(self, server: str, path: str, *params: tuple[str, str]) -> Answer:
        """GET below `/api/v1`."""
        return self._servers[server](
            request_of("GET", f"/api/v1{path}?{urlencode(params)}", "", b"")
        )

    def facts(self, server: str, path: str, *params: tuple[str, str]) -> Any:
        """The `data` of a Prometheus answer that says success."""
        body = read(self.prometheus(server, path, *params))
        assert body["status"] == "success"
        return body["data"]

    def value_now(self, server: str, query: str) -> list[tuple[dict[str, str], float]]:
        """The samples of an instant query."""
        found = self.facts(server, "/query", ("query", query))
        return [(one["metric"], float(one["value"][1])) for one in found["result"]]

    def health(self, service: str, path: str) -> Answer:
        """GET on a service that listens."""
        return ServiceApi(self.world, BY_NAME[service])(request_of("GET", path, "", b""))

    def firing(self, server: str) -> list[dict[str, str]]:
        """Labels of what fires on one Prometheus."""
        found = self.facts(server, "/alerts")["alerts"]
        return [one["labels"] for one in found if one["state"] == "firing"]

    def named(self, alert: str) -> list[dict[str, Any]]:
        """The alerts of that name that the first member lists."""
        return [one for one in self.alerts() if one["labels"]["alertname"] == alert]


def read(answer: Answer) -> Any:
    """The JSON of an answer."""
    return msgspec.json.decode(answer.body)
