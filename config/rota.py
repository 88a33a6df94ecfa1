"""Who is on call: what follows from the rota of `oncall.yaml` for a moment or a stretch of time.

The hours of a rotation are local wall-clock hours, so that on the days on which the clocks are
changed a shift is an hour longer or shorter. An hour that comes twice counts from its first
time; one that is left out begins, and ends, when the clocks go forward. A shift belongs to the
day on which it begins.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

import msgspec

from config.people import Override, Person, Rota, Rotation

HORIZON: Final = timedelta(weeks=10)
"""So far ahead a change of the person on call is looked for."""
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY: Final = timedelta(days=1)
_WINDOW: Final = timedelta(days=8)


class Shift(msgspec.Struct, frozen=True):
    """One stretch of time for which one person is on call. Names and phones stand as written."""

    person: str
    """Key in `people`."""
    name: str
    phone: str
    """Empty where the settings have none."""
    start: datetime
    """Aware UTC."""
    end: datetime
    """Aware UTC; the shift is over at this moment."""
    rotation: str = ""
    """The rotation whose hours these are; empty where an override covers what none does."""
    backup_phone: str = ""
    """Of the rotation: whom to ring when the person does not answer."""
    is_override: bool = False
    instead_of: str = ""
    """For an override, the name of the person whose hours these are; empty where it is nobody."""
    why: str = ""
    """The override's reason."""


class OnCall(msgspec.Struct, frozen=True):
    """Who is on call at one moment, and how that goes on."""

    now: Shift | None
    """`None`: nobody is."""
    until: datetime | None
    """When somebody else, or nobody, is; where nobody is now, when somebody is again. `None`:
    nothing changes within `HORIZON`."""
    next: Shift | None
    """The next shift of another person; `None`: there is none within `HORIZON`."""
    gap_until: datetime | None = None
    """Where nobody is on call at `until`: when somebody is again, or `None` where that is not
    within `HORIZON`."""
    is_gap_next: bool = False
    """At `until`, nobody follows."""


def shift_at(rota: Rota, people: Mapping[str, Person], at: datetime) -> Shift | None:
    """The shift that covers the aware moment `at`; `None`: nobody is on call then."""
    found = shifts_between(rota, people, at, at + timedelta(microseconds=1))
    return found[0] if found else None


def next_shift(rota: Rota, people: Mapping[str, Person], at: datetime) -> Shift | None:
    """The first shift after the one at `at` that another person has.

    Where nobody is on call at `at`, the first one of anybody. `None`: none within `HORIZON`.
    """
    return on_call(rota, people, at).next


def on_call(rota: Rota, people: Mapping[str, Person], at: datetime) -> OnCall:
    """Who is on call at the aware moment `at`, until when, and who is next."""
    ahead = _ahead(rota, people, at)
    first = next(ahead, None)
    if first is None:
        return OnCall(None, None, None)
    if first.start > at:
        return OnCall(None, first.start, first)
    now, until, another = first, first.end, None
    stretch_over = gap = False
    gap_until: datetime | None = None
    for shift in ahead:
        if not stretch_over:
            stretch_over = shift.start != until or shift.person != now.person
            gap = shift.start != until
            gap_until = shift.start if gap else None
            until = until if stretch_over else shift.end
        if shift.person != now.person:
            another = shift
            break
    if not stretch_over and until >= at + HORIZON:
        return OnCall(now, None, None)
    gap = gap or not stretch_over
    return OnCall(now, until, another, gap_until, gap)


def shifts_between(
    rota: Rota, people: Mapping[str, Person], start: datetime, end: datetime
) -> tuple[Shift, ...]:
    """Every shift that covers some of the time from `start` to `end`, in order and whole.

    None overlaps another. What an override leaves of a rotation's shift is told as shifts of
    their own, and an override that lies over several shifts as one for each.
    """
    around = _laid_out(rota, people, start, end)
    return tuple(shift for shift in around if shift.start < end and shift.end > start)


def _ahead(rota: Rota, people: Mapping[str, Person], at: datetime) -> Iterator[Shift]:
    """The shift at `at` and those after it, as far as `HORIZON`."""
    begin, last = at, at
    while begin < at + HORIZON:
        for shift in shifts_between(rota, people, begin, begin + _WINDOW):
            if shift.end > last:
                last = shift.end
                yield shift
        begin += _WINDOW


class _Turn(msgspec.Struct, frozen=True):
    """The hours of one rotation on one day, before anything else is considered."""

    rotation: Rotation
    person: str
    start: datetime
    end: datetime


class _Stand(msgspec.Struct, frozen=True):
    """An override with its times in UTC."""

    override: Override
    start: datetime
    end: datetime


def _laid_out(
    rota: Rota, people: Mapping[str, Person], start: datetime, end: datetime
) -> Iterator[Shift]:
    """The shifts around `start` to `end`; those that reach into it have their true ends."""
    # No turn is longer than a day and an hour. A stretch of an override lasts until a rotation
    # begins, which each does weekly but where the clocks leave its hours out.
    covered = any(each.end > start and each.start < end for each in rota.overrides)
    margin = timedelta(days=15 if covered else 2)
    low, high = start - margin, end + margin
    stands = [
        _Stand(each, _utc(each.start), _utc(each.end))
        for each in rota.overrides
        if each.end > low and each.start < high
    ]
    turns = _turns(rota, low, high)
    cuts = {each.start for each in turns} | {each.end for each in turns}
    cuts |= {each.start for each in stands} | {each.end for each in stands}
    pieces: list[tuple[_Turn | None, _Stand | None, datetime, datetime]] = []
    for left, right in itertools.pairwise(sorted(cuts)):
        stand = next((each for each in stands if each.start <= left < each.end), None)
        turn = next((each for each in turns if each.start <= left < each.end), None)
        if pieces and pieces[-1][:2] == (turn, stand) and pieces[-1][3] == left:
            pieces[-1] = (turn, stand, pieces[-1][2], right)
        elif turn is not None or stand is not None:
            pieces.append((turn, stand, left, right))
    return (_shift(people, *piece) for piece in pieces)


def _shift(
    people: Mapping[str, Person],
    turn: _Turn | None,
    stand: _Stand | None,
    start: datetime,
    end: datetime,
) -> Shift:
    assert turn is not None or stand is not None
    key = stand.override.person if stand is not None else turn.person if turn is not None else ""
    person = people.get(key)
    replaced = turn.person if turn is not None and stand is not None else ""
    return Shift(
        person=key,
        name=person.name if person is not None else key,
        phone=person.phone if person is not None else "",
        start=start,
        end=end,
        rotation=turn.rotation.name if turn is not None else "",
        backup_phone=turn.rotation.backup_phone if turn is not None else "",
        is_override=stand is not None,
        instead_of=people[replaced].name if replaced in people else replaced,
        why=stand.override.why if stand is not None else "",
    )


def _turns(rota: Rota, low: datetime, high: datetime) -> Sequence[_Turn]:
    """The turns of all rotations from `low` to `high`, the rotation that decides first."""
    zone = zone_of(rota.zone)
    first_day = low.astimezone(zone).date() - _DAY
    days = [first_day + n * _DAY for n in range((high - low).days + 4)]
    found = []
    for rotation in rota.rotations:
        begins, ends = time.fromisoformat(rotation.start), time.fromisoformat(rotation.end)
        for day in days:
            if _DAYS[day.weekday()] not in rotation.days:
                continue
            start = moment_of(day, begins, zone)
            end = moment_of(day if ends > begins else day + _DAY, ends, zone)
            if start < end:
                found.append(_Turn(rotation, _whose(rotation, day), start, end))
    return found


def _whose(rotation: Rotation, day: date) -> str:
    """Whose turn it is in the shift that begins on `day`.

    Weeks are of seven days from `first` on; by the day, only the days that have a shift count.
    """
    apart = (day - rotation.first).days
    if rotation.turn == "week":
        number = apart // 7
    else:
        whole, rest = divmod(apart, 7)
        weekday = rotation.first.weekday()
        begun = [_DAYS[(weekday + n) % 7] in rotation.days for n in range(rest)]
        number = whole * len(set(rotation.days)) + sum(begun)
    return rotation.people[number % len(rotation.people)]


def zone_of(name: str) -> tzinfo:
    """The time zone that a rota has by `name`."""
    if name == "UTC":  # also where the machine has no time zone database
        return UTC
    from zoneinfo import ZoneInfo  # late: 3 ms that only a rota needs

    return ZoneInfo(name)


def moment_of(day: date, of_day: time, zone: tzinfo) -> datetime:
    """When the clocks of `zone` show `of_day` on `day`, in UTC: see the head of this file."""
    local = datetime.combine(day, of_day, zone)
    early, late = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if late >= early:  # it comes once, or twice: then the first time
        return early
    # Left out: the two lie on either side of the moment at which the clocks go forward.
    before = late.astimezone(zone).utcoffset()
    whole_s = int((early - late).total_seconds())
    low, high = 0, whole_s
    while high - low > 1:
        middle = (low + high) // 2
        moved = (late + timedelta(seconds=middle)).astimezone(zone).utcoffset() != before
        low, high = (low, middle) if moved else (middle, high)
    return late + timedelta(seconds=high)


def _utc(moment: datetime) -> datetime:
    """`moment` in UTC; at the edges of the calendar, the edge."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return (datetime.max if moment.year > 1 else datetime.min).replace(tzinfo=UTC)
