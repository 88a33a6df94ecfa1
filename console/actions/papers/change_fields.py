"""What the form of a change asks for, and how a change stands in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from config.durations import duration_text
from console.actions.papers.fields import Field
from console.actions.papers.window import END, START, ZONE, window_text, window_words
from console.model.change import Change, ChangeKind, ChangeProse, Likelihood

_KINDS: Final = tuple(str(each) for each in ChangeKind)
_LEVELS: Final = tuple(str(each) for each in Likelihood)

FIELDS: Final[tuple[Field, ...]] = (
    Field("title", "title", "What is changed, in a few words."),
    Field("kind", "kind", "standard, normal or emergency.", choices=_KINDS),
    Field("template", "template", "Of a standard change: the approved template it follows."),
    Field("services", "services", "One service a line.", is_list=True),
    Field("hosts", "hosts", "One host a line.", is_list=True),
    Field("environment", "environ.", "Where: prod, staging."),
    Field("reason", "reason", "Why, and what it costs not to do it.", is_long=True),
    Field("what", "what", "What is different afterwards.", is_long=True),
    Field("steps", "steps", "The exact commands, one a line.", is_long=True),
    Field("runbook", "runbook", "Or the runbook that has them."),
    Field("version", "version", "What is released."),
    Field("traffic_percent", "traffic %", "The share of traffic that it gets: 10."),
    Field("risk_likelihood", "likely", "How likely it goes wrong.", choices=_LEVELS),
    Field("risk_impact", "how bad", "How bad that would be.", choices=_LEVELS),
    Field("risk_override", "override", "The risk, where it is not those two.", choices=_LEVELS),
    Field("risk_reason", "because", "Why the risk is overridden."),
    Field("impact", "impact", "Who notices, and what.", is_long=True),
    Field("expected_alerts", "alerts", "Alerts that will fire, one a line.", is_list=True),
    Field("expected_downtime", "down for", "How long it does not serve: 0s, 5m."),
    Field("expected_degraded", "degraded", "How long it serves worse: 30m."),
    Field(
        "silence", "silence", 'Matchers of its silence, one a line: service="redis".', is_list=True
    ),
    Field(START, "from", "When it may begin: 2026-11-23 02:00."),
    Field(END, "until", "When it is over: 04:00, +2h or 2026-11-23 04:00."),
    Field(ZONE, "zone", "In which zone that is: Asia/Taipei; empty is UTC."),
    Field("rollback", "rollback", "How it is undone: the exact commands.", is_long=True),
    Field("rollback_takes", "takes", "How long the rollback takes: 10m."),
    Field("rollback_trigger", "trigger", "What means roll back: p95 of shop above 2 s for 5 min."),
    Field("verification", "verify", "Conditions, one a line: [STATUS] == 200", is_list=True),
    Field("accepts", "accepts", "Who says that it is good."),
    Field("observed", "watched", "After how long of watching: 1h, 7d."),
    Field("executor", "executor", "Who carries it out."),
    Field("reviewer", "reviewer", "Who looks over it: not the one who carries it out."),
    Field("evidence", "evidence", "How it was tried before.", is_long=True),
    Field("incidents", "incidents", "Incidents that it is about, one id a line.", is_list=True),
    Field("related", "related", "Other changes, one id a line.", is_list=True),
    Field("result", "result", "What came of it.", is_long=True),
    Field("notes", "notes", "Anything else.", is_long=True),
)
PROSE: Final = ChangeProse.__struct_fields__
"""Fields that no approval depends on, beside `OUTSIDE`."""
OUTSIDE: Final = frozenset({"title", "incidents", "related"})
PLANNED: Final = frozenset(one.name for one in FIELDS) - OUTSIDE - frozenset(PROSE)
"""Fields of the plan: what an approval is bound to."""


def typed_of(change: Change) -> dict[str, str]:
    """How `change` stands in the form: every field by its name, raw.

    What is read back from it by `judged` is `change` again, to the last character.
    """
    plan = change.plan
    start, end = window_text(plan.window, plan.timezone)
    return {
        "title": change.title,
        "kind": plan.kind,
        "template": plan.template,
        "services": _listed(plan.services),
        "hosts": _listed(plan.hosts),
        "environment": plan.environment,
        "reason": change.prose.reason,
        "what": change.prose.what,
        "steps": plan.steps,
        "runbook": plan.runbook,
        "version": plan.version,
        "traffic_percent": _number(plan.traffic_percent),
        "risk_likelihood": plan.risk.likelihood or "",
        "risk_impact": plan.risk.impact or "",
        "risk_override": plan.risk.override or "",
        "risk_reason": plan.risk.reason,
        "impact": change.prose.impact,
        "expected_alerts": _listed(plan.expected_alerts),
        "expected_downtime": _lasting(plan.expected_downtime),
        "expected_degraded": _lasting(plan.expected_degraded),
        "silence": _listed(plan.silence),
        START: start,
        END: end,
        ZONE: plan.timezone,
        "rollback": plan.rollback.steps,
        "rollback_takes": _lasting(plan.rollback.takes),
        "rollback_trigger": plan.rollback.trigger,
        "verification": _listed(plan.verification),
        "accepts": plan.acceptance.by,
        "observed": _lasting(plan.acceptance.after),
        "executor": plan.executor,
        "reviewer": plan.reviewer,
        "evidence": change.prose.evidence,
        "incidents": _listed(change.incidents),
        "related": _listed(change.related),
        "result": change.prose.result,
        "notes": change.prose.notes,
    }


def remarks_on(change: Change) -> dict[str, str]:
    """What follows from what is typed, by the field that it stands beside; safe to show."""
    said = {}
    if change.plan.window is not None:
        said[END] = window_words(change.plan.window)
    level = change.plan.risk.level
    if level is not None:
        field = "risk_impact" if change.plan.risk.override is None else "risk_override"
        said[field] = f"risk: {level}"
    return said


def _listed(items: Iterable[str]) -> str:
    return "\n".join(items)


def _lasting(duration: timedelta | None) -> str:
    return "" if duration is None else duration_text(duration)


def _number(number: float | None) -> str:
    return "" if number is None else repr(number).removesuffix(".0")
