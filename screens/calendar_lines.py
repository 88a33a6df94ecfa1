"""The next days as a document: freezes, windows and changes, and before all what holds now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise, takewhile
from typing import Final, NamedTuple

from console.model.change import OVER, UNDERWAY, ChangeState
from console.model.change_rules import Surroundings, around_of, paper_verdict
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope, Window
from console.model.papers import ChangePaper, Papers
from console.model.words import countdown_text
from console.safety.text import Raw, visible
from screens.calendar_strip import CHANGE, HARD, SOFT, WINDOW, Band, strip
from widgets.detail import Blank, Field, Figure, Paragraph, Part, Title
from widgets.theme import Ink

DAYS: Final = 14
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""No end is in sight."""
_STARTABLE: Final = (ChangeState.APPROVED, ChangeState.SCHEDULED)


class View(NamedTuple):
    """What the calendar is made of."""

    papers: Papers
    now: datetime
    """Aware UTC."""
    zone: tzinfo
    environment: str = ""

    @property
    def calendar(self) -> Calendar:
        """The windows and freezes that are about this environment."""
        known = self.papers.calendar
        return Calendar(
            tuple(one for one in known.windows if one.scope.covers((), self.environment)),
            tuple(one for one in known.freezes if one.scope.covers((), self.environment)),
        )

    @property
    def around(self) -> Surroundings:
        """What decides whether a change may start."""
        return around_of(self.papers)


def calendar_parts(view: View, days: int = DAYS) -> tuple[Part, ...]:
    """What holds now, then day for day what begins, goes on and ends, in the zone of `view`."""
    today = view.now.astimezone(view.zone).date()
    dates = [today + timedelta(days=number) for number in range(days)]
    ahead = Period(day_of(dates[0], view.zone).start, day_of(dates[-1], view.zone).end)
    laid = _laid(view, ahead)
    parts = [*_now(view), Blank()]
    for day in dates:
        parts += _day(view, day, laid, is_today=day == today)
    return tuple(parts)


class _Lasting(NamedTuple):
    """A freeze or a window, and when it holds."""

    of: Freeze | Window
    times: tuple[Period, ...]


def _laid(view: View, ahead: Period) -> tuple[_Lasting, ...]:
    """Everything that lasts, laid out once for all days: that is what costs."""
    every: list[Freeze | Window] = [*view.calendar.freezes, *view.calendar.windows]
    return tuple(_Lasting(one, _with_ends(one.schedule, ahead)) for one in every)


def _with_ends(schedule: Schedule, ahead: Period) -> tuple[Period, ...]:
    """As `stretches`, and the last one with its own end where that comes later."""
    found = stretches(schedule, ahead)
    if not found or found[-1].end != ahead.end:
        return found
    last = found[-1].start
    return (*found[:-1], Period(last, schedule.until(last) or _NEVER))


def stretches(schedule: Schedule, within: Period) -> tuple[Period, ...]:
    """When `schedule` holds in a stretch of time, in order; what meets is one."""
    inner = takewhile(lambda edge: edge < within.end, schedule.edges(within.start))
    edges = sorted({within.start, within.end, *inner})
    found: list[Period] = []
    for start, end in pairwise(edges):
        if not schedule.holds(start):
            continue
        if found and found[-1].end == start:
            found[-1] = Period(found[-1].start, end)
        else:
            found.append(Period(start, end))
    return tuple(found)


def day_of(day: date, zone: tzinfo) -> Period:
    """From midnight to midnight in `zone`: 23 or 25 hours where the clocks are changed."""
    begin = datetime.combine(day, time(), zone).astimezone(UTC)
    return Period(begin, datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC))


# What holds now


def _now(view: View) -> Iterator[Part]:
    calendar, now = view.calendar, view.now
    if view.papers.unread:
        yield Field("now", f"no change is known: {view.papers.unread}", Ink.UNKNOWN)
    for one in calendar.in_force(now):
        yield Field("now", _freeze_now(one, view), Ink.WARNING)
    for window in calendar.windows:
        if window.schedule.holds(now):
            until = _until(window.schedule.until(now), view)
            said, whole = _beaten(window, view)
            text = f"window {_named(window)} is open{until}{said}"
            yield Field("now", text, Ink.MUTED if whole else Ink.OK)
    yield from _for_all(view)


def _beaten(window: Window, view: View) -> tuple[str, bool]:
    """What freezes take from `window` now, and whether that is all of it."""
    mine = frozenset(window.scope.services)
    frozen = view.calendar.in_force(view.now, window.scope.services, view.environment)
    if not frozen:
        return "", False
    named = frozenset(name for one in frozen for name in one.scope.services)
    if any(not one.scope.services for one in frozen) or (mine and mine <= named):
        return ", but a freeze beats it", True
    shown = visible(", ".join(sorted(named & mine if mine else named)), cells=60)
    return f", but for {shown} a freeze beats it", False


def _for_all(view: View) -> Iterator[Part]:
    """Whether what has no window or freeze of its own may be changed, and else from when on."""
    calendar, now = view.calendar, view.now
    general = Calendar(
        tuple(one for one in calendar.windows if not one.scope.services),
        tuple(one for one in calendar.freezes if not one.scope.services),
    )
    others = "" if general == calendar else "; the services named here have their own"
    following = general.next_opening(now)
    if following is None:
        yield Field("next", f"no moment within a year at which changes may be made{others}")
    elif following > now:
        yield Field("next", f"changes may be made from {_moment(following, view)} on{others}")
    else:
        if not general.windows:
            text = f"no freeze for all: changes may be made at any time{others}"
            yield Field("now", text, Ink.OK)
        yield from _next_freeze(view)


def _next_freeze(view: View) -> Iterator[Part]:
    ahead = Period(view.now, view.now + timedelta(days=DAYS))
    begins = [
        (stretch.start, one)
        for one in view.calendar.freezes
        for stretch in stretches(one.schedule, ahead)
        if stretch.start > view.now
    ]
    if begins:
        at, one = min(begins, key=lambda pair: pair[0])
        yield Field("next", f"freeze {_named(one)} ({one.level}) begins {_moment(at, view)}")


def _freeze_now(freeze: Freeze, view: View) -> str:
    until = _until(freeze.schedule.until(view.now), view)
    why = f": {visible(freeze.reason, cells=80)}" if freeze.reason else ""
    whom = f"; ask {visible(freeze.owner, cells=40)}" if freeze.owner else ""
    return f"freeze {_named(freeze)} ({freeze.level}){until}{why}{whom}"


def _until(end: datetime | None, view: View) -> str:
    return "" if end is None else f" until {_moment(end, view)}"


def _named(one: Freeze | Window) -> str:
    return f"{visible(one.name, cells=40)}{_for(one.scope)}"


def _for(scope: Scope) -> str:
    if not scope.services:
        return ""
    return f" for {visible(', '.join(scope.services), cells=60)}"


def _moment(at: datetime, view: View) -> str:
    local = at.astimezone(view.zone)
    left = countdown_text(at - view.now)
    return f"{local:%a %d %b %H:%M}, in {left}"


# A day


class _Line(NamedTuple):
    at: datetime
    rank: int
    field: Field


def _day(view: View, day: date, laid: Iterable[_Lasting], *, is_today: bool) -> Iterator[Part]:
    whole = day_of(day, view.zone)
    bands: list[Band] = []
    lines: list[_Line] = []
    for one in laid:
        for span in one.times:
            if span.overlaps(whole):
                bands.append(Band(_sign(one.of), span))
                lines.append(_lasting_line(one.of, span, whole, view))
    for paper in _changes(view, whole):
        window = paper.change.plan.window
        if window is not None:
            bands.append(Band(CHANGE, window))
        lines += _change_lines(paper, whole, view)
    name = _day_name(day, whole, is_today=is_today)
    zone = f", times of {view.zone}" if is_today and view.zone is not UTC else ""
    yield Title(((f"{name}{zone}", Ink.HEADING),))
    if bands or is_today:
        now = view.now if is_today else None
        yield Figure(strip(whole, bands, view.zone, now, ruled=is_today))
    lines.sort(key=lambda line: (line.rank, line.at))
    yield from (line.field for line in lines)
    if not lines:
        yield Paragraph("nothing", Ink.MUTED)


def _sign(one: Freeze | Window) -> str:
    if isinstance(one, Window):
        return WINDOW
    return HARD if one.level is Level.HARD else SOFT


def _day_name(day: date, whole: Period, *, is_today: bool) -> str:
    hours = (whole.end - whole.start) // timedelta(hours=1)
    changed = f", {hours} hours: the clocks are changed" if hours != 24 else ""
    return f"{day:%a %d %b}{', today' if is_today else ''}{changed}"


def _lasting_line(one: Freeze | Window, found: Period, whole: Period, view: View) -> _Line:
    goes_on = whole.end < found.end < _NEVER
    until = f" until {found.end.astimezone(view.zone):%a %d %b %H:%M}" if goes_on else ""
    hours = _hours(found, whole, view)
    if isinstance(one, Window):
        return _Line(found.start, 1, Field(hours, f"window {_named(one)}{until}", Ink.OK))
    why = f": {visible(one.reason, cells=80)}" if one.reason else ""
    text = f"freeze {_named(one)} ({one.level}){until}{why}"
    return _Line(found.start, 0, Field(hours, text, Ink.WARNING))


def _changes(view: View, whole: Period) -> Iterable[ChangePaper]:
    for paper in view.papers.changes:
        change, window = paper.change, paper.change.plan.window
        if change.state in OVER:
            continue
        begun = change.state in UNDERWAY and whole.holds(view.now)
        if begun or (window is not None and window.start < window.end and window.overlaps(whole)):
            yield paper


def _change_lines(paper: ChangePaper, whole: Period, view: View) -> Iterator[_Line]:
    change = paper.change
    window = change.plan.window
    is_planned = window is not None and window.overlaps(whole)
    hours = _hours(window, whole, view) if window is not None and is_planned else "now"
    start = whole.start if window is None else window.start
    who = change.plan.executor or change.author
    text = f"{change.id}  {change.state}  {visible(change.title, cells=200)}"
    ink = Ink.STRONG if change.state in UNDERWAY else Ink.PLAIN
    field = Field(hours, Raw(text), ink, note=visible(who, cells=20))
    yield _Line(start, 2, field)
    at = max(start, view.now)
    if change.state not in _STARTABLE or not whole.holds(at):
        return
    verdict = paper_verdict(paper, at, view.around)
    if verdict.reasons:
        opens = "" if verdict.opens is None else f"; from {_moment(verdict.opens, view)} on"
        why = f"it may not start then: {'; '.join(verdict.reasons)}{opens}"
        yield _Line(start, 2, Field("", why, Ink.WARNING))


def _hours(found: Period, whole: Period, view: View) -> str:
    """`22:00-24:00`, or `all day`: what of it lies in this day."""
    start, end = max(found.start, whole.start), min(found.end, whole.end)
    if start == whole.start and end == whole.end:
        return "all day"
    begins = f"{start.astimezone(view.zone):%H:%M}" if start > whole.start else "00:00"
    ends = f"{end.astimezone(view.zone):%H:%M}" if end < whole.end else "24:00"
    return f"{begins}-{ends}"


def calendar_text(view: View, days: int = DAYS) -> str:
    """The same as plain lines, safe to show: for a copy."""
    lines: list[str] = []
    for part in calendar_parts(view, days):
        match part:
            case Title():
                lines.append("".join(visible(text) for text, _ in part.spans))
            case Field():
                note = f"  ({part.note})" if part.note else ""
                lines.append(f"  {visible(part.name):<12} {visible(part.value)}{note}".rstrip())
            case Paragraph():
                lines.append(f"  {visible(part.text)}")
            case Blank():
                lines.append("")
            case _:
                pass
    return "\n".join(lines)
