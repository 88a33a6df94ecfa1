"""How the demo's Alertmanager routes, groups and inhibits, and the configuration that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from console.demo.alerting import Delivery, Track
from console.demo.matching import Matcher


class Route(msgspec.Struct, frozen=True):
    """One route below the root. The first that matches takes the alert."""

    receiver: str
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]


class InhibitRule(msgspec.Struct, frozen=True):
    """While a source fires, targets that agree with it in `equal` are inhibited."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


def _is(name: str, value: str) -> Matcher:
    return Matcher(name, value, is_regex=False)


def _like(name: str, value: str) -> Matcher:
    return Matcher(name, value, is_regex=True)


GROUP_BY = ("alertname", "cluster", "service")

ROUTES = (
    Route("deadman", (_is("alertname", "Watchdog"),), ("cluster",)),
    Route("rack", (_is("rack", "r12"), _like("severity", "critical|high|warning")),
          ("alertname", "rack")),
    Route("payments", (_is("team", "payments"),), GROUP_BY),
    Route("low", (_is("severity", "info"),), ("alertname",)),
)  # fmt: skip
ROOT = Route("oncall", (), GROUP_BY)

RECEIVERS = ("oncall", "deadman", "rack", "payments", "low")
# To where nobody listens, should a real one be run on it.
_WEBHOOK = ("  webhook_configs:", "  - url: http://127.0.0.1:9/notified")
_EMAIL = ("  email_configs:", "  - to: oncall@example.test", "    from: am@example.test",
          "    smarthost: 127.0.0.1:9")  # fmt: skip
_INTEGRATIONS = {
    "oncall": (*_WEBHOOK, *_EMAIL),
    "deadman": _WEBHOOK,
    "rack": _WEBHOOK,
    "payments": _WEBHOOK,
    "low": _EMAIL,
}

INHIBIT_RULES = (
    InhibitRule((_is("alertname", "ServiceDown"),), (_like("severity", "warning|info"),),
                ("service",)),
    InhibitRule((_is("alertname", "SSLCertExpired"),),
                (_like("alertname", "SSLCertDaysLeft|SSLCertExpiringSoon"),), ("instance",)),
    InhibitRule((_is("alertname", "SSLCertDaysLeft"),),
                (_is("alertname", "SSLCertExpiringSoon"),), ("instance",)),
    InhibitRule((_is("alertname", "InstanceDown"),), (_is("severity", "warning"),), ("host",)),
)  # fmt: skip


def route_of(labels: Mapping[str, str]) -> Route:
    """The route that takes an alert."""
    for route in ROUTES:
        if all(matcher.matches(labels) for matcher in route.matchers):
            return route
    return ROOT


def group_labels(route: Route, labels: Mapping[str, str]) -> dict[str, str]:
    """The labels by which the route groups an alert; those it lacks are left out."""
    return {name: labels[name] for name in route.group_by if name in labels}


class Inhibition:
    """Which alerts are inhibited, and by which. Remembers what each alert is to each rule."""

    def __init__(self) -> None:
        self._roles: dict[str, tuple[tuple[bool, bool], ...]] = {}

    def inhibitors(self, alerts: Iterable[Delivery]) -> dict[str, str]:
        """Fingerprint of each inhibited alert and of the one that inhibits it.

        A label that both lack counts as equal, as in Alertmanager.
        """
        held = [(one.track, self._roles_of(one.track)) for one in alerts]
        found: dict[str, str] = {}
        for number, rule in enumerate(INHIBIT_RULES):
            sources: dict[tuple[str, ...], str] = {}
            for track, roles in held:
                if roles[number][0]:
                    sources.setdefault(_equal(rule, track.sent_labels), track.fingerprint)
            for track, roles in held:
                if not roles[number][1] or track.fingerprint in found:
                    continue
                source = sources.get(_equal(rule, track.sent_labels))
                if source is not None:
                    found[track.fingerprint] = source
        return found

    def _roles_of(self, track: Track) -> tuple[tuple[bool, bool], ...]:
        """For each rule, whether the alert is a source and whether it is a target."""
        known = self._roles.get(track.fingerprint)
        if known is None:
            labels = track.sent_labels
            known = tuple(
                (
                    all(matcher.matches(labels) for matcher in rule.source),
                    all(matcher.matches(labels) for matcher in rule.target),
                )
                for rule in INHIBIT_RULES
            )
            self._roles[track.fingerprint] = known
        return known


def _equal(rule: InhibitRule, labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in rule.equal)


def config_text() -> str:
    """The configuration as `/api/v2/status` tells it, complete enough to run a real one."""
    lines = ["global:", "  resolve_timeout: 5m", "route:"]
    lines += [f"  receiver: {ROOT.receiver}", *_list("  group_by", ROOT.group_by, "  ")]
    lines += ["  group_wait: 30s", "  group_interval: 5m", "  repeat_interval: 4h", "  routes:"]
    for route in ROUTES:
        lines += [f"  - receiver: {route.receiver}", *_list("    group_by", route.group_by, "    ")]
        lines += [*_list("    matchers", map(_text, route.matchers), "    "), "    continue: false"]
    lines.append("inhibit_rules:")
    for rule in INHIBIT_RULES:
        first, *rest = _list("source_matchers", map(_text, rule.source), "")
        lines += [f"- {first}", *(f"  {line}" for line in rest)]
        lines += _list("  target_matchers", map(_text, rule.target), "  ")
        lines += _list("  equal", rule.equal, "  ")
    lines.append("receivers:")
    for name in RECEIVERS:
        lines += [f"- name: {name}", *_INTEGRATIONS[name]]
    lines.append("templates: []")
    return "\n".join(lines) + "\n"


def _list(key: str, items: Iterable[str], indent: str) -> list[str]:
    return [f"{key}:", *(f"{indent}- {item}" for item in items)]


def _text(matcher: Matcher) -> str:
    return f'{matcher.name}{"=~" if matcher.is_regex else "="}"{matcher.value}"'
