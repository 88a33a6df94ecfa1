"""What was seen of every service, over a window and the one before it: one look at each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.model.history import AND, HISTORY, KnownBy, Observed, Sight
from console.model.latency import Latencies, added
from console.model.names import folded
from console.model.registry import Service
from console.model.saying import Saying, listed, saying, verbatim
from console.model.summary import Availability, Outage, Slot, summed
from console.model.unix import milliseconds
from console.reports.availability import Grid, Slots, reckoned
from console.reports.days import before, moments
from console.reports.lines import Touching, changes_within, incidents_within, touching
from console.reports.material import Material
from console.safety.text import visible

STILL: Final = timedelta(minutes=5)
"""What was seen no longer ago than this before the end of a day is how it was at its end."""
MOST_NOTICES: Final = 20
_NOBODY: Final = Touching()


class Seen(msgspec.Struct, frozen=True):
    """One service over the window."""

    name: str
    service: Service | None
    """`None`: it is in no registry."""
    total: Availability
    slots: tuple[Slot, ...]
    outages: tuple[Outage, ...]
    """In order, all of them."""
    latencies: Latencies
    last: Sight | None
    """How it was at the end; `None`: nobody saw."""
    samples: int = 0
    source: str = ""
    query: str = ""
    known_by: tuple[KnownBy, ...] = ()


class Earlier(msgspec.Struct, frozen=True):
    """One service over the window before."""

    total: Availability
    latencies: Latencies = Latencies()


class Sights(msgspec.Struct, frozen=True):
    """All services, over both windows."""

    seen: tuple[Seen, ...]
    """In the order of the registry, then those that are in none by name."""
    earlier: dict[str, Earlier]
    """Those of which anything is known, by name."""
    notices: tuple[Saying, ...]
    """Of the sources, each once."""

    @property
    def total(self) -> Availability:
        """The seconds of all of them."""
        return summed(one.total for one in self.seen)

    @property
    def total_before(self) -> Availability | None:
        """The same of the window before; `None`: nothing is known of it."""
        return summed(one.total for one in self.earlier.values()) if self.earlier else None


def source_of(name: str) -> Saying:
    """Where a service or an alert is known from, as `Observed.source` or `Bout.source` has it."""
    if name.startswith(f"{HISTORY}{AND}"):
        rest = verbatim(visible(name.removeprefix(f"{HISTORY}{AND}")))
        return listed((saying("history"), rest)) or rest
    return saying("history") if name == HISTORY else verbatim(visible(name))


def look(material: Material, edges: Sequence[datetime]) -> Sights:
    """All that history and Prometheus tell of the services.

    Args:
        edges: where each slot begins, and where the last one ends.
    """
    grid = Grid(edges, material.exclusions)
    about = _about(material, edges[0], edges[-1])
    registered = {one.name: one for one in material.services}
    found: dict[str, Seen] = {}
    notices: dict[Saying, None] = {}
    for one in material.observed():
        service = registered.get(one.service)
        found[one.service] = _seen(one, service, grid.of(one.service), edges, about)
        notices.update(dict.fromkeys(one.notices))
    for name, service in registered.items():
        if name not in found:
            found[name] = _seen(Observed(name, ()), service, grid.of(name), edges, about)
    others = sorted(found.keys() - registered.keys())
    seen = tuple(found[name] for name in (*registered, *others))
    return Sights(seen, _earlier(material), _few(notices))


def slots_of(observed: Observed, edges: Sequence[datetime], material: Material) -> tuple[Slot, ...]:
    """One service by hours, or whatever lies between each two of `edges`."""
    if len(edges) < 2:
        return ()
    slots = Grid(edges, material.exclusions).of(observed.service)
    about = _about(material, edges[0], edges[-1])
    return _seen(observed, None, slots, edges, about).slots


def _about(material: Material, start: datetime, end: datetime) -> dict[str, Touching]:
    environment, now = material.environment, material.now
    return touching(
        incidents_within(material.incidents, environment, start, end),
        changes_within(material.changes, environment, start, end, now),
        now,
    )


def _seen(
    observed: Observed,
    service: Service | None,
    slots: Slots,
    edges: Sequence[datetime],
    about: dict[str, Touching],
) -> Seen:
    result = reckoned(observed.stretches, slots)
    own = about.get(folded(observed.service), _NOBODY) if about else _NOBODY
    latencies = tuple(_latencies(observed, slots.edges))
    made = []
    for index, availability in enumerate(result.slots):
        start, end = edges[index], edges[index + 1]
        incidents, changes = own.within(start, end)
        p95 = latencies[index].percentile_ms(95)
        made.append(Slot(start, end, availability, incidents, changes, p95))
    return Seen(
        name=observed.service,
        service=service,
        total=result.total,
        slots=tuple(made),
        outages=result.outages,
        latencies=added(latencies),
        last=_last(observed, slots.edges[-1]),
        samples=observed.samples,
        source=visible(observed.source),
        query=observed.query,
        known_by=tuple(KnownBy(visible(one.source), one.known_ms) for one in observed.known_by),
    )


def _latencies(observed: Observed, edges_ms: Sequence[int]) -> Iterator[Latencies]:
    """Of each slot: those of the whole UTC hours that begin in it."""
    hours = iter(observed.hours)
    hour = next(hours, None)
    while hour is not None and hour[0] * 1000 < edges_ms[0]:
        hour = next(hours, None)
    for edge in edges_ms[1:]:
        own = []
        while hour is not None and hour[0] * 1000 < edge:
            own.append(hour[1])
            hour = next(hours, None)
        yield own[0] if len(own) == 1 else added(own)


def _last(observed: Observed, end_ms: int) -> Sight | None:
    still_ms = STILL // timedelta(milliseconds=1)
    for stretch in reversed(observed.stretches):
        if stretch.start_ms < end_ms:
            return Sight(stretch.sight) if stretch.end_ms >= end_ms - still_ms else None
    return None


def _earlier(material: Material) -> dict[str, Earlier]:
    span = moments(before(material.window), material.now)
    grid = Grid(span, material.exclusions)
    edges_ms = [milliseconds(edge) for edge in span]
    found = {}
    for one in material.observed_before():
        total = reckoned(one.stretches, grid.of(one.service)).total
        if total.raw_known_s > 0:
            found[one.service] = Earlier(total, added(_latencies(one, edges_ms)))
    return found


def _few(notices: Iterable[Saying]) -> tuple[Saying, ...]:
    found = tuple(notices)
    if len(found) <= MOST_NOTICES:
        return found
    rest = saying("{n} more of the kind are left out", n=len(found) - MOST_NOTICES)
    return (*found[:MOST_NOTICES], rest)
