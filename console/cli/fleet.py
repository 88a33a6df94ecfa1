"""`oncall fleet`: every service and its state as text or JSON."""

from __future__ import annotations

from collections.abc import Sequence

import click

from console.cli.chosen import Chosen, source_options
from console.cli.document import fleet_document
from console.cli.once import ascii_wanted, filter_or_exit, look, output_options
from console.cli.table import Cell as Written
from console.cli.table import Column, Paper, paper_for, put
from console.model.snapshot import Cell, Score, Snapshot
from console.model.state import State
from console.model.words import age_text
from console.safety.jsontext import json_text

COLUMNS = (
    Column("STATE"),
    Column("SERVICE", least=10),
    Column("PLACE", least=8),
    Column("TYPE"),
    Column("AGE", "right"),
    Column("BECAUSE", least=20),
)


@click.command()
@click.option("--wrong", is_flag=True, help="Only services that are not OK.")
@output_options
@source_options
def fleet(wrong: bool, as_json: bool, filter_text: str, chosen: Chosen) -> None:
    """Services and their states, by the host or namespace where they live."""
    kept = filter_or_exit(filter_text)
    looked = look(chosen)
    snapshot = looked.update.snapshot
    cells = [
        cell
        for cell in snapshot.cells
        if kept.matches_cell(cell) and not (wrong and cell.state is State.OK)
    ]
    if as_json:
        put(json_text(fleet_document(snapshot, filter_text, cells)))
        return
    paper = paper_for(ascii_wanted(looked.loaded, chosen))
    lines = _table(cells, snapshot, paper)
    if not cells:
        lines = ["no service matches" if filter_text or wrong else "no service is known"]
    lines += ["", paper.line(score_text(snapshot.score))]
    put("\n".join(lines))


def score_text(score: Score) -> str:
    """The score with its formula."""
    if score.value is None:
        return "score not known: there is no service"
    return (
        f"score {score.value:.0f} of 100: {score.ok} of {score.total} OK,"
        f" critical {score.critical_ok} of {score.critical_total}, counted three times"
    )


def _table(cells: Sequence[Cell], snapshot: Snapshot, paper: Paper) -> list[str]:
    if not cells:
        return []
    ordered = sorted(cells, key=lambda cell: (cell.service.place, cell.service.name))
    return paper.table(
        COLUMNS,
        [
            [
                paper.state(cell.state),
                Written(cell.service.name + (" *" if cell.service.critical else "")),
                Written(cell.service.place),
                Written(cell.service.type.value, "dim"),
                Written(_age(cell, snapshot)),
                Written(cell.because),
            ]
            for cell in ordered
        ],
    )


def _age(cell: Cell, snapshot: Snapshot) -> str:
    if cell.as_of is None:
        return "never"
    return age_text(snapshot.at.since(cell.as_of))
