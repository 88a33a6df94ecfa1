"""Readings for sources that gave none: a bug of ours, or a deadline that passed."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from console.engine.trouble import whereabouts
from console.model.failure import Failure, FailureKind
from console.model.probe import Probe, ProbeResult, Verdict
from console.model.reading import (
    AlertmanagerReading,
    HostReading,
    KubernetesReading,
    ProbeReading,
    PrometheusReading,
    Reading,
)
from console.safety.clock import Instant
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.hosts.poll import HostPoller
from console.sources.hosts.settings import SOURCE as HOSTS
from console.sources.kubernetes.poll import KubectlPoller
from console.sources.probes.settings import SOURCE
from console.sources.prometheus.kube import KubeMetrics
from console.sources.prometheus.nodes import NodeMetrics
from console.sources.prometheus.poll import Prometheus

Server = AlertmanagerMember | Prometheus | HostPoller | KubectlPoller | KubeMetrics | NodeMetrics
HEALTH_PART = "health"


def by_fault(source: str, part: str, error: Exception, at: Instant) -> Failure:
    """Something of ours broke while `source` was asked, or its answer taken in."""
    return Failure(
        source=source,
        part=part,
        kind=FailureKind.INTERNAL,
        cause=f"a fault inside the console: {whereabouts(error)}",
        expected="an answer that the console can take in",
        remedy="report this line; the other sources are watched as before",
        at=at.wall,
    )


def by_deadline(source: str, part: str, deadline_s: float, at: Instant) -> Failure:
    """The one look was over before `source` had answered."""
    return Failure(
        source=source,
        part=part,
        kind=FailureKind.TIMEOUT,
        cause=f"has not answered within {deadline_s:g} s",
        expected="an answer before the command ends",
        remedy="check its load and the network; the console itself waits longer",
        at=at.wall,
    )


def no_reading(server: Server, failure: Failure, at: Instant) -> tuple[Reading, ...]:
    """What a poll gives of which nothing is known but `failure`.

    Of metrics that are read beside everything else nothing: what they told grows old.
    """

    def part(name: str) -> Failure:
        return msgspec.structs.replace(failure, part=name)

    took = timedelta(0)
    reading: Reading
    if isinstance(server, AlertmanagerMember):
        reading = AlertmanagerReading(
            source=server.name,
            member=server.member,
            at=at,
            took=took,
            alerts=part("alerts"),
            silences=part("silences"),
            status=part("status"),
        )
    elif isinstance(server, Prometheus):
        reading = PrometheusReading(
            source=server.name,
            at=at,
            took=took,
            alerts=part("alerts"),
            rules=part("rules"),
            targets=part("targets"),
        )
    elif isinstance(server, HostPoller):
        reading = HostReading(
            source=HOSTS, host=server.host.name, at=at, took=took, facts=part(server.host.name)
        )
    elif isinstance(server, KubectlPoller):
        reading = KubernetesReading(
            source=server.name, at=at, took=took, workloads=part("workloads")
        )
    else:
        return ()
    return (reading,)


def no_probe_reading(probe: Probe, failure: Failure, at: Instant) -> ProbeReading:
    """The reading of a health check of which nothing is known but `failure`."""
    result = ProbeResult(
        probe=probe, verdict=Verdict.NO_ANSWER, said=failure.cause, failure=failure
    )
    return ProbeReading(source=SOURCE, at=at, result=result)
