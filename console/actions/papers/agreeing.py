"""What people put their names to: approvals, exceptions from a freeze, reviews."""

from __future__ import annotations

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.papers.amending import Amendment, amend
from console.actions.papers.changes import NEEDS_REVIEW, STALE, meetings, surroundings
from console.actions.papers.outcomes import Deed, denied, done
from console.actions.papers.saying import one_line
from console.journal.bench import Bench
from console.model.change import (
    MOVES,
    Approval,
    Change,
    ChangeState,
    FreezeException,
    Review,
    is_same_person,
    is_self_approved,
    plan_hash,
)
from console.model.change_rules import (
    approval_refusals,
    exception_refusals,
    moved,
    refusals,
    review_reasons,
)
from console.model.event import EventKind
from console.model.paper_wish import ApproveChange, ExceptFreeze, ReviewChange
from console.safety.text import visible

_NAME_CELLS = 40


async def approve(wish: ApproveChange, bench: Bench, doing: Doing) -> Effected:
    """Agree to the plan that the person saw; with that it goes to `approved` where it can."""
    seen = wish.paper.change
    shelf = await bench.library.read()
    around = surroundings(shelf, doing)
    digest = plan_hash(seen.plan)

    def rule(now: Change) -> Amendment[Change] | Effected:
        reasons = approval_refusals(now, doing.who)
        if plan_hash(now.plan) != digest:
            reasons = (*reasons, STALE)
        if reasons:
            return denied(now.id, f"{now.id} not approved: {reasons[0]}", *reasons[1:])
        at = doing.now
        given = Approval(
            doing.who, at.replace(microsecond=0), digest, doing.verified, wish.note.strip()
        )
        others = (
            one
            for one in now.approvals
            if one.plan != digest or not is_same_person(one.by, doing.who)
        )
        after = msgspec.structs.replace(now, approvals=(*others, given))
        to = ChangeState.APPROVED
        if to in MOVES[after.state] and not refusals(after, to, doing.who, at, around):
            after = moved(after, to, doing.who, at, around)
        details = list(meetings(after, shelf))
        if is_self_approved(after):
            details.insert(0, NEEDS_REVIEW)
        note = f": {one_line(wish.note)}" if wish.note.strip() else ""
        deed = Deed(
            f"approved by {_signed(doing)}",
            f"approved{_mark(doing)}, plan {digest[:12]}{note}",
            EventKind.CHANGE,
            tuple(details),
        )
        return Amendment(after, deed)

    landed = await amend(bench, doing, Change, seen.id, rule)
    return landed if isinstance(landed, Effected) else done(landed)


async def except_freeze(wish: ExceptFreeze, bench: Bench, doing: Doing) -> Effected:
    """Allow the plan that the person saw in spite of a freeze."""
    seen = wish.paper.change
    digest = plan_hash(seen.plan)
    freeze = wish.freeze.strip()
    shown = visible(freeze, cells=_NAME_CELLS)

    def rule(now: Change) -> Amendment[Change] | Effected:
        reasons = list(exception_refusals(now, doing.who, freeze))
        if now.is_over:
            reasons.append(f"it is {now.state}")
        if freeze and all(one.name != freeze for one in doing.calendar.freezes):
            known = ", ".join(one.name for one in doing.calendar.freezes) or "none"
            names = visible(known, cells=120)
            reasons.append(f"no freeze of the settings is called {shown}; there is: {names}")
        if not wish.why.strip():
            reasons.append("say why it cannot wait")
        if plan_hash(now.plan) != digest:
            reasons.append(STALE)
        if reasons:
            return denied(now.id, f"{now.id} not excepted: {reasons[0]}", *reasons[1:])
        given = FreezeException(
            freeze, doing.who, doing.now.replace(microsecond=0), digest, wish.why.strip()
        )
        deed = Deed(
            f"excepted from {shown} by {_signed(doing)}",
            f"excepted from {shown}{_mark(doing)}: {one_line(wish.why)}",
            EventKind.CHANGE,
        )
        after = msgspec.structs.replace(now, exceptions=(*now.exceptions, given))
        return Amendment(after, deed)

    landed = await amend(bench, doing, Change, seen.id, rule)
    return landed if isinstance(landed, Effected) else done(landed)


async def review(wish: ReviewChange, bench: Bench, doing: Doing) -> Effected:
    """Write down what somebody else says of an emergency change that was carried out."""

    def rule(now: Change) -> Amendment[Change] | Effected:
        given = Review(doing.who, doing.now.replace(microsecond=0), wish.text.strip())
        after = msgspec.structs.replace(now, review=given)
        reasons = list(review_reasons(now, doing.who, given.at))
        if not given.text:
            reasons.append("say what it was like")
        if reasons:
            return denied(now.id, f"{now.id} not reviewed: {reasons[0]}", *reasons[1:])
        deed = Deed(
            f"reviewed by {_signed(doing)}",
            f"reviewed{_mark(doing)}: {one_line(given.text)}",
            EventKind.CHANGE,
        )
        return Amendment(after, deed)

    landed = await amend(bench, doing, Change, wish.paper.change.id, rule)
    return landed if isinstance(landed, Effected) else done(landed)


def _signed(doing: Doing) -> str:
    return f"{visible(doing.who, cells=_NAME_CELLS)}{_mark(doing)}"


def _mark(doing: Doing) -> str:
    return "" if doing.verified else " (unverified: several share this login)"
