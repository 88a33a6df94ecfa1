"""A change on screen: what it says, what it asks before it is written to, and what it sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import msgspec
from textual.pilot import Pilot

from config.changes import Changes, StandardChange
from config.identity import Identity
from config.schema import Settings
from console.journal.change import Logged
from console.journal.change_text import CHANGES
from console.journal.language import Language
from console.journal.timeline import Entry
from console.model.change import (
    MOVES,
    Acceptance,
    Approval,
    Change,
    ChangeKind,
    ChangeProse,
    ChangeState,
    FreezeException,
    Likelihood,
    Plan,
    Risk,
    Rollback,
    plan_hash,
)
from console.model.event import Event, EventKind
from console.model.freeze import Calendar, Level, Period
from console.model.incident import IncidentState
from console.model.paper_wish import (
    ApproveChange,
    Attach,
    ExceptFreeze,
    MoveChange,
    ReviewChange,
    WriteChange,
)
from console.model.papers import ChangePaper, Draft, JournalState, JournalStatus, Papers, Sheet
from screens.change import open_change
from screens.change_deeds import offered
from screens.change_form import ChangeForm, change_asked, open_change_form
from screens.frame import Frame
from tests.build import T0
from tests.hostile import ATTACKS
from tests.screens.console import Console, console_on, typed, until
from tests.screens.journal_world import (
    FOLDER,
    ScriptedPapers,
    freeze,
    incident,
    show,
    world_on,
)
from tests.screens.worlds import usual
from widgets.chooser import Chooser
from widgets.dialog import DEAD_TIME_S, Dialog

if TYPE_CHECKING:
    from console.engine.papers import PapersDesk

HOUR = timedelta(hours=1)
PLAN = Plan(
    services=("redis",),
    environment="prod",
    steps="redis-cli config set maxmemory 2gb",
    risk=Risk(Likelihood.LOW, Likelihood.HIGH),
    silence=('service="redis"',),
    window=Period(T0 - HOUR, T0 + HOUR),
    timezone="Asia/Taipei",
    rollback=Rollback("set it to 1gb", timedelta(minutes=5), "p95 above 2 s"),
    verification=("[STATUS] == 200", "[BODY].queue < 10"),
    acceptance=Acceptance("mei", timedelta(days=7)),
    executor="kai",
    reviewer="mei",
)
MEI = Identity("mei", "L2")
ID = "CHG-20261122-9b1"


def paper(state: ChangeState = ChangeState.SUBMITTED, **changes: Any) -> ChangePaper:
    """kai's, with every part of a plan."""
    one = Change(
        ID,
        "More memory for redis",
        "kai",
        T0 - 24 * HOUR,
        state,
        changes.pop("plan", PLAN),
        prose=ChangeProse(reason="the shop loses carts"),
    )
    one = msgspec.structs.replace(one, **changes)
    return ChangePaper(one, f"changes/2026/{ID}-more-memory.md", "b2")


def approved(state: ChangeState = ChangeState.APPROVED, **changes: Any) -> ChangePaper:
    """The same, with mei's name under its plan."""
    found = paper(state, **changes)
    agreed = Approval("mei", T0 - HOUR, plan_hash(found.change.plan))
    change = msgspec.structs.replace(found.change, approvals=(agreed,))
    return msgspec.structs.replace(found, change=change)


def papers_of(*papers: ChangePaper, **more: Any) -> Papers:
    return Papers(JournalStatus(JournalState.KEPT, FOLDER), changes=papers, **more)


def sheet_of(paper: ChangePaper) -> Sheet:
    """The file that it would stand in."""
    event = Event(T0 - HOUR, EventKind.CHANGE, paper.change.title, "was submitted", "kai")
    document = CHANGES.new(paper.change, Language.ENGLISH, (Entry(event),))
    content = document.text.encode("utf-8", "surrogateescape")
    return Sheet(paper.path, content, paper.blob)


class Desk(ScriptedPapers):
    """Has the files of what it shows, their commits, and drafts."""

    def __init__(self, papers: Papers) -> None:
        super().__init__()
        self.sheets = {one.path: sheet_of(one) for one in papers.changes}
        self.drafts: dict[str, Draft] = {}

    async def log(self, path: str) -> tuple[Logged, ...]:
        return (Logged("3f2a91c0aa", "kai", "kai@test", T0 - HOUR, f"{ID} submitted"),)

    async def save_draft(self, draft: Draft) -> str:
        self.drafts[draft.key] = draft
        return ""

    async def take_draft(self, key: str) -> Draft | None:
        return self.drafts.get(key)

    async def leave_draft(self, key: str) -> None:
        pass


@asynccontextmanager
async def change_on(
    shown: ChangePaper,
    papers: Papers | None = None,
    *,
    size: tuple[int, int] = (100, 60),
    **opened: Any,
) -> AsyncIterator[tuple[Console, Pilot[int]]]:
    """The screen of a change."""
    known = papers_of(shown) if papers is None else papers
    opened.setdefault("who", MEI)
    async with world_on(known, size=size, **opened) as (console, pilot, _):
        assert console.engine is not None
        console.engine.papers = cast("PapersDesk", Desk(known))  # type: ignore[attr-defined]
        open_change(console.app, shown.change.id)
        await until(pilot, lambda: "3f2a91c0" in console.text or size[1] < 50)
        yield console, pilot


def wishes(console: Console) -> list[object]:
    assert console.engine is not None
    return list(console.engine.acting.wishes)


async def answered(console: Console, pilot: Pilot[int], *keys: str) -> None:
    """Keys on a question that has been read."""
    await until(pilot, lambda: isinstance(console.app.screen, Dialog))
    console.clock.advance(DEAD_TIME_S + 0.1)
    await pilot.press(*keys)
    await pilot.pause()


# What it says


async def test_the_screen_says_all_that_there_is_to_know() -> None:
    async with change_on(approved()) as (console, _):
        for text in (
            f"{ID}  More memory for redis",
            "approved",
            "may start now",
            "risk medium",
            f"plan {plan_hash(PLAN)[:12]}",
            "redis-cli config set maxmemory 2gb",
            "2026-11-22 02:16 to 04:16 UTC, 2h",
            "[ ]",
            "[BODY].queue < 10",
            "mei after 7d of watching",
            "p95 above 2 s",
            "the shop loses carts",
            "was submitted",
            "more-memory.md",
            "3f2a91c0 kai 2026-11-22 02:16 UTC",
        ):
            assert text in console.text, text


async def test_it_says_every_reason_why_it_may_not_start_and_when_it_may() -> None:
    later = msgspec.structs.replace(PLAN, window=Period(T0 + HOUR, T0 + 3 * HOUR))
    shown = approved(plan=later)
    frozen = Calendar(freezes=(freeze("launch"),))
    async with change_on(shown) as (console, _):
        assert "its window has not begun" in console.text
        assert "2026-11-22 04:16 UTC  in 1h00m" in console.text
    async with change_on(shown, papers_of(shown, calendar=frozen)) as (console, _):
        assert "the hard freeze launch is in force until" in console.text
        assert "its window has not begun" in console.text


async def test_a_draft_says_what_it_lacks() -> None:
    async with change_on(paper(ChangeState.DRAFT, plan=Plan())) as (console, _):
        assert "it is draft; an approved or scheduled change can be started" in console.text
        assert "say the risk" in console.text and "name who accepts it" in console.text


async def test_an_approval_of_an_earlier_plan_is_void_and_an_unverified_one_says_so() -> None:
    void = Approval("lee", T0 - 2 * HOUR, "0" * 64, note="fine by me")
    mine = Approval("kai", T0 - 2 * HOUR, plan_hash(PLAN))
    sure = Approval("mei", T0 - HOUR, plan_hash(PLAN), is_verified=False)
    past = FreezeException("launch", "mei", T0 - HOUR, "0" * 64, "it cannot wait")
    shown = paper(approvals=(void, mine, sure), exceptions=(past,))
    async with change_on(shown) as (console, _):
        lines = {line.strip() for line in console.lines}
        assert any(
            line.startswith("void") and "lee: fine by me" in line and "earlier plan" in line
            for line in lines
        )
        assert any(
            line.startswith("void") and "kai" in line and "does not count" in line for line in lines
        )
        assert any(
            line.startswith("yes") and "mei" in line and "unverified" in line for line in lines
        )
        assert any(line.startswith("void") and "launch: it cannot wait" in line for line in lines)


async def test_conflicts_and_links_are_said() -> None:
    other = msgspec.structs.replace(
        approved(), change=msgspec.structs.replace(approved().change, id="CHG-20261122-aaa")
    )
    linked = incident(3, "redis is full", state=IncidentState.MITIGATED)
    shown = paper(incidents=(linked.incident.id, "INC-20200101-zzz"))
    async with change_on(shown, papers_of(shown, other, incidents=(linked,))) as (console, _):
        assert "conflicts with" in console.text and "CHG-20261122-aaa" in console.text
        assert "redis is full  mitigated" in console.text
        assert "INC-20200101-zzz  not in this journal" in console.text


async def test_hostile_text_is_shown_and_obeyed_nowhere() -> None:
    evil = "\x1b[2J\u202e[bold]x\x00"
    plan = msgspec.structs.replace(
        PLAN, steps=evil, services=(evil,), verification=(evil, *ATTACKS[:3]), silence=(evil,)
    )
    shown = paper(
        title=evil,
        plan=plan,
        author=evil,
        approvals=(Approval(evil, T0, plan_hash(plan), note=evil),),
        incidents=(evil,),
    )
    broken = msgspec.structs.replace(shown, faults=("x.md:1:1: expected a date",))
    async with change_on(shown, size=(100, 40)) as (console, pilot):
        assert "\x1b" not in console.text and "\u202e" not in console.text
        assert "^[[2J<U+202E>[bold]x" in console.text
        await pilot.press("a")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        assert "\u202e" not in console.text
        await pilot.press("escape")
        show(console, papers_of(broken))
        await until(pilot, lambda: "expected a date" in console.text)


async def test_nothing_is_written_to_a_file_with_faults() -> None:
    shown = msgspec.structs.replace(paper(), faults=("x.md:3:7: expected a date",))
    async with change_on(shown) as (console, pilot):
        for key in ("a", "m", "x", "v", "e"):
            await pilot.press(key)
            assert "before they are mended (E)" in console.lines[-1], key
        assert not wishes(console)


async def test_a_file_with_faults_may_not_start_though_all_else_speaks_for_it() -> None:
    inside = msgspec.structs.replace(PLAN, window=Period(T0 - HOUR, T0 + HOUR))
    well = approved(plan=inside)
    async with change_on(well) as (console, pilot):
        await until(pilot, lambda: "may start now" in console.text)
        show(console, papers_of(msgspec.structs.replace(well, faults=("x.md:3:7: expected …",))))
        await until(pilot, lambda: "x.md:3:7" in console.text)
        assert "may start now" not in console.text
        assert "nothing in it counts as approved" in console.text


async def test_a_change_that_is_gone_says_so() -> None:
    async with change_on(paper()) as (console, pilot):
        show(console, papers_of())
        await until(pilot, lambda: f"{ID} is not in the journal any more" in console.text)
        await pilot.press("m", "e", "a")
        assert not wishes(console)


# Approvals


async def test_the_author_is_denied_in_words_before_anything_is_asked() -> None:
    async with change_on(paper(), who=Identity("Kai", "L1")) as (console, pilot):
        await pilot.press("a")
        assert "kai is its author; somebody else approves it" in console.lines[-1]
        assert not isinstance(console.app.screen, Dialog)
        await typed(pilot, ":", "approve looks good")
        await until(pilot, lambda: "kai is its author" in console.lines[-1])
        assert not wishes(console)


async def test_an_approval_shows_the_whole_plan_and_stands_on_cancel() -> None:
    shown = paper()
    async with change_on(shown, size=(100, 30)) as (console, pilot):
        await pilot.press("a")
        await answered(console, pilot)
        assert f"agree to plan {plan_hash(PLAN)[:12]} of {ID}?" in console.text
        assert "redis-cli config set maxmemory 2gb" in console.text
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(console.app.screen, Dialog))
        assert not wishes(console), "haste approves nothing"
        await pilot.press("a")
        await answered(console, pilot, "right", "enter")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [ApproveChange(shown)]


async def test_a_note_goes_with_the_approval() -> None:
    shown = paper()
    async with change_on(shown) as (console, pilot):
        await pilot.press("a")
        await answered(console, pilot, "right", "right", "enter")
        await until(pilot, lambda: frame_of(console).is_typed_into)
        await sent(pilot, "looks good")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [ApproveChange(shown, "looks good")]


async def test_what_was_shown_is_what_is_agreed_to_though_it_was_edited_meanwhile() -> None:
    shown = paper()
    plan = msgspec.structs.replace(PLAN, steps="rm -rf /")
    async with change_on(shown) as (console, pilot):
        await pilot.press("a")
        await answered(console, pilot)
        show(console, papers_of(msgspec.structs.replace(paper(plan=plan), blob="b3")))
        await pilot.pause()
        await pilot.press("right", "enter")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [ApproveChange(shown)]


async def test_on_a_shared_login_the_question_says_unverified() -> None:
    async with change_on(paper(), who=Identity("ops", verified=False)) as (console, pilot):
        await pilot.press("a")
        await answered(console, pilot)
        assert "As ops, unverified" in console.text


# From state to state


async def test_moves_that_are_denied_stand_there_with_their_reasons() -> None:
    async with change_on(paper()) as (console, pilot):
        await pilot.press("m")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        assert "nobody but its author has approved its plan as it stands" in console.text
        await pilot.press("4")
        assert isinstance(console.app.screen, Chooser), "what is denied is not taken"
        await pilot.press("escape")
        assert not wishes(console)


def test_enter_on_the_list_of_states_takes_no_way_back() -> None:
    for state, ways in MOVES.items():
        for denied in ([], [ChangeState.APPROVED, ChangeState.IN_PROGRESS], list(ways)):
            reasons = {to: "no" if to in denied else "" for to in ways}
            order = offered(state, reasons)
            assert set(order) == set(ways)
            if order and not reasons[order[0]] and state is not ChangeState.REJECTED:
                assert order[0] is not ChangeState.DRAFT
                assert order[0] is not ChangeState.SUBMITTED or state is ChangeState.DRAFT


async def test_a_start_says_what_it_silences_and_until_when() -> None:
    shown = approved()
    async with change_on(shown) as (console, pilot):
        await typed(pilot, ":", "move in progress")
        await answered(console, pilot)
        assert 'service="redis"' in console.text
        assert "until 2026-11-22 04:16 UTC, or until it ends" in console.text
        assert "The commands are run by you" in console.text
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [MoveChange(shown, ChangeState.IN_PROGRESS, silences=False)]


async def test_a_start_outside_its_window_is_refused_in_words() -> None:
    later = msgspec.structs.replace(PLAN, window=Period(T0 + HOUR, T0 + 3 * HOUR))
    async with change_on(approved(plan=later)) as (console, pilot):
        await typed(pilot, ":", "move in progress")
        await until(pilot, lambda: "stays approved: its window has not begun" in console.lines[-1])
        assert not wishes(console)


async def test_a_cancellation_asks_why_and_takes_no_silence_for_an_answer() -> None:
    shown = paper()
    async with change_on(shown) as (console, pilot):
        for reason in ("", "not needed any more"):
            await typed(pilot, ":", "move cancelled")
            await until(pilot, lambda: "cancel it because" in console.text)
            await sent(pilot, reason)
            await pilot.pause()
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [MoveChange(shown, ChangeState.CANCELLED, "not needed any more")]


async def test_it_is_accepted_by_the_named_person_alone() -> None:
    times: dict[str, datetime] = {"started": T0 - 200 * HOUR, "ended": T0 - 190 * HOUR}
    shown = approved(ChangeState.VERIFYING, **times)
    async with change_on(shown, who=Identity("lee")) as (console, pilot):
        assert "mei accepts it" in console.text
        await typed(pilot, ":", "move accepted")
        await until(pilot, lambda: "stays verifying: mei accepts it" in console.lines[-1])
    async with change_on(shown) as (console, pilot):
        assert "you may accept it" in console.text
        await pilot.press("m", "1")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [MoveChange(shown, ChangeState.ACCEPTED)]


# Freezes, reviews, files


async def test_an_exception_names_the_freeze_of_its_window_and_says_why() -> None:
    over = freeze("past", Level.HARD, Period(T0 - 9 * HOUR, T0 - 8 * HOUR))
    soon = freeze("soon", Level.HARD, Period(T0 + HOUR / 2, T0 + 9 * HOUR))
    calendar = Calendar(freezes=(over, soon))
    shown = paper()
    async with change_on(shown, papers_of(shown, calendar=calendar)) as (console, pilot):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        assert "soon" in console.text and "past" not in console.text
        await pilot.press("1")
        await until(pilot, lambda: "in spite of soon, because" in console.text)
        await sent(pilot, "the fix cannot wait")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [ExceptFreeze(shown, "soon", "the fix cannot wait")]


async def test_an_emergency_is_reviewed_by_somebody_else() -> None:
    plan = msgspec.structs.replace(PLAN, kind=ChangeKind.EMERGENCY)
    shown = paper(ChangeState.ACCEPTED, plan=plan, started=T0 - HOUR)
    async with change_on(shown, who=Identity("kai")) as (console, pilot):
        await pilot.press("v")
        assert "kai made it; somebody else reviews it" in console.lines[-1]
    async with change_on(shown) as (console, pilot):
        await pilot.press("v")
        await sent(pilot, "it was right")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [ReviewChange(shown, "it was right")]
    async with change_on(paper()) as (console, pilot):
        await pilot.press("v")
        assert "it is a normal change" in console.lines[-1]


async def test_a_file_is_attached_by_its_path() -> None:
    async with change_on(paper()) as (console, pilot):
        await typed(pilot, ":", "attach /tmp/graph.png")
        await until(pilot, lambda: bool(wishes(console)))
        assert wishes(console) == [Attach(ID, ("/tmp/graph.png",))]


# The form


async def test_an_edit_of_an_approved_plan_says_before_that_it_is_approved_again() -> None:
    shown = approved()
    async with change_on(shown) as (console, pilot):
        await pilot.press("e")
        await answered(console, pilot)
        assert "mei approved plan" in console.text
        assert "brings it back to submitted" in console.text
        await pilot.press("right", "enter")
        form = await form_of(console, pilot)
        form.set_fields({"steps": "redis-cli config set maxmemory 3gb"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(wishes(console)))
        (wish,) = wishes(console)
        assert isinstance(wish, WriteChange) and wish.opened == sheet_of(shown)
        assert wish.before == shown.change
        assert wish.change.state is ChangeState.SUBMITTED
        assert wish.change.plan.steps.endswith("3gb")


async def test_faults_hold_a_change_up_and_what_it_lacks_does_not() -> None:
    async with world_on(papers_of(), who=Identity("kai")) as (console, pilot, _):
        desk(console)
        open_change_form(console.app, None, service="redis")
        form = await form_of(console, pilot)
        assert form.typed["services"] == "redis" and form.typed["executor"] == "kai"
        form.set_fields({"verification": "[STATUS] = 200"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "expected what is changed" in console.text)
        form.set_fields({"title": "more memory"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "column 10" in console.text)
        assert not wishes(console)
        assert "to be submitted" in console.text
        form.set_fields({"verification": ""})
        await pilot.pause()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(wishes(console)))
        (wish,) = wishes(console)
        assert isinstance(wish, WriteChange) and wish.opened is None
        assert wish.change.title == "more memory" and wish.change.plan.services == ("redis",)


async def test_a_change_is_begun_for_the_row_under_the_cursor_and_its_incident() -> None:
    world = usual()
    keys = tuple(one.key for one in world.alerts if one.cell == "redis")
    going = incident(4, alerts=keys)
    async with console_on(world, size=(100, 30)) as (console, pilot):
        desk(console)
        show(console, papers_of(incidents=(going,)))
        await until(pilot, lambda: bool(console.app.fresh and console.app.fresh.papers.incidents))
        await pilot.press("c")
        form = await form_of(console, pilot)
        assert form.typed["services"] == "redis"
        assert form.typed["incidents"] == going.incident.id
        assert form.typed["environment"] == "test"


async def test_a_standard_begins_a_change_and_an_unknown_name_is_refused() -> None:
    standard = StandardChange(name="restart", summary="Restart a cache", services=("redis",))
    settings = Settings(environment="test", changes=Changes(standards=(standard,)))
    shown = paper()
    async with world_on(papers_of(shown), settings=settings) as (console, pilot, _):
        desk(console, papers_of(shown))
        change_asked(frame_of(console), "nothing")
        await until(pilot, lambda: "no standard is called nothing" in console.lines[-1])
        change_asked(frame_of(console), "restart")
        form = await form_of(console, pilot)
        assert form.typed["title"] == "Restart a cache" and form.typed["template"] == "restart"
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(console.app.screen, ChangeForm))
        change_asked(frame_of(console), "9b1")
        await until(pilot, lambda: f"{ID}  More memory" in console.text)


def desk(console: Console, papers: Papers | None = None) -> Desk:
    assert console.engine is not None
    made = Desk(papers_of() if papers is None else papers)
    console.engine.papers = cast("PapersDesk", made)  # type: ignore[attr-defined]
    return made


def frame_of(console: Console) -> Frame:
    frame = console.app.frame
    assert frame is not None
    return frame


async def sent(pilot: Pilot[int], text: str) -> None:
    """Type into the line that is open, and send it."""
    from widgets.command_line import LineInput

    pilot.app.screen.query_one(LineInput).value = text
    await pilot.press("enter")


async def form_of(console: Console, pilot: Pilot[int]) -> ChangeForm:
    await until(pilot, lambda: isinstance(console.app.screen, ChangeForm))
    await pilot.pause()
    console.clock.advance(DEAD_TIME_S + 0.1)
    form = console.app.screen
    assert isinstance(form, ChangeForm)
    return form
