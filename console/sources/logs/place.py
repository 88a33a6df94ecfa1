"""Where the log of each service is kept: by which program, on which host."""

from __future__ import annotations

import enum
import re
from typing import Final

import msgspec

from config.schema import KubernetesSource
from console.model.registry import Host, Registry, Service, ServiceType, host_cell
from console.safety.text import visible

ROLE: Final = "k8s"
"""The role of a host on which `kubectl` works."""


class Keeper(enum.StrEnum):
    """What keeps a log, by the program that reads it."""

    DOCKER = "docker"
    JOURNAL = "journal"
    KUBERNETES = "kubernetes"
    HOST = "host"
    """The journal of a whole host: warnings and worse, the kernel's among them."""


class LogPlace(msgspec.Struct, frozen=True):
    """Where one log is. Every name in it is safe as a word of a command."""

    keeper: Keeper
    host: str
    """The host on which the program runs; `local` is this machine."""
    name: str = ""
    """The container, the systemd unit or the deployment."""
    namespace: str = ""
    program: tuple[str, ...] = ()
    """What stands before the program's verb: `sudo -n docker`, `kubectl --context prod`."""

    @property
    def source(self) -> str:
        """Who keeps it, safe to show: `docker redis on data-1`."""
        on = visible(self.host, cells=60)
        if self.keeper is Keeper.HOST:
            return f"journal of {on}, warnings and worse"
        if self.keeper is Keeper.KUBERNETES:
            return f"deployment {self.namespace}/{self.name} by kubectl on {on}"
        return f"{self.keeper.value} {self.name} on {on}"


_NAMES: Final = {
    Keeper.DOCKER: re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}"),
    Keeper.JOURNAL: re.compile(r"[A-Za-z0-9:_.@\\-]{1,255}"),
    Keeper.KUBERNETES: re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"),
}
"""What docker, systemd and Kubernetes themselves take for a name. None of them may hold a
blank, a pattern that stands for several, or (docker, Kubernetes) begin as an option does; a
unit's name is never a word of its own."""
_KEPT_BY: Final = {
    ServiceType.DOCKER: Keeper.DOCKER,
    ServiceType.SYSTEMD: Keeper.JOURNAL,
}
_NOWHERE: Final = {
    ServiceType.PAGE: "a page keeps no log of its own; look at the service that serves it",
    ServiceType.API: "an endpoint keeps no log of its own; look at the service that serves it",
    ServiceType.EXTERNAL: "its log is with those who run it",
    ServiceType.TARGET: "it is known only as a scrape target; write it into services.yaml",
}


def place_of(
    service: str, registry: Registry, kubernetes: tuple[KubernetesSource, ...]
) -> LogPlace | str:
    """Where the log of `service` is kept, or in words why none can be read.

    Args:
        service: its name in the registry, or a host's cell, `host:data-1`.
        kubernetes: the clusters of the settings; where there are none, the first host with
            the role `k8s` is asked.
    """
    for host in registry.hosts:
        if host_cell(host.name) == service:
            return _on_host(Keeper.HOST, "", host, ("journalctl",))
    found = next((each for each in registry.services if each.name == service), None)
    if found is None:
        return f"{visible(service, cells=60)} is not in services.yaml, so who keeps its log?"
    if found.type in _NOWHERE:
        return _NOWHERE[found.type]
    if found.type is ServiceType.K8S_DEPLOYMENT:
        return _in_cluster(found, registry, kubernetes)
    keeper = _KEPT_BY.get(found.type)
    if keeper is None and found.service_name is None:
        return "services.yaml does not say what runs it: give it a `service_name:`, its unit"
    keeper = keeper or Keeper.JOURNAL
    host_of = next((host for host in registry.hosts if host.name == found.host), None)
    if host_of is None:
        return f"services.yaml does not say on which host {visible(found.name, cells=60)} runs"
    program = "docker" if keeper is Keeper.DOCKER else "journalctl"
    return _on_host(keeper, found.unit, host_of, (program,))


def kubectl_of(
    namespace: str, registry: Registry, kubernetes: tuple[KubernetesSource, ...]
) -> tuple[str, tuple[str, ...]] | str:
    """The host on which to run `kubectl` for `namespace` and the words before its verb.

    A string says why there is none.
    """
    hosts = {host.name: host for host in registry.hosts}
    for cluster in kubernetes:
        if cluster.namespaces and namespace not in cluster.namespaces:
            continue
        context = () if cluster.context is None else ("--context", cluster.context)
        on = hosts.get(cluster.on)
        if on is not None and not on.is_reached:
            return f"kubectl is to run on {visible(on.name, cells=60)}, to which there is no SSH"
        if on is None and cluster.on != "local":
            return f"kubectl is to run on {visible(cluster.on, cells=60)}, which is not known"
        return cluster.on, (*_by_root(on), *cluster.command, *context)
    if kubernetes:
        return f"no cluster of the settings has the namespace {visible(namespace, cells=60)}"
    for host in registry.hosts:
        if ROLE in host.roles and host.is_reached:
            return host.name, (*_by_root(host), "kubectl")
    return "no kubectl is known: set `sources: kubernetes:`, or give a host the role `k8s`"


def _in_cluster(
    service: Service, registry: Registry, kubernetes: tuple[KubernetesSource, ...]
) -> LogPlace | str:
    namespace = service.namespace or service.place
    found = kubectl_of(namespace, registry, kubernetes)
    if isinstance(found, str):
        return found
    refused = _refused(Keeper.KUBERNETES, service.unit) or _refused(Keeper.KUBERNETES, namespace)
    if refused:
        return refused
    host, program = found
    return LogPlace(Keeper.KUBERNETES, host, service.unit, namespace, program)


def _on_host(keeper: Keeper, name: str, host: Host, program: tuple[str, ...]) -> LogPlace | str:
    if not host.is_reached:
        shown = visible(host.name, cells=60)
        return f"there is no SSH to {shown}: give it an `address:` in services.yaml"
    refused = _refused(keeper, name)
    if refused:
        return refused
    return LogPlace(keeper, host.name, name, program=(*_by_root(host), *program))


def _by_root(host: Host | None) -> tuple[str, ...]:
    return ("sudo", "-n") if host is not None and host.sudo else ()


def _refused(keeper: Keeper, name: str) -> str:
    allowed = _NAMES.get(keeper)
    if allowed is None or allowed.fullmatch(name):
        return ""
    return f"{visible(name, cells=60)} is no name that {keeper.value} knows: correct services.yaml"
