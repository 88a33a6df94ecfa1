"""The form of a change request: on a new one, on one that there is, or on a draft."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from textual.widget import Widget

from config.changes import StandardChange
from console.actions.papers.change_form import (
    FIELDS,
    Judged,
    begun,
    judged,
    remarks_on,
    typed_of,
)
from console.actions.papers.fields import FieldFault, Typed
from console.model.acting import Outcome
from console.model.change import Change
from console.model.change_rules import lacking
from console.model.paper_wish import WriteChange
from console.model.papers import (
    BrokenPaper,
    ChangePaper,
    Draft,
    JournalState,
    PaperKind,
    Papers,
    Sheet,
)
from console.model.registry import host_cell
from console.model.words import count_text
from console.safety.text import visible
from screens.paper_form import PaperAbout, PaperForm
from screens.papering import fingerprints_of
from widgets.form import Said
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.journal.errors import JournalFault
    from screens.app import OncallApp
    from screens.frame import Frame

SECTIONS: Final = {
    "title": "what and where",
    "reason": "why and how",
    "risk_likelihood": "risk and impact",
    "start": "window",
    "rollback": "rollback",
    "verification": "verification and acceptance",
    "executor": "people",
    "evidence": "around it",
}
_NAMED: Final = 3


class ChangeForm(PaperForm):
    """A change, typed into. What it lacks for its submission is said, and holds nothing up."""

    def __init__(self, about: PaperAbout, blank: Change, templates: frozenset[str]) -> None:
        """
        Args:
            blank: what a new document is begun from.
            templates: names of the approved ones.
        """
        super().__init__(about)
        self._blank = blank
        self._templates = templates
        self._based: tuple[Sheet | None, Change] = (None, blank)
        self._judged: tuple[dict[str, str], Change, Judged] | None = None

    def body(self) -> Iterable[Widget]:
        self.lacks = Said(id="lacks")
        yield from super().body()
        yield self.lacks

    # What the base asks for

    @property
    def before(self) -> Change:
        """What is edited: the change in the file that the form is based on, or a blank one."""
        sheet = self.sheet
        if sheet is None:
            return self._blank
        if self._based[0] != sheet:
            found = change_in(sheet)
            self._based = (sheet, self._blank if isinstance(found, str) else found)
        return self._based[1]

    def judge(self, typed: Typed) -> Judged:
        """What `typed` comes to; asked for by several at every key, and worked out once."""
        wanted, before = dict(typed), self.before
        known = self._judged
        if known is None or known[0] != wanted or known[1] is not before:
            known = self._judged = (wanted, before, judged(wanted, before))
        return known[2]

    def faults_of(self, typed: Typed) -> Sequence[FieldFault]:
        found = self.judge(typed)
        self._say_lacking(found.change)
        return found.faults

    def notes_of(self, typed: Typed) -> Mapping[str, str]:
        said = remarks_on(self.judge(typed).change)
        unknown = self._unknown_services(self.judge(typed).change)
        return {**said, "services": unknown} if unknown else said

    def read(self, sheet: Sheet) -> Typed | str:
        found = change_in(sheet)
        return found if isinstance(found, str) else typed_of(found)

    async def send(self, typed: Typed) -> Outcome | None:
        found, before = self.judge(typed), self.before
        if self.sheet is None:
            wish = WriteChange(found.change)
        elif found.change == before:
            self.say_here("there is nothing to save: it says what the document says")
            return None
        else:
            wish = WriteChange(found.change, self.sheet, before)
        return await self.console_app.wishes.submit(wish, (before.id,))

    def sent(self, outcome: Outcome) -> None:
        from screens.change import open_change

        open_change(self.console_app, outcome.document or self.about.document_id)

    # Hints

    def _say_lacking(self, change: Change) -> None:
        if not self.is_mounted:
            return
        wanted = lacking(change.plan, self._templates)
        if change.is_over or change.started is not None or not wanted:
            self.lacks.say(())
            return
        more = f" (and {count_text(len(wanted) - 1)} more)" if len(wanted) > 1 else ""
        self.lacks.say(((f"to be submitted{more}: {wanted[0]}", Ink.MUTED),))

    def _unknown_services(self, change: Change) -> str:
        """A name that is misspelt is in no freeze's scope, and meets no other change."""
        update = self.console_app.fresh
        if update is None or not update.snapshot.cells:
            return ""
        known = {cell.service.name for cell in update.snapshot.cells}
        unknown = [visible(one, cells=30) for one in change.plan.services if one not in known]
        return f"not among the services: {', '.join(unknown)}" if unknown else ""


def change_in(sheet: Sheet) -> Change | str:
    """The change in `sheet`, or why it cannot be read; safe to show."""
    from console.journal.reading import CHANGE_SHAPE, paper_in  # late: a new one needs no file

    paper = paper_in(CHANGE_SHAPE, sheet)
    if isinstance(paper, BrokenPaper) or paper.faults:
        return paper.faults[0] if paper.faults else "it is no change"
    return paper.change


# Opening


def open_change_form(
    app: OncallApp, paper: ChangePaper | None, *, service: str = "", draft: Draft | None = None
) -> None:
    """Open the form.

    Args:
        paper: the change; `None`: a new one.
        service: what a new one touches.
        draft: to go on with.
    """
    if paper is None:
        _open_new(app, _begun(app, services=(service,) if service else ()), draft)
    else:
        app.run_worker(_open_on(app, paper, draft), exit_on_error=False)


async def _open_on(app: OncallApp, paper: ChangePaper, draft: Draft | None) -> None:
    change = paper.change
    sheet: Sheet | JournalFault | None = None if draft is None else draft.sheet
    if sheet is None:
        sheet = await _sheet_of(app, paper)
    if not isinstance(sheet, Sheet):
        why = "the engine is not up yet" if sheet is None else str(sheet)
        app.say(f"it cannot be edited: {visible(why, cells=200)}", warning=True)
        return
    read = change_in(sheet)
    if isinstance(read, str):
        app.say(f"it cannot be edited before it is mended (E): {read}", warning=True)
        return
    about = PaperAbout(
        title=f"{visible(change.id, cells=24)} {visible(change.title, cells=60)}",
        key=change.id,
        kind=PaperKind.CHANGE,
        fields=FIELDS,
        typed=typed_of(read),
        sections=SECTIONS,
        sheet=sheet,
        document_id=change.id,
        draft=draft,
    )
    app.push_screen(ChangeForm(about, read, _templates(app)))


async def _sheet_of(app: OncallApp, paper: ChangePaper) -> Sheet | JournalFault | None:
    future = app.engine.ask(lambda engine: engine.papers.sheet(paper.path))
    if future is None:
        return None
    return await asyncio.wrap_future(future)


def _open_new(app: OncallApp, blank: Change, draft: Draft | None = None) -> None:
    about = PaperAbout(
        title="new change",
        key=f"new-change-{secrets.token_hex(4)}",
        kind=PaperKind.CHANGE,
        fields=FIELDS,
        typed=typed_of(blank),
        sections=SECTIONS,
        draft=draft,
    )
    app.push_screen(ChangeForm(about, blank, _templates(app)))


def _templates(app: OncallApp) -> frozenset[str]:
    return frozenset() if app.fresh is None else app.fresh.papers.standards


def _begun(
    app: OncallApp,
    *,
    services: Sequence[str] = (),
    hosts: Sequence[str] = (),
    incidents: Sequence[str] = (),
    standard: StandardChange | None = None,
) -> Change:
    settings = app.opened.loaded.settings
    return begun(
        app.opened.who.name,
        app.clock.now().wall,
        environment=settings.environment,
        zone=settings.rota.zone,
        services=services,
        hosts=hosts,
        incidents=incidents,
        standard=standard,
    )


def change_asked(frame: Frame, named: str = "") -> None:
    """What `c` and `:change` mean on `frame`: a new change for the row under the cursor, one
    that follows a standard, or the change whose id is, or ends with, what is named."""
    app, wanted = frame.console_app, named.strip()
    standards = app.opened.loaded.settings.changes.standards
    standard = next((one for one in standards if one.name == wanted), None)
    if not wanted or standard is not None:
        services, hosts, incidents = _about(frame)
        blank = _begun(app, services=services, hosts=hosts, incidents=incidents, standard=standard)
        _open_new(app, blank)
        return
    found = _ids_like(app, wanted)
    if len(found) == 1:
        from screens.change import open_change

        open_change(app, found[0])
        return
    shown = visible(wanted, cells=40)
    if found:
        some = ", ".join(visible(one, cells=24) for one in found[:_NAMED])
        app.say(f"several changes end with {shown}: {some}", warning=True)
    else:
        names = ", ".join(one.name for one in standards) or "none"
        app.say(f"no change and no standard is called {shown}; standards: {names}", warning=True)


def _ids_like(app: OncallApp, wanted: str) -> tuple[str, ...]:
    """Ids of the changes that `wanted` may mean. Before the journal is read, whatever could be
    an id: its screen shows the change as soon as it is there."""
    papers = Papers() if app.fresh is None else app.fresh.papers
    if papers.status.state is JournalState.NONE and wanted.startswith("CHG-"):
        return (wanted,)
    named = wanted.casefold()
    every = [one.change.id for one in papers.changes]
    same = tuple(one for one in every if one.casefold() == named)
    return same or tuple(one for one in every if one.casefold().endswith(named))


def _about(frame: Frame) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Services, hosts and incidents that a new change is about, by what the cursor stands on."""
    update = frame.console_app.fresh
    if update is None:
        return (), (), ()
    if frame.word == "incident":
        found = update.papers.incident(getattr(frame, "document_id", ""))
        if found is None:
            return (), (), ()
        return found.incident.services, found.incident.hosts, (found.incident.id,)
    services, hosts = _place(frame)
    linked = update.papers.about(fingerprints_of(frame.wanted_rows()))
    return services, hosts, () if linked is None else (linked.incident.id,)


def _place(frame: Frame) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The service, or the host where what the cursor stands on is of no service."""
    subject = frame.subject
    name = subject.service if subject is not None else None
    if name is None:
        return (), ()
    if name.startswith(host_cell("")):
        return (), (name.removeprefix(host_cell("")),)
    return (name,), ()
