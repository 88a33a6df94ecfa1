"""Past runs are read from their transcripts: each once, the newest first, broken ones named."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from console.journal.bench import Bench
from console.journal.change import Commit, Write
from console.journal.disk import Disk
from console.journal.language import Language
from console.journal.past_runs import PastRuns, past_runs
from console.journal.places import document_path
from console.journal.transcript import transcript_of
from console.journal.verify import verify
from tests.journal.benches import bench_in
from tests.runbook.runs import NIGHT, worked


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with three transcripts; the tests leave it as it is."""
    folder = tmp_path_factory.mktemp("past") / "journal"

    async def fill(bench: Bench) -> None:
        writes = [_write(number) for number in range(3)]
        told = await bench.journal.commit(writes, "RUN-20261123-000 cache-down: kept")
        assert isinstance(told, Commit), told

    _on(folder, fill)
    return folder


def _write(number: int, old: str = "", new: str = "") -> Write:
    run_id = f"RUN-20261123-00{number}"
    run = worked(run_id, began=NIGHT + timedelta(minutes=number), subject=f"redis@data-{number}")
    content = transcript_of(run, Language.ENGLISH, ()).decode()
    assert not old or old in content
    return Write(document_path(run_id, "cache-down"), content.replace(old, new).encode())


def _on(folder: Path, told: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        await told(await bench_in(folder))

    asyncio.run(run())


def test_past_runs_come_newest_first_and_are_read_once(folder: Path) -> None:
    async def told(bench: Bench) -> None:
        found = await past_runs(bench)
        assert [one.id for one in found] == [f"RUN-20261123-00{number}" for number in (2, 1, 0)]
        assert await past_runs(bench) is found

    _on(folder, told)


def test_a_search_finds_transcripts_by_value_output_and_person(folder: Path) -> None:
    async def told(bench: Bench) -> None:
        for words, ids in (
            ("redis@data-1", {"RUN-20261123-001"}),
            ("could NOT connect", {f"RUN-20261123-00{number}" for number in range(3)}),
            ("mei", {f"RUN-20261123-00{number}" for number in range(3)}),
        ):
            found = await bench.library.search(words)
            assert {one.document_id for one in found} == ids
            assert {one.title for one in found} == {"Redis does not answer"}

    _on(folder, told)


def test_transcripts_are_documents_of_a_whole_journal_and_no_incidents(folder: Path) -> None:
    async def told(bench: Bench) -> None:
        found = await verify(bench.journal, bench.library)
        assert found.ok, found
        assert found.documents == 3
        shelf = await bench.library.read()
        assert (shelf.incidents, shelf.changes, shelf.broken) == ((), (), ())

    _on(folder, told)


def test_broken_transcripts_are_named_and_hide_no_other(tmp_path: Path) -> None:
    home = tmp_path / "journal"

    async def told(bench: Bench) -> None:
        good, bad = _write(0), _write(1, "schema: 1", "schema: []")
        twin = Write("runs/2025/RUN-20261123-000-twin.md", good.content)
        assert isinstance(await bench.journal.commit([good, bad, twin], "x"), Commit)
        (home / "runs" / "2026" / "RUN-20261123-003.md").symlink_to("/etc/passwd")
        (home / "runs" / "README.md").write_text("what this is for")
        shelf = await bench.library.runs()
        assert [one.id for one in shelf.runs] == ["RUN-20261123-000"]
        names = {one.path.rpartition("/")[2] for one in shelf.broken}
        assert names == {
            "RUN-20261123-001-cache-down.md",
            "RUN-20261123-000-cache-down.md",
            "RUN-20261123-003.md",
        }
        faults = "\n".join((await verify(bench.journal, bench.library)).faults)
        assert "schema" in faults
        assert "symbolic link" in faults
        assert "stands in runs/2025/RUN-20261123-000-twin.md too" in faults

    _on(home, told)


def test_only_what_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "journal"
    read: list[str] = []

    async def told(bench: Bench) -> None:
        writes = [_write(number) for number in range(3)]
        assert isinstance(await bench.journal.commit(writes, "x"), Commit)
        past = PastRuns(bench.journal.disk)
        real = Disk.read

        def seen(self: Disk, path: str) -> bytes | None:
            read.append(path)
            return real(self, path)

        monkeypatch.setattr(Disk, "read", seen)
        past.read()
        past.read()
        assert len(read) == 3
        (home / writes[1].path).write_bytes(_write(1, "mei", "bob").content)
        (home / writes[2].path).unlink()
        assert [one.id for one in past.read().runs] == ["RUN-20261123-001", "RUN-20261123-000"]
        assert read[3:] == [writes[1].path]

    _on(home, told)
