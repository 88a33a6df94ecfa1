"""Real servers with something to tell, shared by the tests of this folder."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.safety.clock import SystemClock
from console.safety.http import HttpClient
from tests.servers import Program, post_json, start_alertmanager, start_prometheus, where_is
from tests.sources.stage import Stage, sshd_of
from tests.sshd import Sshd

HEALTH_BODY = {
    "status": "ok",
    "version": "2.14.0",
    "git_sha": "0a1b2c3d4e5f",
    "build_time": "2026-11-20T10:00:00Z",
    "dependencies": {"db": {"status": "up"}, "redis": {"status": "up"}},
}


@pytest.fixture
async def http_client() -> AsyncIterator[HttpClient]:
    client = HttpClient(SystemClock())
    yield client
    await client.aclose()


def fill_alertmanager(url: str) -> None:
    """Three alerts, one of them silenced and one muted by a time interval."""
    now = datetime.now(UTC)
    until = (now + timedelta(hours=6)).isoformat()
    alerts = [
        {
            "labels": {"alertname": name, "instance": f"db-{name}:9100", **labels},
            "annotations": {"summary": f"{name} is wrong"},
            "startsAt": (now - timedelta(minutes=5)).isoformat(),
            "endsAt": until,
            "generatorURL": "http://prom.test:9090/graph?g0.expr=up",
        }
        for name, labels in (
            ("DiskFull", {"severity": "critical"}),
            ("Slow", {"severity": "warning"}),
            ("Quiet", {"severity": "info", "team": "night"}),
        )
    ]
    post_json(f"{url}/api/v2/alerts", alerts)
    for comment, until_h in (("ACK! looking", 1), ("over soon", 2)):
        post_json(
            f"{url}/api/v2/silences",
            {
                "matchers": [{"name": "alertname", "value": "Slow|Slower", "isRegex": True}],
                "startsAt": now.isoformat(),
                "endsAt": (now + timedelta(hours=until_h)).isoformat(),
                "createdBy": "kai",
                "comment": comment,
            },
        )


@pytest.fixture(scope="session")
def real_alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    need("prometheus-alertmanager")
    program = start_alertmanager(tmp_path_factory.mktemp("alertmanager"))
    with contextlib.closing(_Ended(program)):
        fill_alertmanager(program.url)
        yield program


@pytest.fixture(scope="session")
def real_prometheus(
    tmp_path_factory: pytest.TempPathFactory, real_alertmanager: Program
) -> Iterator[Program]:
    need("prometheus")
    program = start_prometheus(
        tmp_path_factory.mktemp("prometheus"), alertmanagers=[real_alertmanager.port]
    )
    with contextlib.closing(_Ended(program)):
        yield program


@pytest.fixture(scope="session")
def health_server() -> Iterator[int]:
    """The port of a service whose `/health` is well."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = json.dumps(HEALTH_BODY).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A host whose programs the test writes."""
    return Stage(tmp_path / "host")


@pytest.fixture(params=["local", pytest.param("ssh", marks=pytest.mark.real("sshd"))])
def sshd(
    request: pytest.FixtureRequest, stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sshd | None]:
    """The server in front of `stage`, and `None` where that host is this machine."""
    if request.param == "ssh":
        with sshd_of(stage, tmp_path / "sshd") as running:
            yield running
    else:
        monkeypatch.setenv("PATH", str(stage.path))
        yield None


def need(program: str) -> None:
    """Skip where `program` is not installed."""
    if where_is(program) is None:
        pytest.skip(f"{program} is not installed (Debian package: {program})")


class _Ended:
    def __init__(self, program: Program) -> None:
        self._program = program

    def close(self) -> None:
        self._program.end()
