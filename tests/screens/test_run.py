"""The screen on which a runbook is worked through: nothing starts that nobody said yes to."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot

from console.model.action import Effect
from console.model.run import Filled, Run, Runs, Started, StepOutput, StepState
from console.model.runbook import ParamType
from console.model.update import Update
from console.safety.text import Raw, cell_width
from screens.run import RunScreen, open_run
from screens.run_changes import ChangesScreen
from screens.run_params import ValuesScreen
from screens.run_plan import PlanConfirm, PlanDialog
from screens.step import StepScreen
from tests.build import T0, alert, known, resolved
from tests.screens.console import Console, typed, until, update_of
from tests.screens.run_world import (
    at,
    attempt,
    checked,
    on_step,
    plan_of,
    run_of,
    run_on,
    screen_of,
    show,
)
from widgets.command_line import CommandLine
from widgets.confirm import TypedConfirm, WordInput
from widgets.dialog import DEAD_TIME_S, Dialog, Overlay
from widgets.form import FieldInput

S = StepState
DISRUPTS = Effect.DISRUPTIVE


async def asked(console: Console, pilot: Pilot[int], kind: type[object]) -> None:
    """A question of that kind, once it has been drawn and could be read."""
    await until(pilot, lambda: isinstance(console.app.screen, kind))
    await pilot.pause()
    console.clock.advance(DEAD_TIME_S + 0.1)


async def word(console: Console, pilot: Pilot[int], text: str) -> None:
    """Have `text` in the question that asks for a word, and send it."""
    console.app.screen.query_one(WordInput).value = text
    await pilot.press("enter")
    await pilot.pause()


def running(run: Run | None = None) -> Run:
    return at(run or run_of(), "start-redis", S.RUNNING, attempt(S.RUNNING))


async def test_from_what_looks_to_what_mends_is_one_key_and_back() -> None:
    async with run_on() as (console, pilot, _):
        screen = screen_of(console)

        def here() -> str:
            row = screen.steps.cursor_row
            return "" if row is None or row.step is None else row.step.name

        seen = []
        for key in ("]", "]", "]", "[", "[", "["):
            await pilot.press({"]": "right_square_bracket", "[": "left_square_bracket"}[key])
            seen.append(here())
        assert seen == ["start-redis", "verify-ping", "verify-ping", "start-redis", "ping", "ping"]


async def test_that_its_alert_resolved_is_said_and_closing_is_offered() -> None:
    firing = known(alert("ServiceDown"))
    run = at(run_of(alert=firing.key), "start-redis", S.PASSED, attempt())
    async with run_on(run) as (console, pilot, desk):
        assert console.engine is not None and console.engine.first is not None
        world = console.engine.first.snapshot
        for state in (
            msgspec.structs.replace(world, alerts=(firing,)),
            msgspec.structs.replace(world, resolved=(resolved(firing.alert, T0),)),
        ):
            update = update_of(state, number=console.number)
            console.number += 1
            update = msgspec.structs.replace(update, runs=desk.runs)
            console.engine.publish(update)
            await until(pilot, partial(_shows, console, update))
            await pilot.pause()
        assert "ServiceDown redis@data-1 is resolved; f closes the run" in console.text
        assert "ServiceDown redis@data-1  resolved" in console.lines[2]


async def test_a_step_that_lacks_a_value_is_refused_and_p_goes_on_to_the_values() -> None:
    async with run_on() as (console, pilot, desk):
        desk.plans = [plan_of(refusals=("CONTAINER has no value: p gives it one",))]
        await on_step(console, pilot, "start-redis")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        await pilot.press("p")
        await until(pilot, lambda: isinstance(console.app.screen, ValuesScreen))
        assert not desk.called("start")


async def test_what_reads_is_told_in_one_line_and_so_is_what_was_left_out() -> None:
    async with run_on() as (console, pilot, desk):
        await pilot.press("X")
        await pilot.pause()
        assert "nothing was run; ping is left out: CONTAINER has no value, p" in console.text
        assert not desk.called("start_reads")
    ready = tuple(msgspec.structs.replace(one, value=Raw("redis")) for one in run_of().params)
    async with run_on(run_of(params=ready)) as (console, pilot, desk):
        desk.run_now = at(desk.run_now, "ping", S.FAILED, attempt(S.FAILED))
        await pilot.press("X")
        await until(pilot, lambda: "0 of 1 reading step passed, ping failed" in console.text)


async def test_a_run_in_which_nothing_was_done_is_not_left_open() -> None:
    ready = tuple(one for one in run_of().params if not one.is_given)
    async with run_on(run_of(params=ready)) as (console, pilot, desk):
        await pilot.press("escape")
        await until(pilot, lambda: bool(desk.called("finish")))
    looked = at(run_of(params=ready), "ping", S.PASSED, attempt())
    typed_in = msgspec.structs.replace(ready[0], source="typed")
    for kept in (looked, run_of(), run_of(params=(typed_in,)), run_of(params=(), change="CHG-1")):
        async with run_on(kept) as (console, pilot, desk):
            await pilot.press("escape")
            await until(pilot, partial(_has_left, console))
            assert not desk.called("finish")


def _shows(console: Console, update: Update) -> bool:
    return console.app.fresh is update


def _has_left(console: Console) -> bool:
    return not isinstance(console.app.screen, RunScreen)


# What it looks like


FRAME_80 = """\
Redis does not answer  ServiceDown redis@data-1  kai  RUN-20261122-7f3
CONTAINER ?  TARGET_HOST data-1 (label instance)  TOKEN *** (typed)
   FOR   # STATE     STEP                                             DOES
             text    Meaning  No reply to PING: the process has ende…
── Diagnosis ───────────────────────────────────────────────────────────────────
>   3s   1 ✖ failed  ping  Does it answer at all?                     read
── Mitigation ──────────────────────────────────────────────────────────────────
         2 ⊘ skipped start-redis  It is stopped: start it. This harm… changes
         3 - pending restart-redis  Warning: what was written since … DISRUPTS
── Verify ──────────────────────────────────────────────────────────────────────
   12s   4 ▸ running verify-ping  try 3 of 10  ssh "$TARGET_HOST" --… verify
             text    Escalation  Not up after 10 minutes: the data t…"""


def usual() -> Run:
    """One step of each kind of ending."""
    run = at(run_of(), "ping", S.FAILED, attempt(S.FAILED, said="exit 1, expected 0"))
    run = at(run, "start-redis", S.SKIPPED, reason="it is up")
    return at(run, "verify-ping", S.RUNNING, attempt(S.RUNNING, tries=3))


async def test_at_80_columns_every_step_has_its_line_and_what_came_stands_below() -> None:
    async with run_on(usual()) as (console, pilot, desk):
        desk.outputs["ping"] = StepOutput(Raw("a\n"), Raw("no such container\n"), 2, 18, False, 1)
        await on_step(console, pilot, "ping")
        await until(pilot, lambda: "no such container" in console.text)
        assert "\n".join(console.lines[2:14]) == FRAME_80
        assert console.lines[21:23] == ["exit 1, expected 0", "no such container"]


async def test_tab_goes_to_the_step_and_its_output_and_back() -> None:
    async with run_on(usual()) as (console, pilot, desk):
        desk.outputs["ping"] = StepOutput(Raw("one\n"), Raw("bad\n"), 4, 4, False, 1)
        await on_step(console, pilot, "ping")
        await until(pilot, lambda: "bad" in console.text)
        await pilot.press("tab")
        assert "Does it answer at all?" in console.text and "Diagnosis" not in console.text
        assert "err bad" in console.text
        await pilot.press("tab", "tab")
        assert "Diagnosis" in console.text
        await pilot.press("tab", "escape")
        assert "Diagnosis" in console.text and isinstance(console.app.screen, RunScreen)


async def test_at_120_columns_steps_and_output_stand_beside_each_other() -> None:
    earlier = at(usual(), "start-redis", S.PASSED, attempt(excerpt="PONG"))
    async with run_on(earlier, size=(120, 36)) as (console, pilot, desk):
        desk.outputs["ping"] = StepOutput(Raw("one\n"), Raw("bad\n"), 4, 4, False, 1)
        await on_step(console, pilot, "start-redis")
        await until(pilot, lambda: ">    PONG" in console.text)  # of an earlier console
        await on_step(console, pilot, "ping")
        await until(pilot, lambda: "err bad" in console.text)
        assert "── 1 ping  ✖ failed  read ──" in console.text and "Escalation" in console.text
        await pilot.press("tab")
        assert screen_of(console).focused is screen_of(console).about


async def test_in_ascii_and_at_the_least_size_it_can_be_read() -> None:
    async with run_on(usual(), size=(60, 15), ascii=True) as (console, pilot, _):
        await pilot.press("g", "g", "j")
        assert "! failed" in console.text and "x skipped" in console.text
        assert all(line.isascii() for line in console.lines)
        assert all(cell_width(line) <= 60 for line in console.lines)
        await pilot.press("tab")
        assert "1 ping" in console.text


async def test_a_runbook_without_anything_says_so() -> None:
    async with run_on(run_of("# Only a title\n", params=())) as (console, pilot, desk):
        assert "this runbook says nothing" in console.text
        await pilot.press("x", "X", "s", "space", "b", "p", "y", "enter")
        assert not desk.called("start") and not desk.called("skip")


async def test_500_steps_are_walked_through() -> None:
    page = "# Many\n\n" + "".join(f"{n}. do {n} 支付网关\n" for n in range(1, 501))
    async with run_on(run_of(page)) as (console, pilot, _):
        await pilot.press("G")
        assert "do 500" in console.text
        await pilot.press("g", "g")
        assert "do 1 " in console.text
        assert all(cell_width(line) <= 80 for line in console.lines)


async def test_a_run_that_is_younger_than_the_newest_update_is_shown() -> None:
    async with run_on() as (console, pilot, desk):
        await show(console, pilot, desk, run_of(id="RUN-20261122-new"))
        assert console.app.fresh is not None
        console.app.fresh = msgspec.structs.replace(console.app.fresh, runs=Runs())
        open_run(console.app, "RUN-20261122-new")
        await until(pilot, lambda: screen_of(console).run_id == "RUN-20261122-new")
        await until(pilot, lambda: "restart-redis" in console.text)
        open_run(console.app, "RUN-20261122-old")
        await until(pilot, lambda: "it is not open in this console" in console.text)


async def test_a_run_that_was_closed_says_where_it_is() -> None:
    async with run_on() as (console, pilot, desk):
        await show(console, pilot, desk, run_of(id="RUN-20261122-other"))
        assert "its transcript is in the journal" in console.text
        await pilot.press("x")
        assert not desk.called("start")


# Reading steps


async def test_a_step_that_reads_is_run_at_once_and_all_of_them_by_one_key() -> None:
    async with run_on() as (console, pilot, desk):
        await on_step(console, pilot, "ping")
        await pilot.press("x")
        await until(pilot, lambda: desk.called("start") == [("ping", "", False)])
        assert not desk.called("prepare")


async def test_enter_opens_the_step_whole_and_runs_nothing() -> None:
    async with run_on(usual()) as (console, pilot, desk):
        text = "".join(f"line {n}\n" for n in range(100))
        desk.outputs["ping"] = StepOutput(Raw(text), stdout_bytes=len(text), number=1)
        await on_step(console, pilot, "ping")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, StepScreen))
        await until(pilot, lambda: "100 lines" in console.text)
        assert console.lines[2].startswith("ping  of Redis does not answer")
        await typed(pilot, "/", "line 42")
        await until(pilot, lambda: ">    line 42" in console.text)
        await pilot.press("x", "enter")
        assert not desk.called("start") and not desk.called("prepare")
        await pilot.press("G")
        assert ">    line 99" in console.text
        await pilot.press("escape", "escape")
        assert isinstance(console.app.screen, RunScreen)


async def test_a_section_that_is_only_read_is_opened_like_a_step() -> None:
    async with run_on() as (console, pilot, desk):
        await pilot.press("g", "g", "enter")
        await until(pilot, lambda: isinstance(console.app.screen, StepScreen))
        assert "the process has ended, or hangs in a slow command" in console.text
        await pilot.press("q", "x")
        await until(pilot, lambda: "this is read, not done" in console.text)
        assert not desk.called("start")


async def test_the_output_follows_while_the_step_runs() -> None:
    run = running()
    async with run_on(run, size=(120, 36)) as (console, pilot, desk):
        desk.outputs["start-redis"] = StepOutput(Raw("one\n"), stdout_bytes=4, number=1)
        await on_step(console, pilot, "start-redis")
        await until(pilot, lambda: ">    one" in console.text)
        desk.outputs["start-redis"] = StepOutput(Raw("one\ntwo\n"), stdout_bytes=8, number=1)
        await until(pilot, lambda: ">    two" in console.text)
        done = at(run, "start-redis", S.PASSED, attempt(S.PASSED, said="exit 0"))
        await show(console, pilot, desk, done)
        await until(pilot, lambda: "start-redis passed: exit 0" in console.text)
        before = len(desk.called("output"))
        await pilot.pause(0.6)
        assert len(desk.called("output")) <= before + 1  # nothing more comes: nobody asks


# Steps that act


async def test_haste_starts_nothing_and_yes_exactly_what_was_shown() -> None:
    async with run_on() as (console, pilot, desk):
        await on_step(console, pilot, "start-redis")
        await pilot.press("x", "enter")
        await until(pilot, lambda: "start-redis was not run" in console.text)
        assert desk.called("prepare") == [("start-redis",)] and not desk.called("start")
        await pilot.press("x")
        await asked(console, pilot, PlanDialog)
        assert "ssh data-1 -- docker start redis" in console.text
        assert "verify-ping: [STDOUT] == PONG" in console.text
        await pilot.press("right", "enter")
        await until(pilot, lambda: desk.called("start") == [("start-redis", "d1", False)])


async def test_what_disrupts_needs_its_word() -> None:
    async with run_on() as (console, pilot, desk):
        desk.plans = [plan_of("restart-redis", DISRUPTS)]
        await on_step(console, pilot, "restart-redis")
        await pilot.press("x")
        await asked(console, pilot, PlanConfirm)
        assert "dependants api, worker" in console.text
        await pilot.press("enter")
        await word(console, pilot, "yes")
        pilot.app.screen.query_one(WordInput).value = ""
        pilot.app.screen.query_one(WordInput).post_message(events.Paste("restart-redis data-1"))
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(console.app.screen, PlanConfirm) and not desk.called("start")
        await word(console, pilot, "restart-redis data-1")
        await until(pilot, lambda: desk.called("start") == [("restart-redis", "d1", False)])


async def test_what_cannot_start_is_shown_with_nothing_to_confirm() -> None:
    async with run_on() as (console, pilot, desk):
        desk.plans = [plan_of(refusals=("CONTAINER has no value: p gives one",))]
        await on_step(console, pilot, "start-redis")
        await pilot.press("x")
        await asked(console, pilot, Overlay)
        assert "cannot start: CONTAINER has no value" in console.text
        await pilot.press("enter", "right", "enter", "escape")
        assert isinstance(console.app.screen, RunScreen) and not desk.called("start")


async def test_a_plan_that_is_another_one_by_now_is_shown_anew_with_what_changed() -> None:
    async with run_on() as (console, pilot, desk):
        other = plan_of(digest="d2", warnings=("mei restarts it now",))
        desk.plans = [plan_of(), other]
        desk.starts = [Started("look again", is_other=True)]
        await on_step(console, pilot, "start-redis")
        await pilot.press("x")
        await asked(console, pilot, PlanDialog)
        await pilot.press("right", "enter")
        await until(pilot, lambda: "not what was shown before" in console.text)
        assert "warning, new: mei restarts it now" in console.text
        assert len(desk.called("start")) == 1
        await asked(console, pilot, PlanDialog)
        await pilot.press("right", "enter")
        await until(pilot, lambda: desk.called("start")[1:] == [("start-redis", "d2", False)])


async def test_without_a_record_its_word_is_typed_and_for_nothing_else_than_was_shown() -> None:
    async with run_on() as (console, pilot, desk):
        desk.plans = [plan_of(), plan_of(digest="d2", where="kai@data-9")]
        desk.starts = [Started("no record", needs_glass=True)]
        await on_step(console, pilot, "start-redis")
        await pilot.press("x")
        await asked(console, pilot, PlanDialog)
        await pilot.press("right", "enter")
        await asked(console, pilot, TypedConfirm)
        await word(console, pilot, "without record")
        await until(pilot, lambda: "where: was kai@data-1, is kai@data-9" in console.text)
        assert len(desk.called("start")) == 1
        desk.starts = [Started("no record can be written: the disk is full", needs_glass=True)]
        await asked(console, pilot, PlanDialog)
        await pilot.press("right", "enter")
        await asked(console, pilot, TypedConfirm)
        assert "the disk is full" in console.text
        await word(console, pilot, "without record")
        await until(pilot, lambda: desk.called("start")[2:] == [("start-redis", "d2", True)])


async def test_nothing_comes_in_front_of_who_went_on() -> None:
    async with run_on() as (console, pilot, desk):
        desk.gate = asyncio.Event()
        await on_step(console, pilot, "start-redis")
        await pilot.press("x")
        await until(pilot, lambda: bool(desk.called("prepare")))
        await pilot.press("colon")
        console.app.engine.tell(lambda _: desk.gate.set() if desk.gate else None)
        await until(pilot, lambda: any("you went on" in one for one in console.app.notices))
        assert isinstance(console.app.screen, RunScreen) and not desk.called("start")


async def test_a_plan_is_of_the_step_that_was_under_the_cursor() -> None:
    async with run_on() as (console, pilot, desk):
        await on_step(console, pilot, "start-redis")
        await pilot.press("x", "j")
        await asked(console, pilot, PlanDialog)
        assert desk.called("prepare") == [("start-redis",)]
        assert "start-redis on kai@data-1" in console.text


async def test_a_runbook_that_changed_is_shown_and_asked_about_once() -> None:
    async with run_on() as (console, pilot, desk):
        desk.changed = ("same\nold line\n", "same\nnew line\n")
        await on_step(console, pilot, "ping")
        await pilot.press("x")  # what reads is not held up
        await until(pilot, lambda: bool(desk.called("start")))
        await on_step(console, pilot, "start-redis")
        await pilot.press("x")
        await asked(console, pilot, ChangesScreen)
        assert "- old line" in console.text and "+ new line" in console.text
        await pilot.press("enter")
        assert isinstance(console.app.screen, RunScreen) and not desk.called("prepare")
        await pilot.press("x")
        await asked(console, pilot, ChangesScreen)
        await pilot.press("right", "enter")
        await asked(console, pilot, PlanDialog)
        assert desk.called("accept") == [()]


# Back, and stop


async def test_a_step_that_fails_offers_in_plain_words_what_takes_it_back() -> None:
    run = at(run_of(), "restart-redis", S.RUNNING, attempt(S.RUNNING))
    async with run_on(run) as (console, pilot, desk):
        failed = at(run, "restart-redis", S.FAILED, attempt(S.FAILED, said="exit 1"))
        await show(console, pilot, desk, failed)
        said = "restart-redis failed: b shows what takes it back, start-redis; exit 1"
        await until(pilot, lambda: said in console.text)
        assert isinstance(console.app.screen, RunScreen)  # it is no question
        await on_step(console, pilot, "ping")
        await pilot.press("b")
        await asked(console, pilot, PlanDialog)
        assert desk.called("prepare") == [("start-redis",)] and not desk.called("start")


async def test_ctrl_c_asks_and_then_stops_and_else_says_how_to_leave() -> None:
    async with run_on(running()) as (console, pilot, desk):
        await pilot.press("ctrl+c", "enter")
        await pilot.pause()
        assert not desk.called("stop")
        await pilot.press("ctrl+c")
        await asked(console, pilot, Dialog)
        assert "stop start-redis on data-1?" in console.text
        assert "Its command is ended there too" in console.text
        await pilot.press("right", "enter")
        await until(pilot, lambda: "it is gone from data-1" in console.text)
        assert desk.called("stop") == [()]
        await show(console, pilot, desk, run_of())
        await pilot.press("ctrl+c")
        await until(pilot, lambda: "to leave, press q" in console.text)
        assert desk.called("stop") == [()]


async def test_ctrl_c_stops_from_the_step_that_is_shown_whole() -> None:
    async with run_on(running()) as (console, pilot, desk):
        await on_step(console, pilot, "start-redis")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, StepScreen))
        await until(pilot, lambda: "it runs, " in console.text)
        await pilot.press("ctrl+c")
        await asked(console, pilot, Dialog)
        await pilot.press("right", "enter")
        await until(pilot, lambda: desk.called("stop") == [()])


# By hand


async def test_a_step_is_skipped_with_a_reason_or_ticked_off_by_hand() -> None:
    async with run_on() as (console, pilot, desk):
        await on_step(console, pilot, "start-redis")
        await typed(pilot, "s", "it is up")
        await until(pilot, lambda: desk.called("skip") == [("start-redis", "it is up")])
        await until(pilot, lambda: "start-redis is left out" in console.text)
        await on_step(console, pilot, "ping")
        await pilot.press("space")
        await until(pilot, lambda: "ping: done by hand" in console.text)
        await show(console, pilot, desk, at(run_of(), "ping", S.MANUAL))
        await pilot.press("space")
        await until(pilot, lambda: "ping is open again" in console.text)
        assert desk.called("tick") == [("ping",), ("ping",)]


async def test_while_a_step_runs_nothing_else_does_whatever_was_typed() -> None:
    async with run_on(running()) as (console, pilot, desk):
        await on_step(console, pilot, "start-redis")
        await pilot.press("s", "x", "f", "X", "space")
        await pilot.pause()
        console.clock.advance(2)
        await on_step(console, pilot, "ping")
        await pilot.press("x")
        await until(pilot, lambda: "start-redis runs: wait for it" in console.text)
        asked_for = {call[0] for call in desk.calls}
        assert not asked_for & {"start", "finish", "start_reads", "tick", "skip"}


# Values


async def test_a_digit_types_a_value_and_a_fault_is_told_meanwhile() -> None:
    async with run_on() as (console, pilot, desk):
        await pilot.press("p")
        await until(pilot, lambda: isinstance(console.app.screen, ValuesScreen))
        await pilot.press("2")
        await pilot.press("-", "r")
        await until(pilot, lambda: "expected" in console.text and "-r" in console.text)
        field = console.app.screen.query_one(FieldInput)
        field.value = "redis"
        await pilot.press("enter")
        await until(pilot, lambda: desk.called("set_value") == [("CONTAINER", "redis")])
        await pilot.press("escape")
        assert isinstance(console.app.screen, RunScreen)


async def test_twenty_values_are_walked_through() -> None:
    many = tuple(Filled(f"PARAM_{n}", ParamType.NAME, Raw("x"), help=Raw("y")) for n in range(20))
    async with run_on(run_of(params=many)) as (console, pilot, _):
        await pilot.press("p")
        await until(pilot, lambda: isinstance(console.app.screen, ValuesScreen))
        await pilot.press("k")
        await until(pilot, lambda: ">  PARAM_19" in console.text)
        await pilot.press("j")
        await until(pilot, lambda: ">1 PARAM_0" in console.text)


async def test_a_secret_is_never_on_screen_and_in_no_history() -> None:
    async with run_on() as (console, pilot, desk):
        await pilot.press("p", "3", *"hunter2")
        await pilot.pause()
        assert "hunter2" not in console.text and "•••" in console.text
        await pilot.press("enter")
        await until(pilot, lambda: len(desk.secrets) == 1)
        assert desk.secrets[0].reveal() == "hunter2"
        assert desk.called("set_value") == [("TOKEN", "***")]
        screen = console.app.screen
        assert screen.query_one(FieldInput).value == ""
        await pilot.press("3")
        await pilot.pause()
        assert screen.query_one(FieldInput).value == ""  # it is not put back
        await pilot.press("escape", "escape")
        line = screen_of(console).query_one(CommandLine)
        assert not any("hunter2" in one for sign in "/:>" for one in line.history(sign))
        assert not any("hunter2" in one for one in console.app.notices)


# The run


async def test_leaving_leaves_it_running_and_says_so() -> None:
    async with run_on(running()) as (console, pilot, desk):
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(console.app.screen, RunScreen))
        assert "start-redis goes on" in console.text
        assert not desk.called("stop") and not desk.called("finish")


async def test_the_same_run_is_opened_once() -> None:
    async with run_on() as (console, pilot, _):
        screen, depth = screen_of(console), len(console.app.screen_stack)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, StepScreen))
        open_run(console.app, run_of().id)
        await until(pilot, lambda: console.app.screen is screen)
        assert len(console.app.screen_stack) == depth


async def test_finishing_says_where_the_transcript_is() -> None:
    async with run_on() as (console, pilot, desk):
        await pilot.press("f")
        await until(pilot, lambda: not isinstance(console.app.screen, RunScreen))
        assert desk.called("finish") == [()]
        assert "kept as runs/2026/RUN-20261122-7f3.md" in console.text


async def test_a_run_with_a_failed_step_is_not_closed_by_one_key() -> None:
    async with run_on(at(run_of(), "ping", S.FAILED, attempt(S.FAILED))) as (console, pilot, desk):
        await pilot.press("f")
        await asked(console, pilot, Dialog)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(console.app.screen, RunScreen) and not desk.called("finish")


async def test_y_copies_the_command_and_n_notes_in_the_incident(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(
        "screens.copying.copy", lambda app, text, what, *, lines=False: sent.append(text)
    )
    run = msgspec.structs.replace(run_of(), incident="INC-20261122-7f3")
    async with run_on(run) as (console, pilot, desk):
        await on_step(console, pilot, "start-redis")
        await pilot.press("y")
        await until(pilot, lambda: sent == ["ssh data-1 -- docker start redis"])
        desk.plans = ["it has no host"]
        await pilot.press("y")
        await until(pilot, lambda: sent[1:] == ['ssh "$TARGET_HOST" -- docker start "$CONTAINER"'])
        await pilot.press("n")
        await until(pilot, lambda: "note for INC-20261122-7f3" in console.text)


async def test_read_only_reads_and_refuses_the_rest() -> None:
    async with run_on(read_only=True) as (console, pilot, desk):
        await on_step(console, pilot, "start-redis")
        await pilot.press("x", "s", "space", "f", "b")
        await until(pilot, lambda: "read-only" in console.lines[-1])
        assert not desk.calls
        console.clock.advance(2)
        await on_step(console, pilot, "ping")
        await pilot.press("x")
        await until(pilot, lambda: bool(desk.called("start")))


async def test_an_unknown_step_is_explained_and_the_cursor_stays() -> None:
    run = at(run_of(), "start-redis", S.UNKNOWN, attempt(S.UNKNOWN, ended=None))
    async with run_on(run, size=(120, 36)) as (console, pilot, desk):
        await on_step(console, pilot, "start-redis")
        assert "sent to data-1, no answer: it is asked again every 15 s" in console.text
        checks = (checked("[STATUS]", "503", "200", passed=False),)
        failed = at(run, "start-redis", S.FAILED, attempt(S.FAILED, checks=checks))
        await show(console, pilot, desk, failed)
        assert "✖ [STATUS] (503) == 200" in console.text
        passed = at(run, "start-redis", S.PASSED, attempt(said="exit 0"))
        await show(console, pilot, desk, passed)
        assert screen_of(console).steps.cursor_key == "step:start-redis"


async def test_hostile_output_reaches_no_terminal() -> None:
    run = at(run_of(), "ping", S.PASSED, attempt())
    async with run_on(run, size=(120, 36)) as (console, pilot, desk):
        hostile = "\x1b]0;OWNED\x07\x1b[2J[bold red]x[/]\n" + "y" * 1_000_000
        desk.outputs["ping"] = StepOutput(Raw(hostile), stdout_bytes=len(hostile), number=1)
        await on_step(console, pilot, "ping")
        await until(pilot, lambda: "^[]0;OWNED^G" in console.text)
        assert "[bold red]x[/]" in console.text
        assert all(line.isprintable() for line in console.lines)
