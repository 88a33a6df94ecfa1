"""Which keys a host is known by, and what is said of one that is not among them.

Always checked. asyncssh's own matching reads the files (hashed names, `[host]:port`, patterns,
`@cert-authority`, `@revoked`); what is its own here: an address that the name was resolved to
vouches for nothing, since whoever answers for the name chooses it, and a revoked key stays
revoked under every name that it was looked up by.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import asyncssh
from asyncssh.public_key import get_default_certificate_algs, get_default_public_key_algs

from console.safety.ssh.options import SshFailure, SshFault
from console.safety.ssh.target import SSH_PORT, Target
from console.safety.text import visible

USUAL: Final = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")
MAX_FILE_BYTES: Final = 64 << 20


class Known(NamedTuple):
    """What the files say of one host."""

    trusted: tuple[tuple[str, asyncssh.SSHKey], ...]
    """The file and the key."""
    authorities: tuple[asyncssh.SSHKey, ...]
    revoked: tuple[asyncssh.SSHKey, ...]
    looked_in: tuple[str, ...]
    """The files, as they were named."""
    missing: tuple[str, ...]
    """Those of them that are not there."""

    def lists(
        self, _host: str, _address: str, _port: int | None
    ) -> tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]:
        """In the form in which asyncssh asks for them."""
        return [key for _, key in self.trusted], [*self.authorities], [*self.revoked]

    def algorithms(self) -> list[str]:
        """All that may be presented, those of known keys first.

        With only the known ones a host whose key was changed for one of another kind would
        end in "no algorithm in common", without the fingerprint.
        """
        known = [name for _, key in self.trusted for name in key.sig_algorithms]
        plain = [*known, *get_default_public_key_algs()]
        with_certificates = get_default_certificate_algs() if self.authorities else []
        return [name.decode() for name in dict.fromkeys([*with_certificates, *plain])]


class HostKeys:
    """The files of host keys, read again when they change."""

    def __init__(self, files: tuple[str, ...]) -> None:
        self._files = files or USUAL
        self._read: dict[str, tuple[tuple[int, int], asyncssh.SSHKnownHosts]] = {}

    def known(self, target: Target) -> Known:
        """What is known of `target`: by its name, else by the name the registry gives it.

        Raises:
            SshFailure: a file cannot be read, or a line of it that revokes a key.
        """
        trusted: list[tuple[str, asyncssh.SSHKey]] = []
        authorities: list[asyncssh.SSHKey] = []
        revoked: list[asyncssh.SSHKey] = []
        missing = []
        files = []
        for name in self._files:
            found = self._hosts(name, target)
            if found is None:
                missing.append(name)
            else:
                files.append((name, found))
        for looked_up in _names(target):
            for name, known in files:
                keys, cas, gone = _matches(known, looked_up, target.port)
                revoked += gone
                trusted += [(name, key) for key in keys]
                authorities += cas
            if trusted or authorities:
                break
        return Known(
            tuple(trusted), tuple(authorities), tuple(revoked), self._files, tuple(missing)
        )

    def _hosts(self, name: str, target: Target) -> asyncssh.SSHKnownHosts | None:
        path = Path(name).expanduser()
        shown = visible(name, cells=120)
        try:
            stat = path.stat()
            version = (stat.st_mtime_ns, stat.st_size)
            if name in self._read and self._read[name][0] == version:
                return self._read[name][1]
            with path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(target, f"{shown}: {error.strerror or error}") from None
        hosts = asyncssh.SSHKnownHosts()
        for number, line in enumerate(content.splitlines(), 1):
            try:
                hosts.load(line)
            except ValueError:
                # Any other line that cannot be read makes a key unknown; this one would make
                # a key trusted that must not be.
                if line.lstrip().startswith("@revoked"):
                    raise _unreadable(
                        target, f"{shown} line {number} revokes a key and cannot be read"
                    ) from None
        self._read[name] = (version, hosts)
        return hosts


def _names(target: Target) -> Iterator[str]:
    if target.alias:
        yield target.alias
        return
    yield target.host.lower()
    if target.name.lower() != target.host.lower():
        yield target.name.lower()


def _matches(
    known: asyncssh.SSHKnownHosts, name: str, port: int
) -> tuple[list[asyncssh.SSHKey], list[asyncssh.SSHKey], list[asyncssh.SSHKey]]:
    wanted = None if port == SSH_PORT else port
    keys, authorities, revoked, *_ = known.match(name, "", wanted)
    gone = [*revoked]
    if wanted is not None:
        # match() forgets what is revoked for the port where it falls back to the plain name.
        gone += known.match(f"[{name}]:{port}", "", None)[2]
        gone += known.match(name, "", None)[2]
    return [*keys], [*authorities], gone


class Presented:
    """The key that a server showed, and what is said where it is not believed."""

    def __init__(self, target: Target, known: Known) -> None:
        self._target = target
        self._known = known
        self.key: asyncssh.SSHKey | None = None
        self.authority: asyncssh.SSHKey | None = None

    def failure(self, reason: str) -> SshFailure:
        """Why the key was not believed. `reason`: asyncssh's, for what is not told apart here."""
        target, known = self._target, self._known
        shown = visible(target.name, cells=60)
        key = self.authority or self.key
        if "revoked" in reason:
            return SshFailure(
                SshFault.HOST_KEY_REVOKED,
                f"{shown} shows a host key that is marked @revoked in {_files(known.looked_in)}",
                host=target.name,
                remedy=f"do not log in; ask who runs {shown} why this key is still in use",
            )
        if key is None:
            return SshFailure(
                SshFault.HOST_KEY_UNKNOWN,
                f"the host key of {shown} cannot be verified: {visible(reason, cells=200)}",
                host=target.name,
                remedy=f"ask who runs {shown} for its host key",
            )
        what = "a key of the authority" if self.authority else f"the {_kind(key)} key"
        said = f"{shown} ({target.shown}) shows {what} {key.get_fingerprint()}"
        if known.trusted or known.authorities:
            return self._changed(said)
        return self._unknown(said)

    def _changed(self, said: str) -> SshFailure:
        target, known = self._target, self._known
        file = next((file for file, _ in known.trusted), known.looked_in[0])
        others = ", ".join(
            dict.fromkeys(f"{_kind(each)} {each.get_fingerprint()}" for _, each in known.trusted)
        )
        others = others or "keys signed by a known authority"
        return SshFailure(
            SshFault.HOST_KEY_CHANGED,
            f"the host key of {visible(target.name, cells=60)} has changed: {said}, but "
            f"{_files((file,))} knows {others}",
            host=target.name,
            remedy=(
                "somebody may be in between, or the host was set up anew: ask who runs it for "
                f"its fingerprint; if it is right: ssh-keygen -R {shlex.quote(_place(target))} "
                f"-f {shlex.quote(visible(file, cells=120))}, then add the new key"
            ),
        )

    def _unknown(self, said: str) -> SshFailure:
        target, known = self._target, self._known
        absent = f"; not there: {_files(known.missing)}" if known.missing else ""
        return SshFailure(
            SshFault.HOST_KEY_UNKNOWN,
            f"{said}, which {_files(known.looked_in)} does not know{absent}",
            host=target.name,
            remedy=(
                f"ask who runs {visible(target.name, cells=60)} for its fingerprint; "
                "if it is this one: ssh-keyscan -p "
                f"{target.port} {shlex.quote(visible(target.host, cells=120))} "
                f">> {visible(known.looked_in[0], cells=120)}"
            ),
        )


def _place(target: Target) -> str:
    name = visible(target.alias or target.host, cells=120)
    return name if target.port == SSH_PORT else f"[{name}]:{target.port}"


def _kind(key: asyncssh.SSHKey) -> str:
    return visible(key.get_algorithm().removeprefix("ssh-"), cells=40)


def _files(names: tuple[str, ...]) -> str:
    return " or ".join(visible(name, cells=120) for name in names)


def _unreadable(target: Target, message: str) -> SshFailure:
    return SshFailure(
        SshFault.SETTINGS,
        f"the host keys cannot be looked up: {message}",
        host=target.name,
        remedy="make the file readable, or correct it",
    )
