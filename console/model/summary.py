"""What a week comes to: the summary of seven days, which screen, Markdown, JSON and HTML show.

Texts are safe to show unless they are `Raw`. Days are local days in `Week.zone`, so that one of
them may have 23 or 25 hours. Seconds are summed, percentages never averaged.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

import msgspec

from console.model.change import ChangeState
from console.model.history import KnownBy
from console.model.incident import IncidentState
from console.model.latency import Latencies
from console.model.saying import Saying, Sourced, text_of
from console.model.state import Priority
from console.safety.text import Raw

MOST_OUTAGES: Final = 50
"""Of one service, that a week lists; how many there were it tells in any case."""


class Verdict(enum.StrEnum):
    """What is to be said of an objective."""

    MET = "met"
    MISSED = "missed"
    NOT_ENOUGH_DATA = "not enough data"
    NOT_MEASURED = "not measured"


class Availability(msgspec.Struct, frozen=True):
    """How long a service was up within some time, in seconds."""

    whole_s: float = 0.0
    """All of it, of which `excluded_s` were maintenance or the window of an approved change."""
    excluded_s: float = 0.0
    known_s: float = 0.0
    """Observed, outside of what is excluded."""
    down_s: float = 0.0
    """Down, of `known_s`."""
    slow_s: float = 0.0
    """Slow, of `known_s`; it counts as up."""
    raw_known_s: float = 0.0
    """Observed, what is excluded included."""
    raw_down_s: float = 0.0

    @property
    def ratio(self) -> float | None:
        """The share of the observed time in which it was up, 0 to 1, without what is excluded;
        `None`: nothing was observed."""
        return 1 - self.down_s / self.known_s if self.known_s > 0 else None

    @property
    def raw_ratio(self) -> float | None:
        """The same with what is excluded."""
        return 1 - self.raw_down_s / self.raw_known_s if self.raw_known_s > 0 else None

    @property
    def wanted_s(self) -> float:
        """What ought to have been observed."""
        return self.whole_s - self.excluded_s

    @property
    def coverage(self) -> float | None:
        """The share of `wanted_s` that was observed; `None`: all was excluded."""
        return min(1.0, self.known_s / self.wanted_s) if self.wanted_s > 0 else None


def summed(several: Iterable[Availability]) -> Availability:
    """The seconds of all of them: of several days, or of several services."""
    totals = [0.0] * 7
    for one in several:
        for index, seconds in enumerate(msgspec.structs.astuple(one)):
            totals[index] += seconds
    return Availability(*totals)


class Budget(msgspec.Struct, frozen=True):
    """The error budget of an availability objective, over the window of the report."""

    allowed_s: float
    """Downtime that the objective allows in the observed time."""
    spent_s: float

    @property
    def left_s(self) -> float:
        """Below 0: overspent."""
        return self.allowed_s - self.spent_s

    @property
    def burn(self) -> float | None:
        """How many times as fast as allowed it was spent; `None`: nothing is allowed."""
        return self.spent_s / self.allowed_s if self.allowed_s > 0 else None


class Unit(enum.StrEnum):
    """In what a figure is told."""

    PERCENT = "percent"
    """0 to 100."""
    SECONDS = "seconds"
    COUNT = "count"
    PER_SECOND = "per second"


class Means(enum.StrEnum):
    """How a figure came to be known."""

    FIGURE = "figure"
    """The console reckoned it."""
    QUERY = "query"
    """A PromQL query that the settings name."""
    HAND = "hand"
    """Somebody wrote it down."""
    NONE = "none"


class Figure(msgspec.Struct, frozen=True):
    """One objective or key figure, and what it came to."""

    name: str
    unit: Unit
    value: float | None = None
    before: float | None = None
    """Over the window before this one."""
    above: float | None = None
    below: float | None = None
    """What it ought to be; at most one of the two. Neither: it is only told, with its value and the
    verdict "not measured", but for what lacks data."""
    verdict: Verdict = Verdict.NOT_MEASURED
    means: Means = Means.NONE
    told_by: Saying | None = None
    """`history`, `prom`, `kai on 2026-11-21`; `None` where it is not measured."""
    query: str = ""
    service: str = ""
    """Of which service; empty: of all that it is for together."""
    lack: Saying | None = None
    """Why it is not measured, or why its data are not enough."""
    coverage: float | None = None
    """The share of the time that was observed, 0 to 1, of one that is reckoned from what was
    seen; `None`: it has none."""

    @property
    def source(self) -> str:
        """`told_by` in English."""
        return text_of(self.told_by)

    @property
    def why_not(self) -> str:
        """`lack` in English."""
        return text_of(self.lack)


class Outage(msgspec.Struct, frozen=True):
    """Some time in which a service was down without a break."""

    start: datetime
    end: datetime
    by: Saying | None = None
    """What it is excluded by, as `Exclusion.by`; `None`: it counts. An outage that reaches over
    the edge of what is excluded is two."""

    @property
    def excluded_by(self) -> str:
        """`by` in English; empty: it counts."""
        return text_of(self.by)


class Slot(msgspec.Struct, frozen=True):
    """One service on one day, or in one hour: a cell of the heat strip."""

    start: datetime
    end: datetime
    availability: Availability
    incidents: tuple[str, ...] = ()
    """Ids of incidents about it that were going on."""
    changes: tuple[str, ...] = ()
    """Ids of changes of it that were carried out."""
    p95_ms: float | None = None


class ServiceWeek(msgspec.Struct, frozen=True):
    """One service over the window."""

    service: str
    place: str
    owner: str
    critical: bool
    total: Availability
    days: tuple[Slot, ...]
    outages: tuple[Outage, ...]
    """In order; the longest `MOST_OUTAGES` of them."""
    outage_count: int
    latencies: Latencies
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    target: float | None
    """The availability that it ought to have, 0 to 1; `None`: nobody set one."""
    budget: Budget | None
    verdict: Verdict
    before: Availability | None = None
    """Over the window before; `None`: nothing is known of it."""
    before_p95_ms: float | None = None
    figures: tuple[Figure, ...] = ()
    """The objectives that are its own, measured or not."""
    samples: int = 0
    source: str = ""
    """Where it is known from, safe to show; empty: from nowhere."""
    query: str = ""
    known_by: tuple[KnownBy, ...] = ()
    """Where one source filled the gaps of another; empty: all of it is from `source`."""


class Response(msgspec.Struct, frozen=True):
    """How the alerts of one priority were answered."""

    priority: Priority | None
    """`None`: of all together."""
    count: int = 0
    acked: int = 0
    resolved: int = 0
    mtta_s: float | None = None
    """Mean seconds from the start until somebody took it, of those that were taken."""
    mttr_s: float | None = None
    """Mean seconds from the start to the proven end, of those that ended."""
    longest_s: float | None = None
    late_acks: int = 0
    """Whose time to respond was over before anybody took them, or is over and nobody has."""
    late_ends: int = 0
    """Whose time to resolve was over before they ended, or is over and they have not."""
    silenced: int = 0
    """That a silence covered before anybody took them: no clock of theirs counts from then on, and
    neither mean has them."""
    mtta_of: int = 0
    """Over how many of them `mtta_s` is the mean."""
    mttr_of: int = 0
    """The same of `mttr_s`."""
    untold: int = 0
    """Of `count`, those of which Prometheus alone tells: who took them, and what silenced them,
    is not known."""


class Noise(msgspec.Struct, frozen=True):
    """One alert of one service, by how much it asked of people."""

    alert: Raw
    service: str
    where: Raw
    count: int
    by_day: tuple[int, ...]
    total_s: float
    """That it fired, all bouts together, within the window."""
    median_s: float | None
    acked: int
    untouched: int
    """Bouts that ended by themselves: nobody took them, nothing silenced them, no incident is
    about them."""
    incidents: tuple[str, ...] = ()
    before: int | None = None
    """How often in the window before; `None`: not known."""
    longest_s: float | None = None
    untold: int = 0
    """Of `count`, those of which Prometheus alone tells: whether anybody touched them is not
    known."""


class IncidentLine(msgspec.Struct, frozen=True):
    """An incident as a report lists it."""

    id: str
    title: str
    state: IncidentState
    severity: Priority | None
    services: tuple[str, ...]
    start: datetime
    end: datetime | None
    """`None`: it goes on."""


class ChangeLine(msgspec.Struct, frozen=True):
    """A change as a report lists it."""

    id: str
    title: str
    state: ChangeState
    services: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    author: str = ""
    is_planned: bool = False
    """It has not been carried out: the times are those of its window."""


class Exclusion(msgspec.Struct, frozen=True):
    """Some time that does not count against some services."""

    by: Saying
    """`CHG-20261122-9b1`, `maintenance nightly`."""
    start: datetime
    end: datetime
    services: tuple[str, ...] = ()
    """Empty: all."""

    @property
    def name(self) -> str:
        """`by` in English."""
        return self.by.text


class Gap(msgspec.Struct, frozen=True):
    """Some time in which nobody recorded anything."""

    start: datetime
    end: datetime
    cause: Saying | None = None
    """`None`: not known."""

    @property
    def why(self) -> str:
        """`cause` in English."""
        return text_of(self.cause)


class Observation(msgspec.Struct, frozen=True):
    """The days of watching after a launch, as the settings have them."""

    first: date
    days: int

    def day(self, of: date) -> int | None:
        """Which day of it `of` is, from 1; `None`: it is none."""
        number = (of - self.first).days + 1
        return number if 1 <= number <= self.days else None


class Week(Sourced, msgspec.Struct, frozen=True):
    """The summary of some days, mostly seven."""

    environment: str
    zone: str
    first: date
    last: date
    start: datetime
    end: datetime
    """The end of `last`, or the present moment where that is earlier."""
    made_at: datetime
    services: tuple[ServiceWeek, ...]
    """In the order of the registry, then those that are in none by name."""
    total: Availability
    """The seconds of all services together."""
    before: Availability | None
    least_coverage: float
    """Below it, 0 to 1, the verdict is "not enough data"."""
    responses: tuple[Response, ...]
    """All together first, then each priority that came."""
    responses_before: tuple[Response, ...]
    noise: tuple[Noise, ...]
    """The noisiest first: by count, then by time."""
    incidents: tuple[IncidentLine, ...]
    changes: tuple[ChangeLine, ...]
    exclusions: tuple[Exclusion, ...]
    objectives: tuple[Figure, ...]
    """Of the whole: the fleet's, the page loads', the hand-entered ones."""
    gaps: tuple[Gap, ...]
    observation: Observation | None = None
    made_from: tuple[Saying, ...] = ()
    """Each in a few words."""
    to_know: tuple[Saying, ...] = ()
    """What its reader has to know: a source that did not answer, a clock that jumped."""

    @property
    def days(self) -> int:
        """How many days it is about."""
        return (self.last - self.first).days + 1
