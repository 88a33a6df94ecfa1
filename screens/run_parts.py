"""What is shown of a run above its steps, and of the step or section under the cursor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from console.model.condition_check import Checked
from console.model.run import Attempt, Filled, Run, StepRun, StepState
from console.model.runbook import ParamType, Step, StepKind
from console.model.snapshot import Snapshot, Standing
from console.model.state import State
from console.model.words import age_text, clock_time, count_text, many
from console.safety.text import Raw, visible
from screens.run_rows import RunRow, prose_around, title_of, tries_text
from screens.run_text import first_words, plain_parts
from screens.run_words import STATE_INKS, effect_mark, only_reads, shape_of, took, unknown_text
from widgets.chunks import Chunk, arrange
from widgets.detail import Blank, Field, Figure, Paragraph, Part, SpanLine, Title
from widgets.output_view import OutputLine
from widgets.paint import GLYPHS, Glyphs, Span, Spans, width_of
from widgets.theme import Ink

HEAD_LINES: Final = 2
"""Of parameters, before the rest is only counted."""
NOTES: Final = 2
VALUE_CELLS: Final = 40
HIDDEN: Final = "***"


# Above the steps


def head_parts(
    run: Run,
    glyphs: Glyphs = GLYPHS,
    *,
    alert: Span | None = None,
    waits: Sequence[str] = (),
) -> tuple[Part, ...]:
    """Which runbook, about what, whose; its parameters; what a reader has to know.

    Args:
        alert: how the alert that it was opened from stands now.
        waits: what else has to be said, before the run's own notes; safe to show.
    """
    parts: list[Part] = [Figure(lambda width: [_title(run, alert, width, glyphs)])]
    if run.params:
        parts.append(Figure(lambda width: _params(run.params, width, glyphs)))
    notes = [*waits, *run.notes]
    parts += [SpanLine(((note, Ink.WARNING),)) for note in notes[:NOTES]]
    if len(notes) > NOTES:
        parts.append(SpanLine(((f"and {many(len(notes) - NOTES, 'note')} more", Ink.MUTED),)))
    return tuple(parts)


def _title(run: Run, alert: Span | None, width: int, glyphs: Glyphs) -> Spans:
    """Whole pieces only: whose it is and its id make room for what it is about."""
    title = visible(run.runbook.title or Raw(run.runbook.name), cells=max(20, width * 2 // 5))
    document = visible(run.incident or run.change, cells=30)
    chunks = (
        Chunk(((title, Ink.STRONG),), 90),
        Chunk(((run.subject, Ink.HEADING),) if run.subject else (), 80),
        Chunk((alert,) if alert is not None else (), 85),
        Chunk(((run.who, Ink.PLAIN),), 40),
        Chunk(((run.id, Ink.MUTED),), 50),
        Chunk(((document, Ink.MUTED),) if document else (), 70),
    )
    return arrange(chunks, (), width, marks=glyphs.marks)


def alert_span(run: Run, snapshot: Snapshot) -> Span | None:
    """`firing`, `resolved`, as its sources say of the alert of a run; `None`: it has
    none, or nobody has said anything of it."""
    if not run.alert:
        return None
    known = next((one for one in snapshot.alerts if run.alert in (one.key, *one.duplicates)), None)
    if known is not None:
        if known.state is not State.FIRING:
            return known.state.lower(), Ink.UNKNOWN
        is_plain = known.standing is Standing.FIRING
        return ("firing", Ink.FIRING) if is_plain else (str(known.standing), Ink.MUTED)
    is_gone = any(one.alert.fingerprint == run.alert for one in snapshot.resolved)
    return ("resolved", Ink.OK) if is_gone else None


def _params(params: Sequence[Filled], width: int, glyphs: Glyphs) -> list[Spans]:
    """`TARGET_HOST data-1 (label instance)  CONTAINER ?`, those with a fault first."""
    lines: list[list[Span]] = [[]]
    ordered = sorted(params, key=lambda one: one.is_ready)
    for number, one in enumerate(ordered):
        spans = _param(one)
        room = width - (width_of(lines[-1], glyphs.marks) + 2 if lines[-1] else 0)
        if lines[-1] and width_of(spans, glyphs.marks) > room:
            if len(lines) == HEAD_LINES:
                return [*lines[:-1], _and_more(lines[-1], len(ordered) - number, width, glyphs)]
            lines.append([])
        lines[-1] += [("  ", Ink.PLAIN)] if lines[-1] else []
        lines[-1] += spans
    return list(lines)


def _and_more(line: list[Span], count: int, width: int, glyphs: Glyphs) -> list[Span]:
    more = f"  +{count}, p"
    while len(line) > 1 and width_of(line, glyphs.marks) + len(more) > width:
        line.pop()
    return [*line, (more, Ink.MUTED)]


def _param(one: Filled) -> list[Span]:
    spans: list[Span] = [(one.name, Ink.NAME), (" ", Ink.PLAIN)]
    if one.fault:
        shown = "" if one.value is None else f"{visible(one.value, cells=VALUE_CELLS)}: "
        return [*spans, (f"{shown}{one.fault}", Ink.WARNING)]
    if not one.is_ready:
        return [*spans, ("?", Ink.WARNING)]
    spans.append((value_text(one), Ink.PLAIN))
    if one.source:
        spans.append((f" ({one.source})", Ink.MUTED))
    return spans


def value_text(one: Filled) -> str:
    """What the commands are given, cut; `?` where there is nothing; never a secret."""
    if one.type is ParamType.SECRET:
        return HIDDEN if one.is_given else "?"
    if one.value is None:
        return "?"
    shown = visible(one.value, cells=VALUE_CELLS)
    if one.resolved and Raw(one.resolved) != one.value:
        return f"{visible(one.resolved, cells=VALUE_CELLS)} for {shown}"
    return shown


# What is under the cursor


def row_parts(run: Run, row: RunRow, now: datetime, *, ascii_only: bool = False) -> list[Part]:
    """All that is known of the row's step, the latest first; of a section its text."""
    if row.step is None or row.done is None:
        parts: list[Part] = [Title(((row.section.title or Raw("About"), Ink.HEADING),))]
        return [*parts, *_prose(prose_around(row.section, None)[0])]
    step, done = row.step, row.done
    mark, ink = effect_mark(step)
    parts = [
        Title(
            (
                (f"{step.number} ", Ink.MUTED),
                (title_of(step), Ink.STRONG),
                (f"  {shape_of(done.state, ascii_only=ascii_only)} ", STATE_INKS[done.state]),
                (str(done.state), STATE_INKS[done.state]),
                (f"  {mark}", ink),
            )
        )
    ]
    parts += _became(run, step, done, now)
    parts += _checks(step, done, ascii_only=ascii_only)
    before, after = prose_around(row.section, step)
    texts = [*_prose(before), *([Blank()] if before and step.text else ()), *_prose([step.text])]
    if texts:
        parts += [Blank(), *texts]
    parts += _command(run, step)
    if after:
        parts += [Blank(), *_prose(after)]
    return parts


def brief_parts(row: RunRow, lines: Sequence[OutputLine], now: datetime) -> list[Part]:
    """Two lines about the row where there is no room for more: what came of it, and its end."""
    step, done = row.step, row.done
    if step is None or done is None:
        texts = prose_around(row.section, None)[0]
        return list(plain_parts(texts[0])[:1]) if texts else []
    last = done.last
    if last is None:
        words = done.reason or (f"not run from here: {step.refusal}" if step.refusal else "")
        if not step.command:
            return [Paragraph(words)] if words else list(plain_parts(step.text)[:1])
        said: Raw | str = words or first_words(step.text)
        command = (("$ ", Ink.MUTED), (first_words(step.command), Ink.STRONG))
        return [SpanLine(((said, Ink.PLAIN),)), SpanLine(command)]
    ink = STATE_INKS[done.state]
    failed = next((one.shown for one in last.checks if not one.passed), "")
    said = last.said or failed or str(done.state)
    if done.state is StepState.RUNNING:
        said = f"runs {_on(last)} for {age_text(now - last.began)}"
    if done.state is StepState.FAILED and lines and visible(lines[-1].text)[:40] in visible(said):
        return [Paragraph(said, ink)]  # the output only says it again
    silent = "nothing printed" if last.ended is not None else "nothing printed yet"
    end: Spans = ((lines[-1].text, lines[-1].ink),) if lines else ((silent, Ink.MUTED),)
    return [SpanLine(((said, ink),)), SpanLine(end)]


def _prose(texts: Iterable[Raw]) -> list[Part]:
    parts: list[Part] = []
    for text in texts:
        if text:
            parts += [*([Blank()] if parts else ()), *plain_parts(text)]
    return parts


def _became(run: Run, step: Step, done: StepRun, now: datetime) -> Iterator[Part]:
    """What became of it, in sentences."""
    ink = STATE_INKS[done.state]
    if done.state in (StepState.SKIPPED, StepState.MANUAL):
        at = "" if done.at is None else f" at {clock_time(done.at, now)}"
        how = "left out" if done.state is StepState.SKIPPED else "done by hand, by the word"
        by = f" by {done.who}" if done.state is StepState.SKIPPED else f" of {done.who}"
        yield Paragraph(f"{how}{by if done.who else ''}{at}", ink)
        if done.reason:
            yield Paragraph(f"because: {done.reason}" if _is_skipped(done) else done.reason)
    if step.refusal:
        yield Paragraph(f"not run from here: {step.refusal}", Ink.WARNING)
    last = done.last
    if last is None:
        return
    if done.state is StepState.RUNNING:
        tried = tries_text(step, done)
        since = age_text(now - last.began)
        yield Paragraph(f"runs {_on(last)} for {since}{', ' + tried if tried else ''}", ink)
    if done.state is StepState.UNKNOWN:
        yield from _unknown(last, now)
    if last.said:
        yield Paragraph(last.said, ink)
    yield Paragraph(_when(last, done, now), Ink.MUTED)
    if done.state is StepState.FAILED and step.rollback:
        said = f"b goes to what takes it back, {step.rollback}: it is shown first, and asked."
        yield Paragraph(said)


def _is_skipped(done: StepRun) -> bool:
    return done.state is StepState.SKIPPED


def _on(attempt: Attempt) -> str:
    return f"on {attempt.host}" if attempt.host else "here"


def _unknown(last: Attempt, now: datetime) -> Iterator[Part]:
    yield Paragraph(f"{unknown_text(last)}, since {age_text(now - last.began)}", Ink.UNKNOWN)
    yield Paragraph(
        "It may have run, and may be running still: look at what it changes before you run it "
        "again. s leaves it out once you know."
    )


def _when(last: Attempt, done: StepRun, now: datetime) -> str:
    said = [f"began {clock_time(last.began, now)}"]
    span = took(last)
    if span:
        said.append(f"took {span}")
    said.append(last.where)
    if last.who:
        said.append(f"by {last.who}")
    if last.exit_status is not None:
        said.append(f"exit {last.exit_status}")
    if len(done.attempts) > 1:
        said.append(f"{count_text(len(done.attempts))} times so far")
    if last.by:
        said.append(f"looked at by {', '.join(last.by)}")
    return ", ".join(said)


def _checks(step: Step, done: StepRun, *, ascii_only: bool) -> Iterator[Part]:
    """Every condition with what came; before there is an answer, as it is written."""
    last = done.last
    if last is not None and last.checks:
        yield from (_checked(one, ascii_only=ascii_only) for one in last.checks)
        return
    for one in step.expect:
        spans = ((f"{shape_of(StepState.PENDING)} ", Ink.MUTED), (Raw(one.text), Ink.PLAIN))
        yield SpanLine(spans)


def _checked(one: Checked, *, ascii_only: bool) -> Part:
    state = StepState.PASSED if one.passed else StepState.FAILED
    shape = shape_of(state, ascii_only=ascii_only)
    return Paragraph(f"{shape} {one.shown}", STATE_INKS[state])


def _command(run: Run, step: Step) -> Iterator[Part]:
    """The command as the runbook has it, and what it is given."""
    if not step.command:
        if step.kind is StepKind.MANUAL:
            yield Blank()
            yield Paragraph("Done by a person: space ticks it off.", Ink.MUTED)
        return
    yield Blank()
    command = visible(step.command, lines=True)
    for line in command.split("\n"):
        yield Paragraph(f"  {line}", Ink.STRONG)
    yield Blank()
    used = [one for one in run.params if re.search(rf"\${{?{re.escape(one.name)}\b", command)]
    for one in used:
        ink = Ink.PLAIN if one.is_ready else Ink.WARNING
        if one.fault:
            shown = "" if one.value is None else f"{visible(one.value, cells=VALUE_CELLS)}: "
            yield Field(one.name, f"{shown}{one.fault}", ink)
        else:
            yield Field(one.name, value_text(one), ink, note=one.source)
    yield Field("runs", _runs_where(run, step))
    if step.timeout is not None:
        yield Field("ended", f"after {age_text(step.timeout)}, if it still runs then")
    if step.retry is not None:
        wait = age_text(step.retry.wait)
        yield Field("tried", f"up to {many(step.retry.times, 'time')}, {wait} apart")
    if step.verify:
        yield Field("verified", f"by {step.verify}")
    if step.rollback:
        yield Field("rollback", step.rollback)
    if not step.is_runnable:
        yield Paragraph("Not run from here: y copies it, space ticks it off.", Ink.MUTED)
    elif not only_reads(step) and step.kind is not StepKind.MANUAL:
        yield Paragraph("x shows first what it would do, and asks.", Ink.MUTED)


def _runs_where(run: Run, step: Step) -> str:
    if not step.on:
        return "here, where the console runs"
    named = next((one for one in run.params if one.name == step.on), None)
    if named is None or not named.is_ready:
        return f"on the host that {step.on} names"
    return f"on {visible(named.resolved or named.value or Raw('?'), cells=VALUE_CELLS)}"
