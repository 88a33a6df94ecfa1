"""What a pod says of itself, and why it is not well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from console.model.workload import Pod
from console.safety.text import Raw
from console.sources.answer import capped, utc
from console.sources.kubernetes.wire import (
    Condition,
    ContainerStatus,
    PodItem,
    PodStatus,
    Terminated,
)

_STARTING: Final = frozenset(["ContainerCreating", "PodInitializing"])
_SET_ASIDE: Final = frozenset(["Unschedulable", "SchedulingGated"])


class _Trouble(NamedTuple):
    """Why a pod is not well, in Kubernetes' words, and the container that says so."""

    reason: str
    message: str | None = None
    container: ContainerStatus | None = None


def pod_of(item: PodItem) -> Pod:
    """The pod, with the reason that `kubectl get pods` shows in its STATUS column.

    Raises:
        OverflowError: a time lies outside of the years that Python knows.
    """
    status = item.status or PodStatus()
    trouble = _trouble(item, status)
    ended = _last_end(status, trouble.container if trouble is not None else None)
    finished = ended.finished_at if ended is not None else None
    return Pod(
        name=capped(item.metadata.name),
        namespace=capped(item.metadata.namespace),
        phase=capped(status.phase or "Unknown"),
        ready=_ready(status),
        node=_raw(item.spec.node_name),
        reason=capped(trouble.reason) if trouble is not None else None,
        message=_raw(trouble.message) if trouble is not None else None,
        last_reason=capped(_ending(ended)) if ended is not None else None,
        ended_at=utc(finished) if finished is not None else None,
        exit_code=ended.exit_code if ended is not None else None,
        restarts=_restarts(item, status),
        started_at=utc(status.start_time) if status.start_time is not None else None,
        images=tuple(capped(each.image) for each in item.spec.containers or () if each.image),
    )


def _trouble(item: PodItem, status: PodStatus) -> _Trouble | None:
    """The first that holds, worst first; `None` for a pod that is ready or has done its work."""
    if status.phase == "Succeeded":
        return None
    if status.reason:
        return _Trouble(status.reason, status.message)  # Evicted, NodeLost, NodeAffinity, …
    found = next(_init_troubles(item, status), None)
    if found is None:
        found = min(_container_troubles(status.container_statuses or ()), key=_rank, default=None)
    if found is not None and found.reason not in _STARTING:
        return found
    if item.metadata.deletion_timestamp is not None:
        return _Trouble("Terminating")
    if status.phase == "Failed":
        return _Trouble("Failed", status.message)
    waits = _condition(status, "PodScheduled")
    if waits is not None and waits.status == "False" and waits.reason in _SET_ASIDE:
        return _Trouble(waits.reason, waits.message)
    if found is not None:
        return found
    ready = _condition(status, "Ready")
    if ready is not None and ready.status != "True" and ready.reason:
        return _Trouble(ready.reason, ready.message)
    return None


def _init_troubles(item: PodItem, status: PodStatus) -> Iterator[_Trouble]:
    sidecars = _sidecars(item)
    for each in status.init_container_statuses or ():
        state = each.state
        if each.name in sidecars and each.started:
            continue
        if state is not None and state.terminated is not None:
            if state.terminated.exit_code != 0:
                yield _Trouble(f"Init:{_ending(state.terminated)}", state.terminated.message, each)
        elif state is not None and state.waiting is not None:
            reason = state.waiting.reason
            if reason and reason not in _STARTING:
                yield _Trouble(f"Init:{reason}", state.waiting.message, each)


def _container_troubles(statuses: Sequence[ContainerStatus]) -> Iterator[_Trouble]:
    for each in statuses:
        state = each.state
        if state is None:
            continue
        if state.waiting is not None and state.waiting.reason:
            yield _Trouble(state.waiting.reason, state.waiting.message, each)
        elif state.terminated is not None:
            yield _Trouble(_ending(state.terminated), state.terminated.message, each)


def _rank(trouble: _Trouble) -> int:
    if trouble.reason in _STARTING:
        return 2
    return 1 if trouble.reason == "Completed" else 0


def _ending(ended: Terminated) -> str:
    if ended.reason:
        return ended.reason
    return f"Signal:{ended.signal}" if ended.signal else f"ExitCode:{ended.exit_code}"


def _last_end(status: PodStatus, of: ContainerStatus | None) -> Terminated | None:
    """How the container in trouble last ended; where none is, the one that did so last."""
    statuses = (*(status.init_container_statuses or ()), *(status.container_statuses or ()))
    if of is not None:
        ends = list(_ends(of))
        return ends[0] if ends else None
    # An init container that has done its work has ended too, and that is no event.
    ends = [
        end for each in statuses for end in _ends(each) if end.exit_code != 0 or each.restart_count
    ]
    return max(ends, key=_when, default=None)


def _ends(container: ContainerStatus) -> Iterator[Terminated]:
    for state in (container.state, container.last_state):
        if state is not None and state.terminated is not None:
            yield state.terminated


def _when(ended: Terminated) -> float:
    return ended.finished_at.timestamp() if ended.finished_at is not None else float("-inf")


def _restarts(item: PodItem, status: PodStatus) -> int:
    sidecars = _sidecars(item)
    counted = [each.restart_count for each in status.container_statuses or ()]
    counted += [
        each.restart_count
        for each in status.init_container_statuses or ()
        if each.name in sidecars or each.restart_count
    ]
    return sum(counted)


def _sidecars(item: PodItem) -> frozenset[str]:
    return frozenset(
        each.name for each in item.spec.init_containers or () if each.restart_policy == "Always"
    )


def _ready(status: PodStatus) -> bool | None:
    if status.phase in ("Succeeded", "Failed"):
        return False
    told = _condition(status, "Ready")
    # `Unknown` is what the node's controller writes when it hears nothing of the node.
    return {"True": True, "False": False}.get(told.status) if told is not None else None


def _condition(status: PodStatus, kind: str) -> Condition | None:
    return next((each for each in status.conditions or () if each.type == kind), None)


def _raw(text: str | None) -> Raw | None:
    return capped(text) if text else None
