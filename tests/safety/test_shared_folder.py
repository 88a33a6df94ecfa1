"""Of a folder that several consoles share each file is open in one of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.safety.files import FileError, SharedFolder, write_atomic
from tests.build import T0


def shared(folder: Path) -> SharedFolder:
    return SharedFolder(folder / "notes", re.compile("[a-z.]{1,20}"), what="a note", like="a-z")


def test_nothing_is_made_before_somebody_wants_to_write(tmp_path: Path) -> None:
    shared(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\n", "x" * 21, "\udc80"])
def test_no_name_climbs_out_of_the_folder(tmp_path: Path, name: str) -> None:
    files = shared(tmp_path)
    assert not files.is_name(name)
    with pytest.raises(FileError, match="cannot name a note") as caught:
        files.path(name)
    assert str(caught.value).isprintable()


def test_one_console_at_a_time_has_a_file(tmp_path: Path) -> None:
    first, second = shared(tmp_path), shared(tmp_path)
    first.make()
    write_atomic(first.path("one"), b"{}")
    with first.turn():
        lock = first.claimed("one")
    assert lock is not None
    with second.turn():
        assert second.is_open("one") and not second.is_open("two")
        assert second.claimed("one") is None
    lock.release()
    with second.turn():
        assert not second.is_open("one")


def test_what_is_broken_is_listed_no_more_and_not_lost(tmp_path: Path) -> None:
    files = shared(tmp_path)
    files.make()
    for name in ("one", "two"):
        write_atomic(files.path(name), name.encode())
    (files.folder / "UPPER.json").write_bytes(b"")
    assert sorted(files.newest(without=())) == ["one", "two"]
    assert files.newest(without=("one",)) == ["two"]
    other = files.set_aside("one", T0)
    assert other.startswith("one.json.broken-")
    assert (files.folder / other).read_bytes() == b"one"
    assert files.newest(without=()) == ["two"]


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes").write_bytes(b"")
    with pytest.raises(FileError, match="a folder that can be read"):
        shared(tmp_path).newest(without=())
