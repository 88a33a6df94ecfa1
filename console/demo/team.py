"""The demo's team: who is in it, who has the pager when, and what it agreed on about changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from config.rota import zone_of
from console.demo.inventory import USER, USER_NAME

ZONE = "Asia/Taipei"

MEI = "Mei 林美"
YUN = "Yun 陳昀"
LIN = "Lin 林志遠"
LOGINS: Mapping[str, str] = {USER_NAME: USER, MEI: "mei", YUN: "yun", LIN: "lin"}
"""Of everybody in the team, by name."""
EMAIL = "{me}@example.org"
"""The addresses on their commits."""
DAYS: tuple[str, str] = (USER, "mei")
"""Who has the pager by day, this week and the one before; likewise for the others."""
NIGHTS: tuple[str, str] = ("mei", "yun")
WEEKENDS: tuple[str, str] = ("lin", USER)

PEOPLE: Mapping[str, Mapping[str, object]] = {
    "kai": {
        "name": USER_NAME,
        "level": "L1",
        "title": "engineer",
        "phone": "+1 202 555 0110",
        "logins": ["kai"],
    },
    "mei": {
        "name": MEI,
        "level": "L1",
        "title": "engineer",
        "phone": "+1 202 555 0121",
        "logins": ["mei"],
    },
    "yun": {
        "name": YUN,
        "level": "L1",
        "title": "engineer",
        "phone": "+1 202 555 0132",
        "logins": ["yun"],
    },
    "lin": {
        "name": LIN,
        "level": "L2",
        "title": "team lead",
        "phone": "+1 202 555 0143",
    },
}
"""The team. Its phones are of the numbers that are kept for stories."""

STANDARDS: Mapping[str, Mapping[str, object]] = {
    "restart-cache": {
        "summary": "restart a cache that does not answer, or answers slowly",
        "services": ["redis", "memcached"],
        "steps": "docker restart redis",
        "rollback": "none is needed: a cache fills itself again",
    },
    "kernel": {
        "summary": "a new kernel on one host, and a restart of it",
        "services": [],
        "steps": "sudo apt-get install -y linux-image-amd64\nsudo systemctl reboot",
        "rollback": "boot the kernel before it",
    },
}
"""Changes that the team approved once and for all."""

RELEASES: Mapping[str, tuple[tuple[str, float, Mapping[str, object]], ...]] = {
    "api": (
        ("v2.14.0", 95 / 60, {"traffic": 100, "by": MEI}),
        ("v2.15.0", 72, {"traffic": 10, "rolled_back": True, "by": YUN}),
        ("v2.13.4", 391, {"traffic": 100, "by": YUN}),
    ),
    "storefront": (
        ("v5.8.1", 47, {"by": LIN}),
        ("v5.8.0", 310, {"rolled_back": True, "by": LIN}),
    ),
    "checkout": (("v3.2.2", 150, {"by": MEI}),),
    "session": (("v1.4.2", 520, {"by": YUN}),),
}
"""By service: version, hours before the story begins, and what else is known of it."""


def duty_of(at: datetime, now: datetime) -> str:
    """Who had the pager at some moment of this week or the ones before, as `rota_settings` has
    it for a demo that starts at `now`."""
    zone = zone_of(ZONE)
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    is_night = local.hour < 9 or local.hour >= 23
    # What is left of a night belongs to the day on which it began.
    day = (local - timedelta(hours=9)).date()
    turns = WEEKENDS if day.weekday() > 4 else NIGHTS if is_night else DAYS
    login = turns[(monday - day + timedelta(days=6)).days // 7 % 2]
    return next(name for name, one in LOGINS.items() if one == login)


def journal_settings(folder: Path | None) -> Mapping[str, object]:
    if folder is None:
        return {"email": EMAIL}
    # Others push too, and a person who looks at the demo does not wait for minutes.
    return {"folder": str(folder), "remote": {"interval": "15s"}, "email": EMAIL}


def change_settings(now: datetime) -> Mapping[str, object]:
    """A window that is open for some hours yet, one for what moves money, two freezes, and the
    week in which nothing was changed after a launch."""
    local = now.astimezone(zone_of(ZONE))
    hour, today = local.hour, local.date()
    return {
        "windows": [
            {"name": "daily", "times": [{"times": _hours(hour - 2, 12), "location": ZONE}]},
            {
                "name": "payments",
                "times": [
                    {
                        "times": [{"start_time": "10:00", "end_time": "12:00"}],
                        "weekdays": ["tuesday", "thursday"],
                        "location": ZONE,
                    }
                ],
                "services": ["pay", "checkout", "ledger", "invoice"],
            },
        ],
        "freezes": [
            {
                "name": "quarter-end",
                "level": "soft",
                "periods": [_period(now, -2, 5)],
                "services": ["pay", "checkout", "ledger", "invoice"],
                "owner": LIN,
                "reason": "the books of the quarter are being closed",
                "allows": ["restart-cache"],
            },
            {
                "name": "black-friday",
                "level": "hard",
                "periods": [_period(now, 4, 9)],
                "owner": LIN,
                "reason": "a third of the year's orders",
            },
        ],
        # Over by now: what is in force this week is said above.
        "observation": {"from": today - timedelta(days=13), "days": 7, "owner": LIN},
        "standards": [{"name": name, **one} for name, one in STANDARDS.items()],
    }


def _hours(first: int, count: int) -> list[dict[str, str]]:
    """So many hours of the day from one on; past midnight they are two ranges."""
    start, end = first % 24, first % 24 + count
    ranges = [(start, end)] if end <= 24 else [(start, 24), (0, end - 24)]
    return [{"start_time": f"{low:02}:00", "end_time": f"{high:02}:00"} for low, high in ranges]


def _period(now: datetime, first: int, last: int) -> dict[str, str]:
    """From a day, counted from today, until another one."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = (midnight + timedelta(days=day) for day in (first, last))
    return {"start": start.isoformat(), "end": end.isoformat()}


def rota_settings(now: datetime) -> Mapping[str, object]:
    """Days, nights and weekends; it is the demo's user who has the days of this week."""
    today = now.astimezone(zone_of(ZONE)).date()
    monday = today - timedelta(days=today.weekday())
    workdays = ["mon", "tue", "wed", "thu", "fri"]
    return {
        "zone": ZONE,
        "rotations": [
            _rotation("weekday", workdays, "09:00", "23:00", [*DAYS], monday),
            _rotation("night", workdays, "23:00", "09:00", [*NIGHTS], monday),
            {
                **_rotation("weekend", ["sat", "sun"], "09:00", "09:00", [*WEEKENDS], monday),
                "backup_phone": "+1 202 555 0199",
            },
        ],
    }


def release_settings(service: str, now: datetime) -> Mapping[str, object]:
    now = now.replace(microsecond=0)
    known = [
        {"version": version, "at": (now - timedelta(hours=hours)).isoformat(), **more}
        for version, hours, more in RELEASES.get(service, ())
    ]
    return {"releases": known} if known else {}


def _rotation(
    name: str, days: list[str], start: str, end: str, people: list[str], first: date
) -> dict[str, object]:
    # Each its own objects: what stands twice would be written as a YAML alias.
    return {
        "name": name,
        "days": list(days),
        "start": start,
        "end": end,
        "people": people,
        "first": first.replace(),
    }
