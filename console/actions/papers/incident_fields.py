"""What the form of an incident asks for, in the order of 3 a.m., and how it stands in it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Final

from console.actions.papers.action_items import items_text
from console.actions.papers.fields import Field
from console.actions.papers.moments import moment_text
from console.model.incident import Detection, Incident, IncidentProse
from console.model.state import Priority

_WHEN: Final = "03:14, 2026-11-22 03:14 or 5m ago"
WHAT: Final = Field("what", "what", "One sentence: symptom, service, effect.", is_long=True)

FIELDS: Final[tuple[Field, ...]] = (
    Field("title", "title", "A few words: redis is down."),
    WHAT,
    Field("services", "services", "One service a line.", is_list=True),
    Field("hosts", "hosts", "One host a line.", is_list=True),
    Field("where", "where", "Anything else about where.", is_long=True),
    Field("started", "started", f"When it began: {_WHEN}."),
    Field("detected", "detected", f"When it was known: {_WHEN}."),
    Field("acknowledged", "acked", f"When a person took it: {_WHEN}."),
    Field("mitigated", "mitigated", f"When its users were well again: {_WHEN}."),
    Field("resolved", "resolved", f"When it was over: {_WHEN}."),
    Field("when", "when", "Anything else about when.", is_long=True),
    Field("lead", "lead", "Who leads it."),
    Field("scribe", "scribe", "Who writes."),
    Field("liaison", "liaison", "Who speaks to those outside."),
    Field("participants", "with", "Who else took part, one a line.", is_list=True),
    Field("reporter", "reporter", "Who reported it."),
    Field("who", "who", "Roles and those affected, never blame.", is_long=True),
    Field("how", "how", "How it was noticed, and what was done.", is_long=True),
    Field("why", "why", "Unknown yet is fine; it has to stand before closing.", is_long=True),
    Field("severity", "severity", "How bad it is.", choices=tuple(str(one) for one in Priority)),
    Field("detected_by", "known by", "How it came to be known.", choices=tuple(Detection)),
    Field("impact", "impact", "Whom it hurt, and how.", is_long=True),
    Field("users", "users", "How many users it hurt: 1200."),
    Field("failed_requests", "requests", "How many requests failed: 53000."),
    Field("budget_percent", "budget %", "Of the error budget, spent on it: 12.5."),
    Field("sla_breached", "SLA", "Was it breached?", choices=("yes", "no")),
    Field("trigger", "trigger", "What set it off.", is_long=True),
    Field("factors", "factors", "What contributed, apart from that.", is_long=True),
    Field("resolution", "mended by", "What mended it; for now or for good.", is_long=True),
    Field("went_well", "well", "What went well.", is_long=True),
    Field("went_badly", "badly", "What went badly.", is_long=True),
    Field("luck", "luck", "Where luck helped, or did not.", is_long=True),
    Field("not_done", "not done", "What was decided against, and because of what.", is_long=True),
    Field(
        "actions",
        "actions",
        "One a line: Add an alert on ... (preventative) @mei due 2026-12-01; [x] when done.",
        is_list=True,
    ),
    Field("meeting", "meeting", "For when the post-mortem is planned: 2026-11-23 10:00."),
    Field("held", "held", "When the post-mortem was held: 2026-11-23 10:00."),
    Field("attended", "attended", "Who was there, one a line.", is_list=True),
    Field("alerts", "alerts", "Fingerprints of its alerts, one a line.", is_list=True),
    Field("changes", "changes", "Changes that it is about, one id a line.", is_list=True),
    Field("related", "related", "Other incidents, one id a line.", is_list=True),
)
SECTIONS: Final[Mapping[str, str]] = {
    "title": "What",
    "services": "Where",
    "started": "When",
    "lead": "Who",
    "how": "How and why",
    "severity": "How bad",
    "trigger": "What led to it, and what mended it",
    "went_well": "What is learned",
    "actions": "What is to be done",
    "meeting": "Post-mortem",
    "alerts": "What belongs to it",
}
"""Headings, by the field that they stand in front of."""
SHORT: Final[tuple[Field, ...]] = (
    Field("what", "what", "One sentence: symptom, service, effect."),
    Field("where", "where", "redis@data-1, api; or in words."),
)
"""All that opening one asks for."""

PROSE: Final = IncidentProse.__struct_fields__
TIMES: Final = ("started", "detected", "acknowledged", "mitigated", "resolved")
PEOPLE: Final = ("lead", "scribe", "liaison", "reporter")
NAMES: Final = ("services", "hosts", "alerts", "changes", "related")
"""Lists whose names hold neither blanks nor commas."""
NUMBERS: Final = ("users", "failed_requests", "budget_percent")


def typed_of(incident: Incident, zone: tzinfo) -> dict[str, str]:
    """`incident` as it stands in the form, by the names of the fields."""
    typed = {name: getattr(incident.prose, name) for name in PROSE}
    typed |= {name: moment_text(getattr(incident, name), zone) for name in TIMES}
    typed |= {name: getattr(incident, name) for name in PEOPLE}
    typed |= {name: "\n".join(getattr(incident, name)) for name in (*NAMES, "participants")}
    typed |= {name: number_text(getattr(incident.impact, name)) for name in NUMBERS}
    meeting = incident.post_mortem
    return {
        **typed,
        "title": incident.title,
        "severity": _or_nothing(incident.severity, str),
        "detected_by": _or_nothing(incident.detected_by, str),
        "sla_breached": _or_nothing(
            incident.impact.sla_breached, lambda yes: "yes" if yes else "no"
        ),
        "actions": items_text(incident.actions, zone),
        "meeting": moment_text(meeting.meeting, zone),
        "held": moment_text(meeting.held, zone),
        "attended": "\n".join(meeting.attended),
    }


def number_text(number: float | None) -> str:
    """`1200`, `12.5`; empty for `None`."""
    if number is None:
        return ""
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else repr(number)


def _or_nothing(found: Any, text: Callable[[Any], str]) -> str:
    return "" if found is None else text(found)
