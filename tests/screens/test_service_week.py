"""One service over the seven days: every hour stands under its own number, nothing is hidden."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from console.model.saying import verbatim
from console.model.summary import Availability, Outage, Slot
from console.safety.text import cell_width, visible
from screens.service_week import ServiceWeekScreen
from screens.service_week_parts import copied, day_spans
from screens.summary import SummaryScreen
from tests.screens.console import until
from tests.screens.week_world import (
    INCIDENT,
    LAST,
    ScriptedWeeks,
    bout,
    busy,
    figure,
    midnight,
    service,
    usual,
    weeks_on,
)
from widgets.paint import ASCII_GLYPHS

BERLIN = ZoneInfo("Europe/Berlin")


def hours(start: datetime, count: int, down: Callable[[int], float]) -> tuple[Slot, ...]:
    """So many hours, of which number `n` was down for `down(n)` seconds."""
    return tuple(
        Slot(
            start + timedelta(hours=n),
            start + timedelta(hours=n + 1),
            Availability(3600.0, 0.0, 3600.0, down(n), 0.0, 3600.0, down(n)),
        )
        for n in range(count)
    )


@pytest.mark.parametrize(
    ("day", "count", "cells", "shown"),
    [
        (date(2026, 11, 22), 24, 2, "# # x " + "# " * 21),
        # An hour that the clock skips is blank: what comes after it stays under its number.
        (date(2026, 3, 29), 23, 2, "# #   x " + "# " * 20),
        # One that comes twice has two narrow cells, or the worse of the two.
        (date(2026, 10, 25), 25, 2, "# # x#" + "# " * 21),
        (date(2026, 10, 25), 25, 1, "##x" + "#" * 21),
    ],
)
def test_every_hour_of_a_local_day_stands_under_its_number(
    day: date, count: int, cells: int, shown: str
) -> None:
    start = datetime.combine(day, time(), BERLIN).astimezone(UTC)
    slots = hours(start, count, lambda n: 1800.0 if n == 2 else 0.0)
    spans = day_spans(service("redis", "data-1"), slots, 0.95, BERLIN, cells, ASCII_GLYPHS)
    assert "".join(str(text) for text, _ in spans) == shown


async def test_it_shows_hours_outages_episodes_objectives_and_what_they_are_made_from() -> None:
    week = usual()
    at = midnight(date(2026, 11, 18))
    excluded = Outage(at, at + timedelta(hours=1), verbatim("maintenance nightly"))
    redis = msgspec.structs.replace(
        week.services[0],
        outages=(excluded, *week.services[0].outages),
        outage_count=70,
        figures=(figure("error rate", 1.4, source="prom", query="sum(errors)"),),
        query="avg_over_time(probe_success[7d])",
    )
    desk = ScriptedWeeks(msgspec.structs.replace(week, services=(redis, *week.services[1:])))
    desk.hour_slots[date(2026, 11, 18)] = hours(at, 24, lambda n: 2_700.0 if n in (3, 4) else 0.0)
    desk.hour_slots[date(2026, 11, 20)] = "the file cannot be read"
    desk.episodes = (bout(acked_at=bout().start + timedelta(minutes=1), acked_by="mei"),)
    async with weeks_on(desk, size=(100, 60)) as (console, pilot, _):
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, ServiceWeekScreen))
        await until(pilot, lambda: not busy(console))
        lines = [" ".join(line.split()) for line in console.lines]
        assert "availability 99.107 % of 99.9 %, MISSED" in lines
        assert "budget -1h20m left: 1h30m of 10m spent, burn 8.9x" in lines
        # The worst hours can be told without colour, and a day that cannot be read says so.
        day = next(line for line in console.lines if line.startswith("Wed 18 Nov"))
        assert day.count("xx ") == 2 and day.endswith("93.750")
        assert "Fri 20 Nov the file cannot be read 100" in lines
        assert "── outages: 70, the longest 2 of them" in console.text
        assert "18 Nov 00:00 to 01:00, 1h00m not counted: maintenance nightly" in lines
        assert any(line.startswith(f"{INCIDENT} 18 Nov 03:00 redis is down") for line in lines)
        assert "21 Nov 22:16 P2 HighCpuLoad, 3m00s, mei after 1m00s" in lines
        assert "error rate 1.40 % against < 1 %, missed prom" in lines
        assert "query avg_over_time(probe_success[7d])" in lines
        copies: list[str] = []
        console.app.copy = lambda text, what, **_: copies.append(visible(text, lines=True))  # type: ignore[method-assign]
        await pilot.press("y")
        assert "avg_over_time(probe_success[7d])" in copies[0] and "sum(errors)" in copies[0]


async def test_another_week_is_shown_in_its_place_and_esc_goes_back_to_the_row() -> None:
    async with weeks_on() as (console, pilot, desk):
        await pilot.press("j", "j", "enter")
        await until(pilot, lambda: "worker@shop  16-22 Nov 2026" in console.text)
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "worker@shop  9-15 Nov 2026" in console.text)
        await until(pilot, lambda: not busy(console))
        assert desk.asked == [None, LAST - timedelta(days=7)]
        assert "Sun 15 Nov" in console.text
        await pilot.resize_terminal(60, 15)
        await until(pilot, lambda: len(console.lines) == 15)
        assert all(cell_width(line) <= 60 for line in console.lines)
        assert "not enough data" in console.text
        desk.answer = usual(services=())
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "worker is not in the summary of these days" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.app.screen, SummaryScreen))


def test_what_is_copied_says_what_it_is_about() -> None:
    week = usual()
    lines = copied(week.services[0], week).split("\n")
    assert lines[0] == "redis@data-1 2026-11-16 to 2026-11-22 UTC"
    assert lines[1] == "availability 99.107 % (raw 99.107 %), missed"
