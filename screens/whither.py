"""What a name behind `:host` leads to: a place of the fleet, or a service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from console.model.registry import API, EXTERNAL, PAGES, Host
from console.model.snapshot import Cell

LAST: Final = (PAGES, API, EXTERNAL)
"""Places that are not machines stand behind those that are."""


class Goal(NamedTuple):
    """A row of the fleet, or one cell."""

    name: str
    is_service: bool


def goal_of(name: str, hosts: Sequence[Host], cells: Sequence[Cell]) -> Goal | None:
    """Where `name` leads to; upper and lower case are one.

    A host or a namespace, else a service, else the row of pages, endpoints or what is outside.
    `place/service` leads to the service, and `place/` to the place, whatever else has the name.
    """
    wanted = name.casefold()
    places = {place.casefold(): place for place in _places(hosts, cells)}
    services = {cell.service.name.casefold(): cell.service.name for cell in cells}
    if wanted in places and not (places[wanted] in LAST and wanted in services):
        return Goal(places[wanted], is_service=False)
    if wanted in services:
        return Goal(services[wanted], is_service=True)
    place, slash, inside = wanted.partition("/")
    if not slash or place not in places:
        return None
    if not inside:
        return Goal(places[place], is_service=False)
    for cell in cells:
        if (cell.service.place.casefold(), cell.service.name.casefold()) == (place, inside):
            return Goal(cell.service.name, is_service=True)
    return None


def names_to(hosts: Sequence[Host], cells: Sequence[Cell]) -> list[str]:
    """What may be typed: a name for every place, then for every service, and each leads there."""
    services = {cell.service.name.casefold() for cell in cells}
    places = {place.casefold(): place for place in _places(hosts, cells)}
    found = {
        f"{place}/" if place in LAST and folded in services else place: None
        for folded, place in places.items()
    }
    for cell in cells:
        name, place = cell.service.name, places.get(cell.service.name.casefold())
        hidden = place is not None and place not in LAST
        found[f"{cell.service.place}/{name}" if hidden else name] = None
    return list(found)


def _places(hosts: Sequence[Host], cells: Sequence[Cell]) -> list[str]:
    return list(
        dict.fromkeys((*(host.name for host in hosts), *(cell.service.place for cell in cells)))
    )
