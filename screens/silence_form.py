"""The form for a silence: what it is to match, until when, and why; and what it would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType

from console.actions.silences import form
from console.actions.silences.form import Judged, Typed
from console.model.acting import Ended, Outcome
from console.model.alert import Silence, SilenceState
from console.model.snapshot import KnownAlert
from console.model.words import many
from console.model.worklist import Row, RowKind
from console.safety.text import visible
from screens.silence_fields import About, SilenceFields
from widgets.confirm import TypedConfirm
from widgets.detail import Paragraph, Part
from widgets.dialog import DEAD_TIME_S, Choice, Dialog
from widgets.footer import Footer, Hint
from widgets.form import Entered
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.app import OncallApp

SENDING: Final = "sending…"
HINTS: Final = (
    Hint("^s", "send", 100),
    Hint("esc", "leave", 95),
    Hint("tab", "next field", 90),
    Hint("^l", "how long", 85),
    Hint("^t", "template", 80),
    Hint("^e", "editor", 70),
    Hint("^u", "clear line", 60),
    Hint("pgdn", "scroll below", 50),
)


class SilenceForm(SilenceFields):
    """One silence, made or changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("tab,down", "go(1)", show=False),
        Binding("shift+tab,up", "go(-1)", show=False),
        Binding("ctrl+s", "send", show=False, priority=True),
        Binding("ctrl+l", "preset", show=False, priority=True),
        Binding("ctrl+t", "template", show=False, priority=True),
        Binding("ctrl+e", "editor", show=False, priority=True),
        Binding("pagedown", "scroll_pane(1)", show=False),
        Binding("pageup", "scroll_pane(-1)", show=False),
        Binding("ctrl+z", "suspend_console", show=False),
    ]

    def show_hints(self) -> None:
        self.query_one(Footer).show(HINTS)

    # Keys

    def on_entered(self, event: Entered) -> None:
        event.stop()
        if event.field is not self.comment:
            self.focus_next()
        elif event.meant:
            self.action_send()
        else:
            self._say("enter came together with other keys; press it again to send")

    def action_go(self, by: int) -> None:
        """To the next field or the one before."""
        (self.focus_next if by > 0 else self.focus_previous)()

    def action_scroll_pane(self, by: int) -> None:
        """Scroll what it would do."""
        (self.pane.action_page_down if by > 0 else self.pane.action_page_up)()

    def action_suspend_console(self) -> None:
        """To the shell."""
        self.console_app.do_app_suspend()

    def action_preset(self) -> None:
        """The next of the settings' durations."""
        known = form.presets(self._terms())
        at = known.index(self.lasts.text) + 1 if self.lasts.text in known else 0
        self.lasts.text = known[at % len(known)]

    async def action_template(self) -> None:
        """The next of the settings' templates."""
        known = self.console_app.opened.loaded.settings.silences.templates
        if not known:
            self._say("the settings have no templates: they go under `silences.templates`")
            return
        names = [one.name for one in known]
        at = names.index(self._template) + 1 if self._template in names else 0
        template = known[at % len(known)]
        self._template = template.name
        filled = form.from_template(template, self.clusters.chosen)
        await self.matchers.set_lines(filled.matchers)
        self.lasts.text, self.comment.text = filled.lasts, filled.comment
        self._say(f"template {template.name}", Ink.MUTED)

    def action_editor(self) -> None:
        """Write the comment in the person's editor."""
        from screens.editor import edit_text  # late: only who asks for it needs it

        text = edit_text(self.console_app, self.comment.text, "comment")
        if text is not None:
            self.comment.text = " ".join(text.split())
        self.comment.input.focus()

    def action_leave(self) -> None:
        """Leave; ask first where something was typed."""
        if self._sending:
            self._say("it is being sent; leaving would not stop it")
        elif self.is_touched:
            self.run_worker(self._leave_if_sure(), exit_on_error=False)
        else:
            self._close()

    async def _leave_if_sure(self) -> None:
        question = Dialog(
            (("leave this silence?", Ink.WARNING),),
            [Paragraph("Nothing was sent. What you typed is lost.")],
            (Choice("leave", "Leave it"),),
            clock=self.console_app.clock,
        )
        if await self.app.push_screen_wait(question) == "leave":
            self._close()

    def _close(self) -> None:
        if self.is_current:
            self.app.pop_screen()

    # Sending

    def action_send(self) -> None:
        """Send it, when nothing is wrong and a hand can have meant it."""
        now = self.console_app.clock.now().mono
        if self._sending or self._drawn_at is None or now - self._drawn_at < DEAD_TIME_S:
            return
        self._tried = True
        judged = self.judged()
        self._show_faults(judged)
        if judged.faults:
            self._go_to(judged.faults[0])
            return
        self.run_worker(self._send(self.typed, judged), exit_on_error=False)

    def _go_to(self, fault: form.Fault) -> None:
        if fault.field == form.MATCHERS:
            self.matchers.fields[fault.line].input.focus()
        elif fault.field == form.CLUSTERS:
            self.clusters.focus()
        else:
            (self.lasts if fault.field == form.LASTS else self.comment).input.focus()

    async def _send(self, typed: Typed, judged: Judged) -> None:
        self._sending, self.outcome = True, None
        try:
            self._say("asking what it matches…", Ink.MUTED)
            if not await self._is_sure():
                self._say("not sent", Ink.MUTED)
                return
            if self.typed != typed:
                self._say("not sent: it was changed while the servers were asked; send it again")
                return
            self._say(SENDING, Ink.MUTED)
            wish = form.wish_of(typed, judged, self.edits)
            outcome = await self.console_app.wishes.submit(wish)
        finally:
            self._sending = False
        self._take(outcome)

    async def _is_sure(self) -> bool:
        """Whether the person stands by it, where it is asked about."""
        radius = await self.preview.known()
        self._draw()
        over = self.console_app.opened.loaded.settings.silences.confirm_over
        count = None if radius is None else radius.count
        by_priority = {} if radius is None else radius.by_priority
        reasons = form.why_confirm(count, by_priority, over)
        if self._overwrites:
            reasons = (self._changed_since, *reasons)
        if not reasons:
            return True
        word = "silence unknown" if count is None else f"silence {count}"
        parts: list[Part] = [Paragraph(f"{reason}.", Ink.WARNING) for reason in reasons]
        parts += [Paragraph(text) for text in self.matchers.lines]
        parts.append(Paragraph(self._until(self.judged())))
        question = TypedConfirm(
            (("silence this?", Ink.WARNING),), parts, word, clock=self.console_app.clock
        )
        return await self.app.push_screen_wait(question)

    def _take(self, outcome: Outcome) -> None:
        """Close it when all is done; else keep what is typed and say why."""
        if outcome.well:
            self._close()
            app = self.console_app
            if app.frame is not None and app.notices:
                app.frame.show_notice(app.notices[-1])  # it was said on the form
            return
        done = {cluster for cluster, _ in outcome.silences}
        if outcome.ended is Ended.PARTLY and done:
            # What is done is not sent a second time.
            self.clusters.choose(name for name in self.clusters.chosen if name not in done)
        self._say("not sent; the reason stands below" if not done else "only partly sent")
        self.outcome = outcome
        self._draw()


# Opening


def open_silence_form(app: OncallApp, rows: Sequence[Row], template: str = "") -> None:
    """Open the form on what is on `rows`, or on a template of the settings.

    Args:
        rows: as they were painted when the key was pressed.
        template: its name; empty for the rows' own labels.
    """
    alerts = tuple({known.key: known for row in rows for known in row.alerts}.values())
    about = _about(app, rows, alerts, template.strip())
    if isinstance(about, str):
        app.say(about, warning=True)
    else:
        app.push_screen(SilenceForm(about))


def open_silence_edit(app: OncallApp, silence: Silence) -> None:
    """Open the form on a silence that is to be changed."""
    if silence.state is SilenceState.EXPIRED:
        app.say("it has ended: s on the row makes a new one", warning=True)
        return
    zone = app.opened.loaded.settings.rota.zone
    who = visible(silence.created_by, cells=30)
    typed = form.from_silence(silence, zone)
    app.push_screen(SilenceForm(About(f"change the silence of {who}", typed, edits=silence)))


def _about(
    app: OncallApp, rows: Sequence[Row], alerts: Sequence[KnownAlert], template: str
) -> About | str:
    """What the form opens on, or why it cannot."""
    loaded, update = app.opened.loaded, app.fresh
    settings = loaded.settings
    if update is None:
        return "nothing has been asked yet"
    known = {one.name: one for one in settings.silences.templates}
    if template and template not in known:
        names = ", ".join(known) or "none; they go under `silences.templates`"
        return f"no template is called {visible(template, cells=40)}; known: {names}"
    if not form.clusters_in(update.snapshot):
        return "there is no Alertmanager among the sources that could keep a silence"
    marked = tuple(key for one in alerts for key in (one.key, *one.duplicates))
    if template:
        homes = form.homes_of(alerts, update.snapshot)
        typed = form.from_template(known[template], homes)
        return About(f"silence: template {template}", typed, marked, template=template)
    if rows and all(row.kind is RowKind.OWED for row in rows):
        return "there is no alert on it: what is owed is done, not silenced; enter opens it"
    if not alerts:
        return "there is no alert on it: a check or a source is acked, not silenced"
    typed = form.from_alerts(
        alerts, update.snapshot, settings.acks, loaded.policy, settings.silences.lasts
    )
    what = visible(rows[0].title, cells=40) if len(rows) == 1 else f"{len(rows)} rows"
    return About(f"silence: {what}, {many(len(alerts), 'alert')}", typed, marked)
