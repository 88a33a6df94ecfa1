"""What goes wrong between the console and Alertmanager is said as it is, and done once at most.

The 24 HTTP faults stand between an engine and a real Alertmanager: on what is written alone,
on what is read after it, and on everything; crossed with everything that acts.
"""

from __future__ import annotations

import asyncio
import enum
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from config.load import Loaded, from_prometheus
from console.actions.acks.local_acks import LocalAcks
from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.model.acting import Ended, Outcome
from console.model.alert import Silence
from console.model.labels import Matcher
from console.model.wish import (
    AckWish,
    ExpireWish,
    ExtendWish,
    HandOverWish,
    SilenceWish,
    UnackWish,
    Wish,
)
from console.model.worklist import Row
from console.safety.clock import SystemClock
from console.safety.text import Raw
from tests.actions.on_servers import fire, make
from tests.actions.on_servers import running as running_at
from tests.faults import CARRIED, FAULTS, Status
from tests.proxy import Answer, Fault, FaultProxy, Talk, proxied, resolving
from tests.servers import Program, delete, ended, start_alertmanager
from tests.soak import trials
from tests.watching import Seen, hands_of, quick, running

pytestmark = pytest.mark.real("prometheus-alertmanager")

DEADLINE: Final = timedelta(seconds=0.5)
AT_ONCE: Final = 6
"""Cases side by side: most of them wait for a deadline."""
HANGS_S: Final = 60.0
HOUR: Final = timedelta(hours=1)
WRITES: Final = ("POST", "DELETE")


class Place(enum.StrEnum):
    """What a fault is done to."""

    DONE = "writes that the server has done"
    LOST = "writes that the server never heard of"
    READ_BACK = "what is read after a write"
    EVERYTHING = "everything"


class _Known(Talk):
    """A request to which the answer is known, or of which the server shall not hear."""

    def __init__(self, talk: Talk, answer: Answer | None) -> None:
        super().__init__(talk.proxy, talk.head, talk.writer, talk.body)
        self._answer = answer

    async def upstream(self) -> Answer:
        if self._answer is None:
            raise ConnectionResetError
        return self._answer


class Aimed(Fault):
    """Harm that is done to some requests only."""

    def __init__(self, fault: Fault, place: Place) -> None:
        self._fault = fault
        self._place = place
        self._written = False

    async def answer(self, talk: Talk) -> None:
        writes = talk.method in WRITES
        if writes and self._place is Place.READ_BACK:
            self._written = True
            await super().answer(talk)
        elif writes:
            done = await talk.upstream() if self._place is Place.DONE else None
            await self._fault.answer(_Known(talk, done))
        elif self._place is Place.READ_BACK and self._written:
            await self._fault.answer(talk)
        else:
            await super().answer(talk)


# What is done, and how the server looks after it.


class Before(NamedTuple):
    """An alert that fires, and what holds it, by the server's word."""

    name: str
    silence: dict[str, Any] | None


class Deed(NamedTuple):
    """One way to act."""

    comment: str
    """Of the silence that is there before it; empty for none."""
    wish: Callable[[Row, Silence | None], Wish]
    is_done: Callable[[Before, list[dict[str, Any]]], bool]


ACK: Final = "ACK! kai: on it [oncall 0123456789abcdef]"
PLAIN: Final = "disk is being replaced"


def silence_wish(row: Row, edits: Silence | None, **more: str) -> SilenceWish:
    labels = {"alertname": row.title.exact, **more}
    matchers = tuple(Matcher(name, Raw(value)) for name, value in labels.items())
    return SilenceWish((row.alerts[0].alert.cluster,), matchers, None, soon(3), "typed", edits)


def soon(hours: float) -> datetime:
    return datetime.now(UTC) + hours * HOUR


def of(silence: Silence | None) -> Silence:
    assert silence is not None
    return silence


def one_that_is(**wanted: str) -> Callable[[Before, list[dict[str, Any]]], bool]:
    return lambda before, now: len(now) == 1 and all(now[0][key] == wanted[key] for key in wanted)


def ends_later(before: Before, now: list[dict[str, Any]]) -> bool:
    assert before.silence is not None
    return len(now) == 1 and now[0]["endsAt"] > before.silence["endsAt"]


def is_typed(before: Before, now: list[dict[str, Any]]) -> bool:
    return len(now) == 1 and str(now[0]["comment"]).startswith("typed [oncall ")


def is_narrower(before: Before, now: list[dict[str, Any]]) -> bool:
    return is_typed(before, now) and len(now[0]["matchers"]) == 2


def is_gone(before: Before, now: list[dict[str, Any]]) -> bool:
    return not now


DEEDS: Final[dict[str, Deed]] = {
    "ack": Deed("", lambda row, _: AckWish(row.alerts), one_that_is(createdBy="kai")),
    "un-ack": Deed(ACK, lambda row, _: UnackWish(row.acks), is_gone),
    "hand over": Deed(ACK, lambda row, _: HandOverWish(row.acks, "mei"),
                      one_that_is(createdBy="mei")),
    "silence": Deed("", silence_wish, is_typed),
    "edit": Deed(PLAIN, silence_wish, is_typed),
    "other matchers": Deed(PLAIN, lambda row, silence: silence_wish(row, silence, job="x"),
                           is_narrower),
    "expire": Deed(PLAIN, lambda _, silence: ExpireWish((of(silence),)), is_gone),
    "extend": Deed(PLAIN, lambda _, silence: ExtendWish((of(silence),), HOUR), ends_later),
}  # fmt: skip


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


_NUMBERS = itertools.count()


def prepared(am: Program, deed: Deed) -> Before:
    name = f"Trouble{next(_NUMBERS)}"
    fire(am.url, {"alertname": name, "severity": "warning"})
    if deed.comment:
        make(am.url, deed.comment, by="kai", matchers={"alertname": name})
    return Before(name, next(iter(holding(am, name)), None))


def holding(am: Program, name: str) -> list[dict[str, Any]]:
    """The silences on the alert of that name, by the server's own word."""
    return [
        one
        for one in running_at(am.url)
        if any(each["name"] == "alertname" and each["value"] == name for each in one["matchers"])
    ]


def loaded_of(url: str, timeout: timedelta = DEADLINE) -> Loaded:
    loaded = quick(from_prometheus((), (url,)))
    sources = loaded.settings.sources
    (cluster,) = sources.alertmanager
    cluster = msgspec.structs.replace(cluster, timeout=timeout, max_bytes=1024 * 1024)
    sources = msgspec.structs.replace(sources, alertmanager=(cluster,))
    settings = msgspec.structs.replace(loaded.settings, sources=sources)
    return msgspec.structs.replace(loaded, settings=settings)


@asynccontextmanager
async def console(url: str, folder: Path) -> AsyncIterator[tuple[Engine, Seen]]:
    state = StateFolder(folder)
    async with running(loaded_of(url), state=state, hands=hands_of("kai")) as (engine, seen):
        yield engine, seen


async def seen_by(seen: Seen, before: Before) -> tuple[Row, Silence | None]:
    """The row, once the console knows of it and of what holds it."""

    def row_in() -> Row | None:
        rows = (*seen.last.worklist.rows, *seen.last.worklist.old)
        return next((row for row in rows if row.title.exact == before.name), None)

    def silence_in() -> Silence | None:
        wanted = before.silence["id"] if before.silence else ""
        return next((one for one in seen.last.snapshot.silences if one.id == wanted), None)

    def is_known(_: object) -> bool:
        row = row_in()
        if row is None or (before.silence is not None and silence_in() is None):
            return False
        is_ack = before.silence is not None and before.silence["comment"] == ACK
        return bool(row.acks) is is_ack

    await seen.until(is_known)
    row = row_in()
    assert row is not None
    return row, silence_in()


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


def assert_true(outcome: Outcome, deed: Deed, before: Before, now: list[dict[str, Any]]) -> None:
    """What is said to be so is so, and there never is a silence more than was wanted."""
    same = now == ([before.silence] if before.silence else [])
    done = deed.is_done(before, now)
    assert len(now) <= 1, f"{outcome}: {now}"
    match outcome.ended:
        case Ended.DONE:
            assert done, f"{outcome}: {now}"
        case Ended.FAILED | Ended.KEPT:
            assert same, f"{outcome}: {now}"
        case Ended.UNKNOWN:
            assert same or done, f"{outcome}: {now}"
        case _:
            raise AssertionError(f"{outcome}: {now}")


def assert_told(outcome: Outcome) -> None:
    """In words that a person can use, with what is behind it."""
    for text in (outcome.text, *outcome.details):
        assert text and text.isprintable(), outcome
    if outcome.ended is Ended.UNKNOWN:
        said = " ".join((outcome.text, *outcome.details))
        assert "not known" in said or "may be" in said or "not sent yet" in said, outcome


async def assert_sent_once(engine: Engine, am: Program, before: Before, outcome: Outcome) -> None:
    """What was kept is sent when the server answers again, and what was sent is not repeated."""
    waits = outcome.ended in (Ended.KEPT, Ended.UNKNOWN)
    async with asyncio.timeout(HANGS_S):
        while waits and not holding(am, before.name):
            await asyncio.sleep(0.05)
            await engine.acting.look_after()
        await engine.acting.look_after()
    assert len(holding(am, before.name)) == (0 if outcome.ended is Ended.FAILED else 1)


class Names:
    """Leads every name of a proxy to it, for many at once."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = socket.getaddrinfo
        self._proxies: dict[object, FaultProxy] = {}
        self._bundle = folder / "authorities.pem"
        self._bundle.touch()
        monkeypatch.setattr(socket, "getaddrinfo", self._getaddrinfo)
        monkeypatch.setenv("SSL_CERT_FILE", str(self._bundle))

    def add(self, proxy: FaultProxy) -> None:
        self._proxies[proxy.port] = proxy
        proxy.ca.cert_pem.write_to_path(str(self._bundle), append=True)

    def _getaddrinfo(self, host: Any, port: Any, *args: Any, **more: Any) -> object:
        proxy = self._proxies.get(port)
        ask = self._real if proxy is None else resolving(proxy, self._real)
        return ask(host, port, *args, **more)


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
