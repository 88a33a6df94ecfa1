"""The beginning of a runbook for an alert that has none: where it goes, and the editor on it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from console.actions.decide import Facts, decide
from console.actions.registry import action_by_id
from console.model.words import many
from console.safety.text import visible
from screens.acting import NOT_UP
from screens.book_for import BookFor
from screens.editor import edit_file
from widgets.chooser import MOST, Chooser, Offer

if TYPE_CHECKING:
    from screens.app import OncallApp
    from screens.frame import Frame

NO_FOLDER: Final = "no folder of yours: write `runbooks: {folders: [DIR]}` into oncall.yaml"


def why_no_scaffold(app: OncallApp) -> str:
    """Why none can be begun here; empty: one can."""
    if not app.opened.loaded.settings.runbooks.folders:
        return NO_FOLDER
    decision = decide(action_by_id("books.new"), Facts(read_only=app.opened.read_only))
    return decision.reasons[0] if decision.reasons else ""


async def begin_book(frame: Frame, wanted: BookFor) -> None:
    """Write the beginning of a runbook, and lend the terminal to an editor on it."""
    app = frame.console_app
    why_not = why_no_scaffold(app)
    if why_not:
        app.say(why_not, warning=True)
        return
    folder = await _folder(app)
    if folder is None:
        return
    future = app.engine.ask(lambda engine: engine.runs.scaffold(wanted.known, folder))
    if future is None:
        app.say(NOT_UP, warning=True)
        return
    path = await asyncio.wrap_future(future)
    if isinstance(path, str):
        app.say(f"not begun: {path}", warning=True)
        return
    fault = edit_file(app, path) if app.is_looked_at else "you went on to something else"
    app.engine.tell(lambda engine: engine.runs.reload())
    shown = visible(str(path), cells=120)
    if fault:
        app.say(f"begun in {shown}; not in the editor: {fault}", warning=True)
        return
    await _say_findings(app, path.stem, shown)


async def _folder(app: OncallApp) -> Path | None:
    """The only folder there is, else the one that is picked; the later wins, so it is first."""
    folders = tuple(reversed(app.opened.loaded.settings.runbooks.folders))
    if len(folders) == 1:
        return Path(folders[0])
    offers = [Offer(visible(one, cells=66)) for one in folders[:MOST]]
    note = "a runbook of a later folder stands in for one of the same name before it"
    at = await app.push_screen_wait(Chooser("in which folder?", offers, note=note))
    return None if at is None else Path(folders[at])


async def _say_findings(app: OncallApp, name: str, shown: str) -> None:
    future = app.engine.ask(lambda engine: engine.runs.findings(name))
    found = () if future is None else await asyncio.wrap_future(future)
    if isinstance(found, str):
        app.say(f"{shown}: {found}", warning=True)
    elif found:
        app.say(f"{shown}: {many(len(found), 'finding')}; 3, then l lists them", warning=True)
    else:
        app.say(f"{shown} is in the library, and lint finds nothing wrong with it")
