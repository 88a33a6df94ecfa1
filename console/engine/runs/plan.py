"""What a step would do now, with everything that is known around it at this moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from config.load import Loaded
from console.engine.hands import Hands
from console.engine.runs.work import Work
from console.engine.runs.world import World
from console.model.action import Effect
from console.model.run import StepPlan
from console.model.runbook import Step
from console.runbook.around import GUARDED, AroundWorld, around_of
from console.runbook.jobs import job_of
from console.runbook.plan import PlanFacts, plan_of
from console.runbook.running.job import Job
from console.runbook.shell import unproven
from console.safety.clock import Clock

if TYPE_CHECKING:
    from console.runbook.running.runner import Runner

NOBODY: Final = "nobody acts from here"


class Planner:
    """Plans steps. One loop uses it."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        hands: Hands | None,
        loaded: Callable[[], Loaded],
        runner: Runner,
    ) -> None:
        self._world = world
        self._clock = clock
        self._hands = hands
        self._loaded = loaded
        self._runner = runner

    async def plan(self, work: Work, step: Step) -> StepPlan:
        """What `step` would do; of what disrupts its host is asked who is at it there."""
        loaded, hands = self._loaded(), self._hands
        around = AroundWorld(
            self._world.snapshot,
            loaded.registry,
            self._world.papers.papers,
            self._clock.now(),
            loaded.policy,
            loaded.settings.environment,
        )
        lines, missing = around_of(work.run, step, around)
        holders, holders_fault = await self._holders(work, step)
        facts = PlanFacts(
            loaded.registry,
            self._clock.now().mono,
            around=lines,
            missing=missing,
            read_only=hands is not None and hands.read_only,
            disabled=(NOBODY,) if hands is None else (),
            # What is known to read may look on; of all else only the page says that it reads.
            is_changed=work.has_changed
            and (step.effect is not Effect.READ or bool(unproven(step.script.exact))),
            holders=tuple(holders),
            holders_fault=holders_fault,
        )
        return plan_of(work.run, step, facts)

    async def _holders(self, work: Work, step: Step) -> tuple[Sequence[str], str]:
        """Who is at it on the step's host now, or why nobody can tell."""
        if step.effect not in GUARDED or not step.is_runnable:
            return (), ""
        job = job_of(work.run, step, 1, work.secrets, "")
        if not isinstance(job, Job) or not job.lock:
            return (), ""
        told = await self._runner.holders(job.lock, job.host)
        return ((), told) if isinstance(told, str) else (told, "")
