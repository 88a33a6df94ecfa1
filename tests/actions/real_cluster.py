"""A real Alertmanager with alerts in it, and what the console knows of them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from config.schema import Acks, AlertmanagerSource
from console.actions.acks.plan import plan_acks
from console.model.acting import Plan, PlannedSilence
from console.model.alert import Alert
from console.model.policy import Policy
from console.model.reading import AlertmanagerReading
from console.model.snapshot import ClusterGroups, KnownAlert, Standing
from console.model.state import State
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.alertmanager.cluster import AlertmanagerCluster, WantedSilence
from console.sources.alertmanager.poll import AlertmanagerMember
from tests.servers import Program, ended, post_json, start_alertmanager
from tests.waiting import until

Labelled = Mapping[str, str]


class RealCluster:
    """One member, and the cluster that the console makes of it."""

    def __init__(self, program: Program, http: HttpClient, name: str = "am") -> None:
        settings = AlertmanagerSource(name=name, members=(program.url,))
        self.clock = SystemClock()
        self.program = program
        self.member = AlertmanagerMember(name, program.url, settings, http, self.clock)
        self.cluster = AlertmanagerCluster(name, [self.member.writer], self.clock)
        self.known: tuple[KnownAlert, ...] = ()
        self.groups: tuple[ClusterGroups, ...] = ()

    def post(self, *labels: Labelled) -> None:
        """Have these alerts fire."""
        ends = (self.clock.now().wall + timedelta(hours=1)).isoformat()
        alerts = [{"labels": dict(each), "endsAt": ends} for each in labels]
        post_json(f"{self.program.url}/api/v2/alerts", alerts)

    async def learn(self) -> Sequence[KnownAlert]:
        """Poll until the groups have every alert that fires."""

        def is_whole(reading: AlertmanagerReading) -> bool:
            assert isinstance(reading.alerts, tuple)
            assert isinstance(reading.groups, tuple)
            grouped = {each for group in reading.groups for each in group.fingerprints}
            return grouped == {alert.fingerprint for alert in reading.alerts}

        reading = await until(lambda: self.member.poll(0), is_whole)
        assert isinstance(reading.alerts, tuple)
        assert isinstance(reading.groups, tuple)
        self.known = tuple(
            KnownAlert(alert, State.FIRING, Standing.FIRING, reading.at) for alert in reading.alerts
        )
        self.groups = (ClusterGroups(self.cluster.name, reading.groups, reading.at),)
        return self.known

    def those(self, name: str, *values: str) -> list[KnownAlert]:
        """The known alerts whose label `name` has one of `values`."""
        return [one for one in self.known if one.alert.labels.exact(name) in values]

    async def plan(self, marked: Sequence[KnownAlert], acks: Acks | None = None) -> Plan:
        """What acking `marked` takes."""
        return await plan_acks(
            marked,
            known=self.known,
            groups=self.groups,
            clusters={self.cluster.name: self.cluster},
            policy=Policy(),
            acks=acks or Acks(),
        )

    async def silence(self, *planned: PlannedSilence, comment: str = "ACK! kai") -> list[str]:
        """Make the planned silences, and return their ids."""
        ends = self.clock.now().wall + timedelta(minutes=15)
        return [
            await self.cluster.post(
                WantedSilence(one.matchers, None, ends, "kai", f"{comment} {number}")
            )
            for number, one in enumerate(planned)
        ]

    async def muted(self) -> set[str]:
        """Fingerprints of the alerts that some silence mutes, by the server's word."""
        return {alert.fingerprint for alert in await self._alerts() if alert.silenced_by}

    async def _alerts(self) -> tuple[Alert, ...]:
        reading = await self.member.poll(1)
        assert isinstance(reading.alerts, tuple)
        return reading.alerts


@contextlib.asynccontextmanager
async def real_cluster(folder: Path, alerts: Iterable[Labelled] = ()) -> AsyncIterator[RealCluster]:
    """A cluster of one, in which `alerts` fire."""
    http = HttpClient(SystemClock())
    with ended(start_alertmanager(folder)) as (program,):
        try:
            here = RealCluster(program, http)
            posted = list(alerts)
            if posted:
                here.post(*posted)
                await here.learn()
            yield here
        finally:
            await http.aclose()


def written(plan: Plan) -> list[str]:
    """The matchers of every planned silence, as Alertmanager writes them, sorted."""
    return sorted(
        ", ".join(matcher.written.exact for matcher in one.matchers) for one in plan.silences
    )


def covered(plan: Plan) -> set[str]:
    """Fingerprints that some planned silence covers."""
    return {key for one in plan.silences for key in one.covers}
