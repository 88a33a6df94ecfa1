"""The scenarios by name."""

from __future__ import annotations

from collections.abc import Callable

from console.demo.creeping import (
    CERT_SUMMARY,
    DISK_SUMMARY,
    FLAPPING_SUMMARY,
    cert_expiring,
    disk_filling,
    flapping,
)
from console.demo.dark import DARK_SUMMARY, RACK_SUMMARY, host_dark, rack_down
from console.demo.inventory import USER_NAME
from console.demo.mendable import (
    DATABASE_SUMMARY,
    EDGE_SUMMARY,
    HOURS_SUMMARY,
    edge_rule,
    slow_database,
    small_hours,
)
from console.demo.script import (
    Bend,
    Outage,
    PostedSilence,
    Release,
    Scenario,
    Trouble,
    ack,
    bend,
    gone,
    kept_ack,
    old_images,
    replicas_lost,
)
from console.demo.shape import pulse, ramp, step
from console.demo.storm import STORM_SUMMARY, alert_storm

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86400.0

DEFAULT = "redis-down"

_SUMMARIES = {
    "calm": "a quiet shift: watchdogs and two old low-priority alerts",
    "redis-down": "redis was killed for lack of memory; what needs it degrades while you watch",
    "bad-deploy": "api v2.15.0 was rolled out three minutes ago and fails more and more requests",
    "alert-storm": STORM_SUMMARY,
    "source-lost": "the edge Prometheus dies after a minute and an Alertmanager restarts empty",
    "disk-filling": DISK_SUMMARY,
    "flapping": FLAPPING_SUMMARY,
    "cert-expiring": CERT_SUMMARY,
    "host-dark": DARK_SUMMARY,
    "rack-down": RACK_SUMMARY,
    "small-hours": HOURS_SUMMARY,
    "slow-database": DATABASE_SUMMARY,
    "edge-rule": EDGE_SUMMARY,
}

FOLDED = (
    ("media", 8.2), ("pricing", 9.5), ("invoice", 17.7), ("minio", 31.0), ("loki", 41.2),
)  # fmt: skip
"""Of services that nothing else happens to: an old alert must not stand before a new one."""

DISK_SILENCE = PostedSilence(
    (("alertname", "DiskFillingUp", False), ("host", "ops-1", False)),
    -3 * HOUR_S, 5 * HOUR_S, "kai", "OPS-412: the volume is being grown tonight",
)  # fmt: skip

BACKUP_SILENCE = PostedSilence(
    (("alertname", "BackupTooOld|RunnerOffline", True), ("host", "ops-1", False)),
    -5 * HOUR_S, 50 * MINUTE_S, "lin", "backup host moves to new disks",
)  # fmt: skip

OLD_ACK = kept_ack(
    USER_NAME, -5.2 * HOUR_S, 9 * MINUTE_S,
    "the debug log of api, asked its team [oncall 5e0c41b7a93d]",
    alertname="LogVolumeHigh", service="loki",
)  # fmt: skip
"""From the user's own console, as the mark tells, and so long ago that it reminds of it."""

UNUSED_SILENCE = PostedSilence(
    (("host", "db-2", False),),
    -2 * DAY_S, 5 * DAY_S, "yun", "OPS-377: db-2 is being taken out of service",
)  # fmt: skip
"""Of a host that is not there any more: it holds nothing."""

TONIGHT = PostedSilence(
    (("host", "web-2", False), ("alertname", "InstanceDown|HighCpuLoad", True)),
    6 * HOUR_S, 8 * HOUR_S, "lin", "kernel of web-2, tonight",
    told_s=-2 * HOUR_S,
)  # fmt: skip

ENDING_SILENCE = PostedSilence(
    (("alertname", "SSLCertExpiringSoon", False), ("instance", "shop.example.org:443", False)),
    -20 * HOUR_S, 110, "yun", "OPS-431: the new certificate is ordered",
)  # fmt: skip
"""It ends while you watch, and what it held fires again."""

ENDED_SILENCE = PostedSilence(
    (("service", "search-api", False),),
    -3 * HOUR_S, -40 * MINUTE_S, "mei", "load test of the search",
)  # fmt: skip


def calm() -> Scenario:
    """A quiet shift: two old low-priority alerts, everything else well."""
    return Scenario(
        "calm",
        _SUMMARIES["calm"],
        bends=old_images((("media", 9.4), ("loki", 33.1))),
    )


def redis_down() -> Scenario:
    """Redis is killed for lack of memory, after an hour in which it filled up."""
    killed_s = -231.0
    cause = "redis"
    memory = ramp((-5400, 0.62), (-3000, 0.91), (killed_s, 0.99), (killed_s, 0.0))
    slow = ramp((-4200, 0.3), (-3400, 1.6), (-3150, 2.3), (-600, 2.6), (0, 2.9), (600, 3.6))
    # Not over its threshold for the five minutes that the rule waits.
    host = ramp((-5400, 46), (-3000, 71), (-420, 84), (killed_s, 98), (killed_s, 41))
    bends = (
        bend(cause, "=redis_memory", memory, 60),
        bend(cause, "=memory", host, 60, host="data-1"),
        bend(cause, "redis_up", step(killed_s + 9, 1, 0), 0),
        bend(cause, "=oom", pulse(killed_s + 9, killed_s + 609, 0, 1), 0, service="redis"),
        bend(cause, "=p95", slow, 60, service="api"),
        bend(cause, "=error_ratio", ramp((-222, 0.002), (-102, 0.045), (-96, 0.052), (60, 0.12)),
             60, service="api"),
        *replicas_lost(cause, "session", -150, 1),
        bend(cause, "rabbitmq_queue_messages_ready",
             ramp((-222, 40), (0, 4112), (3600, 68000)), 240, queue="orders"),
        bend(cause, "=worker_idle", ramp((killed_s, 2), (killed_s + 7200, 7202)), 5),
        bend(cause, "probe_duration_seconds",
             ramp((-222, 0.6), (-30, 1.9), (-15, 2.1), (300, 3.4)), 45, page="checkout-page"),
        bend(cause, "probe_duration_seconds", ramp((-3400, 0.1), (-300, 0.7), (300, 1.2)), 45,
             endpoint="me"),
        bend(cause, "=endpoint_errors", ramp((-222, 0.001), (-102, 0.03), (600, 0.09)), 60,
             endpoint="place-order"),
    )  # fmt: skip
    troubles = (
        Trouble(cause, "redis", killed_s, refuse=True, exit_code=137, oom_killed=True),
        Trouble(cause, "api", -3400, latency=ramp((-3400, 0.6), (-300, 1.1), (0, 1.6))),
        Trouble(cause, "worker", killed_s, ready_status=503),
        Trouble(cause, "session", killed_s, status=503),
    )
    return Scenario(
        "redis-down",
        _SUMMARIES["redis-down"],
        bends=(*bends, *_usual_noise(), *old_images(FOLDED)),
        troubles=troubles,
        silences=(
            kept_ack("mei", -46 * MINUTE_S, 6 * MINUTE_S, "redis is filling up, watching it",
                     alertname="SlowResponse", service="api"),
            OLD_ACK,
            ack("lin", 45, 45 + 15 * MINUTE_S, "asked the payment provider, PSP-2291",
                alertname="PaymentCallbackDelayed", service="ledger"),
            DISK_SILENCE,
            BACKUP_SILENCE,
            ENDING_SILENCE,
            ENDED_SILENCE,
            UNUSED_SILENCE,
            TONIGHT,
        ),
    )  # fmt: skip


def _usual_noise() -> tuple[Bend, ...]:
    """What is always somewhere: silenced, slow or nearly over."""
    return (
        bend("disk", "=disk", ramp((-9 * HOUR_S, 71), (-4 * HOUR_S, 90.5), (4 * HOUR_S, 95)),
             host="ops-1", mountpoint="/var/lib"),
        bend("backup", "=backup_age", ramp((-26 * HOUR_S, 5), (-5 * HOUR_S, 26), (0, 31))),
        bend("tls", "=cert_days", ramp((-20 * DAY_S, 32), (12 * DAY_S, 0)),
             instance="shop.example.org:443"),
        bend("ledger", "=callback_delay", ramp((-1200, 2), (-800, 72), (600, 95))),
        bend("sms", "sms_delivery_seconds", ramp((-1500, 9), (-1300, 70), (20, 88), (50, 41)),
             service="sms-gateway"),
        bend("search", "=search_p99", pulse(-400, 55, 0.4, 1.4)),
        bend("logs", "=log_bytes", ramp((-3 * DAY_S, 2.2), (-2 * DAY_S, 5.6))),
        bend("assistant", "=error_ratio", pulse(-40, 40, 0.003, 0.07), service="assistant"),
        bend("web-1", "=cpu", ramp((-400, 44), (-240, 83), (600, 91)), host="web-1"),
    )  # fmt: skip


def bad_deploy() -> Scenario:
    """A release of the API that fails more and more requests."""
    cause = "api"
    errors = ramp((-150, 0.002), (8, 0.049), (12, 0.052), (240, 0.19), (900, 0.27))
    bends = (
        bend(cause, "=versions", step(-180, 1, 2), 0, service="api"),
        bend(cause, "=error_ratio", errors, 60, service="api"),
        bend(cause, "=p95", ramp((-150, 0.4), (300, 2.4), (900, 3.1)), 60, service="api"),
        bend(cause, "=restarts", ramp((40, 0), (40, 2), (75, 2), (75, 4)), 0, service="api"),
        *replicas_lost(cause, "api", 30, 2),
        bend(cause, "=error_ratio", ramp((60, 0.003), (300, 0.08)), 60, service="checkout"),
        bend(cause, "probe_success", step(150, 1, 0), 15, endpoint="list-products"),
        bend(cause, "=endpoint_errors", ramp((-150, 0.001), (60, 0.09), (240, 0.16), (900, 0.24)),
             60, endpoint="place-order"),
        bend(cause, "probe_duration_seconds", ramp((0, 0.4), (240, 3.0)), 30, page="product"),
    )  # fmt: skip
    return Scenario(
        "bad-deploy",
        _SUMMARIES["bad-deploy"],
        bends=(*bends, *old_images(FOLDED)),
        troubles=(
            Trouble(cause, "api", 40, ready_status=503),
            Trouble(cause, "api", 132, status=500),
            Trouble(cause, "checkout", 150, ready_status=503),
        ),
        releases=(Release("api", -180, "2.15.0"),),
    )


def source_lost() -> Scenario:
    """The edge Prometheus dies for six minutes; one Alertmanager restarts empty."""
    lost_s, back_s = 60.0, 420.0
    seen, trouble = gone("prometheus-edge", "prometheus-edge", lost_s, back_s)
    member_seen, member = gone("alertmanager-b", "alertmanager-b", 45.0, 75.0)
    bends = (
        bend("storefront", "probe_success", pulse(-11 * MINUTE_S, 200, 1, 0), page="account"),
        bend("storefront", "probe_duration_seconds", ramp((-1500, 0.6), (-1300, 2.4)),
             page="basket"),
        bend("tls", "=cert_days", ramp((-10 * DAY_S, 19), (9 * DAY_S, 0)),
             instance="shop.example.org:443"),
        bend("sms", "sms_delivery_seconds", ramp((-40 * MINUTE_S, 9), (-30 * MINUTE_S, 95)),
             service="sms-gateway"),
        bend("postgres", "pg_replication_lag_seconds", ramp((-900, 0.4), (-600, 48))),
        bend("search", "=search_p99", pulse(-400, 150, 0.4, 1.4)),
    )  # fmt: skip
    return Scenario(
        "source-lost",
        _SUMMARIES["source-lost"],
        bends=(*bends, seen, member_seen, *old_images(FOLDED[:4])),
        troubles=(
            trouble, member,
            Trouble("storefront", "storefront", -11 * MINUTE_S, 200, latency=step(0, 0.7, 0.7)),
        ),
        outages=(
            Outage("prometheus-edge", lost_s, back_s),
            Outage("alertmanager-b", 45.0, 75.0),
        ),
    )  # fmt: skip


_BUILDERS: dict[str, Callable[[], Scenario]] = {
    "calm": calm,
    "redis-down": redis_down,
    "bad-deploy": bad_deploy,
    "alert-storm": alert_storm,
    "source-lost": source_lost,
    "disk-filling": disk_filling,
    "flapping": flapping,
    "cert-expiring": cert_expiring,
    "host-dark": host_dark,
    "rack-down": rack_down,
    "small-hours": small_hours,
    "slow-database": slow_database,
    "edge-rule": edge_rule,
}


def scenario_names() -> tuple[tuple[str, str], ...]:
    """Every scenario's name and what happens in it, in one line."""
    return tuple(_SUMMARIES.items())


def scenario_by_name(name: str) -> Scenario:
    """The scenario of that name.

    Raises:
        KeyError: no scenario has that name; the text lists those that exist.
    """
    if name not in _BUILDERS:
        raise KeyError(f"no scenario {name!r}; there are: {', '.join(_BUILDERS)}")
    return _BUILDERS[name]()
