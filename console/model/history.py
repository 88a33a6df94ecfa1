"""What the console remembers of a week: how every service was, and every firing of every alert.

Times are whole milliseconds since 1970 in what is counted in great numbers, aware UTC in the
rest. A sample tells how a service was at one moment. It holds until the next sample of the same
recording; where none comes within `HOLD` recording intervals, for one interval.
"""

from __future__ import annotations

import enum
import itertools
import re
from datetime import datetime
from typing import Final

import msgspec

from console.model.latency import Latencies
from console.model.saying import Saying, saying, verbatim
from console.model.state import Priority
from console.safety.text import Raw

HOLD: Final = 2.5
"""Recording intervals between two samples over which the earlier one holds."""
HISTORY: Final = "history"
"""`source` of what a console or a recorder saw itself."""
AND: Final = "; "
"""Between the names of several sources."""


ENDINGS: Final = (
    saying("the settings changed"),
    saying("`oncall record` took over"),
    saying("the machine slept"),
)
"""Why a recording ends, beside what `clock_jumped` says."""
_JUMPED: Final = re.compile(r"the clock jumped by ([+-]\d+) s")


def clock_jumped(seconds: float) -> Saying:
    """Why a recording ends whose clock jumped, by so much forward."""
    return saying("the clock jumped by {jump} s", jump=f"{seconds:+.0f}")


def ending_of(text: str) -> Saying:
    """What `Recording.why_ended` says: a sentence of ours as it is kept in files, or any other."""
    jumped = _JUMPED.fullmatch(text)
    if jumped is not None:
        return clock_jumped(float(jumped[1]))
    return next((one for one in ENDINGS if one.text == text), verbatim(text))


class Sight(enum.IntEnum):
    """How a service was seen. The numbers are kept in files: they never change their meaning."""

    UP = 0
    SLOW = 1
    """It answers, later than it should. It counts as up."""
    DOWN = 2
    UNKNOWN = 3
    """Asked, and nothing usable came, or nobody could ask. It counts as not observed."""


class Sample(msgspec.Struct, frozen=True, gc=False):
    """How one service was seen at one moment."""

    service: str
    """Its name in the registry; of a scrape target that is in none its `job/instance`."""
    at_ms: int
    sight: Sight
    took_ms: float | None = None
    """How long the answer took; `None`: it gave none, or nobody measures it."""


class Stretch(msgspec.Struct, frozen=True, gc=False):
    """From `start_ms` on, and before `end_ms`, a service was seen one way."""

    start_ms: int
    end_ms: int
    sight: Sight


class Origin(enum.StrEnum):
    """Where a recording comes from."""

    CONSOLE = "console"
    """Somebody's open console."""
    RECORDER = "recorder"
    """`oncall record`."""
    PROMETHEUS = "prometheus"
    """Taken in from a Prometheus' range data."""
    IMPORTED = "imported"
    """Taken in from an export of another history."""


class Recording(msgspec.Struct, frozen=True):
    """An unbroken run of samples by one recorder. A clock that jumps begins another one."""

    origin: Origin
    by: str
    """`kai@laptop-1`, `prom`; safe to show. With `origin` and `began_ms` it names the recording."""
    began_ms: int
    every_ms: int
    """Between two samples of a service, as meant."""
    ended_ms: int | None = None
    """Of its last sample; `None`: it has none."""
    why_ended: str = ""
    """Safe to show: `the clock jumped by 3600 s`; empty: it goes on, or the console ended."""


class Bout(msgspec.Struct, frozen=True, gc=False):
    """One episode of one alert, as far as it is known. Its id is `key` with `start`."""

    key: str
    """The episode's: the alert's fingerprint without the labels in which replicas differ."""
    alert: Raw
    """Its name."""
    where: Raw
    """`redis@data-1`, else the instance."""
    service: str
    """The registry's name; empty: it is about none."""
    priority: Priority
    start: datetime
    acked_at: datetime | None = None
    acked_by: str = ""
    """Safe to show."""
    silenced_at: datetime | None = None
    """When a silence that is no ack first covered it."""
    resolved_at: datetime | None = None
    """When its resolution was proven; `None`: it goes on, or nobody saw the proof."""
    seen_at: datetime | None = None
    """When a source last said it: what bounds an episode whose end nobody saw."""
    respond_by: datetime | None = None
    resolve_by: datetime | None = None
    """Its two deadlines as they were; `None`: it had none."""
    source: str = ""
    """By what it is known, safe to show: `history`, `prom`."""
    fingerprint: str = ""
    """Alertmanager's, of its newest alert, safe to show; empty: not known."""


class Past(msgspec.Struct, frozen=True):
    """An event as history keeps it. The texts are safe to show."""

    at: datetime
    kind: str
    """An `EventKind`'s word."""
    subject: str
    text: str
    who: str = ""
    key: str = ""


class KnownBy(msgspec.Struct, frozen=True, gc=False):
    """How much of a service one of several sources observed."""

    source: str
    """Safe to show: `history`, `prom: probe_success`."""
    known_ms: int
    """No moment of it is another one's too."""


class Observed(msgspec.Struct, frozen=True):
    """One service over a time, from wherever that is known."""

    service: str
    stretches: tuple[Stretch, ...]
    """In order, without overlap; neighbours differ or do not touch. Where several recordings
    speak of one moment, DOWN is believed before SLOW, that before UP, and UNKNOWN last."""
    hours: tuple[tuple[int, Latencies], ...] = ()
    """Latencies by UTC hour: its beginning in seconds since 1970, in order; those without any
    are left out."""
    samples: int = 0
    """Behind it."""
    source: str = ""
    """Safe to show: `history`, `prom: probe_success`; several with `AND` between them."""
    query: str = ""
    """The PromQL that was asked for it; empty for history."""
    notices: tuple[Saying, ...] = ()
    """What is wrong with it: `partial answer: …`."""
    known_by: tuple[KnownBy, ...] = ()
    """What each of two told where one filled the gaps of the other; empty: `source` told all."""

    @property
    def known_ms(self) -> int:
        """How long it was observed."""
        return sum(
            one.end_ms - one.start_ms for one in self.stretches if one.sight != Sight.UNKNOWN
        )


def together(recordings: list[list[Stretch]]) -> tuple[Stretch, ...]:
    """What several recordings tell of one service, as `Observed.stretches` wants it.

    Args:
        recordings: of each its stretches, in any order; they may overlap, as where a clock was
            set back.
    """
    pieces = sorted(
        (one.start_ms, one.end_ms, one.sight)
        for recording in recordings
        for one in recording
        if one.end_ms > one.start_ms
    )
    if all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(pieces)):
        return _joined(pieces)
    edges = sorted({edge for start, end, _ in pieces for edge in (start, end)})
    found: list[tuple[int, int, Sight]] = []
    counts = dict.fromkeys(Sight, 0)
    opening: dict[int, list[Sight]] = {}
    closing: dict[int, list[Sight]] = {}
    for start, end, sight in pieces:
        opening.setdefault(start, []).append(sight)
        closing.setdefault(end, []).append(sight)
    for edge, after in itertools.pairwise(edges):
        for sight in closing.get(edge, ()):
            counts[sight] -= 1
        for sight in opening.get(edge, ()):
            counts[sight] += 1
        believed = next((one for one in _BELIEVED if counts[one]), None)
        if believed is not None:
            found.append((edge, after, believed))
    return _joined(found)


_BELIEVED: Final = (Sight.DOWN, Sight.SLOW, Sight.UP, Sight.UNKNOWN)


def _joined(pieces: list[tuple[int, int, Sight]]) -> tuple[Stretch, ...]:
    found: list[list[int]] = []
    for start, end, sight in pieces:
        if found and found[-1][1] == start and found[-1][2] == sight:
            found[-1][1] = end
        else:
            found.append([start, end, sight])
    return tuple(Stretch(start, end, Sight(sight)) for start, end, sight in found)
