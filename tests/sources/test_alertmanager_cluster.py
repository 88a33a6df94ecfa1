"""Acting on a cluster: done once, by one member, and never half done without a word."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from config.schema import AlertmanagerSource
from console.model.alert import SilenceState
from console.model.failure import FailureKind
from console.model.labels import Matcher
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.text import Raw
from console.sources.alertmanager.cluster import (
    AlertmanagerCluster,
    EffectFailed,
    Sent,
    WantedSilence,
)
from console.sources.alertmanager.decode import silences_and_ended_in
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.alertmanager.write import filter_of, queries
from tests.faults import Blackhole
from tests.proxy import proxied
from tests.safety.loopback import answer, serving
from tests.servers import Program, ended, free_port, post_json, start_alertmanager
from tests.sources.between import Between, Hung, Lost, Said, between
from tests.sources.documents import SILENCE, STATUS, encoded
from tests.waiting import until

pytestmark = pytest.mark.real("prometheus-alertmanager")

A = (Matcher("alertname", Raw("A")),)


class World(NamedTuple):
    """Two Alertmanagers that do not know each other, each behind a proxy, as one cluster."""

    servers: tuple[Program, Program]
    proxies: tuple[Between, Between]
    http: HttpClient

    def cluster(self, *urls: str, timeout_s: float = 10.0) -> AlertmanagerCluster:
        urls = urls or tuple(proxy.url for proxy in self.proxies)
        settings = AlertmanagerSource(name="am", members=urls, timeout=timedelta(seconds=timeout_s))
        clock = SystemClock()
        members = [AlertmanagerMember("am", url, settings, self.http, clock) for url in urls]
        return AlertmanagerCluster("am", [one.writer for one in members], clock)

    def alone(self) -> AlertmanagerCluster:
        """The cluster of the first server, behind its proxy."""
        return self.cluster(self.proxies[0].url)

    async def made(self) -> list[list[str]]:
        """Comments of the silences that run, by server."""
        clusters = [self.cluster(server.url) for server in self.servers]
        return [[one.comment.exact for one in await each.silences()] for each in clusters]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    http = HttpClient(SystemClock())
    servers = start_alertmanager(tmp_path / "a"), start_alertmanager(tmp_path / "b")
    with (
        ended(*servers),
        between(servers[0].port) as first,
        between(servers[1].port) as second,
    ):
        yield World(servers, (first, second), http)
        await http.aclose()


def wanted(comment: str = "ACK! kai: looking [oncall 7f3a2c]", **more: Any) -> WantedSilence:
    """What is asked for in most tests, with `more` of its fields."""
    ends = datetime.now(UTC) + timedelta(hours=1)
    return msgspec.structs.replace(WantedSilence(A, None, ends, "kai", comment), **more)


# -- done ------------------------------------------------------------------------------------


async def test_a_silence_is_made_as_it_was_wanted(world: World) -> None:
    cluster = world.alone()
    silence = wanted(matchers=(*A, Matcher("v", Raw('a"\\\n\t\u202e(b|c)'), is_regex=True)))
    made = await cluster.silence(await cluster.post(silence))
    assert made is not None
    assert silence.is_made(made)
    assert made.state is SilenceState.ACTIVE
    assert world.proxies[0].kinds[0] == "application/json"


async def test_an_extended_silence_keeps_its_id_and_another_matcher_gives_another(
    world: World,
) -> None:
    cluster = world.alone()
    first = wanted()
    made = await cluster.silence(await cluster.post(first))
    assert made is not None
    later = wanted(starts_at=made.starts_at, ends_at=first.ends_at + timedelta(hours=1), id=made.id)
    assert await cluster.post(later) == made.id
    moved = wanted(starts_at=made.starts_at, matchers=(Matcher("x", Raw("y")),), id=made.id)
    other = await cluster.post(moved)
    assert other != made.id
    old = await cluster.silence(made.id)
    assert old is not None
    assert old.state is SilenceState.EXPIRED
    assert len(await cluster.silences()) == 1


async def test_ending_a_silence_that_has_ended_is_fine(world: World) -> None:
    cluster = world.alone()
    silence_id = await cluster.post(wanted())
    await cluster.expire(silence_id)
    await cluster.expire(silence_id)
    assert await cluster.silences() == ()
    status = await cluster.status()
    assert status.gossip == "disabled"


async def test_a_server_whose_clock_is_behind_holds_no_ack_back(world: World) -> None:
    """By its own clock an ack that starts now would be pending for two hours."""
    proxy = world.proxies[0]
    proxy.behind_s = 7_200
    cluster = world.alone()
    await cluster.status()
    await cluster.post(wanted())
    assert cluster.skew is not None
    assert cluster.skew < timedelta(hours=-1)
    start = datetime.fromisoformat(json.loads(proxy.bodies[-1])["startsAt"])
    assert datetime.now(UTC) - start > timedelta(hours=1)


# -- one member after the other --------------------------------------------------------------


async def test_the_next_member_is_told_where_the_first_is_down(world: World) -> None:
    world.servers[0].kill()
    cluster = world.cluster(world.servers[0].url, world.proxies[1].url)
    await cluster.post(wanted("once"))
    assert [one.comment.exact for one in await cluster.silences()] == ["once"]
    assert len(await cluster.matching(A)) == 0


async def test_a_member_that_cannot_be_reached_has_surely_done_nothing(world: World) -> None:
    async with proxied(world.servers[0].port) as proxy:
        await proxy.suffer(Blackhole())
        dark = f"http://127.0.0.1:{proxy.port}"
        await world.cluster(dark, world.proxies[1].url, timeout_s=0.5).post(wanted("once"))
        with pytest.raises(EffectFailed) as caught:
            await world.cluster(dark, timeout_s=0.5).post(wanted("never"))
    assert (caught.value.sent, caught.value.failure.kind) == (Sent.NO, FailureKind.TIMEOUT)
    assert await world.made() == [[], ["once"]]


async def test_a_lost_answer_is_read_back_and_nothing_is_made_twice(world: World) -> None:
    first, second = world.proxies
    first.harm["POST"] = [Lost(done=True)]
    cluster = world.cluster()
    silence_id = await cluster.post(wanted("once"))
    assert await world.made() == [["once"], []]
    made = await cluster.silence(silence_id)
    assert made is not None
    assert (first.count("POST"), second.count("POST")) == (1, 0)


async def test_what_the_other_member_has_heard_of_is_found_there(
    tmp_path: Path, http_client: HttpClient
) -> None:
    gossip = free_port(), free_port()
    first = start_alertmanager(tmp_path / "a", gossip=gossip[0])
    second = start_alertmanager(tmp_path / "b", gossip=gossip[1], peers=[gossip[0]])
    with ended(first, second), between(first.port) as proxy:
        world = World((first, second), (proxy, proxy), http_client)
        one, other = world.cluster(first.url), world.cluster(second.url)
        for each in (one, other):
            await until(each.status, lambda status: len(status.peers) == 2)
        proxy.harm = {"POST": [Lost(done=True)], "GET": [Lost(done=False)] * 20}
        silence_id = await world.cluster(proxy.url, second.url).post(wanted("once"))
        for each in (one, other):
            assert [one.id for one in await each.silences()] == [silence_id]


async def test_a_request_that_was_lost_is_sent_again(world: World) -> None:
    first, second = world.proxies
    first.harm["POST"] = [Lost(done=False)]
    await world.cluster().post(wanted("once"))
    assert await world.made() == [["once"], []]
    assert second.count("POST") == 0


async def test_a_gateway_that_gave_up_is_no_proof_that_nothing_was_done(world: World) -> None:
    page = Said(504, b"<html>Gateway Time-out</html>", "text/html", done=True)
    world.proxies[0].harm["POST"] = [page]
    await world.cluster().post(wanted("once"))
    assert await world.made() == [["once"], []]


async def test_a_member_that_hangs_may_have_done_it_so_that_no_other_is_told(world: World) -> None:
    first, second = world.proxies
    first.harm = {"POST": [Hung(done=True)], "GET": [Hung(done=False)] * 4}
    cluster = world.cluster(timeout_s=0.5)
    with pytest.raises(EffectFailed) as caught:
        await cluster.post(wanted("once"))
    assert caught.value.sent is Sent.MAYBE
    assert caught.value.failure.kind is FailureKind.TIMEOUT
    assert second.count("POST") == 0
    # Asked again, the one that answers is told first.
    await cluster.post(wanted("again"))
    assert (await world.made())[1] == ["again"]


async def test_a_request_lost_twice_is_said_to_be_in_doubt(world: World) -> None:
    world.proxies[0].harm["POST"] = [Lost(done=False)] * 2
    with pytest.raises(EffectFailed) as caught:
        await world.alone().post(wanted())
    assert caught.value.sent is Sent.MAYBE
    assert await world.made() == [[], []]


async def test_an_end_whose_answer_is_lost_is_read_back(world: World) -> None:
    first, second = world.proxies
    cluster = world.cluster()
    silence_id = await cluster.post(wanted())
    first.harm["DELETE"] = [Lost(done=True)]
    await cluster.expire(silence_id)
    assert await world.made() == [[], []]
    assert (first.count("DELETE"), second.count("DELETE")) == (1, 0)


async def test_a_silence_that_only_the_second_member_has_is_ended_there(world: World) -> None:
    other = world.cluster(world.servers[1].url)
    silence_id = await other.post(wanted())
    await world.cluster().expire(silence_id)
    assert await other.silences() == ()


async def test_a_silence_that_nobody_knows_is_said_to_be_unknown(world: World) -> None:
    gone = "9e6a4b5c-0000-4000-8000-000000000000"
    cluster = world.cluster()
    assert await cluster.silence(gone) is None
    for effect in (cluster.expire(gone), cluster.post(wanted(id=gone))):
        with pytest.raises(EffectFailed) as caught:
            await effect
        assert caught.value.sent is Sent.NO
        assert "it knows no silence of this id" in caught.value.failure.cause


# -- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "cause", "remedy"),
    [
        ({"matchers": (Matcher("a", Raw(".*"), True),)}, "must not match the empty", "add a"),
        ({"matchers": (Matcher("a", Raw("(b"), True),)}, "missing closing )", "RE2"),
        ({"matchers": (Matcher("9", Raw("b")),)}, 'invalid label name "9"', "label's name"),
        ({"matchers": ()}, "should have at least 1 items", "misses a part"),
        ({"ends_at": datetime(2020, 1, 1, tzinfo=UTC)}, "before end time", "compare the clocks"),
    ],
)
async def test_what_the_server_refuses_is_said_in_its_own_words(
    world: World, change: dict[str, Any], cause: str, remedy: str
) -> None:
    with pytest.raises(EffectFailed) as caught:
        await world.cluster().post(wanted(**change))
    assert caught.value.sent is Sent.NO
    assert cause in caught.value.failure.cause
    assert remedy in caught.value.failure.remedy
    assert world.proxies[1].count("POST") == 0


@pytest.mark.parametrize(
    ("said", "cause", "others_asked"),
    [
        (Said(400, b'"it says \\u001b[2J"'), "it refuses the silence: it says ^[[2J", False),
        (Said(422, b'{"code":602,"message":"no comment"}'), "Entity: no comment", False),
        (Said(415, b"unsupported media", "text/plain"), "415 Unsupported Media Type", False),
        (Said(403, b"<html>no</html>", "text/html"), "answered 403 Forbidden", True),
        (Said(404, b"404 page not found", "text/plain"), "404 Not Found", True),
        (Said(429, b"slowly"), "429", True),
        (Said(503, b"Exceeded configured timeout", "text/plain"), "Exceeded configured", True),
        (Said(200, b"<html>login</html>", "text/html"), "got an HTML page (login?)", True),
    ],
)
async def test_every_shape_of_an_error_is_read(
    world: World, said: Said, cause: str, others_asked: bool
) -> None:
    for proxy in world.proxies:
        proxy.harm["POST"] = [said]
    with pytest.raises(EffectFailed) as caught:
        await world.cluster().post(wanted())
    assert cause in caught.value.failure.cause
    assert caught.value.failure.remedy
    assert (world.proxies[1].count("POST") == 1) is others_asked
    assert await world.made() == [[], []]


# -- questions -------------------------------------------------------------------------------


async def test_a_busy_server_is_asked_once_more(world: World) -> None:
    busy = Said(503, b"Limit of concurrent GET requests reached (8), try again later.\n")
    world.proxies[0].harm["GET"] = [busy]
    assert await world.alone().silences() == ()
    assert world.proxies[0].count("GET") == 2


async def test_what_matches_is_the_union_over_the_members(world: World) -> None:
    for number, server in enumerate(world.servers):
        post_json(f"{server.url}/api/v2/alerts", [{"labels": {"alertname": "A", "n": str(number)}}])
    found = await world.cluster().matching(A)
    assert sorted(alert.labels.exact("n") for alert in found) == ["0", "1"]


async def test_muted_alerts_are_counted_too(world: World) -> None:
    labels = {"alertname": "A", "team": "night"}
    post_json(f"{world.servers[0].url}/api/v2/alerts", [{"labels": labels}])
    cluster = world.alone()
    await cluster.post(wanted())
    assert len(await cluster.matching(A)) == 1


async def test_many_questions_are_two_at_a_time(world: World) -> None:
    cluster = world.alone()
    await asyncio.gather(*(cluster.matching(A) for _ in range(40)))
    assert world.proxies[0].most_at_once <= 2


async def test_long_lists_are_asked_in_parts_and_met(world: World) -> None:
    """An address of 64 kB goes through no proxy, and httpx sends none."""
    labels = {f"l{n}": f"{n:02}" * 1_500 for n in range(30)}
    near = labels | {"l29": "no"}
    alerts = [{"labels": {"alertname": "A", **each}} for each in (labels, near)]
    post_json(f"{world.servers[0].url}/api/v2/alerts", alerts)
    matchers = [*A, *(Matcher(name, Raw(value)) for name, value in labels.items())]
    (found,) = await world.alone().matching(matchers)
    assert found.labels.exact("l29") == labels["l29"]
    assert max(map(len, world.proxies[0].heard)) < 8_000


async def test_one_matcher_that_is_too_long_is_said_to_be(world: World) -> None:
    with pytest.raises(EffectFailed) as caught:
        await world.cluster().matching([Matcher("v", Raw("x" * 70_000))])
    assert "too long to be asked about" in caught.value.failure.cause


async def test_a_cluster_without_members_says_so() -> None:
    with pytest.raises(EffectFailed) as caught:
        await AlertmanagerCluster("am", [], SystemClock()).post(wanted())
    assert caught.value.failure.cause == "the cluster has no members"


def test_filters_are_quoted_as_every_version_reads_them() -> None:
    hostile = Matcher("a", Raw('"\\\n\t\u202e é'))
    assert filter_of(hostile) == 'a="\\"\\\\\\n\t\u202e é"'
    assert filter_of(Matcher("with blank", Raw("x"), True, False)) == '"with blank"!~"x"'
    assert list(queries([])) == [()]


# -- silences that have ended ----------------------------------------------------------------


def test_only_what_ended_lately_is_kept_of_the_expired() -> None:
    since = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

    def expired(silence_id: str, end: datetime) -> dict[str, object]:
        return SILENCE | {
            "id": silence_id,
            "status": {"state": "expired"},
            "endsAt": end.isoformat(),
        }

    early = expired("early", since + timedelta(minutes=1))
    late = expired("late", since + timedelta(minutes=50))
    old = expired("old", since - timedelta(seconds=1))
    running, over = silences_and_ended_in(encoded([early, SILENCE, old, late]), "am", since)
    assert [one.id for one in running] == [SILENCE["id"]]
    assert [one.id for one in over] == ["late", "early"]


async def test_a_poll_tells_what_ended_also_where_it_is_asked_for_now_and_then() -> None:
    asked: list[str] = []
    now = datetime.now(UTC)
    over = SILENCE | {
        "status": {"state": "expired"},
        "endsAt": (now - timedelta(minutes=5)).isoformat(),
    }
    version = {"versionInfo": json.loads(encoded(STATUS))["versionInfo"] | {"version": "0.34.0"}}

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split(b" ", 2)[1].decode()
        body: object = []
        if "/status" in path:
            body = json.loads(encoded(STATUS)) | version
        elif "/silences" in path:
            asked.append(path)
            body = [] if "expired=false" in path else [over]
        writer.write(answer(json.dumps(body).encode()))
        await writer.drain()

    http = HttpClient(SystemClock())
    async with serving(talk) as server:
        settings = AlertmanagerSource(name="am", members=(server.url(""),))
        member = AlertmanagerMember("am", server.url(""), settings, http, SystemClock())
        readings = [await member.poll(number) for number in range(5)]
        await http.aclose()
    assert [len(reading.ended) for reading in readings] == [1] * 5
    assert [("expired=false" in path) for path in asked] == [False, True, True, True, False]
