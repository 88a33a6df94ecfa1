"""One document printed, or written into a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from console.cli.chosen import EXIT_FAILED, Chosen, narrate
from console.cli.papers import Reading, Stop, read_journal
from console.cli.table import put
from console.journal.errors import JournalFault
from console.journal.export import Export, exported
from console.model.papers import ChangePaper, IncidentPaper
from console.safety.files import FileError, write_atomic
from console.safety.text import visible


def show_and_exit(
    chosen: Chosen, find: Callable[[Reading], IncidentPaper | ChangePaper], *, as_json: bool
) -> None:
    """Print the document that `find` names: Markdown as it stands, or all that is known."""

    async def then(reading: Reading) -> None:
        paper = find(reading)
        told = await _exported(reading, paper)
        put(told.json if as_json else told.markdown.removesuffix("\n"))
        for fault in paper.faults:
            narrate(fault)

    read_journal(chosen, then)


def export_and_exit(
    chosen: Chosen,
    find: Callable[[Reading], IncidentPaper | ChangePaper],
    form: str,
    output: Path | None,
) -> None:
    """Write the document into the file `output`, or to stdout."""

    async def then(reading: Reading) -> None:
        told = await _exported(reading, find(reading))
        text = told.json if form == "json" else told.markdown.removesuffix("\n")
        if output is None:
            put(text)
            return
        try:
            content = f"{text}\n".encode("utf-8", "backslashreplace")
            await asyncio.to_thread(write_atomic, output, content)
        except FileError as error:
            raise Stop(EXIT_FAILED, visible(str(error))) from error
        narrate(f"written: {visible(str(output))}")

    read_journal(chosen, then)


async def _exported(reading: Reading, paper: IncidentPaper | ChangePaper) -> Export:
    bench = await reading.desk.bench()
    told = bench if isinstance(bench, JournalFault) else await exported(bench, paper)
    if isinstance(told, JournalFault):
        raise Stop(EXIT_FAILED, str(told))
    return told
