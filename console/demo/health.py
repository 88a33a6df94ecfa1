"""The health endpoints, pages and API endpoints of the demo's services."""

from __future__ import annotations

import msgspec

from console.demo.inventory import (
    API_ENDPOINTS,
    PAGES,
    PageSpec,
    ServiceSpec,
    build_age_s,
    git_sha_of,
)
from console.demo.script import Trouble
from console.demo.wire import Answer, Request, json_answer, rfc3339_ms, text_answer
from console.demo.world import World

REFUSED = "connection refused"


class ServiceApi:
    """What one service answers on its port."""

    def __init__(self, world: World, service: ServiceSpec) -> None:
        self._world = world
        self._service = service
        self._pages = {page.path: page for page in PAGES if page.service == service.name}
        self._endpoints = {
            page.path: page for page in API_ENDPOINTS if page.service == service.name
        }

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        path = request.path
        if path in self._endpoints:
            return self._endpoint(self._endpoints[path], request.method)
        if request.method not in ("GET", "HEAD"):
            return text_answer("method not allowed\n", 405)
        if path == self._service.health:
            answer = self._live()
        elif path == self._service.ready:
            answer = self._ready()
        elif path in self._pages:
            return self._page(self._pages[path])
        else:
            return text_answer("not found\n", 404)
        return msgspec.structs.replace(answer, delay_s=self._latency_s())

    def _live(self) -> Answer:
        said = [t.status for t in self._troubles() if t.status is not None]
        status = said[-1] if said else 200
        words = "ok" if status < 400 else "failing"
        if self._service.place == "external":
            return json_answer({"status": "operational" if status < 400 else "outage"}, status)
        name = self._service.name
        version = self._world.version_of(name)
        built = self._world.wall(-build_age_s(name, version))
        releases = (r for r in self._world.releases if r.service == name)
        for release in releases:
            if release.version == version and version != self._service.version:
                built = self._world.wall(release.at_s - 600)
        return json_answer(
            {
                "status": words,
                "version": version,
                "git_sha": git_sha_of(name, version),
                "build_time": rfc3339_ms(built),
            },
            status,
        )

    def _ready(self) -> Answer:
        said = [t.ready_status or t.status for t in self._troubles()]
        bad = [status for status in said if status is not None]
        fields = {name: self._said_of(other) for name, other in self._service.fields}
        for trouble in self._troubles():
            fields |= dict(trouble.fields)
        status = bad[-1] if bad else 200
        if any(words != "ok" for words in fields.values()):
            status = 503
        return json_answer({"status": "ok" if status < 400 else "unavailable", **fields}, status)

    def _said_of(self, other: str) -> str:
        """What a readiness check tells of one dependency."""
        if not self._world.listens(other):
            return REFUSED
        bad = [t.status for t in self._world.troubles_of(other) if t.status is not None]
        return f"answers {bad[-1]}" if bad else "ok"

    def _page(self, page: PageSpec) -> Answer:
        works, took_s = self._probed("page", page)
        if not works:
            return Answer(502, b"<h1>502 Bad Gateway</h1>\n", "text/html", delay_s=took_s)
        if page.name == "account":
            away = (("Location", "/login"),)
            return Answer(302, b"", "text/html", away, delay_s=took_s)
        body = f"<!doctype html><title>{page.name}</title>\n".encode()
        return Answer(200, body, "text/html; charset=utf-8", delay_s=took_s)

    def _endpoint(self, page: PageSpec, method: str) -> Answer:
        if method not in (page.method, "HEAD"):
            return text_answer("method not allowed\n", 405)
        works, took_s = self._probed("endpoint", page)
        answer = json_answer({"items": []}) if works else json_answer({"error": "internal"}, 500)
        return msgspec.structs.replace(answer, delay_s=took_s)

    def _probed(self, kind: str, page: PageSpec) -> tuple[bool, float]:
        """Whether the page works and how long it takes: what the edge Prometheus measures."""
        works, took_s = True, 0.02
        at_s = float(self._world.now_s())
        for series in self._world.probed.get((kind, page.name), ()):
            value = self._world.value(series, at_s)
            if series.family == "probe_success":
                works = value == 1
            elif series.family == "probe_duration_seconds":
                took_s = value
        return works, took_s

    def _latency_s(self) -> float:
        at_s = float(self._world.now_s())
        slow = [t.latency.at(at_s) for t in self._troubles() if t.latency is not None]
        return max(slow, default=0.0)

    def _troubles(self) -> list[Trouble]:
        return self._world.troubles_of(self._service.name)
