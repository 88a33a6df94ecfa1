"""Events as lines of a file, and which of them a timeline is made of."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.journal.account import account_of_how
from console.journal.happenings import (
    MAX_LINE_BYTES,
    change_entries,
    event_of,
    incident_entries,
    is_kept,
    line_of,
)
from console.journal.language import Language
from console.journal.timeline import Entry, timeline_lines
from console.model.action import Effect
from console.model.change import Change, Plan
from console.model.event import Carried, Event, EventKind
from console.model.incident import Incident
from console.model.run import StepState
from console.safety.text import cell_width, visible
from tests.hostile import ATTACKS

AT = datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
INCIDENT = Incident(
    "INC-20261122-7f3",
    "redis down",
    AT,
    services=("redis@data-1", "api"),
    hosts=("data-1",),
    alerts=("aaaa",),
    changes=("CHG-20261122-9b1",),
)
CHANGE = Change(
    "CHG-20261122-9b1",
    "redis 7.4",
    "mei",
    AT,
    plan=Plan(services=("redis", "api"), hosts=("data-1",)),
    started=AT,
)


def happened(
    kind: EventKind = EventKind.FIRED,
    *,
    minutes: float = 0,
    seconds: float = 0,
    subject: str = "RedisDown redis",
    text: str = "began to fire",
    who: str = "",
    key: str = "aaaa",
    link: str = "",
    documents: tuple[str, ...] = (),
) -> Event:
    at = AT + timedelta(minutes=minutes, seconds=seconds)
    return Event(at, kind, subject, text, who, key, link, documents)


def in_incident(*events: Event, incident: Incident = INCIDENT) -> list[Event]:
    return [entry.event for entry in incident_entries(incident, events)]


def in_change(*events: Event, change: Change = CHANGE) -> list[Event]:
    return [entry.event for entry in change_entries(change, events)]


def test_a_line_says_what_happened_and_nothing_that_is_empty() -> None:
    line = line_of(happened(EventKind.ACKED, who="mei", link="http://am/#/silences/1"))
    assert line.endswith(b"}\n")
    assert json.loads(line) == {
        "at": "2026-11-22T03:14:00Z",
        "kind": "acked",
        "subject": "RedisDown redis",
        "text": "began to fire",
        "who": "mei",
        "key": "aaaa",
        "link": "http://am/#/silences/1",
    }


safe = st.sampled_from(ATTACKS).map(visible) | st.text(max_size=20).map(visible)
ids = st.sampled_from(("INC-20261122-7f3", "CHG-20261122-9b1"))
events = st.builds(
    Event,
    at=st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC)),
    kind=st.sampled_from([kind for kind in EventKind if is_kept(happened(kind))]),
    subject=safe,
    text=safe,
    who=safe,
    key=safe,
    link=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    documents=st.lists(ids, max_size=2).map(tuple),
    carried=st.none()
    | st.builds(
        Carried,
        run=st.sampled_from(("RUN-20261122-7f3", "")),
        step=safe,
        state=st.sampled_from(StepState),
        effect=st.none() | st.sampled_from(Effect),
        service=safe,
        host=safe,
    ),
)


def carried(event: Event, **changes: object) -> Event:
    """The same as a step that acted on the api service, on web-1."""
    told = Carried("RUN-20261122-7f3", "restart", StepState.PASSED, Effect.DISRUPTIVE, "api")
    told = msgspec.structs.replace(told, host="web-1")
    step = msgspec.structs.replace(event, kind=EventKind.STEP, subject="runbook redis", key="")
    return msgspec.structs.replace(step, carried=msgspec.structs.replace(told, **changes))


def test_a_step_that_acted_on_its_services_belongs_to_a_document_whoever_ran_it() -> None:
    acted = carried(happened(minutes=1))
    on_host = carried(happened(minutes=2), service="", host="data-1")
    looked = carried(happened(minutes=3), effect=Effect.READ)
    # A runbook that is called as the service is not about it.
    elsewhere = carried(happened(minutes=4), service="shop")
    early = carried(happened(minutes=-60))
    shown = (acted, on_host, looked, elsewhere, early)
    assert in_incident(*shown) == [acted, on_host]
    assert in_change(*shown) == [acted, on_host]


def test_what_a_line_says_of_a_step_is_made_safe() -> None:
    for hostile in ATTACKS:
        evil = carried(happened(), run=hostile, step=hostile, service=hostile, host=hostile)
        read = event_of(line_of(evil))
        assert read is not None and read.carried is not None
        told = read.carried
        assert told.run == ""
        assert all(text == visible(text) for text in (told.step, told.service, told.host))


def test_a_document_in_chinese_calls_a_step_by_its_name_and_leaves_its_words_as_they_are() -> None:
    entries = incident_entries(INCIDENT, [carried(happened(minutes=1, text="restart: passed"))])
    for language, name in (
        (Language.TRADITIONAL_CHINESE, "操作手冊步驟"),
        (Language.SIMPLIFIED_CHINESE, "操作手册步骤"),
    ):
        (line,) = [
            one for one in account_of_how(INCIDENT, entries, language) if "restart: passed" in one
        ]
        assert f"**{name}** `runbook redis` restart: passed" in line


@given(events)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    line = line_of(event)
    assert line.count(b"\n") == 1
    assert event_of(line) == event


def test_only_what_a_reader_of_a_report_asks_for_is_kept() -> None:
    left_out = {kind.name for kind in EventKind if not is_kept(happened(kind))}
    assert left_out == {"REMINDER", "SOURCE", "CELL", "SETTINGS", "CONSOLE"}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b"{",
        b"\x00\xff\xfe",
        b"[" * 100_000,
        line_of(happened())[:-10],
        line_of(happened(text="x"))[1:],
        b'{"at":"2026-11-22T03:14:00Z","kind":"fired","subject":"\xff","text":""}',
        b'{"at":"2026-11-22T03:14:00","kind":"fired","subject":"","text":""}',
        b'{"at":"0001-01-01T00:00:00+14:00","kind":"fired","subject":"","text":""}',
        b'{"at":1,"kind":"fired","subject":"","text":""}',
        b'{"at":"2026-11-22T03:14:00Z","kind":"poem","subject":"","text":""}',
        b'{"at":"2026-11-22T03:14:00Z","kind":"console","subject":"","text":""}',
        b'{"at":"2026-11-22T03:14:00Z","kind":"note","subject":"","text":{}}',
        b'{"at":"2026-11-22T03:14:00Z","kind":"note","subject":"","text":"","x":' + b"[" * 99_999,
        b'{"at":"2026-11-22T03:14:00Z","kind":"note","subject":"","text":"'
        + b"x" * MAX_LINE_BYTES
        + b'"}',
    ],
)
def test_a_line_that_is_no_event_is_none(line: bytes) -> None:
    assert event_of(line) is None


@given(st.binary(max_size=200))
def test_no_bytes_at_all_bring_a_reader_down(line: bytes) -> None:
    event_of(line)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_stranger_wrote_is_made_safe_to_show(attack: str) -> None:
    written = {
        "at": "2026-11-22T11:14:00+08:00",
        "kind": "note",
        "subject": attack,
        "text": attack,
        "who": attack,
        "key": attack,
        "documents": [attack, "INC-20261122-7f3", "../../etc/passwd"],
        "from a later console": {"a": [1]},
    }
    line = json.dumps(written).encode()
    if "\\ud" in line.decode() and any(0xD800 <= ord(each) < 0xE000 for each in attack):
        return  # no JSON that a decoder has to take
    event = event_of(line)
    assert event is not None
    assert event.at == AT
    shown = visible(attack)
    assert (event.subject, event.text, event.who) == (shown, shown, shown)
    assert event.documents == ("INC-20261122-7f3",)


def test_a_megabyte_in_an_event_is_cut_and_can_be_read_back() -> None:
    for filler in ("x", "停", '"', "\u202e", "a\u0301\u0301\u0301"):
        event = event_of(line_of(happened(EventKind.NOTE, text=filler * 1_000_000)))
        assert event is not None
        assert event.text.endswith("…")
        assert 10_000 < cell_width(event.text) <= 16_000


def test_half_a_character_costs_a_link_itself_and_no_event() -> None:
    event = event_of(line_of(happened(link="http://x/\ud800")))
    assert event is not None
    assert event.link == "http://x/?"
    too_long = event_of(line_of(happened(link="http://x/" + "y" * 5_000)))
    assert too_long is not None
    assert too_long.link == ""


def test_times_are_kept_in_utc_whatever_they_came_in() -> None:
    taipei = AT.astimezone(timezone(timedelta(hours=8)))
    line = line_of(msgspec.structs.replace(happened(), at=taipei))
    assert b"2026-11-22T03:14:00Z" in line


# Timelines of incidents


def test_an_incident_has_what_happened_to_its_alerts_from_before_until_an_hour_after() -> None:
    over = msgspec.structs.replace(INCIDENT, resolved=AT + timedelta(minutes=30))
    early, led, last, late = (happened(minutes=minutes) for minutes in (-11, -10, 90, 91))
    assert in_incident(late, last, led, early, incident=over) == [led, last]
    assert in_incident(late, led) == [led, late]
    closed = msgspec.structs.replace(INCIDENT, closed=AT + timedelta(minutes=60))
    assert in_incident(led, last, incident=closed) == [led]


def test_what_led_to_it_is_counted_from_its_start_where_that_is_known() -> None:
    started = msgspec.structs.replace(INCIDENT, started=AT - timedelta(hours=1))
    fired = happened(minutes=-65)
    assert in_incident(fired) == []
    assert in_incident(fired, incident=started) == [fired]


def test_other_alerts_do_not_get_in_and_storms_and_work_on_its_machines_do() -> None:
    other = happened(key="bbbb")
    of_none = happened(key="")
    storm = happened(EventKind.STORM, subject="storm", key="", text="began: 400 alerts")
    shells = [
        happened(EventKind.SHELL, subject=subject, key="", who="mei", seconds=index)
        for index, subject in enumerate(("data-1", "redis@data-1", "data-2"))
    ]
    acked_cell = happened(EventKind.ACKED, key="api", subject="api", who="mei", seconds=9)
    found = in_incident(other, of_none, storm, *shells, acked_cell)
    assert found == [storm, shells[0], shells[1], acked_cell]


def test_what_names_it_or_its_change_is_in_it_whenever_it_was() -> None:
    note = happened(EventKind.NOTE, minutes=-500, documents=(INCIDENT.id,), key="")
    deploy = happened(EventKind.CHANGE, minutes=-90, documents=INCIDENT.changes, key="")
    other = happened(EventKind.NOTE, documents=("INC-20261122-000",), key="")
    assert in_incident(deploy, note, other) == [note, deploy]


def test_what_several_consoles_saw_is_told_once_with_all_that_is_known() -> None:
    seen = happened(EventKind.ACKED, text="acked until 03:31 UTC")
    mine = happened(
        EventKind.ACKED,
        seconds=7,
        text="acked until 03:31 UTC: looking",
        who="mei",
        link="http://am",
    )
    linked = happened(EventKind.ACKED, seconds=30, text=seen.text, link="http://other")
    (only,) = in_incident(linked, mine, seen)
    assert (only.at, only.who, only.text) == (seen.at, "mei", mine.text)
    assert only.link == "http://am"


def test_what_happens_again_or_to_another_or_by_another_is_told_again() -> None:
    first, later = happened(), happened(seconds=61)
    assert in_incident(first, later) == [first, later]
    mei = happened(EventKind.ACKED, who="mei")
    kai = happened(EventKind.ACKED, who="kai", seconds=5)
    assert in_incident(mei, kai) == [mei, kai]
    nameless = happened(EventKind.ACKED, seconds=-5)
    assert [event.who for event in in_incident(nameless, mei, kai)] == ["mei", "kai"]
    began = happened(EventKind.STORM, subject="storm", key="", text="began: 400 alerts")
    seen = happened(EventKind.STORM, subject="storm", key="", text="began: 398 alerts", seconds=2)
    over = happened(EventKind.STORM, subject="storm", key="", text="is over", seconds=9)
    assert in_incident(began, seen, over) == [began, over]


def test_a_file_full_of_names_takes_no_longer_than_any_other() -> None:
    crowd = [happened(EventKind.ACKED, who=f"mei{n}") for n in range(20_000)]
    assert len(in_incident(*crowd)) == 20_000


def test_two_notes_in_one_minute_are_two_notes() -> None:
    notes = [
        happened(EventKind.NOTE, text=text, who="mei", documents=(INCIDENT.id,), seconds=index)
        for index, text in enumerate(("restarted it", "it is back", "restarted it"))
    ]
    assert in_incident(*notes, notes[0]) == notes


def test_a_file_of_the_journal_is_linked_as_the_document_sees_it() -> None:
    links = [
        ("incidents/2026/INC-20261122-7f3/shot.png", "INC-20261122-7f3/shot.png"),
        ("events/2026-11-22/kai.jsonl", "../../events/2026-11-22/kai.jsonl"),
        ("http://prom:9090/graph", "http://prom:9090/graph"),
        ("incidents/../../../etc/passwd", "incidents/../../../etc/passwd"),
        ("", ""),
    ]
    for link, expected in links:
        (entry,) = incident_entries(INCIDENT, [happened(link=link)])
        assert entry.link == expected


# Timelines of changes


def test_a_change_has_the_alerts_of_its_services_while_it_runs_and_an_hour_on() -> None:
    fired = happened(minutes=5, key="cccc")
    elsewhere = happened(minutes=5, key="dddd", subject="DiskFull db")
    before = happened(minutes=-1)
    late = happened(minutes=95)
    shell = happened(EventKind.SHELL, minutes=6, subject="data-1", key="", who="mei")
    own = happened(EventKind.CHANGE, minutes=-60, documents=(CHANGE.id,), key="")
    over = msgspec.structs.replace(CHANGE, ended=AT + timedelta(minutes=30))
    found = in_change(fired, elsewhere, before, late, shell, own, change=over)
    assert found == [own, fired, shell]
    assert in_change(fired, late) == [fired, late]
    planned = msgspec.structs.replace(CHANGE, started=None)
    assert in_change(fired, shell, own, change=planned) == [own]


# As Markdown


EVIL = "".join(ATTACKS).replace("\ud800", "").replace("\udc80\udfff", "")


@pytest.mark.parametrize(
    "text",
    [
        "a\n## Why <!-- oncall:why -->\nb",
        "<!-- oncall:end timeline -->",
        "--> <img src=x onerror=alert(1)> <!--",
        "[x](javascript:alert(1)) ![y](http://evil.example/z.png) **b** `c` | d | ~~e~~ $f$",
        "\n\n- [ ] task\n1. one\n> quote\n# head\n---\n===\n```sh\nrm -rf /\n```",
        "&lt;b&gt; <b>",
        "\u202edetrevni\u2066",
        "x" * 4_000,
        "停" * 4_000,
        EVIL,
    ],
    ids=["mark", "end", "html", "inline", "blocks", "entity", "bidi", "long", "wide", "all"],
)
def test_an_event_is_one_line_of_a_timeline_and_no_markup(text: str) -> None:
    event = Event(AT, EventKind.NOTE, text, text, text)
    (line,) = timeline_lines([Entry(event, f"javascript:{text}")], Language.ENGLISH)
    start = "- 2026-11-22 03:14:00 UTC **note** "
    assert line.startswith(start)
    assert visible(line) == line
    assert "\n" not in line
    assert cell_width(line) < 12_000
    markup = plain_of(line.removeprefix(start))
    assert not set(markup) & set("<>[]`|#~$&!*"), markup


def plain_of(line: str) -> str:
    """`line` without its code spans and without what is escaped."""
    rest, out = line, ""
    while rest:
        if rest[0] == "\\":
            rest = rest[2:]
        elif rest[0] == "`":
            run = len(rest) - len(rest.lstrip("`"))
            inside, closed, rest = _span(rest[run:], run)
            assert closed, inside
        else:
            out, rest = out + rest[0], rest[1:]
    return out


def _span(rest: str, run: int) -> tuple[str, bool, str]:
    at = 0
    while (found := rest.find("`", at)) >= 0:
        end = found
        while end < len(rest) and rest[end] == "`":
            end += 1
        if end - found == run:
            return rest[:found], True, rest[end:]
        at = end
    return rest, False, ""


def test_a_long_text_is_cut_with_a_mark_and_an_address_is_a_link() -> None:
    event = Event(AT, EventKind.NOTE, "x", "y" * 4_000, "mei")
    (line,) = timeline_lines([Entry(event, "http://prom/graph?a=(b)|c>d")], Language.ENGLISH)
    assert "y" * 1_999 + "… (mei) [evidence](<http://prom/graph?a=%28b%29%7Cc%3Ed>)" in line
    (long,) = timeline_lines([Entry(event, "http://prom/" + "q" * 9_000)], Language.ENGLISH)
    assert long.endswith("q…`")
