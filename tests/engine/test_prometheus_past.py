"""The past from a Prometheus that answers badly: a sentence, and never a wrong figure."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from config.history import ObjectiveEntry
from config.schema import PrometheusSource
from console.engine.week.prometheus.past import PrometheusPast, Told
from console.engine.week.prometheus.taken import TakenIn
from console.history.reader import Reader, open_reader
from console.model.history import Sight
from console.model.policy import Policy
from console.model.registry import Registry
from console.model.saying import text_of, texts_of
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.prometheus.poll import Prometheus
from tests.safety.loopback import Loopback, Talk, answer, saying, serving, silent
from tests.sources.documents import encoded

END = datetime(2026, 11, 20, tzinfo=UTC)
START = END - timedelta(days=2)
EVERY_S = 3600
LABELS = {"__name__": "up", "job": "web", "instance": "web:80"}


def success(kind: str, result: list[dict[str, Any]], **more: Any) -> bytes:
    data = {"resultType": kind, "result": result}
    return answer(encoded({"status": "success", "data": data, **more}))


class Hourly:
    """A server that scrapes one target every hour, and spoils what a test wants spoilt."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.refused_from: datetime | None = None
        """Samples of this day and later are not handed out."""
        self.instead: bytes = b""

    async def talk(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        asked = parse_qs(urlsplit(head.split(b" ")[1].decode()).query)
        query, at = asked.get("query", [""])[0], float(asked.get("time", ["0"])[0])
        writer.write(self.instead or self._told(query, at))
        await writer.drain()

    def _told(self, query: str, at: float) -> bytes:
        if query.startswith("count_over_time(up"):
            return success("vector", [{"metric": LABELS, "value": [at, "24"]}])
        if query.startswith("up"):
            if self.refused_from is not None and at > self.refused_from.timestamp():
                return answer(b"", "500 Internal Server Error")
            length = int(query.rpartition("[")[2].removesuffix("s]"))
            first = (int(at) - length) // EVERY_S * EVERY_S
            values = [[one, "1"] for one in range(first, int(at) + 1, EVERY_S)]
            one = {"metric": LABELS, "values": values}
            return success("matrix", [one], warnings=self.warnings)
        kind = "matrix" if query.endswith("s]") else "vector"
        value = [{"metric": {}, "value": [at, "7"]}] if query == "answer" else []
        return success(kind, value, warnings=self.warnings)


def past_of(server: Loopback, http: HttpClient, **settings: Any) -> PrometheusPast:
    clock = SystemClock()
    source = PrometheusSource(name="prom", url=server.url(""), **settings)
    one = Prometheus(source, http, clock)
    return PrometheusPast(lambda: (one,), clock, Registry(), Policy())


async def observed(talk: Talk, **settings: Any) -> Told:
    http = HttpClient(SystemClock())
    try:
        async with serving(talk) as server:
            return await past_of(server, http, **settings).observed(START, END)
    finally:
        await http.aclose()


async def test_every_hour_of_it_is_known() -> None:
    told = await observed(Hourly().talk)
    (one,) = told.observed
    (stretch,) = one.stretches
    assert (one.service, stretch.sight, told.notices) == ("web/web:80", Sight.UP, ())
    assert (stretch.start_ms, stretch.end_ms) == (
        START.timestamp() * 1000,
        END.timestamp() * 1000,
    )
    assert told.sources == ("prom: up",)


async def test_a_partial_answer_is_said_of_the_service_too() -> None:
    server = Hourly()
    server.warnings = ["store \x1b]0;x\x07 is away", "PromQL info: a style"]
    told = await observed(server.talk)
    assert texts_of(told.notices) == ("prom: partial answer: store ^[]0;x^G is away",)
    assert told.observed[0].notices == told.notices


async def test_a_measure_from_a_partial_answer_is_none() -> None:
    server = Hourly()
    server.warnings = ["a store is away"]
    entry = ObjectiveEntry(name="it", query="answer")
    http = HttpClient(SystemClock())
    async with serving(server.talk) as listening:
        past = past_of(listening, http)
        (partial,) = await past.measured((entry,), (), START, END)
        server.warnings = []
        (whole,) = await past.measured((entry,), (), START, END)
    await http.aclose()
    assert (partial.value, text_of(partial.why_not)) == (
        None,
        "prom: partial answer: a store is away",
    )
    assert (whole.value, whole.why_not) == (7.0, None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (answer(b"<html>log in</html>"), "prom got an HTML page (login?)"),
        (answer(b" " * 5000), "prom "),
        (
            answer(b'{"status":"error","error":"x"}', "422 Unprocessable Entity"),
            "prom answered 422",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\x00", "prom "),
    ],
)
async def test_rubbish_is_a_sentence_and_no_service(content: bytes, said: str) -> None:
    told = await observed(saying(content, close=True), max_bytes=4096)
    assert told.observed == ()
    assert len(told.notices) == 1
    assert told.notices[0].text.startswith(said)


async def test_what_did_not_come_is_not_observed(tmp_path: Path) -> None:
    server = Hourly()
    server.refused_from = START + timedelta(days=1)
    http = HttpClient(SystemClock())
    async with serving(server.talk) as listening:
        past = past_of(listening, http)
        taken = await past.take_in(tmp_path, START, END)
        server.refused_from = None
        again = await past.take_in(tmp_path, START, END)
        server.refused_from = START
        last = await past.take_in(tmp_path, START, END)
    await http.aclose()
    assert (taken.days, again.days, last.days) == (1, 2, 0)
    assert "prom: 2026-11-19 did not come whole and was not taken in" in taken.notices
    assert again.notices == ()
    reader = open_reader(tmp_path)
    assert isinstance(reader, Reader)
    (kept,) = reader.observed(round(START.timestamp() * 1000), round(END.timestamp() * 1000))
    reader.close()
    # What was taken in whole is not lost to a server that hands nothing out any more.
    assert sum(one.end_ms - one.start_ms for one in kept.stretches) == 2 * 24 * EVERY_S * 1000


async def test_a_server_that_hangs_is_not_waited_for_a_day_at_a_time() -> None:
    asked: list[str] = []

    async def hanging(head: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(head.decode())
        await silent(head, writer)

    http = HttpClient(SystemClock())
    async with serving(hanging) as server:
        past = past_of(server, http, timeout=timedelta(milliseconds=50))
        told = await past.observed(END - timedelta(days=30), END)
        entries = [ObjectiveEntry(name=f"q{n}", query="answer") for n in range(9)]
        measured = await past.measured(entries, (), START, END)
    await http.aclose()
    # On a busy machine a request may time out before the server has it.
    assert len(asked) <= 2 + 2
    assert (told.observed, told.is_silent) == ((), True)
    whys = [*told.notices, *(one.why_not for one in measured)]
    assert len(whys) == 1 + 9
    assert all("was not done within" in text_of(why) for why in whys)


async def test_what_a_server_tells_before_it_hangs_is_told() -> None:
    server = Hourly()
    late = "time=" + str(round((END - timedelta(days=9)).timestamp()))

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        if late in head.decode():
            await silent(head, writer)
        else:
            await server.talk(head, writer)

    http = HttpClient(SystemClock())
    async with serving(talk) as listening:
        past = past_of(listening, http, timeout=timedelta(milliseconds=200))
        told = await past.observed(END - timedelta(days=10), END)
    await http.aclose()
    assert ([one.service for one in told.observed], told.is_silent) == (["web/web:80"], False)


ALERT = {"__name__": "ALERTS", "alertstate": "firing", "alertname": "Down", "severity": "critical"}


class WithMarkers(Hourly):
    """Hands out, as VictoriaMetrics does, the marker with which a series ends."""

    def _told(self, query: str, at: float) -> bytes:
        begun = round((END - timedelta(hours=12)).timestamp())
        if query.startswith("count_over_time(ALERTS"):
            return success("vector", [{"metric": ALERT, "value": [at, "10"]}])
        if query.startswith("ALERTS") and begun < at:
            values = [[begun + 60 * n, "1"] for n in range(10)] + [[begun + 600, "NaN"]]
            return success("matrix", [{"metric": ALERT, "values": values}])
        return super()._told(query, at)


@pytest.mark.parametrize("value", ["1e308", "-1e300", "1.1e15"])
async def test_a_number_that_no_report_can_round_is_no_figure_and_says_so(value: str) -> None:
    entry = ObjectiveEntry(name="it", query="answer")
    http = HttpClient(SystemClock())
    content = success("vector", [{"metric": {}, "value": [1, value]}])
    async with serving(saying(content)) as listening:
        (told,) = await past_of(listening, http).measured((entry,), (), START, END)
    await http.aclose()
    assert (told.value, text_of(told.why_not)) == (
        None,
        "the query gives a number beyond all figures",
    )


async def test_the_marker_with_which_a_series_ends_is_no_alert_that_fires() -> None:
    http = HttpClient(SystemClock())
    async with serving(WithMarkers().talk) as server:
        (bout,) = (await past_of(server, http).bouts(START, END)).bouts
    await http.aclose()
    assert (bout.resolved_at or END) - bout.start == timedelta(minutes=10)


async def test_a_server_that_lacks_the_series_is_named() -> None:
    told = await observed(saying(success("vector", [])))
    assert told.observed == ()
    assert texts_of(told.notices) == ("prom: it has no sample of probe_success or up of this time",)


async def test_without_a_server_nothing_is_told() -> None:
    past = PrometheusPast(tuple, SystemClock(), Registry(), Policy())
    told_of = await past.observed(START, END)
    assert texts_of(told_of.notices) == ("no Prometheus is among the sources",)
    assert (await past.bouts(START, END)).bouts == ()
    (told,) = await past.measured((ObjectiveEntry(name="it", query="up"),), (), START, END)
    assert (told.value, text_of(told.why_not)) == (None, "no Prometheus is among the sources")
    assert isinstance(await past.take_in(Path("nowhere"), START, END), TakenIn)
