"""Why a hop was not made, in a sentence that names the host and says what to do."""

from __future__ import annotations

import errno

import asyncssh
from asyncssh.constants import (
    DISC_NO_MORE_AUTH_METHODS_AVAILABLE,
    OPEN_ADMINISTRATIVELY_PROHIBITED,
)

from console.safety.ssh.attempt import Attempt
from console.safety.ssh.identity import Offer, refused
from console.safety.ssh.options import SshFailure, SshFault
from console.safety.ssh.target import Target
from console.safety.text import visible


def unconnected(target: Target, error: OSError) -> SshFailure:
    """No TCP connection, and what the system says of that."""
    name, shown = visible(target.name, cells=60), target.shown
    if error.errno == errno.ECONNREFUSED:
        return SshFailure(
            SshFault.REFUSED,
            f"{name} ({shown}) refused the connection: nothing listens at port {target.port}",
            host=target.name,
            remedy=f"see whether sshd runs on {name}, and at which port",
        )
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
        return SshFailure(
            SshFault.LOCAL,
            f"this machine cannot open a connection: {error.strerror}",
            host=target.name,
            remedy="raise the limit on open files (`ulimit -n`)",
        )
    if error.errno == errno.ETIMEDOUT:
        return SshFailure(
            SshFault.TIMEOUT,
            f"no connection to {name} ({shown}): nothing came back from its port",
            host=target.name,
            remedy=f"see whether {name} is up and reachable",
        )
    return SshFailure(
        SshFault.UNREACHABLE,
        f"{name} ({shown}) cannot be reached: {error.strerror or error}",
        host=target.name,
        remedy="see whether this machine has a route to it",
    )


def not_through(target: Target, error: asyncssh.ChannelOpenError) -> SshFailure:
    """What a jump host says of a `target` that it did not reach."""
    name = visible(target.name, cells=60)
    reason = visible(error.reason, cells=160)
    lowered = reason.lower()
    if error.code == OPEN_ADMINISTRATIVELY_PROHIBITED:
        return SshFailure(
            SshFault.JUMP,
            f"the host on the way to {name} does not forward connections: {reason}",
            host=target.name,
            remedy="allow it there (`AllowTcpForwarding`, `PermitOpen`)",
        )
    kind = SshFault.UNREACHABLE
    if "refused" in lowered:
        kind = SshFault.REFUSED
    elif "timed out" in lowered:
        kind = SshFault.TIMEOUT
    elif "resol" in lowered or "name or service" in lowered:
        kind = SshFault.DNS
    return SshFailure(
        kind,
        f"{name} ({target.shown}) cannot be reached from the host on the way: {reason}",
        host=target.name,
        remedy=f"see whether sshd runs on {name}, and whether that host may reach it",
    )


def lost(target: Target, attempt: Attempt, offer: Offer) -> SshFailure:
    """The server hung up, by how far it had come until then."""
    shown = f"{visible(target.name, cells=60)} ({target.shown})"
    if not attempt.has_banner:
        return SshFailure(
            SshFault.NO_BANNER,
            f"{shown} closed the connection before it said that it speaks SSH",
            host=target.name,
            remedy="see whether that port is sshd's, and whether it limits who may connect",
        )
    if not attempt.has_keys:
        # It hangs up on us in that case too, and that may be seen before what it offered.
        meaning = "maybe its sshd and this console have no algorithm in common"
        return protocol(target, "it closed the connection while keys were agreed on", meaning)
    return refused(target, offer, attempt.wants, "it closed the connection")


def disconnected(
    target: Target, attempt: Attempt, offer: Offer, error: asyncssh.DisconnectError
) -> SshFailure:
    """The server, or asyncssh, ended it with a reason."""
    reason = visible(error.reason, cells=200)
    if error.code == DISC_NO_MORE_AUTH_METHODS_AVAILABLE or (
        attempt.has_keys and "auth" in reason.lower()
    ):
        return refused(target, offer, attempt.wants, reason)
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return protocol(target, reason, "its sshd and this console have no algorithm in common")
    return protocol(target, reason)


def protocol(target: Target, reason: str, meaning: str = "") -> SshFailure:
    """What came is no SSH that is understood here. `reason`: safe to show."""
    shown = f"{visible(target.name, cells=60)} ({target.shown})"
    said = f"{meaning}: {reason}" if meaning else reason
    return SshFailure(
        SshFault.PROTOCOL,
        f"no SSH connection to {shown}: {said}",
        host=target.name,
        remedy="see whether that port is sshd's; an old one may do with `transport: openssh`",
    )
