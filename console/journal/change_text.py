"""Change requests as documents: what the console writes into them of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from config.durations import duration_text
from console.journal.language import Language, word
from console.journal.paper_text import PaperText
from console.journal.timeline import moment
from console.model.change import Change, ChangeProse, approvers_of
from console.model.markdown import code, escaped, fenced
from console.safety.text import visible


def _plan(change: Change, language: Language) -> Iterator[str]:
    plan, nobody = change.plan, word("nobody", language)

    def fact(key: str, value: str) -> str:
        return f"- **{word(key, language)}**: {value}"

    yield fact("state", escaped(change.state))
    yield fact("kind", escaped(plan.kind) + (f" {code(plan.template)}" if plan.template else ""))
    for name in ("services", "hosts"):
        if getattr(plan, name):
            yield fact(name, ", ".join(map(code, getattr(plan, name))))
    if plan.environment:
        yield fact("environment", code(plan.environment))
    if plan.version:
        share = f", {plan.traffic_percent:g} %" if plan.traffic_percent is not None else ""
        yield fact("version", code(plan.version) + share)
    yield fact("risk", escaped(plan.risk.level or word("unknown", language)))
    if plan.window is not None:
        yield fact("window", f"{moment(plan.window.start)} — {moment(plan.window.end)}")
    if plan.expected_downtime is not None:
        yield fact("downtime", duration_text(plan.expected_downtime))
    if plan.expected_alerts:
        yield fact("expected-alerts", ", ".join(map(code, plan.expected_alerts)))
    for name, person in (
        ("author", change.author),
        ("executor", plan.executor),
        ("reviewer", plan.reviewer),
    ):
        yield fact(name, escaped(person) or nobody)
    yield fact("approved-by", ", ".join(map(escaped, approvers_of(change))) or nobody)
    accepts = escaped(plan.acceptance.by) or nobody
    if plan.acceptance.after is not None:
        accepts += f", {duration_text(plan.acceptance.after)}"
    yield fact("acceptance", accepts)
    if plan.rollback.trigger:
        yield fact("rollback-trigger", escaped(plan.rollback.trigger))
    if change.incidents:
        yield fact("incidents", ", ".join(map(code, change.incidents)))
    if plan.runbook:
        yield fact("runbook", code(plan.runbook))
    verification = "\n".join(plan.verification)
    for name, text in (
        ("steps", plan.steps),
        ("rollback", plan.rollback.steps),
        ("verification", verification),
    ):
        if text.strip():
            yield ""
            yield f"**{word(name, language)}**"
            yield ""
            yield from fenced(visible(text, lines=True).split("\n"))


def _unapproved(change: Change) -> Change:
    # What cannot be read could be what the approval was about.
    return msgspec.structs.replace(change, approvals=(), exceptions=())


CHANGES: Final = PaperText(
    "change",
    Change,
    tuple((name, "change" if name == "what" else name) for name in ChangeProse.__struct_fields__),
    (("plan", _plan),),
    doubted=_unapproved,
)
