"""The report of one day, whole."""

from __future__ import annotations

from collections.abc import Iterator

from console.journal.language import Language
from console.model.daily import (
    Daily,
    DoneStep,
    Inspection,
    InspectionItem,
    Now,
    Owed,
    ServiceDay,
)
from console.model.history import Sight
from console.model.saying import Saying
from console.model.summary import Verdict
from console.reports.judged import had_downtime, is_lacking
from console.reports.page import (
    Badge,
    Block,
    Code,
    Column,
    Fold,
    Items,
    Line,
    Page,
    Para,
    Section,
    Span,
    Strong,
    Table,
    Task,
    Tasks,
)
from console.reports.pages.alerts import longest_section, noise_section, responses_section
from console.reports.pages.figures import figures_section, place_text
from console.reports.pages.lead import (
    daily_verdict,
    facts,
    made_by,
    nothing,
    notices,
    title_text,
    total_line,
)
from console.reports.pages.made import made_section
from console.reports.pages.papers import (
    changes_table,
    exclusions_table,
    gaps_table,
    incidents_table,
    section,
)
from console.reports.pages.services import MOST_OPEN
from console.reports.telling import Telling
from console.reports.words import TABLES, state_word

MOST_NOISE = 5
MOST_STEPS = 200


def daily_page(daily: Daily, language: Language) -> Page:
    """Everything that is known of it, the verdict first."""
    telling = Telling(daily, language)
    lead = (
        Para(daily_verdict(daily, telling)),
        Para(total_line(daily, telling)),
        facts(daily, telling),
    )
    sections = (
        *notices(daily, telling),
        *inspection_section(daily.inspection, daily, telling),
        _matrix(daily, telling),
        responses_section(daily.responses, telling),
        noise_section(daily.noise, telling, MOST_NOISE, by_day=False),
        longest_section(daily.longest, telling),
        _incidents(daily, telling),
        section("overdue", _overdue(daily, telling), telling),
        _changes(daily, telling),
        _steps(daily.steps, telling),
        figures_section("objectives", daily.figures, telling),
        *_now(daily, telling),
        section("exclusions", exclusions_table(daily.exclusions, telling), telling),
        section("gaps", gaps_table(daily.gaps, telling), telling),
        made_section(daily, telling),
    )
    return Page(title_text(daily, telling), lead, sections, (made_by(telling),))


def _matrix(daily: Daily, telling: Telling) -> Section:
    title = telling.say("head-matrix")
    if not daily.services:
        return Section("matrix", title, (nothing(telling),))
    if len(daily.services) <= MOST_OPEN:
        return Section("matrix", title, (_services(daily.services, daily, telling),))
    look = had_downtime(daily)
    named = {one.service for one in look}
    rest = tuple(one for one in daily.services if one.service not in named)
    words = telling.say("head-other-services", services=telling.many("service", len(rest)))
    open_one: Block = _services(look, daily, telling) if look else nothing(telling)
    return Section("matrix", title, (open_one, Fold(words, (_services(rest, daily, telling),))))


def _services(services: tuple[ServiceDay, ...], daily: Daily, telling: Telling) -> Table:
    numbers = ("availability", "raw", "coverage", "excluded", "downtime", "outages", "p95")
    columns = (
        Column(telling.say("service")),
        Column(telling.say("place")),
        Column(telling.say("owner")),
        Column(telling.say("last-sight")),
        *(Column(telling.say(key), is_number=True) for key in numbers),
        Column(telling.say("source")),
    )
    return Table(columns, tuple(_service(one, daily, telling) for one in services))


def _service(one: ServiceDay, daily: Daily, telling: Telling) -> tuple[Line, ...]:
    seen = one.availability
    critical = telling.say("brackets", text=telling.say("critical")) if one.critical else ""
    coverage: list[Span] = [telling.coverage(seen)]
    if is_lacking(seen, daily.least_coverage):
        lacking = telling.say(f"verdict-{Verdict.NOT_ENOUGH_DATA}")
        coverage += [" ", Badge(Verdict.NOT_ENOUGH_DATA, lacking)]
    return (
        (Code(one.service), *([critical] if critical else [])),
        (one.place or telling.missing("not-given"),),
        (one.owner or telling.missing("not-given"),),
        (sight_span(one.last, telling),),
        (telling.availability(seen),),
        (telling.raw(seen),),
        tuple(coverage),
        (telling.lasting(seen.excluded_s),),
        (telling.downtime(seen),),
        (f"{one.outages:,}",),
        (telling.lasting_ms(one.p95_ms),),
        (place_text(one.source, telling),),
    )


def sight_span(sight: Sight | None, telling: Telling) -> Span:
    """How a service was, with a sign."""
    if sight is None:
        return telling.missing("unobserved")
    word = telling.say(f"sight-{sight.name}")
    if sight is Sight.DOWN:
        return Badge(Verdict.MISSED, word)
    if sight is Sight.UNKNOWN:
        return Badge(Verdict.NOT_ENOUGH_DATA, word)
    return Badge(Verdict.MET, word)


def _incidents(daily: Daily, telling: Telling) -> Section:
    blocks: list[Block] = []
    for key, lines in (
        ("active", daily.active),
        ("settled", daily.settled),
        ("closed", daily.closed),
    ):
        blocks.append(Para((Strong(telling.say(f"head-{key}")),)))
        blocks.append(incidents_table(lines, telling))
    return Section("incidents", telling.say("head-incidents"), tuple(blocks))


def _changes(daily: Daily, telling: Telling) -> Section:
    blocks: list[Block] = []
    for key, block in (
        ("carried-out", changes_table(daily.changes, telling)),
        ("upcoming", changes_table(daily.upcoming, telling)),
        ("freezes", _freezes(daily, telling)),
    ):
        blocks += [Para((Strong(telling.say(f"head-{key}")),)), block]
    return Section("changes", telling.say("head-changes"), tuple(blocks))


def _steps(steps: tuple[DoneStep, ...], telling: Telling) -> Section:
    title = telling.say("head-steps")
    if not steps:
        return Section("steps", title, (nothing(telling),))
    keys = ("at", "who", "run", "step", "host", "result")
    rows = tuple(
        (
            (telling.moment(one.at),),
            (one.who or telling.missing("not-given"),),
            (Code(one.run),),
            (Code(one.step),),
            (Code(one.host),) if one.host else (telling.say("none"),),
            (state_word(one.state, telling.language),),
        )
        for one in steps[:MOST_STEPS]
    )
    blocks: list[Block] = [Table(tuple(Column(telling.say(key)) for key in keys), rows)]
    if len(steps) > MOST_STEPS:
        blocks.append(Para((telling.say("more-in-json", n=f"{len(steps) - MOST_STEPS:,}"),)))
    return Section("steps", title, tuple(blocks))


def _now(daily: Daily, telling: Telling) -> Iterator[Section]:
    """What is known of the present alone. The handover notes have a heading of their own, as
    who comes next looks for them."""
    handover = next((one for one in daily.now if one.key == "handover"), None)
    blocks: list[Block] = []
    for one in daily.now:
        if one.key != "handover":
            blocks += [Para((Strong(_heading(one.key, telling)),)), _told(one, telling)]
    unknown = Para((telling.say("not-kept"),))
    yield Section("now", telling.say("head-now"), tuple(blocks) or (unknown,))
    notes: Block = unknown if handover is None else _told(handover, telling)
    yield Section("handover", telling.say("head-handover"), (notes,))


def _heading(key: str, telling: Telling) -> str:
    named = f"now-{key}"
    return telling.say(named) if any(named in table for table in TABLES) else key


def _told(now: Now, telling: Telling) -> Block:
    lines: list[Line] = [(telling.told(one),) for one in now.lines]
    if now.more:
        lines.append((telling.say("more-rows", n=f"{now.more:,}"),))
    return Items(tuple(lines)) if lines else nothing(telling)


def _overdue(daily: Daily, telling: Telling) -> Block:
    lines = tuple(owed_line(one, telling) for one in daily.overdue)
    return Items(lines) if lines else nothing(telling)


def owed_line(one: Owed, telling: Telling) -> Line:
    """What is overdue, who has it, and since when."""
    who = telling.say("brackets", text=one.owner) if one.owner else ""
    due = telling.say("was-due", at=telling.moment(one.due))
    what = f"{telling.told(one.what)}{who}{telling.say('comma')}{due}"
    return (Code(one.document), telling.say("colon-alone"), what)


def _freezes(daily: Daily, telling: Telling) -> Block:
    lines: list[Line] = []
    for one in daily.freezes:
        if one.until is None:
            lines.append((Code(one.name),))
        else:
            until = telling.say("until", at=telling.moment(one.until))
            lines.append((Code(one.name), telling.say("colon-alone"), until))
    return Items(tuple(lines)) if lines else nothing(telling)


def inspection_section(
    inspection: Inspection | None, daily: Daily, telling: Telling
) -> Iterator[Section]:
    """The checklist: what was looked at, by whom, when, and what was read off. Nothing where
    the day has none."""
    if inspection is None:
        return
    title = telling.say("head-inspection")
    block: Block = nothing(telling)
    if inspection.items:
        block = Tasks(tuple(_task(one, telling) for one in inspection.items))
    line = Para(inspection_line(inspection, daily, telling))
    yield Section("inspection", title, (line, block))


def inspection_line(inspection: Inspection, daily: Daily, telling: Telling) -> Line:
    """Whether it is done, and was in time."""
    count = len(inspection.items)
    n = count - inspection.left
    done = inspection.done_at
    due = telling.say("due-at", at=telling.moment(inspection.due))
    if done is not None:
        key = "inspection-done" if done <= inspection.due else "inspection-late"
        verdict = Verdict.MET if done <= inspection.due else Verdict.MISSED
        text = telling.say(key, at=telling.moment(done), n=n, m=count)
    elif not count:
        return (telling.say("nothing"),)
    else:
        is_late = daily.made_at > inspection.due
        verdict = Verdict.MISSED if is_late else Verdict.NOT_ENOUGH_DATA
        text = telling.say("inspection-overdue" if is_late else "inspection-open", n=n, m=count)
    return (Badge(verdict, telling.bracketed(text, due)),)


def _task(item: InspectionItem, telling: Telling) -> Task:
    tick, figure = item.tick, item.measured
    line: list[Span] = [telling.told(Saying(item.text)) or item.name, telling.say("colon-alone")]
    if tick is None:
        line.append(telling.say("tick-none"))
    else:
        word = telling.say("tick-ok" if tick.ok else "tick-bad")
        line.append(word if tick.ok else Badge(Verdict.MISSED, word))
        if tick.value is not None:
            value = telling.in_unit(tick.value, figure) if figure else f"{tick.value:g}"
            line += [telling.say("comma"), telling.say("read-value", value=value)]
        line += [telling.say("comma"), tick.by, telling.say("comma"), telling.moment(tick.at)]
        if tick.note:
            line += [telling.say("semicolon"), tick.note]
    if figure is not None and figure.value is not None:
        value = telling.say("measured-value", value=telling.figure(figure))
        line.append(telling.say("brackets", text=value))
    return Task(tick is not None, tuple(line))
