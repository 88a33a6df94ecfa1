"""What is carried out is what was shown; read-only, nothing is that acts."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from console.actions.audit.record import AUDIT
from console.engine.engine import Engine
from console.model.run import Run, Started, StepPlan, StepState
from console.runbook.jobs import job_of
from console.runbook.running.job import Job
from console.runbook.running.lock import key_of
from console.safety.clock import Instant, SystemClock
from console.safety.secret import Secret
from tests.engine.stepping import Stage, begun, carried, state_of

pytestmark = pytest.mark.real("git")

HOST = "hosts:\n  - {{name: box, address: 127.0.0.1, port: {}, user: kai}}\n"


class Shifted(SystemClock):
    """The machine's clock, some seconds on."""

    seconds = 0.0

    def now(self) -> Instant:
        now = super().now()
        return Instant(now.wall + timedelta(seconds=self.seconds), now.mono + self.seconds)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, "/")
    monkeypatch.setenv("ONCALL_LOCKS", str(tmp_path))
    return Stage(tmp_path / "stage")


async def shown(engine: Engine, run: Run, step: str = "act") -> StepPlan:
    plan = await engine.runs.prepare(run.id, step)
    assert isinstance(plan, StepPlan), plan
    return plan


async def test_a_plan_that_would_be_another_one_by_now_is_not_carried_out(stage: Stage) -> None:
    clock = Shifted()
    book = stage.root / "books" / "acting.md"
    there = stage.settings / "services.yaml"
    settings = stage.settings / "oncall.yaml"
    async with stage.console(clock=clock) as engine:
        runs = engine.runs

        async def started(run: Run, plan: StepPlan) -> Started:
            told = await runs.start(run.id, plan.step, plan.digest)
            await runs.ended(run.id)
            return told

        here = await begun(engine, "one")
        # A value, and then the time to answer.
        plan = await shown(engine, here)
        assert await runs.set_value(here.id, "MARK", "two") == ""
        assert (await started(here, plan)).is_other
        assert state_of(engine, here) is StepState.PENDING
        plan = await shown(engine, here)
        clock.seconds += 121
        assert (await started(here, plan)).is_other
        # A freeze that begins, by what somebody wrote down, while it is looked at.
        plan = await shown(engine, here)
        at = clock.now().wall + timedelta(hours=1)
        until = at + timedelta(hours=5)
        freeze = f"{{name: launch, periods: [{{start: {at:%FT%TZ}, end: {until:%FT%TZ}}}]}}"
        settings.write_text(settings.read_text() + f"changes: {{freezes: [{freeze}]}}\n")
        assert not isinstance(await engine.reload_settings(), tuple)
        assert await _passes(engine, here, plan)
        assert stage.left("two") == ["begun", "over"]
        clock.seconds += 3590
        plan = await shown(engine, here)
        clock.seconds += 20
        assert (await started(here, plan)).is_other
        assert any("launch" in one for one in (await shown(engine, here)).warnings)
        # The way to its host.
        text = book.read_text().replace("\nsh ", '\nssh "$TARGET_HOST" -- sh ')
        book.write_text(text)
        there.write_text(HOST.format(1))
        assert not isinstance(await engine.reload_settings(), tuple)
        away = await begun(engine, "three")
        await runs.accept(away.id)
        plan = await shown(engine, away)
        there.write_text(HOST.format(2))
        assert not isinstance(await engine.reload_settings(), tuple)
        assert (await started(away, plan)).is_other
        assert (await shown(engine, away)).digest != plan.digest
        assert stage.left("three") == []
        assert stage.left("two") == ["begun", "over"]


async def _passes(engine: Engine, run: Run, plan: StepPlan) -> bool:
    """Whether the very plan that was shown is carried out."""
    told = await engine.runs.start(run.id, plan.step, plan.digest)
    await engine.runs.ended(run.id)
    return told == Started() and state_of(engine, run) is StepState.PASSED


async def test_a_colleague_who_was_shown_is_no_reason_to_start_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage.console() as engine:
        run = await begun(engine, "one")
        # Any user of a host can hold a lock there for ever.
        with held(stage, run, "break", "mallory: for ever"):
            with monkeypatch.context() as patch:
                patch.setattr(engine.runs._underway._runner, "holders", _nobody)
                seen = await shown(engine, run, "break")
                assert not any(one.topic == "colleague" for one in seen.around)
                ended = await carried(engine, run, "break")
            assert ended.state is StepState.PENDING
            assert ended.last is not None and "mallory" in ended.last.said
            assert stage.left("one") == []
            seen = await shown(engine, run, "break")
            assert any("mallory" in one.text for one in seen.around if one.topic == "colleague")
            assert (await carried(engine, run, "break")).state is StepState.PASSED
        assert stage.left("one") == ["begun", "over"]


@contextlib.contextmanager
def held(stage: Stage, run: Run, step: str, who: str) -> Iterator[None]:
    """The lock of `step`, held by another user of the host."""
    declared = run.runbook.step(step)
    assert declared is not None
    job = job_of(run, declared, 1, {}, "")
    assert isinstance(job, Job) and job.lock
    path = stage.root.parent / f"oncall-{key_of(job.lock)}-4242"
    with path.open("w") as file:
        file.write(f"{who}\n")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


async def _nobody(lock: str, host: str) -> tuple[str, ...]:
    return ()


async def test_read_only_whatever_is_asked_for_nothing_that_acts_leaves_the_console(
    stage: Stage,
) -> None:
    async with stage.console(read_only=True) as engine:
        run = await begun(engine, "one")
        assert await engine.runs.set_value(run.id, "TOKEN", Secret("hunter2-canary")) == ""
        ways = itertools.product(("act", "break", "tell", "is-well"), (True, False), (True, False))
        for step, has_plan, broke_glass in ways:
            plan = await shown(engine, run, step)
            digest = plan.digest if has_plan else ""
            told = await engine.runs.start(run.id, step, digest, broke_glass=broke_glass)
            await engine.runs.ended(run.id)
            is_read = step == "is-well"
            assert (told.why_not == "") == is_read, (step, told)
            assert is_read or "read-only" in told.why_not
            assert state_of(engine, run, step) is (
                StepState.PASSED if is_read else StepState.PENDING
            )
        assert "read-only" in await engine.runs.skip(run.id, "act", "no")
        assert "read-only" in await engine.runs.tick(run.id, "act")
        await engine.runs.finish(run.id)
    assert stage.left("one") == []
    assert not stage.journal.exists()
    assert list(stage.markers.glob("*")) == []
    audit = (stage.state / AUDIT).read_text()
    assert '"reversible"' not in audit
    assert '"disruptive"' not in audit
