"""A fleet as large as it may get, in which a little changes from one picture to the next."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from console.fleet.score import score_of
from console.model.policy import Policy
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.model.registry import Host, Service, ServiceType
from console.model.snapshot import Cell, Snapshot, SourceHealth, SourceKind
from console.model.state import State
from console.model.update import Update
from console.safety.clock import Instant, SystemClock
from console.triage.triage import Triage

ASKED = 20
"""Cells that are asked anew between two pictures; the first of them changes its state."""
INTERVAL = timedelta(seconds=30)


class LargeFleet:
    """`hosts` of `services` each."""

    def __init__(self, hosts: int, services: int) -> None:
        self._clock = SystemClock()
        now = self._clock.now()
        self._hosts = tuple(
            Host(f"host-{one:03}", labels=(("rack", f"r{one // 40}"),)) for one in range(hosts)
        )
        self._cells = [
            asked(
                Service(f"svc-{of:02}-{host.name}", ServiceType.HTTP, host.name, host=host.name,
                        port=8000 + of, health="/health", owner=f"team-{of % 5}"),
                State.FIRING if (number + of) % 37 == 0 else State.OK,
                now,
            )
            for number, host in enumerate(self._hosts)
            for of in range(services)
        ]  # fmt: skip
        self._worklist = Triage(Policy()).worklist(self._snapshot(now))

    def update(self, number: int) -> Update:
        """The world once more, a little later."""
        now = self._clock.now()
        for one in range(ASKED):
            at = (number * ASKED + one) * 37 % len(self._cells)
            was = self._cells[at]
            state = was.state
            if one == 0:
                state = State.OK if state is State.FIRING else State.FIRING
            self._cells[at] = asked(was.service, state, now)
        return Update(number, self._snapshot(now), self._worklist, ())

    def _snapshot(self, now: Instant) -> Snapshot:
        health = SourceHealth("health", SourceKind.HEALTH, State.OK, INTERVAL, last_ok=now)
        cells = tuple(self._cells)
        return Snapshot(
            at=now, environment="bench", sources=(health,), cells=cells, hosts=self._hosts,
            score=score_of(cells), complete=True,
        )  # fmt: skip


def asked(service: Service, state: State, now: Instant) -> Cell:
    """A service that was asked at `now`."""
    probe = Probe(service.name, ProbeKind.HTTP, f"http://{service.host}:{service.port}/health",
                  INTERVAL, timedelta(seconds=5))  # fmt: skip
    well = state is State.OK
    result = ProbeResult(probe, Verdict.HEALTHY if well else Verdict.UNHEALTHY, "200 in 4 ms")
    cell = Cell(service, state, "http 200 in 4 ms", as_of=now, probes=(result,), probe_ages=(now,))
    return msgspec.structs.replace(cell, since=None if well else now.wall)
