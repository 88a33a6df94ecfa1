"""One run that is open here: its present state, and all that goes with it and is never saved."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

from console.engine.runs.output import Capture
from console.model.run import Run, StepPlan, StepState
from console.model.runbook import ParamType
from console.runbook.filling import Subject
from console.safety.secret import Secret

CHANGED: Final = "it changed since its last run here"
"""A note of a run: nobody has agreed yet to the runbook as it is now."""
IS_ENDING: Final = "it is being finished"
STOPPED: Final = "it was stopped before it began"


class Work:
    """A run, its secrets, and what runs of it. One loop uses it."""

    def __init__(self, run: Run, content: bytes, subject: Subject, last_text: bytes | None) -> None:
        """
        Args:
            content: the runbook's file as it was opened.
            last_text: the same as it was run here the last time; `None`: it never was, or is
                the same still.
        """
        self.run = run
        self.content = content
        self.subject = subject
        self.last_text = last_text
        self.given: dict[str, str] = {}
        """What a person typed, by parameter."""
        self.secrets: dict[str, Secret] = {}
        self.shown: dict[str, StepPlan] = {}
        """The plans that a person was shown, by step."""
        self.live: dict[str, Capture] = {}
        """What the latest attempt of a step has printed, while it runs."""
        self.jobs: dict[str, tuple[str, str]] = {}
        """The command that runs for a step now: its job and its host."""
        self.task: asyncio.Task[None] | None = None
        """What is being carried out."""
        self.claimed = False
        """Something of it is about to be carried out."""
        self.stopping = False
        """A person has asked for the end of it."""
        self.is_ending = False
        """It is being closed, and its transcript written."""
        self.is_over = False
        """It is closed: nothing of it is kept any more."""
        self.learning = False
        """What is being carried out only asks what became of a step."""
        self.is_saved = False
        """It is on disk as it stands now."""
        self.looked_at: datetime = run.began
        """When somebody last did anything with it; UTC."""
        self.saving = asyncio.Lock()
        """So that what is kept last is what came last."""

    @property
    def is_busy(self) -> bool:
        """Whether something of it is being carried out by this console."""
        return self.task is not None and not self.task.done()

    @property
    def has_changed(self) -> bool:
        """Whether its runbook is another one than was run here before, and nobody has agreed."""
        return self.last_text is not None

    @property
    def unheard(self) -> str:
        """The steps of which a host may know more than is known here, by name."""
        steps = (one for one in self.run.steps if one.state is StepState.UNKNOWN)
        return ", ".join(one.name for one in steps if one.last is not None and one.last.job)

    @property
    def not_given(self) -> frozenset[str]:
        """The secrets that this console does not have: no value of the run is one of them."""
        secrets = (one.name for one in self.run.params if one.type is ParamType.SECRET)
        return frozenset(secrets) - frozenset(self.secrets)

    @property
    def why_busy(self) -> str:
        """What of it is under way, told to whoever may begin nothing in it now."""
        if self.is_ending:
            return IS_ENDING
        running = ", ".join(one.name for one in self.run.running)
        if self.learning and not running:
            return f"{self.unheard} may be running still, and its host is being asked"
        return f"{running or 'a step'} runs: wait for it, or stop it"
