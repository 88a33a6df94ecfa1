"""Sharing the journal: fetch, bring both together, push. Nothing is ever rewritten.

Where only one side has new commits the other goes on from there. Where both have, a merge commit
joins them, if no path was changed on both sides differently, or what was is a document that can
be made one again without losing anything; else nothing is touched.

The remote is reached as the repository's own and the person's git settings say (addresses,
ssh, credential helpers), but no hook runs, and no transport or program beside git's own.
"""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from config.schema import JournalRemote
from console.journal.bringing import (
    apart,
    bring_along,
    changed_between,
    changed_of,
    obstructed,
    some_of,
)
from console.journal.errors import GitError, JournalFault, Problem, fault_of, fault_of_file
from console.journal.landing import resolved
from console.journal.lock import held
from console.journal.merge import ancestor, joined, tree_of
from console.journal.repository import Journal
from console.journal.settling import Settled, settled
from console.journal.standing import obstacle, shown
from console.safety.files import FileError
from console.safety.text import visible

_TRIES: Final = 3
_FETCH: Final = (
    *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"),
    *("--no-auto-maintenance", "--upload-pack=git-upload-pack", "--"),
)
_PUSH: Final = (
    *("push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed"),
    *("--recurse-submodules=no", "--receive-pack=git-receive-pack", "--"),
)


class Shared(enum.StrEnum):
    """How the journal here stands to the one of the remote."""

    SAME = "same"
    AHEAD = "ahead"
    """There are commits here that are not to be pushed."""


class Synced(msgspec.Struct, frozen=True):
    """What became of one look at the remote."""

    state: Shared
    fetched: int
    """Commits that came from there."""
    pushed: int
    """Commits that were sent there."""
    ahead: int
    """Commits that are here alone."""
    head: str
    notice: str = ""
    """What a person has to know beside that, safe to show."""


class _Brought(msgspec.Struct, frozen=True):
    """How the branch here stands once what came from there is in it."""

    head: str
    ahead: int
    """Commits that are here alone."""
    fetched: int = 0
    notices: tuple[str, ...] = ()


async def sync(journal: Journal, remote: JournalRemote) -> Synced | JournalFault:
    """Bring the journal and its remote together, as far as that goes without a person."""
    try:
        return await _synced(journal, remote)
    except GitError as error:
        return fault_of(error)
    except FileError as error:
        return fault_of_file(error)


async def _synced(journal: Journal, remote: JournalRemote) -> Synced | JournalFault:
    git = journal.git
    busy = await obstacle(git)
    if busy is not None:
        return busy
    here = (await git.ask("symbolic-ref", "--short", "HEAD")).decode().strip()
    branch = remote.branch or here
    fetched = pushed = 0
    notices: list[str] = []
    for _ in range(_TRIES):
        there = await _fetched(journal, remote, branch)
        if isinstance(there, JournalFault):
            return there
        async with held(git.git_dir):
            head = await journal.workshop.head()
            brought = await _joined(journal, remote, branch, head, there)
        if isinstance(brought, JournalFault):
            return brought
        head, ahead = brought.head, brought.ahead
        fetched += brought.fetched
        notices += brought.notices
        if not ahead:
            return Synced(Shared.SAME, fetched, pushed, 0, head, "; ".join(notices))
        if not remote.push:
            return Synced(Shared.AHEAD, fetched, pushed, ahead, head, "; ".join(notices))
        refused = await _push(journal, remote, branch, head)
        if isinstance(refused, JournalFault):
            return refused
        if not refused:
            return Synced(Shared.SAME, fetched, ahead, 0, head, "; ".join(notices))
    return JournalFault(
        Problem.REFUSED,
        f"{remote.name} had newer commits at every one of {_TRIES} tries",
        "a moment in which nobody else pushes",
        "nothing is lost; it is tried again",
    )


async def _fetched(journal: Journal, remote: JournalRemote, branch: str) -> str | JournalFault:
    """The commit at the end of the remote's branch; empty: it has no such branch yet."""
    try:
        await journal.git.ask("config", "--get", f"remote.{remote.name}.url")
    except GitError as error:
        if error.exit_status != 1:
            return fault_of(error)
        return JournalFault(
            Problem.NO_REMOTE,
            f"the repository at {shown(journal.folder)} has no remote {remote.name}",
            "the remote that `journal.remote` names",
            f"add it there: git remote add {remote.name} URL",
        )
    tracking = f"refs/remotes/{remote.name}/{branch}"
    try:
        await journal.git.ask_abroad(
            *_FETCH,
            remote.name,
            f"+refs/heads/{branch}:{tracking}",
            timeout_s=remote.timeout.total_seconds(),
        )
    except GitError as error:
        if "couldn't find remote ref" in error.said:
            return ""
        return _unreached(error, remote)
    return await resolved(journal.git, f"{tracking}^{{commit}}")


async def _push(
    journal: Journal, remote: JournalRemote, branch: str, head: str
) -> bool | JournalFault:
    """Whether the remote has newer commits, so that it took nothing."""
    try:
        await journal.git.ask_abroad(
            *_PUSH,
            remote.name,
            f"{head}:refs/heads/{branch}",
            timeout_s=remote.timeout.total_seconds(),
        )
    except GitError as error:
        there = await _fetched(journal, remote, branch)
        if isinstance(there, JournalFault):
            return there
        _, behind = await apart(journal, head, there)
        return True if behind else _unreached(error, remote)
    return False


async def _joined(
    journal: Journal, remote: JournalRemote, branch: str, head: str, there: str
) -> _Brought | JournalFault:
    """Bring here what came from there: by a fast-forward, else by a merge commit.

    Raises:
        GitError: git would not.
        FileError: a file cannot be written.
    """
    busy = await obstacle(journal.git)
    if busy is not None:
        return busy
    ahead, behind = await apart(journal, head, there)
    if not behind:
        return _Brought(head, ahead)
    if not ahead:
        came = await changed_between(journal, head, there)
        fault = await obstructed(journal, came)
        if fault is not None:
            return fault
        notices = await bring_along(journal, came, there, head, "fast-forward")
        return _Brought(there, 0, behind, notices)
    base = await ancestor(journal, head, there)
    mine = await tree_of(journal, head)
    where = f"{remote.name}/{branch}"
    if base is None:
        return _diverged(journal, remote, branch, ahead, behind, None)
    theirs = await tree_of(journal, there)
    told = await settled(journal, joined(base, mine, theirs), base, mine, theirs)
    both = told.joined
    if both.conflicts:
        return _diverged(journal, remote, branch, ahead, behind, told)
    came = changed_of(mine, both.tree)
    fault = await obstructed(journal, came)
    if fault is not None:
        return fault
    subject = f"merge: {ahead:,} here, {behind:,} from {visible(where, cells=60)}"
    message = journal.message(subject, "\n".join(f"Both wrote: {path}" for path in told.documents))
    commit = await journal.workshop.join(head, there, [one.entry for one in came], message)
    if await tree_of(journal, commit) != both.tree:
        raise GitError("write-tree", "the merge came out otherwise than it was worked out", None)
    notices = await bring_along(journal, came, commit, head, subject)
    return _Brought(commit, ahead + 1, behind, notices)


def _diverged(
    journal: Journal,
    remote: JournalRemote,
    branch: str,
    ahead: int,
    behind: int,
    told: Settled | None,
) -> JournalFault:
    where = visible(f"{remote.name}/{branch}", cells=60)
    if told is None:
        why, expected = "they have no commit in common", "two histories with the same beginning"
        words = "--allow-unrelated-histories "
    else:
        names = [f"{path} ({why})" if (why := told.why[path]) else path for path in told.why]
        why = f"both changed {some_of(names)}"
        expected, words = "no file that both sides changed, each otherwise", ""
    return JournalFault(
        Problem.DIVERGED,
        f"{ahead:,} commits are here alone and {behind:,} at {where} alone, and {why}",
        expected,
        f"nothing was touched; merge them in {shown(journal.folder)}: "
        f"git pull --no-rebase {words}{remote.name} {branch}",
    )


_UNREACHED: Final = (
    (
        r"not allowed|permission denied|authentication failed|could not read (username|password)"
        r"|host key verification|access denied|forbidden|failed to push|denied",
        Problem.REFUSED,
        "git push or git fetch by hand tells more; keys and credentials are those of your git",
    ),
    (
        r"does not appear to be a git repository|repository .*not found|does not exist",
        Problem.NO_REMOTE,
        "look at its address: git remote -v",
    ),
)


def _unreached(error: GitError, remote: JournalRemote) -> JournalFault:
    for pattern, problem, remedy in _UNREACHED:
        if re.search(pattern, error.said, re.IGNORECASE):
            return JournalFault(problem, f"{remote.name}: {error}", "the remote to answer", remedy)
    return JournalFault(
        Problem.OFFLINE,
        f"{remote.name} cannot be reached: {error.said}",
        "the remote to answer",
        "commits are kept here and sent once it answers",
    )
