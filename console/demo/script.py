"""What a scenario is made of: things that go wrong on a timeline of script seconds.

Second 0 is the moment at which the world starts; what happened before has negative
seconds. Every part names its `cause`: putting that right ends it.
"""

from __future__ import annotations

import math

import msgspec

from console.demo.inventory import BY_NAME
from console.demo.metrics import LabelPairs, Series, pairs
from console.demo.shape import Shape, pulse, ramp, step

EXTENDED_S = 900.0
"""How long an ack lasts from when kthxbye extends it."""


class Bend(msgspec.Struct, frozen=True):
    """A metric that leaves its resting level. `want` picks the series of the family."""

    cause: str
    family: str
    want: LabelPairs
    shape: Shape
    recovery_s: float = 30.0
    """How long the way back takes once the cause is put right."""


class Trouble(msgspec.Struct, frozen=True):
    """A service whose endpoints answer wrongly, slowly or not at all."""

    cause: str
    service: str
    """Or a host, which with `refuse` is dark: it does not answer at all, SSH neither."""
    start_s: float
    end_s: float = math.inf
    refuse: bool = False
    """Its port is closed."""
    status: int | None = None
    """What its liveness answers in place of 200."""
    ready_status: int | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """What its readiness tells beside its dependencies: field and words."""
    latency: Shape | None = None
    """Seconds until it answers."""
    exit_code: int = 1
    """With which its process ended, where it has (`refuse`)."""
    oom_killed: bool = False
    """The kernel ended it for lack of memory."""

    def at(self, at_s: float) -> bool:
        """Whether it lasts at that moment."""
        return self.start_s <= at_s < self.end_s


class Outage(msgspec.Struct, frozen=True):
    """A Prometheus or an Alertmanager that is gone for a while; its memory is lost."""

    component: str
    """Its service name: `prometheus-edge`, `alertmanager-b` …"""
    start_s: float
    end_s: float


class Release(msgspec.Struct, frozen=True):
    """A new version of a service, which one half of its replicas runs."""

    service: str
    at_s: float
    version: str


class Query(msgspec.Struct, frozen=True):
    """A statement in the database that holds what others wait for."""

    cause: str
    pid: int
    since_s: float
    user: str
    text: str


class EdgeRule(msgspec.Struct, frozen=True):
    """The newest commit in the rules of a proxy: taken back and read again, it is over."""

    cause: str
    service: str
    """The proxy, which reads them."""
    folder: str
    at_s: float
    by: str
    subject: str


class PostedSilence(msgspec.Struct, frozen=True):
    """A silence that somebody had made before the world started, or makes on schedule.

    Nobody has it before `start_s`, unless `told_s` says that it was made earlier.
    """

    matchers: tuple[tuple[str, str, bool], ...]
    """Name, value, and whether the value is a regular expression."""
    start_s: float
    end_s: float
    created_by: str
    comment: str
    told_s: float | None = None
    """When it was made or last changed, where that is not at its start."""


class Scenario(msgspec.Struct, frozen=True):
    """One script."""

    name: str
    summary: str
    bends: tuple[Bend, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    outages: tuple[Outage, ...] = ()
    releases: tuple[Release, ...] = ()
    silences: tuple[PostedSilence, ...] = ()
    more_series: tuple[Series, ...] = ()
    more_cause: str = ""
    """What has to be put right for `more_series` to be as they were long before."""
    remedies: tuple[tuple[str, str], ...] = ()
    """What is restarted and the cause that this puts right, where they differ in name."""
    certificates: tuple[tuple[str, float], ...] = ()
    """TLS endpoints and the script second at which their certificate ends."""
    query: Query | None = None
    rule: EdgeRule | None = None


def bend(cause: str, family: str, shape: Shape, recovery_s: float = 30.0, **want: str) -> Bend:
    """A bend of the series that have the labels of `want`."""
    return Bend(cause, family, pairs(**want), shape, recovery_s)


def up_again(start_s: float, end_s: float) -> Shape:
    """1, but 0 from start to end."""
    return step(start_s, 1, 0) if end_s == math.inf else pulse(start_s, end_s, 1, 0)


def gone(cause: str, service: str, start_s: float, end_s: float = math.inf) -> tuple[Bend, Trouble]:
    """A service whose port is closed, and the scrape that notices it."""
    seen = bend(cause, "up", up_again(start_s, end_s), 0, service=service, job="services")
    return seen, Trouble(cause, service, start_s, end_s, refuse=True)


def replicas_lost(cause: str, service: str, at_s: float, lost: int) -> tuple[Bend, Bend]:
    """A deployment that has fewer replicas than it should."""
    spec = BY_NAME[service]
    have = spec.replicas or 1
    available = "kube_deployment_status_replicas_available"
    return (
        bend(cause, "=replicas_missing", step(at_s, 0, lost), 20, service=service),
        bend(cause, available, step(at_s, have, have - lost), 20, deployment=service),
    )


def ack(by: str, start_s: float, end_s: float, note: str, **labels: str) -> PostedSilence:
    """A silence that karma and kthxbye take for an acknowledgement."""
    matchers = tuple((name, value, False) for name, value in sorted(labels.items()))
    return PostedSilence(matchers, start_s, end_s, by, f"ACK! {by}: {note}")


def kept_ack(by: str, start_s: float, end_s: float, note: str, **labels: str) -> PostedSilence:
    """An ack of which kthxbye last moved the end to `end_s`."""
    made = ack(by, start_s, end_s, note, **labels)
    return msgspec.structs.replace(made, told_s=end_s - EXTENDED_S)


def old_images(names_and_days: tuple[tuple[str, float], ...]) -> tuple[Bend, ...]:
    """Low-priority alerts that have fired for so many days."""
    day_s = 86400.0
    return tuple(
        bend(
            f"image of {name}",
            "image_age_days",
            ramp((-(days + 40) * day_s, 50), (-days * day_s, 90), (0, 90 + days)),
            service=name,
        )
        for name, days in names_and_days
    )
