"""What is asked before a change is written to: what exactly is agreed to, why, and what follows.

Whether something may be done is judged by `console.model.change_rules`; here it is only said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from console.model.acting import Outcome
from console.model.change import (
    MOVES,
    Change,
    ChangeKind,
    ChangeState,
    approvers_of,
    excepted_freezes,
    plan_hash,
    wrote_plan,
)
from console.model.change_rules import (
    approval_refusals,
    exception_refusals,
    refusals,
    review_reasons,
)
from console.model.freeze import Calendar, Freeze
from console.model.paper_wish import (
    ApproveChange,
    Attach,
    ExceptFreeze,
    MoveChange,
    PaperWish,
    ReviewChange,
)
from console.model.papers import ChangePaper
from console.safety.text import Raw, visible
from screens.change_parts import HASH_CHARS, plan_fields
from widgets.chooser import MOST, Chooser, Offer
from widgets.detail import Blank, Field, Paragraph, Part
from widgets.dialog import Choice, Dialog
from widgets.theme import Ink

if TYPE_CHECKING:
    from screens.change import ChangeScreen

LineTaker = Callable[[str], None]

_S = ChangeState
BECAUSE: Final = {
    _S.REJECTED: "reject it because",
    _S.CANCELLED: "cancel it because",
    _S.ROLLED_BACK: "rolled back because",
    _S.FAILED: "it failed because",
}
"""States into which a change goes with a reason, and what is asked for it."""
WAYS: Final = {
    _S.SUBMITTED: "an approval of its plan is asked for",
    _S.APPROVED: "somebody else agreed to its plan",
    _S.SCHEDULED: "it waits for its window",
    _S.IN_PROGRESS: "it is started now",
    _S.VERIFYING: "it is done; its verification begins",
    _S.ACCEPTED: "all of its verification holds",
    _S.CLOSED: "nothing is left to do",
    _S.ROLLED_BACK: "it was undone",
    _S.FAILED: "it went wrong",
    _S.REJECTED: "it is not to be done like this",
    _S.CANCELLED: "it is not to be done at all",
    _S.DRAFT: "its author goes on with it",
}
"""Where it can go, in words."""


# From state to state


async def move(screen: ChangeScreen, paper: ChangePaper, named: str) -> None:
    """Bring it to another state, chosen from a list or named behind `:move`."""
    change = paper.change
    to = _named(screen, change, named) if named.strip() else await _chosen(screen, change)
    if to is None:
        return
    if to is _S.IN_PROGRESS:
        await _start(screen, paper)
    elif to in BECAUSE:

        def take(text: str) -> None:
            if text:
                _send(screen, MoveChange(paper, to, text))
            else:
                screen.say(f"it stays {change.state}: say why", warning=True)

        screen.ask_for(BECAUSE[to], take)
    else:
        await _submit(screen, MoveChange(paper, to))


def _named(screen: ChangeScreen, change: Change, named: str) -> ChangeState | None:
    wanted = " ".join(named.split()).casefold()
    found = next((one for one in WAYS if one.value == wanted), None)
    if found is None:
        ways = ", ".join(one for one in WAYS if one in MOVES[change.state]) or "nowhere"
        shown = visible(named.strip(), cells=40)
        screen.say(f"{shown} is no state; from {change.state} it goes to {ways}", warning=True)
        return None
    reasons = _refusals(screen, change, found)
    if reasons:
        screen.say(f"it stays {change.state}: {reasons[0]}", warning=True)
        return None
    return found


async def _chosen(screen: ChangeScreen, change: Change) -> ChangeState | None:
    reasons = {to: "; ".join(_refusals(screen, change, to)) for to in MOVES[change.state]}
    ways = offered(change.state, reasons)
    offers = [Offer(to.value, WAYS[to], reasons[to]) for to in ways]
    shown = f"{visible(change.id, cells=24)} is {change.state}; bring it to"
    index = await screen.app.push_screen_wait(Chooser(shown, offers))
    return None if index is None else ways[index]


def offered(state: ChangeState, reasons: Mapping[ChangeState, str]) -> list[ChangeState]:
    """The states of `reasons` in the order in which they are offered: what Enter takes at once is
    a way on, or asks for something; a way back comes behind those, and what is denied last."""
    order = list(WAYS)
    back = {_S.DRAFT} if state is _S.DRAFT else {_S.DRAFT, _S.SUBMITTED}
    if state is _S.REJECTED:
        back = set()
    return sorted(reasons, key=lambda to: (bool(reasons[to]), to in back, order.index(to)))


def _refusals(screen: ChangeScreen, change: Change, to: ChangeState) -> tuple[str, ...]:
    now = screen.console_app.clock.now().wall
    return refusals(change, to, screen.me, now, screen.around)


async def _start(screen: ChangeScreen, paper: ChangePaper) -> None:
    """Say what starting it does, and ask."""
    change, plan = paper.change, paper.change.plan
    parts: list[Part] = [Field("steps", Raw(plan.steps or f"runbook {plan.runbook}"), Ink.STRONG)]
    parts.append(Field("roll back", Raw(plan.rollback.trigger or "nobody said when")))
    choices = [Choice("start", "Start")]
    if plan.silence:
        parts += [Blank(), *_silence(screen, change)]
        choices = [Choice("start", "Start"), Choice("loud", "Start, silence nothing")]
    if plan.kind is ChangeKind.EMERGENCY:
        parts.append(Paragraph("Somebody else has to review it afterwards.", Ink.WARNING))
    parts.append(Paragraph("The commands are run by you, not by the console.", Ink.MUTED))
    answer = await _asked(screen, f"start {visible(change.id, cells=24)}?", parts, *choices)
    if answer in ("start", "loud"):
        await _submit(screen, MoveChange(paper, _S.IN_PROGRESS, silences=answer == "start"))


def _silence(screen: ChangeScreen, change: Change) -> Iterator[Part]:
    from console.actions.papers.muting import ends_by  # late: the engine's thread has it by then

    app = screen.console_app
    now = app.clock.now().wall
    until = ends_by(change, now, app.opened.loaded.settings.silences.longest)
    for number, matcher in enumerate(change.plan.silence):
        yield Field("" if number else "silences", Raw(matcher), Ink.STRONG)
    yield Field("", f"until {until:%Y-%m-%d %H:%M} UTC, or until it ends")


# Names under a plan


async def approve(screen: ChangeScreen, paper: ChangePaper, note: str) -> None:
    """Show exactly what is agreed to, and ask."""
    change = paper.change
    reasons = approval_refusals(change, screen.me)
    if reasons:
        screen.say(f"not approved: {reasons[0]}", warning=True)
        return
    digest = plan_hash(change.plan)[:HASH_CHARS]
    parts: list[Part] = [Paragraph(Raw(change.title), Ink.STRONG)]
    who = screen.console_app.opened.who
    if not who.verified:
        parts.append(Paragraph(f"As {visible(who.name)}, unverified: others share this login."))
    if wrote_plan(change, who.name):
        said = "You wrote its plan: an emergency may go so, and somebody else reviews it."
        parts.append(Paragraph(said, Ink.WARNING))
    if note.strip():
        parts.append(Field("note", Raw(note.strip())))
    parts += [*plan_fields(change, whole=True)]
    choices = [Choice("approve", "Approve")]
    if not note.strip():
        choices.append(Choice("note", "Approve, with a note"))
    title = f"agree to plan {digest} of {visible(change.id, cells=24)}?"
    answer = await _asked(screen, title, parts, *choices)
    if answer == "approve":
        await _submit(screen, ApproveChange(paper, note.strip()))
    elif answer == "note":
        screen.ask_for(
            f"approve plan {digest}; note", lambda text: _send(screen, ApproveChange(paper, text))
        )


async def except_from(screen: ChangeScreen, paper: ChangePaper, named: str) -> None:
    """Pick the freeze that the plan may be carried out in spite of, and ask why."""
    change = paper.change
    freeze = named.strip()
    reasons = exception_refusals(change, screen.me, freeze or "any")
    if reasons:
        screen.say(f"not excepted: {reasons[0]}", warning=True)
        return
    if not freeze:
        now = screen.console_app.clock.now().wall
        found = freezes_of(change, screen.papers.calendar, now)
        if not found:
            screen.say("no freeze is in force for it, now or in its window", warning=True)
            return
        index = await screen.app.push_screen_wait(_freezes(change, found))
        if index is None:
            return
        freeze = found[index].name

    def take(text: str) -> None:
        if text:
            _send(screen, ExceptFreeze(paper, freeze, text))
        else:
            screen.say("nothing was written: say why it cannot wait", warning=True)

    digest = plan_hash(change.plan)[:HASH_CHARS]
    screen.ask_for(f"plan {digest} in spite of {visible(freeze, cells=30)}, because", take)


def _freezes(change: Change, found: tuple[Freeze, ...]) -> Chooser:
    excepted = excepted_freezes(change)
    offers = [
        Offer(
            Raw(one.name),
            Raw(f"{one.level}: {one.reason}; ask {one.owner or 'nobody in particular'}"),
            "it is excepted already" if one.name in excepted else "",
        )
        for one in found
    ]
    more = f"and {len(found) - MOST} more: :except NAME" if len(found) > MOST else ""
    return Chooser("allow it in spite of which freeze?", offers, note=more)


def freezes_of(change: Change, calendar: Calendar, now: datetime) -> tuple[Freeze, ...]:
    """The freezes that are about `change` now or at some time in its window."""
    plan = change.plan
    return tuple(
        one
        for one in calendar.freezes
        if one.scope.covers(plan.services, plan.environment)
        and (one.schedule.holds(now) or _holds_in_window(one, change))
    )


def _holds_in_window(freeze: Freeze, change: Change) -> bool:
    window = change.plan.window
    if window is None:
        return False
    edges = takewhile(lambda edge: edge < window.end, freeze.schedule.edges(window.start))
    return any(freeze.schedule.holds(at) for at in (window.start, *edges))


def review(screen: ChangeScreen, paper: ChangePaper, text: str) -> None:
    """Say what an emergency was like."""
    reasons = review_reasons(paper.change, screen.me, screen.console_app.clock.now().wall)

    def take(said: str) -> None:
        if said:
            _send(screen, ReviewChange(paper, said))
        else:
            screen.say("nothing was written: say what it was like", warning=True)

    if reasons:
        screen.say(f"not reviewed: {reasons[0]}", warning=True)
    elif text.strip():
        take(text.strip())
    else:
        screen.ask_for(f"review of {visible(paper.change.id, cells=24)}", take)


# The form, and files


async def edit(screen: ChangeScreen, paper: ChangePaper) -> None:
    """Open the form; say before that what was approved is so no more once it is touched."""
    from screens.change_form import open_change_form  # late: most only look

    change = paper.change
    reopens = change.state in (_S.APPROVED, _S.SCHEDULED)
    if reopens:
        approved = ", ".join(visible(one, cells=30) for one in approvers_of(change))
        by = f"{approved} approved" if approved else "What was agreed to is"
        parts: list[Part] = [
            Paragraph(f"{by} plan {plan_hash(change.plan)[:HASH_CHARS]}.", Ink.STRONG),
            Paragraph(
                "Saving another plan brings it back to submitted: it has to be approved again. "
                "Title, reason, evidence, result and notes can be edited without that."
            ),
        ]
        title = f"edit {visible(change.id, cells=24)}, which is {change.state}?"
        if await _asked(screen, title, parts, Choice("edit", "Edit")) != "edit":
            return
    open_change_form(screen.console_app, paper)


def attach(screen: ChangeScreen, paper: ChangePaper, file: str) -> None:
    """Archive a copy of a file beside it."""

    def take(path: str) -> None:
        if path:
            _send(screen, Attach(paper.change.id, (path,)))

    if file.strip():
        take(file.strip())
    else:
        screen.ask_for("attach the file", take)


# Asking and sending


async def _asked(screen: ChangeScreen, title: str, parts: list[Part], *choices: Choice) -> str:
    dialog = Dialog(((title, Ink.WARNING),), parts, choices, clock=screen.console_app.clock)
    return await screen.app.push_screen_wait(dialog)


def _send(screen: ChangeScreen, wish: PaperWish) -> None:
    screen.run_worker(_submit(screen, wish), exit_on_error=False)


async def _submit(screen: ChangeScreen, wish: PaperWish) -> Outcome:
    return await screen.console_app.wishes.submit(wish, (screen.document_id,))
