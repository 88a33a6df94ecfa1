"""What one service's screen shows, as parts of a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo

import msgspec

from console.model.band import WORST_FIRST, band_of
from console.model.history import Bout
from console.model.summary import (
    ChangeLine,
    IncidentLine,
    ServiceWeek,
    Slot,
    Verdict,
    Week,
)
from console.model.words import count_text, many
from console.safety.text import visible
from screens.summary_about import exclusion_lines, latency_text, outages_text
from screens.summary_rows import cell_of, name_of
from screens.summary_words import (
    NONE,
    VERDICT_INKS,
    before_text,
    days_text,
    local_text,
    local_zone,
    percent_cell,
    seconds_cell,
    target_text,
    telling_of,
    value_text,
    verdict_spans,
)
from widgets.detail import Blank, Field, Figure, Paragraph, Part, Title
from widgets.heat_strip import INKS, in_line, legend, shape_of, strip_spans
from widgets.paint import Glyphs, Span, Spans, width_of
from widgets.theme import Ink

LABEL = 11
"""Cells before the hours of a day."""
LISTED = 60
"""Episodes that are listed."""
HOURS = 24


class Known(msgspec.Struct, frozen=True):
    """What has come so far."""

    hours: Mapping[date, tuple[Slot, ...] | str]
    bouts: tuple[Bout, ...] | str | None
    age: str


def service_parts(service: ServiceWeek, week: Week, known: Known, glyphs: Glyphs) -> Iterator[Part]:
    """All of it, the hours first."""
    zone = local_zone(week.zone)
    yield Title((
        (name_of(service), Ink.HEADING),
        (f"  {days_text(week)} {visible(week.zone)}", Ink.MUTED),
        (f"  {known.age}", Ink.MUTED),
    ))  # fmt: skip
    yield from _figures(service, week)
    yield Blank()
    yield Figure(lambda width: _hours(service, week, known, zone, width, glyphs))
    yield Blank()
    yield from _outages(service, zone)
    yield from _documents(service, week, zone)
    yield from _bouts(known.bouts, zone)
    yield from _objectives(service, week)
    yield from _origin(service, week)


def _figures(service: ServiceWeek, week: Week) -> Iterator[Part]:
    total = service.total
    missed = service.verdict is Verdict.MISSED
    verdict = "".join(
        str(text) for text, _ in verdict_spans(service, week.least_coverage, wide=True)
    )
    target = "" if service.target is None else f" of {service.target * 100:.6g} %"
    ink = Ink.FIRING if missed else VERDICT_INKS[service.verdict]
    yield Field("availability", f"{percent_cell(total.ratio)} %{target}, {verdict}", ink)
    coverage = total.coverage
    seen = NONE if coverage is None else f"{int(coverage * 1000) / 10:g} %"
    down = seconds_cell(total.down_s) if total.known_s > 0 else NONE
    yield Field(
        "down",
        f"{down}, {outages_text(service)}; slow {seconds_cell(total.slow_s)}",
        note=f"raw {percent_cell(total.raw_ratio)} %",
    )
    yield Field(
        "observed",
        f"{seen}, {count_text(service.samples)} samples",
        note=f"not counted {seconds_cell(total.excluded_s)}" if total.excluded_s else "",
    )
    budget = service.budget
    if budget is not None:
        burn = "" if budget.burn is None else f", burn {budget.burn:.1f}x"
        yield Field(
            "budget",
            f"{seconds_cell(budget.left_s, up=False)} left: {seconds_cell(budget.spent_s)} of "
            f"{seconds_cell(budget.allowed_s, up=False)} spent{burn}",
            Ink.FIRING if budget.left_s < 0 else Ink.PLAIN,
        )
    yield Field("latency", latency_text(service))
    before = service.before
    if before is not None:
        covered = before.coverage
        share = "" if covered is None else f", {int(covered * 1000) / 10:g} % observed"
        yield Field("before", f"{percent_cell(before.ratio)} %{share}")


# Hours


def _hours(
    service: ServiceWeek, week: Week, known: Known, zone: tzinfo, width: int, glyphs: Glyphs
) -> Sequence[Spans]:
    cell = max(1, min(4, (width - LABEL - 8) // (HOURS + 1)))
    ruler = "".join(f"{hour:02d}".ljust(cell * 3) for hour in range(0, HOURS, 3))
    lines: list[Spans] = [((" " * LABEL + ruler.rstrip(), Ink.MUTED),)]
    for number, slot in enumerate(service.days):
        day = date.fromordinal(week.first.toordinal() + number)
        label = f"{day:%a} {day.day:2d} {day:%b}".ljust(LABEL)
        spans: list[Span] = [(label, Ink.NAME)]
        hours = known.hours.get(day)
        if isinstance(hours, tuple):
            spans += day_spans(service, hours, week.least_coverage, zone, cell, glyphs)
        else:
            said = "being looked at" if hours is None else hours
            spans.append((said, Ink.MUTED if hours is None else Ink.WARNING))
        ends = LABEL + HOURS * cell + 1
        gap = max(1, ends - width_of(spans, glyphs.marks))
        low = band_of(slot.availability, service.target, week.least_coverage)
        spans.append((" " * gap, Ink.PLAIN))
        spans.append((percent_cell(slot.availability.ratio), INKS[low]))
        lines.append(tuple(spans))
    lines.append(in_line(legend(ascii_only=glyphs.ascii_only), width, glyphs))
    return lines


def day_spans(
    service: ServiceWeek,
    hours: Sequence[Slot],
    least: float,
    zone: tzinfo,
    cell: int,
    glyphs: Glyphs,
) -> Spans:
    """The hours of a day, each under its number: an hour that the clock skips is blank, one that
    comes twice has two narrow cells, or the worse of the two where there is no room."""
    by_hour: dict[int, list[Slot]] = {}
    for slot in hours:
        by_hour.setdefault(slot.start.astimezone(zone).hour, []).append(slot)
    spans: list[Span] = []
    for hour in range(HOURS):
        slots = by_hour.get(hour, [])
        cells = [cell_of(slot, service.target, least) for slot in slots]
        if not cells:
            spans.append((" " * cell, Ink.PLAIN))
        elif len(cells) == 1:
            spans += strip_spans(cells, cell, ascii_only=glyphs.ascii_only)
        else:
            spans += _twice(slots, service, least, cell, glyphs)
    return tuple(spans)


def _twice(
    slots: Sequence[Slot], service: ServiceWeek, least: float, cell: int, glyphs: Glyphs
) -> Iterator[Span]:
    cells = [cell_of(slot, service.target, least) for slot in slots]
    if cell < len(cells):
        worst = min((one.band for one in cells), key=WORST_FIRST.index)
        yield shape_of(worst, ascii_only=glyphs.ascii_only), INKS[worst]
        yield " " * (cell - 1), Ink.PLAIN
        return
    for one in cells:
        yield shape_of(one.band, ascii_only=glyphs.ascii_only), INKS[one.band]
    yield " " * (cell - len(cells)), Ink.PLAIN


# Lists


def _outages(service: ServiceWeek, zone: tzinfo) -> Iterator[Part]:
    shown, count = service.outages, service.outage_count
    more = f", the longest {len(shown)} of them" if count > len(shown) else ""
    yield Title(((f"outages: {count_text(count)}{more}", Ink.HEADING),))
    for one in shown:
        lasted = seconds_cell((one.end - one.start).total_seconds())
        until = _until(one.start, one.end, zone)
        excluded = f"not counted: {visible(one.excluded_by, cells=60)}" if one.excluded_by else ""
        ink = Ink.MUTED if one.excluded_by else Ink.PLAIN
        yield Field(local_text(one.start, zone), f"to {until}, {lasted}", ink, note=excluded)
    if not shown:
        yield Paragraph("none", Ink.MUTED)
    yield Blank()


def _until(start: datetime, end: datetime, zone: tzinfo) -> str:
    begun, ended = start.astimezone(zone), end.astimezone(zone)
    if begun.date() == ended.date():
        return f"{ended:%H:%M}"
    return local_text(end, zone)


def _documents(service: ServiceWeek, week: Week, zone: tzinfo) -> Iterator[Part]:
    named = {one for slot in service.days for one in (*slot.incidents, *slot.changes)}
    every: list[IncidentLine | ChangeLine] = [*week.incidents, *week.changes]
    lines = [one for one in every if one.id in named]
    yield Title(((f"incidents and changes: {count_text(len(named))}", Ink.HEADING),))
    for one in lines:
        when = "" if one.start is None else f"{local_text(one.start, zone)}  "
        yield Field(one.id, f"{when}{visible(one.title, cells=120)}", note=str(one.state))
    for missing in sorted(named - {one.id for one in lines}):
        yield Paragraph(visible(missing, cells=60))
    if not named:
        yield Paragraph("none", Ink.MUTED)
    yield Blank()


def _bouts(bouts: tuple[Bout, ...] | str | None, zone: tzinfo) -> Iterator[Part]:
    if bouts is None:
        yield Title((("episodes of its alerts", Ink.HEADING),))
        yield Paragraph("being looked for", Ink.MUTED)
    elif isinstance(bouts, str):
        yield Title((("episodes of its alerts", Ink.HEADING),))
        yield Paragraph(bouts, Ink.WARNING)
    else:
        yield Title(((f"episodes of its alerts: {count_text(len(bouts))}", Ink.HEADING),))
        for one in sorted(bouts, key=lambda bout: bout.start, reverse=True)[:LISTED]:
            yield Field(local_text(one.start, zone), _bout_text(one))
        if len(bouts) > LISTED:
            yield Paragraph(f"and {count_text(len(bouts) - LISTED)} more", Ink.MUTED)
        if not bouts:
            yield Paragraph("none", Ink.MUTED)
    yield Blank()


def _bout_text(bout: Bout) -> str:
    end = bout.resolved_at or bout.seen_at
    lasted = "" if end is None else f", {_since(bout.start, end)}"
    ended = lasted if bout.resolved_at is not None else f"{lasted}, no end seen"
    acked = ", nobody took it"
    if bout.acked_at is not None:
        acked = f", {visible(bout.acked_by, cells=30)} after {_since(bout.start, bout.acked_at)}"
    return f"{bout.priority} {visible(bout.alert, cells=60)}{ended}{acked}"


def _since(start: datetime, end: datetime) -> str:
    return seconds_cell(max(timedelta(0), end - start).total_seconds())


def _objectives(service: ServiceWeek, week: Week) -> Iterator[Part]:
    if not service.figures:
        return
    telling = telling_of(week)
    yield Title((("objectives of its own", Ink.HEADING),))
    for one in service.figures:
        value, target = value_text(one, telling), target_text(one, telling)
        said = f"{value} against {target}" if target != NONE else value
        why = f" ({one.why_not})" if one.why_not else ""
        before = before_text(one, telling)
        notes = [f"before {before}" if before != NONE else "", one.source]
        yield Field(
            visible(one.name, cells=24),
            f"{said}, {one.verdict}{why}",
            VERDICT_INKS[one.verdict] if one.verdict is not Verdict.MET else Ink.PLAIN,
            note="; ".join(filter(None, notes)),
        )
        if one.query:
            yield Field("", one.query, Ink.MUTED)
    yield Blank()


def _origin(service: ServiceWeek, week: Week) -> Iterator[Part]:
    yield Title((("made from", Ink.HEADING),))
    yield Field("source", service.source or "nowhere")
    if service.query:
        yield Field("query", service.query, Ink.MUTED)
    own = [one for one in week.exclusions if not one.services or service.service in one.services]
    yield Blank()
    yield Title(((f"not counted: {many(len(own), 'time')}", Ink.HEADING),))
    for line in exclusion_lines(own, week.zone):
        yield Paragraph(line)
    if not own:
        yield Paragraph("none", Ink.MUTED)


def copied(service: ServiceWeek, week: Week) -> str:
    """Its figures as plain text, with the queries that give them again."""
    telling = telling_of(week)
    coverage = service.total.coverage
    lines = [
        f"{name_of(service)} {week.first.isoformat()} to {week.last.isoformat()} {week.zone}",
        f"availability {percent_cell(service.total.ratio)} % "
        f"(raw {percent_cell(service.total.raw_ratio)} %), {service.verdict}",
        f"observed {NONE if coverage is None else f'{int(coverage * 1000) / 10:g} %'}, "
        f"down {seconds_cell(service.total.down_s)}, {outages_text(service)}",
        latency_text(service),
    ]
    for one in service.figures:
        lines.append(f"{one.name} {value_text(one, telling)}, {one.verdict}")
        if one.query:
            lines.append(f"  {one.query}")
    lines.append(f"from {service.source or 'nowhere'}")
    if service.query:
        lines.append(f"  {service.query}")
    return "\n".join(visible(line) for line in lines)
