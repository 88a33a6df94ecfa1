"""Which clusters are asked by `kubectl`, and the words with which they are asked."""

from __future__ import annotations

from typing import Final

from config.schema import KubernetesSource, Settings
from console.model.registry import Registry
from console.model.snapshot import SourceKind, Watched
from console.safety.ssh import Command
from console.safety.ssh.options import written
from console.safety.text import visible

NAME: Final = "kubernetes"

WORKLOADS: Final = ("deployments", "statefulsets", "daemonsets", "cronjobs.batch", "jobs.batch")
"""Cron jobs come before the jobs that they make, and these before their pods: `kubectl` asks for
one kind after the other, and what was made meanwhile then lacks nothing that it points to. With
their group: other programs bring `jobs` of their own."""
JOBS: Final = "jobs"
PODS: Final = "pods"
KINDS: Final = frozenset(kind.partition(".")[0] for kind in WORKLOADS)
"""As the server's refusals name them."""

GIVES_UP: Final = 0.8
"""Of the deadline is what each request of `kubectl` may take: its own words about a slow
server say more than our deadline does."""


def default_sources(registry: Registry, settings: Settings) -> tuple[KubernetesSource, ...]:
    """The clusters that are written down; else that of the first host with the role `k8s`.

    None where no such host is reached: nobody has said where `kubectl` is set up.
    """
    asked = settings.sources
    if asked.kubernetes:
        return asked.kubernetes
    host = registry.kubectl_host
    if host is None:
        return ()
    taken = [each.name for each in asked.prometheus]
    taken += [each.name for each in asked.alertmanager]
    name = NAME if NAME not in taken else f"{NAME}-{host.name}"
    return (KubernetesSource(name=name, on=host.name),)


def watched_kubernetes(source: KubernetesSource) -> Watched:
    """The cluster as the fleet has to know it."""
    context = "" if source.context is None else f", context {visible(source.context)}"
    return Watched(
        name=source.name,
        kind=SourceKind.KUBERNETES,
        interval=source.interval,
        url=f"{visible(written(source.command))} on {visible(source.on)}{context}",
    )


def list_command(source: KubernetesSource, namespace: str | None, *, pods: bool) -> Command:
    """The command that prints the workloads of `namespace`, with or without their pods.

    Args:
        namespace: `None`: all of them.

    `-o json` and no template: it is what every version prints alike, and its quoting holds
    whatever stands in a message. Fields that the controllers keep for themselves, a third of
    it all, are left out by `kubectl` itself from 1.21 on.
    """
    kinds = ",".join((*WORKLOADS, PODS) if pods else WORKLOADS)
    scope = "--all-namespaces" if namespace is None else f"--namespace={namespace}"
    return _command(source, "get", kinds, "-o", "json", scope)


def version_command(source: KubernetesSource) -> Command:
    """The command that prints the version of the server."""
    return _command(source, "version", "-o", "json")


def _command(source: KubernetesSource, *words: str) -> Command:
    context = () if source.context is None else (f"--context={source.context}",)
    each_s = max(1.0, source.timeout.total_seconds() * GIVES_UP)
    return Command((*source.command, *words, *context, f"--request-timeout={each_s:g}s"))
