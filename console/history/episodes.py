"""Episodes of alerts and past events as rows, and one episode told of more than once."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from console.history.fault import UnreadableError
from console.history.holding import MOST_AT_MS
from console.model.history import Bout, Origin, Past
from console.model.state import Priority
from console.safety.text import Raw, visible

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)

OURS: Final = ""
"""Told by whoever records here; what was taken in has the name of its recorder."""

Row = tuple[Any, ...]

_BOUT: Final = (
    "key, start_us, told_by, alert, place, service, priority, acked_us, acked_by, silenced_us,"
    " resolved_us, seen_us, respond_us, resolve_us, source, fingerprint, over_us"
)
_KEEP_BOUT: Final = f"INSERT OR REPLACE INTO bout ({_BOUT}, crc) VALUES ({', '.join('?' * 18)})"
_KEEP_PAST: Final = "INSERT OR IGNORE INTO past VALUES (?, ?, ?, ?, ?, ?, ?)"


def teller_of(origin: Origin, by: str) -> str:
    """Under which name episodes are kept that were told by that recorder."""
    return OURS if origin in (Origin.CONSOLE, Origin.RECORDER) else f"{origin} {by}"


def us_of(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // _US


def moment_of(us: int) -> datetime:
    """The moment so many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=us)


def plain(text: str) -> str | bytes:
    """Text as SQLite takes it: a lone surrogate, which UTF-8 has not, makes bytes of it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")
    return str(text)  # of an enum's member its value: what is read back is no member


def text_of(kept: str | bytes) -> str:
    """The text that `plain` was given."""
    return kept.decode(errors="surrogatepass") if isinstance(kept, bytes) else str(kept)


def shown_of(kept: str | bytes) -> str:
    """A text that is safe to show, also where somebody else wrote the file."""
    return visible(text_of(kept))


def keep_bouts(connection: sqlite3.Connection, bouts: Iterable[Bout], told_by: str = OURS) -> None:
    """Keep episodes, each with what was known of it before."""
    for bout in bouts:
        row = connection.execute(
            f"SELECT {_BOUT}, crc FROM bout WHERE key = ? AND start_us = ? AND told_by = ?",
            (plain(bout.key), us_of(bout.start), plain(told_by)),
        ).fetchone()
        # What is not as it was written is written again.
        before = None if row is None else _sound_bout(row)
        known = bout if before is None else with_news(before, bout)
        if known != before:
            row = _row_of(known, told_by)
            connection.execute(_KEEP_BOUT, (*row, sum_of(row)))


def keep_past(connection: sqlite3.Connection, past: Iterable[Past]) -> None:
    """Keep past events, each once."""
    connection.executemany(
        _KEEP_PAST,
        ((*row, sum_of(row)) for row in map(_past_row, past)),
    )


def sum_of(row: Row) -> int:
    """The checksum that is kept with a row."""
    return zlib.crc32(ascii(row).encode())


def rows_that_changed(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many episodes and how many events are not what was written."""
    bouts = connection.execute(f"SELECT {_BOUT}, crc FROM bout")
    past = connection.execute("SELECT at_us, kind, subject, text, who, key, crc FROM past")
    return (
        sum(_sound_bout(row) is None for row in bouts),
        sum(sum_of(row[:-1]) != row[-1] for row in past),
    )


def with_news(known: Bout, news: Bout) -> Bout:
    """One episode as it is known after `news` of it.

    The earliest ack and silence stand, the latest sighting, and a resolution that became known
    later. It is no longer resolved where it was seen after that and nobody says otherwise.
    """
    acked = min(
        ((one.acked_at, one.acked_by) for one in (known, news) if one.acked_at is not None),
        default=(None, known.acked_by or news.acked_by),
    )
    seen = _latest(known.seen_at, news.seen_at)
    resolved = _latest(known.resolved_at, news.resolved_at)
    if resolved and not news.resolved_at and news.seen_at and news.seen_at > resolved:
        resolved = None
    return msgspec.structs.replace(
        news,
        acked_at=acked[0],
        acked_by=acked[1],
        silenced_at=_earliest(known.silenced_at, news.silenced_at),
        resolved_at=resolved,
        seen_at=seen,
        respond_by=news.respond_by or known.respond_by,
        resolve_by=news.resolve_by or known.resolve_by,
        service=news.service or known.service,
        source=news.source or known.source,
        fingerprint=news.fingerprint or known.fingerprint,
    )


def over_at(bout: Bout) -> datetime:
    """Until when it is known to have gone on."""
    return bout.resolved_at or bout.seen_at or bout.start


def bouts_between(connection: sqlite3.Connection, start: datetime, end: datetime) -> list[Row]:
    """The rows of what was going on at some time of `[start, end)`, with their checksums."""
    return connection.execute(
        f"SELECT {_BOUT}, crc FROM bout WHERE over_us >= ? AND start_us < ? ORDER BY key, start_us,"
        " told_by",
        (us_of(start), us_of(end)),
    ).fetchall()


def told_once(rows: Sequence[Row], wrong: set[Row]) -> list[Bout]:
    """The episodes in rows as `bouts_between` orders them, by start.

    Where several recorders tell of firings of one alert that overlap, it is one episode; of its
    starts the one that was recorded here stands, else the earliest.

    Args:
        wrong: receives what names those that are not what was written, and are left out.
    """
    found: list[tuple[Bout, set[str]]] = []
    for row in rows:
        known = _sound_bout(row)
        if known is None:
            wrong.add(row[:3])
            continue
        bout, told_by = known, text_of(row[2])
        if found:
            last, tellers = found[-1]
            if last.key == bout.key and told_by not in tellers and bout.start <= over_at(last):
                start = bout.start if told_by == OURS else last.start
                whole = msgspec.structs.replace(with_news(last, bout), start=start)
                found[-1] = (whole, tellers | {told_by})
                continue
        found.append((bout, {told_by}))
    return sorted((bout for bout, _ in found), key=lambda bout: (bout.start, bout.key))


def past_between(
    connection: sqlite3.Connection, start: datetime, end: datetime, most: int, wrong: set[Row]
) -> list[Past]:
    """The last `most` events of `[start, end)`, in order.

    Args:
        wrong: receives those that are not what was written, and are left out.
    """
    rows = connection.execute(
        "SELECT at_us, kind, subject, text, who, key, crc FROM past WHERE at_us >= ? AND at_us < ?"
        " ORDER BY at_us DESC LIMIT ?",
        (us_of(start), us_of(end), most),
    ).fetchall()
    found: list[Past] = []
    for row in reversed(rows):
        if sum_of(row[:-1]) != row[-1]:
            wrong.add(row)
            continue
        kind, subject, text, who = map(shown_of, row[1:5])
        found.append(Past(moment_of(row[0]), kind, subject, text, who, text_of(row[5])))
    return found


def _sound_bout(row: Row) -> Bout | None:
    """The episode of a row with its checksum; `None`: it is not what was written."""
    if sum_of(row[:-1]) != row[-1]:
        return None
    try:
        return bout_of(row[:-1])
    except UnreadableError:
        return None


def bout_of(row: Row) -> Bout:
    """The episode that a row keeps.

    Raises:
        UnreadableError: no episode of ours makes such a row.
    """
    try:
        return _bout(row)
    except (ValueError, TypeError, OverflowError) as error:
        raise UnreadableError("an episode in it cannot be right") from error


def _bout(row: Row) -> Bout:
    times = (row[1], row[7], *row[9:14])
    if not all(us is None or 0 <= us <= MOST_AT_MS * 1000 for us in times):
        raise ValueError("a moment that is none")
    start, *moments = [None if us is None else moment_of(us) for us in times]
    if start is None:
        raise ValueError("it has no start")
    acked, silenced, resolved, seen, respond, resolve = moments
    return Bout(
        key=text_of(row[0]),
        start=start,
        alert=Raw(text_of(row[3])),
        where=Raw(text_of(row[4])),
        service=text_of(row[5]),
        priority=Priority(row[6]),
        acked_at=acked,
        acked_by=shown_of(row[8]),
        silenced_at=silenced,
        resolved_at=resolved,
        seen_at=seen,
        respond_by=respond,
        resolve_by=resolve,
        source=shown_of(row[14]),
        fingerprint=text_of(row[15]),
    )


def _row_of(bout: Bout, told_by: str) -> Row:
    texts = (bout.key, told_by, bout.alert.exact, bout.where.exact, bout.service)
    key, teller, alert, where, service = map(plain, texts)
    return (
        *(key, us_of(bout.start), teller, alert, where, service, int(bout.priority)),
        *(_us(bout.acked_at), plain(bout.acked_by), _us(bout.silenced_at), _us(bout.resolved_at)),
        *(_us(bout.seen_at), _us(bout.respond_by), _us(bout.resolve_by), plain(bout.source)),
        *(plain(bout.fingerprint), us_of(over_at(bout))),
    )


def _past_row(one: Past) -> Row:
    return (us_of(one.at), *map(plain, (one.kind, one.subject, one.text, one.who, one.key)))


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else us_of(moment)


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)
