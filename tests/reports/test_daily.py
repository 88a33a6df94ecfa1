"""The report of a day: what stood at its end, what was done on it, what comes after it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from console.model.change import ChangeState
from console.model.daily import Daily, DoneStep
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope
from console.model.history import Sight
from console.model.incident import Incident, IncidentState
from console.model.nag import Nag, NagKind
from console.model.saying import verbatim
from console.model.summary import Exclusion
from console.model.time_interval import Interval
from console.reports.daily import daily_of
from tests.reports.material import bout, change, material, moment_of, seen, service, up_all_day, utc


def incident(name: str, **times: datetime | IncidentState) -> Incident:
    made = Incident(name, name, utc("2026-11-20"), started=utc("2026-11-20"))
    return msgspec.structs.replace(made, **times)


def listed(daily: Daily) -> dict[str, str]:
    """In which list each incident stands."""
    lists = {"active": daily.active, "settled": daily.settled, "closed": daily.closed}
    found = [(one.id, name) for name, lines in lists.items() for one in lines]
    assert len(found) == len(dict(found))
    return dict(found)


def test_every_incident_stands_where_it_stood_at_the_end_of_the_day() -> None:
    on, before, after = moment_of("10:00"), utc("2026-11-21"), utc("2026-11-23 10:00")
    state = IncidentState
    found = listed(
        daily_of(
            material(
                incidents=(
                    incident("open"),
                    incident("mitigated before", mitigated=before, state=state.MITIGATED),
                    incident("mitigated", mitigated=on, state=state.MITIGATED),
                    incident("resolved", resolved=on, state=state.RESOLVED),
                    incident("closed", resolved=before, closed=on, state=state.CLOSED),
                    incident("both", resolved=on, closed=on, state=state.CLOSED),
                    incident("closed after", resolved=on, closed=after, state=state.CLOSED),
                    incident("resolved after", resolved=after, state=state.RESOLVED),
                    incident("over", resolved=before, closed=before, state=state.CLOSED),
                    incident("by hand", resolved=on, state=state.CLOSED),
                    incident("due", resolved=before, state=state.POST_MORTEM_DUE),
                    incident("later", started=after, opened=after),
                )
            )
        )
    )

    assert found == {
        "open": "active",
        "mitigated before": "active",
        "resolved after": "active",
        "mitigated": "settled",
        "resolved": "settled",
        "by hand": "settled",
        "closed after": "settled",
        "closed": "closed",
        "both": "closed",
    }


def test_changes_of_the_day_and_of_the_two_days_after_it() -> None:
    waiting = {"started": None, "ended": None, "state": ChangeState.SCHEDULED}

    def ahead(name: str, start: str, end: str, **fields: object) -> object:
        return change(name, window=(start, end), **{**waiting, **fields})  # type: ignore[arg-type]

    found = daily_of(
        material(
            changes=(
                change(),
                ahead("CHG-soon", "2026-11-24 23:00", "2026-11-25 01:00"),
                ahead("CHG-late", "2026-11-25 00:00", "2026-11-25 01:00"),
                ahead("CHG-then", "2026-11-23 10:00", "2026-11-23 11:00",
                      started="2026-11-23 10:01", ended="2026-11-23 10:30",
                      state=ChangeState.CLOSED),
                ahead("CHG-no", "2026-11-23 10:00", "2026-11-23 11:00",
                      state=ChangeState.CANCELLED),
            )
        )
    )  # fmt: skip

    assert [one.id for one in found.changes] == ["CHG-20261122-9b1"]
    assert [(one.id, one.state) for one in found.upcoming] == [
        ("CHG-then", ChangeState.SCHEDULED), ("CHG-soon", ChangeState.SCHEDULED)
    ]  # fmt: skip
    assert all(one.is_planned for one in found.upcoming)


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        (Schedule(periods=(Period(utc("2026-11-20"), utc("2026-11-28 16:00")),)),
         ["week until 2026-11-29 00:00"]),
        (Schedule(periods=(Period(moment_of("10:00"), moment_of("11:00")),)),
         ["week until 2026-11-22 19:00"]),
        (Schedule(periods=(Period(utc("2026-11-01"), utc("2026-11-21 16:00")),)), []),
        (Schedule((Interval(),)), ["week"]),
        # In force at its beginning, and again at its end.
        (Schedule(periods=(Period(utc("2026-11-01"), moment_of("03:00")),
                           Period(moment_of("13:00"), utc("2026-11-23 16:00")))),
         ["week until 2026-11-24 00:00"]),
        (Schedule((Interval(minutes=((600, 660),), zone=ZoneInfo("Asia/Taipei")),)),
         ["week until 2026-11-22 11:00"]),
    ],
)  # fmt: skip
def test_freezes_of_the_day_are_told_with_their_end(schedule: Schedule, told: list[str]) -> None:
    freezes = (
        Freeze("week", Level.HARD, schedule),
        Freeze("elsewhere", Level.HARD, schedule, Scope(environments=("staging",))),
    )

    found = daily_of(material(zone="Asia/Taipei", calendar=Calendar(freezes=freezes)))

    zone = ZoneInfo("Asia/Taipei")
    assert [
        one.name if one.until is None else f"{one.name} until {one.until.astimezone(zone):%F %H:%M}"
        for one in found.freezes
    ] == told


def test_what_was_overdue_at_the_end_of_the_day_is_told_the_oldest_first() -> None:
    def nag(due: str, text: str) -> Nag:
        return Nag(NagKind.ACTION, "INC-1", verbatim(text), utc(due), "mei")

    found = daily_of(
        material(
            nags=(
                nag("2026-11-23 00:01", "later"),
                nag("2026-11-22 20:00", "review"),
                nag("2026-11-01 00:00", "old"),
            )
        )
    )

    assert [(one.document, one.what.text, one.owner, one.due) for one in found.overdue] == [
        ("INC-1", "old", "mei", utc("2026-11-01 00:00")),
        ("INC-1", "review", "mei", utc("2026-11-22 20:00")),
    ]


def test_the_five_that_fired_the_longest_within_the_day() -> None:
    bouts = [
        bout("10:00", f"10:{number:02}", key=f"{number}") for number in range(1, 8)
    ]  # fmt: skip
    goes_on = bout("2026-11-01 00:00", key="on", seen_at="2026-11-24 00:00")
    over = bout("2026-11-01 00:00", "2026-11-21 00:00", key="over")

    found = daily_of(
        material(bouts=tuple(sorted([*bouts, goes_on, over], key=lambda one: one.start)))
    )

    assert [one.key for one in found.longest] == ["on", "7", "6", "5", "4"]


def test_a_service_of_the_day_is_told_as_it_was_last_seen() -> None:
    noon = ("2026-11-22 00:00", "2026-11-22 12:00", Sight.DOWN)
    lately = ("2026-11-22 12:00", "2026-11-22 23:58", Sight.SLOW)
    after = ("2026-11-23 00:00", "2026-11-23 01:00", Sight.DOWN)
    made = material(
        seen("shop", noon, lately, after),
        seen("api", noon),
        services=[service(), service("api"), service("gone")],
    )

    shop, api, gone = daily_of(made).services

    assert (shop.last, api.last, gone.last) == (Sight.SLOW, None, None)
    assert (shop.outages, shop.availability.down_s) == (1, 12 * 3600)


def test_an_outage_in_maintenance_is_none_that_counts() -> None:
    down = ("2026-11-22 10:00", "2026-11-22 11:00", Sight.DOWN)
    excluded = Exclusion(verbatim("maintenance"), moment_of("09:00"), moment_of("12:00"))

    (found,) = daily_of(
        material(seen("shop", down), services=[service()], exclusions=(excluded,))
    ).services

    assert (found.outages, found.availability.raw_down_s) == (0, 3600)


def test_steps_are_those_of_the_day() -> None:
    steps = tuple(
        DoneStep(utc(at), "kai", "RUN-1", "restart", "web-1", "passed")
        for at in ("2026-11-21 23:59", "2026-11-22 00:00", "2026-11-23 00:00")
    )

    assert daily_of(material(steps=steps)).steps == steps[1:2]


def test_a_day_that_has_not_begun_has_nothing() -> None:
    found = daily_of(material(up_all_day(), services=[service()], now=utc("2026-11-20")))

    assert found.services[0].availability.whole_s == 0
    assert found.freezes == ()
