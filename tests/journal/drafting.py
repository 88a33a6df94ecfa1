"""`python -m tests.journal.drafting FOLDER KEY`: type and save without end, as a form does.

A number is printed for each draft once it is saved.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from console.journal.drafts import Drafts
from console.model.papers import Draft, PaperKind, Sheet
from console.safety.clock import SystemClock

AT: Final = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
CHARS: Final = 20_000


def draft_of(key: str, number: int) -> Draft:
    """What is typed by its number: long, and different everywhere."""
    return Draft(
        key=key,
        kind=PaperKind.INCIDENT,
        fields={"what": f"{number:06d} 停\n" * CHARS, "number": str(number)},
        saved_at=AT,
        sheet=Sheet("incidents/2026/x.md", b"\x00\xff\r\n", "b10b"),
        title="redis 停了",
    )


def main(folder: Path, key: str) -> None:
    drafts = Drafts(folder, SystemClock())
    number = 0
    while True:
        drafts.save(draft_of(key, number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
