"""A runbook worked through from the command line: step by step, watched, stopped, kept."""

from __future__ import annotations

import difflib
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import click
import msgspec

from console.cli.acting import EXIT_NOTHING, EXIT_PARTLY
from console.cli.chosen import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, narrate
from console.cli.papers import Stop
from console.cli.run_lines import attempt_lines, not_run_line, plan_lines, word_of
from console.cli.runbook_asked import Asked, Wanted
from console.cli.runbook_live import Watching
from console.cli.table import Paper
from console.model.acting import Ended
from console.model.action import Effect
from console.model.run import Attempt, Run, StepPlan, StepState
from console.model.runbook import Step
from console.model.snapshot import KnownAlert
from console.safety.clock import Clock
from console.safety.text import visible

if TYPE_CHECKING:
    from console.engine.runs.desk import RunsDesk

CHANGED: Final = "changed"
"""What has to be said where the runbook is another one than was run from here the last time."""
_SHOWN_AGAIN: Final = 3
"""So often a plan is shown anew that became another one while it was read."""
_OPEN: Final = (StepState.RUNNING, StepState.UNKNOWN)
Put = Callable[[str], None]


class Came(msgspec.Struct, frozen=True):
    """What came of it all."""

    run: Run
    asked: tuple[str, ...]
    """Names of the steps that were asked for."""
    plans: tuple[StepPlan, ...] = ()
    not_run: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Steps that were not started, and why."""
    kept: str = ""
    """The transcript: its id, or its file; empty: there is none."""
    said: tuple[str, ...] = ()
    keeping_failed: bool = False
    stopped: bool = False
    """A person stopped it."""

    @property
    def code(self) -> int:
        """How the command ends."""
        if self.stopped:
            return EXIT_INTERRUPTED
        states = {one.state for one in self.run.steps}
        if StepState.FAILED in states:
            return EXIT_NOTHING
        if states.intersection(_OPEN):
            return EXIT_PARTLY
        if self.not_run or any(plan.refusals or plan.missing for plan in self.plans):
            return EXIT_FAILED
        return EXIT_PARTLY if self.keeping_failed else 0


class Session:
    """One run of one command line. Steps run on the loop that it is called on."""

    def __init__(self, desk: RunsDesk, asked: Asked, clock: Clock, paper: Paper, put: Put) -> None:
        """
        Args:
            put: takes each line of results as soon as it is known; narration goes to stderr.
        """
        self._desk = desk
        self._asked = asked
        self._clock = clock
        self._paper = paper
        self._put = put
        self._not_run: list[tuple[str, tuple[str, ...]]] = []
        self._said: list[str] = []
        self._stopped = False

    async def begin(
        self, wanted: Wanted, known: KnownAlert | None, incident: str, change: str
    ) -> Run:
        """The run, filled in; `incident` and `change` are ids, or empty.

        Raises:
            Stop: it cannot be begun, or a value that was given cannot be used.
        """
        asked = self._asked
        run = await self._desk.begin(
            asked.name, known, asked.service, dict(wanted.values), change, incident
        )
        if isinstance(run, str):
            raise Stop(EXIT_USAGE, run)
        if run.runbook.digest != wanted.runbook.digest:
            await self._desk.finish(run.id)
            raise Stop(EXIT_FAILED, "the runbook became another one meanwhile: run it again")
        for name, secret in wanted.secrets:
            if fault := await self._desk.set_value(run.id, name, secret):
                raise Stop(EXIT_USAGE, f"--secret {name}: {fault}")
        given = {name for name, _ in wanted.values}
        faults = [
            f"--param {one.name}: {one.fault}"
            for one in run.params
            if one.name in given and one.fault
        ]
        if faults:
            await self._desk.finish(run.id)
            raise Stop(EXIT_USAGE, *faults)
        return self._now(run)

    async def show(self, run: Run, steps: tuple[Step, ...]) -> Came:
        """For `--dry-run`: what each step would do; nothing is changed anywhere."""
        plans: list[StepPlan] = []
        for step in steps:
            plan = await self._desk.prepare(run.id, step.name)
            if isinstance(plan, str):
                self._refuse(step, (plan,))
                continue
            plans.append(plan)
            self._put("\n".join(plan_lines(plan, self._paper)))
        run = self._now(run)
        await self._desk.finish(run.id)
        names = tuple(step.name for step in steps)
        return Came(run, names, tuple(plans), tuple(self._not_run))

    async def work(self, run: Run, steps: tuple[Step, ...]) -> Came:
        """Carry the steps out. After one that did not pass nothing is changed any more."""
        cells = max(len(step.name) for step in run.runbook.steps)
        watching = Watching(self._desk, run.id)
        failed = ""
        for step in steps:
            reads = step.effect is Effect.READ
            if self._stopped:
                self._refuse(step, ("it was stopped before",), cells)
            elif failed and not reads:
                self._refuse(step, (f"{failed} did not pass",), cells)
            elif not await self._step(run, step, watching, cells):
                failed = failed or step.name
        return await self._kept(self._now(run), tuple(step.name for step in steps))

    async def _step(self, run: Run, step: Step, watching: Watching, cells: int) -> bool:
        """Whether the step passed."""
        before = set(_attempts(self._now(run)))
        if reasons := await self._start(run, step):
            self._refuse(step, reasons, cells)
            return False
        self._stopped = not await watching.until_ended()
        now = self._now(run)
        for (name, number), attempt in _attempts(now).items():
            if (name, number) not in before:
                self._put("\n".join(attempt_lines(name, attempt, self._paper, cells)))
        one = now.step(step.name)
        state = StepState.PENDING if one is None else one.state
        if state is StepState.FAILED and step.rollback:
            self._say(f"{step.rollback} takes {step.name} back: --step {step.rollback}")
        return state is StepState.PASSED

    async def _start(self, run: Run, step: Step) -> tuple[str, ...]:
        """Start a step, with all that has to be said to it; why not, empty: it runs."""
        if why := await self._agreed_to_change(run):
            return (why,)
        for _ in range(_SHOWN_AGAIN):
            plan = await self._desk.prepare(run.id, step.name)
            if isinstance(plan, str):
                return (plan,)
            if plan.refusals:
                return plan.refusals
            word = word_of(plan)
            if word and not self._said_to(word, partial(plan_lines, plan, self._paper)):
                return (f"it changes something: it needs --yes {word}",)
            started = await self._desk.start(run.id, step.name, plan.digest)
            if not started.is_other:
                return (started.why_not,) if started.why_not else ()
        return (started.why_not,)

    async def _agreed_to_change(self, run: Run) -> str:
        """Why nothing is run of a runbook that is another one than last time; empty: it is the
        same, or a person has seen what is different."""
        differences = await self._desk.differences(run.id)
        if differences is None:
            return ""
        if not self._said_to(CHANGED, partial(_difference, *differences)):
            return f"the runbook is another one than last time: it needs --yes {CHANGED}"
        return await self._desk.accept(run.id)

    def _said_to(self, word: str, shown: Callable[[], Iterator[str]]) -> bool:
        """Whether a person says `word` to what is shown: with `--yes`, or typed now."""
        if word in self._asked.words:
            return True
        narrate(*shown())
        if self._asked.words or not sys.stdin.isatty():
            return False
        with _interruptible():
            typed = click.prompt(f"type {word} to go on", default="", show_default=False, err=True)
        return bool(typed.strip() == word)

    async def _kept(self, run: Run, names: tuple[str, ...]) -> Came:
        """Close the run, and keep its transcript where one is wanted."""
        is_open = any(one.state in _OPEN for one in run.steps)
        if is_open:
            self._say("what is not known yet is asked for by the next console that is open")
            outcome = await self._desk.keep(run.id)
        else:
            outcome = await self._desk.finish(run.id, keeps=self._asked.keeps)
            run = msgspec.structs.replace(run, ended=self._clock.now().wall)
        kept = outcome.document if outcome.ended is Ended.DONE else ""
        if outcome.text:
            self._say(outcome.text)
        failed = self._asked.keeps and outcome.ended not in (Ended.DONE, Ended.KEPT)
        return Came(
            run,
            names,
            not_run=tuple(self._not_run),
            kept=kept,
            said=tuple(self._said),
            keeping_failed=failed,
            stopped=self._stopped,
        )

    def _refuse(self, step: Step, reasons: tuple[str, ...], cells: int = 0) -> None:
        self._not_run.append((step.name, reasons))
        self._put(not_run_line(step.name, reasons, self._paper, cells))

    def _say(self, text: str) -> None:
        self._said.append(text)
        narrate(text)

    def _now(self, run: Run) -> Run:
        return self._desk.runs.run(run.id) or run


def _attempts(run: Run) -> dict[tuple[str, int], Attempt]:
    """Every attempt of the run, by step and number, in the order in which they began."""
    found = {(one.name, each.number): each for one in run.steps for each in one.attempts}
    return dict(sorted(found.items(), key=lambda item: item[1].began))


def _difference(before: str, now: str) -> Iterator[str]:
    lines = difflib.unified_diff(
        before.splitlines(), now.splitlines(), "as it was run last", "as it is now", lineterm=""
    )
    return (visible(line) for line in lines)


@contextmanager
def _interruptible() -> Iterator[None]:
    """While a person is asked, ctrl+c ends the command at once: the loop does not look."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
