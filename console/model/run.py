"""A runbook being carried out: what its steps came to, and what is shown before one starts."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from console.model.action import Effect
from console.safety.text import Raw

if TYPE_CHECKING:  # the first frame has no run
    from console.model.condition_check import Checked
    from console.model.runbook import ParamType, Runbook

RUN_ID: Final = r"RUN-[0-9]{8}-[0-9a-hjkmnp-tv-z]{3,8}"
"""The day when it was begun, UTC, and a random ending: unique without a server."""
PLAN_S: Final = 120.0
"""How long what was shown before a step may be answered with yes."""


class StepState(enum.StrEnum):
    """What became of a step."""

    PENDING = "pending"
    RUNNING = "running"
    PASSED = "passed"
    """It ended well, and everything that was to be shown by it holds."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """A person left it out, and said why."""
    MANUAL = "manual"
    """A person says that it is done; nothing proves it."""
    UNKNOWN = "unknown"
    """It was sent, and what became of it has not been learnt yet."""

    @property
    def is_settled(self) -> bool:
        """Whether nobody has to come back to it."""
        return self not in (StepState.PENDING, StepState.RUNNING, StepState.UNKNOWN)


class Attempt(msgspec.Struct, frozen=True):
    """One time that a step was carried out. Its texts are safe to show, secrets masked."""

    number: int
    """From 1, for this step in this run."""
    state: StepState
    began: datetime
    who: str
    where: str
    """`kai@data-1`, or `here`."""
    typed: str
    """What was run, as a person would type it."""
    ended: datetime | None = None
    exit_status: int | None = None
    """`None`: not known."""
    said: str = ""
    """One sentence: what came, and what was expected."""
    checks: tuple[Checked, ...] = ()
    """Its conditions and what became of each."""
    tries: int = 1
    """How often it was asked, where it may be asked again."""
    values: tuple[tuple[str, str], ...] = ()
    """The parameters that it used, by name; secrets as `***`."""
    excerpt: str = ""
    """The end of its output, line by line: what goes into the transcript."""
    output_bytes: int = 0
    """Everything that it printed, kept or not."""
    job: str = ""
    """Under which name the host keeps its marker; empty where it leaves none."""
    host: str = ""
    """The registry's name of the host; empty: here."""
    intent: str = ""
    """Id of its record in the audit, hexadecimal."""
    by: tuple[str, ...] = ()
    """The steps that verified it."""


class StepRun(msgspec.Struct, frozen=True):
    """One step of a run."""

    name: str
    """As in its runbook."""
    state: StepState = StepState.PENDING
    attempts: tuple[Attempt, ...] = ()
    """The latest last."""
    reason: str = ""
    """Why it was skipped, or what was noted when it was ticked off; safe to show."""
    at: datetime | None = None
    """When it was skipped or ticked off."""
    who: str = ""
    """Who did that."""

    @property
    def last(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None


class Filled(msgspec.Struct, frozen=True):
    """A parameter of a run, and its value."""

    name: str
    type: ParamType
    value: Raw | None = None
    """`None`: nobody gave it. Of a secret always `None`: its value stands in no run."""
    is_given: bool = False
    """A secret was given to this console, or a person typed the value."""
    source: str = ""
    """Where the value is from, safe to show: `label instance`, `the registry`, `typed`."""
    fault: str = ""
    """Why it cannot be used: what came and what was expected; empty: it can. Safe to show."""
    resolved: str = ""
    """What the commands are given, where that is another text than `value`: the registry's name
    of a host that a label calls by its address."""
    help: Raw = Raw("")

    @property
    def is_ready(self) -> bool:
        """Whether a step may be given it."""
        return not self.fault and (self.value is not None or self.is_given)


class Run(msgspec.Struct, frozen=True):
    """A runbook that somebody opened to work through. Frozen: every change makes another one."""

    id: str
    """`RUN-20261123-7f3`."""
    runbook: Runbook
    source: str
    """Where the runbook is from: `shipped`, or its folder; safe to show."""
    began: datetime
    who: str
    console: str
    """The host on which the console runs; safe to show."""
    subject: str = ""
    """What it is about: `ServiceDown redis@data-1`; safe to show; empty: nothing in particular."""
    alert: str = ""
    """Fingerprint of the alert that it was opened from."""
    service: str = ""
    """The registry's name of the service."""
    incident: str = ""
    """Id of the incident that it belongs to."""
    change: str = ""
    """Id of the change that it carries out."""
    params: tuple[Filled, ...] = ()
    steps: tuple[StepRun, ...] = ()
    """In the order of the runbook, one for each of its steps."""
    ended: datetime | None = None
    """`None`: it is open still."""
    notes: tuple[str, ...] = ()
    """What a reader has to know: `the runbook changed since its last run here`; safe to show."""

    def step(self, name: str) -> StepRun | None:
        """The step of that name, as it stands."""
        return next((one for one in self.steps if one.name == name), None)

    @property
    def running(self) -> tuple[StepRun, ...]:
        """The steps that are being carried out now."""
        return tuple(one for one in self.steps if one.state is StepState.RUNNING)

    @property
    def is_touched(self) -> bool:
        """Whether anything was done in it that is worth a transcript."""
        return any(one.attempts or one.state.is_settled for one in self.steps)

    @property
    def passed(self) -> bool:
        """Whether at least one step was shown to be well, and none failed or is not known.

        Where something was changed or verified that alone counts: what looks for the fault fails
        as long as there is one.
        """
        from console.model.runbook import StepKind  # the first frame has no runbook

        looks = {
            step.name
            for step in self.runbook.steps
            if step.effect is Effect.READ and step.kind is StepKind.COMMAND
        }
        bad = (StepState.FAILED, StepState.UNKNOWN, StepState.RUNNING)
        told = [one for one in self.steps if one.state in (*bad, StepState.PASSED)]
        told = [one for one in told if one.name not in looks] or told
        return bool(told) and all(one.state is StepState.PASSED for one in told)


class Tone(enum.StrEnum):
    """How a line of what is shown before a step is meant."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


class Around(msgspec.Struct, frozen=True):
    """One line about what a step may harm. Safe to show."""

    topic: str
    """`replicas`, `dependants`, `alerts`, `approval`, `change`, `freeze`, `colleague`."""
    text: str
    tone: Tone = Tone.PLAIN


class StepPlan(msgspec.Struct, frozen=True):
    """Exactly what a step would do: what a person says yes to. Its texts are safe to show."""

    run: str
    step: str
    effect: Effect
    typed: str
    """The command as it is sent, as a person would type it; secrets as `***`."""
    script: str
    """What runs at the other end, line by line; the values stand in `values`."""
    where: str
    """`kai@data-1`, or `here`."""
    host: str = ""
    """The registry's name of the host; empty: here."""
    values: tuple[tuple[str, str], ...] = ()
    timeout_s: float = 60.0
    around: tuple[Around, ...] = ()
    """Blast radius, the weightiest first. Only of what disrupts."""
    expects: tuple[str, ...] = ()
    """The conditions that are judged afterwards, as written, with the step that asks."""
    rollback: str = ""
    """The step that takes it back."""
    word: str = ""
    """What has to be typed; empty: yes is enough. Only reading steps need neither."""
    refusals: tuple[str, ...] = ()
    """Why it cannot start; empty: it can."""
    missing: tuple[str, ...] = ()
    """Facts that nobody knows now: they deny what disrupts."""
    warnings: tuple[str, ...] = ()
    digest: str = ""
    """Of all of the above: another plan is to be shown anew."""
    until_mono: float = 0.0
    """By the monotonic clock, in seconds: later it has to be shown anew."""


class Started(msgspec.Struct, frozen=True):
    """Whether a step was started. Its text is safe to show."""

    why_not: str = ""
    """Empty: it was."""
    needs_glass: bool = False
    """No record can be written; typing `without record` would start it all the same."""
    is_other: bool = False
    """The plan that was shown is too old, or would be another one now: it is to be shown anew."""


class StepOutput(msgspec.Struct, frozen=True):
    """What one attempt has printed so far."""

    stdout: Raw = Raw("")
    stderr: Raw = Raw("")
    stdout_bytes: int = 0
    """All that came, kept or not."""
    stderr_bytes: int = 0
    is_cut: bool = False
    """More came than is kept: of each the beginning and the end are there."""
    number: int = 0
    """Which attempt; 0: there is none."""


class PastRun(msgspec.Struct, frozen=True):
    """One run as its transcript in the journal tells it. Texts are raw."""

    id: str
    path: str
    """In the journal."""
    runbook: str
    title: Raw
    began: datetime
    ended: datetime | None
    who: Raw
    subject: Raw = Raw("")
    service: str = ""
    incident: str = ""
    digest: str = ""
    """Of the runbook's file."""
    counts: tuple[tuple[str, int], ...] = ()
    """How many steps came to which state, by its word."""
    skipped: tuple[str, ...] = ()
    """Names of the steps that were left out."""
    passed: bool = False
    change: str = ""


class BookHealth(msgspec.Struct, frozen=True):
    """How a runbook has done so far, by the transcripts in the journal."""

    runs: int = 0
    last: datetime | None = None
    last_passed: datetime | None = None
    median_minutes: float | None = None
    """Of the runs that passed; `None`: there is none."""
    often_skipped: tuple[str, ...] = ()
    """Steps that were left out in at least half of three runs or more."""


class Shelved(msgspec.Struct, frozen=True):
    """A runbook of the library, as the list shows it."""

    name: Raw
    title: Raw
    source: Raw
    steps: int
    runnable: int
    findings: int
    """What lint has to say about it."""
    is_stale: bool | None
    """`None`: it does not say when it was reviewed."""
    alerts: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    health: BookHealth = BookHealth()

    @property
    def key(self) -> str:
        """Its name, for looking it up; not safe to show."""
        return self.name.exact

    @property
    def folder(self) -> Raw:
        """The last part of where it is from."""
        return Raw(self.source.exact.rstrip("/").rpartition("/")[2])


class Runs(msgspec.Struct, frozen=True):
    """The runs of this console; part of every update."""

    open: tuple[Run, ...] = ()
    """The newest first."""
    found: tuple[str, ...] = ()
    """Ids of those of them that an earlier console left behind, with an outcome to be learnt."""

    def run(self, run_id: str) -> Run | None:
        """The open run of that id."""
        return next((one for one in self.open if one.id == run_id), None)

    @property
    def running(self) -> int:
        """Steps that are being carried out now."""
        return sum(len(one.running) for one in self.open)

    @property
    def unknown(self) -> int:
        """Steps whose outcome is not known."""
        return sum(step.state is StepState.UNKNOWN for one in self.open for step in one.steps)
