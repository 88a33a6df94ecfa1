"""Running a command on a host of the registry, whichever way leads to it.

The one place that turns a host's name into a way: `local` is a process of ours, everything
else is SSH, through its jump hosts.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence

from config.schema import Ssh
from console.model.registry import Host, Registry, ServiceType
from console.safety import process
from console.safety.process import ProcessError
from console.safety.secret import Secret
from console.safety.ssh import (
    MAX_OUTPUT_BYTES,
    Command,
    SshFailure,
    SshFault,
    SshOptions,
    SshResult,
    SshRoute,
)
from console.safety.ssh.client import SshClient, Tunnel
from console.safety.ssh.options import login_of, written
from console.safety.text import visible


class Reach:
    """The hosts of a registry as places where commands run."""

    def __init__(self, registry: Registry, ssh: SshClient) -> None:
        self._hosts = {host.name: host for host in registry.hosts}
        self._ssh = ssh
        self._containers: dict[str, set[str]] = {}
        for service in registry.services:
            if service.type is ServiceType.DOCKER and service.host is not None:
                self._containers.setdefault(service.host, set()).add(service.unit)

    def can(self, host: str) -> bool:
        """Whether commands can be run on `host` at all."""
        return host == "local" or (host in self._hosts and self._hosts[host].is_reached)

    def is_local(self, host: str) -> bool:
        """Whether `host` is the machine on which the console runs."""
        return host == "local" or (host in self._hosts and self._hosts[host].is_local)

    def host(self, name: str) -> Host | None:
        """The host of that name."""
        return self._hosts.get(name)

    def containers_on(self, host: str) -> frozenset[str]:
        """What the registry calls the containers on `host`."""
        return frozenset(self._containers.get(host, ()))

    def route(self, host: str) -> SshRoute:
        """The way to `host` by SSH.

        Raises:
            SshFailure: of kind SETTINGS: there is no such host, no SSH to it, or its `jump`
                leads in a circle.
        """
        return _route(host, self._hosts, ())

    def typed(self, host: str, argv: Sequence[str]) -> str:
        """How a person runs `argv` on `host`: `ssh -J hop kai@db-3 docker ps`. Safe to show."""
        if self.is_local(host):
            return visible(written(argv))
        return typed_by_name(host, self._hosts, argv)

    def login(self, host: str) -> str:
        """How a person logs in at `host`: `ssh -J hop kai@db-3`. Safe to show."""
        return self.typed(host, ())

    async def run(
        self,
        host: str,
        command: Command,
        *,
        timeout_s: float,
        max_bytes: int = MAX_OUTPUT_BYTES,
    ) -> SshResult:
        """Run `command` on `host` to its end, its deadline or its cap.

        Raises:
            SshFailure: there was no answer. A status other than 0 is an answer.
        """
        if not self.is_local(host):
            return await self._ssh.run(
                self.route(host), command, timeout_s=timeout_s, max_bytes=max_bytes
            )
        try:
            ended = await process.run(
                local_argv(command), stdin=command.sent, timeout_s=timeout_s, max_bytes=max_bytes
            )
        except ProcessError as error:
            raise SshFailure(SshFault.LOCAL, str(error), host=host) from None
        status = ended.exit_status
        signal_number = -status if status is not None and status < 0 else 0
        return SshResult(
            exit_status=None if signal_number else status,
            stdout=ended.stdout,
            stderr=ended.stderr,
            signal=str(signal_number or ""),
            truncated=ended.truncated,
            timed_out=ended.timed_out,
            took_s=ended.took_s,
        )

    @contextlib.asynccontextmanager
    async def follow(
        self, host: str, command: Command, *, start_timeout_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The output of `command` as it comes; leaving the context ends it on the host too.

        Raises:
            SshFailure: it cannot be started, or (while it is read) the connection went.
        """
        if self.is_local(host):
            async with process.following(local_argv(command), stdin=command.sent) as parts:
                yield parts
        else:
            async with self._ssh.follow(
                self.route(host), command, start_timeout_s=start_timeout_s
            ) as parts:
                yield parts

    async def tunnel(self, host: str, to: str, port: int, timeout_s: float) -> Tunnel:
        """A connected socket whose far end is `to`:`port` as seen from `host`.

        Raises:
            SshFailure: the way to `host` fails, or it does not get through to there.
        """
        return await self._ssh.tunnel(self.route(host), to, port, timeout_s=timeout_s)


def route_of(host: str, hosts: Mapping[str, Host]) -> SshRoute:
    """The way to `host` by SSH among `hosts` by name, without anybody to go it.

    Raises:
        SshFailure: as `Reach.route()` does.
    """
    return _route(host, hosts, ())


def typed_by_name(host: str, hosts: Mapping[str, Host], argv: Sequence[str] = ()) -> str:
    """How a person runs `argv`, or a shell, on `host` among `hosts`. Safe to show."""
    try:
        return typed_on(route_of(host, hosts), argv)
    except SshFailure:
        return typed_on(SshRoute(host, host), argv)


def typed_on(route: SshRoute, argv: Sequence[str] = (), *, terminal: bool = False) -> str:
    """How a person runs `argv`, or a shell, at the end of `route`. Safe to show.

    Args:
        terminal: `argv` talks to a person; a shell always does.
    """
    words = ["ssh", "-t"] if terminal else ["ssh"]
    typed = written((*words, *login_of(route)))
    if argv:
        # The other side's shell reads the words once more.
        plain = written(argv)
        typed += f" {plain if plain == ' '.join(argv) else shlex.quote(plain)}"
    return visible(typed)


def local_argv(command: Command) -> tuple[str, ...]:
    """The words of `command` for a program of this machine."""
    words = ["env", "LC_ALL=C", *(f"{name}={value}" for name, value in command.env)]
    if command.sudo:
        words += ["sudo", "-n"]
    if command.script:
        words += ["sh", "-s", "--"]
    return (*words, *command.argv)


def _route(name: str, hosts: Mapping[str, Host], seen: tuple[str, ...]) -> SshRoute:
    host = hosts.get(name)
    shown = visible(name, cells=60)
    if host is None or not host.is_reached or host.is_local or host.address is None:
        raise SshFailure(
            SshFault.SETTINGS,
            f"there is no SSH to {shown}",
            host=name,
            remedy=f"give the host {shown} an `address:` in services.yaml",
        )
    if name in seen:
        raise SshFailure(
            SshFault.SETTINGS,
            f"the way to {shown} leads in a circle: {' by '.join((*seen, shown))}",
            host=name,
            remedy="correct `jump:` in services.yaml",
        )
    jump = None if host.jump is None else _route(host.jump, hosts, (*seen, name))
    return SshRoute(
        name=host.name,
        address=host.address,
        port=host.port,
        user=host.user,
        jump=jump,
        transport="openssh" if host.transport == "openssh" else "asyncssh",
    )


def ssh_options(settings: Ssh, passphrase: Secret | None = None) -> SshOptions:
    """The settings as the client takes them."""
    return SshOptions(
        config=settings.config,
        known_hosts=settings.known_hosts,
        identities=settings.identities,
        passphrase=passphrase,
        agent=settings.agent,
        connect_timeout_s=settings.connect_timeout.total_seconds(),
    )
