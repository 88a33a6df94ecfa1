"""What `oncall runbook run` and `oncall runbook runs` print with `--json`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from console.cli.papers import PaperDocument
from console.model.action import Effect
from console.model.condition_check import Checked
from console.model.run import Attempt, Filled, PastRun, Run, StepPlan, StepState, Tone
from console.model.runbook import ParamType, StepKind
from console.safety.text import Raw


class CheckFacts(msgspec.Struct, frozen=True):
    """A condition and what became of it."""

    passed: bool
    left: str
    actual: str
    operator: str
    right: str
    shown: str


class ValueFacts(msgspec.Struct, frozen=True):
    """A parameter as a command was given it; a secret's value is `***`."""

    name: str
    value: str


class AttemptFacts(msgspec.Struct, frozen=True):
    """One time that a step was carried out."""

    number: int
    state: StepState
    began: datetime
    ended: datetime | None
    took_seconds: float | None
    who: str
    where: str
    host: str
    """The registry's name of it; empty: here."""
    typed: str
    values: tuple[ValueFacts, ...]
    exit_status: int | None
    """`null`: not known."""
    said: str
    checks: tuple[CheckFacts, ...]
    tries: int
    excerpt: str
    """The end of what it printed."""
    output_bytes: int
    """All that it printed."""
    verified_by: tuple[str, ...]


class StepFacts(msgspec.Struct, frozen=True):
    """One step of the run, in the order of the runbook."""

    name: str
    kind: StepKind
    effect: Effect | None
    """`null`: a person does it."""
    state: StepState
    reason: str
    """Why it was left out, or what was noted when it was ticked off."""
    at: datetime | None
    who: str
    not_run: tuple[str, ...]
    """Why it was asked for and not started; empty: it was, or nobody asked for it."""
    attempts: tuple[AttemptFacts, ...]


class ParamFacts(msgspec.Struct, frozen=True):
    """One parameter and its value."""

    name: str
    type: ParamType
    value: Raw | None
    """`null`: nobody gave it, or it is a secret."""
    resolved: str
    """What the commands are given, where that is another text than `value`."""
    given: bool
    """Whether a step may be given it."""
    source: str
    fault: str


class RunFacts(msgspec.Struct, frozen=True):
    """A runbook that was worked through."""

    id: str
    runbook: str
    title: Raw
    source: str
    digest: str
    """SHA-256 of its file."""
    subject: str
    alert: str
    """Fingerprint; empty: none."""
    service: str
    incident: str
    change: str
    began: datetime
    ended: datetime | None
    who: str
    console: str
    passed: bool
    """At least one step was shown to be well, none failed, and none is not known."""
    params: tuple[ParamFacts, ...]
    steps: tuple[StepFacts, ...]
    notes: tuple[str, ...]


class AroundFacts(msgspec.Struct, frozen=True):
    """One line of what a step may harm."""

    topic: str
    text: str
    tone: Tone


class PlanFacts(msgspec.Struct, frozen=True):
    """Exactly what a step would do."""

    step: str
    effect: Effect
    typed: str
    script: str
    where: str
    host: str
    values: tuple[ValueFacts, ...]
    timeout_seconds: float
    around: tuple[AroundFacts, ...]
    expects: tuple[str, ...]
    rollback: str
    word: str
    """What `--yes` has to say; empty: nothing has to be said."""
    refusals: tuple[str, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]


class RunDocument(PaperDocument, frozen=True, kw_only=True):
    """What `oncall runbook run --json` prints."""

    dry_run: bool
    run: RunFacts
    plans: tuple[PlanFacts, ...]
    """Of a dry run: one for each step that was asked for."""
    kept: str
    """The transcript's file; empty: none is kept."""
    said: tuple[str, ...]
    """What a person is told beside that."""


class PastFacts(msgspec.Struct, frozen=True):
    """A run as its transcript tells it."""

    id: str
    runbook: str
    title: Raw
    began: datetime
    ended: datetime | None
    took_seconds: float | None
    who: Raw
    subject: Raw
    service: str
    incident: str
    digest: str
    passed: bool
    counts: dict[str, int]
    """How many steps came to which state."""
    skipped: tuple[str, ...]
    path: str
    """In the journal."""


class PastDocument(PaperDocument, frozen=True, kw_only=True):
    """What `oncall runbook runs --json` prints."""

    runs: tuple[PastFacts, ...]
    """The newest first."""


def run_facts(run: Run, not_run: Iterable[tuple[str, tuple[str, ...]]] = ()) -> RunFacts:
    """A run as JSON has it; `not_run`: what was asked for and not started, and why."""
    why_not = dict(not_run)
    book = run.runbook
    kinds = {step.name: step for step in book.steps}
    return RunFacts(
        id=run.id,
        runbook=book.name,
        title=book.title,
        source=run.source,
        digest=book.digest,
        subject=run.subject,
        alert=run.alert,
        service=run.service,
        incident=run.incident,
        change=run.change,
        began=run.began,
        ended=run.ended,
        who=run.who,
        console=run.console,
        passed=run.passed,
        params=tuple(map(_param, run.params)),
        steps=tuple(
            StepFacts(
                name=one.name,
                kind=kinds[one.name].kind,
                effect=kinds[one.name].effect,
                state=one.state,
                reason=one.reason,
                at=one.at,
                who=one.who,
                not_run=why_not.get(one.name, ()),
                attempts=tuple(map(_attempt, one.attempts)),
            )
            for one in run.steps
        ),
        notes=run.notes,
    )


def plan_facts(plan: StepPlan, word: str) -> PlanFacts:
    """A plan as JSON has it; `word` is what has to be said to it."""
    return PlanFacts(
        step=plan.step,
        effect=plan.effect,
        typed=plan.typed,
        script=plan.script,
        where=plan.where,
        host=plan.host,
        values=_values(plan.values),
        timeout_seconds=plan.timeout_s,
        around=tuple(AroundFacts(one.topic, one.text, one.tone) for one in plan.around),
        expects=plan.expects,
        rollback=plan.rollback,
        word=word,
        refusals=plan.refusals,
        missing=plan.missing,
        warnings=plan.warnings,
    )


def past_facts(past: PastRun) -> PastFacts:
    """A past run as JSON has it."""
    return PastFacts(
        id=past.id,
        runbook=past.runbook,
        title=past.title,
        began=past.began,
        ended=past.ended,
        took_seconds=_seconds(past.began, past.ended),
        who=past.who,
        subject=past.subject,
        service=past.service,
        incident=past.incident,
        digest=past.digest,
        passed=past.passed,
        counts=dict(past.counts),
        skipped=past.skipped,
        path=past.path,
    )


def _attempt(attempt: Attempt) -> AttemptFacts:
    return AttemptFacts(
        number=attempt.number,
        state=attempt.state,
        began=attempt.began,
        ended=attempt.ended,
        took_seconds=_seconds(attempt.began, attempt.ended),
        who=attempt.who,
        where=attempt.where,
        host=attempt.host,
        typed=attempt.typed,
        values=_values(attempt.values),
        exit_status=attempt.exit_status,
        said=attempt.said,
        checks=tuple(map(_check, attempt.checks)),
        tries=attempt.tries,
        excerpt=attempt.excerpt,
        output_bytes=attempt.output_bytes,
        verified_by=attempt.by,
    )


def _check(one: Checked) -> CheckFacts:
    return CheckFacts(one.passed, one.left, one.actual, one.operator, one.right, one.shown)


def _param(one: Filled) -> ParamFacts:
    return ParamFacts(
        one.name, one.type, one.value, one.resolved, one.is_ready, one.source, one.fault
    )


def _values(values: tuple[tuple[str, str], ...]) -> tuple[ValueFacts, ...]:
    return tuple(ValueFacts(name, value) for name, value in values)


def _seconds(began: datetime, ended: datetime | None) -> float | None:
    return None if ended is None else round((ended - began).total_seconds(), 3)
