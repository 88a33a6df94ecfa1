"""One look at every source, for commands that end."""

from __future__ import annotations

from pathlib import Path

from console.engine.engine import Engine
from console.engine.saved import StateFolder
from console.model.failure import FailureKind
from console.model.state import State
from console.model.update import Update
from console.safety.clock import SystemClock
from tests.engine.peers import alertmanager, hanging, prometheus, up
from tests.watching import alert_called, cell_called, names_in, on_urls, source_called, state_of

NEVER_S = 60.0
"""A deadline that no look in these tests comes near."""


async def look(*args: object, deadline_s: float = NEVER_S, **named: object) -> Update:
    state = named.pop("state", None)
    assert state is None or isinstance(state, StateFolder)
    engine = Engine(
        on_urls(*args, **named),  # type: ignore[arg-type]
        clock=SystemClock(),
        publish=lambda update: None,
        state=state,
    )
    return await engine.look_once(deadline_s)


async def test_it_ends_as_soon_as_everybody_has_answered() -> None:
    am = alertmanager("DiskFull")
    prom = prometheus(am.url)
    async with up(am, prom):
        update = await look([prom.url])
    assert names_in(update) == ["DiskFull"]
    assert update.snapshot.complete
    assert (am.asked["/api/v2/alerts"], prom.asked["/api/v1/alerts"]) == (1, 1)


async def test_who_refuses_is_an_answer_too() -> None:
    am = alertmanager("DiskFull")
    async with hanging() as url:
        pass
    async with up(am):
        update = await look([url], [am.url])
    assert names_in(update) == ["DiskFull"]
    source = source_called(update, "prometheus")
    assert source is not None and source.failures[0].kind is FailureKind.REFUSED


async def test_who_has_not_answered_by_the_deadline_is_a_sick_source_with_a_reason() -> None:
    am = alertmanager("DiskFull")
    async with up(am), hanging() as url:
        update = await look([url], [am.url], deadline_s=1.0)
    assert names_in(update) == ["DiskFull"]
    source = source_called(update, "prometheus")
    assert source is not None and source.state is State.UNKNOWN
    assert source.failures[0].kind is FailureKind.TIMEOUT
    assert source.failures[0].cause == "has not answered within 1 s"
    assert source.failing_since is not None
    assert state_of(update, "alertmanager") is State.OK
    assert update.snapshot.complete
    assert [row.where.exact for row in update.worklist.rows if row.failure] == ["prometheus"]


async def test_an_alertmanager_that_was_found_and_hangs_is_named_too() -> None:
    async with hanging() as url:
        prom = prometheus(url)
        async with up(prom):
            update = await look([prom.url], deadline_s=1.0)
    source = source_called(update, "alertmanager")
    assert source is not None and source.state is State.UNKNOWN
    assert "has not answered" in source.failures[0].cause
    cell = cell_called(update, "web")
    assert cell is not None and cell.state is not State.OK


async def test_clocks_go_on_from_one_look_to_the_next(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    am = alertmanager("DiskFull")
    async with up(am):
        first = await look([], [am.url], state=state)
        again = alertmanager("DiskFull")
        am.answers["/api/v2/alerts"] = again.answers["/api/v2/alerts"]
        second = await look([], [am.url], state=state)
    assert alert_called(second, "DiskFull") is not None
    assert second.worklist.rows[0].since == first.worklist.rows[0].since
    await again.release()


async def test_a_state_that_cannot_be_saved_is_said_and_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file stands where the folder would be")
    am = alertmanager("DiskFull")
    engine = Engine(
        on_urls([], [am.url]),
        clock=SystemClock(),
        publish=lambda update: None,
        state=StateFolder(tmp_path / "state"),
    )
    async with up(am):
        update = await engine.look_once(NEVER_S)
    assert names_in(update) == ["DiskFull"]
    assert any("state not saved" in notice for notice in engine.notices)
