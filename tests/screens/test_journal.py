"""The journal's list: what matters first stands first, and nothing of it is lost or obeyed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from console.journal.errors import JournalFault, Problem
from console.model.change import ChangeState, Plan
from console.model.freeze import Calendar, Level, Period
from console.model.incident import IncidentState
from console.model.nags import nags
from console.model.papers import Found, JournalState, JournalStatus, Papers, Sheet
from console.model.state import Priority
from console.safety.text import cell_width, visible
from screens.calendar import CalendarScreen
from screens.found import FoundScreen
from screens.journal import JournalScreen
from screens.journal_rows import PaperRow, Shown, rows_of
from screens.journal_said import sync_text
from tests.build import T0
from tests.hostile import ATTACKS
from tests.screens.console import Console, typed, until
from tests.screens.journal_world import (
    DAY,
    FOLDER,
    HOUR,
    ScriptedPapers,
    approved,
    change,
    closed,
    draft,
    freeze,
    incident,
    show,
    usual,
    world_on,
)
from widgets.dialog import Dialog, Overlay
from widgets.theme import Ink

KEPT = JournalStatus(JournalState.KEPT, FOLDER)


@asynccontextmanager
async def journal_on(
    papers: Papers | None = None, **opened: Any
) -> AsyncIterator[tuple[Console, Pilot[int], ScriptedPapers]]:
    """The list, opened by its key."""
    async with world_on(papers, **opened) as (console, pilot, desk):
        await pilot.press("4")
        await until(pilot, lambda: isinstance(console.app.screen, JournalScreen))
        await pilot.pause()
        yield console, pilot, desk


def listed(papers: Papers, shown: Shown = Shown.ALL) -> list[PaperRow]:
    return list(rows_of(papers, T0, shown, "test")[0])


def headed(papers: Papers, shown: Shown = Shown.ALL) -> list[str]:
    return ["".join(str(text) for text, _ in one.spans) for one in rows_of(papers, T0, shown)[1]]


def screen_of(console: Console) -> JournalScreen:
    screen = console.app.screen
    assert isinstance(screen, JournalScreen)
    return screen


# What stands where


async def test_what_matters_first_stands_first_and_fits_80_columns() -> None:
    async with journal_on() as (console, _, _):
        assert [" ".join(line.split()) for line in console.lines[2:13]] == [
            "NEXT AGE P STATE ID TITLE W… 1/13",
            "── drafts: typed and not saved " + "─" * 49,
            "> - 3m - draft INC-20261122-001 redis is down -",
            "── incidents " + "─" * 67,
            "-03:00 5m ? open INC-20261122-001 redis is down -",
            "- 5m P0 mitigated INC-20261122-003 支付网关 times out kai",
            "- 48h P1 post-mortem INC-20261122-002 checkout is slow mei",
            "── changes " + "─" * 69,
            "- 1h00m - in progress CHG-20261122-003 resize web-1 kai",
            "now 24h - approved CHG-20261122-002 rotate certificates kai",
            "1h00m 24h - approved CHG-20261122-004 move the queue kai",
        ]
        assert all(cell_width(line) <= 80 for line in console.lines)


async def test_the_row_under_the_cursor_stands_in_full_below_a_narrow_list() -> None:
    async with journal_on() as (console, pilot, _):
        await pilot.press("j")
        await until(pilot, lambda: "nobody leads it; it has no severity" in console.text)
        assert "incidents/2026/INC-20261122-001.md" in console.text


async def test_a_wide_list_has_the_notes_beside_the_titles() -> None:
    async with journal_on(size=(160, 36)) as (console, _, _):
        line = next(one for one in console.lines if "rotate certificates" in one)
        assert "may start now; window 22 Nov 03:16-04:16 UTC" in line


def test_open_ones_stand_before_mitigated_ones_and_the_worst_first() -> None:
    papers = Papers(
        KEPT,
        (
            incident(1, severity=Priority.P0, state=IncidentState.MITIGATED),
            incident(2, severity=Priority.P2),
            incident(3, severity=Priority.P1),
            incident(4),
        ),
    )
    assert [row.document_id[-3:] for row in listed(papers)] == ["004", "003", "002", "001"]


def test_changes_stand_in_the_order_in_which_somebody_has_to_look() -> None:
    states = [
        ChangeState.DRAFT, ChangeState.ACCEPTED, ChangeState.SUBMITTED, ChangeState.SCHEDULED,
        ChangeState.VERIFYING, ChangeState.IN_PROGRESS, ChangeState.FAILED,
    ]  # fmt: skip
    papers = Papers(KEPT, changes=tuple(change(n, state=one) for n, one in enumerate(states)))
    assert [row.word for row in listed(papers)] == [
        "in progress", "verifying", "scheduled", "submitted", "failed", "accepted", "draft",
    ]  # fmt: skip


def test_every_document_is_in_the_list_whatever_its_state() -> None:
    papers = Papers(
        KEPT,
        tuple(incident(n, state=one) for n, one in enumerate(IncidentState)),
        tuple(change(n, state=one) for n, one in enumerate(ChangeState)),
    )
    paths = {row.path for row in listed(papers)}
    documents = {one.path for one in papers.incidents} | {one.path for one in papers.changes}
    assert paths == documents


def test_two_files_of_one_id_are_two_rows() -> None:
    twice = (incident(), msgspec.structs.replace(incident(), path="incidents/2026/copy.md"))
    assert len({row.key for row in listed(Papers(KEPT, twice))}) == 2


def test_whether_a_change_may_start_is_told_by_the_rule_itself() -> None:
    held = Calendar((), (freeze("month end", Level.HARD, Period(T0 - HOUR, T0 + HOUR / 2)),))
    (row,) = listed(Papers(KEPT, changes=(approved(),), calendar=held))
    assert not row.may_start and row.opens == T0 + HOUR / 2
    assert row.note.startswith("the hard freeze month end is in force until 2026-11-22 03:46 UTC")
    (row,) = listed(Papers(KEPT, changes=(approved(),)))
    assert row.may_start
    over = Plan(services=("redis",), window=Period(T0 - DAY, T0 - HOUR))
    (row,) = listed(Papers(KEPT, changes=(approved(plan=over),)))
    assert not row.may_start and row.opens is None and row.note_ink is Ink.WARNING
    assert "its window is over" in row.note


def test_what_is_owed_is_late_from_its_moment_on_and_each_thing_stands_once() -> None:
    papers = usual()
    owed = [row for row in listed(papers) if row.word in ("owed", "overdue")]
    assert [(row.word, row.who) for row in owed] == [("overdue", "mei"), ("owed", "mei")]
    assert owed[0].ink is Ink.WARNING
    everything = [row.key for row in listed(papers, Shown.OWED) if row.due is not None]
    assert len(everything) == len(set(everything)) == len(papers.nags)


def test_of_what_is_closed_the_latest_are_shown_and_how_many_there_are() -> None:
    many = Papers(KEPT, tuple(closed(number) for number in range(1, 41)))
    rows = listed(many)
    assert [visible(row.title) for row in rows[:2]] == ["over 1", "over 2"]
    assert len(rows) == 20 and headed(many) == ["closed: 20 of 40, tab shows all"]
    assert len(listed(many, Shown.INCIDENTS)) == 40


def test_a_file_with_faults_says_the_first_of_them() -> None:
    faulty = msgspec.structs.replace(incident(), faults=("x.md:3:1: expected a date",))
    papers = Papers(KEPT, (faulty,), nags=nags([faulty.incident]))
    row = listed(papers)[0]
    assert row.note == "fault: x.md:3:1: expected a date" and row.note_ink is Ink.WARNING


# Keys


async def test_tab_goes_from_kind_to_kind_and_esc_back_to_all() -> None:
    async with journal_on() as (console, pilot, _):
        seen = []
        for _ in range(4):
            await pilot.press("tab")
            await pilot.pause()
            seen.append((screen_of(console).shown, len(screen_of(console).list.rows)))
        assert [one for one, _ in seen] == [
            Shown.INCIDENTS, Shown.CHANGES, Shown.OWED, Shown.ALL,
        ]  # fmt: skip
        assert len({count for _, count in seen}) > 1
        await pilot.press("tab")
        await pilot.pause()
        assert "incidents only" in console.text and "tab shows changes" in console.text
        await pilot.press("escape")
        await pilot.pause()
        assert screen_of(console).shown is Shown.ALL and "only" not in console.lines[2]


async def test_an_update_never_moves_the_row_away_under_the_hand() -> None:
    async with journal_on() as (console, pilot, _):
        await pilot.press("j", "j")
        key = screen_of(console).list.cursor_key
        fresh = incident(9, "another one", severity=Priority.P0)
        papers = usual()
        show(console, msgspec.structs.replace(papers, incidents=(fresh, *papers.incidents)))
        await until(pilot, lambda: bool(screen_of(console).list.deferred))
        assert screen_of(console).list.cursor_key == key
        console.clock.advance(3.0)
        screen_of(console).tick(console.clock.now())
        await until(pilot, lambda: "another one" in console.text)
        assert screen_of(console).list.cursor_key == key


async def test_an_empty_journal_says_what_to_press_and_where_it_will_be() -> None:
    async with journal_on(Papers(JournalStatus(JournalState.NONE, FOLDER))) as (console, _, _):
        assert "i opens an incident" in console.text and "c writes a change" in console.text
        assert f"its folder is made with the first document:\n  {FOLDER}" in console.text
        assert "i incident  c change" in console.lines[-1]


async def test_a_journal_that_was_not_read_does_not_say_that_nothing_is_owed() -> None:
    status = JournalStatus(JournalState.FAULT, FOLDER, cause="it is a file")
    async with journal_on(Papers(status, unread="it is a file")) as (console, pilot, _):
        assert "nothing is known: it is a file" in console.text
        for _ in range(3):
            await pilot.press("tab")
            await pilot.pause()
            assert "nothing is known: it is a file" in console.text
        assert "nothing is owed" not in console.text


async def test_a_fault_of_the_journal_stays_in_sight_with_what_to_do() -> None:
    status = JournalStatus(
        JournalState.DIVERGED, FOLDER, 3, "3 commits here, 2 there", "one history",
        "git pull --rebase, then :sync",
    )  # fmt: skip
    papers = msgspec.structs.replace(usual(), status=status)
    async with journal_on(papers) as (console, pilot, _):
        for _ in range(2):
            assert console.lines[2] == "journal diverged: 3 commits here, 2 there"
            assert console.lines[3] == (
                "expected: one history; to do: git pull --rebase, then :sync"
            )
            await pilot.press("G")
            await pilot.pause()
        show(console, usual())
        await until(pilot, lambda: "diverged" not in console.text)


async def test_a_copy_names_the_document_and_its_file() -> None:
    async with journal_on() as (console, pilot, _):
        copied: list[str] = []
        console.app.copy = lambda text, what, **_: copied.append(visible(text))  # type: ignore[method-assign]
        await pilot.press("j", "y")
        assert copied == [f"INC-20261122-001 {FOLDER}/incidents/2026/INC-20261122-001.md"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Sheet("x", b"---\nopened: never \x1b]0;x\x07\n", "b"), "opened: never ^[]0;x^G"),
        (JournalFault(Problem.PLACE, "it is a link", "a file", "remove it"), "it is a link"),
    ],
)
async def test_a_broken_file_is_shown_with_its_faults_and_what_stands_in_it(
    found: Sheet | JournalFault, said: str
) -> None:
    papers = Papers(KEPT, broken=usual().broken)
    async with journal_on(papers) as (console, pilot, desk):
        desk.sheets[papers.broken[0].path] = found
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(console.app.screen, Overlay))
        await pilot.pause()
        assert ":3:7: expected a date" in console.text and said in console.text


@pytest.mark.parametrize(
    ("keys", "dropped"), [(["enter"], []), (["tab", "enter"], ["INC-20261122-001"])]
)
async def test_a_draft_is_thrown_away_only_after_a_yes(keys: list[str], dropped: list[str]) -> None:
    async with journal_on() as (console, pilot, desk):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        await pilot.pause()
        console.clock.advance(1.0)
        await pilot.press(*keys)
        await until(pilot, lambda: isinstance(console.app.screen, JournalScreen))
        await until(pilot, lambda: not console.app.screen.workers._workers)
        assert desk.dropped == dropped


async def test_only_drafts_that_nobody_has_open_are_thrown_away() -> None:
    papers = Papers(KEPT, (incident(),), drafts=(draft(is_open=True),))
    async with journal_on(papers) as (console, pilot, desk):
        await pilot.press("x")
        await pilot.pause()
        assert "another console of yours has it open" in console.lines[-1]
        await pilot.press("j", "x")
        await pilot.pause()
        assert "only a draft is thrown away" in console.lines[-1]
        assert isinstance(console.app.screen, JournalScreen) and not desk.dropped


# Search


def hits() -> tuple[Found, ...]:
    return (
        Found("incidents/a.md", "INC-20261122-003", "支付网关 times out", 12, "支付网关 timed out"),
        Found("reports/daily/2026-11-22.md", "", "", 3, "…" * 80 + " 支付网关 was slow"),
    )


async def test_what_was_found_is_listed_with_its_line_and_wide_signs_are_aligned() -> None:
    async with journal_on() as (console, pilot, desk):
        desk.found = hits()
        await typed(pilot, "slash", "支付网关")
        await until(pilot, lambda: isinstance(console.app.screen, FoundScreen))
        await pilot.pause()
        assert desk.searched == ["支付网关"]
        first, second = console.lines[4:6]
        assert "INC-20261122-003" in first and "支付网关 timed" in first
        assert "支付网关 was" in second and "report           daily 2026-11-22" in second
        edge = [cell_width(line[: line.index(number)]) for line, number in
                ((first, " 12 "), (second, "  3 "))]  # fmt: skip
        assert edge[0] == edge[1]
        path = "reports/daily/2026-11-22.md"
        desk.sheets[path] = Sheet(path, "# Daily report\n支付网关 was slow\n".encode())
        await pilot.press("j", "enter")
        await until(pilot, lambda: "# Daily report" in console.text)
        assert "支付网关 was slow" in console.text
        await pilot.press("escape", "escape")
        await until(pilot, lambda: isinstance(console.app.screen, JournalScreen))


async def test_a_search_by_its_word_and_one_that_finds_nothing() -> None:
    async with journal_on() as (console, pilot, desk):
        await typed(pilot, "colon", "search no such thing")
        await until(pilot, lambda: isinstance(console.app.screen, FoundScreen))
        assert desk.searched == ["no such thing"]
        await until(pilot, lambda: "in which no such thing stands" in console.text)


async def test_what_was_found_late_comes_in_front_of_nothing_that_is_typed() -> None:
    async with journal_on() as (console, pilot, desk):
        desk.gate = asyncio.Event()
        await typed(pilot, "slash", "redis")
        await until(pilot, lambda: bool(desk.searched))
        await pilot.press("colon")
        gate = desk.gate
        console.app.engine.tell(lambda _: gate.set())
        await until(pilot, lambda: not screen_of(console).workers._workers)
        assert isinstance(console.app.screen, JournalScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_hostile_titles_lines_and_faults_are_shown_and_never_obeyed(
    size: tuple[int, int],
) -> None:
    papers = Papers(
        KEPT, tuple(incident(number, attack) for number, attack in enumerate(ATTACKS[:30]))
    )
    async with journal_on(papers, size=size) as (console, pilot, desk):
        desk.found = tuple(Found(one, "", one, 1, f"x {one} redis") for one in ATTACKS)
        shown = console.text
        await typed(pilot, "slash", "redis")
        await until(pilot, lambda: isinstance(console.app.screen, FoundScreen))
        await pilot.pause()
        for text in (shown, console.text):
            assert not {"\x1b", "\x07", "\u202e"}.intersection(text)
            assert all(cell_width(line) <= size[0] for line in text.split("\n"))


# The app


async def test_a_draft_of_an_earlier_console_is_told_once_and_not_over_a_warning() -> None:
    said = "1 draft was not saved: 4 shows it"
    async with world_on(Papers(KEPT)) as (console, pilot, _):
        console.app.say("the audit cannot be written", warning=True)
        show(console, usual())
        await until(pilot, lambda: bool(console.app.fresh and console.app.fresh.papers.drafts))
        assert said not in console.app.notices and "the audit" in console.lines[-1]
        console.clock.advance(7.0)
        for _ in range(2):
            show(console, usual())
            await until(pilot, lambda: said in console.app.notices)
        await pilot.pause()
        assert console.app.notices.count(said) == 1 and said in console.lines[-1]


async def test_a_draft_that_is_typed_now_is_no_news() -> None:
    mine = (draft(saved_at=T0 + HOUR), draft("new-1", is_open=True))
    async with world_on(Papers(KEPT, drafts=mine)) as (console, pilot, _):
        await pilot.pause()
        assert not any("not saved" in one for one in console.app.notices)


async def test_the_calendar_is_one_key_away() -> None:
    async with journal_on() as (console, pilot, _):
        await pilot.press("C")
        await until(pilot, lambda: isinstance(console.app.screen, CalendarScreen))
        await pilot.press("4")
        await until(pilot, lambda: isinstance(console.app.screen, JournalScreen))


async def test_a_sync_says_what_came_of_it() -> None:
    async with journal_on() as (console, pilot, desk):
        desk.status = JournalStatus(
            JournalState.OFFLINE, FOLDER, 0, "no route to git.example", "an answer", ":sync again"
        )
        await typed(pilot, "colon", "sync")
        await until(pilot, lambda: "no route to git.example" in console.lines[-1])


def test_a_sync_without_a_remote_says_that_there_is_none() -> None:
    assert sync_text(KEPT, shared=False).startswith("there is no remote")
    pushed = JournalStatus(JournalState.PUSHED, FOLDER)
    assert sync_text(pushed, shared=True).startswith("journal pushed")
    ahead = JournalStatus(JournalState.AHEAD, FOLDER, 2)
    assert sync_text(ahead, shared=True) == "journal 2 ahead"
