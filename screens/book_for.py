"""What a runbook is wanted for: an alert, a service, a sick source, a document; or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec

from console.engine.evidence_words import is_storming
from console.model.run import Run, Runs
from console.model.snapshot import KnownAlert, Snapshot
from console.model.state import State
from console.model.update import Update
from console.model.worklist import Row, RowKind
from console.safety.text import visible

if TYPE_CHECKING:
    from screens.frame import Frame

SOURCE_LOST: Final = "source-lost"
"""The runbook for what watches, when it does not."""
STORM: Final = "alert-storm"
_CHANGE: Final = "CHG-"
_INCIDENT: Final = "INC-"


class BookFor(msgspec.Struct, frozen=True):
    """What a runbook is wanted for. Without anything in it: any runbook will do."""

    title: str = ""
    """Safe to show: `ServiceDown redis@data-1`."""
    known: KnownAlert | None = None
    alerts: frozenset[str] = frozenset()
    """Fingerprints of all that it is about."""
    service: str = ""
    document: str = ""
    """Id of an incident or of a change."""
    named: tuple[str, ...] = ()
    """Runbooks that help by what it is, whatever their front matter says."""

    @property
    def change(self) -> str:
        """Id of the change that is carried out."""
        return self.document if self.document.startswith(_CHANGE) else ""

    @property
    def incident(self) -> str:
        """Id of the incident that is mended."""
        return self.document if self.document.startswith(_INCIDENT) else ""

    @property
    def is_anything(self) -> bool:
        """Whether nothing is known of what it is wanted for."""
        return self == BookFor()

    def runs_of(self, runs: Runs) -> tuple[Run, ...]:
        """The open runs that are about it, the newest first."""
        return tuple(run for run in runs.open if self._is_about(run))

    def _is_about(self, run: Run) -> bool:
        if run.alert:
            if run.alert in self.alerts:
                return True
        elif self.service and run.service == self.service and not self.alerts:
            return True
        return bool(self.document) and self.document in (run.incident, run.change)


def wanted_on(frame: Frame) -> BookFor:
    """What a runbook is wanted for on a screen: what is under its cursor, or shown whole."""
    update = frame.console_app.fresh
    if update is None:
        return BookFor()
    source = frame.wanted_source
    if source is not None:
        sick = source.state is not State.OK
        return of_source(visible(source.name, cells=40)) if sick else BookFor()
    document: str = getattr(frame, "document_id", "")
    if document:
        return of_document(document, update)
    row = frame.row_in_view
    if row is not None:
        return of_row(row, update)
    subject = frame.subject
    if subject is not None and subject.service:
        return of_service(subject.service, update.snapshot)
    return BookFor()


def of_row(row: Row, update: Update) -> BookFor:
    """For a row of the worklist."""
    if row.kind is RowKind.OLD:
        return BookFor()
    if row.document and not row.alerts:
        return of_document(row.document, update)
    title = visible(f"{visible(row.title)} {visible(row.where)}".strip(), cells=60)
    if row.kind is RowKind.SOURCE:
        return of_source(title)
    if not row.alerts:
        return BookFor(title, service=row.cell or "")
    return BookFor(
        title,
        row.alerts[0],
        _keys(row.alerts),
        row.cell or "",
        row.document,
        (STORM,) if is_storming(row) else (),
    )


def of_source(title: str) -> BookFor:
    """For a source that gives no usable answer."""
    return BookFor(title, named=(SOURCE_LOST,))


def of_service(service: str, snapshot: Snapshot) -> BookFor:
    """For a service: for what fires about it, where anything does."""
    about = [known for known in snapshot.alerts if known.cell == service]
    firing = [known for known in about if known.state is State.FIRING] or about
    shown = visible(service, cells=60)
    if not firing:
        return BookFor(shown, service=service)
    title = f"{visible(firing[0].alert.name, cells=40)} {shown}"
    return BookFor(title, firing[0], _keys(firing), service)


def of_document(document_id: str, update: Update) -> BookFor:
    """For an incident: for its alerts that fire still, else for its services; or for a change."""
    shown = visible(document_id, cells=40)
    if document_id.startswith(_CHANGE):
        paper = update.papers.change(document_id)
        planned = paper.change.plan if paper is not None else None
        services = planned.services if planned is not None else ()
        named = (planned.runbook,) if planned is not None and planned.runbook else ()
        service = services[0] if services else ""
        return BookFor(shown, service=service, document=document_id, named=named)
    found = update.papers.incident(document_id)
    if found is None:
        return BookFor(shown, document=document_id)
    incident = found.incident
    mine = frozenset(incident.alerts)
    firing = [known for known in update.snapshot.alerts if mine & _keys((known,))]
    return BookFor(
        shown,
        firing[0] if firing else None,
        mine,
        incident.services[0] if incident.services else "",
        document_id,
    )


def of_run(run: Run, update: Update) -> BookFor:
    """For what a run was opened for."""
    mine = {run.alert} if run.alert else set()
    known = next((one for one in update.snapshot.alerts if mine & _keys((one,))), None)
    keys = frozenset(mine) if known is None else _keys((known,))
    return BookFor(run.subject, known, keys, run.service, run.incident or run.change)


def _keys(alerts: Iterable[KnownAlert]) -> frozenset[str]:
    return frozenset(key for known in alerts for key in (known.key, *known.duplicates))
