"""What screens on a run share: the engine's desk, and the output of a step while it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Final, TypeVar

from console.model.run import Run, StepOutput, StepRun, StepState
from screens.frame import Frame
from screens.run_output import output_lines
from widgets.output_view import OutputLine

if TYPE_CHECKING:
    from console.engine.runs.desk import RunsDesk

Answer = TypeVar("Answer")
POLL_S: Final = 0.25
"""Between two looks at an output that grows."""
NOT_UP: Final = "the engine is not up yet"
NOT_HERE: Final = "the run is closed; its transcript is in the journal"


class Following(Frame, inherit_bindings=False):
    """A screen to derive from. The output is asked for while a step runs, and only while this
    screen is what is looked at."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self.run_id = run_id
        self.shown: Run | None = None
        """As last shown; `None`: it is not open in this console."""
        self.output_seen = StepOutput()
        self.output_of = ""
        """The step that the output is of."""
        self.output_read: tuple[OutputLine, ...] = ()
        """That output, line by line."""
        self._asking = False

    def on_mount(self) -> None:
        self.set_interval(POLL_S, self._poll)

    @property
    def followed(self) -> StepRun | None:
        """The step whose output is shown."""
        raise NotImplementedError

    def output_came(self) -> None:
        """Draw the output anew."""
        raise NotImplementedError

    async def ask_desk(self, question: Callable[[RunsDesk], Awaitable[Answer]]) -> Answer | None:
        """What the desk answers; `None` before there is an engine, which is said."""
        future = self.console_app.engine.ask(lambda engine: question(engine.runs))
        if future is None:
            self.say(NOT_UP, warning=True)
            return None
        return await asyncio.wrap_future(future)

    def begin(self, work: Coroutine[object, object, object]) -> None:
        """Have it done in the background."""
        self.run_worker(work, exit_on_error=False)

    def _poll(self) -> None:
        followed = self.followed
        if followed is not None and followed.state is StepState.RUNNING and self.is_current:
            self.ask_output()

    def ask_output(self) -> None:
        """Have the output of the step read, where it has one."""
        followed = self.followed
        if followed is None or followed.last is None or self._asking:
            return
        if self.console_app.engine.running:
            self._asking = True
            self.begin(self._read_output(followed.name))

    async def _read_output(self, step: str) -> None:
        try:
            output = await self.ask_desk(lambda desk: desk.output(self.run_id, step))
        finally:
            self._asking = False
        if output is None or not self.is_attached:
            return
        followed = self.followed
        if (output, step) != (self.output_seen, self.output_of):
            self.output_seen, self.output_of = output, step
            self.output_read = output_lines(output)
            if followed is not None and followed.name == step:
                self.output_came()
        if followed is not None and followed.name != step:
            self.ask_output()  # the cursor went on meanwhile
