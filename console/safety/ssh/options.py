"""What is said to the SSH client, and what it answers: values only, quick to import."""

from __future__ import annotations

import enum
import re
import shlex
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from console.safety.secret import Secret

MAX_OUTPUT_BYTES = 1 << 20
"""Kept of each of stdout and stderr; more ends the command."""


class SshRoute(msgspec.Struct, frozen=True):
    """A host and the way to it. Hashable: one connection is kept for each."""

    name: str
    """As the registry calls it, for words and for the host key's alias."""
    address: str
    """A name, an address, or an alias of the client configuration."""
    port: int | None = None
    """`None`: as the client configuration says, else 22."""
    user: str | None = None
    """`None`: as the client configuration says, else the login name."""
    jump: SshRoute | None = None
    """The host through which it is reached."""
    transport: Literal["asyncssh", "openssh"] = "asyncssh"


_HOP: Final = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@\s]+)@)?(?P<host>\[[^\]\s]+\]|[^:\s/\[\]]+)(?::(?P<port>\d{1,5}))?/?"
)


def proxy_jump(written: str, transport: Literal["asyncssh", "openssh"]) -> SshRoute | None:
    """The way that a `ProxyJump` names: `a,user@b:2200` leads through `a` to `b`.

    `None` for `none`, and where nothing is written.

    Raises:
        ValueError: with the hop that is no `[user@]host[:port]`.
    """
    if written.strip().lower() in ("", "none"):
        return None
    jump: SshRoute | None = None
    for hop in written.split(","):
        match = _HOP.fullmatch(hop.strip())
        if match is None:
            raise ValueError(hop.strip())
        host = match["host"].strip("[]")
        port = None if match["port"] is None else int(match["port"])
        jump = SshRoute(host, host, port, match["user"], jump, transport)
    return jump


class SshOptions(msgspec.Struct, frozen=True):
    """How this console makes itself known, and whom it believes. One for a client."""

    config: str | None = None
    """An OpenSSH client configuration; `None`: `~/.ssh/config` where it is there, and
    behind it `/etc/ssh/ssh_config` where that is root's; `""`: none."""
    known_hosts: tuple[str, ...] = ()
    """Files of host keys; empty: those of `~/.ssh/config`, else `~/.ssh/known_hosts` and
    `/etc/ssh/ssh_known_hosts`."""
    identities: tuple[str, ...] = ()
    """Files of private keys; empty: those of the configuration, else the usual ones."""
    passphrase: Secret | None = None
    """Of encrypted keys."""
    agent: bool = True
    """Ask the agent of `$SSH_AUTH_SOCK`. It is never forwarded."""
    connect_timeout_s: float = 10.0
    """From the name's lookup to the end of the authentication, for each hop."""
    keepalive_s: float = 5.0
    keepalive_count: int = 3
    """A connection whose peer is silent for so many keepalives is given up."""


class SshFault(enum.StrEnum):
    """Why there was no answer."""

    REFUSED = "refused"
    DNS = "dns"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    NO_BANNER = "no banner"
    PROTOCOL = "protocol"
    """No SSH server, a banner flood, or no algorithm in common."""
    HOST_KEY_UNKNOWN = "host key unknown"
    HOST_KEY_CHANGED = "host key changed"
    HOST_KEY_REVOKED = "host key revoked"
    AUTH = "auth"
    AGENT = "agent"
    KEY_FILE = "key file"
    CHANNELS = "channels"
    """The server opens no further session."""
    LOST = "lost"
    """The connection went while the command ran: what became of it is not known."""
    JUMP = "jump"
    """The host on the way did not let us through."""
    FORWARD = "forward"
    """The host does not forward to that address."""
    FORWARD_REFUSED = "forward refused"
    """It did, and nothing listens there: the target's own answer, as that host sees it."""
    SETTINGS = "settings"
    LOCAL = "local"
    """This machine is short of something, or has no `ssh` program."""


class SshFailure(Exception):  # noqa: N818 - the word for it in every room
    """No answer. `message` is safe to show and names the host, never a secret."""

    def __init__(
        self,
        kind: SshFault,
        message: str,
        *,
        host: str,
        remedy: str = "",
        sent: bool = False,
    ) -> None:
        """
        Args:
            kind: why.
            message: what came, in plain words, without the remedy.
            host: the registry's name of the host at which it failed (a jump host's, too).
            remedy: what to do about it, where this module knows.
            sent: whether the command had been sent, so that its outcome is not known.
        """
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.host = host
        self.remedy = remedy
        self.sent = sent


class Command(msgspec.Struct, frozen=True):
    """What is run on a host: a list of words, or a script of ours that a shell reads.

    Nothing that came from outside is ever part of `script`; such values are words of `argv`,
    which are quoted one by one, or arrive on standard input.
    """

    argv: tuple[str, ...]
    """The program and its arguments. With `script`: the arguments `$1`, `$2` … of it."""
    script: bytes = b""
    """A `sh` script; it is sent on standard input and is not seen in any process list."""
    stdin: bytes = b""
    """What the program reads; not together with `script`."""
    env: tuple[tuple[str, str], ...] = ()
    """Set by `env` in front of the program; the names are ours."""
    sudo: bool = False
    """Run it by `sudo -n`, which fails at once where a password is wanted."""

    def line(self, deadline_s: float) -> str:
        """The words that the remote login shell is given, whatever shell that is.

        `LC_ALL=C`, and ended on the host itself after `deadline_s` seconds: ending the
        connection does not end what runs there.
        """
        words = ["env", "LC_ALL=C", *(f"{name}={value}" for name, value in self.env)]
        words += ["timeout", "-k", "2", f"{max(1.0, deadline_s):g}"]
        if self.sudo:
            words += ["sudo", "-n"]
        if self.script:
            words += ["sh", "-s", "--"]
        return shlex.join([*words, *self.argv])

    @property
    def sent(self) -> bytes:
        """What goes to standard input."""
        return self.script or self.stdin


class SshResult(msgspec.Struct, frozen=True):
    """What became of a command."""

    exit_status: int | None
    """`None`: not known, because a signal or we ended it. Never taken for success."""
    stdout: bytes
    stderr: bytes
    signal: str = ""
    """The signal that ended it, `KILL`; empty for none."""
    truncated: bool = False
    """It printed more than was allowed; what was kept is its beginning."""
    timed_out: bool = False
    took_s: float = 0.0

    @property
    def succeeded(self) -> bool:
        """It ended by itself, with status 0 and all of its output."""
        return self.exit_status == 0 and not self.truncated and not self.timed_out


def ended_by_host(exit_status: int | None, took_s: float, timeout_s: float) -> bool:
    """Whether the `timeout` that stands in front of a command on its host ended it.

    Its 124 (a TERM) and 137 (the KILL after it) may be the command's own, too: then they come
    before the time is over.
    """
    return exit_status in (124, 137) and took_s >= 0.9 * max(1.0, timeout_s)


def command(*argv: str, stdin: bytes = b"") -> Command:
    """A program with its arguments."""
    return Command(tuple(argv), stdin=stdin)


def login_of(route: SshRoute) -> list[str]:
    """What a person writes behind `ssh` to get to the end of `route`."""
    words: list[str] = []
    hops: list[str] = []
    hop = route.jump
    while hop is not None:
        address = f"[{hop.address}]" if ":" in hop.address else hop.address
        port = "" if hop.port is None else f":{hop.port}"
        hops.append(f"{_at(hop)}{address}{port}")
        hop = hop.jump
    if hops:
        words += ["-J", ",".join(reversed(hops))]
    if route.port is not None:
        words += ["-p", str(route.port)]
    return [*words, f"{_at(route)}{route.address}"]


def _at(route: SshRoute) -> str:
    return "" if route.user is None else f"{route.user}@"


def written(argv: Sequence[str]) -> str:
    """Words as a person would type them."""
    return shlex.join(argv)
