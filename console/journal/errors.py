"""What keeps a document from the journal, as values that say what came and what to do."""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from console.model.papers import BrokenPaper
from console.safety.files import FileError, LockHeldError
from console.safety.text import visible

_SAID_CELLS: Final = 4000
"""Enough for two paths: what is wrong, and which lock it is, stands at the end."""


class Problem(enum.StrEnum):
    """Why, in a word."""

    NOT_OURS = "not ours"
    NOT_A_FOLDER = "not a folder"
    NOT_USABLE = "not usable"
    """A repository, but of a form in which nothing is written: bare, a submodule, …"""
    BROKEN = "broken"
    TRACKED_ABOVE = "tracked above"
    """A repository around the folder has its files already."""
    READ_ONLY = "read-only"
    FULL = "full"
    BUSY = "busy"
    """In the middle of a rebase, a merge, …, or on no branch."""
    LOCKED = "locked"
    PLACE = "place"
    """A document cannot stand at that path."""
    GIT = "git"
    NO_GIT = "no git"
    NO_REMOTE = "no remote"
    OFFLINE = "offline"
    REFUSED = "refused"
    DIVERGED = "diverged"
    IN_THE_WAY = "in the way"
    """Files that somebody changed here stand where the remote has newer ones."""


class JournalFault(msgspec.Struct, frozen=True):
    """Something was not done. All its texts are safe to show."""

    problem: Problem
    cause: str
    """What came, in plain words."""
    expected: str
    remedy: str
    """What to do about it."""
    kept: tuple[str, ...] = ()
    """Paths whose new text is on disk all the same, though in no commit."""

    def __str__(self) -> str:
        kept = f"; the text is safe in {', '.join(self.kept)}" if self.kept else ""
        return f"{self.cause} (expected {self.expected}; {self.remedy}){kept}"


def unreadable(paper: BrokenPaper) -> JournalFault:
    """A file of which nothing can be told, before a person has mended it."""
    cause = paper.faults[0] if paper.faults else f"{visible(paper.path)} cannot be read"
    expected = "front matter as the console writes it"
    return JournalFault(Problem.BROKEN, cause, expected, f"mend {visible(paper.path)}")


class GitError(Exception):
    """git did not do what it was told; the text is what it said, safe to show."""

    def __init__(self, verb: str, said: str, exit_status: int | None) -> None:
        super().__init__(f"git {verb}: {said}" if said else f"git {verb} ended without a word")
        self.verb = verb
        self.said = said
        self.exit_status = exit_status
        """`None`: it was ended at its deadline or its cap."""

    @property
    def locked_by(self) -> str:
        """The lock file that was in its way; empty where it was something else."""
        found = re.search(r"'([^']*\.lock)': File exists", self.said)
        return found[1] if found else ""


def said_by(stderr: bytes) -> str:
    """The lines of git's complaint that say most, on one line, safe to show."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    told = [line for line in lines if line and not line.startswith("hint:")]
    worst = [line for line in told if re.match(r"fatal:|error:|ERROR|ssh:|remote:|! ", line)]
    text = re.sub(r"://[^/@\s]+@", "://***@", "; ".join((worst or told)[:4]))
    return visible(text, cells=_SAID_CELLS)


_COMPLAINTS: Final = (
    (r"there is no program|cannot run", Problem.NO_GIT),
    (r"no space left|disk quota|file too large|signal 25", Problem.FULL),
    (r"read-only file system|permission denied|insufficient permission", Problem.READ_ONLY),
    (r"\.lock': file exists", Problem.LOCKED),
    (
        r"not a git repository|corrupt|bad (tree|object|signature|ref)|missing blob"
        r"|invalid (object|sha1|ref)|unable to (read|parse)|is empty|smaller than expected"
        r"|bad config|not a valid object",
        Problem.BROKEN,
    ),
)
_REMEDIES: Final = {
    Problem.FULL: "make room on that disk, then save again",
    Problem.READ_ONLY: "make the folder and its .git writable for this user, then save again",
    Problem.LOCKED: "if no git is running there, remove that lock file, then save again",
    Problem.BROKEN: "look with `git fsck` in that folder; a fresh clone mends most of it",
    Problem.NO_GIT: "install git 2.36 or newer, or put it in PATH",
    Problem.GIT: "run `git status` in that folder and look at what it says",
}


def fault_of(error: GitError, kept: tuple[str, ...] = ()) -> JournalFault:
    """git's complaint about what was done on this machine as a fault."""
    problem = Problem.GIT
    said = error.said.lower()
    if error.exit_status == -25:  # SIGXFSZ: past the size that this process may write
        problem, said = Problem.FULL, "file too large"
    for pattern, kind in _COMPLAINTS:
        if re.search(pattern, said):
            problem = kind
            break
    return JournalFault(problem, str(error), "git to record it", _REMEDIES[problem], kept)


def fault_of_file(error: FileError, kept: tuple[str, ...] = ()) -> JournalFault:
    """What is wrong with a file or a folder of the journal as a fault."""
    problem = Problem.LOCKED if isinstance(error, LockHeldError) else Problem.PLACE
    if re.search(r"No space|quota|too large", error.problem):
        problem = Problem.FULL
    elif re.search(r"Permission|permitted|Read-only", error.problem):
        problem = Problem.READ_ONLY
    remedy = _REMEDIES.get(problem, "move away what stands there, or choose another place")
    if isinstance(error, LockHeldError):
        remedy = "wait until the other console has finished, then save again"
    return JournalFault(problem, visible(str(error)), error.expected, remedy, kept)
