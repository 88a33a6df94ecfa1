"""kube-state-metrics' series as workloads and pods.

Source: its docs/metrics/workload, 1.9 to 2.17. A series that is not there is a fact that is
not known, never a 0. Prometheus may serve several clusters, told apart by the label
`cluster`, and the same metrics of two replicas of kube-state-metrics.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from console.model.query import Sample
from console.model.workload import Pod, RunState, Stray, Workload, WorkloadKind
from console.safety.text import Raw
from console.sources.answer import capped
from console.sources.kubernetes.jobs import newest_pods_first
from console.sources.kubernetes.owners import owner_of, stray_names
from console.sources.prometheus.kube_pods import OwnedPod, PodKey, any_of, moment_of, where_of

_DEPLOYMENT: Final = {
    "kube_deployment_spec_replicas": "desired",
    "kube_deployment_status_replicas_ready": "ready",
    "kube_deployment_status_replicas_available": "available",
    "kube_deployment_status_replicas_updated": "updated",
    "kube_deployment_metadata_generation": "generation",
    "kube_deployment_status_observed_generation": "observed",
    "kube_deployment_spec_paused": "paused",
    "kube_deployment_created": "created",
}
_STATEFUL_SET: Final = {
    "kube_statefulset_replicas": "desired",
    "kube_statefulset_status_replicas_ready": "ready",
    "kube_statefulset_status_replicas_available": "available",
    "kube_statefulset_status_replicas_updated": "updated",
    "kube_statefulset_metadata_generation": "generation",
    "kube_statefulset_status_observed_generation": "observed",
    "kube_statefulset_created": "created",
}
_DAEMON_SET: Final = {
    "kube_daemonset_status_desired_number_scheduled": "desired",
    "kube_daemonset_status_number_ready": "ready",
    "kube_daemonset_status_number_available": "available",
    "kube_daemonset_status_updated_number_scheduled": "updated",
    "kube_daemonset_updated_number_scheduled": "updated",
    "kube_daemonset_metadata_generation": "generation",
    "kube_daemonset_status_observed_generation": "observed",
    "kube_daemonset_created": "created",
}
_FACTS: Final = _DEPLOYMENT | _STATEFUL_SET | _DAEMON_SET
_KINDS: Final = (
    (WorkloadKind.DEPLOYMENT, "deployment", _DEPLOYMENT),
    (WorkloadKind.STATEFULSET, "statefulset", _STATEFUL_SET),
    (WorkloadKind.DAEMONSET, "daemonset", _DAEMON_SET),
)
_BY_METRIC: Final = {name: (kind, label) for kind, label, facts in _KINDS for name in facts}
_SAYS_WELL: Final = frozenset(["ready", "available", "updated", "observed"])
"""Of these the smallest counts where two replicas of kube-state-metrics disagree."""


WORKLOADS: Final = any_of(_FACTS)
CONDITIONS: Final = (
    'kube_deployment_status_condition{condition=~"Available|Progressing",status="false"} == 1 '
    'or kube_deployment_status_condition{condition="ReplicaFailure",status="true"} == 1'
)
_Workload = tuple[str, str, WorkloadKind, str]
"""Cluster, namespace, kind and name."""
Owners = Mapping[tuple[str, str, str], tuple[WorkloadKind, str]]
"""By cluster, namespace and name of a job: kind and name of the workload."""
NO_JOBS: Final[Owners] = {}


class ToldWorkload(msgspec.Struct, frozen=True):
    """A workload and the cluster it is in, by Prometheus' label; empty where that has none."""

    cluster: str
    workload: Workload


def workloads_in(
    numbers: Iterable[Sample], conditions: Iterable[Sample]
) -> tuple[ToldWorkload, ...]:
    """The workloads in the answers to `WORKLOADS` and `CONDITIONS`, without their pods."""
    found: dict[_Workload, dict[str, float]] = defaultdict(dict)
    for sample in numbers:
        metric = sample.labels.exact("__name__")
        if metric not in _BY_METRIC or not math.isfinite(sample.value) or sample.value < 0:
            continue
        kind, label = _BY_METRIC[metric]
        name = sample.labels.exact(label)
        if not name:
            continue
        facts, fact = found[(*where_of(sample.labels), kind, name)], _FACTS[metric]
        worse = min if fact in _SAYS_WELL else max
        facts[fact] = worse(sample.value, facts.get(fact, sample.value))
    reasons = _reasons(conditions)
    return tuple(
        ToldWorkload(key[0], _workload(key, facts, reasons.get(key, "")))
        for key, facts in found.items()
    )


def _workload(key: _Workload, facts: Mapping[str, float], reason: str) -> Workload:
    _, namespace, kind, name = key
    generation, observed = facts.get("generation"), facts.get("observed")
    older = generation is not None and observed is not None and observed < generation
    if older:
        told = f"its status is of an older spec (generation {observed:.0f} of {generation:.0f})"
        reason = f"{told}; {reason}" if reason else told

    def count(fact: str) -> int | None:
        return int(facts[fact]) if fact in facts and not older else None

    desired = facts.get("desired")
    if older and kind is WorkloadKind.DAEMONSET:
        desired = None
    return Workload(
        name=capped(name),
        namespace=capped(namespace),
        kind=kind,
        desired=int(desired) if desired is not None else None,
        ready=count("ready"),
        available=count("available"),
        updated=count("updated"),
        paused=facts.get("paused") == 1,
        reason=capped(reason) if reason else None,
        created_at=moment_of(facts.get("created")),
    )


_WORST_FIRST: Final = ("ReplicaFailure", "Progressing", "Available")


def _reasons(conditions: Iterable[Sample]) -> dict[_Workload, str]:
    """The condition that says no, of each deployment; newer versions tell its reason too."""
    found: dict[_Workload, tuple[int, str]] = {}
    for sample in conditions:
        labels = sample.labels
        condition = labels.exact("condition")
        if condition not in _WORST_FIRST:
            continue
        key = (*where_of(labels), WorkloadKind.DEPLOYMENT, labels.exact("deployment"))
        rank = _WORST_FIRST.index(condition)
        said = labels.exact("reason") or f"{condition}={labels.exact('status')}"
        found[key] = min((rank, said), found.get(key, (rank, said)))
    return {key: said for key, (_, said) in found.items()}


def with_pods(
    told: Iterable[ToldWorkload], pods: Mapping[PodKey, OwnedPod] | None, jobs: Owners = NO_JOBS
) -> tuple[Workload, ...]:
    """The workloads, each with its pods; `pods` is `None` where they are not known.

    Of the same name in several clusters the one that is worst off is taken: nobody has said
    which of them is meant, and the well one must not hide the other.

    Args:
        jobs: of each job the workload that its pods belong to.
    """
    listed = tuple(told)
    if pods is not None:
        listed = _joined(listed, pods, jobs)
    worst: dict[tuple[Raw, WorkloadKind, Raw], Workload] = {}
    for _, one in ((each.cluster, each.workload) for each in listed):
        key = one.namespace, one.kind, one.name
        before = worst.get(key)
        if before is None or _shortfall(one) > _shortfall(before):
            worst[key] = one
    return tuple(worst.values())


def strays_in(
    told: Iterable[ToldWorkload], pods: Mapping[PodKey, OwnedPod], jobs: Owners = NO_JOBS
) -> tuple[Stray, ...]:
    """What the pods may be known by that belong to none of the workloads."""
    known = {_key_of(each) for each in told}
    found: dict[Stray, None] = {}
    for (cluster, namespace, name), (_, (kind, controller)) in pods.items():
        if _owner(known, jobs, cluster, namespace, (kind, controller)) is None:
            # What nobody made stands as `<none>` in some versions.
            is_alone = kind in ("", "<none>")
            for each in stray_names(name if is_alone else controller):
                shown = capped("Pod" if is_alone else kind)
                found[Stray(capped(namespace), capped(each), shown)] = None
    return tuple(found)


def _joined(
    told: Sequence[ToldWorkload], pods: Mapping[PodKey, OwnedPod], jobs: Owners
) -> tuple[ToldWorkload, ...]:
    known = {_key_of(each) for each in told}
    owned: dict[_Workload, list[Pod]] = defaultdict(list)
    for (cluster, namespace, _), (pod, made_by) in pods.items():
        owner = _owner(known, jobs, cluster, namespace, made_by)
        if owner is not None:
            owned[(cluster, namespace, *owner)].append(pod)
    return tuple(_given(each, owned.get(_key_of(each), [])) for each in told)


def _owner(
    known: set[_Workload], jobs: Owners, cluster: str, namespace: str, made_by: tuple[str, str]
) -> tuple[WorkloadKind, str] | None:
    kind, name = made_by
    if kind == WorkloadKind.JOB.value:
        return jobs.get((cluster, namespace, name))
    return owner_of(kind, name, _is_known(known, cluster, namespace))


def _is_known(
    known: set[_Workload], cluster: str, namespace: str
) -> Callable[[WorkloadKind, str], bool]:
    return lambda kind, name: (cluster, namespace, kind, name) in known


def _given(told: ToldWorkload, pods: Sequence[Pod]) -> ToldWorkload:
    images = dict.fromkeys(image for pod in pods for image in pod.images)
    ordered = newest_pods_first(pods) if told.workload.kind.is_batch else tuple(pods)
    workload = msgspec.structs.replace(told.workload, pods=ordered, images=tuple(images))
    return ToldWorkload(told.cluster, workload)


def _key_of(told: ToldWorkload) -> _Workload:
    one = told.workload
    return told.cluster, one.namespace.exact, one.kind, one.name.exact


def _shortfall(one: Workload) -> float:
    if one.kind.is_batch:
        last = one.last_over
        return float(last is not None and last.state is RunState.FAILED)
    available = one.available if one.available is not None else one.ready
    if one.desired is None or available is None:
        return math.inf
    return one.desired - available
