"""Hosts and what runs on them as the JSON of `oncall fleet --json` has them."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.cli.facts import FailureFacts, failure_facts, seconds_of
from console.model.failure import Failure
from console.model.host import Container, HostFacts, Unit, Use
from console.model.snapshot import HostState
from console.safety.clock import Instant
from console.safety.text import Raw


class MountFacts(msgspec.Struct, frozen=True):
    path: Raw
    size_bytes: int
    free_bytes: int
    used_percent: float
    inodes_percent: float | None
    read_only: bool | None


class UseFacts(msgspec.Struct, frozen=True):
    """What a container or a unit takes, by its cgroup; null where that is not known."""

    memory_bytes: int | None
    memory_limit_bytes: int | None
    """Its own, else all that its host has."""
    memory_percent: float | None
    cpu_percent: float | None
    """Of its quota, else of all processors of its host."""


class ContainerFacts(msgspec.Struct, frozen=True):
    name: Raw
    image: Raw
    state: Raw
    health: Raw | None
    exit_code: int | None
    oom_killed: bool
    restarts: int
    started_at: datetime | None
    finished_at: datetime | None
    use: UseFacts


class UnitFacts(msgspec.Struct, frozen=True):
    name: Raw
    active: Raw
    sub: Raw
    result: Raw | None
    exit_status: int | None
    since: datetime | None
    use: UseFacts


class MachineFacts(msgspec.Struct, frozen=True):
    """One host and the newest that is known of it."""

    name: str
    address: str | None
    roles: tuple[str, ...]
    service: str | None
    """The entry of `services` that carries its state; null where nobody looks at it."""
    means: str | None
    """`SSH`, `local` or `node_exporter`; null where nothing was learned."""
    age_of_answer_seconds: float | None
    failing_since: datetime | None
    failure: FailureFacts | None
    uptime_seconds: float | None = None
    cpus: int | None = None
    cpu_percent: float | None = None
    load: tuple[float, float, float] | None = None
    memory_percent: float | None = None
    memory_total_bytes: int | None = None
    clock_offset_seconds: float | None = None
    mounts: tuple[MountFacts, ...] | None = None
    containers: tuple[ContainerFacts, ...] | None = None
    units: tuple[UnitFacts, ...] | None = None
    part_failures: tuple[FailureFacts, ...] = ()
    """Why containers or units are not known."""
    missing: tuple[str, ...] = ()


def machine_facts(state: HostState, now: Instant) -> MachineFacts:
    """A host as JSON has it."""
    host, facts = state.host, state.facts
    machine = MachineFacts(
        name=host.name,
        address=host.address,
        roles=host.roles,
        service=state.cell,
        means=facts.means.value if facts is not None else None,
        age_of_answer_seconds=seconds_of(now.since(state.as_of)) if state.as_of else None,
        failing_since=state.failing_since,
        failure=failure_facts(state.failure) if state.failure else None,
    )
    return machine if facts is None else _with(machine, facts)


def _with(machine: MachineFacts, facts: HostFacts) -> MachineFacts:
    parts = (facts.containers, facts.units)
    mounts = None if facts.mounts is None else tuple(
        MountFacts(
            one.path, one.size_bytes, one.free_bytes, round(one.used_percent, 1),
            one.inodes_percent, one.read_only,
        )
        for one in facts.mounts
    )  # fmt: skip
    offset, memory = facts.clock_offset, facts.memory_percent
    return msgspec.structs.replace(
        machine,
        uptime_seconds=seconds_of(facts.uptime) if facts.uptime is not None else None,
        cpus=facts.cpus,
        cpu_percent=facts.cpu_percent,
        load=facts.load,
        memory_percent=None if memory is None else round(memory, 1),
        memory_total_bytes=facts.memory_total_bytes,
        clock_offset_seconds=seconds_of(offset) if offset is not None else None,
        mounts=mounts,
        containers=_containers(facts.containers),
        units=_units(facts.units),
        part_failures=tuple(failure_facts(one) for one in parts if isinstance(one, Failure)),
        missing=facts.missing,
    )


def _containers(
    told: tuple[Container, ...] | Failure | None,
) -> tuple[ContainerFacts, ...] | None:
    if not isinstance(told, tuple):
        return None
    return tuple(
        ContainerFacts(
            one.name, one.image, one.state, one.health, one.exit_code, one.oom_killed,
            one.restarts, one.started_at, one.finished_at, _use(one.use),
        )
        for one in told
    )  # fmt: skip


def _units(told: tuple[Unit, ...] | Failure | None) -> tuple[UnitFacts, ...] | None:
    if not isinstance(told, tuple):
        return None
    return tuple(
        UnitFacts(
            one.name, one.active, one.sub, one.result, one.exit_status, one.since, _use(one.use)
        )
        for one in told
    )


def _use(use: Use) -> UseFacts:
    memory, cpu = use.memory_percent, use.cpu_percent
    return UseFacts(
        use.memory_bytes,
        use.memory_limit_bytes,
        None if memory is None else round(memory, 1),
        None if cpu is None else round(cpu, 1),
    )
