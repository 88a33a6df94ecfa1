"""From what `ssh` writes to its log to one failure in plain words.

Its log is a file of ours (`-E`), so that nothing that a server says, its banner least of all,
can pass for a word of `ssh`. Texts are those of OpenSSH 8.2 to 9.9; what is not known here is
shown as it stands.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
from pathlib import Path
from typing import Final

from console.safety.ssh.options import SshFailure, SshFault, SshOptions, SshRoute
from console.safety.text import visible

_FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_OFFENDING: Final = re.compile(r"^Offending .*key in (.+):(\d+)\s*$", re.MULTILINE)
_KNOWN_AS: Final = re.compile(r"^Host key for (\S+) has changed ", re.MULTILINE)
_METHODS: Final = re.compile(r"Permission denied \(([a-z0-9,@.-]+)\)")
_INTERACTIVE: Final = frozenset(["keyboard-interactive", "password"])
REFUSED_THERE: Final = "connect failed: Connection refused"
_OPEN_FAILED: Final = re.compile(r"^channel \d+: open failed: (.*?)\s*$", re.MULTILINE)

# The first that is found anywhere in the log counts.
_KINDS: Final[tuple[tuple[str, SshFault, str, str], ...]] = (
    (
        r"was revoked and you have requested strict checking|is marked as revoked",
        SshFault.HOST_KEY_REVOKED,
        "its host key is marked as revoked",
        "do not connect: ask who runs the host; its key may have been stolen",
    ),
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|has changed and you have requested strict",
        SshFault.HOST_KEY_CHANGED,
        "shows another host key than the known one",
        "compare the fingerprint with whoever runs the host; only then replace the known key",
    ),
    (
        r"host key is known for|Host key verification failed|No matching host key fingerprint",
        SshFault.HOST_KEY_UNKNOWN,
        "shows a host key that is not known here",
        "compare the fingerprint with whoever runs the host, then add the key to known_hosts",
    ),
    (
        r"UNPROTECTED PRIVATE KEY FILE|bad permissions",
        SshFault.KEY_FILE,
        "a private key file may be read by others, so it is not used",
        "chmod 600 the key file",
    ),
    (
        r"Could not resolve hostname|Name or service not known",
        SshFault.DNS,
        "its name is not known",
        "check its `address:` in services.yaml and this host's name server",
    ),
    (
        r"Connection timed out during banner exchange|banner line .*too|Connection to .* timed out",
        SshFault.NO_BANNER,
        "took the connection and did not say that it is an SSH server",
        "look at the load of that host, and at what listens on this port",
    ),
    (
        r"connect to (?:host|address) .*: Connection refused",
        SshFault.REFUSED,
        "refused the connection",
        "check that sshd runs there, and its port",
    ),
    (
        r"connect to (?:host|address) .*: (?:Connection|Operation) timed out",
        SshFault.TIMEOUT,
        "did not answer in time",
        "check the network between this host and it",
    ),
    (
        r"No route to host|Network is unreachable|Host is down",
        SshFault.UNREACHABLE,
        "cannot be reached",
        "check the network between this host and it",
    ),
    (
        r"Unable to negotiate with|no matching .* found",
        SshFault.PROTOCOL,
        "has no algorithm in common with this host's ssh",
        "update its SSH server, or allow its algorithms in the SSH client configuration",
    ),
    (
        r"Too many authentication failures",
        SshFault.AUTH,
        "was offered too many keys",
        "name the one key under `ssh: identities:`",
    ),
    (
        r"Bad configuration option|terminating, \d+ bad configuration|Can't open user config",
        SshFault.SETTINGS,
        "ssh does not understand its configuration",
        "correct the SSH client configuration",
    ),
    (
        r"Bad owner or permissions on",
        SshFault.SETTINGS,
        "the SSH client configuration may be written by others, so ssh does not use it",
        "chmod 600 the SSH client configuration",
    ),
    (
        r"Too many open files|Cannot allocate memory|No space left",
        SshFault.LOCAL,
        "this machine is short of something",
        "look at `ulimit -n`, its memory and its disks",
    ),
    (
        r"Invalid SSH identification|Bad packet length|message authentication code incorrect"
        r"|Protocol major versions differ|invalid format|ssh_dispatch_run_fatal",
        SshFault.PROTOCOL,
        "does not speak SSH",
        "check what listens on this port",
    ),
    (
        r"Connection (?:closed|reset)|kex_exchange_identification|Broken pipe",
        SshFault.PROTOCOL,
        "closed the connection before it let us in",
        "look at the log of its sshd (MaxStartups, blocked addresses)",
    ),
)


def opening_failure(
    route: SshRoute, options: SshOptions, log: str, fallback: str, by_hand: str
) -> SshFailure:
    """Why the connection to `route` was not opened.

    Args:
        log: What ssh wrote.
        fallback: What it printed elsewhere, shown only where the log is empty.
        by_hand: The command that opens it with a person at the keys.
    """
    methods = _METHODS.search(log)
    if methods is not None:
        return _not_let_in(route, options, methods[1].split(","), by_hand)
    for pattern, kind, words, remedy in _KINDS:
        if re.search(pattern, log):
            failure = failed(route, kind, words + _detail(kind, log), remedy)
            return _changed(failure, log) if kind is SshFault.HOST_KEY_CHANGED else failure
    words = last_line(log) or last_line(fallback) or "ssh ended without a word"
    return failed(
        route, SshFault.PROTOCOL, f"ssh failed: {words}", "run the ssh command of this host by hand"
    )


def failed(
    route: SshRoute, kind: SshFault, words: str, remedy: str = "", *, sent: bool = False
) -> SshFailure:
    """A failure at `route`, named."""
    name = visible(route.name, cells=60)
    return SshFailure(kind, f"{name}: {words}", host=route.name, remedy=remedy, sent=sent)


def last_line(text: str) -> str:
    """The last line that says something, safe to show."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return visible(lines[-1], cells=160) if lines else ""


def fingerprint_in(log: str) -> str:
    """The fingerprint of the key that the server showed; empty where it is not told."""
    found = _FINGERPRINT.search(log)
    return found.group() if found else ""


def refusals_in(log: str) -> list[str]:
    """Why the far end opened no channel, each time that it did not."""
    return _OPEN_FAILED.findall(log)


def refused_there(reasons: list[str]) -> bool:
    """Whether the target itself refused, as the host on the way saw it.

    Several tunnels may fail at once and the log does not say which line is whose. One that
    failed wrote a line, so where all say the same it said that too.
    """
    return bool(reasons) and all(reason == REFUSED_THERE for reason in reasons)


def _detail(kind: SshFault, log: str) -> str:
    if kind in (SshFault.HOST_KEY_UNKNOWN, SshFault.HOST_KEY_CHANGED, SshFault.HOST_KEY_REVOKED):
        fingerprint = fingerprint_in(log)
        return f" ({fingerprint})" if fingerprint else ""
    if kind in (SshFault.UNREACHABLE, SshFault.PROTOCOL, SshFault.SETTINGS, SshFault.KEY_FILE):
        return f" ({last_line(log)})"
    return ""


def _changed(failure: SshFailure, log: str) -> SshFailure:
    """With the line of the known key, and what takes it away, where `ssh` tells them."""
    line, name = _OFFENDING.search(log), _KNOWN_AS.search(log)
    if line is None or name is None:
        return failure
    file = visible(line[1], cells=120)
    return SshFailure(
        failure.kind,
        f"{failure.message}: {file} line {line[2]}",
        host=failure.host,
        remedy=(
            "somebody may be in between, or the host was set up anew: ask who runs it for its "
            f"fingerprint; if it is right: ssh-keygen -R {shlex.quote(visible(name[1]))} "
            f"-f {shlex.quote(file)}, then add the new key"
        ),
    )


def _not_let_in(
    route: SshRoute, options: SshOptions, methods: list[str], by_hand: str
) -> SshFailure:
    asks = sorted(_INTERACTIVE.intersection(methods))
    missing = [path for path in options.identities if not Path(path).expanduser().is_file()]
    if missing:
        return failed(
            route,
            SshFault.KEY_FILE,
            f"there is no key file {visible(missing[0], cells=120)!r}",
            "correct `ssh: identities:`",
        )
    if asks:
        return failed(
            route,
            SshFault.AUTH,
            f"asks for more than a key ({', '.join(asks)})",
            f"answer it once in another terminal: {by_hand}",
        )
    if options.agent and not agent_answers():
        return failed(
            route,
            SshFault.AGENT,
            "let none of our keys in, and the agent of $SSH_AUTH_SOCK does not answer",
            "start the agent again, and the console from a shell that has its address",
        )
    return failed(
        route,
        SshFault.AUTH,
        f"let none of our keys in; it takes {visible(', '.join(methods), cells=80)}",
        "check the user and the key (one with a passphrase has to be in the agent: `ssh-add`)",
    )


def agent_answers() -> bool:
    """Whether there is no agent to ask, or it is there."""
    path = os.environ.get("SSH_AUTH_SOCK", "")
    if not path:
        return True
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(0.5)
        try:
            asked.connect(path)
        except OSError:
            return False
    return True
