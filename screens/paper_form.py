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
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from console.actions.papers.fields import Field, Typed
from console.model.acting import Outcome
from console.model.papers import Clash, Draft, Sheet
from console.safety.text import visible
from screens.paper_fields import (
    KEEP_AFTER_S,
    NOT_UP,
    READ_ONLY,
    SENDING,
    TRY_AGAIN_S,
    PaperAbout,
    PaperFields,
    text_of,
)
from widgets.detail import Paragraph, Part
from widgets.dialog import DEAD_TIME_S, Choice, Dialog, Overlay
from widgets.form import Entered
from widgets.long_field import ChoiceLine
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine

__all__ = ("KEEP_AFTER_S", "PaperAbout", "PaperForm")


class PaperForm(PaperFields):
    """A document, typed into, and kept on disk while it is."""

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

    def on_mount(self) -> None:
        self.set_interval(KEEP_AFTER_S / 2, self._keep_if_due)
        self._run(self._begin())

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
            self.say_here(f"not saved: {self.row(first).caption.strip()}: {text_of(faults[first])}")
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


def _differences(changed: Sequence[Field], draft: Draft) -> list[Part]:
    """What a draft has in the fields that differ from the document."""
    parts: list[Part] = []
    for field in changed:
        parts.append(Paragraph(field.caption.strip(), Ink.NAME))
        text = draft.fields.get(field.name, "")
        parts.append(Paragraph(visible(text, lines=True) if text else "(emptied)"))
    return parts
