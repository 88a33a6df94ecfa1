"""What each Prometheus of the demo scrapes, as its targets API lists it."""

from __future__ import annotations

import math

from console.demo.metrics import Series
from console.demo.wire import rfc3339_us
from console.demo.world import World

SCRAPE_S = 15.0


def targets_of(world: World, server: str) -> list[object]:
    """The active targets of one server, in the shape of `/api/v1/targets`."""

    def build() -> list[object]:
        scraped = (one for one in world.series if one.server == server and one.family == "up")
        return [_target(world, one) for one in scraped]

    return world.held(("targets", server), build)


def _target(world: World, series: Series) -> object:
    labels = dict(series.labels)
    instance, job = labels["instance"], labels["job"]
    at_s = math.floor(world.now_s() / SCRAPE_S) * SCRAPE_S
    # The state that the rules see now, not that of the last scrape: one world, one answer.
    is_up = world.value(series, float(world.now_s())) == 1
    url = f"http://{instance}/metrics"
    fault = "" if is_up else f'Get "{url}": dial tcp {instance}: connect: connection refused'
    more = {name: value for name, value in labels.items() if name != "instance"}
    return {
        "discoveredLabels": {
            "__address__": instance,
            "__metrics_path__": "/metrics",
            "__scheme__": "http",
            "__scrape_interval__": "15s",
            "__scrape_timeout__": "10s",
            **more,
        },
        "labels": labels,
        "scrapePool": job,
        "scrapeUrl": url,
        "globalUrl": url,
        "lastError": fault,
        "lastScrape": rfc3339_us(world.wall(at_s)),
        "lastScrapeDuration": 0.004 if is_up else 0.0007,
        "health": "up" if is_up else "down",
        "scrapeInterval": "15s",
        "scrapeTimeout": "10s",
    }
