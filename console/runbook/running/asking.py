"""One question to a host: a script that `sh` reads there, and what it says."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

import msgspec

from console.runbook.running.answer import Answer, answer_in, said_in
from console.runbook.running.job import HERE, KEPT_BYTES
from console.runbook.running.wrapper import begun
from console.safety.clock import Clock
from console.safety.ssh import Command, SshFailure, SshResult
from console.safety.text import visible
from console.sources.reach import Reach

ASK_S: Final = 20.0
"""What one question and its answer may take."""
MAX_ANSWER_BYTES: Final = 4 * KEPT_BYTES + 64 * 1024


class Lost(msgspec.Struct, frozen=True):
    """There was no answer, or none that can be read."""

    message: str
    remedy: str = ""
    was_sent: bool = False


class Asker:
    """The hosts of a registry, to be asked."""

    def __init__(self, reach: Callable[[], Reach | None], clock: Clock) -> None:
        """
        Args:
            reach: the way to the hosts; `None` before there is one.
        """
        self._reach = reach
        self._clock = clock

    async def ask(
        self, host: str, script: bytes, nonce: str, timeout_s: float = ASK_S
    ) -> Answer | Lost:
        """Have `sh` on `host` read `script`, and what it says."""
        reach = self._reach()
        if reach is None:
            return Lost("the console has not begun to reach hosts yet")
        try:
            result = await reach.run(
                host or "local",
                Command((), script=script),
                timeout_s=timeout_s,
                max_bytes=MAX_ANSWER_BYTES,
            )
        except SshFailure as failure:
            return Lost(failure.message, failure.remedy, failure.sent)
        return answer_in(result.stdout, nonce) or _unread(result, shown(host), nonce, timeout_s)

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await self._clock.sleep(seconds)

    @property
    def mono(self) -> float:
        """Seconds by the monotonic clock."""
        return self._clock.now().mono

    def fault_of(self, host: str) -> str:
        """Why `host` cannot be asked at all; empty: it can."""
        reach = self._reach()
        if reach is None:
            return "the console has not begun to reach hosts yet"
        if host == HERE or reach.can(host):
            return ""
        if reach.host(host) is None:
            return f"{shown(host)} is no host of services.yaml"
        return f"no way leads to {shown(host)}: give it an `address:` in services.yaml"


def _unread(result: SshResult, where: str, nonce: str, timeout_s: float) -> Lost:
    """Words for an answer in which ours is not."""
    if result.timed_out:
        return Lost(f"{where} gave no answer within {timeout_s:g} s", was_sent=True)
    said = said_in(result.stderr.strip().rpartition(b"\n")[2] or result.stdout[-400:])
    ended = "a signal" if result.exit_status is None else f"status {result.exit_status}"
    cut_short = result.exit_status is None or result.truncated
    return Lost(
        f"{where} did not run our script, which ended with {ended}" + (f": {said}" if said else ""),
        "see whether the account there has a shell, and sh, timeout and mkfifo",
        was_sent=cut_short or begun(nonce) in result.stdout,
    )


def shown(host: str) -> str:
    """What a host is called in a sentence."""
    return "this machine" if host == HERE else visible(host, cells=60)


def fresh_nonce() -> str:
    """What an answer begins with, so that nothing else that is printed passes for one."""
    return f"oncall-{secrets.token_hex(8)}"
