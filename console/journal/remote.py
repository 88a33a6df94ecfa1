"""Sharing the journal: fetch, fast-forward, push. Where histories diverged nothing is touched.

The remote is reached as the repository's own and the person's git settings say (addresses,
ssh, credential helpers), but no hook runs, and no transport or program beside git's own.
"""

from __future__ import annotations

import asyncio
import enum
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from config.schema import JournalRemote
from console.journal.disk import ABSENT, Disk
from console.journal.errors import GitError, JournalFault, Problem, fault_of, fault_of_file
from console.journal.landing import PLAIN, Entry, resolved
from console.journal.lock import held
from console.journal.repository import Journal
from console.journal.standing import obstacle, shown
from console.safety.files import FileError
from console.safety.text import visible

_TRIES: Final = 3
_EXECUTABLE: Final = "100755"
_NAMED: Final = 5
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


class _Changed(msgspec.Struct, frozen=True):
    """A path that differs between two commits."""

    path: str
    mode: str
    before: str
    after: str


async def sync(journal: Journal, remote: JournalRemote) -> Synced | JournalFault:
    """Bring the journal and its remote together, as far as that goes by fast-forward."""
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
            ahead, behind = await _apart(journal, head, there)
            if ahead and behind:
                return _diverged(journal, remote, branch, ahead, behind)
            if behind:
                came = await _fast_forward(journal, head, there)
                if isinstance(came, JournalFault):
                    return came
                notices += came
                fetched, head = fetched + behind, there
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
        _, behind = await _apart(journal, head, there)
        return True if behind else _unreached(error, remote)
    return False


async def _apart(journal: Journal, head: str, there: str) -> tuple[int, int]:
    """How many commits are here alone, and there alone."""
    if head == there:
        return 0, 0
    counts = []
    for mine, other in ((head, there), (there, head)):
        words = ("rev-list", "--count", mine, *((f"^{other}",) if other else ()))
        counts.append(int(await journal.git.ask(*words)) if mine else 0)
    return counts[0], counts[1]


async def _fast_forward(journal: Journal, head: str, there: str) -> tuple[str, ...] | JournalFault:
    """Bring files, index and branch from `head` to `there`, which comes after it.

    Files first: of a console that is killed in the middle the next one goes on, since what is
    on disk is then either the one version or the other.
    """
    changed = await _changed(journal, head, there)
    plain = [one for one in changed if one.mode in (PLAIN, _EXECUTABLE, "000000")]
    disk = msgspec.structs.replace(journal.disk, anywhere=True)
    in_the_way = await asyncio.to_thread(_in_the_way, disk, plain)
    staged = await journal.workshop.index_entries(one.path for one in changed)
    in_the_way += [
        one.path
        for one in changed
        if staged.get(one.path, ABSENT) not in (one.before, one.after)
        and one.path not in in_the_way
    ]
    if in_the_way:
        named = visible(", ".join(in_the_way[:_NAMED]), cells=160)
        more = f" and {len(in_the_way) - _NAMED} more" if len(in_the_way) > _NAMED else ""
        return JournalFault(
            Problem.IN_THE_WAY,
            f"changed here and not committed, while the remote has newer ones: {named}{more}",
            "files as the last commit has them",
            f"commit or put aside those changes in {shown(journal.folder)}",
        )
    for one in sorted(plain, key=lambda one: bool(one.after)):  # a folder may take a file's place
        if one.after:
            content = await journal.git.ask("cat-file", "blob", one.after)
            runs = one.mode == _EXECUTABLE
            await asyncio.to_thread(disk.write, one.path, content, executable=runs)
        else:
            await asyncio.to_thread(disk.remove, one.path)
    entries = [Entry(one.path, one.after, one.mode) for one in changed]
    await journal.workshop.set_index(entries)
    await journal.workshop.move(there, head, "fast-forward")
    left = [one.path for one in changed if one not in plain]
    if left:
        named = visible(", ".join(left[:_NAMED]), cells=160)
        return (f"links and submodules from the remote were not put on disk: {named}",)
    return ()


def _in_the_way(disk: Disk, changed: Sequence[_Changed]) -> list[str]:
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


async def _changed(journal: Journal, before: str, after: str) -> list[_Changed]:
    if not before:
        told = await journal.git.ask("ls-tree", "-r", "-z", "--full-tree", after)
        found = []
        for line in told.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            head, _, path = line.partition("\t")
            mode, _, blob = head.split(" ")
            found.append(_Changed(path, mode, ABSENT, blob))
        return found
    words = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", before, after)
    fields = (await journal.git.ask(*words)).decode("utf-8", "surrogateescape").split("\0")[:-1]
    found = []
    for head, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, old, new, _ = head.split(" ")
        gone = journal.git.no_object
        found.append(
            _Changed(path, mode, ABSENT if old == gone else old, ABSENT if new == gone else new)
        )
    return found


def _diverged(
    journal: Journal, remote: JournalRemote, branch: str, ahead: int, behind: int
) -> JournalFault:
    return JournalFault(
        Problem.DIVERGED,
        f"{ahead} commits are here alone and {behind} at {remote.name}/{branch} alone",
        "one history that goes on from the other",
        f"nothing was rewritten; join them in {shown(journal.folder)}: "
        f"git pull --rebase {remote.name} {branch}",
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
