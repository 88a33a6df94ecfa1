"""A document as text in the person's own editor: read, edited, and written back as one commit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from console.model.acting import Ended, Outcome
from console.model.paper_wish import RewritePaper
from console.model.papers import Clash, Sheet
from console.safety.text import visible
from screens.differences import pieces
from widgets.detail import Paragraph
from widgets.dialog import Overlay
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.app import OncallApp

MINE: Final = "<<<<<<< mine"
BETWEEN: Final = "======="
THEIRS: Final = ">>>>>>> theirs"
UP_TO: Final = 3
"""Versions that are brought together in one go, before it goes back to where it came from."""
_NOWHERE: Final = (Ended.DENIED, Ended.FAILED)
"""What was written is not in the journal."""


async def edit_document(app: OncallApp, path: str, document_id: str) -> None:
    """Have the person edit the file at `path`, and write what they saved. Call it in a worker."""
    sheet = await sheet_of(app, path)
    edited = None if sheet is None else _edited(app, sheet.content, path)
    if sheet is None or edited is None:
        return
    outcome = await app.wishes.submit(RewritePaper(sheet, edited, document_id), (document_id,))
    if outcome.clash is not None:
        await _clashed(app, outcome.clash, document_id)
    elif outcome.ended in _NOWHERE:
        _lost(app, outcome, edited, path)


def _lost(app: OncallApp, outcome: Outcome, content: bytes, path: str) -> None:
    """Say why what they wrote is not in the journal, and where it is."""
    where = f"what you wrote {_kept(content, path)}"
    app.say(where, warning=True)
    if not outcome.details:  # else the reasons stand over the screen already
        lines = (Paragraph(outcome.text, Ink.WARNING), Paragraph(where))
        app.push_screen(Overlay((("not in the journal", Ink.WARNING),), lines))


def _kept(content: bytes, path: str) -> str:
    from screens.editor import keep_text  # late: only who lost something needs it

    id_alone = "-".join(path.rpartition("/")[2].removesuffix(".md").split("-")[:3])
    return keep_text(content, f"{id_alone}.md")  # short: it has to be read in one line


async def sheet_of(app: OncallApp, path: str) -> Sheet | None:
    """The file as it stands; `None` where it cannot be read, which is said."""
    future = app.engine.ask(lambda engine: engine.papers.sheet(path))
    if future is None:
        app.say("the engine is not up yet", warning=True)
        return None
    sheet = await asyncio.wrap_future(future)
    if isinstance(sheet, Sheet):
        return sheet
    app.say(f"it cannot be read: {visible(str(sheet), cells=200)}", warning=True)
    return None


async def _clashed(app: OncallApp, clash: Clash, document_id: str) -> None:
    """Both versions, until one of them, or both together, stand in the journal."""
    from screens import clash as clashes

    for _ in range(UP_TO):
        why_not = "it was edited as text: bring both together in the editor"
        answer = await clashes.open_clash(app, clash, why_not_merge=why_not)
        if answer == clashes.THEIRS:
            app.say(f"theirs stands; yours {_kept(clash.mine.content, clash.mine.path)}")
            return
        if answer != clashes.EDITOR:
            continue
        outcome = await settle_in_editor(app, clash, document_id)
        if outcome is not None and outcome.clash is None:
            return
        clash = clash if outcome is None or outcome.clash is None else outcome.clash
    app.say(
        f"not written; what you wrote {_kept(clash.mine.content, clash.mine.path)}", warning=True
    )


async def settle_in_editor(app: OncallApp, clash: Clash, document_id: str) -> Outcome | None:
    """Both versions in the editor, with conflict marks; `None` where nothing was sent."""
    both = conflicted(clash.theirs.content, clash.mine.content)
    edited = _edited(app, both, clash.theirs.path or clash.mine.path)
    if edited is None:
        return None
    if any(line in edited.decode("utf-8", "replace").splitlines() for line in (MINE, THEIRS)):
        kept = _kept(edited, clash.mine.path)
        app.say(f"conflict marks stand in it still: not written; it {kept}", warning=True)
        return None
    outcome = await app.wishes.submit(
        RewritePaper(clash.theirs, edited, document_id), (document_id,)
    )
    if outcome.clash is None and outcome.ended in _NOWHERE:
        _lost(app, outcome, edited, clash.mine.path)
    return outcome


def conflicted(theirs: bytes, mine: bytes) -> bytes:
    """Both versions in one text: what they share once, and what differs between marks."""
    lines: list[str] = []
    for piece in pieces(theirs, mine):
        if piece.same:
            lines += piece.mine
        else:
            lines += [MINE, *piece.mine, BETWEEN, *piece.theirs, THEIRS]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _edited(app: OncallApp, content: bytes, path: str) -> bytes | None:
    from screens.editor import edit_text  # late: only who asks for it needs it

    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        app.say(f"it is not UTF-8 at byte {error.start + 1}: edit the file itself", warning=True)
        return None
    edited = edit_text(app, text, path.rpartition("/")[2] or "document.md")
    return None if edited is None else edited.encode("utf-8")
