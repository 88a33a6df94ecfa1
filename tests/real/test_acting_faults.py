"""What goes wrong between the console and Alertmanager is said as it is, and done once at most.

The 24 HTTP faults stand between an engine and a real Alertmanager: on what is written alone,
on what is read after it, and on everything; crossed with everything that acts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from console.engine.engine import Engine
from console.model.acting import Ended, Outcome
from tests.faults import CARRIED, FAULTS, Status
from tests.proxy import Answer, Fault, FaultProxy, Talk, proxied
from tests.real.acting import (
    DEEDS,
    HANGS_S,
    WRITES,
    Aimed,
    Before,
    Names,
    Place,
    assert_told,
    assert_true,
    console,
    holding,
    prepared,
    seen_by,
)
from tests.servers import Program, ended, start_alertmanager
from tests.soak import trials

pytestmark = pytest.mark.real("prometheus-alertmanager")

AT_ONCE: Final = 6
"""Cases side by side: most of them wait for a deadline."""


class Case(NamedTuple):
    """One fault, in one form, at one place, while one thing is done."""

    fault: str
    form: int
    place: Place
    deed: str

    def __str__(self) -> str:
        return f"{self.fault}/{self.form}, on {self.place}, at: {self.deed}"


def cases_of(place: Place) -> list[Case]:
    """All of them, or so many that each fault and each deed is among them."""
    names = [name for name in FAULTS if is_sensible(name, place)]
    forms = [(name, form) for name in names for form in range(len(FAULTS[name]))]
    every = [Case(name, form, place, deed) for name, form in forms for deed in DEEDS]
    some = []
    for number, name in enumerate(names):
        deed = list(DEEDS)[(number + len(place)) % len(DEEDS)]
        some.append(Case(name, number % len(FAULTS[name]), place, deed))
    return every if trials(0, 1) else some


def is_sensible(name: str, place: Place) -> bool:
    """Whether that fault can be had at that place."""
    if place is Place.EVERYTHING:
        # A proxy that tells lies about times and lists in words that are well formed is
        # believed: nothing can be told from it.
        return name not in CARRIED
    if place is Place.DONE and name in ("not allowed", "too many requests", "redirect"):
        return False  # by these the server says that it has not done it
    at_the_port = ("refused", "unknown name", "blackhole", "bad certificate")
    return name not in at_the_port


# One case.


@pytest.fixture(scope="module")
def am(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("am")
    # By itself it refuses more than a few questions at once: so many consoles ask it here.
    with ended(start_alertmanager(folder, flags=["--web.get-concurrency=100"])) as (program,):
        yield program


async def outcome_of(case: Case, am: Program, proxy: FaultProxy, folder: Path) -> None:
    """Act under the fault, and hold what was said against what the server has."""
    deed = DEEDS[case.deed]
    before = prepared(am, deed)
    async with console(proxy.url, folder) as (engine, seen):
        row, silence = await seen_by(seen, before)
        form = FAULTS[case.fault][case.form]
        await proxy.suffer(form if case.place is Place.EVERYTHING else Aimed(form, case.place))
        async with asyncio.timeout(HANGS_S):
            outcome = await engine.acting.submit(deed.wish(row, silence))
        assert_true(outcome, deed, before, holding(am, before.name))
        assert_told(outcome)
        await proxy.heal()
        if case.deed == "ack":
            await assert_sent_once(engine, am, before, outcome)


async def assert_sent_once(engine: Engine, am: Program, before: Before, outcome: Outcome) -> None:
    """What was kept is sent when the server answers again, and what was sent is not repeated."""
    waits = outcome.ended in (Ended.KEPT, Ended.UNKNOWN)
    async with asyncio.timeout(HANGS_S):
        while waits and not holding(am, before.name):
            await asyncio.sleep(0.05)
            await engine.acting.look_after()
        await engine.acting.look_after()
    assert len(holding(am, before.name)) == (0 if outcome.ended is Ended.FAILED else 1)


@pytest.mark.parametrize("place", Place, ids=lambda place: place.name)
async def test_what_is_said_of_an_effect_is_so_whatever_fails(
    place: Place, am: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = asyncio.Semaphore(AT_ONCE)
    names = Names(tmp_path, monkeypatch)
    wrong: list[str] = []

    async def tried(number: int, case: Case) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        async with turns, proxied(am.port, scheme=FAULTS[case.fault][case.form].scheme) as proxy:
            names.add(proxy)
            try:
                await outcome_of(case, am, proxy, folder)
            except (AssertionError, TimeoutError) as error:
                wrong.append(f"{case}: {type(error).__name__} {error}")

    cases = cases_of(place)
    await asyncio.gather(*(tried(number, case) for number, case in enumerate(cases)))
    assert not wrong, "\n\n".join(wrong)


async def test_without_a_fault_everything_is_done(am: Program, tmp_path: Path) -> None:
    for number, deed in enumerate(DEEDS.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        before = prepared(am, deed)
        async with console(am.url, folder) as (engine, seen):
            row, silence = await seen_by(seen, before)
            outcome = await engine.acting.submit(deed.wish(row, silence))
        assert outcome.ended is Ended.DONE, outcome
        assert_true(outcome, deed, before, holding(am, before.name))


@pytest.mark.parametrize("deed", DEEDS)
async def test_what_could_not_be_read_again_is_said_of_what_is_done(
    deed: str, am: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names = prepared(am, DEEDS[deed]), Names(tmp_path, monkeypatch)
    async with proxied(am.port) as proxy:
        names.add(proxy)
        async with console(proxy.url, tmp_path / "state") as (engine, seen):
            row, silence = await seen_by(seen, before)
            await proxy.suffer(Aimed(Status(503), Place.READ_BACK))
            outcome = await engine.acting.submit(DEEDS[deed].wish(row, silence))
    assert outcome.ended is Ended.DONE
    assert "cannot be read again" in outcome.text, outcome
    assert DEEDS[deed].is_done(before, holding(am, before.name))


class Liar(Fault):
    """Says that every write was done, and does none."""

    async def answer(self, talk: Talk) -> None:
        if talk.method not in WRITES:
            await super().answer(talk)
            return
        json = (("Content-Type", "application/json"),)
        said = b'{"silenceID":"0e8bae6d-612a-4652-abdf-0c921597ff2a"}'
        await talk.reply(Answer(200, json, said if talk.method == "POST" else b""))


@pytest.mark.parametrize("deed", DEEDS)
async def test_what_something_else_answered_in_the_servers_place_is_not_said_to_be_done(
    deed: str, am: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, names = prepared(am, DEEDS[deed]), Names(tmp_path, monkeypatch)
    async with proxied(am.port) as proxy:
        names.add(proxy)
        async with console(proxy.url, tmp_path / "state") as (engine, seen):
            row, silence = await seen_by(seen, before)
            await proxy.suffer(Liar())
            outcome = await engine.acting.submit(DEEDS[deed].wish(row, silence))
            await proxy.heal()
            assert outcome.ended in (Ended.UNKNOWN, Ended.FAILED), outcome
            assert holding(am, before.name) == ([before.silence] if before.silence else [])
            if deed == "ack":
                await assert_sent_once(engine, am, before, outcome)
