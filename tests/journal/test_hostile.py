"""A hostile repository: no program but git runs, nothing outside is written, no byte changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.schema import JournalRemote
from console.journal.change import Keep, Write
from console.journal.errors import JournalFault, Problem
from console.journal.remote import sync
from tests.journal.folder import (
    NOON,
    PATH,
    TEXT,
    committed,
    git,
    in_head,
    opened,
    read,
    repository,
    saved,
)

pytestmark = pytest.mark.real("git")

HOOKS = (
    *("applypatch-msg", "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"),
    *("post-checkout", "post-merge", "pre-push", "pre-auto-gc", "reference-transaction"),
    *("post-index-change", "fsmonitor-watchman", "post-rewrite", "update", "pre-receive"),
)


class Trap:
    """A repository full of programs that leave a file behind when they run."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = repository(tmp_path / "journal")
        self.canaries = tmp_path / "canaries"
        self.canaries.mkdir()
        self._bin = tmp_path / "bin"
        self._bin.mkdir()
        hooks = self.folder / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        for name in HOOKS:
            (hooks / name).write_text(self._script(f"hook-{name}"))
            (hooks / name).chmod(0o755)
        self._configure(hooks)
        (self.folder / ".gitattributes").write_text("* text=auto eol=lf filter=evil diff=evil\n")
        info = self.folder / ".git" / "info"
        info.mkdir(exist_ok=True)
        (info / "attributes").write_text("* filter=evil ident\n")

    @property
    def sprung(self) -> list[str]:
        """The programs that have run."""
        return sorted(file.name for file in self.canaries.iterdir())

    def program(self, name: str, then: str = "tr a-z A-Z") -> str:
        """A program that tells that it ran, and passes on what it reads, made upper case."""
        path = self._bin / name
        path.write_text(f"{self._script(name)}{then}\n")
        path.chmod(0o755)
        return str(path)

    def _script(self, name: str) -> str:
        return f"#!/bin/sh\n: > {self.canaries}/{name}\n"

    def _configure(self, hooks: Path) -> None:
        for key, value in {
            "core.hooksPath": str(hooks),
            "core.fsmonitor": self.program("fsmonitor"),
            "core.alternateRefsCommand": self.program("alternates"),
            "core.pager": self.program("pager"),
            "core.editor": self.program("editor"),
            "core.sshCommand": self.program("ssh"),
            "core.askPass": self.program("askpass"),
            "core.gitProxy": self.program("proxy"),
            "core.autocrlf": "true",
            "credential.helper": self.program("credential"),
            "filter.evil.clean": self.program("clean"),
            "filter.evil.smudge": self.program("smudge"),
            "filter.evil.required": "true",
            "filter.a=b.process": self.program("process"),
            "diff.evil.textconv": self.program("textconv"),
            "diff.external": self.program("external-diff"),
            "gpg.program": self.program("gpg"),
            "commit.gpgSign": "true",
            "push.gpgSign": "if-asked",
            "log.showSignature": "true",
            "maintenance.auto": "true",
            "gc.auto": "1",
            "receive.denyCurrentBranch": "ignore",
            "i18n.commitEncoding": "UTF-16",
            "user.signingKey": "x",
            "remote.pushDefault": "evil",
            "submodule.recurse": "true",
        }.items():
            git(self.folder, "config", key, value)


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path)


def test_the_trap_springs_where_git_is_used_as_a_person_does(trap: Trap) -> None:
    (trap.folder / "x.md").write_text("x")
    git(trap.folder, "add", "x.md")
    git(trap.folder, "commit", "--no-gpg-sign", "-qm", "x")
    sprung = trap.sprung
    assert {"clean", "fsmonitor", "hook-pre-commit", "hook-reference-transaction"} <= set(sprung)


async def test_no_foreign_program_runs_and_the_bytes_are_those_that_were_written(
    trap: Trap,
) -> None:
    journal = await opened(trap.folder)
    await saved(journal, TEXT)
    await saved(journal, TEXT + b" more $Id$")
    await journal.append_events([b"{}"], NOON, "kai", "laptop")
    pending = await journal.pending()
    assert not isinstance(pending, JournalFault)
    await committed(journal, *(Keep(path) for path in pending))
    assert not isinstance(await journal.log(PATH), JournalFault)
    await journal.read_committed(PATH)
    assert await journal.obstacle() is None
    assert in_head(trap.folder) == TEXT + b" more $Id$"
    assert (trap.folder / PATH).read_bytes() == TEXT + b" more $Id$"
    assert trap.sprung == []


async def test_to_open_it_and_look_above_it_runs_nothing(trap: Trap) -> None:
    inner = await opened(trap.folder / "inner")
    await saved(inner, TEXT)
    assert trap.sprung == []


@pytest.mark.parametrize("way", ["ext", "uploadpack"])
async def test_a_missing_object_is_not_fetched_by_a_program_of_the_repository(
    trap: Trap, tmp_path: Path, way: str
) -> None:
    program = trap.program(way, then="exit 1")
    for key, value in {
        "extensions.partialClone": "evil",
        "core.repositoryFormatVersion": "1",
        "remote.evil.promisor": "true",
        "remote.evil.url": f"ext::{program}" if way == "ext" else str(tmp_path),
        "remote.evil.uploadpack": program,
        "protocol.ext.allow": "always",
    }.items():
        git(trap.folder, "config", key, value)
    tree = git(trap.folder, "rev-parse", "HEAD^{tree}")
    readme = git(trap.folder, "rev-parse", "HEAD:README.md")
    journal = await opened(trap.folder)
    for gone in (readme, tree):
        (trap.folder / ".git" / "objects" / gone[:2] / gone[2:]).unlink()
        told = await journal.commit([Write(PATH, TEXT, (await read(journal)).blob)], "INC-1: x")
        await journal.read_committed("README.md")
    assert isinstance(told, JournalFault)
    assert told.kept == (PATH,)
    assert trap.sprung == []
    git(trap.folder, "cat-file", "-e", tree, fails=True)  # as a person does it
    assert trap.sprung == [way]


@pytest.mark.parametrize("transport", ["ext", "vcs", "programs"])
async def test_to_reach_a_remote_runs_no_transport_and_no_hook_of_the_repository(
    trap: Trap, tmp_path: Path, transport: str
) -> None:
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", "shared.git")
    ways = {
        "ext": {"url": f"ext::{trap.program('ext')}"},
        "vcs": {"url": str(tmp_path / "shared.git"), "vcs": "ext"},
        "programs": {
            "url": str(tmp_path / "shared.git"),
            "uploadpack": trap.program("uploadpack"),
            "receivepack": trap.program("receivepack"),
        },
    }
    git(trap.folder, "config", "protocol.ext.allow", "always")
    for key, value in ways[transport].items():
        git(trap.folder, "config", f"remote.evil.{key}", value)
    journal = await opened(trap.folder)
    await saved(journal, TEXT)
    told = await sync(journal, JournalRemote(name="evil"))
    if transport == "programs":
        assert not isinstance(told, JournalFault), told
        assert git(tmp_path / "shared.git", "rev-parse", "main") == told.head
    else:
        assert isinstance(told, JournalFault)
        assert told.problem is Problem.REFUSED
    assert trap.sprung == []


@pytest.mark.parametrize("above", ["incidents", "incidents/2026"])
async def test_nothing_is_written_through_a_symlinked_folder(
    trap: Trap, tmp_path: Path, above: str
) -> None:
    outside = tmp_path / "outside"
    (outside / "2026").mkdir(parents=True)
    link = trap.folder / above
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    journal = await opened(trap.folder)
    told = await journal.commit([Write(PATH, TEXT)], "INC-1: x")
    assert isinstance(told, JournalFault)
    assert "is a symbolic link" in told.cause
    assert not any(file.is_file() for file in outside.rglob("*"))
    assert await journal.documents() == ()


async def test_a_symlink_in_the_place_of_a_document_is_neither_read_nor_written(
    trap: Trap, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (trap.folder / PATH).parent.mkdir(parents=True)
    (trap.folder / PATH).symlink_to(victim)
    journal = await opened(trap.folder)
    assert isinstance(await journal.read(PATH), JournalFault)
    assert isinstance(await journal.commit([Write(PATH, TEXT)], "INC-1: x"), JournalFault)
    assert isinstance(await journal.commit([Keep(PATH)], "INC-1: x"), JournalFault)
    assert victim.read_text() == "precious"
    assert (trap.folder / PATH).is_symlink()


async def test_nothing_is_written_into_a_repository_inside(trap: Trap) -> None:
    inner = repository(trap.folder / "incidents")
    before = git(inner, "rev-parse", "HEAD")
    journal = await opened(trap.folder)
    told = await journal.commit([Write(PATH, TEXT)], "INC-1: x")
    assert isinstance(told, JournalFault)
    assert "is a repository of its own" in told.cause
    assert git(inner, "rev-parse", "HEAD") == before
    assert not (inner / "2026").exists()
