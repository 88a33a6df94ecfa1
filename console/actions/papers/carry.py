"""Carrying out what is asked of the journal: the one door to every document."""

from __future__ import annotations

from typing import assert_never

from console.actions.doing import Doing, Effected, nothing_done
from console.actions.papers.agreeing import approve, except_freeze, review
from console.actions.papers.amending import bench_of
from console.actions.papers.changes import move_change, write_edited_change
from console.actions.papers.incidents import move_incident, open_incident, write_edited
from console.actions.papers.inspecting import restore_tick, tick_inspection
from console.actions.papers.noisy import add_action_item
from console.actions.papers.notes import attached, note, update
from console.actions.papers.reports import keep_report, restore_report
from console.actions.papers.restore import restore, rewrite
from console.actions.papers.runs import keep_run
from console.journal.bench import Bench
from console.model.acting import Ended
from console.model.paper_wish import (
    AddActionItem,
    ApproveChange,
    Attach,
    ExceptFreeze,
    KeepReport,
    KeepRun,
    MoveChange,
    MoveIncident,
    Note,
    OpenIncident,
    PaperWish,
    RestorePaper,
    RestoreReport,
    RestoreTick,
    ReviewChange,
    RewritePaper,
    TickInspection,
    UpdateIncident,
    WriteChange,
    WriteIncident,
)
from console.safety.whereabouts import whereabouts


async def carry_out_paper(wish: PaperWish, doing: Doing) -> Effected:
    """Do what `wish` asks of the journal, and tell what became of it.

    What is judged is the document as it stands on disk now. Whatever is refused, and whatever
    fails, leaves what anybody else wrote as it is. Raises nothing but `CancelledError`.
    """
    try:
        bench = await bench_of(doing)
        if isinstance(bench, Effected):
            return bench
        return await _carried_out(wish, bench, doing)
    except Exception as error:
        return nothing_done(
            Ended.UNKNOWN,
            f"the console failed over it ({whereabouts(error)}): it may be written or not",
            "look at the document before it is tried again; what was typed is in the drafts",
        )


async def _carried_out(wish: PaperWish, bench: Bench, doing: Doing) -> Effected:
    match wish:
        case OpenIncident():
            return await open_incident(wish, bench, doing)
        case WriteIncident():
            return await write_edited(wish, bench, doing)
        case MoveIncident():
            return await move_incident(wish, bench, doing)
        case UpdateIncident():
            return await update(wish, bench, doing)
        case Note():
            return await note(wish, bench, doing)
        case WriteChange():
            return await write_edited_change(wish, bench, doing)
        case MoveChange():
            return await move_change(wish, bench, doing)
        case ApproveChange():
            return await approve(wish, bench, doing)
        case ExceptFreeze():
            return await except_freeze(wish, bench, doing)
        case ReviewChange():
            return await review(wish, bench, doing)
        case Attach():
            return await attached(wish, bench, doing)
        case RewritePaper():
            return await rewrite(wish, bench, doing)
        case RestorePaper():
            return await restore(wish, bench, doing)
        case KeepRun():
            return await keep_run(wish, bench, doing)
        case KeepReport():
            return await keep_report(wish, bench, doing)
        case TickInspection():
            return await tick_inspection(wish, bench, doing)
        case AddActionItem():
            return await add_action_item(wish, bench, doing)
        case RestoreReport():
            return await restore_report(wish, bench, doing)
        case RestoreTick():
            return await restore_tick(wish, bench, doing)
        case _:
            assert_never(wish)
