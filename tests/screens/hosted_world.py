"""A made-up world whose hosts and namespaces tell of themselves."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from console.model.host import Container, HostFacts, Interface, Means, Mount, Unit, Use
from console.model.probe import HealthFacts, ProbeKind, Verdict
from console.model.registry import Host, Service, ServiceType, host_cell
from console.model.report import Runner
from console.model.snapshot import Cell, HostState, NamespaceState, Snapshot
from console.model.state import State
from console.model.workload import Pod, Workload, WorkloadKind
from console.safety.text import Raw
from tests.build import ago, alert, at, cell, failure, known, probed, report, service, snapshot
from tests.screens.worlds import WELL

GB = 10**9
HOSTS = (
    Host("web-1", "10.0.0.1", user="ops", labels=(("rack", "r11"), ("zone", "a"))),
    Host("web-2", "10.0.0.2", user="ops", jump="web-1", labels=(("rack", "r12"), ("zone", "a"))),
    Host("data-1", "10.0.0.3", roles=("db",), labels=(("rack", "r12"), ("zone", "b"))),
    Host("dark-1", "10.0.0.4", port=2222, jump="web-1", labels=(("rack", "r12"),)),
    Host("bare-1"),
    Host("later-1", "10.0.0.6"),
)


def facts(cpu: float | None = 12.0, disk: float = 45.0) -> HostFacts:
    """What a usual host tells of itself."""
    return HostFacts(
        Means.SSH,
        uptime=timedelta(days=41, hours=3),
        cpus=4,
        cpu_percent=cpu,
        load=(3.1, 2.04, 1.9),
        memory_total_bytes=16 * GB,
        memory_available_bytes=9 * GB,
        swap_total_bytes=2 * GB,
        swap_free_bytes=2 * GB,
        mounts=(
            Mount(Raw("/"), 100 * GB, int((100 - disk) * GB), disk, 12.0, False),
            Mount(Raw("/var/lib"), 500 * GB, 350 * GB, 30.0, 95.0, True),
        ),
        interfaces=(Interface(Raw("eth0"), 10**12, 10**11, 1_250_000.0, 64_000.0),),
        clock_offset=timedelta(seconds=0.2),
        clock_error=timedelta(seconds=0.1),
        kernel=Raw("Linux 6.1.0-13-amd64"),
        containers=(
            Container(
                Raw("redis"), Raw("0123456789ab"), Raw("registry.test:5000/redis:7.2.5"),
                Raw("exited"), exit_code=137, oom_killed=True, restarts=2,
                restart_policy=Raw("no"), finished_at=ago(231),
            ),
            Container(
                Raw("postgres"), Raw("ba9876543210"), Raw("postgres:16.4"), Raw("running"),
                Raw("healthy"), started_at=ago(90_000), use=Use(6_335_076_762, 6 << 30, 40.0),
            ),
        ),
        units=(
            Unit(
                Raw("nginx.service"), Raw("loaded"), Raw("active"), Raw("running"),
                use=Use(300 << 20, 512 << 20),
            ),
            Unit(
                Raw("backup.service"), Raw("loaded"), Raw("failed"), Raw("failed"),
                Raw("exit-code"), 1, since=ago(4_000),
            ),
        ),
        missing=("inodes of /srv: df gave none",),
    )  # fmt: skip


def host_service(name: str, state: State = State.OK, because: str = "") -> Cell:
    """The cell of a host itself."""
    of = Service(host_cell(name), ServiceType.HOST, name, host=name)
    verdict = Verdict.HEALTHY if state is State.OK else Verdict.UNHEALTHY
    told = report(Runner.HOST, verdict, because or "load 3.1, up 41 d", place=name)
    return cell(of, state, because, reports=[told])


def web(name: str, host: str, version: str, wanted: str | None = None) -> Cell:
    """A web server that tells its version and has a certificate."""
    of = Service(
        name, ServiceType.DOCKER, host, host=host, service_name="nginx", owner="mei",
        expected_version=wanted, depends_on=("redis",),
    )  # fmt: skip
    asked = msgspec.structs.replace(
        probed(name, Verdict.HEALTHY, "200 in 4 ms"),
        facts=HealthFacts(version=Raw(version)),
        tls_expires=at().wall + timedelta(days=9),
    )
    made = cell(of, State.OK, "http 200 in 4 ms", probes=[asked])
    return msgspec.structs.replace(made, probe_ages=(at(-5),))


def pod(name: str, *, well: bool = True) -> Pod:
    """One pod of the shop's `api`."""
    return Pod(
        Raw(name), Raw("shop"), Raw("Running"), ready=well, node=Raw("k8s-2"),
        reason=None if well else Raw("CrashLoopBackOff"), exit_code=None if well else 137,
        restarts=0 if well else 7, images=(Raw("registry.test/api:2.15.0"),),
    )  # fmt: skip


def hosted(*more: Cell) -> Snapshot:
    """Six hosts: well, well, disk full, dark, without SSH, and not looked at."""
    down = known(alert("ServiceDown", starts_at=ago(162), instance="data-1:6379"), cell="redis")
    redis = cell(
        service("redis", "data-1", critical=True), State.FIRING, "ServiceDown fires",
        since=ago(160), probes=[probed("redis", said="tcp refused", kind=ProbeKind.TCP)],
        reports=[report()],
    )  # fmt: skip
    redis = msgspec.structs.replace(redis, alerts=(down.key,), probe_ages=(at(-3),))
    api = msgspec.structs.replace(
        service("api", "shop", type=ServiceType.K8S_DEPLOYMENT),
        expected_version="2.14.0",
        depends_on=("redis", "nobody"),
        owner="kai",
    )
    cells = (
        web("nginx-1", "web-1", "1.27.4", "1.27.4"),
        web("nginx-2", "web-2", "1.26.0"),
        redis,
        cell(service("postgres", "data-1")),
        cell(api, State.FIRING, "workload 2 of 3 ready", since=ago(300)),
        cell(service("home", "pages", type=ServiceType.PAGE)),
        host_service("web-1"),
        host_service("web-2"),
        host_service("data-1", State.FIRING, "disk / 94 %, over 90 %"),
        host_service("dark-1", State.UNKNOWN, "no answer on SSH in 10 s"),
        *more,
    )
    dark = msgspec.structs.replace(
        failure("hosts/dark-1", "no answer on SSH in 10 s"),
        curl="ssh -J ops@10.0.0.1 -p 2222 10.0.0.4 uptime",
    )
    states = (
        HostState(HOSTS[0], facts(), at(-5), cell="host:web-1"),
        HostState(HOSTS[1], facts(cpu=None), at(-500), cell="host:web-2"),
        HostState(HOSTS[2], facts(97.0, 94.2), at(-7), cell="host:data-1"),
        HostState(
            HOSTS[3], None, None, dark, failing_since=ago(400), next_try=at(30), cell="host:dark-1"
        ),
        HostState(HOSTS[4]),
        HostState(HOSTS[5]),
    )
    workload = Workload(
        Raw("api"), Raw("shop"), WorkloadKind.DEPLOYMENT, desired=3, ready=2, updated=3,
        images=(Raw("registry.test/api:2.15.0"),),
        pods=(pod("api-7f9c-a"), pod("api-7f9c-b"), pod("api-7f9c-c", well=False)),
    )  # fmt: skip
    shown = snapshot(down, cells=cells, sources=WELL)
    return msgspec.structs.replace(
        shown,
        hosts=HOSTS,
        host_states=states,
        namespaces=(NamespaceState("shop", "k8s", at(-4), (workload,)),),
    )
