"""The demo's settings, for tests that need less of it than it has."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

_LOOKED_AT: Final = "  hosts:\n    interval: 20s\n    enabled: true\n"


def without_hosts(settings: Path, folder: Path) -> Path:
    """A copy in `folder` of the demo's `settings` by which no host is looked at, its state empty.

    What a look starts on the demo's five hosts costs more than all else that a console asks.
    """
    shutil.copytree(settings, folder, ignore=shutil.ignore_patterns("state"))
    (folder / "state").mkdir(0o700)
    written = (folder / "oncall.yaml").read_text()
    assert _LOOKED_AT in written
    (folder / "oncall.yaml").write_text(written.replace(_LOOKED_AT, "  hosts: {enabled: false}\n"))
    return folder
