"""One command that was sent to a host, followed to its end or until nobody can tell."""

from __future__ import annotations

from typing import Final

import msgspec

from console.runbook.running import wrapper
from console.runbook.running.answer import Answer, finished_of, notes_of
from console.runbook.running.asking import Asker, Lost, fresh_nonce, shown
from console.runbook.running.job import Finished, Job, OnOutput

GRACE_S: Final = 30.0
"""Past its deadline: for the KILL, for the rest of its output, and for a way that is back."""
REJOIN_S: Final = 5.0
"""For a host that does not answer at the first question."""
AWAY_S: Final = 60.0
"""For one that did, and then no more; whose command has a deadline that is not known here."""
_AGAIN_S: Final = (0.1, 0.3, 1.0, 2.0, 4.0)
"""Between questions that got no answer; the last one again and again."""
_IDLE_S: Final = (0.0, 0.0, 0.1, 0.3, 0.5, *[1.0] * 10, *[2.0] * 10, 4.0)
"""Between questions, each of which waits on the host for two seconds, while nothing comes."""
_LONG_IDLE: Final = 5
"""After so many of them the host itself looks less often, and waits for four seconds."""
_STARTING_S: Final = 15.0
"""A command of which the host knows no more than its name has begun within that, or never."""


class Watch:
    """One command that was sent, and what is known of it."""

    def __init__(
        self, asker: Asker, job_id: str, host: str, on_output: OnOutput, job: Job | None = None
    ) -> None:
        self._asker = asker
        self._id = job_id
        self._host = host
        self._on_output = on_output
        self._job = job
        self._heads = (bytearray(), bytearray())
        self._idle = 0
        self._began = asker.mono
        self._where = shown(host)

    async def started_or_not(self, lost: Lost) -> Finished:
        """Nothing came back from the start: look whether it began."""
        if not lost.was_sent:
            return Finished(None, fault=lost.message, remedy=lost.remedy)
        answer = await self._asked_until(self._deadline)
        if isinstance(answer, Lost):
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
        answer = await self._asked_until(self._asker.mono + REJOIN_S)
        if isinstance(answer, Lost):
            return self._unknown(answer)
        return None if answer.how == "none" else await self.followed(answer)

    async def followed(self, answer: Answer) -> Finished:
        """From an answer on to the end."""
        while True:
            news = self._take(answer)
            if answer.how == "ended" and answer.ended is not None:
                return self._finished(answer)
            if answer.how in ("dead", "rebooted", "gone", "none"):
                return self._without_end(answer)
            if self._job is not None and self._asker.mono > self._deadline:
                return self._unknown(Lost(f"{self._where} says that it still runs"))
            self._idle = 0 if news else min(self._idle + 1, len(_IDLE_S) - 1)
            await self._asker.pause(_IDLE_S[self._idle])
            until = self._asker.mono + AWAY_S if self._job is None else self._deadline
            asked = await self._asked_until(until)
            if isinstance(asked, Lost):
                return self._unknown(asked)
            answer = asked

    @property
    def _deadline(self) -> float:
        limit_s = 0.0 if self._job is None else self._job.timeout_s
        return self._began + limit_s + GRACE_S

    async def _asked_until(self, until: float) -> Answer | Lost:
        """An answer; no answer where none came by `until`."""
        naps = wrapper.ASKNAPS if self._idle < _LONG_IDLE else wrapper.IDLENAPS
        begun_by = self._asker.mono + _STARTING_S
        tries = 0
        while True:
            nonce = fresh_nonce()
            is_late = self._asker.mono > begun_by
            script = wrapper.ask(
                self._id,
                nonce,
                (len(self._heads[0]), len(self._heads[1])),
                claim=2 if is_late else 1,
                naps=naps,
                kept=self._job is None or self._job.keeps_marker,
            )
            answer = await self._asker.ask(self._host, script, nonce)
            if isinstance(answer, Answer) and answer.how != "starting":
                return answer
            if isinstance(answer, Answer) and is_late:
                # It took its place, and did not get as far as to say who it is.
                return msgspec.structs.replace(answer, how="dead")
            if isinstance(answer, Lost) and self._asker.mono >= until:
                return answer
            await self._asker.pause(_AGAIN_S[min(tries, len(_AGAIN_S) - 1)])
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

    def _partial(
        self, fault: str, remedy: str, *, is_unknown: bool = False, notes: tuple[str, ...] = ()
    ) -> Finished:
        return Finished(
            None,
            stdout=bytes(self._heads[0]),
            stderr=bytes(self._heads[1]),
            stdout_bytes=len(self._heads[0]),
            stderr_bytes=len(self._heads[1]),
            is_unknown=is_unknown,
            fault=fault,
            remedy=remedy,
            took_s=None if self._job is None else self._asker.mono - self._began,
            notes=notes,
        )

    def _unknown(self, lost: Lost) -> Finished:
        return self._partial(
            f"what became of it is not known: {lost.message}",
            lost.remedy or f"{self._where} is asked again once it answers",
            is_unknown=True,
        )

    def _without_end(self, answer: Answer) -> Finished:
        """It is over, or nobody watches over it, and its status is not to be had."""
        notes = notes_of(answer.notes, self._where)
        if answer.how == "rebooted":
            return self._partial(
                f"it was cut off: {self._where} was restarted while it ran, and how it ended"
                " cannot be learnt",
                "look at what it had done by then before it is run again",
                notes=notes,
            )
        if answer.how == "dead":
            return self._partial(
                f"it was cut off: its watcher on {self._where} was ended before it, and how it"
                " ended cannot be learnt",
                "look at what it had done by then before it is run again",
                notes=notes,
            )
        return self._partial(
            f"its marker on {self._where} is gone: how it ended cannot be learnt",
            "look at what it did before it is run again",
        )
