"""Adds proposed hosts and services to `services.yaml` and leaves everything else as it is.

Nothing that stands in the file is read and written again: lines are put in below the last
entry of a section, or a section at the end, so that comments, order and every byte that a
person wrote stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

import msgspec

from config.fault import Fault, SettingsFaults
from config.kinds import name_fault
from config.load import SERVICES_FILE, parse_services
from config.services import ServicesFile
from config.yaml_nodes import Mapping, Node, Scalar, read
from config.yaml_nodes import Sequence as YamlList
from config.yaml_text import entry_lines
from console.model.registry import Host, Registry, Service, ServiceType

_SECTIONS: Final = ("hosts", "services")


class Proposal(msgspec.Struct, frozen=True):
    """What `services.yaml` would be, and what is new in it."""

    text: str
    hosts: tuple[str, ...] = ()
    """Names of the added ones."""
    services: tuple[str, ...] = ()


def propose(registry: Registry, existing: str | None) -> Proposal:
    """`existing` with the hosts and services of `registry` that it does not have yet.

    A host is known by its name or its address, a service by its name, by one of its scrape
    targets or by namespace and job, so that one that was renamed is not added again. Pages and
    API endpoints of `registry` are left out: no source knows them. So are names that no file
    could have.

    Raises:
        SettingsFaults: `existing` has faults, or is written so that lines cannot be added.
    """
    text = existing or ""
    file = _checked(text)
    hosts = {
        host.name: host
        for host in registry.hosts
        if name_fault(host.name) is None and not _has_host(file, host)
    }
    services = {
        service.name: service
        for service in registry.services
        if service.type not in (ServiceType.PAGE, ServiceType.API)
        and name_fault(service.name) is None
        and not _has_service(file, service)
    }
    if not hosts and not services:
        return Proposal(text)
    # From the last section to the first, so that line numbers above stay true.
    root = _root(text)
    added: dict[str, list[list[tuple[str, object]]]] = {
        "hosts": [_host_entry(host) for host in hosts.values()],
        "services": [_service_entry(service) for service in services.values()],
    }
    written = {name: root.value_of(name) for name in _SECTIONS}
    order = sorted(_SECTIONS, key=lambda name: _line(written[name]), reverse=True)
    for name in order:
        if added[name]:
            text = _with(text, root, name, added[name])
    merged = _checked(text)
    _require_kept(file, merged)
    return Proposal(text, tuple(hosts), tuple(services))


def _with(text: str, root: Mapping, name: str, entries: list[list[tuple[str, object]]]) -> str:
    node = root.value_of(name)
    ending = "\r\n" if "\r\n" in text else "\n"
    if root.flow:
        _refuse(root, "", "expected `key: value` lines, to add to them, got `{...}`")
    if node is None:
        if any(line.startswith("...") for line in text.split("\n")):
            _refuse(root, "", "expected no `...` line at the end of the document")
        gap = "" if not text or text.endswith("\n") else ending
        gap += ending if text.strip() else ""
        return text + gap + _block([f"{name}:"], entries, 2, ending)
    if isinstance(node, Scalar) and node.plain and not node.text:
        at, indent = next(key.line for key, _ in root.entries if key.text == name), 2
    elif isinstance(node, YamlList) and not node.flow:
        at, indent = node.end_line, node.column - 1
    else:
        _refuse(node, name, f"expected `{name}` as lines that begin with `- `, to add to them")
    lines = text.split("\n")
    above, below = "\n".join(lines[:at]), "\n".join(lines[at:])
    # Only the file's very last line may lack its break.
    gap = "\n" if len(lines) > at else ending
    return above + gap + _block([], entries, indent, ending) + below


def _block(
    head: list[str], entries: list[list[tuple[str, object]]], indent: int, ending: str
) -> str:
    lines = [" " * indent + line for entry in entries for line in entry_lines(entry)]
    return "".join(line + ending for line in head + lines)


def _has_host(file: ServicesFile, host: Host) -> bool:
    return any(
        each.name == host.name or (host.address is not None and each.address == host.address)
        for each in file.hosts
    )


def _has_service(file: ServicesFile, service: Service) -> bool:
    names = [*(each.name for each in file.services), *(each.name for each in file.pages)]
    names += [each.name or f"{each.method} {each.path}" for each in file.api_endpoints]
    if service.name in names:
        return True
    job = dict(service.labels).get("job")
    if job is not None and service.namespace is not None and not service.instances:
        # A workload of many pods has no scrape target that lasts.
        for each in file.services:
            if each.namespace == service.namespace and each.labels.get("job") == job:
                return True
    instances = {name for each in file.services for name in each.instances}
    instances |= {f"{each.host}:{each.port}" for each in file.services if each.port is not None}
    return not instances.isdisjoint(service.instances)


def _host_entry(host: Host) -> list[tuple[str, object]]:
    plain = Host(host.name)
    entry: list[tuple[str, object]] = [("name", host.name)]
    for field in ("address", "user", "port", "jump", "transport", "sudo", "roles"):
        value = getattr(host, field)
        if value != getattr(plain, field):
            entry.append((field, value))
    if host.labels:
        entry.append(("labels", dict(host.labels)))
    return entry


def _service_entry(service: Service) -> list[tuple[str, object]]:
    # One that is known from its scrape target alone is not asked for its health.
    scraped = service.type is ServiceType.TARGET
    kind = ServiceType.HTTP if scraped else service.type
    probe = "none" if scraped and service.health is None else None
    flags = {
        name: True
        for name in ("prometheus", "sentry", "otel", "langfuse")
        if getattr(service.monitoring, name) or (scraped and name == "prometheus")
    }
    candidates: Sequence[tuple[str, object]] = (
        ("name", service.name),
        ("type", str(kind)),
        ("host", service.host),
        ("namespace", service.namespace),
        ("port", service.port),
        ("base_url", service.base_url),
        ("health_endpoint", service.health),
        ("ready_endpoint", service.ready),
        ("probe", probe),
        ("service_name", service.service_name),
        ("monitoring", flags or None),
        ("alerts", service.alerts or None),
        ("owner", service.owner),
        ("depends_on", service.depends_on or None),
        ("critical", service.critical or None),
        ("replicas", service.replicas),
        ("labels", dict(service.labels) or None),
        ("instances", service.instances or None),
    )
    return [(name, value) for name, value in candidates if value is not None]


def _line(node: Node | None) -> int:
    # A section that is not there is put at the end, hosts before services.
    return 0 if node is None else node.line


def _root(text: str) -> Mapping:
    root = read(text.encode(), SERVICES_FILE)
    if isinstance(root, tuple):
        raise SettingsFaults(root)
    return root


def _checked(text: str) -> ServicesFile:
    faults: list[Fault] = []
    file = parse_services(text.encode("utf-8", "replace"), faults)
    if faults or file is None:
        raise SettingsFaults(faults)
    return file


def _refuse(node: Node, path: str, message: str) -> NoReturn:
    raise SettingsFaults([Fault(SERVICES_FILE, node.line, node.column, path, message)])


def _require_kept(before: ServicesFile, after: ServicesFile) -> None:
    kept = all(
        getattr(after, name)[: len(getattr(before, name))] == getattr(before, name)
        for name in ("hosts", "services", "pages", "api_endpoints")
    )
    if not kept or after.base_url != before.base_url or after.thresholds != before.thresholds:
        message = "cannot be added to without changing what stands there; add the entries by hand"
        raise SettingsFaults([Fault(SERVICES_FILE, 0, 0, "", message)])
