"""Changing one silence without making a second one of it.

Alertmanager changes a silence in place only where matchers and start are those that it has
and it has not ended (0.25, `canUpdate`). In every other case the same request ends the old one
and makes a new one, so that what is written is always what was just read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from console.actions.doing import Doing
from console.actions.saying import Done, Missed, short, told
from console.actions.sending import cluster_named
from console.model.alert import Silence, SilenceState
from console.model.failure import Failure, FailureKind
from console.safety.text import Raw, visible
from console.sources.alertmanager.cluster import GOSSIP_S, EffectFailed, Sent, WantedSilence

GONE = "had ended already"


def is_other(now: Silence, before: Silence) -> bool:
    """Whether somebody changed what `before` shows; another end alone is no change, since
    whoever keeps an ack up moves it all the time."""
    return (
        set(now.matchers) != set(before.matchers)
        or now.comment != before.comment
        or now.created_by != before.created_by
    )


async def running(doing: Doing, cluster: str, silence_id: str) -> Silence | None:
    """The silence as its server has it now; `None` where it has ended.

    Raises:
        EffectFailed: the server does not say.
    """
    found = await cluster_named(doing, cluster).silence(silence_id)
    if found is None or found.state is SilenceState.EXPIRED:
        return None
    return found


async def in_place(
    doing: Doing,
    now: Silence,
    *,
    ends_at: datetime | None = None,
    created_by: str | None = None,
    comment: str | None = None,
) -> Done | Missed:
    """Change `now`, which was just read, and nothing that is not named.

    Where it lost a race the server has made a new one: that one is withdrawn, since whoever
    ended or changed the old one meant to.

    Raises:
        EffectFailed: the server did not take it.
    """
    cluster = cluster_named(doing, now.cluster)
    wanted = WantedSilence(
        matchers=now.matchers,
        starts_at=now.starts_at,
        ends_at=now.ends_at if ends_at is None else ends_at,
        created_by=now.created_by.exact if created_by is None else created_by,
        comment=now.comment.exact if comment is None else comment,
        id=now.id,
    )
    new_id = await cluster.post(wanted)
    if new_id != now.id:
        return await _withdrawn(doing, now, new_id)
    changed = msgspec.structs.replace(
        now,
        ends_at=wanted.ends_at,
        created_by=Raw(wanted.created_by),
        comment=Raw(wanted.comment),
    )
    return Done(changed, former=now)


async def _withdrawn(doing: Doing, former: Silence, new_id: str) -> Missed:
    what = f"{short(former)}: it was ended or changed by somebody meanwhile"
    try:
        await cluster_named(doing, former.cluster).expire(new_id)
    except EffectFailed as failed:
        return Missed(
            f"{what}, and {former.cluster} made a new one of it, {new_id}, that could not be "
            f"withdrawn: {told(failed.failure)}"
        )
    return Missed(f"{what}; it was left as they have it")


class ReadBack(msgspec.Struct, frozen=True):
    """The silences of some clusters, read after they were told something."""

    silences: dict[tuple[str, str], Silence]
    """By cluster and id: active and pending ones."""
    failed: dict[str, EffectFailed]
    """Clusters that could not be read."""

    def remarks(self, of: str) -> list[str]:
        """One line for each cluster that took `of` and then could not be read."""
        return [
            f"{name} took {of} and could not be read again: {told(one.failure)}"
            for name, one in self.failed.items()
        ]

    def misses(self, silence: Silence) -> bool:
        """Whether its cluster answers, and does not list it."""
        place = silence.cluster, silence.id
        return silence.cluster not in self.failed and place not in self.silences


async def read_back_of(doing: Doing, made: Sequence[Silence]) -> ReadBack:
    """The silences of the clusters of `made`; once more where one does not list all of it yet."""
    read = await read_back(doing, (one.cluster for one in made))
    if any(map(read.misses, made)):
        await doing.clock.sleep(GOSSIP_S)
        read = await read_back(doing, (one.cluster for one in made))
    return read


def not_listed(silence: Silence, at: datetime) -> EffectFailed:
    """A server said that it took a silence, and does not list it."""
    failure = Failure(
        source=silence.cluster,
        part="new silence",
        kind=FailureKind.SCHEMA,
        cause=f"it said that it took the silence, as {visible(silence.id, cells=60)}, and does "
        "not list it",
        expected="the silence among those that it lists",
        remedy="look at what stands between: something else may have answered for it",
        at=at,
    )
    return EffectFailed(failure, Sent.MAYBE)


async def read_back(doing: Doing, clusters: Iterable[str]) -> ReadBack:
    """The active and pending silences of `clusters`. Raises nothing."""
    silences: dict[tuple[str, str], Silence] = {}
    failed: dict[str, EffectFailed] = {}
    for name in dict.fromkeys(clusters):
        try:
            for one in await cluster_named(doing, name).silences():
                silences[name, one.id] = one
        except EffectFailed as error:
            failed[name] = error
    return ReadBack(silences, failed)
