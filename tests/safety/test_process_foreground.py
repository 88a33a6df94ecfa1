"""A program that has the terminal to itself, and a signal that is to end us both."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
from collections.abc import Iterator

import pytest

from console.safety.process import in_foreground


@pytest.fixture
def terminal() -> Iterator[int]:
    ours, theirs = pty.openpty()
    yield theirs
    os.close(ours)
    os.close(theirs)


def test_a_signal_that_comes_while_the_program_starts_ends_it(
    terminal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    start = subprocess.Popen

    def started(*args: object, **how: object) -> subprocess.Popen[bytes]:
        program: subprocess.Popen[bytes] = start(*args, **how)  # type: ignore[call-overload]
        os.kill(os.getpid(), signal.SIGTERM)
        return program

    monkeypatch.setattr("subprocess.Popen", started)
    try:
        assert in_foreground(["sleep", "600"], terminal=terminal).exit_status == -signal.SIGHUP
    finally:
        signal.signal(signal.SIGTERM, before)
