"""Wishes in words: for the audit, the event log, and for what `u` takes back."""

from __future__ import annotations

from datetime import datetime

from console.actions.papers.saying import (
    event_of_paper,
    subjects_of_paper,
    what_of_paper,
    why_of_paper,
)
from console.model.acting import Ended, Outcome
from console.model.alert import Ack, Silence
from console.model.event import Event, EventKind
from console.model.event_links import pages_of, silence_link
from console.model.paper_wish import PaperWish
from console.model.snapshot import Snapshot
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
from console.model.words import age_text, many
from console.safety.text import visible

_CELLS = 120


def what_of(wish: Wish) -> str:
    """What is done, safe to show: `ack of 3 alerts`."""
    if isinstance(wish, PaperWish):
        return what_of_paper(wish)
    match wish:
        case AckWish():
            return f"ack of {_alerts(wish)}"
        case UnackWish():
            return f"un-ack of {many(len(wish.acks), 'ack')}"
        case HandOverWish():
            return f"hand-over of {many(len(wish.acks), 'ack')} to {visible(wish.to, cells=40)}"
        case SilenceWish():
            verb = "silence" if wish.edits is None else "change of a silence to"
            matchers = " ".join(visible(one.written, cells=_CELLS) for one in wish.matchers)
            return f"{verb} {matchers} until {wish.ends_at:%Y-%m-%d %H:%M} UTC"
        case ExpireWish():
            return f"end of {many(len(wish.silences), 'silence')}"
        case ExtendWish():
            return f"extension of {many(len(wish.silences), 'silence')} by {age_text(wish.by)}"
        case RestoreWish():
            return f"taking back, {many(len(wish.silences) + len(wish.acks), 'silence')}"
        case SendReport():
            title, to = visible(wish.title, cells=80), visible(wish.webhook, cells=40)
            return f"sending of {title} to {to}"


def subjects_of(wish: Wish) -> tuple[str, ...]:
    """What it is about, each safe to show."""
    if isinstance(wish, PaperWish):
        return subjects_of_paper(wish)
    match wish:
        case AckWish():
            alerts = (visible(known.alert.labels.written, cells=400) for known in wish.alerts)
            return (*alerts, *(part.name for part in wish.parts))
        case UnackWish() | HandOverWish():
            return tuple(map(_ack, wish.acks))
        case SilenceWish():
            return tuple(visible(one.written, cells=400) for one in wish.matchers)
        case ExpireWish() | ExtendWish():
            return tuple(map(_silence, wish.silences))
        case RestoreWish():
            return (*map(_silence, wish.silences), *map(_ack, wish.acks))
        case SendReport():
            return (visible(wish.title, cells=80), visible(wish.webhook, cells=40))


def why_of(wish: Wish) -> str:
    """The note that the person wrote, safe to show."""
    if isinstance(wish, PaperWish):
        return why_of_paper(wish)
    match wish:
        case AckWish():
            return visible(wish.note)
        case SilenceWish():
            return visible(wish.comment)
        case _:
            return ""


def event_of(
    wish: Wish, outcome: Outcome, who: str, at: datetime, snapshot: Snapshot | None = None
) -> Event | None:
    """The line of the event log, where what is read back does not make one by itself.

    Args:
        snapshot: knows where Alertmanagers show what was made.
    """
    if isinstance(wish, PaperWish):
        return event_of_paper(wish, outcome, who, at)
    kinds = {
        AckWish: EventKind.ACKED,
        UnackWish: EventKind.UNACKED,
        HandOverWish: EventKind.HANDED_OVER,
        SilenceWish: EventKind.SILENCED,
        ExpireWish: EventKind.UNSILENCED,
        ExtendWish: EventKind.SILENCED,
        RestoreWish: EventKind.UNDONE,
        SendReport: EventKind.REPORT,
    }
    seen_back = isinstance(wish, AckWish | UnackWish | HandOverWish)
    if outcome.ended is Ended.DENIED or (seen_back and outcome.ended is Ended.DONE):
        return None
    text = f"{outcome.ended}: {outcome.text}"
    cluster, silence_id = next(iter(outcome.silences), ("", ""))
    link = silence_link(cluster, silence_id, pages_of(snapshot))
    return Event(at, kinds[type(wish)], what_of(wish), text, who, link=link)


def _alerts(wish: AckWish) -> str:
    count = len(wish.alerts) + len(wish.parts)
    if count == 1:
        one = wish.alerts[0].alert.name if wish.alerts else wish.parts[0].name
        return visible(one, cells=60)
    return many(count, "alert")


def _ack(ack: Ack) -> str:
    owner, where = visible(ack.owner, cells=60), visible(ack.cluster or "kept here", cells=40)
    return f"{visible(ack.silence_id, cells=80)} of {owner} in {where}"


def _silence(silence: Silence) -> str:
    matchers = " ".join(visible(one.written, cells=_CELLS) for one in silence.matchers)
    cluster, owner = visible(silence.cluster, cells=40), visible(silence.created_by, cells=60)
    return f"{visible(silence.id, cells=80)} of {owner} in {cluster}: {matchers}"
