"""From settings to sources that can be polled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from config.schema import Http, PrometheusSource, Settings
from console.model.alert import Target
from console.model.failure import Failure
from console.model.reading import PrometheusReading
from console.model.snapshot import SourceKind, Watched
from console.safety.clock import Clock
from console.safety.http import HttpClient
from console.sources.access import Access, degraded_by
from console.sources.alertmanager.poll import AlertmanagerMember
from console.sources.alertmanager.settings import (
    inherited,
    is_plain_url,
    member_name,
    watched_cluster,
)
from console.sources.answer import Unusable
from console.sources.fault import Asked, failure_of
from console.sources.probes.settings import watched_health
from console.sources.prometheus.poll import Prometheus
from console.sources.prometheus.settings import watched_prometheus


class Opened(msgspec.Struct, frozen=True):
    """Everything that is asked, and how the fleet has to know it."""

    alertmanagers: tuple[AlertmanagerMember, ...] = ()
    prometheuses: tuple[Prometheus, ...] = ()
    watched: tuple[Watched, ...] = ()
    failures: tuple[Failure, ...] = ()
    """Secrets that could not be had. Their sources are there all the same: they look for the
    secret again at every poll, and say the same in their readings until it is found."""


async def open_sources(settings: Settings, http: HttpClient, clock: Clock) -> Opened:
    """The sources that `settings` name. A secret that cannot be had is a failure among them.

    No server is asked; programs that print secrets are run, all at once.
    """
    written = settings.sources
    discover = not written.alertmanager
    prometheuses = tuple(
        Prometheus(source, http, clock, discover=discover and source.discover_alertmanagers)
        for source in written.prometheus
    )
    members = tuple(
        AlertmanagerMember(source.name, url, source, http, clock)
        for source in written.alertmanager
        for url in source.members
    )
    sources: tuple[Prometheus | AlertmanagerMember, ...] = (*prometheuses, *members)
    tried = await asyncio.gather(
        *(_without_secret(each.key, each.access, clock) for each in sources)
    )
    return Opened(
        alertmanagers=members,
        prometheuses=prometheuses,
        watched=(
            *map(watched_prometheus, written.prometheus),
            *map(watched_cluster, written.alertmanager),
            watched_health(written.health),
        ),
        failures=tuple(failure for failure in tried if failure is not None),
    )


async def _without_secret(source: str, access: Access, clock: Clock) -> Failure | None:
    try:
        await access.options()
    except Unusable as error:
        asked = Asked(source, "secret", error.expected, error.remedy, "")
        return failure_of(error, asked, clock.now().wall)
    return None


def discovered_members(
    settings: Settings,
    reading: PrometheusReading,
    *,
    known: frozenset[str],
    http: HttpClient,
    clock: Clock,
) -> Opened:
    """The Alertmanagers that a Prometheus sends to and that are not in `known` yet.

    They are one cluster, called `alertmanager`; with several Prometheus servers
    `alertmanager-` and the server's name. A member that another cluster has already (both
    halves of a pair send to the same) is not taken twice.

    Args:
        known: Keys of the members that are watched.

    Returns:
        `alertmanagers`: the new members. `watched`: their cluster with all its members.
    """
    source = next(
        (each for each in settings.sources.prometheus if each.name == reading.source), None
    )
    if (
        source is None
        or settings.sources.alertmanager
        or not source.discover_alertmanagers
        or not isinstance(reading.alertmanagers, tuple)
    ):
        return Opened()
    taken = {key.partition("/")[2] for key in known}
    cluster = cluster_of(settings, source)
    urls = [url.exact for url in reading.alertmanagers if is_plain_url(url.exact)]
    new = [url for url in dict.fromkeys(urls) if member_name(url) not in taken]
    if not new:
        return Opened()
    mine = [key.partition("/")[2] for key in sorted(known) if key.startswith(f"{cluster}/")]
    members = (*mine, *map(member_name, new))
    return Opened(
        alertmanagers=tuple(
            AlertmanagerMember(cluster, url, inherited(source, url), http, clock) for url in new
        ),
        watched=(
            Watched(
                name=cluster,
                kind=SourceKind.ALERTMANAGER,
                interval=source.interval,
                members=members,
                url=members[0],
                page=new[0].rstrip("/"),
                degraded=degraded_by(source),
            ),
        ),
    )


def cluster_of(settings: Settings, source: PrometheusSource) -> str:
    """The name of the cluster of what `source` sends to."""
    taken = {each.name for each in settings.sources.prometheus}
    name = "alertmanager" if len(taken) == 1 else f"alertmanager-{source.name}"
    return name if name not in taken else f"{name}-discovered"


def merge_watched(before: Iterable[Watched], found: Iterable[Watched]) -> tuple[Watched, ...]:
    """`before` with `found` in place of those of the same name, new ones at the end."""
    merged = {each.name: each for each in before}
    merged.update({each.name: each for each in found})
    return tuple(merged.values())


async def targets_once(
    url: str, http: HttpClient, clock: Clock, settings: Http | None = None
) -> tuple[Target, ...] | Failure:
    """The active targets of the Prometheus at `url`, for a first registry."""
    usual = settings or Http()
    source = PrometheusSource(
        name="prometheus",
        url=url,
        headers=usual.headers,
        auth=usual.auth,
        tls=usual.tls,
        timeout=usual.timeout,
        max_bytes=usual.max_bytes,
        proxy=usual.proxy,
        via=usual.via,
    )
    return await Prometheus(source, http, clock, discover=False).targets()
