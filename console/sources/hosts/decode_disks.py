"""File systems, out of `df` and /proc/mounts, which each know one half.

`df` prints columns, and a source or a mount point may have spaces, or look like columns
itself. So a line is only believed where it ends in a mount point that the kernel lists too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from console.model.host import Mount
from console.safety.text import Raw
from console.sources.answer import capped
from console.sources.hosts.decode_proc import Gap

MAX_MOUNTS: Final = 200

_COLUMNS: Final = re.compile(
    rb"\s(?P<size>\d{1,18})\s+(?P<used>-?\d{1,18})\s+(?P<free>-?\d{1,18})"
    rb"\s+(?P<percent>-|\d{1,3}%)\s+(?=/)"
)
"""Between the source and the mount point, and so that a long line of blanks costs little."""
_DEVICE: Final = re.compile(rb"/dev/(?!fuse\Z)")
"""All that is mounted by FUSE may call itself /dev/fuse, and has nothing in common."""
_ESCAPE: Final = re.compile(rb"\\([0-7]{3})")
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")

_HOLDS_NOTHING: Final = frozenset(
    [
        *(b"tmpfs", b"devtmpfs", b"ramfs", b"rootfs", b"proc", b"sysfs", b"devpts", b"mqueue"),
        *(b"cgroup", b"cgroup2", b"debugfs", b"tracefs", b"securityfs", b"pstore", b"bpf"),
        *(b"efivarfs", b"configfs", b"fusectl", b"hugetlbfs", b"autofs", b"binfmt_misc"),
        *(b"rpc_pipefs", b"nsfs", b"selinuxfs", b"overlay", b"aufs", b"fuse.lxcfs"),
        *(b"fuse.portal", b"fuse.gvfsd-fuse", b"fuse.snapfuse"),
        # Images that are full from the day on which they are made.
        *(b"squashfs", b"iso9660", b"erofs", b"cramfs", b"udf"),
    ]
)
_ROOTS: Final = frozenset([b"overlay", b"tmpfs", b"rootfs"])
"""What holds all there is as `/`: of a container, and of a machine that runs from memory."""
_HOLDS_NOTHING_BY_SOURCE: Final = re.compile(
    rb"(tmpfs|devtmpfs|udev|none|overlay|shm|devfs|map |proc|run$|procfs|linprocfs|fdescfs)"
)
"""For hosts that do not list the types of their mounts."""


class Kind(msgspec.Struct, frozen=True):
    """How the kernel has mounted a file system."""

    source: bytes
    path: bytes
    type: bytes
    read_only: bool


class _Line(msgspec.Struct, frozen=True):
    """One line of `df`; sizes in the unit that was asked for."""

    source: bytes
    size: int
    used: int
    free: int
    counted: bool
    path: bytes
    kind: Kind | None


def kinds_in(mounts: bytes) -> dict[bytes, Kind]:
    """/proc/mounts by mount point as `df` prints it; the last one there hides those under it."""
    found: dict[bytes, Kind] = {}
    for line in mounts.splitlines():
        words = line.split(b" ")
        if len(words) >= 4 and words[1].startswith(b"/"):
            path = _unescaped(words[1])
            read_only = b"ro" in words[3].split(b",")
            found[_printed(path)] = Kind(_unescaped(words[0]), path, words[2], read_only)
    return found


def mounts_in(df: bytes, inodes: bytes, kinds: Mapping[bytes, Kind]) -> tuple[Mount, ...]:
    """The file systems that hold something, one for each device, in `df`'s order.

    Of more than `MAX_MOUNTS` the fullest.

    Args:
        df: `df -P -k`.
        inodes: `df -P -i`; empty where there is none.
        kinds: of /proc/mounts; empty where there is none, and then `df` alone is believed.

    Raises:
        Gap: not one line of `df` can be read.
    """
    used_inodes = {
        line.path: 100 * line.used / line.size
        for line in _lines(inodes, kinds)
        # btrfs makes inodes as it needs them, and counts none.
        if line.counted and line.size > 0 and 0 <= line.used <= line.size
    }
    found: dict[bytes, Mount] = {}
    lines = _lines(df, kinds)
    if not lines:
        raise Gap("df printed no file system")
    for line in lines:
        mount = _mount(line, used_inodes.get(line.path))
        device = line.source if _DEVICE.match(line.source) else line.path
        # A device that is mounted in several places is as full in each; the shortest is meant.
        if mount is not None and (device not in found or len(mount.path) < len(found[device].path)):
            found[device] = mount
    mounts = tuple(found.values())
    if len(mounts) <= MAX_MOUNTS:
        return mounts
    # Of too many those that may be a fault are kept.
    return tuple(sorted(mounts, key=_fullness, reverse=True)[:MAX_MOUNTS])


def _fullness(mount: Mount) -> float:
    return max(mount.used_percent, mount.inodes_percent or 0)


def _lines(df: bytes, kinds: Mapping[bytes, Kind]) -> list[_Line]:
    read = (_line(line, kinds) for line in df.splitlines()[1:])
    return [line for line in read if line is not None]


def _line(line: bytes, kinds: Mapping[bytes, Kind]) -> _Line | None:
    for match in _COLUMNS.finditer(line):
        path = _printed(line[match.end() :])
        if not kinds or path in kinds:
            return _Line(
                source=line[: match.start()].strip(),
                size=int(match["size"]),
                used=int(match["used"]),
                free=max(int(match["free"]), 0),
                counted=match["percent"] != b"-",
                path=path,
                kind=kinds.get(path),
            )
    return None


def _mount(line: _Line, inodes: float | None) -> Mount | None:
    kind = line.kind
    if kind is not None:
        if kind.type in _HOLDS_NOTHING and not (kind.type in _ROOTS and kind.path == b"/"):
            return None
    elif _HOLDS_NOTHING_BY_SOURCE.match(line.source):
        return None
    # A dead file system counts nothing, and one without a size cannot be full.
    if not 0 <= line.used <= line.size or line.used + line.free <= 0:
        return None
    return Mount(
        path=_raw(line.path if kind is None else kind.path),
        size_bytes=line.size * 1024,
        free_bytes=min(line.free, line.size) * 1024,
        used_percent=100 * line.used / (line.used + line.free),
        inodes_percent=inodes,
        read_only=None if kind is None else kind.read_only,
    )


def _unescaped(word: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match.group(1), 8) & 0xFF]), word)


def _printed(path: bytes) -> bytes:
    """The mount point as GNU `df` prints it: on one line."""
    return _CONTROL.sub(b"?", path)


def _raw(path: bytes) -> Raw:
    return capped(path.decode("utf-8", "replace"))
