"""What hosts of several kinds print is read, and what they cannot tell is said in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from console.model.failure import Failure, FailureKind
from console.model.host import HostFacts, Means
from console.safety.clock import Instant
from console.sources.answer import Unusable
from console.sources.fault import Asked as Words
from console.sources.fault import failure_of
from console.sources.hosts.decode import Asked, Counters, Told, facts_in
from console.sources.hosts.decode_disks import MAX_MOUNTS
from console.sources.hosts.parts import Part, Parts, parts_in
from console.sources.hosts.settings import Wanted
from tests.sources.host_outputs import (
    ALPINE,
    CGROUP_1,
    CGROUP_2,
    DEAD_REDIS,
    DEBIAN_12,
    FAILED,
    LIVE_API,
    MACOS,
    RHEL_8,
    UNITS,
    WSL,
)

NOTHING = Wanted()
SENT = Instant(datetime.fromtimestamp(1795362760.0, UTC), 1000.0)


def refused(part: str, error: Unusable) -> Failure:
    return failure_of(error, Words("hosts", part, "facts", "look", "ssh box"), SENT.wall)


def told_by(
    outputs: Mapping[str, bytes],
    *,
    wanted: Wanted = NOTHING,
    before: Counters | None = None,
    broken: Mapping[str, Part] | None = None,
    took_s: float = 2.0,
) -> Told:
    parts = {name: Part(0, content) for name, content in outputs.items()}
    asked = Asked(wanted, Means.SSH, 3, SENT, SENT.plus(took_s))
    return facts_in(Parts({**parts, **(broken or {})}), asked, before, refused)


def paths(facts: HostFacts) -> dict[str, float]:
    return {one.path.exact: round(one.used_percent) for one in facts.mounts or ()}


def failure_in(part: object) -> Failure:
    assert isinstance(part, Failure)
    return part


def test_a_debian_host_tells_everything() -> None:
    facts = told_by(DEBIAN_12).facts
    assert facts.missing == ()
    assert facts.uptime == timedelta(seconds=3547800.12)
    assert facts.cpus == 2
    assert facts.cpu_percent == pytest.approx(50.0)
    assert facts.load == (3.10, 2.05, 1.00)
    assert facts.memory_percent == pytest.approx(41.0)
    assert facts.swap_free_bytes == 1048000 * 1024
    assert facts.kernel is not None and facts.kernel.exact == "6.1.0-18-amd64"
    assert [one.name.exact for one in facts.interfaces or ()] == ["eth0"]
    assert facts.containers is None
    assert facts.units is None


def test_only_what_holds_something_is_a_mount_and_each_device_is_one() -> None:
    facts = told_by(DEBIAN_12).facts
    assert paths(facts) == {"/": 47, "/srv/my backups": 98}
    root, backups = facts.mounts or ()
    assert (root.read_only, backups.read_only) == (False, True)
    assert (root.inodes_percent, backups.inodes_percent) == (10.0, None)
    assert facts.fullest == backups


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        (ALPINE, {"/": 5}),
        (RHEL_8, {"/": 80, "/home": 100, "/mnt/share": 25}),
        (WSL, {"/mnt/c": 80, "/": 6}),
    ],
    ids=["alpine", "rhel8", "wsl"],
)
def test_other_distributions_are_read_alike(
    outputs: Mapping[str, bytes], expected: dict[str, float]
) -> None:
    facts = told_by(outputs).facts
    assert facts.missing == ()
    assert paths(facts) == expected


def test_a_host_without_proc_says_so_once_and_tells_the_rest() -> None:
    none = Part(1, b"", b"cat: /proc/x: No such file or directory\n")
    broken = dict.fromkeys(("stat", "load", "memory", "uptime", "network", "mounts"), none)
    facts = told_by(MACOS, broken=broken).facts
    assert facts.missing == ("cpu, memory, network: there is no /proc on Darwin",)
    assert facts.load == (1.20, 1.31, 1.42)
    assert facts.uptime == timedelta(days=3, hours=2, minutes=1)
    assert facts.cpus == 10
    assert paths(facts) == {"/": 2}


@pytest.mark.parametrize(
    ("cgroup", "percent"),
    [
        (CGROUP_2, 75.0),
        (CGROUP_1, 75.0),
        (b"max\n7516192768\ninactive_file 1\n", 41.0),
        (b"9223372036854771712\n7516192768\ntotal_inactive_file 1\n", 41.0),
        (b"8589934592\n9516192768\n", 100.0),
        (b"8589934592\n", 41.0),
        (b"0\n0\n", 41.0),
    ],
    ids=["v2", "v1", "v2 machine", "v1 machine", "over", "half", "nothing"],
)
def test_the_memory_of_a_container_is_that_of_its_limit(cgroup: bytes, percent: float) -> None:
    facts = told_by({**DEBIAN_12, "cgroup": cgroup}).facts
    assert facts.missing == ()
    assert facts.memory_percent == pytest.approx(percent)


def test_of_too_many_mounts_the_full_ones_are_kept() -> None:
    lines = [b"nas:/v%d 1000 100 900 10%% /v%d" % (number, number) for number in range(300)]
    lines += [b"nas:/full 1000 1000 0 100% /full", b"nas:/files 1000 100 900 10% /files"]
    head = b"Filesystem 1024-blocks Used Available Capacity Mounted on\n"
    files = head + b"nas:/files 1000 999 1 100% /files\n"
    outputs = {**DEBIAN_12, "mounts": b"", "disks": head + b"\n".join(lines), "inodes": files}
    told = paths(told_by(outputs).facts)
    assert len(told) == MAX_MOUNTS
    assert {"/full", "/files"} <= told.keys()


def test_what_is_mounted_by_fuse_is_no_one_device() -> None:
    outputs = {
        **DEBIAN_12,
        "mounts": b"/dev/fuse /a fuse rw 0 0\n/dev/fuse /long fuse rw 0 0\n",
        "disks": b"Filesystem 1024-blocks Used Available Capacity Mounted on\n"
        b"/dev/fuse 1000 100 900 10% /a\n/dev/fuse 1000 1000 0 100% /long\n",
    }
    assert paths(told_by(outputs).facts) == {"/a": 10, "/long": 100}


def test_a_root_in_memory_is_a_disk() -> None:
    outputs = {
        **DEBIAN_12,
        "mounts": b"rootfs / rootfs rw 0 0\ntmpfs /run tmpfs rw 0 0\n",
        "disks": b"Filesystem 1024-blocks Used Available Capacity Mounted on\n"
        b"rootfs 1000000 950000 50000 95% /\ntmpfs 1000 10 990 1% /run\n",
        "inodes": b"",
    }
    assert paths(told_by(outputs).facts) == {"/": 95}


def test_the_clock_is_known_as_well_as_the_way_allows() -> None:
    # Sent at 760.0, answered at 762.0; the host said 761.47 at its begin and 761.87 at its end.
    facts = told_by(DEBIAN_12).facts
    assert facts.clock_offset is not None and facts.clock_error is not None
    assert facts.clock_offset.total_seconds() == pytest.approx(0.67, abs=1e-3)
    assert facts.clock_error.total_seconds() == pytest.approx(0.8, abs=1e-3)
    # Whole seconds know less.
    coarse = told_by(ALPINE).facts
    assert coarse.clock_error is not None and facts.clock_error < coarse.clock_error


def test_a_clock_that_was_set_meanwhile_is_no_offset() -> None:
    facts = told_by({**DEBIAN_12, "then": b"1795366361.0\n"}).facts
    assert facts.clock_offset is None
    assert facts.missing == ("clock: it was set while the host was looked at",)


def test_rates_are_between_two_looks() -> None:
    first = told_by(DEBIAN_12)
    later = {
        **DEBIAN_12,
        "stat": b"cpu  1105 20 310 8050 80 0 40 70 5 0\n",
        "uptime": b"3547810.12 7000000.00\n",
        "network": b"  eth0: 541067043 3 0 0 0 0 0 0 1038042 4 0 0 0 0 0 0\n",
    }
    del later["again"]
    facts = told_by(later, before=first.counters).facts
    assert facts.cpu_percent == pytest.approx(100.0)
    (eth0,) = facts.interfaces or ()
    assert eth0.received_per_s == pytest.approx(100.0)
    assert eth0.sent_per_s == pytest.approx(500.0)


def test_a_counter_that_began_anew_makes_no_rate() -> None:
    first = told_by(DEBIAN_12).counters
    fresh = {**DEBIAN_12, "uptime": b"30.0 40.0\n"}
    del fresh["again"]
    after_reboot = told_by(fresh, before=first).facts
    assert after_reboot.cpu_percent is None
    assert after_reboot.missing == ()
    (eth0,) = after_reboot.interfaces or ()
    assert eth0.received_per_s is None
    replaced = {
        **DEBIAN_12,
        "uptime": b"3547900.0 1.0\n",
        "stat": b"cpu  1 1 1 1 1 1 1 1 0 0\n",
        "network": b"  eth0: 5 3 0 0 0 0 0 0 5 4 0 0 0 0 0 0\n",
    }
    del replaced["again"]
    facts = told_by(replaced, before=first).facts
    assert facts.cpu_percent is None
    assert (facts.interfaces or ())[0].sent_per_s is None


@pytest.mark.parametrize(
    ("part", "content", "words"),
    [
        ("memory", b"", "memory: /proc/meminfo is empty"),
        ("memory", b"MemTotal:  12 kB\nMemAv", "memory: /proc/meminfo has no MemAvailable"),
        ("memory", b"MemTotal: 1 kB\nMemAvailable: 9 kB\n",
         "memory: /proc/meminfo has more memory available than there is"),
        ("stat", b"cpu  1 2", "cpu: /proc/stat has no line of all processors"),
        ("load", b"0.1 \xff", "load: /proc/loadavg has no three numbers"),
        ("uptime", b"-5 1", "uptime: /proc/uptime has no number"),
        ("network", b"\x00", "network: /proc/net/dev has no interface"),
        ("disks", b"nonsense", "disks: df printed no file system"),
        ("now", b"never", "clock: date printed no time"),
    ],
)  # fmt: skip
def test_a_part_that_is_half_there_is_missing_in_words(
    part: str, content: bytes, words: str
) -> None:
    facts = told_by({**DEBIAN_12, part: content}).facts
    assert facts.missing == (words,)


def test_a_part_that_failed_is_missing_with_its_own_words() -> None:
    denied = Part(1, b"", b"cat: /proc/meminfo: Permission denied\n")
    facts = told_by(DEBIAN_12, broken={"memory": denied}).facts
    assert facts.missing == ("memory: cat: /proc/meminfo: Permission denied",)
    assert facts.memory_percent is None


def test_a_dead_network_mount_costs_the_network_mounts_only() -> None:
    hung = {"disks": Part(137, b""), "near": Part(0, DEBIAN_12["disks"])}
    facts = told_by(DEBIAN_12, broken=hung).facts
    assert facts.missing == ("disks: df gave no answer within 3 s, as on a dead network mount",)
    assert paths(facts) == {"/": 47, "/srv/my backups": 98}
    without = told_by(DEBIAN_12, broken={"disks": Part(124, b"")}).facts
    assert without.mounts is None


def test_a_mount_that_df_cannot_tell_of_is_said() -> None:
    stale = Part(1, DEBIAN_12["disks"], b"df: /mnt/nfs: Stale file handle\n")
    facts = told_by(DEBIAN_12, broken={"disks": stale}).facts
    assert facts.missing == ("disks: df: /mnt/nfs: Stale file handle",)
    assert "/" in paths(facts)
    denied = b"df: /run/user/1000/doc: Operation not permitted\n"
    both = Part(1, DEBIAN_12["disks"], stale.err + denied)
    assert told_by(DEBIAN_12, broken={"disks": both}).facts.missing == facts.missing
    not_ours = Part(1, DEBIAN_12["disks"], denied)
    assert told_by(DEBIAN_12, broken={"disks": not_ours}).facts.missing == ()


def test_a_source_that_looks_like_columns_is_no_mount_of_its_own() -> None:
    outputs = {
        **DEBIAN_12,
        "mounts": b"//x/a\\0401\\0402\\0403\\0404%\\040/ /mnt/x cifs rw 0 0\n"
        b"/dev/sda1 / ext4 rw 0 0\n/dev/sdz /mnt/two\\012lines ext4 rw 0 0\n",
        "disks": b"Filesystem 1024-blocks Used Available Capacity Mounted on\n"
        b"//x/a 1 2 3 4% / 100 25 75 25% /mnt/x\n"
        b"/dev/sda1 100000000 45000000 50000000 48% /\n"
        b"/dev/sdz 100 50 50 50% /mnt/two?lines\n",
    }
    facts = told_by(outputs).facts
    assert paths(facts) == {"/mnt/x": 25, "/": 47, "/mnt/two\nlines": 50}


def test_the_root_of_a_container_counts_although_it_is_an_overlay() -> None:
    outputs = {
        **DEBIAN_12,
        "mounts": b"overlay / overlay rw 0 0\noverlay /srv/x overlay rw 0 0\n",
        "disks": b"Filesystem 1024-blocks Used Available Capacity Mounted on\n"
        b"overlay 100 90 10 90% /\noverlay 100 90 10 90% /srv/x\n",
    }
    assert paths(told_by(outputs).facts) == {"/": 90}


def test_containers_are_told_with_how_they_ended() -> None:
    facts = told_by({**DEBIAN_12, "docker": DEAD_REDIS + LIVE_API}).facts
    assert isinstance(facts.containers, tuple)
    redis, api = facts.containers
    assert redis.name.exact == "redis"
    assert (redis.exit_code, redis.oom_killed, redis.restarts) == (137, True, 2)
    assert redis.finished_at == datetime(2026, 11, 22, 3, 12, 51, tzinfo=UTC)
    assert redis.restart_policy is not None and redis.restart_policy.exact == "no"
    assert redis.health is None
    assert (api.runs, api.exit_code, api.finished_at) == (True, None, None)
    assert api.health is not None and api.health.exact == "healthy"


@pytest.mark.parametrize(
    ("part", "kind", "words"),
    [
        (None, FailureKind.NOT_SERVED, "there is no program docker on it, or not in its PATH"),
        (Part(127, b""), FailureKind.NOT_SERVED, "there is no program docker on it"),
        (Part(1, b"", b"permission denied while trying to connect to the Docker daemon socket at "
              b"unix:///var/run/docker.sock: dial unix /var/run/docker.sock\n"),
         FailureKind.FORBIDDEN, "docker does not let this login in: permission denied"),
        (Part(1, b"", b"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
              b"Is the docker daemon running?\n"),
         FailureKind.REFUSED, "the docker daemon does not run: Cannot connect"),
        (Part(137, b""), FailureKind.TIMEOUT, "docker gave no answer within 3 s"),
        (Part(0, LIVE_API + b'{"name":"/x"'), FailureKind.SCHEMA,
         "what docker told of a container: got 12 bytes, broken or cut short,"),
        (Part(1, LIVE_API, b"unknown flag: --type\n"), FailureKind.STATUS,
         "docker ended with status 1: unknown flag: --type"),
    ],
)  # fmt: skip
def test_docker_that_does_not_tell_is_a_failure_where_a_container_is_registered(
    part: Part | None, kind: FailureKind, words: str
) -> None:
    broken = {} if part is None else {"docker": part}
    failure = failure_in(
        told_by(DEBIAN_12, broken=broken, wanted=Wanted(docker=True)).facts.containers
    )
    assert failure.kind is kind
    assert failure.cause.startswith(words)
    assert failure.remedy
    nobody_asked = told_by(DEBIAN_12, broken=broken).facts
    assert nobody_asked.containers is None
    assert nobody_asked.missing == ()


def test_docker_without_rights_names_both_ways_out() -> None:
    denied = Part(1, b"", b"Got permission denied while trying to connect to the Docker daemon\n")
    told = told_by(DEBIAN_12, broken={"docker": denied}, wanted=Wanted(docker=True))
    remedy = failure_in(told.facts.containers).remedy
    assert "group docker" in remedy and "`sudo: true`" in remedy


def test_a_container_that_went_while_it_was_asked_of_spoils_nothing() -> None:
    gone = Part(1, LIVE_API, b"Error: No such object: 4c1f9d\n")
    facts = told_by(DEBIAN_12, broken={"docker": gone}).facts
    assert isinstance(facts.containers, tuple)
    assert [one.name.exact for one in facts.containers] == ["api"]


def test_units_are_called_as_the_registry_calls_them_and_failed_ones_follow() -> None:
    wanted = Wanted(units=("redis", "nginx.service", "ghost"))
    facts = told_by({**DEBIAN_12, "units": UNITS, "failed": FAILED}, wanted=wanted).facts
    assert isinstance(facts.units, tuple)
    redis, nginx, ghost, cron = facts.units
    assert [one.name.exact for one in facts.units] == [*wanted.units, "cron.service"]
    assert (redis.active.exact, redis.exit_status, redis.restarts) == ("failed", 9, 3)
    assert redis.result is not None and redis.result.exact == "oom-kill"
    assert redis.since == datetime(2026, 11, 22, 3, 12, 51, tzinfo=UTC)
    assert (nginx.active.exact, nginx.sub.exact) == ("active", "running")
    assert (ghost.load.exact, ghost.since) == ("not-found", None)
    assert cron.restarts is None
    assert cron.since == datetime(2026, 11, 22, 1, tzinfo=UTC)


def test_the_description_of_a_unit_is_no_other_unit() -> None:
    spoof = "job.service loaded failed failed It\u2028postgres.service loaded failed failed x\n"
    facts = told_by({**DEBIAN_12, "units": b"", "failed": spoof.encode()}).facts
    assert isinstance(facts.units, tuple)
    assert [one.name.exact for one in facts.units] == ["job.service"]


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        (Part(127, b""), "there is no program systemctl on it"),
        (Part(137, b""), "systemd gave no answer within 3 s"),
        (Part(1, b"", b"System has not been booted with systemd as init system (PID 1).\n"),
         "systemd does not run there: System has not been booted"),
    ],
)  # fmt: skip
def test_systemd_that_does_not_tell_is_a_failure_where_a_unit_is_registered(
    failed: Part, words: str
) -> None:
    broken = {"failed": failed}
    wanted = Wanted(units=("nginx",))
    failure = failure_in(told_by(DEBIAN_12, broken=broken, wanted=wanted).facts.units)
    assert failure.cause.startswith(words)
    assert told_by(DEBIAN_12, broken=broken).facts.units is None


def test_nothing_between_forged_marks_is_believed() -> None:
    token = "oncall-5ec2e7"
    forged = b"\noncall-0 +memory\nMemTotal: 1 kB\n\noncall-0 -memory 0\n"
    stdout = (
        b"motd\n\n%(t)s +docker\nx\n" + forged + b"\n%(t)s -docker 0\n\n%(t)s +then\nhalf"
    ) % {b"t": token.encode()}
    parts = parts_in(
        stdout, b"\n%(t)s +docker\nwhy\n\n%(t)s -docker 0\n" % {b"t": token.encode()}, token
    )
    docker = parts.get("docker")
    assert docker is not None
    assert docker.out == b"x\n" + forged
    assert docker.err == b"why\n"
    assert parts.get("memory") is None
    assert parts.get("then") is None
