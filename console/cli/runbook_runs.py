"""`oncall runbook runs`: the runs that the journal has transcripts of."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from typing import Final

import click

from config.load import Loaded
from console.cli.acting import EXIT_NOTHING, duration_or_exit
from console.cli.chosen import EXIT_FAILED, EXIT_USAGE, Chosen, narrate, source_options
from console.cli.once import ascii_wanted, state_of
from console.cli.papers import Reading, Stop, read_journal
from console.cli.run_facts import PastDocument, past_facts
from console.cli.table import Cell, Column, paper_for, put
from console.engine.papers import PapersDesk
from console.journal.errors import JournalFault
from console.journal.ids import Kind
from console.journal.past_runs import RunShelf
from console.model.run import PastRun
from console.model.words import age_text, many
from console.runbook.matching import slug_of
from console.safety.clock import SystemClock
from console.safety.jsontext import json_text
from console.safety.text import Raw, visible

COLUMNS: Final = (
    Column("RUN"),
    Column("BEGAN (UTC)"),
    Column("TOOK", "right"),
    Column("CAME TO"),
    Column("RUNBOOK", least=12),
    Column("WHO", least=4),
    Column("ON", least=8),
)
SHOW: Final = "show"


@click.command()
@click.argument("words", nargs=-1, metavar="[NAME | show RUN-ID]")
@click.option("--since", metavar="30d", help="Only those that began within so long.")
@click.option("--search", default="", metavar="TEXT", help="Only those in which it stands.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def runs(
    chosen: Chosen, words: tuple[str, ...], since: str | None, search: str, as_json: bool
) -> None:
    """Past runs, of the runbook NAME or of all; `show RUN-ID` prints the transcript of one.

    1 where none is written down that matches.
    """
    if words[:1] == (SHOW,) and len(words) == 2:
        if since is not None or search or as_json:
            raise click.UsageError("show prints the transcript as it is: it takes no option")
        read_journal(chosen, lambda reading: _show(reading, words[1]))
        return
    if len(words) > 1:
        raise click.UsageError("expected one name of a runbook, or show RUN-ID")
    back = duration_or_exit(since, "--since")
    name = words[0] if words else ""

    async def then(reading: Reading) -> int:
        found = [
            one
            for one in await _past(reading)
            if (not name or one.runbook in (name, slug_of(name)))
            and (back is None or one.began >= reading.now - back)
        ]
        if search.strip():
            paths = await _paths_with(search, reading)
            found = [one for one in found if one.path in paths]
        if as_json:
            document = PastDocument(
                environment=reading.loaded.settings.environment,
                at=reading.now,
                runs=tuple(map(past_facts, found)),
            )
            put(json_text(document))
        elif found:
            paper = paper_for(ascii_wanted(reading.loaded, chosen))
            put("\n".join(paper.table(COLUMNS, list(map(_cells, found)))))
        else:
            put("no run is written down that matches")
        return 0 if found else EXIT_NOTHING

    sys.exit(read_journal(chosen, then))


def past_of(loaded: Loaded) -> tuple[PastRun, ...] | None:
    """The runs that the journal knows, the newest first; `None`: there is none to read.

    Nothing else of the journal is read: a list of runbooks is asked for in a hurry.
    """
    state, _ = state_of(loaded)
    desk = PapersDesk(
        clock=SystemClock(),
        folder=None if state is None else state.folder,
        loaded=lambda: loaded,
        hands=None,
        events=tuple,
        news=lambda: None,
    )
    if not desk.is_there:
        return None
    found = asyncio.run(_shelf_at(desk))
    if isinstance(found, JournalFault):
        narrate(f"how they have done is not known: the journal cannot be read: {found}")
        return None
    return found.runs


async def _shelf_at(desk: PapersDesk) -> RunShelf | JournalFault:
    bench = await desk.bench()
    return bench if isinstance(bench, JournalFault) else await bench.library.runs()


async def _past(reading: Reading) -> tuple[PastRun, ...]:
    if not reading.desk.is_there:
        return ()
    found = await _shelf_at(reading.desk)
    if isinstance(found, JournalFault):
        raise Stop(EXIT_FAILED, f"the journal cannot be read: {found}")
    for broken in found.broken:
        narrate(*broken.faults)
    if found.left_out:
        narrate(f"{many(found.left_out, 'older transcript')} left out")
    return found.runs


async def _paths_with(text: str, reading: Reading) -> frozenset[str]:
    found = await reading.desk.search(text)
    if isinstance(found, JournalFault):
        raise Stop(EXIT_FAILED, f"not searched: {found}")
    return frozenset(one.path for one in found)


async def _show(reading: Reading, word: str) -> None:
    past = await _past(reading)
    found = [one for one in past if one.id == word]
    found = found or [one for one in past if word and one.id.endswith(f"-{word}")]
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise Stop(EXIT_USAGE, f"{visible(word, cells=60)} is the end of several ids: {ids}")
    if not found:
        told = f"there is no run {visible(word, cells=60)}"
        if not word.startswith(Kind.RUN):
            told += "; `oncall runbook runs` has them all"
        raise Stop(EXIT_NOTHING, told)
    sheet = await reading.desk.sheet(found[0].path)
    if isinstance(sheet, JournalFault):
        raise Stop(EXIT_FAILED, str(sheet))
    put(visible(Raw(sheet.content.decode("utf-8", "replace")), lines=True))


def _cells(past: PastRun) -> list[Cell]:
    took = "-" if past.ended is None else age_text(max(past.ended - past.began, timedelta(0)))
    return [
        Cell(past.id, "bold"),
        Cell(f"{past.began:%Y-%m-%d %H:%M}"),
        Cell(took),
        Cell(_came_to(past), "green" if past.passed else "red"),
        Cell(Raw(past.runbook)),
        Cell(past.who),
        Cell(past.subject if past.subject else "-"),
    ]


def _came_to(past: PastRun) -> str:
    counts = dict(past.counts)
    bad = [f"{counts[state]} {state}" for state in ("failed", "unknown") if counts.get(state)]
    return ", ".join(bad) or ("passed" if past.passed else "-")
