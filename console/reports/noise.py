"""Which alerts asked the most of people, and which of that came to nothing."""

from __future__ import annotations

import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from console.model.history import Bout
from console.model.incident import Incident
from console.model.names import folded
from console.model.summary import Noise
from console.reports.bouts import end_of, is_known_to_history, lasted_s
from console.reports.lines import ended_at, started_at
from console.safety.text import Raw, visible

Group = tuple[Raw, str]
"""The alert's name and the service."""


def noise_of(
    bouts: Iterable[Bout],
    before: Iterable[Bout] | None,
    incidents: Sequence[Incident],
    days: Sequence[datetime],
    end: datetime,
    earlier: datetime,
) -> tuple[Noise, ...]:
    """Each alert of each service, the noisiest first: by count, then by the time that it fired.

    What counts is what started in the window. One that only goes on from before is there with a
    count of 0 and its time.

    Args:
        bouts: each episode once (`bouts.merged`), by start.
        before: the same of the window before; `None`: not known.
        days: when each day of the window begins, and when the last one ends, be that to come.
        end: of the window so far.
        earlier: when the window before began.
    """
    groups: dict[Group, list[Bout]] = {}
    for one in bouts:
        if one.start < end and (one.start >= days[0] or end_of(one) > days[0]):
            groups.setdefault((one.alert, one.service), []).append(one)
    counts = (
        None
        if before is None
        else Counter((one.alert, one.service) for one in before if earlier <= one.start < days[0])
    )
    linked = _Linked(incidents)
    found = [
        _noise(group, several, linked, days, end, None if counts is None else counts[group])
        for group, several in groups.items()
    ]
    return tuple(sorted(found, key=_order))


def _order(one: Noise) -> tuple[int, float, Raw, str]:
    return -one.count, -one.total_s, one.alert, one.service


def _noise(
    group: Group,
    bouts: list[Bout],
    linked: _Linked,
    days: Sequence[datetime],
    end: datetime,
    before: int | None,
) -> Noise:
    begun = [one for one in bouts if one.start >= days[0]]
    by_day = [0] * (len(days) - 1)
    for one in begun:
        by_day[bisect_right(days, one.start) - 1] += 1
    about = {incident.id: one.start for one in reversed(bouts) for incident in linked.about(one)}
    lasted = [
        (one.resolved_at - one.start).total_seconds()
        for one in begun
        if one.resolved_at is not None
    ]
    return Noise(
        alert=group[0],
        service=group[1],
        where=Counter(one.where for one in bouts).most_common(1)[0][0],
        count=len(begun),
        by_day=tuple(by_day),
        total_s=sum(lasted_s(one, days[0], end) for one in bouts),
        median_s=max(0.0, statistics.median(lasted)) if lasted else None,
        acked=sum(one.acked_at is not None for one in begun),
        untouched=sum(_is_untouched(one, linked) for one in begun),
        incidents=tuple(visible(one) for one in sorted(about, key=lambda one: (about[one], one))),
        before=before,
        longest_s=max((lasted_s(one, days[0], end) for one in bouts), default=None),
        untold=sum(not is_known_to_history(one) for one in begun),
    )


class _Linked:
    """Which incidents are about an episode: they were going on while it fired, and name the alert
    or its service. The same alert on another day is another matter."""

    def __init__(self, incidents: Sequence[Incident]) -> None:
        self._found: dict[str, list[Incident]] = {}
        for one in incidents:
            # No service's name is an alert's fingerprint: those are 16 hexadecimal digits.
            for name in {*one.alerts, *map(folded, one.services)}:
                self._found.setdefault(name, []).append(one)

    def about(self, bout: Bout) -> Iterator[Incident]:
        for name in filter(None, (bout.fingerprint, folded(bout.service))):
            for one in self._found.get(name, ()):
                end = ended_at(one)
                if started_at(one) <= end_of(bout) and (end is None or end >= bout.start):
                    yield one


def _is_untouched(bout: Bout, linked: _Linked) -> bool:
    """Whether it ended by itself; of what Prometheus alone tells that is not known."""
    return (
        bout.resolved_at is not None
        and bout.acked_at is None
        and bout.silenced_at is None
        and is_known_to_history(bout)
        and next(linked.about(bout), None) is None
    )
