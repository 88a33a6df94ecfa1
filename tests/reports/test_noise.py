"""The noise table: which alerts asked the most of people, and what of it came to nothing."""

from __future__ import annotations

from typing import Any

import pytest

from console.model.history import Bout
from console.model.incident import Incident, IncidentState
from console.model.summary import Noise
from console.reports.bouts import merged
from console.reports.noise import noise_of
from console.safety.text import Raw
from tests.reports.material import bout, moment_of, utc

DAYS = tuple(utc(f"2026-11-{day}") for day in (21, 22, 23, 24))
"""Three days."""


def noise(
    *bouts: Bout, before: tuple[Bout, ...] | None = None, incidents: tuple[Incident, ...] = ()
) -> tuple[Noise, ...]:
    return noise_of(merged(bouts), before, incidents, DAYS, DAYS[-1], utc("2026-11-18"))


def incident(**fields: Any) -> Incident:
    made = {"title": "Down", "opened": moment_of("10:10"), "state": IncidentState.RESOLVED,
            "started": moment_of("10:00"), "resolved": moment_of("11:00"), **fields}  # fmt: skip
    return Incident("INC-20261122-7f3", **made)


def test_an_alert_of_a_service_is_one_row_with_its_days() -> None:
    (found,) = noise(
        bout("2026-11-21 10:00", "2026-11-21 10:10", key="a"),
        bout("10:00", "10:30", key="b", acked_at="10:01"),
        bout("12:00", "13:00", key="a"),
        bout("2026-11-23 10:00", key="a"),
    )

    assert (found.alert, found.service, found.count) == (Raw("ServiceDown"), "shop", 4)
    assert found.by_day == (1, 2, 1)
    assert found.total_s == (10 + 30 + 60) * 60
    assert found.median_s == 30 * 60
    assert found.longest_s == 3600
    assert (found.acked, found.untouched) == (1, 2)
    assert found.before is None


def test_the_noisiest_is_first_and_then_what_fired_longer() -> None:
    found = noise(
        bout("10:00", "10:01", key="a", alert=Raw("Short")),
        bout("10:00", "12:00", key="b", alert=Raw("Long")),
        bout("10:00", "10:01", key="c", alert=Raw("Often")),
        bout("11:00", "11:01", key="c", alert=Raw("Often")),
    )

    assert [one.alert.exact for one in found] == ["Often", "Long", "Short"]


def test_what_goes_on_from_before_has_its_time_and_no_count() -> None:
    (found,) = noise(bout("2026-11-20 10:00", "2026-11-21 10:00"))

    assert (found.count, found.by_day, found.total_s) == (0, (0, 0, 0), 10 * 3600)
    assert noise(bout("2026-11-20 10:00", "2026-11-20 23:00")) == ()


def test_time_past_the_end_does_not_count() -> None:
    (found,) = noise(bout("2026-11-23 23:00", "2026-11-24 05:00"))

    assert found.total_s == 3600
    assert found.median_s == 6 * 3600


def test_the_window_before_counts_what_started_in_it() -> None:
    before = (bout("2026-11-17 10:00"), bout("2026-11-19 10:00", key="b"), bout("2026-11-20 10:00"))

    assert noise(bout("10:00"), before=before)[0].before == 2
    assert noise(bout("10:00"), before=())[0].before == 0


@pytest.mark.parametrize(
    ("fields", "untouched"),
    [
        ({}, 1),
        ({"acked_at": "10:05"}, 0),
        ({"silenced_at": "10:05"}, 0),
        ({"resolved_at": None}, 0),
        ({"source": "prom"}, 0),
    ],
)
def test_untouched_is_what_ended_by_itself(fields: dict[str, Any], untouched: int) -> None:
    assert noise(bout("10:00", "10:30", **fields))[0].untouched == untouched


@pytest.mark.parametrize(
    ("fields", "is_about"),
    [
        ({"alerts": ("a" * 16,)}, True),
        ({"services": ("Shop",)}, True),
        ({"services": ("api",)}, False),
        ({"alerts": ("b" * 16,)}, False),
        # The same alert at another time: before the incident, and after it.
        ({"alerts": ("a" * 16,), "started": moment_of("12:00"),
          "resolved": moment_of("13:00")}, False),
        ({"alerts": ("a" * 16,), "started": moment_of("08:00"),
          "resolved": moment_of("09:00")}, False),
        ({"alerts": ("a" * 16,), "resolved": None, "state": IncidentState.OPEN}, True),
    ],
)  # fmt: skip
def test_an_incident_is_about_what_fired_while_it_went_on(
    fields: dict[str, Any], is_about: bool
) -> None:
    (found,) = noise(bout("10:00", "10:30"), incidents=(incident(**fields),))

    assert found.incidents == (("INC-20261122-7f3",) if is_about else ())
    assert found.untouched == (0 if is_about else 1)
