"""How figures, times and what is missing are said: in a language, in the zone of a report.

Nothing is rounded to the better side: availability and coverage down, downtime and waiting up.
What is above zero never reads as zero where that would be better, what is below 100 % never as
100 %, and a figure never reads as if it were on the other side of its objective.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from console.journal.language import Language
from console.model.daily import AnyReport
from console.model.saying import Moment, Saying, Value, number_text
from console.model.summary import Availability, Figure, Unit
from console.reports.words import counted, said
from console.reports.words.sayings import template_of

MISSING: Final = "—"
MOST_DIGITS: Final = 6
"""After the point, of a figure that would else read as on the other side of its objective."""
TINY: Final = 1e-9
"""What is smaller reads by its power of ten."""
_NOISE_DIGITS: Final = 9
"""To which a percentage is taken as exact: what lies behind is floating point's."""
_STEPS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


class Telling:
    """The figures of one report in one language."""

    def __init__(self, report: AnyReport, language: Language) -> None:
        self.language = language
        self.zone_name, self._zone = _zone_of(report.zone)
        first, last = (one.astimezone(self._zone) for one in (report.start, report.end))
        self._offsets = first.utcoffset() != last.utcoffset()

    def say(self, key: str, **values: object) -> str:
        """The words of `key`."""
        return said(key, self.language, **values)

    def many(self, noun: str, count: int) -> str:
        """`3 services`."""
        return counted(noun, count, self.language)

    def told(self, of: Saying | None) -> str:
        """A saying in this language, times in the report's zone; empty: nothing is said."""
        return "" if of is None else of.filled(template_of(of.template, self.language), self._value)

    def _value(self, value: Value) -> str:
        if isinstance(value, Saying):
            return self.told(value)
        if isinstance(value, Moment):
            return self.moment(value.at)
        return value if isinstance(value, str) else number_text(value)

    def missing(self, why: str) -> str:
        """`— (not observed)`; `why` is a sentence's key."""
        return self.missing_as(self.say(f"why-{why}"))

    def missing_as(self, why: str) -> str:
        """The same with a reason that is safe to show."""
        return MISSING + (self.say("brackets", text=why) if why else "")

    def bracketed(self, text: str, more: str) -> str:
        """`text (more)`."""
        return text + self.say("brackets", text=more)

    # Times.

    def moment(self, at: datetime, offset: bool = False, seconds: bool = False) -> str:
        """`2026-11-22 03:14` in the report's zone; with the offset where the days of the
        report have several, so that no hour is meant twice.

        Args:
            seconds: name them also where they are 0.
        """
        local = at.astimezone(self._zone).replace(microsecond=0)
        shown = local.strftime("%Y-%m-%d %H:%M:%S" if local.second or seconds else "%Y-%m-%d %H:%M")
        if not (offset or self._offsets):
            return shown
        written = local.strftime("%z")
        return f"{shown} {written[:3]}:{written[3:5]}"

    def span(self, start: datetime, end: datetime, offset: bool = False) -> str:
        """From one moment to another."""
        return self.say("to", start=self.moment(start, offset), end=self.moment(end, offset))

    def day(self, at: datetime) -> str:
        """`11-22`: the local day that begins at `at`."""
        return at.astimezone(self._zone).strftime("%m-%d")

    def lasting(self, seconds: float, up: bool = True) -> str:
        """`400 ms`, `12.3 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: at most two units.

        Args:
            up: round up; else down.
        """
        if seconds < 0:
            return f"-{self.lasting(-seconds, not up)}"
        if seconds == 0 or not math.isfinite(seconds):
            return self.say("s", n=0) if seconds == 0 else MISSING
        if seconds < 1:
            shown = _rounded(seconds * 1_000, 0 if seconds >= 0.01 else 1, up)
            if shown < 1_000:
                return self.say("ms", n=_plain(max(shown, Decimal("0.1"))))
        if seconds < 60:
            shown = _rounded(seconds, 1, up)
            if shown < 60:
                return self.say("s", n=_plain(shown))
        return self._long(seconds, up)

    def _long(self, seconds: float, up: bool) -> str:
        # Twice: what is rounded up may come to a whole minute, hour or day.
        whole = int(_rounded(seconds, 0, up))
        for least, step in ((86_400, 3_600), (3_600, 60)):
            if whole >= least:
                whole = int(_rounded(seconds / step, 0, up)) * step
                break
        parts = []
        for unit, worth in _STEPS:
            count, whole = divmod(whole, worth)
            if count:
                parts.append(self.say(unit, n=count))
        return " ".join(parts) or self.say("s", n=0)

    def lasting_ms(self, took_ms: float | None) -> str:
        """How long answers took; missing where none did."""
        return self.missing("no-latency") if took_ms is None else self.lasting(took_ms / 1_000)

    def times(self, factor: float) -> str:
        """`1.31×`, rounded up."""
        return self.say("times", n=_plain(_rounded(factor, 2, up=True)))

    # Shares.

    def percent(self, ratio: float, digits: int = 2) -> str:
        """`99.99 %`, as `percent_number` has it."""
        return self._percent(percent_number(ratio, digits))

    def exact_percent(self, ratio: float) -> str:
        """An objective, as it was set: `99.9 %`."""
        return self._percent(f"{ratio * 100:.10g}")

    def _percent(self, number: str) -> str:
        return f"{number} %" if self.language is Language.ENGLISH else f"{number}%"

    def availability(self, of: Availability, target: float | None = None) -> str:
        """The adjusted one, with as many digits as its objective has."""
        if of.ratio is None:
            return self._nothing_known(of)
        return self.percent(of.ratio, _digits(target))

    def raw(self, of: Availability, target: float | None = None) -> str:
        """The one that leaves nothing out."""
        if of.raw_ratio is None:
            return self.missing("unobserved")
        return self.percent(of.raw_ratio, _digits(target))

    def coverage(self, of: Availability) -> str:
        """The share of the time that was observed."""
        return self._nothing_known(of) if of.coverage is None else self.percent(of.coverage, 1)

    def _nothing_known(self, of: Availability) -> str:
        # No service at all has no time that could have been excluded.
        is_excluded = of.excluded_s > 0 and of.wanted_s <= 0
        return self.missing("all-excluded" if is_excluded else "unobserved")

    def downtime(self, of: Availability) -> str:
        """The adjusted one; missing where nothing was observed, as nobody knows then."""
        if of.known_s <= 0:
            return self._nothing_known(of)
        return self.lasting(of.down_s)

    def before(self, of: Availability | None) -> str:
        """The availability of the window before with its coverage."""
        if of is None or of.ratio is None:
            return self.missing("unknown-before")
        return self.bracketed(self.percent(of.ratio), self.coverage(of))

    # Figures.

    def figure(self, of: Figure) -> str:
        """What it came to, with its unit and with its coverage, or why its data are not enough;
        missing with the reason."""
        if of.value is None or not math.isfinite(of.value):
            return self.missing_as(self.told(of.lack) or self.say("why-not-measured"))
        shown = self.in_unit(of.value, of)
        if of.coverage is not None:
            coverage = self.percent(of.coverage, 1)
            return self.bracketed(shown, self.say("with-coverage", coverage=coverage))
        return shown if of.lack is None else self.bracketed(shown, self.told(of.lack))

    def figure_before(self, of: Figure) -> str:
        """The same over the window before."""
        if of.before is None or not math.isfinite(of.before):
            return self.missing("unknown-before")
        return self.in_unit(of.before, of)

    def in_unit(self, value: float, of: Figure) -> str:
        """`value` as a figure of `of`."""
        number = figure_number(value, of)
        if of.unit is Unit.SECONDS:
            up = of.above is None
            is_told = _keeps(_coarse(value, up), of) == _keeps(Decimal(repr(value)), of)
            return self.lasting(value, up) if is_told else self.say("s", n=number)
        if of.unit is Unit.PERCENT:
            return self._percent(number)
        return self.say("per-second", n=number) if of.unit is Unit.PER_SECOND else number

    def bound(self, of: Figure) -> str:
        """`≥ 98 %`, `< 2 s`."""
        sign, value = ("≥", of.above) if of.above is not None else ("<", of.below)
        if value is None:
            return self.missing("no-target")
        number = f"{value:.10g}"
        shown = {
            Unit.PERCENT: self._percent(number),
            Unit.SECONDS: self.lasting(value),
            Unit.PER_SECOND: self.say("per-second", n=number),
        }
        return f"{sign} {shown.get(of.unit, number)}"


def percent_number(ratio: float, digits: int) -> str:
    """`99.99` of 0.99996: rounded down, and 100 only of a whole."""
    value = min(_rounded(ratio * 100, digits, up=False), Decimal(100))
    if ratio < 1 and value >= 100:
        value = Decimal(100) - Decimal(1).scaleb(-digits)
    return f"{value:.{digits}f}" if value != 100 else "100"


def _zone_of(name: str) -> tuple[str, tzinfo]:
    try:
        return name, ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        # This machine knows no such zone, and what is said has to be true.
        return "UTC", UTC


def _rounded(value: float, digits: int, up: bool) -> Decimal:
    exact = Decimal(repr(round(value, _NOISE_DIGITS)))
    step = Decimal(1).scaleb(-digits)
    return exact.quantize(step, ROUND_CEILING if up else ROUND_FLOOR)


def _plain(value: Decimal) -> str:
    shown = f"{value:,f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def _digits(target: float | None) -> int:
    if target is None:
        return 2
    return min(MOST_DIGITS, max(2, len(f"{target * 100:.10g}".partition(".")[2])))


def figure_number(value: float, of: Figure) -> str:
    """To the worse side of its objective, with two digits, or as many as tell it from that."""
    if of.unit is Unit.COUNT and value == int(value):
        return f"{int(value):,}"
    if of.unit is Unit.PERCENT and value == 100:
        return "100"  # as an availability of which nothing is missing reads
    exact = Decimal(repr(value))
    mode = ROUND_FLOOR if of.above is not None else ROUND_CEILING
    if of.above is None and of.below is None:
        mode = ROUND_HALF_EVEN
    for digits in range(2, MOST_DIGITS + 1):
        shown = exact.quantize(Decimal(1).scaleb(-digits), mode)
        if _tells(shown, of) == _tells(exact, of):
            return f"{shown:,f}"
    # A query may give 5e-324, which is no line of zeros that anybody counts.
    return f"{value:.3g}" if abs(value) < TINY else f"{exact:f}"


def _tells(value: Decimal, of: Figure) -> tuple[bool, bool, bool]:
    """What a reader makes of `value`: rounding may change nothing of it."""
    is_whole = of.unit is Unit.PERCENT and value >= 100
    return _keeps(value, of), value != 0, is_whole


def _keeps(value: Decimal, of: Figure) -> bool:
    if of.above is not None:
        return value >= Decimal(repr(of.above))
    return of.below is None or value < Decimal(repr(of.below))


def _coarse(seconds: float, up: bool) -> Decimal:
    """What `Telling.lasting` makes of some seconds."""
    for most, step in ((1, 0.001), (60, 0.1), (3_600, 1), (86_400, 60)):
        if seconds < most:
            return _rounded(seconds / step, 0, up) * Decimal(repr(step))
    return _rounded(seconds / 3_600, 0, up) * 3_600
