"""Acks that are there already: given up, and handed to somebody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from console.actions.acks.local_acks import LocalAcks, Swap, alert_key
from console.actions.acks.sent_before import sent_before
from console.actions.changing import GONE, in_place, read_back, running
from console.actions.doing import Doing, Effected, nothing_done
from console.actions.saying import Done, Missed, Result, Sum, person, short, summed
from console.actions.sending import cluster_named, each_of, touched_by
from console.actions.silences.changes import NO_FOLDER, seen_ended
from console.fleet.standing import ack_of
from console.model.ack_comment import ack_prefix, write_ack_comment
from console.model.acting import Ended, Outcome
from console.model.alert import Ack, Silence, SilenceState
from console.model.wish import HandOverWish, RestoreWish, UnackWish
from console.model.words import many
from console.safety.files import FileError
from console.safety.text import Raw, visible

_FROM: Final = re.compile(r"\s*\(from [^()]*\)\s*$")


class _Local(msgspec.Struct, frozen=True):
    """What became of the acks that the folder keeps."""

    former: tuple[Ack, ...] = ()
    left: tuple[Ack, ...] = ()
    """As they stand now; what was given up has none."""
    fault: str = ""


async def unack(wish: UnackWish, doing: Doing) -> Effected:
    """Give acks up: their silences end. One that has ended already is fine."""
    sent, local, unknown = await _placed(wish.acks, doing)

    async def end(ack: Ack) -> Result:
        former = await running(doing, ack.cluster, ack.silence_id)
        if former is None:
            return Missed(f"the ack of {person(ack.owner)} {GONE}", fine=True)
        if ack_of(former, doing.policy.ack_prefixes) is None:
            return Missed(f"{short(former)}: somebody made an ordinary silence of it; it stays")
        if former.created_by != ack.owner:
            return Missed(_is_theirs(former))
        await cluster_named(doing, ack.cluster).expire(ack.silence_id)
        over = msgspec.structs.replace(former, state=SilenceState.EXPIRED, ends_at=doing.now)
        return Done(over, former)

    results, remarks = await seen_ended(doing, await each_of(sent, _cluster_of, end))
    results += unknown
    total = summed(results, "ack", "given up")
    kept = await _locally(doing, local, _removed)
    count = len(total.done) + len(kept.former)
    still = _still_held({one.silence.id for one in total.done}, doing)
    now = still or f"nobody holds {'it' if count == 1 else 'them'} now"
    text = f"gave {many(count, 'ack')} up: {now}"
    return _effect(text, "there was no ack to give up", total, kept, sent, results, remarks)


async def hand_over(wish: HandOverWish, doing: Doing) -> Effected:
    """Have acks be somebody else's: the same silences, changed in place."""
    to = wish.to.strip()
    if not to:
        return nothing_done(Ended.DENIED, "nothing was handed over: name the person")
    sent, local, unknown = await _placed(wish.acks, doing)

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
            return Missed(_is_theirs(current))
        comment = write_ack_comment(
            _prefix_of(current.comment, doing), to, _given(now.note, now.owner), doing.intent
        )
        return await in_place(doing, current, created_by=to, comment=comment)

    results = [*await each_of(sent, _cluster_of, give), *unknown]
    total = summed(results, "ack", "handed over")
    kept = await _locally(doing, local, lambda local, acks: _reowned(local, acks, to, doing.intent))
    if not results and not kept.former and not kept.fault:
        return nothing_done(Ended.FAILED, "there is no ack to hand over: it was given up meanwhile")
    text = f"{many(len(total.done) + len(kept.former), 'ack')} handed over to {person(to)}"
    return _effect(text, "there was no ack to hand over", total, kept, sent, results, ())


def _still_held(over: set[str], doing: Doing) -> str:
    """Whose other acks hold what those silences held, as far as is known; empty for nobody's.

    One alert may have several: of two tries of which the first was cut short, of two members
    that had not heard of each other.
    """
    acks = {
        one.id: one.created_by
        for one in doing.snapshot.silences
        if one.id not in over
        and one.state is SilenceState.ACTIVE
        and ack_of(one, doing.policy.ack_prefixes) is not None
    }
    owners = {
        person(acks[each])
        for known in doing.snapshot.alerts
        if not over.isdisjoint(known.silences)
        for each in known.silences
        if each in acks
    }
    return f"another ack, of {', '.join(sorted(owners))}, holds it still" if owners else ""


def _is_theirs(current: Silence) -> str:
    return f"{short(current)}: it is {person(current.created_by)}'s meanwhile; left alone"


def _parted(acks: Sequence[Ack]) -> tuple[tuple[Ack, ...], tuple[Ack, ...]]:
    """Those that a server has, each once, and those that the folder keeps."""
    each = {(one.cluster, one.silence_id): one for one in acks}.values()
    return (
        tuple(one for one in each if not one.is_local),
        tuple(one for one in each if one.is_local),
    )


async def _placed(
    acks: Sequence[Ack], doing: Doing
) -> tuple[tuple[Ack, ...], tuple[Ack, ...], list[Result]]:
    """The acks by where they are now: at a server, in the folder, and not known.

    What was kept here may have been sent since somebody looked at it.
    """
    sent, local = _parted(acks)
    if not local or doing.local is None:
        return sent, local, []
    there = {one.silence_id for one in await asyncio.to_thread(doing.local.load)}
    gone = {one.silence_id: one for one in local if one.silence_id not in there}
    alerts = [one for one in doing.snapshot.alerts if alert_key(one.key) in gone]
    if not alerts:
        return sent, local, []
    read = await read_back(doing, {one.alert.cluster for one in alerts} & doing.clusters.keys())
    found: dict[str, Silence] = {}
    for owner in {one.owner.exact for one in gone.values()}:
        theirs = [one for one in alerts if gone[alert_key(one.key)].owner.exact == owner]
        found |= await sent_before(theirs, owner, read, doing)
    now = [ack_of(one, doing.policy.ack_prefixes) for one in found.values()]
    every = (*sent, *(one for one in now if one is not None))
    sent = tuple({(one.cluster, one.silence_id): one for one in every}.values())
    left = tuple(one for one in local if one.silence_id not in set(map(alert_key, found)))
    unknown = [
        read.failed[one.alert.cluster]
        for one in alerts
        if one.key not in found and one.alert.cluster in read.failed
    ]
    return sent, left, list(unknown)


def _prefix_of(comment: Raw, doing: Doing) -> str:
    prefixes = doing.policy.ack_prefixes
    return ack_prefix(comment.exact, prefixes) or prefixes[0]


def _given(note: Raw, by: Raw) -> str:
    """The note with who had it last: `looking at redis (from kai)`."""
    return f"{_FROM.sub('', note.exact)} (from {by.exact})".strip()


# -- in the folder ---------------------------------------------------------------------------------


async def _locally(
    doing: Doing,
    acks: Sequence[Ack],
    change: Callable[[LocalAcks, Sequence[Ack]], _Local],
) -> _Local:
    if not acks:
        return _Local()
    if doing.local is None:
        return _Local(fault=f"{many(len(acks), 'ack')} left as it was: {NO_FOLDER}")
    try:
        return await asyncio.to_thread(change, doing.local, acks)
    except FileError as fault:
        return _Local(fault=f"{many(len(acks), 'ack')} left as it was: {visible(str(fault))}")


def _removed(local: LocalAcks, acks: Sequence[Ack]) -> _Local:
    return _swapped(local, [(one, None) for one in acks])


def _reowned(local: LocalAcks, acks: Sequence[Ack], to: str, intent: str) -> _Local:
    there = {one.silence_id: one for one in local.load()}
    pairs = [(one, there.get(one.silence_id, one)) for one in acks]
    return _swapped(
        local, [(one, _given_to(to, now, intent)) for one, now in pairs if now.owner != Raw(to)]
    )


def _given_to(to: str, ack: Ack, intent: str) -> Ack:
    note = Raw(_given(ack.note, ack.owner))
    return msgspec.structs.replace(ack, owner=Raw(to), note=note, intent=intent)


def _swapped(local: LocalAcks, pairs: Sequence[tuple[Ack, Ack | None]]) -> _Local:
    """Have the second of each pair where the first stands, unless somebody else has it now."""
    swaps = [Swap(seen.silence_id, seen.owner, wanted) for seen, wanted in pairs]
    before = {one.silence_id: one for one in local.load()}
    done = {one.key: one.wanted for one in local.swap(swaps)}
    others = {
        now.owner.exact
        for seen, _ in pairs
        if seen.silence_id not in done and (now := before.get(seen.silence_id)) is not None
    }
    return _Local(
        tuple(before.get(seen.silence_id, seen) for seen, _ in pairs if seen.silence_id in done),
        tuple(one for one in done.values() if one is not None),
        "; ".join(f"it is {person(one)}'s meanwhile, left alone" for one in sorted(others)),
    )


# -- said ------------------------------------------------------------------------------------------


def _effect(
    text: str,
    nothing: str,
    total: Sum,
    kept: _Local,
    sent: Sequence[Ack],
    results: Sequence[Result],
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
    return Effected(
        Outcome(ended, text, tuple(details), total.failures, total.silences),
        RestoreWish(total.formers, kept.former, total.lefts, kept.left) if did else None,
        touched_by([one.cluster for one in sent], results[: len(sent)]),
    )


def _cluster_of(ack: Ack) -> str:
    return ack.cluster
