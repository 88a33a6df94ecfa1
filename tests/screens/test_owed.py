"""What incidents ask for, as it stands on the screen: rows that count down and open a document."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from console.model.incident import Incident, IncidentState
from console.model.nags import nags
from console.model.papers import IncidentPaper, JournalState, JournalStatus, Papers
from console.model.snapshot import Snapshot
from console.model.state import Priority
from screens.incident import IncidentScreen
from tests.build import T0, ago, alert, known, snapshot
from tests.screens.console import Console, console_on, typed, until, update_of

NEW = Incident("INC-20261122-7f3", "redis down", ago(60), services=("redis",))
OVER = Incident(
    "INC-20261121-2ac",
    "結帳很慢",
    ago(7200),
    state=IncidentState.RESOLVED,
    severity=Priority.P1,
    lead="mei",
    resolved=T0 - timedelta(minutes=48),
)
DISK = known(alert("DiskFull", starts_at=ago(60), severity="critical"))


def owing(*incidents: Incident, only: bool = False) -> Snapshot:
    alerts = () if only else (DISK,)
    return msgspec.structs.replace(snapshot(*alerts), nags=nags(incidents))


def line_with(console: Console, text: str) -> str:
    return next(line for line in console.lines if text in line)


async def test_it_counts_down_beside_the_alerts_with_its_owner_and_no_state_of_an_alert() -> None:
    async with console_on(owing(NEW, OVER), size=(120, 36)) as (console, pilot):
        row = line_with(console, "redis down")
        assert row.split()[:4] == ["#", "P1", "due", "01:00"]
        assert "redis  " in row.partition("redis down")[2] and "nobody leads it" in row
        paper = line_with(console, "結帳很慢")
        assert paper.split()[:4] == ["#", "P1", "due", "47h"] and "mei" in paper
        assert "P1 0" in console.text
        console.clock.advance(102)
        await until(pilot, lambda: "-00:42" in line_with(console, "redis down"))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_the_pane_tells_everything_that_is_owed_and_by_when(size: tuple[int, int]) -> None:
    async with console_on(owing(NEW, only=True), size=size) as (console, _):
        assert "nobody leads it, due in 1m" in console.text
        assert "it has no severity, due in 4m" in console.text
        assert NEW.id in console.text
        assert "FIRING" not in console.text


@pytest.mark.parametrize(
    ("key", "words"),
    [("a", "done, not acked"), ("s", "there is no"), ("t", "no alert on this row")],
)
async def test_what_only_an_alert_takes_is_refused_in_words(key: str, words: str) -> None:
    async with console_on(owing(NEW, only=True)) as (console, pilot):
        await pilot.press(key)
        await until(pilot, lambda: words in console.text)
        assert console.engine is not None and console.engine.acting.wishes == []


async def test_marked_beside_alerts_it_is_left_out_of_their_ack() -> None:
    async with console_on(owing(NEW)) as (console, pilot):
        await pilot.press("space", "space", "a")
        await until(pilot, lambda: "ack DiskFull" in console.text)


async def test_a_filter_by_step_leaves_what_is_owed() -> None:
    async with console_on(owing(NEW, OVER)) as (console, pilot):
        await typed(pilot, "/", '@step="due"')
        await until(pilot, lambda: "DiskFull" not in console.text)
        assert "redis down" in console.text and "結帳很慢" in console.text


async def test_a_sort_by_the_next_step_takes_it_along() -> None:
    async with console_on(owing(NEW, OVER)) as (console, pilot):
        await typed(pilot, ":", "sort -next")
        await until(pilot, lambda: "sort" in console.text)
        order = [console.text.index(one) for one in ("結帳很慢", "DiskFull", "redis down")]
        assert order == sorted(order)


async def test_the_detail_says_what_is_owed_by_whom_and_until_when() -> None:
    async with console_on(owing(OVER, only=True), size=(120, 36)) as (console, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "owed" in console.text and "mei: due in" in console.text)
        assert "hold the post-mortem meeting and write its action items" in console.text
        assert "acked by" not in console.text and "respond" not in console.text


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (JournalStatus(), ""),
        (JournalStatus(JournalState.PUSHED), "journal pushed"),
        (JournalStatus(JournalState.AHEAD, ahead=2), "journal 2 ahead"),
        (JournalStatus(JournalState.DIVERGED), "journal diverged"),
        (JournalStatus(JournalState.FAULT), "journal fault"),
    ],
)
async def test_the_header_says_how_the_journal_stands(
    width: int, status: JournalStatus, words: str
) -> None:
    async with console_on(snapshot(DISK), size=(width, 24)) as (console, pilot):
        assert console.engine is not None and "journal" not in console.lines[0]
        update = msgspec.structs.replace(update_of(snapshot(DISK), number=7), papers=Papers(status))
        console.engine.publish(update)
        await until(pilot, lambda: console.app.fresh is update)
        assert words in console.lines[0]
        assert ("journal" in console.lines[0]) is bool(words)


async def test_enter_opens_the_incident_and_no_alert() -> None:
    async with console_on(owing(NEW, only=True)) as (console, pilot):
        assert console.engine is not None
        update = msgspec.structs.replace(
            update_of(owing(NEW, only=True), number=7),
            papers=Papers(incidents=(IncidentPaper(NEW, f"incidents/2026/{NEW.id}.md", "b10b"),)),
        )
        console.engine.publish(update)
        await until(pilot, lambda: console.app.fresh is update)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        await until(pilot, lambda: NEW.id in console.text)
