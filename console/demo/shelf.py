"""The team's own runbooks: a git checkout beside those that ship, none of it very tidy."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Final

from console.demo.team import EMAIL, LOGINS, MEI, YUN
from console.journal.errors import GitError, JournalFault
from console.journal.judge import ground_of
from console.runbook.kept import KeptRuns
from console.safety.files import private_dir, write_atomic

PAYMENTS: Final = "payment-errors"
_AGE: Final = timedelta(days=131)
"""Since somebody of the team read its own runbook through: too long."""
_ADDED: Final = (
    "- Tell the customer service: vouchers do not work.\n",
    "The second route costs 0.4 % more and takes cards only.\n\n",
)
"""What of it is younger than its last run from this console."""


def pages(now: datetime) -> Mapping[str, bytes]:
    """Every page by the name of its file, for a demo that starts at `now`."""
    reviewed = (now - _AGE).date()
    return {
        entry.name: _dated(entry.read_bytes(), reviewed)
        for entry in sorted(files("console.demo").joinpath("pages").iterdir(), key=lambda e: e.name)
        if entry.name.endswith(".md")
    }


def page_before(now: datetime) -> bytes:
    """The team's own runbook as it was when it was last run."""
    text = pages(now)[f"{PAYMENTS}.md"].decode()
    for line in _ADDED:
        text = text.replace(line, "")
    return text.encode()


async def make_shelf(folder: Path, now: datetime) -> None:
    """Write the pages into `folder`, a git checkout where there is git.

    Raises:
        FileError: the folder cannot be made or written.
    """
    private_dir(folder)
    for name, content in pages(now).items():
        await asyncio.to_thread(write_atomic, folder / name, content)
    ground = await ground_of(folder, os.environ)
    if not isinstance(ground, JournalFault):
        try:
            await ground.git.ask("fast-import", "--quiet", stdin=_history(now))
            await ground.git.ask("read-tree", "--reset", "HEAD")
        except GitError:
            return  # They are pages without a past then, and are read all the same.


def remember_last_run(state: Path, now: datetime) -> None:
    """Let the console know how the team's own runbook was when it was last run from here.

    Raises:
        FileError: the folder cannot be written.
    """
    kept = KeptRuns(state)
    if kept.last_text(PAYMENTS) is None:
        kept.remember(PAYMENTS, page_before(now))


def _history(now: datetime) -> bytes:
    """The checkout's past, as a stream for `git fast-import`."""
    found = pages(now)
    first = {**found, f"{PAYMENTS}.md": page_before(now)}
    told = _commit(now - _AGE, YUN, "Runbooks of the shop move into git", first)
    later = {f"{PAYMENTS}.md": found[f"{PAYMENTS}.md"]}
    return told + _commit(now - timedelta(days=3), MEI, "payment-errors: what it costs", later)


def _commit(at: datetime, by: str, subject: str, changed: Mapping[str, bytes]) -> bytes:
    address = EMAIL.replace("{me}", LOGINS[by])
    told = f"commit refs/heads/main\ncommitter {by} <{address}> {int(at.timestamp())} +0000\n"
    parts = [told.encode(), _sized(f"{subject}\n".encode())]
    for name, content in changed.items():
        parts += [f"M 100644 inline {name}\n".encode(), _sized(content)]
    return b"".join(parts)


def _sized(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _dated(content: bytes, reviewed: date) -> bytes:
    return content.replace(b"REVIEWED", str(reviewed).encode())
