"""Incidents and changes as hypothesis makes them, with every field in use."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from console.model.change import (
    Acceptance,
    Approval,
    Change,
    ChangeKind,
    ChangeProse,
    ChangeState,
    FreezeException,
    Likelihood,
    Plan,
    Review,
    Risk,
    Rollback,
)
from console.model.freeze import Period
from console.model.incident import (
    ActionItem,
    ActionKind,
    Detection,
    Impact,
    Incident,
    IncidentProse,
    IncidentState,
    PostMortem,
)
from console.model.state import Priority
from tests.hostile import ATTACKS

MARKS = (
    "<!-- oncall:why -->",
    "## x <!-- oncall:reason -->",
    "## x <!-- oncall\\:why -->",
    "<!-- oncall:end timeline -->",
    "a\n<!-- oncall:end plan -->\nb",
    "<!-- oncall:from events -->",
    "a\n<!-- oncall:to here -->\nb",
    "a\n## x <!-- oncall:plan -->",
)
WORDS = ("null", "~", "yes", "no", "0x1f", "012", "1e3", "2026-11-22", "- a", "a: b", "# c", "{}")
TRICKS = tuple(
    text
    for text in (
        *ATTACKS,
        *WORDS,
        *MARKS,
        *MARKS,
        *MARKS,
        "---",
        "\n---\n",
        "a\n---\nb",
        "a\n b\n\n\tc",
        " a\nb",
        "a\n ",
    )
    if "\0" not in text and not any(0xD800 <= ord(each) < 0xE000 for each in text)
)
"""Half characters and NUL have no place in a file; they come back as U+FFFD."""

texts = st.sampled_from(TRICKS) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30
)
names = st.tuples() | st.lists(texts, max_size=3).map(tuple)
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)
moments = st.none() | times
spans = st.none() | st.integers(0, 10**10).map(lambda ms: timedelta(milliseconds=ms))
counts = st.none() | st.integers(0, 10**9)
shares = st.none() | st.integers(0, 10**8).map(lambda n: n / 10**6)


def _whole(text: str) -> str:
    lines = text.replace("\r", "").split("\n")
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    joined = "\n".join(lines)
    return "" if joined.startswith("<!-- ? ") else joined


prose_lines = texts | st.sampled_from(MARKS) | st.just("") | st.just("```") | st.just("## Why")
prose = st.lists(prose_lines, max_size=5).map("\n".join).map(_whole)

incidents = st.builds(
    Incident,
    id=st.just("INC-20261122-7f3"),
    title=texts.filter(bool),
    opened=times,
    state=st.sampled_from(IncidentState),
    severity=st.none() | st.sampled_from(Priority),
    services=names,
    hosts=names,
    environment=texts,
    started=moments,
    detected=moments,
    acknowledged=moments,
    mitigated=moments,
    resolved=moments,
    closed=moments,
    detected_by=st.none() | st.sampled_from(Detection),
    reporter=texts,
    lead=texts,
    scribe=texts,
    liaison=texts,
    participants=names,
    impact=st.builds(Impact, counts, counts, shares, st.none() | st.booleans()),
    alerts=names,
    runs=names,
    changes=names,
    related=names,
    post_mortem=st.builds(PostMortem, moments, moments, names),
    actions=st.lists(
        st.builds(
            ActionItem,
            texts.filter(bool),
            st.none() | st.sampled_from(ActionKind),
            texts,
            st.none() | st.dates(date(1, 1, 2)),
            texts,
            moments,
        ),
        max_size=3,
    ).map(tuple),
    prose=st.builds(IncidentProse, **dict.fromkeys(IncidentProse.__struct_fields__, prose)),
)

_levels = st.none() | st.sampled_from(Likelihood)
plans = st.builds(
    Plan,
    kind=st.sampled_from(ChangeKind),
    template=texts,
    services=names,
    hosts=names,
    environment=texts,
    steps=texts,
    runbook=texts,
    version=texts,
    traffic_percent=shares,
    risk=st.builds(Risk, _levels, _levels, _levels, texts),
    expected_alerts=names,
    expected_downtime=spans,
    expected_degraded=spans,
    silence=names,
    window=st.none() | st.builds(Period, times, times),
    timezone=texts,
    rollback=st.builds(Rollback, texts, spans, texts),
    verification=names,
    acceptance=st.builds(Acceptance, texts, spans),
    executor=texts,
    reviewer=texts,
)
_named = texts.filter(bool)
changes = st.builds(
    Change,
    id=st.just("CHG-20261122-9b1"),
    title=_named,
    author=_named,
    created=times,
    state=st.sampled_from(ChangeState),
    plan=plans,
    approvals=st.lists(
        st.builds(Approval, _named, times, _named, st.booleans(), texts), max_size=2
    ).map(tuple),
    exceptions=st.lists(
        st.builds(FreezeException, _named, _named, times, _named, texts), max_size=2
    ).map(tuple),
    incidents=names,
    related=names,
    silence_id=texts,
    started=moments,
    ended=moments,
    verified=moments,
    accepted=moments,
    accepted_by=texts,
    closed=moments,
    refused_by=texts,
    refused_because=texts,
    review=st.none() | st.builds(Review, _named, times, texts),
    prose=st.builds(ChangeProse, **dict.fromkeys(ChangeProse.__struct_fields__, prose)),
)
