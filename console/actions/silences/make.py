"""Silences as somebody wrote them into the form: made, or changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from console.actions.changing import is_other, not_listed, read_back_of, running
from console.actions.doing import Doing, Effected, nothing_done
from console.actions.saying import Done, Result, person, short, summed, told, until_text
from console.actions.sending import cluster_named, each_of, touched_by
from console.actions.silences.refusals import refused_matchers, refused_times
from console.model.ack_comment import with_record
from console.model.acting import Ended, Outcome
from console.model.alert import Silence, SilenceState
from console.model.wish import ExpireWish, RestoreWish, SilenceWish
from console.model.words import many
from console.safety.text import Raw, visible
from console.sources.alertmanager.cluster import EffectFailed, Sent, WantedSilence

# -- made and changed ------------------------------------------------------------------------------


async def silence(wish: SilenceWish, doing: Doing) -> Effected:
    """Make a silence in each of the wish's clusters, or change the one that it edits."""
    now = doing.now
    starts_at = wish.starts_at
    if wish.edits is not None and starts_at is None:
        starts_at = wish.edits.starts_at
    reasons = refused_matchers(wish.matchers)
    reasons += refused_times(starts_at, wish.ends_at, now, doing.silences.longest)
    names = (wish.edits.cluster,) if wish.edits is not None else wish.clusters
    unknown = [name for name in names if name not in doing.clusters]
    if not names or unknown:
        said = ", ".join(visible(name, cells=30) for name in unknown) or "none was named"
        reasons.append(f"no Alertmanager to send it to: {said}")
    if reasons:
        return nothing_done(Ended.DENIED, f"no silence was made: {reasons[0]}", *reasons[1:])
    if wish.edits is not None:
        return await _edited(wish, wish.edits, doing)
    return await _made(wish, doing)


async def _made(wish: SilenceWish, doing: Doing) -> Effected:
    now = doing.now
    comment = with_record(wish.comment, doing.intent)

    async def make(name: str) -> Result:
        later = wish.starts_at is not None and wish.starts_at > now
        wanted = WantedSilence(
            matchers=wish.matchers,
            starts_at=wish.starts_at if later else None,
            ends_at=wish.ends_at,
            created_by=doing.who,
            comment=comment,
        )
        made_id = await cluster_named(doing, name).post(wanted)
        return Done(_as_wanted(wanted, made_id, name, now))

    names = tuple(dict.fromkeys(wish.clusters))
    results = await each_of(names, str, make)
    results, remarks = await _seen(doing, results)
    total = summed(results, "silence", "made")
    if not total.done:
        why = f": {total.details[0]}" if total.details else ""
        return Effected(
            Outcome(total.ended, f"not silenced{why}", total.details[1:], total.failures),
            touched=touched_by(names, results),
        )
    made = tuple(one.silence for one in total.done)
    where = ", ".join(visible(one.cluster, cells=30) for one in made)
    text = f"silenced on {where} until {until_text(wish.ends_at, now)}"
    if all(one.state is SilenceState.PENDING for one in made):
        text += f", from {until_text(made[0].starts_at, now)} on"
    else:
        text += await _held(wish, made, doing)
    outcome = Outcome(total.ended, text, (*total.details, *remarks), total.failures, total.silences)
    return Effected(outcome, ExpireWish(made), touched_by(names, results))


async def _edited(wish: SilenceWish, before: Silence, doing: Doing) -> Effected:
    try:
        return await _edit(wish, before, doing)
    except EffectFailed as failed:
        ended = Ended.UNKNOWN if failed.sent is Sent.MAYBE else Ended.FAILED
        text = (
            f"not known whether the silence was changed: {told(failed.failure)}"
            if failed.sent is Sent.MAYBE
            else f"the silence was not changed: {told(failed.failure)}"
        )
        return Effected(Outcome(ended, text, (), (failed.failure,)), touched=(before.cluster,))


async def _edit(wish: SilenceWish, before: Silence, doing: Doing) -> Effected:
    now = doing.now
    cluster = cluster_named(doing, before.cluster)
    current = await running(doing, before.cluster, before.id)
    if current is None:
        ended_at = before.ends_at if before.ends_at <= now else None
        when = f" at {until_text(ended_at, now)}" if ended_at else ""
        return nothing_done(
            Ended.FAILED,
            f"that silence ended{when} while the form was open: nothing was changed",
            "what you typed is kept: send it as a new silence to have it again",
        )
    if is_other(current, before):
        return nothing_done(
            Ended.FAILED,
            f"{person(current.created_by)}'s silence was changed by somebody while the form was "
            "open: nothing was changed by you",
            f"it now holds {short(current)} until {until_text(current.ends_at, now)}",
        )
    same = set(wish.matchers) == set(current.matchers)
    if not same:
        # 0.25 ends the old one before it looks at the new matchers: what it would refuse is
        # found by a question first, so that a typing error leaves no hole.
        await cluster.matching(wish.matchers)
    wanted = WantedSilence(
        matchers=current.matchers if same else wish.matchers,
        starts_at=_start_of(wish, current, now),
        ends_at=wish.ends_at,
        created_by=current.created_by.exact,
        comment=with_record(wish.comment, doing.intent),
        id=current.id,
    )
    try:
        new_id = await cluster.post(wanted)
    except EffectFailed as failed:
        return await _edit_refused(failed, current, doing)
    done = Done(_as_wanted(wanted, new_id, before.cluster, now), current)
    (seen,), remarks = await _seen(doing, (done,))
    if not isinstance(seen, Done):
        raise not_listed(done.silence, now)
    made = (seen.silence,)
    text = f"changed the silence: until {until_text(wish.ends_at, now)}"
    if new_id != current.id:
        text += "; Alertmanager made a new one of it, the old one ended"
    # Undone by changing what stands there now back again, by the id that it has now.
    back = msgspec.structs.replace(current, id=new_id)
    outcome = Outcome(Ended.DONE, text, tuple(remarks), (), ((before.cluster, made[0].id),))
    return Effected(outcome, RestoreWish((back,), left=made), (before.cluster,))


async def _edit_refused(failed: EffectFailed, current: Silence, doing: Doing) -> Effected:
    """Alertmanager took the edit badly: say what stands now, and have the old one again."""
    cluster = cluster_named(doing, current.cluster)
    if failed.sent is Sent.MAYBE or await running(doing, current.cluster, current.id) is not None:
        raise failed
    wanted = WantedSilence(
        matchers=current.matchers,
        starts_at=None,
        ends_at=current.ends_at,
        created_by=current.created_by.exact,
        comment=with_record(current.comment.exact, doing.intent),
    )
    refusal = f"the silence was not changed: {told(failed.failure)}"
    try:
        again = await cluster.post(wanted)
    except EffectFailed as second:
        return Effected(
            Outcome(
                Ended.PARTLY,
                f"{refusal}; the old one ended over it",
                (f"having it again failed too: {told(second.failure)}",),
                (failed.failure, second.failure),
            ),
            touched=(current.cluster,),
        )
    return Effected(
        Outcome(
            Ended.FAILED,
            refusal,
            ("the old one ended over it and was made again as it was, with a new id",),
            (failed.failure,),
            ((current.cluster, again),),
        ),
        touched=(current.cluster,),
    )


def _start_of(wish: SilenceWish, current: Silence, now: datetime) -> datetime | None:
    if current.state is SilenceState.ACTIVE:
        return current.starts_at
    wanted = current.starts_at if wish.starts_at is None else wish.starts_at
    return wanted if wanted > now else None


async def _seen(doing: Doing, results: Sequence[Result]) -> tuple[list[Result], list[str]]:
    """`results` with what was made as its servers list it; what one does not list may not be
    there. And remarks on servers that could not be read again."""
    read = await read_back_of(doing, [one.silence for one in results if isinstance(one, Done)])

    def seen(one: Result) -> Result:
        if not isinstance(one, Done):
            return one
        made = one.silence
        if read.misses(made):
            return not_listed(made, doing.now)
        listed = read.silences.get((made.cluster, made.id), made)
        return msgspec.structs.replace(one, silence=listed)

    return [seen(one) for one in results], read.remarks("the silence")


async def _held(wish: SilenceWish, made: Sequence[Silence], doing: Doing) -> str:
    """How many alerts the silence holds now, by the servers' word; empty where none says."""
    try:
        counts = [
            len(await cluster_named(doing, one.cluster).matching(wish.matchers)) for one in made
        ]
    except EffectFailed:
        return ""
    return f": holds {many(sum(counts), 'alert')} now"


def _as_wanted(wanted: WantedSilence, silence_id: str, cluster: str, now: datetime) -> Silence:
    starts_at = wanted.starts_at or now
    return Silence(
        id=silence_id,
        cluster=cluster,
        state=SilenceState.PENDING if starts_at > now else SilenceState.ACTIVE,
        matchers=wanted.matchers,
        starts_at=starts_at,
        ends_at=wanted.ends_at,
        created_by=Raw(wanted.created_by),
        comment=Raw(wanted.comment),
    )
