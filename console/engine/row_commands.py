"""Command lines to be pasted into a POSIX shell: a row's alerts again, the end of a silence."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from config.schema import AlertmanagerSource, Http, PrometheusSource, Settings
from console.model.alert import Alert, Silence
from console.model.labels import Matcher
from console.model.registry import Host
from console.model.snapshot import Snapshot, SourceKind
from console.model.state import State
from console.model.worklist import Row
from console.safety.http import BasicAuth, HttpOptions, curl_for
from console.safety.secret import Secret
from console.safety.text import Raw, quoted, strip_credentials, visible
from console.sources.access import without_secrets
from console.sources.alertmanager.write import filter_of
from console.sources.reach import typed_by_name

MOST_LINES: Final = 200
"""One an alert."""
_USUAL: Final = "http://localhost:9093"
"""Where an Alertmanager is that nobody knows the address of."""
_UNSEEN: Final = Secret("")
"""Stands for a secret of the settings: the line names where it goes and not what it is."""


def amtool_lines(rows: Sequence[Row], snapshot: Snapshot, settings: Settings) -> tuple[str, ...]:
    """`amtool alert query …`, a line each alert that an Alertmanager holds."""

    def line(alert: Alert) -> str:
        server = _server_of(alert.cluster, snapshot, settings)
        if server is None or server.kind is not SourceKind.ALERTMANAGER:
            return ""
        if any("\0" in value for _, value in alert.labels.exact_items()):
            return ""  # no argument of a program can hold it
        # Without these it shows only what is neither silenced nor inhibited.
        states = ("--active", "--silenced", "--inhibited", "--unprocessed")
        matchers = [shell_word(matcher) for matcher in _matchers(alert)]
        return " ".join(("amtool", "alert", "query", *states, _at(server.url), "--", *matchers))

    return _lines(rows, line)


def expire_line(silence: Silence, snapshot: Snapshot, settings: Settings) -> str:
    """`amtool silence expire …`: what ends a silence without a console."""
    server = _server_of(silence.cluster, snapshot, settings)
    url = _USUAL if server is None else server.url
    return " ".join(("amtool", _at(url), "silence", "expire", shell_word(silence.id)))


def curl_lines(
    rows: Sequence[Row], snapshot: Snapshot, settings: Settings, hosts: Sequence[Host] = ()
) -> tuple[str, ...]:
    """The `curl` line of each alert: of its Alertmanager, or of Prometheus while it pends.

    Credentials stand as names of variables. A sick source has the line that failed. One that is
    asked by way of one of `hosts` is asked there.
    """
    by_name = {host.name: host for host in hosts}

    def curl(url: str, options: HttpOptions) -> str:
        login = typed_by_name(options.via, by_name) if options.via in by_name else ""
        return curl_for(url, options, login=login)

    def line(alert: Alert) -> str:
        server = _server_of(alert.cluster, snapshot, settings)
        if server is None:
            return ""
        if server.kind is SourceKind.ALERTMANAGER:
            asked = "&".join(f"filter={_encoded(matcher)}" for matcher in _matchers(alert))
            return curl(f"{server.url}/api/v2/alerts?{asked}", server.options)
        pairs = ",".join(f"{name}={quoted(value)}" for name, value in _labels(alert))
        return curl(
            f"{server.url}/api/v1/query?query={_encoded(f'ALERTS{{{pairs}}}')}", server.options
        )

    failed = [row.failure.curl for row in rows if row.failure is not None and row.failure.curl]
    return (*failed, *_lines(rows, line))


def shell_word(word: str) -> str:
    """`word` as one word of a POSIX shell, exact to the byte, and safe to show.

    What cannot be shown is written by `printf` in octal: no quoting of the shell's has it.
    """
    if visible(word) == word:
        return shlex.quote(word)
    written = "".join(map(_for_printf, word))
    return f"\"$(printf '{written}')\""


def _for_printf(character: str) -> str:
    if character in "%\\":
        return {"%": "%%", "\\": "\\\\"}[character]
    if character == "'" or visible(character) != character:
        raw = character.encode("utf-8", "surrogatepass")
        return "".join(f"\\{byte:03o}" for byte in raw)
    return character


class _Server(msgspec.Struct, frozen=True):
    kind: SourceKind
    url: str
    options: HttpOptions


def _at(url: str) -> str:
    """The argument that leads `amtool` to a server."""
    return shlex.quote(f"--alertmanager.url={strip_credentials(url)}")


def _server_of(name: str, snapshot: Snapshot, settings: Settings) -> _Server | None:
    """The cluster or source of that name, as the settings have it, else as it was discovered."""
    sources = settings.sources
    for cluster in sources.alertmanager:
        if cluster.name == name and cluster.members:
            url = _answering(cluster.members, name, snapshot)
            return _server(SourceKind.ALERTMANAGER, url, cluster)
    for prometheus in sources.prometheus:
        if prometheus.name == name:
            return _server(SourceKind.PROMETHEUS, prometheus.url, prometheus)
    for source in snapshot.sources:
        if source.url and name in (source.name, source.member_of):
            # Discovery keeps the address without its scheme.
            url = source.url if "://" in source.url else f"http://{source.url}"
            return _Server(source.kind, url.rstrip("/"), HttpOptions())
    return None


def _answering(members: Sequence[str], cluster: str, snapshot: Snapshot) -> str:
    """The first of `members` that answers; where none does, the first."""
    well = {
        one.url for one in snapshot.sources if one.member_of == cluster and one.state is State.OK
    }
    return next((url for url in members if urlsplit(url).netloc in well), members[0])


def _server(kind: SourceKind, url: str, http: AlertmanagerSource | PrometheusSource) -> _Server:
    return _Server(kind, url.rstrip("/"), _options(http))


def _options(http: Http) -> HttpOptions:
    basic = http.auth.basic
    return msgspec.structs.replace(
        without_secrets(http),
        basic=BasicAuth(basic.user, _UNSEEN) if basic is not None else None,
        bearer=_UNSEEN if http.auth.bearer is not None else None,
        headers=tuple(
            (name, value if isinstance(value, str) else _UNSEEN)
            for name, value in http.headers.items()
        ),
    )


def _labels(alert: Alert) -> list[tuple[str, str]]:
    """Its labels, the name first; an empty one is none."""
    found = [(name, value) for name, value in alert.labels.exact_items() if value]
    return sorted(found, key=lambda pair: (pair[0] != "alertname", pair[0]))


def _matchers(alert: Alert) -> Iterable[str]:
    for name, value in _labels(alert):
        yield filter_of(Matcher(name, Raw(value)))


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _lines(rows: Sequence[Row], line: Callable[[Alert], str]) -> tuple[str, ...]:
    alerts = [known.alert for row in rows for known in row.alerts if not known.alert.over_cap]
    lines = [made for alert in alerts[:MOST_LINES] if (made := line(alert))]
    if len(alerts) > MOST_LINES:
        lines.append(f"# {MOST_LINES} of {len(alerts)} alerts")
    return tuple(lines)
