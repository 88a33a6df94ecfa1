"""The 24 ways in which SSH to a host goes wrong, each with a real server where one can do it.

    with fault.start(tmp_path, 1.0) as broken:
        client = SshClient(SystemClock(), broken.options)
        if broken.break_it is not None:      # the fault befalls a connection that lives
            await client.run(broken.route, command("true"), timeout_s=10)
            broken.break_it()
        await client.run(broken.route, command("uptime"), timeout_s=2)

`FAULTS` has all of them; `fault.kinds` lists the failures that may come of it, and is empty
where the server answers: then `fault.answer` says whether what came is what it should be. None
of them may ever be taken for a healthy host. A crossed test gives a source `broken.route` and
`broken.options` and looks at the cell.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from console.safety.ssh import SshFault, SshOptions, SshResult, SshRoute
from tests.sshd import make_key, running_sshd


class Broken(NamedTuple):
    """A host with a fault."""

    route: SshRoute
    options: SshOptions
    break_it: Callable[[], None] | None = None
    """Has to be called once a connection lives; without it the fault is there from the start."""
    env: tuple[tuple[str, str], ...] = ()
    """To be set in the environment of the test."""


Start = Callable[[Path, float], contextlib.AbstractContextManager[Broken]]


class Fault(NamedTuple):
    """One way in which it goes wrong."""

    name: str
    start: Start
    """Takes a folder of its own, and the `connect_timeout_s` of the options."""
    kinds: tuple[SshFault, ...] = ()
    answer: Callable[[SshResult], bool] = lambda result: False


@contextlib.contextmanager
def listening(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port at which each peer gets a thread that does `talk` with it."""
    server = socket.create_server(("127.0.0.1", 0))
    peers: list[socket.socket] = []

    def serve(peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            talk(peer)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = server.accept()
                peers.append(peer)
                threading.Thread(target=serve, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for peer in peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()


@contextlib.contextmanager
def blackhole() -> Iterator[int]:
    """A port that answers no SYN: its queue of unaccepted connections is full."""
    with socket.socket() as server, contextlib.ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(address)
        yield address[1]


def silence(peer: socket.socket) -> None:
    """Read, and say nothing."""
    while peer.recv(65536):
        pass


def dribble(peer: socket.socket) -> None:
    """A banner without an end, a byte at a time."""
    pause = threading.Event()
    while not pause.wait(0.05):
        peer.sendall(b"x")


def flood(peer: socket.socket) -> None:
    """A banner of a megabyte."""
    peer.sendall(b"welcome to this host, which has much to say\r\n" * 24_000)
    silence(peer)


def _at(port: int, connect_timeout_s: float, folder: Path) -> Broken:
    options = SshOptions(
        config="",
        known_hosts=(str(folder / "none"),),
        identities=(str(make_key(folder / "id")),),
        agent=False,
        connect_timeout_s=connect_timeout_s,
    )
    return Broken(SshRoute("box", "127.0.0.1", port=port, user="nobody"), options)


@contextlib.contextmanager
def _refused(folder: Path, connect_timeout_s: float) -> Iterator[Broken]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take it
        yield _at(held.getsockname()[1], connect_timeout_s, folder)


@contextlib.contextmanager
def _blackhole(folder: Path, connect_timeout_s: float) -> Iterator[Broken]:
    with blackhole() as port:
        yield _at(port, connect_timeout_s, folder)


def _talking(talk: Callable[[socket.socket], None]) -> Start:
    @contextlib.contextmanager
    def start(folder: Path, connect_timeout_s: float) -> Iterator[Broken]:
        with listening(talk) as port:
            yield _at(port, connect_timeout_s, folder)

    return start


def _sshd(
    *lines: str,
    force_command: str = "",
    max_sessions: int = 10,
    known: str = "known",
    identity: bool = True,
    agent: bool = False,
    then: str = "",
) -> Start:
    """A real sshd.

    Args:
        lines: of its settings.
        force_command: what it runs in place of every command.
        max_sessions: its `MaxSessions`.
        known: how its key is known: `known`, `unknown`, `changed` or `revoked`.
        identity: whether the client has the right key.
        agent: whether the client asks an agent that is gone, and has no other key.
        then: `freeze` or `drop`: what befalls its connections when it is broken.
    """

    @contextlib.contextmanager
    def start(folder: Path, connect_timeout_s: float) -> Iterator[Broken]:
        with running_sshd(
            folder, lines=lines, force_command=force_command, max_sessions=max_sessions
        ) as sshd:
            other = make_key(folder / "other")
            text = {
                "known": sshd.known_line(),
                "unknown": "",
                "changed": sshd.known_line(key=other),
                "revoked": f"{sshd.known_line()}\n{sshd.known_line(marker='@revoked')}",
            }[known]
            sshd.known_hosts.write_text(f"{text}\n")
            options = msgspec.structs.replace(sshd.options(), connect_timeout_s=connect_timeout_s)
            env: tuple[tuple[str, str], ...] = ()
            if not identity:
                options = msgspec.structs.replace(options, identities=(str(other),))
            if agent:
                env = (("SSH_AUTH_SOCK", str(folder / "gone")), ("HOME", str(folder)))
                options = msgspec.structs.replace(options, identities=(), agent=True)
            breaks = {"freeze": sshd.freeze, "drop": sshd.drop}
            try:
                yield Broken(sshd.route(), options, breaks.get(then), env)
            finally:
                sshd.thaw()

    return start


@contextlib.contextmanager
def _stopped(folder: Path, connect_timeout_s: float) -> Iterator[Broken]:
    with running_sshd(folder) as sshd:
        options = msgspec.structs.replace(sshd.options(), connect_timeout_s=connect_timeout_s)
        os.kill(sshd.program.pid, signal.SIGSTOP)
        try:
            yield Broken(sshd.route(), options)
        finally:
            os.kill(sshd.program.pid, signal.SIGCONT)


def _status(*statuses: int) -> Callable[[SshResult], bool]:
    return lambda result: result.exit_status in statuses and not result.succeeded


LOST = (SshFault.LOST,)

FAULTS: tuple[Fault, ...] = (
    Fault("refused", _refused, (SshFault.REFUSED,)),
    Fault("blackhole", _blackhole, (SshFault.TIMEOUT,)),
    Fault("no banner", _talking(silence), (SshFault.NO_BANNER,)),
    Fault("banner dribble", _talking(dribble), (SshFault.NO_BANNER,)),
    Fault("1 MB banner", _talking(flood), (SshFault.PROTOCOL,)),
    Fault("unknown key", _sshd(known="unknown"), (SshFault.HOST_KEY_UNKNOWN,)),
    Fault("changed key", _sshd(known="changed"), (SshFault.HOST_KEY_CHANGED,)),
    Fault("revoked key", _sshd(known="revoked"), (SshFault.HOST_KEY_REVOKED,)),
    Fault("auth refused", _sshd(identity=False), (SshFault.AUTH,)),
    Fault("agent gone", _sshd(agent=True), (SshFault.AGENT,)),
    Fault(
        "kex mismatch",
        _sshd("KexAlgorithms sntrup761x25519-sha512@openssh.com"),
        (SshFault.PROTOCOL,),
    ),
    Fault("hang after auth", _sshd(then="freeze"), (SshFault.TIMEOUT,)),
    Fault("server SIGSTOP", _stopped, (SshFault.NO_BANNER,)),
    Fault("MaxSessions reached", _sshd(max_sessions=0), (SshFault.CHANNELS,)),
    Fault(
        "endless stdout", _sshd(force_command="yes"), (), lambda r: r.truncated and not r.succeeded
    ),
    Fault(
        "100 MB single line",
        _sshd(force_command="head -c 100000000 /dev/zero | tr '\\0' x"),
        (),
        lambda r: r.truncated and r.exit_status is None,
    ),
    Fault(
        "invalid UTF-8",
        _sshd(force_command=r"printf '\377\376\200'"),
        (),
        lambda r: r.stdout == b"\xff\xfe\x80",
    ),
    Fault(
        "escape bytes",
        _sshd(force_command=r"printf '\033]0;owned\007\033[2J'"),
        (),
        lambda r: r.stdout == b"\x1b]0;owned\x07\x1b[2J",
    ),
    Fault(
        "killed by signal",
        _sshd(force_command="kill -KILL $$"),
        (),
        lambda r: r.signal == "KILL" and r.exit_status is None,
    ),
    Fault("drop after send", _sshd(force_command="kill -KILL $PPID; sleep 30"), LOST),
    Fault("disconnect mid-command", _sshd(force_command="echo half; kill -KILL $PPID"), LOST),
    Fault(
        "1 B/s",
        _sshd(force_command="while printf x; do sleep 1; done"),
        (),
        lambda r: r.timed_out and r.exit_status is None and 0 < len(r.stdout) < 10,
    ),
    Fault("exit 126", _sshd(force_command="exit 126"), (), _status(126)),
    Fault("exit 127", _sshd(force_command="exit 127"), (), _status(127)),
    Fault("exit 255", _sshd(force_command="exit 255"), (), _status(255)),
    Fault(
        "sudo waits for a password",
        _sshd(force_command="printf '[sudo] password: ' >&2; sleep 600"),
        (),
        lambda r: r.timed_out and b"password" in r.stderr,
    ),
    Fault("remote disk full", _sshd(force_command="echo x > /dev/full"), (), _status(1, 2)),
)
"""Every row of the list; three of them stand for one, and the dribble is one more: 24 + 3."""
