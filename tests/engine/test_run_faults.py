"""Runs when something gives way: the line, the disk, the journal, a colleague, ourselves."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE
from typing import Any, Final

import pytest

from console.actions.audit.check import check, records_of
from console.engine.runs.desk import RunsDesk
from console.model.acting import Ended
from console.model.run import Runs, StepPlan, StepState
from console.safety.clock import Instant
from console.safety.files import FileError
from console.safety.secret import Secret
from tests.engine.stepping import (
    Hasty,
    Stage,
    begun,
    carried,
    learnt,
    started,
    state_of,
    step_of,
    until,
)
from tests.runbook.places_to_run import relayed, sshd_host

pytestmark = pytest.mark.real("git")

CANARY: Final = "hunter2-canary"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage sets these, for its consoles."""
    for name in ("HOME", "XDG_STATE_HOME", "ONCALL_LOCKS"):
        monkeypatch.setenv(name, "/")


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setenv("ONCALL_LOCKS", str(tmp_path))
    return Stage(tmp_path / "stage")


def ends_of(stage: Stage, step: str = "act") -> list[Ended | None]:
    """What the audit has as the ends of a step."""
    records, _ = records_of(stage.state)
    said = f": {step}"
    ids = {one.id for one in records if one.action == "run.step" and one.why.endswith(said)}
    assert ids
    assert check(stage.state).broken is None
    return [one.ended for one in records if one.id in ids and one.ended is not None]


@pytest.mark.real("sshd")
async def test_a_step_whose_line_is_cut_is_unknown_and_then_learnt_by_itself(
    tmp_path: Path,
) -> None:
    with sshd_host(tmp_path / "sshd") as sshd:
        async with relayed(sshd) as relay:
            stage = Stage(tmp_path / "stage", sshd, relay.port)
            async with stage.console(clock=Hasty(60)) as engine:
                run = await begun(engine, "held")
                await started(engine, run)
                await until(lambda: stage.left("held") == ["begun"])
                relay.is_shut = True
                relay.cut()
                await until(lambda: state_of(engine, run) is StepState.UNKNOWN)
                assert engine.runs.runs.unknown == 1
                await engine.runs.ended(run.id)
                assert (await engine.runs.finish(run.id)).ended is Ended.DENIED
                assert "act" in await engine.runs.set_value(run.id, "MARK", "other")
                (stage.root / "go-on").touch()
                relay.is_shut = False
                await until(lambda: state_of(engine, run) is StepState.PASSED)
                assert stage.left("held") == ["begun", "over"]
                assert len(step_of(engine, run).attempts) == 1
                await engine.runs.ended(run.id)
                assert ends_of(stage) == [Ended.UNKNOWN, Ended.DONE]


async def test_of_two_consoles_on_one_folder_one_has_a_run_open(stage: Stage) -> None:
    async with contextlib.AsyncExitStack() as first:
        engine = await first.enter_async_context(stage.console(clock=Hasty()))
        run = await begun(engine, "one")
        await carried(engine, run)
        async with stage.console(clock=Hasty()) as other:
            await other.runs._left.take_up()
            assert other.runs.runs == Runs()
            # Whoever has it open goes: it is taken up by the one that stays.
            await first.aclose()
            await until(lambda: other.runs.runs.found == (run.id,))
            assert state_of(other, run) is StepState.PASSED
            assert (await other.runs.finish(run.id)).ended is Ended.DONE


async def test_a_colleague_who_is_quicker_is_named_and_nothing_is_started(
    stage: Stage, tmp_path: Path
) -> None:
    async with (
        stage.console("kai") as kai,
        stage.console("mei", state=tmp_path / "of-mei") as mei,
    ):
        first, second = await begun(kai, "held"), await begun(mei, "held")
        plan = await mei.runs.prepare(second.id, "break")
        assert isinstance(plan, StepPlan)
        await started(kai, first, "break")
        await until(lambda: stage.left("held") == ["begun"])
        # Who looks before is told by the plan.
        assert (await mei.runs.start(second.id, "break", plan.digest)).is_other
        seen = await mei.runs.prepare(second.id, "break")
        assert isinstance(seen, StepPlan)
        assert any("kai" in one.text for one in seen.around)
        # Who looked a moment too early is told by the lock.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mei.runs._underway._runner, "holders", _nobody)
            await carried(mei, second, "break")
        step = step_of(mei, second, "break")
        assert step.state is StepState.PENDING
        assert step.last is not None
        assert "not started" in step.last.said and "kai" in step.last.said
        assert stage.left("held") == ["begun"]
        records, _ = records_of(tmp_path / "of-mei")
        assert [one.ended for one in records if one.ended] == [Ended.DENIED]
        (stage.root / "go-on").touch()
        await kai.runs.ended(first.id)
        assert state_of(kai, first, "break") is StepState.PASSED
        assert (await carried(mei, second, "break")).state is StepState.PASSED


async def _nobody(lock: str, host: str) -> tuple[str, ...]:
    return ()


@pytest.mark.parametrize("part", ["run", "plan", "submit", "keep", "tell"])
async def test_a_bug_of_ours_leaves_no_step_running_and_passes_none(
    stage: Stage, part: str
) -> None:
    async with stage.console() as engine:
        runs = engine.runs
        run = await begun(engine, "one")
        with pytest.MonkeyPatch.context() as patch:
            await _break(patch, runs, part)
            told = await runs.prepare(run.id, "act")
            assert isinstance(told, StepPlan)
            await runs.start(run.id, "act", told.digest)
            await runs.ended(run.id)
            step = step_of(engine, run)
            assert step.state is not StepState.RUNNING
            has_ended = stage.left("one") == ["begun", "over"]
            assert has_ended == (part != "run")
            if part == "submit":  # by then it had been carried out and verified
                assert step.state is StepState.PASSED
            else:
                assert step.state is StepState.UNKNOWN
                assert step.last is not None and "the console failed" in step.last.said
        if step.state is StepState.UNKNOWN:
            await learnt(engine, run)
            after = state_of(engine, run)
            assert after is (StepState.PASSED if has_ended else StepState.FAILED)
            assert stage.left("one").count("begun") <= 1
        assert (await runs.finish(run.id)).ended is Ended.DONE


async def _break(patch: pytest.MonkeyPatch, runs: RunsDesk, part: str) -> None:
    """Have a part of the engine raise what nobody expects of it."""

    def fail(*args: object, **kwargs: object) -> Any:
        raise RuntimeError(part)

    if part == "run":
        patch.setattr(runs._underway._runner, "run", fail)
    elif part == "plan":
        patch.setattr(runs._starter._carrier, "_plan", fail)
    elif part == "submit":
        patch.setattr(runs._world.acting, "submit", fail)
    elif part == "keep":
        patch.setattr(runs._outputs, "keep", fail)
    else:
        patch.setattr(runs._starter._record, "tell", fail)


@pytest.mark.parametrize(
    "fault", [FileError(Path("x"), "is full", expected="room"), RuntimeError("ours")]
)
async def test_a_full_disk_is_said_and_a_run_goes_on_to_its_transcript(
    stage: Stage, fault: Exception
) -> None:
    def full(*_: object) -> None:
        raise fault

    async with stage.console() as engine:
        run = await begun(engine, "one")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine.runs._open._kept, "save", full)
            assert (await carried(engine, run)).state is StepState.PASSED
            known = engine.runs.runs.run(run.id)
            assert known is not None
            assert [one for one in known.notes if "this console alone" in one] != []
            # What the disk knows of it is that it was never begun: the marker knows better.
            assert list(stage.markers.glob(f"{run.id}.act.*")) != []
        assert await engine.runs.accept(run.id) == ""
        known = engine.runs.runs.run(run.id)
        assert known is not None and known.notes == ()
        assert (await engine.runs.finish(run.id)).ended is Ended.DONE


async def test_a_run_whose_transcript_cannot_be_kept_stays_open(stage: Stage) -> None:
    stage.journal.write_text("no folder\n")
    async with stage.console() as engine:
        run = await begun(engine, "one")
        assert (await carried(engine, run)).state is StepState.PASSED
        outcome = await engine.runs.finish(run.id)
        assert outcome.ended is Ended.FAILED, outcome
        known = engine.runs.runs.run(run.id)
        assert known is not None and known.ended is None
        stage.journal.unlink()
        assert (await engine.runs.finish(run.id)).ended is Ended.DONE
        assert engine.runs.runs.open == ()


async def test_what_an_earlier_console_was_given_as_a_secret_is_not_shown_by_the_next(
    stage: Stage,
) -> None:
    async with stage.console() as engine:
        run = await begun(engine, "one")
        assert await engine.runs.set_value(run.id, "TOKEN", Secret(CANARY)) == ""
        await started(engine, run, "tell")
        await until(lambda: any(stage.markers.glob("*/go")))
    # The host has it as it was printed, and the next console cannot tell it from all else.
    words = ("-c", _LOOK, str(stage.root))
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=PIPE)
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0
    assert "passed" in said
    assert "left out" in said
    assert CANARY not in said
    for path in stage.root.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and stage.markers not in path.parents:
                assert CANARY.encode() not in path.read_bytes(), path


_LOOK: Final = """
import asyncio, sys
from pathlib import Path
from tests.engine.stepping import Hasty, Stage, until
from console.model.run import StepState

async def look(stage):
    async with stage.console(clock=Hasty()) as engine:
        await until(lambda: bool(engine.runs.runs.open))
        run = engine.runs.runs.open[0]
        state = lambda: engine.runs.runs.run(run.id).step("tell").state
        await until(lambda: state() not in (StepState.UNKNOWN, StepState.RUNNING))
        await engine.runs.ended(run.id)
        print(engine.runs.runs.run(run.id).step("tell"))
        print(await engine.runs.output(run.id, "tell"))
        print(await engine.runs.finish(run.id))

stage = Stage.__new__(Stage)
stage.take(Path(sys.argv[1]))
asyncio.run(look(stage))
"""


async def test_a_runbook_nobody_agreed_to_is_still_to_be_agreed_to_in_the_next_console(
    stage: Stage,
) -> None:
    async with stage.console() as engine:
        run = await begun(engine, "one")
        await carried(engine, run)
        await engine.runs.finish(run.id)
        book = stage.root / "books" / "acting.md"
        book.write_text(book.read_text().replace("# Acting", "# Acting otherwise"))
        other = await begun(engine, "two")
        assert await engine.runs.skip(other.id, "look", "not needed") == ""
    async with stage.console(clock=Hasty()) as engine:
        await until(lambda: engine.runs.runs.found == (other.id,))
        plan = await engine.runs.prepare(other.id, "act")
        assert isinstance(plan, StepPlan)
        assert any("changed" in one for one in plan.refusals)
        assert await engine.runs.differences(other.id) is not None
        await engine.runs.accept(other.id)
        assert (await carried(engine, other)).state is StepState.PASSED


class Later(Hasty):
    """Two days on."""

    def now(self) -> Instant:
        now = super().now()
        return Instant(now.wall + timedelta(days=2), now.mono)


async def test_a_run_in_which_nothing_was_done_is_dropped_after_a_day(stage: Stage) -> None:
    async with stage.console() as engine:
        untouched, touched = await begun(engine, "one"), await begun(engine, "two")
        assert await engine.runs.skip(touched.id, "look", "not needed") == ""
    async with stage.console(clock=Hasty()) as engine:
        await until(lambda: len(engine.runs.runs.open) == 2)
    async with stage.console(clock=Later()) as engine:
        await until(lambda: engine.runs.runs.found == (touched.id,))
        kept = {one.stem for one in (stage.state / "runs").glob("RUN-*")}
        assert kept == {touched.id}
        assert untouched.id not in kept


def test_a_console_that_opens_no_runbook_does_not_load_what_runs_them(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from config.load import from_prometheus\n"
        "from console.engine.saved import StateFolder\n"
        "from tests.watching import hands_of, running\n"
        "async def look():\n"
        "    from tests.engine.stepping import Hasty\n"
        f"    state = StateFolder(Path({str(tmp_path)!r}))\n"
        "    given = from_prometheus(['http://127.0.0.1:1'], [])\n"
        "    clock, hands = Hasty(), hands_of('kai')\n"
        "    async with running(given, state=state, hands=hands, clock=clock) as (_, seen):\n"
        "        await seen.until(lambda update: update.snapshot.complete)\n"
        "        await asyncio.sleep(0.3)\n"
        "asyncio.run(look())\n"
        "print([name for name in sys.modules if name.startswith((\n"
        "    'console.engine.runs', 'console.runbook.running'))])\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
