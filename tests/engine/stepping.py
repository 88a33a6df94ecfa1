"""Consoles that carry steps out, in a folder of a test's own: some of them are killed.

Run by `tests.engine.test_run_kills` in processes of their own as well. Whatever comes through the
pipe has happened before: `begun`, `started`, `ended`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Final

from config.load import Loaded, load
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.model.run import Run, StepPlan, StepRun, StepState
from console.safety.clock import Clock, Instant, SystemClock
from tests.sshd import Sshd
from tests.waiting import until as answered
from tests.watching import hands_of, running

if TYPE_CHECKING:
    from console.engine.runs.work import Work

HASTE: Final = 20.0

BOOK: Final = """---
title: acting
oncall:
  owner: team-shop
  reviewed: 2026-11-22
  params:
    MARK: {{type: name, default: nothing}}
    TARGET_HOST: {{type: host, default: box}}
    TOKEN: {{type: secret, help: of the shop}}
---
# Acting

## Diagnosis

```sh {{"name":"look","oncall.risk":"read"}}
{on}sh {here}/act.sh "look$MARK"
```

```sh {{"name":"look-again","oncall.risk":"read","oncall.retry":"5x3s"}}
{on}sh {here}/act.sh bad
```

## Mitigation

```sh {{"name":"act","oncall.risk":"reversible","oncall.verify":"is-well"}}
{on}sh {here}/act.sh "$MARK"
```

```sh {{"name":"tell","oncall.risk":"reversible","oncall.verify":"is-well"}}
sleep 0.5; printf '%s\\n' "$TOKEN"
```

```sh {{"name":"break","oncall.risk":"disruptive","oncall.verify":"is-well"}}
{on}sh {here}/act.sh "$MARK"
```

## Verify

```sh {{"name":"is-well","oncall.risk":"verify"}}
cat {here}/well
```

```yaml {{"ignore":"true","oncall.expect":"is-well"}}
- "[EXIT] == 0"
```
"""

ACT: Final = """\
# What this prints about itself shows how often it was run, and whether it came to its end.
echo begun >>"{here}/of-$1"
case $1 in
  *slow*) sleep 600 ;;
  *held*) until [ -e "{here}/go-on" ]; do sleep 0.05; done ;;
  *) sleep 0.1 ;;
esac
echo over >>"{here}/of-$1"
case $1 in *bad*) exit 3 ;; esac
exit 0
"""


class Hasty(SystemClock):
    """The machine's clock, but that waits and deadlines are a twentieth of what they are."""

    def __init__(self, haste: float = HASTE) -> None:
        self._haste = haste

    def now(self) -> Instant:
        now = super().now()
        return Instant(now.wall, now.mono * self._haste)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / self._haste)


class Stage:
    """Where consoles act, and what their steps leave behind."""

    def __init__(self, root: Path, sshd: Sshd | None = None, port: int = 0) -> None:
        """
        Args:
            sshd: of the host `box`; without it steps run here.
            port: at which it is reached, where that is not its own.
        """
        self.take(root)
        for folder in (self.state, self.settings, self.home, root / "books"):
            folder.mkdir(0o700, parents=True)
        if sshd is not None:
            self.markers = sshd.folder / ".local" / "state" / "oncall" / "runs"
        (root / "act.sh").write_text(ACT.format(here=root))
        (root / "well").write_text("well\n")
        on = "" if sshd is None else 'ssh "$TARGET_HOST" -- '
        (root / "books" / "acting.md").write_text(BOOK.format(here=root, on=on))
        text = (
            f"environment: test\njournal: {{folder: {self.journal}}}\n"
            f"runbooks: {{folders: [{root / 'books'}]}}\n"
        )
        host = "local" if sshd is None else "127.0.0.1"
        user = ""
        if sshd is not None:
            known = root / "known_hosts"
            line = sshd.known_line()
            known.write_text(f"{line}\n{line.replace(str(sshd.port), str(port or sshd.port))}\n")
            text += (
                f"ssh: {{known_hosts: [{known}], identities: [{sshd.identity}], agent: false}}\n"
            )
            user = f", user: {sshd.user}, port: {port or sshd.port}"
        (self.settings / "oncall.yaml").write_text(text)
        (self.settings / "services.yaml").write_text(
            f"hosts:\n  - {{name: box, address: {host}{user}}}\n"
        )

    def take(self, root: Path) -> None:
        """One whose steps run here, and that was made before."""
        self.root = root
        self.state = root / "state"
        self.journal = root / "journal"
        self.settings = root / "settings"
        self.home = root / "home"
        self.markers = self.home / "state" / "oncall" / "runs"

    @property
    def loaded(self) -> Loaded:
        return load(self.settings)

    def left(self, mark: str) -> list[str]:
        """What the steps of that mark have told of themselves."""
        path = self.root / f"of-{mark}"
        return path.read_text().split() if path.exists() else []

    @contextlib.asynccontextmanager
    async def console(
        self,
        who: str = "kai",
        *,
        clock: Clock | None = None,
        state: Path | None = None,
        read_only: bool = False,
    ) -> AsyncIterator[Engine]:
        """A console whose hosts can be reached."""
        os.environ["HOME"] = str(self.home)
        os.environ["XDG_STATE_HOME"] = str(self.home / "state")
        (state or self.state).mkdir(0o700, exist_ok=True)
        kept = StateFolder(state or self.state)
        hands = hands_of(who, read_only=read_only)
        async with running(self.loaded, hands=hands, state=kept, clock=clock) as (engine, _):
            await until(lambda: engine.reach is not None)
            yield engine


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""

    async def asked() -> bool:
        return is_so()

    await answered(asked, bool)


async def begun(engine: Engine, mark: str) -> Run:
    """A run whose steps leave `mark` behind."""
    run = await engine.runs.begin("acting", given={"MARK": mark})
    assert isinstance(run, Run), run
    return run


async def started(engine: Engine, run: Run, step: str = "act") -> None:
    """`step`, shown, said yes to and under way."""
    plan = await engine.runs.prepare(run.id, step)
    assert isinstance(plan, StepPlan), plan
    told = await engine.runs.start(run.id, step, plan.digest)
    assert told.why_not == "", told


async def carried(engine: Engine, run: Run, step: str = "act") -> StepRun:
    """`step`, carried out to its end."""
    await started(engine, run, step)
    await engine.runs.ended(run.id)
    return step_of(engine, run, step)


def step_of(engine: Engine, run: Run, step: str = "act") -> StepRun:
    """`step` as it stands now."""
    known = engine.runs.runs.run(run.id)
    found = None if known is None else known.step(step)
    assert found is not None
    return found


def opened(engine: Engine, run: Run) -> Work:
    """The run as its console has it."""
    work = engine.runs._open.work(run.id)
    assert work is not None
    return work


async def learnt(engine: Engine, run: Run) -> None:
    """Have hosts asked at once what became of its steps."""
    await engine.runs._underway.learn(opened(engine, run))
    await engine.runs.ended(run.id)


def state_of(engine: Engine, run: Run, step: str = "act") -> StepState:
    """The state of `step` now."""
    return step_of(engine, run, step).state


def console(stage: Stage, mark: str, told: Connection) -> None:
    """Carry the step `act` out once, as a console of its own."""
    asyncio.run(_console(stage, mark, told))


async def _console(stage: Stage, mark: str, told: Connection) -> None:
    async with stage.console() as engine:
        run = await begun(engine, mark)
        told.send("begun")
        await started(engine, run)
        told.send("started")
        await engine.runs.ended(run.id)
        told.send("ended")
        await asyncio.sleep(600)
