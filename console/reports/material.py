"""Everything that a report is made from: gathered by the engine, judged here without I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo

import msgspec

from config.history import ObjectiveEntry
from console.model.change import Change
from console.model.daily import DoneStep, Inspection, Now
from console.model.freeze import Calendar
from console.model.history import Bout, Observed
from console.model.incident import Incident
from console.model.nag import Nag
from console.model.registry import Service
from console.model.saying import Saying
from console.model.summary import Exclusion, Gap, Observation

Look = Callable[[], Iterable[Observed]]
"""Gives every observed service once, one after the other, so that a thousand of them need not be
in memory together. May be called again."""


class Window(msgspec.Struct, frozen=True):
    """Some local days."""

    first: date
    last: date
    zone: tzinfo
    zone_name: str

    # Their moments are given by `console.reports.days`.


class Measured(msgspec.Struct, frozen=True):
    """What a query or a person said of one objective."""

    objective: str
    """Its name."""
    service: str
    """Empty: of all together."""
    value: float | None
    source: Saying | None
    """`prom`, `kai on 2026-11-21`; `None`: nobody was asked."""
    query: str = ""
    """As it was asked."""
    why_not: Saying | None = None
    """Where `value` is `None`."""
    by_hand: bool = False
    day: date | None = None
    """The day that it is of; `None`: it is of the whole time of the report."""


class Material(msgspec.Struct, frozen=True):
    """For a report about `window`."""

    environment: str
    window: Window
    now: datetime
    services: tuple[Service, ...]
    """The registry's."""
    observed: Look
    """Over the window."""
    observed_before: Look
    """Over as many days before it."""
    least_coverage: float
    """0 to 1."""
    target: float | None
    """Availability that a service without one of its own ought to have, 0 to 1."""
    objectives: tuple[ObjectiveEntry, ...] = ()
    kpis: tuple[ObjectiveEntry, ...] = ()
    measured: tuple[Measured, ...] = ()
    measured_before: tuple[Measured, ...] = ()
    bouts: tuple[Bout, ...] = ()
    """That were going on at some time of the window, by start."""
    bouts_before: tuple[Bout, ...] | None = None
    """The same of the window before; `None`: not known."""
    incidents: tuple[Incident, ...] = ()
    """All of the journal."""
    changes: tuple[Change, ...] = ()
    """All of the journal."""
    nags: tuple[Nag, ...] = ()
    calendar: Calendar = Calendar()
    exclusions: tuple[Exclusion, ...] = ()
    """Maintenance and the windows of approved changes, over both windows."""
    steps: tuple[DoneStep, ...] = ()
    """Of runbooks, carried out within the window."""
    gaps: tuple[Gap, ...] = ()
    inspection: Inspection | None = None
    observation: Observation | None = None
    present: tuple[Now, ...] = ()
    """For `Daily.now`."""
    sources: tuple[Saying, ...] = ()
    notices: tuple[Saying, ...] = ()
