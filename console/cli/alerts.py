"""`oncall alerts`: the worklist as text or JSON."""

from __future__ import annotations

from collections.abc import Sequence

import click

from console.cli.chosen import Chosen, source_options
from console.cli.document import alerts_document
from console.cli.once import ascii_wanted, filter_or_exit, look, output_options
from console.cli.table import Cell, Column, Ink, Paper, paper_for, put
from console.model.snapshot import Standing
from console.model.state import Priority, State
from console.model.words import age_text, count_text, countdown_text
from console.model.worklist import Row, RowKind, Step, Worklist
from console.safety.clock import Instant
from console.safety.jsontext import json_text

COLUMNS = (
    Column("P"),
    Column("NEXT STEP"),
    Column("STATE"),
    Column("ALERT", least=12),
    Column("ON", least=8),
    Column("FOR", "right"),
    Column("OWNER", least=5),
    Column("SUMMARY", least=10),
)
_PRIORITY_INKS: dict[Priority, Ink] = {Priority.P0: "red", Priority.P1: "yellow"}


@click.command()
@click.option("--old", is_flag=True, help="List what is folded for its age too.")
@output_options
@source_options
def alerts(old: bool, as_json: bool, filter_text: str, chosen: Chosen) -> None:
    """What fires, in the order in which to work on it.

    One line a row of the console's triage: an alert, a group of alerts, a failing health
    check, a sick source, what an incident still asks for.
    """
    kept = filter_or_exit(filter_text)
    looked = look(chosen)
    worklist = looked.update.worklist
    rows = [row for row in worklist.rows if kept.matches_row(row)]
    folded = [row for row in worklist.old if kept.matches_row(row)]
    if as_json:
        put(json_text(alerts_document(looked.update, filter_text, rows, folded)))
        return
    paper = paper_for(ascii_wanted(looked.loaded, chosen))
    lines = [storm_line(worklist, paper)] if worklist.storm else []
    lines += row_table(rows + (folded if old else []), worklist.at, paper)
    if not rows:
        lines = ["no row matches the filter" if filter_text else "nothing to work on"]
    if folded and not old:
        lines.append(f"{count_text(len(folded))} older rows are folded: oncall alerts --old")
    put("\n".join(lines))


def row_table(rows: Sequence[Row], now: Instant, paper: Paper) -> list[str]:
    """The rows as lines of a table; no line where there are no rows."""
    return paper.table(COLUMNS, [_cells(row, now, paper) for row in rows]) if rows else []


def storm_line(worklist: Worklist, paper: Paper) -> str:
    """What is said of a storm; empty where there is none."""
    storm = worklist.storm
    if storm is None:
        return ""
    trend = "falling" if storm.falling else "going on"
    alerts, rows = count_text(storm.alerts), count_text(storm.rows)
    since = f"{storm.since:%H:%M:%S} UTC"
    said = f"{alerts} alerts = {rows} rows since {since}, +{storm.new_per_minute}/min, {trend}"
    parts: list[Cell | str] = [Cell("STORM", "red"), f" {said}"]
    if storm.suspects:
        best = storm.suspects[0]
        share = f" on {count_text(best.inside)} of {count_text(best.storm_total)}"
        parts += [f"; {best.name}=", Cell(best.value), share]
    return paper.line(*parts)


def _cells(row: Row, now: Instant, paper: Paper) -> list[Cell]:
    quiet: Ink = "dim" if row.standing is not Standing.FIRING else ""
    return [
        Cell(str(row.priority), quiet or _PRIORITY_INKS.get(row.priority, "")),
        _next_step(row, now, quiet),
        _state(row, paper),
        Cell(row.title, quiet),
        Cell(row.where, quiet),
        Cell(age_text(now.wall - row.since), quiet),
        Cell("-" if row.acked_by is None else row.acked_by, quiet),
        Cell(row.summary, quiet),
    ]


def _next_step(row: Row, now: Instant, quiet: Ink) -> Cell:
    if row.clocks is None or row.step is Step.NONE:
        return Cell("--", quiet)
    left = row.clocks.due - now.wall
    late = row.clocks.breached(now.wall)
    return Cell(f"{row.step.value} {countdown_text(left)}", quiet or ("red" if late else ""))


def _state(row: Row, paper: Paper) -> Cell:
    if row.kind is RowKind.OLD:
        return Cell("folded", "dim")
    if row.kind is RowKind.OWED:
        return Cell("# owed", "dim")
    if row.standing is not Standing.FIRING:
        return Cell(f"{'-' if paper.ascii_only else '·'} {row.standing.value}", "dim")
    return paper.state(row.state, "" if row.state is not State.OK else "ok")
