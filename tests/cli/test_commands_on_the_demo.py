"""The plain commands on the embedded fleet, run as a person runs them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from console.cli import document, facts
from console.demo.serve import DemoHandle, start_demo
from tests.demo_settings import without_hosts
from tests.spawn import PROJECT, Ended, oncall


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoHandle]:
    handle = start_demo("redis-down")
    yield handle
    handle.stop()


@pytest.fixture(scope="module")
def whole(demo: DemoHandle) -> Path:
    """All that the demo has, its hosts too."""
    return demo.settings_dir


@pytest.fixture(scope="module")
def alone(demo: DemoHandle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All but its hosts."""
    return without_hosts(demo.settings_dir, tmp_path_factory.mktemp("demo") / "settings")


_ENDED: dict[tuple[str, ...], Ended] = {}
"""Each command is run once; some services of the demo answer slowly on purpose."""


def on(settings: Path, *words: str) -> Ended:
    key = (str(settings), *words)
    if key not in _ENDED:
        _ENDED[key] = oncall(*words, "--config", str(settings))
    return _ENDED[key]


def json_of(settings: Path, *words: str) -> Any:
    ended = on(settings, *words, "--json")
    assert ended.stdout.isascii()
    return json.loads(ended.stdout)


def test_status_is_one_screen_that_names_what_is_down_and_ends_with_1(alone: Path) -> None:
    ended = on(alone, "status")
    lines = ended.stdout.splitlines()
    assert ended.exit_code == 1
    assert len(lines) <= 24
    assert lines[0].split()[1:3] == ["FIRING", "demo"]
    assert re.search(r"^P0 +ack .*ServiceDown +redis@data-1", ended.stdout, re.MULTILINE)
    assert "\x1b" not in ended.stdout


def test_alerts_stand_in_the_order_in_which_to_work_on_them(alone: Path) -> None:
    rows = json_of(alone, "alerts")["rows"]
    assert (rows[0]["priority"], rows[0]["title"]) == ("P0", "ServiceDown")
    unhushed = [row["priority"] for row in rows if row["standing"] == "firing"]
    assert unhushed == sorted(unhushed)


def test_a_row_in_json_tells_its_clocks_in_seconds_and_utc(alone: Path) -> None:
    printed = json_of(alone, "alerts")
    row = printed["rows"][0]
    now = datetime.fromisoformat(printed["at"])
    respond_by = datetime.fromisoformat(row["respond_by"])
    assert now.utcoffset() is not None
    assert row["due_in_seconds"] == pytest.approx((respond_by - now).total_seconds(), abs=0.01)
    assert row["breached"] is (row["due_in_seconds"] < 0)
    assert row["alerts"][0]["labels"]["alertname"] == "ServiceDown"


def test_an_ack_is_told_with_its_owner(alone: Path) -> None:
    (row,) = json_of(alone, "alerts", "--filter", "SlowResponse")["rows"]
    assert row["acked_by"] == "mei"
    assert row["next_step"] == "fix"


def test_a_filter_narrows_text_and_json_alike(alone: Path) -> None:
    wanted = '@priority="P0"'
    rows = json_of(alone, "alerts", "--filter", wanted)["rows"]
    assert {row["priority"] for row in rows} == {"P0"}
    lines = on(alone, "alerts", "--filter", wanted).stdout.splitlines()
    assert len([line for line in lines if line.startswith("P0")]) == len(rows)
    assert "no row matches" in on(alone, "alerts", "--filter", "zzzzzz").stdout


def test_a_filter_that_cannot_be_read_is_a_sentence_and_2(alone: Path) -> None:
    ended = on(alone, "alerts", "--filter", "/(a+)+/")
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert ended.stderr == "--filter column 6: expected no repetition of what itself repeats" + (
        " or has alternatives\n"
    )


def test_fleet_lists_every_service_with_the_fact_that_decides(whole: Path) -> None:
    services = json_of(whole, "fleet")["services"]
    by_name = {service["name"]: service for service in services}
    assert len(services) >= 60
    assert by_name["redis"]["state"] == "FIRING"
    assert all(service["because"] for service in services)
    assert " GiB " in by_name["postgres"]["because"]
    hosts = {host["name"]: host for host in json_of(whole, "fleet")["hosts"]}
    running = [one for one in hosts["data-1"]["containers"] if one["state"] == "running"]
    for one in (*running, *hosts["web-1"]["units"]):
        use = one["use"]
        assert 0 < use["memory_bytes"] <= use["memory_limit_bytes"]
        assert 0 <= use["memory_percent"] <= 100
        assert 0 <= use["cpu_percent"] <= 100
    wrong = json_of(whole, "fleet", "--wrong")["services"]
    assert "OK" not in {service["state"] for service in wrong}


def test_sources_tell_kind_version_and_age(whole: Path) -> None:
    sources = json_of(whole, "sources")["sources"]
    kinds = {"prometheus", "alertmanager", "health", "hosts", "kubernetes"}
    assert {source["kind"] for source in sources} == kinds
    assert {source["state"] for source in sources} == {"OK"}
    assert "alertmanager" in on(whole, "sources").stdout


def test_the_state_of_a_demo_stays_in_the_demo(demo: DemoHandle, tmp_path: Path) -> None:
    settings = str(demo.settings_dir)
    ended = oncall("status", "--config", settings, env={"XDG_STATE_HOME": str(tmp_path)})
    assert ended.exit_code == 1
    assert list(tmp_path.iterdir()) == []
    assert (demo.settings_dir / "state" / "episodes.json").is_file()


def test_ascii_draws_shapes_that_every_terminal_has(alone: Path) -> None:
    assert "! FIRING" in on(alone, "fleet", "--ascii").stdout


def test_doctor_says_a_line_for_settings_sources_tools_and_terminal(whole: Path) -> None:
    ended = on(whole, "doctor")
    topics = {line[6:15].strip() for line in ended.stdout.splitlines()}
    assert {"settings", "state", "source", "tool", "terminal"} <= topics
    assert "prom-core: prometheus" in ended.stdout
    assert ended.exit_code == 0


def test_on_a_calm_day_everything_but_two_old_alerts_is_proven_well() -> None:
    handle = start_demo("calm")
    try:
        wrong = json_of(handle.settings_dir, "fleet", "--wrong")["services"]
        found = {(service["name"], service["state"]) for service in wrong}
        assert found == {("media", "FIRING"), ("loki", "FIRING")}
        doctor = on(handle.settings_dir, "doctor")
    finally:
        handle.stop()
    assert doctor.exit_code == 0
    assert "degraded" not in doctor.stdout
    assert re.search(r"^ok +source +services: 80 of 80 have a state", doctor.stdout, re.MULTILINE)


def test_a_pipe_that_closes_early_is_no_error(alone: Path) -> None:
    import subprocess
    import sys

    shell = f"{sys.executable} -m console alerts --json --config {alone} | head -c 1"
    ended = subprocess.run(
        ["bash", "-c", shell], cwd=PROJECT, capture_output=True, timeout=60, check=False
    )
    assert (ended.stdout, ended.stderr) == (b"{", b"")


@pytest.mark.parametrize("module", [document, facts])
def test_every_field_of_the_json_is_documented(module: Any) -> None:
    text = (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z_]+)`", text))
    for name, kind in vars(module).items():
        if isinstance(kind, type) and kind.__module__ == module.__name__:
            missing = set(getattr(kind, "__struct_fields__", ())) - documented
            assert not missing, f"{name}: {missing}"


def test_the_journal_of_the_demo_is_listed_searched_and_whole(alone: Path) -> None:
    incidents = on(alone, "incident", "list").stdout
    assert "text messages with codes arrive late" in incidents
    changes = on(alone, "change", "list").stdout
    assert "more memory for redis" in changes
    assert "INC-" in on(alone, "journal", "search", "oom-kill").stdout
    assert on(alone, "journal", "verify").exit_code == 0


def test_a_freeze_and_a_window_are_what_the_gate_goes_by(alone: Path) -> None:
    frozen = on(alone, "change", "gate", "--service", "pay")
    assert frozen.exit_code == 1
    assert "quarter-end" in frozen.stdout + frozen.stderr
    assert on(alone, "change", "gate", "--service", "api").exit_code == 0
