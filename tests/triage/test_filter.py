"""What a person types after `/` leaves what was meant, and says what it cannot read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.alert import Ack, Alert, AlertState
from console.model.event import Event, EventKind
from console.model.failure import Failure, FailureKind
from console.model.labels import Labels
from console.model.registry import Service, ServiceType
from console.model.snapshot import Cell, KnownAlert, SourceHealth, SourceKind, Standing
from console.model.state import Priority, State
from console.model.worklist import Row, RowKind, Step
from console.safety.clock import Instant
from console.safety.text import Raw
from console.triage.filter import FilterFault, parse

AT = datetime(2026, 11, 22, 3, 16, tzinfo=UTC)
NOW = Instant(AT, 1000.0)


def known(standing: Standing = Standing.FIRING, owner: str = "", **labels: str) -> KnownAlert:
    ack = None
    if owner:
        later = AT + timedelta(hours=1)
        ack = Ack(Raw(owner), AT, later, Raw("on it"), "s1", "am")
    alert = Alert(
        fingerprint="f1",
        labels=Labels({"alertname": "ServiceDown", **labels}),
        annotations=Labels({}),
        starts_at=AT,
        state=AlertState.ACTIVE,
        cluster="am",
    )
    return KnownAlert(alert, State.FIRING, standing, NOW, ack=ack, cell="redis")


def row(*alerts: KnownAlert, summary: str = "no PING reply", owner: str = "") -> Row:
    return Row(
        key="r1",
        kind=RowKind.ALERT if len(alerts) == 1 else RowKind.GROUP,
        priority=Priority.P0,
        state=State.FIRING,
        standing=Standing.FIRING,
        title=Raw("ServiceDown"),
        where=Raw("redis@data-1"),
        summary=Raw(summary),
        since=AT,
        step=Step.ACK,
        alerts=alerts,
        acked_by=Raw(owner) if owner else None,
    )


ROW = row(known(severity="critical", instance="10.0.0.5:9121", team="数据"))


@pytest.mark.parametrize(
    ("typed", "stays"),
    [
        ("", True),
        ("   ", True),
        ("redis", True),
        ("REDIS", True),
        ("ping", True),
        ("servicedown", True),
        ("9121", True),
        ("instance", True),
        ("postgres", False),
        ("!postgres", True),
        ("! redis", False),
        ("redis ping", True),
        ("redis postgres", False),
        ('"no PING"', True),
        ('"PING no"', False),
        (r"/no\s+ping/", True),
        (r"/^servicedown$/", True),
        (r"/10\.0\.\d+\.5/", True),
        (r"/10\.1\./", False),
        (r"!/10\.1\./", True),
        ('severity="critical"', True),
        ("severity=critical", True),
        ('severity="warning"', False),
        ('severity!="warning"', True),
        ('!severity="critical"', False),
        ('severity=~"crit.*|warning"', True),
        ('severity=~"crit"', False),
        ('severity!~"crit.*"', False),
        ('missing=""', True),
        ('missing!=""', False),
        ('@priority="P0"', True),
        ("P0", True),
        ('@cell=redis @state="FIRING"', True),
        ('@step="fix"', False),
        ("数据", True),
        ("team=数据", True),
    ],
)
def test_a_row_stays_when_every_term_holds(typed: str, stays: bool) -> None:
    assert parse(typed).matches_row(ROW) is stays


def test_width_and_case_of_letters_do_not_matter() -> None:
    wide = row(known(team="ＤＢＡ　チーム"), summary="Straße gesperrt")
    assert parse("dba").matches_row(wide)
    assert parse("ﾁｰﾑ").matches_row(wide)
    assert parse("STRASSE").matches_row(wide)


def test_all_terms_must_hold_for_the_same_alert_of_a_group() -> None:
    group = row(known(severity="critical", rack="r1"), known(severity="warning", rack="r2"))
    assert parse("severity=critical rack=r1").matches_row(group)
    assert not parse("severity=critical rack=r2").matches_row(group)


def test_a_term_does_not_span_two_labels() -> None:
    assert not parse('"critical instance"').matches_row(ROW)


def test_who_acked_is_found() -> None:
    assert parse("mei").matches_row(row(known(owner="mei")))
    assert parse('@owner="mei"').matches_row(row(known(owner="mei")))
    assert parse('@owner=""').matches_row(ROW)


def test_a_sick_source_is_found_by_its_cause() -> None:
    failure = Failure(
        "prom", "alerts", FailureKind.REFUSED, "refused the connection", "JSON", "start it", AT
    )
    source = SourceHealth(
        "prom",
        SourceKind.PROMETHEUS,
        State.UNKNOWN,
        timedelta(seconds=15),
        failures=(failure,),
        url="http://127.0.0.1:9090",
    )
    sick = msgspec.structs.replace(row(), kind=RowKind.SOURCE, failure=failure)
    for typed in ("refused", "prom !alertmanager"):
        assert parse(typed).matches_source(source)
        assert parse(typed).matches_row(sick)
    assert parse('kind="prometheus" name=prom').matches_source(source)
    assert not parse('kind="alertmanager"').matches_source(source)


def test_a_service_is_found_by_what_the_registry_says_of_it() -> None:
    service = Service(
        "api-gateway",
        ServiceType.DOCKER,
        "web-1",
        host="web-1",
        owner="平台",
        critical=True,
        labels=(("zone", "eu-1"),),
    )
    cell = Cell(service, State.STALE, "answer is 3 min old")
    for typed in ("gateway", "平台", "zone=eu-1", "host=web-1", "@state=STALE", "!@state=OK"):
        assert parse(typed).matches_cell(cell), typed
    assert not parse("type=systemd").matches_cell(cell)


def test_a_line_of_the_event_log_is_found_by_kind_text_and_person() -> None:
    event = Event(AT, EventKind.ACKED, "ServiceDown redis", "taken", who="mei")
    for typed in ("redis", "mei", "@kind=acked", "@who=mei", "!resolved"):
        assert parse(typed).matches_event(event), typed
    assert not parse("@kind=fired").matches_event(event)


@pytest.mark.parametrize(
    ("typed", "position", "expected"),
    [
        ("redis !", 7, "what must not match"),
        ("/abc", 4, "a / at the end"),
        ("//", 1, "a regular expression"),
        ("/api/v1", 5, "a space or the end"),
        ("/(a+)+/", 5, "no repetition"),
        ("x /[/", 3, "a ] for this ["),
        ('say "hello', 10, 'a " at the end'),
        ('"a"b', 3, "a space or the end"),
        ("severity=", 9, "a value"),
        ('severity=~"a(b"', 12, "a )"),
        ("x" * 501, 500, "500 characters"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    typed: str, position: int, expected: str
) -> None:
    with pytest.raises(FilterFault, match="expected") as fault:
        parse(typed)
    assert fault.value.position == position
    assert expected in str(fault.value)


def test_a_quote_inside_quotes_and_a_slash_inside_slashes_can_be_written() -> None:
    quoted = row(known(), summary='he said "no" to a/b')
    assert parse(r'"said \"no\""').matches_row(quoted)
    assert parse(r"/a\/b/").matches_row(quoted)
    assert parse(r'instance=~"\d+[.]0[.]0[.]5:\d+"').matches_row(ROW)


@given(st.text(max_size=60))
def test_anything_typed_is_read_or_refused_and_never_crashes(typed: str) -> None:
    try:
        parse(typed).matches_row(ROW)
    except FilterFault as fault:
        assert 0 <= fault.position <= len(typed)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_any_text_put_in_quotes_finds_itself(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert parse(f'"{quoted}"').matches_row(row(known(note=text)))
