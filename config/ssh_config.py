"""Hosts out of an OpenSSH client configuration, as a proposal for the registry.

Only what names a host plainly is taken: `Host` blocks without wildcards, and of them HostName,
User, Port and ProxyJump. `Match` and `Include` are not followed, since they may run commands
and read other files; a note says so.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

import msgspec

from console.model.registry import Host, Registry
from console.safety.text import visible

_KEYWORD: Final = re.compile(r"\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*")
_JUMP: Final = re.compile(
    r"(?:(?P<user>[^@]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>\d+))?"
)


class SshHosts(msgspec.Struct, frozen=True):
    """What a client configuration told."""

    registry: Registry
    """Hosts alone."""
    notes: tuple[str, ...]
    """What was left out and why, by line; safe to show."""


class _Block:
    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.values: dict[str, str] = {}


def ssh_hosts(text: str) -> SshHosts:
    """The hosts of the client configuration `text`; it never raises."""
    blocks: list[_Block] = []
    notes: list[str] = []
    block: _Block | None = None
    for number, line in enumerate(text.splitlines(), 1):
        match = _KEYWORD.fullmatch(line)
        if match is None or line.lstrip().startswith("#"):
            continue
        keyword, value = match[1].lower(), match[2]
        words = _words(value)
        if keyword == "host":
            names = [name for name in words if not set(name) & set("*?!")]
            if len(names) < len(words):
                notes.append(f"line {number}: patterns of `Host` are left out")
            block = _Block(names)
            blocks.append(block)
        elif keyword in ("match", "include"):
            notes.append(f"line {number}: `{match[1]}` is not followed")
            block = _Block([]) if keyword == "match" else block
        elif block is not None and words:
            # As OpenSSH has it, the first value wins.
            block.values.setdefault(keyword, words[0])
    hosts: dict[str, Host] = {}
    for each in blocks:
        for name in each.names:
            if name not in hosts:
                hosts[name] = _host(name, each.values, notes)
    _add_jumps(hosts, notes)
    return SshHosts(Registry(hosts=tuple(hosts.values())), tuple(notes))


def _words(value: str) -> list[str]:
    try:
        words = shlex.split(value, comments=True)
    except ValueError:  # a quote that is not closed
        words = value.split()
    shown = (visible(word).strip() for word in words)
    return [word for word in shown if word]


def _host(name: str, values: dict[str, str], notes: list[str]) -> Host:
    address = values.get("hostname", name).replace("%h", name)
    port = values.get("port", "22")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port[:6]) <= 65535:
        notes.append(f"{visible(name, cells=40)}: its port {visible(port, cells=20)} is left out")
        port = "22"
    jump = values.get("proxyjump", "none")
    return Host(
        name=name,
        address=address,
        user=values.get("user"),
        port=int(port),
        jump=None if jump.lower() == "none" else jump,
    )


def _add_jumps(hosts: dict[str, Host], notes: list[str]) -> None:
    for host in list(hosts.values()):
        if host.jump is None or host.jump in hosts:
            continue
        # `a,b` goes through a to b: b is what the host is reached from.
        way = host.jump.split(",")
        match = _JUMP.fullmatch(way[-1].removeprefix("ssh://"))
        shown = visible(host.name, cells=40)
        if match is None or not 1 <= int((match["port"] or "22")[:6]) <= 65535:
            notes.append(f"{shown}: its ProxyJump is left out")
            hosts[host.name] = msgspec.structs.replace(host, jump=None)
            continue
        if len(way) > 1:
            notes.append(f"{shown}: of its ProxyJump only the last hop is taken")
        name = match["host"].strip("[]")
        if name not in hosts:
            hosts[name] = Host(
                name, address=name, user=match["user"], port=int(match["port"] or "22")
            )
        hosts[host.name] = msgspec.structs.replace(host, jump=name)
    for host in list(hosts.values()):
        if _in_circle(host, hosts):
            notes.append(f"{visible(host.name, cells=40)}: its ProxyJump leads back to itself")
            hosts[host.name] = msgspec.structs.replace(host, jump=None)


def _in_circle(host: Host, hosts: dict[str, Host]) -> bool:
    seen: list[str] = []
    step = host.jump
    while step is not None and step not in seen:
        seen.append(step)
        step = hosts[step].jump
    return host.name in seen
