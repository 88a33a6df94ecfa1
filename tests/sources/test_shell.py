"""The words that open a shell: an argument list, strict, and nothing that a shell here reads."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from config.schema import KubernetesSource
from console.model.registry import Host, Registry, Service, ServiceType, host_cell
from console.safety.ssh import SshOptions
from console.sources.logs.place import Places
from console.sources.shell import Shell, Ways, login_shell, shell_of, shell_on, tmux_of

HOSTS = (
    Host("bastion", "192.0.2.1", user="ops", port=2222),
    Host("data-1", "10.0.0.7", user="ops", jump="bastion"),
    Host("k8s-1", "10.0.0.9", roles=("k8s",), sudo=True),
    Host("here", "local"),
    Host("dark"),
    Host("evil", "-oProxyCommand=touch /tmp/x"),
    Host("user", "10.0.0.8", user="-l root"),
    Host("round", "10.0.0.1", jump="round"),
)
SERVICES = (
    Service("redis", ServiceType.DOCKER, "data-1", host="data-1"),
    Service("api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop"),
    Service("home", ServiceType.PAGE, "pages"),
)
OPTIONS = SshOptions(config="", known_hosts=("/k/known hosts",), identities=("/k/id",))


def ways(*kubernetes: KubernetesSource) -> Ways:
    return Ways(Places(Registry(HOSTS, SERVICES), kubernetes), OPTIONS, "/bin/zsh")


def opened(found: Shell | str) -> Shell:
    assert isinstance(found, Shell), found
    return found


def effective(argv: tuple[str, ...], tmp_path: Path) -> dict[str, str]:
    """What ssh itself makes of the words."""
    words = ["ssh", "-G", *argv[1:]]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=tmp_path)
    return dict(line.partition(" ")[::2] for line in done.stdout.splitlines())


def test_whatever_leads_there_checks_the_host_key_and_forwards_nothing(tmp_path: Path) -> None:
    shell = opened(shell_of("redis", ways()))
    told = effective(shell.argv, tmp_path)
    assert told["stricthostkeychecking"] == "true"
    assert told["forwardagent"] == "no"
    assert told["requesttty"] == "true"
    assert told["userknownhostsfile"].strip('"') == "/k/known hosts"
    hop = shlex.split(told["proxycommand"].replace("%%", "%"))
    assert hop[0] == "ssh" and "StrictHostKeyChecking=yes" in hop and "ForwardAgent=no" in hop
    assert shell.typed == "ssh -J ops@192.0.2.1:2222 ops@10.0.0.7"


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("dark", "there is no SSH to dark"),
        ("nowhere", "there is no SSH to nowhere"),
        ("evil", "is no plain word"),
        ("user", "is no plain word"),
        ("round", "circle"),
    ],
)
def test_a_host_that_cannot_be_gone_to_says_why(host: str, why: str) -> None:
    found = shell_on(host, ways())
    assert isinstance(found, str) and why in found


def test_this_machine_opens_the_shell_of_the_person() -> None:
    for name in ("here", "local"):
        shell = opened(shell_on(name, ways()))
        assert shell.argv == ("env", "/bin/zsh")
        assert not shell.complains  # it draws its prompt there


def test_a_deployment_opens_in_a_pod_by_the_kubectl_of_its_host() -> None:
    shell = opened(shell_of("api", ways()))
    assert shlex.split(shell.argv[-1]) == [
        *("kubectl", "exec", "--stdin", "--tty", "--namespace=shop"),
        *("deployment/api", "--", "sh"),
    ]
    assert shell.typed.startswith("ssh -t ") and shell.typed.endswith("deployment/api -- sh")
    assert shell.argv[:2] == ("ssh", "-t") and shell.argv[-2] == "10.0.0.9"


def test_a_cluster_of_the_settings_is_asked_from_here() -> None:
    shell = opened(shell_of("api", ways(KubernetesSource(name="prod", context="prod"))))
    assert shell.argv[:4] == ("kubectl", "--context", "prod", "exec")


def test_a_host_cell_opens_on_its_host() -> None:
    assert opened(shell_of(host_cell("data-1"), ways())).where == "data-1"
    assert "on which host home runs" in str(shell_of("home", ways()))


def test_no_word_ends_a_command_of_tmux() -> None:
    words = tmux_of(Shell(("ssh", "x;", ";"), "x", "ssh x", True))
    assert words[-4:] == ("sh", "ssh", "x\\;", "\\;")
    assert not [word for word in words if word.endswith(";") and not word.endswith("\\;")]


@pytest.mark.parametrize("chosen", ["", "zsh", "-c evil"])
def test_a_shell_that_is_no_path_is_sh(chosen: str) -> None:
    assert login_shell(chosen) == "/bin/sh"
    assert login_shell("/usr/bin/fish") == "/usr/bin/fish"
