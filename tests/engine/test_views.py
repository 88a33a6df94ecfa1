"""Saved views: kept for one user and environment, by several consoles at once."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import msgspec
import pytest

from console.engine.views import NAME, ViewShelf, name_fault
from console.model.view import View, Views
from console.safety.files import FileError, FileLock

STORAGE = View("storage", "/disk|quota/", ("@host",), "-for", ("FOR", "ALERT", "label:zone"))


async def test_a_view_is_there_for_the_next_console(tmp_path: Path) -> None:
    await ViewShelf(tmp_path / "state").keep(STORAGE)
    views = await ViewShelf(tmp_path / "state").load()
    assert views.called("storage") == STORAGE
    assert stat.S_IMODE((tmp_path / "state" / NAME).stat().st_mode) == 0o600


async def test_two_consoles_lose_neither_ones_views_and_the_last_wins_for_the_same_name(
    tmp_path: Path,
) -> None:
    mine, yours = ViewShelf(tmp_path), ViewShelf(tmp_path)
    await mine.load()
    await yours.keep(View("yours"))
    await mine.keep(View("mine"))
    await mine.keep(View("both", "a"))
    await yours.keep(View("both", "b"))
    views = await mine.load()
    assert [view.name for view in views.named] == ["both", "mine", "yours"]
    assert views.named[0].filter == "b"


async def test_forty_consoles_at_once_keep_all_of_it(tmp_path: Path) -> None:
    shelves = [ViewShelf(tmp_path) for _ in range(40)]
    await asyncio.gather(*(one.keep(View(f"v{n}")) for n, one in enumerate(shelves)))
    assert len((await shelves[0].load()).named) == 40


async def test_what_is_forgotten_is_gone_and_the_rest_stays(tmp_path: Path) -> None:
    shelf = ViewShelf(tmp_path)
    await shelf.keep(View("a"))
    await shelf.keep(View("b"))
    assert [view.name for view in (await shelf.forget("a")).named] == ["b"]
    assert [view.name for view in (await shelf.forget("never was")).named] == ["b"]


async def test_columns_and_sort_come_back_and_no_filter_ever_does(tmp_path: Path) -> None:
    await ViewShelf(tmp_path).keep_last(("FOR", "ALERT"), "-for")
    written = json.loads((tmp_path / NAME).read_text())
    written["last"]["filter"] = "redis"
    (tmp_path / NAME).write_text(json.dumps(written))
    last = (await ViewShelf(tmp_path).load()).last
    assert (last.columns, last.sort, last.filter) == (("FOR", "ALERT"), "-for", "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version":2}',
        b'{"version":1,"views":[{"name":"a\\u001b[31m"}]}',
        b'{"version":1,"views":[{"name":"  "}]}',
        b'{"version":1,"views":[{"name":"a","filter":"\\u202e"}]}',
        b'{"version":1,"odd":1}',
        b"\xff\xfe",
    ],
)
async def test_a_damaged_file_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    views = await ViewShelf(tmp_path).load()
    assert views.named == ()
    assert "cannot be read" in views.notices[0]
    assert (tmp_path / f"{NAME}.damaged").read_bytes() == content
    await ViewShelf(tmp_path).keep(STORAGE)
    assert (await ViewShelf(tmp_path).load()).named == (STORAGE,)


async def test_a_folder_that_cannot_be_written_is_said_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in its place")
    with pytest.raises(FileError):
        await ViewShelf(tmp_path / "state").keep(STORAGE)


async def test_a_console_that_holds_the_lock_is_not_waited_for_long(tmp_path: Path) -> None:
    with FileLock(tmp_path / "views.lock"), pytest.raises(FileError):
        await ViewShelf(tmp_path).keep(STORAGE)


async def test_without_a_state_folder_views_last_until_the_console_is_left() -> None:
    shelf = ViewShelf(None)
    assert await shelf.load() == Views()
    await shelf.keep(STORAGE)
    assert (await shelf.load()).named == (STORAGE,)
    assert (await ViewShelf(None).load()).named == ()


async def test_two_hundred_views_are_enough(tmp_path: Path) -> None:
    shelf = ViewShelf(tmp_path)
    many = [{"name": f"v{n}"} for n in range(200)]
    (tmp_path / NAME).write_bytes(msgspec.json.encode({"version": 1, "views": many}))
    with pytest.raises(ValueError, match="200 views"):
        await shelf.keep(STORAGE)
    await shelf.keep(View("v7", "again"))
    assert len((await shelf.load()).named) == 200


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("storage", ""),
        ("儲存 1", ""),
        ("", "expected a name"),
        (" ", "expected a name"),
        ("a" * 61, "at most 60"),
        ("a\x1b[2J", "plain characters"),
        ("a\u202eb", "plain characters"),
    ],
)
def test_a_name_is_one_that_can_be_read_and_typed(name: str, fault: str) -> None:
    assert name_fault(name).find(fault) >= 0
    assert bool(name_fault(name)) is bool(fault)
