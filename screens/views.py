"""The ways of looking at the worklist: grouped, sorted, in columns, and saved under a name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from console.engine.views import ViewShelf, name_fault
from console.model.registry import Service
from console.model.snapshot import Snapshot
from console.model.update import Update
from console.model.view import View, Views
from console.model.words import count_text
from console.model.worklist import Row, Worklist
from console.safety.files import FileError
from console.safety.text import visible
from console.triage.grouping import KNOWN, grouping_text, ways_to_group
from screens.arranging import SORTS, Sort, columns_of, grouping_of, sort_of
from screens.marking import Marking
from screens.rows import LABEL, columns, names_of_columns, storm_columns
from widgets.columns import Column
from widgets.command_line import Completion
from widgets.paint import Span, Spans
from widgets.theme import Ink

_OFFERED = 40


class Viewing(Marking):
    """The worklist's frame: how its rows are made, sorted and drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._way = View()
        """How the person wants it; the filter is the frame's own."""
        self._sort: Sort | None = None
        self._views = Views()
        self._asked_for_views = False
        self._grouped_by: tuple[str, ...] | None = None
        """By what the rows on screen were made."""

    # What the list shows

    def columns_for(self, worklist: Worklist, *, grouped: bool) -> tuple[Column[Row], ...]:
        """The columns now; in a storm those that count it."""
        if worklist.storm is not None:
            return storm_columns(self.drawing)
        return columns(self.drawing, grouped=grouped, wanted=self._way.columns)

    def arranged(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        """The rows in the order that was asked for."""
        return rows if self._sort is None else self._sort.sorted(rows)

    def regrouped(self, worklist: Worklist) -> bool:
        """Whether the rows of `worklist` are made otherwise than those before, which then give
        way at once: what was asked for does not wait until the keys rest."""
        was, self._grouped_by = self._grouped_by, worklist.group_by
        if was is None or was == worklist.group_by:
            return False
        self.list.release()
        if self.list.marks:
            self.list.clear_marks()
            self.say("nothing is marked any more: the rows are others now")
        return True

    def follow(self, was: Row | None) -> None:
        """Put the cursor on the row in which the first alert of `was` stands now."""
        key = was.alerts[0].key if was is not None and was.alerts else None
        for row in self.list.rows if key is not None else ():
            if any(known.key == key for known in row.alerts):
                self.list.move_to(row.key)
                return

    def in_force(self) -> Spans:
        update = self.console_app.fresh
        if update is None:
            return ()
        said: list[Span] = []
        usual = self.console_app.opened.loaded.policy.group_by
        made_by = update.worklist.group_by
        if made_by and made_by != usual:
            said += [("by ", Ink.MUTED), (grouping_text(made_by), Ink.STRONG), ("  ", Ink.PLAIN)]
        if self._sort is not None:
            way = ", the other way round" if self._sort.reverse else ""
            said.append((f"sorted by {_heading(self._sort.column)}{way}", Ink.STRONG))
            said.append(("; :sort for the usual order", Ink.MUTED))
        return tuple(said)

    def _again(self) -> None:
        """Show the newest picture in the way that is asked for now."""
        self.list.release()
        update = self.console_app.fresh
        if update is not None:
            self.show_body(update)

    # Grouping

    def do_triage_group(self) -> None:
        """Make rows by the next of what is worth a look."""
        update = self.console_app.fresh
        if update is None:
            return
        policy = self.console_app.opened.loaded.policy
        ways = ways_to_group(update.snapshot.alerts, _services(update.snapshot), policy)
        now = update.worklist.group_by
        at = ways.index(now) if now in ways else -1
        wanted = ways[(at + 1) % len(ways)]
        self._group(None if wanted == policy.group_by else wanted)

    def do_triage_group_by(self, typed: str = "") -> None:
        """Make rows by the labels in `typed`; by the settings' own without any."""
        found = grouping_of(typed, _labels(self.console_app.fresh))
        if isinstance(found, str):
            self.say(found, warning=True)
        else:
            self._group(found)

    def _group(self, group_by: tuple[str, ...] | None) -> None:
        self._way = msgspec.structs.replace(self._way, group_by=group_by)
        self.console_app.engine.tell(lambda engine: engine.regroup(group_by))
        usual = self.console_app.opened.loaded.policy.group_by
        made_by = usual if group_by is None else group_by
        more = " as in the settings" if made_by == usual else "; :by goes back"
        self.say(f"rows by {visible(grouping_text(made_by))}{more}")

    # Order and columns

    def do_triage_sort(self, typed: str = "") -> None:
        """Sort by the column in `typed`; by urgency without one."""
        found = sort_of(typed)
        if isinstance(found, str):
            self.say(found, warning=True)
            return
        self._take_sort(found)
        self._again()
        self._keep_last()

    def _take_sort(self, sort: Sort | None) -> None:
        self._sort = sort
        word = sort.word if sort is not None else ""
        self._way = msgspec.structs.replace(self._way, sort=word)

    def do_triage_columns(self, typed: str = "") -> None:
        """Show the columns in `typed`; the usual ones without any."""
        found = columns_of(typed)
        if isinstance(found, str):
            self.say(found, warning=True)
            return
        self._take_columns_wanted(found)
        self._again()
        self._keep_last()
        update = self.console_app.fresh
        if update is not None and update.worklist.storm is not None:
            self.say("in a storm the columns count it; yours come back with its end")

    def _take_columns_wanted(self, wanted: tuple[str, ...]) -> None:
        self._way = msgspec.structs.replace(self._way, columns=wanted)
        self.columns_changed()

    def columns_changed(self) -> None:
        """Other columns are wanted: they are to be made anew."""
        raise NotImplementedError

    # Views

    def do_triage_view(self, name: str = "") -> None:
        """Take the view of that name, or ask for one of those that there are."""
        if not name:
            if self._views.named:
                self._type(":", "view ", completer=self._completions)
            else:
                self.say("no view is saved yet; :save-view NAME keeps how it looks now")
            return
        view = self._meant(name)
        if view is None:
            self.run_worker(self._look_again_for(name), exit_on_error=False)
        else:
            self._take_saved(view)

    def _meant(self, name: str) -> View | None:
        """The view of that name, or the only one whose name begins so."""
        begun = [view for view in self._views.named if view.name.startswith(name)]
        return self._views.called(name) or (begun[0] if len(begun) == 1 else None)

    async def _look_again_for(self, name: str) -> None:
        """Another console may have saved it since."""
        await self._changed(lambda shelf: shelf.load(), "")
        view = self._meant(name)
        if view is None:
            self._refuse(self._no_view(name))
        else:
            self._take_saved(view)

    def _take_saved(self, view: View) -> None:
        self._take(view)
        self.say(f"view {visible(view.name)}: {_said(view)}")
        self._keep_last()

    def _no_view(self, name: str) -> str:
        there = ", ".join(view.name for view in self._views.named) or "none"
        return f"no view is called {visible(name, cells=40)}; there are: {there}"

    def _take(self, view: View) -> None:
        """Look at the worklist in the way of `view`; what cannot be read in it is left out."""
        sort, wanted = sort_of(view.sort), columns_of(",".join(view.columns))
        self._take_sort(None if isinstance(sort, str) else sort)
        self._take_columns_wanted(() if isinstance(wanted, str) else wanted)
        if view.group_by != self._way.group_by:
            self._group(view.group_by)
        fault = self.take_filter(view.filter)
        self._again()
        self._refuse(fault)

    def do_triage_save_view(self, name: str = "") -> None:
        """Keep filter, grouping, sort and columns under `name`."""
        fault = name_fault(name)
        if fault:
            self.say(fault, warning=True)
            return
        view = msgspec.structs.replace(self._way, name=name, filter=self.filter.text)
        known = self._views.called(name) is not None
        said = f"view {name} {'replaced' if known else 'saved'}: {_said(view)}"
        self._change_views(lambda shelf: shelf.keep(view), said)

    def do_triage_forget_view(self, name: str = "") -> None:
        """Forget the view of that name."""
        if self._views.called(name) is None:
            self._refuse(self._no_view(name))
            return
        self._change_views(lambda shelf: shelf.forget(name), f"view {name} forgotten")

    def _keep_last(self) -> None:
        view = self._way
        self._change_views(lambda shelf: shelf.keep_last(view.columns, view.sort), "")

    def _change_views(self, change: Callable[[ViewShelf], Awaitable[Views]], said: str) -> None:
        """Have the engine's thread write it; `said` once it is written."""
        self.run_worker(self._changed(change, said), exit_on_error=False)

    async def _changed(self, change: Callable[[ViewShelf], Awaitable[Views]], said: str) -> None:
        future = self.console_app.engine.ask(lambda engine: change(engine.views))
        if future is None:
            self.say("not kept: the engine is not up yet", warning=True)
            return
        try:
            self._views = await asyncio.wrap_future(future)
        except (FileError, ValueError) as fault:
            self.say(f"not kept: {fault}", warning=True)
            return
        if said:
            self.say(said)

    def load_views(self) -> None:
        """Read what is saved, once, and look at the worklist as it was left.

        Called with the first update: not before the first frame stands.
        """
        if not self._asked_for_views:
            self._asked_for_views = True
            self.run_worker(self._load_views(), exit_on_error=False)

    async def _load_views(self) -> None:
        future = self.console_app.engine.ask(lambda engine: engine.views.load())
        if future is None:
            self._asked_for_views = False
            return
        self._views = await asyncio.wrap_future(future)
        for notice in self._views.notices:
            self.say(notice, warning=True)
        last = self._views.last
        untouched = not (self._way.columns or self._way.sort)
        if untouched and (last.columns or last.sort):
            self._take(msgspec.structs.replace(self._way, columns=last.columns, sort=last.sort,
                                               filter=self.filter.text))  # fmt: skip

    # Completion

    def _completions(self, typed: str) -> Sequence[Completion]:
        word, space, rest = typed.partition(" ")
        offers = {"view": self._named, "forget-view": self._named, "save-view": self._named,
                  "sort": self._sorts, "columns": self._columns, "by": self._groupings}  # fmt: skip
        if not space or word not in offers:
            return super()._completions(typed)
        before, comma, last = rest.rpartition(",") if word in ("columns", "by") else ("", "", rest)
        wanted = last.strip().casefold()
        found = [one for one in offers[word]() if one.text.casefold().startswith(wanted)]
        begun = f"{word} {before}{comma}"
        return [Completion(f"{begun}{one.text}", one.help) for one in found[:_OFFERED]]

    def _named(self) -> list[Completion]:
        return [Completion(view.name, _said(view)) for view in self._views.named]

    def _sorts(self) -> list[Completion]:
        return [Completion(way) for word in SORTS for way in (word, f"-{word}")]

    def _columns(self) -> list[Completion]:
        labels = _labels(self.console_app.fresh)
        return [Completion(name) for name in (*names_of_columns(), *(LABEL + x for x in labels))]

    def _groupings(self) -> list[Completion]:
        labels = _labels(self.console_app.fresh)
        return [Completion(name) for name in ("default", "none", *KNOWN[:3], *labels)]


def _services(snapshot: Snapshot) -> dict[str, Service]:
    return {cell.service.name: cell.service for cell in snapshot.cells}


def _labels(update: Update | None) -> list[str]:
    """The labels that alerts have now, those of the most alerts first."""
    counts: dict[str, int] = {}
    for known in update.snapshot.alerts[:2000] if update is not None else ():
        for label in known.alert.labels:
            if visible(label) == label:
                counts[label] = counts.get(label, 0) + 1
    return sorted(counts, key=lambda label: (-counts[label], label))


def _heading(column: str) -> str:
    return column[len(LABEL) :].upper() if column.startswith(LABEL) else column


def _said(view: View) -> str:
    """What a view does, in a line."""
    parts = [f"/{view.filter}"] if view.filter else []
    if view.group_by is not None:
        parts.append(f"by {grouping_text(view.group_by)}")
    if view.sort:
        parts.append(f"sorted by {view.sort}")
    if view.columns:
        parts.append(f"{count_text(len(view.columns))} columns")
    return visible(", ".join(parts)) or "as usual"
