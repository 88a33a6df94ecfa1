"""What Kubernetes says of what runs in it."""

from __future__ import annotations

import enum
from datetime import datetime

import msgspec

from console.safety.text import Raw


class WorkloadKind(enum.StrEnum):
    DEPLOYMENT = "Deployment"
    STATEFULSET = "StatefulSet"
    DAEMONSET = "DaemonSet"
    CRONJOB = "CronJob"
    JOB = "Job"

    @property
    def is_batch(self) -> bool:
        """Whether it runs to an end, and so is judged by its runs and not by its replicas."""
        return self in (WorkloadKind.CRONJOB, WorkloadKind.JOB)


class Pod(msgspec.Struct, frozen=True):
    """One pod of a workload."""

    name: Raw
    namespace: Raw
    phase: Raw
    """`Running`, `Pending`, `Failed`, `Succeeded`, `Unknown`."""
    ready: bool | None = None
    node: Raw | None = None
    reason: Raw | None = None
    """Why it is not well: `CrashLoopBackOff`, `ImagePullBackOff`, `OOMKilled`, `Evicted`."""
    message: Raw | None = None
    """What Kubernetes says beside `reason`: `0/3 nodes are available: insufficient memory`."""
    last_reason: Raw | None = None
    """Why its last terminated container ended: `OOMKilled`, `Error`, `Completed`."""
    ended_at: datetime | None = None
    """When that was."""
    exit_code: int | None = None
    """Of its last terminated container."""
    restarts: int = 0
    started_at: datetime | None = None
    images: tuple[Raw, ...] = ()


class RunState(enum.StrEnum):
    """How far a job has come. What has been told to fail and still ends its pods runs."""

    WAITING = "waiting"
    """No controller has begun it yet."""
    RUNNING = "running"
    SUSPENDED = "suspended"
    COMPLETE = "complete"
    FAILED = "failed"


class Run(msgspec.Struct, frozen=True):
    """One job: itself, or one of those that a cron job made."""

    name: Raw
    state: RunState
    reason: Raw | None = None
    """Why it failed, `BackoffLimitExceeded: Job has reached the specified backoff limit`."""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    """kube-state-metrics tell it only of those that are complete."""
    failed_pods: int | None = None

    @property
    def is_over(self) -> bool:
        return self.state in (RunState.COMPLETE, RunState.FAILED)


class Cron(msgspec.Struct, frozen=True):
    """When a cron job begins its runs."""

    schedule: Raw | None = None
    """`0 2 * * *`."""
    suspended: bool | None = None
    waits: bool | None = None
    """It begins none while another one runs (`concurrencyPolicy: Forbid`)."""
    active: int | None = None
    """Runs that it counts as going on."""
    due_at: datetime | None = None
    """When it began its last run by its schedule; `None`: never, or not told."""
    succeeded_at: datetime | None = None
    """When a run of it last ended well; versions before 1.21 do not tell."""
    missed_after: datetime | None = None
    """From then on a run that has not begun was missed: one whole interval of its schedule
    after it was due. `None`: its schedule cannot be read."""


class Workload(msgspec.Struct, frozen=True):
    """What Kubernetes keeps running or runs to an end, with its pods where they are known."""

    name: Raw
    namespace: Raw
    kind: WorkloadKind
    desired: int | None = None
    """`None`: not known, for instance because one of the series is missing."""
    ready: int | None = None
    available: int | None = None
    updated: int | None = None
    """Pods of the newest revision; fewer than desired while a rollout goes on."""
    paused: bool = False
    reason: Raw | None = None
    """A condition that says no, `ProgressDeadlineExceeded: …`."""
    images: tuple[Raw, ...] = ()
    pods: tuple[Pod, ...] | None = None
    """`None`: not known."""
    created_at: datetime | None = None
    runs: tuple[Run, ...] | None = None
    """Of a job the one that it is; of a cron job those that are still there, the newest first.
    `None`: not known, and of all other kinds."""
    cron: Cron | None = None
    """Of a cron job."""

    @property
    def last_over(self) -> Run | None:
        """Its newest run that has ended; `None`: none is known."""
        return next((one for one in self.runs or () if one.is_over), None)

    @property
    def is_done(self) -> bool:
        """Whether it is a job that has nothing more to do and did not fail."""
        return self.kind is WorkloadKind.JOB and any(
            one.state is RunState.COMPLETE for one in self.runs or ()
        )


class Stray(msgspec.Struct, frozen=True):
    """Pods whose controller is of a kind that is not read, or that have none."""

    namespace: Raw
    name: Raw
    """What somebody may call it: the controller, what that was made by, or the pod itself."""
    kind: Raw
    """Of the controller, `ReplicaSet`; `Pod` where it has none."""
