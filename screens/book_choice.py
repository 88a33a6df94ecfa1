"""From an alert, a service or a name to a runbook that is open: what is offered, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from console.model.run import PastRun, Run, Runs, Shelved
from console.model.words import age_text, many
from console.runbook.health_words import short_text
from console.runbook.matching import Candidate, slug_of
from console.safety.text import Raw, visible
from screens.acting import NOT_UP
from screens.book_for import SOURCE_LOST, STORM, BookFor
from screens.book_text import show_transcript
from screens.books_rows import ended_word, states_text
from screens.scaffolding import begin_book, why_no_scaffold
from widgets.chooser import MOST, Chooser, Offer

if TYPE_CHECKING:
    from console.engine.engine import Engine
    from screens.app import OncallApp
    from screens.frame import Frame

PAST: Final = 3
"""Runs of an incident that have ended, of which the newest are offered to be read."""
WAYS_ON: Final = 2
"""Offers behind the runbooks: another one of the library, a new one."""
_PLANNED: Final = "the change names it"
_WHY_NAMED: Final = {
    SOURCE_LOST: "for a source that does not answer",
    STORM: "for many alerts at once",
}


async def learn_names(app: OncallApp) -> None:
    """Have the names of all runbooks at hand."""
    future = app.engine.ask(lambda engine: engine.runs.library())
    if future is not None:
        library = await asyncio.wrap_future(future)
        app.book_names = tuple(sorted(visible(book.name, cells=80) for book in library.books))


async def open_for(frame: Frame, wanted: BookFor) -> None:
    """Open the run that is about it; else its runbook; else offer what there is."""
    app = frame.console_app
    going = wanted.runs_of(_runs(app))
    if len(going) == 1:
        show_run(app, going[0].id)
        return
    if going:
        await _choose_run(app, going, f"several runs are about {wanted.title}", another=False)
        return
    found = await _found_for(app, wanted)
    if found is None:
        app.say(NOT_UP, warning=True)
        return
    first = next((one for one in found.offered if one.on_shelf), None)
    is_only = len(found.offered) == 1 or (first is not None and first.why == _PLANNED)
    if first is not None and is_only and not found.past:
        await begin(app, first.key, wanted)
    elif app.is_looked_at:
        await _choose_book(frame, wanted, found)


async def open_another(frame: Frame, wanted: BookFor) -> None:
    """Offer what there is, whatever is open for it already."""
    found = await _found_for(frame.console_app, wanted)
    if found is None:
        frame.say(NOT_UP, warning=True)
    elif frame.console_app.is_looked_at:
        await _choose_book(frame, wanted, found)


async def open_named(frame: Frame, name: str, wanted: BookFor) -> None:
    """Open the runbook of that name, filled in from what it is wanted for.

    Where it is worked through already for something else, or for nothing, that is offered.
    """
    app = frame.console_app
    name = _whole(name, app.book_names)
    same = [run for run in _runs(app).open if run.runbook.name == name]
    about = {run.id for run in wanted.runs_of(_runs(app))}
    mine = [run for run in same if run.id in about]
    if mine:
        show_run(app, mine[0].id)
    elif same:
        title = f"{visible(name, cells=40)} is open already"
        if await _choose_run(app, same, title, another=True):
            await begin(app, name, wanted)
    else:
        await begin(app, name, wanted)


def _whole(typed: str, names: Sequence[str]) -> str:
    """The only name that begins with what was typed; what was typed, where there is no such."""
    begun = [name for name in names if name.startswith(typed)]
    return begun[0] if len(begun) == 1 and typed not in names else typed


async def begin(app: OncallApp, name: str, wanted: BookFor) -> None:
    """Begin a run of the runbook of that name, and go there."""
    future = app.engine.ask(
        lambda engine: engine.runs.begin(
            name,
            wanted.known,
            wanted.service,
            None,
            change=wanted.change,
            incident=wanted.incident,
        )
    )
    if future is None:
        app.say(NOT_UP, warning=True)
        return
    run = await asyncio.wrap_future(future)
    if isinstance(run, str):
        app.say(run, warning=True)
    elif app.is_looked_at:
        show_run(app, run.id)
    else:
        app.say(f"{visible(run.runbook.name, cells=40)} is open now: 3, then tab")


def show_run(app: OncallApp, run_id: str) -> None:
    """Go to a run that is open."""
    from screens.run import open_run  # late: nobody opens one at once

    open_run(app, run_id)


# What there is


class _Found(msgspec.Struct, frozen=True):
    """What there is for what a runbook is wanted for."""

    offered: tuple[Candidate, ...]
    shelf: tuple[Shelved, ...]
    past: tuple[PastRun, ...]
    """Those that belong to its document, the newest first."""


async def _found_for(app: OncallApp, wanted: BookFor) -> _Found | None:
    async def ask(engine: Engine) -> _Found:
        shelf = await engine.runs.shelf()
        known, document = wanted.known, wanted.document
        mine = () if known is None else await engine.runs.candidates(known)
        past = await engine.runs.past() if document else ()
        of_it = tuple(run for run in past if document in (run.incident, run.change))
        return _Found(offered_for(wanted, mine, shelf), shelf, of_it)

    future = app.engine.ask(ask)
    if future is None:
        return None
    return await asyncio.wrap_future(future)


def offered_for(
    wanted: BookFor, mine: Sequence[Candidate], shelf: Sequence[Shelved]
) -> tuple[Candidate, ...]:
    """Every runbook that may help, the likeliest first, each once with its best reason.

    Args:
        mine: those for its alert, in their order.
    """
    names = {book.key for book in shelf}
    by_kind = [
        Candidate(Raw(name), _WHY_NAMED.get(name, _PLANNED), name in names)
        for name in (_on_shelf(one, names) for one in wanted.named)
        if name in names or name not in _WHY_NAMED
    ]
    of_service = [
        Candidate(book.name, "for this service", True)
        for book in shelf
        if wanted.service and wanted.service in book.services
    ]
    found: dict[str, Candidate] = {}
    for one in (*by_kind, *mine, *of_service):
        found.setdefault(one.key, one)
    return tuple(found.values())


def _on_shelf(name: str, names: Collection[str]) -> str:
    """As the library calls what somebody wrote down by hand: `Cache down`."""
    slug = slug_of(name)
    return name if name in names else next((one for one in names if slug_of(one) == slug), name)


# What is offered


async def _choose_book(frame: Frame, wanted: BookFor, found: _Found) -> None:
    app = frame.console_app
    past = found.past[:PAST]
    shown = found.offered[: MOST - WAYS_ON - len(past)]
    now = app.clock.now().wall
    offers = [_past_offer(run, now) for run in past]
    offers += [book_offer(one, wanted, found.shelf, now) for one in shown]
    folders = app.opened.loaded.settings.runbooks.folders
    where = f"in {visible(folders[0], cells=50)}" if len(folders) == 1 else "in a folder of yours"
    offers.append(Offer("another one", "choose from the library"))
    offers.append(
        Offer("begin a new one", f"{where}, filled in from the alert", why_no_scaffold(app))
    )
    left = len(found.offered) - len(shown)
    note = f"and {left} more, in the library" if left else ""
    there = any(one.on_shelf for one in shown)
    title = f"runbooks for {wanted.title}" if there else f"no runbook for {wanted.title}"
    at = await app.push_screen_wait(Chooser(visible(title, cells=70), offers, note=note))
    if at is None:
        return
    book = at - len(past)
    if book < 0:
        await show_transcript(app, past[at].path, past[at].id)
    elif book < len(shown):
        going = wanted.runs_of(_runs(app))
        same = next((run for run in going if run.runbook.name == shown[book].key), None)
        if same is not None:
            show_run(app, same.id)
        else:
            await begin(app, shown[book].key, wanted)
    elif book == len(shown):
        from screens.books import BooksScreen  # late: it needs this one too

        app.push_screen(BooksScreen(wanted))
    else:
        await begin_book(frame, wanted)


def _past_offer(run: PastRun, now: datetime) -> Offer:
    word, _ = ended_word(run)
    age = age_text(now - (run.ended or run.began), coarse=True)
    name = visible(run.runbook, cells=40)
    said = f"{name}, {visible(run.who, cells=40)} {age} ago: {word}"
    return Offer(f"read {visible(run.id, cells=40)}", said)


def book_offer(one: Candidate, wanted: BookFor, shelf: Sequence[Shelved], now: datetime) -> Offer:
    """A runbook with its reason and how it has done; where it is not here, where it is."""
    if not one.on_shelf:
        url = "" if wanted.known is None else address_of(wanted)
        at = f", it is at {url}: o follows it" if url else ""
        return Offer(one.name, why_not=f"{one.why}; it is not in the library{at}")
    book = next((book for book in shelf if book.name == one.name), None)
    health = "" if book is None else f"; {short_text(book, now)}"
    stale = "; stale" if book is not None and book.is_stale else ""
    return Offer(one.name, f"{one.why}{health}{stale}")


def address_of(wanted: BookFor) -> str:
    """Where the runbook is that the alert names; safe to show."""
    known = wanted.known
    if known is None:
        return ""
    return visible(known.alert.annotations.value_of("runbook_url") or "", cells=120)


async def _choose_run(app: OncallApp, going: Sequence[Run], title: str, *, another: bool) -> bool:
    """Offer to go on with one of `going`; whether another one is to be begun."""
    now = app.clock.now().wall
    shown = tuple(going[: MOST - 1])
    offers = [Offer(f"go on with {run.id}", _run_words(run, now)) for run in shown]
    if another:
        offers.append(Offer("begin another run"))
    left = len(going) - len(shown)
    note = f"and {many(left, 'more run')}: 3, then tab" if left else ""
    at = await app.push_screen_wait(Chooser(visible(title, cells=70), offers, note=note))
    if at is not None and at < len(shown):
        show_run(app, shown[at].id)
        return False
    return at is not None


def _run_words(run: Run, now: datetime) -> str:
    about = run.subject or "about nothing in particular"
    age = age_text(now - run.began, coarse=True)
    return f"{about}; {states_text(run)}; {visible(run.who, cells=40)}, {age} ago"


def _runs(app: OncallApp) -> Runs:
    return Runs() if app.fresh is None else app.fresh.runs
