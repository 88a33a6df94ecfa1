"""Cells of the fleet as rows of the matrix, made anew only where something has changed.

With 500 hosts of 40 services a new picture of the world comes several times a second and
differs in a few cells. The fleet keeps the objects of those that stay as they are, so that
identity tells what has to be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from operator import is_not
from typing import Final

import msgspec

from console.fleet.score import score_of
from console.model.registry import Host, Service, ServiceType, host_cell
from console.model.snapshot import Cell, HostState, NamespaceState, Snapshot
from console.model.state import State
from console.triage.filter import Filter
from screens.groups import UNLABELLED, Tally, heading_of, label_of, labels_in, tally_of
from screens.host_facts import column_spans, namespace_note, note_of, old_after_s
from screens.place_order import group_of, ident_of
from screens.whither import LAST
from widgets.matrix import Place
from widgets.matrix import Service as Shown

HOST_NAME: Final = "host"
"""How a host's own cell is drawn."""


class Chosen(msgspec.Struct, frozen=True):
    """What of the fleet is shown, and how it is ordered."""

    filter: Filter = Filter()
    only_wrong: bool = False
    label: str = ""
    """By which places are put under headings; empty: not at all."""


class _Slot:
    """One row: a place, or that part of it that has one value of the label."""

    __slots__ = ("cells", "host", "key", "name", "place", "tally", "value")

    def __init__(self, name: str, value: str, host: Host | None) -> None:
        self.name = name
        self.value = value
        self.key = ident_of(value, name)
        self.host = host
        self.cells: list[int] = []
        self.tally = Tally()
        self.place: Place | None = None


class PlaceBook:
    """The rows of the newest snapshot. It keeps what it made of the one before."""

    def __init__(self) -> None:
        self._chosen = Chosen()
        self._cells: tuple[Cell, ...] = ()
        self._hosts: tuple[Host, ...] = ()
        self._states: dict[str, HostState] = {}
        self._namespaces: dict[str, NamespaceState] = {}
        self._index: dict[str, int] = {}
        self._users: dict[str, list[int]] | None = None
        self.labels: tuple[str, ...] = ()
        """By which places can be grouped."""
        self._slots: list[_Slot] = []
        self._slot_of: list[_Slot] = []
        self._kept = bytearray()
        self._wrong = bytearray()

    # What is known

    def cell(self, name: str | None) -> Cell | None:
        """The service of that name."""
        at = None if name is None else self._index.get(name)
        return None if at is None else self._cells[at]

    def host(self, name: str) -> HostState | None:
        """The host of that name."""
        return self._states.get(name)

    def namespace(self, name: str) -> NamespaceState | None:
        """What Kubernetes told of the namespace of that name."""
        return self._namespaces.get(name)

    def users(self, name: str) -> tuple[Cell, ...]:
        """The services that depend on that one."""
        if self._users is None:
            self._users = {}
            for at, cell in enumerate(self._cells):
                for wanted in cell.service.depends_on:
                    self._users.setdefault(wanted, []).append(at)
        return tuple(self._cells[at] for at in self._users.get(name, ()))

    def cells_at(self, place: str) -> tuple[Cell, ...]:
        """Every service that lives at a place."""
        return tuple(
            self._cells[at] for slot in self._slots if slot.name == place for at in slot.cells
        )

    @property
    def shown(self) -> int:
        """How many services are shown."""
        if self._chosen.only_wrong:
            return sum(map(int.__and__, self._kept, self._wrong))
        return sum(self._kept)

    # Taking a snapshot

    def take(self, snapshot: Snapshot, chosen: Chosen | None = None) -> None:
        """Know `snapshot` from now on, and show of it what is `chosen`."""
        chosen = chosen or Chosen()
        before, cells = self._cells, snapshot.cells
        changed: Sequence[int] = ()
        same = len(before) == len(cells) and chosen.label == self._chosen.label
        same = same and snapshot.hosts == self._hosts
        if same:
            changed = list(compress(range(len(cells)), map(is_not, before, cells)))
            same = all(_same_service(before[at], cells[at]) for at in changed)
        self._cells = cells
        filtered = chosen.filter != self._chosen.filter
        narrowed = chosen.only_wrong is not self._chosen.only_wrong
        self._chosen = chosen
        states, self._states = self._states, {one.host.name: one for one in snapshot.host_states}
        spaces, self._namespaces = self._namespaces, {one.name: one for one in snapshot.namespaces}
        if not same:
            self._hosts = snapshot.hosts
            self._arrange()
        elif filtered:
            self._choose(range(len(cells)))
        else:
            self._choose(changed)
            for at in changed:
                self._slot_of[at].place = None
        for slot in self._slots:
            if (
                filtered
                or narrowed
                or (slot.host is not None and _moved(states, self._states, slot.name))
                or _retold(spaces.get(slot.name), self._namespaces.get(slot.name))
            ):
                slot.place = None

    def _arrange(self) -> None:
        """Find the rows, and which services stand in them."""
        cells, label = self._cells, self._chosen.label
        hosts = {host.name: host for host in self._hosts}
        found: dict[tuple[str, str], _Slot] = {}
        self._slot_of = []
        own = [at for at, cell in enumerate(cells) if cell.service.type is ServiceType.HOST]
        for at, cell in enumerate(cells):
            name = cell.service.place
            host = hosts.get(name)
            value = label_of(cell.service, host, label) if label else ""
            slot = found.get((name, value))
            if slot is None:
                if host is None and cell.service.host == name and name not in LAST:
                    host = Host(name)
                slot = found[(name, value)] = _Slot(name, value, host)
            slot.cells.append(at)
            self._slot_of.append(slot)
        for at in own:  # a host's own cell is the first of its row
            row = self._slot_of[at].cells
            row.remove(at)
            row.insert(0, at)
        named = {name for name, _ in found}
        for host in self._hosts:
            if host.name not in named:
                value = label_of(None, host, label) if label else ""
                found[(host.name, value)] = _Slot(host.name, value, host)
        self._slots = _in_order(found.values(), self._hosts)
        self.labels = labels_in(self._hosts, cells)
        self._index = {cell.service.name: at for at, cell in enumerate(cells)}
        self._users = None
        self._kept = bytearray(len(cells))
        self._wrong = bytearray(len(cells))
        self._choose(range(len(cells)))

    def _choose(self, which: Iterable[int]) -> None:
        """Find out which of these cells the filter lets through, and which are not well."""
        cells, wanted = self._cells, self._chosen.filter
        for at in which:
            cell = cells[at]
            self._wrong[at] = cell.state is not State.OK
            self._kept[at] = not wanted or wanted.matches_cell(
                with_labels(cell, self._slot_of[at].host)
            )

    # Rows

    def places(self) -> tuple[Place, ...]:
        """One row a place: hosts as they are written down, then namespaces, then the rest.

        A cell keeps its position whatever its state, so that a person learns where things
        stand.
        """
        found: list[Place] = []
        for slot in self._slots:
            if slot.place is None:
                slot.place = self._place(slot)
            if slot.place.services or (not slot.cells and self._is_bare_shown(slot)):
                found.append(slot.place)
        return tuple(found)

    def under_headings(self, places: Sequence[Place]) -> tuple[Place, ...]:
        """`places`, with a heading over the first of each group that stands together."""
        label = self._chosen.label
        if not label:
            return tuple(places)
        tallies: dict[str, list[Tally]] = {}
        for slot in self._slots:
            tallies.setdefault(slot.value, []).append(slot.tally)
        headed: list[Place] = []
        last: str | None = None
        for place in places:
            value = group_of(place)
            if value != last:
                above = heading_of(label, value, tallies.get(value, ()))
                place = msgspec.structs.replace(place, above=above)
            last = value
            headed.append(place)
        return tuple(headed)

    def _is_bare_shown(self, slot: _Slot) -> bool:
        """Whether a host without any service is shown."""
        if self._chosen.only_wrong or slot.host is None:
            return False
        if not self._chosen.filter:
            return True
        return self._chosen.filter.matches_cell(as_cell(slot.host))

    def _place(self, slot: _Slot) -> Place:
        cells = [self._cells[at] for at in slot.cells]
        only_wrong = self._chosen.only_wrong
        shown = tuple(
            Shown(cell.service.name, short_name(cell), cell.state, cell.service.critical)
            for at, cell in zip(slot.cells, cells, strict=True)
            if self._kept[at] and not (only_wrong and cell.state is State.OK)
        )
        slot.tally = tally_of(cells, is_host=slot.host is not None)
        place = Place(slot.name, shown, key=slot.key, score=score_of(cells).value)
        if slot.host is not None:
            return self._with_host(place, slot.host)
        namespace = self._namespaces.get(slot.name)
        if namespace is not None:
            return msgspec.structs.replace(place, note=namespace_note(namespace))
        return place

    def _with_host(self, place: Place, host: Host) -> Place:
        state = self._states.get(host.name) or HostState(host)
        own = self.cell(host_cell(host.name))
        note, ink = note_of(state)
        return msgspec.structs.replace(
            place,
            note=note,
            note_ink=ink,
            facts=column_spans(state.facts, host.thresholds) if state.facts is not None else (),
            as_of=state.as_of,
            old_after_s=old_after_s(own),
        )


def places_of(snapshot: Snapshot) -> tuple[Place, ...]:
    """All rows of one snapshot."""
    book = PlaceBook()
    book.take(snapshot)
    return book.places()


def short_name(cell: Cell) -> str:
    """What stands in the matrix: a name without the place that the row tells."""
    service = cell.service
    name, place = service.name, service.place
    if service.type is ServiceType.HOST:
        return HOST_NAME
    if service.type is not ServiceType.TARGET:
        return name
    job, _, where = name.rpartition("@")
    rest = where.removeprefix(place)
    # `services@data-1:5432` in the row of data-1: what is left tells it from its neighbours.
    return f"{job}{rest}" if job and rest != where and rest[:1] in ("", ":") else name


def with_labels(cell: Cell, host: Host | None) -> Cell:
    """`cell` with the labels of its host, so that a filter finds it by its rack."""
    if host is None or not host.labels:
        return cell
    own = dict(cell.service.labels)
    labels = tuple({**dict(host.labels), **own}.items())
    service = msgspec.structs.replace(cell.service, labels=labels)
    return msgspec.structs.replace(cell, service=service)


def as_cell(host: Host) -> Cell:
    """A host of which nobody tells anything, for a filter to look at."""
    service = Service(host.name, ServiceType.HOST, host.name, host=host.name, labels=host.labels)
    return Cell(service, State.UNKNOWN, "")


def _same_service(one: Cell, other: Cell) -> bool:
    return one.service is other.service or one.service == other.service


def _moved(before: dict[str, HostState], after: dict[str, HostState], name: str) -> bool:
    """Whether what a row shows of a host has changed; the parts are kept, the whole is not."""
    one, other = before.get(name), after.get(name)
    if one is None or other is None:
        return one is not other
    return (
        one.facts != other.facts  # made of kept parts: cheap where nothing changed
        or one.as_of is not other.as_of
        or one.failure is not other.failure
        or one.cell != other.cell
    )


def _retold(one: NamespaceState | None, other: NamespaceState | None) -> bool:
    if one is None or other is None:
        return one is not other
    return len(one.workloads) != len(other.workloads) or any(
        map(is_not, one.workloads, other.workloads)
    )


def _in_order(slots: Iterable[_Slot], hosts: Sequence[Host]) -> list[_Slot]:
    """By the value of the label, then hosts as written down, namespaces, and what is neither."""
    written = {host.name: number for number, host in enumerate(hosts)}
    after = dict(zip(LAST, range(len(LAST)), strict=True))

    def rank(slot: _Slot) -> tuple[bool, str, int, int]:
        kind = 2 if slot.name in after else 1
        number = after.get(slot.name, 0)
        if slot.name in written:
            kind, number = 0, written[slot.name]
        return slot.value == UNLABELLED, slot.value, kind, number

    return sorted(slots, key=rank)
