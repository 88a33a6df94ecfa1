"""What the commands that act print with `--json`."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from console.cli.document import Document
from console.cli.facts import FailureFacts, failure_facts
from console.model.acting import Ended, Outcome, Plan
from console.model.failure import Failure
from console.safety.text import Raw


class SourceFailure(msgspec.Struct, frozen=True):
    """What failed, and at whom."""

    source: str
    failure: FailureFacts


class SilenceMade(msgspec.Struct, frozen=True):
    """A silence that was made or changed."""

    cluster: str
    id: str


class OutcomeFacts(msgspec.Struct, frozen=True):
    """How it ended."""

    ended: Ended
    text: str
    details: tuple[str, ...]
    silences: tuple[SilenceMade, ...]
    failures: tuple[SourceFailure, ...]


class SilencePlanned(msgspec.Struct, frozen=True):
    """A silence that an ack would make."""

    cluster: str
    matchers: tuple[Raw, ...]
    covers: tuple[str, ...]
    """Fingerprints of what the ack is for."""
    mutes_too: tuple[str, ...]
    """Fingerprints of what it would mute beside that."""
    counted: bool
    """The server was asked; else the counts are those of what is known here."""
    joins: bool
    """It mutes what joins later."""


class LeftOut(msgspec.Struct, frozen=True):
    """What cannot be acked, and why."""

    key: str
    why: str


class PlanFacts(msgspec.Struct, frozen=True):
    """What an ack would do."""

    silences: tuple[SilencePlanned, ...]
    kept_here: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    failures: tuple[SourceFailure, ...]


class OutcomeDocument(Document, frozen=True, kw_only=True):
    """All of it."""

    dry_run: bool
    matched: int
    """Alerts, checks, sources, silences or acks that it was for."""
    said: tuple[str, ...]
    """What a person is told of it, a line each; the outcome's own text is not among them."""
    outcome: OutcomeFacts | None
    """`null` for a dry run, and where nothing matched."""
    plan: PlanFacts | None
    """For a dry run of an ack: the silences that it would make."""


def outcome_facts(outcome: Outcome) -> OutcomeFacts:
    """An outcome as JSON has it. Nothing can be taken back once the command has ended."""
    return OutcomeFacts(
        outcome.ended,
        outcome.text,
        outcome.details,
        tuple(SilenceMade(cluster, made) for cluster, made in outcome.silences),
        _failures(outcome.failures),
    )


def plan_facts(plan: Plan) -> PlanFacts:
    """A plan as JSON has it."""
    return PlanFacts(
        silences=tuple(
            SilencePlanned(
                one.cluster,
                tuple(matcher.written for matcher in one.matchers),
                one.covers,
                tuple(alert.fingerprint for alert in one.strangers),
                one.counted,
                one.joins,
            )
            for one in plan.silences
        ),
        kept_here=plan.kept_here,
        left_out=tuple(LeftOut(key, why) for key, why in plan.left_out),
        failures=_failures(plan.failures),
    )


def _failures(failures: Iterable[Failure]) -> tuple[SourceFailure, ...]:
    return tuple(SourceFailure(one.source, failure_facts(one)) for one in failures)
