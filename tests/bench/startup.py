"""How long from the command to the first frame, and to the last byte of JSON.

The first frame of triage stands beside a Textual program that shows two words. `oncall alerts
--json` stands beside a bare interpreter that imports httpx and does the same GETs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from console.demo.serve import start_demo
from tests.bench.figure import Figure, hand_over, median
from tests.bench.replay import Replay
from tests.bench.terminal import Terminal

ROUNDS = 9
HELLO = """
from textual.app import App, ComposeResult
from textual.widgets import Static

class Hello(App):
    def compose(self) -> ComposeResult:
        yield Static("Hello there")

Hello().run()
"""
BARE = """
import asyncio, sys
import httpx

async def main():
    async with httpx.AsyncClient() as client:
        for answer in await asyncio.gather(*(client.get(url) for url in sys.argv[1:])):
            answer.content

asyncio.run(main())
"""
ONCALL = (sys.executable, "-m", "console")


def first_frame(folder: Path) -> Figure:
    """Median seconds to the worklist's heading, and to the two words."""
    ours, bare = [], []
    state = {"XDG_STATE_HOME": str(folder / "state")}
    command = (*ONCALL, "--config", str(folder / "settings"), "--no-mouse")
    for _ in range(ROUNDS + 1):
        with Terminal(command, state) as terminal:
            ours.append(terminal.wait_for("NEXT STEP"))
        with Terminal((sys.executable, "-c", HELLO)) as terminal:
            bare.append(terminal.wait_for("Hello there"))
    del ours[0], bare[0]  # these compiled
    what = "exec to first frame of triage / Textual hello-world"
    return Figure(what, median(ours) * 1000, "ms", median(bare) * 1000, 1.5)


def plain_alerts(folder: Path, prometheus: str, alertmanager: str) -> Figure:
    """Median seconds of `oncall alerts --json`, and of the bare GETs."""
    servers = Replay(prometheus), Replay(alertmanager)
    env = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    command = [*ONCALL, "alerts", "--json"]
    command += ["--prometheus", servers[0].url, "--alertmanager", servers[1].url]
    run_to_end(command, env)  # warms the servers, and leaves a saved state
    for server in servers:
        server.asked.clear()
    run_to_end(command, env)
    urls = [server.url + path for server in servers for path in server.asked]
    ours, bare = [], []
    for _ in range(ROUNDS):
        ours.append(run_to_end(command, env))
        bare.append(run_to_end([sys.executable, "-c", BARE, *urls], env))
    for server in servers:
        server.close()
    what = f"oncall alerts --json / bare httpx, the same {len(urls)} GETs"
    return Figure(what, median(ours) * 1000, "ms", median(bare) * 1000, 1.5)


def run_to_end(command: list[str], env: dict[str, str]) -> float:
    """Seconds from the start of a command to its end."""
    began = time.monotonic()
    ended = subprocess.run(command, env=env, capture_output=True, check=False)
    if ended.returncode != 0:
        raise RuntimeError(ended.stderr.decode()[-300:])
    return time.monotonic() - began


def main() -> None:
    """Measure and hand over."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # An installed console is compiled; what runs from a checkout may not be.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        demo = start_demo("redis-down")
        try:
            shutil.copytree(
                demo.settings_dir, folder / "settings", ignore=shutil.ignore_patterns("state")
            )
            endpoints = demo.endpoints
            hand_over([plain_alerts(folder, endpoints.prometheus[0][1], endpoints.alertmanager[0])])
        finally:
            demo.stop()
        # With the demo gone: what is measured comes before any answer.
        hand_over([first_frame(folder)])


if __name__ == "__main__":
    main()
