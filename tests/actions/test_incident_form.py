"""What a person types of an incident: read as they mean it, and refused in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.actions.papers.action_items import EXPECTED_DUE, items_of, items_text
from console.actions.papers.incident_form import (
    FIELDS,
    SECTIONS,
    Judged,
    Terms,
    judged,
    opening,
    typed_of,
)
from console.actions.papers.moments import moment_of, moment_text
from console.model.incident import (
    ActionItem,
    ActionKind,
    Detection,
    Impact,
    Incident,
    IncidentProse,
    PostMortem,
)
from console.model.state import Priority
from tests.soak import trials

TAIPEI = ZoneInfo("Asia/Taipei")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 3, 16, tzinfo=UTC)
TERMS = Terms(UTC, frozenset({"redis", "api"}), frozenset({"data-1"}))
BLANK = Incident("INC-20261122-7f3", "redis is down", NOW)


def said(fields: dict[str, str], before: Incident = BLANK, terms: Terms = TERMS) -> Judged:
    return judged(fields, before, terms, NOW)


def fault(field: str, text: str) -> str:
    """What is wrong with `text` in `field`."""
    (found,) = said({field: text}).faults
    assert found.field == field
    return found.text


def test_every_field_has_a_caption_that_fits_and_every_section_a_field() -> None:
    names = [one.name for one in FIELDS]
    assert len(set(names)) == len(names)
    assert all(0 < len(one.caption) <= 9 and one.help for one in FIELDS)
    assert set(SECTIONS) <= set(names)
    assert set(typed_of(BLANK, UTC)) == set(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("03:14", "2026-11-22 03:14:00"),
        ("3:14:07", "2026-11-22 03:14:07"),
        ("23:50", "2026-11-21 23:50:00"),
        ("2026-11-20 03:14", "2026-11-20 03:14:00"),
        ("2026-11-22T11:14:00+08:00", "2026-11-22 03:14:00"),
        ("5m ago", "2026-11-22 03:11:00"),
        (" 1h30m  ago ", "2026-11-22 01:46:00"),
        ("now", "2026-11-22 03:16:00"),
    ],
)
def test_a_time_is_the_latest_one_that_it_can_mean(text: str, expected: str) -> None:
    at = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    found = said({"started": text})
    assert found.incident.started == at and not found.faults


def test_a_time_is_of_the_rotas_zone_and_is_said_in_utc_too() -> None:
    found = said({"started": "11:14"}, terms=Terms(TAIPEI))
    assert found.incident.started == datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
    assert [one.text for one in found.notes] == ["2026-11-22 03:14 UTC"]


def test_a_meeting_is_ahead_and_what_happened_is_not() -> None:
    found = said({"meeting": "10:00"}).incident
    assert found.post_mortem.meeting == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert "in the future" in fault("resolved", "2026-11-22 04:00")


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("title", " ", "a few words"),
        ("title", "x" * 300, "at most 200 characters"),
        ("started", "yesterday", "expected 03:14, 2026-11-22 03:14, 5m ago or now"),
        ("started", "2026-13-01 00:00", "expected 03:14"),
        ("detected", "99999999999d ago", "expected 03:14"),
        ("severity", "P9", "expected one of P0, P1, P2, P3"),
        ("users", "many", "a number such as 1200"),
        ("users", "-3", "a number such as 1200"),
        ("budget_percent", "\u0663", "a number such as 12.5"),
        ("sla_breached", "perhaps", "expected one of yes, no"),
        ("changes", "CHG-1", "expected ids such as CHG-20261122-9b1"),
        ("related", "CHG-20261122-9b1", "expected ids such as INC-20261122-7f3"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_was_expected(
    field: str, text: str, expected: str
) -> None:
    assert expected in fault(field, text)
    assert said({field: text}).incident == BLANK


def test_names_that_nobody_knows_are_kept_and_said() -> None:
    found = said({"services": "redis\nredsi", "hosts": "data-1"})
    assert found.incident.services == ("redis", "redsi") and not found.faults
    assert [one.text for one in found.notes] == ["no service is called redsi: kept as it is typed"]


def test_times_in_an_impossible_order_are_said_at_the_later_one() -> None:
    found = said({"started": "03:10", "resolved": "03:00"})
    assert any(
        one.field == "resolved" and "stands before started" in one.text for one in found.notes
    )


def test_action_items_are_read_from_lines() -> None:
    text = (
        "Add an alert on memory (preventative) @mei due 2026-12-01\n\n"
        '[x] Raise the limit @"Mei Lin" https://git.test/pull/7\n'
        "Talk to @bob --"
    )
    items, faults = items_of(text, (), UTC, NOW)
    assert not faults
    assert items == (
        ActionItem("Add an alert on memory", ActionKind.PREVENTATIVE, "mei", date(2026, 12, 1)),
        ActionItem("Raise the limit", owner="Mei Lin", link="https://git.test/pull/7", done=NOW),
        ActionItem("Talk to @bob"),
    )


def test_a_ticked_item_keeps_when_it_was_done_and_an_unticked_one_is_not_done() -> None:
    done = ActionItem("Raise the limit", owner="kai", done=NOW - timedelta(days=1))
    text = items_text((done,), UTC)
    assert items_of(text + " ", (done,), UTC, NOW)[0] == (done,)
    assert items_of("[x] Raise the limit @mei", (done,), UTC, NOW)[0][0].done == done.done
    assert items_of("Raise the limit @kai", (done,), UTC, NOW)[0][0].done is None


def test_a_line_without_a_day_behind_due_is_refused_by_its_number() -> None:
    items, faults = items_of("Add a test @mei\nAdd an alert due 12/1", (), UTC, NOW)
    assert faults == ((1, EXPECTED_DUE),) and len(items) == 1
    (found,) = said({"actions": "Add a test\nAdd an alert due 12/1"}).faults
    assert (found.field, found.line) == ("actions", 1)


def test_an_item_that_begins_with_no_verb_is_a_hint_and_no_fault() -> None:
    found = said({"actions": "The memory of redis @mei"})
    assert not found.faults
    assert any("begin with what is to be done" in one.text for one in found.notes)


def test_what_a_hand_wrote_into_the_file_stays_where_nobody_typed() -> None:
    odd = msgspec.structs.replace(
        BLANK,
        services=("a b, c",),
        changes=("not an id",),
        actions=(ActionItem(" due  soon ", owner="x\ny"),),
        impact=Impact(users=-1),
    )
    found = judged({**typed_of(odd, UTC), "lead": "mei"}, odd, TERMS, NOW)
    assert found.incident == msgspec.structs.replace(odd, lead="mei") and not found.faults


def test_opening_asks_for_what_and_where_alone() -> None:
    seed = Incident("", "ServiceDown redis", NOW, severity=Priority.P0, alerts=("f1",))
    found = opening({"what": " no  PING ", "where": "redis@data-1, data-1, rack 12"}, seed, TERMS)
    assert not found.faults
    one = found.incident
    assert (one.title, one.severity, one.alerts) == ("ServiceDown redis", Priority.P0, ("f1",))
    assert (one.services, one.hosts) == (("redis",), ("data-1",))
    assert one.prose.what == "no PING"
    assert one.prose.where == "redis@data-1, data-1, rack 12"
    assert [x.field for x in opening({"what": "", "where": "x"}, seed, TERMS).faults] == ["what"]
    assert [x.field for x in opening({"what": "x", "where": ","}, seed, TERMS).faults] == ["where"]
    nothing = opening({"what": "all is slow", "where": "nowhere"}, Incident("", "", NOW), TERMS)
    assert nothing.incident.title == "all is slow"
    assert "no service is called nowhere" in nothing.notes[0].text


# Round trips

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
TEXT = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
NAME = WORDS.filter(lambda word: "," not in word)
PROSE = st.lists(TEXT, max_size=3).map("\n".join)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2026, 11, 21)).map(
    lambda at: at.replace(tzinfo=UTC, microsecond=0)
)
ITEMS = st.builds(
    ActionItem,
    text=TEXT | st.sampled_from(["ping @bob", "due 2026-12-01", "x --", "[x] y", "a (process)"]),
    kind=st.none() | st.sampled_from(ActionKind),
    owner=st.just("") | st.sampled_from(["mei", "Mei Lin", "黃凱"]),
    due=st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1)),
    link=st.sampled_from(["", "https://git.test/7"]),
    done=st.none() | TIMES,
)
INCIDENTS = st.builds(
    Incident,
    id=st.just("INC-20261122-7f3"),
    title=TEXT,
    opened=st.just(NOW),
    severity=st.none() | st.sampled_from(Priority),
    services=st.lists(NAME, max_size=3, unique=True).map(tuple),
    hosts=st.lists(NAME, max_size=2, unique=True).map(tuple),
    **{name: st.none() | TIMES for name in ("started", "detected", "mitigated", "resolved")},
    detected_by=st.none() | st.sampled_from(Detection),
    lead=st.just("") | TEXT,
    participants=st.lists(TEXT, max_size=2, unique=True).map(tuple),
    impact=st.builds(
        Impact,
        users=st.none() | st.integers(0, 10**12),
        budget_percent=st.none() | st.integers(0, 10**6).map(lambda n: n / 1000),
        sla_breached=st.none() | st.booleans(),
    ),
    post_mortem=st.builds(PostMortem, held=st.none() | TIMES),
    actions=st.lists(ITEMS, max_size=3).map(tuple),
    prose=st.builds(IncidentProse, what=PROSE, why=PROSE, not_done=PROSE),
)


@given(incident=INCIDENTS, zone=st.sampled_from([UTC, TAIPEI, BERLIN]))
@settings(max_examples=trials(usual=60, soak=5_000), deadline=None)
def test_what_stands_in_the_form_is_the_incident_again(incident: Incident, zone: ZoneInfo) -> None:
    terms = Terms(zone)
    typed = typed_of(incident, zone)
    # Onto a blank one every field is read; onto itself none is.
    onto_blank = judged(typed, BLANK, terms, NOW)
    assert not onto_blank.faults
    assert onto_blank.incident == incident
    assert judged(typed, incident, terms, NOW).incident == incident


@given(at=st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)))
@settings(max_examples=trials(usual=60, soak=5_000), deadline=None)
def test_a_time_is_read_as_it_is_written_also_in_the_hour_that_comes_twice(at: datetime) -> None:
    at = at.replace(tzinfo=UTC, microsecond=0)
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    for one in (at, twice, twice + timedelta(hours=1)):
        assert moment_of(moment_text(one, BERLIN), BERLIN, NOW) == one
