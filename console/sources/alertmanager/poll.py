"""One poll of one Alertmanager member."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

import msgspec

from config.schema import Http
from console.model.alert import Silence
from console.model.failure import Failure
from console.model.reading import AlertmanagerReading
from console.safety.clock import Clock, Instant
from console.safety.http import HttpClient
from console.sources.access import Access
from console.sources.alertmanager import errors
from console.sources.alertmanager.client import (
    ALERTS,
    GROUPS,
    SILENCES,
    STATUS,
    AlertmanagerClient,
)
from console.sources.alertmanager.settings import member_name
from console.sources.alertmanager.write import AlertmanagerWriter
from console.sources.fault import Asked
from console.sources.server import Params, Server, beside, not_asked

GROUPS_EVERY: Final = 4
"""Rounds. The groups repeat every alert, and change only with the configuration."""
ENDED_EVERY: Final = 4
"""Rounds. A server that keeps its silences for five days may send tens of thousands."""
ENDED_WITHIN: Final = timedelta(hours=1)


class AlertmanagerMember:
    """One member of a cluster, asked for alerts, silences, status and, now and then, groups."""

    def __init__(
        self, cluster: str, url: str, settings: Http, http: HttpClient, clock: Clock
    ) -> None:
        self.name = cluster
        """The cluster's name."""
        self.member = member_name(url)
        """Unique in the cluster: the URL without scheme and credentials."""
        self.interval: timedelta = settings.interval
        self.access = Access(settings)
        self._clock = clock
        self._server = Server(http, clock, url, self.access)
        self._client = AlertmanagerClient(self._server, cluster, self.member)
        self._ended: tuple[Silence, ...] = ()
        self.writer = AlertmanagerWriter(self._server, self._client, cluster, self.key)
        """What acting tells it; by the same slots as the polling."""

    @property
    def key(self) -> str:
        """Unique among all sources: `am/127.0.0.1:9093`."""
        return f"{self.name}/{self.member}"

    @property
    def url(self) -> str:
        """Safe to show: without credentials."""
        return self._server.shown_url

    async def poll(self, round: int) -> AlertmanagerReading:  # noqa: A002 - all sources agree on it
        """Ask every part; each succeeds or fails for itself. Raises nothing."""
        server, client = self._server, self._client
        before = self._clock.now()
        server.skew = None
        groups_of = (
            server.part(self._asked("groups", GROUPS), client.groups())
            if round % GROUPS_EVERY == 0
            else not_asked()
        )
        main = asyncio.create_task(server.part(self._asked("alerts", ALERTS), client.alerts()))
        alerts, status, silences, groups = await asyncio.gather(
            main,
            beside(main, "status", server.part(self._asked("status", STATUS), client.status())),
            beside(main, "silences", self._silences(round, before.wall)),
            beside(main, "groups", groups_of),
        )
        at = self._clock.now()
        return AlertmanagerReading(
            source=self.name,
            member=self.member,
            at=at,
            took=at.since(before),
            alerts=alerts,
            silences=silences,
            status=status,
            groups=groups,
            skew=server.skew,
            ended=self._ended_since(at.wall - ENDED_WITHIN),
        )

    async def _silences(
        self,
        round: int,  # noqa: A002
        now: datetime,
    ) -> tuple[Silence, ...] | Failure:
        # Where the server can leave the expired ones out it sends them now and then only.
        params = () if round % ENDED_EVERY == 0 else self._client.silence_params
        told = await self._server.part(
            self._asked("silences", SILENCES, params),
            self._client.silences_and_ended(now - ENDED_WITHIN, params),
        )
        if isinstance(told, Failure):
            return told
        running, ended = told
        if not params:
            self._ended = ended
        return running

    def _ended_since(self, since: datetime) -> tuple[Silence, ...]:
        return tuple(one for one in self._ended if one.ends_at >= since)

    def unread(self, failure: Failure, at: Instant) -> tuple[AlertmanagerReading, ...]:
        """What a poll gives of which nothing is known but `failure`."""

        def part(name: str) -> Failure:
            return msgspec.structs.replace(failure, part=name)

        reading = AlertmanagerReading(
            source=self.name,
            member=self.member,
            at=at,
            took=timedelta(0),
            alerts=part("alerts"),
            silences=part("silences"),
            status=part("status"),
        )
        return (reading,)

    def _asked(self, part: str, path: str, params: Params = ()) -> Asked:
        return errors.asked(self.key, part, self._server.curl(path, params))
