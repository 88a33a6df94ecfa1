"""Whether a journal is whole and shared: documents, commits, git's own check, the audit's marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from config.schema import JournalRemote
from console.journal.author import Author
from console.journal.errors import GitError, JournalFault, fault_of
from console.journal.landing import resolved
from console.journal.library import Library
from console.journal.reading import Paper
from console.journal.repository import Journal
from console.model.papers import IncidentPaper
from console.safety.text import visible

AUDIT: Final = re.compile(r"^Audit: ([0-9a-f]{64})$", re.MULTILINE)
"""In the message of a commit: the hash of the audit's last record when it was made."""
_FIELDS: Final = "%H%x1f%an%x1f%ae%x1f%B%x1e"


class AuditMark(msgspec.Struct, frozen=True):
    """What a commit says about the audit of whoever made it."""

    commit: str
    author: Author
    """Whose it is; raw."""
    head: str


class Verified(msgspec.Struct, frozen=True):
    """What was found. Texts are safe to show."""

    documents: int
    faults: tuple[str, ...] = ()
    """`file:line:column: …` of documents that do not parse, or do not belong where they are."""
    uncommitted: tuple[str, ...] = ()
    """Paths that are on disk otherwise than in the last commit."""
    repository: tuple[str, ...] = ()
    """What `git fsck` says, or why it says nothing."""
    marks: tuple[AuditMark, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, as far as the journal itself tells."""
        return not (self.faults or self.uncommitted or self.repository)


async def verify(journal: Journal, library: Library) -> Verified:
    """Read every document, and look at every object of the repository."""
    shelf = await library.read()
    papers: list[Paper] = [*shelf.incidents, *shelf.changes]
    faults = [fault for one in shelf.broken for fault in one.faults]
    faults += [fault for one in papers for fault in one.faults]
    faults += _twice(papers)
    runs = await library.runs()
    faults += [fault for one in runs.broken for fault in one.faults]
    documents = len(papers) + len(runs.runs)
    pending = await journal.pending()
    if isinstance(pending, JournalFault):
        return Verified(documents, tuple(faults), repository=(str(pending),))
    return Verified(
        documents + len(shelf.broken) + len(runs.broken),
        tuple(dict.fromkeys(faults)),
        tuple(visible(path) for path in pending),
        await _fsck(journal),
        await _marks(journal),
    )


def _twice(papers: Iterable[Paper]) -> Iterator[str]:
    """Documents that say the same id as another one."""
    seen: set[str] = set()
    for paper in papers:
        known = paper.incident.id if isinstance(paper, IncidentPaper) else paper.change.id
        if known in seen:
            yield f"{visible(paper.path)}: another document has the id {visible(known)} too"
        seen.add(known)


async def _fsck(journal: Journal) -> tuple[str, ...]:
    """What is missing or torn in the repository; objects that nothing leads to are no fault."""
    try:
        told = await journal.git.ask("fsck", "--full", "--no-dangling", "--no-progress")
    except GitError as error:
        return (str(fault_of(error)),)
    lines = told.decode("utf-8", "replace").splitlines()
    return tuple(visible(line) for line in lines if not line.startswith("notice:"))


async def _marks(journal: Journal) -> tuple[AuditMark, ...]:
    try:
        if not await journal.workshop.head():
            return ()
        words = ("rev-list", "--no-commit-header", f"--format={_FIELDS}", "HEAD")
        told = await journal.git.ask(*words)
    except GitError:
        return ()  # what is wrong is said by `_fsck`
    found: list[AuditMark] = []
    for record in told.decode("utf-8", "replace").split("\x1e"):
        fields = record.strip("\n").split("\x1f", 3)
        if len(fields) == 4:
            commit, name, email, message = fields
            author = Author(name, email)
            found += (AuditMark(commit, author, head) for head in AUDIT.findall(message))
    return tuple(found)


async def unshared(journal: Journal, remote: JournalRemote) -> int | None:
    """How many commits the remote was not seen to have, without asking it; `None`: not known."""
    try:
        here = (await journal.git.ask("symbolic-ref", "--short", "HEAD")).decode().strip()
        there = f"refs/remotes/{remote.name}/{remote.branch or here}"
        if not await journal.workshop.head() or not await resolved(journal.git, there):
            return None
        return int(await journal.git.ask("rev-list", "--count", "HEAD", f"^{there}"))
    except GitError:
        return None
