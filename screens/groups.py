"""Places under headings: by rack, zone, owner, or any other label that somebody wrote down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from console.model.registry import Host, Service, ServiceType
from console.model.snapshot import Cell
from console.model.state import State
from console.model.words import count_text
from widgets.paint import Span, Spans
from widgets.theme import Ink

OWNER: Final = "owner"
UNLABELLED: Final = " "
"""The value of what has none: no label has it."""


def labels_in(hosts: Iterable[Host], cells: Sequence[Cell]) -> tuple[str, ...]:
    """The labels by which the fleet can be grouped: those of hosts, owner, those of services."""
    found = {name: None for host in hosts for name, _ in host.labels}
    if any(cell.service.owner for cell in cells):
        found[OWNER] = None
    for cell in cells:
        for name, _ in cell.service.labels:
            found[name] = None
    return tuple(found)


def label_of(service: Service | None, host: Host | None, label: str) -> str:
    """The value of `label` for a service: its own, else its host's; `UNLABELLED` for none.

    A service's owner is that of its registry entry.
    """
    if service is not None:
        if label == OWNER and service.owner:
            return service.owner
        own = dict(service.labels).get(label)
        if own:
            return own
    of_host = dict(host.labels).get(label) if host is not None else None
    return of_host or UNLABELLED


class Tally(NamedTuple):
    """How much of one place, or of the part of it in a group, is OK."""

    hosts: int = 0
    hosts_ok: int = 0
    services: int = 0
    services_ok: int = 0


def tally_of(cells: Sequence[Cell], *, is_host: bool) -> Tally:
    """A host is OK when everything on it is; its own cell is no service."""
    own = [cell.state is State.OK for cell in cells if cell.service.type is not ServiceType.HOST]
    is_known = is_host and bool(cells)
    all_ok = is_known and all(cell.state is State.OK for cell in cells)
    return Tally(int(is_known), int(all_ok), len(own), sum(own))


def heading_of(label: str, value: str, rows: Iterable[Tally]) -> Spans:
    """`rack r12  0 of 3 hosts OK  12 of 40 services OK`.

    Args:
        rows: of every place in the group, whether it is shown or not.
    """
    hosts, hosts_ok, services, services_ok = map(sum, zip(Tally(), *rows, strict=True))
    name = f"no {label}" if value == UNLABELLED else f"{label} {value}"
    spans: list[Span] = [(name, Ink.STRONG)]
    for many, well, what in ((hosts, hosts_ok, "host"), (services, services_ok, "service")):
        if many:
            words = what if many == 1 else f"{what}s"
            told = f"  {count_text(well)} of {count_text(many)} {words} OK"
            spans.append((told, Ink.MUTED if well == many else Ink.WARNING))
    return spans
