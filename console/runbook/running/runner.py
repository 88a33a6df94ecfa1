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

import msgspec

from console.model.runbook import PARAM_NAME
from console.runbook.places import RESERVED
from console.runbook.running import wrapper
from console.runbook.running.answer import Answer, answer_in, finished_of, left_in, said_in
from console.runbook.running.job import HERE, KEPT_BYTES, Finished, Job, OnOutput, Stopped
from console.runbook.running.lock import holders_in
from console.safety.clock import Clock
from console.safety.script import ScriptError
from console.safety.ssh import Command, SshFailure, SshResult
from console.safety.text import visible
from console.sources.reach import Reach

ASK_S: Final = 20.0
"""What one question and its answer may take."""
STOP_S: Final = 30.0
GRACE_S: Final = 30.0
"""Past its deadline: for the KILL, for the rest of its output, and for a way that is back."""
MAX_ANSWER_BYTES: Final = 4 * KEPT_BYTES + 64 * 1024
MAX_SCRIPT_BYTES: Final = 64 * 1024
MAX_VALUES_BYTES: Final = 64 * 1024
_AGAIN_S: Final = (0.1, 0.3, 1.0, 2.0, 4.0)
"""Between questions that got no answer; the last one again and again."""
_IDLE_S: Final = (0.0, 0.0, 0.1, 0.3, 0.5, 1.0)
"""Between questions, each of which waits on the host for two seconds, while nothing comes."""
_STARTING_S: Final = 15.0
"""A command of which the host knows no more than its name has begun within that, or never."""
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_OUR_NAMES: Final = ("LD_", "DYLD_", "BASH_", "LC_", "ONCALL_")


class _Lost(msgspec.Struct, frozen=True):
    """There was no answer, or none that can be read."""

    message: str
    remedy: str = ""
    was_sent: bool = False


class Runner:
    """Commands on the hosts of a registry."""

    def __init__(self, reach: Callable[[], Reach | None], clock: Clock) -> None:
        """
        Args:
            reach: the way to the hosts; `None` before there is one.
        """
        self._reach = reach
        self._clock = clock

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
        fault = self._host_fault(host) or _id_fault(job_id)
        if fault:
            return Finished(None, is_unknown=True, fault=fault)
        return await _Watch(self, job_id, host, on_output).rejoined()

    async def stop(self, job_id: str, host: str) -> Stopped:
        """End a command and all that belongs to it, and look that it is gone."""
        where = shown(host)
        fault = self._host_fault(host) or _id_fault(job_id)
        if fault:
            return Stopped(False, fault)
        nonce = _nonce()
        answer = await self.ask(host, wrapper.stop(job_id, nonce), nonce, STOP_S)
        if isinstance(answer, _Lost):
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
        if not self._host_fault(host) and not _id_fault(job_id):
            nonce = _nonce()
            await self.ask(host, wrapper.forget(job_id, nonce), nonce)

    async def holders(self, lock: str, host: str) -> tuple[str, ...] | str:
        """Who holds that lock now, safe to show; a text: why nobody can tell."""
        fault = self._host_fault(host)
        if fault:
            return fault
        nonce = _nonce()
        answer = await self.ask(host, wrapper.look(lock, nonce), nonce)
        if isinstance(answer, _Lost):
            return answer.message
        if answer.how != "held":
            return f"no flock on {shown(host)}: nobody can tell who else runs one there"
        return holders_in(answer.said)

    async def ask(
        self, host: str, script: bytes, nonce: str, timeout_s: float = ASK_S
    ) -> Answer | _Lost:
        """Have `sh` on `host` read `script`, and what it says."""
        reach = self._reach()
        if reach is None:
            return _Lost("the console has not begun to reach hosts yet")
        try:
            result = await reach.run(
                host or "local",
                Command((), script=script),
                timeout_s=timeout_s,
                max_bytes=MAX_ANSWER_BYTES,
            )
        except SshFailure as failure:
            return _Lost(failure.message, failure.remedy, failure.sent)
        return answer_in(result.stdout, nonce) or _unread(result, shown(host), timeout_s)

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await self._clock.sleep(seconds)

    @property
    def mono(self) -> float:
        """Seconds by the monotonic clock."""
        return self._clock.now().mono

    async def _run(self, job: Job, on_output: OnOutput) -> Finished:
        watch = _Watch(self, job.id, job.host, on_output, job)
        nonce = _nonce()
        try:
            script = wrapper.start(job, nonce, mark=secrets.token_hex(16))
        except ScriptError as error:
            return Finished(None, fault=f"a value cannot be handed over: {error}")
        answer = await self.ask(job.host, script, nonce)
        if isinstance(answer, _Lost):
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

    def _host_fault(self, host: str) -> str:
        reach = self._reach()
        if reach is None:
            return "the console has not begun to reach hosts yet"
        if host == HERE or reach.can(host):
            return ""
        if reach.host(host) is None:
            return f"{shown(host)} is no host of services.yaml"
        return f"no way leads to {shown(host)}: give it an `address:` in services.yaml"

    def _fault_of(self, job: Job) -> str:
        """Why `job` is not sent at all."""
        fault = self._host_fault(job.host) or _id_fault(job.id)
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


class _Watch:
    """One command that was sent, and what is known of it."""

    def __init__(
        self, runner: Runner, job_id: str, host: str, on_output: OnOutput, job: Job | None = None
    ) -> None:
        self._runner = runner
        self._id = job_id
        self._host = host
        self._on_output = on_output
        self._job = job
        self._heads = (bytearray(), bytearray())
        self._began = runner.mono
        self._where = shown(host)

    async def started_or_not(self, lost: _Lost) -> Finished:
        """Nothing came back from the start: look whether it began."""
        if not lost.was_sent:
            return Finished(None, fault=lost.message, remedy=lost.remedy)
        answer = await self._asked_until(self._deadline)
        if isinstance(answer, _Lost):
            return self._unknown(lost)
        if answer.how == "none":
            # What keeps no marker may have ended, with its answer on the way that went.
            kept = self._job is not None and self._job.keeps_marker
            return Finished(
                None,
                fault=f"it was not started: {lost.message}" if kept else lost.message,
                remedy=f"it can be tried again once {self._where} is well",
            )
        return await self.followed(answer)

    async def rejoined(self) -> Finished | None:
        """As `Runner.rejoin` says."""
        answer = await self._asked_until(self._runner.mono + 5.0)
        if isinstance(answer, _Lost):
            return self._unknown(answer)
        return None if answer.how == "none" else await self.followed(answer)

    async def followed(self, answer: Answer) -> Finished:
        """From an answer on to the end."""
        idle = 0
        while True:
            news = self._take(answer)
            if answer.how == "ended" and answer.ended is not None:
                return self._finished(answer)
            if answer.how in ("dead", "none"):
                return self._without_end(answer.how)
            if self._job is not None and self._runner.mono > self._deadline:
                return self._unknown(_Lost(f"{self._where} says that it still runs"))
            idle = 0 if news else min(idle + 1, len(_IDLE_S) - 1)
            await self._runner.pause(_IDLE_S[idle])
            until = self._runner.mono + 60.0 if self._job is None else self._deadline
            asked = await self._asked_until(until)
            if isinstance(asked, _Lost):
                return self._unknown(asked)
            answer = asked

    @property
    def _deadline(self) -> float:
        limit_s = 0.0 if self._job is None else self._job.timeout_s
        return self._began + limit_s + GRACE_S

    async def _asked_until(self, until: float) -> Answer | _Lost:
        """An answer; no answer where none came by `until`."""
        begun_by = self._runner.mono + _STARTING_S
        tries = 0
        while True:
            nonce = _nonce()
            is_late = self._runner.mono > begun_by
            script = wrapper.ask(
                self._id,
                nonce,
                (len(self._heads[0]), len(self._heads[1])),
                claim=2 if is_late else 1,
                kept=self._job is None or self._job.keeps_marker,
            )
            answer = await self._runner.ask(self._host, script, nonce)
            if isinstance(answer, Answer) and answer.how != "starting":
                return answer
            if isinstance(answer, Answer) and is_late:
                # It took its place, and did not get as far as to say who it is.
                return msgspec.structs.replace(answer, how="dead")
            if isinstance(answer, _Lost) and self._runner.mono >= until:
                return answer
            await self._runner.pause(_AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
            tries += 1

    def _take(self, answer: Answer) -> bool:
        """Hand on what came; whether anything did."""
        for number, head in enumerate(self._heads):
            came = answer.heads[number]
            head += came
            for part in (came, answer.tails[number]):
                if part:
                    self._on_output(number + 1, part)
        return any(answer.heads)

    def _finished(self, answer: Answer) -> Finished:
        assert answer.ended is not None
        heads = (bytes(self._heads[0]), bytes(self._heads[1]))
        limit_s = None if self._job is None else self._job.timeout_s
        return finished_of(answer.ended, heads, answer.tails, self._where, answer.notes, limit_s)

    def _partial(self, fault: str, remedy: str, *, is_unknown: bool = False) -> Finished:
        return Finished(
            None,
            stdout=bytes(self._heads[0]),
            stderr=bytes(self._heads[1]),
            stdout_bytes=len(self._heads[0]),
            stderr_bytes=len(self._heads[1]),
            is_unknown=is_unknown,
            fault=fault,
            remedy=remedy,
            took_s=None if self._job is None else self._runner.mono - self._began,
        )

    def _unknown(self, lost: _Lost) -> Finished:
        return self._partial(
            f"what became of it is not known: {lost.message}",
            lost.remedy or f"{self._where} is asked again once it answers",
            is_unknown=True,
        )

    def _without_end(self, how: str) -> Finished:
        if how == "dead":
            return self._partial(
                f"its watcher on {self._where} was ended before it: how it ended cannot be learnt",
                f"see whether {self._where} was restarted, and what the command had done by then",
            )
        return self._partial(
            f"its marker on {self._where} is gone: how it ended cannot be learnt",
            "look at what it did before it is run again",
        )


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
            f"{where} cannot keep a marker, so nothing was started: {said}",
            "give the account there a home that it may write to and that is not full, or set"
            " XDG_STATE_HOME",
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


def _unread(result: SshResult, where: str, timeout_s: float) -> _Lost:
    """Words for an answer in which ours is not."""
    if result.timed_out:
        return _Lost(f"{where} gave no answer within {timeout_s:g} s", was_sent=True)
    said = said_in(result.stderr.strip().rpartition(b"\n")[2] or result.stdout[-400:])
    ended = "a signal" if result.exit_status is None else f"status {result.exit_status}"
    return _Lost(
        f"{where} did not run our script, which ended with {ended}" + (f": {said}" if said else ""),
        "see whether the account there has a shell, and sh, timeout and mkfifo",
        was_sent=True,
    )


def _id_fault(job_id: str) -> str:
    if _ID.fullmatch(job_id) is not None and ".." not in job_id:
        return ""
    return f"expected letters, digits, `.`, `_` and `-`, got {visible(job_id, cells=60)!r}"


def shown(host: str) -> str:
    """What a host is called in a sentence."""
    return "this machine" if host == HERE else visible(host, cells=60)


def _nonce() -> str:
    return f"oncall-{secrets.token_hex(8)}"
