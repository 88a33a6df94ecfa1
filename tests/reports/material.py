"""Material of a report, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from console.model.change import Approval, Change, ChangeKind, ChangeState, Plan, plan_hash
from console.model.freeze import Period
from console.model.history import Bout, Observed, Sight, Stretch
from console.model.registry import Service, ServiceType
from console.model.state import Priority
from console.model.unix import milliseconds
from console.reports.days import window_of
from console.reports.material import Material
from console.safety.text import Raw

DAY = date(2026, 11, 22)


def utc(text: str) -> datetime:
    """`2026-11-22 10:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOW = utc("2026-11-25 00:00")


def service(name: str = "shop", kind: ServiceType = ServiceType.HTTP, **more: Any) -> Service:
    return Service(name, kind, "web-1", **more)


def seen(name: str, *pieces: tuple[str | datetime, str | datetime, Sight], **more: Any) -> Observed:
    """A service that was seen so from one moment to another."""
    stretches = tuple(Stretch(_ms(start), _ms(end), sight) for start, end, sight in pieces)
    return Observed(name, stretches, source=more.pop("source", "history"), **more)


def _ms(at: str | datetime) -> int:
    return milliseconds(utc(at) if isinstance(at, str) else at)


def up_all_day(name: str = "shop", day: str = "2026-11-22", **more: Any) -> Observed:
    start = utc(day)
    return seen(name, (start, start + timedelta(days=1), Sight.UP), **more)


def material(
    *observed: Observed,
    services: Sequence[Service] = (),
    first: date = DAY,
    last: date = DAY,
    zone: str = "UTC",
    before: Sequence[Observed] = (),
    **more: Any,
) -> Material:
    """Of one day in UTC that is over, unless other days are named."""
    made = Material(
        environment="prod",
        window=window_of(first, last, zone),
        now=NOW,
        services=tuple(services),
        observed=lambda: observed,
        observed_before=lambda: before,
        least_coverage=0.95,
        target=0.999,
    )
    return msgspec.structs.replace(made, **more)


def bout(start: str, end: str | None = None, key: str = "a" * 24, **more: Any) -> Bout:
    """An episode of an alert; of times of `2026-11-22` the day may be left out."""
    times = ("acked_at", "silenced_at", "resolved_at", "seen_at", "respond_by", "resolve_by")
    named = {
        name: moment_of(value) if name in times and value is not None else value
        for name, value in more.items()
    }
    fields: dict[str, Any] = {
        "alert": Raw("ServiceDown"),
        "where": Raw("web-1"),
        "service": "shop",
        "priority": Priority.P1,
        "source": "history",
        "fingerprint": key[:16],
        "resolved_at": moment_of(end) if end is not None else None,
        **named,
    }
    return Bout(key=key, start=moment_of(start), **fields)


def moment_of(text: str) -> datetime:
    return utc(text if "-" in text else f"2026-11-22 {text}")


def change(
    id: str = "CHG-20261122-9b1",  # noqa: A002
    *,
    window: tuple[str, str] | None = ("10:00", "12:00"),
    started: str | None = "10:10",
    ended: str | None = "11:00",
    state: ChangeState = ChangeState.CLOSED,
    approved_by: str = "mei",
    services: tuple[str, ...] = ("shop",),
    **of_plan: Any,
) -> Change:
    """A change that was approved by somebody else, carried out and closed."""
    plan = Plan(
        services=services,
        window=Period(*map(moment_of, window)) if window is not None else None,
        **{"kind": ChangeKind.NORMAL, **of_plan},
    )
    approvals: tuple[Approval, ...] = ()
    if approved_by:
        approvals = (Approval(approved_by, utc("2026-11-20"), plan_hash(plan)),)
    return Change(
        id,
        "Roll out 2.0",
        "kai",
        utc("2026-11-19"),
        state,
        plan,
        approvals,
        started=moment_of(started) if started is not None else None,
        ended=moment_of(ended) if ended is not None else None,
    )
