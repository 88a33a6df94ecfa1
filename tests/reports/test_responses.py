"""How soon alerts were taken and over: means of what is known, and breaches where they happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from console.model.history import Bout
from console.model.state import Priority
from console.model.summary import Response
from console.reports.bouts import merged
from console.reports.responses import responses_of
from tests.reports.material import bout, moment_of, utc

START, END = utc("2026-11-22"), utc("2026-11-23")
NOW = utc("2026-11-25")


def told(*bouts: Bout, start: datetime = START, end: datetime = END) -> Response:
    """Of all together."""
    return responses_of(merged(bouts), start, end, NOW)[0]


def test_means_are_of_what_was_taken_and_of_what_ended() -> None:
    found = told(
        bout("10:00", "11:00", key="a", acked_at="10:05"),
        bout("12:00", "12:30", key="b", acked_at="12:15"),
        bout("13:00", key="c"),
    )

    assert (found.count, found.acked, found.resolved) == (3, 2, 2)
    assert found.mtta_s == 10 * 60
    assert found.mttr_s == 45 * 60
    assert found.longest_s == 3600


def test_an_end_that_nobody_saw_is_in_no_mean() -> None:
    found = told(bout("10:00", seen_at="20:00"))

    assert found.mttr_s is None
    assert found.mtta_s is None
    assert found.longest_s == 10 * 3600


def test_what_ended_after_the_window_is_told_whole() -> None:
    """To leave out what took longer would make the mean look better."""
    found = told(bout("23:00", "2026-11-23 05:00", acked_at="2026-11-23 01:00"))

    assert found.mtta_s == 2 * 3600
    assert found.mttr_s == 6 * 3600


def test_what_goes_on_from_before_counted_then() -> None:
    found = told(bout("2026-11-21 23:00", "10:00", acked_at="09:00"))

    assert found == Response(None)


@pytest.mark.parametrize(
    ("fields", "late_acks"),
    [
        ({"acked_at": "10:04"}, 0),
        ({"acked_at": "10:05"}, 0),
        ({"acked_at": "10:06"}, 1),
        ({}, 1),
        ({"end": "10:04"}, 0),
        ({"end": "10:20"}, 1),
        ({"silenced_at": "10:04"}, 0),
        ({"silenced_at": "10:30"}, 1),
        ({"silenced_at": "10:30", "acked_at": "10:02"}, 0),
        # Lost from sight before, so that nobody knows.
        ({"seen_at": "10:03"}, 0),
        ({"seen_at": "10:30"}, 1),
        # Prometheus does not know who took it.
        ({"source": "prom"}, 0),
    ],
)
def test_who_took_it_late_is_told_by_its_deadline(fields: dict[str, Any], late_acks: int) -> None:
    assert told(bout("10:00", respond_by="10:05", **fields)).late_acks == late_acks


@pytest.mark.parametrize(
    ("fields", "late_ends"),
    [
        ({"end": "10:30"}, 0),
        ({"end": "10:31"}, 1),
        ({}, 1),
        ({"acked_at": "10:01"}, 1),
        ({"silenced_at": "10:10"}, 0),
        ({"silenced_at": "10:10", "acked_at": "10:05"}, 1),
        ({"seen_at": "10:20"}, 0),
    ],
)
def test_what_ended_late_is_told_by_its_deadline(fields: dict[str, Any], late_ends: int) -> None:
    assert told(bout("10:00", resolve_by="10:30", **fields)).late_ends == late_ends


def test_a_breach_counts_in_the_window_in_which_the_time_ran_out() -> None:
    late = bout("23:58", respond_by="2026-11-23 00:03")
    next_day = utc("2026-11-23"), utc("2026-11-24")

    assert (told(late).count, told(late).late_acks) == (1, 0)
    after = told(late, start=next_day[0], end=next_day[1])
    assert (after.count, after.late_acks) == (0, 1)


def test_a_deadline_that_has_not_come_is_not_missed() -> None:
    late = bout("10:00", respond_by="10:05")

    assert responses_of([late], START, moment_of("10:02"), moment_of("10:02"))[0].late_acks == 0


def test_what_a_silence_covered_first_is_in_no_mean() -> None:
    found = told(
        bout("10:00", "18:00", key="a", silenced_at="10:01", acked_at="17:00"),
        bout("10:00", "10:30", key="b", acked_at="10:10", silenced_at="10:20"),
    )

    assert found.silenced == 1
    assert (found.acked, found.mtta_of) == (2, 1)
    assert (found.resolved, found.mttr_of) == (2, 1)
    assert found.mtta_s == 600
    assert found.mttr_s == 1800


def test_all_together_come_first_and_then_the_priorities_that_came() -> None:
    found = responses_of(
        [
            bout("10:00", key="a", priority=Priority.P2),
            bout("11:00", key="b", priority=Priority.P0),
            bout("12:00", key="c", priority=Priority.P2),
        ],
        START,
        END,
        NOW,
    )

    assert [(one.priority, one.count) for one in found] == [
        (None, 3), (Priority.P0, 1), (Priority.P2, 2)
    ]  # fmt: skip


def test_one_episode_that_two_sources_tell_of_is_one() -> None:
    history = bout("10:00:20", "10:30:30", acked_at="10:05", acked_by="kai", respond_by="10:15")
    prometheus = bout("10:00:00", "10:30:00", source="prom", service="")

    (found,) = merged([prometheus, history])

    assert found.start == moment_of("10:00")
    assert found.resolved_at == moment_of("10:30:30")
    assert (found.acked_by, found.service) == ("kai", "shop")
    assert found.source == "history, prom"
    assert told(prometheus, history).count == 1


def test_bouts_of_one_alert_that_overlap_are_one_and_those_apart_are_two() -> None:
    whole = bout("10:00", "11:00")
    inside = [bout("10:10", "10:20", source="prom"), bout("10:40", "10:50", source="prom")]

    assert merged([whole, *inside]) == (bout("10:00", "11:00", source="history, prom"),)
    assert len(merged([bout("10:00", "10:10"), bout("10:10", "10:20")])) == 2
    assert len(merged([bout("10:00", "10:30"), bout("10:00", "10:30", key="other")])) == 2


def test_starts_a_scrape_apart_are_one_even_where_nobody_saw_an_end() -> None:
    assert len(merged([bout("10:00:00"), bout("10:01:30", source="prom")])) == 1
    assert len(merged([bout("10:00:00"), bout("10:02:30", source="prom")])) == 2


def test_what_another_source_saw_going_on_long_after_has_not_ended() -> None:
    ended = bout("10:00", "10:30")

    assert merged([ended, bout("10:00", seen_at="12:00", source="prom")])[0].resolved_at is None
    (found,) = merged([ended, bout("10:00", seen_at="10:31", source="prom")])
    assert found.resolved_at == moment_of("10:30")


def test_a_console_that_was_away_at_the_end_does_not_make_it_longer() -> None:
    away = bout("10:00", "14:00", seen_at="10:05", acked_at="10:04")
    prometheus = bout("10:00", "10:06", seen_at="10:05", source="prom")
    again = bout("10:08", "10:20", seen_at="10:19", source="prom")

    (found,) = merged([away, prometheus])
    assert (found.resolved_at, found.acked_at) == (moment_of("10:06"), moment_of("10:04"))
    assert merged([away, prometheus, again])[0].resolved_at == moment_of("10:20")
    assert merged([bout("10:00", "14:00"), prometheus])[0].resolved_at == moment_of("14:00")


def test_the_order_in_which_sources_tell_it_does_not_matter() -> None:
    bouts = [
        bout("10:00", "10:30", acked_at="10:10"),
        bout("10:01", "10:31", source="prom"),
        bout("12:00", "12:30", key="b"),
    ]

    assert merged(bouts) == merged(bouts[::-1])
