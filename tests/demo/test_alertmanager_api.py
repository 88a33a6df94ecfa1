from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from .demo_world import START, Demo, read

SILENCE: dict[str, Any] = {
    "matchers": [{"name": "service", "value": "redis", "isRegex": False}],
    "startsAt": "2026-11-22T03:16:42.000Z",
    "endsAt": "2026-11-22T04:16:42Z",
    "createdBy": "kai",
    "comment": "looking",
}


@pytest.fixture
def demo() -> Demo:
    return Demo("redis-down")


def post(demo: Demo, **changes: object) -> str:
    answer = demo.send("POST", "/silences", msgspec.json.encode({**SILENCE, **changes}))
    assert answer.status == 200, answer.body
    silence_id: str = read(answer)["silenceID"]
    return silence_id


def covered(demo: Demo, silence_id: str) -> set[str]:
    return {
        one["labels"]["alertname"]
        for one in demo.alerts()
        if silence_id in one["status"]["silencedBy"]
    }


def state_of(demo: Demo, silence_id: str) -> str:
    found: str = read(demo.alertmanager(f"/silence/{silence_id}"))["status"]["state"]
    return found


def test_a_silence_covers_at_once_and_on_every_member_until_it_is_deleted(demo: Demo) -> None:
    silence_id = post(demo)
    assert covered(demo, silence_id) == {"ServiceDown", "ContainerOOMKilled"}
    for member in ("alertmanager-a", "alertmanager-b"):
        quiet = demo.alerts(("filter", 'service="redis"'), member=member)
        assert {one["status"]["state"] for one in quiet} == {"suppressed"}
    assert demo.send("DELETE", f"/silence/{silence_id}").status == 200
    assert covered(demo, silence_id) == set()
    assert state_of(demo, silence_id) == "expired"


def test_a_regular_expression_is_anchored_and_a_missing_label_is_empty(demo: Demo) -> None:
    part = post(demo, matchers=[{"name": "alertname", "value": "Service", "isRegex": True}])
    assert covered(demo, part) == set()
    whole = post(demo, matchers=[{"name": "alertname", "value": "Service.*", "isRegex": True}])
    assert covered(demo, whole) == {"ServiceDown"}
    without = post(
        demo,
        matchers=[
            {"name": "service", "value": "", "isRegex": False},
            {"name": "alertname", "value": ".+", "isRegex": True},
        ],
    )
    assert "Watchdog" in covered(demo, without)
    assert "ServiceDown" not in covered(demo, without)


def test_a_negative_matcher_covers_the_others(demo: Demo) -> None:
    others = post(
        demo,
        matchers=[
            {"name": "service", "value": "api|worker", "isRegex": True},
            {"name": "service", "value": "api", "isRegex": False, "isEqual": False},
        ],
    )
    assert covered(demo, others) == {"QueueBacklog"}


def test_extending_a_silence_keeps_its_id(demo: Demo) -> None:
    silence_id = post(demo)
    shown = read(demo.alertmanager(f"/silence/{silence_id}"))
    demo.at(600)
    assert post(demo, **{**shown, "endsAt": "2026-11-22T05:00:00.000Z"}) == silence_id
    assert read(demo.alertmanager(f"/silence/{silence_id}"))["endsAt"] == "2026-11-22T05:00:00.000Z"


def test_another_matcher_makes_a_new_silence_and_ends_the_old(demo: Demo) -> None:
    old = post(demo)
    new = post(demo, id=old, matchers=[{"name": "service", "value": "api", "isRegex": False}])
    assert new != old
    assert (state_of(demo, old), state_of(demo, new)) == ("expired", "active")


def test_an_expired_silence_comes_back_under_a_new_id(demo: Demo) -> None:
    old = post(demo)
    demo.send("DELETE", f"/silence/{old}")
    assert post(demo, id=old) != old


def test_a_silence_ends_by_itself_and_one_of_later_waits(demo: Demo) -> None:
    soon = post(demo, endsAt="2026-11-22T03:17:42Z")
    later = post(demo, startsAt="2026-11-22T03:20:00Z")
    assert (state_of(demo, soon), state_of(demo, later)) == ("active", "pending")
    demo.at(61)
    assert state_of(demo, soon) == "expired"
    assert covered(demo, soon) == set()
    demo.at(200)
    assert covered(demo, later) == {"ServiceDown", "ContainerOOMKilled"}


def test_silences_are_listed_active_by_end_then_pending_then_expired(demo: Demo) -> None:
    gone = post(demo, endsAt="2026-11-22T03:17:00Z")
    waiting = post(demo, startsAt="2026-11-22T04:00:00Z")
    post(demo, endsAt="2026-11-23T00:00:00Z")
    listed = read(demo.at(30).alertmanager("/silences"))
    active = [one["endsAt"] for one in listed if one["status"]["state"] == "active"]
    assert active == sorted(active)
    later = [one["id"] for one in listed[len(active) :]]
    states = [one["status"]["state"] for one in listed[len(active) :]]
    assert states == ["pending", "pending", "expired", "expired"]
    assert (later[0], later[2]) == (waiting, gone)
    literal = read(demo.alertmanager("/silences", ("filter", 'service="redis"')))
    assert {one["id"] for one in literal} >= {gone, waiting}
    assert all(one["matchers"][0]["value"] == "redis" for one in literal)


def test_flags_and_receivers_pick_alerts(demo: Demo) -> None:
    everything = {one["fingerprint"] for one in demo.alerts()}
    silenced = {o["fingerprint"] for o in demo.alerts() if o["status"]["silencedBy"]}
    inhibited = {o["fingerprint"] for o in demo.alerts() if o["status"]["inhibitedBy"]}
    assert silenced
    assert inhibited

    def kept(*params: tuple[str, str]) -> set[str]:
        return {one["fingerprint"] for one in demo.alerts(*params)}

    assert kept(("silenced", "false")) == everything - silenced
    assert kept(("inhibited", "false")) == everything - inhibited
    assert kept(("active", "false")) == silenced | inhibited
    assert {o["receivers"][0]["name"] for o in demo.alerts(("receiver", "pay.*"))} == {"payments"}
    assert kept(("receiver", "pay")) == set()
    both = demo.alerts(("filter", "severity=~info|none"), ("filter", "alertname!=Watchdog"))
    assert {one["labels"]["alertname"] for one in both} == {"ImageTooOld", "LogVolumeHigh"}


def test_alerts_come_by_fingerprint_and_each_is_in_one_group(demo: Demo) -> None:
    listed = [one["fingerprint"] for one in demo.alerts()]
    assert listed == sorted(listed)
    groups = read(demo.alertmanager("/alerts/groups"))
    grouped = [one["fingerprint"] for group in groups for one in group["alerts"]]
    assert sorted(grouped) == listed
    for group in groups:
        for one in group["alerts"]:
            assert group["labels"].items() <= one["labels"].items()
            assert one["receivers"] == [group["receiver"]]


def test_an_alert_links_to_its_rule_on_its_own_prometheus(demo: Demo) -> None:
    (alert,) = demo.named("ServiceDown")
    assert alert["generatorURL"] == ("http://core.example/graph?g0.expr=redis_up+%3D%3D+0&g0.tab=1")
    assert alert["annotations"]["runbook_url"] == "https://runbooks.example.org/cache-down"
    assert alert["annotations"]["summary"] == "no PING reply from redis on data-1"


def test_some_summaries_are_chinese(demo: Demo) -> None:
    said = {one["labels"]["alertname"]: one["annotations"]["summary"] for one in demo.alerts()}
    assert "簡訊" in said["SmsDeliverySlow"]
    assert "支付" in said["PaymentCallbackDelayed"]


def test_the_cluster_names_the_members_that_are_there() -> None:
    demo = Demo("source-lost")
    peers = read(demo.alertmanager("/status"))["cluster"]["peers"]
    assert [peer["name"] for peer in peers] == ["am-a", "am-b"]
    peers = read(demo.at(60).alertmanager("/status"))["cluster"]["peers"]
    assert [peer["name"] for peer in peers] == ["am-a"]


def moment(silence: dict[str, Any], key: str) -> datetime:
    return datetime.fromisoformat(silence[key])


def test_an_ack_that_holds_something_is_extended_as_kthxbye_does(demo: Demo) -> None:
    (acked,) = demo.named("SlowResponse")
    (silence_id,) = acked["status"]["silencedBy"]
    before = read(demo.alertmanager(f"/silence/{silence_id}"))
    assert moment(before, "endsAt") - moment(before, "updatedAt") == timedelta(minutes=15)
    after = read(demo.at(100).alertmanager(f"/silence/{silence_id}"))
    assert moment(after, "endsAt") - moment(after, "updatedAt") == timedelta(minutes=15)
    assert moment(after, "updatedAt") == START + timedelta(seconds=90)
    changed = ("endsAt", "updatedAt")
    assert {**before, **{key: after[key] for key in changed}} == after
    demo.at(3600)
    assert demo.named("SlowResponse")[0]["status"]["silencedBy"] == [silence_id]


def test_an_ack_that_holds_nothing_runs_out(demo: Demo) -> None:
    nothing = [{"name": "service", "value": "nowhere", "isRegex": False}]
    idle = post(demo, comment="ACK! kai: x", matchers=nothing, endsAt="2026-11-22T03:19:42Z")
    held = post(demo, comment="ACK! kai: x", endsAt="2026-11-22T03:19:42Z")
    plain = post(demo, endsAt="2026-11-22T03:19:42Z")
    demo.at(200)
    states = [state_of(demo, one) for one in (idle, held, plain)]
    assert states == ["expired", "active", "expired"]


def test_an_ack_of_what_is_inhibited_is_not_extended(demo: Demo) -> None:
    killed = [{"name": "alertname", "value": "ContainerOOMKilled", "isRegex": False}]
    made = post(demo, comment="ACK! kai: x", matchers=killed, endsAt="2026-11-22T03:19:42Z")
    assert covered(demo, made) == {"ContainerOOMKilled"}
    assert state_of(demo.at(200), made) == "expired"


def test_a_refused_change_of_the_matchers_has_ended_the_silence_all_the_same(demo: Demo) -> None:
    old = post(demo)
    nothing = [{"name": "service", "value": "", "isRegex": False}]
    wish = {**SILENCE, "id": old, "matchers": nothing}
    assert demo.send("POST", "/silences", msgspec.json.encode(wish)).status == 400
    assert state_of(demo, old) == "expired"
