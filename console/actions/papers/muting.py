"""The silence that exists while a change runs: made when it starts, ended with it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.actions.changing import read_back
from console.actions.doing import Doing, Effected
from console.actions.saying import told
from console.actions.silences.changes import expire
from console.actions.silences.make import silence
from console.actions.silences.matchers import MatcherFault, matcher_of
from console.model.acting import Ended
from console.model.alert import Silence
from console.model.change import Change
from console.model.failure import Failure
from console.model.wish import ExpireWish, SilenceWish
from console.safety.text import visible

UNTIL: Final = timedelta(hours=1)
"""How long it lasts where the plan has no window, or its window is over."""


class Muted(msgspec.Struct, frozen=True):
    """What became of a change's silences."""

    silences: tuple[Silence, ...] = ()
    """Those that were made, or ended."""
    said: str = ""
    """Safe to show; empty where there was nothing to do."""
    lacks: tuple[str, ...] = ()
    """What was not done, in words."""
    failures: tuple[Failure, ...] = ()
    touched: tuple[str, ...] = ()


def ends_by(change: Change, now: datetime, longest: timedelta) -> datetime:
    """When the silence of `change`, started at `now`, ends by itself: with the window."""
    window = change.plan.window
    ends_at = window.end if window is not None and window.end > now else now + UNTIL
    return min(ends_at, now + longest)


async def mute(change: Change, doing: Doing) -> Muted:
    """Make the silence of the plan of `change`, in every Alertmanager cluster.

    It ends by itself with the window. Its comment begins with the change's id, so that it is
    found by that also where the id of the silence was written down nowhere.
    """
    if not change.plan.silence:
        return Muted()
    try:
        matchers = tuple(matcher_of(line) for line in change.plan.silence if line.strip())
    except MatcherFault as fault:
        return Muted(lacks=(f"its silence was not made: {visible(str(fault))}",))
    wish = SilenceWish(
        clusters=tuple(doing.clusters),
        matchers=matchers,
        starts_at=None,
        ends_at=ends_by(change, doing.now, doing.silences.longest),
        comment=f"{change.id} {change.title}",
    )
    effected = await silence(wish, doing)
    outcome = effected.outcome
    made = effected.inverse.silences if isinstance(effected.inverse, ExpireWish) else ()
    if outcome.ended is Ended.DONE:
        return Muted(made, outcome.text, outcome.details, touched=effected.touched)
    lacks = (f"its silence: {outcome.text}", *outcome.details)
    return Muted(made, "", lacks, outcome.failures, effected.touched)


async def unmute(change: Change, doing: Doing) -> Muted:
    """End the silences that were made when `change` started; those of others stay."""
    if not change.silence_id and not change.plan.silence:
        return Muted()
    read = await read_back(doing, doing.clusters)
    noted = frozenset(change.silence_id.split())
    lacks = [
        f"its silence may go on: {told(one.failure)}; it ends by itself"
        for one in read.failed.values()
    ]
    mine = []
    for one in read.silences.values():
        if is_of(change, one):
            mine.append(one)
        elif one.id in noted:
            lacks.append("its silence was changed by somebody and is theirs now; left alone")
    failures = tuple(one.failure for one in read.failed.values())
    if not mine:
        return Muted((), "", tuple(lacks), failures)
    ended = await end(tuple(mine), doing)
    outcome = ended.outcome
    if outcome.ended is not Ended.DONE:
        lacks += [f"its silence: {outcome.text}", *outcome.details]
        return Muted((), "", tuple(lacks), (*failures, *outcome.failures), ended.touched)
    return Muted(tuple(mine), "its silence ended", tuple(lacks), failures, ended.touched)


async def end(silences: tuple[Silence, ...], doing: Doing) -> Effected:
    """End these silences now."""
    return await expire(ExpireWish(silences), doing)


def is_of(change: Change, silence: Silence) -> bool:
    """Whether `silence` says that it belongs to `change`."""
    return silence.comment.exact.split(" ", 1)[0] == change.id
