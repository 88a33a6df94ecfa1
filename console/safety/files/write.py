"""Writing: the old content or the new one, whole, whatever kills the process."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from console.safety.files.fault import FileError, as_fault, require_plain
from console.safety.files.lock import flock

PRIVATE_FILE: Final = 0o600
LOCK_WAIT_S: Final = 2.0
"""How long an append waits for another console's append, which takes milliseconds."""

_UNFINISHED: Final = re.compile(r"\.oncall-(?P<host>.+)-(?P<pid>\d+)-[0-9a-f]{16}\.tmp")


def write_atomic(
    path: Path, content: bytes, *, mode: int = PRIVATE_FILE, replace: bool = True
) -> None:
    """Make `path` hold exactly `content`, on disk when this returns.

    With `replace=False` an existing file is left alone. After any error the old file stands
    as it was and no temporary file is left; after a kill `sweep_unfinished` finds it.

    Raises:
        FileError: the folder is missing, the disk is full, `path` exists, …
    """
    with as_fault(path, "a file that can be written"), _folder(path) as folder:
        temporary = f".oncall-{_host()}-{os.getpid()}-{os.urandom(8).hex()}.tmp"
        try:
            _write_new(temporary, content, mode, folder)
            if replace:
                os.rename(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
            else:
                os.link(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
            raise
        if not replace:
            os.unlink(temporary, dir_fd=folder)
        _sync_folder(folder)


def append_line(path: Path, line: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Add `line` and a line break to `path`, as `append_lines` does."""
    append_lines(path, (line,), mode=mode)


def append_lines(path: Path, lines: Sequence[bytes], *, mode: int = PRIVATE_FILE) -> None:
    """Add each of `lines` and a line break to `path`, on disk when this returns.

    Appends of several processes never mix. Where an earlier one was killed half-way its torn
    line is closed first, so that it spoils no other. When the disk is full, what was written
    of the lines is taken back. Blocks, so it belongs in a thread where a loop runs.

    Raises:
        ValueError: a line has a line break inside.
        FileError: the file cannot be written, is not a plain file, or stays locked.
    """
    if any(b"\n" in line for line in lines):
        raise ValueError("a line has no line break inside")
    whole = b"".join(line + b"\n" for line in lines)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with as_fault(path, "a plain file that can be appended to"), _folder(path) as folder:
        file = os.open(path.name, flags, mode, dir_fd=folder)
        try:
            require_plain(file, path)
            flock(file, path, LOCK_WAIT_S)
            size = os.fstat(file).st_size
            if size == 0:
                os.fchmod(file, mode)
            torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            try:
                _write_all(file, (b"\n" if torn else b"") + whole)
                os.fsync(file)
            except BaseException:
                os.ftruncate(file, size)
                raise
            if size == 0:
                _sync_folder(folder)
        finally:
            os.close(file)


def rename_beside(path: Path, name: str) -> None:
    """Call `path` `name` from now on, in the same folder; on disk when this returns.

    The caller holds a lock under which nobody makes a file of that name.

    Raises:
        FileError: there is such a file already, `path` is missing, …
    """
    with as_fault(path, "a file that can be renamed"), _folder(path) as folder:
        if os.path.lexists(path.with_name(name)):
            raise FileError(path.with_name(name), "is there already", expected="a free name")
        os.rename(path.name, name, src_dir_fd=folder, dst_dir_fd=folder)
        _sync_folder(folder)


def remove_plain(path: Path) -> None:
    """Remove the plain file at `path`; gone from the disk when this returns, or gone before.

    Raises:
        FileError: it is a symlink or no plain file, or it cannot be removed.
    """
    with as_fault(path, "a plain file that can be removed"), _folder(path) as folder:
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(os.lstat(path.name, dir_fd=folder).st_mode):
                raise FileError(path, "is no plain file", expected="a file")
            os.unlink(path.name, dir_fd=folder)
        _sync_folder(folder)


def sweep_unfinished(folder: Path) -> int:
    """Remove what writers of this host that were killed left in `folder`; returns how many."""
    removed = 0
    with as_fault(folder, "a folder that can be read"):
        for file in folder.iterdir():
            match = _UNFINISHED.fullmatch(file.name)
            if match and match["host"] == _host() and not _alive(int(match["pid"])):
                with contextlib.suppress(FileNotFoundError):
                    file.unlink()
                    removed += 1
    return removed


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[int]:
    # Everything is then done relative to this descriptor, so that nobody can swap the folder
    # between the steps.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


def _write_new(name: str, content: bytes, mode: int, folder: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    file = os.open(name, flags, mode & PRIVATE_FILE, dir_fd=folder)
    try:
        _write_all(file, content)
        os.fchmod(file, mode)
        os.fsync(file)
    finally:
        os.close(file)


def _write_all(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        # Some network file systems cannot sync a folder and say so with EINVAL.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())[:64]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
