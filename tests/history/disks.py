"""Disks that are small or cannot be written to, each for one program alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

_SCRIPT = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'


def with_a_disk(at: Path, size: str, command: Sequence[str]) -> list[str] | None:
    """`command` with an empty disk of `size` in the folder `at`; None where none can be had.

    Nobody else sees the disk, and it is gone when the program ends. Root does it in a container
    that lets it mount, anybody else where the kernel gives them a namespace of their own.
    """
    at.mkdir(parents=True, exist_ok=True)
    alone = ["unshare", "--mount"]
    if os.geteuid() != 0:
        alone += ["--user", "--map-root-user"]
    alone += ["sh", "-c", _SCRIPT, "sh", f"size={size},mode=700", str(at)]
    tried = subprocess.run([*alone, "true"], capture_output=True, check=False)
    return None if tried.returncode else [*alone, *command]


def without_the_right_of_root(command: Sequence[str]) -> list[str]:
    """`command` by somebody to whom a folder's mode applies."""
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", "--bounding-set=-dac_override", *command]
