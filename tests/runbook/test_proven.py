"""Runbooks, worked through from the alert to the end: the demo's world is mended by their steps.

Everything is real but the world: the engine, SSH, the shells on the hosts, the journal in git.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import msgspec
import pytest

from config.load import Loaded, load
from console.demo.fleet import DemoFleet
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.model.acting import Ended
from console.model.run import Run, StepState
from console.model.snapshot import KnownAlert
from console.model.update import Update
from tests.watching import Seen, hands_of, quick, running

ASKED: Final = timedelta(seconds=0.6)
PROBED: Final = timedelta(seconds=6)
"""It is the alerts that are waited for; eighty endpoints are what costs."""
SHOWN_AGAIN: Final = 20
PATIENCE: Final = timedelta(seconds=2)
"""With a host that is dark."""


class Proof(msgspec.Struct, frozen=True):
    """An alert, its runbook, and the steps of it that mend the world."""

    alert: str
    cell: str
    book: str
    steps: tuple[str, ...]
    given: dict[str, str] = {}
    """What only a person knows."""
    fails: tuple[str, ...] = ()
    """The steps that read and show by failing that something is wrong."""
    after: tuple[tuple[str, str], ...] = ()
    """Other alerts and their cells that are over with it."""
    is_offered: bool = True
    """Whether it is the first runbook that the alert offers."""


class Story(msgspec.Struct, frozen=True):
    """One demo, and what is mended in it."""

    scenario: str
    speed: float
    proofs: tuple[Proof, ...]
    stopped: str = ""
    """A service that somebody stops first."""
    needs_looks: bool = False
    """Whether it is by the looks at hosts that the alert is known to be over."""


STORIES: Final = (
    Story("redis-down", 30, (
        Proof("ServiceDown", "redis", "cache-down", ("start-redis",), fails=("ping",),
              after=(("DeploymentReplicasMissing", "session"),)),
    )),
    Story("bad-deploy", 200, (
        Proof("VersionDrift", "api", "bad-deployment", ("undo-rollout",),
              after=(("HighErrorRate", "api"), ("PodCrashLoopBackOff", "api"))),
    )),
    Story("flapping", 100, (
        Proof("PodCrashLoopBackOff", "search-api", "pod-crash-loop", ("restart-deployment",)),
    )),
    Story("disk-filling", 200, (
        Proof("DiskWillFill", "host:data-1", "disk-full", ("restart-container",),
              {"CONTAINER": "kafka"}),
    )),
    Story("cert-expiring", 50, (
        Proof("SSLCertDaysLeft", "vault", "certificate-expiring", ("renew",)),
    )),
    Story("host-dark", 50, (
        Proof("InstanceDown", "host:web-2", "host-down", ("power-cycle",), {"BMC_HOST": "ops-1"},
              fails=("try-ssh", "kernel-errors")),
    ), needs_looks=True),
    Story("source-lost", 20, (
        Proof("ServiceDown", "prometheus-edge", "source-lost", ("restart-source",),
              fails=("ask-source",), is_offered=False),
    )),
    Story("small-hours", 100, (
        Proof("QueueBacklog", "worker", "queue-backlog", ("restart-workers",),
              {"BROKER_HOST": "data-1"}, after=(("WorkerStuck", "worker"),)),
        Proof("RunnerOffline", "ci-runner", "runner-offline", ("restart-runner",),
              after=(("ServiceDown", "ci-runner"),)),
        Proof("BackupTooOld", "backup-agent", "backup-failed", ("run-backup",)),
        Proof("HighMemoryUsage", "host:data-1", "memory-high", ("restart-container",),
              {"CONTAINER": "clickhouse"}),
        Proof("ServiceDown", "grafana", "service-down", ("restart-container",),
              fails=("ask-it", "look-unit", "unit-log")),
    ), stopped="grafana"),
    Story("slow-database", 100, (
        Proof("ReplicationLag", "postgres-replica", "slow-query", ("cancel-query",),
              {"QUERY_PID": "48213"},
              after=(("PoolNearlyFull", "pgbouncer"), ("SlowResponse", "accounts"))),
    )),
    Story("edge-rule", 50, (
        Proof("PageDown", "checkout-page", "edge-rule-rollback", ("revert-rule", "reload-edge"),
              {"EDGE_HOST": "web-1"}, after=(("PageDown", "basket"),), is_offered=False),
    )),
)  # fmt: skip


@contextlib.asynccontextmanager
async def told(story: Story) -> AsyncIterator[tuple[DemoFleet, Engine, Seen]]:
    """The story and a console on it; nothing of either is written anywhere else."""
    fleet = DemoFleet(story.scenario, speed=story.speed)
    await fleet.start()
    try:
        if story.stopped:
            fleet.world.stop(story.stopped)
        state = StateFolder(fleet.settings_dir / "state")
        loaded = quick(load(fleet.settings_dir), ASKED)
        loaded = patient(loaded, looks=story.needs_looks)
        async with running(loaded, state=state, hands=hands_of("kai")) as (engine, seen):
            yield fleet, engine, seen
    finally:
        await fleet.stop()


def patient(loaded: Loaded, *, looks: bool) -> Loaded:
    replace = msgspec.structs.replace
    settings = loaded.settings
    health = replace(settings.sources.health, interval=PROBED, ready_interval=PROBED)
    # The steps run over SSH all the same.
    hosts = replace(settings.sources.hosts, enabled=looks)
    return replace(
        loaded,
        settings=replace(
            settings,
            ssh=replace(settings.ssh, connect_timeout=PATIENCE) if looks else settings.ssh,
            sources=replace(settings.sources, health=health, hosts=hosts),
        ),
    )


def alert_of(update: Update, name: str, cell: str) -> KnownAlert | None:
    return next(
        (one for one in update.snapshot.alerts
         if one.cell == cell and one.alert.name.exact == name), None,
    )  # fmt: skip


def is_over(name: str, cell: str) -> Callable[[Update], bool]:
    return lambda now: alert_of(now, name, cell) is None


async def ended(engine: Engine, run_id: str) -> Run:
    run = await engine.runs.ended(run_id)
    assert run is not None
    return run


async def opened(engine: Engine, known: KnownAlert, proof: Proof) -> Run:
    offered = [one.name.exact for one in await engine.runs.candidates(known)]
    if proof.is_offered:
        assert offered[0] == proof.book
    run = await engine.runs.begin(proof.book, known, given=proof.given)
    assert isinstance(run, Run), run
    assert [(one.name, one.fault) for one in run.params if one.fault] == []
    return run


async def read_all(engine: Engine, run: Run, proof: Proof) -> None:
    """Every step that only reads answers something sensible, and mends nothing."""
    assert await engine.runs.start_reads(run.id) == ""
    run = await ended(engine, run.id)
    failed = {one.name for one in run.steps if one.state is StepState.FAILED}
    said = {one.name: one.last.said for one in run.steps if one.last is not None}
    assert failed <= set(proof.fails), said
    for one in run.steps:
        if one.last is not None:
            assert one.last.exit_status != 127, (one.name, one.last.excerpt)
            assert "not part of this demo" not in one.last.excerpt, (one.name, one.last.excerpt)


async def carried_out(engine: Engine, run: Run, step: str) -> Run:
    """The step, after its plan was shown; what verifies it included."""
    declared = run.runbook.step(step)
    assert declared is not None
    for _ in range(SHOWN_AGAIN):
        plan = await engine.runs.prepare(run.id, step)
        assert not isinstance(plan, str), plan
        assert plan.refusals == ()
        began = await engine.runs.start(run.id, step, plan.digest)
        # The story is a hurried one: what stands around the step may be otherwise by now.
        if not began.is_other:
            break
    assert began.why_not == ""
    run = await ended(engine, run.id)
    done = run.step(step)
    assert done is not None
    assert done.last is not None
    verified = {name: run.step(name) for name in done.last.by}
    told_by = {name: one.last.said for name, one in verified.items() if one and one.last}
    assert done.state is StepState.PASSED, (done.last.said, done.last.excerpt, told_by)
    assert declared.verify in verified
    return run


async def proven(engine: Engine, seen: Seen, proof: Proof) -> Run:
    """`proof` from the first sight of its alert until that is over."""
    update = await seen.until(lambda now: alert_of(now, proof.alert, proof.cell) is not None)
    known = alert_of(update, proof.alert, proof.cell)
    assert known is not None
    run = await opened(engine, known, proof)
    await read_all(engine, run, proof)
    everything = ((proof.alert, proof.cell), *proof.after)
    await seen.until(lambda now: all(alert_of(now, *one) is not None for one in everything))
    for step in proof.steps:
        run = await carried_out(engine, run, step)
    for name, cell in everything:
        await seen.until(is_over(name, cell))
    kept = await engine.runs.finish(run.id)
    assert kept.ended is Ended.DONE, kept
    return run


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.scenario)
async def test_a_runbook_that_is_worked_through_ends_the_alert_that_opened_it(
    story: Story,
) -> None:
    async with told(story) as (fleet, engine, seen):
        runs = [await proven(engine, seen, proof) for proof in story.proofs]
        folder = fleet.settings_dir.parent / "journal"
        assert journal_tells(folder, runs)


def journal_tells(folder: Path, runs: list[Run]) -> bool:
    """Whether the journal has a transcript of each run."""
    return all(list(folder.glob(f"runs/*/{run.id}-{run.runbook.name}.md")) for run in runs)


def test_at_least_eight_runbooks_are_proven_each_in_a_story_of_its_own() -> None:
    proofs = [proof for story in STORIES for proof in story.proofs]
    assert len({proof.book for proof in proofs}) >= 14
    assert len({story.scenario for story in STORIES}) == len(STORIES)
