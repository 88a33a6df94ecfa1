"""Carrying out a wish that has been allowed and recorded: the one door to every effect."""

from __future__ import annotations

from typing import assert_never

from console.actions.acks.changes import hand_over, unack
from console.actions.acks.take import ack
from console.actions.doing import Doing, Effected, nothing_done
from console.actions.silences.changes import expire, extend, restore
from console.actions.silences.make import silence
from console.model.acting import Ended
from console.model.paper_wish import PaperWish
from console.model.wish import (
    AckWish,
    ExpireWish,
    ExtendWish,
    HandOverWish,
    RestoreWish,
    SendReport,
    SilenceWish,
    UnackWish,
    Wish,
)
from console.safety.whereabouts import whereabouts

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
            f"the console failed over it ({whereabouts(error)}): it may have been done or not",
            "look at the list of silences before it is tried again",
        )


async def _carried_out(wish: Wish, doing: Doing) -> Effected:
    if isinstance(wish, PaperWish):
        # Late: acks do not pay for what documents need.
        from console.actions.papers.carry import carry_out_paper

        return await carry_out_paper(wish, doing)
    match wish:
        case AckWish():
            return await ack(wish, doing)
        case UnackWish():
            return await unack(wish, doing)
        case HandOverWish():
            return await hand_over(wish, doing)
        case SilenceWish():
            return await silence(wish, doing)
        case ExpireWish():
            return await expire(wish, doing)
        case ExtendWish():
            return await extend(wish, doing)
        case RestoreWish():
            return await restore(wish, doing)
        case SendReport():
            # Late too: reports are sent now and then.
            from console.actions.chats.send import send_report

            return await send_report(wish, doing)
        case _:
            assert_never(wish)
