"""A journal on disk, and real git beside the console."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from console.journal.author import Author
from console.journal.change import Change, Commit, Document, Write
from console.journal.errors import JournalFault
from console.journal.repository import Journal, open_journal
from console.safety.clock import ManualClock, SystemClock

KAI: Final = Author("Kai 凱", "kai@example.org")
NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
PATH: Final = "incidents/2026/INC-20261122-7f3-redis-down.md"
TEXT: Final = "# redis 停了\r\n\ttabs, no line break at the end".encode()
_NOBODY: Final = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Mei",
    "GIT_AUTHOR_EMAIL": "mei@example.org",
    "GIT_COMMITTER_NAME": "Mei",
    "GIT_COMMITTER_EMAIL": "mei@example.org",
    "GIT_EDITOR": "true",
}


def git(folder: Path, *words: str, fails: bool = False, stdin: bytes = b"") -> str:
    """What git says to a person who types it in `folder`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    ended = subprocess.run(
        ["git", *words],
        cwd=folder,
        env=clean | _NOBODY,
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode != 0) == fails, ended.stderr.decode()
    return ended.stdout.decode().strip()


def repository(folder: Path, *words: str) -> Path:
    """A repository as a person makes one, with a first commit in it."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "--initial-branch=main", *words)
    (folder / "README.md").write_text("of the team\n")
    git(folder, "add", "README.md")
    git(folder, "commit", "-qm", "first")
    return folder


async def opened(folder: Path, environ: Mapping[str, str] | None = None) -> Journal:
    """The journal in `folder`, which must be one, under a clock that ticks."""
    journal = await open_journal(folder, SystemClock(), KAI, environ or os.environ)
    assert isinstance(journal, Journal), journal
    return journal


async def opened_at_noon(folder: Path) -> Journal:
    journal = await open_journal(folder, ManualClock(NOON), KAI, os.environ)
    assert isinstance(journal, Journal), journal
    return journal


async def refused(folder: Path) -> JournalFault:
    """Why there is no journal in `folder`."""
    fault = await open_journal(folder, SystemClock(), KAI, os.environ)
    assert isinstance(fault, JournalFault)
    return fault


async def committed(journal: Journal, *changes: Change, subject: str = "INC-1: x") -> Commit:
    commit = await journal.commit(changes, subject)
    assert isinstance(commit, Commit), commit
    return commit


async def saved(journal: Journal, content: bytes, path: str = PATH) -> Commit:
    """Write over what is there, as somebody does who has just read it."""
    return await committed(journal, Write(path, content, (await read(journal, path)).blob))


async def read(journal: Journal, path: str = PATH) -> Document:
    found = await journal.read(path)
    assert isinstance(found, Document), found
    return found


def in_head(folder: Path, path: str = PATH) -> bytes:
    """The bytes of `path` in the last commit."""
    return subprocess.run(
        ["git", "cat-file", "blob", f"HEAD:{path}"], cwd=folder, capture_output=True, check=True
    ).stdout


def is_sound(folder: Path) -> bool:
    """The repository is whole, and its history one line, as that of one folder is."""
    return is_whole(folder) and git(folder, "rev-list", "--min-parents=2", "--count", "HEAD") == "0"


def is_whole(folder: Path) -> bool:
    """Nothing in the repository is torn or missing; other clones may have been merged in."""
    git(folder, "fsck", "--strict", "--no-dangling")
    return True
