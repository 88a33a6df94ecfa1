"""How a repository stands: whether a commit can be made on its branch just now."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from console.journal.errors import GitError, JournalFault, Problem, fault_of
from console.journal.git import Git
from console.journal.landing import resolved
from console.safety.text import visible

EXPECTED: Final = "a folder of this user's own, with a git repository at exactly that place"
_REBASE: Final = "git add -A; git rebase --continue (--abort takes back what is written meanwhile)"
_UNDERWAY: Final = (
    ("rebase-merge", "a rebase", _REBASE),
    ("rebase-apply", "a rebase or `git am`", _REBASE),
    ("MERGE_HEAD", "a merge", "git commit (or git merge --abort)"),
    ("CHERRY_PICK_HEAD", "a cherry-pick", "git cherry-pick --continue (or --abort)"),
    ("REVERT_HEAD", "a revert", "git revert --continue (or --abort)"),
    ("BISECT_LOG", "a bisect", "git bisect reset"),
)


async def obstacle(git: Git) -> JournalFault | None:
    """Why no commit can be made just now: a rebase and the like, no branch, a broken head."""
    underway = await asyncio.to_thread(_underway, git)
    if underway is not None:
        return underway
    try:
        branch = await git.ask("symbolic-ref", "--quiet", "HEAD")
    except GitError as error:
        if error.exit_status != 1:
            return fault_of(error)
        return JournalFault(
            Problem.BUSY,
            f"{shown(git.work_tree)} is on no branch (its HEAD is detached)",
            "a branch, or the commit would be lost with the next checkout",
            "go to a branch there: git switch BRANCH; then save again",
        )
    if not branch.startswith(b"refs/heads/"):
        return broken(git.work_tree, "its HEAD names no branch")
    try:
        if await resolved(git, "HEAD") and not await resolved(git, "HEAD^{tree}"):
            return broken(git.work_tree, "its last commit is missing or torn")
    except GitError as error:
        return fault_of(error)
    return None


def _underway(git: Git) -> JournalFault | None:
    for name, what, remedy in _UNDERWAY:
        if os.path.lexists(git.git_dir / name):
            return JournalFault(
                Problem.BUSY,
                f"{shown(git.work_tree)} is in the middle of {what}",
                "a repository on a branch, with nothing underway",
                f"finish it there: {remedy}; then save again",
            )
    return None


def broken(place: Path, why: str) -> JournalFault:
    return JournalFault(
        Problem.BROKEN,
        f"the repository at {shown(place)} cannot be used: {why}",
        EXPECTED,
        "look with `git fsck` there; a fresh clone mends most of it",
    )


def shown(path: Path) -> str:
    """`path` for a sentence, safe to show."""
    return visible(str(path))
