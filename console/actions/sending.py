"""Doing the many parts of one effect: clusters side by side, two parts at a time in each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from console.actions.doing import Doing
from console.model.failure import Failure, FailureKind
from console.sources.alertmanager.cluster import AlertmanagerCluster, EffectFailed, Sent

AT_ONCE: Final = 2
"""In one cluster. Each server has its own slots beside that."""

AWAY: Final = frozenset(
    [
        FailureKind.REFUSED,
        FailureKind.DNS,
        FailureKind.UNREACHABLE,
        FailureKind.TIMEOUT,
        FailureKind.TLS,
        FailureKind.RESET,
        FailureKind.STARTING,
        FailureKind.RATE,
        FailureKind.AUTH,
    ]
)
"""By these a cluster is not there now. What it was to be told may be told later."""

Part = TypeVar("Part")
Result = TypeVar("Result")


async def each_of(
    parts: Sequence[Part],
    cluster_of: Callable[[Part], str],
    do: Callable[[Part], Awaitable[Result]],
) -> list[Result | EffectFailed]:
    """What `do` gives for each part, or how it failed, in the order of `parts`.

    One that fails stops no other, unless its cluster is away: what is left for that one is
    then not tried, since a thousand deadlines would pass one after the other.
    """
    results: dict[int, Result | EffectFailed] = {}
    by_cluster: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        by_cluster.setdefault(cluster_of(part), []).append(number)

    async def work(waiting: list[int]) -> None:
        while waiting:
            number = waiting.pop(0)
            try:
                results[number] = await do(parts[number])
            except EffectFailed as failed:
                results[number] = failed
                if failed.failure.kind in AWAY:
                    unsent = EffectFailed(failed.failure, Sent.NO)
                    results.update((rest, unsent) for rest in waiting)
                    waiting.clear()

    async with asyncio.TaskGroup() as group:
        for numbers in by_cluster.values():
            for _ in range(min(AT_ONCE, len(numbers))):
                group.create_task(work(numbers))
    return [results[number] for number in range(len(parts))]


def cluster_named(doing: Doing, name: str) -> AlertmanagerCluster:
    """The cluster of that name.

    Raises:
        EffectFailed: the settings have none.
    """
    cluster = doing.clusters.get(name)
    if cluster is None:
        known = ", ".join(sorted(doing.clusters)) or "none at all"
        failure = Failure(
            source=name,
            part="silences",
            kind=FailureKind.SETTINGS,
            cause="no Alertmanager of this name is in the settings",
            expected=f"one of: {known}",
            remedy="see `sources:` in the settings",
            at=doing.now,
        )
        raise EffectFailed(failure, Sent.NO)
    return cluster


def touched_by(clusters: Sequence[str], results: Sequence[object]) -> tuple[str, ...]:
    """Of the clusters of the parts those in which something was done, or may have been."""
    return tuple(
        sorted(
            {
                cluster
                for cluster, result in zip(clusters, results, strict=True)
                if not isinstance(result, EffectFailed) or result.sent is Sent.MAYBE
            }
        )
    )
