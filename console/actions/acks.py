"""Acks."""

from __future__ import annotations

from console.actions.doing import Doing, Effected, nothing_done
from console.model.acting import Ended
from console.model.wish import AckWish, HandOverWish, UnackWish


async def ack(wish: AckWish, doing: Doing) -> Effected:
    return nothing_done(Ended.FAILED, "")


async def unack(wish: UnackWish, doing: Doing) -> Effected:
    return nothing_done(Ended.FAILED, "")


async def hand_over(wish: HandOverWish, doing: Doing) -> Effected:
    return nothing_done(Ended.FAILED, "")
