"""`oncall journal`: how it stands, searching, sharing, and whether it is whole."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import click
import msgspec

from console.actions.audit.check import check, lines_of
from console.actions.audit.record import hash_of
from console.cli.acting import EXIT_NOTHING, EXIT_PARTLY
from console.cli.chosen import EXIT_FAILED, EXIT_USAGE, Chosen, source_options
from console.cli.once import ascii_wanted, state_of
from console.cli.papers import PaperDocument, Reading, Stop, read_journal
from console.cli.table import Cell, Column, paper_for, put
from console.journal.author import Author, author_of
from console.journal.change import Logged
from console.journal.errors import JournalFault
from console.journal.verify import AuditMark, Verified, unshared, verify
from console.model.papers import JournalState, JournalStatus
from console.model.words import breach_text, count_text, many
from console.safety.files import FileError
from console.safety.jsontext import json_text
from console.safety.text import Raw, visible

COLUMNS: Final = (Column("WHERE"), Column("TITLE", least=10), Column("LINE", least=20))
_FROM_HERE: Final = (JournalState.FAULT, JournalState.DIVERGED)
_NOT_SHARED: Final = (JournalState.OFFLINE, JournalState.AHEAD)
_OWED: Final = 5


class NagFacts(msgspec.Struct, frozen=True):
    """One thing that is owed."""

    kind: str
    document: str
    text: str
    due: datetime
    overdue: bool
    owner: str


class JournalDocument(PaperDocument, frozen=True, kw_only=True):
    """What `oncall journal status --json` and `oncall journal sync --json` print."""

    state: JournalState
    folder: str
    ahead: int | None
    """Commits that the remote was not seen to have; `null`: not known, or no remote."""
    cause: str
    expected: str
    remedy: str
    notices: tuple[str, ...]
    last_commit: Logged | None
    unread: str
    """Why no document is known; empty where they were read: then none means none."""
    incidents: Mapping[str, int]
    """How many are in each state."""
    changes: Mapping[str, int]
    broken: tuple[str, ...]
    drafts: int
    owed: tuple[NagFacts, ...]


class FoundFacts(msgspec.Struct, frozen=True):
    """One line in which it stands."""

    path: str
    document: str
    title: str
    line: int
    text: str


class SearchDocument(PaperDocument, frozen=True, kw_only=True):
    """What `oncall journal search --json` prints."""

    text: str
    found: tuple[FoundFacts, ...]


class VerifyDocument(PaperDocument, frozen=True, kw_only=True):
    """What `oncall journal verify --json` prints."""

    ok: bool
    documents: int
    faults: tuple[str, ...]
    uncommitted: tuple[str, ...]
    repository: tuple[str, ...]
    audit: tuple[str, ...]
    """What is wrong with this user's audit, or with what commits say of it."""
    audit_marks: int
    """Commits that carry a hash of an audit."""
    audit_marks_elsewhere: int
    """Of those, the ones of other people and machines, which cannot be compared from here."""


@click.group()
def journal() -> None:
    """The folder in git with incidents, changes and reports."""


@journal.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def status(as_json: bool, chosen: Chosen) -> None:
    """How it stands on this machine; nothing is fetched. 4 where nothing can be written."""

    async def then(reading: Reading) -> int:
        document = await _document(reading, reading.papers.status)
        put(json_text(document) if as_json else "\n".join(_lines(document, reading.now)))
        return EXIT_FAILED if document.state is JournalState.FAULT else 0

    sys.exit(read_journal(chosen, then, even_faulty=True))


@journal.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def sync(as_json: bool, chosen: Chosen) -> None:
    """Fetch, join what was written here and there, and push; nothing is ever rewritten.

    0 when both are the same, 3 when the remote cannot be reached or does not get what is here,
    4 when both changed the same file or the journal cannot be used.
    """

    async def then(reading: Reading) -> int:
        if reading.loaded.settings.journal.remote is None:
            raise Stop(EXIT_USAGE, "the journal is shared nowhere: set journal.remote")
        told = await reading.desk.sync()
        if as_json:
            put(json_text(await _document(reading, told)))
        else:
            put("\n".join(_status_lines(told)))
        if told.state in _FROM_HERE:
            return EXIT_FAILED
        return EXIT_PARTLY if told.state in _NOT_SHARED else 0

    sys.exit(read_journal(chosen, then, even_faulty=True))


@journal.command()
@click.argument("words", nargs=-1, required=True, metavar="WORDS...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def search(words: tuple[str, ...], as_json: bool, chosen: Chosen) -> None:
    """Lines of documents, reports and events in which WORDS stand; 1 where none does.

    Letter case and full-width forms do not matter.
    """
    text = " ".join(words).strip()

    async def then(reading: Reading) -> int:
        if not text:
            raise Stop(EXIT_USAGE, "expected what to search for")
        found = await reading.desk.search(text)
        if isinstance(found, JournalFault):
            raise Stop(EXIT_FAILED, f"not searched: {found}")
        if as_json:
            facts = tuple(
                FoundFacts(one.path, one.document_id, one.title, one.line, one.text)
                for one in found
            )
            document = SearchDocument(
                environment=reading.loaded.settings.environment,
                at=reading.now,
                text=text,
                found=facts,
            )
            put(json_text(document))
        elif found:
            rows = [
                [
                    Cell(Raw(f"{one.document_id or one.path}:{one.line}"), "bold"),
                    Cell(Raw(one.title)),
                    Cell(Raw(one.text.strip())),
                ]
                for one in found
            ]
            paper = paper_for(ascii_wanted(reading.loaded, chosen))
            put("\n".join(paper.table(COLUMNS, rows, heading=False)))
        else:
            put("nothing is written down that matches")
        return 0 if found else EXIT_NOTHING

    sys.exit(read_journal(chosen, then))


@journal.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; see docs/cli.md.")
@source_options
def verify_journal(as_json: bool, chosen: Chosen) -> None:
    """Whether it is whole: 0, or 1 with what is not.

    Every document parses and stands under its own id, everything is committed, git finds no
    object missing or torn, and the hashes of the audit in this user's commits stand in it.
    """

    async def then(reading: Reading) -> int:
        if not reading.desk.is_there:
            put("there is no journal yet: nothing was ever written into it")
            return 0
        bench = await reading.desk.bench()
        if isinstance(bench, JournalFault):
            raise Stop(EXIT_FAILED, str(bench))
        found = await verify(bench.journal, bench.library)
        audit, elsewhere = await _audit_faults(reading, found.marks)
        is_whole = found.ok and not audit
        if as_json:
            document = VerifyDocument(
                environment=reading.loaded.settings.environment,
                at=reading.now,
                ok=is_whole,
                documents=found.documents,
                faults=found.faults,
                uncommitted=found.uncommitted,
                repository=found.repository,
                audit=audit,
                audit_marks=len(found.marks),
                audit_marks_elsewhere=elsewhere,
            )
            put(json_text(document))
        else:
            put("\n".join(_verified_lines(found, audit, elsewhere)))
        return 0 if is_whole else EXIT_NOTHING

    sys.exit(read_journal(chosen, then, even_faulty=True))


async def _document(reading: Reading, told: JournalStatus) -> JournalDocument:
    papers, remote = reading.papers, reading.loaded.settings.journal.remote
    ahead: int | None = told.ahead or None
    state = told.state
    last: Logged | None = None
    if reading.desk.is_there and told.state is not JournalState.FAULT:
        bench = await reading.desk.bench()
        if not isinstance(bench, JournalFault):
            if remote is not None:
                ahead = await unshared(bench.journal, remote)
                if told.state is JournalState.KEPT and ahead is not None:
                    state = JournalState.AHEAD if ahead else JournalState.PUSHED
            logged = await bench.journal.log(most=1)
            last = next(iter(logged), None) if not isinstance(logged, JournalFault) else None
    return JournalDocument(
        environment=reading.loaded.settings.environment,
        at=reading.now,
        state=state,
        folder=told.folder,
        ahead=ahead,
        cause=told.cause,
        expected=told.expected,
        remedy=told.remedy,
        notices=told.notices,
        last_commit=last,
        unread=papers.unread,
        incidents=_counted(one.incident.state for one in papers.incidents),
        changes=_counted(one.change.state for one in papers.changes),
        broken=tuple(one.path for one in papers.broken),
        drafts=len(papers.drafts),
        owed=tuple(
            NagFacts(
                one.kind,
                one.incident,
                one.text,
                one.due,
                one.is_overdue(reading.now),
                one.owner,
            )
            for one in papers.nags
        ),
    )


def _counted(states: Iterable[str]) -> dict[str, int]:
    return dict(Counter(str(state) for state in states))


def _lines(document: JournalDocument, now: datetime) -> Iterator[str]:
    """For a person, safe to show."""
    yield f"journal    {document.state}"
    yield f"folder     {document.folder}"
    if document.cause:
        yield f"cause      {document.cause} (expected {document.expected}; {document.remedy})"
    if document.ahead is not None:
        yield f"ahead      {many(document.ahead, 'commit')} that the remote was not seen to have"
    if document.last_commit is not None:
        last = document.last_commit
        yield f"last       {last.at:%Y-%m-%d %H:%M} UTC  {last.author}: {last.subject}"
    none = "not known" if document.unread else "none"
    for name, counts in (("incidents", document.incidents), ("changes", document.changes)):
        each = ", ".join(f"{count_text(count)} {state}" for state, count in counts.items())
        yield f"{name:<10} {each or none}"
    if document.drafts:
        yield f"drafts     {count_text(document.drafts)}, not saved yet"
    for path in document.broken:
        yield f"broken     {visible(path)}: oncall journal verify says why"
    for nag in document.owed[:_OWED]:
        yield f"owed       {nag.document}: {nag.text}, {breach_text(nag.due - now)}"
    if len(document.owed) > _OWED:
        yield f"           {_OWED} of {count_text(len(document.owed))}"
    for notice in document.notices:
        yield f"note       {notice}"


def _status_lines(told: JournalStatus) -> Iterator[str]:
    yield told.words or "there is no journal yet"
    if told.cause:
        yield f"{told.cause} (expected {told.expected}; {told.remedy})"
    yield from told.notices


def _verified_lines(found: Verified, audit: tuple[str, ...], elsewhere: int) -> Iterator[str]:
    whole = found.ok and not audit
    yield f"{'OK' if whole else 'NOT WHOLE'}  {many(found.documents, 'document')}"
    yield from found.faults
    yield from (f"in no commit as it stands: {path}" for path in found.uncommitted)
    yield from (f"git: {line}" for line in found.repository)
    yield from (f"audit: {line}" for line in audit)
    mine = len(found.marks) - elsewhere
    if found.marks:
        yield f"{many(mine, 'commit')} compared with the audit here, {elsewhere} of other audits"


async def _audit_faults(
    reading: Reading, marks: tuple[AuditMark, ...]
) -> tuple[tuple[str, ...], int]:
    """What is wrong with the audit, and how many marks are none of this one."""
    state, _ = state_of(reading.loaded)
    if state is None:
        return (), len(marks)
    try:
        broken = check(state.folder).broken
        known = {hash_of(line.content) for line in lines_of(state.folder)}
    except FileError as error:
        return (visible(str(error)),), len(marks)
    faults = []
    if broken is not None:
        place = f"{broken.at.file}:{broken.at.line}"
        faults.append(f"{place}: {broken.came} (expected {broken.expected})")
    mine = await _me(reading)
    missing = [one for one in marks if one.head not in known]
    # Of somebody whose address is that of this very host, the audit is the one here; another
    # address may be written on several machines, each with an audit of its own.
    lost = [one for one in missing if mine is not None and one.author == mine]
    faults += (
        f"commit {one.commit[:12]} was made after the record {one.head[:12]}, which is gone"
        for one in lost
    )
    return tuple(faults), len(missing) - len(lost)


async def _me(reading: Reading) -> Author | None:
    """Who writes from here, where the address says that it is from here."""
    login, host = getpass.getuser(), socket.gethostname()
    settings = reading.loaded.settings
    author = await author_of(settings, settings.journal, login, host, os.environ)
    return author if author.email.endswith(f"@{host}") else None
