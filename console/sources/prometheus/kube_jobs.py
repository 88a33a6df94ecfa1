"""kube-state-metrics' series as jobs and cron jobs.

Source: its docs/metrics/workload/job-metrics.md and cronjob-metrics.md, 1.9 to 2.17, and its
internal/store/job.go: `kube_job_status_failed` counts pods, and is 1 at a `reason` where the
job as a whole has failed of that.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from console.model.query import Sample
from console.model.workload import Cron, Run, RunState, Workload, WorkloadKind
from console.sources.answer import capped
from console.sources.kubernetes.jobs import CRONJOB, newest_first
from console.sources.kubernetes.schedule import missed_after
from console.sources.prometheus.kube_pods import MAX_COUNT, moment_of, where_of

_OF_JOBS: Final = (
    "kube_job_created",
    "kube_job_owner",
    "kube_job_complete",
    "kube_job_failed",
    "kube_job_status_active",
    "kube_job_status_failed",
    "kube_job_status_start_time",
    "kube_job_status_completion_time",
    "kube_job_status_suspended",
)
_OF_CRON_JOBS: Final = (
    "kube_cronjob_info",
    "kube_cronjob_created",
    "kube_cronjob_spec_suspend",
    "kube_cronjob_status_active",
    "kube_cronjob_status_last_schedule_time",
    "kube_cronjob_status_last_successful_time",
    "kube_cronjob_next_schedule_time",
)
JOBS: Final = (
    "max by (__name__,cluster,namespace,exported_namespace,job_name,cronjob,owner_kind,owner_name,"
    "condition,reason,schedule,concurrency_policy) ("
    '{__name__=~"' + "|".join((*_OF_JOBS, *_OF_CRON_JOBS)) + '",condition=~"|true"})'
)
"""Of a condition only whether it holds is asked for."""

_Place = tuple[str, str, str]
"""Cluster, namespace and name."""


class ToldBatch(NamedTuple):
    """The jobs and cron jobs in one answer."""

    workloads: tuple[tuple[str, Workload], ...]
    """Each with its cluster, without its pods."""
    owners: Mapping[_Place, tuple[WorkloadKind, str]]
    """Of each job the workload that its pods belong to."""


class _Told:
    """What the series say of one job or cron job."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.labels: dict[str, str] = {}
        self.reasons: set[str] = set()


def batch_in(samples: Iterable[Sample]) -> ToldBatch:
    """The jobs and cron jobs in the answer to `JOBS`.

    A cron job stands for the jobs that it made: these are its history.
    """
    jobs: dict[_Place, _Told] = defaultdict(_Told)
    crons: dict[_Place, _Told] = defaultdict(_Told)
    for sample in samples:
        metric = sample.labels.exact("__name__")
        named, found = ("cronjob", crons) if metric in _OF_CRON_JOBS else ("job_name", jobs)
        name = sample.labels.exact(named)
        if name and math.isfinite(sample.value) and sample.value >= 0:
            _take(found[(*where_of(sample.labels), name)], metric, sample)
    made: dict[_Place, list[Run]] = defaultdict(list)
    owners: dict[_Place, tuple[WorkloadKind, str]] = {}
    told: list[tuple[str, Workload]] = []
    alone: list[tuple[str, Workload]] = []
    for place, job in jobs.items():
        cluster, namespace, name = place
        maker = job.labels.get("cronjob", "")
        run = _run(name, job)
        if maker:
            owners[place] = WorkloadKind.CRONJOB, maker
            made[cluster, namespace, maker].append(run)
        else:
            owners[place] = WorkloadKind.JOB, name
            alone.append((cluster, _workload(WorkloadKind.JOB, place, job, (run,))))
    # Cron jobs alone may be what an exporter is told to tell of.
    for place, cron in crons.items():
        runs = newest_first(made.get(place, ())) if jobs else None
        told.append((place[0], _workload(WorkloadKind.CRONJOB, place, cron, runs, _cron(cron))))
    return ToldBatch((*told, *alone), owners)


def _take(told: _Told, metric: str, sample: Sample) -> None:
    exact = sample.labels.exact
    match metric:
        case "kube_job_owner":
            if exact("owner_kind") == CRONJOB:
                told.labels["cronjob"] = exact("owner_name")
        case "kube_job_status_failed" if exact("reason"):
            if sample.value:
                told.reasons.add(exact("reason"))
        case "kube_cronjob_info":
            told.labels |= {name: exact(name) for name in ("schedule", "concurrency_policy")}
        case _:
            told.values[metric] = max(sample.value, told.values.get(metric, 0.0))


def _run(name: str, told: _Told) -> Run:
    values = told.values
    completed = moment_of(values.get("kube_job_status_completion_time"))
    began = moment_of(values.get("kube_job_status_start_time"))
    failed_pods = values.get("kube_job_status_failed")
    return Run(
        name=capped(name),
        state=_state_of(told),
        reason=capped(min(told.reasons)) if told.reasons else None,
        began_at=began or moment_of(values.get("kube_job_created")),
        ended_at=completed,
        failed_pods=int(min(failed_pods, MAX_COUNT)) if failed_pods is not None else None,
    )


def _state_of(told: _Told) -> RunState:
    values = told.values
    if values.get("kube_job_failed"):
        return RunState.FAILED
    if values.get("kube_job_complete"):
        return RunState.COMPLETE
    if values.get("kube_job_status_suspended"):
        return RunState.SUSPENDED
    began = values.get("kube_job_status_start_time") or values.get("kube_job_status_active")
    return RunState.RUNNING if began else RunState.WAITING


def _cron(told: _Told) -> Cron:
    values, schedule = told.values, told.labels.get("schedule", "")
    due = moment_of(values.get("kube_cronjob_status_last_schedule_time"))
    next_at = moment_of(values.get("kube_cronjob_next_schedule_time"))
    suspended = values.get("kube_cronjob_spec_suspend")
    active = values.get("kube_cronjob_status_active")
    policy = told.labels.get("concurrency_policy")
    since = due or moment_of(values.get("kube_cronjob_created"))
    return Cron(
        schedule=capped(schedule) if schedule else None,
        suspended=suspended > 0 if suspended is not None else None,
        waits=policy == "Forbid" if policy else None,
        active=int(min(active, MAX_COUNT)) if active is not None else None,
        due_at=due,
        succeeded_at=moment_of(values.get("kube_cronjob_status_last_successful_time")),
        missed_after=missed_after(schedule, since, next_at),
    )


def _workload(
    kind: WorkloadKind,
    place: _Place,
    told: _Told,
    runs: tuple[Run, ...] | None,
    cron: Cron | None = None,
) -> Workload:
    created = told.values.get(f"kube_{kind.value.lower()}_created")
    return Workload(
        name=capped(place[2]),
        namespace=capped(place[1]),
        kind=kind,
        created_at=moment_of(created),
        runs=runs,
        cron=cron,
    )
