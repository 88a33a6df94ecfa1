"""Archiving a report: all its files in one commit, in place of those of the same names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from console.actions.doing import Doing, Effected
from console.actions.papers.outcomes import clashed, denied, faulted
from console.actions.papers.recorded import Recorded
from console.actions.papers.saying import TITLE_CELLS
from console.journal.announced import announce, can_be_replaced
from console.journal.bench import Bench
from console.journal.change import Commit, Conflict, Document, Remove, Write
from console.journal.errors import JournalFault
from console.journal.inspection import HOME as INSPECTIONS
from console.journal.places import path_fault
from console.journal.seal import REPORT, below_seal, sealed
from console.model.acting import Ended, Outcome
from console.model.event import Event, EventKind
from console.model.paper_wish import KeepReport, RestoreReport
from console.model.papers import Clash, Sheet
from console.safety.text import visible

MOST_FILES: Final = 20
MOST_BYTES: Final = 32 * 1024 * 1024
"""Of all files of one report together."""
_TRIES: Final = 5
_PATH_CELLS: Final = 200
_ADVICE: Final = (
    "move what you wrote there below its last line, and take the file as git has it",
    "or commit it under another name; then archive the report once more",
)


async def keep_report(wish: KeepReport, bench: Bench, doing: Doing) -> Effected:
    """Write and commit a report: all of its files, or none.

    What people wrote below a Markdown file's seal stays. Where they changed anything else of what
    stands there, and no commit has it, nothing is written: both versions are in the outcome's
    `clash`.
    """
    name = visible(wish.name, cells=TITLE_CELLS)
    faults = _faults(wish)
    if faults:
        return denied("", f"{name or 'the report'} is not archived: {faults[0]}", *faults[1:])
    first = wish.files[0][0]
    event = Event(doing.now, EventKind.REPORT, name, "archived", visible(doing.who), link=first)
    record = Recorded(bench, doing)
    refused = clashed(name)
    for _ in range(_TRIES):
        before = await _sheets([path for path, _ in wish.files], bench)
        if isinstance(before, Effected):
            refused = before
            break
        writes = await _writes(wish, before, bench)
        if isinstance(writes, Effected):
            refused = writes
            break
        # First, so that one whose writing broke off is known for what it is the next time.
        fault = await announce(bench.journal, (one.content for one in writes))
        if fault is not None:
            refused = faulted(fault)
            break
        told = await record.landed(event, f"{name}: archived", writes)
        if isinstance(told, Conflict):
            continue
        if isinstance(told, JournalFault):
            refused = _uncommitted(name, writes, told)
            break
        left = tuple(bench.journal.disk.blob(one.content) for one in writes)
        inverse = RestoreReport(name, before, left) if told.changed else None
        text = f"archived {visible(first, cells=_PATH_CELLS)}"
        notices = (told.notice,) if told.notice else ()
        return Effected(Outcome(Ended.DONE, text, notices), inverse, event=event)
    await record.end(refused)
    return refused


async def restore_report(wish: RestoreReport, bench: Bench, doing: Doing) -> Effected:
    """Have the files again as they were, unless somebody has written to one of them since."""
    changes: list[Write | Remove] = []
    for before, left in zip(wish.before, wish.left, strict=True):
        if before.blob:
            changes.append(Write(before.path, before.content, left))
        else:
            changes.append(Remove(before.path, left))
    event = Event(doing.now, EventKind.UNDONE, wish.name, "taken back", visible(doing.who))
    record = Recorded(bench, doing)
    told = await record.landed(event, f"{wish.name}: taken back", changes)
    if isinstance(told, Commit):
        return Effected(Outcome(Ended.DONE, f"{wish.name} taken back"), event=event)
    if isinstance(told, JournalFault):
        refused = faulted(told)
    else:
        where = visible(told.path, cells=_PATH_CELLS)
        text = f"{wish.name} is not taken back: somebody has written to {where} since"
        refused = denied("", text, "what they wrote stays")
    await record.end(refused)
    return refused


async def _sheets(paths: Sequence[str], bench: Bench) -> tuple[Sheet, ...] | Effected:
    """The files as they stand there."""
    found = []
    for path in paths:
        sheet = await bench.library.sheet(path)
        if isinstance(sheet, JournalFault):
            return faulted(sheet)
        found.append(sheet)
    return tuple(found)


async def _writes(
    wish: KeepReport, before: Sequence[Sheet], bench: Bench
) -> tuple[Write, ...] | Effected:
    writes = []
    for (path, content), there in zip(wish.files, before, strict=True):
        write = await _write_of(path, content, there, bench)
        if isinstance(write, Effected):
            return write
        writes.append(write)
    return tuple(writes)


def _faults(wish: KeepReport) -> tuple[str, ...]:
    found = [] if wish.name.strip() else ["it has no name"]
    if not 0 < len(wish.files) <= MOST_FILES:
        found.append(f"a report is 1 to {MOST_FILES} files, not {len(wish.files)}")
    if sum(len(content) for _, content in wish.files) > MOST_BYTES:
        found.append(f"it is larger than {MOST_BYTES // 1024 // 1024} MiB")
    seen = set[str]()
    for path, _ in wish.files:
        fault = path_fault(path)
        if not fault and not path.startswith("reports/"):
            fault = "it does not lie below reports"
        if not fault and path.startswith(f"{INSPECTIONS}/"):
            fault = "that is where inspections lie"
        if not fault and path in seen:
            fault = "it is there twice"
        seen.add(path)
        if fault:
            found.append(f"{visible(path, cells=TITLE_CELLS)}: {fault}")
    return tuple(found)


async def _write_of(path: str, content: bytes, there: Sheet, bench: Bench) -> Write | Effected:
    """The file as it is to stand, on top of what stands there."""
    is_text = path.endswith(".md")
    below = below_seal(there.content, REPORT) if is_text and there.blob else b""
    wanted = sealed(content, REPORT, below or b"") if is_text else content
    if there.blob and wanted != there.content and (below is None or not is_text):
        # What a commit has is not lost; what only the folder has would be.
        free = await can_be_replaced(bench.journal, Document(path, there.content, there.blob))
        if isinstance(free, JournalFault):
            return faulted(free)
        if not free or below is None:
            clash = Clash(Sheet(path, wanted, there.blob), there)
            return clashed(visible(path, cells=TITLE_CELLS), clash, "", _ADVICE)
    return Write(path, wanted, there.blob)


def _uncommitted(name: str, writes: Sequence[Write], fault: JournalFault) -> Effected:
    """On disk they are kept, in no commit yet; else nothing is."""
    if not all(one.path in fault.kept for one in writes):
        return faulted(fault)
    text = f"{name} is on disk, in no commit yet: {fault.cause}"
    return Effected(Outcome(Ended.KEPT, text, (fault.remedy,)))
