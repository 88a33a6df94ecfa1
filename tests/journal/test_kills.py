"""kill -9 at any moment, and many consoles on one folder: nothing torn, nothing lost."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.journal.change import Commit, Write
from console.journal.errors import JournalFault, Problem
from tests.journal.committing import content_of
from tests.journal.folder import git, in_head, is_sound, opened, read
from tests.soak import trials
from tests.spawn import PROJECT

pytestmark = pytest.mark.real("git")

ENDLESS = 1_000_000


@contextlib.contextmanager
def committing(folder: Path, name: str, count: int) -> Iterator[subprocess.Popen[bytes]]:
    """A console in a process of its own that commits."""
    words = ("-m", "tests.journal.committing", str(folder), name, str(count))
    process = subprocess.Popen(
        [sys.executable, *words], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def heard_until_killed(
    process: subprocess.Popen[bytes], commits: int, wait_s: float, *, children: bool
) -> dict[str, int]:
    """The number that was last acknowledged for each path; at least `commits` of them came."""
    assert process.stdout is not None
    heard = [process.stdout.readline() for _ in range(commits)]
    assert all(heard), process.communicate()[1].decode()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(wait_s)
    victims = children_of(process.pid) if children else []
    process.kill()
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    heard += process.stdout.readlines()
    process.wait()
    return acknowledged(b"".join(heard))


def acknowledged(printed: bytes) -> dict[str, int]:
    found = {}
    for line in printed.decode().splitlines(keepends=True):
        if line.endswith("\n"):
            path, number = line.split()
            found[path] = int(number)
    return found


def children_of(pid: int) -> list[int]:
    """The processes that `pid` has started and that live."""
    tasks = Path(f"/proc/{pid}/task")
    with contextlib.suppress(OSError):
        return [
            int(child)
            for task in tasks.iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def removed(lock: Path) -> None:
    lock.unlink()


async def assert_nothing_lost(folder: Path, heard: dict[str, int]) -> None:
    """Each file and each blob is one whole version, no older than the last acknowledged one."""
    for path, number in heard.items():
        for content in ((folder / path).read_bytes(), in_head(folder, path)):
            found = re.match(rb"\S+ (\d+)\n", content)
            assert found, content[:80]
            assert int(found[1]) >= number
            assert content == content_of(path, int(found[1]))
    assert is_sound(folder)


async def test_a_console_that_is_killed_tears_nothing_and_loses_no_commit(tmp_path: Path) -> None:
    chance = random.Random(20261122)
    heard: dict[str, int] = {}
    folder = tmp_path / "journal"
    for run in range(trials(usual=6, soak=500)):
        name = f"run{run}"
        with committing(folder, name, ENDLESS) as process:
            wait_s = chance.uniform(0, 0.08)
            heard |= heard_until_killed(process, chance.randint(1, 3), wait_s, children=False)
        if run % 5 == 0:
            await assert_nothing_lost(folder, heard)
    journal = await opened(folder)
    pending = await journal.pending()
    assert not isinstance(pending, JournalFault)
    assert all(path not in heard or (folder / path).exists() for path in pending)
    await assert_nothing_lost(folder, heard)
    left = [file.name for file in (folder / ".git" / "oncall").iterdir()]
    told = await journal.commit([Write("incidents/2026/after.md", b"x")], "INC-1: x")
    assert isinstance(told, Commit), told
    assert not list((folder / ".git" / "oncall").iterdir()), left


async def test_where_git_is_killed_as_well_what_stays_in_the_way_is_named(tmp_path: Path) -> None:
    chance = random.Random(7)
    for run in range(trials(usual=2, soak=200)):
        folder = tmp_path / f"journal{run}"
        with committing(folder, "x", ENDLESS) as process:
            wait_s = chance.uniform(0, 0.08)
            heard = heard_until_killed(process, chance.randint(1, 2), wait_s, children=True)
        journal = await opened(folder)
        path = "incidents/2026/after.md"
        told = await journal.commit([Write(path, b"after")], "INC-1: x")
        while isinstance(told, JournalFault):  # a ref that is moved has two: HEAD's and its own
            assert told.problem is Problem.LOCKED, told
            assert told.kept == (path,)
            lock = re.search(r"'([^']*\.lock)'", told.cause)
            assert lock, told
            assert Path(lock[1]).is_relative_to(folder / ".git")
            removed(Path(lock[1]))
            told = await journal.commit(
                [Write(path, b"after", (await read(journal, path)).blob)], "INC-1: x"
            )
        assert isinstance(told, Commit), told
        await assert_nothing_lost(folder, heard)


async def test_four_consoles_on_one_folder_lose_no_commit_even_where_one_is_killed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "journal"
    chance = random.Random(4)
    each = trials(usual=5, soak=250)
    heard: dict[str, int] = {}
    with contextlib.ExitStack() as running:
        steady = [
            running.enter_context(committing(folder, f"console{number}", each))
            for number in range(4)
        ]
        for run in range(trials(usual=2, soak=25)):
            with committing(folder, f"killed{run}", ENDLESS) as process:
                wait_s = chance.uniform(0, 0.2)
                heard |= heard_until_killed(process, chance.randint(1, 3), wait_s, children=False)
        for process in steady:
            printed, said = process.communicate(timeout=600)
            assert process.returncode == 0, said.decode()
            told = acknowledged(printed)
            assert max(told.values()) == each - 1
            heard |= told
    await assert_nothing_lost(folder, heard)
    commits = int(git(folder, "rev-list", "--count", "HEAD"))
    assert commits >= 4 * each
    # What was being written when a console was killed may differ, and only that.
    differing = git(folder, "status", "--porcelain", "-uall").splitlines()
    mark = re.compile(r" ?[AM?]{1,2} +incidents/2026/(killed|\.oncall-)")
    assert all(mark.match(line) for line in differing), differing


async def test_a_person_who_commits_by_hand_meanwhile_is_not_disturbed(tmp_path: Path) -> None:
    folder = (await opened(tmp_path / "journal")).folder
    by_hand = 0
    heard = b""
    with committing(folder, "console", trials(usual=20, soak=200)) as process:
        assert process.stdout is not None
        while line := process.stdout.readline():
            heard += line
            (folder / "notes.md").write_text(f"{by_hand}")
            if commits_by_hand(folder, f"by hand {by_hand}"):
                by_hand += 1
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()
    assert by_hand > 1
    await assert_nothing_lost(folder, acknowledged(heard))
    assert git(folder, "rev-list", "--count", "HEAD", "--", "notes.md") == str(by_hand)


def commits_by_hand(folder: Path, subject: str) -> bool:
    """Whether git took it: with a console that writes at the same moment it may be locked."""
    person = ("-c", "user.name=Mei", "-c", "user.email=mei@example.org")
    words = (("add", "notes.md"), ("commit", "-qm", subject))
    argv = [["git", *person, *each] for each in words]
    return all(
        subprocess.run(each, cwd=folder, capture_output=True, check=False).returncode == 0
        for each in argv
    )
