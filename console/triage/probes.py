"""Services whose own checks fail while no alert about them fires, and hosts likewise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from console.model.alert import Ack, TargetHealth
from console.model.failure import Failure
from console.model.policy import Policy
from console.model.probe import ProbeKind, Verdict
from console.model.registry import ServiceType
from console.model.report import Runner
from console.model.snapshot import Cell, Snapshot, Standing
from console.model.state import Priority, State
from console.model.worklist import Clocks, Lane, Row, RowKind, Step
from console.safety.clock import Instant
from console.safety.text import Raw
from console.triage.episodes import Episodes
from console.triage.faults import Fault, running, still
from console.triage.sla import most_urgent
from console.triage.sources import is_cut_off
from console.triage.wording import listed, service_at

TOO_MANY: Final = 3
"""As many failing services in one place are one row: the place is what broke."""
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
    before: Mapping[str, Fault] = MappingProxyType({}),
) -> list[Fault]:
    """One fault for each service whose own checks fail, and their episodes brought up to date.

    Services about which an alert fires (`covered`) have none: the alert's row says it. While
    this host is cut off, a check without an answer says nothing about the service. What failed
    and cannot be asked now stays, as unknown as its cell is.

    Args:
        before: the faults of the look before, by key.
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
            continue
        for report in cell.reports:
            if report.failure is not None and report.runner in _MUTE and report.place not in dark:
                mute.setdefault((report.place, report.runner), (cell, report.failure))
        key = f"probe:{cell.service.name}"
        title = _title_of(cell, cut_off)
        if title is None:
            # Not known to be well either, so that an episode of its own goes on.
            tracked = episodes.keep(key)
            fault = before.get(key) if cell.service.name not in covered else None
            if tracked is not None and fault is not None and _stays(fault, cell):
                found.append(still(fault, cell.state, cell.because, tracked, policy))
            continue
        if cell.service.name in covered:
            episodes.firing(key, cell.since or snapshot.at.wall, snapshot.at.mono)
        else:
            fault = _fault(cell, key, title, episodes, policy, snapshot.at)
            if title == HOST_DARK:
                why = next(one.failure for one in cell.reports if one.failure is not None)
                fault = msgspec.structs.replace(fault, unwell=unwell[fault.place], failure=why)
            found.append(fault)
    found += [
        _mute_fault(runner, cell, failure, episodes, policy, snapshot.at)
        for (_, runner), (cell, failure) in mute.items()
    ]
    return found


def probe_rows(faults: Sequence[Fault], lane: Lane, at_most: int) -> list[Row]:
    """A row each, except that many in one place are one row.

    Where that makes more than `at_most` rows, they all are one.
    """
    places: dict[str, list[Fault]] = {}
    for fault in faults:
        places.setdefault(fault.place, []).append(fault)
    rows: list[Row] = []
    dark = [place for place, here in places.items() if any(one.title == HOST_DARK for one in here)]
    if len(dark) >= TOO_MANY:
        together = [fault for place in dark for fault in places.pop(place)]
        rows.append(_together(together, f"probe@{lane.value}:dark", _shared(together), lane))
    for place, here in places.items():
        is_dark = place in dark and len(here) > 1
        if is_dark or len(here) >= TOO_MANY:
            rows.append(_together(here, f"probe@{lane.value}:{place}", place, lane))
        else:
            rows.extend(fault.row(lane) for fault in here)
    if len(rows) <= at_most:
        return rows
    everywhere = {fault.place for fault in faults}
    where = f"{len(everywhere)} places" if len(everywhere) > 1 else next(iter(everywhere))
    return [_together(faults, f"probe@{lane.value}:", where, lane)]


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


def _stays(fault: Fault, cell: Cell) -> bool:
    """Whether it was found, and what found it does not say that it is over."""
    well = {_TITLES.get(one.probe.kind) for one in cell.probes if one.verdict is Verdict.HEALTHY}
    well |= {_RUNNERS.get(one.runner) for one in cell.reports if one.verdict is Verdict.HEALTHY}
    if any(target.health is TargetHealth.UP for target in cell.targets):
        well.add(_TARGET)
    if well & {_RUNNERS[Runner.CONTAINER], _RUNNERS[Runner.UNIT]}:
        well.add(_OVER)
    return fault.was_found and fault.title not in well


def _fault(
    cell: Cell, key: str, title: str, episodes: Episodes, policy: Policy, at: Instant
) -> Fault:
    service = cell.service
    priority = policy.probe_priority
    if service.critical:
        priority = Priority(max(0, priority - 1))
    return Fault(
        key=key,
        kind=RowKind.PROBE,
        title=title,
        where=service_at(service),
        summary=_own_words(cell),
        priority=priority,
        state=cell.state,
        running=running(episodes, key, cell.since or at.wall, priority, policy, at),
        cell=service.name,
        place=service.place,
        was_found=cell.state is State.FIRING,
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


def _together(faults: Sequence[Fault], key: str, where: str, lane: Lane) -> Row:
    clocks = most_urgent((fault.running.clocks.step is Step.FIX, fault.running.clocks)
                         for fault in faults)  # fmt: skip
    titles = {fault.title for fault in faults}
    dark = [fault for fault in faults if fault.title == HOST_DARK]
    is_explained = not _elsewhere(faults)
    if dark and is_explained:
        titles = {HOST_DARK}
    host = dark[0] if len(dark) == 1 and is_explained else None
    acks = {fault.key: fault.running.ack for fault in faults if fault.running.ack is not None}
    newest = sorted(acks.values(), key=_since, reverse=True)
    taken = newest[0] if len(acks) == len(faults) else None
    return Row(
        key=key,
        kind=RowKind.PROBE,
        priority=min(fault.priority for fault in faults),
        state=max((fault.state for fault in faults), key=_badness),
        standing=Standing.FIRING,
        title=Raw(titles.pop() if len(titles) == 1 else "HealthChecksFailed"),
        where=Raw(where),
        summary=Raw(_count_of(faults)),
        since=min(fault.running.since for fault in faults),
        step=_step(clocks),
        clocks=clocks,
        cell=host.cell if host is not None else None,
        is_new=any(fault.running.is_new for fault in faults),
        lane=lane,
        failure=host.failure if host is not None else None,
        parts=tuple(fault.part for fault in faults),
        acked_by=None if taken is None else taken.owner,
        acked_at=None if taken is None else taken.since,
        acked_count=len(acks),
        acks=tuple(newest),
    )


def _since(ack: Ack) -> datetime:
    return ack.since


def _elsewhere(faults: Sequence[Fault]) -> list[Fault]:
    """Those on no dark host: one that does not answer explains what is wrong with all on it."""
    dark = {fault.place for fault in faults if fault.title == HOST_DARK}
    return [fault for fault in faults if fault.place not in dark]


def _count_of(faults: Sequence[Fault]) -> str:
    hosts = [fault for fault in faults if fault.title == HOST_DARK]
    if not hosts:
        names = sorted(fault.cell for fault in faults if fault.cell is not None)
        # A host that does not tell what runs on it is no service; it may explain them all.
        mute = (fault.summary for fault in faults if fault.cell is None)
        return "; ".join(dict.fromkeys((*mute, f"{len(names)} services: {listed(names)}")))
    if len(hosts) == 1:
        said = hosts[0].summary
    else:
        places = sorted(host.place for host in hosts)
        said = f"{len(hosts)} hosts do not answer: {listed(places)}"
    more = sum(host.unwell for host in hosts)
    if more:
        on = "it" if len(hosts) == 1 else "them"
        said = f"{said}; {more} {'service' if more == 1 else 'services'} on {on} not OK"
    others = _elsewhere(faults)
    return f"{said}; elsewhere {_count_of(others)}" if others else said


def _shared(faults: Sequence[Fault]) -> str:
    """What the dark hosts have in common: `rack="r12"`, or how many they are."""
    hosts = [fault for fault in faults if fault.title == HOST_DARK]
    common = frozenset.intersection(*(fault.marks for fault in hosts))
    if common:
        name, value = min(common)
        return f'{name}="{value}"'
    return f"{len(hosts)} hosts"


def _step(clocks: Clocks | None) -> Step:
    return clocks.step if clocks is not None else Step.NONE


def _badness(state: State) -> int:
    return state.badness
