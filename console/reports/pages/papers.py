"""Incidents, changes, what is excluded, and what nobody recorded."""

from __future__ import annotations

from collections.abc import Iterable

from console.model.summary import ChangeLine, Exclusion, Gap, IncidentLine
from console.reports.page import Block, Code, Column, Fold, Line, Section, Table
from console.reports.pages.alerts import names
from console.reports.pages.lead import nothing
from console.reports.pages.services import MOST_OPEN
from console.reports.telling import Telling
from console.reports.words import state_word


def incidents_table(incidents: Iterable[IncidentLine], telling: Telling) -> Block:
    """Each incident on a row."""
    keys = ("id", "title", "state", "severity", "services", "start", "end")
    rows = tuple(_incident(one, telling) for one in incidents)
    return _table(keys, rows, telling)


def _incident(one: IncidentLine, telling: Telling) -> tuple[Line, ...]:
    severity = telling.missing("not-given") if one.severity is None else str(one.severity)
    end = telling.say("still-going") if one.end is None else telling.moment(one.end)
    return (
        (Code(one.id),),
        (one.title,),
        (state_word(one.state, telling.language),),
        (severity,),
        names(one.services, telling),
        (telling.moment(one.start),),
        (end,),
    )


def changes_table(changes: Iterable[ChangeLine], telling: Telling) -> Block:
    """Each change on a row; the times of a planned one are those of its window."""
    keys = ("id", "title", "state", "author", "services", "start", "end")
    return _table(keys, tuple(_change(one, telling) for one in changes), telling)


def _change(one: ChangeLine, telling: Telling) -> tuple[Line, ...]:
    state = state_word(one.state, telling.language)
    start = telling.missing("not-given") if one.start is None else telling.moment(one.start)
    if one.end is not None:
        end = telling.moment(one.end)
    else:
        end = telling.missing("not-given") if one.is_planned else telling.say("still-going")
    return (
        (Code(one.id),),
        (one.title,),
        (telling.bracketed(state, telling.say("planned")) if one.is_planned else state,),
        (one.author or telling.missing("not-given"),),
        names(one.services, telling),
        (start,),
        (end,),
    )


def exclusions_table(exclusions: Iterable[Exclusion], telling: Telling) -> Block:
    """What does not count against whom."""
    rows = tuple(
        (
            (Code(telling.told(one.by)),),
            names(one.services, telling) if one.services else (telling.say("all"),),
            (telling.moment(one.start),),
            (telling.moment(one.end),),
            (telling.lasting((one.end - one.start).total_seconds()),),
        )
        for one in exclusions
    )
    return _table(("name", "services", "start", "end", "duration"), rows, telling)


def gaps_table(gaps: Iterable[Gap], telling: Telling) -> Block:
    """When nobody recorded anything."""
    rows = tuple(
        (
            (telling.moment(one.start),),
            (telling.moment(one.end),),
            (telling.lasting((one.end - one.start).total_seconds()),),
            (telling.told(one.cause) or telling.say("unknown"),),
        )
        for one in gaps
    )
    return _table(("start", "end", "duration", "why"), rows, telling)


def section(key: str, block: Block, telling: Telling) -> Section:
    """`block` below the heading of `key`."""
    return Section(key, telling.say(f"head-{key}"), (block,))


def _table(keys: tuple[str, ...], rows: tuple[tuple[Line, ...], ...], telling: Telling) -> Block:
    if not rows:
        return nothing(telling)
    table = Table(tuple(Column(telling.say(key), key == "duration") for key in keys), rows)
    if len(rows) <= MOST_OPEN:
        return table
    return Fold(f"{telling.say('total')}{telling.say('colon-alone')}{len(rows):,}", (table,))
