"""The demo's nightly export: a cron job of the cluster with its last jobs, in the API's shape."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from console.demo.inventory import K8S_HOST, age_s
from console.demo.machines.docker import table
from console.demo.machines.lives import hex_of
from console.demo.machines.loglines import Line
from console.demo.machines.moments import seconds, short
from console.demo.machines.pods import REGISTRY
from console.demo.world import World

NAME = "catalog-export"
NAMESPACE = "shop"
SCHEDULE = "0 2 * * *"
_IMAGE = f"{REGISTRY}/{NAME}:4.0.7"
_KEPT = 3
_LASTS = timedelta(minutes=4, seconds=12)


class NightlyRun(msgspec.Struct, frozen=True):
    """One night's job. It is well in every scenario."""

    began: datetime
    ended: datetime

    @property
    def job(self) -> str:
        """Its name: behind the cron job's stands the minute for which it was due."""
        return f"{NAME}-{int(self.began.timestamp()) // 60}"

    @property
    def pod(self) -> str:
        """The name of its only pod."""
        return f"{self.job}-{hex_of(self.job, 5)}"


def runs_of(world: World, namespace: str | None) -> list[NightlyRun]:
    """The runs that are kept, the newest first; none in another namespace."""
    if namespace not in (None, NAMESPACE):
        return []
    # The newest that has ended: nobody has to see it run.
    newest = (world.now() - _LASTS).replace(hour=2, minute=0, second=0, microsecond=0)
    if newest > world.now() - _LASTS:
        newest -= timedelta(days=1)
    nights = (newest - timedelta(days=back) for back in range(_KEPT))
    return [NightlyRun(began, began + _LASTS) for began in nights]


def cron_job_json(world: World) -> dict[str, object]:
    """The cron job as `-o json` has it."""
    newest = runs_of(world, None)[0]
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _metadata(NAME, world.wall(-age_s(NAME)), generation=1),
        "spec": {
            "schedule": SCHEDULE, "timeZone": "Etc/UTC", "suspend": False,
            "concurrencyPolicy": "Forbid", "successfulJobsHistoryLimit": _KEPT,
            "failedJobsHistoryLimit": 1, "jobTemplate": {"spec": _spec()},
        },
        "status": {
            "lastScheduleTime": seconds(newest.began),
            "lastSuccessfulTime": seconds(newest.ended),
        },
    }  # fmt: skip


def job_json(run: NightlyRun) -> dict[str, object]:
    """One of its jobs as `-o json` has it."""
    held = {"status": "True", "lastTransitionTime": seconds(run.ended),
            "lastProbeTime": seconds(run.ended), "reason": "CompletionsReached"}  # fmt: skip
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": NAME, "controller": True}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(run.job, run.began, ownerReferences=[owner]),
        "spec": _spec(),
        "status": {
            "startTime": seconds(run.began), "completionTime": seconds(run.ended),
            "succeeded": 1, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {},
            "conditions": [held | {"type": "SuccessCriteriaMet"}, held | {"type": "Complete"}],
        },
    }  # fmt: skip


def run_pod_json(run: NightlyRun) -> dict[str, object]:
    """The pod of one of its jobs as `-o json` has it."""
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": run.job, "controller": True}
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": seconds(run.began),
             "finishedAt": seconds(run.ended)}  # fmt: skip
    spec: dict[str, object] = {"nodeName": K8S_HOST, **_pod_spec()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(run.pod, run.began, ownerReferences=[owner]),
        "spec": spec,
        "status": {
            "phase": "Succeeded",
            "startTime": seconds(run.began),
            "conditions": [{"type": "Ready", "status": "False", "reason": "PodCompleted"}],
            "containerStatuses": [
                {"name": NAME, "image": _IMAGE, "ready": False, "started": False,
                 "restartCount": 0, "state": {"terminated": ended}, "lastState": {}},
            ],
        },
    }  # fmt: skip


def log_of(world: World, run: NightlyRun) -> list[Line]:
    """What the pod of one run has written."""
    told = (
        (1, "INFO export of the catalog begins, 3 parts"),
        (70, "INFO part 1 of 3 written, 41,210 products"),
        (141, "INFO part 2 of 3 written, 40,887 products"),
        (214, "INFO part 3 of 3 written, 41,034 products"),
        (251, "INFO done, 123,131 products in 4m11s"),
    )
    began_s = world.script_s(run.began.timestamp())
    return [Line(began_s + after_s, 6, text) for after_s, text in told]


def cron_job_table(world: World, *, spaced: bool) -> str:
    """`kubectl get cronjobs`."""
    newest = runs_of(world, None)[0]
    ago = short((world.now() - newest.began).total_seconds())
    age = short((world.now() - world.wall(-age_s(NAME))).total_seconds())
    head = ("NAMESPACE", "NAME", "SCHEDULE", "TIMEZONE", "SUSPEND", "ACTIVE", "LAST SCHEDULE")
    rows = [(*head, "AGE"),
            (NAMESPACE, NAME, SCHEDULE, "Etc/UTC", "False", "0", ago, age)]  # fmt: skip
    return table([row if spaced else row[1:] for row in rows])


def job_table(world: World, runs: Sequence[NightlyRun], *, spaced: bool) -> str:
    """`kubectl get jobs`."""
    rows = [("NAMESPACE", "NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE")]
    for run in reversed(runs):
        lasted = short((run.ended - run.began).total_seconds())
        age = short((world.now() - run.began).total_seconds())
        rows.append((NAMESPACE, run.job, "Complete", "1/1", lasted, age))
    return table([row if spaced else row[1:] for row in rows]) if runs else ""


def _metadata(name: str, made: datetime, **more: object) -> dict[str, object]:
    return {
        "name": name, "namespace": NAMESPACE, "creationTimestamp": seconds(made),
        "labels": {"app": NAME, "team": "search"}, "uid": hex_of("batch " + name, 32), **more,
    }  # fmt: skip


def _spec() -> dict[str, object]:
    return {"backoffLimit": 2, "completions": 1, "template": {"spec": _pod_spec()}}


def _pod_spec() -> dict[str, object]:
    return {"containers": [{"name": NAME, "image": _IMAGE}], "restartPolicy": "Never"}
