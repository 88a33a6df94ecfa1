"""Where the log of each service is kept: by which program, on which host."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from config.schema import KubernetesSource
from console.model.registry import LOCAL, Host, Registry, Service, ServiceType, host_cell
from console.model.snapshot import Snapshot
from console.model.workload import Pod, Workload, WorkloadKind
from console.safety.text import visible

MOST_PODS: Final = 4
"""Of one workload whose logs are read: those that are not well in front."""


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
    """The container, the systemd unit or the workload."""
    namespace: str = ""
    program: tuple[str, ...] = ()
    """What stands before the program's verb: `sudo -n docker`, `kubectl --context prod`."""
    kind: WorkloadKind = WorkloadKind.DEPLOYMENT
    """Of the workload; a deployment where nobody has told."""
    pods: tuple[str, ...] = ()
    """Its pods that are read. Empty where they are not known: then kubectl takes one by itself,
    and one that is well before one that crashes."""
    restarted: frozenset[str] = frozenset()
    """Those of `pods` in which a container ran before the present one."""
    of_pods: int = 0
    """How many it has, where that is known."""

    @property
    def source(self) -> str:
        """Who keeps it, safe to show: `docker redis on data-1`."""
        on = visible(self.host, cells=60)
        if self.keeper is Keeper.HOST:
            return f"journal of {on}, warnings and worse"
        if self.keeper is Keeper.KUBERNETES:
            number = f", {len(self.pods)} pods," if len(self.pods) > 1 else ""
            return f"{self.what} {self.namespace}/{self.name}{number} on {on}"
        return f"{self.keeper.value} {self.name} on {on}"

    @property
    def what(self) -> str:
        """The workload's kind as kubectl takes it: `statefulset`."""
        return self.kind.value.lower()

    @property
    def targets(self) -> tuple[str, ...]:
        """What is read, each as kubectl takes it: `pod/db-0`, else `statefulset/db`."""
        return tuple(f"pod/{pod}" for pod in self.pods) or (f"{self.what}/{self.name}",)


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
    ServiceType.HOST: Keeper.HOST,
}
_NOWHERE: Final = {
    ServiceType.PAGE: "a page keeps no log of its own; look at the service that serves it",
    ServiceType.API: "an endpoint keeps no log of its own; look at the service that serves it",
    ServiceType.EXTERNAL: "its log is with those who run it",
    ServiceType.TARGET: "it is known only as a scrape target; write it into services.yaml",
}


ContainerOf = Callable[[Service], str]
Seen = Callable[[], Snapshot | None]


class Places:
    """The places of a registry, looked up by name: it may have 20,000 services."""

    def __init__(
        self,
        registry: Registry,
        kubernetes: tuple[KubernetesSource, ...],
        container_of: ContainerOf | None = None,
        seen: Seen | None = None,
    ) -> None:
        """
        Args:
            kubernetes: the clusters of the settings; where there are none, the first host
                with the role `k8s` is asked.
            container_of: what its container is called now, where docker compose counts them.
            seen: the world as last known, which has the pods of workloads, and those workloads
                that nobody wrote down.
        """
        self._container_of = container_of
        self._seen = seen
        self.hosts: Mapping[str, Host] = {host.name: host for host in registry.hosts}
        self._cells = {host_cell(host.name): host for host in registry.hosts}
        self._services = {service.name: service for service in registry.services}
        self._kubernetes = kubernetes
        self._kubectl_host = registry.kubectl_host

    def service(self, name: str) -> Service | None:
        """The service of that name; for a host's cell the host as a service."""
        host = self._cells.get(name)
        if host is not None:
            return Service(name, ServiceType.HOST, host.name, host=host.name)
        written = self._services.get(name)
        now = self._seen() if self._seen is not None and written is None else None
        return written if now is None else now.found_workload(name)

    def place_of(self, name: str) -> LogPlace | str:
        """Where the log of a service is kept, or in words why none can be read.

        Args:
            name: its name in the registry, or a host's cell, `host:data-1`.
        """
        service = self.service(name)
        if service is None:
            return f"{visible(name, cells=60)} is not in services.yaml, so who keeps its log?"
        if service.type in _NOWHERE:
            return _NOWHERE[service.type]
        if service.type is ServiceType.K8S_DEPLOYMENT:
            return self._in_cluster(service)
        keeper = _KEPT_BY.get(service.type)
        if keeper is None and service.service_name is None:
            return "services.yaml does not say what runs it: give it a `service_name:`, its unit"
        keeper = keeper or Keeper.JOURNAL
        host = self.hosts.get(service.host or "")
        if host is None:
            return f"services.yaml does not say on which host {visible(name, cells=60)} runs"
        if not host.is_reached:
            shown = visible(host.name, cells=60)
            return f"there is no SSH to {shown}: give it an `address:` in services.yaml"
        unit = "" if keeper is Keeper.HOST else service.unit
        if keeper is Keeper.DOCKER and self._container_of is not None:
            unit = self._container_of(service)
        program = "docker" if keeper is Keeper.DOCKER else "journalctl"
        return _refused(keeper, unit) or LogPlace(
            keeper, host.name, unit, program=(*_by_root(host), program)
        )

    def _in_cluster(self, service: Service) -> LogPlace | str:
        namespace = service.namespace or service.place
        found = self._kubectl(namespace)
        if isinstance(found, str):
            return found
        keeper = Keeper.KUBERNETES
        refused = _refused(keeper, service.unit) or _refused(keeper, namespace)
        if refused:
            return refused
        now = self._seen() if self._seen is not None else None
        told = now.workload(service) if now is not None else None
        place = LogPlace(keeper, found[0], service.unit, namespace, found[1])
        if told is None:
            return place
        placed = _with_pods(place, told)
        if told.kind is not WorkloadKind.CRONJOB or placed.pods:
            return placed
        # kubectl finds the pods of a job by itself, and those of a cron job it does not.
        shown = f"the cron job {service.unit} in {namespace}"
        if told.pods is None:
            return f"which pods {shown} ran is not known, so whose log?"
        return f"no pod of {shown} is left: it has not run yet, or its jobs are not kept"

    def _kubectl(self, namespace: str) -> tuple[str, tuple[str, ...]] | str:
        """The host on which to run `kubectl` and the words before its verb, or why nowhere.

        Never by `sudo` of our own, as where workloads are listed: root may have another
        configuration, or none. Where only root has one, `command:` says so.
        """
        for cluster in self._kubernetes:
            if cluster.namespaces and namespace not in cluster.namespaces:
                continue
            context = () if cluster.context is None else ("--context", cluster.context)
            on, shown = self.hosts.get(cluster.on), visible(cluster.on, cells=60)
            if on is not None and not on.is_reached:
                return f"kubectl is to run on {shown}, to which there is no SSH"
            if on is None and cluster.on != LOCAL:
                return f"kubectl is to run on {shown}, which is not known"
            return cluster.on, (*cluster.command, *context)
        if self._kubernetes:
            return f"no cluster of the settings has the namespace {visible(namespace, cells=60)}"
        if self._kubectl_host is not None:
            return self._kubectl_host.name, ("kubectl",)
        return "no kubectl is known: set `sources: kubernetes:`, or give a host the role `k8s`"


def _by_root(host: Host | None) -> tuple[str, ...]:
    return ("sudo", "-n") if host is not None and host.sudo else ()


def _refused(keeper: Keeper, name: str) -> str:
    allowed = _NAMES.get(keeper)
    if allowed is None or allowed.fullmatch(name):
        return ""
    return f"{visible(name, cells=60)} is no name that {keeper.value} knows: correct services.yaml"


def _with_pods(place: LogPlace, told: Workload) -> LogPlace:
    """The place with the kind of its workload, and its pods that tell most."""
    pods = [one for one in told.pods or () if not _refused(place.keeper, one.name.exact)]
    if told.kind.is_batch:
        # The newest first: the others are of runs, or of tries, that are over.
        chosen = pods[:1]
    else:
        chosen = sorted(pods, key=_worth)[:MOST_PODS]
    return msgspec.structs.replace(
        place,
        kind=told.kind,
        pods=tuple(one.name.exact for one in chosen),
        restarted=frozenset(one.name.exact for one in chosen if one.restarts),
        of_pods=len(pods),
    )


def _worth(pod: Pod) -> tuple[int, bool, int, str]:
    """Those that have a log before those that may have none, and what is not well in front."""
    phases = {"Running": 0, "Unknown": 0, "Pending": 1, "Failed": 2}
    is_well = pod.ready is True and pod.reason is None
    return phases.get(pod.phase.exact, 3), is_well, -pod.restarts, pod.name.exact
