"""What the detail of a row says, as sections of lines: words only, nothing drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from console.engine.questions import RuleOf, ValueNow, rule_of
from console.model.alert import Alert, Silence
from console.model.failure import Failure
from console.model.snapshot import KnownAlert, Snapshot
from console.model.state import State
from console.model.words import age_text, breach_text, clock_time
from console.model.worklist import Clocks, Row
from console.safety.text import Raw
from screens.sections import failure_facts, section, state_words
from screens.service_facts import cell_facts
from widgets.detail import Field, Part
from widgets.paint import PRIORITY_INKS, STATE_INKS
from widgets.theme import Ink

SHOWN_ALERTS = 200
"""Alerts of a group that the detail lists; what is more is said as a number."""


def parts_of(row: Row, snapshot: Snapshot, value: ValueNow | None = None) -> list[Part]:
    """All that is known about a row, the most wanted first."""
    now = snapshot.at.wall
    parts = [*section("row", _row_facts(row, now))]
    if row.failure is not None:
        parts += section("source", failure_facts(row.failure))
    cell = snapshot.cell(row.cell)
    if cell is not None:
        parts += section("service", cell_facts(cell, snapshot))
    if not row.alerts:
        return parts
    first = row.alerts[0]
    if len(row.alerts) > 1:
        parts += section(_group_title(row), _group_facts(row, now))
    parts += section("rule", _rule_facts(rule_of(first, snapshot), value, first, now))
    parts += section("covered by", _silence_facts(first, snapshot, now))
    parts += section("annotations", _pairs(first.alert.annotations.items()))
    parts += section("links", _link_facts(first.alert))
    parts += section("labels", _pairs(first.alert.labels.items()))
    parts += section("origin", _origin_facts(first, now))
    return parts


def _row_facts(row: Row, now: datetime) -> Iterator[Field]:
    yield Field("what", row.title, PRIORITY_INKS[row.priority])
    if row.where:
        yield Field("where", row.where)
    if row.summary:
        yield Field("summary", row.summary)
    since = f"{clock_time(row.since, now)}, {age_text(now - row.since)} ago"
    if row.owed:
        yield Field("since", since)
        yield from _owed_facts(row, now)
        return
    yield Field("state", state_words(row.state, row.standing), STATE_INKS[row.state])
    yield Field("since", since)
    if row.clocks is not None:
        yield from _clock_facts(row.clocks, now)
    if row.acked_by is not None:
        yield Field("acked by", row.acked_by)
        if row.acked_at is not None:
            yield Field("", f"{age_text(now - row.acked_at)} ago")
    elif row.acked_count:
        yield Field("acked", f"{row.acked_count} of {row.count}")
    runbook = row.alerts[0].alert.runbook if row.alerts else None
    if runbook is not None:
        yield Field("runbook", runbook)
    for known in row.alerts[:1]:
        if known.why:
            yield Field("why", known.why, STATE_INKS[known.state])


def _owed_facts(row: Row, now: datetime) -> Iterator[Field]:
    if row.document:
        yield Field("document", row.document)
    for nag in row.owed:
        yield Field("owed", nag.text)
        ink = Ink.BREACHED if nag.is_overdue(now) else Ink.PLAIN
        when = f"{breach_text(nag.left(now))}, by {clock_time(nag.due, now)}"
        yield Field("", f"{nag.owner or 'nobody has it'}: {when}", ink)


def _clock_facts(clocks: Clocks, now: datetime) -> Iterator[Field]:
    if clocks.responded_at is None:
        left = clocks.respond_by - now
        at = clock_time(clocks.respond_by, now)
        ink = Ink.BREACHED if left < timedelta(0) else Ink.PLAIN
        yield Field("respond", f"{breach_text(left)}, by {at}", ink)
    else:
        yield Field("respond", f"done at {clock_time(clocks.responded_at, now)}")
    left = clocks.resolve_by - now
    ink = Ink.BREACHED if left < timedelta(0) else Ink.PLAIN
    yield Field("resolve", f"{breach_text(left)}, by {clock_time(clocks.resolve_by, now)}", ink)


def _group_title(row: Row) -> str:
    if row.count > SHOWN_ALERTS:
        return f"alerts, {SHOWN_ALERTS} of {row.count:,}"
    return f"alerts, {row.count}"


def _group_facts(row: Row, now: datetime) -> Iterator[Field]:
    for name, value, count in row.shared:
        yield Field(f"shared {name}", value)
        yield Field("", f"on {count:,} of {row.count:,}", Ink.MUTED)
    for known in row.alerts[:SHOWN_ALERTS]:
        instance = known.alert.labels.value_of("instance")
        yield Field(known.alert.name, instance or Raw(known.key))
        words = state_words(known.state, known.standing)
        yield Field("", f"{words}, {age_text(now - known.alert.starts_at)}", Ink.MUTED)


def _rule_facts(
    rule: RuleOf | None, value: ValueNow | None, known: KnownAlert, now: datetime
) -> Iterator[Field]:
    if rule is None:
        yield Field("rule", "no Prometheus among the sources has a rule of this name", Ink.MUTED)
        return
    yield Field("expression", rule.rule.query)
    yield Field("for", age_text(rule.rule.duration))
    yield Field("health", f"{rule.rule.health.value} in {rule.source}")
    if rule.rule.last_error:
        yield Field("", rule.rule.last_error, STATE_INKS[State.UNKNOWN])
    if rule.rule.last_evaluation is not None:
        yield Field("evaluated", f"{age_text(now - rule.rule.last_evaluation)} ago")
    if value is None:
        yield Field("value now", "asking…", Ink.MUTED)
    elif isinstance(value.answer, Failure):
        yield Field("value now", value.answer.cause, STATE_INKS[State.UNKNOWN])
    else:
        labels = known.alert.labels
        own = [
            sample
            for sample in value.answer.samples
            if labels.covers(sample.labels.without(frozenset({"__name__"})))
        ]
        if own:
            yield Field("value now", f"{own[0].value:g}")
        else:
            yield Field("value now", "none: the expression is not true at this moment")
        for warning in value.answer.warnings:
            yield Field("partial", warning, STATE_INKS[State.UNKNOWN])


def _silence_facts(known: KnownAlert, snapshot: Snapshot, now: datetime) -> Iterator[Field]:
    held = {silence.id: silence for silence in snapshot.silences}
    for silence_id in known.silences:
        silence = held.get(silence_id)
        if silence is None:
            yield Field("silence", f"{silence_id}, not in the list of silences")
        else:
            yield from _one_silence(silence, now)
    for fingerprint in known.alert.inhibited_by:
        inhibitor = next((k for k in snapshot.alerts if k.key == fingerprint), None)
        if inhibitor is None:
            yield Field("inhibited by", fingerprint)
        else:
            yield Field("inhibited by", inhibitor.alert.name)
            yield Field("", inhibitor.alert.labels.value_of("instance"))
    for interval in known.alert.muted_by:
        yield Field("muted by", interval)


def _one_silence(silence: Silence, now: datetime) -> Iterator[Field]:
    yield Field("silence", silence.comment or Raw("no comment"))
    yield Field("by", silence.created_by)
    yield Field("ends", f"{clock_time(silence.ends_at, now)}, in {age_text(silence.ends_at - now)}")
    for matcher in silence.matchers:
        yield Field("matcher" if matcher is silence.matchers[0] else "", matcher.written)


def _link_facts(alert: Alert) -> Iterator[Field]:
    for name, url in alert.links:
        yield Field(Raw(name), url)


def _origin_facts(known: KnownAlert, now: datetime) -> Iterator[Field]:
    alert = known.alert
    yield Field("fingerprint", alert.fingerprint)
    yield Field("cluster", alert.cluster)
    if known.seen_by[1] > 1:
        yield Field("seen by", f"{known.seen_by[0]} of {known.seen_by[1]} members")
    if known.owner is not None:
        yield Field("sent by", known.owner)
    for receiver in alert.receivers:
        yield Field("receiver", receiver)
    yield Field("started", clock_time(alert.starts_at, now))
    if alert.updated_at is not None:
        yield Field("told again", f"{age_text(now - alert.updated_at)} ago")
    if alert.ends_at is not None:
        yield Field("ends by itself", clock_time(alert.ends_at, now))
    if known.duplicates:
        yield Field("duplicates", ", ".join(known.duplicates))
    if alert.over_cap:
        yield Field(
            "cut", "a label was too long and has been cut; it cannot be acked", Ink.BREACHED
        )


def _pairs(items: Iterable[tuple[str, Raw]]) -> tuple[Field, ...]:
    facts = tuple(Field(Raw(name), value) for name, value in sorted(items, key=lambda p: p[0]))
    return facts or (Field("", "none", Ink.MUTED),)
