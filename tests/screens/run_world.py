"""A run that is made up, on a desk that answers what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import msgspec
from textual.pilot import Pilot

from config.schema import Settings
from console.model.acting import Ended, Outcome
from console.model.action import Effect
from console.model.condition_check import Checked
from console.model.run import (
    Around,
    Attempt,
    Filled,
    Run,
    Runs,
    Started,
    StepOutput,
    StepPlan,
    StepRun,
    StepState,
    Tone,
)
from console.model.runbook import ParamType
from console.runbook.parse import parse
from console.safety.secret import Secret
from console.safety.text import Raw
from screens.run import RunScreen, open_run
from tests.build import T0, snapshot, source
from tests.screens.console import Console, console_on, until, update_of

if TYPE_CHECKING:
    from console.engine.runs.desk import RunsDesk

RUN_ID = "RUN-20261122-7f3"
SECOND = timedelta(seconds=1)
PAGE = """---
title: Redis does not answer
oncall:
  params:
    TARGET_HOST: {type: host, help: where Redis runs}
    CONTAINER: {type: name}
    TOKEN: {type: secret}
---

# Redis does not answer

## Meaning

No reply to PING: the process has ended, or **hangs** in a slow command.

## Diagnosis

Does it answer at all?

```sh {"name":"ping","oncall.risk":"read"}
ssh "$TARGET_HOST" -- docker exec "$CONTAINER" redis-cli ping
```

Ask the [data team](https://wiki/data) whether they are working on it.

## Mitigation

It is stopped: start it. This harms nobody.

```sh {"name":"start-redis","oncall.risk":"reversible","oncall.verify":"verify-ping"}
ssh "$TARGET_HOST" -- docker start "$CONTAINER"
```

> **Warning:** what was written since the last save is lost.

```sh {"name":"restart-redis","oncall.risk":"disruptive","oncall.verify":"verify-ping","oncall.rollback":"start-redis"}
ssh "$TARGET_HOST" -- docker restart "$CONTAINER"
```

## Verify

```sh {"name":"verify-ping","oncall.risk":"verify","oncall.retry":"10x3s"}
ssh "$TARGET_HOST" -- docker exec "$CONTAINER" redis-cli ping
```

```yaml {"ignore":"true","oncall.expect":"verify-ping"}
- "[EXIT] == 0"
- "[STDOUT] == PONG"
```

## Escalation

Not up after 10 minutes: the data team.
"""  # noqa: E501 - a fence is one line


def filled_in() -> tuple[Filled, ...]:
    """One from a label, one that nobody gave, and a secret."""
    return (
        Filled("TARGET_HOST", ParamType.HOST, Raw("data-1"), source="label instance"),
        Filled("CONTAINER", ParamType.NAME),
        Filled("TOKEN", ParamType.SECRET, is_given=True, source="typed"),
    )


def run_of(page: str = PAGE, **changes: Any) -> Run:
    """An untouched run of a page, ten minutes old."""
    book = parse(page.encode(), "cache-down").runbook
    run = Run(
        RUN_ID, book, "shipped", T0 - timedelta(minutes=10), "kai", "ops-1",
        subject="ServiceDown redis@data-1", params=filled_in(),
        steps=tuple(StepRun(one.name) for one in book.steps),
    )  # fmt: skip
    return msgspec.structs.replace(run, **changes)


def attempt(state: StepState = StepState.PASSED, **changes: Any) -> Attempt:
    """One that began 12 seconds ago on data-1 and took 3 of them."""
    ended = None if state is StepState.RUNNING else T0 - 9 * SECOND
    one = Attempt(
        1, state, T0 - 12 * SECOND, "kai", "kai@data-1", "ssh data-1 -- docker start redis",
        ended=ended, host="data-1", job=f"{RUN_ID}.start-redis.1",
    )  # fmt: skip
    return msgspec.structs.replace(one, **changes)


def at(run: Run, name: str, state: StepState, *attempts: Attempt, **changes: Any) -> Run:
    """The run with one step in that state."""
    one = StepRun(name, state, attempts, **changes)
    steps = tuple(one if each.name == name else each for each in run.steps)
    return msgspec.structs.replace(run, steps=steps)


def checked(left: str, actual: str, right: str, *, passed: bool) -> Checked:
    shown = f"{left} ({actual}) == {right}"
    return Checked(passed, left, actual, "==", right, shown)


def plan_of(
    step: str = "start-redis", effect: Effect = Effect.REVERSIBLE, **changes: Any
) -> StepPlan:
    """What `step` would do on data-1."""
    verb = "restart" if effect is Effect.DISRUPTIVE else "start"
    plan = StepPlan(
        RUN_ID, step, effect, f"ssh data-1 -- docker {verb} redis", f'docker {verb} "$CONTAINER"',
        "kai@data-1", "data-1", (("CONTAINER", "redis"),),
        expects=("verify-ping: [STDOUT] == PONG",), digest="d1", until_mono=1e9,
        word="" if effect is Effect.REVERSIBLE else f"{step} data-1",
        around=(Around("dependants", "api, worker", Tone.BAD),)
        if effect is Effect.DISRUPTIVE else (),
    )  # fmt: skip
    return msgspec.structs.replace(plan, **changes)


class ScriptedRuns:
    """Answers what a test says, and remembers what it was asked for."""

    def __init__(self, run: Run) -> None:
        self.run_now = run
        self.calls: list[tuple[object, ...]] = []
        self.plans: list[StepPlan | str] = []
        """The last one is answered for ever."""
        self.starts: list[Started] = []
        """One each; then every step is started."""
        self.outputs: dict[str, StepOutput] = {}
        self.changed: tuple[str, str] | None = None
        self.secrets: list[Secret] = []
        self.gate: asyncio.Event | None = None

    def called(self, name: str) -> list[tuple[object, ...]]:
        """What was asked for by that name."""
        return [call[1:] for call in self.calls if call[0] == name]

    @property
    def runs(self) -> Runs:
        return Runs((self.run_now,))

    async def prepare(self, run_id: str, step: str) -> StepPlan | str:
        self.calls.append(("prepare", step))
        if self.gate is not None:
            await self.gate.wait()
        if not self.plans:
            return plan_of(step)
        return self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]

    async def start(
        self, run_id: str, step: str, digest: str = "", *, broke_glass: bool = False
    ) -> Started:
        self.calls.append(("start", step, digest, broke_glass))
        return self.starts.pop(0) if self.starts else Started()

    async def start_reads(self, run_id: str) -> str:
        self.calls.append(("start_reads",))
        return ""

    async def ended(self, run_id: str) -> Run | None:
        return self.run_now

    async def stop(self, run_id: str) -> str:
        self.calls.append(("stop",))
        return "start-redis: it is gone from data-1"

    async def skip(self, run_id: str, step: str, reason: str) -> str:
        self.calls.append(("skip", step, reason))
        return ""

    async def tick(self, run_id: str, step: str, note: str = "") -> str:
        self.calls.append(("tick", step))
        return ""

    async def set_value(self, run_id: str, name: str, text: str | Secret) -> str:
        self.calls.append(("set_value", name, "***" if isinstance(text, Secret) else text))
        if isinstance(text, Secret):
            self.secrets.append(text)
        return ""

    async def output(self, run_id: str, step: str, number: int = 0) -> StepOutput:
        self.calls.append(("output", step))
        return self.outputs.get(step, StepOutput())

    async def differences(self, run_id: str) -> tuple[str, str] | None:
        return self.changed

    async def accept(self, run_id: str) -> str:
        self.calls.append(("accept",))
        self.changed = None
        return ""

    async def finish(self, run_id: str) -> Outcome:
        self.calls.append(("finish",))
        return Outcome(Ended.DONE, f"kept as runs/2026/{RUN_ID}.md")

    async def keep(self, run_id: str) -> Outcome:
        self.calls.append(("keep",))
        return Outcome(Ended.DONE, f"kept as runs/2026/{RUN_ID}.md")


@asynccontextmanager
async def run_on(
    run: Run | None = None, *, size: tuple[int, int] = (80, 24), **opened: Any
) -> AsyncIterator[tuple[Console, Pilot[int], ScriptedRuns]]:
    """A console whose screen shows `run`."""
    run = run or run_of()
    world = snapshot(sources=[source("prom"), source("am")])
    opened.setdefault("settings", Settings(environment="test"))
    async with console_on(world, size=size, **opened) as (console, pilot):
        desk = ScriptedRuns(run)
        assert console.engine is not None
        console.engine.runs = cast("RunsDesk", desk)
        await show(console, pilot, desk, run)
        open_run(console.app, run.id)
        await until(pilot, lambda: isinstance(console.app.screen, RunScreen))
        screen = screen_of(console)
        await until(pilot, lambda: screen.command_line is not None)
        await until(pilot, lambda: screen.shown is run)
        yield console, pilot, desk


async def show(console: Console, pilot: Pilot[int], desk: ScriptedRuns, run: Run) -> None:
    """Publish another state of the run; the world stays as it is."""
    assert console.engine is not None and console.engine.first is not None
    desk.run_now = run
    update = update_of(console.engine.first.snapshot, number=console.number)
    console.number += 1
    update = msgspec.structs.replace(update, runs=desk.runs)
    console.engine.publish(update)
    await until(pilot, lambda: console.app.fresh is update)


def screen_of(console: Console) -> RunScreen:
    """The run's screen, which is on top."""
    screen = console.app.screen
    assert isinstance(screen, RunScreen)
    return screen


async def on_step(console: Console, pilot: Pilot[int], name: str) -> None:
    """Put the cursor on a step, as its keys would."""
    assert screen_of(console).go_to_step(name)
    await pilot.pause()
