"""Incidents of the journal that a row brings to mind."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from console.engine.evidence import EvidenceDesk
from console.engine.evidence_incidents import incident_lines, incidents_before
from console.engine.evidence_words import EvidenceLine, Learned, Topic
from console.model.event import Event, EventKind
from console.model.incident import Incident, IncidentProse, IncidentState
from console.model.papers import IncidentPaper, Papers
from console.safety.clock import SystemClock
from console.safety.text import visible
from tests.build import ago
from tests.engine.test_changes import Told, redis_row
from tests.hostile import hostile_strings
from tests.screens.console import ScriptedInquiry, no_books
from tests.screens.worlds import usual

WORLD = usual()
ROW = redis_row(WORLD)
FINGERPRINT = ROW.alerts[0].key
SUBJECT = f"{visible(ROW.title)} redis"
DAY_S = 86_400


def over(
    number: int,
    days: float,
    *,
    alerts: tuple[str, ...] = (),
    services: tuple[str, ...] = ("redis",),
    title: str = "redis down",
    mended: str = "",
) -> Incident:
    """One of so many days ago that took eleven minutes."""
    opened = ago(days * DAY_S)
    return Incident(
        f"INC-20261030-{number:03}",
        title,
        opened,
        IncidentState.CLOSED,
        services=services,
        started=opened,
        resolved=opened + timedelta(minutes=11),
        alerts=alerts,
        prose=IncidentProse(resolution=mended),
    )


def going_on(
    number: int, *, alerts: tuple[str, ...] = (), services: tuple[str, ...] = ()
) -> Incident:
    opened = ago(600)
    return Incident(f"INC-20261122-{number:03}", "slow", opened, services=services, alerts=alerts)


def text_of(lines: tuple[EvidenceLine, ...]) -> list[str]:
    return ["".join(visible(piece.text) for piece in line.pieces) for line in lines]


async def told(*incidents: Incident, events: tuple[Event, ...] = ()) -> list[str]:
    newest = sorted(incidents, key=lambda one: one.opened, reverse=True)
    past = Told(incidents=newest, events=events)
    return text_of(await incidents_before(ROW, WORLD, past))


def fired(key: str, subject: str, at: datetime) -> Event:
    return Event(at, EventKind.FIRED, subject, "began to fire", key=key)


async def test_an_incident_of_the_same_alert_says_when_it_was_how_long_and_what_mended_it() -> None:
    restarted = over(1, 23, alerts=(FINGERPRINT,), mended="\n  restarted\nand watched for an hour")
    day = f"{restarted.opened.astimezone():%d %b}"
    assert await told(restarted) == [
        f"{day} INC-20261030-001 redis down, same alert, 11m: restarted"
    ]


async def test_the_one_that_is_open_for_it_comes_first_and_says_how_to_get_there() -> None:
    newer = over(1, 0.001, alerts=(FINGERPRINT,))
    found = await told(newer, going_on(2, alerts=(FINGERPRINT,)))
    assert found[0] == "INC-20261122-002 is open for it: i"
    assert "INC-20261030-001" in found[1]


async def test_one_that_goes_on_beside_it_on_the_service_is_not_said_to_be_for_it() -> None:
    found = await told(going_on(2, alerts=("other",), services=("redis",)))
    assert found == ["INC-20261122-002 is open on the same service: slow"]


async def test_the_three_most_telling_ones_are_told_the_newest_first() -> None:
    same = over(9, 400, alerts=(FINGERPRINT,))
    others = [over(number, number) for number in (1, 2, 3)]
    found = await told(*others, same)
    assert [line.partition("INC-20261030-")[2][:3] for line in found] == ["001", "002", "009"]
    assert f"{same.opened.astimezone():%d %b %Y} " in found[2]


async def test_the_name_of_an_alert_is_known_by_events_of_that_time_and_is_not_made_up() -> None:
    other = over(1, 3, alerts=("elsewhere",))
    assert "same service" in (await told(other))[0]
    named = fired("elsewhere", SUBJECT, other.opened - timedelta(minutes=2))
    assert "same alert, other labels" in (await told(other, events=(named,)))[0]
    # Of an alert that is not in the incident, of another name, or of another time: nothing.
    for event in (
        fired("of-another", SUBJECT, other.opened),
        fired("elsewhere", f"{visible(ROW.title)}Soon redis", other.opened),
        fired("elsewhere", SUBJECT, other.opened - timedelta(days=2)),
    ):
        assert "same service" in (await told(other, events=(event,)))[0]


@pytest.mark.parametrize(
    ("title", "same"), [(SUBJECT, True), (f"{SUBJECT}: again", True), (f"{SUBJECT}2", False)]
)
async def test_the_title_that_an_alert_gave_the_incident_names_it_too(
    title: str, same: bool
) -> None:
    found = await told(over(1, 3, alerts=("elsewhere",), title=title))
    assert ("same alert, other labels" in found[0]) is same


async def test_what_is_about_neither_its_alerts_nor_its_service_is_left_out() -> None:
    assert await told(over(1, 1, alerts=("x",), services=("shop",), title=SUBJECT)) == []


async def test_where_nobody_wrote_down_what_mended_it_that_is_said() -> None:
    untold = msgspec.structs.replace(over(1, 1), started=None)
    assert (await told(untold))[0].endswith(
        "redis down, same service; nobody wrote down what mended it"
    )


async def test_years_that_somebody_wrote_down_by_hand_are_shown_as_they_are() -> None:
    for year in (1, 9999):
        wild = over(1, 1, alerts=("elsewhere",))
        assert await told(msgspec.structs.replace(wild, opened=wild.opened.replace(year=year)))


def test_titles_and_texts_from_outside_are_made_safe() -> None:
    for hostile in hostile_strings(40):
        mended = over(1, 1, title=hostile, mended=hostile)
        papers = Papers(incidents=(IncidentPaper(mended, "incidents/2026/a.md", "b"),))
        (line,) = text_of(incident_lines(ROW, WORLD, papers))
        assert line == visible(line)


async def test_they_are_told_beside_earlier_firings_and_are_never_old() -> None:
    past = Told()
    desk = EvidenceDesk(
        SystemClock(),
        asker=ScriptedInquiry,
        logs=lambda: None,
        events=lambda: (),
        past=lambda: past,
        shelf=no_books,
    )
    came: dict[Topic, list[str]] = {}

    def take(learned: Learned) -> None:
        came[learned.topic] = text_of(learned.lines)

    await desk.gather(ROW, WORLD, take)
    before = came[Topic.BEFORE]
    past.papers = Told(incidents=[going_on(2, alerts=(FINGERPRINT,))]).papers
    await desk.gather(ROW, WORLD, take)
    assert came[Topic.BEFORE] == [*before, "INC-20261122-002 is open for it: i"]
