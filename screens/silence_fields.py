"""What is typed into the form for a silence, what is wrong with it, and what it would do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Final

import msgspec
from textual import events
from textual.containers import Container, Vertical
from textual.widget import Widget

from console.actions.silences import form
from console.actions.silences.form import Judged, Typed
from console.model.acting import Outcome
from console.model.alert import Silence
from console.model.update import Update
from console.model.words import age_text, clock_time
from console.safety.clock import Instant
from console.safety.text import visible
from screens.frame import Frame
from screens.silence_preview import Preview, PreviewCame
from widgets.detail import Detail, Paragraph, Part, SpanLine
from widgets.form import Edited, FormField, LineFields, Said, Toggles
from widgets.theme import Ink

WIDE: Final = 120
"""From this many columns on the pane stands beside the fields."""
OTHER_LINES: Final = 7
"""Header, title, the other fields, what is said below them, footer."""
PANE_LINES: Final = 6
LEAST_LINES: Final = 4


class About(msgspec.Struct, frozen=True):
    """What the form was opened on."""

    title: str
    """Safe to show."""
    typed: Typed
    marked: tuple[str, ...] = ()
    """Fingerprints of the alerts that it is meant for."""
    edits: Silence | None = None
    templates: tuple[str, ...] = ()
    template: str = ""


class SilenceFields(Frame):
    """The fields, what is wrong in them, and beside them what it would do.

    An update of the world never touches what is typed.
    """

    word: ClassVar[str] = "form"
    is_form: ClassVar[bool] = True
    AUTO_FOCUS = "#comment FieldInput"
    """All else is filled in when it opens."""

    def __init__(self, about: About) -> None:
        super().__init__()
        self._about = about
        self._opened = about.typed
        self._said: tuple[tuple[str, Ink], ...] = ()
        self._sending = False
        self._tried = False
        self._drawn_at: float | None = None
        self._template = about.template
        self._changed_since = ""
        self._overwrites = False
        """Somebody changed the silence while the form was open on it."""
        self.outcome: Outcome | None = None
        """What came of the last attempt to send it, where it was not done."""
        self.edits = about.edits
        """The silence that sending changes, as it was last seen; `None` makes a new one."""

    def body(self) -> Iterable[Widget]:
        typed = self._about.typed
        every = self._every_cluster()
        self.matchers = LineFields("matchers", typed.matchers, hint='+ name="value"', id="matchers")
        self.lasts = FormField("lasts", typed.lasts, noted=True, id="lasts")
        self.clusters = Toggles("clusters", every, typed.clusters, id="clusters")
        self.clusters.display = len(every) > 1
        self.comment = FormField("comment", typed.comment, hint="why", id="comment")
        self.notice = Said(id="notice")
        self.pane = Detail(id="pane")
        self.pane.can_focus = False
        with Container(id="form"):
            with Vertical(id="fields"):
                yield Said(((self._about.title, Ink.HEADING),), classes="-title")
                yield self.matchers
                yield self.lasts
                yield self.clusters
                yield self.comment
                yield self.notice
            yield self.pane

    def _every_cluster(self) -> tuple[str, ...]:
        """Those that can be chosen: a silence that is changed stays where it is."""
        update = self.console_app.fresh
        if self.edits is not None or update is None:
            return self._about.typed.clusters
        return form.clusters_in(update.snapshot)

    def on_mount(self) -> None:
        loaded = self.console_app.opened.loaded
        self.preview = Preview(self, self._about.marked, loaded.policy)
        self.call_after_refresh(self._note_drawn)
        self._look()

    def on_resize(self) -> None:
        # What stands above and below the matchers; beside them the pane needs no line.
        others = OTHER_LINES if self.size.width >= WIDE else OTHER_LINES + PANE_LINES
        self.matchers.styles.max_height = max(LEAST_LINES, self.size.height - others)

    def _note_drawn(self) -> None:
        self._drawn_at = self.console_app.clock.now().mono

    # What is typed

    @property
    def typed(self) -> Typed:
        """What stands in the fields."""
        return Typed(self.matchers.lines, self.lasts.text, self.clusters.chosen, self.comment.text)

    @property
    def is_touched(self) -> bool:
        """Whether something was typed since it was opened."""
        return self.typed != self._opened

    def judged(self) -> Judged:
        """What is typed, judged by the present settings and time."""
        return form.judge(self.typed, self._terms(), self.console_app.clock.now().wall)

    def _terms(self) -> form.Terms:
        loaded = self.console_app.opened.loaded
        return form.terms_of(loaded.settings, loaded.policy, self.edits)

    def on_edited(self, event: Edited) -> None:
        self._say("")
        self._look()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if self.is_attached and self._drawn_at is not None:
            self._show_faults(self.judged())

    def _look(self) -> None:
        judged = self.judged()
        self._show_faults(judged)
        self.preview.want(judged.matchers, self.clusters.chosen)
        self._draw()

    def _show_faults(self, judged: Judged) -> None:
        """What is missing is named once it was to be sent; what is wrong at once."""
        for line, field in enumerate(self.matchers.fields):
            fault = judged.of(form.MATCHERS, line)
            seen = fault is not None and (self._tried or not fault.whole or bool(field.text))
            field.fault(visible(fault.text) if fault is not None and seen else "")
        comment = judged.of(form.COMMENT)
        seen = comment is not None and (self._tried or not comment.whole)
        self.comment.fault(visible(comment.text) if comment is not None and seen else "")
        clusters = judged.of(form.CLUSTERS)
        self.clusters.fault("" if clusters is None else clusters.text)
        lasts = judged.of(form.LASTS)
        if lasts is not None:
            self.lasts.fault(lasts.text)
        elif judged.ends_at is not None:
            self.lasts.note(self._until(judged))

    def _until(self, judged: Judged) -> str:
        """When it ends, in the rota's zone and from now."""
        assert judged.ends_at is not None
        now, zone = self.console_app.clock.now().wall, self._terms().zone
        local = judged.ends_at.astimezone(form.zone_called(zone))
        today = now.astimezone(local.tzinfo).date()
        shown = f"{local:%H:%M}" if local.date() == today else f"{local:%d %b %H:%M}"
        return f"until {shown} {local:%Z}, in {age_text(judged.ends_at - now)}"

    # Updates and time

    def show_body(self, update: Update) -> None:
        self._follow(update)
        self._draw()

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.preview.tick(now)
        self._show_faults(self.judged())
        self._draw()

    def on_preview_came(self, event: PreviewCame) -> None:
        self._draw()

    def _follow(self, update: Update) -> None:
        """Say what became of the silence while the form was open, and go by that."""
        edits, snapshot = self.edits, update.snapshot
        if edits is None or not snapshot.complete:
            return
        mine = (edits.cluster, edits.id)
        held = next((one for one in snapshot.silences if (one.cluster, one.id) == mine), None)
        if held is None:
            over = next((one for one in snapshot.ended if (one.cluster, one.id) == mine), None)
            at = f" at {clock_time(over.ends_at, snapshot.at.wall)}" if over is not None else ""
            self.edits = None
            said = f"it ended{at} while the form was open; sending makes a new one"
        elif _terms_of(held) != _terms_of(edits):
            self.edits = held
            until = clock_time(held.ends_at, snapshot.at.wall)
            said = f"it was changed meanwhile, until {until}; sending puts yours in its place"
            self._overwrites = True
        else:
            return
        self._changed_since = said

    def _draw(self) -> None:
        app = self.console_app
        update, edits = app.fresh, self.edits
        parts: list[Part] = []
        if self._changed_since:
            parts.append(SpanLine(((self._changed_since, Ink.WARNING),)))
        if self.outcome is not None:
            parts.append(Paragraph(self.outcome.text, Ink.WARNING))
            parts += [Paragraph(detail) for detail in self.outcome.details]
        but = edits.id if edits is not None else ""
        snapshot = None if update is None else update.snapshot
        parts += self.preview.parts(snapshot, app.clock.now(), but)
        self.pane.show(parts, subject="preview")

    def _say(self, text: str, ink: Ink = Ink.WARNING) -> None:
        self.notice.say(((text, ink),) if text else ())
        self.notice.set_class(bool(text), "-said")


def _terms_of(silence: Silence) -> tuple[object, ...]:
    """What somebody can have changed of it."""
    return silence.matchers, silence.ends_at, silence.comment
