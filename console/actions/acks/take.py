"""Taking alerts: as few silences as their groups need, that karma and kthxbye read as acks.

What no Alertmanager knows, or none that answers, is kept in a folder of ours. Of two people
who take the same alerts at once the earlier has them, and the later is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from config.durations import duration_text
from console.actions.acks.earlier import earlier_ack, may_hold, told_earlier
from console.actions.acks.local_acks import LASTS, alert_key
from console.actions.acks.plan import plan_acks
from console.actions.acks.sent_before import sent_before
from console.actions.acks.taken import Posted, Taken, Unposted, effect_of
from console.actions.changing import ReadBack, not_listed, read_back, read_back_of
from console.actions.doing import Doing, Effected, nothing_done
from console.actions.saying import person, told, until_text
from console.actions.sending import AWAY, cluster_named, each_of
from console.fleet.standing import ack_of
from console.model.ack_comment import write_ack_comment
from console.model.acting import Ended, Plan, PlannedSilence
from console.model.alert import Ack, Silence, SilenceState
from console.model.snapshot import KnownAlert
from console.model.wish import AckWish
from console.model.words import many
from console.safety.files import FileError
from console.safety.text import Raw, visible
from console.sources.alertmanager.cluster import EffectFailed, Sent, WantedSilence

NO_FOLDER = "there is no folder to keep it in"
NAME_CELLS = 40


async def ack(wish: AckWish, doing: Doing) -> Effected:
    """Take what is wished for, and tell what became of each part of it."""
    if wish.lasts is not None and not timedelta(0) < wish.lasts <= doing.silences.longest:
        longest = duration_text(doing.silences.longest)
        return nothing_done(
            Ended.DENIED, f"not acked: an ack lasts more than no time, and {longest} at most"
        )
    if not wish.alerts and not wish.parts:
        return nothing_done(Ended.DENIED, "not acked: there is nothing in it to take")
    return effect_of(await take(wish, doing), doing)


async def take(wish: AckWish, doing: Doing) -> Taken:
    """Plan, send, read back, and keep here what cannot be sent. Raises nothing of a server."""
    free = await _free(wish, doing)
    plan = await plan_acks(
        free.alerts,
        known=doing.snapshot.alerts,
        groups=doing.snapshot.groups,
        clusters=doing.clusters,
        policy=doing.policy,
        acks=doing.acks,
    )
    posted, unposted = await _post(plan, wish, doing)
    read = await read_back_of(doing, [one.silence for one in posted])
    unseen = tuple(one for one in posted if read.misses(one.silence))
    posted = tuple(one for one in posted if one not in unseen)
    unposted += tuple(Unposted(one.planned, not_listed(one.silence, doing.now)) for one in unseen)
    settled = await _settle(posted, read, wish, doing)
    kept = await _keep(plan, wish, doing, settled.covered, unposted)
    names = {one.key: one.alert.name for one in wish.alerts}
    left_out = [
        f"{visible(names.get(key.removeprefix('alert:'), key), cells=NAME_CELLS)}: {why}"
        for key, why in plan.left_out
    ]
    return Taken(
        standing=settled.standing,
        unposted=unposted,
        kept=kept.kept,
        already=free.already,
        found=free.found,
        lost=(*free.lost, *settled.lost, *kept.lost),
        left_out=(*free.left_out, *left_out, *kept.left_out),
        remarks=(*read.remarks("the ack"), *settled.remarks),
        failures=(*plan.failures, *settled.failures),
    )


# -- what somebody has already ---------------------------------------------------------------------


class _Free(msgspec.Struct, frozen=True):
    alerts: tuple[KnownAlert, ...]
    already: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    found: frozenset[str] = frozenset()
    """Fingerprints of those that an earlier try of ours holds after all."""


async def _free(wish: AckWish, doing: Doing) -> _Free:
    """The wished alerts less those that somebody has, by the servers' word."""
    held = {_home_of(one) for one in wish.alerts if one.ack is not None}
    if not held:
        return _Free(wish.alerts)
    # The snapshot may be some seconds old, and an ack that was given up since holds nothing.
    read = await read_back(doing, sorted(held & doing.clusters.keys()))
    unsure = [one for one in wish.alerts if one.ack is not None and one.ack.unsent]
    tries = await sent_before(unsure, doing.who, read, doing)
    now, free, already, lost, left_out = doing.now, [], [], [], []
    found: set[str] = set()
    for one in wish.alerts:
        ack = one.ack
        if ack is not None and ack.unsent and _home_of(one) in read.failed:
            why = told(read.failed[_home_of(one)].failure)
            left_out.append(f"whether your ack was sent before is not known: {why}")
        elif one.key in tries:
            found.add(one.key)
            already.append(f"you have it already, until {until_text(tries[one.key].ends_at, now)}")
        elif ack is None or ack.is_local:
            free.append(one)
        else:
            silence = read.silences.get((ack.cluster, ack.silence_id))
            if silence is None or silence.state is not SilenceState.ACTIVE:
                free.append(msgspec.structs.replace(one, ack=None))
            elif silence.created_by.exact == doing.who:
                already.append(f"you have it already, until {until_text(silence.ends_at, now)}")
            else:
                lost.append(_held_by(silence.created_by, silence, doing))
    return _Free(
        tuple(free), tuple(already), tuple(lost), tuple(dict.fromkeys(left_out)), frozenset(found)
    )


def _home_of(one: KnownAlert) -> str:
    """The cluster that holds its ack, or that is to hold it."""
    ack = one.ack
    return one.alert.cluster if ack is None or ack.is_local else ack.cluster


def _held_by(owner: Raw, held: Silence | Ack, doing: Doing) -> str:
    since = held.starts_at if isinstance(held, Silence) else held.since
    return f"{person(owner)} has it since {until_text(since, doing.now)}: hand it over to take it"


# -- sent ------------------------------------------------------------------------------------------


async def _post(
    plan: Plan, wish: AckWish, doing: Doing
) -> tuple[tuple[Posted, ...], tuple[Unposted, ...]]:
    prefix = doing.policy.ack_prefixes[0]
    comment = write_ack_comment(prefix, doing.who, wish.note, doing.intent)
    now = doing.now

    async def post(planned: PlannedSilence) -> Posted:
        ends_at = now + (wish.lasts or _lasts(doing, planned.cluster))
        wanted = WantedSilence(planned.matchers, None, ends_at, doing.who, comment)
        made_id = await cluster_named(doing, planned.cluster).post(wanted)
        made = Silence(
            id=made_id,
            cluster=planned.cluster,
            state=SilenceState.ACTIVE,
            matchers=planned.matchers,
            starts_at=now,
            ends_at=ends_at,
            created_by=Raw(doing.who),
            comment=Raw(comment),
        )
        return Posted(planned, made)

    results = await each_of(plan.silences, _cluster_of, post)
    posted = tuple(one for one in results if isinstance(one, Posted))
    unposted = tuple(
        Unposted(planned, one)
        for planned, one in zip(plan.silences, results, strict=True)
        if isinstance(one, EffectFailed)
    )
    return posted, unposted


def _lasts(doing: Doing, cluster: str) -> timedelta:
    return doing.acks.extended_lasts if cluster in doing.kthxbye else doing.acks.lasts


async def _settle(posted: Sequence[Posted], read: ReadBack, wish: AckWish, doing: Doing) -> Taken:
    """Give up what somebody took earlier; the rest stands as its server lists it."""
    prefixes = doing.policy.ack_prefixes
    others = [
        one
        for one in read.silences.values()
        if one.created_by.exact != doing.who and ack_of(one, prefixes) is not None
    ]
    known = {key: one for one in wish.alerts for key in (one.key, *one.duplicates)}

    async def settled(one: Posted) -> tuple[Posted, str]:
        ours = read.silences.get((one.silence.cluster, one.silence.id), one.silence)
        labels = [known[key].alert.labels for key in one.planned.covers if key in known]
        near = [
            other
            for other in others
            if other.cluster == ours.cluster and all(may_hold(other, each) for each in labels)
        ]
        stays = Posted(one.planned, ours)
        if not near:
            return stays, ""
        cluster = cluster_named(doing, ours.cluster)
        alerts = await cluster.matching(ours.matchers)
        held_by = [each.silenced_by for each in alerts if each.fingerprint in known]
        theirs = earlier_ack(ours, near, held_by)
        if theirs is None:
            return stays, ""
        await cluster.expire(ours.id)
        return stays, told_earlier(ours, theirs)

    results = await each_of(posted, lambda one: one.planned.cluster, settled)
    standing, lost, remarks, failures = [], [], [], []
    for before, result in zip(posted, results, strict=True):
        if isinstance(result, EffectFailed):
            standing.append(before)
            failures.append(result.failure)
            remarks.append(f"whether somebody was earlier is not known: {told(result.failure)}")
        elif result[1]:
            lost.append(result[1])
        else:
            standing.append(result[0])
    return Taken(
        tuple(standing), lost=tuple(lost), remarks=tuple(remarks), failures=tuple(failures)
    )


# -- kept here -------------------------------------------------------------------------------------


async def _keep(
    plan: Plan,
    wish: AckWish,
    doing: Doing,
    covered: frozenset[str],
    unposted: Sequence[Unposted],
) -> Taken:
    """Keep what no Alertmanager knows, and what one could not be told."""
    acks = {key: _local(key, wish, doing) for key in plan.kept_here}
    acks |= {part.key: _local(part.key, wish, doing) for part in wish.parts}
    for one in unposted:
        failure = one.failed.failure
        if failure.kind in AWAY or one.failed.sent is Sent.MAYBE:
            why = visible(f"{failure.cause}; sent when {one.planned.cluster} answers again")
            for key in map(alert_key, set(one.planned.covers) - covered):
                acks[key] = _local(key, wish, doing, why)
    if not acks:
        return Taken()
    count = many(len(acks), "ack")
    if doing.local is None:
        return Taken(left_out=(f"{count} not kept: {NO_FOLDER}",))
    try:
        stand = await asyncio.to_thread(doing.local.put, acks.values())
    except FileError as fault:
        return Taken(left_out=(f"{count} not kept: {visible(str(fault))}",))
    ours = tuple(one for one in stand if one.owner.exact == doing.who)
    lost = tuple(_held_by(one.owner, one, doing) for one in stand if one not in ours)
    return Taken(kept=ours, lost=lost)


def _local(key: str, wish: AckWish, doing: Doing, unsent: str = "") -> Ack:
    return Ack(
        owner=Raw(doing.who),
        since=doing.now,
        until=doing.now + LASTS,
        note=Raw(wish.note.strip()),
        silence_id=key,
        cluster="",
        intent=doing.intent,
        unsent=unsent,
    )


def _cluster_of(planned: PlannedSilence) -> str:
    return planned.cluster
