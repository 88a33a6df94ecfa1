"""What the commands of the journal share: reading it, and finding a document in it.

It needs no source, no network and no HTTP client.
"""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from config.identity import identity_of
from config.load import Loaded
from console.cli.acting import EXIT_NOTHING
from console.cli.chosen import EXIT_FAILED, EXIT_USAGE, Chosen, narrate, settings_or_exit
from console.cli.document import SCHEMA_VERSION
from console.cli.once import state_of
from console.engine.papers import NO_FOLDER, PapersDesk
from console.journal.errors import JournalFault
from console.journal.ids import ID
from console.model.change_rules import Surroundings, around_of
from console.model.papers import ChangePaper, IncidentPaper, JournalState, Papers, Sheet
from console.model.update import Update
from console.model.words import many
from console.safety.clock import SystemClock
from console.safety.text import visible

R = TypeVar("R")
P = TypeVar("P", bound=IncidentPaper | ChangePaper)

TRY_AGAIN: Final = "somebody changed it meanwhile, and nothing was written: try again"
_LISTED: Final = 12


class Stop(Exception):  # noqa: N818 - an end with words, as a person's typing fault is one
    """The command ends here; its lines are safe to show."""

    def __init__(self, code: int, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.code = code
        self.lines = lines


class Reading(msgspec.Struct, frozen=True):
    """The journal as it stands, and who reads it."""

    loaded: Loaded
    desk: PapersDesk
    papers: Papers
    now: datetime
    who: str
    verified: bool
    update: Update | None = None
    """What the sources said, where they were asked."""

    @property
    def around(self) -> Surroundings:
        """What a change is judged by, beside itself."""
        return around_of(self.papers)


class PaperDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What every document about the journal begins with."""

    schema_version: int = SCHEMA_VERSION
    environment: str
    at: datetime


# Reading.


def read_journal(
    chosen: Chosen, then: Callable[[Reading], Awaitable[R]], *, even_faulty: bool = False
) -> R:
    """What `then` makes of the journal; ends the process with a sentence where it is no use."""
    loaded = settings_or_exit(chosen)

    async def read() -> R:
        return await then(await reading_of(loaded, even_faulty=even_faulty))

    return run_or_exit(read())


async def reading_of(loaded: Loaded, *, even_faulty: bool = False) -> Reading:
    """The journal as it stands; where there is none, none is made.

    Raises:
        Stop: it cannot be read, and `even_faulty` is not said.
    """
    state, notice = state_of(loaded)
    clock = SystemClock()
    desk = PapersDesk(
        clock=clock,
        folder=None if state is None else state.folder,
        loaded=lambda: loaded,
        hands=None,
        events=tuple,
        news=lambda: None,
    )
    if desk.home is None:
        raise Stop(EXIT_FAILED, notice, str(NO_FOLDER))
    papers = await desk.look()
    status = papers.status
    if status.state is JournalState.FAULT and not even_faulty:
        said = f"{status.cause} (expected {status.expected}; {status.remedy})"
        raise Stop(EXIT_FAILED, f"the journal cannot be read: {said}")
    me = identity_of(loaded.settings, getpass.getuser())
    return Reading(loaded, desk, papers, clock.now().wall, me.name, me.verified)


def run_or_exit(doing: Coroutine[Any, Any, R]) -> R:
    """What comes of `doing`; ends the process where it says `Stop`."""
    try:
        return asyncio.run(doing)
    except Stop as stop:
        narrate(*(line for line in stop.lines if line))
        sys.exit(stop.code)


def tell_broken(papers: Papers) -> None:
    """Say which files are missing from what is printed."""
    if papers.broken:
        stand = "is no document" if len(papers.broken) == 1 else "are no documents"
        files = many(len(papers.broken), "file")
        narrate(f"{files} of the journal {stand}: oncall journal verify tells which and why")


# Finding a document.


def chosen_incident(reading: Reading, word: str) -> IncidentPaper:
    """The incident that `word` names: an id, or the end of one behind its last `-`.

    Raises:
        Stop: there is none, or more than one.
    """
    papers = reading.papers
    return _the_one(papers.incidents, [one.incident.id for one in papers.incidents], word, reading)


def chosen_change(reading: Reading, word: str) -> ChangePaper:
    """As `chosen_incident`, of a change.

    Raises:
        Stop: there is none, or more than one.
    """
    papers = reading.papers
    return _the_one(papers.changes, [one.change.id for one in papers.changes], word, reading)


def ongoing_incident(reading: Reading) -> IncidentPaper:
    """The only incident that goes on.

    Raises:
        Stop: there is none, or more than one.
    """
    ongoing = [one for one in reading.papers.incidents if one.incident.is_ongoing]
    if len(ongoing) == 1:
        return ongoing[0]
    if not ongoing:
        raise Stop(EXIT_NOTHING, "no incident goes on now: name one by its id")
    named = (f"  {one.incident.id}  {_shown(one.incident.title)}" for one in ongoing)
    raise Stop(EXIT_USAGE, f"{len(ongoing)} incidents go on now: name one by its id", *named)


def is_id(word: str) -> bool:
    """Whether `word` is written as an id is."""
    return ID.fullmatch(word) is not None


def _the_one(known: tuple[P, ...], ids: list[str], word: str, reading: Reading) -> P:
    pairs = list(zip(ids, known, strict=True))
    found = [pair for pair in pairs if pair[0] == word]
    found = found or [pair for pair in pairs if word and pair[0].endswith(f"-{word}")]
    if len(found) == 1:
        return found[0][1]
    asked = _shown(word)
    if len(found) > 1:
        listed = ", ".join(each for each, _ in found[:_LISTED])
        raise Stop(EXIT_USAGE, f"{asked} is the end of several ids: {listed}")
    for one in reading.papers.broken:
        if word and word in one.path:
            raise Stop(EXIT_FAILED, f"{asked} cannot be read:", *one.faults)
    there = ", ".join(ids[:_LISTED]) or "none at all"
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    raise Stop(EXIT_NOTHING, f"there is no {asked}; there are: {there}{more}")


def require_whole(paper: P) -> P:
    """`paper`, if a person has nothing to mend in its file.

    Raises:
        Stop: with every fault.
    """
    if paper.faults:
        raise Stop(EXIT_FAILED, "it has to be mended first:", *paper.faults)
    return paper


async def sheet_of(reading: Reading, paper: IncidentPaper | ChangePaper) -> Sheet:
    """The file of `paper` exactly as it was read.

    Raises:
        Stop: it has faults, cannot be read, or is another one by now.
    """
    require_whole(paper)
    sheet = await reading.desk.sheet(paper.path)
    if isinstance(sheet, JournalFault):
        raise Stop(EXIT_FAILED, str(sheet))
    if sheet.blob != paper.blob:
        raise Stop(EXIT_FAILED, TRY_AGAIN)
    return sheet


def _shown(text: str) -> str:
    return visible(text, cells=80)
