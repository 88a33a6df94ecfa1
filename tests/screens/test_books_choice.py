"""From an alert, a service, a source or a name to its runbook, by one key from any screen."""

from __future__ import annotations

import msgspec
import pytest

from config.runbooks import Runbooks
from config.schema import Settings
from console.model.papers import Papers
from console.model.run import Shelved
from console.runbook.matching import Candidate
from console.safety.text import Raw
from screens import book_choice
from screens.book_choice import offered_for
from screens.book_for import BookFor, of_document, of_row, of_service
from screens.books import BooksScreen
from screens.cell import CellScreen
from screens.incident import IncidentScreen
from screens.source import SourceScreen
from tests.build import alert, known, snapshot, source
from tests.screens.books_world import books_world, past, run, shelf
from tests.screens.console import Console, until, update_of
from tests.screens.journal_world import incident
from tests.screens.worlds import storm, usual
from widgets.chooser import Chooser

NAMED = Candidate(Raw("cache-down"), "the alert names it", True)
ELSEWHERE = Candidate(Raw("elsewhere"), "the alert names it", False)
FULL = Candidate(Raw("disk-full"), "for this service", True)
FOLDERS = Settings(environment="test", runbooks=Runbooks(folders=("/srv/books",)))
REDIS = "ServiceDown redis@data-1"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the runs that were gone to."""
    ids: list[str] = []
    monkeypatch.setattr(book_choice, "show_run", lambda _, run_id: ids.append(run_id))
    return ids


def down_of(console: Console) -> str:
    """Fingerprint of the alert in the first row."""
    assert console.app.fresh is not None
    return console.app.fresh.worklist.rows[0].alerts[0].key


def number_of(console: Console) -> int:
    return -1 if console.app.fresh is None else console.app.fresh.number


async def test_the_only_runbook_of_an_alert_opens_at_once(opened: list[str]) -> None:
    async with books_world() as (console, pilot, desk):
        desk.found = (NAMED,)
        desk.books = (shelf()[1],)
        await pilot.press("r")
        await until(pilot, lambda: bool(opened))
        assert desk.begun == [("cache-down", down_of(console), "redis")]


async def test_the_run_that_is_open_for_the_alert_is_gone_to(opened: list[str]) -> None:
    async with books_world() as (console, pilot, desk):
        desk.found = (NAMED, FULL)
        update = console.app.fresh
        assert update is not None and console.engine is not None
        going = run(4, "disk-full", alert=down_of(console))
        runs = msgspec.structs.replace(update.runs, open=(run(5), going))
        console.engine.publish(msgspec.structs.replace(update, number=500, runs=runs))
        await until(
            pilot, lambda: console.app.fresh is not None and console.app.fresh.number == 500
        )
        await pilot.press("r")
        await until(pilot, lambda: opened == [going.id])
        assert not desk.begun


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_several_are_offered_in_order_with_reason_and_health(
    size: tuple[int, int], opened: list[str]
) -> None:
    async with books_world(size=size) as (console, pilot, desk):
        desk.found = (NAMED, FULL)
        await pilot.press("r")
        await until(pilot, lambda: f"runbooks for {REDIS}" in console.text)
        text = " ".join(console.text.replace("│", " ").split())
        assert "1 cache-down" in text
        assert "the alert names it; 9 steps, last passed 12 d ago" in text
        assert "for this service; 9 steps, run 2 times, never passed; stale" in text
        await pilot.press("2")
        await until(pilot, lambda: bool(opened))
        assert [name for name, _, _ in desk.begun] == ["disk-full"]


async def test_a_runbook_that_is_not_here_is_named_with_its_address(opened: list[str]) -> None:
    async with books_world() as (console, pilot, desk):
        desk.found = (ELSEWHERE,)
        desk.books = ()
        await pilot.press("r")
        await until(pilot, lambda: f"no runbook for {REDIS}" in console.text)
        assert "it is not in the library" in console.text
        assert "https://books.test/cache-down" in console.text
        await pilot.press("1")  # it cannot be had
        await pilot.pause()
        assert isinstance(console.app.screen, Chooser)
        assert not desk.begun


async def test_an_alert_without_a_runbook_offers_to_begin_one_and_the_library() -> None:
    async with books_world(settings=FOLDERS) as (console, pilot, desk):
        desk.books = shelf()[1:]
        await pilot.press("r")
        await until(pilot, lambda: f"no runbook for {REDIS}" in console.text)
        assert "choose from the library" in console.text
        assert "in /srv/books, filled in from the alert" in console.text
        await pilot.press("2")
        await until(pilot, lambda: bool(desk.written))
        about = desk.written[0][0]
        assert about is not None and about.key == down_of(console)


async def test_what_is_picked_from_the_library_is_filled_in_from_the_alert(
    opened: list[str],
) -> None:
    async with books_world() as (console, pilot, desk):
        desk.books = shelf()[1:]
        await pilot.press("r")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        await pilot.press("1")
        await until(pilot, lambda: isinstance(console.app.screen, BooksScreen))
        await until(pilot, lambda: "source-lost" in console.text)
        assert f"for {REDIS}" in console.lines[2]
        await pilot.press("enter")
        await until(pilot, lambda: bool(desk.begun))
        assert desk.begun == [("disk-full", down_of(console), "redis")]


async def test_read_only_offers_no_scaffold() -> None:
    async with books_world(settings=FOLDERS, read_only=True) as (console, pilot, desk):
        desk.books = shelf()[1:]
        await pilot.press("r")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        assert "read-only" in console.text
        await pilot.press("2")
        await pilot.pause()
        assert not desk.written


async def test_a_name_behind_rb_opens_that_one_for_the_row(opened: list[str]) -> None:
    async with books_world() as (console, pilot, desk):
        await pilot.press("colon")
        await until(pilot, lambda: bool(console.app.book_names))
        await pilot.press(*"rb", "space", *"disk", "enter")  # as much as tells it from the others
        await until(pilot, lambda: bool(opened))
        assert desk.begun == [("disk-full", down_of(console), "redis")]


async def test_names_of_runbooks_complete_what_is_typed() -> None:
    async with books_world() as (console, pilot, _):
        await pilot.press("colon")
        await until(pilot, lambda: bool(console.app.book_names))
        await pilot.press(*"rb", "space", *"kube")
        await until(pilot, lambda: "rb kube-page" in console.text)


async def test_on_a_sick_source_it_is_the_runbook_for_that(opened: list[str]) -> None:
    async with books_world(world=usual(sick=True)) as (console, pilot, desk):
        console.app.push_screen(SourceScreen("prom-edge"))
        await until(pilot, lambda: isinstance(console.app.screen, SourceScreen))
        await pilot.press("r")
        await until(pilot, lambda: bool(opened))
        assert desk.begun == [("source-lost", "", "")]
        await pilot.press("escape", "7")
        await until(pilot, lambda: "prom-edge" in console.text)
        await pilot.press("r")  # the first source is well
        await until(pilot, lambda: isinstance(console.app.screen, BooksScreen))


async def test_a_service_without_an_alert_has_the_books_that_list_it(opened: list[str]) -> None:
    async with books_world() as (console, pilot, desk):
        desk.books = (*shelf()[:3], msgspec.structs.replace(shelf()[3], services=("minio",)))
        console.app.push_screen(CellScreen("minio"))
        await until(pilot, lambda: isinstance(console.app.screen, CellScreen))
        await pilot.press("r")
        await until(pilot, lambda: bool(opened))
        assert desk.begun == [("source-lost", "", "minio")]


async def test_an_incident_goes_to_its_open_run(opened: list[str]) -> None:
    paper = incident()
    async with books_world() as (console, pilot, _):
        update = console.app.fresh
        assert update is not None and console.engine is not None
        going = run(4, incident=paper.incident.id)
        changed = msgspec.structs.replace(
            update,
            number=500,
            runs=msgspec.structs.replace(update.runs, open=(going,)),
            papers=Papers(incidents=(paper,)),
        )
        console.engine.publish(changed)
        await until(
            pilot, lambda: console.app.fresh is not None and console.app.fresh.number == 500
        )
        console.app.push_screen(IncidentScreen(paper.incident.id))
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        await pilot.press("r")
        await until(pilot, lambda: opened == [going.id])


async def test_an_incident_has_its_past_runs_to_read_beside_its_runbook(
    opened: list[str],
) -> None:
    paper = incident()
    async with books_world() as (console, pilot, desk):
        desk.transcripts = (past(3, incident=paper.incident.id), past(4))
        update = console.app.fresh
        assert update is not None and console.engine is not None
        papers = Papers(incidents=(paper,))
        console.engine.publish(msgspec.structs.replace(update, number=500, papers=papers))
        await until(pilot, lambda: number_of(console) == 500)
        console.app.push_screen(IncidentScreen(paper.incident.id))
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        await pilot.press("r")
        await until(pilot, lambda: "read RUN-20261120-003" in console.text)
        assert "cache-down, mei 47h ago: passed" in console.text
        assert "RUN-20261120-004" not in console.text
        await pilot.press("2")
        await until(pilot, lambda: bool(opened))
        assert desk.begun == [("cache-down", "", "redis")]


# What it is wanted for


def test_a_row_of_a_storm_has_the_runbook_for_storms_first() -> None:
    update = update_of(storm())
    rows = [row for row in update.worklist.rows if row.count > 100]
    wanted = of_row(rows[0], update)
    storms = Shelved(Raw("alert-storm"), Raw("A storm"), Raw("shipped"), 5, 5, 0, False)
    offered = offered_for(wanted, (NAMED,), (*shelf(), storms))
    assert [str(one.name.exact) for one in offered][:2] == ["alert-storm", "cache-down"]


def test_every_runbook_is_offered_once_with_its_best_reason() -> None:
    wanted = BookFor("redis", service="redis")
    offered = offered_for(wanted, (NAMED, ELSEWHERE), shelf())
    assert [(one.name.exact, one.why) for one in offered] == [
        ("cache-down", "the alert names it"),
        ("elsewhere", "the alert names it"),
    ]


def test_a_service_that_fires_is_about_its_alert() -> None:
    shown = usual()
    wanted = of_service("redis", shown)
    assert wanted.known is not None and wanted.known.alert.name == Raw("ServiceDown")
    assert of_service("minio", shown).known is None


def test_an_incident_is_about_its_alerts_that_fire_still_else_its_service() -> None:
    fires = known(alert("Other"), cell="api")
    shown = snapshot(known(), fires, sources=[source("am")])
    update = msgspec.structs.replace(
        update_of(shown), papers=Papers(incidents=(incident(alerts=(fires.key, "gone")),))
    )
    wanted = of_document("INC-20261122-001", update)
    assert wanted.known == fires
    over = msgspec.structs.replace(update, papers=Papers(incidents=(incident(alerts=("gone",)),)))
    assert of_document("INC-20261122-001", over).known is None
    assert of_document("INC-20261122-001", over).service == "redis"
