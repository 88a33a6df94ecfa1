"""What containers and units take, out of cgroups of both versions: by text, and on a real host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from console.model.host import Container, HostFacts, Unit, Use
from console.model.registry import Service, ServiceType
from console.sources.hosts import script
from console.sources.hosts.decode_uses import Measured, uses_in
from console.sources.hosts.settings import Wanted
from tests.sources.host_outputs import DEBIAN_12, LIVE_REDIS
from tests.sources.stage import NAME, Stage
from tests.sources.test_hosts import facts_of, look
from tests.sources.test_hosts_decode import told_by
from tests.sshd import Sshd

GIB = 1 << 30
MIB = 1 << 20
HOST_BYTES = 64 * GIB
CPUS = 8
ID = "4c1f9d" + "0" * 58
REDIS = Service("redis", ServiceType.DOCKER, NAME, host=NAME)
CACHE = Service("cache", ServiceType.SYSTEMD, NAME, host=NAME, service_name="redis")
NGINX = Service("nginx", ServiceType.SYSTEMD, NAME, host=NAME)


def use(line: str, before: str = "", *, span_s: float = 10, cpus: int | None = CPUS) -> Use:
    earlier = uses_in(f"up 1000.00 9\n{before or line} x\n".encode())
    now = uses_in(f"up {1000 + span_s:.2f} 9\n{line} x\n".encode())
    return Measured(now, earlier, cpus, HOST_BYTES).use_of("x")


@pytest.mark.parametrize(
    ("line", "used", "limit"),
    [
        (f"2 {7 * GIB} {8 * GIB} {GIB} 5 max 100000", 6 * GIB, 8 * GIB),
        (f"2 {7 * GIB} max {GIB} 5 max 100000", 6 * GIB, HOST_BYTES),
        (f"2 {7 * GIB} {900 * GIB} {GIB} 5 -", 6 * GIB, HOST_BYTES),
        (f"1 {7 * GIB} {8 * GIB} {GIB} 5 -1 100000", 6 * GIB, 8 * GIB),
        (f"1 {7 * GIB} 9223372036854771712 {GIB} 5 - -", 6 * GIB, HOST_BYTES),
        (f"2 {GIB} max {2 * GIB} 5 -", 0, HOST_BYTES),
        ("2 - - - 5 -", None, None),
        (f"2 {GIB} - 0 5 -", GIB, None),
        (f"2 {GIB} 0 0 5 -", GIB, None),
        (f"2 {GIB} max - 5 -", None, HOST_BYTES),
        (f"2 -5 9{'9' * 30} 0 5 -", None, None),
        (f"3 {GIB} max 0 5 -", None, None),
        (f"2 {GIB} max 0", None, None),
    ],
)  # fmt: skip
def test_memory_is_without_files_and_of_its_own_limit_or_else_its_hosts(
    line: str, used: int | None, limit: int | None
) -> None:
    told = use(line)
    assert (told.memory_bytes, told.memory_limit_bytes) == (used, limit)
    assert (told.memory_percent is None) == (used is None or limit is None)


@pytest.mark.parametrize(
    ("before", "now", "percent"),
    [
        ("2 0 max 0 1000000 max 100000", "2 0 max 0 41000000 max 100000", 50.0),
        ("2 0 max 0 1000000 -", "2 0 max 0 41000000 -", 50.0),
        ("2 0 max 0 1000000 200000 100000", "2 0 max 0 19000000 200000 100000", 90.0),
        ("2 0 max 0 1000000 200000 100000", "2 0 max 0 41000000 200000 100000", 100.0),
        ("1 0 9 0 1000000000 -1 100000", "1 0 9 0 41000000000 -1 100000", 50.0),
        ("1 0 9 0 1000000000 50000 100000", "1 0 9 0 2000000000 50000 100000", 20.0),
        ("2 0 max 0 5000000 max 100000", "2 0 max 0 4000000 max 100000", None),
        ("2 0 max 0 - max 100000", "2 0 max 0 4000000 max 100000", None),
        ("2 0 max 0 5 max 100000", "2 0 max 0 - max 100000", None),
        ("2 0 max 0 5 0 100000", "2 0 max 0 6 0 100000", None),
        ("2 0 max 0 5 200000 0", "2 0 max 0 6 200000 0", None),
        ("2 0 max 0 5 many 0", "2 0 max 0 6 many 0", None),
    ],
)
def test_processors_are_of_the_quota_or_else_of_the_hosts(
    before: str, now: str, percent: float | None
) -> None:
    assert use(now, before).cpu_percent == (None if percent is None else pytest.approx(percent))


def test_processors_are_not_known_without_two_looks_that_are_apart() -> None:
    line = "2 0 max 0 5 max 100000"
    assert use(line, span_s=0).cpu_percent is None
    assert use(line, span_s=-500).cpu_percent is None
    assert use(line, cpus=None).cpu_percent is None
    now = uses_in(f"up 1000.00 9\n{line} x\n".encode())
    assert Measured(now, uses_in(b""), CPUS, HOST_BYTES).use_of("x").cpu_percent is None


def test_a_use_is_told_in_the_units_of_its_limit() -> None:
    said = [
        Use(6335076762, 6 * GIB, 40.4).said,
        Use(300 * MIB, 512 * MIB).said,
        Use(100, HOST_BYTES, 0.0).said,
        Use(GIB, None, None).said,
        Use(9 * GIB, 8 * GIB).said,
    ]
    assert said == [
        "mem 5.9 of 6 GiB 98 %, cpu 40 %",
        "mem 300 of 512 MiB 59 %",
        "mem 0 of 64 GiB 0 %, cpu 0 %",
        "",
        "mem 9 of 8 GiB 100 %",
    ]


def test_the_second_look_measures_the_processors_against_the_first() -> None:
    def told(up_s: int, worked_us: int) -> bytes:
        return b"up %d.00 9\n2 5 max 0 %d max 100000 4c1f9d\n" % (up_s, worked_us)

    wanted = Wanted(docker=True)
    outputs = {name: said for name, said in DEBIAN_12.items() if name != "again"}
    outputs["docker"] = LIVE_REDIS
    first = told_by({**outputs, "uses": told(100, 10**6)}, wanted=wanted)
    second = told_by(
        {**outputs, "uses": told(160, 13 * 10**6)}, wanted=wanted, before=first.counters
    )
    assert [containers(one.facts)[0].use.cpu_percent for one in (first, second)] == [None, 10.0]


def containers(facts: HostFacts) -> tuple[Container, ...]:
    assert isinstance(facts.containers, tuple)
    return facts.containers


def units(facts: HostFacts) -> tuple[Unit, ...]:
    assert isinstance(facts.units, tuple)
    return facts.units


def uses(facts: HostFacts) -> list[Use]:
    return [one.use for one in containers(facts)] + [one.use for one in units(facts)]


def written(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


def version_2(root: Path, container: str) -> Path:
    """A host of today: its container has 2 processors and 6 GiB, its unit what the host has."""
    stat = "anon 5\nfile 9\ninactive_anon 1\ninactive_file {}\nactive_file 7\n"
    written(root / container, memory__current=f"{5 * GIB}\n", memory__max=f"{6 * GIB}\n",
            memory__stat=stat.format(GIB), cpu__stat="usage_usec 1000000\nuser_usec 7\n",
            cpu__max="200000 100000\n")  # fmt: skip
    written(root / "system.slice/redis-server.service", memory__current=f"{GIB}\n",
            memory__max="max\n", memory__stat=stat.format(0),
            cpu__stat="usage_usec 1000000\n")  # fmt: skip
    return root / container / "cpu.stat"


def version_1(root: Path, container: str) -> Path:
    """The same before: one tree for each controller."""
    stat = "inactive_file 9\ntotal_cache 9\ntotal_inactive_file {}\n"
    written(root / "memory" / container, memory__usage_in_bytes=f"{5 * GIB}\n",
            memory__limit_in_bytes=f"{6 * GIB}\n", memory__stat=stat.format(GIB))  # fmt: skip
    written(root / "cpuacct" / container, cpuacct__usage="1000000000\n")
    written(root / "cpu" / container, cpu__cfs_quota_us="200000\n", cpu__cfs_period_us="100000\n")
    unit = "system.slice/redis-server.service"
    written(root / "memory" / unit, memory__usage_in_bytes=f"{GIB}\n",
            memory__limit_in_bytes="9223372036854771712\n",
            memory__stat=stat.format(0))  # fmt: skip
    written(root / "cpuacct" / unit, cpuacct__usage="1000000000\n")
    written(root / "cpu" / unit, cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    return root / "cpuacct" / container / "cpuacct.usage"


SHOWN = """\
Id=redis-server.service
Names=redis-server.service redis.service
LoadState=loaded
ActiveState=active
SubState=running
ControlGroup=/system.slice/redis-server.service

Id=nginx.service
Names=nginx.service
LoadState=loaded
ActiveState=active
SubState=running
ControlGroup=/system.slice/nginx.service
"""


@pytest.fixture
def cgroups(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the host has its cgroups: none yet. It has docker, systemd and two units."""
    root = tmp_path / "cgroup"
    theirs = script.SCRIPT.replace(script.CGROUPS, str(root))
    monkeypatch.setattr(script, "SCRIPT", theirs)
    stage.program("docker", f'case $1 in ps) echo {ID} ;; inspect) cat "$0.out" ;; esac')
    (stage.path / "docker.out").write_bytes(LIVE_REDIS.replace(b"4c1f9d", ID.encode()))
    stage.program("systemctl", 'case $1 in show) cat "$0.units" ;; esac')
    (stage.path / "systemctl.units").write_text(SHOWN)
    return root


@pytest.mark.parametrize(
    ("make", "container"),
    [
        (version_2, f"system.slice/docker-{ID}.scope"),
        (version_2, f"docker/{ID}"),
        (version_1, f"docker/{ID}"),
    ],
    ids=["2 by systemd", "2", "1"],
)
async def test_a_host_tells_what_its_containers_and_units_take(
    stage: Stage,
    sshd: Sshd | None,
    cgroups: Path,
    make: Callable[[Path, str], Path],
    container: str,
) -> None:
    usage = make(cgroups, container)
    # While the look waits between its two measurements, the container works for an hour.
    worked = "usage_usec 3600000000" if usage.name == "cpu.stat" else "3600000000000"
    sleep = (stage.path / "sleep").resolve()
    stage.program("sleep", f'echo {worked} >"{usage}"; exec {sleep} "$@"')
    facts = facts_of(await look(sshd, REDIS, CACHE, NGINX))
    assert facts.missing == ()
    (redis,) = containers(facts)
    assert redis.use == Use(4 * GIB, 6 * GIB, 100.0)
    cache, nginx = units(facts)
    assert cache.use == Use(GIB, facts.memory_total_bytes, 0.0)
    # It has no cgroup of its own to be found: that is not known, and no fault of the host.
    assert nginx.use == Use()


async def test_a_host_without_awk_or_cgroups_tells_all_the_rest(
    stage: Stage, sshd: Sshd | None, cgroups: Path
) -> None:
    for _ in range(2):
        facts = facts_of(await look(sshd, REDIS, CACHE))
        assert facts.missing == ()
        assert uses(facts) == [Use()] * 2
        stage.program("awk", "exit 127")


async def test_what_is_read_of_cgroups_has_an_end(
    stage: Stage, cgroups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = script.SCRIPT.replace(f"at < {script.MAX_CGROUPS} + 2", "at < 1 + 2")
    assert few != script.SCRIPT
    monkeypatch.setattr(script, "SCRIPT", few)
    monkeypatch.setenv("PATH", str(stage.path))
    version_2(cgroups, f"docker/{ID}")
    facts = facts_of(await look(None, REDIS, CACHE))
    assert [one == Use() for one in uses(facts)] == [False, True]
