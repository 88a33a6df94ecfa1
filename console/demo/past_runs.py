"""Runbooks that the demo's team worked through before the story begins, and what came of them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.demo.history import REDIS_ENDS
from console.demo.inventory import USER_NAME
from console.demo.papers import DAY, HOUR, MINUTE, incident_id
from console.demo.shelf import PAYMENTS, page_before
from console.demo.team import LIN, LOGINS, MEI, YUN
from console.model.condition_check import Output, Result, evaluate_all
from console.model.event import Event
from console.model.run import Attempt, Filled, Run, StepState
from console.model.runbook import Runbook, Step, StepKind
from console.runbook.library import SHIPPED, open_book, shipped
from console.runbook.parse import parse
from console.runbook.progress import attempted, fresh, skipped
from console.runbook.telling import step_event
from console.runbook.typed import words_of
from console.safety.text import Raw

CONSOLE: Final = "jump-1"


class Did(msgspec.Struct, frozen=True):
    """What became of one step."""

    step: str
    after: timedelta
    """Since the run began."""
    took_s: float = 0.4
    said: str = ""
    """What its program printed, or the body of an answer."""
    exit: int = 0
    status: int = 200
    """Of a request."""
    state: StepState = StepState.PASSED
    reason: str = ""
    """Why it was left out."""


class PastWork(msgspec.Struct, frozen=True):
    """One run that is over."""

    run: Run
    by: str
    at: datetime
    """When its transcript was written."""
    events: tuple[Event, ...]


def runs(now: datetime) -> tuple[PastWork, ...]:
    """Those of the last weeks, for a demo that starts at `now`."""
    now = now.replace(microsecond=0)
    return (*_of_redis(now), _of_disk(now), _of_release(now), _of_runner(now), _of_service(now),
            _of_payments(now))  # fmt: skip


def _of_redis(now: datetime) -> tuple[PastWork, PastWork]:
    begin = now - 23 * DAY - 2 * HOUR
    values = {"TARGET_HOST": "data-1", "CONTAINER": "redis"}
    subject = "ServiceDown redis@data-1"
    down = "Error response from daemon: container 8f1c is not running"
    exited = "CONTAINER ID   IMAGE         STATUS\n8f1c2d77a0b4   redis:7.2.5   Exited (137)"
    killed = "kernel: Out of memory: Killed process 1187 (redis-server) anon-rss:4194304kB"
    memory = "# Memory\nused_memory_human:0.21G\nmaxmemory_human:6.50G"
    first = _worked(
        "cache-down", begin + 5 * MINUTE, "4vq", MEI, subject, values,
        (
            Did("ping", timedelta(seconds=8), said=down, exit=1, state=StepState.FAILED),
            Did("look-container", timedelta(seconds=20), said=exited),
            Did("kernel-errors", timedelta(seconds=70), said=killed),
            Did("start-redis", 5 * MINUTE, 3.1, "redis"),
            Did("verify-ping", 5.2 * MINUTE, said="PONG"),
            Did("verify-memory", 9 * MINUTE, said=memory),
            Did("container-log", 9.1 * MINUTE, state=StepState.SKIPPED, reason="seen in Loki"),
        ),
        service="redis", incident=incident_id(begin, "5r8"),
    )  # fmt: skip
    ended_s, gone_s = REDIS_ENDS[1]
    again = now + timedelta(seconds=ended_s + 95)
    second = _worked(
        "cache-down", again, "n81", USER_NAME, subject, values,
        (
            Did("look-container", timedelta(seconds=9), said=exited),
            Did("look-memory", timedelta(seconds=25), said="Mem:  65536  28210  12009"),
            Did("container-log", timedelta(seconds=40), state=StepState.SKIPPED,
                reason="nothing new in it the last time"),
            Did("start-redis", timedelta(seconds=gone_s - 100), 2.8, "redis"),
            Did("verify-ping", timedelta(seconds=gone_s - 95), said="PONG"),
            Did("verify-memory", timedelta(seconds=gone_s - 80), said=memory),
        ),
        service="redis",
    )  # fmt: skip
    return first, second


def _of_disk(now: datetime) -> PastWork:
    host = {"TARGET_HOST": "ops-1", "MOUNTPOINT": "/var/lib"}
    full = (
        "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vdb1 419430400 {} {}% {}"
    )
    return _worked(
        "disk-full", now - 36 * DAY, "c3d", YUN, "DiskFillingUp host:ops-1",
        {**host, "CONTAINER": "loki"},
        (
            Did("look-disk", timedelta(seconds=6), said=full.format("390070272", 93, "/var/lib")),
            Did("who-fills-it", timedelta(seconds=30), 21.4, "117G\t/var/lib/docker"),
            Did("container-log", 4 * MINUTE, said="level=debug msg=\"chunk flushed\""),
            Did("restart-container", 7 * MINUTE, 4.9, "loki"),
            Did("verify-space", 7.5 * MINUTE, said=full.format("293601280", 70, "/var/lib")),
            Did("verify-container", 8 * MINUTE, said='"Running": true'),
        ),
    )  # fmt: skip


def _of_release(now: datetime) -> PastWork:
    values = {"KUBE_HOST": "k8s-1", "NAMESPACE": "shop", "DEPLOYMENT": "api"}
    history = "deployment.apps/api\nREVISION   CHANGE-CAUSE\n6   api 2.14.0\n7   api 2.15.0"
    done = 'deployment "api" successfully rolled out'
    return _worked(
        "bad-deployment", now - 71.6 * HOUR, "r5x", YUN, "HighErrorRate api@shop",
        {**values, "HEALTH_URL": "https://shop.example.org/api/v1/health"},
        (
            Did("look-history", timedelta(seconds=5), said=history),
            Did("look-pods", timedelta(seconds=21), said="api-7d9f84c6b5-x2k9p   0/1   Running"),
            Did("undo-rollout", 2 * MINUTE, 1.2, "deployment.apps/api rolled back"),
            Did("verify-rollout", 2.1 * MINUTE, 38.0, done),
            Did("verify-health", 3 * MINUTE, 0.1, '{"status":"ok","version":"2.14.0"}'),
        ),
        service="api",
    )  # fmt: skip


def _of_runner(now: datetime) -> PastWork:
    return _worked(
        "runner-offline", now - 4 * DAY - 7 * HOUR, "h0e", LIN, "RunnerOffline ci-runner@ops-1",
        {"TARGET_HOST": "ops-1", "RUNNER": "gitlab-runner.service"},
        (
            Did("look-runner", timedelta(seconds=7), said="ActiveState=failed\nSubState=failed"),
            Did("runner-log", timedelta(seconds=30), said="FATAL: connection reset by peer"),
            Did("restart-runner", 2 * MINUTE, 2.2),
            Did("verify-runner", 2.1 * MINUTE, said="active"),
        ),
        service="ci-runner",
    )  # fmt: skip


def _of_service(now: datetime) -> PastWork:
    """One that did not help."""
    refused = "curl: (7) Failed to connect: Connection refused"
    return _worked(
        "service-down", now - 17 * DAY, "w2t", USER_NAME, "ServiceDown grafana@ops-1",
        {"TARGET_HOST": "ops-1", "UNIT": "grafana",
         "HEALTH_URL": "http://ops-1.example.org:3000/api/health"},
        (
            Did("ask-it", timedelta(seconds=4), said=refused, exit=7, state=StepState.FAILED),
            Did("look-container", timedelta(seconds=15), said="grafana   Restarting (1)"),
            Did("restart-container", 4 * MINUTE, 11.0, "grafana", state=StepState.FAILED),
            Did("verify-container", 4.3 * MINUTE, 12.0, '"Running": false',
                state=StepState.FAILED),
        ),
        service="grafana",
    )  # fmt: skip


def _of_payments(now: datetime) -> PastWork:
    begin = now - 28 * HOUR - 64 * MINUTE
    work = _worked(
        PAYMENTS, begin + 33 * MINUTE, "m6a", LIN, "PaymentErrors pay@pay",
        {"KUBE_HOST": "k8s-1", "NAMESPACE": "pay", "DEPLOYMENT": "pay",
         "BASE_URL": "https://pay.example.org"},
        (
            Did("ask-ready", timedelta(seconds=5), said='{"status":"unavailable"}', status=503),
            Did("second-route", 6 * MINUTE, 1.4, "deployment.apps/pay env updated"),
            Did("verify-ready", 6.2 * MINUTE, 24.0, '{"status":"ok"}'),
        ),
        service="pay", incident=incident_id(begin, "d4t"),
        book=parse(page_before(now), PAYMENTS).runbook,
    )  # fmt: skip
    source = f"{LOGINS[LIN]}'s checkout of the team's runbooks"
    return msgspec.structs.replace(work, run=msgspec.structs.replace(work.run, source=source))


def _worked(
    name: str,
    began: datetime,
    mark: str,
    by: str,
    subject: str,
    values: Mapping[str, str],
    did: Sequence[Did],
    *,
    service: str = "",
    incident: str = "",
    book: Runbook | None = None,
) -> PastWork:
    """The run of a runbook, of those that ship unless one is given, by what was done in it."""
    if book is None:
        book = open_book(next(one for one in shipped() if one.name.exact == name)).runbook
    run = Run(
        f"RUN-{began:%Y%m%d}-{mark}", book, SHIPPED, began, by, CONSOLE, subject,
        service=service, incident=incident, steps=fresh(book),
        params=tuple(
            Filled(param.name, param.type, Raw(values[param.name]), source="the registry")
            for param in book.params if param.name in values
        ),
    )  # fmt: skip
    events = []
    for one in did:
        step = book.step(one.step)
        if step is None:
            raise KeyError(f"{name} has no step {one.step}")
        at = began + one.after
        if one.state is StepState.SKIPPED:
            run = skipped(run, step.name, one.reason, by, at)
        else:
            run = attempted(run, step.name, _attempt(one, step, run, values))
    for one in did:
        told = run.step(one.step)
        at = began + one.after + timedelta(seconds=one.took_s)
        if told is not None:
            events.append(step_event(run, told, at))
    ended = max(event.at for event in events) + timedelta(seconds=30)
    return PastWork(msgspec.structs.replace(run, ended=ended), by, ended, tuple(events))


def _attempt(did: Did, step: Step, run: Run, values: Mapping[str, str]) -> Attempt:
    began = run.began + did.after
    host = values.get(step.on, "")
    where = f"{LOGINS[run.who]}@{host}" if host else "here"
    words = words_of(step.script.exact, values) or (step.script.exact,)
    typed = shlex.join(words)
    request = not step.on
    checks = evaluate_all(
        step.expect,
        Result(
            status=did.status if request else None,
            body=Output(Raw(did.said)) if request else None,
            response_time=timedelta(seconds=min(did.took_s, 0.3)),
            exit=did.exit,
            stdout=Output(Raw(did.said)),
        ),
    )
    verified = (step.verify,) if step.verify and step.kind is StepKind.COMMAND else ()
    return Attempt(
        1, did.state, began, run.who, where, f"ssh {host} -- {typed}" if host else typed,
        ended=began + timedelta(seconds=did.took_s), exit_status=did.exit, checks=checks,
        said="" if did.state is StepState.PASSED else "what it should show did not hold",
        excerpt=did.said, output_bytes=len(did.said.encode()), host=host, by=verified,
        values=tuple((key, value) for key, value in values.items()
                     if f'"${key}"' in step.command.exact),
    )  # fmt: skip
