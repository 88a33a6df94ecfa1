"""The past from Prometheus alone: how services were, what fired, and what queries measure.

Thanos, Mimir and VictoriaMetrics are asked in the same way. What a server cannot tell is a
sentence among the notices, and never a figure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from config.history import ObjectiveEntry
from console.engine.week.prometheus.bouts import Fired, bouts_of, fired
from console.engine.week.prometheus.measured import measured_of
from console.engine.week.prometheus.plan import Plan, planned
from console.engine.week.prometheus.seen import Drawing, OfServer
from console.model.history import Bout, Observed, together
from console.model.latency import Latencies, added
from console.model.policy import Policy
from console.model.registry import Registry, Service
from console.model.saying import Saying, saying
from console.reports.material import Measured
from console.safety.clock import Clock
from console.sources.prometheus.past import PastServer

if TYPE_CHECKING:
    from console.engine.week.prometheus.taken import TakenIn


class Told(msgspec.Struct, frozen=True):
    """How services were. Texts are safe to show."""

    observed: tuple[Observed, ...]
    """By name."""
    notices: tuple[Saying, ...] = ()
    """What is missing, or less exact than it could be."""
    sources: tuple[str, ...] = ()
    """`prom: probe_success`."""
    is_silent: bool = False
    """No server gave an answer that could be used."""
    is_whole: bool = True
    """Everything came that was asked for."""


class ToldBouts(msgspec.Struct, frozen=True):
    """What fired. Texts are safe to show."""

    bouts: tuple[Bout, ...]
    """By start."""
    notices: tuple[Saying, ...] = ()
    sources: tuple[str, ...] = ()
    is_whole: bool = True
    """Everything came that was asked for."""


class PrometheusPast:
    """Asks several servers about some time, from `start` on and before `end`."""

    def __init__(
        self,
        servers: Callable[[], Sequence[PastServer]],
        clock: Clock,
        registry: Registry,
        policy: Policy,
        covered: frozenset[str] = frozenset(),
    ) -> None:
        """`covered`: services, by the names of history, whose samples nobody needs."""
        self._servers = servers
        self._clock = clock
        self._registry = registry
        self._policy = policy
        self._covered = covered
        self._plans: dict[tuple[datetime, datetime, tuple[str, ...]], Plan] = {}

    async def observed(self, start: datetime, end: datetime) -> Told:
        """How every service was that a server tells of. Raises nothing."""
        end = min(end, self._clock.now().wall)
        servers = self._servers()
        if not servers or end <= start:
            none = saying("no Prometheus is among the sources")
            return Told((), () if servers else (none,))
        plan = await self._plan(servers, start, end)
        parts = await asyncio.gather(
            *(Drawing(server, plan, start, end).told() for server in servers)
        )
        notices = [*plan.notices, *(each for one in parts for each in one.notices)]
        observed = await asyncio.to_thread(_merged, parts)
        return Told(
            observed,
            tuple(dict.fromkeys(notices)),
            tuple(dict.fromkeys(each for one in observed for each in one.source.split("; "))),
            plan.is_silent,
            plan.is_whole and all(one.is_whole for one in parts),
        )

    async def bouts(self, start: datetime, end: datetime) -> ToldBouts:
        """The episodes that were going on at some time within. Raises nothing.

        Their keys are those that triage gives the same alerts, unless `alert_relabel_configs`
        of a server change what it sends, or its external labels are neither in the settings
        nor open to be read.
        """
        end = min(end, self._clock.now().wall)
        servers = self._servers()
        if not servers or end <= start:
            return ToldBouts(())
        return await self._fired(servers, await self._plan(servers, start, end))

    async def _fired(self, servers: Sequence[PastServer], plan: Plan) -> ToldBouts:
        start, end = plan.start, plan.end
        told = await asyncio.gather(
            *(fired(server, self._policy, start, end, plan.most) for server in servers)
        )
        bouts = await asyncio.to_thread(self._bouts, told, plan, start, end)
        return ToldBouts(
            bouts,
            tuple(dict.fromkeys(each for one in told for each in one.notices)),
            tuple(f"{one.server}: ALERTS" for one in told if one.runs),
            all(one.is_whole for one in told),
        )

    async def measured(
        self,
        entries: Sequence[ObjectiveEntry],
        services: Sequence[Service],
        start: datetime,
        end: datetime,
    ) -> tuple[Measured, ...]:
        """What the queries of `entries` give at `end`, or now where that is earlier.

        One for each service that an entry names, one for an entry that names none; entries
        without a query are passed over. Raises nothing.
        """
        end = min(end, self._clock.now().wall)
        return await measured_of(self._servers(), entries, services, start, end)

    async def take_in(
        self,
        folder: Path,
        start: datetime,
        end: datetime,
        progress: Callable[[str], None] = lambda line: None,
    ) -> TakenIn:
        """Write what the servers tell into the history file of `folder`, a day at a time.

        Every sample counts, of however many services: only one day is in memory. What was taken
        in of the same server and time before is replaced. A day that a server does not tell whole
        is left as it is in the file, and is named.

        Args:
            progress: is given a line for each day, safe to show.

        Raises:
            HistoryError: the file cannot be written.
        """
        from console.engine.week.prometheus.taken import TakenIn, taken_in

        end = min(end, self._clock.now().wall)
        servers = self._servers()
        if not servers or end <= start:
            return TakenIn(0, 0, 0, 0, ("there is nothing to take in",))
        plan = await planned(servers, self._registry, start, end, self._covered, by_days=True)
        told = await self._fired(servers, plan)
        return await taken_in(
            folder, servers, plan, told.bouts, [*plan.notices, *told.notices], progress
        )

    async def _plan(self, servers: Sequence[PastServer], start: datetime, end: datetime) -> Plan:
        """Kept for the next question about the same time."""
        key = start, end, tuple(one.name for one in servers)
        plan = self._plans.get(key)
        if plan is None:
            plan = await planned(servers, self._registry, start, end, self._covered)
            self._plans = {key: plan}
        return plan

    def _bouts(
        self, told: Iterable[Fired], plan: Plan, start: datetime, end: datetime
    ) -> tuple[Bout, ...]:
        return bouts_of(told, plan.naming, self._policy, start, end, self._clock.now())


def _merged(parts: Iterable[OfServer]) -> tuple[Observed, ...]:
    by_service: dict[str, list[Observed]] = {}
    for part in parts:
        for service, one in part.observed.items():
            by_service.setdefault(service, []).append(one)
    return tuple(_of_all(by_service[service]) for service in sorted(by_service))


def _of_all(several: list[Observed]) -> Observed:
    """What several servers tell of one service, as several recordings would."""
    if len(several) == 1:
        return several[0]
    hours: dict[int, list[Latencies]] = {}
    for one in several:
        for hour, latencies in one.hours:
            hours.setdefault(hour, []).append(latencies)
    return Observed(
        several[0].service,
        together([list(one.stretches) for one in several]),
        tuple((hour, added(some)) for hour, some in sorted(hours.items())),
        sum(one.samples for one in several),
        "; ".join(dict.fromkeys(one.source for one in several)),
        "\n".join(dict.fromkeys(one.query for one in several)),
        tuple(dict.fromkeys(each for one in several for each in one.notices)),
    )
