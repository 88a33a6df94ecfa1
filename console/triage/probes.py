"""Services whose own checks fail while no alert about them fires, and hosts likewise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Final

import msgspec

from console.model.alert import TargetHealth
from console.model.failure import Failure
from console.model.policy import Policy
from console.model.probe import ProbeKind, Verdict
from console.model.registry import Service, ServiceType
from console.model.report import Runner
from console.model.snapshot import Cell, Snapshot
from console.model.state import Priority, State
from console.model.worklist import RowKind
from console.safety.clock import Instant
from console.safety.text import Raw
from console.triage.episodes import Episodes
from console.triage.faults import Fault, going_on, running
from console.triage.sources import is_cut_off
from console.triage.wording import service_at

_TITLES: Final = {
    ProbeKind.HTTP: "HealthCheckFailed",
    ProbeKind.COMMAND: "HealthCheckFailed",
    ProbeKind.FILE: "HealthCheckFailed",
    ProbeKind.TCP: "PortUnreachable",
    ProbeKind.READY: "NotReady",
    ProbeKind.TLS: "CertificateExpiring",
}
"""The checks in the order in which they name the row: a dead service is not ready either."""


_INSIDE: Final = (ProbeKind.COMMAND, ProbeKind.FILE)
_RUNNERS: Final = {
    Runner.CONTAINER: "ContainerDown",
    Runner.UNIT: "UnitFailed",
    Runner.WORKLOAD: "WorkloadUnavailable",
    Runner.HOST: "HostOverLimit",
}
_OF_TYPE: Final = {
    "ContainerDown": ServiceType.DOCKER,
    "UnitFailed": ServiceType.SYSTEMD,
    "WorkloadUnavailable": ServiceType.K8S_DEPLOYMENT,
    "HostOverLimit": ServiceType.HOST,
}
_TARGET: Final = "TargetDown"
_OVER: Final = "ServiceOverLimit"
"""It runs, and takes more than its own thresholds allow. A check that fails is worse."""
HOST_DARK: Final = "HostUnreachable"
_MUTE: Final = {Runner.CONTAINER: "ContainersUnknown", Runner.UNIT: "UnitsUnknown"}


def probe_faults(
    snapshot: Snapshot,
    covered: Collection[str],
    episodes: Episodes,
    policy: Policy,
) -> list[Fault]:
    """One fault for each service whose own checks fail, and their episodes brought up to date.

    Services about which an alert fires (`covered`) have none: the alert's row says it. While
    this host is cut off, a check without an answer says nothing about the service. What failed
    and cannot be asked now stays, as unknown as its cell is.
    """
    cut_off = is_cut_off(snapshot)
    found: list[Fault] = []
    mute: dict[tuple[str, Runner], tuple[Cell, Failure]] = {}
    dark = {cell.service.place for cell in snapshot.cells if _is_dark(cell)}
    unwell = Counter(
        cell.service.place
        for cell in snapshot.cells
        if cell.service.place in dark and cell.state is not State.OK and not _is_host(cell)
    )
    for cell in snapshot.cells:
        if cell.state is State.OK:
            if episodes.found:
                episodes.note(f"probe:{cell.service.name}", "", "")
            continue
        for report in cell.reports:
            if report.failure is not None and report.runner in _MUTE and report.place not in dark:
                mute.setdefault((report.place, report.runner), (cell, report.failure))
        fault = _fault(cell, covered, _title_of(cell, cut_off), episodes, policy, snapshot.at)
        if fault is not None and fault.title == HOST_DARK:
            why = next(one.failure for one in cell.reports if one.failure is not None)
            fault = msgspec.structs.replace(fault, unwell=unwell[fault.place], failure=why)
        if fault is not None:
            found.append(fault)
    found += [
        _mute_fault(runner, cell, failure, episodes, policy, snapshot.at)
        for (_, runner), (cell, failure) in mute.items()
    ]
    return found


def _title_of(cell: Cell, cut_off: bool) -> str | None:
    """What the cell's own checks find wrong; `None` where they find nothing.

    A cell about which nothing is asked, or whose source is sick, finds nothing wrong: that
    there is no answer is said once, by the source's row.
    """
    # Whoever cannot ask docker has a row, and a check by `docker exec` fails of the same.
    is_blind = any(
        one.runner is Runner.CONTAINER and one.failure is not None for one in cell.reports
    )
    failing = {
        result.probe.kind
        for result in cell.probes
        if result.verdict is Verdict.UNHEALTHY
        or (
            result.verdict is Verdict.NO_ANSWER
            and not cut_off
            and not (is_blind and result.probe.kind in _INSIDE)
        )
    }
    ill = [one for one in cell.reports if one.verdict is Verdict.UNHEALTHY]
    runners = {one.runner for one in ill if not one.runs}
    for runner, title in _RUNNERS.items():
        if runner in runners:
            return title
    for kind, title in _TITLES.items():
        if kind in failing:
            return title
    if ill:
        return _OVER
    # What lives on it says nothing of its own then: the one row for the host is enough.
    if _is_dark(cell) and not cut_off:
        return HOST_DARK
    if any(one.runner is Runner.HOST and one.verdict is Verdict.NO_ANSWER and not one.failure
           for one in cell.reports):  # fmt: skip
        return "HostFactsMissing"
    if any(target.health is TargetHealth.DOWN for target in cell.targets):
        return _TARGET
    return None


def _is_found(title: str, cell: Cell) -> bool:
    """Whether a check that answered says so; what gave no answer found nothing."""
    if title in _TITLES.values():
        return any(
            _TITLES[one.probe.kind] == title
            for one in cell.probes
            if one.verdict is Verdict.UNHEALTHY
        )
    return title in (_TARGET, _OVER, *_RUNNERS.values())


def _stays(title: str, cell: Cell) -> bool:
    """Whether what found it is still asked, and does not say that it is over."""
    well = {_TITLES.get(one.probe.kind) for one in cell.probes if one.verdict is Verdict.HEALTHY}
    well |= {_RUNNERS.get(one.runner) for one in cell.reports if one.verdict is Verdict.HEALTHY}
    if any(target.health is TargetHealth.UP for target in cell.targets):
        well.add(_TARGET)
    if well & {_RUNNERS[Runner.CONTAINER], _RUNNERS[Runner.UNIT]}:
        well.add(_OVER)
    return title not in well and _is_asked(title, cell.service)


def _is_asked(title: str, service: Service) -> bool:
    """Whether the settings still have what would find it."""
    kinds = [kind for kind, one in _TITLES.items() if one == title]
    if ProbeKind.READY in kinds:
        return service.ready is not None
    if ProbeKind.HTTP in kinds:
        return service.health is not None
    return title not in _OF_TYPE or _OF_TYPE[title] is service.type


def _fault(
    cell: Cell,
    covered: Collection[str],
    title: str | None,
    episodes: Episodes,
    policy: Policy,
    at: Instant,
) -> Fault | None:
    """What is wrong with `cell` by its own checks, now or when they last could be asked."""
    service = cell.service
    key, is_covered = f"probe:{service.name}", service.name in covered
    priority = policy.probe_priority
    if service.critical:
        priority = Priority(max(0, priority - 1))
    before = episodes.found_at(key, service.place)
    before = before if before and _stays(before, cell) else ""
    if title is None:
        # Not known to be well either, so that an episode of its own goes on.
        runs = going_on(episodes, key, priority, policy)
        title = before or None
    elif is_covered:
        episodes.firing(key, cell.since or at.wall, at.mono)
        runs = None
    else:
        runs = running(episodes, key, cell.since or at.wall, priority, policy, at)
    episodes.note(key, title if title is not None and _is_found(title, cell) else before,
                  service.place)  # fmt: skip
    if title is None or runs is None or is_covered:
        return None
    return Fault(
        key=key,
        kind=RowKind.PROBE,
        title=title,
        where=service_at(service),
        summary=_own_words(cell),
        priority=priority,
        state=cell.state,
        running=runs,
        cell=service.name,
        place=service.place,
        marks=frozenset(
            (
                *(pair for target in cell.targets for pair in target.labels.exact_items()),
                *(service.labels if _is_host(cell) else ()),
            )
        ),
    )


def _own_words(cell: Cell) -> str:
    """What the cell's own checks say, where an alert that is silenced has the last word on it."""
    if not cell.alerts:
        return cell.because
    said = [one.said for one in cell.reports if one.verdict is Verdict.UNHEALTHY]
    said += [
        f"{one.probe.kind} {one.said}" for one in cell.probes if one.verdict is Verdict.UNHEALTHY
    ]
    return said[0] if said else cell.because


def _is_dark(cell: Cell) -> bool:
    """Whether it is a host that gave no usable answer."""
    return _is_host(cell) and any(one.failure is not None for one in cell.reports)


def _is_host(cell: Cell) -> bool:
    return cell.service.type is ServiceType.HOST


def _mute_fault(
    runner: Runner, cell: Cell, failure: Failure, episodes: Episodes, policy: Policy, at: Instant
) -> Fault:
    """A host that answers, and does not tell what runs on it: one for all that it runs."""
    place = cell.service.place
    key = f"mute:{runner}:{place}"
    priority = policy.probe_priority
    return Fault(
        key=key,
        kind=RowKind.PROBE,
        title=_MUTE[runner],
        where=Raw(place),
        summary=failure.cause,
        priority=priority,
        state=State.UNKNOWN,
        running=running(episodes, key, cell.since or at.wall, priority, policy, at),
        place=place,
        failure=failure,
    )
