"""One look at a Kubernetes cluster by `kubectl`."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from datetime import timedelta
from typing import Final

import msgspec

from config.schema import KubernetesSource
from console.model.failure import Failure
from console.model.reading import KubernetesReading
from console.model.workload import Stray, Workload
from console.safety.clock import Clock, Instant
from console.safety.ssh import Command, SshResult
from console.safety.text import Raw, visible
from console.sources.answer import Unusable
from console.sources.fault import failure_of
from console.sources.kubernetes import errors
from console.sources.kubernetes.decode import decoded_list, server_version, with_pods
from console.sources.kubernetes.settings import (
    JOBS,
    KINDS,
    PODS,
    list_command,
    version_command,
)
from console.sources.reach import Reach

AT_ONCE: Final = 2
"""Of the namespaces that are asked for one by one."""
SELDOM_EVERY: Final = 20
"""Rounds between looks at the server's version, and between tries to get pods that were too
many."""
ALL: Final = "workloads"


class _Look(msgspec.Struct, frozen=True):
    """What one command told."""

    workloads: tuple[Workload, ...] | Failure
    pods: Failure | None = None
    missing: tuple[Failure, ...] = ()
    strays: tuple[Stray, ...] = ()


class KubectlPoller:
    """A cluster that is asked through `kubectl`, here or on a host. It only ever reads."""

    def __init__(self, source: KubernetesSource, reach: Reach, clock: Clock) -> None:
        self.name = source.name
        self.interval: timedelta = source.interval
        self._source = source
        self._reach = reach
        self._clock = clock
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._version: Raw | None = None
        self._without_pods: dict[str | None, int] = {}
        """Namespaces whose pods were too many, and the round in which they are tried again."""

    @property
    def key(self) -> str:
        """Unique among all sources: its name."""
        return self.name

    async def poll(self, round: int) -> KubernetesReading:  # noqa: A002 - all sources agree on it
        """Ask for everything; each namespace and each kind fails for itself. Raises nothing."""
        before = self._clock.now()
        namespaces: tuple[str | None, ...] = self._source.namespaces or (None,)
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._look(each, round)) for each in namespaces]
            if round % SELDOM_EVERY == 0:
                group.create_task(self._look_at_version())
        looks = [each.result() for each in asked]
        told = [each.workloads for each in looks if isinstance(each.workloads, tuple)]
        failed = [each.workloads for each in looks if isinstance(each.workloads, Failure)]
        at = self._clock.now()
        return KubernetesReading(
            source=self.name,
            at=at,
            took=at.since(before),
            workloads=tuple(itertools.chain.from_iterable(told)) if told else failed[0],
            namespaces=self._source.namespaces,
            pods=next((each.pods for each in looks if each.pods is not None), None),
            missing=(
                *(failed if told else ()),
                *itertools.chain.from_iterable(each.missing for each in looks),
            ),
            version=self._version,
            strays=tuple(itertools.chain.from_iterable(each.strays for each in looks)),
        )

    def unread(self, failure: Failure, at: Instant) -> tuple[KubernetesReading, ...]:
        """What a poll gives of which nothing is known but `failure`."""
        told = msgspec.structs.replace(failure, part="workloads")
        return (KubernetesReading(source=self.name, at=at, took=timedelta(0), workloads=told),)

    async def _look(self, namespace: str | None, round: int) -> _Look:  # noqa: A002
        command = list_command(self._source, namespace, pods=True)
        try:
            if round >= self._without_pods.get(namespace, 0):
                result = await self._run(command)
                if not result.truncated:
                    return await self._read(namespace, command, result)
                self._without_pods[namespace] = round + SELDOM_EVERY
            return await self._look_without_pods(namespace)
        except Exception as error:  # a bug of ours must cost this look, not the polling
            return _Look(self._failure(error, ALL, namespace, command))

    async def _look_without_pods(self, namespace: str | None) -> _Look:
        """The workloads alone, where they and their pods together are too big."""
        whole = list_command(self._source, namespace, pods=True)
        command = list_command(self._source, namespace, pods=False)
        too_big = errors.too_big(self._source.max_bytes)
        look = await self._read(namespace, command, await self._run(command), pods=False)
        return msgspec.structs.replace(look, pods=self._failure(too_big, PODS, namespace, whole))

    async def _read(
        self, namespace: str | None, command: Command, result: SshResult, *, pods: bool = True
    ) -> _Look:
        """What `command` told, less what its complaints say is missing.

        `pods`: whether it asked for them.

        Raises:
            Unusable: it told nothing.
        """
        errors.refuse(result, self._source.command[0], self._source.max_bytes)
        complaints = [] if result.exit_status == 0 else errors.complaints_of(result)
        refused = {errors.refused_kind(each) for each in complaints}
        try:
            # What is said of no kind may be said of the jobs.
            known = not refused & {JOBS, None}
            decoded = await decoded_list(result.stdout, jobs_known=known)
        except Unusable:
            if complaints:
                raise errors.unusable(complaints[0]) from None
            raise
        podless: Failure | None = None
        missing: dict[str, Failure] = {}
        for complaint in complaints:
            kind, error = errors.refused_kind(complaint), errors.unusable(complaint)
            if kind != PODS:
                part = kind if kind in KINDS else ALL
                missing[part] = self._failure(error, part, namespace, command)
            if kind not in KINDS:
                # What is said of no kind may be said of the pods.
                podless = self._failure(error, PODS, namespace, command)
        if not decoded.workloads and (ALL in missing or missing.keys() >= KINDS):
            return _Look(next(iter(missing.values())))
        told = with_pods(decoded) if pods and podless is None else decoded.workloads
        return _Look(told, podless, tuple(missing.values()), decoded.strays if pods else ())

    async def _look_at_version(self) -> None:
        """The server's version; it may be forbidden, and then stays as it was."""
        with contextlib.suppress(Exception):  # whatever it is, the looks fail of it as well
            result = await self._run(version_command(self._source))
            if result.succeeded:
                self._version = server_version(result.stdout) or self._version

    async def _run(self, command: Command) -> SshResult:
        async with self._slots:
            return await self._reach.run(
                self._source.on,
                command,
                timeout_s=self._source.timeout.total_seconds(),
                max_bytes=self._source.max_bytes,
            )

    def _failure(
        self, error: Exception, part: str, namespace: str | None, command: Command
    ) -> Failure:
        shown = part if namespace is None else f"{part} in {visible(namespace)}"
        typed = self._reach.typed(self._source.on, command.argv)
        asked = errors.asked(self.name, shown, typed)
        return failure_of(error, asked, self._clock.now().wall)
