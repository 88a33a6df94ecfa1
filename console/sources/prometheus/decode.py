"""Prometheus' HTTP API, bytes to model types. Source: docs/querying/api.md, 2.24 to 3.14.

Thanos, Mimir and VictoriaMetrics write the same envelope with some fields more or less, so
only what a fact is known by is required. What is not used is `msgspec.Raw`, passed over.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType
from msgspec import Raw as Skipped

from console.model.alert import (
    AlertState,
    Rule,
    RuleAlert,
    RuleHealth,
    Target,
    TargetHealth,
)
from console.model.failure import FailureKind
from console.safety.text import Raw, visible
from console.sources.answer import (
    Time,
    Unusable,
    capped,
    decoded,
    label_set,
    utc,
    utc_or_never,
)

Unused: TypeAlias = Skipped | UnsetType
Text: TypeAlias = str | UnsetType | None
Texts: TypeAlias = dict[str, str] | UnsetType | None


class Answered(NamedTuple):
    """An envelope that says success."""

    content: bytes
    """The JSON of its `data`."""
    warnings: tuple[Raw, ...]
    """Its `warnings` and then its `infos`."""


class _Envelope(msgspec.Struct, rename="camel"):
    status: Literal["success", "error"]
    data: Unused = UNSET
    error_type: Text = UNSET
    error: Text = UNSET
    warnings: list[str] | UnsetType | None = UNSET
    infos: list[str] | UnsetType | None = UNSET
    is_partial: Unused = UNSET
    """VictoriaMetrics' cluster: some of its storage did not answer."""
    stats: Unused = UNSET


def answered(body: bytes) -> Answered:
    """What is inside the envelope that every answer of this API has.

    `data` may come with an error; the error wins, whatever the HTTP status was.

    Raises:
        Unusable: it is no envelope, or it says error.
    """
    envelope = decoded(body, _Envelope)
    if envelope.status == "error":
        told = ": ".join(part for part in (envelope.error_type, envelope.error) if part)
        raise Unusable(
            FailureKind.STATUS, f"answered that it failed: {visible(told, cells=160) or 'no why'}"
        )
    warnings = [capped(each) for each in (*(envelope.warnings or ()), *(envelope.infos or ()))]
    if isinstance(envelope.is_partial, Skipped) and bytes(envelope.is_partial) == b"true":
        warnings.append(Raw("isPartial: some of its storage did not answer"))
    if not isinstance(envelope.data, Skipped):
        raise Unusable(FailureKind.SCHEMA, "got an answer that says success and has no data")
    return Answered(bytes(envelope.data), tuple(warnings))


class _Alert(msgspec.Struct, gc=False, rename="camel"):
    labels: dict[str, str]
    state: Literal["pending", "firing"]
    active_at: Time
    annotations: Texts = UNSET
    value: Text = UNSET
    keep_firing_since: Unused = UNSET
    partial_response_strategy: Unused = UNSET


class _Alerts(msgspec.Struct):
    alerts: list[_Alert] | None


def alerts_in(content: bytes) -> tuple[RuleAlert, ...]:
    """The `data` of `/api/v1/alerts`.

    Raises:
        Unusable: it is something else. Mimir has its Alertmanager's settings there when the
            path prefix is missing.
    """
    try:
        return tuple(
            RuleAlert(
                labels=label_set(wire.labels),
                annotations=label_set(wire.annotations or {}),
                state=AlertState.PENDING if wire.state == "pending" else AlertState.ACTIVE,
                active_at=utc(wire.active_at),
                value=capped(wire.value or ""),
            )
            for wire in decoded(content, _Alerts).alerts or ()
        )
    except OverflowError:
        raise out_of_range() from None


class _Rule(msgspec.Struct, gc=False, rename="camel"):
    name: str
    query: str
    health: Text = UNSET
    type: Text = UNSET
    duration: float | UnsetType = UNSET
    labels: Texts = UNSET
    annotations: Texts = UNSET
    last_error: Text = UNSET
    last_evaluation: Time | UnsetType | None = UNSET
    state: Unused = UNSET
    keep_firing_for: float | UnsetType = UNSET
    alerts: Unused = UNSET
    evaluation_time: Unused = UNSET


class _RuleGroup(msgspec.Struct, rename="camel"):
    name: str
    rules: list[_Rule] | None
    interval: float | UnsetType = UNSET
    file: Unused = UNSET
    limit: Unused = UNSET
    query_offset: Unused = UNSET
    labels: Unused = UNSET
    evaluation_time: Unused = UNSET
    last_evaluation: Unused = UNSET
    partial_response_strategy: Unused = UNSET
    source_tenants: Unused = UNSET


class _Rules(msgspec.Struct, rename="camel"):
    groups: list[_RuleGroup] | None
    group_next_token: Unused = UNSET


_HEALTH = {"ok": RuleHealth.OK, "err": RuleHealth.ERR}


def rules_in(content: bytes) -> tuple[Rule, ...]:
    """The alerting rules in the `data` of `/api/v1/rules`; recording rules are left out.

    Raises:
        Unusable: it is something else.
    """
    try:
        return tuple(
            _rule(rule, group)
            for group in decoded(content, _Rules).groups or ()
            for rule in group.rules or ()
            if rule.type != "recording"
        )
    except OverflowError:
        raise out_of_range() from None


def _rule(rule: _Rule, group: _RuleGroup) -> Rule:
    return Rule(
        name=capped(rule.name),
        group=capped(group.name),
        query=Raw(rule.query),
        duration=timedelta(seconds=rule.duration or 0.0),
        labels=label_set(rule.labels or {}),
        annotations=label_set(rule.annotations or {}),
        health=_HEALTH.get(rule.health or "", RuleHealth.UNKNOWN),
        last_error=capped(rule.last_error or ""),
        last_evaluation=utc_or_never(rule.last_evaluation) if rule.last_evaluation else None,
        interval=timedelta(seconds=group.interval or 0.0),
        keep_firing_for=timedelta(seconds=rule.keep_firing_for or 0.0),
    )


class _Target(msgspec.Struct, gc=False, rename="camel"):
    labels: dict[str, str]
    scrape_url: str
    health: Text = UNSET
    scrape_pool: Text = UNSET
    last_error: Text = UNSET
    last_scrape: Time | UnsetType | None = UNSET
    last_scrape_duration: float | UnsetType = UNSET
    discovered_labels: Unused = UNSET
    global_url: Unused = UNSET
    scrape_interval: Unused = UNSET
    scrape_timeout: Unused = UNSET


class _Targets(msgspec.Struct, rename="camel"):
    active_targets: list[_Target] | None
    dropped_targets: Unused = UNSET
    dropped_target_counts: Unused = UNSET


_TARGET_HEALTH = {"up": TargetHealth.UP, "down": TargetHealth.DOWN}


def targets_in(content: bytes) -> tuple[Target, ...]:
    """The active targets in the `data` of `/api/v1/targets`.

    Raises:
        Unusable: it is something else.
    """
    try:
        return tuple(
            Target(
                labels=label_set(wire.labels),
                scrape_url=capped(wire.scrape_url),
                pool=capped(wire.scrape_pool or ""),
                health=_TARGET_HEALTH.get(wire.health or "", TargetHealth.UNKNOWN),
                last_error=capped(wire.last_error or ""),
                last_scrape=utc_or_never(wire.last_scrape) if wire.last_scrape else None,
                scrape_duration=timedelta(seconds=wire.last_scrape_duration or 0.0),
            )
            for wire in decoded(content, _Targets).active_targets or ()
        )
    except OverflowError:
        raise out_of_range() from None


class _Address(msgspec.Struct):
    url: str


class _Alertmanagers(msgspec.Struct, rename="camel"):
    active_alertmanagers: list[_Address] | None
    dropped_alertmanagers: Unused = UNSET


def alertmanagers_in(content: bytes) -> tuple[Raw, ...]:
    """Base URLs of the Alertmanagers it sends to, each once, without `/api/v2/alerts`.

    Raises:
        Unusable: it is something else.
    """
    bases = (
        wire.url.removesuffix("/alerts").removesuffix("/api/v2").removesuffix("/api/v1")
        for wire in decoded(content, _Alertmanagers).active_alertmanagers or ()
    )
    return tuple(capped(base) for base in dict.fromkeys(bases))


class _Build(msgspec.Struct):
    version: str


def version_in(content: bytes) -> Raw:
    """The version in the `data` of `/api/v1/status/buildinfo`.

    Raises:
        Unusable: it is something else.
    """
    return capped(decoded(content, _Build).version)


class _Config(msgspec.Struct):
    yaml: str


def config_in(content: bytes) -> str:
    """The running configuration, YAML, in the `data` of `/api/v1/status/config`.

    Raises:
        Unusable: it is something else.
    """
    return decoded(content, _Config).yaml


def out_of_range() -> Unusable:
    return Unusable(FailureKind.SCHEMA, "got a number or a time that is out of range")
