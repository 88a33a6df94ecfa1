"""How far one way in has come, and the sentence for it when its time is over."""

from __future__ import annotations

import asyncssh

from console.safety.ssh.hostkeys import Presented
from console.safety.ssh.options import SshFailure, SshFault
from console.safety.ssh.target import Target
from console.safety.text import visible


class Attempt(asyncssh.SSHClient):
    """What happened on the way in. Nothing that it is asked for is given."""

    def __init__(self, presented: Presented) -> None:
        self.presented = presented
        self.wants: list[str] = []
        self.connection: asyncssh.SSHClientConnection | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.connection = conn

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        self.presented.key = key
        return False

    def validate_host_ca_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.presented.authority = key
        return False

    def password_auth_requested(self) -> str | None:
        self.wants.append("a password")
        return None

    def kbdint_auth_requested(self) -> str | None:
        self.wants.append("a password or code")
        return None

    @property
    def has_banner(self) -> bool:
        return self.connection is not None and bool(
            self.connection.get_extra_info("server_version")
        )

    @property
    def has_keys(self) -> bool:
        """The host's key was verified: what follows is the authentication."""
        return self.connection is not None and (self.connection.get_server_host_key() is not None)


class Stage:
    """How far an attempt has come, for the sentence when its time is over."""

    def __init__(self, target: Target, limit_s: float) -> None:
        self.target = target
        self.limit_s = limit_s
        self.text = ""
        """What was going on before the server could speak; empty: it is its turn."""
        self.attempt: Attempt | None = None

    def failure(self) -> SshFailure:
        """What had been reached within the time, as a failure."""
        name = visible(self.target.name, cells=60)
        shown = f"{name} ({self.target.shown})"
        within = f"within {self.limit_s:g} s"
        kind = SshFault.TIMEOUT
        if self.text:
            said = f"no connection to {shown} {within}: {self.text}"
        elif self.attempt is None or self.attempt.connection is None:
            said = f"no connection to {shown} {within}: the host on the way got no answer from it"
        elif not self.attempt.has_banner:
            kind = SshFault.NO_BANNER
            said = f"{shown} took the connection and did not say {within} that it speaks SSH"
        elif not self.attempt.has_keys:
            said = f"{shown} did not agree on keys {within}"
        else:
            said = f"{shown} did not finish the authentication {within}"
        return SshFailure(
            kind, said, host=self.target.name, remedy=f"see whether {name} is up and reachable"
        )
