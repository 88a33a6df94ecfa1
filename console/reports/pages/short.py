"""A report on one screen: the verdict, what needs a look, and counts of the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from console.journal.language import Language
from console.model.daily import Daily
from console.model.history import Sight
from console.model.saying import Saying
from console.model.summary import Figure, Gap, Noise, Response, ServiceWeek, Week
from console.reports.judged import all_figures, had_downtime, measured, to_look_at
from console.reports.page import Block, Code, Items, Line, Page, Para, Span
from console.reports.pages.alerts import if_told, mtta_text, mttr_text, of_count, of_told
from console.reports.pages.daily import inspection_line, owed_line, sight_span
from console.reports.pages.figures import name_spans, source_text
from console.reports.pages.lead import (
    badge,
    daily_verdict,
    named,
    observation_text,
    title_text,
    total_line,
    week_verdict,
)
from console.reports.telling import Telling

MOST: Final = 8
"""Services and objectives that are named."""
MOST_NOISE: Final = 5


def short_week(week: Week, language: Language) -> Page:
    """What a week came to."""
    telling = Telling(week, language)
    lead: list[Block] = [Para(week_verdict(week, telling))]
    window = observation_text(week, telling)
    if window:
        lead.append(Para(named("observation", (window,), telling)))
    lead += [Para(_period(week, telling)), Para(total_line(week, telling))]
    look = to_look_at(week)
    lead += _listed("head-look", [_service(one, telling) for one in look[:MOST]], telling,
                    len(look) - MOST)  # fmt: skip
    lead += _figures(measured(all_figures(week)), telling)
    lead += _answers(week.responses, week.noise, telling)
    lead.append(Para(_counts(week, telling)))
    lead += _warnings(week.gaps, week.to_know, telling)
    return Page(title_text(week, telling), tuple(lead), ())


def short_daily(daily: Daily, language: Language) -> Page:
    """What a day came to."""
    telling = Telling(daily, language)
    lead: list[Block] = [
        Para(daily_verdict(daily, telling)),
        Para(_period(daily, telling)),
        Para(total_line(daily, telling)),
    ]
    if daily.inspection is not None:
        line = inspection_line(daily.inspection, daily, telling)
        lead.append(Para(named("head-inspection", line, telling)))
    down = had_downtime(daily)
    rows: list[Line] = []
    for one in down[:MOST]:
        text = telling.say(
            "service-day-line",
            availability=telling.availability(one.availability),
            coverage=telling.coverage(one.availability),
            downtime=telling.downtime(one.availability),
        )
        spans: tuple[Span, ...] = (Code(one.service), telling.say("colon-alone"), text)
        if one.last is Sight.DOWN:
            spans += (telling.say("semicolon"), sight_span(one.last, telling))
        rows.append(spans)
    lead += _listed("head-look", rows, telling, len(down) - MOST)
    lead += _figures(measured(daily.figures), telling)
    lead += _answers(daily.responses, daily.noise, telling)
    lead.append(Para(_day_counts(daily, telling)))
    if daily.overdue:
        lead += _listed("head-overdue", [owed_line(one, telling) for one in daily.overdue[:MOST]],
                        telling, len(daily.overdue) - MOST)  # fmt: skip
    handover = next((one for one in daily.now if one.key == "handover"), None)
    if handover is not None:
        lines: list[Line] = [(telling.told(one),) for one in handover.lines]
        lead += _listed("head-handover", lines, telling, handover.more)
    lead += _warnings(daily.gaps, daily.to_know, telling)
    return Page(title_text(daily, telling), tuple(lead), ())


def _period(report: Week | Daily, telling: Telling) -> Line:
    period = telling.span(report.start, report.end)
    return named("period", (telling.bracketed(period, telling.zone_name),), telling)


def _service(one: ServiceWeek, telling: Telling) -> Line:
    target = one.target
    text = telling.say(
        "service-line",
        availability=telling.availability(one.total, target),
        coverage=telling.coverage(one.total),
        target=telling.missing("no-target") if target is None else telling.exact_percent(target),
        downtime=telling.downtime(one.total),
    )
    colon, comma = telling.say("colon-alone"), telling.say("comma")
    return (Code(one.service), colon, badge(one.verdict, telling), comma, text)


def _figures(figures: tuple[Figure, ...], telling: Telling) -> list[Block]:
    rows: list[Line] = []
    for one in figures[:MOST]:
        text = telling.say("figure-line", value=telling.figure(one), target=telling.bound(one))
        name: tuple[Span, ...] = name_spans(one.name, telling)
        if one.service:
            name += (" ", Code(one.service))
        source = telling.say("brackets", text=source_text(one, telling))
        judged = badge(one.verdict, telling)
        rows.append((*name, telling.say("colon-alone"), judged, telling.say("comma"), text, source))
    return _listed("head-objectives", rows, telling, len(figures) - MOST)


def _answers(
    responses: Iterable[Response], noise: tuple[Noise, ...], telling: Telling
) -> list[Block]:
    whole = next((one for one in responses if one.priority is None), None)
    if whole is None or not whole.count:
        text = telling.say("why-no-alert")
    else:
        text = telling.say(
            "responses-line",
            alerts=telling.many("alert", whole.count),
            mtta=mtta_text(whole, telling),
            acked=of_told(whole.mtta_of, whole, telling),
            mttr=mttr_text(whole, telling),
            resolved=of_count(whole.mttr_of, whole.count, telling),
            late_acks=if_told(whole.late_acks, whole, telling),
            late_ends=f"{whole.late_ends:,}",
            silenced=if_told(whole.silenced, whole, telling),
        )
    blocks: list[Block] = [Para(named("head-responses", (text,), telling))]
    rows = [_noise(one, telling) for one in noise[:MOST_NOISE]]
    return [*blocks, *_listed("head-noise", rows, telling)]


def _noise(one: Noise, telling: Telling) -> Line:
    text = telling.say(
        "noise-line",
        count=f"{one.count:,}",
        total=telling.lasting(one.total_s),
        untouched=if_told(one.untouched, one, telling),
    )
    where: tuple[Span, ...] = (" ", Code(one.where)) if one.where else ()
    return (Code(one.alert), *where, telling.say("colon-alone"), text)


def _counts(week: Week, telling: Telling) -> Line:
    carried_out = sum(not one.is_planned for one in week.changes)
    parts = (
        telling.many("outage", sum(one.outage_count for one in week.services)),
        telling.many("incident", len(week.incidents)),
        telling.many("change", carried_out),
    )
    return (telling.say("comma").join(parts),)


def _day_counts(daily: Daily, telling: Telling) -> Line:
    def part(key: str, text: str) -> str:
        return telling.say("colon", name=telling.say(key), value=text)

    incidents = telling.many("incident", len(daily.active))
    parts = (
        part("head-active", incidents),
        part("head-carried-out", telling.many("change", len(daily.changes))),
        part("head-upcoming", telling.many("change", len(daily.upcoming))),
    )
    return (telling.say("semicolon").join(parts),)


def _warnings(gaps: tuple[Gap, ...], notices: tuple[Saying, ...], telling: Telling) -> list[Block]:
    blocks: list[Block] = []
    if gaps:
        seconds = sum((one.end - one.start).total_seconds() for one in gaps)
        text = telling.bracketed(telling.many("gap", len(gaps)), telling.lasting(seconds))
        blocks.append(Para(named("head-gaps", (text,), telling)))
    if notices:
        rows: list[Line] = [(telling.told(one),) for one in notices[:MOST]]
        blocks += _listed("head-notices", rows, telling, len(notices) - MOST)
    return blocks


def _listed(key: str, rows: list[Line], telling: Telling, more: int = 0) -> list[Block]:
    if not rows:
        return [Para(named(key, (telling.say("nothing"),), telling))]
    if more > 0:
        rows = [*rows, (telling.say("more-rows", n=f"{more:,}"),)]
    return [Para((*named(key, (), telling)[:1], telling.say("colon-alone"))), Items(tuple(rows))]
