"""Targets that an exporter asks for Prometheus: `up` speaks of the exporter alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from console.model.alert import Target, TargetHealth
from console.model.labels import Labels
from console.model.query import InstantAnswer
from console.safety.text import Raw

SUCCESS: Final = "probe_success"
"""1 or 0 for each target of a blackbox exporter."""
FAILS: Final = Raw("its exporter answers, and the probe fails: probe_success is 0")
UNTOLD: Final = Raw("its exporter answers, and probe_success is not known")


def is_probed(target: Target) -> bool:
    """Whether it is scraped as blackbox exporters are: `/probe?target=…`."""
    try:
        url = urlsplit(target.scrape_url.exact)
        return url.path.endswith("/probe") and bool(parse_qs(url.query).get("target"))
    except ValueError:
        return False


def judged(targets: Sequence[Target], told: InstantAnswer | None) -> tuple[Target, ...]:
    """`targets`, the probed ones that are up by what `told` says of them.

    Args:
        told: the answer to `SUCCESS`; `None` where there is none.
    """
    values: dict[tuple[str, str], float] = {}
    for sample in told.samples if told is not None else ():
        key = _key(sample.labels)
        # One address may be probed in several ways, of which the worst counts.
        values[key] = min(sample.value, values.get(key, sample.value))
    return tuple([_judged(target, values) for target in targets])


def _judged(target: Target, values: dict[tuple[str, str], float]) -> Target:
    if target.health is not TargetHealth.UP or not is_probed(target):
        return target
    value = values.get(_key(target.labels))
    if value == 1:
        return target
    health = TargetHealth.DOWN if value == 0 else TargetHealth.UNKNOWN
    error = FAILS if value == 0 else UNTOLD
    return msgspec.structs.replace(target, health=health, last_error=error)


def _key(labels: Labels) -> tuple[str, str]:
    return labels.exact("job"), labels.exact("instance")
