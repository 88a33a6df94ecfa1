"""Who is told of an alert and when, by the configuration of its Alertmanager, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from config.durations import duration_text
from console.engine.evidence_words import Tone
from console.engine.routing import (
    Route,
    Routed,
    Routing,
    Timer,
    Way,
    routed,
    rule_that_inhibits,
)
from console.engine.why_known import SHORT_ID, inhibitor_of
from console.engine.why_times import Members, members_of, times_of, times_text
from console.engine.why_words import WhyLine, WhyTopic, matchers_text
from console.model.alert import Alert, ClusterStatus
from console.model.snapshot import KnownAlert, Snapshot
from console.model.time_interval import Named, changes_at
from console.model.words import clock_time
from console.safety.text import Raw, visible

MOST_WAYS_SHOWN: Final = 5


def route_lines(
    known: KnownAlert, snapshot: Snapshot, routing: Routing, status: ClusterStatus
) -> Iterator[WhyLine]:
    """The ways of the alert through the tree, and what each means."""
    alert = known.alert
    found = routed(routing.root, alert.labels, alert.receivers)
    yield from _doubts(alert, found)
    for way in found.ways[:MOST_WAYS_SHOWN]:
        sure = not found.unjudged and not found.endless
        yield from _way_lines(way, known, snapshot, routing, status, sure=sure)
    if len(found.ways) > MOST_WAYS_SHOWN:
        said = f"{MOST_WAYS_SHOWN} of {len(found.ways)}{'+' if found.endless else ''} ways"
        yield WhyLine(WhyTopic.ROUTE, "", said, Tone.MUTED)


def _doubts(alert: Alert, found: Routed) -> Iterator[WhyLine]:
    """Where the tree does not decide, or the server says something else: its word counts."""
    told = ", ".join(visible(one, cells=60) for one in alert.receivers) or "nobody"
    if alert.labels.over_cap:
        said = f"{told}, says the server; labels were cut here, so the tree is not judged"
        yield WhyLine(WhyTopic.ROUTE, "receivers", said, Tone.UNKNOWN)
    elif found.unjudged:
        said = (
            f"{told}, says the server; which way depends on a regular expression that cannot"
            f" be judged here: {matchers_text(found.unjudged)}"
        )
        yield WhyLine(WhyTopic.ROUTE, "receivers", said, Tone.UNKNOWN)
    elif found.settled:
        said = (
            f"cannot be judged here: {matchers_text(found.settled)}; that the server tells {told}"
            " settles it"
        )
        yield WhyLine(WhyTopic.ROUTE, "settled", said, Tone.MUTED)
    elif set(alert.receivers) != set(found.receivers) and not found.endless:
        led = ", ".join(visible(one, cells=60) for one in found.receivers)
        said = (
            f"{told}, says the server, and its word counts; the tree as it is now leads to"
            f" {led}: it may have been reloaded since"
        )
        yield WhyLine(WhyTopic.ROUTE, "receivers", said, Tone.WARNING)


def _way_lines(
    way: Way,
    known: KnownAlert,
    snapshot: Snapshot,
    routing: Routing,
    status: ClusterStatus,
    *,
    sure: bool,
) -> Iterator[WhyLine]:
    route, now = way.last, snapshot.at.wall
    label = "route" if sure else "maybe"
    went_on = " (goes on to its siblings)" if any(one.goes_on for one in way.routes) else ""
    yield WhyLine(WhyTopic.ROUTE, label, path_text(way) + went_on)
    yield WhyLine(WhyTopic.ROUTE, "receiver", receiver_text(route.receiver, routing), Tone.STRONG)
    members = members_of(known, route, snapshot)
    yield WhyLine(WhyTopic.ROUTE, "group", _group_text(known, route, members))
    timers = ", ".join(
        _timer_text(name, timer)
        for name, timer in (("wait", route.wait), ("interval", route.interval),
                            ("repeat", route.repeat))
    )  # fmt: skip
    yield WhyLine(WhyTopic.ROUTE, "timers", timers)
    muted, line = _muted(route, routing.intervals, now)
    if line is not None:
        yield line
    if not sure:
        return
    quiet = "this way is muted" if muted else quiet_reason(known, snapshot)
    if quiet:
        said = f"nobody is notified while {quiet}"
        yield WhyLine(WhyTopic.ROUTE, "notified", said, Tone.WARNING)
    else:
        times = times_of(known.alert, route, members, now, status.started_at)
        yield WhyLine(WhyTopic.ROUTE, "notified", times_text(times, now))


def path_text(way: Way) -> str:
    """`root > team="shop" > severity="critical"`."""
    steps = [matchers_text(route.matchers) for route in way.routes[1:]]
    return " > ".join(("root", *steps))


def receiver_text(name: Raw, routing: Routing) -> str:
    """`shop-pager: pagerduty, 2 slack`: kinds only, never an option."""
    shown = visible(name, cells=60)
    receiver = routing.receiver(name)
    if receiver is None:
        return f"{shown}, which the configuration does not describe"
    kinds = [kind if count == 1 else f"{count} {kind}" for kind, count in receiver.kinds]
    return f"{shown}: {', '.join(kinds) if kinds else 'notifies nobody, it has no integration'}"


def _timer_text(name: str, timer: Timer) -> str:
    by = f" ({timer.by})" if timer.by else ""
    return f"{name} {duration_text(timer.value)}{by}"


# The group


def _group_text(known: KnownAlert, route: Route, members: Members | None) -> str:
    labels = route.group_labels(known.alert.labels)
    if route.by_all:
        by = "by all labels, so that each alert is told by itself"
    elif route.group_by:
        by = f"by {', '.join(visible(name, cells=30) for name in route.group_by)}"
        shown = [f"{visible(name, cells=30)}={visible(value, cells=60)}"
                 for name, value in labels.items()]  # fmt: skip
        by += f": {', '.join(shown) or 'it has none of these'}"
    else:
        by = "everything on this route together"
    if members is None:
        return f"{by}; its server lists no such group"
    many = "1 alert" if members.count == 1 else f"{members.count:,} alerts"
    quiet = len(members.starts) - len(members.told)
    return f"{by}; {many} in it" + (f", {quiet:,} of them kept quiet" if quiet else "")


def quiet_reason(known: KnownAlert, snapshot: Snapshot) -> str:
    """What keeps the alert itself from being told of; empty where nothing does."""
    alert = known.alert
    if alert.silenced_by:
        ids = ", ".join(visible(one[:SHORT_ID], cells=SHORT_ID) for one in alert.silenced_by)
        ends = [one.ends_at for one in snapshot.silences if one.id in alert.silenced_by]
        until = f", until {clock_time(max(ends), snapshot.at.wall)}" if ends else ""
        return f"silence {ids} is on it{until}"
    if alert.inhibited_by:
        return "it is inhibited"
    if alert.muted_by:
        names = ", ".join(visible(one, cells=40) for one in alert.muted_by)
        return f"the time interval {names} is in force"
    return ""


# Time intervals


def _muted(
    route: Route, intervals: Sequence[Named], now: datetime
) -> tuple[bool | None, WhyLine | None]:
    """Whether the route notifies nobody at this time of the week, and until when."""
    if not (route.muted_in or route.active_in):
        return False, None
    by_name = {one.name: one for one in intervals}
    muting = [by_name.get(name) or _missing(name) for name in route.muted_in]
    active = [by_name.get(name) or _missing(name) for name in route.active_in]

    def is_muted(at: datetime) -> bool | None:
        mutes = [one.holds(at) for one in muting]
        serves = [one.holds(at) for one in active]
        if True in mutes or (serves and not any(one is not False for one in serves)):
            return True
        if None in mutes or (None in serves and True not in serves):
            return None
        return False

    words = [f"mute {visible(one.name, cells=40)}" for one in muting]
    words += [f"active {visible(one.name, cells=40)}" for one in active]
    names = ", ".join(words)
    muted = is_muted(now)
    if muted is None:
        unread = next(one.unread for one in (*muting, *active) if one.unread)
        said = f"{names}: not judged here, {unread}"
        return None, WhyLine(WhyTopic.ROUTE, "intervals", said, Tone.UNKNOWN)
    until = changes_at((*muting, *active), is_muted, now)
    when = f"until {clock_time(until, now)}" if until is not None else "with no end in sight"
    said = f"{names}: {'muted' if muted else 'not muted'} now, {when}"
    tone = Tone.WARNING if muted else Tone.PLAIN
    return muted, WhyLine(WhyTopic.ROUTE, "intervals", said, tone)


def _missing(name: Raw) -> Named:
    return Named(name, (), "the configuration does not describe it")


# Inhibition


def inhibition_lines(known: KnownAlert, snapshot: Snapshot, routing: Routing) -> Iterator[WhyLine]:
    """By which inhibit rule each inhibitor keeps it quiet."""
    for fingerprint in known.alert.inhibited_by:
        inhibitor = inhibitor_of(fingerprint, snapshot)
        if inhibitor is None:
            continue
        labels = (inhibitor.alert.labels, known.alert.labels)
        rule, sure = rule_that_inhibits(routing.inhibit_rules, *labels)
        if rule is None:
            said = "no inhibit rule of the configuration as it is now does that"
            yield WhyLine(WhyTopic.QUIET, "by rule", said, Tone.UNKNOWN)
            continue
        said = f"source {matchers_text(rule.source)}; target {matchers_text(rule.target)}"
        if rule.equal:
            equal = [f"{visible(name, cells=30)}={visible(labels[1].value_of(name), cells=60)}"
                     for name in rule.equal]  # fmt: skip
            said += f"; equal {', '.join(equal)}"
        if not sure:
            said = f"perhaps, since a regular expression cannot be judged here: {said}"
        yield WhyLine(WhyTopic.QUIET, "by rule", said, Tone.PLAIN if sure else Tone.UNKNOWN)
