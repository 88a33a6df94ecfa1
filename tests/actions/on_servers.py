"""Acting on real Alertmanagers: what a console would know of them, and do to them."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from config.schema import Acks, AlertmanagerSource, Silences
from console.actions.acks.local_acks import LocalAcks, alert_key
from console.actions.carry_out import Doing, Effected, carry_out
from console.fleet.standing import ack_of
from console.model.alert import Ack, Alert, Silence, SilenceState
from console.model.policy import Policy
from console.model.snapshot import ClusterGroups, KnownAlert, Snapshot, Standing
from console.model.state import State
from console.model.wish import Wish
from console.safety.clock import Clock, SystemClock
from console.safety.http import HttpClient
from console.sources.alertmanager.cluster import AlertmanagerCluster
from console.sources.alertmanager.poll import AlertmanagerMember
from tests.servers import post_json
from tests.waiting import until

POLICY = Policy()


class Desk:
    """One person's console, as far as acting goes."""

    def __init__(
        self,
        http: HttpClient,
        who: str,
        servers: Mapping[str, Sequence[str]],
        *,
        local: LocalAcks | None = None,
        acks: Acks | None = None,
        silences: Silences | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.who = who
        self.local = local
        self.acks = acks or Acks()
        self.silences = silences or Silences()
        self.clock = clock or SystemClock()
        self.kthxbye: frozenset[str] = frozenset()
        self.members = {
            name: [
                AlertmanagerMember(
                    name, url, AlertmanagerSource(name=name, members=tuple(urls)), http, self.clock
                )
                for url in urls
            ]
            for name, urls in servers.items()
        }
        self.clusters = {
            name: AlertmanagerCluster(name, [one.writer for one in members], self.clock)
            for name, members in self.members.items()
        }
        self._intents = 0
        self.recorded: list[str] = []

    async def record(self, action_id: str, what: str) -> str:
        self.recorded.append(what)
        self._intents += 1
        return f"{self._intents:016x}"

    def doing(self, snapshot: Snapshot, intent: str = "") -> Doing:
        if not intent:
            self._intents += 1
            intent = f"{self._intents:016x}"
        return Doing(
            clusters=self.clusters,
            clock=self.clock,
            who=self.who,
            acks=self.acks,
            silences=self.silences,
            policy=POLICY,
            local=self.local,
            kthxbye=self.kthxbye,
            snapshot=snapshot,
            intent=intent,
        )

    async def act(self, wish: Wish, snapshot: Snapshot | None = None) -> Effected:
        return await carry_out(wish, self.doing(snapshot or await self.look()))

    async def look(self) -> Snapshot:
        """What a console knows right after it has asked everybody."""
        alerts: dict[str, Alert] = {}
        silences: dict[str, Silence] = {}
        groups = []
        at = self.clock.now()
        for name, members in self.members.items():
            for member in members:
                reading = await member.poll(0)
                if isinstance(reading.alerts, tuple):
                    alerts |= {one.fingerprint: one for one in reading.alerts}
                if isinstance(reading.silences, tuple):
                    silences |= {one.id: one for one in reading.silences}
                if isinstance(reading.groups, tuple):
                    groups.append(ClusterGroups(name, reading.groups, at))
        local = () if self.local is None else self.local.load()
        return Snapshot(
            at=self.clock.now(),
            environment="test",
            alerts=known_by(alerts.values(), silences, local, at=at.wall),
            silences=tuple(silences.values()),
            groups=tuple(groups),
            local_acks=local,
            complete=True,
        )


def known_by(
    alerts: Iterable[Alert], silences: dict[str, Silence], local: Iterable[Ack], at: datetime
) -> tuple[KnownAlert, ...]:
    now = SystemClock().now()
    kept = {one.silence_id: one for one in local}
    found = []
    for one in alerts:
        acks = [
            ack
            for each in one.silenced_by
            if each in silences
            and silences[each].state is SilenceState.ACTIVE
            and (ack := ack_of(silences[each], POLICY.ack_prefixes)) is not None
        ]
        first = min(acks, key=lambda ack: (ack.since, ack.silence_id), default=None)
        found.append(
            KnownAlert(
                one,
                State.FIRING,
                Standing.INHIBITED if one.inhibited_by else Standing.FIRING,
                now,
                ack=first or kept.get(alert_key(one.fingerprint)),
                silences=one.silenced_by,
            )
        )
    return tuple(found)


@contextlib.asynccontextmanager
async def desks(
    servers: Mapping[str, Sequence[str]], *people: str, **settings: Any
) -> AsyncIterator[list[Desk]]:
    """Consoles of several people on the same servers."""
    http = HttpClient(SystemClock())
    try:
        yield [Desk(http, who, servers, **settings) for who in people]
    finally:
        await http.aclose()


def fire(url: str, *labels: dict[str, str]) -> None:
    """Have alerts fire at a server for an hour."""
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    post_json(f"{url}/api/v2/alerts", [{"labels": one, "endsAt": ends} for one in labels])


def listed(url: str) -> list[dict[str, Any]]:
    """Every silence as the server writes it, ended ones too."""
    with urllib.request.urlopen(f"{url}/api/v2/silences", timeout=10) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())
    return found


def running(url: str) -> list[dict[str, Any]]:
    """Those that have not ended."""
    return [one for one in listed(url) if one["status"]["state"] != "expired"]


def make(
    url: str,
    comment: str,
    *,
    by: str = "mei",
    matchers: dict[str, str] | None = None,
    minutes: float = 60,
) -> str:
    """A silence that somebody made with another program; its id."""
    now = datetime.now(UTC)
    made = post_json(
        f"{url}/api/v2/silences",
        {
            "matchers": [
                {"name": name, "value": value, "isRegex": False, "isEqual": True}
                for name, value in (matchers or {"alertname": "DiskFull"}).items()
            ],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(minutes=minutes)).isoformat(),
            "createdBy": by,
            "comment": comment,
        },
    )
    assert isinstance(made, dict)
    return str(made["silenceID"])


async def later_than(url: str) -> None:
    """Return when what is made now starts at another millisecond than what is there."""
    started = max(datetime.fromisoformat(one["startsAt"]) for one in running(url))

    async def now() -> datetime:
        return datetime.now(UTC)

    await until(now, lambda at: at - started > timedelta(milliseconds=2))
