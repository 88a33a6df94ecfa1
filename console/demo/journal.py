"""The journal of a running demo: a repository with a past, its remote, and who else writes in it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from config.schema import JournalRemote
from console.demo.papers import ENVIRONMENT, Past, incidents
from console.demo.plans import changes
from console.demo.settings import EMAIL, LOGINS, MEI, STANDARDS
from console.journal.author import Author
from console.journal.bench import Bench
from console.journal.change import Keep
from console.journal.errors import GitError, JournalFault
from console.journal.git import make_repository
from console.journal.happenings import change_entries, incident_entries, line_of
from console.journal.judge import Ground, ground_of
from console.journal.language import Language
from console.journal.library import Library
from console.journal.recorder import Recorder
from console.journal.remote import sync
from console.journal.repository import Journal
from console.journal.writing import Written, write_change, write_incident
from console.model.change import Change, ChangeState, is_same_person
from console.model.event import Event
from console.model.incident import Incident
from console.model.papers import ChangePaper, IncidentPaper
from console.safety.clock import Clock, ManualClock

ORIGIN: Final = "origin.git"
LOOK_S: Final = 2.0
"""How often Mei looks at the journal."""
MIND_S: Final = timedelta(seconds=6)
"""How long she thinks about what she sees."""
REMARK: Final = (
    "redis of data-1 grew by 900 MiB an hour since v2.14.0; the kernel killed it at 4 GiB"
)
_CONSOLE: Final = "jump-1"
"""The host that the team's consoles run on."""


def bench_of(ground: Ground, clock: Clock, name: str, language: Language) -> Bench:
    """What the person of that name writes with."""
    email = EMAIL.replace("{me}", LOGINS.get(name, "oncall"))
    journal = Journal(ground, clock, Author(name, email))
    recorder = Recorder(journal, LOGINS.get(name, name), _CONSOLE)
    return Bench(journal, Library(journal), recorder, language, None, ENVIRONMENT)


async def make_journal(folder: Path, now: datetime) -> Ground | JournalFault:
    """Make the repository in `folder`, with all that the team wrote down before `now`, and
    beside it the bare one that it is pushed to.

    Where git is missing the demo goes on without, and the console says what is wrong.
    """
    ground = await ground_of(folder, os.environ)
    if isinstance(ground, JournalFault):
        return ground
    try:
        origin = folder.parent / ORIGIN
        await make_repository(origin, os.environ)
        await ground.git.ask("remote", "add", "origin", str(origin))
    except GitError as error:
        return ground if error.exit_status is not None else await _fault(folder)
    past = sorted((*incidents(now), *changes(now)), key=lambda one: one.at)
    for one in past:
        told = await _write(ground, one)
        if not isinstance(told, Written):
            raise RuntimeError(f"the demo's own {one.paper.id} cannot be written: {told}")
    journal = Journal(ground, ManualClock(now), Author("oncall", "oncall@example.org"))
    shared = await sync(journal, JournalRemote())
    return shared if isinstance(shared, JournalFault) else ground
