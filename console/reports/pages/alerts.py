"""How alerts were answered, and which of them asked the most of people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from console.model.history import Bout
from console.model.state import Priority
from console.model.summary import Noise, Response
from console.reports.page import Block, Code, Column, Line, Para, Section, Strong, Table
from console.reports.pages.lead import nothing
from console.reports.telling import Telling

MOST_NOISE: Final = 50
"""In one report; the JSON form has the rest."""


def responses_section(
    responses: Iterable[Response], telling: Telling, before: Iterable[Response] | None = None
) -> Section:
    """MTTA, MTTR and what was late, of all and of each priority; beside the window before where
    that is given."""
    earlier = None if before is None else {one.priority: one for one in before}
    rows = tuple(_response(one, earlier, telling) for one in responses if one.count)
    title = telling.say("head-responses")
    if not rows:
        return Section("responses", title, (nothing(telling),))
    names = ("alerts", "taken", "mtta", "ended", "mttr", "longest", "late-acks", "late-ends",
             "silenced")  # fmt: skip
    columns = (
        Column(telling.say("priority")),
        *(Column(telling.say(name), is_number=True) for name in names),
    )
    if earlier is not None:
        columns += (Column(telling.say("before-means"), is_number=True),)
    return Section("responses", title, (Table(columns, rows),))


def _response(
    one: Response, before: dict[Priority | None, Response] | None, telling: Telling
) -> tuple[Line, ...]:
    priority = Strong(telling.say("all-together")) if one.priority is None else str(one.priority)
    cells: list[Line] = [
        (priority,),
        (f"{one.count:,}",),
        (of_told(one.acked, one, telling),),
        (_mean_over(mtta_text(one, telling), one.mtta_of, one.acked, telling),),
        (of_count(one.resolved, one.count, telling),),
        (_mean_over(mttr_text(one, telling), one.mttr_of, one.resolved, telling),),
        (_or_missing(one.longest_s, "none-ended", telling),),
        (if_told(one.late_acks, one, telling),),
        (f"{one.late_ends:,}",),
        (if_told(one.silenced, one, telling),),
    ]
    if before is not None:
        earlier = before.get(one.priority)
        if earlier is None or not earlier.count:
            known = "no-alert" if before else "unknown-before"
            cells.append((telling.missing(known),))
        else:
            cells.append((f"{mtta_text(earlier, telling)} / {mttr_text(earlier, telling)}",))
    return tuple(cells)


def mtta_text(one: Response, telling: Telling) -> str:
    """The mean time until alerts were taken."""
    return _or_missing(one.mtta_s, "untold" if _is_untold(one) else "none-taken", telling)


def mttr_text(one: Response, telling: Telling) -> str:
    """The mean time until they ended."""
    return _or_missing(one.mttr_s, "none-ended", telling)


def _mean_over(mean: str, count: int, told: int, telling: Telling) -> str:
    """A mean, with over how many it is where that differs from what stands beside it."""
    if not count or count == told:
        return mean
    return telling.bracketed(mean, telling.say("mean-over", n=f"{count:,}"))


def of_told(count: int, one: Response | Noise, telling: Telling) -> str:
    """`3 of 12`, of those of which it is known what people did; missing where that is none."""
    if _is_untold(one):
        return telling.missing("untold")
    return of_count(count, one.count - one.untold, telling)


def if_told(count: int, one: Response | Noise, telling: Telling) -> str:
    """`3`; missing where of none it is known what people did, unless there are some."""
    return telling.missing("untold") if _is_untold(one) and not count else f"{count:,}"


def _is_untold(one: Response | Noise) -> bool:
    return 0 < one.count == one.untold


def of_count(count: int, whole: int, telling: Telling) -> str:
    """`3 of 12`."""
    return telling.say("n-of-m", n=f"{count:,}", m=f"{whole:,}")


def _or_missing(seconds: float | None, why: str, telling: Telling) -> str:
    return telling.missing(why) if seconds is None else telling.lasting(seconds)


def noise_section(
    noise: tuple[Noise, ...], telling: Telling, most: int = MOST_NOISE, by_day: bool = True
) -> Section:
    """The alerts that came the most often."""
    title = telling.say("head-noise")
    if not noise:
        return Section("noise", title, (nothing(telling),))
    columns = [
        Column(telling.say("alert")),
        Column(telling.say("place")),
        Column(telling.say("service")),
        Column(telling.say("count"), is_number=True),
        Column(telling.say("before"), is_number=True),
        *([Column(telling.say("by-day"), is_number=True)] if by_day else []),
        *(Column(telling.say(key), is_number=True) for key in _NOISE_NUMBERS),
        Column(telling.say("incidents")),
    ]
    rows = tuple(_noise(one, telling, by_day) for one in noise[:most])
    blocks: list[Block] = [Table(tuple(columns), rows)]
    if len(noise) > most:
        blocks.append(Para((telling.say("more-in-json", n=f"{len(noise) - most:,}"),)))
    return Section("noise", title, tuple(blocks))


_NOISE_NUMBERS: Final = ("firing", "median", "longest", "taken", "untouched")


def _noise(one: Noise, telling: Telling, by_day: bool) -> tuple[Line, ...]:
    before = telling.missing("unknown-before") if one.before is None else f"{one.before:,}"
    return (
        (Code(one.alert),),
        (Code(one.where),),
        (Code(one.service),) if one.service else (telling.say("none"),),
        (f"{one.count:,}",),
        (before,),
        *([(" ".join(map(str, one.by_day)),)] if by_day else []),
        (telling.lasting(one.total_s),),
        (_or_missing(one.median_s, "none-ended", telling),),
        (_or_missing(one.longest_s, "none-ended", telling),),
        (of_told(one.acked, one, telling),),
        (of_told(one.untouched, one, telling),),
        names(one.incidents, telling),
    )


def names(of: Iterable[str], telling: Telling) -> Line:
    """Names in a row; "none" where there are none."""
    spans: list[str | Code] = []
    for one in of:
        spans += [telling.say("and"), Code(one)] if spans else [Code(one)]
    return tuple(spans) or (telling.say("none"),)


def longest_section(longest: tuple[Bout, ...], telling: Telling) -> Section:
    """The alerts that fired for the longest."""
    title = telling.say("head-longest")
    if not longest:
        return Section("longest", title, (nothing(telling),))
    keys = ("priority", "alert", "place", "start", "end", "taken-by")
    columns = tuple(Column(telling.say(key)) for key in keys)
    return Section(
        "longest", title, (Table(columns, tuple(_bout(one, telling) for one in longest)),)
    )


def _bout(one: Bout, telling: Telling) -> tuple[Line, ...]:
    if one.resolved_at is None:
        end = telling.say("still-going")
    else:
        end = telling.moment(one.resolved_at)
    return (
        (str(one.priority),),
        (Code(one.alert),),
        (Code(one.where),),
        (telling.moment(one.start),),
        (end,),
        (one.acked_by or telling.missing("none-taken"),),
    )
