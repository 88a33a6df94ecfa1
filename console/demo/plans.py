"""The changes that the demo's team planned and made before the story begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from console.demo.inventory import USER_NAME
from console.demo.papers import DAY, ENVIRONMENT, HOUR, MINUTE, Past, Told
from console.demo.team import LIN, MEI, YUN
from console.model.change import (
    Acceptance,
    Approval,
    Change,
    ChangeKind,
    ChangeProse,
    ChangeState,
    Likelihood,
    Plan,
    Risk,
    Rollback,
    plan_hash,
)
from console.model.event import EventKind
from console.model.freeze import Period

LOW: Final = Risk(Likelihood.LOW, Likelihood.LOW)
MEDIUM: Final = Risk(Likelihood.MEDIUM, Likelihood.MEDIUM)
PORT_OPEN: Final = ("[EXIT] == 0",)


def change_id(at: datetime, mark: str) -> str:
    """`CHG-20261122-9b1`; the same in every run on one day."""
    return f"CHG-{at:%Y%m%d}-{mark}"


def changes(now: datetime) -> tuple[Past, ...]:
    """Those of the last days, and of tonight, for a demo that starts at `now`."""
    now = now.replace(second=0, microsecond=0)
    return tuple(tell(now) for tell in _TELLERS)


def approved(change: Change, by: str, at: datetime) -> Change:
    """`change` with the agreement of `by` to its plan as it is."""
    given = Approval(by, at, plan_hash(change.plan))
    return msgspec.structs.replace(change, approvals=(*change.approvals, given))


def _canary(now: datetime) -> Past:
    """Brought out to a tenth of the traffic, and taken back."""
    begin = now - 3 * DAY
    plan = Plan(
        services=("api",),
        environment=ENVIRONMENT,
        steps="kubectl -n shop set image deploy/api api=registry:5000/api:2.15.0",
        version="v2.15.0",
        traffic_percent=10,
        risk=MEDIUM,
        window=Period(begin - 10 * MINUTE, begin + 2 * HOUR),
        rollback=Rollback(
            "kubectl -n shop rollout undo deploy/api", 3 * MINUTE, "errors of api above 2 %"
        ),
        verification=("[STATUS] == 200", "[RESPONSE_TIME] < 800ms"),
        acceptance=Acceptance(LIN, 30 * MINUTE),
        executor=YUN,
    )
    change = Change(
        change_id(begin, "q6v"),
        "api v2.15.0 to a tenth of the traffic",
        YUN,
        begin - 5 * HOUR,
        ChangeState.ROLLED_BACK,
        plan,
        started=begin,
        ended=begin + 26 * MINUTE,
        prose=ChangeProse(
            reason="Orders can be split; the shop waits for it.",
            what="One replica of four runs v2.15.0.",
            result="7.4 % of all requests failed, on the cart; rolled back after 26 minutes.",
        ),
    )
    told = Told(begin, change.id, "CHG api v2.15.0")
    events = (
        told.line(-200, EventKind.CHANGE, "approved, plan agreed to", LIN),
        told.line(0, EventKind.CHANGE, "in progress, was scheduled", YUN),
        told.line(26, EventKind.CHANGE, "rolled back, was verifying", YUN),
    )
    change = approved(change, LIN, begin - 200 * MINUTE)
    return Past(change, YUN, begin + 26 * MINUTE, "rolled back", events)


def _pgbouncer(now: datetime) -> Past:
    """An emergency that its author made alone: somebody else has to look at it."""
    begin = now - 19 * HOUR
    plan = Plan(
        ChangeKind.EMERGENCY,
        services=("pgbouncer",),
        hosts=("data-1",),
        environment=ENVIRONMENT,
        steps="sudo sed -i 's/^default_pool_size.*/default_pool_size = 60/' "
        "/etc/pgbouncer/pgbouncer.ini\nsudo systemctl reload pgbouncer",
        rollback=Rollback("the same with 40", MINUTE, "postgres has over 180 connections"),
        verification=PORT_OPEN,
        executor=YUN,
    )
    change = Change(
        change_id(begin, "e3p"),
        "a larger pool for pgbouncer",
        YUN,
        begin - 6 * MINUTE,
        ChangeState.ACCEPTED,
        plan,
        started=begin,
        ended=begin + 4 * MINUTE,
        verified=begin + 6 * MINUTE,
        accepted=begin + 9 * MINUTE,
        accepted_by=YUN,
        prose=ChangeProse(
            reason="96 % of the pool was in use and orders began to wait.",
            what="60 connections a database in place of 40.",
            result="The pool is used to 61 %.",
        ),
    )
    told = Told(begin, change.id, "CHG pgbouncer")
    events = (
        told.line(-5, EventKind.CHANGE, "approved, by its author: an emergency", YUN),
        told.line(0, EventKind.CHANGE, "in progress, was approved", YUN),
        told.line(9, EventKind.CHANGE, "accepted, was verifying", YUN),
    )
    change = approved(change, YUN, begin - 5 * MINUTE)
    return Past(change, YUN, begin + 9 * MINUTE, "accepted", events)


def _release(now: datetime) -> Past:
    """Forty minutes before the API begins to be slow."""
    begin = now - 95 * MINUTE
    plan = Plan(
        services=("api",),
        environment=ENVIRONMENT,
        steps="kubectl -n shop set image deploy/api api=registry:5000/api:2.14.0\n"
        "kubectl -n shop rollout status deploy/api",
        version="v2.14.0",
        traffic_percent=100,
        risk=LOW,
        window=Period(begin - 5 * MINUTE, begin + HOUR),
        rollback=Rollback(
            "kubectl -n shop rollout undo deploy/api", 3 * MINUTE, "errors of api above 2 %"
        ),
        verification=("[STATUS] == 200", "[RESPONSE_TIME] < 800ms"),
        acceptance=Acceptance(LIN, 10 * MINUTE),
        executor=MEI,
        reviewer=YUN,
    )
    change = Change(
        change_id(begin, "9b1"),
        "api v2.14.0: sessions stay for 30 days",
        MEI,
        begin - 4 * HOUR,
        ChangeState.CLOSED,
        plan,
        started=begin,
        ended=begin + 6 * MINUTE,
        verified=begin + 8 * MINUTE,
        accepted=begin + 18 * MINUTE,
        accepted_by=LIN,
        closed=begin + 20 * MINUTE,
        prose=ChangeProse(
            reason="Visitors ask to stay logged in.",
            what="Sessions are kept in redis for 30 days in place of one.",
            impact="None that is noticed; redis needs more memory over the days.",
            evidence="Two days on the test system, 0.1 % more memory.",
            result="All four replicas run v2.14.0, errors as before.",
        ),
    )
    told = Told(begin, change.id, "CHG api v2.14.0")
    events = (
        told.line(-120, EventKind.CHANGE, "approved, plan agreed to", YUN),
        told.line(0, EventKind.CHANGE, "in progress, was scheduled", MEI),
        told.line(6, EventKind.CHANGE, "verifying, was in progress", MEI),
        told.line(18, EventKind.CHANGE, "accepted, was verifying", LIN),
        told.line(20, EventKind.CHANGE, "closed, was accepted", MEI),
    )
    change = approved(change, YUN, begin - 120 * MINUTE)
    return Past(change, MEI, begin + 20 * MINUTE, "closed", events)


def _waiting(now: datetime) -> Past:
    """Submitted by Mei: the demo's user can approve it."""
    written = now - 70 * MINUTE
    plan = Plan(
        services=("redis",),
        hosts=("data-1",),
        environment=ENVIRONMENT,
        steps="docker exec redis redis-cli config set maxmemory 6gb\n"
        "docker exec redis redis-cli config set maxmemory-policy allkeys-lru",
        risk=MEDIUM,
        expected_alerts=("RedisMemoryHigh",),
        window=Period(now - 10 * MINUTE, now + 10 * HOUR),
        timezone="Asia/Taipei",
        rollback=Rollback(
            "docker exec redis redis-cli config set maxmemory 4gb", MINUTE,
            "memory of data-1 above 90 %",
        ),
        verification=PORT_OPEN,
        acceptance=Acceptance(LIN, 15 * MINUTE),
        executor=MEI,
        reviewer=YUN,
    )  # fmt: skip
    change = Change(
        change_id(written, "m8a"),
        "more memory for redis",
        MEI,
        written,
        ChangeState.SUBMITTED,
        plan,
        prose=ChangeProse(
            reason="redis fills up since the release; without it, it is killed again.",
            what="6 GiB, and old keys make room for new ones.",
        ),
    )
    told = Told(written, change.id, "CHG redis memory")
    events = (told.line(9, EventKind.CHANGE, "submitted, was draft", MEI),)
    return Past(change, MEI, written + 9 * MINUTE, "submitted", events)


def _tonight(now: datetime) -> Past:
    begin = now + 6 * HOUR
    plan = Plan(
        ChangeKind.STANDARD,
        "kernel",
        hosts=("web-2",),
        services=("nginx-2",),
        environment=ENVIRONMENT,
        steps="sudo apt-get install -y linux-image-amd64\nsudo systemctl reboot",
        risk=LOW,
        expected_alerts=("InstanceDown",),
        expected_downtime=4 * MINUTE,
        silence=('host="web-2"',),
        window=Period(begin, begin + 2 * HOUR),
        timezone="Asia/Taipei",
        rollback=Rollback(
            "boot the kernel before it", 6 * MINUTE, "web-2 does not answer after 10 min"
        ),
        verification=PORT_OPEN,
        acceptance=Acceptance(MEI, 30 * MINUTE),
        executor=LIN,
    )
    written = now - 2 * HOUR
    change = Change(
        change_id(written, "4cw"),
        "kernel of web-2",
        LIN,
        written,
        ChangeState.SCHEDULED,
        plan,
        prose=ChangeProse(reason="A flaw in the network stack.", what="The kernel of the day."),
    )
    told = Told(written, change.id, "CHG web-2 kernel")
    events = (told.line(3, EventKind.CHANGE, "scheduled, was draft", LIN),)
    return Past(change, LIN, written + 3 * MINUTE, "scheduled", events)


def _draft(now: datetime) -> Past:
    written = now - 26 * HOUR
    plan = Plan(services=("opensearch",), hosts=("data-1",), environment=ENVIRONMENT)
    change = Change(
        change_id(written, "t5h"),
        "opensearch 2.19",
        USER_NAME,
        written,
        plan=plan,
        prose=ChangeProse(reason="Support for 2.18 ends in spring."),
    )
    return Past(change, USER_NAME, written, "draft")


_TELLERS: Final[Sequence[Callable[[datetime], Past]]] = (
    _canary,
    _draft,
    _pgbouncer,
    _tonight,
    _release,
    _waiting,
)
