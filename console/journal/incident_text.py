"""Incidents as documents: what the console writes into them of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from config.durations import duration_text
from console.journal.account import account_of_how, account_of_when
from console.journal.language import Language, word
from console.journal.paper_text import PaperText
from console.journal.timeline import link_of, moment
from console.model.incident import Impact, Incident, IncidentProse, clocks_of
from console.model.markdown import code, escaped


def _facts(incident: Incident, language: Language) -> Iterator[str]:
    unknown = word("unknown", language)
    severity = str(incident.severity) if incident.severity is not None else unknown
    yield _fact("state", escaped(incident.state), language)
    yield _fact("severity", severity, language)
    for name in ("services", "hosts", "changes", "runs"):
        words = getattr(incident, name)
        if words:
            yield _fact(name, ", ".join(map(code, words)), language)
    if incident.environment:
        yield _fact("environment", code(incident.environment), language)
    yield _fact("lead", escaped(incident.lead) or word("nobody", language), language)
    for name in ("scribe", "liaison", "reporter"):
        if getattr(incident, name):
            yield _fact(name, escaped(getattr(incident, name)), language)
    if incident.participants:
        yield _fact("participants", ", ".join(map(escaped, incident.participants)), language)
    for name in ("started", "detected", "acknowledged", "mitigated", "resolved", "closed"):
        at = getattr(incident, name)
        if at is not None:
            yield _fact(name, moment(at), language)
    clocks = clocks_of(incident)
    for name, taken in (
        ("ttd", clocks.to_detect),
        ("tta", clocks.to_acknowledge),
        ("ttm", clocks.to_mitigate),
        ("ttr", clocks.to_resolve),
    ):
        if taken is not None:
            yield _fact(name, duration_text(taken), language)
    yield from _impact(incident.impact, language)
    if incident.post_mortem.held is not None:
        yield _fact("post-mortem", moment(incident.post_mortem.held), language)


def _impact(impact: Impact, language: Language) -> Iterator[str]:
    for name, count in (("users", impact.users), ("failed-requests", impact.failed_requests)):
        if count is not None:
            yield _fact(name, f"{count:,}", language)
    if impact.budget_percent is not None:
        yield _fact("budget", f"{impact.budget_percent:g} %", language)
    if impact.sla_breached is not None:
        yield _fact("sla", word("yes" if impact.sla_breached else "no", language), language)


def _fact(key: str, value: str, language: Language) -> str:
    return f"- **{word(key, language)}**: {value}"


def _actions(incident: Incident, language: Language) -> Iterator[str]:
    for item in incident.actions:
        parts = [f"- [{'x' if item.done else ' '}] {escaped(item.text)}"]
        if item.kind is not None:
            parts.append(f"({item.kind})")
        parts.append(f"— {escaped(item.owner) or word('nobody', language)}")
        if item.due is not None:
            parts.append(f"{word('due', language)} {item.due.isoformat()}")
        if item.done is not None:
            parts.append(f"{word('done', language)} {moment(item.done)}")
        if item.link:
            parts.append(link_of(item.link, word("evidence-link", language)))
        yield " ".join(parts)
    if not incident.actions:
        yield word("none", language)


INCIDENTS: Final = PaperText(
    "incident",
    Incident,
    tuple((name, name.replace("_", "-")) for name in IncidentProse.__struct_fields__),
    (("facts", _facts), ("actions", _actions)),
    (("when", account_of_when), ("how", account_of_how)),
)
