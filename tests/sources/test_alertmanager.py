"""Alertmanager's answers: what is believed, what is tolerated and what is refused."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from config.schema import AlertmanagerSource
from console.model.alert import AlertState, SilenceState
from console.model.failure import Failure, FailureKind
from console.model.reading import AlertmanagerReading
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.alertmanager.decode import alerts_in, groups_in, silences_in, status_in
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.answer import Unusable
from tests.safety.loopback import Talk, answer, serving
from tests.sources.documents import ALERT, GROUP, SILENCE, STATUS, encoded


def cause_of(body: bytes) -> str:
    with pytest.raises(Unusable) as caught:
        alerts_in(body, "am", "m")
    assert caught.value.kind is FailureKind.SCHEMA
    return caught.value.cause


def test_an_alert_is_read_whole() -> None:
    (alert,) = alerts_in(encoded([ALERT]), "am", "am-1:9093")
    assert alert.name.exact == "ServiceDown"
    assert alert.fingerprint == "9223bfeef5e1662b"
    assert alert.starts_at == datetime(2026, 11, 22, 3, 14, 0, 123000, UTC)
    assert alert.updated_at == datetime(2026, 11, 22, 3, 14, 15, tzinfo=UTC)
    assert alert.ends_at == datetime(2026, 11, 22, 3, 18, tzinfo=UTC)
    assert alert.state is AlertState.ACTIVE
    assert [receiver.exact for receiver in alert.receivers] == ["team-data"]
    assert (alert.cluster, alert.members) == ("am", ("am-1:9093",))


def test_fields_that_old_and_other_servers_leave_out_are_not_missed() -> None:
    lean = {
        "labels": {"alertname": "A"},
        "startsAt": "2026-11-22T03:14:00Z",
        "fingerprint": "00",
        "status": {"state": "suppressed", "silencedBy": ["s-1"], "inhibitedBy": None},
        "annotations": None,
    }
    (alert,) = alerts_in(encoded([lean]), "am", "m")
    assert alert.silenced_by == ("s-1",)
    assert (alert.inhibited_by, alert.muted_by, alert.receivers) == ((), (), ())
    assert (alert.updated_at, alert.ends_at) == (None, None)


def test_fields_that_a_newer_server_adds_are_passed_over() -> None:
    newer = ALERT | {"somethingNew": {"deep": [1, 2, {"a": "b"}]}}
    assert len(alerts_in(encoded([newer]), "am", "m")) == 1


def test_times_of_other_zones_become_utc() -> None:
    (alert,) = alerts_in(encoded([ALERT | {"startsAt": "2026-11-22T11:14:00+08:00"}]), "am", "m")
    assert alert.starts_at == datetime(2026, 11, 22, 3, 14, tzinfo=UTC)
    assert alert.starts_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"startsAt": "2026-11-22T03:14:00"}, "timezone"),
        ({"startsAt": "yesterday"}, "$[0].startsAt"),
        ({"startsAt": None}, "$[0].startsAt"),
        ({"startsAt": "0001-01-01T00:00:00+08:00"}, "year"),
        ({"fingerprint": "\x1b]0;x\x07"}, "$[0].fingerprint"),
        ({"fingerprint": "x" * 65}, "$[0].fingerprint"),
        ({"status": {"state": "fine"}}, "$[0].status.state"),
        ({"labels": {"alertname": 7}}, "$[0].labels"),
        ({"labels": None}, "$[0].labels"),
    ],
)
def test_an_alert_without_what_it_is_known_by_is_refused(
    change: dict[str, object], words: str
) -> None:
    cause = cause_of(encoded([ALERT | change]))
    assert words in cause
    assert cause.isprintable()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", "an HTML page (login?)"),
        (b"", "an empty answer"),
        (b"[", "broken or cut short"),
        (b'[{"labels":{"a":NaN}}]', "broken or cut short"),
        (b"[" * 200_000, "shape"),
        (b'[{"x":' + b"[" * 200_000, "nested too deep"),
        (b'["\xff"]', "not valid UTF-8"),
        (b'["\\ud800"]', "cannot be read as JSON"),
        (b"{}", "another shape"),
        (b"null", "another shape"),
        (encoded([ALERT]).replace(b'"alertname"', b'"alertname":"B","alertname"'), "stands twice"),
        (encoded([ALERT]).replace(b'"status"', b'"new":1,"new":2,"status"'), "stands twice"),
    ],
    ids=lambda value: value if isinstance(value, str) else "body",
)
def test_what_is_no_list_of_alerts_is_refused_in_words(body: bytes, words: str) -> None:
    assert words in cause_of(body)


def test_a_key_that_stands_twice_is_found_behind_a_new_field_and_odd_spaces() -> None:
    body = encoded([ALERT | {"new": "a:b"}])
    assert len(alerts_in(body.replace(b'":', b'" :\n'), "am", "m")) == 1
    twice = body.replace(b'"severity"', b'"instance":"x","severity"')
    assert "stands twice" in cause_of(twice)


def test_values_and_labels_over_the_caps_are_cut_and_flagged() -> None:
    many = {f"l{number}": "v" for number in range(70)}
    long = {"alertname": "A", "blob": "y" * 5000, "n" * 5000: "v"}
    just = {"alertname": "A", "blob": "y" * 4096}
    bodies = [ALERT | {"labels": labels} for labels in (many, long, just)]
    first, second, third = alerts_in(encoded(bodies), "am", "m")
    assert first.over_cap and len(first.labels) == 64
    assert second.over_cap
    assert max(len(value) for _, value in second.labels.exact_items()) == 4096
    assert max(len(name) for name in second.labels) == 4096
    assert not third.over_cap and len(third.labels.exact("blob")) == 4096


def test_text_from_outside_is_kept_exact_and_cannot_be_formatted() -> None:
    evil = "\x1b]52;c;x\x07 [/] \u202e"
    (alert,) = alerts_in(encoded([ALERT | {"labels": {"alertname": evil}}]), "am", "m")
    assert alert.name.exact == evil
    with pytest.raises(TypeError):
        f"{alert.name}"


def test_expired_silences_are_dropped_and_an_absent_is_equal_means_true() -> None:
    old = SILENCE | {"id": "old", "status": {"state": "expired"}}
    plain = {"name": "a", "value": "b", "isRegex": False}
    later = SILENCE | {"id": "later", "status": {"state": "pending"}, "matchers": [plain]}
    kept = silences_in(encoded([SILENCE, old, later]), "am")
    assert [(each.id[:5], each.state) for each in kept] == [
        ("0a1b2", SilenceState.ACTIVE),
        ("later", SilenceState.PENDING),
    ]
    assert kept[0].matchers[0].operator == "!~"
    assert kept[1].matchers[0].operator == "="


def test_a_long_matcher_is_not_cut() -> None:
    matcher = {"name": "instance", "value": "(" + "x|" * 5000 + "y)", "isRegex": True}
    (silence,) = silences_in(encoded([SILENCE | {"matchers": [matcher]}]), "am")
    assert silence.matchers[0].value.exact == matcher["value"]


def test_groups_tell_what_mutes_an_alert() -> None:
    muted = ALERT | {"status": {"state": "suppressed", "mutedBy": ["weekend"]}}
    (group,) = groups_in(encoded([GROUP | {"alerts": [ALERT, muted | {"fingerprint": "ab"}]}]))
    assert group.fingerprints == ("9223bfeef5e1662b", "ab")
    assert [(key, [n.exact for n in names]) for key, names in group.muted] == [("ab", ["weekend"])]
    assert group.receiver.exact == "team-data"


def test_a_status_without_gossip_is_read() -> None:
    status = status_in(encoded({"cluster": {"status": "disabled", "peers": None}}))
    assert (status.gossip, status.peers, status.started_at) == ("disabled", (), None)
    assert status_in(encoded(STATUS)).started_at == datetime(2026, 11, 22, 1, tzinfo=UTC)
    assert UTC is UTC


def serving_alertmanager(version: str, **answers: bytes) -> Talk:
    """An Alertmanager of `version`; `answers` by part in place of the usual ones."""
    usual = {
        "/api/v2/alerts": answer(encoded([ALERT])),
        "/api/v2/silences": answer(encoded([SILENCE])),
        "/api/v2/status": answer(encoded(STATUS | {"versionInfo": {"version": version}})),
        "/api/v2/alerts/groups": answer(encoded([GROUP])),
    }
    usual.update({f"/api/v2/{part}": content for part, content in answers.items()})

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split(b" ")[1].partition(b"?")[0].decode()
        writer.write(usual[path])
        await writer.drain()

    return talk


async def polled(talk: Talk, http: HttpClient, rounds: int = 1) -> AlertmanagerReading:
    async with serving(talk) as server:
        settings = AlertmanagerSource(name="am", members=(server.url(""),))
        member = AlertmanagerMember("am", server.url(""), settings, http, SystemClock())
        for round_number in range(rounds):
            reading = await member.poll(round_number)
        return reading


@pytest.mark.parametrize(("version", "asks"), [("0.25.0", False), ("0.34.0-rc.1", True)])
async def test_only_a_server_that_can_is_asked_to_leave_expired_silences_out(
    version: str, asks: bool, http_client: HttpClient
) -> None:
    async with serving(serving_alertmanager(version)) as server:
        settings = AlertmanagerSource(name="am", members=(server.url(""),))
        member = AlertmanagerMember("am", server.url(""), settings, http_client, SystemClock())
        await member.poll(1)
        await member.poll(2)
        lines = [head.split(b"\r\n")[0] for head in server.heads]
        assert any(b"silences?expired=false" in line for line in lines) is asks


async def test_parts_fail_apart(http_client: HttpClient) -> None:
    broken = answer(b'"silence with several matcher sets"', "500 Internal Server Error")
    reading = await polled(serving_alertmanager("0.33.0", silences=broken), http_client)
    assert isinstance(reading.silences, Failure)
    assert "several sets of matchers" in reading.silences.remedy
    assert "silence with several matcher sets" in reading.silences.cause
    assert isinstance(reading.alerts, tuple) and isinstance(reading.groups, tuple)
    assert not isinstance(reading.status, Failure)


@pytest.mark.parametrize(
    ("body", "status", "words", "kind"),
    [
        (b'"no such thing"', "404 Not Found", "no such thing", FailureKind.STATUS),
        (b'{"code":602,"message":"in query"}', "422 Unprocessable", "in query", FailureKind.STATUS),
        (b"gone", "410 Gone", "gone", FailureKind.STATUS),
        (b"<html>", "415 Unsupported Media Type", "415", FailureKind.STATUS),
        (
            b"Limit of concurrent GET requests reached (8), try again later.\n",
            "503 Service Unavailable",
            "(8)",
            FailureKind.RATE,
        ),
        (b"Exceeded configured timeout", "503 Busy", "timeout", FailureKind.STATUS),
        (b"who are you", "401 Unauthorized", "who are you", FailureKind.AUTH),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value),
)
async def test_every_form_of_an_error_is_told_in_words(
    body: bytes, status: str, words: str, kind: FailureKind, http_client: HttpClient
) -> None:
    reading = await polled(serving_alertmanager("0.25.0", alerts=answer(body, status)), http_client)
    assert isinstance(reading.alerts, Failure)
    assert reading.alerts.kind is kind
    assert words in reading.alerts.cause
    assert reading.alerts.expected == "a JSON list of alerts"
    assert reading.alerts.remedy


async def test_a_server_that_asks_for_a_day_is_left_alone_for_five_minutes(
    http_client: HttpClient,
) -> None:
    slow = answer(b"", "429 Too Many Requests", "Retry-After: 86400")
    reading = await polled(serving_alertmanager("0.25.0", alerts=slow), http_client)
    assert isinstance(reading.alerts, Failure)
    assert (reading.alerts.kind, reading.alerts.retry_after_s) == (FailureKind.RATE, 300.0)


async def test_no_more_than_two_requests_are_in_flight(http_client: HttpClient) -> None:
    now = most = 0
    inner = serving_alertmanager("0.25.0")

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(20):
            await asyncio.sleep(0)
        now -= 1
        await inner(head, writer)

    reading = await polled(talk, http_client)
    assert isinstance(reading.alerts, tuple)
    assert most <= 2


async def test_a_clock_that_is_off_is_measured(http_client: HttpClient) -> None:
    late = answer(encoded([ALERT]), "200 OK", "Date: Sun, 06 Nov 1994 08:49:37 GMT")
    reading = await polled(serving_alertmanager("0.25.0", alerts=late), http_client)
    assert reading.skew is not None and reading.skew < -timedelta(days=365 * 30)
    never = await polled(serving_alertmanager("0.25.0"), http_client)
    assert never.skew is None
