"""The inspection of a day: what the settings ask for, and what was ticked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time

from config.rota import moment_of, zone_of
from config.schema import Settings
from console.model.daily import Inspection, InspectionItem, Tick
from console.model.nag import Nag, NagKind
from console.model.saying import saying
from console.model.state import Priority
from console.safety.text import visible

_NAME_CELLS = 80
_TEXT_CELLS = 200


def inspection_of(settings: Settings, day: date, ticks: Iterable[Tick]) -> Inspection:
    """The inspection of `day`: every item of the settings with its latest tick.

    Ticks of items that the settings do not have any more are left out. It is due when the clocks
    of the rota's zone show `due` on `day`: where they skip that time, at the moment at which they
    do.
    """
    latest: dict[str, Tick] = {}
    for tick in ticks:  # of one moment the one that was written down last
        before = latest.get(tick.item)
        if before is None or before.at <= tick.at:
            latest[tick.item] = tick
    asked = settings.summary.inspection
    items = tuple(
        InspectionItem(
            visible(one.name, cells=_NAME_CELLS),
            visible(one.text or one.name, cells=_TEXT_CELLS),
            one.objective or "",
            latest.get(one.name),
        )
        for one in asked.items
    )
    return Inspection(day, due_on(settings, day), items)


def due_on(settings: Settings, day: date) -> datetime:
    """By when the inspection of `day` is to be done, in UTC."""
    due = time.fromisoformat(settings.summary.inspection.due)
    return moment_of(day, due, zone_of(settings.rota.zone))


def day_of(settings: Settings, now: datetime) -> date:
    """The day that it is at `now` where the team is."""
    return now.astimezone(zone_of(settings.rota.zone)).date()


def reminder_of(settings: Settings, inspection: Inspection, unread: str = "") -> Nag | None:
    """What the worklist says of it; `None`: it is done, or there is nothing to look at.

    Args:
        unread: why nobody knows how far it is, safe to show.
    """
    if not inspection.items or inspection.is_done:
        return None
    whole, left = len(inspection.items), inspection.left
    what = saying(
        "{left} of {whole} items of the daily inspection are not looked at", left=left, whole=whole
    )
    if unread:
        what = saying("how far it is cannot be read: {why}", why=unread)
    return Nag(
        kind=NagKind.INSPECTION,
        incident="",
        what=what,
        due=inspection.due,
        title=f"Daily inspection {inspection.day.isoformat()}",
        since=moment_of(inspection.day, time(), zone_of(settings.rota.zone)),
        severity=Priority.P3,
    )
