"""`oncall runbook`: the library, one of it, what is wrong with it, and a new one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import click
import msgspec

from config.fault import Fault, SettingsFaults
from config.load import Loaded
from config.runbooks import Runbooks
from console.cli.chosen import (
    EXIT_FAILED,
    EXIT_USAGE,
    Chosen,
    narrate,
    settings_of,
    source_options,
)
from console.cli.runbook_list import Opened, put_books
from console.cli.runbook_run import run_book
from console.cli.runbook_runs import past_of, runs
from console.cli.runbook_shown import lines_of
from console.cli.table import paper_for, put
from console.model.words import many
from console.runbook.library import (
    Book,
    Library,
    content_of,
    library_of,
    open_book,
    pages_in,
)
from console.runbook.lint import Finding, lint
from console.runbook.matching import called, slug_of
from console.runbook.parse import parse
from console.runbook.scaffold import Wanted, scaffold
from console.safety.clock import SystemClock
from console.safety.files import FileError, write_atomic
from console.safety.jsontext import json_text
from console.safety.text import visible

EXIT_FINDINGS: Final = 1


class LintDocument(msgspec.Struct, frozen=True):
    """What `oncall runbook lint --json` prints."""

    checked: int
    findings: tuple[Finding, ...]
    schema_version: int = 1


@click.group()
@source_options
@click.pass_context
def runbook(ctx: click.Context, chosen: Chosen) -> None:
    """Runbooks: list, show, lint, new; run, and runs of the past."""
    ctx.obj = chosen


@runbook.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def list_books(chosen: Chosen, as_json: bool) -> None:
    """Every runbook, where it comes from, how it stands and how it has done."""
    loaded = _loaded(chosen)
    rules = loaded.settings.runbooks if loaded is not None else Runbooks()
    library = _library(rules)
    now = SystemClock().now().wall
    opened = list(_opened(library, now.date(), rules.stale_after))
    past = past_of(loaded) if loaded is not None else None
    paper = None if as_json else paper_for(chosen.ascii)
    unread = tuple(map(str, library.faults))
    put_books(opened, unread, past, now, rules.stale_after, paper)


@runbook.command()
@click.argument("name")
@source_options
def show(chosen: Chosen, name: str) -> None:
    """Print the runbook NAME: its parameters, and its steps with their exact commands."""
    rules = _rules(chosen)
    library = _library(rules)
    book = called(name, library.books)
    if book is None:
        narrate(f"no runbook is called {visible(name)}; `oncall runbook list` has them all")
        sys.exit(EXIT_FINDINGS)
    try:
        read = open_book(book)
    except FileError as error:
        narrate(visible(str(error)))
        sys.exit(EXIT_FAILED)
    put("\n".join(lines_of(read.runbook, book.source, paper_for(chosen.ascii))))
    narrate(*map(str, read.faults))


@runbook.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def lint_books(chosen: Chosen, paths: tuple[Path, ...], as_json: bool) -> None:
    """Everything that is wrong with runbooks, one a line, as file:line:column.

    PATHS are files or folders; without any, the whole library is looked at. Exits with 0 where
    nothing is wrong, with 1 where something is, with 2 where a path cannot be looked at.
    """
    rules = _rules(chosen)
    today = _today()
    found: list[Finding] = []
    if paths:
        checked = 0
        for path in paths:
            for file in _files(path, found):
                checked += 1
                found += _linted(file, today, rules.stale_after)
    else:
        library = library_of(map(Path, rules.folders))
        found += map(_of, library.faults)
        opened = list(_opened(library, today, rules.stale_after))
        checked = len(opened)
        found += (finding for one in opened for finding in one.findings)
    if as_json:
        put(json_text(LintDocument(checked, tuple(found))))
    else:
        for finding in found:
            put(str(finding))
        told = many(len(found), "fault") if found else "no faults"
        narrate(f"{many(checked, 'runbook')}: {told}")
    sys.exit(EXIT_FINDINGS if found else 0)


@runbook.command()
@click.option("--alert", required=True, metavar="NAME", help="The alert that it is for.")
@click.option("--service", default="", metavar="NAME", help="The service that it is for.")
@click.option("--summary", default="", metavar="TEXT", help="What is wrong when it fires.")
@click.option("--owner", default="", metavar="TEXT", help="Who is asked when it does not help.")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write it there, called as the alert. Else it is printed.",
)
def new(alert: str, service: str, summary: str, owner: str, folder: Path | None) -> None:
    """Begin a runbook for an alert: all headings, and steps to replace.

    A file that is there is left as it is.
    """
    text = scaffold(Wanted(alert, service, summary, owner), _today())
    if folder is None:
        put(text.removesuffix("\n"))
        return
    name = slug_of(alert)
    if not name:
        narrate(f"expected --alert with a letter or a digit in it, got {visible(alert)}")
        sys.exit(EXIT_USAGE)
    path = folder / f"{name}.md"
    try:
        write_atomic(path, text.encode("utf-8", "replace"), replace=False, mode=0o644)
    except FileError as error:
        narrate(visible(str(error)))
        sys.exit(EXIT_FAILED)
    put(visible(str(path)))


runbook.add_command(run_book)
runbook.add_command(runs)


def _loaded(chosen: Chosen) -> Loaded | None:
    try:
        return settings_of(chosen)
    except SettingsFaults as error:
        narrate(*map(str, error.faults))
        sys.exit(EXIT_USAGE)


def _rules(chosen: Chosen) -> Runbooks:
    """What the settings say; without settings there are the runbooks that ship."""
    loaded = _loaded(chosen)
    return loaded.settings.runbooks if loaded is not None else Runbooks()


def _library(rules: Runbooks) -> Library:
    library = library_of(map(Path, rules.folders))
    narrate(*map(str, library.faults))
    return library


def _today() -> date:
    return SystemClock().now().wall.date()


def _opened(library: Library, today: date, stale_after: timedelta) -> Iterator[Opened]:
    for book in sorted(library.books, key=lambda book: book.name):
        try:
            read = open_book(book)
        except FileError as error:  # it was there when the library was read
            narrate(visible(str(error)))
            continue
        yield Opened(book, read, lint(read, _shown(book), today, stale_after))


def _shown(book: Book) -> str:
    if book.path is None:
        return f"runbooks/{visible(book.name)}.md"
    return visible(str(book.path))


def _files(path: Path, found: list[Finding]) -> Iterable[Path]:
    if path.is_dir():
        faults: list[Fault] = []
        pages = list(pages_in(path, faults))
        found += map(_of, faults)
        return pages
    if not path.is_file():
        narrate(f"expected a file or a folder at {visible(str(path))}, there is none")
        sys.exit(EXIT_USAGE)
    return [path]


def _linted(path: Path, today: date, stale_after: timedelta) -> tuple[Finding, ...]:
    shown = visible(str(path))
    try:
        content = content_of(path)
    except FileError as error:
        said = f"{visible(error.problem)} (expected {error.expected})"
        return (Finding(shown, 0, 0, "file", said),)
    return lint(parse(content, path.name.removesuffix(".md")), shown, today, stale_after)


def _of(fault: Fault) -> Finding:
    return Finding(fault.file, fault.line, fault.column, "file", fault.message)
