"""Every silence: what it holds, when it ends, whose it is; those that hold nothing marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar, Final

from textual.widget import Widget

from config.durations import EXPECTED, duration_of, duration_text
from console.model.action import Action
from console.model.alert import Silence
from console.model.snapshot import Snapshot, SourceHealth, SourceKind
from console.model.state import Priority, State
from console.model.update import Update
from console.model.wish import ExpireWish, ExtendWish
from console.model.words import age_text, clock_time, count_text, countdown_text
from console.model.worklist import Row
from console.safety.clock import Instant
from console.safety.text import visible
from console.triage.priority import Priorities
from console.triage.silence_use import SilenceUse, freed_by, silence_uses
from screens.marking import Marking
from screens.silence_form import open_silence_edit
from widgets.columns import Column
from widgets.confirm import TypedConfirm
from widgets.detail import Paragraph, Part
from widgets.dialog import Choice, Dialog
from widgets.form import Said
from widgets.live_list import LiveList
from widgets.ordered_rows import Heading
from widgets.paint import Spans
from widgets.theme import Ink

HOUR: Final = timedelta(hours=1)
SOON: Final = timedelta(minutes=15)
"""A silence that ends within this is drawn as a warning."""
LISTED: Final = 8
"""Lines of a question before the rest is only counted."""


class SilencesScreen(Marking):
    """Those in force and those to come, the first to end first; below them what has ended."""

    word: ClassVar[str] = "silences"

    def __init__(self) -> None:
        super().__init__()
        self._clusters = 0

    def body(self) -> Iterable[Widget]:
        self.dark = Said(id="dark")
        self.list = LiveList[SilenceUse](
            self._columns(),
            key=lambda use: use.key,
            clock=self.console_app.clock,
            dimmed=_is_dimmed,
            id="silences",
        )
        yield self.dark
        yield self.list

    def on_mount(self) -> None:
        self.list.focus()

    def wanted_rows(self) -> tuple[Row, ...]:
        return ()

    def show_body(self, update: Update) -> None:
        snapshot = update.snapshot
        clusters = len([one for one in snapshot.whole_sources if _is_cluster(one)])
        if clusters != self._clusters:
            self._clusters = clusters
            self.list.set_columns(self._columns())
        live, ended = self._uses(snapshot)
        shown = [one for one in live if self.filter.matches_silence(one)]
        over = [one for one in ended if self.filter.matches_silence(one)]
        head = Heading(len(shown), (("ended in the last hour", Ink.MUTED),))
        self.list.set_empty(_nothing(snapshot, hidden=len(live) + len(ended)))
        self.list.set_rows((*shown, *over), (head,) if over else ())
        self.drop_marks_of_gone(one.key for one in (*live, *ended))
        self._show_dark(snapshot, self.console_app.clock.now())
        self.show_filter(len(shown) + len(over), len(live) + len(ended))

    def _uses(
        self, snapshot: Snapshot
    ) -> tuple[tuple[SilenceUse, ...], tuple[SilenceUse, ...]]:
        return silence_uses(snapshot, self.console_app.opened.loaded.policy.ack_prefixes)

    def _show_dark(self, snapshot: Snapshot, now: Instant) -> None:
        """Name the clusters that do not answer, and how old what is known of them is."""
        said = []
        for one in snapshot.whole_sources:
            if not _is_cluster(one) or one.state is State.OK:
                continue
            age = "never read" if one.last_ok is None else f"as {_age(one, now)} ago"
            said.append(f"{one.name} does not answer: its silences {age}")
        self.dark.display = bool(said) and snapshot.complete
        self.dark.say((("; ".join(said), Ink.UNKNOWN),))

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.list.tick(now)
        if self.console_app.fresh is not None:
            self._show_dark(self.console_app.fresh.snapshot, now)

    def key_pressed(self) -> None:
        self.list.hold()

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    def on_live_list_highlighted(self) -> None:
        self.show_hints()

    def _columns(self) -> tuple[Column[SilenceUse], ...]:
        cluster = (CLUSTER,) if self._clusters > 1 else ()

        def state(use: SilenceUse, _: Instant) -> Spans:
            if use.key in self.console_app.wishes.sending:
                return (("sending", Ink.WARNING),)
            if use.ended:
                return (("ended", Ink.MUTED),)
            if use.is_ack:
                return (("ack", Ink.PLAIN),)
            return ((use.silence.state.value, Ink.PLAIN),)

        return (
            Column("ENDS", _ends, width=7, priority=100, volatile=True, align="right"),
            Column("AGE", _since, width=6, priority=60, volatile=True, align="right"),
            Column("STATE", state, width=7, priority=90),
            Column("HOLDS", _holds, width=6, priority=95, align="right"),
            Column("WHO", _who, width=6, flex=1, most=14, priority=80),
            Column("MATCHERS", _matchers, width=20, flex=4, priority=99),
            Column("COMMENT", _comment, width=12, flex=3, priority=70),
            *cluster,
        )

    # Actions

    def why_not(self, action: Action) -> str:
        use = self.list.cursor_row
        if action.group == "row" or action.id.startswith("silences."):
            if use is None:
                return "there is no silence"
            if action.id == "silences.edit" and use.ended:
                return "it has ended"
            if action.id in ("silences.expire", "silences.extend") and not self._wanted():
                return "it has ended already"
        return ""

    def _wanted(self) -> tuple[Silence, ...]:
        """The marked ones, else the one under the cursor; without what has ended."""
        under = self.list.cursor_row
        uses: Sequence[SilenceUse] = self.list.marked_rows or (() if under is None else (under,))
        return tuple(use.silence for use in uses if not use.ended)

    def do_row_open(self) -> None:
        from screens.silence import SilenceScreen  # late: most look at the list alone

        use = self.list.cursor_row
        if use is not None:
            self.app.push_screen(SilenceScreen(use))

    def do_row_detail(self) -> None:
        self.do_row_open()

    def do_row_copy(self) -> None:
        use = self.list.cursor_row
        if use is not None:
            self.copy_text(", ".join(visible(one.written) for one in use.silence.matchers), "matchers")

    def do_silences_edit(self) -> None:
        use = self.list.cursor_row
        if use is not None:
            open_silence_edit(self.console_app, use.silence)

    def do_silences_expire(self) -> None:
        expire(self, self._wanted())

    def do_silences_extend(self, lasts: str = "") -> None:
        extend(self, self._wanted(), lasts)


def expire(screen: Marking | SilenceFrame, silences: Sequence[Silence]) -> None:
    """Ask, and end `silences`."""
    if silences:
        screen.run_worker(_expire_if_sure(screen, tuple(silences)), exit_on_error=False)
