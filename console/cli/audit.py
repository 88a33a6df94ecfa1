"""`oncall audit`: what was done from here, by whom, and whether the record still holds."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click
import msgspec

from config.durations import EXPECTED, duration_of
from console.actions.audit.check import Checked, Place, check, records_of
from console.actions.audit.record import Phase, Record
from console.cli.chosen import (
    EXIT_FAILED,
    EXIT_USAGE,
    Chosen,
    narrate,
    settings_or_exit,
    source_options,
)
from console.cli.document import SCHEMA_VERSION, Document
from console.cli.once import ascii_wanted, filter_or_exit, output_options, state_of
from console.cli.table import Cell, Column, Ink, Paper, paper_for, put
from console.model.acting import Ended
from console.model.event import Event, EventKind
from console.model.words import count_text
from console.safety.clock import SystemClock
from console.safety.files import FileError
from console.safety.jsontext import json_text
from console.safety.text import visible
from console.triage.filter import Filter

EXIT_BROKEN: Final = 3
USUAL_LINES: Final = 50
SOON: Final = timedelta(minutes=1)
"""An effect that has no end after that was cut off, or is a shell that is still open."""
NO_END: Final = "no end recorded: may have been done"

COLUMNS = (
    Column("WHEN (UTC)"),
    Column("WHO", least=6),
    Column("ACTION"),
    Column("WHAT", least=20),
    Column("HOW IT ENDED", least=20),
)
_INKS: dict[Ended | None, Ink] = {
    Ended.DONE: "green",
    Ended.KEPT: "yellow",
    Ended.PARTLY: "yellow",
    Ended.DENIED: "dim",
    Ended.FAILED: "red",
    Ended.UNKNOWN: "magenta",
    None: "magenta",
}


class Deed(msgspec.Struct, frozen=True):
    """One effect: its two records. One of them may be missing."""

    intent: Record | None
    end: Record | None

    @property
    def first(self) -> Record:
        """The record that says when it was, and who did it."""
        found = self.intent or self.end
        assert found is not None, "a deed has one record at least"
        return found


class AuditDocument(Document, frozen=True, kw_only=True):
    """What `oncall audit --json` prints."""

    effects: tuple[Deed, ...]
    """The oldest first."""
    total: int
    """As many match; `-n` and the limit leave out the oldest."""
    unreadable_lines: int


class CheckDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `oncall audit --check --json` prints."""

    schema_version: int = SCHEMA_VERSION
    environment: str
    at: datetime
    ok: bool
    records: int
    files: int
    head: str
    torn: tuple[Place, ...]
    broken: Place | None
    came: str
    expected: str


@click.command()
@click.option("--check", "checks", is_flag=True, help="Walk the chain of hashes over all files.")
@click.option("--since", default="", metavar="2h", help="Only what began within that time.")
@click.option(
    "-n",
    "most",
    type=click.IntRange(min=0),
    default=USUAL_LINES,
    show_default=True,
    help="The latest N; 0 for all.",
)
@output_options
@source_options
def audit(
    checks: bool, since: str, most: int, as_json: bool, filter_text: str, chosen: Chosen
) -> None:
    """What was done from here: when, by whom, what, and how it ended.

    Everything that this user's consoles on this machine were about to do, in one environment,
    the latest last. No source is asked. With --check, 3 says that the record was changed.
    """
    wanted = filter_or_exit(filter_text)
    within = duration_of(since) if since else None
    if since and within is None:
        narrate(f"--since: expected {EXPECTED}")
        sys.exit(EXIT_USAGE)
    loaded = settings_or_exit(chosen)
    state, notice = state_of(loaded)
    if state is None:
        narrate(f"no audit can be read: {notice.partition(': ')[2]}")
        sys.exit(EXIT_FAILED)
    paper = paper_for(ascii_wanted(loaded, chosen))
    environment, now = loaded.settings.environment, SystemClock().now().wall
    try:
        if checks:
            sys.exit(_put_check(state.folder, environment, now, as_json, paper))
        records, unreadable = records_of(state.folder)
    except FileError as error:
        narrate(f"the audit cannot be read: {visible(str(error))}")
        sys.exit(EXIT_FAILED)
    since_at = None if within is None else now - within
    found = [deed for deed in deeds_of(records) if _is_wanted(deed, wanted, since_at)]
    shown = tuple(found[-most:] if most else found)
    if unreadable:
        lines = "1 line is no record" if unreadable == 1 else f"{unreadable} lines are no records"
        narrate(f"{lines}: oncall audit --check tells which")
    if as_json:
        document = AuditDocument(
            environment=environment,
            at=now,
            complete=True,
            filter=filter_text,
            effects=shown,
            total=len(found),
            unreadable_lines=unreadable,
        )
        put(json_text(document))
        return
    put("\n".join(_lines(shown, len(found), now, paper)))


def deeds_of(records: Iterable[Record]) -> tuple[Deed, ...]:
    """Every intent with its end, in the order in which they began."""
    found: dict[str, Deed] = {}
    for record in records:
        known = found.get(record.id, Deed(None, None))
        if record.phase is Phase.INTENT:
            found[record.id] = Deed(record, known.end)
        else:
            found[record.id] = Deed(known.intent, record)
    return tuple(sorted(found.values(), key=lambda deed: deed.first.at))


def _is_wanted(deed: Deed, wanted: Filter, since: datetime | None) -> bool:
    if since is not None and deed.first.at < since:
        return False
    first, end = deed.first, deed.end
    texts = [first.action, first.what, first.why, *first.subjects]
    if end is not None:
        texts += [end.ended or "", end.text, *end.details]
    said = "\n".join(texts)
    return wanted.matches_event(Event(first.at, EventKind.CONSOLE, first.id, said, first.actor.who))


def _lines(deeds: tuple[Deed, ...], total: int, now: datetime, paper: Paper) -> list[str]:
    if not deeds:
        return ["nothing is recorded that matches" if total == 0 else "nothing to show"]
    lines = paper.table(COLUMNS, [_cells(deed, now) for deed in deeds])
    if len(deeds) < total:
        shown = f"the latest {count_text(len(deeds))} of {count_text(total)}"
        lines.append(f"{shown}: oncall audit -n 0 shows all")
    return lines


def _cells(deed: Deed, now: datetime) -> list[Cell]:
    first, end = deed.first, deed.end
    who = first.actor.who if first.actor.verified else f"{first.actor.who} unverified"
    what = first.what if deed.intent is not None else "its beginning is not recorded"
    if first.why:
        what = f"{what} ({first.why})"
    if end is not None:
        how = f"{end.ended}: {end.text}" if end.text else f"{end.ended}"
    elif now - first.at > SOON:
        how = NO_END
    else:
        how = "no end yet"
    if first.late:
        how = f"{how} (written late)"
    return [
        Cell(f"{first.at:%Y-%m-%d %H:%M:%S}", "dim"),
        Cell(who),
        Cell(first.action),
        Cell(what),
        Cell(how, _INKS[end.ended if end is not None else None]),
    ]


def _put_check(folder: Path, environment: str, now: datetime, as_json: bool, paper: Paper) -> int:
    checked = check(folder)
    broken = checked.broken
    if as_json:
        document = CheckDocument(
            environment=environment,
            at=now,
            ok=broken is None,
            records=checked.records,
            files=checked.files,
            head=checked.head,
            torn=checked.torn,
            broken=None if broken is None else broken.at,
            came="" if broken is None else broken.came,
            expected="" if broken is None else broken.expected,
        )
        put(json_text(document))
    else:
        put("\n".join(_check_lines(checked, paper)))
    return 0 if broken is None else EXIT_BROKEN


def _check_lines(checked: Checked, paper: Paper) -> list[str]:
    records, files = count_text(checked.records), checked.files
    amount = f"{records} records in {files} {'file' if files == 1 else 'files'}"
    lines = [
        paper.line(f"{torn.file}:{torn.line}: torn: its console or machine died while writing it")
        for torn in checked.torn
    ]
    broken = checked.broken
    if broken is None:
        return [
            *lines,
            f"{paper.line(Cell('OK', 'green'), f'  {amount}')}",
            f"head  {checked.head}",
        ]
    place = f"{broken.at.file}:{broken.at.line}: "
    return [
        *lines,
        paper.line(Cell("BROKEN", "red"), f"  {place}{broken.came}"),
        paper.line(f"        expected {broken.expected}"),
        paper.line(f"        what is before it holds: {amount}, head {checked.head}"),
    ]
