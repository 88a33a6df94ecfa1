"""Jobs and cron jobs as `kubectl get -o json` prints them, of Kubernetes 1.21 and of 1.31."""

from __future__ import annotations

from typing import Any, Final

from tests.sources.kubernetes.objects import VERSIONS, Json, condition, container, metadata

IMAGE: Final = "shop/dump:4.1"


def cron_job(
    name: str = "backup",
    version: str = VERSIONS[-1],
    *,
    schedule: str = "0 2 * * *",
    due: str | None = "2026-11-22T02:00:00Z",
    succeeded: str | None = "2026-11-22T02:04:10Z",
    active: tuple[str, ...] = (),
    **spec: Any,
) -> Json:
    """A cron job of the namespace `shop`; before 1.21 it is of `batch/v1beta1`."""
    status: Json = {"lastScheduleTime": due, "lastSuccessfulTime": succeeded}
    status["active"] = [
        {"apiVersion": "batch/v1", "kind": "Job", "name": each, "namespace": "shop", "uid": "2"}
        for each in active
    ]
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata(name, version, generation=3, creationTimestamp="2026-03-01T09:00:00Z"),
        "spec": {
            "concurrencyPolicy": "Forbid",
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {
                "metadata": {"creationTimestamp": None},
                "spec": {"backoffLimit": 2, "template": _template(name)},
            },
            "schedule": schedule,
            "startingDeadlineSeconds": 600,
            "successfulJobsHistoryLimit": 3,
            "suspend": False,
            **spec,
        },
        "status": {key: value for key, value in status.items() if value},
    }


def job(
    name: str,
    version: str = VERSIONS[-1],
    *,
    of: str | None = None,
    began: str | None = "2026-11-22T02:00:00Z",
    ended: str = "2026-11-22T02:04:10Z",
    says: str = "Complete",
    reason: str = "",
    **status: Any,
) -> Json:
    """A job of the namespace `shop`, whole unless said otherwise.

    Args:
        of: the cron job that made it.
        says: the condition that holds; empty while it runs.
    """
    conditions = [_condition(says, reason, ended)] if says else []
    if version == VERSIONS[-1] and says in ("Complete", "Failed"):
        # Newer versions say before what is to come.
        soon = "SuccessCriteriaMet" if says == "Complete" else "FailureTarget"
        conditions.insert(0, _condition(soon, reason, ended))
        status |= {"ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}
    told: Json = {"conditions": conditions, "startTime": began, **status}
    if says == "Complete":
        told |= {"completionTime": ended, "succeeded": 1}
    content = metadata(
        name,
        version,
        creationTimestamp=began or "2026-11-22T02:00:00Z",
        labels={"job-name": name},
        ownerReferences=None if of is None else [_owner(of)],
    )
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": content,
        "spec": {
            "backoffLimit": 2,
            "completionMode": "NonIndexed",
            "completions": 1,
            "parallelism": 1,
            "selector": {"matchLabels": {"controller-uid": "9f"}},
            "suspend": says == "Suspended",
            "template": _template(name),
        },
        "status": {key: value for key, value in told.items() if value not in (None, [])},
    }


def _owner(cron: str) -> Json:
    return {
        "apiVersion": "batch/v1",
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": "CronJob",
        "name": cron,
        "uid": "2f77e996-b2d8-45bd-a99e-4c16a353d4c4",
    }


def _condition(kind: str, reason: str, at: str) -> Json:
    message = "Job has reached the specified backoff limit" if reason else ""
    return condition(kind, "True", reason, message) | {
        "lastProbeTime": at,
        "lastTransitionTime": at,
    }


def _template(name: str) -> Json:
    return {
        "metadata": {"creationTimestamp": None, "labels": {"job-name": name}},
        "spec": {"containers": [container("dump", IMAGE)], "restartPolicy": "Never"},
    }
