"""What `~/.ssh/config` says is meant as `ssh` means it; `ssh -G` of this machine is the judge."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from console.safety.ssh import SshFailure, SshOptions, SshRoute, client_config
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
        "Host web-* # it's the shop's\n  HostName 10.0.0.1 # don't\n  Port=2201\n"
        "  User 'a b' # c\n",
        'Host "web-1"\n  Port = "2201"\n  User a\\ b\\c"\'#"d\n',
        "Host web-1\n  HostName %h.internal\nHost *.internal\n  User deploy\n"
        "Match final all\n  Port 2202\n",
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


@pytest.mark.parametrize("first", ["ProxyJump b", "ProxyJump none", "ProxyCommand none", ""])
def test_the_way_to_it_is_the_first_one_that_is_written(tmp_path: Path, first: str) -> None:
    found = read(tmp_path, f"Host web-1\n  {first}\nHost *\n  ProxyJump late\n")
    said = said_by_ssh(tmp_path).get("proxyjump")
    assert (found.jump and found.jump.address) == said
    if first == "ProxyJump b":
        found = read(tmp_path, f"{first}\nProxyCommand nc %h %p # the proxy's\n")
        assert found.jump is not None and "proxycommand" not in said_by_ssh(tmp_path)
    else:
        with pytest.raises(SshFailure, match="ProxyCommand"):
            read(tmp_path, f"{first.replace('Command', 'Jump')}\nProxyCommand nc %h %p\n")
        assert said_by_ssh(tmp_path)["proxycommand"] == "nc %h %p"


def test_a_quote_that_is_not_closed_is_told_where_it_stands(tmp_path: Path) -> None:
    with pytest.raises(SshFailure, match=r"config line 2: the quote ' is not closed"):
        read(tmp_path, "Port 22\nUser kai's\n")


def test_a_part_that_others_may_write_is_not_read(tmp_path: Path) -> None:
    part(tmp_path, "10-a", "User first\n")
    (tmp_path / "parts" / "10-a").chmod(0o666)
    with pytest.raises(SshFailure, match=r"others may write .*parts/10-a"):
        read(tmp_path, f"Include {tmp_path}/parts/*\n")
    with pytest.raises(subprocess.CalledProcessError):
        said_by_ssh(tmp_path)


class TestOfTheMachine:
    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_config, "SYSTEM_FILE", tmp_path / "etc" / "ssh_config")
        monkeypatch.setattr(client_config, "_ROOT", os.getuid())
        (tmp_path / "etc" / "ssh_config.d").mkdir(parents=True)
        (tmp_path / "etc" / "ssh_config").write_text(
            "Include ssh_config.d/*.conf\nHost web-1\n  Port 2201\nHost *\n  User all\n"
        )
        (tmp_path / "etc" / "ssh_config.d" / "20-shop.conf").write_text(
            "Host web-*  # the shop's\n  HostName %h.shop\nMatch final host *.shop\n  User shop\n"
        )

    def target(self, config: str | None = None) -> Target:
        return target_of(SshRoute("web-1", "web-1"), SshOptions(config=config))

    def as_one_file(self, tmp_path: Path, own: str) -> dict[str, str]:
        """What `ssh` says where the user's file goes on with the machine's."""
        text = f"{own}Match all\nInclude {tmp_path}/etc/ssh_config\n"
        (tmp_path / "config").write_text(text)
        machine = (tmp_path / "etc" / "ssh_config").read_text()
        parts = machine.replace("Include ", f"Include {tmp_path}/etc/")
        (tmp_path / "etc" / "ssh_config").write_text(parts)
        try:
            return said_by_ssh(tmp_path)
        finally:
            (tmp_path / "etc" / "ssh_config").write_text(machine)

    @pytest.mark.parametrize("own", ["", "Host web-1\n  Port 2300\n", "Host *\n  User kai\n"])
    def test_it_is_read_after_the_users_own(self, tmp_path: Path, own: str) -> None:
        if own:
            (tmp_path / ".ssh").mkdir()
            (tmp_path / ".ssh" / "config").write_text(own)
        found = self.target()
        said = self.as_one_file(tmp_path, own)
        assert (found.host, str(found.port), found.user) == (
            said["hostname"],
            said["port"],
            said["user"],
        )
        assert found.host == "web-1.shop"

    def test_it_is_left_out_where_another_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "named").write_text("User named\n")
        for config in (str(tmp_path / "named"), ""):
            assert self.target(config)[1:3] == ("web-1", 22)

    def test_it_is_left_out_where_it_is_not_roots(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_config, "_ROOT", os.getuid() + 1)
        assert self.target()[1:3] == ("web-1", 22)

    def test_a_command_in_it_is_refused_with_its_line(self, tmp_path: Path) -> None:
        (tmp_path / "etc" / "ssh_config").write_text("Port 22\nMatch exec true\n  User x\n")
        with pytest.raises(SshFailure, match=r"etc/ssh_config line 2: `Match exec`") as refused:
            self.target()
        assert "`ssh: config:`" in refused.value.remedy


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
