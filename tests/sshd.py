"""The real OpenSSH server and agent, started for a test on loopback and ended by their own pid.

    with running_sshd(tmp_path) as sshd:
        client = SshClient(SystemClock(), sshd.options())
        await client.run(sshd.route(), command("true"), timeout_s=10)

Several that know the same client: give the second the `identity=` of the first, and take
`options_for(first, second)`. `sshd.log` tells what the server saw, one line a list entry.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Final

from console.safety.clock import SystemClock
from console.safety.ssh import SshOptions, SshRoute
from console.safety.ssh.client import SshClient
from tests.servers import END_S, READY_S, Program, free_port, where_is

PRIVILEGE_SEPARATION: Final = Path("/run/sshd")
# A home of its own: what the shells of whoever runs the tests do first may take a minute.
CONFIG: Final = """\
{lines}
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel VERBOSE
UseDNS no
SetEnv HOME={folder}
"""


def make_key(path: Path, *, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new private key at `path`, its public half beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", path.name, "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path


def fingerprint_of(key: Path) -> str:
    """`SHA256:…` of the key at `path`, as `ssh-keygen -l` writes it."""
    said = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True
    )
    return said.stdout.split()[1]


def public_half(key: Path) -> str:
    """`ssh-ed25519 AAAA…`, without the comment."""
    return " ".join(Path(f"{key}.pub").read_text().split()[:2])


class Sshd:
    """A server that listens, with everything that a client needs to be let in."""

    def __init__(self, program: Program, folder: Path, identity: Path) -> None:
        self.program = program
        self.folder = folder
        self.identity = identity
        """The private key that it lets in."""
        self.user = getpass.getuser()
        self.host_key = folder / "host_key"
        self.fingerprint = fingerprint_of(self.host_key)
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(f"{self.known_line()}\n")
        self._has_ended = False

    @property
    def port(self) -> int:
        return self.program.port

    @property
    def log(self) -> list[str]:
        return self.program.log

    def known_line(self, *, marker: str = "", key: Path | None = None) -> str:
        """A line of known_hosts for it, or for another `key` at its place."""
        line = f"[127.0.0.1]:{self.port} {public_half(key or self.host_key)}"
        return f"{marker} {line}".lstrip()

    def options(self) -> SshOptions:
        """No client configuration and no agent; its host key and its identity are known."""
        return options_for(self)

    def route(self, name: str = "box", *, jump: SshRoute | None = None) -> SshRoute:
        """The way to it."""
        return SshRoute(name, "127.0.0.1", port=self.port, user=self.user, jump=jump)

    def sessions(self) -> list[int]:
        """The processes of its living connections, and whatever runs in them."""
        return _children(self.program.pid)

    def freeze(self) -> None:
        """Stop every connection where it is: the peer hears nothing, and nothing is closed."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def drop(self) -> None:
        """End every connection, and the processes in them, without a word; it listens on."""
        self._signal(signal.SIGKILL)

    def end(self) -> None:
        """End it, its connections and what runs in them; a second time does nothing."""
        if self._has_ended:
            return
        self._has_ended = True
        # Connections hold its log open, whose reader is waited for: they go first, and while
        # it is stopped no new one comes.
        os.kill(self.program.pid, signal.SIGSTOP)
        self.drop()
        self.program.kill()

    def connections(self) -> int:
        """How many connections it has let in since it was started."""
        return sum("Accepted publickey" in line for line in self.log)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


def start_sshd(
    folder: Path,
    *,
    port: int = 0,
    max_sessions: int = 10,
    tcp_forwarding: bool = True,
    force_command: str = "",
    banner: str = "",
    lines: Sequence[str] = (),
    identity: Path | None = None,
    host_key: Path | None = None,
) -> Sshd:
    """A server on `port`, or on a free one, that lets in the person who runs the test.

    Args:
        folder: its own, for keys and settings.
        port: 0 takes a free one.
        max_sessions: `MaxSessions`.
        tcp_forwarding: `AllowTcpForwarding`.
        force_command: runs in place of every command.
        banner: shown before the authentication.
        lines: more settings; they win over ours, since sshd takes what it reads first.
        identity: a private key to let in; without it a new one is made.
        host_key: a private key to present; without it a new ed25519 one is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    if identity is None:
        identity = make_key(folder / "id_ed25519")
    if host_key is None:
        make_key(folder / "host_key")
    else:
        for suffix in ("", ".pub"):
            shutil.copy(f"{host_key}{suffix}", folder / f"host_key{suffix}")
    (folder / "authorized_keys").write_text(f"{public_half(identity)}\n")
    settings = [*lines, f"MaxSessions {max_sessions}"]
    settings.append(f"AllowTcpForwarding {'yes' if tcp_forwarding else 'no'}")
    if force_command:
        settings.append(f"ForceCommand {force_command}")
    if banner:
        (folder / "banner").write_text(banner)
        settings.append(f"Banner {folder}/banner")
    for _ in range(5):
        chosen = port or free_port()
        config = folder / "sshd_config"
        config.write_text(CONFIG.format(lines="\n".join(settings), port=chosen, folder=folder))
        try:
            program = Program(
                ["sshd", "-D", "-e", "-f", str(config)], r"Server listening on", chosen
            )
        except RuntimeError as error:
            if port or "Address already in use" not in str(error):
                raise
        else:
            return Sshd(program, folder, identity)
    raise RuntimeError("five ports in a row were taken by others")


@contextlib.contextmanager
def running_sshd(
    folder: Path,
    *,
    port: int = 0,
    max_sessions: int = 10,
    tcp_forwarding: bool = True,
    force_command: str = "",
    banner: str = "",
    lines: Sequence[str] = (),
    identity: Path | None = None,
    host_key: Path | None = None,
) -> Iterator[Sshd]:
    """`start_sshd()`, ended on the way out."""
    sshd = start_sshd(
        folder,
        port=port,
        max_sessions=max_sessions,
        tcp_forwarding=tcp_forwarding,
        force_command=force_command,
        banner=banner,
        lines=lines,
        identity=identity,
        host_key=host_key,
    )
    try:
        yield sshd
    finally:
        sshd.end()


def options_for(*sshds: Sshd) -> SshOptions:
    """What is needed to be let in by all of `sshds`."""
    return SshOptions(
        config="",
        known_hosts=tuple(str(each.known_hosts) for each in sshds),
        identities=tuple(dict.fromkeys(str(each.identity) for each in sshds)),
        agent=False,
    )


class Agent:
    """The system's `ssh-agent`, in the foreground, at a socket of its own."""

    def __init__(self) -> None:
        path = where_is("ssh-agent")
        assert path is not None, "ssh-agent is not installed"
        # The path of a socket has at most 107 bytes, fewer than a test's folder can have.
        self._folder = tempfile.mkdtemp(prefix="oncall-agent-")
        self.socket = f"{self._folder}/socket"
        """For `$SSH_AUTH_SOCK`."""
        self._process = subprocess.Popen(
            [path, "-D", "-a", self.socket],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        ready = threading.Thread(target=self._wait_for_it, daemon=True)
        ready.start()
        ready.join(READY_S)
        assert Path(self.socket).exists(), "ssh-agent did not start"

    def add(self, key: Path) -> None:
        """Hold the private key at `key`, which has no passphrase."""
        subprocess.run(
            ["ssh-add", "-q", str(key)],
            check=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "SSH_AUTH_SOCK": self.socket},
        )

    def end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(END_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """End it so that its socket stays where it is, and nobody listens at it."""
        self._process.kill()
        self._process.wait(END_S)

    def _wait_for_it(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it writes its settings once it listens


@contextlib.contextmanager
def running_agent() -> Iterator[Agent]:
    """An agent without keys, ended on the way out."""
    agent = Agent()
    try:
        yield agent
    finally:
        agent.end()


_PARENT: Final = re.compile(r"^\d+ \(.*\) \S (\d+)", re.DOTALL)


def _children(pid: int) -> list[int]:
    """Every process that descends from `pid`."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                match = _PARENT.match((entry / "stat").read_text(errors="replace"))
                if match is not None:
                    parents.setdefault(int(match.group(1)), []).append(int(entry.name))
    found: list[int] = []
    todo = [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


@contextlib.asynccontextmanager
async def client_for(options: SshOptions) -> AsyncIterator[SshClient]:
    """A client that is closed in the end."""
    client = SshClient(SystemClock(), options)
    try:
        yield client
    finally:
        await client.aclose()
