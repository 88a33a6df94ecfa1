"""What is typed and not saved outlives the console, and nobody else's hand gets at it."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from console.journal.drafts import MAX_BYTES, Drafts
from console.model.papers import Draft, PaperKind
from console.safety.clock import ManualClock
from console.safety.files import FileError
from tests.hostile import ATTACKS
from tests.journal.drafting import AT, draft_of
from tests.journal.room import room_for
from tests.soak import trials
from tests.spawn import PROJECT

KEY = "INC-20261122-7f3"


def console(folder: Path) -> Drafts:
    return Drafts(folder, ManualClock(datetime(2026, 11, 22, 3, 14, tzinfo=UTC)))


def typed(key: str = KEY, *, minutes: int = 0, **fields: str) -> Draft:
    return Draft(key, PaperKind.INCIDENT, fields, AT + timedelta(minutes=minutes))


def drafts_in(folder: Path) -> dict[str, Draft]:
    return {draft.key: draft for draft in console(folder).all()}


def test_what_was_typed_comes_back_to_the_character_in_the_next_console(tmp_path: Path) -> None:
    first = console(tmp_path)
    long = draft_of(KEY, 1)
    first.save(long)
    other = typed("new-1", minutes=1, **{f"f{n}": text for n, text in enumerate(ATTACKS)})
    first.save(other)
    first.leave(KEY)
    first.leave("new-1")
    found = console(tmp_path).all()
    assert [draft.key for draft in found] == ["new-1", KEY]
    assert found[1] == long
    for name, text in other.fields.items():
        # Half a character cannot be kept; it costs itself and nothing beside it.
        assert found[0].fields[name] == text.encode("utf-8", "replace").decode()


def test_only_this_person_can_read_it(tmp_path: Path) -> None:
    console(tmp_path).save(typed(what="x"))
    folder = tmp_path / "drafts"
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_nothing_is_made_before_something_is_typed(tmp_path: Path) -> None:
    drafts = console(tmp_path)
    assert drafts.all() == ()
    assert drafts.take(KEY) is None
    drafts.leave(KEY)
    drafts.drop(KEY)
    assert list(tmp_path.iterdir()) == []


def test_what_another_console_has_open_says_so_and_is_not_taken(tmp_path: Path) -> None:
    mine, theirs = console(tmp_path), console(tmp_path)
    mine.save(typed(what="mine"))
    assert mine.all() == ()
    assert [draft.is_open for draft in theirs.all()] == [True]
    assert theirs.take(KEY) is None
    theirs.drop(KEY)
    mine.leave(KEY)
    assert [draft.is_open for draft in theirs.all()] == [False]
    taken = theirs.take(KEY)
    assert taken is not None
    assert taken.fields == {"what": "mine"}
    assert mine.take(KEY) is None
    theirs.drop(KEY)
    assert mine.all() == ()
    assert [file.name for file in (tmp_path / "drafts").iterdir()] == [".turn"]


def test_two_who_type_at_one_document_lose_nothing_to_each_other(tmp_path: Path) -> None:
    mine, theirs = console(tmp_path), console(tmp_path)
    mine.save(typed(what="mine"))
    theirs.save(typed(what="theirs"))
    mine.save(typed(what="mine, more"))
    theirs.save(typed(what="theirs, more"))
    found = drafts_in(tmp_path)
    assert found[KEY].fields == {"what": "mine, more"}
    assert found[f"{KEY}.2"].fields == {"what": "theirs, more"}
    theirs.drop(KEY)
    assert list(drafts_in(tmp_path)) == [KEY]


def test_a_draft_that_nobody_took_is_not_written_over(tmp_path: Path) -> None:
    first = console(tmp_path)
    first.save(typed(what="before the crash"))
    first.leave(KEY)
    second = console(tmp_path)
    second.save(typed(what="typed afresh"))
    texts = {draft.fields["what"] for draft in drafts_in(tmp_path).values()}
    assert texts == {"before the crash", "typed afresh"}
    third = console(tmp_path)
    assert third.take(KEY) is not None
    third.save(typed(what="taken up"))
    assert drafts_in(tmp_path)[KEY].fields == {"what": "taken up"}


def test_while_two_have_one_name_only_the_open_one_can_be_dropped(tmp_path: Path) -> None:
    first = console(tmp_path)
    first.save(typed(what="before the crash"))
    first.leave(KEY)
    second = console(tmp_path)
    second.save(typed(what="typed afresh"))
    assert [(draft.key, draft.is_open) for draft in second.all()] == [(KEY, True)]
    assert second.take(KEY) is None
    second.drop(KEY)
    (left,) = second.all()
    assert (left.fields, left.is_open) == ({"what": "before the crash"}, False)
    assert second.take(KEY) == left


def test_a_megabyte_is_kept_and_too_much_of_it_is_refused_in_words(tmp_path: Path) -> None:
    drafts = console(tmp_path)
    drafts.save(typed(what="停" * (1 << 20)))
    with pytest.raises(FileError, match=f"at most {MAX_BYTES:,}"):
        drafts.save(typed(what="x" * MAX_BYTES))
    assert drafts_in(tmp_path)[KEY].fields["what"] == "停" * (1 << 20)


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".hidden", "-o", "x" * 101, "a\0", "a\n"])
def test_a_key_that_is_no_name_is_refused(tmp_path: Path, key: str) -> None:
    drafts = console(tmp_path)
    with pytest.raises(FileError, match="cannot name a draft"):
        drafts.save(typed(key))
    assert drafts.take(key) is None
    drafts.drop(key)
    assert not list(tmp_path.glob("**/*.json"))


BROKEN = (
    b"",
    b"{",
    b"\x00\xff" * 100,
    b"[" * 100_000,
    b'{"key":"x"}',
    b'{"key":"x","kind":"incident","fields":{},"saved_at":"2026-11-22T00:00:00"}',
    b'{"key":"x","kind":"poem","fields":{},"saved_at":"2026-11-22T00:00:00Z"}',
    b'{"key":"x","kind":"incident","fields":{"a":1},"saved_at":"2026-11-22T00:00:00Z"}',
)


def test_a_broken_one_is_set_aside_and_told_and_takes_no_other_along(tmp_path: Path) -> None:
    first = console(tmp_path)
    first.save(typed(what="whole"))
    first.leave(KEY)
    folder = tmp_path / "drafts"
    for number, content in enumerate(BROKEN):
        (folder / f"new-{number}.json").write_bytes(content)
    drafts = console(tmp_path)
    assert drafts.take("new-0") is None
    assert [draft.key for draft in drafts.all()] == [KEY]
    aside = sorted(folder.glob("new-*.json.broken-*"))
    assert [file.read_bytes() for file in aside] == list(BROKEN)
    assert len(drafts.notices) == len(BROKEN)
    assert all(notice.isprintable() for notice in drafts.notices)
    assert not list(folder.glob("new-*.json"))
    assert console(tmp_path).notices == ()


def test_what_is_no_file_of_ours_is_left_alone(tmp_path: Path) -> None:
    first = console(tmp_path)
    first.save(typed(what="x"))
    first.leave(KEY)
    folder = tmp_path / "drafts"
    secret = tmp_path / "secret"
    secret.write_bytes(msgspec.json.encode(typed("new-1", what="secret")))
    (folder / "new-1.json").symlink_to(secret)
    (folder / "new-2.json").mkdir()
    os.mkfifo(folder / "new-3.json")
    drafts = console(tmp_path)
    assert [draft.key for draft in drafts.all()] == [KEY]
    assert len(drafts.notices) == 3
    assert secret.exists()


def test_a_full_disk_costs_the_new_text_and_not_the_old(tmp_path: Path) -> None:
    drafts = console(tmp_path)
    drafts.save(typed(what="old"))
    with room_for(10_000), pytest.raises(FileError):
        drafts.save(typed(what="n" * 100_000))
    assert drafts_in(tmp_path)[KEY].fields == {"what": "old"}
    drafts.save(typed(what="new"))
    assert drafts_in(tmp_path)[KEY].fields == {"what": "new"}


def test_drafts_that_nobody_may_write_are_still_shown(tmp_path: Path) -> None:
    first = console(tmp_path)
    first.save(typed(what="x"))
    first.leave(KEY)
    turn = tmp_path / "drafts" / ".turn"
    turn.unlink()
    turn.mkdir()
    drafts = console(tmp_path)
    assert [draft.key for draft in drafts.all()] == [KEY]
    assert drafts.take(KEY) is None
    assert drafts.notices


@contextlib.contextmanager
def drafting(folder: Path, key: str) -> Iterator[subprocess.Popen[bytes]]:
    """A console in a process of its own in which somebody types."""
    words = ("-m", "tests.journal.drafting", str(folder), key)
    process = subprocess.Popen([sys.executable, *words], cwd=PROJECT, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_console_that_is_killed_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    reader = console(tmp_path)
    for run in range(trials(usual=6, soak=500)):
        key = f"new-{run}"
        with drafting(tmp_path, key) as process:
            assert process.stdout is not None
            heard = [process.stdout.readline() for _ in range(chance.randint(1, 3))]
            if run == 0:
                assert [draft.is_open for draft in reader.all()] == [True]
                assert reader.take(key) is None
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, 0.02))
            process.kill()
            heard += process.stdout.readlines()
            process.wait()
        acknowledged = max(int(line) for line in heard if line.endswith(b"\n"))
        (found,) = reader.all()
        assert not found.is_open
        number = int(found.fields["number"])
        assert number >= acknowledged
        assert found == draft_of(key, number)
        taken = reader.take(key)
        assert taken == found
        reader.drop(key)
    assert reader.notices == ()
    console(tmp_path).all()
    assert [file.name for file in (tmp_path / "drafts").iterdir()] == [".turn"]
