"""`oncall history`: what is remembered, and the file that it is in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import click

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
from console.cli.history_shown import (
    CheckedDocument,
    DoneDocument,
    checked_lines,
    size_text,
    standing_lines,
    standing_of,
)
from console.cli.once import state_of
from console.cli.record import history_folder
from console.cli.table import put
from console.history.check import check, compact
from console.history.database import history_file
from console.history.fault import HistoryError
from console.model.saying import Saying
from console.model.unix import milliseconds
from console.model.words import many
from console.reports.days import start_of
from console.safety.clock import SystemClock
from console.safety.jsontext import json_text
from console.safety.text import visible

EXIT_DAMAGED: Final = 3
LINES: Final = 500
"""Of an export that are written at once."""

R = TypeVar("R")


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
    document = _or_exit(lambda: standing_of(loaded, folder, SystemClock().now().wall))
    put(json_text(document) if as_json else "\n".join(standing_lines(document)))


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
        put("\n".join(checked_lines(found)))
    narrate(*found.notices)
    if not ok:
        narrate("whoever records next sets a file aside whose pages are damaged")
        sys.exit(EXIT_DAMAGED)


@history.command("compact")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@_placed
def compact_command(loaded: Loaded, folder: Path, as_json: bool) -> None:
    """Write the file anew, without the room that what was dropped has left."""
    _require_may_change()
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
        told = export(folder, milliseconds(start), milliseconds(end), _left_out)
        for lines in _batches(told):
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
@click.option("--end", default="", metavar="DAY", help="With --prometheus: the last day of them.")
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
    _require_may_change()
    outer = ctx.parent.obj if ctx.parent is not None else None
    chosen = Chosen(config=config, prometheus=servers).over(outer)
    if file is None:
        from console.cli.history_prometheus import import_prometheus

        sys.exit(import_prometheus(chosen, days, end))
    from console.history.importing import LINE_BYTES, import_lines

    folder = _folder_or_exit(settings_or_exit(chosen))
    # Not `file` itself: of what has no line breaks it would read all, whatever its size.
    lines = iter(partial(file.readline, LINE_BYTES + 1), b"")
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
        put(f"left as they are: {many(came.known, 'recording')} made here")


def _left_out(said: Saying) -> None:
    narrate(said.text)


def _require_may_change() -> None:
    """`oncall --read-only` changes nothing anywhere, its own file neither."""
    parent = click.get_current_context().parent
    if parent is not None and isinstance(parent.obj, Chosen) and parent.obj.read_only:
        from console.actions.decide import READ_ONLY

        narrate(f"the history stays as it is: {READ_ONLY}")
        sys.exit(EXIT_FAILED)


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


def _batches(lines: Iterable[bytes]) -> Iterator[str]:
    held: list[bytes] = []
    for line in lines:
        held.append(line)
        if len(held) == LINES:
            yield b"".join(held).decode("ascii").removesuffix("\n")
            held = []
    if held:
        yield b"".join(held).decode("ascii").removesuffix("\n")
