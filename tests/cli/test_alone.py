"""Commands without a fleet: what they import, how they end, what they say when nothing works."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli.main import COMMANDS
from tests.spawn import PROJECT, oncall, python

HEAVY = ("textual", "rich", "asyncssh", "prometheus_api_client", "requests")
NOWHERE = "http://127.0.0.1:1"
"""Nothing listens there."""

LOADED = """
import json, sys
from console.cli.main import main
sys.argv = ["oncall", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
loaded = sorted({name.split(".")[0] for name in sys.modules})
print(json.dumps(loaded), file=sys.stderr)
"""


def loaded_by(*words: str) -> set[str]:
    """The top-level modules that are there when the command has ended."""
    ended = python("-c", LOADED, *words)
    return set(json.loads(ended.stderr.splitlines()[-1]))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_no_command_brings_the_screens_or_a_library_that_it_does_not_use(command: str) -> None:
    words = [command, "--help"]
    if command in ("alerts", "fleet", "sources", "status", "doctor"):
        words = [command, "--prometheus", NOWHERE]
    elif command == "demo":
        words = [command]  # ends at once: there is no terminal
    assert loaded_by(*words).isdisjoint(HEAVY)


@pytest.mark.parametrize("command", ["status", "alerts", "fleet", "sources"])
def test_help_and_a_wrong_filter_do_not_even_load_the_http_client(command: str) -> None:
    assert "httpx" not in loaded_by(command, "--help")
    assert "httpx" not in loaded_by(command, "--filter", "/(/")


def test_without_settings_a_command_says_where_it_looked_and_ends_with_2() -> None:
    ended = oncall("status")
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert "$ONCALL_CONFIG" in ended.stderr
    assert "oncall demo" in ended.stderr


def test_faulty_settings_are_told_by_line_and_end_with_2(tmp_path: Path) -> None:
    (tmp_path / "oncall.yaml").write_text("environment: prod\nsauces: {}\n")
    ended = oncall("alerts", "--config", str(tmp_path))
    assert ended.exit_code == 2
    assert ended.stderr.startswith("oncall.yaml:2:1:")
    assert "Traceback" not in ended.stderr


def test_where_no_source_answers_status_says_so_and_ends_with_3() -> None:
    ended = oncall("status", "--prometheus", NOWHERE)
    assert ended.exit_code == 3
    assert "no source answers" in ended.stdout
    assert "cut off" not in ended.stdout  # a refused connection is an answer of its host
    assert "refused" in ended.stdout


def test_a_sick_source_comes_with_the_curl_that_repeats_the_request() -> None:
    ended = oncall("sources", "--prometheus", NOWHERE)
    assert "curl" in ended.stdout
    assert NOWHERE in ended.stdout


def test_doctor_ends_with_1_and_says_what_to_do() -> None:
    ended = oncall("doctor", "--prometheus", NOWHERE)
    assert ended.exit_code == 1
    assert "FAULT source" in ended.stdout
    assert "do " in ended.stdout


def test_doctor_never_prints_a_secret(tmp_path: Path) -> None:
    (tmp_path / "oncall.yaml").write_text(
        "sources:\n  prometheus:\n  - name: prom\n    url: http://127.0.0.1:1\n"
        "    auth: {bearer: {env: PROM_TOKEN}}\n"
    )
    ended = oncall("doctor", "--config", str(tmp_path), env={"PROM_TOKEN": "hunter2-hunter2"})
    assert "sources.prometheus[prom].auth.bearer" in ended.stdout
    assert "PROM_TOKEN" in ended.stdout
    assert "hunter2" not in ended.stdout + ended.stderr


def test_the_console_and_the_demo_want_a_terminal_and_end_with_2() -> None:
    for words in ((), ("demo",)):
        ended = oncall(*words)
        assert ended.exit_code == 2
        assert ended.stdout == ""
        assert "needs a terminal" in ended.stderr


def test_the_demo_lists_its_scenarios_and_refuses_others() -> None:
    assert "redis-down" in oncall("demo", "--list").stdout
    ended = oncall("demo", "--scenario", "no-such")
    assert ended.exit_code == 2
    assert "alert-storm" in ended.stderr


@pytest.mark.parametrize("output", ["> /dev/full", ">&-"])
@pytest.mark.parametrize("command", ["status --prometheus", "alerts --json --prometheus", "schema"])
def test_an_output_that_cannot_be_written_is_no_verdict_and_no_traceback(
    command: str, output: str
) -> None:
    url = "" if command == "schema" else NOWHERE
    shell = f"{sys.executable} -m console {command} {url} {output}"
    ended = subprocess.run(shell, shell=True, cwd=PROJECT, capture_output=True, timeout=60)
    assert ended.returncode == 4
    assert b"standard output cannot be written" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_ctrl_c_ends_a_command_with_130_and_no_traceback() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "console", "alerts", "--prometheus", url],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        peer, _ = silent.accept()  # it has asked, and will never be answered
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
        peer.close()
    assert process.returncode == 130
    assert stdout == b""
    assert b"Traceback" not in stderr


def test_the_demo_serves_until_it_is_told_to_end_and_leaves_nothing() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "demo", "--serve", "--scenario", "calm"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().decode().strip())
    try:
        ended = oncall("status", "--config", str(folder))
        assert ended.exit_code in (0, 1, 3)
        assert " demo " in ended.stdout
    finally:
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0
    assert stdout == b""
    assert str(folder).encode() in stderr
    assert not folder.exists()
