"""`python -m tests.journal.saving FOLDER LIMIT`: save one document, and print what comes of it.

Under LIMIT, where it is not 0, no file of this process and its children gets larger.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import sys
from pathlib import Path

from console.journal.change import Write
from console.journal.errors import JournalFault
from console.journal.repository import open_journal
from console.safety.clock import SystemClock
from tests.journal.folder import KAI, PATH

SIZE = 100_000


async def main(folder: Path, limit_bytes: int) -> None:
    journal = await open_journal(folder, SystemClock(), KAI, os.environ)
    if isinstance(journal, JournalFault):
        sys.stdout.write(f"{journal.problem}: {journal}")
        return
    if limit_bytes:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
    # Random, so that git's compression does not get it under the limit.
    content = random.Random(7).randbytes(SIZE)
    told = await journal.commit([Write(PATH, content)], "INC-1: x")
    sys.stdout.write(f"{told.problem}: {told}" if isinstance(told, JournalFault) else "saved")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
