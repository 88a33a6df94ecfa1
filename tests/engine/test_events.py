"""What two pictures, one after the other, say happened in between."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from console.engine.events import KEPT, SPELLED_OUT, EventLog, events_between
from console.engine.wording import event_of
from console.model.acting import Ended, Outcome
from console.model.event import Event, EventKind
from console.model.probe import Verdict
from console.model.snapshot import Snapshot, Standing
from console.model.state import State
from console.model.wish import ExpireWish
from console.model.worklist import Storm, Worklist
from console.safety.text import Raw
from tests.build import (
    T0,
    ack,
    alert,
    at,
    cell,
    failure,
    host_cell_of,
    known,
    report,
    resolved,
    service,
    snapshot,
    source,
)

CALM = Worklist(at())
STORM = Worklist(at(), storm=Storm(T0, alerts=400, rows=6, new_per_minute=310, falling=False))
DISK = alert("DiskFull")
NOTHING = snapshot()
FIRING = snapshot(known(DISK))
SILENCED = snapshot(known(DISK, standing=Standing.SILENCED))
ACKED = snapshot(known(DISK, acked=ack("mei")))


def lines(before: Snapshot | None, after: Snapshot) -> list[tuple[EventKind, str, str, str]]:
    found = events_between(before, after, CALM, CALM)
    return [(event.kind, event.subject, event.text, event.who) for event in found]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (NOTHING, NOTHING, []),
        (FIRING, FIRING, []),
        (NOTHING, FIRING, [(EventKind.FIRED, "DiskFull", "began to fire", "")]),
        (NOTHING, snapshot(known(DISK, cell="db")), [
            (EventKind.FIRED, "DiskFull db", "began to fire", "")]),
        (NOTHING, snapshot(known(DISK, standing=Standing.PENDING)), []),
        (snapshot(known(DISK, standing=Standing.PENDING)), FIRING, [
            (EventKind.FIRED, "DiskFull", "began to fire", "")]),
        (FIRING, snapshot(known(DISK, state=State.LOST, why="prom does not answer")), [
            (EventKind.LOST, "DiskFull", "lost sight of it: prom does not answer", "")]),
        (FIRING, snapshot(known(DISK, state=State.STALE)), []),
        (FIRING, ACKED, [
            (EventKind.ACKED, "DiskFull", "acked until 03:31 UTC", "mei")]),
        (FIRING, snapshot(known(DISK, acked=ack("mei", note="a \x1b disk"))), [
            (EventKind.ACKED, "DiskFull", "acked until 03:31 UTC: a ^[ disk", "mei")]),
        (ACKED, FIRING, [(EventKind.UNACKED, "DiskFull", "its ack was given up", "")]),
        (ACKED, snapshot(known(DISK, acked=ack("kai"))), [
            (EventKind.HANDED_OVER, "DiskFull", "mei to kai", "kai")]),
        (SILENCED, FIRING, [
            (EventKind.UNSILENCED, "DiskFull", "no silence holds it any more", "")]),
        (ACKED, ACKED, []),
        (FIRING, snapshot(known(DISK, standing=Standing.SILENCED)), [
            (EventKind.SILENCED, "DiskFull", "silenced", "")]),
        (FIRING, snapshot(resolved=[resolved(DISK, T0)]), [
            (EventKind.RESOLVED, "DiskFull",
             "resolved: am healthy, prom evaluates it and it is not firing", "")]),
        (FIRING, NOTHING, []),
    ],
    ids=[
        "nothing", "the same", "fired", "fired somewhere", "pending", "pending fires", "lost",
        "stale is said by its source", "acked", "acked with a note", "ack given up",
        "handed over", "unsilenced", "still acked", "silenced",
        "resolved", "folded away without proof",
    ],
)  # fmt: skip
def test_what_happens_to_an_alert_is_one_line(
    before: Snapshot, after: Snapshot, expected: list[tuple[EventKind, str, str, str]]
) -> None:
    assert lines(before, after) == expected


@pytest.mark.parametrize(
    "before",
    [None, snapshot(complete=False), snapshot(restored=True, complete=False)],
    ids=["nothing", "half a picture", "a saved picture"],
)
def test_what_is_found_at_the_start_has_not_happened_just_now(before: Snapshot | None) -> None:
    assert lines(before, FIRING) == []


def test_many_at_once_are_counted_after_the_first_twenty() -> None:
    many = snapshot(*(known(alert(f"Alert{n}")) for n in range(SPELLED_OUT + 300)))
    found = lines(NOTHING, many)
    assert len(found) == SPELLED_OUT + 1
    assert found[-1][1] == "300 more alerts"


def test_a_source_is_told_when_it_falls_and_when_it_answers_again() -> None:
    well = snapshot(sources=[source()])
    sick = snapshot(sources=[source(state=State.UNKNOWN, failures=[failure()])])
    old = snapshot(sources=[source(state=State.STALE)])
    assert lines(well, well) == []
    assert lines(well, sick) == [
        (EventKind.SOURCE, "am", "UNKNOWN: refused the connection at 127.0.0.1:9093", "")
    ]
    assert lines(sick, well) == [(EventKind.SOURCE, "am", "answers again", "")]
    assert lines(well, old) == [(EventKind.SOURCE, "am", "STALE: its last answer is old", "")]
    assert lines(snapshot(), sick) == []


def test_a_cell_is_told_when_its_state_changes_and_not_when_it_is_first_known() -> None:
    well, bad = cell(state=State.OK), cell(state=State.FIRING, because="refused")
    unasked = msgspec.structs.replace(cell(state=State.UNKNOWN), as_of=None)
    expected = [(EventKind.CELL, "redis@data-1", "OK to FIRING: refused", "")]
    assert lines(snapshot(cells=[well]), snapshot(cells=[bad])) == expected
    assert lines(snapshot(cells=[well]), snapshot(cells=[well])) == []
    assert lines(snapshot(cells=[unasked]), snapshot(cells=[well])) == []
    assert lines(snapshot(), snapshot(cells=[bad])) == []
    moved = cell(service("api"), state=State.FIRING)
    assert lines(snapshot(cells=[well]), snapshot(cells=[moved])) == []


def test_the_first_look_at_what_runs_a_service_is_nothing_that_happened() -> None:
    asked = cell(state=State.UNKNOWN, because="its container has not been looked at yet")
    runs = report(verdict=Verdict.HEALTHY, said="redis:7.2.5 runs")
    looked_at = cell(state=State.OK, because="container redis:7.2.5 runs", reports=[runs])
    assert lines(snapshot(cells=[asked]), snapshot(cells=[looked_at])) == []


def test_a_host_is_called_by_its_name_alone() -> None:
    fine, full = host_cell_of("data-1"), host_cell_of("data-1", State.FIRING)
    ((_, subject, text, _),) = lines(snapshot(cells=[fine]), snapshot(cells=[full]))
    assert subject == "data-1"
    assert text == "OK to FIRING: disk / 94 %, over 90 %"


def test_a_storm_is_told_when_it_begins_and_when_it_is_over() -> None:
    begun = events_between(NOTHING, NOTHING, CALM, STORM)
    assert [(event.kind, event.text) for event in begun] == [
        (EventKind.STORM, "began: 400 alerts, 310 new a minute")
    ]
    over = events_between(NOTHING, NOTHING, STORM, CALM)
    assert [event.text for event in over] == ["is over"]
    assert events_between(NOTHING, NOTHING, STORM, STORM) == []


def test_text_from_outside_is_safe_in_every_event() -> None:
    evil = "\x1b]52;c;cHduZWQ=\x07"
    hostile = alert(evil, cluster="am")
    before = snapshot(known(alert("Old")), cells=[cell(service(evil))])
    after = snapshot(
        known(hostile, cell=evil, acked=ack(evil)),
        cells=[cell(service(evil), state=State.FIRING)],
        resolved=[resolved(hostile, T0, evil)],
    )
    found = [
        *events_between(before, after, CALM, CALM),
        *events_between(snapshot(known(hostile)), after, CALM, CALM),
    ]
    assert len(found) >= 4
    for event in found:
        for text in (event.subject, event.text, event.who):
            assert "\x1b" not in text and "\x07" not in text


def test_the_log_keeps_the_newest_first_and_no_more_than_its_limit() -> None:
    log = EventLog()
    times = [T0 + timedelta(seconds=number) for number in range(KEPT + 50)]
    log.add(Event(when, EventKind.FIRED, f"{when:%H:%M:%S}", "") for when in times)
    assert len(log.latest) == KEPT
    assert [event.at for event in log.latest] == times[: -KEPT - 1 : -1]


def test_a_thousand_acks_at_once_do_not_push_everything_else_out_of_the_log() -> None:
    alerts = [alert(f"A{number}") for number in range(1000)]
    before = snapshot(*(known(one) for one in alerts))
    after = snapshot(*(known(one, acked=ack("mei")) for one in alerts))
    found = lines(before, after)
    assert len(found) == SPELLED_OUT + 1
    assert found[-1][1] == "980 more alerts" and found[-1][3] == "mei"


GRAPH = "http://prom:9090/graph?g0.expr=up+%3D%3D+0"
PAGE = "https://am.example/alertmanager"


def links(before: Snapshot, after: Snapshot) -> list[tuple[EventKind, str]]:
    found = events_between(with_page(before), with_page(after), CALM, CALM)
    return [(event.kind, event.link) for event in found]


def with_page(of: Snapshot) -> Snapshot:
    am = msgspec.structs.replace(source("am"), page=PAGE)
    return msgspec.structs.replace(of, sources=(am,))


def test_each_line_of_an_alert_leads_to_where_it_can_be_seen() -> None:
    graphed = msgspec.structs.replace(DISK, generator_url=Raw(GRAPH))
    silenced = msgspec.structs.replace(known(DISK, standing=Standing.SILENCED), silences=("51/?x",))
    of_ack = f"{PAGE}/#/silences/a-silence"
    of_silence = f"{PAGE}/#/silences/51%2F%3Fx"
    alert_page = f"{PAGE}/#/alerts?filter=%7Balertname%3D%22DiskFull%22%7D"
    assert links(NOTHING, snapshot(known(graphed))) == [(EventKind.FIRED, GRAPH)]
    assert links(NOTHING, FIRING) == [(EventKind.FIRED, alert_page)]
    assert links(FIRING, ACKED) == [(EventKind.ACKED, of_ack)]
    assert links(ACKED, FIRING) == [(EventKind.UNACKED, of_ack)]
    assert links(FIRING, snapshot(silenced)) == [(EventKind.SILENCED, of_silence)]
    assert links(snapshot(silenced), FIRING) == [(EventKind.UNSILENCED, of_silence)]
    done = snapshot(resolved=[resolved(graphed, T0)])
    assert links(snapshot(known(graphed)), done) == [(EventKind.RESOLVED, GRAPH)]


def test_where_no_page_is_known_there_is_no_link_rather_than_a_wrong_one() -> None:
    for before, after in ((NOTHING, FIRING), (FIRING, ACKED), (ACKED, FIRING)):
        assert [event.link for event in events_between(before, after, CALM, CALM)] == [""]


def test_no_credentials_get_into_a_link_that_others_will_read() -> None:
    url = "https://mei:s3cret@prom/graph?g0.expr=up&token=s3cret"
    leaky = msgspec.structs.replace(DISK, generator_url=Raw(url))
    assert links(NOTHING, snapshot(known(leaky))) == [
        (EventKind.FIRED, "https://prom/graph?g0.expr=up&token=***")
    ]


def test_only_an_address_of_the_web_is_a_link() -> None:
    for url in ("javascript:alert(1)", "/graph?g0.expr=up", "file:///etc/passwd"):
        odd = msgspec.structs.replace(DISK, generator_url=Raw(url))
        ((_, link),) = links(NOTHING, snapshot(known(odd)))
        assert link.startswith(PAGE)


def test_the_rest_of_many_leads_to_no_single_silence() -> None:
    many = [alert(f"Alert{n}") for n in range(SPELLED_OUT + 2)]
    before = snapshot(*map(known, many))
    after = snapshot(*(known(one, acked=ack()) for one in many))
    found = links(before, after)
    assert found[0][1] == f"{PAGE}/#/silences/a-silence"
    assert found[-1] == (EventKind.ACKED, "")


def test_what_a_person_did_leads_to_the_silence_that_came_of_it() -> None:
    outcome = Outcome(Ended.DONE, "ended 1 silence", silences=(("am", "51"),))
    wish = ExpireWish(silences=())
    event = event_of(wish, outcome, "mei", T0, with_page(NOTHING))
    assert event is not None
    assert event.link == f"{PAGE}/#/silences/51"
    for nowhere in (None, NOTHING):
        unlinked = event_of(wish, outcome, "mei", T0, nowhere)
        assert unlinked is not None
        assert unlinked.link == ""
