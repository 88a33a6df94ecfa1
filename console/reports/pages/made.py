"""How a report was made: where every figure comes from, how it is reckoned, what was asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from console.model.daily import AnyReport, Kpi, ServiceDay
from console.model.summary import Figure, Means, ServiceWeek, Week
from console.reports.judged import all_figures
from console.reports.page import Block, Code, Fold, Items, Line, Listing, Para, Section, Span
from console.reports.pages.figures import name_spans, place_text, source_text
from console.reports.telling import Telling

MOST_QUERIES: Final = 60
"""That are written out; the JSON form has all."""
_NAMED: Final = 5
"""Services that are named beside a source or a query."""
_FORMULAS: Final = (
    "availability", "coverage", "budget", "latency", "response",
)  # fmt: skip


def made_section(report: AnyReport, telling: Telling) -> Section:
    """All of it."""
    blocks: list[Block] = [Items(tuple(_sources(report, telling)))]
    formulas = [(telling.say(f"formula-{key}", **_values(key, report, telling)),)
                for key in _FORMULAS if _has(key, report)]  # fmt: skip
    formulas.append((telling.say("rounding"),))
    blocks.append(Fold(telling.say("head-formulas"), (Items(tuple(formulas)),)))
    queries = list(_queries(report, telling))
    if queries:
        shown: list[Block] = []
        for heading, text in queries[:MOST_QUERIES]:
            shown += [Para(heading), Listing(text)]
        if len(queries) > MOST_QUERIES:
            more = f"{len(queries) - MOST_QUERIES:,}"
            shown.append(Para((telling.say("more-in-json", n=more),)))
        blocks.append(Fold(telling.say("head-queries"), tuple(shown)))
    blocks.append(Para((telling.say("also-in-json"),)))
    return Section("made", telling.say("head-made"), tuple(blocks))


def _has(key: str, report: AnyReport) -> bool:
    if isinstance(report, Kpi):
        return key in ("availability", "response")
    return key != "budget" or isinstance(report, Week)


def _values(key: str, report: AnyReport, telling: Telling) -> dict[str, str]:
    if key != "coverage" or isinstance(report, Kpi):
        return {}
    return {"least": telling.exact_percent(report.least_coverage)}


def _sources(report: AnyReport, telling: Telling) -> Iterator[Line]:
    if not isinstance(report, Kpi):
        by_source: dict[str, list[ServiceWeek | ServiceDay]] = {}
        for one in report.services:
            by_source.setdefault(one.source, []).append(one)
        for source, services in by_source.items():
            words = telling.say(
                "availability-from", services=telling.many("service", len(services))
            )
            place = _shares(services, telling) or place_text(source, telling)
            yield (words, telling.say("colon-alone"), place)
        yield (telling.say("alerts-from"),)
        yield (telling.say("papers-from"),)
    for figure in _figures(report):
        if figure.means is not Means.NONE:
            yield (
                *_name(figure, telling),
                telling.say("colon-alone"),
                source_text(figure, telling),
            )
    for told in report.made_from:
        yield (telling.say("source"), telling.say("colon-alone"), telling.told(told))


def _shares(services: Iterable[ServiceWeek | ServiceDay], telling: Telling) -> str:
    """How much of what is known of them each of several sources saw; empty: one saw all of it."""
    known: dict[str, int] = {}
    for service in services:
        for one in service.known_by:
            known[one.source] = known.get(one.source, 0) + one.known_ms
    whole = sum(known.values())
    return telling.say("and").join(
        f"{place_text(source, telling)} {telling.percent(ms / whole)}"
        for source, ms in known.items()
    )


def _figures(report: AnyReport) -> Iterable[Figure]:
    return all_figures(report) if isinstance(report, Week) else report.figures


def _name(figure: Figure, telling: Telling) -> tuple[Span, ...]:
    name = name_spans(figure.name, telling)
    return (*name, " ", Code(figure.service)) if figure.service else name


def _queries(report: AnyReport, telling: Telling) -> Iterator[tuple[Line, str]]:
    """Every query once, and what was asked by it."""
    asked: dict[str, list[tuple[Span, ...]]] = {}
    if isinstance(report, Week):
        for one in report.services:
            if one.query:
                asked.setdefault(one.query, []).append((Code(one.service),))
    for figure in _figures(report):
        if figure.query:
            asked.setdefault(figure.query, []).append(_name(figure, telling))
    for query, names in asked.items():
        line: list[Span] = []
        for name in names[:_NAMED]:
            line += [telling.say("and"), *name] if line else [*name]
        if len(names) > _NAMED:
            more = telling.say("more-rows", n=f"{len(names) - _NAMED:,}")
            line += [telling.say("comma"), more]
        yield tuple(line), query
