"""What runs the services, and what the hosts say of themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from console.fleet.fleet import Fleet
from console.fleet.hosts import EXPORTER_INTERVAL
from console.model.alert import TargetHealth
from console.model.host import HostFacts, Means, Mount
from console.model.probe import ProbeKind
from console.model.reading import HostReading
from console.model.registry import (
    Host,
    Registry,
    Service,
    ServiceType,
    Thresholds,
    host_cell,
)
from console.model.snapshot import Snapshot, SourceHealth, SourceKind, Watched
from console.model.state import State
from console.model.workload import Cron, Pod, Run, RunState, Stray, Workload, WorkloadKind
from console.safety.text import Raw
from tests.fleet import world as w
from tests.fleet.world import at, the_cell

DATA_1 = Host("data-1", "10.0.0.1", labels=(("rack", "r12"),))
REDIS = Service("redis", ServiceType.DOCKER, "data-1", host="data-1")
NGINX = Service("nginx", ServiceType.SYSTEMD, "data-1", host="data-1")
API = Service("api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop")


def world_of(*watched: Watched, hosts: tuple[Host, ...] = (DATA_1,)) -> Fleet:
    return w.fleet(*(watched or (w.HOSTS,)), registry=Registry(hosts, (REDIS, NGINX, API)))


def source(snapshot: Snapshot, name: str) -> SourceHealth:
    return next(one for one in snapshot.sources if one.name == name)


def test_a_container_that_runs_is_proof_and_one_that_ended_says_how() -> None:
    world = world_of()
    world.take(w.host_reading(0, w.facts(containers=(w.container(),), units=(w.unit(),))))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because) == (State.OK, "container redis:7.2.5 runs")
    dead = w.container(
        state="exited", exit_code=137, oom_killed=True, restart_policy=Raw("no"),
        finished_at=at(30).wall,
    )  # fmt: skip
    world.take(w.host_reading(60, w.facts(containers=(dead,), units=(w.unit(),))))
    cell = the_cell(world.snapshot(at(60)), "redis")
    moment = f"{at(30).wall.astimezone():%H:%M:%S}"
    assert cell.state is State.FIRING
    assert cell.because == (
        f"container redis:7.2.5 Exited(137) OOMKilled {moment}, restart policy: no"
    )
    assert cell.reports[0].version == Raw("7.2.5")


@pytest.mark.parametrize(
    ("container", "state", "said"),
    [
        (
            {"state": "restarting", "exit_code": 1, "restarts": 14},
            State.FIRING,
            "Restarting(1), restarted 14x",
        ),
        ({"state": "paused"}, State.FIRING, "Paused"),
        ({"state": "created"}, State.FIRING, "Created"),
        ({"health": Raw("unhealthy")}, State.FIRING, "unhealthy"),
        ({"health": Raw("starting")}, State.UNKNOWN, "its own check is not through"),
        ({"health": Raw("healthy"), "restarts": 3}, State.OK, "runs, restarted 3x"),
        ({"name": "shop-redis-1"}, State.OK, "runs"),
        ({"name": "redis-exporter"}, State.FIRING, "there is no container called redis"),
        ({"name": "credis-1"}, State.FIRING, "there is no container called redis"),
    ],
)
def test_containers_by_their_state(container: dict[str, Any], state: State, said: str) -> None:
    world = world_of()
    world.take(w.host_reading(0, w.facts(containers=(w.container(**container),))))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert cell.state is state
    assert said in cell.because


def test_of_several_replicas_the_worst_decides() -> None:
    world = world_of()
    pair = (w.container("redis-1"), w.container("redis-2", "exited", exit_code=1))
    world.take(w.host_reading(0, w.facts(containers=pair)))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert cell.state is State.FIRING
    assert "1 of 2 run: redis:7.2.5 Exited(1)" in cell.because


@pytest.mark.parametrize(
    ("unit", "state", "said"),
    [
        ({}, State.OK, "nginx.service active (running)"),
        (
            {"active": "failed", "result": Raw("oom-kill"), "exit_status": 137},
            State.FIRING,
            "nginx.service failed (failed), oom-kill, status 137",
        ),
        ({"active": "inactive"}, State.FIRING, "inactive"),
        ({"active": "activating"}, State.UNKNOWN, "activating"),
        ({"name": "other.service"}, State.UNKNOWN, "did not tell of its unit nginx"),
    ],
)
def test_units_by_their_state(unit: dict[str, Any], state: State, said: str) -> None:
    world = world_of()
    world.take(w.host_reading(0, w.facts(units=(w.unit(**unit),))))
    cell = the_cell(world.snapshot(at(0)), "nginx")
    assert cell.state is state
    assert said in cell.because


def test_a_host_that_was_not_looked_at_yet_proves_nothing_of_its_services() -> None:
    cells = world_of().snapshot(at(0)).cells
    assert {cell.service.name: cell.because for cell in cells if cell.service.host} == {
        "redis": "its container has not been looked at yet",
        "nginx": "its unit has not been looked at yet",
        "host:data-1": "it has not been looked at yet",
    }
    assert all(cell.state is State.UNKNOWN for cell in cells)


def test_a_dark_host_leaves_nothing_on_it_green_and_keeps_what_was_known() -> None:
    world = world_of(w.HOSTS, w.HEALTH)
    world.take(w.probe_reading(0, "redis"))
    world.take(w.host_reading(0, w.facts(containers=(w.container(),), units=(w.unit(),))))
    assert the_cell(world.snapshot(at(0)), "redis").state is State.OK
    world.take(w.host_down(60))
    world.take(w.probe_reading(60, "redis"))
    snapshot = world.snapshot(at(60))
    for name in ("redis", "nginx", host_cell("data-1")):
        assert the_cell(snapshot, name).state is State.UNKNOWN, name
    host = snapshot.host_states[0]
    assert host.facts is not None
    assert host.failure is not None
    assert host.as_of == at(0)


def test_harm_that_was_seen_is_not_forgotten_when_its_host_goes_dark() -> None:
    world = world_of()
    world.take(w.host_reading(0, w.facts(containers=(w.container(state="dead"),))))
    world.take(w.host_down(60))
    cell = the_cell(world.snapshot(at(60)), "redis")
    assert cell.state is State.UNKNOWN
    assert "it was: redis:7.2.5 Dead" in cell.because


def test_an_old_look_is_stale() -> None:
    world = world_of()
    world.take(w.host_reading(0, w.facts(containers=(w.container(),))))
    assert the_cell(world.snapshot(at(119)), "redis").state is State.OK
    assert the_cell(world.snapshot(at(121)), "redis").state is State.STALE


def test_docker_without_rights_is_unknown_for_its_services_and_not_for_the_host() -> None:
    world = world_of()
    denied = w.failure("hosts", "containers", 0)
    world.take(w.host_reading(0, w.facts(containers=denied, units=(w.unit(),))))
    snapshot = world.snapshot(at(0))
    assert the_cell(snapshot, "redis").state is State.UNKNOWN
    assert denied.cause in the_cell(snapshot, "redis").because
    assert the_cell(snapshot, host_cell("data-1")).state is State.OK


@pytest.mark.parametrize(
    ("facts", "state", "said"),
    [
        ({}, State.OK, "up 41 d, load 0.5, cpu 10 %, mem 50 %, disk 40 %"),
        ({"disk": 90.0}, State.OK, "disk 90 %"),
        ({"disk": 94.0}, State.FIRING, "disk / 94 %, over 90 %"),
        ({"memory": 86.0}, State.FIRING, "memory 86 %, over 85 %"),
        ({"memory": None}, State.UNKNOWN, "memory is not known"),
        ({"missing": ("disks: df hung",)}, State.UNKNOWN, "disks: df hung"),
        ({"disk": 94.0, "memory": None}, State.FIRING, "disk / 94 %"),
        ({"units": (w.unit("a.service", "failed"),)}, State.OK, "a.service failed"),
    ],
)
def test_a_host_is_judged_by_its_thresholds(facts: dict[str, Any], state: State, said: str) -> None:
    world = world_of()
    world.take(w.host_reading(0, w.facts(**facts)))
    cell = the_cell(world.snapshot(at(0)), host_cell("data-1"))
    assert cell.state is state
    assert said in cell.because


def test_a_disk_whose_inodes_are_used_up_is_full() -> None:
    world = world_of()
    full = Mount(Raw("/var"), 10_000, 6_000, 40.0, inodes_percent=100.0)
    world.take(w.host_reading(0, msgspec.structs.replace(w.facts(), mounts=(full,))))
    cell = the_cell(world.snapshot(at(0)), host_cell("data-1"))
    assert (cell.state, cell.because) == (State.FIRING, "inodes of /var 100 %, over 90 %")


def test_mounts_that_nothing_can_be_written_to_are_told() -> None:
    world = world_of()
    root = Mount(Raw("/"), 10_000, 6_000, 40.0, read_only=True)
    for mounts, said in (
        ((root,), ", / is read-only"),
        ((root, msgspec.structs.replace(root, path=Raw("/b"))), ", 2 mounts are read-only: /, …"),
    ):
        world.take(w.host_reading(0, msgspec.structs.replace(w.facts(), mounts=mounts)))
        cell = the_cell(world.snapshot(at(0)), host_cell("data-1"))
        assert cell.state is State.OK
        assert cell.because.endswith(said)


def test_a_host_may_have_limits_of_its_own() -> None:
    own = Host("data-1", "10.0.0.1", thresholds=Thresholds(disk_percent=97))
    world = world_of(hosts=(own,))
    world.take(w.host_reading(0, w.facts(disk=94)))
    assert the_cell(world.snapshot(at(0)), host_cell("data-1")).state is State.OK


def test_one_busy_moment_of_the_processors_is_no_fault_and_two_looks_are() -> None:
    world = world_of()
    states = []
    for second, cpu in ((0, 99.0), (60, 99.0), (120, 20.0), (180, 95.0)):
        world.take(w.host_reading(second, w.facts(cpu=cpu)))
        states.append(the_cell(world.snapshot(at(second)), host_cell("data-1")).state)
    assert states == [State.OK, State.FIRING, State.OK, State.OK]


def test_a_host_without_ssh_has_its_row_and_no_cell() -> None:
    world = w.fleet(w.HOSTS, registry=Registry((Host("web-9"),)))
    snapshot = world.snapshot(at(0))
    assert [one.host.name for one in snapshot.host_states] == ["web-9"]
    assert snapshot.host_states[0].cell is None
    assert snapshot.cells == ()


def test_an_exporter_tells_of_hosts_that_nobody_looks_at() -> None:
    world = w.fleet(w.PROM, registry=Registry((Host("web-9"),)))
    told = w.facts(means=Means.NODE_EXPORTER, disk=95)
    world.take(w.prom_reading(0))
    world.take(w.host_reading(0, told, "web-9", "prom"))
    world.take(w.host_reading(0, told, "web-10", "prom"))
    snapshot = world.snapshot(at(0))
    assert [one.host.name for one in snapshot.host_states] == ["web-9", "web-10"]
    for name in ("web-9", "web-10"):
        assert the_cell(snapshot, host_cell(name)).state is State.FIRING
    old_s = 2 * EXPORTER_INTERVAL.total_seconds() + 1
    assert the_cell(world.snapshot(at(old_s)), host_cell("web-9")).state is State.STALE


def test_two_ways_of_looking_at_a_host_must_agree_before_it_is_green() -> None:
    world = world_of(w.HOSTS, w.PROM)
    world.take(w.host_reading(0, w.facts()))
    told = w.facts(means=Means.NODE_EXPORTER, disk=95)
    world.take(w.host_reading(0, told, source="prom"))
    cell = the_cell(world.snapshot(at(0)), host_cell("data-1"))
    assert cell.state is State.FIRING
    world.take(w.host_reading(60, w.facts(means=Means.NODE_EXPORTER), source="prom"))
    world.take(w.host_down(60))
    snapshot = world.snapshot(at(60))
    assert the_cell(snapshot, host_cell("data-1")).state is State.UNKNOWN
    held = snapshot.host_states[0]
    assert held.facts is not None
    assert held.facts.means is Means.NODE_EXPORTER
    assert held.as_of == at(60)


def test_what_an_exporter_leaves_out_is_nothing_against_a_host_that_tells_it_itself() -> None:
    world = world_of(w.HOSTS, w.PROM)
    half = w.facts(means=Means.NODE_EXPORTER, memory=None)
    world.take(w.host_reading(0, half, source="prom"))
    assert the_cell(world.snapshot(at(0)), host_cell("data-1")).state is State.UNKNOWN
    world.take(w.host_reading(1, w.facts()))
    world.take(w.host_reading(2, half, source="prom"))
    assert the_cell(world.snapshot(at(2)), host_cell("data-1")).state is State.OK


@pytest.mark.parametrize(
    ("told", "more", "state", "said"),
    [
        (w.workload(), {}, State.OK, "workload 3 of 3 available"),
        (w.workload(available=2), {}, State.FIRING, "2 of 3 available"),
        (w.workload(available=None), {}, State.UNKNOWN, "does not tell its ready replicas"),
        (w.workload(desired=None), {}, State.UNKNOWN, "does not tell how many replicas"),
        (w.workload(desired=0, available=0), {}, State.FIRING, "scaled to 0"),
        (w.workload(updated=1), {}, State.OK, "3 of 3 available, rollout 1 of 3"),
        (w.workload(), {"warnings": (Raw("partial"),)}, State.UNKNOWN, "of a partial answer"),
        (w.workload("other"), {}, State.FIRING, "there is no workload called api in shop"),
        (
            w.workload("other"),
            {"missing": (w.failure("k8s", "shop", 0),)},
            State.UNKNOWN,
            "a partial answer without api in shop",
        ),
        (w.workload("other"), {"namespaces": ("pay",)}, State.UNKNOWN, "nothing is asked"),
    ],
)
def test_workloads_by_their_replicas(
    told: Any, more: dict[str, Any], state: State, said: str
) -> None:
    watched = Watched("k8s", SourceKind.KUBERNETES, w.K8S.interval, more.get("namespaces", ()))
    world = world_of(watched)
    world.take(w.k8s_reading(0, (told,), **more))
    cell = the_cell(world.snapshot(at(0)), "api")
    assert cell.state is state
    assert said in cell.because


@pytest.mark.parametrize(
    ("name", "kind", "more", "state", "said"),
    [
        ("api", "Rollout", {}, State.UNKNOWN, "pods are those of a Rollout; only deployments, "),
        ("api", "Pod", {}, State.UNKNOWN, "it is a pod of its own; only deployments, stateful"),
        ("other", "Rollout", {}, State.FIRING, "there is no workload called api in shop"),
        ("api", "Rollout", {"pods": w.failure("k8s", "pods", 0)}, State.UNKNOWN,
         "whether pods of that name run is not known"),
    ],
)  # fmt: skip
def test_what_runs_and_is_of_a_kind_that_is_not_read_is_not_said_to_be_missing(
    name: str, kind: str, more: dict[str, Any], state: State, said: str
) -> None:
    world = world_of(w.K8S)
    strays = (Stray(Raw("shop"), Raw(name), Raw(kind)),)
    world.take(w.k8s_reading(0, (w.workload("cart"),), strays=strays, **more))
    cell = the_cell(world.snapshot(at(0)), "api")
    assert cell.state is state and said in cell.because


def ran(state: RunState, name: str = "api-29400600") -> Run:
    ended = None if state is RunState.RUNNING else w.START
    return Run(Raw(name), state, Raw("BackoffLimitExceeded"), w.START, ended)


def batch(name: str, kind: WorkloadKind, state: RunState, **more: Any) -> Workload:
    return Workload(Raw(name), Raw("shop"), kind, runs=(ran(state),), **more)


@pytest.mark.parametrize(
    ("state", "expected"), [(RunState.COMPLETE, State.OK), (RunState.FAILED, State.FIRING)]
)
def test_a_service_may_be_a_cron_job(state: RunState, expected: State) -> None:
    cron = Cron(Raw("0 2 * * *"), False, due_at=w.START, missed_after=at(86_400).wall)
    pods = (
        Pod(Raw("api-29400600-x"), Raw("shop"), Raw("Failed"), reason=Raw("Error"), exit_code=3),
        Pod(Raw("api-29399160-x"), Raw("shop"), Raw("Failed"), reason=Raw("OOMKilled")),
    )
    world = world_of(w.K8S)
    told = batch("api", WorkloadKind.CRONJOB, state, cron=cron, pods=pods)
    world.take(w.k8s_reading(0, (told,)))
    cell = the_cell(world.snapshot(at(0)), "api")
    assert cell.state is expected and "schedule 0 2 * * *" in cell.because
    assert ("api-29400600-x Error (3)" in cell.because) is (state is RunState.FAILED)
    assert "OOMKilled" not in cell.because
    late = world.snapshot(at(0)).namespace("shop")
    assert late is not None and late.workloads == (told,)


def test_a_job_that_nobody_wrote_down_is_there_while_it_runs_or_where_it_failed() -> None:
    def seen(state: RunState, seconds: float) -> list[State]:
        told = (batch("api", WorkloadKind.JOB, RunState.COMPLETE),
                batch("migrate", WorkloadKind.JOB, state))  # fmt: skip
        world.take(w.k8s_reading(seconds, told))
        snapshot = world.snapshot(at(seconds))
        held = snapshot.namespace("shop")
        assert held is not None
        assert len(held.workloads) == 1 + (state is not RunState.COMPLETE)
        assert the_cell(snapshot, "api").state is State.OK
        return [cell.state for cell in snapshot.cells if cell.service.name == "migrate"]

    world = world_of(w.K8S)
    assert seen(RunState.RUNNING, 0) == [State.OK]
    assert seen(RunState.FAILED, 30) == [State.FIRING]
    assert seen(RunState.COMPLETE, 60) == []


def test_an_alert_about_a_run_of_a_cron_job_finds_the_cron_job() -> None:
    world = world_of(w.K8S, w.AM)
    world.take(w.k8s_reading(0, (batch("api", WorkloadKind.CRONJOB, RunState.FAILED),)))
    failed = w.alert("KubeJobFailed", namespace="shop", job_name="api-29400600")
    world.take(w.am_reading(0, failed))
    assert the_cell(world.snapshot(at(0)), "api").alerts == (failed.fingerprint,)


def test_a_pod_that_crashes_is_named_with_its_reason() -> None:
    pods = (
        Pod(Raw("api-1"), Raw("shop"), Raw("Running"), ready=True),
        Pod(
            Raw("api-2"), Raw("shop"), Raw("Running"), ready=False,
            reason=Raw("CrashLoopBackOff"), exit_code=137, restarts=7,
        ),
    )  # fmt: skip
    world = world_of(w.K8S)
    world.take(w.k8s_reading(0, (w.workload(available=1, desired=2, pods=pods),)))
    snapshot = world.snapshot(at(0))
    cell = the_cell(snapshot, "api")
    assert cell.because == ("workload 1 of 2 available: api-2 CrashLoopBackOff (137), restarted 7x")
    assert [(one.name, len(one.workloads)) for one in snapshot.namespaces] == [("shop", 1)]


def test_a_cluster_that_fails_leaves_its_workloads_unknown_and_is_a_sick_source() -> None:
    world = world_of(w.K8S)
    world.take(w.k8s_reading(0, (w.workload(),)))
    world.take(w.k8s_reading(30, w.failure("k8s", "workloads", 30)))
    snapshot = world.snapshot(at(30))
    assert the_cell(snapshot, "api").state is State.UNKNOWN
    assert source(snapshot, "k8s").state is State.UNKNOWN
    assert source(snapshot, "k8s").failures


def test_harm_that_was_seen_is_told_as_long_as_its_cluster_is_not_heard() -> None:
    world = world_of(w.K8S)
    world.take(w.k8s_reading(0, (w.workload(available=1),)))
    for seconds in (30, 60, 90):
        world.take(w.k8s_reading(seconds, w.failure("k8s", "workloads", seconds)))
        cell = the_cell(world.snapshot(at(seconds)), "api")
        assert cell.state is State.UNKNOWN
        assert cell.because.endswith("; it was: 1 of 3 available")
    world.take(w.k8s_reading(120, (w.workload(),)))
    world.take(w.k8s_reading(150, w.failure("k8s", "workloads", 150)))
    assert "it was" not in the_cell(world.snapshot(at(150)), "api").because


def test_a_workload_that_nobody_wrote_down_may_be_scaled_to_nothing() -> None:
    world = world_of(w.K8S)
    world.take(w.k8s_reading(0, (w.workload(), w.workload("spare", desired=0, available=0))))
    cell = the_cell(world.snapshot(at(0)), "spare")
    assert (cell.state, cell.because) == (State.OK, "workload scaled to 0")


def test_a_prometheus_without_kube_state_metrics_is_no_source_of_workloads() -> None:
    world = world_of(w.PROM)
    world.take(w.prom_reading(0))
    world.take(w.k8s_reading(0, (), "prom kube-state-metrics", present=False))
    assert [one.name for one in world.snapshot(at(0)).sources] == ["prom"]
    world.take(w.k8s_reading(30, (w.workload(),), "prom kube-state-metrics"))
    snapshot = world.snapshot(at(30))
    assert [one.name for one in snapshot.sources] == ["prom", "prom kube-state-metrics"]
    assert the_cell(snapshot, "api").state is State.OK


def test_one_dark_host_of_many_is_named_and_all_dark_is_a_sick_source() -> None:
    hosts = tuple(Host(f"web-{n}", f"10.0.1.{n}") for n in range(3))
    watched = Watched("hosts", SourceKind.HOSTS, timedelta(seconds=60), ("web-0", "web-1", "web-2"))
    world = w.fleet(watched, registry=Registry(hosts))
    for host in hosts[:2]:
        world.take(w.host_reading(0, w.facts(), host.name))
    world.take(w.host_down(0, "web-2"))
    snapshot = world.snapshot(at(0))
    assert source(snapshot, "hosts").state is State.OK
    assert source(snapshot, "hosts").degraded == "1 of 3 do not answer"
    assert source(snapshot, "hosts/web-2").failures
    for host in hosts[:2]:
        world.take(w.host_down(60, host.name))
    assert source(world.snapshot(at(60)), "hosts").state is State.UNKNOWN


def test_two_hosts_that_never_answered_are_no_source_that_is_well() -> None:
    hosts = (Host("web-0", "10.0.1.0"), Host("web-1", "10.0.1.1"))
    watched = Watched("hosts", SourceKind.HOSTS, timedelta(seconds=60), ("web-0", "web-1"))
    world = w.fleet(watched, registry=Registry(hosts))
    for host in hosts:
        world.take(w.host_down(0, host.name))
    dark = source(world.snapshot(at(0)), "hosts")
    assert (dark.state, dark.degraded) == (State.UNKNOWN, "2 of 2 do not answer")
    world.take(w.host_reading(60, w.facts(), "web-0"))
    assert source(world.snapshot(at(60)), "hosts").state is State.OK
    for seconds in (120, 180, 240):
        world.take(w.host_down(seconds, "web-0"))
    assert source(world.snapshot(at(240)), "hosts").state is State.STALE


def test_settings_that_change_forget_what_no_longer_holds() -> None:
    world = world_of()
    world.take(w.host_reading(0, w.facts(containers=(w.container(state="dead"),))))
    moved = Service("redis", ServiceType.DOCKER, "data-2", host="data-2")
    registry = Registry((DATA_1, Host("data-2", "10.0.0.2")), (moved,))
    world.reload(registry, (Watched("hosts", SourceKind.HOSTS, w.HOSTS.interval, ("data-2",)),),
                 world.policy)  # fmt: skip
    snapshot = world.snapshot(at(1))
    assert the_cell(snapshot, "redis").because == "its container has not been looked at yet"
    assert host_cell("data-1") not in [cell.service.name for cell in snapshot.cells]


@pytest.mark.parametrize(
    "other",
    [
        (Host("data-1", "10.9.9.9", jump="hop"), Host("hop", "10.0.0.9")),
        (Host("data-1", "10.0.0.1", port=2222, jump="hop"), Host("hop", "10.0.0.9")),
        (Host("data-1", "10.0.0.1", jump="hop"), Host("hop", "10.9.9.9")),
    ],
)
def test_nothing_on_a_host_is_green_by_the_word_of_another_that_had_its_name(
    other: tuple[Host, ...],
) -> None:
    before = (Host("data-1", "10.0.0.1", jump="hop"), Host("hop", "10.0.0.9"))
    world = world_of(hosts=before)
    world.take(w.host_reading(0, w.facts(containers=(w.container(),), units=(w.unit(),))))
    world.take(w.probe_reading(0, "redis", kind=ProbeKind.COMMAND, said="PONG in 3 ms"))
    assert the_cell(world.snapshot(at(0)), "redis").state is State.OK
    world.reload(Registry(other, world.registry.services), (w.HOSTS,), world.policy)
    for name in ("redis", "nginx"):
        cell = the_cell(world.snapshot(at(1)), name)
        assert (cell.state, cell.probes, cell.reports) == (State.UNKNOWN, (), ())


def test_a_host_that_only_gets_other_labels_is_the_one_that_it_was() -> None:
    world = world_of()
    world.take(w.host_reading(0, w.facts(containers=(w.container(),))))
    relabelled = Host("data-1", "10.0.0.1", labels=(("rack", "r9"),))
    world.reload(Registry((relabelled,), world.registry.services), (w.HOSTS,), world.policy)
    assert the_cell(world.snapshot(at(1)), "redis").state is State.OK


def test_another_cluster_of_the_same_name_is_asked_before_its_word_counts() -> None:
    here = Watched("k8s", SourceKind.KUBERNETES, w.K8S.interval, url="kubectl on a")
    there = Watched("k8s", SourceKind.KUBERNETES, w.K8S.interval, url="kubectl on b")
    world = world_of(here)
    world.take(w.k8s_reading(0, (w.workload(),)))
    assert the_cell(world.snapshot(at(0)), "api").state is State.OK
    world.reload(world.registry, (there,), world.policy)
    cell = the_cell(world.snapshot(at(1)), "api")
    assert (cell.state, cell.because) == (State.UNKNOWN, "k8s has not been asked for it yet")


def test_a_container_of_another_service_is_no_replica_of_this_one() -> None:
    web = Service("web-redis", ServiceType.DOCKER, "data-1", host="data-1")
    world = w.fleet(w.HOSTS, registry=Registry((DATA_1,), (REDIS, web)))
    told = (w.container("shop-web-redis-1"), w.container("shop-redis-1", "exited"))
    world.take(w.host_reading(0, w.facts(containers=told)))
    states = [the_cell(world.snapshot(at(0)), name).state for name in ("web-redis", "redis")]
    assert states == [State.OK, State.FIRING]
    world.take(w.host_reading(1, w.facts(containers=told[:1])))
    cell = the_cell(world.snapshot(at(1)), "redis")
    assert (cell.state, cell.because) == (State.FIRING, "there is no container called redis")


def test_a_replica_that_was_removed_is_missed() -> None:
    three = Service("redis", ServiceType.DOCKER, "data-1", host="data-1", replicas=3)
    world = w.fleet(w.HOSTS, registry=Registry((DATA_1,), (three,)))
    told = tuple(w.container(f"shop-redis-{n}") for n in range(3))
    world.take(w.host_reading(0, w.facts(containers=told)))
    cell = the_cell(world.snapshot(at(0)), "redis")
    assert (cell.state, cell.because[:18]) == (State.OK, "container 3 of 3 r")
    world.take(w.host_reading(1, w.facts(containers=told[:2])))
    cell = the_cell(world.snapshot(at(1)), "redis")
    assert cell.state is State.FIRING
    assert "2 of 3 run" in cell.because


def test_a_workload_is_known_by_the_one_name_that_it_has() -> None:
    """`service_name` names the deployment; one that is called like the service is another."""
    api = Service("api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop", service_name="api-2")
    world = w.fleet(w.K8S, registry=Registry((), (api,)))
    world.take(w.k8s_reading(0, (w.workload("api"),)))
    cell = the_cell(world.snapshot(at(0)), "api")
    assert cell.state is State.FIRING
    assert "there is no workload called api-2 in shop" in cell.because


def test_of_workloads_that_are_called_alike_the_worst_decides() -> None:
    world = world_of(w.K8S)
    alike = w.workload(available=0)
    told = (w.workload(), msgspec.structs.replace(alike, kind=WorkloadKind.STATEFULSET))
    world.take(w.k8s_reading(0, told))
    assert the_cell(world.snapshot(at(0)), "api").state is State.FIRING


def test_an_alert_about_a_host_finds_the_hosts_cell() -> None:
    world = world_of(w.HOSTS, w.AM, w.PROM)
    world.take(w.host_reading(0, w.facts()))
    world.take(w.prom_reading(0))
    world.take(w.am_reading(0, w.alert("HostDiskFull", instance="data-1:9100")))
    cell = the_cell(world.snapshot(at(0)), host_cell("data-1"))
    assert cell.state is State.FIRING
    assert "HostDiskFull fires" in cell.because


def test_what_node_exporter_is_scraped_for_belongs_to_the_host_and_so_do_its_alerts() -> None:
    world = world_of(w.HOSTS, w.AM, w.PROM)
    world.take(w.host_reading(0, w.facts(disk=95)))
    node = (w.target("data-1:9100", "node"), w.target("data-1:9121", "redis_exporter"))
    world.take(w.prom_reading(0, targets=node))
    full = w.alert("DiskFillingUp", instance="data-1:9100", job="node", silenced_by=("s",))
    world.take(w.am_reading(0, full))
    snapshot = world.snapshot(at(0))
    names = [cell.service.name for cell in snapshot.cells]
    assert names == ["redis", "nginx", "api", "host:data-1", "redis_exporter"]
    cell = the_cell(snapshot, host_cell("data-1"))
    assert cell.alerts == (full.fingerprint,)
    assert len(cell.targets) == 1


def test_a_host_that_only_a_label_of_its_target_names_keeps_its_cell_when_that_is_down() -> None:
    world = w.fleet(w.PROM, registry=Registry((Host("web-9"),)))
    up = w.target("10.0.0.5:9100", "node", host="web-9")
    down = w.target(
        "10.0.0.5:9100", "node", host="web-9", health=TargetHealth.DOWN, error="refused"
    )

    def seen(seconds: float) -> list[tuple[str, str, State]]:
        snapshot = world.snapshot(at(seconds))
        return [(one.service.place, one.service.name, one.state) for one in snapshot.cells]

    # As after a start of the console: nothing has told of the host yet.
    world.take(w.prom_reading(0, targets=(down,)))
    assert seen(0) == [("web-9", "node", State.FIRING)]
    world.take(w.prom_reading(15, targets=(up,)))
    world.take(w.host_reading(15, w.facts(means=Means.NODE_EXPORTER), "web-9", "prom"))
    assert seen(15) == [("web-9", host_cell("web-9"), State.OK)]
    for seconds in (30, 600):
        world.take(w.prom_reading(seconds, targets=(down,)))
        assert seen(seconds) == [("web-9", host_cell("web-9"), State.FIRING)]


def workload_of(name: str, namespace: str = "shop", available: int = 3) -> Workload:
    return Workload(
        Raw(name), Raw(namespace), WorkloadKind.DEPLOYMENT, desired=3, available=available
    )


def test_workloads_that_nobody_wrote_down_are_services_of_their_namespace() -> None:
    world = world_of(w.PROM)
    told = (workload_of("api"), workload_of("cart", available=1), workload_of("api", "pay"))
    world.take(w.prom_reading(0))
    world.take(w.k8s_reading(0, told, "prom kube-state-metrics"))
    snapshot = world.snapshot(at(0))
    found = {cell.service.name: (cell.service.place, cell.state) for cell in snapshot.cells}
    assert found["api"] == ("shop", State.OK)
    assert found["cart"] == ("shop", State.FIRING)
    assert found["api@pay"] == ("pay", State.OK)
    world.take(w.k8s_reading(30, w.failure("x", "workloads", 30), "prom kube-state-metrics"))
    assert the_cell(world.snapshot(at(30)), "cart").state is State.UNKNOWN


def test_an_alert_about_a_workload_that_nobody_wrote_down_finds_it() -> None:
    world = world_of(w.AM, w.K8S)
    world.take(w.k8s_reading(0, (workload_of("cart"),)))
    firing = w.alert("KubePodCrashLooping", namespace="shop", pod="cart-5d9c7bdf6f-x2x9z")
    world.take(w.am_reading(0, firing))
    assert the_cell(world.snapshot(at(0)), "cart").alerts == (firing.fingerprint,)


def test_a_workload_that_one_of_two_tellers_knows_is_judged_by_that_one() -> None:
    world = world_of(w.K8S)
    world.take(w.k8s_reading(0, (workload_of("cart"),)))
    world.take(w.k8s_reading(0, (workload_of("other"),), "prom kube-state-metrics"))
    assert the_cell(world.snapshot(at(0)), "cart").state is State.OK


def test_an_exporter_that_tells_nothing_any_more_hides_no_facts() -> None:
    world = world_of(w.HOSTS, w.PROM)
    world.take(w.host_reading(0, w.facts(disk=70)))
    world.take(w.host_down(60))
    empty = HostFacts(Means.NODE_EXPORTER, missing=("disks: not there",))
    world.take(w.host_reading(60, empty, source="prom"))
    (state,) = world.snapshot(at(60)).host_states
    assert state.facts is not None
    assert state.facts.means is Means.SSH
    assert state.as_of == at(0)


def exported(seconds: float, host: str) -> HostReading:
    return w.host_reading(seconds, w.facts(means=Means.NODE_EXPORTER), host, "prom")


def hosts_known(world: Fleet, seconds: float) -> list[str]:
    return [one.host.name for one in world.snapshot(at(seconds)).host_states]


def test_a_found_host_that_was_scaled_away_is_forgotten_while_others_are_told_of() -> None:
    world = w.fleet(w.PROM)
    world.take(w.prom_reading(0, targets=(w.target("a:9100", "node"), w.target("b:9100", "node"))))
    for host in ("a", "b"):
        world.take(exported(0, host))
    world.take(w.prom_reading(600, targets=(w.target("a:9100", "node"),)))
    world.take(w.prom_reading(1200, targets=(w.target("a:9100", "node"),)))
    assert hosts_known(world, 1200) == ["a", "b"]
    world.take(exported(1200, "a"))
    assert hosts_known(world, 1200) == ["a"]


def test_a_found_host_that_died_stays_for_it_is_still_a_target() -> None:
    world = w.fleet(w.PROM)
    world.take(w.prom_reading(0, targets=(w.target("a:9100", "node"), w.target("b:9100", "node"))))
    for host in ("a", "b"):
        world.take(exported(0, host))
    down = w.target("b:9100", "node", health=TargetHealth.DOWN)
    world.take(w.prom_reading(1200, targets=(w.target("a:9100", "node"), down)))
    world.take(exported(1200, "a"))
    assert hosts_known(world, 1200) == ["a", "b"]
    assert the_cell(world.snapshot(at(1200)), host_cell("b")).state is State.FIRING


def test_a_found_host_stays_while_its_prometheus_tells_of_no_host_at_all() -> None:
    world = w.fleet(w.PROM)
    world.take(w.prom_reading(0))
    world.take(exported(0, "a"))
    world.take(w.prom_down(1200))
    assert hosts_known(world, 1200) == ["a"]
    assert the_cell(world.snapshot(at(1200)), host_cell("a")).state is not State.OK
