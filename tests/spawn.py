"""Commands run as a person runs them: in a process of their own, to their end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

PROJECT: Final = Path(__file__).resolve().parent.parent
DEADLINE_S: Final = 90.0


class Ended(NamedTuple):
    """What became of a process."""

    exit_code: int
    stdout: str
    stderr: str


def python(*args: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Ended:
    """Run this Python with `args`; `env` is added to the environment."""
    ended = subprocess.run(
        [sys.executable, *args],
        cwd=cwd or PROJECT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def oncall(*args: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run the `oncall` command with its output in pipes."""
    return python("-m", "console", *args, env=env)
