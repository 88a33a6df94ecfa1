"""blackbox_exporter behind Prometheus: its target is up while the site that it probes is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.schema import PrometheusSource
from console.model.alert import Target, TargetHealth
from console.model.failure import Failure
from console.model.query import InstantAnswer
from console.model.reading import PrometheusReading
from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from console.sources.prometheus.poll import Prometheus
from tests.servers import ended, start_blackbox, start_prometheus
from tests.waiting import until

pytestmark = pytest.mark.real("prometheus", "prometheus-blackbox-exporter")

SCRAPE = """
  - job_name: blackbox
    metrics_path: /probe
    params: {{module: [http_2xx]}}
    static_configs: [{{targets: ['http://127.0.0.1:{site}/']}}]
    relabel_configs:
      - {{source_labels: [__address__], target_label: __param_target}}
      - {{source_labels: [__param_target], target_label: instance}}
      - {{target_label: __address__, replacement: '127.0.0.1:{exporter}'}}
"""


@contextlib.asynccontextmanager
async def overloaded_site() -> AsyncIterator[int]:
    """The port of a site that answers 503 to everything."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 503 Overloaded\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_a_site_that_is_down_is_down_although_its_exporter_is_up(
    tmp_path: Path,
) -> None:
    http = HttpClient(SystemClock())
    async with overloaded_site() as site:
        exporter = start_blackbox(tmp_path / "blackbox")
        prom = start_prometheus(
            tmp_path / "prometheus", scrapes=SCRAPE.format(site=site, exporter=exporter.port)
        )
        with ended(exporter, prom):
            source = PrometheusSource(name="prom", url=prom.url)
            prometheus = Prometheus(source, http, SystemClock(), discover=False)
            target = await probing_target(prometheus)
            assert target.labels.exact("instance") == f"http://127.0.0.1:{site}/"
            assert "probe_success is 0" in target.last_error.exact
            assert target.scrape_url.exact.startswith(f"http://127.0.0.1:{exporter.port}/probe?")
            answer = await answered(prometheus, "probe_success")
            assert [sample.value for sample in answer.samples] == [0.0]
            assert answer.samples[0].labels.exact("job") == "blackbox"
            status = await answered(prometheus, "probe_http_status_code")
            assert [sample.value for sample in status.samples] == [503.0]
    await http.aclose()


async def probing_target(prometheus: Prometheus) -> Target:
    def probing(reading: PrometheusReading) -> list[Target]:
        targets = () if isinstance(reading.targets, Failure) else reading.targets
        return [
            target
            for target in targets
            if target.pool.exact == "blackbox" and target.health is TargetHealth.DOWN
        ]

    return probing(await until(lambda: prometheus.poll(0), lambda r: bool(probing(r))))[0]


async def answered(prometheus: Prometheus, query: str) -> InstantAnswer:
    answer = await until(
        lambda: prometheus.instant(query), lambda a: isinstance(a, InstantAnswer) and a.total > 0
    )
    assert isinstance(answer, InstantAnswer)
    return answer
