"""Two people who take the same alerts at once: the earlier has them, the later is told. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from console.actions.saying import person
from console.model.alert import Silence, SilenceState
from console.model.labels import Labels
from console.model.words import age_text


def earlier_ack(
    ours: Silence, others: Iterable[Silence], held_by: Sequence[Collection[str]]
) -> Silence | None:
    """The first of the acks of `others` that was there before `ours` and holds all of it.

    By the start, and at one and the same start by the id, so that of two consoles exactly one
    gives way.

    Args:
        held_by: for each alert that `ours` holds, the ids of all silences that hold it.
    """
    if not held_by:
        return None
    before = [
        one
        for one in others
        if one.state is SilenceState.ACTIVE
        and _place(one) < _place(ours)
        and all(one.id in ids for ids in held_by)
    ]
    return min(before, key=_place, default=None)


def _place(silence: Silence) -> tuple[datetime, str]:
    return silence.starts_at, silence.id


def may_hold(silence: Silence, labels: Labels) -> bool:
    """Whether a silence may hold an alert: no plain matcher of it says otherwise."""
    return all(
        one.is_regex or (labels.exact(one.name) == one.value.exact) is one.is_equal
        for one in silence.matchers
    )


def told_earlier(ours: Silence, theirs: Silence) -> str:
    """`mei was 4s earlier: that ack stands, yours was withdrawn`; safe to show."""
    ahead = ours.starts_at - theirs.starts_at
    by = f"{age_text(ahead)} earlier" if ahead >= timedelta(seconds=1) else "a moment earlier"
    return f"{person(theirs.created_by)} was {by}: that ack stands, yours was withdrawn"
