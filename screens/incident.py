"""One incident, whole: its clocks, what it still asks for, and how its alerts are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from console.actions.papers.fields import Field, FieldFault, Typed
from console.model.acting import Outcome
from console.model.action import Action
from console.model.incident import MOVES, Incident, IncidentState, StatusUpdate, refusals
from console.model.paper_wish import Attach, MoveIncident, UpdateIncident, WriteIncident
from console.model.papers import IncidentPaper, PaperKind, Papers
from console.model.update import Update
from console.safety.text import Raw, visible
from screens.incident_form import incident_in, open_incident_form
from screens.incident_parts import incident_parts
from screens.paper_form import PaperAbout, PaperForm
from screens.paper_screen import PaperScreen
from screens.paper_text import sheet_of
from widgets.chooser import MOST, Chooser, Offer
from widgets.detail import Part

if TYPE_CHECKING:
    from screens.app import OncallApp

WRITING: Final = ("paper.edit", "paper.move", "incident.update", "incident.done")
UPDATE: Final = (
    Field("conditions", "condition", "How things are now, for those who wait."),
    Field("actions", "actions", "What is being done about it."),
    Field("needs", "needs", "What is needed, and from whom; empty is none."),
)


class IncidentScreen(PaperScreen[IncidentPaper]):
    """It follows its incident through updates."""

    word: ClassVar[str] = "incident"

    # What is shown

    def found(self, papers: Papers) -> IncidentPaper | None:
        return papers.incident(self.document_id)

    def parts(self, paper: IncidentPaper, update: Update) -> tuple[Part, ...]:
        now = self.console_app.clock.now().wall
        runs = self.runs(update, paper.incident.runs)
        return incident_parts(paper, update.papers, update.snapshot, now, self.kept, runs)

    # What can be done

    def why_not(self, action: Action) -> str:
        if action.id not in (*WRITING, "paper.editor", "paper.attach"):
            return ""
        paper = self.paper
        if paper is None:
            return self.without_paper(action)
        if action.id in WRITING and paper.faults:
            return "its file has faults: nothing is written to it before they are mended (E)"
        if action.id == "paper.move" and not MOVES[paper.incident.state]:
            return f"it is {paper.incident.state}: what comes again is a new incident"
        if action.id == "incident.done" and all(one.done for one in paper.incident.actions):
            return "it has no action item that is not done"
        return ""

    def do_paper_edit(self) -> None:
        """The whole form."""
        if self.paper is not None:
            open_incident_form(self.console_app, self.paper)

    def do_paper_attach(self, file: str = "") -> None:
        """Archive a copy of a file beside it."""
        if file.strip():
            wish = Attach(self.document_id, (file.strip(),))
            self.run_worker(self._submit(wish), exit_on_error=False)
        else:
            self.say("expected the path of a file: :attach FILE", warning=True)

    def do_paper_move(self, state: str = "") -> None:
        """To the state that is named, or to one that is chosen."""
        if self.paper is not None:
            self.run_worker(self._go_on(self.paper, state), exit_on_error=False)

    async def _go_on(self, paper: IncidentPaper, named: str) -> None:
        incident = paper.incident
        ways = offered(incident)
        wanted = " ".join(named.split()).casefold()
        if wanted:
            begun = [one for one in IncidentState if one.value.startswith(wanted)]
            if len(begun) != 1:
                self.say(f"expected one of {', '.join(ways)}", warning=True)
                return
            to = begun[0]
        else:
            offers = [Offer(str(to), _MEANS[to], "; ".join(refusals(incident, to))) for to in ways]
            title = f"{incident.id} is {incident.state}; it goes to"
            at = await self.app.push_screen_wait(Chooser(title, offers))
            if at is None:
                return
            to = ways[at]
        reasons = refusals(incident, to)
        if reasons:
            self.say(f"not {to}: {'; '.join(reasons)}", warning=True)
        else:
            await self._submit(MoveIncident(paper, to))

    def do_incident_update(self) -> None:
        """Ask for conditions, actions and needs."""
        if self.paper is not None:
            self.app.push_screen(UpdateForm(self.paper))

    def do_incident_done(self) -> None:
        """Pick an action item that is done."""
        if self.paper is not None:
            self.run_worker(self._done(self.paper), exit_on_error=False)

    async def _done(self, paper: IncidentPaper) -> None:
        open_items = [one for one in paper.incident.actions if one.done is None]
        offers = [Offer(Raw(one.text), visible(one.owner, cells=40)) for one in open_items]
        more = len(offers) - MOST
        note = f"and {more} more, in the form: e" if more > 0 else ""
        at = await self.app.push_screen_wait(Chooser("which one is done?", offers, note=note))
        sheet = None if at is None else await sheet_of(self.console_app, paper.path)
        before = None if sheet is None else incident_in(sheet)
        if at is None or sheet is None or before is None:
            return
        if isinstance(before, str):
            self.say(before, warning=True)
            return
        now = self.console_app.clock.now().wall.replace(microsecond=0)
        picked = open_items[at]
        items = list(before.actions)
        if picked not in items:
            self.say("somebody changed that item meanwhile: look at it again", warning=True)
            return
        items[items.index(picked)] = msgspec.structs.replace(picked, done=now)
        after = msgspec.structs.replace(before, actions=tuple(items))
        await self._submit(WriteIncident(sheet, before, after))

    async def _submit(self, wish: Attach | MoveIncident | WriteIncident) -> Outcome:
        outcome = await self.console_app.wishes.submit(wish, (self.document_id,))
        if outcome.clash is not None:
            self.say(
                "somebody changed the file meanwhile: look at it, and do it again", warning=True
            )
        return outcome


def offered(incident: Incident) -> list[IncidentState]:
    """Where it can go, in the order in which that is offered: the way back stands last, so that
    Enter alone never takes it, and every way has the same number whatever is refused."""
    ways = (one for one in IncidentState if one in MOVES[incident.state])
    return sorted(ways, key=lambda to: to is IncidentState.OPEN)


_MEANS: Final = {
    IncidentState.OPEN: "it is not over after all",
    IncidentState.MITIGATED: "its users are well again; the cause may be there still",
    IncidentState.RESOLVED: "it is over",
    IncidentState.POST_MORTEM_DUE: "over, and yet to be talked over in a meeting",
    IncidentState.CLOSED: "nothing is left to do; what comes again is a new incident",
}


class UpdateForm(PaperForm):
    """Where things stand, in three lines."""

    def __init__(self, paper: IncidentPaper) -> None:
        title = visible(f"update for those who wait: {paper.incident.title}", cells=70)
        super().__init__(
            PaperAbout(
                title,
                f"{paper.incident.id}-update",
                PaperKind.INCIDENT,
                UPDATE,
                {},
                enter_sends=True,
                verb="post it",
                keeps=False,
            )
        )
        self._paper = paper

    def faults_of(self, typed: Typed) -> tuple[FieldFault, ...]:
        if any(text.strip() for text in typed.values()):
            return ()
        return (
            FieldFault("conditions", "expected how things are, what is done, or what is needed"),
        )

    async def send(self, typed: Typed) -> Outcome | None:
        update = StatusUpdate(typed["conditions"], typed["actions"], typed["needs"])
        wish = UpdateIncident(self._paper, update)
        return await self.console_app.wishes.submit(wish, (self._paper.incident.id,))


def open_incident(app: OncallApp, document_id: str) -> None:
    """Show the incident of that id, unless it is what is shown already."""
    top = app.screen
    if not (isinstance(top, IncidentScreen) and top.document_id == document_id):
        app.push_screen(IncidentScreen(document_id))
