"""A run of the runbook for a cache that is down, worked through in the night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from console.model.condition_check import Checked
from console.model.run import Attempt, Filled, Run, StepRun, StepState
from console.model.runbook import ParamType
from console.runbook.parse import parse
from console.safety.text import Raw

NIGHT: Final = datetime(2026, 11, 23, 3, 14, tzinfo=UTC)
BOOK: Final = b"""\
---
oncall:
  params:
    TARGET_HOST: {type: host}
    TOKEN: {type: secret}
---
# Redis does not answer

## Diagnosis

```sh {"name":"ping","oncall.risk":"read"}
ssh "$TARGET_HOST" -- redis-cli ping
```

1. Look at the dashboard.

## Mitigation

```sh {"name":"start-redis","oncall.risk":"disruptive"}
ssh "$TARGET_HOST" -- docker start redis
```

## Verify

```sh {"name":"verify-ping","oncall.risk":"verify"}
ssh "$TARGET_HOST" -- redis-cli ping
```
"""
PONG: Final = Checked(True, "[STDOUT]", "PONG", "==", "PONG", "[STDOUT] (PONG) == PONG")
SILENT: Final = Checked(False, "[STDOUT]", '""', "==", "PONG", '[STDOUT] ("") == PONG')


def minute(count: float) -> datetime:
    """So many minutes into the night."""
    return NIGHT + timedelta(minutes=count)


def attempt(state: StepState, typed: str = "docker start redis", **fields: object) -> Attempt:
    """One on data-1 that took two seconds."""
    one = Attempt(
        number=1,
        state=state,
        began=minute(1),
        who="kai",
        where="kai@data-1",
        typed=typed,
        ended=minute(1) + timedelta(seconds=2),
        exit_status=0,
        host="data-1",
        values=(("TARGET_HOST", "data-1"),),
    )
    return msgspec.structs.replace(one, **fields)


def fresh_run(run_id: str = "RUN-20261123-7f3", **fields: object) -> Run:
    """One in which nothing was done yet."""
    runbook = parse(BOOK, "cache-down").runbook
    run = Run(
        run_id,
        runbook,
        "shipped",
        NIGHT,
        "kai",
        "laptop",
        subject="ServiceDown redis@data-1",
        alert="f00d",
        service="redis",
        params=(
            Filled("TARGET_HOST", ParamType.HOST, Raw("10.0.0.7:6379"), resolved="data-1"),
            Filled("TOKEN", ParamType.SECRET, is_given=True, source="typed"),
        ),
        steps=tuple(StepRun(step.name) for step in runbook.steps),
    )
    return msgspec.structs.replace(run, **fields)


def with_step(run: Run, name: str, state: StepState, *attempts: Attempt, **fields: object) -> Run:
    """`run` with that step as it is said."""
    assert run.step(name) is not None, [one.name for one in run.steps]
    step = msgspec.structs.replace(StepRun(name, state, attempts), **fields)
    steps = tuple(step if one.name == name else one for one in run.steps)
    return msgspec.structs.replace(run, steps=steps)


def worked(run_id: str = "RUN-20261123-7f3", **fields: object) -> Run:
    """One that was worked through: two steps passed, one failed, one was left out."""
    run = fresh_run(run_id)
    silent = attempt(StepState.FAILED, "redis-cli ping", checks=(SILENT,), exit_status=1)
    silent = msgspec.structs.replace(silent, said="exit 1, expected 0", excerpt="Could not connect")
    run = with_step(run, "ping", StepState.FAILED, silent)
    run = with_step(
        run,
        run.steps[1].name,
        StepState.SKIPPED,
        reason="the dashboard is down too",
        at=minute(2),
        who="mei",
    )
    started = attempt(StepState.PASSED, by=("verify-ping",), job="RUN-20261123-7f3.start-redis.1")
    run = with_step(run, "start-redis", StepState.PASSED, started)
    pong = attempt(StepState.PASSED, "redis-cli ping", checks=(PONG,), tries=3, excerpt="PONG")
    run = with_step(run, "verify-ping", StepState.PASSED, pong)
    return msgspec.structs.replace(run, ended=minute(6), **fields)
