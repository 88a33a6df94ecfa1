"""What a container or a unit takes, against the limits that its own service sets.

Nobody is judged who has set none: what is too much for one service is usual for another. As of a
host, one busy moment is no fault: a value has to be over its limit at two looks in a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from console.model.host import HostFacts, Use, containers_called, unit_called
from console.model.registry import Service, ServiceType


class Over(NamedTuple):
    """A value that was over its limit at one look."""

    of: str
    """The container's id or the unit's name: another one of the same name begins anew."""
    what: str
    """`memory` or `cpu`."""
    limit_percent: float
    """Another limit begins anew, too."""


class Taken(NamedTuple):
    """What one container or unit takes, and how that is judged."""

    said: str
    """`, mem 5.9 of 6 GiB 98 %, cpu 40 %`, to stand behind its state; empty: nothing is known."""
    over: tuple[str, ...] = ()
    """Over their limits twice in a row: `memory 98 %, over 90 %`."""
    unknown: tuple[str, ...] = ()
    """What has a limit and is not known."""


def over_now(service: Service, facts: HostFacts, others: Collection[str] = ()) -> frozenset[Over]:
    """What of `service` is over its own limits by `facts`.

    `others`: what the containers of other services on the host are called.
    """
    told: list[tuple[str, Use]] = []
    if service.type is ServiceType.DOCKER and isinstance(facts.containers, tuple):
        found = containers_called(service.unit, facts.containers, others)
        told = [(one.id.exact, one.use) for one in found]
    elif service.type is ServiceType.SYSTEMD and isinstance(facts.units, tuple):
        unit = unit_called(service.unit, facts.units)
        told = [] if unit is None else [(unit.name.exact, unit.use)]
    return frozenset(
        Over(of, what, limit)
        for of, use in told
        for what, value, limit in _measured(service, use)
        if value is not None and value > limit
    )


def taken(service: Service, of: str, use: Use, before: frozenset[Over]) -> Taken:
    """How `use` stands to the limits of `service`; `before`: what was over at the last look."""
    over: list[str] = []
    once: list[str] = []
    unknown: list[str] = []
    for what, value, limit in _measured(service, use):
        if value is None:
            unknown.append(what)
        elif value > limit and Over(of, what, limit) in before:
            over.append(f"{what} {value:.0f} %, over {limit:g} %")
        elif value > limit:
            once.append(f"{what} over {limit:g} % at one look")
    said = (f", {use.said}" if use.said else "") + (f" ({', '.join(once)})" if once else "")
    return Taken(said, tuple(over), tuple(unknown))


def _measured(service: Service, use: Use) -> Iterator[tuple[str, float | None, float]]:
    if service.max_memory_percent is not None:
        yield "memory", use.memory_percent, service.max_memory_percent
    if service.max_cpu_percent is not None:
        yield "cpu", use.cpu_percent, service.max_cpu_percent
