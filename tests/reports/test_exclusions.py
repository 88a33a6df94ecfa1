"""What does not count: maintenance, and what was done in the approved window of a change."""

from __future__ import annotations

import tracemalloc
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.changes import ChangePeriod
from config.history import Maintenance
from console.model.change import Change, ChangeKind, ChangeState, plan_hash
from console.model.saying import saying, verbatim
from console.model.summary import Exclusion
from console.model.time_interval import Interval
from console.model.unix import milliseconds
from console.reports.availability import Grid, Slots
from console.reports.exclusions import exclusions_of, spans_of
from tests.reports.material import change, moment_of, utc
from tests.soak import trials

START, END = utc("2026-11-22"), utc("2026-11-23")


def of_changes(*changes: Change, end: datetime = END) -> list[tuple[str, str]]:
    """From when to when each excludes something."""
    found = exclusions_of((), changes, "prod", START, end)
    return [(f"{one.start:%H:%M}", f"{one.end:%H:%M}") for one in found]


def test_a_change_excludes_what_it_took_within_its_window() -> None:
    (found,) = exclusions_of((), [change()], "prod", START, END)

    assert found == Exclusion(
        verbatim("CHG-20261122-9b1"), moment_of("10:10"), moment_of("11:00"), ("shop",)
    )


@pytest.mark.parametrize(
    ("fields", "excluded"),
    [
        # It was begun too early, or took too long: only what was agreed to.
        ({"started": "09:00"}, [("10:00", "11:00")]),
        ({"ended": "15:00"}, [("10:10", "12:00")]),
        ({"started": "13:00", "ended": "14:00"}, []),
        # It goes on: until now, or until its window ends.
        ({"ended": None, "state": ChangeState.IN_PROGRESS}, [("10:10", "12:00")]),
        # It failed, and was rolled back: as long as it took.
        ({"state": ChangeState.FAILED}, [("10:10", "11:00")]),
        ({"state": ChangeState.ROLLED_BACK}, [("10:10", "11:00")]),
        # Nobody did anything, or nobody wrote down when.
        ({"started": None, "ended": None, "state": ChangeState.APPROVED}, []),
        ({"started": None, "ended": None, "state": ChangeState.SCHEDULED}, []),
        ({"started": None}, []),
        ({"ended": None}, []),
        ({"state": ChangeState.DRAFT}, []),
        ({"state": ChangeState.SUBMITTED}, []),
        ({"state": ChangeState.REJECTED}, []),
        ({"state": ChangeState.CANCELLED}, []),
        # Nobody agreed to it, or nobody but its author.
        ({"approved_by": ""}, []),
        ({"approved_by": "kai"}, []),
        # An emergency's author may; without a window nobody agreed to any time.
        ({"approved_by": "kai", "kind": ChangeKind.EMERGENCY}, [("10:10", "11:00")]),
        ({"window": None, "kind": ChangeKind.EMERGENCY}, []),
        ({"approved_by": "", "kind": ChangeKind.STANDARD, "template": "restart"},
         [("10:10", "11:00")]),
        ({"approved_by": "", "kind": ChangeKind.STANDARD}, []),
        # It is about no service, or about another environment.
        ({"services": ()}, []),
        ({"environment": "staging"}, []),
        ({"environment": "PROD"}, [("10:10", "11:00")]),
    ],
)  # fmt: skip
def test_only_what_was_agreed_to_and_done_is_excluded(
    fields: dict[str, Any], excluded: list[tuple[str, str]]
) -> None:
    assert of_changes(change(**fields)) == excluded


def test_what_was_approved_before_the_plan_was_edited_excludes_nothing() -> None:
    approved = change()
    plan = msgspec.structs.replace(approved.plan, steps="rm -rf /")

    assert plan_hash(plan) != approved.approvals[0].plan
    assert of_changes(msgspec.structs.replace(approved, plan=plan)) == []


def test_a_change_that_goes_on_excludes_until_now() -> None:
    going_on = change(ended=None, state=ChangeState.IN_PROGRESS)

    assert of_changes(going_on, end=moment_of("10:45")) == [("10:10", "10:45")]


def test_a_change_of_hosts_alone_excludes_these_and_not_everything() -> None:
    (found,) = exclusions_of((), [change(services=(), hosts=("data-1",))], "prod", START, END)

    assert found.services == ("host:data-1",)


def test_names_that_look_the_same_are_the_same_service() -> None:
    grid = Grid([START, END], exclusions_of((), [change(services=("Shop ",))], "prod", START, END))

    assert grid.of("shop").excluded_ms == [50 * 60_000]
    assert grid.of("api").excluded_ms == [0]


def test_maintenance_of_no_service_is_of_all() -> None:
    period = ChangePeriod(start=moment_of("01:00"), end=moment_of("02:00"))
    night = Interval(minutes=((90, 180),))
    both = Maintenance(name="night", times=(night,), periods=(period,))

    (found,) = exclusions_of([both], (), "prod", START, END)

    assert found == Exclusion(
        saying("maintenance {name}", name="night"), moment_of("01:00"), moment_of("03:00")
    )
    assert Grid([START, END], [found]).of("anything").excluded_ms == [2 * 3_600_000]


def test_maintenance_of_a_service_is_of_that_alone() -> None:
    always = Maintenance(name="old", times=(Interval(),), services=("shop",))
    grid = Grid([START, END], exclusions_of([always], (), "prod", START, END))

    assert grid.of("shop").excluded_ms == [24 * 3_600_000]
    assert grid.of("api").excluded_ms == [0]


_exclusions = st.lists(
    st.builds(
        lambda name, low, lasts, services: Exclusion(
            verbatim(name),
            START + timedelta(hours=low),
            START + timedelta(hours=low + lasts),
            services,
        ),
        st.sampled_from("abc"),
        st.integers(-3, 50),
        st.integers(1, 9),
        st.sampled_from([(), (), ("shop",), ("shop", "api")]),
    ),
    max_size=9,
)


@given(_exclusions)
@settings(max_examples=trials(usual=150, soak=5_000), deadline=None)
def test_what_is_excluded_of_one_service_is_put_in_as_if_all_had_been_there_at_once(
    exclusions: list[Exclusion],
) -> None:
    edges = [START, START + timedelta(hours=23), START + timedelta(hours=48)]
    grid = Grid(edges, exclusions)

    for name in ("shop", "api", "none"):
        wanted = [one for one in exclusions if not one.services or name in one.services]
        alone = Slots(
            edges, [one for one in wanted if edges[0] < one.end and one.start < edges[-1]]
        )
        assert grid.of(name).excluded == alone.excluded
        assert grid.of(name).excluded_ms == alone.excluded_ms == Slots(edges, wanted).excluded_ms


def test_services_with_a_change_each_do_not_each_keep_all_of_the_maintenance() -> None:
    """A thousand of them took 40 seconds and more than a gigabyte."""
    minutes = tuple((minute, minute + 1) for minute in range(0, 1440, 2))
    often = Maintenance(name="often", times=(Interval(minutes=minutes),))
    changes = [change(services=(f"s{number}",)) for number in range(150)]
    end = START + timedelta(days=3)
    found = exclusions_of([often], changes, "prod", START, end)
    tracemalloc.start()
    try:
        grid = Grid([START, end], found)
        sums = [grid.of(f"s{number}").excluded_ms for number in range(150)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert sums == [[(3 * 720 + 25) * 60_000]] * 150
    assert peak < 5_000_000


def test_nothing_is_excluded_without_maintenance_and_changes() -> None:
    never = Maintenance(name="never")

    assert exclusions_of([never], (), "prod", START, END) == ()


def test_an_hour_after_a_midnight_that_is_left_out_begins_with_the_day() -> None:
    """In Beirut clocks go from 00:00 to 01:00: what is called 00:30 to 02:00 is one hour of it,
    and nothing of the evening before."""
    interval = Interval(minutes=((30, 120),), zone=ZoneInfo("Asia/Beirut"))
    maintenance = Maintenance(name="night", times=(interval,))

    found = exclusions_of(
        [maintenance], (), "prod", utc("2026-03-28 12:00"), utc("2026-03-29 12:00")
    )

    assert [(one.start, one.end) for one in found] == [
        (utc("2026-03-28 22:00"), utc("2026-03-28 23:00"))
    ]


_ranges = st.tuples(st.integers(0, 1439), st.integers(1, 600)).map(
    lambda one: (one[0], min(1440, sum(one)))
)


@given(
    st.lists(_ranges, max_size=3),
    st.lists(st.integers(0, 6).map(lambda one: (one, one)), max_size=3),
    st.sampled_from(
        [
            ("Asia/Taipei", date(2026, 11, 22)),
            ("Europe/Berlin", date(2026, 10, 25)),
            ("Australia/Lord_Howe", date(2026, 4, 5)),
            ("Asia/Beirut", date(2026, 3, 29)),
            ("America/Havana", date(2026, 11, 1)),
            ("Pacific/Apia", date(2011, 12, 30)),  # a day that was left out
        ]
    ),
)
@settings(max_examples=trials(usual=30, soak=1_000), deadline=None)
def test_an_interval_excludes_exactly_the_minutes_in_which_it_holds(
    minutes: list[tuple[int, int]], weekdays: list[tuple[int, int]], where: tuple[str, date]
) -> None:
    zone, day = where
    interval = Interval(tuple(minutes), tuple(weekdays), zone=ZoneInfo(zone))
    start = datetime(day.year, day.month, day.day, tzinfo=utc("2026-01-01").tzinfo)
    start -= timedelta(hours=30)
    end = start + timedelta(hours=60)

    spans = [
        (milliseconds(low), milliseconds(high)) for low, high in spans_of(interval, start, end)
    ]

    for number in range(0, 60 * 60, 7):
        at = start + timedelta(minutes=number, seconds=30)
        is_in = any(low <= milliseconds(at) < high for low, high in spans)
        assert is_in is interval.holds(at), at
