"""The library: all documents, the newest first, whatever lies in the folder beside them."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from console.journal import disk
from console.journal.bench import Bench
from console.journal.change_text import CHANGES
from console.journal.happenings import line_of
from console.journal.incident_text import INCIDENTS
from console.journal.language import Language
from console.journal.library import Shelf
from console.journal.places import document_path
from console.model.change import Approval, Change, Plan, approvers_of, plan_hash
from console.model.event import Event, EventKind
from console.model.incident import Incident, IncidentProse, IncidentState
from console.model.papers import Found
from console.safety.files.fault import as_fault
from tests.journal.benches import AT, FIRED, REDIS, bench_in
from tests.journal.folder import git

pytestmark = pytest.mark.real("git")

UPGRADE = Change("CHG-20261121-9b1", "redis 7.2.6", "kai", AT, plan=Plan(steps="x"))


def put(bench: Bench, path: str, content: bytes | str) -> Path:
    """As a person saves a file, without the console."""
    file = bench.journal.folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def file_of(bench: Bench, document: Incident | Change, path: str = "") -> str:
    """`document` in its file, of which the path is told."""
    text = INCIDENTS if isinstance(document, Incident) else CHANGES
    path = path or document_path(document.id, document.title)
    put(bench, path, text.new(document, Language.ENGLISH, [FIRED]).content)  # type: ignore[arg-type]
    return path


def out_of_files(path: Path, max_bytes: int, *, follow: bool) -> bytes:
    """What reading comes to for a process that has every file open that it may."""
    with as_fault(path, "a plain file that can be read"):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def ids(shelf: Shelf) -> list[str]:
    return [one.incident.id for one in shelf.incidents]


async def test_documents_come_the_newest_first_by_the_day_of_their_id(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j")
    assert await bench.library.read() == Shelf()
    for document_id, hours in (
        ("INC-20261122-aaa", 3),
        ("INC-20261123-bbb", 1),  # written down late, and by a clock that was wrong
        ("INC-20261122-ccc", 5),
        ("INC-20251231-ddd", 9),
    ):
        opened = AT + timedelta(hours=hours)
        file_of(bench, msgspec.structs.replace(REDIS, id=document_id, opened=opened))
    path = file_of(bench, UPGRADE)

    shelf = await bench.library.read()

    assert [one[-3:] for one in ids(shelf)] == ["bbb", "ccc", "aaa", "ddd"]
    assert [(one.path, one.faults) for one in shelf.changes] == [(path, ())]
    assert shelf.changes[0].change == UPGRADE
    assert shelf.broken == ()
    found = await bench.library.incident("INC-20261122-ccc")
    assert found is not None
    assert found.blob == git(bench.journal.folder, "hash-object", found.path)
    assert await bench.library.incident("INC-20261122-zzz") is None
    assert await bench.library.change(UPGRADE.id) == shelf.changes[0]


async def test_what_somebody_changed_is_seen_and_the_rest_is_not_read_again(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j")
    path = file_of(bench, REDIS)
    file_of(bench, UPGRADE)
    first = await bench.library.read()
    assert await bench.library.read() is first

    file = bench.journal.folder / path
    file.write_text(file.read_text().replace("state: open", "state: mitigated"))
    second = await bench.library.read()
    assert second.incidents[0].incident.state is IncidentState.MITIGATED
    assert second.changes[0] is first.changes[0]

    before = file.stat()
    same_size = file.read_text().replace("redis down", "redis dawn", 1)
    other = tmp_path / "other"
    other.write_text(same_size)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(file)
    assert file.stat().st_size == before.st_size
    assert (await bench.library.read()).incidents[0].incident.title == "redis dawn"

    file.unlink()
    assert (await bench.library.read()).incidents == ()


async def test_a_faulty_document_is_shown_with_what_is_wrong_or_as_broken(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j")
    good = INCIDENTS.new(REDIS, Language.ENGLISH).text
    half = document_path(REDIS.id, "half")
    put(bench, half, good.replace("state: open", "state: shut"))
    put(bench, "incidents/2026/INC-20261122-001-torn.md", "---\nid: a: b\n---\n")
    put(bench, "incidents/2026/INC-20261122-002-empty.md", b"")
    put(bench, "incidents/2026/INC-20261122-003-binary.md", bytes(range(256)) * 40)
    put(bench, "incidents/2026/INC-20261122-004-huge.md", good + "x" * 9_000_000)
    put(bench, "incidents/2026/by-hand.md", "---\nid: INC-20261122-005\n---\n")
    put(bench, "incidents/README.md", "# How we write incidents\n")

    shelf = await bench.library.read()

    (one,) = shelf.incidents
    assert (one.path, one.incident.title) == (half, "redis down")
    assert "INC-20261122-7f3-half.md:5:8: state: expected one of open" in one.faults[0]
    said = {paper.path.rpartition("/")[2]: paper.faults[0] for paper in shelf.broken}
    assert list(said) == [
        "INC-20261122-001-torn.md",
        "INC-20261122-002-empty.md",
        "INC-20261122-003-binary.md",
        "INC-20261122-004-huge.md",
        "by-hand.md",
    ]
    assert said["INC-20261122-001-torn.md"].startswith("INC-20261122-001-torn.md:2:6: expected no")
    assert "expected at most 8,388,608 characters" in said["INC-20261122-004-huge.md"]
    assert all(text.isprintable() for text in said.values())


async def test_what_is_no_plain_file_of_the_journal_is_said_and_not_followed(
    tmp_path: Path,
) -> None:
    bench = await bench_in(tmp_path / "j")
    good = INCIDENTS.new(REDIS, Language.ENGLISH).text
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "INC-20261122-7f3-secret.md").write_text(good)
    year = bench.journal.folder / "incidents" / "2026"
    year.mkdir(parents=True)
    (year / "INC-20261122-001-link.md").symlink_to(outside / "INC-20261122-7f3-secret.md")
    (bench.journal.folder / "incidents" / "2025").symlink_to(outside)
    put(bench, "incidents/2024/INC-20241122-001-x.md", good)
    (bench.journal.folder / "incidents" / "2024" / ".git").mkdir()
    (bench.journal.folder / "changes").symlink_to(outside)
    os.mkfifo(year / "INC-20261122-002-pipe.md")
    (year / "INC-20261122-003-folder.md").mkdir()
    (year / ".#INC-20261122-004-emacs.md").symlink_to("kai@laptop.1234")
    put(bench, "incidents/2026/INC-20261122-7f3/attached.md", good)
    put(bench, "incidents/2026/INC-20261122-005-\u202egnp.md", "---\nid: [\n---\n")

    shelf = await bench.library.read()

    assert (shelf.incidents, shelf.changes) == ((), ())
    assert {paper.path: paper.faults[0].partition(": ")[2] for paper in shelf.broken[:5]} == {
        "changes": "is a symbolic link",
        "incidents/2024": "is a repository of its own",
        "incidents/2025": "is a symbolic link",
        "incidents/2026/INC-20261122-001-link.md": "is a symbolic link",
        "incidents/2026/INC-20261122-002-pipe.md": "is no plain file",
    }
    assert len(shelf.broken) == 6
    assert shelf.broken[5].faults[0].startswith("INC-20261122-005-<U+202E>gnp.md:")
    assert await bench.library.read() is shelf


async def test_one_id_in_two_files_is_said_of_both_and_neither_is_approved(tmp_path: Path) -> None:
    bench = await bench_in(tmp_path / "j")
    agreed = Approval("mei", AT, plan_hash(UPGRADE.plan))
    approved = msgspec.structs.replace(UPGRADE, approvals=(agreed,))
    one = file_of(bench, approved)
    assert approvers_of((await bench.library.read()).changes[0].change) == ("mei",)
    other = file_of(bench, approved, f"changes/2026/{UPGRADE.id}-copy.md")
    alone = msgspec.structs.replace(approved, id="CHG-20261121-zzz")
    stranger = file_of(bench, alone, "changes/2026/CHG-20261121-qqq-mine.md")
    foreign = file_of(
        bench, msgspec.structs.replace(approved, id="INC-20261121-ddd"), "changes/x.md"
    )

    changes = {paper.path: paper for paper in (await bench.library.read()).changes}

    assert f"{UPGRADE.id} stands in {other} too" in changes[one].faults[0]
    assert f"{UPGRADE.id} stands in {one} too" in changes[other].faults[0]
    assert "is named for CHG-20261121-qqq, and CHG-20261121-zzz" in changes[stranger].faults[0]
    assert "expected an id such as CHG-20261122-7f3" in changes[foreign].faults[0]
    assert all(approvers_of(paper.change) == () for paper in changes.values())

    (bench.journal.folder / other).unlink()
    assert (await bench.library.read()).changes[-1].faults == ()


async def test_a_file_that_could_not_be_read_is_tried_again_though_it_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await bench_in(tmp_path / "j")
    path = file_of(bench, REDIS)
    with monkeypatch.context() as patch:
        patch.setattr(disk, "read_capped", out_of_files)
        shelf = await bench.library.read()
        assert await bench.library.read() is shelf
    assert [(one.path, one.faults) for one in shelf.broken] == [
        (path, (f"{path[15:]}: Too many open files (expected a plain file that can be read)",))
    ]

    assert ids(await bench.library.read()) == [REDIS.id]


@pytest.fixture
async def searched(tmp_path: Path) -> Bench:
    bench = await bench_in(tmp_path / "j")
    prose = IncidentProse(what="Ｒｅｄｉｓ 停了\nno answer on :6379", how="caf\u00e9 ｶﾞﾗｽ high_load")
    file_of(bench, msgspec.structs.replace(REDIS, prose=prose))
    file_of(bench, UPGRADE)
    put(bench, "reports/daily/2026-11-22.md", "# Day\r\n\r\nredis was down\r\n")
    happened = [
        Event(AT + timedelta(minutes=n), EventKind.NOTE, "redis@data", text, "kai")
        for n, text in enumerate(("looking", 'said "no"', "looking again"))
    ]
    put(bench, "events/2026-11-22/kai-laptop.jsonl", b"".join(map(line_of, happened)))
    put(bench, "incidents/2026/INC-20261122-00b-torn.md", b"---\nid: [\n---\nredis \xff torn\n")
    return bench


async def hits(bench: Bench, text: str, most: int = 200) -> list[str]:
    """Where `text` was found: the file's name and the line."""
    found = await bench.library.search(text, most)
    return [f"{each.path.rpartition('/')[2]} {each.text}" for each in found]


async def test_search_finds_lines_whatever_their_case_width_and_form(searched: Bench) -> None:
    (line,) = await searched.library.search("６３７９")
    assert line == Found(
        document_path(REDIS.id, REDIS.title),
        REDIS.id,
        "redis down",
        line.line,
        "no answer on :6379",
    )
    text = (searched.journal.folder / line.path).read_text().split("\n")
    assert text[line.line - 1] == line.text

    for wanted in ("停", "redis 停", "ＲＥＤＩＳ　停了"):
        assert "INC-20261122-7f3-redis-down.md Ｒｅｄｉｓ 停了" in await hits(searched, wanted)
    for wanted in ("CAFE\u0301", "caf\u00e9", "ガラス", "high_load", r"high\_load"):
        assert len(await hits(searched, wanted)) == 1, wanted
    assert await hits(searched, " \t\u3000") == []
    assert await hits(searched, "nowhere at all") == []


async def test_search_finds_broken_documents_reports_and_events_in_words(searched: Bench) -> None:
    every = await hits(searched, "redis")
    names = [each.partition(" ")[0] for each in every]
    assert list(dict.fromkeys(names)) == [
        "INC-20261122-7f3-redis-down.md",
        "CHG-20261121-9b1-redis-7-2-6.md",
        "INC-20261122-00b-torn.md",
        "2026-11-22.md",
        "kai-laptop.jsonl",
    ]
    assert "2026-11-22.md redis was down" in every
    assert await hits(searched, "looking redis") == [
        "kai-laptop.jsonl 2026-11-22 03:16:00 UTC note redis@data looking again (kai)",
        "kai-laptop.jsonl 2026-11-22 03:14:00 UTC note redis@data looking (kai)",
    ]
    assert len(await hits(searched, '"no"')) == 1
    assert await hits(searched, "subject") == []  # a name of a field, which nobody wrote
    assert await hits(searched, "redis", 3) == every[:3]


async def test_a_line_without_an_end_is_cut_around_what_was_found(searched: Bench) -> None:
    put(searched, "reports/daily/2026-11-21.md", "x" * 300_000 + "needle" + "y" * 300_000)
    put(searched, "reports/daily/2026-11-20.md", "a\u0301\u0323" * 200_000)  # slow to normalize
    (found,) = await searched.library.search("NEEDLE")

    assert "xneedley" in found.text
    assert found.text.startswith("…x")
    assert found.text.endswith("y…")
    assert len(found.text) == 1_002
