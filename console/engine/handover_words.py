"""A handover in words, section by section: what the screen draws and the Markdown says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from config.rota import Shift, zone_of
from console.engine.handover import Breach, Handover, Taken, TakenAck, owners_text
from console.engine.handover_journal import journal_sections
from console.engine.handover_lines import Line, Section, ShiftClock, Words, counted, left_out
from console.engine.handover_runs import run_sections
from console.model.acting import Extender
from console.model.alert import SilenceState
from console.model.snapshot import SourceHealth
from console.model.state import State
from console.model.words import age_text, count_text, many
from console.model.worklist import Row
from console.safety.text import Raw
from console.triage.silence_use import SilenceUse

NO_PHONE = "no phone in the settings"
ACKS_A_ROW = 5
"""Acks on one row that are spelled out, the newest first."""


def sections_of(handover: Handover, most: int | None = None) -> tuple[Section, ...]:
    """All that is handed over, the most urgent first.

    Args:
        most: how many lines of a section are spelled out; `None`: all.
    """
    clock = ShiftClock(handover.at, zone_of(handover.zone))
    taken, breached = len(handover.taken), len(handover.breached)
    by = clock.time(handover.until)
    found = [
        Section(f"on call, {_hour(clock)}", tuple(_duty(handover, clock))),
        Section(
            counted("P0 and P1 that are not taken", len(handover.untaken)),
            tuple(_untaken(row, handover.at) for row in handover.untaken[:most]),
            "none",
            left_out(len(handover.untaken), most),
        ),
        Section(
            counted("acked and still firing", taken),
            (*_whose(handover), *(_taken(each, clock) for each in handover.taken[:most])),
            "none",
            left_out(taken, most),
        ),
        Section(
            counted("clocks breached", breached),
            (*(_breach(each) for each in handover.breached[:most]), *_old(handover)),
            "none",
            left_out(breached, most),
        ),
        *run_sections(handover.runs, clock, most),
        *journal_sections(handover.papers, clock, by, most),
        Section(
            counted(f"silences that end by {by}", len(handover.ending)),
            tuple(_ending(each, clock) for each in handover.ending[:most]),
            "none",
            left_out(len(handover.ending), most),
        ),
        Section("this shift", tuple(_happened(handover, clock))),
    ]
    if handover.idle_acks:
        title = counted("acks on nothing that fires now", len(handover.idle_acks))
        idle = tuple(_ack_line(one, clock) for one in handover.idle_acks[:most])
        found.insert(3, Section(title, idle, more=left_out(len(handover.idle_acks), most)))
    doubts = tuple(_doubts(handover, clock))
    if doubts:
        found.insert(1, Section("not known", doubts))
    return tuple(found)


def _hour(clock: ShiftClock) -> str:
    local = clock.now.astimezone(clock.zone)
    if local.utcoffset() == timedelta(0):
        return f"{local:%a %d %b %H:%M} UTC"
    return f"{local:%a %d %b} {clock.time(clock.now)[4:]}"


def _whose(handover: Handover) -> Iterator[Line]:
    acks = tuple(each.ack for each in handover.acks)
    if len(acks) > 1:
        yield Line("acks", (f"{count_text(len(acks))} of ", Raw(owners_text(acks))))


# Who is on call


def _duty(handover: Handover, clock: ShiftClock) -> Iterator[Line]:
    duty = handover.duty
    if duty is None:
        yield Line("now", ("not known: the settings have no rota",), is_late=True)
        return
    if duty.now is None:
        until = (
            " as far as the rota goes" if duty.until is None else f" until {clock.both(duty.until)}"
        )
        yield Line("now", (f"nobody is on call{until}",), is_late=True)
    else:
        until = " without end" if duty.until is None else f" until {clock.both(duty.until)}"
        yield Line("now", (f"{_who(duty.now)}{until}",), _phones(duty.now))
    if duty.is_gap_next and duty.until is not None:
        again = "" if duty.gap_until is None else f" until {clock.time(duty.gap_until)}"
        gap = f"nobody is on call from {clock.time(duty.until)}{again}"
        yield Line("then", (gap,), is_late=True)
    if duty.next is None:
        yield Line("next", ("nobody else is on call in the next ten weeks",))
    else:
        start, end = clock.time(duty.next.start), clock.time(duty.next.end)
        yield Line("next", (f"{_who(duty.next)} from {start} to {end}",), _phones(duty.next))


def _who(shift: Shift) -> str:
    rotation = f" ({shift.rotation})" if shift.rotation else ""
    if not shift.is_override:
        return f"{shift.name}{rotation}"
    instead = f" in place of {shift.instead_of}" if shift.instead_of else ""
    why = f", {shift.why}" if shift.why else ""
    return f"{shift.name}{rotation}{instead} by an override{why},"


def _phones(shift: Shift) -> tuple[Words, ...]:
    backup = f", backup {shift.backup_phone}" if shift.backup_phone else ""
    return ((f"{f'phone {shift.phone}' if shift.phone else NO_PHONE}{backup}",),)


# Rows


def _subject(row: Row) -> Words:
    where: Words = (" on ", row.where) if row.where else ()
    if row.document:
        return (f"{row.document} ", row.title, *where)
    state: Words = (f", {row.state.value}",) if row.state is not State.FIRING else ()
    return (row.title, *where, *state)


def _untaken(row: Row, now: datetime) -> Line:
    some = f", {row.acked_count} of {row.count} acked" if row.acked_count else ""
    due = row.clocks.due - now if row.clocks is not None else None
    late = due is not None and due < timedelta(0)
    clock = ""
    if due is not None:
        clock = f", {row.step.value} {'late by' if late else 'due in'} {age_text(abs(due))}"
    age = age_text(now - row.since, coarse=True)
    words = (*_subject(row), f", for {age}{some}{clock}")
    return Line(str(row.priority), words, ((row.summary,),) if row.summary else (), late)


def _taken(taken: Taken, clock: ShiftClock) -> Line:
    row = taken.row
    some = ""
    if row.acked_by is None and row.count:
        some = f", {row.acked_count} of {row.count} acked"
    under: list[Words] = [(row.summary,)] if row.summary else []
    for each in taken.acks[:ACKS_A_ROW]:
        under += _ack(each, clock)
    if len(taken.acks) > ACKS_A_ROW:
        under.append((f"and {count_text(len(taken.acks) - ACKS_A_ROW)} more acks",))
    words = (*_subject(row), f", for {clock.ago(row.since)}{some}")
    return Line(str(row.priority), words, tuple(under))


def _ack(taken: TakenAck, clock: ShiftClock) -> Iterator[Words]:
    ack, held = taken.ack, taken.held
    whose: Words = (ack.owner, " (you)") if taken.mine else (ack.owner,)
    old = ", which is long ago" if held is not None and held.is_old else ""
    yield (*whose, f" took it {clock.ago(ack.since)} ago{old}; {_lasts(taken, clock)}")
    if ack.note:
        yield ("note: ", ack.note)
    if ack.unsent:
        yield ("not sent yet: ", Raw(ack.unsent))


def _lasts(taken: TakenAck, clock: ShiftClock) -> str:
    """Until when an ack holds, and who sees to it that it goes on."""
    ack, held = taken.ack, taken.held
    until = f"until {clock.time(ack.until)}"
    if held is None:
        return f"{until}; who extends it is not known"
    if held.extended_by is Extender.NOBODY:
        lapsed = ack.until <= clock.now
        return (
            f"{until}, nobody extends it" if not lapsed else f"it lapsed {clock.ago(ack.until)} ago"
        )
    return f"{until}, extended by {held.extended_by.value}"


def _ack_line(taken: TakenAck, clock: ShiftClock) -> Line:
    first, *rest = _ack(taken, clock)
    return Line("ack", first, tuple(rest))


def _old(handover: Handover) -> Iterator[Line]:
    if handover.breached_old:
        rows = "row is" if handover.breached_old == 1 else "rows are"
        text = f"{count_text(handover.breached_old)} folded {rows} late too; `:old` lists them"
        yield Line("old", (text,))


def _breach(breach: Breach) -> Line:
    late = " and ".join(f"{step.value} late by {age_text(by)}" for step, by in breach.late)
    owner: Words = (", ", breach.row.acked_by) if breach.row.acked_by else (", nobody has it",)
    return Line(str(breach.row.priority), (*_subject(breach.row), f", {late}", *owner), (), True)


# Silences, sources, the shift


def _ending(use: SilenceUse, clock: ShiftClock) -> Line:
    silence = use.silence
    if silence.state is SilenceState.PENDING:
        holds = f"begins {clock.time(silence.starts_at)}"
    elif use.holds is None:
        holds = "what it holds is not known"
    else:
        holds = f"holds {many(use.holds, 'alert')} now"
    matchers = Raw(", ".join(one.written.exact for one in silence.matchers))
    words: Words = (matchers, f", {holds}, ends {clock.both(silence.ends_at)}")
    why: Words = (": ", silence.comment) if silence.comment else ()
    head = f"{silence.ends_at.astimezone(clock.zone):%H:%M}"
    return Line(head, words, (("by ", silence.created_by, *why),), bool(use.holds))


def _doubts(handover: Handover, clock: ShiftClock) -> Iterator[Line]:
    for text in (*handover.doubts, *handover.papers.doubts):
        yield Line("!", (text.text,), is_late=True)
    for source in handover.sick:
        yield Line("!", _sick(source, clock), is_late=True)


def _sick(source: SourceHealth, clock: ShiftClock) -> Words:
    since = f" since {clock.time(source.failing_since)}" if source.failing_since else ""
    if source.last_ok is None:
        known = "nothing was ever learned from it"
    else:
        known = f"what it says here was true at {clock.time(source.last_ok.wall)}"
    cause: Words = (": ", Raw(source.failures[0].cause)) if source.failures else ()
    return (source.name, f" is {source.state.value}{since}", *cause, f"; {known}")


def _happened(handover: Handover, clock: ShiftClock) -> Iterable[Line]:
    found = handover.happened
    if found is None:
        yield Line("log", ("not known: no console has seen anything happen",))
        return
    least = "at least " if found.more else ""
    counts = f"{found.fired} began to fire, {found.resolved} resolved, {found.acked} acked"
    short = "" if found.whole else "; nothing is known of what was before"
    yield Line("log", (f"{least}{counts} since {clock.time(found.since)}{short}",))
