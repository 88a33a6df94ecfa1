"""The one command by which a host is looked at."""

from __future__ import annotations

from typing import Final

from config.schema import HostsSource
from console.model.registry import Host
from console.safety.ssh import SshResult
from console.sources.hosts import errors
from console.sources.hosts.parts import Parts, parts_in
from console.sources.hosts.script import Look, look_at
from console.sources.hosts.settings import Wanted
from console.sources.reach import Reach

MAX_LOOK_BYTES: Final = 4 << 20
"""Two thousand containers are 1 MiB; a node of a large cluster has as many mounts."""


class HostClient:
    """One host, whichever way leads to it."""

    def __init__(self, host: Host, wanted: Wanted, reach: Reach, settings: HostsSource) -> None:
        self._host = host
        self._wanted = wanted
        self._reach = reach
        self._timeout_s = settings.timeout.total_seconds()

    def look(self, *, twice: bool) -> Look:
        """A look, ready to be sent; `twice` where no earlier one is known."""
        return look_at(self._wanted, twice=twice, timeout_s=self._timeout_s, sudo=self._host.sudo)

    async def send(self, look: Look) -> tuple[Parts, SshResult]:
        """Run `look`.

        Raises:
            SshFailure: there was no answer.
            Unusable: there was none that can be used.
        """
        name = self._host.name
        result = await self._reach.run(
            name, look, timeout_s=self._timeout_s, max_bytes=MAX_LOOK_BYTES
        )
        errors.refuse(result, name, self._timeout_s, sudo=self._host.sudo)
        parts = parts_in(result.stdout, result.stderr, look.token)
        if parts.get("then") is None:
            raise errors.nothing_usable(result)
        return parts, result
