"""Ticks of the daily inspection: from two consoles at once, by hand, and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from config.history import InspectionSettings, ItemEntry, Summary
from console.journal.inspection import (
    AskedItem,
    Inspected,
    inspection_path,
    read_inspection,
    written_inspection,
)
from console.journal.language import Language
from console.model.acting import Ended
from console.model.daily import Tick
from console.model.paper_wish import TickInspection
from console.model.papers import BrokenPaper, Sheet
from tests.actions.paper_desk import NIGHT, PaperDesk, desks
from tests.hostile import ATTACKS
from tests.journal.folder import git, is_sound

Told = Callable[[PaperDesk, PaperDesk], Awaitable[None]]
DAY = date(2026, 11, 1)
ASKED = (
    AskedItem("crash-rate", "Crash rate of yesterday"),
    AskedItem("backups", "Daily snapshot is there"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One journal for all; each test has a day of its own."""
    return tmp_path_factory.mktemp("inspection") / "journal"


def two(folder: Path, told: Told) -> None:
    async def run() -> None:
        kai, mei = await desks(folder, "kai", "mei")
        items = tuple(ItemEntry(name=one.name, text=one.text) for one in ASKED)
        for one in (kai, mei):
            one.summary = Summary(inspection=InspectionSettings(items=items))
        await told(kai, mei)

    asyncio.run(run())


async def _ticks(desk: PaperDesk, day: date) -> tuple[Tick, ...]:
    (found,) = await desk.bench.library.inspections([day])
    assert isinstance(found, Inspected), found
    return found.ticks


def test_a_tick_is_a_commit_and_reads_as_a_task_list(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        wish = TickInspection(DAY, "crash-rate", True, 0.12, "as ever")
        outcome = (await kai.did(wish)).outcome
        assert outcome.text == "crash-rate: ok, 0.12: as ever"
        (tick,) = await _ticks(mei, DAY)
        assert tick == Tick("crash-rate", NIGHT, "kai", True, 0.12, "as ever")
        text = (folder / inspection_path(DAY)).read_text()
        assert "- [x] Crash rate of yesterday: **ok, 0.12** (2026-11-01" not in text
        assert (
            "- [x] Crash rate of yesterday: **ok, 0.12** (2026-11-22 03:14:00 UTC `kai`): `as ever`"
        ) in text
        assert "- [ ] Daily snapshot is there" in text
        subject = git(folder, "log", "-1", "--format=%an %s")
        assert subject == "kai inspection 2026-11-01 crash-rate: ok, 0.12: as ever"
        assert "Intent: 7f3a2c00" in git(folder, "log", "-1", "--format=%b")

    two(folder, told)


def test_two_consoles_that_tick_at_once_lose_nothing(folder: Path) -> None:
    day = DAY + timedelta(days=1)

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        wishes = [
            who.told(TickInspection(day, item, True, number, f"{who.who} {number}"))
            for number in range(3)
            for who in (kai, mei)
            for item in ("crash-rate", "backups")
        ]
        ended = await asyncio.gather(*wishes)
        assert {one.ended for one in ended} == {Ended.DONE}
        ticks = await _ticks(mei, day)
        assert len(ticks) == 12
        assert {(one.by, one.item, one.value) for one in ticks} == {
            (who, item, number)
            for who in ("kai", "mei")
            for item in ("crash-rate", "backups")
            for number in range(3)
        }
        assert is_sound(folder)

    two(folder, told)


def test_taking_a_tick_back_shows_the_one_before_and_undo_brings_it_again(folder: Path) -> None:
    day = DAY + timedelta(days=2)

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        first = await kai.did(TickInspection(day, "backups", True))
        second = await mei.did(TickInspection(day, "backups", False, None, "none since 3"))
        back = await kai.did(TickInspection(day, "backups", None))
        assert [one.ok for one in await _ticks(kai, day)] == [True]
        assert back.inverse is not None and first.inverse is not None
        await kai.did(back.inverse)  # type: ignore[arg-type]
        assert [one.ok for one in await _ticks(kai, day)] == [True, False]
        # Undoing mine leaves what somebody else has ticked since.
        await kai.did(first.inverse)  # type: ignore[arg-type]
        assert [one.by for one in await _ticks(kai, day)] == ["mei"]
        assert "not there any more" in await kai.refused(first.inverse)  # type: ignore[arg-type]
        await mei.did(second.inverse)  # type: ignore[arg-type]
        assert await _ticks(kai, day) == ()
        refused = await kai.refused(TickInspection(day, "backups", None))
        assert "has no tick to take back" in refused

    two(folder, told)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (TickInspection(DAY, "coffee", True), "expected one of: crash-rate, backups"),
        (TickInspection(DAY, "x\x1b[2J", True), "has no item x"),
        (TickInspection(DAY, "backups", True, float("nan")), "expected a figure"),
        (TickInspection(DAY, "backups", True, float("inf")), "expected a figure"),
        (TickInspection(DAY, "backups", True, 1e300), "expected a figure"),
        (TickInspection(DAY, "backups", True, None, "x" * 2_001), "at most 2,000 characters"),
        (TickInspection(date(1, 1, 1), "backups", True), "there is no inspection of"),
    ],
)
def test_what_cannot_be_ticked_is_refused_in_words(
    folder: Path, wish: TickInspection, said: str
) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        refused = await kai.refused(wish)
        assert said in refused and "\x1b" not in refused

    two(folder, told)


def test_a_persons_notes_in_the_file_survive_the_next_tick(folder: Path) -> None:
    day = DAY + timedelta(days=3)

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(TickInspection(day, "crash-rate", True, 0.1, "first"))
        place = folder / inspection_path(day)
        text = place.read_text()
        text = text.replace("- [ ] Daily snapshot is there", "- [ ] Daily snapshot: ask ann")
        text = text.replace("  note: first", "  note: first, and mended by hand")
        place.write_text(text + "\nThe backup host is being replaced. -- mei\n")
        await kai.did(TickInspection(day, "backups", True))
        after = place.read_text()
        assert "The backup host is being replaced. -- mei" in after
        assert "- [ ] Daily snapshot: ask ann" in after
        assert after.count("- [x] Daily snapshot is there") == 1
        notes = [one.note for one in await _ticks(mei, day)]
        assert notes == ["first, and mended by hand", ""]

    two(folder, told)


def test_a_file_with_faults_is_told_by_line_and_not_written_to(folder: Path) -> None:
    day = DAY + timedelta(days=4)

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(TickInspection(day, "crash-rate", True, 0.1))
        place = folder / inspection_path(day)
        bad = place.read_bytes().replace(b"value: 0.1", b"value: some")
        place.write_bytes(bad)
        refused = await mei.refused(TickInspection(day, "backups", True))
        assert "2026-11-05.md:" in refused and "value" in refused
        assert place.read_bytes() == bad
        (found,) = await mei.bench.library.inspections([day])
        assert isinstance(found, BrokenPaper)

    two(folder, told)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"---\n---\n",
        b"---\nschema: 2\nday: 2026-11-22\n---\n",
        b"---\nschema: 1\nday: 2026-11-23\n---\n",
        b"---\nschema: 1\nday: 2026-11-22\nticks: {a: b}\n---\n",
        b"---\nschema: 1\nday: 2026-11-22\nticks: [{item: a}]\n---\n",
        b"\xff\xfe\x00",
        b"---\n" + b"[" * 5_000 + b"\n---\n",
    ],
)
def test_what_is_no_inspection_is_a_fault_in_words(content: bytes) -> None:
    found = read_inspection(Sheet("reports/inspection/2026-11-22.md", content, "b"))
    assert isinstance(found, BrokenPaper) and all("2026-11-22.md" in one for one in found.faults)
    assert found.faults


def test_hostile_texts_come_back_as_they_are_shown_and_are_no_markup() -> None:
    tricks = (*ATTACKS, "<!-- oncall:end items -->", "## x <!-- oncall:items -->", "---", "```")
    items = (AskedItem("backups", "**bold** [x](http://evil) @all"),)
    sheet = Sheet(inspection_path(DAY))
    ticks: tuple[Tick, ...] = ()
    # Some at a time: every time the whole file is written and read.
    for first in range(0, len(tricks), 12):
        several = tricks[first : first + 12]
        ticks += tuple(Tick("backups", NIGHT, one[:60], True, None, one[:300]) for one in several)
        content = written_inspection(sheet, DAY, ticks, items, Language.ENGLISH)
        sheet = Sheet(sheet.path, content, "b")
        found = read_inspection(sheet)
        assert isinstance(found, Inspected), found
        assert len(found.ticks) == len(ticks)
        again = written_inspection(sheet, DAY, found.ticks, items, Language.ENGLISH)
        assert again == content
    body = sheet.content.decode().partition("\n---\n")[2]
    html = MarkdownIt().render(body)
    assert "<a " not in html and "<script" not in html and "<img" not in html
    assert "\x1b" not in body and "\u202e" not in body


@pytest.mark.parametrize("language", list(Language))
def test_it_is_written_in_the_language_of_the_team_and_stays_so(language: Language) -> None:
    tick = Tick("backups", NIGHT, "kai", False)
    first = written_inspection(Sheet(inspection_path(DAY)), DAY, (tick,), ASKED, language)
    words = {"en": "not ok", "zh-Hant": "異常", "zh-Hans": "异常"}
    assert words[language] in first.decode()
    sheet = Sheet(inspection_path(DAY), first, "b")
    second = written_inspection(sheet, DAY, (tick, tick), ASKED, Language.ENGLISH)
    assert words[language] in second.decode()
