"""What the console sends when it acts: the demo's Alertmanager answers it as the real one does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from console.demo.metrics import CORE, Series, pairs
from console.demo.script import Scenario
from console.demo.shape import step
from console.model.labels import Matcher
from console.safety.text import Raw
from console.sources.alertmanager.write import filter_of

from .demo_world import Demo, read
from .real import PROGRAM
from .test_real_alertmanager import demo_now, matcher, tell, wish

pytestmark = [
    pytest.mark.real("prometheus-alertmanager"),
    pytest.mark.skipif(PROGRAM is None, reason="prometheus-alertmanager is not installed"),
]

Ask = Callable[..., tuple[int, Any]]
"""Method, path and body to status and the JSON that came, if any."""

JSON = {"Content-Type": "application/json"}

HOSTILE = (
    "a\nb", 'say "hi"', "back\\slash", "\\n", "tab\there", "\u202etxt", "機架", "a|b", "(x)",
    "a.b", "{}", " lead", "trail ", "x,y", "=~", '"', "\\", "\\\\n", "\\t", "%41", "a+b&c",
    "\x00nul", "\x85", "é", "e\u0301", "'", "`", "\r\n", "v" * 3000,
)  # fmt: skip
"""Values of a label."""
_ESCAPED = str.maketrans({sign: "\\" + sign for sign in "-/\\^$*+?.()|[]{}"})


def both(demo: Demo, real: httpx.Client) -> tuple[Ask, Ask]:
    """The same question to either."""
    began = datetime.now(UTC)

    def on_real(method: str, path: str, body: object = None) -> tuple[int, Any]:
        content = None if body is None else msgspec.json.encode(body)
        answer = real.request(method, path, content=content, headers=JSON)
        return answer.status_code, answer.json() if answer.content else None

    def on_demo(method: str, path: str, body: object = None) -> tuple[int, Any]:
        demo.at((datetime.now(UTC) - began).total_seconds())
        if method == "GET":
            answer = demo.alertmanager(path)
        else:
            answer = demo.send(method, path, msgspec.json.encode(body))
        return answer.status, read(answer) if answer.body else None

    return on_demo, on_real


def made(ask: Ask, body: object) -> dict[str, Any]:
    """A silence as it is shown once it has been made."""
    status, answer = ask("POST", "/silences", body)
    assert status == 200, answer
    shown: dict[str, Any] = ask("GET", f"/silence/{answer['silenceID']}")[1]
    return shown


def state(ask: Ask, silence_id: str) -> str:
    found: str = ask("GET", f"/silence/{silence_id}")[1]["status"]["state"]
    return found


def changes(ask: Ask) -> list[object]:
    """An ack, changed in all ways that the console changes one."""
    told: list[object] = []
    first = made(ask, wish())
    handed = made(ask, {**first, "createdBy": "mei", "comment": "ACK! mei: over to me"})
    same = ("id", "startsAt", "endsAt", "matchers", "status")
    told.append([handed[key] == first[key] for key in same])
    told.append((handed["createdBy"], handed["comment"]))
    two = [matcher("a", "1"), matcher("b", "2")]
    other = made(ask, {**handed, "matchers": two})
    told.append((other["id"] == first["id"], state(ask, first["id"]), other["status"]))
    turned = made(ask, {**other, "matchers": two[::-1]})
    told.append((turned["id"] == other["id"], state(ask, other["id"])))
    start = datetime.fromisoformat(turned["startsAt"])
    earlier = made(ask, {**turned, "startsAt": (start - timedelta(seconds=2)).isoformat()})
    told.append((earlier["id"] == turned["id"], state(ask, turned["id"])))
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    told.append(ask("POST", "/silences", {**earlier, "startsAt": "2020-01-01T00:00:00Z",
                                          "endsAt": past}))  # fmt: skip
    told.append(state(ask, earlier["id"]))
    told += [ask("DELETE", f"/silence/{earlier['id']}"), state(ask, earlier["id"])]
    status, said = ask("DELETE", f"/silence/{earlier['id']}")
    told.append((status, str(said).replace(earlier["id"], "ID")))
    again = made(ask, {**earlier, "endsAt": "2099-01-01T00:00:00.000Z"})
    told.append((again["id"] == earlier["id"], state(ask, earlier["id"]), again["status"]))
    return told


def refused_changes(ask: Ask) -> list[object]:
    """Changes that it will not have, and what has become of the silence."""
    told: list[object] = []
    for bad in (matcher("service", ""), matcher("service", "(", True), matcher("a b", "x")):
        shown = made(ask, wish())
        told.append(ask("POST", "/silences", {**shown, "matchers": [bad]}))
        told.append(state(ask, shown["id"]))
    shown = made(ask, wish())
    unread = {key: value for key, value in shown.items() if key != "comment"}
    told += [ask("POST", "/silences", unread), state(ask, shown["id"])]
    return told


def of_later(ask: Ask) -> list[object]:
    """Pending ones, moved and ended, and all that is listed then."""
    told: list[object] = []
    later = {"startsAt": "2098-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
    waiting = made(ask, wish(**later))
    moved = made(ask, {**waiting, "startsAt": "2097-01-01T00:00:00Z"})
    told.append((moved["id"] == waiting["id"], moved["status"]))
    begun = made(ask, {**moved, "startsAt": "2020-01-01T00:00:00Z"})
    told.append((begun["id"] == moved["id"], begun["status"], begun["startsAt"] > "2020-02"))
    ended = ask("GET", f"/silence/{moved['id']}")[1]
    told.append((ended["status"], ended["startsAt"] == ended["endsAt"]))
    made(ask, wish(**later))
    made(ask, wish())
    told.append([one["status"]["state"] for one in ask("GET", "/silences")[1]])
    return told


@pytest.mark.parametrize("story", [changes, refused_changes, of_later])
def test_changing_silences_follows_the_same_rules(
    real: httpx.Client, story: Callable[[Ask], list[object]]
) -> None:
    on_demo, on_real = both(demo_now("calm", 0), real)
    assert story(on_demo) == story(on_real)


def test_what_the_console_asks_finds_the_same_alerts(real: httpx.Client) -> None:
    series = tuple(
        Series(CORE, "snmp_up", pairs(host=f"h{number}", odd=value, rack="r"), step(-100, 1, 0),
               whole=True)
        for number, value in enumerate(HOSTILE)
    )  # fmt: skip
    demo = demo_now(Scenario("hostile", "labels of all kinds", more_series=series), 60)
    tell(demo, real)

    def found(matchers: list[Matcher]) -> list[str]:
        params = [("filter", filter_of(each)) for each in matchers]
        asked = httpx.QueryParams(tuple(params))
        theirs = [one["fingerprint"] for one in real.get("/alerts", params=asked).json()]
        ours = demo.alerts(*params)
        assert [one["fingerprint"] for one in ours] == theirs, matchers
        return [one["labels"]["host"] for one in ours if "host" in one["labels"]]

    rack = Matcher("rack", Raw("r"))
    for number, value in enumerate(HOSTILE):
        own = f"h{number}"
        assert found([Matcher("odd", Raw(value)), rack]) == [own]
        assert own not in found([Matcher("odd", Raw(value), is_equal=False)])
        either = Raw(f"({value.translate(_ESCAPED)}|zz)")
        assert found([rack, Matcher("odd", either, is_regex=True)]) == [own]
    many = [Matcher("host", Raw(f"h{n}"), is_equal=False) for n in range(len(HOSTILE) - 1)]
    assert found([*many, rack]) == [f"h{len(HOSTILE) - 1}"]
    for written in (".*", ".+", "a.b", "a$", "\\w+", "(?s).*", "(?i)É", "\\Qa.b\\E", "a{1,3}.*"):
        found([Matcher("odd", Raw(written), is_regex=True)])
        found([Matcher("odd", Raw(written), is_regex=True, is_equal=False)])


@pytest.mark.parametrize("path", ["/alerts", "/silences"])
def test_a_filter_is_read_or_refused_in_the_same_words(real: httpx.Client, path: str) -> None:
    demo = demo_now("calm", 0)
    for text in (
        'a="x', 'a=x"', 'a="x" ,b="y"', 'a="x",', 'a="b"c"', 'a="\\"', 'a="\\', "a='x'", "a = x ",
        "a==x", "a=", "a", '="x"', "", " ", '{a="x"}', 'a=~"["', 'a=~"("', 'a=~")"', 'a=~"(?=x)"',
        'a=~"x{2000}"', 'a=~"x**"', 'a=~"x++"', 'a=~"\\1"', 'a=~"[z-a]"', 'a=~"(?P=x)"',
    ):  # fmt: skip
        theirs = real.get(path, params=[("filter", text)])
        ours = demo.alertmanager(path, ("filter", text))
        assert (ours.status, ours.body) == (theirs.status_code, theirs.content) or (
            ours.status == theirs.status_code == 200
        ), text


def test_a_posted_silence_is_taken_or_refused_alike(real: httpx.Client) -> None:
    on_demo, on_real = both(demo_now("calm", 0), real)
    negative = {**matcher("a", "x"), "isEqual": False}
    for body in (
        wish(matchers=[negative]),
        wish(matchers=[matcher("a", "x"), matcher("a", "x")]),
        wish(matchers=[matcher("a", 'é\n"\\\t\u202e')]),
        wish(matchers=[matcher("a:b", "x")]),
        wish(matchers=[matcher("", "x")]),
        wish(annotations={"a": "b"}, status={"state": "active"}),
        wish(startsAt=""),
        wish(endsAt=""),
        wish(comment=""),
        wish(createdBy=""),
        wish(id=""),
        *(
            wish(matchers=[matcher("a", text, True)])
            for text in (
                "*",
                "x)",
                "[",
                "[z-a]",
                "\\",
                "\\1",
                "x**",
                "x{2,1}",
                "(?>x)",
                "(a|b\\.c)",
            )
        ),
    ):
        ours, theirs = on_demo("POST", "/silences", body), on_real("POST", "/silences", body)
        assert ours[0] == theirs[0], body
        if ours[0] != 200:
            assert ours == theirs


def test_what_is_no_silence_is_refused_with_the_same_status(real: httpx.Client) -> None:
    demo = demo_now("calm", 0)
    for raw, kind in (
        (b"null", "application/json"), (b"[]", "application/json"), (b"{", "application/json"),
        (b'{"comment":"\xff"}', "application/json"), (b"{}", "application/json; charset=utf-8"),
        (b"{}", ""), (b"a=b", "application/x-www-form-urlencoded"),
    ):  # fmt: skip
        theirs = real.post("/silences", content=raw, headers={"Content-Type": kind})
        ours = demo.send("POST", "/silences", raw, kind)
        assert (ours.status, read(ours)["code"]) == (theirs.status_code, theirs.json()["code"])
    for path in ("/silence/x%0ay", "/silence/%C3%A9", "/silence/" + "1" * 32, "/silence/"):
        for method in ("GET", "DELETE"):
            theirs = real.request(method, path)
            ours = demo.alertmanager(path) if method == "GET" else demo.send(method, path)
            assert (ours.status, ours.body) == (theirs.status_code, theirs.content), path
