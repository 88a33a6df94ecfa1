"""One `ssh` run to its end, and what it wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from console.safety import process
from console.safety.files import FileError, read_capped
from console.safety.process import ProcessError, ProcessResult
from console.safety.ssh.openssh_fault import failed
from console.safety.ssh.options import SshFailure, SshFault, SshRoute

ASKED_S: Final = 3.0
"""For what needs no network."""
LOG_BYTES: Final = 1 << 20


def environment() -> dict[str, str]:
    """Ours, in which nothing asks a person for anything, and messages are in English."""
    kept = {name: value for name, value in os.environ.items() if name != "SSH_ASKPASS"}
    return kept | {"SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"}


async def asked(
    route: SshRoute, words: list[str], *, timeout_s: float = ASKED_S, leaves_server: bool = False
) -> ProcessResult:
    """Run one `ssh` to its end.

    Raises:
        SshFailure: of kind LOCAL: there is no such program here.
    """
    try:
        return await process.run(
            words, timeout_s=timeout_s, env=environment(), leaves_server=leaves_server
        )
    except ProcessError as error:
        raise no_program(route, error) from None


def no_program(route: SshRoute, error: ProcessError) -> SshFailure:
    """`ssh` itself could not be started."""
    remedy = "install the OpenSSH client, or take `transport: asyncssh`"
    return failed(route, SshFault.LOCAL, str(error), remedy)


def written_to(path: Path | None, since: int = 0) -> str:
    """What the log at `path` holds, from its byte `since` on; empty where there is none."""
    if path is None:
        return ""
    try:
        return read_capped(path, LOG_BYTES)[since:].decode("utf-8", "replace")
    except FileError:
        return ""
