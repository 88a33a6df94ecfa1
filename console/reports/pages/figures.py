"""Objectives and key figures: what each came to, what it ought to be, and who says so."""

from __future__ import annotations

from collections.abc import Iterable

from console.model.saying import Saying
from console.model.summary import Figure, Means, Verdict
from console.reports.judged import measured
from console.reports.page import Block, Code, Column, Line, Para, Section, Table
from console.reports.pages.lead import badge, nothing
from console.reports.seen import source_of
from console.reports.telling import Telling


def figures_section(
    key: str, figures: Iterable[Figure], telling: Telling, hide: bool = True
) -> Section:
    """The figures as a table.

    Args:
        key: of the section, `objectives` or `figures`.
        hide: leave out what nothing measures, and say how many those are.
    """
    figures = tuple(figures)
    shown = measured(figures) if hide else figures
    blocks: list[Block] = [figures_table(shown, telling)] if shown else [nothing(telling)]
    hidden = len(figures) - len(shown)
    if hidden:
        text = telling.say("hidden-figures", objectives=telling.many("objective", hidden))
        blocks.append(Para((text,)))
    return Section(key, telling.say(f"head-{key}"), tuple(blocks))


def figures_table(figures: Iterable[Figure], telling: Telling) -> Table:
    """Each figure on a row."""
    columns = (
        Column(telling.say("name")),
        Column(telling.say("service")),
        Column(telling.say("verdict")),
        Column(telling.say("value"), is_number=True),
        Column(telling.say("target"), is_number=True),
        Column(telling.say("before"), is_number=True),
        Column(telling.say("source")),
    )
    return Table(columns, tuple(_row(one, telling) for one in figures))


def _row(one: Figure, telling: Telling) -> tuple[Line, ...]:
    has_bound = one.above is not None or one.below is not None
    judged = badge(one.verdict, telling) if has_bound else telling.missing("no-target")
    if one.verdict is Verdict.NOT_MEASURED and one.value is None:
        judged = badge(one.verdict, telling)
    return (
        name_spans(one.name, telling),
        (Code(one.service),) if one.service else (telling.say("all"),),
        (judged,),
        (telling.figure(one),),
        (telling.bound(one),),
        (telling.figure_before(one),),
        (source_text(one, telling),),
    )


def name_spans(name: str, telling: Telling) -> Line:
    """A name as the settings have it, and what a built-in one is in the report's language."""
    told = telling.told(Saying(name))
    return (Code(name),) if told == name else (Code(name), telling.say("brackets", text=told))


def source_text(one: Figure, telling: Telling) -> str:
    """Who says it: `prom, query`."""
    means = {
        Means.FIGURE: "own-reckoning",
        Means.QUERY: "by-query",
        Means.HAND: "by-hand",
    }.get(one.means)
    if means is None:
        return telling.told(one.told_by) or telling.missing("no-source")
    how = telling.say(means)
    source = telling.told(one.told_by)
    return f"{source}{telling.say('comma')}{how}" if source else how


def place_text(source: str, telling: Telling) -> str:
    """Where a service is known from, as it names that itself."""
    return telling.told(source_of(source)) if source else telling.missing("no-source")
