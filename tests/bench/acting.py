"""1,000 marked alerts acked at once on a real Alertmanager, beside the bare requests that it takes.

Ours asks the server what the silences would match, writes the audit with an fsync before and
after, posts, and reads everything back until it shows; the peer posts the same silences and
reads alerts and silences once.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from config.load import from_prometheus
from console.engine.saved import StateFolder
from console.model.acting import Ended
from console.model.wish import AckWish
from tests.bench.figure import Figure, hand_over, median
from tests.servers import ended, post_json, start_alertmanager
from tests.watching import hands_of, running

ALERTS = 1000
NAMES = 20
ROUNDS = 3
REACH = 5.0
"""Ours asks, records with an fsync and reads back beside posting."""


def fire(url: str) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    alerts = [
        {
            "labels": {
                "alertname": f"Alert{n % NAMES}",
                "instance": f"host-{n}:9100",
                "severity": "warning",
            },
            "endsAt": ends,
        }
        for n in range(ALERTS)
    ]
    post_json(f"{url}/api/v2/alerts", alerts)


async def ours_ms(url: str, folder: Path) -> tuple[float, list[dict[str, object]]]:
    """How long an ack of all takes, and the silences that it made."""
    loaded = from_prometheus((), (url,))
    state, hands = StateFolder(folder), hands_of("kai")
    async with running(loaded, state=state, hands=hands) as (engine, seen):
        update = await seen.until(
            lambda update: update.snapshot.complete and len(update.snapshot.alerts) >= ALERTS
        )
        began = time.perf_counter()
        outcome = await engine.acting.submit(AckWish(update.snapshot.alerts, note="bench"))
        took = time.perf_counter() - began
        assert outcome.ended is Ended.DONE, outcome
        made = await asyncio.to_thread(silences_at, url)
        await engine.acting.undo()
    return took * 1000, made


def silences_at(url: str) -> list[dict[str, object]]:
    """What is in force there."""
    found = json.loads(httpx.get(f"{url}/api/v2/silences", trust_env=False).content)
    return [one for one in found if one["status"]["state"] == "active"]


def peer_ms(url: str, silences: list[dict[str, object]]) -> float:
    """The same silences posted one after the other, then everything read once."""
    with httpx.Client(base_url=url, trust_env=False) as client:
        began = time.perf_counter()
        ids = []
        for one in silences:
            body = {key: one[key] for key in one if key not in ("id", "status", "updatedAt")}
            ids.append(client.post("/api/v2/silences", json=body).json()["silenceID"])
        json.loads(client.get("/api/v2/alerts").content)
        json.loads(client.get("/api/v2/silences").content)
        took = time.perf_counter() - began
        for silence_id in ids:
            client.delete(f"/api/v2/silence/{silence_id}")
    return took * 1000


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as scratch,
        ended(start_alertmanager(Path(scratch) / "am")) as (am,),
    ):
        fire(am.url)
        mine, bare, count = [], [], 0
        for number in range(ROUNDS):
            took, made = asyncio.run(ours_ms(am.url, Path(scratch) / f"s{number}"))
            count = len(made)
            mine.append(took)
            bare.append(peer_ms(am.url, made))
    hand_over(
        [
            Figure(
                f"{ALERTS:,} alerts acked by {count} silences / bare POSTs and GETs",
                median(mine),
                "ms",
                median(bare),
                REACH,
            ),
        ]
    )


if __name__ == "__main__":
    main()
