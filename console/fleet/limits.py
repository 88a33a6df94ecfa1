"""What a container or a unit takes, against the limits that its own service sets.

Nobody is judged who has set none: what is too much for one service is usual for another. As of a
host, one busy moment is no fault: a value has to be over its limit at two looks in a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from console.model.host import Use
from console.model.registry import Service
from console.model.words import use_text

NO_USE = Use()


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


def over_limits(service: Service, told: Iterable[tuple[str, Use]]) -> frozenset[Over]:
    """What of `told` is over the limits of `service` at this look; each with its id or name."""
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
    words = use_text(use)
    said = (f", {words}" if words else "") + (f" ({', '.join(once)})" if once else "")
    return Taken(said, tuple(over), tuple(unknown))


def _measured(service: Service, use: Use) -> Iterator[tuple[str, float | None, float]]:
    if service.max_memory_percent is not None:
        yield "memory", use.memory_percent, service.max_memory_percent
    if service.max_cpu_percent is not None:
        yield "cpu", use.cpu_percent, service.max_cpu_percent
