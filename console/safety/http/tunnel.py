"""Connections that go by way of an SSH host."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import Final

from console.safety.http.failure import Attempt
from console.safety.http.options import HttpFailure, HttpFault, HttpOptions
from console.safety.ssh.options import SshFailure, SshFault
from console.safety.text import visible

Tunnel = Callable[[str, str, int, float], Awaitable[socket.socket]]
"""Is given the host on the way, the target's host and port, and the seconds that it has.

Gives a connected socket that is the caller's to close, or raises `SshFailure`.
"""

_KINDS: Final = {
    SshFault.FORWARD_REFUSED: HttpFault.REFUSED,
    SshFault.SETTINGS: HttpFault.SETTINGS,
    SshFault.LOCAL: HttpFault.LOCAL,
}
"""All others are the way's: they say nothing of the target."""


def require_way(options: HttpOptions, tunnel: Tunnel | None, url: str) -> None:
    """Pass options whose way can be gone.

    Raises:
        HttpFailure: SETTINGS where there is no tunnel to be had, or a proxy on top of it.
    """
    if options.via and options.proxy is not None:
        raise _unset("it is set to go by a `proxy` and `via` a host, and can go only one way", url)
    if options.via and tunnel is None:
        host = visible(options.via, cells=60)
        raise _unset(f"it goes via {host}, and this command opens no SSH connections", url)


async def through(
    tunnel: Tunnel | None, via: str, host: str, port: int, attempt: Attempt
) -> socket.socket:
    """A socket whose far end is `host`:`port` as seen from `via`.

    Raises:
        HttpFailure: REFUSED where the target itself said no; VIA where the way there failed.
    """
    shown = visible(via, cells=60)
    if tunnel is None:
        raise _unset(f"it goes via {shown}, and this command opens no SSH connections", attempt.url)
    attempt.doing = f"connecting by way of {shown}"
    try:
        return await tunnel(via, host, port, attempt.timeout_s)
    except SshFailure as failure:
        kind = _KINDS.get(failure.kind, HttpFault.VIA)
        if kind is HttpFault.REFUSED:
            message = f"refused the connection at {attempt.peer}, seen from {shown}"
        else:
            message = f"by way of the host {shown}: {visible(failure.message, cells=300)}"
        raise HttpFailure(
            kind, message, url=attempt.url, remedy=visible(failure.remedy, cells=1000)
        ) from None


def _unset(message: str, url: str) -> HttpFailure:
    remedy = "correct `via:` and `proxy:` in the settings"
    return HttpFailure(HttpFault.SETTINGS, message, url=url, remedy=remedy)
