"""An incident as its screen draws it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from console.actions.papers.incident_fields import FIELDS, PROSE
from console.model.incident import ActionItem, Clocks, Incident, IncidentState, clocks_of, disorder
from console.model.nag import Nag
from console.model.papers import IncidentPaper, Papers
from console.model.snapshot import KnownAlert, Snapshot, SourceKind
from console.model.state import State
from console.model.words import age_text, countdown_text, many
from console.safety.text import Raw, visible
from screens.paper_file import Kept, file_fields
from screens.paper_runs import NO_RUNS, PaperRuns, run_fields
from screens.sections import section, state_words
from widgets.detail import Blank, Field, Paragraph, Part, SpanLine, Title
from widgets.paint import STATE_INKS, Span
from widgets.theme import Ink

SHOWN: Final = 20
"""Alerts that are named one by one."""
_CAPTIONS: Final = {one.name: one.caption for one in FIELDS}
_STATE_INKS: Final = {
    IncidentState.OPEN: Ink.FIRING,
    IncidentState.MITIGATED: Ink.STALE,
    IncidentState.RESOLVED: Ink.OK,
    IncidentState.POST_MORTEM_DUE: Ink.WARNING,
    IncidentState.CLOSED: Ink.MUTED,
}
_TELLS: Final = (SourceKind.ALERTMANAGER, SourceKind.PROMETHEUS)
"""Kinds of sources that tell of alerts: while one is dark, that none is there proves nothing."""
_SEVERITY_INKS: Final = (Ink.P0, Ink.P1, Ink.P2, Ink.P3)


class Running(msgspec.Struct, frozen=True):
    """One of the four clocks: how long it took, or takes already."""

    name: str
    taken: timedelta | None
    """`None`: not known."""
    runs: bool = False


def clocks_at(incident: Incident, now: datetime) -> tuple[Running, ...]:
    """TTD, TTA, TTM and TTR, those that have no end yet up to `now`."""
    taken: Clocks = clocks_of(incident)
    started, detected = incident.started, incident.detected
    goes_on = incident.is_ongoing
    is_open = incident.state is IncidentState.OPEN
    return (
        _running("TTD", taken.to_detect, started, goes_on and detected is None, now),
        _running(
            "TTA", taken.to_acknowledge, detected, goes_on and incident.acknowledged is None, now
        ),
        _running("TTM", taken.to_mitigate, started, is_open and incident.mitigated is None, now),
        _running("TTR", taken.to_resolve, started, goes_on and incident.resolved is None, now),
    )


def _running(
    name: str, taken: timedelta | None, since: datetime | None, runs: bool, now: datetime
) -> Running:
    if taken is None and runs and since is not None:
        return Running(name, max(now - since, timedelta()), runs=True)
    return Running(name, taken)


def incident_parts(
    paper: IncidentPaper,
    papers: Papers,
    snapshot: Snapshot | None,
    now: datetime,
    kept: Kept,
    runs: PaperRuns = NO_RUNS,
) -> tuple[Part, ...]:
    """Everything about it, what has to be acted on first."""
    incident = paper.incident
    parts: list[Part] = [*_head(incident, now)]
    if paper.faults:
        said = [Field("", fault, Ink.WARNING) for fault in paper.faults]
        parts += section("the file has faults: mend it with E, before anything is written", said)
    owed = [one for one in papers.nags if one.incident == incident.id]
    parts += section("owed", _owed(owed, now))
    parts += section("its alerts", _alerts(incident, snapshot))
    parts += section("runbooks: o opens a run", run_fields(runs, now))
    parts += section("5 W, 1 H", _prose(incident))
    parts += section("action items", _items(incident.actions))
    parts += section("who", _people(incident))
    parts += section("facts", _facts(incident, papers))
    if kept.timeline:
        lines = [Paragraph(Raw(line)) for line in kept.timeline.splitlines()]
        parts += [Title((("timeline", Ink.HEADING),)), *lines, Blank()]
    parts += section("the file", file_fields(paper, kept))
    return tuple(parts)


def _head(incident: Incident, now: datetime) -> Iterator[Part]:
    severity = incident.severity
    spans: list[Span] = [
        (incident.id, Ink.KEY),
        ("  ", Ink.PLAIN),
        (str(incident.state), _STATE_INKS[incident.state]),
        ("  ", Ink.PLAIN),
        ("no severity", Ink.WARNING)
        if severity is None
        else (str(severity), _SEVERITY_INKS[severity]),
        (f"  led by {visible(incident.lead, cells=30)}", Ink.PLAIN)
        if incident.lead
        else ("  nobody leads it", Ink.WARNING),
        (f"  {visible(incident.environment, cells=20)}", Ink.MUTED),
    ]
    yield SpanLine(tuple(spans))
    yield Paragraph(Raw(incident.title), Ink.STRONG)
    clocks: list[Span] = []
    for one in clocks_at(incident, now):
        shown = "-" if one.taken is None else age_text(one.taken)
        clocks += [(f"{one.name} ", Ink.NAME), (shown, Ink.STRONG if one.runs else Ink.PLAIN)]
        clocks.append((" running  " if one.runs else "  ", Ink.MUTED))
    yield SpanLine(tuple(clocks))
    for sentence in disorder(incident):
        yield Paragraph(f"the clocks cannot be: {sentence}", Ink.WARNING)
    yield Blank()


def _owed(owed: Sequence[Nag], now: datetime) -> Iterator[Field]:
    for one in sorted(owed, key=lambda nag: nag.due):
        left = one.left(now)
        who = f", {one.owner}" if one.owner else ""
        ink = Ink.BREACHED if one.is_overdue(now) else Ink.WARNING
        when = f"overdue by {age_text(-left)}" if one.is_overdue(now) else countdown_text(left)
        yield Field(when, f"{one.text}{who}", ink)


def linked(incident: Incident, snapshot: Snapshot) -> tuple[KnownAlert, ...]:
    """Those of its alerts that are known now, also by what was folded into another."""
    wanted = set(incident.alerts)
    return tuple(
        known
        for known in snapshot.alerts
        if known.key in wanted or not wanted.isdisjoint(known.duplicates)
    )


def _alerts(incident: Incident, snapshot: Snapshot | None) -> Iterator[Field]:
    if not incident.alerts:
        return
    if snapshot is None or not snapshot.complete:
        yield Field("", f"{many(len(incident.alerts), 'alert')}: not every source was asked yet")
        return
    known = linked(incident, snapshot)
    for one in known[:SHOWN]:
        words = state_words(one.state, one.standing)
        labels = one.alert.labels.without(frozenset({"alertname"})).written
        yield Field(one.alert.name, words, STATE_INKS[one.state], note=visible(labels, cells=60))
    if len(known) > SHOWN:
        yield Field("", f"and {len(known) - SHOWN} more", Ink.MUTED)
    wanted = set(incident.alerts)
    for gone in snapshot.resolved:
        if gone.alert.fingerprint in wanted:
            yield Field(gone.alert.name, f"resolved {gone.at:%Y-%m-%d %H:%M} UTC", Ink.OK)
    if known:
        return
    blind = [
        one.name
        for one in snapshot.whole_sources
        if one.kind in _TELLS and one.state is not State.OK
    ]
    if wanted.issubset(gone.alert.fingerprint for gone in snapshot.resolved):
        said = "its alerts have resolved"
    elif blind:
        asked = f"no usable answer from {visible(', '.join(blind), cells=60)}"
        yield Field("", f"not known whether its alerts have resolved: {asked}", Ink.UNKNOWN)
        return
    else:
        said = f"none of {many(len(incident.alerts), 'alert')} fires now"
    if incident.state is IncidentState.OPEN:
        yield Field("", f"{said}: m says mitigated", Ink.WARNING)
    else:
        yield Field("", said, Ink.MUTED)


def _prose(incident: Incident) -> Iterator[Field]:
    for name in PROSE:
        text = getattr(incident.prose, name)
        if text.strip():
            yield Field(_CAPTIONS[name], Raw(text))
    if incident.is_ongoing:
        return
    if not incident.prose.why.strip():
        yield Field("why", "not filled in yet: it has to stand before closing", Ink.WARNING)


def _items(items: Iterable[ActionItem]) -> Iterator[Field]:
    for number, one in enumerate(items, start=1):
        box = "[x]" if one.done is not None else "[ ]"
        notes = [str(one.kind)] if one.kind is not None else []
        notes.append(visible(one.owner, cells=30) if one.owner else "nobody has it")
        if one.done is not None:
            notes.append(f"done {one.done:%Y-%m-%d}")
        elif one.due is not None:
            notes.append(f"due {one.due.isoformat()}")
        if one.link:
            notes.append(visible(one.link, cells=60))
        ink = Ink.MUTED if one.done is not None else Ink.PLAIN
        yield Field(f"{box} {number}", Raw(one.text), ink, note=", ".join(notes))


def _people(incident: Incident) -> Iterator[Field]:
    for name in ("lead", "scribe", "liaison", "reporter"):
        person = getattr(incident, name)
        if person:
            yield Field(name, Raw(person))
    if incident.participants:
        yield Field("with", Raw(", ".join(incident.participants)))


def _facts(incident: Incident, papers: Papers) -> Iterator[Field]:
    for name in ("services", "hosts"):
        names = getattr(incident, name)
        if names:
            yield Field(name, Raw(", ".join(names)))
    for name in (
        "opened",
        "started",
        "detected",
        "acknowledged",
        "mitigated",
        "resolved",
        "closed",
    ):
        at = getattr(incident, name)
        if at is not None:
            yield Field(name, _utc(at))
    impact = incident.impact
    hurt = [
        f"{impact.users:,} users" if impact.users is not None else "",
        f"{impact.failed_requests:,} failed requests" if impact.failed_requests is not None else "",
        f"{impact.budget_percent:g} % of the budget" if impact.budget_percent is not None else "",
        ""
        if impact.sla_breached is None
        else f"SLA {'' if impact.sla_breached else 'not '}breached",
    ]
    if any(hurt):
        yield Field("hurt", ", ".join(filter(None, hurt)))
    meeting = incident.post_mortem
    if meeting.meeting is not None:
        yield Field("meeting", f"planned for {_utc(meeting.meeting)}")
    if meeting.held is not None:
        there = f"with {', '.join(meeting.attended)}" if meeting.attended else ""
        yield Field("", f"held {_utc(meeting.held)}", note=visible(there, cells=100))
    for one in incident.changes:
        change = papers.change(one)
        note = (
            ""
            if change is None
            else visible(f"{change.change.state}: {change.change.title}", cells=70)
        )
        yield Field("change", Raw(one), note=note)
    for one in incident.related:
        other = papers.incident(one)
        note = (
            ""
            if other is None
            else visible(f"{other.incident.state}: {other.incident.title}", cells=70)
        )
        yield Field("related", Raw(one), note=note)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
