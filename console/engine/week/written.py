"""What the journal and the settings have of some days: documents, steps, figures by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from config.changes import Observation as ObservationEntry
from config.history import ObjectiveEntry
from config.load import Loaded
from config.schema import Settings
from console.engine.papers import PapersDesk
from console.engine.week.inspecting import inspection_of
from console.journal.errors import JournalFault
from console.model.change import Change
from console.model.daily import DoneStep, Inspection
from console.model.event import Event
from console.model.freeze import Calendar
from console.model.incident import Incident
from console.model.nag import Nag
from console.model.saying import Saying, saying, verbatim
from console.model.summary import Observation
from console.reports.material import Measured
from console.safety.text import visible

MOST_BROKEN: Final = 5
"""Documents with faults that are named."""


class Written(msgspec.Struct, frozen=True):
    """What is written down of some days."""

    incidents: tuple[Incident, ...] = ()
    changes: tuple[Change, ...] = ()
    nags: tuple[Nag, ...] = ()
    calendar: Calendar = Calendar()
    steps: tuple[DoneStep, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    """One for each day, in order."""
    notices: tuple[Saying, ...] = ()
    faulty: frozenset[str] = frozenset()
    """Ids of the changes whose files have faults: nothing in them counts as approved."""

    def inspection(self, day: date) -> Inspection | None:
        """That of `day`."""
        return next((one for one in self.inspections if one.day == day), None)


async def written_of(
    desk: PapersDesk, loaded: Loaded, first: date, last: date, start: datetime, end: datetime
) -> Written:
    """All that the journal has, and of these days the steps and the inspections.

    The inspection of a day looks at the day before, so that the one after `last` is there too.
    """
    papers = await desk.look()
    notices: list[Saying] = []
    if papers.unread:
        notices.append(saying("the journal is not read: {why}", why=papers.unread))
    for one in papers.broken[:MOST_BROKEN]:
        path, why = visible(one.path), str(one.faults[0])
        notices.append(saying("{path} is left out: {why}", path=path, why=why))
    if len(papers.broken) > MOST_BROKEN:
        left_out = len(papers.broken) - MOST_BROKEN
        notices.append(saying("{n} more documents are left out", n=left_out))
    inspections, unread = await _inspections(desk, loaded, first, last + timedelta(days=1))
    events = await desk.happened(start, end)
    return Written(
        tuple(one.incident for one in papers.incidents),
        tuple(one.change for one in papers.changes),
        papers.nags,
        papers.calendar,
        tuple(_steps(events)),
        inspections,
        (*notices, *unread),
        frozenset(one.change.id for one in papers.changes if one.faults),
    )


async def _inspections(
    desk: PapersDesk, loaded: Loaded, first: date, last: date
) -> tuple[tuple[Inspection, ...], tuple[Saying, ...]]:
    """Those of every day, and what cannot be read of them."""
    found: list[Inspection] = []
    unread: list[Saying] = []
    told = await desk.inspections.of_days(first, last)
    if isinstance(told, JournalFault):  # the others are well
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        told = ()
        for day in days:
            ticks = await desk.inspections.of_day(day)
            if isinstance(ticks, JournalFault):
                unread.append(
                    saying(
                        "the inspection of {day} is left out: {why}",
                        day=day.isoformat(),
                        why=ticks.cause,
                    )
                )
            else:
                told = (*told, (day, ticks))
    for day, ticks in told:
        found.append(inspection_of(loaded.settings, day, ticks))
    return tuple(found), tuple(unread)


def _steps(events: Sequence[Event]) -> Iterator[DoneStep]:
    for event in events:
        told = event.carried
        if told is not None and event.acted:
            yield DoneStep(event.at, event.who, told.run, told.step, told.host, told.state.value)


def by_hand(
    entries: Sequence[ObjectiveEntry], inspections: Sequence[Inspection], first: date, last: date
) -> tuple[Measured, ...]:
    """Figures that people wrote down: in the settings, and those of the days in inspections.

    An inspection looks at the day before: of `first` to `last` these are the ones a day later.
    """
    found = [
        Measured(one.name, "", one.value, _who(one), by_hand=True)
        for one in entries
        if one.value is not None and (one.on is None or one.on <= last)
    ]
    for inspection in inspections:
        about = inspection.day - timedelta(days=1)
        if not first <= about <= last:
            continue
        for item in inspection.items:
            if item.objective and item.tick is not None and item.tick.value is not None:
                source = saying(
                    "{who} on {day} (inspection)",
                    who=item.tick.by,
                    day=inspection.day.isoformat(),
                )
                found.append(
                    Measured(item.objective, "", item.tick.value, source, by_hand=True, day=about)
                )
    return tuple(found)


def _who(entry: ObjectiveEntry) -> Saying:
    who = verbatim(visible(entry.by, cells=60)) if entry.by else saying("settings")
    return who if entry.on is None else saying("{who} on {day}", who=who, day=entry.on.isoformat())


def observation_of(settings: Settings) -> Observation | None:
    """The days of watching that the settings have; `None`: none."""
    entry = settings.changes.observation
    if entry is None:
        return None
    one = entry if isinstance(entry, ObservationEntry) else ObservationEntry(since=entry)
    return Observation(one.since, one.days)
