"""Locks between processes."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final

from console.safety.files.fault import LockHeldError, as_fault

_TRY_S: Final = 0.02
_PRIVATE_FILE: Final = 0o600


class FileLock:
    """A lock between processes that the kernel lets go when its holder dies, so never stale.

    For a `with` block, or `acquire` and `release`. The file stays behind; it means nothing.
    With `mode` 0660 everybody in its group can take it as well.
    """

    def __init__(self, path: Path, *, wait_s: float = 0.0, mode: int = _PRIVATE_FILE) -> None:
        self.path = path
        self.wait_s = wait_s
        self._mode = mode
        self._file: int | None = None

    def acquire(self) -> None:
        """Take the lock, trying for `wait_s` seconds.

        Raises:
            LockHeldError: another process, or another `FileLock`, holds it.
            FileError: the lock's file cannot be made.
        """
        if self._file is not None:
            raise LockHeldError(self.path, "is held already by this lock", expected="one holder")
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        with as_fault(self.path, "a lock file that can be made"):
            file = os.open(self.path, flags, self._mode)
            try:
                found = os.fstat(file)
                if found.st_uid == os.geteuid() and self._mode & ~found.st_mode:
                    os.fchmod(file, self._mode)  # what the umask took
                flock(file, self.path, self.wait_s)
                os.ftruncate(file, 0)
                os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
            except BaseException:
                os.close(file)
                raise
        self._file = file

    def release(self) -> None:
        """Let the lock go; nothing happens where it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def flock(file: int, path: Path, wait_s: float) -> None:
    """Lock the open `file`, trying for `wait_s` seconds."""
    tries = 1 + round(wait_s / _TRY_S)
    for left in reversed(range(tries)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if left:
                time.sleep(_TRY_S)
    holder = os.pread(file, 16, 0).strip()
    by = f" by process {holder.decode()}" if holder.isdigit() else ""
    raise LockHeldError(path, f"is locked{by}", expected=f"the lock to be free within {wait_s:g} s")
