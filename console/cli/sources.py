"""`oncall sources`: whom the console asks, and how that goes, as text or JSON."""

from __future__ import annotations

import click

from console.cli.chosen import Chosen, source_options
from console.cli.document import sources_document
from console.cli.once import ascii_wanted, filter_or_exit, look, output_options
from console.cli.table import Cell, Column, Paper, paper_for, put
from console.model.snapshot import Snapshot, SourceHealth
from console.model.words import age_text
from console.safety.jsontext import json_text

COLUMNS = (
    Column("STATE"),
    Column("SOURCE", least=10),
    Column("KIND"),
    Column("AGE", "right"),
    Column("VERSION", least=6),
    Column("AT", least=10),
    Column("SAYS", least=20),
)


@click.command()
@output_options
@source_options
def sources(as_json: bool, filter_text: str, chosen: Chosen) -> None:
    """Every source, its age and its error, with the curl that repeats the request."""
    kept = filter_or_exit(filter_text)
    looked = look(chosen)
    snapshot = looked.update.snapshot
    found = tuple(source for source in snapshot.sources if kept.matches_source(source))
    if as_json:
        put(json_text(sources_document(snapshot, filter_text, found)))
        return
    paper = paper_for(ascii_wanted(looked.loaded, chosen))
    lines = []
    if found:
        rows = [_cells(source, snapshot, paper) for source in found]
        lines += paper.table(COLUMNS, rows)
    else:
        lines.append("no source matches the filter" if filter_text else "no source is set")
    lines += [paper.line(Cell("! ", "yellow"), badge.text) for badge in snapshot.badges]
    for source in found:
        lines += failure_lines(source, paper)
    put("\n".join(lines))


def age_of(source: SourceHealth, snapshot: Snapshot) -> str:
    """How old the source's last usable answer is; `never` where there is none."""
    if source.last_ok is None:
        return "never"
    return age_text(snapshot.at.since(source.last_ok))


def says(source: SourceHealth) -> str:
    """What is wrong with the source in one line; empty where nothing is."""
    if source.failures:
        return source.failures[0].cause
    return source.degraded


def failure_lines(source: SourceHealth, paper: Paper) -> list[str]:
    """For every failure: what was expected, what to do, and the request to repeat."""
    lines = []
    for failure in source.failures:
        title = Cell(f"{failure.source}, {failure.part}: ", "bold")
        lines += ["", paper.line(title, failure.cause)]
        lines += [
            paper.line(f"  {name:<9}", text)
            for name, text in (("expected", failure.expected), ("do", failure.remedy))
            if text
        ]
        if failure.curl:
            # Whole, whatever the width: it is there to be copied.
            lines.append(f"  {'repeat':<9}{failure.curl}")
    return lines


def _cells(source: SourceHealth, snapshot: Snapshot, paper: Paper) -> list[Cell]:
    return [
        paper.state(source.state),
        Cell(source.name),
        Cell(source.kind.value, "dim"),
        Cell(age_of(source, snapshot)),
        Cell("-" if source.version is None else source.version),
        Cell(source.url or "-"),
        Cell(says(source)),
    ]
