"""Everything that acts, done by an engine on a real Alertmanager, with harm between the two."""

from __future__ import annotations

import enum
import itertools
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from config.load import Loaded, from_prometheus
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
from console.safety.text import Raw
from tests.actions.on_servers import fire, make
from tests.actions.on_servers import running as running_at
from tests.proxy import Answer, Fault, FaultProxy, Talk, resolving
from tests.servers import Program
from tests.watching import Seen, hands_of, quick, running

DEADLINE: Final = timedelta(seconds=0.5)
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
