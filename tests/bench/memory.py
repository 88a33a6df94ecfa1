"""What the console holds in memory with 10,000 alerts and 62 services, after some polls."""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.bench_fleet import wire
from tests.bench.figure import Figure, hand_over
from tests.bench.replay import Replay
from tests.bench.terminal import Terminal

ALERTS = 10_000
SERVICES = 62
POLLS = 8
INTERVAL_S = 5


def alertmanager() -> Replay:
    """An Alertmanager that always says the same."""
    server = Replay("http://127.0.0.1:1")
    status = {
        "cluster": {"status": "disabled", "peers": []},
        "versionInfo": {"version": "0.27.0", "revision": "", "branch": "", "buildUser": "",
                        "buildDate": "", "goVersion": ""},
        "config": {"original": ""},
        "uptime": "2026-11-01T00:00:00.000Z",
    }  # fmt: skip
    server.put("/api/v2/status", json.dumps(status).encode())
    return server


def settings(folder: Path, server: Replay) -> None:
    """One Alertmanager, and services whose health is asked at the same server."""
    port = server.url.rsplit(":", 1)[1]
    (folder / "oncall.yaml").write_text(
        "environment: bench\nsources:\n  alertmanager:\n"
        f"  - {{name: am, members: ['{server.url}'], interval: {INTERVAL_S}s}}\n"
    )
    lines = ["hosts:", "- {name: local, address: local}", "services:"]
    for number in range(SERVICES):
        server.put(f"/health/{number}", b'{"status":"ok","version":"v1.2.3"}')
        lines.append(
            f"- {{name: svc-{number}, type: http, host: local, port: {port},"
            f" health_endpoint: /health/{number}}}"
        )
    (folder / "services.yaml").write_text("\n".join(lines) + "\n")


def main() -> None:
    """Measure and hand over."""
    server = alertmanager()
    started = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    content = wire(ALERTS).replace(b"2026-11-22T02:59:00.000Z", started.encode())
    for path in ("/api/v2/alerts", "/api/v2/silences", "/api/v2/alerts/groups"):
        server.put(path, content if path == "/api/v2/alerts" else b"[]")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings(folder, server)
        command = (sys.executable, "-m", "console", "--config", name, "--no-mouse")
        with Terminal(command, {"XDG_STATE_HOME": str(folder / "state")}) as terminal:
            terminal.wait_for("10,000", timeout_s=60)
            terminal.drain(POLLS * INTERVAL_S)
            resident = terminal.resident_mib()
    server.close()
    what = f"resident set, 10,000 alerts and {SERVICES} services, {POLLS} polls"
    hand_over([Figure(what, resident, "MiB", None, 160.0)])


if __name__ == "__main__":
    main()
