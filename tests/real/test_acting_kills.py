"""kill -9 in the middle of what changes something: nothing was done that is not on record."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from config.load import from_prometheus
from console.actions.audit.check import check, records_of
from console.safety.files import state_dir
from tests.actions.on_servers import fire, listed
from tests.servers import Program, ended, start_alertmanager
from tests.soak import trials
from tests.sources.between import Between, between
from tests.spawn import PROJECT, oncall

pytestmark = pytest.mark.real("prometheus-alertmanager")

WAIT_S: Final = 60.0
ALERTS: Final = 6
EFFECTS: Final = 70
"""Of one console, at most, before it is killed."""


class KilledAt(list[str]):
    """Notes requests as the proxy does, and kills who sends the wanted write as it is heard.

    It is sent on to the server all the same: the effect comes when nobody is there any more.
    """

    def __init__(self, writes: int) -> None:
        super().__init__()
        self._left = writes
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def append(self, request: str) -> None:
        super().append(request)
        if request.startswith(("POST", "DELETE")):
            with self._lock:
                self._left -= 1
                if self._left == 0 and self.process is not None:
                    self.process.kill()


@pytest.fixture
def am(tmp_path: Path) -> Iterator[Program]:
    with ended(start_alertmanager(tmp_path / "am")) as (program,):
        yield program


@pytest.fixture
def proxy(am: Program) -> Iterator[Between]:
    labels = [{"alertname": f"Trouble{n}", "severity": "warning"} for n in range(ALERTS)]
    fire(am.url, *labels)
    with between(am.port) as proxy:
        yield proxy


def killed(proxy: Between, writes: int, *argv: str) -> int:
    """Run `argv` until it sends its write of that number; how it ended."""
    heard = KilledAt(writes)
    proxy.heard = heard
    process = subprocess.Popen(
        [sys.executable, *argv], cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    heard.process = process
    try:
        _, said = process.communicate(timeout=WAIT_S)
    finally:
        process.kill()
        process.wait(WAIT_S)
    assert process.returncode == -9, said.decode()
    return proxy.count("POST") + proxy.count("DELETE")


def folder_of(url: str) -> Path:
    environment = from_prometheus((), (url,)).settings.environment
    return state_dir(environment, os.environ)


def assert_on_record(am: Program, url: str) -> None:
    """Every silence that any server has, ended or not, has its intent in the audit."""
    records, _ = records_of(folder_of(url))
    intended = {record.id for record in records if record.ended is None}
    comments = [str(one["comment"]) for one in listed(am.url)]
    marks = [re.search(r"\[oncall ([0-9a-f]{16})\]$", comment) for comment in comments]
    assert all(marks), comments
    assert {mark[1] for mark in marks if mark} <= intended
    assert check(folder_of(url)).broken is None


def assert_checked(url: str) -> None:
    told = oncall("audit", "--check", "--alertmanager", url)
    assert told.exit_code == 0, told
    assert re.search(r"^OK +[0-9,]+ records in 1 file$", told.stdout, re.MULTILINE)


def test_a_console_that_is_killed_over_and_over_leaves_no_effect_without_its_intent(
    am: Program, proxy: Between
) -> None:
    chance = random.Random(20261122)
    effects = 0
    for _ in range(trials(usual=2, soak=60)):
        wanted = chance.randint(EFFECTS // 2, EFFECTS)
        effects += killed(proxy, wanted, "-m", "tests.real.acting_for_ever", proxy.url)
        assert_on_record(am, proxy.url)
    assert effects >= EFFECTS
    assert_checked(proxy.url)


def test_a_command_that_is_killed_has_left_its_intent_behind(am: Program, proxy: Between) -> None:
    to = ("--alertmanager", proxy.url)
    silence = ("silence", 'alertname="Trouble0"', "--for", "1h", "-m", "killed", "--yes")
    killed(proxy, 1, "-m", "console", *silence, *to)
    assert_on_record(am, proxy.url)
    for number in range(trials(usual=1, soak=20)):
        fire(am.url, *({"alertname": f"New{number}x{n}"} for n in range(ALERTS)))
        killed(proxy, ALERTS // 2, "-m", "console", "ack", f"New{number}x", *to)
        assert_on_record(am, proxy.url)
    assert_checked(proxy.url)
