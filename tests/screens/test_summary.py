"""The seven days: what went badly stands first, what is not known never looks well."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import msgspec
import pytest

from config.history import Summary, Webhook
from config.schema import Settings
from console.model.acting import Ended, Outcome
from console.model.daily import Daily, Kpi
from console.model.paper_wish import AddActionItem
from console.model.remembering import Holder, Remembering
from console.model.saying import verbatim
from console.model.summary import Verdict, Week
from console.safety.secret import SecretSource
from console.safety.text import Raw, cell_width, visible
from screens.episodes import EpisodesScreen
from screens.incident import IncidentScreen
from screens.service_week import ServiceWeekScreen
from screens.summary import SummaryScreen
from screens.summary_parts import Part
from screens.summary_rows import Sort, all_row, rows_of, sort_of
from screens.summary_words import seconds_cell
from tests.build import T0
from tests.hostile import ATTACKS
from tests.screens.console import Console, typed, until
from tests.screens.week_world import (
    CHANGE,
    GAP,
    INCIDENT,
    LAST,
    ScriptedWeeks,
    bout,
    busy,
    noise,
    service,
    usual,
    weeks_on,
)
from widgets.chooser import Chooser
from widgets.command_line import LineInput
from widgets.dialog import ChoiceBar, Dialog, Overlay


def screen_of(console: Console) -> SummaryScreen:
    screen = console.app.screen
    assert isinstance(screen, SummaryScreen)
    return screen


def names(console: Console) -> list[str]:
    return [row.name.partition("@")[0] for row in screen_of(console).services.rows]


def listed(console: Console) -> list[str]:
    """The rows of the list, from the line below its title."""
    titled = next(n for n, line in enumerate(console.lines) if line.startswith(" SERVICE"))
    rest = console.lines[titled + 1 :]
    return rest[: rest.index("")]


# What is shown


@pytest.mark.parametrize(
    ("seconds", "up", "shown"),
    [
        (0.0, True, "0s"),
        (0.4, True, "1s"),
        (616.0, True, "11m"),
        (3600.0, True, "1h00m"),
        (3599.5, True, "1h00m"),
        (86_399.0, True, "24h"),
        (260_000.0, True, "4 d"),
        (616.0, False, "10m"),
        (0.4, False, "0s"),
        (-0.4, False, "-1s"),
        (-4_795.2, False, "-1h20m"),
    ],
)
def test_downtime_reads_longer_and_what_is_left_of_a_budget_shorter_as_in_a_report(
    seconds: float, up: bool, shown: str
) -> None:
    assert seconds_cell(seconds, up=up) == shown


async def test_at_80_columns_a_week_is_told_in_one_look() -> None:
    async with weeks_on() as (console, _, _):
        assert [" ".join(line.split()) for line in console.lines[2:5]] == [
            ">services objectives 2 noise 2 incidents, changes 2 tab",
            "16-22 Nov 2026 UTC day 3 of 7 99.821 % up, 77.5 % seen",
            "services 3 met 1 missed 2 lack data objectives 1 met 1 missed made 2m ago",
        ]
        assert [" ".join(line.split()) for line in listed(console)] == [
            ">all services ?x ?x ?xi?? ?? ?xc?? 99.821? - - -",
            "redis@data-1 ▇▇ ▇▇ xxi▇▇ ▇▇ ▇▇ ▇▇ 99.107 ↓0.89 -1h20m 88ms MISSED",
            "worker@shop ?? ?? ?? ?? ?? ?? ?? 100? - 4m40s 88ms ? 46 %",
            "silent@web-1 ?? ?? ?? ?? ?? ?? ?? - - - - ? 0 %",
            "api@shop ▇▇ ▁▁ ▇▇ ▇▇ ▇▇ ▁▁c▇▇ 99.947 ↓0.05 4m44s 1.84s met",
            "支付网关@shop ▄▄ ▇▇ ▇▇ ▇▇ ▇▇ ▇▇ ▇▇ 99.995 ↓0.005 9m34s 88ms met",
            "postgres@data-1 ▇▇ ▇▇ ▇▇ ▇▇ ▇▇ ▇▇ ▇▇ 100 = 10m 88ms met",
            "backup@data-1 ▇▇ ▇▇ ▇▇ ▇▇ ▇▇ -- ▇▇ 100 = - 88ms -",
        ]
        assert " SERVICE" in console.text and "16 17 18 19 20 21 22" in console.text
        assert all(cell_width(line) <= 80 for line in console.lines)


async def test_it_is_read_at_every_size_without_colour_and_in_ascii() -> None:
    wanted = {
        (120, 36): ("COVER", "DOWN", "RAW %", "not enough data", "1 missed  2 not measured"),
        (200, 50): ("P50", "P99", "OWNER", "SOURCE", "Mon 16", "Sun 22"),
        (60, 15): ("M T W T F S S", "AVAIL %", "xi▇", "made 2m ago"),
    }
    async with weeks_on(theme="ansi-dark") as (console, pilot, _):
        for size, shown in wanted.items():
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: all(text in console.text for text in shown))  # noqa: B023
            assert all(cell_width(line) <= size[0] for line in console.lines)
        console.app.ascii_only = True
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "xxi##" in console.text)
        rows = [" ".join(line.split()) for line in listed(console)]
        assert "redis@data-1 ## ## xxi## ## ## ## 99.107 v0.89 -1h20m 88ms MISSED" in rows
        assert "backup@data-1 ## ## ## ## ## -- ## 100 = - 88ms -" in rows
        ours = [line for line in console.lines if "支付网关" not in line]
        assert "\n".join(ours).isascii()


async def test_texts_from_outside_are_shown_harmlessly_on_every_part() -> None:
    evil = "".join(ATTACKS)
    bad = service(visible(Raw(evil)), "data-1")
    week = usual(
        services=(bad,),
        noise=(noise("x", 3, alert=Raw(evil), where=Raw(evil)),),
        to_know=(verbatim(visible(Raw(evil))),),
    )
    async with weeks_on(ScriptedWeeks(week)) as (console, pilot, desk):
        desk.episodes = (bout(alert=Raw(evil), where=Raw(evil), acked_by=visible(Raw(evil))),)
        for keys in (["j", "enter"], ["escape", "tab", "tab", "enter"], ["escape", "t"]):
            await pilot.press(*keys)
            await until(pilot, lambda: not busy(console))
            for line in console.lines:
                assert cell_width(line) <= 80
                assert not {"\x1b", "\x9b", "\u202e", "\u200b", "\x00"} & set(line)


# Keys


async def test_sort_filter_and_only_missed_arrange_the_services_and_say_so() -> None:
    async with weeks_on() as (console, pilot, _):
        for word, first in (
            ("name", "api"), ("-name", "支付网关"), ("p95", "api"), ("coverage", "silent"),
            ("budget", "redis"), ("trend", "redis"),
        ):  # fmt: skip
            await typed(pilot, "colon", f"sort {word}")
            await until(pilot, lambda: f"sorted by {word}" in console.text)  # noqa: B023
            assert names(console)[:2] == ["all services", first]
        await typed(pilot, "colon", "sort weight")
        assert "no sort by weight; there are: name, worst, coverage" in console.lines[-1]
        await typed(pilot, "colon", "sort")
        assert names(console)[1] == "redis"
        await pilot.press("w")
        await until(pilot, lambda: "missed only" in console.text)
        assert names(console) == ["redis", "api"]
        await typed(pilot, "slash", "place=shop !worker")
        await until(pilot, lambda: names(console) == ["api"])
        await pilot.press("escape", "escape")
        await until(pilot, lambda: len(names(console)) == 8)
        await typed(pilot, "slash", '@verdict="not enough data"')
        await until(pilot, lambda: names(console) == ["worker", "silent"])
        await typed(pilot, "slash", "nothing-like-that")
        await until(pilot, lambda: "nothing matches the filter; esc clears it" in console.text)


async def test_tab_goes_through_the_parts_and_enter_opens_what_each_is_about() -> None:
    async with weeks_on() as (console, pilot, desk):
        await pilot.press("enter")  # all services
        assert screen_of(console).part is Part.DOCUMENTS
        await pilot.press("escape", "tab")
        await until(pilot, lambda: "page load" in console.text)
        assert "2.4 s < 2 s MISSED" in " ".join(console.text.split())
        assert "crash rate" not in console.text
        await pilot.press("m")
        await until(pilot, lambda: "crash rate" in console.text)
        assert "2 not measured, m hides them" in console.text
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        assert "http_requests_total" in console.text and "0.42 % against < 1 %" in console.text
        await pilot.press("escape", "tab")
        await until(pilot, lambda: "HighCpuLoad" in console.text)
        line = next(one for one in console.lines if "42" in one and "HighCpuLoad" in one)
        assert "▁ ▁ ▁█" in line and "93 %" in line and "12↑" in line
        assert "MTTA 4m12s over 18 of 61 (was 5m00s)  MTTR 38m over 56 (was 34m)  5 late" in (
            console.text
        )
        assert "t action item" in console.lines[-1] and "w missed" not in console.lines[-1]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, EpisodesScreen))
        await until(pilot, lambda: "21 Nov 22:16" in console.text)
        assert "nobody" in console.text and "39 ended untouched" in console.text
        await pilot.press("escape", "tab")
        await until(pilot, lambda: CHANGE in console.text)
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        assert INCIDENT in console.text
        assert desk.asked == [None]


async def test_a_copy_has_the_query_of_an_objective_and_the_name_of_a_service() -> None:
    async with weeks_on() as (console, pilot, _):
        copied: list[str] = []
        console.app.copy = lambda text, what, **_: copied.append(visible(text))  # type: ignore[method-assign]
        await pilot.press("j", "y", "tab", "j", "y", "tab", "y", "tab", "y")
        assert copied == [
            "redis@data-1", 'sum(rate(http_requests_total{code=~"5.."}[7d]))', "HighCpuLoad", CHANGE
        ]  # fmt: skip


async def test_what_the_figures_are_made_from_is_one_key_away() -> None:
    desk = ScriptedWeeks(usual(gaps=(GAP,)))
    holder = Holder("mei@ops-1 (recorder)", 4711, T0)
    desk.standing = Remembering("/state/history.db", holder.by, holder=holder)
    async with weeks_on(desk, size=(100, 50)) as (console, pilot, _):
        assert "nobody recorded 19 Nov 00:00 for 4h00m" in console.text
        await pilot.press("o")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        assert "history, prom" in console.text and "/state/history.db" in console.text
        assert "MTTA 4m12s over 18, MTTR" in console.text
        assert "maintenance nightly, backup" in console.text
        assert "mei@ops-1 (recorder)  process 4711, since " in console.text


async def test_what_is_to_be_known_takes_one_line_and_the_rest_is_one_key_away() -> None:
    said = ("ops-1: the machine slept", "edge: the clock jumped by 2h00m and this text is too long")
    later = msgspec.structs.replace(GAP, start=GAP.end, end=GAP.end + timedelta(hours=1))
    week = usual(gaps=(GAP, later), to_know=tuple(map(verbatim, said)))
    async with weeks_on(ScriptedWeeks(week)) as (console, pilot, _):
        titled = next(n for n, line in enumerate(console.lines) if line.startswith(" SERVICE"))
        told = "nobody recorded for 5h00m in 2 gaps, the longest 19 Nov 00:00"
        assert console.lines[titled - 1].startswith(told)
        assert console.lines[titled - 1].endswith("and 2 more: o")
        assert console.lines[titled - 2].startswith("services 3 met")
        await pilot.press("o")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        assert all(one in console.text for one in ("ops-1: the machine slept", "clock jumped"))
        await pilot.press("G")
        await until(pilot, lambda: "nobody recorded: 2" in console.text)


async def test_headings_are_whole_and_the_place_in_the_list_stands_beside_its_name() -> None:
    more = tuple(service(f"s{number:02}", "web-1") for number in range(30))
    week = usual(services=more)
    async with weeks_on(ScriptedWeeks(week)) as (console, pilot, _):
        assert any(line.endswith("P95 VERDICT") for line in console.lines)
        assert ">services 1/31 " in console.text
        await pilot.press("j", "j")
        await until(pilot, lambda: ">services 3/31 " in console.text)
        await pilot.resize_terminal(120, 36)
        await until(pilot, lambda: "RAW %" in console.text)


# Other days


async def test_brackets_go_by_weeks_and_a_day_can_be_named() -> None:
    async with weeks_on() as (console, pilot, desk):
        await pilot.press("right_square_bracket")
        assert "these are the latest days" in console.lines[-1]
        await pilot.press("j", "j", "left_square_bracket")
        await until(pilot, lambda: "9-15 Nov 2026" in console.text)
        assert screen_of(console).list.cursor_key == "service worker"
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "2-8 Nov 2026" in console.text)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "16-22 Nov 2026" in console.text)
        await typed(pilot, "colon", "summary 2026-11-03")
        await until(pilot, lambda: "28 Oct-3 Nov 2026" in console.text)
        await typed(pilot, "colon", "summary 2031-01-01")
        await until(pilot, lambda: "2031-01-01 is yet to come" in console.lines[-1])
        await until(pilot, lambda: "16-22 Nov 2026" in console.text and not busy(console))
        await typed(pilot, "colon", "summary yesterday")
        assert "expected a day, such as 2026-11-22" in console.lines[-1]
        week = timedelta(days=7)
        assert desk.asked == [
            None, LAST - week, LAST - 2 * week, LAST - week, None, date(2026, 11, 3), None
        ]  # fmt: skip
        await typed(pilot, "colon", "summary 2026-11-03")
        await until(pilot, lambda: "28 Oct-3 Nov 2026" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: "16-22 Nov 2026" in console.text)


async def test_the_last_one_stands_there_at_once_and_dimmed_until_a_fresh_one_comes() -> None:
    desk = ScriptedWeeks()
    desk.before = usual(made_at=T0 - timedelta(hours=9))
    desk.gate = asyncio.Event()
    async with weeks_on(desk, wait=False) as (console, pilot, _):
        await until(pilot, lambda: "made 9h00m ago, asking" in console.text)
        screen = screen_of(console)
        assert names(console)[1] == "redis" and screen._is_old(None)
        await pilot.press("j", "j")
        fresh = usual()
        desk.answer = msgspec.structs.replace(
            fresh, services=(service("aaa", "web-1", (80_000,)), *fresh.services)
        )
        assert console.engine is not None
        console.app.engine.tell(lambda _: desk.gate.set() if desk.gate else None)
        await until(pilot, lambda: "made 2m ago" in console.text)
        assert not screen._is_old(None)
        # In the two seconds after a key nothing moves; then it does, and the cursor stays.
        assert "aaa" not in names(console) and screen.list.cursor_key == "service worker"
        console.clock.advance(3.0)
        screen.tick(console.clock.now())
        await until(pilot, lambda: "aaa" in names(console))
        assert screen.list.cursor_key == "service worker"


async def test_days_that_go_on_are_asked_for_again_and_a_refusal_takes_nothing_away() -> None:
    async with weeks_on() as (console, pilot, desk):
        for seconds, asked in ((5.0, 1), (8.0, 2), (20.0, 2), (170.0, 3)):
            console.clock.advance(seconds)
            screen_of(console).tick(console.clock.now())
            await until(pilot, lambda: not busy(console))
            assert len(desk.asked) == asked
        desk.answer = "the history file is locked by another program"
        await pilot.press("R")
        await until(pilot, lambda: "locked by another program" in console.text)
        assert len(desk.asked) == 4 and names(console)[1] == "redis"
        assert screen_of(console)._is_old(None)
        desk.answer = usual()
        console.clock.advance(13.0)  # what came to nothing is tried again soon
        screen_of(console).tick(console.clock.now())
        await until(pilot, lambda: "locked by another program" not in console.text)


# Nothing there


async def test_where_nothing_is_known_it_says_why_and_what_to_do() -> None:
    unseen = service("silent", "web-1", known_s=0.0)
    nothing = usual(services=(), noise=(), incidents=(), changes=(), objectives=())
    desk = ScriptedWeeks("no disk for the history")
    desk.standing = Remembering("/state/history.db", fault="another console holds the lock")
    async with weeks_on(desk) as (console, pilot, _):
        for answer, said in (
            ("no disk for the history", "could not be told: the line above says why"),
            (nothing, "no service is registered, and none was seen"),
            (
                usual(services=(unseen,), total=unseen.total),
                "never observed",
            ),
        ):
            desk.answer = answer
            await pilot.press("R")
            await until(pilot, lambda: said in console.text)  # noqa: B023
            await pilot.press("o")
            await until(pilot, lambda: isinstance(console.app.screen, Overlay))
            assert "another console holds the lock" in console.text
            await pilot.press("ctrl+c")
            await until(pilot, lambda: isinstance(console.app.screen, SummaryScreen))
            if not (isinstance(answer, Week) and answer.services):
                await pilot.press("tab", "enter", "y", "tab", "enter", "t", "tab", "enter", "tab")
                assert isinstance(console.app.screen, SummaryScreen)


class BrokenWeeks(ScriptedWeeks):
    """An engine with a bug."""

    async def week(self, end: date | None = None) -> Week | str:
        raise ZeroDivisionError("a secret")


async def test_a_fault_of_ours_is_told_in_place_of_the_days() -> None:
    async with weeks_on(BrokenWeeks("")) as (console, pilot, _):
        await until(pilot, lambda: "a fault inside the console: ZeroDivisionError" in console.text)
        assert "could not be told" in console.text
        assert "secret" not in console.text


# Archive, send, action item


async def test_the_report_that_is_chosen_is_archived_as_it_is_seen() -> None:
    async with weeks_on() as (console, pilot, desk):
        await pilot.press("K")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        assert "7-day summary" in console.text and "daily report" in console.text
        await pilot.press("1")
        await until(pilot, lambda: bool(desk.kept))
        assert desk.kept == [desk.answer]
        await until(pilot, lambda: "archived" in console.lines[-1])
        await typed(pilot, "colon", "archive daily")
        await until(pilot, lambda: "no daily report here" in console.lines[-1])
        await typed(pilot, "colon", "archive all")
        assert "no report is called all; there are: week, daily, kpi" in console.lines[-1]


class SlowToKeep(ScriptedWeeks):
    """Archives when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.may_keep = asyncio.Event()

    async def keep(self, report: Week | Daily | Kpi) -> Outcome:
        await self.may_keep.wait()
        return await super().keep(report)


async def test_who_leaves_while_a_report_is_being_archived_is_asked_and_loses_nothing() -> None:
    async with weeks_on(SlowToKeep()) as (console, pilot, desk):
        assert isinstance(desk, SlowToKeep)
        await pilot.press("K")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        await pilot.press("1", "q")
        await until(pilot, lambda: "being sent or written right now" in console.text)
        await pilot.press("escape")
        console.app.engine.tell(lambda _: desk.may_keep.set())
        await until(pilot, lambda: "archived" in console.lines[-1])
        assert desk.kept == [desk.answer]
        await pilot.press("q")
        await until(pilot, lambda: not console.app.is_running)


HOOKS = tuple(
    Webhook(name=name, kind="slack", url=SecretSource(env="X")) for name in ("team", "war-room")
)


async def test_what_is_sent_is_shown_before_and_enter_alone_sends_nothing() -> None:
    settings = Settings(environment="test", summary=Summary(webhooks=HOOKS))
    async with weeks_on(settings=settings) as (console, pilot, desk):
        for keys in (["enter"], ["tab", "enter"]):
            await pilot.press("P")
            await until(pilot, lambda: isinstance(console.app.screen, Chooser))
            await pilot.press("2")
            await until(pilot, lambda: isinstance(console.app.screen, Dialog))
            await pilot.pause()
            assert "redis *missed*" in console.text and "war-room" in console.text
            assert isinstance(console.app.screen.focused, ChoiceBar)
            console.clock.advance(1.0)
            await pilot.press(*keys)
            await until(pilot, lambda: isinstance(console.app.screen, SummaryScreen))
            await until(pilot, lambda: not busy(console))
            assert len(desk.sent) == (len(keys) - 1)
        assert desk.sent == [(desk.answer, "war-room")]


async def test_without_a_chat_or_in_read_only_nothing_is_sent_and_it_says_why() -> None:
    async with weeks_on(read_only=True) as (console, pilot, desk):
        await pilot.press("P")
        assert "read-only" in console.lines[-1] or "no chat is set" in console.lines[-1]
        await pilot.press("K")
        await pilot.pause()
        assert isinstance(console.app.screen, SummaryScreen) and not desk.kept
        assert "read-only" in console.lines[-1]


async def test_one_key_makes_an_action_item_of_a_noise_row() -> None:
    async with weeks_on() as (console, pilot, _):
        assert console.engine is not None
        acting = console.engine.acting
        await pilot.press("tab", "tab", "t")
        line = console.app.screen.query_one(LineInput)
        await until(pilot, lambda: bool(line.value))
        assert "action item for the review of noise:" in console.text
        await pilot.press("enter")
        await until(pilot, lambda: len(acting.wishes) == 1)
        wish = acting.wishes[0]
        assert isinstance(wish, AddActionItem)
        assert wish.item.text == (
            "Tune or remove HighCpuLoad on redis@data-1: fired 42 times, 39 ended untouched"
        )
        assert (wish.item.owner, wish.item.due) == ("kai", date(2026, 12, 7))
        assert (wish.incident, wish.review) == ("", "Noisy alerts 2026-11-16 to 2026-11-22")
        # One that an incident is about goes there; what came to nothing is typed once.
        acting.outcome = Outcome(Ended.FAILED, "the journal is locked")
        await pilot.press("j", "t")
        await until(pilot, lambda: "ServiceDown" in line.value)
        line.value = "Mute it @mei due 2026-12-01"
        await pilot.press("enter")
        await until(pilot, lambda: len(acting.wishes) == 2)
        second = acting.wishes[1]
        assert isinstance(second, AddActionItem) and second.incident == INCIDENT
        assert second.item.owner == "mei"
        await until(pilot, lambda: "the journal is locked" in console.lines[-1])
        await pilot.press("t")
        await until(pilot, lambda: line.value == "Mute it @mei due 2026-12-01")


async def test_the_mode_is_left_and_found_again_as_it_was() -> None:
    async with weeks_on() as (console, pilot, _):
        await pilot.press("j", "j", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, ServiceWeekScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.app.screen, SummaryScreen))
        assert screen_of(console).list.cursor_key == "service worker"
        await pilot.press("1", "5")
        await until(pilot, lambda: isinstance(console.app.screen, SummaryScreen))
        assert screen_of(console).list.cursor_key == "service worker"
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))


# Rows


def test_what_is_not_known_stands_last_whichever_way_round() -> None:
    rows = rows_of(usual())
    for sort in (Sort("p95"), Sort("p95", reverse=True)):
        assert sort.sorted(rows)[-1].name == "silent@web-1"
    assert sort_of("") == Sort() and isinstance(sort_of("x"), str)


def test_all_together_are_marked_by_incidents_that_are_about_no_service() -> None:
    week = usual()
    lone = msgspec.structs.replace(week.incidents[0], services=())
    cells = all_row(msgspec.structs.replace(week, incidents=(lone,))).days
    assert [cell.incident for cell in cells] == [False, False, True, *[False] * 4]


def test_a_service_without_enough_data_is_never_shown_as_met() -> None:
    row = rows_of(usual())[3]
    assert row.service is not None and row.service.verdict is Verdict.NOT_ENOUGH_DATA
    assert row.low


async def test_the_last_week_is_there_before_the_engine_is_up() -> None:
    week = usual(made_at=T0 - timedelta(hours=9))
    console = Console(None, Settings(environment="test"), last_week=lambda: week)
    console.may_start.clear()
    async with console.app.run_test(size=(80, 24)) as pilot:
        try:
            await pilot.press("5")
            await until(pilot, lambda: "redis" in console.text)
            assert "made 9h00m ago, asking" in console.text
            assert console.engine is None
        finally:
            console.may_start.set()


async def test_days_that_cannot_be_drawn_are_not_taken_for_empty_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("screens.summary_kept.document_rows", lambda week: 1 / 0)
    async with weeks_on(wait=False) as (console, pilot, _):
        await until(pilot, lambda: any("that failed" in said for said in console.app.notices))
        await pilot.press("tab", "tab")
        await until(pilot, lambda: "cannot be drawn: :messages says where" in console.text)
        assert "no alert fired" not in console.text
