"""The summary of a week: who is in it, what is laid over its days, and what it is compared with."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest

from config.history import ObjectiveEntry
from console.model.change import ChangeState
from console.model.history import Sight
from console.model.incident import Incident, IncidentState
from console.model.latency import counted
from console.model.saying import verbatim
from console.model.summary import MOST_OUTAGES, Verdict
from console.model.unix import milliseconds
from console.reports.week import week_of
from tests.reports.material import (
    NOW,
    bout,
    change,
    material,
    moment_of,
    seen,
    service,
    up_all_day,
    utc,
)


def test_services_stand_in_the_order_of_the_registry_and_then_by_name() -> None:
    found = week_of(
        material(
            up_all_day("zoo"),
            up_all_day("api"),
            up_all_day("job/9"),
            up_all_day("job/1"),
            services=[
                service("zoo", owner="team-a", critical=True),
                service("gone"),
                service("api"),
            ],
        )
    )

    assert [one.service for one in found.services] == ["zoo", "gone", "api", "job/1", "job/9"]
    first, gone, *_, last = found.services
    assert (first.place, first.owner, first.critical) == ("web-1", "team-a", True)
    assert (gone.verdict, gone.total.ratio, gone.budget) == (Verdict.NOT_ENOUGH_DATA, None, None)
    assert gone.total.whole_s == 86_400
    assert gone.source == ""
    assert (last.place, last.owner, last.critical) == ("", "", False)


def test_the_target_of_a_service_is_its_own_where_it_has_one() -> None:
    down = ("2026-11-22 00:00", "2026-11-22 00:10", Sight.DOWN)
    up = ("2026-11-22 00:10", "2026-11-23 00:00", Sight.UP)
    found = week_of(
        material(
            seen("shop", down, up),
            seen("api", down, up),
            services=[service("shop"), service("api", slo_availability=99.0)],
        )
    )

    shop, api = found.services
    assert (shop.target, shop.verdict) == (0.999, Verdict.MISSED)
    assert (api.target, api.verdict) == (0.99, Verdict.MET)
    assert api.budget is not None
    assert api.budget.allowed_s == pytest.approx(864)
    assert api.budget.spent_s == 600


def test_without_any_target_nothing_is_judged() -> None:
    found = week_of(material(up_all_day(), services=[service()], target=None))

    assert found.services[0].verdict is Verdict.NOT_MEASURED
    assert found.services[0].budget is None


def test_latencies_are_of_the_whole_hours_that_begin_in_a_day() -> None:
    midnight = milliseconds(utc("2026-11-22")) // 1000
    hours = tuple(
        (midnight + hour * 3600, counted([took])) for hour, took in ((-1, 9_000.0), (0, 100.0),
                                                                    (23, 200.0), (24, 9_000.0))
    )  # fmt: skip

    (found,) = week_of(material(up_all_day(hours=hours), services=[service()])).services

    assert found.latencies.total == 2
    assert found.p50_ms == pytest.approx(100, rel=0.01)
    assert found.p99_ms == pytest.approx(200, rel=0.01)
    assert found.days[0].p95_ms == found.p95_ms
    assert week_of(material(up_all_day())).services[0].p95_ms is None


def test_a_zone_whose_days_begin_within_an_hour_loses_none_of_them() -> None:
    first = milliseconds(utc("2026-11-20")) // 1000
    hours = tuple((first + 3600 * n, counted([float(n + 1)])) for n in range(120))
    days = [date(2026, 11, day) for day in (21, 22, 23)]

    whole = week_of(
        material(up_all_day(hours=hours), first=days[0], last=days[-1], zone="Asia/Kolkata")
    )

    apart = [
        week_of(material(up_all_day(hours=hours), first=day, last=day, zone="Asia/Kolkata"))
        for day in days
    ]
    assert whole.services[0].latencies.total == 72
    assert [one.services[0].latencies.total for one in apart] == [24, 24, 24]


def test_it_is_compared_with_the_days_before_by_the_same_arithmetic() -> None:
    earlier = seen(
        "shop",
        ("2026-11-21 00:00", "2026-11-21 06:00", Sight.DOWN),
        ("2026-11-21 06:00", "2026-11-21 12:00", Sight.UP),
    )

    found = week_of(material(up_all_day(), services=[service(), service("api")], before=[earlier]))

    shop, api = found.services
    assert shop.before is not None
    assert (shop.before.ratio, shop.before.coverage) == (0.5, 0.5)
    assert api.before is None
    assert found.before == shop.before
    assert found.objectives[0].before == 50
    assert week_of(material(up_all_day())).before is None


def test_a_week_that_is_not_over_ends_now() -> None:
    now = utc("2026-11-22 06:00")

    found = week_of(material(up_all_day(), services=[service()], last=date(2026, 11, 24), now=now))

    assert (found.end, found.days) == (now, 3)
    (one,) = found.services
    assert len(one.days) == 1
    assert (one.total.whole_s, one.total.coverage) == (6 * 3600, 1)


def test_of_many_outages_the_longest_are_listed_and_all_are_counted() -> None:
    start = utc("2026-11-22")
    pieces = []
    for number in range(120):
        at = start + timedelta(minutes=10 * number)
        over = at + timedelta(seconds=1 + number)
        pieces += [(at, over, Sight.DOWN), (over, at + timedelta(minutes=10), Sight.UP)]

    (found,) = week_of(material(seen("shop", *pieces), services=[service()])).services

    assert found.outage_count == 120
    assert len(found.outages) == MOST_OUTAGES
    assert found.outages[0].start == start + timedelta(minutes=10 * 70)
    assert list(found.outages) == sorted(found.outages, key=lambda one: one.start)


def incident(**fields: object) -> Incident:
    made = Incident(
        "INC-20261122-7f3", "Down\x1b[31m", moment_of("10:10"), services=("shop",),
        started=moment_of("10:00"), state=IncidentState.CLOSED, resolved=moment_of("11:00"),
        closed=utc("2026-11-23 10:00"),
    )  # fmt: skip
    return msgspec.structs.replace(made, **fields)


def test_incidents_and_changes_lie_over_the_days_of_their_services() -> None:
    found = week_of(
        material(
            services=[service(), service("api")],
            first=date(2026, 11, 21),
            last=date(2026, 11, 23),
            incidents=(incident(resolved=utc("2026-11-23 10:00")),),
            changes=(change(),),
        )
    )

    shop, api = found.services
    incident_id = ("INC-20261122-7f3",)
    assert [one.incidents for one in shop.days] == [(), incident_id, incident_id]
    assert [one.changes for one in shop.days] == [(), ("CHG-20261122-9b1",), ()]
    assert all(not one.incidents and not one.changes for one in api.days)


def test_incidents_are_told_as_they_stood_at_the_end() -> None:
    (then,) = week_of(material(incidents=(incident(),))).incidents
    assert (then.state, then.end) == (IncidentState.RESOLVED, moment_of("11:00"))

    (open_then,) = week_of(
        material(incidents=(incident(resolved=utc("2026-11-23 09:00")),))
    ).incidents
    assert (open_then.state, open_then.end) == (IncidentState.OPEN, None)

    assert then.title == "Down^[[31m"
    assert week_of(material(incidents=(incident(environment="staging"),))).incidents == ()


def test_changes_are_told_with_what_was_planned_and_not_done() -> None:
    planned = change("CHG-2", window=("20:00", "21:00"), started=None, ended=None,
                     state=ChangeState.APPROVED)  # fmt: skip
    refused = change("CHG-3", started=None, ended=None, state=ChangeState.REJECTED)
    draft = change("CHG-4", started=None, ended=None, state=ChangeState.DRAFT)

    done, ahead = week_of(material(changes=(planned, refused, draft, change()))).changes

    assert (done.id, done.is_planned, done.start) == ("CHG-20261122-9b1", False, moment_of("10:10"))
    assert (ahead.id, ahead.is_planned, ahead.start) == ("CHG-2", True, moment_of("20:00"))


def test_figures_of_a_service_stand_with_it_and_those_of_all_with_the_week() -> None:
    entries = (
        ObjectiveEntry(name="coverage", figure="coverage", services=("shop",)),
        ObjectiveEntry(name="alerts", figure="alerts"),
        ObjectiveEntry(name="lost", figure="alerts", services=("nowhere",)),
    )

    found = week_of(material(up_all_day(), services=[service()], objectives=entries))

    assert [one.name for one in found.services[0].figures] == ["coverage"]
    assert [one.name for one in found.objectives] == ["availability", "alerts", "lost"]


def test_notices_of_sources_are_told_once() -> None:
    notices = (verbatim("partial answer: one store is down"),)

    found = week_of(
        material(
            up_all_day("a", notices=notices),
            up_all_day("b", notices=notices),
            notices=(verbatim("x"),),
        )
    )

    assert found.notices == ("x", "partial answer: one store is down")


def test_the_same_material_gives_the_same_week() -> None:
    made = material(
        up_all_day(), services=[service()], bouts=(bout("10:00", "10:30"),), changes=(change(),)
    )

    assert week_of(made) == week_of(made)
    assert week_of(made).made_at == NOW
