"""What the demo's team wrote down of its last days: an incident, a change, every morning's look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from config.history import InspectionSettings
from console.demo.inventory import USER_NAME
from console.demo.papers import DAY, ENVIRONMENT, HOUR, MINUTE, Past, Told, incident_id
from console.demo.plans import LOW, PORT_OPEN, approved, change_id
from console.demo.team import LIN, MEI, YUN
from console.demo.week import LocalDays, share_of
from console.journal.inspection import AskedItem, inspection_path, written_inspection
from console.journal.language import Language
from console.model.change import Acceptance, Change, ChangeProse, ChangeState, Plan, Rollback
from console.model.daily import Tick
from console.model.event import Event, EventKind
from console.model.freeze import Period
from console.model.incident import (
    ActionItem,
    ActionKind,
    Detection,
    Impact,
    Incident,
    IncidentProse,
    IncidentState,
    PostMortem,
)
from console.model.papers import Sheet
from console.model.state import Priority

FIGURES: Final = {"api-errors": (0.18, 0.34), "funnels": (98.3, 99.2)}
"""What was read off: from, and up to."""
NOTES: Final = {
    (3, "funnels"): "search 31 % below the day before: see the incident of last night",
    (2, "backups"): "copied by hand, the volume of ops-1 is still too small",
}
HALF: Final = 3
"""Days ago: the morning on which nobody came to the second half."""


class Looked(msgspec.Struct, frozen=True):
    """One morning's inspection."""

    by: str
    at: datetime
    path: str
    content: bytes
    subject: str
    events: tuple[Event, ...] = ()


def recent(now: datetime) -> tuple[Past, ...]:
    """Documents of the days just before `now`, the earliest first."""
    now = now.replace(microsecond=0)
    return _search_down(now), _replica(now)


def inspections(now: datetime) -> tuple[Looked, ...]:
    """Those of the six days before; today's is still to be done."""
    days = LocalDays(now)
    items = InspectionSettings().items
    asked = tuple(AskedItem(one.name, one.text) for one in items)
    found = []
    for ago in range(6, 0, -1):
        day = days.today - timedelta(days=ago)
        ticks = tuple(_ticks(days, ago, [one.name for one in items]))
        path, by, at = inspection_path(day), ticks[-1].by, ticks[-1].at
        content = written_inspection(Sheet(path), day, ticks, asked, Language.ENGLISH)
        subject = f"inspection {day.isoformat()}"
        events = tuple(
            Event(one.at, EventKind.REPORT, subject, f"{one.item} ticked", one.by) for one in ticks
        )
        found.append(Looked(by, at, path, content, subject, events))
    return tuple(found)


def _ticks(days: LocalDays, ago: int, items: Sequence[str]) -> Iterator[Tick]:
    at = days.moment(ago, 9.2 + share_of(f"inspection {ago}") * 0.4)
    by = (USER_NAME, MEI, LIN)[ago % 3]
    for item in items[: len(items) // 2] if ago == HALF else items:
        at += timedelta(seconds=40 + round(200 * share_of(f"{ago} {item}")))
        value, is_ok, note = None, True, NOTES.get((ago, item), "")
        if item in FIGURES:
            low, high = FIGURES[item]
            value = round(low + (high - low) * share_of(f"{item} {ago}"), 2)
        if item == "crash-rate":
            note = "not measured yet: sessions are not sent to Sentry"
        elif note:
            is_ok = False
            value = 97.1 if item == "funnels" else value
        yield Tick(item, at, by, is_ok, value, note)


def _search_down(now: datetime) -> Past:
    begin_s, over_s = LocalDays(now).search_down_s
    begin = now + timedelta(seconds=begin_s)
    lasted = timedelta(seconds=over_s - begin_s)
    incident = Incident(
        incident_id(begin, "h2s"),
        "the search does not answer",
        begin + 6 * MINUTE,
        IncidentState.CLOSED,
        Priority.P1,
        ("search-api", "search"),
        ("k8s-1",),
        ENVIRONMENT,
        started=begin,
        detected=begin + MINUTE,
        acknowledged=begin + 5 * MINUTE,
        mitigated=begin + lasted,
        resolved=begin + lasted + 9 * MINUTE,
        closed=begin + 40 * HOUR,
        detected_by=Detection.ALERT,
        reporter=MEI,
        lead=MEI,
        scribe=YUN,
        impact=Impact(2100, None, 18, False),
        post_mortem=PostMortem(begin + 38 * HOUR, begin + 39 * HOUR, (MEI, YUN, LIN)),
        actions=(
            ActionItem(
                "Limit the memory of one query to a quarter of the pod", ActionKind.PREVENTATIVE,
                YUN, (now + 4 * DAY).date(), "https://tickets.example.org/SRCH-88",
            ),
            ActionItem(
                "Let the storefront list a category where the search is gone",
                ActionKind.CORRECTIVE, MEI, (now + 9 * DAY).date(),
            ),
        ),
        prose=IncidentProse(
            what="Nobody could search in the shop for three quarters of an hour.",
            where="search-api, both replicas, and the endpoint in front of it.",
            who="Lead: Mei. Scribe: Yun.",
            how="A customer's export asked for 10,000 facets at once; both replicas ran out of "
            "memory and did again after each restart. The caller was blocked at the edge.",
            why="Nothing limits what one query may take.",
            trigger="The export of a partner, new that evening.",
            resolution="Caller blocked (at once); a limit for a query (to come).",
            went_well="Acknowledged within five minutes.",
            went_badly="Restarted three times before anybody read the log.",
        ),
    )  # fmt: skip
    told = Told(begin, incident.id, "ServiceDown search-api@shop")
    over = lasted / MINUTE
    events = (
        told.line(1, EventKind.FIRED, "search-api has not answered for a minute"),
        told.line(5, EventKind.ACKED, "both replicas restart", MEI),
        told.line(6, EventKind.INCIDENT, "opened: the search does not answer", MEI),
        told.line(19, EventKind.NOTE, "restarted again, gone after 40 s: OOM", YUN),
        told.line(31, EventKind.NOTE, "one caller asks for 10,000 facets, blocking it", MEI),
        told.line(over, EventKind.INCIDENT, "mitigated, was open", MEI),
        told.line(over + 9, EventKind.INCIDENT, "resolved, was mitigated", MEI),
        told.line(2400, EventKind.INCIDENT, "closed, was post-mortem due", MEI),
    )
    return Past(incident, MEI, begin + 40 * HOUR, "closed", events)


def _replica(now: datetime) -> Past:
    """Planned, agreed to and carried out in its window: its downtime counts against nobody."""
    start_s, end_s = LocalDays(now).replica_moved_s
    window = Period(now + timedelta(seconds=start_s), now + timedelta(seconds=end_s))
    begin = window.start + 5 * MINUTE
    plan = Plan(
        services=("postgres-replica",),
        hosts=("data-1",),
        environment=ENVIRONMENT,
        steps="docker stop postgres-replica\nrsync -a /var/lib/pg-replica/ /mnt/nvme/pg-replica/\n"
        "docker start postgres-replica",
        risk=LOW,
        expected_alerts=("ServiceDown", "ReplicationLag"),
        expected_downtime=25 * MINUTE,
        silence=('service="postgres-replica"',),
        window=window,
        timezone="Asia/Taipei",
        rollback=Rollback("start it on the old disk", 5 * MINUTE, "it lags for over an hour"),
        verification=PORT_OPEN,
        acceptance=Acceptance(LIN, 30 * MINUTE),
        executor=YUN,
    )
    written = window.start - 30 * HOUR
    change = Change(
        change_id(written, "p5d"),
        "postgres-replica onto the new disk",
        YUN,
        written,
        ChangeState.CLOSED,
        plan,
        started=begin,
        ended=begin + 26 * MINUTE,
        verified=begin + 43 * MINUTE,
        accepted=begin + 8 * HOUR,
        accepted_by=LIN,
        closed=begin + 8.1 * HOUR,
        prose=ChangeProse(
            reason="The old disk waits for 40 ms on a write.",
            what="Its files go to the NVMe disk of data-1.",
            impact="Reports and the catalog read from the primary for half an hour.",
            result="Down for 24 minutes, as planned; writes wait for 2 ms.",
        ),
    )
    told = Told(begin, change.id, "CHG postgres-replica")
    events = (
        told.line(-600, EventKind.CHANGE, "approved, plan agreed to", LIN),
        told.line(0, EventKind.CHANGE, "in progress, was scheduled", YUN),
        told.line(26, EventKind.CHANGE, "verifying, was in progress", YUN),
        told.line(480, EventKind.CHANGE, "accepted, was verifying", LIN),
        told.line(486, EventKind.CHANGE, "closed, was accepted", YUN),
    )
    change = approved(change, LIN, begin - 600 * MINUTE)
    return Past(change, YUN, begin + 8.1 * HOUR, "closed", events)
