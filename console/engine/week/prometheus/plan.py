"""Which series of all servers tell of which service, and how many of their samples are asked for.

By `probe_success` where a service has one: it is what a user would see, while `up` is 1 for as
long as the exporter answers that probes it. Else by `up` of its scrape targets. Series find
their service as scrape targets find their cell in the matrix.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.fleet.assign import Index
from console.fleet.sight import kept_name
from console.model.alert import Target, TargetHealth
from console.model.failure import FailureKind
from console.model.labels import Labels
from console.model.registry import Registry, Service
from console.model.saying import Saying, saying
from console.safety.text import Raw
from console.sources.prometheus.past import (
    Counted,
    PastServer,
    counted,
    said_of,
    selector_of,
    warned_of,
)

PROBES: Final = "probe_success"
UP: Final = "up"
TOOK: Final = "probe_duration_seconds"
MOST: Final = 3_000_000
"""Samples over all of the time of a report, which has to come soon; of more only some are taken."""
MOST_A_DAY: Final = 30_000_000
"""Samples a day where days are drawn one after the other: beyond it the shortest pieces that a
server is asked for are too big to be decoded in one go. 20,000 series of one a minute."""
STEPS: Final = tuple(timedelta(minutes=one) for one in (1, 2, 5, 10, 15, 30, 60))


class Share(msgspec.Struct):
    """What one server is asked for."""

    probes: dict[Labels, str] = {}
    """Series of `probe_success`, each with its service."""
    ups: dict[Labels, str] = {}
    expected: dict[str, float] = {}
    """By metric: samples that come, those that are not wanted included."""
    selectors: dict[str, str] = {}


class Naming:
    """Which service a series tells of, by the name under which history keeps that."""

    def __init__(self, registry: Registry, series: Iterable[Labels]) -> None:
        """`series`: all that there are, so that those of no registered service have names too."""
        hosts = [one.name for one in registry.hosts]
        self.index = Index(registry, map(_target, series), hosts=hosts)
        cells = (*self.index.services.values(), *self.index.dynamic)
        self._names = {one.name: kept_name(one) for one in cells}
        self.cells: Mapping[str, Service] = {one.name: one for one in cells}
        """By the name of the cell."""
        self.services: Mapping[str, Service] = {kept_name(one): one for one in cells}
        """By the name under which history keeps them."""

    def of_series(self, labels: Labels) -> str | None:
        """The service of a scraped series; `None`: it has no instance or job to go by."""
        return self._kept(self.index.cell_of_target(_target(labels)))

    def of_cell(self, cell: str | None) -> str:
        """The service of a cell; empty for none."""
        return self._kept(cell) or ""

    def _kept(self, cell: str | None) -> str | None:
        return None if cell is None else self._names.get(cell, cell)


class Plan(msgspec.Struct):
    """What all servers are asked for."""

    start: datetime
    end: datetime
    naming: Naming
    shares: dict[str, Share]
    """By server; those that cannot be asked are left out."""
    most: int
    """Samples that are asked for of one kind; of more only some."""
    step: timedelta | None = None
    """`None`: every sample is asked for."""
    notices: tuple[Saying, ...] = ()
    is_silent: bool = False
    """No server said which series it has."""
    is_whole: bool = True
    """Every server said it of all the time."""


async def planned(
    servers: Sequence[PastServer],
    registry: Registry,
    start: datetime,
    end: datetime,
    covered: frozenset[str] = frozenset(),
    *,
    by_days: bool = False,
) -> Plan:
    """Ask every server which series it has. Raises nothing.

    Args:
        covered: services whose samples nobody needs.
        by_days: the samples are drawn a day after the other, by somebody who has the time.
    """
    days = math.ceil((end - start) / timedelta(days=1))
    most = MOST_A_DAY * max(1, days) if by_days else MOST
    notices: list[Saying] = []
    asked = await asyncio.gather(*(_counted(one, start, end) for one in servers))
    known = {one.name: counts for one, counts in zip(servers, asked, strict=True)}
    for name, counts in known.items():
        notices += _notices_of(name, counts)
    series = [
        labels
        for counts in known.values()
        for metric in (PROBES, UP)
        for labels in counts[metric].series
    ]
    naming = Naming(registry, series)
    plan = Plan(start, end, naming, {}, most)
    probed = {
        naming.of_series(labels) for counts in known.values() for labels in counts[PROBES].series
    }
    for name, counts in known.items():
        plan.shares[name] = _share(naming, counts, probed)
    _drop(plan, lambda service: service in covered)
    plan.notices = tuple(dict.fromkeys([*notices, *_thinned(plan, known, registry)]))
    for name, share in plan.shares.items():
        _choose(share, known[name], end - start, plan.step)
    plan.is_whole = not any(one.failures for counts in known.values() for one in counts.values())
    plan.is_silent = all(
        one.failures and not one.has_answered
        for counts in known.values()
        for one in counts.values()
    )
    return plan


def _thinned(
    plan: Plan, known: Mapping[str, Mapping[str, Counted]], registry: Registry
) -> Iterator[Saying]:
    """Ask for fewer samples where there are more than `plan.most`; what is said of it."""
    total = _total(plan, known)
    if total > plan.most and registry.services:
        registered = {one.name for one in registry.services}
        dropped = _drop(plan, lambda service: service not in registered)
        if dropped:
            yield saying(
                "{n} scrape targets of no registered service are left out: they would be too "
                "many samples",
                n=dropped,
            )
        total = _total(plan, known)
    if total > plan.most:
        plan.step = _step(plan, plan.end - plan.start)
        yield saying(
            "{n} samples are too many: the last one of every {minutes} minutes is taken, and "
            "what was shorter may be missing",
            n=round(total),
            minutes=plan.step.total_seconds() / 60,
        )


def _target(labels: Labels) -> Target:
    return Target(
        labels=labels,
        scrape_url=Raw(""),
        pool=Raw(""),
        health=TargetHealth.UNKNOWN,
        last_error=Raw(""),
        last_scrape=None,
        scrape_duration=timedelta(0),
    )


async def _counted(server: PastServer, start: datetime, end: datetime) -> dict[str, Counted]:
    # One after the other: of the few requests that a server is sent at once the polls need some.
    probes = await counted(server, PROBES, start, end)
    if not probes.has_answered and all(one.kind is FailureKind.TIMEOUT for one in probes.failures):
        # It would be as silent about the targets, of which there are more.
        return {PROBES: probes, UP: Counted({}, probes.failures)}
    return {PROBES: probes, UP: await counted(server, UP, start, end)}


def _notices_of(name: str, counts: Mapping[str, Counted]) -> list[Saying]:
    found: list[Saying] = []
    if not any(one.series or one.failures for one in counts.values()):
        found.append(
            saying(
                "{server}: it has no sample of {probes} or {up} of this time",
                server=name,
                probes=PROBES,
                up=UP,
            )
        )
    for metric, one in counts.items():
        found += map(said_of, one.failures[:1])
        found += warned_of(name, one.warnings)
        if one.left_out:
            found.append(
                saying(
                    "{server}: {n} series of {metric} are too many and left out",
                    server=name,
                    n=one.left_out,
                    metric=metric,
                )
            )
    return found


def _share(naming: Naming, counts: Mapping[str, Counted], probed: set[str | None]) -> Share:
    spots = {(one.exact("job"), one.exact("instance")) for one in counts[PROBES].series}
    share = Share({}, {}, {}, {})
    for metric, found in ((PROBES, share.probes), (UP, share.ups)):
        for labels in counts[metric].series:
            service = naming.of_series(labels)
            if service is None:
                continue
            if metric == UP and (
                service in probed or (labels.exact("job"), labels.exact("instance")) in spots
            ):
                continue
            found[labels] = service
    return share


def _total(plan: Plan, known: Mapping[str, Mapping[str, Counted]]) -> float:
    return sum(
        known[name][metric].series[labels]
        for name, share in plan.shares.items()
        for metric, found in ((PROBES, share.probes), (UP, share.ups))
        for labels in found
    )


def _drop(plan: Plan, is_one: Callable[[str], bool]) -> int:
    """Take out the series of some services; how many."""
    dropped = 0
    for share in plan.shares.values():
        for found in (share.probes, share.ups):
            for labels in [one for one, service in found.items() if is_one(service)]:
                del found[labels]
                dropped += 1
    return dropped


def _step(plan: Plan, length: timedelta) -> timedelta:
    series = sum(len(one.probes) + len(one.ups) for one in plan.shares.values())
    return next((one for one in STEPS if series * (length / one) <= plan.most), STEPS[-1])


def _choose(
    share: Share, counts: Mapping[str, Counted], length: timedelta, step: timedelta | None
) -> None:
    """The selectors by which what is wanted comes, and not much else."""
    for metric, found in ((PROBES, share.probes), (UP, share.ups)):
        if not found:
            continue
        everything = counts[metric].series
        selector = metric if len(found) == len(everything) else selector_of(metric, found)
        come: Iterable[float] = everything.values()
        if selector != metric:
            come = (everything[one] for one in found)
        numbers = list(come)
        share.selectors[metric] = selector
        share.expected[metric] = sum(numbers) if step is None else len(numbers) * (length / step)
    if PROBES in share.selectors:
        share.selectors[TOOK] = TOOK + share.selectors[PROBES].removeprefix(PROBES)
