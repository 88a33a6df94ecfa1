"""One service: its proofs, what runs it, alerts, versions, certificates, and what needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from console.engine.releases import releases_of
from console.fleet.versions import containers_of, unit_of, workload_of
from console.model.registry import Release
from console.model.snapshot import Cell, Snapshot
from console.model.update import Update
from console.model.words import age_text
from screens.document import DocumentFrame
from screens.here import Subject, subject_of_cell
from screens.host_facts import container_field, unit_field
from screens.sections import failure_facts, section, state_words
from screens.service_facts import (
    certificate_fields,
    need_fields,
    pod_fields,
    proof_fields,
    release_fields,
    sibling_fields,
    state_fields,
    version_fields,
)
from widgets.detail import Field, Part
from widgets.paint import STATE_INKS
from widgets.theme import Ink


class CellScreen(DocumentFrame):
    """One service, whole."""

    word: ClassVar[str] = "service"

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    @property
    def subject(self) -> Subject | None:
        update = self.console_app.fresh
        cell = update.snapshot.cell(self._service) if update is not None else None
        return subject_of_cell(cell) if cell is not None else None

    def show_body(self, update: Update) -> None:
        cell = update.snapshot.cell(self._service)
        if cell is None:
            self.show_gone("this service is not known any more", self._service)
            return
        releases = releases_of(cell.service, update.papers, update.events)
        parts = parts_of_cell(cell, update.snapshot, releases)
        self.detail.show(parts, subject=self._service)

    def do_row_copy(self) -> None:
        self.copy_text(self._service, "service name")


def parts_of_cell(cell: Cell, snapshot: Snapshot, releases: Sequence[Release] = ()) -> list[Part]:
    """All that is known about a service.

    Args:
        releases: its latest ones, the newest first.
    """
    service, now = cell.service, snapshot.at
    needs, users = snapshot.needs_of(service), snapshot.users_of(service.name)
    parts = [*section("service", _head_fields(cell, snapshot))]
    parts += section("proofs", proof_fields(cell, now))
    parts += section("what runs it", _runner_fields(cell, snapshot))
    parts += section("alerts about it", _alert_facts(cell, snapshot))
    parts += section("versions", version_fields(cell))
    parts += section("releases", release_fields(releases, now.wall))
    parts += section("the same elsewhere", sibling_fields(cell, snapshot.cells))
    parts += section("certificates", certificate_fields(cell, now.wall))
    parts += section("hangs together with", need_fields(cell, needs, users))
    for result in cell.probes:
        if result.failure is not None:
            parts += section(f"{result.probe.kind.value} probe", failure_facts(result.failure))
    for report in cell.reports:
        if report.failure is not None:
            parts += section(f"its {report.runner.value}", failure_facts(report.failure))
    parts += section("as registered", _registry_facts(cell))
    return parts


def _head_fields(cell: Cell, snapshot: Snapshot) -> Iterator[Field]:
    service = cell.service
    yield Field("name", f"{service.name}@{service.place}")
    yield from state_fields(cell, snapshot.at)
    if service.owner is not None:
        yield Field("owner", service.owner)


def _runner_fields(cell: Cell, snapshot: Snapshot) -> Iterator[Field]:
    """Its container, unit or workload as the host or the cluster tells of it."""
    service, now = cell.service, snapshot.at.wall
    host = snapshot.host_state(service.host)
    for container in containers_of(service, host, snapshot.cells):
        yield container_field(container, now)
    unit = unit_of(service, host)
    if unit is not None:
        yield unit_field(unit, now)
    workload = workload_of(service, snapshot.namespace(service.namespace))
    if workload is not None:
        yield from pod_fields(workload, service.expected_version, now)


def _alert_facts(cell: Cell, snapshot: Snapshot) -> Iterator[Field]:
    keys = frozenset(cell.alerts)
    for known in snapshot.alerts:
        if known.key in keys:
            age = age_text(snapshot.at.wall - known.alert.starts_at)
            words = f"{state_words(known.state, known.standing)}, {age}"
            where = known.alert.labels.value_of("instance")
            yield Field(known.alert.name, where or words, note=words if where else "")


def _registry_facts(cell: Cell) -> Iterator[Field]:
    service = cell.service
    yield Field("type", service.type.value)
    if service.critical:
        yield Field("critical", "yes: counts three times in the score", STATE_INKS[cell.state])
    if service.service_name:
        yield Field("run as", service.service_name)
    if service.health:
        yield Field("health", service.health)
    if service.ready:
        yield Field("ready", service.ready)
    if service.instances:
        yield Field("instances", ", ".join(service.instances))
    limits = (("memory", service.max_memory_percent), ("cpu", service.max_cpu_percent))
    own = [f"{what} over {limit:g}%" for what, limit in limits if limit is not None]
    if own:
        yield Field("wrong with", ", ".join(own))
    if service.alerts:
        yield Field("its alerts", ", ".join(service.alerts))
    on = [n for n in ("prometheus", "sentry", "otel", "langfuse") if getattr(service.monitoring, n)]
    yield Field("monitored by", ", ".join(on) or "nothing, as registered", Ink.PLAIN)
    for name, value in service.labels:
        yield Field(name, value)
