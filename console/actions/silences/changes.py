"""Silences that are there already: ended, kept up, had again as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from config.durations import duration_text
from console.actions.changing import GONE, in_place, read_back, running
from console.actions.doing import Doing, Effected, nothing_done
from console.actions.saying import Done, Missed, Result, Sum, many, short, summed, until_text
from console.actions.sending import cluster_named, each_of, touched_by
from console.actions.silences.make import marked
from console.model.acting import Ended, Outcome
from console.model.alert import Ack, Silence, SilenceState
from console.model.wish import ExpireWish, ExtendWish, RestoreWish
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
    results = await each_of(wish.silences, _cluster_of, lambda one: _again(doing, one))
    total = summed(results, "silence", "restored")
    names = [one.cluster for one in wish.silences]
    local = await _acks_again(wish.acks, doing)
    parts = [many(len(total.done), "silence")] if total.done else []
    parts += [f"{many(len(wish.acks), 'ack')} kept here"] if wish.acks and not local else []
    details = (*total.details, *([local] if local else []))
    worked = bool(parts)
    ended_how = total.ended
    if local and wish.acks:
        ended_how = Ended.PARTLY if total.done else Ended.FAILED
    if worked and not wish.silences:
        ended_how = Ended.DONE
    text = f"restored {' and '.join(parts)}" if worked else (details or ("nothing to restore",))[0]
    outcome = Outcome(
        ended_how, text, details if worked else details[1:], total.failures, total.silences
    )
    return Effected(outcome, None, touched_by(names, results))


async def _again(doing: Doing, former: Silence) -> Result:
    now = doing.now
    current = await running(doing, former.cluster, former.id)
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
        comment=marked(former.comment.exact, doing.intent),
        id="" if current is None else current.id,
    )
    new_id = await cluster_named(doing, former.cluster).post(wanted)
    made = msgspec.structs.replace(former, id=new_id, starts_at=wanted.starts_at or now)
    remark = f"{short(former)}: made anew until {until_text(former.ends_at, now)}, with a new id"
    return Done(made, current, remark)


async def _acks_again(acks: Sequence[Ack], doing: Doing) -> str:
    """Put acks back into the folder; why that did not work, empty where it did."""
    if not acks:
        return ""
    if doing.local is None:
        return f"{many(len(acks), 'ack')} not restored: {NO_FOLDER}"
    try:
        await asyncio.to_thread(doing.local.overwrite, acks)
    except FileError as fault:
        return f"{many(len(acks), 'ack')} not restored: {visible(str(fault))}"
    return ""


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
    return Effected(outcome, RestoreWish(total.formers), touched)


def _cluster_of(one: Silence) -> str:
    return one.cluster
