"""The demo's hosts over SSH: by the OpenSSH client, by asyncssh, and by the console's own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncssh
import pytest

from config.load import load
from console.demo.fleet import DemoFleet
from console.demo.inventory import HOSTS
from console.demo.serve import DemoHandle, start_demo
from console.demo.server import LOOPBACK
from console.demo.settings import Endpoints
from console.safety.clock import ManualClock, SystemClock
from console.safety.ssh.client import SshClient
from console.safety.ssh.options import command
from console.sources.reach import Reach, ssh_options
from tests.waiting import until

from .demo_world import START

SSH = shutil.which("ssh")

needs_ssh = pytest.mark.skipif(SSH is None, reason="the OpenSSH client is not installed")


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoHandle]:
    handle = start_demo("redis-down")
    yield handle
    handle.stop()


def typed(
    demo: DemoHandle, host: str, *words: str, stdin: str = "", tty: bool = False
) -> subprocess.CompletedProcess[str]:
    """What a person sees who types `ssh HOST …`."""
    config = demo.settings_dir / "ssh" / "config"
    argv = [str(SSH), "-F", str(config), *(["-tt"] if tty else []), host, *words]
    return subprocess.run(
        argv, input=stdin, capture_output=True, text=True, timeout=30, check=False,
        env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip


@contextlib.asynccontextmanager
async def connected(fleet: DemoFleet, host: str) -> AsyncIterator[asyncssh.SSHClientConnection]:
    async with asyncssh.connect(host, config=[fleet.settings_dir / "ssh" / "config"]) as talk:
        yield talk


@contextlib.asynccontextmanager
async def running(scenario: str) -> AsyncIterator[tuple[DemoFleet, Endpoints]]:
    fleet = DemoFleet(scenario)
    endpoints = await fleet.start()
    try:
        yield fleet, endpoints
    finally:
        await fleet.stop()


def demo_processes(folder: Path) -> list[str]:
    """Command lines of processes whose environment names this demo's folder."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError):
                if str(folder).encode() in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_bytes().decode())
    return found


@needs_ssh
@pytest.mark.parametrize("host", [host.name for host in HOSTS])
def test_every_host_is_reached_by_its_name_and_says_it(demo: DemoHandle, host: str) -> None:
    ended = typed(demo, host, "hostname; uname -n")
    assert (ended.returncode, ended.stdout) == (0, f"{host}\n{host}\n"), ended.stderr


@needs_ssh
@pytest.mark.parametrize(
    ("host", "line", "said"),
    [
        ("data-1", "docker ps -a", "Exited (137)"),
        ("data-1", "docker ps", "apache/kafka"),
        ("data-1", "docker inspect --format '{{json .State.OOMKilled}}' redis", "true"),
        ("data-1", "docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' redis", "no"),
        ("data-1", "docker logs --tail 5 -t redis", "out of memory"),
        ("data-1", "docker logs --tail 2 redis 2>&1 | wc -l", "2"),
        ("data-1", "docker exec rabbitmq rabbitmq-diagnostics -q ping", "Ping succeeded"),
        ("data-1", "docker stats --no-stream", "postgres"),
        ("data-1", "docker version --format '{{.Server.Version}}'", "27."),
        ("data-1", "journalctl -k --no-pager -o short-iso", "Killed process"),
        ("data-1", "dmesg -T", "anon-rss"),
        ("data-1", "pg_isready", "accepting connections"),
        ("data-1", "df -P -k /var/lib", "/dev/vdb1"),
        ("data-1", "df -h", "Mounted on"),
        ("data-1", "du -x -d1 -h /var/lib", "/var/lib/docker"),
        ("data-1", "free -m", "Mem:"),
        ("data-1", "uptime", "load average"),
        ("data-1", "nproc", "16"),
        ("data-1", "getconf _NPROCESSORS_ONLN", "16"),
        ("data-1", "cat /proc/meminfo", "MemAvailable"),
        ("data-1", "cat /proc/stat | grep -c ^cpu", "17"),
        ("data-1", "sudo -n cat /proc/loadavg", "2/812"),
        ("ops-1", "docker exec mail-worker test -f /tmp/worker-healthy && echo yes", "yes"),
        ("ops-1", "docker exec mail-worker sh -c 'cat /tmp/worker-healthy'", "ok"),
        ("ops-1", "systemctl is-active vault", "active"),
        ("ops-1", "systemctl show -p ActiveState --value vault.service", "active"),
        ("ops-1", "systemctl show nonesuch -p LoadState", "not-found"),
        ("ops-1", "systemctl status vault", "active (running)"),
        ("ops-1", "systemctl list-units --plain --no-legend", "prometheus@core.service"),
        ("ops-1", "journalctl -u vault -n 3 --no-pager -o short-unix", "vault["),
        ("ops-1", "journalctl -u vault -n 1 -o json", '"_SYSTEMD_UNIT":"vault.service"'),
        ("ops-1", "ipmitool -H web-1-bmc chassis power status", "is on"),
        ("k8s-1", "kubectl get deployments,cronjobs.batch,jobs.batch,pods -o json -A", '"List"'),
        ("k8s-1", "kubectl get pods -n shop", "CrashLoopBackOff"),
        ("k8s-1", "kubectl get cronjobs -n shop", "catalog-export   0 2 * * *"),
        ("k8s-1", "kubectl logs -n shop deploy/api --tail=40", "redis: connection refused"),
        ("k8s-1", "kubectl exec -n shop deploy/cart -- sh -c 'echo in'", "in"),
        ("k8s-1", "kubectl rollout history deployment/api -n shop", "REVISION"),
        ("k8s-1", "kubectl rollout status deployment/cart -n shop", "successfully"),
        ("k8s-1", "kubectl version -o json", "serverVersion"),
    ],
)
def test_a_program_of_a_host_tells_of_the_world(
    demo: DemoHandle, host: str, line: str, said: str
) -> None:
    ended = typed(demo, host, line)
    assert said in ended.stdout, ended.stderr
    assert ended.returncode == 0


@needs_ssh
@pytest.mark.parametrize(
    ("host", "line", "status", "said"),
    [
        ("data-1", "docker exec redis redis-cli ping", 1, "is not running"),
        ("data-1", "redis-cli ping", 1, "Connection refused"),
        ("data-1", "docker inspect nonesuch", 1, "No such object"),
        ("data-1", "docker swarm init", 2, "not part of this demo's world"),
        ("web-1", "kubectl get pods", 127, "not found"),
        ("ops-1", "systemctl start nonesuch", 5, "not found"),
        ("ops-1", "docker exec mail-worker test -f /tmp/other", 1, ""),
        ("k8s-1", "kubectl logs -n shop nonesuch", 1, "NotFound"),
        ("data-1", "reboot", 1, "your own machine"),
        ("data-1", "exit 7", 7, ""),
    ],
)
def test_a_program_that_cannot_says_so_as_the_real_one_does(
    demo: DemoHandle, host: str, line: str, status: int, said: str
) -> None:
    ended = typed(demo, host, line)
    assert (ended.returncode, said in ended.stderr) == (status, True), ended


@needs_ssh
def test_a_person_gets_a_terminal_with_a_prompt_of_the_host(demo: DemoHandle) -> None:
    ended = typed(demo, "data-1", stdin="tty; echo $TERM; stty size; exit 3\n", tty=True)
    assert "kai@data-1:~$ " in ended.stdout
    assert "/dev/pts/" in ended.stdout
    assert "xterm" in ended.stdout
    assert ended.returncode == 3
    inside = typed(demo, "ops-1", "docker exec -it grafana sh", stdin="exit 4\n", tty=True)
    assert "root@" in inside.stdout
    assert inside.returncode == 4


@needs_ssh
def test_nobody_enters_without_the_key_of_this_demo(demo: DemoHandle, tmp_path: Path) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(tmp_path / "other"))
    (tmp_path / "other").chmod(0o600)
    config = (demo.settings_dir / "ssh" / "config").read_text()
    own = str(demo.settings_dir / "ssh" / "id_ed25519")
    (tmp_path / "config").write_text(config.replace(own, str(tmp_path / "other")))
    argv = [str(SSH), "-F", str(tmp_path / "config"), "-o", "BatchMode=yes", "data-1", "id"]
    refused = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == 255
    assert "Permission denied (publickey)" in refused.stderr


def test_what_ssh_needs_lies_in_a_folder_that_only_this_user_can_enter(demo: DemoHandle) -> None:
    folder = demo.settings_dir / "ssh"
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert modes == {"config": 0o600, "id_ed25519": 0o600, "known_hosts": 0o600}


async def test_starting_redis_over_ssh_resolves_its_alert() -> None:
    async with running("redis-down") as (fleet, endpoints):
        assert not fleet.world.listens("redis")
        async with connected(fleet, "data-1") as host:
            started = await host.run("docker start redis && docker exec redis redis-cli ping")
            assert started.stdout == "redis\nPONG\n"
        await fleet.follow()
        _, writer = await asyncio.open_connection(LOOPBACK, endpoints.port_of("redis"))
        writer.close()
        firing = [one.track.labels["alertname"] for one in fleet.world.standings("core")]
        assert "ServiceDown" not in firing


async def test_what_is_stopped_over_ssh_is_down_until_it_is_started() -> None:
    async with running("calm") as (fleet, _), connected(fleet, "ops-1") as host:
        await host.run("systemctl stop vault", check=True)
        assert not fleet.world.listens("vault")
        state = await host.run("systemctl is-active vault")
        assert (state.stdout, state.exit_status) == ("inactive\n", 3)
        await host.run("systemctl start vault; docker stop grafana", check=True)
        assert fleet.world.listens("vault")
        assert not fleet.world.listens("grafana")


async def test_the_consoles_own_client_follows_a_log_and_leaves_nothing_running() -> None:
    async with running("redis-down") as (fleet, _):
        loaded = load(fleet.settings_dir)
        ssh = SshClient(SystemClock(), ssh_options(loaded.settings.ssh))
        reach = Reach(loaded.registry, ssh)
        words = command("kubectl", "logs", "-n", "shop", "-f", "--since=1m", "deploy/api")
        async with reach.follow("k8s-1", words, start_timeout_s=10) as parts:
            first = await anext(aiter(parts))
            assert b"redis" in first
        result = await reach.run("data-1", command("redis-cli", "ping"), timeout_s=10)
        assert (result.exit_status, result.stdout) == (1, b"")
        await ssh.aclose()


async def test_a_dark_host_is_silent_and_answers_on_the_same_port_when_it_is_back() -> None:
    async with running("host-dark") as (fleet, endpoints):
        port = dict(endpoints.ssh)["web-2"]
        with socket.socket() as asked:
            asked.settimeout(0.3)
            # Neither refused nor greeted: the packets are not answered.
            with pytest.raises(TimeoutError):
                asked.connect((LOOPBACK, port))
                asked.recv(1)
        async with connected(fleet, "ops-1") as host:
            await host.run("ipmitool -H web-2 chassis power on", check=True)
        await fleet.follow()
        async with connected(fleet, "web-2") as host:
            assert (await host.run("hostname")).stdout == "web-2\n"


async def test_a_host_that_goes_dark_drops_who_is_on_it() -> None:
    async with running("calm") as (fleet, _), connected(fleet, "web-2") as host:
        waiting = asyncio.ensure_future(host.run("sleep 600"))
        await host.run("true")
        fleet.world.stop("web-2")
        await fleet.follow()
        ended = await asyncio.wait_for(waiting, 10)
        assert ended.exit_status is None


async def test_ports_of_the_demo_are_forwarded_and_no_others() -> None:
    async with running("calm") as (fleet, endpoints), connected(fleet, "ops-1") as host:
        reader, writer = await host.open_connection(LOOPBACK, endpoints.port_of("redis"))
        writer.write(b"PING\r\n")
        assert await reader.readline() == b"+PONG\r\n"
        with socket.socket() as other:
            other.bind((LOOPBACK, 0))
            other.listen()
            with pytest.raises(asyncssh.ChannelOpenError):
                await host.open_connection(LOOPBACK, other.getsockname()[1])
        with pytest.raises(asyncssh.ChannelOpenError):
            await host.open_connection("192.0.2.1", endpoints.port_of("redis"))


async def test_one_host_is_the_way_to_another() -> None:
    async with running("calm") as (fleet, _), connected(fleet, "ops-1") as bastion:
        config = [fleet.settings_dir / "ssh" / "config"]
        async with asyncssh.connect("data-1", tunnel=bastion, config=config) as host:
            assert (await host.run("hostname")).stdout == "data-1\n"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
async def test_nothing_of_a_session_outlives_it() -> None:
    async with running("calm") as (fleet, _):
        folder = fleet.settings_dir
        scratch = folder.parent
        async with connected(fleet, "ops-1") as host:
            await host.run("(setsid true; sleep 601) >/dev/null 2>&1 & timeout 602 true; echo ok")
            waiting = asyncio.ensure_future(host.run("timeout 603 sh -c 'sleep 604; true'"))
            terminal = await host.create_process("sleep 605", term_type="xterm")
            await host.run("true")
            assert len(demo_processes(scratch)) >= 2
        await asyncio.gather(waiting, return_exceptions=True)
        await terminal.wait_closed()
        # A session's end is told to the client before its last process has gone.
        await until(lambda: asyncio.to_thread(demo_processes, scratch), lambda left: left == [])
        async with connected(fleet, "ops-1") as host:
            # It has left the group of its session when it writes, and holds no pipe of it.
            line = "mkfifo f; timeout 608 sh -c 'echo up >f; exec sleep 608' >/dev/null 2>&1 "
            left = await host.run(line + "</dev/null & read word <f; echo $word")
            assert left.stdout == "up\n"
            waiting = asyncio.ensure_future(host.run("sleep 606"))
            await host.run("true")
            assert any("608" in line for line in demo_processes(scratch))
            await fleet.stop()
            await asyncio.gather(waiting, return_exceptions=True)
        assert demo_processes(scratch) == []
        assert not scratch.exists()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_ended_takes_its_shells_and_files_with_it(number: signal.Signals) -> None:
    argv = [sys.executable, "-m", "console", "demo", "--serve", "--scenario", "calm"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as served:
        assert served.stdout is not None
        folder = Path(served.stdout.readline().decode().strip())
        words = [str(SSH), "-F", str(folder / "ssh" / "config"), "data-1", "echo in; sleep 607"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as inside:
            assert inside.stdout is not None
            assert inside.stdout.readline() == b"in\n"
            served.send_signal(number)
            served.wait(30)
            inside.wait(30)
    assert demo_processes(folder.parent) == []
    assert not folder.parent.exists()


@pytest.mark.parametrize("module", ["serve", "fleet", "scenarios", "settings"])
def test_what_the_demo_does_not_need_yet_is_not_imported(module: str) -> None:
    heavy = "{'asyncssh', 'cryptography', 'httpx', 'textual'}"
    code = f"import sys, console.demo.{module}; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_flood_is_read_at_the_clients_pace_and_arrives_whole() -> None:
    async with running("calm") as (fleet, _), connected(fleet, "ops-1") as host:
        ended = await host.run("head -c 20000000 /dev/zero", encoding=None)
        assert isinstance(ended.stdout, bytes)
        assert len(ended.stdout) == 20_000_000
        echoed = await host.run("cat", input=b"x" * 3_000_000, encoding=None)
        assert isinstance(echoed.stdout, bytes)
        assert len(echoed.stdout) == 3_000_000


async def test_two_demos_at_once_are_two_worlds() -> None:
    async with running("calm") as (calm, _), running("redis-down") as (down, _):
        said = []
        for fleet in (calm, down):
            async with connected(fleet, "data-1") as host:
                said.append((await host.run("redis-cli ping")).stdout)
        assert said == ["PONG\n", ""]


async def test_a_demo_without_ssh_has_hosts_without_ssh() -> None:
    fleet = DemoFleet("calm", clock=ManualClock(START), ssh=False)
    endpoints = await fleet.start()
    try:
        assert endpoints.ssh == ()
        assert not any(host.is_reached for host in load(fleet.settings_dir).registry.hosts)
        assert not (fleet.settings_dir / "ssh").exists()
    finally:
        await fleet.stop()
