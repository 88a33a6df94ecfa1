"""How the journal stands, from what git and the remote said last. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from console.journal.errors import JournalFault, Problem
from console.journal.remote import Synced
from console.model.papers import JournalState, JournalStatus
from console.model.words import many
from console.safety.text import visible

NAMED: Final = 5
_STATES: Final = {
    Problem.DIVERGED: JournalState.DIVERGED,
    Problem.OFFLINE: JournalState.OFFLINE,
    Problem.NO_REMOTE: JournalState.OFFLINE,
    Problem.REFUSED: JournalState.OFFLINE,
}


def status_of(
    home: Path | None,
    fault: JournalFault | None,
    remote: Synced | JournalFault | None,
    *,
    is_open: bool,
    has_unsent: bool,
    synced_at: datetime | None,
    notices: Sequence[str],
) -> JournalStatus:
    """A fault here counts before one of the remote; pushed is only what the remote took.

    Args:
        remote: what came of the last look at it; `None`: there is none, or none was made yet.
        is_open: there is a journal, and it could be opened.
        has_unsent: something was committed since then.
    """
    state, ahead = JournalState.KEPT if is_open else JournalState.NONE, 0
    if fault is not None:
        state = JournalState.FAULT
    elif isinstance(remote, JournalFault):
        fault, state = remote, _STATES.get(remote.problem, JournalState.FAULT)
    elif remote is not None:
        ahead = remote.ahead
        state = JournalState.AHEAD if ahead or has_unsent else JournalState.PUSHED
        notices = (*notices, remote.notice) if remote.notice else notices
    return JournalStatus(
        state=state,
        folder="" if home is None else visible(str(home), cells=200),
        ahead=ahead,
        cause="" if fault is None else fault.cause,
        expected="" if fault is None else fault.expected,
        remedy="" if fault is None else fault.remedy,
        notices=tuple(notices),
        synced_at=synced_at,
    )


def unfinished(pending: Sequence[str]) -> tuple[str, ...]:
    """Documents that are otherwise on disk than in the last commit, in words."""
    papers = [path for path in pending if not path.startswith("events/")]
    if not papers:
        return ()
    named = ", ".join(visible(path, cells=80) for path in papers[:NAMED])
    more = f" and {len(papers) - NAMED} more" if len(papers) > NAMED else ""
    stand = "stands" if len(papers) == 1 else "stand"
    return (f"{many(len(papers), 'file')} {stand} in no commit as they are: {named}{more}",)
