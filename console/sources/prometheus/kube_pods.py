"""kube-state-metrics' series as pods.

Source: its docs/metrics/workload/pod-metrics.md, 1.9 to 2.17.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from console.model.labels import Labels
from console.model.query import Sample
from console.model.workload import Pod
from console.safety.text import Raw
from console.sources.answer import capped


def any_of(names: Iterable[str]) -> str:
    """A selector of the series of all these names."""
    return '{__name__=~"' + "|".join(names) + '"}'


_PLACE: Final = "cluster,namespace,exported_namespace,pod,exported_pod,container,exported_container"
STATES: Final = (
    f"max by (__name__,{_PLACE},node,exported_node,created_by_kind,created_by_name,phase,"
    "condition,reason,image,image_spec) ("
    + any_of(
        (
            "kube_pod_info",
            "kube_pod_status_phase",
            "kube_pod_status_ready",
            "kube_pod_status_reason",
            "kube_pod_status_unschedulable",
            "kube_pod_container_info",
            "kube_pod_container_status_waiting_reason",
            "kube_pod_container_status_terminated_reason",
            "kube_pod_container_status_last_terminated_reason",
            "kube_pod_init_container_status_waiting_reason",
            "kube_pod_init_container_status_terminated_reason",
        )
    )
    + " == 1)"
)
"""What is so now: of each phase and each reason only the one that holds is asked for."""
NUMBERS: Final = (
    f"max by (__name__,{_PLACE}) ("
    + any_of(
        (
            "kube_pod_start_time",
            "kube_pod_container_status_restarts_total",
            "kube_pod_container_status_last_terminated_exitcode",
            "kube_pod_container_status_last_terminated_timestamp",
        )
    )
    + ")"
)

PodKey = tuple[str, str, str]
"""Cluster, namespace and name."""


class OwnedPod(NamedTuple):
    """A pod, and the controller that made it."""

    pod: Pod
    made_by: tuple[str, str]
    """Kind and name: `ReplicaSet`, `web-5d4f8c7b9d`."""


class _Told:
    """What the series say of one pod."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}
        self.reasons: dict[str, set[str]] = defaultdict(set)
        self.images: dict[str, str] = {}
        self.restarts: dict[str, float] = {}
        self.ends: dict[str, float] = {}
        self.exit_codes: dict[str, float] = {}
        self.started: float | None = None


def pods_in(states: Iterable[Sample], numbers: Iterable[Sample]) -> dict[PodKey, OwnedPod]:
    """The pods in the answers to `STATES` and `NUMBERS`."""
    told: dict[PodKey, _Told] = defaultdict(_Told)
    for sample in states:
        _take_state(told[_pod_key(sample.labels)], sample.labels)
    for sample in numbers:
        if math.isfinite(sample.value):
            _take_number(told[_pod_key(sample.labels)], sample)
    return {
        key: OwnedPod(
            _pod(key, one),
            (one.facts.get("created_by_kind", ""), one.facts.get("created_by_name", "")),
        )
        for key, one in told.items()
        if key[2]
    }


def _take_state(told: _Told, labels: Labels) -> None:
    match labels.exact("__name__"):
        case "kube_pod_info":
            told.facts["node"] = _own(labels, "node")
            for name in ("created_by_kind", "created_by_name"):
                told.facts[name] = labels.exact(name)
        case "kube_pod_status_phase":
            told.facts["phase"] = labels.exact("phase")
        case "kube_pod_status_ready":
            told.facts["ready"] = labels.exact("condition")
        case "kube_pod_status_unschedulable":
            told.reasons["unschedulable"].add("Unschedulable")
        case "kube_pod_container_info":
            image = labels.exact("image_spec") or labels.exact("image")
            if image:
                told.images[_own(labels, "container")] = image
        case metric:
            if labels.exact("reason"):
                told.reasons[metric].add(labels.exact("reason"))


def _take_number(told: _Told, sample: Sample) -> None:
    container = _own(sample.labels, "container")
    match sample.labels.exact("__name__"):
        case "kube_pod_start_time":
            told.started = sample.value
        case "kube_pod_container_status_restarts_total":
            told.restarts[container] = min(max(0.0, sample.value), MAX_COUNT)
        case "kube_pod_container_status_last_terminated_exitcode":
            told.exit_codes[container] = sample.value
        case "kube_pod_container_status_last_terminated_timestamp":
            told.ends[container] = sample.value


MAX_COUNT: Final = 2.0**31
_STARTING: Final = frozenset(["ContainerCreating", "PodInitializing"])
_LAST_TERMINATED: Final = "kube_pod_container_status_last_terminated_reason"


def _pod(key: PodKey, told: _Told) -> Pod:
    last = max(told.ends, key=lambda each: told.ends[each], default=None)
    if last is None and told.exit_codes:
        last = max(told.exit_codes, key=lambda each: abs(told.exit_codes[each]))
    code = told.exit_codes.get(last) if last is not None else None
    last_reasons = sorted(
        told.reasons.get(_LAST_TERMINATED, ()), key=lambda one: one == "Completed"
    )
    reason = _reason(told)
    return Pod(
        name=capped(key[2]),
        namespace=capped(key[1]),
        phase=capped(told.facts.get("phase") or "Unknown"),
        ready={"true": True, "false": False}.get(told.facts.get("ready", "")),
        node=_raw(told.facts.get("node")),
        reason=_raw(reason),
        last_reason=_raw(last_reasons[0]) if last_reasons else None,
        ended_at=moment_of(told.ends.get(last)) if last is not None else None,
        exit_code=int(code) if code is not None else None,
        restarts=int(sum(told.restarts.values())),
        started_at=moment_of(told.started),
        images=tuple(capped(image) for _, image in sorted(told.images.items())),
    )


def _reason(told: _Told) -> str | None:
    """Why it is not well, worst first, as `kubectl` names it."""
    if told.facts.get("phase") == "Succeeded":
        return None
    waiting = told.reasons.get("kube_pod_container_status_waiting_reason", set())
    ended = told.reasons.get("kube_pod_container_status_terminated_reason", set())
    of_init = {
        *(told.reasons.get("kube_pod_init_container_status_waiting_reason", set()) - _STARTING),
        *(
            told.reasons.get("kube_pod_init_container_status_terminated_reason", set())
            - {"Completed"}
        ),
    }
    ranked: Sequence[Iterable[str]] = (
        told.reasons.get("kube_pod_status_reason", ()),
        [f"Init:{each}" for each in sorted(of_init)],
        waiting - _STARTING,
        ended - {"Completed"},
        ["Failed"] if told.facts.get("phase") == "Failed" else (),
        told.reasons.get("unschedulable", ()),
        ended,
        waiting,
    )
    return next((min(each) for each in ranked if each), None)


def where_of(labels: Labels) -> tuple[str, str]:
    """Cluster and namespace."""
    return labels.exact("cluster"), _own(labels, "namespace")


def _pod_key(labels: Labels) -> PodKey:
    return (*where_of(labels), _own(labels, "pod"))


def _own(labels: Labels, name: str) -> str:
    """The metric's own label: Prometheus moves it aside where the target has one of that name."""
    return labels.exact(f"exported_{name}") or labels.exact(name)


def moment_of(seconds: float | None) -> datetime | None:
    """The moment `seconds` after 1970; `None` for 0, which stands for never."""
    if not seconds or seconds < 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _raw(text: str | None) -> Raw | None:
    return capped(text) if text else None
