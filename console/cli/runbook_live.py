"""Watching a step from the command line: what it prints as it prints it, and ctrl+c."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from console.cli.chosen import narrate
from console.model.words import count_text
from console.runbook.output_lines import last_lines, lines_since
from console.safety.text import Raw, visible

if TYPE_CHECKING:
    from console.engine.runs.desk import RunsDesk

LOOK_S: Final = 0.2
"""Between two looks at what came."""
END_LINES: Final = 20
"""So many lines are shown of the end of what is too long to be shown whole."""
STOPPING: Final = "stopping it where it runs; ctrl+c once more does not wait for that"
LEFT: Final = (
    "not waited for: what became of it is UNKNOWN until a console that is open has asked its host"
)


class Watching:
    """One run, watched; what was shown of it once is not shown again."""

    def __init__(self, desk: RunsDesk, run_id: str) -> None:
        self._desk = desk
        self._run_id = run_id
        self._shown = _Shown(desk, run_id)

    async def until_ended(self) -> bool:
        """Show what runs of the run until all of it has ended.

        The first ctrl+c stops it on its host; the second one does not wait for that.

        Returns:
            Whether it ended by itself.
        """
        with _interrupts() as asked:
            ending = asyncio.create_task(self._desk.ended(self._run_id))
            stop = asyncio.create_task(asked.wait())
            try:
                while not ending.done() and not stop.done():
                    await asyncio.wait(
                        (ending, stop), timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED
                    )
                    await self._shown.more()
                if not ending.done():
                    narrate(STOPPING)
                    narrate(await self._desk.stop(self._run_id))
                await ending
                await self._shown.rest()
            finally:
                stop.cancel()
                ending.cancel()
            return not asked.is_set()


class _Shown:
    """What of the outputs has been shown already."""

    def __init__(self, desk: RunsDesk, run_id: str) -> None:
        self._desk = desk
        self._run_id = run_id
        self._at: dict[tuple[str, int, str], int] = {}
        """How many characters, by step, attempt and stream."""

    async def more(self) -> None:
        """Show the whole lines that have come since."""
        run = self._desk.runs.run(self._run_id)
        for one in run.running if run is not None else ():
            if one.last is not None:
                await self._show(one.name, one.last.number, is_over=False)

    async def rest(self) -> None:
        """Show what is left of everything that was begun to be shown, or ended unseen."""
        run = self._desk.runs.run(self._run_id)
        for one in run.steps if run is not None else ():
            if one.last is not None:
                await self._show(one.name, one.last.number, is_over=True)

    async def _show(self, step: str, number: int, *, is_over: bool) -> None:
        output = await self._desk.output(self._run_id, step, number)
        if output.number != number:
            return
        for name, text, total in (
            ("|", output.stdout, output.stdout_bytes),
            ("!", output.stderr, output.stderr_bytes),
        ):
            key = step, number, name
            at = self._at.get(key, 0)
            if at < 0:
                continue
            if not output.is_cut:
                lines, at = lines_since(text, at, is_over=is_over)
                narrate(*_marked(name, lines))
            elif is_over and total:
                told = Raw(f"{count_text(total)} bytes in all; the last lines:")
                narrate(*_marked(name, (told, *last_lines(text, END_LINES))))
            self._at[key] = -1 if is_over else at


def _marked(stream: str, lines: Iterable[Raw]) -> Iterator[str]:
    return (f"  {stream} {visible(line)}" for line in lines)


@contextmanager
def _interrupts() -> Iterator[asyncio.Event]:
    """Set at the first ctrl+c; at the second one the caller's task is cancelled."""
    asked = asyncio.Event()
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupted() -> None:
        if asked.is_set() and task is not None:
            narrate(LEFT)
            task.cancel()
        asked.set()

    before = signal.getsignal(signal.SIGINT)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
