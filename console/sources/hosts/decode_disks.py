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

_LINE: Final = re.compile(
    rb"^(?P<source>.*?)\s+(?P<size>\d{1,18})\s+(?P<used>-?\d{1,18})\s+(?P<free>-?\d{1,18})"
    rb"\s+(?P<percent>-|\d{1,3}%)\s+(?P<path>/.*)$"
)
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

    Args:
        df: `df -P -k`.
        inodes: `df -P -i`; empty where there is none.
        kinds: of /proc/mounts; empty where there is none, and then `df` alone is believed.

    Raises:
        Gap: not one line of `df` can be read.
    """
    used_inodes = _inodes(inodes, kinds)
    found: dict[bytes, Mount] = {}
    lines = 0
    for line in df.splitlines()[1:]:
        match, kind = _read(line, kinds)
        if match is None:
            continue
        lines += 1
        path = _printed(match["path"]) if kind is None else _printed(kind.path)
        mount = _mount(match, kind, used_inodes.get(path))
        device = match["source"] if match["source"].startswith(b"/dev/") else path
        # A device that is mounted in several places is as full in each; the shortest is meant.
        if mount is not None and (device not in found or len(mount.path) < len(found[device].path)):
            found[device] = mount
    if not lines:
        raise Gap("df printed no file system")
    return tuple(found.values())[:MAX_MOUNTS]


def _read(line: bytes, kinds: Mapping[bytes, Kind]) -> tuple[re.Match[bytes] | None, Kind | None]:
    match = _LINE.match(line)
    if match is None or not kinds:
        return match, None
    kind = kinds.get(_printed(match["path"]))
    if kind is None:
        return None, None
    return match, kind


def _mount(match: re.Match[bytes], kind: Kind | None, inodes: float | None) -> Mount | None:
    if kind is not None:
        if kind.type in _HOLDS_NOTHING and not (kind.type == b"overlay" and kind.path == b"/"):
            return None
    elif _HOLDS_NOTHING_BY_SOURCE.match(match["source"]):
        return None
    size, used, free = int(match["size"]), int(match["used"]), max(int(match["free"]), 0)
    # A dead file system counts nothing, and one without a size cannot be full.
    if size <= 0 or used < 0 or used + free <= 0 or used > size:
        return None
    return Mount(
        path=_raw(match["path"] if kind is None else kind.path),
        size_bytes=size * 1024,
        free_bytes=min(free, size) * 1024,
        used_percent=100 * used / (used + free),
        inodes_percent=inodes,
        read_only=None if kind is None else kind.read_only,
    )


def _inodes(df: bytes, kinds: Mapping[bytes, Kind]) -> dict[bytes, float]:
    found: dict[bytes, float] = {}
    for line in df.splitlines()[1:]:
        match, kind = _read(line, kinds)
        if match is None or match["percent"] == b"-":
            continue  # btrfs makes inodes as it needs them
        total, used = int(match["size"]), int(match["used"])
        if 0 <= used <= total and total > 0:
            path = _printed(match["path"] if kind is None else kind.path)
            found[path] = 100 * used / total
    return found


def _unescaped(word: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match.group(1), 8) & 0xFF]), word)


def _printed(path: bytes) -> bytes:
    """The mount point as GNU `df` prints it: on one line."""
    return _CONTROL.sub(b"?", path)


def _raw(path: bytes) -> Raw:
    return capped(path.decode("utf-8", "replace"))
