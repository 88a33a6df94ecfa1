"""The log of a row's service: what stands on the screen, and what the keys do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import msgspec
from textual.pilot import Pilot

from console.model.failure import Failure
from console.model.logs import MAX_LINES, LogAnswer, LogLine, LogRequest
from console.model.registry import Host, Registry, Service, ServiceType
from console.model.snapshot import Snapshot
from console.model.state import State
from console.safety.text import Raw
from console.triage.find import matcher_of
from screens.here import Subject
from screens.log_arrivals import Arrivals
from screens.logs import LogsScreen, stretch_of
from tests.build import T0, ago, alert, cell, failure, known, service, snapshot
from tests.screens.console import Console, console_on, typed, until
from widgets.log_view import LogView

BOX = Host("data-1", address="10.0.0.7", user="ops")
REDIS = Service("redis", ServiceType.DOCKER, "data-1", host="data-1")
PAGE = Service("home", ServiceType.PAGE, "pages")
REGISTRY = Registry((BOX,), (REDIS, PAGE))
COMMAND = "ssh ops@10.0.0.7 docker logs --timestamps redis"


def line(seconds: float, text: str) -> LogLine:
    """A line so many seconds before now."""
    return LogLine(ago(seconds), Raw(text))


LINES = (
    line(300, "ready to accept connections"),
    line(200, "WARNING memory overcommit"),
    line(159, "\x1b[31mout of memory\x1b[0m"),
    line(150, "bye " + "x" * 200 + " the end"),
)


class ScriptedLogs:
    """Answers with what a test gives it, and says who follows."""

    def __init__(self, *answers: LogAnswer | Failure) -> None:
        self.answers = list(answers)
        self.requests: list[LogRequest] = []
        self.followed: list[LogRequest] = []
        self.following = 0
        self.batches: asyncio.Queue[tuple[LogLine, ...] | Failure] = asyncio.Queue()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.asked = asyncio.Event()
        self.gate: asyncio.Event | None = None

    def why_not(self, service: str) -> str:
        return ""

    async def read(self, request: LogRequest) -> LogAnswer | Failure:
        self.requests.append(request)
        if self.gate is not None:
            await self.gate.wait()
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @contextlib.asynccontextmanager
    async def follow(
        self, request: LogRequest
    ) -> AsyncIterator[AsyncIterator[tuple[LogLine, ...] | Failure]]:
        self.followed.append(request)
        self.loop = asyncio.get_running_loop()
        self.following += 1
        try:
            yield self._batches()
        finally:
            self.following -= 1

    async def _batches(self) -> AsyncIterator[tuple[LogLine, ...] | Failure]:
        while True:
            yield await self.batches.get()

    def send(self, came: tuple[LogLine, ...] | Failure) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self.batches.put_nowait, came)


def answer(*lines: LogLine, truncated: bool = False, said: str = "") -> LogAnswer:
    return LogAnswer(lines or LINES, truncated, COMMAND, "docker redis on data-1", said)


def world() -> Snapshot:
    down = alert("ServiceDown", starts_at=ago(160), severity="critical")
    firing = cell(service("redis", "data-1"), State.FIRING, "ServiceDown fires")
    return snapshot(known(down, cell="redis"), cells=(firing,))


@contextlib.asynccontextmanager
async def opened(
    logs: ScriptedLogs, *, size: tuple[int, int] = (80, 24), **how: Any
) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    """The console on a world in which redis is down, with its logs within reach."""
    async with console_on(world(), size=size, **how) as (console, pilot):
        loaded = msgspec.structs.replace(console.app.opened.loaded, registry=REGISTRY)
        console.app.opened = msgspec.structs.replace(console.app.opened, loaded=loaded)
        assert console.engine is not None
        console.engine.logs = cast(Any, logs)
        yield console, pilot


def view(console: Console) -> LogView:
    screen = console.app.screen
    assert isinstance(screen, LogsScreen)
    return screen.log_view


async def with_lines(console: Console, pilot: Pilot[int]) -> LogView:
    await pilot.press("L")
    await until(pilot, lambda: isinstance(console.app.screen, LogsScreen))
    await until(pilot, lambda: "asking" not in console.text)
    return view(console)


async def test_the_log_stands_around_the_moment_when_the_episode_began() -> None:
    logs = ScriptedLogs(answer())
    async with opened(logs) as (console, pilot):
        await with_lines(console, pilot)
        text = console.text
        assert "docker redis on data-1" in text and "4 lines" in text
        assert f"$ {COMMAND}" in text
        rule = next(n for n, shown in enumerate(console.lines) if "ServiceDown began" in shown)
        assert "WARNING memory" in console.lines[rule - 1]
        assert "out of memory" in console.lines[rule + 1]
        assert console.lines[rule + 1].startswith(">")
    (request,) = logs.requests
    assert request.service == "redis"
    assert request.since is not None and request.since <= ago(160) - timedelta(minutes=2)
    assert request.until is None


async def test_a_log_that_falls_silent_before_the_episode_ends_with_the_rule() -> None:
    silent = answer(line(300, "one"), line(200, "the last word"))
    async with opened(ScriptedLogs(silent)) as (console, pilot):
        await with_lines(console, pilot)
        last = next(n for n, shown in enumerate(console.lines) if "the last word" in shown)
        assert "ServiceDown began" in console.lines[last + 1]


async def test_escapes_in_a_log_are_shown_and_not_obeyed() -> None:
    async with opened(ScriptedLogs(answer())) as (console, pilot):
        await with_lines(console, pilot)
        assert "^[[31mout of memory^[[0m" in console.text
        assert "\x1b" not in console.text


async def test_an_empty_stretch_says_which_and_what_to_do() -> None:
    empty = LogAnswer((), False, COMMAND, "docker redis on data-1")
    async with opened(ScriptedLogs(empty)) as (console, pilot):
        await with_lines(console, pilot)
        assert "no lines between " in console.text and " and now" in console.text
        assert "f waits for new ones" in console.text


async def test_more_lines_than_are_shown_are_said() -> None:
    async with opened(ScriptedLogs(answer(truncated=True, said="the pod has gone"))) as (
        console,
        pilot,
    ):
        await with_lines(console, pilot)
        assert "4 lines of more" in console.text
        assert "the pod has gone" in console.text


async def test_a_failure_stands_there_in_full_with_the_command() -> None:
    refused = msgspec.structs.replace(
        failure("docker redis on data-1", "there is no container redis on data-1"),
        remedy="`docker ps -a` lists those that are",
        curl=COMMAND,
    )
    async with opened(ScriptedLogs(refused)) as (console, pilot):
        await pilot.press("L")
        await until(pilot, lambda: "no container" in console.text)
        assert "docker ps -a" in console.text and COMMAND in console.text
        await pilot.press("escape")
        assert not isinstance(console.app.screen, LogsScreen)


async def test_keys_do_not_wait_for_an_answer_that_does_not_come() -> None:
    logs = ScriptedLogs(answer())
    logs.gate = asyncio.Event()
    async with opened(logs) as (console, pilot):
        await pilot.press("L")
        await until(pilot, lambda: "asking for the log" in console.text)
        await pilot.press("escape")
        assert not isinstance(console.app.screen, LogsScreen)


async def test_finding_marks_lines_and_hides_none() -> None:
    async with opened(ScriptedLogs(answer())) as (console, pilot):
        await with_lines(console, pilot)
        await typed(pilot, "slash", "MEMORY")
        await until(pilot, lambda: "2 found" in console.text)
        assert "ready to accept" in console.text
        log = view(console)
        first = log.cursor_line
        await pilot.press("n")
        assert log.cursor_line is not first
        assert log.cursor_line is not None and "memory" in log.cursor_line.text.exact
        await pilot.press("N")
        assert log.cursor_line is first
        marked = [shown for shown in console.lines if shown.startswith(("*", ">"))]
        assert len(marked) == 2
        await pilot.press("escape")
        assert isinstance(console.app.screen, LogsScreen)
        assert "found" not in console.text


async def test_a_wide_line_is_moved_sideways_or_wrapped() -> None:
    async with opened(ScriptedLogs(answer())) as (console, pilot):
        await with_lines(console, pilot)
        assert "the end" not in console.text
        await pilot.press("z")
        assert "the end" in console.text
        await pilot.press("z")
        for _ in range(9):
            await pilot.press("l")
        assert "the end" in console.text
        for _ in range(9):
            await pilot.press("h")
        assert "ready to accept" in console.text


async def test_the_stretch_is_widened_and_the_cursor_stays_on_its_line() -> None:
    older = answer(line(900, "long before"), *LINES)
    logs = ScriptedLogs(answer(), older)
    async with opened(logs) as (console, pilot):
        log = await with_lines(console, pilot)
        was = log.cursor_line
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "5 lines" in console.text)
        assert log.cursor_line is was
        assert "long before" in console.text
    one, two = logs.requests
    assert one.since is not None and two.since is not None
    assert two.since <= one.since - timedelta(minutes=5)


async def test_following_adds_lines_and_stands_still_while_scrolled_up() -> None:
    logs = ScriptedLogs(answer())
    async with opened(logs) as (console, pilot):
        log = await with_lines(console, pilot)
        await pilot.press("f")
        await until(pilot, lambda: logs.following == 1)
        assert logs.followed[0].since == LINES[-1].at
        logs.send((line(1, "first new"),))
        await until(pilot, lambda: "first new" in console.text)
        assert log.at_end
        await pilot.press("g", "g")
        logs.send((line(0.5, "second new"), line(0.4, "third new")))
        await until(pilot, lambda: "below, G goes there" in console.text)
        assert log.cursor_line is LINES[0]
        await pilot.press("G")
        assert log.cursor_line is not None and log.cursor_line.text == Raw("third new")
        await pilot.press("f")
        await until(pilot, lambda: logs.following == 0)


async def test_leaving_the_screen_ends_the_following() -> None:
    logs = ScriptedLogs(answer())
    async with opened(logs) as (console, pilot):
        await with_lines(console, pilot)
        await pilot.press("f")
        await until(pilot, lambda: logs.following == 1)
        await pilot.press("escape")
        await until(pilot, lambda: logs.following == 0)


async def test_a_following_that_ends_says_why_and_keeps_its_lines() -> None:
    logs = ScriptedLogs(answer())
    async with opened(logs) as (console, pilot):
        await with_lines(console, pilot)
        await pilot.press("f")
        await until(pilot, lambda: logs.following == 1)
        logs.send(failure("docker redis on data-1", "the container has ended"))
        await until(pilot, lambda: logs.following == 0)
        assert "the container has ended" in console.text
        assert "ready to accept" in console.text


async def test_a_flood_keeps_the_newest_lines_and_says_that_there_were_more() -> None:
    logs = ScriptedLogs(answer())
    async with opened(logs) as (console, pilot):
        log = await with_lines(console, pilot)
        await pilot.press("f")
        await until(pilot, lambda: logs.following == 1)
        flood = tuple(line(1, f"n {n}") for n in range(3 * MAX_LINES))
        logs.send(flood)
        await until(pilot, lambda: log.lines[-1] is flood[-1])
        assert len(log.lines) == MAX_LINES
        assert "of more" in console.text


async def test_a_service_without_a_log_says_why() -> None:
    async with opened(ScriptedLogs(answer())) as (console, pilot):
        await typed(pilot, "colon", "logs home")
        await until(pilot, lambda: "a page keeps no log of its own" in console.text)
        await typed(pilot, "colon", "logs redis")
        await until(pilot, lambda: isinstance(console.app.screen, LogsScreen))


async def test_a_shell_is_not_opened_in_read_only_mode_and_the_reason_is_said() -> None:
    async with opened(ScriptedLogs(answer()), read_only=True) as (console, pilot):
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: "read-only: nothing is changed" in console.text)


async def test_lines_and_command_are_copied_as_they_are() -> None:
    async with opened(ScriptedLogs(answer())) as (console, pilot):
        await with_lines(console, pilot)
        for key in ("y", "Y"):
            console.app.notices.clear()
            await pilot.press(key)
            await until(pilot, lambda: bool(console.app.notices))


def test_an_episode_of_long_ago_is_shown_around_its_start() -> None:
    since, end = stretch_of(Subject("redis", ago(4 * 3600)), T0)
    assert (since, end) == (ago(4 * 3600 + 120), ago(4 * 3600 - 300))
    since, end = stretch_of(Subject("redis", ago(60), timedelta(minutes=1)), T0)
    assert (since, end) == (ago(240), None)
    assert stretch_of(Subject("redis"), T0) == (ago(900), None)


def test_what_is_looked_for_is_a_text_in_any_case_or_an_expression() -> None:
    text, expression = matcher_of("oom"), matcher_of("/exit(ed)? 1\\d\\d/")
    assert text is not None and expression is not None
    assert text(Raw("OOM-killer")) and not text(Raw("fine"))
    assert expression(Raw("Exited 137")) and not expression(Raw("exited 1"))
    assert matcher_of("") is None


def test_arrivals_are_handed_over_once() -> None:
    arrivals = Arrivals()
    arrivals.put((LINES[0],))
    arrivals.put(failure())
    lines, passed, ended = arrivals.take()
    assert (lines, passed) == ([LINES[0]], 0) and ended is not None
    assert arrivals.take() == ([], 0, None)
