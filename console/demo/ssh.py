"""The demo's five hosts answer SSH, each on a loopback port of its own, with a real shell.

What a session runs is `/bin/sh`, or `bash`, of this very machine, as this very user: all that
makes it a host of the demo is that its PATH begins with stand-ins. That is as harmless as any
other shell that the user opens: the ports are on loopback alone, and only one key is let in,
which is made anew for each demo and lies in a folder (0700) of the user. Nothing is offered
beside sessions and forwarding to the demo's own ports: no agent, no X11, no SFTP.

Nothing here ticks: a host that nobody speaks to costs nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import asyncssh

from console.demo.inventory import USER
from console.demo.machines.folder import ShellFolder
from console.demo.server import LOOPBACK, Listener, bound, silent
from console.demo.shells import ShellSession

KEY = "ssh-ed25519"
MAX_SESSIONS = 64
"""Of all hosts together."""
MAX_CONNECTIONS = 40
"""Of one host."""
LOGIN_S = 20.0

LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")


class Keys:
    """The key of each host and that of the one client, made for one run."""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        self.client = asyncssh.generate_private_key(KEY, comment=f"{USER}@oncall-demo")
        self.hosts = {host: asyncssh.generate_private_key(KEY, comment=host) for host in hosts}

    def known_hosts(self, ports: dict[str, int]) -> bytes:
        """Lines by which a client knows every host, by its port and by its name."""
        lines = []
        for host, key in self.hosts.items():
            public = key.export_public_key("openssh").decode().split()
            lines.append(f"[{LOOPBACK}]:{ports[host]},{host} {public[0]} {public[1]}\n")
        return "".join(lines).encode()

    def identity(self) -> bytes:
        """The client's private key in OpenSSH's form."""
        return bytes(self.client.export_private_key("openssh"))


def client_config(folder: Path, ports: dict[str, int]) -> bytes:
    """An OpenSSH client configuration with an alias for each host.

    Args:
        folder: where the key and the known hosts lie.
    """
    lines = ["# `ssh -F` this file and the name of a host of the demo.\n"]
    for host, port in ports.items():
        lines.append(
            f"Host {host}\n  HostName {LOOPBACK}\n  Port {port}\n  User {USER}\n"
            f'  IdentityFile "{folder / "id_ed25519"}"\n'
            f'  UserKnownHostsFile "{folder / "known_hosts"}"\n'
            "  GlobalKnownHostsFile /dev/null\n  IdentitiesOnly yes\n  IdentityAgent none\n"
            "  StrictHostKeyChecking yes\n  PreferredAuthentications publickey\n"
        )
    return "".join(lines).encode()


class SshListener(Listener):
    """The SSH port of one host. Shut, it is silent, as a machine without power is."""

    def __init__(
        self,
        host: str,
        keys: Keys,
        folder: ShellFolder,
        sessions: set[ShellSession],
        forwards: Callable[[], frozenset[int]],
        port: int = 0,
    ) -> None:
        """
        Args:
            sessions: those of all hosts, which are counted together.
            forwards: the ports to which connections are forwarded.

        Raises:
            OSError: the port is taken.
        """
        super().__init__(port)
        self._host = host
        self._keys = keys
        self._folder = folder
        self._sessions = sessions
        self._forwards = forwards
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._silence: list[socket.socket] = []

    @property
    def is_open(self) -> bool:
        """Whether it answers."""
        return self._acceptor is not None

    async def open(self) -> None:
        """Answer SSH."""
        self._speak()
        if self._acceptor is not None:
            return
        self._acceptor = await asyncssh.listen(
            sock=bound(self.port),
            config=(),
            server_factory=self._greeter,
            server_host_keys=[self._keys.hosts[self._host]],
            server_version="oncall-demo",
            encoding=None,
            line_editor=False,
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            agent_forwarding=False,
            x11_forwarding=False,
            login_timeout=LOGIN_S,
        )

    async def shut(self) -> None:
        """Fall silent: connections that stand are dropped, and new ones are not answered."""
        acceptor, self._acceptor = self._acceptor, None
        if acceptor is not None:
            acceptor.close()
            for connection in tuple(self._connections):
                connection.abort()
            mine = [session for session in self._sessions if session.host == self._host]
            await asyncio.gather(*(session.end() for session in mine))
            await acceptor.wait_closed()
        self._fall_silent()

    async def release(self) -> None:
        """Give the port back."""
        await self.shut()
        self.give_back()

    def give_back(self) -> None:
        """Give the port back of a host that is shut."""
        self._speak()
        self._reserved.close()

    def _fall_silent(self) -> None:
        if not self._silence:
            self._silence += silent(self.port)

    def _speak(self) -> None:
        for one in self._silence:
            one.close()
        self._silence.clear()

    def _greeter(self) -> asyncssh.SSHServer:
        return _Server(self)

    def _enters(self, connection: asyncssh.SSHServerConnection) -> bool:
        if len(self._connections) >= MAX_CONNECTIONS:
            return False
        self._connections.add(connection)
        return True

    def _session(self) -> ShellSession | bool:
        if len(self._sessions) >= MAX_SESSIONS:
            return False
        session = ShellSession(self._host, self._folder, self._sessions)
        self._sessions.add(session)
        return session


class _Server(asyncssh.SSHServer):
    """One connection to a host."""

    def __init__(self, listener: SshListener) -> None:
        self._listener = listener
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        if not self._listener._enters(conn):
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._listener._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = self._listener._keys.client.public_data
        return username == USER and key.public_data == known

    def session_requested(self) -> ShellSession | bool:
        return self._listener._session()

    def connection_requested(
        self, dest_host: str, dest_port: int, orig_host: str, orig_port: int
    ) -> bool:
        return dest_host in LOCAL_NAMES and dest_port in self._listener._forwards()
