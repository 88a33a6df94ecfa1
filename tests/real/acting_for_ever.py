"""A console that acts without a pause, until somebody kills it."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from datetime import UTC, datetime, timedelta

from config.load import from_prometheus
from console.engine.saved import StateFolder
from console.model.labels import Matcher
from console.model.update import Update
from console.model.wish import (
    AckWish,
    ExpireWish,
    ExtendWish,
    HandOverWish,
    SilenceWish,
    UnackWish,
    Wish,
)
from console.safety.files import state_dir
from tests.watching import hands_of, quick, running


def wishes_in(update: Update, number: int) -> list[Wish]:
    """What can be wished for as things stand: something new, and a change of what is there."""
    alerts = update.snapshot.alerts
    known = alerts[number % len(alerts)]
    acks = tuple({one.ack.silence_id: one.ack for one in alerts if one.ack}.values())
    plain = [one for one in update.snapshot.silences if "[oncall " in one.comment.exact][:2]
    matcher = Matcher("alertname", known.alert.name)
    ends = datetime.now(UTC) + timedelta(hours=1)
    found: list[Wish] = [
        AckWish((known,)),
        SilenceWish((known.alert.cluster,), (matcher,), None, ends, f"silence {number}"),
    ]
    if acks:
        found += [HandOverWish(acks[:1], ("mei", "kai")[number % 2]), UnackWish(acks[-1:])]
    if plain:
        found += [ExtendWish(tuple(plain), timedelta(minutes=1)), ExpireWish(tuple(plain[:1]))]
    return found


async def act(url: str) -> None:
    """Act on the alerts of the Alertmanager at `url`."""
    loaded = quick(from_prometheus((), (url,)))
    state = StateFolder(state_dir(loaded.settings.environment, os.environ))
    async with running(loaded, state=state, hands=hands_of("kai")) as (engine, seen):
        await seen.until(lambda update: update.snapshot.complete and bool(update.snapshot.alerts))
        for number in itertools.count():
            for wish in wishes_in(seen.last, number):
                await engine.acting.submit(wish)


if __name__ == "__main__":
    asyncio.run(act(sys.argv[1]))
