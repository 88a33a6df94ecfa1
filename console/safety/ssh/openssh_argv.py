"""The words of every `ssh` that is started, and the line that a host is given to run."""

from __future__ import annotations

import hashlib
import math
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from console.safety.ssh.options import SshFailure, SshFault, SshOptions, SshRoute
from console.safety.text import visible

IDLE_S: Final = 600
"""A connection of ours that nobody uses ends by itself: also when the console was killed."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:%@-]*", re.ASCII)
# Whatever the person's configuration says: keys are checked, nothing is forwarded, nothing is
# run here, nothing is written to the files of host keys, and no question is put to anybody.
_ALWAYS: Final = (
    "StrictHostKeyChecking=yes",
    "NoHostAuthenticationForLocalhost=no",
    "VerifyHostKeyDNS=no",
    "UpdateHostKeys=no",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "Tunnel=no",
    "PermitLocalCommand=no",
    "RemoteCommand=none",
    "RequestTTY=no",
    "AddKeysToAgent=no",
    "ConnectionAttempts=1",
    "LogLevel=INFO",
)


def is_plain(host: str) -> bool:
    """Whether `host` is a name or an address and nothing else."""
    return _PLAIN.fullmatch(host) is not None or re.fullmatch(r"[0-9A-Fa-f:.]+", host) is not None


class Way(msgspec.Struct, frozen=True):
    """Where the connection to a host is kept."""

    socket: Path
    log: Path | None
    """What `ssh` itself says of it; `None` for one that a person opened."""


def require_plain(route: SshRoute) -> None:
    """Pass a route whose words `ssh` cannot take for options, nor a shell for its own.

    Raises:
        SshFailure: of kind SETTINGS.
    """
    for what, word in (("address", route.address), ("user", route.user or "_")):
        if not is_plain(word):
            raise SshFailure(
                SshFault.SETTINGS,
                f"the {what} {visible(word, cells=60)!r} of {visible(route.name, cells=60)} is "
                "no plain word",
                host=route.name,
                remedy=f"correct its {what} in services.yaml",
            )


def name_of(route: SshRoute, options: SshOptions) -> str:
    """What the files of the connection to `route` are called; the same in every run."""
    told = repr((_place(route), options.config)).encode()
    return hashlib.sha256(told).hexdigest()[:16]


def _place(route: SshRoute) -> tuple[object, ...]:
    jump = None if route.jump is None else _place(route.jump)
    return (route.address, route.port, route.user, jump)


def asking(route: SshRoute, options: SshOptions) -> list[str]:
    """Prints what the configuration makes of `route`, and connects to nothing."""
    return ["ssh", "-G", *_config(options), *_who(route), "--", route.address]


def opening(
    route: SshRoute, options: SshOptions, way: Way, *, by: list[str] | None, verbose: bool = False
) -> list[str]:
    """Opens the connection, and returns once whoever is there has let us in.

    Args:
        by: Words of the program whose input and output lead to the host's port, if it is not
            reached straight.
        verbose: Say in the log what the host shows of itself, and open nothing.
    """
    words = ["ssh", "-v"] if verbose else ["ssh", "-M", "-f", "-N", "-S", _path(way.socket)]
    words += ["-E", str(way.log), *_config(options)]
    words += _set("BatchMode=yes", f"ControlPersist={IDLE_S}", *_ALWAYS)
    if verbose:
        words += _set("ControlPath=none", "PreferredAuthentications=none")
    words += _trust(options) + _patience(options) + _through(by) + _who(route)
    return [*words, "--", route.address]


def by_hand(route: SshRoute, options: SshOptions, socket: Path, jumps: Mapping[str, Path]) -> str:
    """What a person types in another terminal to be asked for a second factor.

    Args:
        socket: Where the connection is kept, for every console of this person.
        jumps: Where those to hosts on the way would be, by the names of `name_of`.
    """
    by = None
    if route.jump is not None:
        by = _inline(route.jump, options, jumps)
    words = ["ssh", "-M", "-f", "-N", "-S", _path(socket), *_config(options)]
    words += _set("ControlPersist=8h", "StrictHostKeyChecking=yes", "ForwardAgent=no")
    words += _set("ClearAllForwardings=yes", *_server_alive(options))
    words += _trust(options) + _through(by) + _who(route)
    return shlex.join([*words, "--", route.address])


def _inline(route: SshRoute, options: SshOptions, jumps: Mapping[str, Path]) -> list[str]:
    by = None if route.jump is None else _inline(route.jump, options, jumps)
    words = ["ssh", *_config(options)]
    words += ["-S", _path(jumps[name_of(route, options)])]
    words += _set("ControlMaster=no", "StrictHostKeyChecking=yes", "ForwardAgent=no")
    words += _trust(options) + _through(by) + _who(route)
    return [*words, "-W", HERE, "--", route.address]


def using(
    route: SshRoute, way: Way, *, flags: Iterable[str] = (), line: str | None = None
) -> list[str]:
    """Goes through a connection that is open, and never makes one of its own.

    Without the `ProxyCommand` ssh would connect by itself where the kept connection is gone.
    """
    words = ["ssh", "-F", "none", "-S", _path(way.socket), "-T"]
    words += _set("ControlMaster=no", "ProxyCommand=false", "BatchMode=yes", "LogLevel=INFO")
    return [*words, *flags, "--", route.address, *([] if line is None else [line])]


def at_terminal(
    route: SshRoute, options: SshOptions, *, argv: Sequence[str] = ()
) -> tuple[str, ...]:
    """A shell on the host, or `argv` there, for the person at our terminal, who may be asked.

    As strict as what the console does by itself, on the way too, and it keeps no connection.

    Raises:
        SshFailure: of kind SETTINGS: a word of the route is not plain.
    """
    require_plain(route)
    by = None if route.jump is None else _leading_on(route.jump, options)
    words = ["ssh", "-t", *_by_hand(route, options, by), "--", route.address]
    return (*words, shlex.join(argv)) if argv else tuple(words)


def _leading_on(route: SshRoute, options: SshOptions) -> list[str]:
    require_plain(route)
    by = None if route.jump is None else _leading_on(route.jump, options)
    return ["ssh", "-W", HERE, *_by_hand(route, options, by), "--", route.address]


def _by_hand(route: SshRoute, options: SshOptions, by: list[str] | None) -> list[str]:
    words = [*_config(options), *_set("ControlMaster=no", *_ALWAYS)]
    return words + _trust(options) + _patience(options) + _through(by) + _who(route)


HERE: Final = "[%h]:%p"
"""The target as a `ProxyCommand` is told it; the one place in it where `%` is ssh's."""


def hop(route: SshRoute, way: Way, log: Path) -> list[str]:
    """Leads from the kept connection to `route` on to the host that is being opened."""
    return using(route, way, flags=("-E", str(log), "-W", HERE))


def _through(by: list[str] | None) -> list[str]:
    if by is None:
        return []
    # ssh expands `%` and hands the rest to a shell.
    line = " ".join(
        shlex.quote(word) if word == HERE else shlex.quote(word).replace("%", "%%") for word in by
    )
    return _set(f"ProxyCommand={line}")


def _config(options: SshOptions) -> list[str]:
    if options.config is None:
        return []
    return ["-F", options.config or "none"]


def _who(route: SshRoute) -> list[str]:
    words = [] if route.port is None else ["-p", str(route.port)]
    return words if route.user is None else [*words, "-l", route.user]


def _trust(options: SshOptions) -> list[str]:
    words: list[str] = []
    if options.known_hosts:
        words += _set(
            "IgnoreUnknown=KnownHostsCommand",  # before 8.5 there is none
            f"UserKnownHostsFile={' '.join(map(_quoted, options.known_hosts))}",
            "GlobalKnownHostsFile=none",
            "KnownHostsCommand=none",
        )
    if options.identities:
        words += _set("IdentitiesOnly=yes")
        for path in options.identities:
            words += ["-i", path.replace("%", "%%")]
    if not options.agent:
        words += _set("IdentityAgent=none")
    return words


def _patience(options: SshOptions) -> list[str]:
    seconds = max(1, math.floor(options.connect_timeout_s))
    return _set(f"ConnectTimeout={seconds}", *_server_alive(options))


def _server_alive(options: SshOptions) -> tuple[str, str]:
    return (
        f"ServerAliveInterval={max(1, math.ceil(options.keepalive_s))}",
        f"ServerAliveCountMax={options.keepalive_count}",
    )


def _set(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("-o", setting)]


def _quoted(path: str) -> str:
    return '"' + path.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"') + '"'


def _path(socket: Path) -> str:
    return str(socket).replace("%", "%%")


class Marks(msgspec.Struct, frozen=True):
    """Words that nobody else can know, between which a command's own complaints stand.

    `ssh` ends with 255 for failures of its own and for a command that did so. Only what the
    far shell itself prints proves that the command began, and how it ended.
    """

    nonce: str

    @property
    def start(self) -> bytes:
        return f"oncall-{self.nonce}-began\n".encode()

    def around(self, line: str, *, mixed: bool = False) -> str:
        """The line for the login shell, which runs `line` between the marks.

        With `mixed` all that `line` prints comes on stdout.
        """
        began = f"printf '%s\\n' oncall-{self.nonce}-began >&2"
        ended = f"printf '%s\\n' oncall-{self.nonce}-ended-$s >&2"
        inner = f"{{ {line}; }} 2>&1" if mixed else line
        return shlex.join(["sh", "-c", f"{began}; {inner}; s=$?; {ended}; exit $s"])

    def taken(self, stderr: bytes) -> tuple[bool, int | None, bytes]:
        """Whether it began, its status where that is known, and its own complaints."""
        before, began, own = stderr.partition(self.start)
        if not began:
            return False, None, before
        match = re.search(rb"oncall-%b-ended-(\d{1,3})\n" % self.nonce.encode(), own)
        if match is None:
            return True, None, own
        return True, int(match[1]), own[: match.start()] + own[match.end() :]


def told(lines: Iterable[str]) -> dict[str, str]:
    """What `ssh -G` prints, the first value of each keyword."""
    found: dict[str, str] = {}
    for line in lines:
        keyword, _, value = line.partition(" ")
        found.setdefault(keyword.lower(), value)
    return found
