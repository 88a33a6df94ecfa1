"""The base of the forms for documents: fields, what is wrong in them, and a draft that is kept.

A form derives from `PaperForm`, is made with a `PaperAbout`, and gives these:

* `faults_of(typed)`: what is wrong, by field (pure, called at every change);
* `notes_of(typed)`: what is said faintly below a field, by its name (may be left out);
* `read(sheet) -> Typed | str`: the fields of the document in a file, or why it cannot be read
  (of a document that exists only: for drafts on an older version, and for clashes);
* `async send(typed) -> Outcome | None`: submit the wish (`self.console_app.wishes.submit`),
  based on `self.sheet`; `None` where nothing was sent, after `self.say_here(why)`.

The rest comes by itself: `^s` saves where nothing is wrong and else goes to the first fault,
`^e` has the field under the cursor in `$EDITOR`, `esc` leaves and keeps the draft, page keys go
from section to section, and Enter goes to the next field. Every change is in a draft on disk
within `KEEP_AFTER_S` and the time that writing takes; where that fails the form says `NOT kept`.
A draft that is found when the form opens on a document is offered. A saved document's draft is
dropped, the form closes, and `sent(outcome)` is called on it (open the document's screen there).
A clash opens `screens.clash`; what it merges stands in the form, to be looked at and saved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
from textual import events
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget

from console.actions.papers.fields import Field, FieldFault, Typed
from console.model.acting import Outcome
from console.model.papers import Clash, Draft, PaperKind, Sheet
from console.model.update import Update
from console.safety.clock import Instant
from console.safety.text import cell_width, visible
from screens.frame import Frame
from widgets.detail import Paragraph, Part
from widgets.dialog import DEAD_TIME_S, Choice, Dialog, FittedDetail, Overlay
from widgets.footer import Footer, Hint
from widgets.form import Edited, Entered, Said
from widgets.long_field import ChoiceLine, LongField
from widgets.paint import Spans
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine

KEEP_AFTER_S: Final = 0.8
"""After a change, before what is typed is written to disk; two seconds are promised."""
TRY_AGAIN_S: Final = 5.0
"""Until a draft that could not be kept is written again though nothing was typed."""
SENDING: Final = "saving…"
READ_ONLY: Final = "read-only: nothing of this can be saved, and no draft is kept"
NOT_UP: Final = "the engine is not up yet"


class PaperAbout(msgspec.Struct, frozen=True):
    """What a form was opened on."""

    title: str
    """Safe to show: `new incident`, `INC-20261122-7f3 redis is down`."""
    key: str
    """Of its draft: the document's id, or `new-…`."""
    kind: PaperKind
    fields: tuple[Field, ...]
    """In the order of the form."""
    typed: Typed
    """What stands in the fields when it opens, without any draft: an untouched form leaves no
    draft. Fields that are not named are empty."""
    sections: Mapping[str, str] = {}
    """Headings, by the name of the field that they stand in front of."""
    sheet: Sheet | None = None
    """The file, for a document that exists."""
    document_id: str = ""
    alerts: tuple[str, ...] = ()
    first: str = ""
    """Name of the field with the cursor; empty: the first one."""
    enter_sends: bool = False
    """Enter in the last field saves it."""
    verb: str = "save"
    """What `^s` does, for the footer."""
    keeps: bool = True
    """What is typed is kept in a draft; a form of a line or two can do without."""
    draft: Draft | None = None
    """To go on with, unasked: a person picked it. Its fields stand in place of `typed`."""


class Status(Said):
    """What is said of the draft, as wide as it is."""

    def say(self, spans: Spans) -> None:
        super().say(spans)
        self.styles.width = sum(cell_width(visible(text)) for text, _ in spans)


class PaperForm(Frame):
    """A document, typed into. An update of the world never touches what is typed."""

    word: ClassVar[str] = "form"
    is_form: ClassVar[bool] = True
    AUTO_FOCUS = ".-first > *"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab,down", "go(1)", show=False),
        Binding("shift+tab,up", "go(-1)", show=False),
        Binding("ctrl+s", "send", show=False, priority=True),
        Binding("ctrl+e", "editor", show=False, priority=True),
        Binding("pagedown", "section(1)", show=False, priority=True),
        Binding("pageup", "section(-1)", show=False, priority=True),
        Binding("ctrl+z", "suspend_console", show=False),
    ]

    def __init__(self, about: PaperAbout) -> None:
        super().__init__()
        self.about = about
        self.sheet = about.sheet if about.draft is None else about.draft.sheet
        """The file that what is typed is based on."""
        self._key = about.key if about.draft is None else about.draft.key
        self._opened = {one.name: about.typed.get(one.name, "") for one in about.fields}
        start = about.typed if about.draft is None else about.draft.fields
        self._start = {one.name: start.get(one.name, "") for one in about.fields}
        self._rows: dict[str, LongField] = {}
        self._sending = self._tried = self._is_left = False
        self._drawn_at: float | None = None
        self._kept: Mapping[str, str] | None = None if about.draft is None else self._start
        """What the draft on disk says; `None`: there is none."""
        self._not_kept = ""
        self._keeping = asyncio.Lock()
        self._keep_due: float | None = None
        self._said: list[Part] = []

    # What a form of its own gives

    def faults_of(self, typed: Typed) -> Sequence[FieldFault]:
        """What is wrong with `typed`."""
        raise NotImplementedError

    def notes_of(self, typed: Typed) -> Mapping[str, str]:
        """What is said faintly below fields with nothing wrong, by their names."""
        return {}

    def read(self, sheet: Sheet) -> Typed | str:
        """The fields of the document in `sheet`; a string says why it cannot be read."""
        return "this form is not of a document that exists"

    async def send(self, typed: Typed) -> Outcome | None:
        """Submit what is typed; `None` where it was not sent, and why has been said."""
        raise NotImplementedError

    def sent(self, outcome: Outcome) -> None:
        """Called when it is saved and the form is closed."""

    # Drawing

    def body(self) -> Iterable[Widget]:
        self.status = Status(id="kept")
        self.help = Said(id="help")
        self.notice = FittedDetail(())
        with Horizontal(id="head"):
            yield Said(((self.about.title, Ink.HEADING),), classes="-title")
            yield self.status
        with VerticalScroll(id="paper", can_focus=False):
            for field in self.about.fields:
                heading = self.about.sections.get(field.name)
                if heading:
                    yield Said(((heading, Ink.HEADING),), classes="-section")
                yield self._row(field)
        yield self.notice
        yield self.help

    def _row(self, field: Field) -> LongField:
        row = LongField(
            field.name,
            field.caption,
            self._start[field.name],
            hint=field.help,
            several=field.is_long or field.is_list,
            choices=field.choices,
        )
        first = self.about.first or self.about.fields[0].name
        if field.name == first:
            row.add_class("-first")
        self._rows[field.name] = row
        return row

    def on_mount(self) -> None:
        self.call_after_refresh(self._note_drawn)
        self.set_interval(KEEP_AFTER_S / 2, self._keep_if_due)
        self._run(self._begin())

    def _note_drawn(self) -> None:
        self._drawn_at = self.console_app.clock.now().mono
        self._look()
        if self.console_app.opened.read_only:
            self.say_here(READ_ONLY)

    @property
    def is_drawn(self) -> bool:
        """Whether it stands on the screen, so that it can be read."""
        return self._drawn_at is not None

    def show_hints(self) -> None:
        hints = [
            Hint("^s", self.about.verb, 100),
            Hint("esc", "leave", 95),
            Hint("tab", "next field", 90),
            Hint("^e", "editor", 80),
        ]
        if self.about.sections:
            hints.append(Hint("pgdn", "next section", 70))
        self.query_one(Footer).show(hints)

    def show_body(self, update: Update) -> None:
        sheet = self.sheet
        if sheet is None:
            return
        papers = update.papers
        known = papers.incident(self.about.document_id) or papers.change(self.about.document_id)
        if known is not None and sheet.blob and known.blob != sheet.blob and not self._said:
            self.say_here("the file was changed meanwhile: saving shows both versions")

    def say_here(self, text: str, ink: Ink = Ink.WARNING, details: Sequence[str] = ()) -> None:
        """Say something above the footer until something is typed; empty takes it away."""
        said: list[Part] = [Paragraph(text, ink)] if text else []
        self._said = [*said, *(Paragraph(one) for one in details)]
        self.notice.show(self._said)
        self.notice.refresh(layout=True)

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self._look()

    # What is typed

    @property
    def typed(self) -> dict[str, str]:
        """What stands in the fields, by their names."""
        if not self._rows:
            return dict(self._start)
        return {name: row.text for name, row in self._rows.items()}

    @property
    def is_touched(self) -> bool:
        """Whether something else stands in it than in the document."""
        return self.typed != self._opened

    def set_fields(self, fields: Typed) -> None:
        """Have other texts in those of the fields that `fields` names."""
        for name, text in fields.items():
            row = self._rows.get(name)
            if row is not None and row.text != text:
                row.text = text

    def row(self, name: str) -> LongField:
        """The row of the field called `name`."""
        return self._rows[name]

    def on_edited(self, event: Edited) -> None:
        event.stop()
        if self._said and not self._sending and not self.console_app.opened.read_only:
            self.say_here("")
        if self._keep_due is None:
            self._keep_due = self.console_app.clock.now().mono + KEEP_AFTER_S
        self._look()

    def _look(self) -> None:
        """Say at each field what is wrong; what is missing is named once it was to be saved."""
        if self._is_left or not self.is_mounted:
            return
        typed = self.typed
        notes = self.notes_of(typed)
        faults = self._faults_by_field(typed)
        for name, row in self._rows.items():
            fault = faults.get(name)
            if row.over:
                row.say(row.over)
            elif fault is not None and (self._tried or typed[name].strip()):
                row.say(_text_of(fault))
            else:
                row.say(notes.get(name, ""), Ink.MUTED)

    def _faults_by_field(self, typed: Typed) -> dict[str, FieldFault]:
        found: dict[str, FieldFault] = {}
        for fault in self.faults_of(typed):
            found.setdefault(fault.field, fault)
        return found

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        row = self.row_under_cursor
        if row is not None:
            field = next(one for one in self.about.fields if one.name == row.field_name)
            self.help.say(((field.help, Ink.MUTED),) if row.text else ())

    @property
    def row_under_cursor(self) -> LongField | None:
        """The row with the focus."""
        focused = self.focused
        row = focused.parent if focused is not None else None
        return row if isinstance(row, LongField) else None

    # Drafts

    async def _begin(self) -> None:
        """Take the draft that there is; offer it where nobody picked it."""
        key, about = self._key, self.about
        if not about.keeps or (about.draft is None and not about.document_id):
            return
        found = await self._ask(lambda engine: engine.papers.take_draft(key))
        if about.draft is not None or not isinstance(found, Draft):
            return
        if self._same(found.fields, self._opened):
            await self._ask(lambda engine: engine.papers.drop_draft(key))
            return
        self._kept = found.fields
        await self._offer(found)

    async def _offer(self, draft: Draft) -> None:
        local = draft.saved_at.astimezone()
        title = f"typed {local:%Y-%m-%d %H:%M}, and not saved"
        changed = [
            one
            for one in self.about.fields
            if draft.fields.get(one.name, "") != self._opened[one.name]
        ]
        names = ", ".join(one.caption.strip() for one in changed)
        while True:
            question = Dialog(
                ((title, Ink.WARNING),),
                [Paragraph(f"Changed in it: {names}.")],
                (
                    Choice("go-on", "Go on with it"),
                    Choice("look", "Look"),
                    Choice("discard", "Discard it", danger=True),
                ),
                clock=self.console_app.clock,
            )
            answer = await self.app.push_screen_wait(question)
            if answer != "look":
                break
            await self.app.push_screen_wait(
                Overlay(((title, Ink.WARNING),), _differences(changed, draft))
            )
        if answer == "go-on":
            self._base_on(draft.sheet)
            self.set_fields(draft.fields)
        elif answer == "discard":
            self._kept = None
            await self._ask(lambda engine: engine.papers.drop_draft(draft.key))
        else:  # nobody said what is to become of it: it stays, and the form goes
            await self._ask(lambda engine: engine.papers.leave_draft(draft.key))
            self._close()

    def _base_on(self, sheet: Sheet | None) -> None:
        """Have what is typed be an edit of the file as it was in `sheet`."""
        if sheet is None or sheet == self.sheet:
            return
        self.sheet = sheet
        there = self.read(sheet)
        if not isinstance(there, str):
            self._opened = {one.name: there.get(one.name, "") for one in self.about.fields}

    @staticmethod
    def _same(one: Typed, other: Typed) -> bool:
        return all(one.get(name, "") == other.get(name, "") for name in {*one, *other})

    def _keep_if_due(self) -> None:
        due = self._keep_due
        if due is None or self._is_left or self._keeping.locked() or not self.about.keeps:
            return
        if self.console_app.clock.now().mono >= due:
            self._run(self.keep_draft())

    async def keep_draft(self) -> bool:
        """Write what is typed to disk now; whether it is there, which is said otherwise."""
        app = self.console_app
        if app.opened.read_only or not self.about.keeps:
            return False
        async with self._keeping:
            self._keep_due = None
            typed, about = self.typed, self.about
            if self._is_left or typed == (self._kept if self._kept is not None else self._opened):
                return not self._not_kept
            now = app.clock.now()
            draft = Draft(
                self._key,
                about.kind,
                typed,
                now.wall,
                self.sheet,
                about.document_id,
                self.draft_title(typed),
                about.alerts,
                is_open=True,
            )
            fault = await self._ask(lambda engine: engine.papers.save_draft(draft))
            self._not_kept = fault if isinstance(fault, str) else NOT_UP
            if self._not_kept:
                self._keep_due = app.clock.now().mono + TRY_AGAIN_S
                self.status.say(((f"NOT kept: {self._not_kept}", Ink.BREACHED),))
                return False
            self._kept = typed
            self.status.say(((f"draft kept {now.wall.astimezone():%H:%M:%S}", Ink.MUTED),))
            return True

    def draft_title(self, typed: Typed) -> str:
        """What the draft is about, in a list of drafts; safe to show."""
        return visible(typed.get("title") or typed.get("what") or self.about.title, cells=100)

    async def _ask(self, what: Callable[[Engine], Coroutine[Any, Any, object]]) -> object:
        future = self.console_app.engine.ask(what)
        return NotImplemented if future is None else await asyncio.wrap_future(future)

    # Keys

    def on_entered(self, event: Entered) -> None:
        event.stop()
        last = list(self._rows.values())[-1]
        if event.field is not last or not self.about.enter_sends:
            self.focus_next()
        elif event.meant:
            self.action_send()
        else:
            self.say_here("enter came together with other keys; press it again")

    def action_go(self, by: int) -> None:
        """To the next field or the one before."""
        (self.focus_next if by > 0 else self.focus_previous)()

    def action_section(self, by: int) -> None:
        """To the first field of the next section, or of this one and then the one before."""
        names = [one.name for one in self.about.fields]
        starts = [0, *(n for n, name in enumerate(names) if n and name in self.about.sections)]
        row = self.row_under_cursor
        at = names.index(row.field_name) if row is not None else 0
        ways = [n for n in starts if (n > at if by > 0 else n < at)]
        to = (min(ways) if by > 0 else max(ways)) if ways else (len(names) - 1 if by > 0 else 0)
        self.row(names[to]).editor.focus()

    def action_suspend_console(self) -> None:
        """To the shell."""
        self.console_app.do_app_suspend()

    def action_editor(self) -> None:
        """Write the field under the cursor in the person's editor."""
        from screens.editor import edit_text  # late: only who asks for it needs it

        row = self.row_under_cursor
        if row is None or isinstance(row.editor, ChoiceLine) or self._sending:
            return
        text = edit_text(self.console_app, row.text, f"{row.field_name}.md")
        if text is not None:
            row.text = text.rstrip("\n")
        row.editor.focus()

    def action_leave(self) -> None:
        """Leave; what was typed is kept as a draft."""
        if self._sending:
            self.say_here("it is being saved; leaving would not stop it")
        else:
            self._run(self._leave())

    async def _leave(self) -> None:
        key = self._key
        if not self.is_touched:
            if self._kept is not None:
                await self._ask(lambda engine: engine.papers.drop_draft(key))
            self._close()
        elif await self.keep_draft():
            await self._ask(lambda engine: engine.papers.leave_draft(key))
            self._close()
            self.console_app.say("not saved; kept as a draft, which the journal lists")
        else:
            question = Dialog(
                (("leave, and lose what was typed?", Ink.WARNING),),
                [Paragraph(self._why_lost(), Ink.WARNING)],
                (Choice("leave", "Lose it", danger=True),),
                clock=self.console_app.clock,
            )
            if await self.app.push_screen_wait(question) == "leave":
                self._close()

    def _why_lost(self) -> str:
        if not self.about.keeps:
            return "Nothing was sent."
        return f"It is NOT kept: {self._not_kept or READ_ONLY}."

    def _close(self) -> None:
        self._is_left = True
        if self.is_current:
            self.app.pop_screen()

    # Saving

    def action_send(self) -> None:
        """Save it, when nothing is wrong and a hand can have meant it."""
        app = self.console_app
        now = app.clock.now().mono
        if self._sending or self._drawn_at is None or now - self._drawn_at < DEAD_TIME_S:
            return
        if app.opened.read_only:
            self.say_here(READ_ONLY)
            return
        self._tried = True
        self._look()
        typed = self.typed
        faults = self._faults_by_field(typed)
        first = next((name for name in self._rows if name in faults), None)
        if first is not None:
            self.row(first).editor.focus()
            self.say_here(
                f"not saved: {self.row(first).caption.strip()}: {_text_of(faults[first])}"
            )
        else:
            self._run(self._send(typed))

    async def _send(self, typed: Typed) -> None:
        self._sending = True
        paper, focused = self.query_one("#paper"), self.focused
        try:
            self.say_here(SENDING, Ink.MUTED)
            paper.disabled = True  # what were typed now would be in no version
            if self.is_touched:
                await self.keep_draft()  # whatever becomes of the saving
            outcome = await self.send(typed)
        finally:
            self._sending = False
            paper.disabled = False
            if focused is not None and not self._is_left:
                focused.focus()
        if outcome is not None:
            await self._take(outcome)

    async def _take(self, outcome: Outcome) -> None:
        """Close it when all is done; else keep what is typed and say why."""
        if outcome.clash is not None:
            await self._clashed(outcome.clash)
            return
        if not outcome.well:
            self.say_here(f"not saved: {outcome.text}", details=outcome.details)
            return
        key, app = self._key, self.console_app
        if self.about.keeps:
            await self._ask(lambda engine: engine.papers.drop_draft(key))
        self._close()
        if app.frame is not None and app.notices:
            app.frame.show_notice(app.notices[-1])  # it was said on the form
        self.sent(outcome)

    async def _clashed(self, clash: Clash) -> None:
        """Show both versions, and go on with what the person wants of them."""
        from screens import clash as clashes  # late: only who comes upon it needs it

        theirs, base, mine = self.read(clash.theirs), self._opened, self.typed
        both = [
            one.caption.strip()
            for one in self.about.fields
            if not isinstance(theirs, str)
            and mine[one.name] != base[one.name]
            and theirs.get(one.name, "") not in (base[one.name], mine[one.name])
        ]
        why_not = theirs if isinstance(theirs, str) else ""
        answer = await clashes.open_clash(self.console_app, clash, both=both, why_not_merge=why_not)
        self.say_here("not saved: the file was changed meanwhile")
        if answer == clashes.MERGE and not isinstance(theirs, str):
            kept = {name: text for name, text in mine.items() if text != base[name]}
            self._base_on(clash.theirs)
            self.set_fields({**theirs, **kept})
            self.say_here("both versions are in the form now: look at it, then save it")
        elif answer == clashes.THEIRS:
            await self._leave()
        elif answer == clashes.EDITOR:
            await self._in_editor(clash)

    async def _in_editor(self, clash: Clash) -> None:
        from screens.paper_text import settle_in_editor

        outcome = await settle_in_editor(self.console_app, clash, self.about.document_id)
        if outcome is not None:
            await self._take(outcome)


def _text_of(fault: FieldFault) -> str:
    text = visible(fault.text, cells=200)
    return f"line {fault.line + 1}: {text}" if fault.line else text


def _differences(changed: Sequence[Field], draft: Draft) -> list[Part]:
    """What a draft has in the fields that differ from the document."""
    parts: list[Part] = []
    for field in changed:
        parts.append(Paragraph(field.caption.strip(), Ink.NAME))
        text = draft.fields.get(field.name, "")
        parts.append(Paragraph(visible(text, lines=True) if text else "(emptied)"))
    return parts
