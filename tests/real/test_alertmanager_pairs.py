"""Two Alertmanagers that gossip, and two that do not, as the console sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from config.schema import AlertmanagerSource
from console.model.failure import Failure, FailureKind
from console.model.reading import AlertmanagerReading
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.alertmanager.poll import AlertmanagerMember
from tests.servers import Program, ended, free_port, post_json, start_alertmanager
from tests.waiting import until

pytestmark = pytest.mark.real("prometheus-alertmanager")


def members_of(http: HttpClient, *programs: Program) -> list[AlertmanagerMember]:
    urls = tuple(program.url for program in programs)
    settings = AlertmanagerSource(name="am", members=urls)
    return [AlertmanagerMember("am", url, settings, http, SystemClock()) for url in urls]


def post_alert(url: str, name: str) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    alert = {"labels": {"alertname": name, "severity": "critical"}, "endsAt": ends}
    post_json(f"{url}/api/v2/alerts", [alert])


def fingerprints(reading: AlertmanagerReading) -> list[str]:
    assert isinstance(reading.alerts, tuple)
    return [alert.fingerprint for alert in reading.alerts]


async def test_members_of_a_cluster_name_each_other_and_share_silences(tmp_path: Path) -> None:
    gossip = free_port(), free_port()
    first = start_alertmanager(tmp_path / "a", gossip=gossip[0])
    second = start_alertmanager(tmp_path / "b", gossip=gossip[1], peers=[gossip[0]])
    http = HttpClient(SystemClock())
    with ended(first, second):
        one, other = members_of(http, first, second)
        for member in (one, other):
            reading = await until(partial(member.poll, 0), is_whole)
            assert isinstance(reading.alerts, tuple)
        now = datetime.now(UTC)
        post_json(
            f"{first.url}/api/v2/silences",
            {
                "matchers": [{"name": "alertname", "value": "X", "isRegex": False}],
                "startsAt": now.isoformat(),
                "endsAt": (now + timedelta(hours=1)).isoformat(),
                "createdBy": "kai",
                "comment": "shared",
            },
        )
        seen = await until(
            lambda: other.poll(0), lambda r: isinstance(r.silences, tuple) and bool(r.silences)
        )
        assert isinstance(seen.silences, tuple)
        assert seen.silences[0].comment.exact == "shared"
        assert seen.silences[0].matchers[0].is_equal
        second.kill()
        down = await other.poll(0)
        assert isinstance(down.alerts, Failure) and down.alerts.kind is FailureKind.REFUSED
        assert isinstance((await one.poll(0)).alerts, tuple)
    await http.aclose()


def is_whole(reading: AlertmanagerReading) -> bool:
    return _peers(reading) == 2 and _gossip(reading) == "ready"


def _peers(reading: AlertmanagerReading) -> int:
    return 0 if isinstance(reading.status, Failure) else len(reading.status.peers)


def _gossip(reading: AlertmanagerReading) -> str:
    return "" if isinstance(reading.status, Failure) else reading.status.gossip


async def test_two_that_are_alone_give_the_same_alert_the_same_fingerprint(tmp_path: Path) -> None:
    first, second = start_alertmanager(tmp_path / "a"), start_alertmanager(tmp_path / "b")
    http = HttpClient(SystemClock())
    with ended(first, second):
        post_alert(first.url, "Both")
        post_alert(second.url, "Both")
        post_alert(second.url, "OnlyThere")
        one, other = members_of(http, first, second)
        here, there = await one.poll(0), await other.poll(0)
        assert _gossip(here) == "disabled"
        assert len(fingerprints(here)) == 1 and len(fingerprints(there)) == 2
        assert set(fingerprints(here)) < set(fingerprints(there))
    await http.aclose()


async def test_hostile_labels_come_back_exactly_as_they_were_posted(tmp_path: Path) -> None:
    evil = "\x1b]52;c;cHduZWQ=\x07 [/] \u202e $(id) ../../.git " + "中文"
    program = start_alertmanager(tmp_path)
    http = HttpClient(SystemClock())
    with ended(program):
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        post_json(
            f"{program.url}/api/v2/alerts",
            [
                {"labels": {"alertname": evil}, "endsAt": ends},
                {"labels": {"alertname": "Long", "blob": "x" * 200_000}, "endsAt": ends},
            ],
        )
        (member,) = members_of(http, program)
        reading = await member.poll(0)
        assert isinstance(reading.alerts, tuple)
        by_name = {alert.name.exact: alert for alert in reading.alerts}
        assert not by_name[evil].over_cap
        assert by_name["Long"].over_cap
        assert len(by_name["Long"].labels.exact("blob")) == 4096
    await http.aclose()


async def test_ten_thousand_alerts_are_all_read(tmp_path: Path) -> None:
    program = start_alertmanager(tmp_path)
    http = HttpClient(SystemClock())
    with ended(program):
        ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        for block in range(10):
            post_json(
                f"{program.url}/api/v2/alerts",
                [
                    {"labels": {"alertname": "Storm", "n": str(block * 1000 + i)}, "endsAt": ends}
                    for i in range(1000)
                ],
            )
        (member,) = members_of(http, program)
        assert len(set(fingerprints(await member.poll(0)))) == 10_000
    await http.aclose()
