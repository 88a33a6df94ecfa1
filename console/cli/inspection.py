"""`oncall inspection`: what is looked at every day, and ticks from the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from typing import NoReturn

import click
import msgspec

from config.rota import zone_of
from console.cli.chosen import EXIT_FAILED, Chosen, source_options
from console.cli.days import day_or_exit
from console.cli.paper_wishes import Meant, write_and_exit
from console.cli.papers import PaperDocument, Reading, Stop, read_journal
from console.cli.table import put
from console.engine.week.inspecting import day_of, inspection_of
from console.journal.errors import JournalFault
from console.journal.inspection import inspection_path
from console.model.daily import Inspection, Tick
from console.model.paper_wish import TickInspection
from console.model.words import breach_text
from console.safety.jsontext import json_text
from console.safety.text import cell_width


class ItemFacts(msgspec.Struct, frozen=True):
    """One item, and its latest tick."""

    name: str
    text: str
    objective: str
    tick: Tick | None


class InspectionDocument(PaperDocument, frozen=True, kw_only=True):
    """What `oncall inspection --json` prints."""

    day: date
    due: datetime
    left: int
    done_at: datetime | None
    path: str
    """Of its file, in the journal."""
    items: tuple[ItemFacts, ...]


@click.group(invoke_without_command=True)
@click.option("--date", "day", default="today", metavar="DAY", help="today, yesterday, 2026-11-22.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
@click.pass_context
def inspection(ctx: click.Context, day: str, as_json: bool, chosen: Chosen) -> None:
    """What is looked at every day: each item with who ticked it, when, and what they saw."""
    ctx.obj = chosen
    if ctx.invoked_subcommand is not None:
        return

    async def then(reading: Reading) -> int:
        found = await _inspection(reading, day)
        if as_json:
            put(json_text(_document(found, reading)))
        else:
            zone = zone_of(reading.loaded.settings.rota.zone)
            put("\n".join(_lines(found, reading.now, zone)))
        return 0

    sys.exit(read_journal(chosen, then))


@inspection.command()
@click.argument("item", metavar="ITEM")
@click.option("--value", type=float, metavar="N", help="The figure that was read off.")
@click.option("--note", default="", metavar="TEXT", help="What you saw.")
@click.option("--bad", is_flag=True, help="It is not as it ought to be.")
@click.option("--date", "day", default="today", metavar="DAY", help="today, yesterday, 2026-11-22.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done, do nothing.")
@source_options
def tick(
    item: str,
    value: float | None,
    note: str,
    bad: bool,
    day: str,
    as_json: bool,
    dry_run: bool,
    chosen: Chosen,
) -> None:
    """Say that ITEM was looked at."""
    wish = TickInspection(date.min, item, not bad, value, note)
    _write(chosen, wish, day, dry_run=dry_run, as_json=as_json)


@inspection.command()
@click.argument("item", metavar="ITEM")
@click.option("--date", "day", default="today", metavar="DAY", help="today, yesterday, 2026-11-22.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done, do nothing.")
@source_options
def untick(item: str, day: str, as_json: bool, dry_run: bool, chosen: Chosen) -> None:
    """Take the latest tick of ITEM back."""
    wish = TickInspection(date.min, item, None)
    _write(chosen, wish, day, dry_run=dry_run, as_json=as_json)


def _write(
    chosen: Chosen, wish: TickInspection, day: str, *, dry_run: bool, as_json: bool
) -> NoReturn:
    async def prepare(reading: Reading) -> Meant:
        meant = msgspec.structs.replace(wish, day=_day(reading, day))
        known = [one.name for one in reading.loaded.settings.summary.inspection.items]
        lacks = () if wish.item in known else (f"expected one of: {', '.join(known)}",)
        return Meant(meant, lacks)

    write_and_exit(chosen, prepare, dry_run=dry_run, as_json=as_json)


def _day(reading: Reading, text: str) -> date:
    return day_or_exit(text, day_of(reading.loaded.settings, reading.now), "--date")


async def _inspection(reading: Reading, text: str) -> Inspection:
    day = _day(reading, text)
    ticks = await reading.desk.inspections.of_day(day)
    if isinstance(ticks, JournalFault):
        raise Stop(EXIT_FAILED, f"the inspection cannot be read: {ticks}")
    return inspection_of(reading.loaded.settings, day, ticks)


def _document(found: Inspection, reading: Reading) -> InspectionDocument:
    return InspectionDocument(
        environment=reading.loaded.settings.environment,
        at=reading.now,
        day=found.day,
        due=found.due,
        left=found.left,
        done_at=found.done_at,
        path=inspection_path(found.day),
        items=tuple(ItemFacts(one.name, one.text, one.objective, one.tick) for one in found.items),
    )


def _lines(found: Inspection, now: datetime, zone: tzinfo) -> Iterator[str]:
    """For a person, safe to show; times in the zone in which it is due."""
    whole, due = len(found.items), found.due.astimezone(zone)
    if found.done_at is not None:
        state = f"done at {found.done_at.astimezone(zone):%Y-%m-%d %H:%M}"
    elif found.day < now.astimezone(zone).date():
        state = f"{found.left} of {whole} not ticked"
    else:
        state = f"{found.left} of {whole} left, {breach_text(found.due - now)}"
    yield f"inspection {found.day.isoformat()}  due {due:%H:%M} {due:%Z}  {state}"
    width = max((cell_width(one.name) for one in found.items), default=0)
    for one in found.items:
        told = one.tick
        mark = "[ ]" if told is None else "[x]" if told.ok else "[!]"
        gap = " " * (width - cell_width(one.name))
        yield f"{mark} {one.name}{gap}  {one.text}"
        if told is not None:
            value = "" if told.value is None else f", {told.value:g}"
            note = f": {told.note}" if told.note else ""
            said = f"{'ok' if told.ok else 'not ok'}{value}"
            yield f"    {'':<{width}}  {said}, {told.by} {told.at.astimezone(zone):%H:%M}{note}"
