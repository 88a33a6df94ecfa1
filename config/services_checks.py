"""What the types of `services.yaml` cannot say: names that must exist, what a probe needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from config.endpoints import endpoint_kind
from config.fault import meant, quoted
from config.services import ApiEntry, HostEntry, PageEntry, ServiceEntry, ServicesFile
from config.validate import Checked
from console.model.probe import ProbeKind
from console.model.registry import LOCAL


def names_of(file: ServicesFile) -> frozenset[str]:
    """By what the services, the pages and the endpoints of `file` are called."""
    names = {entry.name for entry in file.services} | {page.name for page in file.pages}
    return frozenset(names | {_api_name(api) for api in file.api_endpoints})


def _api_name(api: ApiEntry) -> str:
    return api.name or f"{api.method} {api.path}"


def check_services(checked: Checked[ServicesFile]) -> None:
    """Note in `checked` all that is wrong between the parts of `services.yaml`."""
    file = checked.value
    if file is None:
        return
    checked.require_unique("host", ("hosts",))
    sections = ("services",), ("pages",), ("api_endpoints",)
    unnamed: dict[str, ApiEntry] = {}
    for api in file.api_endpoints:
        if api.name is None:
            unnamed.setdefault(_api_name(api), api)
    what = "service, page or endpoint"
    checked.require_unique(what, *sections, taken=unnamed)
    for api in file.api_endpoints:
        key = _api_name(api)
        if api.name is None and unnamed[key] is not api:
            checked.fault(api, ("path",), f"{quoted(key)} stands here twice; give one a `name`")
    known = [name for section in sections for name in checked.names_under(*section)]
    known += unnamed
    _check_jumps(checked, file)
    _check_vias(checked, file)
    for service in file.services:
        _check_service(checked, service)
        for index, name in enumerate(service.depends_on):
            if name not in known:
                message = f"expected a service, got {quoted(name)}{meant(name, known)}"
                checked.fault(service, ("depends_on", index), message)
    entries: list[PageEntry | ApiEntry] = [*file.pages, *file.api_endpoints]
    for entry in entries:
        if entry.base_url is None and file.base_url is None:
            message = "expected `base_url` here or at the top of the file"
            checked.fault(entry, ("path",), message)


def _check_jumps(checked: Checked[ServicesFile], file: ServicesFile) -> None:
    jumps = {host.name: host.jump for host in file.hosts}
    known = checked.names_under("hosts")
    for host in file.hosts:
        if host.jump is None:
            continue
        if host.jump not in known:
            hint = meant(host.jump, known)
            checked.fault(host, ("jump",), f"expected a host, got {quoted(host.jump)}{hint}")
            continue
        way = [host.name]
        step: str | None = host.jump
        while step is not None and step not in way:
            way.append(step)
            step = jumps.get(step)
        if step == host.name:
            circle = " > ".join(quoted(each) for each in (*way, host.name))
            checked.fault(host, ("jump",), f"expected a way that ends, got {circle}")


def _check_vias(checked: Checked[ServicesFile], file: ServicesFile) -> None:
    known = checked.names_under("hosts")
    entries: list[HostEntry | ServiceEntry] = [*file.hosts, *file.services]
    local = {host.name for host in file.hosts if host.address == LOCAL}
    for entry in entries:
        if entry.via is None or entry.via in local:
            continue  # by way of this machine: straight, whatever its host says
        if fault := via_fault(entry.via, file.hosts, known):
            checked.fault(entry, ("via",), fault)


def via_fault(via: str, hosts: Iterable[HostEntry], known: Sequence[str]) -> str | None:
    """What is wrong with `via`, the host through whose SSH tunnel something is asked.

    Args:
        known: the names of all hosts in the file, those with faults of their own too.
    """
    if via not in known:
        return f"expected a host of services.yaml, got {quoted(via)}{meant(via, known)}"
    host = next((each for each in hosts if each.name == via), None)
    if host is None:
        return None  # its own fault is told
    if host.address is None or host.transport == "none":
        return f"expected a host with SSH, and {quoted(via)} has no `address` or no `transport`"
    if host.address == LOCAL:
        return f"expected a host with SSH, and {quoted(via)} is this machine"
    return None


def runs_on_fault(name: str, hosts: Iterable[HostEntry], known: Sequence[str]) -> str | None:
    """What is wrong with `name` as the host on which a program of ours runs; as `via_fault`."""
    is_local = name == LOCAL or any(each.name == name and each.address == LOCAL for each in hosts)
    return None if is_local else via_fault(name, hosts, known)


def _check_service(checked: Checked[ServicesFile], service: ServiceEntry) -> None:
    if service.type == "k8s-deployment" and not checked.wrote(service, "namespace"):
        checked.fault(service, (), "a k8s-deployment needs `namespace`")
    if service.type in ("docker", "systemd") and not checked.wrote(service, "host"):
        checked.fault(service, (), f"a {service.type} service needs `host`")
    kind = endpoint_kind(service)
    health = service.health_endpoint
    if kind is ProbeKind.TCP and not (
        checked.wrote(service, "host") and checked.wrote(service, "port")
    ):
        checked.fault(service, (), "a tcp check needs `host` and `port`")
    elif kind is ProbeKind.HTTP:
        _check_web(checked, service, "health_endpoint", health)
    elif kind is ProbeKind.COMMAND and not health:
        checked.fault(service, (), "a command check needs a command as `health_endpoint`")
    elif kind is ProbeKind.FILE and not (health or "").startswith("/"):
        message = "expected a file's full path, which begins with /"
        checked.fault(service, ("health_endpoint",), message)
    _check_thresholds(checked, service)
    if service.ready_endpoint is not None:
        _check_web(checked, service, "ready_endpoint", service.ready_endpoint)


def _check_thresholds(checked: Checked[ServicesFile], service: ServiceEntry) -> None:
    own = service.thresholds
    if own.disk is not None:
        message = "expected none on a service: a disk is its host's, set it there"
        checked.fault(service, ("thresholds", "disk"), message)
    if service.type in ("docker", "systemd"):
        return
    for name, value in (("cpu", own.cpu), ("memory", own.memory)):
        if value is not None:
            message = (
                f"expected none on a service of type {service.type}: only what a `docker` or a "
                "`systemd` service takes is measured; of a whole host, set it there"
            )
            checked.fault(service, ("thresholds", name), message)


def _check_web(
    checked: Checked[ServicesFile], service: ServiceEntry, field: str, endpoint: str | None
) -> None:
    broken = endpoint is None and checked.wrote(service, field)
    if broken or (endpoint is not None and "://" in endpoint):
        return
    place = (field,) if endpoint is not None else ()
    if endpoint is not None and not endpoint.startswith("/"):
        message = f"expected a path that begins with / or a URL, got {quoted(endpoint)}"
        checked.fault(service, place, message)
    if checked.wrote(service, "base_url") or service.type == "k8s-deployment":
        return  # a path inside a cluster may have no address from here
    if not checked.wrote(service, "port"):
        checked.fault(service, place, "a path needs `port` or `base_url` beside it")
    elif not checked.wrote(service, "host"):
        checked.fault(service, place, "a path with `port` needs `host` (or write `base_url`)")
