"""What alerts become one row by: labels, and what the console knows beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from console.model.labels import Labels
from console.model.policy import Policy
from console.model.registry import Service
from console.model.snapshot import KnownAlert
from console.triage.identity import row_key

CELL: Final = "@cell"
"""In `Policy.group_by`: the service that an alert is about."""
HOST: Final = "@host"
"""The host or namespace where that service lives; else the one that the labels name."""
OWNER: Final = "@owner"
"""The team that owns that service; else the label `owner` or `team`."""
ALERT: Final = "@alert"
"""The alert itself: a row each."""
KNOWN: Final = (CELL, HOST, OWNER, ALERT)

Services = Mapping[str, Service]

_HOST_LABELS: Final = ("host", "node", "hostname", "namespace")
_OWNER_LABELS: Final = ("owner", "team")
_WORKLOADS: Final = (
    "deployment", "statefulset", "daemonset", "cronjob", "job_name", "workload",
)  # fmt: skip

_LOOKED_AT: Final = 2000
"""Alerts among which shared labels are looked for."""
_OFFERED: Final = 4


class GroupKeys:
    """The key of the row in which an alert stands outside a storm."""

    def __init__(self, group_by: Sequence[str]) -> None:
        self._group_by = tuple(group_by)
        self._keys: dict[tuple[str, ...], str] = {}
        self.needs_services = HOST in group_by or OWNER in group_by
        """Whether the same alert may stand elsewhere once the services are others."""

    def of(self, known: KnownAlert, services: Services) -> str:
        """Stable for as long as what it is made of stays the same."""
        labels = known.alert.labels
        parts = tuple([
            _part(name, known, services) if name in KNOWN else labels.exact(name)
            for name in self._group_by
        ])  # fmt: skip
        key = self._keys.get(parts)
        if key is None:
            key = self._keys[parts] = row_key("alerts", parts)
        return key

    def forget(self) -> None:
        """Let go of the keys of alerts that may be gone."""
        self._keys = {}


def _part(name: str, known: KnownAlert, services: Services) -> str:
    if name == CELL:
        return _place(known)
    if name == HOST:
        return f"host {host_of(known, services)}"
    if name == OWNER:
        return f"owner {owner_of(known, services)}"
    return known.alert.fingerprint


def host_of(known: KnownAlert, services: Services) -> str:
    """Where an alert is: the place of its service, else what its labels name; may be empty."""
    service = services.get(known.cell) if known.cell is not None else None
    if service is not None:
        return service.place
    labels = known.alert.labels
    instance = labels.exact("instance")
    if instance:
        return instance.rpartition(":")[0] or instance
    return _first(labels, _HOST_LABELS)


def owner_of(known: KnownAlert, services: Services) -> str:
    """The team that an alert belongs to; may be empty."""
    service = services.get(known.cell) if known.cell is not None else None
    if service is not None and service.owner:
        return service.owner
    return _first(known.alert.labels, _OWNER_LABELS)


def _place(known: KnownAlert) -> str:
    """What stands for the service in a group; tagged, so that no instance is taken for one."""
    if known.cell is not None:
        return f"cell {known.cell}"
    labels = known.alert.labels
    instance = labels.exact("instance")
    if instance:
        return f"instance {instance}"
    return f"workload {labels.exact('namespace')} {workload_of(labels)}"


def workload_of(labels: Labels) -> str:
    """The Kubernetes workload that the labels name; empty where they name none."""
    return _first(labels, _WORKLOADS)


def _first(labels: Labels, names: Iterable[str]) -> str:
    for name in names:
        value = labels.exact(name)
        if value:
            return value
    return ""


def named_by(name: str, known: KnownAlert, services: Services) -> tuple[str, str] | None:
    """What a row is called that was made over `name`, as label and value; `None` for nothing."""
    if name == CELL:
        return None if known.cell is None else ("service", known.cell)
    if name == HOST:
        return _named("host", host_of(known, services))
    if name == OWNER:
        return _named("owner", owner_of(known, services))
    if name == ALERT:
        return None
    return _named(name, known.alert.labels.exact(name))


def _named(label: str, value: str) -> tuple[str, str] | None:
    return (label, value) if value else None


def ways_to_group(
    alerts: Sequence[KnownAlert], services: Services, policy: Policy
) -> tuple[tuple[str, ...], ...]:
    """The ways of making rows that are worth a look now, the policy's own first.

    Of the labels those that most alerts have, and that neither put all into one row nor each
    into its own.
    """
    ways = [policy.group_by, (CELL,)]
    looked_at = alerts[:_LOOKED_AT]
    for name, told in ((HOST, host_of), (OWNER, owner_of)):
        if any(told(known, services) for known in looked_at):
            ways.append((name,))
    values: dict[str, Counter[str]] = {}
    for known in looked_at:
        for label, value in known.alert.labels.exact_items():
            if label not in policy.ignore_labels:
                values.setdefault(label, Counter())[value] += 1
    offered = [
        (-counts.total(), len(counts), label)
        for label, counts in values.items()
        if counts.total() * 2 > len(looked_at) and 2 <= len(counts) <= counts.total() // 2
    ]
    ways += [(label,) for _, _, label in sorted(offered)[:_OFFERED]]
    return tuple(dict.fromkeys(ways))


def grouping_text(group_by: Sequence[str]) -> str:
    """`alertname, @cell`: in words for a person."""
    if tuple(group_by) == (ALERT,):
        return "none"
    return ", ".join(group_by) or "all"
