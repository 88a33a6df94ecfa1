"""What alerts tell of the incident that is opened from them, before anybody types. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.model.incident import Incident
from console.model.snapshot import KnownAlert, Snapshot
from console.model.worklist import Row
from console.safety.text import Raw
from console.triage.wording import UNASSIGNED

LONGEST_HELD: Final = timedelta(minutes=15)
"""Of a rule's `for`: more than this is no clue to when it broke."""
_MOST_CHARS: Final = 400


class Seed(msgspec.Struct, frozen=True):
    """An incident as far as its alerts tell it, and what its form begins with."""

    incident: Incident
    what: str
    where: str
    """`redis@data-1, api@k8s`; empty where that is not known."""


def seed_of(
    rows: Sequence[Row],
    alerts: Sequence[KnownAlert],
    snapshot: Snapshot,
    environment: str,
    now: datetime,
) -> Seed:
    """What `rows`, the most urgent first, and those of their `alerts` that are meant tell."""
    row = rows[0] if rows else None
    where = _where(row, alerts, snapshot)
    what = _what(row)
    service = where.partition(",")[0].partition("@")[0]
    title = f"{plain_line(row.title)} {service}".strip() if row is not None else ""
    incident = Incident(
        "",
        title,
        now,
        severity=min((one.priority for one in rows), default=None),
        environment=environment,
        started=min((one.alert.starts_at - _held(one, snapshot) for one in alerts), default=None),
        detected=min((one.alert.starts_at for one in alerts), default=None),
        acknowledged=min((one.ack.since for one in alerts if one.ack is not None), default=None),
        alerts=tuple(dict.fromkeys(known.key for known in alerts)),
    )
    return Seed(incident, what, where)


def plain_line(text: Raw | str) -> str:
    """One line of somebody else's text that a person may go on typing in."""
    exact = text.exact if isinstance(text, Raw) else text
    words = " ".join(exact.split())
    return "".join(one for one in words if one.isprintable())[:_MOST_CHARS]


def _held(known: KnownAlert, snapshot: Snapshot) -> timedelta:
    """For how long it was true before it fired, as its rule says: what broke did so before."""
    named = {
        rule.duration
        for source in snapshot.rules
        for rule in source.rules
        if rule.name == known.alert.name and known.alert.labels.covers(rule.labels)
    }
    return min((*named, LONGEST_HELD)) if named else timedelta()


def _what(row: Row | None) -> str:
    if row is None:
        return ""
    title, summary = plain_line(row.title), plain_line(row.summary)
    return f"{title}: {summary}" if summary and summary != title else title


def _where(row: Row | None, alerts: Sequence[KnownAlert], snapshot: Snapshot) -> str:
    """Every service that the alerts are of, with where it lives; else what the row says."""
    cells = dict.fromkeys((*(one.cell for one in alerts), row.cell if row is not None else None))
    places = {cell.service.name: cell.service.place for cell in snapshot.cells}
    known = [f"{one}@{places[one]}" if places.get(one) else one for one in cells if one is not None]
    if known:
        return ", ".join(known)
    return plain_line(row.where) if row is not None and row.where != UNASSIGNED else ""
