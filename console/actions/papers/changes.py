"""Changes written down: new ones, edits, and from state to state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.papers.amending import Amendment, amend, create
from console.actions.papers.muting import Muted, end, mute, unmute
from console.actions.papers.outcomes import Deed, Landed, broken, clashed, denied, done, faulted
from console.actions.papers.saying import fields_text, named, one_line
from console.journal.bench import Bench
from console.journal.errors import JournalFault
from console.journal.ids import Kind
from console.journal.library import Shelf
from console.journal.writing import Unwritable, Written, write_change
from console.model.acting import Ended, Outcome
from console.model.change import (
    OVER,
    UNDERWAY,
    Change,
    ChangeState,
    conflicts,
    plan_hash,
)
from console.model.change_rules import (
    Surroundings,
    around_of,
    edited,
    moved,
    refusals,
    start_verdict,
)
from console.model.event import EventKind
from console.model.merging import differing, merged
from console.model.paper_wish import MoveChange, WriteChange
from console.model.papers import Papers
from console.safety.text import visible

STALE: Final = "its plan was edited since you looked"
AGAIN: Final = "its plan is another one: it has to be approved again"
NEEDS_REVIEW: Final = "it goes by the emergency path: somebody else has to review it afterwards"
_TYPED: Final = ("title", "plan", "incidents", "related", "prose")
"""What an edit changes; everything else comes of a state, an approval or a review."""
_MEETS: Final = (
    ChangeState.SUBMITTED,
    ChangeState.APPROVED,
    ChangeState.SCHEDULED,
    ChangeState.IN_PROGRESS,
)
"""Going there, what else is done on the same services at that time is said."""


async def write_edited_change(wish: WriteChange, bench: Bench, doing: Doing) -> Effected:
    """Save a new change as a draft, or an edit of one."""
    if not wish.change.title.strip():
        return denied(wish.change.id, "not saved: it needs a title")
    if wish.opened is None or wish.before is None:
        return await _new(wish.change, bench, doing)
    if wish.change.id != wish.before.id:
        return denied(wish.before.id, "not saved: it is about another change")
    return await _edited(wish, wish.before, bench, doing)


async def move_change(wish: MoveChange, bench: Bench, doing: Doing) -> Effected:
    """Bring a change to another state, if its rules allow that; its silence goes along."""
    seen = wish.paper.change
    shelf = await bench.library.read()
    around = surroundings(shelf, doing)
    before: list[Change] = []

    def rule(now: Change) -> Amendment[Change] | Effected:
        at = doing.now
        reasons = refusals(now, wish.to, doing.who, at, around)
        starts = wish.to is ChangeState.IN_PROGRESS
        if starts and plan_hash(now.plan) != plan_hash(seen.plan):
            reasons = (STALE, *reasons)
        if reasons:
            text = f"{now.id} stays {now.state}: {reasons[0]}"
            return denied(now.id, text, *reasons[1:], *_opens(now, wish, doing, around))
        details = list(meetings(now, shelf)) if wish.to in _MEETS else []
        if starts and start_verdict(now, at, around).needs_review:
            details.insert(0, NEEDS_REVIEW)
        why = f": {one_line(wish.because)}" if wish.because.strip() else ""
        deed = Deed(
            str(wish.to), f"{wish.to}, was {now.state}{why}", EventKind.CHANGE, tuple(details)
        )
        before[:] = [now]
        after = moved(now, wish.to, doing.who, at, around, because=wish.because)
        return Amendment(after, deed)

    landed = await amend(bench, doing, Change, seen.id, rule)
    if isinstance(landed, Effected):
        return landed
    if not wish.silences:
        return done(landed)
    if wish.to is ChangeState.IN_PROGRESS:
        return await _silenced(landed, before[0], bench, doing)
    if before[0].state in UNDERWAY and wish.to not in UNDERWAY:
        return with_silence(landed, await unmute(before[0], doing))
    return done(landed)


def surroundings(shelf: Shelf, doing: Doing) -> Surroundings:
    """What is known beside a change, by the journal as it stands now."""
    return around_of(
        Papers(incidents=shelf.incidents, calendar=doing.calendar, standards=doing.standards)
    )


def meetings(change: Change, shelf: Shelf) -> tuple[str, ...]:
    """The other changes that touch the same at the same time, one a line."""
    if change.state in OVER:
        return ()
    found = conflicts(change, (one.change for one in shelf.changes))
    return tuple(_meeting(change, one) for one in found)


def with_silence(landed: Landed, muted: Muted) -> Effected:
    """What became of a change and of its silence."""
    effected = done(landed)
    outcome = effected.outcome
    said = (muted.said,) if muted.said else ()
    outcome = msgspec.structs.replace(
        outcome,
        ended=Ended.PARTLY if muted.failures or (muted.lacks and not muted.said) else Ended.DONE,
        details=(*muted.lacks, *said, *outcome.details),
        failures=muted.failures,
    )
    return msgspec.structs.replace(effected, outcome=outcome, touched=muted.touched)


async def _new(asked: Change, bench: Bench, doing: Doing) -> Effected:
    plan = asked.plan
    if not plan.environment:
        plan = msgspec.structs.replace(plan, environment=bench.environment)
    change = Change(
        id=await bench.journal.new_id(Kind.CHANGE),
        title=" ".join(asked.title.split()),
        author=doing.who,
        created=doing.now.replace(microsecond=0),
        plan=plan,
        incidents=asked.incidents,
        related=asked.related,
        prose=asked.prose,
    )
    details = meetings(change, await bench.library.read())
    deed = Deed("draft", f"written: {one_line(change.title)}", EventKind.CHANGE, details)
    landed = await create(bench, doing, change, deed)
    return landed if isinstance(landed, Effected) else done(landed)


async def _edited(wish: WriteChange, before: Change, bench: Bench, doing: Doing) -> Effected:
    typed = {name: getattr(wish.change, name) for name in _TYPED}
    mine = msgspec.structs.replace(before, **typed)
    theirs: list[Change] = []
    read: list[Change] = []
    shelf = await bench.library.read()

    def rule(now: Change) -> Amendment[Change] | Effected:
        read.append(now)
        merging = merged(before, mine, now)
        both = merging.document
        # As of an incident: other bytes alone are no clash.
        if now != before and (merging.conflicts or both != now):
            theirs.append(now)
            return clashed(mine.id)
        changed = differing(before, mine)
        details = list(meetings(both, shelf))
        if both.plan != now.plan:
            try:
                both = edited(msgspec.structs.replace(both, plan=now.plan), both.plan, doing.who)
            except ValueError as refusal:
                return denied(mine.id, f"not saved: {refusal}")
        text = f"edited: {fields_text(changed)}" if changed else "saved as it was"
        if both.state is not now.state:
            text, details = f"{text}; {AGAIN}", [AGAIN, *details]
        return Amendment(both, Deed("edited", text, EventKind.CHANGE, tuple(details)))

    landed = await amend(bench, doing, Change, mine.id, rule)
    if not isinstance(landed, Effected):
        return done(landed)
    is_unread = not read and landed.outcome.ended is Ended.DENIED
    unread = landed.outcome.details if is_unread else ()
    return await _both(wish, mine, theirs, bench, unread) if theirs or is_unread else landed


async def _both(
    wish: WriteChange, mine: Change, theirs: Sequence[Change], bench: Bench, unread: tuple[str, ...]
) -> Effected:
    """Both versions of what was changed by two, and nothing written.

    Args:
        unread: why theirs cannot be read.
    """
    said = fields_text(differing(wish.before or mine, theirs[-1])) if theirs else ""
    subject = f"{mine.id} edited"
    written = await write_change(bench, mine, None, opened=wish.opened, subject=subject)
    if isinstance(written, JournalFault):
        return faulted(written, mine.id)
    if isinstance(written, Unwritable):
        return broken(mine.id, written.faults)
    if isinstance(written, Written):  # they took theirs back in that very moment
        return Effected(Outcome(Ended.DONE, subject, document=mine.id))
    return clashed(mine.id, written, said, unread)


async def _silenced(landed: Landed, change: Change, bench: Bench, doing: Doing) -> Effected:
    """Make the silence of a change that has started, and write down its id.

    The start is on record before anything is muted. A silence whose id cannot be written down
    is ended again.
    """
    muted = await mute(change, doing)
    if not muted.silences:
        return with_silence(landed, muted)
    ids = " ".join(one.id for one in muted.silences)

    def rule(now: Change) -> Amendment[Change] | Effected:
        if now.state not in UNDERWAY:
            return denied(now.id, f"{now.id} is {now.state} already")
        deed = Deed("silenced", muted.said or "silenced in part", EventKind.SILENCED)
        return Amendment(msgspec.structs.replace(now, silence_id=ids), deed)

    noted = await amend(bench, doing, Change, change.id, rule)
    if isinstance(noted, Effected):
        return with_silence(landed, await _unnoted(muted, noted, doing))
    made = tuple((one.cluster, one.id) for one in muted.silences)
    effected = with_silence(msgspec.structs.replace(landed, blob=noted.blob), muted)
    outcome = msgspec.structs.replace(effected.outcome, silences=made)
    return msgspec.structs.replace(effected, outcome=outcome)


async def _unnoted(muted: Muted, why: Effected, doing: Doing) -> Muted:
    ended = await end(muted.silences, doing)
    lacks = (
        f"its silence could not be written down: {why.outcome.text}",
        f"so it was not kept: {ended.outcome.text}",
        *ended.outcome.details,
        *muted.lacks,
    )
    failures = (*muted.failures, *ended.outcome.failures)
    return Muted((), "", lacks, failures, muted.touched)


def _opens(change: Change, wish: MoveChange, doing: Doing, around: Surroundings) -> Sequence[str]:
    if wish.to is not ChangeState.IN_PROGRESS:
        return ()
    opens = start_verdict(change, doing.now, around).opens
    return () if opens is None else (f"it may start at {opens:%Y-%m-%d %H:%M} UTC",)


def _meeting(change: Change, other: Change) -> str:
    mine = {*change.plan.services, *change.plan.hosts}
    both = [one for one in (*other.plan.services, *other.plan.hosts) if one in mine]
    where = visible(", ".join(dict.fromkeys(both)), cells=60)
    who = visible(other.plan.executor or other.author, cells=40)
    return f"{named(other.id, other.title)} ({other.state}, {who}) touches {where} too"
