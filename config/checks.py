"""What the types of the settings cannot say: names that must exist, times that must agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple

import msgspec

from config.changes_checks import check_changes
from config.fault import meant, quoted
from config.history_checks import check_history
from config.kinds import names_a_secret
from config.people import Override, Rota
from config.schema import Auth, Http, Settings, Tls
from config.validate import Checked, Steps
from console.model.snapshot import SourceKind
from console.safety.text import visible

KeyFaults = Callable[[Mapping[str, tuple[str, ...]]], Iterable[tuple[str, str]]]
"""Judges the whole of `keys`: pairs of an action's id and what is wrong with its keys."""

FilterFault = Callable[[str], str]
"""What is wrong with a filter as it is typed behind `/`; empty for nothing."""

TAKEN: Final = (SourceKind.HEALTH.value, SourceKind.HOSTS.value)
"""Names of the sources that all health checks, and all hosts, together are."""
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class HostFaults(NamedTuple):
    """What is wrong with a name that has to be a host's, for who has read `services.yaml`."""

    via: Callable[[str], str | None]
    """As the host through whose tunnel a source is asked."""
    runs_on: Callable[[str], str | None]
    """As the host on which a program runs."""


"""Says what is wrong with the name of a host through which something is to be asked."""


def check_settings(
    checked: Checked[Settings],
    key_faults: KeyFaults | None = None,
    host_faults: HostFaults | None = None,
    filter_fault: FilterFault | None = None,
    services: Collection[str] | None = None,
) -> None:
    """Note in `checked` all that is wrong between the parts of `oncall.yaml`.

    `host_faults` is for who has read `services.yaml` as well, and so is `services`: every name
    in it of a service, a page or an endpoint.
    """
    settings = checked.value
    if settings is None:
        return
    _check_sources(checked, settings, host_faults)
    for name in ("P0", "P1", "P2", "P3"):
        entry = getattr(settings.sla, name)
        if entry.respond > entry.resolve:
            message = "expected `respond` to be no longer than `resolve`"
            checked.fault(entry, ("respond",), message)
    storm = settings.triage.storm
    if storm.calm_per_minute > storm.new_per_minute:
        message = f"expected no more than `new_per_minute` ({storm.new_per_minute})"
        checked.fault(storm, ("calm_per_minute",), f"{message}, got {storm.calm_per_minute}")
    # From the file and not from the value: who has a fault of their own is still somebody.
    people = checked.keys_under("people")
    if settings.me is not None and people and settings.me not in people:
        _missing(checked, settings, ("me",), settings.me, people, "people")
    _check_rota(checked, settings.rota, people)
    check_changes(checked, settings.changes, services)
    check_history(checked, settings, services)
    if filter_fault is not None and (fault := filter_fault(settings.notice.filter)):
        checked.fault(settings.notice, ("filter",), visible(fault))
    if key_faults is not None:
        for name, message in key_faults(keys_of(settings)):
            checked.fault(settings, ("keys", name), visible(message), at_key=True)


def keys_of(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The keys of each remapped action."""
    return {
        name: (keys,) if isinstance(keys, str) else keys for name, keys in settings.keys.items()
    }


def _check_sources(
    checked: Checked[Settings], settings: Settings, host_faults: HostFaults | None
) -> None:
    sources = settings.sources
    lists = ("sources", "prometheus"), ("sources", "alertmanager"), ("sources", "kubernetes")
    checked.require_unique("source", *lists, taken=TAKEN)
    for source in (*sources.prometheus, *sources.alertmanager):
        _check_http(checked, source)
        if source.via is not None and host_faults and (fault := host_faults.via(source.via)):
            checked.fault(source, ("via",), fault)
    usual = [each for each in sources.kubernetes if not checked.wrote(each, "name")]
    for source_of_pods in sources.kubernetes:
        if host_faults and (fault := host_faults.runs_on(source_of_pods.on)):
            checked.fault(source_of_pods, ("on",), fault)
    for nameless in usual[1:]:
        checked.fault(nameless, (), "expected a `name`: another cluster has none either")
    for cluster in sources.alertmanager:
        for index, member in enumerate(cluster.members):
            if member.rstrip("/") in [each.rstrip("/") for each in cluster.members[:index]]:
                checked.fault(cluster, ("members", index), "stands in this list already")


def _check_http(checked: Checked[Settings], source: Http) -> None:
    auth: Auth = source.auth
    tls: Tls = source.tls
    if source.via is not None and source.proxy is not None:
        checked.fault(source, ("via",), "expected `proxy` or `via`, got both", at_key=True)
    if auth.basic is not None and auth.bearer is not None:
        checked.fault(auth, ("bearer",), "expected `basic` or `bearer`, got both", at_key=True)
    if (tls.cert is None) != (tls.key is None):
        there, other = ("cert", "key") if tls.key is None else ("key", "cert")
        checked.fault(tls, (there,), f"expected `{other}` beside it", at_key=True)
    for name, value in source.headers.items():
        steps = ("headers", name)
        if not _HEADER_NAME.fullmatch(name):
            checked.fault(source, steps, "expected the name of an HTTP header", at_key=True)
        elif not isinstance(value, str):
            continue
        elif names_a_secret(name):
            message = "expected where the secret comes from (`env`, `file` or `command`) or `auth`"
            checked.fault(source, steps, message)
        elif not value.isascii() or not value.isprintable():
            checked.fault(source, steps, "expected printable ASCII characters in a header")


def _check_rota(checked: Checked[Settings], rota: Rota, people: list[str]) -> None:
    checked.require_unique("rotation", ("rota", "rotations"))
    for rotation in rota.rotations:
        for index, person in enumerate(rotation.people):
            if person not in people:
                _missing(checked, rotation, ("people", index), person, people, "people")
    for override in rota.overrides:
        if override.person not in people:
            _missing(checked, override, ("person",), override.person, people, "people")
        if override.end <= override.start:
            checked.fault(override, ("end",), "expected a time after `start`")
    last: Override | None = None
    for override in sorted(rota.overrides, key=lambda each: each.start):
        if override.end <= override.start:
            continue
        if last is not None and override.start < last.end:
            message = f"expected no time in which {quoted(last.person)} has an override already"
            checked.fault(
                override, ("start",), f"{message}: that one ends at {last.end.isoformat()}"
            )
        last = override if last is None or override.end > last.end else last


def _missing(
    checked: Checked[Settings],
    part: msgspec.Struct,
    steps: Steps,
    name: str,
    known: list[str],
    where: str,
) -> None:
    hint = meant(name, known)
    checked.fault(part, steps, f"expected a key of `{where}`, got {quoted(name)}{hint}")
