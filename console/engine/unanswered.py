"""Failures for what gave no reading: a bug of ours, or a deadline that passed."""

from __future__ import annotations

from console.model.failure import Failure, FailureKind
from console.model.probe import Probe, ProbeResult, Verdict
from console.model.reading import ProbeReading
from console.safety.clock import Instant
from console.safety.whereabouts import whereabouts
from console.sources.probes.settings import SOURCE

HEALTH_PART = "health"


def by_fault(source: str, part: str, error: Exception, at: Instant) -> Failure:
    """Something of ours broke while `source` was asked, or its answer taken in."""
    return Failure(
        source=source,
        part=part,
        kind=FailureKind.INTERNAL,
        cause=f"a fault inside the console: {whereabouts(error)}",
        expected="an answer that the console can take in",
        remedy="report this line; the other sources are watched as before",
        at=at.wall,
    )


def by_deadline(source: str, part: str, deadline_s: float, at: Instant) -> Failure:
    """The one look was over before `source` had answered."""
    return Failure(
        source=source,
        part=part,
        kind=FailureKind.TIMEOUT,
        cause=f"has not answered within {deadline_s:g} s",
        expected="an answer before the command ends",
        remedy="check its load and the network; the console itself waits longer",
        at=at.wall,
    )


def no_probe_reading(probe: Probe, failure: Failure, at: Instant) -> ProbeReading:
    """The reading of a health check of which nothing is known but `failure`."""
    result = ProbeResult(
        probe=probe, verdict=Verdict.NO_ANSWER, said=failure.cause, failure=failure
    )
    return ProbeReading(source=SOURCE, at=at, result=result)
