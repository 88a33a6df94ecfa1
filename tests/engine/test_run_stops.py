"""A step that is stopped, at whatever moment, and all that is asked of a run meanwhile."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from console.actions.audit.check import records_of
from console.actions.audit.record import Phase
from console.engine.engine import Engine
from console.model.acting import Ended
from console.model.run import Run, StepPlan, StepState
from tests.engine.stepping import Stage, begun, carried, opened, started, state_of, step_of, until
from tests.soak import trials

pytestmark = pytest.mark.real("git")

MOMENTS: Final = trials(usual=8, soak=300)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "/")
    yield Stage(tmp_path / "stage")


def running_there(stage: Stage) -> list[int]:
    """The processes of this stage's steps, the consoles' own left out."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            environ = (process / "environ").read_bytes()
        except OSError:
            continue
        if words.startswith(b"sleep\x00600\x00") and str(stage.home).encode() in environ:
            found.append(int(process.name))
    return found


def begins(stage: Stage, mark: str) -> Callable[[], bool]:
    return lambda: stage.left(mark) == ["begun"]


def is_in(engine: Engine, run: Run, state: StepState) -> Callable[[], bool]:
    return lambda: state_of(engine, run) is state


async def test_stopped_at_any_moment_a_step_is_gone_and_has_not_passed(stage: Stage) -> None:
    chance = random.Random(10)
    async with stage.console() as engine:
        for number in range(MOMENTS):
            mark = f"slow{number}"
            run = await begun(engine, mark)
            plan = await engine.runs.prepare(run.id, "act")
            assert isinstance(plan, StepPlan)
            starting = asyncio.create_task(engine.runs.start(run.id, "act", plan.digest))
            await asyncio.sleep(chance.uniform(0, 0.12))
            await engine.runs.stop(run.id)
            told = await starting
            await engine.runs.ended(run.id)
            if told.why_not:
                assert "before it began" in told.why_not
                assert state_of(engine, run) is StepState.PENDING
            else:
                # What was on its way is asked for: it never began.
                await until(is_in(engine, run, StepState.FAILED))
            await engine.runs.ended(run.id)
            assert running_there(stage) == []
            assert "over" not in stage.left(mark)
        assert_ended_once(stage)


def assert_ended_once(stage: Stage) -> None:
    """Each intent has its end; of two the first is not known."""
    records, _ = records_of(stage.state)
    ends: dict[str, list[Ended | None]] = {}
    for one in records:
        if one.action == "run.step":
            ends.setdefault(one.id, [])
            if one.phase is Phase.END:
                ends[one.id].append(one.ended)
    assert ends
    for found in ends.values():
        assert len(found) in (1, 2)
        assert found[:-1] == [Ended.UNKNOWN] * (len(found) - 1)
        assert found[-1] is not Ended.UNKNOWN


async def test_stopped_as_soon_as_it_is_started_it_has_an_end_all_the_same(stage: Stage) -> None:
    async with stage.console() as engine:
        run = await begun(engine, "slow")
        plan = await engine.runs.prepare(run.id, "act")
        assert isinstance(plan, StepPlan)
        assert (await engine.runs.start(run.id, "act", plan.digest)).why_not == ""
        await engine.runs.stop(run.id)
        await until(is_in(engine, run, StepState.FAILED))
        await engine.runs.ended(run.id)
        assert stage.left("slow") == []
        assert_ended_once(stage)


async def test_stopped_while_it_is_verified_it_ran_and_has_not_passed(stage: Stage) -> None:
    os.mkfifo(stage.root / "fifo")
    (stage.root / "well").unlink()
    (stage.root / "well").symlink_to("fifo")  # who looks waits
    async with stage.console() as engine:
        run = await begun(engine, "quick")
        await started(engine, run)
        await until(lambda: state_of(engine, run, "is-well") is StepState.RUNNING)
        assert "is-well" in await engine.runs.stop(run.id)
        await engine.runs.ended(run.id)
        act = step_of(engine, run)
        assert act.state is StepState.FAILED
        assert act.last is not None and act.last.exit_status == 0
        assert "not verified" in act.last.said
        assert stage.left("quick") == ["begun", "over"]
        assert_ended_once(stage)


async def test_stopped_between_two_tries_it_is_tried_no_more(stage: Stage) -> None:
    async with stage.console() as engine:
        run = await begun(engine, "x")
        assert (await engine.runs.start(run.id, "look-again")).why_not == ""
        await until(lambda: stage.left("bad") == ["begun", "over"])
        await until(lambda: not any(opened(engine, run).jobs))
        twice = await asyncio.gather(engine.runs.stop(run.id), engine.runs.stop(run.id))
        assert all("stopped" in one or "nothing" in one for one in twice)
        await engine.runs.ended(run.id)
        assert state_of(engine, run, "look-again") is StepState.FAILED
        assert stage.left("bad") == ["begun", "over"]
        assert await engine.runs.stop(run.id) == "nothing of it runs"
        assert_ended_once(stage)


async def test_while_a_step_runs_nothing_that_it_depends_on_is_changed(stage: Stage) -> None:
    async with stage.console() as engine:
        run = await begun(engine, "held")
        await started(engine, run)
        # Before it shows that it runs, too.
        assert (await engine.runs.finish(run.id)).ended is Ended.DENIED
        await until(begins(stage, "held"))
        assert "act runs" in await engine.runs.set_value(run.id, "MARK", "other")
        assert "act runs" in await engine.runs.skip(run.id, "act", "no")
        assert "act runs" in await engine.runs.tick(run.id, "act")
        assert (await engine.runs.finish(run.id)).ended is Ended.DENIED
        assert await engine.runs.skip(run.id, "tell", "not needed") == ""
        plan = await engine.runs.prepare(run.id, "act")
        assert isinstance(plan, StepPlan) and plan.refusals
        assert await engine.reload_settings() is not None
        (stage.root / "go-on").touch()
        await engine.runs.ended(run.id)
        assert state_of(engine, run) is StepState.PASSED
        assert state_of(engine, run, "tell") is StepState.SKIPPED
        assert stage.left("held") == ["begun", "over"]


async def test_what_the_last_console_left_running_is_stopped_by_the_next(stage: Stage) -> None:
    async with stage.console() as engine:
        run = await begun(engine, "slow")
        await started(engine, run)
        await until(begins(stage, "slow"))
    assert running_there(stage)
    async with stage.console() as engine:
        await until(lambda: engine.runs.runs.found == (run.id,))
        assert state_of(engine, run) is StepState.UNKNOWN
        assert "nothing of it runs" in await engine.runs.stop(run.id)
        assert running_there(stage) == []
        await until(lambda: state_of(engine, run) is StepState.FAILED)
        await engine.runs.ended(run.id)
        assert_ended_once(stage)


async def test_a_run_that_is_closing_takes_nothing_more(stage: Stage) -> None:
    async with stage.console() as engine:
        run = await begun(engine, "one")
        await carried(engine, run)
        plan = await engine.runs.prepare(run.id, "act")
        assert isinstance(plan, StepPlan)
        finishing = asyncio.create_task(engine.runs.finish(run.id))
        await asyncio.sleep(0)
        told = await engine.runs.start(run.id, "act", plan.digest)
        assert "finished" in told.why_not
        assert "finished" in await engine.runs.skip(run.id, "look", "late")
        assert "finished" in await engine.runs.start_reads(run.id)
        assert (await engine.runs.finish(run.id)).ended is Ended.DENIED
        assert (await finishing).ended is Ended.DONE
        assert stage.left("one") == ["begun", "over"]
        assert _files(stage) == []


def _files(stage: Stage) -> list[str]:
    """What is kept of open runs."""
    return [one.name for one in (stage.state / "runs").glob("RUN-*")]


async def test_a_console_that_is_closed_ends_what_reads_and_leaves_what_acts(
    stage: Stage,
) -> None:
    async with stage.console() as engine:
        reads, acts = await begun(engine, "slow"), await begun(engine, "held")
        assert (await engine.runs.start(reads.id, "look")).why_not == ""
        await started(engine, acts)
        await until(begins(stage, "lookslow"))
        await until(begins(stage, "held"))
    assert running_there(stage) == []
    (stage.root / "go-on").touch()
    async with stage.console() as engine:
        await until(lambda: len(engine.runs.runs.open) == 2)
        assert state_of(engine, reads, "look") is StepState.FAILED
        await until(lambda: state_of(engine, acts) is StepState.PASSED)
        assert len(step_of(engine, acts).attempts) == 1
        await engine.runs.ended(acts.id)  # its record comes after what is shown
        assert_ended_once(stage)


async def test_the_key_pressed_twice_opens_one_run(stage: Stage) -> None:
    async with stage.console() as engine:
        both = await asyncio.gather(engine.runs.begin("acting"), engine.runs.begin("acting"))
        assert isinstance(both[0], Run)
        assert both[0] == both[1]
        assert len(_open(engine)) == 1


def _open(engine: Engine) -> tuple[Run, ...]:
    return engine.runs.runs.open
