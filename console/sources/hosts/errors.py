"""What the faults of a look mean, and the command by which a person looks for himself."""

from __future__ import annotations

from typing import Final

from console.model.failure import FailureKind
from console.safety.ssh import SshResult
from console.safety.text import visible
from console.sources.answer import Unusable
from console.sources.ended import NOT_FOUND, NOT_RUNNABLE, last_line, refuse_sudo, refuse_unfinished
from console.sources.fault import Asked
from console.sources.hosts.settings import SOURCE
from console.sources.reach import Reach

FACTS: Final = "facts"
CONTAINERS: Final = "containers"
UNITS: Final = "units"

_EXPECTED: Final = {
    FACTS: "what the host says of itself: load, memory, disks",
    CONTAINERS: "what docker tells of its containers",
    UNITS: "what systemd tells of its units",
}
_REPEAT: Final = {
    FACTS: ("uptime",),
    CONTAINERS: ("docker", "ps", "-a"),
    UNITS: ("systemctl", "list-units", "--failed"),
}


def asked(reach: Reach, host: str, part: str, *, sudo: bool) -> Asked:
    """The words for one part of a look at `host`."""
    repeat = ("sudo", "-n", *_REPEAT[part]) if sudo else _REPEAT[part]
    return Asked(
        source=SOURCE,
        part=visible(host, cells=60) if part == FACTS else f"{visible(host, cells=60)} {part}",
        expected=_EXPECTED[part],
        remedy="log in there and look",
        curl=reach.typed(host, repeat),
    )


def refuse(result: SshResult, host: str, timeout_s: float, *, sudo: bool) -> None:
    """Pass a look that was run to its end.

    Raises:
        Unusable: it was not, and why.
    """
    refuse_unfinished(result, timeout_s)
    if sudo:
        refuse_sudo(result, host)
    if result.exit_status == 0:
        return
    said = last_line(result.stderr) or last_line(result.stdout)
    if result.exit_status in (NOT_RUNNABLE, NOT_FOUND):
        missing = result.exit_status == NOT_FOUND
        cause = "a program is missing there" if missing else "a program may not be run there"
        raise Unusable(
            FailureKind.NOT_SERVED,
            f"{cause}: {said}" if said else cause,
            expected="`sh`, `env` and `timeout`",
            remedy="install coreutils or busybox there, or set `transport: none` for the host",
        )
    raise Unusable(
        FailureKind.STATUS,
        f"the look ended with status {result.exit_status}" + (f": {said}" if said else ""),
        remedy="log in there and see what the shell says: it may be one that runs nothing",
    )


def nothing_usable(result: SshResult) -> Unusable:
    """It ended well and told nothing."""
    said = last_line(result.stdout) or last_line(result.stderr)
    return Unusable(
        FailureKind.SCHEMA,
        "got nothing that tells of the host" + (f"; the last line is: {said}" if said else ""),
        remedy="look whether a forced command or a restricted shell answers in place of `sh`",
    )
