"""The runbooks that ship: they lint clean, say what runs where, and mend the demo's world."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
import pytest

from console.demo.machines.programs import run
from console.demo.machines.said import Call, Said
from console.demo.rules import RULES
from console.demo.scenarios import scenario_names
from console.demo.world import World
from console.model.action import Effect
from console.model.condition_check import Output, Result, evaluate_all
from console.model.runbook import Prose, Runbook, Step, StepKind
from console.runbook.library import shipped
from console.runbook.lint import lint
from console.runbook.parse import Read, parse
from console.safety.clock import ManualClock
from console.safety.text import Raw
from tests.demo.demo_world import START, Demo

SYMPTOMS: Final = (
    *("service-down", "pod-crash-loop", "high-error-rate", "slow-response", "memory-high"),
    *("disk-full", "database-connections", "cache-down", "certificate-expiring"),
    *("queue-backlog", "worker-stuck", "runner-offline", "host-down", "alert-storm"),
    *("source-lost", "bad-deployment", "edge-rule-rollback", "backup-failed", "slow-query"),
    *("inference-timeout", "page-errors"),
)
"""What a person on call has to find a runbook for, whatever else a team writes."""

OWN_ROWS: Final = frozenset(
    [
        *("HealthCheckFailed", "HealthChecksFailed", "PortUnreachable", "NotReady", "TargetDown"),
        *("CertificateExpiring", "ContainerDown", "UnitFailed", "WorkloadUnavailable"),
        *(
            "HostOverLimit",
            "ServiceOverLimit",
            "HostUnreachable",
            "HostFactsMissing",
            "ContainersUnknown",
        ),
        *("UnitsUnknown", "SourceDown", "SourceStale", "WatchdogMissing", "ClockSkew"),
        *("ClusterSettling", "CutOff", "RulesFailing", "AlertsAbandoned", "PartialResult"),
    ]
)
"""Rows that the console raises by itself."""

USUAL: Final = frozenset(
    [
        *("PodRestartedUnexpectedly", "ImagePullBackOff", "PipelineFailed", "PipelineTooLong"),
        *("JobQueuedTooLong", "JobTooLong", "GitHubRunnerOffline", "BadGatewaySpike"),
        *("InternalErrorSpike", "DatabaseConnectionFailed", "CacheConnectionFailed", "SlowQuery"),
        *("WebSocketFailing", "InferenceTimeout", "JavaScriptErrors", "BackupFailed"),
        "AlertStorm",
    ]
)
"""Alerts that a service of this kind has, whoever wrote its rules."""

PUBLIC: Final = frozenset(
    [
        *("KubePodCrashLooping", "KubePodNotReady", "KubeDeploymentReplicasMismatch"),
        *("NodeFilesystemAlmostOutOfSpace", "NodeFilesystemSpaceFillingUp"),
        *("NodeMemoryHighUtilization", "PrometheusNotConnectedToAlertmanagers"),
    ]
)
"""Of the rules that many clusters run unchanged (those of kubernetes, node, prometheus)."""

FIRST_MINUTES_S: Final = 900


@cache
def reads() -> Mapping[str, Read]:
    return {
        entry.name.removesuffix(".md"): parse(entry.read_bytes(), entry.name.removesuffix(".md"))
        for entry in sorted(files("runbooks").iterdir(), key=lambda each: each.name)
        if entry.name.endswith(".md")
    }


def books() -> tuple[Runbook, ...]:
    return tuple(one.runbook for one in reads().values())


def steps() -> Iterator[tuple[Runbook, Step]]:
    return ((book, step) for book in books() for step in book.steps)


# What they say


def test_there_is_one_for_each_symptom() -> None:
    assert set(SYMPTOMS) == set(reads())
    assert {book.name.exact for book in shipped()} == set(SYMPTOMS)


def test_all_of_them_lint_clean() -> None:
    reviewed = [book.reviewed for book in books() if book.reviewed is not None]
    findings = [
        str(finding)
        for name, read in reads().items()
        for finding in lint(read, f"{name}.md", max(reviewed), timedelta(days=90))
    ]
    assert findings == []


def test_no_step_is_refused_and_each_that_verifies_says_what_it_expects() -> None:
    assert [(book.name, step.name, step.refusal) for book, step in steps() if step.refusal] == []
    verifying = [step for _, step in steps() if step.kind is StepKind.VERIFY]
    assert len(verifying) > len(SYMPTOMS)
    assert all(step.expect for step in verifying)


def test_what_changes_something_runs_on_a_host_that_a_parameter_names() -> None:
    for book, step in steps():
        if step.effect not in (None, Effect.READ):
            param = book.param(step.on)
            assert param is not None and param.type == "host", (book.name, step.name)
        elif step.kind is not StepKind.MANUAL and not step.on:
            assert step.script.exact.startswith("curl "), (book.name, step.name)


def test_what_cannot_be_taken_back_has_a_warning_above_it_that_can_be_seen() -> None:
    for book, step in steps():
        if step.effect in (Effect.DISRUPTIVE, Effect.DESTRUCTIVE):
            assert step.text.exact.startswith("> **Warning:**"), (book.name, step.name)


def test_what_is_disruptive_names_the_step_that_verifies_it_and_the_one_that_takes_it_back() -> (
    None
):
    for book, step in steps():
        if step.effect in (Effect.DISRUPTIVE, Effect.DESTRUCTIVE):
            verify, back = book.step(step.verify), book.step(step.rollback)
            assert verify is not None and verify.kind is StepKind.VERIFY, (book.name, step.name)
            assert back is not None and back is not step, (book.name, step.name)


def test_every_block_is_a_script_for_any_shell() -> None:
    scripts = "".join(
        f"step_{number}() {{\n{step.command.exact}\n}}\n"
        for number, (_, step) in enumerate(steps())
        if step.command.exact
    )
    said = subprocess.run(["sh", "-n"], input=scripts.encode(), capture_output=True, check=False)
    assert (said.returncode, said.stderr.decode()) == (0, "")


def test_a_name_of_a_runbook_or_a_step_leads_somewhere() -> None:
    named = re.compile(r"`([a-z]+(?:-[a-z]+)+)`")
    for book in books():
        known = {*SYMPTOMS, *(step.name for step in book.steps)}
        texts = [
            part.text.exact for section in book.sections for part in section.parts
            if isinstance(part, Prose | Step)
        ]  # fmt: skip
        for text in texts:
            assert set(named.findall(text)) <= known, book.name


# Which alerts they are for


def test_every_alert_that_they_name_exists_somewhere() -> None:
    known = {*(rule.alert for rule in RULES), *OWN_ROWS, *USUAL, *PUBLIC}
    for book in books():
        assert book.alerts, book.name
        assert set(book.alerts) <= known, book.name


def test_every_row_that_the_console_raises_itself_has_one() -> None:
    assert {name for book in books() for name in book.alerts} >= OWN_ROWS


@pytest.mark.parametrize("scenario", [name for name, _ in scenario_names() if name != "calm"])
def test_whatever_fires_in_the_demo_and_matters_has_one(scenario: str) -> None:
    named = {name for book in books() for name in book.alerts}
    fired = {
        track.rule.alert
        for track in World(scenario, ManualClock(START)).tracks
        for span in track.spans
        if track.rule.severity not in ("none", "info")
        and span.end_s > 0
        and span.start_s + track.rule.for_s < min(span.end_s, FIRST_MINUTES_S)
    }
    assert fired
    assert fired <= named


# What they do


class Mend(msgspec.Struct, frozen=True):
    """One story, and the step that ends it."""

    runbook: str
    scenario: str
    alert: str
    begun_s: int
    """When the alert fires for certain."""
    step: str
    values: dict[str, str]


OWN_PROGRAMS: Final = ("date",)
"""What a host of the demo has from the machine that it really runs on."""
KUBE: Final = {"KUBE_HOST": "k8s-1", "NAMESPACE": "shop", "DEPLOYMENT": "api"}
WORKER: Final = {"KUBE_HOST": "k8s-1", "NAMESPACE": "shop", "WORKER": "worker"}
MENDS: Final = (
    Mend("cache-down", "redis-down", "ServiceDown", 30, "start-redis",
         {"TARGET_HOST": "data-1", "CONTAINER": "redis"}),
    Mend("cache-down", "redis-down", "WorkerStuck", 200, "restart-redis",
         {"TARGET_HOST": "data-1", "CONTAINER": "redis"}),
    Mend("service-down", "redis-down", "QueueBacklog", 200, "restart-container",
         {"TARGET_HOST": "data-1", "UNIT": "redis"}),
    Mend("bad-deployment", "bad-deploy", "VersionDrift", 240, "undo-rollout", KUBE),
    Mend("high-error-rate", "bad-deploy", "HighErrorRate", 240, "undo-rollout", KUBE),
    Mend("slow-response", "bad-deploy", "SlowResponse", 700, "undo-rollout",
         {"TARGET_HOST": "k8s-1", "NAMESPACE": "shop", "DEPLOYMENT": "api"}),
    Mend("pod-crash-loop", "bad-deploy", "PodCrashLoopBackOff", 240, "undo-rollout", KUBE),
    Mend("pod-crash-loop", "flapping", "PodCrashLoopBackOff", 60, "restart-deployment",
         KUBE | {"DEPLOYMENT": "search-api"}),
    Mend("disk-full", "disk-filling", "DiskFillingUp", 720, "restart-container",
         {"TARGET_HOST": "data-1", "CONTAINER": "kafka", "MOUNTPOINT": "/var/lib"}),
    Mend("certificate-expiring", "cert-expiring", "SSLCertExpired", 30, "renew",
         {"TARGET_HOST": "ops-1"}),
    Mend("host-down", "host-dark", "InstanceDown", 30, "power-cycle",
         {"TARGET_HOST": "web-2", "BMC_HOST": "ops-1"}),
    Mend("source-lost", "source-lost", "ServiceDown", 180, "restart-source",
         {"TARGET_HOST": "ops-1", "UNIT": "prometheus@edge.service"}),
    Mend("service-down", "source-lost", "ServiceDown", 180, "restart-unit",
         {"TARGET_HOST": "ops-1", "UNIT": "prometheus@edge.service"}),
    Mend("worker-stuck", "small-hours", "WorkerStuck", 30, "restart-workers", WORKER),
    Mend("queue-backlog", "small-hours", "QueueBacklog", 30, "restart-workers",
         WORKER | {"BROKER_HOST": "data-1", "BROKER": "rabbitmq"}),
    Mend("runner-offline", "small-hours", "RunnerOffline", 30, "restart-runner",
         {"TARGET_HOST": "ops-1", "RUNNER": "gitlab-runner.service"}),
    Mend("backup-failed", "small-hours", "BackupTooOld", 30, "run-backup",
         {"TARGET_HOST": "ops-1", "BACKUP_UNIT": "backup-agent.service"}),
    Mend("memory-high", "small-hours", "HighMemoryUsage", 320, "restart-container",
         {"TARGET_HOST": "data-1", "CONTAINER": "clickhouse"}),
    Mend("memory-high", "small-hours", "ContainerOOMKilled", 30, "restart-container",
         {"TARGET_HOST": "data-1", "CONTAINER": "clickhouse"}),
    Mend("slow-query", "slow-database", "ReplicationLag", 30, "cancel-query",
         {"DB_HOST": "data-1", "QUERY_PID": "48213"}),
    Mend("database-connections", "slow-database", "PoolNearlyFull", 30, "restart-pooler",
         {"TARGET_HOST": "data-1", "POOLER": "pgbouncer.service"}),
)  # fmt: skip


def test_at_least_eight_of_them_are_proven_here() -> None:
    assert len({mend.runbook for mend in MENDS}) >= 8


@pytest.mark.parametrize("mend", MENDS, ids=lambda mend: f"{mend.runbook}-{mend.step}-{mend.alert}")
def test_its_step_mends_the_demos_world(mend: Mend) -> None:
    demo = Demo(mend.scenario).at(mend.begun_s)
    assert is_firing(demo, mend.alert)
    book = reads()[mend.runbook].runbook
    step = found(book, mend.step)
    assert said_by(demo, step, mend.values).status == 0
    verify = found(book, step.verify)
    demo.at(mend.begun_s + 60)
    if verify.on:
        assert passes(demo, verify, mend.values)
    demo.at(mend.begun_s + 480)
    assert not is_firing(demo, mend.alert)


@pytest.mark.parametrize("mend", [MENDS[0], MENDS[3], MENDS[8], MENDS[11]])
def test_what_verifies_fails_as_long_as_nothing_was_done(mend: Mend) -> None:
    demo = Demo(mend.scenario).at(mend.begun_s)
    book = reads()[mend.runbook].runbook
    on_host = [step for step in book.steps if step.kind is StepKind.VERIFY and step.on]
    assert not all(passes(demo, step, mend.values) for step in on_host)


@pytest.mark.parametrize("mend", MENDS, ids=lambda mend: f"{mend.runbook}-{mend.scenario}")
def test_what_it_looks_at_answers_on_the_demos_hosts(mend: Mend) -> None:
    demo = Demo(mend.scenario).at(mend.begun_s)
    unset = []
    for step in reads()[mend.runbook].runbook.steps:
        if step.kind is StepKind.COMMAND and step.effect is Effect.READ and step.on:
            if not needed(step) <= set(mend.values):
                unset.append(step.name)
                continue
            if step.script.exact.split()[0] in OWN_PROGRAMS:
                continue
            said = said_by(demo, step, mend.values)
            assert said.status != 127, (step.name, said.err)
            assert "not part of this demo" not in said.err, (step.name, said.err)
    assert unset == []


def found(book: Runbook, name: str) -> Step:
    step = book.step(name)
    assert step is not None, name
    return step


def is_firing(demo: Demo, alert: str) -> bool:
    """Whether that alert fires for anything."""
    return any(
        labels["alertname"] == alert
        for server in ("core", "edge")
        for labels in demo.firing(server)
    )


def needed(step: Step) -> set[str]:
    return set(re.findall(r'"\$([A-Z_]+)"', step.command.exact))


def said_by(demo: Demo, step: Step, values: Mapping[str, str]) -> Said:
    """What the demo's host answers to a step of one simple command."""
    words = [
        re.sub(r"\$([A-Z_]+)", lambda name: values[name[1]], word)
        for word in shlex.split(step.script.exact)
    ]
    if words[:2] == ["sudo", "-n"]:
        del words[:2]
    return run(demo.world, Call(values[step.on], words[0], tuple(words[1:])))


def passes(demo: Demo, step: Step, values: Mapping[str, str]) -> bool:
    said = said_by(demo, step, values)
    result = Result(
        exit=said.status, stdout=Output(Raw(said.out)), stderr=Output(Raw(said.err)),
        response_time=timedelta(milliseconds=20),
    )  # fmt: skip
    return all(checked.passed for checked in evaluate_all(step.expect, result))
