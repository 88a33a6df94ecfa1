"""Whatever is wrong with the folder: what and where is said, no text is lost, and it goes on."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.model.acting import Ended
from console.model.papers import JournalState
from tests.engine.bad_folders import (
    TYPED,
    asked,
    done,
    engine_on,
    goes_through,
    is_kept,
    said,
    seed,
    submitted,
    wishes,
)
from tests.journal.folder import git, is_sound, repository

pytestmark = pytest.mark.real("git")
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("seed")
    repository(base / "journal")
    asyncio.run(seed(base))
    return base / "journal"


@pytest.fixture
def base(tmp_path: Path, seeded: Path) -> Path:
    """A folder with a copy of the journal in it, and no console yet."""
    shutil.copytree(seeded, tmp_path / "journal")
    (tmp_path / "journal").chmod(0o700)
    return tmp_path


def clashing(folder: Path) -> None:
    git(folder, "switch", "-qc", "side")
    (folder / "README.md").write_text("theirs\n")
    git(folder, "commit", "-qam", "theirs")
    git(folder, "switch", "-q", "main")
    (folder / "README.md").write_text("ours\n")
    git(folder, "commit", "-qam", "ours")


def rebasing(folder: Path) -> None:
    clashing(folder)
    git(folder, "rebase", "-q", "side", fails=True)


def merging(folder: Path) -> None:
    clashing(folder)
    git(folder, "merge", "-q", "side", fails=True)


def detached(folder: Path) -> None:
    git(folder, "switch", "-q", "--detach")


def goes_on_rebasing(folder: Path) -> None:
    git(folder, "add", "-A")  # as the remedy says
    git(folder, "rebase", "--continue")


def gives_the_merge_up(folder: Path) -> None:
    git(folder, "merge", "--abort")


def goes_back(folder: Path) -> None:
    git(folder, "switch", "-q", "main")


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (rebasing, goes_on_rebasing, ("in the middle of a rebase", "git rebase --continue")),
        (merging, gives_the_merge_up, ("in the middle of a merge", "git merge --abort")),
        (detached, goes_back, ("on no branch", "git switch BRANCH")),
    ],
)
async def test_in_the_middle_of_something_all_of_it_is_on_disk_and_committed_after_it(
    base: Path,
    begin: Callable[[Path], None],
    end: Callable[[Path], None],
    words: tuple[str, ...],
) -> None:
    folder = base / "journal"
    engine = engine_on(base)
    asked_for = await wishes(engine)
    begin(folder)
    head = git(folder, "rev-parse", "HEAD")
    for name, outcome in (await submitted(engine, asked_for)).items():
        assert outcome.ended in (Ended.FAILED, Ended.KEPT), (name, outcome)
        for word in (*words, str(folder), "expected" if name != "note" else ""):
            assert word in said(outcome), name
        status = engine.papers.papers.status
        assert status.state is JournalState.FAULT, name
        assert words[0] in status.cause and status.expected and words[1] in status.remedy
    assert git(folder, "rev-parse", "HEAD") == head
    for text in TYPED.values():
        assert is_kept(folder, text)
    end(folder)
    assert (await engine.papers.look()).status.is_well
    await engine.papers.close()
    for text in TYPED.values():
        assert is_kept(folder, text)


async def test_what_an_aborted_rebase_takes_back_can_still_be_read(base: Path) -> None:
    folder = base / "journal"
    engine = engine_on(base)
    asked_for = await wishes(engine)
    rebasing(folder)
    outcomes = await submitted(engine, asked_for)
    git(folder, "rebase", "--abort")
    for name, text in TYPED.items():
        blobs = re.findall(r"git show ([0-9a-f]{16})", said(outcomes[name]))
        assert any(text in git(folder, "show", blob) for blob in blobs), (name, outcomes[name])


def _bare(folder: Path) -> None:
    git(folder.parent, "init", "-q", "--bare", str(folder))


def _file(folder: Path) -> None:
    folder.write_text("precious")


def _theirs(folder: Path) -> None:
    repository(folder)
    os.chown(folder, 12_345, 12_345)


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (_file, ("is no folder", "name another folder under `journal.folder`")),
        (_bare, ("is a bare repository", "clone it beside it")),
        (_theirs, ("belongs to user 12345", "name another folder under `journal.folder`")),
    ],
)
async def test_where_there_can_be_no_journal_nothing_is_touched_and_no_text_is_lost(
    base: Path, there: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    if there is _theirs and os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    folder, good = base / "journal", base / "good"
    engine = engine_on(base)
    asked_for = await wishes(engine)
    await engine.papers.close()
    folder.rename(good)
    there(folder)
    before = folder.read_text() if folder.is_file() else sorted(folder.rglob("*"))
    engine = engine_on(base)
    for name, outcome in (await submitted(engine, asked_for)).items():
        assert outcome.ended is Ended.FAILED, (name, outcome)
        for word in (*words, str(folder), "expected"):
            assert word in said(outcome), (name, said(outcome))
        status = engine.papers.papers.status
        assert status.state is JournalState.FAULT
        assert words[0] in status.cause and status.expected and words[1] in status.remedy
    assert before == (folder.read_text() if folder.is_file() else sorted(folder.rglob("*")))
    await engine.papers.look()
    assert [one.fields["what"] for one in engine.papers.papers.drafts] == [TYPED["open"]]
    folder.rename(base / "bad")
    good.rename(folder)
    await goes_through(engine, asked_for)
    assert is_sound(folder)


def _linked(folder: Path) -> None:
    (folder / "incidents").rename(folder.parent / "elsewhere")
    (folder / "incidents").symlink_to(folder.parent / "elsewhere")


def _unlinked(folder: Path) -> None:
    (folder / "incidents").unlink()
    (folder.parent / "elsewhere").rename(folder / "incidents")


def _nested(folder: Path) -> None:
    git(folder / "incidents", "init", "-q")


def _not_nested(folder: Path) -> None:
    shutil.rmtree(folder / "incidents" / ".git")


@pytest.mark.parametrize(
    ("begin", "end", "cause"),
    [
        (_linked, _unlinked, "is a symbolic link"),
        (_nested, _not_nested, "is a repository of its own"),
    ],
)
async def test_nothing_is_written_through_a_link_or_into_a_repository_inside(
    base: Path,
    begin: Callable[[Path], None],
    end: Callable[[Path], None],
    cause: str,
) -> None:
    folder = base / "journal"
    engine = engine_on(base)
    asked_for = await wishes(engine)
    begin(folder)
    there = sorted(path for path in (folder / "incidents").resolve().rglob("*.md"))
    before = [path.read_bytes() for path in there]
    outcomes = await submitted(engine, asked_for)
    assert outcomes.pop("start").ended is Ended.DONE  # changes lie elsewhere
    for name, outcome in outcomes.items():
        assert outcome.ended is not Ended.DONE, (name, outcome)
        assert cause in said(outcome), (name, said(outcome))
        assert "incidents" in said(outcome), (name, said(outcome))
    status = engine.papers.papers.status
    assert status.state is JournalState.FAULT
    assert cause in status.cause
    assert before == [path.read_bytes() for path in there]
    assert is_kept(folder / "events", TYPED["note"])
    end(folder)
    del asked_for["start"]
    await goes_through(engine, asked_for)
    assert is_sound(folder)


async def test_a_stale_lock_of_the_index_keeps_nothing_back_and_is_said(base: Path) -> None:
    folder = base / "journal"
    engine = engine_on(base)
    asked_for = await wishes(engine)
    lock = folder / ".git" / "index.lock"
    lock.write_bytes(b"")
    os.utime(lock, (0, 0))
    for name, outcome in (await submitted(engine, asked_for)).items():
        assert outcome.ended is Ended.DONE, (name, outcome)
        assert str(lock) in said(outcome) and "remove it" in said(outcome), (name, said(outcome))
    lock.unlink()
    engine = engine_on(base)
    await done(engine, asked("web slow", "and another one"))
    await engine.papers.close()
    assert git(folder, "status", "--porcelain") == ""
    assert is_sound(folder)


async def test_hooks_that_fail_and_a_hostile_configuration_change_nothing(base: Path) -> None:
    folder, canary = base / "journal", base / "canary"
    program = base / "program"
    program.write_text(f"#!/bin/sh\n: > {canary}\nexit 1\n")
    program.chmod(0o755)
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "commit-msg", "reference-transaction", "post-index-change"):
        shutil.copy(program, hooks / name)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "gpg.program"):
        git(folder, "config", key, str(program))
    for key, value in (
        ("core.hooksPath", str(hooks)),
        ("filter.evil.required", "true"),
        ("commit.gpgSign", "true"),
    ):
        git(folder, "config", key, value)
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("* filter=evil\n")
    canary.unlink(missing_ok=True)
    engine = engine_on(base)
    await goes_through(engine, await wishes(engine))
    assert not canary.exists()
    tracked = git(folder, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    for path in tracked:
        assert (
            git(folder, "cat-file", "blob", f"HEAD:{path}") == (folder / path).read_text().strip()
        )


async def test_a_document_broken_by_hand_is_left_as_it_is_and_the_others_go_on(
    base: Path,
) -> None:
    folder = base / "journal"
    engine = engine_on(base)
    asked_for = await wishes(engine)
    (path,) = (folder / "incidents").rglob("*.md")
    good = path.read_bytes()
    broken = good.replace(b"state: open", b"state: [open")
    path.write_bytes(broken)
    outcomes = await submitted(engine, asked_for)
    assert path.read_bytes() == broken
    assert outcomes["open"].ended is Ended.DONE
    assert outcomes["start"].ended is Ended.DONE
    for name in ("write", "note"):
        told = said(outcomes[name])
        assert outcomes[name].ended is not Ended.DONE, (name, told)
        assert f"{path.name}:6:9:" in told, (name, told)
    assert is_kept(folder / "events", TYPED["note"])
    papers = engine.papers.papers
    assert any(path.name in fault for one in papers.broken for fault in one.faults)
    path.write_bytes(good)
    await goes_through(engine, {name: asked_for[name] for name in ("write", "note")})
    assert is_sound(folder)


def test_where_nothing_can_be_written_it_is_said_and_goes_on_once_it_can(base: Path) -> None:
    ways = [base / "read-only", base / "full"]
    for way in ways:
        shutil.copytree(base / "journal", way / "journal")
        (way / "journal").chmod(0o700)
    argv = [sys.executable, "-m", "tests.engine.bad_folders", str(base)]
    if os.geteuid() == 0:
        # Root may write anywhere; without its capabilities it may what everybody may.
        argv[:0] = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    ended = subprocess.run(argv, cwd=PROJECT, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    for way in ways:
        assert is_sound(way / "journal")
