"""Fetch, fast-forward, push; what diverged, is offline or in the way is said and left alone."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from config.schema import JournalRemote
from console.journal.errors import JournalFault, Problem
from console.journal.remote import Shared, Synced, sync
from console.journal.repository import Journal
from tests.journal.folder import PATH, TEXT, git, in_head, is_sound, opened, read, saved

pytestmark = pytest.mark.real("git")

OTHER = "incidents/2026/other.md"
ORIGIN = JournalRemote()


class Team:
    """Two consoles with a clone each, and the repository that they share."""

    def __init__(self, tmp_path: Path) -> None:
        self.shared = tmp_path / "shared.git"
        git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", "shared.git")
        self._tmp_path = tmp_path

    async def console(self, name: str) -> Journal:
        journal = await opened(self._tmp_path / name)
        if not git(journal.folder, "remote"):
            git(journal.folder, "remote", "add", "origin", str(self.shared))
        return journal


@pytest.fixture
def team(tmp_path: Path) -> Team:
    return Team(tmp_path)


async def synced(journal: Journal, remote: JournalRemote = ORIGIN) -> Synced:
    told = await sync(journal, remote)
    assert isinstance(told, Synced), told
    return told


async def faulted(journal: Journal, remote: JournalRemote = ORIGIN) -> JournalFault:
    told = await sync(journal, remote)
    assert isinstance(told, JournalFault), told
    return told


async def test_what_one_console_pushes_another_gets(team: Team) -> None:
    kai, mei = await team.console("kai"), await team.console("mei")
    await saved(kai, TEXT)
    sent = await synced(kai)
    assert (sent.state, sent.pushed, sent.fetched) == (Shared.SAME, 1, 0)
    got = await synced(mei)
    assert (got.state, got.pushed, got.fetched) == (Shared.SAME, 0, 1)
    assert (mei.folder / PATH).read_bytes() == in_head(mei.folder) == TEXT
    assert git(mei.folder, "status", "--porcelain") == ""
    await saved(mei, b"by mei")
    await synced(mei)
    assert (await synced(kai)).fetched == 1
    assert (await read(kai)).content == b"by mei"
    assert is_sound(kai.folder)
    assert (await synced(kai)).state is Shared.SAME


async def test_everything_that_a_colleague_changed_comes_along(team: Team, tmp_path: Path) -> None:
    kai = await team.console("kai")
    await saved(kai, b"one")
    await synced(kai)
    git(tmp_path, "clone", "-q", str(team.shared), "colleague")
    colleague = tmp_path / "colleague"
    git(colleague, "rm", "-q", PATH)
    (colleague / "README.md").write_text("read me\n")
    (colleague / "tool.sh").write_text("#!/bin/sh\n")
    (colleague / "tool.sh").chmod(0o755)
    (colleague / "link").symlink_to("/etc/passwd")
    git(colleague, "add", "-A")
    git(colleague, "commit", "-qm", "by hand")
    git(colleague, "push", "-q", "origin", "main")
    told = await synced(kai)
    assert told.notice == "links and submodules from the remote were not put on disk: link"
    assert not (kai.folder / PATH).exists()
    assert (kai.folder / "README.md").read_text() == "read me\n"
    assert os.access(kai.folder / "tool.sh", os.X_OK)
    assert not (kai.folder / "link").is_symlink()
    assert git(kai.folder, "status", "--porcelain") == "D link"


async def test_with_push_off_commits_stay_here(team: Team) -> None:
    kai = await team.console("kai")
    await saved(kai, TEXT)
    told = await synced(kai, JournalRemote(push=False))
    assert (told.state, told.ahead, told.pushed) == (Shared.AHEAD, 1, 0)
    assert git(team.shared, "for-each-ref") == ""


async def test_another_branch_can_be_the_shared_one(team: Team) -> None:
    kai = await team.console("kai")
    await saved(kai, TEXT)
    await synced(kai, JournalRemote(branch="team/journal"))
    assert git(team.shared, "for-each-ref", "--format=%(refname)") == "refs/heads/team/journal"


async def test_histories_that_diverged_are_said_and_nothing_is_rewritten(team: Team) -> None:
    kai, mei = await team.console("kai"), await team.console("mei")
    await saved(kai, TEXT)
    await synced(kai)
    await synced(mei)
    await saved(mei, b"by mei", OTHER)
    await synced(mei)
    mine = await saved(kai, b"by kai")
    there = git(team.shared, "rev-parse", "main")
    fault = await faulted(kai)
    assert fault.problem is Problem.DIVERGED
    assert "1 commits are here alone and 1 at origin/main alone" in fault.cause
    assert "git pull --rebase origin main" in fault.remedy
    assert await kai.head() == mine.hash
    assert git(team.shared, "rev-parse", "main") == there
    assert not (kai.folder / OTHER).exists()
    git(kai.folder, "pull", "-q", "--rebase", "origin", "main")
    assert (await synced(kai)).pushed == 1


async def test_what_is_not_committed_here_is_not_overwritten_by_a_fast_forward(
    team: Team,
) -> None:
    kai, mei = await team.console("kai"), await team.console("mei")
    await saved(kai, TEXT)
    await synced(kai)
    await synced(mei)
    await saved(mei, b"by mei")
    await synced(mei)
    (kai.folder / PATH).write_bytes(b"in an editor")
    fault = await faulted(kai)
    assert fault.problem is Problem.IN_THE_WAY
    assert PATH in fault.cause
    assert (kai.folder / PATH).read_bytes() == b"in an editor"
    git(kai.folder, "add", PATH)
    (kai.folder / PATH).write_bytes(TEXT)
    assert (await faulted(kai)).problem is Problem.IN_THE_WAY
    assert git(kai.folder, "show", f":{PATH}") == "in an editor"
    git(kai.folder, "reset", "-q")
    (kai.folder / "notes.md").write_text("untouched")
    await synced(kai)
    assert in_head(kai.folder) == b"by mei"
    assert git(kai.folder, "status", "--porcelain") == "?? notes.md"


async def test_a_fast_forward_that_was_cut_short_goes_on(team: Team) -> None:
    kai, mei = await team.console("kai"), await team.console("mei")
    await saved(kai, TEXT)
    await synced(kai)
    await synced(mei)
    await saved(mei, b"by mei")
    await saved(mei, b"new", OTHER)
    await synced(mei)
    (kai.folder / PATH).write_bytes(b"by mei")  # as far as the one that was killed came
    git(kai.folder, "add", PATH)
    await synced(kai)
    assert (await read(kai, OTHER)).content == b"new"
    assert git(kai.folder, "status", "--porcelain") == ""


async def test_a_remote_that_is_not_named_there_is_said(tmp_path: Path) -> None:
    journal = await opened(tmp_path / "journal")
    await saved(journal, TEXT)
    fault = await faulted(journal)
    assert fault.problem is Problem.NO_REMOTE
    assert fault.remedy == "add it there: git remote add origin URL"


async def test_a_remote_that_is_gone_is_said(team: Team) -> None:
    kai = await team.console("kai")
    await saved(kai, TEXT)
    team.shared.rename(team.shared.with_name("moved.git"))
    fault = await faulted(kai)
    assert fault.problem is Problem.NO_REMOTE
    assert in_head(kai.folder) == TEXT


async def test_a_remote_that_refuses_is_said_in_its_words(team: Team) -> None:
    kai = await team.console("kai")
    await saved(kai, TEXT)
    hook = team.shared / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no pushes at night' >&2\nexit 1\n")
    hook.chmod(0o755)
    fault = await faulted(kai)
    assert fault.problem is Problem.REFUSED
    assert "no pushes at night" in fault.cause


@pytest.mark.parametrize("scheme", ["http", "git"])
async def test_offline_is_a_fault_in_words_without_secrets(tmp_path: Path, scheme: str) -> None:
    journal = await opened(tmp_path / "journal")
    await saved(journal, TEXT)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        user = "kai:hunter2@" if scheme == "http" else ""
        url = f"{scheme}://{user}127.0.0.1:{taken.getsockname()[1]}/x.git"
        git(journal.folder, "remote", "add", "origin", url)
        fault = await faulted(journal)
    assert fault.problem is Problem.OFFLINE
    assert fault.remedy == "commits are kept here and sent once it answers"
    assert "hunter2" not in str(fault)


async def test_a_remote_that_never_answers_is_given_up_at_the_deadline(tmp_path: Path) -> None:
    journal = await opened(tmp_path / "journal")
    await saved(journal, TEXT)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"git://127.0.0.1:{silent.getsockname()[1]}/x.git"
        git(journal.folder, "remote", "add", "origin", url)
        fault = await faulted(journal, JournalRemote(timeout=timedelta(seconds=0.5)))
    assert fault.problem is Problem.OFFLINE
    assert "no answer within 0.5 s" in fault.cause
