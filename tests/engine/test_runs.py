"""Runs of runbooks as the engine keeps them: shown first, recorded, verified, stopped, learnt."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from config.load import Loaded, load
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.model.acting import Ended
from console.model.event import EventKind
from console.model.run import Run, StepPlan, StepRun, StepState
from console.safety.secret import Secret
from tests.journal.folder import git
from tests.waiting import until as answered
from tests.watching import hands_of, running

pytestmark = pytest.mark.real("git")

BOOK = """---
title: shop-down
oncall:
  owner: team-shop
  reviewed: 2026-11-22
  params:
    FILE: {type: url, default: "http://localhost/x"}
    WORD: {type: name, default: shop}
    TOKEN: {type: secret, help: of the shop}
---
# The shop is down

## Diagnosis

```sh {"name":"look","oncall.risk":"read"}
printf '%s\\n' "looked at $WORD"
```

```sh {"name":"look-again","oncall.risk":"read"}
printf '%s\\n' second >&2
```

1. Ask the team.

## Mitigation

```sh {"name":"mend","oncall.risk":"reversible","oncall.verify":"is-mended"}
touch mended
```

```sh { name=break oncall.risk=disruptive oncall.verify=is-broken oncall.rollback=mend }
sleep 600
```

```sh {"name":"secretly","oncall.risk":"reversible","oncall.verify":"is-mended"}
printf '%s\\n' "$TOKEN"
```

## Verify

```sh {"name":"is-mended","oncall.risk":"verify"}
cat mended
```

```yaml {"ignore":"true","oncall.expect":"is-mended"}
- "[EXIT] == 0"
```

```sh {"name":"is-broken","oncall.risk":"verify"}
cat broken
```

```yaml {"ignore":"true","oncall.expect":"is-broken"}
- "[EXIT] == 0"
```
"""


def settings(tmp_path: Path, book: str = BOOK, more: str = "") -> Loaded:
    """A team's folder with one runbook, whose files lie in a folder of the test's own."""
    folder = tmp_path / "settings"
    folder.mkdir(0o700, exist_ok=True)
    books = tmp_path / "books"
    books.mkdir(exist_ok=True)
    here = str(tmp_path)
    text = book.replace("touch mended", f"touch {here}/mended")
    text = text.replace("cat mended", f"cat {here}/mended").replace("cat broken", f"cat {here}/x")
    (books / "shop-down.md").write_text(text)
    (folder / "oncall.yaml").write_text(
        f"environment: test\njournal: {{folder: {tmp_path / 'journal'}}}\n"
        f"runbooks: {{folders: [{books}]}}\n{more}"
    )
    return load(folder)


@contextlib.asynccontextmanager
async def console(
    tmp_path: Path, loaded: Loaded | None = None, *, read_only: bool = False
) -> AsyncIterator[Engine]:
    """A console of Kai's whose state lies in the test's folder; its hosts can be reached."""
    state = StateFolder(tmp_path / "state")
    (tmp_path / "state").mkdir(0o700, exist_ok=True)
    hands = hands_of("kai", read_only=read_only)
    loaded = loaded or settings(tmp_path)
    async with running(loaded, hands=hands, state=state) as (engine, _):
        await until(lambda: engine.reach is not None)
        yield engine


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""

    async def asked() -> bool:
        return is_so()

    await answered(asked, bool)


async def opened(engine: Engine) -> Run:
    run = await engine.runs.begin("shop-down")
    assert isinstance(run, Run), run
    return run


async def carried(engine: Engine, run: Run, step: str) -> StepRun:
    """`step`, shown, said yes to and carried out."""
    plan = await engine.runs.prepare(run.id, step)
    assert isinstance(plan, StepPlan), plan
    started = await engine.runs.start(run.id, step, plan.digest)
    assert started.why_not == ""
    ended = await engine.runs.ended(run.id)
    found = None if ended is None else ended.step(step)
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What runs here leaves its marks below this."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    return home


async def test_what_reads_runs_at_once_and_says_what_it_printed(tmp_path: Path) -> None:
    async with console(tmp_path) as engine:
        run = await opened(engine)
        assert (await engine.runs.start(run.id, "look")).why_not == ""
        after = await engine.runs.ended(run.id)
        look = None if after is None else after.step("look")
        assert look is not None
        assert (look.state, look.last and look.last.exit_status) == (StepState.PASSED, 0)
        printed = await engine.runs.output(run.id, "look")
        assert printed.stdout.exact == "looked at shop\n"


async def test_all_reads_run_in_turn_and_nothing_else(tmp_path: Path) -> None:
    async with console(tmp_path) as engine:
        run = await opened(engine)
        assert await engine.runs.start_reads(run.id) == ""
        after = await engine.runs.ended(run.id)
        assert after is not None
        states = {one.name: one.state for one in after.steps if one.state is not StepState.PENDING}
        assert states == {"look": StepState.PASSED, "look-again": StepState.PASSED}


async def test_what_acts_is_not_started_without_the_plan_that_was_shown(tmp_path: Path) -> None:
    async with console(tmp_path) as engine:
        run = await opened(engine)
        assert (await engine.runs.start(run.id, "mend")).is_other
        plan = await engine.runs.prepare(run.id, "break")
        assert isinstance(plan, StepPlan)
        assert plan.word
        assert (await engine.runs.start(run.id, "break", "0" * 64)).is_other
        # Its own plan is good for one yes.
        assert (await engine.runs.start(run.id, "break", plan.digest)).is_other
        mend = await engine.runs.prepare(run.id, "mend")
        assert isinstance(mend, StepPlan)
        assert await engine.runs.set_value(run.id, "WORD", "other") == ""
        assert not (tmp_path / "mended").exists()
        assert (await engine.runs.start(run.id, "mend", mend.digest)).why_not == ""
        await engine.runs.ended(run.id)
        assert (tmp_path / "mended").exists()


async def test_a_step_that_acts_has_passed_once_its_conditions_hold(tmp_path: Path) -> None:
    async with console(tmp_path) as engine:
        run = await opened(engine)
        mend = await carried(engine, run, "mend")
        assert mend.state is StepState.PASSED
        assert mend.last is not None
        assert mend.last.by == ("is-mended",)
        known = engine.runs.runs.run(run.id)
        assert known is not None
        verified = known.step("is-mended")
        assert verified is not None
        assert [one.shown for one in verified.attempts[-1].checks] == ["[EXIT] (0) == 0"]


async def test_what_ran_well_and_is_not_verified_has_failed_and_says_how_it_goes_back(
    tmp_path: Path,
) -> None:
    loaded = settings(tmp_path, BOOK.replace("sleep 600", "true"))
    async with console(tmp_path, loaded) as engine:
        run = await opened(engine)
        broken = await carried(engine, run, "break")
        assert broken.state is StepState.FAILED
        assert broken.last is not None
        assert "is-broken" in broken.last.said
        declared = run.runbook.step("break")
        assert declared is not None
        assert declared.rollback == "mend"


async def test_a_step_that_is_stopped_is_gone_and_says_so(tmp_path: Path) -> None:
    async with console(tmp_path) as engine:
        run = await opened(engine)
        plan = await engine.runs.prepare(run.id, "break")
        assert isinstance(plan, StepPlan)
        assert (await engine.runs.start(run.id, "break", plan.digest)).why_not == ""
        await until(lambda: bool(engine.runs.runs.running) and _sleeps(tmp_path))
        busy = await engine.runs.start(run.id, "look")
        assert "break runs" in busy.why_not
        said = await engine.runs.stop(run.id)
        assert "break" in said
        after = await engine.runs.ended(run.id)
        step = None if after is None else after.step("break")
        assert step is not None
        assert step.state is StepState.FAILED
        assert step.last is not None
        assert "stopped" in step.last.said
        assert not _sleeps(tmp_path)


def _sleeps(tmp_path: Path) -> bool:
    """Whether a `sleep 600` of this test's home runs."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            mine = str(tmp_path).encode() in (process / "environ").read_bytes()
            if words[:2] == [b"sleep", b"600"] and mine:
                return True
    return False


async def test_what_a_console_left_running_is_learnt_by_the_next_from_its_marker(
    tmp_path: Path,
) -> None:
    loaded = settings(tmp_path, BOOK.replace("sleep 600", f"sleep 1; touch {tmp_path}/x"))
    async with console(tmp_path, loaded) as engine:
        run = await opened(engine)
        plan = await engine.runs.prepare(run.id, "break")
        assert isinstance(plan, StepPlan)
        await engine.runs.start(run.id, "break", plan.digest)
        await until(lambda: bool(engine.runs.runs.running))
        # The console dies now: nothing of the command knows of it.
        await until(lambda: any((tmp_path / "home").rglob("*break*/go")))
    async with console(tmp_path, loaded) as engine:
        await until(lambda: run.id in engine.runs.runs.found)
        await until(lambda: _state(engine, run.id, "break") is StepState.PASSED)
        known = engine.runs.runs.run(run.id)
        assert known is not None
        step = known.step("break")
        assert step is not None
        assert len(step.attempts) == 1


def _state(engine: Engine, run_id: str, step: str) -> StepState | None:
    run = engine.runs.runs.run(run_id)
    one = None if run is None else run.step(step)
    return None if one is None else one.state


async def test_read_only_runs_what_reads_and_refuses_the_rest(tmp_path: Path) -> None:
    async with console(tmp_path, read_only=True) as engine:
        run = await opened(engine)
        assert (await engine.runs.start(run.id, "look")).why_not == ""
        await engine.runs.ended(run.id)
        assert _state(engine, run.id, "look") is StepState.PASSED
        plan = await engine.runs.prepare(run.id, "mend")
        assert isinstance(plan, StepPlan)
        assert any("read-only" in one for one in plan.refusals)
        told = await engine.runs.start(run.id, "mend", plan.digest)
        assert "read-only" in told.why_not
        assert not (tmp_path / "mended").exists()
        outcome = await engine.runs.finish(run.id)
        assert outcome.ended is Ended.DENIED
        assert engine.runs.runs.open == ()
    assert not (tmp_path / "journal").exists()


async def test_what_disrupts_needs_a_typed_glass_where_no_record_can_be_written(
    tmp_path: Path,
) -> None:
    loaded = settings(tmp_path, BOOK.replace("sleep 600", "true"))
    async with console(tmp_path, loaded) as engine:
        run = await opened(engine)
        (tmp_path / "state" / "audit.jsonl").mkdir()
        plan = await engine.runs.prepare(run.id, "break")
        assert isinstance(plan, StepPlan)
        told = await engine.runs.start(run.id, "break", plan.digest)
        assert told.needs_glass
        assert _state(engine, run.id, "break") is StepState.PENDING
        plan = await engine.runs.prepare(run.id, "break")
        assert isinstance(plan, StepPlan)
        told = await engine.runs.start(run.id, "break", plan.digest, broke_glass=True)
        assert told.why_not == ""
        await engine.runs.ended(run.id)


async def test_every_step_leaves_an_intent_an_end_an_event_and_a_transcript(
    tmp_path: Path,
) -> None:
    async with console(tmp_path) as engine:
        run = await opened(engine)
        await carried(engine, run, "mend")
        assert await engine.runs.skip(run.id, "step-3", "the team is asleep") == ""
        outcome = await engine.runs.finish(run.id)
        assert outcome.ended is Ended.DONE, outcome
        assert engine.runs.runs.open == ()
        past = await engine.runs.past()
        assert [one.id for one in past] == [run.id]
        lines = (tmp_path / "state" / "audit.jsonl").read_text().splitlines()
        records = [json.loads(line) for line in lines]
        steps = [one for one in records if one["action"] == "run.step"]
        assert [one["phase"] for one in steps] == ["intent", "intent", "end", "end"]
        update = await engine.papers.happened(run.began, past[0].began.replace(year=2100))
        assert [one.text.split(":")[0] for one in update if one.kind is EventKind.STEP] != []
    text = git(tmp_path / "journal", "show", f"HEAD:{past[0].path}")
    assert "the team is asleep" in text
    assert "touch" in text


async def test_a_runbook_that_changed_since_it_ran_here_is_agreed_to_once(tmp_path: Path) -> None:
    loaded = settings(tmp_path)
    async with console(tmp_path, loaded) as engine:
        run = await opened(engine)
        await carried(engine, run, "mend")
        await engine.runs.finish(run.id)
        book = tmp_path / "books" / "shop-down.md"
        book.write_text(book.read_text().replace("# The shop is down", "# It is down"))
        other = await opened(engine)
        assert other.notes
        plan = await engine.runs.prepare(other.id, "mend")
        assert isinstance(plan, StepPlan)
        assert any("changed" in one for one in plan.refusals)
        told = await engine.runs.differences(other.id)
        assert told is not None
        assert "# It is down" in told[1]
        assert await engine.runs.accept(other.id) == ""
        assert (await carried(engine, other, "mend")).state is StepState.PASSED


async def test_a_secret_is_handed_over_and_stands_nowhere(tmp_path: Path) -> None:
    async with console(tmp_path) as engine:
        run = await opened(engine)
        plan = await engine.runs.prepare(run.id, "secretly")
        assert isinstance(plan, StepPlan)
        assert any("TOKEN" in one for one in plan.refusals)
        assert await engine.runs.set_value(run.id, "TOKEN", Secret("hunter2-canary")) == ""
        await carried(engine, run, "mend")
        step = await carried(engine, run, "secretly")
        assert step.state is StepState.PASSED
        printed = await engine.runs.output(run.id, "secretly")
        assert printed.stdout.exact == "***\n"
        await engine.runs.finish(run.id)
    assert _files_with(tmp_path, b"hunter2-canary") == []


def _files_with(folder: Path, text: bytes) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if text in path.read_bytes()]


async def test_two_runs_go_on_side_by_side(tmp_path: Path) -> None:
    async with console(tmp_path) as engine:
        first = await opened(engine)
        second = await engine.runs.begin("cache-down", given={"CONTAINER": "redis"})
        assert isinstance(second, Run)
        plan = await engine.runs.prepare(first.id, "break")
        assert isinstance(plan, StepPlan)
        await engine.runs.start(first.id, "break", plan.digest)
        told = await engine.runs.start(second.id, "ping")
        assert "TARGET_HOST" in told.why_not
        assert {one.id for one in engine.runs.runs.open} == {first.id, second.id}
        await engine.runs.stop(first.id)


async def test_nothing_is_started_while_something_of_the_run_is(tmp_path: Path) -> None:
    async with console(tmp_path) as engine:
        run = await opened(engine)
        plan = await engine.runs.prepare(run.id, "mend")
        assert isinstance(plan, StepPlan)
        both = await asyncio.gather(
            engine.runs.start(run.id, "mend", plan.digest),
            engine.runs.start(run.id, "mend", plan.digest),
        )
        assert sorted(one.why_not == "" for one in both) == [False, True]
        await engine.runs.ended(run.id)
        known = engine.runs.runs.run(run.id)
        step = None if known is None else known.step("mend")
        assert step is not None
        assert len(step.attempts) == 1
