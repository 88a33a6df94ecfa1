"""A shell on a host: a real sshd behind a real `ssh`, in a real terminal and a real tmux."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.actions.audit.check import check, records_of
from console.actions.audit.record import Record
from tests.sshd import Sshd, running_sshd
from tests.terminal.conftest import Opener
from tests.terminal.terminal import END_S, ONCALL, Terminal

pytestmark = pytest.mark.real("sshd")

OPENED = "oncall: ssh"


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A host whose login shell is `sh`, with a prompt of its own."""
    shell = tmp_path / "login"
    shell.write_text(
        "#!/bin/sh\nexport PS1=far-away:\n"
        'if [ -n "$SSH_ORIGINAL_COMMAND" ]; then exec sh -c "$SSH_ORIGINAL_COMMAND"; fi\n'
        "exec sh -i\n"
    )
    shell.chmod(0o755)
    with running_sshd(tmp_path / "sshd", force_command=str(shell)) as running:
        yield running


def folder_of(tmp_path: Path, sshd: Sshd, *, identity: str = "") -> str:
    """Settings with that host and one beyond it, and a Prometheus that is not there."""
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "oncall.yaml").write_text(
        f"""\
environment: test
sources:
  prometheus:
    - {{name: prom, url: "http://127.0.0.1:9/"}}
  hosts: {{enabled: false}}
ssh:
  config: /dev/null
  known_hosts: [{sshd.known_hosts}]
  identities: [{identity or sshd.identity}]
  agent: false
"""
    )
    way = f"address: 127.0.0.1, port: {sshd.port}, user: {sshd.user}"
    (folder / "services.yaml").write_text(
        f"""\
hosts:
  - {{name: box, {way}}}
  - {{name: inner, {way}, jump: box}}
  - {{name: here, address: local}}
services:
  - {{name: redis, type: docker, host: box}}
"""
    )
    return str(folder)


def started(terminal: Terminal) -> Terminal:
    terminal.wait_for("prom")
    terminal.wait_quiet()
    return terminal


def typed_command(terminal: Terminal, command: str) -> None:
    terminal.type(":")
    terminal.wait_quiet(0.2)
    terminal.type(command)
    terminal.wait_for(command)
    terminal.type("\r")


def opened(terminal: Terminal, host: str = "box") -> Terminal:
    """The console with a shell in front of it."""
    started(terminal)
    typed_command(terminal, f"shell {host}")
    terminal.wait_for("far-away:")
    return terminal


def in_console(terminal: Terminal) -> Callable[[], bool]:
    return lambda: "far-away:" not in terminal.text and "NEXT STEP" in terminal.text


def children_of(pid: int, name: str) -> list[int]:
    """The processes called `name` that `pid` has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (folder / "stat").read_text()
            parent = int(stat.rpartition(")")[2].split()[1])
            if parent == pid and f"({name})" in stat:
                found.append(int(folder.name))
    return found


def test_a_shell_opens_in_front_and_the_console_comes_back_whole(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    terminal = opened(open_in("--config", folder_of(tmp_path, sshd)))
    assert OPENED in terminal.text
    assert [wrong for wrong in terminal.not_restored() if wrong.startswith("mode")] == []
    terminal.type("echo it-is-$((40+2))\r")
    terminal.wait_for("it-is-42")
    terminal.type("exit 3\r")
    terminal.wait_for(lambda: terminal.lines[23].startswith("shell on box ended after"))
    assert terminal.lines[23].endswith("exit 3")
    terminal.wait_for(in_console(terminal))
    terminal.type("7")
    terminal.wait_for("opened a shell")
    assert "kai" in terminal.text
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []


def test_a_shell_behind_a_jump_host_is_reached_as_strictly(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    terminal = opened(open_in("--config", folder_of(tmp_path, sshd)), "inner")
    assert "-J" in terminal.text
    terminal.type("exit\r")
    terminal.wait_for("shell on inner ended after")
    assert sshd.connections() == 2


KUBECTL = """\
#!/bin/sh
case "$*" in
*" get "*|*version*) echo '{"kind": "List", "items": []}';;
*shop*) export PS1=in-a-pod:; exec sh -i;;
*) echo 'Error from server (Forbidden): pods "web-1" is forbidden: no pods/exec' >&2; exit 1;;
esac
"""


@pytest.mark.parametrize("on", ["local", "box"])
def test_a_pod_has_a_shell_and_one_that_is_refused_is_left_to_be_read(
    open_in: Opener, tmp_path: Path, sshd: Sshd, on: str
) -> None:
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(0o755)
    folder = Path(folder_of(tmp_path, sshd))
    alone = "  hosts: {enabled: false}\n"
    cluster = f"  kubernetes: [{{on: {on}, command: [{program}]}}]\n"
    settings = folder / "oncall.yaml"
    settings.write_text(settings.read_text().replace(alone, alone + cluster))
    with (folder / "services.yaml").open("a") as services:
        for name in ("shop", "bank"):
            way = f"type: k8s-deployment, namespace: {name}"
            services.write(f"  - {{name: in-{name}, {way}, service_name: web}}\n")
    terminal = started(open_in("--config", str(folder)))
    typed_command(terminal, "shell in-bank")
    terminal.wait_for("ended with 1; enter comes back")
    assert "is forbidden: no pods/exec" in terminal.text
    terminal.type("\r")
    terminal.wait_for("shell on a pod of bank/web ended after")
    assert terminal.lines[23].endswith("exit 1")
    typed_command(terminal, "shell in-shop")
    terminal.wait_for("in-a-pod:")
    terminal.type("exit\r")
    terminal.wait_for("shell on a pod of shop/web ended after")


def test_ctrl_c_and_ctrl_z_belong_to_the_shell(open_in: Opener, tmp_path: Path, sshd: Sshd) -> None:
    terminal = opened(open_in("--config", folder_of(tmp_path, sshd)))
    terminal.type("trap 'echo inter''rupted' INT\r")
    terminal.type("sleep 60\r")
    terminal.wait_quiet(0.5)
    terminal.type("\x03")
    terminal.wait_for("interrupted")
    terminal.type("sleep 61\r")
    terminal.wait_quiet(0.5)
    terminal.type("\x1a")
    terminal.wait_for("Stopped")
    terminal.type("kill %1; exit\r")
    terminal.type("exit\r")
    terminal.wait_for("shell on box ended")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_ssh_that_left_the_terminal_in_disorder_does_no_harm(
    open_in: Opener, tmp_path: Path, sshd: Sshd, how: signal.Signals
) -> None:
    terminal = opened(open_in("--config", folder_of(tmp_path, sshd)))
    modes = r"\033[?1049h\033[?1003h\033[?2004h\033[?1h\033[?25l\033[3;7r\033(0"
    terminal.type(f"printf '{modes}'; echo do''ne\r")
    terminal.wait_for(lambda: b"\x1b[3;7r" in terminal.raw)
    (ssh,) = children_of(terminal.pid, "ssh")
    os.kill(ssh, how)
    terminal.wait_for(lambda: "shell on box ended" in terminal.text)
    came_back = bytes(terminal.raw).rfind(b"\x1b[?1049h")
    last_words = bytes(terminal.raw)[:came_back]
    for mode in (b"1003", b"2004", b"1"):
        assert last_words.rfind(b"\x1b[?%bl" % mode) > last_words.rfind(b"\x1b[?%bh" % mode)
    assert last_words.rfind(b"\x1b(B") > last_words.rfind(b"\x1b(0")
    terminal.type("?")
    terminal.wait_for("on this screen")
    terminal.escape()
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []


def test_a_stopped_ssh_goes_on_by_itself(open_in: Opener, tmp_path: Path, sshd: Sshd) -> None:
    """There is no shell behind the console in which somebody could continue it."""
    terminal = opened(open_in("--config", folder_of(tmp_path, sshd)))
    (ssh,) = children_of(terminal.pid, "ssh")
    os.kill(ssh, signal.SIGSTOP)
    terminal.type("echo still-$((1+1))\r")
    terminal.wait_for("still-2")
    terminal.type("exit\r")
    terminal.wait_for("shell on box ended")


def test_what_ssh_says_when_it_fails_is_told(open_in: Opener, tmp_path: Path, sshd: Sshd) -> None:
    wrong = tmp_path / "id_wrong"
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f", str(wrong)], check=True)
    terminal = started(open_in("--config", folder_of(tmp_path, sshd, identity=str(wrong)),
                               size=(160, 24)))  # fmt: skip
    typed_command(terminal, "shell box")
    terminal.wait_for("exit 255: ")
    assert "Permission denied" in terminal.text


def test_an_unknown_host_key_is_refused_and_nobody_is_asked(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    sshd.known_hosts.write_text("")
    terminal = started(open_in("--config", folder_of(tmp_path, sshd), size=(160, 24)))
    typed_command(terminal, "shell box")
    terminal.wait_for("exit 255: Host key verification failed")
    assert sshd.connections() == 0


def test_keys_typed_ahead_reach_neither_the_shell_nor_the_console(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    terminal = started(open_in("--config", folder_of(tmp_path, sshd)))
    typed_command(terminal, "shell box")
    terminal.type("touch leaked; q\r")
    terminal.wait_for("far-away:")
    terminal.wait_quiet()
    assert "leaked" not in terminal.text
    terminal.type("exit\r")
    terminal.wait_for("shell on box ended")
    terminal.wait_quiet()
    assert terminal.program.poll() is None


def test_a_window_that_was_resized_meanwhile_is_drawn_in_its_new_size(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    terminal = opened(open_in("--config", folder_of(tmp_path, sshd)))
    terminal.resize(100, 30)
    (ssh,) = children_of(terminal.pid, "ssh")
    os.kill(ssh, signal.SIGWINCH)
    terminal.type("stty size\r")
    terminal.wait_for("30 100")
    terminal.type("exit\r")
    terminal.wait_for("shell on box ended")
    terminal.wait_for(lambda: "shell on box ended" in terminal.lines[29])


def test_the_console_that_is_told_to_end_ends_its_shell_first(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    terminal = opened(open_in("--config", folder_of(tmp_path, sshd)))
    terminal.send(signal.SIGTERM)
    assert terminal.wait_end() == 143
    assert terminal.left_behind() == []
    assert terminal.not_restored() == []


def test_a_closed_window_ends_console_and_shell(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    terminal = opened(open_in("--config", folder_of(tmp_path, sshd)))
    terminal.close_all()
    terminal.program.wait(END_S)
    assert terminal.left_behind() == []


def test_the_machine_of_the_console_has_a_shell_too(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    terminal = started(open_in("--config", folder_of(tmp_path, sshd), env={"PS1": "near-by:"}))
    typed_command(terminal, "shell here")
    terminal.wait_for("oncall: /bin/sh")
    terminal.type("echo pid-$PPID\r")
    terminal.wait_for(f"pid-{terminal.pid}")
    terminal.type("exit\r")
    terminal.wait_for("shell on here ended")


def audited(tmp_path: Path) -> tuple[Record, ...]:
    """What is recorded in the audit of the console in the test's terminal."""
    return records_of(state_of_test(tmp_path))[0]


def state_of_test(tmp_path: Path) -> Path:
    return tmp_path / "home" / "state" / "oncall" / "test"


def test_a_shell_is_recorded_before_it_opens_and_when_it_has_ended(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    terminal = opened(open_in("--config", folder_of(tmp_path, sshd)))
    (intent,) = audited(tmp_path)
    assert (intent.action, intent.effect, intent.actor.login) == ("row.shell", "disruptive", "kai")
    assert intent.actor.tty.startswith("/dev/")
    assert intent.what.startswith("ssh")
    assert intent.subjects == ("box",)
    terminal.type("exit 3\r")
    terminal.wait_for("shell on box ended after")
    terminal.wait_for(lambda: len(audited(tmp_path)) == 2)
    _, end = audited(tmp_path)
    assert (end.id, end.ended) == (intent.id, "done")
    assert end.text.endswith("exit 3")
    assert check(state_of_test(tmp_path)).broken is None


def test_a_shell_that_cannot_be_recorded_opens_only_for_the_typed_word(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    in_its_place = state_of_test(tmp_path) / "audit.jsonl"
    in_its_place.mkdir(0o700, parents=True)
    for folder in in_its_place.parents[:2]:
        folder.chmod(0o700)
    terminal = started(open_in("--config", folder_of(tmp_path, sshd)))
    typed_command(terminal, "shell box")
    terminal.wait_for("no record can be written")
    terminal.wait_quiet(0.5)
    terminal.type("\r")  # what the hand does by habit
    terminal.wait_for("nothing was typed")
    terminal.escape()
    terminal.wait_for("no shell was opened: it was not confirmed")
    assert sshd.connections() == 0
    typed_command(terminal, "shell box")
    terminal.wait_for("to go on, type")
    terminal.wait_quiet(0.5)
    terminal.type("without record\r")
    terminal.wait_for("far-away:")
    terminal.type("exit\r")
    terminal.wait_for("shell on box ended after")
    assert sshd.connections() == 1


def test_read_only_opens_no_shell(open_in: Opener, tmp_path: Path, sshd: Sshd) -> None:
    terminal = started(open_in("--read-only", "--config", folder_of(tmp_path, sshd)))
    typed_command(terminal, "shell box")
    terminal.wait_for("read-only: nothing is changed from here")
    assert sshd.connections() == 0


# tmux


class Tmux:
    """A tmux server of the test's own, with one window."""

    def __init__(self, folder: Path, terminal: Terminal) -> None:
        self.socket = str(folder / "tmux")
        self.terminal = terminal

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=False
        )
        return done.stdout

    def panes(self) -> list[str]:
        return self("list-panes", "-F", "#{pane_id} #{pane_dead} #{pane_pid}").splitlines()

    def end(self) -> None:
        self("kill-server")


@pytest.fixture
def tmux(open_in: Opener, tmp_path: Path, sshd: Sshd) -> Iterator[Tmux]:
    """The console in the first pane of a tmux."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    conf = tmp_path / "tmux.conf"
    conf.write_text("")
    folder = folder_of(tmp_path, sshd)
    words = ("tmux", "-S", str(tmp_path / "tmux"), "-f", str(conf), "new-session", "--")
    terminal = open_in(*ONCALL, "--config", folder, command=words, size=(160, 40))
    running = Tmux(tmp_path, started(terminal))
    yield running
    running.end()


def wait_until(tmux: Tmux, holds: Callable[[], bool]) -> None:
    end = time.monotonic() + END_S
    while not holds():
        assert time.monotonic() < end, tmux.terminal.text
        tmux.terminal.read(0.05)


def test_inside_tmux_the_shell_is_a_pane_and_the_console_stays(tmux: Tmux, tmp_path: Path) -> None:
    typed_command(tmux.terminal, "shell box")
    wait_until(tmux, lambda: len(tmux.panes()) == 2)
    tmux.terminal.wait_for("far-away:")
    assert "NEXT STEP" in tmux.terminal.text
    tmux("send-keys", "echo it-is-$((40+2))", "Enter")
    tmux.terminal.wait_for("it-is-42")
    tmux("send-keys", "exit", "Enter")
    wait_until(tmux, lambda: len(tmux.panes()) == 1)
    tmux.terminal.type("7")
    tmux.terminal.wait_for("opened a shell in the tmux pane")
    tmux.terminal.wait_for("ended after")
    wait_until(tmux, lambda: len(audited(tmp_path)) == 2)
    intent, end = audited(tmp_path)
    assert (intent.action, intent.id) == ("row.shell", end.id)
    assert "ended after" in end.text


def test_a_pane_whose_ssh_failed_stays_to_be_read(tmux: Tmux, sshd: Sshd) -> None:
    sshd.known_hosts.write_text("")
    typed_command(tmux.terminal, "shell box")
    tmux.terminal.wait_for("Host key verification failed")
    tmux.terminal.wait_for("ended with 255")
    assert len(tmux.panes()) == 2
    tmux("send-keys", "Enter")
    wait_until(tmux, lambda: len(tmux.panes()) == 1)
