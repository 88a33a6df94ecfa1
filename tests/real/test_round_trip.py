"""Hostile label sets through a real Alertmanager: marked, silenced, and nothing else with them.

Each batch holds alerts that are marked and strangers that are made to be taken for them. The
planner sees some of the strangers; the others only the server knows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from console.model.alert import Silence
from console.model.labels import Matcher
from tests.actions.real_cluster import covered, real_cluster
from tests.hostile import ATTACKS
from tests.soak import trials

pytestmark = pytest.mark.real("prometheus-alertmanager")

SETS: Final = 450
SOAK_SETS: Final = 10_000
BATCH: Final = 75

VALUES: Final = (
    *filter(None, ATTACKS),
    *('"', '\\"', "\\", "\\\\", "a\\", "\n", "a\nb\n", "\\n", "\t", "\r\n", "\x00"),
    *("(a|b)", "a|b", ".*", "^a$", "[a-z]+", "a{2,3}", "(?i)a", "\\d", "\\.", "$", "|", "()"),
    *(" lead", "trail ", "  ", "=~x", "!=y", '="z"', "{a,b}", "a,b", "}", "`tick`", "'"),
    *("é", "ß", "\u202eabc", "שלום", "مرحبا", "中文", "😀", "\U0010fffd", "e\u0301"),
    *("x" * 4096, "\\" * 4096, '"' * 2000, "." * 4000, "中" * 1300, "\n" * 300),
)
NAMES: Final = ("a", "B", "_c", "job", "instance", "device", "__d", "e9", "pod", "severity")


def storable(text: str) -> str:
    """`text` as JSON can carry it: a lone surrogate is no character."""
    return text.encode("utf-8", "replace").decode()


def label_sets(count: int, seed: int) -> Iterator[dict[str, str]]:
    """Different label sets, many of them alike but for one label or one character."""
    chance = random.Random(seed)
    seen: set[frozenset[tuple[str, str]]] = set()
    last: dict[str, str] = {}
    while len(seen) < count:
        if last and chance.random() < 0.6:
            labels = _nearly(last, chance)
        else:
            names = chance.sample(NAMES, chance.randint(1, 5))
            labels = {name: _value(chance) for name in names}
        labels = {name: value for name, value in labels.items() if value}
        labels["alertname"] = labels.get("alertname") or chance.choice(("A", "A", "A", "B|A", "("))
        key = frozenset(labels.items())
        if key not in seen:
            seen.add(key)
            yield labels
        last = labels


def _nearly(labels: dict[str, str], chance: random.Random) -> dict[str, str]:
    near = dict(labels)
    name = chance.choice([*near, *NAMES])
    how = chance.randrange(4)
    if how == 0 and name != "alertname":
        near.pop(name, None)
    elif how == 1:
        near[name] = near.get(name, "")[:4000] + chance.choice((" ", "\n", "\\", '"', "|", "."))
    elif how == 2:
        near[name] = near.get(name, "x").swapcase()
    else:
        near[name] = _value(chance)
    return near


def _value(chance: random.Random) -> str:
    value = chance.choice(VALUES)
    if chance.random() < 0.3:
        value = (value + chance.choice(VALUES))[:4096]
    return storable(value)


@pytest.mark.timeout(3_600)
async def test_what_was_marked_is_muted_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(34)
    sets = list(label_sets(trials(SETS, SOAK_SETS), seed=7))
    for start in range(0, len(sets), BATCH):
        batch = sets[start : start + BATCH]
        late = batch[: len(batch) // 10]
        async with real_cluster(tmp_path / str(start), batch[len(late) :]) as here:
            assert len(here.known) == len(batch) - len(late)
            marked = chance.sample(here.known, chance.randint(1, len(here.known)))
            here.post(*late)
            plan = await here.plan(marked)
            assert (plan.left_out, plan.failures) == ((), ())
            assert all(one.counted and not one.strangers for one in plan.silences)
            assert covered(plan) == {one.key for one in marked}
            ids = await here.silence(*plan.silences)
            assert await here.muted() == {one.key for one in marked}
            await read_back_as_they_were_sent(
                await here.cluster.silences(),
                dict(zip(ids, (one.matchers for one in plan.silences), strict=True)),
            )


async def read_back_as_they_were_sent(
    silences: tuple[Silence, ...], sent: dict[str, tuple[Matcher, ...]]
) -> None:
    """Every silence is there to the character, and an ack by kthxbye's rule."""
    read = {one.id: one for one in silences}
    for silence_id, matchers in sent.items():
        silence = read[silence_id]
        assert set(silence.matchers) == set(matchers)
        assert silence.comment.exact.startswith("ACK!")
        assert silence.state.value == "active"


async def test_each_hostile_set_alone_is_matched_by_all_its_labels(tmp_path: Path) -> None:
    """What the server is asked for is exactly what it holds, one set at a time."""
    sets = list(label_sets(trials(60, 2_000), seed=8))
    for start in range(0, len(sets), 500):
        async with real_cluster(tmp_path / str(start), sets[start : start + 500]) as here:
            for one in here.known:
                labels = one.alert.labels
                matchers = [Matcher(name, labels[name]) for name in labels]
                found = await here.cluster.matching(matchers)
                assert one.key in {alert.fingerprint for alert in found}
                assert all(alert.labels.covers(labels) for alert in found)
