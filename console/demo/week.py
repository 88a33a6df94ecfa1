"""What happened in the fourteen days before the story begins, as its team would tell of it.

Nearly all of it is dips in the series that the rules read; the console's history, what
Prometheus has, the alerts of those days and the journal are made from the same ones, so that
they agree. Seconds are the script's: 0 is the moment at which the world starts.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta

import msgspec

from config.rota import moment_of, zone_of
from console.demo.inventory import DAY_S, USER_NAME
from console.demo.metrics import LabelPairs, Series, pairs
from console.demo.team import LIN, MEI, YUN, ZONE, duty_of

DAYS = 14
"""So that the last seven compare with those before."""
MINUTE_S = 60.0
HOUR_S = 3600.0
QUIET_S = -2 * HOUR_S
"""From here on it is the scenario that tells what happens."""

CARDS_S = -29 * HOUR_S - 4 * MINUTE_S
"""When card payments began to be refused; likewise for what else the journal tells of."""
SMS_S = -5 * HOUR_S
POOL_S = -19 * HOUR_S
CANARY_S = -3 * DAY_S
RUNNER_S = -4 * DAY_S - 7 * HOUR_S
BACKUP_S = -5 * DAY_S - 9 * HOUR_S
SLOW_SEARCH_S = -9 * DAY_S - 5 * HOUR_S

WATCHED_SINCE = {"vector-store": (2, 15.0)}
"""Services that are newly watched: since how many days, and from which hour of the day on."""

_RHYTHM = (
    0.78, 0.74, 0.71, 0.70, 0.70, 0.72, 0.78, 0.86, 0.95, 1.02, 1.08, 1.10,
    1.12, 1.08, 1.05, 1.05, 1.06, 1.08, 1.12, 1.20, 1.28, 1.25, 1.10, 0.92,
)  # fmt: skip
_LEVEL_S = 6 * HOUR_S


class Turn(msgspec.Struct, frozen=True):
    """Something that went wrong for a while, and who saw to it."""

    family: str
    want: LabelPairs
    start_s: float
    end_s: float
    value: float
    acked_by: str | None = None
    """`None`: as it is usual in this team; empty: nobody took it."""
    acked_s: float = 0.0
    """Since it fired."""
    is_silenced: bool = False
    """A silence that is no ack covered it."""

    def is_of(self, series: Series) -> bool:
        """Whether it is told by this series."""
        return series.family == self.family and series.has(self.want)


class LocalDays:
    """The team's days around the start of a world."""

    def __init__(self, start: datetime) -> None:
        """`start`: an aware moment."""
        self.start = start.replace(microsecond=0)
        self._zone = zone_of(ZONE)
        self.today = self.start.astimezone(self._zone).date()
        self._midnight_s = self.at(0, 0)

    def at(self, days_ago: int, hour: float) -> float:
        """The script second of a local hour, `21.5` for half past nine in the evening."""
        day = self.today - timedelta(days=days_ago)
        midnight = moment_of(day, time(), self._zone)
        return (midnight - self.start).total_seconds() + hour * HOUR_S

    def moment(self, days_ago: int, hour: float) -> datetime:
        """The same as an aware moment."""
        return self.start + timedelta(seconds=self.at(days_ago, hour))

    def soon(self, later_s: float) -> str:
        """The time of day `later_s` seconds after the start, `23:59` where that is tomorrow."""
        local = (self.start + timedelta(seconds=later_s)).astimezone(self._zone)
        return f"{local:%H:%M}" if local.date() == self.today else "23:59"

    @property
    def first_s(self) -> float:
        """The beginning of the first of the days."""
        return self.at(DAYS - 1, 0)

    @property
    def slept_s(self) -> tuple[float, float]:
        """When the recorder's machine slept, so that nobody wrote anything down."""
        return self.at(5, 0.4), self.at(5, 1.5)

    @property
    def search_down_s(self) -> tuple[float, float]:
        """When the search did not answer."""
        return self.at(4, 21.2), self.at(4, 21.2) + 43 * MINUTE_S

    @property
    def replica_moved_s(self) -> tuple[float, float]:
        """The window in which the replica went to a new disk."""
        return self.at(3, 2), self.at(3, 4)

    @property
    def maintained_s(self) -> tuple[float, float]:
        """The hours in which the registry may be down, this week's; each week has them."""
        return self.at(2, 2), self.at(2, 4)

    def duty_of(self, at_s: float) -> str:
        """Who had the pager."""
        return duty_of(self.start + timedelta(seconds=at_s), self.start)

    def since_s(self, service: str) -> float | None:
        """Since when a newly watched service is watched; `None`: as long as the others."""
        known = WATCHED_SINCE.get(service)
        return None if known is None else self.at(*known)

    def rhythm(self, at_s: float) -> float:
        """By how much an answer takes longer at this hour than at an ordinary one.

        It fades out before the story, whose own lines have the last word.
        """
        hour = int((at_s - self._midnight_s) // HOUR_S) % 24
        return 1 + (_RHYTHM[hour] - 1) * min(1.0, max(0.0, -at_s / _LEVEL_S))


def turns_of(start: datetime, seed: int) -> tuple[Turn, ...]:
    """All that happened; the same for one start and one seed."""
    days = LocalDays(start)
    found = (*_this_week(days), *_of_journal(), *_week_before(days), *_noise(days, seed))
    return tuple(one for one in found if one.end_s <= QUIET_S)


def share_of(key: str) -> float:
    """A number in [0, 1] that is always the same for one key."""
    return zlib.crc32(key.encode()) / 0xFFFFFFFF


def _down(
    service: str, start_s: float, minutes: float, acked_by: str | None = None, acked_s: float = 0
) -> Turn:
    """A service that no scrape reached."""
    want = pairs(job="services", service=service)
    return Turn("up", want, start_s, start_s + minutes * MINUTE_S, 0, acked_by, acked_s)


def _unseen(
    start_s: float, minutes: float, acked_by: str | None = None, acked_s: float = 0, **want: str
) -> Turn:
    """A page, an endpoint or somebody else's service that failed from outside."""
    end_s = start_s + minutes * MINUTE_S
    return Turn("probe_success", pairs(**want), start_s, end_s, 0, acked_by, acked_s)


def _this_week(days: LocalDays) -> Iterator[Turn]:
    yield _down("minio", days.at(6, 4.65), 5)
    slow_s, over_s = days.at(5, 10.1), days.at(5, 18.7)
    yield Turn("probe_duration_seconds", pairs(job="pages", page="product"), slow_s, over_s, 2.6,
               YUN, 84 * MINUTE_S)  # fmt: skip
    gone_s, back_s = days.search_down_s
    minutes = (back_s - gone_s) / MINUTE_S
    yield _down("search-api", gone_s, minutes, MEI, 4 * MINUTE_S)
    yield _unseen(gone_s + 15, minutes, MEI, 4 * MINUTE_S, endpoint="search")
    yield from _replicas_gone("search-api", gone_s, back_s, 2)
    moved_s = days.replica_moved_s[0] + 6 * MINUTE_S
    replica = msgspec.structs.replace(_down("postgres-replica", moved_s, 24), is_silenced=True)
    yield replica
    yield Turn("pg_replication_lag_seconds", (), moved_s + 24 * MINUTE_S, moved_s + 41 * MINUTE_S,
               620, is_silenced=True)  # fmt: skip
    # Six minutes longer than its hours.
    yield _down("registry", days.maintained_s[0] + 88 * MINUTE_S, 38, "", 0)
    for number in range(5):
        # The first one wakes nobody up in time.
        by = YUN if number == 4 else ""
        yield _down("websocket", days.at(2, 5.2) + number * 700, 95 / 60, by, 20)
    yield _down("notify", days.at(1, 3.2), 8, "")
    yield Turn("=search_p99", (), days.at(6, 14), days.at(6, 14.6), 1.9, is_silenced=True)
    yield Turn("=disk", pairs(host="ops-1", mountpoint="/"), days.at(1, 1.5), days.at(1, 9.9), 91.4,
               LIN, 110 * MINUTE_S)  # fmt: skip


def _of_journal() -> Iterator[Turn]:
    """What the journal's incidents and changes of these days are about."""
    yield Turn("=payment_failures", (), CARDS_S + 4 * MINUTE_S, CARDS_S + 41 * MINUTE_S, 0.115,
               LIN, MINUTE_S)  # fmt: skip
    yield Turn("sms_delivery_seconds", (), SMS_S + 9 * MINUTE_S, SMS_S + 71 * MINUTE_S, 95,
               YUN, MINUTE_S)  # fmt: skip
    yield Turn("pgbouncer_pool_used_ratio", (), POOL_S - 31 * MINUTE_S, POOL_S + 4 * MINUTE_S,
               0.96, YUN, 13 * MINUTE_S)  # fmt: skip
    api = pairs(namespace="shop", service="api")
    yield Turn("=error_ratio", api, CANARY_S + 5 * MINUTE_S, CANARY_S + 26.5 * MINUTE_S, 0.074,
               YUN, 6 * MINUTE_S)  # fmt: skip
    yield Turn("ci_runner_online", (), RUNNER_S - 41 * MINUTE_S, RUNNER_S + 2.1 * MINUTE_S, 0,
               LIN, 35 * MINUTE_S)  # fmt: skip
    yield Turn("=backup_age", (), BACKUP_S + 12 * MINUTE_S, BACKUP_S + 70 * MINUTE_S, 26.4,
               USER_NAME, 3 * MINUTE_S)  # fmt: skip
    yield Turn("=search_p99", (), SLOW_SEARCH_S + 9 * MINUTE_S, SLOW_SEARCH_S + 47 * MINUTE_S, 6,
               "", 0)  # fmt: skip


def _week_before(days: LocalDays) -> Iterator[Turn]:
    yield _down("nginx-1", days.at(12, 13.3), 11, MEI, 5 * MINUTE_S)
    yield _unseen(days.at(12, 13.31), 9, MEI, 4 * MINUTE_S, page="home")
    yield _down("auth", days.at(11, 15.1), 47, LIN, 7 * MINUTE_S)
    yield _down("accounts", days.at(11, 15.12), 44, LIN, 9 * MINUTE_S)
    yield from _replicas_gone("auth", days.at(11, 15.1), days.at(11, 15.1) + 47 * MINUTE_S, 2)
    yield _down("kafka", days.at(10, 22.5), 58, MEI, 18 * MINUTE_S)
    yield _down("inventory", days.at(10, 22.55), 36, MEI, 15 * MINUTE_S)
    yield _down("varnish-2", days.at(8, 4.1), 18, "")
    yield _unseen(days.at(8, 20.4), 16, YUN, 8 * MINUTE_S, page="basket")
    yield Turn("probe_duration_seconds", pairs(page="checkout-page"), days.at(10, 20.0),
               days.at(10, 21.7), 2.3)  # fmt: skip


def _noise(days: LocalDays, seed: int) -> Iterator[Turn]:
    """Two alerts that come again and again, and for which nobody gets up."""
    vectors = pairs(queue="vectors")
    at_s, week_s = days.first_s, days.at(6, 0)
    number = 0
    while at_s < QUIET_S:
        key = f"{seed}/vectors/{number}"
        often = (1.2, 4.1) if at_s >= week_s else (2.6, 7.0)
        at_s += round((often[0] + often[1] * share_of(key)) * HOUR_S)
        lasting_s = 120 + 170 + round(share_of(f"{key}/for") * 560)
        by = "" if number % 23 != 11 else days.duty_of(at_s)
        yield Turn("rabbitmq_queue_messages_ready", vectors, at_s, at_s + lasting_s, 1450, by, 150)
        at_s += lasting_s
        number += 1
    for ago in range(DAYS):
        # The nightly builds.
        start_s = days.at(ago, 2.5)
        end_s = start_s + 1260 + round(300 * share_of(f"{seed}/builds/{ago}"))
        yield Turn("=cpu", pairs(host="k8s-1"), start_s, end_s, 86, "")


def _replicas_gone(service: str, start_s: float, end_s: float, lost: int) -> Iterable[Turn]:
    missing = Turn("=replicas_missing", pairs(service=service), start_s, end_s, lost, "")
    available = "kube_deployment_status_replicas_available"
    return missing, Turn(available, pairs(deployment=service), start_s, end_s, 0)
