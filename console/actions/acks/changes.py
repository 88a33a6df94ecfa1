"""Acks that are there already: given up, and handed to somebody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from console.actions.changing import GONE, in_place, running
from console.actions.doing import Doing, Effected, nothing_done
from console.actions.saying import (
    Done,
    Missed,
    Result,
    Sum,
    many,
    person,
    short,
    summed,
)
from console.actions.sending import cluster_named, each_of, touched_by
from console.actions.silences.changes import NO_FOLDER, seen_ended
from console.fleet.standing import ack_of
from console.model.ack_comment import write_ack_comment
from console.model.acting import Ended, Outcome
from console.model.alert import Ack, SilenceState
from console.model.wish import HandOverWish, RestoreWish, UnackWish
from console.safety.files import FileError
from console.safety.text import Raw, visible

_FROM: Final = re.compile(r"\s*\(from [^()]*\)\s*$")


class _Local(msgspec.Struct, frozen=True):
    """What became of the acks that the folder keeps."""

    former: tuple[Ack, ...] = ()
    fault: str = ""


async def unack(wish: UnackWish, doing: Doing) -> Effected:
    """Give acks up: their silences end. One that has ended already is fine."""
    sent, local = _parted(wish.acks)

    async def end(ack: Ack) -> Result:
        former = await running(doing, ack.cluster, ack.silence_id)
        if former is None:
            return Missed(f"the ack of {person(ack.owner)} {GONE}", fine=True)
        if ack_of(former, doing.policy.ack_prefixes) is None:
            return Missed(f"{short(former)}: somebody made an ordinary silence of it; it stays")
        await cluster_named(doing, ack.cluster).expire(ack.silence_id)
        over = msgspec.structs.replace(former, state=SilenceState.EXPIRED, ends_at=doing.now)
        return Done(over, former)

    results, remarks = await seen_ended(doing, await each_of(sent, _cluster_of, end))
    total = summed(results, "ack", "given up")
    kept = await _locally(doing, local, _removed)
    count = len(total.done) + len(kept.former)
    text = f"gave {many(count, 'ack')} up: nobody holds {'it' if count == 1 else 'them'} now"
    return _effect(text, "there was no ack to give up", total, kept, (sent, results), remarks)


async def hand_over(wish: HandOverWish, doing: Doing) -> Effected:
    """Have acks be somebody else's: the same silences, changed in place."""
    to = wish.to.strip()
    if not to:
        return nothing_done(Ended.DENIED, "nothing was handed over: name the person")
    sent, local = _parted(wish.acks)

    async def give(ack: Ack) -> Result:
        current = await running(doing, ack.cluster, ack.silence_id)
        if current is None:
            return Missed(f"the ack of {person(ack.owner)} {GONE}: nothing to hand over")
        now = ack_of(current, doing.policy.ack_prefixes)
        if now is None or current.state is not SilenceState.ACTIVE:
            return Missed(f"{short(current)}: this is no ack that holds now; it was left alone")
        if current.created_by.exact == to:
            return Missed(f"{person(to)} has it already", fine=True)
        if current.created_by != ack.owner:
            return Missed(
                f"{short(current)}: it is {person(current.created_by)}'s meanwhile; left alone"
            )
        comment = write_ack_comment(
            _prefix_of(current.comment, doing), to, _given(now.note, now.owner), doing.intent
        )
        return await in_place(doing, current, created_by=to, comment=comment)

    results = await each_of(sent, _cluster_of, give)
    total = summed(results, "ack", "handed over")
    kept = await _locally(doing, local, lambda doing, acks: _reowned(doing, acks, to))
    text = f"{many(len(total.done) + len(kept.former), 'ack')} handed over to {person(to)}"
    return _effect(text, "there was no ack to hand over", total, kept, (sent, results), ())


def _parted(acks: Sequence[Ack]) -> tuple[tuple[Ack, ...], tuple[Ack, ...]]:
    """Those that a server has, each once, and those that the folder keeps."""
    each = {(one.cluster, one.silence_id): one for one in acks}.values()
    return (
        tuple(one for one in each if not one.is_local),
        tuple(one for one in each if one.is_local),
    )


def _prefix_of(comment: Raw, doing: Doing) -> str:
    prefixes = doing.policy.ack_prefixes
    return next((one for one in prefixes if comment.exact.startswith(one)), prefixes[0])


def _given(note: Raw, by: Raw) -> str:
    """The note with who had it last: `looking at redis (from kai)`."""
    return f"{_FROM.sub('', note.exact)} (from {by.exact})".strip()


# -- in the folder ---------------------------------------------------------------------------------


async def _locally(
    doing: Doing,
    acks: Sequence[Ack],
    change: Callable[[Doing, Sequence[Ack]], tuple[Ack, ...]],
) -> _Local:
    if not acks:
        return _Local()
    if doing.local is None:
        return _Local(fault=f"{many(len(acks), 'ack')} left as it was: {NO_FOLDER}")
    try:
        return _Local(await asyncio.to_thread(change, doing, acks))
    except FileError as fault:
        return _Local(fault=f"{many(len(acks), 'ack')} left as it was: {visible(str(fault))}")


def _removed(doing: Doing, acks: Sequence[Ack]) -> tuple[Ack, ...]:
    assert doing.local is not None
    return doing.local.remove(one.silence_id for one in acks)


def _reowned(doing: Doing, acks: Sequence[Ack], to: str) -> tuple[Ack, ...]:
    assert doing.local is not None
    there = {one.silence_id: one for one in doing.local.load()}
    former = [there[one.silence_id] for one in acks if one.silence_id in there]
    former = [one for one in former if one.owner.exact != to]
    doing.local.overwrite(
        msgspec.structs.replace(
            one, owner=Raw(to), note=Raw(_given(one.note, one.owner)), intent=doing.intent
        )
        for one in former
    )
    return tuple(former)


# -- said ------------------------------------------------------------------------------------------


def _effect(
    text: str,
    nothing: str,
    total: Sum,
    kept: _Local,
    sent: tuple[Sequence[Ack], Sequence[Result]],
    remarks: Sequence[str],
) -> Effected:
    did = bool(total.done or kept.former)
    details = [*total.details, *([kept.fault] if kept.fault else []), *remarks]
    ended = total.ended
    if kept.fault:
        ended = Ended.PARTLY if did else Ended.FAILED
    elif kept.former and ended in (Ended.FAILED, Ended.UNKNOWN):
        ended = Ended.PARTLY
    if not did:
        text = details[0] if details else nothing
        details = details[1:]
    acks, results = sent
    return Effected(
        Outcome(ended, text, tuple(details), total.failures, total.silences),
        RestoreWish(total.formers, kept.former) if did else None,
        touched_by([one.cluster for one in acks], results),
    )


def _cluster_of(ack: Ack) -> str:
    return ack.cluster
