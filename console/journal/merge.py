"""Two histories joined: by path, never inside a file, and never by git's own merge.

What one side alone changed is taken from that side, and so is what both made the same. Whatever
both changed differently is a person's to merge. Modes count as a part of a file, a rename is a
removal and an addition, and a file where the other side has a folder is a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from console.journal.errors import GitError
from console.journal.repository import Journal

_DEEPEST: Final = 16
"""Histories may have been joined crosswise, each time anew, so often; more is not unravelled."""


class Leaf(msgspec.Struct, frozen=True):
    """What stands at a path: a file, a link, a submodule."""

    mode: str
    blob: str


_TORN: Final = Leaf("", "")
"""In a common ancestor that is itself a merge of several: they differ there, so that whatever
stands at that path now counts as changed."""
Tree = Mapping[str, Leaf]


class Joined(msgspec.Struct, frozen=True):
    """What comes of two sides."""

    tree: Tree
    conflicts: tuple[str, ...]
    """Paths that both changed differently, in order; where there is any, nothing is done."""


def joined(base: Tree, here: Tree, there: Tree) -> Joined:
    """Both sides together, each path as the side has it that changed it since `base`."""
    tree: dict[str, Leaf] = {}
    conflicts = set()
    for path in base.keys() | here.keys() | there.keys():
        old, mine, other = base.get(path), here.get(path), there.get(path)
        if mine != other and old not in (mine, other):
            conflicts.add(path)
            continue
        leaf = other if mine == old else mine
        if leaf is not None:
            tree[path] = leaf
    conflicts.update(path for path in tree if any(above in tree for above in _above(path)))
    return Joined(tree, tuple(sorted(conflicts)))


async def ancestor(journal: Journal, here: str, there: str, deep: int = 0) -> Tree | None:
    """What both commits go back to; `None`: nothing, or nothing that can be told.

    Where two consoles merged the same commits at the same moment there are several ancestors.
    They are joined in turn, and a path at which they cannot be is in conflict with everything.

    Raises:
        GitError: a commit cannot be read.
    """
    if deep > _DEEPEST:
        return None
    try:
        told = await journal.git.ask("merge-base", "--all", here, there)
    except GitError as error:
        if error.exit_status == 1 and not error.said:
            return None
        raise
    return await _together(journal, told.decode().split(), deep)


async def _together(journal: Journal, commits: list[str], deep: int) -> Tree | None:
    if not commits:
        return None
    tree: Tree = await tree_of(journal, commits[0])
    for commit in commits[1:]:
        base = await ancestor(journal, commits[0], commit, deep + 1)
        if base is None:
            return None
        both = joined(base, tree, await tree_of(journal, commit))
        tree = {**both.tree, **dict.fromkeys(both.conflicts, _TORN)}
    return tree


async def tree_of(journal: Journal, commit: str) -> dict[str, Leaf]:
    """Everything that stands in `commit`, by path.

    Raises:
        GitError: it cannot be read.
    """
    told = await journal.git.ask("ls-tree", "-r", "-z", "--full-tree", commit)
    found = {}
    for line in told.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        head, _, path = line.partition("\t")
        mode, _, blob = head.split(" ")
        found[path] = Leaf(mode, blob)
    return found


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
