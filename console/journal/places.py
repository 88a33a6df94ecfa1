"""Where what stands in the journal, and what can be a path in it at all. Pure."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from config.schema import Journal
from console.journal.ids import ANY_ID, Kind, slug

FOLDERS: Final = ("incidents", "changes", "reports", "events", "runs")
"""Everything that the console writes lies in one of these."""
_OF_KIND: Final = {Kind.INCIDENT: "incidents", Kind.CHANGE: "changes", Kind.RUN: "runs"}
_MOST_BYTES: Final = 200
"""Of one part of a path; file systems take 255, and temporary names come on top."""


def home_of(journal: Journal, state: Path | None) -> Path | None:
    """The folder of the journal: the one of the settings, else one in the state folder; `None`
    where there is neither."""
    if journal.folder is not None:
        return Path(journal.folder)
    return None if state is None else state / "journal"


def is_there(home: Path | None) -> bool:
    """Whether there is a journal in `home` already."""
    return home is not None and os.path.lexists(home / ".git")


def document_path(document_id: str, title: str) -> str:
    """`incidents/2026/INC-20261122-7f3-redis-down.md`.

    Raises:
        ValueError: `document_id` is no id.
    """
    words = slug(title)
    name = f"{document_id}-{words}" if words else document_id
    return f"{folder_of(document_id)}/{name}.md"


def folder_of(document_id: str) -> str:
    """`incidents/2026`, where the document of that id lies.

    Raises:
        ValueError: `document_id` is no id.
    """
    found = ANY_ID.fullmatch(document_id)
    if found is None:
        raise ValueError("an id is written INC-20261122-7f3")
    return f"{_OF_KIND[Kind(found['kind'])]}/{found['day'][:4]}"


def id_of(path: str) -> str:
    """The id in the name of the document at `path`; empty: none."""
    found = ANY_ID.match(path.rpartition("/")[2])
    return found[0] if found else ""


def attachments_folder(document_id: str) -> str:
    """`incidents/2026/INC-20261122-7f3`, for what is archived beside a document."""
    return f"{folder_of(document_id)}/{document_id}"


def events_path(at: datetime, who: str, console: str) -> str:
    """`events/2026-11-22/kai-laptop.jsonl`: one file a day, person and console."""
    name = f"{slug(who, 40) or 'somebody'}-{slug(console, 40) or 'console'}"
    return f"events/{at.astimezone(UTC).date().isoformat()}/{name}.jsonl"


def daily_report_path(day: date, ending: str, observation_day: int | None = None) -> str:
    """`reports/daily/2026-11-22.md`; on a day of an observation window
    `reports/daily/2026-11-22-day-3.md`. `ending` is `md`, `json` or `html`."""
    window = "" if observation_day is None else f"-day-{observation_day}"
    return f"reports/daily/{day.isoformat()}{window}.{ending}"


def observation_report_path(first: date, last: date, ending: str) -> str:
    """`reports/7-day/2026-11-16_2026-11-22.md`, the folder by how many days there are."""
    days = (last - first).days + 1
    return f"reports/{days}-day/{first.isoformat()}_{last.isoformat()}.{ending}"


def kpi_report_path(first: date, last: date, ending: str) -> str:
    """`reports/kpi/2026-11-16_2026-11-22.md`."""
    return f"reports/kpi/{first.isoformat()}_{last.isoformat()}.{ending}"


def path_fault(path: str) -> str:
    """What is wrong with `path` as that of a document in the journal; empty: nothing.

    A path is relative, with `/`, below one of `FOLDERS`, and none of its parts is hidden,
    climbs, or could be an option of a program.
    """
    parts = path.split("/")
    if parts[0] not in FOLDERS or len(parts) < 2:
        return f"it does not lie below {', '.join(FOLDERS)}"
    if any(part.startswith((".", "-")) or part != part.strip() for part in parts):
        return "a part of it begins with `.`, `-` or a space"
    return any_path_fault(path)


def any_path_fault(path: str) -> str:
    """What is wrong with `path` as that of any file in the repository; empty: nothing."""
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return "a part of it is empty or climbs"
        if re.search(r"[\x00-\x1f\x7f-\x9f\\:]", part) or not _is_encodable(part):
            return "it has characters that cannot stand in a name"
        if len(part.encode()) > _MOST_BYTES:
            return f"a part of it is longer than {_MOST_BYTES} bytes"
        # With NTFS' other name for it: a colleague may clone there.
        if part.lower().rstrip(". ") in (".git", "git~1"):
            return "a part of it means `.git`, here or on other systems"
    return ""


def _is_encodable(part: str) -> bool:
    try:
        part.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
