"""What jobs and cron jobs say of their runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from console.model.workload import Cron, Pod, Run, RunState, Workload, WorkloadKind
from console.safety.text import Raw
from console.sources.answer import capped, utc
from console.sources.kubernetes.schedule import missed_after
from console.sources.kubernetes.wire import (
    Condition,
    CronJobItem,
    CronJobStatus,
    JobItem,
    JobSpec,
    JobStatus,
    Metadata,
)

CRONJOB: Final = WorkloadKind.CRONJOB.value
JOB: Final = WorkloadKind.JOB.value
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_YET_TO_COME: Final = datetime.max.replace(tzinfo=UTC)

Place = tuple[str, str]
"""Namespace and name."""


def maker_of(job: Metadata) -> Place | None:
    """The cron job that made a job; `None` for one that another, or nobody, made."""
    for owner in job.owner_references or ():
        if owner.kind == CRONJOB and owner.controller:
            return job.namespace, owner.name
    return None


def run_of(item: JobItem) -> Run:
    """How far a job has come.

    Raises:
        OverflowError: a time lies outside of the years that Python knows.
    """
    status = item.status or JobStatus()
    holds = {each.type: each for each in status.conditions or () if each.status == "True"}
    failed = holds.get("Failed")
    over = failed or holds.get("Complete")
    began = status.start_time or item.metadata.creation_timestamp
    ended = status.completion_time or (over.last_transition_time if over is not None else None)
    return Run(
        name=capped(item.metadata.name),
        state=_state_of(item, status, holds),
        reason=_reason(failed) if failed is not None else None,
        began_at=utc(began) if began is not None else None,
        ended_at=utc(ended) if ended is not None and over is not None else None,
        failed_pods=status.failed or 0,
    )


def _state_of(item: JobItem, status: JobStatus, holds: Mapping[str, Condition]) -> RunState:
    if "Failed" in holds:
        return RunState.FAILED
    if "Complete" in holds:
        return RunState.COMPLETE
    if item.spec.suspend or "Suspended" in holds:
        return RunState.SUSPENDED
    began = status.start_time is not None or status.active
    return RunState.RUNNING if began else RunState.WAITING


def _reason(failed: Condition) -> Raw | None:
    words = ": ".join(filter(None, (failed.reason, failed.message)))
    return capped(words) if words else None


def job_of(item: JobItem) -> Workload:
    """A job that no cron job made, without its pods.

    Raises:
        OverflowError: as of `run_of`.
    """
    return _batch(WorkloadKind.JOB, item.metadata, item.spec, runs=(run_of(item),))


def cron_job_of(item: CronJobItem, jobs: Iterable[JobItem] | None) -> Workload:
    """A cron job with its runs, without their pods.

    Args:
        jobs: those that it made; `None` where jobs are not known.

    Raises:
        OverflowError: as of `run_of`.
    """
    status, spec, made = item.status or CronJobStatus(), item.spec, item.metadata.creation_timestamp
    due = status.last_schedule_time
    since = due or made
    cron = Cron(
        schedule=capped(spec.schedule) if spec.schedule else None,
        suspended=bool(spec.suspend),
        waits=spec.concurrency_policy == "Forbid",
        active=len(status.active or ()),
        due_at=utc(due) if due is not None else None,
        succeeded_at=utc(status.last_successful_time) if status.last_successful_time else None,
        missed_after=missed_after(spec.schedule or "", utc(since) if since is not None else None),
    )
    template = spec.job_template.spec if spec.job_template is not None else None
    runs = None if jobs is None else newest_first(run_of(each) for each in jobs)
    return _batch(WorkloadKind.CRONJOB, item.metadata, template, runs=runs, cron=cron)


def newest_first(runs: Iterable[Run]) -> tuple[Run, ...]:
    """By when they were begun: of those that failed not everybody tells the end."""
    return tuple(sorted(runs, key=lambda one: one.began_at or _LONG_AGO, reverse=True))


def newest_pods_first(pods: Iterable[Pod]) -> tuple[Pod, ...]:
    """Those of many runs, by when they were begun; one that waits to be begun in front."""
    return tuple(sorted(pods, key=lambda one: one.started_at or _YET_TO_COME, reverse=True))


def _batch(
    kind: WorkloadKind,
    metadata: Metadata,
    spec: JobSpec | None,
    *,
    runs: tuple[Run, ...] | None,
    cron: Cron | None = None,
) -> Workload:
    template = spec.template.spec if spec is not None and spec.template is not None else None
    containers = (template.containers if template is not None else None) or ()
    created = metadata.creation_timestamp
    return Workload(
        name=capped(metadata.name),
        namespace=capped(metadata.namespace),
        kind=kind,
        images=tuple(capped(each.image) for each in containers if each.image),
        created_at=utc(created) if created is not None else None,
        runs=runs,
        cron=cron,
    )


class Batch:
    """The jobs and cron jobs of one list."""

    def __init__(self, crons: Sequence[CronJobItem], jobs: Sequence[JobItem]) -> None:
        self._crons = {(each.metadata.namespace, each.metadata.name): each for each in crons}
        self._made: dict[Place, list[JobItem]] = defaultdict(list)
        self._alone: list[JobItem] = []
        self._owners: dict[Place, tuple[WorkloadKind, str]] = {}
        for job in jobs:
            maker = maker_of(job.metadata)
            place = job.metadata.namespace, job.metadata.name
            if maker is None:
                self._alone.append(job)
                self._owners[place] = WorkloadKind.JOB, job.metadata.name
            else:
                self._made[maker].append(job)
                self._owners[place] = WorkloadKind.CRONJOB, maker[1]

    def workloads(self, *, jobs_known: bool) -> Iterator[Workload]:
        """A cron job stands for the jobs that it made: these are its history.

        Raises:
            OverflowError: as of `run_of`.
        """
        for place, cron in self._crons.items():
            yield cron_job_of(cron, self._made.get(place, []) if jobs_known else None)
        for job in self._alone:
            yield job_of(job)

    def owner_of(self, namespace: str, job: str) -> tuple[WorkloadKind, str] | None:
        """The workload that the pods of a job belong to; `None` for a job that is not there."""
        return self._owners.get((namespace, job))
