"""What came from elsewhere brought into the folder: files, the person's index, the branch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from console.journal.disk import ABSENT, Disk
from console.journal.errors import JournalFault, Problem
from console.journal.landing import PLAIN, Entry
from console.journal.merge import Tree, tree_of
from console.journal.repository import Journal
from console.journal.standing import shown
from console.safety.files import FileError
from console.safety.text import visible

_EXECUTABLE: Final = "100755"
_GONE: Final = "000000"
_NAMED: Final = 5


class Changed(msgspec.Struct, frozen=True):
    """A path that differs between two commits."""

    path: str
    mode: str
    before: str
    after: str

    @property
    def entry(self) -> Entry:
        """What the path is to be in the index."""
        return Entry(self.path, self.after, self.mode)


def changed_of(before: Tree, after: Tree) -> list[Changed]:
    """The paths that differ, in order; those that are gone come first."""
    found = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new:
            mode = _GONE if new is None else new.mode
            blobs = [ABSENT if one is None else one.blob for one in (old, new)]
            found.append(Changed(path, mode, *blobs))
    return sorted(found, key=lambda one: bool(one.after))


async def changed_between(journal: Journal, before: str, after: str) -> list[Changed]:
    """The paths that differ between two commits, the first of which may be none at all.

    Raises:
        GitError: one cannot be read.
    """
    return changed_of(
        await tree_of(journal, before) if before else {}, await tree_of(journal, after)
    )


async def apart(journal: Journal, head: str, there: str) -> tuple[int, int]:
    """How many commits are here alone, and there alone."""
    if head == there:
        return 0, 0
    counts = []
    for mine, other in ((head, there), (there, head)):
        words = ("rev-list", "--count", mine, *((f"^{other}",) if other else ()))
        counts.append(int(await journal.git.ask(*words)) if mine else 0)
    return counts[0], counts[1]


async def obstructed(journal: Journal, changed: Sequence[Changed]) -> JournalFault | None:
    """Why `changed` cannot come here: somebody changed those files, or staged them, and has not
    committed that.

    Raises:
        GitError: the index cannot be read.
    """
    disk = msgspec.structs.replace(journal.disk, anywhere=True)
    in_the_way = await asyncio.to_thread(_in_the_way, disk, _plain(changed))
    staged = await journal.workshop.index_entries(one.path for one in changed)
    in_the_way += [
        one.path
        for one in changed
        if staged.get(one.path, ABSENT) not in (one.before, one.after)
        and one.path not in in_the_way
    ]
    if not in_the_way:
        return None
    named = some_of(in_the_way)
    return JournalFault(
        Problem.IN_THE_WAY,
        f"changed here and not committed, while the remote has newer ones: {named}",
        "files as the last commit has them",
        f"commit or put aside those changes in {shown(journal.folder)}",
    )


async def bring_along(
    journal: Journal, changed: Sequence[Changed], to: str, before: str, why: str
) -> tuple[str, ...]:
    """Bring files, index and branch from `before` to `to`, which comes after it; what a person
    has to know about it. Nothing may obstruct it.

    Files first: of a console that is killed in the middle the next one goes on, since what is
    on disk is then either the one version or the other.

    Raises:
        GitError: git would not.
        FileError: a file cannot be written.
    """
    plain = _plain(changed)
    disk = msgspec.structs.replace(journal.disk, anywhere=True)
    for one in sorted(plain, key=lambda one: bool(one.after)):  # a folder may take a file's place
        if one.after:
            content = await journal.git.ask("cat-file", "blob", one.after)
            runs = one.mode == _EXECUTABLE
            await asyncio.to_thread(disk.write, one.path, content, executable=runs)
        else:
            await asyncio.to_thread(disk.remove, one.path)
    await journal.workshop.set_index([one.entry for one in changed])
    await journal.workshop.move(to, before, why)
    left = [one.path for one in changed if one not in plain]
    if left:
        return (f"links and submodules from the remote were not put on disk: {some_of(left)}",)
    return ()


def _plain(changed: Sequence[Changed]) -> list[Changed]:
    return [one for one in changed if one.mode in (PLAIN, _EXECUTABLE, _GONE)]


def _in_the_way(disk: Disk, changed: Sequence[Changed]) -> list[str]:
    found = []
    for one in changed:
        try:
            blob = disk.blob(disk.read(one.path))
        except FileError:
            found.append(one.path)
            continue
        if blob not in (one.before, one.after):
            found.append(one.path)
    return found


def some_of(paths: Sequence[str]) -> str:
    """The first few of `paths`, and how many more there are, safe to show."""
    named = visible(", ".join(paths[:_NAMED]), cells=160)
    return f"{named} and {len(paths) - _NAMED} more" if len(paths) > _NAMED else named
