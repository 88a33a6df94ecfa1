"""`kubectl get … -o json`, bytes to model types."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeVar

import msgspec

from console.model.failure import FailureKind
from console.model.workload import Pod, Stray, Workload, WorkloadKind
from console.safety.text import Raw, visible
from console.sources.answer import Unusable, capped, utc
from console.sources.kubernetes.jobs import CRONJOB, JOB, Batch, newest_pods_first
from console.sources.kubernetes.owners import owner_of, stray_names
from console.sources.kubernetes.pods import pod_of
from console.sources.kubernetes.wire import (
    Condition,
    CronJobItem,
    JobItem,
    PodItem,
    WorkloadItem,
    WorkloadStatus,
)

Wire = TypeVar("Wire")

AT_A_TIME: Final = 100
"""Objects read between two looks at what else is to be done: under 5 ms."""

_OLDER: Final = "its status is of an older spec (generation {observed} of {generation})"


_Key = tuple[str, WorkloadKind, str]
"""Namespace, kind and name."""


class Decoded(NamedTuple):
    """What one list held."""

    workloads: tuple[Workload, ...]
    """Without their pods."""
    pods: tuple[tuple[WorkloadKind, str, Pod], ...]
    """Those that belong to one of `workloads`, each with its kind and name."""
    strays: tuple[Stray, ...] = ()
    """What the pods that belong to none may be known by."""


class _List(msgspec.Struct):
    kind: str
    items: list[msgspec.Raw] | None
    """An empty list of one kind is null where the server's own answer is passed on."""


class _Tag(msgspec.Struct):
    kind: str


class _Server(msgspec.Struct, rename="camel"):
    git_version: str


class _Version(msgspec.Struct, rename="camel"):
    server_version: _Server | None = None


async def decoded_list(body: bytes, *, jobs_known: bool = True) -> Decoded:
    """What `kubectl` printed, piece by piece, so that 60 MB of it stop nothing else.

    Args:
        jobs_known: a job that is not in it is not there.

    Raises:
        Unusable: it is something else, or broken, or cut short.
    """
    listed = _read(body, _List)
    if not listed.kind.endswith("List"):
        raise Unusable(FailureKind.SCHEMA, f"got a {visible(listed.kind, cells=40)} and no list")
    found = _Found()
    for done, item in enumerate(listed.items or ()):
        await _breath(done)
        found.take(item)
    batch = Batch(found.crons, found.jobs)
    owners = _Owners(found.workloads, batch)
    owned: list[tuple[WorkloadKind, str, Pod]] = []
    strays: dict[Stray, None] = {}
    try:
        for done, pod in enumerate(found.pods):
            await _breath(done)
            owner = owners.of(pod)
            if owner is not None:
                owned.append((*owner, pod_of(pod)))
            else:
                strays.update(dict.fromkeys(_strays_of(pod)))
        told = (
            *(workload_of(kind, item) for (_, kind, _), item in found.workloads.items()),
            *batch.workloads(jobs_known=jobs_known),
        )
    except OverflowError:
        raise Unusable(FailureKind.SCHEMA, "got a time that is out of range") from None
    return Decoded(told, tuple(owned), tuple(strays))


class _Found:
    """The objects of one list, by what they are."""

    def __init__(self) -> None:
        self.workloads: dict[_Key, WorkloadItem] = {}
        self.crons: list[CronJobItem] = []
        self.jobs: list[JobItem] = []
        self.pods: list[PodItem] = []

    def take(self, item: msgspec.Raw) -> None:
        kind = _read(item, _Tag).kind
        if kind == "Pod":
            self.pods.append(_read(item, PodItem))
        elif kind == JOB:
            self.jobs.append(_read(item, JobItem))
        elif kind == CRONJOB:
            self.crons.append(_read(item, CronJobItem))
        elif kind in _KINDS:
            wire = _read(item, WorkloadItem)
            self.workloads[wire.metadata.namespace, _KINDS[kind], wire.metadata.name] = wire


def _strays_of(pod: PodItem) -> Iterator[Stray]:
    """What somebody may call the workload of a pod that belongs to none of those that are read."""
    controller = next(
        (each for each in pod.metadata.owner_references or () if each.controller), None
    )
    kind, name = (
        ("Pod", pod.metadata.name) if controller is None else (controller.kind, controller.name)
    )
    for each in stray_names(name):
        yield Stray(capped(pod.metadata.namespace), capped(each), capped(kind))


async def _breath(done: int) -> None:
    if done % AT_A_TIME == AT_A_TIME - 1:
        await asyncio.sleep(0)


def with_pods(decoded: Decoded) -> tuple[Workload, ...]:
    """The workloads, each with its pods: none is known to be there where the list has none."""
    pods: dict[tuple[WorkloadKind, str, str], list[Pod]] = defaultdict(list)
    for kind, name, pod in decoded.pods:
        pods[kind, pod.namespace.exact, name].append(pod)
    return tuple(
        msgspec.structs.replace(each, pods=_in_order(each.kind, pods[key]) if key in pods else ())
        for each in decoded.workloads
        if (key := (each.kind, each.namespace.exact, each.name.exact))
    )


def _in_order(kind: WorkloadKind, pods: list[Pod]) -> tuple[Pod, ...]:
    return newest_pods_first(pods) if kind.is_batch else tuple(pods)


def server_version(body: bytes) -> Raw | None:
    """The server's version in what `kubectl version -o json` printed; `None` where none is."""
    try:
        server = _read(body, _Version).server_version
    except Unusable:
        return None
    return capped(server.git_version) if server is not None else None


_KINDS: Final = {kind.value: kind for kind in WorkloadKind}


def workload_of(kind: WorkloadKind, item: WorkloadItem) -> Workload:
    """The workload without its pods.

    Raises:
        OverflowError: a time lies outside of the years that Python knows.
    """
    status = item.status or WorkloadStatus()
    generation, observed = item.metadata.generation, status.observed_generation
    # Every controller writes which generation it has seen; one that has seen none says nothing.
    believed = observed is not None and (generation is None or observed >= generation)
    reason = _reason(status.conditions or [])
    if not believed:
        told = _OLDER.format(observed=observed or 0, generation=generation or "unknown")
        reason = f"{told}; {reason}" if reason else told
    template = item.spec.template.spec if item.spec.template is not None else None
    containers = (template.containers if template is not None else None) or ()
    created = item.metadata.creation_timestamp
    counts = _counts(kind, status) if believed else _Counts()
    return Workload(
        name=capped(item.metadata.name),
        namespace=capped(item.metadata.namespace),
        kind=kind,
        desired=counts.desired if kind is WorkloadKind.DAEMONSET else item.spec.replicas,
        ready=counts.ready,
        available=counts.available,
        updated=counts.updated,
        paused=bool(item.spec.paused),
        reason=capped(reason) if reason else None,
        images=tuple(capped(each.image) for each in containers if each.image),
        created_at=utc(created) if created is not None else None,
    )


class _Counts(NamedTuple):
    ready: int | None = None
    available: int | None = None
    updated: int | None = None
    desired: int | None = None


def _counts(kind: WorkloadKind, status: WorkloadStatus) -> _Counts:
    """The numbers of a status that is believed: one that is left out is 0.

    Except for what a stateful set has available, which the API has from 1.22 on only.
    """
    if kind is WorkloadKind.DAEMONSET:
        return _Counts(
            status.number_ready,
            status.number_available or 0,
            status.updated_number_scheduled or 0,
            status.desired_number_scheduled,
        )
    available = status.available_replicas
    if kind is WorkloadKind.DEPLOYMENT:
        available = available or 0
    return _Counts(status.ready_replicas or 0, available, status.updated_replicas or 0)


_SAYS_NO: Final = (("ReplicaFailure", "True"), ("Progressing", "False"), ("Available", "False"))
"""The conditions of a deployment that say no, the one that explains most first."""


def _reason(conditions: list[Condition]) -> str:
    for kind, status in _SAYS_NO:
        for each in conditions:
            if (each.type, each.status) == (kind, status):
                words = [each.reason or f"{kind}={status}", each.message or ""]
                return ": ".join(filter(None, words))
    return ""


class _Owners:
    """Finds the workload of a pod among those of the same list."""

    def __init__(self, workloads: dict[_Key, WorkloadItem], batch: Batch) -> None:
        self._workloads = workloads
        self._batch = batch
        self._selectors: dict[str, list[tuple[str, dict[str, str]]]] = defaultdict(list)
        for (namespace, kind, name), item in workloads.items():
            selector = item.spec.selector
            labels = selector.match_labels if selector is not None else None
            if kind is WorkloadKind.DEPLOYMENT and labels:
                self._selectors[namespace].append((name, labels))

    def of(self, pod: PodItem) -> tuple[WorkloadKind, str] | None:
        """Kind and name; `None` for a pod of somebody else's controller or of nobody."""
        namespace, labels = pod.metadata.namespace, pod.metadata.labels or {}
        owners = pod.metadata.owner_references or ()
        controller = next((each for each in owners if each.controller), None)
        if controller is None:
            return None
        if controller.kind == JOB:
            return self._batch.owner_of(namespace, controller.name)

        def is_known(kind: WorkloadKind, name: str) -> bool:
            return (namespace, kind, name) in self._workloads

        template = labels.get("pod-template-hash", "")
        found = owner_of(controller.kind, controller.name, is_known, template)
        if found is None and controller.kind == "ReplicaSet" and not template:
            return self._selecting(namespace, labels)
        return found

    def _selecting(self, namespace: str, labels: dict[str, str]) -> tuple[WorkloadKind, str] | None:
        """The one deployment whose selector fits, for sets whose names tell nothing."""
        selectors = self._selectors.get(namespace, ())
        fitting = [name for name, wanted in selectors if wanted.items() <= labels.items()]
        return (WorkloadKind.DEPLOYMENT, fitting[0]) if len(fitting) == 1 else None


def _read(body: bytes | msgspec.Raw, kind: type[Wire]) -> Wire:
    # Not `answer.decoded()`: its exact look at double keys costs 10 ms a megabyte wherever a
    # shape leaves fields out, which is everywhere here.
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        shape = visible(str(error), cells=120)
        raise Unusable(FailureKind.SCHEMA, f"got JSON of another shape: {shape}") from None
    except UnicodeDecodeError:
        raise Unusable(FailureKind.SCHEMA, "got text that is not valid UTF-8") from None
    except RecursionError:
        raise Unusable(FailureKind.SCHEMA, "got JSON nested too deep to be read") from None
    except (msgspec.MsgspecError, ValueError):
        size = len(bytes(body))
        raise Unusable(
            FailureKind.SCHEMA,
            f"got {size:,} bytes that cannot be read as JSON (cut short?)"
            if size
            else "got an empty answer",
        ) from None
