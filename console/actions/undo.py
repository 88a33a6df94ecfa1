"""What can be taken back, and for how long."""

from __future__ import annotations

from typing import Final

import msgspec

from console.model.acting import Undoable
from console.model.wish import Wish
from console.safety.clock import Clock

UNDO_S: Final = 30.0
"""For as long an effect can be taken back with `u`. Later, others may have relied on it."""


class _Kept(msgspec.Struct, frozen=True):
    undoable: Undoable
    inverse: Wish | None
    """`None`: nothing takes it back. It is here so that nobody takes back, in its place, what was
    done before it."""


class UndoShelf:
    """The inverses of the latest effects, the newest on top.

    Each has its own 30 seconds by the monotonic clock. Taking one back is itself not put here:
    `u` pressed twice would then do again what the person wants to be rid of, instead of taking
    back the effect before it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: list[_Kept] = []

    def keep(self, text: str, inverse: Wish | None) -> Undoable:
        """Put `inverse` on top; `text` is what it takes back, safe to show: `ack of 3 alerts`.
        `None`: nothing takes that back."""
        undoable = Undoable(text, self._clock.now().mono + UNDO_S)
        self._forget()
        self._kept.append(_Kept(undoable, inverse))
        return undoable

    def latest(self) -> Undoable | None:
        """What `take` would take back; `None` where nothing can be any more."""
        self._forget()
        return self._kept[-1].undoable if self._kept else None

    def take(self) -> Wish | None:
        """The wish that takes the latest effect back, which is then gone from here; `None` where
        there is no effect, or nothing takes it back."""
        self._forget()
        return self._kept.pop().inverse if self._kept else None

    def put_back(self, undoable: Undoable, inverse: Wish) -> None:
        """Have what was taken on the shelf again, for what is left of its time.

        Of an inverse that came to nothing: a server that was silent for a moment must not cost
        the person the key that takes it back.
        """
        at = sum(one.undoable.until_mono <= undoable.until_mono for one in self._kept)
        self._kept.insert(at, _Kept(undoable, inverse))
        self._forget()

    def _forget(self) -> None:
        now = self._clock.now().mono
        self._kept = [one for one in self._kept if now < one.undoable.until_mono]
