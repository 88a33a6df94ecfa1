"""The keys that are offered: those of files and those that the agent holds.

A key that cannot be used is never passed over in silence: where no other is let in, the
failure names it and says why.
"""

from __future__ import annotations

import asyncio
import copy
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import asyncssh

from console.safety.ssh.options import SshFailure, SshFault, SshOptions
from console.safety.ssh.target import Target
from console.safety.ssh.threads import in_thread
from console.safety.text import visible

USUAL: Final = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
AGENT_TIMEOUT_S: Final = 3.0
MAX_KEY_BYTES: Final = 1 << 20
_ERRNO: Final = re.compile(r"^\[Errno \d+\] ")


class Trouble(NamedTuple):
    """A key or an agent that could not be used."""

    fault: SshFault
    what: str
    remedy: str


class Offer(NamedTuple):
    """What is offered to one host."""

    pairs: list[asyncssh.SSHKeyPair]
    words: list[str]
    """What they are called, safe to show."""
    troubles: list[Trouble]
    agent: asyncssh.SSHAgentClient | None
    """Has to stay open until the authentication is over."""

    def close(self) -> None:
        if self.agent is not None:
            self.agent.close()


class _Loaded(NamedTuple):
    pairs: tuple[asyncssh.SSHKeyPair, ...]
    trouble: Trouble | None


class Identities:
    """The keys of a client; files are read once for each version of theirs."""

    def __init__(self, options: SshOptions) -> None:
        self._options = options
        self._loaded: dict[tuple[str, tuple[str, ...]], tuple[tuple[int, int], _Loaded]] = {}

    async def offer(self, target: Target) -> Offer:
        """What `target` is offered, in the order in which it is."""
        explicit = self._options.identities or target.identities
        loaded: list[tuple[str, _Loaded]] = []
        for name in explicit or USUAL:
            found = await self._file(name, target, wanted=bool(explicit))
            if found is not None:
                loaded.append((name, found))
        agent, held, troubles = await self._agent(target)
        files = [copy.copy(pair) for _, each in loaded for pair in each.pairs]
        mine = {pair.public_data for pair in files} | {
            data for name in explicit for data in _public_halves(name)
        }
        if target.identities_only:
            held = [pair for pair in held if pair.public_data in mine]
        # A server counts every key that is offered and hangs up at the sixth: those that
        # somebody named come first.
        first = [pair for pair in held if pair.public_data in mine]
        rest = [pair for pair in held if pair.public_data not in mine]
        offered = {pair.public_data for pair in first}
        files = [pair for pair in files if pair.public_data not in offered]
        pairs = [*first, *files, *rest] if explicit else [*first, *rest, *files]
        words = [visible(name, cells=120) for name, each in loaded if each.pairs]
        if held:
            words.append(f"agent: {len(held)} key{'' if len(held) == 1 else 's'}")
        troubles += [each.trouble for _, each in loaded if each.trouble is not None]
        return Offer(pairs, words, troubles, agent)

    async def _agent(
        self, target: Target
    ) -> tuple[asyncssh.SSHAgentClient | None, list[asyncssh.SSHKeyPair], list[Trouble]]:
        path = os.environ.get("SSH_AUTH_SOCK", "") if target.agent is None else target.agent
        if not self._options.agent or not path:
            return None, [], []
        agent = asyncssh.SSHAgentClient(path)
        shown = visible(path, cells=120)
        cause = ""
        try:
            async with asyncio.timeout(AGENT_TIMEOUT_S):
                return agent, [*await agent.get_keys()], []
        except TimeoutError:
            cause = "does not answer"
        except (ValueError, OSError, EOFError) as error:
            why = _ERRNO.sub("", str(error)) or "it closed the connection"
            cause = f"is gone ({visible(why, cells=120)})"
        agent.close()
        remedy = "start an agent and `ssh-add` the key, or correct $SSH_AUTH_SOCK"
        return None, [], [Trouble(SshFault.AGENT, f"the agent at {shown} {cause}", remedy)]

    async def _file(self, name: str, target: Target, *, wanted: bool) -> _Loaded | None:
        """The keys in the file `name`; None where it is not there and nobody asked for it."""
        shown = visible(name, cells=120)
        try:
            version = _version(name)
        except OSError as error:
            if not wanted:
                return None
            said = f"{shown}: {error.strerror or 'cannot be read'}"
            return _Loaded((), Trouble(SshFault.KEY_FILE, said, "name a private key that is there"))
        key = (name, target.certificates)
        kept = self._loaded.get(key)
        if kept is None or kept[0] != version:
            # bcrypt takes its time on purpose; the loop goes on meanwhile.
            loaded = await in_thread(lambda: self._load(name, shown, target.certificates))
            kept = self._loaded[key] = (version, loaded)
        return kept[1]

    def _load(self, name: str, shown: str, certificates: Sequence[str]) -> _Loaded:
        path = Path(name).expanduser()
        passphrase = self._options.passphrase
        existing = [name for name in certificates if Path(name).expanduser().is_file()]
        try:
            if path.stat().st_size > MAX_KEY_BYTES:
                raise asyncssh.KeyImportError("it is too long")
            pairs = asyncssh.load_keypairs(
                str(path), None if passphrase is None else passphrase.reveal(), existing
            )
        except (asyncssh.KeyEncryptionError, asyncssh.KeyImportError) as error:
            said = str(error)
            if passphrase is None and "assphrase" in said:
                trouble = f"{shown} is encrypted, and no passphrase was given"
                remedy = "add it to the agent with `ssh-add`, or set `ssh: passphrase:`"
            elif passphrase is not None and ("assphrase" in said or "decrypt" in said):
                trouble = f"{shown} does not open with the passphrase that was given"
                remedy = "correct `ssh: passphrase:`"
            else:
                trouble = f"{shown} is no private key that can be used: {visible(said, cells=120)}"
                remedy = "name a private key in OpenSSH's or PEM form"
            return _Loaded((), Trouble(SshFault.KEY_FILE, trouble, remedy))
        except (OSError, ValueError) as error:
            cause = (isinstance(error, OSError) and error.strerror) or "cannot be read"
            return _Loaded(
                (), Trouble(SshFault.KEY_FILE, f"{shown}: {cause}", "make the file readable")
            )
        return _Loaded(tuple(pairs), None)


def refused(target: Target, offer: Offer, wants: Sequence[str], hint: str = "") -> SshFailure:
    """What is said where `target` let none of `offer` in.

    Args:
        target: the host.
        offer: what it was offered.
        wants: what else it asked for, that is never given here (a password, a code).
        hint: what the server said, safe to show.
    """
    shown = visible(target.name, cells=60)
    offered = ", ".join(offer.words) or "no key"
    troubles = "; ".join(each.what for each in offer.troubles)
    said = f"{shown} did not let {target.shown} in: offered {offered}"
    said += f" ({hint})" if hint else ""
    said += f"; {troubles}" if troubles else ""
    kind, remedy = SshFault.AUTH, f"have the public key put into authorized_keys on {shown}"
    if offer.troubles and not offer.pairs:
        kind, remedy = offer.troubles[0].fault, offer.troubles[0].remedy
    elif wants:
        said += f"; it also asks for {' and '.join(wants)}"
        remedy = "that is asked for in a terminal only: reach it with `transport: openssh`"
    elif not offer.pairs:
        remedy = "name a key with `ssh: identities:`, or add one to the agent with `ssh-add`"
    return SshFailure(kind, said, host=target.name, remedy=remedy)


def _version(name: str) -> tuple[int, int]:
    stat = Path(name).expanduser().stat()
    return stat.st_mtime_ns, stat.st_size


def _public_halves(name: str) -> list[bytes]:
    """Of a key whose private half may be locked: what the file beside it says, if any."""
    try:
        return [asyncssh.read_public_key(f"{Path(name).expanduser()}.pub").public_data]
    except (OSError, ValueError):
        return []
