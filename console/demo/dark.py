"""Scenarios of machines that do not answer: one, and those of a rack whose switch died."""

from __future__ import annotations

import math

from console.demo.inventory import HOSTS, SERVICES
from console.demo.metrics import CORE, Series, pairs
from console.demo.script import Bend, Scenario, Trouble, bend, gone, old_images, up_again
from console.demo.shape import ramp, step

DARK_SUMMARY = "web-2 answers nothing since two minutes: no SSH, no scrape, no service on it"
RACK_SUMMARY = "the switch of rack r10 dies: web-1 and data-1 are dark, with all databases"

SWITCH = "sw-r10-a"

EXPORTED = {"redis": "redis_up", "postgres": "pg_up", "rabbitmq": "rabbitmq_up"}
"""Services that an exporter watches, and what it says of them."""

_OLD = (("media", 9.4), ("loki", 33.1))


def host_dark() -> Scenario:
    """One of two edge machines is dark; the other one carries all of the traffic."""
    cause = "web-2"
    bends, troubles = dark(cause, "web-2", -130)
    more = (bend(cause, "=cpu", ramp((-130, 38), (-60, 71), (600, 79)), 90, host="web-1"),)
    return Scenario(
        "host-dark",
        DARK_SUMMARY,
        bends=(*bends, *more, *old_images(_OLD)),
        troubles=troubles,
    )


def rack_down() -> Scenario:
    """The machines of a rack with the databases: what needs them fails with them."""
    bends: list[Bend] = []
    troubles: list[Trouble] = []
    for host in HOSTS:
        if host.rack == "r10":
            more_bends, more_troubles = dark(SWITCH, host.name, -95)
            bends += more_bends
            troubles += more_troubles
    lost = {spec.name for spec in SERVICES if spec.host in ("web-1", "data-1")}
    for spec in SERVICES:
        if spec.namespace and lost & set(spec.depends_on):
            troubles.append(Trouble(SWITCH, spec.name, -90, status=503, ready_status=503))
            bends.append(bend(SWITCH, "=error_ratio", ramp((-90, 0.003), (-30, 0.4), (60, 0.8)),
                              45, service=spec.name))  # fmt: skip
    for page in ("product", "basket", "checkout-page", "account"):
        bends.append(bend(SWITCH, "probe_success", step(-80, 1, 0), 15, page=page))
    for endpoint in ("list-products", "search", "me"):
        bends.append(bend(SWITCH, "probe_success", step(-85, 1, 0), 15, endpoint=endpoint))
    for endpoint in ("place-order", "pay-order"):
        bends.append(bend(SWITCH, "=endpoint_errors", ramp((-90, 0.001), (-30, 0.6), (60, 0.97)),
                          45, endpoint=endpoint))  # fmt: skip
    switch = pairs(host=SWITCH, instance=f"{SWITCH}:161", job="switches", team="network",
                   rack="r10", zone="a")  # fmt: skip
    # It is asked once a minute by SNMP, and so is missed only when its hosts are too.
    return Scenario(
        "rack-down",
        RACK_SUMMARY,
        bends=(*bends, *old_images(_OLD)),
        troubles=tuple(troubles),
        more_series=(Series(CORE, "snmp_up", switch, up_again(-34, math.inf), whole=True),),
        more_cause=SWITCH,
    )


def dark(
    cause: str, host: str, start_s: float, end_s: float = math.inf
) -> tuple[tuple[Bend, ...], tuple[Trouble, ...]]:
    """A machine that answers nothing, and all that runs on it."""
    bends = [bend(cause, "up", up_again(start_s, end_s), 0, host=host, job="node")]
    troubles = [Trouble(cause, host, start_s, end_s, refuse=True)]
    for spec in SERVICES:
        if spec.place == host:
            seen, trouble = gone(cause, spec.name, start_s, end_s)
            bends.append(seen)
            troubles.append(trouble)
            if spec.name in EXPORTED:
                bends.append(bend(cause, EXPORTED[spec.name], up_again(start_s, end_s), 0))
    return tuple(bends), tuple(troubles)
