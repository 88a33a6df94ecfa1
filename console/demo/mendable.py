"""Scenarios of what one step mends: a worker, a runner, a backup, a leak, a query, a rule."""

from __future__ import annotations

from console.demo.script import EdgeRule, Query, Scenario, Trouble, bend, gone, old_images
from console.demo.shape import ramp, step

HOURS_SUMMARY = "a worker hangs, the CI runner is offline, a backup failed, clickhouse eats memory"
DATABASE_SUMMARY = (
    "one UPDATE locks a table in postgres: connections run out, a replica falls behind"
)
EDGE_SUMMARY = "a rule that is nine minutes old on web-1 breaks the basket and the checkout page"

HOUR_S = 3600.0
QUERY_PID = 48213
_OLD = (("media", 9.4), ("loki", 33.1))


def small_hours() -> Scenario:
    """Four faults of a night that have nothing to do with each other."""
    offline = -1500.0
    runner_seen, runner = gone("ci-runner", "ci-runner", offline)
    memory = ramp((-5400, 46), (-3000, 71), (-900, 88.5), (-310, 97), (-300, 79), (0, 89),
                  (1800, 97))  # fmt: skip
    killed = ramp((-291, 0), (-291, 1), (1800, 1), (1800, 0))
    bends = (
        bend("worker", "=worker_idle", ramp((-900, 2), (7200, 8102)), 5),
        bend("worker", "rabbitmq_queue_messages_ready",
             ramp((-900, 40), (0, 2311), (3600, 15400)), 120, queue="orders"),
        bend("ci-runner", "ci_runner_online", step(offline, 1, 0), 0),
        runner_seen,
        bend("backup", "=backup_age", ramp((-27 * HOUR_S, 6), (0, 33), (HOUR_S, 34)), 90),
        bend("memory", "=memory", memory, 45, host="data-1"),
        bend("memory", "=oom", killed, 60, service="clickhouse"),
    )  # fmt: skip
    troubles = (
        Trouble("worker", "worker", -900, ready_status=503,
                fields=(("consumer", "no heartbeat since 900 s, channel 3 is stuck"),)),
        runner,
        Trouble("backup", "backup-agent", -7 * HOUR_S, status=500,
                fields=(("dump of postgres", "connection reset at 71 %, not tried again"),)),
        Trouble("clickhouse once", "clickhouse", -300, -288, refuse=True, exit_code=137,
                oom_killed=True),
    )  # fmt: skip
    return Scenario(
        "small-hours",
        HOURS_SUMMARY,
        bends=(*bends, *old_images(_OLD)),
        troubles=troubles,
        remedies=(("worker", "worker"), ("backup-agent", "backup"), ("clickhouse", "memory")),
    )


def slow_database() -> Scenario:
    """A forgotten query that many wait for; without it all is well at once."""
    cause = "query"
    bends = (
        bend(cause, "pgbouncer_pool_used_ratio", ramp((-900, 0.41), (-420, 0.92), (0, 0.97)), 30),
        bend(cause, "pg_replication_lag_seconds", ramp((-760, 0.4), (0, 760), (7200, 7960)), 30),
        bend(cause, "=p95", ramp((-800, 0.3), (-500, 2.4), (600, 4.1)), 45, service="accounts"),
        bend(cause, "=p95", ramp((-760, 0.2), (-100, 1.9), (900, 2.8)), 45, service="pricing"),
    )
    slow = ramp((-800, 0.2), (0, 1.1))
    waiting = (Trouble(cause, name, -800, latency=slow) for name in ("accounts", "pricing"))
    return Scenario(
        "slow-database",
        DATABASE_SUMMARY,
        bends=(*bends, *old_images(_OLD)),
        troubles=tuple(waiting),
        remedies=(("pgbouncer", cause),),
        query=Query(
            cause, QUERY_PID, -780, "report_builder",
            "UPDATE orders SET exported_at = now() WHERE exported_at IS NULL",
        ),
    )  # fmt: skip


def edge_rule() -> Scenario:
    """The services are well, and users get 502: a rule of the proxy is newer than the trouble."""
    cause, at_s = "edge-rule", -540.0
    broken = step(at_s + 15, 1, 0)
    return Scenario(
        "edge-rule",
        EDGE_SUMMARY,
        bends=(
            bend(cause, "probe_success", broken, 0, page="basket"),
            bend(cause, "probe_success", broken, 0, page="checkout-page"),
            *old_images(_OLD),
        ),
        rule=EdgeRule(
            cause, "nginx-1", "/etc/nginx", at_s, "mei",
            "basket and checkout: send them to upstream checkout-v4",
        ),
    )  # fmt: skip
