"""The real programs, started for a test on free loopback ports and ended by their own pid."""

from __future__ import annotations

import contextlib
import json
import random
import re
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

READY_S: Final = 30.0
END_S: Final = 10.0

_PACKAGES: Final = {
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "sshd": "openssh-server",
    "tmux": "tmux",
    "curl": "curl",
    "git": "git",
}


def package_of(program: str) -> str:
    """The Debian package that brings `program`."""
    return _PACKAGES.get(program, program)


def where_is(program: str) -> str | None:
    """The path of `program`, also where only an administrator has it on the path."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def free_port() -> int:
    """A loopback port that nobody listens on, below those that the kernel gives to clients.

    Another process may still take it first: `started()` tries again.
    """
    for _ in range(200):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free loopback port between 20000 and 32000")


class Program:
    """A server that was started and has said that it is ready."""

    def __init__(self, argv: Sequence[str], ready: str, port: int) -> None:
        """Start `argv`, and wait until a line of its log matches `ready`."""
        self.port = port
        self.argv = tuple(argv)
        self.log: list[str] = []
        self._ready = re.compile(ready)
        self._is_ready = threading.Event()
        path = where_is(argv[0])
        assert path is not None, f"{argv[0]} is not installed"
        self._process = subprocess.Popen(
            [path, *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._is_ready.wait(READY_S) or self._process.poll() is not None:
            self.end()
            raise RuntimeError(f"{argv[0]} did not start:\n" + "\n".join(self.log[-20:]))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self) -> None:
        """Ask it to end, insist after ten seconds, and wait until it has."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(END_S)
        self._reader.join(END_S)
        if self._process.stderr is not None:
            self._process.stderr.close()

    def kill(self) -> None:
        """End it without warning, as a crash would."""
        self._process.kill()
        self.end()

    def _read(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError):
            for line in self._process.stderr:
                self.log.append(line.rstrip())
                if self._ready.search(line):
                    self._is_ready.set()
        self._is_ready.set()


PROMETHEUS_YML: Final = """
global:
  scrape_interval: {interval}
  evaluation_interval: {interval}
  external_labels:
    cluster: test
    prometheus_replica: '0'
rule_files: ['{folder}/rules.yml']
alerting:
  alertmanagers:
    - static_configs:
        - targets: [{alertmanagers}]
scrape_configs:
  - job_name: prometheus
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
{scrapes}
"""
RULES_YML: Final = """
groups:
  - name: test
    rules:
      - alert: Watchdog
        expr: vector(1)
        labels: {severity: none}
        annotations: {summary: always fires}
      - alert: TargetDown
        expr: up == 0
        for: 1h
        labels: {severity: critical}
        annotations: {summary: 'down: {{ $labels.instance }}'}
      - record: job:up:sum
        expr: sum by (job) (up)
"""


def start_prometheus(
    folder: Path,
    *,
    alertmanagers: Sequence[int] = (),
    scrapes: str = "",
    rules: str = RULES_YML,
    interval: str = "1s",
    flags: Sequence[str] = (),
    port: int = 0,
) -> Program:
    """A Prometheus that scrapes itself, with a Watchdog and a rule on targets that are down.

    `scrapes`: more of `scrape_configs`, indented by two. Alerts are sent again after 2 s: the
    first evaluation comes before the Alertmanagers are known, and goes nowhere.
    """
    folder.mkdir(parents=True, exist_ok=True)
    targets = ", ".join(f"'127.0.0.1:{each}'" for each in alertmanagers)
    (folder / "rules.yml").write_text(rules)

    def argv_at(port: int) -> list[str]:
        (folder / "prometheus.yml").write_text(
            PROMETHEUS_YML.format(
                folder=folder, alertmanagers=targets, port=port, scrapes=scrapes, interval=interval
            )
        )
        return [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-lifecycle",
            "--rules.alert.resend-delay=2s",
            *flags,
        ]

    return started(argv_at, r"Server is ready to receive web requests", port)


ALERTMANAGER_YML: Final = """
route:
  receiver: nobody
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  routes:
    - matchers: [team = "night"]
      receiver: nobody
      mute_time_intervals: [always]
receivers: [{name: nobody}]
time_intervals:
  - name: always
    time_intervals: [{years: ['2000:2100']}]
inhibit_rules:
  - source_matchers: [severity = "critical"]
    target_matchers: [severity = "warning"]
    equal: [instance]
"""


def start_alertmanager(
    folder: Path,
    *,
    gossip: int = 0,
    peers: Sequence[int] = (),
    flags: Sequence[str] = (),
    port: int = 0,
) -> Program:
    """An Alertmanager that notifies nobody; alone, or gossiping at `gossip` with `peers`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(ALERTMANAGER_YML)
    cluster = [f"--cluster.listen-address={f'127.0.0.1:{gossip}' if gossip else ''}"]
    cluster += [f"--cluster.peer=127.0.0.1:{peer}" for peer in peers]
    return started(
        lambda port: [
            "prometheus-alertmanager",
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.settle-timeout=1s",
            *cluster,
            *flags,
        ],
        r"(msg=Listening|Listening on)",
        port,
    )


def start_blackbox(folder: Path, *, port: int = 0) -> Program:
    """A blackbox_exporter with the one module `http_2xx`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "blackbox.yml").write_text(
        "modules:\n  http_2xx:\n    prober: http\n    timeout: 2s\n"
        "    http: {preferred_ip_protocol: ip4}\n"
    )
    return started(
        lambda port: [
            "prometheus-blackbox-exporter",
            f"--config.file={folder}/blackbox.yml",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        r"(Listening on|msg=Listening)",
        port,
    )


def started(argv_at: Callable[[int], Sequence[str]], ready: str, port: int = 0) -> Program:
    """A program on `port`, or on a free one: on another where somebody was quicker.

    Raises:
        RuntimeError: it does not start; the end of its log says why.
    """
    if port:
        return Program(argv_at(port), ready, port)
    for _ in range(5):
        port = free_port()
        try:
            return Program(argv_at(port), ready, port)
        except RuntimeError as error:
            if "address already in use" not in str(error):
                raise
    raise RuntimeError("five ports in a row were taken by others")


@contextlib.contextmanager
def ended(*programs: Program) -> Iterator[tuple[Program, ...]]:
    """End `programs` on the way out, whatever happened."""
    try:
        yield programs
    finally:
        for program in programs:
            program.end()


def post_json(url: str, content: object) -> object:
    """POST `content` as JSON to a server of ours and return what it answers."""
    request = urllib.request.Request(
        url, json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = answer.read()
    return json.loads(body) if body else None


def delete(url: str) -> None:
    """DELETE at a server of ours."""
    urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=10).close()
