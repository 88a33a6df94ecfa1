"""Scenarios of what comes slowly or again and again: a disk, a certificate, a flapping service."""

from __future__ import annotations

from console.demo.inventory import BY_NAME, DAY_S, K8S_HOST, pod_name
from console.demo.metrics import CORE, Series, pairs
from console.demo.script import Bend, Scenario, Trouble, bend, old_images
from console.demo.shape import Shape, ramp

DISK_SUMMARY = "the debug log of kafka fills a disk: 88 % now, over 90 % soon, full in an hour"
FLAPPING_SUMMARY = "search-api goes down and comes back every minute"
CERT_SUMMARY = "one certificate ends in three days, and another one ended yesterday"

PERIOD_S = 60
"""How long one time down and up takes."""
DOWN_S = 35
SINCE_S = -20 * 60
UNTIL_S = 3 * 3600

_OLD = (("media", 9.4), ("loki", 33.1), ("pricing", 12.6))


def disk_filling() -> Scenario:
    """A disk that somebody has to look at before it is full."""
    cause = "disk"
    used = ramp((-7200, 61), (-3600, 70.5), (0, 88.2), (90, 90), (900, 94.1), (3600, 99.6))
    left = ramp((-7200, 149), (-3600, 118), (-420, 0.9), (-380, -0.8), (3600, -31))
    volume = {"host": "data-1", "mountpoint": "/var/lib"}
    return Scenario(
        "disk-filling",
        DISK_SUMMARY,
        bends=(
            bend(cause, "=disk", used, 20, **volume),
            bend(cause, "=disk_left", left, 20, **volume),
            *old_images(_OLD),
        ),
        remedies=(("kafka", cause),),
    )


def flapping() -> Scenario:
    """A service whose alert comes and goes, and is one episode all the same."""
    cause = "search-api"
    spec = BY_NAME[cause]
    count = spec.replicas or 1
    bends: list[Bend] = [
        bend(cause, "up", _dips(1, 0), 0, service=cause, job="services"),
        bend(cause, "=replicas_missing", _dips(0, count), 0, service=cause),
        bend(cause, "kube_deployment_status_replicas_available", _dips(count, 0), 0,
             deployment=cause),
        bend(cause, "=restarts", ramp((SINCE_S, 0), (SINCE_S + 900, 15)), 0, service=cause),
        bend(cause, "=error_ratio", ramp((SINCE_S, 0.002), (SINCE_S + 240, 0.31)), 30,
             service=cause),
    ]  # fmt: skip
    pods = [
        Series(
            CORE, "kube_pod_status_ready",
            pairs(host=K8S_HOST, pod=pod_name(cause, spec.version, number), condition="true",
                  namespace=spec.namespace, service=cause, team=spec.owner),
            _dips(1, 0), whole=True,
        )
        for number in range(count)
    ]  # fmt: skip
    return Scenario(
        "flapping",
        FLAPPING_SUMMARY,
        bends=(*bends, *old_images(_OLD)),
        troubles=tuple(
            Trouble(cause, cause, start_s, start_s + DOWN_S, refuse=True, exit_code=1)
            for start_s in _falls()
        ),
        more_series=tuple(pods),
        more_cause=cause,
        remedies=((cause, cause),),
    )


def cert_expiring() -> Scenario:
    """A certificate that nobody renewed, and one for which it is too late."""
    cause = "tls"
    return Scenario(
        "cert-expiring",
        CERT_SUMMARY,
        bends=(
            bend(cause, "=cert_days", ramp((-11 * DAY_S, 14), (3 * DAY_S, 0)),
                 instance="vault.example.org:8200"),
            bend(cause, "=cert_days", ramp((-15 * DAY_S, 14), (-DAY_S, 0), (9 * DAY_S, -10)),
                 instance="registry.example.org:5000"),
            *old_images(_OLD),
        ),
        certificates=(("vault", 3 * DAY_S), ("registry", -DAY_S)),
        remedies=(("certbot", cause),),
    )  # fmt: skip


def _falls() -> range:
    return range(SINCE_S, UNTIL_S, PERIOD_S)


def _dips(rest: float, low: float) -> Shape:
    knots: list[tuple[float, float]] = []
    for start_s in _falls():
        knots += [(start_s, rest), (start_s, low)]
        knots += [(start_s + DOWN_S, low), (start_s + DOWN_S, rest)]
    return Shape(tuple(knots))
