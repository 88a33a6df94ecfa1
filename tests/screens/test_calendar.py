"""The calendar: what holds now in front, then day for day in the zone of the rota."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from config.people import Rota
from config.schema import Settings
from console.model.change import ChangeState, Plan
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope, Window
from console.model.papers import Papers
from console.model.time_interval import Interval
from screens.calendar import CalendarScreen
from screens.calendar_lines import View, calendar_text, day_of, stretches
from screens.calendar_strip import Band, halves
from tests.build import T0
from tests.hostile import ATTACKS
from tests.screens.console import until
from tests.screens.journal_world import (
    DAY,
    HOUR,
    approved,
    change,
    freeze,
    moment,
    nightly,
    show,
    world_on,
)

TAIPEI = ZoneInfo("Asia/Taipei")
BERLIN = ZoneInfo("Europe/Berlin")
NOTHING = Calendar()
NIGHT = ((22 * 60, 24 * 60), (0, 4 * 60))


def lines_of(
    calendar: Calendar = NOTHING,
    *papers: Any,
    now: datetime = T0,
    zone: Any = UTC,
    days: int = 2,
) -> list[str]:
    known = Papers(changes=papers, calendar=calendar)
    text = calendar_text(View(known, now, zone, "prod"), days)
    return [" ".join(line.split()) for line in text.split("\n")]


def test_a_freeze_that_holds_now_stands_first_with_its_end_and_whom_to_ask() -> None:
    lines = lines_of(Calendar((), (freeze(),)))
    assert lines[0] == (
        "now freeze observation (hard) until Sat 28 Nov 03:16, in 6 d: the launch; ask mei"
    )
    assert lines[1] == "next changes may be made from Sat 28 Nov 03:16, in 6 d on"


def test_a_freeze_beats_the_window_that_is_open() -> None:
    lines = lines_of(Calendar((nightly(*NIGHT),), (freeze(),)))
    assert lines[1] == (
        "now window nightly is open until Sun 22 Nov 04:00, in 43m, but a freeze beats it"
    )


def test_a_freeze_of_some_services_takes_no_more_than_these_from_a_window() -> None:
    some = msgspec.structs.replace(freeze(), scope=Scope(services=("pay", "invoice")))
    lines = lines_of(Calendar((nightly(*NIGHT),), (some,)))
    assert lines[1].endswith("04:00, in 43m, but for invoice, pay a freeze beats it")
    assert not any("begins" in line for line in lines)


def test_what_is_open_is_said_and_when_the_next_freeze_begins() -> None:
    ahead = freeze("month end", Level.SOFT, Period(T0 + DAY, T0 + 2 * DAY))
    assert lines_of(Calendar((nightly(*NIGHT),), (ahead,)))[:2] == [
        "now window nightly is open until Sun 22 Nov 04:00, in 43m",
        "next freeze month end (soft) begins Mon 23 Nov 03:16, in 24h",
    ]
    assert lines_of()[0] == "now no freeze for all: changes may be made at any time"


def test_a_window_that_is_shut_says_when_it_opens() -> None:
    later = Calendar((nightly((5 * 60, 6 * 60)),))
    assert lines_of(later)[0] == "next changes may be made from Sun 22 Nov 05:00, in 1h43m on"
    never = Calendar((Window("never", Schedule()),))
    assert lines_of(never)[0] == "next no moment within a year at which changes may be made"


def test_a_freeze_of_one_service_does_not_speak_for_the_others() -> None:
    scoped = freeze(scope=Scope(services=("redis",)))
    lines = lines_of(Calendar((), (scoped,)))
    assert lines[0].startswith("now freeze observation for redis (hard) until")
    assert lines[1] == (
        "now no freeze for all: changes may be made at any time; "
        "the services named here have their own"
    )


def test_what_is_for_another_environment_is_left_out() -> None:
    elsewhere = freeze(scope=Scope(environments=("staging",)))
    assert not any("observation" in line for line in lines_of(Calendar((), (elsewhere,))))


def test_a_window_over_midnight_stands_on_both_days_with_its_end() -> None:
    lines = lines_of(Calendar((nightly(*NIGHT),)))
    today, tomorrow = lines.index("Sun 22 Nov, today"), lines.index("Mon 23 Nov")
    assert lines[today + 1 : tomorrow] == [
        "00:00-04:00 window nightly",
        "22:00-24:00 window nightly until Mon 23 Nov 04:00",
    ]
    assert lines[tomorrow + 1] == "00:00-04:00 window nightly"


def test_days_are_those_of_the_rota_and_not_of_utc() -> None:
    at = moment("2026-11-22 17:00")  # one in the morning of the 23rd
    lines = lines_of(
        Calendar((nightly((9 * 60, 10 * 60), zone=TAIPEI),)), now=at, zone=TAIPEI, days=1
    )
    assert (
        "Mon 23 Nov, today, times of Asia/Taipei" in lines and "09:00-10:00 window nightly" in lines
    )


@pytest.mark.parametrize(
    ("day", "hours", "said"),
    [
        (
            date(2026, 10, 25),
            25,
            "Sun 25 Oct, today, 25 hours: the clocks are changed, times of Europe/Berlin",
        ),
        (
            date(2026, 3, 29),
            23,
            "Sun 29 Mar, today, 23 hours: the clocks are changed, times of Europe/Berlin",
        ),
        (date(2026, 3, 30), 24, "Mon 30 Mar, today, times of Europe/Berlin"),
    ],
)
def test_a_day_on_which_the_clocks_are_changed_is_told(day: date, hours: int, said: str) -> None:
    whole = day_of(day, BERLIN)
    assert whole.end - whole.start == timedelta(hours=hours)
    noon = whole.start + timedelta(hours=12)
    calendar = Calendar((nightly((60, 4 * 60), zone=BERLIN),))
    lines = lines_of(calendar, now=noon, zone=BERLIN, days=1)
    at = lines.index(said)
    assert lines[at + 1] == "01:00-04:00 window nightly"


def test_the_strip_is_by_the_clock_on_the_wall() -> None:
    spring, autumn = day_of(date(2026, 3, 29), BERLIN), day_of(date(2026, 10, 25), BERLIN)
    window = Schedule((Interval(minutes=((60, 240),), zone=BERLIN),))
    for whole, expected in (
        (spring, "..ww  ww" + "." * 40),
        (autumn, "..wwwwww" + "." * 40),
    ):
        bands = [Band("w", one) for one in stretches(window, whole)]
        assert halves(whole, bands, BERLIN) == expected


def test_an_hour_that_comes_twice_is_frozen_where_one_of_the_two_is() -> None:
    whole = day_of(date(2026, 10, 25), BERLIN)
    first = moment("2026-10-25 00:00")  # 02:00, before the clocks go back to it
    bands = [Band("F", Period(first, first + HOUR / 2))]
    assert halves(whole, bands, BERLIN)[3:6] == ".F."


def test_in_the_strip_a_freeze_lies_on_a_window() -> None:
    whole = day_of(date(2026, 11, 22), UTC)
    start = whole.start
    bands = [
        Band("w", Period(start, start + 4 * HOUR)),
        Band("F", Period(start + HOUR, start + 2 * HOUR)),
        Band("f", Period(start + 3 * HOUR, start + 3 * HOUR + timedelta(minutes=10))),
    ]
    assert halves(whole, bands, UTC)[:9] == "wwFFwwfw."


def test_stretches_that_meet_are_one_and_none_is_lost() -> None:
    schedule = Schedule(periods=(Period(T0, T0 + HOUR), Period(T0 + HOUR, T0 + 2 * HOUR)))
    assert stretches(schedule, Period(T0 - HOUR, T0 + DAY)) == (Period(T0, T0 + 2 * HOUR),)
    assert stretches(Schedule(), Period(T0, T0 + DAY)) == ()


def test_a_change_stands_on_its_day_with_what_holds_it_up() -> None:
    lines = lines_of(
        Calendar((), (freeze(),)), approved(2, "rotate"),
        change(3, "gone", state=ChangeState.CANCELLED),
    )  # fmt: skip
    at = lines.index("03:16-04:16 CHG-20261122-002 approved rotate (kai)")
    assert lines[at + 1].startswith(
        "it may not start then: the hard freeze observation is in force until"
    )
    assert not any("gone" in line for line in lines)


def test_changes_that_could_not_be_read_are_said_to_be_missing() -> None:
    known = Papers(unread="the disk is dark")
    assert "no change is known: the disk is dark" in calendar_text(View(known, T0, UTC), 1)


def test_a_change_that_may_start_has_nothing_said_against_it() -> None:
    lines = lines_of(Calendar(), approved())
    assert not any("may not start" in line for line in lines)


def test_a_change_under_way_without_a_window_is_on_today() -> None:
    lines = lines_of(Calendar(), change(1, state=ChangeState.IN_PROGRESS, plan=Plan()))
    assert "now CHG-20261122-001 in progress upgrade redis (kai)" in lines


def test_hostile_names_and_titles_are_shown_and_never_obeyed() -> None:
    for attack in ATTACKS:
        hostile = Freeze(
            attack, Level.HARD, Schedule(periods=(Period(T0, T0 + DAY),)), owner=attack,
            reason=attack,
        )  # fmt: skip
        text = "\n".join(lines_of(Calendar((), (hostile,)), change(1, attack)))
        assert not {"\x1b", "\u202e", "\x07"}.intersection(text)


@pytest.mark.parametrize(("size", "has_strip"), [((80, 24), False), ((120, 36), True)])
async def test_the_word_opens_it_once_and_the_strip_needs_a_wide_screen(
    size: tuple[int, int], has_strip: bool
) -> None:
    calendar = Calendar((nightly(*NIGHT),), (freeze(),))
    settings = Settings(environment="test", rota=Rota(zone="Asia/Taipei"))
    papers = Papers(calendar=calendar)
    async with world_on(papers, size=size, settings=settings) as (console, pilot, _):
        console.app.do_app_calendar()
        await until(pilot, lambda: isinstance(console.app.screen, CalendarScreen))
        console.app.do_app_calendar()
        await pilot.pause()
        assert len(console.app.screen_stack) == 2
        # 03:16 of UTC is 11:16 in the zone of the rota.
        first = "now         freeze observation (hard) until Sat 28 Nov 11:16"
        assert console.lines[2].startswith(first)
        assert ("F hard freeze" in console.text) is has_strip
        show(console, msgspec.structs.replace(papers, calendar=Calendar()))
        await until(pilot, lambda: "at any time" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: len(console.app.screen_stack) == 1)
