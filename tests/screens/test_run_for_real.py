"""A runbook worked through by keys alone, its commands run by a real engine on this machine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
from textual.pilot import Pilot

from config.identity import Identity
from config.load import Loaded
from config.schema import Settings
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.model.policy import Policy
from console.model.registry import Registry
from console.model.run import Run, StepState
from console.model.update import Update
from console.safety.clock import SystemClock
from screens.app import OncallApp, OpenWith
from screens.run import RunScreen, open_run
from screens.run_plan import PlanConfirm, PlanDialog
from tests.frames import text_of
from tests.watching import hands_of
from widgets.confirm import WordInput
from widgets.dialog import Dialog

PAGE = """---
title: A file is missing
oncall:
  params:
    MARK: {{type: name, help: what is written into it}}
---

# A file is missing

## Diagnosis

```sh {{"name":"look","oncall.risk":"read"}}
echo seen; echo wrong >&2; ls {folder}
```

## Mitigation

```sh {{"name":"mend","oncall.risk":"reversible","oncall.verify":"is-there","oncall.rollback":"remove"}}
echo "$MARK" > {folder}/mended
```

```sh {{"name":"slow","oncall.risk":"reversible"}}
echo $$ > {folder}/pid; echo begun; sleep 600
```

## Verify

```sh {{"name":"is-there","oncall.risk":"verify"}}
cat {folder}/mended
```

```yaml {{"ignore":"true","oncall.expect":"is-there"}}
- "[EXIT] == 0"
- "[STDOUT] == fixed"
```

## Rollback

```sh {{"name":"remove","oncall.risk":"disruptive","oncall.verify":"is-there"}}
rm -f {folder}/mended
```
"""  # noqa: E501 - a fence is one line


class Hands:
    """One person on the keys of a console."""

    def __init__(self, app: OncallApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> RunScreen:
        screen = self.app.screen
        assert isinstance(screen, RunScreen)
        return screen

    @property
    def text(self) -> str:
        return text_of(self.app)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the console work until `holds`."""
        async with asyncio.timeout(20):
            while not holds():
                await self.pilot.pause(0.02)
        await self.pilot.pause()

    async def press(self, step: str, *keys: str) -> None:
        assert self.screen.go_to_step(step)
        await self.pilot.pause()
        await self.pilot.press(*keys)

    async def confirmed(self, kind: type[object], *keys: str) -> None:
        """Keys on a question, then enter until it is taken: haste answers none."""
        await self.until(lambda: isinstance(self.app.screen, kind))
        asked = self.app.screen
        await self.pilot.press(*keys)
        async with asyncio.timeout(30):
            while self.app.screen is asked:
                await self.pilot.press("enter")
                await self.pilot.pause(0.05)

    def state(self, run: Run, step: str) -> StepState:
        update: Update | None = self.app.fresh
        now = None if update is None else update.runs.run(run.id)
        done = None if now is None else now.step(step)
        return StepState.PENDING if done is None else done.state


@contextlib.asynccontextmanager
async def worked(folder: Path) -> AsyncIterator[tuple[Hands, Run]]:
    books = folder / "books"
    books.mkdir()
    (books / "file-missing.md").write_text(PAGE.format(folder=folder))
    settings = Settings(environment="test")
    ours = msgspec.structs.replace(settings.runbooks, folders=(books,))
    loaded = Loaded(msgspec.structs.replace(settings, runbooks=ours), Registry(), Policy(), None)
    clock = SystemClock()

    def make(publish: Callable[[Update], None]) -> Engine:
        state = StateFolder(folder / "state")
        return Engine(loaded, clock=clock, publish=publish, state=state, hands=hands_of("kai"))

    app = OncallApp(
        OpenWith(loaded=loaded, make_engine=make, who=Identity("kai", "L1"), ascii=False),
        clock=clock,
    )
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        hands = Hands(app, pilot)
        await hands.until(lambda: app.fresh is not None)
        future = app.engine.ask(lambda engine: engine.runs.begin("file-missing"))
        assert future is not None
        run = await asyncio.wrap_future(future)
        assert isinstance(run, Run)
        open_run(app, run.id)
        await hands.until(lambda: isinstance(app.screen, RunScreen))
        await hands.until(lambda: hands.screen.shown is not None)
        yield hands, run


async def test_from_a_look_to_a_verified_fix_by_keys_alone(tmp_path: Path) -> None:
    async with worked(tmp_path) as (hands, run):
        # What reads runs at once, and says what came.
        await hands.press("look", "x")
        await hands.until(lambda: hands.state(run, "look") is StepState.PASSED)
        await hands.until(lambda: "err wrong" in hands.text and "seen" in hands.text)

        # Without its value nothing starts; a digit gives it.
        await hands.press("mend", "x")
        await hands.until(lambda: "cannot start" in hands.text)
        await hands.pilot.press("escape", "p", "1", *"broken", "enter")
        await hands.until(lambda: "MARK is given" in hands.text)
        await hands.pilot.press("escape")

        # It runs well, and is not verified: that is a failure, and its rollback is offered.
        await hands.press("mend", "x")
        await hands.confirmed(PlanDialog, "right")
        await hands.until(lambda: hands.state(run, "mend") is StepState.FAILED)
        assert (tmp_path / "mended").read_text() == "broken\n"
        await hands.until(lambda: "b shows what takes it back, remove" in hands.text)
        assert "✖ [STDOUT] (broken) == fixed" in hands.text or "is not verified" in hands.text

        # The rollback disrupts: its word is typed.
        await hands.pilot.press("b")
        await hands.until(lambda: isinstance(hands.app.screen, PlanConfirm))
        confirm = hands.app.screen
        assert isinstance(confirm, PlanConfirm)
        confirm.query_one(WordInput).value = confirm.word
        await hands.confirmed(PlanConfirm)
        await hands.until(lambda: hands.state(run, "remove").is_settled)
        assert not (tmp_path / "mended").exists()

        await hands.pilot.press("p", "1", *["backspace"] * 6, *"fixed", "enter")
        await hands.until(lambda: "MARK is given" in hands.text)
        await hands.pilot.press("escape")
        await hands.press("mend", "x")
        await hands.confirmed(PlanDialog, "right")
        await hands.until(lambda: hands.state(run, "mend") is StepState.PASSED)
        assert hands.state(run, "is-there") is StepState.PASSED


async def test_a_step_that_hangs_is_stopped_for_real_and_its_run_closed(tmp_path: Path) -> None:
    async with worked(tmp_path) as (hands, run):
        await hands.press("slow", "x")
        await hands.confirmed(PlanDialog, "right")
        await hands.until(lambda: ">    begun" in hands.text)
        pid = (tmp_path / "pid").read_text().strip()
        process = Path(f"/proc/{pid}")
        await hands.until(process.exists)
        await hands.pilot.press("q")
        await hands.until(lambda: "slow goes on" in hands.text)
        await hands.until(process.exists)  # leaving the screen leaves it running
        open_run(hands.app, run.id)
        await hands.until(lambda: isinstance(hands.app.screen, RunScreen))
        await hands.until(lambda: bool(hands.screen.running_steps))
        await hands.pilot.press("ctrl+c")
        await hands.confirmed(Dialog, "right")
        await hands.until(lambda: hands.state(run, "slow") is StepState.FAILED)
        await hands.until(lambda: not process.exists())

        # A run that failed is closed by more than one key, and says where its transcript is.
        await hands.pilot.press("f")
        await hands.confirmed(Dialog, "right")
        await hands.until(lambda: not isinstance(hands.app.screen, RunScreen))
        assert run.id in hands.app.notices[-1], hands.app.notices[-3:]
        assert hands.app.fresh is not None
        await hands.until(lambda: hands.app.fresh is not None and not hands.app.fresh.runs.open)
