"""Whose key is believed, which key is shown, and what the client configuration may decide."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from console.safety.secret import Secret
from console.safety.ssh import SshFailure, SshFault, SshOptions, SshRoute, command
from tests.sshd import (
    Sshd,
    client_for,
    fingerprint_of,
    make_key,
    public_half,
    running_agent,
    running_sshd,
)

pytestmark = pytest.mark.real("sshd")

LIMIT_S = 20.0


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, agent or configuration of the person who runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


async def is_let_in(options: SshOptions, route: SshRoute) -> bool:
    async with client_for(options) as client:
        return (await client.run(route, command("true"), timeout_s=LIMIT_S)).succeeded


async def failure_of(options: SshOptions, route: SshRoute) -> SshFailure:
    async with client_for(options) as client:
        with pytest.raises(SshFailure) as caught:
            await client.run(route, command("true"), timeout_s=LIMIT_S)
    return caught.value


def knowing(sshd: Sshd, folder: Path, *lines: str) -> SshOptions:
    file = folder / "known"
    file.write_text("".join(f"{line}\n" for line in lines))
    return replace(sshd.options(), known_hosts=(str(file),))


def configured(sshd: Sshd, folder: Path, text: str) -> SshOptions:
    file = folder / "config"
    file.write_text(text)
    return replace(sshd.options(), config=str(file))


def ssh_keygen(*argv: str) -> None:
    subprocess.run(["ssh-keygen", *argv], check=True, capture_output=True)


async def test_an_unknown_key_is_refused_with_its_fingerprint(sshd: Sshd, tmp_path: Path) -> None:
    options = knowing(sshd, tmp_path, "# nobody")
    failure = await failure_of(options, sshd.route())
    assert failure.kind is SshFault.HOST_KEY_UNKNOWN
    assert sshd.fingerprint in failure.message
    assert options.known_hosts[0] in failure.message
    assert "ssh-keyscan" in failure.remedy


async def test_files_that_are_not_there_know_nobody(sshd: Sshd, tmp_path: Path) -> None:
    options = replace(sshd.options(), known_hosts=())
    failure = await failure_of(options, sshd.route())
    assert failure.kind is SshFault.HOST_KEY_UNKNOWN
    assert "not there: ~/.ssh/known_hosts" in failure.message


async def test_the_usual_file_is_looked_in(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/known_hosts").write_text(f"{sshd.known_line()}\n")
    assert await is_let_in(replace(sshd.options(), known_hosts=()), sshd.route())


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
async def test_a_changed_key_is_told_from_an_unknown_one(
    sshd: Sshd, tmp_path: Path, kind: str
) -> None:
    other = make_key(tmp_path / "other", kind=kind)
    failure = await failure_of(knowing(sshd, tmp_path, sshd.known_line(key=other)), sshd.route())
    assert failure.kind is SshFault.HOST_KEY_CHANGED
    assert sshd.fingerprint in failure.message
    assert fingerprint_of(other) in failure.message
    assert f"ssh-keygen -R '[127.0.0.1]:{sshd.port}'" in failure.remedy


@pytest.mark.parametrize("revoked_by", ["port", "plain"])
async def test_a_revoked_key_stays_revoked_however_it_is_known(
    sshd: Sshd, tmp_path: Path, revoked_by: str
) -> None:
    key = public_half(sshd.host_key)
    place = f"[127.0.0.1]:{sshd.port}" if revoked_by == "port" else "127.0.0.1"
    lines = (f"127.0.0.1 {key}", f"@revoked {place} {key}")
    failure = await failure_of(knowing(sshd, tmp_path, *lines), sshd.route())
    assert failure.kind is SshFault.HOST_KEY_REVOKED


def typed(command: str, *, path: Path | None = None) -> None:
    """Run what a failure says is to be run, as a person would."""
    env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"} if path else None
    subprocess.run(["/bin/sh", "-c", command], check=True, capture_output=True, env=env)


@pytest.mark.parametrize("alias", ["", "known-as"])
async def test_what_is_said_to_be_done_about_a_key_that_is_not_believed_does_it(
    sshd: Sshd, tmp_path: Path, alias: str
) -> None:
    options = configured(sshd, tmp_path, f"HostKeyAlias {alias}\n" if alias else "")
    options = replace(options, known_hosts=())
    file = tmp_path / ".ssh/known_hosts"
    file.parent.mkdir()
    place = alias or f"[127.0.0.1]:{sshd.port}"
    file.write_text(f"{place} {public_half(make_key(tmp_path / 'other'))}\n")
    changed = await failure_of(options, sshd.route())
    assert changed.kind is SshFault.HOST_KEY_CHANGED
    typed(changed.remedy.partition("if it is right: ")[2].partition(", then add")[0])
    unknown = await failure_of(options, sshd.route())
    assert unknown.kind is SshFault.HOST_KEY_UNKNOWN
    typed(unknown.remedy.partition("if it is this one: ")[2])
    assert await is_let_in(options, sshd.route())


async def test_a_key_behind_a_bastion_is_fetched_from_there(sshd: Sshd, tmp_path: Path) -> None:
    with running_sshd(tmp_path / "bastion", identity=sshd.identity) as bastion:
        known = tmp_path / "known"
        known.write_text(f"{bastion.known_line()}\n")
        options = replace(sshd.options(), known_hosts=(str(known),))
        route = sshd.route("inner", jump=bastion.route("bastion"))
        failure = await failure_of(options, route)
        assert failure.kind is SshFault.HOST_KEY_UNKNOWN
        ssh = tmp_path / "bin/ssh"
        ssh.parent.mkdir()
        keys = f"-i {sshd.identity} -o UserKnownHostsFile={known}"
        asked = tmp_path / "asked"
        ssh.write_text(f'#!/bin/sh\necho "$*" >{asked}\nexec /usr/bin/ssh -F none {keys} "$@"\n')
        ssh.chmod(0o755)
        typed(failure.remedy.partition("if it is this one: ")[2], path=ssh.parent)
        assert asked.read_text().startswith(f"-p {bastion.port} ")
        assert await is_let_in(options, route)


async def test_the_key_of_another_server_at_the_same_address_has_not_changed(
    sshd: Sshd, tmp_path: Path
) -> None:
    line = f"127.0.0.1 {public_half(make_key(tmp_path / 'other'))}"
    failure = await failure_of(knowing(sshd, tmp_path, line), sshd.route())
    assert failure.kind is SshFault.HOST_KEY_UNKNOWN
    assert sshd.fingerprint in failure.message


async def test_a_hashed_name_and_a_pattern_are_understood(sshd: Sshd, tmp_path: Path) -> None:
    hashed = knowing(sshd, tmp_path, sshd.known_line())
    ssh_keygen("-H", "-f", hashed.known_hosts[0])
    assert "127.0.0.1" not in (tmp_path / "known").read_text()
    assert await is_let_in(hashed, sshd.route())
    pattern = f"[127.0.*]:{sshd.port} {public_half(sshd.host_key)}"
    assert await is_let_in(knowing(sshd, tmp_path, pattern), sshd.route())


async def test_the_registrys_name_of_a_host_may_stand_for_its_address(
    sshd: Sshd, tmp_path: Path
) -> None:
    options = knowing(sshd, tmp_path, f"db-3 {public_half(sshd.host_key)}")
    assert await is_let_in(options, sshd.route("db-3"))
    assert (await failure_of(options, sshd.route("db-4"))).kind is SshFault.HOST_KEY_UNKNOWN


async def test_the_address_behind_a_name_vouches_for_nothing(sshd: Sshd, tmp_path: Path) -> None:
    route = SshRoute("box", "localhost", port=sshd.port, user=sshd.user)
    failure = await failure_of(knowing(sshd, tmp_path, sshd.known_line()), route)
    assert failure.kind is SshFault.HOST_KEY_UNKNOWN


async def test_a_broken_line_is_passed_over_but_not_one_that_revokes(
    sshd: Sshd, tmp_path: Path
) -> None:
    good = sshd.known_line()
    assert await is_let_in(knowing(sshd, tmp_path, "|1|x", "lonely", good), sshd.route())
    failure = await failure_of(knowing(sshd, tmp_path, good, "@revoked lonely"), sshd.route())
    assert failure.kind is SshFault.SETTINGS
    assert "line 2" in failure.message


async def test_a_certified_host_is_known_by_its_authority(tmp_path: Path) -> None:
    authority = make_key(tmp_path / "ca")
    host_key = make_key(tmp_path / "signed")
    ssh_keygen("-s", str(authority), "-I", "box", "-h", "-n", "127.0.0.1", f"{host_key}.pub")
    certificate = f"HostCertificate {host_key}-cert.pub"
    with running_sshd(tmp_path / "sshd", host_key=host_key, lines=[certificate]) as sshd:
        trusts = f"@cert-authority * {public_half(authority)}"
        assert await is_let_in(knowing(sshd, tmp_path, trusts), sshd.route())
        other = f"@cert-authority * {public_half(make_key(tmp_path / 'other'))}"
        failure = await failure_of(knowing(sshd, tmp_path, other), sshd.route())
        assert failure.kind is SshFault.HOST_KEY_CHANGED
        assert fingerprint_of(authority) in failure.message


async def test_an_alias_of_the_configuration_is_followed(sshd: Sshd, tmp_path: Path) -> None:
    text = (
        f"Host web-1\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {sshd.user}\n"
        f"  IdentityFile {sshd.identity}\n  Ciphers unheard-of,aes128-ctr\n"
        "  KexAlgorithms +nonsense@example.org\n"
    )
    options = replace(configured(sshd, tmp_path, text), identities=())
    assert await is_let_in(options, SshRoute("web-1", "web-1"))


async def test_the_host_key_alias_of_the_configuration_is_looked_up(
    sshd: Sshd, tmp_path: Path
) -> None:
    options = configured(sshd, tmp_path, "Host *\nHostKeyAlias known-as\n")
    known = knowing(sshd, tmp_path, f"known-as {public_half(sshd.host_key)}").known_hosts
    assert await is_let_in(replace(options, known_hosts=known), sshd.route())


@pytest.mark.parametrize(
    "line",
    [
        "StrictHostKeyChecking no",
        "StrictHostKeyChecking accept-new",
        "UserKnownHostsFile none",
        "UserKnownHostsFile /dev/null",
        "GlobalKnownHostsFile none",
        "UpdateHostKeys yes",
        "NoHostAuthenticationForLocalhost yes",
        "CheckHostIP no",
        "VerifyHostKeyDNS yes",
    ],
)
async def test_no_configuration_switches_off_the_check_of_keys(
    sshd: Sshd, tmp_path: Path, line: str
) -> None:
    options = configured(sshd, tmp_path, f"Host *\n{line}\n")
    options = replace(options, known_hosts=knowing(sshd, tmp_path, "# nobody").known_hosts)
    assert (await failure_of(options, sshd.route())).kind is SshFault.HOST_KEY_UNKNOWN


async def test_no_configuration_runs_a_program(sshd: Sshd, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (tmp_path / "more").write_text(f'Match exec "touch {ran}"\n')
    for text, said in [
        (f'Match exec "touch {ran}"\n', "Match exec"),
        (f'Match host 127.0.0.1 !exec "touch {ran}"\n', "Match exec"),
        (f"Include {tmp_path}/more\n", "Match exec"),
        (f"ProxyCommand touch {ran}\n", "ProxyCommand"),
        (f"Include {tmp_path}/config\n", "includes itself"),
    ]:
        failure = await failure_of(configured(sshd, tmp_path, text), sshd.route())
        assert failure.kind is SshFault.SETTINGS
        assert said in failure.message
        assert "transport: openssh" in failure.remedy
    elsewhere = f'Match host elsewhere exec "touch {ran}"\nUser nobody\nHost *\nLocalCommand x\n'
    assert await is_let_in(configured(sshd, tmp_path, elsewhere), sshd.route())
    assert not ran.exists()


async def test_a_configuration_that_cannot_be_read_names_its_line(
    sshd: Sshd, tmp_path: Path
) -> None:
    for text, said in [("Port x\n", "line 1"), ("User 'open\n", "line 1"), ("Port 0\n", "port 0")]:
        options = configured(sshd, tmp_path, text)
        failure = await failure_of(options, SshRoute("box", "127.0.0.1"))
        assert failure.kind is SshFault.SETTINGS
        assert said in failure.message
    absent = replace(sshd.options(), config=str(tmp_path / "absent"))
    assert (await failure_of(absent, sshd.route())).kind is SshFault.SETTINGS


async def test_a_jump_of_the_configuration_is_taken_and_checked(sshd: Sshd, tmp_path: Path) -> None:
    with running_sshd(tmp_path / "bastion", identity=sshd.identity) as bastion:
        jump = f"{bastion.user}@127.0.0.1:{bastion.port}"
        text = f"Host inner\nHostName 127.0.0.1\nPort {sshd.port}\nProxyJump {jump}\n"
        options = configured(sshd, tmp_path, text)
        failure = await failure_of(options, SshRoute("inner", "inner"))
        assert failure.kind is SshFault.JUMP
        assert bastion.fingerprint in failure.message
        options = replace(options, known_hosts=(*options.known_hosts, str(bastion.known_hosts)))
        assert await is_let_in(options, SshRoute("inner", "inner"))
        assert bastion.connections() == 1


async def test_a_bastion_for_all_hosts_is_reached_directly(sshd: Sshd, tmp_path: Path) -> None:
    text = (
        "Host *\nProxyJump bastion\n"
        f"Host bastion\nHostName 127.0.0.1\nPort {sshd.port}\nHostKeyAlias bastion\n"
    )
    options = configured(sshd, tmp_path, text)
    known = knowing(
        sshd, tmp_path, sshd.known_line(), f"bastion {public_half(sshd.host_key)}"
    ).known_hosts
    assert await is_let_in(replace(options, known_hosts=known), sshd.route())


async def test_keys_of_the_agent_let_in(sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_agent() as agent:
        monkeypatch.setenv("SSH_AUTH_SOCK", agent.socket)
        options = replace(sshd.options(), identities=(), agent=True)
        failure = await failure_of(options, sshd.route())
        assert failure.kind is SshFault.AUTH
        assert "offered no key" in failure.message
        agent.add(sshd.identity)
        assert await is_let_in(options, sshd.route())


async def test_an_agent_that_is_gone_is_named_and_other_keys_are_tried(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_agent() as agent:
        agent.kill()
        monkeypatch.setenv("SSH_AUTH_SOCK", agent.socket)
        options = replace(sshd.options(), agent=True)
        assert await is_let_in(options, sshd.route())
        failure = await failure_of(replace(options, identities=()), sshd.route())
        assert failure.kind is SshFault.AGENT
        assert agent.socket in failure.message
        other = replace(options, identities=(str(make_key(tmp_path / "other")),))
        failure = await failure_of(other, sshd.route())
        assert failure.kind is SshFault.AUTH
        assert agent.socket in failure.message


async def test_a_refusal_says_who_was_refused_and_what_was_offered(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_key(tmp_path / "other")
    with running_agent() as agent:
        agent.add(make_key(tmp_path / "held"))
        monkeypatch.setenv("SSH_AUTH_SOCK", agent.socket)
        options = replace(sshd.options(), identities=(str(other),), agent=True)
        failure = await failure_of(options, sshd.route())
    assert failure.kind is SshFault.AUTH
    assert f"{sshd.user}@127.0.0.1:{sshd.port}" in failure.message
    assert f"offered {other}, agent: 1 key" in failure.message


async def test_an_encrypted_key_opens_with_its_passphrase_only(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = make_key(tmp_path / "locked", passphrase="hunter2")
    keys = sshd.folder / "authorized_keys"
    keys.write_text(f"{keys.read_text()}{public_half(locked)}\n")
    options = replace(sshd.options(), identities=(str(locked),))
    assert await is_let_in(replace(options, passphrase=Secret("hunter2")), sshd.route())
    for given, said in [(None, "is encrypted"), (Secret("hunter3"), "does not open")]:
        failure = await failure_of(replace(options, passphrase=given), sshd.route())
        assert failure.kind is SshFault.KEY_FILE
        assert f"{locked} {said}" in failure.message
        assert "hunter" not in failure.message + failure.remedy
    with running_agent() as agent:
        agent.add(sshd.identity)
        monkeypatch.setenv("SSH_AUTH_SOCK", agent.socket)
        assert await is_let_in(replace(options, agent=True), sshd.route())


async def test_a_key_file_that_is_of_no_use_is_named(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "junk").write_text("no key\x1b[2J")
    for name, said in [("junk", "is no private key"), ("absent", "No such file")]:
        options = replace(sshd.options(), identities=(str(tmp_path / name),))
        failure = await failure_of(options, sshd.route())
        assert failure.kind is SshFault.KEY_FILE
        assert name in failure.message
        assert said in failure.message


async def test_a_host_that_asks_for_a_code_is_told_of_the_other_transport(
    tmp_path: Path,
) -> None:
    lines = ["KbdInteractiveAuthentication yes", "UsePAM yes"]
    with running_sshd(tmp_path, lines=lines) as sshd:
        options = replace(sshd.options(), identities=(str(make_key(tmp_path / "other")),))
        failure = await failure_of(options, sshd.route())
    assert failure.kind is SshFault.AUTH
    assert "asks for a password or code" in failure.message
    assert "transport: openssh" in failure.remedy
