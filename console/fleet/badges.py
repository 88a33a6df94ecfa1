"""What is wrong with the monitoring itself: said once, in the header."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from console.fleet.cluster import ClusterMemory
from console.fleet.memory import PrometheusMemory, stale_after_s
from console.fleet.vanished import is_overdue
from console.model.alert import Rule, RuleHealth
from console.model.failure import FailureKind
from console.model.snapshot import Badge, BadgeKind, KnownAlert, SourceHealth
from console.model.state import State
from console.safety.clock import Instant
from console.safety.text import Raw, visible

Refreshed = dict[str, tuple[datetime, datetime]]

SKEW_LIMIT = timedelta(seconds=2)
NAMED_RULES = 3
NO_WORD = frozenset({
    FailureKind.REFUSED, FailureKind.DNS, FailureKind.UNREACHABLE, FailureKind.TIMEOUT,
    FailureKind.RESET,
})  # fmt: skip
"""Nothing came back. Whoever answers, if only with 401 or a login page, can be reached."""


def source_badges(
    clusters: Mapping[str, ClusterMemory], proms: Mapping[str, PrometheusMemory], now: Instant
) -> Iterator[Badge]:
    """Skew, settling, partial results and broken rules."""
    for name, cluster in clusters.items():
        for member in cluster.members.values():
            who = name if len(cluster.members) < 2 else f"{name}/{member.name}"
            yield from _skew(who, member.skew, member.took)
            status = member.status.value
            if status is not None and status.gossip == "settling" and cluster.live(now):
                yield Badge(BadgeKind.SETTLING, who, f"{who} is settling")
        if not proms:
            yield from _empty_and_young(name, cluster, now)
    for name, prom in proms.items():
        yield from _skew(name, prom.skew, prom.took)
        if prom.warnings:
            yield Badge(BadgeKind.PARTIAL, name, f"partial result: {name}")
        if prom.rules.is_usable(now):
            yield from _rules(prom)


def _empty_and_young(name: str, cluster: ClusterMemory, now: Instant) -> Iterator[Badge]:
    """An Alertmanager that has just started has an empty list until its senders have told it
    again. Where no Prometheus is asked, nobody else can say that nothing fires."""
    live = cluster.live(now)
    told = any(member.alerts.value for member in live)
    young = [why for member in live if member.started_at and (why := member.why_immature())]
    if live and not told and len(young) == len(live):
        text = f"{name} {young[0]}: its empty list proves nothing"
        yield Badge(BadgeKind.SETTLING, name, text, is_row=True)


def cut_off(sources: Iterable[SourceHealth]) -> Iterator[Badge]:
    """Every source began to fail at about the same time: it is this host, not all of them."""
    whole = [one for one in sources if not one.member_of]
    since = [one.failing_since for one in whole if one.state is not State.OK]
    times = [at for at in since if at is not None]
    if len(whole) < 2 or len(times) < len(whole):
        return
    if any(failure.kind not in NO_WORD for one in whole for failure in one.failures):
        return
    spread_s = max(stale_after_s(one.interval) for one in whole)
    if (max(times) - min(times)).total_seconds() <= spread_s:
        yield Badge(BadgeKind.CUT_OFF, "", "this host is cut off", max(times))


def refreshed(alerts: Iterable[KnownAlert], clusters: Container[str]) -> Refreshed:
    """The newest `updatedAt` of each Prometheus' alerts, with the `endsAt` that it set."""
    newest: Refreshed = {}
    for one in alerts:
        alert = one.alert
        if one.owner is None or one.state is not State.FIRING or one.why:
            continue
        if alert.updated_at is None or alert.ends_at is None or alert.cluster not in clusters:
            continue
        before = newest.get(one.owner)
        if before is None or before[0] < alert.updated_at:
            newest[one.owner] = (alert.updated_at, alert.ends_at)
    return newest


def abandoned(
    newest: Refreshed, proms: Mapping[str, PrometheusMemory], now: Instant
) -> Iterator[Badge]:
    """Prometheus servers that no longer refresh their alerts, which then end by themselves.

    `endsAt` is four resends ahead of `updatedAt`: past half of that at least one was missed.
    """
    for name, (updated_at, ends_at) in newest.items():
        prom = proms.get(name)
        if prom is None or ends_at <= updated_at:
            continue
        if now.wall - updated_at > (ends_at - updated_at) / 2:
            silent = "silent" if prom.is_dead(now) else "no longer sends"
            yield Badge(
                BadgeKind.ABANDONED,
                name,
                f"{name} {silent}: its alerts resolve by themselves at {ends_at:%H:%M} UTC",
                updated_at,
            )


def _skew(who: str, skew: timedelta | None, took: timedelta | None) -> Iterator[Badge]:
    """The `Date` header was written somewhere within the request, to the full second."""
    if skew is None or abs(skew) <= SKEW_LIMIT + (took or timedelta()):
        return
    seconds = skew.total_seconds()
    side = "ahead" if seconds > 0 else "behind"
    yield Badge(BadgeKind.SKEW, who, f"clock of {who} is {abs(seconds):.0f} s {side}")


def _rules(prom: PrometheusMemory) -> Iterator[Badge]:
    rules = prom.rules.value or ()
    broken = [one for one in rules if one.health is RuleHealth.ERR]
    late = [one for one in rules if one.health is not RuleHealth.ERR and is_overdue(one, prom)]
    if broken:
        text = f"{_count(broken)} of {prom.name} cannot be evaluated: {_named(broken)}"
        yield Badge(BadgeKind.RULES, prom.name, text, is_row=True)
    if late:
        text = f"{_count(late)} of {prom.name} not evaluated lately: {_named(late)}"
        yield Badge(BadgeKind.RULES, prom.name, text, is_row=True)


def _count(rules: list[Rule]) -> str:
    return "1 rule" if len(rules) == 1 else f"{len(rules)} rules"


def _named(rules: list[Rule]) -> str:
    names: dict[Raw, None] = dict.fromkeys(rule.name for rule in rules)
    shown = [visible(name, cells=40) for name in list(names)[:NAMED_RULES]]
    more = len(names) - NAMED_RULES
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
