"""What is read first: what it came to, of which time, and how much of that was observed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from console import __version__
from console.model.daily import AnyReport, Daily, Kpi
from console.model.history import Sight
from console.model.summary import Observation, Verdict, Week
from console.reports.judged import (
    all_figures,
    had_downtime,
    is_lacking,
    measured,
    overall,
    verdicts,
)
from console.reports.page import Badge, Code, Items, Line, Para, Section, Strong
from console.reports.telling import Telling

_TOLD = (Verdict.MISSED, Verdict.NOT_ENOUGH_DATA, Verdict.MET)
_KEYS = {Verdict.MISSED: "missed", Verdict.NOT_ENOUGH_DATA: "lacking", Verdict.MET: "met"}


def title_text(report: AnyReport, telling: Telling) -> str:
    """What the report is called, with the day of the observation window where it is one."""
    if isinstance(report, Daily):
        title = telling.say("title-daily", day=report.day, environment=report.environment)
        window = observation_text(report, telling, "observation-day")
        return telling.bracketed(title, window) if window else title
    return telling.say(
        "title-week" if isinstance(report, Week) else "title-kpi",
        n=(report.last - report.first).days + 1,
        first=report.first,
        last=report.last,
        environment=report.environment,
    )


def observation_text(report: Week | Daily, telling: Telling, key: str = "observation-value") -> str:
    """`day 3 of 7`; empty: it is in no observation window."""
    window: Observation | None = report.observation
    if window is None:
        return ""
    day = window.day(report.day if isinstance(report, Daily) else report.last)
    return "" if day is None else telling.say(key, day=day, days=window.days)


def badge(verdict: Verdict, telling: Telling) -> Badge:
    """A verdict in the report's language."""
    return Badge(verdict, telling.say(f"verdict-{verdict}"))


def week_verdict(week: Week, telling: Telling) -> Line:
    """One sentence for who has no time: what was missed, what lacks data, what was met."""
    judged = overall(week)
    figures = verdicts(measured(all_figures(week)))
    clauses = [
        *_clause("services", "service", verdicts(week.services), telling),
        *_clause("figures", "objective", figures, telling),
    ]
    if not week.services:
        clauses.insert(0, telling.say("no-services"))
    text = telling.say(f"overall-{judged}")
    if clauses:
        text += telling.say("stop-between") + telling.say("semicolon").join(clauses)
    return (Badge(judged, text),)


def _clause(key: str, noun: str, counts: Counter[Verdict], telling: Telling) -> Iterator[str]:
    """`availability of 5 services: 1 missed, 4 met`; nothing where nothing is judged."""
    whole = sum(counts[one] for one in _TOLD)
    if whole:
        told = [one for one in _TOLD if counts[one]]
        parts = [telling.say(f"n-{_KEYS[one]}", n=f"{counts[one]:,}") for one in told]
        name = telling.say(f"judged-{key}", **{f"{noun}s": telling.many(noun, whole)})
        yield telling.say("colon", name=name, value=telling.say("and").join(parts))


def daily_verdict(daily: Daily, telling: Telling) -> Line:
    """One sentence: how many services were down, are still, and lack data."""
    down = had_downtime(daily)
    whole = telling.many("service", len(daily.services))
    lacking = sum(is_lacking(one.availability, daily.least_coverage) for one in daily.services)
    if not daily.services:
        return (Badge(Verdict.NOT_MEASURED, telling.say("no-services")),)
    if daily.total.known_s <= 0 and daily.total.wanted_s > 0:
        return (Badge(Verdict.NOT_ENOUGH_DATA, telling.say("day-nothing")),)
    if down:
        clauses = [telling.say("day-overall", n=len(down), services=whole)]
    else:
        clauses = [telling.say("day-clean", services=whole)]
    last = sum(one.last is Sight.DOWN for one in daily.services)
    if last:
        clauses.append(telling.say("day-down", n=last))
    if lacking:
        clauses.append(telling.say("day-lacking", n=lacking))
    verdict = (
        Verdict.MISSED if down or last else Verdict.NOT_ENOUGH_DATA if lacking else Verdict.MET
    )
    return (Badge(verdict, telling.say("semicolon").join(clauses)),)


def total_line(report: Week | Daily, telling: Telling) -> Line:
    """All services together, with what was observed of them."""
    total = report.total
    text = telling.say(
        "total-line",
        availability=telling.availability(total),
        raw=telling.raw(total),
        coverage=telling.coverage(total),
        downtime=telling.downtime(total),
        excluded=telling.lasting(total.excluded_s),
    )
    return named("all-together", (text,), telling)


def before_line(week: Week, telling: Telling) -> Line:
    """The same of the window before."""
    before = week.before
    if before is None or before.ratio is None:
        return named("before", (telling.missing("unknown-before"),), telling)
    text = telling.say(
        "before-line",
        n=week.days,
        availability=telling.availability(before),
        coverage=telling.coverage(before),
    )
    return (text,)


def facts(report: AnyReport, telling: Telling) -> Items:
    """Of what time and place it tells."""
    lines: list[Line] = [
        named("period", (telling.span(report.start, report.end, offset=True),), telling),
        named("zone", (Code(telling.zone_name),), telling),
        named("environment", (Code(report.environment),), telling),
    ]
    if not isinstance(report, Kpi) and report.observation is not None:
        window = observation_text(report, telling)
        if window:
            lines.append(named("observation", (window,), telling))
    lines.append(named("made-at", (telling.moment(report.made_at, offset=True),), telling))
    return Items(tuple(lines))


def named(key: str, value: Line, telling: Telling) -> Line:
    """`Period: …`, the name strong."""
    return (Strong(telling.say(key)), telling.say("colon-alone"), *value)


def notices(report: AnyReport, telling: Telling) -> Iterator[Section]:
    """What the reader has to know; nothing where there is none."""
    if report.to_know:
        lines = tuple((telling.told(one),) for one in report.to_know)
        yield Section("notices", telling.say("head-notices"), (Items(lines),))


def nothing(telling: Telling) -> Para:
    """What stands in an empty section."""
    return Para((telling.say("nothing"),))


def made_by(telling: Telling) -> Para:
    """What wrote the report."""
    return Para(named("made-by", (f"oncall {__version__}",), telling))
