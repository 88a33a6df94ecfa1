"""`oncall.yaml` as the policy that triage judges by."""

from __future__ import annotations

from config.schema import PriorityName, Settings
from console.model.labels import Matcher
from console.model.policy import DEFAULT_SEVERITIES, Policy, Sla, StormPolicy
from console.model.state import Priority
from console.safety.text import Raw


def policy_of(settings: Settings) -> Policy:
    """What `settings` say about priorities, clocks, grouping and storms."""
    table, triage, order = settings.sla, settings.triage, settings.priorities
    severities = dict(DEFAULT_SEVERITIES)
    severities.update({name: _priority(value) for name, value in order.by_severity.items()})
    watchdogs = tuple(
        (source.name, tuple(Matcher(name, Raw(value)) for name, value in source.watchdog.items()))
        for source in settings.sources.prometheus
        if source.watchdog
    )
    return Policy(
        sla=(
            Sla(table.P0.respond, table.P0.resolve),
            Sla(table.P1.respond, table.P1.resolve),
            Sla(table.P2.respond, table.P2.resolve),
            Sla(table.P3.respond, table.P3.resolve),
        ),
        severity_label=order.severity_label,
        severities=tuple(severities.items()),
        priority_label=order.label,
        by_alert=tuple((name, _priority(value)) for name, value in order.by_alert.items()),
        default_priority=_priority(order.default),
        ignore_labels=frozenset(triage.ignore_labels),
        group_by=triage.group_by,
        episode_gap=triage.episode_gap,
        fold_after=triage.fold_after,
        flaps_from=triage.flaps_from,
        lost_for=triage.lost_for,
        ack_prefixes=triage.ack_prefixes,
        watchdogs=watchdogs,
        storm=StormPolicy(
            triage.storm.new_per_minute, triage.storm.calm_per_minute, triage.storm.calm_for
        ),
        probe_priority=_priority(order.failing_probe),
        source_priority=_priority(order.sick_source),
        remind_before=settings.incidents.remind_before,
    )


def _priority(name: PriorityName) -> Priority:
    return Priority[name]
