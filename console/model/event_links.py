"""Where what happened can be seen: addresses for the lines of the event log."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from console.model.alert import Alert
from console.model.snapshot import KnownAlert, Snapshot
from console.safety.text import quoted, strip_credentials


def pages_of(snapshot: Snapshot | None) -> Mapping[str, str]:
    """The base address of the web pages of each Alertmanager cluster, by its name."""
    sources = () if snapshot is None else snapshot.whole_sources
    return {source.name: source.page for source in sources if source.page}


def alert_link(alert: Alert, pages: Mapping[str, str]) -> str:
    """The address of its expression, else of its page in Alertmanager; empty: none is known.

    Without credentials: it goes into files that others read.
    """
    generator = alert.generator_url.exact
    if generator.startswith(("http://", "https://")):
        return strip_credentials(generator)
    page = pages.get(alert.cluster, "")
    if not page or alert.over_cap:
        return ""
    matchers = ",".join(f"{name}={quoted(value)}" for name, value in alert.labels.exact_items())
    return f"{page}/#/alerts?filter={quote(f'{{{matchers}}}', safe='', errors='replace')}"


def silence_link(cluster: str, silence_id: str, pages: Mapping[str, str]) -> str:
    """The address of that silence in Alertmanager; empty: none is known."""
    page = pages.get(cluster, "")
    if not page or not silence_id:
        return ""
    return f"{page}/#/silences/{quote(silence_id, safe='', errors='replace')}"


def ack_link(known: KnownAlert, pages: Mapping[str, str]) -> str:
    """The address of the silence that its ack is; empty: it is kept elsewhere, or not known."""
    ack = known.ack
    return "" if ack is None else silence_link(ack.cluster, ack.silence_id, pages)


def cover_link(known: KnownAlert, pages: Mapping[str, str]) -> str:
    """The address of the silence that covers it, or covered it last."""
    if known.silences:
        return silence_link(known.alert.cluster, known.silences[0], pages)
    ended = known.ended
    return "" if ended is None else silence_link(ended.cluster, ended.id, pages)
