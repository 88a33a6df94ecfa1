"""What the end of a command on a host says, where that is not for the asker to judge."""

from __future__ import annotations

import re
from typing import Final

from console.model.failure import FailureKind
from console.safety.ssh import SshResult
from console.safety.text import visible
from console.sources.answer import SAID_CELLS, Unusable

NOT_RUNNABLE: Final = 126
NOT_FOUND: Final = 127

_SUDO: Final = re.compile(rb"^sudo: .*(password|terminal|askpass|tty)", re.MULTILINE)
_SUDO_DENIED: Final = re.compile(
    rb"(not allowed to (execute|run)|is not in the sudoers|may not run sudo)"
)
_NO_SUDO: Final = re.compile(rb"sudo\W*: (No such file|not found|command not found)")
_NO_TIMEOUT: Final = re.compile(
    rb"^env: (can't execute )?\W?timeout\W?: No such file", re.MULTILINE
)
_OLD_TIMEOUT: Final = re.compile(
    rb"^timeout: (unrecognized|invalid) option\W{1,5}k\b", re.MULTILINE
)
"""Of coreutils 8.4 (RHEL 6) and of busybox 1.31, which know no `-k`; busybox 1.36 does."""


def refuse_unfinished(result: SshResult, timeout_s: float) -> None:
    """Pass a command that was begun and ended by itself, whatever its status.

    Raises:
        Unusable: it was ended by its deadline, its cap or a signal, or nobody knows by what; or
            the host's `timeout`, which stands in front of it, did not begin it.
    """
    if result.timed_out:
        said = last_line(result.stderr)
        raise Unusable(
            FailureKind.TIMEOUT,
            f"gave no complete answer within {timeout_s:g} s" + (f": {said}" if said else ""),
            remedy="look at the load of that host; `timeout:` sets the deadline",
        )
    if result.truncated:
        raise Unusable(
            FailureKind.TOO_BIG,
            f"printed more than {len(result.stdout) + len(result.stderr):,} bytes and was ended",
            remedy="look at what the login shell and the command print there",
        )
    if result.exit_status is None:
        by = f"was ended by signal {visible(result.signal)}" if result.signal else "ended unseen"
        raise Unusable(
            FailureKind.RESET,
            f"the command {by}, so what it did is not known",
            remedy="look at the memory and the log of that host",
        )
    if result.exit_status != 0:
        _refuse_unbegun(result)


def _refuse_unbegun(result: SshResult) -> None:
    if _NO_TIMEOUT.search(result.stderr):
        cause = "there is no program timeout on that host, so that nothing was run"
    elif _OLD_TIMEOUT.search(result.stderr):
        cause = "the timeout of that host knows no -k, so that nothing was run"
    else:
        return
    raise Unusable(
        FailureKind.NOT_SERVED,
        cause,
        expected="`timeout -k`, which ends what would run for ever",
        remedy="install coreutils or a newer busybox there, or set `transport: none` for the host",
    )


def refuse_sudo(result: SshResult, host: str) -> None:
    """Pass a command that `sudo` let through.

    Raises:
        Unusable: of kind AUTH, because it wanted a password, refused or is not there.
    """
    if result.exit_status == 0:
        return
    shown = visible(host, cells=60)
    if _SUDO.search(result.stderr):
        cause = f"sudo wants a password on {shown}"
    elif _SUDO_DENIED.search(result.stderr):
        cause = f"sudo does not allow it on {shown}"
    elif _NO_SUDO.search(result.stderr):
        cause = f"there is no sudo on {shown}"
    elif (said := last_line(result.stderr)).startswith("sudo: "):
        cause = f"sudo fails on {shown}: {said.removeprefix('sudo: ')}"
    else:
        return
    raise Unusable(
        FailureKind.AUTH,
        cause,
        expected="`sudo -n` without a password",
        remedy="allow it there with NOPASSWD, or remove `sudo: true` of this host in services.yaml",
    )


def last_line(output: bytes, cells: int = SAID_CELLS) -> str:
    """The last line of `output` that is not blank, safe to show; empty where there is none."""
    for line in reversed(output[-8192:].splitlines()):
        if line.strip():
            return visible(line.strip().decode("utf-8", "replace"), cells=cells)
    return ""
