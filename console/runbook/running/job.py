"""One command that is carried out: what it is given, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from console.safety.secret import Secret

HERE: Final = ""
"""The host of what runs where the console runs."""
KEPT_BYTES: Final = 512 * 1024
"""Of each of stdout and stderr so much of the beginning, and so much of the end, is kept."""

OnOutput = Callable[[int, bytes], None]
"""Called with 1 or 2, for stdout or stderr, and what has come since."""


class Job(msgspec.Struct, frozen=True):
    """One command. Nothing of `values` is ever part of a command's text."""

    id: str
    """`RUN-20261123-7f3.start-redis.2`: the name of its marker. Letters, digits, `.`, `_`, `-`."""
    script: str
    """For the shell, exactly as the runbook has it, but for `ssh "$HOST" --`."""
    shell: str
    """`sh` or `bash`."""
    host: str
    """The registry's name of the host; `HERE`."""
    timeout_s: float
    values: tuple[tuple[str, str], ...] = ()
    """Variables of its environment, by name."""
    secrets: tuple[tuple[str, Secret], ...] = ()
    """Variables of the shell alone, read from its standard input; in no environment, no argument
    list and no file."""
    keeps_marker: bool = True
    """Whether the host remembers how it ended until it is forgotten: for all that changes
    anything. Else nothing is left behind."""
    lock: str = ""
    """What is locked on that host while it runs, so that a colleague is told; empty: nothing."""
    who: str = ""
    """Who holds that lock, and what for, for the colleague."""


class Finished(msgspec.Struct, frozen=True):
    """What came of a command. All its texts are safe to show."""

    exit_status: int | None
    """`None`: not known, or it was ended by a signal or by us. Never taken for success."""
    stdout: bytes = b""
    """Its beginning and its end, `KEPT_BYTES` of each."""
    stderr: bytes = b""
    stdout_bytes: int = 0
    """Everything that it printed, kept or not."""
    stderr_bytes: int = 0
    is_cut: bool = False
    timed_out: bool = False
    stopped: bool = False
    """A person stopped it, and it is gone from the host."""
    is_unknown: bool = False
    """It was sent, and what became of it cannot be learnt now: its marker will tell."""
    busy: str = ""
    """It was not started: who holds the lock."""
    fault: str = ""
    """Why there is no exit status, one sentence; empty: there is one."""
    remedy: str = ""
    took_s: float | None = None
    notes: tuple[str, ...] = ()
    """What else has to be said: `no flock on data-1: nobody can tell who else runs one there`."""


class Stopped(msgspec.Struct, frozen=True):
    """What came of stopping a command."""

    is_gone: bool
    """Nothing of it runs any more, as the host says."""
    said: str
    """One sentence, safe to show."""
