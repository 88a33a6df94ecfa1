"""Whatever the folder is: it is used, becomes a repository, or is refused in words, unharmed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.journal.change import Write
from console.journal.errors import JournalFault, Problem
from console.journal.repository import open_journal
from console.safety.clock import SystemClock
from tests.journal.folder import (
    KAI,
    PATH,
    TEXT,
    git,
    in_head,
    is_sound,
    opened,
    refused,
    repository,
    saved,
)
from tests.journal.saving import SIZE
from tests.spawn import PROJECT

CONTENT = random.Random(7).randbytes(SIZE)
pytestmark = pytest.mark.real("git")


def state_of(folder: Path) -> dict[str, str]:
    """Every file below `folder` with a hash of what is in it."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink() and file.name != "oncall.lock"
    }


async def test_a_missing_folder_is_made_private_and_a_repository_without_hooks(
    tmp_path: Path,
) -> None:
    journal = await opened(tmp_path / "a" / "journal")
    assert journal.folder.stat().st_mode & 0o777 == 0o700
    assert (journal.folder / ".git").stat().st_mode & 0o777 == 0o700
    assert not (journal.folder / ".git" / "hooks").exists()
    assert git(journal.folder, "symbolic-ref", "--short", "HEAD") == "main"
    assert await journal.head() == ""
    assert await journal.log() == ()
    await saved(journal, TEXT)
    assert is_sound(journal.folder)


async def test_files_that_were_there_before_stay_and_are_not_committed(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    await saved(await opened(folder), TEXT)
    assert git(folder, "status", "--porcelain") == "?? notes.txt"


async def test_an_existing_repository_is_used_as_it_is(tmp_path: Path) -> None:
    folder = repository(tmp_path / "journal")
    folder.chmod(0o755)
    first = git(folder, "rev-parse", "HEAD")
    await saved(await opened(folder), TEXT)
    assert git(folder, "rev-parse", "HEAD~") == first
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "README.md").read_text() == "of the team\n"


async def test_a_subfolder_of_a_repository_gets_its_own_and_never_lands_in_the_parent(
    tmp_path: Path,
) -> None:
    parent = repository(tmp_path / "parent")
    before = git(parent, "rev-parse", "HEAD")
    journal = await opened(parent / "journal")
    assert "/journal/ to the .gitignore" in journal.notices[0]
    await saved(journal, TEXT)
    assert git(parent, "rev-parse", "HEAD") == before
    assert git(parent, "diff", "--cached", "--name-only") == ""
    assert in_head(journal.folder) == TEXT
    assert (await opened(parent / "journal")).folder == journal.folder


async def test_a_subfolder_that_the_parent_tracks_is_refused_unharmed(tmp_path: Path) -> None:
    parent = repository(tmp_path / "parent")
    (parent / "journal").mkdir()
    (parent / "journal" / "a.md").write_text("x")
    git(parent, "add", "journal")
    git(parent, "commit", "-qm", "tracked")
    fault = await refused(parent / "journal")
    assert fault.problem is Problem.TRACKED_ABOVE
    assert str(parent) in fault.remedy
    assert git(parent, "status", "--porcelain") == ""


async def test_the_callers_git_variables_lead_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository(tmp_path / "other")
    before = state_of(other)
    for name, value in {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git" / "index"),
        "GIT_OBJECT_DIRECTORY": str(other / ".git" / "objects"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.bare",
        "GIT_CONFIG_VALUE_0": "true",
        "GIT_AUTHOR_NAME": "Nobody",
    }.items():
        monkeypatch.setenv(name, value)
    journal = await opened(tmp_path / "journal")
    await saved(journal, TEXT)
    assert state_of(other) == before
    logged = await journal.log()
    assert isinstance(logged, tuple)
    assert logged[0].author == KAI.name


async def test_a_linked_worktree_is_used(tmp_path: Path) -> None:
    main = repository(tmp_path / "main")
    git(main, "worktree", "add", "-q", "-b", "journal", str(tmp_path / "linked"))
    journal = await opened(tmp_path / "linked")
    await saved(journal, TEXT)
    assert in_head(tmp_path / "linked") == TEXT
    assert git(main, "log", "--format=%s", "main") == "first"
    assert git(tmp_path / "linked", "status", "--porcelain") == ""


async def test_a_folder_behind_a_symlink_is_the_folder(tmp_path: Path) -> None:
    repository(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    await saved(await opened(tmp_path / "link"), TEXT)
    assert in_head(tmp_path / "real") == TEXT


HALF_MADE = {
    "folders alone": ("objects/pack/", "refs/"),
    "without objects": ("refs/heads/", "HEAD", "config"),
    "without what is made last": ("refs/heads/", "HEAD", "config", "objects/pack/"),
}
"""What `git init` has made, killed, or seen by another console while it is at it."""


@pytest.mark.parametrize("there", HALF_MADE.values(), ids=HALF_MADE.keys())
async def test_a_repository_that_was_left_half_made_is_finished(
    tmp_path: Path, there: tuple[str, ...]
) -> None:
    whole = repository(tmp_path / "whole") / ".git"
    git_dir = tmp_path / "journal" / ".git"
    for name in there:
        if name.endswith("/"):
            (git_dir / name).mkdir(parents=True)
        else:
            shutil.copy(whole / name, git_dir / name)
    journal = await opened(tmp_path / "journal")
    await saved(journal, TEXT)
    assert is_sound(journal.folder)


async def test_consoles_that_start_at_once_make_one_repository(tmp_path: Path) -> None:
    journals = await asyncio.gather(*(opened(tmp_path / "journal") for _ in range(8)))
    paths = [f"incidents/2026/{number}.md" for number in range(8)]
    await asyncio.gather(
        *(saved(one, TEXT, path) for one, path in zip(journals, paths, strict=True))
    )
    assert git(tmp_path / "journal", "rev-list", "--count", "HEAD") == "8"
    assert is_sound(tmp_path / "journal")


def bare(folder: Path) -> None:
    git(folder.parent, "init", "-q", "--bare", folder.name)


def submodule(folder: Path) -> None:
    inner = repository(folder.parent / "inner")
    outer = repository(folder.parent / "outer")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    folder.symlink_to(outer / "sub")


def linked_git_dir(folder: Path) -> None:
    repository(folder.parent / "elsewhere")
    folder.mkdir()
    (folder / ".git").symlink_to(folder.parent / "elsewhere" / ".git")


def pointing_elsewhere(folder: Path) -> None:
    repository(folder.parent / "elsewhere")
    folder.mkdir()
    (folder / ".git").write_text(f"gitdir: {folder.parent / 'elsewhere' / '.git'}\n")


def a_file(folder: Path) -> None:
    folder.write_text("not a folder")


def open_to_all(folder: Path) -> None:
    repository(folder)
    folder.chmod(0o777)


def git_dir_open_to_all(folder: Path) -> None:
    repository(folder)
    (folder / ".git").chmod(0o777)


def without_head(folder: Path) -> None:
    repository(folder)
    (folder / ".git" / "HEAD").unlink()


def garbled_config(folder: Path) -> None:
    repository(folder)
    (folder / ".git" / "config").write_bytes(b"[core\0")


def torn_commit(folder: Path) -> None:
    repository(folder)
    head = git(folder, "rev-parse", "HEAD")
    (folder / ".git" / "objects" / head[:2] / head[2:]).unlink()


def loop(folder: Path) -> None:
    folder.symlink_to(folder)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (bare, Problem.NOT_USABLE),
        (submodule, Problem.NOT_USABLE),
        (linked_git_dir, Problem.NOT_USABLE),
        (pointing_elsewhere, Problem.NOT_USABLE),
        (a_file, Problem.NOT_A_FOLDER),
        (open_to_all, Problem.NOT_OURS),
        (git_dir_open_to_all, Problem.NOT_OURS),
        (without_head, Problem.BROKEN),
        (garbled_config, Problem.BROKEN),
        (torn_commit, Problem.BROKEN),
        (loop, Problem.NOT_A_FOLDER),
    ],
)
async def test_what_cannot_be_used_is_refused_in_words_unharmed(
    tmp_path: Path, make: Callable[[Path], None], problem: Problem
) -> None:
    folder = tmp_path / "journal"
    make(folder)
    before = state_of(tmp_path)
    fault = await refused(folder)
    assert fault.problem is problem
    assert fault.cause and fault.expected and fault.remedy
    assert state_of(tmp_path) == before


async def test_somebody_elses_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository(tmp_path / "journal")
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    fault = await refused(folder)
    assert fault.problem is Problem.NOT_OURS
    assert f"belongs to user {mine}" in fault.cause


async def test_without_git_it_is_said(tmp_path: Path) -> None:
    fault = await open_journal(tmp_path / "j", SystemClock(), KAI, {"PATH": "/nowhere"})
    assert isinstance(fault, JournalFault)
    assert fault.problem is Problem.NO_GIT


def rebasing(folder: Path) -> None:
    clashing(folder)
    git(folder, "rebase", "-q", "side", fails=True)


def merging(folder: Path) -> None:
    clashing(folder)
    git(folder, "merge", "-q", "side", fails=True)


def picking(folder: Path) -> None:
    clashing(folder)
    git(folder, "cherry-pick", "side", fails=True)


def detached(folder: Path) -> None:
    git(folder, "checkout", "-q", "--detach")


def clashing(folder: Path) -> None:
    git(folder, "switch", "-qc", "side")
    (folder / "README.md").write_text("theirs\n")
    git(folder, "commit", "-qam", "theirs")
    git(folder, "switch", "-q", "main")
    (folder / "README.md").write_text("ours\n")
    git(folder, "commit", "-qam", "ours")


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (rebasing, ("rebase", "--abort"), "in the middle of a rebase"),
        (merging, ("merge", "--abort"), "in the middle of a merge"),
        (picking, ("cherry-pick", "--abort"), "in the middle of a cherry-pick"),
        (detached, ("switch", "-q", "main"), "on no branch"),
    ],
)
async def test_in_the_middle_of_something_the_text_is_kept_and_committed_after_it(
    tmp_path: Path, begin: Callable[[Path], None], end: tuple[str, ...], words: str
) -> None:
    folder = repository(tmp_path / "journal")
    journal = await opened(folder)
    begin(folder)
    before = git(folder, "rev-parse", "HEAD"), git(folder, "status", "--porcelain")
    told = await journal.commit([Write(PATH, TEXT)], "INC-1: x")
    assert isinstance(told, JournalFault)
    assert told.problem is Problem.BUSY
    assert words in told.cause
    assert told.kept == (PATH,)
    assert (folder / PATH).read_bytes() == TEXT
    assert await (await opened(folder)).obstacle() is not None
    after = git(folder, "status", "--porcelain").replace("?? incidents/", "").strip()
    assert (git(folder, "rev-parse", "HEAD"), after) == before
    git(folder, *end)
    await saved(journal, TEXT)
    assert in_head(folder) == TEXT


def test_on_a_read_only_disk_it_is_said(tmp_path: Path) -> None:
    folder = repository(tmp_path / "journal")
    for part in (folder, folder / ".git"):
        part.chmod(0o555)
    said = told_to_one_that_saves(folder)
    assert said.startswith("read-only: ")
    assert "make the folder and its .git writable" in said
    assert git(folder, "rev-list", "--count", "HEAD") == "1"


def test_a_read_only_git_folder_leaves_the_text_on_disk(tmp_path: Path) -> None:
    folder = repository(tmp_path / "journal")
    (folder / ".git").chmod(0o555)
    said = told_to_one_that_saves(folder)
    assert said.startswith("read-only: ")
    assert said.endswith(f"the text is safe in {PATH}")
    assert (folder / PATH).read_bytes() == CONTENT


@pytest.mark.parametrize("limit_bytes", [1_000, SIZE + 10])
def test_on_a_full_disk_it_is_said_and_nothing_is_torn(tmp_path: Path, limit_bytes: int) -> None:
    folder = repository(tmp_path / "journal")
    (folder / PATH).parent.mkdir(parents=True)
    said = told_to_one_that_saves(folder, limit_bytes)
    assert said.startswith("full: "), said
    if limit_bytes > SIZE:
        assert (folder / PATH).read_bytes() == CONTENT
        assert said.endswith(f"the text is safe in {PATH}")
    else:
        assert list((folder / PATH).parent.iterdir()) == []
    assert is_sound(folder)


def told_to_one_that_saves(folder: Path, limit_bytes: int = 0) -> str:
    """What a console in a process of its own is told when it saves `CONTENT`."""
    argv = [sys.executable, "-m", "tests.journal.saving", str(folder), str(limit_bytes)]
    if os.geteuid() == 0:
        # Root may write anywhere; without its capabilities it may what everybody may.
        argv[:0] = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    ended = subprocess.run(argv, cwd=PROJECT, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode().strip()
