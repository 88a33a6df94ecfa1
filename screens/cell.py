"""One service: its probes, targets, alerts, versions, and what depends on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from console.model.snapshot import Cell, Snapshot
from console.model.update import Update
from console.model.words import age_text
from screens.document import DocumentFrame
from screens.row_facts import cell_facts, failure_facts, section, state_words
from widgets.detail import Field, Part
from widgets.paint import STATE_INKS


class CellScreen(DocumentFrame):
    """One service, whole."""

    word: ClassVar[str] = "service"

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def show_body(self, update: Update) -> None:
        found = [c for c in update.snapshot.cells if c.service.name == self._service]
        if not found:
            self.show_gone("this service is not known any more", self._service)
            return
        self.detail.show(parts_of_cell(found[0], update.snapshot), subject=self._service)

    def do_row_copy(self) -> None:
        self.copy_text(self._service, "service name")


def parts_of_cell(cell: Cell, snapshot: Snapshot) -> list[Part]:
    """All that is known about a service."""
    parts = [*section("service", cell_facts(cell, snapshot))]
    parts += section("alerts about it", _alert_facts(cell, snapshot))
    for result in cell.probes:
        if result.failure is not None:
            parts += section(f"{result.probe.kind.value} probe", failure_facts(result.failure))
    parts += section("as registered", _registry_facts(cell))
    return parts


def _alert_facts(cell: Cell, snapshot: Snapshot) -> Iterator[Field]:
    keys = frozenset(cell.alerts)
    for known in snapshot.alerts:
        if known.key in keys:
            age = age_text(snapshot.at.wall - known.alert.starts_at)
            note = f"{state_words(known.state, known.standing)}, {age}"
            yield Field(known.alert.name, known.alert.labels.value_of("instance"), note=note)


def _registry_facts(cell: Cell) -> Iterator[Field]:
    service = cell.service
    yield Field("type", service.type.value)
    if service.critical:
        yield Field("critical", "yes: counts three times in the score", STATE_INKS[cell.state])
    if service.health:
        yield Field("health", service.health)
    if service.ready:
        yield Field("ready", service.ready)
    if service.instances:
        yield Field("instances", ", ".join(service.instances))
    if service.alerts:
        yield Field("its alerts", ", ".join(service.alerts))
    on = [n for n in ("prometheus", "sentry", "otel", "langfuse") if getattr(service.monitoring, n)]
    yield Field("monitored by", ", ".join(on) or "nothing, as registered")
    for name, value in service.labels:
        yield Field(name, value)
