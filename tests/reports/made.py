"""Reports made by hand, for every form in which they are written and every screen of theirs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from console.model.change import ChangeState
from console.model.daily import (
    Daily,
    DoneStep,
    FreezeLine,
    Inspection,
    InspectionItem,
    Kpi,
    Now,
    Owed,
    ServiceDay,
    Tick,
)
from console.model.history import Bout, Sight
from console.model.incident import IncidentState
from console.model.latency import counted
from console.model.nag import NagKind
from console.model.saying import saying, verbatim
from console.model.state import Priority
from console.model.summary import (
    Availability,
    Budget,
    ChangeLine,
    Exclusion,
    Figure,
    Gap,
    IncidentLine,
    Means,
    Noise,
    Observation,
    Outage,
    Response,
    ServiceWeek,
    Slot,
    Unit,
    Verdict,
    Week,
    summed,
)
from console.safety.text import Raw

ZONE: Final = "Asia/Taipei"
FIRST: Final = date(2026, 11, 16)
LAST: Final = date(2026, 11, 22)
START: Final = datetime(2026, 11, 15, 16, 0, tzinfo=UTC)
END: Final = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
MADE_AT: Final = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
DAY_S: Final = 86_400.0
QUERY: Final = 'avg_over_time(probe_success{service="api"}[1m])'


def seen(
    down_s: float = 0.0,
    known_s: float = DAY_S,
    excluded_s: float = 0.0,
    excluded_down_s: float = 0.0,
    whole_s: float = DAY_S,
) -> Availability:
    """A day of which `known_s`, less what is excluded, was observed."""
    return Availability(
        whole_s=whole_s,
        excluded_s=excluded_s,
        known_s=max(0.0, known_s - excluded_s),
        down_s=down_s,
        raw_known_s=known_s,
        raw_down_s=down_s + excluded_down_s,
    )


def at(day: int, hour: int = 0, minute: int = 0, second: float = 0.0) -> datetime:
    """Some time on local day `day` of the week, from 0."""
    return START + timedelta(days=day, hours=hour, minutes=minute, seconds=second)


def service(
    name: str,
    days: Iterable[Availability] | None = None,
    target: float | None = 0.999,
    least_coverage: float = 0.95,
    **changes: object,
) -> ServiceWeek:
    """A service over the week, judged as a report judges it."""
    parts = tuple(days) if days is not None else (seen(),) * 7
    total = summed(parts)
    took = counted(20.0 + 3 * n for n in range(100)) if total.known_s else counted(())
    slots = tuple(
        Slot(
            at(n), at(n + 1), one, p95_ms=took.percentile_ms(95) if one.known_s else None
        )
        for n, one in enumerate(parts)
    )  # fmt: skip
    budget = None
    verdict = Verdict.NOT_MEASURED
    if target is not None:
        short = total.coverage is not None and total.coverage < least_coverage
        is_met = total.ratio is not None and total.ratio >= target
        verdict = Verdict.MET if is_met else Verdict.MISSED
        if short or total.ratio is None:
            verdict = Verdict.NOT_ENOUGH_DATA
        else:
            budget = Budget((1 - target) * total.known_s, total.down_s)
    outages = tuple(
        Outage(at(n, 3, 14), at(n, 3, 14, one.down_s)) for n, one in enumerate(parts) if one.down_s
    )
    made = ServiceWeek(
        service=name,
        place="data-1",
        owner="team-data",
        critical=False,
        total=total,
        days=slots,
        outages=outages,
        outage_count=len(outages),
        latencies=took,
        p50_ms=took.percentile_ms(50),
        p95_ms=took.percentile_ms(95),
        p99_ms=took.percentile_ms(99),
        target=target,
        budget=budget,
        verdict=verdict,
        before=summed((seen(120.0),) * 7),
        samples=10_080 if total.known_s else 0,
        source="history" if total.known_s else "",
    )
    return msgspec.structs.replace(made, **changes)


def figure(name: str = "page load", **changes: object) -> Figure:
    """An objective that is met."""
    made = Figure(
        name=name,
        unit=Unit.SECONDS,
        value=1.234,
        before=1.4,
        below=2.0,
        verdict=Verdict.MET,
        means=Means.FIGURE,
        told_by=verbatim("history"),
    )
    return msgspec.structs.replace(made, **changes)


NOT_MEASURED: Final = Figure("crash rate", Unit.PERCENT, below=0.5)
ASKED: Final = Figure(
    "API error rate", Unit.PERCENT, value=1.2, below=1.0, verdict=Verdict.MISSED,
    means=Means.QUERY, told_by=verbatim("prom"),
    query="100 * sum(rate(errors[7d])) / sum(rate(all[7d]))",
)  # fmt: skip
BY_HAND: Final = Figure(
    "key-flow success", Unit.PERCENT, value=98.7, above=98.0, verdict=Verdict.MET,
    means=Means.HAND,
    told_by=saying("{who} on {day}", who="kai", day="2026-11-21"),
)  # fmt: skip


def noise(alert: str = "SlowResponse", count: int = 12, **changes: object) -> Noise:
    """An alert that came often."""
    made = Noise(
        alert=Raw(alert),
        where=Raw("api@k8s"),
        service="api",
        count=count,
        by_day=(0, 3, 1, 0, 5, 2, 1),
        total_s=7_200.0,
        median_s=412.0,
        acked=3,
        untouched=9,
        incidents=("INC-20261118-7f3",),
        before=4,
        longest_s=1_805.0,
    )
    return msgspec.structs.replace(made, **changes)


RESPONSES: Final = (
    Response(None, 40, 28, 36, 192.4, 1_811.0, 7_200.0, 3, 2, 4, 26, 32),
    Response(Priority.P0, 2, 2, 2, 61.0, 900.0, 1_200.0, 0, 0, 0, 2, 2),
    Response(Priority.P2, 38, 26, 34, 202.5, 1_864.0, 7_200.0, 3, 2, 4, 24, 30),
)
INCIDENT: Final = IncidentLine(
    "INC-20261118-7f3", "Redis down", IncidentState.POST_MORTEM_DUE, Priority.P0,
    ("redis", "api"), at(2, 3, 14), at(2, 3, 41),
)  # fmt: skip
CHANGE: Final = ChangeLine(
    "CHG-20261119-9b1", "redis 7.2.5 to 7.2.6", ChangeState.ACCEPTED, ("redis",),
    at(3, 2), at(3, 2, 20), "mei",
)  # fmt: skip
PLANNED: Final = ChangeLine(
    "CHG-20261123-1aa", "Rotate the certificates", ChangeState.SCHEDULED, ("gateway",),
    at(7, 10), at(7, 11), "kai", is_planned=True,
)  # fmt: skip
EXCLUSION: Final = Exclusion(
    saying("maintenance {name}", name="nightly"), at(3, 2), at(3, 4), ("redis",)
)
GAP: Final = Gap(at(4, 1), at(4, 1, 20), verbatim("the recorder was stopped"))


def week(services: Iterable[ServiceWeek] = (), **changes: object) -> Week:
    """A week of `services` in which nothing else happened."""
    services = tuple(services)
    total = summed(one.total for one in services)
    known = [one.before for one in services if one.before is not None]
    made = Week(
        environment="prod",
        zone=ZONE,
        first=FIRST,
        last=LAST,
        start=START,
        end=END,
        made_at=MADE_AT,
        services=services,
        total=total,
        before=summed(known) if known else None,
        least_coverage=0.95,
        responses=(),
        responses_before=(),
        noise=(),
        incidents=(),
        changes=(),
        exclusions=(),
        objectives=(),
        gaps=(),
        made_from=(verbatim("history: 10,080 samples of each service"),),
    )
    return msgspec.structs.replace(made, **changes)


def healthy_week() -> Week:
    """Everything up, all of it observed."""
    names = ("redis", "api", "worker", "web", "postgres")
    return week((service(name) for name in names), objectives=(figure(), BY_HAND, NOT_MEASURED))


def terrible_week() -> Week:
    """Outages, gaps, exclusions, noise, what was missed and what lacks data."""
    redis = [seen(), seen(), seen(1_620.0), seen(0.0, excluded_s=7_200.0, excluded_down_s=600.0),
             seen(0.4), seen(), seen(61.0)]  # fmt: skip
    lacking = [seen(known_s=40_000.0)] * 3 + [seen(known_s=0.0)] * 4
    api = service("api", [seen(2.0)] * 7, source="prom: probe_success", query=QUERY)
    days = list(api.days)
    days[2] = msgspec.structs.replace(days[2], incidents=("INC-20261118-7f3",))
    days[3] = msgspec.structs.replace(days[3], changes=("CHG-20261119-9b1",))
    return week(
        (
            service("redis", redis, critical=True),
            msgspec.structs.replace(api, days=tuple(days)),
            service("worker", lacking),
            service("legacy", [seen(known_s=0.0)] * 7, before=None),
            service("batch", [seen(300.0)] * 7, target=None),
            service("web", figures=(figure("web: p95", service="web"),)),
        ),
        objectives=(figure(), ASKED, BY_HAND, NOT_MEASURED),
        responses=RESPONSES,
        responses_before=(Response(None, 20, 20, 20, 300.0, 2_400.0, 4_000.0, 1, 1, 0),),
        noise=(noise(), noise("DiskFull", 13, service="", incidents=(), before=None)),
        incidents=(INCIDENT,),
        changes=(CHANGE, PLANNED),
        exclusions=(EXCLUSION,),
        gaps=(GAP,),
        observation=Observation(date(2026, 11, 20), 7),
        to_know=(verbatim("prom: partial answer: store-2 timed out"),),
    )


def hostile_week(text: str) -> Week:
    """`text` wherever somebody else could have written it."""
    names = (text,)
    terrible = terrible_week()
    own = figure(text, told_by=verbatim(text), query=text, service=text, lack=verbatim(text))
    one = service(
        text, [seen(5.0)] * 7, place=text, owner=text, source=text, query=text, figures=(own,)
    )
    slots = tuple(
        msgspec.structs.replace(each, incidents=names, changes=names) for each in one.days
    )
    outages = (Outage(at(1), at(1, 1), verbatim(text)),)
    one = msgspec.structs.replace(one, days=slots, outages=outages)
    return msgspec.structs.replace(
        terrible,
        environment=text,
        services=(one, *terrible.services),
        objectives=(own, msgspec.structs.replace(own, value=None)),
        noise=(noise(text, where=Raw(text), service=text, incidents=names),),
        incidents=(msgspec.structs.replace(INCIDENT, id=text, title=text, services=names),),
        changes=(
            msgspec.structs.replace(CHANGE, id=text, title=text, services=names, author=text),
        ),
        exclusions=(msgspec.structs.replace(EXCLUSION, by=verbatim(text), services=names),),
        gaps=(msgspec.structs.replace(GAP, cause=verbatim(text)),),
        made_from=(verbatim(text),),
        to_know=(verbatim(text),),
    )


def big_week(count: int) -> Week:
    """`count` services, of which some had bad days."""
    made = []
    for number in range(count):
        days = [seen(37.0 * (number % 7 == day and number % 3 == 0)) for day in range(7)]
        if number % 50 == 0:
            days[number % 7] = seen(3_000.0)
        if number % 90 == 0:
            days = [seen(known_s=0.0)] * 7
        name = f"service-{number:04d}-of-the-shop"
        query = QUERY.replace("api", name)
        made.append(service(name, days, source="prom: probe_success", query=query))
    return week(
        made, noise=tuple(noise(f"Alert{n}", 100 - n) for n in range(60)), responses=RESPONSES
    )


INSPECTION: Final = Inspection(
    day=date(2026, 11, 22),
    due=datetime(2026, 11, 22, 2, 0, tzinfo=UTC),
    items=(
        InspectionItem(
            "api-errors", "API error rate of yesterday", "API error rate",
            Tick("api-errors", datetime(2026, 11, 22, 1, 12, tzinfo=UTC), "kai", True, 0.42),
            msgspec.structs.replace(ASKED, value=0.4163, verdict=Verdict.MET),
        ),
        InspectionItem(
            "backups", "Daily snapshot is there, 30 days of cold copies", "",
            Tick("backups", datetime(2026, 11, 22, 1, 20, tzinfo=UTC), "mei", False,
                 note="the snapshot of 21 Nov is missing"),
        ),
        InspectionItem("audit", "Security patrol: audit of sensitive operations"),
    ),
)  # fmt: skip


def service_day(name: str, availability: Availability, **changes: object) -> ServiceDay:
    """A service on the day, up at its end."""
    made = ServiceDay(
        name, "data-1", "team-data", False, availability, Sight.UP, 212.0, 0, "history"
    )
    return msgspec.structs.replace(made, **changes)


def daily(**changes: object) -> Daily:
    """A day on which something of everything happened."""
    services = (
        service_day("redis", seen(1_620.0), critical=True, outages=1),
        service_day("api", seen(), p95_ms=None, last=Sight.SLOW),
        service_day("worker", seen(known_s=0.0), last=None, p95_ms=None, source=""),
    )
    made = Daily(
        environment="prod",
        zone=ZONE,
        day=LAST,
        start=at(6),
        end=at(7),
        made_at=MADE_AT,
        services=services,
        total=summed(one.availability for one in services),
        least_coverage=0.95,
        responses=RESPONSES,
        noise=(noise(),),
        longest=(
            Bout("k", Raw("SlowResponse"), Raw("api@k8s"), "api", Priority.P2, at(6, 1),
                 acked_by="kai", resolved_at=at(6, 3), source="history"),
        ),
        active=(msgspec.structs.replace(INCIDENT, state=IncidentState.OPEN, end=None),),
        settled=(),
        closed=(),
        overdue=(
            Owed("INC-20261118-7f3", NagKind.POST_MORTEM, saying("hold the post-mortem meeting"),
                 at(4), "kai"),
        ),
        changes=(CHANGE,),
        upcoming=(PLANNED,),
        freezes=(FreezeLine("observation", datetime(2026, 11, 26, 16, tzinfo=UTC)),),
        exclusions=(EXCLUSION,),
        steps=(DoneStep(at(6, 3, 20), "kai", "RUN-20261122-1a2", "restart", "data-1", "passed"),),
        figures=(ASKED, NOT_MEASURED),
        gaps=(),
        now=(
            Now("silences", (verbatim("redis on data-1, ends 2026-11-23 04:00, kai"),)),
            Now("certificates"),
            Now("handover", tuple(map(verbatim, (
                "watch redis: restarted once", "deferred: disk of data-1")))),
        ),
        inspection=INSPECTION,
        observation=Observation(date(2026, 11, 20), 7),
        made_from=(verbatim("history: 1,440 samples of each service"),),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def past_daily() -> Daily:
    """A quiet day that is long over: nothing is known of the present, and nothing happened."""
    return daily(
        services=(service_day("redis", seen()),), total=seen(), responses=(), noise=(),
        longest=(), active=(), overdue=(), changes=(), upcoming=(), freezes=(), exclusions=(),
        steps=(), figures=(), now=(), inspection=None, observation=None, made_from=(),
    )  # fmt: skip


def kpi(**changes: object) -> Kpi:
    """Some key figures, of which one is not measured."""
    figures = (
        Figure(
            "availability",
            Unit.PERCENT,
            99.996,
            99.9,
            means=Means.FIGURE,
            told_by=verbatim("history"),
            coverage=0.9912,
        ),
        Figure("MTTA", Unit.SECONDS, 192.4, means=Means.FIGURE, told_by=verbatim("history")),
        ASKED,
        NOT_MEASURED,
    )
    made = Kpi("prod", ZONE, FIRST, LAST, START, END, MADE_AT, figures, (verbatim("history"),))
    return msgspec.structs.replace(made, **changes)
