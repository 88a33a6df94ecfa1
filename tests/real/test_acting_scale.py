"""A thousand marked alerts in one ack: few silences, two requests at a time, and all of it back."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from config.load import from_prometheus
from console.actions.acks.reach import MANY_VALUES
from console.engine.saved import StateFolder
from console.model.acting import Ended
from console.model.snapshot import KnownAlert
from console.model.update import Update
from console.model.wish import AckWish, UnackWish
from tests.actions.on_servers import fire
from tests.actions.on_servers import running as running_at
from tests.servers import Program, ended, start_alertmanager
from tests.sources.between import Between, between
from tests.watching import hands_of, quick, running

pytestmark = pytest.mark.real("prometheus-alertmanager")

NAMES: Final = ("Down", "Slow", "Full", "Hot")
EACH: Final = 200
MARKED: Final = EACH * (len(NAMES) + 1)
CROSSED: Final = "Worn"
AT_ONCE: Final = 2


@pytest.fixture
def am(tmp_path: Path) -> Iterator[Program]:
    with ended(start_alertmanager(tmp_path / "am")) as (program,):
        yield program


@pytest.fixture
def proxy(am: Program) -> Iterator[Between]:
    with between(am.port) as proxy:
        yield proxy


def plain() -> list[dict[str, str]]:
    """Groups of 200, all of which are marked."""
    return [
        {"alertname": name, "instance": f"web-{n:03}.example:9100", "severity": "warning"}
        for name in NAMES
        for n in range(EACH)
    ]


def crossed() -> list[dict[str, str]]:
    """A group in which every instance has two disks, of which one is marked."""
    return [
        {"alertname": CROSSED, "instance": f"db-{n:03}:9100", "disk": disk, "severity": "warning"}
        for n in range(EACH)
        for disk in ("sda", "sdb")
    ]


def is_marked(known: KnownAlert) -> bool:
    labels = known.alert.labels
    if labels.exact("alertname") != CROSSED:
        return True
    number = int(labels.exact("instance")[3:6])
    return labels.exact("disk") == ("sda", "sdb")[number % 2]


def alerts_at(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/api/v2/alerts", timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return found


def acked_in(update: Update) -> set[str]:
    return {one.key for one in update.snapshot.alerts if one.ack is not None}


async def test_a_thousand_alerts_are_acked_with_few_silences_and_given_up_again(
    am: Program, proxy: Between, tmp_path: Path
) -> None:
    everything = plain() + crossed()
    fire(am.url, *everything)
    loaded = quick(from_prometheus((), (proxy.url,)))
    state = StateFolder(tmp_path / "state")
    async with running(loaded, state=state, hands=hands_of("kai")) as (engine, seen):
        await seen.until(
            lambda update: len(update.snapshot.alerts) == len(everything)
            and sum(len(group.fingerprints) for each in update.snapshot.groups
                    for group in each.groups) == len(everything)
        )  # fmt: skip
        marked = tuple(one for one in seen.last.snapshot.alerts if is_marked(one))
        assert len(marked) == MARKED
        before = len(seen.updates)

        outcome = await engine.acting.submit(AckWish(marked, note="rack is dark"))

        assert outcome.ended is Ended.DONE, outcome
        # One a group; in the crossed one the disks are told apart, or the other ones would be
        # muted as well, and its instances are named, not more of them in one than can be read.
        wanted = len(NAMES) + 2 * (EACH // 2 // MANY_VALUES)
        assert outcome.text.startswith(f"acked 1,000 alerts with {wanted} silences until ")
        assert proxy.count("POST") == wanted == len(outcome.silences)
        assert len(running_at(am.url)) == wanted
        assert proxy.most_at_once <= AT_ONCE
        muted = {one["fingerprint"] for one in alerts_at(am.url) if one["status"]["silencedBy"]}
        assert muted == {one.key for one in marked}
        # What was done is in the very next picture, whole.
        assert acked_in(seen.updates[before]) in (set(), muted)
        assert acked_in(seen.last) == muted

        taken_back = await engine.acting.undo()
        assert taken_back.ended is Ended.DONE, taken_back
        assert proxy.count("DELETE") == wanted and running_at(am.url) == []
        assert proxy.most_at_once <= AT_ONCE
        assert acked_in(seen.last) == set()

        await engine.acting.submit(AckWish(marked))
        acks = {one.ack.silence_id: one.ack for one in seen.last.snapshot.alerts if one.ack}
        assert len(acks) == wanted
        given_up = await engine.acting.submit(UnackWish(tuple(acks.values())))
        assert given_up.ended is Ended.DONE, given_up
        assert running_at(am.url) == [] and acked_in(seen.last) == set()
        assert proxy.most_at_once <= AT_ONCE
        assert not any(one["status"]["silencedBy"] for one in alerts_at(am.url))
