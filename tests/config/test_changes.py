"""Windows, freezes and deadlines of incidents: as they are written, and as they then hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.changes import calendar_of, standards_of
from config.incidents import nag_policy_of
from console.model.freeze import Calendar, Level, Scope
from console.model.nags import NagPolicy
from tests.config.folder import faults, loaded

WHOLE = """
rota: {zone: Asia/Taipei}
changes:
  windows:
    - name: nights
      services: [shop]
      times:
        - weekdays: ["monday:friday"]
          times: [{start_time: "22:00", end_time: "24:00"}]
          location: Asia/Taipei
        - {weekdays: [saturday]}
  freezes:
    - name: year end
      level: soft
      environments: [prod]
      owner: mei
      reason: everybody is away
      allows: [certificate]
      periods:
        - {start: 2026-12-24T18:00:00+08:00, end: 2026-12-28T08:00:00+08:00}
  standards:
    - {name: certificate, summary: Renew one, services: [shop], steps: certbot renew}
"""
SERVICES = """
services: [{name: shop, type: docker, host: h}]
pages: [{name: front, path: /, base_url: http://a}]
"""
MINUTE = timedelta(minutes=1)


def calendar(folder: Path, oncall: str, services: str | None = None) -> Calendar:
    return calendar_of(loaded(folder, oncall, services).settings)


def test_windows_and_freezes_hold_when_and_for_what_is_written(tmp_path: Path) -> None:
    found = calendar(tmp_path, WHOLE, SERVICES)

    (window,) = found.windows
    assert (window.name, window.scope) == ("nights", Scope(services=("shop",)))
    # Friday 22:00 in Taipei, and Saturday as UTC has it.
    assert window.schedule.holds(datetime(2026, 11, 20, 14, tzinfo=UTC))
    assert not window.schedule.holds(datetime(2026, 11, 20, 16, tzinfo=UTC))
    assert window.schedule.holds(datetime(2026, 11, 21, 16, tzinfo=UTC))
    (freeze,) = found.freezes
    assert (freeze.level, freeze.scope) == (Level.SOFT, Scope(environments=("prod",)))
    assert (freeze.owner, freeze.reason) == ("mei", "everybody is away")
    assert freeze.allows == ("certificate",)
    assert freeze.schedule.until(datetime(2026, 12, 25, tzinfo=UTC)) == datetime(
        2026, 12, 28, 0, tzinfo=UTC
    )


def test_approved_templates_are_known_by_name(tmp_path: Path) -> None:
    settings = loaded(tmp_path, WHOLE, SERVICES).settings
    assert standards_of(settings) == {"certificate"}
    assert settings.changes.standards[0].steps == "certbot renew"


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Taipei", "2026-11-22", 168),
        ("UTC", "2026-11-22", 168),
        # The clocks go back, and forward, within these seven days.
        ("Europe/Berlin", "2026-10-20", 169),
        ("Europe/Berlin", "2026-03-25", 167),
        # There the clocks go forward at midnight: the day begins at 01:00.
        ("America/Santiago", "2026-09-06", 167),
    ],
)
def test_one_line_of_observation_freezes_exactly_seven_local_days(
    tmp_path: Path, zone: str, day: str, hours: int
) -> None:
    (freeze,) = calendar(
        tmp_path, f"rota: {{zone: {zone}}}\nchanges: {{observation: {day}}}"
    ).freezes
    (period,) = freeze.schedule.periods
    first = datetime.fromisoformat(day).date()
    start, last = period.start.astimezone(ZoneInfo(zone)), period.end - MINUTE

    assert (freeze.name, freeze.level, freeze.scope) == ("observation", Level.HARD, Scope())
    assert (
        start.date() == first and (period.start - MINUTE).astimezone(ZoneInfo(zone)).date() < first
    )
    assert last.astimezone(ZoneInfo(zone)).date() == first + timedelta(days=6)
    assert period.end.astimezone(ZoneInfo(zone)).date() == first + timedelta(days=7)
    assert period.end - period.start == timedelta(hours=hours)


def test_an_observation_may_be_longer_and_say_why(tmp_path: Path) -> None:
    text = "changes: {observation: {from: 2026-11-22, days: 14, owner: mei, reason: launch}}"
    (freeze,) = calendar(tmp_path, text).freezes
    (period,) = freeze.schedule.periods
    assert period.end - period.start == timedelta(days=14)
    assert (freeze.owner, freeze.reason) == ("mei", "launch")


def test_no_settings_forbid_nothing_and_ask_by_the_house_rule(tmp_path: Path) -> None:
    settings = loaded(tmp_path).settings
    assert calendar_of(settings) == Calendar()
    assert nag_policy_of(settings) == NagPolicy()


def test_deadlines_of_incidents_are_the_teams_own(tmp_path: Path) -> None:
    text = (
        "incidents: {lead: 1m, post_mortem: 3d, actions: {P0: 7d}, remind_before: 1d}\n"
        "changes: {review: 12h}"
    )
    found = loaded(tmp_path, text)
    days = timedelta(days=1)
    assert nag_policy_of(found.settings) == NagPolicy(
        lead=MINUTE,
        post_mortem=3 * days,
        actions=(7 * days, 30 * days, 30 * days, 30 * days),
        review=days / 2,
    )
    assert found.policy.remind_before == days


def test_a_folder_of_templates_is_relative_to_the_settings(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "journal: {templates: ours}").settings
    assert settings.journal.templates == str(tmp_path / "ours")


FREEZE = "changes: {freezes: [{name: a, "


@pytest.mark.parametrize(
    ("oncall", "expected"),
    [
        (FREEZE + "level: hard}]}", "1:21: changes.freezes[0]: expected `times` or `periods`"),
        (FREEZE + "times: []}]}", "1:21: changes.freezes[0]: expected `times` or `periods`"),
        (FREEZE + "times: [{}]}]}", "1:39: changes.freezes[0].times[0]: expected keys with values"),
        (
            FREEZE + "times: [{days_of_month: ['30'], months: [february]}]}]}",
            "1:39: changes.freezes[0].times[0]: expected days_of_month that some of its months hav",
        ),
        (
            FREEZE + "times: [{weekdays: [monday], hours: [1]}]}]}",
            '1:60: changes.freezes[0].times[0]: unknown key "hours"; expected one of times, weekd',
        ),
        (
            FREEZE + "times: [{times: [{start_time: '22:00', end_time: '06:00'}]}]}]}",
            "1:47: changes.freezes[0].times[0].times: expected a start_time before its end_time; p",
        ),
        (FREEZE + "level: firm}]}", "1:38: changes.freezes[0].level: expected one of"),
        (
            FREEZE + "periods: [{start: 2026-12-02T00:00:00Z, end: 2026-12-01T00:00:00Z}]}]}",
            "1:76: changes.freezes[0].periods[0].end: expected a time after `start`",
        ),
        (
            FREEZE + "periods: [{start: 2026-12-01, end: 2026-12-02T00:00:00Z}]}]}",
            "1:49: changes.freezes[0].periods[0].start: expected a time such as 2026-11-22T09:00:0",
        ),
        (
            FREEZE + "times: [{weekdays: [sunday]}], allows: [x]}], standards: [{name: y}]}",
            '1:71: changes.freezes[0].allows[0]: expected a name in `standards`, got "x"',
        ),
        (
            FREEZE + "times: [{weekdays: [1]}]}, {name: a, times: [{weekdays: [1]}]}]}",
            '1:65: changes.freezes[1].name: expected a name that no other freeze has, got "a"',
        ),
        (
            "changes: {observation: 2026-11-22, freezes: [{name: observation, times: []}]}",
            '1:53: changes.freezes[0].name: expected a name that no other freeze has, got "observ',
        ),
        ("changes: {observation: soon}", "1:24: changes.observation: expected a date such as 202"),
        ("changes: {observation: 1026-11-22}", "1:24: changes.observation: expected a day of the"),
        ("changes: {observation: {days: 3}}", "1:24: changes.observation: missing `from`: expecte"),
        (
            "changes: {observation: {from: 2026-11-22, days: 0}}",
            "1:49: changes.observation.days: expected a number of days 1 to 366, got",
        ),
        (
            "changes: {windows: [{name: a, services: [shpo], times: [{weekdays: [1]}]}]}",
            "1:42: changes.windows[0].services[0]: expected a service of services.yaml, got",
        ),
        ("changes: {standards: [{name: x}, {name: x}]}", "1:41: changes.standards[1].name: expect"),
        ("incidents: {lead: 2}", "1:19: incidents.lead: expected a duration such as 30s, 5m"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, oncall: str, expected: str) -> None:
    found = faults(tmp_path, oncall, SERVICES)
    assert any(fault.startswith(f"oncall.yaml:{expected}") for fault in found), found


def test_a_misspelt_service_names_the_one_that_was_meant_pages_count_too(tmp_path: Path) -> None:
    one = "{name: %s, services: [%s], times: [{weekdays: [sunday]}]}"
    text = f"changes: {{windows: [{one % ('a', 'shoop')}, {one % ('b', 'front')}]}}"
    (fault,) = faults(tmp_path, text, SERVICES)
    assert 'got "shoop"; did you mean "shop"?' in fault


def test_without_a_registry_any_service_may_be_named(tmp_path: Path) -> None:
    text = "changes: {windows: [{name: a, services: [api], times: [{weekdays: [sunday]}]}]}"
    assert faults(tmp_path, text) == []
