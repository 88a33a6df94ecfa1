"""What Prometheus tells of the past, asked when a report needs it and kept for a while.

A report waits `WAIT_S` for all that it asks of Prometheus, whoever of the servers hangs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from config.history import ObjectiveEntry
from config.load import Loaded
from console.engine.pause import within
from console.engine.week.memory_read import SILENCE, FromPrometheus
from console.engine.week.servers import Servers
from console.model.failure import Failure
from console.model.saying import Saying, saying
from console.reports.days import moments
from console.reports.material import Measured, Window
from console.safety.clock import Clock

if TYPE_CHECKING:
    from console.engine.week.prometheus.past import PrometheusPast
    from console.engine.week.timely import Deadline, Timely
    from console.sources.prometheus.past import PastServer

WAIT_S: Final = 30.0
"""For everything that is asked of all servers for one report."""
OBJECTIVES_S: Final = 10.0
"""Of it for the objectives that are queries: one that hangs is not to cost the days as well."""
GRACE_S: Final = 2.0
"""After that for what came to be taken in; it is given up with all that came else."""
FRESH_S: Final = 900.0
"""An answer is used again for so long."""
HUNG_S: Final = 60.0
"""So long one that is not whole for want of time, and who hangs is asked nothing for so long."""
MOST_KEPT: Final = 6

Said = tuple[FromPrometheus, tuple[Saying, ...]]


class _Kept(NamedTuple):
    until_s: float
    covered: frozenset[str]
    said: Said


class Answers:
    """Those of one engine. All of it on its loop."""

    def __init__(self, servers: Servers, loaded: Callable[[], Loaded], clock: Clock) -> None:
        self._servers = servers
        self._loaded = loaded
        self._clock = clock
        self._kept: dict[tuple[datetime, date], _Kept] = {}
        self._hung: dict[str, tuple[float, Failure]] = {}
        """By server: until when it is not asked, and what it said."""

    @property
    def can_be_had(self) -> bool:
        """Whether there is a server to ask."""
        return self._servers.are_there

    def forget(self) -> None:
        """The settings are other ones now."""
        self._kept.clear()
        self._hung.clear()

    def deadline(self) -> Deadline:
        """For one report, from now on."""
        from console.engine.week.timely import Deadline

        return Deadline(self._clock, WAIT_S)

    async def about(
        self, window: Window, deadline: Deadline, covered: frozenset[str] = frozenset()
    ) -> Said:
        """How services were and what fired within it, and what has to be said of that.

        Args:
            covered: services that need not be told of.
        """
        now = self._clock.now()
        start, end = moments(window, now.wall)
        key = start, window.last
        kept = self._kept.get(key)
        if kept is not None and now.mono < kept.until_s and kept.covered <= covered:
            return kept.said
        try:
            asked = self._asked(start, end, deadline, covered)
            told, notices = await within(asked, self._clock, deadline.left_s + GRACE_S)
        except TimeoutError:
            return SILENCE, (saying("Prometheus did not tell of it within {s} s", s=WAIT_S),)
        if told.is_silent:
            # Not kept: it may be back by the next question.
            return SILENCE, notices
        while len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        fresh_s = FRESH_S if told.is_whole else HUNG_S
        self._kept[key] = _Kept(self._clock.now().mono + fresh_s, covered, (told, notices))
        return told, notices

    async def _asked(
        self, start: datetime, end: datetime, deadline: Deadline, covered: frozenset[str]
    ) -> Said:
        async with self._servers.opened() as servers:
            timely = self._timely(servers, deadline)
            past = self._past(timely, covered)
            asked = await past.observed(start, end)
            if asked.is_silent:
                self._remember(timely)
                return SILENCE, asked.notices
            fired = await past.bouts(start, end)
            self._remember(timely)
        is_whole = (asked.is_whole and fired.is_whole) or deadline.left_s > 0
        observed = {one.service: one for one in asked.observed}
        told = FromPrometheus(observed, fired.bouts, is_whole=is_whole and not self._hung)
        return told, tuple(dict.fromkeys((*asked.notices, *fired.notices)))

    async def measured(
        self, entries: Sequence[ObjectiveEntry], window: Window, deadline: Deadline
    ) -> tuple[Measured, ...]:
        """What the queries of `entries` give at the end of `window`."""
        asked = [one for one in entries if one.query is not None]
        if not asked:
            return ()
        start, end = moments(window, self._clock.now().wall)
        try:
            telling = self._queried(asked, start, end, deadline)
            return await within(telling, self._clock, deadline.left_s + GRACE_S)
        except TimeoutError:
            why = saying("Prometheus did not answer within {s} s", s=OBJECTIVES_S)
            return tuple(
                Measured(one.name, service, None, None, one.query or "", why)
                for one in asked
                for service in one.services or ("",)
            )

    async def _queried(
        self, asked: Sequence[ObjectiveEntry], start: datetime, end: datetime, deadline: Deadline
    ) -> tuple[Measured, ...]:
        async with self._servers.opened() as servers:
            past = self._past(self._timely(servers, deadline))
            return await past.measured(asked, self._loaded().registry.services, start, end)

    def _timely(self, servers: Iterable[PastServer], deadline: Deadline) -> tuple[Timely, ...]:
        from console.engine.week.timely import Timely

        now_s = self._clock.now().mono
        self._hung = {name: hung for name, hung in self._hung.items() if now_s < hung[0]}
        return tuple(
            Timely(one, deadline, hung=self._hung[one.name][1] if one.name in self._hung else None)
            for one in servers
        )

    def _remember(self, timely: Iterable[Timely]) -> None:
        until_s = self._clock.now().mono + HUNG_S
        for one in timely:
            if one.hung is not None:
                self._hung.setdefault(one.name, (until_s, one.hung))

    def _past(
        self, servers: Sequence[PastServer], covered: frozenset[str] = frozenset()
    ) -> PrometheusPast:
        from console.engine.week.prometheus.past import PrometheusPast

        loaded = self._loaded()
        return PrometheusPast(lambda: servers, self._clock, loaded.registry, loaded.policy, covered)
