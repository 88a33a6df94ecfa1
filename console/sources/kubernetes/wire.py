"""Kubernetes' objects as its API writes them, in as much of their shape as is read.

Source: the API reference, `apps/v1`, `batch/v1` and `core/v1`, of 1.21 to 1.31; a cron job of
`batch/v1beta1` has the same fields less those that came later. What is not named here is passed
over.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from console.sources.answer import Time

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Moment = Time | None
Words = dict[str, str] | None


class Owner(msgspec.Struct, gc=False):
    kind: str
    name: str
    controller: bool | None = None


class Metadata(msgspec.Struct, rename="camel"):
    name: str
    namespace: str = ""
    generation: int | None = None
    creation_timestamp: Moment = None
    deletion_timestamp: Moment = None
    labels: Words = None
    owner_references: list[Owner] | None = None


class Condition(msgspec.Struct, rename="camel", gc=False):
    type: str
    status: str
    reason: str | None = None
    message: str | None = None
    last_transition_time: Moment = None


class Container(msgspec.Struct, rename="camel"):
    name: str
    image: str | None = None
    restart_policy: str | None = None
    """`Always` for a sidecar among the init containers, from 1.28 on."""


class _PodTemplateSpec(msgspec.Struct):
    containers: list[Container] | None = None


class _Template(msgspec.Struct):
    spec: _PodTemplateSpec | None = None


class _Selector(msgspec.Struct, rename="camel"):
    match_labels: Words = None


class WorkloadSpec(msgspec.Struct):
    """Of a deployment, a stateful set or a daemon set; the last has no `replicas`."""

    replicas: Count | None = None
    paused: bool | None = None
    template: _Template | None = None
    selector: _Selector | None = None


class WorkloadStatus(msgspec.Struct, rename="camel"):
    """All three kinds in one: no name means two things. A number that is 0 is left out by
    most of them, and by which ones differs from version to version."""

    observed_generation: int | None = None
    ready_replicas: Count | None = None
    available_replicas: Count | None = None
    updated_replicas: Count | None = None
    desired_number_scheduled: Count | None = None
    number_ready: Count | None = None
    number_available: Count | None = None
    updated_number_scheduled: Count | None = None
    conditions: list[Condition] | None = None


class WorkloadItem(msgspec.Struct):
    """A deployment, a stateful set or a daemon set."""

    metadata: Metadata
    spec: WorkloadSpec
    status: WorkloadStatus | None = None


class JobSpec(msgspec.Struct):
    suspend: bool | None = None
    template: _Template | None = None


class JobStatus(msgspec.Struct, rename="camel"):
    """Of these counts what is 0 is left out."""

    active: Count | None = None
    failed: Count | None = None
    start_time: Moment = None
    completion_time: Moment = None
    conditions: list[Condition] | None = None


class JobItem(msgspec.Struct):
    metadata: Metadata
    spec: JobSpec
    status: JobStatus | None = None


class _JobTemplate(msgspec.Struct):
    spec: JobSpec | None = None


class CronJobSpec(msgspec.Struct, rename="camel"):
    schedule: str | None = None
    suspend: bool | None = None
    concurrency_policy: str | None = None
    job_template: _JobTemplate | None = None


class _Named(msgspec.Struct, gc=False):
    name: str | None = None


class CronJobStatus(msgspec.Struct, rename="camel"):
    active: list[_Named] | None = None
    last_schedule_time: Moment = None
    last_successful_time: Moment = None


class CronJobItem(msgspec.Struct):
    metadata: Metadata
    spec: CronJobSpec
    status: CronJobStatus | None = None


class Waiting(msgspec.Struct, gc=False):
    reason: str | None = None
    message: str | None = None


class Terminated(msgspec.Struct, rename="camel", gc=False):
    exit_code: int
    signal: int | None = None
    reason: str | None = None
    message: str | None = None
    finished_at: Moment = None


class ContainerState(msgspec.Struct):
    """One of the three is there; none means that it waits."""

    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(msgspec.Struct, rename="camel"):
    name: str
    restart_count: Count = 0
    ready: bool = False
    started: bool | None = None
    state: ContainerState | None = None
    last_state: ContainerState | None = None


class PodSpec(msgspec.Struct, rename="camel"):
    node_name: str | None = None
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None


class PodStatus(msgspec.Struct, rename="camel"):
    phase: str | None = None
    reason: str | None = None
    message: str | None = None
    start_time: Moment = None
    conditions: list[Condition] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    container_statuses: list[ContainerStatus] | None = None


class PodItem(msgspec.Struct):
    metadata: Metadata
    spec: PodSpec
    status: PodStatus | None = None
