from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from console.demo.inventory import BY_NAME, HOSTS, PAGES
from console.demo.metrics import CORE, EDGE
from console.demo.scenarios import scenario_by_name, scenario_names
from console.demo.world import EXTERNAL, World
from console.model.ack_comment import read_ack_comment
from console.safety.clock import ManualClock

from .demo_world import START, Demo, read

NAMES = [name for name, _ in scenario_names()]
MOMENTS_S = (0, 30, 61, 130, 320)


@pytest.mark.parametrize("at_s", MOMENTS_S)
@pytest.mark.parametrize("name", [name for name in NAMES if name != "source-lost"])
def test_what_fires_in_prometheus_is_what_every_alertmanager_lists(name: str, at_s: int) -> None:
    demo = Demo(name).at(at_s)
    sent = {
        frozenset({**labels, **dict(EXTERNAL[server])}.items())
        for server in (CORE, EDGE)
        for labels in demo.firing(server)
    }
    for member in ("alertmanager-a", "alertmanager-b"):
        listed = [frozenset(one["labels"].items()) for one in demo.alerts(member=member)]
        assert len(listed) == len(set(listed))
        assert set(listed) == sent


@pytest.mark.parametrize("at_s", MOMENTS_S)
@pytest.mark.parametrize("name", NAMES)
def test_no_time_that_is_told_lies_in_the_future(name: str, at_s: int) -> None:
    demo = Demo(name, speed=10).at(at_s)
    now = demo.clock.now().wall
    for one in demo.alerts():
        began, told, ends = (
            datetime.fromisoformat(one[key]) for key in ("startsAt", "updatedAt", "endsAt")
        )
        assert began <= told <= now < ends
    for server in (CORE, EDGE):
        for one in demo.facts(server, "/alerts")["alerts"]:
            assert datetime.fromisoformat(one["activeAt"]) <= now


@pytest.mark.parametrize("at_s", MOMENTS_S)
@pytest.mark.parametrize("name", NAMES)
def test_a_service_that_is_reported_down_does_answer_nowhere(name: str, at_s: int) -> None:
    demo = Demo(name).at(at_s)
    for server in (CORE, EDGE):
        for labels in demo.firing(server):
            if labels["alertname"] == "ServiceDown":
                assert not demo.world.listens(labels["service"])
            if labels["alertname"] == "InstanceDown":
                on_it = [s.name for s in BY_NAME.values() if s.place == labels["host"]]
                assert not any(demo.world.listens(service) for service in on_it)


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_that_is_asked_for_by_its_text_yields_what_it_raised(name: str) -> None:
    demo = Demo(name).at(61)
    for group in demo.facts(CORE, "/rules")["groups"]:
        for rule in group["rules"]:
            if rule["name"] == "Watchdog":
                continue
            values = demo.value_now(CORE, rule["query"])
            assert len(values) == len(rule["alerts"])
            raised = {frozenset(one["labels"].items()) for one in rule["alerts"]}
            for metric, _ in values:
                kept = {key: value for key, value in metric.items() if key != "__name__"}
                assert any(frozenset(kept.items()) <= labels for labels in raised)


def test_the_same_second_of_the_same_scenario_is_the_same_in_every_run() -> None:
    first, second = (Demo("redis-down").at(47) for _ in range(2))
    assert first.alertmanager("/alerts").body == second.alertmanager("/alerts").body
    assert first.prometheus(CORE, "/rules").body == second.prometheus(CORE, "/rules").body


def test_a_calm_shift_has_the_watchdogs_and_two_old_alerts() -> None:
    demo = Demo("calm").at(200)
    names = sorted(one["labels"]["alertname"] for one in demo.alerts())
    assert names == ["ImageTooOld", "ImageTooOld", "Watchdog", "Watchdog"]
    for one in demo.named("ImageTooOld"):
        assert START - datetime.fromisoformat(one["startsAt"]) > timedelta(days=7)
    assert all(demo.world.listens(service) for service in BY_NAME)


def test_redis_has_been_down_for_2m42s_when_the_console_starts() -> None:
    demo = Demo("redis-down")
    (alert,) = demo.named("ServiceDown")
    assert alert["labels"] | {"service": "redis", "host": "data-1"} == alert["labels"]
    assert alert["labels"]["severity"] == "critical"
    assert datetime.fromisoformat(alert["startsAt"]) == START - timedelta(seconds=162)
    assert [value for _, value in demo.value_now(CORE, "redis_up")] == [0.0]
    assert read(demo.health("api", "/ready"))["redis"] == "connection refused"
    assert demo.health("api", "/ready").status == 503
    assert demo.health("api", "/api/v1/health").delay_s > 1
    assert read(demo.health("catalog", "/ready"))["status"] == "ok"


def test_redis_down_shows_every_kind_of_row() -> None:
    demo = Demo("redis-down")
    silences = {one["id"]: one for one in read(demo.alertmanager("/silences"))}
    by_state: dict[str, set[str]] = {"acked": set(), "silenced": set(), "inhibited": set()}
    for one in demo.alerts():
        name = one["labels"]["alertname"]
        for silence_id in one["status"]["silencedBy"]:
            comment = silences[silence_id]["comment"]
            by_state["acked" if comment.startswith("ACK!") else "silenced"].add(name)
        if one["status"]["inhibitedBy"]:
            by_state["inhibited"].add(name)
    assert by_state == {
        "acked": {"SlowResponse", "LogVolumeHigh"},
        "silenced": {"DiskFillingUp", "BackupTooOld", "SSLCertExpiringSoon"},
        "inhibited": {"ContainerOOMKilled"},
    }
    (acked,) = demo.named("SlowResponse")
    assert silences[acked["status"]["silencedBy"][0]]["createdBy"] == "mei"
    pending = [
        one["labels"]["alertname"]
        for one in demo.facts(CORE, "/alerts")["alerts"]
        if one["state"] == "pending"
    ]
    assert "HighErrorRate" in pending
    old = [
        one
        for one in demo.alerts()
        if START - datetime.fromisoformat(one["startsAt"]) > timedelta(days=7)
        and one["labels"]["severity"] == "info"
    ]
    assert len(old) == 5


def test_things_change_within_the_first_minutes_of_redis_down() -> None:
    demo = Demo("redis-down")
    seen = []
    for at_s in (0, 40, 70, 140):
        demo.at(at_s)
        seen.append({one["fingerprint"] for one in demo.alerts()})
    assert all(before != after for before, after in pairwise(seen))
    assert any(before - after for before, after in pairwise(seen))
    queue = 'rabbitmq_queue_messages_ready{queue="orders"}'
    early = Demo("redis-down").value_now(CORE, queue)[0][1]
    assert demo.value_now(CORE, queue)[0][1] > early > 1000


def test_others_act_while_you_watch_redis_down() -> None:
    demo = Demo("redis-down")

    def silences() -> dict[str, dict[str, Any]]:
        return {one["comment"]: one for one in read(demo.alertmanager("/silences"))}

    first = silences()
    states = {comment.partition(":")[0]: one["status"]["state"] for comment, one in first.items()}
    assert states["OPS-377"] == "active"
    assert states["kernel of web-2, tonight"] == "pending"
    assert states["load test of the search"] == "expired"
    assert states["OPS-431"] == "active"
    assert "ACK! lin" not in states
    unused = next(one["id"] for comment, one in first.items() if comment.startswith("OPS-377"))
    assert all(unused not in one["status"]["silencedBy"] for one in demo.at(300).alerts())
    demo = Demo("redis-down").at(46)
    (delayed,) = demo.named("PaymentCallbackDelayed")
    (taken,) = [one for comment, one in silences().items() if comment.startswith("ACK! lin: ")]
    assert delayed["status"]["silencedBy"] == [taken["id"]]
    assert datetime.fromisoformat(taken["startsAt"]) == START + timedelta(seconds=45)
    (cert,) = demo.named("SSLCertExpiringSoon")
    assert cert["status"]["state"] == "suppressed"
    assert demo.at(111).named("SSLCertExpiringSoon")[0]["status"]["state"] == "active"
    (old,) = [one for comment, one in silences().items() if comment.startswith("ACK! Kai")]
    said = read_ack_comment(old["comment"], ("ACK!",), old["createdBy"])
    assert said is not None
    assert said.is_ours
    assert START - datetime.fromisoformat(old["startsAt"]) > timedelta(hours=5)


@pytest.mark.parametrize("speed", [0.5, 1, 10, 60])
def test_an_ack_outlives_a_hurried_script(speed: float) -> None:
    demo = Demo("redis-down", speed=speed)
    (held,) = demo.named("SlowResponse")[0]["status"]["silencedBy"]
    for at_s in (0, 90, 400, 1200):
        demo.at(at_s / speed)
        assert demo.named("SlowResponse")[0]["status"]["silencedBy"] == [held]


def test_starting_redis_again_makes_all_that_needs_it_recover() -> None:
    demo = Demo("redis-down").at(100)
    assert demo.world.restore("redis")
    assert demo.world.listens("redis")
    assert demo.named("ServiceDown") == []
    assert demo.health("api", "/ready").status == 200
    demo.at(700)
    left = {one["labels"].get("service") for one in demo.alerts()}
    assert left.isdisjoint({"redis", "api", "worker", "session"})
    assert demo.world.restore("redis") is False
    assert demo.world.restore("no such thing") is False


def test_the_graph_of_the_last_hour_has_the_shape_of_the_fault() -> None:
    demo = Demo("redis-down")
    now = START.timestamp()
    params = (("start", str(now - 3600)), ("end", str(now)), ("step", "60"))
    (line,) = demo.facts(CORE, "/query_range", ("query", "redis_up"), *params)["result"]
    values = [value for _, value in line["values"]]
    assert len(values) == 61
    assert values[:57] == ["1"] * 57
    assert values[-4:] == ["0"] * 4
    (api,) = [
        one
        for one in demo.facts(
            CORE, "/query_range", ("query", _rule(demo, "SlowResponse")), *params
        )["result"]
        if one["metric"]["service"] == "api"
    ]
    assert len(api["values"]) >= 50


def _rule(demo: Demo, alert: str) -> str:
    groups = demo.facts(CORE, "/rules")["groups"]
    found: list[str] = [r["query"] for g in groups for r in g["rules"] if r["name"] == alert]
    return found[0]


def _state(demo: Demo, alert: str) -> str:
    groups = demo.facts(CORE, "/rules")["groups"]
    found: list[str] = [r["state"] for g in groups for r in g["rules"] if r["name"] == alert]
    return found[0]


def test_a_bad_deploy_goes_from_quiet_to_pending_to_firing_while_you_watch() -> None:
    demo = Demo("bad-deploy")
    states = [_state(demo.at(at_s), "HighErrorRate") for at_s in (0, 30, 140)]
    assert states == ["inactive", "pending", "firing"]
    assert read(demo.health("api", "/api/v1/health"))["version"] == "2.15.0"
    assert BY_NAME["api"].version == "2.14.0"
    assert {one["labels"]["service"] for one in demo.named("VersionDrift")} == {"api"}
    versions = {
        metric["version"] for metric, _ in demo.value_now(CORE, 'app_build_info{service="api"}')
    }
    assert versions == {"2.14.0", "2.15.0"}
    assert demo.health("api", "/api/v1/health").status == 500


def test_a_rollback_ends_a_bad_deploy() -> None:
    demo = Demo("bad-deploy").at(200)
    demo.world.restore("api")
    demo.at(400)
    assert read(demo.health("api", "/api/v1/health"))["version"] == "2.14.0"
    assert {one["labels"]["severity"] for one in demo.alerts()} == {"info", "none"}
    assert len(demo.value_now(CORE, 'app_build_info{service="api"}')) == 1


def test_the_storm_rises_from_the_start_and_is_about_one_rack() -> None:
    demo = Demo("alert-storm")
    counts = [len(demo.at(at_s).alerts()) for at_s in (0, 8, 20, 30, 46)]
    assert counts == sorted(counts)
    assert counts[0] < 10
    assert counts[-1] > 1900
    alerts = demo.at(130).alerts()
    rack = [one for one in alerts if one["labels"].get("rack") == "r12"]
    assert len(rack) == 1903
    severities = [one["labels"]["severity"] for one in rack]
    assert [severities.count(one) for one in ("critical", "high", "warning")] == [780, 901, 222]
    began = sorted(datetime.fromisoformat(one["startsAt"]) for one in rack)
    assert began[-1] - began[0] <= timedelta(seconds=41)
    assert (
        next(o for o in rack if datetime.fromisoformat(o["startsAt"]) == began[0])["labels"][
            "alertname"
        ]
        == "SwitchUnreachable"
    )
    (pay,) = demo.named("PaymentErrors")
    assert "rack" not in pay["labels"]
    assert pay["labels"]["severity"] == "critical"
    assert datetime.fromisoformat(pay["startsAt"]) == START - timedelta(seconds=79)
    assert len(alerts) == 1903 + 108 + 3 + 2
    assert all(value == 1 for _, value in demo.value_now(CORE, 'up{job="node",rack="r11"}'))


def test_the_storm_ends_when_the_switch_is_back() -> None:
    demo = Demo("alert-storm").at(130)
    demo.world.restore("sw-r12-a")
    demo.at(260)
    assert [one for one in demo.alerts() if one["labels"].get("rack") == "r12"] == []
    assert demo.world.listens("nginx-2")


def test_a_lost_source_looks_resolved_in_alertmanager_while_it_still_burns() -> None:
    demo = Demo("source-lost").at(59)
    edge = {one["fingerprint"] for one in demo.alerts(("filter", "cluster=edge"))}
    assert len(edge) == 5
    assert {o["fingerprint"] for o in demo.at(200).alerts(("filter", "cluster=edge"))} == edge
    assert not demo.world.listens("prometheus-edge")
    told = {one["updatedAt"] for one in demo.alerts(("filter", "cluster=edge"))}
    assert max(map(datetime.fromisoformat, told)) <= START + timedelta(seconds=60)
    assert demo.at(310).alerts(("filter", "cluster=edge")) == []
    assert len(demo.alerts(("filter", "alertname=Watchdog"))) == 1
    back = demo.at(440).alerts(("filter", "cluster=edge"))
    assert {one["labels"]["alertname"] for one in back} == {
        "Watchdog", "SlowPageLoad", "SSLCertExpiringSoon", "SmsDeliverySlow",
    }  # fmt: skip
    for one in back:
        assert datetime.fromisoformat(one["startsAt"]) == START + timedelta(seconds=435)


def test_an_alertmanager_restarts_empty_and_is_told_again_within_a_minute() -> None:
    demo = Demo("source-lost").at(44)
    assert len(demo.alerts(member="alertmanager-b")) == len(demo.alerts())
    assert not demo.at(60).world.listens("alertmanager-b")
    assert demo.at(75).world.listens("alertmanager-b")
    assert demo.alerts(member="alertmanager-b") == []
    core = {o["fingerprint"] for o in demo.at(136).alerts(("filter", "cluster=core"))}
    told = {o["fingerprint"] for o in demo.alerts(member="alertmanager-b")}
    assert told == core
    status = read(demo.alertmanager("/status", member="alertmanager-b"))
    assert datetime.fromisoformat(status["uptime"]) == START + timedelta(seconds=75)


def test_a_faster_world_has_the_same_story_sooner() -> None:
    slow, fast = Demo("bad-deploy").at(200), Demo("bad-deploy", speed=10).at(20)
    assert [o["fingerprint"] for o in slow.alerts()] == [o["fingerprint"] for o in fast.alerts()]
    (alert,) = fast.named("HighErrorRate")
    since = datetime.fromisoformat(alert["startsAt"]) - START
    assert timedelta(seconds=10) < since < timedelta(seconds=14)


def test_an_unknown_scenario_or_speed_is_refused_with_what_there_is() -> None:
    with pytest.raises(KeyError, match="redis-down"):
        scenario_by_name("reddis-down")
    for speed in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="positive"):
            World("calm", ManualClock(START), speed)


def test_five_hosts_and_more_than_sixty_services_in_six_types() -> None:
    assert len(HOSTS) == 5
    assert len(BY_NAME) >= 60
    kinds = {service.type for service in BY_NAME.values()}
    assert kinds == {"k8s-deployment", "docker", "systemd", "http", "external"}


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_has_one_line_about_it(name: str) -> None:
    summary = dict(scenario_names())[name]
    assert summary
    assert "\n" not in summary


def test_an_alert_about_a_page_names_the_registered_page() -> None:
    pages = {page.name for page in PAGES}
    fire = [one for one in Demo("source-lost").at(30).firing(EDGE) if "page" in one]
    assert fire
    assert all(one["service"] == one["page"] in pages for one in fire)
