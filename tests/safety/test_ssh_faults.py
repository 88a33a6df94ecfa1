"""Whatever an SSH server does, it is told in words and in time, and is never a success."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.safety.clock import SystemClock
from console.safety.ssh import MAX_OUTPUT_BYTES, SshFailure, command
from console.safety.ssh.client import SshClient
from tests.ssh_faults import FAULTS, Fault

CONNECT_S = 1.5
BUSY_CONNECT_S = 10.0
SLOW = ("blackhole", "no banner", "banner dribble", "server SIGSTOP")
"""Those that only the deadline ends; the others get more time than a busy machine needs."""


@pytest.mark.real("sshd")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_is_told_and_never_taken_for_success(
    fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fault.start(tmp_path, CONNECT_S if fault.name in SLOW else BUSY_CONNECT_S) as broken:
        for name, value in broken.env:
            monkeypatch.setenv(name, value)
        client = SshClient(SystemClock(), broken.options)
        if broken.break_it is not None:
            assert (await client.run(broken.route, command("true"), timeout_s=20)).succeeded
            broken.break_it()
        try:
            result = await client.run(broken.route, command("uptime"), timeout_s=3)
        except SshFailure as failure:
            assert failure.kind in fault.kinds, (failure.kind, failure.message)
            assert failure.host == "box"
            assert "box" in failure.message
            assert failure.message.isprintable()
            assert failure.remedy
        else:
            assert fault.answer(result), result
            assert len(result.stdout) <= MAX_OUTPUT_BYTES
            assert len(result.stderr) <= MAX_OUTPUT_BYTES
        finally:
            await client.aclose()


def test_the_list_has_every_fault_once() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) == 27
