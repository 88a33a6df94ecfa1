"""`oncall --prometheus URL` and the plain commands, on real servers, as a person types them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.real.world import ALWAYS_ON, World, listed_by, world
from tests.spawn import Ended, oncall
from tests.terminal.terminal import ONCALL, Terminal
from tests.waiting import until

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager"),
    pytest.mark.timeout(90),
]


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[World]:
    """A world in which one alert fires and has reached its Alertmanager."""
    async with world(tmp_path, ALWAYS_ON) as real:
        await until(lambda: listed_by(real.am), lambda names: names == ["AlwaysOn"])
        yield real


async def run(real: World, *words: str) -> Ended:
    # The target answers on this loop, so the command must not stop it.
    return await asyncio.to_thread(oncall, *words, "--prometheus", real.prom.url)


async def test_one_url_opens_the_console_on_the_alert_with_its_clock(
    real: World, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()

    def look() -> str:
        argv = [*ONCALL, "--prometheus", real.prom.url]
        with Terminal(argv, home=home, size=(120, 36)) as terminal:
            terminal.wait_for("AlwaysOn")
            terminal.wait_for("it always fires")
            text = terminal.text
            terminal.type("q")
            assert terminal.wait_end() == 0
        return text

    text = await asyncio.to_thread(look)
    listed = [line for line in text.splitlines() if "AlwaysOn" in line and "──" not in line]
    (row,) = (line for line in listed if "ack" in line)
    assert "P0" in row or "P1" in row
    assert list(home.rglob("episodes.json")) != []


async def test_the_plain_commands_say_the_same(real: World) -> None:
    status = await run(real, "status")
    assert status.exit_code == 1, status
    assert "AlwaysOn" in status.stdout and "FIRING" in status.stdout
    alerts = await run(real, "alerts", "--json")
    found = json.loads(alerts.stdout)
    (alert,) = (alert for row in found["rows"] for alert in row["alerts"])
    assert (alert["name"], alert["state"]) == ("AlwaysOn", "FIRING")
    sources = json.loads((await run(real, "sources", "--json")).stdout)
    states = {source["name"]: source["state"] for source in sources["sources"]}
    assert states["prometheus"] == states["alertmanager"] == "OK"
    fleet = await run(real, "fleet")
    assert "web" in fleet.stdout


async def test_with_a_dead_prometheus_the_alertmanager_that_it_named_is_asked(
    real: World,
) -> None:
    assert (await run(real, "status")).exit_code == 1
    real.prom.kill()
    status = await run(real, "status")
    assert status.exit_code == 1, status
    assert "AlwaysOn" in status.stdout and "refused" in status.stdout
    sources = json.loads((await run(real, "sources", "--json")).stdout)
    states = {source["name"]: source["state"] for source in sources["sources"]}
    assert states == {"prometheus": "UNKNOWN", "alertmanager": "OK"}
