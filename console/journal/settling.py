"""Documents that both sides changed, settled before anybody has to merge them by hand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from console.journal.errors import GitError
from console.journal.happenings import begun, event_of
from console.journal.landing import PLAIN
from console.journal.merge import Joined, Leaf, Tree
from console.journal.reading import paper_of
from console.journal.reconcile import Side, Unreconciled, is_document, reconciled
from console.journal.repository import Journal
from console.model.event import Event
from console.model.papers import BrokenPaper, IncidentPaper, Sheet

_EVENTS: Final = re.compile(r"events/([0-9]{4}-[0-9]{2}-[0-9]{2})/[^/]+\.jsonl")


class Settled(msgspec.Struct, frozen=True):
    """Two sides joined, as far as that goes without a person."""

    joined: Joined
    documents: tuple[str, ...]
    """Paths of those that were made one of two."""
    why: Mapping[str, str]
    """What is in the way of the others, by path, safe to show."""


async def settled(journal: Journal, both: Joined, base: Tree, here: Tree, there: Tree) -> Settled:
    """`both` with one document in place of two wherever nothing that either side wrote is lost.

    Raises:
        GitError: the repository cannot be read, or does not take what comes of it.
    """
    events = _Events(journal)
    tree, why = dict(both.tree), {}
    for path in both.conflicts:
        told = await _settled(journal, events, path, base, here, there)
        if isinstance(told, Unreconciled):
            why[path] = told.why
        else:
            tree[path] = Leaf(PLAIN, await journal.workshop.keep(told))
    left = tuple(path for path in both.conflicts if path in why)
    done = tuple(path for path in both.conflicts if path not in why)
    return Settled(Joined(tree, left), done, why)


async def _settled(
    journal: Journal, events: _Events, path: str, base: Tree, here: Tree, there: Tree
) -> bytes | Unreconciled:
    leaves = [tree.get(path, Leaf("", "")) for tree in (base, here, there)]
    if _EVENTS.fullmatch(path) and all(leaf.mode == PLAIN for leaf in leaves[1:]):
        return await _appended(journal, leaves[1:])
    if not is_document(path) or any(leaf.mode != PLAIN for leaf in leaves):
        return Unreconciled()
    contents = [await journal.git.ask("cat-file", "blob", leaf.blob) for leaf in leaves]
    papers = [paper_of(Sheet(path, content)) for content in contents]
    since = []
    for paper in papers:
        if isinstance(paper, BrokenPaper):
            return Unreconciled()
        since.append(begun(paper.incident if isinstance(paper, IncidentPaper) else paper.change))
    first_day = min(since).date().isoformat()
    try:
        sides = [
            Side(content, await events.of(tree, first_day))
            for content, tree in ((contents[1], here), (contents[2], there))
        ]
    except GitError as error:
        if error.exit_status is not None:
            raise
        return Unreconciled("more events than are read at once")
    return await asyncio.to_thread(reconciled, path, contents[0], *sides)


async def _appended(journal: Journal, sides: Sequence[Leaf]) -> bytes:
    """The lines of both sides, each once: nothing but lines at the end comes to such a file."""
    here, there = [await journal.git.ask("cat-file", "blob", leaf.blob) for leaf in sides]
    lines = dict.fromkeys((*there.splitlines(), *here.splitlines()))
    return b"".join(line + b"\n" for line in lines if line)


class _Events:
    """The events of trees; each file is read once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, tuple[Event, ...]] = {}

    async def of(self, tree: Tree, first_day: str) -> tuple[Event, ...]:
        """Everything that happened since the beginning of that day.

        Raises:
            GitError: it cannot be read, or is more than git is let say.
        """
        blobs = [
            leaf.blob
            for path, leaf in tree.items()
            if (found := _EVENTS.fullmatch(path)) and found[1] >= first_day and leaf.mode == PLAIN
        ]
        await self._read(blob for blob in blobs if blob not in self._known)
        return tuple(dict.fromkeys(event for blob in blobs for event in self._known[blob]))

    async def _read(self, blobs: Iterable[str]) -> None:
        wanted = list(dict.fromkeys(blobs))
        if not wanted:
            return
        asked = "".join(f"{blob}\n" for blob in wanted).encode()
        told = await self._journal.git.ask("cat-file", "--batch", stdin=asked)
        self._known |= await asyncio.to_thread(_told, told)


def _told(told: bytes) -> dict[str, tuple[Event, ...]]:
    """What `cat-file --batch` says: a line with name, kind and size, so many bytes, a line end."""
    found = {}
    at = 0
    while at < len(told):
        end = told.index(b"\n", at)
        name, _, size = told[at:end].decode().split(" ")
        past = end + 1 + int(size)
        lines = told[end + 1 : past].split(b"\n")
        found[name] = tuple(filter(None, map(event_of, lines)))
        at = past + 1
    return found
