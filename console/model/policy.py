"""How the team wants its alerts judged: priorities, clocks, grouping, storms."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from console.model.labels import Matcher
from console.model.state import Priority


class Sla(msgspec.Struct, frozen=True):
    """The two deadlines of one priority, counted from the episode's start."""

    respond: timedelta
    resolve: timedelta


DEFAULT_SLA = (
    Sla(timedelta(minutes=5), timedelta(minutes=30)),
    Sla(timedelta(minutes=15), timedelta(hours=2)),
    Sla(timedelta(hours=1), timedelta(hours=8)),
    Sla(timedelta(hours=4), timedelta(hours=24)),
)

DEFAULT_SEVERITIES = (
    ("critical", Priority.P0),
    ("page", Priority.P0),
    ("high", Priority.P1),
    ("error", Priority.P1),
    ("warning", Priority.P2),
    ("info", Priority.P3),
    ("none", Priority.P3),
)


class StormPolicy(msgspec.Struct, frozen=True):
    """When many new alerts become one storm, and when it is over again."""

    new_per_minute: int = 10
    """More new episodes than this within a minute begin a storm."""
    calm_per_minute: int = 5
    """No more than this many within a minute, for as long as `calm_for`, end it."""
    calm_for: timedelta = timedelta(minutes=3)


class Policy(msgspec.Struct, frozen=True):
    """All that triage needs to know beside the snapshot and the time."""

    sla: tuple[Sla, Sla, Sla, Sla] = DEFAULT_SLA
    """Indexed by `Priority`."""
    severity_label: str = "severity"
    severities: tuple[tuple[str, Priority], ...] = DEFAULT_SEVERITIES
    priority_label: str = "priority"
    """A label of this name with a value of `P0` to `P3` wins over everything else."""
    by_alert: tuple[tuple[str, Priority], ...] = ()
    """By alert name; wins over severity."""
    default_priority: Priority = Priority.P2
    """Where neither name nor label decides."""
    ignore_labels: frozenset[str] = frozenset({"replica", "prometheus_replica", "__replica__"})
    """Labels in which the two halves of an HA pair differ."""
    group_by: tuple[str, ...] = ("alertname", "@cell")
    """Labels by which alerts become one row; `@cell` is the service an alert is about, `@host`
    the place where that lives, `@owner` whose it is, `@alert` the alert itself."""
    episode_gap: timedelta = timedelta(minutes=5)
    """A re-fire within this time of a proven resolution keeps the episode and its clocks."""
    fold_after: timedelta = timedelta(days=7)
    """Episodes older than this fold into one row."""
    flaps_from: int = 4
    """An alert that came this often in 24 hours flaps."""
    lost_for: timedelta = timedelta(hours=24)
    """How long a lost alert stays when no proof of either kind ever comes."""
    resolved_for: timedelta = timedelta(hours=1)
    """How long a resolved alert is still listed as such."""
    ack_prefixes: tuple[str, ...] = ("ACK!",)
    """A silence whose comment starts with one of these is somebody's ack (karma, kthxbye)."""
    watchdogs: tuple[tuple[str, tuple[Matcher, ...]], ...] = ()
    """Source name and the matchers of the alert that must always fire from there."""
    watchdogs_by_rule: bool = False
    """A watchdog is expected only of a source that has, or had, a rule of its name."""
    storm: StormPolicy = StormPolicy()
    probe_priority: Priority = Priority.P2
    """For a failing probe on which no alert fires; critical services are one more urgent."""
    source_priority: Priority = Priority.P1
    """For a sick source, and for a watchdog that is missing."""
    remind_before: timedelta = timedelta(days=3)
    """So long before it is due an action item of an incident stands in the worklist."""
