"""The scenarios of disks, certificates and dark machines, and what ends each of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from console.demo.inventory import BY_NAME, HOSTS
from console.demo.machines.programs import run
from console.demo.machines.said import Call, Said
from console.demo.metrics import CORE
from console.demo.scenarios import scenario_names

from .demo_world import START, Demo

USUAL = {"Watchdog", "ImageTooOld"}


def typed(demo: Demo, host: str, line: str) -> Said:
    """What a program of a host answers."""
    program, *args = line.split()
    return run(demo.world, Call(host, program, tuple(args)))


def unusual(demo: Demo) -> set[str]:
    """Names of the alerts that do not always fire."""
    return {one["labels"]["alertname"] for one in demo.alerts()} - USUAL


def percent_used(demo: Demo) -> int:
    """What `df` shows of the volume of data-1."""
    row = typed(demo, "data-1", "df -P /var/lib").out.splitlines()[1].split()
    return int(row[4].removesuffix("%"))


def test_a_disk_is_foretold_to_fill_then_over_90_and_a_restart_of_its_writer_ends_it() -> None:
    demo = Demo("disk-filling")
    assert unusual(demo) == {"DiskWillFill"}
    shares = []
    for at_s in (0, 80, 200, 720):
        shares.append(percent_used(demo.at(at_s)))
    assert shares == sorted(shares)
    assert (shares[0], shares[1] <= 90, shares[2] > 90) == (89, True, True)
    assert unusual(demo) == {"DiskWillFill", "DiskFillingUp"}
    largest = typed(demo, "data-1", "du -x /var/lib/docker/containers").out.split()
    assert "json.log" in largest[1]
    kafka = typed(demo, "data-1", "docker ps --no-trunc --filter name=kafka -q").out.strip()
    assert kafka in largest[1]
    assert typed(demo, "data-1", "docker restart redis").status == 0
    assert unusual(demo.at(800))
    assert typed(demo, "data-1", "docker restart kafka").out == "kafka\n"
    assert unusual(demo.at(860)) == set()
    assert percent_used(demo) < 80


def test_a_flapping_service_is_down_and_up_in_every_minute() -> None:
    demo = Demo("flapping")
    up = [demo.at(at_s).world.listens("search-api") for at_s in range(0, 240, 10)]
    assert sum(one != other for one, other in pairwise(up)) == 7
    began = set()
    for at_s in (260, 320, 380):
        for alert in demo.at(at_s).named("PodNotReady"):
            began.add(datetime.fromisoformat(alert["startsAt"]))
    assert len(began) == 3
    assert min(began) >= START
    first = typed(demo, "k8s-1", "kubectl get pods -n shop -l app=search-api").out
    assert "CrashLoopBackOff" in first
    assert "PodCrashLoopBackOff" in unusual(demo)
    restarted = typed(demo, "k8s-1", "kubectl rollout restart deployment/search-api -n shop")
    assert restarted.status == 0
    demo.at(520)
    assert unusual(demo) == set()
    assert all(demo.at(at_s).world.listens("search-api") for at_s in range(530, 700, 10))


def test_certificates_that_end_are_renewed_by_their_program() -> None:
    demo = Demo("cert-expiring")
    ends = {name: timedelta(seconds=demo.world.certificate_end_s(name))
            for name in ("vault", "registry")}  # fmt: skip
    assert ends == {"vault": timedelta(days=3), "registry": timedelta(days=-1)}
    instances = {one["labels"]["instance"] for one in demo.named("SSLCertExpiringSoon")}
    assert instances == {"vault.example.org:8200", "registry.example.org:5000"}
    assert typed(demo, "ops-1", "systemctl start certbot").status == 0
    assert demo.world.certificate_end_s("vault") > 80 * 86400
    assert unusual(demo.at(90)) == set()


@pytest.mark.parametrize("scenario", ["host-dark", "rack-down"])
def test_all_that_is_on_a_dark_host_is_gone(scenario: str) -> None:
    demo = Demo(scenario)
    dark = {one["host"] for one in demo.firing(CORE) if one["alertname"] == "InstanceDown"}
    assert dark == {host.name for host in HOSTS if not demo.world.listens(host.name)}
    assert dark == ({"web-2"} if scenario == "host-dark" else {"web-1", "data-1"})
    for service in BY_NAME.values():
        if service.place in dark:
            assert not demo.world.listens(service.name)
    assert demo.value_now(CORE, 'node_memory_MemTotal_bytes{host="ops-1"}')
    for host in dark:
        assert demo.value_now(CORE, f'node_memory_MemTotal_bytes{{host="{host}"}}') == []


def test_a_dark_host_is_powered_on_from_another() -> None:
    demo = Demo("host-dark")
    assert typed(demo, "ops-1", "ipmitool -H web-2 chassis power status").out.endswith("off\n")
    typed(demo, "ops-1", "ipmitool -H web-2 chassis power on")
    assert unusual(demo.at(60)) == set()
    assert typed(demo, "web-2", "uptime -p").out == "up About a minute\n"


def test_a_dead_switch_takes_its_rack_and_what_needs_it_and_gives_them_back() -> None:
    demo = Demo("rack-down").at(90)
    (switch,) = demo.named("SwitchUnreachable")
    assert switch["labels"]["rack"] == "r10"
    assert len(demo.alerts()) > 40
    assert demo.health("api", "/ready").status == 503
    assert typed(demo, "ops-1", "ipmitool -H web-1 chassis power on").status == 0
    assert not demo.world.listens("web-1")
    typed(demo, "ops-1", "ipmitool -H sw-r10-a chassis power cycle")
    assert unusual(demo.at(400)) == set()
    assert demo.health("api", "/ready").status == 200


def test_a_release_is_taken_back_by_kubectl_and_not_by_a_restart() -> None:
    demo = Demo("bad-deploy").at(200)
    typed(demo, "k8s-1", "kubectl rollout restart deployment/api -n shop")
    assert unusual(demo.at(210))
    undone = typed(demo, "k8s-1", "kubectl rollout undo deployment/api -n shop")
    assert undone.out == "deployment.apps/api rolled back\n"
    assert unusual(demo.at(400)) == set()


@pytest.mark.parametrize("scenario", [name for name, _ in scenario_names()])
def test_a_log_that_is_read_twice_is_the_same_and_none_of_it_is_to_come(scenario: str) -> None:
    demo = Demo(scenario).at(30)
    line = "kubectl logs -n shop deploy/api --timestamps --since=10m"
    first = typed(demo, "k8s-1", line)
    assert first == typed(demo, "k8s-1", line)
    stamps = [one.split(" ")[0] for one in first.out.splitlines()]
    assert stamps == sorted(stamps)
    assert datetime.fromisoformat(stamps[-1][:26] + "+00:00") <= demo.world.now()
    longer = typed(demo.at(60), "k8s-1", line.replace("10m", "630s")).out
    assert longer.startswith(first.out)
    assert len(longer) > len(first.out)


def test_a_stretch_of_a_log_has_its_lines_and_no_others() -> None:
    demo = Demo("redis-down")
    killed = (START - timedelta(seconds=231)).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = typed(demo, "data-1", f"docker logs -t --until={killed} --tail=3 redis").out
    assert "out of memory" in before
    assert typed(demo, "data-1", f"docker logs -t --since={killed} redis").out == ""
    kernel = typed(demo, "data-1", "journalctl --priority=err --output=short-unix -q").out
    assert [one for one in kernel.splitlines() if "Killed process" in one]


def test_hostile_and_wide_lines_are_passed_on_as_they_are() -> None:
    demo = Demo("calm").at(30)
    assert "\x1b]2;owned" in typed(demo, "web-1", "docker logs waf-1").out
    assert "支付" in typed(demo, "k8s-1", "kubectl logs -n pay deploy/ledger").out
