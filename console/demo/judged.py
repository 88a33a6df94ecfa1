"""What the demo's team agreed on about how a day and a week are judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from console.demo.inventory import USER_NAME
from console.demo.team import ZONE
from console.demo.week import LocalDays

BY_ALERT: Final[Mapping[str, str]] = {"SSLCertExpiringSoon": "P2", "PaymentErrors": "P0"}
"""Priorities that the team set by an alert's name."""

API_ERRORS: Final = (
    '100 * sum(increase(http_requests_total{code=~"5..",service="api"}[$window]))'
    ' / sum(increase(http_requests_total{service="api"}[$window]))'
)
ORDER_ERRORS: Final = (
    '100 * sum(increase(http_requests_total{code=~"5..",endpoint=~"$service"}[$window]))'
    ' / sum(increase(http_requests_total{endpoint=~"$service"}[$window]))'
)
THROUGHPUT: Final = "sum(rate(http_requests_total[$window]))"
PROCESSORS: Final = '100 - 100 * avg(rate(node_cpu_seconds_total{mode="idle"}[$window]))'

INSPECTION_DUE_S: Final = 2 * 3600.0
"""After the beginning, at whatever time of day that is."""
_WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip


def summary_settings(now: datetime, chat: Path | None) -> Mapping[str, object]:
    """The section `summary`. `chat`: the file with the address of the team's chat."""
    days = LocalDays(now)
    weekday = _WEEKDAYS[(days.today.weekday() - 2) % 7]
    found: dict[str, object] = {
        # The demo's servers share a process with the console: a week of their samples takes
        # seconds, and history has the same.
        "source": "history",
        "maintenance": [
            {
                "name": "registry clean-up",
                "times": [
                    {
                        "times": [{"start_time": "02:00", "end_time": "04:00"}],
                        "weekdays": [weekday],
                        "location": ZONE,
                    }
                ],
                "services": ["registry"],
            }
        ],
        "objectives": [
            {"name": "API error rate", "query": API_ERRORS, "source": "prom-core", "below": 1.0},
            {
                "name": "order error rate",
                "query": ORDER_ERRORS,
                "source": "prom-core",
                "below": 0.5,
                "services": ["place-order", "pay-order"],
            },
        ],
        "kpis": [
            {"name": "error rate", "query": API_ERRORS, "source": "prom-core"},
            {
                "name": "throughput",
                "query": THROUGHPUT,
                "source": "prom-core",
                "unit": "per second",
            },
            {"name": "resource use", "query": PROCESSORS, "source": "prom-core"},
            {
                "name": "security events",
                "value": 0.0,
                "unit": "count",
                "by": USER_NAME,
                "on": days.today,
            },
        ],
        "inspection": {"remind": True, "due": days.soon(INSPECTION_DUE_S)},
    }
    if chat is not None:
        team = {"name": "team", "kind": "slack", "url": {"file": str(chat)}}
        found["webhooks"] = [team]
    return found
