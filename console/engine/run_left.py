"""Runs that an earlier console left behind: taken up as they stood, or dropped unread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from console.engine.run_work import Work
from console.model.registry import Registry
from console.model.run import Attempt
from console.model.runbook import ParamType
from console.runbook.filling import Subject
from console.runbook.kept import KeptRun

CHANGED: Final = "it changed since its last run here"
FORGOTTEN_AFTER: Final = timedelta(days=1)
"""Of a run in which nothing was done, and that nobody has looked at since."""
Found = TypeVar("Found")


def work_of(kept: KeptRun, registry: Registry, last_text: bytes | None, now: datetime) -> Work:
    """A run that was left behind, as this console has it.

    Args:
        last_text: its runbook as it was run here the last time; `None`: it never was.
    """
    run = kept.run
    cell = next((one for one in registry.services if one.name == run.service), None)
    # What nobody had agreed to when it was left is still to be agreed to.
    is_other = CHANGED in run.notes and last_text != kept.content
    work = Work(run, kept.content, Subject(None, cell), last_text if is_other else None)
    # What labels gave is as good as typed, unless it was refused: the alert may be gone by now.
    work.given = {
        one.name: one.value.exact
        for one in run.params
        if one.value is not None and one.type is not ParamType.SECRET
        if one.is_given or not one.fault
    }
    work.looked_at = now if run.is_touched else run.began
    return work


def cut_off(kept: KeptRun) -> tuple[tuple[str, Attempt], ...]:
    """The attempts, by step, that ended with the console, so that nobody will ask for them."""
    steps = (kept.run.step(name) for name in kept.was_running)
    return tuple(
        (one.name, one.last)
        for one in steps
        if one is not None and one.last is not None and not one.last.job
    )


def is_forgotten(work: Work, now: datetime) -> bool:
    """Whether nothing was done in it, and nobody seems to want it any more."""
    idle = not (work.is_busy or work.claimed or work.run.is_touched)
    return idle and now - max(work.run.began, work.looked_at) > FORGOTTEN_AFTER


async def to_its_end(coming: Awaitable[Found]) -> Found:
    """What `coming` gives, which goes on to its end although whoever awaits it is cancelled."""
    task = asyncio.ensure_future(coming)
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled and not task.cancelled() and task.exception() is None:
        raise asyncio.CancelledError
    return task.result()
