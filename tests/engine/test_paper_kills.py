"""kill -9 at any moment of the whole console's typing, writing and committing.

Whatever a person was told is done stands in the journal or in a draft, whole.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import random
import re
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import pytest

from console.actions.audit.record import AUDIT
from console.model.papers import Draft, JournalState
from tests.engine.papering import ENDLESS, Ack, console
from tests.engine.test_papers import console as console_of
from tests.engine.test_papers import opened, settings
from tests.journal.folder import git, is_sound
from tests.soak import trials

pytestmark = pytest.mark.real("git")

KILLS_A_FOLDER: Final = 50
"""So that a console has not to read through thousands of documents when it starts."""
WAIT_S: Final = 120.0
_FORKS: Final = multiprocessing.get_context("forkserver")
# What a console imports takes longer than what it does: that is imported once.
_FORKS.set_forkserver_preload(["__main__", "tests.engine.papering", "console.engine.engine"])


class Folder:
    """Where consoles of one person write, and what they were told is there."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        self.journal = root / "journal"
        self.state = root / "state"
        self.state.mkdir(0o700)
        self.loaded = settings(root, self.journal)
        self.settings = root / "settings"
        self.clone = root / "clone"
        self.drafts: dict[str, str] = {}
        self.saved: list[Ack] = []

    @contextlib.contextmanager
    def at_work(
        self, name: str, count: int = ENDLESS, shared: str = ""
    ) -> Iterator[tuple[ForkServerProcess, Connection]]:
        """A console in a process of its own."""
        ours, theirs = _FORKS.Pipe(duplex=False)
        words = (self.settings, self.state, name, count, shared, theirs)
        process = _FORKS.Process(target=console, args=words, daemon=True)
        process.start()
        theirs.close()
        try:
            yield process, ours
        finally:
            process.kill()
            process.join(WAIT_S)
            ours.close()

    def hear(self, told: Connection, most: int = ENDLESS) -> int:
        """Take in what is acknowledged, to the end or at most so many; how many there were."""
        heard = 0
        with contextlib.suppress(EOFError):
            while heard < most:
                assert told.poll(WAIT_S), "it does nothing"
                self._take_in(Ack(*told.recv()))
                heard += 1
        return heard

    def _take_in(self, ack: Ack) -> None:
        if ack.kind == "draft":
            self.drafts[ack.key] = ack.text
        elif ack.kind == "dropped":
            self.drafts.pop(ack.key, None)
        elif ack.kind != "ready":
            self.saved.append(ack)

    def kill_one(self, name: str, chance: random.Random, shared: str = "") -> None:
        """A console that is killed somewhere in what it does, or while it starts."""
        with self.at_work(name, shared=shared) as (process, told):
            self.hear(told, most=chance.choice((0, 1, 2, 3, 5, 8, 13)))
            process.join(chance.uniform(0, 0.25))
            process.kill()
            process.join(WAIT_S)
            self.hear(told)

    async def assert_all_is_there(self) -> None:
        """In the last commit, in drafts, in the audit; and the next console goes on."""
        async with console_of("kai", self.loaded, self.state) as (engine, seen):
            papers = await engine.papers.look()
            assert papers.broken == ()
            assert all(one.faults == () for one in papers.incidents)
            assert papers.status.state in (JournalState.KEPT, JournalState.NONE), papers.status
            await opened(engine, "the next one")
            await seen.until(lambda update: bool(update.papers.incidents))
            typed = (await engine.papers.look()).drafts
        assert is_sound(self.journal)
        git(self.journal.parent, "clone", "-q", str(self.journal), str(self.clone))
        self._assert_documents()
        self._assert_drafts(typed)
        self._assert_audited()

    def _assert_documents(self) -> None:
        latest = {(ack.kind, ack.key): ack for ack in self.saved}
        for ack in self.saved:
            if ack.kind == "note" and not ack.key:
                assert any(ack.text in text for text in self._event_files()), ack
                continue
            content = (self.clone / ack.path).read_text()
            if ack.kind == "note":
                timeline = content.partition("<!-- oncall:timeline -->")[2]
                assert timeline.count(ack.text) == 1, ack
            elif ack.kind == "opened":
                assert ack.text in content
        for (kind, key), ack in latest.items():
            if kind == "why":
                found = re.search(r"^## Why.*?\n(.*?)\n## ", _content(self.clone, ack), re.M | re.S)
                assert found is not None
                assert _no_older(found[1].strip(), ack.text), (key, found[1][:80])

    def _event_files(self) -> list[str]:
        return [path.read_text() for path in (self.clone / "events").rglob("*.jsonl")]

    def _assert_drafts(self, typed: tuple[Draft, ...]) -> None:
        kept = [one.fields["text"] for one in typed]
        everything = None
        for key, text in self.drafts.items():
            if text not in kept:  # saved in the moment before the kill
                everything = everything or [
                    path.read_text() for path in (self.clone / "incidents").rglob("*.md")
                ]
                assert any(text in one for one in everything), key

    def _assert_audited(self) -> None:
        lines = (self.state / AUDIT).read_text().splitlines()
        intents = {
            record["id"] for line in lines if (record := json.loads(line))["phase"] == "intent"
        }
        commits = git(self.journal, "log", "-z", "--format=%B").split("\0")
        acts = [one for one in commits if one.strip() not in ("", "events")]
        assert len(acts) >= len(self.saved)
        for message in acts:
            named = re.search(r"^Intent: (\w+)$", message, re.M)
            assert named is not None, message
            assert named[1] in intents, message


def _content(clone: Path, ack: Ack) -> str:
    return (clone / ack.path).read_text()


def _no_older(stands: str, acknowledged: str) -> bool:
    """Whether it is a whole text of the console that wrote it, and not one of before."""
    number = re.compile(r" (\d{6}) ")
    one, other = number.search(stands), number.search(acknowledged)
    assert one is not None and other is not None
    whole = acknowledged.replace(other[0], one[0])
    return stands == whole and int(one[1]) >= int(other[1])


async def test_whatever_kills_a_console_nothing_that_it_acknowledged_is_lost(
    tmp_path: Path,
) -> None:
    chance = random.Random(20261122)
    kills = trials(usual=4, soak=500)
    acknowledged = 0
    for first in range(0, kills, KILLS_A_FOLDER):
        folder = Folder(tmp_path / f"of-{first}")
        for run in range(first, min(first + KILLS_A_FOLDER, kills)):
            folder.kill_one(f"run{run}", chance)
        await folder.assert_all_is_there()
        acknowledged += len(folder.saved)
    assert acknowledged > kills / 2


async def test_four_consoles_on_one_folder_all_land_though_others_are_killed(
    tmp_path: Path,
) -> None:
    folder = Folder(tmp_path / "of")
    chance = random.Random(4)
    each = trials(usual=4, soak=250)
    async with console_of("kai", folder.loaded, folder.state) as (engine, _):
        shared = (await opened(engine, "everybody's")).document
    with contextlib.ExitStack() as stack:
        steady = [
            stack.enter_context(folder.at_work(f"steady{number}", each, shared))
            for number in range(4)
        ]
        for run in range(trials(usual=1, soak=25)):
            folder.kill_one(f"killed{run}", chance, shared)
        for process, told in steady:
            folder.hear(told)
            process.join(WAIT_S)
            assert process.exitcode == 0
    await folder.assert_all_is_there()
    assert int(git(folder.journal, "rev-list", "--count", "HEAD")) >= 4 * each
