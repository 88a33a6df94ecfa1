"""The list of silences: what each holds, when it ends, and what ends with it."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from config.identity import Identity
from config.schema import AlertmanagerSource, Settings, Sources
from console.engine.row_commands import expire_line
from console.model.alert import Alert, Silence, SilenceState
from console.model.labels import Matcher
from console.model.snapshot import KnownAlert, Snapshot, Standing
from console.model.state import State
from console.model.wish import ExpireWish, ExtendWish
from console.safety.text import Raw
from console.triage.filter import parse
from console.triage.silence_use import silence_uses
from screens.silence import SilenceScreen
from screens.silence_form import SilenceForm
from screens.silences import SilencesScreen
from tests.build import T0, ago, alert, at, failure, known, snapshot, source
from tests.hostile import ATTACKS
from tests.screens.console import Console, console_on, typed, until
from widgets.confirm import TypedConfirm
from widgets.dialog import Dialog

SLOW = alert("Slow", severity="warning", instance="api-1")
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
DOWN = alert("Down", severity="critical", instance="api-2")


def is_plain(shown: str) -> bool:
    """Whether nothing in it is obeyed, hidden or reordered by a terminal."""
    return not any(unicodedata.category(one) in HIDDEN for one in shown if one != "\n")


def made(
    silence_id: str, minutes: float = 60, comment: str = "patching", **changes: Any
) -> Silence:
    """A silence in force, made an hour ago."""
    wanted = (Matcher("alertname", Raw(silence_id)),)
    one = Silence(
        silence_id, "am", SilenceState.ACTIVE, wanted, ago(3600), T0 + timedelta(minutes=minutes),
        Raw("mei"), Raw(comment),
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def quiet(of: Alert, *silences: str) -> KnownAlert:
    """An alert that silences hold."""
    return msgspec.structs.replace(known(of, standing=Standing.SILENCED), silences=silences)


def usual() -> Snapshot:
    """One that holds a warning, one that holds a P0, an ack, one unused, one to come, one over."""
    shown = snapshot(
        quiet(SLOW, "slow"), quiet(DOWN, "down"), sources=[source("am", last_ok=at(-5))]
    )
    later = made("later", 300, state=SilenceState.PENDING, starts_at=T0 + timedelta(hours=4))
    over = made("over", -10, "done", state=SilenceState.EXPIRED)
    return msgspec.structs.replace(
        shown,
        silences=(
            made("unused", 120, "nobody knows"),
            made("slow", 60),
            made("down", 30, "ACK! mei: looking"),
            later,
        ),
        ended=(over,),
    )


@asynccontextmanager
async def silences_on(
    shown: Snapshot | None = None, **opened: Any
) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    """The list, opened by its key."""
    async with console_on(shown or usual(), **opened) as (console, pilot):
        await pilot.press("S")
        await until(pilot, lambda: isinstance(console.app.screen, SilencesScreen))
        yield console, pilot


def wishes_of(console: Console) -> list[Any]:
    assert console.engine is not None
    return console.engine.acting.wishes


def rows_of(console: Console) -> list[str]:
    screen = console.app.screen
    assert isinstance(screen, SilencesScreen)
    return [use.silence.id for use in screen.list.rows]


async def test_the_first_to_end_comes_first_and_what_ended_stands_below() -> None:
    async with silences_on() as (console, _):
        assert rows_of(console) == ["down", "slow", "unused", "later", "over"]
        assert [" ".join(line.split()) for line in console.lines[2:9]] == [
            "ENDS IN AGE STATE HOLDS WHO MATCHERS COMMENT",
            '> 30m 1h00m ack 1 mei alertname="down" ACK! mei: look…',
            '1h00m 1h00m active 1 mei alertname="slow" patching',
            '2h00m 1h00m active unused mei alertname="unused" nobody knows',
            '5h00m +4h00m pending - mei alertname="later" patching',
            "── ended in the last hour " + "─" * 54,
            '03:06 1h00m ended - mei alertname="over" done',
        ]


async def test_nothing_is_called_unused_while_nobody_can_know() -> None:
    dark = msgspec.structs.replace(
        usual(), sources=(source("am", state=State.UNKNOWN, last_ok=at(-240)),)
    )
    async with silences_on(dark) as (console, _):
        assert "unused" not in "".join(console.lines[4:6])
        assert "am does not answer: its silences are those of 4m ago" in console.text
    live, _ = silence_uses(msgspec.structs.replace(usual(), complete=False), ("ACK!",))
    assert [use.holds for use in live] == [1, 1, None, None]


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (snapshot(sources=[source("am", last_ok=at(-5))]), "nothing is silenced"),
        (snapshot(sources=[source("am")]), "have not been read yet"),
        (snapshot(sources=[source("am")], complete=False), "have not been read yet"),
        (snapshot(), "there is no Alertmanager"),
    ],
)
async def test_an_empty_list_says_what_that_means(shown: Snapshot, said: str) -> None:
    async with silences_on(shown) as (console, _):
        assert said in console.text


async def test_the_filter_finds_by_matcher_person_and_what_is_unused() -> None:
    live, ended = silence_uses(usual(), ("ACK!",))

    def found(text: str) -> list[str]:
        return [one.silence.id for one in (*live, *ended) if parse(text).matches_silence(one)]

    assert found("looking") == ["down"]
    assert found('alertname="slow"') == ["slow"]
    assert found('@unused="yes"') == ["unused"]
    assert found('@kind="ack"') == ["down"]
    assert found('@state="ended"') == ["over"]
    assert found('@owner="mei" !unused @state="active"') == ["down", "slow"]
    async with silences_on() as (console, pilot):
        await typed(pilot, "/", "patching")
        assert rows_of(console) == ["slow", "later"]
        await typed(pilot, "/", "nothing like it")
        assert "no silence matches the filter" in console.text


async def test_the_marked_ones_are_ended_after_a_question_with_the_focus_on_cancel() -> None:
    async with silences_on() as (console, pilot):
        await pilot.press("j", "space", "space", "x")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        assert "end 2 silences?" in console.text and "> Cancel <" in console.text
        assert 'mei: alertname="slow"' in console.text
        assert "1 alert fires again, 0 of P0 or P1:" in console.text
        assert "P2 Slow api-1" in console.text
        console.clock.advance(1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, SilencesScreen))
        assert wishes_of(console) == []
        await pilot.press("x")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        console.clock.advance(1)
        await pilot.press("right", "enter")
        await until(pilot, lambda: bool(wishes_of(console)))
        (wish,) = wishes_of(console)
        assert isinstance(wish, ExpireWish)
        assert [one.id for one in wish.silences] == ["slow", "unused"]


async def test_what_lets_a_p0_fire_again_is_ended_only_in_writing() -> None:
    async with silences_on() as (console, pilot):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(console.app.screen, TypedConfirm))
        assert "1 alert fires again, 1 of P0 or P1" in console.text
        console.clock.advance(1)
        await pilot.press(*"expire", "space", "1", "enter")
        await until(pilot, lambda: bool(wishes_of(console)))
        assert [one.id for one in wishes_of(console)[0].silences] == ["down"]


async def test_what_another_silence_holds_too_does_not_fire_again() -> None:
    shown = msgspec.structs.replace(usual(), alerts=(quiet(DOWN, "down", "slow"),))
    async with silences_on(shown) as (console, pilot):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        assert "No alert that is known fires again." in console.text


async def test_all_that_is_shown_is_marked_and_what_has_ended_is_left_out() -> None:
    async with silences_on() as (console, pilot):
        await pilot.press("asterisk", "x")
        await until(pilot, lambda: isinstance(console.app.screen, TypedConfirm))
        assert "end 4 silences?" in console.text


async def test_extending_adds_an_hour_or_what_was_typed() -> None:
    async with silences_on(who=Identity("mei", "L1")) as (console, pilot):
        await pilot.press("plus")
        await until(pilot, lambda: len(wishes_of(console)) == 1)
        await typed(pilot, ":", "extend 4h")
        await until(pilot, lambda: len(wishes_of(console)) == 2)
        first, second = wishes_of(console)
        assert isinstance(first, ExtendWish) and isinstance(second, ExtendWish)
        assert (first.by, second.by) == (timedelta(hours=1), timedelta(hours=4))
        assert [one.id for one in first.silences] == ["down"]


async def test_what_is_somebody_elses_is_not_extended_unasked() -> None:
    async with silences_on() as (console, pilot):
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        assert "extend what is not yours by 1h?" in console.text
        assert 'mei: alertname="down"' in console.text
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, SilencesScreen))
        assert wishes_of(console) == []
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        console.clock.advance(1)
        await pilot.press("right", "enter")
        await until(pilot, lambda: len(wishes_of(console)) == 1)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("soon", "soon is not a duration such as"), ("8d", "longer than 7d"), ("0m", "is not")],
)
async def test_an_extension_that_cannot_be_is_refused(wanted: str, said: str) -> None:
    async with silences_on() as (console, pilot):
        await typed(pilot, ":", f"extend {wanted}")
        await pilot.pause()
        assert said in console.text and wishes_of(console) == []


async def test_what_has_ended_can_be_neither_changed_nor_ended() -> None:
    async with silences_on() as (console, pilot):
        await pilot.press("G")
        for key in ("x", "plus", "e"):
            await pilot.press(key)
            assert isinstance(console.app.screen, SilencesScreen)
            assert "it has ended" in console.lines[-1]
        assert wishes_of(console) == []


async def test_a_silence_is_changed_in_its_form() -> None:
    async with silences_on() as (console, pilot):
        await pilot.press("j", "e")
        await until(pilot, lambda: isinstance(console.app.screen, SilenceForm))
        assert "change the silence of mei" in console.text


async def test_a_silence_is_shown_whole_and_follows_the_world() -> None:
    async with silences_on() as (console, pilot):
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, SilenceScreen))
        for said in ("active", "patching", 'alertname="slow"', "holds 1 now", "Slow", "api-1"):
            assert said in console.text
        assert "amtool --alertmanager.url=" in console.text and "expire slow" in console.text
        console.publish(msgspec.structs.replace(usual(), silences=()))
        await until(pilot, lambda: "state   ended" in console.text)
        await pilot.press("x")
        assert "it has ended" in console.lines[-1] and wishes_of(console) == []


async def test_the_command_that_ends_it_is_safe_to_paste() -> None:
    evil = made("x; rm -rf ~")
    member = source("am/10.0.0.7:9093", member_of="am")
    shown = snapshot(sources=[source("am"), msgspec.structs.replace(member, url="10.0.0.7:9093")])
    line = expire_line(evil, shown, Settings(environment="test"))
    assert line == "amtool --alertmanager.url=http://10.0.0.7:9093 silence expire 'x; rm -rf ~'"
    written = AlertmanagerSource(name="am", members=("https://10.0.0.7:9093",))
    settings = Settings(environment="test", sources=Sources(alertmanager=(written,)))
    assert "url=https://10.0.0.7:9093 " in expire_line(made("one"), shown, settings)


async def test_rows_keep_still_under_the_hand_and_marks_of_what_is_gone_are_told() -> None:
    async with silences_on() as (console, pilot):
        await pilot.press("j", "space")
        first = usual()
        console.publish(msgspec.structs.replace(first, silences=first.silences[2:]))
        await until(pilot, lambda: "1 marked row is gone" in console.text)


async def test_read_only_ends_nothing() -> None:
    async with silences_on(read_only=True) as (console, pilot):
        for key in ("x", "plus", "e"):
            await pilot.press(key)
            assert isinstance(console.app.screen, SilencesScreen)
            assert "read-only" in console.lines[-1]
        assert wishes_of(console) == []


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 36), (200, 50)])
async def test_hostile_silences_are_shown_as_text(size: tuple[int, int]) -> None:
    evil = tuple(
        made(f"evil{n}", 60 + n, value, created_by=Raw(value), matchers=(Matcher("a", Raw(value)),))
        for n, value in enumerate(ATTACKS)
    )
    shown = msgspec.structs.replace(usual(), silences=evil, ended=())
    async with silences_on(shown, size=size) as (console, pilot):
        for _ in range(3):
            assert is_plain(console.text)
            await pilot.press("pagedown")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, SilenceScreen))
        assert is_plain(console.text)


async def test_with_several_clusters_each_silence_names_its_own() -> None:
    two = msgspec.structs.replace(
        usual(), sources=(source("am", last_ok=at()), source("am-us", failures=[failure()]))
    )
    async with silences_on(two, size=(120, 36)) as (console, _):
        assert "CLUSTER" in console.lines[2]
