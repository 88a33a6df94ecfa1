"""The forms of an incident: the short one that opens it, and the whole one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from config.rota import zone_of
from console.actions.papers.fields import FieldFault, Typed
from console.actions.papers.incident_form import (
    FIELDS,
    SECTIONS,
    SHORT,
    Judged,
    Terms,
    judged,
    opening,
    typed_of,
)
from console.actions.papers.seed import Seed, seed_of
from console.model.acting import Outcome
from console.model.incident import Incident
from console.model.paper_wish import OpenIncident, WriteIncident
from console.model.papers import Draft, IncidentPaper, PaperKind, Sheet
from console.model.snapshot import KnownAlert
from console.model.words import many
from console.model.worklist import Row
from console.safety.text import visible
from screens.paper_form import PaperAbout, PaperForm
from screens.paper_text import sheet_of
from widgets.detail import Paragraph
from widgets.dialog import Choice, Dialog
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.app import OncallApp

TITLE_CELLS = 60


def terms_of(app: OncallApp) -> Terms:
    """By what an incident's forms are judged here and now."""
    loaded, update = app.opened.loaded, app.fresh
    services = {one.name for one in loaded.registry.services}
    hosts = {one.name for one in loaded.registry.hosts}
    if update is not None:
        services |= {cell.service.name for cell in update.snapshot.cells}
        hosts |= {cell.service.place for cell in update.snapshot.cells}
        hosts |= {one.name for one in update.snapshot.hosts}
    zone = zone_of(loaded.settings.rota.zone)
    return Terms(zone, frozenset(services), frozenset(hosts - {""}))


class _IncidentForm(PaperForm):
    """What both have in common: they are judged once for all that is asked of them."""

    def __init__(self, about: PaperAbout) -> None:
        super().__init__(about)
        self._judged: tuple[dict[str, str], Judged] | None = None

    def judge(self, typed: Typed) -> Judged:
        """What `typed` says."""
        raise NotImplementedError

    def _latest(self, typed: Typed) -> Judged:
        if self._judged is None or self._judged[0] != typed:
            self._judged = dict(typed), self.judge(typed)
        return self._judged[1]

    def faults_of(self, typed: Typed) -> Sequence[FieldFault]:
        return self._latest(typed).faults

    def notes_of(self, typed: Typed) -> Mapping[str, str]:
        notes: dict[str, str] = {}
        for one in self._latest(typed).notes:
            text = f"line {one.line + 1}: {one.text}" if one.line else one.text
            notes[one.field] = f"{notes[one.field]}; {text}" if one.field in notes else text
        return notes


class OpeningForm(_IncidentForm):
    """What and where: all that opening an incident asks for."""

    def __init__(self, about: PaperAbout, seed: Incident) -> None:
        super().__init__(about)
        self._seed = seed

    def judge(self, typed: Typed) -> Judged:
        return opening(typed, self._seed, terms_of(self.console_app))

    async def send(self, typed: Typed) -> Outcome | None:
        wish = OpenIncident(self.judge(typed).incident)
        return await self.console_app.wishes.submit(wish, self.about.alerts)

    def sent(self, outcome: Outcome) -> None:
        from screens.incident import open_incident

        if outcome.document:
            open_incident(self.console_app, outcome.document)


class IncidentForm(_IncidentForm):
    """Everything that is written down of one."""

    def __init__(self, about: PaperAbout, before: Incident) -> None:
        super().__init__(about)
        self._before = before

    def _base(self) -> Incident:
        """What stands in the file that what is typed is based on."""
        if self.sheet is not None and self.sheet != self.about.sheet:
            read = incident_in(self.sheet)
            if not isinstance(read, str):
                return read
        return self._before

    def judge(self, typed: Typed) -> Judged:
        app = self.console_app
        return judged(typed, self._base(), terms_of(app), app.clock.now().wall)

    def read(self, sheet: Sheet) -> Typed | str:
        read = incident_in(sheet)
        return read if isinstance(read, str) else typed_of(read, terms_of(self.console_app).zone)

    async def send(self, typed: Typed) -> Outcome | None:
        assert self.sheet is not None, "an incident is opened on its file"
        wish = WriteIncident(self.sheet, self._base(), self.judge(typed).incident)
        return await self.console_app.wishes.submit(wish, (self.about.document_id,))


def incident_in(sheet: Sheet) -> Incident | str:
    """The incident in a file; a string says why there is none to edit."""
    from console.journal.reading import paper_of  # late: the first frame needs nothing of it

    if not sheet.blob:
        return "the file is gone"
    paper = paper_of(sheet)
    if not isinstance(paper, IncidentPaper) or paper.faults:
        return f"it cannot be read: {paper.faults[0] if paper.faults else 'it is no incident'}"
    return paper.incident


# Opening


def open_incident_form(app: OncallApp, paper: IncidentPaper, draft: Draft | None = None) -> None:
    """Open the whole form on an incident, or say why it cannot be edited so."""
    if paper.faults:
        app.say(f"mend the file first (E): {paper.faults[0]}", warning=True)
    else:
        app.run_worker(_open_form(app, paper, draft), exit_on_error=False)


async def _open_form(app: OncallApp, paper: IncidentPaper, draft: Draft | None) -> None:
    sheet = await sheet_of(app, paper.path)
    if sheet is None:
        return
    incident = incident_in(sheet)
    if isinstance(incident, str):
        app.say(incident, warning=True)
        return
    title = visible(f"{incident.id} {incident.title}", cells=TITLE_CELLS)
    zone = terms_of(app).zone
    based = sheet
    if draft is not None and draft.sheet is not None and draft.sheet.blob != sheet.blob:
        read = incident_in(draft.sheet)
        if not isinstance(read, str):
            based, incident = draft.sheet, read
    about = PaperAbout(
        title,
        incident.id,
        PaperKind.INCIDENT,
        FIELDS,
        typed_of(incident, zone),
        SECTIONS,
        based,
        incident.id,
        incident.alerts,
        draft=draft,
    )
    app.push_screen(IncidentForm(about, incident))


def open_new_incident(
    app: OncallApp, rows: Sequence[Row], draft: Draft | None = None, *, where: str = ""
) -> None:
    """Open the short form on what is on `rows`, or go on with a draft of it.

    An ongoing incident of the same service is offered first: the alerts may well be its.

    Args:
        rows: as they were painted when the key was pressed.
        where: what stands there where no row says it.
    """
    update = app.fresh
    alerts = tuple({known.key: known for row in rows for known in row.alerts}.values())
    if draft is not None and update is not None:
        wanted, found = frozenset(draft.alerts), update.worklist.unfolded
        alerts = tuple(one for one in update.snapshot.alerts if one.key in wanted)
        rows = [row for row in found if any(one.key in wanted for one in row.alerts)]
    if draft is None and update is not None:
        cells = {known.cell for known in alerts} | {row.cell for row in rows}
        near = next(
            (
                one
                for one in update.papers.incidents
                if one.incident.is_ongoing and cells.intersection(one.incident.services)
            ),
            None,
        )
        if near is not None and alerts:
            app.run_worker(_link_or_new(app, near, rows, alerts, where), exit_on_error=False)
            return
    _open_short(app, rows, alerts, draft, where)


async def _link_or_new(
    app: OncallApp,
    near: IncidentPaper,
    rows: Sequence[Row],
    alerts: Sequence[KnownAlert],
    where: str,
) -> None:
    named = visible(f"{near.incident.id} {near.incident.title}", cells=100)
    what = visible(rows[0].title, cells=40) if len(rows) == 1 else f"{len(rows)} rows"
    question = Dialog(
        ((f"an incident of this service is {near.incident.state}", Ink.WARNING),),
        [Paragraph(named), Paragraph(f"Does {what} ({many(len(alerts), 'alert')}) belong to it?")],
        (Choice("link", "Link it"), Choice("new", "A new incident")),
        clock=app.clock,
    )
    answer = await app.push_screen_wait(question)
    if answer == "new":
        _open_short(app, rows, alerts, None, where)
    elif answer == "link":
        await _link(app, near, alerts)


async def _link(app: OncallApp, near: IncidentPaper, alerts: Sequence[KnownAlert]) -> None:
    from screens.incident import open_incident

    sheet = await sheet_of(app, near.path)
    before = None if sheet is None else incident_in(sheet)
    if sheet is None or not isinstance(before, Incident):
        if isinstance(before, str):
            app.say(before, warning=True)
        return
    linked = (*before.alerts, *(one.key for one in alerts))
    after = msgspec.structs.replace(before, alerts=tuple(dict.fromkeys(linked)))
    outcome = await app.wishes.submit(WriteIncident(sheet, before, after), (before.id,))
    if outcome.well:
        open_incident(app, before.id)


def _open_short(
    app: OncallApp,
    rows: Sequence[Row],
    alerts: Sequence[KnownAlert],
    draft: Draft | None,
    where: str,
) -> None:
    now, update = app.clock.now().wall, app.fresh
    environment = app.opened.loaded.settings.environment
    seed = Seed(Incident("", "", now, environment=environment), "", "")
    if update is not None:
        seed = seed_of(rows, alerts, update.snapshot, environment, now)
    incident = seed.incident
    if draft is not None:  # some of its alerts may have ended meanwhile
        incident = msgspec.structs.replace(incident, alerts=draft.alerts)
    about = PaperAbout(
        _heading(incident),
        f"new-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        PaperKind.INCIDENT,
        SHORT,
        {"what": seed.what, "where": seed.where or where},
        alerts=incident.alerts,
        enter_sends=True,
        verb="open it",
        draft=draft,
    )
    app.push_screen(OpeningForm(about, incident))


def _heading(seed: Incident) -> str:
    parts = [visible(seed.title, cells=TITLE_CELLS)] if seed.title else []
    parts += [str(seed.severity)] if seed.severity is not None else []
    parts += [many(len(seed.alerts), "alert")] if seed.alerts else []
    return ", ".join(
        [f"new incident{':' if parts else ''} {parts[0]}", *parts[1:]]
        if parts
        else ["new incident"]
    )
