"""Sending a report to a chat."""

from __future__ import annotations

from console.actions.doing import Doing, Effected, nothing_done
from console.model.acting import Ended
from console.model.wish import SendReport


async def send_report(wish: SendReport, doing: Doing) -> Effected:
    """Send a report to the chat of that name."""
    return nothing_done(Ended.DENIED, "not yet")
