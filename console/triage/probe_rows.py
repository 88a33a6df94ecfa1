"""The rows of failing checks: one each, and of many that fail together one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from console.model.alert import Ack
from console.model.snapshot import Standing
from console.model.state import State
from console.model.worklist import Clocks, Lane, Row, RowKind, Step
from console.safety.text import Raw
from console.triage.faults import Fault
from console.triage.probes import HOST_DARK
from console.triage.sla import most_urgent
from console.triage.wording import listed

TOO_MANY: Final = 3
"""As many failing services in one place are one row: the place is what broke."""


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
