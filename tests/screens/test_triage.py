"""The worklist on screen: what a tired person sees and what the keys do."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from config.schema import PrometheusSource, Settings, Sources
from console.model.alert import Rule, RuleHealth
from console.model.labels import Labels
from console.model.snapshot import Badge, BadgeKind, Snapshot, SourceKind, SourceRules, Standing
from console.model.state import State
from console.model.worklist import Worklist
from console.safety.text import Raw, cell_width
from tests.build import ack, ago, alert, at, cell, failure, known, service, snapshot, source
from tests.hostile import hostile_strings
from tests.screens.console import console_on, until, update_of
from widgets.live_list import LiveList


def redis(seconds: float = 162.0) -> Snapshot:
    """P0 on redis, an acked P1, a silenced P2."""
    down = alert(
        "ServiceDown",
        starts_at=ago(seconds),
        summary="no PING reply, 1 of 1",
        severity="critical",
        instance="data-1:6379",
    )
    slow = alert("SlowResponse", starts_at=ago(2880), summary="p95 2.9 s > 2 s", severity="error")
    full = alert("DiskFull", starts_at=ago(600), severity="warning")
    return snapshot(
        known(down, cell="redis"),
        known(slow, cell="api", acked=ack("mei")),
        known(full, standing=Standing.SILENCED),
        cells=(
            cell(service("redis", "data-1"), State.FIRING, "ServiceDown fires"),
            cell(service("api", "k8s"), State.OK, "200 in 12 ms"),
        ),
        sources=(
            source("am", last_ok=at(-4)),
            source("prom", SourceKind.PROMETHEUS, last_ok=at(-3)),
        ),
    )


async def test_an_alert_counts_down_at_80_columns() -> None:
    async with console_on(redis()) as (console, _):
        row = next(line for line in console.lines if "ServiceDown" in line)
        assert row.startswith(">")
        for part in ("P0", "ack", "02:10", " 2m", "redis@data-1"):
            assert part in row


async def test_the_clock_goes_on_without_news() -> None:
    async with console_on(redis()) as (console, pilot):
        console.clock.advance(60)
        console.app.frame.tick(console.clock.now())  # type: ignore[union-attr]
        await pilot.pause()
        assert "01:18" in next(line for line in console.lines if "ServiceDown" in line)


async def test_the_header_names_the_sources_and_the_person() -> None:
    async with console_on(redis(), size=(120, 36)) as (console, _):
        assert "oncall test" in console.lines[0]
        assert "kai L1" in console.lines[0]
        assert "am <" in console.lines[0]


async def test_a_sick_source_is_named_at_80_columns_with_its_age() -> None:
    sick = snapshot(
        sources=(
            source(
                "am",
                state=State.UNKNOWN,
                failures=(failure("am"),),
                failing_since=ago(130),
                last_ok=at(-130),
            ),
            source("prom", SourceKind.PROMETHEUS, last_ok=at(-3)),
        )
    )
    async with console_on(sick) as (console, _):
        assert "am UNKNOWN 2m" in console.lines[0]
        assert "refused the connection" in console.text


async def test_an_empty_list_is_green_only_when_everything_has_answered() -> None:
    async with console_on(snapshot(complete=False)) as (console, _):
        assert "nothing is known yet" in console.text
        assert "nothing fires" not in console.text
    async with console_on(snapshot(sources=(source(last_ok=at()),))) as (console, _):
        assert "nothing fires" in console.text


async def test_an_empty_list_with_a_missing_watchdog_claims_nothing() -> None:
    badge = Badge(BadgeKind.WATCHDOG, "prom", "watchdog missing: prom", is_row=True)
    async with console_on(snapshot(badges=(badge,))) as (console, _):
        assert "watchdog missing: prom" in console.lines[0]
        assert "every source has answered and proves it" not in console.text


async def test_the_first_frame_needs_no_news() -> None:
    async with console_on(None) as (console, _):
        assert "oncall test" in console.lines[0]
        assert "starting" in console.lines[0]


async def test_the_saved_state_says_that_it_is_old() -> None:
    old = snapshot(known(alert(severity="critical"), state=State.STALE), restored=True)
    async with console_on(old, size=(120, 36)) as (console, _):
        assert "last known state" in console.lines[0]
        assert "ServiceDown" in console.text


async def test_enter_opens_the_detail_and_escape_comes_back() -> None:
    async with console_on(redis()) as (console, pilot):
        await pilot.press("enter")
        await until(pilot, lambda: "respond" in console.text)
        assert "due in 2m18s" in console.text
        await pilot.press("escape")
        await until(pilot, lambda: "NEXT STEP" in console.text)


async def test_the_rule_is_asked_for_and_drawn() -> None:
    rule = Rule(
        name=Raw("ServiceDown"), group=Raw("redis"), query=Raw("redis_up == 0"),
        duration=timedelta(minutes=1), labels=Labels({}), annotations=Labels({}),
        health=RuleHealth.OK, last_error=Raw(""), last_evaluation=ago(3),
        interval=timedelta(seconds=15),
    )  # fmt: skip
    world = msgspec.structs.replace(redis(), rules=(SourceRules("prom", (rule,), at()),))
    async with console_on(world, size=(100, 60)) as (console, pilot):
        await until(pilot, lambda: "redis_up 0 (rule: == 0 for 1m)" in console.text)
        await pilot.press("t")
        await until(pilot, lambda: "fires at" in console.text)
        assert "== 0" in console.text
        assert "value now" in console.text
        assert any(line.lstrip().startswith("1│") for line in console.lines)


async def test_the_filter_hides_rows_and_says_how_many() -> None:
    async with console_on(redis()) as (console, pilot):
        await pilot.press("slash", *"redis", "enter")
        await until(pilot, lambda: "1 of 3" in console.text)
        assert "SlowResponse" not in console.text
        await pilot.press("escape")
        await until(pilot, lambda: "SlowResponse" in console.text)


async def test_a_filter_that_cannot_be_read_says_where_and_loses_nothing() -> None:
    async with console_on(redis()) as (console, pilot):
        await pilot.press("slash", *'severity="', "enter")
        await until(pilot, lambda: "column" in console.lines[-1])
        assert "ServiceDown" in console.text


async def test_keys_that_were_typed_ahead_land_in_the_filter() -> None:
    async with console_on(redis()) as (console, pilot):
        await pilot.press("slash", "q", "d", "q")
        await until(pilot, lambda: "/qdq" in console.text)
        assert console.app.is_running


@pytest.mark.parametrize("typed", ["fleet", "f", "2"])
async def test_a_command_goes_to_another_screen(typed: str) -> None:
    async with console_on(redis()) as (console, pilot):
        if typed == "2":
            await pilot.press("2")
        else:
            await pilot.press("colon", *"fleet", "enter")
        await until(pilot, lambda: console.app.current_mode == "fleet")
        await until(pilot, lambda: "data-1" in console.text)


async def test_an_unknown_command_is_named_with_what_is_near() -> None:
    async with console_on(redis()) as (console, pilot):
        await pilot.press("colon", *"flet", "enter")
        await until(pilot, lambda: "no command :flet" in console.lines[-1])
        assert ":fleet" in console.lines[-1]


async def test_nothing_moves_for_two_seconds_after_a_key() -> None:
    async with console_on(redis()) as (console, pilot):
        await pilot.press("j")
        under = console.app.screen.query_one("#rows", LiveList)
        bound = under.cursor_key
        world = redis()
        newer = alert("CacheDown", starts_at=ago(5), severity="critical", instance="a")
        console.publish(msgspec.structs.replace(world, alerts=(known(newer), *world.alerts)))
        await until(pilot, lambda: "change held" in console.text)
        assert under.cursor_key == bound
        console.clock.advance(2.1)
        console.app.frame.tick(console.clock.now())  # type: ignore[union-attr]
        await until(pilot, lambda: "CacheDown" in console.text)
        assert under.cursor_key == bound


async def test_settings_that_are_faulty_are_not_taken() -> None:
    async with console_on(redis()) as (console, pilot):
        await pilot.press("colon", *"reload", "enter")
        await until(pilot, lambda: "services.yaml:4:9" in console.text)
        assert console.app.opened.loaded.settings.environment == "test"


async def test_q_leaves_with_exit_code_0() -> None:
    async with console_on(redis()) as (console, pilot):
        await pilot.press("q")
        await until(pilot, lambda: not console.app.is_running)
        assert (console.app.return_code or 0) == 0


async def test_where_the_list_cannot_be_made_it_does_not_say_that_nothing_fires() -> None:
    broken = Badge(BadgeKind.CONSOLE, "the worklist", "the worklist cannot be made: a", is_row=True)
    shown = msgspec.structs.replace(redis(), badges=(broken,))
    async with console_on(snapshot(), size=(80, 24)) as (console, pilot):
        await until(pilot, lambda: "asking the sources" in console.text)
        update = update_of(shown, number=9)
        empty = msgspec.structs.replace(update, worklist=Worklist(at=shown.at))
        assert console.engine is not None
        console.engine.publish(empty)
        await until(pilot, lambda: "not known what fires: 3 alerts are known" in console.text)
        assert "the worklist cannot be made: a" in console.text
        assert "nothing fires" not in console.text
        assert console.lines[1].split()[:8] == ["P0", "?", "P1", "?", "P2", "?", "P3", "?"]


async def test_the_cursor_waits_on_the_first_row_until_somebody_moves_it() -> None:
    late, early = (known(alert(name, severity="critical", starts_at=ago(secs)))
                   for name, secs in (("Late", 10), ("Early", 100)))  # fmt: skip
    minor = known(alert("Minor", severity="warning", starts_at=ago(200)))
    async with console_on(snapshot(minor), size=(80, 24)) as (console, pilot):
        await until(pilot, lambda: "── P2 Minor" in console.text)
        console.publish(snapshot(minor, late))
        await until(pilot, lambda: "── P0 Late" in console.text)
        await pilot.press("j")
        await until(pilot, lambda: "── P2 Minor" in console.text)
        console.clock.advance(3)
        console.publish(snapshot(minor, late, early))
        await until(pilot, lambda: "Early" in console.text)
        assert "── P2 Minor" in console.text


async def test_in_15_lines_five_rows_stand_beside_what_is_known_of_one() -> None:
    rows = [known(alert(f"A{n}", severity="error")) for n in range(9)]
    async with console_on(snapshot(*rows), size=(60, 15)) as (console, pilot):
        await until(pilot, lambda: "before" in console.text)
        assert sum(line[3:5] == "P1" and line[0] in "> " for line in console.lines) == 5


async def test_a_long_time_is_told_in_hours_and_never_as_a_cut_number() -> None:
    lasting = (timedelta(hours=9, minutes=59), timedelta(hours=23, minutes=52))
    shown = snapshot(
        *(
            known(alert(f"A{n}", starts_at=ago(one.total_seconds()), severity="critical"))
            for n, one in enumerate(lasting)
        )
    )
    async with console_on(shown, size=(80, 24)) as (console, pilot):
        await until(pilot, lambda: " A1 " in console.text)
        told = [line[6:22].split() for line in console.lines if " P0 ack" in line]
        assert told == [["ack", "-23h", "23h"], ["ack", "-9h54m", "9h59m"]]


async def test_below_60x15_a_notice_stands_in_place_of_a_lie() -> None:
    async with console_on(redis(), size=(50, 12)) as (console, _):
        assert "at least 60x15" in console.text
        assert "ServiceDown" not in console.text


async def test_the_terminal_may_be_resized_to_anything() -> None:
    async with console_on(redis()) as (console, pilot):
        for size in ((200, 50), (3, 1), (60, 15), (120, 36), (80, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert "ServiceDown" in console.text


async def test_wide_characters_keep_the_columns_straight() -> None:
    late = alert(
        "延迟告警", starts_at=ago(60), summary="支付回调延迟 超过一分钟", severity="critical"
    )
    async with console_on(snapshot(known(late), known(alert(severity="info")))) as (console, _):
        assert "延迟告警" in console.text
        assert all(cell_width(line) <= 80 for line in console.lines)


async def test_hostile_text_reaches_the_screen_only_in_visible_form() -> None:
    strings = list(hostile_strings(40, seed=5))
    alerts = [
        known(
            alert("A" + text[:200], fingerprint=f"{n:016x}", summary=text[:500], severity=text[:50],
                  instance=text[:100], starts_at=ago(60 + n))
        )
        for n, text in enumerate(strings)
    ]  # fmt: skip
    async with console_on(snapshot(*alerts), size=(120, 36)) as (console, pilot):
        for _ in range(4):
            await pilot.press("enter")
            await pilot.pause()
            for line in console.lines:
                assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in line)
            await pilot.press("escape", "ctrl+d")
            await pilot.pause()
        assert console.app.is_running


async def test_read_only_is_said_in_the_header() -> None:
    async with console_on(redis(), size=(120, 36), read_only=True) as (console, _):
        assert "read-only" in console.lines[0]


async def test_ascii_draws_no_other_character() -> None:
    async with console_on(redis(), ascii=True) as (console, _):
        assert console.text.isascii()


async def test_what_was_said_can_be_read_again() -> None:
    async with console_on(redis()) as (console, pilot):
        await pilot.press("colon", *"flet", "enter")
        await until(pilot, lambda: "no command :flet" in console.lines[-1])
        await pilot.press("colon", *"messages", "enter")
        await until(pilot, lambda: any("no command :flet" in line for line in console.lines[2:-1]))


async def test_the_deadline_that_counts_is_told_with_its_time() -> None:
    async with console_on(redis(), size=(120, 36)) as (console, _):
        listed = next(line for line in console.lines if "ServiceDown" in line).split()[3]
        told = next(line for line in console.lines if "ack by" in line)
        minutes, seconds = map(int, listed.split(":"))
        due = console.clock.now().wall + timedelta(minutes=minutes, seconds=seconds)
        by = datetime.fromisoformat(f"{due:%Y-%m-%d}T{told.split('ack by ')[1][:8]}+00:00")
        assert timedelta(0) <= by - due < timedelta(seconds=10)


async def test_before_anybody_was_asked_the_sources_are_named_and_not_well() -> None:
    written = Settings(
        environment="test",
        sources=Sources(prometheus=(PrometheusSource(name="prom", url="http://127.0.0.1:1"),)),
    )
    async with console_on(None, settings=written) as (console, _):
        assert "prom UNKNOWN" in console.lines[0]
        assert "no sources" not in console.lines[0]
