"""The demo's Alertmanager and the real program are asked the same, and must say the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from console.demo.script import Scenario

from .demo_world import Demo, read
from .real import PROGRAM

pytestmark = [
    pytest.mark.real("prometheus-alertmanager"),
    pytest.mark.skipif(PROGRAM is None, reason="prometheus-alertmanager is not installed"),
]


def demo_now(scenario: str | Scenario, at_s: float) -> Demo:
    """A demo whose present is the real one: the real program asks the machine's clock."""
    return Demo(scenario, datetime.now(UTC) - timedelta(seconds=at_s)).at(at_s)


def tell(demo: Demo, real: httpx.Client) -> dict[str, str]:
    """Post the demo's silences and alerts; the real ids of the demo's silences."""
    ids = {}
    for silence in read(demo.alertmanager("/silences")):
        if silence["status"]["state"] == "expired":
            continue
        wish = {k: v for k, v in silence.items() if k not in ("id", "status", "updatedAt")}
        answer = real.post("/silences", json=wish)
        assert answer.status_code == 200, answer.text
        ids[silence["id"]] = answer.json()["silenceID"]
    sent = ("labels", "annotations", "startsAt", "endsAt", "generatorURL")
    alerts = [{key: one[key] for key in sent} for one in demo.alerts()]
    assert real.post("/alerts", json=alerts).status_code == 200
    # The real one inhibits a moment after it has answered 200.
    while inhibited(real.get("/alerts").json()) != inhibited(demo.alerts()):
        pass
    return ids


def inhibited(alerts: list[dict[str, Any]]) -> set[str]:
    """Fingerprints of the inhibited ones."""
    return {one["fingerprint"] for one in alerts if one["status"]["inhibitedBy"]}


def compared(alerts: list[dict[str, Any]], ids: dict[str, str]) -> list[dict[str, Any]]:
    """The alerts less what must differ: when they were told, and the ids of silences."""
    found = []
    for one in alerts:
        status = dict(one["status"])
        status["silencedBy"] = sorted(ids.get(known, known) for known in status["silencedBy"])
        found.append({**one, "status": status, "updatedAt": None})
    return found


@pytest.mark.parametrize(
    ("scenario", "at_s"),
    [("calm", 0), ("redis-down", 0), ("redis-down", 90), ("bad-deploy", 200),
     ("alert-storm", 100), ("source-lost", 90)],
)  # fmt: skip
def test_the_same_alerts_and_silences_give_the_same_answers(
    real: httpx.Client, scenario: str, at_s: float
) -> None:
    demo = demo_now(scenario, at_s)
    ids = tell(demo, real)
    for params in (
        {},
        {"silenced": "false"},
        {"inhibited": "false"},
        {"active": "false"},
        {"receiver": "onc.*"},
        {"filter": 'severity=~"crit.*|high"'},
        {"filter": 'service=""'},
        {"filter": "cluster!=core"},
    ):
        ours = demo.alerts(*params.items())
        theirs = real.get("/alerts", params=params).json()
        assert compared(ours, ids) == compared(theirs, {})
        assert ours or params
    assert read(demo.alertmanager("/receivers")) == real.get("/receivers").json()


def test_groups_are_the_real_ones(real: httpx.Client) -> None:
    demo = demo_now("redis-down", 0)
    ids = tell(demo, real)

    def shaped(groups: list[dict[str, Any]], known: dict[str, str]) -> list[dict[str, Any]]:
        by_id = [
            {**g, "alerts": sorted(compared(g["alerts"], known), key=lambda a: str(a["labels"]))}
            for g in groups
        ]
        return sorted(by_id, key=lambda g: (sorted(g["labels"].items()), g["receiver"]["name"]))

    ours = read(demo.alertmanager("/alerts/groups"))
    theirs: list[dict[str, Any]] = []
    # The real one groups what it was told a moment after it has answered 200.
    while sum(len(group["alerts"]) for group in theirs) < len(demo.alerts()):
        theirs = real.get("/alerts/groups").json()
    assert shaped(ours, ids) == shaped(theirs, {})


def wish(**changes: object) -> dict[str, object]:
    """A silence, changed; a change to `None` leaves the field out."""
    now = datetime.now(UTC)
    body: dict[str, object] = {
        "matchers": [{"name": "service", "value": "redis", "isRegex": False}],
        "startsAt": (now - timedelta(minutes=1)).isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "kai",
        "comment": "ACK! looking",
        **changes,
    }
    return {key: value for key, value in body.items() if value is not None}


def matcher(name: str, value: str, is_regex: bool = False) -> dict[str, object]:
    return {"name": name, "value": value, "isRegex": is_regex}


REFUSED = [
    wish(matchers=[]),
    wish(matchers=None),
    wish(matchers=[matcher("a", ".*", True)]),
    wish(matchers=[matcher("a", "")]),
    wish(matchers=[matcher("a", "(x", True)]),
    wish(matchers=[matcher("a b", "x")]),
    wish(matchers=[{"name": "a", "value": "x"}]),
    wish(matchers=[{"name": "a", "isRegex": False}]),
    wish(matchers=[{"value": "x", "isRegex": False}]),
    wish(createdBy=None),
    wish(comment=None),
    wish(startsAt=None),
    wish(endsAt=None),
    wish(startsAt="2031-01-01T00:00:00Z", endsAt="2030-01-01T00:00:00Z"),
    wish(startsAt="2020-01-01T00:00:00Z", endsAt="2020-01-02T00:00:00Z"),
    wish(endsAt="x"),
    wish(id="11111111-1111-1111-1111-111111111111"),
    wish(id="11111111-1111-1111-1111-111111111111", matchers=[matcher("a", "")]),
]


def test_a_silence_is_refused_in_the_same_words(real: httpx.Client) -> None:
    demo = demo_now("calm", 0)
    for body in REFUSED:
        theirs = real.post("/silences", json=body)
        ours = demo.send("POST", "/silences", msgspec.json.encode(body))
        assert (ours.status, read(ours)) == (theirs.status_code, theirs.json()), body
    for raw, kind in ((b"", "application/json"), (b"{}", "text/plain")):
        theirs = real.post("/silences", content=raw, headers={"Content-Type": kind})
        ours = demo.send("POST", "/silences", raw, kind)
        assert (ours.status, read(ours)) == (theirs.status_code, theirs.json())
    for raw in (b"not json", b'{"matchers":"x"}'):
        theirs = real.post("/silences", content=raw, headers={"Content-Type": "application/json"})
        ours = demo.send("POST", "/silences", raw)
        assert (ours.status, read(ours)["code"]) == (theirs.status_code, theirs.json()["code"])


def test_a_bad_request_is_refused_in_the_same_words(real: httpx.Client) -> None:
    demo = demo_now("calm", 0)
    unknown = "11111111-1111-1111-1111-111111111111"
    for method, path, params in (
        ("GET", "/alerts", {"filter": "bad"}),
        ("GET", "/alerts", {"filter": "{a=1}"}),
        ("GET", "/alerts", {"filter": "9a=1"}),
        ("GET", "/alerts", {"receiver": "("}),
        ("GET", "/alerts/groups", {"filter": "bad"}),
        ("GET", "/silences", {"filter": "bad"}),
        ("GET", "/silence/xyz", {}),
        ("GET", f"/silence/{unknown}", {}),
        ("DELETE", f"/silence/{unknown}", {}),
        ("DELETE", "/silence/xyz", {}),
        ("PUT", "/silences", {}),
        ("HEAD", "/alerts", {}),
        ("GET", "/nope", {}),
    ):
        theirs = real.request(method, path, params=params)
        if method == "GET":
            ours = demo.alertmanager(path, *params.items())
        else:
            ours = demo.send(method, path)
        assert ours.status == theirs.status_code, (method, path)
        if method not in ("HEAD", "PUT"):  # the order of the allowed methods is random
            assert ours.body == theirs.content, (method, path)


def test_changing_and_ending_silences_follows_the_same_rules(real: httpx.Client) -> None:
    demo = demo_now("calm", 0)

    def on_real(method: str, path: str, body: object = None) -> tuple[int, Any]:
        answer = real.request(method, path, json=body)
        return answer.status_code, answer.json() if answer.content else None

    def on_demo(method: str, path: str, body: object = None) -> tuple[int, Any]:
        if method == "GET":
            answer = demo.alertmanager(path)
        else:
            answer = demo.send(method, path, msgspec.json.encode(body))
        return answer.status, read(answer) if answer.body else None

    def story(ask: Any) -> list[object]:
        told: list[object] = []
        _, made = ask("POST", "/silences", wish())
        first = made["silenceID"]
        _, shown = ask("GET", f"/silence/{first}")
        told.append(sorted(shown))
        longer = {**shown, "endsAt": "2099-01-01T00:00:00.000Z"}
        _, again = ask("POST", "/silences", longer)
        told.append(again["silenceID"] == first)
        other = {**longer, "matchers": [matcher("service", "api")]}
        _, replaced = ask("POST", "/silences", other)
        second = replaced["silenceID"]
        told.append(second == first)
        told.append(ask("GET", f"/silence/{first}")[1]["status"])
        _, revived = ask("POST", "/silences", longer)
        told.append(revived["silenceID"] in (first, second))
        told.append(ask("DELETE", f"/silence/{second}"))
        status, said = ask("DELETE", f"/silence/{second}")
        told.append((status, str(said).replace(second, "ID")))
        _, later = ask("POST", "/silences", wish(startsAt="2098-01-01T00:00:00Z",
                                                 endsAt="2099-01-01T00:00:00Z"))  # fmt: skip
        third = later["silenceID"]
        told.append(ask("GET", f"/silence/{third}")[1]["status"])
        told.append(ask("DELETE", f"/silence/{third}"))
        told.append(ask("GET", f"/silence/{third}")[1]["status"])
        states = [one["status"]["state"] for one in ask("GET", "/silences")[1]]
        told.append(states)
        return told

    assert story(on_demo) == story(on_real)
