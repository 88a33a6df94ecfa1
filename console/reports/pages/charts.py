"""The charts of a week: at a glance, where something was, and what happened then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from console.model.summary import ServiceWeek, Verdict, Week
from console.reports.judged import to_look_at
from console.reports.page import Block, Fold, Picture, Section
from console.reports.pages.lead import nothing
from console.reports.pages.services import MOST_OPEN
from console.reports.svg import KINDS, alerts, bars, kind_of, scale_of, strip
from console.reports.telling import Telling

MOST_BARS: Final = 20
_ROWS: Final = 250
"""Of one folded strip."""


def charts_section(week: Week, telling: Telling) -> Section:
    """The heat strip, the bars of availability, the alerts a day."""
    title = telling.say("head-days")
    if not week.services:
        return Section("days", title, (nothing(telling),))
    blocks = [*_strips(week, telling)]
    if any(sum(one.by_day) for one in week.noise) or week.incidents or week.changes:
        label = telling.say("chart-alerts")
        blocks.append(Picture(alerts(week, telling, label), label))
    judged = [one for one in week.services if one.total.ratio is not None]
    judged.sort(key=lambda one: one.total.ratio or 0.0)
    if judged:
        worst = judged[:MOST_BARS]
        label = telling.say("chart-bars", least=telling.exact_percent(scale_of(worst)))
        blocks.append(Picture(bars(worst, telling, label), label))
    return Section("days", title, tuple(blocks))


def _strips(week: Week, telling: Telling) -> list[Block]:
    if len(week.services) <= MOST_OPEN:
        return [_strip(week, week.services, telling)]
    look = [one for one in to_look_at(week) if one.verdict is Verdict.MISSED][:MOST_OPEN]
    named = {one.service for one in look}
    rest = [one for one in week.services if one.service not in named]
    blocks: list[Block] = [_strip(week, look, telling)] if look else []
    parts = (rest[start : start + _ROWS] for start in range(0, len(rest), _ROWS))
    pictures = tuple(_strip(week, part, telling) for part in parts)
    words = telling.say("head-other-services", services=telling.many("service", len(rest)))
    return [*blocks, Fold(words, pictures)]


def _strip(week: Week, services: Iterable[ServiceWeek], telling: Telling) -> Picture:
    services = tuple(services)
    label = telling.say("chart-strip")
    found = {
        kind_of(slot, one.target, week.least_coverage, week.made_at)
        for one in services
        for slot in one.days
    }
    kinds = tuple(kind for kind in KINDS if kind in found)
    return Picture(strip(week, services, telling, label), label, kinds)
