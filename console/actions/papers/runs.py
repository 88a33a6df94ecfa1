"""Writing down what a runbook's run came to: its transcript in the journal.

The transcript and the document that the run belongs to are one commit. Where that document
cannot be written just now, the transcript is all the same, and the outcome says so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.papers.amending import body_of
from console.actions.papers.outcomes import broken, clashed, denied, faulted
from console.journal.bench import Bench
from console.journal.change import Change as FileChange
from console.journal.change import Commit, Conflict, Write
from console.journal.document import DocumentFaults
from console.journal.errors import JournalFault
from console.journal.happenings import begun, change_entries, incident_entries
from console.journal.places import document_path
from console.journal.seal import TRANSCRIPT, below_seal
from console.journal.transcript import summary_of, transcript_of
from console.journal.writing import Unwritable, Written, write_change, write_incident
from console.model.acting import Ended, Outcome
from console.model.change import Change
from console.model.event import Event
from console.model.incident import Incident
from console.model.paper_wish import KeepRun
from console.model.papers import ChangePaper, Clash, IncidentPaper, Sheet
from console.model.run import RUN_ID, Run
from console.safety.secret import known_secrets
from console.safety.text import visible

NOTHING: Final = "nothing was done in it, so that nothing is written"
_ADVICE: Final = (
    "move what you wrote there below its last line, and take the file as git has it",
    "or give the file a name without the run's id; then keep the run once more",
)
_TRIES: Final = 5
_SKEW: Final = timedelta(minutes=5)
"""By which the clock of another console may be ahead."""
_NAME_CELLS: Final = 64


class _Kept(msgspec.Struct, frozen=True):
    """The transcript is committed."""

    notices: tuple[str, ...] = ()


async def keep_run(wish: KeepRun, bench: Bench, doing: Doing) -> Effected:
    """Write and commit the transcript of a run, in place of the one that stands there.

    What people wrote below the last one stays. Where they changed anything above its seal
    nothing is written: both versions are in the outcome's `clash`.
    """
    run = wish.run
    if not re.fullmatch(RUN_ID, run.id):
        return denied("", f"no run is called {visible(run.id, cells=_NAME_CELLS)}")
    if not run.is_touched:
        return Effected(Outcome(Ended.DONE, f"{run.id}: {NOTHING}"))
    bench.recorder.add(wish.events)
    unrecorded = await bench.recorder.flush()
    lacks: list[str] = []
    if unrecorded is not None:
        lacks.append(f"its events are kept for later: {unrecorded.cause}")
    for attempt in range(_TRIES):
        write = await _write_of(run, bench)
        if isinstance(write, Effected):
            return write
        told = await _landed(run, write, bench, doing, alone=attempt == _TRIES - 1)
        if isinstance(told, Effected):
            return told
        if isinstance(told, _Kept):
            text = f"{run.id} is in the journal: {summary_of(run)}"
            outcome = Outcome(Ended.DONE, text, (*lacks, *told.notices), document=run.id)
            return Effected(outcome)
    return clashed(run.id)


async def _write_of(run: Run, bench: Bench) -> Write | Effected:
    """The transcript as it is to stand, on top of what stands there."""
    path = await bench.journal.find(run.id) or document_path(run.id, run.runbook.name)
    there = await bench.library.sheet(path)
    if isinstance(there, JournalFault):
        return faulted(there, run.id)
    below = below_seal(there.content, TRANSCRIPT) if there.blob else b""
    try:
        content = await asyncio.to_thread(
            transcript_of, run, bench.language, known_secrets(), below or b""
        )
    except DocumentFaults as error:
        return broken(run.id, tuple(map(str, error.faults)))
    if below is None and content != there.content:
        clash = Clash(Sheet(path, content, there.blob), there)
        return clashed(run.id, clash, f"above the last line of {path}", _ADVICE)
    return Write(path, content, there.blob)


async def _landed(
    run: Run, write: Write, bench: Bench, doing: Doing, *, alone: bool
) -> _Kept | Effected | None:
    """Commit `write` with the document that the run belongs to; `None`: somebody was quicker.

    Args:
        alone: that document is written all the time, and left to itself.
    """
    document_id = run.incident or run.change
    if not document_id:
        return await _alone(run, write, bench, doing)
    if alone:
        said = f"{document_id} does not list it yet: others write there all the time"
        return await _alone(run, write, bench, doing, said)
    paper = await _paper(document_id, bench)
    if paper is None or paper.faults:
        why = "there is no such document" if paper is None else paper.faults[0]
        return await _alone(run, write, bench, doing, f"{document_id} does not list it: {why}")
    sheet = await bench.library.sheet(paper.path)
    if isinstance(sheet, JournalFault) or sheet.blob != paper.blob:
        return None
    keeps = bench.recorder.uncommitted()
    told = await _together(run, paper, sheet, (write, *keeps), bench, doing)
    if isinstance(told, Clash):
        return None
    if isinstance(told, Unwritable):
        said = f"{document_id} does not list it: {told.faults[0]}"
        return await _alone(run, write, bench, doing, said)
    if isinstance(told, JournalFault):
        return _uncommitted(run, write, told)
    bench.recorder.committed(keeps)
    return _Kept(_notice(told.commit))


async def _paper(document_id: str, bench: Bench) -> IncidentPaper | ChangePaper | None:
    if document_id.startswith("CHG"):
        return await bench.library.change(document_id)
    return await bench.library.incident(document_id)


async def _together(
    run: Run,
    paper: IncidentPaper | ChangePaper,
    sheet: Sheet,
    also: Sequence[FileChange],
    bench: Bench,
    doing: Doing,
) -> Written[IncidentPaper] | Written[ChangePaper] | Clash | JournalFault | Unwritable:
    """The document with the run's events in its timeline; an incident lists it as well."""
    subject, body = _subject(run), body_of(doing)
    if isinstance(paper, IncidentPaper):
        incident = paper.incident
        runs = tuple(dict.fromkeys((*incident.runs, run.id)))
        incident = msgspec.structs.replace(incident, runs=runs)
        entries = incident_entries(incident, await _events(incident, bench, doing))
        return await write_incident(
            bench, incident, entries, opened=sheet, subject=subject, body=body, also=also
        )
    change = paper.change
    entries = change_entries(change, await _events(change, bench, doing))
    return await write_change(
        bench, change, entries, opened=sheet, subject=subject, body=body, also=also
    )


async def _events(document: Incident | Change, bench: Bench, doing: Doing) -> tuple[Event, ...]:
    return await bench.recorder.between(begun(document), doing.now + _SKEW)


async def _alone(
    run: Run, write: Write, bench: Bench, doing: Doing, *lacks: str
) -> _Kept | Effected | None:
    """Commit the transcript, and this console's events."""
    keeps = bench.recorder.uncommitted()
    told = await bench.journal.commit((write, *keeps), _subject(run), body_of(doing))
    if isinstance(told, Conflict):
        return None
    if isinstance(told, JournalFault):
        return _uncommitted(run, write, told)
    bench.recorder.committed(keeps)
    return _Kept((*lacks, *_notice(told)))


def _notice(commit: Commit) -> tuple[str, ...]:
    return (commit.notice,) if commit.notice else ()


def _uncommitted(run: Run, write: Write, fault: JournalFault) -> Effected:
    """On disk it is kept, in no commit yet; else nothing is."""
    if write.path not in fault.kept:
        return faulted(fault, run.id)
    text = f"{run.id} is on disk, in no commit yet: {fault.cause}"
    return Effected(Outcome(Ended.KEPT, text, (fault.remedy,), document=run.id))


def _subject(run: Run) -> str:
    """`RUN-20261123-7f3 cache-down: 3 passed, 1 failed (INC-20261123-2ac)`."""
    book = visible(run.runbook.name, cells=_NAME_CELLS)
    about = ", ".join(one for one in (run.incident, run.change) if one)
    return f"{run.id} {book}: {summary_of(run)}" + (f" ({about})" if about else "")
