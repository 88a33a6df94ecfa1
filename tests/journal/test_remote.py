"""Fetch, join, push; what two changed, is offline or in the way is said and left alone."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from config.schema import JournalRemote
from console.journal.change import Remove, Write
from console.journal.errors import JournalFault, Problem
from console.journal.remote import Shared, Synced, sync
from console.journal.repository import Journal
from tests.journal.folder import (
    KAI,
    PATH,
    TEXT,
    committed,
    git,
    in_head,
    is_sound,
    is_whole,
    opened,
    read,
    saved,
)
from tests.soak import trials

pytestmark = pytest.mark.real("git")

OTHER = "incidents/2026/other.md"
ORIGIN = JournalRemote()


class Team:
    """Two consoles with a clone each, and the repository that they share."""

    def __init__(self, tmp_path: Path, begun: Path | None = None) -> None:
        self.shared = tmp_path / "shared.git"
        if begun is None:
            git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", "shared.git")
        else:
            shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
        self._tmp_path = tmp_path

    async def console(self, name: str) -> Journal:
        journal = await opened(self._tmp_path / name)
        if not git(journal.folder, "remote"):
            git(journal.folder, "remote", "add", "origin", "../shared.git")
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


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two consoles that have the same first commit."""
    base = tmp_path_factory.mktemp("begun")

    async def begin() -> None:
        team = Team(base)
        kai, mei = await team.console("kai"), await team.console("mei")
        await saved(kai, TEXT)
        await synced(kai)
        await synced(mei)

    asyncio.run(begin())
    return base


@pytest.fixture
def two(tmp_path: Path, begun: Path) -> Team:
    return Team(tmp_path, begun)


async def apart(team: Team) -> tuple[Journal, Journal]:
    """Their consoles."""
    return await team.console("kai"), await team.console("mei")


async def test_what_two_wrote_in_different_files_is_merged_and_pushed(two: Team) -> None:
    kai, mei = await apart(two)
    theirs = await saved(mei, b"by mei", OTHER)
    await synced(mei)
    await saved(kai, b"by kai")
    mine = await saved(kai, b"by kai, once more")
    (kai.folder / "notes.md").write_text("untouched")
    got = await synced(kai)
    assert (got.state, got.fetched, got.pushed) == (Shared.SAME, 1, 3)
    assert git(kai.folder, "log", "-1", "--format=%s|%an") == (
        f"merge: 2 here, 1 from origin/main|{KAI.name}"
    )
    assert git(kai.folder, "log", "-1", "--format=%P").split() == [mine.hash, theirs.hash]
    assert git(kai.folder, "status", "--porcelain") == "?? notes.md"
    assert (await synced(mei)).fetched == 3
    for one in (kai, mei):
        assert (one.folder / OTHER).read_bytes() == in_head(one.folder, OTHER) == b"by mei"
        assert (one.folder / PATH).read_bytes() == in_head(one.folder) == b"by kai, once more"
        assert is_whole(one.folder)
    assert git(mei.folder, "status", "--porcelain") == ""


async def test_what_two_wrote_in_one_file_is_named_and_nothing_is_touched(two: Team) -> None:
    kai, mei = await apart(two)
    await saved(mei, b"by mei", OTHER)
    await saved(mei, b"mine is better")
    await synced(mei)
    mine = await saved(kai, b"by kai")
    there = git(two.shared, "rev-parse", "main")
    fault = await faulted(kai)
    assert fault.problem is Problem.DIVERGED
    assert "1 commits are here alone and 2 at origin/main alone" in fault.cause
    assert f"both changed {PATH}" in fault.cause
    assert "git pull --no-rebase origin main" in fault.remedy
    assert await kai.head() == mine.hash
    assert git(two.shared, "rev-parse", "main") == there
    assert not (kai.folder / OTHER).exists()
    assert git(kai.folder, "status", "--porcelain") == ""
    git(kai.folder, "pull", "-q", "--no-rebase", "-Xours", "origin", "main")
    assert (await synced(kai)).pushed == 2
    await synced(mei)
    assert in_head(mei.folder) == b"by kai"


async def test_only_the_first_of_many_conflicts_are_named(two: Team) -> None:
    kai, mei = await apart(two)
    for one in (kai, mei):
        paths = [f"incidents/2026/{number}.md" for number in range(7)]
        await committed(one, *(Write(path, one.folder.name.encode(), "") for path in paths))
    await synced(mei)
    assert "2026/4.md and 2 more" in (await faulted(kai)).cause


async def test_the_same_bytes_written_by_two_are_no_conflict(two: Team) -> None:
    kai, mei = await apart(two)
    for one in (kai, mei):
        await saved(one, b"the same")
        await saved(one, b"new", OTHER)
        await committed(one, Remove(OTHER, (await read(one, OTHER)).blob))
    await synced(mei)
    await synced(kai)
    assert in_head(kai.folder) == b"the same"
    assert is_whole(kai.folder)


def _renamed(folder: Path) -> None:
    git(folder, "mv", PATH, OTHER)


def _removed(folder: Path) -> None:
    git(folder, "rm", "-q", PATH)


def _executable(folder: Path) -> None:
    git(folder, "update-index", "--chmod=+x", PATH)


def _linked(folder: Path) -> None:
    (folder / PATH).unlink()
    (folder / PATH).symlink_to("/etc/passwd")
    git(folder, "add", PATH)


def _submodule(folder: Path) -> None:
    git(folder, "rm", "-q", "--cached", PATH)
    commit = git(folder, "rev-parse", "HEAD")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},{PATH}")


def _folder(folder: Path) -> None:
    git(folder, "rm", "-q", PATH)
    (folder / PATH).mkdir(parents=True)
    (folder / PATH / "inside.md").write_text("x")
    git(folder, "add", PATH)


async def test_what_was_done_to_a_file_by_hand_is_never_merged_with_an_edit_of_it(
    two: Team, tmp_path: Path
) -> None:
    kai, _ = await apart(two)
    git(tmp_path, "clone", "-q", str(two.shared), "colleague")
    colleague = tmp_path / "colleague"
    first = git(colleague, "rev-parse", "HEAD")
    mine = await saved(kai, b"by kai")
    for by_hand in (_renamed, _removed, _executable, _linked, _submodule, _folder):
        git(colleague, "reset", "-q", "--hard", first)
        by_hand(colleague)
        git(colleague, "commit", "-qm", "by hand")
        git(colleague, "push", "-qf", "origin", "main")
        fault = await faulted(kai)
        assert fault.problem is Problem.DIVERGED, by_hand
        assert PATH in fault.cause
        assert await kai.head() == mine.hash
        assert (kai.folder / PATH).read_bytes() == b"by kai"
        assert git(kai.folder, "status", "--porcelain") == ""


async def test_a_file_where_the_other_side_has_a_folder_is_a_conflict(
    two: Team, tmp_path: Path
) -> None:
    kai, _ = await apart(two)
    git(tmp_path, "clone", "-q", str(two.shared), "colleague")
    colleague = tmp_path / "colleague"
    (colleague / "changes").write_text("a file")
    git(colleague, "add", "changes")
    git(colleague, "commit", "-qm", "by hand")
    git(colleague, "push", "-q", "origin", "main")
    await saved(kai, b"x", "changes/2026/a.md")
    fault = await faulted(kai)
    assert fault.problem is Problem.DIVERGED
    assert "changes/2026/a.md" in fault.cause
    assert (kai.folder / "changes/2026/a.md").read_bytes() == b"x"


async def test_histories_without_a_common_commit_are_a_persons_to_merge(team: Team) -> None:
    kai, mei = await team.console("kai"), await team.console("mei")
    await saved(mei, b"by mei", OTHER)
    await synced(mei)
    await saved(kai, b"by kai")
    fault = await faulted(kai)
    assert fault.problem is Problem.DIVERGED
    assert "no commit in common" in fault.cause
    assert not (kai.folder / OTHER).exists()
    remedy = fault.remedy.partition("git pull ")[2]
    git(kai.folder, "pull", "-q", *remedy.split())
    assert (await synced(kai)).pushed == 2


async def test_a_merge_leaves_what_is_not_committed_here_and_goes_on_after_a_kill(
    two: Team,
) -> None:
    kai, mei = await apart(two)
    await saved(mei, b"by mei")
    await synced(mei)
    await saved(kai, b"by kai", OTHER)
    (kai.folder / PATH).write_bytes(b"in an editor")
    fault = await faulted(kai)
    assert fault.problem is Problem.IN_THE_WAY
    assert PATH in fault.cause
    assert (kai.folder / PATH).read_bytes() == b"in an editor"
    (kai.folder / PATH).write_bytes(b"by mei")  # as far as the one that was killed came
    git(kai.folder, "add", PATH)
    await synced(kai)
    assert in_head(kai.folder) == b"by mei"
    assert git(kai.folder, "status", "--porcelain") == ""
    assert is_whole(kai.folder)


async def test_merges_made_crosswise_are_joined_in_turn(two: Team) -> None:
    """Both merge the same two commits before either sees the other's merge."""
    kai, mei = await apart(two)
    for turn in range(2):
        await saved(kai, b"kai %d" % turn)
        await saved(mei, b"mei %d" % turn, OTHER)
        for one in (kai, mei):
            git(one.folder, "push", "-q", "-f", "origin", f"HEAD:refs/heads/{one.folder.name}")
        for one, other in ((kai, "mei"), (mei, "kai")):
            assert (await synced(one, JournalRemote(branch=other, push=False))).fetched
        assert git(kai.folder, "rev-list", "--merges", "--count", "HEAD") != "0"
    await synced(mei)
    await synced(kai)
    await synced(mei)
    for one in (kai, mei):
        assert (in_head(one.folder), in_head(one.folder, OTHER)) == (b"kai 1", b"mei 1")
        assert is_whole(one.folder)
    assert await kai.head() == await mei.head()


@pytest.mark.timeout(trials(usual=120, soak=1_800))
async def test_two_clones_that_write_and_share_all_the_time_lose_nothing(two: Team) -> None:
    consoles = await apart(two)
    count = trials(usual=2, soak=60)
    last: dict[str, bytes] = {}

    async def work(journal: Journal) -> list[str]:
        name, made = journal.folder.name, []
        for number in range(count):
            path = f"incidents/2026/{name}-{number % 3}.md"
            last[path] = f"{name} {number}".encode()
            made.append((await saved(journal, last[path], path)).hash)
            told = await sync(journal, ORIGIN)
            if isinstance(told, JournalFault):  # the other was quicker each time
                assert told.problem is Problem.REFUSED, told
        return made

    made = [commit for commits in await asyncio.gather(*map(work, consoles)) for commit in commits]
    for one in (*consoles, *consoles):
        await synced(one)
    assert len({await one.head() for one in consoles}) == 1
    for one in consoles:
        assert set(made) <= set(git(one.folder, "rev-list", "HEAD").split())
        for path, content in last.items():
            assert (one.folder / path).read_bytes() == in_head(one.folder, path) == content
        assert git(one.folder, "status", "--porcelain") == ""
        assert is_whole(one.folder)


async def test_what_is_not_committed_here_is_not_overwritten_by_a_fast_forward(
    two: Team,
) -> None:
    kai, mei = await apart(two)
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


async def test_a_fast_forward_that_was_cut_short_goes_on(two: Team) -> None:
    kai, mei = await apart(two)
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
        fault = await faulted(journal, JournalRemote(timeout=timedelta(seconds=0.2)))
    assert fault.problem is Problem.OFFLINE
    assert "no answer within 0.2 s" in fault.cause
