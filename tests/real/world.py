"""Real servers around one small target, and an engine that looks at them every second."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.request
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from config.load import Loaded
from console.cli.status import Verdict, verdict_of
from console.demo.server import HttpListener
from console.demo.wire import Answer
from console.model.update import Update
from console.safety.clock import SystemClock
from console.triage.filter import parse
from tests.servers import Program, free_port, post_json, start_alertmanager, start_prometheus
from tests.watching import on_urls

INTERVAL: Final = timedelta(seconds=1)
METRICS: Final = "text/plain; version=0.0.4"
ENDS_AFTER_S: Final = 8
"""`endsAt` of what Prometheus sends: four times its resend delay, which is 2 s here."""

ALWAYS_ON: Final = """
      - alert: AlwaysOn
        expr: vector(1)
        labels: {severity: critical, team: data}
        annotations: {summary: it always fires}
"""
TARGET_DOWN: Final = """
      - alert: TargetDown
        expr: up == 0
        labels: {severity: critical}
        annotations: {summary: 'down: {{ $labels.instance }}'}
"""
WATCHDOG: Final = """
      - alert: Watchdog
        expr: vector(1)
        labels: {severity: none}
"""
BROKEN: Final = """
      - alert: Broken
        expr: up + on() up
        labels: {severity: warning}
"""


def rules_of(*rules: str) -> str:
    return "groups:\n  - name: test\n    rules:\n" + "".join(rules)


class Target:
    """Something that Prometheus scrapes: the service `web`."""

    def __init__(self) -> None:
        clock = SystemClock()
        self._listener = HttpListener(
            lambda request: Answer(200, b"web_up 1\n", METRICS), clock, lambda: clock.now().wall
        )

    @property
    def scrapes(self) -> str:
        """For `scrape_configs`."""
        address = f"127.0.0.1:{self._listener.port}"
        return f"  - job_name: web\n    static_configs: [{{targets: ['{address}']}}]\n"

    async def start(self) -> None:
        await self._listener.open()

    async def kill(self) -> None:
        await self._listener.shut()

    async def release(self) -> None:
        await self._listener.release()


class World:
    """A target, the Prometheus that scrapes it, and the Alertmanagers that it sends to."""

    def __init__(self, folder: Path, rules: Sequence[str]) -> None:
        self.folder = folder
        self.rules = rules_of(*rules)
        self.target = Target()
        self.alertmanagers: list[Program] = []
        self.prometheus: Program | None = None
        self._programs: list[Program] = []

    @property
    def prom(self) -> Program:
        assert self.prometheus is not None
        return self.prometheus

    @property
    def am(self) -> Program:
        return self.alertmanagers[0]

    def loaded(self, interval: timedelta = INTERVAL) -> Loaded:
        """What `oncall --prometheus URL` goes by, asked every second."""
        return on_urls([self.prom.url], interval=interval)

    async def start_prometheus(self) -> None:
        """Start it, or start it again on its port and on its data."""
        port = self.prometheus.port if self.prometheus is not None else 0
        self.prometheus = await asyncio.to_thread(
            partial(
                start_prometheus,
                self.folder / "prometheus",
                alertmanagers=[one.port for one in self.alertmanagers],
                scrapes=self.target.scrapes,
                rules=self.rules,
                port=port,
            )
        )
        self._programs.append(self.prometheus)

    async def start_alertmanager(
        self, name: str = "am", *, gossip: int = 0, peers: Sequence[int] = (), port: int = 0
    ) -> Program:
        program = await asyncio.to_thread(
            partial(start_alertmanager, self.folder / name, gossip=gossip, peers=peers, port=port)
        )
        self._programs.append(program)
        return program

    async def change_rules(self, *rules: str) -> None:
        (self.folder / "prometheus" / "rules.yml").write_text(rules_of(*rules))
        await asyncio.to_thread(post_json, f"{self.prom.url}/-/reload", None)

    async def end(self) -> None:
        for program in self._programs:
            await asyncio.to_thread(program.end)
        await self.target.release()


@contextlib.asynccontextmanager
async def world(
    folder: Path,
    *rules: str,
    gossiping: bool = False,
    scraped: bool = True,
) -> AsyncIterator[World]:
    """Everything started, and everything ended on the way out.

    Args:
        gossiping: two Alertmanagers that are one cluster, in place of a single one.
        scraped: whether the target answers.
    """
    world = World(folder, rules)
    try:
        if gossiping:
            first, second = free_port(), free_port()
            world.alertmanagers = [
                await world.start_alertmanager("one", gossip=first),
                await world.start_alertmanager("other", gossip=second, peers=[first]),
            ]
        else:
            world.alertmanagers = [await world.start_alertmanager("one")]
        if scraped:
            await world.target.start()
        await world.start_prometheus()
        yield world
    finally:
        await world.end()


async def get_json(url: str) -> Any:
    """What a server of ours answers."""

    def get() -> object:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.loads(answer.read())

    return await asyncio.to_thread(get)


async def listed_by(program: Program) -> list[str]:
    """The alerts that an Alertmanager lists, by name."""
    found = await get_json(f"{program.url}/api/v2/alerts")
    return sorted(one["labels"]["alertname"] for one in found)


async def silence(program: Program, name: str, comment: str, by: str = "mei") -> str:
    """Silence the alerts of that name for an hour; the silence's id."""
    now = datetime.now(UTC)
    told = await asyncio.to_thread(
        post_json,
        f"{program.url}/api/v2/silences",
        {
            "matchers": [{"name": "alertname", "value": name, "isRegex": False}],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": by,
            "comment": comment,
        },
    )
    assert isinstance(told, dict)
    return str(told["silenceID"])


def is_all_clear(update: Update) -> bool:
    """Whether a person, or a script, would read it as: all is well."""
    return verdict_of(update, parse("")) is Verdict.OK
