"""What a change may do next, and why not. Pure: facts in, refusals in words out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from console.model.change import (
    DONE,
    MOVES,
    OVER,
    UNDERWAY,
    Change,
    ChangeKind,
    ChangeState,
    Plan,
    Review,
    approvers_of,
    excepted_freezes,
    is_same_person,
    is_self_approved,
    plan_hash,
    wrote_plan,
)
from console.model.condition_parse import parse_block
from console.model.freeze import Calendar, Freeze, Level
from console.model.papers import ChangePaper, Papers
from console.model.saying import Saying, saying, texts_of
from console.safety.text import visible


class Surroundings(msgspec.Struct, frozen=True):
    """What the team knows beside the change itself."""

    calendar: Calendar = Calendar()
    open_incidents: frozenset[str] = frozenset()
    """Ids of the incidents that are open or mitigated."""
    templates: frozenset[str] = frozenset()
    """Names of the approved templates for standard changes."""


def around_of(papers: Papers) -> Surroundings:
    """What the journal and the settings say, as last read."""
    ongoing = frozenset(one.incident.id for one in papers.incidents if one.incident.is_ongoing)
    return Surroundings(papers.calendar, ongoing, papers.standards)


class Verdict(msgspec.Struct, frozen=True):
    """Whether a change may start. All texts are safe to show."""

    reasons: tuple[str, ...] = ()
    """Why not; empty where it may."""
    opens: datetime | None = None
    """Where only the time is wrong: when it is right. `None`: not known, or not by waiting."""
    needs_review: bool = False
    """It goes by the emergency path: somebody else has to look at it afterwards."""

    @property
    def may_start(self) -> bool:
        """Whether nothing stands against it."""
        return not self.reasons


def lacking(plan: Plan, templates: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """What `plan` needs before it can be submitted, in words."""
    return tuple(_lacking(plan, templates))


def _lacking(plan: Plan, templates: frozenset[str]) -> Iterator[str]:
    if not plan.services and not plan.hosts:
        yield "name the services or the hosts that it touches"
    if not plan.steps.strip() and not plan.runbook.strip():
        yield "write the commands, or name a runbook"
    if plan.kind is ChangeKind.STANDARD and plan.template not in templates:
        named = f"{visible(plan.template, cells=40)} is none" if plan.template else "none is named"
        yield f"a standard change follows an approved template; {named}"
    if plan.kind is ChangeKind.EMERGENCY:
        return
    if plan.risk.level is None:
        yield "say the risk: how likely it goes wrong, and how bad that would be"
    if plan.risk.override is not None and not plan.risk.reason.strip():
        yield "say why the risk is overridden"
    if plan.window is None:
        yield "give the window in which it is done"
    elif plan.window.start >= plan.window.end:
        yield "the window ends before it begins"
    if not plan.rollback.steps.strip():
        yield "say how it is rolled back"
    if plan.rollback.takes is None:
        yield "say how long the rollback takes"
    if not plan.rollback.trigger.strip():
        yield "say what means to roll back"
    if not plan.verification:
        yield "say how it is verified, in conditions such as [STATUS] == 200"
    else:
        for fault in parse_block(plan.verification).faults:
            place = f"condition {fault.line + 1}, column {fault.column}: " if fault.column else ""
            yield f"the verification: {place}{fault.expected}"
    if not plan.acceptance.by.strip():
        yield "name who accepts it"
    if not plan.executor.strip():
        yield "name who carries it out"
    if plan.reviewer.strip() and is_same_person(plan.reviewer, plan.executor):
        yield "the reviewer is somebody else than the one who carries it out"


def approval_refusals(change: Change, who: str) -> tuple[str, ...]:
    """Why `who` cannot approve `change` as it stands; empty where they can."""
    if not who.strip():
        return ("say who approves it",)
    if change.state is ChangeState.DRAFT and change.plan.kind is ChangeKind.EMERGENCY:
        return lacking(change.plan)
    if change.state not in (
        ChangeState.SUBMITTED,
        ChangeState.APPROVED,
        ChangeState.SCHEDULED,
    ):
        return (f"it is {change.state}; what is approved is a submitted change",)
    if change.plan.kind is ChangeKind.EMERGENCY:
        return ()
    if not change.author.strip():
        return ("it names no author, so that nobody can tell whether it is somebody else's",)
    if is_same_person(who, change.author):
        author = visible(change.author, cells=40)
        return (f"{author} is its author; somebody else approves it",)
    if wrote_plan(change, who):
        return (f"{visible(who, cells=40)} edited its plan; somebody else approves it",)
    return ()


def exception_refusals(change: Change, who: str, freeze: str) -> tuple[str, ...]:
    """Why `who` cannot allow `change` in spite of `freeze`; empty where they can."""
    if not who.strip() or not freeze.strip():
        return ("say who allows it, and which freeze it is about",)
    if is_same_person(who, change.author):
        return (f"{visible(change.author, cells=40)} is its author; somebody else allows it",)
    if wrote_plan(change, who):
        return (f"{visible(who, cells=40)} edited its plan; somebody else allows it",)
    return ()


def start_verdict(change: Change, now: datetime, around: Surroundings) -> Verdict:
    """Whether `change` may be carried out at `now`.

    Only inside its window and outside every freeze, or with an exception for the very plan,
    or by the emergency path. A freeze never holds up what mends an open incident.
    """
    reasons = list(_unfit_to_start(change, around))
    plan = change.plan
    emergency = plan.kind is ChangeKind.EMERGENCY
    mends = emergency and not around.open_incidents.isdisjoint(change.incidents)
    in_force = around.calendar.in_force(now, plan.services, plan.environment)
    blocking = () if mends else tuple(one for one in in_force if not _passes(change, one))
    by_time = [_frozen_words(one, now, change) for one in blocking]
    if not emergency:
        by_time += _window_reasons(change, now, around.calendar)
    opens = None
    if by_time and not reasons:
        opens = _next_start(change, now, around.calendar)
    return Verdict((*reasons, *by_time), opens, needs_review=emergency)


def paper_verdict(paper: ChangePaper, now: datetime, around: Surroundings) -> Verdict:
    """As `start_verdict`, of a change as its file has it: nothing starts on a faulty one."""
    if paper.faults:
        return Verdict(("its file has faults, so that nothing in it counts as approved",))
    return start_verdict(paper.change, now, around)


def _unfit_to_start(change: Change, around: Surroundings) -> Iterator[str]:
    plan = change.plan
    again = "its plan was edited after the approval; it has to be approved again"
    startable = (ChangeState.APPROVED, ChangeState.SCHEDULED)
    if change.state not in startable:
        if change.state is ChangeState.SUBMITTED and _is_voided(change):
            yield again
        else:
            yield f"it is {change.state}; an approved or scheduled change can be started"
        return
    if plan.kind is ChangeKind.STANDARD:
        if plan.template not in around.templates:
            yield "it is a standard change without an approved template"
        return
    approvers = approvers_of(change)
    if not approvers and not is_self_approved(change):
        if _is_voided(change):
            yield again
        elif plan.kind is ChangeKind.EMERGENCY:
            yield "nobody has approved its plan as it stands; in an emergency its author may"
        else:
            yield "nobody but its author has approved it; somebody else has to"


def _is_voided(change: Change) -> bool:
    """Whether somebody else agreed to it before its plan was edited, and nobody has since."""
    digest = plan_hash(change.plan)
    voided = (one.by for one in change.approvals if one.plan != digest)
    is_agreed = bool(approvers_of(change))
    return not is_agreed and any(not is_same_person(by, change.author) for by in voided)


def _passes(change: Change, freeze: Freeze) -> bool:
    plan = change.plan
    if freeze.name in excepted_freezes(change):
        return True
    if plan.kind is ChangeKind.STANDARD and plan.template and plan.template in freeze.allows:
        return True
    return freeze.level is Level.SOFT and len(approvers_of(change)) >= 2


def _frozen_words(freeze: Freeze, now: datetime, change: Change) -> str:
    end = freeze.schedule.until(now)
    until = f" until {end:%Y-%m-%d %H:%M} UTC" if end is not None else ""
    name = visible(freeze.name, cells=40)
    why = f": {visible(freeze.reason, cells=80)}" if freeze.reason else ""
    whom = f"; ask {visible(freeze.owner, cells=40)}" if freeze.owner else ""
    if freeze.level is Level.SOFT:
        whom += f"; a second approval lets it through ({len(approvers_of(change))} so far)"
    elif change.plan.kind is ChangeKind.EMERGENCY:
        whom += "; linked to an open incident it goes through"
    else:
        whom += "; an exception by somebody else lets it through"
    return f"the {freeze.level} freeze {name} is in force{until}{why}{whom}"


def _window_reasons(change: Change, now: datetime, calendar: Calendar) -> list[str]:
    plan = change.plan
    reasons = []
    if plan.window is None:
        reasons.append("it has no window")
    elif not plan.window.holds(now):
        start, end = plan.window.start, plan.window.end
        when = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
        if now < start:
            reasons.append(f"its window has not begun: {when}")
        else:
            reasons.append(f"its window is over: {when}; it needs another one")
    every = frozenset(one.name for one in calendar.freezes)
    if not calendar.is_open(now, plan.services, plan.environment, every):
        reasons.append("no window of the team is open for what it touches")
    return reasons


def _next_start(change: Change, now: datetime, calendar: Calendar) -> datetime | None:
    plan = change.plan
    passing = frozenset(one.name for one in calendar.freezes if _passes(change, one))
    if plan.kind is ChangeKind.EMERGENCY:
        calendar = msgspec.structs.replace(calendar, windows=())
        return calendar.next_opening(now, plan.services, plan.environment, passing)
    if plan.window is None or now >= plan.window.end:
        return None
    begin, end = max(now, plan.window.start), plan.window.end
    return calendar.next_opening(begin, plan.services, plan.environment, passing, before=end)


def refusals(
    change: Change, to: ChangeState, who: str, now: datetime, around: Surroundings
) -> tuple[str, ...]:
    """Why `who` cannot bring `change` to the state `to`; empty where they can."""
    if to is ChangeState.IN_PROGRESS and to not in MOVES[change.state]:
        return tuple(_unfit_to_start(change, around))
    if to not in MOVES[change.state]:
        ways = ", ".join(sorted(MOVES[change.state])) or "nowhere: write a new change"
        return (f"it is {change.state}; from there it goes to {ways}",)
    if not who.strip():
        return ("say who does it",)
    return tuple(_refusals(change, to, who, now, around))


def _refusals(
    change: Change, to: ChangeState, who: str, now: datetime, around: Surroundings
) -> Iterator[str]:
    kind = change.plan.kind
    match to:
        case ChangeState.SUBMITTED:
            yield from lacking(change.plan, around.templates)
        case ChangeState.APPROVED:
            if change.state is ChangeState.DRAFT and kind is not ChangeKind.EMERGENCY:
                yield "a draft is submitted first"
            elif kind is ChangeKind.EMERGENCY:
                if not is_self_approved(change) and not approvers_of(change):
                    yield "nobody has approved its plan as it stands"
            elif not approvers_of(change):
                yield "nobody but its author has approved its plan as it stands"
        case ChangeState.SCHEDULED:
            if change.state is ChangeState.DRAFT and kind is not ChangeKind.STANDARD:
                yield "only a standard change goes from a draft to its window"
            yield from lacking(change.plan, around.templates)
            if kind is ChangeKind.NORMAL and not approvers_of(change):
                yield "nobody but its author has approved its plan as it stands"
        case ChangeState.IN_PROGRESS:
            yield from start_verdict(change, now, around).reasons
        case ChangeState.REJECTED:
            if is_same_person(who, change.author):
                yield "its author cancels it; somebody else rejects it"
        case ChangeState.ACCEPTED:
            yield from _acceptance_refusals(change, who, now)
        case ChangeState.CLOSED:
            if kind is ChangeKind.EMERGENCY:
                yield from texts_of(review_refusals(change))
        case _:
            return


def _acceptance_refusals(change: Change, who: str, now: datetime) -> Iterator[str]:
    acceptance = change.plan.acceptance
    if acceptance.by.strip() and not is_same_person(who, acceptance.by):
        yield f"{visible(acceptance.by, cells=40)} accepts it"
    if acceptance.after is not None:
        since = change.ended or change.started
        if since is None:
            yield "it is not known since when it is watched: write down when it ended"
        elif now - since < acceptance.after:
            yield f"it is watched until {since + acceptance.after:%Y-%m-%d %H:%M} UTC"


def review_refusals(change: Change) -> Iterator[Saying]:
    """Why an emergency change does not count as reviewed; nothing where it does."""
    review = change.review
    if review is None or not review.by.strip():
        yield saying("an emergency change is reviewed by somebody else before it is closed")
    elif is_same_person(review.by, change.author) or is_same_person(
        review.by, change.plan.executor
    ):
        who = visible(review.by, cells=40)
        yield saying("{who} made it; somebody else reviews it", who=who)


def review_reasons(change: Change, who: str, now: datetime) -> tuple[str, ...]:
    """Why `who` cannot review `change`; empty where they can."""
    if change.plan.kind is not ChangeKind.EMERGENCY:
        return (f"it is a {change.plan.kind} change; emergencies are reviewed afterwards",)
    if change.started is None:
        return (f"it is {change.state}; it is reviewed once it was carried out",)
    return texts_of(review_refusals(msgspec.structs.replace(change, review=Review(who, now))))


def edited(change: Change, plan: Plan, who: str) -> Change:
    """`change` with another plan, by `who`. What was approved has to be approved again.

    Raises:
        ValueError: it is carried out already, or over.
    """
    if change.state in UNDERWAY or change.state in (*OVER, *DONE):
        raise ValueError(f"it is {change.state}; its plan stays as it was carried out")
    is_new = plan_hash(plan) != plan_hash(change.plan)
    reopens = is_new and change.state in (ChangeState.APPROVED, ChangeState.SCHEDULED)
    state = ChangeState.SUBMITTED if reopens else change.state
    planners = change.planners
    if is_new and not wrote_plan(change, who):
        planners = (*planners, who)
    return msgspec.structs.replace(change, plan=plan, state=state, planners=planners)


def moved(
    change: Change,
    to: ChangeState,
    who: str,
    now: datetime,
    around: Surroundings,
    *,
    because: str = "",
) -> Change:
    """`change` in the state `to`, with the times and names that follow from that.

    Args:
        because: why it is rejected or cancelled.

    Raises:
        ValueError: it cannot go there; the text is what `refusals` says.
    """
    reasons = refusals(change, to, who, now, around)
    if reasons:
        raise ValueError("; ".join(reasons))
    at = now.replace(microsecond=0)
    there = msgspec.structs.replace(change, state=to)
    replace = msgspec.structs.replace
    match to:
        case ChangeState.IN_PROGRESS:
            return replace(there, started=at)
        case ChangeState.VERIFYING:
            return replace(there, ended=at)
        case ChangeState.ROLLED_BACK | ChangeState.FAILED:
            return replace(there, ended=change.ended or at)
        case ChangeState.ACCEPTED:
            return replace(there, accepted=at, accepted_by=who)
        case ChangeState.REJECTED | ChangeState.CANCELLED:
            return replace(there, refused_by=who, refused_because=because)
        case ChangeState.CLOSED:
            return replace(there, closed=at)
        case _:
            return there
