"""What a step may harm: told before it is carried out, from what is known now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from console.fleet.runners import well_containers
from console.model.action import Effect
from console.model.change import UNDERWAY, Change, ChangeState, Plan, touches
from console.model.change_rules import around_of as surroundings_of
from console.model.change_rules import paper_verdict
from console.model.freeze import Freeze
from console.model.incident import Incident
from console.model.names import folded
from console.model.papers import ChangePaper, Papers
from console.model.policy import Policy
from console.model.registry import Registry, Service, ServiceType, host_cell
from console.model.run import Around, Run, Tone
from console.model.runbook import Step
from console.model.snapshot import Cell, KnownAlert, Snapshot, Standing
from console.model.state import Priority, State
from console.model.words import many
from console.runbook.filling import value_in
from console.safety.clock import Instant
from console.safety.text import visible
from console.triage.priority import Priorities

GUARDED: Final = (Effect.DISRUPTIVE, Effect.DESTRUCTIVE)
FREEZE: Final = "freeze"
PASSING: Final = frozenset({"now", "alerts", "dependants"})
"""Topics of which something else may be said every few seconds while things break."""
APPROVAL: Final = "approval"
LINE_CELLS: Final = 70
_NAME_CELLS: Final = 24
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
    change that it carries out may be carried out. Nothing in it
    changes by itself from one second to the next, and counts above 5 are told roughly: a plan
    that was shown stays the same plan until something happened.
    """
    if step.effect is None or step.effect is Effect.READ:
        return (), ()
    about = _About(run, step, world)
    if step.effect not in GUARDED:
        return (*about.approval(), *about.freezes()), ()
    lines = [
        *about.unsure(),
        *about.replicas(),
        *about.neighbours(),
        *about.dependants(),
        *about.alerts(),
        *about.approval(),
        *about.papers(),
        *about.freezes(),
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
            yield f"how {_named(self._run.service)} is: no source tells of it"
        elif cell is not None and cell.state is State.STALE:
            because = f": {cell.because}" if cell.because else ""
            yield f"how {_named(self._wanted)} is: it is {cell.state}{because}"

    def unsure(self) -> Iterator[Around]:
        """That it was asked and gives no answer: what hangs is what is restarted most often, so
        that this denies nothing. Its replicas are counted as ill all the same."""
        cell = self._states.get(self._wanted)
        if cell is not None and cell.state is State.UNKNOWN:
            because = f": {cell.because}" if cell.because else ""
            yield _line("now", f"{_named(self._wanted)} is {cell.state}{because}", Tone.WARNING)

    @property
    def _wanted(self) -> str:
        """The cell that tells how it is."""
        return self._run.service or (host_cell(self._host) if self._host else "")

    def replicas(self) -> Iterator[Around]:
        """How many of the service are well, and what is left of them."""
        if self._service is None or self._is_host_itself:
            return
        found = self._replicas(self._service)
        name = _named(self._service.name)
        if not found.is_known:
            said = f"of {many(found.total, 'replica')} nobody knows how many are healthy"
            yield _line("replicas", f"{said}: counted as none", Tone.WARNING)
        elif found.total == 1 and found.well:
            said = f"{name} is the only one, and it is well: whoever uses it notices"
            yield _line("replicas", said, Tone.WARNING)
        elif found.total == 1:
            state = "not known" if self._cell is None else str(self._cell.state)
            yield _line("replicas", f"{name} is the only one, and it is {state}")
        elif found.well == 1:
            said = f"1 of {found.total} replicas healthy: this may take the last one"
            yield _line("replicas", said, Tone.BAD)
        elif found.well == 0:
            yield _line("replicas", f"0 of {found.total} replicas healthy")
        else:
            said = f"{found.well} of {found.total} replicas healthy; this takes one at least"
            yield _line("replicas", said)

    def neighbours(self) -> Iterator[Around]:
        """Who else lives on the host, where the step works on the host itself."""
        if not self._is_host_itself or not self._host:
            return
        names = self._on_host()
        if not names:
            yield _line("host", f"services.yaml has nothing else on {_named(self._host)}")
            return
        said = f"{many(len(names), 'service')} on {_named(self._host)}: "
        yield _line("host", said + self._with_states(names, len(said)), Tone.WARNING)

    def dependants(self) -> Iterator[Around]:
        """What depends on it by the registry, and how that is."""
        direct, beyond = self._dependants()
        if not direct:
            if self._service is not None:
                yield _line("dependants", "nothing in services.yaml depends on it")
            return
        tail = f" ({len(beyond)} behind them)" if beyond else ""
        said = f"{len(direct)} depend on it: " if len(direct) > 1 else "one depends on it: "
        listed = self._with_states(direct, len(said) + len(tail))
        yield _line("dependants", said + listed + tail, Tone.WARNING)

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
            yield _line("alerts", "; ".join(parts), tone)

    def papers(self) -> Iterator[Around]:
        """The open incident and the open change that it belongs to."""
        papers = self._world.papers
        if papers.unread:
            said = f"nobody knows whether there is an open change: {papers.unread}"
            yield _line("change", said, Tone.WARNING)
            return
        incident, change = self._incident(), self._change()
        if incident is not None:
            lead = f", led by {visible(incident.lead, cells=20)}" if incident.lead else ""
            yield _line("incident", f"{incident.id} is {incident.state}{lead}")
        if change is not None:
            tone = Tone.GOOD if change.id == self._run.change else Tone.WARNING
            by = visible(change.plan.executor or change.author, cells=20)
            yield _line("change", f"{change.id} is {change.state}, by {by}", tone)
        elif self._run.change:
            return  # `approval` tells of that one
        elif incident is None:
            yield _line("change", "no open change and no open incident for it", Tone.WARNING)
        else:
            yield _line("change", "no open change for it")

    def approval(self) -> Iterator[Around]:
        """That the change which the run carries out is not under way, and why it may not be."""
        papers, wanted = self._world.papers, self._run.change
        if not wanted or papers.unread:
            return
        shown = visible(wanted, cells=_NAME_CELLS)
        paper = papers.change(wanted)
        if paper is None:
            yield _line(APPROVAL, f"{shown} is not in the journal", Tone.WARNING)
        elif paper.change.state not in UNDERWAY:
            yield _line(APPROVAL, f"{shown} {self._unstarted(paper)}", Tone.WARNING)

    def _unstarted(self, paper: ChangePaper) -> str:
        state, around = paper.change.state, surroundings_of(self._world.papers)
        if state in (ChangeState.DRAFT, ChangeState.SUBMITTED):
            return f"is {state}: it has to be approved and started first"
        if state not in (ChangeState.APPROVED, ChangeState.SCHEDULED):
            return f"is {state}: what is carried out is an approved change"
        if self._incident() is not None:
            calendar = msgspec.structs.replace(around.calendar, freezes=())
            around = msgspec.structs.replace(around, calendar=calendar)
        verdict = paper_verdict(paper, self._world.now.wall, around)
        if verdict.may_start:
            return "may start now; say so first: m on its screen"
        return f"may not start: {verdict.reasons[0]}"

    def freezes(self) -> Iterator[Around]:
        """Freezes in force, and windows that are shut. They hold up no mending of an incident."""
        calendar = surroundings_of(self._world.papers).calendar
        now = self._world.now.wall
        services, environment = self._services(), self._world.environment
        incident = self._incident()
        for freeze in calendar.in_force(now, services, environment):
            yield self._frozen(freeze, incident)
        every = frozenset(one.name for one in calendar.freezes)
        if incident is None and not calendar.is_open(now, services, environment, every):
            said = "no window of the team is open for what it touches"
            yield _line(FREEZE, said, Tone.WARNING)

    def _frozen(self, freeze: Freeze, incident: Incident | None) -> Around:
        until = freeze.schedule.until(self._world.now.wall)
        said = f"{freeze.level} freeze {_named(freeze.name)}"
        if incident is not None:
            return _line(FREEZE, f"{said} does not hold up {incident.id}")
        change = self._change()
        if change is not None and change.id == self._run.change:
            return _line(FREEZE, f"{said} let {change.id} through")
        said += " in force" if until is None else f" until {until:%Y-%m-%d %H:%M} UTC"
        whom = f"; ask {visible(freeze.owner, cells=20)}" if freeze.owner else ""
        return _line(FREEZE, said + whom, Tone.WARNING)

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

    def _services(self) -> tuple[str, ...]:
        """What a freeze would have to be about."""
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
            part = f"{_named(name)} {_state(cell)}"
            rest = len(names) - at - 1
            more = f" and {rest} more" if rest else ""
            longer = f"{out}, {part}" if out else part
            if out and used + len(longer) + len(more) > LINE_CELLS:
                return f"{out} and {len(names) - at} more"
            out = longer
        return out

    def _incident(self) -> Incident | None:
        """The newest ongoing incident about it."""
        run = self._run
        mine = set(map(folded, self._services()))
        for paper in self._world.papers.incidents:
            one = paper.incident
            if one.is_ongoing and (
                one.id == run.incident
                or (run.alert and run.alert in one.alerts)
                or not mine.isdisjoint(map(folded, one.services))
            ):
                return one
        return None

    def _change(self) -> Change | None:
        """The change that is being carried out on it: the run's own, else the newest."""
        hosts = (self._host,) if self._host and self._is_host_itself else ()
        mine = Plan(services=self._services(), hosts=hosts, environment=self._world.environment)
        found = [
            paper.change
            for paper in self._world.papers.changes
            if paper.change.state in UNDERWAY
            and (paper.change.id == self._run.change or touches(mine, paper.change.plan))
        ]
        own = [one for one in found if one.id == self._run.change]
        return next(iter(own or found), None)


def _line(topic: str, text: str, tone: Tone = Tone.PLAIN) -> Around:
    return Around(topic, visible(text, cells=LINE_CELLS), tone)


def _named(name: str) -> str:
    return visible(name, cells=_NAME_CELLS)


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
