"""The kept SSH connections: they outlive a reload of the settings, which closes no tunnel."""

from __future__ import annotations

from config.schema import Ssh
from console.engine.trouble import Trouble
from console.model.registry import Registry
from console.safety.clock import Clock
from console.safety.secret import Secret, SecretError, resolve
from console.safety.ssh import SshOptions
from console.safety.ssh.client import SshClient
from console.sources.reach import Reach, ssh_options

PASSPHRASE = "the passphrase of SSH keys"


class Connections:
    """One SSH client for as long as the settings speak of the same keys and host keys."""

    def __init__(self, clock: Clock, trouble: Trouble) -> None:
        self._clock = clock
        self._trouble = trouble
        self._options: SshOptions | None = None
        self._client: SshClient | None = None

    async def reach(self, registry: Registry, settings: Ssh) -> Reach:
        """The hosts of `registry`, by the connections that are kept."""
        options = ssh_options(settings, await self._passphrase(settings))
        if self._client is None or options != self._options:
            await self.aclose()
            self._client, self._options = SshClient(self._clock, options), options
        return Reach(registry, self._client)

    async def _passphrase(self, settings: Ssh) -> Secret | None:
        if settings.passphrase is None:
            return None
        try:
            found = await resolve(settings.passphrase)
        except SecretError as error:
            self._trouble.begin(PASSPHRASE, f"{PASSPHRASE} cannot be had: {error}")
            return None
        self._trouble.end(PASSPHRASE)
        return found

    async def aclose(self) -> None:
        """Close every connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
