"""The words that open a shell on a host, in a pod, or here. Words only: nothing is run."""

from __future__ import annotations

import shlex
from typing import Final

import msgspec

from console.model.registry import LOCAL, ServiceType
from console.safety.ssh import SshFailure, SshOptions
from console.safety.ssh.openssh_argv import at_terminal
from console.safety.text import visible
from console.sources.logs.place import Places
from console.sources.reach import route_of, typed_on

INSIDE: Final = "sh"
"""What is run in a pod: the one shell that most images have."""


class Shell(msgspec.Struct, frozen=True):
    """How a shell is opened."""

    argv: tuple[str, ...]
    """The program and its arguments; two words at least, so that nothing takes the only one
    for a line that a shell is to read."""
    where: str
    """Safe to show: `data-1`, `a pod of shop/api`."""
    typed: str
    """The same in the words of a person, safe to show: `ssh -J bastion kai@10.0.0.7`."""
    complains: bool
    """What goes wrong on the way is told on standard error, on which the shell draws nothing."""
    held: bool = False
    """Why it did not open stands on the screen alone, among what the shell draws: kubectl's
    words come out of `ssh -t` on the same stream. So that is left to be read."""


class Ways(msgspec.Struct, frozen=True):
    """What the words depend on beside the place."""

    places: Places
    ssh: SshOptions
    login_shell: str = "/bin/sh"
    """`$SHELL` of the person."""


def shell_on(host: str, ways: Ways) -> Shell | str:
    """A shell on a host of the registry, or on this machine for `local`; a string says why not."""
    found = ways.places.hosts.get(host)
    if host == LOCAL or (found is not None and found.is_local):
        words = ("env", ways.login_shell)
        return Shell(words, visible(host, cells=60), visible(ways.login_shell), False)
    try:
        route = route_of(host, ways.places.hosts)
        argv = at_terminal(route, ways.ssh)
    except SshFailure as failure:
        return f"{failure.message}; {failure.remedy}" if failure.remedy else failure.message
    return Shell(argv, visible(host, cells=60), typed_on(route), True)


def shell_of(name: str, ways: Ways) -> Shell | str:
    """A shell where a service runs: in a pod of its deployment, else on its host."""
    service = ways.places.service(name)
    if service is None:
        return f"{visible(name, cells=60)} is not in services.yaml, so where does it run?"
    if service.type is ServiceType.K8S_DEPLOYMENT:
        return _in_pod(name, ways)
    if service.host is None:
        return f"services.yaml does not say on which host {visible(name, cells=60)} runs"
    return shell_on(service.host, ways)


def _in_pod(name: str, ways: Ways) -> Shell | str:
    place = ways.places.place_of(name)
    if isinstance(place, str):
        return place
    # With a person at the terminal sudo may ask for its password.
    program = [word for word in place.program if word != "-n" or place.program[0] != "sudo"]
    words = [*program, "exec", "--stdin", "--tty", f"--namespace={place.namespace}"]
    target = place.targets[0] if place.kind.is_batch else f"{place.what}/{place.name}"
    words += [target, "--", INSIDE]
    where = f"a pod of {place.namespace}/{place.name}"
    on = ways.places.hosts.get(place.host)
    if on is None or on.is_local:
        return Shell(tuple(words), where, visible(shlex.join(words)), True, held=True)
    try:
        route = route_of(place.host, ways.places.hosts)
        argv = at_terminal(route, ways.ssh, argv=words)
    except SshFailure as failure:
        return failure.message
    return Shell(argv, where, typed_on(route, words, terminal=True), True, held=True)


_READ_FIRST: Final = (
    '"$@"; status=$?; case $status in 0|255) exit "$status"; esac; stty sane 2>/dev/null;'
    ' printf "\nended with %s; enter comes back " "$status"; read -r _; exit "$status"'
)
"""Of 255 the console tells the reason itself. `stty`: what was killed may leave the terminal
so that its enter ends no line."""


def in_front_of(shell: Shell) -> tuple[str, ...]:
    """Opens the shell in the console's own place; a held one stays, where it fails, to be read."""
    return ("sh", "-c", _READ_FIRST, "sh", *shell.argv) if shell.held else shell.argv


# Not by tmux' own `remain-on-exit failed`: 3.3a now and then keeps a pane that ended well, where
# it hears of the closed terminal before it hears of the exit status.
_HELD: Final = (
    '"$@"; status=$?; [ "$status" = 0 ] && exit;'
    ' printf "\\nended with %s; enter closes this pane " "$status"; read -r _; exit "$status"'
)


def tmux_of(shell: Shell) -> tuple[str, ...]:
    """Opens the shell in a pane beside this one, which stays where it fails, to be read.

    tmux takes a word that ends in `;` for the end of a command of its own.
    """
    argv = ("sh", "-c", _HELD, "sh", *shell.argv)
    words = tuple(f"{word[:-1]}\\;" if word.endswith(";") else word for word in argv)
    return ("tmux", "split-window", "-h", "-P", "-F", "#{pane_id}", "--", *words)


def login_shell(chosen: str) -> str:
    """What `$SHELL` says where that is the path of a program, else `/bin/sh`."""
    return chosen if chosen.startswith("/") else "/bin/sh"
