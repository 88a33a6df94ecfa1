"""Carrying out one command, here or on a host, so that neither outlives what is known of it.

The host starts the command apart from the session, watches over it by itself, and keeps its
output and its end. The console asks: each time one short command, over the connection that is
kept anyway. So a lost connection or a killed console costs nothing but the time until somebody
asks again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable
from typing import Final

from console.model.runbook import PARAM_NAME
from console.runbook.places import RESERVED
from console.runbook.running import wrapper
from console.runbook.running.answer import WHY_CELLS, Answer, left_in, said_in
from console.runbook.running.asking import Asker, Lost, fresh_nonce, shown
from console.runbook.running.following import Watch
from console.runbook.running.job import Finished, Job, OnOutput, Stopped
from console.runbook.running.lock import holders_in
from console.safety.clock import Clock
from console.safety.script import ScriptError
from console.safety.text import visible
from console.sources.reach import Reach

STOP_S: Final = 30.0
MAX_SCRIPT_BYTES: Final = 64 * 1024
MAX_VALUES_BYTES: Final = 64 * 1024
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_OUR_NAMES: Final = ("LD_", "DYLD_", "BASH_", "LC_", "ONCALL_", "XDG_")


class Runner:
    """Commands on the hosts of a registry."""

    def __init__(self, reach: Callable[[], Reach | None], clock: Clock) -> None:
        """
        Args:
            reach: the way to the hosts; `None` before there is one.
        """
        self._asker = Asker(reach, clock)

    async def run(self, job: Job, on_output: OnOutput = lambda stream, data: None) -> Finished:
        """Carry `job` out, to its end or until nobody can tell.

        What comes is handed to `on_output` as it comes, in order, and is in sum exactly what
        `Finished` has. Cancelled, it leaves the command alone where that keeps a marker, and
        ends it where it does not. Nothing is ever sent twice.
        """
        fault = self._fault_of(job)
        if fault:
            return Finished(None, fault=fault)
        try:
            return await self._run(job, on_output)
        except asyncio.CancelledError:
            if not job.keeps_marker:
                await self._end_unwatched(job)
            raise

    async def rejoin(
        self, job_id: str, host: str, on_output: OnOutput = lambda stream, data: None
    ) -> Finished | None:
        """What became of a command that an earlier console started, awaited where it still runs.

        `None`: it never began (and never will under that name), or it was forgotten.
        `Finished.is_unknown`: the host cannot be asked now.
        """
        fault = self._asker.fault_of(host) or _id_fault(job_id)
        if fault:
            return Finished(None, is_unknown=True, fault=fault)
        return await Watch(self._asker, job_id, host, on_output).rejoined()

    async def stop(self, job_id: str, host: str) -> Stopped:
        """End a command and all that belongs to it, and look that it is gone."""
        where = shown(host)
        fault = self._asker.fault_of(host) or _id_fault(job_id)
        if fault:
            return Stopped(False, fault)
        nonce = fresh_nonce()
        answer = await self._asker.ask(host, wrapper.stop(job_id, nonce), nonce, STOP_S)
        if isinstance(answer, Lost):
            return Stopped(False, f"whether it runs on is not known: {answer.message}")
        if answer.how in ("none", "over"):
            had = "it had ended by itself" if answer.how == "over" else "it does not run"
            return Stopped(True, f"{had} on {where}")
        left = left_in(tuple(answer.said.decode(errors="replace").splitlines()))
        if left:
            return Stopped(
                False,
                f"still running on {where}, and not ours to end: {', '.join(left[:8])}",
            )
        return Stopped(True, f"it was stopped, and nothing of it runs on {where}")

    async def forget(self, job_id: str, host: str) -> None:
        """Take its marker away, where it has ended and the host can be asked."""
        if not self._asker.fault_of(host) and not _id_fault(job_id):
            nonce = fresh_nonce()
            await self._asker.ask(host, wrapper.forget(job_id, nonce), nonce)

    async def holders(self, lock: str, host: str) -> tuple[str, ...] | str:
        """Who holds that lock now, safe to show; a text: why nobody can tell."""
        fault = self._asker.fault_of(host)
        if fault:
            return fault
        nonce = fresh_nonce()
        answer = await self._asker.ask(host, wrapper.look(lock, nonce), nonce)
        if isinstance(answer, Lost):
            return answer.message
        if answer.how != "held":
            return f"no flock on {shown(host)}: nobody can tell who else runs one there"
        return holders_in(answer.said)

    async def _run(self, job: Job, on_output: OnOutput) -> Finished:
        watch = Watch(self._asker, job.id, job.host, on_output, job)
        nonce = fresh_nonce()
        try:
            script = wrapper.start(job, nonce, mark=secrets.token_hex(16))
        except ScriptError as error:
            return Finished(None, fault=f"a value cannot be handed over: {error}")
        answer = await self._asker.ask(job.host, script, nonce)
        if isinstance(answer, Lost):
            return await watch.started_or_not(answer)
        refused = _refused(answer, job)
        return await watch.followed(answer) if refused is None else refused

    async def _end_unwatched(self, job: Job) -> None:
        async def end() -> None:
            stopped = await self.stop(job.id, job.host)
            if stopped.is_gone:
                await self.forget(job.id, job.host)

        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(asyncio.ensure_future(end()))

    def _fault_of(self, job: Job) -> str:
        """Why `job` is not sent at all."""
        fault = self._asker.fault_of(job.host) or _id_fault(job.id)
        if fault:
            return fault
        if job.shell not in ("sh", "bash"):
            return f"expected the shell sh or bash, got {visible(job.shell, cells=40)!r}"
        if not job.script.strip() or "\0" in job.script:
            return "expected a command, got none" if "\0" not in job.script else "it has a NUL"
        names = [name for name, _ in (*job.values, *job.secrets)]
        for name in names:
            if (
                not re.fullmatch(PARAM_NAME, name)
                or name in RESERVED
                or name.startswith(_OUR_NAMES)
            ):
                return f"no variable may be called {visible(name, cells=60)!r}"
        if len(set(names)) != len(names):
            return "a variable has two values"
        if len(job.script.encode(errors="surrogatepass")) > MAX_SCRIPT_BYTES:
            return f"its command is longer than {MAX_SCRIPT_BYTES:,} bytes"
        if sum(len(value.encode(errors="surrogatepass")) for _, value in job.values) > (
            MAX_VALUES_BYTES
        ):
            return f"its values are longer than {MAX_VALUES_BYTES:,} bytes"
        return ""


def _refused(answer: Answer, job: Job) -> Finished | None:
    """Why it was not started; `None`: it was."""
    where, said = shown(job.host), said_in(answer.said)
    if answer.how == "busy":
        held = holders_in(answer.said)
        return Finished(None, busy=" and ".join(held) or f"somebody on {where}")
    if answer.how == "noshell":
        return Finished(
            127,
            fault=f"there is no {job.shell} on {where}",
            remedy=f"install {job.shell} there, or write the step for sh",
        )
    known = {
        "notool": (f"there is no {said} on {where}", "install it there"),
        "nosession": (
            f"{where} cannot start a command apart from its session",
            "install setsid (util-linux), perl or python3 there",
        ),
        "noprintf": (
            f"the sh of {where} has no printf of its own: a secret would be seen by others there",
            "make /bin/sh there dash, bash or busybox",
        ),
        "nofolder": (
            f"{where} cannot keep a marker, so nothing was started:"
            f" {said_in(answer.said, WHY_CELLS)}",
            "give the account there a folder that it may write to and that is not full: its home,"
            " XDG_STATE_HOME, XDG_RUNTIME_DIR, /dev/shm or /tmp",
        ),
        "there": (
            f"a command of this name was started on {where} before, and is not started twice",
            "run the step anew",
        ),
    }
    if answer.how in known:
        fault, remedy = known[answer.how]
        return Finished(None, fault=fault, remedy=remedy)
    return None


def _id_fault(job_id: str) -> str:
    if _ID.fullmatch(job_id) is not None and ".." not in job_id:
        return ""
    return f"expected letters, digits, `.`, `_` and `-`, got {visible(job_id, cells=60)!r}"
