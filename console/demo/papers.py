"""What the demo's team wrote down before the story begins: incidents, told by their people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.demo.inventory import USER_NAME
from console.demo.team import LIN, MEI, YUN
from console.journal.language import Language
from console.model.change import Change
from console.model.event import Event, EventKind
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
from console.model.state import Priority

ENVIRONMENT: Final = "demo"
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


class Past(msgspec.Struct, frozen=True):
    """One document of the journal's history, and what happened around it."""

    paper: Incident | Change
    by: str
    """Whose commit it is."""
    at: datetime
    """When it was written last."""
    did: str
    """In the commit's subject, after the id."""
    events: tuple[Event, ...] = ()
    language: Language = Language.ENGLISH


class Told:
    """The events of one document: each is told by its minutes after `begin`."""

    def __init__(self, begin: datetime, document_id: str, subject: str) -> None:
        self.begin = begin
        self._id = document_id
        self._subject = subject

    def line(self, minutes: float, kind: EventKind, text: str, who: str = "") -> Event:
        """One of them."""
        at = self.begin + minutes * MINUTE
        return Event(at, kind, self._subject, text, who, documents=(self._id,))


def incident_id(at: datetime, mark: str) -> str:
    """`INC-20261122-7f3`; the same in every run on one day."""
    return f"INC-{at:%Y%m%d}-{mark}"


def incidents(now: datetime) -> tuple[Past, ...]:
    """Those of the last weeks, the earliest first, for a demo that starts at `now`."""
    now = now.replace(microsecond=0)
    return tuple(tell(now) for tell in _TELLERS)


def _redis_before(now: datetime) -> Past:
    begin = now - 23 * DAY - 2 * HOUR
    incident = Incident(
        incident_id(begin, "5r8"),
        "redis down on data-1, carts and sessions lost",
        begin + 4 * MINUTE,
        IncidentState.CLOSED,
        Priority.P1,
        ("redis", "session", "cart"),
        ("data-1",),
        ENVIRONMENT,
        started=begin,
        detected=begin + 2 * MINUTE,
        acknowledged=begin + 3 * MINUTE,
        mitigated=begin + 11 * MINUTE,
        resolved=begin + 38 * MINUTE,
        closed=begin + 26 * HOUR,
        detected_by=Detection.ALERT,
        reporter=MEI,
        lead=MEI,
        scribe=YUN,
        participants=(LIN,),
        impact=Impact(1800, 9400, 4.2, False),
        post_mortem=PostMortem(begin + 24 * HOUR, begin + 25 * HOUR, (MEI, YUN, LIN)),
        actions=(
            ActionItem(
                "Add an alert on the memory of redis at 90 %", ActionKind.DETECTIVE, MEI,
                (begin + 9 * DAY).date(), done=begin + 6 * DAY,
            ),
            ActionItem(
                "Set `maxmemory-policy allkeys-lru` for carts", ActionKind.PREVENTATIVE, YUN,
                (now + 2 * DAY).date(),
            ),
        ),
        prose=IncidentProse(
            what="redis on data-1 was killed for lack of memory; sessions and carts were lost.",
            where="redis@data-1; session and cart, which need it. Payment was not touched.",
            who="Lead: Mei. Scribe: Yun. About 1,800 visitors had to log in again.",
            how="The page came two minutes after it began. Restarted with\n\n"
            "    docker restart redis\n\nand the carts were filled again from the day's orders.",
            why="A nightly export reads every session into redis and sets no expiry. "
            "After three nights the memory of the container was full.",
            trigger="The third run of the export.",
            factors="- No alert on memory, only on `up`.\n- No `maxmemory`: the kernel decided.",
            resolution="Restarted (at once); the export sets an expiry of an hour (for good).",
            went_well="The runbook named the command that mended it.",
            went_badly="The status page was updated after 25 minutes.",
            luck="It was before the evening: a tenth of the usual visitors.",
        ),
    )  # fmt: skip
    told = Told(begin, incident.id, "ServiceDown redis@data-1")
    events = (
        told.line(1, EventKind.FIRED, "redis has been down for a minute"),
        told.line(3, EventKind.ACKED, "looking at it", MEI),
        told.line(4, EventKind.INCIDENT, "opened: redis is down", MEI),
        told.line(8, EventKind.NOTE, "dmesg: oom-kill, redis-server had 4 GiB", MEI),
        told.line(11, EventKind.INCIDENT, "mitigated, was open", MEI),
        told.line(13, EventKind.RESOLVED, "after 12 min"),
        told.line(25, EventKind.UPDATE, "Conditions: redis is back, carts are being filled. "
                  "Actions: the export is stopped. Needs: none.", YUN),
        told.line(38, EventKind.INCIDENT, "resolved, was mitigated", MEI),
        told.line(1560, EventKind.INCIDENT, "closed, was post-mortem due", MEI),
    )  # fmt: skip
    return Past(incident, MEI, begin + 26 * HOUR, "closed", events)


def _slow_search(now: datetime) -> Past:
    begin = now - 9 * DAY - 5 * HOUR
    incident = Incident(
        incident_id(begin, "k2m"),
        "搜尋回應緩慢",
        begin + 9 * MINUTE,
        IncidentState.CLOSED,
        Priority.P2,
        ("search-api", "opensearch"),
        ("data-1",),
        ENVIRONMENT,
        started=begin,
        detected=begin + 6 * MINUTE,
        acknowledged=begin + 8 * MINUTE,
        mitigated=begin + 47 * MINUTE,
        resolved=begin + 52 * MINUTE,
        closed=begin + 7 * HOUR,
        detected_by=Detection.USER,
        reporter=LIN,
        lead=YUN,
        impact=Impact(320, None, None, False),
        actions=(
            ActionItem(
                "將重建索引改到凌晨四點執行", ActionKind.PREVENTATIVE, YUN,
                (begin + 5 * DAY).date(), done=begin + 2 * DAY,
            ),
        ),
        prose=IncidentProse(
            what="商品搜尋的 p99 從 0.4 秒升到 6 秒，約一小時。",
            where="search-api 與 data-1 上的 opensearch；其他頁面未受影響。",
            who="負責人：陳昀。約 320 位使用者看到逾時訊息。",
            how="客服回報後，暫停重建索引的排程，回應時間立刻恢復。",
            why="全量重建索引在尖峰時段執行，佔滿磁碟讀寫。",
            resolution="暫停排程（臨時）；改到凌晨執行（永久）。",
            went_badly="沒有告警先於使用者發現。",
        ),
    )  # fmt: skip
    told = Told(begin, incident.id, "SearchSlow search-api@shop")
    events = (
        told.line(6, EventKind.NOTE, "客服：搜尋一直轉圈", LIN),
        told.line(8, EventKind.ACKED, "我來看", YUN),
        told.line(9, EventKind.INCIDENT, "opened: 商品搜尋很慢", YUN),
        told.line(47, EventKind.INCIDENT, "mitigated, was open", YUN),
        told.line(52, EventKind.INCIDENT, "resolved, was mitigated", YUN),
        told.line(420, EventKind.INCIDENT, "closed, was resolved", YUN),
    )
    return Past(
        incident, YUN, begin + 7 * HOUR, "closed", events, Language.TRADITIONAL_CHINESE
    )  # fmt: skip


def _late_backup(now: datetime) -> Past:
    begin = now - 5 * DAY - 9 * HOUR
    incident = Incident(
        incident_id(begin, "x91"),
        "backup of postgres did not run",
        begin + 20 * MINUTE,
        IncidentState.CLOSED,
        Priority.P3,
        ("backup-agent", "postgres"),
        ("ops-1",),
        ENVIRONMENT,
        started=begin,
        detected=begin + 12 * MINUTE,
        acknowledged=begin + 15 * MINUTE,
        mitigated=begin + 70 * MINUTE,
        resolved=begin + 95 * MINUTE,
        closed=begin + 8 * HOUR,
        detected_by=Detection.ALERT,
        reporter=USER_NAME,
        lead=USER_NAME,
        actions=(
            ActionItem(
                "Grow the volume of ops-1", ActionKind.CORRECTIVE, LIN, (now + 6 * DAY).date(),
                "https://tickets.example.org/OPS-412",
            ),
        ),
        prose=IncidentProse(
            what="The nightly backup of postgres stopped at 71 %: no room on ops-1.",
            where="backup-agent on ops-1. The database itself was not touched.",
            how="Old dumps were moved away and the backup was started again.",
            why="Dumps grew by a third since the new order table; nothing watches the room "
            "that the next one needs.",
            resolution="Room made by hand (temporary).",
        ),
    )  # fmt: skip
    told = Told(begin, incident.id, "BackupTooOld backup-agent@ops-1")
    events = (
        told.line(12, EventKind.FIRED, "no backup for 26 hours"),
        told.line(15, EventKind.ACKED, "no room on ops-1, moving dumps", USER_NAME),
        told.line(20, EventKind.INCIDENT, "opened: the backup did not run", USER_NAME),
        told.line(95, EventKind.INCIDENT, "resolved, was mitigated", USER_NAME),
        told.line(480, EventKind.INCIDENT, "closed, was resolved", USER_NAME),
    )
    return Past(incident, USER_NAME, begin + 8 * HOUR, "closed", events)


def _card_payments(now: datetime) -> Past:
    """Over, and its meeting is due in twenty hours."""
    over = now - 28 * HOUR
    begin = over - 64 * MINUTE
    incident = Incident(
        incident_id(begin, "d4t"),
        "one in ten card payments refused",
        begin + 7 * MINUTE,
        IncidentState.POST_MORTEM_DUE,
        Priority.P1,
        ("pay", "checkout"),
        (),
        ENVIRONMENT,
        started=begin,
        detected=begin + 5 * MINUTE,
        acknowledged=begin + 6 * MINUTE,
        mitigated=begin + 41 * MINUTE,
        resolved=over,
        detected_by=Detection.ALERT,
        reporter=LIN,
        lead=LIN,
        scribe=USER_NAME,
        liaison=YUN,
        impact=Impact(640, 2120, 11.5, True),
        post_mortem=PostMortem(now + 18 * HOUR),
        actions=(
            ActionItem(
                "Switch to the second payment route by itself at 2 % refusals",
                ActionKind.PREVENTATIVE, MEI, (now + 1 * DAY).date(),
                "https://tickets.example.org/PSP-2291",
            ),
        ),
        prose=IncidentProse(
            what="Payments by card were refused for one order in ten; those orders were lost.",
            where="pay, and checkout in front of it. Transfers and vouchers went through.",
            who="Lead: Lin. Liaison to the payment provider: Yun.",
            how="Refusals rose over 10 %; the second route was switched on by hand.",
            trigger="The provider renewed a certificate that our trust store does not know.",
            resolution="Second route (temporary); trust store renewed (for good).",
        ),
    )  # fmt: skip
    told = Told(begin, incident.id, "PaymentErrors pay@pay")
    events = (
        told.line(5, EventKind.FIRED, "11.5 % of payments fail"),
        told.line(6, EventKind.ACKED, "calling the provider", LIN),
        told.line(7, EventKind.INCIDENT, "opened: card payments are refused", LIN),
        told.line(22, EventKind.NOTE, "provider sees nothing; openssl s_client says unknown CA",
                  USER_NAME),
        told.line(41, EventKind.INCIDENT, "mitigated, was open", LIN),
        told.line(64, EventKind.INCIDENT, "resolved, was mitigated", LIN),
    )  # fmt: skip
    return Past(incident, LIN, over + 12 * MINUTE, "post-mortem due", events)


def _late_sms(now: datetime) -> Past:
    """Going on, and nothing to get up for."""
    begin = now - 5 * HOUR
    incident = Incident(
        incident_id(begin, "w7c"),
        "text messages with codes arrive late",
        begin + 14 * MINUTE,
        IncidentState.MITIGATED,
        Priority.P3,
        ("sms-gateway", "notify"),
        (),
        ENVIRONMENT,
        started=begin,
        detected=begin + 11 * MINUTE,
        acknowledged=begin + 12 * MINUTE,
        mitigated=begin + 50 * MINUTE,
        detected_by=Detection.ALERT,
        reporter=YUN,
        lead=YUN,
        prose=IncidentProse(
            what="Codes by text message take up to two minutes; log-in by app is not touched.",
            where="sms-gateway of the provider, notify in front of it.",
            how="Codes are offered by mail first since 40 minutes after it began.",
        ),
    )
    told = Told(begin, incident.id, "SmsDeliverySlow sms-gateway")
    events = (
        told.line(11, EventKind.FIRED, "delivery takes 95 s"),
        told.line(12, EventKind.ACKED, "provider has a notice up", YUN),
        told.line(14, EventKind.INCIDENT, "opened: codes arrive late", YUN),
        told.line(50, EventKind.INCIDENT, "mitigated, was open", YUN),
    )
    return Past(incident, YUN, begin + 50 * MINUTE, "mitigated", events)


_TELLERS: Final[Sequence[Callable[[datetime], Past]]] = (
    _redis_before,
    _slow_search,
    _late_backup,
    _card_payments,
    _late_sms,
)
