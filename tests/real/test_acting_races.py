"""Cut short, outrun, refused: it is said which part was done, and nothing is made worse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import pytest

from console.actions.acks.local_acks import LocalAcks
from console.engine.engine import Engine
from console.model.acting import Ended
from console.model.alert import Silence
from console.model.labels import Matcher
from console.model.wish import (
    AckWish,
    ExpireWish,
    ExtendWish,
    HandOverWish,
    UnackWish,
    Wish,
)
from console.model.worklist import Row
from console.safety.clock import SystemClock
from console.safety.text import Raw
from tests.faults import Status
from tests.proxy import Fault, FaultProxy, Talk, proxied
from tests.real.acting import (
    DEEDS,
    HANGS_S,
    HOUR,
    WRITES,
    Aimed,
    Before,
    Deed,
    Names,
    Place,
    assert_true,
    console,
    holding,
    is_gone,
    of,
    prepared,
    seen_by,
    silence_wish,
)
from tests.servers import Program, delete, ended, start_alertmanager
from tests.watching import Seen

pytestmark = pytest.mark.real("prometheus-alertmanager")


@pytest.fixture(scope="module")
def am(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("am")
    # By itself it refuses more than a few questions at once: so many consoles ask it here.
    with ended(start_alertmanager(folder, flags=["--web.get-concurrency=100"])) as (program,):
        yield program


# The server is gone in the middle of a bulk.


class GoneAfter(Fault):
    """Takes some writes, answers them, and then nothing listens any more."""

    def __init__(self, writes: int) -> None:
        self._left = writes
        self._answered = asyncio.Semaphore(0)
        self._writes = writes
        self._gone: asyncio.Task[None] | None = None

    async def answer(self, talk: Talk) -> None:
        if talk.method not in WRITES:
            await super().answer(talk)
        elif self._left:
            self._left -= 1
            await super().answer(talk)
            self._answered.release()
        else:
            if self._gone is None:
                self._gone = asyncio.create_task(self._go(talk.proxy))
            raise ConnectionResetError

    async def _go(self, proxy: FaultProxy) -> None:
        for _ in range(self._writes):
            await self._answered.acquire()
        await proxy.shut()

    async def end(self, proxy: FaultProxy) -> None:
        if self._gone is not None:
            await self._gone
            self._gone = None
            await proxy.open()


SIX: Final = 6
MADE: Final = 3


@asynccontextmanager
async def bulk(
    am: Program, folder: Path, monkeypatch: pytest.MonkeyPatch, comment: str = ""
) -> AsyncIterator[tuple[Engine, Seen, FaultProxy, list[Before], list[Row], list[Silence]]]:
    """Six rows, each of a group of its own, and what holds them."""
    befores = [prepared(am, Deed(comment, silence_wish, is_gone)) for _ in range(SIX)]
    names = Names(folder, monkeypatch)
    async with proxied(am.port) as proxy:
        names.add(proxy)
        async with console(proxy.url, folder / "state") as (engine, seen):
            known = [await seen_by(seen, before) for before in befores]
            rows = [row for row, _ in known]
            silences = [silence for _, silence in known if silence is not None]
            yield engine, seen, proxy, befores, rows, silences


def ids_on(am: Program, befores: list[Before]) -> set[str]:
    return {str(one["id"]) for before in befores for one in holding(am, before.name)}


async def test_a_server_that_goes_in_the_middle_of_an_ack_has_what_is_said_and_the_rest_is_kept(
    am: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bulk(am, tmp_path, monkeypatch) as (engine, _, proxy, befores, rows, _):
        await proxy.suffer(GoneAfter(MADE))
        outcome = await engine.acting.submit(AckWish(tuple(k for row in rows for k in row.alerts)))
        assert outcome.ended is Ended.PARTLY, outcome
        there = ids_on(am, befores)
        assert {silence_id for _, silence_id in outcome.silences} == there
        assert len(there) == MADE
        assert f"{MADE} of {SIX} silences made" in outcome.details
        kept = SIX - MADE
        assert f"{kept} acks kept here, not sent yet" in outcome.text
        assert outcome.undo is not None
        await proxy.heal()
        taken_back = await engine.acting.undo()
        assert taken_back.well, taken_back
        assert ids_on(am, befores) == set()
        assert LocalAcks(tmp_path / "state", SystemClock()).load() == ()
        # What was taken back is not sent later on.
        await engine.acting.look_after()
        assert ids_on(am, befores) == set()


async def test_what_was_kept_of_a_bulk_is_sent_when_the_server_is_back_and_nothing_twice(
    am: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bulk(am, tmp_path, monkeypatch) as (engine, seen, proxy, befores, rows, _):
        await proxy.suffer(GoneAfter(MADE))
        await engine.acting.submit(AckWish(tuple(k for row in rows for k in row.alerts)))
        await proxy.heal()
        async with asyncio.timeout(HANGS_S):
            while len(ids_on(am, befores)) < SIX:
                await engine.acting.look_after()
                await seen.more(1)
        await engine.acting.look_after()
        assert [len(holding(am, before.name)) for before in befores] == [1] * SIX


@pytest.mark.parametrize("deed", ["un-ack", "expire", "extend", "hand over"])
async def test_a_bulk_that_is_cut_short_says_how_many_and_undo_takes_back_only_these(
    deed: str, am: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment = DEEDS[deed].comment
    async with bulk(am, tmp_path, monkeypatch, comment) as opened:
        engine, _, proxy, befores, rows, silences = opened
        acks = tuple(ack for row in rows for ack in row.acks)
        wishes: dict[str, Wish] = {
            "un-ack": UnackWish(acks),
            "expire": ExpireWish(tuple(silences)),
            "extend": ExtendWish(tuple(silences), HOUR),
            "hand over": HandOverWish(acks, "mei"),
        }
        await proxy.suffer(GoneAfter(MADE))
        outcome = await engine.acting.submit(wishes[deed])
        assert outcome.ended is Ended.PARTLY, outcome
        assert any(f"{MADE} of {SIX} " in line for line in outcome.details), outcome
        done = [one for one in befores if DEEDS[deed].is_done(one, holding(am, one.name))]
        assert len(done) == len(outcome.silences) == MADE
        untouched = [one for one in befores if one not in done]
        await proxy.heal()
        taken_back = await engine.acting.undo()
        assert taken_back.ended is Ended.DONE, taken_back
        for before in befores:
            (now,) = holding(am, before.name)
            assert before.silence is not None
            assert now["createdBy"] == before.silence["createdBy"]
            assert now["endsAt"] == before.silence["endsAt"]
            if before in untouched:
                assert now == before.silence


# Somebody else was there meanwhile.


@pytest.mark.parametrize("deed", ["un-ack", "hand over", "edit", "other matchers", "expire",
                                  "extend"])  # fmt: skip
async def test_what_somebody_ended_between_the_picture_and_the_key_stays_ended(
    deed: str, am: Program, tmp_path: Path
) -> None:
    before = prepared(am, DEEDS[deed])
    assert before.silence is not None
    async with console(am.url, tmp_path) as (engine, seen):
        row, silence = await seen_by(seen, before)
        delete(f"{am.url}/api/v2/silence/{before.silence['id']}")
        outcome = await engine.acting.submit(DEEDS[deed].wish(row, silence))
    assert holding(am, before.name) == []
    wanted_it_gone = deed in ("un-ack", "expire")
    assert outcome.ended is (Ended.DONE if wanted_it_gone else Ended.FAILED), outcome
    assert "ended" in " ".join((outcome.text, *outcome.details))
    assert outcome.undo is None


async def test_what_somebody_extended_meanwhile_is_extended_from_there(
    am: Program, tmp_path: Path
) -> None:
    before = prepared(am, DEEDS["extend"])
    assert before.silence is not None
    async with console(am.url, tmp_path) as (engine, seen):
        _, silence = await seen_by(seen, before)
        await engine.acting.submit(ExtendWish((of(silence),), 2 * HOUR))
        outcome = await engine.acting.submit(ExtendWish((of(silence),), HOUR))
    assert outcome.ended is Ended.DONE
    (now,) = holding(am, before.name)
    was, is_now = (datetime.fromisoformat(one["endsAt"]) for one in (before.silence, now))
    assert is_now - was == 3 * HOUR


async def test_an_ack_that_became_somebody_elses_meanwhile_is_not_handed_on(
    am: Program, tmp_path: Path
) -> None:
    before = prepared(am, DEEDS["hand over"])
    async with console(am.url, tmp_path) as (engine, seen):
        row, _ = await seen_by(seen, before)
        await engine.acting.submit(HandOverWish(row.acks, "zoe"))
        outcome = await engine.acting.submit(HandOverWish(row.acks, "mei"))
    assert outcome.ended is Ended.FAILED and "zoe" in outcome.text, outcome
    assert [one["createdBy"] for one in holding(am, before.name)] == ["zoe"]


# Refused by the server.

BODIES: Final = {
    "a JSON string": b'"invalid silence: bad matcher"',
    "an object": b'{"code":400,"message":"invalid silence: bad matcher"}',
    "plain text": b"invalid silence: bad matcher\n",
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_a_refusal_is_told_in_the_servers_words_in_all_three_shapes(
    deed: str, am: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(tmp_path, monkeypatch)
    before = prepared(am, DEEDS[deed])
    async with proxied(am.port) as proxy:
        names.add(proxy)
        async with console(proxy.url, tmp_path / "state") as (engine, seen):
            row, silence = await seen_by(seen, before)
            for body in BODIES.values():
                await proxy.suffer(Aimed(Status(400, body), Place.LOST))
                outcome = await engine.acting.submit(DEEDS[deed].wish(row, silence))
                assert outcome.ended is Ended.FAILED, outcome
                said = " ".join((outcome.text, *outcome.details))
                assert "invalid silence: bad matcher" in said, said
                assert_true(outcome, DEEDS[deed], before, holding(am, before.name))
                await proxy.heal()


@pytest.mark.parametrize("is_edit", [False, True], ids=["new", "edit"])
async def test_a_matcher_that_alertmanager_refuses_is_told_and_leaves_everything_as_it_was(
    is_edit: bool, am: Program, tmp_path: Path
) -> None:
    before = prepared(am, DEEDS["edit"])
    look_ahead = Matcher("job", Raw("(?=a)b"), is_regex=True)
    async with console(am.url, tmp_path) as (engine, seen):
        row, silence = await seen_by(seen, before)
        wish = silence_wish(row, silence if is_edit else None)
        wish = msgspec.structs.replace(wish, matchers=(*wish.matchers, look_ahead))
        outcome = await engine.acting.submit(wish)
    assert outcome.ended in (Ended.FAILED, Ended.DENIED), outcome
    assert "regular expression" in " ".join((outcome.text, *outcome.details)), outcome
    assert holding(am, before.name) == [before.silence]
