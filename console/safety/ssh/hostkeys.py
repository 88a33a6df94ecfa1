"""Which keys a host is known by, and what is said of one that is not among them.

Always checked. asyncssh's own matching reads the files (hashed names, `[host]:port`, patterns,
`@cert-authority`, `@revoked`); what is its own here: an address that the name was resolved to
vouches for nothing, since whoever answers for the name chooses it, and a revoked key stays
revoked under every name that it was looked up by.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final, NamedTuple

import asyncssh
from asyncssh.public_key import get_default_certificate_algs, get_default_public_key_algs

from console.safety.ssh.client_config import GLOBAL_FILES, USER_FILES
from console.safety.ssh.options import SshFailure, SshFault, login_of, written
from console.safety.ssh.target import SSH_PORT, Target
from console.safety.text import visible

USUAL: Final = (*USER_FILES, *GLOBAL_FILES)
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
    place: str
    """The name by which they know it; where they do not, by which `ssh` would."""
    beside: bool = False
    """By a name without the port: that key may be another server's of the same host."""

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
        self._files = files
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
        looked_in = self._files or target.known_hosts or USUAL
        for name in looked_in:
            found = self._hosts(name, target)
            if found is None:
                missing.append(name)
            else:
                files.append((name, found))
        places = _places(target)
        by = places[0]
        for each in places:
            is_known = bool(trusted or authorities)
            for name, known in files:
                keys, cas, gone, *_ = known.match(each, "", None)
                revoked += gone
                if not is_known:
                    by = each if keys or cas else by
                    trusted += [(name, key) for key in keys]
                    authorities += cas
        return Known(
            tuple(trusted),
            tuple(authorities),
            tuple(revoked),
            looked_in,
            tuple(missing),
            place=by,
            beside=by in places[1::2] and target.port != SSH_PORT,
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


def _places(target: Target) -> list[str]:
    """The names under which its key is looked up, the best first.

    As `ssh` does: an alias stands alone, and where a port is of no avail the host without it.
    """
    if target.alias:
        return [target.alias]
    names = dict.fromkeys((target.host.lower(), target.name.lower()))
    if target.port == SSH_PORT:
        return [*names]
    return [place for name in names for place in (f"[{name}]:{target.port}", name)]


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
        if (known.trusted or known.authorities) and not known.beside:
            return self._changed(said)
        return self._unknown(said)

    def _changed(self, said: str) -> SshFailure:
        target, known = self._target, self._known
        file = next((file for file, _ in known.trusted), known.looked_in[0])
        others = ", ".join(
            dict.fromkeys(f"{_kind(each)} {each.get_fingerprint()}" for _, each in known.trusted)
        )
        remedy = (
            "somebody may be in between, or the host was set up anew: ask who runs it for "
            f"its fingerprint; if it is right: ssh-keygen -R {_word(known.place)} "
            f"-f {_path(file)}, then add the new key"
        )
        if not others:
            others = "keys signed by a known authority"
            remedy = "somebody may be in between: ask who runs it to have its key signed anew"
        return SshFailure(
            SshFault.HOST_KEY_CHANGED,
            f"the host key of {visible(target.name, cells=60)} has changed: {said}, but "
            f"{_files((file,))} knows {others}",
            host=target.name,
            remedy=remedy,
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
                f"if it is this one: {_scan(target)} >> {_path(known.looked_in[0])}"
            ),
        )


def _scan(target: Target) -> str:
    """Prints the line that a file of host keys lacks."""
    words = f"ssh-keyscan -p {target.port} {_word(target.host)}"
    if target.jump is not None:
        words = f"{visible(written(('ssh', *login_of(target.jump))))} {shlex.quote(words)}"
    if target.alias:
        words += f" | sed {_word(f's|^[^ ]*|{target.alias}|')}"
    return words


def _word(text: str) -> str:
    return shlex.quote(visible(text, cells=120))


def _path(name: str) -> str:
    """A path as one types it, with the `~` that the shell has to see."""
    home = "~/" if name.startswith("~/") else ""
    return home + _word(name.removeprefix(home))


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
