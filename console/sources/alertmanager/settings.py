"""What the settings say of Alertmanager clusters, and of members that Prometheus names."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from config.kinds import names_a_secret
from config.schema import AlertmanagerSource, Auth, Http, PrometheusSource
from console.model.snapshot import SourceKind, Watched
from console.safety.text import strip_credentials
from console.sources.access import degraded_by

_PLAIN_URL: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]{1,255}(/[A-Za-z0-9._~%/-]{0,255})?")


def member_name(url: str) -> str:
    """`url` without scheme and credentials: `am-1:9093`, `mimir:8080/alertmanager`."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return (host + parts.path).rstrip("/")


def watched_cluster(source: AlertmanagerSource) -> Watched:
    """The cluster as the fleet has to know it."""
    return Watched(
        name=source.name,
        kind=SourceKind.ALERTMANAGER,
        interval=source.interval,
        members=tuple(map(member_name, source.members)),
        url=member_name(source.members[0]) if source.members else "",
        page=strip_credentials(source.members[0]).rstrip("/") if source.members else "",
        degraded=degraded_by(source),
    )


def is_plain_url(url: str) -> bool:
    """Whether `url`, which came from outside, is an address and nothing else."""
    return _PLAIN_URL.fullmatch(url) is not None


def inherited(prometheus: PrometheusSource, url: str) -> Http:
    """How a member at `url`, which `prometheus` named, is spoken to.

    As the Prometheus is, except that credentials go only to the Prometheus' own host, and
    never from https to http: the address came from outside, and a token is not sent wherever
    an answer says. A member elsewhere that asks for one has to be written down.
    """
    mine, theirs = urlsplit(prometheus.url), urlsplit(url)
    trusted = mine.hostname == theirs.hostname and (
        mine.scheme == theirs.scheme or theirs.scheme == "https"
    )
    headers = {
        name: value
        for name, value in prometheus.headers.items()
        if trusted or (isinstance(value, str) and not names_a_secret(name))
    }
    return Http(
        headers=headers,
        auth=prometheus.auth if trusted else Auth(),
        tls=(
            prometheus.tls if trusted else msgspec.structs.replace(prometheus.tls, server_name=None)
        ),
        timeout=prometheus.timeout,
        interval=prometheus.interval,
        max_bytes=prometheus.max_bytes,
        proxy=prometheus.proxy,
        via=prometheus.via,
    )
