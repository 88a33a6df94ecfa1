"""Alertmanager's API v2, bytes to model types. Source: api/v2/openapi.yaml, 0.22 to 0.34.

The shapes name every field that a known version writes, used or not, so that a key that
stands twice can be told from a field that is new (`answer.decoded`). What is not used is
`msgspec.Raw`, which is passed over without being built.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType
from msgspec import Raw as Skipped

from console.model.alert import (
    Alert,
    AlertGroup,
    AlertState,
    ClusterStatus,
    Silence,
    SilenceState,
)
from console.model.failure import FailureKind
from console.model.labels import EMPTY, Matcher
from console.safety.text import Raw
from console.sources.answer import Id, Time, Unusable, capped, decoded, label_set, utc

Unused: TypeAlias = Skipped | UnsetType
Texts: TypeAlias = dict[str, str]


class _Receiver(msgspec.Struct, gc=False):
    name: str
    labels: Unused = UNSET


class _AlertStatus(msgspec.Struct, gc=False, rename="camel"):
    state: Literal["unprocessed", "active", "suppressed"]
    silenced_by: list[Id] | UnsetType | None = UNSET
    inhibited_by: list[Id] | UnsetType | None = UNSET
    muted_by: list[str] | UnsetType | None = UNSET


class _Alert(msgspec.Struct, gc=False, rename="camel"):
    labels: Texts
    starts_at: Time
    fingerprint: Id
    status: _AlertStatus
    annotations: Texts | UnsetType | None = UNSET
    receivers: list[_Receiver] | UnsetType | None = UNSET
    updated_at: Time | UnsetType | None = UNSET
    ends_at: Time | UnsetType | None = UNSET
    generator_url: str | UnsetType | None = msgspec.field(default=UNSET, name="generatorURL")


class _GroupAlert(msgspec.Struct, gc=False, rename="camel"):
    fingerprint: Id
    status: _AlertStatus
    labels: Unused = UNSET
    starts_at: Unused = UNSET
    annotations: Unused = UNSET
    receivers: Unused = UNSET
    updated_at: Unused = UNSET
    ends_at: Unused = UNSET
    generator_url: Unused = msgspec.field(default=UNSET, name="generatorURL")


class _Group(msgspec.Struct, rename="camel"):
    labels: Texts
    receiver: _Receiver
    alerts: list[_GroupAlert]
    route_labels: Unused = UNSET


class _Matcher(msgspec.Struct, gc=False, rename="camel"):
    name: str
    value: str
    is_regex: bool
    is_equal: bool | UnsetType = UNSET


class _SilenceStatus(msgspec.Struct, gc=False):
    state: Literal["active", "pending", "expired"]


class _Silence(msgspec.Struct, gc=False, rename="camel"):
    id: Id
    status: _SilenceStatus
    matchers: list[_Matcher]
    starts_at: Time
    ends_at: Time
    created_by: str | UnsetType | None = UNSET
    comment: str | UnsetType | None = UNSET
    updated_at: Time | UnsetType | None = UNSET
    annotations: Unused = UNSET


class _Peer(msgspec.Struct):
    name: str
    address: Unused = UNSET


class _Gossip(msgspec.Struct):
    status: Literal["ready", "settling", "disabled"]
    name: Unused = UNSET
    peers: list[_Peer] | UnsetType | None = UNSET


class _Version(msgspec.Struct, rename="camel"):
    version: str = ""
    revision: Unused = UNSET
    branch: Unused = UNSET
    build_user: Unused = UNSET
    build_date: Unused = UNSET
    go_version: Unused = UNSET


class _Config(msgspec.Struct):
    original: str = ""


class _Status(msgspec.Struct, rename="camel"):
    cluster: _Gossip
    version_info: _Version | UnsetType = UNSET
    config: _Config | UnsetType = UNSET
    uptime: Time | UnsetType | None = UNSET


def alerts_in(body: bytes, cluster: str, member: str) -> tuple[Alert, ...]:
    """What `GET /alerts` said: every alert that fires, in the server's order.

    Raises:
        Unusable: it is no list of alerts, or one of them lacks what it is known by.
    """
    receivers: dict[tuple[str, ...], tuple[Raw, ...]] = {}
    members = (member,)
    try:
        return tuple(
            [_alert(wire, cluster, members, receivers) for wire in decoded(body, list[_Alert])]
        )
    except OverflowError:
        raise _no_such_year() from None


def _alert(
    wire: _Alert,
    cluster: str,
    members: tuple[str, ...],
    receivers: dict[tuple[str, ...], tuple[Raw, ...]],
) -> Alert:
    status = wire.status
    names = tuple([each.name for each in wire.receivers or ()])
    known = receivers.get(names)
    if known is None:
        known = receivers[names] = tuple(map(capped, names))
    return Alert(
        fingerprint=wire.fingerprint,
        labels=label_set(wire.labels),
        annotations=label_set(wire.annotations or {}),
        starts_at=utc(wire.starts_at),
        state=_STATES[status.state],
        cluster=cluster,
        updated_at=utc(wire.updated_at) if wire.updated_at else None,
        ends_at=utc(wire.ends_at) if wire.ends_at else None,
        generator_url=capped(wire.generator_url) if wire.generator_url else EMPTY,
        receivers=known,
        silenced_by=tuple(status.silenced_by or ()),
        inhibited_by=tuple(status.inhibited_by or ()),
        muted_by=tuple(map(capped, status.muted_by or ())),
        members=members,
    )


_STATES = {state.value: state for state in AlertState}


def groups_in(body: bytes) -> tuple[AlertGroup, ...]:
    """What `GET /alerts/groups` said. An alert that goes to two receivers stands twice.

    Raises:
        Unusable: it is no list of groups.
    """
    return tuple(
        AlertGroup(
            labels=label_set(group.labels),
            receiver=capped(group.receiver.name),
            fingerprints=tuple([alert.fingerprint for alert in group.alerts]),
            muted=tuple(
                (alert.fingerprint, tuple(map(capped, alert.status.muted_by)))
                for alert in group.alerts
                if alert.status.muted_by
            ),
        )
        for group in decoded(body, list[_Group])
    )


def silences_in(body: bytes, cluster: str) -> tuple[Silence, ...]:
    """What `GET /silences` said, less the expired ones.

    Servers before 0.34 send every silence of the last five days: 72,190 expired ones were
    seen beside 55 alerts.

    Raises:
        Unusable: it is no list of silences.
    """
    return silences_and_ended_in(body, cluster, None)[0]


def silences_and_ended_in(
    body: bytes, cluster: str, since: datetime | None
) -> tuple[tuple[Silence, ...], tuple[Silence, ...]]:
    """The silences that run or will, and those that have ended since `since`, latest first.

    Raises:
        Unusable: it is no list of silences.
    """
    running: list[Silence] = []
    ended: list[Silence] = []
    try:
        for wire in decoded(body, list[_Silence]):
            if wire.status.state != "expired":
                running.append(_silence(wire, cluster))
            elif since is not None and wire.ends_at >= since:
                ended.append(_silence(wire, cluster))
    except OverflowError:
        raise _no_such_year() from None
    ended.sort(key=lambda one: one.ends_at, reverse=True)
    return tuple(running), tuple(ended)


def silence_in(body: bytes, cluster: str) -> Silence:
    """What `GET /silence/{id}` said.

    Raises:
        Unusable: it is no silence.
    """
    try:
        return _silence(decoded(body, _Silence), cluster)
    except OverflowError:
        raise _no_such_year() from None


class _Made(msgspec.Struct):
    silence_id: Id = msgspec.field(name="silenceID")


def silence_id_in(body: bytes) -> str:
    """The id that the answer to `POST /silences` gives.

    Raises:
        Unusable: it gives none.
    """
    return decoded(body, _Made).silence_id


def _silence(wire: _Silence, cluster: str) -> Silence:
    return Silence(
        id=wire.id,
        cluster=cluster,
        state=SilenceState(wire.status.state),
        matchers=tuple(map(_matcher, wire.matchers)),
        starts_at=utc(wire.starts_at),
        ends_at=utc(wire.ends_at),
        created_by=capped(wire.created_by or ""),
        comment=capped(wire.comment or ""),
        updated_at=utc(wire.updated_at) if wire.updated_at else None,
    )


def _matcher(wire: _Matcher) -> Matcher:
    # Not capped: a matcher that has been cut matches something else.
    return Matcher(
        name=wire.name,
        value=Raw(wire.value),
        is_regex=wire.is_regex,
        is_equal=True if wire.is_equal is UNSET else wire.is_equal,
    )


def status_in(body: bytes) -> ClusterStatus:
    """What `GET /status` said.

    Raises:
        Unusable: it is no status.
    """
    wire = decoded(body, _Status)
    try:
        started = utc(wire.uptime) if wire.uptime else None
    except OverflowError:
        raise _no_such_year() from None
    return ClusterStatus(
        gossip=wire.cluster.status,
        peers=tuple(capped(peer.name) for peer in wire.cluster.peers or ()),
        version=capped(wire.version_info.version) if wire.version_info else EMPTY,
        started_at=started,
        config=Raw(wire.config.original) if wire.config else EMPTY,
    )


def _no_such_year() -> Unusable:
    return Unusable(FailureKind.SCHEMA, "got a time before the year 1 or after the year 9999")
