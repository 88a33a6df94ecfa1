"""The five hosts of a demo: their SSH ports, and what their shells need."""

from __future__ import annotations

from pathlib import Path

from console.demo.inventory import HOSTS
from console.demo.machines.counter import Counter
from console.demo.machines.folder import ShellFolder
from console.demo.settings import SSH
from console.demo.shells import ShellSession
from console.demo.ssh import Keys, SshListener, client_config
from console.demo.world import World
from console.safety.clock import Clock
from console.safety.files import private_dir, write_atomic
from console.safety.process.session import end_marked


class HostServers:
    """Every host's SSH server, and the socket at which the stand-ins ask."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        folder: Path,
        forwards: frozenset[int],
        base_port: int | None = None,
    ) -> None:
        """
        Args:
            folder: a private one that goes with the demo.
            forwards: ports of the demo's services, to which connections may be forwarded.
            base_port: the first of a row of ports, one a host; free ones when not given.

        Raises:
            OSError: a port is taken.
            FileError: the folder cannot be written.
        """
        self._world = world
        shells = ShellFolder(private_dir(folder / "h"), world)
        self._counter = Counter(world, clock, shells.socket)
        self._socket = shells.socket
        self._keys = Keys(tuple(host.name for host in HOSTS))
        self._sessions: set[ShellSession] = set()
        self._listeners: dict[str, SshListener] = {}
        self._forwards = forwards
        try:
            for number, host in enumerate(HOSTS):
                port = 0 if base_port is None else base_port + number
                self._listeners[host.name] = SshListener(
                    host.name, self._keys, shells, self._sessions, self._allowed, port
                )
        except OSError:
            for listener in self._listeners.values():
                listener.give_back()
            raise

    @property
    def ports(self) -> tuple[tuple[str, int], ...]:
        """Every host and its port."""
        return tuple((name, listener.port) for name, listener in self._listeners.items())

    async def open(self) -> None:
        """Answer the stand-ins; the ports follow the world.

        Raises:
            OSError: the socket cannot be made.
        """
        await self._counter.open()

    async def follow(self) -> None:
        """Answer on the hosts that are there, and be silent on those that are dark."""
        for name, listener in self._listeners.items():
            if self._world.listens(name):
                await listener.open()
            else:
                await listener.shut()

    async def close(self) -> None:
        """End every session with all that runs in it, and give the ports back."""
        for listener in self._listeners.values():
            await listener.release()
        await self._counter.close()
        # What a command left behind in a group of its own, with nothing to print to.
        end_marked(f"ONCALL_DEMO_SOCKET={self._socket}".encode())

    def write_keys(self, settings_dir: Path) -> None:
        """Write the client's key, the hosts' keys and a client configuration.

        Raises:
            FileError: the folder cannot be written.
        """
        own = private_dir(settings_dir / SSH)
        ports = dict(self.ports)
        write_atomic(own / "id_ed25519", self._keys.identity())
        write_atomic(own / "known_hosts", self._keys.known_hosts(ports))
        write_atomic(own / "config", client_config(own, ports))

    def _allowed(self) -> frozenset[int]:
        return self._forwards | {listener.port for listener in self._listeners.values()}
