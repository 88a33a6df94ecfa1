"""One hop: from a name to a connection that has let us in, or a failure in words.

The address is looked up and connected to here rather than by asyncssh, so that a name that
does not exist, a closed port and a silent one can be told apart.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import random
import socket
from collections.abc import Callable
from typing import Any, Final, cast

import asyncssh
from asyncssh.config import SSHClientConfig

from console.safety.clock import Clock
from console.safety.ssh.attempt import Attempt, Stage
from console.safety.ssh.dial_fault import disconnected, lost, not_through, protocol, unconnected
from console.safety.ssh.hostkeys import HostKeys, Known, Presented
from console.safety.ssh.identity import Identities, Offer, refused
from console.safety.ssh.options import SshFailure, SshFault, SshOptions
from console.safety.ssh.target import Target
from console.safety.ssh.threads import in_thread
from console.safety.text import visible

HANGUPS: Final = 3
"""So often is a server dialled that hangs up before it has said who it is: one that is asked
for too many connections at once (`MaxStartups`) does that to some."""

_log = logging.getLogger("asyncssh")
_log.addHandler(logging.NullHandler())
_log.propagate = False


CIPHERS: Final = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
"""First of all others, where the configuration names none: asyncssh's own first choice, chacha20,
takes longer in Python than all the rest of a command."""


class Through:
    """A jump host's connection as asyncssh wants a tunnel."""

    def __init__(self, jump: asyncssh.SSHClientConnection) -> None:
        self._jump = jump

    async def create_connection(
        self, session_factory: Callable[[], Any], remote_host: str, remote_port: int
    ) -> tuple[Any, Any]:
        """A channel to there, closed when it opens only after nobody waits for it any more."""
        opening = asyncio.ensure_future(
            self._jump.create_connection(session_factory, remote_host, remote_port)
        )
        return await whole_or_none(opening)


async def whole_or_none(opening: asyncio.Future[tuple[Any, Any]]) -> tuple[Any, Any]:
    """A channel that is being opened; where the wait is cancelled it is closed once it is open.

    asyncssh forgets it, and it would stay open and count against the server's limit.
    """
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_late)
        raise


def _close_late(opening: asyncio.Future[tuple[Any, Any]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[0].abort()


class Dialer:
    """Dials hosts as one person with one set of keys."""

    def __init__(self, clock: Clock, options: SshOptions) -> None:
        self._clock = clock
        self._options = options
        self._host_keys = HostKeys(options.known_hosts)
        self._identities = Identities(options)

    async def dial(
        self, target: Target, jump: asyncssh.SSHClientConnection | None
    ) -> asyncssh.SSHClientConnection:
        """A connection to `target` that has let us in, by way of `jump` where there is one.

        Raises:
            SshFailure: within `connect_timeout_s`, whatever the server does.
        """
        known = self._host_keys.known(target)
        stage = Stage(target, self._options.connect_timeout_s)
        try:
            async with asyncio.timeout(self._options.connect_timeout_s):
                stage.text = "its keys were being prepared"
                offer = await self._identities.offer(target)
                try:
                    return await self._dial(target, jump, known, offer, stage)
                finally:
                    offer.close()
        except TimeoutError:
            raise stage.failure() from None

    async def _dial(
        self,
        target: Target,
        jump: asyncssh.SSHClientConnection | None,
        known: Known,
        offer: Offer,
        stage: Stage,
    ) -> asyncssh.SSHClientConnection:
        for hangups_left in reversed(range(HANGUPS)):
            attempt = Attempt(Presented(target, known))
            options = self._arguments(target, known, offer, attempt)
            stage.attempt = attempt
            try:
                if jump is None:
                    sock = await _connected(target, stage)
                    stage.text = ""
                    try:
                        return await _asyncssh(target, None, sock, options)
                    except BaseException:
                        sock.close()  # where asyncssh had not taken it over yet
                        raise
                stage.text = ""
                return await _asyncssh(target, Through(jump), None, options)
            except (asyncssh.ConnectionLost, ConnectionError):
                if attempt.has_banner or not hangups_left:
                    raise lost(target, attempt, offer) from None
            except asyncssh.HostKeyNotVerifiable as error:
                raise attempt.presented.failure(error.reason) from None
            except asyncssh.PermissionDenied:
                raise refused(target, offer, attempt.wants) from None
            except asyncssh.ChannelOpenError as error:
                raise not_through(target, error) from None
            except asyncssh.DisconnectError as error:
                raise disconnected(target, attempt, offer, error) from None
            except (OSError, ValueError, EOFError) as error:
                raise protocol(target, visible(str(error), cells=200)) from None
            await self._clock.sleep(random.uniform(0.05, 0.4))
        raise AssertionError("the last hang-up is told")

    def _arguments(
        self, target: Target, known: Known, offer: Offer, attempt: Attempt
    ) -> asyncssh.SSHClientConnectionOptions:
        """Nothing here is left to asyncssh's defaults that reads a file or runs a program."""
        limited = target.config.get("HostKeyAlgorithms") is not None
        try:
            options = asyncssh.SSHClientConnectionOptions(
                config=None,
                proxy_command=None,
                client_factory=lambda: attempt,
                username=target.user,
                host_key_alias=target.alias,
                known_hosts=known.lists,
                x509_trusted_certs=None,
                x509_trusted_cert_paths=[],
                server_host_key_algs=() if limited else known.algorithms(),
                client_keys=offer.pairs or None,
                client_certs=[],
                agent_path=None,
                agent_identities=None,
                agent_forwarding=False,
                pkcs11_provider=None,
                preferred_auth=["publickey", "keyboard-interactive", "password"],
                host_based_auth=False,
                client_host_keysign=False,
                gss_host=None,
                gss_kex=False,
                gss_auth=False,
                gss_delegate_creds=False,
                x11_forwarding=False,
                canonicalize_hostname=False,
                connect_timeout=None,
                login_timeout=0,
                encryption_algs=() if target.config.get("Ciphers") is not None else CIPHERS,
                keepalive_interval=self._options.keepalive_s,
                keepalive_count_max=self._options.keepalive_count,
                command=None,
                env=None,
                send_env=None,
                request_pty=False,
                encoding=None,
            )
        except ValueError as error:
            raise SshFailure(
                SshFault.SETTINGS,
                f"{visible(target.name, cells=60)}: {visible(str(error), cells=200)}",
                host=target.name,
                remedy="correct the user or the host's name",
            ) from None
        # What is not named above asyncssh takes from here: the algorithms, of which it knows
        # fewer than `ssh` and passes over the others.
        options.config = cast(SSHClientConfig, target.config)
        return options


async def _asyncssh(
    target: Target,
    tunnel: Through | None,
    sock: socket.socket | None,
    options: asyncssh.SSHClientConnectionOptions,
) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        target.host, target.port, config=None, tunnel=tunnel, sock=sock, options=options
    )


async def _connected(target: Target, stage: Stage) -> socket.socket:
    """A TCP connection to `target`.

    Raises:
        SshFailure: DNS, REFUSED or UNREACHABLE.
    """
    name = visible(target.name, cells=60)
    host = visible(target.host, cells=120)
    stage.text = f"the name {host} was still being looked up"
    try:
        found = await _addresses(target)
    except (OSError, UnicodeError) as error:
        cause = (isinstance(error, OSError) and error.strerror) or "it is no name of a host"
        raise SshFailure(
            SshFault.DNS,
            f"the address of {name} cannot be found: {host}: {cause}",
            host=target.name,
            remedy=f"correct `address:` of {name}, or its entry in DNS",
        ) from None
    stage.text = "nothing came back from its port"
    loop = asyncio.get_running_loop()
    last: OSError = OSError(errno.EADDRNOTAVAIL, "it has no address")
    for index, (family, address) in enumerate(found):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            if target.bind:
                sock.bind((target.bind, 0))
            # A dark address must leave time for the next one.
            share_s = stage.limit_s / 2 if index < len(found) - 1 else stage.limit_s
            async with asyncio.timeout(share_s):
                await loop.sock_connect(sock, address)
        except TimeoutError:
            sock.close()
            last = OSError(errno.ETIMEDOUT, "it does not answer")
        except OSError as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise unconnected(target, last)


async def _addresses(target: Target) -> list[tuple[int, Any]]:
    def look_up(flags: int) -> list[tuple[int, Any]]:
        found = socket.getaddrinfo(
            target.host, target.port, target.family, socket.SOCK_STREAM, flags=flags
        )
        return [(int(family), address) for family, _, _, _, address in found]

    try:
        return look_up(socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await in_thread(lambda: look_up(0))
