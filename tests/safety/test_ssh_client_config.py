"""What `~/.ssh/config` says is meant as `ssh` means it; `ssh -G` of this machine is the judge."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from console.safety.ssh import SshOptions, SshRoute
from console.safety.ssh.target import Target, target_of

pytestmark = pytest.mark.real("ssh")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def read(tmp_path: Path, text: str, host: str = "web-1") -> Target:
    file = tmp_path / "config"
    file.write_text(text)
    return target_of(SshRoute(host, host), SshOptions(config=str(file)))


def said_by_ssh(tmp_path: Path, host: str = "web-1") -> dict[str, str]:
    """By keyword, the value that `ssh` takes from the same file."""
    said = subprocess.run(
        ["ssh", "-G", "-F", str(tmp_path / "config"), host],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(line.partition(" ")[::2] for line in said.stdout.splitlines())


def part(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / "parts" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "Host web-*  # those of the shop\n  HostName 10.0.0.1 # the first\n  Port 2201 # not 22\n",
        "Host *\n  HostName %h.internal\nMatch final host *.internal\n  Port 2202\n  User deploy\n",
        "Host *\n  Port 2203\nMatch final all\n  Port 1\n  User late\n",
        "Host * !web-1\n  Port 1\nHost web-1\n  Port 2204\nHost *\n  Port 2\n",
        "Match originalhost web-1\n  HostName 10.0.0.5\nMatch host 10.0.0.*\n  Port 2205\n",
        "Include {parts}/*\nHost *\n  User last\n",
        "Host web-1\n  Include {parts}/20-*\n  Port 2206\nHost *\n  User last\n",
        "Host other\n  Include {parts}/10-*\nHost *\n  User last\n",
    ],
)
def test_a_host_is_dialled_where_ssh_would_dial_it(tmp_path: Path, text: str) -> None:
    # What an editor leaves behind is hidden, and no text.
    part(tmp_path, ".20-swap", "User hidden\n")
    part(tmp_path, "20-b", "User second\nPort 2302\n")
    part(tmp_path, "10-a", "User first\n")
    part(tmp_path, "30-c", "User third\nPort 2303\n")
    found = read(tmp_path, text.format(parts=tmp_path / "parts"))
    said = said_by_ssh(tmp_path)
    assert (found.host, str(found.port), found.user) == (
        said["hostname"],
        said["port"],
        said["user"],
    )


def test_the_files_of_host_keys_that_it_names_are_looked_in(tmp_path: Path) -> None:
    text = "UserKnownHostsFile {folder}/keys-%k {folder}/more # both\nHostKeyAlias shop\n"
    found = read(tmp_path, text.format(folder=tmp_path)).known_hosts
    assert found == (f"{tmp_path}/keys-shop", f"{tmp_path}/more", "/etc/ssh/ssh_known_hosts")
    assert " ".join(found[:2]) == said_by_ssh(tmp_path)["userknownhostsfile"]


@pytest.mark.parametrize("nowhere", ["none", "/dev/null"])
def test_a_configuration_that_knows_no_host_key_does_not_empty_the_usual_files(
    tmp_path: Path, nowhere: str
) -> None:
    text = f"UserKnownHostsFile {nowhere}\nStrictHostKeyChecking no\n"
    assert read(tmp_path, text).known_hosts == ()
    text += f"GlobalKnownHostsFile {tmp_path}/all\n"
    assert read(tmp_path, text).known_hosts == ("~/.ssh/known_hosts", f"{tmp_path}/all")
