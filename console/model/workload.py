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


class Workload(msgspec.Struct, frozen=True):
    """A deployment, stateful set or daemon set, with its pods where they are known."""

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
