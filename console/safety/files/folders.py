"""Folders that only this user can enter."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from console.safety.files.fault import FileError, as_fault
from console.safety.files.write import sweep_unfinished

PRIVATE_DIR: Final = 0o700

ENVIRONMENT: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""What may name an environment, and with it the folder of its state."""
_scratch: set[Path] = set()


def private_dir(path: Path) -> Path:
    """`path` as a folder that only this user can enter, made (0700) with its parents if missing.

    Raises:
        FileError: it is a symlink or no folder, another user owns it, or its group or
            everybody may write to it. One that others may only read is closed to them.
    """
    with as_fault(path, "a folder of this user's own"):
        _make_dirs(path)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = os.open(path, flags)
        try:
            found = os.fstat(folder)
            if found.st_uid != os.geteuid():
                raise FileError(
                    path, f"belongs to user {found.st_uid}", expected="a folder of this user's own"
                )
            permissions = stat.S_IMODE(found.st_mode)
            if permissions & 0o022:
                raise FileError(
                    path,
                    f"has mode {permissions:04o}: others may write to it",
                    expected="a folder with mode 0700",
                )
            if permissions & 0o077:
                os.fchmod(folder, PRIVATE_DIR)
        finally:
            os.close(folder)
    return path


def state_dir(environment: str, environ: Mapping[str, str]) -> Path:
    """`$XDG_STATE_HOME/oncall/<environment>`, made if missing; `~/.local/state` by default.

    Raises:
        FileError: `environment` cannot be a folder's name, there is no home folder, or the
            folder is refused as `private_dir` has it.
    """
    if not re.fullmatch(ENVIRONMENT, environment):
        raise FileError(
            Path(environment.encode("ascii", "replace").decode().replace("\0", "?")),
            "cannot name an environment",
            expected="1 to 64 of A-Z a-z 0-9 . _ - that begin with a letter or a digit",
        )
    base = Path(environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():  # the XDG specification has a relative one ignored
        home = Path(environ.get("HOME", ""))
        if not home.is_absolute():
            raise FileError(home, "is no home folder", expected="HOME or XDG_STATE_HOME to be set")
        base = home / ".local" / "state"
    private_dir(base / "oncall")
    folder = private_dir(base / "oncall" / environment)
    sweep_unfinished(folder)
    return folder


def make_scratch_dir(prefix: str) -> Path:
    """A new private folder (0700) among the system's temporary ones, `prefix` in its name.

    Raises:
        FileError: it cannot be made.
    """
    with as_fault(Path(tempfile.gettempdir()), "a folder that can be written to"):
        folder = Path(tempfile.mkdtemp(prefix=prefix))
    _scratch.add(folder)
    return folder


def remove_scratch_file(path: Path) -> None:
    """Remove a file of a folder that `make_scratch_dir` of this process made, if it is there.

    Raises:
        FileError: it made no such folder.
    """
    if path.parent not in _scratch:
        raise FileError(path, "is in no scratch folder", expected="a file in one")
    with as_fault(path, "a file that can be removed"):
        path.unlink(missing_ok=True)


def socket_dir(environ: Mapping[str, str], max_path_bytes: int) -> Path | None:
    """A folder for sockets that is the same in every run, of `max_path_bytes` at most.

    `$XDG_RUNTIME_DIR/oncall-ssh`, else `oncall-ssh-<uid>` among the temporary ones. `None`:
    either is too long, or somebody else's.
    """
    folders = [Path(tempfile.gettempdir()) / f"oncall-ssh-{os.geteuid()}"]
    runtime = Path(environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute():
        folders.insert(0, runtime / "oncall-ssh")
    for folder in folders:
        if len(os.fsencode(folder)) <= max_path_bytes:
            with contextlib.suppress(FileError):
                return private_dir(folder)
    return None


def remove_scratch_dir(folder: Path) -> None:
    """Remove a folder that `make_scratch_dir` of this process made, and nothing else.

    Raises:
        FileError: it made no such folder.
    """
    if folder not in _scratch:
        raise FileError(folder, "was not made as a scratch folder", expected="one that was")
    _scratch.discard(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _make_dirs(path: Path) -> None:
    missing = []
    while not os.path.lexists(path):
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(PRIVATE_DIR)
            folder.chmod(PRIVATE_DIR)
