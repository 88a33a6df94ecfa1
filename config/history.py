"""What is remembered and how it is judged, as `oncall.yaml` says it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from config.changes import ChangePeriod, Recurring
from config.kinds import Duration, FolderPath, Interval, Name, TimeOfDay
from console.safety.secret import SecretSource

Percentage = Annotated[float, Meta(title="a percentage from 0 to 100", ge=0, le=100)]
SampleInterval = Annotated[
    timedelta,
    # A world that is busy is looked at every 5 to 10 s: between samples that are meant to be
    # closer than that there would be gaps.
    Meta(title="an interval", extra={"at_least": timedelta(seconds=10)}),
]
UnitName = Literal["percent", "seconds", "count", "per second"]
Form = Literal["short", "detailed"]
"""How much a report says."""
KnownFrom = Literal["auto", "history", "prometheus"]
"""Where availability and latency are known from."""
FigureName = Literal[
    "availability", "coverage", "p50", "p95", "p99", "mtta", "mttr", "late acks", "late ends",
    "alerts", "incidents", "changes", "automated",
]  # fmt: skip


class History(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the console remembers."""

    record: bool = True
    """An open console writes down what it sees, where nothing else does. Off: only
    `oncall record` does."""
    every: SampleInterval = timedelta(seconds=60)
    """Between two samples of a service, `10s` at least; what changes is written at once."""
    folder: FolderPath | None = None
    """Where the file is, on a disk of this machine. Unset: the state folder of the environment."""
    keep_samples: Interval = timedelta(days=8)
    """For how long every single sample is kept."""
    keep: Interval = timedelta(days=400)
    """For how long it is kept what they add up to, and the episodes of alerts."""


class Maintenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a service may be down: shown, and not counted against it. A freeze excludes nothing."""

    name: Name
    """By which it is spoken of."""
    times: tuple[Recurring, ...] = ()
    """When, again and again: any of these."""
    periods: tuple[ChangePeriod, ...] = ()
    """When, once: any of these."""
    services: tuple[Name, ...] = ()
    """For which services; empty: for all."""


class ObjectiveEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is measured and ought to be in bounds: by `figure`, by `query`, or by
    `value`; by none of them it is not measured."""

    name: Name
    """Unique among all; that of one of the built-in ones replaces it."""
    figure: FigureName | None = None
    """One that the console reckons."""
    query: str | None = None
    """PromQL that gives one number. `$service` stands for the service's name with what is special
    to a regular expression made harmless, `$window` for the time of the report: `7d`."""
    source: Name | None = None
    """The Prometheus that is asked; unset: the first that has an answer."""
    value: float | None = None
    """Measured by hand. The daily inspection may give it too."""
    by: str = ""
    """Who measured it by hand."""
    on: date | None = None
    """When."""
    above: float | None = None
    """What it must not be under, in its unit."""
    below: float | None = None
    """What it must be under, in its unit."""
    unit: UnitName = "percent"
    """In what it is told."""
    services: tuple[Name, ...] = ()
    """For each of which it is measured; empty: once, for all together."""


class ItemEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is looked at every day."""

    name: Name
    """Unique; by which it is kept."""
    text: str = ""
    """What to look at."""
    objective: Name | None = None
    """The objective whose figure of the day is read off here."""


class InspectionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The daily inspection."""

    due: TimeOfDay = "10:00"
    """By when, in the zone of `rota`."""
    items: tuple[ItemEntry, ...] = (
        ItemEntry(name="crash-rate", text="Crash rate of yesterday", objective="crash rate"),
        ItemEntry(name="api-errors", text="API error rate of yesterday",
                  objective="API error rate"),
        ItemEntry(name="funnels", text="Key funnels: counts against the day before",
                  objective="key-flow success"),
        ItemEntry(name="risk-events", text="Response to risk events: none waited over 300 s"),
        ItemEntry(name="heartbeats", text="Heartbeats of external dependencies"),
        ItemEntry(name="backups", text="Daily snapshot is there, 30 days of cold copies"),
        ItemEntry(name="rbac", text="Security patrol: RBAC, reviewed weekly"),
        ItemEntry(name="audit", text="Security patrol: audit of sensitive operations"),
    )  # fmt: skip
    """What is looked at, in this order."""
    remind: bool = False
    """Have it in the worklist while it is not done, with its time."""


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A chat that reports are sent to when somebody asks for it."""

    name: Name
    """By which it is chosen."""
    kind: Literal["slack", "feishu", "json"]
    """What it understands. `json`: `{"title": …, "text": …}`."""
    url: SecretSource
    """Where it is; whoever knows it can write there, so that it is a secret."""
    form: Form = "short"
    """Which form is sent."""
    timeout: Duration = timedelta(seconds=10)
    """The total deadline of one message."""


class Summary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a day and a week are judged."""

    coverage: Percentage = 95.0
    """Where less of the time was observed, the verdict is "not enough data"."""
    availability: Percentage | None = 99.9
    """What every service ought to reach; `slo_availability` of a service wins. `null`: none."""
    source: KnownFrom = "auto"
    """Where availability and latency are known from. `auto`: history, and a Prometheus when history
    did not see a service; the report tells how much each observed."""
    maintenance: tuple[Maintenance, ...] = ()
    """When services may be down."""
    objectives: tuple[ObjectiveEntry, ...] = ()
    """What is measured beside availability. Built in, until one of the same name is written:
    `page load`, `key-flow success`, `crash rate`, `API error rate`."""
    kpis: tuple[ObjectiveEntry, ...] = ()
    """Key figures of the team's own; built in as in the guide."""
    inspection: InspectionSettings = InspectionSettings()
    """What is looked at every morning."""
    webhooks: tuple[Webhook, ...] = ()
    """Chats that a report can be sent to."""


OBJECTIVES: Final = (
    ObjectiveEntry(name="page load", figure="p95", unit="seconds", below=2.0),
    ObjectiveEntry(name="key-flow success", above=98.0),
    ObjectiveEntry(name="crash rate", below=0.5),
    ObjectiveEntry(name="API error rate", below=1.0),
)
"""Built in. `page load` is of all registered pages together."""
KPIS: Final = (
    ObjectiveEntry(name="availability", figure="availability"),
    ObjectiveEntry(name="MTTA", figure="mtta", unit="seconds"),
    ObjectiveEntry(name="MTTR", figure="mttr", unit="seconds"),
    ObjectiveEntry(name="automated operations", figure="automated"),
    ObjectiveEntry(name="security events", unit="count"),
    ObjectiveEntry(name="response time p95", figure="p95", unit="seconds"),
    ObjectiveEntry(name="throughput", unit="per second"),
    ObjectiveEntry(name="resource use"),
    ObjectiveEntry(name="error rate"),
)
"""Built in."""


def entries_of(
    own: tuple[ObjectiveEntry, ...], built_in: tuple[ObjectiveEntry, ...]
) -> tuple[ObjectiveEntry, ...]:
    """The built-in ones, of which those of the team's own with the same name stand in for some,
    then the rest of these."""
    by_name = {one.name.casefold(): one for one in own}
    replaced = tuple(by_name.pop(one.name.casefold(), one) for one in built_in)
    return (*replaced, *by_name.values())
