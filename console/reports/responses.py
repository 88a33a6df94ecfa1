"""How alerts were answered: how soon they were taken, how soon they were over, and how many late.

What counts for the window of a report:

- The episodes that started in it: their count, who took them, how long that and they took. That
  is told as far as it is known now, also where it happened after the window: to leave out what
  took longer would make the mean look better. One that goes on from before counted then.
- A breach counts where its deadline passes, whenever the episode started, so that every breach is
  told in exactly one window.
- One that a silence covered before anybody took it counts as silenced: nobody had to do anything
  any more. No mean has it, and no deadline after the silence is one. A deadline that had passed
  before stays missed.
- No mean has an end that nobody saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from console.model.history import Bout
from console.model.state import Priority
from console.model.summary import Response
from console.reports.bouts import end_of, is_known_to_history, is_silenced_first


def responses_of(
    bouts: Iterable[Bout], start: datetime, end: datetime, now: datetime
) -> tuple[Response, ...]:
    """Of all together first, then of each priority that came, the most urgent first.

    Args:
        bouts: each episode once (`bouts.merged`).
        now: by what is known then it is judged.
    """
    told = [one for one in bouts if one.start < end]
    found = [response_of(told, start, end, now)]
    for priority in Priority:
        own = response_of([one for one in told if one.priority == priority], start, end, now)
        if own.count or own.late_acks or own.late_ends:
            found.append(msgspec.structs.replace(own, priority=priority))
    return tuple(found)


def response_of(bouts: Sequence[Bout], start: datetime, end: datetime, now: datetime) -> Response:
    """Of all `bouts` together."""
    begun = [one for one in bouts if start <= one.start < end]
    counting = [one for one in begun if not is_silenced_first(one)]
    taken = [_seconds(one.start, one.acked_at) for one in counting if one.acked_at]
    over = [_seconds(one.start, one.resolved_at) for one in counting if one.resolved_at]
    return Response(
        priority=None,
        count=len(begun),
        acked=sum(one.acked_at is not None for one in begun),
        resolved=sum(one.resolved_at is not None for one in begun),
        mtta_s=_mean(taken),
        mttr_s=_mean(over),
        longest_s=max((_seconds(one.start, min(now, end_of(one))) for one in begun), default=None),
        late_acks=sum(_is_in(_late_ack(one, now), start, end) for one in bouts),
        late_ends=sum(_is_in(_late_end(one, now), start, end) for one in bouts),
        silenced=len(begun) - len(counting),
        mtta_of=len(taken),
        mttr_of=len(over),
        untold=sum(not is_known_to_history(one) for one in begun),
    )


def _late_ack(bout: Bout, now: datetime) -> datetime | None:
    """The deadline, where it passed and nobody had taken the alert; `None`: it was kept, or
    nobody knows who took it."""
    if not is_known_to_history(bout):
        return None
    done = (bout.acked_at, bout.silenced_at, bout.resolved_at)
    return _missed(bout.respond_by, done, bout, now)


def _late_end(bout: Bout, now: datetime) -> datetime | None:
    silenced_at = bout.silenced_at if is_silenced_first(bout) else None
    return _missed(bout.resolve_by, (silenced_at, bout.resolved_at), bout, now)


def _missed(
    deadline: datetime | None, done: tuple[datetime | None, ...], bout: Bout, now: datetime
) -> datetime | None:
    known = [one for one in done if one is not None]
    if deadline is None or now < deadline or any(one <= deadline for one in known):
        return None
    # What was lost from sight before may have ended in time.
    is_lost = not known and bout.seen_at is not None and bout.seen_at < deadline
    return None if is_lost else deadline


def _is_in(at: datetime | None, start: datetime, end: datetime) -> bool:
    return at is not None and start <= at < end


def _seconds(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())


def _mean(seconds: Sequence[float]) -> float | None:
    return sum(seconds) / len(seconds) if seconds else None
