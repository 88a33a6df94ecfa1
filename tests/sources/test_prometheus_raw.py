"""Samples as they were scraped: decoded, asked for in pieces, and what spoils an answer."""

from __future__ import annotations

import asyncio
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from config.schema import PrometheusSource
from console.model.failure import Failure, FailureKind
from console.model.labels import Labels
from console.model.saying import texts_of
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.safety.text import Raw
from console.sources.answer import Unusable
from console.sources.prometheus.decode import Answered
from console.sources.prometheus.decode_raw import RawAnswer, RawSeries, raw_in
from console.sources.prometheus.past import (
    counted,
    drawn,
    harmless,
    over,
    selector_of,
    warned_of,
)
from console.sources.prometheus.poll import Prometheus
from tests.safety.loopback import Loopback, Talk, answer, saying, serving
from tests.sources.documents import encoded

END = datetime(2026, 11, 22, tzinfo=UTC)
START = END - timedelta(days=1)
SERIES = {"metric": {"__name__": "up", "job": "a"}, "values": [[1795305600.25, "1"]]}


def matrix(*series: dict[str, Any], **more: Any) -> bytes:
    data = {"resultType": "matrix", "result": series}
    return encoded({"status": "success", "data": data, **more})


def read(result: Any, kind: str = "matrix") -> tuple[RawSeries, ...]:
    return raw_in(Answered(encoded({"resultType": kind, "result": result}), ()))


def test_every_sample_keeps_its_own_time_and_its_value() -> None:
    values = [[1795305600.001, "1"], [1795305615.5, "NaN"], [1795305630, "-Inf"]]
    (series,) = read([{"metric": {"job": "a"}, "values": values}])
    assert list(series.at_ms) == [1795305600001, 1795305615500, 1795305630000]
    assert series.values[0] == 1
    assert math.isnan(series.values[1])
    assert series.values[2] == -math.inf
    assert series.labels == Labels({"job": "a"})


def test_histograms_have_no_samples() -> None:
    (series,) = read([{"metric": {}, "histograms": [[1, {"count": "1", "sum": "1"}]]}])
    assert not series.at_ms


@pytest.mark.parametrize(
    "result",
    [
        [{"metric": {}, "values": [[1e300, "1"]]}],
        [{"metric": {}, "values": [[1, "many"]]}],
        [{"metric": {}, "values": [["1", "1"]]}],
        [{"metric": {}, "values": [[1]]}],
        [{"metric": {"a": 1}, "values": []}],
        {"values": []},
        None,
    ],
)
def test_an_answer_of_another_shape_is_refused(result: Any) -> None:
    with pytest.raises(Unusable):
        read(result)


def test_a_vector_is_no_range() -> None:
    with pytest.raises(Unusable, match="gave a vector"):
        read([], "vector")


def test_a_name_is_put_into_a_pattern_as_itself() -> None:
    for text in ("a.b", "a+b|c", "[x]", "a\\d", "http://[::1]:80/?q=(a)*", "$^{}"):
        assert re.fullmatch(harmless(text), text)
    assert not re.fullmatch(harmless("a.b"), "axb")


def test_a_selector_names_its_series_and_falls_back_where_that_is_too_long() -> None:
    one = Labels({"job": "a", "instance": 'x"y'})
    assert selector_of("up", [one]) == 'up{job="a",instance="x\\"y"}'
    two = Labels({"job": "a", "instance": "z.1"})
    assert selector_of("up", [one, two]) == 'up{job="a",instance=~"x\\"y|z\\\\.1"}'
    many = [Labels({"job": "a", "instance": f"host-{n}:9100"}) for n in range(1000)]
    assert selector_of("up", many) == "up"


def test_hints_on_style_are_no_word_on_completeness() -> None:
    said = [Raw("PromQL info: metric might not be a counter"), Raw("store \x1b[2J is away")] * 2
    assert texts_of(warned_of("prom", said)) == ("prom: partial answer: store ^[[2J is away",)


def prometheus(server: Loopback, http: HttpClient, **settings: Any) -> Prometheus:
    source = PrometheusSource(name="prom", url=server.url("/p"), **settings)
    return Prometheus(source, http, SystemClock())


async def ask(http: HttpClient, talk: Talk, **settings: Any) -> RawAnswer | Failure:
    async with serving(talk) as server:
        return await prometheus(server, http, **settings).raw("up[1d]", END)


async def test_a_range_selector_is_asked_at_the_end_with_its_deadline(
    http_client: HttpClient,
) -> None:
    async with serving(saying(answer(matrix(SERIES, warnings=["a store is away"])))) as server:
        told = await prometheus(server, http_client).raw("up[1d]", END)
    assert isinstance(told, RawAnswer)
    assert list(told.series[0].at_ms) == [1795305600250]
    assert told.warnings == (Raw("a store is away"),)
    address = urlsplit(server.heads[0].split(b" ")[1].decode())
    assert address.path == "/p/api/v1/query"
    assert parse_qs(address.query) == {
        "query": ["up[1d]"], "time": [f"{END.timestamp():.3f}"], "timeout": ["10s"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("talk", "kind"),
    [
        (saying(answer(b"<html>please log in</html>")), FailureKind.SCHEMA),
        (saying(answer(b'{"status":"success"}')), FailureKind.SCHEMA),
        (saying(answer(b'{"status":"error","error":"boom"}')), FailureKind.STATUS),
        (saying(answer(matrix(SERIES)[:-20])), FailureKind.SCHEMA),
        (saying(answer(b"{}", "302 Found", "Location: /login")), FailureKind.STATUS),
        (saying(answer(b"", "401 Unauthorized")), FailureKind.AUTH),
        (saying(answer(matrix(SERIES) + b" " * 4096)), FailureKind.TOO_BIG),
    ],
)
async def test_what_cannot_be_read_is_a_failure(
    http_client: HttpClient, talk: Talk, kind: FailureKind
) -> None:
    told = await ask(http_client, talk, max_bytes=2048)
    assert isinstance(told, Failure)
    assert told.kind is kind


async def test_a_refused_piece_is_asked_for_in_halves(http_client: HttpClient) -> None:
    """The server takes six hours at once and no more."""
    refusal = encoded({"status": "error", "errorType": "execution", "error": "too many samples"})

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        asked = parse_qs(urlsplit(head.split(b" ")[1].decode()).query)
        length = int(asked["query"][0].removeprefix("up[").removesuffix("s]"))
        at = float(asked["time"][0])
        one = {"metric": {"job": "a"}, "values": [[at - length / 2, "1"]]}
        whole = answer(matrix(one)) if length <= 6 * 3600 else None
        writer.write(whole or answer(refusal, "422 Unprocessable Entity"))
        await writer.drain()

    async with serving(talk) as server:
        pieces = [
            piece async for piece in drawn(prometheus(server, http_client), "up", START, END, 1)
        ]
    assert [piece.end - piece.start for piece in pieces] == [timedelta(hours=6)] * 4
    assert pieces[0].start == START
    assert pieces[-1].end == END
    moments = [
        at for piece in pieces if isinstance(piece.answer, RawAnswer)
        for series in piece.answer.series for at in series.at_ms
    ]  # fmt: skip
    assert moments == sorted(moments)
    assert len(server.heads) == 7


async def test_what_is_refused_for_good_ends_the_asking(http_client: HttpClient) -> None:
    async with serving(saying(answer(b"", "403 Forbidden"))) as server:
        asked = prometheus(server, http_client)
        pieces = [piece async for piece in drawn(asked, "up", START, END, 1e6)]
        counts = await counted(asked, "up", START - timedelta(days=6), END)
    assert len(pieces) == 1
    assert isinstance(pieces[0].answer, Failure)
    assert (counts.series, len(counts.failures)) == ({}, 1)


def test_lengths_are_written_in_seconds() -> None:
    assert over("up", timedelta(days=1)) == "up[86400s]"
    assert over("up", timedelta(seconds=90, milliseconds=1)) == "up[91s]"
    thinned = over("up", timedelta(hours=1), timedelta(minutes=5))
    assert thinned == "last_over_time(up[300s])[3600s:300s]"
