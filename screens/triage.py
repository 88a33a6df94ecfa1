"""The worklist: what to work on, in the order in which to work on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import ClassVar

from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from console.actions.registry import action_by_id
from console.engine.evidence_known import known_lines
from console.engine.evidence_words import EvidenceLine
from console.engine.row_forms import texts_of
from console.model.action import Action
from console.model.nag import NagKind
from console.model.run import Run
from console.model.snapshot import BadgeKind, Snapshot
from console.model.update import Update
from console.model.words import count_text
from console.model.worklist import Row, RowKind, Worklist
from console.safety.clock import Instant
from screens.detail import DetailScreen
from screens.evidence import pane
from screens.evidence_asking import Asking, EvidenceCame
from screens.group import GroupScreen, OldScreen
from screens.here import Subject, subject_of_row
from screens.papering import open_document
from screens.place_order import troubled_first
from screens.places import PlaceBook
from screens.rows import columns, headings, is_dimmed
from screens.views import Viewing
from widgets.detail import Detail, Figure
from widgets.live_list import LiveList
from widgets.matrix import Matrix, Place
from widgets.paint import Spans
from widgets.theme import Ink

HUGE = 180
"""From this many columns on the matrix has room for names."""
EVIDENCE_LINES = ((45, 22), (30, 15), (20, 10), (0, 6))
"""From how many lines of the screen on, how many of them the evidence has."""
SETTLES = timedelta(seconds=6)
"""In this time the sources answer for the first time; nobody has read much until then."""


class TriageScreen(Viewing):
    """Rows, the fleet beside them where there is room, and the row under the cursor below."""

    word: ClassVar[str] = "triage"

    def __init__(self) -> None:
        super().__init__()
        self._made_for: tuple[bool, bool] | None = (False, False)
        """In a storm or not, grouped or not; `None`: the columns are to be made anew."""
        self._book = PlaceBook()
        self._shown: tuple[Row, Snapshot, tuple[Run, ...]] | None = None
        self._known: tuple[EvidenceLine, ...] = ()
        self._asking = Asking(self)
        self._opened: Instant | None = None

    def body(self) -> Iterable[Widget]:
        app = self.console_app
        self.list = LiveList[Row](
            columns(self.drawing),
            key=lambda row: row.key,
            clock=app.clock,
            dimmed=is_dimmed,
            id="rows",
        )
        self.evidence = Detail(id="evidence")
        self.evidence.can_focus = False
        self.matrix = Matrix(id="matrix", named=False)
        self.matrix.can_focus = False
        with Vertical():
            with Horizontal(id="top"):
                yield self.list
                yield self.matrix
            yield self.evidence

    def on_mount(self) -> None:
        self.list.focus()

    def on_resize(self) -> None:
        self.matrix.set_named(None if self.size.width >= HUGE else False)
        height = next(lines for least, lines in EVIDENCE_LINES if self.size.height >= least)
        self.evidence.styles.height = height
        self._draw_evidence()

    @property
    def row(self) -> Row | None:
        """The row under the cursor, as it was painted: what an action binds to."""
        return self.list.cursor_row

    @property
    def wanted_row(self) -> Row | None:
        return self.row

    @property
    def subject(self) -> Subject | None:
        row, update = self.row, self.console_app.fresh
        return None if row is None or update is None else subject_of_row(row, update.snapshot)

    def show_body(self, update: Update) -> None:
        worklist = update.worklist
        self._take_columns(worklist)
        was, regrouped = self.row, self.regrouped(worklist)
        rows = self.arranged(tuple(r for r in worklist.rows if self.filter.matches_row(r)))
        self.list.set_empty(_nothing(update, rows_without_filter=len(worklist.rows)))
        self.list.set_rows(rows, headings(worklist, rows))
        if regrouped:
            self.follow(was)
        self._stay_first()
        self.drop_marks_of_gone(row.key for row in worklist.rows)
        self.load_views()
        self.show_filter(len(rows), len(worklist.rows))
        self.matrix.set_places(self._places(update.snapshot))
        self._show_evidence()

    def _stay_first(self) -> None:
        """While the sources answer for the first time the cursor is on what is to be done
        first, not on what happened to be known first; until somebody presses a key."""
        now = self.console_app.clock.now()
        self._opened = self._opened or now
        settles = now.since(self._opened) < SETTLES
        if settles and not self.list.is_touched:
            self.list.action_first()

    def on_matrix_resized(self) -> None:
        update = self.console_app.fresh
        if update is not None:
            self.matrix.set_places(self._places(update.snapshot))

    def _places(self, snapshot: Snapshot) -> tuple[Place, ...]:
        """All places as they are, or where there are too many the troubled ones first."""
        if not self.matrix.size.width:
            return ()  # it is not shown
        self._book.take(snapshot)
        places = self._book.places()
        return places if self.matrix.fits(places) else troubled_first(places)

    def _take_columns(self, worklist: Worklist) -> None:
        in_storm = worklist.storm is not None
        grouped = any(row.count > 1 and row.kind is not RowKind.OLD for row in worklist.rows)
        if (in_storm, grouped) == self._made_for:
            return
        self._made_for = (in_storm, grouped)
        self.list.set_columns(self.columns_for(worklist, grouped=grouped))

    def columns_changed(self) -> None:
        self._made_for = None

    def tick(self, now: Instant) -> None:
        super().tick(now)
        self.list.tick(now)
        self._asking.tick(now)
        self._draw_evidence()

    def key_pressed(self) -> None:
        self.list.hold()

    def on_live_list_highlighted(self) -> None:
        self._show_evidence()
        self.show_hints()

    def on_live_list_opened(self) -> None:
        self.do_row_open()

    # Evidence

    def _show_evidence(self) -> None:
        """Follow the cursor, or the newest form of the row that it is on."""
        row, update = self.row, self.console_app.fresh
        if update is None:
            return
        shown, runs = self._shown, update.runs
        if (
            shown is not None
            and shown[0] is row
            and shown[1] is update.snapshot
            and shown[2] == runs.open
        ):
            return
        if row is None:
            self._shown, self._known = None, ()
        else:
            self._shown = (row, update.snapshot, runs.open)
            self._known = known_lines(row, update.worklist, update.snapshot, update.acting, runs)
            if row.cell is not None:
                self.matrix.move_to(row.cell)
        self._asking.look_at(row, update.snapshot)
        self._draw_evidence()

    def _draw_evidence(self) -> None:
        if self._shown is None:
            self.evidence.show((), subject="")
            return
        row = self._shown[0]
        lines = self._asking.beside(self._known)
        now = self.console_app.clock.now()
        keys = self.console_app.keys.of(action_by_id("row.detail"))
        glyphs, height = self.evidence.glyphs, self.evidence.size.height

        def draw(width: int) -> Sequence[Spans]:
            return pane(row, lines, now, (width, height), glyphs, keys[0] if keys else "")

        self.evidence.show((Figure(draw),), subject=row.key)

    def on_evidence_came(self, event: EvidenceCame) -> None:
        if self._asking.take(event):
            self._draw_evidence()

    def on_screen_suspend(self) -> None:
        self._asking.leave()

    def on_screen_resume(self) -> None:
        self._shown = None
        super().on_screen_resume()

    # Actions

    def why_not(self, action: Action) -> str:
        if action.group == "row" and self.row is None:
            return "there is no row"
        if action.id == "row.trend" and self.row is not None and not self.row.alerts:
            return "there is no alert on this row, so no rule to draw"
        if action.id == "row.links" and self.row is not None and not self.row.alerts:
            return "there is no alert on this row"
        if action.id == "triage.resort":
            update = self.console_app.fresh
            if update is None or update.worklist.storm is None:
                return "the order is held only in a storm"
        return ""

    def do_row_open(self) -> None:
        row = self.row
        if row is None:
            return
        if row.kind is RowKind.OLD:
            self.do_triage_old()
        elif row.document:
            open_document(self.console_app, row.document)
        elif any(nag.kind is NagKind.INSPECTION for nag in row.owed):
            self.console_app.do_app_inspection()
        elif row.count > 1:
            self.app.push_screen(GroupScreen(row))
        else:
            self.do_row_detail()

    def do_row_detail(self) -> None:
        if self.row is not None:
            self.app.push_screen(DetailScreen(self.row))

    def do_row_trend(self) -> None:
        if self.row is not None:
            self.app.push_screen(DetailScreen(self.row, at="trend"))

    def do_row_links(self) -> None:
        if self.row is not None:
            self.app.push_screen(DetailScreen(self.row, at="links"))

    def do_row_copy(self) -> None:
        rows = self.wanted_rows()
        if rows:
            what = "row" if len(rows) == 1 else f"{len(rows)} rows"
            self.console_app.copy(texts_of(rows), what, lines=True)

    def do_triage_resort(self) -> None:
        self.console_app.engine.tell(lambda engine: engine.resort())
        self.list.release()

    def do_triage_old(self) -> None:
        self.app.push_screen(OldScreen())

    def do_triage_resolved(self) -> None:
        self.console_app.do_app_sources()


def _nothing(update: Update, *, rows_without_filter: int) -> tuple[Spans, ...]:
    """What an empty list means. Green only where it has been proven."""
    if rows_without_filter:
        return ((("  no row matches the filter; esc clears it", Ink.MUTED),),)
    snapshot: Snapshot = update.snapshot
    faults = [one for one in snapshot.badges if one.kind is BadgeKind.CONSOLE and one.is_row]
    if faults:  # else it would be a row: then the list itself could not be made
        known = count_text(len(snapshot.alerts))
        return (
            (
                (
                    f"  not known what fires: {known} alerts are known, and no list of them",
                    Ink.FIRING,
                ),
            ),
            ((f"  {faults[0].text}", Ink.WARNING),),
            (("  `oncall fleet` and `oncall doctor` tell more; 2 and 7 do here", Ink.MUTED),),
        )
    if not (snapshot.complete and snapshot.sources):
        return ((("  asking the sources; nothing is known yet", Ink.UNKNOWN),),)
    if any(badge.is_row for badge in snapshot.badges):
        return ((("  nothing fires, as far as can be seen", Ink.UNKNOWN),),)
    return (
        (("  nothing fires", Ink.OK),),
        (("  every source has answered and proves it", Ink.MUTED),),
    )
