"""The scenarios that one step of a runbook mends, and the programs that such a step calls."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from console.demo.inventory import HOSTS
from console.demo.machines.cgroups import ROOT as CGROUPS
from console.demo.machines.folder import ShellFolder
from console.demo.machines.programs import run
from console.demo.machines.said import Call, Said
from console.demo.world import World
from console.safety.clock import ManualClock
from console.sources.hosts.decode_uses import uses_in

from .demo_world import START, Demo
from .test_slow_scenarios import percent_used, unusual


def typed(demo: Demo, host: str, line: str) -> Said:
    """What a program of a host answers; `sudo -n` is nobody's business here."""
    words = shlex.split(line.removeprefix("sudo -n "))
    return run(demo.world, Call(host, words[0], tuple(words[1:])))


def test_four_faults_of_a_night_are_four_repairs() -> None:
    demo = Demo("small-hours").at(330)
    left = {"QueueBacklog", "WorkerStuck", "RunnerOffline", "ServiceDown", "BackupTooOld",
            "ContainerOOMKilled", "HighMemoryUsage"}  # fmt: skip
    assert unusual(demo) == left
    for host, line, mended in (
        ("k8s-1", "kubectl -n shop rollout restart deployment/worker",
         {"QueueBacklog", "WorkerStuck"}),
        ("ops-1", "sudo -n systemctl start gitlab-runner.service",
         {"RunnerOffline", "ServiceDown"}),
        ("ops-1", "sudo -n systemctl --no-block restart backup-agent.service", {"BackupTooOld"}),
        ("data-1", "docker restart clickhouse", {"ContainerOOMKilled", "HighMemoryUsage"}),
    ):  # fmt: skip
        assert typed(demo, host, line).status == 0
        left -= mended
        demo.at(demo.world.now_s() + 240)
        assert unusual(demo) == left


def test_who_eats_the_memory_is_seen_until_it_is_restarted() -> None:
    demo = Demo("small-hours").at(10)

    def used() -> str:
        rows = typed(demo, "data-1", "docker stats --no-stream").out.splitlines()
        return next(row for row in rows if "clickhouse" in row)

    assert "GiB / 64GiB" in used()
    typed(demo, "data-1", "docker restart clickhouse")
    assert "1.742GiB / 8GiB" in used()


def test_redis_shows_that_its_memory_fills_before_it_is_killed() -> None:
    demo = Demo("redis-down").at(-260)
    (box,) = typed(demo, "data-1", "docker ps -q --no-trunc --filter name=redis").out.split()
    asked = Call("data-1", "awk", ("", CGROUPS, box, "/system.slice/pgbouncer.service", "none"))
    told = uses_in(run(demo.world, asked).out.encode()).cgroups
    assert list(told) == [box, "/system.slice/pgbouncer.service"]
    use = told[box]
    assert use.memory_bytes is not None and use.limit_bytes == 6.5 * (1 << 30)
    assert 0.95 < use.memory_bytes / use.limit_bytes <= 1
    assert "/ 6.5GiB" in typed(demo, "data-1", "docker stats --no-stream").out
    assert uses_in(run(demo.at(10).world, asked).out.encode()).cgroups.keys() == {
        "/system.slice/pgbouncer.service"
    }


def test_the_query_that_others_wait_for_is_named_and_ends_when_it_is_cancelled() -> None:
    demo = Demo("slow-database").at(30)
    assert unusual(demo) == {"PoolNearlyFull", "ReplicationLag", "SlowResponse"}
    asked = 'docker exec postgres psql -U postgres -c "SELECT pg_blocking_pids(pid) {}"'
    longest = typed(demo, "data-1", asked.format("FROM pg_stat_activity ORDER BY xact_start"))
    blocking = longest.out.splitlines()[2].split()[0]
    assert longest.out.count(f"{{{blocking}}}") == 3
    cancel = "docker exec -u postgres postgres pg_ctl kill INT {}"
    wrong = typed(demo, "data-1", cancel.format(7))
    assert (wrong.status, "No such process" in wrong.err) == (1, True)
    assert typed(demo, "data-1", cancel.format(blocking)).status == 0
    assert unusual(demo.at(120)) == set()
    assert blocking not in typed(demo, "data-1", asked.format("FROM pg_stat_activity")).out


def test_a_pooler_that_is_told_to_read_its_settings_goes_on_as_before() -> None:
    demo = Demo("slow-database").at(30)
    assert typed(demo, "data-1", "sudo -n systemctl reload pgbouncer.service").status == 0
    assert "PoolNearlyFull" in unusual(demo.at(120))
    typed(demo, "data-1", "sudo -n systemctl restart pgbouncer.service")
    assert unusual(demo.at(240)) == set()


def test_a_rule_is_over_once_it_was_taken_back_and_the_proxy_has_read_that() -> None:
    demo = Demo("edge-rule").at(30)
    assert unusual(demo) == {"PageDown"}
    reload = "sudo -n systemctl reload nginx.service"
    newest = "git -C /etc/nginx log -n 1 --oneline"
    assert "checkout-v4" in typed(demo, "web-1", newest).out
    assert typed(demo, "web-1", reload).status == 0
    assert unusual(demo.at(60)) == {"PageDown"}
    assert typed(demo, "web-1", "sudo -n git -C /etc/nginx revert --no-edit HEAD").status == 0
    assert 'Revert "basket' in typed(demo, "web-1", newest).out
    assert unusual(demo.at(90)) == {"PageDown"}
    typed(demo, "web-1", reload)
    assert unusual(demo.at(120)) == set()


@pytest.mark.parametrize(
    ("host", "line", "status"),
    [
        ("web-1", "git -C /home/kai log", 128),
        ("data-1", "git status", 128),
        ("web-1", "git -C /etc/nginx reset --hard HEAD~1", 2),
        ("data-1", "truncate -s 0 /etc/passwd", 2),
        ("data-1", "docker exec redis psql -c 'SELECT 1'", 127),
        ("data-1", "docker exec postgres psql -U postgres -c 'DROP TABLE orders'", 2),
        ("data-1", "docker exec postgres pg_ctl stop", 2),
        ("k8s-1", "kubectl -n shop set image deployment/api api=api:1", 2),
    ],
)
def test_what_is_none_of_the_demos_business_is_refused_and_nothing_is_done(
    host: str, line: str, status: int
) -> None:
    demo = Demo("calm").at(10)
    said = typed(demo, host, line)
    assert (said.status, said.out) == (status, "")
    assert said.err
    assert demo.world.revision == 0


def test_the_log_of_a_container_that_fills_a_disk_is_emptied() -> None:
    demo = Demo("disk-filling").at(30)
    ids = typed(demo, "data-1", "docker ps -a --no-trunc").out
    box = next(row.split()[0] for row in ids.splitlines() if " kafka" in row)
    path = f"/var/lib/docker/containers/{box}/{box}-json.log"
    before = percent_used(demo)
    assert typed(demo, "data-1", f"sudo -n truncate -s 0 {path}").status == 0
    assert percent_used(demo.at(60)) < before - 10
    vacuumed = typed(demo, "data-1", "sudo -n journalctl --vacuum-time=2d")
    assert vacuumed.status == 0


def test_the_second_route_takes_payments_again_in_the_middle_of_a_storm() -> None:
    demo = Demo("alert-storm").at(30)
    assert demo.named("PaymentErrors")
    line = "kubectl -n pay set env deployment/pay PAYMENT_ROUTE=second"
    assert typed(demo, "k8s-1", line).out == "deployment.apps/pay env updated\n"
    assert not demo.at(90).named("PaymentErrors")
    assert demo.health("pay", "/ready").status == 200


def test_what_a_host_keeps_and_locks_lies_in_the_demos_own_folder(tmp_path: Path) -> None:
    shells = ShellFolder(tmp_path / "h", World("calm", ManualClock(START)))
    seen = set()
    for host in HOSTS:
        env = shells.environment(host.name)
        for name in ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "TMPDIR", "ONCALL_LOCKS"):
            folder = Path(env[name])
            assert folder.is_dir()
            assert folder.is_relative_to(tmp_path)
            assert folder.stat().st_mode & 0o077 == 0
        seen.add((env["XDG_STATE_HOME"], env["TMPDIR"], env["ONCALL_LOCKS"]))
    assert len(seen) == len(HOSTS)
