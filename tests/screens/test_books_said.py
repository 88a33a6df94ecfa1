"""What is told of runs while something else is looked at: header, last line, leaving, evidence."""

from __future__ import annotations

from typing import ClassVar, cast

import msgspec

from console.engine.evidence_asked import book_lines
from console.model.run import Attempt, Run, Runs, StepRun, StepState
from console.runbook.matching import Candidate
from console.safety.text import Raw, visible
from screens.document import DocumentFrame
from screens.runs_said import badge_of, ended_between, going_on, left_behind
from tests.build import T0
from tests.hostile import ATTACKS
from tests.screens.books_world import books_world, publish, run, shelved
from tests.screens.console import until
from widgets.dialog import Dialog

PASSED, FAILED, RUNNING = StepState.PASSED, StepState.FAILED, StepState.RUNNING
UNKNOWN, PENDING = StepState.UNKNOWN, StepState.PENDING


def failed(said: str) -> Run:
    """Its only step ran and did not do."""
    attempt = Attempt(1, FAILED, T0, "kai", "kai@data-1", "systemctl start", said=said)
    step = StepRun("step-1", FAILED, (attempt,))
    return msgspec.structs.replace(run(1), steps=(step,))


# The header


def test_the_badge_counts_what_runs_and_what_is_not_known() -> None:
    assert badge_of(Runs()) == ""
    assert badge_of(Runs((run(1, "a", PASSED, PENDING),))) == ""
    assert badge_of(Runs((run(1, "a", RUNNING, PENDING),))) == "run 1"
    assert badge_of(Runs((run(1, "a", RUNNING), run(2, "b", UNKNOWN)))) == "run 1 ?1"
    assert badge_of(Runs((run(1, "a", UNKNOWN),))) == "run ?1"


async def test_the_badge_is_on_every_screen_at_80_columns_while_a_step_runs() -> None:
    async with books_world(run(1, "cache-down", RUNNING)) as (console, pilot, _):
        for key in "1346":
            await pilot.press(key)
            await until(pilot, lambda: " run 1 " in console.lines[0])
        await publish(console, pilot, Runs((run(1, "cache-down", PASSED),)))
        assert " run 1 " not in console.lines[0]


# The bottom line


async def test_what_ended_in_the_background_is_said_once() -> None:
    async with books_world(run(1, "cache-down", RUNNING)) as (console, pilot, _):
        await publish(console, pilot, Runs((run(1, "cache-down", PASSED),)))
        await until(pilot, lambda: "cache-down: step-1 passed" in console.lines[-1])
        await publish(console, pilot, Runs((run(1, "cache-down", PASSED),)))
        assert console.app.notices.count("cache-down: step-1 passed") == 1


class Shown(DocumentFrame):
    """Stands for the screen of a run."""

    word: ClassVar[str] = "detail"
    run_id = "RUN-20261122-001"

    def show_body(self, update: object) -> None:
        """Nothing of its own."""


async def test_nothing_is_said_on_the_run_s_own_screen() -> None:
    async with books_world(run(1, "cache-down", RUNNING), run(2, "disk-full", RUNNING)) as made:
        console, pilot, _ = made
        console.app.push_screen(Shown())
        await until(pilot, lambda: isinstance(console.app.screen, Shown))
        ended = Runs((run(1, "cache-down", PASSED), run(2, "disk-full", PASSED)))
        await publish(console, pilot, ended)
        assert "disk-full: step-1 passed" in console.app.notices
        assert "cache-down: step-1 passed" not in console.app.notices


def test_a_failed_step_says_why_and_warns() -> None:
    before = Runs((run(1, "cache-down", RUNNING),))
    (told,) = ended_between(before, Runs((failed("exit (1) == 0"),)))
    assert told.text == "cache-down: step-1 failed: exit (1) == 0"
    assert told.is_warning


def test_what_was_lost_and_what_was_found_again_is_said() -> None:
    running, lost = Runs((run(1, "a", RUNNING),)), Runs((run(1, "a", UNKNOWN),))
    (told,) = ended_between(running, lost)
    assert "what became of step-1 is not known" in told.text and told.is_warning
    (told,) = ended_between(lost, Runs((run(1, "a", PASSED),)))
    assert told.text == "a: step-1 passed"
    assert not list(ended_between(lost, running))
    assert not list(ended_between(Runs(), Runs((run(1, "a", PASSED),))))


async def test_what_an_earlier_console_left_is_said_once() -> None:
    left = run(1, "cache-down", UNKNOWN)
    async with books_world(left, found=(left.id,)) as (console, pilot, _):
        said = (
            "1 run of an earlier console: cache-down; what became of it stands under open runs (3)"
        )
        await until(pilot, lambda: said in console.app.notices)
        await publish(console, pilot, Runs((left,), (left.id,)))
        assert console.app.notices.count(said) == 1
    assert left_behind(Runs((left,))) == ""


# Leaving


async def test_leaving_asks_while_a_step_runs_and_says_what_becomes_of_it() -> None:
    async with books_world(run(1, "cache-down", RUNNING)) as (console, pilot, _):
        await pilot.press("q")
        await until(pilot, lambda: isinstance(console.app.screen, Dialog))
        text = " ".join(console.text.replace("│", " ").split())
        assert "step-1 of cache-down runs on data-1: it goes on there;" in text
        assert "the next console reads how it ended" in text
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(console.app.screen, Dialog))
        assert console.app.is_running


async def test_leaving_asks_nothing_where_every_step_has_ended() -> None:
    async with books_world(run(1, "cache-down", PASSED, PENDING)) as (console, pilot, _):
        await pilot.press("q")
        await until(pilot, lambda: console.app.return_code == 0)


def test_every_step_that_is_left_behind_has_its_own_sentence() -> None:
    reading = run(3, "c", RUNNING)
    attempt = msgspec.structs.replace(cast("Attempt", reading.steps[0].last), job="", host="")
    step = msgspec.structs.replace(reading.steps[0], attempts=(attempt,))
    runs = Runs(
        (
            run(1, "a", RUNNING, host=""),
            run(2, "b", UNKNOWN),
            msgspec.structs.replace(reading, steps=(step,)),
        )
    )
    assert going_on(runs) == (
        "step-1 of a runs here: it goes on; the next console reads how it ended",
        "what became of step-1 of b on data-1 is not known: the next console reads how it ended",
        "step-1 of c runs here: it only reads, and ends with this console",
    )


def test_hostile_names_are_shown_and_not_obeyed() -> None:
    for attack in ATTACKS:
        before, after = run(1, attack, RUNNING), run(1, attack, PASSED)
        (told,) = ended_between(Runs((before,)), Runs((after,)))
        assert told.text == visible(told.text)
        assert all(text == visible(text) for text in going_on(Runs((before,))))


# Evidence

NAMED = Candidate(Raw("cache-down"), "the alert names it", True)
OTHER = Candidate(Raw("service-down"), "for this alert", True)


def book_line(*found: Candidate) -> str:
    (line,) = book_lines(found, (shelved(), shelved("service-down", steps=7)), T0)
    return "".join(visible(piece.text) for piece in line.pieces).strip()


def test_the_evidence_tells_how_the_likeliest_runbook_has_done() -> None:
    assert book_line(NAMED) == "cache-down 9 steps, last passed 12 d ago (the alert names it)"
    assert book_line(NAMED, OTHER) == (
        "1 cache-down 9 steps, last passed 12 d ago   2 service-down (for this alert)"
    )


def test_a_runbook_of_which_nothing_is_known_stands_there_with_its_reason() -> None:
    away = Candidate(Raw("elsewhere"), "the alert names it", False)
    assert book_line(away) == "elsewhere (the alert names it, not here)"
    assert book_line() == "no runbook"
