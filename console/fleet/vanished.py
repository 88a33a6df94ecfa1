"""When an alert that is no longer told is over, and which proof is missing when it is not.

A healthy, empty Alertmanager proves nothing by itself: it starts empty, and four minutes after
a Prometheus died it has let go of all its alerts (`endsAt` passes). So absence is resolution
only together with the word of the Prometheus that owned the alert, or where the alert left
clearly before its `endsAt`, which only an explicit resolve does.
"""

from __future__ import annotations

from datetime import timedelta

from console.fleet.cluster import ClusterMemory
from console.fleet.memory import Missing, PrometheusMemory
from console.model.alert import Alert, Rule, RuleHealth, TargetHealth
from console.safety.clock import Instant
from console.safety.text import visible

RESOLVE_MARGIN = timedelta(seconds=30)
CLOCK_TOLERANCE = timedelta(seconds=2)
MISSED_EVALUATIONS = 3


def owner_doubt(owner: PrometheusMemory, alert: Alert, last_seen: Instant, now: Instant) -> str:
    """Why `owner` does not prove that `alert`, which it does not list, is over; empty if it does.

    Needed: a recent, whole answer that is younger than the alert's last sight, two healthy
    intervals, and the alert's rule evaluated since.
    """
    name = owner.name
    if not owner.alerts.is_usable(now):
        return f"{name} does not answer"
    if not owner.rules.is_usable(now):
        return f"the rules of {name} are not known"
    if owner.warnings:
        return f"{name} gave a partial result"
    asked_at = owner.alerts.as_of
    if asked_at is None or asked_at.mono <= last_seen.mono:
        return f"{name} has not been asked since"
    two_intervals_s = 2 * owner.watched.interval.total_seconds()
    if min(owner.alerts.healthy_for_s(), owner.rules.healthy_for_s()) < two_intervals_s:
        return f"{name} has not been healthy for two intervals yet"
    return _rule_doubt(owner, alert, last_seen) or _scrape_doubt(owner, alert)


def is_only_waiting(
    owner: PrometheusMemory, alert: Alert, last_seen: Instant, now: Instant
) -> bool:
    """Whether `owner` is well and merely has its turn to come: to be asked, or to evaluate the
    alert's rule, since the alert was seen last.
    """
    asked_at = owner.alerts.as_of
    if asked_at is None or not (owner.alerts.is_usable(now) and owner.rules.is_usable(now)):
        return False
    if asked_at.mono <= last_seen.mono:
        return True
    rules = rules_of(owner, alert)
    seen_at = last_seen.wall + (owner.skew or timedelta()) - CLOCK_TOLERANCE
    times = [rule.last_evaluation for rule in rules if rule.health is RuleHealth.OK]
    return (
        len(times) == len(rules)
        and any(time is not None and time < seen_at for time in times)
        and not any(time is None for time in times)
        and not any(is_overdue(rule, owner) for rule in rules)
    )


def cluster_doubt(cluster: ClusterMemory, last_seen: Instant, now: Instant) -> str:
    """Why the cluster's answers without the alert prove nothing; empty if one of them does."""
    name = cluster.watched.name
    doubt = ""
    for member in cluster.live(now):
        if member.alerts.as_of is None or member.alerts.as_of.mono <= last_seen.mono:
            doubt = doubt or f"{name} has not been asked since"
            continue
        immature = member.why_immature()
        if not immature:
            return ""
        doubt = f"{name} {immature}"
    return doubt or f"{name} does not answer"


def was_resolved_early(cluster: ClusterMemory, missing: Missing) -> bool:
    """Whether the alert left the same running Alertmanager clearly before its `endsAt`.

    The last known `endsAt` can only be too early, so that the comparison errs to the safe side.
    """
    member = cluster.members.get(missing.member)
    status = None if member is None else member.status.value
    ends_at = missing.alert.ends_at
    if missing.restored or member is None or status is None or ends_at is None:
        return False
    skew = member.skew or timedelta()
    if status.started_at is None or status.started_at > missing.last_seen.wall + skew:
        return False
    margin = RESOLVE_MARGIN + cluster.watched.interval
    return missing.absent_at.wall + skew < ends_at - margin


def rules_of(owner: PrometheusMemory, alert: Alert) -> list[Rule]:
    """The rules that `alert` may come from: same name, and labels that do not contradict."""
    named = owner.rules_by_name.get(alert.labels.exact("alertname"), [])
    if len(named) < 2:
        return named
    agreeing = [
        rule
        for rule in named
        if all(
            "{{" in value or alert.labels.exact(label) == value
            for label, value in rule.labels.exact_items()
        )
    ]
    return agreeing or named


def is_overdue(rule: Rule, owner: PrometheusMemory) -> bool:
    """Whether its group has missed more than `MISSED_EVALUATIONS` evaluations."""
    asked_at = owner.rules.as_of
    if asked_at is None or rule.last_evaluation is None:
        return False
    server_time = asked_at.wall + (owner.skew or timedelta())
    patience = max(MISSED_EVALUATIONS * rule.interval, timedelta(seconds=30))
    return server_time - rule.last_evaluation > patience


def _rule_doubt(owner: PrometheusMemory, alert: Alert, last_seen: Instant) -> str:
    rules = rules_of(owner, alert)
    if not rules:
        return f"{owner.name} has no rule of its name"
    seen_at = last_seen.wall + (owner.skew or timedelta()) - CLOCK_TOLERANCE
    for rule in rules:
        if rule.health is RuleHealth.ERR:
            return f"{owner.name} cannot evaluate its rule"
        if rule.last_evaluation is None or rule.health is not RuleHealth.OK:
            return f"{owner.name} has not evaluated its rule yet"
        if is_overdue(rule, owner):
            return f"{owner.name} no longer evaluates its rule"
        if rule.last_evaluation < seen_at:
            return f"{owner.name} has not evaluated its rule since"
    return ""


def _scrape_doubt(owner: PrometheusMemory, alert: Alert) -> str:
    """A Prometheus that has just started evaluates rules before it has scraped anything."""
    for target in owner.targets.value or ():
        if target.health is not TargetHealth.UNKNOWN:
            continue
        about = [
            label for label in ("job", "instance") if alert.labels.exact(label)
        ]  # neither: any target may be what it is about
        if all(alert.labels.exact(one) == target.labels.exact(one) for one in about):
            shown = visible(target.labels.value_of("instance"), cells=40)
            return f"{owner.name} has not scraped {shown} yet"
    return ""
