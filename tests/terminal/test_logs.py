"""The log of a container, from the key to the program on the host and back."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd import Sshd, running_sshd
from tests.terminal.conftest import Opener
from tests.terminal.terminal import END_S, Terminal
from tests.terminal.test_shell import folder_of, started, typed_command

pytestmark = pytest.mark.real("sshd")

DOCKER = """\
#!/bin/sh
now=$(date -u +%Y-%m-%dT%H:%M:%S.000000001Z)
echo "$now ready to accept connections"
echo "$now WARNING overcommit" >&2
case "$*" in *--follow*)
  echo $$ >"$(dirname "$0")/pid"
  exec 0</dev/null
  while :; do echo "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ) tick"; sleep 0.2; done
esac
"""


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "docker").write_text(DOCKER)
    (folder / "docker").chmod(0o755)
    return folder


@pytest.fixture
def sshd(tmp_path: Path, bin_folder: Path) -> Iterator[Sshd]:
    path = shlex.quote(f"{bin_folder}:/usr/bin:/bin")
    forced = f'exec /usr/bin/env PATH={path} /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
    with running_sshd(tmp_path / "sshd", force_command=forced) as running:
        yield running


def wait_gone(terminal: Terminal, pid: int) -> None:
    end = time.monotonic() + END_S
    while Path(f"/proc/{pid}").exists():
        with contextlib.suppress(OSError):
            if "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]:
                return
        assert time.monotonic() < end, "it goes on, on the host"
        terminal.read(0.05)


@pytest.mark.parametrize("leave", ["\x1b", "q"])
def test_a_log_is_read_and_followed_and_its_program_ends_with_the_screen(
    open_in: Opener, tmp_path: Path, sshd: Sshd, bin_folder: Path, leave: str
) -> None:
    terminal = started(open_in("--config", folder_of(tmp_path, sshd), size=(120, 30)))
    typed_command(terminal, "logs redis")
    terminal.wait_for("ready to accept connections")
    assert "WARNING overcommit" in terminal.text
    assert "docker redis on box" in terminal.text and "2 lines" in terminal.text
    assert f"ssh -p {sshd.port} " in terminal.text
    terminal.type("f")
    terminal.wait_for("tick")
    pid = int((bin_folder / "pid").read_text())
    assert Path(f"/proc/{pid}").exists()
    terminal.type(leave)
    wait_gone(terminal, pid)
    if leave == "q":
        assert terminal.wait_end() == 0
