"""Every silence: what it holds, when it ends, whose it is; those that hold nothing marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from console.model.action import Action
from console.model.alert import Silence
from console.model.snapshot import SourceKind
from console.model.update import Update
from console.model.worklist import Row
from console.safety.clock import Instant
from console.triage.silence_use import SilenceUse, silence_uses
from screens.marking import Marking
from screens.silence_deeds import expire, extend, matchers_of
from screens.silence_form import open_silence_edit
from screens.silence_rows import dark_clusters, is_dimmed, nothing_there, silence_columns
from widgets.columns import Column
from widgets.form import Said
from widgets.live_list import LiveList
from widgets.ordered_rows import Heading
from widgets.theme import Ink


class SilencesScreen(Marking):
    """Those in force and those to come, the first to end first; below them what has ended."""

    word: ClassVar[str] = "silences"

    def __init__(self) -> None:
        super().__init__()
        self._several = False

    def body(self) -> Iterable[Widget]:
        self.dark = Said(id="dark")
        self.dark.display = False
        self.list = LiveList[SilenceUse](
            self._columns(),
            key=lambda use: use.key,
            clock=self.console_app.clock,
            dimmed=is_dimmed,
            id="silences",
        )
        yield self.dark
        yield self.list

    def on_mount(self) -> None:
        self.list.focus()

    def _columns(self) -> tuple[Column[SilenceUse], ...]:
        wishes = self.console_app.wishes
        return silence_columns(lambda key: key in wishes.sending, clusters=self._several)

    def wanted_rows(self) -> tuple[Row, ...]:
        return ()

    def show_body(self, update: Update) -> None:
        snapshot = update.snapshot
        clusters = [one for one in snapshot.whole_sources if one.kind is SourceKind.ALERTMANAGER]
        if (len(clusters) > 1) is not self._several:
            self._several = len(clusters) > 1
            self.list.set_columns(self._columns())
        prefixes = self.console_app.opened.loaded.policy.ack_prefixes
        live, ended = silence_uses(snapshot, prefixes)
        shown = [one for one in live if self.filter.matches_silence(one)]
        over = [one for one in ended if self.filter.matches_silence(one)]
        head = Heading(len(shown), (("ended in the last hour", Ink.MUTED),))
        self.list.set_empty(nothing_there(snapshot, hidden=len(live) + len(ended)))
        self.list.set_rows((*shown, *over), (head,) if over else ())
        self.drop_marks_of_gone(one.key for one in (*live, *ended))
        self._show_dark(self.console_app.clock.now())
        self.show_filter(len(shown) + len(over), len(live) + len(ended))

    def _show_dark(self, now: Instant) -> None:
        update = self.console_app.fresh
        said = "" if update is None else dark_clusters(update.snapshot, now)
        self.dark.display = bool(said) and update is not None and update.snapshot.complete
        self.dark.say(((said, Ink.UNKNOWN),))

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.list.tick(now)
        self._show_dark(now)

    def key_pressed(self) -> None:
        self.list.hold()

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    def on_live_list_highlighted(self) -> None:
        self.show_hints()

    # Actions

    def why_not(self, action: Action) -> str:
        use = self.list.cursor_row
        mine = action.id.startswith("silences.")
        if not mine and action.group != "row":
            return ""
        if use is None:
            return "there is no silence"
        if action.id == "silences.edit" and use.ended:
            return "it has ended"
        return "it has ended already" if mine and not self._wanted() else ""

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
            self.copy_text(matchers_of(use.silence), "matchers")

    def do_silences_edit(self) -> None:
        use = self.list.cursor_row
        if use is not None:
            open_silence_edit(self.console_app, use.silence)

    def do_silences_expire(self) -> None:
        expire(self, self._wanted())

    def do_silences_extend(self, lasts: str = "") -> None:
        extend(self, self._wanted(), lasts)
