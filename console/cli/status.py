"""`oncall status`: one screen of text, and an exit code for scripts."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator

import click

from console.cli.alerts import row_table, storm_line
from console.cli.chosen import Chosen, source_options
from console.cli.document import sick, states, status_document
from console.cli.fleet import score_text
from console.cli.once import ascii_wanted, filter_or_exit, look, output_options
from console.cli.sources import says
from console.cli.table import Cell, Ink, Paper, paper_for, put
from console.model.failure import FailureKind
from console.model.snapshot import Snapshot, SourceKind, Standing
from console.model.state import Priority, State
from console.model.update import Update
from console.model.words import age_text, count_text
from console.model.worklist import Counts, Row, RowKind
from console.safety.jsontext import json_text
from console.triage.filter import Filter

KEPT_LINES = 3
"""Of the screen: the prompt before, the prompt after, and the line that says what is left."""


class Verdict(enum.StrEnum):
    """What the exit code says."""

    OK = "ok"
    FIRING = "firing"
    NOT_KNOWN = "not known"

    @property
    def exit_code(self) -> int:
        """1 firing, 3 not known, 0 all well. 2 is a wrong command line or wrong settings."""
        return {Verdict.OK: 0, Verdict.FIRING: 1, Verdict.NOT_KNOWN: 3}[self]


@click.command()
@output_options
@source_options
def status(as_json: bool, filter_text: str, chosen: Chosen) -> None:
    """One screen of text.

    Exit code 1: something fires that nobody silenced. 3: nothing fires, and something is not
    known. 0: all is well, and that is proven. The filter narrows what is listed and what is
    judged.
    """
    kept = filter_or_exit(filter_text)
    looked = look(chosen)
    update = looked.update
    rows = [row for row in update.worklist.rows if kept.matches_row(row)]
    verdict = verdict_of(update, kept)
    if as_json:
        put(json_text(status_document(update, filter_text, rows, verdict.value)))
    else:
        paper = paper_for(ascii_wanted(looked.loaded, chosen))
        put("\n".join(_screen(update, rows, verdict, paper)))
    sys.exit(verdict.exit_code)


def verdict_of(update: Update, kept: Filter) -> Verdict:
    """Whether something fires, else whether something is not known, of what the filter keeps."""
    snapshot, worklist = update.snapshot, update.worklist
    every = (*worklist.rows, *worklist.old)
    # What an incident asks for says nothing about what is watched.
    rows = [row for row in every if row.kind is not RowKind.OWED and kept.matches_row(row)]
    cells = [cell for cell in snapshot.cells if kept.matches_cell(cell)]
    hushed = {known.key for known in snapshot.alerts if known.standing is not Standing.FIRING}
    # The row of kind OLD only stands for those in `old`, which are judged themselves.
    for row in rows:
        if (
            row.kind is not RowKind.OLD
            and row.state is State.FIRING
            and row.standing is Standing.FIRING
        ):
            return Verdict.FIRING
    for cell in cells:
        only_hushed = bool(cell.alerts) and hushed.issuperset(cell.alerts)
        if cell.state is State.FIRING and not only_hushed:
            return Verdict.FIRING
    # A sick source is in nobody's filter: what it would have said is not known.
    if sick(snapshot) or not snapshot.complete:
        return Verdict.NOT_KNOWN
    if any(badge.is_row for badge in snapshot.badges):
        return Verdict.NOT_KNOWN
    if _part_fails(snapshot) or _nothing_is_watched(snapshot):
        return Verdict.NOT_KNOWN
    unproven = (State.UNKNOWN, State.STALE, State.LOST)
    if any(row.state in unproven for row in rows) or any(cell.state in unproven for cell in cells):
        return Verdict.NOT_KNOWN
    return Verdict.OK


def _part_fails(snapshot: Snapshot) -> bool:
    """A Prometheus that tells its alerts, and not its rules or targets although it has some."""
    return any(
        failure.kind is not FailureKind.NOT_SERVED
        for source in snapshot.whole_sources
        if source.kind is SourceKind.PROMETHEUS
        for failure in source.failures
    )


def _nothing_is_watched(snapshot: Snapshot) -> bool:
    """No Alertmanager, no rule, no service: that nothing fires there proves nothing."""
    return not (
        snapshot.cells
        or any(known.rules for known in snapshot.rules)
        or any(source.kind is SourceKind.ALERTMANAGER for source in snapshot.sources)
    )


def _screen(update: Update, rows: list[Row], verdict: Verdict, paper: Paper) -> list[str]:
    snapshot, worklist = update.snapshot, update.worklist
    lines = [_title(snapshot, verdict, paper), *_sources(snapshot, paper)]
    lines += [paper.line(Cell("! ", "yellow"), badge.text) for badge in snapshot.badges]
    lines.append(paper.line(*_counts(worklist.counts)))
    lines += [paper.line(said) for said in _services(snapshot)]
    if worklist.storm is not None:
        lines.append(storm_line(worklist, paper))
    lines.append("")
    room = max(1, paper.lines - KEPT_LINES - len(lines) - 1)
    lines += row_table(rows[:room], worklist.at, paper) or ["nothing to work on"]
    if len(rows) > room:
        left, total = count_text(len(rows) - room), count_text(len(rows))
        lines.append(paper.line(f"{left} of {total} rows more: oncall alerts"))
    return lines


def _title(snapshot: Snapshot, verdict: Verdict, paper: Paper) -> str:
    word = {
        Verdict.OK: paper.state(State.OK),
        Verdict.FIRING: paper.state(State.FIRING),
        Verdict.NOT_KNOWN: paper.state(State.UNKNOWN, "NOT KNOWN"),
    }[verdict]
    at = f"{snapshot.at.wall:%Y-%m-%d %H:%M:%S} UTC"
    return paper.line(word, "  ", Cell(snapshot.environment, "bold"), f"  {at}")


def _sources(snapshot: Snapshot, paper: Paper) -> Iterator[str]:
    unwell = sick(snapshot)
    total = len(snapshot.whole_sources)
    if total and len(unwell) == total:
        yield paper.line(Cell("no source answers", "red"))
    else:
        yield paper.line(f"sources   {total - len(unwell)} of {total} healthy")
    for source in snapshot.whole_sources:
        if source.state is State.OK and not source.degraded:
            continue
        since = ""
        if source.failing_since is not None:
            since = f", since {age_text(snapshot.at.wall - source.failing_since)}"
        said = says(source) or "no answer yet"
        yield paper.line("  ", paper.state(source.state), f"  {source.name}{since}: {said}")


def _counts(counts: Counts) -> Iterator[Cell | str]:
    for priority in Priority:
        count = counts.by_priority[priority]
        ink: Ink = "bold" if count.total else "dim"
        if priority is Priority.P0 and count.total:
            ink = "red"
        number = count_text(count.total) if count.total or counts.known else "?"
        yield Cell(f"{priority} {number}", ink)
        parts = ((count.new, "new"), (count.acked, "acked"), (count.old, "old"))
        more = ", ".join(f"{count_text(part)} {word}" for part, word in parts if part)
        yield f" ({more})   " if more else "   "
    hushed = (
        (counts.silenced, "silenced"),
        (counts.inhibited, "inhibited"),
        (counts.muted, "muted"),
        (counts.pending, "pending"),
        (counts.lost, "lost"),
        (counts.stale, "stale"),
        (counts.resolved, "resolved"),
    )
    yield ", ".join(f"{count_text(number)} {word}" for number, word in hushed if number)


def _services(snapshot: Snapshot) -> Iterator[str]:
    by_state = states(snapshot.cells)
    said = ", ".join(f"{count_text(count)} {state}" for state, count in by_state.items() if count)
    yield f"services  {said or 'none is known'}"
    if said:
        yield f"          {score_text(snapshot.score)}"
