"""Ten thousand alerts in a real Alertmanager."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.model.state import State
from console.model.worklist import RowKind
from tests.servers import ended, post_json, start_alertmanager
from tests.watching import on_urls, running, state_of

pytestmark = [pytest.mark.real("prometheus-alertmanager"), pytest.mark.timeout(90)]
TOTAL = 10_000
BLOCK = 1000


def post_storm(url: str) -> None:
    """`TOTAL` alerts of 50 names, on hosts of twelve racks.

    None of severity `warning`: the configuration's inhibition compares each of those with all
    critical ones, and the server then takes seconds for every answer.
    """
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for block in range(0, TOTAL, BLOCK):
        post_json(
            f"{url}/api/v2/alerts",
            [
                {
                    "labels": {
                        "alertname": f"Storm{number % 50:02d}",
                        "severity": ("critical", "info", "none")[number % 3],
                        "instance": f"host-{number}:9100",
                        "rack": f"r{number % 12}",
                        "job": "node",
                        "cluster": "test",
                    },
                    "annotations": {"summary": f"number {number} is wrong", "runbook": "none"},
                    "endsAt": ends,
                    "generatorURL": "http://prom.test:9090/graph?g0.expr=up",
                }
                for number in range(block, block + BLOCK)
            ],
        )


async def test_ten_thousand_alerts_are_all_counted_and_each_stands_in_one_row(
    tmp_path: Path,
) -> None:
    program = await asyncio.to_thread(start_alertmanager, tmp_path)
    loaded = on_urls([], [program.url], interval=timedelta(seconds=1))
    with ended(program):
        async with running(loaded) as (_, seen):
            await seen.until(lambda update: state_of(update, "alertmanager") is State.OK)
            await asyncio.to_thread(post_storm, program.url)
            update = await seen.until(lambda update: len(update.snapshot.alerts) == TOTAL)
            assert update.worklist.counts.total == TOTAL
            assert update.worklist.storm is not None
            assert update.worklist.storm.alerts == TOTAL
            in_rows = Counter(
                known.key
                for row in (*update.worklist.rows, *update.worklist.old)
                if row.kind is not RowKind.OLD
                for known in row.alerts
            )
            assert len(in_rows) == TOTAL and set(in_rows.values()) == {1}
            assert sum(sum(row.by_priority) for row in update.worklist.rows) == TOTAL
            await seen.more(3)
            assert all(len(one.snapshot.alerts) == TOTAL for one in seen.updates[-3:])
