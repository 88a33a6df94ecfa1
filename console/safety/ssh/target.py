"""Where a route leads to once the OpenSSH client configuration has been asked.

asyncssh's own parser reads it, so that `Host`, `Match`, `Include` and the `%` tokens mean what
they mean to `ssh`. Taken from it is what `Target` lists, and which algorithms may be used: a
configuration can neither switch off the check of host keys nor start a program.
"""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import Final, NamedTuple

from asyncssh.config import ConfigParseError, SSHConfig

from console.safety.ssh.client_config import ClientConfig, files_of, system_files, words_of
from console.safety.ssh.options import (
    SshFailure,
    SshFault,
    SshOptions,
    SshRoute,
    proxy_jump,
)
from console.safety.text import visible

SSH_PORT: Final = 22
MAX_HOPS: Final = 8
_AS_ELSEWHERE: Final = (
    "take it out of the way of this host, name another file with `ssh: config:`, "
    "or reach it with `transport: openssh`"
)


class Target(NamedTuple):
    """One host as it is to be dialled."""

    name: str
    """As the registry calls it."""
    host: str
    """The name or address that is looked up, and that the host's key belongs to."""
    port: int
    user: str
    alias: str | None
    """`HostKeyAlias`: the name under which its key is known."""
    jump: SshRoute | None
    identities: tuple[str, ...]
    """`IdentityFile`s."""
    certificates: tuple[str, ...]
    identities_only: bool
    known_hosts: tuple[str, ...]
    """`UserKnownHostsFile` and `GlobalKnownHostsFile`; empty: it speaks of none."""
    agent: str | None
    """`IdentityAgent`; `None`: as the environment says; empty: none."""
    family: int
    bind: str | None
    """`BindAddress`: the address of this machine that it is dialled from."""
    config: SSHConfig
    """Of which asyncssh takes the algorithms."""

    @property
    def shown(self) -> str:
        """`user@host`, with the port where it is not the usual one, safe to show."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == SSH_PORT else f":{self.port}"
        return visible(f"{self.user}@{host}{port}", cells=120)


def target_of(route: SshRoute, options: SshOptions) -> Target:
    """Read the client configuration for `route`. Reads files.

    Raises:
        SshFailure: of kind SETTINGS: the configuration cannot be read, or asks for what is
            not done here.
    """
    try:
        local_user = getpass.getuser()
    except (KeyError, OSError):
        local_user = str(os.getuid())
    config = _config(route, options, local_user)
    address = route.address.strip("[]")
    host = str(config.get("Hostname") or address)
    jump = route.jump
    if jump is None:
        _refuse_proxy_command(config, route)
        jump = _jump(config, route)
    port = config.get("Port", SSH_PORT)
    assert isinstance(port, int)
    family = config.get("AddressFamily") or socket.AF_UNSPEC
    assert isinstance(family, int)
    if not 0 < port < 65536:
        raise _refusal(route, f"the client configuration gives port {port}, which there is not")
    return Target(
        name=route.name,
        host=host,
        port=port,
        user=str(config.get("User") or local_user),
        alias=_text(config.get("HostKeyAlias")),
        jump=jump,
        identities=words_of(config, "IdentityFile"),
        certificates=words_of(config, "CertificateFile"),
        identities_only=bool(config.get("IdentitiesOnly")),
        known_hosts=files_of(config),
        agent=_agent(config),
        family=int(family),
        bind=_text(config.get("BindAddress")),
        config=config,
    )


def _config(route: SshRoute, options: SshOptions, local_user: str) -> SSHConfig:
    path = Path(options.config or "~/.ssh/config").expanduser()
    paths = [path] if options.config != "" else []
    if options.config is None and not path.is_file():
        paths = []
    if options.config is None:
        paths += system_files()
    try:
        return ClientConfig.read(
            paths, local_user, route.address.strip("[]"), route.user, route.port
        )
    except ConfigParseError as error:
        raise _refusal(
            route, f"the client configuration: {visible(str(error), cells=300)}"
        ) from None
    except OSError as error:
        cause = error.strerror or "it cannot be read"
        shown = visible(str(error.filename or path), cells=120)
        raise _refusal(route, f"the client configuration {shown}: {cause}") from None
    except RecursionError:
        raise _refusal(route, "the client configuration includes itself") from None
    except ValueError as error:
        raise _refusal(
            route, f"the client configuration: {visible(str(error), cells=300)}"
        ) from None


def _refuse_proxy_command(config: SSHConfig, route: SshRoute) -> None:
    if config.get("ProxyCommand"):
        raise _refusal(
            route,
            "the client configuration reaches it by a ProxyCommand, which is not run here",
            "give the host a `jump:`, or reach it with `transport: openssh`",
        )


def _jump(config: SSHConfig, route: SshRoute) -> SshRoute | None:
    """The last hop of `ProxyJump`, each hop with the one before it as its own jump."""
    try:
        jump = proxy_jump(_text(config.get("ProxyJump")) or "", "asyncssh")
    except ValueError as error:
        hop = visible(str(error), cells=60)
        raise _refusal(route, f"ProxyJump {hop!r} is no [user@]host[:port]") from None
    # `Host *` with a ProxyJump holds for the bastion too, which is then reached directly.
    return None if jump is None or jump.address == route.address.strip("[]") else jump


def _agent(config: SSHConfig) -> str | None:
    unset = object()
    written = config.get("IdentityAgent", unset)
    if written is unset or written == "SSH_AUTH_SOCK":
        return None
    if not isinstance(written, str):
        return ""
    if written.startswith("$"):
        return os.environ.get(written[1:], "")
    return str(Path(written).expanduser())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _refusal(route: SshRoute, message: str, remedy: str = _AS_ELSEWHERE) -> SshFailure:
    return SshFailure(
        SshFault.SETTINGS,
        f"{visible(route.name, cells=60)}: {message}",
        host=route.name,
        remedy=remedy,
    )
