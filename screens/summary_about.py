"""What is said of the line under the cursor, and of the days as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo

from console.model.remembering import Holder, Remembering
from console.model.summary import (
    Availability,
    ChangeLine,
    Exclusion,
    Response,
    ServiceWeek,
    Verdict,
    Week,
)
from console.model.words import age_text, count_text, many
from console.reports.judged import is_lacking
from console.safety.text import visible
from screens.summary_documents import DocumentRow
from screens.summary_head import is_unseen
from screens.summary_noise import NoiseRow
from screens.summary_parts import FigureRow, mean_text
from screens.summary_rows import ServiceRow, name_of
from screens.summary_words import (
    NONE,
    days_text,
    lasting_s,
    local_text,
    local_zone,
    percent_cell,
    seconds_cell,
    took_cell,
    touched_text,
    trend_points,
)
from widgets.detail import Blank, Field, Paragraph, Part, SpanLine, Title
from widgets.paint import Span, Spans
from widgets.theme import Ink

TAKE_IN = (
    "nothing was recorded on these days; consoles record while they are open, `oncall record` "
    "always, and `oncall history import --prometheus NAME` takes in what a Prometheus has of them"
)
LISTED = 40


def about_service(row: ServiceRow, week: Week) -> list[Part]:
    """The service under the cursor in a few lines."""
    service = row.service
    if service is None:
        return [
            Title(((f"all {many(len(week.services), 'service')}", Ink.HEADING),)),
            SpanLine((*_down_spans(row.total), ("; added up over all services", Ink.MUTED))),
            Paragraph("enter: the incidents and changes of these days", Ink.MUTED),
        ]
    owner = f"  owner {visible(service.owner)}" if service.owner else ""
    critical = "  critical" if service.critical else ""
    title: list[Span] = [(name_of(service), Ink.HEADING), (f"{owner}{critical}", Ink.MUTED)]
    if service.source:
        title.append((f"  from {sources_text(service)}", Ink.MUTED))
    return [
        Title(tuple(title)),
        SpanLine(_observed_spans(service, week)),
        SpanLine(tuple(_budget_spans(service, week))),
        SpanLine(_linked_spans(service)),
    ]


def sources_text(service: ServiceWeek) -> str:
    """`history`, or what each told: `history 6d10h, prom: probe_success 14h`."""
    if not service.known_by:
        return service.source
    return ", ".join(
        f"{one.source} {seconds_cell(one.known_ms / 1000, up=False)}" for one in service.known_by
    )


def _observed_spans(service: ServiceWeek, week: Week) -> Spans:
    spans = list(_down_spans(service.total))
    if service.total.known_s > 0:
        spans.append((f"; {outages_text(service)}", Ink.PLAIN))
    coverage = service.total.coverage
    if coverage is not None:
        low = is_lacking(service.total, week.least_coverage)
        ink = Ink.UNKNOWN if low else Ink.MUTED
        spans.append((f"; {int(coverage * 1000) / 10:g} % observed", ink))
        if low:
            spans.append((f", {week.least_coverage * 100:g} % is enough", ink))
    return tuple(spans)


def _down_spans(total: Availability) -> Iterator[Span]:
    if total.known_s <= 0:
        yield ("all of it excluded" if total.wanted_s <= 0 else "never observed", Ink.UNKNOWN)
    else:
        down = f"down {seconds_cell(total.down_s)}" if total.down_s else "never seen down"
        yield (down, Ink.PLAIN)
    if total.raw_ratio is not None:
        yield (f", raw {percent_cell(total.raw_ratio)} %", Ink.MUTED)


def outages_text(service: ServiceWeek) -> str:
    """`3 outages, the longest 21m`."""
    if not service.outage_count:
        return "no outage"
    longest = max((lasting_s(one) for one in service.outages), default=0.0)
    return f"{many(service.outage_count, 'outage')}, the longest {seconds_cell(longest)}"


def _budget_spans(service: ServiceWeek, week: Week) -> Iterator[Span]:
    if service.target is None:
        yield ("no objective", Ink.MUTED)
    else:
        yield (f"objective {service.target * 100:.6g} %", Ink.PLAIN)
    budget = service.budget
    if budget is not None:
        burn = "" if budget.burn is None else f", burn {budget.burn:.1f}x"
        ink = Ink.FIRING if budget.left_s < 0 else Ink.PLAIN
        spent = seconds_cell(budget.spent_s)
        allowed = seconds_cell(budget.allowed_s, up=False)
        yield (f": {spent} of {allowed} spent{burn}", ink)
    yield (f";  {latency_text(service)}", Ink.MUTED)
    points = trend_points(service.total, service.before, week.least_coverage)
    if points is not None and service.before is not None:
        yield (f";  before {percent_cell(service.before.ratio)} %", Ink.MUTED)


def latency_text(service: ServiceWeek) -> str:
    """`p50 12ms p95 88ms p99 240ms`."""
    if service.p50_ms is None and service.p95_ms is None and service.p99_ms is None:
        return "no latency"
    was = "" if service.before_p95_ms is None else f" (p95 was {took_cell(service.before_p95_ms)})"
    return (
        f"p50 {took_cell(service.p50_ms)} p95 {took_cell(service.p95_ms)} "
        f"p99 {took_cell(service.p99_ms)}{was}"
    )


def _linked_spans(service: ServiceWeek) -> Spans:
    ids = list(dict.fromkeys(
        name for slot in service.days for name in (*slot.incidents, *slot.changes)
    ))  # fmt: skip
    if not ids:
        return (("no incident, no change", Ink.MUTED),)
    return ((visible("  ".join(ids), cells=300), Ink.PLAIN),)


def about_figure(row: FigureRow) -> list[Part]:
    """The objective under the cursor."""
    figure = row.figure
    of = f" of {visible(figure.service)}" if figure.service else ""
    said = f"{row.value} against {row.target}" if row.target != NONE else row.value
    if figure.verdict is Verdict.NOT_MEASURED and figure.value is None:
        said = "not measured"
    elif figure.coverage is not None:
        said = f"{said}, {int(figure.coverage * 1000) / 10:g} % of the time observed"
    parts: list[Part] = [
        Title(((f"{figure.name}{of}", Ink.HEADING), (f"  {figure.source}", Ink.MUTED))),
        Paragraph(f"{said}{f': {figure.why_not}' if figure.why_not else ''}"),
    ]
    if figure.query:
        parts.append(Paragraph(figure.query, Ink.MUTED))
    return parts


def about_noise(row: NoiseRow) -> list[Part]:
    """The alert under the cursor."""
    noise = row.noise
    about = f"  about {', '.join(noise.incidents)}" if noise.incidents else "  in no incident"
    before = "" if noise.before is None else f"; {count_text(noise.before)} in the days before"
    return [
        Title(((noise.alert, Ink.HEADING), ("  ", Ink.PLAIN), (noise.where, Ink.MUTED))),
        Paragraph(
            f"fired {times(noise.count)}, {seconds_cell(noise.total_s)} in all; "
            f"{touched_text(noise)}{before}"
        ),
        Paragraph(about.strip(), Ink.MUTED),
    ]


def times(count: int) -> str:
    """`once`, `42 times`."""
    return "once" if count == 1 else f"{count_text(count)} times"


def about_document(row: DocumentRow) -> list[Part]:
    """The incident or change under the cursor."""
    line = row.line
    ended = "goes on" if line.end is None else f"until {local_text(line.end, row.zone)}"
    began = "not begun" if line.start is None else f"from {local_text(line.start, row.zone)}"
    author = f"; by {visible(line.author)}" if isinstance(line, ChangeLine) and line.author else ""
    services = visible(", ".join(line.services), cells=200) or "no service"
    return [
        Title(((line.id, Ink.HEADING), (f"  {line.state}", Ink.MUTED))),
        Paragraph(line.title, Ink.STRONG),
        Paragraph(f"{services}; {began}, {ended}{author}", Ink.MUTED),
    ]


# The days as a whole


def whole_parts(
    week: Week, standing: Remembering, now: datetime, refused: str = ""
) -> Iterator[Part]:
    """Everything that the figures are made from, and how alerts were answered.

    Args:
        refused: why there is no fresher one; safe to show.
    """
    zone = local_zone(week.zone)
    yield Title(((f"{days_text(week)} {visible(week.zone)}", Ink.HEADING),))
    yield Field("made", f"{age_text(max(now - week.made_at, timedelta(0)), coarse=True)} ago")
    yield Field(
        "days", f"{local_text(week.start, zone, year=True)} to {local_text(week.end, zone)}"
    )
    yield Field("made from", ", ".join(week.sources) or "nothing")
    yield Field("history", standing.path or "no file")
    yield Field("recorded by", standing.writer or "nobody", note=_since(standing.holder, zone))
    if standing.fault:
        yield Field("not recorded", standing.fault, Ink.WARNING)
    yield Field("enough is", f"{week.least_coverage * 100:g} % of the time observed")
    if refused:
        yield Field("not made anew", refused, Ink.WARNING)
    if is_unseen(week):
        yield Field("notice", TAKE_IN, Ink.WARNING)
    yield from (Field("notice", one, Ink.WARNING) for one in week.notices[:LISTED])
    yield Blank()
    yield Title((("how alerts were answered", Ink.HEADING),))
    yield from _responses(week.responses)
    yield from _listed("nobody recorded", week.gaps, (
        f"{local_text(one.start, zone)} for {seconds_cell(lasting_s(one))}"
        f"{f': {one.why}' if one.why else ''}" for one in week.gaps
    ))  # fmt: skip
    yield from _listed("not counted", week.exclusions, exclusion_lines(week.exclusions, week.zone))


def _since(holder: Holder | None, zone: tzinfo) -> str:
    if holder is None:
        return ""
    process = "" if holder.process is None else f"process {holder.process}"
    since = "" if holder.since is None else f"since {local_text(holder.since, zone)}"
    return ", ".join(filter(None, (process, since)))


def exclusion_lines(exclusions: Iterable[Exclusion], zone_name: str) -> Iterator[str]:
    """Each with its time and services."""
    zone = local_zone(zone_name)
    for one in exclusions:
        of = visible(", ".join(one.services), cells=120) if one.services else "all services"
        start, lasting = local_text(one.start, zone), seconds_cell(lasting_s(one))
        yield f"{start} for {lasting}: {visible(one.name)}, {of}"


def _told(count: int, one: Response) -> str:
    """`-` where only history would know."""
    return NONE if not count and one.untold == one.count else count_text(count)


def _responses(responses: Iterable[Response]) -> Iterator[Part]:
    any_of = False
    for one in responses:
        any_of = True
        said = (
            f"{count_text(one.count)} fired, {_told(one.acked, one)} acked, "
            f"{count_text(one.resolved)} ended, {_told(one.silenced, one)} silenced; "
            f"MTTA {mean_text(one.mtta_s, one.mtta_of)}, "
            f"MTTR {mean_text(one.mttr_s, one.mttr_of)}, "
            f"longest {_seconds(one.longest_s)}; "
            f"late: {many(one.late_acks, 'ack')}, {many(one.late_ends, 'end')}"
        )
        late = one.late_acks or one.late_ends
        name = "all" if one.priority is None else str(one.priority)
        yield Field(name, said, Ink.WARNING if late else Ink.PLAIN)
    if not any_of:
        yield Paragraph("no alert fired", Ink.MUTED)


def _seconds(seconds: float | None) -> str:
    return NONE if seconds is None else seconds_cell(seconds)


def _listed(title: str, of: tuple[object, ...], lines: Iterable[str]) -> Iterator[Part]:
    yield Blank()
    yield Title(((f"{title}: {count_text(len(of))}", Ink.HEADING),))
    for number, line in enumerate(lines):
        if number == LISTED:
            yield Paragraph(f"and {count_text(len(of) - LISTED)} more", Ink.MUTED)
            return
        yield Paragraph(line)
    if not of:
        yield Paragraph("none", Ink.MUTED)
