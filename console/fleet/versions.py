"""Which version of a service runs where, and whether that is the one that should."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from console.model.failure import Failure
from console.model.host import Container, Unit, containers_called, tag_of, unit_called
from console.model.registry import Service, ServiceType
from console.model.snapshot import Cell, HostState, NamespaceState
from console.model.workload import Workload
from console.safety.text import Raw, visible

_FLAVOUR: Final = re.compile(r"-(?!rc|alpha|beta|pre|dev|snapshot)[a-z][a-z0-9.]*$", re.IGNORECASE)
"""`-alpine` of an image's tag: the same program on another ground."""
_MOVING: Final = frozenset({"", "latest", "stable", "edge", "main", "master"})
"""Tags that name no version."""


class Version(msgspec.Struct, frozen=True):
    """One place where a version was told."""

    told_by: str
    """Safe to show: `http`, `container`, `pod api-7f9c on node-2`."""
    value: Raw


def versions_of(cell: Cell) -> Iterator[Version]:
    """What its health bodies and what runs it say."""
    for result in cell.probes:
        if result.facts.version:
            yield Version(result.probe.kind.value, result.facts.version)
    for report in cell.reports:
        if report.version:
            yield Version(report.runner.value, report.version)


def version_now(cell: Cell) -> Raw | None:
    """The version that runs, as it says itself, else as its image is tagged."""
    return next((version.value for version in versions_of(cell)), None)


def is_other(version: str | Raw, wanted: str | Raw) -> bool:
    """Whether they are certainly two different versions.

    `v2.1` is `2.1`, and `7.2.5-alpine` is `7.2.5`; `2.1-rc1` is not `2.1`. A tag that moves,
    such as `latest`, is never another one.
    """
    one, other = _bare(version), _bare(wanted)
    return one not in _MOVING and other not in _MOVING and one != other


def _bare(version: str | Raw) -> str:
    shown = _FLAVOUR.sub("", visible(version).strip())
    return shown[1:] if re.match(r"[vV]\d", shown) else shown


def has_drift(cell: Cell) -> bool:
    """Whether something else runs than the registry says."""
    wanted = cell.service.expected_version
    return wanted is not None and any(is_other(one.value, wanted) for one in versions_of(cell))


def siblings_of(service: Service, cells: Iterable[Cell]) -> Iterator[Cell]:
    """The same service elsewhere: one type and one `service_name`, or one name before `@`."""
    family = _family(service)
    for cell in cells:
        other = cell.service
        if other.type is service.type and other.name != service.name and _family(other) == family:
            yield cell


def _family(service: Service) -> str:
    if service.service_name:
        return service.service_name
    return service.name.partition("@")[0]


def workload_of(service: Service, namespace: NamespaceState | None) -> Workload | None:
    """What Kubernetes runs of a service."""
    if namespace is None or service.type is not ServiceType.K8S_DEPLOYMENT:
        return None
    called = Raw(service.unit)
    return next((work for work in namespace.workloads if work.name == called), None)


def containers_of(
    service: Service, host: HostState | None, cells: Iterable[Cell] = ()
) -> list[Container]:
    """What docker runs of a service: its container, or its replicas.

    Args:
        cells: among which the other services of its host are.
    """
    if host is None or host.facts is None or service.type is not ServiceType.DOCKER:
        return []
    held = host.facts.containers
    if held is None or isinstance(held, Failure):
        return []
    docker = (one.service for one in cells if one.service.type is ServiceType.DOCKER)
    others = {one.unit for one in docker if one.host == service.host and one.name != service.name}
    return containers_called(service.unit, held, others)


def unit_of(service: Service, host: HostState | None) -> Unit | None:
    """What systemd runs of a service."""
    if host is None or host.facts is None or service.type is not ServiceType.SYSTEMD:
        return None
    held = host.facts.units
    if held is None or isinstance(held, Failure):
        return None
    return unit_called(service.unit, held)


def shown_tag(image: Raw) -> str:
    """The tag of an image, safe to show; `latest` where none is named, as docker takes it."""
    named = tag_of(image)
    return "latest" if named is None else visible(named)
