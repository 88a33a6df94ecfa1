"""How often alerts came: asked of Prometheus, counted from the log, and told in a line."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from config.schema import PrometheusSource
from console.engine.events import EventLog
from console.engine.evidence_noise import noise_line
from console.engine.inquiry import Inquiry
from console.engine.noise import BELIEVED_S, EVERY_S, FIRST_S, MOST, QUERY, Noise, seen_in
from console.engine.past import DAY_STEP, today_in
from console.engine.questions import Firing, PastFirings, Today
from console.engine.trouble import Trouble
from console.model.alert import Silence, SilenceState
from console.model.event import Event, EventKind
from console.model.labels import Labels
from console.model.query import InstantAnswer, Series
from console.model.snapshot import Snapshot
from console.safety.clock import ManualClock, SystemClock
from console.safety.http import HttpClient
from console.safety.text import visible
from console.sources.prometheus.poll import Prometheus
from tests.build import MONO0, T0, ack, ago, alert, known, snapshot
from tests.engine.peers import Peer, up
from tests.servers import RULES_YML, start_prometheus
from tests.waiting import until
from tests.watching import on_urls, running


def vector(*counts: tuple[int, dict[str, str]]) -> dict[str, object]:
    result = [{"metric": labels, "value": [1.0, str(count)]} for count, labels in counts]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


DOWN = {"alertname": "Down", "instance": "a:1"}


class Asked:
    """A noise that asks one peer, and its clock."""

    def __init__(self, peer: Peer) -> None:
        self.clock = ManualClock(T0, MONO0)
        self.http = HttpClient(SystemClock())
        self.news = 0
        self.servers = (
            Prometheus(PrometheusSource(name="prom", url=peer.url), self.http, SystemClock()),
        )
        trouble = Trouble(self.clock, EventLog())
        self.noise = Noise(lambda: self.servers, self.clock, trouble, self._heard)

    def _heard(self) -> None:
        self.news += 1


async def test_a_server_that_cannot_answer_has_no_counts_and_never_a_zero() -> None:
    refusal = {"status": "error", "errorType": "execution", "error": "too many samples"}
    peer = Peer({"/api/v1/query": refusal})
    async with up(peer):
        asked = Asked(peer)
        await asked.noise.ask(asked.servers)
        assert asked.noise.counts == ()
        assert asked.news == 0
        await asked.http.aclose()


async def test_a_count_is_the_first_time_and_every_change() -> None:
    peer = Peer({"/api/v1/query": vector((8, {"__name__": "ALERTS_FOR_STATE", **DOWN}))})
    async with up(peer):
        asked = Asked(peer)
        await asked.noise.ask(asked.servers)
        (counted,) = asked.noise.counts
        assert (counted.count, counted.source) == (9, "prom")
        assert counted.labels == Labels(DOWN)
        before = asked.noise.counts
        await asked.noise.ask(asked.servers)
        assert asked.noise.counts is before
        assert asked.news == 1
        await asked.http.aclose()


async def test_an_old_count_is_not_told_for_long_by_a_server_that_fails() -> None:
    peer = Peer({"/api/v1/query": vector((8, DOWN))})
    async with up(peer):
        asked = Asked(peer)
        await asked.noise.ask(asked.servers)
        peer.answers["/api/v1/query"] = {"status": "error", "errorType": "x", "error": "y"}
        asked.clock.advance(EVERY_S)
        await asked.noise.ask(asked.servers)
        assert [one.count for one in asked.noise.counts] == [9]
        asked.clock.advance(BELIEVED_S)
        await asked.noise.ask(asked.servers)
        assert not asked.noise.counts
        await asked.http.aclose()


async def test_nobody_is_asked_before_the_first_answers_can_be_on_screen() -> None:
    peer = Peer({"/api/v1/query": vector((8, DOWN))})
    async with up(peer):
        asked = Asked(peer)
        task = asyncio.create_task(asked.noise.run())
        asked.clock.advance(0)
        await asyncio.sleep(0)
        asked.clock.advance(FIRST_S - 1)
        await asyncio.sleep(0)
        assert not peer.asked
        asked.clock.advance(2)

        async def counts() -> int:
            return len(asked.noise.counts)

        await until(counts, lambda count: count == 1)
        task.cancel()
        await asked.http.aclose()


def test_the_log_counts_what_began_to_fire_within_a_day_and_more_than_once() -> None:
    def fired(hours: float, key: str) -> Event:
        return Event(ago(hours * 3600), EventKind.FIRED, "Down", "began to fire", key=key)

    events = [
        fired(1, "a"), fired(2, "a"), fired(3, "b"), fired(30, "b"), fired(1, ""), fired(2, ""),
        Event(ago(60), EventKind.RESOLVED, "Down", "resolved", key="b"),
    ]  # fmt: skip
    assert seen_in(events, T0) == (("a", 2),)


def test_two_firings_half_a_minute_apart_are_two_and_what_is_there_now_goes_on() -> None:
    step = DAY_STEP.total_seconds()
    now = T0.timestamp()
    points = tuple((now - 600 + step * n, 1.0) for n in (0, 1, 2, 5, 6))
    ending = tuple((now - step * n, 1.0) for n in (2, 1, 0))
    today = today_in([Series(Labels(DOWN), points + ending)], T0, DAY_STEP)
    assert today.count == 3
    lengths = [(one.end - one.start).total_seconds() for one in today.over]
    assert lengths == [15.0, 30.0]


# The line


def day(*minutes_ago: int, lasting: int = 3, goes_on: bool = True) -> PastFirings:
    firings = tuple(
        Firing(ago(60 * minutes), ago(60 * (minutes - lasting))) for minutes in minutes_ago
    )
    today = Today(len(firings) + goes_on, firings)
    return PastFirings("prom", timedelta(days=30), today=today)


def said(told: PastFirings, shown: Snapshot, events: tuple[Event, ...] = ()) -> str:
    line = noise_line(shown.alerts[0], told, shown, events)
    return "" if line is None else "".join(visible(piece.text) for piece in line.pieces)


def event(kind: EventKind, minutes_ago: float, text: str = "", who: str = "") -> Event:
    return Event(ago(60 * minutes_ago), kind, "Down", text, who, key=known(alert("Down")).key)


LONG_AGO = event(EventKind.FIRED, 3000)


def test_what_comes_and_goes_is_told_with_its_length_and_who_had_it() -> None:
    events = (
        event(EventKind.ACKED, 28, "acked until 03:30 UTC: looking at redis", "mei"),
        LONG_AGO,
    )
    text = said(day(10, 20, 30), snapshot(known(alert("Down"))), events)
    assert text == (
        "fired 4x in 24 h, median 3m, 2 of 3 resolved by themselves"
        "; last acked by mei: looking at redis"
    )


def test_what_was_silenced_meanwhile_did_not_resolve_by_itself() -> None:
    events = (event(EventKind.SILENCED, 19, "silenced"), LONG_AGO)
    text = said(day(10, 20), snapshot(known(alert("Down"))), events)
    assert "1 of 2 resolved by themselves" in text


def test_what_a_silence_kept_quiet_did_not_resolve_by_itself() -> None:
    held = ack(since=ago(60 * 15), minutes=60)
    silence = Silence(
        held.silence_id,
        "am",
        SilenceState.ACTIVE,
        (),
        held.since,
        held.until,
        held.owner,
        held.note,
    )
    shown = snapshot(known(alert("Down"), acked=held))
    shown = msgspec.structs.replace(shown, silences=(silence,))
    assert "1 of 2 resolved by themselves" in said(day(10, 20), shown, (LONG_AGO,))


def test_a_log_that_is_younger_than_the_day_claims_no_more_than_it_knows() -> None:
    shown = snapshot(known(alert("Down")))
    text = said(day(10, 300), shown, (event(EventKind.FIRED, 60),))
    assert text.endswith("2 of 2 resolved by themselves as far as the log goes")


@pytest.mark.parametrize(
    "told", [day(), PastFirings("prom", timedelta(days=30)), day(20, goes_on=False)]
)
def test_what_fired_once_or_what_nobody_tells_of_is_no_noise(told: PastFirings) -> None:
    assert said(told, snapshot(known(alert("Down")))) == ""


# The real program

FLAPPING = """
groups:
  - name: flapping
    rules:
      - alert: ComesAndGoes
        expr: (vector(time()) % 4 < 2) * 0 + 1
        labels: {severity: warning, service: redis}
      - alert: Stays
        expr: vector(1)
"""


@pytest.mark.real("prometheus")
async def test_a_real_prometheus_counts_what_comes_and_goes_and_nothing_else(
    tmp_path: Path,
) -> None:
    server = await asyncio.to_thread(start_prometheus, tmp_path, rules=FLAPPING)
    clock = SystemClock()
    http = HttpClient(clock)
    try:
        prom = Prometheus(PrometheusSource(name="prom", url=server.url), http, clock)
        noise = Noise(lambda: (prom,), clock, Trouble(clock, EventLog()), lambda: None)

        async def counts() -> dict[str, int]:
            answer = await prom.instant(QUERY, limit=MOST)
            assert isinstance(answer, InstantAnswer), answer
            await noise.ask((prom,))
            return {one.labels.exact("alertname"): one.count for one in noise.counts}

        found = await until(counts, lambda one: one.get("ComesAndGoes", 0) >= 3)
        assert "Stays" not in found
        labels = {"alertname": "ComesAndGoes", "severity": "warning", "service": "redis"}
        past = await Inquiry((prom,), clock).past_firings(
            "prom", Labels({**labels, "cluster": "test"}), clock.now().wall
        )
        assert past.failure is None
        assert past.today is not None
    finally:
        await http.aclose()
        await asyncio.to_thread(server.end)


@pytest.mark.real("prometheus")
async def test_the_engine_regroups_at_once_and_keeps_that_over_a_reload(tmp_path: Path) -> None:
    server = await asyncio.to_thread(start_prometheus, tmp_path, rules=RULES_YML)
    try:
        loaded = on_urls([server.url])
        async with running(loaded) as (engine, seen):
            await seen.until(lambda update: update.snapshot.complete)
            engine.regroup(("@host",))
            await seen.until(lambda update: update.worklist.group_by == ("@host",))
            engine.reload(loaded)
            await seen.more(1)
            assert seen.last.worklist.group_by == ("@host",)
            engine.regroup(None)
            await seen.until(lambda one: one.worklist.group_by == loaded.policy.group_by)
    finally:
        await asyncio.to_thread(server.end)
