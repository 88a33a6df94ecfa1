"""Looks after acks. (Being written.)"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from console.actions.doing import Doing
from console.model.acting import HeldAck
from console.model.event import Event


class Kept(msgspec.Struct, frozen=True):
    held: tuple[HeldAck, ...] = ()
    events: tuple[Event, ...] = ()
    touched: tuple[str, ...] = ()
    waiting: int = 0


class AckKeeper:
    def __init__(self) -> None:
        self.kthxbye: frozenset[str] = frozenset()

    async def look_after(
        self, doing: Doing, record: Callable[[str], Awaitable[str]], *, acts: bool
    ) -> Kept:
        return Kept()
