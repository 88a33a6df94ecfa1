"""From what runs in a cluster to services: those that nobody wrote down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from console.model.registry import Service, ServiceType
from console.model.workload import Workload
from console.safety.text import visible

Spot = tuple[str | None, str]
"""Namespace and name."""


def claimed(registered: Iterable[Service]) -> frozenset[Spot]:
    """Where the workloads are that somebody wrote down."""
    return frozenset(
        (service.namespace, name) for service in registered for name in (service.unit, service.name)
    )


def live_workloads(told: Iterable[Workload], wanted: Collection[Spot]) -> Iterator[Workload]:
    """`told` without the jobs that are done and that nobody wrote down: a namespace may have
    hundreds of them."""
    for one in told:
        if not one.is_done or (one.namespace.exact, one.name.exact) in wanted:
            yield one


def found_workloads(
    told: Iterable[Workload], registered: Iterable[Service], taken: Collection[str]
) -> tuple[Service, ...]:
    """A service for each workload of `told` that none of `registered` stands for.

    It is called like the workload; with `@` and the namespace where that name is `taken` or
    another namespace has one of it too.
    """
    wanted = claimed(registered)
    live = live_workloads(told, wanted)
    spots = sorted({(one.namespace.exact, one.name.exact) for one in live})
    free = [spot for spot in spots if spot not in wanted]
    counts = Counter(name for _, name in free)
    return tuple(
        _service(namespace, name, is_alone=counts[name] == 1 and name not in taken)
        for namespace, name in free
    )


def _service(namespace: str, name: str, *, is_alone: bool) -> Service:
    # Names come from outside here, and are shown wherever services are.
    shown = visible(name, cells=80)
    called = shown if is_alone else f"{shown}@{visible(namespace, cells=80)}"
    return Service(
        called,
        ServiceType.K8S_DEPLOYMENT,
        visible(namespace, cells=80),
        namespace=namespace,
        service_name=name,
    )
