"""Silences that are there already: ended, kept up, had again as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import zip_longest

import msgspec

from config.durations import duration_text
from console.actions.acks.local_acks import Swap
from console.actions.changing import GONE, in_place, is_other, read_back, running
from console.actions.doing import Doing, Effected, nothing_done
from console.actions.saying import Done, Missed, Result, Sum, person, short, summed, until_text
from console.actions.sending import cluster_named, each_of, touched_by
from console.model.ack_comment import with_record
from console.model.acting import Ended, Outcome
from console.model.alert import Silence, SilenceState
from console.model.wish import ExpireWish, ExtendWish, RestoreWish
from console.model.words import many
from console.safety.files import FileError
from console.safety.text import visible
from console.sources.alertmanager.cluster import GOSSIP_S, WantedSilence

NO_FOLDER = "there is no folder to keep acks in"


async def expire(wish: ExpireWish, doing: Doing) -> Effected:
    """End silences now. One that has ended already is fine."""
    results = await each_of(wish.silences, _cluster_of, lambda one: ended(doing, one))
    results, remarks = await seen_ended(doing, results)
    total = summed(results, "silence", "ended")
    text = f"ended {many(len(total.done), 'silence')}"
    return changed(total, text, wish.silences, results, remarks)


async def ended(doing: Doing, one: Silence) -> Result:
    """End one silence, unless it has ended.

    Raises:
        EffectFailed: it goes on, or nobody knows.
    """
    former = await running(doing, one.cluster, one.id)
    if former is None:
        return Missed(f"{short(one)}: {GONE}", fine=True)
    if is_other(former, one):
        return Missed(theirs(former))
    await cluster_named(doing, one.cluster).expire(one.id)
    over = msgspec.structs.replace(former, state=SilenceState.EXPIRED, ends_at=doing.now)
    return Done(over, former)


async def seen_ended(doing: Doing, results: Sequence[Result]) -> tuple[list[Result], list[str]]:
    """`results`, with what its server still lists counted as not ended; and remarks on servers
    that could not be read again.

    A page of a gateway may be of status 200 too, and a member that was told by another needs
    its moment.
    """
    ends = [one.silence for one in results if isinstance(one, Done)]
    read = await read_back(doing, (one.cluster for one in ends))
    if any((one.cluster, one.id) in read.silences for one in ends):
        await doing.clock.sleep(GOSSIP_S)
        read = await read_back(doing, (one.cluster for one in ends))

    def seen(one: Result) -> Result:
        if not isinstance(one, Done):
            return one
        silence = one.silence
        if (silence.cluster, silence.id) not in read.silences:
            return one
        return Missed(f"{short(silence)}: {silence.cluster} said that it ended, and still lists it")

    return [seen(one) for one in results], read.remarks("it")


async def extend(wish: ExtendWish, doing: Doing) -> Effected:
    """Have silences end later, though no later than the settings' `longest` from now."""
    if wish.by <= timedelta(0):
        return nothing_done(Ended.DENIED, "nothing was extended: give by how much, as in 1h30m")
    now = doing.now
    longest = duration_text(doing.silences.longest)
    latest = now + doing.silences.longest

    async def later(one: Silence) -> Result:
        current = await running(doing, one.cluster, one.id)
        if current is None:
            return Missed(f"{short(one)}: {GONE}, make a new one")
        until = min(current.ends_at + wish.by, latest)
        if until <= current.ends_at:
            return Missed(
                f"{short(one)}: ends at {until_text(current.ends_at, now)}, and {longest} from "
                "now is the latest that the settings allow (`silences: longest:`)"
            )
        done = await in_place(doing, current, ends_at=until)
        if isinstance(done, Done) and until == latest:
            remark = f"{short(one)}: only until {until_text(until, now)}, {longest} from now"
            return msgspec.structs.replace(done, remark=remark)
        return done

    results = await each_of(wish.silences, _cluster_of, later)
    total = summed(results, "silence", "extended")
    ends = {until_text(one.silence.ends_at, now) for one in total.done}
    tail = f"until {ends.pop()}" if len(ends) == 1 else f"by {duration_text(wish.by)}"
    text = f"extended {many(len(total.done), 'silence')} {tail}"
    return changed(total, text, wish.silences, results)


async def restore(wish: RestoreWish, doing: Doing) -> Effected:
    """Have silences, and acks that are kept here, again as they were.

    What has ended is made anew, with what was left of its time: it has another id then.
    """
    pairs = tuple(zip_longest(wish.silences, wish.left[: len(wish.silences)]))
    results = await each_of(pairs, lambda pair: pair[0].cluster, lambda pair: _again(doing, *pair))
    total = summed(results, "silence", "restored")
    names = [one.cluster for one in wish.silences]
    again, local = await _acks_again(wish, doing)
    parts = [many(len(total.done), "silence")] if total.done else []
    parts += [f"{many(again, 'ack')} kept here"] if again else []
    details = (*total.details, *([local] if local else []))
    worked = bool(parts)
    ended_how = total.ended
    if local and wish.acks:
        ended_how = Ended.PARTLY if total.done or again else Ended.FAILED
    elif worked and not wish.silences:
        ended_how = Ended.DONE
    text = f"restored {' and '.join(parts)}" if worked else (details or ("nothing to restore",))[0]
    outcome = Outcome(
        ended_how, text, details if worked else details[1:], total.failures, total.silences
    )
    return Effected(outcome, None, touched_by(names, results))


def theirs(now: Silence) -> str:
    """Why a silence is left alone that is another one than was meant; safe to show."""
    who = person(now.created_by)
    return f"{short(now)}: it was changed by somebody meanwhile and is {who}'s now; left alone"


async def _again(doing: Doing, former: Silence, left: Silence | None) -> Result:
    now = doing.now
    current = await running(doing, former.cluster, former.id)
    if current is None and left is not None and left.state is not SilenceState.EXPIRED:
        return Missed(f"{short(former)}: {GONE}, by somebody else")
    if current is not None and left is not None:
        if is_other(current, left) or (_moved(left, former) and _moved(current, left)):
            return Missed(theirs(current))
        if not _moved(left, former):
            # Whoever keeps it up went on; that is not what is taken back.
            former = msgspec.structs.replace(former, ends_at=current.ends_at)
    if former.ends_at <= now:
        over = f"{short(former)}: it would have ended at {until_text(former.ends_at, now)}"
        if current is None:
            return Missed(over, fine=True)
        done = await ended(doing, current)
        return msgspec.structs.replace(done, remark=over) if isinstance(done, Done) else done
    if current is not None and set(current.matchers) == set(former.matchers):
        return await in_place(
            doing,
            current,
            ends_at=former.ends_at,
            created_by=former.created_by.exact,
            comment=former.comment.exact,
        )
    # With the id of one that has other matchers the server ends that one in the same step.
    wanted = WantedSilence(
        matchers=former.matchers,
        starts_at=former.starts_at if former.starts_at > now else None,
        ends_at=former.ends_at,
        created_by=former.created_by.exact,
        comment=with_record(former.comment.exact, doing.intent),
        id="" if current is None else current.id,
    )
    new_id = await cluster_named(doing, former.cluster).post(wanted)
    made = msgspec.structs.replace(former, id=new_id, starts_at=wanted.starts_at or now)
    remark = f"{short(former)}: made anew until {until_text(former.ends_at, now)}, with a new id"
    return Done(made, current, remark)


def _moved(one: Silence, other: Silence) -> bool:
    """Whether they end at other moments; servers keep milliseconds."""
    return abs(one.ends_at - other.ends_at) >= timedelta(seconds=1)


async def _acks_again(wish: RestoreWish, doing: Doing) -> tuple[int, str]:
    """Put acks back into the folder: how many, and why not the others."""
    acks = wish.acks
    if not acks:
        return 0, ""
    if doing.local is None:
        return 0, f"{many(len(acks), 'ack')} not restored: {NO_FOLDER}"
    left = {one.silence_id: one.owner for one in wish.left_acks}
    swaps = [Swap(one.silence_id, left.get(one.silence_id), one) for one in acks]
    try:
        done = await asyncio.to_thread(doing.local.swap, swaps)
    except FileError as fault:
        return 0, f"{many(len(acks), 'ack')} not restored: {visible(str(fault))}"
    lacking = len(acks) - len(done)
    why = f"{many(lacking, 'ack')} not restored: changed by somebody meanwhile" if lacking else ""
    return len(done), why


def changed(
    total: Sum,
    text: str,
    wished: Sequence[Silence],
    results: Sequence[Result],
    remarks: Sequence[str] = (),
) -> Effected:
    """The effect on silences that were there: taken back by having them as they were."""
    touched = touched_by([one.cluster for one in wished], results)
    if not total.done:
        said = total.details[0] if total.details else "there was nothing to change"
        outcome = Outcome(total.ended, said, total.details[1:], total.failures)
        return Effected(outcome, None, touched)
    outcome = Outcome(total.ended, text, (*total.details, *remarks), total.failures, total.silences)
    return Effected(outcome, RestoreWish(total.formers, left=total.lefts), touched)


def _cluster_of(one: Silence) -> str:
    return one.cluster
