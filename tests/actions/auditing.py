"""An audit in a folder of the test's own, and a process that acts until it is killed."""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from console.actions.audit.audit import Audit
from console.actions.audit.record import Actor
from console.actions.registry import action_by_id
from console.model.acting import Ended
from console.model.action import Action, Effect
from console.safety.clock import Clock, ManualClock, SystemClock

AT: Final = datetime(2026, 11, 22, 3, 16, 42, tzinfo=UTC)
KAI: Final = Actor("kai", True, "kai", 1000, "/dev/pts/3", "10.0.0.9 50022 10.0.0.1 22", "ops-1")
ACK: Final = action_by_id("row.ack")
SHELL: Final = action_by_id("row.shell")
DROP: Final = Action("host.drop", "drop", "Drop it.", effect=Effect.DESTRUCTIVE)


class Syslog:
    """What an audit sends to the machine's own log."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.lines.append(line)


def audit_in(
    folder: Path | None, clock: Clock | None = None, syslog: Syslog | None = None
) -> Audit:
    """Kai's audit, whose syslog is the test's."""
    return Audit(folder, KAI, clock or ManualClock(AT), syslog=syslog or Syslog())


def do(audit: Audit, number: int = 0, action: Action = ACK) -> str:
    """One effect from its intent to its end; returns its id."""
    intent = audit.intend(action, f'silence {{n="{number}"}}', [f"Alert{number}"], "at it")
    audit.end(intent, Ended.DONE, "acked 1 alert", silences=[("am", f"silence-{number}")])
    return intent.id


def lines_in(folder: Path, name: str = "audit.jsonl") -> list[dict[str, Any]]:
    """The records of one file, as any program would read them."""
    return [json.loads(line) for line in (folder / name).read_bytes().splitlines()]


def act_for_ever(folder: Path, port: int) -> None:
    """Intent, effect, end, over and over; the effect is a line that a server hears."""
    audit = audit_in(folder, SystemClock())
    with socket.create_connection(("127.0.0.1", port)) as server:
        while True:
            intent = audit.intend(ACK, "tell the server", ["it"])
            assert intent.recorded, audit.fault
            server.sendall(f"{intent.id}\n".encode())
            audit.end(intent, Ended.DONE, "told")


def limit_files_to(size_bytes: int) -> None:
    """From now on no file of this process grows past `size_bytes`: its disk is full."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, most))


def act_on_a_full_disk(folder: Path) -> None:
    """Prints what `Audit` says before, while and after the disk is full, as one JSON object."""
    from console.actions.decide import Facts, decide

    syslog = Syslog()
    audit = audit_in(folder, SystemClock(), syslog)
    said: dict[str, object] = {"before": do(audit)}
    limit_files_to((folder / "audit.jsonl").stat().st_size + 100)
    ack = audit.intend(ACK, "ack on a full disk", ["redis"])
    said["fault"] = audit.fault
    said["ack"] = ack.id
    said["ack_recorded"] = ack.recorded
    said["ack_allowed"] = decide(ACK, Facts(audit_fault=audit.fault)).allowed
    audit.end(ack, Ended.DONE, "acked 1 alert")
    shell = audit.intend(SHELL, "ssh box", ["box"])
    said["shell"] = shell.id
    denied = decide(SHELL, Facts(audit_fault=audit.fault))
    said["shell_denied"] = not denied.allowed and denied.break_glass
    broken = Facts(audit_fault=audit.fault, broke_glass=True)
    said["shell_by_broken_glass"] = decide(SHELL, broken).allowed
    audit.end(shell, Ended.DENIED, "no record can be written")
    said["still_full"] = audit.retry()
    said["held"] = audit.held
    said["syslog"] = len(syslog.lines)
    limit_files_to(resource.RLIM_INFINITY)
    said["written_at_last"] = audit.retry()
    said["fault_after"] = audit.fault
    said["after"] = do(audit, 9)
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    os.umask(0o022)
    if sys.argv[1] == "for-ever":
        act_for_ever(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        act_on_a_full_disk(Path(sys.argv[2]))
