"""What the journal's folder is, and whether something may be written there now.

Nothing is mended here and nothing damaged: a folder is used as it is, becomes a repository of
its own, or is refused in words.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from console.journal.errors import GitError, JournalFault, Problem, fault_of, fault_of_file
from console.journal.git import Git, make_repository
from console.journal.lock import LOCK, held
from console.journal.standing import EXPECTED, broken, obstacle, shown
from console.safety.files import FileError, private_dir, read_capped
from console.safety.text import visible

_ANOTHER: Final = "name another folder under `journal.folder`"
_MAX_POINTER_BYTES: Final = 4096


class Ground(msgspec.Struct, frozen=True):
    """A folder in which a journal can be kept."""

    git: Git
    notices: tuple[str, ...] = ()
    """What a person has to know about it, safe to show."""


async def ground_of(folder: Path, environ: Mapping[str, str]) -> Ground | JournalFault:
    """`folder` as the place of a journal, made (0700) and made a repository where it is none."""
    try:
        place, is_repository = await asyncio.to_thread(_made, folder)
        fault = await asyncio.to_thread(_owner_fault, place)
        if fault is not None:
            return fault
        above = () if is_repository else await _above(place, environ)
        if isinstance(above, JournalFault):
            return above
        return await _repository(place, environ, above)
    except FileError as error:
        return fault_of_file(error)
    except GitError as error:
        return fault_of(error)
    except (OSError, RuntimeError) as error:  # a loop of symlinks, no home folder
        cause = f"{visible(str(folder))}: {visible(str(error))}"
        return JournalFault(Problem.NOT_A_FOLDER, cause, EXPECTED, _ANOTHER)


async def _repository(
    place: Path, environ: Mapping[str, str], notices: tuple[str, ...]
) -> Ground | JournalFault:
    git_dir = await asyncio.to_thread(_git_dir, place)
    if isinstance(git_dir, JournalFault):
        return git_dir
    if await asyncio.to_thread(_is_unfinished, git_dir):
        await _make(git_dir, environ)
    git = Git(git_dir, place, dict(environ))
    try:
        told = await git.ask("rev-parse", "--git-dir", "--show-object-format")
    except GitError as error:
        if error.exit_status is None:
            return fault_of(error)
        return broken(place, error.said)
    algorithm = told.decode().split()[-1]
    ground = Ground(msgspec.structs.replace(git, algorithm=algorithm), notices)
    fault = await obstacle(ground.git)
    if fault is not None and fault.problem is not Problem.BUSY:
        return fault
    return ground


def _made(folder: Path) -> tuple[Path, bool]:
    place = folder.expanduser().resolve()
    if not os.path.lexists(place):
        private_dir(place)
    return place, os.path.lexists(place / ".git")


def _git_dir(place: Path) -> Path | JournalFault:
    """Where the repository of `place` keeps its own; an empty folder where there was none."""
    git_dir = place / ".git"
    if not os.path.lexists(git_dir):
        if all(os.path.lexists(place / name) for name in ("HEAD", "objects", "refs")):
            return _unusable(place, "is a bare repository, without files", "clone it beside it")
        return private_dir(git_dir)
    if git_dir.is_symlink():
        return _unusable(place, "has a symbolic link for its .git", _ANOTHER)
    if not git_dir.is_dir():
        pointed = _pointed_at(git_dir)
        if isinstance(pointed, JournalFault):
            return pointed
        git_dir = pointed
    return _owner_fault(git_dir) or _owner_fault(_common(git_dir)) or git_dir


async def _make(git_dir: Path, environ: Mapping[str, str]) -> None:
    async with held(git_dir):
        if await asyncio.to_thread(_is_unfinished, git_dir):
            await make_repository(git_dir, environ)


def _is_unfinished(git_dir: Path) -> bool:
    """Made by a console that was killed before it was a repository: nothing is kept in it."""
    # `git init` makes these in this order; another console may be at it just now.
    if all(os.path.lexists(git_dir / name) for name in ("HEAD", "config", "refs", "objects/info")):
        return False
    known = {"HEAD", "config", "description", "objects", "refs", LOCK}
    inside = {entry.name for entry in git_dir.iterdir()}
    kept = [file for part in ("objects", "refs") for file in (git_dir / part).rglob("*")]
    return inside <= known and not any(file.is_file() for file in kept)


def _pointed_at(pointer: Path) -> Path | JournalFault:
    """The folder of a linked worktree that the file `.git` names, if it names this one back."""
    place = pointer.parent
    text = read_capped(pointer, _MAX_POINTER_BYTES, follow=False).decode("utf-8", "replace")
    if text.startswith("gitdir: "):
        git_dir = (place / text.removeprefix("gitdir: ").strip()).resolve()
        back = git_dir / "gitdir"
        if back.is_file() and (git_dir / "commondir").is_file():
            named = read_capped(back, _MAX_POINTER_BYTES).decode("utf-8", "replace").strip()
            if (git_dir / named).resolve() == pointer.resolve():
                return git_dir
    return _unusable(
        place, "has a .git that leads elsewhere (a submodule, or moved)", "use a plain clone"
    )


def _common(git_dir: Path) -> Path:
    pointer = git_dir / "commondir"
    if not pointer.is_file():
        return git_dir
    text = read_capped(pointer, _MAX_POINTER_BYTES).decode("utf-8", "replace")
    return (git_dir / text.strip()).resolve()


async def _above(place: Path, environ: Mapping[str, str]) -> JournalFault | tuple[str, ...]:
    """What to know about a repository around `place`, in which nothing is ever written."""
    for folder in place.parents:
        git_dir = folder / ".git"
        if not git_dir.is_dir():
            continue
        inside = place.relative_to(folder).as_posix()
        try:
            tracked = await Git(git_dir, folder, environ).ask("ls-files", "-z", "--", inside)
        except GitError:
            tracked = b""
        if tracked:
            count = tracked.count(b"\0")
            return JournalFault(
                Problem.TRACKED_ABOVE,
                f"{count:,} files of {shown(place)} are tracked by the repository around it, at "
                f"{shown(folder)}",
                EXPECTED,
                f"name {shown(folder)} itself under `journal.folder`, or a folder outside of it",
            )
        return (
            f"{shown(place)} is a repository of its own inside {shown(folder)}; add "
            f"/{visible(inside)}/ to the .gitignore there",
        )
    return ()


def _owner_fault(folder: Path) -> JournalFault | None:
    found = folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        return JournalFault(
            Problem.NOT_A_FOLDER, f"{shown(folder)} is no folder", EXPECTED, _ANOTHER
        )
    if found.st_uid != os.geteuid():
        return JournalFault(
            Problem.NOT_OURS, f"{shown(folder)} belongs to user {found.st_uid}", EXPECTED, _ANOTHER
        )
    if found.st_mode & stat.S_IWOTH:
        return JournalFault(
            Problem.NOT_OURS,
            f"everybody can write to {shown(folder)}",
            EXPECTED,
            f"chmod o-w {shown(folder)}",
        )
    return None


def _unusable(place: Path, why: str, remedy: str) -> JournalFault:
    return JournalFault(Problem.NOT_USABLE, f"{shown(place)} {why}", EXPECTED, remedy)
