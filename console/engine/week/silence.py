"""Whether the one whose turn it is to write does so: a process that is stopped keeps its locks."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from console.model.remembering import SILENT, Holder, said_of_silent, silent_after

NOT_WRITING: Final = "an `oncall record` runs and writes nothing: see what it says"


class Silence:
    """How long nothing has been written while it was somebody else's turn."""

    def __init__(self) -> None:
        self._seen: tuple[Holder | None, int | None] | None = None
        self._since_s = 0.0

    def forget(self) -> None:
        """It is nobody else's turn."""
        self._seen = None

    def fault(
        self, holder: Holder | None, written_ns: int | None, every_ms: int, now_s: float
    ) -> str:
        """What is wrong with it, safe to show; empty: nothing yet.

        Args:
            holder: who holds the file; `None`: nobody, and an `oncall record` ought to.
            written_ns: when the file was written last; only whether it changes counts, since a
                wall clock that jumps must accuse nobody.
            now_s: by the monotonic clock.
        """
        seen = holder, written_ns
        if seen != self._seen:
            self._seen, self._since_s = seen, now_s
        most = SILENT if holder is None else silent_after(timedelta(milliseconds=every_ms))
        if now_s - self._since_s < most.total_seconds():
            return ""
        return NOT_WRITING if holder is None else said_of_silent(holder)
