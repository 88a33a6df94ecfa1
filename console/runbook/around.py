"""What a step may harm: told before it is carried out, from what is known now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from console.fleet.runners import well_containers
from console.model.action import Effect
from console.model.papers import Papers
from console.model.policy import Policy
from console.model.registry import Registry, Service, ServiceType, host_cell
from console.model.run import Around, Run, Tone
from console.model.runbook import Step
from console.model.snapshot import Cell, KnownAlert, Snapshot, Standing
from console.model.state import Priority, State
from console.model.words import many
from console.runbook.around_agreed import Agreed
from console.runbook.around_line import LINE_CELLS, line_of, named
from console.runbook.filling import value_in
from console.safety.clock import Instant
from console.triage.priority import Priorities

GUARDED: Final = (Effect.DISRUPTIVE, Effect.DESTRUCTIVE)
PASSING: Final = frozenset({"now", "alerts", "dependants"})
"""Topics of which something else may be said every few seconds while things break."""
_UNSURE: Final = (State.UNKNOWN, State.STALE)
_WEIGHT: Final = {Tone.BAD: 0, Tone.WARNING: 1, Tone.PLAIN: 2, Tone.GOOD: 3}
_BOUNDS: Final = (500, 100, 50, 20, 10, 5)


class AroundWorld(msgspec.Struct, frozen=True):
    """What is known around a step."""

    snapshot: Snapshot | None
    registry: Registry
    papers: Papers
    now: Instant
    policy: Policy = Policy()
    environment: str = ""


def around_of(run: Run, step: Step, world: AroundWorld) -> tuple[tuple[Around, ...], tuple[str, ...]]:  # fmt: skip # noqa: E501
    """What `step` may harm, the weightiest first, and which facts nobody knows now.

    Of what only reads nothing is told, of what can be taken back only the freezes and whether the
    change that it carries out may be carried out. Nothing in it changes by itself from one second
    to the next, and counts above 5 are told roughly: a plan that was shown stays the same plan
    until something happened.
    """
    if step.effect is None or step.effect is Effect.READ:
        return (), ()
    about = _About(run, step, world)
    agreed = Agreed(
        run,
        world.papers,
        world.now.wall,
        services=about.services(),
        hosts=about.hosts(),
        environment=world.environment,
    )
    if step.effect not in GUARDED:
        return (*agreed.approval(), *agreed.freezes()), ()
    lines = [
        *about.unsure(),
        *about.replicas(),
        *about.neighbours(),
        *about.dependants(),
        *about.alerts(),
        *agreed.approval(),
        *agreed.papers(),
        *agreed.freezes(),
    ]
    ordered = sorted(lines, key=lambda one: _WEIGHT[one.tone])
    return tuple(ordered), tuple(about.missing())


class _Replicas(NamedTuple):
    well: int
    """Those of which nothing is known are counted as ill."""
    total: int
    is_known: bool = True


class _About:
    """One step, and what it is about."""

    def __init__(self, run: Run, step: Step, world: AroundWorld) -> None:
        self._run = run
        self._step = step
        self._world = world
        self._host = (value_in(run, step.on) or "") if step.on else ""
        self._states = {
            one.service.name: one for one in (world.snapshot.cells if world.snapshot else ())
        }
        self._cell = self._states.get(run.service)
        self._service = self._cell.service if self._cell is not None else self._registered()
        self._is_host_itself = (
            (self._service is not None and self._service.type is ServiceType.HOST)
            or step.op.startswith("host.")
            or (not run.service and bool(self._host))
        )
        if self._is_host_itself and self._service is not None:
            self._host = self._host or self._service.host or ""

    def missing(self) -> Iterator[str]:
        """Facts that nobody knows now."""
        snapshot = self._world.snapshot
        if snapshot is None:
            yield "how anything is: nothing has been asked yet"
            return
        if snapshot.restored:
            yield "how anything is now: what is shown is what an earlier console saved"
            return
        cell = self._states.get(self._wanted)
        if cell is None and self._run.service:
            yield f"how {named(self._run.service)} is: no source tells of it"
        elif cell is not None and cell.state is State.STALE:
            because = f": {cell.because}" if cell.because else ""
            yield f"how {named(self._wanted)} is: it is {cell.state}{because}"

    def unsure(self) -> Iterator[Around]:
        """That it was asked and gives no answer: what hangs is what is restarted most often, so
        that this denies nothing. Its replicas are counted as ill all the same."""
        cell = self._states.get(self._wanted)
        if cell is not None and cell.state is State.UNKNOWN:
            because = f": {cell.because}" if cell.because else ""
            yield line_of("now", f"{named(self._wanted)} is {cell.state}{because}", Tone.WARNING)

    @property
    def _wanted(self) -> str:
        """The cell that tells how it is."""
        return self._run.service or (host_cell(self._host) if self._host else "")

    def replicas(self) -> Iterator[Around]:
        """How many of the service are well, and what is left of them."""
        if self._service is None or self._is_host_itself:
            return
        found = self._replicas(self._service)
        name = named(self._service.name)
        if not found.is_known:
            said = f"of {many(found.total, 'replica')} nobody knows how many are healthy"
            yield line_of("replicas", f"{said}: counted as none", Tone.WARNING)
        elif found.total == 1 and found.well:
            said = f"{name} is the only one, and it is well: whoever uses it notices"
            yield line_of("replicas", said, Tone.WARNING)
        elif found.total == 1:
            state = "not known" if self._cell is None else str(self._cell.state)
            yield line_of("replicas", f"{name} is the only one, and it is {state}")
        elif found.well == 1:
            said = f"1 of {found.total} replicas healthy: this may take the last one"
            yield line_of("replicas", said, Tone.BAD)
        elif found.well == 0:
            yield line_of("replicas", f"0 of {found.total} replicas healthy")
        else:
            said = f"{found.well} of {found.total} replicas healthy; this takes one at least"
            yield line_of("replicas", said)

    def neighbours(self) -> Iterator[Around]:
        """Who else lives on the host, where the step works on the host itself."""
        if not self._is_host_itself or not self._host:
            return
        names = self._on_host()
        if not names:
            yield line_of("host", f"services.yaml has nothing else on {named(self._host)}")
            return
        said = f"{many(len(names), 'service')} on {named(self._host)}: "
        yield line_of("host", said + self._with_states(names, len(said)), Tone.WARNING)

    def dependants(self) -> Iterator[Around]:
        """What depends on it by the registry, and how that is."""
        direct, beyond = self._dependants()
        if not direct:
            if self._service is not None:
                yield line_of("dependants", "nothing in services.yaml depends on it")
            return
        tail = f" ({len(beyond)} behind them)" if beyond else ""
        said = f"{len(direct)} depend on it: " if len(direct) > 1 else "one depends on it: "
        listed = self._with_states(direct, len(said) + len(tail))
        yield line_of("dependants", said + listed + tail, Tone.WARNING)

    def alerts(self) -> Iterator[Around]:
        """What fires on it, and on what depends on it."""
        snapshot = self._world.snapshot
        if snapshot is None:
            return
        own = self._own_cells()
        direct, beyond = self._dependants()
        theirs = {*direct, *beyond} - own
        priorities = Priorities(self._world.policy)
        firing = [one for one in snapshot.alerts if one.standing is not Standing.PENDING]
        here = _by_priority((one for one in firing if one.cell in own), priorities)
        there = _by_priority((one for one in firing if one.cell in theirs), priorities)
        if here or there:
            parts = [f"on it {here}"] if here else ["none on it"]
            parts += [f"on what depends on it {there}"] if there else []
            tone = Tone.WARNING if there else Tone.PLAIN
            yield line_of("alerts", "; ".join(parts), tone)

    def _registered(self) -> Service | None:
        name = self._run.service
        return next((one for one in self._world.registry.services if one.name == name), None)

    def _on_host(self) -> list[str]:
        services = self._world.registry.services
        return [one.name for one in services if one.host == self._host]

    def _own_cells(self) -> set[str]:
        own = {self._run.service} if self._run.service else set()
        if self._is_host_itself:
            own |= {host_cell(self._host), *self._on_host()}
        return own

    def hosts(self) -> tuple[str, ...]:
        """The host, where the step works on the host itself."""
        return (self._host,) if self._host and self._is_host_itself else ()

    def services(self) -> tuple[str, ...]:
        """The services that it touches."""
        return tuple(self._on_host() if self._is_host_itself else filter(None, [self._run.service]))

    def _replicas(self, service: Service) -> _Replicas:
        snapshot = self._world.snapshot
        if snapshot is not None and service.type is ServiceType.K8S_DEPLOYMENT:
            state = snapshot.namespace(service.namespace or service.place)
            for one in state.workloads if state is not None else ():
                well = one.available if one.available is not None else one.ready
                if one.name.exact == service.unit and one.desired and well is not None:
                    return _Replicas(well, one.desired, self._is_sure)
        if snapshot is not None and service.type is ServiceType.DOCKER:
            on = snapshot.host_state(service.host)
            others = {
                one.unit
                for one in self._world.registry.services
                if one.host == service.host and one.name != service.name
            }
            facts = on.facts if on is not None and on.failure is None else None
            counted = (
                None
                if facts is None
                else well_containers(service, facts, self._world.now.wall, others)
            )
            if counted is not None and counted[1] > 1:
                return _Replicas(*counted, self._is_sure)
        total = service.replicas or 1
        if total == 1:
            return _Replicas(int(self._cell is not None and self._cell.state is State.OK), 1)
        return _Replicas(0, total, is_known=False)

    @property
    def _is_sure(self) -> bool:
        """Whether what was told of it is told now."""
        return self._cell is not None and self._cell.state not in _UNSURE

    def _dependants(self) -> tuple[list[str], list[str]]:
        """The services that depend on it, and those that depend on these, and so on."""
        users: dict[str, list[str]] = {}
        for one in self._world.registry.services:
            for need in one.depends_on:
                users.setdefault(need, []).append(one.name)
        own = set(self._on_host()) if self._is_host_itself else {self._run.service} - {""}
        seen = set(own)
        levels: list[list[str]] = []
        level = list(own)
        while level:
            level = list(dict.fromkeys(user for one in level for user in users.get(one, ())))
            level = [one for one in level if one not in seen]
            seen |= set(level)
            levels.append(level)
        critical = {one.name for one in self._world.registry.services if one.critical}
        direct = sorted(levels[0] if levels else (), key=lambda one: (one not in critical, one))
        return direct, [one for level in levels[1:] for one in level]

    def _with_states(self, names: Sequence[str], used: int) -> str:
        """`api FIRING, cart OK and 3 more`, as many as a line holds."""
        out = ""
        for at, name in enumerate(names):
            cell = self._states.get(name)
            part = f"{named(name)} {_state(cell)}"
            rest = len(names) - at - 1
            more = f" and {rest} more" if rest else ""
            longer = f"{out}, {part}" if out else part
            if out and used + len(longer) + len(more) > LINE_CELLS:
                return f"{out} and {len(names) - at} more"
            out = longer
        return out


def _state(cell: Cell | None) -> str:
    return "not known" if cell is None else str(cell.state)


def _by_priority(alerts: Iterable[KnownAlert], priorities: Priorities) -> str:
    """`P0 1, P2 over 10`; empty for none."""
    counts = dict.fromkeys(Priority, 0)
    for one in alerts:
        counts[priorities.of(one.alert.labels)] += 1
    return ", ".join(f"{level} {_rough(count)}" for level, count in counts.items() if count)


def _rough(count: int) -> str:
    """Above 5 with a bound: in a storm the exact count is another one every second."""
    bound = next((one for one in _BOUNDS if count > one), None)
    return str(count) if bound is None else f"over {bound}"
