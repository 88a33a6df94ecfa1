"""What a row of alerts is called, where it is, and what it says in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from console.model.registry import Service, ServiceType
from console.model.snapshot import KnownAlert
from console.safety.text import Raw
from console.triage.grouping import KNOWN, Services, named_by, workload_of

UNASSIGNED: Final = Raw("unassigned")
_NOTHING: Final = Raw("")
_SAID_IN: Final = ("summary", "description", "message")
_SHOWN: Final = 3
_COMPARED: Final = 2000
"""Alerts of one row that are compared; what differs in so many differs."""

Shared = tuple[tuple[str, Raw, int], ...]


def title_of(
    alerts: Sequence[KnownAlert], group_by: Sequence[str], services: Services | None = None
) -> Raw:
    """The alert's name; for alerts of several names, the label that they were grouped by."""
    first = alerts[0].alert
    name = first.name
    if len(alerts) == 1 or all(known.alert.name == name for known in alerts):
        return name or Raw("alert without a name")
    for label in group_by:
        named = named_by(label, alerts[0], services or {})
        if named is not None:
            return label_title(*named)
    return Raw(f"{len(alerts)} alerts")


def label_title(name: str, value: str) -> Raw:
    """`rack="r12"`: the title of a row that is made over a label."""
    return Raw(f'{name}="{value}"')


def where_of(alerts: Sequence[KnownAlert], services: Services) -> Raw:
    """`redis@data-1`; without a service the instance, else namespace and workload.

    Alerts in several places: how many, as `3 hosts`.
    """
    if len(alerts) == 1:
        return _where(alerts[0], services)
    found = {_spot(known, services) for known in alerts}
    if len(found) == 1:
        return _where(alerts[0], services)
    places = {place for place, _, _ in found}
    if len(places) == 1:
        return Raw(f"{len(found)} {_plural_of(found)}@{next(iter(places))}")
    nouns = {noun for _, _, noun in found}
    noun = nouns.pop() if len(nouns) == 1 else "place"
    return Raw(f"{len(places)} {noun}s")


def _where(known: KnownAlert, services: Services) -> Raw:
    if known.cell is not None:
        service = services.get(known.cell)
        return service_at(service) if service is not None else Raw(known.cell)
    labels = known.alert.labels
    if labels.exact("instance"):
        return labels.value_of("instance")
    inside = workload_of(labels) or labels.exact("pod")
    parts = [part for part in (labels.exact("namespace"), inside) if part]
    if parts:
        return Raw("/".join(parts))
    return labels.value_of("host") or labels.value_of("node") or UNASSIGNED


def service_at(service: Service) -> Raw:
    """`redis@data-1`: a service and the place where it lives, unless its name says that."""
    if service.type is ServiceType.HOST:
        return Raw(service.place)
    at = f"@{service.place}"
    if service.name.endswith(at) or f"{at}:" in service.name:
        return Raw(service.name)
    return Raw(f"{service.name}@{service.place}")


def _spot(known: KnownAlert, services: Services) -> tuple[str, str, str]:
    """Place, what stands there, and what such a place is called."""
    labels = known.alert.labels
    if known.cell is not None:
        service = services.get(known.cell)
        if service is None:
            return known.cell, "", "service"
        return service.place, service.name, place_noun(service)
    instance = labels.exact("instance")
    if instance:
        return instance.rpartition(":")[0] or instance, instance, "host"
    for name, noun in (("host", "host"), ("node", "host"), ("namespace", "namespace")):
        if labels.exact(name):
            return labels.exact(name), workload_of(labels) or labels.exact("pod"), noun
    return "", "", "place"


def _plural_of(found: set[tuple[str, str, str]]) -> str:
    if all(":" in name for _, name, _ in found):
        return "instances"
    return "workloads" if all(noun == "namespace" for _, _, noun in found) else "services"


def place_noun(service: Service) -> str:
    """What the place of a service is: `host`, `namespace`, else `place`."""
    if service.type is ServiceType.K8S_DEPLOYMENT:
        return "namespace"
    return "host" if service.host is not None else "place"


def summary_of(alerts: Sequence[KnownAlert]) -> Raw:
    """What one alert says of itself: the first line of its summary, description or message."""
    annotations = alerts[0].alert.annotations
    for name in _SAID_IN:
        text = annotations.exact(name)
        if text and not text.isspace():
            return Raw(text.strip().partition("\n")[0].rstrip())
    return _NOTHING


def compared(alerts: Sequence[KnownAlert], skip: frozenset[str]) -> tuple[Raw, Shared]:
    """What differs between the alerts of a group, in one line, and the labels most of them share.

    `skip` are labels that tell nothing here: those ignored, and those the row is named by.
    """
    names = Counter([known.alert.name.exact for known in alerts])
    seen: Counter[tuple[str, str]] = Counter()
    for known in alerts[:_COMPARED]:
        seen.update(known.alert.labels.exact_items())
    among = min(len(alerts), _COMPARED)
    shared = _shared(seen, among, skip)
    if len(names) > 1:
        parts = [f"{count:,} {name}" for name, count in _ranked(names)[:_SHOWN]]
        return Raw(", ".join(parts) + _more(len(names))), shared
    values: dict[str, list[str]] = {}
    for (name, value), count in seen.items():
        if count < among and name not in skip:
            values.setdefault(name, []).append(value)
    if not values:
        return summary_of(alerts), shared
    # The label that tells most of them apart; a short name first, `pod` before `container_id`.
    name = max(values, key=lambda each: (len(values[each]), -len(each), each))
    told = sorted(values[name])
    return Raw(f"{name} {', '.join(told[:_SHOWN])}{_more(len(told))}"), shared


def _shared(seen: Counter[tuple[str, str]], among: int, skip: frozenset[str]) -> Shared:
    most = [
        (name, value, count)
        for (name, value), count in seen.items()
        if count * 5 >= among * 4 and name not in skip and name != "alertname"
    ]
    most.sort(key=lambda each: (-each[2], each[0]))
    return tuple([(name, Raw(value), count) for name, value, count in most[:6]])


def _ranked(names: Counter[str]) -> list[tuple[str, int]]:
    return sorted(names.items(), key=lambda each: (-each[1], each[0]))


def _more(total: int) -> str:
    return f" +{total - _SHOWN}" if total > _SHOWN else ""


def labels_in_title(group_by: Sequence[str]) -> frozenset[str]:
    """The real labels of `group_by`: all alerts of a row agree in them."""
    return frozenset(name for name in group_by if name not in KNOWN)


def listed(names: Sequence[str]) -> str:
    """`redis, kafka, minio +2`."""
    return ", ".join(names[:_SHOWN]) + _more(len(names))
