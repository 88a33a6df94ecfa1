"""The services of a week: what each came to, on which day it was down, and when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from console.model.summary import Availability, ServiceWeek, Slot, Week
from console.reports.judged import is_lacking, to_look_at
from console.reports.page import (
    Block,
    Code,
    Column,
    Fold,
    Line,
    Para,
    Section,
    Strong,
    Table,
)
from console.reports.pages.figures import place_text
from console.reports.pages.lead import badge, nothing
from console.reports.telling import Telling

MOST_OPEN: Final = 80
"""Services in one table; of more, those that need no look are folded away."""
MOST_OUTAGES: Final = 200
"""In one report; the JSON form has the rest."""


def services_section(week: Week, telling: Telling) -> Section:
    """The table of all services."""
    title = telling.say("head-services")
    if not week.services:
        return Section("services", title, (nothing(telling),))
    if len(week.services) <= MOST_OPEN:
        return Section("services", title, (_services(week.services, telling, week.total),))
    look = to_look_at(week)
    named = {one.service for one in look}
    rest = [one for one in week.services if one.service not in named]
    blocks: list[Block] = [_services(look, telling, week.total)]
    words = telling.say("head-other-services", services=telling.many("service", len(rest)))
    blocks.append(Fold(words, (_services(rest, telling),)))
    return Section("services", title, tuple(blocks))


def _services(
    services: Iterable[ServiceWeek], telling: Telling, total: Availability | None = None
) -> Table:
    names = ("availability", "raw", "coverage", "excluded", "downtime", "latency", "target",
             "budget-left", "burn")  # fmt: skip
    columns = (
        Column(telling.say("service")),
        Column(telling.say("verdict")),
        *(Column(telling.say(name), is_number=True) for name in names),
        Column(telling.say("before"), is_number=True),
        Column(telling.say("source")),
    )
    rows = [_service(one, telling) for one in services]
    if total is not None:
        rows.append(_total(total, telling, len(columns)))
    return Table(columns, tuple(rows))


def _service(one: ServiceWeek, telling: Telling) -> tuple[Line, ...]:
    total, target = one.total, one.target
    critical = telling.say("brackets", text=telling.say("critical")) if one.critical else ""
    return (
        (Code(one.service), *([critical] if critical else [])),
        (badge(one.verdict, telling),),
        (telling.availability(total, target),),
        (telling.raw(total, target),),
        (telling.coverage(total),),
        (telling.lasting(total.excluded_s),),
        (telling.downtime(total),),
        (latency_text(one, telling),),
        (telling.exact_percent(target) if target is not None else telling.missing("no-target"),),
        (_budget_left(one, telling),),
        (_burn(one, telling),),
        (telling.before(one.before),),
        (place_text(one.source, telling),),
    )


def _total(total: Availability, telling: Telling, columns: int) -> tuple[Line, ...]:
    cells: list[Line] = [
        (Strong(telling.say("all-together")),),
        (),
        (telling.availability(total),),
        (telling.raw(total),),
        (telling.coverage(total),),
        (telling.lasting(total.excluded_s),),
        (telling.downtime(total),),
    ]
    return tuple(cells + [()] * (columns - len(cells)))


def latency_text(one: ServiceWeek, telling: Telling) -> str:
    """`120 ms / 340 ms / 1.2 s`."""
    if one.p50_ms is None and one.p95_ms is None and one.p99_ms is None:
        return telling.missing("no-latency")
    several = (one.p50_ms, one.p95_ms, one.p99_ms)
    short = [_ms(ms) for ms in several if ms is not None and 0.1 <= ms <= 999]
    if len(short) == len(several):
        return telling.say("ms", n=" / ".join(short))
    return " / ".join(telling.lasting_ms(ms) for ms in several)


def _ms(ms: float) -> str:
    return str(math.ceil(ms)) if ms >= 10 else f"{math.ceil(ms * 10) / 10:g}"


def _budget_left(one: ServiceWeek, telling: Telling) -> str:
    budget = one.budget
    if budget is None:
        return telling.missing("no-budget" if one.target is None else "unobserved")
    return telling.lasting(budget.left_s, up=False)


def _burn(one: ServiceWeek, telling: Telling) -> str:
    budget = one.budget
    if budget is None:
        return telling.missing("no-budget" if one.target is None else "unobserved")
    if budget.burn is None:
        return telling.missing("nothing-allowed")
    return telling.times(budget.burn)


def downtime_section(week: Week, telling: Telling) -> Section:
    """Downtime by day, of the services that had any or of which a day lacks data."""
    shown = [one for one in week.services if _is_told(one, week.least_coverage)]
    blocks: list[Block] = []
    days = max((one.days for one in week.services), key=len, default=())
    if shown:
        columns = (
            Column(telling.say("service")),
            *(Column(telling.day(one.start), is_number=True) for one in days),
            Column(telling.say("total"), is_number=True),
        )
        rows = tuple(_days(one, len(days), week.least_coverage, telling) for one in shown)
        blocks.append(Table(columns, rows))
        blocks.append(Para((telling.say("downtime-note"),)))
    rest = len(week.services) - len(shown)
    if rest:
        words = telling.say("no-downtime", services=telling.many("service", rest))
        blocks.append(Para((words,)))
    if len(shown) > MOST_OPEN:
        title = telling.say("head-all-services", services=telling.many("service", len(shown)))
        blocks = [Fold(title, tuple(blocks))]
    return Section("downtime", telling.say("head-downtime"), tuple(blocks) or (nothing(telling),))


def _is_told(one: ServiceWeek, least: float) -> bool:
    return any(
        slot.availability.down_s > 0 or is_lacking(slot.availability, least) for slot in one.days
    )


def _days(one: ServiceWeek, days: int, least: float, telling: Telling) -> tuple[Line, ...]:
    cells = [(day_text(slot, least, telling),) for slot in one.days]
    cells += [(telling.missing("unobserved"),)] * (days - len(cells))
    return ((Code(one.service),), *cells, (telling.downtime(one.total),))


def day_text(slot: Slot, least: float, telling: Telling) -> str:
    """The downtime of one day, with the coverage where that is too low."""
    text = telling.downtime(slot.availability)
    is_short = slot.availability.known_s > 0 and is_lacking(slot.availability, least)
    return telling.bracketed(text, telling.coverage(slot.availability)) if is_short else text


def outages_section(week: Week, telling: Telling) -> Section:
    """Every time that a service was down without a break."""
    found = list(_outages(week, telling))
    title = telling.say("head-outages")
    if not found:
        return Section("outages", title, (nothing(telling),))
    columns = tuple(Column(telling.say(key)) for key in ("service", "start", "end"))
    columns += (Column(telling.say("duration"), is_number=True), Column(telling.say("counts")))
    blocks: list[Block] = [Table(columns, tuple(found))]
    count = sum(one.outage_count for one in week.services)
    if len(found) < count:
        outages = telling.many("outage", count)
        text = telling.say("outages-listed", listed=f"{len(found):,}", outages=outages)
        blocks.insert(0, Para((text,)))
    if len(found) > MOST_OPEN:
        blocks = [Fold(telling.many("outage", count), tuple(blocks))]
    return Section("outages", title, tuple(blocks))


def _outages(week: Week, telling: Telling) -> Iterator[tuple[Line, ...]]:
    pairs = [(one.service, outage) for one in week.services for outage in one.outages]
    if len(pairs) > MOST_OUTAGES:
        pairs.sort(key=lambda pair: pair[1].start - pair[1].end)
        pairs = pairs[:MOST_OUTAGES]
    pairs.sort(key=lambda pair: (pair[1].start, pair[0]))
    for service, outage in pairs:
        excluded = telling.told(outage.by)
        counts = telling.say("counts-no", name=excluded) if excluded else telling.say("counts-yes")
        yield (
            (Code(service),),
            (telling.moment(outage.start, seconds=True),),
            (telling.moment(outage.end, seconds=True),),
            (telling.lasting((outage.end - outage.start).total_seconds()),),
            (counts,),
        )
