"""The form for a silence: typed into in peace, counted by the servers, never sent by haste."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from config.schema import Settings, Silences, SilenceTemplate
from console.engine.acting import Matched
from console.engine.blast import PastWeek
from console.model.acting import Ended, Outcome
from console.model.alert import Alert, Silence, SilenceState
from console.model.labels import Matcher
from console.model.snapshot import Snapshot
from console.model.wish import SilenceWish
from console.safety.text import Raw
from screens.silence_form import SilenceForm, open_silence_edit
from tests.build import T0, ago, alert, failure, known, snapshot, source
from tests.hostile import ATTACKS
from tests.screens.console import Console, ScriptedDesk, console_on, until
from widgets.confirm import TypedConfirm

SLOW = alert("SlowResponse", starts_at=ago(600), severity="warning", job="api", instance="api-1")
OTHER = alert("SlowResponse", starts_at=ago(500), severity="warning", job="api", instance="api-2")
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
DOWN = alert("ServiceDown", starts_at=ago(60), severity="critical", job="api", instance="api-3")


def is_plain(shown: str) -> bool:
    """Whether nothing in it is obeyed, hidden or reordered by a terminal."""
    return not any(unicodedata.category(one) in HIDDEN for one in shown if one != "\n")


def world(*alerts: Alert, clusters: Sequence[str] = ("am",)) -> Snapshot:
    """What triage shows, and the clusters that there are."""
    return snapshot(
        *(known(one) for one in alerts or (SLOW,)), sources=[source(name) for name in clusters]
    )


def held(**changes: Any) -> Silence:
    """A silence of mei's that is in force."""
    matchers = (Matcher("job", Raw("api")),)
    ends_at = T0 + timedelta(hours=2)
    one = Silence(
        "5f1d", "am", SilenceState.ACTIVE, matchers, ago(60), ends_at, Raw("mei"), Raw("patching")
    )
    return msgspec.structs.replace(one, **changes)


def desk_of(console: Console) -> ScriptedDesk:
    assert console.engine is not None
    return console.engine.acting


def form_of(console: Console) -> SilenceForm:
    screen = console.app.screen
    assert isinstance(screen, SilenceForm)
    return screen


@asynccontextmanager
async def form_on(
    shown: Snapshot | None = None,
    *,
    matched: Sequence[Alert] = (SLOW,),
    edits: Silence | None = None,
    **opened: Any,
) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    """The form on the first row, or on a silence; it has been read, and nothing asked yet."""
    async with console_on(shown or world(), **opened) as (console, pilot):
        desk_of(console).matched = Matched(tuple(matched))
        if edits is None:
            await pilot.press("s")
        else:
            open_silence_edit(console.app, edits)
        await until(pilot, lambda: isinstance(console.app.screen, SilenceForm))
        await until(pilot, lambda: isinstance(console.app.focused, Input))
        yield console, pilot


async def counted(console: Console, pilot: Pilot[int]) -> None:
    """The hand rests, and the servers answer."""
    before = len(desk_of(console).asked)
    console.clock.advance(0.31)
    await until(pilot, lambda: len(desk_of(console).asked) > before)
    await until(pilot, lambda: "asked" in console.text)


def typed_in(console: Console) -> tuple[str, int]:
    """What stands in the field with the cursor, and where the cursor is."""
    focused = console.app.focused
    assert isinstance(focused, Input)
    return focused.value, focused.cursor_position


async def test_the_labels_of_the_row_are_filled_in_and_the_cursor_is_where_words_are_missing() -> (
    None
):
    async with form_on() as (console, pilot):
        assert form_of(console).matchers.lines == (
            'alertname="SlowResponse"',
            'instance="api-1"',
            'job="api"',
            'severity="warning"',
        )
        await pilot.press(*"why")
        assert form_of(console).comment.text == "why"
        assert "until 04:16 UTC, in 1h00m" in console.text


async def test_what_is_typed_ahead_in_one_packet_reaches_the_comment() -> None:
    async with console_on(world()) as (console, pilot):
        for letter in "spatching the api":
            key = "space" if letter == " " else letter
            console.app.post_message(events.Key(key, letter))
        await until(pilot, lambda: console.app.keys_idle and not console.app._keys_waiting)
        assert form_of(console).comment.text == "patching the api"


async def test_an_update_touches_neither_what_is_typed_nor_the_cursor() -> None:
    async with form_on() as (console, pilot):
        await pilot.press(*"patchng", "left", "left")
        before = typed_in(console)
        for number in range(3):
            console.publish(world(SLOW, DOWN) if number % 2 else world(OTHER))
            await until(pilot, lambda: console.app.fresh is not None)
            await pilot.pause()
        assert typed_in(console) == before == ("patchng", 5)
        await pilot.press("i")
        assert form_of(console).comment.text == "patching"
        assert form_of(console).matchers.lines[1] == 'instance="api-1"'


async def test_the_servers_are_asked_once_the_hand_rests() -> None:
    async with form_on(matched=(SLOW, OTHER, DOWN)) as (console, pilot):
        assert desk_of(console).asked == []
        await counted(console, pilot)
        assert [one.name for one in desk_of(console).asked[0]] == [
            "alertname", "instance", "job", "severity",
        ]  # fmt: skip
        assert "3 alerts   P0 1   P1 -   P2 2   P3 -" in console.text
        assert "matches 2 more than you marked" in console.text
        assert "+ P0 ServiceDown api-3" in console.text
        assert "last 7 d 3 different alerts fired  P0 1  P2 2" in console.text


async def test_an_answer_to_what_no_longer_stands_there_is_not_shown() -> None:
    async with form_on(matched=(SLOW, DOWN)) as (console, pilot):
        gate = threading.Event()
        desk_of(console).gates = [gate]
        console.clock.advance(0.31)
        await until(pilot, lambda: len(desk_of(console).asked) == 1)
        await pilot.press("shift+tab", "shift+tab")
        console.app.screen.query(Input)[1].focus()
        await pilot.press("ctrl+u")
        gate.set()
        await pilot.pause()
        assert "asking…" in console.text and "2 alerts" not in console.text
        await counted(console, pilot)
        assert [one.name for one in desk_of(console).asked[1]] == ["alertname", "job", "severity"]
        assert "2 alerts" in console.text


async def test_with_a_server_gone_it_says_so_and_keeps_what_is_typed() -> None:
    async with form_on(world(clusters=("am", "am-us"))) as (console, pilot):
        desk_of(console).matched = Matched((SLOW,), (failure("am-us"),))
        await pilot.press(*"patching")
        await counted(console, pilot)
        assert "at least 1 alert" in console.text
        assert "am-us not counted: refused the connection" in console.text
        assert form_of(console).comment.text == "patching"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, TypedConfirm))
        assert "what it matches is not known" in console.text
        assert "silence unknown" in console.text


async def test_with_every_server_gone_no_number_is_said() -> None:
    async with form_on() as (console, pilot):
        desk_of(console).matched = Matched((), (failure("am"),))
        await counted(console, pilot)
        assert "how many is not known" in console.text and "0 alerts" not in console.text


async def test_an_unknown_past_is_told_with_its_reason() -> None:
    async with form_on() as (console, pilot):
        assert console.engine is not None
        console.engine.inquirer.week = PastWeek(unknown="prom: refused the connection")
        await counted(console, pilot)
        await until(pilot, lambda: "not known: prom: refused the connection" in console.text)


async def test_none_in_the_past_is_not_believed_where_some_match_now() -> None:
    async with form_on() as (console, pilot):
        assert console.engine is not None
        console.engine.inquirer.week = PastWeek()
        await counted(console, pilot)
        await until(pilot, lambda: "not known: Prometheus has none with these" in console.text)


async def test_enter_in_the_last_field_sends_and_closes() -> None:
    async with form_on() as (console, pilot):
        await counted(console, pilot)
        await pilot.press(*"patching", "enter")
        await until(pilot, lambda: not isinstance(console.app.screen, SilenceForm))
        (wish,) = desk_of(console).wishes
        assert isinstance(wish, SilenceWish)
        assert (wish.clusters, wish.comment, wish.edits) == (("am",), "patching", None)
        assert Matcher("instance", Raw("api-1")) in wish.matchers
        assert wish.ends_at == console.clock.now().wall + timedelta(hours=1)
        assert console.lines[-1].startswith("done")


async def test_what_matches_is_asked_before_it_is_sent_although_the_hand_never_rested() -> None:
    async with form_on(matched=(DOWN,)) as (console, pilot):
        console.clock.advance(0.31)
        await pilot.press(*"patching", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, TypedConfirm))
        assert "it covers 1 of P0" in console.text


async def test_what_is_typed_while_the_servers_are_asked_is_not_sent_unread() -> None:
    async with form_on() as (console, pilot):
        console.clock.advance(0.31)
        gate = threading.Event()
        desk_of(console).gates = [gate, gate]
        await pilot.press(*"patching", "enter")
        await until(pilot, lambda: "asking what it matches" in console.text)
        await pilot.press("x")
        gate.set()
        await until(pilot, lambda: "changed while the servers were asked" in console.text)
        assert desk_of(console).wishes == [] and form_of(console).comment.text == "patchingx"


async def test_a_p0_is_silenced_only_in_writing() -> None:
    async with form_on(world(DOWN), matched=(DOWN,)) as (console, pilot):
        await counted(console, pilot)
        await pilot.press(*"patching", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, TypedConfirm))
        console.clock.advance(1)
        await pilot.press(*"silence", "space", *"2", "enter")
        assert "that reads silence 2" in console.text and not desk_of(console).wishes
        await pilot.press("backspace", "1", "enter")
        await until(pilot, lambda: bool(desk_of(console).wishes))
        await until(pilot, lambda: not isinstance(console.app.screen, SilenceForm | TypedConfirm))


async def test_leaving_the_question_sends_nothing_and_keeps_the_form() -> None:
    async with form_on(world(DOWN), matched=(DOWN,)) as (console, pilot):
        await counted(console, pilot)
        await pilot.press(*"patching", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, TypedConfirm))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.app.screen, SilenceForm))
        assert form_of(console).comment.text == "patching" and "not sent" in console.text
        assert desk_of(console).wishes == []


async def test_more_than_the_settings_allow_is_confirmed() -> None:
    settings = Settings(environment="test", silences=Silences(confirm_over=1))
    async with form_on(matched=(SLOW, OTHER), settings=settings) as (console, pilot):
        await counted(console, pilot)
        await pilot.press(*"patching", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, TypedConfirm))
        assert "it covers 2 alerts, more than 1" in console.text


async def test_a_refusal_of_the_server_is_said_and_nothing_typed_is_lost() -> None:
    async with form_on() as (console, pilot):
        await counted(console, pilot)
        why = "not silenced: am said: bad matcher format: " + "so long that a line cannot hold it"
        desk_of(console).outcome = Outcome(Ended.FAILED, why)
        await pilot.press(*"patching", "enter")
        await until(pilot, lambda: bool(desk_of(console).wishes))
        await until(pilot, lambda: "not silenced: am said: bad matcher format:" in console.text)
        assert "cannot hold it" in " ".join(console.text.split())
        assert form_of(console).comment.text == "patching"
        assert len(form_of(console).matchers.lines) == 4


async def test_what_is_half_done_is_not_done_twice() -> None:
    async with form_on(world(clusters=("am", "am-us"))) as (console, pilot):
        form_of(console).clusters.choose(("am", "am-us"))
        await pilot.pause()
        await counted(console, pilot)
        desk_of(console).outcome = Outcome(
            Ended.PARTLY, "silenced on am, not on am-us", silences=(("am", "5f1d"),)
        )
        await pilot.press(*"patching", "enter")
        await until(pilot, lambda: form_of(console).clusters.chosen == ("am-us",))
        assert "silenced on am, not on am-us" in console.text


async def test_an_enter_that_came_with_other_keys_sends_nothing() -> None:
    async with form_on() as (console, pilot):
        await counted(console, pilot)
        for key, letter in (*((one, one) for one in "patching"), ("enter", "\r")):
            console.app.post_message(events.Key(key, letter))
        await until(pilot, lambda: "press it again to send" in console.text)
        assert desk_of(console).wishes == [] and form_of(console).comment.text == "patching"
        await pilot.press("enter")
        await until(pilot, lambda: bool(desk_of(console).wishes))


async def test_keys_before_it_could_be_read_send_nothing() -> None:
    async with form_on() as (console, pilot):
        await pilot.press(*"x", "ctrl+s", "enter")
        assert desk_of(console).wishes == [] and desk_of(console).asked == []


async def test_what_is_missing_or_wrong_is_said_where_it_is() -> None:
    async with form_on() as (console, pilot):
        console.clock.advance(1)
        assert "expected why" not in console.text
        await pilot.press("ctrl+s")
        assert "expected why" in console.text
        await pilot.press(*"why", "tab")
        assert typed_in(console)[0] == 'alertname="SlowResponse"'
        await pilot.press("end", "x", "ctrl+s")
        assert "column 25: expected the end" in console.text
        await pilot.press("ctrl+u", *'alertname=~"(a"')
        assert "column 13: expected a ) for this (" in console.text
        assert "nothing is asked until the matchers can be read" in console.text
        assert desk_of(console).wishes == []


async def test_matchers_that_match_everything_are_refused() -> None:
    async with form_on() as (console, pilot):
        console.clock.advance(1)
        await form_of(console).matchers.set_lines(['alertname=~".+"'])
        await pilot.press(*"why", "enter")
        assert "it would match everything that has the label" in console.text
        assert desk_of(console).wishes == []


async def test_lines_are_added_by_typing_into_the_empty_one_and_go_when_they_are_emptied() -> None:
    async with form_on() as (console, pilot):
        form = form_of(console)
        form.matchers.fields[-1].input.focus()
        await pilot.press(*'team="a"')
        assert form.matchers.lines[-1] == 'team="a"' and len(form.matchers.fields) == 6
        form.matchers.fields[1].input.focus()
        await pilot.press("ctrl+u", "tab")
        await until(pilot, lambda: len(form.matchers.fields) == 5)
        assert [line.partition("=")[0] for line in form.matchers.lines] == [
            "alertname", "job", "severity", "team",
        ]  # fmt: skip


async def test_one_key_goes_through_the_durations_and_one_through_the_templates() -> None:
    night = SilenceTemplate(
        name="night", matchers=('job="backup"',), lasts=timedelta(hours=2), comment="backups run"
    )
    silences = Silences(presets=(timedelta(minutes=30),), until="09:00", templates=(night,))
    settings = Settings(environment="test", silences=silences)
    async with form_on(settings=settings) as (console, pilot):
        seen = []
        for _ in range(3):
            await pilot.press("ctrl+l")
            seen.append(form_of(console).lasts.text)
        assert seen == ["30m", "until 09:00", "30m"]
        await pilot.press("ctrl+t")
        await until(pilot, lambda: form_of(console).matchers.lines == ('job="backup"',))
        assert (form_of(console).lasts.text, form_of(console).comment.text) == (
            "2h", "backups run",
        )  # fmt: skip


async def test_a_template_is_opened_by_its_name() -> None:
    night = SilenceTemplate(name="night", matchers=('job="backup"',), comment="backups run")
    settings = Settings(environment="test", silences=Silences(templates=(night,)))
    async with console_on(world(), settings=settings) as (console, pilot):
        console.app.frame.act("row.silence", "evening")  # type: ignore[union-attr]
        await pilot.pause()
        assert "no template is called evening; known: night" in console.text
        console.app.frame.act("row.silence", "night")  # type: ignore[union-attr]
        await until(pilot, lambda: isinstance(console.app.screen, SilenceForm))
        assert form_of(console).matchers.lines == ('job="backup"',)


async def test_leaving_asks_only_where_something_was_typed() -> None:
    async with form_on() as (console, pilot):
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(console.app.screen, SilenceForm))
    async with form_on() as (console, pilot):
        await pilot.press("x", "escape")
        await until(pilot, lambda: "leave this silence?" in console.text)
        console.clock.advance(1)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, SilenceForm))
        assert form_of(console).comment.text == "x"
        await pilot.press("escape")
        await until(pilot, lambda: "leave this silence?" in console.text)
        console.clock.advance(1)
        await pilot.press("right", "enter")
        await until(pilot, lambda: console.app.frame is not None)
        assert not isinstance(console.app.screen, SilenceForm)


async def test_a_silence_is_changed_in_the_same_form() -> None:
    shown = msgspec.structs.replace(world(), silences=(held(),))
    async with form_on(shown, edits=held()) as (console, pilot):
        assert form_of(console).matchers.lines == ('job="api"',)
        assert form_of(console).lasts.text == "2026-11-22 05:16:42"
        await counted(console, pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(desk_of(console).wishes))
        (wish,) = desk_of(console).wishes
        assert isinstance(wish, SilenceWish)
        assert wish.edits == held() and wish.starts_at == held().starts_at
        assert wish.ends_at == held().ends_at


async def test_a_silence_that_ends_while_its_form_is_open_is_said_and_made_anew() -> None:
    shown = msgspec.structs.replace(world(), silences=(held(),))
    async with form_on(shown, edits=held()) as (console, pilot):
        await pilot.press(*" more")
        gone = msgspec.structs.replace(
            world(), ended=(held(ends_at=ago(1), state=SilenceState.EXPIRED),)
        )
        console.publish(gone)
        await until(pilot, lambda: "it ended at 03:16:41 while the form was open" in console.text)
        assert form_of(console).comment.text == "patching more"
        await counted(console, pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(desk_of(console).wishes))
        (wish,) = desk_of(console).wishes
        assert isinstance(wish, SilenceWish) and wish.edits is None and wish.starts_at is None


async def test_a_silence_that_somebody_changes_meanwhile_is_said() -> None:
    shown = msgspec.structs.replace(world(), silences=(held(),))
    async with form_on(shown, edits=held()) as (console, pilot):
        changed = held(ends_at=T0 + timedelta(hours=4))
        console.publish(msgspec.structs.replace(world(), silences=(changed,)))
        await until(pilot, lambda: "it was changed meanwhile, until 07:16:42" in console.text)
        assert form_of(console).lasts.text == "2026-11-22 05:16:42"
        assert form_of(console).edits == changed


async def test_a_silence_that_does_it_already_is_named() -> None:
    same = held(
        matchers=tuple(
            Matcher(name, SLOW.labels.value_of(name))
            for name in ("alertname", "instance", "job", "severity")
        )
    )
    shown = msgspec.structs.replace(world(), silences=(same,))
    async with form_on(shown) as (console, pilot):
        await counted(console, pilot)
        assert "the same matchers: mei until 05:16:42, patching" in console.text


async def test_a_check_is_not_silenced_and_says_so() -> None:
    sick = snapshot(sources=[source(failing_since=ago(60), failures=[failure()])])
    async with console_on(sick) as (console, pilot):
        await pilot.press("s")
        await pilot.pause()
        assert not isinstance(console.app.screen, SilenceForm)
        assert "a check or a source is acked, not silenced" in console.text


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50), (60, 15)])
async def test_hostile_labels_are_shown_as_text_at_every_size(size: tuple[int, int]) -> None:
    evil = alert("Evil", labels={f"l{n}": value for n, value in enumerate(ATTACKS[:20])})
    async with form_on(world(evil), matched=(evil,), size=size) as (console, pilot):
        await counted(console, pilot)
        assert is_plain(console.text)
        wish_lines = form_of(console).judged().matchers
        assert {one.value.exact for one in wish_lines} >= set(filter(None, ATTACKS[:20]))


async def test_it_reads_well_at_80x24() -> None:
    async with form_on(matched=(SLOW, DOWN)) as (console, pilot):
        await pilot.press(*"patching")
        await counted(console, pilot)
        assert console.lines[1:14] == [
            "silence: SlowResponse, 1 alert",
            'matchers  alertname="SlowResponse"',
            '          instance="api-1"',
            '          job="api"',
            '          severity="warning"',
            '          + name="value"',
            "lasts     1h                      until 04:16 UTC, in 1h00m",
            "comment   patching",
            "── matches now  asked <10s ago " + "─" * 49,
            "2 alerts   P0 1   P1 -   P2 1   P3 -",
            "matches 1 more than you marked, with + in front",
            "last 7 d 3 different alerts fired  P0 1  P2 2",
            "+ P0 ServiceDown api-3",
        ]
        assert "^s send  esc leave  tab next field" in console.lines[-1]
