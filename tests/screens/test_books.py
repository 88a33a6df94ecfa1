"""The library of runbooks: what there is, how it has done, what is open, what was run before."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest

from config.fault import Fault
from config.runbooks import Runbooks
from config.schema import Settings
from console.model.run import BookHealth, Runs, StepState
from console.runbook.health_words import passed_text, short_text, whole_text
from console.runbook.lint import Finding
from console.safety.text import Raw, cell_width, visible
from screens import book_choice, scaffolding
from screens.books import BooksScreen
from screens.books_rows import Shown
from screens.found import FoundScreen
from tests.build import T0
from tests.hostile import ATTACKS
from tests.screens.books_world import (
    ScriptedPapers,
    at,
    books_world,
    past,
    publish,
    run,
    shelved,
)
from tests.screens.console import Console, typed, until
from widgets.dialog import Overlay

FOLDERS = Settings(environment="test", runbooks=Runbooks(folders=("/srv/books",)))
TWO = Settings(environment="test", runbooks=Runbooks(folders=("/srv/books", "/srv/more")))


def squeezed(console: Console) -> list[str]:
    return [" ".join(line.split()) for line in console.lines]


def screen_of(console: Console) -> BooksScreen:
    return cast("BooksScreen", console.app.screen)


# The library


async def test_the_library_tells_how_every_runbook_has_done_at_80_columns() -> None:
    async with books_world() as (console, pilot, _):
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        assert squeezed(console)[2:8] == [
            ">library open runs past runs tab",
            "RUN PASSED NAME STEPS MIN STALE LINT TITLE",
            "> 3 d 12 d cache-down 7/9 9 - - Cache-down now",
            "24h never disk-full 7/9 - stale 3 Disk-full now",
            "- - kube-page 0/9 - ? - Kube-page now",
            "3 d 12 d source-lost 7/9 9 - - Source-lost now",
        ]
        assert all(cell_width(line) <= 80 for line in console.lines)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_line_under_the_cursor_is_told_in_full_below(size: tuple[int, int]) -> None:
    async with books_world(size=size) as (console, pilot, _):
        await pilot.press("3")
        await until(pilot, lambda: "median 9 min" in console.text)
        text = " ".join(squeezed(console))
        assert "9 steps, 2 of them by hand; run 4 times; the last time 3 d ago" in text
        assert "often skipped: warm-up" in text
        assert "for ServiceDown; for the service redis; its review is not due" in text
        await pilot.press("j")
        await until(pilot, lambda: "reviewed too long ago; lint has 3 findings: l" in console.text)


async def test_before_anybody_has_answered_it_says_that_it_is_read() -> None:
    async with books_world() as (console, pilot, desk):
        desk.gate = asyncio.Event()
        await pilot.press("3")
        await until(pilot, lambda: "runbooks are being read" in console.text)


async def test_files_that_cannot_be_read_are_named_above_it() -> None:
    async with books_world() as (console, pilot, desk):
        desk.faults = tuple(
            Fault(f"/srv/books/{name}.md", 0, 0, "", "everybody may write it") for name in "abcd"
        )
        await pilot.press("3")
        await until(pilot, lambda: "/srv/books/a.md" in console.text)
        assert "and 2 more faults" in console.text


async def test_the_filter_leaves_what_matches_and_says_how_many() -> None:
    async with books_world() as (console, pilot, _):
        await pilot.press("3")
        await until(pilot, lambda: "kube-page" in console.text)
        await typed(pilot, "slash", "stale")
        await until(pilot, lambda: "kube-page" not in console.text)
        assert "disk-full" in console.text
        assert "/stale 1 of 4" in " ".join(squeezed(console)[2].split())
        await typed(pilot, "slash", "no such thing")
        await until(pilot, lambda: "nothing matches the filter; esc clears it" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: "kube-page" in console.text)


async def test_what_lint_says_is_listed_line_by_line() -> None:
    async with books_world() as (console, pilot, desk):
        desk.linted = (
            Finding("runbooks/cache-down.md", 7, 1, "owner", "expected oncall.owner"),
            Finding("runbooks/cache-down.md", 31, 1, "verify", "needs a step that verifies"),
        )
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("l")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        assert "runbooks/cache-down.md:7:1: expected oncall.owner [owner]" in console.text
        assert "runbooks/cache-down.md:31:1: needs a step" in console.text


async def test_where_lint_finds_nothing_that_is_said() -> None:
    async with books_world() as (console, pilot, _):
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("l")
        await until(pilot, lambda: "cache-down: lint finds nothing wrong" in console.lines[-1])
        await pilot.press("tab", "l")
        await until(pilot, lambda: "lint is for the runbooks" in console.lines[-1])


async def test_d_shows_the_text_without_opening_a_run() -> None:
    async with books_world() as (console, pilot, desk):
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        assert "run 4 times" in console.text
        assert "Meaning" in console.text
        assert not desk.begun


async def test_y_copies_the_name_and_the_id() -> None:
    async with books_world(run()) as (console, pilot, _):
        copied: list[str] = []
        console.app.copy = lambda text, what, **_: copied.append(visible(text))  # type: ignore[method-assign]
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("y", "tab", "y", "tab", "y")
        assert copied == [
            "cache-down",
            "RUN-20261122-001",
            "RUN-20261120-001 runs/2026/RUN-20261120-001-cache-down.md",
        ]


async def test_hostile_names_and_titles_are_shown_and_obeyed_nowhere() -> None:
    async with books_world() as (console, pilot, desk):
        desk.books = tuple(
            shelved(f"{number}-{attack}", title=Raw(attack), source=Raw(attack))
            for number, attack in enumerate(ATTACKS)
        )
        desk.transcripts = tuple(
            past(number, runbook=attack, subject=Raw(attack), who=Raw(attack))
            for number, attack in enumerate(ATTACKS)
        )
        await pilot.press("3")
        await until(pilot, lambda: len(screen_of(console).books.rows) == len(ATTACKS))
        for _ in range(2):
            assert "\x1b" not in console.text
            assert all(cell_width(line) <= 80 for line in console.lines)
            await pilot.press("tab", "tab", "G")


# Enter


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the runs that were gone to."""
    ids: list[str] = []

    def note(app: object, run_id: str) -> None:
        ids.append(run_id)

    monkeypatch.setattr(book_choice, "show_run", note)
    monkeypatch.setattr("screens.books.show_run", note)
    return ids


async def test_enter_opens_a_run_without_an_alert(opened: list[str]) -> None:
    async with books_world() as (console, pilot, desk):
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("j", "enter")
        await until(pilot, lambda: bool(opened))
        assert desk.begun == [("disk-full", "", "")]


async def test_why_a_runbook_cannot_be_opened_is_said(opened: list[str]) -> None:
    async with books_world() as (console, pilot, desk):
        desk.refusal = "cache-down cannot be read: expected UTF-8"
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("enter")
        await until(pilot, lambda: "expected UTF-8" in console.lines[-1])
        assert not opened


async def test_a_runbook_that_is_open_already_is_offered_before_another_run(
    opened: list[str],
) -> None:
    going = run(4, "cache-down", subject="ServiceDown redis@data-1")
    async with books_world(going) as (console, pilot, desk):
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("enter")
        await until(pilot, lambda: "cache-down is open already" in console.text)
        assert "go on with RUN-20261122-004" in console.text
        assert "ServiceDown redis@data-1; 1 passed" in console.text
        await pilot.press("1")
        await until(pilot, lambda: opened == [going.id])
        await pilot.press("enter")
        await until(pilot, lambda: "begin another run" in console.text)
        await pilot.press("2")
        await until(pilot, lambda: len(opened) == 2)
        assert desk.begun == [("cache-down", "", "")]


# Open runs, and those of the past


async def test_open_runs_tell_how_their_steps_stand_and_enter_goes_there(
    opened: list[str],
) -> None:
    passed, running, left = StepState.PASSED, StepState.RUNNING, StepState.PENDING
    first = run(1, "cache-down", passed, running, left, subject="ServiceDown redis")
    second = run(2, "disk-full", StepState.UNKNOWN, StepState.FAILED, StepState.MANUAL)
    async with books_world(first, second) as (console, pilot, _):
        await pilot.press("3", "tab")
        await until(pilot, lambda: ">open runs 2" in console.text)
        lines = squeezed(console)
        assert "> 5m cache-down 1 running 1 passed 1 left ServiceDown redis kai" in lines
        assert any("5m disk-full 1 unknown 1 failed 1 by" in line for line in lines)
        await pilot.press("j", "enter")
        await until(pilot, lambda: opened == ["RUN-20261122-002"])


async def test_where_no_run_is_open_it_says_how_one_is_opened() -> None:
    async with books_world() as (console, pilot, desk):
        desk.transcripts = ()
        await pilot.press("3", "tab")
        await until(pilot, lambda: "no runbook is open" in console.text)
        assert "r on an alert opens the alert's own" in console.text
        await pilot.press("tab")
        await until(pilot, lambda: "no run of a runbook is in the journal yet" in console.text)
        await pilot.press("escape")
        await until(pilot, lambda: ">library" in console.text)


async def test_past_runs_tell_how_they_ended_and_enter_shows_the_transcript() -> None:
    async with books_world() as (console, pilot, _):
        await pilot.press("3", "tab", "tab")
        await until(pilot, lambda: "failed" in console.text)
        assert "> 47h passed cache-down 7 0 ServiceDown r… mei -" in squeezed(console)
        assert "2026-11-20 03:16, in 9m: 7 passed, 1 skipped" in console.text
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        assert "start-redis passed" in console.text
        assert "schema: 1" not in console.text
        assert "\x1b" not in console.text


async def test_a_slash_on_the_past_searches_whole_transcripts_and_nothing_else() -> None:
    async with books_world() as (console, pilot, _):
        await pilot.press("3", "tab", "tab")
        await until(pilot, lambda: "failed" in console.text)
        await typed(pilot, "slash", "OOMKilled")
        await until(pilot, lambda: isinstance(console.app.screen, FoundScreen))
        assert "RUN-20261120-001" in console.text
        assert "INC-20261120-001" not in console.text
        assert console.engine is not None
        papers = cast("ScriptedPapers", console.engine.papers)  # type: ignore[attr-defined]
        assert papers.searched == ["OOMKilled"]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        assert "start-redis passed" in console.text


async def test_a_run_that_has_ended_is_among_the_past_at_once() -> None:
    async with books_world(run()) as (console, pilot, desk):
        await pilot.press("3", "tab")
        await until(pilot, lambda: ">open runs 1" in console.text)
        desk.transcripts = (past(7, "just-ended"), *desk.transcripts)
        await publish(console, pilot, Runs())
        await pilot.press("tab")
        await until(pilot, lambda: "just-ended" in console.text)


# N


async def test_without_a_folder_it_says_what_to_write_into_the_settings() -> None:
    async with books_world() as (console, pilot, desk):
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("N")
        await until(pilot, lambda: "runbooks: {folders: [DIR]}" in console.lines[-1])
        assert not desk.written


async def test_a_new_runbook_is_written_and_opened_in_the_editor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edited: list[Path] = []

    def edit(app: object, path: Path) -> str:
        edited.append(path)
        return ""

    monkeypatch.setattr(scaffolding, "edit_file", edit)
    async with books_world(settings=FOLDERS) as (console, pilot, desk):
        desk.scaffolded = Path("/srv/books/new-alert.md")
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("N")
        await until(pilot, lambda: bool(edited))
        await until(pilot, lambda: "lint finds nothing wrong" in console.lines[-1])
        assert desk.written == [(None, Path("/srv/books"))]
        assert desk.reloads == 1


async def test_which_folder_is_asked_where_there_are_several_and_why_not_is_said() -> None:
    async with books_world(settings=TWO) as (console, pilot, desk):
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("N")
        await until(pilot, lambda: "in which folder?" in console.text)
        await pilot.press("enter")  # the later one wins, so it stands first
        await until(pilot, lambda: "not begun: /srv/books/new-alert.md" in console.lines[-1])
        assert desk.written == [(None, Path("/srv/more"))]


async def test_read_only_begins_no_runbook() -> None:
    async with books_world(settings=FOLDERS, read_only=True) as (console, pilot, desk):
        await pilot.press("3")
        await until(pilot, lambda: "source-lost" in console.text)
        await pilot.press("N")
        await until(pilot, lambda: "read-only" in console.lines[-1])
        assert not desk.written


# Words


@pytest.mark.parametrize(
    ("health", "short", "whole"),
    [
        (BookHealth(), "never run", "no run of it is in the journal"),
        (
            BookHealth(1, at(2)),
            "run once, never passed",
            "run once; the last time 2h00m ago; never passed",
        ),
        (
            BookHealth(3, at(2), at(50), 0.5, ("a", "b", "c", "d")),
            "last passed 50h ago",
            "run 3 times; the last time 2h00m ago; last passed 50h ago; median 0.5 min; "
            "often skipped: a, b, c and 1 more",
        ),
    ],
)
def test_health_in_words(health: BookHealth, short: str, whole: str) -> None:
    assert passed_text(health, T0) == short
    assert whole_text(health, T0) == whole
    assert short_text(shelved(health=health), T0) == f"9 steps, {short}"


def test_tab_goes_round() -> None:
    assert [one.following for one in Shown] == [Shown.OPEN, Shown.PAST, Shown.LIBRARY]
