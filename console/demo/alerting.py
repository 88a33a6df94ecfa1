"""From rules and series to alerts: pending and firing in Prometheus, sent to Alertmanager.

All times are script seconds. Evaluation is continuous here, where a real server looks once
an interval; what an alert's neighbours see is the same to within that interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from console.demo.inventory import DAY_S
from console.demo.metrics import LabelPairs, Series
from console.demo.rules import RULES, Rule
from console.demo.script import Outage
from console.demo.shape import Span
from console.model.fingerprint import fingerprint_of

RESEND_S = 60.0
"""Prometheus tells Alertmanager of a firing alert again after this (`resend-delay`)."""
VALID_S = 4 * RESEND_S
"""An alert that is not told again is resolved by Alertmanager after this."""
EVALUATION_S = 15.0
STARTED_S = -12 * DAY_S
"""When the Prometheus and Alertmanager servers started."""


class Track(msgspec.Struct, frozen=True, eq=False):
    """One alert that a rule can raise: a rule and one series that it reads."""

    rule: Rule
    series: Series | None
    """`None` for a rule that reads nothing (`vector(1)`)."""
    spans: tuple[Span, ...]
    """When the expression is true."""
    labels: dict[str, str]
    """As the rule's own server knows the alert."""
    sent_labels: dict[str, str]
    """As Alertmanager knows it, external labels included."""
    fingerprint: str
    """Over `sent_labels`."""


class Standing(msgspec.Struct, frozen=True):
    """An alert as its Prometheus holds it at one moment."""

    track: Track
    active_s: float
    fired_s: float | None
    """`None` while it is pending."""


class Delivery(msgspec.Struct, frozen=True):
    """An alert as an Alertmanager holds it at one moment."""

    track: Track
    starts_s: float
    updated_s: float
    ends_s: float


def tracks_of(
    series: Iterable[Series],
    external: dict[str, LabelPairs],
    known: dict[tuple[str, LabelPairs], str],
) -> list[Track]:
    """Every alert that can ever be raised from these series.

    Args:
        external: each server's external labels.
        known: fingerprints by server and labels, so that a changed script need not hash again.
    """
    by_family: dict[str, list[Rule]] = {}
    found = []
    for rule in RULES:
        by_family.setdefault(rule.family, []).append(rule)
    for rule in by_family[""]:
        always = (Span(STARTED_S, math.inf),)
        found.append(_track(rule, None, always, external[rule.server], known))
    for one in series:
        for rule in by_family.get(one.family, ()):
            if not rule.reads(one):
                continue
            spans = one.shape.spans(rule.op, rule.threshold)
            if spans:
                found.append(_track(rule, one, spans, external[rule.server], known))
    return found


def standing(track: Track, at_s: float, outage: Outage | None) -> Standing | None:
    """The alert in its own Prometheus; `None` while its expression is false.

    A restarted server knows since when the expression was true, but takes one evaluation
    to fire again, and calls that the start of firing.
    """
    for span in track.spans:
        if not span.holds(at_s):
            continue
        fired_s = span.start_s + track.rule.for_s
        if outage is not None and at_s >= outage.end_s and fired_s < outage.end_s:
            fired_s = max(fired_s, outage.end_s + EVALUATION_S)
        return Standing(track, span.start_s, fired_s if fired_s <= at_s else None)
    return None


def times_active(track: Track, start_s: float, end_s: float) -> int:
    """How often its expression became or was true between two moments."""
    return sum(1 for span in track.spans if span.start_s <= end_s and span.end_s > start_s)


def delivery(
    track: Track, at_s: float, outage: Outage | None, member_start_s: float
) -> Delivery | None:
    """The alert in an Alertmanager that started at `member_start_s`; `None` if not there."""
    prior: tuple[float, float] | None = None
    for start_s, stop_s, told in _firings(track, outage):
        if start_s > at_s:
            break
        since_s = prior[0] if prior and prior[1] > start_s else start_s
        last_s = start_s + math.floor((min(at_s, stop_s) - start_s) / RESEND_S) * RESEND_S
        prior = None
        if (told and at_s >= stop_s) or last_s < member_start_s:
            continue
        if at_s < last_s + VALID_S:
            return Delivery(track, since_s, last_s, last_s + VALID_S)
        prior = (since_s, last_s + VALID_S)
    return None


def _firings(track: Track, outage: Outage | None) -> Iterable[tuple[float, float, bool]]:
    """Start and end of each time it fires, and whether its server told of the end."""
    for span in track.spans:
        fired_s = span.start_s + track.rule.for_s
        if fired_s >= span.end_s:
            continue
        lost = outage is not None and span.end_s > outage.start_s and fired_s < outage.end_s
        if outage is None or not lost:
            yield fired_s, span.end_s, True
            continue
        if fired_s < outage.start_s:
            yield fired_s, outage.start_s, False
        again_s = max(fired_s, outage.end_s + EVALUATION_S)
        if again_s < span.end_s:
            yield again_s, span.end_s, True


def _track(
    rule: Rule,
    series: Series | None,
    spans: tuple[Span, ...],
    external: LabelPairs,
    known: dict[tuple[str, LabelPairs], str],
) -> Track:
    labels = dict(series.labels) if series else {}
    labels |= {"alertname": rule.alert, "severity": rule.severity}
    labels.setdefault("team", "platform")
    sent = {**labels, **dict(external)}
    key = (rule.server, tuple(sorted(sent.items())))
    if key not in known:
        known[key] = fingerprint_of(sent)
    return Track(rule, series, spans, labels, sent, known[key])
