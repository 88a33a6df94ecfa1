"""Carrying out a wish that has been allowed and recorded: the one door to every effect."""

from __future__ import annotations

from typing import assert_never

from console.actions import ack_changes, acks, silence_changes, silences
from console.actions.doing import Doing, Effected, nothing_done
from console.model.acting import Ended
from console.model.wish import (
    AckWish,
    ExpireWish,
    ExtendWish,
    HandOverWish,
    RestoreWish,
    SilenceWish,
    UnackWish,
    Wish,
)

__all__ = ["Doing", "Effected", "carry_out"]


async def carry_out(wish: Wish, doing: Doing) -> Effected:
    """Do what `wish` asks for, read it back, and tell what became of it.

    Whether it may be done was decided before, and its intent is on record: `doing.intent`.
    Raises nothing but `CancelledError`.
    """
    try:
        return await _carried_out(wish, doing)
    except Exception as error:
        # A bug of ours, half-way: what was sent before it cannot be told from here.
        return nothing_done(
            Ended.UNKNOWN,
            f"the console failed over it ({type(error).__name__}): it may have been done or not",
            "look at the list of silences before it is tried again",
        )


async def _carried_out(wish: Wish, doing: Doing) -> Effected:
    match wish:
        case AckWish():
            return await acks.ack(wish, doing)
        case UnackWish():
            return await ack_changes.unack(wish, doing)
        case HandOverWish():
            return await ack_changes.hand_over(wish, doing)
        case SilenceWish():
            return await silences.silence(wish, doing)
        case ExpireWish():
            return await silence_changes.expire(wish, doing)
        case ExtendWish():
            return await silence_changes.extend(wish, doing)
        case RestoreWish():
            return await silence_changes.restore(wish, doing)
        case _:
            assert_never(wish)
