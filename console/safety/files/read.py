"""Reading files of unknown size and kind."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from console.safety.files.fault import FileError, as_fault, require_plain

_READ_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK


def read_capped(path: Path, max_bytes: int, *, follow: bool = True, trusted: bool = False) -> bytes:
    """The bytes of the plain file at `path`.

    With `follow=False` a symlink is refused. With `trusted` so is a file that another user
    owns (root may), that its group can write, or that everybody can read or write.

    Raises:
        FileError: it is missing, is no plain file, has more than `max_bytes`, or is refused.
    """
    flags = _READ_FLAGS if follow else _READ_FLAGS | os.O_NOFOLLOW
    with as_fault(path, "a plain file that can be read"):
        file = os.open(path, flags)
        try:
            found = require_plain(file, path)
            if trusted:
                _require_trusted(found, path)
            parts: list[bytes] = []
            room = max_bytes + 1
            while room > 0 and (part := os.read(file, min(room, 1 << 20))):
                parts.append(part)
                room -= len(part)
        finally:
            os.close(file)
    if room <= 0:
        size = max(found.st_size, max_bytes + 1)
        raise FileError(path, f"has {size:,} bytes", expected=f"at most {max_bytes:,} bytes")
    return b"".join(parts)


def read_end(path: Path, max_bytes: int) -> tuple[bytes, int]:
    """The last `max_bytes` of the plain file at `path`, and its size. A symlink is refused.

    Raises:
        FileError: it is missing, is no plain file, or cannot be read.
    """
    with as_fault(path, "a plain file that can be read"):
        file = os.open(path, _READ_FLAGS | os.O_NOFOLLOW)
        try:
            size = require_plain(file, path).st_size
            return os.pread(file, max_bytes, max(0, size - max_bytes)), size
        finally:
            os.close(file)


def _require_trusted(found: os.stat_result, path: Path) -> None:
    permissions = stat.S_IMODE(found.st_mode)
    if found.st_uid not in (os.geteuid(), 0):
        raise FileError(
            path, f"belongs to user {found.st_uid}", expected="a file of this user or of root"
        )
    if permissions & 0o027:
        raise FileError(
            path,
            f"has mode {permissions:04o}",
            expected="mode 0600, or 0640 for a group: chmod o=,g-w it",
        )
