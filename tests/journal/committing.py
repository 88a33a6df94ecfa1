"""`python -m tests.journal.committing FOLDER NAME COUNT`: commit, and say what is acknowledged.

Every second commit is a new document, the others write over the first one of this name. A line
is printed for each once it is acknowledged: its path and its number.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from console.journal.repository import Journal, open_journal
from console.safety.clock import SystemClock
from tests.journal.folder import KAI, saved

CHARS = 4_000


def content_of(path: str, number: int) -> bytes:
    """What a writer puts at `path` with its commit `number`: long, and different everywhere."""
    return f"{path} {number:06d}\n".encode() * CHARS


def path_of(name: str, number: int) -> str:
    return f"incidents/2026/{name}-{number if number % 2 else 0}.md"


async def main(folder: Path, name: str, count: int) -> None:
    journal = await open_journal(folder, SystemClock(), KAI, os.environ)
    assert isinstance(journal, Journal), journal
    for number in range(count):
        path = path_of(name, number)
        await saved(journal, content_of(path, number), path)
        sys.stdout.write(f"{path} {number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
