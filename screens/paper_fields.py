"""The fields of a document's form: drawn, judged, and what is said of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Final

import msgspec
from textual import events
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget

from console.actions.papers.fields import Field, FieldFault, Typed
from console.model.acting import Outcome
from console.model.papers import Draft, PaperKind, Sheet
from console.model.update import Update
from console.safety.clock import Instant
from console.safety.text import cell_width, visible
from screens.frame import Frame
from widgets.detail import Paragraph, Part
from widgets.dialog import FittedDetail
from widgets.footer import Footer, Hint
from widgets.form import Edited, Said
from widgets.long_field import LongField
from widgets.paint import Spans
from widgets.theme import Ink

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


class PaperFields(Frame):
    """A document, typed into. An update of the world never touches what is typed."""

    word: ClassVar[str] = "form"
    is_form: ClassVar[bool] = True
    AUTO_FOCUS = ".-first > *"

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
        self._read_blob = ""
        """Of the file, as the first update had it."""
        self._said: list[Part] = []
        self._said_of: Mapping[str, str] = {}
        """What stood in the fields when it was said."""

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
        if known is None or not sheet.blob:
            return
        # What the update has may be older than what the form read.
        self._read_blob = self._read_blob or known.blob
        if known.blob not in (self._read_blob, sheet.blob) and not self._said:
            self.say_here("the file was changed meanwhile: saving shows both versions")

    def say_here(self, text: str, ink: Ink = Ink.WARNING, details: Sequence[str] = ()) -> None:
        """Say something above the footer until something is typed; empty takes it away."""
        self._said_of = self.typed
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
        stays = self._sending or self.console_app.opened.read_only
        # What the form itself put into its fields is told of later than what it says of that.
        if self._said and not stays and self.typed != self._said_of:
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
                row.say(text_of(fault))
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


def text_of(fault: FieldFault) -> str:
    """What is wrong, with its line; safe to show."""
    text = visible(fault.text, cells=200)
    return f"line {fault.line + 1}: {text}" if fault.line else text
