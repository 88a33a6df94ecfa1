"""Jobs and cron jobs by `kubectl` and by kube-state-metrics: their runs, and what missed one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from console.fleet.batch import batch_verdict
from console.model.labels import Labels
from console.model.probe import Verdict
from console.model.query import Sample
from console.model.workload import Run, RunState, Workload, WorkloadKind
from console.safety.text import Raw
from console.sources.kubernetes.decode import Decoded, decoded_list, with_pods
from console.sources.kubernetes.schedule import longest_gap, missed_after
from console.sources.prometheus import kube_decode
from console.sources.prometheus.kube_decode import ToldWorkload, strays_in
from console.sources.prometheus.kube_jobs import batch_in
from console.sources.prometheus.kube_pods import pods_in
from tests.sources.kubernetes import objects
from tests.sources.kubernetes.batch import IMAGE, cron_job, job

NOW = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)
TODAY, YESTERDAY = "backup-29400600", "backup-29399160"


async def listed(*items: dict[str, Any], version: str = objects.VERSIONS[-1]) -> Decoded:
    return await decoded_list(objects.printed(objects.listing(list(items), version)))


async def told(*items: dict[str, Any], version: str = objects.VERSIONS[-1]) -> list[Workload]:
    return list(with_pods(await listed(*items, version=version)))


def said(one: Workload, at: datetime = NOW) -> str:
    verdict, words = batch_verdict(one, at, "")
    return f"{verdict.value}: {words}"


@pytest.mark.parametrize("version", objects.VERSIONS)
async def test_a_cron_job_stands_for_its_jobs_and_their_pods(version: str) -> None:
    pods = [
        objects.pod(
            f"{run}-x", version, of=("Job", run), phase="Succeeded", status={"startTime": at}
        )
        for run, at in ((YESTERDAY, "2026-11-21T02:00:01Z"), (TODAY, "2026-11-22T02:00:01Z"))
    ]
    (backup,) = await told(
        cron_job(version=version),
        job(YESTERDAY, version, of="backup", began="2026-11-21T02:00:00Z"),
        job(TODAY, version, of="backup"),
        *pods,
        version=version,
    )
    assert (backup.kind, backup.name) == (WorkloadKind.CRONJOB, Raw("backup"))
    assert [run.name.exact for run in backup.runs or ()] == [TODAY, YESTERDAY]
    assert [pod.name.exact for pod in backup.pods or ()] == [f"{TODAY}-x", f"{YESTERDAY}-x"]
    assert backup.images == (Raw(IMAGE),) and backup.desired is None
    assert batch_verdict(backup, NOW, "")[0] is Verdict.HEALTHY
    assert "schedule 0 2 * * *" in said(backup)


FAILED = {"says": "Failed", "reason": "BackoffLimitExceeded"}
RUNS = {"says": "", "active": 1}


@pytest.mark.parametrize(
    ("cron", "jobs", "verdict", "words"),
    [
        ({}, [{}], Verdict.HEALTHY, "last run complete"),
        ({}, [FAILED], Verdict.UNHEALTHY, f"{TODAY} failed"),
        ({"succeeded": "2026-11-21T02:04:00Z"}, [FAILED],
         Verdict.UNHEALTHY, "BackoffLimitExceeded"),
        ({"succeeded": "2026-11-21T02:04:00Z", "suspend": True}, [FAILED],
         Verdict.UNHEALTHY, "suspended"),
        # Of those that end well none is kept; the one that failed before is.
        ({"successfulJobsHistoryLimit": 0}, [{**FAILED, "ended": "2026-11-20T02:04:00Z"}],
         Verdict.HEALTHY, "last run complete"),
        # Those that fail are not kept, and what ended well before is.
        ({"succeeded": "2026-11-21T02:04:00Z"}, [{"began": "2026-11-21T02:00:00Z"}],
         Verdict.NO_ANSWER, "ended is not known"),
        ({"succeeded": "2026-11-21T02:04:00Z", "active": (TODAY,)}, [RUNS],
         Verdict.HEALTHY, "runs since"),
        ({"due": None, "succeeded": None}, [], Verdict.UNHEALTHY, "missed its runs, none ever"),
        ({"due": None, "succeeded": None, "schedule": "0 0 1 1 *"}, [],
         Verdict.HEALTHY, "has not run yet"),
        ({"due": "2026-11-20T02:00:00Z"}, [{"began": "2026-11-20T02:00:00Z"}],
         Verdict.UNHEALTHY, "missed its runs, none since"),
        ({"due": "2026-11-21T02:00:00Z"}, [{"began": "2026-11-21T02:00:00Z"}],
         Verdict.HEALTHY, "last run complete"),
        ({"due": "2026-11-20T02:00:00Z", "suspend": True}, [{"began": "2026-11-20T02:00:00Z"}],
         Verdict.HEALTHY, "suspended"),
        ({"due": "2026-11-20T02:00:00Z", "suspend": True, "succeeded": None}, [],
         Verdict.HEALTHY, "no run of it is left, suspended"),
        # With `Forbid` none may begin while one runs.
        ({"due": "2026-11-20T02:00:00Z", "active": (TODAY,)},
         [{**RUNS, "began": "2026-11-20T02:00:00Z"}], Verdict.HEALTHY, "runs since"),
        ({"due": "2026-11-20T02:00:00Z", "active": (TODAY,), "concurrencyPolicy": "Allow"},
         [{**RUNS, "began": "2026-11-20T02:00:00Z"}], Verdict.UNHEALTHY, "missed its runs"),
        ({"schedule": "when the moon is full"}, [{}], Verdict.NO_ANSWER, "cannot be told"),
        ({"active": ("a", "b", "c", "d"), "succeeded": "2026-10-27T02:00:00Z",
          "concurrencyPolicy": "Allow"}, [], Verdict.NO_ANSWER, "4 runs at once"),
    ],
)  # fmt: skip
async def test_a_cron_job_is_judged_by_its_newest_run_and_its_schedule(
    cron: dict[str, Any], jobs: list[dict[str, Any]], verdict: Verdict, words: str
) -> None:
    (backup,) = await told(cron_job(**cron), *(job(TODAY, of="backup", **each) for each in jobs))
    assert said(backup).startswith(f"{verdict.value}: ")
    assert words in said(backup)


@pytest.mark.parametrize(
    ("of", "verdict", "words"),
    [
        ({}, Verdict.HEALTHY, "complete"),
        (RUNS, Verdict.HEALTHY, "runs since"),
        ({**RUNS, "failed": 2}, Verdict.HEALTHY, "2 of its pods failed"),
        (FAILED, Verdict.UNHEALTHY, "BackoffLimitExceeded: Job has reached"),
        ({"says": "Failed", "reason": "DeadlineExceeded"}, Verdict.UNHEALTHY, "DeadlineExceeded"),
        ({"says": "Suspended"}, Verdict.HEALTHY, "suspended"),
        ({"says": "", "began": None}, Verdict.NO_ANSWER, "no controller has begun it"),
        ({"says": "FailureTarget", "reason": "x"}, Verdict.HEALTHY, "runs since"),
    ],
)
async def test_a_job_is_judged_by_how_it_ended(
    of: dict[str, Any], verdict: Verdict, words: str
) -> None:
    (migrate,) = await told(job("migrate", **of))
    assert migrate.kind is WorkloadKind.JOB
    assert said(migrate).startswith(f"{verdict.value}: ") and words in said(migrate)


async def test_jobs_that_are_not_told_leave_their_cron_job_in_doubt() -> None:
    body = objects.printed(objects.listing([cron_job(succeeded="2026-11-21T02:04:00Z")]))
    (backup,) = (await decoded_list(body, jobs_known=False)).workloads
    assert backup.runs is None
    assert said(backup).startswith(Verdict.NO_ANSWER.value) and "its jobs are not told" in said(
        backup
    )
    body = objects.printed(objects.listing([cron_job()]))
    (backup,) = (await decoded_list(body, jobs_known=False)).workloads
    assert said(backup).startswith(Verdict.HEALTHY.value)


async def test_pods_of_what_is_not_read_are_known_by_every_name_that_they_may_go_by() -> None:
    found = await listed(
        objects.pod("web-5d4f8c7b9d-x", of=("ReplicaSet", "web-5d4f8c7b9d")),
        objects.pod("queue-x", of=("ReplicaSet", "queue")),
        objects.pod("toolbox"),
        objects.pod(f"{TODAY}-x", of=("Job", TODAY)),
        objects.deployment("cart"),
        objects.pod("cart-5d4f8c7b9d-x", of=("ReplicaSet", "cart-5d4f8c7b9d")),
    )
    assert {(each.name.exact, each.kind.exact) for each in found.strays} == {
        ("web-5d4f8c7b9d", "ReplicaSet"),
        ("web", "ReplicaSet"),
        ("queue", "ReplicaSet"),
        ("toolbox", "Pod"),
        (TODAY, "Job"),
        ("backup", "Job"),
    }


async def test_a_list_that_the_server_wrote_as_null_is_empty() -> None:
    found = await decoded_list(b'{"kind": "CronJobList", "apiVersion": "batch/v1", "items": null}')
    assert found.workloads == ()


# kube-state-metrics

UNIX = int(NOW.timestamp())
NIGHT = UNIX - 72 * 60


def sample(name: str, value: float, **labels: str) -> Sample:
    return Sample(Labels({"__name__": name, "namespace": "shop", **labels}), NOW, value)


def cron_series(**more: float) -> list[Sample]:
    values = {
        "spec_suspend": 0, "status_active": 0, "created": UNIX - 9_000_000,
        "status_last_schedule_time": NIGHT, "status_last_successful_time": NIGHT + 250,
        "next_schedule_time": NIGHT + 86_400, **more,
    }  # fmt: skip
    info = sample("kube_cronjob_info", 1, cronjob="backup", schedule="0 2 * * *",
                  concurrency_policy="Forbid")  # fmt: skip
    told = [sample(f"kube_cronjob_{name}", value, cronjob="backup")
            for name, value in values.items()]  # fmt: skip
    return [info, *told]


def job_series(name: str, *, made: bool = True, **states: float) -> list[Sample]:
    owner = {"owner_kind": "CronJob", "owner_name": "backup"} if made else {"owner_kind": ""}
    values = {"created": NIGHT, "status_start_time": NIGHT, "status_active": 0, **states}
    found = [sample(f"kube_job_{each}", value, job_name=name) for each, value in values.items()]
    return [*found, sample("kube_job_owner", 1, job_name=name, **owner)]


def failed_series(name: str, *, made: bool = True) -> list[Sample]:
    why = {"job_name": name, "reason": "BackoffLimitExceeded"}
    held = sample("kube_job_failed", 1, job_name=name, condition="true")
    return [*job_series(name, made=made), held, sample("kube_job_status_failed", 1, **why)]


@pytest.mark.parametrize(
    ("series", "verdict", "words"),
    [
        ([*cron_series(), *job_series(TODAY, complete=1)], Verdict.HEALTHY, "last run complete"),
        ([*cron_series(status_last_successful_time=NIGHT - 86_000), *failed_series(TODAY)],
         Verdict.UNHEALTHY, "BackoffLimitExceeded"),
        ([*cron_series(next_schedule_time=UNIX - 90_000), *job_series(TODAY, complete=1)],
         Verdict.UNHEALTHY, "missed its runs"),
        ([*cron_series(next_schedule_time=UNIX - 80_000), *job_series(TODAY, complete=1)],
         Verdict.HEALTHY, "last run complete"),
        ([*cron_series(spec_suspend=1, next_schedule_time=UNIX - 90_000),
          *job_series(TODAY, complete=1)], Verdict.HEALTHY, "suspended"),
        ([*cron_series(status_last_successful_time=NIGHT - 86_000),
          *job_series(TODAY, status_active=1)], Verdict.HEALTHY, "runs since"),
        # An exporter that is told to leave jobs out.
        (cron_series(status_last_successful_time=NIGHT - 86_000), Verdict.NO_ANSWER, "not told"),
        ([one for one in cron_series() if "suspend" not in one.labels.exact("__name__")],
         Verdict.NO_ANSWER, "whether it is suspended"),
        (failed_series("migrate", made=False), Verdict.UNHEALTHY, "BackoffLimitExceeded"),
        (job_series("migrate", made=False, complete=1), Verdict.HEALTHY, "complete"),
        (job_series("migrate", made=False, status_active=1), Verdict.HEALTHY, "runs since"),
        (job_series("migrate", made=False, status_start_time=0), Verdict.NO_ANSWER, "has begun"),
    ],
)  # fmt: skip
def test_the_metrics_tell_the_same_story(
    series: list[Sample], verdict: Verdict, words: str
) -> None:
    ((_, one),) = batch_in(series).workloads
    assert said(one).startswith(f"{verdict.value}: ") and words in said(one)


def test_pods_of_jobs_in_the_metrics_are_those_of_their_cron_job() -> None:
    batch = batch_in([*cron_series(), *job_series(TODAY, complete=1)])
    pods = pods_in(
        [
            sample(
                "kube_pod_info", 1, pod=f"{TODAY}-x", created_by_kind="Job", created_by_name=TODAY
            ),
            sample(
                "kube_pod_info", 1, pod="web-x", created_by_kind="Rollout", created_by_name="web"
            ),
            sample(
                "kube_pod_info", 1, pod="alone", created_by_kind="<none>", created_by_name="<none>"
            ),
        ],
        (),
    )
    found = [ToldWorkload(*each) for each in batch.workloads]
    (backup,) = kube_decode.with_pods(found, pods, batch.owners)
    assert [pod.name.exact for pod in backup.pods or ()] == [f"{TODAY}-x"]
    strays = strays_in(found, pods, batch.owners)
    assert [(each.name.exact, each.kind.exact) for each in strays] == [
        ("web", "Rollout"), ("alone", "Pod"),
    ]  # fmt: skip


# The schedule


@pytest.mark.parametrize(
    ("schedule", "gap"),
    [
        ("0 2 * * *", timedelta(days=1)),
        ("*/5 * * * *", timedelta(minutes=5)),
        ("5/25 * * * ?", timedelta(minutes=25)),
        ("0 9-17 * * MON-FRI", timedelta(days=2, hours=16)),
        ("30 1,13 * * *", timedelta(hours=12)),
        ("0 0 1 * *", timedelta(days=31)),
        ("0 0 29 feb *", timedelta(days=1461)),
        ("0 0 1 * 1", timedelta(days=7)),
        ("@daily", timedelta(days=1)),
        ("@every 1h30m", timedelta(minutes=90)),
        ("CRON_TZ=Asia/Tokyo 0 2 * * *", timedelta(days=1)),
        ("TZ=UTC @hourly", timedelta(hours=1)),
    ],
)
def test_how_long_it_may_be_from_one_run_to_the_next(schedule: str, gap: timedelta) -> None:
    assert longest_gap(schedule) == gap


@pytest.mark.parametrize(
    "schedule",
    ["", "0 2 * *", "61 * * * *", "0 0 31 2 *", "*/0 * * * *", "5-2 * * * *", "@reboot",
     "0 0 * * 7", "@every 0s", "a * * * *", "0 0 1-x * *", "* * * * * *"],
)  # fmt: skip
def test_a_schedule_that_cannot_be_read_is_not_guessed_at(schedule: str) -> None:
    assert longest_gap(schedule) is None
    assert missed_after(schedule, NOW) is None


def test_a_run_is_missed_one_interval_after_it_was_due_and_minutes_are_not_counted() -> None:
    assert missed_after("0 2 * * *", NOW) == NOW + timedelta(days=2)
    assert missed_after("* * * * *", NOW) == NOW + timedelta(minutes=6)
    assert missed_after("?", NOW, NOW + timedelta(hours=1)) == NOW + timedelta(hours=2)
    assert missed_after("0 2 * * *", None) is None


def test_a_run_that_is_over_is_told_from_one_that_is_not() -> None:
    over = [state for state in RunState if Run(Raw("x"), state).is_over]
    assert over == [RunState.COMPLETE, RunState.FAILED]
