"""A service in words: its state and proofs, its versions, its certificates, who needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from console.engine.releases import share_text
from console.fleet.batch import batch_verdict
from console.fleet.versions import (
    Version,
    has_drift,
    is_other,
    shown_tag,
    siblings_of,
    version_now,
    versions_of,
)
from console.model.probe import ProbeResult, Verdict
from console.model.registry import Release
from console.model.report import Report
from console.model.snapshot import Cell, Snapshot
from console.model.state import State
from console.model.words import age_text, clock_time
from console.model.workload import Pod, RunState, Workload, WorkloadKind
from console.safety.clock import Instant
from console.safety.text import Raw, visible
from screens.host_facts import WRONG
from widgets.detail import Field
from widgets.paint import STATE_INKS
from widgets.theme import Ink

DRIFT = "DRIFT"
"""Beside a version that is not the one that should run."""
_SHOWN = 100
_VERDICT_INKS = {
    Verdict.HEALTHY: Ink.PLAIN,
    Verdict.UNHEALTHY: STATE_INKS[State.FIRING],
    Verdict.NO_ANSWER: STATE_INKS[State.UNKNOWN],
}


def cell_facts(cell: Cell, snapshot: Snapshot) -> Iterator[Field]:
    """A service whole: state, proofs, versions, owner, and what it hangs together with."""
    yield Field("name", f"{cell.service.name}@{cell.service.place}")
    yield from state_fields(cell, snapshot.at)
    yield from proof_fields(cell, snapshot.at)
    yield from version_fields(cell)
    if cell.service.owner is not None:
        yield Field("owner", cell.service.owner)
    users = snapshot.users_of(cell.service.name)
    yield from need_fields(cell, snapshot.needs_of(cell.service), users)


def cell_brief(
    cell: Cell, needs: Sequence[Cell | None], users: Sequence[Cell], now: Instant
) -> Iterator[Field]:
    """A service in the lines below the matrix, the most wanted first."""
    yield from state_fields(cell, now)
    service = cell.service
    words = []
    if service.owner is not None:
        words.append(f"owner {service.owner}")
    version = version_now(cell)
    if version is not None:
        words.append(f"runs {visible(version, cells=30)}")
    if service.expected_version is not None:
        words.append(f"should run {service.expected_version}")
    if has_drift(cell):
        words.append(DRIFT)
    if words:
        yield Field("is", "  ".join(words), Ink.WARNING if has_drift(cell) else Ink.PLAIN)
    yield from need_fields(cell, needs, users, because=False)
    yield from proof_fields(cell, now)


def state_fields(cell: Cell, now: Instant) -> Iterator[Field]:
    """The state, since when, and the fact that decides it."""
    since = "" if cell.since is None else f" since {clock_time(cell.since, now.wall)}"
    as_of = "" if cell.as_of is None else f", as of {age_text(now.since(cell.as_of))} ago"
    yield Field("state", f"{cell.state.value}{since}{as_of}", STATE_INKS[cell.state])
    if cell.because:
        yield Field("because", cell.because)


def proof_fields(cell: Cell, now: Instant) -> Iterator[Field]:
    """What its probes, what runs it, and its scrape targets say, each with its age."""
    ages = [*cell.probe_ages, *[None] * len(cell.probes)]
    for result, at in zip(cell.probes, ages, strict=False):
        yield from _probe_fields(result, at, now)
    for report in cell.reports:
        yield _report_field(report, now)
    for target in cell.targets:
        yield Field("target", target.scrape_url, note=target.health.value)
        if target.last_error:
            yield Field("", target.last_error, Ink.UNKNOWN)


def release_fields(releases: Iterable[Release], now: datetime) -> Iterator[Field]:
    """What was brought out, the newest first: when, to what share of traffic, taken back."""
    for one in releases:
        when = "at a time that nobody wrote down"
        if one.at is not None:
            when = f"{one.at:%Y-%m-%d %H:%M} UTC, {age_text(now - one.at)} ago"
        words = [when, *filter(None, (share_text(one), f"by {one.by}" if one.by else ""))]
        ink = Ink.WARNING if one.rolled_back else Ink.PLAIN
        yield Field("release", Raw(one.version), ink, note=visible(", ".join(words), cells=120))


def _probe_fields(result: ProbeResult, at: Instant | None, now: Instant) -> Iterator[Field]:
    words = [result.said]
    if at is not None:
        words.append(f"{age_text(now.since(at))} ago")
    yield Field(result.probe.kind.value, ", ".join(words), _VERDICT_INKS[result.verdict])
    facts = result.facts
    for name, found in (("git sha", facts.git_sha), ("built", facts.build_time)):
        if found is not None:
            yield Field(name, found)
    for dependency in facts.dependencies:
        ok = {True: "", False: " is not OK", None: " is not known"}[dependency.ok]
        said = f"{visible(dependency.name, cells=40)}{ok}: {visible(dependency.said, cells=200)}"
        yield Field("depends", said, Ink.PLAIN if dependency.ok else Ink.FIRING)


def _report_field(report: Report, now: Instant) -> Field:
    by = f" by {report.by}" if report.by else ""
    age = f"{age_text(now.since(report.at))} ago{by}"
    return Field(report.runner.value, report.said, _VERDICT_INKS[report.verdict], note=age)


# Versions


def version_fields(cell: Cell) -> Iterator[Field]:
    """What it should run and what it runs; drift is marked."""
    wanted = cell.service.expected_version
    if wanted is not None:
        yield Field("should run", wanted)
    first: Raw | None = None
    for version in versions_of(cell):
        reference = wanted or first or version.value
        first = first or version.value
        yield _version_field(version, reference)


def sibling_fields(cell: Cell, cells: Iterable[Cell]) -> Iterator[Field]:
    """The same service elsewhere, with its version and state."""
    wanted = cell.service.expected_version or version_now(cell)
    for number, other in enumerate(siblings_of(cell.service, cells)):
        if number == _SHOWN:
            yield Field("", f"{_SHOWN} are shown, there are more", Ink.WARNING)
            return
        version = version_now(other)
        name = f"{other.service.name}@{other.service.place}"
        if version is None:
            yield Field(name, "version not known", Ink.MUTED, note=other.state.value)
            continue
        drift = wanted is not None and is_other(version, wanted)
        told = f"{visible(version, cells=60)}{f'  {DRIFT}' * drift}"
        yield Field(name, told, Ink.WARNING if drift else Ink.PLAIN, note=other.state.value)


def pod_fields(workload: Workload, wanted: str | None, now: datetime) -> Iterator[Field]:
    """A workload: how much of it is there, and every pod with its node and its reason."""
    if workload.kind.is_batch:
        yield from _batch_fields(workload, now)
    else:
        yield workload_field(workload)
    if workload.reason is not None:
        yield Field("reason", workload.reason, Ink.FIRING)
    if workload.pods is None:
        yield Field("pods", "not known", Ink.UNKNOWN)
        return
    for number, pod in enumerate(workload.pods):
        if number == _SHOWN:
            yield Field("", f"{_SHOWN} of {len(workload.pods)} pods are shown", Ink.WARNING)
            return
        yield _pod_field(pod, wanted, now)


def _batch_fields(workload: Workload, now: datetime) -> Iterator[Field]:
    """A job or a cron job: how it is, and its runs, the newest first."""
    verdict, said = batch_verdict(workload, now, "")
    ink = _VERDICT_INKS[verdict]
    told = f"{said} {WRONG}" if verdict is Verdict.UNHEALTHY else said
    yield Field(workload.name, told, ink, note=workload.kind.value)
    if workload.kind is not WorkloadKind.CRONJOB:
        return
    if workload.runs is None:
        yield Field("runs", "not known", Ink.UNKNOWN)
    for run in (workload.runs or ())[:_SHOWN]:
        when = run.ended_at or run.began_at
        words = [run.state.value]
        words += [clock_time(when, now)] if when is not None else []
        words += [visible(run.reason, cells=100)] if run.reason is not None else []
        ink = STATE_INKS[State.FIRING] if run.state is RunState.FAILED else Ink.PLAIN
        yield Field("run", ", ".join(words), ink, note=visible(run.name, cells=60))


def workload_field(workload: Workload) -> Field:
    """`2 of 3 ready, 3 of the newest revision`."""
    ready = "?" if workload.ready is None else str(workload.ready)
    desired = "?" if workload.desired is None else str(workload.desired)
    words = [f"{ready} of {desired} ready"]
    if workload.updated is not None and workload.updated != workload.desired:
        words.append(f"{workload.updated} of the newest revision")
    if workload.paused:
        words.append("paused")
    if None in (workload.ready, workload.desired):
        return Field(workload.name, ", ".join(words), Ink.UNKNOWN, note=workload.kind.value)
    short = (workload.ready or 0) < (workload.desired or 0)
    told = ", ".join(words) + f" {WRONG}" * short
    ink = STATE_INKS[State.FIRING] if short else Ink.PLAIN
    return Field(workload.name, told, ink, note=workload.kind.value)


def _pod_field(pod: Pod, wanted: str | None, now: datetime) -> Field:
    words = [visible(pod.phase, cells=40)]
    is_done = pod.phase == Raw("Succeeded")
    if pod.ready is False and not is_done:
        words.append("not ready")
    if pod.reason is not None:
        words.append(visible(pod.reason, cells=100))
    if pod.exit_code:
        words.append(f"exit {pod.exit_code}")
    if pod.restarts:
        words.append(f"{pod.restarts} restarts")
    if pod.node is not None:
        words.append(f"on {visible(pod.node, cells=60)}")
    if pod.started_at is not None:
        words.append(f"since {clock_time(pod.started_at, now)}")
    drift = False
    if pod.images:
        tag = shown_tag(pod.images[0])
        words.append(visible(tag, cells=60))
        drift = wanted is not None and is_other(tag, wanted)
    if drift:
        words.append(DRIFT)
    bad = pod.reason is not None or (pod.ready is False and not is_done)
    ink = STATE_INKS[State.FIRING] if bad else Ink.WARNING if drift else Ink.PLAIN
    return Field(pod.name, "  ".join(words) + f" {WRONG}" * bad, ink)


def _version_field(version: Version, wanted: str | Raw) -> Field:
    drift = is_other(version.value, wanted)
    told = f"{visible(version.value, cells=80)}{f'  {DRIFT}' * drift}"
    return Field("version", told, Ink.WARNING if drift else Ink.PLAIN, note=f"by {version.told_by}")


# Certificates, and what it hangs together with


def certificate_fields(cell: Cell, now: datetime) -> Iterator[Field]:
    """Each certificate that a probe met, with the days that are left."""
    for result in cell.probes:
        expires = result.tls_expires
        if expires is None:
            continue
        left = expires - now
        days = left / timedelta(days=1)
        date = f"{expires.astimezone():%Y-%m-%d}"
        if left <= timedelta():
            words, ink = f"EXPIRED {age_text(-left)} ago, on {date}", Ink.FIRING
        elif days < result.probe.tls_warn_days:
            words, ink = f"{days:.0f} days left, until {date}: SOON", Ink.WARNING
        else:
            words, ink = f"{days:.0f} days left, until {date}", Ink.PLAIN
        yield Field(result.probe.kind.value, words, ink, note=result.probe.target)


def need_fields(
    cell: Cell, needs: Sequence[Cell | None], users: Sequence[Cell], *, because: bool = True
) -> Iterator[Field]:
    """What it depends on and what depends on it, each with its state.

    Args:
        needs: of each name in `depends_on` the service, or `None` where there is none.
        because: one line each, with the fact that decides it; else all in one.
    """
    for title, names, found in (
        ("depends on", cell.service.depends_on, needs),
        ("needed by", tuple(user.service.name for user in users), users),
    ):
        pairs = list(zip(names, found, strict=True))
        worst = max((one.state for _, one in pairs if one), key=lambda s: s.badness, default=None)
        if because:
            for number, (name, one) in enumerate(pairs):
                yield _need_field(title if not number else "", name, one)
        elif pairs:
            told = ", ".join(_need_words(name, one) for name, one in pairs)
            well = worst is None or worst is State.OK
            yield Field(title, told, Ink.PLAIN if well else STATE_INKS[worst or State.OK])


def _need_field(title: str, name: str, cell: Cell | None) -> Field:
    if cell is None:
        return Field(title, f"{name}: not registered, not known", Ink.UNKNOWN)
    well = cell.state is State.OK
    told = f"{name} {cell.state.value}" + (f": {cell.because}" if cell.because else "")
    return Field(title, told, Ink.PLAIN if well else STATE_INKS[cell.state])


def _need_words(name: str, cell: Cell | None) -> str:
    if cell is None:
        return f"{name} not known"
    return name if cell.state is State.OK else f"{name} {cell.state.value}"
