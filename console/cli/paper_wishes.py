"""Commands that write into the journal: one wish through the engine, and what came of it.

The sources are asked only where it makes or ends a silence, or is about alerts.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, NoReturn

import msgspec

from config.load import Loaded
from console.actions.decide import Facts, decide
from console.actions.papers.saying import what_of_paper
from console.actions.registry import action_by_id
from console.cli.acting import CODES, engine_with_hands, tell_of, with_sources
from console.cli.chosen import EXIT_FAILED, Chosen, narrate, settings_or_exit
from console.cli.outcome import OutcomeFacts, outcome_facts
from console.cli.papers import TRY_AGAIN, PaperDocument, Reading, reading_of, run_or_exit
from console.cli.table import put
from console.engine.papers import PapersDesk
from console.model.acting import Ended, Outcome
from console.model.paper_wish import PaperWish
from console.model.update import Update
from console.safety.jsontext import json_text
from console.safety.text import visible

INTERRUPTED: Final = (
    "interrupted: it may have been done or not; `oncall journal verify` shows what stands in no "
    "commit, and `oncall audit` what was meant"
)


class Meant(msgspec.Struct, frozen=True):
    """What a command is about to do."""

    wish: PaperWish
    refusals: tuple[str, ...] = ()
    """Why it would be refused, as far as that is known beforehand."""
    asks_sources: bool = False
    """It makes or ends a silence."""

    @property
    def would(self) -> str:
        """For `--dry-run`, safe to show."""
        return f"would write: {what_of_paper(self.wish)}"


class PaperOutcomeDocument(PaperDocument, frozen=True, kw_only=True):
    """What the commands that write into the journal print with `--json`."""

    dry_run: bool
    would: str
    refusals: tuple[str, ...]
    document: str
    """Its id; empty for a dry run of a new one, and where nothing was written."""
    path: str
    """Of the file."""
    outcome: OutcomeFacts | None
    """`null` for a dry run."""


Prepare = Callable[[Reading], Awaitable[Meant]]


def write_and_exit(
    chosen: Chosen,
    prepare: Prepare,
    *,
    dry_run: bool,
    as_json: bool,
    asks_first: bool = False,
    is_new: bool = False,
) -> NoReturn:
    """Submit what `prepare` makes of the journal, print what came of it, and end.

    Args:
        asks_first: the sources are asked before `prepare` is called.
        is_new: a document is made; its id and path are what is printed.
    """
    loaded = settings_or_exit(chosen)
    begun: list[Meant] = []
    try:
        came = run_or_exit(_written(loaded, chosen, prepare, begun, dry_run, asks_first))
    except KeyboardInterrupt:
        if begun and not dry_run:
            narrate(INTERRUPTED)
        raise
    if as_json:
        put(json_text(came.document(loaded.settings.environment, dry_run)))
    elif is_new and came.path:
        put(f"{came.id}  {visible(came.path)}")
        narrate(*came.said)
    else:
        put("\n".join(came.said))
    if came.outcome is None:
        sys.exit(EXIT_FAILED if came.refusals else 0)
    sys.exit(CODES[came.outcome.ended])


class _Came(msgspec.Struct, frozen=True):
    meant: Meant
    refusals: tuple[str, ...]
    at: datetime
    outcome: Outcome | None = None
    path: str = ""

    @property
    def id(self) -> str:
        return "" if self.outcome is None else self.outcome.document

    @property
    def said(self) -> tuple[str, ...]:
        if self.outcome is None:
            return (self.meant.would, *(f"it would be refused: {why}" for why in self.refusals))
        clash = (TRY_AGAIN,) if self.outcome.clash is not None else ()
        return (self.outcome.text, *self.outcome.details, *clash)

    def document(self, environment: str, dry_run: bool) -> PaperOutcomeDocument:
        return PaperOutcomeDocument(
            environment=environment,
            at=self.at,
            dry_run=dry_run,
            would=self.meant.would,
            refusals=self.refusals,
            document=self.id,
            path=self.path,
            outcome=None if self.outcome is None else outcome_facts(self.outcome),
        )


async def _written(
    loaded: Loaded,
    chosen: Chosen,
    prepare: Prepare,
    begun: list[Meant],
    dry_run: bool,
    asks_first: bool,
) -> _Came:
    reading = await reading_of(loaded)
    meant = None if asks_first else await prepare(reading)
    if dry_run and meant is not None:
        return _Came(meant, _refusals(meant, chosen), reading.now)
    engine = engine_with_hands(loaded, chosen)
    done: list[_Came] = []

    async def then(update: Update | None) -> None:
        seen = msgspec.structs.replace(reading, update=update)
        wanted = meant or await prepare(seen)
        if dry_run:
            done.append(_Came(wanted, _refusals(wanted, chosen), reading.now))
            return
        begun.append(wanted)
        outcome = await engine.acting.submit(wanted.wish)
        path = _path_of(engine.papers, outcome)
        done.append(_Came(wanted, (), reading.now, outcome, path))

    await with_sources(engine, then, asks=meant is None or meant.asks_sources)
    tell_of(engine)
    return done[0]


def _refusals(meant: Meant, chosen: Chosen) -> tuple[str, ...]:
    decision = decide(action_by_id(meant.wish.action), Facts(read_only=chosen.read_only))
    return (*decision.reasons, *meant.refusals)


def _path_of(desk: PapersDesk, outcome: Outcome) -> str:
    """The file that was written, as a path on this machine."""
    papers, home = desk.papers, desk.home
    found = papers.incident(outcome.document) or papers.change(outcome.document)
    if found is None or home is None or outcome.ended in (Ended.DENIED, Ended.FAILED):
        return ""
    return str(home / found.path)
