"""What is said of the journal itself: what is wrong with it, what came of a sync, what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from console.model.papers import Draft, JournalState, JournalStatus, Papers
from console.model.words import many
from screens.journal_rows import Shown
from widgets.paint import Spans
from widgets.theme import Ink


def fault_lines(status: JournalStatus) -> tuple[tuple[str, Ink], ...]:
    """What is wrong with the journal and what to do; then what a person has to know of it."""
    lines: list[tuple[str, Ink]] = []
    if not status.is_well:
        cause = status.cause or f"commits that only this folder has: {status.ahead}"
        lines.append((f"{status.words}: {cause}", Ink.WARNING))
        told = "; ".join(_told(status))
        if told:
            lines.append((told, Ink.PLAIN))
    lines += [(notice, Ink.MUTED) for notice in status.notices]
    return tuple(lines)


def _told(status: JournalStatus) -> Iterator[str]:
    if status.expected:
        yield f"expected: {status.expected}"
    if status.remedy:
        yield f"to do: {status.remedy}"


def nothing_there(papers: Papers, shown: Shown) -> tuple[Spans, ...]:
    """What an empty list means, and what to press."""
    status = papers.status
    if papers.unread:
        first: Spans = ((f"  nothing is known: {papers.unread}", Ink.UNKNOWN),)
    elif shown is Shown.OWED:
        first = (("  nothing is owed", Ink.OK),)
    elif shown is Shown.ALL:
        first = (("  nothing is written down yet", Ink.OK),)
    else:
        first = ((f"  there are no {shown}", Ink.OK),)
    where = "there is no folder to keep it in: journal.folder in the settings names one"
    if status.folder:
        made = status.state is not JournalState.NONE
        where = f"its folder {'is there' if made else 'is made with the first document'}:"
    return (
        first,
        (),
        (("  i", Ink.KEY), (" opens an incident: what and where, no more", Ink.MUTED)),
        (("  c", Ink.KEY), (" writes a change request", Ink.MUTED)),
        (),
        ((f"  {where}", Ink.MUTED),),
        ((f"  {status.folder}", Ink.MUTED),),
    )


def sync_text(status: JournalStatus, *, shared: bool) -> str:
    """What came of fetching and pushing.

    Args:
        shared: whether the settings name a remote.
    """
    if not status.is_well:
        told = "; ".join((status.cause, *_told(status))).strip("; ")
        return f"{status.words}: {told}" if told else status.words
    if not shared:
        return "there is no remote: journal.remote in the settings names one"
    if status.state is JournalState.NONE:
        return "there is no journal yet: nothing to share"
    return f"{status.words}: what is here is there, and the other way round"


def drafts_text(drafts: Sequence[Draft], began: datetime, key: str) -> str:
    """That something typed before this console `began` is not saved; empty where nothing is.

    Args:
        key: that which shows it.
    """
    left = sum(not one.is_open and one.saved_at < began for one in drafts)
    if not left:
        return ""
    were, them = ("was", "it") if left == 1 else ("were", "them")
    return f"{many(left, 'draft')} {were} not saved: {key} shows {them}"
