"""A change as its screen draws it, and the plan of one wherever it is agreed to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from config.durations import duration_text
from console.actions.papers.change_fields import FIELDS, PLANNED, remarks_on, typed_of
from console.model.change import (
    OVER,
    UNDERWAY,
    Change,
    ChangeKind,
    ChangeState,
    FreezeException,
    Plan,
    conflicts,
    is_same_person,
    plan_hash,
    wrote_plan,
)
from console.model.change_rules import Surroundings, lacking, paper_verdict, refusals
from console.model.papers import ChangePaper, Papers
from console.model.words import age_text
from console.safety.text import Raw, visible
from screens.paper_file import Kept, file_fields
from screens.paper_runs import NO_RUNS, PaperRuns, run_fields
from screens.sections import section
from widgets.detail import Blank, Field, Paragraph, Part, Title
from widgets.theme import Ink

HASH_CHARS: Final = 12
"""Of the plan's hash: enough to tell two plans of one change apart by eye."""
LISTED: Final = 20
_HEADED: Final = frozenset({"kind", "executor", "reviewer", "verification", "accepts", "observed"})
"""Fields of the plan that stand in a section of their own."""
_LONG: Final = frozenset(one.name for one in FIELDS if one.is_long or one.is_list)
_STARTABLE: Final = (ChangeState.APPROVED, ChangeState.SCHEDULED)
_EARLY: Final = (ChangeState.DRAFT, ChangeState.SUBMITTED, ChangeState.REJECTED)
_PROSE: Final = ("reason", "what", "impact", "evidence", "result", "notes")


def change_parts(
    paper: ChangePaper,
    papers: Papers,
    around: Surroundings,
    now: datetime,
    kept: Kept,
    who: str,
    runs: PaperRuns = NO_RUNS,
) -> tuple[Part, ...]:
    """All that is known of a change.

    Args:
        who: the person who looks at it, for what only some may do.
        runs: of runbooks, for this change.
    """
    change = paper.change
    others = [one.change for one in papers.changes if one.change.id != change.id]
    parts: list[Part] = [Title(((_heading(change), Ink.HEADING),))]
    parts += [Paragraph(f"{fault}", Ink.WARNING) for fault in paper.faults]
    if paper.faults:
        said = "nothing is written to it, and nothing in it counts as approved, before a person"
        parts.append(Paragraph(f"{said} has mended its file (E)", Ink.WARNING))
    parts += [*_head(change, papers), Blank()]
    parts += section("may it start", _verdict(paper, now, around))
    parts += section("what is next", _next(change, now, around, who))
    parts += section("runbooks: o opens a run", run_fields(runs, now))
    parts += section("conflicts with", _conflicts(change, others))
    parts += section("agreed to by", _approvals(change))
    parts += section("excepted from freezes", _exceptions(change))
    parts += section(f"plan {plan_hash(change.plan)[:HASH_CHARS]}", plan_fields(change))
    parts += section("verification: all of it has to hold", _checklist(change.plan))
    parts += section("review", _review(change))
    parts += section("why and what", _prose(change))
    parts += _timeline(kept)
    parts += section("file", file_fields(paper, kept))
    return tuple(parts)


def plan_fields(change: Change, *, whole: bool = False) -> Iterator[Field]:
    """The plan as its form has it, what is empty left out.

    Args:
        whole: with what the screen shows in other places.
    """
    typed, said = typed_of(change), remarks_on(change)
    for field in FIELDS:
        if field.name not in PLANNED or (field.name in _HEADED and not whole):
            continue
        text = typed[field.name].strip("\n")
        note = said.get(field.name, "")
        if not text.strip():
            continue
        ink = Ink.STRONG if field.name in ("steps", "rollback") else Ink.PLAIN
        if field.name in _LONG and "\n" in text:
            for number, line in enumerate(text.split("\n")):
                yield Field("" if number else field.caption, Raw(line), ink)
        else:
            yield Field(field.caption, Raw(text), ink, note=note)


def _heading(change: Change) -> str:
    return f"{visible(change.id)}  {visible(change.title)}"


def _head(change: Change, papers: Papers) -> Iterator[Field]:
    plan = change.plan
    ink = Ink.STRONG
    if change.state in (ChangeState.FAILED, ChangeState.ROLLED_BACK):
        ink = Ink.FIRING
    elif change.state in UNDERWAY:
        ink = Ink.WARNING
    yield Field("state", change.state.value, ink, note=_since(change))
    if change.refused_by:
        because = f": {visible(change.refused_because)}" if change.refused_because else ""
        yield Field("", f"by {visible(change.refused_by)}{because}", Ink.WARNING)
    level = plan.risk.level
    risk = f"risk {level}" if level is not None else "risk not known"
    yield Field("kind", plan.kind.value, note=risk)
    yield Field("author", Raw(change.author), note=f"{_utc(change.created)}")
    yield Field("executor", *_named(plan.executor))
    yield Field("reviewer", *_named(plan.reviewer))
    for document_id in change.incidents:
        found = papers.incident(document_id)
        shown = visible(document_id, cells=40)
        if found is None:
            yield Field("incident", shown, Ink.WARNING, note="not in this journal")
        else:
            title = visible(found.incident.title, cells=60)
            yield Field("incident", f"{shown} {title}", note=found.incident.state.value)
    for document_id in change.related:
        related = papers.change(document_id)
        note = "not in this journal" if related is None else related.change.state.value
        yield Field("related", visible(document_id, cells=40), note=note)


def _named(name: str) -> tuple[Raw | str, Ink]:
    return (Raw(name), Ink.PLAIN) if name.strip() else ("nobody", Ink.MUTED)


def _since(change: Change) -> str:
    times = {
        "started": change.started,
        "ended": change.ended,
        "accepted": change.accepted,
        "closed": change.closed,
    }
    said = [f"{word} {_utc(at)}" for word, at in times.items() if at is not None]
    if change.accepted_by:
        said.append(f"by {visible(change.accepted_by, cells=40)}")
    return ", ".join(said)


def _verdict(paper: ChangePaper, now: datetime, around: Surroundings) -> Iterator[Field]:
    """`may start now`, or everything that stands against it."""
    change = paper.change
    if change.state in UNDERWAY or change.state in OVER or change.started is not None:
        return
    verdict = paper_verdict(paper, now, around)
    if verdict.may_start:
        later = "somebody else reviews it afterwards" if verdict.needs_review else ""
        yield Field("start", "may start now", Ink.OK, note=later)
        return
    for number, reason in enumerate(verdict.reasons):
        yield Field("" if number else "not yet", reason, Ink.WARNING)
    if verdict.opens is not None:
        yield Field("opens", _utc(verdict.opens), note=f"in {age_text(verdict.opens - now)}")
    if change.state in _EARLY:
        wanted = lacking(change.plan, around.templates)
        for number, one in enumerate(wanted):
            yield Field("" if number else "it lacks", one)


def _next(change: Change, now: datetime, around: Surroundings, who: str) -> Iterator[Field]:
    """Of one that is under way, or done: what it waits for."""
    silence = change.silence_id
    if change.state is ChangeState.IN_PROGRESS:
        if silence:
            yield Field("silence", Raw(silence), note="ends with the change")
        yield Field("roll back", Raw(change.plan.rollback.trigger or "nobody said when"))
    elif change.state is ChangeState.VERIFYING:
        reasons = refusals(change, ChangeState.ACCEPTED, who, now, around)
        for number, reason in enumerate(reasons):
            yield Field("" if number else "accepted", reason, Ink.WARNING)
        if not reasons:
            yield Field("accepted", "you may accept it once all below holds", note="m")
    elif change.plan.kind is ChangeKind.EMERGENCY and change.started and change.state not in OVER:
        for reason in refusals(change, ChangeState.CLOSED, who, now, around):
            yield Field("closed", reason, Ink.WARNING)


def _conflicts(change: Change, others: Sequence[Change]) -> Iterator[Field]:
    if change.is_over:
        return
    found = conflicts(change, others)
    for one in found[:LISTED]:
        window = remarks_on(one).get("end", "no window")
        named = f"{visible(one.id, cells=24)} {visible(one.title, cells=60)}"
        yield Field("change", named, Ink.WARNING, note=f"{one.state}, {window}")
    if len(found) > LISTED:
        yield Field("", f"and {len(found) - LISTED} more", Ink.MUTED)


def _approvals(change: Change) -> Iterator[Field]:
    digest = plan_hash(change.plan)
    for one in change.approvals:
        notes = [_utc(one.at)]
        counts = one.plan == digest
        if not counts:
            notes.append("for an earlier plan")
        elif wrote_plan(change, one.by):
            counts = change.plan.kind is ChangeKind.EMERGENCY
            who = "its author" if is_same_person(one.by, change.author) else "edited its plan"
            notes.append(who if counts else f"{who}: does not count")
        if not one.is_verified:
            notes.append("unverified")
        by = visible(one.by, cells=40)
        text = f"{by}: {visible(one.note)}" if one.note else by
        yield Field("yes" if counts else "void", text, _ink(counts), note=", ".join(notes))


def _exceptions(change: Change) -> Iterator[Field]:
    digest = plan_hash(change.plan)
    for one in change.exceptions:
        counts = one.plan == digest and not wrote_plan(change, one.by)
        notes = f"{visible(one.by, cells=40)} {_utc(one.at)}{_void(one, digest)}"
        why = f": {visible(one.why)}" if one.why else ""
        text = f"{visible(one.freeze, cells=40)}{why}"
        yield Field("yes" if counts else "void", text, _ink(counts), note=notes)


def _void(one: FreezeException, digest: str) -> str:
    return "" if one.plan == digest else ", for an earlier plan"


def _ink(counts: bool) -> Ink:
    return Ink.PLAIN if counts else Ink.MUTED


def _checklist(plan: Plan) -> Iterator[Field]:
    for condition in plan.verification:
        yield Field("[ ]", Raw(condition))
    if plan.acceptance.by or plan.acceptance.after is not None:
        watched = plan.acceptance.after
        after = f" after {duration_text(watched)} of watching" if watched is not None else ""
        yield Field("accepts", f"{visible(plan.acceptance.by or 'nobody is named')}{after}")


def _review(change: Change) -> Iterator[Field]:
    if change.review is not None:
        note = _utc(change.review.at)
        yield Field("by", Raw(change.review.by), note=note)
        yield Field("", Raw(change.review.text or "said nothing"))


def _prose(change: Change) -> Iterator[Field]:
    for field in FIELDS:
        text = getattr(change.prose, field.name) if field.name in _PROSE else ""
        if text:
            yield Field(field.caption, Raw(text))


def _timeline(kept: Kept) -> Iterable[Part]:
    if not kept.timeline:
        return ()
    return (Title((("timeline", Ink.HEADING),)), Paragraph(Raw(kept.timeline)), Blank())


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
