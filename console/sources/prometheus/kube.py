"""Kubernetes through Prometheus, where that scrapes kube-state-metrics."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import msgspec

from console.model.failure import Failure, FailureKind
from console.model.query import InstantAnswer
from console.model.reading import KubernetesReading
from console.model.snapshot import SourceKind, Watched
from console.model.workload import Stray, Workload
from console.safety.clock import Clock, Instant
from console.safety.text import Raw
from console.sources.answer import Unusable
from console.sources.fault import failure_of
from console.sources.prometheus import errors
from console.sources.prometheus.kube_decode import (
    CONDITIONS,
    WORKLOADS,
    ToldWorkload,
    strays_in,
    with_pods,
    workloads_in,
)
from console.sources.prometheus.kube_jobs import JOBS, batch_in
from console.sources.prometheus.kube_pods import NUMBERS, STATES, pods_in
from console.sources.prometheus.poll import Prometheus

ABSENT_EVERY: Final = timedelta(minutes=5)
"""How often a Prometheus without kube-state-metrics is asked whether it has them by now."""
MAX_SAMPLES: Final = 100_000
"""Of one answer: 15,000 pods."""


class KubeMetrics:
    """The clusters of which one Prometheus has kube-state-metrics."""

    def __init__(self, prometheus: Prometheus, clock: Clock, interval: timedelta) -> None:
        self.name = f"{prometheus.name} kube-state-metrics"
        self.interval = interval
        self._prometheus = prometheus
        self._clock = clock
        self._found = False
        """It had some once: from then on their absence is a fault."""
        self._asked_in_vain: Instant | None = None

    @property
    def key(self) -> str:
        """Unique among all sources: its name."""
        return self.name

    @property
    def watched(self) -> Watched:
        """As the fleet has to know it, once there is something to know."""
        return Watched(self.name, SourceKind.KUBERNETES, self.interval, url=self._prometheus.url)

    async def poll(self, round: int) -> KubernetesReading:  # noqa: A002 - all sources agree on it
        """Ask for workloads, then for their pods. Raises nothing.

        A Prometheus that never had kube-state-metrics is no fault: the reading is not
        `present`, and for `ABSENT_EVERY` nothing more is asked.
        """
        before = self._clock.now()
        if self._asked_in_vain is not None and before.since(self._asked_in_vain) < ABSENT_EVERY:
            return self._absent(before)
        numbers, conditions, jobs = await asyncio.gather(
            self._prometheus.instant(WORKLOADS, limit=MAX_SAMPLES),
            self._prometheus.instant(CONDITIONS, limit=MAX_SAMPLES),
            self._prometheus.instant(JOBS, limit=MAX_SAMPLES),
        )
        if isinstance(numbers, Failure):
            # Before anything was found, its Prometheus speaks for itself.
            if not self._found:
                return self._absent(before)
            return self._reading(before, self._named(numbers, "workloads"))
        if not numbers.samples:
            return self._nothing(before, numbers)
        self._found = True
        told = () if isinstance(conditions, Failure) else conditions.samples
        batch = batch_in(() if isinstance(jobs, Failure) else jobs.samples)
        lasting = workloads_in(numbers.samples, told)
        found = (*lasting, *(ToldWorkload(*each) for each in batch.workloads))
        states, counts = await asyncio.gather(
            self._prometheus.instant(STATES, limit=MAX_SAMPLES),
            self._prometheus.instant(NUMBERS, limit=MAX_SAMPLES),
        )
        podless = next((each for each in (states, counts) if isinstance(each, Failure)), None)
        pods = None
        if isinstance(states, InstantAnswer) and isinstance(counts, InstantAnswer):
            pods = pods_in(states.samples, counts.samples)
        return self._reading(
            before,
            with_pods(found, pods, batch.owners),
            pods=podless and self._named(podless, "pods"),
            missing=(self._named(jobs, "jobs"),) if isinstance(jobs, Failure) else (),
            strays=strays_in(found, pods, batch.owners) if pods is not None else (),
            warnings=tuple(
                dict.fromkeys(
                    warning
                    for answer in (numbers, conditions, *_answers(jobs), states, counts)
                    for warning in _warnings_of(answer)
                )
            ),
        )

    def unread(self, failure: Failure, at: Instant) -> tuple[KubernetesReading, ...]:
        """None: its Prometheus speaks for itself, and what these metrics told grows old."""
        return ()

    def _nothing(self, before: Instant, answer: InstantAnswer) -> KubernetesReading:
        if not self._found:
            # A partial answer may have left out just that: it is asked again at the usual time.
            self._asked_in_vain = None if answer.warnings else before
            return self._absent(before)
        partial = bool(answer.warnings)
        asked = errors.asked(self.name, "workloads", "")
        vanished = Unusable(
            FailureKind.PARTIAL if partial else FailureKind.NOT_SERVED,
            "has no series of kube-state-metrics any more",
            expected="series such as `kube_deployment_spec_replicas`",
            remedy="look whether kube-state-metrics runs and whether this Prometheus scrapes it",
        )
        failure = failure_of(vanished, asked, self._clock.now().wall)
        return self._reading(before, failure, warnings=answer.warnings)

    def _absent(self, before: Instant) -> KubernetesReading:
        return self._reading(before, (), present=False)

    def _named(self, failure: Failure, part: str) -> Failure:
        return msgspec.structs.replace(failure, source=self.name, part=part)

    def _reading(
        self,
        before: Instant,
        workloads: tuple[Workload, ...] | Failure,
        *,
        pods: Failure | None = None,
        missing: tuple[Failure, ...] = (),
        strays: tuple[Stray, ...] = (),
        warnings: tuple[Raw, ...] = (),
        present: bool = True,
    ) -> KubernetesReading:
        at = self._clock.now()
        return KubernetesReading(
            source=self.name,
            at=at,
            took=at.since(before),
            workloads=workloads,
            pods=pods,
            missing=missing,
            strays=strays,
            warnings=warnings,
            present=present,
        )


def _answers(answer: InstantAnswer | Failure) -> tuple[InstantAnswer, ...]:
    """It, where it is one: jobs that are not told say nothing against the other kinds."""
    return () if isinstance(answer, Failure) else (answer,)


def _warnings_of(answer: InstantAnswer | Failure) -> tuple[Raw, ...]:
    """What keeps `answer` from proving anything. Of a failure that is its cause."""
    if isinstance(answer, Failure):
        return (Raw(answer.cause),)
    if answer.total > len(answer.samples):
        cut = Raw(f"only {len(answer.samples):,} of {answer.total:,} series were read")
        return (*answer.warnings, cut)
    return answer.warnings
