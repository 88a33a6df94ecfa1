"""One place of the fleet: a host with all its facts, a namespace with its pods, or the pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from console.fleet.score import score_of
from console.model.failure import Failure
from console.model.host import HostFacts
from console.model.registry import Host, ServiceType, host_cell
from console.model.snapshot import Cell, HostState, NamespaceState, Snapshot
from console.model.state import State
from console.model.update import Update
from console.model.words import age_text, clock_time, state_shape
from console.safety.text import Raw
from screens.document import DocumentFrame
from screens.here import Subject, subject_of_place
from screens.host_facts import (
    container_fields,
    identity_fields,
    interface_fields,
    machine_fields,
    mount_fields,
    note_of,
    unit_fields,
    usage_fields,
)
from screens.sections import failure_facts, section
from screens.service_facts import pod_fields, proof_fields, state_fields
from widgets.detail import Field, Part
from widgets.paint import STATE_INKS
from widgets.theme import Ink


class HostScreen(DocumentFrame):
    """A host, a namespace, or another place where services live, whole."""

    word: ClassVar[str] = "host"

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    @property
    def subject(self) -> Subject | None:
        update = self.console_app.fresh
        return subject_of_place(self._place, update.snapshot) if update is not None else None

    def show_body(self, update: Update) -> None:
        ascii_only = self.console_app.ascii_only
        parts = parts_of_place(self._place, update.snapshot, ascii_only=ascii_only)
        if parts:
            self.detail.show(parts, subject=self._place)
        else:
            self.show_gone("this place is not known any more", self._place)

    def do_row_copy(self) -> None:
        self.copy_text(self._place, "name")


def parts_of_place(name: str, snapshot: Snapshot, *, ascii_only: bool = False) -> list[Part]:
    """All that is known of a place; nothing where it is not known at all."""
    cells = [cell for cell in snapshot.cells if cell.service.place == name]
    host = host_of(name, snapshot, cells)
    namespace = snapshot.namespace(name)
    own = next((cell for cell in cells if cell.service.type is ServiceType.HOST), None)
    if not cells and host is None and namespace is None:
        return []
    parts: list[Part] = []
    if host is not None:
        parts += _host_parts(host, own, snapshot, ascii_only=ascii_only)
    else:
        parts += section(name, _place_fields(cells, namespace, snapshot))
    if namespace is not None:
        parts += _namespace_parts(namespace, snapshot)
    services = [cell for cell in cells if cell is not own]
    parts += section(_services_title(services), _service_fields(services, ascii_only=ascii_only))
    if host is not None:
        parts += section("as registered", identity_fields(host.host))
    return parts


def host_of(name: str, snapshot: Snapshot, cells: list[Cell]) -> HostState | None:
    """The host of that name; one that is known only by its services has nothing but its name."""
    found = snapshot.host_state(name)
    if found is not None:
        return found
    written = next((one for one in snapshot.hosts if one.name == name), None)
    if written is not None:
        return HostState(written)
    if any(cell.service.host == name for cell in cells):
        return HostState(Host(name))
    return None


# A host


def _host_parts(
    state: HostState, own: Cell | None, snapshot: Snapshot, *, ascii_only: bool
) -> Iterator[Part]:
    now = snapshot.at
    yield from section(f"host {state.host.name}", _standing_fields(state, own, snapshot))
    if state.failure is not None:
        yield from section("the look failed", _failure_fields(state, snapshot))
    facts = state.facts
    if facts is None:
        return
    limits = state.host.thresholds
    yield from section("load", usage_fields(facts, limits))
    if facts.mounts is None:
        yield from section("disks", (Field("disks", "?", Ink.UNKNOWN),))
    else:
        bar = "#" if ascii_only else "█"
        yield from section("disks", mount_fields(facts.mounts, limits, bar))
    if isinstance(facts.containers, Failure):
        yield from section("containers", failure_facts(facts.containers))
    else:
        yield from section("containers", container_fields(facts.containers or (), now.wall))
    if isinstance(facts.units, Failure):
        yield from section("units", failure_facts(facts.units))
    else:
        yield from section("units", unit_fields(facts.units or (), now.wall))
    yield from section("network", interface_fields(facts.interfaces or ()))
    yield from section("machine", machine_fields(facts))
    yield from section("missing facts", _missing_fields(facts))


def _standing_fields(state: HostState, own: Cell | None, snapshot: Snapshot) -> Iterator[Field]:
    now = snapshot.at
    if own is not None:
        yield from state_fields(own, now)
        if own.service.name != host_cell(state.host.name):
            yield Field("cell", own.service.name)
        yield from proof_fields(own, now)
    else:
        yield Field("state", f"not known: {note_of(state)[0] or 'nobody looks at it'}", Ink.MUTED)
    if state.facts is not None and state.as_of is not None:
        age = age_text(now.since(state.as_of))
        yield Field("facts", f"by {state.facts.means.value}, {age} ago")


def _failure_fields(state: HostState, snapshot: Snapshot) -> Iterator[Field]:
    assert state.failure is not None
    yield from failure_facts(state.failure)
    if state.failing_since is not None:
        now = snapshot.at.wall
        since = clock_time(state.failing_since, now)
        yield Field("since", f"{since}, {age_text(now - state.failing_since)} ago")
    if state.next_try is not None:
        left = state.next_try.mono - snapshot.at.mono
        yield Field("next try", f"in {max(0, round(left))} s")


def _missing_fields(facts: HostFacts) -> Iterator[Field]:
    for missing in facts.missing:
        name, _, why = missing.partition(": ")
        yield Field(name, why or "not told", Ink.UNKNOWN)


# A namespace, and what lives anywhere


def _place_fields(
    cells: list[Cell], namespace: NamespaceState | None, snapshot: Snapshot
) -> Iterator[Field]:
    worst = max((cell.state for cell in cells), key=lambda state: state.badness, default=None)
    if worst is not None:
        yield Field("state", worst.value, STATE_INKS[worst])
    yield score_field(cells)
    if namespace is not None:
        age = age_text(snapshot.at.since(namespace.as_of))
        yield Field("told by", namespace.source, note=f"{age} ago")


def score_field(cells: list[Cell]) -> Field:
    """`83.3: 10 of 12 OK; critical services count three times`."""
    score = score_of(cells)
    if score.value is None:
        return Field("score", "none: no service lives there", Ink.MUTED)
    words = f"{score.value:.1f}: {score.ok} of {score.total} OK"
    if score.critical_total:
        words = f"{words}; of the critical ones, which count three times, "
        words = f"{words}{score.critical_ok} of {score.critical_total}"
    return Field("score", words)


def _namespace_parts(namespace: NamespaceState, snapshot: Snapshot) -> Iterator[Part]:
    wanted = {
        Raw(cell.service.unit): cell.service.expected_version
        for cell in snapshot.cells
        if cell.service.namespace == namespace.name
    }
    for workload in namespace.workloads:
        expected = wanted.get(workload.name)
        yield from section(workload.name, pod_fields(workload, expected, snapshot.at.wall))


def _services_title(cells: list[Cell]) -> str:
    well = sum(cell.state is State.OK for cell in cells)
    return f"services, {well} of {len(cells)} OK"


def _service_fields(cells: list[Cell], *, ascii_only: bool) -> Iterator[Field]:
    """The services of the place, the worst first."""
    for cell in sorted(cells, key=lambda cell: -cell.state.badness):
        shape = state_shape(cell.state, ascii_only)
        told = f"{shape} {cell.state.value}" + (f"  {cell.because}" if cell.because else "")
        ink = Ink.PLAIN if cell.state is State.OK else STATE_INKS[cell.state]
        yield Field(cell.service.name, told, ink)
