"""Reports are archived whole or not at all, over nobody's words, and can be taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from console.journal.disk import Disk
from console.journal.errors import JournalFault, Problem
from console.journal.seal import REPORT, below_seal
from console.model.acting import Ended
from console.model.paper_wish import KeepReport
from console.safety.files import FileError
from tests.actions.paper_desk import PaperDesk, desks
from tests.journal.folder import git, is_sound

Told = Callable[[PaperDesk, PaperDesk], Awaitable[None]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One journal for all; each test has days of its own."""
    return tmp_path_factory.mktemp("reports") / "journal"


def two(folder: Path, told: Told) -> None:
    async def run() -> None:
        kai, mei = await desks(folder, "kai", "mei")
        await told(kai, mei)

    asyncio.run(run())


def _report(day: str, said: str = "all was well") -> KeepReport:
    stem = f"reports/daily/{day}"
    return KeepReport(
        f"Daily report {day}",
        (
            (f"{stem}.md", f"# Daily report {day}\n\n{said}\n".encode()),
            (f"{stem}.json", f'{{"said": "{said}"}}\n'.encode()),
            (f"{stem}.html", f"<p>{said}</p>\n".encode()),
        ),
    )


def _subjects(folder: Path, day: str) -> list[str]:
    path = f"reports/daily/{day}.md"
    return git(folder, "log", "--format=%an %s", "--", path).splitlines()


def test_a_report_is_one_commit_that_names_it_and_its_audit(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        outcome = (await kai.did(_report("2026-11-01"))).outcome
        assert outcome.text == "archived reports/daily/2026-11-01.md"
        assert _subjects(folder, "2026-11-01") == ["kai Daily report 2026-11-01: archived"]
        shown = git(folder, "show", "--name-only", "--format=%B")
        assert f"Audit: {'ab' * 32}" in shown and "Intent: 7f3a2c00" in shown
        for ending in ("md", "json", "html"):
            assert f"reports/daily/2026-11-01.{ending}" in shown
        assert git(folder, "status", "--porcelain") == ""
        (event,) = await mei.bench.recorder.between(kai.doing().now, kai.doing().now)
        assert (event.kind, event.text, event.who) == ("report", "archived", "kai")

    two(folder, told)


def test_another_report_of_the_day_takes_its_place_and_what_stands_below_stays(
    folder: Path,
) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(_report("2026-11-02"))
        place = folder / "reports/daily/2026-11-02.md"
        place.write_bytes(place.read_bytes() + b"We talked about it. -- mei\n")
        await mei.did(_report("2026-11-02", "it was not"))
        text = place.read_bytes()
        assert b"it was not" in text and b"all was well" not in text
        assert text.endswith(b"stays -->\nWe talked about it. -- mei\n")
        assert b"it was not" in place.with_suffix(".json").read_bytes()
        assert len(_subjects(folder, "2026-11-02")) == 2

    two(folder, told)


@pytest.mark.parametrize("ending", ["md", "json", "html"])
def test_what_a_person_changed_in_it_is_told_and_not_overwritten(folder: Path, ending: str) -> None:
    day = {"md": "2026-11-03", "json": "2026-11-04", "html": "2026-11-05"}[ending]

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(_report(day))
        place = folder / f"reports/daily/{day}.{ending}"
        theirs = place.read_bytes().replace(b"well", b"awful")
        place.write_bytes(theirs)
        before = git(folder, "rev-parse", "HEAD")
        outcome = await mei.told(_report(day, "new"))
        assert outcome.ended is Ended.FAILED
        assert outcome.clash is not None and outcome.clash.theirs.content == theirs
        assert place.read_bytes() == theirs
        assert git(folder, "rev-parse", "HEAD") == before
        for other in ("md", "json", "html"):
            assert b"new" not in place.with_suffix(f".{other}").read_bytes()

    two(folder, told)


@pytest.mark.parametrize("rooms", [(1, 2), (2, 1)])
def test_one_whose_writing_broke_off_is_archived_by_the_next_try(
    folder: Path, monkeypatch: pytest.MonkeyPatch, rooms: tuple[int, int]
) -> None:
    """Also where it broke off twice: the first left another form behind than the second."""
    day = f"2026-11-{10 + rooms[0]}"

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(_report(day))
        write, written = Disk.write, list[str]()

        def full(disk: Disk, path: str, content: bytes, *, new: bool = False) -> None:
            if path.startswith("reports/"):
                if len(written) >= room:
                    raise FileError(Path(path), "No space left on device", expected="room")
                written.append(path)
            write(disk, path, content, new=new)

        monkeypatch.setattr(Disk, "write", full)
        for room in rooms:
            written.clear()
            outcome = await kai.told(_report(day, f"with room for {room}"))
            assert outcome.ended is Ended.FAILED and "No space left" in outcome.text
            assert len(written) == room
        monkeypatch.undo()
        await mei.did(_report(day, "at last"))
        for ending in ("md", "json", "html"):
            assert b"at last" in (folder / f"reports/daily/{day}.{ending}").read_bytes()
        assert day not in git(folder, "status", "--porcelain", "reports")

    two(folder, told)


def test_taking_it_back_has_the_earlier_files_again_or_none(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        first = await kai.did(_report("2026-11-06"))
        second = await kai.did(_report("2026-11-06", "second"))
        place = folder / "reports/daily/2026-11-06.md"
        assert second.inverse is not None and first.inverse is not None
        refused = await mei.refused(first.inverse)  # type: ignore[arg-type]
        assert "somebody has written to reports/daily/2026-11-06.md since" in refused
        await kai.did(second.inverse)  # type: ignore[arg-type]
        assert b"all was well" in place.read_bytes()
        await kai.did(first.inverse)  # type: ignore[arg-type]
        assert not any((folder / "reports/daily").glob("2026-11-06.*"))
        assert _subjects(folder, "2026-11-06")[0] == "kai Daily report 2026-11-06: taken back"
        assert is_sound(folder)

    two(folder, told)


def test_two_consoles_that_archive_the_same_day_at_once_both_land(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        ended = await asyncio.gather(
            kai.told(_report("2026-11-07", "by kai")), mei.told(_report("2026-11-07", "by mei"))
        )
        assert [one.ended for one in ended] == [Ended.DONE, Ended.DONE]
        forms = {
            ending: (folder / f"reports/daily/2026-11-07.{ending}").read_bytes()
            for ending in ("md", "json", "html")
        }
        (who,) = {b"by kai" in one for one in forms.values()}
        assert (b"by mei" in forms["md"]) is not who
        assert len(_subjects(folder, "2026-11-07")) == 2

    two(folder, told)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("reports/../../etc/passwd", "begins with `.`"),
        ("reports/daily/../../x.md", "begins with `.`"),
        ("/etc/passwd", "does not lie below"),
        ("incidents/2026/INC-20261122-7f3.md", "does not lie below reports"),
        ("reports/.git/config", "begins with `.`"),
        ("reports/daily/-rf.md", "begins with"),
        ("reports/daily/a\x1b[2J.md", "characters that cannot stand in a name"),
        ("reports/inspection/2026-11-22.md", "where inspections lie"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused_and_nothing_is_written(
    folder: Path, path: str, said: str
) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        good = ("reports/daily/2026-11-08.md", b"x")
        refused = await kai.refused(KeepReport("a report", (good, (path, b"y"))))
        assert said in refused and "\x1b" not in refused
        assert not (folder / good[0]).exists()

    two(folder, told)


def test_an_empty_report_and_one_of_too_many_files_are_refused(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        assert "1 to 20 files" in await kai.refused(KeepReport("a report", ()))
        many = tuple((f"reports/daily/{n}.md", b"x") for n in range(21))
        assert "1 to 20 files" in await kai.refused(KeepReport("a report", many))
        twice = (("reports/daily/1.md", b"x"), ("reports/daily/1.md", b"y"))
        assert "twice" in await kai.refused(KeepReport("a report", twice))

    two(folder, told)


def test_where_nothing_can_be_committed_it_says_so(folder: Path) -> None:
    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        kai.fault = JournalFault(Problem.FULL, "the disk is full", "room", "make some")
        outcome = await kai.told(_report("2026-11-09"))
        assert outcome.ended is Ended.FAILED and "the disk is full" in outcome.text
        lock = folder / ".git/rebase-merge"
        lock.mkdir()
        try:
            kept = await mei.told(_report("2026-11-09"))
        finally:
            lock.rmdir()
        assert kept.ended is Ended.KEPT
        assert kept.text.startswith("Daily report 2026-11-09 is on disk, in no commit yet: ")
        assert below_seal((folder / "reports/daily/2026-11-09.md").read_bytes(), REPORT) == b""

    two(folder, told)


def test_a_seal_in_the_text_itself_seals_nothing(folder: Path) -> None:
    fake = f"<!-- oncall:end report {'0' * 64}, what is written below this line stays -->"

    async def told(kai: PaperDesk, mei: PaperDesk) -> None:
        await kai.did(_report("2026-11-10", f"\n{fake}\n"))
        await kai.did(_report("2026-11-10", "plain"))
        text = (folder / "reports/daily/2026-11-10.md").read_text()
        assert fake not in text and "plain" in text

    two(folder, told)
