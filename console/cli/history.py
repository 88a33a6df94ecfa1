"""`oncall history`: what is remembered, and the file that it is in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click
import msgspec

from config.load import Loaded
from config.rota import zone_of
from console.cli.chosen import (
    EXIT_FAILED,
    EXIT_USAGE,
    Chosen,
    narrate,
    settings_or_exit,
    source_options,
)
from console.cli.days import day_or_exit
from console.cli.once import state_of
from console.cli.record import history_folder
from console.cli.table import put
from console.history.check import Checked, check, compact
from console.history.database import history_file
from console.history.fault import HistoryError, HistoryFault
from console.history.reader import open_reader
from console.history.writer import holder_of
from console.model.words import age_text, count_text, many
from console.reports.days import start_of
from console.safety.clock import SystemClock
from console.safety.jsontext import json_text
from console.safety.text import visible

EXIT_DAMAGED: Final = 3
WEEK: Final = timedelta(days=7)
MOST_GAPS: Final = 20
"""That are listed; of more it is said how many there are."""
LINES: Final = 500
"""Of an export that are written at once."""
SCHEMA_VERSION: Final = 1

R = TypeVar("R")


class GapFacts(msgspec.Struct, frozen=True):
    """Some time in which nobody recorded anything."""

    start: datetime
    end: datetime
    seconds: float
    why: str


class HistoryDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `oncall history --json` prints."""

    schema_version: int = SCHEMA_VERSION
    environment: str
    at: datetime
    path: str
    is_there: bool
    size_bytes: int
    first: datetime | None
    last: datetime | None
    """From when to when anything is known."""
    writer: str
    """Who records now; empty: nobody."""
    records: bool
    """An open console would."""
    gaps: tuple[GapFacts, ...]
    """Of the last seven days, from the first sample on."""


class CheckedDocument(Checked, frozen=True, kw_only=True):
    """What `oncall history check --json` prints."""

    schema_version: int = SCHEMA_VERSION
    ok: bool


class DoneDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What `compact` and `import` print with `--json`."""

    schema_version: int = SCHEMA_VERSION
    path: str
    before_bytes: int | None = None
    after_bytes: int | None = None
    recordings: int | None = None
    known: int | None = None
    """Recordings that were made here, and were left as they are."""
    services: int | None = None
    samples: int | None = None
    bouts: int | None = None
    past: int | None = None


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
@click.pass_context
def history(ctx: click.Context, as_json: bool, chosen: Chosen) -> None:
    """What is remembered: the file, from when, who records, the gaps of seven days.

    Open consoles write it, or `oncall record`. No source is asked.
    """
    ctx.obj = chosen
    if ctx.invoked_subcommand is not None:
        return
    loaded = settings_or_exit(chosen)
    folder = _folder_or_exit(loaded)
    document = _or_exit(lambda: _standing(loaded, folder))
    put(json_text(document) if as_json else "\n".join(_lines(document)))


def _placed(command: Callable[..., R]) -> Callable[..., R]:
    """`--config` and the like; the command receives the settings, and the history's folder."""

    @source_options
    @wraps(command)
    def with_place(*args: Any, chosen: Chosen, **kwargs: Any) -> R:
        loaded = settings_or_exit(chosen)
        return command(*args, loaded=loaded, folder=_folder_or_exit(loaded), **kwargs)

    return with_place


@history.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@_placed
def check_command(loaded: Loaded, folder: Path, as_json: bool) -> None:
    """Look at every page and every sum of the file; nothing is changed.

    Exit 3: something in it is not as it was written.
    """
    found = _or_exit(lambda: check(folder))
    ok = not found.wrong
    if as_json:
        fields = {name: getattr(found, name) for name in found.__struct_fields__}
        put(json_text(CheckedDocument(**fields, ok=ok)))
    else:
        put("\n".join(_checked_lines(found)))
    narrate(*found.notices)
    if not ok:
        narrate("whoever records next sets a file aside whose pages are damaged")
        sys.exit(EXIT_DAMAGED)


@history.command("compact")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@_placed
def compact_command(loaded: Loaded, folder: Path, as_json: bool) -> None:
    """Write the file anew, without the room that what was dropped has left."""
    if not history_file(folder).exists():
        narrate("there is nothing to compact: nothing was ever recorded")
        sys.exit(EXIT_FAILED)
    done = _or_exit(lambda: compact(folder))
    path = visible(str(history_file(folder)))
    if as_json:
        put(
            json_text(
                DoneDocument(
                    path=path, before_bytes=done.before_bytes, after_bytes=done.after_bytes
                )
            )
        )
        return
    put(f"{path}: {size_text(done.before_bytes)}, now {size_text(done.after_bytes)}")


@history.command("export")
@click.option("--from", "first", default="", metavar="DAY", help="today, yesterday, 2026-11-22.")
@click.option("--to", "last", default="", metavar="DAY", help="The last day of it.")
@_placed
def export_command(loaded: Loaded, folder: Path, first: str, last: str) -> None:
    """Print what is remembered as JSON lines, for `oncall history import` elsewhere.

    Days are those of the zone of `rota`. Without --from it begins with the first sample.
    """
    from console.history.exchange import export

    zone = zone_of(loaded.settings.rota.zone)
    now = SystemClock().now().wall
    today = now.astimezone(zone).date()
    start, end = datetime.fromtimestamp(0, UTC), now + timedelta(days=1)
    if first:
        start = start_of(day_or_exit(first, today, "--from"), zone)
    if last:
        end = start_of(day_or_exit(last, today, "--to") + timedelta(days=1), zone)
    if end <= start:
        narrate("--to: expected no day before that of --from")
        sys.exit(EXIT_USAGE)
    if not history_file(folder).exists():
        narrate("there is nothing to export: nothing was ever recorded")
        sys.exit(EXIT_FAILED)

    def write() -> None:
        for lines in _batches(export(folder, _ms(start), _ms(end))):
            put(lines)

    _or_exit(write)


@history.command("import")
@click.argument("file", type=click.File("rb"), required=False)
@click.option(
    "--prometheus",
    "servers",
    multiple=True,
    metavar="NAME|URL",
    help="In place of FILE: take in the range data of this Prometheus. Repeatable.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 400),
    default=7,
    show_default=True,
    help="With --prometheus: how many days back.",
)
@click.option("--end", default="", metavar="DAY", help="With --prometheus: the last of them.")
@click.option("--json", "as_json", is_flag=True, help="Of FILE: print JSON; see docs/cli.md.")
@click.option("--config", type=click.Path(path_type=Path), help="The settings folder.")
@click.pass_context
def import_command(
    ctx: click.Context,
    file: IO[bytes] | None,
    servers: tuple[str, ...],
    days: int,
    end: str,
    as_json: bool,
    config: Path | None,
) -> None:
    """Take in what `oncall history export` printed, or what a Prometheus has.

    FILE may be - for standard input. What was recorded here stays as it is, and doing it again
    changes nothing.
    """
    if (file is None) is not bool(servers):
        narrate("expected either FILE (- is standard input) or --prometheus NAME|URL")
        sys.exit(EXIT_USAGE)
    outer = ctx.parent.obj if ctx.parent is not None else None
    chosen = Chosen(config=config, prometheus=servers).over(outer)
    if file is None:
        from console.cli.history_prometheus import import_prometheus

        today = SystemClock().now().wall.date() + timedelta(days=1)  # the zone is not known yet
        last = day_or_exit(end, today, "--end") if end not in ("", "today") else None
        sys.exit(import_prometheus(chosen, days, last))
    from console.history.importing import import_lines

    folder, lines = _folder_or_exit(settings_or_exit(chosen)), file
    came = _or_exit(lambda: import_lines(folder, lines))
    if as_json:
        put(
            json_text(
                DoneDocument(
                    path=visible(str(history_file(folder))),
                    recordings=came.recordings,
                    known=came.known,
                    services=came.services,
                    samples=came.samples,
                    bouts=came.bouts,
                    past=came.past,
                )
            )
        )
        return
    put(
        f"taken in: {many(came.recordings, 'recording')} of {many(came.services, 'service')},"
        f" {many(came.samples, 'sample')}, {many(came.bouts, 'episode')},"
        f" {many(came.past, 'event')}"
    )
    if came.known:
        put(f"left as they are: {many(came.known, 'recording')} that were made here")


def size_text(size_bytes: int) -> str:
    """`812 kB`, `24.1 MB`."""
    if size_bytes < 1_000_000:
        return f"{-(-size_bytes // 1000)} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def _folder_or_exit(loaded: Loaded) -> Path:
    state, notice = state_of(loaded)
    folder = history_folder(loaded, state)
    if folder is None:
        narrate(f"there is no history: {notice.partition(': ')[2]}")
        sys.exit(EXIT_FAILED)
    return folder


def _or_exit(work: Callable[[], R]) -> R:
    try:
        return work()
    except HistoryError as error:
        narrate(f"{error.fault.problem}", f"    expected {error.fault.expected}")
        narrate(f"    {error.fault.remedy}")
        sys.exit(EXIT_FAILED)


def _standing(loaded: Loaded, folder: Path) -> HistoryDocument:
    now = SystemClock().now().wall
    path = history_file(folder)
    reader = open_reader(folder)
    if isinstance(reader, HistoryFault):
        raise HistoryError(reader.problem, expected=reader.expected, remedy=reader.remedy)
    span: tuple[int, int] | None = None
    gaps: tuple[GapFacts, ...] = ()
    size = 0
    if reader is not None:
        try:
            span, size = reader.span_ms, reader.size_bytes
            since = max(_ms(now - WEEK), span[0]) if span is not None else _ms(now)
            gaps = tuple(
                GapFacts(one.start, one.end, (one.end - one.start).total_seconds(), one.why)
                for one in reader.gaps(since, _ms(now))
            )
        finally:
            reader.close()
    return HistoryDocument(
        environment=loaded.settings.environment,
        at=now,
        path=visible(str(path)),
        is_there=reader is not None,
        size_bytes=size,
        first=_moment(span[0]) if span is not None else None,
        last=_moment(span[1]) if span is not None else None,
        writer=holder_of(folder),
        records=loaded.settings.history.record,
        gaps=gaps,
    )


def _lines(document: HistoryDocument) -> Iterator[str]:
    if not document.is_there:
        yield f"{document.path}: nothing was ever recorded"
    else:
        yield f"{document.path}: {size_text(document.size_bytes)}"
        if document.first is not None and document.last is not None:
            span = age_text(document.last - document.first)
            yield f"known     {_said(document.first)} to {_said(document.last)} ({span})"
        else:
            yield "known     nothing yet"
    yield f"records   {document.writer or 'nobody now'}"
    if not document.records:
        yield "          open consoles do not: `history: record:` is off"
    if not document.is_there:
        return
    if not document.gaps:
        yield "gaps      none in the last 7 days"
        return
    total = timedelta(seconds=sum(gap.seconds for gap in document.gaps))
    yield f"gaps      {count_text(len(document.gaps))} in the last 7 days, {age_text(total)}"
    for gap in document.gaps[-MOST_GAPS:]:
        why = f"  {gap.why}" if gap.why else ""
        length = age_text(timedelta(seconds=gap.seconds))
        yield f"          {_said(gap.start)} to {_said(gap.end)}  {length:>6}{why}"
    if len(document.gaps) > MOST_GAPS:
        yield f"          the latest {MOST_GAPS} of {count_text(len(document.gaps))}"


def _checked_lines(found: Checked) -> Iterator[str]:
    if not found.is_there:
        yield f"{found.path}: nothing was ever recorded"
        return
    yield f"{found.path}: {'damaged' if found.wrong else 'whole'}, {size_text(found.size_bytes)}"
    yield from (f"    {one}" for one in found.wrong)
    if found.wrong:
        return
    yield (
        f"    {many(found.samples, 'sample')} of {many(found.services, 'service')} in"
        f" {many(found.recordings, 'recording')}, {many(found.bouts, 'episode')},"
        f" {many(found.past, 'event')}"
    )
    if found.first is not None and found.last is not None:
        yield f"    {_said(found.first)} to {_said(found.last)}, {many(found.gaps, 'gap')}"


def _batches(lines: Iterable[bytes]) -> Iterator[str]:
    held: list[bytes] = []
    for line in lines:
        held.append(line)
        if len(held) == LINES:
            yield b"".join(held).decode("ascii").removesuffix("\n")
            held = []
    if held:
        yield b"".join(held).decode("ascii").removesuffix("\n")


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
