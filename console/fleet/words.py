"""The sentence under a cell: the fact that decides its state, with its particulars."""

from __future__ import annotations

import msgspec

from console.fleet.state import Deciding
from console.model.alert import Target, TargetHealth
from console.model.probe import ProbeResult
from console.model.registry import Service
from console.model.report import Report, Runner
from console.model.snapshot import KnownAlert, Standing
from console.model.state import State
from console.safety.text import Raw, visible

NAME_CELLS = 60
_NAMES_IT = ("there is no ", "a partial answer ")
"""How sentences begin that name what they are about by themselves."""
SENTENCE_CELLS = 160


class Particulars(msgspec.Struct, frozen=True):
    """What is known of each kind of fact, in words that are safe to show."""

    probes: str = ""
    targets: str = ""
    reports: str = ""
    feed: str = ""
    partial: str = ""
    unasked: str = ""
    alerts: tuple[KnownAlert, ...] = ()
    results: tuple[ProbeResult, ...] = ()
    told: tuple[Report, ...] = ()
    up: int = 0

    @staticmethod
    def of_target(target: Target) -> str:
        """One scrape target: `scrape of web-1:9100 fails: connection refused`."""
        instance = visible(target.labels.value_of("instance"), cells=NAME_CELLS)
        if target.health is TargetHealth.DOWN:
            cause = visible(target.last_error, cells=SENTENCE_CELLS)
            return f"scrape of {instance} fails: {cause or 'no reason given'}"
        if target.health is TargetHealth.UNKNOWN and target.last_error:
            return f"{instance}: {visible(target.last_error, cells=SENTENCE_CELLS)}"
        if target.health is TargetHealth.UNKNOWN:
            return f"{instance} has not been scraped yet"
        return f"scrape of {instance} works"


def because(deciding: Deciding, words: Particulars, service: Service) -> str:
    """Why the cell is as it is; version drift is a fact to mention, not a state."""
    by_alert = {
        Deciding.ALERT_FIRING: State.FIRING,
        Deciding.ALERT_LOST: State.LOST,
        Deciding.ALERT_STALE: State.STALE,
    }
    said = {
        Deciding.PROBE_BAD: words.probes,
        Deciding.PROBE_UNKNOWN: words.probes,
        Deciding.PROBE_STALE: words.probes,
        Deciding.REPORT_BAD: words.reports,
        Deciding.REPORT_UNKNOWN: words.reports,
        Deciding.REPORT_STALE: words.reports,
        Deciding.TARGET_DOWN: words.targets,
        Deciding.TARGET_UNKNOWN: words.targets,
        Deciding.TARGET_STALE: words.targets,
        Deciding.FEED_UNKNOWN: words.feed,
        Deciding.FEED_STALE: words.feed,
        Deciding.PARTIAL: words.partial,
        Deciding.UNASKED: words.unasked,
    }.get(deciding, "")
    if deciding in by_alert:
        said = _of_alerts(words.alerts, by_alert[deciding])
    elif deciding is Deciding.ALL_GOOD:
        said = _good(words)
    parts = [said or deciding.value]
    if deciding not in by_alert and any(one.state is State.STALE for one in words.alerts):
        parts.append(_of_alerts(words.alerts, State.STALE))
    drift = _drift(words, service.expected_version)
    if drift:
        parts.append(drift)
    return "; ".join(parts)


def _of_alerts(alerts: tuple[KnownAlert, ...], state: State) -> str:
    counted = [one for one in alerts if one.state is state]
    working = [one for one in counted if one.standing is not Standing.PENDING]
    newest = sorted(working or counted, key=lambda one: one.alert.starts_at, reverse=True)
    first = min(newest, key=lambda one: one.standing is not Standing.FIRING)
    name = visible(first.alert.name, cells=NAME_CELLS) or "an alert without a name"
    verb = "fires" if state is State.FIRING else "was firing"
    if first.standing is not Standing.FIRING:
        verb += f" ({first.standing})"
    said = f"{name} {verb}" + (f", {first.why}" if first.why else "")
    more = len(working or counted) - 1
    return f"{said}, and {more} more" if more else said


def _good(words: Particulars) -> str:
    parts = [f"{one.probe.kind} {one.said}" for one in words.results]
    hosts = [one for one in words.told if one.runner is Runner.HOST]
    # Two that look at one host tell the same facts, a little apart.
    told = (one for one in words.told if one.runner is not Runner.HOST or one is hosts[0])
    parts += dict.fromkeys(said_by(one) for one in told)
    if words.up:
        parts.append("scrape works" if words.up == 1 else f"{words.up} targets up")
    pending = [one for one in words.alerts if one.standing is Standing.PENDING]
    if pending:
        parts.append(f"{visible(pending[0].alert.name, cells=NAME_CELLS)} is pending")
    return "; ".join(parts) or "no alert fires"


def said_by(report: Report) -> str:
    """`container redis:7.2.5 runs`; a host says it of itself, and a failure says who failed."""
    speaks_for_itself = (
        report.runner is Runner.HOST
        or report.failure is not None
        or report.said.startswith(_NAMES_IT)
    )
    return report.said if speaks_for_itself else f"{report.runner} {report.said}"


def _drift(words: Particulars, expected: str | None) -> str:
    if expected is None:
        return ""
    versions = [one.facts.version for one in words.results]
    if all(version is None for version in versions):
        versions = [one.version for one in words.told]
    for version in versions:
        if version is not None and not is_version(version, expected):
            return f"runs {visible(version, cells=40)}, {expected} is expected"
    return ""


def is_version(version: Raw, expected: str) -> bool:
    """Whether the two are the same but for a leading `v`, which tags have and bodies leave out."""
    return version.exact.removeprefix("v") == expected.removeprefix("v")
