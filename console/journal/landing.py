"""From written files to a commit: blobs, a tree, a commit, the branch, all by plumbing.

The branch moves only from what it was when the tree was made (compare and swap), so that of
several writers none takes away what another has landed, and the history stays one line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from console.journal.disk import ABSENT
from console.journal.errors import GitError
from console.journal.git import Git
from console.safety.clock import Clock
from console.safety.files import FileError, private_dir, read_capped, remove_plain, write_atomic
from console.safety.text import visible

PLAIN: Final = "100644"
_TRY_S: Final = 0.05
_LOCKED_TRIES: Final = 8
"""For a lock of git's own, which a living git holds for milliseconds: one to two seconds, since
git waits for a tenth of one itself, and then the person is told."""
_INDEX_TRIES: Final = 20
"""The same for the index, for whose lock git does not wait."""
_STALE_S: Final = 10.0
_TRIES: Final = 200
_FEW: Final = 100
"""Paths that go on a command line."""
_MAX_BEHIND_BYTES: Final = 1024 * 1024


class Entry(msgspec.Struct, frozen=True):
    """What a path is to be in the tree."""

    path: str
    blob: str
    """`ABSENT`: it is not to be there."""
    mode: str = PLAIN


class Landed(msgspec.Struct, frozen=True):
    """A commit that is on the branch."""

    hash: str
    changed: bool
    """False: the tree was so already, and no commit was made."""
    notice: str = ""
    """What a person has to know about it, safe to show."""


class Message(msgspec.Struct, frozen=True):
    """What a commit says."""

    text: bytes
    signed: Mapping[str, str]
    """git's variables for author, committer and their dates."""


class Workshop:
    """Where commits of one repository are made. One at a time: the caller holds the lock."""

    def __init__(self, git: Git, clock: Clock) -> None:
        self.git = git
        self._clock = clock
        self.room = git.git_dir / "oncall"
        self._behind = self.room / "behind.json"

    async def head(self) -> str:
        """The commit that HEAD means; empty before the first one.

        Raises:
            GitError: it cannot be told.
        """
        return await resolved(self.git, "HEAD^{commit}")

    async def keep(self, content: bytes) -> str:
        """Keep `content` as a blob, byte for byte, and tell its hash."""
        words = ("hash-object", "-w", "--no-filters", "--stdin")
        return (await self.git.ask(*words, stdin=content)).decode().strip()

    async def land(self, entries: Sequence[Entry], message: Message) -> Landed:
        """Make `entries` true at the end of the branch.

        Raises:
            GitError: git would not.
            FileError: there is no room beside the repository to work in.
        """
        await asyncio.to_thread(self._prepare)
        notice = await self._bring_index_along(entries)
        for _ in range(_TRIES):
            head = await self.head()
            tree = await self._tree_with(head, entries)
            if head and tree == await resolved(self.git, f"{head}^{{tree}}"):
                return Landed(head, False, notice)
            parents = ("-p", head) if head else ()
            words = ("commit-tree", "--no-gpg-sign", tree, *parents, "-F", "-")
            made = await self.git.ask(*words, stdin=message.text, more=message.signed)
            commit = made.decode().strip()
            if await self._moved(commit, head, message.text.split(b"\n")[0].decode()):
                return Landed(commit, True, notice)
        raise GitError("update-ref", "the branch moved all the time", None)

    async def _moved(self, commit: str, head: str, why: str) -> bool:
        """Whether the branch means `commit` now; if not, somebody else was quicker.

        Raises:
            GitError: it would not; a lock that a living git may hold is waited for.
        """
        for left in reversed(range(_LOCKED_TRIES)):
            try:
                await self.move(commit, head, why)
                return True
            except GitError as error:
                if await self.head() != head:
                    return False
                if not error.locked_by or not left:
                    raise
            await asyncio.sleep(_TRY_S)
        return False

    async def join(self, head: str, other: str, entries: Sequence[Entry], message: Message) -> str:
        """A commit that comes after both, and is `head` but for `entries`; no branch moves.

        Raises:
            GitError: git would not.
            FileError: there is no room beside the repository to work in.
        """
        await asyncio.to_thread(self._prepare)
        tree = await self._tree_with(head, entries)
        words = ("commit-tree", "--no-gpg-sign", tree, "-p", head, "-p", other, "-F", "-")
        made = await self.git.ask(*words, stdin=message.text, more=message.signed)
        return made.decode().strip()

    async def move(self, to: str, before: str, why: str) -> None:
        """Let the branch of HEAD mean `to`, if it still means `before`.

        Raises:
            GitError: it does not, or its lock is held.
        """
        words = ("update-ref", "--create-reflog", "-m", f"oncall: {why}", "HEAD", to)
        await self.git.ask(*words, before or self.git.no_object)

    async def index_entries(self, paths: Iterable[str]) -> dict[str, str]:
        """The blobs of `paths` in the repository's own index; those that are not in it miss."""
        wanted = set(paths)
        if not wanted:
            return {}
        few = ("--", *wanted) if len(wanted) <= _FEW else ()
        told = await self.git.ask("ls-files", "--stage", "-z", *few)
        found = {}
        for line in told.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            head, _, path = line.partition("\t")
            if path in wanted:
                found[path] = head.split(" ")[1]
        return found

    async def set_index(self, entries: Sequence[Entry]) -> None:
        """Bring the repository's own index along for `entries`, and for nothing else.

        Raises:
            GitError: it would not; a lock that a living git may hold is waited for.
        """
        lines = _lines(entries, self.git.no_object)
        quiet = await self.git.without_filters()
        for left in reversed(range(_INDEX_TRIES)):
            try:
                words = ("update-index", "-z", "--index-info")
                await self.git.ask(*words, stdin=lines, more=quiet)
                return
            except GitError as error:
                stale = self._age_s(error.locked_by) > _STALE_S
                if not error.locked_by or stale or not left:
                    raise
            await asyncio.sleep(_TRY_S)

    async def _tree_with(self, head: str, entries: Sequence[Entry]) -> str:
        index = self.room / f"index-{os.getpid()}-{os.urandom(8).hex()}"
        try:
            await self.git.ask("read-tree", head or "--empty", index=index)
            words = ("update-index", "--add", "--replace", "-z", "--index-info")
            lines = _lines(entries, self.git.no_object)
            await self.git.ask(*words, stdin=lines, index=index)
            return (await self.git.ask("write-tree", index=index)).decode().strip()
        finally:
            await asyncio.to_thread(remove_plain, index)

    async def _bring_index_along(self, entries: Sequence[Entry]) -> str:
        # Before the branch moves: of a console that is killed between the two the person's next
        # commit then adds the document, where it would otherwise take it away again.
        behind = self._known_behind()
        try:
            if behind:
                await self._catch_up(behind, {entry.path for entry in entries})
            await self.set_index(entries)
        except GitError as error:
            with contextlib.suppress(GitError):  # it cannot be read either, so nobody uses it
                now = await self.index_entries(entry.path for entry in entries)
                for entry in entries:
                    behind.setdefault(entry.path, now.get(entry.path, ABSENT))
                content = msgspec.json.encode(behind)
                await asyncio.to_thread(write_atomic, self._behind, content)
            return self._index_notice(error)
        if behind:
            await asyncio.to_thread(remove_plain, self._behind)
        return ""

    async def _catch_up(self, behind: Mapping[str, str], but: set[str]) -> None:
        """What could not be brought along earlier, where nobody has touched it since."""
        now = await self.index_entries(behind)
        late = []
        for path, blob in behind.items():
            if path not in but and now.get(path, ABSENT) == blob:
                late.append(Entry(path, await resolved(self.git, f"HEAD:{path}")))
        if late:
            await self.set_index(late)

    def _known_behind(self) -> dict[str, str]:
        if not os.path.lexists(self._behind):
            return {}
        try:
            content = read_capped(self._behind, _MAX_BEHIND_BYTES, follow=False)
            return msgspec.json.decode(content, type=dict[str, str])
        except (FileError, msgspec.MsgspecError):
            return {}

    def _index_notice(self, error: GitError) -> str:
        lock = error.locked_by
        if not lock:
            return f"the repository's own index was not brought along: {error}"
        age_s = round(self._age_s(lock))
        return (
            f"{visible(lock)} is there for {age_s} s, so that the index still has the earlier "
            "text; it is brought along once that is gone. If no git runs there, remove it"
        )

    def _age_s(self, lock: str) -> float:
        try:
            return self._clock.now().wall.timestamp() - os.lstat(lock).st_mtime
        except OSError:
            return 0.0

    def _prepare(self) -> None:
        private_dir(self.room)
        # We hold the lock: what lies here was left by consoles that were killed.
        for left in self.room.glob("index-*"):
            remove_plain(left)


async def resolved(git: Git, name: str) -> str:
    """The hash that `name` means; empty: nothing is called so.

    Raises:
        GitError: the repository cannot be read.
    """
    try:
        return (
            (await git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", name))
            .decode("ascii", "replace")
            .strip()
        )
    except GitError as error:
        if error.exit_status == 1:
            return ""
        raise


def _lines(entries: Sequence[Entry], no_object: str) -> bytes:
    lines = []
    for entry in entries:
        mode, blob = (entry.mode, entry.blob) if entry.blob else ("0", no_object)
        lines.append(f"{mode} {blob}\t{entry.path}\0")
    return "".join(lines).encode("utf-8", "surrogateescape")
