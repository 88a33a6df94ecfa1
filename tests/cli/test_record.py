"""`oncall record` as a service manager runs it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from config.load import from_prometheus, load
from console.cli.chosen import Chosen
from console.cli.record_unit import unit_text, unit_word
from console.history.reader import Reader, open_reader
from console.model.history import Origin
from console.safety.clock import SystemClock
from tests.engine.peers import alertmanager, prometheus, up
from tests.spawn import PROJECT, oncall
from tests.waiting import until


@contextlib.asynccontextmanager
async def recording(url: str, home: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`oncall record` on the Prometheus at `url`, its state under `home`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", "record", "--prometheus", url,
        cwd=PROJECT, env={**os.environ, "XDG_STATE_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def folder_of(home: Path) -> Path | None:
    """Where the state is; `None`: nowhere yet."""
    return next(iter((home / "oncall").glob("*")), None)


async def remembered(home: Path) -> tuple[int, int] | None:
    """From when to when anything is known."""
    folder = folder_of(home)
    reader = None if folder is None else open_reader(folder)
    if not isinstance(reader, Reader):
        return None
    try:
        return reader.span_ms
    finally:
        reader.close()


async def test_it_records_until_it_is_told_to_end_and_nobody_else_does_meanwhile(
    tmp_path: Path,
) -> None:
    am = alertmanager("DiskFull")
    prom = prometheus(am.url)
    async with up(am, prom), recording(prom.url, tmp_path) as process:
        await until(lambda: remembered(tmp_path), bool)
        second = await asyncio.to_thread(
            oncall, "record", "--prometheus", prom.url, env={"XDG_STATE_HOME": str(tmp_path)}
        )
        process.send_signal(signal.SIGTERM)
        stdout, stderr = await process.communicate()
    assert (process.returncode, stdout) == (0, b"")
    assert b"recording into" in stderr and b"ended: what was seen is written" in stderr
    assert b"Traceback" not in stderr
    assert second.exit_code == 3
    assert "another `oncall record` records into" in second.stderr
    folder = folder_of(tmp_path)
    assert folder is not None
    reader = open_reader(folder)
    assert isinstance(reader, Reader)
    now = SystemClock().now().wall
    (recording_,) = reader.recordings(0, round(now.timestamp() * 1000) + 60_000)
    assert recording_.origin is Origin.RECORDER
    assert [one.alert.exact for one in reader.bouts(now - timedelta(days=1), now)] == ["DiskFull"]
    reader.close()
    assert (folder / "episodes.json").is_file()


async def test_a_recorder_that_is_killed_leaves_a_whole_file_and_another_one_goes_on(
    tmp_path: Path,
) -> None:
    prom = prometheus()
    env = {"XDG_STATE_HOME": str(tmp_path)}
    async with up(prom):
        async with recording(prom.url, tmp_path) as process:
            await until(lambda: remembered(tmp_path), bool)
            process.kill()
            await process.communicate()
        checked = await asyncio.to_thread(
            oncall, "history", "check", "--prometheus", prom.url, env=env
        )
        assert (checked.exit_code, ": whole" in checked.stdout) == (0, True)
        before = await remembered(tmp_path)
        async with recording(prom.url, tmp_path) as process:
            await until(lambda: remembered(tmp_path), lambda span: span != before)
            process.send_signal(signal.SIGINT)
            await process.communicate()
    assert process.returncode == 0


# The unit.


def options_in(unit: str) -> dict[str, list[str]]:
    """The settings of a unit by name."""
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_runs_this_program_on_these_settings_and_restarts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/srv/100% $HOME/state")
    folder = tmp_path / "with a space"
    folder.mkdir()
    (folder / "oncall.yaml").write_text("environment: prod\n")
    unit = unit_text(load(folder), Chosen(config=folder))
    told = options_in(unit)
    words = shlex.split(told["ExecStart"][0])
    assert os.access(words[0], os.X_OK)
    assert words[-3:] == ["record", "--config", str(folder)]
    assert told["Environment"][0] == '"XDG_STATE_HOME=/srv/100%% $HOME/state"'
    assert told["Restart"] == ["always"]
    assert told["NoNewPrivileges"] == ["yes"]
    assert "@ONCALL" not in unit
    verify = shutil.which("systemd-analyze")
    if verify is not None:
        path = tmp_path / "oncall-record.service"
        path.write_text(unit)
        ended = subprocess.run([verify, "verify", str(path)], capture_output=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, b"")


def test_without_settings_the_unit_names_the_addresses() -> None:
    url = "http://prom:9090"
    chosen = Chosen(prometheus=(url,))
    told = options_in(unit_text(from_prometheus((url,)), chosen))
    assert shlex.split(told["ExecStart"][0])[-2:] == ["--prometheus", url]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("/usr/bin/oncall", "/usr/bin/oncall"),
        ("/a b", '"/a b"'),
        ("50%", '"50%%"'),
        ("$HOME", '"$$HOME"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("", '""'),
    ],
)
def test_a_word_of_a_unit_means_itself(text: str, word: str) -> None:
    assert unit_word(text) == word


def test_a_line_break_cannot_get_into_a_unit() -> None:
    with pytest.raises(ValueError, match="cannot stand in a unit"):
        unit_word("/etc/oncall\nExecStartPre=/bin/true")
