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
from config.runbooks import Runbooks
from console.cli.chosen import (
    EXIT_FAILED,
    EXIT_USAGE,
    Chosen,
    narrate,
    settings_of,
    source_options,
)
from console.cli.runbook_shown import lines_of
from console.cli.table import Cell, Column, paper_for, put
from console.model.words import many
from console.runbook.library import (
    SHIPPED,
    Book,
    Library,
    content_of,
    library_of,
    open_book,
    pages_in,
)
from console.runbook.lint import Finding, is_stale, lint
from console.runbook.matching import called, slug_of
from console.runbook.parse import Read, parse
from console.runbook.scaffold import Wanted, scaffold
from console.safety.clock import SystemClock
from console.safety.files import FileError, write_atomic
from console.safety.jsontext import json_text
from console.safety.text import Raw, visible

EXIT_FINDINGS: Final = 1
COLUMNS: Final = (
    Column("NAME", least=12),
    Column("STEPS", "right"),
    Column("RUN", "right"),
    Column("REVIEWED"),
    Column("FAULTS", "right"),
    Column("FROM", least=8),
    Column("ALERTS", least=10),
    Column("TITLE", least=12),
)


class BookFacts(msgspec.Struct, frozen=True):
    """One runbook of `oncall runbook list --json`."""

    name: Raw
    title: Raw
    source: Raw
    """`shipped`, or the folder."""
    path: str | None
    """`null`: it ships."""
    alerts: tuple[str, ...]
    services: tuple[str, ...]
    steps: int
    runnable: int
    """Of the steps: those that can be run from here."""
    reviewed: date | None
    stale: bool | None
    """`null`: it does not say when it was reviewed."""
    findings: int


class ListDocument(msgspec.Struct, frozen=True):
    """What `oncall runbook list --json` prints."""

    runbooks: tuple[BookFacts, ...]
    unread: tuple[str, ...]
    """Files and folders that cannot be read, and why."""
    schema_version: int = 1


class LintDocument(msgspec.Struct, frozen=True):
    """What `oncall runbook lint --json` prints."""

    checked: int
    findings: tuple[Finding, ...]
    schema_version: int = 1


class _Opened(msgspec.Struct, frozen=True):
    book: Book
    read: Read
    findings: tuple[Finding, ...]


@click.group()
@source_options
@click.pass_context
def runbook(ctx: click.Context, chosen: Chosen) -> None:
    """Runbooks: list, show, lint, new."""
    ctx.obj = chosen


@runbook.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@click.pass_obj
def list_books(chosen: Chosen, as_json: bool) -> None:
    """Every runbook, where it comes from and how it stands."""
    rules = _rules(chosen)
    library = _library(rules)
    today = _today()
    opened = list(_opened(library, today, rules.stale_after))
    if as_json:
        facts = tuple(_facts(one, today, rules.stale_after) for one in opened)
        put(json_text(ListDocument(facts, tuple(map(str, library.faults)))))
        return
    rows = [_cells(one, today, rules.stale_after) for one in opened]
    put("\n".join(paper_for(chosen.ascii).table(COLUMNS, rows)))


@runbook.command()
@click.argument("name")
@click.pass_obj
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
@click.pass_obj
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


def _rules(chosen: Chosen) -> Runbooks:
    """What the settings say; without settings there are the runbooks that ship."""
    try:
        loaded = settings_of(chosen)
    except SettingsFaults as error:
        narrate(*map(str, error.faults))
        sys.exit(EXIT_USAGE)
    return loaded.settings.runbooks if loaded is not None else Runbooks()


def _library(rules: Runbooks) -> Library:
    library = library_of(map(Path, rules.folders))
    narrate(*map(str, library.faults))
    return library


def _today() -> date:
    return SystemClock().now().wall.date()


def _opened(library: Library, today: date, stale_after: timedelta) -> Iterator[_Opened]:
    for book in sorted(library.books, key=lambda book: book.name):
        try:
            read = open_book(book)
        except FileError as error:  # it was there when the library was read
            narrate(visible(str(error)))
            continue
        yield _Opened(book, read, lint(read, _shown(book), today, stale_after))


def _shown(book: Book) -> str:
    if book.path is None:
        return f"runbooks/{visible(book.name)}.md"
    return visible(str(book.path))


def _facts(one: _Opened, today: date, stale_after: timedelta) -> BookFacts:
    known = one.read.runbook
    steps = known.steps
    return BookFacts(
        one.book.name,
        known.title,
        one.book.source,
        None if one.book.path is None else str(one.book.path),
        known.alerts,
        known.services,
        len(steps),
        sum(step.is_runnable for step in steps),
        known.reviewed,
        is_stale(known.reviewed, today, stale_after),
        len(one.findings),
    )


def _cells(one: _Opened, today: date, stale_after: timedelta) -> list[Cell]:
    facts = _facts(one, today, stale_after)
    reviewed = "-" if facts.reviewed is None else facts.reviewed.isoformat()
    shipped = facts.path is None
    return [
        Cell(facts.name, "bold"),
        Cell(str(facts.steps)),
        Cell(str(facts.runnable)),
        Cell(f"{reviewed} stale" if facts.stale else reviewed, "yellow" if facts.stale else ""),
        Cell(str(facts.findings or "-"), "red" if facts.findings else ""),
        Cell(SHIPPED, "dim") if shipped else Cell(one.book.source),
        Cell(Raw(", ".join(facts.alerts) or "-")),
        Cell(facts.title),
    ]


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
