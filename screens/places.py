"""Cells of the fleet as rows of the matrix."""

from __future__ import annotations

from collections.abc import Iterable

from console.model.registry import ServiceType
from console.model.snapshot import Cell
from console.model.state import State
from widgets.matrix import Place, Service

LAST = ("pages", "api", "external")
"""Places that are not machines stand behind those that are."""


def places_of(cells: Iterable[Cell]) -> tuple[Place, ...]:
    """One row a place, in the order of the registry; worst cells are found by colour and shape.

    A cell keeps its position whatever its state, so that a person learns where things stand.
    """
    found: dict[str, list[Service]] = {}
    for cell in cells:
        service = cell.service
        found.setdefault(service.place, []).append(
            Service(service.name, short_name(cell), cell.state, service.critical)
        )
    names = [name for name in found if name not in LAST] + [name for name in LAST if name in found]
    return tuple(Place(name, tuple(found[name])) for name in names)


def is_well(place: Place) -> bool:
    """Whether everything that lives there is OK."""
    return all(service.state is State.OK for service in place.services)


def short_name(cell: Cell) -> str:
    """What stands in the matrix: a target's name without the place that the row tells."""
    name, place = cell.service.name, cell.service.place
    if cell.service.type is ServiceType.TARGET and name.endswith(f"@{place}"):
        return name.removesuffix(f"@{place}")
    return name
