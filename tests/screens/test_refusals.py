"""What may not start, and whom an approval is not for, are refused on screen as everywhere."""

from __future__ import annotations

from typing import Final

import msgspec
import pytest

from config.identity import Identity
from console.model.change import Approval, ChangeKind, ChangeState, plan_hash
from console.model.change_rules import Surroundings, approval_refusals, start_verdict
from console.model.freeze import Calendar, Period
from console.model.incident import IncidentState
from console.model.paper_wish import MoveChange, MoveIncident
from console.model.papers import ChangePaper
from screens.incident import IncidentScreen, open_incident
from tests.build import T0
from tests.screens.console import typed, until
from tests.screens.journal_world import freeze, incident, show
from tests.screens.test_change import (
    HOUR,
    PLAN,
    answered,
    approved,
    change_on,
    paper,
    papers_of,
    wishes,
)
from widgets.chooser import Chooser

KAI: Final = Identity("kai", "L1")
FROZEN: Final = Calendar(freezes=(freeze("launch"),))
EARLY: Final = msgspec.structs.replace(PLAN, window=Period(T0 + HOUR, T0 + 3 * HOUR))
LATE: Final = msgspec.structs.replace(PLAN, window=Period(T0 - 3 * HOUR, T0 - HOUR))
OWN: Final = paper(ChangeState.APPROVED, approvals=(Approval("kai", T0, plan_hash(PLAN)),))
EDITED: Final = paper(ChangeState.APPROVED, approvals=(Approval("mei", T0, "0" * 64),))
CASES: Final[dict[str, tuple[ChangePaper, Calendar, str]]] = {
    "its author's approval": (OWN, Calendar(), "somebody else has to"),
    "an edit after approval": (EDITED, Calendar(), "it has to be approved again"),
    "before its window": (approved(plan=EARLY), Calendar(), "its window has not begun"),
    "after its window": (approved(plan=LATE), Calendar(), "its window is over"),
    "in a freeze": (approved(), FROZEN, "the hard freeze launch is in force"),
}


async def test_what_may_not_start_is_refused_by_key_and_by_command_in_the_words_of_the_rule() -> (
    None
):
    async with change_on(OWN, who=KAI, size=(160, 60)) as (console, pilot):
        for name, (shown, calendar, words) in CASES.items():
            show(console, papers_of(shown, calendar=calendar))
            (reason,) = start_verdict(shown.change, T0, Surroundings(calendar)).reasons
            assert words in reason, name
            told = reason[:60]
            await until(pilot, lambda told=told: told in console.text)  # type: ignore[misc]
            await typed(pilot, ":", "move in progress")
            said = f"stays approved: {reason}"[:100]
            await until(pilot, lambda said=said: said in console.lines[-1])  # type: ignore[misc]
            await pilot.press("m")
            await until(pilot, lambda: isinstance(console.app.screen, Chooser))
            assert told in console.text, name
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(console.app.screen, Chooser))
        assert not wishes(console)


@pytest.mark.parametrize("keys", [("a",), (":", "approve looks good")], ids=["key", "command"])
async def test_the_authors_approval_is_refused_in_the_words_of_the_rule(
    keys: tuple[str, ...],
) -> None:
    shown = paper()
    (reason,) = approval_refusals(shown.change, "kai")
    async with change_on(shown, who=KAI) as (console, pilot):
        if keys[1:]:
            await typed(pilot, *keys)
        else:
            await pilot.press(*keys)
        await until(pilot, lambda: reason in console.lines[-1])
        assert not wishes(console)


async def test_a_freeze_holds_up_no_fix_of_an_open_incident() -> None:
    going = incident(3, "redis is down", state=IncidentState.OPEN)
    plan = msgspec.structs.replace(PLAN, kind=ChangeKind.EMERGENCY, window=None, silence=())
    fix = paper(
        ChangeState.APPROVED,
        plan=plan,
        approvals=(Approval("kai", T0, plan_hash(plan)),),
    )
    linked = msgspec.structs.replace(
        fix, change=msgspec.structs.replace(fix.change, incidents=(going.incident.id,))
    )
    everything = papers_of(fix, incidents=(going,), calendar=FROZEN)
    async with change_on(fix, everything, who=KAI, size=(160, 60)) as (console, pilot):
        await until(pilot, lambda: "linked to an open incident it goes through" in console.text)
        show(console, msgspec.structs.replace(everything, changes=(linked,)))
        await until(pilot, lambda: "may start now" in console.text)
        await typed(pilot, ":", "move in progress")
        await answered(console, pilot)
        assert "Somebody else has to review it afterwards." in console.text
        await pilot.press("right", "enter")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [MoveChange(linked, ChangeState.IN_PROGRESS)]
        # And the incident itself goes on as ever.
        open_incident(console.app, going.incident.id)
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        await pilot.pause()
        await typed(pilot, ":", "move mitigated")
        await until(pilot, lambda: len(wishes(console)) == 2)
        assert isinstance(wishes(console)[-1], MoveIncident)
