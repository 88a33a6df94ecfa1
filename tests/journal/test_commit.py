"""A document is on disk and in git, byte for byte, and nothing else is touched."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from console.journal.change import Commit, Conflict, Document, Keep, Remove, Write
from console.journal.errors import JournalFault, Problem
from console.journal.repository import Journal, open_journal
from console.safety.clock import ManualClock
from tests.journal.folder import (
    KAI,
    NOON,
    PATH,
    TEXT,
    committed,
    git,
    in_head,
    is_sound,
    opened,
    opened_at_noon,
    read,
    repository,
    saved,
)

pytestmark = pytest.mark.real("git")


def everything_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


@pytest.fixture
async def journal(tmp_path: Path) -> Journal:
    return await opened(tmp_path / "journal")


async def test_a_document_is_on_disk_and_in_the_commit_byte_for_byte(journal: Journal) -> None:
    commit = await committed(journal, Write(PATH, TEXT), subject="INC-20261122-7f3: opened")
    assert (journal.folder / PATH).read_bytes() == TEXT
    assert (journal.folder / PATH).stat().st_mode & 0o777 == 0o600
    assert in_head(journal.folder) == TEXT
    assert git(journal.folder, "status", "--porcelain") == ""
    assert await journal.head() == commit.hash
    assert is_sound(journal.folder)


async def test_author_and_time_are_the_persons_and_the_clocks(tmp_path: Path) -> None:
    journal = await opened_at_noon(tmp_path / "journal")
    commit = await journal.commit([Write(PATH, TEXT)], "INC-1: opened", "Why:\nit fell")
    assert isinstance(commit, Commit)
    told = git(journal.folder, "log", "-1", "--format=%an|%ae|%cn|%aI|%cI|%B")
    date = "2026-11-22T12:00:00+00:00"
    expected = f"{KAI.name}|{KAI.email}|{KAI.name}|{date}|{date}|INC-1: opened\n\nWhy:\nit fell"
    assert told.replace("Z|", "+00:00|") == expected
    logged = await journal.log(PATH)
    assert not isinstance(logged, JournalFault)
    (one,) = logged
    assert (one.hash, one.author, one.email) == (commit.hash, KAI.name, KAI.email)
    assert (one.at, one.subject) == (NOON, "INC-1: opened")


async def test_several_files_are_one_commit(journal: Journal) -> None:
    await saved(journal, b"old")
    other = "changes/2026/CHG-20261122-9b1.md"
    before = await read(journal)
    await committed(journal, Write(other, b"new"), Remove(PATH, before.blob))
    assert git(journal.folder, "ls-tree", "-r", "--name-only", "HEAD") == other
    assert not (journal.folder / PATH).exists()
    assert git(journal.folder, "status", "--porcelain") == ""
    assert git(journal.folder, "rev-list", "--count", "HEAD") == "2"


async def test_what_is_so_already_makes_no_commit(journal: Journal) -> None:
    first = await saved(journal, TEXT)
    again = await saved(journal, TEXT)
    assert (again.hash, again.changed) == (first.hash, False)


async def test_a_file_that_changed_since_it_was_read_is_never_overwritten(
    journal: Journal,
) -> None:
    await saved(journal, b"as read")
    before = await read(journal)
    (journal.folder / PATH).write_bytes(b"by an editor")
    told = await journal.commit([Write(PATH, b"mine", before.blob)], "INC-1: x")
    assert isinstance(told, Conflict)
    assert (told.mine, told.theirs) == (b"mine", b"by an editor")
    assert (journal.folder / PATH).read_bytes() == b"by an editor"
    assert in_head(journal.folder) == b"as read"
    await committed(journal, Write(PATH, b"both", told.theirs_blob))
    assert in_head(journal.folder) == b"both"


async def test_of_several_files_none_is_written_where_one_is_in_conflict(
    journal: Journal,
) -> None:
    await saved(journal, b"there")
    free = "incidents/2026/free.md"
    told = await journal.commit([Write(free, b"x"), Write(PATH, b"new")], "INC-1: x")
    assert isinstance(told, Conflict)
    assert told.path == PATH
    assert not (journal.folder / free).exists()


async def test_a_document_that_was_removed_meanwhile_is_a_conflict(journal: Journal) -> None:
    await saved(journal, b"there")
    before = await read(journal)
    (journal.folder / PATH).unlink()
    told = await journal.commit([Write(PATH, b"mine", before.blob)], "INC-1: x")
    assert isinstance(told, Conflict)
    assert told.theirs_blob == ""


async def test_staged_work_of_the_person_survives_and_is_not_committed(tmp_path: Path) -> None:
    folder = repository(tmp_path / "journal")
    (folder / "README.md").write_text("staged\n")
    (folder / "new.md").write_text("staged too\n")
    git(folder, "add", "README.md", "new.md")
    (folder / "README.md").write_text("and more, not staged\n")
    await saved(await opened(folder), TEXT)
    assert git(folder, "status", "--porcelain").splitlines() == ["MM README.md", "A  new.md"]
    assert git(folder, "show", ":README.md") == "staged"
    assert git(folder, "diff-tree", "-r", "--name-only", "HEAD~", "HEAD") == PATH


async def test_the_persons_next_ordinary_commit_keeps_the_document(tmp_path: Path) -> None:
    folder = repository(tmp_path / "journal")
    journal = await opened(folder)
    await saved(journal, b"one")
    (folder / "README.md").write_text("changed\n")
    git(folder, "add", "README.md")
    await saved(journal, b"two")
    git(folder, "commit", "-qm", "by hand")
    assert in_head(folder) == b"two"
    assert git(folder, "diff-tree", "-r", "--name-only", "HEAD~", "HEAD") == "README.md"
    assert git(folder, "status", "--porcelain") == ""


async def test_a_stale_index_lock_is_said_and_left_and_caught_up_with(tmp_path: Path) -> None:
    folder = repository(tmp_path / "journal")
    journal = await opened(folder)
    await saved(journal, b"one")
    lock = folder / ".git" / "index.lock"
    lock.write_bytes(b"")
    os.utime(lock, (0, 0))
    told = await saved(journal, b"two")
    assert in_head(folder) == b"two"
    assert "index.lock" in told.notice
    assert "If no git runs there, remove it" in told.notice
    assert lock.exists()
    lock.unlink()
    assert git(folder, "show", f":{PATH}") == "one"
    assert (await saved(journal, b"other", "incidents/2026/other.md")).notice == ""
    git(folder, "commit", "--allow-empty", "-qm", "by hand")
    assert in_head(folder) == b"two"
    assert git(folder, "status", "--porcelain") == ""


async def test_what_was_staged_after_a_stale_lock_is_not_taken_back(tmp_path: Path) -> None:
    folder = repository(tmp_path / "journal")
    journal = await opened(folder)
    await saved(journal, b"one")
    lock = folder / ".git" / "index.lock"
    lock.write_bytes(b"")
    os.utime(lock, (0, 0))
    await saved(journal, b"two")
    lock.unlink()
    (folder / PATH).write_bytes(b"by hand")
    git(folder, "add", PATH)
    await saved(journal, b"other", "incidents/2026/other.md")
    assert git(folder, "show", f":{PATH}") == "by hand"


async def test_what_an_editor_or_an_append_left_on_disk_is_pending_until_it_is_kept(
    journal: Journal,
) -> None:
    await saved(journal, b"one")
    (journal.folder / PATH).write_bytes(b"edited")
    path = await journal.append_events([b'{"n":1}'], NOON, "Kai", "laptop")
    assert await journal.append_events([b'{"n":2}'], NOON, "Kai", "laptop") == path
    assert isinstance(path, str)
    assert await journal.pending() == (path, PATH)
    await committed(journal, Keep(path), Keep(PATH))
    assert await journal.pending() == ()
    assert in_head(journal.folder, path) == b'{"n":1}\n{"n":2}\n'


async def test_an_earlier_version_can_be_read(journal: Journal) -> None:
    first = await saved(journal, b"one")
    await saved(journal, b"two")
    old = await journal.read_committed(PATH, first.hash)
    assert isinstance(old, Document)
    assert (old.content, (await read(journal)).content) == (b"one", b"two")
    absent = await journal.read_committed("incidents/2026/none.md")
    assert isinstance(absent, Document)
    assert absent.blob == ""


@pytest.mark.parametrize(
    "path",
    [
        *("../outside.md", "incidents/../../outside.md", "/etc/passwd", "README.md", ""),
        *("incidents/.git/hooks/post-commit", "incidents//x.md", "incidents/-x.md", "incidents"),
        *("incidents/a\0b", "incidents/a\nb", "incidents/git~1/config", "incidents/\udc80"),
        *("incidents/" + "x" * 300, "incidents/a\\b", ".git/config"),
    ],
)
async def test_a_hostile_path_is_refused_in_words_and_nothing_is_written(
    journal: Journal, tmp_path: Path, path: str
) -> None:
    await saved(journal, b"there")
    before = everything_in(tmp_path)
    told = await journal.commit([Write(path, b"x")], "INC-1: x")
    assert isinstance(told, JournalFault)
    assert told.problem is Problem.PLACE
    assert told.kept == ()
    assert str(told).isprintable()
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("subject", ["", "\0\0", "a\nb\nc", "-F/etc/passwd", "\x1b]52;c;x\a", "停"])
async def test_no_subject_and_no_body_breaks_the_commit(journal: Journal, subject: str) -> None:
    told = await journal.commit([Write(PATH, TEXT)], subject, f"{subject}\0\x1b[2J")
    assert isinstance(told, Commit), told
    assert git(journal.folder, "log", "--format=%s").isprintable()
    assert in_head(journal.folder) == TEXT


async def test_a_clock_before_1973_is_still_a_date(tmp_path: Path) -> None:
    clock = ManualClock(NOON - timedelta(days=56 * 365))
    journal = await open_journal(tmp_path / "j", clock, KAI, os.environ)
    assert isinstance(journal, Journal)
    await saved(journal, TEXT)
    assert git(journal.folder, "log", "--format=%as").startswith("1970-")


async def test_a_sha256_repository_works_as_well(tmp_path: Path) -> None:
    folder = repository(tmp_path / "journal", "--object-format=sha256")
    journal = await opened(folder)
    await saved(journal, b"one")
    await committed(journal, Remove(PATH, (await read(journal)).blob))
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "ls-tree", "-r", "--name-only", "HEAD") == "README.md"
